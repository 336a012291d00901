"""`reach` finds nothing outside U in a compartment as it should be, and every leak that is planted."""

from __future__ import annotations

import datetime
import json
import logging
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import stdlib_caps
from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    GuestError,
    Limits,
    expose,
    reach,
)
from capcompiler.reaching import Reach

SECRET = {"key": [1]}  # what a host holds and no guest should
GUEST = """
import collections, dataclasses, functools, re
@dataclasses.dataclass
class Point:
    x: int
    seen = {}
    @property
    def double(self): return self.x * 2
class Quiet:
    __slots__ = ('slot',)
    def __getattr__(self, name): raise RuntimeError('guest code ran')
    def __getattribute__(self, name): raise RuntimeError('guest code ran')
    def __iter__(self): raise RuntimeError('guest code ran')
    def __eq__(self, other): raise RuntimeError('guest code ran')
    def __hash__(self): raise RuntimeError('guest code ran')
quiet, point = Quiet(), Point(1)
point.more = {'a': [1, {2}]}
def closing():
    kept = [1]
    def inner(default=[2], *, other={3: 4}): return kept
    return inner
inner = closing()
def generate():
    local = [1]
    yield local
    yield 2
running = generate()
next(running)
try:
    1 / 0
except ZeroDivisionError as e:
    error = e
counter = collections.Counter('ab')
match = re.match('a', 'a')
bound = [].append
part = functools.partial(sorted, key=len)
"""


class Tool(Capability):
    def use(self, n: int) -> int:
        raise AssertionError("a capability was used")


def paths(found: Reach) -> set[str]:
    return {o.path for o in found.outside}


@pytest.fixture
def world() -> Compartment:
    return make_world()


@pytest.fixture(scope="module")
def found() -> Reach:
    """What is found in a world as the guest leaves it. Each of its capabilities raises when used, and
    so does each method of `Quiet`."""
    return reach(make_world())


def make_world() -> Compartment:
    caps = {"xs": [1, {2: 3}], "tool": Tool(), "put": expose([], "append")}
    made = Compartment(caps, limits=Limits(steps=10_000_000))
    made.exec(GUEST)
    return made


def test_nothing_lies_outside_a_compartment_as_it_is_made() -> None:
    found = reach(Compartment())
    assert found.outside == ()
    assert found.whole
    assert len(found.objects) > 3_000


def test_nothing_lies_outside_after_a_guest_has_run(found: Reach) -> None:
    assert found.outside == (), str(found)
    there = {o.path for o in found.objects}
    assert {
        "inner.<kept>",
        "inner.<default 0>",
        "inner.<default other>",
        "running.<local local>",
    } <= there
    assert {"point.more['a'][1]", "Point.seen", "xs[1]", "tool.use", "error.args", "quiet"} <= there


def test_capabilities_are_told_with_their_grants(found: Reach) -> None:
    assert {o.path: o.granted for o in found.capabilities} == {
        "tool": "tool", "tool.use": "tool.use", "put": "put", "put.append": "put.append",
    }  # fmt: skip


def test_parents_lead_back_to_a_starting_point(found: Reach) -> None:
    for at, one in enumerate(found.objects):
        assert -1 <= one.parent < at


def test_a_walk_leaves_the_turn_before_it_as_it_was(world: Compartment) -> None:
    world.exec("print('said')")
    usage = world.usage
    reach(world)
    assert world.output == "said\n" and world.usage == usage
    with pytest.raises(GuestError):
        world.exec("1 / 0")


