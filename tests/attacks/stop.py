"""Outliving the stop: handlers, finalisers and C callers that swallow it; the counter itself."""

from __future__ import annotations

import sys
from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="stop", pit=3, steps=20_000)
counter = partial(new_case, attack="counter", pit=4, steps=20_000)

# A loop that never ends, inside something that catches whatever it can. `spin()` never returns.
SPIN = """
def spin():
    while True:
        pass
"""

CATCHERS = [
    (
        "bare-except",
        """
        while True:
            try:
                spin()
            except:
                pass
        """,
    ),
    (
        "base-exception",
        """
        while True:
            try:
                spin()
            except BaseException:
                pass
        """,
    ),
    (
        "base-exception-as",
        """
        kept = []
        while True:
            try:
                spin()
            except BaseException as e:
                kept.append(e)
        """,
    ),
    (
        "tuple-of-everything",
        """
        while True:
            try:
                spin()
            except (Exception, KeyboardInterrupt, SystemExit, GeneratorExit, BaseException):
                pass
        """,
    ),
    (
        "star-cve-2025-22153",
        """
        while True:
            try:
                spin()
            except* BaseException:
                pass
        """,
    ),
    (
        "star-exception-group",
        """
        while True:
            try:
                try:
                    raise ExceptionGroup('g', [ValueError()])
                except* ValueError:
                    spin()
            except BaseException:
                pass
        """,
    ),
    (
        "handler-expression-is-guest-code",
        """
        caught = []
        def any_class():
            caught.append(1)
            return BaseException
        while True:
            try:
                spin()
            except any_class():
                pass
        """,
    ),
    (
        "metaclass-instancecheck",
        """
        class M(type):
            def __instancecheck__(cls, o): return True
            def __subclasscheck__(cls, o): return True
        class Any(BaseException, metaclass=M): pass
        while True:
            try:
                spin()
            except Any:
                pass
        """,
    ),
    (
        "finally-return",
        """
        def f():
            try:
                spin()
            finally:
                return 1
        while True:
            f()
        """,
    ),
    (
        "finally-break",
        """
        while True:
            while True:
                try:
                    spin()
                finally:
                    break
        """,
    ),
    (
        "finally-continue",
        """
        while True:
            try:
                spin()
            finally:
                continue
        """,
    ),
    (
        "finally-raises-another",
        """
        while True:
            try:
                try:
                    spin()
                finally:
                    raise ValueError
            except ValueError:
                pass
        """,
    ),
    (
        "finally-spins",
        """
        try:
            spin()
        finally:
            try:
                spin()
            finally:
                spin()
        """,
    ),
    (
        "exit-returns-true",
        """
        class Swallow:
            def __enter__(self): return self
            def __exit__(self, *a): return True
        while True:
            with Swallow():
                spin()
        """,
    ),
    (
        "exit-keeps-the-exception",
        """
        kept = []
        class Swallow:
            def __enter__(self): return self
            def __exit__(self, t, v, tb):
                kept.append(v)
                return True
        while True:
            with Swallow():
                spin()
        """,
    ),
    (
        "two-exits",
        """
        class Swallow:
            def __enter__(self): return self
            def __exit__(self, *a): return True
        while True:
            with Swallow(), Swallow():
                with Swallow():
                    spin()
        """,
    ),
    (
        "generator-finally-yields",
        """
        def g():
            while True:
                try:
                    spin()
                finally:
                    yield 1
        while True:
            for x in g(): pass
        """,
    ),
    (
        "generator-except-yields",
        """
        def g():
            while True:
                try:
                    spin()
                except BaseException:
                    yield 1
        it = g()
        while True:
            next(it, None)
        """,
    ),
    (
        "generator-close",
        """
        def g():
            try:
                yield 1
            finally:
                spin()
        while True:
            it = g()
            next(it)
            it.close()
        """,
    ),
    (
        "generator-collected",
        """
        def g():
            try:
                yield 1
            finally:
                spin()
        while True:
            it = g()
            next(it)
            del it
        """,
    ),
    (
        "next-default",
        """
        def g():
            spin()
            yield
        while True:
            next(g(), None)
        """,
    ),
    (
        "hasattr",
        """
        class C:
            @property
            def x(self): spin()
        while True:
            hasattr(C(), 'x')
        """,
    ),
    (
        "getattr-default",
        """
        class C:
            def __getattr__(self, name): spin()
        while True:
            getattr(C(), 'x', None)
        """,
    ),
    (
        "set-name",
        """
        class D:
            def __set_name__(self, owner, name): spin()
        while True:
            try:
                class C:
                    d = D()
            except RuntimeError:
                pass
        """,
    ),
    (
        "init-subclass",
        """
        class B:
            def __init_subclass__(cls): spin()
        while True:
            try:
                class C(B): pass
            except BaseException:
                pass
        """,
    ),
    (
        "sort-key",
        """
        while True:
            try:
                sorted([1, 2], key=lambda x: spin())
            except BaseException:
                pass
        """,
    ),
    (
        "equality-in-list-search",
        """
        class E:
            def __eq__(self, o): spin()
        while True:
            try:
                E() in [E(), E()]
            except BaseException:
                pass
        """,
    ),
    (
        "hash-in-a-set",
        """
        class H:
            def __hash__(self): spin()
        while True:
            try:
                {H()}
            except BaseException:
                pass
        """,
    ),
    (
        "length-hint",
        """
        class L:
            def __iter__(self): return iter(())
            def __length_hint__(self): spin()
        while True:
            try:
                list(L())
            except BaseException:
                pass
        """,
    ),
    (
        "repr-in-print",
        """
        class R:
            def __repr__(self): spin()
        while True:
            try:
                print(R())
            except BaseException:
                pass
        """,
    ),
    (
        "bool-in-a-condition",
        """
        class B:
            def __bool__(self): spin()
        while True:
            try:
                not B()
            except BaseException:
                pass
        """,
    ),
    (
        "recursion-of-catchers",
        """
        def f(n):
            try:
                spin()
            except BaseException:
                f(n + 1)
            finally:
                f(n + 1)
        f(0)
        """,
    ),
    (
        "coroutine-throw",
        """
        async def f():
            while True:
                try:
                    spin()
                except BaseException:
                    pass
        while True:
            try:
                f().send(None)
            except BaseException:
                pass
        """,
    ),
    (
        "async-exit",
        """
        class A:
            async def __aenter__(self): return self
            async def __aexit__(self, *a): return True
        async def f():
            while True:
                async with A():
                    spin()
        while True:
            try:
                f().send(None)
            except BaseException:
                pass
        """,
    ),
    (
        "exec-inside-try",
        """
        while True:
            try:
                exec('while True: pass')
            except BaseException:
                pass
        """,
    ),
    (
        "decorated-away",
        """
        def quiet(f):
            def g(*a):
                try:
                    return f(*a)
                except BaseException:
                    return None
            return g
        quiet_spin = quiet(quiet(spin))
        while True:
            quiet_spin()
        """,
    ),
    (
        "map-callback",
        """
        while True:
            try:
                list(map(lambda x: spin(), [1]))
            except BaseException:
                pass
        """,
    ),
    (
        "json-default",
        """
        import json
        while True:
            try:
                json.dumps(object(), default=lambda o: spin())
            except BaseException:
                pass
        """,
    ),
    (
        "class-body",
        """
        while True:
            try:
                class C:
                    spin()
            except BaseException:
                pass
        """,
    ),
    (
        "host-function-in-between",
        """
        while True:
            try:
                call(spin)
            except BaseException:
                pass
        """,
    ),
    (
        "host-function-that-swallows",
        """
        while True:
            swallow(spin)
        """,
    ),
]

