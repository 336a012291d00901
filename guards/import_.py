"""`import` and `from ... import`.

Stops: modules that were not granted, and names of modules that lead out of U. The import statement
is rewritten to calls, so the interpreter's own import machinery never sees a guest's import.
"""

from __future__ import annotations

from typing import Any

from guards.attribute import read
from guards.base import Guard, gone, is_guard_name
from guards.charge import feed
from guards.host import host_name

__all__ = ["ImportFrom", "ImportModule", "ImportStar"]


class ImportModule(Guard):
    """import a.b as c becomes c = `cap:import`('a.b', True); without `as`, a = ...('a.b', False)."""

    key = "cap:import"
    __slots__ = ()

    def run(self, name: str, leaf: bool, asker: int = 0) -> Any:
        realm = self.ref() or gone()
        realm.meter.charge(1)
        # What is asked of it may be asked later, or never.
        module = realm.importer(name, 0, "", asker, True)
        if leaf or "." not in name:
            return module
        return realm.importer(name.partition(".")[0], 0, "", asker)


class ImportFrom(Guard):
    """from m import x, y becomes (x, y) = `cap:importfrom`('m', ('x', 'y'), 0, package)."""

    key = "cap:importfrom"
    __slots__ = ()

    def run(
        self, name: str, names: tuple[str, ...], level: int, package: Any, asker: int = 0
    ) -> tuple[Any, ...]:
        realm = self.ref() or gone()
        realm.meter.charge(1)
        module = realm.importer(name, level, package if type(package) is str else "", asker)
        found = []
        for wanted in names:
            try:
                found.append(read(realm, module, wanted))
                continue
            except AttributeError:
                pass
            found.append(_submodule(realm, module, name or package, wanted, asker))
        return tuple(found)


def _submodule(realm: Any, module: Any, shown: Any, wanted: str, asker: int) -> Any:
    """`from package import wanted` where the package has no such attribute."""
    own = getattr_or_none(realm, module, "__name__")
    if type(own) is str and getattr_or_none(realm, module, "__path__") is not None:
        full = f"{own}.{wanted}"
        missing: ModuleNotFoundError
        try:
            return realm.importer(full, 0, "", asker)
        except ModuleNotFoundError as error:
            missing = error
        if missing.name != full:
            raise missing  # of a module that the submodule imports
    elif type(own) is str and f"{own}.{wanted}" in realm.modules:
        return realm.modules[f"{own}.{wanted}"]
    shown = own if type(own) is str else shown
    raise ImportError(f"cannot import name {wanted!r} from {shown!r}", name=shown)


def getattr_or_none(realm: Any, obj: Any, name: str) -> Any:
    try:
        return read(realm, obj, name)
    except AttributeError:
        return None


class ImportStar(Guard):
    """from m import * becomes `cap:importstar`('m', 0, package), and stores the names itself."""

    key = "cap:importstar"
    __slots__ = ()

    def run(self, name: str, level: int, package: Any, asker: int = 0) -> None:
        realm = self.ref() or gone()
        module = realm.importer(name, level, package if type(package) is str else "", asker)
        frame = realm.guest_frame()
        if frame is None:
            raise RuntimeError("no guest code is running")
        try:
            wanted = list(feed(realm, read(realm, module, "__all__")))
        except AttributeError:
            # What a program puts into `sys.modules` may have anything under the name, without an end.
            names = feed(realm, read(realm, module, "__dict__"))
            wanted = [n for n in names if type(n) is not str or n[:1] != "_"]
        realm.meter.charge(len(wanted))
        for n in wanted:
            if type(n) is not str:
                own = getattr_or_none(realm, module, "__name__")
                shown = own if type(own) is str else name
                raise TypeError(f"Item in {shown}.__all__ must be str, not {host_name(type(n))}")
            if not is_guard_name(n):
                frame.f_globals[n] = _starred(realm, module, n, asker)


def _starred(realm: Any, module: Any, wanted: str, asker: int) -> Any:
    """One name of `from module import *`; what `__all__` of a package names may be a part of it."""
    try:
        return read(realm, module, wanted)
    except AttributeError as error:
        missing = error
    own = getattr_or_none(realm, module, "__name__")
    if type(own) is str and getattr_or_none(realm, module, "__path__") is not None:
        try:
            return realm.importer(f"{own}.{wanted}", 0, "", asker)
        except ModuleNotFoundError as error:
            if error.name != f"{own}.{wanted}":
                raise
    raise missing
