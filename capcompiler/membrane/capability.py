"""What a host grants: capabilities, and the interface that each of them offers.

Source of the idea: object-capability facets as in E and Endo's `exo`; cap-std for naming power.
"""

from __future__ import annotations

import functools
import keyword
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from capcompiler.membrane.arguments import Checker, checker_of
from capcompiler.membrane.handle import Handle, object_of, owner_of, read_of
from capcompiler.membrane.unoffered import ALL, declare

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = [
    "EXPOSABLE",
    "Capability",
    "Exposed",
    "HostCallable",
    "Identity",
    "Interface",
    "Later",
    "bounded",
    "checker_for",
    "expose",
    "facets_of",
    "interface_of",
    "is_host_function",
    "lends",
    "maker_of",
    "refused_of",
    "store_on",
]

#: Special methods that `expose` may name: the guest's syntax then reaches the host's object.
EXPOSABLE: Final = ALL


class Capability:
    """The base class of what a host writes to be granted.

    A guest can call the public methods that the subclass defines, and nothing else of it; the
    parameters' annotations are enforced on what the guest passes, and that of the result on what
    the method gives. Attributes stay the host's own.

        class Mailer(Capability):
            def send(self, to: str, text: str) -> None: ...

    Keywords of the class statement say what more is offered, and subclasses inherit it:
    special: special methods, which give the guest syntax (`__enter__`, `__iter__`, ...).
    read, write: attributes and properties that a guest may read, or set.
    reads: what of all this changes nothing, and so stays under `readonly`.
    """

    #: (special methods, attributes to read, attributes to set, what only reads)
    _cap_offers: tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]] = (
        frozenset(), frozenset(), frozenset(), frozenset(),
    )  # fmt: skip
    #: Parts of the standard library that a grant of this fills in; see `capcompiler.filling`.
    _cap_facets: tuple[str, ...] = ()
    #: Elements of data in it that are copied where it crosses.
    _cap_weight = 0

    def __init_subclass__(
        cls, *, special: Iterable[str] = (), read: Iterable[str] = (), write: Iterable[str] = (),
        reads: Iterable[str] = (), **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init_subclass__(**kwargs)
        given = [_names(names) for names in (special, read, write, reads)]
        for name in frozenset().union(*given):
            check_exposed_name(name, name in given[0] or name in given[3])
        bases = [k._cap_offers for k in cls.__mro__[1:] if issubclass(k, Capability)]
        offers: Any = tuple(
            frozenset().union(part, *(base[i] for base in bases)) for i, part in enumerate(given)
        )
        cls._cap_offers = offers
        called = any("__call__" in vars(k) for k in cls.__mro__)
        declare(offers[0] | ({"__call__"} if called else set()))

    #: Whether it stands, in a worker, for one of the host's.
    _cap_remote = False

    def __repr__(self) -> str:
        return f"<capability {type(self).__name__}>"

    def _cap_interface(self) -> Interface:
        """What is offered; the names are those of the class."""
        special, read, write, reads = self._cap_offers
        methods = {n: _method_of(self, n) for n in (*_public_methods(type(self)), *special)}  # type: ignore[arg-type]
        return Interface(methods, read, write, self, reads)

    def _cap_readonly(self) -> Capability | None:
        """The part that changes nothing, where the capability itself knows better than by names."""
        return None

    def _cap_refused(self) -> frozenset[str]:
        """What of its interface is refused as things stand. It is for those who show what was granted:
        nothing is let through or kept back by it."""
        return frozenset()

    def _cap_changing(self) -> frozenset[str]:
        """What of its interface is not said to read only."""
        interface = self._cap_interface()
        return frozenset(interface.methods) - interface.reads


class Identity:
    """What is one thing wherever it is: a copy of it is itself, and it is in no pickle.

    A host that copies what it is handed would have it under a policy of its own, which nobody takes
    back.
    """

    __slots__ = ()

    def __copy__(self) -> Identity:
        return self

    def __deepcopy__(self, _memo: object) -> Identity:
        return self

    def _cap_beneath(self) -> tuple[Any, str] | None:
        """What it stands over, and the name of the part of that which it is, if it is one."""
        return None

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled: it belongs to one process")


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names.split() if isinstance(names, str) else names)


