"""Programs that change under the optimiser's feet: what was a leaf is not, what was is not."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="elision", pit=27)

CASES: list[Case] = [
    case(
        "leaf-rebound-to-recurse",
        """
        def leaf(x): return x + 1
        def caller(x): return leaf(x)
        leaf = lambda x: caller(x)
        caller(1)
        """,
        stopped="depth",
    ),
    case(
        "leaf-rebound-through-globals",
        """
        def leaf(x): return x + 1
        def caller(x): return leaf(x)
        globals()['leaf'] = caller
        caller(1)
        """,
        stopped="depth",
    ),
    case(
        "leaf-rebound-through-exec",
        """
        def leaf(x): return x + 1
        def caller(x): return leaf(x)
        exec('leaf = caller')
        caller(1)
        """,
        stopped="depth",
    ),
    case(
        "leaf-rebound-by-nonlocal",
        """
        def outer():
            def leaf(): return 1
            def caller(): return leaf()
            def swap():
                nonlocal leaf
                leaf = caller
            swap()
            return caller()
        outer()
        """,
        stopped="depth",
    ),
    case(
        "method-rebound-on-the-class",
        """
        class C:
            def leaf(self): return 1
            def caller(self): return self.leaf()
        C.leaf = C.caller
        C().caller()
        """,
        stopped="depth",
    ),
    case(
        "method-rebound-on-the-instance",
        """
        class C:
            def leaf(self): return 1
            def caller(self): return self.leaf()
        c = C()
        c.leaf = c.caller
        c.caller()
        """,
        stopped="depth",
    ),
    case(
        "range-rebound-at-module-level",
        """
        range = lambda n: iter(int, 1)
        for i in range(3): pass
        """,
        stopped="steps",
    ),
    case(
        "range-rebound-through-globals",
        """
        def f():
            for i in range(3): pass
        f()
        globals()['range'] = lambda n: iter(int, 1)
        f()
        """,
        stopped="steps",
    ),
    case(
        "range-rebound-by-a-generator-half-way",
        """
        def g():
            yield 1
            globals()['range'] = lambda n: iter(int, 1)
            yield 2
        for _ in g():
            for i in range(3): pass
        """,
        stopped="steps",
    ),
    case(
        "range-as-an-argument",
        """
        def f(range):
            for i in range(3): pass
        f(lambda n: iter(int, 1))
        """,
        stopped="steps",
    ),
    case(
        "range-as-an-object-with-a-call",
        """
        class R:
            def __call__(self, n): return self
            def __iter__(self): return self
            def __next__(self): return 1
        range = R()
        for i in range(3): pass
        """,
        stopped="steps",
    ),
    case("range-itself-is-charged-at-once", "for i in range(10**18): pass", stopped="steps"),
    case("range-backwards", "for i in range(10**18, 0, -1): pass", stopped="steps"),
    case("range-with-a-step", "for i in range(0, 10**18, 7): pass", stopped="steps"),
    case("range-in-a-name", "r = range(10**18)\nfor i in r: pass", stopped="steps"),
    case("range-comprehension", "{i % 2 for i in range(10**18)}", stopped="steps"),
    case(
        "range-left-early-is-fair",
        """
        def f():
            for i in range(150_000):
                if i == 3: return i
        f()
        """,
        value=3,
    ),
    case(
        "range-bounds-change-in-the-loop",
        """
        n = 3
        seen = 0
        for i in range(n):
            n += 1
            seen += 1
        seen, n
        """,
        value=(3, 6),
    ),
    case(
        "range-bound-that-lies",
        """
        class I(int):
            def __index__(self): return 10**18
            def __gt__(self, o): return False
        seen = 0
        for i in range(I(3)): seen += 1
        seen
        """,
        value=3,
    ),
    case(
        "len-rebound",
        """
        len = lambda x: 10**18
        for i in range(len([1])): pass
        """,
        stopped="steps",
    ),
    case(
        "list-grows-in-its-loop",
        """
        l = [1]
        for x in l: l.append(x)
        """,
        stopped=("steps", "memory"),
    ),
    case(
        "list-grows-through-an-alias",
        """
        l = [1]
        m = l
        for x in l: m.append(x)
        """,
        stopped=("steps", "memory"),
    ),
    case(
        "list-grows-in-a-callee",
        """
        l = [1]
        def grow(): l.append(1)
        for x in l: grow()
        """,
        stopped=("steps", "memory"),
    ),
    case(
        "list-grows-in-a-comprehension",
        "l = [1]\n[l.append(x) for x in l]",
        stopped=("steps", "memory"),
    ),
    case(
        "list-grows-in-enumerate",
        "l = [1]\nfor i, x in enumerate(l): l.append(i)",
        stopped=("steps", "memory"),
    ),
    case(
        "list-grows-in-zip",
        "l = [1]\nfor a, b in zip(l, l): l.append(a)",
        stopped=("steps", "memory"),
    ),
    case(
        "list-grows-in-reversed-does-not",
        "l = [1, 2]\nfor x in reversed(l): l.append(x)\nl",
        value=[1, 2, 2, 1],
    ),
    case(
        "deque-rotates-in-its-loop",
        "import collections\nd = collections.deque([1])\nfor x in d: d.append(x)",
        raises="RuntimeError",
    ),
    case(
        "literal-grows-in-its-loop",
        "for x in (l := [1]): l.append(x)",
        stopped=("steps", "memory"),
    ),
    case(
        "recursion-through-a-property",
        """
        class C:
            @property
            def x(self): return self.x
        C().x
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-operators",
        """
        class C:
            def __add__(self, o): return self * o
            def __mul__(self, o): return self + o
        C() + 1
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-a-decorator",
        """
        def d(f):
            @d
            def g(): pass
            return g
        @d
        def f(): pass
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-a-default",
        """
        def f(x=None):
            def g(y=f()): pass
        f()
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-a-comprehension",
        "f = lambda: [f() for _ in [1]]\nf()",
        stopped="depth",
    ),
    case(
        "recursion-through-iteration",
        """
        class C:
            def __iter__(self):
                for x in self: yield x
        list(C())
        """,
        stopped=("depth", "steps"),
    ),
    case(
        "recursion-through-contains",
        """
        class C:
            def __contains__(self, x): return x in self
        1 in C()
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-format",
        """
        class C:
            def __format__(self, s): return f'{self}'
        f'{C()}'
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-hash",
        """
        class C:
            def __hash__(self): return hash(self)
        {C()}
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-call",
        """
        class C:
            def __call__(self): return self()
        C()()
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-with",
        """
        class C:
            def __enter__(self):
                with self: pass
            def __exit__(self, *a): pass
        with C(): pass
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-new",
        """
        class C:
            def __new__(cls): return C()
        C()
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-a-metaclass",
        """
        class M(type):
            def __call__(cls): return cls()
        class C(metaclass=M): pass
        C()
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-a-class-body",
        """
        def f():
            class C:
                x = f()
        f()
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-a-descriptor",
        """
        class D:
            def __get__(self, o, c): return c.d
        class C: d = D()
        C.d
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-set-attribute",
        """
        class C:
            def __setattr__(self, n, v): self.x = v
        C().x = 1
        """,
        stopped="depth",
    ),
    case(
        "recursion-through-exec",
        "src = 'exec(src)'\nexec(src)",
        stopped="depth",
    ),
    case(
        "recursion-through-eval-in-a-child",
        "src = 'cap_exec(src, {\"src\": src})'\ncap_exec(src, {'src': src})",
        stopped=("depth", "steps"),
    ),
    case(
        "recursion-through-sorted-key",
        "def k(x): return sorted([1, 2], key=k)\nsorted([1, 2], key=k)",
        stopped="depth",
    ),
    case(
        "recursion-through-reduce",
        "import functools\nf = lambda a, b: functools.reduce(f, [1, 2])\nf(1, 2)",
        stopped="depth",
    ),
    case(
        "recursion-through-the-host",
        "def f(): return call(f)\nf()",
        stopped="depth",
    ),
    case(
        "recursion-through-partial",
        "import functools\ndef f(): return functools.partial(f)()\nf()",
        stopped="depth",
    ),
    case(
        "type-of-a-variable-changes-in-the-loop",
        """
        class V:
            def __add__(self, o): return (i for i in 'a').gi_frame.f_builtins
        x = 1
        for i in range(1000):
            x = x + 1
            if i == 998: x = V()
        x
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "integer-grows-in-the-loop",
        """
        x = 3
        for i in range(10**5):
            x = x * x
        """,
        stopped=("memory", "steps"),
    ),
    case(
        "float-becomes-text-in-the-loop",
        """
        x = 1.0
        for i in range(200):
            x = x * 2 if i < 100 else 'a' * 10**10
        """,
        stopped="memory",
    ),
    case(
        "attribute-becomes-a-property-in-the-loop",
        """
        class C: x = 1
        c = C()
        r = 0
        for i in range(100):
            r += c.x
            if i == 50: C.x = property(lambda s: (i for i in 'a').gi_frame.f_builtins)
        r
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "builtin-shadowed-by-a-class-body",
        """
        class C:
            range = lambda n: iter(int, 1)
            for i in range(3): pass
        """,
        stopped="steps",
    ),
    case(
        "builtin-shadowed-by-star-import",
        """
        from operator import *
        for i in [1, 2]: pass
        pow is not None
        """,
        value=True,
    ),
    case(
        "builtin-shadowed-by-except-as-and-deleted",
        """
        try:
            1 / 0
        except ZeroDivisionError as len:
            pass
        len('abc')
        """,
        value=3,
    ),
    case(
        "builtin-shadowed-by-a-loop-variable",
        """
        def f():
            for range in [lambda n: iter(int, 1)]:
                for i in range(3): pass
        f()
        """,
        stopped="steps",
    ),
    case(
        "while-true-with-continue",
        "while True:\n    continue",
        stopped="steps",
    ),
    case(
        "while-with-else-and-break",
        """
        n = 0
        while n < 5:
            n += 1
        else:
            while True:
                while True: break
        """,
        stopped="steps",
    ),
    case(
        "while-condition-that-works",
        "import itertools\nwhile 5 not in itertools.repeat(1): pass",
        stopped="steps",
    ),
    case(
        "while-condition-by-walrus",
        "n = 0\nwhile (n := n + 1): pass",
        stopped="steps",
    ),
    case(
        "empty-loop-body-in-a-lambda",
        "(lambda: [0 for _ in iter(int, 1)])()",
        stopped=("steps", "memory"),
    ),
    case(
        "loop-in-a-finally-after-return",
        "def f():\n    try:\n        return 1\n    finally:\n        while True: pass\nf()",
        stopped="steps",
    ),
    case(
        "exact-budget-is-enough",
        "for i in range(100): pass\n'alive'",
        value="alive",
        steps=2_000,
    ),
]

