"""Ways to put a builtin class where a plain method was, after the call site has learned that the method
is plain: what is called then walks its argument in C, without a step."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

plain = partial(new_case, attack="plain method", pit=27)

LEARNED = """
class C:
    def m(self, x): return x
def call(o, v): return o.m(v)
def learn(o):
    for _ in range(5): call(o, 1)
o = C()
learn(o)
"""
ENDLESS = "call(o, iter(int, 1))"

SWAPS = {
    "setattr": "setattr(o, 'm', list)",
    "store": "o.m = list",
    "store-in-exec": "exec('o.m = list')",
    "store-in-eval": "eval('[0 for o.m in [list]]')",
    "dict": "o.__dict__['m'] = list",
    "vars": "vars(o)['m'] = list",
    "new-dict": "o.__dict__ = {'m': list}",
    "class": "C.m = staticmethod(list)",
    "setattr-of-class": "setattr(C, 'm', staticmethod(list))",
    "setattr-of-object": "object.__setattr__(o, 'm', list)",
    "setattr-of-type": "type.__setattr__(C, 'm', staticmethod(list))",
    "getstate": "o.a = 1\no.__getstate__()['m'] = list",
    "reduce": "o.a = 1\no.__reduce_ex__(2)[2]['m'] = list",
    "reduce-of-object": "o.a = 1\nobject.__reduce_ex__(o, 2)[2]['m'] = list",
    "getter-of-dict": "vars(C)['__dict__'].__get__(o)['m'] = list",
    "copied-getter-of-dict": "dict(vars(C))['__dict__'].__get__(o)['m'] = list",
    "getter-in-subclass": "class D(C): d = vars(C)['__dict__']\no = D()\nlearn(o)\no.d['m'] = list",
    "copied-getter-in-subclass": "class D(C): d = dict(vars(C))['__dict__']\n"
    "o = D()\nlearn(o)\no.d['m'] = list",
    "items-getter-in-subclass": "class D(C): d = {**vars(C)}['__dict__']\n"
    "o = D()\nlearn(o)\no.d['m'] = list",
    "class-of-instance": "class E:\n    m = list\no.__class__ = E",
    "bases": "class A:\n    def m(self, x): return x\nclass B: m = list\nclass K(A): pass\n"
    "o = K()\nlearn(o)\nK.__bases__ = (B,)",
    "bases-by-setattr": "class A:\n    def m(self, x): return x\nclass B: m = list\nclass K(A): pass\n"
    "o = K()\nlearn(o)\ntype.__setattr__(K, '__bases__', (B,))",
    "bases-of-a-base": "class Z: pass\nclass A:\n    def m(self, x): return x\nclass B: m = list\n"
    "class Y(A): pass\nclass K(Y): pass\no = K()\nlearn(o)\nY.__bases__ = (B,)",
    "delete": "class B: m = list\nclass K(B):\n    def m(self, x): return x\no = K()\nlearn(o)\ndel K.m",
    "delattr": "class B: m = list\nclass K(B):\n    def m(self, x): return x\n"
    "o = K()\nlearn(o)\ndelattr(K, 'm')",
    "getattribute": "C.__getattribute__ = lambda self, name: list",
    "loop-target": "for o.m in [list]: pass",
    "with-target": "import contextlib\nwith contextlib.nullcontext(list) as o.m: pass",
    "star-target": "a, *o.m = [1, 2]\n(o.m, a) = (list, 1)",
    "in-place": "class Z:\n    def __radd__(self, x): return list\no.m = 1\no.m += Z()",
    "super": "class D(C):\n    def k(self): super().__setattr__('m', list)\no = D()\nlearn(o)\no.k()",
    "dict-of-super": "class D(C):\n    def k(self): super().__dict__['m'] = list\n"
    "o = D()\nlearn(o)\no.k()",
    "proxy": "import weakref\nweakref.proxy(o).m = list",
    "dict-of-proxy": "import weakref\nweakref.proxy(o).__dict__['m'] = list",
    "match": "match o:\n    case object(__dict__=d): d['m'] = list",
    "attrgetter": "import operator\noperator.attrgetter('__dict__')(o)['m'] = list",
    "cached-property": "import functools\np = functools.cached_property(lambda self: list)\n"
    "p.__set_name__(C, 'm')\np.__get__(o)",
    "update-wrapper": "import functools\nclass W: pass\nw = W()\nexec('w.m = list')\n"
    "functools.update_wrapper(o, w, assigned=('m',), updated=())",
    "private-name": "class _P:\n    pass\nclass X:\n    def n(self): o.__m = list\n"
    "class C:\n    def _X__m(self, x): return x\ndef call(o, v): return o._X__m(v)\n"
    "o = C()\nlearn(o)\nX().n()",
    "namespace": "import types\nclass N(types.SimpleNamespace):\n    def m(self, x): return x\n"
    "learn(N())\no = N(m=list)",
    "exception": "class E(Exception):\n    def m(self, x): return x\nlearn(E())\no = E()\n"
    "o.__setstate__({'m': list})",
    "property": "class P:\n    m = property(lambda self: list)\no = P()",
    "cache": "import functools\nclass K:\n    m = functools.lru_cache(list)\no = K()\n"
    "def call(o, v): return o.m(v)\nclass T(tuple): pass\n"
    "deep = ()\nfor _ in range(60): deep = (deep, deep)\no.m(deep)",
    "module": "import types\nclass M(types.ModuleType):\n    def m(self, x): return x\n"
    "learn(M('x'))\no = M('x')\no.__dict__['m'] = list",
    "getattr-after-delete": "class K:\n    def m(self, x): return x\n"
    "    def __getattr__(self, name): return list\no = K()\nlearn(o)\ndel K.m",
    "new-class-of-the-name": "class C:\n    m = list\no = C()",
    "class-called": "class L: pass\ndef make(v): return L(v) if v else L()\nmake(0), make(0)\nL = list\n"
    "make(iter(int, 1))",
}

# The collector runs a callback of the guest's wherever it pleases; this asks it at every place.
COLLECTED = """
import weakref
class Cell: pass
keep = []
def attempt(k):
    ns = {}
    exec(f"class C:\\n    def m{k}(self, x): return x\\ndef call(o, v): return o.m{k}(*v)", ns)
    o, call, armed = ns['C'](), ns['call'], [True]
    call(o, (1,))  # what is called once is not learned
    a = Cell()
    a.a = a
    def stored(reference):
        if armed[0]:
            setattr(o, f"m{k}", type)
            armed.append(k)
    keep.append(weakref.ref(a, stored))
    a = None
    for i in range(k): keep.append([])
    call(o, (1,))
    armed[0] = False
    keep.clear()
    # A class that was made past the guard does not carry the mark of the guest's own.
    return armed[1:] and 'x' not in vars(call(o, ('X', (), {'x': 1})))
