"""What of SQL is granted: decided by SQLite's own parser, for each thing that a statement would do.

Stops: statements that reach out of the database or beyond the grant (`ATTACH`, `PRAGMA`,
`load_extension`, triggers and views over other tables). Default-deny: an action without a rule here,
such as one that a newer SQLite knows, is refused.
Source: sqlite.org/c3ref/c_alter_table.html, SQLite 3.34-3.50.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stdlib_caps._slow import PREFIX, SLOW, makes

__all__ = ["DEFAULT_FUNCTIONS", "TIME_FUNCTIONS", "VERBS", "Rules", "Verdict", "replacing"]

VERBS: Final = ("select", "insert", "update", "delete")

#: Functions that reckon with what they are given and nothing else.
DEFAULT_FUNCTIONS: Final = frozenset(
    """
    abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh
    count cume_dist degrees dense_rank exp first_value floor format glob group_concat hex ifnull iif
    instr json json_array json_array_length json_extract json_group_array json_group_object json_insert
    json_object json_patch json_quote json_remove json_replace json_set json_type json_valid lag
    last_value lead length like likelihood likely ln log log10 log2 lower ltrim max min mod nth_value
    ntile nullif octet_length percent_rank pi pow power printf quote radians rank replace round
    row_number rtrim sign sin sinh sqrt string_agg substr substring sum tan tanh total trim trunc typeof
    unhex unicode unlikely upper zeroblob -> ->> regexp match
    """.split()
)
#: With 'now' they tell the time.
TIME_FUNCTIONS: Final = frozenset(
    """
    date time datetime julianday strftime unixepoch timediff current_date current_time current_timestamp
    """.split()
)
_ACTIONS: Final = {
    sqlite3.SQLITE_INSERT: "insert",
    sqlite3.SQLITE_UPDATE: "update",
    sqlite3.SQLITE_DELETE: "delete",
}
_SCHEMA: Final = {
    sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_DROP_INDEX, sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_REINDEX,
    sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_DROP_VIEW,
}  # fmt: skip
_NAMES: Final = {
    sqlite3.SQLITE_ATTACH: "ATTACH", sqlite3.SQLITE_DETACH: "DETACH", sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_TRANSACTION: "a transaction of one's own (see execute_all)",
    sqlite3.SQLITE_SAVEPOINT: "a savepoint",
}  # fmt: skip
#: Functions that one statement may call, each of which may take some milliseconds for a text of a
#: megabyte, and none is interrupted where the statement has no loop.
MOST_CALLS: Final = 500
#: What reads a text of JSON counts as so many, and what looks for many places in one, which takes up to
#: 70 milliseconds, as so many more.
_JSON: Final = 8
_PLACES: Final = frozenset({"json_extract", "json_insert", "json_remove", "json_replace", "json_set"})


def _weight(name: str) -> int:
    """How many functions a call of one counts as. name: in lower case."""
    if name in _PLACES:
        return 2 * _JSON
    return _JSON if name.startswith("json") or name in ("->", "->>") else 1


_SYSTEM: Final = "sqlite_"
#: The verb, and not the function of that name.
_REPLACES: Final = re.compile(r"\breplace\b(?!\s*\()", re.IGNORECASE)
#: As SQLite itself begins the definition, whatever the statement looked like.
_VIRTUAL: Final = "CREATE VIRTUAL TABLE"


@dataclass(frozen=True, slots=True)
class Rules:
    """tables: names in lower case to verbs, or None for all tables. write: whether verbs other than
    select count. schema: whether tables can be made and dropped. theirs: whether some guest can, and so
    may have written the views."""

    tables: dict[str, frozenset[str]] | None
    write: bool
    schema: bool
    functions: frozenset[str]
    theirs: bool = False

    @classmethod
    def of(
        cls, tables: Mapping[str, str] | None, write: bool, schema: bool, functions: frozenset[str]
    ) -> Rules:
        """Rules as hosts write them. Raises ValueError for a verb that is none."""
        known = None if tables is None else {n.lower(): _verbs(n, v) for n, v in tables.items()}
        made = schema and known is None
        return cls(known, write, made, functions, made)

    def allows(self, table: str, verb: str) -> bool:
        name = table.lower()
        if name.startswith(_SYSTEM) or (verb != "select" and not self.write):
            return False
        return self.tables is None or verb in self.tables.get(name, ())

    @property
    def all_verbs(self) -> bool:
        """Whether whoever may change a table at all may also take rows away there."""
        changing = {"insert", "update"}
        return self.tables is None or all(
            "delete" in verbs for verbs in self.tables.values() if verbs & changing
        )

    def readonly(self) -> Rules:
        """No more than reading."""
        return Rules(self.tables, False, False, self.functions, self.theirs)

    def narrowed(self, tables: Mapping[str, str]) -> Rules:
        """What both allow."""
        wanted = {n.lower(): _verbs(n, v) for n, v in tables.items()}
        kept = {n: frozenset(v for v in verbs if self.allows(n, v)) for n, verbs in wanted.items()}
        return Rules(kept, self.write, False, self.functions, self.theirs)


def _verbs(table: str, verbs: str) -> frozenset[str]:
    found = frozenset(verbs.lower().split())
    if not found or not found <= set(VERBS):
        raise ValueError(f"tables: {table!r}: wanted verbs among {', '.join(VERBS)}, got {verbs!r}")
    return found


def replacing(connection: sqlite3.Connection) -> frozenset[str]:
    """Tables and triggers, in lower case, that may take rows away when rows are added or changed.

    No pragma tells of `ON CONFLICT REPLACE`, so the definitions are read; a comment that has the word
    counts too. What a virtual table makes of an insert is its own: fts5 is told by one to delete.
    """
    defined = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger') AND sql NOT NULL"
    return frozenset(
        name.lower()
        for name, sql in connection.execute(defined).fetchall()
        if _REPLACES.search(sql) or sql[: len(_VIRTUAL)].upper() == _VIRTUAL
    )


class Verdict:
    """The authorizer of one statement. rules: None for a statement of our own, which may do all.
    replacing: see there."""

    __slots__ = ("calls", "denied", "full", "late", "makes", "replaces", "replacing", "rules", "slow")

    def __init__(
        self, rules: Rules | None, sql: str = "", replacing: frozenset[str] = frozenset()
    ) -> None:
        self.rules = rules
        self.replacing = replacing
        self.denied = ""
        #: Why a function of ours refused, and whether one did because the time was over.
        self.slow = ""
        self.late = False
        #: Why the statement was interrupted, where that was for what it puts on disk.
        self.full = ""
        self.makes = makes(sql)
        self.calls = 0
        # SQLite asks nothing of the rows that `INSERT OR REPLACE` takes away. A text or a comment that
        # has the word counts too: it may ask for more than it needs, never for less.
        self.replaces = _REPLACES.search(sql) is not None

    def of(
        self, action: int, first: str | None, second: str | None, database: str | None,
        source: str | None,
    ) -> int:  # fmt: skip
        rules = self.rules
        if rules is None:
            return sqlite3.SQLITE_OK
        denied = self._denied(rules, action, first or "", second or "", database, source)
        if not denied:
            return sqlite3.SQLITE_OK
        self.denied = self.denied or denied
        return sqlite3.SQLITE_DENY

    def _denied(
        self,
        rules: Rules,
        action: int,
        first: str,
        second: str,
        database: str | None,
        source: str | None,
    ) -> str:
        """What of the statement was not granted; "" for what was."""
        if database not in (None, "main"):
            return f"the database {database!r}"
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return ""
        if action == sqlite3.SQLITE_FUNCTION:
            name = second.lower()
            self.calls += _weight(name)
            if self.calls > MOST_CALLS:
                self.slow = (
                    f"the statement calls more than {MOST_CALLS} functions; "
                    f"one of JSON counts as {_JSON}, or {2 * _JSON}"
                )
                return self.slow
            if name in SLOW and (source is None or rules.theirs):
                # See stdlib_caps._slow: what a guest wrote calls ours, but for what it hid in a view.
                return f"the function {second}() " + (
                    "written so" if source is None else f"in {source!r}"
                )
            own = not self.makes and name.startswith(PREFIX)  # nobody else could read such a table
            known = name.removeprefix(PREFIX) if own else name
            return "" if known in rules.functions else f"the function {second}()"
        if action == sqlite3.SQLITE_READ:
            # No table's own name: a column of a subquery.
            if not first or (rules.schema and first.lower().startswith(_SYSTEM)):
                return ""  # making a table reads the list of them
            return "" if rules.allows(first, "select") else f"select on {first!r}"
        if action in _ACTIONS:
            if first.lower().startswith(_SYSTEM):
                return "" if rules.schema else "changing the tables"
            if not rules.allows(first, _ACTIONS[action]):
                return f"{_ACTIONS[action]} on {first!r}"
            asked = {first.lower(), (source or "").lower()}
            if (self.replaces or asked & self.replacing) and not rules.allows(first, "delete"):
                return f"delete on {first!r}, where this may replace rows,"
            return ""
        if action in _SCHEMA:
            return "" if rules.schema else "changing the tables"
        return _NAMES.get(action, "this statement")
