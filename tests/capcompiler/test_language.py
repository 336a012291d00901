"""Ordinary Python programs do as guests what they do under plain CPython, which runs beside as oracle.

Each program is compared by its public names, its output and the error that it ends in.
"""

from __future__ import annotations

import sys
import textwrap
from typing import Any

import pytest
from properties.outcome import guest, native

from capcompiler import cap_exec, source

CLASSES = {
    "instances": "class K:\n    n = 1\n    def __init__(self, x, *a, y=2, **k): self.x = x; self.rest = (a, y, k)\n"
    "    def get(self): return self.x + self.n\nk = K(5, 6, y=7, z=8)\nout = [k.get(), k.rest, k.n, K.n, k.__dict__]\n"
    "K.n = 10\nk.n += 1\nout += [k.n, K.n, K.get(k)]\ndel k.n\nout.append(k.n)",
    "class body scope": "x = 'global'\nclass K:\n    a = x\n    x = 'class'\n    b = x\n    def f(self): return x\n"
    "    ys = [y for y in x]\n    def g(): return 'called'\n    c = g()\n    del g\nout = [K.a, K.b, K().f(), K.ys, K.c, hasattr(K, 'g')]",
    "class scope in comprehensions": "class K:\n    n = 3\n    xs = [i for i in range(n)]\n    try:\n        ys = [n for i in range(2)]\n"
    "    except NameError as e:\n        ys = str(e)\nout = [K.xs, K.ys]",
    "inheritance": "class A:\n    def who(self): return 'A'\n    def call(self): return self.who()\nclass B(A):\n    def who(self): return 'B' + super().who()\n"
    "class C(A):\n    def who(self): return 'C' + super().who()\nclass D(B, C): pass\n"
    "out = [D().call(), [k.__name__ for k in D.__mro__], issubclass(D, A), isinstance(D(), C), D.__bases__ == (B, C), D.__base__ is B]",
    "super forms": "class A:\n    def f(self, x=0): return ('A', x)\n    @classmethod\n    def c(cls): return cls.__name__\n    @staticmethod\n    def s(): return 's'\n"
    "    @property\n    def p(self): return 'p'\n"
    "class B(A):\n    def f(self, x=0): return [super().f(x), super(B, self).f(x + 1), A.f(self, 2)]\n    @classmethod\n    def c(cls): return super().c() + super(B, cls).c()\n"
    "    @staticmethod\n    def s(): return super(B, B).s()\n    @property\n    def p(self): return super().p * 2\n    def nested(self): return [super(B, self).f(i) for i in range(2)]\n"
    "    def inner(self):\n        def go(): return super(B, self).f(9)\n        return go()\nclass C(B): pass\n"
    "b = C()\nout = [b.f(), C.c(), b.s(), b.p, b.nested(), b.inner()]",
    "super in new and init_subclass": "made = []\nclass A:\n    def __new__(cls, *a):\n        self = super().__new__(cls)\n        self.args = a\n        return self\n"
    "    def __init_subclass__(cls, tag=None, **k):\n        super().__init_subclass__(**k)\n        made.append((cls.__name__, tag))\n"
    "class B(A, tag='t'): pass\nclass C(B): pass\nout = [B(1, 2).args, C().args, made]",
    "super without arguments outside": "def f(): return super()\ntry: f()\nexcept RuntimeError as e: out = str(e)\n"
    "class K:\n    def g(): return super()\ntry: K.g()\nexcept RuntimeError as e: out2 = str(e)",
    "__class__ cell": "class K:\n    def f(self): return __class__.__name__\n    g = lambda self: __class__\nout = [K().f(), K().g() is K]",
    "properties": "class K:\n    def __init__(self): self._x = 0\n    @property\n    def x(self):\n        'the doc'\n        return self._x\n    @x.setter\n    def x(self, v): self._x = v * 2\n"
    "    @x.deleter\n    def x(self): self._x = -1\n    y = property(lambda s: 5, doc='d')\nk = K()\nk.x = 3\na = k.x\nk.x += 1\nb = k.x\ndel k.x\nc = k.x\n"
    "try: k.y = 1\nexcept AttributeError: d = 'no setter'\nout = [a, b, c, d, K.x.__doc__, K.y.__doc__]",
    "descriptors": "class D:\n    def __set_name__(self, o, n): self.n = n\n    def __get__(self, o, k=None): return (self.n, o is None)\n    def __set__(self, o, v): o.__dict__[self.n] = v\n"
    "    def __delete__(self, o): o.__dict__.clear()\nclass N:\n    def __get__(self, o, k=None): return 'non-data'\nclass K:\n    d = D()\n    n = N()\n"
    "k = K()\nk.d = 4\nk.n = 5\nout = [k.d, K.d, k.__dict__.copy(), k.n]\ndel k.d\nout += [k.n]",
    "metaclasses": "class M(type):\n    log = []\n    @classmethod\n    def __prepare__(m, name, bases, **k): m.log.append(('prepare', name, k)); return {'given': 1}\n"
    "    def __new__(m, name, bases, ns, **k): m.log.append('new'); return super().__new__(m, name, bases, dict(ns, extra=2))\n"
    "    def __init__(c, name, bases, ns, **k): m = 1; M.log.append('init'); super().__init__(name, bases, ns)\n    def __call__(c, *a): return ('made', super().__call__(*a).__class__.__name__)\n"
    "    def __getattr__(c, n): return 'meta ' + n\n    def __len__(c): return 42\n    def __contains__(c, x): return x == 1\n    def __iter__(c): return iter('ab')\n"
    "    def __getitem__(c, i): return i\n    def __instancecheck__(c, x): return x == 'odd'\n    @property\n    def prop(c): return c.__name__\n"
    "class K(metaclass=M, opt=1):\n    def __init__(self, *a): self.a = a\nclass L(K): pass\n"
    "out = [K.given, K.extra, K(1), L.zzz, len(K), 1 in K, list(K), K[3], isinstance('odd', K), K.prop, M.log, type(L) is M]",
    "type with three arguments": "def init(self, n): self.n = n\nK = type('K', (), {'__init__': init, 'twice': lambda s: s.n * 2})\nL = type('L', (K,), dict(x=1))\nout = [L(4).twice(), L.__name__, L.x, L.__mro__[1] is K, type(L(1)).__name__]",
    "slots": "class P:\n    __slots__ = ('x', '_y')\n    def __init__(self): self.x = 1; self._y = 2\nclass Q(P):\n    __slots__ = 'z',\nq = Q()\nq.z = 3\nout = [q.x, q._y, q.z, hasattr(q, '__dict__')]\n"
    "try: q.new = 1\nexcept AttributeError as e: out.append(str(e))\ndel q.x\ntry: q.x\nexcept AttributeError: out.append('gone')",
    "operators": "class V:\n    def __init__(s, n): s.n = n\n    def __repr__(s): return f'V{s.n}'\n"
    + "".join(
        f"    def __{op}__(s, o): return ('{op}', s.n, getattr(o, 'n', o))\n"
        for op in "add sub mul matmul truediv floordiv mod pow lshift rshift and xor or radd rsub rmul rpow rand lt le gt ge".split()
    )
    + "    def __neg__(s): return 'neg'\n    def __pos__(s): return 'pos'\n    def __invert__(s): return 'inv'\n    def __abs__(s): return 'abs'\n"
    "    def __getitem__(s, i): return ('item', i)\n    def __contains__(s, i): return i == 3\n    def __len__(s): return 7\n    def __call__(s, *a, **k): return (a, k)\n    def __round__(s, n=None): return ('round', n)\n"
    "    def __index__(s): return s.n\n    def __bool__(s): return s.n > 0\n    def __divmod__(s, o): return 'dm'\n    def __format__(s, spec): return f'<{spec}>'\n    def __hash__(s): return s.n\n    def __eq__(s, o): return isinstance(o, V) and s.n == o.n\n"
    "a, b = V(1), V(2)\nout = [a + b, a - 1, 1 - a, a * b, 3 * a, a @ b, a / b, a // b, a % b, a ** b, 2 ** a, a << b, a >> b, a & b, 5 & a, a ^ b, a | b,\n"
    " a < b, a <= b, a > b, a >= b, 1 < a, -a, +a, ~a, abs(a), a[1], a[1:2], a[1, ...], 3 in a, 4 in a, len(a), a(1, x=2), round(a), round(a, 2),\n"
    " 'abc'[a], [0] * b, bool(V(0)), not a, divmod(a, b), f'{a:>5}', format(a, 'x'), '{:y}'.format(a), {a: 1}[V(1)], a == V(1), a != b, hex(b), repr([a])]",
    "in-place operators": "class V:\n    def __init__(s): s.log = []\n"
    + "".join(
        f"    def __i{op}__(s, o): s.log.append('{op}'); return s\n"
        for op in "add sub mul matmul truediv floordiv mod pow lshift rshift and xor or".split()
    )
    + "v = w = V()\nv += 1; v -= 1; v *= 1; v @= 1; v /= 1; v //= 1; v %= 1; v **= 1; v <<= 1; v >>= 1; v &= 1; v ^= 1; v |= 1\nout = [v is w, v.log]",
    "not implemented": "class A:\n    def __add__(s, o): return NotImplemented\n    def __lt__(s, o): return NotImplemented\n    def __eq__(s, o): return NotImplemented\nclass B:\n    def __radd__(s, o): return 'radd'\n    def __gt__(s, o): return 'gt'\n"
    "out = [A() + B(), A() < B(), A() == 1, A() != 1]\ntry: A() + 1\nexcept TypeError as e: out.append(str(e))",
    "subclass priority": "class A:\n    def __add__(s, o): return 'A.add'\n    def __radd__(s, o): return 'A.radd'\nclass B(A):\n    def __radd__(s, o): return 'B.radd'\nout = [A() + B(), A() + A(), B() + A()]",
    "attribute hooks": "class K:\n    def __getattr__(s, n): return 'missing ' + n\n    def __setattr__(s, n, v): object.__setattr__(s, n, ('set', v))\n    def __delattr__(s, n): super().__delattr__(n)\n    def __dir__(s): return ['z', 'a']\n"
    "class G:\n    x = 1\n    def __getattribute__(s, n): return 'got ' + n if n != 'x' else super().__getattribute__(n)\nk = K()\nk.a = 1\nout = [k.a, k.b, getattr(k, 'c'), getattr(k, 'd', 5), hasattr(k, 'zz'), dir(k), G().y, G().x]\ndel k.a\nout.append(k.a)\nsetattr(k, 'e', 2)\nout.append(k.e)\ndelattr(k, 'e')\nout.append(k.e)",
    "private names": "class _K:\n    __x = 1\n    def __f(self): return self.__x\n    def g(self): return [self.__f(), _K.__x, self.__dict__, '__x' in dir(self)]\n    def h(self):\n        self.__y = 5\n        self.__y += 1\n        def inner(): return self.__y\n        return inner(), [self.__y for _ in (1,)]\n"
    "    def k(self, __arg=3, *, __kw=4): return __arg + __kw\nk = _K()\nout = [k.g(), k.h(), sorted(n for n in vars(k)), k._K__x, hasattr(k, '__x'), k.k(_K__kw=1)]\nclass __:\n    __a = 2\n    def f(self): return self.__a\nout.append(__().f())",
    "private globals": "_K__g = 'mangled'\n__h = 'plain'\nclass K:\n    def f(self): return __g\n    def h(self):\n        try: return __h\n        except NameError: return 'no'\nout = [K().f(), K().h()]",
    "class decorators": "def reg(tag):\n    def deco(k):\n        k.tag = tag\n        return k\n    return deco\n@reg('a')\n@lambda k: (setattr(k, 'first', 1), k)[1]\nclass K: pass\nout = [K.tag, K.first]",
    "class methods and static": "class K:\n    @classmethod\n    def c(cls, x): return (cls.__name__, x)\n    @staticmethod\n    def s(x): return x\n    f = staticmethod(len)\n    g = classmethod(lambda c: c)\nclass L(K): pass\nout = [L.c(1), L().c(2), K.s(3), K().s(4), K.f('ab'), L.g() is L, K.c.__name__, K().c.__func__ is K.c.__func__, L.c.__self__ is L]",
    "bound methods": "class K:\n    def f(self, x): return (self.n, x)\nk = K()\nk.n = 1\nm = k.f\nk.n = 2\nout = [m(1), m.__self__ is k, m.__func__ is K.f, m.__name__, m == k.f, m is k.f, K.f(k, 3), (lambda *a: len(a)).__name__]\nK.f.mark = 5\nout.append(k.f.mark)",
    "iterators": "class C:\n    def __init__(s, n): s.n = n\n    def __iter__(s): return s\n    def __next__(s):\n        if s.n == 0: raise StopIteration\n        s.n -= 1\n        return s.n\nclass Old:\n    def __getitem__(s, i):\n        if i > 2: raise IndexError\n        return i * 10\n    def __len__(s): return 3\n"
    "class R:\n    def __reversed__(s): return iter('rev')\nout = [list(C(3)), [*C(2)], sum(C(4)), max(C(3)), tuple(Old()), 20 in Old(), list(reversed(Old())), list(reversed(R())), dict(zip(C(2), 'ab')), list(map(str, C(2))), sorted(C(3)), list(enumerate(C(2), 5)), 2 in C(5)]\na, *b = C(4)\nout += [a, b]",
    "containers of one's own": "class D(dict):\n    def __missing__(s, k): return k * 2\nclass L(list):\n    def total(s): return sum(s)\nclass S(str):\n    def shout(s): return s.upper() + '!'\nclass I(int):\n    def __add__(s, o): return I(int(s) * 10 + o)\nclass T(tuple):\n    def __new__(c, *a): return super().__new__(c, a)\nclass F(frozenset): pass\n"
    "d = D(a=1)\nl = L([1, 2])\nl.append(3)\nl[0] = 9\nl += [4]\nout = [d['a'], d['zz'], d.get('zz'), l.total(), list(l), S('hi').shout(), S('a') + 'b', int(I(1) + 2), tuple(T(1, 2)), len(T(1)), F('a') | {'b'} == {'a', 'b'}, type(l).__name__, isinstance(l, list), type(l[:]).__name__, type(L(l) + []).__name__, L([1]) == [1], {S('k'): 1}['k']]",
    "context managers": "log = []\nclass C:\n    def __init__(s, n, eat=False): s.n = n; s.eat = eat\n    def __enter__(s): log.append('in ' + s.n); return s.n\n    def __exit__(s, t, v, tb): log.append(('out ' + s.n, t.__name__ if t else None, str(v))); return s.eat\n"
    "with C('a') as a, C('b', True) as b:\n    log.append(a + b)\n    raise ValueError('x')\nwith (C('c') as c, C('d')): pass\ntry:\n    with C('e'): raise KeyError(1)\nexcept KeyError: log.append('through')\ndef f():\n    with C('f'): return 'ret'\nr = f()\nfor i in range(2):\n    with C('g'):\n        if i == 0: continue\n        break\n"
    "class Bad:\n    def __enter__(s): pass\ntry:\n    with Bad(): pass\nexcept TypeError as e: log.append(str(e))",
    "equality and hash": "class A:\n    def __eq__(s, o): return True\nclass B(A):\n    __hash__ = None\nclass C:\n    def __hash__(s): return 5\n    def __eq__(s, o): return s is o\ntry: hash(A())\nexcept TypeError as e: out = [str(e)]\nc = C()\nout += [hash(c), {c: 1}[c], A() == 1, A() in [1], [A()].index(3), B.__hash__, {c, c, C()} .__len__()]",
    "comparison of lists of objects": "log = []\nclass K:\n    def __init__(s, n): s.n = n\n    def __lt__(s, o): log.append((s.n, o.n)); return s.n < o.n\nxs = sorted([K(3), K(1), K(2)])\nout = [x.n for x in xs]\nm = min([K(2), K(1)]).n",
    "repr and str": "class K:\n    def __repr__(s): return 'R'\nclass L(K):\n    def __str__(s): return 'S'\nclass E(Exception): pass\nout = [repr(K()), str(K()), str(L()), repr(L()), f'{L()} {L()!r} {L()!s}', '%s %r' % (L(), L()), str([L()]), repr(E(1, 'a')), str(E()), str(E(1)), str(E(1, 2))]",
    "class attributes": "class K:\n    'doc'\n    x: int = 1\n    y: str\n    def f(self) -> int: 'fdoc'\nout = [K.__doc__, K.__name__, K.__qualname__, K.__module__, sorted(K.__annotations__), K.f.__doc__, K.f.__qualname__, K.f.__annotations__ == {'return': int}, 'x' in vars(K), K().__class__ is K, type(K) is type, K.__dict__['x']]\nK.__name__ = 'N'\nK.__doc__ = 'new'\nout += [K.__name__, K.__doc__]",
    "__class__ assignment": "class A:\n    def f(self): return 'A'\nclass B:\n    def f(self): return 'B'\na = A()\na.__class__ = B\nout = [a.f(), type(a) is B]",
    "nested classes": "class A:\n    class B:\n        class C: x = 1\n    def make(self):\n        class D(self.B): y = 2\n        return D\nout = [A.B.C.x, A.B.C.__qualname__, A().make().__qualname__, A().make().y]",
    "abstract by hand": "class A:\n    def f(self): raise NotImplementedError('f')\n    def __class_getitem__(cls, i): return (cls.__name__, i)\nout = [A[int] == ('A', int), A['x', 1]]\nA().f()",
    "mro error": "class A: pass\nclass B(A): pass\nclass C(A, B): pass",
    "delattr and del items": "class K: pass\nk = K()\nk.a = k.b = 1\ndel k.a, k.b\nxs = [0, 1, 2, 3, 4]\ndel xs[0], xs[-1]\nd = {'a': 1, 'b': 2}\ndel d['a']\ndel (xs[0])\nout = [vars(k), xs, d]\ndel k.a",
    "finalisers do not matter": "class K:\n    def __init__(s): s.x = 1\nk = K()\ndel k\nout = 1",
}

