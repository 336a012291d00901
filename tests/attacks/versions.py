"""Escapes through what the language has more of: metaclasses, descriptors, frames of what awaits,
groups of exceptions, and syntax that came with one version or another."""

from __future__ import annotations

import sys

from .case import Case, case

#: What leads out of any object that has it.
_OUT = (
    "__globals__ __closure__ __builtins__ gi_yieldfrom cr_await cr_origin ag_await f_builtins f_trace "
    "f_generator co_code co_consts"
)

#: A function `found(x)`: the ways out that an object of the guest's shows.
_PROBE = f"""
def found(*xs):
    out = []
    for x in xs:
        for n in {_OUT!r}.split():
            if hasattr(x, n) or n in dir(x):
                out.append(n)
            try:
                object.__getattribute__(x, n)
                out.append('raw ' + n)
            except (AttributeError, TypeError):
                pass
            match x:
                case object(__class__=_) if n in _FRAMES and getattr(x, n, None) is not None:
                    out.append('match ' + n)
    return out
_FRAMES = {_OUT!r}.split()
"""

# What a hook of a metaclass or class is called with, and by whom.
_HOOKS = {
    "call": "class M(type):\n def __call__(c, *a, **k):\n  keep(c, *a, *k.values()); return super().__call__()\n"
    "class C(metaclass=M): pass\nC(1, x=2)",
    "new": "class M(type):\n def __new__(m, n, b, ns, **k):\n  keep(m, n, b, ns); return super().__new__(m, n, b, ns)\n"
    "class C(metaclass=M): x = 1",
    "init": "class M(type):\n def __init__(c, *a):\n  keep(c, *a)\nclass C(metaclass=M): pass",
    "prepare": "class M(type):\n @classmethod\n def __prepare__(m, *a, **k):\n  keep(m, *a); return {}\n"
    "class C(metaclass=M): pass",
    "instancecheck": "class M(type):\n def __instancecheck__(c, x): keep(c, x); return True\n"
    "class C(metaclass=M): pass\nisinstance(len, C), isinstance(print, C)",
    "subclasscheck": "class M(type):\n def __subclasscheck__(c, x): keep(c, x); return True\n"
    "class C(metaclass=M): pass\nissubclass(int, C)",
    "getattribute": "class M(type):\n def __getattribute__(c, n): keep(c, n); return type.__getattribute__(c, n)\n"
    "class C(metaclass=M): pass\nC.__name__, C.__mro__",
    "setattr": "class M(type):\n def __setattr__(c, n, v): keep(c, n, v); type.__setattr__(c, n, v)\n"
    "class C(metaclass=M): pass\nC.x = 1",
    "dir": "class M(type):\n def __dir__(c): keep(c); return ['a']\nclass C(metaclass=M): pass\ndir(C)",
    "init-subclass": "class B:\n def __init_subclass__(c, **k): keep(c, *k.values())\nclass C(B, a=1): pass",
    "class-getitem": "class C:\n def __class_getitem__(c, x): keep(c, x); return c\nC[len]",
    "mro-entries": "class E:\n def __mro_entries__(s, b): keep(s, b); return ()\nclass C(E()): pass",
    "set-name": "class D:\n def __set_name__(s, o, n): keep(s, o, n)\nclass C: d = D()",
    "get": "class D:\n def __get__(s, o, k): keep(s, o, k); return 1\nclass C: d = D()\nC.d, C().d",
    "set": "class D:\n def __set__(s, o, v): keep(s, o, v)\nclass C: d = D()\nC().d = 1",
    "delete": "class D:\n def __delete__(s, o): keep(s, o)\nclass C: d = D()\ndel C().d",
    "enter-exit": "class D:\n def __enter__(s): keep(s)\n def __exit__(s, *a): keep(*a); return True\n"
    "with D(): 1 / 0",
    "format": "class D:\n def __format__(s, f): keep(s, f); return ''\nf'{D():x}', format(D(), 'y'), '{:z}'.format(D())",
    "missing": "class D(dict):\n def __missing__(s, k): keep(s, k); return 1\nD()[len], '{x}'.format_map(D(x=1))",
    "key": "sorted([1, 2], key=lambda *a: keep(*a) or 1), max([1], key=lambda *a: keep(*a) or 1)",
    "reduce": "import copy\nclass D:\n def __reduce_ex__(s, n): keep(s, n); return str, ()\ncopy.copy(D())",
    "buffer": "class D:\n def __buffer__(s, f): keep(s, f); return memoryview(b'a')\n"
    "try: bytes(D())\nexcept TypeError: pass",
    "length-hint": "class D:\n def __iter__(s): return iter('a')\n def __length_hint__(s): keep(s); return 1\nlist(D())",
    "group-derive": "class G(ExceptionGroup):\n def derive(s, x): keep(s, x); return G('g', x)\n"
    "G('g', [ValueError()]).split(ValueError)",
    "traceback": "try: 1 / 0\nexcept Exception as e: keep(e, e.__traceback__, e.__traceback__.tb_next)",
}
#: From 3.12 on C code would ask an object of the guest's for its bytes (PEP 688), however many they are.
_BUFFERS = {
    "joined": "b''.join([b] * 10)",
    "added": "b'' + b",
    "replaced-by": "(b'b' * 10).replace(b'b', b)",
    "formatted": "b'%b%b%b%b%b%b%b%b' % ((b,) * 8)",
    "decoded": "str(b, 'latin1')",
    "stripped-by": "b'abc'.strip(b)",
    "read-as-a-number": "int(b)",
    "summed": "import zlib\nzlib.crc32(b)",
    "hashed": "import hashlib\nhashlib.sha256(b)",
    "searched": "import re\nre.findall(b'a', b)",
    "viewed": "memoryview(b)",
    "stored-later": "del C.__init__\nC.__buffer__ = lambda s, f: memoryview(big)\nmemoryview(b)",
    "of-bytes": "class D(bytes):\n def __buffer__(s, f): return memoryview(big)\nlen(b''.join([D()] * 10)) or int()",
}
_LENGTHS = [
    case(
        f"buffer-of-a-guest-is-not-{name}",
        "big = b'a' * 20_000_000\nclass C:\n def __init__(s): pass\n"
        f" def __buffer__(s, f): return memoryview(big)\nb = C()\n{src}",
        pit=17,
        attack="buffer",
        steps=1_000_000,
        **({"value": 0} if name == "of-bytes" else {"raises": "TypeError"}),  # type: ignore[arg-type]
    )
    for name, src in _BUFFERS.items()
]
_METACLASSES = [
    case(
        f"hook-{name}-is-shown-nothing-that-leads-out",
        f"{_PROBE}\nr, busy = [], []\ndef keep(*xs):\n    if busy: return\n    busy.append(1)\n"
        "    r.extend(found(*[x for x in xs if type(x) is not type(keep)]))\n    busy.clear()\n"
        f"{src}\nr",
        value=[],
        pit=26,
        attack="metaclass" if "M" in src else "hook",
        steps=2_000_000,
    )
    for name, src in _HOOKS.items()
] + [
    case(f"metaclass-{name}", src, pit=10, attack="metaclass", **claim)  # type: ignore[arg-type]
    for name, src, claim in [
        (
            "eq",
            "class M(type):\n def __eq__(c, o): return True",
            {"raises": "TypeError", "about": "__eq__"},
        ),
        (
            "hash",
            "class M(type):\n def __hash__(c): return 1",
            {"raises": "TypeError", "about": "__hash__"},
        ),
        ("mro", "class M(type):\n def mro(c): return [c, int]", {"raises": "TypeError", "about": "mro"}),
        (
            "eq-later",
            "class M(type): pass\nM.__eq__ = lambda c, o: True",
            {"raises": "TypeError", "about": "__eq__"},
        ),
        (
            "eq-by-type-setattr",
            "class M(type): pass\ntype.__setattr__(M, '__eq__', 1)",
            {"raises": "TypeError", "about": "__eq__"},
        ),
        (
            "eq-by-mixin",
            "class E:\n def __eq__(c, o): return True\nclass M(E, type): pass",
            {"raises": "TypeError", "about": "metaclass"},
        ),
        ("of-int", "type(int).x = 1", {"raises": "TypeError", "about": "immutable"}),
        ("subclasses-of-object", "object.__subclasses__()", {"raises": "AttributeError"}),
        ("subclasses-by-type", "type.__subclasses__(object)", {"raises": "AttributeError"}),
        (
            "subclasses-by-descriptor",
            "vars(type)['__subclasses__'].__get__(object)()",
            {"raises": "AttributeError"},
        ),
        ("class-assignment-to-builtin", "class C: pass\nC().__class__ = int", {"raises": "TypeError"}),
        ("class-of-a-module", "import math\nmath.__class__ = type(math)", {"raises": "AttributeError"}),
        ("bases-with-a-builtin", "class C: pass\nC.__bases__ = (bool,)", {"raises": "TypeError"}),
        ("base-of-function", "class C(type(lambda: 0)): pass", {"raises": "TypeError"}),
        ("base-of-generator", "class C(type(i for i in '')): pass", {"raises": "TypeError"}),
        ("base-of-code", "class C(type(compile('1', '', 'eval'))): pass", {"raises": "TypeError"}),
        ("base-of-frame", "import types\nclass C(types.FrameType): pass", {"raises": "TypeError"}),
        (
            "type-call-of-function",
            "type(lambda: 0)(compile('1', '', 'exec'), {})",
            {"raises": "TypeError"},
        ),
        (
            "type-new-of-function",
            "f = lambda: 0\ntype(f).__new__(type(f), 1, {})",
            {"raises": "AttributeError"},
        ),
        (
            "classcell-of-another",
            "class M(type):\n def __new__(m, n, b, ns):\n  ns['__classcell__'] = 1\n"
            "  return super().__new__(m, n, b, ns)\nclass C(metaclass=M):\n def f(self): super()",
            {"raises": "TypeError", "about": "__classcell__"},
        ),
        (
            "winner-that-is-no-class",
            "class C(metaclass=lambda *a: [*a]): pass\ntype(C) is list and C[1]",
            {"value": ()},
        ),
    ]
]

