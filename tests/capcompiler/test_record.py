"""Dataclasses that the host registers cross as data, field by field, and bring no code along."""

from __future__ import annotations

import dataclasses
from abc import ABC
from dataclasses import InitVar, dataclass, field
from typing import Any

import pytest

from capcompiler import CapabilityError, Compartment, GuestError, cap_eval, cap_exec, register_dataclass

calls: list[str] = []


@register_dataclass
@dataclass
class Order:
    item: str
    amount: int = 1
    tags: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        calls.append("checked")
        if self.amount < 0:
            raise ValueError("amount: less than 0")

    def secret(self) -> str:
        return "of the host"


@register_dataclass
@dataclass(frozen=True, slots=True)
class Point:
    x: float
    near: Point | None = None


@register_dataclass
@dataclass(kw_only=True)
class Late(Order):
    day: str


def test_an_instance_crosses_in_and_out_field_by_field() -> None:
    order = Order("tea", 2, ["hot"])
    back = cap_exec("o.amount += 1\nback = o", {"o": order})["back"]
    assert type(back) is Order and back == Order("tea", 3, ["hot"])
    assert order == Order("tea", 2, ["hot"]) and back.tags is not order.tags


def test_cycles_and_sharing_hold_both_ways() -> None:
    order = Order("tea")
    order.tags += [order, order.tags]
    back = cap_exec("kept = o.tags[0] is o and o.tags[1] is o.tags\nback = [o, o]", {"o": order})
    assert back["kept"] is True
    first, second = back["back"]
    assert first is second and first.tags[0] is first and first.tags[1] is first.tags


def test_a_guest_sees_text_equality_hash_and_patterns() -> None:
    src = """
match o:
    case Order(item, amount): seen = [item, amount]
same = Order('tea', tags=[]) == Order('tea', tags=[]) != Order('milk', tags=[])
found = {p: 1}[Point(1.5)]
try: p.x = 2
except AttributeError as e: said = str(e)
text = repr(o) + repr(p)
"""
    caps = {"o": Order("tea"), "p": Point(1.5), "Order": Order, "Point": Point}
    names = cap_exec(src, caps)
    assert names["seen"] == ["tea", 1] and names["same"] is True and names["found"] == 1
    assert names["said"] == "cannot assign to field 'x'"
    assert names["text"] == repr(Order("tea")) + "Point(x=1.5, near=None)"


def test_the_class_itself_comes_home_as_the_hosts() -> None:
    assert cap_eval("Point", {"Point": Point}) is Point
    assert cap_eval("Late('a', 2, tags=[], day='Mon')", {"Late": Late}) == Late("a", 2, day="Mon")


def test_the_class_checks_what_a_guest_filled_in() -> None:
    calls.clear()
    names = cap_exec("good = Order('a', tags=[])\nbad = Order('a', -1, tags=[])", {"Order": Order})
    assert not calls
    assert names["good"] == Order("a")
    with pytest.raises(CapabilityError, match="amount: less than 0"):
        names["bad"]
    got: list[Any] = []
    with pytest.raises(GuestError, match="amount: less than 0"):
        cap_exec("take(Order('a', -1, tags=[]))", {"Order": Order, "take": got.append})
    assert not got


@pytest.mark.parametrize(
    "made",
    [
        "Order(1, tags=[])",
        "Order('a', 1.5, tags=[])",
        "Order('a', True, tags=[])",
        "Order('a', tags=())",
    ],
)
def test_fields_are_of_their_annotated_classes(made: str) -> None:
    with pytest.raises(CapabilityError, match="its field"):
        cap_exec(f"x = {made}", {"Order": Order})["x"]


def test_a_capability_gives_and_takes_instances() -> None:
    def twice(order: Any) -> Any:
        assert type(order) is Order
        return dataclasses.replace(order, amount=order.amount * 2)

    assert cap_eval("twice(o).amount", {"twice": twice, "o": Order("tea", 4)}) == 8


def test_an_instance_is_no_key_of_what_crosses() -> None:
    for made in ("{p}", "{p: 1}", "{(p,): 1}", "frozenset([(1, (p,))])"):
        with pytest.raises(CapabilityError, match="it is a key"):
            cap_exec(f"x = {made}", {"p": Point(1.0)})["x"]
    with pytest.raises(CapabilityError):
        cap_eval("1", {"x": {Point(1.0): 1}})


def test_only_the_exact_class_crosses() -> None:
    class Sub(Order):
        pass

    with pytest.raises(CapabilityError, match="neither data nor a capability"):
        cap_eval("1", {"o": Sub("tea")})
    with Compartment({"Order": Order}) as world:
        world.exec("class Sub(Order): pass\nx = Sub('a', tags=[])")
        assert type(world.eval("x")).__name__ == "Handle"


def test_two_compartments_have_classes_of_their_own() -> None:
    cap_exec("Order.mine = 1", {"Order": Order})
    assert cap_eval("hasattr(Order, 'mine')", {"Order": Order}) is False
    assert not hasattr(Order, "mine")


@dataclass
class WithInit:
    x: int

    def __init__(self) -> None:
        self.x = 1


@dataclass
class WithVar:
    x: InitVar[int]


@dataclass
class WithComputed:
    x: int = field(init=False, default=1)


@dataclass
class OnBuiltin(dict):  # type: ignore[type-arg]
    x: int


@dataclass
class WithMetaclass(ABC):
    x: int


@dataclass
class WithGetattr:
    x: int

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@dataclass
class Unknown:
    x: NoSuchClass  # type: ignore[name-defined]  # noqa: F821


class Derived(Order):
    pass


@pytest.mark.parametrize(
    "kind",
    [WithInit, WithVar, WithComputed, OnBuiltin, WithMetaclass, WithGetattr, Unknown, Derived, int, 1],
    ids=lambda kind: getattr(kind, "__name__", "1"),
)
def test_what_is_more_than_its_fields_is_not_registered(kind: Any) -> None:
    with pytest.raises(TypeError):
        register_dataclass(kind)
