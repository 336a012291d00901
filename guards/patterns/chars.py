"""Sets of characters, as far as telling whether two have one in common.

Up to 255 a set is exact: the engine itself is asked. Beyond, it is the union of classes of characters
(words, digits, spaces), and never less than the set really is.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import re._constants as sre  # type: ignore[import-not-found]
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from guards.patterns.code import ENDLESS, program

__all__ = ["EVERY", "NONE", "Chars", "chars_of"]


@dataclass(frozen=True, slots=True)
class Chars:
    """low: a bit for each character up to 255. beyond: a bit for each class of those after."""

    low: int
    beyond: int

    def __or__(self, other: Chars) -> Chars:
        return Chars(self.low | other.low, self.beyond | other.beyond)

    def meets(self, other: Chars) -> bool:
        return bool(self.low & other.low or self.beyond & other.beyond)


#: A class beyond 255 is a way for a character to be of a word, a digit and a space, or not.
_WAYS: Final = 8
_WORD, _DIGIT, _SPACE = (sum(1 << way for way in range(_WAYS) if way >> bit & 1) for bit in range(3))
#: Ways that there are: a digit is of a word, a space is not.
_THERE: Final = sum(
    1 << way for way in range(_WAYS) if not (way & 2 and not way & 1) and not (way & 4 and way & 1)
)
_ALL: Final = _THERE
EVERY: Final = Chars((1 << 256) - 1, _ALL)
NONE: Final = Chars(0, 0)
_CATEGORIES: Final = {"WORD": _WORD & _THERE, "DIGIT": _DIGIT & _THERE, "SPACE": _SPACE & _THERE}
_LATIN: Final = "".join(map(chr, range(256)))
_LATIN_BYTES: Final = bytes(range(256))
_NAMES: Final = {int(op): str(op) for op in sre.OPCODES}
_CATEGORY_NAMES: Final = {int(c): str(c) for c in sre.CHCODES}


def chars_of(code: tuple[int, ...], compile: Callable[..., Any], *, text: bool) -> Chars:
    """The characters that an instruction lets through. compile: (engine's instructions) -> pattern.
    text: whether what is matched is text; bytes end at 255."""
    run = compile(program(code, low=1, high=ENDLESS))
    low = 0
    for found in run.finditer(_LATIN if text else _LATIN_BYTES):
        start, end = found.span()
        low |= (1 << end) - (1 << start)
    return Chars(low, _beyond(code) if text else 0)


def _beyond(code: tuple[int, ...]) -> int:
    name = _NAMES[code[0]]
    if name == "LITERAL":
        return _ALL if code[1] > 255 else 0
    if name in ("NOT_LITERAL", "ANY", "ANY_ALL") or name != "IN":
        return _ALL  # where case is ignored, a letter beyond may stand for one before
    at, last, denied = 2, len(code), False
    least = most = 0
    while at < last:
        name = _NAMES[code[at]]
        if name == "FAILURE":
            break
        if name == "NEGATE":
            denied = True
            at += 1
        elif name == "LITERAL":
            most |= _ALL if code[at + 1] > 255 else 0
            at += 2
        elif name == "RANGE":
            most |= _ALL if code[at + 2] > 255 else 0
            at += 3
        elif name == "CHARSET":
            at += 1 + 256 // (8 * _sre.CODESIZE)
        elif name == "CATEGORY":
            kind = _CATEGORY_NAMES[code[at + 1]]
            ways = _category(kind)
            if ways is None:
                most = _ALL
            else:
                least |= ways
                most |= ways
            at += 2
        else:
            return _ALL
    return _ALL & ~least if denied else most


def _category(name: str) -> int | None:
    """The classes beyond 255 that a category has; None where that is not known."""
    parts = name.split("_")[1:]
    wide = parts[0] == "UNI"
    if parts[0] == "LOC" or parts[-1] not in _CATEGORIES:
        return None
    if wide:
        parts = parts[1:]
    ways = _CATEGORIES[parts[-1]] if wide else 0
    return _ALL & ~ways if parts[0] == "NOT" else ways
