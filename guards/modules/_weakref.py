"""`_weakref`: references that do not keep their objects. A callback runs in a turn or not at all."""

from __future__ import annotations

import _weakref
from types import MethodType
from typing import TYPE_CHECKING, Any

from guards.call import CONSTRUCTORS, callable_for_c
from guards.host import host_name
from guards.modules.table import MODULES, ModuleRow, tamed_in
from guards.tamed import enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}


def _told(state: Any, reference: Any) -> None:
    """The callback that C code calls when an object dies, wherever that happens (pit 9).

    Where that is in code of ours, the callback waits for the guest's: a guard that has looked at an
    object, and not used it yet, must find it as it was.
    """
    realm, callback, _shown = state
    if not realm.meter.live:
        return
    if not realm.called_by_guest():
        realm.waiting.append((callback, reference))
        return
    realm.waiting.append((callback, reference))
    realm.told()


def _reference_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) > 1 and args[1] is not None:
        told = MethodType(_told, (realm, callable_for_c(realm, args[1]), args[1]))
        return (args[0], told, *args[2:])
    return args


CONSTRUCTORS[_weakref.ref] = _reference_arguments


def _callback(realm: Realm, reference: Any) -> Any:
    """The guest's own function, not what C code was given for it; None where another's may be."""
    told = _get_callback(reference)
    if type(told) is not MethodType or told.__func__ is not _told:
        return None
    state: Any = told.__self__
    own, _wrapped, callback = state
    return callback if own is realm else None


_get_callback: Any = _weakref.ref.__dict__["__callback__"].__get__
enter(_weakref.ref, "__call__", reads={"__callback__": _callback}, subclass=True)


@tamed_in(_TAMED)
def __remove_dead_weakref(realm: Realm, table: Any, key: Any, /) -> None:
    if type(table) is not dict:
        raise TypeError(f"expected dict, got {host_name(type(table))}")
    from guards.store import charge_key

    charge_key(realm, key)
    _weakref._remove_dead_weakref(table, key)  # type: ignore[attr-defined]


@tamed_in(_TAMED)
def _getweakrefcount(realm: Realm, obj: Any, /) -> int:
    return len(_getweakrefs(realm, obj))


@tamed_in(_TAMED)
def _getweakrefs(realm: Realm, obj: Any, /) -> list[Any]:
    # What others refer to by weak references is theirs: classes of U, compiled patterns and the like
    # are shared by all compartments, and a reference leads to its callback.
    if not realm.is_guest_class(type(obj)) and not realm.is_guest_function(obj):
        if not issubclass(type(obj), type) or not realm.is_guest_class(obj):
            return []
    realm.meter.charge(_weakref.getweakrefcount(obj))
    return [r for r in _weakref.getweakrefs(obj) if realm.may_hold(type(r)) and type(r) is not type]


MODULES["_guard_weakref"] = ModuleRow(
    why="a reference gives the object that the guest made it of, or None",
    safe={"ref": _weakref.ref, "ReferenceType": _weakref.ref},
    tame=_TAMED,
)
