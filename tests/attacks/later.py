"""Code that would run later: finalisers, callbacks, suspended generators, other turns."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="later", pit=9)

# Ways to give a class a `__del__`. The class may have it; nothing may run it.
FINALISERS = [
    ("in-the-body", "class C:\n    def __del__(self): log.append('ran')"),
    ("as-a-lambda", "class C:\n    __del__ = lambda self: log.append('ran')"),
    ("set-later", "class C: pass\nC.__del__ = lambda self: log.append('ran')"),
    ("by-setattr", "class C: pass\nsetattr(C, '__del__', lambda self: log.append('ran'))"),
    (
        "by-type-setattr",
        "class C: pass\ntype.__setattr__(C, '__del__', lambda self: log.append('ran'))",
    ),
    ("by-type", "C = type('C', (), {'__del__': lambda self: log.append('ran')})"),
    ("inherited", "class B:\n    def __del__(self): log.append('ran')\nclass C(B): pass"),
    (
        "by-metaclass",
        "class M(type):\n    def __new__(m, n, b, ns):\n"
        "        ns['__del__'] = lambda self: log.append('ran')\n"
        "        return super().__new__(m, n, b, ns)\nclass C(metaclass=M): pass",
    ),
    (
        "by-metaclass-init",
        "class M(type):\n    def __init__(c, n, b, ns):\n"
        "        c.__del__ = lambda self: log.append('ran')\nclass C(metaclass=M): pass",
    ),
    (
        "by-prepare",
        "class M(type):\n    @classmethod\n    def __prepare__(m, n, b):\n"
        "        return {'__del__': lambda self: log.append('ran')}\nclass C(metaclass=M): pass",
    ),
    (
        "by-init-subclass",
        "class B:\n    def __init_subclass__(c):\n"
        "        c.__del__ = lambda self: log.append('ran')\nclass C(B): pass",
    ),
    (
        "by-set-name",
        "class D:\n    def __set_name__(self, c, n):\n"
        "        c.__del__ = lambda self: log.append('ran')\nclass C:\n    d = D()",
    ),
    (
        "by-lying-name",
        "class S(str):\n    def __eq__(self, o): return False\n    __hash__ = str.__hash__\n"
        "C = type('C', (), {S('__del__'): lambda self: log.append('ran')})",
    ),
    ("by-exec", "exec('class C:\\n    def __del__(self): log.append(1)')"),
    ("by-locals", "class C:\n    locals()['__del__'] = lambda self: log.append('ran')"),
    ("by-for-target", "class C:\n    for __del__ in [lambda self: log.append('ran')]: pass"),
    ("by-import-as", "class C:\n    from functools import partial as __del__"),
    ("of-a-list-subclass", "class C(list):\n    def __del__(self): log.append('ran')"),
    ("of-an-exception", "class C(Exception):\n    def __del__(self): log.append('ran')"),
    (
        "by-multiple-inheritance",
        "class A:\n    def __del__(self): log.append('ran')\nclass B: pass\nclass C(B, A): pass",
    ),
    (
        "by-bases-assignment",
        "class A:\n    def __del__(self): log.append('ran')\nclass B: pass\nclass C(B): pass\n"
        "try:\n    C.__bases__ = (A,)\nexcept (AttributeError, TypeError): pass",
    ),
    (
        "by-class-assignment",
        "class A:\n    def __del__(self): log.append('ran')\n"
        "def C():\n    class X: pass\n    x = X()\n    x.__class__ = A\n    return x",
    ),
    (
        "as-a-descriptor",
        "class D:\n    def __get__(self, o, c):\n        log.append('got')\n        return int\n"
        "class C:\n    __del__ = D()",
    ),
    (
        "by-match-capture",
        "class C:\n    match (lambda self: log.append('ran')):\n        case __del__: pass",
    ),
    (
        "by-walrus-and-with",
        "class W:\n    def __enter__(s): return lambda self: log.append('ran')\n"
        "    def __exit__(s, *a): pass\nclass C:\n    with W() as __del__: pass",
    ),
]

CASES: list[Case] = [
    *(
        case(
            f"finaliser-{name}",
            f"log = []\n{src}\nx = C()\ndel x\ny = C()\ny = None\nlog",
            value=[],
        )
        for name, src in FINALISERS
    ),
    case(
        "finaliser-in-a-cycle",
        """
        log = []
        class C:
            def __del__(self): log.append('ran')
        for _ in range(3000):
            c = C()
            c.me = c
        log
        """,
        value=[],
    ),
    case(
        "finaliser-resurrects-nothing",
        """
        kept = []
        class C:
            def __del__(self): kept.append(self)
        for _ in range(100):
            C()
        len(kept)
        """,
        value=0,
    ),
    case(
        "finaliser-is-dropped-and-not-kept-aside",
        """
        class C:
            def __del__(self): return 'kept'
        C().__del__()
        """,
        raises="AttributeError",
        about="__del__",
    ),
    case(
        "async-generator-finaliser",
        """
        log = []
        async def g():
            try:
                yield 1
            finally:
                log.append('ran')
                await something
        async def f():
            async for x in g():
                break
        try:
            f().send(None)
        except BaseException as e:
            pass
        'alive'
        """,
        value="alive",
    ),
    case(
        "coroutine-never-awaited-warns-nobody",
        """
        async def f(): pass
        f()
        f()
        'alive'
        """,
        value="alive",
    ),
    case(
        "generator-finally-raises-at-collection",
        """
        def g():
            try:
                yield 1
            finally:
                raise ValueError('late')
        it = g()
        next(it)
        del it
        'alive'
        """,
        value="alive",
    ),
    case(
        "generator-finally-uses-a-capability-at-collection",
        """
        def g():
            try:
                yield 1
            finally:
                door.label = 'from the collector'
        it = g()
        next(it)
        it = None
        'alive'
        """,
        value="alive",
    ),
    # What is left hanging at the end of a turn. The invariants of the runner look for what it did.
    case(
        "suspended-generator-left-at-the-end",
        """
        def g():
            try:
                yield 1
            finally:
                while True: keep('after the turn')
        kept = g()
        next(kept)
        """,
        pit=15,
        value=1,
    ),
    case(
        "suspended-generator-in-a-cycle-left-at-the-end",
        """
        class C: pass
        def g(c):
            try:
                yield 1
            finally:
                while True: keep('after the turn')
        c = C()
        c.g = g(c)
        next(c.g)
        """,
        pit=15,
        value=1,
    ),
    case(
        "suspended-coroutine-left-at-the-end",
        """
        class A:
            def __await__(self):
                try:
                    yield 1
                finally:
                    while True: keep('after the turn')
        async def f():
            await A()
        c = f()
        c.send(None)
        """,
        pit=15,
        value=1,
    ),
    case(
        "suspended-async-generator-left-at-the-end",
        """
        class A:
            def __await__(self): yield 1
        async def g():
            try:
                await A()
                yield 2
            finally:
                while True: keep('after the turn')
        it = g()
        it.__anext__().send(None)
        """,
        pit=15,
        value=1,
    ),
    case(
        "context-manager-left-open-at-the-end",
        """
        class W:
            def __enter__(self): return self
            def __exit__(self, *a): keep('after the turn')
        def g():
            with W():
                yield 1
        it = g()
        next(it)
        """,
        pit=15,
        value=1,
    ),
    case(
        "callback-kept-by-the-host-and-run-later",
        """
        def later():
            keep('after the turn')
        keep_callback(later)
        'done'
        """,
        pit=15,
        value="done",
    ),
]
