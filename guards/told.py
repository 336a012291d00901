"""`ImportError.path` as guests have it.

Stops: a path of the host's, which C code puts there where an import of its own fails (pit 8). What a
guest puts there is wrapped, so that it is told from what others did; no guest ever holds the wrapper.
"""

from __future__ import annotations

from typing import Any, Final

from guards.host import host_lookup
from guards.sealed import HOST, Sealed, sealed_error

__all__ = ["is_path_of_error", "path_of", "shown_path", "told_path"]


class Told(metaclass=Sealed, host=HOST):
    """Stands in the slot for what a guest gave."""

    __slots__ = ("__value__",)
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __value__: Any

    def __repr__(self) -> str:  # from 3.15 on, part of the error's own
        value = _value.__get__(self)
        return repr(value) if type(value) is str else "<path>"


path_of: Final = ImportError.__dict__["path"].__get__
_value: Final = Told.__dict__["__value__"]


def told_path(value: Any) -> Any:
    """What is stored where a guest gives `value` as the path."""
    if value is None:
        return None
    told = object.__new__(Told)
    _value.__set__(told, value)
    return told


def shown_path(stored: Any) -> Any:
    """What a guest is shown of what is stored."""
    return _value.__get__(stored) if type(stored) is Told else None


def is_path_of_error(kind: type) -> bool:
    """Whether `path` on instances of a class is the slot of ImportError, and none of the guest's."""
    return issubclass(kind, ImportError) and host_lookup(kind, "path")[0] is ImportError
