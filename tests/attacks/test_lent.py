"""What a guest lends to a host through a capability that is taken back: functions in every dress.

A guest passes something of its own; the host hands that a part of itself. However it was passed, and
whatever was put over it or over the capability, the part is obtained through what was revoked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    GuestError,
    LimitExceeded,
    Limits,
    cap_exec,
    cap_exec_async,
    register_dataclass,
)
from stdlib_caps import expiring, logged, quota, rate_limited, readonly, revocable, seal_pair


@register_dataclass
@dataclass
class Ring:
    call: Any


class Part(Capability):
    def read(self) -> str:
        return "secret"


class Hub(Capability, read="part"):
    """Hands its part to whatever it is given."""

    def __init__(self) -> None:
        self.part = Part()
        self.kept: Any = None

    def call(self, f: Any) -> Any:
        return f(self.part)

    def nested(self, f: Any) -> Any:
        return f({"a": [(self.part,)]})

    def by_name(self, f: Any) -> Any:
        return f(part=self.part)

    def first(self, fs: Any) -> Any:
        return next(iter(fs))(self.part)

    def attribute(self, k: Any) -> Any:
        return k.take(self.part)

    def keeps(self, k: Any) -> None:
        k.keep(self.part)

    def listed(self, k: Any) -> Any:
        return k.takes[0](self.part)

    def made(self, f: Any) -> Any:
        return f()(self.part)

    def made_in(self, f: Any) -> Any:
        return f()["x"][0](self.part)

    def made_twice(self, f: Any) -> Any:
        return f()()(self.part)

    def made_by_part(self, f: Any) -> Any:
        return f(1)(self.part)

    def opened(self, box: Any, unseal: Any) -> Any:
        return unseal(box)(self.part)

    def back_at_once(self, x: Any) -> Any:
        return x

    def ring(self, r: Ring) -> Any:
        return r.call(self.part)

    def a_ring(self) -> Ring:
        return Ring(self.part)

    def keep(self, f: Any) -> None:
        self.kept = f

    def back(self) -> Any:
        return self.kept

    def fire(self) -> Any:
        return self.kept(self.part)

    async def awaits(self, c: Any) -> Any:
        return (await c)(self.part)

    async def awaits_first(self, c: Any) -> Any:
        return (await c)[0](self.part)

    async def calls(self, f: Any) -> Any:
        return await f(self.part)

    async def calls_made(self, f: Any) -> Any:
        return (await f(1))(self.part)


#: Each puts what it got into `got`.
LENT = {
    "a-function": "hub.call(got.append)",
    "a-lambda": "hub.call(lambda p: got.append(p))",
    "a-class": "class K:\n    def __init__(self, p): got.append(p)\nhub.call(K)",
    "an-instance": "class K:\n    def __call__(self, p): got.append(p)\nhub.call(K())",
    "a-bound-method": "class K:\n    def take(self, p): got.append(p)\nhub.call(K().take)",
    "a-partial": "import functools\nhub.call(functools.partial(got.insert, 0))",
    "by-its-result": "got.append(hub.call(lambda p: p))",
    "by-its-result-in-a-list": "got.extend(hub.call(lambda p: [p]))",
    "handed-in-a-nest": "hub.nested(lambda d: got.append(d['a'][0][0]))",
    "handed-by-name": "hub.by_name(lambda part: got.append(part))",
    "handed-by-any-name": "hub.by_name(lambda **k: got.append(k['part']))",
    "in-a-list": "hub.first([got.append])",
    "in-a-tuple": "hub.first((got.append,))",
    "as-a-key": "hub.first({(lambda p: got.append(p)): 1})",
    "in-a-set": "hub.first({lambda p: got.append(p)})",
    "of-a-capability": "class K(Capability):\n    def take(self, p): got.append(p)\nhub.call(K().take)",
    "made-by-it": "hub.made(lambda: lambda p: got.append(p))",
    "made-by-it-in-a-dict": "hub.made_in(lambda: {'x': [lambda p: got.append(p)]})",
    "made-by-what-it-made": "hub.made_twice(lambda: lambda: lambda p: got.append(p))",
    "made-by-it-under-a-quota": "hub.made(lambda: quota(lambda p: got.append(p), calls=5))",
    "made-by-a-quota": "hub.made_by_part(quota(lambda n: lambda p: got.append(p), calls=5))",
    "under-only": "hub.call(only(lambda p: got.append(p), '__call__'))",
    "under-a-quota": "hub.call(quota(lambda p: got.append(p), calls=5))",
    "under-a-log": "hub.call(logged(lambda p: got.append(p), print))",
    "under-a-question": "hub.call(confirmed(lambda p: got.append(p), lambda t: True))",
    "under-a-revocable": "hub.call(revocable(lambda p: got.append(p))[0])",
    "under-three": "hub.call(quota(logged(only(got.append, '__call__'), print), bytes=99999))",
    "a-method-under-a-quota": "class K(Capability):\n    def take(self, p): got.append(p)\nhub.call(quota(K(), calls=5).take)",
    "a-capability-under-a-quota": "class K(Capability):\n    def take(self, p): got.append(p)\nhub.attribute(quota(K(), calls=5))",
    "under-a-quota-in-a-list": "hub.first([quota(got.append, calls=5)])",
    "what-was-exposed": "class K:\n    def take(self, p): got.append(p)\nhub.call(expose(K(), 'take').take)",
    "a-field": "hub.ring(Ring(lambda p: got.append(p)))",
    "a-field-under-a-quota": "hub.ring(Ring(quota(got.append, calls=5)))",
    "a-field-of-a-result": "got.append(hub.a_ring().call)",
    "kept": "hub.keep(lambda p: got.append(p))\nhub.fire()",
    "kept-under-a-quota": "hub.keep(quota(lambda p: got.append(p), calls=9))\nhub.fire()",
    "kept-and-home": "f = lambda p: got.append(p)\nhub.keep(f)\nassert hub.back() is f\nhub.call(hub.back())",
    "kept-and-home-under-a-quota": "f = quota(got.append, calls=9)\nhub.keep(f)\nassert hub.back() is f\nhub.call(hub.back())",
    "kept-and-home-by-another-door": "hub.keep(quota(got.append, calls=9))\nhub.call(bare.back())",
    "a-function-of-the-hosts": "hub.call(bare.keep)\ngot.append(bare.back())",
    "a-function-of-the-hosts-in-a-list": "hub.first([bare.keep])\ngot.append(bare.back())",
    "a-function-of-the-hosts-under-a-quota": "hub.call(quota(bare.keep, calls=9))\ngot.append(bare.back())",
    "a-function-of-the-hosts-made-by-it": "hub.made(lambda: bare.keep)\ngot.append(bare.back())",
    "a-function-of-the-hosts-in-a-field": "hub.ring(Ring(bare.keep))\ngot.append(bare.back())",
    "a-function-of-the-hosts-kept": "hub.keep(bare.keep)\nhub.fire()\ngot.append(bare.back())",
    "a-function-of-the-hosts-sealed": "seal, unseal = seal_pair()\nhub.opened(seal(bare.keep), unseal)\ngot.append(bare.back())",
    "a-function-of-the-hosts-over-a-quota": "quota(hub, calls=99).call(bare.keep)\ngot.append(bare.back())",
    "a-function-of-the-hosts-by-a-coroutine": "async def c(): return bare.keep\nawait hub.awaits(c())\ngot.append(bare.back())",
    "part-and-home": "hub.call(got.append)\nfor i in range(200): got[0] = hub.back_at_once(got[0])",
    "kept-and-home-by-another-door-too": "f = quota(got.append, calls=9)\nhub.keep(f)\nassert bare.back() is f\nhub.call(bare.back())",
    "a-sealer": "seal, unseal = seal_pair()\ngot.append(unseal(hub.call(seal)))",
    "a-sealer-under-a-quota": "seal, unseal = seal_pair()\ngot.append(unseal(hub.call(quota(seal, calls=5))))",
    "a-box-that-it-kept": "seal, unseal = seal_pair()\ndef f(p): return seal(p)\ngot.append(unseal(hub.call(f)))",
    "a-function-of-a-child": "hub.call(cap_exec('def f(p): keep(p)', {'keep': lambda p: got.append(p)})['f'])",
    "a-child-that-calls": "ns = cap_exec('o = []\\nhub.call(lambda p: o.append(p))\\ndef g(): return o[0]', {'hub': hub})\ngot.append(ns['g']())",
    "a-child-with-a-quota": "ns = cap_exec('o = []\\nquota(hub, calls=9).call(quota(o.append, calls=9))\\ndef g(): return o[0]', {'hub': hub})\n"
    "got.append(ns['g']())",
    "an-attribute": "got.append(hub.part)",
    "over-a-quota": "quota(hub, calls=99).call(got.append)",
    "over-a-log": "logged(hub, print).call(got.append)",
    "over-a-question": "confirmed(hub, lambda t: True).call(got.append)",
    "over-only": "only(hub, 'call').call(got.append)",
    "over-two": "quota(logged(hub, print), bytes=99999).call(got.append)",
    "over-two-in-the-other-order": "logged(quota(hub, bytes=99999), print).call(got.append)",
    "over-and-under-a-quota": "quota(hub, calls=99).call(quota(got.append, calls=99))",
    "over-another-revocable": "revocable(hub)[0].call(revocable(got.append)[0])",
    "over-a-quota-and-made": "quota(hub, calls=99).made(lambda: lambda p: got.append(p))",
    "a-coroutine": "async def c(): return lambda p: got.append(p)\nawait hub.awaits(c())",
    "a-coroutine-of-a-list": "async def c(): return [lambda p: got.append(p)]\nawait hub.awaits_first(c())",
    "a-coroutine-of-a-quota": "async def c(): return quota(got.append, calls=5)\nawait hub.awaits(c())",
    "a-coroutine-function": "async def c(p): got.append(p)\nawait hub.calls(c)",
    "a-coroutine-function-by-its-result": "async def c(p): return p\ngot.append(await hub.calls(c))",
    "a-coroutine-function-that-makes": "async def c(n): return lambda p: got.append(p)\nawait hub.calls_made(c)",
    "an-awaitable-that-is-called": "class K:\n    def __await__(self): yield\n    def __call__(self, p): got.append(p)\nhub.call(K())",
    "a-coroutine-over-a-quota": "async def c(): return lambda p: got.append(p)\nawait quota(hub, calls=99).awaits(c())",
}  # fmt: skip

#: What else is over the capability, by the host: inside of what takes it back, and outside.
OVER: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "alone": (lambda c: c, lambda c: c),
    "over-a-quota": (lambda c: quota(c, calls=10**6), lambda c: c),
    "under-a-log": (lambda c: c, lambda c: logged(c, lambda use: None)),
    "between": (lambda c: expiring(c, seconds=1000), lambda c: rate_limited(c, 10**6, 1)),
}


def taken_back(lent: str, hub: Any, revoke: Any, isolation: Any, setup: str = "") -> None:
    source = (
        f"{setup}\ngot = []\n{lent}\nassert len(got) == 1\nok = got[0].read()\nrevoke()\ngot[0].read()"
    )
    caps = {"hub": hub, "revoke": revoke, "bare": BARE.get(id(hub), hub), "Ring": Ring}
    with pytest.raises(CapabilityError, match="revoked"):
        asyncio.run(cap_exec_async(source, caps, isolation=isolation))


BARE: dict[int, Any] = {}


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("name", LENT)
def test_what_a_guest_takes_back_reaches_what_it_lent(name: str, isolation: Any) -> None:
    setup = "bare = hub\nhub, revoke = revocable(bare)"
    taken_back(LENT[name], Hub(), len, isolation, setup)


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("name", LENT)
def test_what_the_host_takes_back_reaches_what_it_lent(name: str, over: str) -> None:
    bare = Hub()
    inside, outside = OVER[over]
    hub, revoke = revocable(inside(bare))
    hub = outside(hub)
    BARE[id(hub)] = bare
    try:
        taken_back(LENT[name], hub, lambda: revoke(), "inline")
    finally:
        BARE.clear()


@pytest.mark.parametrize("name", LENT)
def test_what_the_host_takes_back_from_a_worker_reaches_what_it_lent(name: str) -> None:
    bare = Hub()
    hub, revoke = revocable(bare)
    BARE[id(hub)] = bare
    try:
        taken_back(LENT[name], hub, lambda: revoke(), "process")
    finally:
        BARE.clear()


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_an_answer_that_comes_later_passes_an_attenuator_of_the_guests(isolation: Any) -> None:
    class Slow(Capability):
        def __init__(self) -> None:
            self.done: list[str] = []

        async def work(self, what: str) -> str:
            await asyncio.sleep(0)
            self.done.append(what)
            return what * 2

    slow = Slow()
    source = "told = []\nslow = logged(quota(slow, calls=1), told.append)\nr = [await slow.work('ab')]\n(r, told)"
    value = asyncio.run(cap_exec_async(source, {"slow": slow}, isolation=isolation)).value
    assert value == (["abab"], ["work('ab'): ok 'abab'"]) and slow.done == ["ab"]


class Desk(Capability, reads="back"):
    """Gives out what it was given, and takes in what it is made to fetch."""

    def __init__(self) -> None:
        self.kept: Any = None
        self.got = 0
        self.listeners: list[Any] = []

    def keep(self, f: Any) -> None:
        self.kept = f

    def back(self) -> Any:
        return self.kept

    def text(self, f: Any) -> Any:
        return f("s" * 1000)

    def fetch(self, f: Any) -> None:
        self.got += len(f())

    def look(self, k: Any) -> None:
        self.got += len(k.text)

    async def load(self, c: Any) -> None:
        self.got += len(await c)

    async def load_of(self, f: Any) -> None:
        self.got += len(await f())

    def listen(self, f: Any) -> None:
        self.listeners.append(f)

    def forget(self, f: Any) -> int:
        self.listeners.remove(f)
        return len(self.listeners)

    def give(self, x: Any) -> Any:
        return x


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("lent", ["f", "quota(f, calls=9)", "expose(f)", "K().take"])
def test_what_one_guest_lent_is_to_another_obtained(lent: str, isolation: Any) -> None:
    hub, revoke = revocable(Desk())
    source = f"""
