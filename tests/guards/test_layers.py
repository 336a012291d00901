"""Rules behind which others stand: what one lets through the next one stops, so each is asked alone."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

import capcompiler  # noqa: F401 - its sealed classes are looked for
from capcompiler import Compartment
from guards.attribute import read
from guards.meter import Meter, Stop
from guards.sealed import Sealed


def host_function(secret: Any = "secret") -> Any:
    return secret


@pytest.mark.parametrize(
    "name",
    ["__globals__", "__closure__", "__code__", "__defaults__", "__kwdefaults__", "__dict__", "__builtins__",
     "__annotations__", "__get__", "__call__", "__wrapped__"],
)  # fmt: skip
def test_a_host_function_shows_its_name_and_no_more(name: str) -> None:
    realm = Compartment({})._realm
    assert read(realm, host_function, "__name__") == "host_function"
    with pytest.raises(AttributeError):
        read(realm, host_function, name)


def sealed_classes() -> list[type]:
    found = [k for k in gc.get_objects() if type(k) is Sealed]
    assert len(found) > 20
    return found


def test_sealed_classes_take_no_attributes() -> None:
    for kind in sealed_classes():
        with pytest.raises(AttributeError):
            kind.left_behind = 1  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            del kind.__doc__
        assert "left_behind" not in vars(kind)


def test_sealed_classes_have_no_subclasses_but_ours() -> None:
    for kind in sealed_classes():
        with pytest.raises(TypeError):
            type("Mine", (kind,), {})
        with pytest.raises(TypeError):
            type(kind)("Mine", (kind,), {})
    with pytest.raises(TypeError, match="cannot be subclassed"):
        Sealed("Mine", (), {})


def test_no_step_is_taken_while_a_turn_waits() -> None:
    meter = Meter()
    meter.begin(steps=1000, seconds=None, memory=None, depth=None, base=sys._getframe(1))
    next(meter.iterator)
    meter.pause()
    left = meter.left
    assert left > 0
    for _ in range(3):
        with pytest.raises(Stop):
            next(meter.iterator)
    assert meter.left == left
    meter.resume()
    next(meter.iterator)


def test_what_is_larger_than_the_memory_is_refused_before_it_is_made() -> None:
    meter = Meter()
    meter.begin(steps=None, seconds=None, memory=10**9, depth=None, base=sys._getframe(1))
    with pytest.raises(Stop):
        meter.charge_bytes(10**9 + 1)
    assert meter.stopped == ("memory", 10**9, 10**9 + 1)
    assert meter.peak == 0
