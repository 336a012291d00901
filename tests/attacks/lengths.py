"""Work that stands in lengths: long parts of short containers, wide tuples, large numbers, deep chains
of small objects, and rings that C code goes round."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

BUDGET = ("steps", "memory")
hidden = partial(new_case, attack="hidden work", pit=16, stopped=BUDGET, steps=100_000)
nested = partial(new_case, attack="shared nests", pit=22, stopped=BUDGET, steps=100_000)
crashed = partial(new_case, attack="C stack", pit=5, stopped=("steps", "memory", "depth"), steps=None)
endless = partial(new_case, attack="C loop", pit=5, stopped="steps", steps=100_000)

TEXT = "s = 'a' * 10_000_000\n"
LONG_PARTS = {
    "repr": "repr([s] * 1000)",
    "percent": "'%s' % ([s] * 1000,)",
    "percent-by-name": "'%(x)s' * 1000 % {'x': s}",
    "percent-bytes": "b'%s' * 10 % ((bytearray(10**8),) * 10)",
    "json": "import json\njson.dumps([s] * 1000)",
    "message": "raise ValueError([s] * 1000)",
    "translate-by-list": "('\\0' * 1000).translate([s])",
    "translate-by-dict": "('\\0' * 1000).translate({0: s})",
    "join-bytes": "b''.join([bytearray(10**7)] * 300)",
    "format": "'{0}{0}{0}{0}'.format([s] * 300)",
    "repr-of-a-dict": "repr({i: s for i in range(1000)})",
    "f-string": "f'{[s] * 1000}'",
    "wide-characters": "'\\U0001F600' * (250 * 10**6)",
}
NUMBER = "import math, itertools\nB = 1 << 10**8\n"
LARGE_NUMBERS = {
    "plus-one-kept": "[B + i for i in range(1000)]",
    "range": "list(range(B, B + 1000))",
    "plus-one": "for i in range(20000): B + 1",
    "minus-one": "for i in range(20000): B - 1",
    "floor": "for i in range(20000): B // 3",
    "true-division": "for i in range(20000): B / (B + 1)",
    "or": "for i in range(20000): B | 1",
    "or-by-method": "for i in range(20000): B.__or__(1)",
    "add-by-method": "for i in range(20000): B.__add__(1)",
    "sum": "sum([B] * 20000)",
    "hash-in-a-tuple": "hash((B,) * 20000)",
    "comb": "math.comb(1 << 10**7, 100)",
    "negative": "for i in range(20000): -B",
    "comparison": "for i in range(20000): B == B + 0",
    "times-three": "for i in range(20000): B * 3",
}
SEARCHES = {
    "rfind": "('a' * 10**6).rfind('ab' + 'a' * 400000)",
    "rsplit": "('a' * 10**6).rsplit('ab' + 'a' * 400000)",
    "strip": "('a' * 10**6).strip('b' * 10**7 + 'a')",
    "startswith": "('a' * 10**6).startswith(('a' * 10**6 + 'b',) * 10**6)",
    "count": "([bytes(10**7)] * 100000).count(bytes(10**7 - 1) + b'a')",
    "in": "bytes(10**7 - 1) + b'a' in [bytes(10**7)] * 100000",
    "contains-by-method": "for i in range(90000): str.__contains__('a' * 10**6, 'ab')",
    "reverse": "l = [0] * 3_000_000\nfor i in range(80000): l.reverse()",
    "bases": "C = object\nfor i in range(20000): C = type('C', (C,), {})",
}
FLOODS = {
    "tuples-of-minus-one-and-two": "import itertools\nset(itertools.product((-1, -2), repeat=14))",
    "complex-numbers": "d = {}\nfor i in range(20000): d[complex(-1000003 * i, i)] = 0",
    "own-hash": "class K:\n    __hash__ = lambda s: 1\nd = {}\nfor i in range(60000): d[K()] = 0",
    "own-hash-in-a-set": "class K:\n    __hash__ = lambda s: 1\nset([K() for i in range(60000)])",
    "nested-tuples": "import itertools\nt = itertools.product((-1, -2), repeat=7)\n"
    "set(((a, b), 1) for a in list(t) for b in itertools.product((-1, -2), repeat=7))",
}
NEST = "t = (1,)\nfor i in range(60): t = (t, t)\n"
CARRIED = {
    "repeat": "import itertools\nrepr(itertools.repeat((t, t)))",
    "ordered-items": "import collections\nrepr(collections.OrderedDict(a=t).items())",
    "partial": "import functools\nclass P(functools.partial): pass\nrepr(P(len, t))",
    "method": "class C:\n    def m(s): pass\nrepr(type(C().m)(len, t))",
    "file-name-of-an-error": "str(OSError(1, 'x', t))",
    "union": "hash(tuple[t, t] | int)",
    "static-method": "repr(staticmethod(t))",
    "item-getter": "import operator\nrepr(operator.itemgetter(t, 1))",
    "simple-namespace": "try: cap_compile('(((')\nexcept Exception as e: ns = e.violations[0]\n"
    "ns.a = t\nrepr(ns)",
}
CARRIERS = {
    "map": "map(None.__eq__, x)",
    "enumerate": "enumerate(x)",
    "zip": "zip(x)",
    "filter": "filter(None, x)",
    "repeat": "itertools.repeat(x)",
    "chain": "itertools.chain(x)",
    "tee": "itertools.tee(x)[0]",
    "property": "property(x)",
    "static-method": "staticmethod(x)",
    "class-method": "classmethod(x)",
    "method": "type(C().m)(len, x)",
    "slice": "slice(x)",
    "call-iterator": "iter(len, x)",
    "comparison-key": "functools.cmp_to_key(x)",
    "comparison-key-of": "functools.cmp_to_key(len)(x)",
    "partial": "attributed(functools.partial(len, x))",
    "alias": "tuple[x]",
    "cache": "functools.lru_cache(None)(x if callable(x) else len)",
}
BY_ITEMS = {
    "exception-group": "ExceptionGroup('m', S())",
    "fsum": "math.fsum(S())",
    "from-bytes": "int.from_bytes(S())",
    "list": "list(S())",
    "max": "max(S())",
    "join": "''.join(S())",
    "set": "set(S())",
    "sorted": "sorted(S())",
    "deque": "collections.deque(S())",
    "in": "5.5 in S()",
    "sum": "sum(S())",
    "extend": "[].extend(S())",
    "star": "[*S()]",
    "reduce": "functools.reduce(max, S())",
    "view": "{}.keys() | S()",
    "view-by-method": "{}.keys().__or__(S())",
}
RINGS = {
    "bases-in-a-ring": "a.__bases__ = (a,)\nissubclass(a, b)",
    "bases-in-a-nest": "a.__bases__ = ()\n"
    "for i in range(40):\n    n = K()\n    n.__bases__ = (a, a)\n    a = n\nissubclass(a, b)",
    "class-of-an-instance": "a.__bases__ = (a,)\nclass I: __class__ = property(lambda s: a)\n"
    "isinstance(I(), b)",
}

ENDLESS = "iter(int, 1)"
NAMED_ENDLESS = {
    "combinations": f"itertools.combinations(iterable={ENDLESS}, r=2)",
    "permutations": f"itertools.permutations(iterable={ENDLESS})",
    "compress": f"next(itertools.compress(data={ENDLESS}, selectors={ENDLESS}))",
    "groupby": f"g = itertools.groupby(iterable={ENDLESS})\nnext(g), next(g)",
    "groupby-and-key": f"g = itertools.groupby(iterable={ENDLESS}, key=bool)\nnext(g), next(g)",
    "accumulate": "s = 'a' * 10**6\nfor x in itertools.accumulate(iterable=[s] * 100): pass",
    "deque": f"import collections\ncollections.deque(iterable={ENDLESS}, maxlen=1)",
    "deque-init": f"import collections\ncollections.deque().__init__(iterable={ENDLESS}, maxlen=1)",
    "ordered-fromkeys": f"import collections\ncollections.OrderedDict.fromkeys(iterable={ENDLESS})",
    "bytes": f"bytes(source={ENDLESS})",
    "bytes-new": f"bytes.__new__(bytes, source={ENDLESS})",
    "bytes-of-a-class": f"class B(bytes): pass\nB(source={ENDLESS})",
    "bytes-by-map": f"import functools\nfunctools.partial(bytes, source={ENDLESS})()",
    "bytearray": f"bytearray(source={ENDLESS})",
    "int-from-bytes": f"int.from_bytes(bytes={ENDLESS}, byteorder='big')",
    "int-from-bytes-by-class": f"class I(int): pass\nI.from_bytes(bytes={ENDLESS})",
    "struct-time": f"import time\ntime.struct_time(sequence={ENDLESS})",
}
NAMED_LARGE = {
    "bytes": "bytes(source=10**9)",
    "bytearray": "bytearray(source=10**9)",
    "str": "x = []\nfor _ in range(60): x = [x, x]\nstr(object=x)",
    "str-in-a-function": "def f(x): return str(object=x)\nx = []\nfor _ in range(60): x = [x, x]\nf(x)",
}
CASES: list[Case] = [
    *(
        endless(f"endless-by-the-name-of-an-argument-{name}", f"import itertools\n{src}")
        for name, src in NAMED_ENDLESS.items()
    ),
    *(hidden(f"large-by-the-name-of-an-argument-{name}", src) for name, src in NAMED_LARGE.items()),
    hidden(
        "batches-are-made-whole",
        "import itertools\nif hasattr(itertools, 'batched'): next(itertools.batched('a', n=10**9))\n"
        "else: bytes(10**9)",
    ),
    *(
        new_case(
            f"wide-by-the-name-of-an-argument-{name}",
            f"import itertools\nitertools.{name}('ab', r=10**9)",
            attack="hidden work",
            pit=16,
            raises="OverflowError",
            about="parts",
        )
        for name in ("permutations", "combinations_with_replacement")
    ),
    *(
        new_case(
            f"enumerated-from-a-large-number-{name}",
            "class I:\n def __index__(s): return 1 << 10**7\n"
            f"def f(): return sum(1 for x in enumerate(range(90000), {start}))\nf()",
            attack="hidden work",
            pit=16,
            raises="OverflowError",
            about="too large",
        )
        for name, start in {
            "by-place": "1 << 10**7",
            "by-name": "start=1 << 10**7",
            "by-index": "I()",
        }.items()
    ),
    new_case(
        "named-arguments-mean-what-they-say",
        """
        import itertools, collections
        class S(str):
            def __init__(self, *, object): self.given = object
        a = [k for k, g in itertools.groupby(iterable=[1, 2], key=str)]
        b = [*itertools.accumulate(iterable=[1, 2, 3], func=lambda x, y: x * y)]
        c = [*itertools.accumulate(func=lambda x, y: x * y, initial=2, iterable=[1, 2])]
        d = [*collections.deque(maxlen=1, iterable='ab')], [*itertools.permutations('ab', r=1)]
        e = bytes(source='a', encoding='ascii'), str(object=b'a', encoding='ascii'), int('11', base=2)
        a, b, c, d, e, S(object=3).given, int.from_bytes(bytes=b'a', byteorder='big')
        """,
        attack="hidden work",
        pit=16,
        value=(
            ["1", "2"],
            [1, 2, 6],
            [2, 2, 4],
            (["b"], [("a",), ("b",)]),
            (b"a", "a", 3),
            3,
            97,
        ),
    ),
    *(hidden(f"long-parts-{n}", TEXT + e) for n, e in LONG_PARTS.items()),
    *(hidden(f"large-numbers-{n}", NUMBER + e, memory=1 << 30) for n, e in LARGE_NUMBERS.items()),
    *(hidden(f"searches-{n}", e) for n, e in SEARCHES.items()),
    *(hidden(f"floods-{n}", e) for n, e in FLOODS.items()),
    *(nested(f"carried-{n}", NEST + e) for n, e in CARRIED.items()),
    *(
        crashed(
            f"chain-of-{n}",
            "import itertools, functools\nclass C:\n    def m(s): pass\n"
            "def attributed(p):\n    p.a = 1\n    return p\n"
            f"x = iter([])\nfor i in range(1_500_000): x = {e}\n",
        )
        for n, e in CARRIERS.items()
    ),
    crashed(
        "chain-of-maps-asked", "x = iter([])\nfor i in range(90000): x = map(None.__eq__, x)\nnext(x)"
    ),
    crashed("chain-of-unions-hashed", "t = int\nfor i in range(49000): t = tuple[t] | int\nhash(t)"),
    *(
        endless(
            f"items-for-ever-{n}",
            "import math, collections, functools\nclass S: __getitem__ = (5).__eq__\n" + e,
        )
        for n, e in BY_ITEMS.items()
    ),
    *(
        new_case(
            f"ring-{n}",
            "class K: pass\na = K()\nb = K()\nb.__bases__ = ()\n" + e,
            attack="C loops",
            pit=5,
            stopped=("steps", "depth"),
        )
        for n, e in RINGS.items()
    ),
    *(
        new_case(
            f"compared-with-a-ring-{n}",
            "R = []\nR += [R, R]\nL = R\nfor i in range(40): L = [L, L]\n" + e,
            attack="shared nests",
            pit=22,
            stopped=("steps", "depth"),
        )
        for n, e in {
            "equal": "L == R",
            "less": "L < R",
            "in": "R in [L]",
            "index": "[L].index(R)",
        }.items()
    ),
    *(
        new_case(
            f"wide-{n}",
            "import itertools\n" + e,
            attack="hidden work",
            pit=16,
            raises="OverflowError",
            steps=200_000,
        )
        for n, e in {
            "product": "list(itertools.islice(itertools.product([0, 1], repeat=10**6), 1000))",
            "product-repeat": "itertools.product([1], repeat=10**10)",
            "combinations-with-replacement": "next("
            "itertools.combinations_with_replacement([1], 10**10))",
            "zip-longest": "for x in itertools.zip_longest(*[()] * 10**5, [0]): pass",
            "zip": "for x in zip(*[[0]] * 10**5): pass",
            "count": "list(itertools.islice(itertools.count(1 << 10**6), 1000))",
        }.items()
    ),
    *(
        new_case(
            f"finally-in-finally-{levels}",
            "".join(f"{' ' * i}try:\n{' ' * i} pass\n{' ' * i}finally:\n" for i in range(levels))
            + " " * levels
            + "pass\n",
            attack="compile bomb",
            pit=11,
            refused="CAP102",
        )
        for levels in (19, 40)
    ),
    new_case(
        "finally-copied-to-each-return",
        "def f():\n try:\n" + "  if x: return\n" * 3000 + " finally:\n" + "  x = x\n" * 3000,
        attack="compile bomb",
        pit=11,
        refused="CAP102",
    ),
]

# Names of arguments that lie about what they are: what looks them up does not find them, and C code, which
# goes by the characters, takes what stands under them.
LYING_NAME = """
class S(str):
    def __hash__(self): return 12345
    def __eq__(self, other): return False
