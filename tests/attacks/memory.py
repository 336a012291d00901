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

CASES: list[Case] = [
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
        except KeyError:
            pass
        len(d)
        """,
        value=0,
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
