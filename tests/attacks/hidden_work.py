"""Work that one step hides: sizes, costs and endless arithmetic inside one call into C."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

hidden = partial(new_case, attack="hidden work", pit=16)
sizes = partial(new_case, attack="lying size", pit=17)
endless = partial(new_case, attack="endless work", pit=23)

# A long list, and one operation on it a hundred thousand times: 10**10 elements in all.
LONG = "l = [0] * 50_000\n"
PER_TURN = [
    ("search", "1 in l"),
    ("index", "l.index(0, 49_999)"),
    ("count", "l.count(1)"),
    ("equality", "l == m"),
    ("copy-by-slice", "l[:]"),
    ("copy-by-method", "l.copy()"),
    ("concatenation", "l + [1]"),
    ("times", "l * 2"),
    ("reversal", "l.reverse()"),
    ("sorting", "l.sort()"),
    ("sorted", "sorted(l)"),
    ("sum", "sum(l)"),
    ("max", "max(l)"),
    ("tuple", "tuple(l)"),
    ("set", "set(l)"),
    ("insert-at-zero", "l.insert(0, 0)"),
    ("delete-at-zero", "l.pop(0); l.append(0)"),
    ("slice-assignment", "l[0:0] = [1]; del l[0:1]"),
    ("slice-delete", "l.append(0); del l[0]"),
    ("unpacking", "[*l]"),
    ("call-star", "max(*l)"),
    ("repr", "repr(l)"),
    ("any", "any(l)"),
    ("remove", "l.append(1); l.remove(1)"),
    ("extend", "m.extend(l); m.clear()"),
    ("dict-fromkeys", "dict.fromkeys(l)"),
    ("join", "''.join(t)"),
    ("less", "l < m"),
    ("bytes", "bytes(l)"),
]

TEXT = "s = 'a' * 1_000_000\nb = b'a' * 1_000_000\n"
PER_TEXT = [
    ("find", "s.find('b')"),
    ("in", "'b' in s"),
    ("count", "s.count('a')"),
    ("replace", "s.replace('a', 'b')"),
    ("split", "s.split('a')"),
    ("upper", "s.upper()"),
    ("slice", "s[1:]"),
    ("concatenation", "s + 'b'"),
    ("encode", "s.encode()"),
    ("decode", "b.decode()"),
    ("equality", "s == u"),
    ("isalpha", "s.isalpha()"),
    ("strip", "s.strip('a')"),
    ("translate", "s.translate({97: 98})"),
    ("hash-of-new-bytes", "hash(bytes(b))"),
    ("hex", "b.hex()"),
    ("format", "f'{s}'+'x'"),
    ("percent", "'%s.' % s"),
    ("startswith", "s.startswith(u)"),
    ("casefold", "s.casefold()"),
    ("rfind", "s.rfind('b')"),
    ("splitlines", "s.splitlines()"),
    ("partition", "s.partition('b')"),
    ("zfill", "s.zfill(10)"),
    ("memoryview-equality", "memoryview(b) == memoryview(bytearray(b))"),
    ("memoryview-list", "memoryview(b).tolist()"),
    ("memoryview-bytes", "memoryview(b).tobytes()"),
    ("bytes-of-memoryview", "bytes(memoryview(b))"),
    ("negation-of-a-big-integer", "-n"),
    ("inversion-of-a-big-integer", "~n"),
    ("and-of-big-integers", "n & n"),
    ("right-shift-of-a-big-integer", "n >> 1"),
    ("absolute-of-a-big-integer", "abs(-n)"),
    ("bit-count-of-a-big-integer", "n.bit_count()"),
    ("float-of-a-big-integer", "n < 0.5"),
    ("maketrans", "str.maketrans(s, s)"),
    ("remove-prefix", "s.removesuffix('a')"),
    ("swapcase", "s.swapcase()"),
    ("title", "s.title()"),
    ("rsplit", "s.rsplit('b')"),
    ("lstrip", "s.lstrip('b')"),
    ("center", "s.center(1_000_001)"),
    ("isidentifier", "s.isidentifier()"),
    ("ascii", "ascii(s)"),
    ("repr", "repr(s)"),
    ("order", "s < u"),
    ("index", "s.index('a', 999_999)"),
    ("bytes-find", "b.find(b'b')"),
    ("bytes-slice", "b[1:]"),
    ("bytes-translate", "b.translate(None, b'b')"),
    ("bytearray", "bytearray(b)"),
    ("list-of-text", "list(s)"),
    ("set-of-text", "set(s)"),
    ("reversed-text", "s[::-1]"),
    ("int-from-bytes", "int.from_bytes(b, 'big')"),
]

CASES: list[Case] = [
    hidden(
        "deque-loses-what-stands-in-its-middle-by-the-method",
        """
        import collections
        d = collections.deque(range(300_000))
        for i in range(1000):
            collections.deque.__delitem__(d, 150_000)
        """,
        stopped="steps",
        steps=500_000,
    ),
    hidden(
        "states-of-a-generator-of-numbers",
        """
        import _random
        r = _random.Random(1)
        for i in range(10_000):
            r.getstate()
        """,
        stopped=("steps", "memory"),
        steps=50_000,
    ),
    *(
        hidden(
            f"per-turn-list-{name}",
            LONG
            + "m = [0] * 50_000\nt = ['a'] * 50_000\n"
            + "while True:\n    "
            + line.replace("; ", "\n    "),
            stopped=("steps", "memory"),
            steps=200_000,
            seconds=None,
        )
        for name, line in PER_TURN
    ),
    *(
        hidden(
            f"per-turn-text-{name}",
            TEXT + "u = 'a' * 1_000_000\nn = (1 << 8_000_000) - 1\nwhile True:\n    " + line,
            stopped="steps",
            steps=200_000,
            seconds=None,
        )
        for name, line in PER_TEXT
    ),
    hidden(
        "hash-flood-dict",
        "d = {}\nfor i in range(100_000): d[i * (2**61 - 1)] = 0",
        stopped=("steps", "seconds"),
        seconds=2,
    ),
    hidden(
        "hash-flood-comprehension",
        "{i * (2**61 - 1): 0 for i in range(100_000)}",
        stopped=("steps", "seconds"),
        seconds=2,
    ),
    hidden(
        "hash-flood-set-of-range",
        "set(range(0, 100_000 * (2**61 - 1), 2**61 - 1))",
        stopped=("steps", "seconds"),
        seconds=2,
    ),
    hidden(
        "hash-flood-fromkeys",
        "dict.fromkeys(range(0, 100_000 * (2**61 - 1), 2**61 - 1))",
        stopped=("steps", "seconds"),
        seconds=2,
    ),
    hidden(
        "hash-flood-membership",
        "s = {i * (2**61 - 1) for i in range(3000)}\nfor i in range(10**9): (2**61 - 1) * 5000 in s",
        stopped=("steps", "seconds"),
        seconds=2,
    ),
    hidden(
        "hash-flood-by-guest-hash",
        """
        class H:
            def __hash__(self): return 1
            def __eq__(self, o): return False
        s = set()
        while True: s.add(H())
        """,
        stopped="steps",
    ),
    hidden(
        "find-with-a-bad-pattern",
        "s = 'a' * 3_000_000\np = 'a' * 1_500 + 'b' + 'a' * 1_500\nfor _ in range(10**6): s.find(p)",
        stopped="steps",
        seconds=None,
    ),
    hidden(
        "equality-of-big-integers",
        "a = 1 << 8_000_000\nb = (1 << 8_000_000) + 0\nwhile True: a == b",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "hash-of-big-integers",
        "a = (1 << 8_000_000) - 1\nwhile True: hash(a)",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "addition-of-big-integers",
        "a = 1 << 8_000_000\nwhile True: a + 1",
        stopped=("steps", "seconds"),
        steps=200_000,
        seconds=1,
    ),
    hidden(
        "deep-copy-across-the-membrane",
        "l = [0] * 100_000\nwhile True: kind(l)",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "class-dictionary-copies",
        "C = type('C', (), {f'a{i}': i for i in range(10_000)})\nwhile True: dict(C.__dict__)",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "globals-listing",
        "d = {f'a{i}': i for i in range(10_000)}\nglobals().update(d)\nwhile True: dir()",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "dict-views-by-and",
        "d = {i: i for i in range(50_000)}\nwhile True: d.keys() & d.keys()",
        stopped=("steps", "memory"),
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "set-operations",
        "s = set(range(50_000))\nwhile True: s | s; s & s; s ^ s",
        stopped=("steps", "memory"),
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "json-round-trips",
        "import json\nl = [0] * 50_000\nwhile True: json.loads(json.dumps(l))",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "deque-search",
        "import collections\nd = collections.deque([0] * 50_000)\nwhile True: 1 in d",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    hidden(
        "deque-rotate",
        "import collections\nd = collections.deque([0] * 200_000)\nwhile True: d.rotate(99_999)",
        stopped="steps",
        steps=200_000,
        seconds=None,
    ),
    # Sizes that lie.
    sizes(
        "length-hint-huge",
        """
        class L:
            def __iter__(self): return iter([1])
            def __length_hint__(self): return 10**12
        list(L())
        """,
        value=[1],
    ),
    sizes(
        "length-hint-maximum",
        """
        class L:
            def __iter__(self): return iter([1])
            def __length_hint__(self): return 2**63 - 1
        r = []
        r.extend(L())
        r
        """,
        value=[1],
    ),
    sizes(
        "length-hint-from-the-iterator",
        """
        class I:
            def __iter__(self): return self
            def __next__(self): raise StopIteration
            def __length_hint__(self): return 10**11
        [*I()]
        """,
        value=[],
    ),
    sizes(
        "length-lies-to-list",
        """
        class L:
            def __iter__(self): return iter([1])
            def __len__(self): return 10**12
        list(L())
        """,
        value=[1],
    ),
    sizes(
        "length-negative",
        """
        class L:
            def __len__(self): return -1
        len(L())
        """,
        raises="ValueError",
    ),
    sizes(
        "length-beyond-words",
        """
        class L:
            def __len__(self): return 2**100
        len(L())
        """,
        raises="OverflowError",
    ),
    sizes(
        "length-lies-to-reversed",
        """
        class L:
            def __len__(self): return 10**12
            def __getitem__(self, i): return i
        list(reversed(L()))
        """,
        stopped=("memory", "steps"),
    ),
    sizes(
        "length-lies-to-bytes",
        """
        class L:
            def __len__(self): return 10**12
            def __getitem__(self, i): return 1
        bytes(L())
        """,
        stopped=("memory", "steps"),
    ),
    sizes(
        "length-lies-to-a-star-call",
        """
        class L:
            def __iter__(self): return iter([1, 2])
            def __len__(self): return 10**12
        max(*L())
        """,
        value=2,
    ),
    sizes(
        "length-lies-to-extend",
        """
        class L:
            def __iter__(self): return iter([1, 2])
            def __len__(self): return 10**12
        x = []
        x += L()
        x
        """,
        value=[1, 2],
    ),
    sizes(
        "length-lies-to-tuple",
        """
        class L:
            def __iter__(self): return iter([1, 2])
            def __length_hint__(self): return 10**12
        tuple(L())
        """,
        value=(1, 2),
    ),
    sizes(
        "length-lies-to-dict",
        """
        class D:
            def keys(self): return ['a']
            def __getitem__(self, k): return 1
            def __len__(self): return 10**12
        dict(D())
        """,
        value={"a": 1},
    ),
    sizes(
        "index-is-huge",
        """
        class I:
            def __index__(self): return 10**12
        [0] * I()
        """,
        stopped="memory",
    ),
    sizes(
        "index-is-huge-for-bytes",
        """
        class I:
            def __index__(self): return 10**12
        bytes(I())
        """,
        stopped="memory",
    ),
    sizes(
        "index-is-huge-for-center",
        """
        class I:
            def __index__(self): return 10**12
        'a'.center(I())
        """,
        stopped="memory",
    ),
    sizes(
        "index-changes-between-looks",
        """
        class I:
            n = 0
            def __index__(self):
                I.n += 1
                return 1 if I.n == 1 else 10**12
        len(bytes(I()))
        """,
        value=1,
    ),
    sizes(
        "index-empties-the-list",
        """
        l = [1, 2, 3]
        class I:
            def __index__(self):
                l.clear()
                return 0
        l[I()]
        """,
        raises="IndexError",
    ),
    sizes(
        "index-empties-the-list-in-a-slice-store",
        """
        l = [1] * 1000
        class I:
            def __index__(self):
                l.clear()
                return 500
        l[I():999] = [2]
        l
        """,
        value=[2],
    ),
    sizes(
        "key-changes-the-list-while-sorting",
        """
        l = [3, 2, 1]
        l.sort(key=lambda x: l.append(x) or x)
        """,
        raises="ValueError",
    ),
    sizes(
        "equality-empties-the-list-it-searches",
        """
        l = []
        class E:
            def __eq__(self, o):
                l.clear()
                return False
        l.extend([E() for _ in range(100)])
        5 in l
        """,
        value=False,
    ),
    sizes(
        "sizeof-lies",
        """
        class S:
            def __sizeof__(self): return -10**12
        x = [S() for _ in range(10)]
        y = 'a' * 10**12
        """,
        stopped="memory",
    ),
    sizes(
        "operator-length-hint",
        """
        import operator
        class L:
            def __length_hint__(self): return -5
        operator.length_hint(L())
        """,
        raises="ValueError",
    ),
    sizes(
        "dict-grows-while-walked",
        "d = {0: 0}\nfor k in d: d[k + 1] = 0",
        raises="RuntimeError",
    ),
    sizes(
        "set-grows-while-walked",
        "s = {0}\nfor k in s: s.add(k + 1)",
        raises="RuntimeError",
    ),
    sizes(
        "bytearray-resized-under-a-view",
        "b = bytearray(100)\nm = memoryview(b)\nb.clear()",
        raises="BufferError",
    ),
    # Small arguments, endless work.
    *(
        endless(f"arithmetic-{name}", src, stopped=("steps", "memory"), seconds=None)
        for name, src in [
            ("round-far", "round(1, -10**9)"),
            ("round-far-method", "(1).__round__(-10**9)"),
            ("pow-with-a-large-modulus", "pow(3, (1 << 200_000) - 1, (1 << 200_000) - 3)"),
            (
                "pow-with-a-large-modulus-method",
                "(3).__pow__((1 << 200_000) - 1, (1 << 200_000) - 3)",
            ),
            ("pow-inverse", "n = (1 << 2_000_000) - 1\nwhile True: pow(7, -1, n)"),
            ("power-of-minus-one", "x = -3\nx ** 10**10"),
            ("division-of-big-integers", "a = 1 << 40_000_000\nb = (1 << 20_000_000) - 1\na // b"),
            (
                "divmod-of-big-integers",
                "a = 1 << 40_000_000\nb = (1 << 20_000_000) - 1\ndivmod(a, b)",
            ),
            ("remainder-of-big-integers", "a = 1 << 40_000_000\nb = (1 << 20_000_000) - 1\na % b"),
            ("product-of-big-integers", "a = (1 << 100_000_000) - 1\na * a"),
            ("factorial", "import math\nmath.factorial(10**7)"),
            ("factorial-chain", "import math\nmath.factorial(math.factorial(20))"),
            ("comb", "import math\nmath.comb(10**7, 5 * 10**6)"),
            ("perm", "import math\nmath.perm(10**7)"),
            ("isqrt", "import math\nmath.isqrt(1 << 200_000_000)"),
            (
                "gcd-of-big-integers",
                "import math\na = 3 ** 1_000_000\nb = 5 ** 700_000\nmath.gcd(a, b)",
            ),
            ("lcm-of-many", "import math\nmath.lcm(*range(1, 150_000))"),
            ("prod-of-a-range", "import math\nmath.prod(range(1, 190_000))"),
            ("sum-that-builds", "sum([[0]] * 100_000, [])"),
            ("sum-of-tuples", "sum([(0,)] * 100_000, ())"),
            ("permutations-of-many", "import itertools\nitertools.permutations(range(10**9))"),
            (
                "combinations-of-many",
                "import itertools\nitertools.combinations(range(10**9), 10**8)",
            ),
            ("tee-many", "import itertools\nitertools.tee([1], 10**9)"),
            (
                "tee-lag",
                "import itertools\na, b = itertools.tee(itertools.count())\n"
                "next(itertools.islice(a, 10**9, None))",
            ),
            ("hex-of-a-large-integer", "n = 1 << 8_000_000\nwhile True: hex(n)"),
            ("float-from-text", "n = '1' * 1_000_000\nwhile True: float(n)"),
            ("int-from-text-base", "n = '1' * 1_000_000\nwhile True: int(n, 2)"),
            ("fromhex", "n = '00' * 1_000_000\nwhile True: bytes.fromhex(n)"),
            (
                "repeat-times-in-deque",
                "import collections, itertools\ncollections.deque(itertools.repeat(0, 10**10))",
            ),
            ("json-indent", "import json\njson.dumps([[1]], indent=10**10)"),
            ("json-indent-text", "import json\njson.dumps([[[1]] * 1000], indent=' ' * 10**6)"),
            (
                "json-separators",
                "import json\njson.dumps([1] * 10**4, separators=('x' * 10**6, ':'))",
            ),
            (
                "strftime-width",
                "import datetime\ndatetime.date(2000, 1, 1).strftime('%99999999999Y')",
            ),
            ("strftime-by-format", "import datetime\nf'{datetime.date(2000, 1, 1):%9999999999Y}'"),
            (
                "strftime-many",
                "import datetime\nd = datetime.date(2000, 1, 1)\nf = '%c' * 10_000\n"
                "while True: d.strftime(f)",
            ),
            (
                "accumulate-that-builds",
                "import itertools\nlist(itertools.accumulate([[0]] * 50_000))",
            ),
        ]
    ),
    endless(
        "shift-right-is-cheap",
        "1 >> 10**30",
        value=0,
    ),
    endless(
        "round-near-is-right",
        "round(12345, -2)",
        value=12300,
    ),
    endless(
        "pow-modulus-small-is-right",
        "pow(3, 10**30, 1_000_007)",
        value=pow(3, 10**30, 1_000_007),
    ),
    # In Python, as a guest: quadratic, and each round a step.
    *(
        endless(f"codec-{name}", src, stopped="steps")
        for name, src in [
            ("punycode", "('é' * 100_000 + 'a').encode('punycode')"),
            ("punycode-decode", "(b'a-' + b'9' * 100_000).decode('punycode')"),
            ("idna-cve-2022-45061", "('a' * 100_000 + 'é').encode('idna')"),
        ]
    ),
    *(
        endless(f"codec-{name}", src, raises="LookupError")
        for name, src in [
            ("unicode-escape-by-str", "str(b'a', 'idna')"),
        ]
    ),
]

#: Views of memory are compared element by element, through `struct` where their formats differ.
VIEWS = "b = bytes(300_000)\nv = memoryview(b)\nw = memoryview(bytes(300_000)).cast('b')\n"
CASES += [
    hidden(f"views-of-other-formats-{name}", f"{VIEWS}while True: {does}", stopped="steps")
    for name, does in {
        "equal": "v == w",
        "by-method": "v.__eq__(w)",
        "unequal": "v != w",
        "bytes": "b == w",
        "bytearray": "bytearray(b) == w",
        "the-other-way": "w == b",
        "in-a-list": "[v] == [w]",
        "in-a-tuple-of-tuples": "((v,),) == ((w,),)",
    }.items()
]
