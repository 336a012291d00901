"""Values of guests as text and as JSON, in bounded work."""

from __future__ import annotations

import datetime
import json
import math
import time
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from capcompiler import Capability, cap_exec, expose, register_dataclass
from capcompiler.cli.present import JsonWriter, value_text

LONG = pytest.param(10**5000, "<int of 16,610 bits>", id="long-int")
UTC = datetime.timezone.utc  # noqa: UP017  # the name that guests of every version know


def shared(levels: int) -> Any:
    nest: Any = ()
    for _ in range(levels):
        nest = (nest, nest)
    return nest


def deep(levels: int) -> Any:
    nest: Any = 1
    for _ in range(levels):
        nest = [nest]
    return nest


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        LONG,
        ("a", "a"),
        (b"a", "b'a'"),
        (1 + 2j, "(1+2j)"),
        ((1, [2], {3}, frozenset()), [1, [2], [3], []]),
        (Decimal("1.50"), "1.50"),
        (Fraction(1, 3), "1/3"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00+00:00"),
        (datetime.time(1, 2), "01:02:00"),
        (datetime.timedelta(days=1), "datetime.timedelta(days=1)"),
        (range(3), "range(0, 3)"),
        ({"a": 1, 2024: 2, (1, 2): 3}, {"a": 1, "2024": 2, "(1, 2)": 3}),
        ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
    ],
)
def test_json_of_data(value: object, wanted: object) -> None:
    writer = JsonWriter()
    made = writer.convert(value)
    assert (made, type(made)) == (wanted, type(wanted))
    assert writer.shortened is False
    json.dumps(made, allow_nan=False)


def cycle() -> list[Any]:
    made: list[Any] = [1]
    made.append(made)
    return made


@pytest.mark.parametrize("value", [shared(60), deep(900), cycle(), [0] * 300_000])
def test_json_is_shortened_where_it_must_be(value: object) -> None:
    started = time.process_time()
    writer = JsonWriter()
    json.dumps(writer.convert(value))
    assert writer.shortened is True
    assert time.process_time() - started < 5


def test_one_large_value_does_not_use_up_the_others() -> None:
    writer = JsonWriter()
    writer.convert(shared(60))
    assert writer.convert([1, [2]]) == [1, [2]]


def test_many_large_values_are_bounded_together() -> None:
    started = time.process_time()
    writer = JsonWriter()
    nest = shared(60)
    for _ in range(1000):
        writer.convert(nest)
    assert time.process_time() - started < 20
    assert writer.convert([1]) == "..."


@pytest.mark.parametrize("value", [[1, ("a", {2: 3})], cycle(), shared(10), deep(150), [0] * 9999])
def test_text_is_the_repr_where_that_is_bounded(value: object) -> None:
    assert value_text(value) == repr(value)


@pytest.mark.parametrize("value", [shared(60), deep(900), [[0] * 1000] * 1000, {1: shared(60)}])
def test_text_is_shortened_where_it_must_be(value: object) -> None:
    shown = value_text(value)
    assert "..." in shown
    assert len(shown) < 100_000


@pytest.mark.parametrize(
    ("value", "wanted"),
    [LONG, pytest.param([-(10**5000)], "[<int of 16,610 bits>]", id="in-list")],
)
def test_an_int_too_long_to_write_is_named(value: object, wanted: str) -> None:
    assert value_text(value) == wanted


@pytest.mark.parametrize("value", [Fraction(10**5000, 3), range(10**5000)], ids=["Fraction", "range"])
def test_other_values_that_hold_such_an_int(value: object) -> None:
    assert "Fraction" in value_text(value) or "range" in value_text(value)
    assert isinstance(JsonWriter().convert(value), str)


@register_dataclass
@dataclass
class Note:
    title: str
    extra: Any = None


@pytest.mark.parametrize(
    "value", [Note("a", shared(60)), [Note("a", [Note("b", shared(60))])], {1: Note("a", deep(150))}]
)
def test_what_is_in_a_dataclass_is_shown_in_bounded_work(value: object) -> None:
    """Sixty levels of `x = (x, x)` in a field were an endless `repr` in the host."""
    shown = value_text(value)
    assert "Note(title=" in shown and len(shown) < 100_000
    json.dumps(JsonWriter().convert(value))


@dataclass
class Mailer(Capability):
    password: str

    def send(self, to: str) -> int:
        return len(to)


class Told:
    def __repr__(self) -> str:
        return "secret"

    def go(self) -> None: ...


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("m", "<capability>"),
        ("m.send", "<capability>"),
        ("[m, {1: f}]", "[<capability>, {1: <capability>}]"),
        ("e", "<capability>"),
        ("e.go", "<capability>"),
        ("f", "<capability>"),
        ("n.extra = m\nn", "Note(title='a', extra=<capability>)"),
    ],
)
def test_a_capability_is_shown_as_a_guest_sees_it(code: str, shown: str) -> None:
    """Its `repr` is the host's, and tells what the host knows."""
    value = cap_exec(
        code, {"m": Mailer("secret"), "e": expose(Told(), "go"), "f": Told().go, "n": Note("a")}
    ).value
    assert value_text(value) == shown
    assert "secret" not in json.dumps(JsonWriter().convert(value))
