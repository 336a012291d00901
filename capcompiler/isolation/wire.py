"""Values as bytes: what the membrane lets across, and nothing else. Never pickle.

A value is msgpack: None, bool, int of 64 bits, float, text and bytes stand for themselves, everything
else is an array that begins with a tag. Containers are numbered as they are met, so that cycles and
sharing come out as they went in.

Stops: a worker that has been taken over. What it sends is read into exact builtin types only, bounded
in size, depth and in the work that hashing its keys takes; whatever else it sends is a `WireError`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from capcompiler.membrane.data import MAX_NESTING, Copier

try:
    import msgspec
except ImportError:  # the extra `process` brings it
    msgspec = None  # type: ignore[assignment]

__all__ = [
    "MAX_FRAME",
    "WireError",
    "available",
    "crowded",
    "is_itself",
    "pack",
    "packed",
    "unpack",
    "unpacked",
]

#: Bytes of one frame, at most: what a worker can make its host hold is a small multiple of it.
MAX_FRAME: Final = 32 * 2**20
(
    LIST, TUPLE, DICT, SET, FROZENSET, REF, AGAIN, BIG, TEXT, LONG, BYTES, COMPLEX, RANGE, DOTS,
    DECIMAL, FRACTION, DATE, TIME, MOMENT, SPAN, ZONE, BYTEARRAY, LEAF, RECORD,
) = range(24)  # fmt: skip
#: Lists, dictionaries and all else that is an array, in one frame. Each takes 64 bytes or more of memory
#: for one byte of the frame, and the collector's time: a full frame of empty ones took 2 GB and 27 s.
MOST_ARRAYS: Final = 2_000_000
#: Text and bytes of this many or more are numbered too: one object in a thousand places is sent once.
_LONG: Final = 256
_SMALL: Final = frozenset({type(None), bool, float})
_MOST_BITS: Final = 1 << 18  # of a fraction's numbers, as the membrane has it
_DECIMAL: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:E[+-]?[0-9]{1,19})?|Infinity|s?NaN[0-9]*)", re.ASCII | re.IGNORECASE
)
_DEEPEST: Final = MAX_NESTING + 8


class WireError(Exception):
    """What came over the wire is not what a worker of ours sends."""


def available() -> bool:
    """Whether the library is there that encodes."""
    return msgspec is not None


_decode: Final[Any] = None if msgspec is None else msgspec.msgpack.Decoder().decode
#: The bytes of a tree that `pack` made, or of one made by hand from what msgpack knows.
packed: Final[Callable[[Any], bytes]] = None if msgspec is None else msgspec.msgpack.Encoder().encode


def unpacked(data: bytes | bytearray | memoryview) -> Any:
    """The tree in some bytes. Raises `WireError`."""
    if len(data) > MOST_ARRAYS and crowded(data):
        raise WireError("a frame of too many parts")
    try:
        return _decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError, MemoryError):
        raise WireError("a frame that is no message") from None


def crowded(data: bytes | bytearray | memoryview) -> bool:
    """Whether a message has more arrays than `MOST_ARRAYS`, before anything is made of it."""
    if len(data) <= MOST_ARRAYS:
        return False
    raw = bytes(data)
    # In most messages even the bytes that could begin an array are fewer than that.
    return len(raw.translate(None, _NO_ARRAYS)) > MOST_ARRAYS and _arrays(raw) > MOST_ARRAYS


def _arrays(raw: bytes) -> int:
    """The arrays and maps in a message, or more than `MOST_ARRAYS` where it takes too long to say."""
    found = at = 0
    size = len(raw)
    for _ in range(2 * MOST_ARRAYS):
        # By the million in a hostile frame: these are counted a stretch at a time.
        run = _SINGLE.match(raw, at, at + _STRETCH)
        if run is not None:
            found += len(run[0].translate(None, _NO_HEADS))
            at = run.end()
            if found > MOST_ARRAYS:
                return found
        if at >= size:
            return found
        first = raw[at]
        if first in _HEADS:
            continue  # of the next stretch
        if first < 0xC0:
            at += 1 + (first & 31)
        elif first in _ARRAYS:
            found += 1
            at += _ARRAYS[first]
        elif first in _FIXED:
            at += _FIXED[first]
        else:
            width, more = _COUNTED[first]
            at += 1 + width + more + int.from_bytes(raw[at + 1 : at + 1 + width], "big")
        if found > MOST_ARRAYS:
            return found
    return MOST_ARRAYS + 1


# Heads of msgpack (github.com/msgpack/msgpack/blob/master/spec.md): what stands for itself, and short
# arrays and maps, which are a byte each; arrays and maps with their length, numbers and extensions of
# one size, and what says how many bytes follow.
_SINGLE: Final = re.compile(rb"[\x00-\x9f\xc0-\xc3\xe0-\xff]+")
_HEADS: Final = frozenset(range(0xA0)) | frozenset(range(0xC0, 0xC4)) | frozenset(range(0xE0, 0x100))
_NO_HEADS: Final = bytes(b for b in range(256) if not 0x80 <= b < 0xA0)
_STRETCH: Final = 1 << 20
_ARRAYS: Final = {0xDC: 3, 0xDD: 5, 0xDE: 3, 0xDF: 5}
_FIXED: Final = {
    0xCA: 5, 0xCB: 9, 0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9, 0xD0: 2, 0xD1: 3, 0xD2: 5, 0xD3: 9,
    0xD4: 3, 0xD5: 4, 0xD6: 6, 0xD7: 10, 0xD8: 18,
}  # fmt: skip
_COUNTED: Final = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip
_NO_ARRAYS: Final = bytes(b for b in range(256) if not 0x80 <= b < 0xA0 and b not in _ARRAYS)


# Out


class _Packer:
    __slots__ = ("count", "fields", "leaf", "numbers")

    def __init__(self, leaf: Callable[[Any], Any], fields: Callable[[Any], Any]) -> None:
        self.leaf = leaf
        self.fields = fields
        self.numbers: dict[int, int] = {}
        self.count = 0

    def number(self, value: Any) -> None:
        self.numbers[id(value)] = self.count
        self.count += 1

    def pack(self, value: Any) -> Any:
        kind = type(value)
        if kind in _SMALL:
            return value
        if kind is int:
            if -(2**63) <= value < 2**63:
                return value
            return [BIG, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)]
        if kind is str:
            return self.text(value) if len(value) < _LONG else self.long(value, self.text)
        if kind is bytes:
            return value if len(value) < _LONG else self.long(value, bytes)
        known = self.numbers.get(id(value))
        if known is not None:
            return [REF, known]
        if kind is list:
            self.number(value)
            return [LIST, *[self.pack(x) for x in value]]
        if kind is dict:
            self.number(value)
            out: list[Any] = [DICT]
            for k, v in value.items():
                out.append(self.pack(k))
                out.append(self.pack(v))
            return out
        if kind is set:
            self.number(value)
            return [SET, *[self.pack(x) for x in value]]
        if kind is tuple or kind is frozenset:
            items = [self.pack(x) for x in value]
            known = self.numbers.get(id(value))
            if known is not None:  # made meanwhile, through a cycle
                return [AGAIN, known, *items]
            self.number(value)
            return [TUPLE if kind is tuple else FROZENSET, *items]
        make = _SCALARS.get(kind)
        if make is not None:
            return make(self, value)
        record = self.fields(value)
        if record is not None:
            self.number(value)
            number, fields = record
            return [RECORD, number, *[self.pack(x) for x in fields]]
        return [LEAF, self.leaf(value)]

    def text(self, value: str) -> Any:
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            return [TEXT, value.encode("utf-8", "surrogatepass")]
        return value

    def fraction(self, value: Fraction) -> Any:
        # Numbered, as what a compartment makes of it is an object of its own.
        self.number(value)
        return [FRACTION, self.pack(value.numerator), self.pack(value.denominator)]

    def long(self, value: Any, form: Callable[[Any], Any]) -> Any:
        known = self.numbers.get(id(value))
        if known is not None:
            return [REF, known]
        self.number(value)
        return [LONG, form(value)]


def _bytearray(packer: _Packer, value: bytearray) -> Any:
    packer.number(value)
    return [BYTEARRAY, bytes(value)]


def _zone(zone: datetime.tzinfo | None) -> Any:
    if zone is None:
        return None
    offset = zone.utcoffset(None)
    assert offset is not None  # noqa: S101 - exact zones have one
    args = zone.__getinitargs__()  # type: ignore[attr-defined]
    name = args[1] if len(args) > 1 else None
    shown = None if name is None else name.encode("utf-8", "surrogatepass")
    return [offset.days, offset.seconds, offset.microseconds, shown]


_SCALARS: Final[dict[type, Callable[[_Packer, Any], Any]]] = {
    complex: lambda p, z: [COMPLEX, z.real, z.imag],
    range: lambda p, r: [RANGE, p.pack(r.start), p.pack(r.stop), p.pack(r.step)],
    type(...): lambda p, _: [DOTS],
    Decimal: lambda p, d: [DECIMAL, str(d)],
    Fraction: lambda p, f: p.fraction(f),
    datetime.date: lambda p, d: [DATE, d.year, d.month, d.day],
    datetime.time: lambda p, t: [
        TIME, t.hour, t.minute, t.second, t.microsecond, t.fold, _zone(t.tzinfo)
    ],
    datetime.datetime: lambda p, m: [
        MOMENT, m.year, m.month, m.day, m.hour, m.minute, m.second, m.microsecond, m.fold,
        _zone(m.tzinfo),
    ],
    datetime.timedelta: lambda p, s: [SPAN, s.days, s.seconds, s.microseconds],
    datetime.timezone: lambda p, z: [ZONE, _zone(z)],
    bytearray: _bytearray,
}  # fmt: skip


def is_itself(value: Any) -> bool:
    """Whether a value stands for itself in a tree, and is numbered nowhere."""
    kind = type(value)
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    return kind in _SMALL or (kind is str and len(value) < _LONG and value.isascii())


def pack(
    value: Any, leaf: Callable[[Any], Any], fields: Callable[[Any], Any] = lambda _value: None
) -> Any:
    """The tree of a value that the membrane has copied. leaf: the tree of what is no data. fields: the
    number of the class of a registered dataclass's instance, and its fields; None for anything else."""
    if is_itself(value):
        return value
    kind = type(value)
    if not value:  # as it is packed below, and as most keywords are
        if kind is dict:
            return [DICT]
        if kind is tuple:
            return [TUPLE]
    if kind is tuple and all(map(is_itself, value)):
        return [TUPLE, *value]
    return _Packer(leaf, fields).pack(value)