"""
LYING_ENDLESS = {
    "from-bytes": "int.from_bytes(**{S('bytes'): iter(int, 1), 'byteorder': 'big'})",
    "combinations": "import itertools\nitertools.combinations(**{S('iterable'): iter(int, 1), 'r': 2})",
    "deque": "import collections\ncollections.deque().__init__(**{S('iterable'): iter(int, 1)})",
    "fromkeys": "import collections\ncollections.OrderedDict.fromkeys(**{S('iterable'): iter(int, 1)})",
    "methodcaller": "import operator\n"
    "operator.methodcaller('from_bytes', **{S('bytes'): iter(int, 1), 'byteorder': 'big'})(int)",
    "two-mappings": "import collections\n"
    "int.from_bytes(**collections.OrderedDict({S('bytes'): iter(int, 1)}), **{'byteorder': 'big'})",
    "a-mapping-of-its-own": "class K:\n    def keys(self): return [S('bytes')]\n"
    "    def __getitem__(self, key): return iter(int, 1)\nint.from_bytes(byteorder='big', **K())",
    "partial": "import functools\n"
    "functools.partial(int.from_bytes, byteorder='big', **{S('bytes'): iter(int, 1)})()",
}
LYING_LARGE = {
    "bytes": "bytes(**{S('source'): 10**9})",
    "subclass": "class B(bytes): pass\nB(**{S('source'): 10**9})",
    "new": "bytes.__new__(bytes, **{S('source'): 10**9})",
}
CASES += [
    *(endless(f"endless-by-a-name-that-lies-{n}", LYING_NAME + s) for n, s in LYING_ENDLESS.items()),
    *(hidden(f"large-by-a-name-that-lies-{n}", LYING_NAME + s) for n, s in LYING_LARGE.items()),
    new_case(
        "a-name-that-lies-among-those-of-a-partial",
        LYING_NAME + "import functools\np = functools.partial(int.from_bytes, byteorder='big')\n"
        "p.keywords[S('bytes')] = iter(int, 1)\np()",
        attack="hidden work",
        pit=16,
        raises="TypeError",
        about="missing",
    ),
    new_case(
        "a-name-that-lies-is-a-text",
        LYING_NAME + "def f(**given): return [(k, type(k) is str) for k in given]\n"
        "class M(type):\n    def __new__(m, n, b, d, **k): return super().__new__(m, n, b, d)\n"
        "class C(**{S('metaclass'): M, S('z'): 1}): pass\n"
        "f(**{S('a'): 1, 'b': 2}), type(C).__name__, sorted([1, 3, 2], **{S('key'): lambda x: -x})",
        attack="hidden work",
        pit=16,
        value=([("a", True), ("b", True)], "M", [3, 2, 1]),
    ),
    new_case(
        "a-name-that-lies-and-the-text-itself",
        LYING_NAME + "def f(**given): pass\nf(**{S('a'): 1, 'a': 2})",
        attack="hidden work",
        pit=16,
        raises="TypeError",
        about="multiple values",
    ),
]

# Hashing that nobody paid for, and keys that all meet in one place while C code compares them: a class
# that says what it hashes to, and leaves to C what it is equal to.
NEST = "x = ()\nfor _ in range(40): x = (x, x)\n"
HASHED_NEST = {
    "dict-of-pairs": "dict([(x, 1)])",
    "dict-of-a-zip": "dict(zip([x], [1]))",
    "dict-of-a-generator": "dict((k, 1) for k in [x])",
    "dict-of-lists": "dict([[x, 1]])",
    "update": "d = {}\nd.update([(x, 1)])",
    "update-in-place": "d = {}\nd |= [(x, 1)]",
    "ordered": "import collections\ncollections.OrderedDict([(x, 1)])",
    "default": "import collections\ncollections.defaultdict(int, [(x, 1)])",
    "mapping": "class K:\n    def keys(self): return [x]\n    def __getitem__(self, k): return 1\ndict(K())",
    "mapping-in-a-display": "class K:\n    def keys(self): return [x]\n"
    "    def __getitem__(self, k): return 1\n{**K()}",
    "cached-call": "import functools\n@functools.cache\ndef f(a, b=0): return 1\nf(1, b=x)",
}
ALIKE = """
class O:
    def __hash__(self): return 1
