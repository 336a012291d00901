"""Turns that await: the asynchronous half of the contract, its budgets, and how it is ended."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    DialectError,
    GuestError,
    LimitExceeded,
    Limits,
    Program,
    cap_compile,
    cap_eval,
    cap_eval_async,
    cap_exec,
    cap_exec_async,
    check,
)


def run(coroutine: Coroutine[Any, Any, Any], within: float = 20) -> Any:
    """Runs a coroutine to its end, and fails for what the host would be warned of."""
    troubles: list[Any] = []

    async def main() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: troubles.append(what))
        return await asyncio.wait_for(coroutine, within)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return asyncio.run(main())
        finally:
            gc.collect()
            assert not troubles


async def soon(value: Any = None) -> Any:
    """What a host grants: gives its argument, a little later."""
    await asyncio.sleep(0)
    return value


async def fails(text: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(text)


class Gate:
    """A host's coroutine function that waits, and tells how it ended."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.ended = ""

    async def wait(self) -> str:
        self.entered.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        return "late"


CAPS: dict[str, Callable[..., Awaitable[Any]]] = {"soon": soon, "fails": fails}


# The language


LANGUAGE = {
    "await at the top level": ("r = await soon(5)", 5),
    "await in a function": ("async def f(x):\n    return await soon(x) + 1\nr = await f(1)", 2),
    "comprehensions": ("r = [await soon(i) for i in range(3)]", [0, 1, 2]),
    "async comprehension": (
        "async def g():\n    for i in range(3):\n        yield await soon(i)\nr = {x: x async for x in g() if x}",
        {1: 1, 2: 2},
    ),
    "async for": (
        "class A:\n    def __init__(self): self.n = 0\n    def __aiter__(self): return self\n"
        "    async def __anext__(self):\n        self.n += 1\n        if self.n > 2: raise StopAsyncIteration\n"
        "        return await soon(self.n)\nr = []\nasync for x in A():\n    r.append(x)\nelse:\n    r.append('end')",
        [1, 2, "end"],
    ),
    "async with": (
        "log = []\nclass C:\n    async def __aenter__(self): log.append(await soon('in')); return 7\n"
        "    async def __aexit__(self, *e): log.append(e[0].__name__); return await soon(True)\n"
        "async with C() as c:\n    1 / 0\nr = (c, log)",
        (7, ["in", "ZeroDivisionError"]),
    ),
    "asynccontextmanager": (
        "import contextlib\nlog = []\n@contextlib.asynccontextmanager\nasync def c():\n    yield await soon(1)\n    log.append(2)\n"
        "async with c() as x:\n    log.append(x)\nr = log",
        [1, 2],
    ),
    "awaitable of one's own": (
        "class W:\n    def __await__(self):\n        x = yield from soon(3).__await__()\n        return x * 2\nr = await W()",
        6,
    ),
    "bare yield": ("class W:\n    def __await__(self):\n        yield\n        return 'on'\nr = await W()", "on"),
    "errors of the host": ("try:\n    await fails('no luck')\nexcept ValueError as e:\n    r = str(e)", "no luck"),
    "finally": (
        "r = []\nasync def f():\n    try:\n        await fails('x')\n    finally:\n        r.append(await soon(1))\n"
        "try:\n    await f()\nexcept ValueError:\n    r.append(2)",
        [1, 2],
    ),
    "except star": (
        "try:\n    try:\n        await fails('x')\n    except* ValueError as g:\n        raise\nexcept ExceptionGroup as e:\n    r = len(e.exceptions)",
        1,
    ),
    "anext with a default": (
        "async def g():\n    yield 1\na = g()\nr = [await anext(a), await anext(a, 'none')]",
        [1, "none"],
    ),
    "asend and athrow": (
        "async def g():\n    x = yield 1\n    try:\n        yield x\n    except KeyError:\n        yield await soon('caught')\n"
        "a = g()\nr = [await anext(a), await a.asend(5), await a.athrow(KeyError())]\nawait a.aclose()",
        [1, 5, "caught"],
    ),
    "walrus and boolean operators": ("r = (x := await soon(2)) and await soon(x + 1) or await fails('')", 3),
    "await in arguments": ("def f(*a, **k): return a, k\nr = f(await soon(1), *[await soon(2)], k=await soon(3))", ((1, 2), {"k": 3})),
    "await in an f-string": ("r = f'{await soon(4)!r:>3}'", "  4"),
    "gathered by hand": (
        "cs = [soon(i) for i in range(3)]\nr = [await c for c in reversed(cs)]",
        [2, 1, 0],
    ),
    "a lambda that gives an awaitable": ("f = lambda x: soon(x)\nr = await f(8)", 8),
    "functools.partial of one": ("import functools\nr = await functools.partial(soon, 9)()", 9),
    "recursion": ("async def f(n):\n    return 0 if n == 0 else 1 + await f(n - 1)\nr = await f(50)", 50),
    "match": ("match await soon([1, 2]):\n    case [a, b]:\n        r = a + b", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", LANGUAGE)
def test_language(name: str, optimize: bool) -> None:
    source, wanted = LANGUAGE[name]
    assert run(cap_exec_async(source, CAPS, optimize=optimize))["r"] == wanted


@pytest.mark.parametrize("name", LANGUAGE)
def test_both_levels_take_the_same_steps(name: str) -> None:
    source, _ = LANGUAGE[name]
    used = [run(cap_exec_async(source, CAPS, optimize=o)).usage.steps for o in (False, True)]
    assert used[0] == used[1] > 0


def test_programs_that_do_not_await_run_as_well(optimize: bool) -> None:
    ns = run(cap_exec_async("print('x')\ntotal = sum(xs)\ntotal", {"xs": [1, 2]}, optimize=optimize))
    assert (ns["total"], ns.value, ns.output) == (3, 3, "x\n")


def test_the_value_of_a_trailing_await() -> None:
    assert run(cap_exec_async("await soon(1)\nawait soon('last')", CAPS)).value == "last"


def test_eval(optimize: bool) -> None:
    assert run(cap_eval_async("(await soon(2)) + 1", CAPS, optimize=optimize)) == 3
    assert run(cap_eval_async("1 + 1")) == 2


def test_call() -> None:
    async def main() -> list[Any]:
        with Compartment(CAPS) as world:
            world.exec(
                "async def f(x, *, y=0):\n    return await soon(x) + y\ndef g(x): return x\nk = 5"
            )
            return [await world.call_async("f", 1, y=2), await world.call_async("g", 3)]

    assert run(main()) == [3, 3]


def test_methods_of_capabilities_are_awaited() -> None:
    class Store(Capability):
        async def get(self, key: str) -> int:
            await asyncio.sleep(0)
            return len(key)

    assert run(cap_eval_async("await store.get('abc')", {"store": Store()})) == 3
    with pytest.raises(GuestError, match="TypeError"):
        run(cap_eval_async("await store.get(5)", {"store": Store()}))


def test_futures_and_tasks_are_awaited() -> None:
    async def main() -> Any:
        def begin(x: int) -> asyncio.Task[Any]:
            return asyncio.create_task(soon(x))

        return await cap_eval_async("[await begin(1), await begin(2)]", {"begin": begin})

    assert run(main()) == [1, 2]


def test_state_stays_between_turns() -> None:
    async def main() -> Any:
        with Compartment(CAPS) as world:
            await world.exec_async("x = await soon(1)")
            world.exec("x += 1")
            await world.exec_async("x += await soon(1)")
            return world.eval("x")

    assert run(main()) == 3


def test_a_program_is_used_many_times() -> None:
    program = cap_compile("r = await soon(n)")
    assert isinstance(program, Program)
    assert program.awaits
    assert [run(cap_exec_async(program, {**CAPS, "n": n}))["r"] for n in (1, 2)] == [1, 2]


# Where nothing can be awaited


def test_a_turn_without_a_loop_takes_no_await_at_its_top_level() -> None:
    assert check("await x") == []
    with pytest.raises(DialectError, match="exec_async") as caught:
        cap_exec("x = 1\nawait f()", CAPS)
    assert (caught.value.violations[0].line, caught.value.violations[0].column) == (2, 0)
    with pytest.raises(DialectError, match="exec_async"):
        cap_eval("await f()", CAPS)
    with pytest.raises(DialectError, match="exec_async"):
        cap_exec(cap_compile("[x async for x in y]"))


def test_a_guests_own_exec_takes_no_await_at_its_top_level() -> None:
    for text in (
        "exec('await soon(1)')",
        "eval('await soon(1)')",
        "compile('await soon(1)', 'f', 'exec')",
    ):
        with pytest.raises(GuestError, match="SyntaxError"):
            run(cap_exec_async(text, CAPS))


def test_a_host_coroutine_in_a_turn_without_a_loop() -> None:
    with (
        pytest.raises(GuestError, match="soon must be awaited; only exec_async"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        cap_exec("soon(1)", CAPS)


def test_what_cannot_be_awaited() -> None:
    for text in ("await 5", "await print", "class K: pass\nawait K()"):
        with pytest.raises(GuestError, match="TypeError"):
            run(cap_exec_async(text, CAPS))


def test_only_what_the_host_gave_is_waited_for() -> None:
    with pytest.raises(GuestError, match="RuntimeError: only what the host gave"):
        run(cap_exec_async("class W:\n    def __await__(self): yield 5\nawait W()"))


def test_awaited_twice() -> None:
    with pytest.raises(GuestError, match="already awaited"):
        run(cap_exec_async("p = soon(1)\nawait p\nawait p", CAPS))


def test_never_awaited() -> None:
    ns = run(cap_exec_async("p = soon(1)\nasync def f(): pass\nq = f()", CAPS))
    assert "p" in ns
    assert "q" in ns


def test_awaited_in_a_later_turn() -> None:
    async def main() -> None:
        with Compartment(CAPS) as world:
            await world.exec_async("p = soon(1)")
            await world.exec_async("await p")

    with pytest.raises(GuestError, match="already awaited"):
        run(main())


# Budgets


def test_steps() -> None:
    with pytest.raises(LimitExceeded) as caught:
        run(cap_exec_async("while True:\n    await soon()", CAPS, limits=Limits(steps=500)))
    assert caught.value.kind == "steps"


def test_steps_of_a_stop_are_not_caught() -> None:
    source = "while True:\n    try:\n        while True:\n            await soon()\n    except BaseException:\n        pass"
    with pytest.raises(LimitExceeded):
        run(cap_exec_async(source, CAPS, limits=Limits(steps=500)))


def test_seconds_count_the_waiting() -> None:
    async def main(seconds: float) -> tuple[bool, str, str]:
        gate = Gate()
        with pytest.raises(LimitExceeded) as caught:
            await cap_exec_async(
                "try:\n    await wait()\nexcept BaseException:\n    await wait()",
                {"wait": gate.wait},
                limits=Limits(seconds=seconds),
            )
        return gate.entered.is_set(), caught.value.kind, gate.ended

    # On a busy machine a worker may not come to the first `await` in so short a time.
    found = next(f for f in (run(main(seconds)) for seconds in (0.1, 1, 10)) if f[0])
    assert found[1:] == ("seconds", "cancelled")


def test_seconds_count_the_running() -> None:
    with pytest.raises(LimitExceeded) as caught:
        run(cap_exec_async("await soon()\nwhile True: pass", CAPS, limits=Limits(seconds=0.1)))
    assert caught.value.kind == "seconds"


def test_a_timeout_of_the_host_is_an_error_of_the_guest() -> None:
    async def slow() -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(5)

    source = "try:\n    await slow()\nexcept TimeoutError:\n    r = 'caught'"
    assert run(cap_exec_async(source, {"slow": slow}, limits=Limits(seconds=10)))["r"] == "caught"


def test_output_and_depth() -> None:
    for source, limits, kind in (
        ("while True:\n    print('x' * 100)\n    await soon()", Limits(output=1000), "output"),
        ("async def f(): await f()\nawait f()", Limits(depth=50), "depth"),
        ("xs = []\nwhile True:\n    xs.append(await soon('x' * 2**20))", Limits(memory=2**25), "memory"),
    ):
        with pytest.raises(LimitExceeded) as caught:
            run(cap_exec_async(source, CAPS, limits=limits))
        assert caught.value.kind == kind


def test_what_was_printed_comes_with_the_error() -> None:
    with pytest.raises(GuestError) as caught:
        run(cap_exec_async("print('so far')\nawait fails('x')", CAPS))
    assert caught.value.output == "so far\n"  # type: ignore[attr-defined]
    assert "await fails('x')" in caught.value.traceback


# Ending a turn


def test_cancel_while_it_waits() -> None:
    async def main() -> str:
        gate = Gate()
        world = Compartment({"wait": gate.wait})
        task = asyncio.create_task(world.exec_async("try:\n    await wait()\nfinally:\n    print('x')"))
        await gate.entered.wait()
        world.cancel("enough")
        with pytest.raises(CapabilityError, match="enough"):
            await task
        assert world.output == ""
        assert world.eval("1 + 1") == 2
        return gate.ended

    assert run(main()) == "cancelled"


def test_cancel_from_another_thread() -> None:
    async def main() -> None:
        gate = Gate()
        world = Compartment({"wait": gate.wait})
        task = asyncio.create_task(world.exec_async("await wait()"))
        await gate.entered.wait()
        threading.Thread(target=world.cancel, args=("elsewhere",)).start()
        with pytest.raises(CapabilityError, match="elsewhere"):
            await task

    run(main())


def test_close_while_it_waits() -> None:
    async def main() -> None:
        gate = Gate()
        world = Compartment({"wait": gate.wait})
        task = asyncio.create_task(world.exec_async("await wait()"))
        await gate.entered.wait()
        world.close()
        with pytest.raises(CapabilityError, match="closed"):
            await task
        with pytest.raises(CapabilityError, match="closed"):
            await world.exec_async("1")

    run(main())


def test_the_hosts_task_is_cancelled() -> None:
    async def main() -> str:
        gate = Gate()
        world = Compartment({"wait": gate.wait})
        source = "while True:\n    try:\n        await wait()\n    except BaseException:\n        pass"
        task = asyncio.create_task(world.exec_async(source))
        await gate.entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await world.eval_async("1") == 1
        return gate.ended

    assert run(main()) == "cancelled"


def test_an_exit_of_the_host_goes_through() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    async def main() -> None:
        world = Compartment({"leave": leave})
        with pytest.raises(SystemExit):
            await world.exec_async("try:\n    await leave()\nexcept BaseException:\n    pass")
        assert world.eval("1") == 1

    run(main())


# One turn at a time


def test_turns_of_two_tasks_wait_for_one_another() -> None:
    async def main() -> Any:
        with Compartment(CAPS) as world:
            world.exec(
                "log = []\nasync def f(n):\n    log.append(n)\n    await soon()\n    await soon()\n    log.append(n)"
            )
            await asyncio.gather(*[world.call_async("f", n) for n in range(4)])
            return world.eval("log")

    assert run(main()) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_no_other_turn_while_it_waits() -> None:
    async def main() -> None:
        gate = Gate()
        world = Compartment({"wait": gate.wait})
        world.exec("def f(): pass")
        handle = world.exec("def g(): pass")["g"]
        task = asyncio.create_task(world.exec_async("await wait()"))
        await gate.entered.wait()
        for use in (lambda: world.exec("1"), lambda: world.call("f"), handle):
            with pytest.raises(CapabilityError, match="busy: its turn awaits"):
                use()
        world.cancel()
        with pytest.raises(CapabilityError):
            await task

    run(main())


def test_a_host_coroutine_calls_back() -> None:
    async def each(f: Any, xs: list[Any]) -> list[Any]:
        return [await f(x) for x in xs]

    async def plain(f: Any, x: Any) -> Any:
        await asyncio.sleep(0)
        return f(x)

    async def gather(*awaitables: Any) -> list[Any]:
        return list(await asyncio.gather(*awaitables))

    source = """
async def double(x): return await soon(x) * 2
async def both(): return await gather(double(1), soon(5), double(3))
r = await each(double, [1, 2]), await plain(lambda x: -x, 4), await both()
"""
    caps = {**CAPS, "each": each, "plain": plain, "gather": gather}
    ns = run(cap_exec_async(source, caps))
    assert ns["r"] == ([2, 4], -4, [2, 5, 6])


def test_callbacks_spend_the_budget_of_the_turn() -> None:
    async def repeat(f: Any) -> None:
        while True:
            await f()
            await asyncio.sleep(0)

    async def repeat_plain(f: Any) -> None:
        while True:
            f()
            await asyncio.sleep(0)

    for source in ("async def f(): await soon()\nawait repeat(f)", "await plain(lambda: 1)"):
        with pytest.raises(LimitExceeded) as caught:
            run(
                cap_exec_async(
                    source, {**CAPS, "repeat": repeat, "plain": repeat_plain}, limits=Limits(steps=300)
                )
            )
        assert caught.value.kind == "steps"


def test_a_guest_that_a_guests_host_function_runs_spends_its_budget() -> None:
    async def child(text: str) -> Any:
        return await cap_eval_async(text, CAPS, limits=Limits(steps=10**9))

    with pytest.raises(LimitExceeded):
        run(
            cap_exec_async(
                "await child('sum(i for i in range(10**8))')",
                {"child": child},
                limits=Limits(steps=2000),
            )
        )
    assert run(cap_eval_async("await child('await soon(3)')", {"child": child})) == 3


def test_handles_of_coroutines_can_be_awaited() -> None:
    async def main() -> Any:
        with Compartment(CAPS) as world:
            world.exec("async def f(x): return await soon(x)")
            made = world.call("f", 4)
            return await made

    assert run(main()) == 4


def test_other_handles_cannot_be_awaited() -> None:
    handle = cap_exec("class K: pass\nk = K()")["k"]
    assert not isinstance(handle, Awaitable)


# The audit


def test_uses_are_told_when_they_are_answered() -> None:
    async def main(seconds: float) -> list[tuple[str, Any, str]]:
        seen: list[tuple[str, Any, str]] = []
        gate = Gate()
        world = Compartment(
            {**CAPS, "wait": gate.wait},
            on_use=lambda u: seen.append((u.path, u.result, u.outcome)),
            limits=Limits(seconds=seconds),
        )
        source = (
            "await soon(1)\ntry:\n    await fails('x')\nexcept ValueError: pass\nsoon(2)\nawait wait()"
        )
        with pytest.raises(LimitExceeded):
            await world.exec_async(source)
        return seen

    # Four uses, if the machine is not too busy to come to them all in so short a time.
    seen = next(f for f in (run(main(seconds)) for seconds in (0.2, 2, 20)) if len(f) == 4)
    assert seen[:2] == [("soon", 1, "ok"), ("fails", None, "ValueError")]
    assert sorted(p for p, _, outcome in seen[2:] if outcome != "ok") == ["soon", "wait"]


def test_an_audit_that_fails_ends_the_turn() -> None:
    def audit(_use: object) -> None:
        raise RuntimeError("the log is full")

    async def main() -> None:
        world = Compartment(CAPS, on_use=audit)
        await world.exec_async("try:\n    await soon(1)\nexcept BaseException:\n    pass")

    with pytest.raises(RuntimeError, match="the log is full"):
        run(main())


# The loop


def test_the_loop_takes_up_no_generator_of_a_guest(tier: str) -> None:
    if tier == "process":
        pytest.skip("reads the guest's names past the contract, which are in another process")

    async def main() -> str:
        world = Compartment(CAPS)
        await world.exec_async(
            "async def g():\n    try:\n        yield 1\n    finally:\n        print('late')\na = g()\nawait anext(a)"
        )
        loop: Any = asyncio.get_running_loop()
        assert len(loop._asyncgens) == 0
        del world._globals["a"]
        gc.collect()
        await asyncio.sleep(0)
        return world.output

    assert run(main()) == ""


def test_hooks_and_limits_of_the_interpreter_are_the_hosts_while_it_waits() -> None:
    async def main() -> None:
        before = (sys.get_asyncgen_hooks(), sys.getrecursionlimit(), sys.unraisablehook)
        seen = []

        async def look() -> None:
            await asyncio.sleep(0)
            seen.append((sys.get_asyncgen_hooks(), sys.getrecursionlimit(), sys.unraisablehook))

        await cap_exec_async("await look()", {"look": look})
        assert seen == [before]

    run(main())
