"""The host's side of a membrane whose guest is in a worker: what was granted, and each use of it.

It is the membrane of the inline tier with another way over: what a guest asks for is looked up in the
table of what was handed to it, and then goes the same way, by the same checks of arguments, exactness,
errors and audit. A worker that has been taken over names numbers of that table, and nothing else.
"""

from __future__ import annotations

import datetime
import weakref
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from capcompiler.isolation.faults import guest_fault
from capcompiler.isolation.handles import BYTES_OF_A_ROW, MOST, Released, Table
from capcompiler.isolation.messages import (
    CAP,
    DO,
    GIVEN,
    KIND,
    LATER,
    METHOD,
    OBJECT,
    PENDING,
    RAISED,
    READ,
    STOPPED,
    WRITE,
)
from capcompiler.isolation.wire import WireError, is_itself, pack, unpack
from capcompiler.membrane.capability import (
    Capability,
    check_exposed_name,
    facets_of,
    interface_of,
    is_host_function,
)
from capcompiler.membrane.data import ATOMS, Copier, CrossingError
from capcompiler.membrane.exceptions import one_line
from capcompiler.membrane.handle import (
    AwaitableHandle,
    Handle,
    RemoteObject,
    object_of,
    owner_of,
)
from capcompiler.membrane.membrane import IN_A_TURN, Access, Membrane, Use, described, original_of
from capcompiler.membrane.pending import Pending, call_of
from capcompiler.membrane.quick import Invoke, quick_use
from capcompiler.membrane.record import Record, record_of
from capcompiler.nesting import offered_by
from guards.meter import Stop

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["Door", "Packed"]

_METHODS: Final = 1000
_AS_THEY_ARE: Final = ATOMS - {datetime.datetime, datetime.time}


class Packed:
    """A result that is a tree already."""

    __slots__ = ("tree",)

    def __init__(self, tree: Any) -> None:
        self.tree = tree


class _Sent:
    """A copy of a registered dataclass's instance, on its way to the worker."""

    __slots__ = ("fields", "record")
    fields: list[Any]
    record: Record


def _fill_sent(record: Record, made: _Sent, fields: list[Any], _value: Any, _where: str) -> None:
    made.record, made.fields = record, fields


