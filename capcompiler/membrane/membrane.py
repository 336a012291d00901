"""The door of one compartment: what goes in, what comes out, and each use of a capability."""

from __future__ import annotations

import functools
import itertools
import re
import sys
import time
import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from threading import get_ident
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from capcompiler.errors import CapabilityError, LimitExceeded
from capcompiler.membrane.arguments import ArgumentError, Checker, function_of
from capcompiler.membrane.capability import (
    Capability,
    HostCallable,
    Identity,
    Interface,
    Later,
    bounded,
    checker_for,
    interface_of,
    is_host_function,
    lends,
    maker_of,
    store_on,
)
from capcompiler.membrane.costs import BYTES_OF_A_METHOD, STEPS_OF_A_METHOD
from capcompiler.membrane.data import PLAIN, Copier, CrossingError
from capcompiler.membrane.exceptions import for_guest, one_line, refusal
from capcompiler.membrane.handle import AwaitableHandle, Handle, object_of, owner_of, read_of
from capcompiler.membrane.pending import Answer, Call, Pending, call_of, make_pending
from capcompiler.membrane.quick import Invoke, quick_use
from capcompiler.membrane.record import GuestRecord, record_of
from capcompiler.membrane.reference import (
    Reference,
    make_reference,
    reference_class,
    use_of,
)
from capcompiler.program import serial_of, shown_filename
from guards.decimal_context import as_host
from guards.host import host_lookup, host_name
from guards.meter import Stop
from guards.shield import new_wall, shielded, without_wall

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment
    from capcompiler.recording.recorder import Recorder

__all__ = ["Membrane", "MustAwait", "RefusedArgument", "Unanswered", "Use", "described", "is_awaitable",
           "refused_argument", "refused_grant", "why_not_granted", "with_article"]  # fmt: skip

#: Why some keys cannot cross.
IN_A_TURN: Final = "a key in it is an object of the guest's, which hashes itself in a turn only"
#: Names that begin with the sound of a vowel.
_AN: Final = re.compile(r"(?!eu|one|uni(?!n)|u[st])[aeiou]", re.IGNORECASE)
_FRAMES: Final = 100  # frames that are looked at for the place of a use
_ITERATED: Final = 1_000_000  # elements of a host's iterable that a guest may ask for at once


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a capability, as `on_use` sees it.

    path: from the grant, such as "fs.open". args, kwargs: as the host's function got them.
    result, error: one of them is None. started: seconds since the epoch. seconds: how long it took.
    filename, line: where in the guest's program, such as "main.py", or "main.py > made.py" for what it
    compiled itself; "" and 0 where that is not known any more, as when an answer came later.
    """

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    error: BaseException | None
    started: float
    seconds: float
    filename: str = ""
    line: int = 0

    @property
    def outcome(self) -> str:
        """ "ok", or the name of the error's class."""
        return "ok" if self.error is None else type(self.error).__name__


class Unanswered(CapabilityError):
    """What the audit is told of a use whose turn ended before the answer came: the host's code was told
    to end, and whether all of it has is not known here. `__cause__` is what ended the turn."""


def offered_by(handle: Handle) -> Any:
    from capcompiler.nesting import offered_by as offered  # it needs compartments, which need us

    return offered(handle)


def described(method: Any) -> tuple[str, str]:
    """The parameters of a method in words, and what it does; "(...)" and "" for what is not known."""
    inner = method
    while isinstance(inner, HostCallable):
        if inner._cap_described is not None:
            return inner._cap_described()
        inner = inner._cap_origin()
    checker = checker_for(method)
    if checker is None:
        return "(...)", ""
    doc = function_of(method).__doc__
    return checker.described(), _first_sentence(doc) if isinstance(doc, str) else ""


def _first_sentence(doc: str) -> str:
    words = " ".join(doc.partition("\n\n")[0].split())
    return words.partition(". ")[0]