# A name that is a float wherever the compiler looks first, and a list where it is used: without a guard
# the product would be made.
REBOUND = {
    "nonlocal": "x = 1.0\ndef g():\n    nonlocal x\n    x = [0]\ng()",
    "nonlocal-of-nested": "x = 1.0\ndef g():\n    def h():\n        nonlocal x\n        x = [0]\n    h()\ng()",
    "nonlocal-in-class": "x = 1.0\nclass K:\n    nonlocal x\n    x = [0]",
    "private-nonlocal": "_C__x = 1.0\nclass C:\n    def g(self):\n        nonlocal __x\n        __x = [0]\n"
    "C().g()\nx = _C__x",
    "walrus-in-comprehension": "x = 1.0\n[x := [0] for _ in [1]]",
    "walrus-in-generator-expression": "x = 1.0\ng = ((x := v) for v in [[0]])\nnext(g)",
    "walrus-in-nested-comprehension": "x = 1.0\n[[x := [0] for _ in [1]] for _ in [1]]",
    "walrus-in-default": "x = 1.0\ndef g(y=(x := [0])): pass",
    "walrus-in-lambda-default": "x = 1.0\nlambda y=(x := [0]): 0",
    "walrus-in-decorator": "x = 1.0\n@(x := [0]) and (lambda f: f)\ndef g(): pass",
    "walrus-in-base": "x = 1.0\nclass K(*((x := [0]) and [])): pass",
    "walrus-in-f-string": "x = 1.0\nf'{(x := [0])}'",
    "walrus-in-index": "x = 1.0\n[0, 1][(x := [0]) and 1]",
    "walrus-in-test": "x = 1.0\nif (x := [0]): pass",
    "loop-target": "x = 1.0\nfor x in [[0]]: pass",
    "inner-loop-target": "x = 1.0\nfor a, (b, x) in [(1, (2, [0]))]: pass",
    "star-target": "x = 1.0\n*x, a = [0, 1]",
    "with-target": "import contextlib\nx = 1.0\nwith contextlib.nullcontext([0]) as x: pass",
    "exception-target": "x = 1.0\nclass E(Exception):\n    def __mul__(self, n): return [0] * n\n"
    "try: raise E\nexcept E as x: x * 10**10",
    "match-capture": "x = 1.0\nmatch [0]:\n    case x: pass",
    "match-as": "x = 1.0\nmatch [0]:\n    case [0] as x: pass",
    "match-star": "x = 1.0\nmatch [0, 1]:\n    case [*x, 1]: pass",
    "match-rest": "x = 1.0\nmatch {'a': [0]}:\n    case {**x}: x = x['a']",
    "import": "x = 1.0\nfrom string import ascii_letters as x",
    "in-place": "x = 1.0\nclass Z:\n    def __rsub__(self, o): return [0]\nx -= Z()",
    "reflected-result": "class Z:\n    def __rmul__(self, o): return [0]\nx = 1.0 * Z()",
    "own-result": "class Z:\n    def __neg__(self): return [0]\nx = -Z()",
    "difference-of-objects": "class Z:\n    def __sub__(self, o): return 'ab'\nx = Z() - 1",
    "subclass-of-float": "class F(float):\n    def __mul__(self, n): return [0] * n\nx = F(1.0)",
    "subclass-of-int": "class I(int):\n    def __mul__(self, n): return [0] * n\nx = I(1)",
    "for-else": "x = 1.0\nfor _ in []: pass\nelse: x = [0]",
    "annotated": "x: float = 1.0\nx: float = [0]",
    "chain": "x = y = 1.0\ny = x = [0]",
    "swap": "x, y = 1.0, [0]\nx, y = y, x",
    "generator": "x = 1.0\ndef g():\n    nonlocal x\n    yield\n    x = [0]\nfor _ in g(): x * 2.0",
    "half-a-product": "def g():\n    nonlocal x\n    x = [0]\n    return 1.0\nx = 1.0\nx * g()",
    "parameter-default": "def g(x=[0]): return x\nx = g()",
}
# A whole number that grows until an operator on it is work.
GROWN = {
    "squares": "x = 3\nwhile True: x = x * x",
    "in-place-squares": "x = 3\nwhile True: x *= x",
    "sums": "x = 1\nfor _ in range(10**9): x = x + x",
    "differences": "x = 1\nfor _ in range(10**9): x = x - -x",
    "shifts": "x = 1\nwhile True: x = x << 900",
    "powers": "x = 3\nwhile True: x = x ** 100",
    "from-range": "for x in range(1 << 9_000_000, (1 << 9_000_000) + 10**9): x * x",
    "negatives": "x = -3\nwhile True: x = -(x * x)",
    "held": "o = {'x': 3}\nwhile True: o['x'] = o['x'] * o['x']",
    "attribute": "class O: x = 3\no = O()\nwhile True: o.x *= o.x",
}


