"""The table of rules says what is so: `python -m tests.mutants` takes each away and sees a test fail."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from .table import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_the_line_is_there_once_and_so_are_its_tests(mutant: Mutant) -> None:
    assert (ROOT / mutant.path).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert all((ROOT / test).exists() for test in mutant.tests)


def test_names_are_told_apart() -> None:
    assert len({m.name for m in MUTANTS}) == len(MUTANTS)


def test_the_page_lists_them() -> None:
    path = ROOT / "docs" / "reference" / "make_invariant.py"
    spec = importlib.util.spec_from_file_location("make_invariant", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.page() == made.PAGE.read_text(encoding="utf-8")