# Descriptors of builtin types, asked for by hand.
_DESCRIPTORS = [
    case(
        f"descriptor-{kind}-{name.strip('_')}",
        f"""
        import types
        async def agen(): yield
        async def coro(): pass
        made = {{'function': lambda: 0, 'generator': (i for i in ''), 'agen': agen(), 'method': [].append,
                'coroutine': coro(), 'traceback': None, 'class': int, 'module': types}}
        try:
            1 / 0
        except Exception as e:
            made['traceback'] = e.__traceback__
        x = made[{kind!r}]
        r = []
        for way in (lambda: vars(type(x))[{name!r}].__get__(x),
                    lambda: getattr(type(x), {name!r}).__get__(x, type(x)),
                    lambda: type(x).__dict__[{name!r}].__get__(x),
                    lambda: super(type(x), x).{name},
                    lambda: type.__getattribute__(type(x), {name!r}),
                    lambda: object.__getattribute__(x, {name!r})):
            try:
                r.append(way())
            except (AttributeError, KeyError, TypeError) as e:
                pass
        made['coroutine'].close()
        [str(v) for v in r]
        """,
        value=[],
        pit=8,
        attack="descriptor",
    )
    for kind, name in [
        ("function", "__globals__"),
        ("function", "__closure__"),
        ("function", "__builtins__"),
        ("generator", "gi_yieldfrom"),
        ("agen", "ag_await"),
        ("coroutine", "cr_await"),
        ("coroutine", "cr_origin"),
        ("class", "__subclasses__"),
        ("class", "__weakrefoffset__"),
        ("module", "__loader__"),
    ]
]

