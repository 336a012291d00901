"""Making the modules of one compartment.

In order: capabilities that were granted under the name, then the sources of the `Imports`. Each
compartment has modules of its own; a module that is neither granted nor there is an ImportError.
What comes as source is compiled by this compiler and runs as guest code, on the guest's budget.
"""

from __future__ import annotations

import dis
import functools
import importlib.util
import sys
from types import CodeType, SimpleNamespace
from typing import Any, Final

from capcompiler.imports import Imports
from capcompiler.membrane.fraction import FRACTIONS, FractionClass
from capcompiler.membrane.reference import Reference
from capcompiler.program import module_program
from capcompiler.standard import Audited, HostRow, ModuleText, Standard
from guards.attribute import read
from guards.call import callable_for_c
from guards.lazy import LateModule, arrive, make_late, waiting
from guards.modules import (
    GUEST,
    LIBRARY,
    PACKAGE,
    REFUSED,
    build_module,
    module_dict,
    new_module,
    refusal_of,
)
from guards.realm import Realm
from guards.store import store

__all__ = ["Importer"]

_STANDARD: Final = Standard()
_ABSENT: Final = object()
#: Modules of the library whose texts need not run before something is asked of them: none of them
#: does anything but define, and each runs wherever the library is whole.
LATE: Final = frozenset(
    """
    argparse base64 calendar collections contextlib copy csv dataclasses difflib enum functools graphlib
    html inspect json operator pprint re reprlib shlex statistics string textwrap token tokenize tomllib
    typing
    """.split()
)
#: Characters of a module's name, at most.
_MAX_NAME: Final = 500


