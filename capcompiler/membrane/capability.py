"""What a host grants: capabilities, and the interface that each of them offers.

Source of the idea: object-capability facets as in E and Endo's `exo`; cap-std for naming power.
"""

from __future__ import annotations

import functools
import inspect
import keyword
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final

from capcompiler.membrane.handle import Handle, read_of

__all__ = ["Capability", "Exposed", "Interface", "Later", "expose", "interface_of", "is_host_function"]

#: Special methods that `expose` may name: the guest's syntax then reaches the host's object.
EXPOSABLE: Final = frozenset(
    """
    __call__ __len__ __getitem__ __setitem__ __delitem__ __contains__ __iter__ __enter__ __exit__
    __bool__ __int__ __float__ __index__ __eq__ __lt__ __le__ __gt__ __ge__ __add__ __radd__ __sub__
    __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __mod__ __neg__ __str__
    """.split()
)


class Capability:
    """The base class of what a host writes to be granted.

    A guest can call the public methods that the subclass defines, and nothing else of it; the
    parameters' annotations are enforced on what the guest passes. Attributes stay the host's own.

        class Mailer(Capability):
            def send(self, to: str, text: str) -> None: ...
    """

    def __repr__(self) -> str:
        return f"<capability {type(self).__name__}>"


class Exposed(Capability):
    """What `expose` makes: a host object behind just these names."""

    __slots__ = ("methods", "read", "target", "write")

    def __init__(
        self, target: object, methods: frozenset[str], read: frozenset[str], write: frozenset[str]
    ) -> None:
        self.target = target
        self.methods = methods
        self.read = read
        self.write = write

    def __repr__(self) -> str:
        return f"<capability over {type(self.target).__name__}>"


def expose(obj: Any, *methods: str, read: Iterable[str] = (), write: Iterable[str] = ()) -> Exposed:
    """A capability over any host object, with just these methods and attributes.

    methods: names of methods that a guest may call; special methods give it syntax (`__getitem__`
    for `cap[x]`). With none at all, `obj` must be callable, and calling is all there is.
    read, write: names of attributes that a guest may read, or set.
    Raises ValueError for a name that is no public identifier, AttributeError for one that is not there.
    """
    reads = frozenset((read,) if isinstance(read, str) else read)
    writes = frozenset((write,) if isinstance(write, str) else write)
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
    """What one capability offers. target: the host object that attributes are read from."""

    methods: dict[str, Callable[..., Any]]
    read: frozenset[str]
    write: frozenset[str]
    target: Any
    checked: bool


def is_host_function(obj: object) -> bool:
    """Whether a host object becomes a call-only capability when it is granted."""
    return type(obj) in (FunctionType, MethodType, BuiltinFunctionType, functools.partial)


def interface_of(cap: Any) -> Interface:
    """The interface of a `Capability` or of a host function."""
    if isinstance(cap, Exposed):
        look: Any = Later if isinstance(cap.target, Handle) else getattr
        methods = {name: look(cap.target, name) for name in cap.methods}
        return Interface(methods, cap.read, cap.write, cap.target, False)
    if isinstance(cap, Capability):
        methods = {name: getattr(cap, name) for name in _public_methods(type(cap))}  # type: ignore[arg-type]
        return Interface(methods, frozenset(), frozenset(), cap, True)
    return Interface({"__call__": cap}, frozenset(), frozenset(), None, False)


class Later:
    """One method of a guest's object, looked up when it is called: that takes a turn."""

    __slots__ = ("name", "target")

    def __init__(self, target: Any, name: str) -> None:
        self.target = target
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.name == "__call__":
            return self.target(*args, **kwargs)
        return read_of(self.target, self.name)(*args, **kwargs)


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


# Annotations, enforced


@functools.lru_cache(maxsize=1024)
def _signature(function: Any) -> tuple[inspect.Signature, dict[str, Any]] | None:
    try:
        signature = inspect.signature(function)
        hints = typing.get_type_hints(function)
    except Exception:  # annotations that cannot be evaluated are not enforced
        return None
    return signature, {n: h for n, h in hints.items() if n in signature.parameters}


class ArgumentError(TypeError):
    """A wrong call of a capability: its text is ours, and is for the guest to read."""


def check_arguments(path: str, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise `ArgumentError` when an argument is not of the annotated type.

    The text names the method, the argument, the type that came and the type that was wanted.
    """
    function = method.__func__ if isinstance(method, MethodType) else method
    known = _signature(function)
    if known is None:
        return
    signature, hints = known
    parameters = list(signature.parameters.values())
    bound_self = isinstance(method, MethodType)
    try:
        bound = signature.bind(*((None, *args) if bound_self else args), **kwargs)
    except TypeError as error:
        problem = f"{path}: {error}"
    else:
        problem = ""
        for position, parameter in enumerate(parameters):
            if parameter.name not in bound.arguments or parameter.name not in hints:
                continue
            value, hint = bound.arguments[parameter.name], hints[parameter.name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                values = list(value)
            elif parameter.kind is parameter.VAR_KEYWORD:
                values = list(value.values())
            else:
                values = [value]
            for v in values:
                if not matches(v, hint):
                    number = position if bound_self else position + 1
                    problem = (
                        f"{path}: argument {number} ({parameter.name}): "
                        f"got {type(v).__name__}, wanted {wanted(hint)}"
                    )
    if problem:
        raise ArgumentError(problem)


def matches(value: Any, hint: Any) -> bool:
    """Whether a crossed value, exact data or a handle, is what an annotation asks for.

    Annotations beyond classes, unions, literals and builtin containers are not enforced.
    """
    if hint is Any or isinstance(hint, (str, typing.TypeVar)):
        return True
    if hint is None or hint is type(None):
        return value is None
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is typing.Union or origin is types.UnionType:
        return any(matches(value, h) for h in arguments)
    if origin is typing.Annotated:
        return matches(value, arguments[0])
    if origin is typing.Literal:
        return any(type(value) is type(a) and value == a for a in arguments)
    if hint is Callable or origin is Callable or hint is typing.Callable:
        return callable(value)
    kind: Any = origin or hint
    if not isinstance(kind, type):
        return True
    if kind is float:
        return type(value) in (float, int)
    if kind is int:
        return type(value) is int
    if kind is object:
        return True
    try:
        fits = isinstance(value, kind)
    except TypeError:
        return True
    if not fits:
        return False
    members: Any = value
    if kind in (list, set, frozenset) and arguments:
        return all(matches(v, arguments[0]) for v in members)
    if kind is tuple and arguments:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(matches(v, arguments[0]) for v in members)
        return len(members) == len(arguments) and all(
            matches(v, h) for v, h in zip(members, arguments, strict=True)
        )
    if kind is dict and len(arguments) == 2:
        return all(matches(k, arguments[0]) and matches(v, arguments[1]) for k, v in members.items())
    return True


def wanted(hint: Any) -> str:
    """An annotation in words."""
    if hint is None or hint is type(None):
        return "None"
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(wanted(h) for h in typing.get_args(hint))
    if isinstance(hint, type) and typing.get_origin(hint) is None:
        return hint.__name__
    return str(hint).replace("typing.", "")