# What awaits, driven by hand: no frame, no code, no loop.
_AWAITERS = {
    "coroutine": "coro()",
    "wrapper": "coro().__await__()",
    "asend": "agen().asend(None)",
    "athrow": "agen().athrow(ValueError())",
    "aclose": "agen().aclose()",
    "anext": "agen().__anext__()",
    "anext-with-default": "anext(agen(), 1)",
    "async-comprehension": "comp()",
    "async-generator-expression": "(x async for x in agen())",
    "types-coroutine": "gen()",
}
_FRAMES = [
    case(
        f"awaiting-frames-of-{name}",
        f"""{_PROBE}
import types
async def coro(): return 1
async def agen(): yield 1
async def comp(): return [x async for x in agen()]
@types.coroutine
def gen(): yield 1
x = {src}
r = found(x)
try:
    r += found(x.send(None)) if hasattr(x, 'send') else []
except BaseException as e:
    r += found(e, e.__traceback__, *e.args)
if hasattr(x, 'close'):
    x.close()
r
""",
        value=[],
        pit=14,
        attack="async frame",
        steps=2_000_000,
    )
    for name, src in _AWAITERS.items()
]

# Groups that take themselves apart (CVE-2025-22153): on 3.11 a text in the place of the pair ends the
# process, later a pair of numbers becomes what is handled.
_PAIRS = [
    "'ab'",
    "(1, 2)",
    "(None, 7)",
    "('x', None)",
    "[1, 2]",
    "None",
    "(ValueError(), TypeError())",
    "()",
]
_STARS = [
    case(
        f"star-cve-2025-22153-{where}-{number}",
        f"""
        r = []
        def fake(*a): return {pair}
        {setup}
        try:
            try:
                raise g
            except* {kind} as e:
                r.append(isinstance(e, BaseExceptionGroup))
            except* KeyError as e:
                r.append(isinstance(e, BaseExceptionGroup))
        except BaseException as e:
            r.append(isinstance(e, (BaseExceptionGroup, TypeError)))
        set(r) <= {{True}}
        """,
        value=True,
        pit=8,
        attack="exception group",
    )
    for where, setup, kind in [
        (
            "class",
            "class G(ExceptionGroup): split = fake\n        g = G('g', [ValueError()])",
            "ValueError",
        ),
        (
            "mixin",
            "class X: split = fake\n        class G(X, ExceptionGroup): pass\n"
            "        g = G('g', [ValueError()])",
            "ValueError",
        ),
        ("instance", "g = ExceptionGroup('g', [ValueError()]); g.split = fake", "ValueError"),
        (
            "dict",
            "g = ExceptionGroup('g', [ValueError()]); g.__dict__['split'] = fake",
            "ValueError",
        ),
        (
            "late",
            "g = ExceptionGroup('g', [ValueError()])",
            "(setattr(g, 'split', fake), ValueError)[1]",
        ),
        (
            "getattribute",
            "class G(ExceptionGroup):\n"
            "            def __getattribute__(s, n): return fake if n == 'split' else "
            "super().__getattribute__(n)\n"
            "        g = G('g', [ValueError()])",
            "ValueError",
        ),
        (
            "derived",
            "class G(ExceptionGroup):\n"
            "            def derive(s, x):\n"
            "                d = ExceptionGroup('d', x)\n"
            "                d.split = fake\n"
            "                return d\n"
            "        g = G('g', [ValueError(), KeyError(), OSError()])",
            "ValueError",
        ),
        (
            "class-late",
            "class G(ExceptionGroup): pass\n        g = G('g', [ValueError()])",
            "(setattr(G, 'split', fake), ValueError)[1]",
        ),
    ]
    for number, pair in enumerate(_PAIRS)
]

