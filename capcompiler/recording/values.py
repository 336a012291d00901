"""How values stand in a record: data as on the wire, capabilities and guests' objects as numbers.

Both sides number what they meet in the same order: who records by what passes, who replays by what is
read back. So a capability that came out of one use is the same one when a later use is handed it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, Final

from capcompiler.attenuation.policy import Gated
from capcompiler.filling import FACETS
from capcompiler.isolation.wire import (
    DICT,
    FROZENSET,
    LIST,
    SET,
    TUPLE,
    WireError,
    pack,
    packed,
    unpack,
    unpacked,
)
from capcompiler.membrane.capability import (
    Capability,
    check_exposed_name,
    facets_of,
    interface_of,
    is_host_function,
)
from capcompiler.membrane.data import Copier, CrossingError
from capcompiler.membrane.exceptions import rebuilt
from capcompiler.membrane.handle import Handle, object_of
from capcompiler.membrane.pending import Answer
from capcompiler.membrane.record import Record, record_of, registered
from capcompiler.recording.record import RecordError
from capcompiler.recording.standin import StandIn
from guards.tables.errors import EXCEPTIONS

__all__ = [
    "Values",
    "described",
    "is_external",
    "is_external_call",
    "packed_error",
    "unpacked_error",
]

_CAP: Final = "cap"
_METHOD: Final = "method"
_OBJECT: Final = "object"
_LATER: Final = "later"
_KIND: Final = "kind"
_MOST_NAMES: Final = 1000
_SCALARS: Final = frozenset({type(None), bool, float})
_PLAIN: Final = frozenset({str, int, float, bool, bytes, type(None)})


class Values:
    """The numbers of one record.

    lost: why what was packed so far cannot be brought back, "" when it can.
    """

    def __init__(self) -> None:
        self.caps: list[Any] = []
        self.handles: list[Any] = []
        self.lost = ""
        #: What was given to be awaited: by call, and the number of the first call that gave it.
        self.later: list[Any] = []
        self._later_numbers: dict[int, int] = {}
        self._cap_numbers: dict[int, int] = {}
        self._handle_numbers: dict[int, int] = {}
        self._object_numbers: dict[int, int] = {}

    # Out

    def asked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """What a guest passes, which the membrane has copied: the same bytes for equal arguments."""
        if not kwargs and all([_stands_for_itself(a) for a in args]):
            return packed([LIST, [TUPLE, *args], [DICT]])  # what the line below makes of them
        copied = Copier(lambda value, _where: value, _free, _fields_out).copy([args, kwargs])
        return packed(_canonical(pack(copied, self._asked_leaf, _fields_of)))

    def answer(self, value: Any) -> bytes:
        """What a host gave. Raises `CrossingError` for what the membrane will not let across."""
        if _stands_for_itself(value):
            return packed(value)
        copied = Copier(self._crossing, _free, _fields_out).copy(value)
        return packed(pack(copied, self._answer_leaf, _fields_of))

    def _crossing(self, value: Any, where: str) -> Any:
        if isinstance(value, (Capability, Handle)) or is_host_function(value):
            return value
        if record_of(value) is not None:  # the class itself
            return value
        raise CrossingError(value, where)

    def _asked_leaf(self, value: Any) -> Any:
        if isinstance(value, Handle):
            number = self._handle_numbers.get(id(value))
            if number is None:
                number = self._handle_numbers[id(value)] = len(self.handles)
                self._object_numbers[id(object_of(value))] = number
                self.handles.append(value)
            return [_OBJECT, number]
        known = self._later_numbers.get(id(value))
        while known is None and isinstance(value, Answer):  # one that watches it on its way
            value = value._awaitable
            known = self._later_numbers.get(id(value))
        return self._cap(value) if known is None else [_LATER, known]

    def begun(self, awaitable: Any) -> int:
        """Number what the next call gave to be awaited: as the first call that gave it, where it is the
        same thing again."""
        number = self._later_numbers.setdefault(id(awaitable), len(self.later))
        self.later.append(awaitable)  # held, so that its id stays its own
        return number

    def number_of(self, obj: Any) -> int | None:
        """The number of the guest's object that the host was handed, None for one that it was not."""
        return self._object_numbers.get(id(obj))

    def _answer_leaf(self, value: Any) -> Any:
        if isinstance(value, Handle):
            number = self._handle_numbers.get(id(value), -1)
            if number < 0:
                self.lost = self.lost or "a capability gave an object of a guest that it was not handed"
            return [_OBJECT, number]
        return self._cap(value)

    def _cap(self, value: Any) -> Any:
        record = record_of(value)
        if record is not None:
            return [_KIND, _name_of(record)]
        owner: Any = value._owner if type(value) is Gated else None
        if type(value) is MethodType and isinstance(value.__self__, Capability):
            owner = value.__self__
        if owner is not None and id(owner) in self._cap_numbers:
            name = value._name if type(value) is Gated else value.__func__.__name__
            return [_METHOD, self._cap_numbers[id(owner)], name]
        number = self._cap_numbers.get(id(value))
        if number is not None:
            return [_CAP, number]
        if not (isinstance(value, Capability) or is_host_function(value)):
            self.lost = self.lost or "a value crossed that has no place in a record"
            return None
        return [_CAP, self._numbered(value), described(value)]

    def _numbered(self, value: Any) -> int:
        number = self._cap_numbers[id(value)] = len(self.caps)
        self.caps.append(value)  # held, so that its id stays its own
        return number

    # In

    def given(self, data: bytes) -> Any:
        """The value of an answer. Raises `RecordError`."""
        try:
            return unpack(unpacked(data), self._leaf_in, _kind_of)
        except (WireError, CrossingError, ValueError, TypeError, IndexError, KeyError):
            raise RecordError("this record is damaged: an answer in it is none") from None

    def _leaf_in(self, leaf: Any) -> Any:
        kind, number, *rest = leaf
        if kind == _KIND:
            return _kind_of(number)[0]
        if type(number) is not int or number < 0:
            raise WireError("a number that is none")
        if kind == _OBJECT:
            return self.handles[number]
        if kind == _METHOD:
            return interface_of(self.caps[number]).methods[rest[0]]
        if kind != _CAP:
            raise WireError("a leaf of no kind")
        if not rest:
            return self.caps[number]
        if number != len(self.caps):
            raise WireError("a capability out of its turn")
        made = standin_of(rest[0])
        self._numbered(made)
        return made

    def adopt(self, grants: dict[str, Any]) -> bytes:
        """Number what was granted, and pack it: the same bytes in whatever order it was granted, but
        for grants that fill in parts of the library, of which the later one does."""
        filling = [name for name, cap in grants.items() if facets_of(cap)]
        return self.answer([dict(sorted(grants.items())), filling])

    def granted(self, data: bytes) -> dict[str, Any]:
        """What `adopt` has packed, in an order in which it can be granted. Raises `RecordError`."""
        found = self.given(data)
        if type(found) is list and len(found) == 2 and type(found[0]) is dict and type(found[1]) is list:
            grants, filling = found
            if all(type(n) is str for n in (*grants, *filling)) and grants.keys() >= set(filling):
                return {n: c for n, c in grants.items() if n not in filling} | {
                    n: grants[n] for n in filling
                }
        raise RecordError("this record is damaged: it has no grants")


