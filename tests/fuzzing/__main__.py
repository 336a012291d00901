"""`python -m tests.fuzzing KEPT [--seconds N]`: look for a hole, led by coverage of the guards.

KEPT is a folder: `corpus/` of inputs that led to new places, `finds/` with a program and what is wrong
for each kind of find, and `run.json` with what the run has come to, written as it goes on. A find does
not end the run, since most of what there is to find may lie behind it. Needs the extra `fuzz`.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import atheris

SEEDS = Path(__file__).with_name("seeds.txt")
#: Where coverage is looked at: what decides what a guest may do, and not what only reads source, since
#: looking makes each program slower.
LOOKED_AT = ("guards", "capcompiler.membrane", "capcompiler.nesting", "capcompiler.compartment")
PASSED_OVER = ("guards.binding",)
#: Seconds in which an input must be through, by the clock of a busy machine, before it counts as a hang.
HANGS = 900
TOLD_EVERY = 5


class Run:
    """What one process has come to."""

    def __init__(self, kept: Path) -> None:
        from .oracle import Judge

        self.finds = kept / "finds"
        self.finds.mkdir(parents=True, exist_ok=True)
        self.report = kept / f"run-{os.getpid()}.json"
        self.started = time.time()
        self.kinds: dict[str, int] = {}
        self.commit = _commit()
        self.judge = Judge()

    def one(self, data: bytes) -> None:
        from .generator import program
        from .oracle import signature

        source = program(data)
        for find in self.judge.finds(source):
            kind = signature(find)
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            if self.kinds[kind] == 1:
                name = f"{os.getpid()}-{len(self.kinds)}.txt"
                (self.finds / name).write_text(f"# {find}\n{source}", errors="backslashreplace")
                print(f"FIND {find[:300]}", file=sys.stderr, flush=True)
        if self.judge.runs % TOLD_EVERY == 1:
            self.tell()

    def tell(self) -> None:
        came_to = {
            "commit": self.commit,
            "programs": self.judge.runs,
            "refused": self.judge.refused,
            "cpu_seconds": round(time.process_time(), 1),
            "seconds": round(time.time() - self.started, 1),
            "finds": self.kinds,
        }
        self.report.write_text(json.dumps(came_to, indent=1) + "\n")


def _commit() -> str:
    git = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(git, cwd=SEEDS.parent, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("kept", type=Path)
    parser.add_argument("--seconds", type=int, default=600)
    given = parser.parse_args()
    given.kept = given.kept.resolve()
    corpus = given.kept / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for i, line in enumerate(SEEDS.read_text().split()):
        (corpus / f"seed-{i}").write_bytes(base64.b64decode(line))
    with atheris.instrument_imports(include=list(LOOKED_AT), exclude=list(PASSED_OVER)):
        run = Run(given.kept)
    # What a guest should write nowhere, it writes there, and no other run does.
    beside = given.kept / f"beside-{os.getpid()}"
    beside.mkdir()
    os.chdir(beside)
    from .generator import LONGEST

    options = [f"-max_len={LONGEST}", f"-timeout={HANGS}", f"-max_total_time={given.seconds}",
               "-rss_limit_mb=3000", "-print_final_stats=1", "-detect_leaks=0", str(corpus)]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], run.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
