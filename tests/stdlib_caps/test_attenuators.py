"""Less of a capability: each attenuator, on hosts' capabilities and on guests', in any order."""

from __future__ import annotations

import asyncio
import collections
import datetime
import enum
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    GuestError,
    cap_exec,
    cap_exec_async,
    expose,
)
from stdlib_caps import (
    FrozenClock,
    Log,
    MemoryDir,
    Request,
    confirmed,
    expiring,
    logged,
    only,
    quota,
    rate_limited,
    readonly,
    revocable,
    seal_pair,
)

Attempt = Callable[..., str]


class Part(Capability, reads="value"):
    def __init__(self, n: int) -> None:
        self.n = n

    def value(self) -> int:
        return self.n

    def set(self, n: int) -> None:
        self.n = n

    def deeper(self) -> Part:
        return Part(self.n + 1)


class Whole(Capability, read="label", write="note", reads="get part parts mapping"):
    """Something with all that a capability can have."""

    def __init__(self) -> None:
        self.label = "whole"
        self.note = ""
        self.calls: list[str] = []
        self._part = Part(1)

    def get(self, key: str = "k") -> str:
        self.calls.append("get")
        return f"<{key}>"

    def put(self, text: str) -> int:
        self.calls.append("put")
        return len(text)

    def part(self) -> Part:
        return self._part

    def parts(self) -> list[Part]:
        return [self._part, Part(2)]

    def mapping(self) -> dict[str, Any]:
        return {"part": self._part, "n": [1, (2, self._part)]}

    def tell(self, back: Callable[..., Any]) -> Any:
        return back(self._part)

    def function(self) -> Callable[[], int]:
        return lambda: 5


class Time(Capability):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


# only


def test_only_keeps_what_is_named(attempt: Attempt) -> None:
    caps = {"c": only(Whole(), "get", "label")}
    assert attempt("c.get(), c.label", caps) == "('<k>', 'whole')"
    for gone in ("c.put('x')", "c.part", "c.note", "c.function()"):
        assert attempt(gone, caps).startswith("AttributeError"), gone
    assert attempt("c.label = 'x'", caps).startswith("AttributeError")


def test_only_checks_its_names() -> None:
    with pytest.raises(ValueError, match="'nope' is not offered; there are: .*get"):
        only(Whole(), "nope")
    with pytest.raises(ValueError, match="name the methods"):
        only(Whole())
    with pytest.raises(TypeError, match="names are str"):
        only(Whole(), 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="wanted a capability, got list"):
        only([], "append")
    with pytest.raises(ValueError, match="not offered"):
        only(only(Whole(), "get"), "put")


def test_arguments_are_checked_through_attenuators(attempt: Attempt) -> None:
    for cap in (
        only(Whole(), "put"),
        revocable(Whole())[0],
        logged(Whole(), print),
        quota(Whole(), calls=9),
    ):
        assert (
            attempt("c.put(5)", {"c": cap}) == "TypeError: c.put: argument 1 (text): got int, wanted str"
        )


# readonly


def test_readonly_keeps_what_reads(attempt: Attempt) -> None:
    whole = Whole()
    caps = {"c": readonly(whole)}
    assert (
        attempt("c.get(), c.label, c.part().value(), c.parts()[1].value()", caps)
        == "('<k>', 'whole', 1, 2)"
    )
    for gone in (
        "c.put('x')", "c.tell(print)", "c.function()", "c.part().set(5)", "c.parts()[0].set(5)",
        "c.mapping()['part'].set(5)", "c.mapping()['n'][1][1].set(5)", "c.part().deeper()",
    ):  # fmt: skip
        assert attempt(gone, caps).startswith("AttributeError"), gone
    assert attempt("c.note = 'x'", caps).startswith("AttributeError")
    assert (whole.calls, whole.note, whole._part.n) == (["get"], "", 1)


def test_readonly_of_what_says_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="declared to read only"):
        readonly(print)
    with pytest.raises(ValueError, match="declared to read only"):
        readonly(expose([], "append"))


def test_readonly_of_what_was_exposed(attempt: Attempt) -> None:
    things = [1, 2]
    cap = readonly(expose(things, "append", "__len__", "__getitem__", "__setitem__"))
    assert attempt("len(c), c[0]", {"c": cap}) == "(2, 1)"
    assert attempt("c.append(3)", {"c": cap}).startswith("AttributeError")
    assert attempt("c[0] = 3", {"c": cap}).startswith("TypeError")
    assert things == [1, 2]