FUNCTIONS = {
    "parameters": "def f(a, b=2, /, c=3, *d, e, g=7, **h): return (a, b, c, d, e, g, h)\nout = [f(1, e=5), f(1, 2, 3, 4, 5, e=6, z=8), f(*[1, 2], *(3,), **{'e': 4}, **dict(y=5)), f(1, e=1, a=9)]",
    "wrong calls": "def f(a, b, *, c): pass\nout = []\nfor args, kw in [((), {}), ((1,), {}), ((1, 2, 3), {'c': 1}), ((1, 2), {}), ((1, 2), {'c': 1, 'd': 2}), ((1, 2), {'a': 1, 'c': 1})]:\n    try: f(*args, **kw)\n    except TypeError as e: out.append(str(e))\ntry: f(**{'a': 1}, **{'a': 2})\nexcept TypeError as e: out.append('double')\ntry: f(*5)\nexcept TypeError as e: out.append('star')\ntry: f(**5)\nexcept TypeError as e: out.append('mapping')",
    "defaults": "def f(x, seen=[]): seen.append(x); return list(seen)\nn = 1\ndef g(a=n, b=lambda: n): return a, b()\nn = 2\nout = [f(1), f(2), f(3, []), g(), f.__defaults__, (lambda x=n, *, y=n + 1: (x, y))(), (lambda *a, **k: (a, k))(1, b=2)]",
    "closures": "def counter():\n    n = 0\n    def up(by=1):\n        nonlocal n\n        n += by\n        return n\n    def get(): return n\n    return up, get\nup, get = counter()\nup(); up(5)\nout = [get(), [f() for f in [lambda i=i: i for i in range(3)]], [f() for f in [lambda: i for i in range(3)]]]",
    "nonlocal deep": "def a():\n    x = 1\n    def b():\n        def c():\n            nonlocal x\n            x += 1\n            return x\n        return c\n    return b()() + x\nout = a()",
    "global": "n = 0\ndef f():\n    global n, m\n    n += 1\n    m = n * 2\nf(); f()\nout = (n, m)\ndef g():\n    global out2\n    def h():\n        global out2\n        out2 = 3\n    h()\ng()",
    "unbound": "def f():\n    if 0: x = 1\n    return x\ntry: f()\nexcept UnboundLocalError as e: out = str(e)\ndef g():\n    def h(): return y\n    try: h()\n    except NameError as e: return str(e)\n    y = 1\nout2 = g()",
    "recursion": "def fib(n, memo={}):\n    if n not in memo: memo[n] = n if n < 2 else fib(n - 1) + fib(n - 2)\n    return memo[n]\ndef ack(m, n): return n + 1 if m == 0 else ack(m - 1, 1 if n == 0 else ack(m, n - 1))\nout = [fib(60), ack(2, 3)]",
    "decorators": "log = []\ndef deco(tag):\n    log.append('make ' + tag)\n    def wrap(f):\n        log.append('wrap ' + tag)\n        def inner(*a, **k): log.append('call ' + tag); return f(*a, **k)\n        inner.tag = tag\n        return inner\n    return wrap\n@deco('a')\n@deco('b')\ndef f(x): return x\nout = [f(1), f.tag, log]",
    "function attributes": "def f(a: int, *b: 'x', c: list[int] = None) -> str:\n    'doc'\n    return a\nf.x = 1\nf.x += 1\nf.__name__ = 'g'\nf.__doc__ += '!'\nout = [f.x, f.__name__, f.__doc__, sorted(f.__annotations__), f.__defaults__, f.__kwdefaults__, f.__dict__, f.__qualname__, f.__module__]\nf.__kwdefaults__ = {'c': 5}",
    "returning": "def a(): pass\ndef b(): return\ndef c(): return 1, *[2, 3]\ndef d(): return (yield)\nout = [a(), b(), c()]",
    "lambdas": "f = lambda a, /, b=2, *c, d, **e: (a, b, c, d, e)\nout = [f(1, d=3), (lambda: (lambda x: x * 2))()(4), sorted([3, 1], key=lambda x: -x), (lambda x: (y := x + 1, y * 2))(1), (lambda: [z for z in range(2)])(), (lambda x: x and 0 or 'empty')(1), (lambda: None)(), (lambda: False)()]",
    "augmented targets of a class body that is entered again": "class Box:\n    def __init__(s, n): s.v = n; s.d = {0: n}\ndef run(n, boxes):\n    class K:\n        boxes[n].v += (run(n - 1, boxes), 10)[1] if n else 1\n        boxes[n].d[n - n] += (run(n - 1, boxes), 100)[1] if n else 1\n        boxes[n].v **= 2\nb = [Box(1), Box(2), Box(3)]\nrun(2, b)\nl = [1, 2, 3]\nl[0:2] += [9]\nl[-1] *= 2\nx = {('a', 1): 5}\nx['a', 1] **= 2\nclass P: _Q__v = 1\np = P()\nclass Q: p.__v += 1\nerrors = []\nfor line in ['p.no += 1', 'x[3] += 1', 'len.x += 1', 'p._Q__v += []', '(1).real += 1', 'l[5] += 1', 'l[0] += p']:\n    try: exec(line)\n    except Exception as e: errors.append((type(e), str(e)))\nout = [(q.v, q.d) for q in b], l, x, p._Q__v, errors",
    "in-place operators are asked first": "class A:\n    pass\nfor n in 'add sub mul truediv floordiv mod pow and or xor lshift rshift'.split():\n    setattr(A, f'__{n}__', lambda s, o, n=n: (n, o))\n    setattr(A, f'__i{n}__', lambda s, o, n=n: ('i' + n, o))\ndef f(x, y):\n    a = b = c = d = e = g = h = i = j = k = l = m = x\n    a += y; b -= y; c *= y; d /= y; e //= y; g %= y; h **= y; i &= y; j |= y; k ^= y; l <<= y; m >>= y\n    return a, b, c, d, e, g, h, i, j, k, l, m\ndef g(x):\n    a = b = c = x\n    for _ in '1':\n        a += 1.5; b -= 2.0 * 3; c **= 2\n    return a, b, c\nclass B: pass\ndef h(o, y):\n    o.v = A(); o.v += y; o.w = [A()]; o.w[0] *= y\n    return o.v, o.w\nout = [f(A(), 1.5), f(A(), 2), f(A(), 's'), g(A()), h(B(), 2.5)]",
    "operands rebound on the way": "def a(x): return x + (x := 5)\ndef b(x): return x - [x := 5 for _ in [1]][0]\ndef c(x):\n    x[(x := [7, 8])[0] - 7] = 1\n    return x\ndef d(x): return x[(x := 0)]\ndef e(s): return s[1:(s := 'abcdef') and 2]\ndef f(i, s): return s[i:(i := 2)]\ndef g(x): return x < (x := 3), x in (x := [1])\ndef h(x): return x % (x := 2)\ndef i(x):\n    x += (x := 2)\n    return x\ndef j(x, i):\n    x[i] += (i := 1)\n    return x\ndef k(x):\n    x[0] += (x := [5])[0]\n    return x\ndef l(x): return [x, (x := 3), x + (x := 4)]\ndef m(x): return [x + (x := i) for i in range(3)], x\ndef n(x): return list(x + (x := i) for i in range(3)), x\ndef o(x, y): return x * y + (x := 2) * (y := 3) - x * y\ndef p(x): return (lambda x: x - (x := 4))(x), f'{x + 1}{x + (x := 3)}{x}'\ndef q(x):\n    if x + (x := 5) < 9: return x\n    while x - (x := 1) > 3: pass\n    return x\nout = [a(1), a(1.5), b(2), c([1, 2]), d([6, 5]), e('xyz'), f(0, 'xyz'), g(1), h(5), i(5), j([1, 2], 0), k([1]), l(1), m(9), n(9), o(3, 4), o(3.0, 4.5), p(9), q(2), q(7)]",
    "evaluation order of calls": "log = []\ndef v(x): log.append(x); return x\ndef f(*a, **k): return a, k\nv(f)(v(1), *v([2]), k=v(3), **v({'z': 4}))\n{v('k'): v('v'), **v({}), v('k2'): v('v2')}\n[v(5), *v([6]), v(7)]\nv([0])[v(0)] = v(8)\nv({}).setdefault(v('s'), v(9))\nv(1) if v(0) else v(2)\nv(1) < v(2) < v(0) < v(9)\nv(0) or v(5) and v(6)\nclass K: pass\nv(K).x = v(1)\nlen(log)",
    "augmented assignment evaluates once": "log = []\nclass Box:\n    def __init__(s, n): s.n = n; s.v = 1; s.d = {}\n    def __getattribute__(s, k):\n        if k in ('v', 'd'): log.append('get ' + k)\n        return object.__getattribute__(s, k)\n    def __setattr__(s, k, v):\n        log.append('set ' + k)\n        object.__setattr__(s, k, v)\n"
    "    def __getitem__(s, k): log.append(('getitem', k)); return 10\n    def __setitem__(s, k, v): log.append(('setitem', k, v))\ndef box(n): log.append('box'); return boxes[n]\ndef key(k): log.append('key'); return k\ndef val(v): log.append('val'); return v\nboxes = [Box(0)]\nlog.clear()\n"
    "box(0).v += val(2)\nbox(0)[key(1)] *= val(3)\nbox(0)[key(1):key(2), key(3)] -= val(1)\nbox(0).d[key('a')] = val(1)\nbox(0).d[key('a')] |= val(6)\nbox(0)['lit'] **= val(2)\nx = [1]\ny = x\nx += val([2])\nt = ([],)\ntry: t[0] += [1]\nexcept TypeError: log.append('tuple')\nout = [x is y, t]",
    "augmented assignment of each kind": "a = 7\na += 1; a -= 2; a *= 3; a //= 2; a **= 2; a %= 50; a <<= 3; a >>= 1; a |= 1; a &= 0xff; a ^= 5\nb = 9\nb /= 2\ns = 'a'\ns += 'b'; s *= 2\ns %= ()\nxs = [1]; xs += 'ab'; xs *= 2\nd = {1: 2}; d |= {3: 4}\nst = {1}; st |= {2}; st -= {1}; st ^= {5}; st &= {5, 2}\nclass K: n = 1\nK.n += 1\ndef f():\n    x = 1\n    x += 1\n    return x\nout = [a, b, f()]",
}

