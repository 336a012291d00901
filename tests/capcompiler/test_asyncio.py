"""`asyncio` in a guest: the library's own tasks and locks, on a loop that runs within the turn."""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from capcompiler import (
    CapabilityError,
    Compartment,
    GuestError,
    LimitExceeded,
    Limits,
    cap_exec,
    cap_exec_async,
)
from stdlib_caps import Clock
from tests.capcompiler.test_awaiting import run as run_within

#: name -> the body of `async def main()`, which gives data. Plain Python gives the same.
PROGRAMS = {
    "gather in the order of its arguments": """
        async def f(n):
            await asyncio.sleep(n / 100)
            said.append(n)
            return n
        return await asyncio.gather(f(3), f(1), f(2)), said
    """,
    "gather of errors": """
        async def f(n):
            if n == 2: raise ValueError(n)
            return n
        found = await asyncio.gather(f(1), f(2), return_exceptions=True)
        try:
            await asyncio.gather(f(1), f(2))
        except ValueError as e:
            return found[0], repr(found[1]), e.args
    """,
    "a group": """
        async def f(n):
            await asyncio.sleep(0)
            return n * n
        async with asyncio.TaskGroup() as group:
            made = [group.create_task(f(n), name=f"t{n}") for n in range(4)]
        return [t.result() for t in made], [t.get_name() for t in made]
    """,
    "a group that fails": """
        async def f():
            await asyncio.sleep(0)
            raise KeyError("x")
        async def g():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                said.append("cancelled")
                raise
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(f()); group.create_task(g())
        except* KeyError as e:
            said.append([type(x).__name__ for x in e.exceptions])
        return said
    """,
    "timeouts": """
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            said.append("timeout")
        try:
            await asyncio.wait_for(asyncio.sleep(60), 0.01)
        except TimeoutError:
            said.append("wait_for")
        async with asyncio.timeout(60) as t:
            said.append(await asyncio.wait_for(asyncio.sleep(0, "value"), 1))
        return said, t.expired()
    """,
    "waits": """
        async def f(n):
            await asyncio.sleep(n / 50)
            return n
        made = {asyncio.create_task(f(n)) for n in (1, 9)}
        done, left = await asyncio.wait(made, return_when=asyncio.FIRST_COMPLETED)
        for t in left: t.cancel()
        found = [t.result() for t in done]
        done, left = await asyncio.wait(left)
        return found, [t.cancelled() for t in done], len(left)
    """,
    "as they come": """
        async def f(n):
            await asyncio.sleep(n / 50)
            return n
        return [await x for x in asyncio.as_completed([f(3), f(1), f(2)])]
    """,
    "cancelled": """
        async def f():
            try:
                await asyncio.sleep(60)
            finally:
                said.append("finally")
        task = asyncio.create_task(f())
        await asyncio.sleep(0)
        task.cancel("why")
        try:
            await task
        except asyncio.CancelledError as e:
            return said, task.cancelled(), e.args
    """,
    "cancels itself before it waits": """
        async def f():
            asyncio.current_task().cancel()
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                return "cancelled"
        first = await asyncio.create_task(f())
        asyncio.current_task().cancel()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return first, asyncio.current_task().uncancel()
    """,
    "shielded": """
        async def f():
            await asyncio.sleep(0.01)
            said.append("done")
        inner = asyncio.create_task(f())
        try:
            await asyncio.wait_for(asyncio.shield(inner), 0.001)
        except TimeoutError:
            said.append("timeout")
        await inner
        return said
    """,
    "a queue": """
        queue = asyncio.Queue(2)
        async def produce():
            for i in range(5):
                await queue.put(i)
        async def consume():
            while True:
                said.append(await queue.get())
                queue.task_done()
        tasks = [asyncio.create_task(produce()), asyncio.create_task(consume())]
        await tasks[0]
        await queue.join()
        tasks[1].cancel()
        return said
    """,
    "locks": """
        lock, event, few = asyncio.Lock(), asyncio.Event(), asyncio.Semaphore(2)
        condition = asyncio.Condition()
        async def f(n):
            async with few:
                said.append(("in", n))
                async with lock:
                    await asyncio.sleep(0)
                said.append(("out", n))
        async def g():
            await event.wait()
            async with condition:
                await condition.wait_for(lambda: len(said) > 5)
            return "woken"
        task = asyncio.create_task(g())
        await asyncio.gather(f(1), f(2), f(3))
        event.set()
        await asyncio.sleep(0)
        async with condition:
            condition.notify_all()
        return said, await task
    """,
    "a barrier": """
        barrier = asyncio.Barrier(3)
        async def f(n):
            await barrier.wait()
            return n
        return await asyncio.gather(*[f(n) for n in range(3)])
    """,
    "variables of a context": """
        import contextvars
        v = contextvars.ContextVar("v", default=0)
        async def f(n):
            v.set(n)
            await asyncio.sleep(0)
            return v.get()
        v.set(9)
        return await asyncio.gather(f(1), f(2)), v.get()
    """,
    "a variable that is set beside a task": """
        import contextvars
        v = contextvars.ContextVar("v", default=0)
        async def f():
            await asyncio.sleep(0)
            return v.get()
        task = asyncio.create_task(f())
        v.set(5)
        await asyncio.sleep(0)
        return await task, v.get()
    """,
    "callbacks": """
        loop = asyncio.get_running_loop()
        loop.call_later(0.02, said.append, "later")
        loop.call_soon(said.append, "soon")
        handle = loop.call_later(0.01, said.append, "never")
        handle.cancel()
        future = loop.create_future()
        future.add_done_callback(lambda f: said.append(f.result()))
        loop.call_soon(future.set_result, "set")
        await future
        await asyncio.sleep(0.04)
        return said, handle.cancelled(), loop.is_running(), loop.is_closed()
    """,
    "an async generator": """
        async def count():
            for i in range(3):
                await asyncio.sleep(0)
                yield i
        return [i async for i in count()], asyncio.iscoroutine(count()), asyncio.isfuture(count)
    """,
    "its own awaitable": """
        class Twice:
            def __await__(self):
                yield from asyncio.sleep(0).__await__()
                return 2
        return await Twice(), await asyncio.gather(Twice()), await asyncio.ensure_future(Twice())
    """,
    "a future of two": """
        future = asyncio.get_running_loop().create_future()
        async def f(): return await future
        tasks = [asyncio.create_task(f()) for _ in range(2)]
        await asyncio.sleep(0)
        future.set_exception(ValueError("both"))
        return [repr(e) for e in await asyncio.gather(*tasks, return_exceptions=True)]
    """,
    "what cannot be awaited": """
        async def f():
            class Bad:
                def __await__(self): yield 5
            await Bad()
        try:
            await asyncio.create_task(f())
        except RuntimeError as e:
            return str(e)
    """,
    "all tasks": """
        async def f(): await asyncio.sleep(0)
        task = asyncio.create_task(f())
        found = asyncio.all_tasks()
        return len(found), task in found, asyncio.current_task() in found, await task
    """,
    "an error in a callback": """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, c: said.append((c["message"][:21], repr(c["exception"]))))
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        return said
    """,
    "run within a run": """
        async def f(): pass
        c = f()
        try:
            asyncio.run(c)
        except RuntimeError as e:
            c.close()
            return type(e).__name__
    """,
    "a task factory": """
        loop = asyncio.get_running_loop()
        def make(loop, coro, **given):
            said.append("made")
            return asyncio.Task(coro, loop=loop, **given)
        loop.set_task_factory(make)
        async def f(): return 3
        found = await asyncio.create_task(f()), list(said)
        loop.set_task_factory(None)
        return found
    """,
    "a task that is left": """
        async def f():
            try:
                await asyncio.sleep(60)
            finally:
                said.append("ended")
        task = asyncio.create_task(f())
        await asyncio.sleep(0)
        return said
    """,
}
BEFORE = "import asyncio\nsaid = []\nasync def main():\n"


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return run_within(coroutine, 300)


