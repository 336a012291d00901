"""Loops that run inside C, where no step of the guest's program is taken."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="c loop", pit=5)

# Sources that walk without building: the steps run out.
WALKS = [
    ("sum-of-a-huge-range", "sum(range(10**18))"),
    ("max-of-a-huge-range", "max(range(10**18))"),
    ("min-of-a-huge-range-with-key", "min(range(10**18), key=abs)"),
    ("text-in-a-huge-range", "'a' in range(10**18)"),
    ("float-in-a-huge-range", "0.5 in range(10**18)"),
    ("range-count", "range(10**18).count('a')"),
    ("range-index", "range(10**18).index('a')"),
    ("any-of-zeros", "import itertools\nany(itertools.repeat(0))"),
    ("all-of-ones", "import itertools\nall(itertools.repeat(1))"),
    ("sum-of-iter-int", "sum(iter(int, 1))"),
    ("in-iter-int", "5 in iter(int, 1)"),
    (
        "deque-maxlen-zero",
        "import collections, itertools\ncollections.deque(itertools.count(), maxlen=0)",
    ),
    ("max-with-append-key", "l = [1]\nmax(l, key=lambda x: l.append(0) or 0)"),
    ("filter-of-nothing", "import itertools\nnext(filter(None, itertools.repeat(0)))"),
    ("dropwhile", "import itertools\nnext(itertools.dropwhile(bool, itertools.repeat(1)))"),
    ("filterfalse", "import itertools\nnext(itertools.filterfalse(bool, itertools.repeat(1)))"),
    (
        "compress-nothing",
        "import itertools\nnext(itertools.compress(itertools.repeat(1), itertools.repeat(0)))",
    ),
    ("islice-far", "import itertools\nnext(itertools.islice(itertools.count(), 10**15, None))"),
    (
        "chain-of-empties",
        "import itertools\nnext(itertools.chain.from_iterable(itertools.repeat(())))",
    ),
    (
        "groupby-one-key",
        "import itertools\ng = itertools.groupby(itertools.repeat(1))\nnext(g)\nnext(g)",
    ),
    ("starmap-repeat", "import itertools\nany(itertools.starmap(int, itertools.repeat(())))"),
    ("zip-in", "import itertools\n5 in zip(itertools.repeat(1))"),
    ("map-in", "import itertools\n'x' in map(int, itertools.repeat('1'))"),
    ("enumerate-in", "import itertools\n5 in enumerate(itertools.repeat(1))"),
    ("cycle-in", "import itertools\n5 in itertools.cycle([1])"),
    ("accumulate-in", "import itertools\n'x' in itertools.accumulate(itertools.repeat(1))"),
    ("takewhile-in", "import itertools\n'x' in itertools.takewhile(bool, itertools.repeat(1))"),
    ("product-in", "import itertools\n'x' in itertools.product(range(3000), repeat=3)"),
    ("permutations-in", "import itertools\n'x' in itertools.permutations(range(30))"),
    ("combinations-in", "import itertools\n'x' in itertools.combinations(range(60), 30)"),
    ("pairwise-in", "import itertools\n'x' in itertools.pairwise(itertools.repeat(1))"),
    ("zip-longest-in", "import itertools\n'x' in itertools.zip_longest(itertools.repeat(1))"),
    ("unpack-mismatch", "import itertools\na, b = map(int, filter(None, itertools.repeat('')))"),
    (
        "reduce",
        "import functools, itertools, operator\nfunctools.reduce(operator.and_, itertools.repeat(1))",
    ),
    ("math-prod-of-ones", "import math, itertools\nmath.prod(itertools.repeat(1))"),
    ("math-fsum", "import math, itertools\nmath.fsum(itertools.repeat(0.0))"),
    ("math-gcd-of-many", "import math\nfor i in range(10**9): math.gcd(*range(10**5))"),
    ("operator-countof", "import operator, itertools\noperator.countOf(itertools.repeat(1), 2)"),
    ("operator-indexof", "import operator, itertools\noperator.indexOf(itertools.repeat(1), 2)"),
    ("operator-contains", "import operator, itertools\noperator.contains(itertools.repeat(1), 2)"),
    ("set-update", "import itertools\nset().update(itertools.repeat(1))"),
    ("set-isdisjoint", "import itertools\n{2}.isdisjoint(itertools.repeat(1))"),
    ("set-difference", "import itertools\n{2}.difference(itertools.repeat(1))"),
    ("set-issuperset", "import itertools\n{1}.issuperset(itertools.repeat(1))"),
    ("dict-fromkeys", "import itertools\ndict.fromkeys(itertools.repeat(1))"),
    ("dict-update", "import itertools\n{}.update(itertools.repeat((1, 2)))"),
    ("frozenset", "import itertools\nfrozenset(itertools.repeat(1))"),
    ("set-display-star", "import itertools\n{*itertools.repeat(1)}"),
    ("print-star", "import itertools\nprint(*itertools.repeat(''), sep='')"),
    ("getitem-protocol", "class G:\n def __getitem__(self, i): return 0\n5 in G()"),
    ("sequence-iterator-of-builtins", "class G:\n __getitem__ = abs\nany(0 * x for x in G())"),
    ("sorted-never-ends", "sorted(iter(int, 1))"),
    (
        "counter-update",
        "import collections\nd = collections.deque([0])\n"
        "d.index(1, 0, 1) if 0 else d.extend(d.popleft() for _ in iter(int, 1))",
    ),
    ("nested-iter-of-next", "n = iter(int, 1).__next__\n5 in iter(n, 1)"),
]

# Sources that build: either the elements or the bytes run out, before the memory is taken.
BUILDS = [
    ("list-of-a-huge-range", "list(range(10**18))"),
    ("list-map-append", "l = [1]\nlist(map(l.append, l))"),
    ("star-range", "[*range(10**18)]"),
    ("tuple-of-count", "import itertools\ntuple(itertools.count())"),
    ("slice-assignment", "x = []\nx[:] = range(10**18)"),
    ("extend", "x = []\nx.extend(range(10**18))"),
    ("extend-self", "x = [1]\nx.extend(iter(x))"),
    ("in-place-add", "x = []\nx += range(10**18)"),
    ("argument-star", "max(*range(10**18))"),
    ("starred-target", "a, *b = range(10**18)"),
    ("dict-of-zip", "import itertools\ndict(zip(itertools.count(), itertools.count()))"),
    ("set-of-range", "set(range(10**18))"),
    ("join-of-repeat", "import itertools\n''.join(itertools.repeat('a'))"),
    ("bytes-join", "import itertools\nb''.join(itertools.repeat(b'a'))"),
    ("bytes-of-range", "bytes(x * 0 for x in range(10**18))"),
    ("bytearray-extend", "import itertools\nbytearray().extend(itertools.repeat(1))"),
    ("comprehension-of-c-iterators", "import itertools\n[x for x in itertools.count()]"),
    ("deque-of-count", "import collections, itertools\ncollections.deque(itertools.count())"),
    (
        "deque-extendleft",
        "import collections, itertools\ncollections.deque().extendleft(itertools.count())",
    ),
    ("tee-lag", "import itertools\na, b = itertools.tee(itertools.count())\n-1 in a"),
    ("cycle-keeps", "import itertools\n-1 in itertools.cycle(range(10**18))"),
    ("product-keeps", "import itertools\nitertools.product(range(10**18))"),
    ("permutations-keeps", "import itertools\nitertools.permutations(range(10**18))"),
    ("zip-star", "import itertools\nzip(*itertools.repeat([1]))"),
    ("format-map-walk", "'{0}'.format(list(range(10**18)))"),
    ("sorted-huge", "sorted(range(10**18))"),
    ("reversed-list", "list(reversed(range(10**18)))"),
    ("exec-list", "exec('list(range(10**18))')"),
    ("list-init", "x = []\nx.__init__(range(10**18))"),
    (
        "ordereddict",
        "import collections, itertools\ncollections.OrderedDict.fromkeys(itertools.count())",
    ),
    (
        "defaultdict-grows",
        "import collections\nd = collections.defaultdict(int)\n"
        "max(map(d.__getitem__, iter(__import__('itertools').count().__next__, -1)))",
    ),
]

# Sources whose result would be too large: refused before a byte is allocated.
SIZES = [
    ("text-times", "'a' * 10**12"),
    ("times-text", "10**12 * 'a'"),
    ("bytes-times", "b'a' * 10**12"),
    ("list-times", "[0] * 10**12"),
    ("tuple-times", "(0,) * 10**12"),
    ("bytearray-times", "bytearray(1) * 10**12"),
    ("in-place-times", "x = 'a'\nx *= 10**12"),
    ("in-place-list-times", "x = [0]\nx *= 10**12"),
    ("method-mul", "'a'.__mul__(10**12)"),
    ("method-rmul", "'a'.__rmul__(10**12)"),
    ("method-imul", "[0].__imul__(10**12)"),
    ("unbound-mul", "str.__mul__('a', 10**12)"),
    ("operator-mul", "import operator\noperator.mul('a', 10**12)"),
    ("operator-imul", "import operator\noperator.imul([0], 10**12)"),
    ("map-operator-mul", "import operator\nlist(map(operator.mul, ['a'], [10**12]))"),
    ("reduce-mul", "import operator, functools\nfunctools.reduce(operator.mul, [10**12, 'a'])"),
    ("percent-width", "'%1000000000d' % 1"),
    ("percent-star", "'%*d' % (10**9, 1)"),
    ("percent-precision", "'%.1000000000f' % 1.0"),
    ("percent-bytes", "b'%1000000000d' % 1"),
    ("percent-mod-method", "'%1000000000d'.__mod__(1)"),
    ("fstring-width", "f'{1:1000000000}'"),
    ("fstring-nested-width", "w = 10**9\nf'{1:{w}}'"),
    ("fstring-precision", "f'{1.0:.1000000000f}'"),
    ("fstring-text-width", "f'{chr(97):>1000000000}'"),
    ("format-width", "format(1, '1000000000')"),
    ("str-format-width", "'{:1000000000}'.format(1)"),
    ("str-format-nested", "'{:{}}'.format(1, 10**9)"),
    ("str-format-map", "'{a:1000000000}'.format_map({'a': 1})"),
    ("format-method", "(1).__format__('1000000000')"),
    ("text-format-method", "'a'.__format__('1000000000')"),
    ("center", "'a'.center(10**12)"),
    ("ljust", "'a'.ljust(10**12)"),
    ("rjust", "b'a'.rjust(10**12)"),
    ("zfill", "'1'.zfill(10**12)"),
    ("expandtabs", "'\\t'.expandtabs(10**9)"),
    ("replace-blows-up", "('a' * 10**4).replace('a', 'b' * 10**6)"),
    ("join-blows-up", "('b' * 10**6).join(['a'] * 10**4)"),
    ("translate-blows-up", "('a' * 10**4).translate({97: 'b' * 10**6})"),
    ("bytes-of-int", "bytes(10**12)"),
    ("bytearray-of-int", "bytearray(10**12)"),
    ("power", "10 ** 10 ** 10"),
    ("power-in-place", "x = 10\nx **= 10**10"),
    ("power-call", "pow(10, 10**10)"),
    ("power-method", "(10).__pow__(10**10)"),
    ("power-operator", "import operator\noperator.pow(10, 10**10)"),
    ("shift", "1 << 10**12"),
    ("shift-in-place", "x = 1\nx <<= 10**12"),
    ("shift-method", "(1).__lshift__(10**12)"),
    ("rlshift-method", "(10**12).__rlshift__(1)"),
    ("to-bytes", "(1).to_bytes(10**12, 'big')"),
    ("deque-times", "import collections\ncollections.deque([1]) * 10**12"),
    ("repeat-into-list-length", "import itertools\nlist(itertools.repeat(0, 10**12))"),
    ("sum-of-lists", "x = [0] * 10**5\nwhile True: x = x + x"),
    ("doubling-text", "x = 'a'\nwhile True: x += x"),
    ("doubling-by-fstring", "x = 'a'\nwhile True: x = f'{x}{x}'"),
    ("doubling-by-format", "x = 'a'\nwhile True: x = '{0}{0}'.format(x)"),
    ("doubling-by-percent", "x = 'a'\nwhile True: x = '%s%s' % (x, x)"),
    ("doubling-by-join", "x = 'a'\nwhile True: x = ''.join([x, x])"),
    ("squaring", "x = 3\nwhile True: x = x * x"),
    ("squaring-by-pow", "x = 3\nwhile True: x = x ** 2"),
]

CASES: list[Case] = [
    *(case(f"walk-{name}", src, stopped="steps") for name, src in WALKS),
    *(case(f"build-{name}", src, stopped=("steps", "memory")) for name, src in BUILDS),
    *(case(f"size-{name}", src, stopped=("memory", "steps")) for name, src in SIZES),
    case(
        "repr-of-a-list-in-itself",
        "x = []\nx.append(x)\nrepr(x)",
        value="[[...]]",
    ),
    case(
        "repr-of-a-deep-list",
        """
        x = []
        for _ in range(100_000):
            x = [x]
        repr(x)
        """,
        stopped="depth",
        steps=200_000,
    ),
    case(
        "equality-of-deep-lists",
        """
        x, y = [], []
        for _ in range(50_000):
            x, y = [x], [y]
        x == y
        """,
        stopped="depth",
        steps=200_000,
    ),
    *(
        case(
            f"hash-of-a-very-deep-{name}",
            f"""
            x = {start}
            for _ in range(1_000_000):
                x = {step}
            {use}
            """,
            stopped="depth",
            steps=10_000_000,
            memory=512 * 2**20,
            wall=20,
        )
        for name, start, step, use in [
            ("tuple", "()", "(x,)", "hash(x)"),
            ("tuple-as-a-key", "()", "(x,)", "{x: 1}"),
            ("tuple-in-a-set", "()", "(x,)", "x in {1}"),
            ("alias", "int", "list[x]", "hash(x)"),
        ]
    ),
    case(
        "deep-method-is-called",
        """
        class C:
            def m(self, *a): return len(a)
        m = C().m
        for _ in range(20_000): m = type(m)(m, 1)
        m()
        """,
        raises="TypeError",
        about="nested too deeply",
    ),
    case(
        "equality-of-lists-in-themselves",
        """
        x = []; x.append(x)
        y = []; y.append(y)
        x == y
        """,
        stopped="depth",
    ),
    case(
        "deep-list-is-dropped",
        """
        x = []
        for _ in range(150_000):
            x = [x]
        x = None
        'alive'
        """,
        value="alive",
        steps=200_000,
    ),
    case(
        "deep-instance-chain-is-dropped",
        """
        class N:
            pass
        head = None
        for _ in range(50_000):
            n = N()
            n.next = head
            head = n
        head = n = None
        'alive'
        """,
        value="alive",
    ),
    case(
        "deep-generator-chain-is-dropped",
        """
        g = iter(())
        for _ in range(50_000):
            g = (x for x in g)
        g = None
        'alive'
        """,
        value="alive",
    ),
    case(
        "deep-partial-is-called",
        """
        import functools
        f = int
        class P(functools.partial): pass
        for _ in range(100_000):
            f = P(f)
        f()
        """,
        value=0,
        steps=200_000,
    ),
    case(
        "deep-class-hierarchy",
        """
        class C: pass
        for _ in range(100_000):
            C = type('C', (C,), {})
        """,
        stopped=("steps", "memory", "depth"),
    ),
    case(
        "deep-union-type",
        """
        x = int | str
        for i in range(100_000):
            x = list[x]
        repr(x)
        """,
        stopped=("steps", "depth"),
    ),
    case(
        "int-of-a-million-digits",
        "int('9' * 4_500)",
        raises="ValueError",
    ),
    case(
        "str-of-a-huge-int",
        "str(1 << 20_000)",
        raises="ValueError",
    ),
    *(
        case(f"hook-{name}", "import itertools\n" + src, stopped=("steps", "memory"))
        for name, src in [
            (
                "match-star-on-a-lying-length",
                "class L(list):\n    def __len__(self): return 10**12\n    __getitem__ = abs\n"
                "match L([1, 2]):\n    case [a, *b]: pass",
            ),
            (
                "match-star-on-a-slow-sequence",
                "class L(list):\n    def __len__(self): return 10**9\n    __getitem__ = abs\n"
                "match L([1, 2]):\n    case [*b, a]: pass",
            ),
            (
                "match-rest-on-endless-keys",
                "class D(dict):\n    def keys(self): return itertools.repeat('a')\n"
                "    def __iter__(self): return itertools.repeat('a')\n"
                "match D(a=1):\n    case {**rest}: pass",
            ),
            (
                "dict-of-endless-keys",
                "class D(dict):\n    def keys(self): return itertools.repeat('a')\n"
                "    def __iter__(self): return itertools.repeat('a')\n"
                "dict(D(a=1))",
            ),
            (
                "dict-of-a-mapping-with-endless-keys",
                "class D:\n    def keys(self): return itertools.repeat(1)\n    __getitem__ = abs\n"
                "dict(D())",
            ),
            (
                "dict-update-of-a-mapping-with-endless-keys",
                "class D:\n    def keys(self): return itertools.repeat(1)\n    __getitem__ = abs\n"
                "{}.update(D())",
            ),
            (
                "dict-display-of-endless-keys",
                "class D:\n    def keys(self): return itertools.repeat(1)\n    __getitem__ = abs\n"
                "{**D()}",
            ),
            (
                "dict-or-of-endless-keys",
                "class D:\n    def keys(self): return itertools.repeat(1)\n    __getitem__ = abs\n"
                "d = {}\nd |= D()",
            ),
            (
                "call-with-endless-keywords",
                "class D:\n    def keys(self): return itertools.repeat('a')\n"
                "    __getitem__ = len\ndict(**D())",
            ),
            (
                "ordereddict-of-endless-keys",
                "import collections\n"
                "class D:\n    def keys(self): return itertools.repeat(1)\n    __getitem__ = abs\n"
                "collections.OrderedDict(D())",
            ),
            (
                "defaultdict-of-endless-keys",
                "import collections\n"
                "class D:\n    def keys(self): return itertools.repeat(1)\n    __getitem__ = abs\n"
                "collections.defaultdict(int, D())",
            ),
            (
                "star-import-of-endless-names",
                "import math\nmath.__all__ = itertools.repeat('pi')\nexec('from math import *')",
            ),
            (
                "slots-without-end",
                "class C:\n    __slots__ = itertools.repeat('a')",
            ),
            (
                "slots-by-type",
                "type('C', (), {'__slots__': map(str, itertools.count())})",
            ),
            (
                "bases-without-end",
                "class B:\n    def __mro_entries__(self, b): return tuple(itertools.repeat(object))\n"
                "class C(B()): pass",
            ),
            (
                "dir-that-gives-endless-names",
                "class C:\n    def __dir__(self): return map(str, itertools.count())\ndir(C())",
            ),
            (
                "slice-store-of-endless-values",
                "x = [0]\nx[0:1] = itertools.repeat(1)",
            ),
            (
                "bytearray-store-of-endless-values",
                "x = bytearray(1)\nx[0:1] = itertools.repeat(1)",
            ),
            (
                "yield-from-without-end",
                "def g(): yield from itertools.repeat(1)\nfor x in g(): pass",
            ),
            (
                "yield-from-driven-in-c",
                "def g(): yield from itertools.repeat(1)\n5 in g()",
            ),
            (
                "iterator-method-in-c",
                "class C:\n    __iter__ = lambda self: itertools.repeat(1)\n5 in C()",
            ),
            (
                "next-method-in-c",
                "class C:\n    def __iter__(self): return self\n"
                "    __next__ = itertools.repeat(1).__next__\n5 in C()",
            ),
            (
                "contains-method-in-c",
                "class C:\n    def __contains__(self, x): return x in itertools.repeat(1)\n5 in C()",
            ),
            (
                "getitem-protocol-in-c",
                "class C:\n    __getitem__ = (1).__add__\n'x' in C()",
            ),
            (
                "unpack-of-a-c-iterator",
                "a, *b = itertools.repeat(1)",
            ),
            (
                "string-join-of-a-guest-sequence",
                "class C:\n    __getitem__ = str\n''.join(C())",
            ),
            (
                "sorted-of-a-guest-sequence",
                "class C:\n    __getitem__ = abs\nsorted(C())",
            ),
            (
                "reversed-of-a-lying-length",
                "class C:\n    def __len__(self): return 10**15\n    __getitem__ = abs\n"
                "'x' in reversed(C())",
            ),
            (
                "operator-length-in-a-loop-of-c",
                "import operator, functools\n"
                "functools.reduce(operator.xor, map(len, itertools.repeat('')))",
            ),
            (
                "async-comprehension-of-c",
                "async def f(): return [x for x in itertools.repeat(1)]\n"
                "try:\n    f().send(None)\nexcept StopIteration: pass",
            ),
            (
                "except-tuple-without-end",
                "try:\n    1 / 0\nexcept (*itertools.repeat(ValueError),): pass",
            ),
            (
                "percent-tuple",
                "'%s' * 5 % (*itertools.repeat(1),)",
            ),
            (
                "subscript-star",
                "class C:\n    def __class_getitem__(c, k): return k\nC[*itertools.repeat(1)]",
            ),
            (
                "return-star",
                "def f(): return *itertools.repeat(1), 2\nf()",
            ),
            (
                "delete-slice-in-a-loop",
                "l = [0] * 100_000\nwhile True:\n    del l[0:1]\n    l.append(0)",
            ),
            (
                "super-list-init",
                "class L(list):\n    def __init__(self): super().__init__(itertools.repeat(1))\nL()",
            ),
            (
                "tuple-new",
                "tuple.__new__(tuple, itertools.repeat(1))",
            ),
            (
                "tuple-subclass-new",
                "class T(tuple): pass\nT(itertools.repeat(1))",
            ),
            (
                "tuple-subclass-by-map",
                "class T(tuple): pass\nlist(map(T, [itertools.repeat(1)]))",
            ),
            (
                "int-subclass-of-a-long-text",
                "class I(int): pass\nwhile True: I('1' * 4000)",
            ),
            (
                "wraps-names-without-end",
                "import functools\n"
                "functools.update_wrapper(lambda: 0, lambda: 0, assigned=itertools.repeat('x'))",
            ),
            (
                "partial-arguments",
                "import functools\nfunctools.partial(max, *itertools.repeat(1))",
            ),
            (
                "cmp-to-key-sort",
                "import functools\nsorted(range(10**6), key=functools.cmp_to_key(lambda a, b: a - b))",
            ),
            (
                "attrgetter-of-many",
                "import operator\noperator.attrgetter(*['real'] * 10**9)",
            ),
            (
                "itemgetter-of-many",
                "import operator\ng = operator.itemgetter(*[0] * 100_000)\nwhile True: g([1])",
            ),
        ]
    ),
    case(
        "json-of-an-endless-list-subclass",
        """
        import json, itertools
        class L(list):
            def __iter__(self): return itertools.repeat(1)
        class D(dict):
            def items(self): return itertools.repeat(('a', 1))
        json.dumps(L([1])), json.dumps(D(a=1))
        """,
        stopped=("steps", "memory"),
    ),
    *[
        case(f"chained-{name}", source, pit=5, attack="C loop", stopped="steps")
        for name, source in {
            "in-then-less-of-endless": "import itertools\n0 in itertools.repeat(1) < 3",
            "less-then-in-endless": "import itertools\n0 < 1 in itertools.repeat(2)",
            "for-loop-of-endless": "import itertools\nfor _ in itertools.repeat(1): pass",
            "in-twice-of-endless": "import itertools\n0 in itertools.repeat(1) in [2]",
        }.items()
    ],
]
