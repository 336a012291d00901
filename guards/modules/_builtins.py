"""`builtins`: the guest's own builtins, read as a module. Storing there makes no builtin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards.base import is_guard_name
from guards.builtins import RAW_BUILTINS, TAMED_BUILTINS
from guards.modules.table import MODULES, ModuleRow

if TYPE_CHECKING:
    from guards.realm import Realm

__all__: list[str] = []


def _own(name: str) -> Any:
    return lambda realm: realm.builtin(name)


def _build_class(realm: Realm) -> Any:
    return realm.builtin("__build_class__")


MODULES["builtins"] = ModuleRow(
    why="the same functions that every program has by their plain names",
    make={
        **{n: _own(n) for n in (*RAW_BUILTINS, *TAMED_BUILTINS) if not is_guard_name(n)},
        "__build_class__": _build_class,
    },
)