def body(name: str) -> str:
    return BEFORE + textwrap.indent(textwrap.dedent(PROGRAMS[name]), "    ")


def plain(text: str, found: Callable[[Any], Any]) -> Any:
    names: dict[str, Any] = {}
    exec(text, names)
    return found(names)


def as_data(value: Any) -> Any:
    """Lists for tuples, as a record of both kinds of programs."""
    return [as_data(v) for v in value] if type(value) in (list, tuple) else value


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Or the first test would wait for the library to be compiled, which its limits are not for."""
    for level in (False, True):
        cap_exec("import asyncio, inspect, traceback, logging; inspect.isawaitable", optimize=level)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_runs_its_own_loop(name: str, optimize: bool) -> None:
    text = body(name) + "\nr = asyncio.run(main())\n"
    wanted = plain(text, lambda names: (names["r"], names["said"]))
    made = cap_exec(text, optimize=optimize, limits=Limits(seconds=300))
    assert as_data((made["r"], made["said"])) == as_data(wanted)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_in_a_turn_that_awaits(name: str, optimize: bool) -> None:
    text = body(name)
    wanted = plain(text, lambda names: (asyncio.run(names["main"]()), names["said"]))
    made = run(
        cap_exec_async(text + "\nr = await main()", optimize=optimize, limits=Limits(seconds=300))
    )
    assert as_data((made["r"], made["said"])) == as_data(wanted)


def test_a_program_in_a_worker() -> None:
    with Compartment(isolation="process", limits=Limits(seconds=300)) as world:
        for name in PROGRAMS:
            text = body(name)
            wanted = plain(text, lambda names: (asyncio.run(names["main"]()), names["said"]))
            made = run(world.exec_async(text + "\nr = await main()"))
            assert as_data((made["r"], made["said"])) == as_data(wanted), name


def test_both_levels_take_the_same_steps() -> None:
    text = body("locks") + "\nr = await main()"

    def steps(optimize: bool) -> int:
        world = Compartment(limits=Limits(seconds=300))
        run(world.exec_async(text, optimize=optimize))
        return world.usage.steps

    assert steps(True) == steps(False)


# Time


def test_without_a_clock_a_wait_takes_no_time_and_tells_none() -> None:
    started = time.monotonic()
    made = cap_exec(
        "import asyncio\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    a = loop.time()\n"
        "    for _ in range(20_000): pass\n"
        "    b = loop.time()\n"
        "    await asyncio.sleep(3600)\n"
        "    return a, b, loop.time()\n"
        "r = asyncio.run(main())",
        limits=Limits(seconds=300),
    )
    assert made["r"] == (0.0, 0.0, 3600.0)
    assert time.monotonic() - started < 3000


class Waiting:
    """What waits for ever, and how that ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def never(self) -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise


