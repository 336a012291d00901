"""Make the builtin classes that take attributes immutable: `ExceptionGroup`, `_abc._abc_data`.

Every other builtin class refuses `SomeClass.x = 1`; CPython 3.11 to 3.15 makes these as a class
statement would, so a guest could change it for its host and for all other guests (pit 10 of the
design: no object that a guest can store an attribute on is shared). CPython has a flag for it and no
way to set it from Python, so it is set through the type object's memory, after checking that what
stands there is what `__flags__` says. Where that cannot be done, every store is guarded instead.
Source: Include/object.h, Py_TPFLAGS_IMMUTABLETYPE (bit 8), CPython 3.10-3.15.
"""

from __future__ import annotations

import ctypes
from typing import Final

__all__ = ["harden", "is_immutable", "protect", "stores_need_guards"]

_IMMUTABLE: Final = 1 << 8
_HEAP: Final = 1 << 9
_WORD: Final = ctypes.sizeof(ctypes.c_void_p)


def is_immutable(kind: type) -> bool:
    """Whether a class refuses attributes by itself."""
    flags = kind.__flags__
    return bool(flags & _IMMUTABLE) or not flags & _HEAP


def harden(kind: type) -> bool:
    """Make a class of the interpreter's refuse attributes; False where that cannot be done."""
    if is_immutable(kind):
        return True
    flags = kind.__flags__
    # The flags are one word among the first of the object; the word must be found exactly once.
    words = [
        ctypes.c_ulong.from_address(id(kind) + offset) for offset in range(2 * _WORD, 64 * _WORD, _WORD)
    ]
    found = [w for w in words if w.value == flags]
    if len(found) != 1:
        return False
    found[0].value = flags | _IMMUTABLE
    if not kind.__flags__ & _IMMUTABLE:
        found[0].value = flags
        return False
    return True


_soft: Final[set[type]] = set()


def protect(kind: type) -> None:
    """See that no guest can change a class of U, whose metaclass is not ours to say so."""
    if type(kind).__setattr__ is type.__setattr__ and not harden(kind):
        _soft.add(kind)


def stores_need_guards() -> bool:
    """Whether some class of U takes attributes, so that stores on plain names need a guard too."""
    return bool(_soft)
