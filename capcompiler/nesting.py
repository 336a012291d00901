"""What a guest has to run further code under less authority: `cap_exec` and its kin, as builtins.

They carry no authority: a child gets what its parent holds and hands on, through a membrane of its
own, and spends its parent's budget. The parent's objects are to the child what a host's are to a
guest: their exposed methods can be called, their state is not there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import FunctionType, MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from capcompiler.attenuation.builtins import ATTENUATORS
from capcompiler.errors import (
    CapabilityError,
    CapError,
    DialectError,
    GuestError,
    LimitExceeded,
)
from capcompiler.limits import Limits
from capcompiler.membrane.capability import Exposed, Interface, check_exposed_name
from capcompiler.membrane.costs import STEPS_OF_A_COMPARTMENT
from capcompiler.membrane.data import CrossingError
from capcompiler.membrane.handle import Handle, RemoteObject, object_of
from capcompiler.program import Program, child_program
from guards.builtins import tamed_makers
from guards.classes import CLASS_KEYWORDS, own_class
from guards.decimal_context import as_host
from guards.host import host_dict, host_exact_str, host_lookup, host_mro, host_name
from guards.meter import Meter, Stop
from guards.realm import GUEST_MARK, Realm
from guards.sealed import HOST, Sealed, sealed_error
from guards.tables.rows import define

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["ERRORS", "MAKERS", "GuestCapability", "Nesting", "offered_by"]

#: Guests that run guests that run guests, at most.
MAX_LEVELS: Final = 50
T = TypeVar("T")
ERRORS: Final = (CapError, DialectError, GuestError, CapabilityError, LimitExceeded)


class _Opaque(metaclass=Sealed, host=HOST):
    """Something of the host's that a guest can hold and hand back, and see nothing of."""

    __slots__ = ("__cap_value__",)
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __cap_value__: Any

    def __new__(cls, *_args: object, **_kwargs: object) -> Any:
        raise TypeError("this type cannot be instantiated")

    def __repr__(self) -> str:
        return f"<{type(self).__name__.removeprefix('Guest')}>"


class GuestLimits(_Opaque, host=HOST):
    """`Limits(...)` as a guest holds it."""

    __slots__ = ()


class GuestProgram(_Opaque, host=HOST):
    """What a guest's `cap_compile` gives."""

    __slots__ = ()


class GuestNamespace(_Opaque, host=HOST):
    """What a guest's `cap_exec` gives: the child's names, converted, to read."""

    __slots__ = ()

    def __getitem__(self, name: Any) -> Any:
        names = self.__cap_value__[0]
        if not issubclass(type(name), str) or host_exact_str(name) not in names:
            raise KeyError(name)
        return names[host_exact_str(name)]()

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.__cap_value__[0]))

    def __len__(self) -> int:
        return len(self.__cap_value__[0])

    def __contains__(self, name: object) -> bool:
        return issubclass(type(name), str) and host_exact_str(name) in self.__cap_value__[0]


_set_value: Final = _Opaque.__dict__["__cap_value__"].__set__


def _opaque(kind: type, value: Any) -> Any:
    self: Any = object.__new__(kind)
    _set_value(self, value)
    return self


def _about(index: str) -> Callable[..., Any]:
    return lambda realm, ns: ns.__cap_value__[1][index]()


for _kind in (GuestLimits, GuestProgram):
    define(_kind, deny=" ".join(_kind.__dict__))
define(_Opaque, "__repr__", deny=" ".join(n for n in _Opaque.__dict__ if n != "__repr__"))
define(
    GuestNamespace,
    "__getitem__ __iter__ __len__ __contains__",
    tame={
        "keys": lambda realm, ns: list(ns),
        "items": lambda realm, ns: [(n, ns[n]) for n in ns],
        "values": lambda realm, ns: [ns[n] for n in ns],
        "get": lambda realm, ns, name, default=None: ns[name] if name in ns else default,
    },
    reads={n: _about(n) for n in ("output", "usage", "value")},
    deny="__slots__ __new__",
)


