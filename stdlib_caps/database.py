"""A SQLite database as a capability: a guest's statements over granted tables and verbs."""

from __future__ import annotations

import copy
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

from capcompiler import Capability
from capcompiler.membrane.arguments import AtMost
from stdlib_caps._slow import add_bounded, renamed
from stdlib_caps._sql import DEFAULT_FUNCTIONS, TIME_FUNCTIONS, Rules, Verdict, replacing
from stdlib_caps._temporary import temporary_files

__all__ = ["Database"]

#: What a use is told that would change a database which is not to be changed.
NO_CHANGES: Final = "changing the database"
MAX_ROWS: Final = 100_000
MAX_BYTES: Final = 16 * 2**20
MAX_VALUE: Final = 2**20
MAX_GROWTH: Final = 256 * 2**20
MAX_TEMPORARY: Final = 64 * 2**20
#: Instructions of SQLite's between two looks at the clock: one may take in a value of a megabyte.
_INSTRUCTIONS: Final = 100
#: Seconds between two looks at its temporary files.
_LOOK: Final = 0.005
_PLAIN: Final = frozenset({int, float, str, bytes, type(None)})

_Sql = Annotated[str, AtMost(100_000)]
_Values = list[Any] | tuple[Any, ...] | dict[str, Any]
Row = dict[str, Any]


class _Ambient(type):
    """Gives `Database` its constructors without making them methods that a guest could call."""

    def open_ambient(
        cls, path: str | os.PathLike[str], *, write: bool = False, create: bool = False,
        tables: Mapping[str, str] | None = None, schema: bool = False, times: bool = False,
        seconds: float = 5.0, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES,
        max_value: int = MAX_VALUE, max_growth: int = MAX_GROWTH, max_temporary: int = MAX_TEMPORARY,
    ) -> Database:  # fmt: skip
        """A SQLite file of this machine.

        write: whether rows can be changed. create: make the file where it is not there. tables: names
        to verbs ("select insert"), and no others; None for all. schema: whether tables can be made and
        dropped. times: whether functions of dates can be used, which tell the time. seconds: that one
        statement may take. max_rows, max_bytes: that one statement may give. max_value: bytes of one
        text or blob, also of those in the file. max_growth: bytes that the file may grow by meanwhile.
        max_temporary: bytes that a statement may put into temporary files, as for sorting; those of
        others that run meanwhile in this process count too. Looked at on Linux only.
        Raises FileNotFoundError, ValueError for a file that is no database, or rules that are none.

        Ambient authority: opens whatever the path names, with the rights of this process.
        """
        real = Path(os.path.realpath(path))
        if real.exists() and not real.is_file():
            raise ValueError(f"Database: {os.fspath(path)!r} is no file")
        if not real.exists() and not (write and create):
            raise FileNotFoundError(f"Database: there is no {os.fspath(path)!r}")
        mode = ("rwc" if create else "rw") if write else "ro"
        uri = f"file:{quote(str(real))}?mode={mode}"
        return _opened(
            uri,
            write,
            tables,
            schema,
            times,
            seconds,
            max_rows,
            max_bytes,
            max_value,
            max_growth,
            max_temporary,
        )

    def in_memory(
        cls, script: str = "", *, write: bool = True, tables: Mapping[str, str] | None = None,
        schema: bool = True, times: bool = False, seconds: float = 5.0, max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES, max_value: int = MAX_VALUE, max_growth: int = MAX_GROWTH,
        max_temporary: int = MAX_TEMPORARY,
    ) -> Database:  # fmt: skip
        """A database in memory, which `script`, SQL of the host's, fills at first."""
        return _opened(":memory:", write, tables, schema, times, seconds, max_rows, max_bytes, max_value,
                       max_growth, max_temporary, script)  # fmt: skip


