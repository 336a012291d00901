"""What work costs, told before it is done.

Stops: work hidden in one step (pits 5, 16, 17, 22 and 23 of the design). Sizes come from the exact
builtin part of an object, never from a method that a guest's subclass may have replaced.
The unit is the step; roughly 30 to 60 ns of C work.
"""

from __future__ import annotations

import builtins
import gc
import itertools
import re
import sys
from collections import OrderedDict, defaultdict, deque
from decimal import Decimal
from functools import partial
from types import (
    BuiltinFunctionType,
    FunctionType,
    GenericAlias,
    MethodType,
    SimpleNamespace,
    UnionType,
)
from typing import TYPE_CHECKING, Any, Final

from guards.depth import Kept, Once
from guards.host import host_iterable, host_lookup
from guards.tables.rows import TABLE
from guards.templates import TEMPLATES, Template, template_size

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "DICTS",
    "DIGITS",
    "FEWEST_DIGITS",
    "SCALARS",
    "allocatable",
    "asks_for_little",
    "charge_add",
    "charge_big",
    "charge_decimal",
    "charge_digits",
    "charge_element",
    "charge_format_spec",
    "charge_hash",
    "charge_int_work",
    "charge_keys",
    "charge_linear",
    "charge_lshift",
    "charge_mod",
    "charge_mul",
    "charge_nest_hash",
    "charge_nests",
    "charge_pow",
    "charge_strftime",
    "charge_text",
    "charge_truediv",
    "charge_walk",
    "check_digits",
    "check_digits_of_text",
    "feed",
    "feed_kept",
    "feed_keys",
    "feed_once",
    "feed_pairs",
    "is_few",
    "is_light",
    "is_short_format",
    "is_view",
    "merged",
    "note_precision",
    "settled",
    "size_of",
]

SCALARS: Final = frozenset({int, str, float, bool, type(None), bytes, complex})
#: `dict`, and the `frozendict` of 3.15 where it is.
DICTS: Final[tuple[Any, ...]] = (dict, *filter(None, [getattr(builtins, "frozendict", None)]))
_VIEWED: Final[tuple[dict[Any, Any], ...]] = ({}, OrderedDict())
_VIEWS: Final[tuple[type, ...]] = tuple(
    type(view) for d in _VIEWED for view in (d.keys(), d.values(), d.items())
)
#: Types whose length is known without running guest code, with the way to get it.
_COUNTED: Final[tuple[Any, ...]] = (
    list, tuple, str, bytes, bytearray, *DICTS, set, frozenset, deque, OrderedDict, defaultdict,
)  # fmt: skip
_LENGTHS: Final[dict[type, Any]] = {k: k.__len__ for k in (*_COUNTED, *_VIEWS)}
_SIZED: Final = tuple(k for k in _LENGTHS if k not in _VIEWS)
_NESTS: Final = frozenset({list, tuple, *DICTS, set, frozenset, deque, OrderedDict, defaultdict})
_FLAT: Final = frozenset({list, tuple, set, frozenset, deque})
_DEEPEST: Final = 2000
_SMALL_WALK: Final = 64


