"""Attacks by guests with `asyncio`, whose loop is text of theirs and asks the host for several answers at
once: on the host's loop and tasks, on its clock, on its audit, on budgets, and on what attenuators
promise (pits 3, 8, 9, 14, 15 and 16 of the design)."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapError,
    Compartment,
    GuestError,
    LimitExceeded,
    Limits,
)
from stdlib_caps import Clock, expiring, quota, rate_limited, revocable
from tests.capcompiler.test_asyncio import Waiting

from .test_awaiting import SECRET, fails


class Host(Waiting):
    """What is granted, and what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.uses: list[Any] = []

    async def answer(self, value: Any, seconds: float = 0.01) -> Any:
        self.begun += 1
        await asyncio.sleep(seconds)
        return value

    async def lets_go(self) -> None:
        raise asyncio.CancelledError(SECRET)

    def caps(self) -> dict[str, Any]:
        return {"answer": self.answer, "never": self.never, "fails": fails, "lets_go": self.lets_go}


#: A loop of the guest's own making in the place of the library's: `body` is driven by the host.
OWN = """
import asyncio, asyncio._loop as L
def own(body):
    kept = L.EventLoop._serve
    async def serve(self, coroutine, first):
        L.EventLoop._serve = kept
        try:
            globals()['found'] = await body(coroutine, first)
        finally:
            self.close()
            coroutine.close()
    L.EventLoop._serve = serve
async def asks(*asked):
    try:
        return await L._Ask(asked)
    except RuntimeError:
        return 'refused'
"""

