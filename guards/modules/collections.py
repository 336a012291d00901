"""`collections`: C containers of the guest's own objects."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


from guards.modules.table import MODULES, ModuleRow

__all__: list[str] = []

MODULES["collections"] = ModuleRow(
    why="C containers of the guest's own objects; methods that walk or build are charged",
    safe={"deque": deque, "defaultdict": defaultdict, "OrderedDict": OrderedDict},
)