CASES: list[Case] = [*_METACLASSES, *_LENGTHS, *_DESCRIPTORS, *_FRAMES, *_STARS]

if sys.version_info >= (3, 12):
    _GENERIC = [
        ("bound-is-late", "def f[T: 1 / 0](): pass\n'made'", {"value": "made"}),
        (
            "bound-out-of-the-turn",
            "def f[T: [x for x in iter(int, 1)]](): pass\nf.__type_params__[0].__bound__",
            {"stopped": "steps"},
        ),
        (
            "value-out-of-the-turn",
            "type X = [x for x in iter(int, 1)]\nX.__value__",
            {"stopped": "steps"},
        ),
        (
            "namespace-supplies-what-the-rewriting-needs",
            """
            shown = []
            class M(type):
                @classmethod
                def __prepare__(m, *a):
                    class N(dict):
                        def __missing__(s, k):
                            shown.append(k)
                            raise KeyError(k)
                        def __getitem__(s, k):
                            shown.append(k)
                            return dict.__getitem__(s, k)
                    return N({'cap:scope': 1, 'cap:parameters': 2, '.type_params': 3, '.generic_base': 4})
            class C[T](metaclass=M):
                def f[U: T](self, x: U): pass
                type X = T
            C.X.__value__
            [n for n in shown if not n.isidentifier()]
            """,
            {"value": []},
        ),
        (
            "class-of-a-parameter",
            "def f[T](): pass\nT = type(f.__type_params__[0])\nT.mark = 1\nT.mark",
            {"value": 1},
        ),
        (
            "globals-of-its-methods",
            "def f[T](): pass\nhasattr(type(f.__type_params__[0]).__init__, '__globals__')",
            {"value": False},
        ),
        (
            "text-evaluates-in-the-guest",
            "import typing\ndef f[T](x: T | 'open'): pass\ntyping.get_type_hints(f)['x'].__args__[1]('x')",
            {"raises": "PermissionError"},
        ),
        (
            "type-params-are-a-tuple-only",
            "def f[T](): pass\nf.__type_params__ = [1]",
            {"raises": "TypeError"},
        ),
        (
            "locals-of-a-scope",
            "def f[T: sorted(locals())](): pass\nf.__type_params__[0].__bound__",
            {"value": []},
        ),
        (
            "globals-of-a-scope",
            "def f[T: [n for n in globals() if ':' in n]](): pass\nf.__type_params__[0].__bound__",
            {"value": []},
        ),
        (
            "frame-of-a-scope",
            "import sys\ndef f[T: sys._getframe().f_locals](): pass\nf.__type_params__[0].__bound__",
            {"value": {}},
        ),
        (
            "evaluator-has-no-code",
            "def f[T: int](): pass\ne = getattr(f.__type_params__[0], 'evaluate_bound', len)\n"
            "[hasattr(e, n) for n in ('__builtins__', '__globals__', '__closure__')]",
            {"value": [False, False, False]},
        ),
        (
            "builtins-as-a-parameter-by-exec",
            "exec('def f[__builtins__](): pass')",
            {"raises": "SyntaxError", "about": "reserved"},
        ),
        (
            "own-typing-is-broken",
            "import typing, _typing\n_typing._parameter = lambda *a: a\ndef f[T: int](): pass\n"
            "sorted({type(x).__name__ for x in f.__type_params__[0]})",
            {"value": ["NoneType", "function", "str"]},
        ),
        (
            "evaluator-asked-for-nonsense",
            "def f[T: int](): pass\ne = getattr(f.__type_params__[0], 'evaluate_bound')\ne('x')",
            {"raises": "TypeError"},
        ),
        (
            "generic-base-is-the-guests",
            "class C[T]: pass\nC.__mro__[1].mark = 1\nC.mark",
            {"value": 1},
        ),
        (
            "alias-of-an-alias",
            "type X[T] = X[X[T]]\nx = X\nfor _ in range(60): x = X[x, x] if 0 else X[list[x] | dict[x, x]]\nrepr(x)",
            {"stopped": ("steps", "memory")},
        ),
        (
            "qualified-name-of-a-scope",
            "class C:\n    def f[T](self):\n        def g(): pass\n        return g\nC().f().__qualname__",
            {"value": "C.f.<locals>.g"},
        ),
        (
            "nested-quotes-in-f-strings",
            "f'{f'{f'{(lambda: 0).__globals__}'}'}'",
            {"raises": "AttributeError", "about": "__globals__"},
        ),
        (
            "walrus-in-nested-f-string-format",
            "f'{1:{(x := (lambda: 0)).__globals__}}'",
            {"raises": "AttributeError", "about": "__globals__"},
        ),
    ]
    CASES += [
        case(f"type-parameters-{name}", src, pit=12, attack="type parameters", **claim)  # type: ignore[arg-type]
        for name, src, claim in _GENERIC
    ]

