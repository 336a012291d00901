"""Attribute names that arrive at run time, by every road that takes a name."""

# ruff: noqa: RUF001  # ambiguous letters are the attack
from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="late name", pit=6)

GEN = "g = (i for i in 'a')\n"
FUN = "def f(): pass\n"

# (id, source, denied name): the name reaches the object by a road other than the dot.
ROADS = [
    ("getattr", GEN + "getattr(g, 'gi_yieldfrom')", "gi_yieldfrom"),
    ("getattr-joined-name", GEN + "getattr(g, 'gi' + '_' + 'yieldfrom')", "gi_yieldfrom"),
    ("getattr-by-map", GEN + "list(map(getattr, [g], ['gi_yieldfrom']))", "gi_yieldfrom"),
    (
        "getattr-by-reduce",
        "import functools\n" + FUN + "functools.reduce(getattr, [f, '__globals__'])",
        "__globals__",
    ),
    (
        "getattr-by-partial",
        "import functools\n" + FUN + "functools.partial(getattr, f)('__globals__')",
        "__globals__",
    ),
    (
        "getattr-by-starmap",
        "import itertools\n" + GEN + "list(itertools.starmap(getattr, [(g, 'gi_yieldfrom')]))",
        "gi_yieldfrom",
    ),
    (
        "getattr-by-sort-key",
        FUN + "import functools\nsorted(['__globals__'], key=functools.partial(getattr, f))",
        "__globals__",
    ),
    ("getattr-by-host-function", FUN + "call(getattr, f, '__globals__')", "__globals__"),
    (
        "getattr-by-operator-call",
        FUN + "import operator\noperator.call(getattr, f, '__globals__')",
        "__globals__",
    ),
    ("attrgetter", GEN + "import operator\noperator.attrgetter('gi_yieldfrom')(g)", "gi_yieldfrom"),
    (
        "attrgetter-dotted",
        FUN + "import operator\nclass C: x = f\noperator.attrgetter('x.__globals__')(C)",
        "__globals__",
    ),
    (
        "attrgetter-many",
        FUN + "import operator\noperator.attrgetter('__name__', '__globals__')(f)",
        "__globals__",
    ),
    (
        "attrgetter-as-key",
        GEN + "import operator\nmax([g], [g], key=lambda x: operator.attrgetter('gi_yieldfrom')(x[0]))",
        "gi_yieldfrom",
    ),
    (
        "attrgetter-by-map",
        GEN + "import operator\nlist(map(operator.attrgetter('gi_yieldfrom'), [g]))",
        "gi_yieldfrom",
    ),
    (
        "methodcaller",
        "import operator\noperator.methodcaller('__subclasses__')(object)",
        "__subclasses__",
    ),
    (
        "methodcaller-reduce",
        "import operator\noperator.methodcaller('__reduce_ex__', 2)(object())[0].__globals__",
        "__globals__",
    ),
    ("format-field-cve-2016-10745", FUN + "'{0.__globals__}'.format(f)", "__globals__"),
    ("format-field-keyword", FUN + "'{x.__globals__}'.format(x=f)", "__globals__"),
    ("format-field-chain", "'{0.__class__.__base__.__subclasses__}'.format('')", "__subclasses__"),
    ("format-field-item-then-attribute", FUN + "'{0[0].__globals__}'.format([f])", "__globals__"),
    ("format-map-cve-2019-10906", FUN + "'{x.__globals__}'.format_map({'x': f})", "__globals__"),
    (
        "format-map-lying-mapping",
        FUN + "class D(dict):\n def __missing__(s, k): return f\n'{any.__globals__}'.format_map(D())",
        "__globals__",
    ),
    ("format-unbound-cve-2023-41039", FUN + "str.format('{0.__globals__}', f)", "__globals__"),
    (
        "format-map-unbound-cve-2023-41039",
        FUN + "str.format_map('{f.__globals__}', {'f': f})",
        "__globals__",
    ),
    ("format-stored-cve-2024-56326", FUN + "x = '{0.__globals__}'.format\nx(f)", "__globals__"),
    (
        "format-by-getattr-cve-2025-27516",
        FUN + "getattr('{0.__globals__}', 'format')(f)",
        "__globals__",
    ),
    (
        "format-by-map-cve-2025-27516",
        FUN + "list(map('{0.__globals__}'.format, [f]))",
        "__globals__",
    ),
    (
        "format-by-attrgetter",
        FUN + "import operator\noperator.attrgetter('format')('{0.__globals__}')(f)",
        "__globals__",
    ),
    (
        "format-by-methodcaller",
        FUN + "import operator\noperator.methodcaller('format', f)('{0.__globals__}')",
        "__globals__",
    ),
    ("format-by-type", FUN + "type('').format('{0.__globals__}', f)", "__globals__"),
    ("format-by-class-dict", FUN + "str.__dict__['format']('{0.__globals__}', f)", "__globals__"),
    ("format-by-vars", FUN + "vars(str)['format']('{0.__globals__}', f)", "__globals__"),
    (
        "format-of-a-subclass",
        FUN + "class S(str): pass\nS('{0.__globals__}').format(f)",
        "__globals__",
    ),
    (
        "format-by-super",
        FUN + "class S(str):\n def go(self, x): return super().format(x)\nS('{0.__globals__}').go(f)",
        "__globals__",
    ),
    (
        "format-by-getattribute",
        FUN + "object.__getattribute__('{0.__globals__}', 'format')(f)",
        "__globals__",
    ),
    (
        "format-by-str-getattribute",
        FUN + "str.__getattribute__('{0.__globals__}', 'format')(f)",
        "__globals__",
    ),
    ("format-as-host-callback", FUN + "call('{0.__globals__}'.format, f)", "__globals__"),
    (
        "format-bound-in-class",
        FUN + "class C: go = '{0.__globals__}'.format\nC.go(f)",
        "__globals__",
    ),
    ("format-nested-in-spec", FUN + "'{0:{1.__globals__}}'.format(1, f)", "__globals__"),
    (
        "format-partial",
        FUN + "import functools\nfunctools.partial(str.format, '{0.__globals__}')(f)",
        "__globals__",
    ),
    (
        "format-decorator",
        "def f(): pass\n@'{0.__globals__}'.format\ndef g(): pass\ng",
        "__globals__",
    ),
    (
        "asteval-cve-2025-24359-f-string",
        FUN + "spec = '{0.__globals__}'\nf'{spec.format(f)}'",
        "__globals__",
    ),
    (
        "asteval-cve-2025-24359-error-object",
        "try:\n '{0.nothing}'.format(lambda: 0)\n"
        "except AttributeError as e:\n found = e.obj.__globals__",
        "obj",
    ),
    ("object-getattribute", FUN + "object.__getattribute__(f, '__globals__')", "__globals__"),
    ("type-getattribute", "type.__getattribute__(object, '__subclasses__')", "__subclasses__"),
    (
        "super-getattribute",
        "class C:\n def go(s): return super().__getattribute__('__reduce__')\nC().go().__func__",
        "__func__",
    ),
    (
        "super-getattr",
        "class C:\n def go(s): return getattr(super(), '__reduce_ex__')\nC().go().__func__",
        "__func__",
    ),
    (
        "super-of-a-function",
        FUN + "super(object, f)\nsuper(type(f), f).__getattribute__('__globals__')",
        "__globals__",
    ),
    (
        "getattribute-descriptor",
        FUN + "type.__dict__['__getattribute__'](type, '__subclasses__')",
        "__subclasses__",
    ),
    ("builtin-attribute-by-map", "list(map(getattr, [print], ['__self__']))", "__self__"),
    (
        "cve-2024-47532-string-formatter",
        FUN + "import string\nstring.Formatter().format('{0.__globals__}', f)",
        "",
    ),
    (
        "cve-2021-32807-formatter-get-field",
        FUN + "import string\nstring.Formatter().get_field('0.__globals__', (f,), {})",
        "",
    ),
    ("cve-2017-5524-format-on-unicode", FUN + "u'{0.__globals__}'.format(f)", "__globals__"),
    (
        "wraps-of-a-generator",
        GEN + "import functools\n"
        "class W: pass\nw = functools.update_wrapper(W(), g, assigned=['gi_yieldfrom'], updated=[])\n"
        "w.gi_yieldfrom",
        "gi_yieldfrom",
    ),
    (
        "wraps-copies-globals",
        FUN + "import functools\nclass W: pass\n"
        "w = functools.update_wrapper(W(), f, assigned=['__globals__'], updated=[])\n"
        "w.__globals__",
        "__globals__",
    ),
    (
        "lru-cache-wrapped",
        "import functools\nfunctools.lru_cache(lambda: 1).__wrapped__.__globals__",
        "__globals__",
    ),
]

