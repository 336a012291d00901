"""What a guest holds of a capability: a bland object that offers its methods and nothing else.

Stops: a guest that gets from a capability to the host's object behind it, changes what a method
does, compares, copies, prints or iterates it (the rule "capabilities are bland"). Every class here
is sealed; what ties a reference to its host object stands in a slot under a special name, which the
table of U denies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from capcompiler.membrane.unoffered import kind_of, unoffered
from guards.call import enter_callable, enter_face
from guards.sealed import HOST, Sealed, sealed_error
from guards.tables.rows import TABLE, define

__all__ = ["CallableReference", "Reference", "StatefulReference", "reference_class"]


class Reference(metaclass=Sealed, host=HOST):
    """A capability without state or calling: its methods are attributes, each a reference too."""

    __slots__ = ("__cap_use__", "__dict__", "__weakref__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __cap_use__: Any

    def __new__(cls, *_args: object, **_kwargs: object) -> Reference:
        raise TypeError("capabilities cannot be made; a host grants them")

    def __repr__(self) -> str:
        return "<capability>"

    def __dir__(self) -> list[str]:
        return []

    def __cap_help__(self) -> str:
        text: str = self.__cap_use__.help()
        return text


class CallableReference(Reference, host=HOST):
    """A host function, or one method of a capability."""

    __slots__ = ()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        use = self.__cap_use__
        return (use.invoke or use.called())(args, kwargs)


class StatefulReference(Reference, host=HOST):
    """A capability with attributes that the guest may read or set."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return self.__cap_use__.read(name)

    def __setattr__(self, name: str, value: Any) -> None:  # type: ignore[override]
        self.__cap_use__.write(name, value)


_classes: Final[dict[tuple[bool, frozenset[str]], type[Reference]]] = {
    (False, frozenset()): Reference,
    (False, frozenset({"__call__"})): CallableReference,
    (True, frozenset()): StatefulReference,
}


def reference_class(state: bool, special: frozenset[str]) -> type[Reference]:
    """The class of references with these special methods, made once for all compartments."""
    special = kind_of(special)
    found = _classes.get((state, special))
    if found is None:
        namespace: dict[str, Any] = {"__slots__": (), "__module__": __name__}
        for name in sorted(special):
            namespace[name] = _special(name)
        if "__eq__" in special:
            namespace["__hash__"] = object.__hash__
        base = StatefulReference if state else Reference
        found = Sealed("Reference", (base,), namespace, host=HOST)  # type: ignore[assignment]
        assert found is not None  # noqa: S101 - for the type checker
        _classes[(state, special)] = found
        enter_reference(found)
        if not state:
            enter_face(found)
    return found


def _special(name: str) -> Callable[..., Any]:
    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        use = self.__cap_use__
        methods = use.interface.methods
        if name not in methods or (name == "__enter__" and "__exit__" not in methods):
            return unoffered(self, name, methods, args)
        result = use.call(name, args, kwargs)
        # What gave itself is its own iterator, and has `__next__`.
        return iter(result) if name == "__iter__" and type(result) is list else result

    method.__name__ = method.__qualname__ = name
    return method


_set_use = Reference.__dict__["__cap_use__"].__set__
_own_dict = Reference.__dict__["__dict__"].__get__


def make_reference(kind: type[Reference], use: Any, methods: dict[str, Any]) -> Reference:
    """A reference of this class, tied to what carries out its uses."""
    self = object.__new__(kind)
    _set_use(self, use)
    _own_dict(self).update(methods)
    return self


def use_of(reference: Reference) -> Any:
    """What carries out the uses of a reference."""
    return reference.__cap_use__


def enter_reference(kind: type) -> None:
    """Enter a class of references into U: nothing of it is there for a guest but its class."""
    shown = ("__call__", "__repr__", "__doc__")
    hidden = [n for n in kind.__dict__ if n not in shown]
    define(
        kind,
        "__call__" if "__call__" in kind.__dict__ else "",
        reads={"__doc__": lambda realm, reference: None},
        deny=" ".join([*hidden, "__init__", "__reduce__", "__reduce_ex__", "__getstate__"]),
    )


for _kind in (Reference, CallableReference, StatefulReference):
    if _kind not in TABLE:
        enter_reference(_kind)
enter_callable(CallableReference)
enter_face(Reference)
