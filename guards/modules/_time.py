"""`_guard_time`: the parts of `time` that read no clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from guards.charge import charge_strftime
from guards.host import host_exact_str
from guards.modules.table import MODULES, ModuleRow, tamed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}


@tamed_in(_TAMED)
def _gmtime(realm: Realm, secs: Any, /) -> Any:
    return time.gmtime(secs)


@tamed_in(_TAMED)
def _strftime(realm: Realm, format: Any, moment: Any, /) -> str:
    if not isinstance(format, str):
        raise TypeError("strftime() argument 1 must be str")
    text = host_exact_str(format)
    charge_strftime(realm, text)
    parts = text.split("%%")  # the names of time zones are the host's
    text = "%%".join(p.replace("%Z", "UTC").replace("%z", "+0000") for p in parts)
    return time.strftime(text, moment)


MODULES["_guard_time"] = ModuleRow(
    why="calendars; struct_time is immutable", safe={"struct_time": time.struct_time}, tame=_TAMED
)
