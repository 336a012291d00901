"""`_string`: the parser of format strings. It gives pieces of text and reads no attribute."""

from __future__ import annotations

import _string  # type: ignore[import-not-found]
from typing import TYPE_CHECKING, Any

from guards.host import host_exact_str, host_name
from guards.modules.table import MODULES, ModuleRow
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__: list[str] = []


def _parsed(function: Any) -> Any:
    def tamed(realm: Realm, text: Any, /) -> Any:
        if not issubclass(type(text), str):
            raise TypeError(f"expected str, got {host_name(type(text))}")
        exact = host_exact_str(text)
        realm.meter.charge_bytes(len(exact))
        return function(exact)

    tamed.__name__ = tamed.__qualname__ = function.__name__
    return tamed


enter(type(_string.formatter_parser("")))
enter(type(_string.formatter_field_name_split("a")[1]))
MODULES["_string"] = ModuleRow(
    why="text to pieces of text",
    tame={n: _parsed(getattr(_string, n)) for n in ("formatter_parser", "formatter_field_name_split")},
)
