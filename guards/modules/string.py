"""`string`: text constants."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


from guards.modules.table import MODULES, ModuleRow

__all__: list[str] = []

MODULES["string"] = ModuleRow(
    why="text constants",
    safe={
        n: getattr(string, n)
        for n in """ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits
        printable punctuation whitespace""".split()
    },
)
