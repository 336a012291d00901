"""Attenuators over answers that come later, and over what hosts do with what they are handed.

Each row reached the host's part, or did what it does, after the capability was taken back.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import gc
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import capcompiler
import stdlib_caps
from capcompiler import Capability, CapError, Compartment, cap_exec, expose, register_dataclass
from capcompiler.membrane.capability import HostCallable, _public_methods
from stdlib_caps import (
    MemoryDir,
    confirmed,
    expiring,
    logged,
    only,
    quota,
    rate_limited,
    revocable,
    seal_pair,
)

TIERS = pytest.mark.parametrize("isolation", ["inline", "process"])


class Part(Capability):
    def read(self) -> str:
        return "secret"


class Hub(Capability):
    """A host's capability that does all that a host may do with what it is handed."""

    def __init__(self) -> None:
        self.part = Part()
        self.kept: Any = None
        self.kept_aside: Any = None
        self.done: list[str] = []

    async def work(self, x: str) -> str:
        self.done.append(x)
        return x

    def start(self, x: str) -> Any:
        self.done.append(x)
        made = asyncio.get_running_loop().create_future()
        made.set_result(x)
        return made

    def keep(self, f: Any) -> None:
        self.kept = f

    def back(self) -> Any:
        return self.kept

    async def later_back(self, _n: int = 0) -> Any:
        return self.kept

    async def awaits(self, c: Any) -> Any:
        return (await c)(self.part)

    async def awaits_only(self, c: Any) -> Any:
        return await c

    async def makes_a_task(self, c: Any) -> Any:
        return await asyncio.create_task(c)

    async def awaits_first(self, c: Any) -> Any:
        return (await c[0])(self.part)

    async def calls_made(self, f: Any) -> Any:
        return (await f(1))(self.part)

    def hands_a_part_to(self, k: Any) -> None:
        k.keep(self.part)

    def copies(self, x: Any) -> Any:
        return copy.deepcopy(x)

    def copies_flat(self, x: Any) -> Any:
        return copy.copy(x)

    def calls_by_name(self, o: Any, name: str) -> Any:
        if name.startswith("_"):
            raise ValueError(name)
        return getattr(o, name)(self.part)

    def picks(self, o: Any, name: str) -> Any:
        if name.startswith("_"):
            raise ValueError(name)
        return getattr(o, name)


def run(source: str, isolation: Any, on_use: Any = None, limits: Any = None, **caps: Any) -> Any:
    async def go() -> Any:
        with Compartment(caps, isolation=isolation, on_use=on_use, limits=limits) as world:
            return (await world.exec_async(source)).value

    return asyncio.run(go())


#: `hub` is `bare` under an attenuator, and `got` fills with the host's part. It must come under it.
REACHED = {
    "an-awaitable-of-the-hosts": "bare.keep(got.append)\nawait hub.awaits(bare.later_back())",
    "an-awaitable-in-a-list": "bare.keep(got.append)\nawait hub.awaits_first([bare.later_back()])",
    "what-makes-an-awaitable": "bare.keep(got.append)\nawait hub.calls_made(bare.later_back)",
    "a-part-handed-to-another": "hub.hands_a_part_to(other)\ngot.append(other.back())",
}


@TIERS
@pytest.mark.parametrize("whose", ["hosts", "guests"])
@pytest.mark.parametrize("name", REACHED)
def test_what_is_reached_by_way_of_others_is_under_the_policy(
    name: str, whose: str, isolation: Any
) -> None:
    bare = Hub()
    hub, revoke = revocable(bare)
    setup = "hub, revoke = revocable(bare)\n" if whose == "guests" else ""
    source = f"{setup}got = []\n{REACHED[name]}\nassert len(got) == 1\nok = got[0].read()\nrevoke()\ngot[0].read()"
    if name == "a-part-handed-to-another" and (whose, isolation) == ("guests", "process"):
        pytest.skip(
            "known: in a worker, an attenuator of the guest's own lends no capability of the host's"
        )
    with pytest.raises(CapError, match="it was revoked"):
        run(source, isolation, hub=hub, bare=bare, other=Hub(), revoke=lambda: revoke())


class Now:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    monotonic = time


@TIERS
@pytest.mark.parametrize("policy", ["revocable", "expiring", "guests"])
def test_a_coroutine_that_was_made_in_time_is_not_carried_out_later(policy: str, isolation: Any) -> None:
    bare, clock = Hub(), Now()
    hub, revoke = revocable(bare)

    def end() -> None:
        revoke()
        clock.now = 100.0

    hub = expiring(bare, seconds=5, clock=clock) if policy == "expiring" else hub
    setup = "hub, end = revocable(bare)\n" if policy == "guests" else ""
    source = (
        f"{setup}c = hub.work('after')\nend()\ntry: await c\nexcept PermissionError as e: r = str(e)\nr"
    )
    assert (
        "it was revoked" in (r := run(source, isolation, hub=hub, bare=bare, end=end)) or "expired" in r
    )
    assert bare.done == []