def original_of(value: Any, compartment: Compartment) -> Any:
    """The guest's own object, or the capability that it holds, where that is what comes home to it from
    under an attenuator that it passed through; anything else as it is."""
    find = getattr(type(value), "_cap_lent_as", None)
    for own in () if find is None else find(value):
        if owner_of(own) is compartment if isinstance(own, Handle) else compartment._membrane.holds(own):
            return own
    return value


def weight_of(cap: Any) -> int:
    """Elements of data that are copied where a capability crosses."""
    return cap._cap_weight if isinstance(cap, Capability) else 0


def _forget(left: dict[int, tuple[Any, str]], number: int, gone: Any) -> None:
    if number in left and left[number][0] is gone:
        del left[number]


class MustAwait(Exception):
    """A host's function gave something that answers later, to a turn that cannot wait."""


class Access:
    """What stands behind one reference: carries out each use, in a turn and on its thread only."""

    __slots__ = ("_uses", "cap", "home", "interface", "invoke", "membrane", "path")

    def __init__(self, membrane: Membrane, cap: Any, path: str, interface: Interface, home: Any) -> None:
        self.membrane = membrane
        self.cap = cap
        self.path = bounded(path)
        self.interface = interface
        self.home = home
        #: What a call of the reference itself does, once there was one.
        self.invoke: Invoke | None = None
        self._uses: dict[str, Invoke] = {}

    def help(self) -> str:
        """What `help(cap)` shows a guest: the methods that are there, and nothing of the host."""
        interface = self.interface
        lines = [f"capability {self.path}"]
        for name in sorted(interface.methods):
            path = self.path if name == "__call__" else f"{self.path}.{name}"
            parameters, meaning = described(interface.methods[name])
            lines.append(f"  {path}{parameters}")
            if meaning:
                lines.append(f"      {meaning}")
        lines += [f"  {self.path}.{n}  (read)" for n in sorted(interface.read)]
        lines += [f"  {self.path}.{n} = ...  (write)" for n in sorted(interface.write)]
        return "\n".join(lines)

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        invoke = self._uses.get(name)
        if invoke is None:
            invoke = self._uses[name] = self._use_of(name)
        return invoke(args, kwargs)

    def called(self) -> Invoke:
        """What a call of the reference itself does, from the first one on."""
        self.invoke = self._use_of("__call__")
        return self.invoke

    def _use_of(self, name: str) -> Invoke:
        """What a use of one method does."""
        membrane, method = self.membrane, self.interface.methods[name]
        path = self.path if name == "__call__" else bounded(f"{self.path}.{name}")
        checker = checker_for(method)
        perform = method
        if name == "__iter__":
            perform = functools.partial(_iterated, membrane, path, method, checker)
            return functools.partial(membrane.use, path, perform, method)
        if checker is not None:
            perform = functools.partial(_checked, path, method, checker)
        return membrane.use_of(path, perform, method, checker)

    def read(self, name: str) -> Any:
        if name not in self.interface.read:
            raise AttributeError(f"{self.path}: no attribute {name!r} is granted")
        target = self.interface.target
        if isinstance(target, Handle):
            return self.membrane.use(
                f"{self.path}.{name}", lambda: read_of(target, name), Later(target, name), (), {}
            )
        look = functools.partial(getattr, target, name)
        return self.membrane.use(f"{self.path}.{name}", look, None, (), {})

    def write(self, name: str, value: Any) -> None:
        if name not in self.interface.write:
            raise AttributeError(f"{self.path}: setting {name!r} is not granted")
        target = self.interface.target
        self.membrane.use(
            f"{self.path}.{name}",
            functools.partial(store_on, target, name),
            Later(target, name) if isinstance(target, Handle) else None,
            (value,),
            {},
        )


def _checked(path: str, method: Any, checker: Checker, /, *args: Any, **kwargs: Any) -> Any:
    """Call a host's method with arguments that fit its annotations, for a result that does."""
    if kwargs:
        checker.check(path, args, kwargs)
        result = method(*args, **kwargs)
    else:
        if tuple(map(type, args)) not in checker.known and not checker.fits(args):
            checker.check(path, args, kwargs)
        result = method(*args)
    if type(result) not in checker.plain and not is_awaitable(result):
        checker.check_result(path, result)
    return result


