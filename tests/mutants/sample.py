"""Mutants that cosmic-ray makes of the security code, drawn at random and tried with what runs their line.

`python -m tests.mutants.sample COUNT SEED OUT`: COUNT mutants in all, the same for the same SEED. Each is
tried with the rows of the attack table that run its line (`tests.mutants.rows`), then with the tests
beside its module. OUT gets a line of JSON for each, and is gone on with where an earlier run ended. Ends
with a list of survivors: each is killed by a new test, or explained in `survivors.md`. Needs the extra
`mutation`. Cosmic-ray's own loop would run one command for all of its mutants, which is weeks.
"""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

from .__main__ import copy

#: What decides what a guest may do, and the tests beside it, by the beginning of its path.
ROOMS: dict[str, tuple[str, ...]] = {
    "guards/tables/": ("tests/guards/test_layers.py", "tests/guards/test_tables.py"),
    "guards/patterns/": ("tests/guards/test_patterns.py",),
    "guards/meter.py": ("tests/guards/test_meter.py", "tests/guards/test_layers.py"),
    "guards/": ("tests/guards/test_layers.py", "tests/guards/test_named.py"),
    "capcompiler/membrane/": ("tests/capcompiler/test_membrane.py", "tests/capcompiler/test_capability.py"),
    "capcompiler/dialect.py": ("tests/dialect",),
    "capcompiler/names.py": ("tests/dialect",),
    "capcompiler/route.py": ("tests/dialect",),
}  # fmt: skip
#: Of cosmic-ray's operators one of each kind: `==` by `!=`, not by each other comparison as well.
OPERATORS = tuple(
    """
    ReplaceComparisonOperator_Eq_NotEq ReplaceComparisonOperator_NotEq_Eq ReplaceComparisonOperator_Is_IsNot
    ReplaceComparisonOperator_IsNot_Is ReplaceComparisonOperator_Lt_LtE ReplaceComparisonOperator_LtE_Lt
    ReplaceComparisonOperator_Gt_GtE ReplaceComparisonOperator_GtE_Gt ReplaceBinaryOperator_Add_Sub
    ReplaceBinaryOperator_Sub_Add ReplaceBinaryOperator_Mul_FloorDiv ReplaceBinaryOperator_FloorDiv_Mul
    ReplaceBinaryOperator_BitOr_BitAnd ReplaceBinaryOperator_BitAnd_BitOr AddNot ReplaceTrueWithFalse
    ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue
    ReplaceContinueWithBreak ExceptionReplacer NumberReplacer RemoveDecorator ZeroIterationForLoop
    ReplaceUnaryOperator_Delete_Not
    """.split()
)
#: Rows of the attack table that are run under coverage, to know which line each runs.
ROWS = "60"


