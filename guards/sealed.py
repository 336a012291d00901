"""Classes that guests can see but cannot change, extend or make instances of.

Stops: a guest that stores an attribute on a class shared by all compartments (`type(cap).x = 1`),
and so talks to other guests or changes what a capability does (pit 10 of the design).
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["Sealed", "sealed_error"]


def sealed_error(*_args: object, **_kwargs: object) -> NoReturn:
    """Refuse a change to a sealed class or object."""
    raise AttributeError("this object cannot be changed")


class _Seal(type):
    """Metaclass of `Sealed` while `Sealed` is being made; see the end of this file."""


class Sealed(type, metaclass=_Seal):
    """The metaclass of every class of ours whose instances or class a guest can hold."""

    __setattr__ = sealed_error
    __delattr__ = sealed_error

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, host: bool = False
    ) -> Sealed:
        # A guest can get at this metaclass by type(type(x)) and at each class by type(x); without
        # the word `host`, which only a class statement in trusted code writes, it makes nothing.
        if not host:
            raise TypeError(f"type {bases[0].__name__ if bases else name!r} cannot be subclassed")
        return super().__new__(mcs, name, bases, namespace)

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, host: bool = False
    ) -> None:
        super().__init__(name, bases, namespace)


# The metaclass is an instance of itself, so that type(type(x)) is sealed too and the chain ends.
type.__setattr__(Sealed, "__class__", Sealed)
