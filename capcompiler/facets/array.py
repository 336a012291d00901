"""`array`: sequences of numbers of one kind, as lists that look at what is stored in them.

No buffer: nothing here shares raw memory.
"""

import struct
from operator import index

typecodes = "bBuhHiIlLqQfd"
_SIZES = {c: struct.calcsize(c) for c in typecodes.replace("u", "")} | {"u": 4}


class array:
    """Numbers of the kind that `typecode` says."""

    __slots__ = ("_items", "typecode", "__weakref__")
    __module__ = "array"
    __hash__ = None

    def __init__(self, typecode, initializer=(), /):
        if not isinstance(typecode, str) or len(typecode) != 1:
            raise TypeError(
                f"array() argument 1 must be a unicode character, not {type(typecode).__name__}"
            )
        if typecode not in typecodes:
            raise ValueError(f"bad typecode (must be {', '.join(typecodes[:-1])} or {typecodes[-1]})")
        self.typecode, self._items = typecode, []
        if isinstance(initializer, (bytes, bytearray)):
            self.frombytes(initializer)
        elif isinstance(initializer, str) and typecode != "u":
            raise TypeError(f"cannot use a str to initialize an array with typecode {typecode!r}")
        else:
            self.extend(initializer)

    def __new__(cls, typecode=None, *args):
        return object.__new__(cls)

    def _checked(self, value):
        kind = self.typecode
        if kind == "u":
            if not isinstance(value, str) or len(value) != 1:
                raise TypeError("array item must be a unicode character, not " + type(value).__name__)
            return value
        if kind in "fd":
            return struct.unpack(kind, struct.pack(kind, value))[0] if kind == "f" else float(value)
        value, bits = index(value), 8 * _SIZES[kind]
        low, high = (0, (1 << bits) - 1) if kind.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)
        if value < low:
            raise OverflowError("value is less than minimum")
        if value > high:
            raise OverflowError("value is greater than maximum")
        return value

    def _same(self, other):
        if not isinstance(other, array):
            raise TypeError(f'can only append array (not "{type(other).__name__}") to array')
        if other.typecode != self.typecode:
            raise TypeError("bad argument type for built-in operation")
        return other._items

    def _made(self, items):
        made = type(self)(self.typecode)
        made._items = items
        return made

    @property
    def itemsize(self):
        return _SIZES[self.typecode]

    def append(self, value):
        self._items.append(self._checked(value))

    def extend(self, values):
        if isinstance(values, array):
            self._items.extend(self._same(values))
        else:
            for value in values:
                self._items.append(self._checked(value))

    fromlist = extend
    fromunicode = extend

    def insert(self, at, value):
        self._items.insert(at, self._checked(value))

    def pop(self, at=-1):
        if not self._items:
            raise IndexError("pop from empty array")
        return self._items.pop(at)

    def remove(self, value):
        if value not in self._items:
            raise ValueError("array.remove(x): x not in array")
        self._items.remove(value)

    def index(self, value, *bounds):
        try:
            return self._items.index(value, *bounds)
        except ValueError:
            raise ValueError("array.index(x): x not in array") from None

    def count(self, value):
        return self._items.count(value)

    def reverse(self):
        self._items.reverse()

    def tolist(self):
        return list(self._items)

    def tounicode(self):
        if self.typecode != "u":
            raise ValueError("tounicode() may only be called on unicode type arrays")
        return "".join(self._items)

    def tobytes(self):
        if self.typecode == "u":
            return "".join(self._items).encode("utf-32-le")
        return struct.pack(f"={len(self)}{self._plain()}", *self._items)

    def frombytes(self, data):
        size = self.itemsize
        if len(data) % size:
            raise ValueError("bytes length not a multiple of item size")
        if self.typecode == "u":
            self._items.extend(bytes(data).decode("utf-32-le"))
        else:
            self._items.extend(struct.unpack(f"={len(data) // size}{self._plain()}", data))

    def _plain(self):
        """The code of the same size in the standard sizes of `struct`."""
        kind = self.typecode
        if kind in "lL" and self.itemsize == 8:
            return "q" if kind == "l" else "Q"
        return kind

    def byteswap(self):
        size, data = self.itemsize, self.tobytes()
        swapped = b"".join(data[at : at + size][::-1] for at in range(0, len(data), size))
        self._items = []
        self.frombytes(swapped)

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self._items)

    def __contains__(self, value):
        return value in self._items

    def __getitem__(self, at):
        if isinstance(at, slice):
            return self._made(self._items[at])
        try:
            return self._items[at]
        except IndexError:
            raise IndexError("array index out of range") from None
        except TypeError:
            raise TypeError("array indices must be integers") from None

    def __setitem__(self, at, value):
        if isinstance(at, slice):
            self._items[at] = list(self._same(value))
            return
        value = self._checked(value)
        try:
            self._items[at] = value
        except IndexError:
            raise IndexError("array assignment index out of range") from None

    def __delitem__(self, at):
        del self._items[at]

    def __add__(self, other):
        return self._made(self._items + self._same(other))

    def __iadd__(self, other):
        if not isinstance(other, array):
            raise TypeError(f'can only extend with array (not "{type(other).__name__}")')
        self._items += self._same(other)
        return self

    def __mul__(self, times):
        return self._made(self._items * times)

    __rmul__ = __mul__

    def __imul__(self, times):
        self._items *= times
        return self

    def __copy__(self):
        return self._made(list(self._items))

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __repr__(self):
        if not self._items:
            return f"array({self.typecode!r})"
        shown = "".join(self._items) if self.typecode == "u" else self._items
        return f"array({self.typecode!r}, {shown!r})"

    def _compared(name):
        def compare(self, other):
            if not isinstance(other, array):
                return NotImplemented
            return getattr(self._items, name)(other._items)

        compare.__name__ = compare.__qualname__ = name
        return compare

    __eq__, __ne__, __lt__, __le__, __gt__, __ge__ = map(
        _compared, "__eq__ __ne__ __lt__ __le__ __gt__ __ge__".split()
    )
    del _compared
    __hash__ = None


ArrayType = array