# revocable


OBTAINED = {
    "method": "x = c.get\nuse = lambda: x()",
    "part": "x = c.part()\nuse = lambda: x.value()",
    "method of a part": "x = c.part().value\nuse = lambda: x()",
    "part of a part": "x = c.part().deeper().deeper()\nuse = lambda: x.value()",
    "in a list": "x = c.parts()[1]\nuse = lambda: x.value()",
    "in a dict": "x = c.mapping()['part']\nuse = lambda: x.value()",
    "deep in a dict": "x = c.mapping()['n'][1][1]\nuse = lambda: x.value()",
    "function": "x = c.function()\nuse = lambda: x()",
    "handed to a callback": "got = []\nc.tell(got.append)\nx = got[0]\nuse = lambda: x.value()",
    "attribute": "use = lambda: c.label",
    "attribute to set": "def use(): c.note = 'evil'",
    "narrowed": "x = only(c, 'get')\nuse = lambda: x.get()",
    "part narrowed": "x = readonly(c).part()\nuse = lambda: x.value()",
    "sealed": "seal, unseal = seal_pair()\nbox = seal(c.part())\nuse = lambda: unseal(box).value()",
    "kept by a child": "f = cap_exec('def f(): return p.value()', {'p': c.part()})['f']\nuse = lambda: f()",
    "a child's own grant": "x = revocable(c)[0]\nuse = lambda: x.get()",
    "in a closure of a capability": "class K(Capability):\n    def go(self): return c.get()\nk = K()\nuse = lambda: k.go()",
    "narrowed by a child": "x = cap_exec(\"x = only(p, 'value')\", {'p': c.part()})['x']\nuse = lambda: x.value()",
}


@pytest.mark.parametrize("how", OBTAINED)
def test_revocation_reaches_what_was_obtained(how: str) -> None:
    whole = Whole()
    cap, revoke = revocable(whole)
    world = Compartment({"c": cap})
    world.exec(OBTAINED[how])
    world.call("use")
    revoke()
    whole.note = ""
    with pytest.raises(GuestError, match="it was revoked"):
        world.call("use")
    revoke()
    assert whole.note == ""


def test_a_guest_takes_back_what_it_gave() -> None:
    source = (
        "p, revoke = revocable(c)\nkept = cap_exec('def f(): return p.get()', {'p': p})['f']\n"
        "before = kept()\nrevoke()\ntry:\n    kept()\nexcept Exception as e:\n    after = type(e).__name__, str(e)\n"
        "mine = c.get()"
    )
    names = cap_exec(source, {"c": Whole()})
    assert (names["before"], names["mine"]) == ("<k>", "<k>")
    assert "it was revoked" in names["after"][1]


def test_what_is_revoked_during_a_use_gives_nothing() -> None:
    class Slow(Capability):
        def get(self) -> str:
            revoke()
            return "secret"

    cap, revoke = revocable(Slow())
    with pytest.raises(GuestError, match="it was revoked"):
        cap_exec("c.get()", {"c": cap})


def test_the_same_part_is_the_same_thing(attempt: Attempt) -> None:
    cap, _ = revocable(Whole())
    assert attempt("c.part() is c.part(), c.parts()[0] is c.part()", {"c": cap}) == "(True, True)"


def test_a_guests_own_function_comes_home_as_it_was(attempt: Attempt) -> None:
    class Keeper(Capability):
        def keep(self, value: Any) -> Any:
            return value

    for cap in (Keeper(), revocable(Keeper())[0]):
        assert (
            attempt("def f(): pass\nc.keep(f) is f, c.keep([f])[0] is f", {"c": cap}) == "(True, True)"
        )


# expiring, rate_limited


def test_it_expires() -> None:
    clock = Time()
    world = Compartment({"c": expiring(Whole(), seconds=10, clock=clock)})
    world.exec("p = c.part()")
    clock.now = 9.9
    assert world.eval("c.get(), p.value()") == ("<k>", 1)
    clock.now = 10
    for use in ("c.get()", "p.value()", "c.label"):
        with pytest.raises(GuestError, match="it has expired"):
            world.eval(use)


def test_it_expires_at_a_moment() -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for at in (moment, moment.timestamp()):
        before = FrozenClock(moment - datetime.timedelta(seconds=1))
        assert cap_exec("c.get()", {"c": expiring(Whole(), at=at, clock=before)}).value == "<k>"
        with pytest.raises(GuestError, match="expired"):
            cap_exec("c.get()", {"c": expiring(Whole(), at=at, clock=FrozenClock(moment))})


