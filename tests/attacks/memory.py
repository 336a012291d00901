"""Guests that bring C code to read, or to go on in, memory that is none of its object's.

Each of these ended the process, or gave bytes of it, while it was plain Python that the guest wrote.
"""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="raw memory", pit=25)

#: How a guest puts a place before the beginning, or something that is no bytes, into an error whose text
#: has a byte of it.
PLACES = {
    "made": "UnicodeDecodeError('u', b'x', -9, -8, 'r')",
    "made-by-a-map": "next(map(UnicodeDecodeError, ['u'], [b'x'], [-9], [-8], ['r']))",
    "made-of-an-index": "UnicodeDecodeError('u', b'x', Nine(), -8, 'r')",
    "made-again": "again(error)",
    "derived": "Derived()",
    "stored": "setattr(error, 'start', -9)",
    "stored-raw": "object.__setattr__(error, 'start', -9)",
    "stored-as-state": "error.__setstate__({'start': -9})",
    "stored-by-an-assignment": "assigned(error)",
    "stored-by-a-loop": "looped(error)",
    "augmented": "augmented(error)",
    "of-no-bytes": "typed(error, 1.5e300)",
    "of-a-text": "typed(error, 'text')",
    "of-a-number": "typed(error, 10 ** 40)",
}
_ERRORS = """
class Nine:
    def __index__(self):
        return -9
class Derived(UnicodeDecodeError):
    def __init__(self):
        super().__init__('u', b'x', -9, -8, 'r')
def again(error):
    error.__init__('u', b'x', -9, -8, 'r')
def assigned(error):
    error.start = -9
def looped(error):
    for error.start in [-9]:
        pass
def augmented(error):
    error.start -= 9
def typed(error, value):
    error.object = value
def text():
    error = UnicodeDecodeError('u', b'x', 0, 1, 'r')
    try:
        found = {place}
    except (TypeError, ValueError):
        return 'refused'
    if isinstance(found, UnicodeDecodeError):
        error = found
    shown = []
    for end in -8, 9:
        error.end = end
        if end == 9 and error.start >= 0:
            error.start = 8
        try:
            shown.append('byte 0x' in str(error))
        except TypeError:  # from 3.14 on
            shown.append(False)
    return 'refused' if not any(shown) else shown
text()
"""

#: What has the bytes taken away that C code looks at, while it is asked for its number, length or text.
MOVED = {
    **{name: f"b.{name}(One())" for name in ("find", "count", "rfind")},
    **{f"{name}-from": f"b.{name}(b'A', One())" for name in ("find", "count", "rfind")},
    "in": "One() in b",
    "contains": "b.__contains__(One())",
    "contains-by-operator": "__import__('operator').contains(b, One())",
    "hex": "b.hex(Separator(':'))",
    "hex-of-so-many": "b.hex(':', One())",
    "hex-by-name": "b.hex(sep=Separator(':'), bytes_per_sep=One())",
    "hex-of-a-view": "memoryview(b).hex(Separator(':'))",
    **{
        f"format-{name}": f"{use} == bytearray(b'oneA' + b'A' * 50000)"
        for name, use in {
            "operator": "b % One()",
            "method": "bytearray.__mod__(b, One())",
            "reflected": "bytearray.__rmod__(bytearray(), b) and b % One()",
            "function": "__import__('operator').mod(b, One())",
            "in-place": "__import__('operator').imod(b, One())",
        }.items()
    },
}
_MOVED = """
class One:
    def __index__(self):
        moved()
        return 65
    def __bytes__(self):
        moved()
        return b'one'
class Separator(str):
    def __len__(self):
        moved()
        return 1
def moved():
    try:
        b.clear()
    except BufferError:  # as C code says of what it holds
        pass
    junk.append(bytearray(b'Z' * 50005))
junk = []
b = bytearray(b'%bA' + b'A' * 50000)
found = {use}
found is True or found is False or type(found) is str and 'a' not in found or type(found) is int
"""
_FOUND_NOTHING = _MOVED.replace("b'%bA' + b'A' * 50000", "b'A' * 50000").replace(
    "found is True or found is False or type(found) is str and 'a' not in found or type(found) is int",
    "found",
)