GENERATORS = {
    "basics": "def g(n):\n    for i in range(n):\n        yield i\n    return 'end'\nit = g(2)\nout = [next(it), next(it)]\ntry: next(it)\nexcept StopIteration as e: out.append(e.value)\nout += [next(it, 'over'), list(g(3)), sum(g(4)), *g(2), max(x * 2 for x in g(3)), iter(it) is it]",
    "send throw close": "log = []\ndef g():\n    try:\n        got = yield 'first'\n        while got != 'stop':\n            try: got = yield ('got', got)\n            except ValueError as e: got = yield ('caught', str(e))\n    except GeneratorExit: log.append('exit'); raise\n    finally: log.append('finally')\n"
    "it = g()\nout = [next(it), it.send(1), it.send(2), it.throw(ValueError('v')), it.send(3)]\nit.close()\nit2 = g()\nnext(it2)\ntry: it2.send('stop')\nexcept StopIteration: out.append('stopped')\nit3 = g()\ntry: it3.throw(KeyError('k'))\nexcept KeyError as e: out.append(str(e))\ntry: g().send(1)\nexcept TypeError as e: out.append(str(e))\nit.close()\nout.append(next(it, None))",
    "yield from": "def inner():\n    x = yield 1\n    y = yield x\n    return (x, y)\ndef outer():\n    r = yield from inner()\n    yield r\n    r2 = yield from [10, 20]\n    yield r2\n    yield from range(2)\n    yield from 'ab'\n    yield from {'k': 1}\nit = outer()\nout = [next(it), it.send('a'), it.send('b'), *it]\ndef t():\n    try: yield from inner()\n    except ValueError as e: yield 'caught ' + str(e)\nit = t()\nnext(it)\nout.append(it.throw(ValueError('v')))",
    "generator raising StopIteration": "def g():\n    yield 1\n    raise StopIteration('x')\ntry: list(g())\nexcept RuntimeError as e: out = [str(e), type(e.__cause__).__name__]",
    "re-entrance": "def g():\n    yield next(it)\nit = g()\ntry: next(it)\nexcept ValueError as e: out = str(e)",
    "finally and return": "log = []\ndef g():\n    try:\n        yield 1\n        return 'r'\n    finally: log.append('f')\ndef h():\n    log.append((yield from g()))\n    yield 2\nout = list(h())",
    "generator expressions are lazy": "log = []\ndef v(x): log.append(x); return x\ng = (v(i) * 2 for i in (v(x) for x in [1, 2, 3]) if v(i) > 1)\nlog.append('made')\nout = [next(g), log[:]]\nxs = [1, 2]\ng = (x for x in xs)\nxs.append(3)\nout.append(list(g))",
    "infinite": "def nat():\n    n = 0\n    while True:\n        yield n\n        n += 1\ndef take(n, it): return [x for _, x in zip(range(n), it)]\nsieve = lambda it: (x for x in it if x % 3)\nout = take(5, sieve(nat()))",
    "pipelines": "def read(): yield from ['a=1', 'b=2', '', 'c']\ndef parse(lines):\n    for line in lines:\n        if not line: continue\n        key, sep, value = line.partition('=')\n        yield key, value if sep else None\nout = dict(parse(read()))",
    "async by hand": "log = []\nclass Wait:\n    def __init__(s, n): s.n = n\n    def __await__(s):\n        got = yield s.n\n        return got\nasync def one(n):\n    x = await Wait(n)\n    log.append(x)\n    return x * 2\nasync def main():\n    a = await one(1)\n    b = await one(2)\n    try: await Wait('boom')\n    except ValueError as e: log.append(str(e))\n    return a + b\n"
    "c = main()\nout = [c.send(None), c.send(10), c.send(20), ]\ntry: c.throw(ValueError('v'))\nexcept StopIteration as e: out.append(e.value)",
    "async for and with": "log = []\nclass It:\n    def __init__(s, n): s.n = n\n    def __aiter__(s): return s\n    async def __anext__(s):\n        if s.n == 0: raise StopAsyncIteration\n        s.n -= 1\n        return s.n\nclass Cm:\n    async def __aenter__(s): log.append('in'); return 5\n    async def __aexit__(s, *a): log.append(('out', a[0] and a[0].__name__)); return True\n"
    "async def gen():\n    for i in range(3): yield i\nasync def main():\n    out = []\n    async for x in It(2): out.append(x)\n    else: out.append('else')\n    async with Cm() as v: out.append(v); raise ValueError\n    out.append([y async for y in gen() if y])\n    out.append({k: 1 async for k in It(2)})\n    out += [z async for z in gen()]\n    async for a, *b in ab(): out.append((a, b))\n    return out\n"
    "async def ab():\n    yield (1, 2, 3)\ntry: main().send(None)\nexcept StopIteration as e: out = e.value",
    "async generator by hand": "async def g():\n    try:\n        got = yield 1\n        yield got\n    finally: log.append('fin')\nlog = []\ndef run(aw):\n    try: aw.__await__().send(None)\n    except StopIteration as e: return e.value\n    except StopAsyncIteration: return 'over'\na = g()\nout = [run(a.__anext__()), run(a.asend('x')), run(a.aclose()), run(a.__anext__())]",
    "coroutine never awaited is closed": "async def f(): pass\nc = f()\nc.close()\nout = type(c).__name__",
}

COMPREHENSIONS = {
    "kinds": "out = [[x * y for x in range(3) for y in range(x)], {x % 3 for x in range(9)}, {k: v for k, v in zip('ab', [1, 2])}, list(x for x in 'ab' if x != 'a'), [x for x in range(20) if x % 2 if x % 3], [[j for j in range(i)] for i in range(3)]]",
    "scope": "x = 'outer'\ny = [x for x in range(3)]\ndef f():\n    z = 5\n    return [z + w for w in range(2)], [(lambda: z + q)() for q in range(2)]\nout = [x, y, f()]",
    "first iterable in class scope": "class K:\n    xs = [1, 2]\n    ys = [x * 2 for x in xs]\n    zs = list(x for x in xs)\n    d = {x: x for x in xs}\nout = [K.ys, K.zs, K.d]",
    "targets": "out = [[a + b for a, b in [(1, 2), (3, 4)]], [(a, b) for a, *b in ['abc', 'de']], [(a, b, c) for a, (b, c) in [(1, (2, 3))]], [h for h, *_, t in ['abcd']], {a: b for a, *b in [(1, 2, 3)]}]",
    "attribute and item targets": "class K: pass\nk = K()\nd = {}\n[0 for k.x in range(3)]\n[0 for d['i'] in range(4)]\nfor k.y, d['j'] in [(1, 2)]: pass\nout = [vars(k), d]",
    "walrus": "out = [y for x in range(6) if (y := x * x) > 5]\nlast = y\ndef f():\n    [z := i for i in range(3)]\n    return z\nn = f()\nwhile (m := len(out)) < 6: out.append(m)\nif (q := 5) > 3: r = q\nprint(s := 7, s)\nxs = [t := 1, t + 1, (u := t + 5)]\nv = xs[(w := 0)]",
    "evaluation order": "log = []\ndef v(x): log.append(x); return x\n{v(k): v(k + 10) for k in v([1, 2]) if v(k)}\n[v((a, b)) for a in v([1]) for b in v([2])]\nout = log",
    "errors inside": "def f():\n    return [1 // (x - 1) for x in range(3)]\nf()",
    "nested with shadowing": "x = 1\nout = [[x for x in range(x)] for x in range(3)]\ndef f(x): return [x for x in range(x) if (lambda x: x)(x)]\nout2 = f(4)",
    "large": "out = [len([i for i in range(5000)]), len({i for i in range(5000)}), sum(i for i in range(5000)), len({i: i for i in range(5000)})]",
}