class K(Capability):
    def take(self): return 1
def f(): return 1
hub.keep({lent})
"""
    with Compartment({"hub": hub}, isolation=isolation) as one:
        one.exec(source)
        with Compartment({"hub": hub}, isolation=isolation) as other:
            other.exec("g = hub.back()\nassert g() == 1")
            revoke()
            with pytest.raises(CapabilityError, match="revoked"):
                other.exec("g()")


def test_what_one_child_lent_is_to_another_obtained() -> None:
    source = """
lent, revoke = revocable(hub)
one = cap_exec("hub.keep(lambda: 1)", {"hub": lent})
other = cap_exec("g = hub.back(); use = lambda: g()", {"hub": lent})
assert other["use"]() == 1
revoke()
other["use"]()
"""
    with pytest.raises(CapabilityError, match="revoked"):
        cap_exec(source, {"hub": Desk()})


def test_what_was_obtained_and_is_lent_is_under_the_policy_twice() -> None:
    """Something obtained is handed in again: what the host calls it with is obtained as well."""
    hub = Hub()
    first, _ = revocable(hub)
    second, revoke = revocable(hub)
    one, other = Compartment({"hub": first}), Compartment({"hub": second})
    one.exec("got = []\nhub.keep(got.append)")
    other.exec("hub.call(hub.back())")
    assert one.eval("got[0].read()") == "secret"
    revoke()
    with pytest.raises(CapabilityError, match="revoked"):
        one.eval("got[0].read()")


@pytest.mark.parametrize(
    ("kept", "lent"),
    [
        ("keep", "hub.call(hub.back())"),
        ("keep", "hub.call(quota(hub.back(), calls=9))"),
        ("", "hub.keeps(hub.back())"),
        ("", "hub.keeps(quota(hub.back(), calls=9))"),
        ("", "hub.keeps(quota(other, calls=9))"),
        ("", "hub.call(hub.back().keep)"),
    ],
)
def test_what_is_the_hosts_and_was_obtained_is_lent(kept: str, lent: str) -> None:
    hub, other = Hub(), Hub()
    hub.kept = getattr(other, kept) if kept else other
    limited, revoke = revocable(hub)
    source = f"""
{lent}
part = other.back()
assert part.read() == "secret"
revoke()
part.read()
"""
    with pytest.raises(CapabilityError, match="revoked"):
        cap_exec(source, {"hub": limited, "other": other, "revoke": revoke})


def test_what_is_handed_in_and_back_is_not_taken_for_what_is_beneath() -> None:
    class Called(Capability):
        def __call__(self) -> int:
            return 1

    class Giver(Hub):
        def part_of(self) -> Any:
            return called

    called = Called()
    hub, revoke = revocable(Giver())
    source = """