class Host(Waiting):
    """What is granted: answers, each of which may take as long as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = self.most = 0

    async def answer(self, value: Any) -> Any:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0.02)
            if value == "bad":
                raise ValueError("bad")
            self.ended.append(f"answered {value}")
            return value
        except asyncio.CancelledError:
            self.ended.append(f"cancelled {value}")
            raise
        finally:
            self.under_way -= 1

    def caps(self) -> dict[str, Any]:
        return {"answer": self.answer, "never": self.never}


TIERS = ("inline", "process")


async def guest(text: str, host: Host, isolation: str, **rest: Any) -> Any:
    caps = {**host.caps(), **rest.pop("caps", {})}
    limits = Limits(**{"seconds": 300, **rest.pop("limits", {})})
    with Compartment(caps, isolation=isolation, limits=limits, **rest) as world:
        return await world.exec_async("import asyncio\n" + text)


@pytest.mark.parametrize("isolation", TIERS)
def test_answers_of_the_host_come_beside_one_another(isolation: str) -> None:
    host = Host()
    made = run(guest("r = await asyncio.gather(*[answer(i) for i in range(5)])", host, isolation))
    assert made["r"] == [0, 1, 2, 3, 4]
    assert host.most == 5


@pytest.mark.parametrize("isolation", TIERS)
def test_no_more_than_a_hundred_are_under_way(isolation: str) -> None:
    host = Host()
    made = run(guest("r = await asyncio.gather(*[answer(i) for i in range(250)])", host, isolation))
    assert made["r"] == list(range(250))
    assert host.most == 100


@pytest.mark.parametrize("isolation", TIERS)
def test_a_task_runs_while_the_program_awaits_the_host(isolation: str) -> None:
    text = """