class I(int): pass
class T(tuple): pass
"""
ALL_ALIKE = {
    "set-comprehension": "{O() for _ in range(9000)}",
    "dict-comprehension": "{O(): 1 for _ in range(9000)}",
    "tuples": "{(O(), 1) for _ in range(9000)}",
    "add": "s = set()\nfor _ in range(9000): s.add(O())",
    "store": "d = {}\nfor _ in range(9000): d[O()] = 1",
    "setdefault": "d = {}\nfor _ in range(9000): d.setdefault(O(), 1)",
    "pairs": "dict((O(), 1) for _ in range(9000))",
    "set-of-a-generator": "set(O() for _ in range(9000))",
    "fromkeys": "dict.fromkeys([O() for _ in range(9000)])",
    "counter": "import collections\ncollections.Counter(O() for _ in range(9000))",
    "numbers-of-a-class": "{I(i * (2**61 - 1)) for i in range(9000)}",
    "tuples-of-a-class": "{T((i * (2**61 - 1),)) for i in range(9000)}",
    "decimals": "from decimal import Decimal\n{Decimal(i * (2**61 - 1)) for i in range(9000)}",
    "references": "import weakref\nxs = [O() for _ in range(9000)]\n{weakref.ref(x) for x in xs}",
    "cached-calls": "import functools\n@functools.cache\ndef f(a): return 1\nfor _ in range(9000): f(O())",
    "cached-calls-with-two": "import functools\n@functools.cache\ndef f(a, b): return 1\n"
    "for _ in range(9000): f(1, O())",
    "looked-for": "d = {}\nfor _ in range(2000): d[o := O()] = 1\nfor _ in range(900_000): d[o]",
}
CASES += [
    *(endless(f"hash-of-a-nest-{name}", NEST + src) for name, src in HASHED_NEST.items()),
    *(
        new_case(
            f"keys-that-meet-{name}",
            ALIKE + src,
            attack="hidden work",
            pit=16,
            stopped="steps",
            steps=3_000_000,
        )
        for name, src in ALL_ALIKE.items()
    ),
    new_case(
        "hash-of-a-nest-replacement",
        NEST + "import re\nre.compile('a').sub(x, 'a')",
        attack="hidden work",
        pit=16,
        raises="TypeError",
        about="need a bytes-like object, tuple found",
    ),
    # What honest programs have many of is charged for no more than before.
    new_case(
        "many-honest-keys",
        """
        import datetime, enum
        class P:
            def __init__(self, x): self.x = x
            def __hash__(self): return hash(self.x)
            def __eq__(self, other): return self.x == other.x
        class Colour(enum.Enum):
            RED = 1
            BLUE = 2
        grid = {}
        for i in range(200):
            for j in range(200): grid[i, j] = 0
        grid.update(((Colour.RED, i), 1) for i in range(5000))
        for i in range(5000): grid[Colour.RED, i] += 1
        day = datetime.date(2020, 1, 1)
        for i in range(5000): grid[day + datetime.timedelta(i % 7)] = i
        for i in range(3000): grid[P(i)] = i
        for i in range(3000): grid[P(i)] += 1
        len(grid)
        """,
        attack="hidden work",
        pit=16,
        value=48007,
        steps=400_000,
    ),
    new_case(
        "what-cannot-be-hashed-as-an-index",
        "class C:\n    def __class_getitem__(cls, key): return key\n"
        "class H:\n    def __hash__(self): raise ValueError('no hash')\n"
        "import collections.abc, typing\nh, d, found = H(), {}, []\n"
        "for _ in range(300): C[[1], 2], C[h, 3], typing.Callable[[int], str]\n"
        "for key in ((h,), ([],)):\n    try: d[key]\n    except Exception as e: found.append(type(e).__name__)\nfound",
        attack="hidden work",
        pit=16,
        value=["ValueError", "TypeError"],
    ),
]
