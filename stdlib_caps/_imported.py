"""Whether the host runs what lies in a directory (pit 19)."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Final

__all__ = ["imported_from"]

_SUFFIXES: Final = (".py", ".pyc", ".pyd", ".so", ".pth")


def imported_from(root: int, path: str) -> str:
    """Why a guest that writes into the directory writes what the host imports; "" when it does not.

    root: a descriptor of the directory. path: its real path.
    """
    told = os.fstat(root)

    def same(other: str) -> bool:
        try:
            return os.path.samestat(told, os.stat(other))
        except OSError:
            return False

    places = {os.path.realpath(p or os.curdir) for p in sys.path}
    libraries = {os.path.realpath(p) for p in sysconfig.get_paths().values()}
    here = os.path.realpath(os.curdir)
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
    return ""


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