# In


#: Of a registered dataclass: the class, how many fields there are, and what fills an instance.
Kind = tuple[Any, int, Callable[[Any, list[Any]], None]]


def _no_record(_number: Any) -> Kind:
    raise WireError("an instance of a class that was not given")


def unpack(tree: Any, leaf: Callable[[Any], Any], record: Callable[[Any], Kind] = _no_record) -> Any:
    """The value of a tree. leaf: what a leaf's tree stands for. record: the class of a number. Raises
    `WireError`, and what filling an instance raises."""
    kind = type(tree)
    if kind in _NATIVE:
        return tree
    if kind is list and tree and type(tree[0]) is int:
        # What most calls give and take, as it is read below.
        if tree[0] == TUPLE and _NATIVE.issuperset(map(type, tree)):
            return tuple(tree[1:])
        if tree[0] == DICT and len(tree) == 1:
            return {}
    try:
        return _Unpacker(leaf, record).unpack(tree, 0)
    except WireError:
        raise
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError, ArithmeticError):
        raise WireError("a value that is none") from None


class _Unpacker:
    __slots__ = ("leaf", "record", "records", "table", "weigh")

    def __init__(self, leaf: Callable[[Any], Any], record: Callable[[Any], Kind]) -> None:
        self.leaf = leaf
        self.record = record
        #: Instances of registered dataclasses, by identity; the table holds them.
        self.records: set[int] = set()
        self.table: list[Any] = []
        self.weigh: Copier | None = None

    def unpack(self, tree: Any, depth: int) -> Any:
        kind = type(tree)
        if kind in _NATIVE:
            return tree
        if kind is not list or not tree or type(tree[0]) is not int:
            raise WireError("a value of no kind")
        if depth > _DEEPEST:
            raise WireError("a value that is nested too deeply")
        tag = tree[0]
        if tag == LIST:
            items: list[Any] = []
            self.table.append(items)
            items.extend([self.unpack(x, depth + 1) for x in tree[1:]])
            return items
        if tag == DICT:
            return self.dict(tree, depth)
        if tag == TUPLE:
            made = tuple([self.unpack(x, depth + 1) for x in tree[1:]])
            self.table.append(made)
            return made
        if tag in (SET, FROZENSET):
            return self.set(tree, tag, depth)
        if tag == REF:
            return self.table[_index(tree, 2)]
        if tag == AGAIN:
            number = _index(tree, None)
            for x in tree[2:]:
                self.unpack(x, depth + 1)
            return self.table[number]
        if tag == LONG:
            (value,) = tree[1:]
            value = self.unpack(value, depth + 1)
            if type(value) not in (str, bytes):
                raise WireError("a long text that is none")
            self.table.append(value)
            return value
        if tag == LEAF:
            (value,) = tree[1:]
            return self.leaf(value)
        if tag == RECORD:
            kind, count, fill = self.record(tree[1])
            made = object.__new__(kind)
            self.table.append(made)
            self.records.add(id(made))
            fields = [self.unpack(x, depth + 1) for x in tree[2:]]
            if len(fields) != count:
                raise WireError("an instance with other fields than its class has")
            fill(made, fields)
            return made
        return self.scalar(tag, tree[1:], depth)

    def dict(self, tree: list[Any], depth: int) -> Any:
        made: dict[Any, Any] = {}
        self.table.append(made)
        if len(tree) % 2 == 0:
            raise WireError("a dictionary with half an entry")
        # A value may refer to what its key is made of, so both are read in the order they came in.
        parts = [self.unpack(x, depth + 1) for x in tree[1:]]
        keys = parts[::2]
        self.check(keys)
        made.update(zip(keys, parts[1::2], strict=True))
        return made

    def set(self, tree: list[Any], tag: int, depth: int) -> Any:
        made: set[Any] = set()
        if tag == SET:
            self.table.append(made)
        members = [self.unpack(x, depth + 1) for x in tree[1:]]
        self.check(members)
        if tag == SET:
            made.update(members)
            return made
        frozen = frozenset(members)
        self.table.append(frozen)
        return frozen

    def check(self, keys: list[Any]) -> None:
        """Refuse keys that cannot be hashed, or that would keep the host hashing."""
        if all(type(k) is str for k in keys):
            return
        weigh = self.weigh = self.weigh or Copier(_no_leaf, _free)
        weigh._records = self.records
        for key in keys:
            kind = type(key)
            if id(key) in self.records:
                raise WireError("a key that would run its class's code")
            if kind in (list, dict, set, bytearray):
                raise WireError("a key that cannot be hashed")
            if kind in (tuple, frozenset) and not weigh._may_hash(key):
                raise WireError("a key that would take too long to hash")
        try:
            weigh._check_hashes(keys, "")
        except Exception:
            raise WireError("keys that hash alike") from None

    def scalar(self, tag: int, parts: list[Any], depth: int) -> Any:
        if tag == BIG:
            return int.from_bytes(_of(bytes, parts[0]), "little", signed=True)
        if tag == TEXT:
            return _of(bytes, parts[0]).decode("utf-8", "surrogatepass")
        if tag == COMPLEX:
            return complex(_of(float, parts[0]), _of(float, parts[1]))
        if tag == DOTS:
            return ...
        if tag in (RANGE, FRACTION):
            number = len(self.table)
            if tag == FRACTION:
                self.table.append(None)
            whole = [_of(int, self.unpack(x, depth + 1)) for x in parts]
            if tag == RANGE:
                first, last, step = whole
                return range(first, last, step)
            numerator, denominator = whole
            if denominator <= 0 or max(x.bit_length() for x in whole) > _MOST_BITS:
                raise WireError("a fraction that is none")
            fraction = self.table[number] = Fraction(numerator, denominator)
            return fraction
        if tag == DECIMAL:
            text = _of(str, parts[0])
            if not _DECIMAL.fullmatch(text):
                raise WireError("a decimal that is none")
            return Decimal(text)
        if tag == BYTEARRAY:
            made = bytearray(_of(bytes, parts[0]))
            self.table.append(made)
            return made
        if tag == ZONE:
            return _unzoned(parts[0])
        if tag not in (DATE, TIME, MOMENT, SPAN):
            raise WireError("a value of no kind")
        if tag in (TIME, MOMENT):
            *numbers, fold, zone = parts
            numbers = [_of(int, x) for x in numbers]
            make: Any = datetime.time if tag == TIME else datetime.datetime
            return make(*numbers, _unzoned(zone), fold=_of(int, fold))
        a, b, c = (_of(int, x) for x in parts)
        return datetime.date(a, b, c) if tag == DATE else datetime.timedelta(a, b, c)


_NATIVE: Final = frozenset({type(None), bool, int, float, str, bytes})


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise WireError(f"wanted {kind.__name__}")
    return value


def _index(tree: list[Any], length: int | None) -> int:
    index: int = _of(int, tree[1])
    if index < 0 or (length is not None and len(tree) != length):
        raise WireError("a reference to nothing")
    return index


def _unzoned(zone: Any) -> datetime.timezone | None:
    if zone is None:
        return None
    days, seconds, micros, name = zone
    offset = datetime.timedelta(_of(int, days), _of(int, seconds), _of(int, micros))
    if name is None:
        return datetime.timezone(offset)
    return datetime.timezone(offset, _of(bytes, name).decode("utf-8", "surrogatepass"))


def _no_leaf(value: Any, where: str) -> Any:
    raise WireError("a key that is none")


def _free(_count: int) -> None:
    """What comes in is paid for by whoever asked."""