class Door(Membrane):
    """Everything that crosses between the host and a guest in a worker."""

    __slots__ = (
        "_accesses",
        "_calls",
        "_owner",
        "_place",
        "_received",
        "_seen",
        "_told_within",
        "exports",
        "records",
        "released",
    )

    def __init__(self, compartment: Compartment, on_use: Callable[[Use], None] | None) -> None:
        super().__init__(compartment, on_use)
        memory = compartment._limits.memory
        self.exports = Table(MOST if memory is None else min(MOST, 100 + memory // BYTES_OF_A_ROW))
        self.released: Released = deque()
        # id of what was granted -> what carries out its uses, as long as the guest may name it
        self._accesses: dict[int, Access] = {}
        self._received: WeakValueDictionary[int, Handle] = WeakValueDictionary()
        self._calls = Table()
        #: Where in its program the guest is, by its own account.
        self._place = ("", 0)
        #: Steps that were told in answers to uses within the one under way.
        self._told_within = 0
        #: What the guest is to see of the latest error.
        self._seen: BaseException | None = None
        #: Registered dataclasses that the worker may name, by number.
        self.records: list[Record] = []

    @property
    def compartment(self) -> Any:
        """The compartment, which holds this: a cycle would keep its worker until it is collected."""
        return self._owner()

    @compartment.setter
    def compartment(self, compartment: Any) -> None:
        self._owner = weakref.ref(compartment)

    # To the guest: values become trees.

    def to_guest(
        self, value: Any, path: str, pay: Callable[[int], None] | None = None, *, home: bool = True
    ) -> Any:
        """The tree of a value. Raises `CrossingError` for what is neither data nor a capability."""
        if type(value) not in _AS_THEY_ARE:
            copier = Copier(lambda v, where: self._enter(v, path, where), _free, self._fields_over)
            value = copier.copy(value)
        return pack(value, self._leaf_out, self._fields_of)

    @staticmethod
    def _fields_over(kind: Any) -> Any:
        record = record_of(kind)
        if record is None:
            return None
        return record.names, record.read, _Sent, partial(_fill_sent, record)

    def _fields_of(self, value: Any) -> Any:
        if type(value) is not _Sent:
            return None
        return self._number_of(value.record), value.fields

    def _number_of(self, record: Record) -> int:
        if record not in self.records:
            self.records.append(record)
        return self.records.index(record)

    def _record(self, number: Any) -> Any:
        """What is made of a worker's instance of a class that it was given."""
        if type(number) is not int or not 0 <= number < len(self.records):
            raise WireError("a class that was not given")
        record = self.records[number]
        return (
            record.kind,
            len(record.names),
            lambda made, fields: record.fill(made, fields, made, ""),
        )

    def _enter(self, value: Any, path: str, where: str, home: bool = True) -> Any:
        value = original_of(value, self.compartment)
        if isinstance(value, Handle):
            if owner_of(value) is self.compartment:
                return object_of(value)
            offered = offered_by(value)
            if offered is None:
                raise CrossingError(value, where)
            return self._access(value, path + where, offered)
        if isinstance(value, Capability) or is_host_function(value):
            return self._access(value, path + where)
        record = record_of(value)
        if record is not None:
            return record
        if isinstance(value, Fraction):
            if where.endswith(" (a key)"):
                raise CrossingError(value, "", IN_A_TURN)
            return Fraction(int(value.numerator), int(value.denominator))
        raise CrossingError(value, where)

    def _access(self, cap: Any, path: str, offered: Any = None) -> Access:
        if self.holds(cap):
            return self._accesses[id(cap)]
        interface = interface_of(cap if offered is None else offered)
        made = self._accesses[id(cap)] = Access(self, cap, path, interface, cap)
        if len(self._accesses) > 2 * len(self.exports) + 100:
            self._accesses = {
                n: a for n, a in self._accesses.items() if a is made or self.exports.find(a) is not None
            }
        return made

    def _leaf_out(self, value: Any) -> Any:
        if type(value) is RemoteObject:
            return [OBJECT, value.number]
        if type(value) is Record:
            return [KIND, self._number_of(value)]
        interface = value.interface
        offers = (interface.methods, interface.read, interface.write, interface.reads)
        return [CAP, self.exports.send(value), *map(sorted, offers), list(facets_of(value.cap))]

    def holds(self, cap: Any) -> bool:
        known = self._accesses.get(id(cap))
        return known is not None and known.cap is cap and self.exports.find(known) is not None

    # From the guest: trees become values.

    def from_guest(self, tree: Any) -> Any:
        """The value of a tree from the worker. Raises `WireError`, and `CrossingError` where a
        registered dataclass refuses what is to be in an instance."""
        return unpack(tree, self._leaf_in, self._record)

    def to_host(self, value: Any, pay: Callable[[int], None] | None = None) -> Any:
        """The value itself: it was made from a tree."""
        return value

    def _leaf_in(self, leaf: Any) -> Any:
        if type(leaf) is not list or len(leaf) < 2:
            raise WireError("a leaf of no kind")
        kind = leaf[0]
        if kind == CAP:
            return self.exports.get(leaf[1]).home
        if kind == METHOD:
            return self._method(self.exports.get(leaf[1]), leaf[2])
        if kind == OBJECT:
            return self._handle(leaf)
        if kind == KIND:
            return self._record(leaf[1])[0]
        if kind == PENDING:
            return self.handed_on(call_of(self._calls.get(leaf[1])))
        raise WireError("a leaf of no kind")

    def _method(self, access: Access, name: Any) -> Any:
        if type(name) is not str or name not in access.interface.methods:
            raise WireError("a method that was not granted")
        return access.interface.methods[name]

    def _handle(self, leaf: list[Any]) -> Handle:
        _, number, what, name, awaitable, offered = leaf
        if type(number) is not int or number < 0:
            raise WireError("an object without a number")
        known = self._received.get(number)
        if known is not None:
            object_of(known).received += 1
            return known
        if len(self._received) >= MOST:
            raise WireError(f"more than {MOST:,} handles were given")
        if type(what) is not str or type(name) is not str or type(awaitable) is not bool:
            raise WireError("an object of no kind")
        offers = None if offered is None else _offered(offered)
        shown = "".join(c if c.isprintable() else "?" for c in what[:20])
        obj = RemoteObject(number, shown, name[:80], awaitable, offers, self.released)
        made = (AwaitableHandle if awaitable else Handle)(self.compartment, obj)
        self._received[number] = made
        return made

    def narrowed(self, number: Any) -> Any:
        """The tree of the part of a capability that changes nothing, where it knows that better than by
        names; of None where it does not."""
        access: Access = self.exports.get(number)
        cap = access.cap
        less = cap._cap_readonly() if isinstance(cap, Capability) else None
        return None if less is None else self.to_guest(less, access.path)

    def described(self, number: Any, name: Any) -> tuple[str, str]:
        """What `help` says of a method that was granted."""
        return described(self._method(self.exports.get(number), name))

    # Using

    def _where(self) -> tuple[str, int]:
        return self._place

    def use_of(self, path: str, perform: Callable[..., Any], method: Any, checker: Any) -> Invoke:
        """A plan that does not hold the compartment, and so its worker."""
        held: Any = weakref.proxy(self.compartment)
        return quick_use(self, path, perform, method, checker, held, None)

    def _charged(self, result: Any, path: str, function: Any) -> Any:
        return Packed(self.to_guest(result, path))  # the guest pays for it where it is counted

    def _mapped(
        self, problem: BaseException, path: str, function: Any, args: tuple[Any, ...]
    ) -> BaseException:
        self._seen = super()._mapped(problem, path, function, args)
        return self._seen

    def answer(self, parts: list[Any]) -> list[Any]:
        """Carry out a USE: the parts of its ANSWER. Raises `WireError` for what no worker asks."""
        operation, number, name, args, kwargs, left, *place = parts
        self._place = _place_of(place) if place else _NOWHERE
        access: Access = self.exports.get(number)
        try:
            given = unpack(args, self._leaf_in, self._record)
            named = {} if kwargs == _NO_KEYWORDS else self.from_guest(kwargs)
        except CrossingError as error:
            reason = f"{access.path}: a value cannot cross: {error.reason}"
            return [RAISED, self.to_guest(guest_fault(ValueError(reason)), ""), 0]
        if type(given) is not tuple or type(named) is not dict or type(name) is not str:
            raise WireError("a use without arguments")
        if type(left) is not int or (named and any(type(k) is not str for k in named)):
            raise WireError("a use without arguments")
        meter = self.compartment._realm.meter
        # What runs other guests meanwhile spends what this one has left: it says how much, and cannot
        # have more than it was given. One step of it is the membrane's, and was counted over there.
        # No step of this meter is counted but by charges, so that all of them are in `left`.
        whole, around = meter.left, self._told_within
        left = 0 if left < 0 else whole if left > whole else left
        meter.left, self._told_within = left + 1, 0
        problem: BaseException | None = None
        result: Any = None
        try:
            if operation == DO and name in access.interface.methods:
                result = access.call(name, given, named)
            else:
                result = self._carried_out(access, operation, name, given)
        except Stop:
            if left >= whole or not self._ran_out():
                return [STOPPED, None, 0]
        except WireError:
            raise
        except BaseException as error:
            # What is no `Exception` is the host's own wish, or what its guest sees of a guest's error.
            seen, self._seen = self._seen, None
            if not isinstance(error, Exception) and error is not seen:
                raise
            problem = error
        ran_out = left < whole and meter.stopped is not None and self._ran_out()
        total = left + 1 if ran_out else max(0, left - meter.left)
        # The answer tells of this; a use around it, whose callback made this one, tells its own only.
        spent = max(0, total - self._told_within)
        self._told_within = around + total
        if ran_out:
            # Of what the guest that asks has left, which may be a child: it is stopped over there.
            meter.go_on(max(0, whole - total))
            return [GIVEN, self.to_guest(None, ""), total]
        meter.left = max(0, whole - total)
        if problem is not None:
            return [RAISED, self.to_guest(guest_fault(problem), ""), spent]
        if type(result) is Pending:
            return [LATER, self._calls.send(result), spent]
        if is_itself(result):
            return [GIVEN, result, spent]
        return [GIVEN, result.tree if type(result) is Packed else self.to_guest(result, ""), spent]

    def _ran_out(self) -> bool:
        """Whether the use was stopped for its steps, and by nothing else."""
        compartment = self.compartment
        meter = compartment._realm.meter
        wish = compartment._host_exit or meter.interrupt
        return wish is None and meter.stopped is not None and meter.stopped[0] == "steps"

    @staticmethod
    def _carried_out(access: Access, operation: Any, name: str, args: tuple[Any, ...]) -> Any:
        """Use an attribute."""
        interface = access.interface
        if operation == READ and name in interface.read:
            return access.read(name)
        if operation == WRITE and name in interface.write and len(args) == 1:
            return access.write(name, args[0])
        raise WireError("a use that was not granted")


def _offered(parts: Any) -> tuple[frozenset[str], ...]:
    """What a guest's object offers: methods, attributes to read and to set, and what only reads. Raises
    `WireError`, or what refuses names of no kind."""
    if type(parts) is not list or len(parts) != 4:
        raise WireError("an object that offers what is none")
    for names, method in zip(parts, (True, False, False, True), strict=True):
        if type(names) is not list or len(names) > _METHODS:
            raise WireError("an object that offers what is none")
        for name in names:
            check_exposed_name(name, method)
    return tuple(map(frozenset, parts))


def _place_of(parts: list[Any]) -> tuple[str, int]:
    """Where a use is made, as the worker says it. Raises `WireError` for what is no place."""
    place = parts[0] if len(parts) == 1 else None
    if type(place) is not list or [*map(type, place)] != [str, int] or len(place[0]) > _LONGEST_NAME:
        raise WireError("a place of no form")
    return one_line(place[0]), place[1]


#: Where a use is made whose place nobody wants to know.
_NOWHERE: Final = "", 0
#: Characters of a file name that a worker says.
_LONGEST_NAME: Final = 20_000


def _no_leaf(value: Any) -> Any:
    raise WireError(f"a {type(value).__name__} is no data")


def _free(_count: int) -> None:
    """The guest pays, where it is counted."""


#: The tree of keywords where there are none.
_NO_KEYWORDS: Final = pack({}, _no_leaf)
