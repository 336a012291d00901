"""What a host says of imports: which modules there are, and where their source comes from.

An `Imports` is a chain of sources, asked from left to right; the first that has a module wins. It
holds no module of any compartment, so one `Imports` serves any number of them.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final, Protocol

from capcompiler.standard import Audited, Engine, HostRow, ModuleText, Standard
from guards.modules import GUEST, LIBRARY, MODULES, PACKAGE

__all__ = ["ENGINE_IMPORTS", "Found", "Imports", "from_plan", "numbered", "plan_of"]

Found = Audited | HostRow | ModuleText
_COMPILED: Final = tuple(importlib.machinery.EXTENSION_SUFFIXES) + tuple(
    importlib.machinery.BYTECODE_SUFFIXES
)


class Source(Protocol):
    """One place where modules come from."""

    def find(self, name: str) -> Found | None:
        """The module of this dotted name. Raises ImportError where it is there but unfit."""

    def names(self) -> frozenset[str]:
        """The top-level names that are there, as far as they are known."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """Modules whose text the host holds."""

    texts: Mapping[str, str]

    def find(self, name: str) -> ModuleText | None:
        text = self.texts.get(name)
        package = any(n.startswith(name + ".") for n in self.texts)
        if text is None:
            text = self.texts.get(name + ".__init__")
            if text is not None:
                package = True
        if text is None and package:
            text = ""  # `a.b` alone makes `a` a package with nothing in it
        if text is None:
            return None
        path = name.replace(".", "/") + ("/__init__.py" if package else ".py")
        return ModuleText(text, path, package)

    def names(self) -> frozenset[str]:
        return frozenset(n.partition(".")[0] for n in self.texts)


@dataclass(frozen=True, slots=True)
class _Folder:
    """Modules in the files of a directory, `inside` at most: a link may not lead out of it.

    only: the one top-level name that counts, or "" for all. shown: what tracebacks call the place.
    """

    root: str
    inside: str
    only: str = ""
    shown: str = ""

    @property
    def asker(self) -> int:
        return PACKAGE if self.shown else GUEST

    def data(self, path: str) -> bytes | None:
        """A file of an installed package, by the name that its modules see it under."""
        parts = path.split("/")
        if not self.shown or parts[0] != self.shown or ".." in parts or self.only not in parts[1:2]:
            return None
        real = os.path.join(self.root, *parts[1:])
        if not os.path.isfile(real) or not self._real(real):
            return None
        with open(real, "rb") as file:
            return file.read(_LARGEST + 1)

    def find(self, name: str) -> ModuleText | None:
        parts = name.split(".")
        if not all(p.isidentifier() for p in parts) or (self.only and parts[0] != self.only):
            return None
        base = os.path.join(self.root, *parts)
        for path, package in ((os.path.join(base, "__init__.py"), True), (base + ".py", False)):
            if os.path.isfile(path):
                text = self._read(name, path)
                if self.shown:
                    for old, new in _CHANGES.get(name, ()):
                        text = text.replace(old, new)
                return ModuleText(text, self._shown(path), package, self.asker)
        for suffix in _COMPILED:
            if os.path.isfile(base + suffix):
                raise ImportError(
                    f"the module {name!r} is compiled code, which cannot run in a compartment",
                    name=name,
                )
        if os.path.isdir(base) and self._real(base):
            # a namespace package: nothing in it but its parts
            return ModuleText("", self._shown(os.path.join(base, "__init__.py")), True, self.asker)
        return None

    def _read(self, name: str, path: str) -> bytes:
        if not self._real(path):
            raise ImportError(f"the module {name!r} lies outside of its directory", name=name)
        with open(path, "rb") as file:
            return file.read(_LARGEST + 1)

    def _real(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real == self.inside or real.startswith(self.inside + os.sep)

    def _shown(self, path: str) -> str:
        return os.path.join(self.shown, os.path.relpath(path, self.root)).replace(os.sep, "/")

    def names(self) -> frozenset[str]:
        if self.only:
            return frozenset({self.only})
        found = set()
        for entry in os.listdir(self.root):
            stem = entry.removesuffix(".py")
            if stem.isidentifier() and (stem != entry or os.path.isdir(os.path.join(self.root, entry))):
                found.add(stem)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Row:
    """One module that the host audited itself."""

    row: HostRow

    def find(self, name: str) -> HostRow | None:
        return self.row if name == self.row.name else None

    def names(self) -> frozenset[str]:
        return frozenset({self.row.name})


_LARGEST: Final = 8 * 2**20
#: What is changed in packages that everybody imports, where guests cannot have it.
_CHANGES: Final = {
    # Classes compare by identity here; up to 3.12 this one would have one class pass for another.
    "typing_extensions": (
        (b"def __eq__(cls, other):", b"def _equal(cls, other):"),
        (b"def __hash__(cls) -> int:", b"def _hashed(cls) -> int:"),
        (
            b"    class Protocol(typing.Generic, metaclass=_ProtocolMeta):",
            b"    Protocol = typing.Protocol\n    class _Other:",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A source with what was taken from it. chosen: the names that were named, or None for all.
    unaudited: rows of the table that nobody has here, not even the library."""

    source: Source
    chosen: frozenset[str] | None = None
    removed: frozenset[str] = frozenset()
    unaudited: frozenset[str] = frozenset()

    def find(self, name: str) -> Found | None:
        if name in self.unaudited and isinstance(self.source, Standard):
            return None
        return self.source.find(name)

    def data(self, path: str) -> bytes | None:
        """A file that the source brings along, but for those of what was taken from it: the text of a
        module is a file too. path: under the name that the source is shown as."""
        data = getattr(self.source, "data", None)
        if data is None:
            return None
        parts = [p for p in path.split("/") if p not in ("", ".", "__pycache__")][1:]
        parts[-1:] = [p.partition(".")[0] for p in parts[-1:]]
        if {".".join(parts[: i + 1]) for i in range(len(parts))} & self.removed:
            return None
        found: bytes | None = data(path)
        return found

    def allows(self, name: str) -> bool:
        if self.chosen is None and not self.removed:
            return True
        parts = name.split(".")
        prefixes = {".".join(parts[: i + 1]) for i in range(len(parts))}
        if prefixes & self.removed:
            return False
        if self.chosen is None or prefixes & self.chosen:
            return True
        return any(c.startswith(name + ".") for c in self.chosen)  # a package above a chosen one


