"""One rule, asked everywhere: every way to bind a name, every way to name an attribute."""

from __future__ import annotations

import sys
from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="one rule", pit=20)

# Every form of the grammar that binds, declares or removes the name N.
BINDINGS = [
    ("assignment", "N = 1"),
    ("chained-assignment", "a = N = 1"),
    ("tuple-assignment", "a, N = 1, 2"),
    ("list-assignment", "[a, N] = 1, 2"),
    ("nested-assignment", "a, (b, [N]) = 1, (2, [3])"),
    ("starred-assignment", "a, *N = 1, 2"),
    ("augmented-assignment", "N += 1"),
    ("annotated-assignment", "N: int = 1"),
    ("annotation-alone", "N: int"),
    ("annotation-in-parentheses", "(N): int = 1"),
    ("walrus", "(N := 1)"),
    ("walrus-in-a-comprehension", "[N := 1 for _ in [1]]"),
    ("walrus-in-a-condition", "if (N := 1): pass"),
    ("walrus-in-a-default", "def f(a=(N := 1)): pass"),
    ("walrus-in-an-f-string", "f'{(N := 1)}'"),
    ("for-target", "for N in [1]: pass"),
    ("for-tuple-target", "for a, N in [(1, 2)]: pass"),
    ("async-for-target", "async def f():\n async for N in x: pass"),
    ("comprehension-target", "[0 for N in [1]]"),
    ("set-comprehension-target", "{0 for N in [1]}"),
    ("dict-comprehension-target", "{0: 0 for N in [1]}"),
    ("generator-target", "(0 for N in [1])"),
    ("second-comprehension-target", "[0 for a in [1] for N in [a]]"),
    ("async-comprehension-target", "async def f():\n [0 async for N in x]"),
    ("with-as", "with x as N: pass"),
    ("with-as-tuple", "with x as (a, N): pass"),
    ("second-with-as", "with x as a, y as N: pass"),
    ("async-with-as", "async def f():\n async with x as N: pass"),
    ("except-as", "try: pass\nexcept ValueError as N: pass"),
    ("except-star-as", "try: pass\nexcept* ValueError as N: pass"),
    ("function-name", "def N(): pass"),
    ("async-function-name", "async def N(): pass"),
    ("class-name", "class N: pass"),
    ("method-name", "class C:\n def N(self): pass"),
    ("class-attribute", "class C:\n N = 1"),
    ("argument", "def f(N): pass"),
    ("positional-only-argument", "def f(N, /): pass"),
    ("second-positional-only-argument", "def f(a, N, /, b): pass"),
    ("keyword-only-argument", "def f(*, N): pass"),
    ("argument-with-default", "def f(a, N=1): pass"),
    ("star-argument", "def f(*N): pass"),
    ("double-star-argument", "def f(**N): pass"),
    ("async-argument", "async def f(N): pass"),
    ("async-positional-only-argument", "async def f(N, /): pass"),
    ("lambda-argument", "lambda N: 0"),
    ("lambda-positional-only-argument", "lambda N, /: 0"),
    ("lambda-keyword-only-argument", "lambda *, N: 0"),
    ("lambda-star-argument", "lambda *N: 0"),
    ("lambda-double-star-argument", "lambda **N: 0"),
    ("method-argument", "class C:\n def f(self, N, /): pass"),
    ("import", "import N"),
    ("import-dotted", "import N.x"),
    ("import-as", "import math as N"),
    ("import-dotted-as", "import collections.abc as N"),
    ("from-import", "from math import N"),
    ("from-import-as", "from math import pi as N"),
    ("relative-import", "from . import N"),
    ("global", "def f():\n global N"),
    ("global-at-top", "global N"),
    ("nonlocal", "def f():\n N = 1\n def g():\n  nonlocal N"),
    ("delete", "del N"),
    ("delete-tuple", "del (a, N)"),
    ("match-capture", "match 1:\n case N: pass"),
    ("match-as", "match 1:\n case 1 as N: pass"),
    ("match-star", "match [1]:\n case [*N]: pass"),
    ("match-rest", "match {}:\n case {**N}: pass"),
    ("match-in-class-pattern", "match 1:\n case int(N): pass"),
    ("match-in-keyword-pattern", "match 1:\n case int(real=N): pass"),
    ("match-in-mapping", "match {}:\n case {'a': N}: pass"),
    ("match-in-or-pattern", "match 1:\n case [N] | (1 as N): pass"),
    ("load", "N"),
    ("load-in-a-function", "def f(): return N"),
    ("load-in-a-lambda", "lambda: N"),
    ("load-in-a-class", "class C: x = N"),
    ("load-in-a-decorator", "@N\ndef f(): pass"),
    ("load-in-an-annotation", "def f(a: N): pass"),
    ("load-in-a-pattern", "match 1:\n case N.x: pass"),
    ("load-in-a-class-pattern", "match 1:\n case N(): pass"),
    ("load-in-an-except", "try: pass\nexcept N: pass"),
]
if sys.version_info >= (3, 12):
    BINDINGS += [
        ("type-alias", "type N = int"),
        ("type-parameter", "def f[N](): pass"),
        ("class-type-parameter", "class C[N]: pass"),
        ("alias-type-parameter", "type X[N] = int"),
        ("type-variable-tuple", "def f[*N](): pass"),
        ("parameter-specification", "def f[**N](): pass"),
        ("type-parameter-bound", "def f[T: N](): pass"),
    ]

# Every road to an attribute of a function, all with the same answer.
ROADS = [
    ("dot", "f.NAME"),
    ("getattr", "getattr(f, 'NAME')"),
    ("getattr-default", "getattr(f, 'NAME', absent())"),
    ("hasattr", "hasattr(f, 'NAME') or absent()"),
    ("vars", "vars(f)['NAME'] if 'NAME' in vars(f) else absent()"),
    ("dir", "'NAME' in dir(f) or absent()"),
    ("attrgetter", "operator.attrgetter('NAME')(f)"),
    ("methodcaller", "operator.methodcaller('NAME')(f)"),
    ("format", "'{0.NAME}'.format(f)"),
    ("format-map", "'{f.NAME}'.format_map({'f': f})"),
    ("object-getattribute", "object.__getattribute__(f, 'NAME')"),
    ("type-dict", "type(f).__dict__['NAME'] if 'NAME' in type(f).__dict__ else absent()"),
    ("class-attribute", "type(f).NAME"),
    ("wraps", "functools.update_wrapper(C(), f, assigned=['NAME'], updated=()).NAME"),
    ("super", "super(type(f), f).NAME"),
    ("exec", "exec('x = f.NAME', {'f': f})"),
    ("eval", "eval('f.NAME')"),
    ("child", "cap_exec(\"hasattr(f, 'NAME')\", {'f': f}).value or absent()"),
    ("host", "call(getattr, f, 'NAME')"),
]

CASES: list[Case] = [
    *(
        case(f"binding-{name}", src.replace("N", "__builtins__", -1), refused="CAP1")
        for name, src in BINDINGS
    ),
    *(
        case(
            f"road-to-{attr.strip('_')}-by-{name}",
            f"""
            import functools, operator
            class C: pass
            def absent(): raise AttributeError('absent')
            def f(): pass
            try:
                {road.replace("NAME", attr)}
                r = 'reached'
            except AttributeError:
                r = 'absent'
            r
            """,
            value="absent",
        )
        for attr in ("__globals__", "__builtins__", "__closure__")
        for name, road in ROADS
        if (attr, name) != ("__closure__", "dot")  # which is there for its own text; see kept
    ),
]