def _opened(
    uri: str, write: bool, tables: Mapping[str, str] | None, schema: bool, times: bool,
    seconds: float, max_rows: int, max_bytes: int, max_value: int, max_growth: int, max_temporary: int,
    script: str = "",
) -> Database:  # fmt: skip
    if type(seconds) not in (int, float) or not 0 < seconds < 86_400:
        raise ValueError("Database: seconds: wanted a number above 0")
    for name, value, most in (
        ("max_rows", max_rows, 2**30), ("max_bytes", max_bytes, 2**30),
        ("max_value", max_value, 2**30), ("max_growth", max_growth, 2**50),
        ("max_temporary", max_temporary, 2**50),
    ):  # fmt: skip
        if type(value) is not int or not 0 < value < most:
            raise ValueError(f"Database: {name}: wanted a whole number above 0")
    functions = DEFAULT_FUNCTIONS | (TIME_FUNCTIONS if times else frozenset())
    rules = Rules.of(tables, write, schema and write, functions)
    # No statement is kept: what one holder may say must be asked anew of the next.
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=0
    )
    try:
        # Else no view or constraint could use LIKE, which is ours. What is called in them is asked of
        # the authorizer as anything else is, and what reaches out of the database SQLite refuses there.
        connection.execute("PRAGMA trusted_schema = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if script:
            connection.executescript(script)
        if write:
            _bound_growth(connection, max_growth)
        else:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(f"Database: {error}") from None
    for limit, value in (
        # A row of hundreds of values is made before any of it can be counted.
        (sqlite3.SQLITE_LIMIT_LENGTH, min(max_value, max_bytes)),
        (sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 64), (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100), (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50),
        (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000), (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0), (sqlite3.SQLITE_LIMIT_COLUMN, 500),
    ):  # fmt: skip
        connection.setlimit(limit, value)
    made: Database = object.__new__(Database)
    made._rules = rules
    made._door = _Door(connection, seconds, max_rows, max_bytes, max_temporary)
    return made


def _bound_growth(connection: sqlite3.Connection, growth: int) -> None:
    """Let the database have so many bytes more than it has now; what a guest fills is the host's."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA max_page_count = {min(pages + growth // size + 2, 2**32 - 2)}").close()


class _Now:
    """Who may do what, until when."""

    verdict = Verdict(Rules({}, False, False, frozenset()))
    deadline = 0.0

    def __init__(self, max_temporary: int) -> None:
        self.max_temporary = max_temporary
        #: The temporary files as they were at the first look, and when to look again.
        self.before: dict[int, int] | None = None
        self.look = 0.0

    def is_over(self) -> int:
        """Whether to interrupt the statement. Asked by SQLite now and then."""
        now = time.monotonic()
        if now > self.deadline:
            return 1
        if now < self.look:
            return 0
        files = temporary_files()
        # Where a process has thousands of files open, a look takes long.
        done = time.monotonic()
        self.look = done + max(_LOOK, 10 * (done - now))
        if self.before is None:
            self.before = files
        before = self.before
        if sum(max(0, size - before.get(file, 0)) for file, size in files.items()) <= self.max_temporary:
            return 0
        self.verdict.full = (
            f"the statement puts more than max_temporary={self.max_temporary:,} bytes into temporary "
            f"files, as for sorting"
        )
        return 1

    def note(self, why: str) -> None:
        self.verdict.slow = why

    def is_late(self) -> bool:
        late = time.monotonic() > self.deadline
        self.verdict.late = self.verdict.late or late
        return late


class _Door:
    """The one connection, and who uses it now."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        seconds: float,
        max_rows: int,
        max_bytes: int,
        max_temporary: int,
    ) -> None:
        self.connection = connection
        self.seconds = seconds
        self.max_rows = max_rows
        self.max_bytes = max_bytes
        self.lock = threading.RLock()
        # What the connection calls holds no door: in a ring the connection could end first.
        self._now = now = _Now(max_temporary)
        connection.set_authorizer(lambda *asked: now.verdict.of(*asked))
        connection.set_progress_handler(lambda: now.is_over(), _INSTRUCTIONS)
        plain = add_bounded(
            connection, now.note, now.is_late, connection.getlimit(sqlite3.SQLITE_LIMIT_LENGTH)
        )
        weakref.finalize(self, plain.close)
        weakref.finalize(self, connection.close)

    @property
    def verdict(self) -> Verdict:
        """That of the statement under way."""
        return self._now.verdict

    def use(
        self, rules: Rules | None, sql: str = "", replacing: frozenset[str] = frozenset()
    ) -> Verdict:
        """Let the next statement do what the rules allow, from now on for as long as it may take."""
        started = time.monotonic()
        self._now.deadline, self._now.look = started + self.seconds, started + _LOOK
        self._now.before = None
        self._now.verdict = Verdict(rules, sql, replacing)
        return self._now.verdict