class GuestCapability(Exposed):
    """A capability that a guest made for its children: methods of a guest's object, by handle."""

    __slots__ = ("_cap_reads",)

    def __init__(
        self,
        target: Handle,
        methods: frozenset[str],
        read: frozenset[str] = frozenset(),
        write: frozenset[str] = frozenset(),
        reads: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(target, methods, read, write)
        self._cap_reads = reads

    def _cap_interface(self) -> Interface:
        interface = super()._cap_interface()
        return replace(interface, reads=interface.reads | self._cap_reads)


def offered_by(handle: Handle) -> GuestCapability | None:
    """What a guest's object offers to a child: calling a function or class, the public methods of
    an instance of the guest's `Capability`; nothing of anything else."""
    obj = object_of(handle)
    kind = type(obj)
    if kind is RemoteObject:  # its worker has asked the rest of this
        offered = obj.offered
        return None if offered is None else GuestCapability(handle, *offered)
    if kind in (FunctionType, MethodType) or issubclass(kind, type):
        return GuestCapability(handle, frozenset({"__call__"}))
    methods: set[str] = set()
    more: list[frozenset[str]] = [frozenset()] * 4
    granted = False
    for k in host_mro(kind):
        own = host_dict(k)
        if _BASE_MARK in own:
            granted = True
            break
        if GUEST_MARK in own:
            more = [a | b for a, b in zip(more, own.get(_OFFERS_MARK, more), strict=True)]
            methods.update(
                n
                for n, v in own.items()
                if not n.startswith("_") and type(v) in (FunctionType, staticmethod, classmethod)
            )
    if granted:
        special, read, write, reads = more
        return GuestCapability(handle, special.union(methods), read, write, reads)
    if host_lookup(kind, "__call__")[0] is not None:
        return GuestCapability(handle, frozenset({"__call__"}))
    return None


_BASE_MARK: Final = "cap:capability"
#: In the dictionary of a guest's class of capabilities: what its class statement offers beyond methods.
_OFFERS_MARK: Final = "cap:offers"


class Nesting:
    """The builtins of one compartment by which its guest runs others."""

    __slots__ = ("compartment", "errors")

    def __init__(self, compartment: Compartment) -> None:
        self.compartment = compartment
        self.errors: dict[str, Any] = {}

    def __repr__(self) -> str:
        return "capcompiler"

    # Programs

    def cap_exec(
        self, src: Any, caps: Any = None, *, imports: Any = None, limits: Any = None,
        isolation: Any = "inline", filename: Any = "<guest>", optimize: Any = True,
    ) -> Any:  # fmt: skip
        """Run a program with what is in `caps` and nothing else, on this program's budget."""

        def run(child: Compartment) -> Any:
            return child.exec(self._program(src, "exec", filename, optimize), filename=_text(filename))

        child, namespace = self._child(run, caps, imports, limits, isolation)
        return _opaque(GuestNamespace, self._view(child, namespace))

    def cap_eval(
        self, src: Any, caps: Any = None, *, imports: Any = None, limits: Any = None,
        isolation: Any = "inline", filename: Any = "<guest>", optimize: Any = True,
    ) -> Any:  # fmt: skip
        """The value of one expression under the same rules."""

        def run(child: Compartment) -> Any:
            return child.eval(self._program(src, "eval", filename, optimize))

        value = self._child(run, caps, imports, limits, isolation)[1]
        return self._take(lambda: value)

    def cap_compile(
        self, src: Any, *, mode: Any = "exec", filename: Any = "<guest>", optimize: Any = True
    ) -> Any:
        """Check and compile a program, to run it many times."""
        exact = _text(mode)
        if exact not in ("exec", "eval"):
            raise ValueError("mode: wanted 'exec' or 'eval'")
        problem: BaseException | None = None
        try:
            program = self._program(src, exact, filename, optimize)
        except CapError as error:
            problem = self._error(error)
        if problem is not None:
            raise problem
        return _opaque(GuestProgram, program)

    def limits(self, *args: Any, **kwargs: Any) -> Any:
        """A budget for a child; it cannot exceed what this program has left."""
        limits = Limits(*args, **kwargs)
        if limits.seconds is not None:
            # A stop after a time is a clock: count the child's steps, and the time is known.
            raise PermissionError(
                "Limits(seconds=...) was not granted: it measures time; the host sets it for all"
            )
        return _opaque(GuestLimits, limits)

    def expose(self, obj: Any, /, *methods: Any, read: Any = (), write: Any = ()) -> Any:
        """A capability over one of this program's objects, for its children."""
        membrane = self.compartment._membrane
        reads = _names(read)
        writes = _names(write)
        wanted = _names(methods)
        for name in wanted | reads | writes:
            check_exposed_name(name, name in wanted)
        if not wanted and not reads and not writes:
            if not callable(obj):
                raise ValueError("expose: name the methods or attributes to grant")
            wanted = frozenset({"__call__"})
        handle = self._crossing(lambda: membrane.to_host(obj))
        if not isinstance(handle, Handle):
            raise TypeError(f"expose: a {host_name(type(obj))} is data; it is copied as it is")
        cap = GuestCapability(handle, wanted, reads, writes)
        return membrane.reference(cap, host_name(type(obj)))

    # Parts

    def _program(self, src: Any, mode: Any, filename: Any, optimize: Any) -> Program:
        if type(src) is GuestProgram:
            program: Program = src.__cap_value__
            if program.mode != mode:
                raise ValueError(f"the program was compiled for {program.mode!r}, not {mode!r}")
            return program
        if issubclass(type(src), str):
            text: Any = host_exact_str(src)
        elif type(src) is bytes:
            text = src
        else:
            raise TypeError(f"src: wanted text or a program, got {host_name(type(src))}")
        self.compartment._realm.meter.charge(1 + len(text))
        return child_program(text, mode, _text(filename), optimize is True)

    def _child(
        self, run: Callable[[Compartment], Any], caps: Any, imports: Any, limits: Any,
        isolation: Any,
    ) -> tuple[Compartment, Any]:  # fmt: skip
        parent = self.compartment
        parent._realm.meter.charge(STEPS_OF_A_COMPARTMENT)
        level = parent._level + 1
        if level > MAX_LEVELS:
            # Each level stands on the stack of the interpreter: the whole family ends here.
            meter: Meter | None = parent._realm.meter
            while meter is not None:
                meter.stop("depth", MAX_LEVELS, level)
                meter = meter.parent
            raise Stop
        if imports is not None:
            raise TypeError("imports: a child imports what its parent may; leave it out")
        if limits is not None and type(limits) is not GuestLimits:
            raise TypeError(f"limits: wanted Limits(...), got {host_name(type(limits))}")
        if not issubclass(type(isolation), str) or host_exact_str(isolation) != "inline":
            raise ValueError("isolation: a child runs where its parent runs")
        if caps is not None and not issubclass(type(caps), dict):
            raise TypeError(f"caps: wanted a dict, got {host_name(type(caps))}")
        host_caps: dict[str, Any] = {}
        for name, value in list(dict.items(caps)) if caps is not None else ():
            if not issubclass(type(name), str):
                raise TypeError(f"caps: names are str, got {host_name(type(name))}")
            host_caps[host_exact_str(name)] = self._crossing(
                functools.partial(parent._membrane.to_host, value, parent._realm.meter.charge)
            )

        def make_and_run() -> tuple[Compartment, Any]:
            child = type(parent)(
                imports=parent._importer.imports,
                limits=_within(limits.__cap_value__ if limits is not None else Limits(), parent._limits),
            )
            child._level = level
            child._membrane.under(parent._membrane)
            for name, value in host_caps.items():
                child.grant(name, value)
            try:
                return child, run(child)
            except BaseException as error:
                if error is not child._wish:
                    raise
            # The host's own wish to end, such as a SystemExit: it ends the whole family, and no guest
            # between sees it or what it carries.
            parent._host_exit = child._wish
            raise parent._realm.meter.stop("steps", 0, parent._realm.meter.used)

        # In the host's context of decimals: what the child calls of the host's is called in it.
        return self._crossing(lambda: as_host(parent._realm, make_and_run, (), {}))

    def _crossing(self, run: Callable[[], T]) -> T:
        """`run()`, its errors of ours made into this guest's own: classes of the host's, with their
        properties and methods, are shared by all compartments and belong to none of them."""
        problem: BaseException
        try:
            return run()
        except CrossingError as error:
            problem = TypeError(f"a value cannot cross: {error.reason}")
        except CapError as error:
            problem = self._error(error)
        # A child that was stopped because the parent's budget ran out stops the parent.
        self.compartment._realm.meter.check()
        raise problem

    def _take(self, value: Callable[[], Any]) -> Any:
        """What a child's value is to this guest."""
        parent = self.compartment
        return self._crossing(
            lambda: parent._membrane.to_guest(value(), "child", parent._realm.meter.charge)
        )

    def _view(self, child: Compartment, namespace: Any) -> Any:
        usage = namespace.usage
        # Seconds and bytes in use are left out: they tell of the host and of other guests.
        spent = {"steps": usage.steps, "output": usage.output}
        names = {n: self._lazily(namespace, n) for n in namespace}
        about = {
            "output": lambda: namespace.output,
            "usage": lambda: dict(spent),
            "value": lambda: self._take(lambda: namespace.value),
        }
        return names, about, child

    def _lazily(self, namespace: Any, name: str) -> Callable[[], Any]:
        return lambda: self._take(lambda: namespace[name])

    def error_class(self, name: str) -> Any:
        """This compartment's own class for an error of a child."""
        found = self.errors.get(name)
        if found is None:
            realm = self.compartment._realm
            base: tuple[type, ...] = (Exception,)
            if name != "CapError":
                base = (self.error_class("CapError"),)
            if name == "DialectError":
                base = (*base, SyntaxError)
            elif name == "CapabilityError":
                base = (self.error_class("GuestError"), PermissionError)
            found = own_class(realm, name, base, {})
            self.errors[name] = found
        return found

    def _error(self, error: CapError) -> BaseException:
        kind = next((k for k in reversed(ERRORS) if isinstance(error, k)), CapError)
        made: BaseException = self.error_class(kind.__name__)(str(error))
        data = made.__dict__
        if isinstance(error, GuestError):
            data.update(exc_type=error.exc_type, message=error.message, traceback=error.traceback)
        elif isinstance(error, LimitExceeded):
            data.update(kind=error.kind, limit=error.limit, used=error.used)
        elif isinstance(error, DialectError):
            data.update(violations=[SimpleNamespace(**v.to_dict()) for v in error.violations])
        output = getattr(error, "output", "")
        data.update(output=output if type(output) is str else "")
        return made


def _within(limits: Limits, parent: Limits) -> Limits:
    """A child's limits, none beyond its parent's. Steps and seconds are drawn from the parent's as
    they are spent; what a child prints stays with its parent."""
    output = limits.output
    if parent.output is not None:
        output = parent.output if output is None else min(output, parent.output)
    depth = limits.depth
    if parent.depth is not None:
        depth = parent.depth if depth is None else min(depth, parent.depth)
    return replace(limits, output=output, depth=depth)


def _text(value: Any) -> str:
    if not issubclass(type(value), str):
        raise TypeError(f"wanted text, got {host_name(type(value))}")
    return host_exact_str(value)


def _names(value: Any) -> frozenset[str]:
    if issubclass(type(value), str):
        value = (value,)
    if not issubclass(type(value), (tuple, list, set, frozenset)):
        raise TypeError("expose: names are given as text")
    return frozenset(_text(n) for n in value)


def _named(name: str, function: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__module__ = "builtins"
    return function


def _method(name: str, function: Any) -> Callable[[Realm], Any]:
    named = _named(name, function)
    return lambda realm: MethodType(named, realm.nesting)


def _error_class(name: str) -> Callable[[Realm], Any]:
    return lambda realm: realm.nesting.error_class(name)


def _capability_class(realm: Realm) -> Any:
    """`Capability` as a guest derives from it: its instances are capabilities to its children. As the
    host's does, it takes `special=`, `read=`, `write=` and `reads=` in the class statement."""

    made = own_class(realm, "Capability", (), {_BASE_MARK: True})

    def offers(bases: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        if not any(made in host_mro(b) for b in bases if issubclass(type(b), type)):
            return {}
        given = [_listed(keywords.pop(n, ())) for n in ("special", "read", "write", "reads")]
        for name in frozenset().union(*given):
            check_exposed_name(name, name in given[0] or name in given[3])
        return {_OFFERS_MARK: tuple(given)}

    realm.keep[CLASS_KEYWORDS] = offers
    return made


def _listed(names: Any) -> frozenset[str]:
    """Names as a class statement gives them: one text of them, or a container."""
    return _names(host_exact_str(names).split() if issubclass(type(names), str) else names)


#: How a compartment makes its builtins: the guards' own, and those by which a guest runs others.
MAKERS: Final[Mapping[str, Callable[[Realm], Any]]] = {
    **tamed_makers(),
    "cap_exec": _method("cap_exec", Nesting.cap_exec),
    "cap_eval": _method("cap_eval", Nesting.cap_eval),
    "cap_compile": _method("cap_compile", Nesting.cap_compile),
    "expose": _method("expose", Nesting.expose),
    "Limits": _method("Limits", Nesting.limits),
    "Capability": _capability_class,
    **ATTENUATORS,
    **{kind.__name__: _error_class(kind.__name__) for kind in ERRORS},
}
