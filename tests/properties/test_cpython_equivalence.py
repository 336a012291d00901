"""Every generated program does as a guest what it does under plain CPython, at either level of
optimisation and for the same number of steps."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from capcompiler import DialectError, GuestError, cap_compile, cap_eval, check
from properties.outcome import each, guest, native, parts, plain
from properties.strategies import expressions, programs


def chunks(text: str) -> dict[str, str]:
    """Programs by their names, which stand on lines of their own behind `###`."""
    parts = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


SOURCES = chunks(Path(__file__).with_name("programs.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SOURCES)
def test_a_program_does_what_cpython_does(name: str) -> None:
    source = SOURCES[name]
    expected = native(source)
    outcomes = [guest(source, optimize=optimize) for optimize in (True, False)]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].but_steps() == expected


@parts(300)
def test_generated_programs_do_what_cpython_does(part: int) -> None:
    def law(source: str) -> None:
        expected = native(source)
        optimized, routed = guest(source), guest(source, optimize=False)
        assert optimized.but_steps() == expected
        assert routed == optimized

    each(programs(), part, law)


@parts(60)
def test_a_program_is_the_same_each_time_and_after_pickling(part: int) -> None:
    def law(source: str) -> None:
        program = cap_compile(source)
        first = guest(program)
        assert guest(program) == first
        assert guest(pickle.loads(pickle.dumps(program))) == first  # noqa: S301 - our own bytes
        assert check(source) == []

    each(programs(size=5), part, law)


@parts(210)
def test_generated_expressions_have_the_value_that_cpython_gives(part: int) -> None:
    def law(source: str) -> None:
        expected = native(f"value = ({source})\n")
        for optimize in (True, False):
            got: Any
            try:
                got = {"value": plain(cap_eval(source, optimize=optimize))}, None
            except GuestError as error:
                got = None, (error.exc_type, error.message)
            assert got == (expected.names, expected.error)

    each(expressions(), part, law)


@parts(60)
def test_half_a_program_is_refused_where_python_refuses_it(part: int) -> None:
    def law(source: str) -> None:
        half = source[: len(source) * 2 // 3].rstrip("\n ")
        try:
            expected = native(half).but_steps()
        except SyntaxError:
            with pytest.raises(DialectError):
                guest(half)
            assert check(half)
            return
        assert guest(half).but_steps() == expected

    each(programs(size=4), part, law)


def test_the_grammar_reaches_the_syntax_that_it_is_for() -> None:
    """What the laws are tried on: nearly every kind of node, and programs of both endings."""
    kinds: set[str] = set()
    ends = {"well": 0, "in an error": 0}

    def look(source: str) -> None:
        kinds.update(type(node).__name__ for node in ast.walk(ast.parse(source)))
        ends["in an error" if native(source).error else "well"] += 1

    for part in range(8):
        each(programs(), part, look)
    wanted = """
    Assign AugAssign AnnAssign Delete If For While With Try ExceptHandler Raise Assert Return FunctionDef
    ClassDef Lambda ListComp SetComp DictComp GeneratorExp Yield YieldFrom NamedExpr IfExp BoolOp Compare
    Call Starred Subscript Slice Attribute JoinedStr FormattedValue Match MatchValue MatchSequence
    MatchMapping MatchClass MatchAs MatchOr MatchStar TryStar AsyncFunctionDef AsyncFor AsyncWith Await Global Nonlocal Break Continue Set Dict Tuple List
    """
    assert set(wanted.split()) - kinds == set()
    assert min(ends.values()) > 10
