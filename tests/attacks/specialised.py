"""Operands that are not what compiled code expects: each row warms a site up, or shows it what it has a
short way for, and then brings something else."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="specialised", pit=27)

ENDLESS = "iter(int, 1)"

#: A definition, what warms it up, and a call that must be charged for; it fills memory or never ends.
FILLED = {
    "product-of-a-list": (
        "def f(a, b): return (a * b + a * b - a) * b",
        "f(1.5, 2.0), f(1, 2)",
        "def f2(a, b): return a * b, a * b, b * a\nf2([0], 10**9)",
    ),
    "product-in-a-piece": (
        "def f(a, b):\n    c = a * b\n    d = a * b\n    e = a * b\n    return c, d, e",
        "[f(1.5, 2.0) for _ in range(9)]",
        "f([0], 10**9)",
    ),
    "whole-number-of-a-class": (
        "class I(int): pass\ndef f(a, b):\n    c = a * b\n    d = a * b\n    e = a * b\n    return c, d, e",
        "f(1.5, 2.5)",
        "f([0], I(10**9))",
    ),
    "float-of-a-class": (
        "class F(float):\n    def __mul__(self, x): return [0] * int(self)\n"
        "def f(a, b):\n    c = a * b\n    d = a * b\n    return c, d, a * b",
        "f(1.5, 2.5)",
        "f(F(1e9), 2)",
    ),
    "name-stored-in-its-piece": (
        "def f(a, b):\n    c = a * b + a\n    a = [0] if b else a\n    return c, a * 10**9, a * b",
        "f(1.5, 0.0)",
        "f(1.5, 2.5)",
    ),
    "name-stored-in-a-branch": (
        "def f(a, b):\n    c = a * b + a * b\n    if b > 2.0:\n        a = [0]\n    else:\n        a = b\n"
        "    return c, a * 1000000000",
        "f(1.5, 0.5)",
        "f(1.5, 2.5)",
    ),
    "name-unpacked-in-its-piece": (
        "def f(a, b):\n    c = a * b + a * b - a\n    a, b = [0], 10**9\n    return c, a * b",
        "1",
        "f(1.5, 2.5)",
    ),
    "name-added-to-in-its-piece": (
        "class Z:\n    def __radd__(self, x): return [0]\n"
        "def f(a, b, z):\n    c = a * b + a * b - a\n    a += z\n    return c, a * 10**9",
        "f(1.5, 2.5, 1.0)",
        "f(1.5, 2.5, Z())",
    ),
    "global-in-a-piece": (
        "x = 1.5\ndef swap():\n    global x\n    x = [0]\n"
        "def f(b):\n    global x\n    x = b * 2.0 + b * 3.0 - b * b\n    swap()\n    return x * 1000000000",
        "1",
        "f(1.5)",
    ),
    "nonlocal-in-a-function": (
        "def f(b):\n    x = b * 2.0 + b\n    def swap():\n        nonlocal x\n        x = [0]\n    swap()\n"
        "    return x * 1000000000",
        "1",
        "f(1.5)",
    ),
    "element-of-a-comprehension": (
        "def f(a, b): return [x * y for x in a for y in b]",
        "f([1, 2.5], [3])",
        "f([[0]], [10**9])",
    ),
    "attributes-in-a-comprehension": (
        "class P:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
        "def f(a): return [p.x * p.y for p in a]",
        "f([P(1.5, 2.5), P(2, 3)])",
        "f([P([0], 10**9)])",
    ),
    "power-of-a-power": (
        "def f(a, b):\n    c = a ** b\n    d = c * a\n    return c, d, c ** b, a ** b",
        "f(1.5, 2.5), f(-1.5, 0.5)",
        "f(10, 10**10)",
    ),
    "f-string-of-long-texts": (
        "def f(a, b): return f'{a}{b}'",
        "f('a', 'b'), f(1, 2.5)",
        "s = 'a' * 1000\nwhile True: s = f(s, s)",
    ),
    "sum-of-long-texts": (
        "def f(a, b): return a + b",
        "f('a', 'b'), f(1, 2.5)",
        "s = 'a' * 1000\nwhile True: s = f(s, s)",
    ),
    "width-of-a-field": (
        "def f(a): return f'{a:.2f}|{a:7}'",
        "f(1.5)",
        "def g(a, n): return f'{a:{n}}'\ng(1.5, 10**9)",
    ),
    "slice-of-a-long-list": (
        "def f(a): return a[1:]",
        "f([1, 2]), f('ab')",
        "a = [0] * 10**5\nwhile True: f(a)",
    ),
    "replacement-in-a-text": (
        "def f(a): return a.replace('', 'aaaaaaaaaaaaaaa')",
        "f('ab')",
        "s = 'a' * 1000\nwhile True: s = f(s)",
    ),
}

#: What binds `a` anew to `v`, after it was found to be a number and before it is used as one once more.
REBOUND = {
    "assignment": "a = v",
    "choice": "if b > 5: a = v",
    "tuple": "a, c = v, a",
    "swap": "a, v = v, a",
    "chain": "c = a = v",
    "annotation": "a: int = v",
    "in-place": "a = v if b > 5 else 0\n        a += v",
    "in-place-of-an-object": "a = Z()\n        a += v",
    "copy": "w = v\n        a = w",
    "walrus": "c = (a := v)",
    "walrus-in-a-comprehension": "c = [a := v for _ in '1']",
    "walrus-in-a-condition": "if (a := v): pass",
    "for": "for a in [v]: pass",
    "for-that-is-left": "for a in [1, v]:\n            if a is v: break",
    "for-of-a-tuple": "for a, c in [(v, 1)]: pass",
    "for-with-an-index": "for a, d[a * b if d else 0] in [(v, 1)]: pass",
    "target-with-an-index": "a, d[0 if a is v else 0] = v, 1",
    "chain-with-an-index": "a = d[0] = v",
    "star": "a, *c = v, 1",
    "nest-of-targets": "(a, c), e = (v, 1), 2",
    "with": "with Z() as a: pass",
    "match": "match v:\n            case a: pass",
    "match-of-a-sequence": "match [v]:\n            case [a]: pass",
    "import": "import m as a",
    "function": "def a(): pass\n        a = v",
    "class": "class a: pass\n        a = v",
    "del": "del a\n        a = v",
    "except": "try: raise E(v)\n        except E as a: c = a.args[0]\n        a = v",
    "store-that-raises": "try: a, d[[]] = v, 1\n        except TypeError: pass",
    "with-that-goes-on": "with Z(): a, d[[]] = v, 1",
    "nested-function": "def g():\n            nonlocal a\n            a = v\n        g()",
    "generator-that-is-resumed": "next(a := v for _ in '1')",
}
FILLED |= {
    f"number-rebound-by-{name}": (
        "import sys\nsys.modules['m'] = [0]\nclass E(Exception): pass\n"
        "class Z:\n    def __iadd__(self, x): return x\n    def __enter__(self): return [0]\n"
        "    def __exit__(self, *_): return True\n"
        "def f(a, b, v):\n    d = {}\n    for i in range(3):\n"
        "        c = a * b\n        c = a * b\n        c = a * b\n        c = a * b\n        c = b * a\n"
        f"        {how}\n    return a * b",
        "1",
        "f(1, 10**8, [0])",
    )
    for name, how in REBOUND.items()
}

#: A definition, what warms it up, and a call with what never ends, or is walked in every way there is.
WALKED = {
    "containment": (
        "def f(a, b): return a in b",
        "f(1, {1}), f('a', 'ab'), f(1, [2])",
        f"f(-1, {ENDLESS})",
    ),
    "containment-of-a-nest": (
        "def f(a, b): return a in b",
        "f('a', {'a'})",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(x, {1, 2})",
    ),
    "key-of-a-nest": (
        "def f(d, k): return d.get(k)",
        "f({'a': 1}, 'a'), f({1: 1}, 1)",
        "x = ()\nfor _ in range(60): x = (x, x)\nf({}, x)",
    ),
    "key-of-a-display": (
        "def f(k): return {k: 1}",
        "f('a'), f(1)",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(x)",
    ),
    "element-added": (
        "def f(s, k): s.add(k)",
        "f(set(), 'a'), f(set(), 1)",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(set(), x)",
    ),
    "get-of-a-class": (
        "class D(dict): get = list\ndef f(d, k): return d.get(k)",
        "f({}, 'a')",
        f"f(D(), {ENDLESS})",
    ),
    "pop-of-a-class": (
        "class L(list): pop = list\ndef f(d, k): return d.pop(k)",
        "f([1], 0), f({1: 1}, 1)",
        f"f(L(), {ENDLESS})",
    ),
    "append-stored-on-a-list": (
        "class L(list): pass\ndef f(o, x): return o.append(x)\no = L()",
        "[f(o, 1) for _ in range(5)]",
        f"o.append = list\nf(o, {ENDLESS})",
    ),
    "append-in-the-dictionary-of-a-list": (
        "class L(list): pass\ndef f(o, x): return o.append(x)\no = L()",
        "[f(o, 1) for _ in range(5)]",
        f"vars(o)['append'] = list\nf(o, {ENDLESS})",
    ),
    "append-of-the-class-of-a-list": (
        "class L(list): pass\ndef f(o, x): return o.append(x)\no = L()",
        "[f(o, 1) for _ in range(5)]",
        f"L.append = staticmethod(list)\nf(o, {ENDLESS})",
    ),
    "dictionary-kept-for-another-class": (
        "class A: pass\nclass B:\n    def m(self, x): return x\ndef f(o, x): return o.m(x)\na = A()\nd = a.__dict__",
        "[f(B(), 1) for _ in range(5)]",
        f"a.__class__ = B\nf(a, 1)\nd['m'] = list\nf(a, {ENDLESS})",
    ),
    "dictionary-of-one-class-only": (
        "class A:\n    def m(self, x): return x\nclass B(A): pass\ndef f(o, x): return o.m(x)\nb = B()",
        "[f(A(), 1) or f(b, 1) for _ in range(5)]",
        f"A().__dict__\nb.__dict__['m'] = list\nf(b, {ENDLESS})",
    ),
    "static-method-stored": (
        "class K:\n    @staticmethod\n    def m(x): return x\ndef f(v): return K.m(v)",
        "[f(1) for _ in range(5)]",
        f"setattr(K, 'm', staticmethod(list))\nf({ENDLESS})",
    ),
    "static-method-of-a-class-rebound": (
        "class K:\n    @staticmethod\n    def m(x): return x\ndef f(v): return K.m(v)",
        "[f(1) for _ in range(5)]",
        f"class K: m = list\nf({ENDLESS})",
    ),
    "static-method-of-a-metaclass": (
        "class M(type):\n    m = property(lambda cls: list)\nclass K:\n    @staticmethod\n    def m(x): return x\n"
        "def f(v): return K.m(v)",
        "[f(1) for _ in range(5)]",
        f"class K(metaclass=M):\n    @staticmethod\n    def m(x): return x\nf({ENDLESS})",
    ),
    "class-method-of-a-builtin": (
        "class K:\n    m = classmethod(lambda cls, x: x)\ndef f(v): return K.m(v)",
        "[f(1) for _ in range(5)]",
        f"K.m = list\nf({ENDLESS})",
    ),
    "method-of-cls": (
        "class K:\n    @staticmethod\n    def n(x): return x\n    @classmethod\n    def m(cls, x): return cls.n(x)\n"
        "class L(K): n = list",
        "[K.m(1) for _ in range(5)]",
        f"L.m({ENDLESS})",
    ),
    "what-super-finds-stored": (
        "class A:\n    def m(self, x): return x\nclass B(A):\n    def m(self, x): return super().m(x)",
        "[B().m(1) for _ in range(5)]",
        f"A.m = list\nB().m({ENDLESS})",
    ),
    "what-super-finds-in-new-bases": (
        "class A:\n    def m(self, x): return x\nclass D: m = list\nclass B(A):\n"
        "    def m(self, x): return super().m(x)",
        "[B().m(1) for _ in range(5)]",
        f"B.__bases__ = (D,)\nB().m({ENDLESS})",
    ),
    "what-super-finds-in-a-subclass": (
        "class A:\n    def m(self, x): return x\nclass D(A): m = list\nclass B(A):\n"
        "    def m(self, x): return super().m(x)\nclass E(B, D): pass",
        "[B().m(1) for _ in range(5)]",
        f"E().m({ENDLESS})",
    ),
    "super-rebound": (
        "class A:\n    def m(self, x): return x\nclass N: pass\nn = N()\nn.m = list\nclass B(A):\n"
        "    def m(self, x): return super().m(x)",
        "[B().m(1) for _ in range(5)]",
        f"globals()['super'] = lambda *a: n\nB().m({ENDLESS})",
    ),
    "function-of-a-module-stored": (
        "import math\ndef f(x): return math.sqrt(x)",
        "[f(4.0) for _ in range(5)]",
        f"math.sqrt = list\nf({ENDLESS})",
    ),
    "name-of-a-module-rebound": (
        "import math\ndef f(x): return math.sqrt(x)",
        "[f(4.0) for _ in range(5)]",
        f"class math: sqrt = list\nf({ENDLESS})",
    ),
    "builtin-rebound": (
        "def f(x): return len(x)",
        "f([1])",
        f"globals()['len'] = list\nf({ENDLESS})",
    ),
    "builtin-rebound-by-an-argument": (
        "def swap(x):\n    globals()['isinstance'] = lambda o, k: list(o)\n    return x\n"
        "def f(x, y): return isinstance(x, swap(y))",
        "1",
        f"f({ENDLESS}, int)\nf({ENDLESS}, int)",
    ),
    "classes-of-isinstance": (
        "def f(o, k): return isinstance(o, k)",
        "f(1, int)",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(1, x)",
    ),
    "element-called": (
        "def g(x): return x\ndef f(a, x): return a[0](x)",
        "[f([g], 1) for _ in range(5)]",
        f"f([list], {ENDLESS})",
    ),
    "instance-called": (
        "class C: __call__ = list\nclass D:\n    def __call__(self, x): return x\ndef f(o, x): return o(x)",
        "[f(D(), 1) for _ in range(5)], D().a if 0 else 1",
        f"f(C, {ENDLESS}) if 0 else f(C(), {ENDLESS})",
    ),
    "slice-stored": (
        "def f(a, b): a[1:1] = b",
        "f([1], [2])",
        f"f([], {ENDLESS})",
    ),
    "slice-stored-in-a-class-body": (
        "a = [1]",
        "1",
        f"class C: a[0:0] = {ENDLESS}",
    ),
    "constructor": (
        "def f(x): return list(x), set(x), tuple(x)",
        "f([1])",
        f"f({ENDLESS})",
    ),
    "stripped-text": (
        "def f(a, b): return a.strip(b)",
        "f('ab', 'a')",
        "a, b = 'a' * 200, 'b' * 10**6\nwhile True: f(a, b)",
    ),
    "function-of-c-that-becomes-a-class": (
        "def f(g, x): return g(x)",
        "[f(len, [1]) for _ in range(5)], [f(abs, 1) for _ in range(5)]",
        f"f(list, {ENDLESS})",
    ),
    "method-of-c-that-becomes-a-cached-function": (
        "from functools import lru_cache\ndef f(g, x): return g(x)\nclass K:\n    @lru_cache\n    def m(self): pass\n"
        "class N: m = lru_cache(lambda self: 1)",
        "[f([].append, 1) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(lru_cache(lambda a: a), x)",
    ),
    "view-on-the-right-of-an-object": (
        "class A:\n    def __sub__(self, x): return 1\nclass B:\n"
        f"    def __iter__(self): return {ENDLESS}\ndef f(a, b): return a - b",
        "[f(A(), A()) for _ in range(5)], B()",
        "f(B(), {}.keys())",
    ),
    "class-of-an-object-that-changes": (
        "class A:\n    def __sub__(self, x): return 1\nclass B:\n"
        f"    def __iter__(self): return {ENDLESS}\ndef f(a, b): return a - b\na = A()",
        "[f(a, a) for _ in range(5)]",
        "a.__class__ = B\nf(a, {}.keys())",
    ),
    "operator-stored-on-a-class": (
        "class A:\n    def __sub__(self, x): return 1\ndef f(a, b): return a - b\na = A()",
        "[f(a, a) for _ in range(5)]",
        f"class B:\n    def __iter__(self): return {ENDLESS}\nA.__sub__ = lambda self, x: list(x)\nf(a, B())",
    ),
    "class-of-c-as-an-operator": (
        "class A:\n    def __sub__(self, x): return 1\ndef f(a, b): return a - b\na = A()",
        "[f(a, a) for _ in range(5)]",
        f"class B:\n    def __iter__(self): return {ENDLESS}\nA.__sub__ = staticmethod(list)\nf(a, B())",
    ),
    "class-of-an-object-that-becomes-a-list": (
        "class A:\n    def __eq__(self, x): return 1\nclass L(list): pass\ndef f(a, b): return a == b",
        "[f(A(), A()) for _ in range(5)]",
        "x = L()\nfor _ in range(60): x = L((x, x))\ny = L()\nfor _ in range(60): y = L((y, y))\nf(x, y)",
    ),
    "nest-in-a-chain": (
        "def f(a, b, c): return a <= b <= c",
        "[f(1, 2, 3) or f(1.5, 2.5, 3.5) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\ny = ()\nfor _ in range(60): y = (y, y)\nf(x, y, x)",
    ),
    "round-without-a-step": (
        "def f(n):\n    while n: pass",
        "f(0)",
        "f(1)",
    ),
    "round-that-swallows-its-stop": (
        "def f(n):\n    while n:\n        try:\n            while n: n += 1\n        except BaseException: pass",
        "f(0)",
        "f(1)",
    ),
    "endless-condition": (
        "def f(c):\n    while c.x > 0: pass\nclass C:\n    n = 3\n    @property\n    def x(self):\n"
        "        self.n -= 1\n        return self.n",
        "f(C())",
        "class D: x = 1\nf(D())",
    ),
    "maker-rebound-by-its-argument": (
        "def swap(x):\n    globals()['enumerate'] = globals()['list'] = lambda o: [*o]\n    return x\n"
        "def f(x): return list(enumerate(swap(x)))",
        "1",
        f"f([1])\nf({ENDLESS})",
    ),
    "range-rebound": (
        f"def f(n): return list(range(n)), tuple(reversed(range(n)))\ndef endless(n): return {ENDLESS}",
        "[f(3) for _ in range(5)]",
        "globals()['range'] = endless\nf(3)",
    ),
    "generator-in-a-maker": (
        "def f(xs): return tuple(x for x in xs)",
        "[f([1, 2]) for _ in range(5)]",
        f"f({ENDLESS})",
    ),
    "list-that-grows-in-a-maker": (
        "def f(xs, g):\n    for i, x in enumerate(xs): g(x)",
        "f([1, 2], len if 0 else abs)",
        "xs = [1]\nf(xs, xs.append)",
    ),
    "list-of-a-class-in-a-maker": (
        f"class L(list):\n    def __len__(self): return 1\n    def __iter__(self): return {ENDLESS}\n"
        "def f(xs): return list(xs)",
        "[f([1, 2]) for _ in range(5)]",
        "f(L())",
    ),
    "slice-stored-by-an-index-that-grows-it": (
        "class I:\n    def __index__(self):\n        b.extend([0] * len(b))\n        return 0\n"
        "def f(a, i, b): a[i:] = b\nb = [0]",
        "f([1], 0, [2])",
        "while True: f([], I(), b)",
    ),
    "class-called-without-arguments": (
        "class L(list):\n    pass\ndef f(): return L()",
        "[f() for _ in range(5)]",
        f"L.__init__ = lambda self: list.__init__(self, {ENDLESS})\nf()",
    ),
    "bases-of-a-class-called-without-arguments": (
        f"class K(list): pass\nclass L(K): pass\nclass E(list):\n    def __init__(self): super().__init__({ENDLESS})\n"
        "def f(): return L()",
        "[f() for _ in range(5)]",
        "L.__bases__ = (E,)\nf()",
    ),
    "pop-stored-on-a-list-of-a-class": (
        "class L(list): pass\ndef f(o, x): return o.pop(x)\no = L([1] * 9)",
        "[f(o, 0) for _ in range(5)]",
        f"o.pop = list\nf(o, {ENDLESS})",
    ),
    "extend-of-a-list-of-a-class": (
        "class L(list): pass\ndef f(o, x): return o.extend(x)\no = L()",
        "[f(o, [1]) for _ in range(5)]",
        f"f(o, {ENDLESS})",
    ),
    "least-of-many": (
        "from functools import partial\ndef f(a, b): return min(a, b), max(a, b)",
        "[f(1, 2.5) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\ny = ()\nfor _ in range(60): y = (y, y)\nf(x, y)",
    ),
    "least-of-many-kept-arguments": (
        "from functools import partial\ndef f(a, b): return min(a, b)",
        "[f(1, 2.5) for _ in range(5)]",
        "p = partial(min, *range(1000))\nwhile True: p()",
    ),
    "item-of-an-object-that-becomes-a-dictionary": (
        "class A:\n    def __getitem__(self, k): return k\nclass D(dict): pass\ndef f(o, k): return o[k, 1]",
        "[f(A(), 1) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(D(), x)",
    ),
    "item-of-a-class-that-is-given-another-method": (
        "class A:\n    def __getitem__(self, k): return k\ndef f(o, k): return o[k]\no = A()",
        "[f(o, (1, 2)) for _ in range(5)]",
        f"A.__getitem__ = staticmethod(list)\nf(o, {ENDLESS})",
    ),
    "item-of-an-object-of-another-class": (
        "class A:\n    def __getitem__(self, k): return k\nclass B: __getitem__ = staticmethod(list)\n"
        "def f(o, k): return o[k]\no = A()",
        "[f(o, (1, 2)) for _ in range(5)]",
        f"o.__class__ = B\nf(o, {ENDLESS})",
    ),
    "item-of-a-class-with-new-bases": (
        "class A:\n    def __getitem__(self, k): return k\nclass B(A): pass\nclass E: __getitem__ = staticmethod(list)\n"
        "def f(o, k): return o[k]\no = B()",
        "[f(o, (1, 2)) for _ in range(5)]",
        f"B.__bases__ = (E,)\nf(o, {ENDLESS})",
    ),
    "item-of-a-class-itself": (
        "class A:\n    def __getitem__(self, k): return k\nclass K:\n    __class_getitem__ = list\n"
        "def f(o, k): return o[k]",
        "[f(A(), (1, 2)) for _ in range(5)]",
        f"f(K, {ENDLESS})",
    ),
    "object-that-is-another-one-when-its-key-is-known": (
        "class A:\n    def __getitem__(self, k): return k\n"
        "def f(o, k): return o[(o := k[0], k[1])[1], 1]\na = A()",
        "[f(a, (a, 1)) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\nf({}, (a, x))",
    ),
    "store-into-an-object-that-becomes-a-list": (
        "class A:\n    def __setitem__(self, k, v): pass\nclass L(list): pass\ndef f(o, k, v): o[k] = v",
        "[f(A(), slice(0), 1) for _ in range(5)]",
        f"f(L(), slice(0), {ENDLESS})",
    ),
    "store-of-a-pair-into-a-dictionary": (
        "class A:\n    def __setitem__(self, k, v): pass\nclass D(dict): pass\ndef f(o, k, v): o[k, v] = v",
        "[f(A(), 1, 1) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(D(), x, 1)",
    ),
    "bound-method-that-becomes-one-of-a-cached-function": (
        "from functools import lru_cache\nfrom types import MethodType\ndef f(g, x): return g(x)",
        "[f([1].count, 1) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\nf(MethodType(lru_cache(lambda a, b: a), 1), x)",
    ),
    "bound-method-of-a-maker": (
        "from types import MethodType\ndef f(g): return g()",
        "[f([1].copy) for _ in range(5)]",
        f"f(MethodType(list, {ENDLESS}))",
    ),
    "bound-method-of-a-bound-method-of-a-maker": (
        "from types import MethodType\ndef f(g): return g()",
        "[f([1].copy) for _ in range(5)]",
        f"f(MethodType(MethodType(map, len), {ENDLESS}))\nf(MethodType(MethodType(zip, 'ab'), {ENDLESS}))\n"
        f"f(MethodType(MethodType(sum, {ENDLESS}), 1))",
    ),
    "any-rebound-by-its-generator": (
        "def swap(x):\n    globals()['any'] = globals()['all'] = list\n    return x\n"
        "def f(x): return any(y for y in swap(x)), all(y for y in x)",
        "1",
        f"f([0])\nf({ENDLESS})",
    ),
    "sum-rebound": (
        "def f(x): return sum(1 for y in x)",
        "[f([1, 2]) for _ in range(5)]",
        f"globals()['sum'] = lambda g: [*{ENDLESS}]\nf([1])",
    ),
    "any-of-an-endless-generator": (
        "def f(x): return any(y for y in x) or sum(y in x for y in x)",
        "[f([0, 0]) for _ in range(5)]",
        f"f({ENDLESS})",
    ),
    "sum-of-what-a-choice-gives": (
        "def f(x, c, y): return sum(y if c else 1 for _ in x)",
        "[f([1, 2], 0, 1) for _ in range(5)]",
        "n = 3 ** 200000\nwhile True: f(range(1000), 1, n)",
    ),
    "what-super-finds-stored-as-it-is-made": (
        "import weakref\nclass A:\n    def m(self, x): return x\nclass B(A):\n"
        "    def m(self, x): return super().m(x)\n    def n(self, x): return super(B, self).m(x)\nkeep = []\n"
        "def trap():\n    class C: pass\n    c = C()\n    c.me = c\n"
        "    keep.append(weakref.ref(c, lambda _: setattr(A, 'm', list)))",
        "b = B()\n[b.m(1) or b.n(1) for _ in range(5)]",
        f"while True:\n    trap()\n    b.m({ENDLESS})\n    b.n({ENDLESS})",
    ),
    "what-super-finds-of-another-class": (
        "class A:\n    def m(self, x): return x\nclass Z: m = list\nclass B(A):\n"
        "    def m(self, x): return super(C, self).m(x)\nC = B",
        "[B().m(1) for _ in range(5)]",
        "class C(B, Z):\n    pass\nclass D(C): pass\n"
        f"class A:\n    m = staticmethod(list)\nclass B(A):\n    def m(self, x): return super(C, self).m(x)\n"
        f"C = B\nB().m({ENDLESS})",
    ),
    "what-super-finds-of-an-object-of-another-class": (
        "class A:\n    def m(self, x): return x\nclass Z: m = list\nclass B(A):\n"
        "    def m(self, x): return super().m(x)\nclass E(B, Z): pass\nclass F(B, A): pass",
        "o = F()\n[o.m(1) for _ in range(5)]",
        f"class Y(Z, A): pass\nclass G(B, Z): pass\nB.__bases__ = (Y,)\no.m({ENDLESS})",
    ),
    "what-super-finds-of-an-object-that-says-it-is-another": (
        "class A:\n    def m(self, x): return x\nclass B(A):\n    def m(self, x): return super(B, self).m(x)\n"
        "class L(A): m = list\nclass G(B, L): pass",
        "[B().m(1) for _ in range(5)]",
        "class F:\n    @property\n    def __class__(self): return G\n"
        f"[B.m(B(), 1) for _ in range(5)]\nB.m(F(), {ENDLESS})",
    ),
    "super-of-a-class-cell-that-is-bound-anew": (
        "class A:\n    def m(self, x): return x\nclass L(A): m = list\nclass B(A):\n"
        "    def m(self, x, c=None):\n        nonlocal __class__\n        __class__ = c or __class__\n"
        "        return super().m(x)\nclass G(B, L): pass",
        "[B().m(1) for _ in range(5)]",
        f"G().m({ENDLESS}, B)",
    ),
    "super-of-a-first-parameter-that-is-bound-anew": (
        "class A:\n    def m(self, x): return x\nclass L(A): m = list\nclass B(A):\n"
        "    def m(self, x, o=None):\n        self = o or self\n        return super().m(x)\nclass G(B, L): pass",
        "[B().m(1) for _ in range(5)]",
        f"B().m({ENDLESS}, G())",
    ),
    "format-of-a-tuple-in-a-name": (
        "def f(a): return '%s' % a\ndef g(a, b): return '%s %5d' % (a, b)",
        "[(f('a'), g('a', 1)) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\ntry: f((x,))\nexcept Exception: pass\ng(x, 1)",
    ),
    "format-of-a-text-that-grows": (
        "def f(a, b): return '%s%s' % (a, b)",
        "f('a', 'b')",
        "s = 'a' * 3000\nwhile True: f(s, s + 'a' * 2000)",
    ),
    "container-rebound-to-a-class": (
        "class K: __class_getitem__ = list\ndef f(d, k, e):\n    for _ in range(2):\n"
        "        x = d[k]\n        x = d[k]\n        x = d[k]\n        d, k = e\n    return x",
        "[f([1], 0, ([1], 0)) for _ in range(5)]",
        f"f([1], 0, (K, {ENDLESS}))",
    ),
    "index-rebound-to-a-nest": (
        "def f(d, k, e):\n    for _ in range(2):\n        d[k] = 1\n        d[k] = 2\n        d[k] = 3\n        k = e",
        "[f({}, 0, 1) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\nf({}, 0, x)",
    ),
    "compared-with-what-is-no-number-any-more": (
        "def f(a, b, v):\n    for _ in range(2):\n        a < b\n        a == b\n        0 <= a < b\n"
        "        if not a == b: a, b = v",
        "[f(1, 2.5, (1, 2)) for _ in range(5)]",
        "x = ()\nfor _ in range(60): x = (x, x)\ny = ()\nfor _ in range(60): y = (y, y)\nf(1, 2, (x, y))",
    ),
    "length-that-lies": (
        "class S(str):\n    def __len__(self): return 1\ndef f(s): return s.upper()",
        "f('ab')",
        "s = S('a' * 10**6)\nwhile True: f(s)",
    ),
}

CASES: list[Case] = [
    case(
        "whole-numbers-that-are-wide-and-wider",
        """
        def f(a, b): return a * b, a + b, a ^ b, a < b, 0 <= a < b, -a
        n = 1
        for _ in range(12):
            n = n * n * 3 + 1
            f(n, n), f(-n, n)
        while True:
            n = f(n, n)[0]
        """,
        stopped=("memory", "steps"),
    ),
    *(
        case(f"filled-{name}", f"{first}\n{warm}\n{last}", stopped=("memory", "steps"))
        for name, (first, warm, last) in FILLED.items()
    ),
    *(
        case(f"walked-{name}", f"{first}\n{warm}\n{last}", stopped="steps", steps=50_000)
        for name, (first, warm, last) in WALKED.items()
    ),
    case(
        "runs-of-one-expression-do-not-meet",
        """
        class P:
            def __init__(self, x): self.x = x
        def make(ps, others):
            return (p.x * (next(others[0], 0) if others else 1) - p.x for p in ps)
        others = []
        g = make([P(3), P(5)], others)
        others.append(make([P(7.5), P(9.5)], []))
        print(list(g))
        """,
        out="[-3.0, -5.0]\n",
    ),
]