if sys.version_info >= (3, 14):
    _TEMPLATES = [
        (
            "doubling",
            "t = t'{1}{2}'\nfor _ in range(60): t = t + t\n1",
            {"stopped": ("memory", "steps")},
        ),
        (
            "doubling-by-method",
            "t = t'{1}{2}'\nfor _ in range(60): t = t.__add__(t)\n1",
            {"stopped": ("memory", "steps")},
        ),
        (
            "long-texts",
            "from string.templatelib import Template\nTemplate(*['a' * 10**6] * 10**5)",
            {"stopped": ("memory", "steps")},
        ),
        (
            "interpolation-is-guarded",
            "t'{(lambda: 0).__globals__}'",
            {"raises": "AttributeError", "about": "__globals__"},
        ),
        (
            "format-specification-is-guarded",
            "t'{1:{(lambda: 0).__globals__}}'",
            {"raises": "AttributeError", "about": "__globals__"},
        ),
        ("class-takes-no-attribute", "type(t'').x = 1", {"raises": "TypeError"}),
        ("class-has-no-subclass", "class T(type(t'')): pass", {"raises": "TypeError"}),
        (
            "interpolation-cannot-be-changed",
            "t'{1}'.interpolations[0].value = 2",
            {"raises": "AttributeError"},
        ),
        (
            "nest-is-walked-before-it-is-shown",
            "t = t'{1}'\nfor _ in range(60): t = t'{t}{t}'\nrepr(t)",
            {"stopped": ("memory", "steps")},
        ),
        ("reduce", "t''.__reduce__()", {"raises": "AttributeError"}),
        (
            "lying-text",
            "from string.templatelib import Template\nclass S(str): pass\n"
            "[type(s).__name__ for s in Template(S('a')).strings]",
            {"value": ["str"]},
        ),
        (
            "annotations-are-late-and-counted",
            "def f(x: [y for y in iter(int, 1)]): pass\nf.__annotations__",
            {"stopped": "steps"},
        ),
        (
            "annotate-has-no-code",
            "def f(x: int): pass\n[hasattr(f.__annotate__, n) for n in ('__closure__', '__globals__')]",
            {"value": [False, False]},
        ),
    ]
    CASES += [
        case(f"template-{name}", src, pit=12, attack="template strings", **claim)  # type: ignore[arg-type]
        for name, src, claim in _TEMPLATES
    ]