def every_capability(folder: Path) -> dict[str, Any]:
    """One of each class of `stdlib_caps`, and one of each attenuator."""
    files = stdlib_caps.MemoryDir({"a.txt": "text"})
    seal, unseal = stdlib_caps.seal_pair("box")
    return {
        "Clock": stdlib_caps.Clock.ambient(),
        "Command": stdlib_caps.Command.ambient({"true": ["true"]}),
        "Database": stdlib_caps.Database.in_memory("create table t (x)"),
        "Dir": stdlib_caps.Dir.open_ambient(folder),
        "Env": stdlib_caps.Env({"A": "b"}),
        "FrozenClock": stdlib_caps.FrozenClock(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
        "Http": stdlib_caps.Http.ambient(stdlib_caps.Rule("https://example.org/")),
        "Log": stdlib_caps.Log(logging.getLogger("guest")),
        "MemoryDir": files,
        "Random": stdlib_caps.Random.ambient(),
        "SeededRandom": stdlib_caps.SeededRandom(1),
        "confirmed": stdlib_caps.confirmed(files, lambda *_: True),
        "expiring": stdlib_caps.expiring(files, seconds=1000),
        "logged": stdlib_caps.logged(files, lambda *_: None),
        "only": stdlib_caps.only(files, "list"),
        "quota": stdlib_caps.quota(files, calls=5),
        "rate_limited": stdlib_caps.rate_limited(files, 5, 60),
        "readonly": stdlib_caps.readonly(files),
        "revocable": stdlib_caps.revocable(files)[0],
        "seal": seal,
        "unseal": unseal,
    }


def test_nothing_lies_outside_with_every_capability_of_the_library(tmp_path: Path) -> None:
    caps = every_capability(tmp_path)
    helpers = {"Arg", "Request", "Rule", "seal_pair"}
    assert set(stdlib_caps.__all__) - helpers <= set(caps)
    world = Compartment(caps)
    world.exec("opened = Dir.open('new.txt', 'w')\nbelow = MemoryDir.open('a.txt')\nbox = seal([1])")
    found = reach(world)
    assert found.outside == (), str(found)
    assert {o.path for o in found.capabilities} >= set(caps) | {"opened", "below"}


def test_nothing_lies_outside_with_every_module_imported() -> None:
    names = sorted(n for n in sys.stdlib_module_names if not n.startswith("_"))
    source = "there = 0\n" + "".join(
        f"try:\n    import {n}\n    there += 1\nexcept (ImportError, PermissionError):\n    pass\n"
        for n in names
        if n not in ("this", "antigravity")
    )
    world = Compartment(limits=Limits(steps=None, memory=None))
    world.exec(source)
    assert world.eval("there") > 80
    found = reach(world)
    assert found.outside == (), str(found)
    assert found.whole


def _module_leak(world: Compartment) -> Any:
    return sys


def _function_leak(world: Compartment) -> Any:
    return test_capabilities_are_told_with_their_grants


def _class_leak(world: Compartment) -> Any:
    return Tool


def _instance_leak(world: Compartment) -> Any:
    return Tool()


def _frame_leak(world: Compartment) -> Any:
    return sys._getframe()


def _dict_leak(world: Compartment) -> Any:
    return SECRET


def _code_leak(world: Compartment) -> Any:
    return _code_leak.__code__


def _realm_leak(world: Compartment) -> Any:
    return world._realm


def _method_leak(world: Compartment) -> Any:
    return types.MethodType(_code_leak, None or "x")


def _namespace_leak(world: Compartment) -> Any:
    return world._globals


LEAKS: list[Callable[[Compartment], Any]] = [
    _module_leak, _function_leak, _class_leak, _instance_leak, _frame_leak, _dict_leak, _code_leak,
    _realm_leak, _method_leak, _namespace_leak,
]  # fmt: skip


PLACES = ["global", "element", "attribute", "module", "closure", "default"]


def plant(world: Compartment, value: Any, where: str, name: str) -> str:
    """Put a leak where the guest can get at it; gives its path."""
    names = world._globals
    if where == "global":
        names[name] = value
        return name
    if where == "element":
        names["xs"].append(value)
        return f"xs[{len(names['xs']) - 1}]"
    if where == "attribute":
        object.__getattribute__(names["point"], "__dict__")[name] = value
        return f"point.{name}"
    if where == "closure":
        names["inner"].__closure__[0].cell_contents = value
        return "inner.<kept>"
    if where == "default":
        names["inner"].__defaults__ = (value,)
        return "inner.<default 0>"
    object.__getattribute__(world._realm.modules["re"], "__dict__")[name] = value
    return f"re.{name}"


@pytest.mark.parametrize("turn", range(3))
def test_planted_leaks_are_found_where_they_are(world: Compartment, turn: int) -> None:
    """Ten kinds of leaks, each in another place in each of the three walks."""
    planted: set[str] = set()
    once = {"closure", "default"}
    for i, leak in enumerate(LEAKS):
        where = PLACES[(i + 2 * turn) % len(PLACES)]
        if where in once and i >= len(PLACES):
            where = "global"
        planted.add(plant(world, leak(world), where, f"leak_{leak.__name__}"))
    assert len(planted) == len(LEAKS)
    assert paths(reach(world)) == planted


def test_a_leak_among_an_exceptions_attributes_is_found(world: Compartment) -> None:
    world._globals["error"].args = (SECRET,)
    assert paths(reach(world)) == {"error.args[0]"}


def test_an_error_that_a_guard_raised_is_the_guests_own(world: Compartment) -> None:
    """Its traceback holds the guard's frame, and that what the guest asked of."""
    world.exec("""
kept = []
try:
    getattr(kept, 'nothing')
except AttributeError as first:
    try:
        kept[6]
    except IndexError as second:
        kept += [first, second]
""")
    assert not reach(world).outside


def test_what_a_host_holds_in_a_variable_is_shared(world: Compartment) -> None:
    mine: list[int] = []
    world._globals["leak"] = mine
    (found,) = reach(world).outside
    assert found.path == "leak"
    assert "'mine'" in found.why


def test_the_findings_as_text_data_and_pictures(world: Compartment) -> None:
    world._globals["leak<b>"] = sys
    found = reach(world)
    assert "leak<b>: module (a module of the host)" in str(found)
    data = json.loads(json.dumps(found.to_dict()))
    assert data["outside"] == [{"path": "leak<b>", "type": "module", "why": "a module of the host"}]
    picture = ElementTree.fromstring(found.to_svg())  # noqa: S314 - our own
    text = "".join(picture.itertext())
    assert "leak<b>: module" in text and "tool: Reference" in text
    page = found.to_html()
    assert "<b>" not in page and "leak&lt;b&gt;" in page


def test_a_turn_under_way_is_refused() -> None:
    def look() -> None:
        with pytest.raises(CapabilityError, match="busy"):
            reach(world)

    world = Compartment({"look": look})
    world.exec("look()")


def test_a_closed_compartment_is_refused() -> None:
    world = Compartment()
    world.close()
    with pytest.raises(CapabilityError, match="closed"):
        reach(world)


def test_a_compartment_in_a_worker_is_not_looked_at_from_outside() -> None:
    pytest.importorskip("msgspec", reason="worker processes need the extra `process`")
    with Compartment(isolation="process") as world, pytest.raises(CapabilityError, match="inline"):
        reach(world)
