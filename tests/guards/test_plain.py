"""What is learned of plain methods, and for how long: the attacks on it are in tests/attacks/plain_methods.py."""

from __future__ import annotations

import types
import weakref
from collections import OrderedDict, deque
from typing import Any

import pytest

from capcompiler import Compartment
from guards.plain import _has_none
from guards.tables.rows import TABLE


class Slotted:
    __slots__ = ("__weakref__", "a")


WITHOUT: dict[str, Any] = {
    "builtin": print,
    "method": dict.keys,
    "slot": int.__add__,
    "class method": dict.__dict__["fromkeys"],
    "bound slot": (1).__add__,
    "getter": type.__dict__["__mro__"],
    "member": Slotted.a,
    **{k.__name__: k() for k in (int, str, bytes, list, tuple, dict, set, frozenset, float, deque)},
}
WITH: dict[str, Any] = {
    "proxy": weakref.proxy(Slotted),
    "bound method": Compartment.__init__.__get__(3),
    "alias": list[int],
    "super": super(OrderedDict, OrderedDict()),
    "function": Compartment.exec,
    "module": types,
    "class": type,
}


@pytest.mark.parametrize("value", WITHOUT.values(), ids=WITHOUT.keys())
def test_what_has_no_dictionary(value: Any) -> None:
    assert _has_none(type(value))
    with pytest.raises(AttributeError):
        value.__dict__  # noqa: B018 - which is the question


@pytest.mark.parametrize("value", WITH.values(), ids=WITH.keys())
def test_what_may_give_one(value: Any) -> None:
    assert type(value) not in TABLE or type(value).__dictoffset__ or not _has_none(type(value))


@pytest.mark.parametrize(
    ("source", "closed"),
    [
        ("from typing import NamedTuple\nclass P(NamedTuple):\n    x: int", False),
        ("import functools\n@functools.wraps(dict.keys)\ndef k(): pass", False),
        ("class A: pass\nclass B: pass\nclass K(A): pass\nK.__bases__ = (B,)", False),
        ("class A: pass\nclass K(A): pass\ntry: K.__bases__ = (dict,)\nexcept TypeError: pass", False),
        ("class C: pass\nC().__class__ = C", True),
        ("class C: pass\nC.__getattribute__ = object.__getattribute__", True),
    ],
)
def test_what_ends_learning(source: str, closed: bool) -> None:
    world = Compartment()
    world.exec(f"class L:\n    def m(self): pass\n{source}")
    plain = world._realm.plain
    assert (plain.closed, plain.changing) == (closed, 0)
    learned = []
    world.grant("look", lambda: learned.append(sum(map(len, plain.methods.values()))))
    world.exec("def f(o): o.m()\nfor _ in range(3): f(L())\nlook()")
    assert bool(learned[0]) is not closed


def test_nothing_is_held_between_turns() -> None:
    world = Compartment()
    world.exec("class L:\n    def m(self): pass\no = L()\nfor _ in range(3): o.m(), L()")
    plain = world._realm.plain
    assert not (plain.asked or plain.classes or plain.argless or any(plain.methods.values()))
