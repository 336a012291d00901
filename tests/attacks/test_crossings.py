"""Attacks at the door: what a guest's objects do to a host that handles them, and a host's to a guest."""

from __future__ import annotations

import asyncio
import datetime
import gc
import os
import time
from collections.abc import Iterator
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
)
from stdlib_caps import quota

SMALL = Limits(steps=50_000, memory=32 * 2**20)


class HostError(Exception):
    """An error of the host's with an object in it, and arguments that fail when they are asked."""

    def __init__(self) -> None:
        self.response = object()

    @property
    def args(self) -> Any:  # type: ignore[override]
        raise HostError


def test_an_error_of_on_use_ends_the_turn_and_reaches_no_guest() -> None:
    seen: list[object] = []

    def record(_use: object) -> None:
        raise HostError

    compartment = Compartment({"f": lambda: 1, "seen": seen.append}, on_use=record)
    with pytest.raises(HostError):
        compartment.exec("try:\n    f()\nexcept BaseException as e:\n    x = e\nelse:\n    x = 1")
    assert "x" not in compartment.exec("")


def test_an_error_that_fails_when_it_is_asked_is_a_plain_one_to_the_guest() -> None:
    def f() -> None:
        raise HostError

    src = "try: f()\nexcept Exception as e: x = [type(e).__name__, str(e)]"
    assert cap_exec(src, {"f": f})["x"] == ["RuntimeError", "f failed"]


@pytest.mark.parametrize(
    "body",
    [
        "def __setattr__(self, n, v): raise SystemExit('x')",
        "def __setattr__(self, n, v): raise self",
        "def __setattr__(self, n, v):\n        while True: pass",
        "def __getattribute__(self, n): raise SystemExit('x')",
        "def __getattribute__(self, n):\n        while True: pass",
        "__traceback__ = 5",
        "__traceback__ = T",
        "args = property(lambda self: 1 / 0)",
        "__class__ = property(lambda self: 1 / 0)",
        "with_traceback = None",
    ],
)
def test_an_exception_class_of_the_guest_ends_in_a_guest_error(body: str) -> None:
    src = (
        "class T: pass\nT.tb_frame = T\nT.f_builtins = None\nT.tb_next = T\n"
        f"class E(Exception):\n    {body}\nraise E\n"
    )
    with pytest.raises(GuestError) as caught:
        cap_exec(src, limits=SMALL)
    assert caught.value.exc_type == "E"