PATTERNS = "def m(x):\n    match x:\n        {}\n        case _: return 'none'\n"


def matches(*cases: str, subjects: str) -> str:
    body = "\n        ".join(f"case {c}" for c in cases)
    return (
        "class P:\n    __match_args__ = ('x', 'y')\n    def __init__(s, x, y): s.x = x; s.y = y\n"
        "class Q(P): pass\nclass C: RED = 1; BLUE = 'b'\n"
        "class Seq(list): pass\nclass D(dict):\n    def __missing__(s, k): return 'made'\n"
        + PATTERNS.format(body)
        + f"out = [m(x) for x in {subjects}]"
    )


MATCH = {
    "literals": matches(
        "1: return 'one'",
        "-1.5: return 'neg'",
        "'a' 'b': return 'ab'",
        "None: return 'no'",
        "True: return 'yes'",
        "1+2j: return 'c'",
        "b'x': return 'bytes'",
        subjects="[1, 1.0, True, -1.5, 'ab', None, False, 0, 1+2j, b'x', 'x']",
    ),
    "captures": matches(
        "[a]: return ('one', a)",
        "x if x == 5: return ('five', x)",
        "y: return ('any', y)",
        subjects="[[1], 5, 6, 'a', []]",
    ).replace("        case _: return 'none'\n", ""),
    "sequences": matches(
        "[]: return 'empty'",
        "[1, 2]: return 'pair'",
        "(1, *rest): return rest",
        "[*init, 9]: return init",
        "[a, [b, *c], d]: return (a, b, c, d)",
        "[_, _, *_]: return 'many'",
        subjects="[[], (1, 2), [1, 3, 4], [3, 9], [0, [5, 6], 7], [5, 5], 'ab', b'ab', {1: 2}, Seq([1, 2]), range(1, 3), 5, {1, 2}, (x for x in [1, 2]), bytearray(b'ab')]",
    ),
    "mappings": matches(
        "{'k': 1}: return 'k1'",
        "{'k': v, 'j': [w]}: return (v, w)",
        "{'k': v, **rest}: return (v, rest)",
        "{1: _, None: x}: return x",
        "{C.BLUE: z}: return z",
        "{}: return 'map'",
        subjects="[{'k': 1}, {'k': 2, 'j': [3]}, {'k': 4, 'a': 5}, {1: 0, None: 'n'}, {'b': 6}, {}, {'z': 1}, [], D(), D(k=9)]",
    ),
    "classes": matches(
        "P(1, 2): return '12'",
        "P(x=a, y=0): return ('y0', a)",
        "Q(a, b): return ('Q', a, b)",
        "P(x, y) if x == y: return 'same'",
        "P(): return 'P'",
        "int(n): return ('int', n)",
        "str() as s: return ('str', s)",
        "list([a, b]): return (a, b)",
        "float(): return 'float'",
        "dict(d): return d",
        "bool(b): return b",
        subjects="[P(1, 2), P(5, 0), Q(3, 4), P(7, 7), P(8, 9), 5, 'a', [1, 2], 1.5, {'a': 1}, True, None, tuple()]",
    ),
    "or": matches(
        "1 | 2 | 3: return 'low'",
        "'a' | ['a']: return 'a'",
        "[x, 1] | [1, x]: return x",
        "None | (): return 'nil'",
        "(P(x=1) | P(y=1)) as p: return (p.x, p.y)",
        subjects="[2, 'a', ['a'], [5, 1], [1, 6], None, (), P(1, 0), P(0, 1), P(0, 0)]",
    ),
    "values": matches("C.RED: return 'red'", "C.BLUE: return 'blue'", subjects="[1, 'b', C, 0]"),
    "as": matches(
        "[1 as a, (2 | 3) as b] as c: return (a, b, c)",
        "{'k': [*_] as v} as w: return (v, w)",
        subjects="[[1, 3], {'k': [1]}, [1, 4]]",
    ),
    "guards": matches(
        "[x, y] if (z := x + y) > 5: return z",
        "[x, _] if x: return ('x', x)",
        "int(x) if x % 2: return 'odd'",
        subjects="[[3, 4], [1, 2], [0, 0], 3, 4]",
    ),
    "order and binding": "log = []\nclass V:\n    def __init__(s, n): s.n = n\n    def __eq__(s, o): log.append((s.n, o)); return False\nclass N: a = V('a'); b = V('b')\nx = 'before'\nmatch 5:\n    case N.a: pass\n    case N.b | 6: pass\n    case x if x > 9: pass\nout = [x, log]\nmatch [1, 2]:\n    case [p, 3]: pass\n    case [p, q]: pass\nout += [p, q]",
    "match args errors": "class A:\n    __match_args__ = ['x']\nclass B:\n    __match_args__ = (1,)\nclass E: pass\nout = []\ndef t(f):\n    try: f()\n    except TypeError as e: out.append(str(e))\ndef a():\n    match A():\n        case A(1): pass\ndef b():\n    match B():\n        case B(1): pass\ndef c():\n    match E():\n        case E(1): pass\ndef d():\n    match 1:\n        case len(x): pass\ndef g():\n    match 5:\n        case int(1, 2): pass\nfor f in (a, b, c, d, g): t(f)",
    "missing attributes": "class A:\n    __match_args__ = ('x',)\nmatch A():\n    case A(1): out = 1\n    case A(x=1): out = 2\n    case object(y=1): out = 3\n    case A(): out = 4",
    "nothing matches": "match 5:\n    case 6: pass\nout = 1",
    "subject is evaluated once": "log = []\ndef f(): log.append(1); return [1, 2]\nmatch f():\n    case [1]: pass\n    case [2, _]: pass\n    case [a, b]: out = (a, b, log)",
    "in a loop with continue": "out = []\nfor x in [1, 'a', None, [2]]:\n    match x:\n        case int(): continue\n        case None: break\n        case y: out.append(y)",
    "tuple subject": "def f(a, b):\n    match a, b:\n        case 0, _: return 'a0'\n        case _, 0: return 'b0'\n        case x, y: return x + y\nout = [f(0, 1), f(1, 0), f(2, 3)]",
    "soft keywords are names": "match = 1\ncase = 2\n_ = 3\nmatch[0] if 0 else 0\nout = match + case + _\ndef type(x): return x\nout2 = type(5)",
}

ERRORS = {
    "try else finally": "log = []\ndef f(x):\n    try:\n        log.append('try')\n        if x: raise x\n    except KeyError as e: log.append(('key', str(e)))\n    except (ValueError, TypeError) as e: log.append(type(e).__name__)\n    except: log.append('bare')\n    else: log.append('else')\n    finally: log.append('finally')\nfor x in [None, KeyError('k'), TypeError, OSError(), SystemExit]: f(x)",
    "finally control flow": "def a():\n    try: return 'try'\n    finally: return 'finally'\ndef b():\n    for i in range(3):\n        try:\n            if i == 1: continue\n            if i == 2: break\n        finally: log.append(i)\n    return i\ndef c():\n    try: 1 / 0\n    finally: return 'eaten'\ndef d():\n    while True:\n        try: return 1\n        finally: break\n    return 2\nlog = []\nout = [a(), b(), c(), d()]",
    "names are unbound": "try: 1 / 0\nexcept ZeroDivisionError as e: x = e\ntry: e\nexcept NameError as n: out = str(n)\nout2 = type(x).__name__",
    "chaining": "def show(e): return [type(e).__name__, type(e.__cause__).__name__, type(e.__context__).__name__, e.__suppress_context__]\nout = []\ntry:\n    try: 1 / 0\n    except ZeroDivisionError as e: raise KeyError('k') from e\nexcept KeyError as e: out.append(show(e))\ntry:\n    try: 1 / 0\n    except ZeroDivisionError: raise KeyError('k')\nexcept KeyError as e: out.append(show(e))\n"
    "try:\n    try: 1 / 0\n    except ZeroDivisionError: raise KeyError('k') from None\nexcept KeyError as e: out.append(show(e))\ntry:\n    try: 1 / 0\n    finally: [][1]\nexcept IndexError as e: out.append(show(e))\ntry: raise ValueError from TypeError('c')\nexcept ValueError as e: out.append(show(e))\ntry: raise ValueError from 5\nexcept TypeError as e: out.append(str(e))",
    "reraise": "log = []\ntry:\n    try: [][0]\n    except IndexError:\n        log.append(1)\n        raise\nexcept IndexError as e: log.append(str(e))\ntry: raise\nexcept RuntimeError as e: log.append(str(e))\ndef f():\n    try: 1 / 0\n    except Exception as e:\n        try: int('x')\n        except ValueError: pass\n        raise\ntry: f()\nexcept ZeroDivisionError: log.append('right one')",
    "own exceptions": "class Base(Exception):\n    code = 0\n    def __init__(self, msg, **info): super().__init__(msg); self.info = info\n    def __str__(self): return f'{self.code}:{self.args[0]}:{self.info}'\nclass A(Base): code = 1\nclass B(Base, KeyError): code = 2\nout = []\nfor k in (A, B):\n    try: raise k('m', x=1)\n    except LookupError as e: out.append(('lookup', str(e), e.args))\n    except Base as e: out.append(('base', str(e), repr(e)))\nraise A('last', y=2)",
    "except star": "out = []\ndef f(g):\n    try: raise g\n    except* ValueError as e: out.append(('v', [str(x) for x in e.exceptions]))\n    except* (TypeError, KeyError) as e: out.append(('t', len(e.exceptions)))\n    else: out.append('else')\n    finally: out.append('finally')\nf(ExceptionGroup('g', [ValueError(1), ValueError(2), KeyError(3)]))\nf(ValueError('naked'))\ntry: f(ExceptionGroup('h', [OSError(1), ValueError(2)]))\nexcept ExceptionGroup as e: out.append([type(x).__name__ for x in e.exceptions])\n"
    "g = ExceptionGroup('a', [ExceptionGroup('b', [ValueError(1)]), TypeError(2)])\nout += [g.message, str(g), repr(g), [type(x).__name__ for x in g.split(ValueError)], g.subgroup(lambda e: isinstance(e, TypeError)).exceptions[0].args]",
    "except star reraises": "try:\n    try: raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\n    except* ValueError: raise KeyError('new')\nexcept ExceptionGroup as e: out = sorted(type(x).__name__ for x in e.exceptions)",
    "notes": "e = ValueError('x')\ne.add_note('n1')\ne.add_note('n2')\nout = e.__notes__",
    "attributes of errors": "out = []\nfor s in ['1 / 0', '[][1]', '{}[\"k\"]', 'int(\"x\")', 'None.x', 'undefined', '\"a\" + 1', 'len(5)', '(1, 2)[3]', '\"\".join([1])', 'f(1, 2, 3)', '[].pop()', '{1}.remove(2)', 'next(iter([]))', 'chr(-1)', '\"abc\".index(\"z\")', '1 < \"a\"', 'for_', 'x.y.z', '[1, 2] > [1, \"a\"]', 'float(\"x\")', 'abs(\"a\")', 'sum([\"a\"])', 'max([])', 'ord(\"ab\")', 'int(\"1\", 99)', 'range(1, 2, 0)', '\"%d\" % \"a\"', '\"{\".format()', '\"{0}\".format()', '\"{a}\".format()', 'isinstance(1, 5)', 'type(\"a\", 1, 2)', 'object().x', 'bytes([300])', '\"é\".encode(\"ascii\")', 'b\"\\xff\".decode()', 'round(\"a\")', 'divmod(1, 0)', '2 ** -1 // 0', 'complex(\"x\")', 'sorted([1, \"a\"])', 'set([[]])', '{[]: 1}', 'hash([])', '(lambda: 1)(2)', 'dict([1])', 'zip(1)', 'iter(5)', 'reversed(5)', 'enumerate(5)', 'map(1)', 'list(5)', 'tuple(5)', 'getattr(1, \"x\")', 'getattr(1, 2)', 'setattr(1, \"x\", 2)', '\"a\" * \"b\"', '[1] * 1.5', '-\"a\"', '~1.5', '1 @ 2', 'not_there()', '\"abc\"[5]', '1 in 5', '\"a\" in 5', '1 in \"a\"', 'slice()', 'print(sep=1)', 'pow(2, -1, 4)', '1 << -1', 'bytes(-1)', '\"a\".center()', '\"a\".zfill(\"x\")', 'int.from_bytes(5, \"big\")', '{}.popitem()', '[1].index(2)', 'str(1, 2)', 'f\"{1:x>}\"', 'f\"{1:q}\"', 'format(1, 2)', '\"%s\" % (1, 2)', '\"%(a)s\" % 1', 'memoryview(5)', 'frozenset(5)', 'super().x', 'type.mro()', 'vars(5)', 'open']:\n"
    "    try: r = eval(s)\n    except Exception as e: out.append((s, type(e).__name__, str(e)))\n    else: out.append((s, 'fine'))",
    "unpacking errors": "out = []\nfor s in ['a, b = 1', 'a, b = [1]', 'a, b = 1, 2, 3', 'a, *b, c = [1]', '(a, b), c = 1, 2', 'a, b = {1: 2}', 'a, b = \"x\"', '[a, b] = iter([1, 2, 3])', 'for a, b in [1]: pass', 'a, b = None', '*a, = 5', 'f(*None)', '[*5]', '{**5}', '{*5}']:\n    try: exec(s)\n    except Exception as e: out.append((s, type(e).__name__, str(e)))",
    "recursion error": "def f(n): return f(n + 1)\ndef g(n): return n and g(n - 1)\nout = g(200)",
    "assert": "assert 1\nassert (1, 2)\ntry: assert 0, [1, 2]\nexcept AssertionError as e: out = e.args\ndef f(x):\n    assert x > 0, f'{x} is not positive'\n    return x\nf(1)\nf(-1)",
    "raise of what is no exception": "out = []\nfor x in [5, 'a', int, None, object()]:\n    try: raise x\n    except TypeError as e: out.append(str(e))\ntry:\n    try: 1 / 0\n    except 5: pass\nexcept TypeError as e: out.append(str(e))\ntry:\n    try: 1 / 0\n    except (KeyError, 'x'): pass\nexcept TypeError as e: out.append(str(e))",
    "exceptions in odd places": "class K:\n    def __bool__(s): raise ValueError('bool')\n    def __len__(s): raise ValueError('len')\n    def __iter__(s): raise ValueError('iter')\n    def __hash__(s): raise ValueError('hash')\n    def __eq__(s, o): raise ValueError('eq')\n    def __contains__(s, o): raise ValueError('contains')\n    def __repr__(s): raise ValueError('repr')\n    def __getitem__(s, i): raise ValueError('item')\n    def __call__(s): raise ValueError('call')\n    def __enter__(s): raise ValueError('enter')\n    def __exit__(s, *a): pass\n    def __format__(s, f): raise ValueError('format')\n    def __add__(s, o): raise ValueError('add')\nk = K()\nout = []\nfor s in ['not k', 'len(k)', 'list(k)', '{k}', '{k: 1}', 'k == 1', '1 in k', 'repr(k)', 'k[0]', 'k()', 'f\"{k}\"', 'k + 1', 'a, b = k', '[*k]', 'print(k)', 'str(k)', 'if k: pass', 'while k: pass', 'k and 1', '1 if k else 2', 'sorted(k)', 'k in [1]', '[1].index(k)', 'with k: pass', 'dict(k)', 'max(k)', '\"%s\" % k', 'hash((k,))', 'k[0] = 1']:\n    try: exec(s)\n    except Exception as e: out.append((s, type(e).__name__, str(e)))",
    "traceback attribute": "def f(): 1 / 0\ntry: f()\nexcept ZeroDivisionError as e:\n    tb = e.__traceback__\n    out = [tb.tb_lineno, tb.tb_next.tb_lineno, tb.tb_next.tb_next]\n    e2 = e.with_traceback(None)\n    out += [e2 is e, e.__traceback__]",
}

