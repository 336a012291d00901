"""Driving coroutines by hand, to be handed what only the event loop should see."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="awaiting", pit=14)

CASES: list[Case] = [
    case(
        "guest-await-yields-guest-values-only",
        """
        class A:
            def __await__(self):
                x = yield 'token'
                return x
        async def f(): return await A()
        c = f()
        first = c.send(None)
        try:
            c.send('back')
        except StopIteration as e:
            r = first, e.value
        r
        """,
        value=("token", "back"),
    ),
    case(
        "await-chain-shows-no-frame",
        """
        class A:
            def __await__(self): yield
        async def inner(): await A()
        async def outer(): await inner()
        c = outer()
        c.send(None)
        r = [n for n in ('cr_await', 'cr_origin') if hasattr(c, n)]
        c.close()
        r
        """,
        value=[],
    ),
    case(
        "coroutine-wrapper-shows-no-frame",
        """
        async def f(): pass
        w = f().__await__()
        r = [n for n in ('cr_frame', 'gi_yieldfrom', '__self__') if hasattr(w, n)]
        w.close()
        r
        """,
        value=[],
    ),
    case(
        "async-generator-steps-show-no-frame",
        """
        async def g(): yield 1
        s = g().asend(None)
        r = [n for n in ('ag_frame', 'cr_frame', 'gi_yieldfrom', '__self__') if hasattr(s, n)]
        s.close()
        r
        """,
        value=[],
    ),
    case(
        "host-coroutine-driven-by-hand",
        """
        found = []
        try:
            c = afn()
            while True:
                t = c.send(None)
                found.append([n for n in ('_loop', 'get_loop', '_callbacks', 'add_done_callback',
                                          'set_result', '_asyncio_future_blocking')
                              if hasattr(t, n)])
                break
        except (PermissionError, TypeError, AttributeError, StopIteration, RuntimeError):
            pass
        [x for x in found if x]
        """,
        value=[],
    ),
    case(
        "host-coroutine-iterated-in-await",
        """
        found = []
        class A:
            def __await__(self):
                it = afn().__await__()
                t = next(it)
                found.append(hasattr(t, 'get_loop'))
                yield t
        async def f(): await A()
        try:
            f().send(None)
        except (PermissionError, TypeError, AttributeError, StopIteration, RuntimeError):
            pass
        [x for x in found if x]
        """,
        value=[],
    ),
    case(
        "host-coroutine-frame",
        """
        try:
            c = afn()
            r = [n for n in ('cr_frame', 'cr_code', 'cr_await', 'gi_yieldfrom') if hasattr(c, n)]
        except (PermissionError, TypeError, RuntimeError):
            r = []
        r
        """,
        value=[],
    ),
    case(
        "host-coroutine-thrown-into",
        """
        r = 'contained'
        try:
            afn().throw(ValueError('from the guest'))
        except (PermissionError, TypeError, AttributeError, RuntimeError, ValueError) as e:
            if hasattr(e.__traceback__.tb_frame, 'f_builtins') or e.__traceback__.tb_next:
                r = 'frame'
        r
        """,
        value="contained",
    ),
    case(
        "asyncio-loop-of-the-host-is-not-there",
        """
        import asyncio
        hosts = '_selector _ssock _csock _thread_id _signal_handlers _default_executor _transports'.split()
        loop = asyncio.new_event_loop()
        r = [n for n in hosts if hasattr(loop, n)]
        try:
            r.append(asyncio.get_running_loop())
        except RuntimeError:
            pass
        for name in ('_asyncio', 'asyncio.base_events', 'asyncio.selector_events', 'selectors'):
            try:
                __import__(name)
                r.append(name)
            except ImportError:
                pass
        r
        """,
        value=[],
    ),
    case(
        "coroutine-awaits-for-ever",
        """
        class A:
            def __await__(self):
                while True: yield
        async def f(): await A()
        c = f()
        while True: c.send(None)
        """,
        stopped="steps",
    ),
    case(
        "coroutine-that-awaits-itself-anew",
        """
        async def f(): return await f()
        f().send(None)
        """,
        stopped="depth",
    ),
    case(
        "async-comprehension-without-end",
        """
        class A:
            def __aiter__(self): return self
            async def __anext__(self): return 1
        async def f(): return [x async for x in A()]
        f().send(None)
        """,
        stopped=("steps", "memory"),
    ),
    case(
        "async-for-without-end",
        """
        class A:
            def __aiter__(self): return self
            async def __anext__(self): return 1
        async def f():
            async for x in A(): pass
        f().send(None)
        """,
        stopped="steps",
    ),
]