class _Sent:
    """A copy of a registered dataclass's instance, on its way into a record."""

    __slots__ = ("fields", "record")
    fields: list[Any]
    record: Record


def _fields_out(kind: Any) -> Any:
    record = record_of(kind)
    if record is None:
        return None

    def fill(made: _Sent, fields: list[Any], _value: Any, _where: str) -> None:
        made.record, made.fields = record, fields

    return record.names, record.read, _Sent, fill


def _fields_of(value: Any) -> Any:
    return (_name_of(value.record), value.fields) if type(value) is _Sent else None


def _name_of(record: Record) -> str:
    return f"{record.kind.__module__}:{record.kind.__qualname__}"


def _kind_of(name: Any) -> Any:
    """What is made of an instance in a record: of the one class that this process has registered under
    its name. Raises `RecordError` where there is none."""
    found = [r for r in registered() if _name_of(r) == name]
    if len(found) != 1:
        raise RecordError(
            f"the record has instances of {str(name)[:100]!r}; register that dataclass here too"
        )
    record = found[0]
    return (
        record.kind, len(record.names), lambda made, fields: record.fill(made, fields, made, ""),
    )  # fmt: skip


def _stands_for_itself(value: Any) -> bool:
    """Whether a value is its own tree: most are, and are recorded in a tenth of the time."""
    kind = type(value)
    if kind is str:
        return len(value) < 200 and value.isascii()
    return kind in _SCALARS or (kind is int and -(2**63) <= value < 2**63)