STATEMENTS = {
    "while begun anew from deep inside": "def handler(n):\n    out = []\n    while n > 0:\n        n -= 1\n        try: [][n]\n"
    "        except IndexError:\n            out.append(n)\n            continue\n        out.append('not here')\n    return out\n"
    "def case(n):\n    out = []\n    while n > 0:\n        n -= 1\n        match n:\n            case 1 | 0: continue\n            case x: out.append(x)\n    return out\n"
    "def other(n):\n    out = []\n    while n > 0:\n        n -= 1\n        if n == 2: pass\n        else:\n            for x in 'a':\n                break\n            else: continue\n            continue\n        out.append(n)\n    return out\n"
    "def last(n):\n    out = []\n    while n > 0:\n        n -= 1\n        try: pass\n        finally:\n            if n != 1: continue\n        out.append(n)\n    return out\n"
    "out = [handler(3), case(4), other(4), last(4)]",
    "loops": "out = []\nfor i in range(5):\n    if i == 1: continue\n    if i == 4: break\n    out.append(i)\nelse: out.append('no')\nfor c in 'ab': out.append(c)\nelse: out.append('else')\nn = 3\nwhile n:\n    n -= 1\n    if n == 1: continue\n    out.append(n)\nelse: out.append('while else')\nwhile True:\n    break\nelse: out.append('never')\nfor i in []: pass\nfor a, (b, *c) in [(1, (2, 3, 4))]: out.append((a, b, c))\nfor out2 in range(2): pass",
    "changing while looping": "xs = [1, 2, 3]\nout = []\nfor x in xs:\n    out.append(x)\n    if x < 3 and len(xs) < 6: xs.append(x + 10)\nd = {1: 1}\ntry:\n    for k in d: d[k + 1] = 1\nexcept RuntimeError as e: out.append(str(e))\ns = {1}\ntry:\n    for k in s: s.add(k + 1)\nexcept RuntimeError as e: out.append(str(e))",
    "unpacking": "a, b = 1, 2\na, b = b, a\n(c, [d, e]), f = (1, [2, 3]), 4\n*g, h = 'abc'\ni, *j = [1]\n[k, *l, m] = range(5)\nn = o = p = [0]\nq, r = s = 1, 2\n(t,) = 'x'\nu, (v, *w), *x = 1, 'abc', 4, 5\ny, = {5}\nz = *[1, 2], 3\n(*aa,) = ()\nab, ac, *ad = {'a': 1, 'b': 2, 'c': 3}\nae, (af, (ag, *ah)) = *[1], (2, (3, 4, 5))",
    "unpacking to targets": "class K: pass\nk = K()\nd = {}\nxs = [0, 0, 0]\nk.a, d['b'], xs[0], *xs[1:] = 1, 2, 3, 4, 5\n(k.c, *k.d), d['e'] = 'xyz', 6\n[k.f, *d['g']], *h = [[1, 2, 3], 4, 5]\nfor k.i, d['j'] in [(1, 2)]: pass\nwith_ = [vars(k), d, xs]",
    "order of binding": "log = []\nclass K:\n    def __setattr__(s, n, v): log.append((n, v))\n    def __setitem__(s, n, v): log.append((n, v))\nk = K()\nk.a, k.b = k.c, (k.d, [k.e, k[0]]) = 1, [2, 'xy']\nk.a, (k.b, *k.c), k.d, *k.e = 1, 'xyz', 3, 4, 5\n(k.f, *k.g), k[1] = k.h = [1, 2], 3\nfor k.i, (*k.j, k.k), k.l in [(1, [2, 3], 4)]: pass\n[0 for k.m, (*k.n, k.o), k.p in [(1, [2, 3], 4)]]\ntry: k.q, (k.r, *k.s), k.t = 1, [], 3\nexcept ValueError as e: log.append(str(e))\ndef f(): log.append('f'); return k\ndef g(): log.append('g'); return 0\nf()[g()], *f().u = f()[g()], (f().v, *f().w) = [1, (2, 3)] if not log.append('value') else 0",
    "star expressions": "xs = [1, 2]\nd = {'a': 1}\nout = [[*xs, *xs], (*xs, 3), {*xs, 3}, {**d, 'b': 2, **{'a': 9}}, [*'ab', *range(2)], *xs, [*xs][0], (*d,), {**{}}]\ndef f(*a, **k): return a, k\nout.append(f(*xs, *'c', **d, z=1))\nout2 = xs[0], *xs\nx = [0] * 3\nx[1:2] = *xs, 5\nprint(*xs, *'ab', sep='-')\ndef g(): return *xs, 1\ndef h():\n    yield *xs, 2\nout3 = g(), list(h())\nfor y in *xs, 9: out.append(y)\nt = {}\nt[1, *xs] = 5",
    "slices": "xs = list(range(10))\nout = [xs[2:5], xs[::-1], xs[-3:], xs[:-7:2], xs[5:2:-1], 'hello'[1:-1], (1, 2, 3)[::2], b'abc'[1:], xs[slice(1, 3)]]\nys = xs[:]\nys[2:5] = 'ab'\nys[::4] = [0, 0, 0]\ndel ys[-2:]\nys[1:1] = range(3)\nout.append(ys)\nclass K:\n    def __getitem__(s, i): return i\n    def __setitem__(s, i, v): out.append((repr(i), v))\n    def __delitem__(s, i): out.append(('del', repr(i)))\nk = K()\nout += list(map(repr, [k[1:2], k[1:2, ::3], k[...], k[()], k[1,], k[:], k[(a := 5)], k['a':'b']]))\nk[1:2] = 3\nk[1, 2] = 4\ndel k[::2], k[1:2, 3]\nprint(*out)",
    "chained comparison": "log = []\ndef v(x): log.append(x); return x\nout = [v(1) < v(2) < v(3), v(1) < v(0) < v(5), v(1) == v(1.0) != v(2) > v(0), 1 < 2 in [2] is not None, v('a') in v('ab') in v(['ab']), not v(1) < v(2), v(1) is v(1) is not v(2), 3 in [1, 2, 3] == True]",
    "boolean operators": "log = []\ndef v(x): log.append(x); return x\nout = [v(0) or v('') or v(5), v(1) and v([]) and v(2), not v(0), v(0) and v(1) or v(2), (v(1) or v(2)) and v(3), v(1) if v(0) else v(2) if v(3) else v(4)]",
    "numbers": "out = [7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, 2 ** 10, 2 ** -1, 2 ** 0.5, 10 ** 20, 1 / 3, 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 10, 1000 >> 3, 0x1f, 0b101, 0o17, 1_000, 1e3, .5, 3j * 2, (1 + 2j) * (3 - 1j), abs(3 + 4j), divmod(-7, 2), pow(3, 100, 7), round(2.5), round(-1.567, 2), round(12345, -2), int('ff', 16), int(3.9), float('inf') > 1, float('nan') == float('nan'), True + 1, sum([0.1] * 10), max(1, 2.5), min('b', 'a'), bin(10), hex(255), oct(8), (5).bit_length(), (255).to_bytes(2, 'big'), int.from_bytes(b'\\x01\\x00', 'big'), (2.5).as_integer_ratio(), float.fromhex('0x1p3'), (0.5).is_integer(), 10 ** 40 // 3, -(2 ** 70), 1e308 * 10, 0.1 + 0.2, 1 if 0.0 else 2, hash(1) == hash(1.0), complex('1+2j'), 3 .real, 7 .__add__(1), (1).__class__.__name__, int() + float() + complex(), bool('') or bool('x'), 2 ** 200 % 10 ** 9, 123456789 ** 5]",
    "text": "s = 'Hello, World'\nout = [s.lower(), s.upper(), s.title(), s.swapcase(), s.split(', '), s.partition(','), s.replace('l', 'L', 2), s.find('o'), s.rfind('o'), s.index('W'), s.count('l'), s.startswith(('He', 'x')), s.endswith('d'), s[::-1], s * 2, 'l' in s, ','.join('abc'), ' x '.strip(), 'xxaxx'.lstrip('x'), 'a-b-c'.rsplit('-', 1), 'a\\nb\\r\\nc'.splitlines(), 'abc'.center(9, '*'), 'a'.ljust(3) + '|', 'a'.rjust(3), '42'.zfill(5), 'a\\tb'.expandtabs(4), 'abc'.isalpha(), '12'.isdigit(), 'ß'.casefold(), 'abc'.translate({97: 'X', 98: None}), str.maketrans('ab', 'cd'), 'é'.encode(), b'\\xc3\\xa9'.decode(), ascii('é'), repr('a\\'b\"\\n'), 'a' < 'b', ord('a'), chr(955), 'prefix-x'.removeprefix('prefix-'), 'x.py'.removesuffix('.py'), '%5.2f|%-5s|%05d|%x|%r|%%|%c' % (3.14159, 'ab', 42, 255, 'q', 'z'), '%(a)s %(b)d' % {'a': 1, 'b': 2}, 'ab' 'cd', r'\\n', '''tri\nple''', 'abc'.__len__(), 'abc'.__contains__('b'), ','.join(map(str, range(3))), 'x'.join([]), str(None), str(1.0), str([1, 'a']), 'aXbX'.split('X'), ''.split(), ''.split(','), 'abc'.capitalize(), '1 2  3'.split(), b'a,b'.split(b','), bytes([65, 66]), bytearray(b'ab').upper(), b'%d' % 5, 'a'.encode('utf-16-le'), '\\u00e9' == 'é', 'İ'.lower(), 'ǆ'.title(), 'a b'.isidentifier(), list('añ'), 'abc'.find('z'), '\\N{GREEK SMALL LETTER ALPHA}']",
    "f-strings": "x, w, p, name = 3.14159, 10, 2, 'n'\nd = {'k': [1, 2]}\nout = [f'{x}', f'{x:.2f}', f'{x:{w}.{p}f}', f'{x!r:>{w}}', f'{name!s}{name!a}{name!r}', f'{d[\"k\"][0]}', f'{x=:.1f}', f'{x = }', f'{{}}', f'{w + 1}{(lambda q: q * 2)(3)}', f'{\"nested \" + f\"{w}\"}', f'{w:>{w // 2}}|{w:<5}|{w:^5}|{w:+d}|{w:#x}|{w:08b}|{w:,}|{1234567:_}|{0.25:%}|{1e10:e}', f'a' 'b' f'{w}', f'{[i for i in range(3)]}', f'{d}', f'{w!r}', f'''{\n w\n}''', f'{1 if w else 2}', f'{w,}', f'{ {1: 2}[1]}', rf'\\d{w}', f'{None}', f'{\"é\":>3}', f'{True:d}', f'{w:{\"x\"}}', f'{x:{\"0\" if 1 else \"\"}>{w}}']",
    "str.format": "class P:\n    x = 1\n    items = ['a', {'k': 'v'}]\n    def __format__(s, spec): return 'P:' + spec\nout = ['{} {}'.format(1, 2), '{1} {0}'.format('a', 'b'), '{a} {b!r}'.format(a=1, b='x'), '{0.x} {0.items[0]} {0.items[1][k]}'.format(P()), '{:>{w}}|{:{fill}^5}'.format('a', 'b', w=4, fill='*'), '{0:.2f} {0:e}'.format(3.14159), '{{}} {}'.format(1), '{:abc}'.format(P()), '{a[0]} {a[1]}'.format(a=[5, 6]), '{0[k]}'.format({'k': 7}), '{k}'.format_map({'k': 8}), '{!s:>4}'.format('a'), '{:,}'.format(10**6), '{0!r:^10}'.format('m'), format(3.5, '06.2f'), format('a'), format(255, '#x')]\nclass D(dict):\n    def __missing__(s, k): return '<' + k + '>'\nout.append('{a}{b}'.format_map(D(a=1)))",
    "lists": "xs = [3, 1, 2]\nxs.append(5); xs.extend('ab'[:1]); xs.insert(0, 9); a = xs.pop(); b = xs.pop(0); xs.remove(1); xs.sort(); xs.reverse()\nys = xs.copy(); ys.clear()\nout = [xs, a, b, ys, xs.index(3), xs.count(2), xs + [1], xs * 2, [1, 2] < [1, 3], [1] == [1.0], sorted(['b', 'A'], key=str.lower, reverse=True), list(reversed(xs)), any(xs), all([]), len(xs), [[]] * 2, list(zip([1, 2], 'ab', strict=True)), list(filter(None, [0, 1])), list(map(lambda a, b: a + b, [1, 2], [3, 4])), list(enumerate('ab')), min(xs, default=0), max([], default='d'), max('ab', 'c', key=ord), sum([[1], [2]], []), xs.__getitem__(0), tuple(xs).index(2), (1, 2) + (3,), (1,) * 3, 2 in (1, 2), sorted({3: 'c', 1: 'a'}.items())]\nz = [1, 2, 3]\nz[len(z):] = [4]\nz.sort(key=lambda v: (v % 2, v))\nout.append(z)",
    "dicts": "d = {'a': 1, **{'b': 2}}\nd['c'] = 3; d.update(d=4); d.update([('e', 5)]); d.setdefault('f', []).append(6); p = d.pop('a'); q = d.pop('zz', 'default'); r = d.popitem()\nout = [d, p, q, r, d.get('b'), d.get('zz', 9), 'b' in d, list(d), list(d.values()), list(d.items()), dict(a=1, b=2) == {'b': 2, 'a': 1}, dict.fromkeys('ab', 0), dict([(1, 2)]), dict({'k': 1}, z=2), d | {'n': 1}, len(d), list(reversed(d)), d.keys() & {'b', 'zz'}, d.keys() - {'b'} == {'c', 'd', 'e'}, d.items() >= {('b', 2)}, {1: 'a', 1.0: 'b', True: 'c'}, {k: v for k, v in d.items() if v != 3}, max(d, key=d.get), sorted(d), {**d}['b'], d.copy() is d, (lambda **k: k)(**d)]\nd |= [('x', 1)]\ndel d['x']\nd.clear()\nout.append(d)",
    "sets": "s = {3, 1}\ns.add(2); s.discard(9); s.update([5], (6,)); s.remove(5)\nf = frozenset('ab')\nout = [sorted(s), s & {1, 2}, s | {9} >= {9}, s - {1}, s ^ {1, 7} == {2, 3, 6, 7}, {1} < s, s.issuperset([1]), s.isdisjoint([8]), f | {'c'} == frozenset('abc'), type(f | {'c'}).__name__, len(s), 1 in s, {1, 1.0, True}, set() == frozenset(), {frozenset({1}): 2}, s.union([4], [8]) - s, s.intersection([1, 2], [2]), set('hello') == set('olleh'), s.symmetric_difference({1}) == {2, 3, 6}, s.copy() is s]\ns.clear()\nout.append(s)",
    "print": "print()\nprint(1, 'a', None, [1], sep='-', end='!\\n')\nprint('x', end='')\nprint(*range(3), sep='')\nprint('é', '\\t', {'a': 1}, flush=True)\nclass K:\n    def __str__(s): return 'K!'\nprint(K(), [1.0, 2e20], (1,), set(), b'x', 1j, True, ..., 10**30, sep='|')",
    "annotations": "x: int = 1\ny: 'forward'\nz: list[int] = []\nclass K:\n    a: int\n    b: str = 'b'\n    (c): int = 3\nk = K()\nk.d: int = 5\nxs = [0]\nxs[0]: int = 7\ndef f(a: int, b: 'str' = 'b', *c: float, d: dict[str, int] = {}, **e: object) -> None:\n    v: int\n    w: int = 1\n    return w\nout = [x, sorted(K.__annotations__), k.d, xs, f(1), len(f.__annotations__), sorted(__annotations__), list[int] == list[int], str(list[int]), dict[str, int].__args__ == (str, int), (int | None) == (None | int), str(int | str)]",
    "future annotations": "from __future__ import annotations\nx: undefined_thing = 1\ndef f(a: also[undefined]) -> nothing: return a\nout = [f(1), f.__annotations__, __annotations__]\nannotations = None",
    "docstrings": "'module doc'\ndef f():\n    'f doc'\nclass K:\n    'K doc'\n    def m(self):\n        '''m doc'''\nout = [__doc__, f.__doc__, K.__doc__, K.m.__doc__, (lambda: 'x').__doc__]",
    "del": "x = y = 1\ndel x\ntry: x\nexcept NameError as e: out = str(e)\ndef f():\n    z = 1\n    del z\n    try: return z\n    except UnboundLocalError as e: return 'unbound'\nout2 = f()\ndel (y), [out]\na, b, c = 1, 2, 3\ndel a, (b, [c])\ndel undefined",
    "global scope names": "def f(): return len\nlen = 5\nout = [f(), __name__]\ndel len\nout.append(f()('ab'))\nprint = lambda *a: None\nprint('not shown')\ndel print\nprint('shown')",
    "exec eval compile": "ns = {'a': 1}\nexec('b = a + 1\\ndef f(): return b * 10', ns)\nout = [ns['b'], ns['f'](), eval('a + b', ns), eval('x + y', {'x': 1}, {'y': 2}), eval(compile('1 + 1', 'n', 'eval'))]\nx = 5\nexec('x = 6; y = 7')\nout += [x, y, eval('x')]\ndef g():\n    loc = 1\n    return eval('loc + 1'), sorted(locals())\nout.append(g())\nexec(compile('z = [i for i in range(3)]', 'n', 'exec'))\nout += [z]\ndel ns",
    "introspection": "class K:\n    a = 1\n    def f(self): pass\nk = K()\nk.b = 2\nout = [vars(k), 'a' in dir(k) and 'b' in dir(k), callable(K.f), callable(k), type(k).__name__, isinstance(k, (int, K)), issubclass(bool, int), hasattr(k, 'f'), getattr(k, 'zz', None), id(k) == id(k), type(1) is int, type(None).__name__, type(type) is type, object.__name__, isinstance(K, type), K.__call__ is not None, int.__mro__ == (int, object), bool.__bases__ == (int,), [].__class__ is list, ''.__doc__ is not None, sorted(globals())[:1], type(lambda: 0).__name__, type(len).__name__ in ('builtin_function_or_method', 'method')]",
    "bytes": "b = bytearray(b'abc')\nb.append(100); b[0] = 65; b[1:2] = b'XY'; b += b'!'; b.extend([49]); del b[-1]\nm = memoryview(b'hello')\nout = [bytes(b), b.find(b'X'), b'a' + b'b', b'ab' * 2, b'abc'[0], b'a' in b'abc', list(b'ab'), b'\\x00ff'.hex(), bytes.fromhex('00ff'), m[1:3].tobytes(), m[0], len(m), b'a-b'.split(b'-'), b','.join([b'x', b'y']), bytes(3), b'Abc'.lower(), b.decode(), bytes('é', 'utf-8'), b'%s|%d' % (b'x', 5), bytearray(2), b'abc'.startswith(b'a'), b'x'.replace(b'x', b'yy')]",
    "imports": "import math, json as j\nimport itertools\nfrom functools import reduce as r, partial\nfrom operator import *\nfrom collections import deque, defaultdict, OrderedDict\nimport datetime as dt\nout = [math.floor(2.5), j.dumps({'a': [1, None, True]}), j.loads('{\"x\": [1.5]}'), list(itertools.chain('a', [1])), r(lambda a, b: a + b, [1, 2, 3]), partial(int, base=2)('101'), add(1, 2), itemgetter(1)([5, 6]), list(deque([1, 2], maxlen=1)), str(dt.date(2020, 1, 2) + dt.timedelta(days=1)), math.pi]\ndef f():\n    import string\n    from math import sqrt\n    return string.digits, sqrt(4)\nout.append(f())\ndd = defaultdict(list)\ndd['a'].append(1)\nout += [dict(dd), list(OrderedDict(b=1, a=2))]\ntry: import no_such_module_at_all\nexcept ImportError as e: out.append(type(e).__name__)\ntry: from math import no_such_name\nexcept ImportError as e: out.append('cannot import' in str(e))\ndel math, j, itertools, dt",
    "semicolons and odd layout": "a = 1; b = 2;\nif a: b = 3; c = 4\nd = (1 +\n  2)\ne = [\n1,\n]\nf = 1 if a \\\n  else 2\nclass K: x = 1; y = 2\ndef g(): return 1; return 2\nwhile 0: pass\nfor i in (): pass\nelse: h = 1\ntry: pass\nfinally: pass\nout = [b, c, d, e, f, K.y, g(), h]",
    "unicode names": "größe = 1\nＡ = 2\nout = größe + A\nclass Ünï: ñ = 5\nout2 = Ünï.ñ\ndef 函数(値=3): return 値\nout3 = 函数(値=4)",
    "ellipsis and others": "def f(): ...\nclass K: ...\nx = ...\nout = [f(), x is Ellipsis, NotImplemented is NotImplemented, None is None, __debug__, [...][0] is ..., type(...) is type(Ellipsis)]",
}

