"""Attacks by guests that await: on the host's coroutines, its event loop, and what runs while the turn
is suspended (pits 3, 8, 9, 15 and 21 of the design)."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from typing import Any

import pytest

from capcompiler import CapabilityError, CapError, Compartment, GuestError, LimitExceeded, Limits

SECRET = "s3cret"


class Opaque:
    """A host object that must not come in."""

    def __repr__(self) -> str:
        return SECRET


async def soon(value: Any = None) -> Any:
    await asyncio.sleep(0)
    return value


async def fails(_value: Any = None) -> None:
    secret = SECRET  # noqa: F841 - in a frame of the host's
    await asyncio.sleep(0)
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError("told") from error


async def crashes() -> None:
    await asyncio.sleep(0)
    raise Exception(Opaque())  # noqa: TRY002


async def opaque() -> Opaque:
    await asyncio.sleep(0)
    return Opaque()


async def collect() -> None:
    await asyncio.sleep(0)
    gc.collect()


async def gather(*awaitables: Any) -> list[Any]:
    return list(await asyncio.gather(*awaitables))


async def gives_a_coroutine() -> Any:
    return soon(1)


CAPS = {
    "soon": soon, "fails": fails, "crashes": crashes, "opaque": opaque, "collect": collect,
    "gather": gather, "gives_a_coroutine": gives_a_coroutine,
}  # fmt: skip


def outcome(src: str, optimize: bool, **limits: Any) -> tuple[Any, CapError | None]:
    """The value of `src` and what it raised; fails for what the host would see of it."""
    said: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, said.append
    troubles: list[Any] = []

    async def main() -> tuple[Any, CapError | None]:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: troubles.append(what))
        before = sys.get_asyncgen_hooks()
        world = Compartment(CAPS, limits=Limits(**{"steps": 200_000, **limits}))
        value, error = None, None
        try:
            value = (await world.exec_async(src, optimize=optimize)).value
        except CapError as caught:
            error = caught
        world.close()
        del world
        gc.collect()
        await asyncio.sleep(0)
        assert sys.get_asyncgen_hooks() == before
        tasks = asyncio.all_tasks()
        tasks.discard(asyncio.current_task())  # type: ignore[arg-type]
        assert not tasks
        return value, error

    gc.disable()  # the collector runs when a row asks for it
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            found = asyncio.run(main())
            gc.collect()
    finally:
        gc.enable()
        sys.unraisablehook = hook
    assert not said
    assert not troubles
    assert not heard
    return found


# What a guest finds: expressions with the value that shows that it was not there.
VALUES = {
    "names-of-an-awaitable": (
        "p = soon(1)\nr = [n for n in dir(p) if n not in (*dir(object), '__module__')]\nawait p\nr", ["__await__"]),
    "slots-of-an-awaitable": (
        "p = soon(1)\nr = []\nfor n in ('__call__of__', '_Pending__call', 'awaitable', 'cr_frame', 'cr_await', 'cr_code', '__slots__', '__weakref__', '__dict__'):\n    if hasattr(p, n) or (n != '__dict__' and hasattr(type(p), n)):\n        r.append(n)\nr", []),
    "slots-by-the-class": (
        "p = soon(1)\n[n for n in vars(type(p)) if n in ('__call__of__', '__slots__', '__new__')]", []),
    "attributes-on-an-awaitable": (
        "p = soon(1)\nr = []\nfor t in (p, type(p)):\n    for n in ('x', '__await__', '__class__', '__call__of__'):\n        try:\n            setattr(t, n, 5)\n            r.append(n)\n        except (AttributeError, TypeError):\n            pass\nr", []),
    "a-class-of-awaitables": (
        "p = soon(1)\nT = type(p)\nr = []\nfor f in (lambda: T(), lambda: T.__new__(T), lambda: object.__new__(T), lambda: type('S', (T,), {}), lambda: T.__init__(p)):\n    try:\n        r.append(type(f()).__name__)\n    except (TypeError, AttributeError):\n        pass\n[n for n in r if n != 'NoneType']", []),
    "frames-of-what-awaits": (
        "g = soon(1).__await__()\nasync def f(): pass\nc = f()\nw = c.__await__()\nasync def ag():\n    yield\na = ag()\ns = a.asend(None)\nr = [n for o in (g, c, w, a, s) for n in ('gi_frame', 'gi_code', 'gi_yieldfrom', 'cr_frame', 'cr_code', 'cr_await', 'cr_origin', 'ag_frame', 'ag_code', 'ag_await') if hasattr(o, n)]\nr += [(x.f_locals, x.f_back) for x in (c.cr_frame, a.ag_frame)]\nc.close()\nr", ["cr_frame", "cr_code", "ag_frame", "ag_code", ({}, None), ({}, None)]),
    "what-waits-for-the-host": (
        "async def f(): return await soon(1)\nc = f()\nc.send(None)\ntry:\n    r = type(c.cr_await).__name__\nexcept AttributeError:\n    r = 'absent'\nc.close()\nr", "absent"),
    "what-waits-for-the-host-in-its-own-text": (
        "p = soon(1)\nclass A:\n    def __await__(s): yield from p.__await__()\nasync def f(): return await A()\nc = f()\nc.send(None)\ng = c.cr_await\ntry:\n    r = type(g.gi_yieldfrom).__name__\nexcept AttributeError:\n    r = 'absent'\nc.close()\nr", "absent"),
    "by-hand": (
        "g = soon(1).__await__()\np = g.send(None)\nr = [type(p).__name__]\ntry:\n    g.send('mine')\nexcept StopIteration as e:\n    r.append(e.value)\nr", ["awaitable", "mine"]),
    "thrown-by-hand": (
        "g = soon(1).__await__()\nnext(g)\ntry:\n    g.throw(KeyError('mine'))\nexcept KeyError as e:\n    r = e.args\nr", ("mine",)),
    "yielded-by-a-guests-own": (
        "p = soon(4)\nclass W:\n    def __await__(self):\n        return (yield p)\nawait W()", 4),
    "yielded-twice": (
        "p = soon(4)\nclass W:\n    def __await__(self):\n        yield p\n        yield p\ntry:\n    await W()\n    r = 'again'\nexcept RuntimeError:\n    r = 'refused'\nr", "refused"),
    "yielded-odd-things": (
        "class W:\n    def __init__(self, x): self.x = x\n    def __await__(self):\n        try:\n            yield self.x\n        except RuntimeError:\n            return 'refused'\n[await W(x) for x in (5, 'x', soon, print, W, [], object(), type(soon(1)))]", ["refused"] * 8),
    "error-of-the-host": (
        "try:\n    await fails()\nexcept ValueError as e:\n    r = [str(e), e.__cause__, e.__context__, getattr(e, '__notes__', None), 's3cret' in repr(vars(e))]\nr", ["told", None, None, None, False]),
    "frames-of-an-error": (
        "try:\n    await fails()\nexcept ValueError as e:\n    t = e.__traceback__\nr = []\nwhile t is not None:\n    f = t.tb_frame\n    r.append((f.f_locals, f.f_back, hasattr(f, 'f_builtins'), t.tb_lineno))\n    t = t.tb_next\nr", [({}, None, False, 2)]),
    "error-with-an-object": (
        "try:\n    await crashes()\nexcept Exception as e:\n    r = [type(e).__name__, 's3cret' in str(e), 's3cret' in repr(e.args)]\nr", ["Exception", False, False]),
    "an-object-of-the-host": (
        "try:\n    r = await opaque()\nexcept TypeError as e:\n    r = 's3cret' in str(e) or 'Opaque' in str(e)\nr", False),
    "a-coroutine-for-an-answer": (
        "try:\n    r = await gives_a_coroutine()\nexcept TypeError:\n    r = 'refused'\nr", "refused"),
    "finaliser-while-it-waits": (
        "log = []\nclass K:\n    def __del__(self): log.append('ran')\na = K()\na.a = a\ndel a\nawait collect()\nlog", []),
    "weak-reference-while-it-waits": (
        "import weakref\nlog = []\nclass K: pass\na = K()\na.a = a\nw = weakref.ref(a, lambda r: log.append('ran'))\ndel a\nawait collect()\nlog", []),
    "generator-while-it-waits": (
        "log = []\ndef g():\n    try:\n        yield\n    finally:\n        log.append('ran')\na = g()\nnext(a)\nb = [a]\nb.append(b)\ndel a, b\nawait collect()\nlog", []),
    "async-generator-while-it-waits": (
        "log = []\nasync def g():\n    try:\n        yield\n    finally:\n        await soon()\n        log.append('ran')\na = g()\nawait anext(a)\nb = [a]\nb.append(b)\ndel a, b\nawait collect()\nlog", []),
    "use-while-it-waits": (
        "log = []\nclass K:\n    def __del__(self): soon('late')\na = K()\na.a = a\ndel a\nawait collect()\nlog", []),
    "hooks-of-the-interpreter": (
        "import sys\nr = []\nfor n in ('set_asyncgen_hooks', 'get_asyncgen_hooks', 'set_coroutine_origin_tracking_depth'):\n    try:\n        r.append(getattr(sys, n)())\n    except (PermissionError, AttributeError):\n        pass\nr", []),
    "no-loop": (
        "r = []\nfor n in ('_asyncio', 'selectors', 'concurrent.futures.thread', 'asyncio.base_events', 'asyncio.unix_events'):\n    try:\n        __import__(n)\n        r.append(n)\n    except ImportError:\n        pass\nr", []),
    "awaits-itself": (
        "async def f():\n    await c\nc = f()\ntry:\n    await c\n    r = 'ended'\nexcept (RuntimeError, ValueError):\n    r = 'refused'\nr", "refused"),
    "one-coroutine-for-two-tasks": (
        "async def f():\n    await soon()\n    await soon()\n    return 1\nc = f()\ntry:\n    r = await gather(c, c)\nexcept RuntimeError:\n    r = [1, 1]\nr", [1, 1]),
    "one-generator-for-two-tasks": (
        "async def g():\n    for i in range(9):\n        yield await soon(i)\na = g()\nasync def take(): return await anext(a)\ntry:\n    r = await gather(take(), take())\nexcept RuntimeError:\n    r = 'refused'\nr", "refused"),
    "closes-what-runs": (
        "async def f():\n    try:\n        c.close()\n    except ValueError:\n        return 'refused'\nc = f()\nawait c", "refused"),
    "lying-await": (
        "r = []\nfor value in (5, None, iter('ab'), [soon(1)], soon):\n    class W:\n        def __await__(self): return value\n    try:\n        await W()\n        r.append('ended')\n    except (TypeError, RuntimeError):\n        pass\nr", []),
    "raw-builtin-as-send": (
        "class I:\n    def __iter__(self): return self\n    def __next__(self): return soon(1)\n    send = bytes\nclass W:\n    def __await__(self): return I()\ntry:\n    r = await W()\nexcept (TypeError, RuntimeError):\n    r = 'refused'\nr", "refused"),
}  # fmt: skip


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("name", VALUES)
def test_nothing_is_found(name: str, optimize: bool) -> None:
    src, wanted = VALUES[name]
    value, error = outcome(src, optimize)
    assert error is None or isinstance(error, GuestError), error
    assert error is None, error
    assert value == wanted


# What would not end: each is stopped, whatever it catches.
STOPPED = {
    "caught-and-awaited-again": "while True:\n    try:\n        while True:\n            await soon()\n    except BaseException:\n        pass\n    finally:\n        await soon()",
    "in-a-context-manager": "class C:\n    async def __aenter__(self): pass\n    async def __aexit__(self, *e):\n        return True\nwhile True:\n    async with C():\n        while True:\n            await soon()",
    "bare-yields": "class W:\n    def __await__(self):\n        while True:\n            yield\nawait W()",
    "in-an-async-generator": "async def g():\n    while True:\n        try:\n            yield await soon()\n        except BaseException:\n            pass\nasync for x in g():\n    pass",
    "suppressed": "import contextlib\nwhile True:\n    with contextlib.suppress(BaseException):\n        while True:\n            await soon()",
    "among-many-tasks": "async def f():\n    while True:\n        try:\n            await soon()\n        except BaseException:\n            pass\nawait gather(*[f() for _ in range(20)])",
    "by-callbacks": "async def f(n):\n    return await gather(f(n + 1), f(n + 1))\nawait f(0)",
    "endless-answers": "while True:\n    await soon([0] * 1000)",
    "awaitables-that-nobody-awaits": "while True:\n    soon()",
    "coroutines-that-nobody-awaits": "async def f(): pass\nwhile True:\n    f()",
    "while-it-is-closed": "async def f():\n    try:\n        await soon()\n    except GeneratorExit:\n        while True:\n            pass\nc = f()\nc.send(None)\nc.close()",
}  # fmt: skip


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("name", STOPPED)
def test_it_is_stopped(name: str, optimize: bool) -> None:
    _, error = outcome(STOPPED[name], optimize, steps=3000)
    assert isinstance(error, LimitExceeded)
    assert error.kind in ("steps", "depth", "memory")


def test_a_handle_is_dead_while_another_task_has_the_turn() -> None:
    async def main() -> None:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            entered.set()
            await leave.wait()

        world = Compartment({"wait": wait})
        world.exec("log = []\nasync def c(): log.append('ran')\ndef f(): log.append('ran')\nk = c()")
        handles = [world.call("c"), world.eval("f")]
        task = asyncio.create_task(world.exec_async("await wait()"))
        await entered.wait()
        with pytest.raises(CapabilityError, match="busy"):
            handles[1]()
        waiting = asyncio.create_task(_await(handles[0]))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        leave.set()
        await task
        await waiting
        assert world.eval("log") == ["ran"]

    asyncio.run(main())


async def _await(handle: Any) -> Any:
    return await handle
