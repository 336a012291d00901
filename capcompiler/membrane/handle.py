"""What a host holds of a guest's function, class or instance: something to call, and nothing else.

Stops: guest code that runs in the host's time. Identity is the only comparison; hashing, printing,
copying and pickling never reach the guest. Each call is a turn with a fresh budget, or spends the
budget of the turn that it is made in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NoReturn

from guards.host import host_name

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = [
    "AwaitableHandle",
    "Handle",
    "RemoteObject",
    "described",
    "object_of",
    "owner_of",
    "read_of",
]


class Handle:
    """A guest's object, as its host sees it.

    Call it with data and capabilities; what it gives back is data, a capability or a handle.
    `handle.name` reads a public attribute of a guest's object by the same rules, in a turn.
    Raises what `Compartment.call` raises.
    """

    __slots__ = ("__compartment", "__obj", "__weakref__")

    def __init__(self, compartment: Compartment, obj: Any) -> None:
        object.__setattr__(self, "_Handle__compartment", compartment)
        object.__setattr__(self, "_Handle__obj", obj)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.__compartment._call_object(self.__obj, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a handle gives no attribute {name!r}")
        return self.__compartment._read_object(self.__obj, name)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("a handle's attributes cannot be set; call a method of the guest's")

    def __repr__(self) -> str:
        what, name = described(self)
        return f"<guest {what} {name}>".replace(" >", ">")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a handle cannot be pickled or copied: it belongs to one compartment")

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce__()


class RemoteObject:
    """A guest's object in a worker, as its host knows it: a number, and what its worker says of it.

    what, name: for `repr`. offered: the methods that it offers to another guest, the attributes to read
    and to set, and what of it only reads; None for nothing. received: how often it came. released: where
    it is told that it is gone, with its number.
    """

    __slots__ = ("awaitable", "name", "number", "offered", "received", "released", "what")

    def __init__(
        self, number: int, what: str, name: str, awaitable: bool,
        offered: tuple[frozenset[str], ...] | None, released: deque[tuple[int, int]],
    ) -> None:  # fmt: skip
        self.number = number
        self.what = what
        self.name = name
        self.awaitable = awaitable
        self.offered = offered
        self.released = released
        self.received = 1

    def __del__(self) -> None:
        self.released.append((self.number, self.received))


class AwaitableHandle(Handle):
    """A handle of a guest's coroutine or the like: `await` it as a turn, or in the one under way."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        return owner_of(self)._await_object(object_of(self)).__await__()


def described(handle: Handle) -> tuple[str, str]:
    """What a handle's object is, and its name, in words that are fit to print."""
    obj = object_of(handle)
    kind = type(obj)
    if kind is RemoteObject:
        what, name = obj.what, obj.name
    elif kind is FunctionType:
        what, name = "function", obj.__name__
    elif kind is MethodType:
        what, name = "method", ""
    elif issubclass(kind, type):
        what, name = "class", host_name(obj)
    else:
        what, name = "instance of", host_name(kind)
    return what, "".join(c if c.isprintable() else "?" for c in name[:80])


def owner_of(handle: Handle) -> Compartment:
    """The compartment that a handle's object lives in."""
    owner: Compartment = object.__getattribute__(handle, "_Handle__compartment")
    return owner


def object_of(handle: Handle) -> Any:
    """The guest's object. For the membrane only."""
    return object.__getattribute__(handle, "_Handle__obj")


def read_of(handle: Handle, name: str) -> Any:
    """`handle.name` for a name that a guest chose: only ever an attribute of the guest's object.

    Not `getattr`: that gives the slots of the handle itself, under their mangled names, and
    `expose(f, "_Handle__obj")` then called a guest's function with the host's raw objects.
    """
    return owner_of(handle)._read_object(object_of(handle), name)