@dataclass(frozen=True, slots=True)
class Imports:
    """Which modules a guest may import. Make one with the class methods; `+` puts two in a row."""

    chain: tuple[_Entry, ...] = ()

    @classmethod
    def pure(cls) -> Imports:
        """The modules of the standard library that carry no authority, and facets without authority
        of those that do."""
        return cls((_Entry(Standard()),))

    @classmethod
    def none(cls) -> Imports:
        """No module at all."""
        return cls()

    @classmethod
    def sources(cls, texts: Mapping[str, str]) -> Imports:
        """Modules of the host's own text, by dotted name; `pkg.__init__` is the text of `pkg`."""
        if not isinstance(texts, Mapping):
            raise TypeError(f"Imports.sources: wanted a mapping, got {type(texts).__name__}")
        checked = {}
        for name, text in texts.items():
            if not isinstance(name, str) or not all(p.isidentifier() for p in name.split(".")):
                raise ValueError(f"Imports.sources: {name!r} is not a module's name")
            if not isinstance(text, str):
                raise TypeError(f"Imports.sources[{name!r}]: wanted text, got {type(text).__name__}")
            checked[name] = text
        return cls((_Entry(_Texts(checked)),))

    @classmethod
    def directory(cls, path: str | os.PathLike[str]) -> Imports:
        """The modules and packages in a directory, read when they are imported. Links that lead out
        of it are refused. Raises NotADirectoryError."""
        root = os.path.realpath(path)
        if not os.path.isdir(root):
            raise NotADirectoryError(f"Imports.directory: {os.fspath(path)!r} is not a directory")
        return cls((_Entry(_Folder(root, root)),))

    @classmethod
    def package(cls, name: str) -> Imports:
        """One installed pure package, by the name it is imported by; it is found and not imported.
        Raises ModuleNotFoundError, or ImportError where it is no Python source."""
        if not name.isidentifier():
            raise ValueError(f"Imports.package: {name!r} is not a top-level module's name")
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"Imports.package: no package {name!r} is installed", name=name)
        if spec.submodule_search_locations:
            home = os.path.realpath(next(iter(spec.submodule_search_locations)))
        elif spec.origin is not None and spec.origin.endswith(".py"):
            home = os.path.realpath(spec.origin)
        else:
            raise ImportError(f"Imports.package: {name!r} is not Python source", name=name)
        return cls((_Entry(_Folder(os.path.dirname(home), home, name, "site-packages")),))

    @classmethod
    def row(cls, name: str, *names: str, why: str) -> Imports:
        """A module of compiled code that the host has audited itself: these of its names, and why they
        are safe. Data is copied in; functions can be called and no more, with data that is copied
        both ways, as if they were granted. Raises TypeError for a value that is neither, ImportError
        where the module is not there, ValueError without a reason."""
        if not name.isidentifier() or not names:
            raise ValueError("Imports.row: wanted a top-level module and the names to let in")
        if not isinstance(why, str) or not why.strip():
            raise ValueError(f"Imports.row({name!r}): say why these names are safe")
        module = importlib.import_module(name)
        values = []
        for wanted in _texts_only("row", names):
            value = getattr(module, wanted)
            if isinstance(value, type) or isinstance(value, ModuleType):
                raise TypeError(
                    f"Imports.row: {name}.{wanted} is a {type(value).__name__}, which would lead on to "
                    "more than itself; let in functions and data"
                )
            values.append((wanted, value))
        return cls((_Entry(_Row(HostRow(name, tuple(values), why))),))

    def without_rows(self, *names: str) -> Imports:
        """All but these rows of the audited table. Not even the library has them: what it does by C
        it then does by Python, or not at all. Raises ValueError for a name that is no row."""
        for name in _texts_only("without_rows", names):
            if name not in MODULES:
                raise ValueError(f"Imports.without_rows: {name!r} is no row of the audited table")
        gone = frozenset(names)
        return Imports(tuple(replace(e, unaudited=e.unaudited | gone) for e in self.chain))

    @property
    def rows(self) -> dict[str, str]:
        """The modules of compiled code that guests or the library can have here, and why each is safe:
        those of the audited table that are left, and the host's own."""
        found: dict[str, str] = {}
        for entry in reversed(self.chain):
            if isinstance(entry.source, Standard):
                found.update((n, row.why) for n, row in MODULES.items() if n not in entry.unaudited)
            elif isinstance(entry.source, _Row) and entry.allows(entry.source.row.name):
                found[entry.source.row.name] = entry.source.row.why
        return dict(sorted(found.items()))

    def only(self, *names: str) -> Imports:
        """These modules and no others; what the standard library imports itself stays. Raises
        ValueError for one that is not there."""
        for name in _texts_only("only", names):
            if self.find(name) is None:
                raise ValueError(f"Imports.only: {name!r} is not among the modules")
        chosen = frozenset(names)
        return Imports(tuple(
            replace(e, chosen=chosen if e.chosen is None else e.chosen & chosen) for e in self.chain
        ))  # fmt: skip

    def without(self, *names: str) -> Imports:
        """All but these modules and what is in them."""
        removed = frozenset(_texts_only("without", names))
        return Imports(tuple(replace(e, removed=e.removed | removed) for e in self.chain))

    def __add__(self, other: Imports) -> Imports:
        if not isinstance(other, Imports):
            return NotImplemented
        return Imports((*self.chain, *other.chain))

    def find(self, name: str, *, asker: int = GUEST) -> Found | None:
        """The module from the first source that has it. asker: the standard
        library may import what was taken from the guest. Raises ImportError as sources do."""
        return self._first(name, asker)[1]

    def reserved(self, name: str) -> bool:
        """Whether the library alone is given this module by its source: it was taken from the guest,
        who has none of that name or another."""
        if all(e.allows(name) for e in self.chain):
            return False
        entry, _ = self._first(name, LIBRARY)
        return entry is not None and not entry.allows(name)

    def _first(self, name: str, asker: int) -> tuple[_Entry | None, Found | None]:
        for entry in self.chain:
            if entry.allows(name) or (asker == LIBRARY and isinstance(entry.source, Standard)):
                found = entry.find(name)
                if found is not None:
                    return entry, found
        return None, None

    def data(self, path: str) -> bytes | None:
        """A file that an installed package brings along; None where there is none."""
        for entry in self.chain:
            found = entry.data(path)
            if found is not None:
                return bytes(found)
        return None

    @property
    def names(self) -> frozenset[str]:
        """The top-level names that a guest may import, as far as they are known."""
        return frozenset(n for e in self.chain for n in e.source.names() if e.allows(n))


