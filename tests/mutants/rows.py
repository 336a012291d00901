"""Which rows of the attack table run which line, and the rows that a changed line is tried with.

`python -m tests.mutants.rows map FILE` runs rows under coverage and writes what they ran and cost;
`python -m tests.mutants.rows try FILE PATH LINE` runs those of a line until one fails: status 1 then.
"""

from __future__ import annotations

import gc
import io
import json
import random
import sys
import time
from pathlib import Path

from tests.attacks.case import Case
from tests.attacks.tables import CASES
from tests.attacks.worker import agree, attempt, limit_memory, watch

ROOT = Path(__file__).resolve().parents[2]
SEED = 8
#: Rows whose cost is the point of them are left out, and rows at most that a line is tried with.
DEAREST = 1.5
TRIED = 15


def chosen(count: int) -> list[Case]:
    """Rows that do not end in a stop, which cost much, drawn the same on each run."""
    cheap = [case for case in CASES if not case.stopped and len(case.src) < 20_000]
    return random.Random(SEED).sample(cheap, min(count, len(cheap)))


def fails(case: Case) -> str:
    """What a row finds wrong, at either level or between them."""
    outcomes = []
    for optimize in (False, True):
        watch(case.wall)
        outcome = attempt(case, optimize)
        watch(0)
        if outcome.failures:
            return outcome.failures[0]
        outcomes.append(outcome)
    return "" if agree(case, *outcomes) else "the levels differ"


def map_rows(to: Path, count: int) -> None:
    import coverage

    seen = coverage.Coverage(data_file=None, source=[str(ROOT / p) for p in ("guards", "capcompiler")])
    costs: dict[str, float] = {}
    seen.start()
    for case in chosen(count):
        seen.switch_context(case.id)
        started = time.process_time()
        if fails(case):  # of the coverage's own making: it can tell nothing of a mutant
            continue
        costs[case.id] = round(time.process_time() - started, 3)
    seen.stop()
    data = seen.get_data()
    lines = {
        str(Path(file).relative_to(ROOT)): {
            str(n): ids for n, ids in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    to.write_text(json.dumps({"costs": costs, "lines": lines}))


def try_rows(mapped: Path, path: str, line: str) -> int:
    known = json.loads(mapped.read_text())
    costs = known["costs"]
    ids = [i for i in known["lines"].get(path, {}).get(line, ()) if i in costs]
    ids = sorted((i for i in ids if costs[i] < DEAREST), key=costs.__getitem__)
    if not ids:  # run while modules are loaded, or by no row
        ids = sorted(costs, key=costs.__getitem__)
    by_id = {case.id: case for case in CASES}
    step = max(1, len(ids) // TRIED)
    for row in ids[::step][:TRIED]:
        why = fails(by_id[row])
        if why:
            print(f"{row}: {why}"[:200])
            return 1
    return 0


def main(arguments: list[str]) -> int:
    told, sys.stdout = sys.stdout, io.StringIO()  # what a guest prints is the guest's
    limit_memory()
    for line in ("import math, json, datetime, decimal, re", "'a'.encode('idna')", "1 / 0"):
        for optimize in (False, True):
            case = Case("warm", line, 1, "warm", out="")
            attempt(case, optimize)
    gc.collect()
    gc.freeze()
    sys.stdout = told
    if arguments[0] == "map":
        map_rows(Path(arguments[1]), int(arguments[2]))
        return 0
    return try_rows(Path(arguments[1]), arguments[2], arguments[3])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