# What a guest finds: programs, each of which ends in an expression, with the value that shows that it was
# not there.
VALUES: dict[str, tuple[str, Any]] = {
    # The clock
    "a-time-asked-for-without-a-clock": (
        OWN + "async def body(c, first):\n    return await asks(0.001)\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)\n", "refused"),
    "the-host-timed-by-asking": (
        OWN + "p = answer(1, 5)\nasync def body(c, first):\n    return await asks(0.001, p)\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)", "refused"),
    "time-of-the-loop": (
        "import asyncio\nloop = asyncio.get_running_loop()\na = loop.time()\nawait answer(1, 0.05)\nawait asyncio.sleep(0)\n(a, loop.time())", (0.0, 0.0)),
    # What is not to be asked for
    "odd-times": (
        OWN + "p = answer(1)\nasync def body(c, first):\n    return [await asks(x, p) for x in (True, False, -1, -0.5, 1e308, 10 ** 400, float('nan'), float('inf'), '1', b'', [], (), 1j, object())]\nown(body)\nasyncio.get_running_loop()\nr = await asyncio.sleep(0)\nawait p\nr", ["refused"] * 14),
    "odd-answers": (
        OWN + "p = answer(1)\nasync def body(c, first):\n    return [await asks(*x) for x in ((), (None,), (None, 5), (None, p, p), (None, [p]), (None, type(p)), (None, answer), (None, c), (None, None), (None, p, 'x'), (0, body), (None, *[p] * 200))]\nown(body)\nasyncio.get_running_loop()\nr = await asyncio.sleep(0)\nawait p\nr", ["refused"] * 12),
    "odd-yields": (
        OWN + "class Y:\n    def __init__(s, x): s.x = x\n    def __await__(s):\n        try:\n            return (yield s.x)\n        except RuntimeError:\n            return 'refused'\nasync def body(c, first):\n    return [await Y(x) for x in (5, 'x', [0], [None], {}, answer, L, asyncio.Future(), type, (lambda: 0), range(2))]\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)", ["refused"] * 11),
    "more-than-may-be-asked-for": (
        OWN + "async def body(c, first):\n    return await asks(0, *[answer(i) for i in range(128)])\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)", "refused"),
    # Answers
    "an-answer-for-two-tasks": (
        "import asyncio\np = answer(4)\nasync def f(): return await p\nr = await asyncio.gather(f(), f(), return_exceptions=True)\nsorted(x if type(x) is int else 5 for x in r)", [4, 5]),
    "an-answer-that-came-asked-for-again": (
        OWN + "p = answer(4)\nasync def body(c, first):\n    return [await asks(None, p), await asks(None, p), await asks(0, p)]\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)", [((0, 4, None),), "refused", "refused"]),
    "an-answer-let-go-of-asked-for-again": (
        OWN + "p = never()\nasync def body(c, first):\n    return [await asks(0, p), await asks(0), await asks(0, p)]\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)", [(), (), "refused"]),
    "an-answer-in-flight-awaited-by-hand": (
        OWN + "p = answer(4)\nasync def body(c, first):\n    r = [await asks(0, p)]\n    try:\n        r.append(await p)\n    except RuntimeError:\n        r.append('refused')\n    return r\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)", [(), "refused"]),
    "awaited-beside-what-is-yielded": (
        "import asyncio\np = answer(4)\nclass W:\n    def __await__(s): return (yield p)\nawait asyncio.gather(W(), asyncio.sleep(0, 1))", [4, 1]),
    "an-answer-by-hand": (
        "import asyncio\np = answer(4)\ng = p.__await__()\nt = g.send(None)\nr = [t is p]\ntry:\n    g.send('mine')\nexcept StopIteration as e:\n    r.append(e.value)\nr.append(await asyncio.create_task(p))\nr", [True, "mine", 4]),
    # What is the host's
    "tasks-of-the-host": (
        "import asyncio\nt = asyncio.create_task(answer(1))\nr = len(asyncio.all_tasks()), type(asyncio.current_task()).__module__, type(asyncio.get_running_loop()).__module__\nawait t\nr", (2, "asyncio.tasks", "asyncio._loop")),
    "frames-of-a-task": (
        "import asyncio\nasync def f(): await answer(1)\nt = asyncio.create_task(f())\nawait asyncio.sleep(0)\nc = t.get_coro()\nr = [c.cr_frame.f_back, [g.f_back for g in t.get_stack()], getattr(c, 'cr_await', None)]\nawait t\nr", [None, [None], None]),
    "an-error-of-the-host-in-a-group": (
        "import asyncio\ntry:\n    async with asyncio.TaskGroup() as g:\n        g.create_task(fails())\nexcept* ValueError as e:\n    x = e.exceptions[0]\nr = [str(x), x.__cause__, x.__context__, 's3cret' in repr(vars(x))]\nt = x.__traceback__\nwhile t is not None:\n    r.append(t.tb_frame.f_back)\n    t = t.tb_next\nr[:4], set(r[4:])", (["told", None, None, False], {None})),
    "the-hosts-cancellation": (
        "import asyncio\nasync def f(): return await lets_go()\n(e,) = await asyncio.gather(f(), return_exceptions=True)\n('s3cret' in str(e.__context__) + str(e.__cause__), type(e).__module__ in ('builtins', 'asyncio.exceptions'))", (False, True)),
}  # fmt: skip


async def value_of(world: Compartment, src: str, optimize: bool = True) -> Any:
    """The value of a program, or what the loop of its own making has found."""
    names = await world.exec_async(src, optimize=optimize)
    return world.eval("found") if src.startswith(OWN) else names.value


def outcome(
    src: str, optimize: bool, host: Host | None = None, isolation: str = "inline",
    caps: dict[str, Any] | None = None, **limits: Any,
) -> tuple[Any, CapError | None]:  # fmt: skip
    """The value of `src` and what it raised; fails for what the host would see of it."""
    host = host or Host()

    async def main() -> tuple[Any, CapError | None]:
        value, error = None, None
        given = Limits(**{"steps": 200_000, "seconds": 60, **limits})
        world = Compartment({**host.caps(), **(caps or {})}, isolation=isolation, limits=given,
                            on_use=host.uses.append)  # fmt: skip
        try:
            value = await value_of(world, src, optimize)
        except CapError as caught:
            error = caught
        world.close()
        return value, error

    return watched(main())