Plan = list[tuple[int | None, list[str] | None, list[str]]]


def plan_of(imports: Imports) -> tuple[Plan, list[Source]]:
    """An `Imports` as data, and its sources by number; the standard library is known everywhere."""
    rows: Plan = []
    sources: list[Source] = []
    for entry in imports.chain:
        number = None
        if not isinstance(entry.source, Standard):
            number = len(sources)
            sources.append(entry.source)
        chosen = None if entry.chosen is None else sorted(entry.chosen)
        rows.append((number, chosen, sorted(entry.removed)))
    return rows, sources


def numbered(imports: Imports) -> list[_Entry]:
    """What stands behind the numbers of a plan, with what each of it leaves out."""
    return [e for e in imports.chain if not isinstance(e.source, Standard)]


def from_plan(plan: Plan, source: Callable[[int], Any]) -> Imports:
    """The `Imports` of a plan. source: what stands for one of its sources."""
    return Imports(tuple(
        _Entry(
            Standard() if number is None else source(number),
            None if chosen is None else frozenset(chosen),
            frozenset(removed),
        )
        for number, chosen, removed in plan
    ))  # fmt: skip


def _texts_only(method: str, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"Imports.{method}: names of modules are text, not {type(name).__name__}")
    return names


#: What library code that no guest may change is made of.
ENGINE_IMPORTS: Final = Imports((_Entry(Engine()),))