MODULES = {
    "math": "import math\nout = [math.sqrt(16), math.factorial(20), math.gcd(12, 18), math.lcm(4, 6), math.comb(5, 2), math.perm(5, 2), math.isclose(0.1 + 0.2, 0.3), math.prod([1, 2, 3]), math.fsum([0.1] * 10), math.hypot(3, 4), math.log(8, 2), math.log10(1000), math.ceil(1.2), math.floor(-1.2), math.trunc(-1.7), math.isqrt(17), math.modf(1.5), math.frexp(8), math.copysign(1, -2), math.degrees(math.pi), math.sin(0), math.inf, math.isnan(math.nan), math.dist([0, 0], [3, 4]), round(math.e, 5), math.pow(2, 3), math.fmod(7, 3), math.atan2(1, 1), math.exp(0), math.cbrt(27)]\nmath.sqrt(-1)",
    "json": "import json\ndata = {'a': [1, 2.5, None, True, 'é\\n'], 'b': {'c': []}, 'd': (1, 2)}\nout = [json.dumps(data), json.dumps(data, indent=2, sort_keys=True), json.dumps('é', ensure_ascii=False), json.dumps([1, 2], separators=(',', ':')), json.loads(json.dumps(data)), json.loads('[1, 2.5, \"x\", null, true]'), json.dumps({1: 2, None: 3, True: 4}), json.dumps(float('inf')), json.loads('{\"a\": 1}', object_hook=lambda d: list(d)), json.loads('1.5', parse_float=str), json.dumps({'x': 1}, default=str), json.loads(b'[1]')]\nclass K: pass\nfor f in [lambda: json.loads('{'), lambda: json.dumps(K()), lambda: json.loads(''), lambda: json.loads('[1,]'), lambda: json.dumps({(1, 2): 3})]:\n    try: f()\n    except (ValueError, TypeError) as e: out.append((type(e).__name__, str(e)))\nout.append(json.dumps(K(), default=lambda o: 'k'))",
    "itertools": "import itertools as it\nL = list\nout = [L(it.accumulate([1, 2, 3])), L(it.accumulate([1, 2], lambda a, b: a * b, initial=5)), L(it.chain([1], 'a')), L(it.chain.from_iterable(['ab', 'c'])), L(it.combinations('abc', 2)), L(it.permutations([1, 2])), L(it.product('ab', repeat=2)), L(it.islice(it.count(5, 2), 3)), L(it.islice(it.cycle('ab'), 5)), L(it.repeat(1, 3)), L(it.compress('abc', [1, 0, 1])), L(it.dropwhile(lambda x: x < 2, [1, 2, 1])), L(it.takewhile(lambda x: x < 2, [1, 2, 1])), L(it.filterfalse(None, [0, 1])), [(k, L(g)) for k, g in it.groupby('aab')], L(it.starmap(pow, [(2, 3)])), L(it.zip_longest('ab', 'c', fillvalue='-')), L(it.pairwise('abc')), [L(x) for x in it.tee('ab')], L(it.combinations_with_replacement('ab', 2)), L(it.islice('abcdef', 1, 5, 2)), L(it.groupby([1, 1, 2], key=lambda x: x > 1))[0][0]]",
    "functools": "import functools as ft\ncalls = []\n@ft.lru_cache(maxsize=2)\ndef f(x): calls.append(x); return x * 2\n@ft.cache\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\ndef deco(g):\n    @ft.wraps(g)\n    def inner(*a): return g(*a)\n    return inner\n@deco\ndef named(x):\n    'the doc'\n    return x\np = ft.partial(lambda a, b, c=3: (a, b, c), 1, c=9)\nout = [f(1), f(1), f(2), f(3), f(1), calls, f.cache_info()[:2], fib(50), named.__name__, named.__doc__, named.__wrapped__(5), p(2), p.args, p.keywords, ft.reduce(lambda a, b: a + b, 'abc'), ft.reduce(max, [], 0), sorted(['b', 'A', 'c'], key=ft.cmp_to_key(lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower())))]\nf.cache_clear()\nout.append(f(1))",
    "collections": "from collections import deque, defaultdict, OrderedDict\nd = deque([1, 2, 3], maxlen=3)\nd.append(4); d.appendleft(0); d.rotate(1); d.extend([7])\ndd = defaultdict(int)\nfor c in 'hello': dd[c] += 1\nod = OrderedDict.fromkeys('abc')\nod.move_to_end('a'); od.popitem(last=False)\nout = [list(d), d.maxlen, d[0], 7 in d, dict(dd), dd.default_factory is int, list(od), od == OrderedDict(c=None, a=None), d.popleft(), d.count(4), repr(deque('ab')), list(reversed(d)), repr(od) in (\"OrderedDict([('c', None), ('a', None)])\", \"OrderedDict({'c': None, 'a': None})\"), deque([1]) + deque([2]) == deque([1, 2])]\nn = defaultdict(lambda: defaultdict(list))\nn['a']['b'].append(1)\nout.append({k: dict(v) for k, v in n.items()})",
    "operator": "import operator as op\nclass K: x = 5\nK.k = K()\nout = [op.add(1, 2), op.mul('a', 3), op.getitem([1, 2], 1), op.itemgetter(0, 2)('abc'), op.attrgetter('x', 'k.x')(K), op.methodcaller('upper')('a'), op.methodcaller('split', ',', maxsplit=1)('a,b,c'), op.contains([1], 1), op.not_(0), op.truth([]), op.is_(None, None), op.neg(5), op.concat([1], [2]), op.countOf([1, 1], 1), op.indexOf('ab', 'b'), op.lt(1, 2), op.xor(5, 3), op.floordiv(7, 2), op.pow(2, 5), op.iadd([1], [2]), sorted([(2, 'a'), (1, 'b')], key=op.itemgetter(0)), op.call(len, 'ab') if hasattr(op, 'call') else 2]\nd = {}\nop.setitem(d, 'a', 1)\nop.delitem(d, 'a')\nout.append(d)",
    "string": "import string\nout = [string.ascii_letters, string.digits, string.punctuation, string.whitespace, string.hexdigits]",
    "datetime": "import datetime as dt\nd = dt.date(2024, 2, 28)\nt = dt.datetime(2024, 1, 31, 12, 30, 15, 500, tzinfo=dt.timezone.utc)\ndelta = dt.timedelta(days=2, hours=3)\nout = [str(d + delta), d.isoformat(), d.weekday(), d.strftime('%Y/%m/%d'), f'{d:%d.%m.%y}', (dt.date(2024, 3, 1) - d).days, t.isoformat(), str(t - delta), t.date() < d, delta.total_seconds(), str(delta), delta * 2 > delta, dt.datetime.fromisoformat('2020-01-02T03:04:05'), dt.date.fromisoformat('2020-01-02'), dt.datetime.strptime('2020-01-02', '%Y-%m-%d'), t.replace(year=2000), d.replace(day=1), dt.time(1, 2) < dt.time(3), dt.datetime.combine(d, dt.time(5)), t.timestamp(), dt.datetime.fromtimestamp(0, dt.timezone.utc), d.isocalendar()[1], repr(delta), dt.date.min, dt.timedelta(1) // dt.timedelta(hours=5), d.toordinal(), tuple(d.timetuple())[:3], d.ctime(), t.astimezone(dt.timezone(dt.timedelta(hours=2))).hour, dt.MAXYEAR, divmod(delta, dt.timedelta(days=1)), abs(-delta), d == dt.date(2024, 2, 28), hash(d) == hash(dt.date(2024, 2, 28)), t.utcoffset(), t.time(), t.timetz()]\nout = [str(x) for x in out]\ndt.date(2024, 2, 30)",
}