CASES: list[Case] = [
    *(case(f"name-by-{name}", src, raises="AttributeError", about=attr) for name, src, attr in ROADS),
    case("hasattr-tells-nothing", GEN + "hasattr(g, 'gi_yieldfrom')", value=False),
    case("getattr-default", GEN + "getattr(g, 'gi_yieldfrom', 'absent')", value="absent"),
    case("getattr-default-keyword-free", FUN + "getattr(f, '__globals__', None)", value=None),
    case(
        "match-args-of-a-guest-class",
        """
        class M(type):
            def __instancecheck__(cls, o): return True
        class P(metaclass=M):
            __match_args__ = ('gi_yieldfrom',)
        match (i for i in 'a'):
            case P(x): r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case(
        "match-args-changed-half-way",
        """
        class A(tuple):
            def __getitem__(self, i): return 'gi_yieldfrom'
        class M(type):
            def __instancecheck__(cls, o): return True
            @property
            def __match_args__(cls): return ('gi_yieldfrom',)
        class P(metaclass=M): pass
        match (i for i in 'a'):
            case P(x): r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case(
        "match-keyword-frame",
        """
        match (i for i in 'a'):
            case object(gi_yieldfrom=x): r = 'stolen'
            case object(cr_await=x): r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case(
        "match-keyword-on-builtin-function",
        """
        match print:
            case object(__self__=x): r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case(
        "match-nested-pattern",
        """
        def f(): pass
        match [{'k': f}]:
            case [{'k': object(__globals__=x)}]: r = 'stolen'
            case [{'k': object(__code__=object(co_consts=x))}]: r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case(
        "match-on-a-capability",
        """
        match door:
            case object(secret=x): r = 'stolen'
            case object(__class__=object(__init__=object(__globals__=x))): r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case(
        "update-wrapper-hands-globals-to-setattr",
        """
        import functools
        got = {}
        class W:
            def __setattr__(self, name, value): got[name] = value
            __dict__ = {}
        def f(): pass
        try:
            functools.update_wrapper(W(), f, assigned=['__globals__', '__name__'])
        except AttributeError:
            pass
        '__globals__' in got
        """,
        value=False,
    ),
    case(
        "setattr-of-class",
        """
        def f(): pass
        class C: pass
        c = C()
        try:
            setattr(c, '__class__', type(f))
        except (TypeError, AttributeError):
            pass
        type(c).__name__
        """,
        value="C",
    ),
    case(
        "setattr-code-of-a-function",
        "def f(): pass\nsetattr(f, '__code__', compile('1', '', 'eval'))",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "object-setattr-code-of-a-function",
        "def f(): pass\nobject.__setattr__(f, '__code__', compile('1', '', 'eval'))",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "delattr-of-a-guarded-name",
        "def f(): pass\ndelattr(f, '__code__')",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "name-as-text-subclass",
        """
        class S(str):
            def __eq__(self, o): return True
            __hash__ = str.__hash__
            def startswith(self, *a): return False
        getattr((i for i in 'a'), S('gi_yieldfrom'))
        """,
        raises="AttributeError",
        about="gi_yieldfrom",
    ),
    case(
        "name-with-lone-surrogate",
        "getattr(object(), 'gi_yieldfrom\\ud800')",
        raises="AttributeError",
    ),
    case(
        "name-normalised-late",
        "getattr((i for i in 'a'), 'ｇi_frame')",
        raises="AttributeError",
    ),
    case("name-not-text", "getattr((i for i in 'a'), b'gi_yieldfrom')", raises="TypeError"),
    case(
        "module-getattr",
        """
        import math
        try:
            math.__getattr__ = lambda n: 'stolen'
        except (AttributeError, TypeError):
            pass
        getattr(math, 'nothing', 'absent') in ('absent', 'stolen')
        """,
        value=True,
    ),
    case(
        "format-safe-fields-still-work",
        """
        class C: x = [1, {'k': 2}]
        '{0.x[1][k]} {a:>3}'.format(C, a=7)
        """,
        value="2   7",
    ),
    case(
        "format-runs-guarded-properties",
        """
        class C:
            @property
            def x(self): return (i for i in 'a').gi_frame.f_builtins
        '{0.x}'.format(C())
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "format-field-of-a-capability",
        "'{0.secret}'.format(door)",
        raises="AttributeError",
        about="secret",
    ),
    case(
        "format-index-of-globals",
        "'{0.__init__.__globals__[CANARY]}'.format(door)",
        raises="AttributeError",
    ),
    case("vars-of-a-function", "sorted(vars(lambda: 0))", value=[]),
    case("vars-of-a-generator", "vars(i for i in 'a')", raises="TypeError"),
    case("vars-of-a-capability", "vars(door)", raises="TypeError"),
    case("dir-lists-no-secret-of-a-capability", "'secret' in dir(door)", value=False),
    # Library code: what of it the compartment has may lead out no more than the rest.
    *(
        case(
            f"library-{name}",
            "reached = False\ntry:\n    "
            + src.replace("\n", "\n    ")
            + "\nexcept (ImportError, AttributeError, ValueError):\n    pass\nreached",
            value=False,
        )
        for name, src in [
            (
                "namedtuple-field",
                "from collections import namedtuple\n"
                "N = namedtuple('N', 'x')\nreached = bool(N(1)._asdict.__func__.__globals__)",
            ),
            (
                "namedtuple-new",
                "from collections import namedtuple\n"
                "N = namedtuple('N', 'x')\nreached = bool(N.__new__.__globals__)",
            ),
            (
                "namedtuple-dunder-field",
                "from collections import namedtuple\nnamedtuple('N', '__class__')\nreached = True",
            ),
            (
                "namedtuple-smuggled-text",
                "from collections import namedtuple\n"
                "N = namedtuple('N', ['a=__import__', 'def', 'x)'], rename=True)\n"
                "reached = N._fields != ('_0', '_1', '_2')",
            ),
            (
                "namedtuple-lying-field",
                "from collections import namedtuple\n"
                "class S(str):\n    def isidentifier(self): return True\n"
                "namedtuple('N', [S('x=(i for i in \"a\").gi_frame.f_builtins')])\nreached = True",
            ),
            (
                "partialmethod",
                "from functools import partialmethod\n"
                "class C: m = partialmethod(getattr, '__dict__')\n"
                "reached = bool(C.__dict__['m'].func.__self__)",
            ),
            (
                "cached-property",
                "from functools import cached_property\n"
                "reached = bool(cached_property(lambda s: 1).func.__globals__)",
            ),
            (
                "singledispatch",
                "from functools import singledispatch\n"
                "reached = bool(singledispatch(lambda x: 1).dispatch.__closure__)",
            ),
            (
                "total-ordering",
                "from functools import total_ordering\n"
                "class C:\n    def __lt__(s, o): return True\n"
                "reached = bool(total_ordering(C).__ge__.__globals__)",
            ),
            (
                "wraps",
                "from functools import wraps\n"
                "reached = bool(wraps(lambda: 0)(lambda: 1).__wrapped__.__globals__)",
            ),
            (
                "string-formatter",
                "from string import Formatter\n"
                "reached = bool(Formatter().get_field('0.__globals__', (lambda: 0,), {}))",
            ),
            (
                "dataclass",
                "from dataclasses import make_dataclass\n"
                "reached = bool(make_dataclass('C', ['x']).__init__.__globals__)",
            ),
            (
                "contextmanager",
                "from contextlib import contextmanager\n"
                "@contextmanager\ndef f(): yield\nreached = bool(f().gen.gi_yieldfrom)",
            ),
            ("enum-private", "import enum\nreached = 'posix' in enum.sys.modules"),
            ("typing-private", "import typing\nreached = 'posix' in typing.sys.modules"),
            ("copy-dispatch", "import copy\nreached = bool(copy.copyreg.sys)"),
        ]
    ),
]