def _in_function(body: str, last: str) -> str:
    inner = "\n".join(f"    {line}" for line in body.splitlines())
    return f"def f():\n{inner}\n    {last}\nf()\n"


CASES += [
    *(
        case(f"float-{n}", _in_function(b, "return x * 10**10"), stopped="memory")
        for n, b in REBOUND.items()
    ),
    *(
        case(f"grown-{n}", _in_function(b, "return 0"), stopped=("steps", "memory"))
        for n, b in GROWN.items()
    ),
]

# An index that was tested, and that is another one when it is used: a generator expression binds a name
# of its function whenever somebody resumes it.
_RESUMED = """
import itertools
class Box:
    @property
    def x(self):
        next(self.g, None)
        return self.of
    def __call__(self, n):
        next(self.g, None)
        return n
b = Box()
b.of = [1, 2, 3]
endless = itertools.repeat(1)
{body}
"""
RESUMED = {
    "item-target": "def f(vals):\n i = 0\n b.g = ((i := v) for v in vals)\n b.x[i] = endless\nf([slice(None)])",
    "item-target-deeper": "def f(vals):\n i = 0\n b.g = ([[i := v for _ in '1'] for _ in '1'] for v in vals)\n"
    " b.x[i] = endless\nf([slice(None)])",
    "item-target-condition": "def f(vals):\n i = 0\n b.g = (1 for v in vals if (i := v))\n"
    " b.x[i] = endless\nf([slice(None)])",
    "augmented-target": "def f(vals):\n i = 0\n b.g = ((i := v) for v in vals)\n b.x[i] += b(1)\n"
    " b.x[i] = endless\nf([0, slice(None)])",
    "piece": "def f(vals, i):\n b.g = ((i := v) for v in vals)\n for _ in vals:\n"
    "  k = i + i * 2.0 - i\n  m = b(k)\n  return i * 10**10\nf([[0]], 1.0)",
    "product": "def f(vals):\n i = 1.0\n b.g = ((i := v) for v in vals)\n return i + b(1) + i * 10**10\nf([[0]])",
}
CASES += [
    case(f"resumed-{n}", _RESUMED.format(body=body), stopped=("steps", "memory"))
    for n, body in RESUMED.items()
]