PROGRAMS = {
    "bank": "class Account:\n    interest = 0.02\n    def __init__(self, owner, balance=0): self.owner, self.balance, self._log = owner, balance, []\n    def deposit(self, n):\n        if n <= 0: raise ValueError(f'bad amount: {n}')\n        self.balance += n\n        self._log.append(('deposit', n))\n        return self\n    def __iadd__(self, n): return self.deposit(n)\n    @property\n    def rich(self): return self.balance > 1000\nclass Savings(Account):\n    interest = 0.05\n    def year(self): self.balance += self.balance * self.interest\n"
    "a = Savings('Zoe', 100)\na.deposit(50).deposit(900)\na += 10\na.year()\nout = [round(a.balance, 2), a.rich, a._log]\ntry: a.deposit(-1)\nexcept ValueError as e: out.append(str(e))",
    "tokenizer and parser": "def tokens(s):\n    i = 0\n    while i < len(s):\n        c = s[i]\n        if c.isspace(): i += 1\n        elif c.isdigit():\n            j = i\n            while j < len(s) and s[j].isdigit(): j += 1\n            yield int(s[i:j])\n            i = j\n        else:\n            yield c\n            i += 1\nclass Parser:\n    def __init__(self, text): self.toks = [*tokens(text), None]; self.at = 0\n    def next(self):\n        tok = self.toks[self.at]\n        self.at += 1\n        return tok\n    @property\n    def peek(self): return self.toks[self.at]\n    def expr(self, prec=0):\n        left = self.atom()\n        while (op := self.peek) in OPS and OPS[op][0] > prec:\n            self.next()\n            left = OPS[op][1](left, self.expr(OPS[op][0]))\n        return left\n    def atom(self):\n        match self.next():\n            case int(n): return n\n            case '-': return -self.atom()\n            case '(':\n                v = self.expr()\n                if self.next() != ')': raise SyntaxError('expected )')\n                return v\n            case other: raise SyntaxError(f'unexpected {other!r}')\nOPS = {'+': (1, lambda a, b: a + b), '-': (1, lambda a, b: a - b), '*': (2, lambda a, b: a * b), '/': (2, lambda a, b: a // b)}\nout = [Parser(s).expr() for s in ['1 + 2 * 3', '(1 + 2) * -3', '100 / 7 - 2']]\nParser('1 + )').expr()",
    "event system": "class Signal:\n    def __init__(self): self.slots = []\n    def __call__(self, f): self.slots.append(f); return f\n    def emit(self, *a, **k): return [f(*a, **k) for f in self.slots]\nclass Button:\n    def __init__(self): self.clicked = Signal()\nb = Button()\nlog = []\n@b.clicked\ndef one(x): log.append(('one', x)); return 1\nb.clicked(lambda x: log.append(('two', x)))\nclass L:\n    def on(self, x): log.append(('three', x, self is l))\nl = L()\nb.clicked(l.on)\nout = b.clicked.emit(5)",
    "life": "def step(cells):\n    counts = {}\n    for x, y in cells:\n        for dx in (-1, 0, 1):\n            for dy in (-1, 0, 1):\n                if dx or dy: counts[x + dx, y + dy] = counts.get((x + dx, y + dy), 0) + 1\n    return {c for c, n in counts.items() if n == 3 or n == 2 and c in cells}\ncells = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}\nfor _ in range(8): cells = step(cells)\nout = sorted(cells)",
    "primes and sorting": "def sieve(n):\n    flags = bytearray([1]) * (n + 1)\n    flags[0:2] = b'\\0\\0'\n    for i in range(2, int(n ** 0.5) + 1):\n        if flags[i]: flags[i * i::i] = bytes(len(range(i * i, n + 1, i)))\n    return [i for i, f in enumerate(flags) if f]\ndef quick(xs):\n    if len(xs) < 2: return xs\n    p, *rest = xs\n    return quick([x for x in rest if x < p]) + [p] + quick([x for x in rest if x >= p])\nout = [sieve(50), quick([3, 6, 1, 8, 2, 9, 2])]",
    "plugin registry": "REGISTRY = {}\nclass Meta(type):\n    def __init__(cls, name, bases, ns):\n        super().__init__(name, bases, ns)\n        if bases: REGISTRY[name.lower()] = cls\nclass Plugin(metaclass=Meta):\n    def run(self, *a): raise NotImplementedError\nclass Add(Plugin):\n    def run(self, *a): return sum(a)\nclass Join(Plugin):\n    sep = ','\n    def run(self, *a): return self.sep.join(map(str, a))\nout = {k: v().run(1, 2, 3) for k, v in sorted(REGISTRY.items())}",
    "linked structures": "class Node:\n    __slots__ = 'value', 'next'\n    def __init__(self, value, next=None): self.value, self.next = value, next\n    def __iter__(self):\n        node = self\n        while node:\n            yield node.value\n            node = node.next\nclass Tree:\n    def __init__(self): self.root = None\n    def add(self, k):\n        def go(n):\n            if n is None: return [k, None, None]\n            n[1 if k < n[0] else 2] = go(n[1 if k < n[0] else 2])\n            return n\n        self.root = go(self.root)\n    def __iter__(self):\n        def walk(n):\n            if n:\n                yield from walk(n[1])\n                yield n[0]\n                yield from walk(n[2])\n        return walk(self.root)\nt = Tree()\nfor x in [5, 2, 8, 1, 9]: t.add(x)\nout = [list(Node(1, Node(2, Node(3)))), list(t), 8 in t, max(t)]",
    "memoised descent": "import functools\nGRID = ['131', '151', '421']\n@functools.cache\ndef cost(r, c):\n    here = int(GRID[r][c])\n    if (r, c) == (0, 0): return here\n    return here + min(cost(i, j) for i, j in ((r - 1, c), (r, c - 1)) if i >= 0 and j >= 0)\nout = cost(2, 2)",
}