@TIERS
def test_a_stock_of_coroutines_is_no_way_past_a_rate(isolation: Any) -> None:
    bare, clock = Hub(), Now()

    def on() -> None:
        clock.now += 1.0

    source = (
        "stock = []\nfor i in range(10):\n    stock.append(hub.work(str(i)))\n    on()\n"
        "refused = 0\nfor c in stock:\n    try: await c\n    except PermissionError: refused += 1\nrefused"
    )
    hub = rate_limited(bare, 1, 1.0, clock=clock)
    assert run(source, isolation, hub=hub, on=on) == 9
    assert len(bare.done) == 1


@TIERS
def test_a_use_counts_when_it_is_carried_out(isolation: Any) -> None:
    bare, clock = Hub(), Now()

    def to(now: float) -> None:
        clock.now = now

    source = (
        "stock = [hub.work(str(i)) for i in range(5)]\nto(9.9)\nfor c in stock: await c\n"
        "to(10.0)\ntry: await hub.work('one more')\nexcept PermissionError as e: r = str(e)\n"
        "to(20.0)\nawait hub.work('later')\nr"
    )
    hub = rate_limited(bare, 5, 10.0, clock=clock)
    assert "more than 5 uses" in run(source, isolation, hub=hub, to=to)
    assert bare.done == ["0", "1", "2", "3", "4", "later"]


#: What is attenuated once more of a capability that asks first, and how it is used then.
ASKED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "whole": (lambda w: w, "hub.keep('after')"),
    "method": (lambda w: w.keep, "hub('after')"),
    "exposed": (lambda w: expose(w, "keep"), "hub.keep('after')"),
    "exposed-method": (lambda w: expose(w.keep), "hub('after')"),
    "narrowed": (lambda w: only(w, "keep"), "hub.keep('after')"),
    "logged": (lambda w: logged(w, lambda use: None), "hub.keep('after')"),
    "set": (lambda w: expose(w, write="kept_aside"), "hub.kept_aside = 'after'"),
}


@TIERS
@pytest.mark.parametrize("policy", ["revocable", "expiring"])
@pytest.mark.parametrize("name", ASKED)
def test_what_ends_while_a_person_is_asked_is_not_done(name: str, policy: str, isolation: Any) -> None:
    bare, clock = Hub(), Now()

    def ask(_request: Any) -> bool:
        revoke()
        clock.now = 100.0
        return True

    made, use = ASKED[name]
    asks = expose(bare, "keep", read="kept_aside", write="kept_aside") if name == "set" else bare
    inner = made(confirmed(asks, ask))
    outer, revoke = revocable(inner)
    hub = expiring(inner, seconds=5, clock=clock) if policy == "expiring" else outer
    with pytest.raises(CapError, match=r"it was revoked|it has expired"):
        cap_exec(use, {"hub": hub}, isolation=isolation)
    assert bare.kept is None
    assert bare.kept_aside is None


@TIERS
@pytest.mark.parametrize("how", ["copies", "copies_flat"])
@pytest.mark.parametrize("what", ["fs", "fs.read_text"])
def test_a_copy_that_the_host_makes_is_the_same_one(what: str, how: str, isolation: Any) -> None:
    fs, revoke = revocable(MemoryDir({"a": "A"}))
    use = "c.read_text('a')" if what == "fs" else "c('a')"
    source = f"c = hub.{how}({what})\nok = {use}\nrevoke()\n{use}"
    with pytest.raises(CapError, match="it was revoked"):
        cap_exec(source, {"hub": Hub(), "fs": fs, "revoke": lambda: revoke()}, isolation=isolation)


@register_dataclass
@dataclasses.dataclass
class Job:
    fs: Any


def test_no_pickle_and_no_dictionary_of_a_dataclass_holds_another() -> None:
    fs, revoke = revocable(MemoryDir({"a": "A"}))
    for kept in (fs, fs.read_text, revoke, *seal_pair(), seal_pair()[0]("x")):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(kept)
    assert dataclasses.asdict(Job(fs))["fs"] is fs


#: What a host reads by a name that the guest chose, of what stands for a capability.
PARTS = ["method", "owner", "name", "lent", "path", "target", "methods", "function", "read", "write"]


@TIERS
@pytest.mark.parametrize("name", PARTS)
def test_nothing_beneath_is_read_by_a_name_that_a_guest_chose(name: str, isolation: Any) -> None:
    fs = quota(MemoryDir({"a": "A"}), calls=1)
    source = (
        "found = []\n"
        "for o in (fs.read_text, fs.stat, some, hub.keep, lambda: 1):\n"
        f"    try: found.append(hub.picks(o, {name!r}))\n"
        "    except Exception: pass\n"
        "found"
    )
    caps = {"fs": fs, "hub": revocable(Hub())[0], "some": expose(MemoryDir({"a": "A"}), "list")}
    assert cap_exec(source, caps, isolation=isolation).value == []


