"""Whether the host runs what lies in a directory (pit 19)."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import Final

from capcompiler.cache import cache_folder

__all__ = ["imported_from"]

_SUFFIXES: Final = (".py", ".pyc", ".pyd", ".so", ".pth")


def imported_from(root: int, path: str) -> str:
    """Why a guest that writes into the directory writes what the host runs; "" when it does not.

    root: a descriptor of the directory. path: its real path.
    """
    told = os.fstat(root)

    def same(other: str) -> bool:
        try:
            return os.path.samestat(told, os.stat(other))
        except OSError:
            return False

    places = {os.path.realpath(p or os.curdir) for p in sys.path}
    libraries = {os.path.realpath(p) for p in (*sysconfig.get_paths().values(), *_user_library())}
    here = os.path.realpath(os.curdir)
    for kept in map(os.path.realpath, _compiled()):
        if same(kept) or _within(path, kept):
            return "a folder that the host runs compiled programs from"
        if _within(kept, path):
            return "above a folder that the host runs compiled programs from"
    if "__pycache__" in Path(path).parts:
        return "a folder that the host runs compiled programs from"
    if same(here):
        return "the directory that the host works in"
    for place in places | libraries:
        if same(place):
            return "on the import path of the host"
    for place in (here, *sorted(places | libraries)):
        if _within(place, path):
            return "above a directory that the host imports from"
    for place in sorted(libraries):
        if _within(path, place):
            return "in the library of the host's Python"
    for place in sorted(places):
        if _within(path, place) and _package_between(path, place):
            return "in a package of the host's"
    files, packages = _loaded()
    for folder in files:
        if same(folder) or _within(folder, path):
            return "above modules that the host has imported"
    if any(_within(path, package) for package in packages):
        return "in a package of the host's"
    return ""


def _compiled() -> list[str]:
    """Where compiled code is read from: this library's cache, and Python's own where it was moved."""
    cache = cache_folder()
    return [os.fspath(p) for p in (cache, sys.pycache_prefix) if p]


def _user_library() -> list[str]:
    """The user's own library. It need not be there yet: who makes it writes what Python starts with."""
    try:
        return [site.getusersitepackages()]
    except (OSError, TypeError, AttributeError):  # no home
        return []


def _loaded() -> tuple[set[str], set[str]]:
    """The folders that imported modules lie in, and those of imported packages. Finders may have found
    them elsewhere than on the import path, as those of editable installs do."""
    files, packages = set(), set()
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", {})
        file = names.get("__file__")
        if type(file) is not str:
            continue
        folder = os.path.dirname(os.path.abspath(file))
        files.add(folder)
        if "__path__" in names:
            packages.add(folder)
    return set(map(os.path.realpath, files)), set(map(os.path.realpath, packages))


def _within(path: str, above: str) -> bool:
    return path != above and Path(path).is_relative_to(above)


def _package_between(path: str, place: str) -> bool:
    """Whether the directory, or one between it and the import path, holds modules."""
    at = path
    while at != place:
        try:
            if any(n.endswith(_SUFFIXES) for n in os.listdir(at)):
                return True
        except OSError:
            return False
        at = os.path.dirname(at)
    return False
