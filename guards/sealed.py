"""Classes that guests can see but cannot change, extend or make instances of.

Stops: a guest that stores an attribute on a class shared by all compartments (`type(cap).x = 1`),
and so talks to other guests or changes what a capability does (pit 10 of the design); and a guest
that gets at one of our classes by `type(x)` and makes an instance around an object of its choice.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

__all__ = ["HOST", "Sealed", "sealed_error"]

#: What a class statement of trusted code shows as `host=HOST` to make a sealed class. No guest can
#: get at it, and nothing else passes for it.
HOST: Final = object()


#: A dictionary that can be changed, or what makes one: it would be found through each instance.
_ANNOTATIONS: Final = ("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__")


def sealed_error(*_args: object, **_kwargs: object) -> NoReturn:
    """Refuse a change to a sealed class or object."""
    raise AttributeError("this object cannot be changed")


def _no_instances(cls: type, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"cannot create {type.__dict__['__name__'].__get__(cls)!r} instances")


class _Seal(type):
    """Metaclass of `Sealed` while `Sealed` is being made; see the end of this file."""


class Sealed(type, metaclass=_Seal):
    """The metaclass of every class of ours whose instances or class a guest can hold.

    Calling such a class makes nothing, whoever calls it and by whatever way: trusted code makes
    instances by `object.__new__`. A class that must be called says so with a `__new__` of its own.
    """

    __setattr__ = sealed_error
    __delattr__ = sealed_error

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, host: object = None
    ) -> Sealed:
        # A guest can get at this metaclass by type(type(x)) and at each class by type(x).
        if host is not HOST:
            raise TypeError(f"type {bases[0].__name__ if bases else name!r} cannot be subclassed")
        for name_of in _ANNOTATIONS:
            namespace.pop(name_of, None)
        if not any("__new__" in b.__dict__ for b in bases):
            namespace.setdefault("__new__", _no_instances)
        return super().__new__(mcs, name, bases, namespace)

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, host: object = None
    ) -> None:
        super().__init__(name, bases, namespace)


# The metaclass is an instance of itself, so that type(type(x)) is sealed too and the chain ends.
type.__setattr__(Sealed, "__class__", Sealed)