class Importer:
    """Finds and makes the modules of one compartment."""

    __slots__ = (
        "_apart",
        "_inert_modules",
        "_kept",
        "_own",
        "compile",
        "fractions",
        "granted",
        "imports",
        "realm",
        "to_guest",
    )

    def __init__(self, realm: Realm, imports: Imports, compile: Any) -> None:
        self.realm = realm
        self.imports = imports
        #: (text, filename, asker) -> code
        self.compile: Any = compile
        #: (value of the host's, its path) -> what the guest has of it
        self.to_guest: Any = None
        self.granted: dict[str, Any] = {}
        self._inert_modules: dict[str, Any] = {}
        #: The class `fractions.Fraction` of this compartment, once it has been imported.
        self.fractions: FractionClass | None = None
        #: Modules that the library made and no program of the guest's may import, by name: they stand
        #: in `sys.modules`, where the library looks itself up.
        self._kept: dict[str, Any] = {}
        #: Modules of the library where the guest has others of the same name; and whether it has.
        self._own: dict[str, Any] = {}
        self._apart: dict[str, bool] = {}

    def load(self, name: str, level: int, package: str, asker: int = GUEST, late: bool = False) -> Any:
        """The module `name`, imported with what is above it; raises ImportError that says what to do.

        asker: who asks; see guards.modules. late: whether its text need not run before something is
        asked of it.
        """
        full = self.absolute(name, level, package)
        if len(full) > _MAX_NAME:
            raise ImportError(f"the module name {full[:40]!r}... is too long")
        if asker != LIBRARY:
            granted = self._grant(full)
            if granted is not None:
                return granted
        above = ""
        module: Any = None
        late = late and "." not in full
        for part in full.split("."):
            parent, module_name = module, f"{above}.{part}" if above else part
            module = self._known(module_name, asker)
            if module is None:
                raise ModuleNotFoundError(
                    f"import of {module_name} halted; None in sys.modules", name=module_name
                )
            if module is _ABSENT:
                module = self._make(module_name, full, asker, late)
                known = self._table(module_name, asker)
                if above and (module_name in known or self._inert_modules.get(module_name) is module):
                    store(self.realm, parent, part, module)
            elif type(module) is LateModule and not late:
                arrive(module)
                module = self._known(module_name, asker)  # it may have put another in its place
            above = module_name
        return module

    def fraction_class(self) -> FractionClass | None:
        """The compartment's own `fractions.Fraction`, imported if need be, whatever it may import;
        None where the guest has put something else in the way of its making."""
        if self.fractions is None:
            imports, apart = self.imports, self._apart
            library = Imports.pure().only()
            # The library's own import: what it brings in is no module that the guest may name, and
            # a module of the host's of that name is another.
            if imports.find(FRACTIONS, asker=LIBRARY) in (None, _STANDARD.find(FRACTIONS)):
                self.imports = imports + library
            else:
                self.imports = library + imports
            self._apart = {}
            try:
                self.load(FRACTIONS, 0, "", LIBRARY)
            finally:
                self.imports, self._apart = imports, apart
        return self.fractions

    def _grant(self, full: str) -> Any:
        """The capability that was granted under a module's name. Library code has its own modules,
        whatever the host calls a capability."""
        top = full.partition(".")[0]
        granted = self.granted.get(top)
        if granted is None or not issubclass(type(granted), Reference):
            return None
        if any(granted is filled for filled in self.realm.granted.values()):
            # It fills in a module, which has its pure parts too.
            if self.imports.find(full) is not None:
                return None
        if top != full:
            raise ModuleNotFoundError(f"No module named {full!r}; {top!r} is not a package", name=full)
        return granted

    def _known(self, name: str, asker: int) -> Any:
        """The module as it is in the table. What may be imported does not depend on what the library
        imported before."""
        found = self._table(name, asker).get(name, _ABSENT)
        if asker != LIBRARY and name in self._kept and found is self._kept[name]:
            return _ABSENT
        return found

    def _table(self, name: str, asker: int) -> dict[str, Any]:
        if asker != LIBRARY:
            return self.realm.modules
        apart = self._apart.get(name)
        if apart is None:
            apart = self.imports.reserved(name) and self.imports.find(name) is not None
            self._apart[name] = apart
        return self._own if apart else self.realm.modules

    def absolute(self, name: str, level: int, package: str) -> str:
        """The absolute name of a module that is named relative to `package`."""
        if level <= 0:
            if not name:
                raise ValueError("Empty module name")
            return name
        if not package:
            raise ImportError("attempted relative import with no known parent package")
        parts = package.split(".")
        if level > len(parts):
            raise ImportError("attempted relative import beyond top-level package")
        base = ".".join(parts[: len(parts) - level + 1])
        return f"{base}.{name}" if name else base

    def _make(self, name: str, wanted: str, asker: int, late: bool = False) -> Any:
        self.realm.meter.charge(20)
        found = self.imports.find(name, asker=asker)
        if found is None:
            if asker == PACKAGE and self._has_inert(name):
                return self._inert(name)
            if asker != LIBRARY:
                module = self._of_finders(name)
                if module is not None:
                    return module
            raise self._missing(name, wanted)
        table = self._table(name, asker)
        kept = asker == LIBRARY and table is self.realm.modules and self.imports.reserved(name)
        if isinstance(found, HostRow):
            return self._vouched(found)
        if isinstance(found, Audited):
            module = table[name] = build_module(self.realm, found.name)
            if kept:
                self._kept[name] = module
            return module
        module = self._new(name, found)
        if late and name in LATE and table is self.realm.modules and not kept and self._is_whole():
            table[name] = module
            make_late(module, self.realm, functools.partial(self._run_late, module, name, found))
            return module
        return self._run(module, name, found, table, kept)

    def _run_late(self, module: Any, name: str, found: ModuleText) -> None:
        """Run the text of a module that has been imported; what the program has put in its place since
        then stays there."""
        modules = self.realm.modules
        stood = modules.get(name, _ABSENT)
        try:
            self._run(module, name, found, modules, False)
        finally:
            if stood is _ABSENT:
                modules.pop(name, None)
            else:
                modules[name] = stood

    @staticmethod
    def names_to_come(module: Any) -> frozenset[str]:
        """The names that the text of a module will store, where it has not run; else none."""
        run = waiting(module)
        if run is None:
            return frozenset()
        found: ModuleText = run.args[2]
        code = module_program(found.text, found.filename, True, found.asker).code
        stores = (i for i in dis.get_instructions(code) if i.opname == "STORE_NAME")
        return frozenset(str(i.argval) for i in stores)

    def _is_whole(self) -> bool:
        """Whether the library has all that it imports, so that none of its modules fails to run."""
        first = self.imports.chain[0] if self.imports.chain else None
        return first is not None and isinstance(first.source, Standard) and not first.unaudited

    def _vouched(self, row: HostRow) -> Any:
        """A module of a host's own row, as the guest has it."""
        module = new_module(self.realm, row.name)
        own = module_dict(module)
        for name, value in row.values:
            own[name] = self.to_guest(value, f"{row.name}.{name}")
        self.realm.modules[row.name] = module
        return module

    def run_again(self, module: Any, name: str) -> None:
        """Run the text of a module that a guest may import in another module of the guest's own."""
        found = self.imports.find(name)
        if not isinstance(found, ModuleText):
            raise ImportError(f"the module {name!r} is no text that could be run again", name=name)
        own = module_dict(module)
        own["__file__"] = found.filename
        # A module that a guest made has none, and Python would put the host's there.
        own["__builtins__"] = self.realm.builtins
        code: CodeType = self.compile(found.text, found.filename, found.asker)
        exec(self.realm.ready(code), own)  # noqa: S102 - as above

    def _of_finders(self, name: str) -> Any:
        """A module from the finders in the compartment's own `sys.meta_path`, which are the guest's:
        they are asked last, for what is nowhere else, and never for the library."""
        realm = self.realm
        own = realm.keep.get("sys")
        finders = None if own is None else module_dict(own).get("meta_path")
        if type(finders) is not list:
            return None
        above = realm.modules.get(name.rpartition(".")[0])
        path = None if above is None else module_names(above).get("__path__")
        for finder in list(finders):
            realm.meter.charge(5)
            spec = callable_for_c(realm, read(realm, finder, "find_spec"))(name, path, None)
            if spec is None:
                continue
            loader = read(realm, spec, "loader")
            module = callable_for_c(realm, read(realm, loader, "create_module"))(spec)
            if module is None:
                module = new_module(realm, name)
            realm.modules[name] = module
            try:
                callable_for_c(realm, read(realm, loader, "exec_module"))(module)
            except BaseException:
                if realm.modules.get(name) is module:
                    del realm.modules[name]
                raise
            return realm.modules.get(name, module)
        return None

    def _has_inert(self, name: str) -> bool:
        """Whether a package is handed an inert module: one that no grant of modules would supply."""
        return (
            name.partition(".")[0] in sys.stdlib_module_names
            and importlib.util.find_spec(name.partition(".")[0]) is not None  # `winreg` is nowhere else
            and _STANDARD.find(name) is None
            and self.imports.find("_inert", asker=LIBRARY) is not None
        )

    def _inert(self, name: str) -> Any:
        """A module of authority as a package has it that only wants to have imported it: what it
        takes from it can be named, and refuses to be used. No program of the guest's finds it."""
        module = self._inert_modules.get(name)
        if module is None:
            make = self.load("_inert", 0, "", LIBRARY)
            why = REFUSED.get(name) or REFUSED.get(name.partition(".")[0]) or "it is not granted"
            module = callable_for_c(self.realm, read(self.realm, make, "inert"))(name, why)
            self._inert_modules[name] = module
        return module

    def _new(self, name: str, found: ModuleText) -> Any:
        """The module of a text that has not run."""
        module = new_module(self.realm, name)
        own = module_dict(module)
        own["__file__"] = found.filename
        locations = None
        if found.package:
            locations = own["__path__"] = [found.filename.rpartition("/")[0]]
            own["__package__"] = name
        own["__spec__"] = SimpleNamespace(
            name=name, origin=found.filename, parent=own["__package__"], loader=None, cached=None,
            has_location=True, submodule_search_locations=locations,
        )  # fmt: skip
        return module

    def _run(
        self, module: Any, name: str, found: ModuleText, modules: dict[str, Any], kept: bool
    ) -> Any:
        code: CodeType = self.compile(found.text, found.filename, found.asker)
        realm = self.realm
        own = module_dict(module)
        shown = realm.modules
        stood = shown.get(name, _ABSENT)
        shown[name] = modules[name] = module  # where it looks itself up while it is made
        if kept:
            self._kept[name] = module
        try:
            # Routed code, in a namespace of the guest's.
            exec(realm.ready(code, library=found.asker == LIBRARY), own)  # noqa: S102
        except BaseException:
            if modules.get(name) is module:
                del modules[name]
            raise
        finally:
            if modules is not shown:
                shown.pop(name, None)
                if stood is not _ABSENT:
                    shown[name] = stood
        if name == FRACTIONS and found.asker == LIBRARY and self.fractions is None:
            self.fractions = FractionClass.of(own.get("Fraction"))
        # A module may put another object in its own place.
        module = modules.get(name, module)
        if kept:
            self._kept[name] = module
        return module

    def _missing(self, name: str, wanted: str) -> ImportError:
        top = name.partition(".")[0]
        if name in REFUSED or top in REFUSED:
            return ImportError(refusal_of(name if name in REFUSED else top), name=name)
        if self.imports.find(name, asker=LIBRARY) is not None or _STANDARD.find(name) is not None:
            return ImportError(f"the module {name!r} was not granted to this program", name=name)
        if name.partition(".")[0] in sys.stdlib_module_names and _STANDARD.is_there(name):
            return ModuleNotFoundError(
                f"the module {name!r} of the standard library is not among those that guests can have",
                name=name,
            )
        if name != top:
            parent = name.rpartition(".")[0]
            note = ""
            if "__path__" not in module_names(self.realm.modules.get(parent)):
                note = f"; {parent!r} is not a package"
            return ModuleNotFoundError(f"No module named {name!r}{note}", name=name)
        return ModuleNotFoundError(f"No module named {name!r}", name=name)


def module_names(module: Any) -> Any:
    try:
        return object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