def subclasses(kind: type) -> list[type]:
    return [k for sub in kind.__subclasses__() for k in (sub, *subclasses(sub))]


#: All that the capabilities of this package offer. A method that is public by mistake is granted with it:
#: one of sealed boxes opened them.
OFFERED = {
    "Box": "",
    "Sealer": "__call__",
    "Unsealer": "__call__",
    "Revoker": "__call__",
    "_OnlyShown": "",
    "Attenuated": "",
    "Exposed": "",
    "GuestCapability": "",
    "HostUndefined": "do",
    "RemoteCapability": "",
    "StandIn": "",
    "View": "",
    "Token": "",
    "_Tool": "__call__",
    "_Host": "autoescape extension load missing undefined version",
    "FrozenClock": "module now time",
    "Clock": "module monotonic now sleep time",
    "Command": "names run",
    "Database": "execute execute_all narrowed query tables",
    "File": "close flush read readable readline readlines seek seekable tell truncate writable write writelines",
    "Dir": "exists glob is_dir is_file list mkdir module open open_builtin read_bytes read_text remove rename rmdir "
    "stat subdir walk write_bytes write_text",
    "MemoryDir": "exists glob is_dir is_file list mkdir module open open_builtin read_bytes read_text remove rename "
    "rmdir stat subdir walk write_bytes write_text",
    "Opener": "__call__",
    "Env": "get module names",
    "Http": "get get_json get_text narrowed post request rules",
    "Log": "debug error info warning",
    "Random": "bytes choice module randint random sample shuffled uniform",
    "SeededRandom": "bytes choice module randint random sample shuffled uniform",
}


def test_capabilities_of_this_package_offer_what_is_written_here() -> None:
    for name in stdlib_caps.__all__:
        getattr(stdlib_caps, name)
    own = [
        k
        for k in subclasses(Capability)
        if k.__module__.partition(".")[0] in ("capcompiler", "stdlib_caps")
        and getattr(sys.modules[k.__module__], k.__name__, None) is k
    ]  # those that were made meanwhile, as by the tests of templates, stand in no module
    assert len(own) > 15
    for kind in own:
        assert sorted(_public_methods(kind)) == OFFERED[kind.__name__].split(), kind


def test_what_stands_for_a_capability_has_no_public_part() -> None:
    assert capcompiler.cap_exec("1").value == 1
    for kind in subclasses(HostCallable):
        if kind.__module__.startswith(("capcompiler", "stdlib_caps")):
            public = [
                n for k in kind.__mro__ if k is not object for n in vars(k) if not n.startswith("_")
            ]
            assert public == [], kind


@TIERS
def test_a_sealed_box_offers_a_guests_child_nothing(isolation: Any) -> None:
    source = (
        "seal, unseal = seal_pair()\nb = seal(['secret'])\ngot = []\n"
        "def keep(x):\n    got.append(x)\n    return x\n"
        "cap_exec('''\n"
        "for name in dir(b) + ['holding', '_cap_holding', '_cap_content', 'inside']:\n"
        "    try: getattr(b, name)(keep)\n"
        "    except Exception: pass\n"
        "''', {'b': b, 'keep': keep})\ngot"
    )
    assert cap_exec(source, isolation=isolation).value == []


# What the audit is told

Ending = Callable[[Any, list[Any]], None]


class Net(Capability):
    def __init__(self) -> None:
        self.sent: list[str] = []

    def post(self, text: str) -> str:
        self.sent.append(text)
        return "x" * 5000

    def many(self, text: str) -> list[int]:
        self.sent.append(text)
        return [0] * 50_000

    def odd(self, text: str) -> object:
        self.sent.append(text)
        return object()

    def fails(self, text: str) -> None:
        self.sent.append(text)
        raise ValueError(text)

    def exits(self, text: str) -> None:
        self.sent.append(text)
        raise SystemExit

    async def later(self, text: str) -> list[int]:
        self.sent.append(text)
        await asyncio.sleep(0)
        return [0] * 50_000


class Taker(Capability):
    async def takes(self, c: Any) -> Any:
        return await c

    def keeps(self, c: Any) -> None:
        self.kept = c

    def wants_text(self, text: str) -> None: ...


#: A deed each, whatever it ends in.
DEEDS = {
    "steps-end-in-a-child": "try: cap_exec(\"net.post('x')\", {'net': net}, limits=Limits(steps=2))\nexcept Exception: pass",
    "steps-end-with-the-result": "try: cap_exec(\"net.many('x')\", {'net': net}, limits=Limits(steps=99))\nexcept Exception: pass",
    "memory-ends-in-a-child": "try: cap_exec(\"net.post('x')\", {'net': net}, limits=Limits(memory=4500))\nexcept Exception: pass",
    "a-result-that-cannot-cross": "try: net.odd('x')\nexcept Exception: pass",
    "an-error": "try: net.fails('x')\nexcept Exception: pass",
    "the-hosts-wish-to-end": "net.exits('x')",
    "awaited": "await net.later('x')",
    "awaited-by-another": "await taker.takes(net.later('x'))",
    "awaited-by-another-under-its-own": "await quota(taker, calls=9).takes(net.later('x'))",
}


