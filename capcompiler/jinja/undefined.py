"""Undefined values of a class of the host's own, such as `make_logging_undefined` makes.

A template holds an undefined value of its world, with the methods of Jinja2's class that the host's is
made from. What the host's class has of its own is asked of an instance of it, here in the host.

Stops: a template that would have any other method of the host's object called, or an attribute read
that `is_safe_attribute` does not let it have.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from jinja2 import exceptions
from jinja2.exceptions import TemplateError, TemplateRuntimeError, UndefinedError
from jinja2.runtime import ChainableUndefined, DebugUndefined, StrictUndefined, Undefined
from jinja2.utils import missing

from capcompiler.jinja.records import AsyncItems, Refused, UndefinedValue
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.handle import Handle

if TYPE_CHECKING:
    from capcompiler.jinja.crossing import Crossing

__all__ = ["HostUndefined", "base_of", "made", "operations_of"]

_OF_JINJA: Final = (Undefined, ChainableUndefined, DebugUndefined, StrictUndefined)
_OPERATORS: Final = "add sub mul div truediv floordiv mod pow matmul and or xor lshift rshift".split()
_ATTRIBUTE: Final = "__getattr__"
_MESSAGE: Final = "_undefined_message"
_FAIL: Final = "_fail_with_undefined_error"
#: What templates, filters and tests do with a value, and Jinja2's own classes with themselves.
_ASKED: Final = frozenset(
    f"""__str__ __repr__ __html__ __format__ __iter__ __aiter__ __reversed__ __bool__ __len__
    __contains__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __call__ __getitem__ __int__
    __float__ __complex__ __index__ __round__ __abs__ __invert__ __pos__ __neg__
    {_ATTRIBUTE} {_MESSAGE} {_FAIL}""".split()
) | {f"__{side}{name}__" for name in _OPERATORS for side in ("", "r")}
_ITERATES: Final = frozenset({"__iter__", "__reversed__"})
_MOST: Final = 1_000_000  # elements of one
_MOST_NAME: Final = 100


def base_of(kind: type) -> type[Undefined]:
    """The class of Jinja2's that a class of undefined values is made from."""
    return next(k for k in kind.__mro__ if k in _OF_JINJA)


def operations_of(kind: type) -> list[str] | None:
    """What is asked of the host's class; None for one that is as Jinja2's is. Raises ValueError for one
    whose values templates could not have."""
    own: set[str] = set()
    for k in kind.__mro__[: kind.__mro__.index(base_of(kind))]:
        own.update(vars(k))
    if "__await__" in own:
        raise ValueError(
            f"CapEnvironment: undefined={kind.__name__} has a method __await__, and templates wait for "
            f"what functions give only: take it out, or use one of "
            + ", ".join(k.__name__ for k in _OF_JINJA)
        )
    public = {n for n in own if n[:1] != "_"}
    asked = (own & _ASKED) | public
    if "__getattribute__" in own:
        asked.add(_ATTRIBUTE)
    return sorted(asked) if asked or own & {"__init__", "__new__"} else None


class HostUndefined(Capability):
    """One undefined value of the host's class."""

    def __init__(self, crossing: Crossing, value: Any) -> None:
        self._crossing = crossing
        self._value = value

    def do(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """A list of what an operation gives, an empty one for `NotImplemented`."""
        crossing = self._crossing
        if operation not in (crossing.operations or ()):
            raise PermissionError(f"{operation}: the class of undefined values has none of its own")
        given = [crossing.leave(a) for a in args]
        named = {k: crossing.leave(v) for k, v in kwargs.items()}
        try:
            found = self._done(operation, given, named)
        except TemplateError as error:
            return crossing.raised(error)
        return [] if found is NotImplemented else [crossing.enter(found)]

    def _done(self, operation: str, given: list[Any], named: dict[str, Any]) -> Any:
        value = self._value
        if operation == _MESSAGE:
            return value._undefined_message
        if operation == _ATTRIBUTE:
            return self._attribute(*given)
        if operation[:1] != "_":
            return self._attribute(operation)
        if operation == "__aiter__":
            return AsyncItems(self._crossing.stepping(value))
        found = getattr(type(value), operation)(value, *given, **named)
        return list(islice(found, _MOST)) if operation in _ITERATES else found

    def _attribute(self, name: Any) -> Any:
        """As `SandboxedEnvironment.getattr` has it."""
        value = self._value
        if type(name) is not str or name[:1] == "_":
            raise AttributeError(name)
        found = getattr(value, name)
        if self._crossing.environment.is_safe_attribute(value, name, found):
            return found
        kind = type(value).__name__
        return Refused(f"access to attribute {name!r} of {kind!r} object is unsafe.", name)


def made(crossing: Crossing, asked: dict[str, Any]) -> Any:
    """An undefined value of the host's class, as a template asks for it: the record of it, and the name
    of the error that it raises."""
    kind: Any = crossing.environment.undefined
    error = getattr(exceptions, asked["error"], None) if type(asked["error"]) is str else None
    if not (isinstance(error, type) and issubclass(error, TemplateRuntimeError)):
        error = UndefinedError
    obj: Any = crossing.leave(asked["obj"]) if asked["has_obj"] else missing
    if isinstance(obj, Handle):  # an object of Jinja2's own; its class is all that there is to know
        obj = _stand_in(str(asked["module"])[:_MOST_NAME], str(asked["kind"])[:_MOST_NAME])
    try:
        hint, name = crossing.leave(asked["hint"]), crossing.leave(asked["name"])
        value = kind(hint, obj=obj, name=name, exc=error)
    except TemplateError as problem:
        return crossing.raised(problem)
    return [crossing.enter(value), crossing.kind_of(value._undefined_exception)]


def record_of(crossing: Crossing, value: Any) -> UndefinedValue:
    hint, name = value._undefined_hint, value._undefined_name
    of = None
    if crossing.operations is not None and isinstance(value, crossing.environment.undefined):
        of = crossing.undefined_of(value)
    return UndefinedValue(None if hint is None else str(hint), name if type(name) is str else None, of)


def _stand_in(module: str, name: str) -> Any:
    return type(name, (), {"__module__": module})()
