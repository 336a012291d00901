"""`reach(compartment)`: the set of objects that a guest can get at, and what in it is a leak."""

from __future__ import annotations

import gc
import time
from collections import deque
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from capcompiler.errors import CapabilityError
from capcompiler.membrane.reference import Reference, use_of
from capcompiler.reaching.paths import BOUND, SCALARS, steps_from
from capcompiler.reaching.sharing import holders_outside
from guards.base import is_guard_name
from guards.host import host_method_func, host_method_self, host_name
from guards.realm import Realm
from guards.sealed import Sealed
from guards.tables.rows import TABLE

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["Reach", "Reached", "reach"]

Kind = Literal["capability", "class", "data", "function", "instance", "module", "outside", "primordial"]
#: Objects at most: a guest that made more is told of as far as that, and the report says so.
MOST: Final = 500_000
#: Methods that are read from methods, and results that are asked of results, at most.
DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Reached:
    """One object that a guest can get at.

    path: how, from the guest's globals. type: the name of its class. kind: what it is to the guest.
    why: what is wrong with it, "" when nothing is. parent: the index in `Reach.objects` of what it
    was got from, -1 for a starting point. granted: the path of the grant, for a capability.
    """

    path: str
    type: str
    kind: Kind
    why: str = ""
    parent: int = -1
    granted: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.type}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True, slots=True)
class Reach:
    """What `reach` found. objects: all of it, nearest first. outside: the objects that no guest should
    have, each with the shortest path that leads there; empty when all is well.

    whole: False where the walk ended at its bound. seconds: what it took.
    """

    objects: tuple[Reached, ...]
    outside: tuple[Reached, ...]
    whole: bool
    seconds: float

    @property
    def capabilities(self) -> tuple[Reached, ...]:
        """The capabilities among them: all the authority that the guest has."""
        return tuple(o for o in self.objects if o.kind == "capability")

    def __str__(self) -> str:
        from capcompiler.reaching.report import as_text

        return as_text(self)

    def to_dict(self) -> dict[str, Any]:
        """The findings as data for JSON."""
        from capcompiler.reaching.report import as_dict

        return as_dict(self)

    def to_svg(self) -> str:
        """A picture: what the guest holds, capabilities marked, what lies outside red."""
        from capcompiler.reaching.picture import as_svg

        return as_svg(self)

    def to_html(self) -> str:
        """A page with the picture and every object, which needs nothing else to be looked at."""
        from capcompiler.reaching.picture import as_html

        return as_html(self)


def reach(compartment: Compartment) -> Reach:
    """Everything that the guest of a compartment can get at from its globals, by any path that the
    guards allow: attributes, items, iteration, accessors, exceptions, types, and what its functions
    hold.

    Takes a turn of the compartment; nothing of the guest's runs in it, and no capability is used.
    Raises `CapabilityError` where the compartment is closed or busy, and where its objects are in a
    worker process: make the same one inline to look at it.
    """
    if compartment.isolation != "inline":
        raise CapabilityError("reach looks at inline compartments; this one's objects are in a worker")
    started = time.perf_counter()
    gc.collect()  # what nobody holds any more, such as an earlier walk, would count as a holder
    walk = compartment._aside(lambda: _Walk(compartment).run())
    objects = tuple(walk.told())
    return Reach(
        objects=objects,
        outside=tuple(o for o in objects if o.why),
        whole=walk.whole,
        seconds=time.perf_counter() - started,
    )