@TIERS
@pytest.mark.parametrize("name", DEEDS)
def test_whatever_was_begun_is_told(name: str, isolation: Any) -> None:
    net, told = Net(), []
    try:
        run(DEEDS[name], isolation, lambda u: told.append(u.path), net=net, taker=Taker())
    except (CapError, SystemExit):
        pass
    assert net.sent == ["x"]
    assert len([path for path in told if path.startswith("net.")]) == 1, told


@TIERS
@pytest.mark.parametrize("name", ["steps", "seconds"])
def test_a_deed_whose_answer_comes_after_the_budget_is_told(name: str, isolation: Any) -> None:
    net, told = Net(), []
    limits = capcompiler.Limits(steps=20) if name == "steps" else capcompiler.Limits(seconds=2)
    wait = "" if name == "steps" else "\nawait net.slow('y')"

    class Slow(Net):
        async def slow(self, text: str) -> None:
            await asyncio.sleep(5)

    net = Slow()

    async def go() -> None:
        with Compartment(
            {"net": net},
            isolation=isolation,
            limits=limits,
            on_use=lambda u: told.append((u.path, u.outcome)),
        ) as world:
            await world.exec_async(f"await net.later('x'){wait}")

    with pytest.raises(CapError):
        asyncio.run(go())
    assert net.sent == ["x"]
    assert [path for path, _ in told][:1] == ["net.later"]
    assert len(told) == (1 if name == "steps" else 2)
    assert "Stop" not in str(told) and "_" not in "".join(outcome for _, outcome in told)


#: Fails with something to tell once it is taken back: by a use, an answer, a guest's function that was lent.
FAILS = {
    "a-use": "hub.fails()",
    "an-answer": "await hub.fails_later()",
    "what-is-used-in-a-callback": "hub.calls(lambda: hub.fails())",
    "under-a-log": "logged(hub, lambda line: 0).fails()",
    "over-an-attribute": "hub.field",
    "an-element": "list(hub)",
}


@TIERS
@pytest.mark.parametrize("policy", ["revocable", "expiring", "guests"])
@pytest.mark.parametrize("name", FAILS)
def test_what_an_error_says_is_kept_back_as_an_answer_is(name: str, policy: str, isolation: Any) -> None:
    class Failing(Capability, read="field", special="__iter__"):
        def fails(self) -> None:
            ends()
            raise ValueError("secret")

        async def fails_later(self) -> None:
            await asyncio.sleep(0)
            self.fails()

        def calls(self, f: Any) -> Any:
            return f()

        @property
        def field(self) -> int:
            self.fails()
            return 1

        def __iter__(self) -> Any:
            self.fails()

    bare, clock, kept = Failing(), Now(), []
    lent, revoke = revocable(bare)

    def ends() -> None:
        revoke()
        clock.now = 100.0
        for guests in kept:
            guests()

    hub: Any = expiring(bare, seconds=5, clock=clock) if policy == "expiring" else lent
    hub = bare if policy == "guests" else hub
    setup = "hub, revoke = revocable(hub)\nkeep(revoke)\n" if policy == "guests" else ""
    source = f"{setup}r = ''\ntry: {FAILS[name]}\nexcept Exception as e: r = str(e)\nr"
    said = run(source, isolation, hub=hub, keep=kept.append)
    assert said.endswith(("it was revoked", "it has expired"))