async def f():
    said.append("task")
    said.append(await answer("beside"))
said = []
task = asyncio.create_task(f())
group = asyncio.create_task(answer("made a task of"))
said.append(await answer("first"))
await task
said.append(await group)
"""
    made = run(guest(text, Host(), isolation))
    assert sorted(made["said"]) == ["beside", "first", "made a task of", "task"]
    assert made["said"][0] == "task"


@pytest.mark.parametrize("isolation", TIERS)
def test_an_error_of_the_host_is_raised_in_the_task_that_waits(isolation: str) -> None:
    text = """
r = [repr(e) if isinstance(e, Exception) else e
     for e in await asyncio.gather(answer(1), answer("bad"), return_exceptions=True)]
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(answer("bad"))
        group.create_task(never())
except* ValueError as e:
    r.append(len(e.exceptions))
"""
    host = Host()
    made = run(guest(text, host, isolation))
    assert made["r"] == [1, "ValueError('bad')", 1]
    assert "cancelled" in host.ended


@pytest.mark.parametrize("isolation", TIERS)
def test_what_nobody_waits_for_any_more_is_cancelled(isolation: str) -> None:
    text = """
task = asyncio.create_task(never())
await asyncio.sleep(0)
r = await answer("one")
task.cancel()
await answer("two")
"""
    host = Host()
    run(guest(text, host, isolation))
    assert host.ended == ["answered one", "cancelled", "answered two"]


@pytest.mark.parametrize("isolation", TIERS)
def test_what_is_under_way_at_the_end_is_cancelled(isolation: str) -> None:
    host = Host()
    run(guest("task = asyncio.create_task(never())\nawait answer(1)", host, isolation))
    assert host.ended == ["answered 1", "cancelled"]


@pytest.mark.parametrize("isolation", TIERS)
def test_without_a_clock_no_timer_overtakes_the_host(isolation: str) -> None:
    """Or a program could time the host by it."""
    text = """
async def late():
    try:
        async with asyncio.timeout(0.001):
            return await answer("slow")
    except TimeoutError:
        return "timeout"
r = await asyncio.gather(late(), asyncio.sleep(5, "slept"))
"""
    assert run(guest(text, Host(), isolation))["r"] == ["slow", "slept"]


@pytest.mark.parametrize("isolation", TIERS)
def test_without_a_clock_no_program_counts_until_the_host_has_answered(isolation: str) -> None:
    """How often it went round would be a clock."""
    text = """
async def count(task):
    n = 0
    while not task.done():
        n += 1
        await asyncio.sleep(0)
    return n
async def both():
    task = asyncio.create_task(answer(1))
    return await count(task), await task
r = [await asyncio.create_task(both()) for _ in range(3)]
two = [asyncio.create_task(answer(i)) for i in range(2)]
await asyncio.wait(two, return_when=asyncio.FIRST_COMPLETED)
came = sum(t.done() for t in two)
"""
    host = Host()
    made = run(guest(text, host, isolation))
    assert len(set(made["r"])) == 1
    assert made["came"] == 1


@pytest.mark.parametrize("isolation", TIERS)
@pytest.mark.parametrize("clock", [False, True], ids=["no clock", "a clock"])
def test_a_loop_that_the_guest_wrote_polls_with_a_clock_alone(clock: bool, isolation: str) -> None:
    text = """
from asyncio import _loop
r = []
class Ask:
    def __init__(self, *asked): self.asked = asked
    def __await__(self): return (yield self.asked)
