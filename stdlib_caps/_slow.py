"""Functions of SQLite whose work grows with the product of what they are given, by a bounded way.

Stops: `instr`, `replace` and their like of two texts of a megabyte each, which take minutes within one
instruction of SQLite's, where no time is looked at and nothing can be interrupted. A statement's calls
of them are renamed to functions of ours; what is not renamed, as a quoted name, the authorizer refuses.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any, Final

__all__ = ["PREFIX", "SLOW", "TooLong", "add_bounded", "renamed"]

PREFIX: Final = "cap_"
#: Each with the product of lengths that it may be given.
SLOW: Final = {
    "instr": 200_000_000, "replace": 200_000_000, "trim": 100_000_000, "ltrim": 100_000_000,
    "rtrim": 100_000_000, "unhex": 100_000_000, "json_patch": 1_000_000_000,
}  # fmt: skip
_COUNTS: Final = {"replace": (3,), "instr": (2,), "json_patch": (2,)}
#: Strings, quoted names and comments are passed over; then a name that is called.
_CALLED: Final = re.compile(
    r"""'[^']*+(?:'|\Z)|"[^"]*+(?:"|\Z)|`[^`]*+(?:`|\Z)|\[[^\]]*+(?:\]|\Z)|--[^\n]*+|/\*.*?(?:\*/|\Z)"""
    r"|(?<![\w$.])(" + "|".join(SLOW) + r")(?=\s*\()",
    re.IGNORECASE | re.DOTALL,
)
_MAKES: Final = re.compile(
    r"(?>\s+|--[^\n]*\n|/\*.*?\*/)*+(?:create|alter)\b", re.IGNORECASE | re.DOTALL
)


class TooLong(ValueError):
    """The values of a call are too long for the time that it would take."""


def renamed(sql: str) -> str:
    """A statement whose calls of slow functions are of ours. What goes into the schema stays as it is:
    it is read by others, who do not have these."""
    if _MAKES.match(sql):
        return sql
    return _CALLED.sub(lambda m: PREFIX + m[0] if m[1] else m[0], sql)


def add_bounded(
    connection: sqlite3.Connection, note: Callable[[str], None], most: int
) -> sqlite3.Connection:
    """Give a connection our functions. note: told why one refuses. most: bytes of a value. Gives the
    connection that they ask for what SQLite's own would say, to be closed with the other one."""
    plain = sqlite3.connect(":memory:", check_same_thread=False)
    plain.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most)
    for name in SLOW:
        for count in _COUNTS.get(name, (1, 2)):
            connection.create_function(
                PREFIX + name, count, _bounded(plain, name, count, note, most), deterministic=True
            )
    return plain


def _bounded(
    plain: sqlite3.Connection, name: str, count: int, note: Callable[[str], None], most: int
) -> Callable[..., Any]:
    statement = f"SELECT {name}({', '.join('?' * count)})"

    def call(*values: Any) -> Any:
        if None in values:
            return None
        texts = all(type(v) is str for v in values)
        if texts and name == "instr":  # in Python the work grows with the sum
            return values[0].find(values[1]) + 1
        if texts and name == "replace" and values[1]:
            text, old, new = values
            if len(text) + text.count(old) * max(0, len(new) - len(old)) <= most:
                return text.replace(old, new)
        sizes = [len(v) if type(v) in (str, bytes) else 32 for v in values]
        if count > 1 and sizes[0] * sizes[1] > SLOW[name]:
            note(f"{name}(): its values are too long")
            raise TooLong
        try:
            (result,) = plain.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            note(str(error))
            raise
        return result

    return call