class _Walk:
    """A breadth-first walk, so that each path is the shortest."""

    def __init__(self, compartment: Compartment) -> None:
        self.compartment = compartment
        self.realm: Realm = compartment._realm
        self.whole = True
        self.paths: list[str] = []
        self.parents: list[int] = []
        self.held: list[Any] = []
        self.seen: dict[Any, int] = {}
        self.inside: dict[int, Any] = {}
        self.shared: dict[int, str] = {}
        self.todo: deque[int] = deque()
        self.looked: set[type] = set()
        self.made: list[int] = []  # how many steps ago the walk came from what is held by somebody

    def run(self) -> _Walk:
        for path, value in self._starts():
            self._visit(path, value, -1)
        while self.todo:
            at = self.todo.popleft()
            path = self.paths[at]
            for step, value in steps_from(self.realm, self.held[at], self.looked):
                shown = step.replace("…", path) if step.startswith("type(") else path + step
                self._visit(shown, value, at)
        own = (self.held, self.inside, self.seen, self.__dict__)
        self.shared = holders_outside(self.compartment, self.inside, own)
        return self

    def _starts(self) -> list[tuple[str, Any]]:
        realm, own = self.realm, self.compartment._globals
        starts = [(n, v) for n, v in own.items() if not is_guard_name(n)]
        names = {*realm.builtins, *realm.makers}  # those that no code has named yet are there too
        starts += [(n, realm.builtin(n)) for n in names if not is_guard_name(n) and n not in own]
        starts += [(f"sys.modules[{n!r}]", m) for n, m in list(realm.modules.items())]
        return [(n, v) for n, v in starts if type(n) is str]

    def _visit(self, path: str, value: Any, parent: int) -> None:
        owner = _owner_of_stand_in(self.realm, value)
        if owner is not None and id(owner) not in self.inside:
            self._visit(f"{path}.<self>", owner, parent)
        key = _identity(self.realm, value)
        if key in self.seen:
            return
        if len(self.held) >= MOST:
            self.whole = False
            return
        self.seen[key] = at = len(self.held)
        self.paths.append(path)
        self.parents.append(parent)
        self.held.append(value)
        self.inside[id(value)] = value
        # Asking gives new objects without end: iterators of copies of iterators.
        fresh = path.endswith("()") or type(value) in BOUND or type(value) is MethodType
        self.made.append(self.made[parent] + fresh if parent >= 0 else 0)
        if self.made[at] <= DEEPEST and not trouble(self.realm, value):
            self.todo.append(at)

    def told(self) -> list[Reached]:
        """The findings, without the objects themselves."""
        realm = self.realm
        out = []
        for path, value, parent in zip(self.paths, self.held, self.parents, strict=True):
            why = trouble(realm, value)
            if not why and id(value) in self.shared:
                why = f"it can be changed, and is held by {self.shared[id(value)]} as well"
            kind: Kind = "outside" if why else _kind(realm, value)
            granted = use_of(value).path if kind == "capability" else ""
            out.append(Reached(path, host_name(type(value)), kind, why, parent, granted))
        return out


def _owner_of_stand_in(realm: Realm, value: Any) -> Any:
    """What a method of U is bound to, or None: reading it again makes another such method."""
    kind = type(value)
    if kind in BOUND:
        owner = value.__self__
    elif kind is MethodType and type(host_method_func(value)) is MethodType:
        owner = host_method_self(value)  # a row of a table, bound to the realm and then to this
    else:
        return None
    # The realm, and what else of ours stand-ins are bound to, is not there for a guest.
    return owner if realm.may_hold(type(owner)) and not issubclass(type(owner), ModuleType) else None


def _identity(realm: Realm, value: Any) -> Any:
    """What tells two objects apart. What a method of U gives depends on the type that it is bound to,
    and on what it is bound to, which is visited for itself."""
    kind = type(value)
    if kind in SCALARS:
        return (kind, value) if kind is not float and kind is not complex else (kind, repr(value))
    owner = _owner_of_stand_in(realm, value)
    if owner is None:
        if kind is MethodType:
            return kind, id(host_method_func(value)), id(host_method_self(value))
        return id(value)
    what = value.__name__ if kind in BOUND else id(host_method_func(value))
    return kind, what, owner if issubclass(type(owner), type) else type(owner)


def trouble(realm: Realm, value: Any) -> str:
    """Why a value is none that a guest may hold; "" when it may."""
    kind = type(value)
    if kind is FunctionType:
        return "" if realm.is_guest_function(value) else "a function of the host"
    if issubclass(kind, ModuleType):
        known = realm.may_hold(kind) and kind is not ModuleType
        return "" if known else "a module of the host"
    if issubclass(kind, type) and kind is not Sealed and not realm.may_hold(value):
        return "a class outside U"
    if not realm.may_hold(kind):
        return "an instance of a class outside U"
    if kind is dict and "__builtins__" in value:
        return "the namespace of code, with its builtins"
    if kind is MethodType:
        owner, function = host_method_self(value), host_method_func(value)
        if type(function) is FunctionType and not realm.is_guest_function(function):
            if function.__module__.partition(".")[0] not in _TRUSTED and owner is not realm:
                return "a method of the host"
    return ""


#: Whose functions a stand-in may be made of: ours, under the names that they show.
_TRUSTED: Final = ("guards", "capcompiler", "builtins")


def _kind(realm: Realm, value: Any) -> Kind:
    kind = type(value)
    if issubclass(kind, Reference):
        return "capability"
    if issubclass(kind, ModuleType):
        return "module"
    if issubclass(kind, type):
        return "class" if realm.is_guest_class(value) else "primordial"
    if kind is FunctionType:
        return "function"
    if realm.is_guest_class(kind):
        return "instance"
    if kind in SCALARS or kind in _DATA:
        return "data"
    return "primordial" if kind in TABLE else "data"


_DATA: Final = frozenset({list, tuple, dict, set, frozenset, bytearray, deque})