def _iterated(
    membrane: Membrane, path: str, method: Any, checker: Checker | None, /, *args: Any, **kwargs: Any
) -> Any:
    """Call a host's `__iter__`: what is no iterator of its own crosses as a list of its elements."""
    if checker is not None:
        checker.check(path, args, kwargs)
    result = method(*args, **kwargs)
    return result if isinstance(result, (Capability, Handle)) else membrane.elements(result)


#: What is no failure of a host's function: the stop, and a wish of the host's to end.
_ENDS: Final = (SystemExit, KeyboardInterrupt, GeneratorExit)
#: What comes back from a host's function as it is, at no charge.
_SMALL: Final = PLAIN - {str, bytes}


class Membrane:
    """Everything that crosses between one guest and its host."""

    __slots__ = (
        "_grants",
        "_handles",
        "_kinds",
        "_left",
        "_parts",
        "_records",
        "_wall",
        "compartment",
        "on_use",
        "outer",
        "recorder",
    )

    def __init__(self, compartment: Compartment, on_use: Callable[[Use], None] | None) -> None:
        self.compartment = compartment
        self.on_use = on_use
        #: The membrane of the guest whose child this one's is.
        self.outer: Membrane | None = None
        #: What takes down the answers to uses, or gives them; see `capcompiler.recording`.
        self.recorder: Recorder | None = None
        self._wall = new_wall()
        # id of a capability -> the reference that the guest holds of it, and that holds it
        self._grants: WeakValueDictionary[int, Any] | None = None
        #: The same of methods of capabilities.
        self._parts: WeakValueDictionary[int, Any] | None = None
        self._handles: WeakValueDictionary[int, Handle] | None = None
        #: Paths of what the guest handed out, by id: its own references may be gone when a child asks.
        self._left: dict[int, tuple[Any, str]] = {}
        #: What stands for registered dataclasses here: by the host's class, and by the guest's.
        self._records: dict[type, GuestRecord] = {}
        self._kinds: dict[int, GuestRecord] = {}

    def under(self, outer: Membrane) -> None:
        """Stand between a guest and its child. Uses of what is the host's are told to the host as those
        of the parent are: under a child's name, or with no audit, a guest could do what it liked."""
        self.outer = outer
        self.on_use = outer.on_use
        self.recorder = outer.recorder

    def _path_of(self, cap: Any, path: str) -> str:
        """The path from the host's grant, whatever the guests between have called the capability."""
        outer = self.outer
        if outer is None:
            return path
        beneath, names = cap, ""
        while True:
            found = outer._known_path(beneath)
            if found is not None:
                return found + names
            under = beneath._cap_beneath() if isinstance(beneath, Identity) else None
            if under is None:
                return outer._path_of(cap, path)
            beneath, name = under
            names = f".{name}{names}" if name and name != "__call__" else names

    def _known_path(self, cap: Any) -> str | None:
        """The path of a capability that the guest holds, or that it handed out."""
        for references in (self._grants, self._parts):
            known = None if references is None else references.get(id(cap))
            if known is not None and use_of(known).cap is cap:
                found: str = use_of(known).path
                return found
        left = self._left.get(id(cap))
        return left[1] if left is not None and left[0]() is cap else None

    def _note_path(self, cap: Any, path: str) -> None:
        """Keep the path of a capability that leaves the guest, as long as it lives."""
        number, left = id(cap), self._left
        if number not in left or left[number][0]() is not cap:
            left[number] = (weakref.ref(cap, lambda gone: _forget(left, number, gone)), path)

    # In

    def to_guest(
        self, value: Any, path: str, pay: Callable[[int], None] | None = None, *, home: bool = True
    ) -> Any:
        """Host to guest. Raises `CrossingError` for what is neither data nor a capability. home: whether
        what the guest passed on comes home to it, and is its own object again."""
        if type(value) in PLAIN:
            return value
        charge = pay or _free

        def enter(v: Any, where: str) -> Any:
            charge(weight_of(v))
            return self._enter(v, path, where, home)

        copier = Copier(enter, charge, self._fields_in)
        try:
            copied = copier.copy(value)
        except Stop:
            if self.compartment._realm.meter.live:
                raise
        else:
            if copier.decimals:
                self.compartment._realm.arithmetic.meet()
            return copied
        raise CrossingError(value, "", IN_A_TURN)

    def _fields_in(self, kind: Any) -> Any:
        record = record_of(kind)
        if record is None:
            return None
        own = self._of_record(record)
        return record.names, record.read, own.kind, own.fill

    def _fields_out(self, kind: Any) -> Any:
        own = self._kinds.get(id(kind)) if self._kinds else None
        if own is None:
            return None
        return own.record.names, own.read, own.record.kind, own.record.fill

    def _of_record(self, record: Any) -> GuestRecord:
        """The compartment's own class for a registered one, made when the first instance comes."""
        own = self._records.get(record.kind)
        if own is None:
            realm = self.compartment._realm
            own = self._records[record.kind] = self.compartment._in_turn(
                lambda: GuestRecord(realm, record)
            )
            self._kinds[id(own.kind)] = own  # it holds the class, whose id stays its own
        return own

    def _enter(self, value: Any, path: str, where: str, home: bool = True) -> Any:
        if home:
            value = original_of(value, self.compartment)
        if isinstance(value, Handle) and owner_of(value) is self.compartment:
            return object_of(value)
        if isinstance(value, Handle):
            # Another guest's object: what it offers, and nothing else of it.
            offered = offered_by(value)
            if offered is None:
                raise CrossingError(value, where)
            return self.reference(value, path + where, offered)
        record = record_of(value)
        if record is not None:  # the class itself: the guest makes instances of its own
            return self._of_record(record).kind
        if isinstance(value, Capability) or is_host_function(value):
            return self.reference(value, path + where)
        if isinstance(value, Fraction):
            kind = self.compartment._in_turn(self.compartment._importer.fraction_class)
            if kind is None:
                raise CrossingError(
                    value, where, "the guest has changed what its module fractions is made from"
                )
            return kind.made(value)
        raise CrossingError(value, where)

    def reference(self, cap: Any, path: str, offered: Any = None) -> Any:
        """The guest's reference to a capability; the same one each time. offered: what stands for
        `cap` in uses, where it is another guest's object."""
        if self._grants is None or self._parts is None:
            self._grants, self._parts = WeakValueDictionary(), WeakValueDictionary()
        known = self._grants.get(id(cap))
        if known is not None and use_of(known).cap is cap:
            return known
        path = bounded(self._path_of(cap, path))
        interface = interface_of(cap if offered is None else offered)
        meter = self.compartment._realm.meter
        if meter.live:  # obtained by the guest: each method is an object of its own
            meter.charge_parts(len(interface.methods), STEPS_OF_A_METHOD, BYTES_OF_A_METHOD)
        plain: dict[str, Any] = {}
        special: set[str] = set()
        for name, method in interface.methods.items():
            if name.startswith("__"):
                special.add(name)
                continue
            part = Interface({"__call__": method}, frozenset(), frozenset(), None)
            access = Access(self, method, f"{path}.{name}", part, method)
            plain[name] = make_reference(reference_class(False, frozenset({"__call__"})), access, {})
            self._parts[id(method)] = plain[name]
        state = bool(interface.read or interface.write)
        kind = reference_class(state, frozenset(special))
        made = make_reference(kind, Access(self, cap, path, interface, cap), plain)
        self._grants[id(cap)] = made
        return made

    def holds(self, cap: Any) -> bool:
        """Whether the guest has a reference to just this capability."""
        known = None if self._grants is None else self._grants.get(id(cap))
        return known is not None and use_of(known).cap is cap

    # Out

    def to_host(self, value: Any, pay: Callable[[int], None] | None = None) -> Any:
        """Guest to host: data copied, capabilities as the host's own, all else as handles."""
        if type(value) in PLAIN:
            return value
        pay = pay or _free
        return Copier(lambda v, where: self._leave(v, where, pay), pay, self._fields_out).copy(value)

    def give(self, value: Any, pay: Callable[[int], None] | None = None) -> Any:
        """`to_host` for a host that asks. Raises `CapabilityError` for what cannot be copied."""
        try:
            return self.to_host(value, pay)
        except CrossingError as error:
            problem = CapabilityError(f"the guest's value cannot be copied out: {error.reason}")
        except RecursionError:
            problem = CapabilityError("the guest's value cannot be copied out: it is nested too deeply")
        except Stop:
            # Guest code was met outside a turn, and ended at its first step.
            if self.compartment._realm.meter.live:
                raise
            problem = CapabilityError(
                "the guest's value cannot be copied out: it runs code to be copied"
            )
        raise problem

    def _leave(self, value: Any, where: str, pay: Callable[[int], None]) -> Any:
        if issubclass(type(value), Reference):
            use = use_of(value)
            pay(weight_of(use.home))
            if self.on_use is not None:
                self._note_path(use.home, use.path)
            return use.home
        if type(value) is Pending:
            call = call_of(value)
            if not call.taken:
                return self.handed_on(call)
        if type(value) is memoryview:
            return self._bytes_of(value, where)
        own = self._kinds.get(id(value)) if self._kinds else None
        if own is not None:
            return own.record.kind
        fractions = self.compartment._importer.fractions
        if fractions is not None and fractions.has(value):
            return fractions.taken(value, where)
        return self.handle(value)

    def _bytes_of(self, view: memoryview, where: str) -> bytes:
        """What a view of a guest's bytes shows: `pathlib` writes views, as other code does."""
        meter = self.compartment._realm.meter
        try:
            if meter.live:
                meter.charge_bytes(view.nbytes)
            return view.tobytes()
        except ValueError:
            raise CrossingError(view, where, "it is a view that was released") from None

    def handle(self, obj: Any) -> Handle:
        """The host's handle of a guest's object; the same one as long as the host holds it."""
        if self._handles is None:
            self._handles = WeakValueDictionary()
        known = self._handles.get(id(obj))
        if known is not None and object_of(known) is obj:
            return known
        awaitable = host_lookup(type(obj), "__await__")[0] is not None
        made = (AwaitableHandle if awaitable else Handle)(self.compartment, obj)
        self._handles[id(obj)] = made
        return made

    # Using

    def use_of(
        self, path: str, perform: Callable[..., Any], method: Any, checker: Checker | None
    ) -> Invoke:
        """What a use of one method does, whenever it is called with its arguments."""
        return quick_use(self, path, perform, method, checker, self.compartment)

    def use(
        self,
        path: str,
        perform: Callable[..., Any],
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Carry out one use of authority for the guest: `perform` with its arguments, as the host's.

        function: the host's, whose texts of errors are the host's own; None for an attribute.
        """
        compartment = self.compartment
        realm = compartment._realm
        meter = realm.meter
        # The stop is a state: whoever swallowed its exception on the way, nothing is reached any
        # more. Nor is anything outside a turn, or on a thread that the turn does not run on, such
        # as one on which the collector runs a finaliser.
        meter.charge(1)
        if compartment._thread != get_ident():
            raise refusal(f"{path}: used outside its turn")
        problem: BaseException | None = None
        host_args: tuple[Any, ...] = ()
        host_kwargs: dict[str, Any] = {}
        result: Any = None
        told = self.on_use is not None
        started, clock = (time.time(), time.perf_counter()) if told else (0.0, 0.0)
        crossed = False
        compartment._in_host += 1
        try:
            try:
                pay = meter.charge
                if args:
                    host_args = tuple([a if type(a) in PLAIN else self.to_host(a, pay) for a in args])
                if kwargs:
                    # A keyword may be a guest's subclass of str, whose methods would run in the host.
                    host_kwargs = {str.__str__(k): self.to_host(v, pay) for k, v in kwargs.items()}
                crossed = told
                if self.recorder is not None:
                    perform = self.recorder.around(self, path, perform, function)
                if sys.exc_info()[1] is None:
                    result = as_host(realm, perform, host_args, host_kwargs)
                else:
                    result = shielded(
                        self._wall, lambda: as_host(realm, perform, host_args, host_kwargs)
                    )
                guest_result = self.taken(
                    result, path, function, host_args, host_kwargs, None, started, clock
                )
                if type(guest_result) is Pending and told:
                    crossed = False  # told when it is answered
            except BaseException as error:
                problem = error
            if problem is not None and not isinstance(problem, _ENDS):
                without_wall(problem, self._wall)
            if crossed:
                # Whatever it ended in: the budget too may end after the deed, when its result is paid.
                end = self._ending(problem)
                result = result if end is None else None
                seconds = time.perf_counter() - clock
                where = self._where()
                self._tell(
                    Use(path, host_args, host_kwargs, result, end, started, seconds, *where), function
                )
            if isinstance(problem, _ENDS):
                raise self.failed(problem, path, function, ()) from None
        finally:
            compartment._in_host -= 1
        if problem is None:
            meter.check()
            return guest_result
        raise self.failed(problem, path, function, (*host_args, *host_kwargs.values())) from None

    def taken(
        self,
        result: Any,
        path: str,
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        checker: Checker | None,
        started: float = 0.0,
        clock: float = 0.0,
    ) -> Any:
        """What the guest gets of what a host's function gave. checker: of what it promised."""
        if type(result) in _SMALL and checker is None:
            return result
        if type(result) not in PLAIN and is_awaitable(result):
            told = not self._told(function)
            call = Call(result, path, function, args, kwargs, started, clock, told)
            self.compartment._realm.meter.check()
            return self._later(call)
        if checker is not None and type(result) not in checker.plain:
            checker.check_result(path, result)
        return self._charged(result, path, function)

    def failed(
        self, problem: BaseException, path: str, function: Any, args: tuple[Any, ...]
    ) -> BaseException:
        """What a use raises whose function raised `problem`, once nothing of it is being handled."""
        meter = self.compartment._realm.meter
        if isinstance(problem, Stop):
            return problem
        if isinstance(problem, _ENDS):
            # The host's own wish to end: not the guest's to catch.
            self.compartment._host_exit = problem
            return meter.stop("steps", 0, meter.used)
        meter.check()
        return self._mapped(problem, path, function, args)

    def elements(self, iterable: Any) -> list[Any]:
        """What a host's iterable gives, paid for as it comes."""
        meter = self.compartment._realm.meter
        found = []
        for element in itertools.islice(iterable, _ITERATED):
            meter.charge(1)
            if type(element) in (str, bytes):
                meter.charge_bytes(len(element))
            found.append(element)
        return found

    def _charged(self, result: Any, path: str, function: Any) -> Any:
        meter = self.compartment._realm.meter
        if type(result) in (str, bytes):
            meter.charge_bytes(len(result))
        return self.to_guest(result, path, meter.charge, home=not lends(function))

    def _where(self) -> tuple[str, int]:
        """The file name and the line of the guest's program that runs now, not of the library that it
        called. A program that a guest compiled or ran itself, and named as it liked, is told under the
        program that did so: "main.py > made.py"."""
        realm, made = self.compartment._realm, self.compartment._made
        inner = frame = realm.guest_frame()
        names: list[str] = []
        line = looked = 0
        while frame is not None:
            looked += 1
            if looked > _FRAMES:  # a guest decides how deep it is, and each use asks
                names.append("...")
                break
            if realm.is_guest_frame(frame):
                name = shown_filename(frame.f_code)
                own = serial_of(frame.f_code) in made
                if own or not name.startswith(("lib/", "facet/")):
                    line = line or frame.f_lineno
                    if own and not names:
                        names.append(one_line(name))
                    elif not own:
                        names.append(one_line(name))
                        break
            frame = frame.f_back
        else:
            names.append("<guest>" if names else "")
        if inner is not None and not line:
            names, line = [one_line(shown_filename(inner.f_code))], inner.f_lineno
        if self.outer is not None:
            names.append(self.outer._where()[0] or "<guest>")  # which may have no frame here
        return " > ".join(reversed([n for n in names if n])), line

    def _ending(self, problem: BaseException | None) -> BaseException | None:
        """What the audit is told of how a use ended; the stop itself is private."""
        if not isinstance(problem, Stop):
            return problem
        stopped = self.compartment._realm.meter.stopped
        return CapabilityError("the guest was stopped") if stopped is None else LimitExceeded(*stopped)

    def _told(self, function: Any) -> bool:
        """Whether the host's audit sees uses of this: not of what guests made for their children."""
        return self.on_use is not None and not self.made_in_family(function)

    def made_in_family(self, function: Any) -> bool:
        """Whether it is a method that this guest, or one that it is nested in, has made itself."""
        maker = maker_of(function)
        family: Membrane | None = self
        while maker is not None and family is not None:
            if family.compartment is maker:
                return True
            family = family.outer
        return False

    def _tell(self, event: Use, function: Any) -> None:
        """Let the host's audit see a use."""
        on_use = self.on_use
        if on_use is None or not self._told(function):
            return
        compartment = self.compartment
        try:
            shielded(self._wall, lambda: as_host(compartment._realm, on_use, (event,), {}))
        except Stop:
            raise
        except BaseException as error:
            # An audit that fails is the host's trouble: the turn ends in it, and the guest, on whose
            # data it may have failed, sees nothing of it.
            compartment._host_exit = error
            meter = compartment._realm.meter
            raise meter.stop("steps", 0, meter.used) from None

    def _later(self, call: Call) -> Pending:
        """What the guest gets of a call that the host answers later."""
        turn = self.compartment._awaiting
        if turn is None:
            call.drop()
            raise MustAwait
        turn.note(call)
        if self.recorder is not None:
            call.told = call.told or hasattr(call.awaitable, "_cap_retold")
            self.recorder.later(call)
        return make_pending(call)

    def handed_on(self, call: Call) -> Any:
        """The host's awaitable of a call that the guest does not await, but passes on. The audit is told
        of its end all the same, whoever awaits it."""
        awaitable = call.take()
        if call.told and type(awaitable) is not CoroutineType:
            return awaitable
        # A coroutine that holds another, which holds another, is taken apart by recursion in C: with an
        # object between any two of them that is not so.
        made = call.awaitable = _HandedOn(self, call, awaitable)
        return made

    def ended(self, call: Call, result: Any, problem: BaseException | None) -> None:
        """Tell the host's audit, once, of a call that its guest did not see answered."""
        on_use = self.on_use
        if call.told or on_use is None:
            return
        call.told = True
        seconds = time.perf_counter() - call.clock
        event = Use(call.path, call.args, call.kwargs, result, problem, call.started, seconds)
        try:
            on_use(event)
        except BaseException as error:
            self.compartment._host_exit = error

    def outlived(self, call: Call, end: BaseException) -> None:
        """Tell the host's audit of a call that was under way where its turn ended. end: in what."""
        problem = Unanswered("the turn ended before the answer came; what was begun may go on")
        problem.__cause__ = end
        self.ended(call, None, problem)

    def arrived(
        self, call: Call, result: Any, problem: BaseException | None
    ) -> tuple[Any, BaseException | None]:
        """The answer to a call, as the guest gets it: a value, or an exception to raise. In a stretch
        of the turn."""
        compartment = self.compartment
        meter = compartment._realm.meter
        recorder = self.recorder
        told_again = recorder is not None and recorder.retelling
        value: Any = None
        seen: BaseException | None = None
        compartment._in_host += 1
        try:
            try:
                meter.charge(1)
                if problem is None:
                    # A record's answers were checked, and have stand-ins for capabilities in them.
                    checker = None if told_again else checker_for(call.function)
                    if checker is not None:
                        checker.check_result(call.path, result)
                    value = self._charged(result, call.path, call.function)
            except (CrossingError, ArgumentError, Stop) as error:
                problem = error
            end = self._ending(problem)
            if problem is not None and not isinstance(problem, Stop):
                args = (*call.args, *call.kwargs.values())
                seen = self._mapped(problem, call.path, call.function, args)
            if recorder is not None and not isinstance(problem, Stop):
                recorder.came(call, result, seen)
            result = result if end is None else None
            seconds = time.perf_counter() - call.clock
            call.told = True
            self._tell(
                Use(call.path, call.args, call.kwargs, result, end, call.started, seconds), call.function
            )
            if isinstance(problem, Stop):
                raise problem
        finally:
            compartment._in_host -= 1
        meter.check()
        return (value, None) if seen is None else (None, seen)

    def _mapped(
        self, problem: BaseException, path: str, function: Any, args: tuple[Any, ...]
    ) -> BaseException:
        if isinstance(problem, MustAwait):
            return TypeError(
                f"{path} must be awaited; only exec_async, eval_async and call_async run guests "
                f"that await"
            )
        if isinstance(problem, CrossingError):
            if problem.reason:
                return ValueError(f"{path}: a value cannot cross: {problem.reason}")
            return TypeError(f"{path} gave something that is neither data nor a capability")
        try:
            return shielded(self._wall, lambda: for_guest(problem, path, function, args))
        except RecursionError:
            return RecursionError(f"{path} failed")
        except Exception:  # an exception class of the host's that fails when it is asked
            return RuntimeError(f"{path} failed")


class _HandedOn(Answer):
    """An answer that somebody else than the guest awaits."""

    __slots__ = ("_call", "_membrane")

    def __init__(self, membrane: Membrane, call: Call, awaitable: Any) -> None:
        super().__init__(awaitable)
        self._membrane = membrane
        self._call = call

    def _answer(self) -> Generator[Any, Any, Any]:
        try:
            result = yield from self._awaitable.__await__()
        except BaseException as error:
            self._membrane.ended(self._call, None, error)
            raise
        self._membrane.ended(self._call, result, None)
        return result

    def _dropped(self) -> None:
        self._membrane.ended(self._call, None, RuntimeError("never awaited"))


def is_awaitable(result: Any) -> bool:
    """Whether a host's function gave something that answers later."""
    kind = type(result)
    return kind is CoroutineType or (
        hasattr(kind, "__await__") and not isinstance(result, (Handle, Capability, HostCallable))
    )


def _free(_count: int) -> None:
    """Crossing outside a turn is the host's own work."""


def refused_grant(name: str, error: CrossingError) -> CapabilityError:
    """The host's error for a value that it cannot grant as it is."""
    return CapabilityError(f"caps[{name!r}]{error.path}: {why_not_granted(error)}")


class RefusedArgument(CapabilityError):
    """An argument of the host's own call that cannot be handed in.

    argument: its name, or its number from 1. path: the place in it, such as "['a'][0]". why: what it is,
    and what to hand in instead.
    """

    argument: int | str = ""
    path: str = ""
    why: str = ""


def refused_argument(argument: int | str, error: CrossingError) -> RefusedArgument:
    """The host's error for an argument that it cannot hand in as it is."""
    why = why_not_granted(error)
    shown = argument if type(argument) is int else repr(argument)
    problem = RefusedArgument(f"argument {shown}{error.path}: {why}")
    problem.argument, problem.path, problem.why = argument, error.path, why
    return problem


def why_not_granted(error: CrossingError) -> str:
    """What a value is that cannot cross, why it cannot, and what can in its place."""
    value = object_of(error.value) if isinstance(error.value, Handle) else error.value
    what = with_article(host_name(type(value)))
    if error.reason:
        return f"{what} cannot be granted: {error.reason}"
    return (
        f"{what} is neither data nor a capability; "
        f"wrap it as expose(obj, 'method', ...) to say what of it is granted"
    )


def with_article(kind: str) -> str:
    """The name of a class as texts say it: `an Item`, `a Box`, `a User`."""
    return f"{'an' if _AN.match(kind) else 'a'} {kind}"