TABLES = {
    f"{group}: {name}": source
    for group, table in {
        "classes": CLASSES, "functions": FUNCTIONS, "generators": GENERATORS, "comprehensions": COMPREHENSIONS,
        "match": MATCH, "errors": ERRORS, "statements": STATEMENTS, "modules": MODULES, "programs": PROGRAMS,
    }.items()
    for name, source in table.items()
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_program_does_what_cpython_does(name: str, optimize: bool) -> None:
    source = TABLES[name]
    wanted, got = native(source), guest(source, optimize=optimize)
    assert got.output == wanted.output
    assert got.error == wanted.error
    if wanted.names is None:
        return
    assert set(got.names) == set(wanted.names)
    # What leaves a guest is reduced to its exact base (an OrderedDict is a dict); the rest is equal.
    alike = {n: v for n, v in wanted.names.items() if v != "no data"}
    assert {n: v for n, v in got.names.items() if n in alike} == alike


@pytest.mark.parametrize("name", TABLES)
def test_both_levels_take_the_same_steps(name: str) -> None:
    assert guest(TABLES[name], optimize=True) == guest(TABLES[name], optimize=False)


def test_what_python_warns_of_in_a_source_is_told_to_the_program_that_compiles_it() -> None:
    names = cap_exec(
        textwrap.dedent(r"""
        import warnings
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            compile("assert (1, 'text')", "<some>", "exec")
            exec("x = '\\d'")
        told = [(w.category.__name__, w.filename, w.lineno) for w in found]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                compile("\nassert (1, 'text')", "<some>", "exec")
            except SyntaxError as error:
                refused = error.lineno, error.filename
        """)
    )
    kind = "SyntaxWarning" if sys.version_info >= (3, 12) else "DeprecationWarning"
    assert names["told"] == [("SyntaxWarning", "<some>", 1), (kind, "<string>", 1)]
    assert names["refused"] == (2, "<some>")


def test_what_is_warned_of_as_an_error_is_the_error_that_python_makes() -> None:
    source = textwrap.dedent(r"""
    import warnings
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in ("x = '\\d'", "\n'\\z'", "a = 1; 'four' is 'three'"):
            try:
                compile(text, "<some>", "exec")
            except SyntaxError as error:
                said.append((error.msg, error.lineno, error.filename))
                if "escape" in error.msg:  # 3.13 does not tell the file of a later warning in time
                    said.append((error.offset, error.text))
    """)
    wanted: dict[str, object] = {}
    exec(source, wanted)
    assert len(cap_exec(source)["said"]) == 5
    assert cap_exec(source)["said"] == wanted["said"]


def test_what_the_host_compiles_meanwhile_is_no_error_by_a_filter_of_a_guest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, refused = compile, []

    def beside_the_host(text: str, *args: Any, **options: Any) -> Any:
        try:
            real(r"y = '\d'", "<host>", "exec")
        except SyntaxError as error:
            refused.append(error)
        return real(text, *args, **options)

    monkeypatch.setattr(source, "compile", beside_the_host, raising=False)
    kind = SyntaxWarning if sys.version_info >= (3, 12) else DeprecationWarning
    said = source.warned_error(r"x = '\d'", "exec", kind)
    assert said is not None
    assert "invalid escape sequence" in str(said.msg)
    assert refused == []


COMPILES = {
    "no-file": "compile('1')",
    "no-mode": "compile('1', '')",
    "nothing": "compile()",
    "file-is-no-path": "compile('1', 1, 'eval')",
    "mode-is-no-text": "compile('1', '', 1)",
    "other-mode": "compile('1', '', 'other')",
    "flags-unknown": "compile('1', '', 'single', 0xff)",
    "levels-unknown": "compile('1', '', 'eval', optimize=7)",
    "source-is-no-text": "compile(1, '', 'eval')",
    "source-is-memory": "eval(compile(memoryview(b'1 + 1'), b'', 'eval'))",
    "path-of-its-own": "eval(compile('1 + 1', type('P', (), {'__fspath__': lambda s: 'p'})(), 'eval'))",
    "path-of-no-text": "compile('1', type('P', (), {'__fspath__': lambda s: 1})(), 'eval')",
    "flags-by-name": "eval(compile(source='2', filename='', mode='eval', flags=0, dont_inherit=True))",
}


@pytest.mark.parametrize("name", COMPILES)
def test_what_compile_takes_is_what_it_takes_in_python(name: str) -> None:
    source = f"try: r = {COMPILES[name]}\nexcept Exception as e: r = type(e).__name__"
    wanted: dict[str, object] = {}
    exec(source, wanted)
    assert cap_exec(source)["r"] == wanted["r"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="nothing is warned of")
def test_a_generator_thrown_into_by_three_arguments_warns_of_it() -> None:
    source = textwrap.dedent("""
    import warnings
    def g(): yield
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try: g().throw(ValueError, "a")
        except ValueError: pass
    told = [(w.category.__name__, str(w.message)) for w in found]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try: g().throw(ValueError, "a")
        except Warning as e: told.append(type(e).__name__)
    """)
    wanted: dict[str, object] = {}
    exec(source, wanted)
    assert cap_exec(source)["told"] == wanted["told"]


def test_sums_are_rounded_as_in_python_whatever_they_are_taken_of() -> None:
    source = textwrap.dedent("""
    from fractions import Fraction
    tenths = [0.1] * 10
    kinds = [
        tenths, [1, *tenths, 2], [0.1 + 0j] * 10, [*tenths, 0.1 + 1j, *tenths], [10**40, *tenths],
        [*tenths, 10**40, -(10**40), *tenths], [True, *tenths, False], [1e308, 1e308, -1e308],
        [1e100, 1.0, -1e100, 3], [Fraction(1, 3), *tenths], [*tenths, Fraction(1, 3), *tenths],
        [2**62] * 5, [2**70, 0.5, 2**70], [1, 2, 3], [],
    ]
    r = []
    for values in kinds:
        for start in (0, 0.0, 0j, 2**80, True):
            made = sum(values, start), sum((v for v in values), start), sum(iter(values), start)
            r.append([repr(m) for m in made])
    """)
    wanted: dict[str, object] = {}
    exec(source, wanted)
    assert cap_exec(source)["r"] == wanted["r"]


def test_a_metaclass_reads_what_it_does_not_define_past_itself() -> None:
    source = """
    class M(type):
        def __getattribute__(cls, name):
            return type.__getattribute__(cls, name)
    class C(metaclass=M):
        x: int
    shown = C.__eq__ is object.__eq__, C.__annotations__, "x" in dir(C), "__init__" in dir(C)
    """
    assert cap_exec(textwrap.dedent(source) + "str(shown)").value == str((True, {"x": int}, False, True))


def test_an_async_generator_expression_needs_no_event_loop() -> None:
    source = "async def a(): yield 1\ny = (x async for x in a())\ntype(y).__name__"
    assert cap_exec(source).value == "async_generator"


def test_a_guests_own_operator_is_asked_with_the_object_and_the_view() -> None:
    source = """
from collections.abc import MutableSet
class Bag(MutableSet):
    __iter__ = __len__ = discard = None
    def __init__(self): self.kept = []
    def __contains__(self, x): return x in self.kept
    def add(self, x): self.kept.append(x)
class Odd:
    def __or__(self, other): return NotImplemented
    def __iter__(self): return iter([1, 2])
    def __sub__(self, other): return type(other).__name__
b = same = Bag()
b |= {'a': 1}.keys()
r = b is same, b.kept, sorted(Odd() | {3: 1}.keys()), Odd() - {}.items(), {1: 2}.keys() | [5]
"""
    for optimize in (True, False):
        found = cap_exec(source, optimize=optimize)["r"]
        assert found == (True, ["a"], [1, 2, 3], "dict_items", {1, 5})


def test_augmented_assignment_evaluates_its_parts_once_and_in_order(optimize: bool) -> None:
    source = """
said = []
class A:
    def __init__(self): self.d, self.l, self.n = {}, [1, 2, 3], 1
    def say(self, x):
        said.append(x)
        return x
    def go(self, k):
        self.d[k] = 1
        self.d[k] += 2
        self.d[str(k) + "x"] = self.d[k]
        self.d[str(k) + "x"] *= 5
        self.l[self.n] -= 7
        self.l[1:2] += [9]
        self.n += 1
        self.d[k, 1] = 2
        self.d[k, 1] **= 3
        self.l[self.say(0)] += self.say(5)
        return self.d, self.l, self.n
r = A().go("q")
def f(m, i):
    m[i] += 1
    m[i + 1] += m[i]
    del m[i]
    return m
s = f([1, 2, 3], 0)
"""
    wanted, got = native(source), guest(source, optimize=optimize)
    assert got.error is None and got.names is not None and wanted.names is not None
    assert {n: got.names[n] for n in ("r", "s", "said")} == {
        n: wanted.names[n] for n in ("r", "s", "said")
    }
