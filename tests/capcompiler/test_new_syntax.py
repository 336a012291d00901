"""Syntax that came with one version or another does what it does in the interpreter."""

from __future__ import annotations

import contextlib
import io
import sys
import textwrap

import pytest

from capcompiler import cap_exec

#: The version from which on a program can be written, a name, the program.
PROGRAMS: list[tuple[tuple[int, int], str, str]] = [
    (
        (3, 12),
        "function",
        """
        def f[T: int, *Ts, **P](a: T, /, b: list[T] = [1], *c: *Ts, k: T = 3, **kw: P.kwargs) -> dict[T, T]:
            "doc"
            def inner(): return T
            return a, b, k, inner
        print(f(1)[:3], f(1)[3]() is f.__type_params__[0], f.__type_params__, f.__doc__)
        print(f.__qualname__, f(1)[3].__qualname__, f.__annotations__)
        print(f.__type_params__[0].__bound__, f.__type_params__[0].__constraints__)
        """,
    ),
    (
        (3, 13),
        "class",
        """
        class Base: pass
        class C[T: (int, str), U = int](Base):
            "cdoc"
            X = float
            type A[V] = dict[X, V] | list[T]
            def m[W: X](self, x: W, y: X, z: T) -> "W":
                return super().__init__(), __class__, W, T
            @staticmethod
            def s[Q](x: Q): return Q
            class D[E]:
                def d(self): return E
        print(C.__mro__, C.__type_params__, C.__orig_bases__, C[int], C.__doc__)
        print(C.__qualname__, C.m.__qualname__, C.D.__qualname__, C.D.d.__qualname__, C.s(1))
        print(C.A, C.A.__value__, C.A[int], C.m.__annotations__, hasattr(C, "T"))
        print(C.__type_params__[0].__constraints__, C.__type_params__[1].__default__)
        print(C().m(1, 2, 3), C.m.__type_params__[0].__bound__)
        """,
    ),
    (
        (3, 11),
        "modules of type objects",
        """
        import sys, types
        names, proxy = sorted(set(types.__all__)), types.MappingProxyType
        async def f(): pass
        kinds = types.CodeType, types.CoroutineType, types.FrameType
        for missing in (False, True):
            del sys.modules["types"]
            sys.modules.pop("_types", None)
            if missing:
                sys.modules["_types"] = None
            import types as again
            lost = set(names) ^ set(again.__all__)
            print(again is types, again.MappingProxyType is proxy, lost <= {"CapsuleType", "LazyImportType"})
            print((again.CodeType, again.CoroutineType, again.FrameType) == kinds)
            def g(): yield 1
            print(again.coroutine(g)() is not None)
        """,
    ),
    (
        (3, 14),
        "unions",
        """
        import types, typing, annotationlib
        print(types.UnionType is typing.Union, isinstance(int | str, types.UnionType))
        print(typing.get_origin(int | None) is types.UnionType, types.UnionType[int, None])
        type A = int
        type B = str
        print(isinstance(A | B, types.UnionType), typing.get_args(A | list[float]))
        print(annotationlib.ForwardRef("x") | int)
        T = typing.TypeVar("T", int, str)
        print(T.evaluate_constraints(1), T.evaluate_constraints(4), T.evaluate_constraints)
        def f[U: (int, str), V: list](): pass
        string = annotationlib.Format.STRING
        for asked in (f.__type_params__[0].evaluate_constraints, f.__type_params__[1].evaluate_bound):
            print(annotationlib.call_evaluate_function(asked, string), asked(1))
        """,
    ),
    (
        (3, 14),
        "alias mistakes",
        """
        from typing import TypeAliasType, TypeVar
        T, D = TypeVar("T"), TypeVar("D", default=int)
        type A = int
        def tell(f):
            try: print(f())
            except (TypeError, AttributeError) as error: print(type(error).__name__)
        tell(lambda: TypeAliasType("A", int, type_params=(1,)))
        tell(lambda: TypeAliasType("A", int, type_params=(D, T)))
        tell(lambda: TypeAliasType("A", int, type_params=[T]))
        tell(lambda: TypeAliasType(1, int))
        tell(lambda: setattr(A, "__name__", "B"))
        tell(lambda: setattr(A, "other", "B"))
        tell(lambda: delattr(A, "__value__"))
        tell(lambda: setattr(TypeAliasType, "other", "B"))
        tell(lambda: type(D.evaluate_default).__name__)
        tell(lambda: type(D.evaluate_default)())
        """,
    ),
    (
        (3, 13),
        "namespaces replaced",
        """
        import copy, types
        class S(types.SimpleNamespace):
            def __init__(self, **kept):
                self.z = 1
                super().__init__(**kept)
        print(copy.replace(types.SimpleNamespace(a=1, b=2), b=3), copy.replace(S(a=1), a=3, c=4))
        for bad in (5, "text"):
            try: print(copy.replace(bad, a=1))
            except TypeError as error: print(error)
        try: print(types.SimpleNamespace.__replace__(5))
        except TypeError as error: print("not one")
        """,
    ),
    (
        (3, 12),
        "alias",
        """
        type X = list[Y] | None
        class Y: pass
        print(X, X.__value__, type(X).__name__, X.__name__, X.__type_params__, X.__module__)
        type R[T] = tuple[T, R[T]] | None
        print(R[int], R.__value__, R[int].__origin__ is R)
        type Never = undefined
        try:
            Never.__value__
        except NameError as error:
            print(error)
        """,
    ),
    (
        (3, 12),
        "order-of-evaluation",
        """
        log = []
        def deco(n):
            log.append(n)
            def apply(f):
                log.append((n, f.__name__))
                return f
            return apply
        def d(n):
            log.append(n)
            return n
        @deco(1)
        @deco(2)
        def g[T: d(9)](x=d(3), *, y=d(4)): return x, y
        @deco(5)
        class C[T](d(6) and dict, metaclass=d(7) and type): pass
        print(log, g(), C.__name__)
        g.__type_params__[0].__bound__, g.__type_params__[0].__bound__
        print(log)
        """,
    ),
    (
        (3, 12),
        "closures",
        """
        def h():
            v = 1
            def k[T](x: T):
                nonlocal v
                v += 1
                return v, T
            return k(1)[0], v, k.__qualname__
        print(h())
        class P[__T]:
            def f[__U](self, x: __T) -> __U: return __T, __U
        print(P.__type_params__, P.f.__type_params__, P().f(1))
        def later[T: undefined](x): pass
        try:
            later.__type_params__[0].__bound__
        except NameError as error:
            print(error)
        """,
    ),
    (
        (3, 12),
        "operators-of-parameters",
        """
        import typing
        def f[T](x: T): pass
        (T,) = f.__type_params__
        print(T | "x", list[T]["y"], (T | "text").__args__, typing.get_type_hints(f))
        class G[T, U]: pass
        print(G[int, T], G[int, T][str], G.__parameters__)
        """,
    ),
    (
        (3, 12),
        "f-strings",
        """
        x = {"a": 1}
        print(f"{x["a"]} {f"{f"{1 + 1}"}"} {
            # a comment
            x
        !r:>20}" f'{'\\n'.join("ab")}')
        """,
    ),
    (
        (3, 11),
        "except-star",
        """
        try:
            try:
                raise ExceptionGroup("g", [ValueError(1), TypeError(2), ExceptionGroup("i", [ValueError(3)])])
            except* ValueError as group:
                print(repr(group))
                raise KeyError("k")
        except BaseException as error:
            print(repr(error), repr(error.exceptions[0].__context__))
        """,
    ),
    (
        (3, 14),
        "template-strings",
        """
        name, width = "w", 5
        t = t"a{name!r:>{width}}b{1 + 1}" t"{name}"
        print(t.strings, t.values, [(i.value, i.expression, i.conversion, i.format_spec) for i in t.interpolations])
        print(t, [*t], t + t"x", type(t).__name__, type(t.interpolations[0]).__name__)
        from string.templatelib import Interpolation, Template, convert
        print(Template("a", Interpolation(1, "x", "r", "d"), "b", "c"), convert(1, "r"), isinstance(t, Template))
        match t.interpolations[0]:
            case Interpolation(value, expression, conversion, spec):
                print(value, expression, conversion, spec)
        for bad in (lambda: t + "x", lambda: Template(1), lambda: Interpolation(1, 2)):
            try:
                bad()
            except TypeError as error:
                print(error)
        """,
    ),
    (
        (3, 14),
        "deferred-annotations",
        """
        import annotationlib
        def f(x: Later, y: list[Later] = None) -> missing: pass
        class C:
            a: Later
            if True:
                b: int
            X = float
            c: X
        Later = int
        print(C.__annotations__, annotationlib.get_annotations(C))
        try:
            f.__annotations__
        except NameError as error:
            print(error)
        print(annotationlib.get_annotations(f, format=annotationlib.Format.FORWARDREF)["x"])
        """,
    ),
    (
        (3, 15),
        "unpacking-in-comprehensions",
        """
        xs = [[1, 2], (3,), range(2)]
        print([*x for x in xs], sorted({*x for x in xs}), [*(*x for x in xs)])
        print({**d for d in ({1: 2}, {1: 3, 4: 5})})
        async def agen():
            for x in xs: yield x
        async def main():
            return [*x async for x in agen()]
        try:
            main().send(None)
        except StopIteration as stop:
            print(stop.value)
        try:
            [*x for x in [1]]
        except TypeError as error:
            print(error)
        """,
    ),
    (
        (3, 15),
        "frozendict-and-sentinel",
        """
        d = frozendict(a=1, b=[2])
        print(d, d["a"], d | {"c": 3}, d == {"a": 1, "b": [2]}, [*d], frozendict([(1, 2)]), len(d))
        print(hash(frozendict(a=1)) == hash(frozendict(a=1)), {frozendict(): 1}, frozendict.fromkeys("ab", 0))
        match d:
            case {"a": a, **rest}: print(a, rest)
        try:
            d["x"] = 1
        except TypeError as error:
            print(error)
        S = sentinel("S")
        print(S, S.__name__, type(S).__name__, S is S)
        """,
    ),
    (
        (3, 15),
        "lazy-import",
        """
        lazy import math
        lazy from json import dumps, loads as l
        print(math.sqrt(4), dumps([1]), l("[1]"))
        """,
    ),
]


