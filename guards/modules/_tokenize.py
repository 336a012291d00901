"""`_tokenize`: the tokens of a text by C. They are numbers and pieces of the text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from guards.call import callable_for_c
from guards.host import host_exact_str, host_name
from guards.modules.table import MODULES, ModuleRow, tamed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}
_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"})


@tamed_in(_TAMED)
def _TokenizerIter(
    realm: Realm, readline: Any, /, *, encoding: Any = None, extra_tokens: Any = False
) -> Any:
    """The lines are read before C sees the first: it calls nothing of the guest's."""
    import _tokenize  # type: ignore[import-not-found]

    if encoding is not None and str(encoding).lower() not in _UTF8:
        raise SyntaxError(f"unknown encoding: {encoding!r}")
    read = callable_for_c(realm, readline)
    lines: list[str] = []
    while True:
        try:
            line = read()
        except StopIteration:
            break
        if issubclass(type(line), (bytes, bytearray)):
            line = bytes(memoryview(line)).decode()
        if not issubclass(type(line), str):
            raise TypeError(f"readline() returned {host_name(type(line))}, not text")
        exact = host_exact_str(line)
        if not exact:
            break
        realm.meter.charge_bytes(len(exact) * 16)
        lines.append(exact)
    lines.append("")
    return iter(list(_tokenize.TokenizerIter(iter(lines).__next__, extra_tokens=bool(extra_tokens))))


def _of_text(realm: Realm, source: Any, /) -> Any:
    """On 3.11 it takes the whole text."""
    import _tokenize

    if not issubclass(type(source), str):
        raise TypeError(f"TokenizerIter() argument must be str, not {host_name(type(source))}")
    exact = host_exact_str(source)
    realm.meter.charge_bytes(len(exact) * 16)
    realm.meter.charge(len(exact))
    return iter(list(_tokenize.TokenizerIter(exact)))


if sys.version_info < (3, 12):
    _of_text.__name__ = _of_text.__qualname__ = "TokenizerIter"
    _TAMED["TokenizerIter"] = _of_text
MODULES["_tokenize"] = ModuleRow(why="pieces of the text, and where they stand in it", tame=_TAMED)
