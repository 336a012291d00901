"""Functions of SQLite whose work grows with the product of what they are given, by a bounded way.

Stops: `instr`, `replace` and their like of two texts of a megabyte each, which take minutes within one
instruction of SQLite's, where no time is looked at and nothing can be interrupted. A statement's calls
of them are renamed to functions of ours; what is not renamed, as a quoted name, the authorizer refuses.
`LIKE` and `GLOB`, which are functions too, are ours under their own names, in views as well.

SQLite looks at the time where it jumps back, and a statement may be long and have no loop: so each of
ours looks at it first.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any, Final

__all__ = ["PREFIX", "SLOW", "TooLong", "add_bounded", "makes", "renamed"]

PREFIX: Final = "cap_"
#: Each with the product of lengths that it may be given.
SLOW: Final = {
    "instr": 200_000_000, "replace": 200_000_000, "trim": 100_000_000, "ltrim": 100_000_000,
    "rtrim": 100_000_000, "unhex": 100_000_000, "json_patch": 1_000_000_000,
}  # fmt: skip
#: The product of lengths that a pattern and a text may have, where there is more to it than texts in
#: their order.
_MOST_MATCHED: Final = 20_000_000
#: Operators: the name of each, what stands for any text in its patterns, and what else means something.
_MATCHES: Final = {"like": (b"%", b"_\0"), "glob": (b"*", b"?[\0")}
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


def makes(sql: str) -> bool:
    """Whether a statement puts what it says into the schema."""
    return _MAKES.match(sql) is not None


def renamed(sql: str) -> str:
    """A statement whose calls of slow functions are of ours. What goes into the schema stays as it is:
    it is read by others, who do not have these."""
    if makes(sql):
        return sql
    return _CALLED.sub(lambda m: PREFIX + m[0] if m[1] else m[0], sql)


def add_bounded(
    connection: sqlite3.Connection, note: Callable[[str], None], is_late: Callable[[], bool], most: int
) -> sqlite3.Connection:
    """Give a connection our functions. note: told why one refuses. is_late: whether the statement has
    taken too long. most: bytes of a value. Gives the connection that they ask for what SQLite's own
    would say, to be closed with the other one."""
    plain = sqlite3.connect(":memory:", check_same_thread=False)
    plain.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most)
    for name in SLOW:
        for count in _COUNTS.get(name, (1, 2)):
            bounded = _in_time(is_late, _bounded(plain, name, count, note, most))
            connection.create_function(PREFIX + name, count, bounded, deterministic=True)
    for name in _MATCHES:
        for count in (2, 3) if name == "like" else (2,):
            matching = _in_time(is_late, _matching(plain, name, count, note))
            connection.create_function(name, count, matching, deterministic=True)
    return plain


def _in_time(is_late: Callable[[], bool], call: Callable[..., Any]) -> Callable[..., Any]:
    def in_time(*values: Any) -> Any:
        if is_late():
            raise TooLong
        return call(*values)

    return in_time


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


def _matching(
    plain: sqlite3.Connection, name: str, count: int, note: Callable[[str], None]
) -> Callable[..., Any]:
    statement = f"SELECT {name}({', '.join('?' * count)})"
    any_text, special = _MATCHES[name]

    def call(pattern: Any, text: Any, *escape: Any) -> Any:
        if pattern is None or text is None or None in escape:
            return None
        if type(pattern) is str and type(text) is str and not escape:
            wanted, given = pattern.encode(), text.encode()
            if not any(c in special for c in wanted) and b"\0" not in given:
                if name == "like":  # which takes letters of ASCII as one with their capitals
                    wanted, given = wanted.lower(), given.lower()
                return _in_order(wanted.split(any_text), given)
        sizes = [len(v) if type(v) in (str, bytes) else 32 for v in (pattern, text)]
        if sizes[0] * sizes[1] > _MOST_MATCHED:
            note(f"{name.upper()}: the pattern and the text are too long")
            raise TooLong
        try:
            (result,) = plain.execute(statement, (pattern, text, *escape)).fetchone()
        except sqlite3.Error as error:
            note(str(error))
            raise
        return result

    return call


def _in_order(parts: list[bytes], text: bytes) -> bool:
    """Whether a text is these, one after another, with any text between each two. By the first places
    where they stand, so that the work grows with the sum of lengths."""
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return text == first
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts[1:-1]:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