class Busy(Capability):
    """Works on an answer when it is told to end, and does what hosts do then."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def ends(self) -> None:
        await asyncio.sleep(9)

    async def shields(self) -> str:
        return await asyncio.shield(self.ends_later())

    def gives_a_shield(self) -> Any:
        return asyncio.shield(self.ends_later())

    def ends_later(self) -> Any:
        async def work() -> str:
            await asyncio.sleep(0.3)
            self.done.append("work")
            return "made"

        self.task = asyncio.ensure_future(work())
        return self.task

    async def goes_on(self) -> str:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
        self.done.append("work")
        return "made"

    async def fails(self) -> None:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            self.done.append("work")
            raise ValueError("half of it") from None


#: Of each: how its use ends where the turn does, and what it has done some time later.
OUTLIVED = {
    "ends": ("Unanswered", []),
    "shields": ("Unanswered", ["work"]),
    "gives_a_shield": ("Unanswered", ["work"]),
    "goes_on": ("ok", ["work"]),
    "fails": ("ValueError", ["work"]),
}


@TIERS
@pytest.mark.parametrize("end", ["cancel", "seconds"])
@pytest.mark.parametrize("name", OUTLIVED)
def test_a_use_that_outlives_its_turn_is_told_as_it_ended(name: str, end: str, isolation: Any) -> None:
    busy, told = Busy(), []
    limits = capcompiler.Limits(seconds=0.2) if end == "seconds" else None

    async def go() -> None:
        world = Compartment({"busy": busy}, isolation=isolation, limits=limits, on_use=told.append)
        if end == "cancel":
            asyncio.get_running_loop().call_later(0.2, world.cancel, "over")
        with pytest.raises(CapError, match="over" if end == "cancel" else "seconds"):
            await world.exec_async(f"await busy.{name}()")
        assert len(told) == 1
        await asyncio.sleep(0.2)

    asyncio.run(go())
    outcome, done = OUTLIVED[name]
    assert [use.outcome for use in told] == [outcome]
    assert busy.done == done
    if outcome == "Unanswered":
        assert isinstance(told[0].error.__cause__, CapError)


@TIERS
def test_what_a_coroutine_of_the_guests_waits_for_as_its_turn_ends_is_told_as_it_ends(
    isolation: Any,
) -> None:
    class Runner(Busy):
        def runs(self, coroutine: Any) -> None:
            async def work() -> None:
                await coroutine

            self.running = asyncio.ensure_future(work())

        async def soon(self) -> None:
            await asyncio.sleep(0.02)

        async def works(self) -> str:
            return str(await self.ends_later())

    runner, told = Runner(), []
    source = "async def c(): return await runner.works()\nrunner.runs(c())\nawait runner.soon()"

    async def go() -> None:
        with Compartment(
            {"runner": runner}, isolation=isolation, on_use=lambda u: told.append((u.path, u.outcome))
        ) as world:
            await world.exec_async(source)
            assert ("runner.works", "RuntimeError") not in told
            with pytest.raises(CapError, match="is over"):
                await runner.running

    asyncio.run(go())
    assert runner.done == ["work"]
    assert told == [("runner.runs", "ok"), ("runner.soon", "ok"), ("runner.works", "ok")]


@TIERS
def test_an_answer_that_comes_after_its_time_ends_the_turn(isolation: Any) -> None:
    busy, got = Busy(), []

    async def go() -> None:
        limits = capcompiler.Limits(seconds=0.2)
        with Compartment({"busy": busy, "got": got.append}, isolation=isolation, limits=limits) as world:
            await world.exec_async("got(await busy.goes_on())")

    with pytest.raises(capcompiler.LimitExceeded, match="seconds"):
        asyncio.run(go())
    assert busy.done == ["work"]
    assert got == []


#: Handed on and awaited by nobody: told at the end of the turn, once.
DROPPED = {
    "kept": "taker.keeps(net.later('x'))",
    "sealed": "seal, unseal = seal_pair()\nb = seal(net.later('x'))",
    "refused": "try: taker.wants_text(net.later('x'))\nexcept Exception: pass",
    "granted": "try: cap_exec('1', {'p': net.later('x')})\nexcept Exception: pass",
    "dropped": "net.later('x')\nNone",
}


@TIERS
@pytest.mark.parametrize("name", DROPPED)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_what_nobody_awaits_is_told_once(name: str, isolation: Any) -> None:
    told: list[Any] = []
    run(DROPPED[name], isolation, lambda u: told.append((u.path, u.outcome)), net=Net(), taker=Taker())
    assert [use for use in told if use[0].startswith("net.")] == [("net.later", "RuntimeError")]
    gc.collect()  # what was handed on as it is, and dropped, warns as Python's does


def test_a_log_is_told_of_what_nobody_awaits() -> None:
    told: list[Any] = []
    hub = logged(Hub(), lambda use: told.append((use.path, use.outcome)))
    run("hub.start('x')\nNone", "inline", hub=hub)
    assert told == [("start", "RuntimeError")]


#: A use of `hub`, which is under a log, that was carried out and whose answer nobody waits for: by the
#: guest, by who was handed it, and by the host's code itself.
UNANSWERED = {
    "dropped": "hub.start('x')\nNone",
    "kept-by-another": "bare.keep(hub.start('x'))",
    "kept-and-back": "bare.keep(hub.start('x'))\nbare.back()\nNone",
    "sealed": "seal, unseal = seal_pair()\nb = seal(hub.start('x'))",
    "granted": "try: cap_exec('1', {'p': hub.start('x')})\nexcept Exception: pass",
    "of-a-child": "try: cap_exec('hub.start(\"x\")', {'hub': hub})\nexcept Exception: pass",
    "of-the-host": "bare.uses(hub)",
    "of-the-host-by-a-method": "bare.calls(hub.start)",
    "of-a-callback": "bare.calls(lambda x: hub.start(x))",
}


@TIERS
@pytest.mark.parametrize("whose", ["hosts", "guests"])
@pytest.mark.parametrize("name", UNANSWERED)
def test_a_log_is_told_of_what_was_done_and_not_waited_for(
    name: str, whose: str, isolation: Any
) -> None:
    class User(Hub):
        def uses(self, k: Any) -> None:
            k.start("x")

        def calls(self, f: Any) -> None:
            f("x")

    bare, other, told = User(), User(), []
    hub: Any = other
    setup = "told = []\nhub = logged(hub, lambda line: told.append(line))\n"
    if whose == "hosts":
        hub = logged(other, lambda use: told.append(f"{use.path}('{use.args[0]}'): {use.outcome}"))
        setup = "told = []\n"

    async def go() -> None:
        with Compartment({"hub": hub, "bare": bare}, isolation=isolation) as world:
            await world.exec_async(setup + UNANSWERED[name])
            told.extend(world.eval("told"))

    asyncio.run(go())
    assert other.done == ["x"]
    assert told == ["start('x'): RuntimeError"]


@TIERS
def test_a_log_is_told_of_what_a_lent_function_did_and_was_not_waited_for(isolation: Any) -> None:
    class Caller(Hub):
        def calls(self, f: Any) -> None:
            f("x")

    told: list[str] = []
    bare = Hub()
    hub = logged(Caller(), lambda use: told.append(f"{use.path}: {use.outcome}"))
    run("hub.calls(bare.start)", isolation, hub=hub, bare=bare)
    assert bare.done == ["x"]
    assert told == ["calls: ok", "calls.callback: RuntimeError"]


@TIERS
def test_a_log_of_the_guests_spends_its_turn_to_the_end(isolation: Any) -> None:
    source = (
        "def told(line):\n    hub.start('again')\n"
        "hub = logged(hub, told)\nhub.start('x')\n"
    )  # each that is dropped makes one more
    bare = Hub()
    with pytest.raises(capcompiler.LimitExceeded, match="steps"):
        run(source, isolation, limits=capcompiler.Limits(steps=5_000), hub=bare)
    assert len(bare.done) > 2


@TIERS
def test_a_task_is_made_of_what_is_under_a_policy(isolation: Any) -> None:
    told: list[Any] = []
    source = "bare.keep(5)\nawait hub.makes_a_task(bare.later_back())"
    bare = Hub()
    hub = quota(bare, calls=9)
    assert run(source, isolation, lambda u: told.append(u.path), hub=hub, bare=bare) == 5
    assert sorted(told) == ["bare.keep", "bare.later_back", "hub.makes_a_task"]


@TIERS
@pytest.mark.parametrize("source", [
    "def give(): return quota(fs, calls=99)\ncap_exec(\"give().read_text('a')\", {'give': give})",
    "def give(): return quota(fs, calls=99).read_text\ncap_exec(\"give()('a')\", {'give': give})",
    "def give():\n    global fs\n    f, fs = fs, None\n    return f\ncap_exec(\"give().read_text('a')\", {'give': give})",
    "class Log(Capability):\n    def info(self): return only(fs, 'read_text').read_text\n"
    "cap_exec(\"log.info()('a')\", {'log': Log()})",
    "def give(): return fs\nlent = quota(give, calls=9)\ncap_exec(\"lent().read_text('a')\", {'lent': lent})",
    "def give(): return readonly(fs)\ncap_exec(\"cap_exec('x().read_text(\\\\'a\\\\')', {'x': give})\", {'give': give})",
])  # fmt: skip
def test_no_name_that_a_guest_gives_is_the_path_of_a_use(source: str, isolation: Any) -> None:
    told: list[str] = []
    fs = MemoryDir({"a": "A"})
    Compartment({"fs": fs}, isolation=isolation, on_use=lambda u: told.append(u.path)).exec(source)
    assert told == ["fs.read_text"]


@TIERS
@pytest.mark.parametrize(("source", "place"), [
    ("x = 1\nfs.list()", ("main.py", 2)),
    ("exec(compile('\\n\\nfs.list()', 'other.py', 'exec'))", ("main.py > other.py", 3)),
    ("exec(compile('\\nfs.list()', 'lib/x.py', 'exec'))", ("main.py > lib/x.py", 2)),
    ("cap_exec('\\nfs.list()', {'fs': fs}, filename='kid.py')", ("main.py > kid.py", 2)),
    ("exec(compile(\"def f():\\n fs.list()\", 'a\\nb', 'exec'))\nf()", (r"main.py > a\nb", 2)),
    ("import functools\nlist(map(functools.partial(fs.list), ['.']))", ("main.py", 2)),
])  # fmt: skip
def test_no_guest_signs_as_another(source: str, place: tuple[str, int], isolation: Any) -> None:
    told: list[Any] = []
    with Compartment(
        {"fs": MemoryDir({"a": "A"})},
        isolation=isolation,
        on_use=lambda u: told.append((u.filename, u.line)),
    ) as world:
        world.exec(source, filename="main.py")
    assert told == [place]


@TIERS
def test_another_guests_function_is_told_to_who_calls_it(isolation: Any) -> None:
    hub, told = Hub(), []
    with (
        Compartment({"hub": hub}, isolation=isolation) as one,
        Compartment({"hub": hub}, isolation=isolation, on_use=lambda u: told.append(u.path)) as two,
    ):
        one.exec("hub.keep(lambda: 5)")
        two.exec("g = hub.back()\ncap_exec('g()', {'g': g})")
    assert told == ["hub.back", "hub.back"]


# What it costs


@TIERS
def test_many_that_nobody_awaits_cost_no_more_each(isolation: Any) -> None:
    # By steps the same as ever; a list that was made anew for each took minutes for these.
    with Compartment({"hub": Hub()}, isolation=isolation) as world:
        asyncio.run(world.exec_async("l = [hub.work('x') for i in range(20_000)]\nl.clear()"))


@TIERS
def test_a_use_costs_steps_for_each_attenuator(isolation: Any) -> None:
    def steps(deep: int) -> int:
        hub: Any = MemoryDir({"a": "A"})
        for _i in range(deep):
            hub = quota(hub, calls=9999)
        return cap_exec(
            "for i in range(100): hub.exists('a')", {"hub": hub}, isolation=isolation
        ).usage.steps

    none, one, ten = steps(0), steps(1), steps(10)
    assert one - none >= 100 * 50
    assert ten - none >= 10 * (one - none) - 1000


#: Special methods of a guest's class, as a guest writes them and as Python does.
SPECIAL = """
class K{base}:
    def __call__(self): return 'called'
    def __len__(self): return 2
    def __getitem__(self, i):
        if i < 2: return 'ab'[i]
        raise IndexError
    def __contains__(self, x): return x == 'c'
    def __iter__(self): return {letters}
    def __enter__(self): return 'in'
    def __exit__(self, *error): return None
    def __bool__(self): return False
    def __int__(self): return 5
    def __index__(self): return 1
    def __float__(self): return 2.5
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __add__(self, other): return 'sum'
    def __radd__(self, other): return 'reflected'