if sys.version_info >= (3, 15):
    _LATEST = [
        ("lazy-import-of-authority", "lazy import subprocess", {"raises": "ImportError"}),
        ("lazy-from-import-of-authority", "lazy from ctypes import CDLL", {"raises": "ImportError"}),
        ("lazy-builtins", "lazy import __builtins__", {"refused": "CAP120"}),
        ("lazy-objects", "import types\ntypes.LazyImportType.resolve", {"raises": "AttributeError"}),
        ("lazy-settings", "import sys\nsys.set_lazy_imports('all')", {"raises": "AttributeError"}),
        ("endless-unpacking", "[*iter(int, 1) for x in 'a']", {"stopped": "steps"}),
        ("endless-unpacking-of-a-set", "{*iter(int, 1) for x in 'a'}", {"stopped": "steps"}),
        ("unpacking-in-a-generator", "sum(*iter(int, 1) for x in 'a')", {"stopped": "steps"}),
        (
            "unpacking-a-mapping-that-lies",
            "class D:\n    def keys(self): return iter(int, 1)\n    def __getitem__(self, k): return 1\n"
            "{**d for d in [D()]}",
            {"stopped": "steps"},
        ),
        (
            "frozendict-nest-is-walked",
            "x = frozendict()\nfor _ in range(60): x = frozendict(a=x, b=x)\nhash(x)",
            {"stopped": "steps"},
        ),
        (
            "frozendict-of-a-mapping-without-end",
            "class D:\n    def keys(self): return iter(int, 1)\n    def __getitem__(self, k): return 1\n"
            "frozendict(D())",
            {"stopped": "steps"},
        ),
        ("frozendict-takes-no-attribute", "frozendict.x = 1", {"raises": "TypeError"}),
        ("frozendict-reduce", "frozendict().__reduce_ex__(2)[0].__self__", {"raises": "TypeError"}),
        ("sentinel-takes-no-attribute", "sentinel('S').x = 1", {"raises": "AttributeError"}),
        (
            "alphabet-that-the-process-keeps",
            "import binascii\nasked = []\nclass A(bytes):\n    def __hash__(self): asked.append(self); return 7\n"
            "a = A(binascii.BASE64_ALPHABET)\nfor f in (binascii.a2b_base64, binascii.a2b_base32):\n"
            "    try: f(b'', alphabet=a)\n    except PermissionError: pass\nlen(asked)",
            {"value": 0},
        ),
        (
            "alphabets-without-end",
            "import base64\nbase64.b64decode(b'', b'-.', ignorechars=b'')",
            {"raises": "PermissionError"},
        ),
        ("generator-state-is-text", "(i for i in '').gi_state", {"value": "GEN_CREATED"}),
    ]
    CASES += [
        case(f"latest-{name}", src, pit=12, attack="3.15", **claim)  # type: ignore[arg-type]
        for name, src, claim in _LATEST
    ]