@pytest.mark.parametrize(
    "thrown",
    ["KeyboardInterrupt", "KeyboardInterrupt()", "K", "K('guest')", "KeyboardInterrupt, 'x'"],
)
@pytest.mark.parametrize("kind", ["generator", "coroutine", "async generator"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # throw(type, value), from 3.12 on
def test_a_ctrl_c_of_the_guest_is_not_the_hosts(thrown: str, kind: str) -> None:
    src = "class K(KeyboardInterrupt): pass\n" + {
        "generator": f"def g(): yield\nx = g()\nnext(x)\nx.throw({thrown})",
        "coroutine": "class A:\n    def __await__(self): yield\nasync def g(): await A()\n"
        f"x = g()\nx.send(None)\nx.throw({thrown})",
        "async generator": f"async def g(): yield\nx = g()\nx.athrow({thrown}).send(None)",
    }[kind]  # fmt: skip
    with pytest.raises(GuestError) as caught:
        cap_exec(src)
    assert caught.value.exc_type in ("KeyboardInterrupt", "K")


class Caller(Capability):
    """Calls what it is handed, in every way."""

    def __init__(self) -> None:
        self.kept: Any = None

    def call(self, f: Any) -> Any:
        return f()

    async def awaits(self, f: Any) -> Any:
        return await f()

    def keep(self, f: Any) -> None:
        self.kept = f

    def fire(self) -> Any:
        return self.kept()


#: What ends a host's program, raised by a guest in a function that its host calls.
ENDS = ["KeyboardInterrupt", "SystemExit('guest')", "GeneratorExit", "BaseException('guest')"]


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("over", ["nothing", "a-quota", "a-guests-quota"])
@pytest.mark.parametrize("how", ["call", "awaits", "of-another-guest"])
@pytest.mark.parametrize("raised", ENDS)
def test_no_guest_ends_its_host_through_a_function_that_it_calls(
    raised: str, how: str, over: str, isolation: Any
) -> None:
    caller = Caller()
    hub = quota(caller, calls=99) if over == "a-quota" else caller
    setup = f"def f(): raise {raised}\nasync def g(): f()\n"
    setup += "hub = quota(hub, calls=9)\n" if over == "a-guests-quota" else ""
    use = {"call": "hub.call(f)", "awaits": "await hub.awaits(g)", "of-another-guest": "hub.fire()"}[how]

    async def go(source: str) -> Any:
        with (
            Compartment({"hub": hub}, isolation=isolation) as other,
            Compartment({"hub": hub}, isolation=isolation) as world,
        ):
            other.exec(f"{setup}hub.keep(f)")
            return (await world.exec_async(source))["r"]

    name = raised.partition("(")[0]
    caught = f"{setup}try: {use}\nexcept BaseException as e: r = type(e).__name__"
    assert asyncio.run(go(caught)) == name
    with pytest.raises(GuestError) as problem:
        asyncio.run(go(f"{setup}{use}"))
    assert problem.value.exc_type == name


def test_time_zones_cross_as_exact_data() -> None:
    src = (
        "import datetime\nclass D(datetime.timedelta): pass\nclass S(str): pass\n"
        "z = datetime.timezone(D(hours=1), S('zz'))\n"
        "d = datetime.datetime(2020, 1, 1, tzinfo=z)\nt = datetime.time(1, tzinfo=z)\n"
        "k = {z: 1}\nl = [z, (z,)]\n"
    )
    names = cap_exec(src)
    zones = [names["z"], names["d"].tzinfo, names["t"].tzinfo, *names["k"], names["l"][1][0]]
    for zone in zones:
        assert type(zone) is datetime.timezone
        assert (type(zone.tzname(None)), zone.tzname(None)) == (str, "zz")
        offset = zone.utcoffset(None)
        assert (type(offset), offset) == (datetime.timedelta, datetime.timedelta(hours=1))


def test_keys_that_hash_alike_once_they_are_exact_are_refused() -> None:
    src = (
        "class I(int): __hash__ = object.__hash__\n"
        "x = {I(i * (2**61 - 1)): 0 for i in range(1, 3000)}\n"
        "y = set(x)\nz = [x]\n"
    )
    names = cap_exec(src, limits=Limits())
    for name in "xyz":
        with pytest.raises(CapabilityError, match="hash alike"):
            names[name]


def test_a_generator_in_a_ring_runs_nothing_when_it_is_collected() -> None:
    compartment = Compartment()
    compartment.exec(
        "log = []\n"
        "def one():\n"
        "    try: yield\n    except GeneratorExit: log.append('except')\n"
        "def two():\n"
        "    try: yield\n    finally: log.append('finally')\n"
        "def three():\n"
        "    try: yield\n    except: log.append('bare')\n"
        "class B: pass\n"
        "for f in (one, two, three):\n"
        "    b = B()\n    b.g = f()\n    next(b.g)\n    b.me = b\n"
        "del b\n"
    )
    gc.collect()
    assert compartment.eval("log") == []


def test_a_child_keeps_the_seconds_of_its_parent() -> None:
    src = "cap_exec('while True: pass', limits=Limits(steps=None))"
    started = time.process_time()
    with pytest.raises(LimitExceeded) as caught:
        cap_exec(src, limits=Limits(steps=None, seconds=0.3))
    assert caught.value.kind == "seconds"
    assert time.process_time() - started < 3


def test_a_child_keeps_the_memory_and_the_output_of_its_parent() -> None:
    with pytest.raises((LimitExceeded, GuestError), match="memory"):
        cap_exec("cap_exec(\"x = 'a' * 10**8\")", limits=Limits(memory=10**6))
    with pytest.raises(LimitExceeded) as caught:
        cap_exec("x = [cap_exec(\"x = 'a' * 2 * 10**8\")['x'] for i in range(9)]")
    assert caught.value.kind == "memory"
    with pytest.raises(GuestError, match="output"):
        cap_exec("cap_exec(\"print('a' * 100)\")", limits=Limits(output=10))


@pytest.fixture
def new_york() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    "expression",
    [
        "datetime(2020, 1, 1).strftime('%s')",
        "datetime(2020, 1, 1).strftime('%-s')",
        "datetime(2020, 1, 1).strftime('%Es')",
        "f'{datetime(2020, 1, 1):%s}'",
        "format(datetime(2020, 1, 1), '%s')",
        "'{:%s}'.format(datetime(2020, 1, 1))",
        "datetime(2020, 1, 1).__format__('%s')",
        "date(2020, 1, 1).strftime('%s')",
        "datetime.strptime('EST', '%Z')",
        "datetime(2020, 1, 1, 12, tzinfo=Z()).astimezone(timezone.utc)",
        "datetime(2020, 1, 1, 12, tzinfo=Z()).timestamp()",
        "datetime(2020, 1, 1, 12, tzinfo=Once()).astimezone(timezone.utc)",
        "datetime(2020, 1, 1, 12).astimezone(timezone.utc)",
        "datetime(2020, 1, 1, 12).timestamp()",
    ],
)
def test_the_hosts_time_zone_stays_with_the_host(expression: str, new_york: None) -> None:
    src = (
        "from datetime import date, datetime, timedelta, timezone, tzinfo\n"
        "class Z(tzinfo):\n    def utcoffset(self, moment): return None\n"
        "class Once(tzinfo):\n    n = 0\n"
        "    def utcoffset(self, moment):\n"
        "        Once.n += 1\n        return timedelta(0) if Once.n == 1 else None\n"
        f"try: x = repr({expression})\n"
        "except PermissionError: x = 'refused'\n"
    )
    found = cap_exec(src)["x"]
    assert found in ("refused", "datetime.datetime(2020, 1, 1, 12, 0, tzinfo=datetime.timezone.utc)")


def test_an_error_of_strptime_is_no_class_of_the_library() -> None:
    src = (
        "import datetime\nfound = []\n"
        "for text, form in (('1 1', '%d %d'), ('x', '%'), ('a', '%Q'), ('1', '(')):\n"
        "    try: datetime.datetime.strptime(text, form)\n"
        "    except Exception as e: found.append(type(e) is ValueError)\n"
    )
    assert cap_exec(src)["found"] == [True] * 4


def test_a_guest_error_is_bounded_and_fit_to_print() -> None:
    src = "raise ValueError('\\x1b[31m' + 'a' * 10**6, b'b' * 10**6, 1 << 10**6)"
    with pytest.raises(GuestError) as caught:
        cap_exec(src)
    error = caught.value
    shown = "".join(map(str, (error, error.traceback, error.exception, repr(error.exception))))
    assert len(shown) < 200_000
    assert "\x1b" not in shown
    with pytest.raises(GuestError) as caught:
        cap_exec("exec(compile('1/0 # \\x1b[31m', 'f\\x1b[31m\\nnext', 'exec'))")
    assert "\x1b" not in caught.value.traceback


def test_what_c_code_warns_of_a_guests_line_is_not_shown_on_the_host(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        cap_exec("exec(compile('x = ~True', 'fake log line', 'exec'))")
    assert "fake log line" not in capfd.readouterr().err


def test_references_of_functions_that_a_host_hands_out_are_let_go() -> None:
    compartment = Compartment({"make": lambda: lambda: 1})
    compartment.exec("for i in range(500): make()")
    gc.collect()
    assert len(compartment._membrane._grants) < 50


def test_a_recursion_error_of_the_host_is_an_error_like_any_other() -> None:
    def f() -> None:
        raise RecursionError("too deep here")

    src = "try: f()\nexcept RuntimeError as e: x = str(e)"
    assert cap_exec(src, {"f": f})["x"] == "too deep here"


@pytest.mark.parametrize(
    "src",
    [
        "x = [0] * 100000\ny = 5 == x",
        "t = (1,)\nfor i in range(60): t = (t, t)\nx = 'a' == t",
        "d = {b'a' * 5000: 1}\nx = d.get(b'a' * 5000)",
        "x = 1 + 2 * 3 // 4 - 5 % 6 / 7 ** 2",
    ],
)
def test_steps_are_the_same_at_both_levels(src: str) -> None:
    assert cap_exec(src).usage.steps == cap_exec(src, optimize=False).usage.steps


def test_steps_are_the_same_in_each_turn() -> None:
    compartment = Compartment()
    src = "d = {i * (2**61 - 1): 0 for i in range(1, 200)}"
    assert len({compartment.exec(src).usage.steps for _ in range(4)}) == 1


@pytest.mark.parametrize("name", ["__name__", "__module__", "__class__", "__mro__"])
def test_what_a_metaclass_says_of_a_key_is_not_asked_in_the_hosts_time(name: str) -> None:
    # The host asked for the name of the key's class, which was the guest's to compute: it ended at its
    # first step, and the stop, a BaseException, went to the host.
    src = f"""
ran = []
class M(type):
    {name} = property(lambda c: ran.append(1))
class K(metaclass=M): pass
d = {{K(): [1]}}
s = {{(K(), 1)}}
before = len(ran)
"""
    names = cap_exec(src)
    assert [v for v in names["d"].values()] == [[1]]
    assert len(names["s"]) == 1
    assert len(names["ran"]) == names["before"]