def test_without_a_clock_the_machine_tells_the_time() -> None:
    assert cap_exec("c.get()", {"c": expiring(Whole(), seconds=3600)}).value == "<k>"
    with pytest.raises(GuestError, match="expired"):
        cap_exec("c.get()", {"c": expiring(Whole(), seconds=0)})
    with pytest.raises(GuestError, match="expired"):
        cap_exec("c.get()", {"c": expiring(Whole(), at=0)})


@pytest.mark.parametrize(
    "said",
    [{}, {"seconds": 1, "at": 1}, {"seconds": -1}, {"seconds": float("nan")}, {"seconds": "1"}, {"at": "now"},
     {"at": datetime.datetime(2026, 1, 1)}, {"seconds": True}, {"seconds": float("inf")}, {"seconds": 1, "clock": 5}],
)  # fmt: skip
def test_what_is_no_end_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="expiring"):
        expiring(Whole(), **said)


def test_so_often_and_no_more() -> None:
    clock = Time()
    world = Compartment({"c": rate_limited(Whole(), 3, 10, clock=clock)})
    world.exec("p = c.part()\nc.get()\np.value()")
    for use in ("c.get()", "p.value()", "c.label"):
        with pytest.raises(GuestError, match="more than 3 uses in 10 seconds"):
            world.eval(use)
    clock.now = 10
    assert world.eval("c.get()") == "<k>"


@pytest.mark.parametrize(
    ("calls", "per"), [(0, 1), (-1, 1), (1, 0), (1.5, 1), (True, 1), (1, float("inf")), (1, "1")]
)
def test_what_is_no_rate_is_refused(calls: Any, per: Any) -> None:
    with pytest.raises(ValueError, match="rate_limited"):
        rate_limited(Whole(), calls, per)


def test_guests_attenuate_by_a_clock_that_they_hold(attempt: Attempt) -> None:
    for source in ("expiring(c, seconds=0.001)", "rate_limited(c, 1, 0.001)", "expiring(c, at=0)"):
        assert "pass one that you hold as clock=" in attempt(source, {"c": Whole()})
    clock = Time()
    world = Compartment({"c": Whole(), "clock": clock})
    world.exec(
        "e = expiring(c, seconds=5, clock=clock)\nr = rate_limited(c, 1, 5, clock=clock)\nr.get()"
    )
    assert world.eval("e.get()") == "<k>"
    with pytest.raises(GuestError, match="more than 1 uses"):
        world.eval("r.get()")
    clock.now = 5
    assert world.eval("r.get()") == "<k>"
    with pytest.raises(GuestError, match="expired"):
        world.eval("e.get()")


def test_a_clock_of_the_guests_own_is_asked_in_its_turn(attempt: Attempt) -> None:
    source = (
        "class K(Capability):\n    def time(self): return 1\n    monotonic = time\n"
        "expiring(c, seconds=5, clock=K()).get()"
    )
    assert attempt(source, {"c": Whole()}) == "'<k>'"
    liar = "class K(Capability):\n    def monotonic(self): return 'x'\nexpiring(c, seconds=5, clock=K())"
    assert "no number of seconds" in attempt(liar, {"c": Whole()})


# quota


def test_so_many_calls() -> None:
    world = Compartment({"c": quota(Whole(), calls=3)})
    world.exec("p = c.part()\nc.get()\np.value()")
    for use in ("c.get()", "p.value()"):
        with pytest.raises(GuestError, match="its number of uses is used up"):
            world.eval(use)


def test_so_many_bytes_in_and_out() -> None:
    whole = Whole()
    world = Compartment({"c": quota(whole, bytes=10)})
    assert world.eval("c.put('12345')") == 5
    with pytest.raises(GuestError, match="quota of bytes"):
        world.eval("c.put('äää')")  # six bytes
    assert whole.calls == ["put"]
    assert world.eval("c.get('a')") == "<a>"
    with pytest.raises(GuestError, match="quota of bytes"):
        world.eval("c.put('xy')")


def test_bytes_of_what_was_opened_count(attempt: Attempt) -> None:
    fs = MemoryDir({"x": "12345678"})
    source = "f = fs.open('x')\na = f.read(4)\nfs.open('x').read()"
    assert "quota of bytes" in attempt(source, {"fs": quota(fs, bytes=10)})