class Exposed(Capability):
    """What `expose` makes: a host object behind just these names."""

    __slots__ = ("_cap_methods", "_cap_read", "_cap_target", "_cap_write")

    def __init__(
        self, target: object, methods: frozenset[str], read: frozenset[str], write: frozenset[str]
    ) -> None:
        self._cap_target = target
        self._cap_methods = methods
        self._cap_read = read
        self._cap_write = write

    def __repr__(self) -> str:
        return f"<capability over {type(self._cap_target).__name__}>"

    def _cap_interface(self) -> Interface:
        look: Any = Later if isinstance(self._cap_target, Handle) else getattr
        methods = {name: look(self._cap_target, name) for name in self._cap_methods}
        read = self._cap_read
        return Interface(methods, read, self._cap_write, self._cap_target, read | _READING)


def expose(obj: Any, *methods: str, read: Iterable[str] = (), write: Iterable[str] = ()) -> Exposed:
    """A capability over any host object, with just these methods and attributes.

    methods: names of methods that a guest may call; special methods give it syntax (`__getitem__`
    for `cap[x]`). With none at all, `obj` must be callable, and calling is all there is.
    read, write: names of attributes that a guest may read, or set.
    Raises ValueError for a name that is no public identifier, TypeError for what is no text, and
    AttributeError for one that is not there.
    """
    reads = frozenset((read,) if isinstance(read, str) else read)
    writes = frozenset((write,) if isinstance(write, str) else write)
    if unfit := [type(name).__name__ for name in methods if not isinstance(name, str)]:
        raise TypeError(
            f"expose: names are str, got {unfit[0]}; write them one after another: expose(obj, 'a', 'b')"
        )
    names = frozenset(methods)
    if not names and not reads and not writes:
        if not callable(obj):
            raise ValueError(
                f"expose: name the methods or attributes of this {type(obj).__name__} to grant"
            )
        names = frozenset({"__call__"})
    for name in names | reads | writes:
        check_exposed_name(name, name in names)
    for name in names | reads:
        if not hasattr(obj, name):
            raise AttributeError(f"expose: {type(obj).__name__} has no attribute {name!r}")
    for name in names:
        if not callable(getattr(obj, name)):
            raise ValueError(f"expose: {name!r} is not a method; grant it with read={name!r}")
    declare(frozenset(n for n in names if n in EXPOSABLE))
    return Exposed(obj, names, reads, writes)


def check_exposed_name(name: object, method: bool) -> None:
    """Refuse a name that cannot be granted: one function says it, for hosts and for guests."""
    if type(name) is not str:
        raise TypeError(f"expose: names are str, got {type(name).__name__}")
    special = name.startswith("__") and name.endswith("__")
    if special and method and name in EXPOSABLE:
        return
    if special or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"expose: {name!r} is not a name that can be granted")


@dataclass(frozen=True, slots=True)
class Interface:
    """What one capability offers. target: the host object that attributes are read from.

    reads: the names among them that change nothing.
    """

    methods: dict[str, Callable[..., Any]]
    read: frozenset[str]
    write: frozenset[str]
    target: Any
    reads: frozenset[str] = frozenset()


#: Special methods that change nothing where the host that exposes them keeps to Python's meaning.
_READING: Final = frozenset(
    """
    __len__ __getitem__ __contains__ __iter__ __bool__ __int__ __float__ __index__ __eq__ __lt__ __le__
    __gt__ __ge__ __str__
    """.split()
)


class HostCallable(Identity):
    """What is called in the place of a host's function, and is granted as one.

    It has no public attribute: a host that reads one by a name which a guest chose would get what is
    beneath.
    """

    __slots__ = ("__weakref__",)
    #: See `lends`.
    _cap_lends = False
    #: What `help` says of it, where it knows better than its signature.
    _cap_described: Callable[[], tuple[str, str]] | None = None

    def _cap_origin(self) -> Any:
        """What it stands for; None for nothing of the host's."""
        return None