raise ValueError([k for k in range(900) if attempt(k)])
"""

# A generator that is resumed between the test of a name and its use: from 3.12 on the collector runs
# after a call. Enough is allocated before it that some attempt meets the place.
RESUMED = """
import weakref
class Cell: pass
keep = []
def attempt(k):
    ns = {}
    exec(SOURCE % ('[],' * 400, k), ns)
    g = ns['gen'](('X', (), {'x': 1}))
    inner, armed = next(g), [True]
    def resume(reference):
        if armed[0]: next(g)
    a = Cell()
    a.a = a
    keep.append(weakref.ref(a, resume))
    a = None
    for i in range(k): keep.append([])
    made = next(inner)[1]
    armed[0] = False
    keep.clear()
    return isinstance(made, type) and 'x' not in vars(made)
"""
OUTER = {
    "generator": "def gen(v):\n    def f(*x): return x\n    yield (([%s], f(*v)) for _ in 'ab')\n"
    "    f = type\n    yield %d",
    "expression": "def one(*x): return x\n"
    "def gen(v): return ((([%s], f(*v)) for _ in 'ab') for f in (one, type, %d))",
}

#: Where compiled code calls something straight, what it must not take for it. `endless` is walked in C
#: without a step by whatever is called past its guard.
STRAIGHT = {
    "stand-in-told-by-a-test": "def f(x): x.extend(endless)\nf([])",
    "stand-in-of-a-known-class": "def f():\n    x = []\n    x.extend(endless)\nf()",
    "stand-in-of-a-literal": "def f(): return ','.join(endless)\nf()",
    "guests-own-beside-a-stand-in": "class C: extend = list\ndef f(x): x.extend(endless)\n"
    "f([1]) if False else f(C)",
    "receiver-bound-anew-by-its-argument": "def f(x): x.extend((x := endless))\nf([])",
    "method-stored-by-an-argument": "class L(list): pass\ndef g(x):\n    x.extend = list\n"
    "    return endless\ndef f(x): x.extend(g(x)); x.extend(endless)\nf(L())",
    "inherited-stand-in-replaced": "class L(list): pass\ndef f(x, v): x.extend(v)\no = L()\n"
    "for _ in range(5): f(o, [])\nL.extend = staticmethod(list)\nf(o, endless)",
    "inherited-stand-in-hidden-by-an-instance": "class L(list): pass\ndef f(x, v): x.extend(v)\n"
    "o = L()\nfor _ in range(5): f(o, [])\nvars(o)['extend'] = list\nf(o, endless)",
    "bound-class": "import types\ndef f(g): g()\nf(types.MethodType(list, endless))",
    "bound-builtin": "def f(g): g(endless)\nf([].extend)",
    "bound-cache": "import functools\nx = ()\nfor _ in range(60): x = (x, x)\n"
    "@functools.lru_cache\ndef g(*a): pass\nclass C: m = g\ndef f(m): m(x)\nf(C().m)",
    "another-type": "def f(v): return type(v)\nf(1)\ntype = list\nf(endless)",
    "another-getattr": "def f(v): return getattr(v, 'a', None)\nf(1)\n"
    "globals()['getattr'] = lambda v, *a: list(v)\nf(endless)",
    "another-maker": "def f(v): return tuple(v)\nf(())\nf(endless)",
    "compared-nests-of-bare-objects": "class C: pass\nc = C()\ndef f(a, b): return a == b\nf(c, C())\n"
    "x, y = (c, c), (c, c)\nfor _ in range(60): x, y = (x, x), (y, y)\nf(x, y)",
    "key-of-a-nest-of-bare-objects": "class C: pass\nx = (C(),)\ndef f(d, k): d[k] = 1\nf({}, x)\n"
    "for _ in range(60): x = (x, x)\nf({}, x)",
}

CASES: list[Case] = [
    *(
        plain(f"straight-{name}", f"endless = iter(int, 1)\n{source}", stopped="steps")
        for name, source in STRAIGHT.items()
    ),
    plain(
        "straight-getattr-of-a-guarded-name",
        "def f(v): return getattr(v, 'gi_yieldfrom')\nf(i for i in 'a')",
        raises="AttributeError",
        about="gi_yieldfrom",
    ),
    *(
        plain(
            f"plain-name-of-a-{outer}-resumed-by-the-collector",
            f"SOURCE = {source!r}\n{RESUMED}\n"
            "raise ValueError([k for k in range(1050, 1250) if attempt(k)])",
            raises="ValueError",
            about="[]",
            steps=10_000_000,
            wall=60.0,
        )
        for outer, source in OUTER.items()
    ),
    plain(
        "plain-method-stored-by-the-collector-while-it-is-learned",
        COLLECTED,
        raises="ValueError",
        about="[]",
        steps=10_000_000,
        wall=60.0,
    ),
    *(
        plain(f"plain-{name}", f"{LEARNED}{swap}\n{ENDLESS}", stopped="steps")
        for name, swap in SWAPS.items()
    ),
]