"""
NAMES = [
    f"__{n}__"
    for n in "call len getitem contains iter enter exit bool int index float eq lt add radd".split()
]
OF_ALL = f"(Capability, special={' '.join(NAMES)!r})"
GUESTS = SPECIAL.format(base=OF_ALL, letters="['a', 'b']")
ASKED_OF_IT = """
def outcome(f):
    try: return f()
    except TypeError: return 'TypeError'
    except IndexError: return 'IndexError'
def within():
    with x as y: return y
found = [callable(x)] + [outcome(f) for f in (
    lambda: x(), lambda: len(x), lambda: bool(x), lambda: list(x), lambda: 'a' in x, lambda: 'c' in x,
    lambda: x[0], lambda: x[7], lambda: int(x), lambda: float(x), lambda: complex(x), lambda: range(9)[x],
    lambda: x == 1, lambda: x != 1, lambda: x < 1, lambda: 1 > x, lambda: x + 1, lambda: 1 + x, lambda: [*x],
    lambda: next(iter(x)), lambda: max(x), lambda: list(reversed(x)), lambda: '%d' % x, lambda: not x, within,
    lambda: x == x, lambda: {x: 1}[x], lambda: -x, lambda: x - 1, lambda: x > 1)]
"""


def chosen(bits: int) -> list[str]:
    return [n for i, n in enumerate(NAMES) if bits * 2654435761 >> i & 1]


@pytest.mark.parametrize("bits", range(1, 60))
def test_what_a_guest_chose_acts_as_an_object_with_just_these_methods(bits: int) -> None:
    names = chosen(bits)
    plain: dict[str, Any] = {}
    exec(SPECIAL.format(base="", letters="iter('ab')"), plain)
    for name in set(NAMES) - set(names):
        if name in vars(plain["K"]):
            delattr(plain["K"], name)
    if "__hash__" in vars(plain["K"]) and plain["K"].__hash__ is None:
        plain["K"].__hash__ = object.__hash__  # a capability is hashed by its identity
    theirs = {"x": plain["K"]()}
    exec(ASKED_OF_IT, theirs)
    source = f"{GUESTS}x = cap_exec({ASKED_OF_IT!r}, {{'x': only(K(), *{names!r})}})['found']"
    assert cap_exec(source)["x"] == theirs["found"], names


def test_no_guest_leaves_classes_behind() -> None:
    from capcompiler.attenuation import policy
    from capcompiler.membrane import reference

    source = (
        f"{GUESTS}"
        f"k, names = K(), {NAMES!r}\n"
        "for b in range(1, 700):\n    only(k, *[n for i, n in enumerate(names) if b >> i & 1])\n"
    )
    before = len(reference._classes)
    for _ in range(2):
        cap_exec(source)
    assert len(reference._classes) <= before + 4
    gc.collect()
    assert len(policy._classes) < 100


# What the host's code does meanwhile


class Account(Capability):
    def __init__(self, amount: int) -> None:
        self.amount = amount

    def add(self, amount: int) -> None:
        self.amount += amount


class Bank(Capability):
    """A host's capability that uses others, under attenuators, and takes back what it cannot finish."""

    def __init__(self) -> None:
        self.one, self.two = Account(1000), Account(0)
        self.first, self.second = (logged(a, lambda use: None) for a in (self.one, self.two))

    def transfer(self, amount: int) -> None:
        self.second.add(amount)
        try:
            self.first.add(-amount)
        except Exception:
            self.second.add(-amount)
            raise


