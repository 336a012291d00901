"""What `guards.short` says of methods, against what their stand-ins charge."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from capcompiler import Compartment, GuestError, Limits
from guards.short import SHORT, SMALL_OF, Short

#: The longest receivers that a row takes, and arguments of each kind that it may be called with.
LONGEST = {
    str: lambda size: "\u1234" * size,
    list: lambda size: [0] * size,
    dict: lambda size: dict.fromkeys(range(size), 0),
    set: lambda size: set(range(size)),
}
KEYS: tuple[Any, ...] = ("k", 0, -1, 2**60 - 1)
OTHERS: tuple[Any, ...] = ("a" * 15, "", 1)


def _calls(name: str, row: Short) -> list[tuple[Any, ...]]:
    if row.any_arguments:
        return [(), ("a",), ("ab" * 1000,), ("a", 1)]
    found: list[tuple[Any, ...]] = []
    for count in range(row.least, row.most + 1):
        first = KEYS if row.key else OTHERS
        found.extend(itertools.product(first, *[OTHERS] * (count - 1)) if count else [()])
    return found


ROWS = [(name, row) for name, rows in SHORT.items() for row in rows]


@pytest.mark.parametrize(
    ("name", "row"), ROWS, ids=lambda x: x if isinstance(x, str) else x.kind.__name__
)
def test_a_short_call_is_charged_for_by_no_stand_in(name: str, row: Short) -> None:
    world = Compartment(limits=Limits(steps=10**7))
    size = row.below - 1 if row.below else 20_000
    world.exec(
        f"def call(o, a):\n    try:\n        getattr(o, {name!r})(*a)\n    except Exception: return 1\n    return 0\n"
        "def nothing(o, a):\n    try:\n        getattr(o, '__class__')\n        [*a]\n    except Exception: pass\n"
    )
    for args in _calls(name, row):
        raised = world.call("call", LONGEST[row.kind](size), args)
        used = world.usage.steps
        world.call("nothing", LONGEST[row.kind](size), args)
        assert used - raised <= world.usage.steps, args  # a handler takes a step of its own


@pytest.mark.parametrize("name", [n for n, rows in SHORT.items() if any(row.key for row in rows)])
def test_a_class_as_a_key_is_charged_for_by_no_stand_in(name: str) -> None:
    world = Compartment(limits=Limits(steps=10**6))
    kind = "set()" if name in ("add", "discard", "remove") else "{}"
    # By the name of the method, and by the guard that takes any name.
    world.exec(f"class K: pass\ndef call(k=K): return {kind}.{name}(k, *[None] * {name == 'pop'})")
    world.exec(f"def asked(k=K): return getattr({kind}, {name!r})(k, *[None] * {name == 'pop'})")
    used = []
    for function in ("call", "asked"):
        if name == "remove":
            with pytest.raises(GuestError, match="KeyError"):
                world.call(function)
        else:
            world.call(function)
        used.append(world.usage.steps)
    assert used[0] == used[1]


@pytest.mark.parametrize("name", SMALL_OF)
def test_what_a_class_makes_of_a_small_value_is_charged_for_by_none(name: str) -> None:
    world = Compartment(limits=Limits(steps=10**6))
    world.exec(
        f"def call(x):\n    try:\n        return getattr(type, '__call__')({name}, x)\n    except Exception: pass\n"
        "def nothing(x):\n    try:\n        return getattr(type, '__class__')\n    except Exception: pass\n"
    )
    samples = {int: 2**29, float: -1e308, bool: True, type(None): None}
    for fact in SMALL_OF[name]:
        assert fact.kind is not None
        used = []
        for function in ("call", "nothing"):
            world.call(function, samples[fact.kind])
            used.append(world.usage.steps)
        assert used[0] <= used[1], fact