#: Ways to the descriptors behind `__dict__` and `__weakref__` of a guest's class: one of each for all
#: classes from 3.15 on, which reads the raw dictionary of whatever it is handed.
_SLOTS = {
    "in-the-namespace": "vars(K)['__dict__']",
    "weakref-in-the-namespace": "vars(K)['__weakref__']",
    "of-slots": "vars(S)['__dict__']",
    "weakref-of-slots": "vars(S)['__weakref__']",
    "got": "vars(K).get('__dict__')",
    "copied": "dict(vars(K))['__weakref__']",
    "among-values": "[v for n, v in vars(K).items() if n == '__dict__'][0]",
    "on-the-class": "K.__weakref__",
    "on-a-derived-class": "L.__weakref__",
    "of-a-metaclass": "vars(M)['__dict__'] if '__dict__' in vars(M) else K.__weakref__",
    "by-type": "type.__getattribute__(K, '__weakref__')",
    "by-super": "super(L, L).__dict__",
    "weakref-by-super": "super(L, L).__weakref__",
    "by-attrgetter": "operator.attrgetter('__weakref__')(K)",
    "by-getattr": "getattr(K, '__weakref__')",
    "by-getattr-static": "inspect.getattr_static(K, '__weakref__')",
    "by-annotations-of-an-alias": "types.GenericAlias(K, (int,)).__weakref__",
    "by-unpacking": "[*map(vars(K).__getitem__, ['__dict__'])][0]",
}
_USES = {
    "get": "d.__get__({})",
    "get-by-class": "type(d).__get__(d, {}, type({}))",
    "in-a-class": "type('Q', (), {{'d': d}})().d",
    "on-a-metaclass": "type('Q', (type,), {{'d': d}})('R', (), {{}}).d",
    "set": "d.__set__({}, {{}})",
}
#: From 3.15 on the one of all classes gives what `vars` gives: a view, and of an instance its own names.
_VIEWS = "if r is None or r == {} or type(r) in (type(vars(json)), type(vars(M))): r = 'none'\n"
CASES += [
    case(
        f"slot-{way}-{use}",
        f"import json{', inspect' * ('inspect' in source)}, operator, types\nclass M(type): pass\nclass K(metaclass=M): pass\nclass L(K): pass\n"
        f"class S: __slots__ = ('__dict__', '__weakref__')\nd = {source}\n"
        f"r = 'none'\ntry: r = {how.format(*[on] * 2)}\n"
        f"except (TypeError, AttributeError): pass\n{_VIEWS * (sys.version_info >= (3, 15))}r",
        value="none",
        pit=12,
        attack="raw descriptors",
    )
    for way, source in _SLOTS.items()
    for use, how, on in [
        (f"{u}-{on}", h, on) for u, h in _USES.items() for on in ("json", "M", "len", "(lambda: 0)")
    ]
    if on == "json" or "{}" in how.replace("{{}}", "")
]