def test_bytes_in_containers_count_each_once(attempt: Attempt) -> None:
    class Sink(Capability):
        def take(self, value: Any) -> None: ...

    for value in ("['1234567', b'1234']", "{'1234567': ('1234',)}", "[[['12345678901']]]", "{'a' * 11}"):
        assert "quota of bytes" in attempt(f"c.take({value})", {"c": quota(Sink(), bytes=10)})
    shared = "x = ['12345']\nfor _ in range(100): x = [x, x]\nc.take(x)"
    assert attempt(shared, {"c": quota(Sink(), bytes=10)}) == "None"


@pytest.mark.parametrize(
    ("made", "size"),
    [("'\\u0301' * 1000", 2000), ("'x' * 1000", 1000), ("b'x' * 1000", 1000), ("2 ** 8000", 1001),
     ("Decimal('1' * 1000)", 1000), ("Fraction(2 ** 8000, 3)", 1001)],
)  # fmt: skip
def test_what_is_shared_counts_and_is_read_once(made: str, size: int, attempt: Attempt) -> None:
    """Else a large text in a long list is read once for each time that it stands there, in the host's
    time and for one step each."""

    class Sink(Capability):
        def take(self, value: Any) -> None: ...

    source = (
        f"from decimal import Decimal\nfrom fractions import Fraction\nx = {made}\nc.take([x] * 1000)"
    )
    assert attempt(source, {"c": quota(Sink(), bytes=size)}) == "None"
    assert "quota of bytes" in attempt(source, {"c": quota(Sink(), bytes=size - 1)})
    # What is short counts wherever it stands: one character of a text is the same object each time.
    short = "c.take(list('x' * 100))"
    assert attempt(short, {"c": quota(Sink(), bytes=100)}) == "None"
    assert "quota of bytes" in attempt(short, {"c": quota(Sink(), bytes=99)})


@pytest.mark.parametrize("said", [{}, {"calls": -1}, {"bytes": 1.5}, {"calls": True}, {"bytes": "1"}])
def test_what_is_no_quota_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="quota"):
        quota(Whole(), **said)


# logged, confirmed


def test_each_use_is_told() -> None:
    seen: list[Any] = []
    source = "c.get('a')\np = c.part()\np.value()\ntry: c.put(None)\nexcept TypeError: pass\nc.label"
    cap_exec(source, {"c": logged(Whole(), seen.append)})
    told = [(use.path, use.args, use.outcome) for use in seen]
    assert told == [
        ("get", ("a",), "ok"),
        ("part", (), "ok"),
        ("part.value", (), "ok"),
        ("label", (), "ok"),
    ]


class _Str(str):
    def __len__(self) -> int:
        return 0


class _List(list[Any]):
    def __iter__(self) -> Any:
        return iter(())


_Pair = collections.namedtuple("_Pair", "a b")

#: What a host may give, each of a type of its own that crosses as a builtin one, and as it is shown.
OF_A_SUBCLASS: dict[str, tuple[Any, str]] = {
    "a-deque": (collections.deque(["x" * 99]), "deque([_])"),
    "an-ordered-dict": (collections.OrderedDict(a="x" * 99), "OrderedDict({'a': _})"),
    "a-default-dict": (collections.defaultdict(list, {1: "x" * 99}), "{1: _}"),
    "a-counter": (collections.Counter({"x" * 99: 1}), "{_: 1}"),
    "a-named-tuple": (_Pair("x" * 99, 1), "(_, 1)"),
    "a-list-that-lies": (_List(["x" * 99]), "[_]"),
    "a-text-that-lies": (_Str("x" * 99), "_"),
    "a-text-that-lies-in-a-list": ([_Str("x" * 99)], "[_]"),
    "a-text-that-lies-as-a-key": ({_Str("x" * 99): 1}, "{_: 1}"),
    "a-number": (enum.IntEnum("Big", {"A": 2**1200}).A, "_"),
}  # fmt: skip


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("name", OF_A_SUBCLASS)
def test_what_a_host_gives_counts_as_what_it_crosses_as(name: str, isolation: Any) -> None:
    """A quota counted nothing for what is of a subclass, and a log showed it as a capability."""
    value, shown = OF_A_SUBCLASS[name]

    class Giver(Capability):
        def give(self) -> Any:
            return value

        def fail(self) -> None:
            raise ValueError(value)

    for use in ("give", "fail"):
        with pytest.raises(GuestError, match="quota of bytes"):
            cap_exec(f"c.{use}()", {"c": quota(Giver(), bytes=50)}, isolation=isolation)
    lines: list[Any] = []
    cap_exec("logged(c, told).give()", {"c": Giver(), "told": lines.append}, isolation=isolation)
    part = "<a number of 1,201 bits>" if name == "a-number" else repr("x" * 99)
    if isolation == "inline":
        assert lines == [f"give(): ok {shown.replace('_', part)}"]
    else:  # there it has crossed already
        assert part in lines[0]