#: Ways to compare two ordered dictionaries, which the keys of one empty meanwhile (gh-119004).
ORDERED = {
    "equal": "a == b",
    "unequal": "not a != b",
    "in-a-list": "[a] == [b]",
    "by-the-method": "a.__eq__(b)",
    "sought": "a in [b]",
    "by-operator": "__import__('operator').eq(a, b)",
    "of-a-class": "Own(a) == Own(b)",
}
_ORDERED = """
import collections
class Own(collections.OrderedDict):
    pass
class Key:
    def __init__(self, n):
        self.n = n
    def __hash__(self):
        return self.n
    def __eq__(self, other):
        compared.append(1)
        if len(compared) == 31:
            a.clear()
            b.clear()
            junk.append([bytes(40) for _ in range(500)])
        return True
junk, compared = [], []
a, b = collections.OrderedDict(), collections.OrderedDict()
for i in range(30):
    a[Key(i)] = b[Key(i)] = i
try:
    found = {use}
except RuntimeError:
    found = True
found
"""

#: Iterators of C code that let go of what they iterate before their own end.
LET_GO = {
    "chain": "itertools.chain(x)",
    "chain-from-iterable": "itertools.chain.from_iterable([x])",
    "chain-from-iterator": "itertools.chain.from_iterable(x)",
    "cycle": "itertools.cycle(x)",
    "islice": "itertools.islice(x, 1)",
    "islice-from-a-place": "itertools.islice(x, 2, 10, 2)",
    "pairwise": "itertools.pairwise(x)",
    "zip-longest": "itertools.zip_longest(x, [1])",
    "batched": "itertools.batched(x, 2) if hasattr(itertools, 'batched') else iter(())",
    "call": "iter(x.__next__, 7)",
    "call-compared": "iter(x.__next__, (7, []))",
}
_LET_GO = """
import itertools
class Asks:
    def __init__(self):
        self.left, self.asks = 3, False
    def __iter__(self):
        return self
    def __next__(self):
        if not self.asks:
            self.asks = True
            again()
            return [1]
        self.left -= 1
        if self.left < 0:
            raise StopIteration
        return [self.left]
def again():
    for _ in range(6):
        try:
            next(outer)
        except (StopIteration, ValueError):
            pass
def generator():
    for i in range(4):
        again()
        yield [i]
def made(x):
    return {made}
sources = (
    lambda: zip(Asks(), [1, 2, 3], [4]), lambda: map(lambda *a: list(a), Asks(), [1, 2]), generator,
    lambda: zip(generator(), generator()), lambda: itertools.zip_longest(Asks(), generator()),
    lambda: iter(Asks()), lambda: enumerate(Asks()), lambda: iter(generator().__next__, 5),
)
for source in sources:
    for count in range(1, 6):
        outer = made(source())
        try:
            for _ in range(count):
                next(outer)
        except (StopIteration, ValueError):
            pass
"asked"
"""

