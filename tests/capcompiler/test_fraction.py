"""Fractions cross as two numbers, whatever either side did to its class."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from capcompiler import CapabilityError, CapError, Compartment, Imports, cap_compile, cap_exec

HALF = Fraction(1, 2)


class Marked(Fraction):
    """A subclass of the host's, reduced to its base."""


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (HALF, HALF),
        (Fraction(-7, 3), Fraction(-7, 3)),
        (Fraction(0), Fraction(0)),
        (Marked(1, 3), Fraction(1, 3)),
        ([HALF, (HALF, {"a": HALF})], [HALF, (HALF, {"a": HALF})]),
    ],
    ids=repr,
)
def test_fractions_cross_both_ways(value: Any, wanted: Any, optimize: bool) -> None:
    back = cap_exec("back = there", {"there": value}, optimize=optimize)["back"]
    assert back == wanted and type(back) is type(wanted)


def test_a_guest_has_the_fraction_of_its_own_module(optimize: bool) -> None:
    src = "import fractions\nown = isinstance(x, fractions.Fraction)\ny = x + 1\nz = fractions.Fraction(2, 6)"
    ns = cap_exec(src, {"x": HALF}, optimize=optimize)
    assert (ns["own"], ns["y"], ns["z"]) == (True, Fraction(3, 2), Fraction(1, 3))


def test_arguments_and_results_of_a_host_function(optimize: bool) -> None:
    seen: list[Any] = []

    def double(x: Any) -> Any:
        seen.append(type(x))
        return x * 2

    assert cap_exec("y = f(x)", {"x": HALF, "f": double}, optimize=optimize)["y"] == 1
    assert seen == [Fraction]


def test_sharing_is_kept() -> None:
    assert cap_exec("same = xs[0] is xs[1]", {"xs": [HALF, HALF]})["same"] is True


@pytest.mark.parametrize(
    "imports", [Imports.none(), Imports.pure().only("math"), Imports.pure().without("fractions")]
)
def test_what_a_guest_may_import_does_not_change(imports: Imports, optimize: bool) -> None:
    src = (
        "refused = []\n"
        "for name in ('fractions', 'decimal', 'numbers', 're'):\n"
        "    try:\n"
        "        __import__(name)\n"
        "    except ImportError:\n"
        "        refused.append(name)\n"
        "y = x * 3"
    )
    ns = cap_exec(src, {"x": HALF}, imports=imports, optimize=optimize)
    refused = [n for n in ("fractions", "decimal", "numbers", "re") if imports.find(n) is None]
    assert ns["y"] == Fraction(3, 2) and ns["refused"] == refused


def test_a_module_of_the_hosts_under_the_name_is_another(optimize: bool) -> None:
    imports = (
        Imports.sources({"fractions": "class Fraction: pass", "numbers": "Rational = list"})
        + Imports.pure()
    )
    src = "import fractions, numbers\nown = isinstance(x, fractions.Fraction)\ny = x * 3"
    ns = cap_exec(src, {"x": HALF}, imports=imports, optimize=optimize)
    assert (ns["own"], ns["y"]) == (False, Fraction(3, 2))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("del x._numerator", "without numbers"),
        ("x._numerator = 'a'", "no whole numbers"),
        ("x._denominator = [1]", "no whole numbers"),
        ("x._denominator = 0", "by zero"),
        ("x._denominator = 1 << 400_000", "more than 262,144 bits"),
        ("x = object.__new__(F)", "without numbers"),
    ],
)
def test_a_fraction_that_is_none_is_refused_with_its_reason(
    change: str, why: str, optimize: bool
) -> None:
    ns = cap_exec(f"from fractions import Fraction as F\nx = F(1, 2)\n{change}", optimize=optimize)
    with pytest.raises(CapabilityError, match=why):
        ns["x"]


@pytest.mark.parametrize(
    "change",
    [
        "F._numerator = 5",
        "F._numerator = property(log)",
        "F.numerator = property(log)",
        "F.__hash__ = F.__eq__ = F.__repr__ = F.__new__ = log",
        "x._numerator = type('I', (int,), {'__int__': log, '__index__': log, 'bit_length': log})(1)",
        "x.__class__ = type('G', (F,), {'__slots__': (), '__getattribute__': log})",
        "x = type('G', (F,), {'__reduce__': log, '__copy__': log, '__eq__': log})(1, 2)",
    ],
)
def test_no_method_of_a_guest_runs_when_a_fraction_leaves(change: str, optimize: bool) -> None:
    ran: list[object] = []
    room = Compartment({"note": lambda *a: ran.append(a)})
    src = (
        "def log(*a, **k): note(); return 7\nfrom fractions import Fraction as F\nx = F(1, 2)\n" + change
    )
    ns = room.exec(cap_compile(src, optimize=optimize))
    ran.clear()
    assert ns["x"] == HALF and not ran


@pytest.mark.parametrize(
    "made",
    [
        "import numbers\nnumbers.Rational = type('R', (), {'__slots__': ('a', 'b', '_numerator')})",
        "import numbers\nclass M(type):\n    def __new__(*a): return int\nnumbers.Rational = M.__new__(M)",
        "import numbers\nnumbers.Rational = list",
        "import numbers\nclass M(type):\n    def __new__(c, *a): return []\n"
        "numbers.Rational = type.__new__(M, 'R', (), {})",
    ],
)
def test_a_guest_that_spoils_the_making_gains_nothing(made: str) -> None:
    room = Compartment(imports=Imports.pure())
    room.exec(made)
    try:
        room.grant("x", HALF)
        back = room.exec("back = x")["back"]
    except CapError:
        return
    assert back == HALF and type(back) is Fraction


def test_a_fraction_as_a_key_is_refused() -> None:
    with pytest.raises(CapabilityError, match="key"):
        cap_exec("", {"x": {HALF: 1}})
