"""`import` and `from ... import`.

Stops: modules that were not granted, and names of modules that lead out of U. The import statement
is rewritten to calls, so the interpreter's own import machinery never sees a guest's import.
"""

from __future__ import annotations

from typing import Any

from guards.attribute import read
from guards.base import Guard, is_guard_name
from guards.charge import feed

__all__ = ["ImportFrom", "ImportModule", "ImportStar"]


class ImportModule(Guard):
    """import a.b as c becomes c = `cap:import`('a.b', True); without `as`, a = ...('a.b', False)."""

    key = "cap:import"
    __slots__ = ()

    def run(self, name: str, leaf: bool) -> Any:
        realm = self.realm
        realm.meter.charge(1)
        module = realm.importer(name, 0, "")
        if leaf or "." not in name:
            return module
        return realm.modules[name.partition(".")[0]]


class ImportFrom(Guard):
    """from m import x, y becomes (x, y) = `cap:importfrom`('m', ('x', 'y'), 0, package)."""

    key = "cap:importfrom"
    __slots__ = ()

    def run(self, name: str, names: tuple[str, ...], level: int, package: Any) -> tuple[Any, ...]:
        realm = self.realm
        realm.meter.charge(1)
        module = realm.importer(name, level, package if type(package) is str else "")
        found = []
        for wanted in names:
            try:
                found.append(read(realm, module, wanted))
                continue
            except AttributeError:
                pass
            full = f"{read(realm, module, '__name__')}.{wanted}"
            try:
                found.append(realm.importer(full, 0, ""))
                continue
            except ImportError:
                pass
            shown = name or package or "the package"
            raise ImportError(f"cannot import name {wanted!r} from {shown!r}", name=name)
        return tuple(found)


class ImportStar(Guard):
    """from m import * becomes `cap:importstar`('m', 0, package), and stores the names itself."""

    key = "cap:importstar"
    __slots__ = ()

    def run(self, name: str, level: int, package: Any) -> None:
        realm = self.realm
        module = realm.importer(name, level, package if type(package) is str else "")
        frame = realm.guest_frame()
        if frame is None:
            raise RuntimeError("no guest code is running")
        try:
            wanted = list(feed(realm, read(realm, module, "__all__")))
        except AttributeError:
            wanted = [n for n in object.__getattribute__(module, "__dict__") if not n.startswith("_")]
        realm.meter.charge(len(wanted))
        for n in wanted:
            if type(n) is str and not is_guard_name(n):
                frame.f_globals[n] = read(realm, module, n)