CASES: list[Case] = [
    *(
        case(f"stop-outlived-by-{name}", SPIN + _src, stopped="steps")
        for name, src in CATCHERS
        for _src in ["\n".join(line[8:] for line in src.splitlines())]
    ),
    case(
        "memory-stop-caught",
        """
        while True:
            try:
                x = 'a' * 10**12
            except BaseException:
                pass
        """,
        stopped="memory",
    ),
    case(
        "memory-stop-as-memory-error",
        """
        try:
            x = [0] * 10**12
        except MemoryError:
            r = 'caught'
        r
        """,
        stopped="memory",
    ),
    case(
        "memory-stop-in-finally-return",
        """
        def f():
            try:
                return b'x' * 10**12
            finally:
                return 'alive'
        f()
        """,
        stopped="memory",
    ),
    case(
        "output-stop-caught",
        """
        while True:
            try:
                print('x' * 1000)
            except BaseException:
                pass
        """,
        stopped="output",
        steps=200_000,
        output=10_000,
    ),
    case(
        "depth-stop-caught",
        """
        def f(n):
            try:
                return f(n + 1)
            except BaseException:
                return n
        f(0)
        """,
        stopped="depth",
    ),
    case(
        "depth-stop-caught-as-recursion-error",
        """
        def f():
            f()
        try:
            f()
        except RecursionError:
            r = 'caught'
        r
        """,
        stopped="depth",
    ),
    case(
        "depth-stop-through-repr",
        """
        class R:
            def __repr__(self): return repr(self)
        try:
            repr(R())
        except BaseException:
            pass
        """,
        stopped="depth",
    ),
    case(
        "depth-stop-through-getattr",
        """
        class G:
            def __getattr__(self, name): return getattr(self, name + 'x')
        try:
            hasattr(G(), 'x')
        except BaseException:
            pass
        """,
        stopped="depth",
    ),
    case(
        "depth-stop-through-map",
        """
        def f(x): return list(map(f, [x]))
        try:
            f(1)
        except BaseException:
            pass
        """,
        stopped="depth",
    ),
    case(
        "seconds-stop-caught",
        """
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
        stopped="seconds",
        steps=None,
        seconds=0.3,
    ),
    case(
        "the-stop-is-no-name",
        "Stop",
        raises="NameError",
        about="Stop",
    ),
    case(
        "the-stop-is-not-among-subclasses",
        "BaseException.__subclasses__()",
        raises="AttributeError",
        about="__subclasses__",
    ),
    # The counter: reaching it, refilling it, going round it.
    counter(
        "child-with-a-larger-budget",
        "cap_exec('while True: pass', limits=Limits(steps=10**12))",
        stopped="steps",
    ),
    counter(
        "child-with-no-limit",
        "cap_exec('while True: pass', limits=Limits(steps=None, seconds=None, memory=None))",
        stopped="steps",
    ),
    counter(
        "children-one-after-another",
        """
        while True:
            try:
                cap_exec('while True: pass', limits=Limits(steps=1000))
            except Exception:
                pass
        """,
        stopped="steps",
    ),
    counter(
        "children-that-fail",
        """
        while True:
            try:
                cap_exec('for i in range(500): pass\\n1 / 0')
            except Exception:
                pass
        """,
        stopped="steps",
    ),
    counter(
        "children-refused-by-the-dialect",
        """
        while True:
            try:
                cap_exec('__builtins__')
            except Exception:
                pass
        """,
        stopped="steps",
    ),
    counter(
        "grandchildren",
        """
        src = 'cap_exec("while True: pass", limits=Limits(steps=10**12))'
        cap_exec(src, limits=Limits(steps=10**12))
        """,
        stopped="steps",
    ),
    counter("limits-negative", "Limits(steps=-1)", raises="ValueError"),
    counter("limits-bool", "Limits(steps=True)", raises="TypeError"),
    counter("limits-infinite", "Limits(seconds=float('inf'))", raises="ValueError"),
    counter("limits-nan", "Limits(seconds=float('nan'))", raises="ValueError"),
    counter(
        "limits-lying-int",
        """
        class I(int):
            def __lt__(self, o): return False
            def __sub__(self, o): return self
        Limits(steps=I(5))
        """,
        raises="TypeError",
    ),
    counter(
        "loop-variables-hide-no-counter",
        """
        def f():
            for i in [1]:
                while True:
                    names = sorted(locals())
                    break
            return names
        f()
        """,
        value=["i"],
    ),
    counter(
        "counter-not-in-globals",
        """
        before = [*globals(), 'before']
        for i in [1]:
            pass
        while True:
            break
        [n for n in globals() if n not in before]
        """,
        value=["i"],
    ),
    counter(
        "chain-has-no-setstate",
        "__import__('itertools').chain([1]).__setstate__",
        raises="AttributeError",
        about="__setstate__",
    ),
    counter(
        "repeat-has-no-reduce",
        "__import__('itertools').repeat(1, 5).__reduce__()",
        # From 3.14 on it has none of its own; that of `object` refuses.
        raises="AttributeError" if sys.version_info < (3, 14) else "TypeError",
        about="__reduce__" if sys.version_info < (3, 14) else "repeat",
    ),
    counter(
        "recursion-without-loops",
        """
        def f(n):
            if n: f(n - 1); f(n - 1)
        f(60)
        """,
        stopped="steps",
    ),
    counter(
        "lambdas-without-loops",
        "(lambda f: f(f, 60))(lambda f, n: n and (f(f, n - 1), f(f, n - 1)))",
        stopped="steps",
    ),
    counter(
        "generator-expressions-in-a-chain",
        """
        g = (1 for _ in iter(int, 1))
        for _ in range(20):
            g = (x for x in g)
        sum(g)
        """,
        stopped="steps",
    ),
    counter(
        "generator-delegation",
        """
        def g():
            yield 1
            yield from g()
        for x in g(): pass
        """,
        stopped=("steps", "depth"),
    ),
    counter(
        "class-bodies-without-calls",
        """
        def make():
            class C:
                class D:
                    x = make
                    y = make()
        make()
        """,
        stopped="depth",
    ),
    counter(
        "operators-without-calls",
        """
        class V:
            def __add__(self, o): return self + o
        V() + 1
        """,
        stopped="depth",
    ),
    counter(
        "iterators-that-call-each-other",
        """
        class I:
            def __iter__(self): return self
            def __next__(self): return 1
        any(x == 2 for x in I())
        """,
        stopped="steps",
    ),
]