class Database(Capability, metaclass=_Ambient, reads="query tables narrowed"):
    """A SQLite database. Made by `Database.open_ambient(path)` or `Database.in_memory(script)`.

    One statement at a time; values go in as parameters (`?`, `:name`). What is not granted is refused
    before it runs: other tables and verbs, `ATTACH`, `PRAGMA`, transactions, functions that reach out
    of the database.
    """

    _rules: Rules
    _door: _Door

    def __init__(self) -> None:
        raise TypeError("Database: write Database.open_ambient(path), which says what it takes")

    def _cap_readonly(self) -> Database:
        return self._with(self._rules.readonly())

    def _cap_refused(self) -> frozenset[str]:
        return frozenset() if self._rules.write else self._cap_changing()

    def _with(self, rules: Rules) -> Database:
        made = copy.copy(self)
        made._rules = rules
        return made

    def query(self, sql: _Sql, parameters: _Values = ()) -> list[Row]:
        """The rows that a SELECT gives, each as a dict by column."""
        with self._door.lock:
            cursor = self._run(sql, parameters, self._rules.readonly())
            try:
                if cursor.description is None:
                    raise ValueError("query: wanted a statement that gives rows")
                names = [column[0] for column in cursor.description]
                if len(set(names)) < len(names):
                    raise ValueError("query: two columns have one name; give them others with AS")
                return [dict(zip(names, row, strict=True)) for row in self._fetched(cursor)]
            finally:
                cursor.close()

    def execute(self, sql: _Sql, parameters: _Values = ()) -> int:
        """Carry out one statement that changes rows or tables; gives the number of rows changed."""
        return self.execute_all([(sql, parameters)])[0]

    def execute_all(self, statements: list[Any] | tuple[Any, ...]) -> list[int]:
        """Carry out statements, each a pair of SQL and parameters, all of them or none."""
        changed = []
        door = self._door
        with door.lock:
            door.use(None)
            self._begin("BEGIN IMMEDIATE")
            try:
                replaced = self._replacing()
                for statement in statements:
                    sql, parameters = _statement(statement)
                    cursor = self._run(sql, parameters, self._rules, replaced)
                    self._fetched(cursor)
                    changed.append(max(cursor.rowcount, 0))
                    cursor.close()
            except BaseException:
                self._end("ROLLBACK")
                raise
            self._end("COMMIT")
        return changed

    def tables(self) -> dict[str, list[str]]:
        """The tables that can be read, each with its columns."""
        found = {}
        with self._door.lock:
            self._door.use(None)
            listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
            for (name,) in self._door.connection.execute(listed).fetchall():
                if self._rules.allows(name, "select"):
                    columns = self._door.connection.execute(
                        "SELECT name FROM pragma_table_info(?)", (name,)
                    )
                    found[name] = [c for (c,) in columns.fetchall()]
        return found

    def narrowed(self, tables: dict[str, str]) -> Database:
        """The same database with these verbs on these tables, of those that are granted."""
        return self._with(self._rules.narrowed(tables))

    def _replacing(self) -> frozenset[str]:
        """See there. Read within the transaction, in which nobody else changes the tables; whoever may
        change them here may also delete."""
        if self._rules.all_verbs:
            return frozenset()
        try:
            return replacing(self._door.connection)
        except sqlite3.Error as error:
            problem = _problem(error, None)
        raise problem

    def _begin(self, sql: str) -> None:
        try:
            self._door.connection.execute(sql).close()
        except sqlite3.Error as error:
            problem = _problem(error, None)
        else:
            return
        raise problem

    def _end(self, sql: str) -> None:
        self._door.use(None)
        if self._door.connection.in_transaction:
            self._begin(sql)

    def _run(
        self, sql: str, parameters: _Values, rules: Rules, replaced: frozenset[str] = frozenset()
    ) -> sqlite3.Cursor:
        values = parameters.values() if isinstance(parameters, dict) else parameters
        for value in values:
            if type(value) is bool or type(value) not in _PLAIN:
                raise TypeError(
                    f"parameters: got {type(value).__name__}, wanted int, float, str, bytes or None"
                )
        door = self._door
        verdict = door.use(rules, sql, replaced)
        try:
            return door.connection.execute(renamed(sql), parameters)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
            problem = _problem(error, verdict)
        raise problem

    def _fetched(self, cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        size = 0
        try:
            for row in cursor:
                rows.append(row)
                size += 64 + sum(len(v) if type(v) in (str, bytes) else 8 for v in row)
                if len(rows) > self._door.max_rows or size > self._door.max_bytes:
                    raise ValueError(
                        f"the statement gives more than {self._door.max_rows:,} rows or "
                        f"{self._door.max_bytes:,} bytes"
                    )
            return rows
        except sqlite3.Error as error:
            problem = _problem(error, self._door.verdict)
        raise problem


def _statement(statement: Any) -> tuple[str, Any]:
    if type(statement) not in (tuple, list) or len(statement) != 2 or type(statement[0]) is not str:
        raise TypeError("execute_all: wanted pairs of SQL and parameters")
    sql, parameters = statement
    if type(parameters) not in (tuple, list, dict):
        raise TypeError("execute_all: wanted pairs of SQL and parameters")
    if len(sql) > 100_000:
        raise ValueError("the statement is too long")
    return sql, parameters


def _problem(error: Exception, verdict: Verdict | None) -> Exception:
    """The error as a guest sees it: of SQLite's own words, which name tables and columns."""
    text = str(error)
    denied = "" if verdict is None else verdict.denied
    if verdict is not None and verdict.full:
        return ValueError(verdict.full)
    if text == "interrupted" or (verdict is not None and verdict.late):
        return TimeoutError("the statement took too long")
    if verdict is not None and verdict.slow:
        return ValueError(verdict.slow[:300])
    if denied or "not authorized" in text or "prohibited" in text or "readonly database" in text:
        return PermissionError(f"{denied or NO_CHANGES} was not granted")
    return ValueError(text[:300])
