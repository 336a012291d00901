"""`_abc`: abstract base classes. Its state hangs on the guest's own classes."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
import abc
from typing import TYPE_CHECKING, Any

from guards.host import host_lookup, host_mro, host_name
from guards.modules.table import MODULES, ModuleRow, tamed_in
from guards.tamed import enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}
_abstract = type.__dict__["__abstractmethods__"].__get__


def _guest_class(realm: Realm, cls: Any) -> None:
    if not issubclass(type(cls), type) or not realm.is_guest_class(cls):
        raise TypeError(f"{host_name(type(cls))!r} object is not a class of this program")
    # C code reads `__dict__`, `__subclasshook__` and `__subclasscheck__` of the class by its metaclass,
    # and walks or calls what that gives.
    if host_lookup(type(cls), "__getattribute__")[0] is not type:
        raise TypeError(
            f"{host_name(type(cls))!r} reads attributes in a way of its own: no abstract class"
        )


@tamed_in(_TAMED)
def __abc_init(realm: Realm, cls: Any, /) -> None:
    _guest_class(realm, cls)
    # C code iterates what each base says of itself: an endless one would never end (pit 5).
    for base in host_mro(cls)[1:]:
        try:
            names = _abstract(base)
        except AttributeError:
            continue
        if type(names) is not frozenset:
            raise TypeError(f"__abstractmethods__ of {host_name(base)!r} must be a frozenset")
        realm.meter.charge(len(names))
    realm.meter.charge(len(cls.__dict__))
    _abc._abc_init(cls)


def _of_class(name: str) -> Any:
    function = getattr(_abc, name)

    def tamed(realm: Realm, cls: Any, /, *args: Any) -> Any:
        _guest_class(realm, cls)
        # Each class derived from `cls`, and each registered one, may be asked in its turn.
        realm.meter.charge(4 + len(type.__subclasses__(cls)))
        if name == "_abc_register":
            realm.keep["registered"] = realm.keep.get("registered", 0) + 1
        return function(cls, *args)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


for _name in (
    "_abc_register _abc_instancecheck _abc_subclasscheck _get_dump _reset_registry _reset_caches".split()
):
    _TAMED[_name] = _of_class(_name)


@tamed_in(_TAMED)
def _get_cache_token(realm: Realm, /) -> int:
    # The interpreter's own counts what all compartments register.
    return int(realm.keep.get("registered", 0))


class _Abstract(metaclass=abc.ABCMeta):  # noqa: B024 - made to see its data
    pass


enter(type(vars(_Abstract)["_abc_impl"]), deny="__new__")
MODULES["_abc"] = ModuleRow(
    why="works on classes of the guest's own; the token is a number",
    tame=_TAMED,
)