async def serve(main, first):
    pending, polled = answer(2), []
    while not polled and len(r) < 20_000:
        polled = await Ask(0, pending)
        r.append(len(polled))
    if not polled:
        polled = await Ask(None, pending)
    r.append(polled[0][1:])
    try:
        await Ask(0.001)
    except RuntimeError:
        r.append("refused")
_loop._take_course(serve, serve)
await answer(1)
"""
    caps = {"clock": Clock.ambient().module()} if clock else {}
    made = run(guest(text, Host(), isolation, caps=caps))
    assert (2, None) in made["r"]
    assert (1 in made["r"]) == clock
    assert ("refused" in made["r"]) != clock


@pytest.mark.parametrize("isolation", TIERS)
def test_with_a_clock_time_is_what_it_says(isolation: str) -> None:
    text = """
try:
    async with asyncio.timeout(0.05):
        await never()
except TimeoutError:
    said = ["timeout"]
loop = asyncio.get_running_loop()
before = loop.time()
await asyncio.sleep(0.1)
said.append(0.09 < loop.time() - before < 10)
"""
    host = Host()
    made = run(guest(text, host, isolation, caps={"clock": Clock.ambient().module()}))
    assert made["said"] == ["timeout", True]
    assert host.ended == ["cancelled"]


def test_waiting_in_a_turn_that_does_not_await_is_the_hosts_to_grant() -> None:
    text = "import asyncio\nasyncio.run(asyncio.sleep(0.01))"
    with pytest.raises(GuestError) as error:
        cap_exec(text, {"clock": Clock.ambient().module()}, limits=Limits(seconds=300))
    assert error.value.exc_type == "PermissionError"
    cap_exec(text, {"clock": Clock.ambient(longest_sleep=1).module()}, limits=Limits(seconds=300))


# Ends


@pytest.mark.parametrize("isolation", TIERS)
def test_a_turn_that_is_cancelled_ends_all_that_it_waits_for(isolation: str) -> None:
    host = Host()

    async def main() -> None:
        with Compartment(host.caps(), isolation=isolation, limits=Limits(seconds=300)) as world:
            text = "import asyncio\nawait asyncio.gather(never(), never(), never())"
            task = asyncio.ensure_future(world.exec_async(text))
            while not world._awaiting:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            world.cancel("the user left")
            with pytest.raises(CapabilityError, match="the user left"):
                await task

    run(main())
    assert host.ended == ["cancelled"] * len(host.ended)


@pytest.mark.parametrize("isolation", TIERS)
def test_the_hosts_task_may_be_cancelled(isolation: str) -> None:
    host = Host()

    async def main() -> None:
        text = "r = await answer(0)\nawait asyncio.gather(never(), never())"
        task = asyncio.ensure_future(guest(text, host, isolation))
        while "answered 0" not in host.ended:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert host.ended == ["answered 0", "cancelled", "cancelled"]


@pytest.mark.parametrize("isolation", TIERS)
def test_the_limit_of_time_holds_while_several_are_under_way(isolation: str) -> None:
    host = Host()
    with pytest.raises(LimitExceeded) as error:
        run(guest("await asyncio.gather(never(), never())", host, isolation, limits={"seconds": 3}))
    assert error.value.kind == "seconds"
    assert host.ended in ([], ["cancelled", "cancelled"])  # before it was asked, or after


@pytest.mark.parametrize("isolation", TIERS)
def test_what_ends_the_host_ends_the_turn(isolation: str) -> None:
    async def leave() -> None:
        await asyncio.sleep(0)
        raise GeneratorExit

    with pytest.raises(GeneratorExit):
        run(guest("await asyncio.gather(leave(), never())", Host(), isolation, caps={"leave": leave}))


def test_a_turn_that_was_stopped_leaves_no_loop_that_runs() -> None:
    world = Compartment(limits=Limits(steps=300_000))
    world.exec(
        "import asyncio\n"
        "async def spin():\n"
        "    while True: pass\n"
        "async def fine():\n"
        "    await asyncio.sleep(1)\n"
        "    return 5\n"
    )
    for _ in range(2):
        with pytest.raises(LimitExceeded):
            world.exec("asyncio.run(spin())")
        assert world.eval("asyncio.run(fine())") == 5
        with pytest.raises(LimitExceeded):
            run(world.exec_async("t = asyncio.create_task(spin()); await asyncio.sleep(1)"))
        assert run(world.eval_async("await asyncio.gather(fine(), fine())")) == [5, 5]


def test_what_cannot_come_is_an_error() -> None:
    text = "import asyncio\nasync def main(): await asyncio.Event().wait()\n"
    for source in (text + "asyncio.run(main())",):
        with pytest.raises(GuestError, match="will never come"):
            cap_exec(source, limits=Limits(seconds=300))
    with pytest.raises(GuestError, match="will never come"):
        run(cap_exec_async(text + "asyncio.get_running_loop\nt = asyncio.create_task(main())\nawait t",
                           limits=Limits(seconds=300)))  # fmt: skip


def test_an_answer_within_a_loop_of_the_programs_own_is_refused() -> None:
    text = "import asyncio\nasync def main(): return await answer(1)\nasyncio.run(main())"
    with pytest.raises(GuestError, match="turn that awaits"):
        run(cap_exec_async(text, Host().caps(), limits=Limits(seconds=300)))
    with pytest.raises(GuestError, match="must be awaited"):
        cap_exec(text, Host().caps(), limits=Limits(seconds=300))


def test_each_coroutine_that_the_host_runs_has_a_loop_of_its_own() -> None:
    host = Host()

    async def both(first: Any, second: Any) -> list[Any]:
        return list(await asyncio.gather(first, second))

    text = """
