"""`lazy import` of 3.15 in modules of the library and of packages.

The interpreter puts an object of its own in the module's place, which its loads of global names turn
into the module by the host's import. Here the module is not there until it is asked for: each load
of such a name in the module asks first, and so does whoever reads the attribute from outside.
Programs of a guest import at once, as Python does with `-X lazy_imports=none`. Source: PEP 810.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from guards.base import Guard, gone
from guards.harden import harden
from guards.import_ import ImportFrom, ImportModule
from guards.modules.table import GuestModule
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["GUARDS", "LazyImport", "LazyName"]

#: In the globals of a module: what it imports lazily, by name. No guest is shown such a key.
_LAZY: Final = "cap:lazy"
#: On such a module: the realm whose importer is asked.
_REALM: Final = "cap:realm"


def _resolve(realm: Realm, own: dict[str, Any], name: str) -> Any:
    """Import what stands behind a name, once; the name stays lazy when that fails."""
    module, wanted, leaf, level, package, asker = entry = own[_LAZY].pop(name)
    try:
        if wanted is None:
            found = ImportModule(realm).run(module, leaf, asker)
        else:
            (found,) = ImportFrom(realm).run(module, (wanted,), level, package, asker)
    except BaseException:
        own[_LAZY].setdefault(name, entry)
        raise
    own[name] = found
    return found


class LazyModule(GuestModule):
    """A module that has imported something lazily."""

    def __getattr__(self, name: str) -> Any:
        own = object.__getattribute__(self, "__dict__")
        if name in own.get(_LAZY, ()):
            return _resolve(own[_REALM], own, name)
        shown = own.get("__name__")
        raise AttributeError(f"module {shown!r} has no attribute {name!r}")


if not harden(LazyModule):
    raise ImportError("guards: LazyModule could not be made immutable")
enter(LazyModule, deny="__getattr__")


class LazyImport(Guard):
    """lazy import m becomes `cap:lazyimport`('m', 'm', None, ...)."""

    key = "cap:lazyimport"
    __slots__ = ()

    def run(
        self, bound: str, module: str, wanted: str | None, leaf: bool, level: int, package: Any,
        asker: int = 0,
    ) -> None:  # fmt: skip
        realm = self.ref() or gone()
        realm.meter.charge(1)
        frame = realm.guest_frame()
        own = gone() if frame is None else frame.f_globals
        own.pop(bound, None)
        own.setdefault(_LAZY, {})[bound] = (module, wanted, leaf, level, package, asker)
        own[_REALM] = realm
        here = realm.modules.get(str(own.get("__name__")))
        if type(here) is GuestModule and object.__getattribute__(here, "__dict__") is own:
            ModuleType.__setattr__(here, "__class__", LazyModule)


class LazyName(Guard):
    """A load of a name that was imported lazily: `cap:lazyname`('m') and m."""

    key = "cap:lazyname"
    __slots__ = ()

    def run(self, name: str) -> bool:
        realm = self.ref() or gone()
        frame = realm.guest_frame()
        own = gone() if frame is None else frame.f_globals
        if name not in own and name in own.get(_LAZY, ()):
            _resolve(realm, own, name)
        return True


GUARDS = (LazyImport, LazyName)
