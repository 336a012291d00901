"""`ImportError.path` and `AttributeError.obj` as guests have them.

Stops: a path of the host's, which C code puts there where an import of its own fails, and an object of
trusted code that lacked an attribute (pit 8). What a guest puts there is wrapped, so that it is told
from what others did; no guest ever holds the wrapper.
"""

from __future__ import annotations

from typing import Any, Final

from guards.host import host_lookup
from guards.sealed import HOST, Sealed, sealed_error

__all__ = ["obj_of", "path_of", "shown", "tells", "told", "was_told"]


class Told(metaclass=Sealed, host=HOST):
    """Stands in the slot for what a guest gave."""

    __slots__ = ("__value__",)
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __value__: Any

    def __repr__(self) -> str:  # from 3.15 on, part of the error's own
        value = _value.__get__(self)
        return repr(value) if type(value) is str else "<value>"


path_of: Final = ImportError.__dict__["path"].__get__
obj_of: Final = AttributeError.__dict__["obj"].__get__
_value: Final = Told.__dict__["__value__"]


def told(value: Any) -> Any:
    """What is stored where a guest gives `value`."""
    if value is None:
        return None
    stored = object.__new__(Told)
    _value.__set__(stored, value)
    return stored


def was_told(stored: Any) -> bool:
    """Whether a guest put there what is stored."""
    return type(stored) is Told


def shown(stored: Any) -> Any:
    """What a guest is shown of what is stored: what one put there."""
    return _value.__get__(stored) if type(stored) is Told else None


_SLOTS: Final[dict[str, type]] = {"path": ImportError, "obj": AttributeError}


def tells(kind: type, name: str) -> bool:
    """Whether `name` on instances of a class is such a slot, and none of the guest's."""
    owner = _SLOTS.get(name)
    return owner is not None and issubclass(kind, owner) and host_lookup(kind, name)[0] is owner