def plainly(source: str) -> str:
    """What the interpreter prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = compile(source, "<program>", "exec", dont_inherit=True)
        exec(code, {"__name__": "__main__"})
    return printed.getvalue()


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize(
    "source",
    [pytest.param(src, id=name) for since, name, src in PROGRAMS if sys.version_info >= since],
)
def test_syntax_does_what_it_does_in_python(source: str, optimize: bool) -> None:
    source = textwrap.dedent(source)
    assert cap_exec(source, optimize=optimize).output == plainly(source)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no type parameters")
def test_no_class_namespace_is_shown_what_the_rewriting_needs() -> None:
    shown = cap_exec(
        textwrap.dedent("""
        shown = []
        class Meta(type):
            @classmethod
            def __prepare__(mcs, name, bases, **options):
                class Namespace(dict):
                    def __getitem__(self, key):
                        shown.append(key)
                        return dict.__getitem__(self, key)
                    def __setitem__(self, key, value):
                        shown.append(key)
                        dict.__setitem__(self, key, value)
                return Namespace()
        class Z[T](metaclass=Meta):
            X = int
            type Q = T
            def f[U: X](self, x: U, y: X): pass
        Z.Q.__value__, Z.f.__type_params__[0].__bound__
        """)
    )["shown"]
    assert "X" in shown
    assert not [name for name in shown if ":" in name or not name.isidentifier()]
