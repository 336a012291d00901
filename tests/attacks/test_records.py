"""Registered dataclasses in the hands of a hostile guest: no code of its own runs in the host, and
what arrives is an exact instance with exact fields, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from capcompiler import (
    CapabilityError,
    CapError,
    Compartment,
    Limits,
    cap_compile,
    cap_exec,
    register_dataclass,
)

SMALL = Limits(steps=50_000, memory=32 * 2**20)


@register_dataclass
@dataclass
class Held:
    name: str
    parts: Any = None


HOSTILE = """
log = []
class S(str):
    def __hash__(self): log.append('hash'); return 1
    def __eq__(self, other): log.append('eq'); return True
    def __str__(self): log.append('str'); return 'evil'
class Fake:
    __slots__ = ('name', 'parts')
def told(*args, **kwargs): log.append('told'); return 'evil'
h = Held('a', [])
"""

#: What is crossed as `x`, and the repr of what the host then has, or "" for a refusal.
ROWS = {
    "a-lying-text": ("x = Held(S('t'), S('u'))", "Held(name='t', parts='u')"),
    "a-property-over-a-slot": ("Held.name = property(told)\nx = h", "Held(name='a', parts=[])"),
    "a-getattribute": ("Held.__getattribute__ = told\nx = h", "Held(name='a', parts=[])"),
    "another-class-put-under": (
        "f = Fake()\nf.name = 'f'\nf.parts = 1\nf.__class__ = Held\nx = f",
        "Held(name='f', parts=1)",
    ),
    "slots-named-anew": ("Held.__slots__ = ('__dict__',)\nx = h", "Held(name='a', parts=[])"),
    "made-without-fields": ("x = object.__new__(Held)", ""),
    "a-field-deleted": ("del h.name\nx = h", ""),
    "a-field-of-another-class": ("h.name = h\nx = h", ""),
    "a-field-of-none": ("h.name = None\nx = h", ""),
    "nested-too-deep": ("x = h\nfor i in range(300): x = Held('a', x)", ""),
    "a-key": ("Held.__hash__ = lambda self: 1\nx = {h: 1}", ""),
    "a-key-in-a-nest": ("Held.__hash__ = lambda self: 1\nx = {((h,),)}", ""),
}


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("row", ROWS)
def test_what_leaves_is_exact_or_refused(row: str, optimize: bool) -> None:
    src, wanted = ROWS[row]
    with Compartment({"Held": Held}, limits=SMALL) as world:
        names = world.exec(cap_compile(HOSTILE + src, optimize=optimize))
        try:
            got: Any = names["x"]
        except CapError:
            assert wanted == ""
        else:
            assert wanted and type(got) is Held and repr(got) == wanted
            assert type(got.name) is str
        if "__getattribute__" not in src:
            assert world.eval("log") == [], "code of the guest's ran"


def test_a_subclass_stays_the_guests() -> None:
    names = cap_exec("class Sub(Held): pass\nx = Sub('a')", {"Held": Held}, limits=SMALL)
    assert type(names["x"]).__name__ == "Handle"


def test_sixty_shared_levels_cross_once_each() -> None:
    src = "x = Held('a')\nfor i in range(60): x = Held('a', (x, x))"
    got = cap_exec(src, {"Held": Held}, limits=SMALL)["x"]
    for _ in range(60):
        assert got.parts[0] is got.parts[1]
        got = got.parts[0]


def test_a_guest_that_took_the_making_of_classes_away_gets_none() -> None:
    with Compartment(limits=SMALL) as world:
        world.exec("import builtins\nfor n in ('id', 'object', 'type'): setattr(builtins, n, 1)")
        try:
            world.grant("h", Held("a"))
            assert world.eval("h.name") == "a"
        except CapError:
            pass


def test_no_name_of_the_guests_class_leads_to_the_hosts() -> None:
    src = """
found = [n for n in ('secret', '__post_init__', '__dataclass_fields__', '__wrapped__') if hasattr(Held, n)]
for f in (Held.__init__, Held.__repr__, Held.__eq__):
    found += [n for n in ('__globals__', '__code__', '__closure__', '__builtins__') if hasattr(f, n)]
made = type(Held('a')) is Held
"""
    names = cap_exec(src, {"Held": Held}, limits=SMALL)
    plain = cap_exec("def f(): pass\nown = [n for n in ('__globals__', '__code__', '__closure__', "
                     "'__builtins__') if hasattr(f, n)]")["own"]  # fmt: skip
    assert names["made"] and names["found"] == plain * 3


def test_a_stopped_guest_fills_no_instance() -> None:
    got: list[Any] = []
    with pytest.raises(CapError):
        cap_exec(
            "try:\n    while True: pass\nfinally:\n    take(Held('a'))",
            {"Held": Held, "take": got.append},
            limits=SMALL,
        )
    assert got == []
    with pytest.raises(CapabilityError):
        cap_exec("x = Held(1)", {"Held": Held})["x"]