def range_length(r: range) -> int:
    """The length of a range, exact where `len` would overflow."""
    if r.step > 0:
        return max(0, (r.stop - r.start + r.step - 1) // r.step)
    return max(0, (r.start - r.stop - r.step - 1) // -r.step)


def size_of(obj: object) -> int | None:
    """The number of elements in a builtin container or in the builtin part of a guest's subclass
    of one; None for anything else."""
    kind = type(obj)
    if kind in _LENGTHS:
        return len(obj)  # type: ignore[arg-type]
    if kind is range:
        return range_length(obj)  # type: ignore[arg-type]
    if kind is memoryview:
        return int(obj.nbytes)  # type: ignore[attr-defined]
    for base in _SIZED:
        if issubclass(kind, base):
            return int(_LENGTHS[base](obj))
    return None


def unit_of(obj: object) -> int:
    """Bytes that one element of a builtin sequence takes, roughly."""
    kind = type(obj)
    if issubclass(kind, str):
        return 1 if str.isascii(obj) else 4  # type: ignore[arg-type]
    return 1 if issubclass(kind, (bytes, bytearray)) else 8


def feed(realm: Realm, obj: Any) -> Any:
    """What C code may iterate in place of `obj`: charged at once where the length is known and
    cannot grow under way, else an iterator that takes a step per element."""
    kind = type(obj)
    length = _LENGTHS.get(kind)
    if length is not None:
        realm.meter.charge(int(length(obj)))
        return obj
    if kind is range:
        size = range_length(obj)
        bits = max(int.bit_length(obj.start), int.bit_length(obj.stop))
        if bits > 4096:
            realm.meter.charge_bytes(size * (bits >> 3))
        if size <= 1 << 16:
            realm.meter.charge(size)
            return obj
        # Counted one by one, so that the clock is looked at while C code walks it.
    return itertools.compress(obj, realm.meter.iterator)


def feed_kept(realm: Realm, obj: Any) -> Any:
    """What C code that lets go of what it iterates may iterate in place of `obj`: a step per element."""
    if type(obj) not in _LENGTHS and type(obj) is not range:
        iterator = iter(obj)
        definer, ask = host_lookup(type(iterator), "__next__")
        if definer in TABLE:  # a function of the guest's is held, with its object, while it runs
            obj = Kept(iterator, ask.__get__(iterator, type(iterator)))
        else:
            obj = iterator
    return itertools.compress(obj, realm.meter.iterator)


def feed_once(realm: Realm, obj: Any) -> Any:
    """The same for what goes on with it after that; see `Once`."""
    fed = itertools.compress(obj, realm.meter.iterator)
    return fed if type(obj) in _LENGTHS or type(obj) is range else Once(fed, realm.meter.kept)


def settled(realm: Realm, element: Any) -> Any:
    """What C code may be given for an element that it makes a sequence of: `dict([pair])` and
    `starmap(f, [args])` would take an endless one to its end before they look at its length."""
    kind = type(element)
    if kind is tuple or kind is list:
        realm.meter.charge(len(element) >> 4)
        return element
    if not host_iterable(kind):
        return element  # C code says so
    return list(itertools.compress(element, realm.meter.iterator))


def feed_pairs(realm: Realm, obj: Any) -> Any:
    """`feed` for elements that C code makes pairs of, whose first ones it hashes."""
    kind = type(obj)
    if kind is list or kind is tuple:
        exact = tuple(obj)  # what hashes the keys may change the list
        if all(type(x) is tuple and len(x) == 2 for x in exact):
            realm.meter.charge(len(exact))
            if not _STEADY.issuperset({type(x[0]) for x in exact}):
                for x in exact:
                    charge_element(realm, x[0])
            return exact
    pairs = itertools.compress(obj, realm.meter.iterator)
    return map(MethodType(_paid_pair, realm), pairs, itertools.count())


_NOTES_WHICH_PAIR: Final = sys.version_info >= (3, 14)


def _paid_pair(realm: Realm, pair: Any, number: int) -> Any:
    try:
        exact = settled(realm, pair)
    except TypeError as error:
        if _NOTES_WHICH_PAIR:
            note = f"Cannot convert dictionary update sequence element #{number} to a sequence"
            BaseException.add_note(error, note)
        raise
    if type(exact) is list:
        exact = tuple(exact)  # what hashes the first may change it
    if type(exact) is tuple and exact:
        charge_element(realm, exact[0])
    return exact


_EXACT_DICTS: Final = frozenset({*DICTS, OrderedDict, defaultdict})
_DICT_WALK: Final = ("__iter__", "keys", "__getitem__")


_HASH_BITS: Final = 60
_HASHED_AT_ONCE: Final = 1 << _HASH_BITS
_HASHES_KEPT: Final = 4096


def charge_hash(realm: Realm, key: Any) -> None:
    """Charge for a key whose hash a guest can choose.

    Numbers that differ by multiples of 2**61 - 1 share a hash, and so do -1 and -2 wherever they stand
    in tuples; each insertion then walks all the others (pit 16): the n-th different key of one hash
    pays for a walk of n.
    """
    if type(key) is int:
        bits = key.bit_length()
        if bits <= _HASH_BITS:
            return
        if bits >> 9:
            realm.meter.charge(bits >> 9)
    _charge_met(realm, hash(key), key)


def _charge_met(realm: Realm, h: int, key: Any) -> None:
    met = realm.hashes.get(h)
    if met is None:
        if len(realm.hashes) >= _HASHES_KEPT:
            realm.hashes.clear()
        realm.hashes[h] = (1, key)
    elif met[1] is not key and not met[1] == key:
        realm.hashes[h] = (met[0] + 1, key)
        realm.meter.charge(met[0] >> 1)
    elif met[0] > 32:
        realm.meter.charge(met[0] >> 5)  # it is looked for among the others


#: Keys of a turn whose hashes are not asked for once more: so few are found quickly, however they hash.
_FEW_KEYS: Final = 128


def _charge_steered(realm: Realm, key: Any) -> None:
    """Charge for a key whose class lets the guest say what it hashes to, while no code of the guest's
    runs for each comparison.

    It is asked for its hash once more, where there were many; an honest class cannot tell.
    """
    realm.keyed += 1
    if realm.keyed <= _FEW_KEYS:
        return
    try:
        h = hash(key)
    except Exception:
        return  # whoever does hash it says so; what asks `x[key]` for a class may not
    equal = host_lookup(type(key), "__eq__")[0]
    # What is equal to itself alone is noted by where it is, and lives no longer for it.
    _charge_met(realm, h, id(key) if equal is object or equal not in TABLE else key)


def _is_steered(kind: type) -> bool:
    """Whether a guest can have many keys of a class meet in one place, where C code compares them."""
    definer, found = host_lookup(kind, "__hash__")
    if definer is None or found is None or definer in _STEADY or definer in _BY_IDENTITY:
        return False
    own, equal = host_lookup(kind, "__eq__")
    return own in TABLE or type(equal) is not FunctionType  # the calls of a function are counted


def charge_nest_hash(realm: Realm, key: Any) -> None:
    """Charge for a key that is no text and no whole number."""
    kind = type(key)
    if kind in _STEADY:
        if kind is bytes:
            realm.meter.charge(len(key) >> 12)
        return
    if kind is tuple and len(key) <= _FEW:
        kinds = set(map(type, key))
        if kinds <= _TEXTS and sum(map(len, key)) <= 4096:
            return
        if is_few(key):
            if not kinds <= _SALTED:
                charge_hash(realm, key)  # a walk of so few scalars costs nothing
            return
    charge_walk(realm, key)
    if kind is complex or ((kind is tuple or kind is frozenset) and _is_data(key)):
        charge_hash(realm, key)
    elif _is_steered(kind):
        _charge_steered(realm, key)


def _is_data(key: Any) -> bool:
    """Whether hashing a tuple or a frozenset runs no code of the guest's."""
    level, seen = [key], 0
    while level:
        below: list[Any] = []
        for part in level:
            seen += len(part)
            if seen > 1000:
                return False
            for kind in set(map(type, part)) - SCALARS:
                if kind is not tuple and kind is not frozenset:
                    return False
                below.extend(x for x in part if type(x) is kind)
        level = below
    return True


def feed_keys(realm: Realm, obj: Any) -> Any:
    """`feed` for elements that C code will hash: each nest among them is paid for."""
    kind = type(obj)
    if kind in _LENGTHS:
        kinds = set(map(type, obj))
        if _STEADY.issuperset(kinds) or (
            kinds == {int} and max(obj) < 1 << _HASH_BITS and min(obj) > -1 << _HASH_BITS
        ):
            realm.meter.charge(len(obj))
            return obj
        if kind in _HASHED:
            for element in itertools.compress(list(obj), realm.meter.iterator):
                charge_element(realm, element)
            return obj  # the hashes of its elements are taken over
    return map(MethodType(charge_element, realm), itertools.compress(obj, realm.meter.iterator))


def charge_keys(realm: Realm, view: Any) -> None:
    """Pay for what C code hashes of a view that it takes as it is. What a dictionary knows of its keys
    is lost in a view of it, and of its values it knows nothing."""
    fed = feed_keys(realm, view)
    if fed is not view:
        deque(fed, 0)


_HASHED: Final = frozenset({dict, set, frozenset, OrderedDict, defaultdict})
feed_compared = feed_keys


def charge_element(realm: Realm, element: Any) -> Any:
    """`element`, once it is paid for that C code hashes it."""
    kind = type(element)
    if kind is int and -_HASHED_AT_ONCE < element < _HASHED_AT_ONCE:
        return element
    if kind is int:
        charge_hash(realm, element)
    elif kind is not str:
        charge_nest_hash(realm, element)
    return element


#: Types whose hash no guest can steer.
_STEADY: Final = frozenset({str, bytes, bool, float, type(None)})
#: Those of them whose hashes a process makes its own, or that have no two: what tuples of them hash to
#: is not steered either. A float has the hash of others, and a tuple of eight that of a thousand.
_SALTED: Final = frozenset({str, bytes, bool, type(None)})
#: The same, since it is where the object is.
_BY_IDENTITY: Final = frozenset({object, type, FunctionType, BuiltinFunctionType, MethodType})


def is_view(kind: type) -> bool:
    """Whether a class is one of our own views of a namespace, whose `keys` is a stand-in only."""
    rows = TABLE.get(kind)
    return rows is not None and "keys" in rows and "keys" not in kind.__dict__


def merged(realm: Realm, source: Any) -> Any:
    """What C code may merge into a dictionary in place of the mapping `source`: a dictionary whose
    size was charged. The keys of a mapping of the guest's own are taken one by one, with a step
    each, since C code would collect an endless `keys()` (pit 5)."""
    kind = type(source)
    if kind in _EXACT_DICTS or (
        issubclass(kind, DICTS) and all(host_lookup(kind, n)[0] in _EXACT_DICTS for n in _DICT_WALK)
    ):
        size = size_of(source) or 0
        realm.meter.charge(size)
        realm.meter.charge_bytes(size * 16)
        return source
    found: dict[Any, Any] = {}
    view = is_view(kind)
    keys = source if view else source.keys()
    for key in itertools.compress(keys, realm.meter.iterator):
        charge_element(realm, key)
        found[key] = source[key]
    return found


#: Builtin classes whose instances hold nothing that C code walks when it compares or hashes them, or
#: writes them out.
_BARE: Final = frozenset({Decimal, FunctionType, BuiltinFunctionType, type, range, object})


#: What is asked for each of its elements whether another holds it: the operators of sets.
_ASKED: Final[tuple[type, ...]] = (set, frozenset, type({}.keys()), type({}.items()))


def charge_nests(realm: Realm, a: Any, b: Any) -> None:
    """Charge for comparing two nests. C code stops at the shorter one, so looking at one of them bounds
    the work on both. Not so where a view meets a view or a set: each element of one is hashed, however
    large it is, and looked for in the other."""
    met: list[type] = []
    charge_walk(realm, b, met=met)
    kind = type(a)
    if issubclass(kind, _ASKED[2:]) or any(issubclass(k, _ASKED[2:]) for k in met):
        charge_walk(realm, a)
    elif met and not issubclass(kind, _ASKED):  # a set holds no views, nor what does
        charge_walk(realm, a)


def charge_walk(realm: Realm, obj: Any, *, text: bool = False, met: list[type] | None = None) -> int:
    """Charge what C code would take to compare, hash, print or copy a nest of containers.

    Counts every path, as C code walks every path: sixty levels of `x = (x, x)` use up any budget.
    What is as long as it is deep counts too: a list of a thousand times the same text prints it a
    thousand times. text: it will be printed, so its characters are memory. Gives the characters,
    bytes and digits that were met. Small nests cost nothing. met: takes the classes of sets and views
    in it.
    """
    kind, bare = type(obj), realm.plain.bare
    if kind in bare or kind in _BARE:
        return 0
    if met is not None and issubclass(kind, _ASKED):
        met.append(kind)
    if kind in SCALARS:
        size = _length(obj, kind)
        if size > 4096:
            if text:
                realm.meter.charge_bytes(size)
            realm.meter.charge(size >> 12)
        return size
    if kind in _FLAT:
        count = len(obj)
        if count <= _FEW:
            size = _few(obj)
            if 0 <= size <= 4096:
                return size
        kinds = set(map(type, obj))
        if SCALARS.issuperset(kinds):
            size = _flat_length(obj, kinds)
            if text and count > _FEW_TEXTS:
                realm.meter.charge(count * (_TEXT_OF_FLOAT if kinds & _FRACTIONAL else _TEXT_OF_ONE))
            elif not text:
                realm.meter.charge(count >> 1)
            _charge_size(realm, size, 0, text)
            return size
        if kinds <= bare or kinds <= _BARE:
            if count > _SMALL_WALK:
                realm.meter.charge(count * (_TEXT_OF_ONE if text else 1))
            return 0
    count = size = shown = ends = 0
    each = _TEXT_OF_ONE if text else 1
    path: set[int] = set()
    # A stack of iterators over children; `None` in `path` order tells which container ends.
    stack: list[tuple[int, Any]] = []
    entered = _children(obj)
    if entered is None:
        if kind is memoryview and not text:
            charge_views(realm, obj)
            return 0
        realm.plain.learn_bare(realm, kind)
        size = 0 if kind is range else size_of(obj) or 0  # ranges are compared by their ends
        realm.meter.charge(size >> 12)
        return size
    path.add(id(obj))
    stack.append((id(obj), entered))
    while stack:
        ident, children = stack[-1]
        for child in children:
            count += 1
            if count & 1023 == 0:
                realm.meter.charge(1024 * each)
            kind = type(child)
            if kind in SCALARS:
                if kind is str or kind is int or kind is bytes:
                    size += child.bit_length() >> 3 if kind is int else len(child)
                    if size - shown > 1 << 16:
                        _charge_size(realm, size, shown, text)
                        shown = size
                continue
            if kind in bare or kind in _BARE:
                continue
            inner = _children(child)
            if met is not None and issubclass(kind, _ASKED):
                met.append(kind)
            if inner is None:
                if kind is memoryview and not text:
                    charge_views(realm, child)
                    continue
                size += 0 if kind is range else size_of(child) or 0
                continue
            if id(child) in path:
                ends += 1
                if ends > 1 and not text:
                    # Comparing with it would go round it in every way there is.
                    raise RecursionError("maximum recursion depth exceeded in a nest of containers")
                continue
            path.add(id(child))
            stack.append((id(child), inner))
            if len(stack) > _DEEPEST:
                # Hashing recurses in C without a look at the stack: a million levels crash.
                raise RecursionError("maximum recursion depth exceeded in a nest of containers")
            break
        else:
            stack.pop()
            path.discard(ident)
    if count > _SMALL_WALK:
        realm.meter.charge((count & 1023) * each)
    _charge_size(realm, size, shown, text)
    return size


#: So many elements are looked at one by one.
_FEW: Final = 8
#: Steps for the text of an element: that of a whole number takes some 100 ns, that of a float 500.
_TEXT_OF_ONE: Final = 2
_TEXT_OF_FLOAT: Final = 8
_FRACTIONAL: Final = frozenset({float, complex})
#: The texts of so many elements are free.
_FEW_TEXTS: Final = 16


def _few(items: Any) -> int:
    """What a few scalars add to the length of a text; -1 where one of them is something else."""
    size = 0
    for x in items:
        kind = type(x)
        if kind is str or kind is bytes:
            size += len(x)
        elif kind is int:
            size += x.bit_length() >> 3
        elif kind not in SCALARS:
            return -1
    return size


def is_few(items: Any) -> bool:
    """Whether a tuple is one of a few scalars, which C code compares with another for nothing."""
    return len(items) <= _FEW and 0 <= _few(items) <= 4096


def _charge_size(realm: Realm, size: int, shown: int, text: bool) -> None:
    # A text is looked at character by character for what is to be escaped in it.
    realm.meter.charge((size - shown) >> (5 if text and size > 4096 else 12))
    if text and size > 4096:
        realm.meter.charge_bytes(size)


_BYTES: Final = (bytes, bytearray)


def charge_views(realm: Realm, a: Any, b: Any = None) -> None:
    """Charge for comparing a view of memory, element by element: through `struct` where the formats
    are not the same (130 ns an element, where 3 are usual; CPython 3.11). b: None for what is not
    known."""
    lengths: list[int] = []
    formats: list[str | None] = []
    for x in (a, b):
        if type(x) is memoryview:
            try:
                lengths.append(x.nbytes // (x.itemsize or 1))
                formats.append(x.format)
            except ValueError:  # released: compared by identity
                return
        else:
            formats.append("B" if issubclass(type(x), _BYTES) else None)
    plain = formats[0] == formats[1] and len(formats[0] or "??") == 1
    realm.meter.charge(min(lengths) >> 4 if plain else 3 * min(lengths))


def _length(obj: Any, kind: type) -> int:
    """What a scalar adds to the length of a text, or to what is compared."""
    if kind is str or kind is bytes:
        return len(obj)
    return obj.bit_length() >> 3 if kind is int else 0


def _flat_length(items: Any, kinds: set[type]) -> int:
    if kinds <= _TEXTS:
        return sum(map(len, items))
    if kinds == {int}:
        return sum(map(int.bit_length, items)) >> 3
    if kinds.isdisjoint(_LONG):
        return 0
    return sum(_length(x, type(x)) for x in items)


_TEXTS: Final = frozenset({str, bytes})
_LONG: Final = frozenset({str, bytes, int})


def _children(obj: Any) -> Any:
    kind = type(obj)
    if kind not in _NESTS:
        for base in (list, tuple, *DICTS, set, frozenset, deque):
            if issubclass(kind, base):
                kind = base
                break
        else:
            return _carried(obj, kind)
    if issubclass(kind, DICTS):
        values = list(kind.values(obj))
        keys = list(kind.keys(obj))
        return iter(keys + values) if keys and set(map(type, keys)) - _SHORT_KEYS else iter(values)
    return iter(list(kind.__iter__(obj)))


_SHORT_KEYS: Final = frozenset({float, bool, type(None), complex})


def charge_digits(realm: Realm, number: Any) -> None:
    """Charge for writing a Decimal out in plain digits, or as a whole number."""
    if Decimal.is_finite(number):
        digits = abs(Decimal.adjusted(number))
        if digits > 1000:
            realm.meter.charge_bytes(digits)
            realm.meter.charge((digits >> 4) ** 2 >> 6)


def charge_text(realm: Realm, obj: Any) -> None:
    """Charge for making the text of `obj`, by `str`, `repr` or a format."""
    kind = type(obj)
    if kind is int or kind is bool:
        bits = int.bit_length(obj)
        if bits > _FEWEST_BITS:
            if bits > 4096:
                realm.meter.charge((bits >> 6) ** 2 >> 6)
                realm.meter.charge_bytes(bits >> 1)
            check_digits(realm, obj)
        return
    if kind in SCALARS:
        if kind is str or kind is bytes:
            realm.meter.charge_bytes(len(obj))
        return
    if issubclass(kind, (str, bytes, bytearray, memoryview)):
        realm.meter.charge_bytes((size_of(obj) or 0) * 4)
        return
    if issubclass(kind, int):
        check_digits(realm, obj)
    charge_walk(realm, obj, text=True)


#: Under which key a realm keeps what its guest set as the limit of digits, where it has set one.
DIGITS: Final = "digits"
#: No limit is below so many digits, and the bits that no fewer digits take.
FEWEST_DIGITS: Final = sys.int_info.str_digits_check_threshold
_FEWEST_BITS: Final = FEWEST_DIGITS * 3
_TOO_MANY: Final = (
    "Exceeds the limit ({:d} digits) for integer string conversion{}; use "
    "sys.set_int_max_str_digits() to increase the limit"
)


def check_digits(realm: Realm, number: Any) -> None:
    """Refuse to write out a whole number beyond what the guest set itself as the limit of digits. That
    of the interpreter holds beside it."""
    limit = realm.keep.get(DIGITS)
    # 3.3 bits a digit: a number that is looked at is about as long as the power it is compared with.
    if limit and int.bit_length(number) > limit * 3.3 and int.__abs__(number) >= 10**limit:
        raise ValueError(_TOO_MANY.format(limit, ""))


def check_digits_of_text(realm: Realm, text: Any) -> None:
    """Refuse a text of more decimal digits than the guest set as the limit."""
    limit = realm.keep.get(DIGITS)
    if not limit or (size_of(text) or 0) <= limit:
        return
    exact = (
        str.__str__(text) if issubclass(type(text), str) else bytes(memoryview(text)).decode("latin-1")
    )
    digits = len(exact.strip().replace("_", "").lstrip("+-"))
    if digits > limit:
        raise ValueError(_TOO_MANY.format(limit, f": value has {digits} digits"))


def _carried(obj: Any, kind: type) -> Any:
    """What an object that is no container carries along when it is printed, compared or hashed."""
    if issubclass(kind, BaseException):
        error = gc.get_referents(obj)
        if issubclass(kind, BaseExceptionGroup):
            error = _once_each(obj, error)
        return iter([x for x in error if type(x) in _NESTS or type(x) in SCALARS])
    if kind in _VIEWS or kind in _ORDERED_VIEWS:
        return iter(list(obj))
    if issubclass(kind, (GenericAlias, UnionType)):
        return iter((_alias_args if issubclass(kind, GenericAlias) else _union_args)(obj))
    if issubclass(kind, _CARRY):
        return iter([x for x in gc.get_referents(obj) if not isinstance(x, type)])
    return None


def _once_each(group: Any, held: list[Any]) -> list[Any]:
    """What a group holds, its members once: they are among its arguments too, and a nest of groups
    would count each of them twice at every level."""
    args, members = _error_args(group), _group_members(group)
    if len(args) != 2 or type(args[1]) not in (list, tuple) or len(args[1]) != len(members):
        return held
    if any(a is not b for a, b in zip(args[1], members, strict=True)):
        return held
    return [args[0], *(x for x in held if x is not args)]


_error_args: Final[Any] = BaseException.__dict__["args"].__get__
_group_members: Final[Any] = BaseExceptionGroup.__dict__["exceptions"].__get__
_alias_args: Final[Any] = GenericAlias.__dict__["__args__"].__get__
_union_args: Final[Any] = UnionType.__dict__["__args__"].__get__
_ordered: Final[OrderedDict[Any, Any]] = OrderedDict()
_ORDERED_VIEWS: Final = frozenset(
    type(v) for v in (_ordered.keys(), _ordered.values(), _ordered.items())
)
#: Types whose text, hash or comparison goes on to what they hold.
_CARRY: Final[tuple[Any, ...]] = (
    slice, partial, MethodType, staticmethod, classmethod, SimpleNamespace,
    itertools.repeat, itertools.count, *TEMPLATES,
)  # fmt: skip
# Operators


def charge_int_work(realm: Realm, a: int, b: int) -> None:
    """Charge the product of two sizes in 64-bit words: schoolbook multiplication and division."""
    words = ((int.bit_length(a) >> 6) or 1) * ((int.bit_length(b) >> 6) or 1)
    if words > 64:
        realm.meter.charge(words >> 6)


def charge_mul(realm: Realm, a: Any, b: Any) -> None:
    """`a * b`: the size of a repeated sequence or of a product."""
    charge_decimal(realm, a, b)
    ta, tb = type(a), type(b)
    if issubclass(ta, int):
        if issubclass(tb, int):
            bits = int.bit_length(a) + int.bit_length(b)
            if bits > 4096:
                realm.meter.charge_bytes(bits >> 3)
                charge_int_work(realm, a, b)
            return
        a, b, ta, tb = b, a, tb, ta
    elif not issubclass(tb, int):
        return
    if not issubclass(ta, _SIZED):
        return
    size = size_of(a)
    if size is None:
        return
    times = int.__index__(b)
    if size and times > 0:
        realm.meter.charge_bytes(allocatable(size * times * unit_of(a)))


def charge_add(realm: Realm, a: Any, b: Any) -> None:
    """`a + b`: the size of a concatenation."""
    ta = type(a)
    if ta is float:
        return
    if issubclass(ta, (int, Decimal)):
        charge_big(realm, a, b)
    elif issubclass(ta, (str, bytes, list, tuple, bytearray)):
        n, m = size_of(a), size_of(b)
        if n is not None and m is not None:
            realm.meter.charge_bytes((n + m) * max(unit_of(a), unit_of(b)))
    elif Template is not None and ta is Template and type(b) is Template:
        realm.meter.charge_bytes(template_size(a) + template_size(b))


_sizeof: Final = Decimal.__sizeof__
#: A whole number that is made a Decimal for nothing.
_LIGHT: Final = 1 << 500
#: Digits of a result that are worked out for nothing.
_FREE_DIGITS: Final = 1000
#: Precisions beyond that for which guests of this process have asked. While there is none, no operator
#: needs to know whose it is.
_PRECISE: Final[list[int]] = []


def note_precision(digits: int) -> None:
    """A guest asks for so many digits of what it computes with Decimals."""
    if digits > _FREE_DIGITS and not _PRECISE:
        _PRECISE.append(digits)


def charge_precision(realm: Realm, digits: int, divisor: Any) -> None:
    """An operator of Decimals that is worked out to so many digits. Short operands give a quotient of
    all of them: `Decimal(1) / Decimal('7' * 900)` of 100,000 takes 5 ms and 40 KB.

    divisor: None where nothing is divided.
    """
    if digits <= _FREE_DIGITS:
        return
    realm.meter.charge_bytes(digits >> 1)
    size = 0
    if issubclass(type(divisor), Decimal):
        size = _sizeof(divisor)
    elif issubclass(type(divisor), int):
        size = int.bit_length(divisor) >> 3
    # Up to 1,024 words it is divided by them one by one; beyond, by way of products.
    realm.meter.charge((digits >> 7) + (digits * min(size, 8192) >> 13))


def is_light(a: Any, b: Any) -> bool:
    """Whether an operator costs nothing that has an exact Decimal on its left."""
    if _PRECISE or _sizeof(a) > 512:
        return False
    return (type(b) is Decimal and _sizeof(b) <= 512) or (type(b) is int and -_LIGHT < b < _LIGHT)


def charge_decimal(
    realm: Realm, a: Any, b: Any, digits: int | None = None, *, divides: bool = False
) -> None:
    """An operator with a Decimal on a side. A whole number beside it is made one first, digit by
    digit, and a coefficient of many digits takes time, whatever the precision of the result.

    digits: those of a context that is not the compartment's own. divides: whether it may divide by `b`.
    """
    ta, tb = type(a), type(b)
    if ta is Decimal and is_light(a, b):
        return
    if _PRECISE and (issubclass(ta, Decimal) or issubclass(tb, Decimal)):
        digits = realm.arithmetic.context.prec if digits is None else digits
        charge_precision(realm, digits, b if divides else None)
    if issubclass(ta, Decimal):
        size = Decimal.__sizeof__(a)
        if size > 512:
            realm.meter.charge(size >> 1)
        if issubclass(tb, Decimal):
            if b is not a:
                size = Decimal.__sizeof__(b)
                if size > 512:
                    realm.meter.charge(size >> 1)
            return
    elif issubclass(tb, Decimal):
        a, b, ta, tb = b, a, tb, ta
        size = Decimal.__sizeof__(a)
        if size > 512:
            realm.meter.charge(size >> 1)
    else:
        return
    if issubclass(tb, int):
        words = int.bit_length(b) >> 6
        realm.meter.charge(words * words >> 6)


def charge_truediv(realm: Realm, a: Any, b: Any) -> None:
    """`a / b` of whole numbers."""
    if issubclass(type(a), int) and issubclass(type(b), int):
        charge_big(realm, a, b)
    else:
        charge_decimal(realm, a, b, divides=True)


def charge_big(realm: Realm, a: Any, b: Any) -> None:
    """Operators of two whole numbers that make one about as long as the longer of them."""
    if issubclass(type(a), int) and issubclass(type(b), int):
        bits = max(int.bit_length(a), int.bit_length(b))
        realm.meter.charge_bytes(bits >> 3)
        if bits > 1 << 15:
            realm.meter.charge(bits >> 13)
    else:
        charge_decimal(realm, a, b)


def charge_linear(realm: Realm, a: Any) -> None:
    """An operation that copies or walks a whole number once."""
    if issubclass(type(a), int):
        bits = int.bit_length(a)
        if bits > 1 << 15:
            realm.meter.charge_bytes(bits >> 3)
            realm.meter.charge(bits >> 13)


def charge_pow(realm: Realm, a: Any, b: Any, modulus: Any = None) -> None:
    """`a ** b` and `pow(a, b, modulus)` of whole numbers and Decimals."""
    if issubclass(type(a), Decimal) or issubclass(type(b), Decimal):
        charge_decimal(realm, a, b)
        charge_decimal(realm, a, modulus)
        digits = realm.arithmetic.context.prec
        realm.meter.charge((digits * digits >> 4) + (digits**3 >> 14))
    if not (issubclass(type(a), int) and issubclass(type(b), int)):
        return
    bits, exponent = int.bit_length(a), int.__index__(b)
    if modulus is None:
        if exponent > 0 and bits > 1:
            size = bits * exponent
            if size > 4096:
                realm.meter.charge_bytes(size >> 3)
                realm.meter.charge(min((size >> 6) ** 2 >> 6, 1 << 62))
    elif issubclass(type(modulus), int):
        words = (int.bit_length(modulus) >> 6) + 1
        work = words * words * (int.bit_length(exponent) + 1) + (bits >> 6) * words
        if work > 1024:
            realm.meter.charge(work >> 6)


def charge_lshift(realm: Realm, a: Any, b: Any) -> None:
    """`a << b` of whole numbers."""
    if issubclass(type(a), int) and issubclass(type(b), int):
        bits = int.bit_length(a)
        if bits:
            realm.meter.charge_bytes(allocatable((bits + int.__index__(b)) >> 3))


def charge_mod(realm: Realm, a: Any, b: Any) -> None:
    """`a % b`: division of whole numbers, or formatting of text."""
    charge_decimal(realm, a, b, divides=True)
    ta = type(a)
    if issubclass(ta, int):
        if issubclass(type(b), int):
            charge_int_work(realm, a, b)
        return
    if issubclass(ta, str):
        template = str.__str__(a)
    elif issubclass(ta, (bytes, bytearray)):
        template = (bytes if issubclass(ta, bytes) else bytearray).decode(a, "latin-1")
    else:
        return
    values = b if issubclass(type(b), tuple) else (b,)
    realm.meter.charge_bytes(len(template))
    _charge_widths(realm, _widths(template), 0)
    if "*" in template:
        # The width of `%*d` is among the values, and nothing says which: each counts.
        realm.meter.charge_bytes(
            sum(
                allocatable(abs(int.__index__(v)))
                for v in tuple.__iter__(values)
                if issubclass(type(v), int)
            )
        )
    if "%(" in template and type(b) is dict and _are_short_named(template, b):
        return
    if "%(" in template:
        realm.meter.charge_bytes(charge_walk(realm, b, text=True) * template.count("%("))
    for v in tuple.__iter__(values):
        charge_text(realm, v)


_NAMED: Final = re.compile(r"%\((\w*)\)").findall
_TEXT: Final = frozenset({str})


def _are_short_named(template: str, values: dict[Any, Any]) -> bool:
    """Whether what a format takes out of a dictionary by name is written for nothing, and by no code of
    the guest's, which could put something else there meanwhile."""
    names = _NAMED(template)
    return (
        len(names) == template.count("%(") <= 64
        and _TEXT.issuperset(map(type, values))
        and all(_is_short(values.get(name)) for name in names)
        and sum(len(v) for name in names if type(v := values.get(name)) is str) <= 4096
    )


#: So long a format with no number of three digits in it asks for less than is charged for.
_SHORT_FORMAT: Final = 64
_WIDE: Final = re.compile(r"\*|%\(|\d\d\d").search


def is_short_format(template: str, values: Any) -> bool:
    """Whether `charge_mod` would charge nothing for a format and what is put into it. template: an exact
    str."""
    if not asks_for_little(template):
        return False
    if type(values) is not tuple:
        return _is_short(values)
    return len(values) <= _FEW and all(map(_is_short, values))


def asks_for_little(template: str) -> bool:
    """Whether a format of `%` asks for few characters beside those of the values."""
    return len(template) <= _SHORT_FORMAT and not _WIDE(template)


def _is_short(value: Any) -> bool:
    """Whether the text of a value is made for nothing."""
    kind = type(value)
    if kind is str:
        return len(value) < 4096
    if kind is int:
        return bool(-_SHORT_NUMBER < value < _SHORT_NUMBER)
    return kind is float or kind is bool or kind is type(None)


_SHORT_NUMBER: Final = 1 << 1000


def charge_floordiv(realm: Realm, a: Any, b: Any) -> None:
    """`a // b`, `divmod(a, b)` of whole numbers."""
    charge_decimal(realm, a, b, divides=True)
    if issubclass(type(a), int) and issubclass(type(b), int):
        charge_int_work(realm, a, b)


_DIGITS: Final = re.compile(r"\d+").findall


def _widths(spec: str) -> int:
    """The sum of all runs of digits in a format, each read as a number of characters."""
    total = 0
    for run in _DIGITS(spec):
        total += allocatable(int(run)) if len(run) < 20 else 0
    return total


def allocatable(size: int) -> int:
    """A size in bytes, or 0 where it is so large that C code can only refuse it, in Python's words:
    no machine has that many addresses."""
    return size if size < 1 << 57 else 0


def charge_format_spec(realm: Realm, spec: str) -> None:
    """A format specification: widths and precisions are sizes."""
    if len(spec) > 2:
        _charge_widths(realm, _widths(spec), len(spec))


def _charge_widths(realm: Realm, widths: int, more: int) -> None:
    realm.meter.charge_bytes(widths + more)
    if widths > _MANY_DIGITS:
        realm.meter.charge(widths >> 2)  # digits of a float beyond those that it has


def charge_strftime(realm: Realm, text: str) -> None:
    """A format of moments: each directive becomes a text of its own, of half a microsecond or more."""
    realm.meter.charge_bytes(len(text) * 32)
    charge_format_spec(realm, text + "   ")
    realm.meter.charge(16 * text.count("%") + (len(text) >> 3))


_MANY_DIGITS: Final = 256
