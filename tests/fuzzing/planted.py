"""Holes planted in a copy of the package: what of them is found says what the fuzzer can find.

`python -m tests.fuzzing.planted SEED PROGRAMS [NAME ...]` takes rules of `tests.mutants` away, one at a
time, and tries random inputs until something is wrong; the inputs that found something are printed.
"""

from __future__ import annotations

import base64
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.__main__ import copy
from tests.mutants.table import MUTANTS, Mutant

from .generator import LONGEST

__all__ = ["planted", "tried"]

_TRY = """
import base64, sys
from tests.fuzzing.generator import program
from tests.fuzzing.oracle import Judge
judge = Judge()
for line in sys.stdin:
    found = judge.finds(program(base64.b64decode(line)))
    if found:
        print(line.strip(), ascii(found[0])[:200])
        break
"""


@contextmanager
def planted(mutant: Mutant | None) -> Iterator[Path]:
    """A copy of the package, with one rule taken away."""
    with tempfile.TemporaryDirectory(prefix="capcompiler-planted-") as name:
        tree = Path(name)
        copy(tree)
        if mutant is not None:
            path = tree / mutant.path
            path.write_text(path.read_text().replace(mutant.old, mutant.new))
        yield tree


def tried(tree: Path, inputs: Iterable[bytes]) -> str:
    """The first input that finds something in a copy of the package, and what; "" when none does."""
    done = subprocess.run(
        [sys.executable, "-c", _TRY],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "CAPCOMPILER_CACHE": ""},
        input="".join(base64.b64encode(data).decode() + "\n" for data in inputs),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return "- " + (done.stderr.strip().splitlines() or ["died"])[-1]
    return done.stdout.strip()


def main(seed: int, programs: int, names: list[str]) -> int:
    drawn = random.Random(seed)
    inputs = [drawn.randbytes(drawn.randint(40, LONGEST)) for _ in range(programs)]
    chosen = [m for m in MUTANTS if not names or m.name in names]
    found = 0
    for mutant in chosen:
        with planted(mutant) as tree:
            said = tried(tree, inputs)
        found += bool(said)
        print(f"{mutant.name}: {said or 'not found'}", flush=True)
    print(f"{found} of {len(chosen)} found")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