f = hub.part_of()
again = hub.back_at_once(f)
assert again is f and again is not bare and again() == 1
revoke()
again()
"""
    with pytest.raises(CapabilityError, match="revoked"):
        cap_exec(source, {"hub": hub, "bare": called, "revoke": revoke})


def test_what_one_guest_lent_is_no_more_to_another_under_readonly() -> None:
    desk = Desk()
    one, other = Compartment({"hub": desk}), Compartment({"hub": readonly(desk)})
    one.exec("done = []\ndef f(): done.append(1)\nhub.keep(f)")
    other.exec("g = hub.back()\nassert not callable(g)")
    assert one.eval("done") == []


#: Each carries a thousand bytes past a quota of fifty.
CARRIED = {
    "a-function": "desk.fetch(lambda: 'x' * 1000)",
    "a-coroutine": "async def c(): return 'x' * 1000\nawait desk.load(c())",
    "a-coroutine-function": "async def c(): return 'x' * 1000\nawait desk.load_of(c)",
    "an-attribute": "class K: text = 'x' * 1000\ndesk.look(K())",
    "an-attribute-that-was-exposed": "class K: text = 'x' * 1000\ndesk.look(expose(K(), read='text'))",
    "a-sealer": "seal, unseal = seal_pair()\nunseal(desk.text(seal))",
    "a-sealer-under-a-log": "seal, unseal = seal_pair()\nunseal(desk.text(logged(seal, print)))",
    "a-function-of-the-hosts": "desk.text(bare.keep)\nbare.back()",
    "a-zone": "import datetime as d\ndesk.give(d.timezone(d.timedelta(0), 'x' * 1000))",
    "a-time-in-a-zone": "import datetime as d\ndesk.give([d.time(1, tzinfo=d.timezone(d.timedelta(0), 'x' * 1000))])",
    "a-moment-in-a-zone": "import datetime as d\ndesk.give({1: d.datetime(1, 1, 1, tzinfo=d.timezone(d.timedelta(0), 'x' * 1000))})",
}  # fmt: skip


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("whose", ["the host's", "the guest's"])
@pytest.mark.parametrize("name", CARRIED)
def test_bytes_count_however_they_are_carried(name: str, whose: str, isolation: Any) -> None:
    desk, source = Desk(), CARRIED[name]
    caps: dict[str, Any] = {"desk": desk, "bare": desk}
    if whose == "the host's":
        caps["desk"] = quota(desk, bytes=50)
    else:
        source = f"desk = quota(desk, bytes=50)\n{source}"
    # A worker's attenuator shows the host no attributes of what it lends.
    with pytest.raises(GuestError, match="quota of bytes|AttributeError: desk.look failed"):
        asyncio.run(cap_exec_async(source, caps, isolation=isolation))
    assert desk.got == 0 and desk.kept is None


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("box", ["hub.box()", "hub.boxes()[0]", "unseal(hub.nested())"])
def test_what_the_host_sealed_comes_out_under_the_policy(box: str, isolation: Any) -> None:
    seal, unseal = seal_pair()

    class Vault(Capability):
        def box(self) -> Any:
            return seal(Part())

        def boxes(self) -> Any:
            return [seal([Part()][0])]

        def nested(self) -> Any:
            return seal(seal(Part()))

    hub, revoke = revocable(Vault())
    source = f"part = unseal({box})\nassert part.read() == 'secret'\nrevoke()\npart.read()"
    caps = {"hub": hub, "unseal": unseal, "revoke": revoke}
    with pytest.raises(CapabilityError, match="revoked"):
        cap_exec(source, caps, isolation=isolation)


def test_a_host_forgets_what_is_passed_twice() -> None:
    source = "f = lambda: 1\ndesk.listen(f)\ndesk.listen(print)\nleft = desk.forget(f)"
    over = quota(logged(Desk(), lambda use: None), calls=99)
    assert cap_exec(source, {"desk": over})["left"] == 1


def test_a_function_of_the_hosts_is_handed_what_no_guest_may_hold() -> None:
    class Engine(Capability):
        def run(self, f: Any) -> Any:
            return f(object())

    class Sink(Capability):
        def take(self, x: Any) -> str:
            return type(x).__name__

    caps = {"engine": quota(Engine(), calls=9), "sink": Sink()}
    assert cap_exec("r = engine.run(sink.take)", caps)["r"] == "object"
    with pytest.raises(GuestError, match="neither data nor a capability"):
        cap_exec("engine.run(lambda x: 0)", caps)


#: Each lays one more layer over what a host keeps, each time round.
LAYERS = {
    "a-function": "quota(desk.keep, calls=9)(desk.back())",
    "a-function-in-a-list": "quota(desk, calls=9).keep(desk.back())",
    "a-capability": "quota(bare.keep, calls=9)(desk.back())",
}


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("name", LAYERS)
def test_what_is_passed_again_and_again_has_a_bound_of_layers(name: str, isolation: Any) -> None:
    """Each use walked through all of them: three thousand took minutes, for a few steps each."""

    class Maker(Desk):
        def make(self) -> Any:
            return Part() if name == "a-capability" else (lambda: 1)

    desk = Maker()
    source = f"desk.keep(desk.make())\nfor n in range(200): {LAYERS[name]}"
    with Compartment({"desk": desk, "bare": desk}, isolation=isolation) as world:
        if isolation == "process" and name == "a-capability":
            world.exec(source)  # there it is passed as it is
            assert type(desk.kept) is Part
            return
        with pytest.raises(CapabilityError, match="more than 100 attenuators"):
            world.exec(source)


#: What attenuators copy in the host's time.
COPIED = {
    "boxes-in-boxes": "x = 1\nfor i in range(60): x = (seal(x), seal(x))\ndesk.give(x)",
    "a-box-of-a-list": "x = seal(list(range(100_000)))\nfor i in range(100): desk.give(x)",
    "under-many": "for i in range(98): desk = quota(desk, calls=99)\ndesk.give(list(range(100_000)))",
    "a-box-under-many": "for i in range(98): desk = quota(desk, calls=99)\nx = seal(list(range(100_000)))\ndesk.give(x)",
    "results-under-many": "x = seal(list(range(100_000)))\nf = desk.give\nfor i in range(98): f = quota(f, calls=99)\nf(x)",
}  # fmt: skip


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("name", COPIED)
def test_what_attenuators_copy_is_paid_for(name: str, isolation: Any) -> None:
    source = f"seal, unseal = seal_pair()\n{COPIED[name]}"
    caps = {"desk": quota(Desk(), calls=999)}
    with pytest.raises(LimitExceeded, match="steps"):
        cap_exec(source, caps, limits=Limits(steps=2_000_000), isolation=isolation)


class Asker(Capability):
    def ask(self, f: Callable[..., Any]) -> None:
        for _i in range(5):
            f()

    def hand(self, f: Callable[..., Any]) -> None:
        for _i in range(5):
            f([0] * 10_000)

    def take(self, values: list[Any]) -> None: ...

    def give(self) -> list[Any]:
        return [0] * 10_000


#: What crosses 50,000 elements in all, each under as many attenuators as there are.
CROSSED = {
    "arguments": "for i in range(5): desk.take([0] * 10_000)",
    "results": "for i in range(5): desk.give()",
    "arguments-of-a-callback": "desk.hand(lambda v: None)",
    "results-of-a-callback": "x = [0] * 10_000\ndesk.ask(lambda: x)",
    "what-a-callback-uses": "desk.ask(lambda: desk.give() and None)",
}


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("deep", [0, 1, 10])
@pytest.mark.parametrize("name", CROSSED)
def test_each_attenuator_costs_the_steps_of_what_it_copies(name: str, deep: int, isolation: Any) -> None:
    desk: Any = Asker()
    for _i in range(deep):
        desk = quota(desk, calls=9999)
    steps = cap_exec(CROSSED[name], {"desk": desk}, isolation=isolation).usage.steps
    assert 50_000 * (1 + deep) <= steps <= 51_000 * (1 + deep)
    assert steps == cap_exec(CROSSED[name], {"desk": desk}).usage.steps


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("name", CROSSED)
def test_an_attenuator_of_the_guests_costs_as_much(name: str, isolation: Any) -> None:
    # In a worker a callback under it is a capability that the guest grants, and crosses as one as well.
    copies = 4 if isolation == "process" and name.endswith("-of-a-callback") else 2
    source = f"desk = quota(desk, calls=9999)\n{CROSSED[name]}"
    steps = cap_exec(source, {"desk": Asker()}, isolation=isolation).usage.steps
    assert 50_000 * copies <= steps <= 51_000 * copies


def test_boxes_in_boxes_are_copied_to_a_depth() -> None:
    source = "seal, unseal = seal_pair()\nx = 1\nfor i in range(300): x = seal(x)\ndesk.give(x)"
    with pytest.raises(GuestError, match="nested deeper"):
        cap_exec(source, {"desk": quota(Desk(), calls=9)})