@TIERS
def test_no_budget_ends_in_the_midst_of_what_the_host_does(isolation: Any) -> None:
    bank = Bank()
    source = (
        "for steps in range(1, 200, 7):\n"
        "    try: cap_exec('bank.transfer(10)', {'bank': bank}, limits=Limits(steps=steps))\n"
        "    except Exception: pass\n"
    )
    cap_exec(source, {"bank": bank}, isolation=isolation)
    assert bank.one.amount + bank.two.amount == 1000
    assert bank.two.amount > 0


@TIERS
@pytest.mark.parametrize("told", [False, True])
@pytest.mark.filterwarnings("ignore:coroutine")
def test_no_answer_is_handed_on_for_ever(told: bool, isolation: Any) -> None:
    class Echo(Capability):
        def __init__(self) -> None:
            self.done: list[str] = []

        async def slow(self) -> None:
            self.done.append("slow")

        def echo(self, c: Any) -> Any:
            return c

    bare = Echo()
    source = "c = hub.slow()\nfor i in range(3_000): c = hub.echo(c)"

    async def go() -> Any:
        on_use = (lambda use: None) if told else None
        with Compartment(
            {"hub": quota(bare, calls=10_000)}, isolation=isolation, on_use=on_use
        ) as world:
            with pytest.raises(CapError, match="handed on more than"):
                await world.exec_async(source)
            return (await world.exec_async("6 * 7")).value  # it is not locked

    assert asyncio.run(go()) == 42
    assert bare.done == []
    gc.collect()


