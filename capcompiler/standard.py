"""The standard library as guests have it: which modules, and where the source of each is.

Pure modules are compiled from the interpreter's own files and run as guest code, so none of them is
trusted. C modules come from the audited table. Modules that mix pure parts with authority are
replaced by facets: files of ours beside this one, which run as guest code too.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from guards.modules import MODULES
from guards.modules._re import ENGINE, RECORDER

__all__ = ["FACETS", "PURE", "Audited", "ModuleText", "Standard"]


@dataclass(frozen=True, slots=True)
class Audited:
    """A module of the audited table."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleText:
    """The source of a module, and what the guest sees as its `__file__`.

    inside: it belongs to the standard library, and may import all of it.
    """

    text: str | bytes
    filename: str
    package: bool
    inside: bool = False


#: Top-level modules that are Python all through and carry no authority of their own: what they
#: import is subject to this same list. Their submodules come with them.
PURE: Final = frozenset(
    """
    __future__ _collections_abc _compat_pickle _pydecimal _markupbase _py_abc _pydatetime _strptime
    _threading_local _weakrefset abc annotationlib argparse base64 bisect calendar cmd codecs
    collections colorsys configparser contextlib copy copyreg csv dataclasses decimal difflib enum
    fnmatch fractions functools genericpath getopt gettext graphlib hashlib heapq hmac html
    inspect ipaddress json keyword linecache locale logging ntpath nturl2path numbers opcode optparse
    plistlib posixpath pprint queue quopri random re reprlib sched shlex sre_compile sre_constants
    sre_parse stat statistics string stringprep struct textwrap this threading token tokenize
    tomllib traceback typing uu uuid warnings weakref wsgiref zoneinfo
    """.split()
)
#: Modules of packages whose other modules are authority.
PURE_PARTS: Final = frozenset({"urllib", "urllib.parse", "urllib.error", "http", "encodings.aliases"})

_LIBRARY: Final = Path(os.__file__).parent
_FACETS: Final = Path(__file__).parent / "facets"
#: Facets without authority, by dotted name.
FACETS: Final = frozenset(
    ".".join(p.relative_to(_FACETS).with_suffix("").parts).removesuffix(".__init__")
    for p in _FACETS.rglob("*.py")
)


class Standard:
    """The standard library as a source of modules."""

    __slots__ = ()

    def find(self, name: str) -> Audited | ModuleText | None:
        parts = name.split(".")
        if not all(p.isidentifier() for p in parts):
            return None
        if name in _PATCHED:
            return _PATCHED[name](name)
        if name in FACETS:
            return _read(_FACETS, parts, "facet")
        if name in MODULES:
            return Audited(name)
        if parts[0] in PURE or name in PURE_PARTS:
            return _read(_LIBRARY, parts, "lib")
        return None

    def names(self) -> frozenset[str]:
        return frozenset(
            n
            for n in (*FACETS, *MODULES, *PURE, *PURE_PARTS)
            if "." not in n and n[0] != "_" and n.isidentifier()
        )


class Engine:
    """What compiles patterns: the real `re._compiler` over the raw engine, and nothing else."""

    __slots__ = ()

    def find(self, name: str) -> Audited | ModuleText | None:
        if name == "_sre":
            return Audited(ENGINE)
        if name == "warnings":
            return Audited(RECORDER)
        if name == "unicodedata" and name in MODULES:
            return Audited(name)
        if name == "re":
            return ModuleText("", "lib/re/__init__.py", True, True)  # no more than its parts
        if name.startswith("re."):
            return _read(_LIBRARY, name.split("."), "lib")
        return None

    def names(self) -> frozenset[str]:
        return frozenset({"re"})


_CODE: Final = re.compile(r"\b(\w+(?:\.\w+)*)\.__code__(?! =)")
_GET_CODE: Final = re.compile(r"getattr\((\w+), '__code__', None\)")
_SET_CODE: Final = re.compile(r"\w+\.__code__ = \w+\.replace\(\s*co_flags=[^)]*\)")


def _facts(name: str) -> ModuleText | None:
    """A module that asks functions for their code, for what no guest is given: it asks by a function
    of ours instead, which gives facts about how they are called."""
    found = _read(_LIBRARY, [name], "lib")
    if found is None:
        return None
    text = found.text if isinstance(found.text, str) else found.text.decode()
    text = _GET_CODE.sub(r"_facts_of(\1, None)", text)
    text = _SET_CODE.sub("_awaitable(func)", text)
    text = _CODE.sub(r"_facts_of(\1)", text)
    return replace(found, text=f"{text}\nfrom _guard_types import _awaitable, _facts_of\n")


def _types(name: str) -> ModuleText | None:
    """`types`, which up to 3.13 finds its classes by taking frames, code and cells apart."""
    found = _facts(name)
    if found is None or "from _types import" in str(found.text):
        return found
    text = str(found.text)
    start = text.index("\n", text.index("del sys,"))
    lines = "\n" * text[:start].count("\n")
    return replace(found, text=f"from _types import *{lines}{text[start:]}")


#: Modules whose source is changed where it would reach what no guest is given.
_PATCHED: Final = {"types": _types, "inspect": _facts, "typing": _facts}


def _read(root: Path, parts: list[str], shown: str) -> ModuleText | None:
    base = root.joinpath(*parts)
    for path, package in ((base / "__init__.py", True), (base.with_suffix(".py"), False)):
        try:
            text = path.read_bytes()
        except OSError:
            continue
        return ModuleText(text, f"{shown}/{path.relative_to(root).as_posix()}", package, True)
    return None