def described(cap: Any) -> list[Any]:
    """What a capability offers, and whether it is answered from outside: what is compared."""
    interface = interface_of(cap)
    parts = (interface.methods, interface.read, interface.write, interface.reads)
    return [*map(sorted, parts), list(facets_of(cap)), is_external(cap)]


def is_external(cap: Any) -> bool:
    """Whether uses of a capability are answered from outside."""
    return getattr(type(cap), "_cap_external", None) is not None and bool(cap._cap_external())


def is_external_call(function: Any) -> bool:
    """Whether a call of a host's function is answered from outside."""
    return type(function) is Gated and is_external(function._owner)


def standin_of(description: Any) -> StandIn:
    """The stand-in of a capability that is described so. Raises `WireError`."""
    methods, read, write, reads, facets, _external = description
    for names in (methods, read, write, reads, facets):
        if type(names) is not list or len(names) > _MOST_NAMES or any(type(n) is not str for n in names):
            raise WireError("names that are none")
    for name in (*methods, *read, *write):
        check_exposed_name(name, name in methods)
    if not FACETS.issuperset(facets):
        raise WireError("a part of the library that is none")
    return StandIn(methods, frozenset(read), frozenset(write), frozenset(reads), tuple(facets))


def packed_error(error: BaseException) -> bytes:
    """An exception as a guest sees it: the name of its class, and plain data."""
    args = [a for a in error.args] if all(type(a) in _PLAIN for a in error.args) else [str(error)]
    if isinstance(error, OSError) and type(error.filename) is str:
        args = [*args, error.filename]
    return packed(pack([type(error).__name__, args], _no_leaf))


def unpacked_error(data: bytes) -> BaseException:
    """The exception that was packed: of a builtin class that a guest may be raised, and no other."""
    try:
        name, args = unpack(unpacked(data), _no_leaf)
        kind = EXCEPTIONS.get(name) if type(name) is str else None
        wrong = kind is None or not issubclass(kind, Exception) or issubclass(kind, ExceptionGroup)
        wrong = wrong and kind is not BaseException  # of what was cancelled
        if kind is None or wrong or type(args) is not list or len(args) > 20:
            raise WireError("an exception that is none")
        if any(type(a) not in _PLAIN for a in args):
            raise WireError("an exception with other than plain data")
        return rebuilt(kind, tuple(args), " ".join(map(str, args)))
    except (WireError, ValueError, TypeError):
        raise RecordError("this record is damaged: an error in it is none") from None


def _canonical(tree: Any) -> Any:
    """The tree with the members of its sets in an order that does not depend on the hash seed, where
    nothing in them is named by its number."""
    if type(tree) is not list or not tree:  # what describes a capability may have no names
        return tree
    made = [tree[0], *[_canonical(x) for x in tree[1:]]]
    if made[0] in (SET, FROZENSET) and all(type(x) is not list for x in made[1:]):
        made[1:] = sorted(made[1:], key=packed)
    return made


def _no_leaf(_value: Any) -> Any:
    raise WireError("a value that is no data")


def _free(_count: int) -> None:
    """Records are the host's own work."""


Leaf = Callable[[Any], Any]