def watched(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine of the host's gives; fails for tasks that are left and for what is said."""
    said: list[Any] = []
    troubles: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, said.append

    async def main() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: troubles.append(what))
        found = await coroutine
        tasks = asyncio.all_tasks()
        tasks.discard(asyncio.current_task())  # type: ignore[arg-type]
        gc.collect()
        await asyncio.sleep(0)
        assert not tasks
        return found

    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            found = asyncio.run(main())
            gc.collect()
    finally:
        sys.unraisablehook = hook
    assert not said
    assert not troubles
    assert not heard
    return found


LEVELS = pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
TIERS = pytest.mark.parametrize("isolation", ["inline", "process"])


@LEVELS
@pytest.mark.parametrize("name", VALUES)
def test_nothing_is_found(name: str, optimize: bool) -> None:
    src, wanted = VALUES[name]
    value, error = outcome(src, optimize)
    assert error is None, error
    assert value == wanted


@pytest.mark.parametrize("name", VALUES)
def test_both_levels_take_the_same_steps(name: str) -> None:
    async def steps(optimize: bool) -> int:
        with Compartment(Host().caps(), limits=Limits(seconds=60)) as world:
            await world.exec_async("import asyncio\nimport asyncio._loop", optimize=optimize)
            await world.exec_async(VALUES[name][0], optimize=optimize)
            return world.usage.steps

    assert watched(steps(True)) == watched(steps(False))


def test_nothing_is_found_in_a_worker() -> None:
    async def all_of_them() -> dict[str, Any]:
        found = {}
        limits = Limits(steps=200_000, seconds=60)
        with Compartment(Host().caps(), isolation="process", limits=limits) as world:
            for name, (src, _) in VALUES.items():
                found[name] = await value_of(world, src)
        return found

    assert watched(all_of_them()) == {name: wanted for name, (_, wanted) in VALUES.items()}


@LEVELS
def test_a_clock_of_the_guests_own_making_times_nothing(optimize: bool) -> None:
    src = """
import asyncio
class Made:
    now = 0.0
    def monotonic(self):
        self.now += 0.01
        return self.now
async def f():
    asyncio.get_running_loop()._clock = Made()
    async with asyncio.timeout(0.05):
        return await answer(1, 5)
await f()
"""
    _, error = outcome(src, optimize)
    assert isinstance(error, GuestError)
    assert "waits for a time" in error.message


# What drives the guest's coroutine in its place is a coroutine of the guest's, and nothing else.
SERVES = {
    "an-answer": "lambda self, c, first: answer(1)",
    "nothing": "lambda self, c, first: None",
    "a-generator": "lambda self, c, first: (x for x in (1, 2))",
    "a-method-of-the-host": "lambda self, c, first: answer",
    "a-builtin": "len",
    "one-that-is-over": "lambda self, c, first: over",
    "one-that-fails": "lambda self, c, first: 1 / 0",
}


@LEVELS
@pytest.mark.parametrize("name", SERVES)
def test_what_serves_is_a_coroutine_of_the_guests(name: str, optimize: bool) -> None:
    src = f"""
import asyncio, asyncio._loop as L
async def f(): pass
over = f()
await over
L.EventLoop._serve = {SERVES[name]}
asyncio.get_running_loop()
await asyncio.sleep(0)
"""
    host = Host()
    value, error = outcome(src, optimize, host)
    assert isinstance(error, GuestError)
    assert error.exc_type in ("TypeError", "ZeroDivisionError")
    assert host.begun == 0


