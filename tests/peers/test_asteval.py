"""asteval's own tests as differential cases: what it runs we run, what it refuses we refuse or tame."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from capcompiler import CapError, Compartment, Limits

RUNS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "asteval_runs.json").read_text())[
    "runs"
]

LANGUAGE = "it refuses this; here it is a part of the language, as in Python"
LIMITS = "it has a fixed bound for this; here the limits of the turn hold, and they are kept"
GRANTED = "it reads the machine's files; here nobody has granted any"
#: What differs: the test, how the code begins, and why. docs/reference/peers.md tells of each kind.
DIFFERENT = [
    ("test_with", "\nwith open('/tmp/", GRANTED),
    ("test_assert", "assert n==6", LANGUAGE),
    ("test_print", "print('{0:s} = {1:.2f}'.format(", LANGUAGE),
    ("test_list_comprehension", "x = [a*2 for a in range(5)]", LANGUAGE),
    ("test_reservedwords", "eval= 2", LANGUAGE),
    ("test_reservedwords", "__import__= 2", LANGUAGE),
    ("test_safe_funcs", "'*'*(1+2<<17)", LIMITS),
    ("test_safe_funcs", "'*'*(2<<17) + '*'", LIMITS),
    ("test_safe_funcs", "1.01**10001", LIMITS),
    ("test_safe_funcs", "1<<1001", LIMITS),
    ("test_unsafe_attr_dtypes", "\n'{0}'.format(dict)", LANGUAGE),
    ("test_unsafe_attr_dtypes", "\nstr.format('{0}', dict)", LANGUAGE),
]


def differs(test: str, code: str) -> bool:
    return any(test == t and code.startswith(head) for t, head, _why in DIFFERENT)


@pytest.mark.parametrize("run", RUNS, ids=[f"{n}-{r['test']}" for n, r in enumerate(RUNS)])
def test_what_its_tests_run(run: dict[str, Any]) -> None:
    world = Compartment(limits=Limits(steps=200_000))
    world.exec("from math import *")  # its table of symbols has these
    for step in run["steps"]:
        for name, value in step.get("host", {}).items():
            world.grant(name, value)
        failed, value = None, None
        try:
            value = world.exec(step["code"]).value
        except CapError as error:
            failed = error
        if "error" in step:
            same = failed is not None
        else:
            same = failed is None and step.get("value") in (None, repr(value))
        assert same != differs(run["test"], step["code"]), (step, failed, value)


def test_the_table_has_no_row_too_many() -> None:
    for test, head, _why in DIFFERENT:
        found = [s for r in RUNS if r["test"] == test for s in r["steps"] if s["code"].startswith(head)]
        assert found, (test, head)


@pytest.mark.parametrize("number", range(0, len(RUNS), 6))
def test_what_the_table_says_of_it_is_what_it_does(number: int) -> None:
    """A sixth of it, in the version that is installed."""
    asteval = pytest.importorskip("asteval", reason="needs asteval")
    run = RUNS[number]
    interpreter = asteval.Interpreter(use_numpy=False)
    interpreter.writer = interpreter.err_writer = io.StringIO()
    for step in run["steps"]:
        interpreter.symtable.update(step.get("host", {}))
        interpreter.error = []
        try:
            value = interpreter(step["code"], show_errors=False)
            failed = bool(interpreter.error)
        except Exception:
            failed, value = True, None
        assert failed == ("error" in step), step
        assert failed or step.get("value") in (None, repr(value)), (step, value)
