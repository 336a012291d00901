"""`python -m tests.mutants [NAME ...]`: take each rule away in a copy of the package, and see a test fail.

Ends with status 1 when a mutant survives, and says which test of each fails first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .table import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("capcompiler", "guards", "stdlib_caps", "tests", "docs", "pyproject.toml", "README.md")


def copy(to: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, to / name)


def run(mutant: Mutant, tree: Path) -> str:
    """The first test that fails with the mutant, "" when none does."""
    path = tree / mutant.path
    sound = path.read_text()
    path.write_text(sound.replace(mutant.old, mutant.new))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark",
             "--no-header", "-k", mutant.chosen, *mutant.tests],
            cwd=tree,
            env={**os.environ, "CAPCOMPILER_CACHE": "", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=900,
        )  # fmt: skip
    finally:
        path.write_text(sound)
    if done.returncode == 0:
        return ""
    if done.returncode == 5:
        return ""  # no test was chosen: nobody notices
    told = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return told[0][:160] if told else (done.stdout + done.stderr)[-160:].replace("\n", " ")


def main(names: list[str]) -> int:
    chosen = [m for m in MUTANTS if not names or m.name in names]
    survived = 0
    with tempfile.TemporaryDirectory(prefix="capcompiler-mutants-") as name:
        tree = Path(name)
        copy(tree)
        for mutant in chosen:
            noticed = run(mutant, tree)
            survived += not noticed
            print(f"{'killed  ' if noticed else 'SURVIVED'} {mutant.name}: {noticed}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} mutants are killed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