# What would not end: each is stopped, whatever it catches.
STOPPED = {
    "sleeps-of-nothing": "while True: await asyncio.sleep(0)",
    "sleeps-of-an-hour": "while True: await asyncio.sleep(3600)",
    "callbacks": "loop = asyncio.get_running_loop()\ndef f(): loop.call_soon(f)\nf()\nawait asyncio.Event().wait()",
    "more-and-more-callbacks": "loop = asyncio.get_running_loop()\ndef f():\n    loop.call_soon(f)\n    loop.call_soon(f)\nf()\nawait asyncio.Event().wait()",
    "timers": "loop = asyncio.get_running_loop()\ndef f(): loop.call_later(1, f)\nf()\nawait asyncio.Event().wait()",
    "tasks-of-tasks": "async def f(n): return await asyncio.create_task(f(n + 1))\nawait f(0)",
    "a-task-that-is-not-cancelled": "async def f():\n    while True:\n        try:\n            await asyncio.sleep(1)\n        except BaseException:\n            pass\nasyncio.create_task(f())\nawait asyncio.sleep(0)",
    "answers-in-a-task-that-is-not-cancelled": "async def f():\n    while True:\n        try:\n            await answer(1, 0)\n        except BaseException:\n            pass\nasyncio.create_task(f())\nawait asyncio.sleep(0)",
    "shielded": "async def f():\n    while True:\n        try:\n            await asyncio.shield(asyncio.sleep(0))\n        except BaseException:\n            pass\nawait f()",
    "an-error-handler": "loop = asyncio.get_running_loop()\ndef h(loop, what): loop.call_soon(lambda: 1 / 0)\nloop.set_exception_handler(h)\nloop.call_soon(lambda: 1 / 0)\nawait asyncio.Event().wait()",
    "polls": OWN + "p = [never() for _ in range(100)]\nasync def body(c, first):\n    while True:\n        await L._Ask((0, *p))\nown(body)\nasyncio.get_running_loop()\nawait asyncio.sleep(0)",
    "serves-itself": "import asyncio._loop as L\nL.EventLoop._serve = lambda self, c, first: c\nasyncio.get_running_loop()\nclass W:\n    def __await__(s):\n        while True:\n            yield 5\nawait W()",
}  # fmt: skip


@LEVELS
@pytest.mark.parametrize("name", STOPPED)
def test_it_is_stopped(name: str, optimize: bool) -> None:
    _, error = outcome("import asyncio\n" + STOPPED[name], optimize, steps=12_000)
    assert isinstance(error, LimitExceeded)
    assert error.kind in ("steps", "depth", "memory")


def test_an_ask_costs_by_what_it_asks_for() -> None:
    """A millisecond of the host's time for a hundred answers, each time."""

    def steps(count: int) -> int:
        src = (
            OWN
            + f"""
p = [never() for _ in range({count})]
async def body(c, first):
    for _ in range(500):
        await L._Ask((0, *p))
own(body)
asyncio.get_running_loop()
await asyncio.sleep(0)
"""
        )
        host = Host()

        async def main() -> int:
            with Compartment(host.caps(), limits=Limits(seconds=60)) as world:
                await world.exec_async(src)
                return world.usage.steps

        return int(watched(main()))

    assert steps(120) - steps(1) >= 500 * (120 >> 3)


# Ends


@TIERS
@pytest.mark.parametrize(
    "first",
    [
        "async def f():\n    while True: pass\nawait asyncio.gather(f(), f())",
        "async def f():\n    while True: pass\nasyncio.run(f())",
        "async def f(n): return await f(n + 1)\nawait asyncio.create_task(f(0))",
        "asyncio.get_running_loop().call_soon(lambda: [0] * 10 ** 9)\nawait asyncio.sleep(1)",
    ],
    ids=["in a task", "in a run", "too deep", "too large"],
)
def test_a_turn_that_was_stopped_leaves_no_loop_behind(first: str, isolation: str) -> None:
    async def main() -> None:
        limits = Limits(steps=60_000, seconds=60)
        with Compartment(Host().caps(), isolation=isolation, limits=limits) as world:
            await world.exec_async("import asyncio")
            with pytest.raises(LimitExceeded):
                await world.exec_async(first)
            assert (await world.exec_async("await asyncio.gather(answer(1), answer(2))")).value == [1, 2]
            world.exec("async def f():\n    await asyncio.sleep(1)\n    return 5")
            assert world.eval("asyncio.run(f())") == 5

    watched(main())


@TIERS
def test_an_answer_of_another_turn_is_not_waited_for(isolation: str) -> None:
    async def main() -> None:
        host = Host()
        with Compartment(host.caps(), isolation=isolation, limits=Limits(seconds=60)) as world:
            await world.exec_async("import asyncio\np = answer(4)")
            with pytest.raises(GuestError, match="cannot reuse already awaited"):
                await world.exec_async("async def f(): return await p\nawait asyncio.gather(f())")
            assert host.begun == 0

    watched(main())