def test_a_log_and_a_guest_are_told_in_text(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    with caplog.at_level(logging.INFO):
        source = "lines = []\nl = logged(c, lines.append)\nl.get('a\\nb')\nl.part().set(5)\nlogged(c, log).get('x')"
        names = cap_exec(source, {"c": Whole(), "log": Log(logging.getLogger("g"))})
        cap_exec("c.get('y')", {"c": logged(Whole(), Log(logging.getLogger("g")))})
    assert names["lines"] == [
        "get('a\\nb'): ok '<a\\nb>'",
        "part(): ok <capability>",
        "part.set(5): ok",
    ]
    assert [r.getMessage() for r in caplog.records] == ["get('x'): ok '<x>'", "get('y'): ok '<y>'"]


def test_what_a_sink_is_told_holds_no_capability_of_a_child() -> None:
    source = (
        "got = []\nclass K(Capability):\n    def take(self, x): return x\n"
        "cap_exec('k.take(print)', {'k': logged(K(), got.append)})\n"
        "r = [type(x).__name__ for x in got]"
    )
    assert cap_exec(source)["r"] == ["str"]


@pytest.mark.parametrize(
    ("answer", "done"), [(True, True), (False, False), (1, False), (None, False), ("yes", False)]
)
def test_nothing_but_true_is_a_yes(answer: Any, done: bool) -> None:
    whole, asked = Whole(), []

    def ask(request: Request) -> Any:
        asked.append((str(request), request.path, request.args))
        return answer

    world = Compartment({"c": confirmed(whole, ask)})
    if done:
        assert world.eval("c.put('x')") == 1
        assert world.eval("c.part().value()") == 1
        assert asked == [
            ("put('x')", "put", ("x",)),
            ("part()", "part", ()),
            ("part.value()", "part.value", ()),
        ]
    else:
        with pytest.raises(GuestError, match="it was not confirmed"):
            world.eval("c.put('x')")
        assert whole.calls == []


class _Anything(Capability):
    def do(self, *args: Any, **kwargs: Any) -> None: ...


SHOWN = [
    ("do(*['ok'] * 20, 'EVIL')", "do(" + "'ok', " * 20 + "'EVIL')"),
    ("do(['rm', '-rf', '/'], {'a': (1,), b'b': {2}})", "do(['rm', '-rf', '/'], {'a': (1,), b'b': {2}})"),
    ("do([('drop table x', [])])", "do([('drop table x', [])])"),
    (
        "do(set(), frozenset({1}), (), bytearray(b'x'), None, 1.5)",
        "do(set(), frozenset({1}), (), bytearray(b'x'), None, 1.5)",
    ),
    ("do('x' * 200 + 'EVIL')", "do('" + "x" * 200 + "'... (4 more))"),
    ("do(b'x' * 1201)", "do(b'" + "x" * 200 + "'... (1,001 more))"),
    ("do(**{\"1), pay('boss', 100\": 'x'})", "do(\"1), pay('boss', 100\"='x')"),
    (
        "do(**{'...': 1, 'é': 2, '': 3, 'a b': 4, 'ok': 5, 'a\\n': 6})",
        "do('...'=1, 'é'=2, ''=3, 'a b'=4, ok=5, 'a\\n'=6)",
    ),
    ("do([[[[[[[1, 2]]]]]]])", "do([[[[[[<list of 2>]]]]]])"),
    ("do(print, [print])", "do(<capability>, [<capability>])"),
    ("do(2 ** 5000, [2 ** 5000])", "do(<a number of 5,001 bits>, [<a number of 5,001 bits>])"),
    ("do(range(2 ** 5000), range(3))", "do(range(0, <a number of 5,001 bits>, 1), range(0, 3, 1))"),
]


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize(("call", "said"), SHOWN)
def test_what_is_shown_is_what_is_done(call: str, said: str, isolation: Any) -> None:
    asked: list[str] = []
    cap = confirmed(_Anything(), lambda request: asked.append(str(request)) or True)  # type: ignore[func-returns-value]
    cap_exec(f"c.{call}", {"c": cap}, isolation=isolation)
    assert asked == [said]


@pytest.mark.parametrize(
    ("call", "left"),
    [
        ("do(*range(10_000))", r"\.\.\. \(9,\d\d\d more arguments\)"),
        ("do(*['x' * 150] * 50)", r"\.\.\. \(3\d more arguments\)"),
        ("do(*['x' * 150] * 13, 'a', **{'b': 1})", r"\.\.\. \(2 more arguments\)"),
        ("do(list(range(10_000)), 'END')", r"\.\.\. \(9,\d\d\d more\)\], 'END'\)$"),
        ("do({i: str(i) for i in range(1000)}, 'END')", r"\.\.\. \(9\d\d more\)\}, 'END'\)$"),
        ("do([['x' * 90] * 90] * 90, 'END')", r"more\), \.\.\. \(8\d more\)\], 'END'\)$|more\)\], 'END'\)$"),
        ("do(**{'n' * 200 + c: 1 for c in 'ab'})", r"more\)=1, \.\.\. \(1 more argument\)"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_counted(call: str, left: str) -> None:
    asked: list[str] = []
    cap = confirmed(_Anything(), lambda request: asked.append(str(request)) or True)  # type: ignore[func-returns-value]
    cap_exec(f"c.{call}", {"c": cap})
    assert re.search(left, asked[0]), asked[0][-300:]
    assert len(asked[0]) < 3_000


def test_numbers_are_shown_in_no_time() -> None:
    source = "from fractions import Fraction\nfrom decimal import Decimal\nc.do(Fraction(2 ** 20000, 3), Decimal('1' * 9999))"
    asked: list[str] = []
    cap = confirmed(_Anything(), lambda request: asked.append(str(request)) or True)  # type: ignore[func-returns-value]
    cap_exec(source, {"c": cap})
    assert asked == ["do(Fraction(<a number of 20,001 bits>, 3), <a large Decimal>)"]


def test_a_guest_confirms_for_its_children(attempt: Attempt) -> None:
    source = (
        "asked = []\ndef ask(text):\n    asked.append(text)\n    return 'good' in text\n"
        "k = confirmed(c, ask)\nr = cap_exec(\"r = [c.put('good')]\\ntry: c.put('bad')\\n"
        "except PermissionError as e: r.append(str(e))\", {'c': k})['r']\nr, asked"
    )
    got = cap_exec(source, {"c": Whole()}).value
    assert got == ([4, "c.put: it was not confirmed"], ["put('good')", "put('bad')"])


def test_a_host_function_that_a_guest_names_is_called_as_the_guest_calls_it(attempt: Attempt) -> None:
    class Taker(Capability):
        def number(self, n: int) -> bool:
            return True

    seen: list[str] = []
    world = Compartment({"c": Whole(), "t": Taker()}, on_use=lambda use: seen.append(use.path))
    with pytest.raises(GuestError, match=r"t.number: argument 1 \(n\): got str, wanted int"):
        world.exec("confirmed(c, t.number).get()")
    assert seen == ["t.number", "c.get"]


# seal_pair


def test_what_is_sealed_its_unsealer_takes_out(attempt: Attempt) -> None:
    seal, unseal = seal_pair("mail")
    assert unseal(seal([1])) == [1]
    source = "b = seal({'a': [1]})\nunseal(b), repr(b), unseal(b) == {'a': [1]}, hasattr(b, '_cap_content'), dir(b)"
    assert (
        attempt(source, {"seal": seal, "unseal": unseal})
        == "({'a': [1]}, '<capability>', True, False, [])"
    )
    other, _ = seal_pair("mail")
    assert attempt("unseal(other(1))", {"other": other, "unseal": unseal}) == (
        "PermissionError: unseal: the box was sealed by another"
    )
    for fake in ("5", "seal", "unseal", "object()", "[seal(1)]"):
        assert attempt(f"unseal({fake})", {"seal": seal, "unseal": unseal}).startswith("TypeError"), fake


def test_a_box_carries_a_capability_past_those_who_may_not_use_it(attempt: Attempt) -> None:
    source = (
        "seal, unseal = seal_pair()\nbox = seal(c)\n"
        "back = cap_exec(\"try: box.get()\\nexcept AttributeError: pass\\nback = box\", {'box': box})['back']\n"
        "unseal(back).get(), back is box"
    )
    assert attempt(source, {"c": Whole()}) == "('<k>', True)"


# On the host's side


def test_hosts_use_them_like_what_is_beneath() -> None:
    cap, revoke = revocable(Whole())
    assert (cap.get("x"), cap.label, cap.part().value()) == ("<x>", "whole", 1)  # type: ignore[attr-defined]
    cap.note = "n"  # type: ignore[attr-defined]
    fs = readonly(MemoryDir({"x": "a\nb"}))
    with fs.open("x") as file:  # type: ignore[attr-defined]
        assert list(file) == ["a\n", "b"]
    part = cap.part()  # type: ignore[attr-defined]
    revoke()
    for use in (cap.get, part.value):  # type: ignore[attr-defined]
        with pytest.raises(CapabilityError, match="it was revoked"):
            use()
    with pytest.raises(AttributeError):
        cap.nope  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        cap.label = "x"  # type: ignore[attr-defined]
    assert callable(revocable(print)[0]) and not callable(cap)


def test_a_function_of_the_hosts_is_attenuated_too(attempt: Attempt) -> None:
    def double(n: int) -> int:
        return 2 * n

    cap, revoke = revocable(double)
    world = Compartment({"double": cap})
    assert world.eval("double(4)") == 8
    revoke()
    with pytest.raises(GuestError, match="double: it was revoked"):
        world.eval("double(4)")
    assert attempt("double(1), double(2)", {"double": quota(double, calls=1)}).startswith(
        "PermissionError"
    )


def test_an_attenuated_capability_passes_for_what_it_stands_for(attempt: Attempt) -> None:
    class Taker(Capability):
        def take(self, whole: Whole) -> str:
            return whole.get()

    caps = {"t": Taker(), "c": revocable(Whole())[0], "p": Part(1)}
    assert attempt("t.take(c), t.take(only(c, 'get'))", caps) == "('<k>', '<k>')"
    assert "got Part, wanted Whole" in attempt("t.take(p)", caps)
    assert attempt("t.take(only(c, 'put'))", caps).startswith("AttributeError")


def test_answers_that_come_later_are_under_the_policy_too() -> None:
    class Later(Capability):
        async def part(self) -> Part:
            await asyncio.sleep(0)
            return Part(1)

        async def revoke(self) -> str:
            revoke()
            return "secret"

    seen: list[str] = []
    cap, revoke = revocable(logged(Later(), lambda use: seen.append(f"{use.path} {use.outcome}")))

    async def run(source: str) -> Any:
        return (await cap_exec_async(source, {"c": cap}))["r"]

    assert asyncio.run(run("p = await c.part()\nr = p.value()")) == 1
    assert seen == ["part ok", "part.value ok"]
    with pytest.raises(GuestError, match="it was revoked"):
        asyncio.run(run("r = await c.revoke()"))
    cap, revoke = revocable(quota(Later(), calls=1))
    source = "import sys\nx = c.part()\nr = 5"  # never awaited
    assert asyncio.run(run(source)) == 5


# Laws


OPERATIONS = [
    "c.get()", "c.get('x')", "c.put('text')", "c.label", "c.part().value()", "c.part().set(7)",
    "c.parts()[1].value()", "c.mapping()['part'].deeper().value()", "c.tell(lambda p: p.value())", "c.function()()",
    "c.nope", "c.put(5)", "c()", "len(c)", "c.get",
]  # fmt: skip
CLOCK = FrozenClock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
ATTENUATORS: dict[str, Callable[[Any], Any]] = {
    "only": lambda c: only(c, *([n for n in ("get", "part", "label", "tell") if _has(c, n)] or ["get"])),
    "readonly": readonly,
    "revocable": lambda c: revocable(c)[0],
    "revoked": lambda c: _revoked(c),
    "expiring": lambda c: expiring(c, seconds=100, clock=CLOCK),
    "expired": lambda c: expiring(c, seconds=0, clock=CLOCK),
    "rate_limited": lambda c: rate_limited(c, 2, 10, clock=CLOCK),
    "quota": lambda c: quota(c, calls=2, bytes=6),
    "logged": lambda c: logged(c, lambda use: None),
    "confirmed": lambda c: confirmed(c, lambda request: True),
    "denied": lambda c: confirmed(c, lambda request: False),
}


def _has(cap: Any, name: str) -> bool:
    from capcompiler.membrane.capability import interface_of

    there = interface_of(cap)
    return name in there.methods or name in there.read


def _revoked(cap: Any) -> Any:
    made, revoke = revocable(cap)
    revoke()
    return made


def outcomes(cap: Any, operations: list[str]) -> list[str]:
    world = Compartment({"c": cap})
    found = []
    for operation in operations:
        try:
            found.append(
                f"ok {world.eval(f'repr({operation}) and ({operation.replace(chr(40), chr(40))}, 1)[1]')!r}"
            )
        except GuestError as error:
            found.append(f"refused {error.exc_type}")
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(ATTENUATORS)), min_size=1, max_size=5),
    st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=6),
)
def test_an_attenuated_capability_never_does_more(chain: list[str], operations: list[str]) -> None:
    whole = Whole()
    bare = outcomes(Whole(), operations)
    cap: Any = whole
    for name in chain:
        try:
            cap = ATTENUATORS[name](cap)
        except ValueError:
            return  # nothing would be left
    less = outcomes(cap, operations)
    for operation, without, under in zip(operations, bare, less, strict=True):
        if under.startswith("ok"):
            assert without == under, operation
    if {"revoked", "expired", "denied"} & set(chain):
        assert whole.calls == [] and whole._part.n == 1
        assert not any(u.startswith("ok") for o, u in zip(operations, less, strict=True) if o != "c.get")
    if "readonly" in chain:
        assert "put" not in whole.calls and whole._part.n == 1 and whole.note == ""
    if {"quota", "rate_limited"} & set(chain):
        assert len(whole.calls) <= 2