@TIERS
@pytest.mark.filterwarnings("ignore:coroutine")
def test_coroutines_in_coroutines_are_taken_apart_on_a_small_stack(isolation: Any) -> None:
    class Nest(Capability):
        async def slow(self) -> None: ...

        async def awaits(self, c: Any) -> None:
            await c

    result: list[Any] = []

    def work() -> None:
        result.append(
            run(
                "c = hub.slow()\nfor i in range(20_000): c = hub.awaits(c)\nc = None\n1",
                isolation,
                hub=Nest(),
            )
        )

    size = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert result == [1]
    gc.collect()  # they warn that nobody has awaited them


@TIERS
@pytest.mark.filterwarnings("ignore:coroutine")
def test_what_was_told_as_never_awaited_is_not_done_later(isolation: Any) -> None:
    bare, told = Hub(), []
    run(
        "hub.keep(bare.work('evil'))",
        isolation,
        lambda u: told.append((u.path, u.outcome)),
        hub=bare,
        bare=bare,
    )

    async def later() -> None:
        await bare.kept

    with pytest.raises(RuntimeError, match="already awaited"):
        asyncio.run(later())
    assert bare.done == []
    assert told == [("hub.keep", "ok"), ("hub.work", "RuntimeError")]


@TIERS
def test_a_child_that_is_called_from_outside_signs_as_a_child(isolation: Any) -> None:
    told: list[Any] = []
    bare = Hub()
    with Compartment(
        {"hub": bare, "fs": MemoryDir({"a": "A"})},
        isolation=isolation,
        on_use=lambda u: told.append((u.path, u.filename, u.line)),
    ) as world:
        world.exec(
            "ns = cap_exec('\\ndef f(): fs.list()', {'fs': fs}, filename='mail.py')\nhub.keep(ns['f'])"
        )
        bare.kept()
    assert told[-1] == ("fs.list", "<guest> > mail.py", 2)


@TIERS
def test_what_attenuators_copy_while_a_guest_waits_is_paid_for(isolation: Any) -> None:
    class Big(Capability):
        async def big(self) -> list[Any]:
            return [0] * 10_000

    hub: Any = Big()
    for _i in range(50):
        hub = quota(hub, calls=9999)

    async def go() -> int:
        with Compartment({"hub": hub}, isolation=isolation) as world:
            await world.exec_async("x = await hub.big()")
            return world.usage.steps

    assert asyncio.run(go()) >= 50 * 10_000


@TIERS
@pytest.mark.parametrize("inner", ["inline", "process"])
def test_a_guest_that_another_pays_for_is_paid_for_once(inner: Any, isolation: Any) -> None:
    fs = quota(MemoryDir({"a": "A"}), calls=9999)
    within: list[int] = []

    def go() -> None:
        with Compartment({"fs": fs}, isolation=inner) as world:
            world.exec("for i in range(100): fs.exists('a')")
            within.append(world.usage.steps)

    used = cap_exec("go()", {"go": go}, isolation=isolation).usage.steps
    assert within[0] >= 5_000
    assert within[0] <= used <= within[0] + 300
