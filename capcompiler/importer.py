"""What `import` finds in a compartment.

In order: capabilities that were granted under the name, then the modules of the `Imports`. Each
compartment has modules of its own; a module that is neither granted nor listed is an ImportError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capcompiler.membrane.reference import Reference
from guards.modules import MODULES, REFUSED, build_module, refusal_of
from guards.realm import Realm

__all__ = ["Importer", "Imports"]


@dataclass(frozen=True, slots=True)
class Imports:
    """Which modules a guest may import. Make one with `pure`, `none`, and narrow it."""

    names: frozenset[str]

    @classmethod
    def pure(cls) -> Imports:
        """Every module of the audited table: they carry no authority."""
        return cls(frozenset(MODULES))

    @classmethod
    def none(cls) -> Imports:
        """No module at all."""
        return cls(frozenset())

    def only(self, *names: str) -> Imports:
        """These modules and no others. Raises ValueError for one that is not there."""
        missing = [n for n in names if n not in self.names]
        if missing:
            raise ValueError(f"Imports.only: {missing[0]!r} is not among the modules")
        return Imports(frozenset(names))

    def without(self, *names: str) -> Imports:
        """All but these modules."""
        return Imports(self.names - set(names))

    def __add__(self, other: Imports) -> Imports:
        return Imports(self.names | other.names)


class Importer:
    """Finds and makes the modules of one compartment."""

    __slots__ = ("granted", "imports", "realm")

    def __init__(self, realm: Realm, imports: Imports) -> None:
        self.realm = realm
        self.imports = imports
        self.granted: dict[str, Any] = {}

    def load(self, name: str, level: int, package: str) -> Any:
        """The module `name`; raises ImportError that says what to do."""
        if level:
            raise ImportError("attempted relative import with no known parent package")
        granted = self.granted.get(name)
        if granted is not None and issubclass(type(granted), Reference):
            return granted
        found = self.realm.modules.get(name)
        if found is not None:
            return found
        if name in self.imports.names:
            module = build_module(self.realm, name)
            self.realm.modules[name] = module
            return module
        if name in REFUSED:
            raise ImportError(refusal_of(name), name=name)
        if name in MODULES:
            raise ImportError(f"the module {name!r} was not granted to this program", name=name)
        raise ModuleNotFoundError(
            f"No module named {name!r} (modules that carry no authority: "
            f"{', '.join(sorted(self.imports.names)) or 'none are granted'})",
            name=name,
        )