PURE = ["only", "readonly", "revocable", "expiring", "logged", "confirmed"]


@settings(max_examples=40, deadline=None)
@given(st.permutations(PURE), st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=6))
def test_attenuators_compose_in_any_order(chain: list[str], operations: list[str]) -> None:
    """Names that stay and policies that let pass commute: the same is left, whatever comes first."""

    def made(order: list[str]) -> Any:
        cap: Any = Whole()
        for name in order:
            cap = only(cap, "get", "part", "label") if name == "only" else ATTENUATORS[name](cap)
        return cap

    assert outcomes(made(chain), operations) == outcomes(made(PURE), operations)


class _Rows:
    """Something to iterate over that takes a capability back half way."""

    def __init__(self, between: Callable[[], Any]) -> None:
        self.between = between

    def __iter__(self) -> Iterator[str]:
        yield "x" * 50
        self.between()
        yield "y" * 50


def test_what_is_iterated_over_is_part_of_the_use() -> None:
    """It comes when the call of `__iter__` is over already, and was counted and checked by nobody."""
    rows = _Rows(lambda: None)
    with pytest.raises(CapabilityError, match="its quota of bytes is used up"):
        cap_exec("print(list(rows))", {"rows": quota(expose(rows, "__iter__"), bytes=60)})
    assert (
        "yyy"
        in cap_exec("print(list(rows))", {"rows": quota(expose(rows, "__iter__"), bytes=100)}).output
    )
    given, revoke = revocable(expose(rows, "__iter__"))
    rows.between = revoke
    with pytest.raises(CapabilityError, match="it was revoked"):
        cap_exec("print(list(rows))", {"rows": given})
    moment = [0.0]
    rows.between = lambda: moment.append(9.0)
    clock = types.SimpleNamespace(time=lambda: moment[-1])
    late = expiring(expose(rows, "__iter__"), seconds=5, clock=clock)
    with pytest.raises(CapabilityError, match="it has expired"):
        cap_exec("print(list(rows))", {"rows": late})


class _Talker(Capability):
    def tell(self) -> None:
        raise ValueError("x" * 50)

    async def tell_later(self) -> None:
        raise ValueError("x" * 50)


def test_what_errors_say_is_counted() -> None:
    source = "try:\n    {}\nexcept ValueError as e:\n    print(len(str(e)))\n"
    twice = source.format("t.tell()") * 2
    assert cap_exec(twice, {"t": quota(_Talker(), bytes=100)}).output == "50\n50\n"
    with pytest.raises(CapabilityError, match="its quota of bytes is used up"):
        cap_exec(twice, {"t": quota(_Talker(), bytes=60)})
    later = source.format("await t.tell_later()") * 2
    with pytest.raises(CapabilityError, match="its quota of bytes is used up"):
        asyncio.run(cap_exec_async(later, {"t": quota(_Talker(), bytes=60)}))