def annotated(tree: ast.AST) -> set[tuple[int, int]]:
    """Where annotations stand, which nothing evaluates."""
    roots: list[ast.AST | None] = []
    for node in ast.walk(tree):
        roots += [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return {(n.lineno, n.col_offset) for r in roots if r for n in ast.walk(r) if isinstance(n, ast.expr)}


def files(tree: Path) -> list[str]:
    """The files of the rooms."""
    found = [*(tree / "guards").rglob("*.py"), *(tree / "capcompiler").rglob("*.py")]
    paths = sorted(str(p.relative_to(tree)) for p in found if p.name != "__init__.py")
    return [p for p in paths if room(p)]


def mutants_of(tree: Path, path: str) -> Iterator[MutationSpec]:
    """Every mutant that the operators make of a file, without those of annotations."""
    places = annotated(ast.parse((tree / path).read_text()))
    counted = dict.fromkeys(OPERATORS, 0)
    operators = {name: get_operator(f"core/{name}")() for name in OPERATORS}
    for node in ast_nodes(get_ast_from_path(tree / path)):
        for name, operator in operators.items():
            for start, end in operator.mutation_positions(node):
                mutant = MutationSpec(path, f"core/{name}", counted[name], start, end)
                counted[name] += 1
                if not ("BitOr" in name and beside(mutant, places)):
                    yield mutant


def beside(mutant: MutationSpec, places: set[tuple[int, int]]) -> bool:
    line, column = mutant.start_pos
    return any(line == at and column <= start + 60 and start <= column + 3 for at, start in places)


def room(path: str) -> str:
    return next((start for start in ROOMS if path.startswith(start)), "")


def drawn(tree: Path, count: int, seed: int) -> list[MutationSpec]:
    """The sample: files by their length, then a place in each, then one of what can be done there."""
    chance = random.Random(seed)
    paths = files(tree)
    lengths = [len((tree / path).read_text()) for path in paths]
    chosen: list[MutationSpec] = []
    known: dict[str, dict[tuple[int, int], list[MutationSpec]]] = {}
    while len(chosen) < count:
        path = chance.choices(paths, lengths)[0]
        if path not in known:
            known[path] = {}
            for mutant in mutants_of(tree, path):
                known[path].setdefault(mutant.start_pos, []).append(mutant)
        if known[path]:
            place = chance.choice(sorted(known[path]))
            chosen.append(chance.choice(known[path].pop(place)))
    return chosen


def run(command: list[str], tree: Path, seconds: float) -> str:
    """What a command says when it fails, "" when it does not."""
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=tree, capture_output=True, text=True, timeout=seconds,
            env={**os.environ, "PYTHONPATH": str(tree), "CAPCOMPILER_CACHE": "", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "a hang"
    if done.returncode == 0:
        return ""
    told = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return (told or (done.stdout + done.stderr).strip().splitlines() or ["died"])[-1][:200]


def killer(mutant: MutationSpec, tree: Path, mapped: Path) -> str:
    path = str(mutant.module_path)
    rows = ["-m", "tests.mutants.rows", "try", str(mapped), path, str(mutant.start_pos[0])]
    tests = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", "not process"]
    return run(rows, tree, 600) or run([*tests, *ROOMS[room(path)]], tree, 900)


def main(count: int, seed: int, out: Path) -> int:
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    told: dict[Any, Any] = {(k["path"], k["operator"], k["occurrence"]): k for k in known}
    mapped = out.with_suffix(".rows.json").resolve()
    with tempfile.TemporaryDirectory(prefix="capcompiler-sample-") as name:
        tree = Path(name)
        copy(tree)
        if not mapped.exists():
            problem = run(["-m", "tests.mutants.rows", "map", str(mapped), ROWS], tree, 7200)
            if problem:
                print(f"the rows could not be run: {problem}", file=sys.stderr)
                return 2
        os.chdir(tree)
        for mutant in drawn(tree, count, seed):
            key = (str(mutant.module_path), mutant.operator_name, mutant.occurrence)
            if key in told:
                continue
            line = (tree / key[0]).read_text().splitlines()[mutant.start_pos[0] - 1].strip()
            started = time.monotonic()
            operator = get_operator(mutant.operator_name)(**mutant.operator_args)
            with use_mutation(mutant.module_path, operator, mutant.occurrence) as (_sound, changed):
                at = changed.splitlines()[mutant.start_pos[0] - 1].strip()
                why = killer(mutant, tree, mapped)
            told[key] = {
                "path": key[0], "line": mutant.start_pos[0], "operator": key[1], "occurrence": key[2],
                "was": line, "is": at, "killed": why, "seconds": round(time.monotonic() - started),
            }  # fmt: skip
            with out.open("a") as file:
                file.write(json.dumps(told[key]) + "\n")
            print(
                "killed  " if why else "SURVIVED", key[0], mutant.start_pos[0], at, "|", why, flush=True
            )
    killed = sum(bool(k["killed"]) for k in told.values())
    print(f"{killed} of {len(told)} mutants are killed")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).resolve()))