class StaticMethod(HostCallable):
    """A function that a capability's class offers as a static method."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def _cap_origin(self) -> Any:
        return self._function


def _method_of(cap: Capability, name: str) -> Callable[..., Any]:
    found: Any = getattr(cap, name)
    return found if type(found) is MethodType else StaticMethod(found)


def is_host_function(obj: object) -> bool:
    """Whether a host object becomes a call-only capability when it is granted."""
    return type(obj) in _FUNCTIONS or isinstance(obj, HostCallable)


_FUNCTIONS: Final = (FunctionType, MethodType, BuiltinFunctionType, functools.partial)


def interface_of(cap: Any) -> Interface:
    """The interface of a `Capability` or of a host function."""
    if isinstance(cap, Capability):
        return cap._cap_interface()
    return Interface({"__call__": cap}, frozenset(), frozenset(), None)


def refused_of(cap: Any) -> frozenset[str]:
    """The names of what a grant of this offers and would refuse now; see `Capability._cap_refused`."""
    return cap._cap_refused() if isinstance(cap, Capability) else frozenset()


def facets_of(cap: Any) -> tuple[str, ...]:
    """The parts of the standard library that a grant of this fills in."""
    return cap._cap_facets if isinstance(cap, Capability) else ()


def maker_of(method: Any) -> Compartment | None:
    """The guest whose a method is, under however many attenuators; None for one of the host's."""
    while isinstance(method, HostCallable):
        if type(method) is Later:
            return owner_of(method._target)
        method = method._cap_origin()
    return None


def bounded(path: str) -> str:
    """The path of a use, cut in the middle: what is obtained through what was obtained, ten thousand
    times over, has a path as long, and each use would copy it."""
    return path if len(path) <= _LONGEST_PATH else f"{path[:60]}...{path[-140:]}"


_LONGEST_PATH: Final = 203


def lends(method: Any) -> bool:
    """Whether a method is a guest's that it lent to its host through an attenuated capability. What it
    gives is on its way to the host, though it may pass the guest's own membrane, as in a worker."""
    return isinstance(method, HostCallable) and method._cap_lends


def checker_for(method: Any) -> Checker | None:
    """What checks the calls of a method, wherever it was handed on to: those of `Capability` classes
    are checked, other functions of the host's check for themselves."""
    inner = method
    while isinstance(inner, HostCallable):
        if type(inner) is StaticMethod:
            return checker_of(method)
        inner = inner._cap_origin()
    if type(inner) is MethodType:
        owner = inner.__self__
        kind = owner if isinstance(owner, type) else type(owner)
        if issubclass(kind, Capability):
            return checker_of(method)
    return None


class Later(HostCallable):
    """One method of a guest's object, looked up when it is called: that takes a turn."""

    __slots__ = ("_name", "_target")

    def __init__(self, target: Any, name: str) -> None:
        self._target = target
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._name == "__call__":
            return self._target(*args, **kwargs)
        if self._name == "__iter__" and not args and not kwargs:
            # What it gives is iterated over where it is: a handle of an iterator gives no elements.
            return owner_of(self._target)._iterate_object(object_of(self._target))
        return read_of(self._target, self._name)(*args, **kwargs)


def store_on(target: Any, name: str, value: Any) -> None:
    """Set an attribute that was exposed for writing, of a host's object or of a guest's."""
    if isinstance(target, Handle):
        owner_of(target)._store_object(object_of(target), name, value)
    else:
        setattr(target, name, value)


@functools.lru_cache(maxsize=1024)
def _public_methods(kind: type) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for k in kind.__mro__:
        if k is Capability or k is object:
            continue
        for name, value in vars(k).items():
            if name.startswith("_") and name != "__call__":
                continue
            if isinstance(value, (FunctionType, staticmethod, classmethod)):
                found[name] = None
    return tuple(found)
