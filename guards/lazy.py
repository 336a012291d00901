"""`lazy import` of 3.15 in modules of the library and of packages.

The interpreter puts an object of its own in the module's place, which its loads of global names turn
into the module by the host's import. Here the module is not there until it is asked for: each load
of such a name in the module asks first, and so does whoever reads the attribute from outside.
Programs of a guest import at once, as Python does with `-X lazy_imports=none`. Source: PEP 810.

Of a few modules of the library, all of whose texts are known to run, an import statement makes the
module alone, and its text runs when the module is first asked for something, as with
`importlib.util.LazyLoader`. What asks meets one of three things: a native read, store or delete meets
`LateModule`; a guard, which looks into dictionaries and classes, meets `LATE`; whoever imports from it
or from what is in it calls `arrive`.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import LATE, SHOWN_AS
from guards.base import Guard, gone
from guards.harden import harden
from guards.host import host_module_dict
from guards.import_ import ImportFrom, ImportModule
from guards.modules.table import GuestModule
from guards.tables.rows import define

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__ = ["GUARDS", "LateModule", "LazyImport", "LazyName", "arrive", "make_late", "waiting"]

#: In the globals of a module: what it imports lazily, by name. No guest is shown such a key.
_LAZY: Final = "cap:lazy"
#: On such a module: the realm whose importer is asked.
_REALM: Final = "cap:realm"


#: On a module whose text has not run: what runs it.
_ARRIVAL: Final = "cap:arrival"


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
        own = host_module_dict(self)
        if name in own.get(_LAZY, ()):
            return _resolve(own[_REALM], own, name)
        shown = own.get("__name__")
        raise AttributeError(f"module {shown!r} has no attribute {name!r}")


class LateModule(GuestModule):
    """A module that was imported and not used yet: its text runs when it is first asked for anything.

    What it asks for meanwhile is taken from its dictionary, which has what every module has.
    """

    def __getattr__(self, name: str) -> Any:
        arrive(self)
        if type(self) is LateModule:
            shown = host_module_dict(self).get("__name__")
            raise AttributeError(f"module {shown!r} has no attribute {name!r}")
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        arrive(self)
        ModuleType.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        arrive(self)
        ModuleType.__delattr__(self, name)


def _is_in_turn(own: dict[str, Any]) -> bool:
    realm = own.get(_REALM)
    return realm is not None and realm.meter.live


def make_late(module: Any, realm: Realm, run: Callable[[], object]) -> None:
    """Have a new module run its text when it is first asked for something. run: what runs it."""
    own = host_module_dict(module)
    own.pop("__doc__", None)
    own[_ARRIVAL] = run
    own[_REALM] = realm
    ModuleType.__setattr__(module, "__class__", LateModule)


def waiting(module: Any) -> Any:
    """What runs the text of a module that waits, as it was given; None for any other module."""
    return host_module_dict(module).get(_ARRIVAL) if type(module) is LateModule else None


def arrive(module: Any) -> None:
    """Run the text of a module that has waited; outside a turn it goes on waiting.

    Where the text raises, the module waits on as if it had not begun.
    """
    own = host_module_dict(module)
    if type(module) is not LateModule or not _is_in_turn(own):
        return
    before = own.copy()
    run = own.pop(_ARRIVAL)
    ModuleType.__setattr__(module, "__class__", GuestModule)
    own["__doc__"] = None
    try:
        run()
    except BaseException:
        own.clear()
        own.update(before)
        ModuleType.__setattr__(module, "__class__", LateModule)
        raise


def _bring_late(module: Any, name: str | None) -> None:
    if name != "__class__" and (name is None or name not in host_module_dict(module)):
        arrive(module)
        if name is None and type(module) is LazyModule:
            _bring_lazy(module, None)


def _bring_lazy(module: Any, name: str | None) -> None:
    own = host_module_dict(module)
    if not _is_in_turn(own):
        return
    waiting = own.get(_LAZY, {})
    for each in list(waiting) if name is None else [name]:
        if each in waiting:
            _resolve(own[_REALM], own, each)


# A guest sees neither class: both are shown as what every module is.
for _kind, _bring, _names in (
    (LazyModule, _bring_lazy, "__getattr__"),
    (LateModule, _bring_late, "__getattr__ __setattr__ __delattr__"),
):
    _kind.__name__, _kind.__qualname__ = GuestModule.__name__, GuestModule.__qualname__
    if not harden(_kind):
        raise ImportError(f"guards: {_kind!r} could not be made immutable")
    define(_kind, reads={"__class__": lambda realm, module: GuestModule}, deny=_names)
    LATE[_kind] = _bring
    SHOWN_AS[_kind] = lambda module: GuestModule


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
        if type(here) is GuestModule and host_module_dict(here) is own:
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