CASES: list[Case] = [
    *(
        case(f"bytes-that-are-taken-away-{name}", _FOUND_NOTHING.replace("{use}", use), value=value)
        for name, use, value in (
            *((n, MOVED[n], -1) for n in ("find", "rfind", "find-from", "rfind-from")),
            *((n, MOVED[n], 0) for n in ("count", "count-from")),
            *((n, MOVED[n], False) for n in ("in", "contains", "contains-by-operator")),
        )
    ),
    *(
        case(f"bytes-that-are-taken-away-{name}", _MOVED.replace("{use}", use), value=True)
        for name, use in MOVED.items()
        if name.startswith(("hex", "format"))
    ),
    *(
        case(
            f"iterator-that-lets-go-of-what-asks-it-{name}",
            _LET_GO.replace("{made}", made),
            value="asked",
        )
        for name, made in LET_GO.items()
    ),
    case(
        "property-in-whose-getter-it-is-filled-again",
        """
        def running():
            x = yield
            while True:
                p.__init__(None)
                y = [1, 2, 3]
                x = yield y
        def filled():
            made = running()
            next(made)
            return property(made.send)
        found = []
        for _ in range(20):
            p = filled()
            class C:
                q = p
            found.append(C().q)
        found == [[1, 2, 3]] * 20
        """,
        value=True,
    ),
    *(
        case(
            f"default-factory-that-replaces-itself-{name}",
            f"""
            from collections import defaultdict
            def running():
                while True:
                    {replace}
                    y = [1, 2, 3]
                    yield y
            found = []
            for _ in range(20):
                d = defaultdict(running().__next__)
                found.append(d['x'])
            found == [[1, 2, 3]] * 20
            """,
            value=True,
        )
        for name, replace in {
            "stored": "d.default_factory = None",
            "made-again": "d.__init__(None)",
            "taken-away": "del d.default_factory",
        }.items()
    ),
    case(
        "what-wraps-a-function-around-itself",
        """
        found = []
        def tried(wrapper, inner):
            try:
                wrapper.__init__(inner)
            except TypeError as error:
                found.append('around itself' in str(error))
            wrapper.__isabstractmethod__
        for kind in property, classmethod, staticmethod:
            wrapper = kind(len)
            tried(wrapper, wrapper)
            tried(wrapper, property(wrapper))
            tried(wrapper, classmethod(staticmethod(wrapper)))
        found
        """,
        value=[True] * 9,
    ),
    case(
        "super-that-was-never-filled-is-bound",
        """
        s = super.__new__(super)
        class C:
            x = s
        str(s.__get__(3, int))[:7], str(C().x)[:7]
        """,
        value=("<super:", "<super:"),
    ),
    case(
        "longest-zip-of-iterators-that-ended-is-looked-into",
        """
        import itertools
        z = itertools.zip_longest([1], [1, 2, 3])
        next(z), next(z), list(itertools.chain(z))
        """,
        value=((1, 1), (None, 2), [(None, 3)]),
    ),
    case(
        "counter-whose-counts-take-themselves-away",
        """
        import collections
        class Count(int):
            def __add__(self, other):
                c.clear()
                return NotImplemented
        found = []
        for _ in range(20):
            c = collections.Counter()
            dict.__setitem__(c, 'a', Count(3))
            c.update(['a', 'b'])
            found.append(dict(c))
        found == [{'a': 4, 'b': 1}] * 20
        """,
        value=True,
    ),
    case(
        "groups-that-are-asked-for-more-as-their-keys-are-compared",
        """
        import itertools
        class Key:
            asked = 0
            def __eq__(self, other):
                Key.asked += 1
                if Key.asked < 20:
                    try:
                        next(groups)
                    except StopIteration:
                        pass
                return False
        for key in None, lambda x: (Key(), x):
            Key.asked = 0
            groups = itertools.groupby([Key() for _ in range(10)], key)
            for _ in groups:
                pass
        'asked'
        """,
        value="asked",
    ),
    case(
        "struct-is-not-filled-while-it-asks-where-to-pack",
        """
        import struct
        class Place:
            def __index__(self):
                s.__init__('qqqq')
                return 0
        found = []
        for format, values in ('', ()), ('0s', (b'',)):
            s = struct.Struct(format)
            try:
                s.pack_into(bytearray(100), Place(), *values)
            except (TypeError, struct.error):
                found.append('refused')
        found
        """,
        value=["refused", "refused"],
    ),
    case(
        "struct-that-says-its-size-is-small",
        """
        import struct
        class Small(struct.Struct):
            size = 1
        found = [Small('50000000x').pack() for _ in range(20)]
        """,
        stopped="memory",
    ),
    case(
        "struct-that-says-its-size-is-a-budget",
        """
        import struct
        class Size:
            def __mul__(self, other): return self
            def __lt__(self, other): return False
            def __gt__(self, other): return False
            def __le__(self, other): return False
            def __radd__(self, other): return 0
            def __rshift__(self, other): return self
            def __rsub__(self, other): return 10 ** 15
            def __sub__(self, other): return self if other == 0 else 0
        class Sized(struct.Struct):
            size = Size()
        Sized('b').pack(1)
        for i in range(200_000):
            pass
        """,
        stopped="steps",
    ),
    case(
        "struct-is-not-filled-again-under-its-iterator",
        """
        import struct
        s = struct.Struct('b')
        it = s.iter_unpack(b'abc')
        try:
            s.__init__('1000s')
        except TypeError:
            pass
        len(next(it)[0]) if type(s.unpack(b'a')[0]) is bytes else next(it)
        """,
        value=(97,),
    ),
    case(
        "struct-is-not-filled-again-while-it-packs",
        """
        import struct
        class Number:
            def __index__(self):
                try:
                    s.__init__('200000q')
                except TypeError:
                    pass
                return 1
        s = struct.Struct('qq')
        [s.pack(Number(), Number()) for _ in range(20)][-1]
        """,
        value=(1).to_bytes(8, "little") * 2,
    ),
    case(
        "struct-of-a-guests-class-is-filled-once",
        """
        import struct
        class Big(struct.Struct):
            def __init__(self, format, order):
                super().__init__(order + format)
            def again(self):
                super().__init__('1000s')
        s = Big('h', '>')
        it = s.iter_unpack(b'abcd')
        try:
            s.again()
        except TypeError:
            pass
        s.format, list(it)
        """,
        value=(">h", [(24930,), (25444,)]),
    ),
    case(
        "struct-that-was-never-filled-has-no-fields",
        """
        import struct
        class Never(struct.Struct):
            def __init__(self):
                pass
        found = []
        for s in Never(), struct.Struct.__new__(struct.Struct), struct.Struct.__new__(Never):
            for use in (lambda: s.format, lambda: s.pack(1), lambda: list(s.iter_unpack(b'ab'))):
                try:
                    found.append(use() == '')
                except Exception:
                    found.append(True)
        all(found)
        """,
        value=True,
    ),
    case(
        "static-method-that-was-never-filled",
        """
        class Early(staticmethod):
            def __init__(self, function):
                tell(self)
                super().__init__(function)
        class Never(staticmethod):
            def __init__(self):
                pass
        told = []
        def tell(method):
            try:
                method()
            except (TypeError, RuntimeError) as error:
                told.append(type(error).__name__)
        tell(staticmethod.__new__(staticmethod))
        tell(staticmethod.__new__(Never))
        tell(Never())
        made = Early(len)
        told, made([1, 2])
        """,
        value=(["TypeError"] * 4, 2),
    ),
    case(
        "ordered-dictionary-that-is-emptied-by-what-copies-it",
        """
        import collections
        class Emptied(collections.OrderedDict):
            def __setitem__(self, key, value):
                d.clear()
                super().__setitem__(key, value)
        d = Emptied()
        for i in range(100):
            collections.OrderedDict.__setitem__(d, i, i)
        try:
            d.copy()
        except (KeyError, RuntimeError):
            pass
        len(d)
        """,
        value=0,
    ),
    *(
        case(
            f"ordered-dictionaries-emptied-while-compared-{name}",
            _ORDERED.replace("{use}", use),
            value=True,
        )
        for name, use in ORDERED.items()
    ),
    case(
        "ordered-dictionary-that-changes-in-a-comparison",
        """
        import collections
        class K:
            def __hash__(self): return 1
            def __eq__(self, other):
                d.clear()
                return False
        d = collections.OrderedDict()
        for i in range(5):
            try:
                d[K()] = i
                d.move_to_end(K())
            except (KeyError, RuntimeError):
                pass
        len(d) < 5
        """,
        value=True,
    ),
    case(
        "ordered-dictionary-of-a-guests-class-is-copied-by-its-own-methods",
        """
        import collections
        class Own(collections.OrderedDict):
            def __getitem__(self, key):
                return super().__getitem__(key) + 1
        a = Own(b=1, a=2)
        c = a.copy()
        type(c) is Own, dict.items(c) == {'b': 2, 'a': 3}.items(), list(c)
        """,
        value=(True, True, ["b", "a"]),
    ),
    case(
        "default-for-a-name-that-other-instances-have",
        """
        class Name(str):
            pass
        class Key:
            def __hash__(self):
                return hash('x')
            def __eq__(self, other):
                return other == 'x'
        class A:
            pass
        a, b, c = A(), A(), A()
        a.x = 1
        b.__dict__.setdefault(Name('x'), 2), dict.setdefault(vars(c), Key(), 3), b.x, c.x, len(vars(c))
        """,
        value=(2, 3, 2, 3, 1),
    ),
    *(
        case(
            f"error-of-a-place-that-is-not-there-{name}",
            _ERRORS.replace("{place}", place),
            value="refused",
        )
        for name, place in PLACES.items()
    ),
]