async def slow_to_end() -> None:
    try:
        await asyncio.sleep(600)
    finally:
        await asyncio.sleep(0.2)


async def fails_at_its_end() -> None:
    try:
        await asyncio.sleep(600)
    finally:
        await asyncio.sleep(0.1)
        raise ValueError("at its end")


ENDING = {"slow": slow_to_end, "bad": fails_at_its_end}
GATHERED = "import asyncio\nstarted()\nawait asyncio.gather(slow(), slow(), bad())"


@TIERS
@pytest.mark.parametrize("times", [1, 2, 3])
def test_however_often_the_host_cancels_nothing_is_left_and_all_is_told(
    times: int, isolation: str
) -> None:
    uses: list[Any] = []

    async def main() -> None:
        started = asyncio.Event()
        caps = {**ENDING, "started": started.set}
        with Compartment(caps, isolation=isolation, on_use=uses.append) as world:
            task = asyncio.ensure_future(world.exec_async(GATHERED))
            await started.wait()
            await asyncio.sleep(0.05)
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0.03)
            with pytest.raises(asyncio.CancelledError):
                await task

    watched(main())
    assert sorted(u.path for u in uses if u.error is not None) == ["bad", "slow", "slow"]


@TIERS
def test_who_drives_it_may_let_go_of_it_and_all_is_told(isolation: str) -> None:
    uses: list[Any] = []

    async def main() -> None:
        with Compartment(
            {**ENDING, "started": lambda: None}, isolation=isolation, on_use=uses.append
        ) as world:
            coroutine = world.exec_async(GATHERED)
            coroutine.send(None)
            await asyncio.sleep(0.02)
            coroutine.close()
            assert sorted(u.path for u in uses if u.error is not None) == ["bad", "slow", "slow"]
            await asyncio.sleep(0.4)  # what was begun may go on

    watched(main())


@LEVELS
def test_an_answer_that_stops_the_guest_hides_none_beside_it(optimize: bool) -> None:
    async def large(value: int) -> bytes:
        await asyncio.sleep(0)
        return b"x" * (8 * 2**20)

    host = Host()
    src = "import asyncio\nawait asyncio.gather(*[large(i) for i in range(20)])"
    _, error = outcome(src, optimize, host, caps={"large": large}, memory=32 * 2**20)
    assert isinstance(error, LimitExceeded)
    assert error.kind == "memory"
    assert sorted(u.args for u in host.uses) == [(i,) for i in range(20)]


def test_what_ends_the_host_hides_no_answer_beside_it() -> None:
    async def leaves() -> None:
        await asyncio.sleep(0)
        raise SystemExit(3)

    async def soon() -> None:
        await asyncio.sleep(0)

    uses: list[Any] = []

    async def main() -> None:
        with Compartment({"leaves": leaves, "soon": soon}, on_use=uses.append) as world:
            with pytest.raises(SystemExit):
                await world.exec_async("import asyncio\nawait asyncio.gather(soon(), leaves(), soon())")

    watched(main())
    assert sorted(u.path for u in uses) == ["leaves", "soon", "soon"]


def test_answers_that_are_too_large_together_come_one_after_another() -> None:
    async def large(value: int) -> bytes:
        await asyncio.sleep(0)
        return bytes([value]) * (3 * 2**20)

    host = Host()
    src = """
import asyncio
r = await asyncio.gather(*[large(i) for i in range(16)], *[answer(i, 0) for i in range(4)])
[x[0] if type(x) is bytes else x for x in r]
"""
    value, error = outcome(src, True, host, "process", caps={"large": large})
    assert error is None, error
    assert value == [*range(16), *range(4)]
    assert len(host.uses) == 20


# Attenuators


class Service(Capability):
    def __init__(self) -> None:
        self.begun = self.done = 0

    async def get(self, number: int) -> str:
        self.begun += 1
        await asyncio.sleep(0.03)
        self.done += 1
        return "x" * 100


