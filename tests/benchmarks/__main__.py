"""Measure guests against plain `exec` and against the peers.

    python -m tests.benchmarks [--quick] [--no-peers] [--no-latency] [--check] [--json FILE] [--plot FILE] [NAME ...]

Without names every program is measured; a name that stands in several programs' names chooses them all.
Prints the table of docs/reference/benchmarks.md. Fails when a result or a number of steps differs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .latency import idle_kib, import_times, measure_latency
from .measure import measure
from .program import Benchmark
from .pyperformance_programs import pyperformance_programs
from .report import Report
from .subjects import OURS, PEERS
from .user_programs import user_programs


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("--check", action="store_true", help="compare results and steps, time nothing")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each program")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--no-latency", action="store_true", help="leave the latency of calls out")
    parser.add_argument("--no-programs", action="store_true", help="measure the latency of calls alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a plot as SVG")
    options = parser.parse_args(arguments)
    report = Report()
    rounds = 0 if options.check else options.rounds or (2 if options.quick else 7)
    if not options.no_programs:
        for benchmark in _chosen(options.names):
            row = measure(benchmark, OURS, rounds=rounds, quick=options.quick)
            if not options.no_peers:
                # Peers run the short form: some take a hundred times as long.
                peers = measure(benchmark, PEERS, rounds=min(rounds, 3), quick=True, patience=60.0)
                row.ratios |= peers.ratios
                row.unfit |= peers.unfit
                row.wrong |= peers.wrong
            report.add(row)
            print(report.line(row), file=sys.stderr, flush=True)
    if rounds and not options.no_latency:
        report.latency = measure_latency(rounds=rounds, seconds=0.02 if options.quick else 0.1)
        report.idle_kib = idle_kib()
        report.imports = import_times(rounds)
    print(report.text())
    if options.json is not None:
        options.json.write_text(report.json() + "\n", "utf-8")
    if options.plot is not None:
        options.plot.write_text(report.svg(), "utf-8")
    return 1 if report.faults() else 0


def _chosen(names: list[str]) -> list[Benchmark]:
    every = [*user_programs(), *pyperformance_programs()]
    if not names:
        return every
    found = [b for b in every if any(n in b.name for n in names)]
    if not found:
        raise SystemExit(f"no program is called {' or '.join(names)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