async def f(n):
    task = asyncio.create_task(answer(n))
    await asyncio.sleep(1)
    return await task, id(asyncio.get_running_loop())
found = await both(f(1), f(2))
r = [found[0][0], found[1][0], found[0][1] == found[1][1]]
"""
    made = run(guest(text, host, "inline", caps={"both": both}))
    assert made["r"] == [1, 2, False]
    assert host.most == 2


def test_the_audit_knows_how_each_call_ended() -> None:
    host, uses = Host(), []
    text = """
tasks = [asyncio.create_task(never()), asyncio.create_task(answer("bad"))]
r = await answer(1)
try:
    await tasks[1]
except ValueError:
    pass
"""
    run(guest(text, host, "inline", on_use=uses.append))
    ends = sorted((u.path, type(u.error).__name__) for u in uses)
    assert ends == [("answer", "NoneType"), ("answer", "ValueError"), ("never", "Unanswered")]


# What is not there


@pytest.mark.parametrize(
    "text",
    [
        "asyncio.open_connection('a', 1)",
        "asyncio.start_server",
        "asyncio.create_subprocess_exec('ls')",
        "asyncio.to_thread(print)",
        "asyncio.new_event_loop().run_in_executor(None, print)",
        "asyncio.new_event_loop().create_connection(None, 'a', 1)",
        "asyncio.new_event_loop().add_reader(0, print)",
        "asyncio.new_event_loop().add_signal_handler(2, print)",
        "asyncio.new_event_loop().subprocess_exec(None, 'ls')",
        "asyncio.streams",
        "asyncio.subprocess",
    ],
)
def test_what_is_authority_names_what_would_grant_it(text: str) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec(f"import asyncio\n{text}", limits=Limits(seconds=300))
    assert error.value.exc_type == "PermissionError"
    assert "was not granted" in error.value.message


@pytest.mark.parametrize(
    "name", ["streams", "subprocess", "unix_events", "sslproto", "threads", "base_events"]
)
def test_a_part_that_is_authority_cannot_be_imported(name: str) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec(f"import asyncio.{name}", limits=Limits(seconds=300))
    assert error.value.exc_type in ("ModuleNotFoundError", "ImportError")
    assert name in error.value.message