class Told(Capability):
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


ALL = """
import asyncio
async def get(i):
    return await service.get(i)
r = await asyncio.gather(*[get(i) for i in range(50)], return_exceptions=True)
later
len([x for x in r if type(x) is str]), len([x for x in r if isinstance(x, PermissionError)])
"""
#: name -> what is granted of a service, what the program does first, what comes, what is refused, and
#: what the service begins
PROMISES: dict[str, tuple[Callable[[Service], dict[str, Any]], str, int, int, int]] = {
    "quota-of-calls": (lambda s: {"service": quota(s, calls=10)}, "", 10, 40, 10),
    "quota-of-calls-by-the-guest": (lambda s: {"service": s}, "service = quota(service, calls=10)", 10, 40, 10),
    "quota-of-bytes": (lambda s: {"service": quota(s, bytes=1000)}, "", 10, 40, 50),
    "quota-of-bytes-by-the-guest": (lambda s: {"service": s}, "service = quota(service, bytes=1000)", 10, 40, 50),
    "rate": (lambda s: {"service": rate_limited(s, 7, 10, clock=Told())}, "", 7, 43, 7),
    "revoked-before": (lambda s: {"service": s}, "service, revoke = revocable(service)\nrevoke()", 0, 50, 0),
    "revoked-on-the-way": (
        lambda s: _revoked_on_the_way(s), "import asyncio\ntask = asyncio.create_task(revoke())", 0, 50, 50),
    "expired-on-the-way": (
        lambda s: _expired_on_the_way(s), "import asyncio\ntask = asyncio.create_task(pass_by())", 0, 50, 50),
    "revoked-by-the-guest-on-the-way": (
        lambda s: {"service": s}, "import asyncio\nservice, off = revocable(service)\nasync def f():\n    await answer(1)\n    off()\ntask = asyncio.create_task(f())", 0, 50, 50),
}  # fmt: skip


def _revoked_on_the_way(service: Service) -> dict[str, Any]:
    held, off = revocable(service)

    async def revoke() -> None:
        while not service.begun:  # noqa: ASYNC110
            await asyncio.sleep(0)
        off()

    return {"service": held, "revoke": revoke}


def _expired_on_the_way(service: Service) -> dict[str, Any]:
    clock = Told()

    async def pass_by() -> None:
        while not service.begun:  # noqa: ASYNC110
            await asyncio.sleep(0)
        clock.now = 9.0

    return {"service": expiring(service, seconds=5, clock=clock), "pass_by": pass_by}


@TIERS
@pytest.mark.parametrize("name", PROMISES)
def test_attenuators_keep_their_promise_with_fifty_under_way(name: str, isolation: str) -> None:
    grants, first, come, refused, begun = PROMISES[name]
    service = Service()
    src = first + ALL.replace("later\n", "")
    value, error = outcome(src, True, isolation=isolation, caps=grants(service))
    assert error is None, error
    assert value == (come, refused)
    assert service.begun == begun


@TIERS
def test_a_log_of_the_guests_says_the_same_of_what_was_cancelled(isolation: str) -> None:
    src = """
import asyncio
said = []
quiet = logged(never, said.append)
async def f(): await quiet()
tasks = [asyncio.create_task(f()) for _ in range(3)]
await asyncio.sleep(0)
await answer(1)
for task in tasks: task.cancel()
await asyncio.wait(tasks)
[x.partition(": ")[2] for x in said]
"""
    value, error = outcome(src, True, isolation=isolation)
    assert error is None, error
    assert value == ["CancelledError"] * 3


def test_a_clock_that_was_taken_back_lets_nothing_wait() -> None:
    held, off = revocable(Clock.ambient().module())
    src = (
        OWN
        + """
async def body(c, first):
    r = [await asks(0.001)]
    off()
    return [*r, await asks(0.001)]
own(body)
asyncio.get_running_loop()
await asyncio.sleep(0)
"""
    )
    value, error = outcome(src, True, caps={"clock": held, "off": lambda: off()})
    assert error is None, error
    assert value == [(), "refused"]
