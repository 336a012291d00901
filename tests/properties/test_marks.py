"""Functions that use their variables often and bind them anew in every way: a mark of a variable speaks
of the value that it holds, so that both levels of optimisation agree, down to the steps."""

from __future__ import annotations

from hypothesis import strategies as st

from capcompiler import LimitExceeded
from properties.outcome import Outcome, each, guest, native, parts

NAMES = st.sampled_from("abc")
VALUES = st.sampled_from(
    ["0", "1", "-3", "2.5", "True", "2**40", "2**61 - 1", "2**599", "-(2**33000)", "1j", "'k'", "'long' * 200",
     "[1, 2, 3]", "[[1, 2], 3]", "(1, 2.5)", "{0: 1, 2.5: 3, 'k': 4}", "None", "N(2)", "L([1, 2])", "D({1: 2})"]
)  # fmt: skip
OPERATORS = st.sampled_from(["+", "-", "*", "//", "%", "/", "&", "|", "^", ">>"])
COMPARED = st.sampled_from(["<", "==", "!=", ">=", "in"])


@st.composite
def used(draw: st.DrawFn) -> str:
    x, y, z = draw(NAMES), draw(NAMES), draw(NAMES)
    op, cmp = draw(OPERATORS), draw(COMPARED)
    return draw(
        st.sampled_from(
            [f"{x} {op} {y}", f"{x}[{y}]", f"{x} {cmp} {y}", f"{x} < {y} <= {z}", f"-{x}", f"{x} {op} 3",
             f"{x}[{y}] {op} {z}", f"({x} {op} {y}) * {z}", f"{x}[{y}][{z}]", f"{x} * {x} - {y}",
             f"[{x} {op} i for i in (1, 2.5)]", f"list({x} {op} i for i in (1, 2))", f"{x}[{y}, {z}]",
             f"'%s %5d' % ({x}, {y})", f"'%s' % {x}", f"sum(1 for i in {x} if i {cmp} {y})",
             f"any(i {cmp} {y} for i in {x})", f"(lambda: {x} {op} {y})()"]
        )
    )  # fmt: skip


@st.composite
def bound(draw: st.DrawFn) -> str:
    x, y, e, op = draw(NAMES), draw(NAMES), draw(used()), draw(OPERATORS)
    return draw(
        st.sampled_from(
            [f"{x} = {e}", f"{x}, {y} = {y}, {e}", f"{x} = {y}", f"{x} = {x} + 1", f"{x} -= 4095", f"{x} += {y}",
             f"{x} {op}= {e}" if op != "/" else f"{x} /= {y}", f"{x} = z = {e}", f"for {x} in (1, {y}, 2.5): t({e})",
             f"for {x}, {y} in [(1, {e})]: t({x} {op} {y})", f"{y}[{x}] = {e}", f"{y}[{x}] += 1", f"({x} := {e})",
             f"if {x}: {x} = {y}", f"while {x} == 1: {x} = {y}; break", f"{x}: int = {e}", f"*{x}, = {y}, 1"]
        )
    )  # fmt: skip


@st.composite
def functions(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.one_of(bound(), used().map("t({})".format)), min_size=4, max_size=9))
    calls = draw(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=3, max_size=6))
    return "\n".join(
        [
            "class N(int): pass",
            "class L(list): pass",
            "class D(dict): pass",
            "seen = []",
            "def t(x): seen.append(type(x).__name__)",
            "def f(a, b, c):",
            "    for i in range(3):",
            *(f"        {line}" for line in lines),
            "    return a",
            "def show(x): return str(x)[:20] if type(x) in (int, float, str) and x == x else type(x).__name__",
            *(
                f"for _ in range(2):\n    try: print(show(f({a}, {b}, {c})), seen[-20:])\n"
                "    except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError, OverflowError)"
                " as e: print(type(e).__name__)"
                for a, b, c in calls
            ),
        ]
    )


def outcome(source: str, optimize: bool) -> Outcome | tuple[str, float]:
    """What came of a program, or the limit that it ran into: `[1] * 2**40`."""
    try:
        return guest(source, optimize=optimize)
    except LimitExceeded as stop:
        return stop.kind, stop.used


@parts(60)
def test_functions_that_bind_their_variables_anew_do_what_cpython_does(part: int) -> None:
    def law(source: str) -> None:
        optimized, routed = outcome(source, True), outcome(source, False)
        assert routed == optimized
        if isinstance(optimized, Outcome):
            assert optimized.output == native(source).output

    each(functions(), part, law)
