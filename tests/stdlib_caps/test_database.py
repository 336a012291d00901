"""Databases: real tables in real files, and what of them a guest may read and change."""

from __future__ import annotations

import datetime
import os
import sqlite3
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Compartment
from stdlib_caps import Database, readonly, revocable

Attempt = Callable[..., str]
SCHEMA = """
create table orders(id integer primary key, item text not null unique, amount real, paid blob);
create table customers(name text, secret text);
create view named as select item from orders;
create view leaky as select secret from customers;
create trigger spy after insert on orders begin insert into customers values (new.item, 'spied'); end;
insert into customers values ('eve', 'hidden');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shop.db"
    connection = sqlite3.connect(file)
    connection.executescript(SCHEMA)
    connection.execute("insert into orders(item, amount) values ('tea', 2.5)")
    connection.commit()
    connection.close()
    return file


def test_rows_are_read_and_written(path: Path, attempt: Attempt) -> None:
    caps = {"db": Database.open_ambient(path, write=True)}
    assert attempt("db.query('select * from orders')", caps) == (
        "[{'id': 1, 'item': 'tea', 'amount': 2.5, 'paid': None}]"
    )
    assert (
        attempt("db.execute('insert into orders(item, paid) values (?, ?)', ['cup', b'x'])", caps) == "1"
    )
    assert attempt("db.execute('update orders set amount = :n', {'n': 5})", caps) == "2"
    assert attempt("db.query('select item i, amount a from orders where item = ?', ('cup',))", caps) == (
        "[{'i': 'cup', 'a': 5.0}]"
    )
    assert attempt("db.execute('delete from orders where id = ?', [1])", caps) == "1"
    assert attempt(
        "db.query('select upper(item) u, count(*) n from named group by 1 order by 1')", caps
    ) == ("[{'u': 'CUP', 'n': 1}]")
    assert attempt("db.tables()['orders']", caps) == "['id', 'item', 'amount', 'paid']"
    connection = sqlite3.connect(path)
    assert connection.execute("select item from orders").fetchall() == [("cup",)]
    connection.close()


def test_all_or_none(path: Path, attempt: Attempt) -> None:
    caps = {"db": Database.open_ambient(path, write=True)}
    source = "db.execute_all([('insert into orders(item) values (?)', ['a']), ('insert into orders(item) values (?)', ['a'])])"
    assert attempt(source, caps) == "ValueError: UNIQUE constraint failed: orders.item"
    assert attempt("db.query('select count(*) n from orders')", caps) == "[{'n': 1}]"
    good = source.replace("['a']), (", "['a']), (", 1).replace("['a'])]", "['b'])]")
    assert attempt(good, caps) == "[1, 1]"


REFUSED = [
    "select 1; select 2", "select 1; drop table orders", "insert into orders(item) values ('x'); delete from orders",
    "attach 'x.db' as y", "attach ':memory:' as y", "detach main", "pragma user_version", "pragma journal_mode = off",
    "pragma writable_schema = 1", "select * from pragma_table_info('orders')", "select * from sqlite_master",
    "select * from main.sqlite_schema", "select load_extension('evil')", "select readfile('/etc/passwd')",
    "select writefile('x', 'y')", "select edit('x')", "select fts3_tokenizer('x')", "begin", "commit", "rollback",
    "savepoint x", "vacuum into 'copy.db'", "create temp table t(x)", "create table t(x)", "drop table orders",
    "alter table orders add y", "create index i on orders(item)", "create view v as select 1",
    "create trigger t after insert on orders begin select 1; end", "create virtual table t using fts5(x)", "analyze",
    "reindex", "select random()", "select hex(randomblob(5))", "select datetime('now')", "select current_timestamp",
    "select strftime('%s', 'now')", "select sqlite_version()", "select last_insert_rowid()", "select zeroblob(1 << 30)",
 "select '", "selec 1", "", "-- nothing", "select 1 a, 2 a",
    "select ? from orders", "select :nope", "select x from nope", "\0", "select 1\0; drop table orders",
    "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
    "select * from (with recursive c(x) as (select 1 union all select x + 1 from c) select x from c)",
    "select * from generate_series(1, 10)", "insert into sqlite_master values (1, 2, 3, 4, 5)",
    "delete from sqlite_sequence", "update sqlite_master set sql = ''",
]  # fmt: skip


@pytest.mark.parametrize("sql", REFUSED)
@pytest.mark.parametrize("method", ["query", "execute"])
def test_statements_that_are_not_granted_do_nothing(
    path: Path, attempt: Attempt, sql: str, method: str
) -> None:
    before = path.read_bytes()
    beside = sorted(os.listdir(path.parent))
    world = {"db": Database.open_ambient(path, write=True, seconds=0.3, max_rows=1000), "sql": sql}
    got = attempt(f"db.{method}(sql)", world)
    harmless = method == "execute" and sql in (
        "select 1 a, 2 a",
        "",
        "-- nothing",
    )
    if not harmless:
        assert got.startswith(("PermissionError", "ValueError", "TimeoutError")), got
    assert attempt("db.query('select count(*) n from orders')", world) == "[{'n': 1}]"
    assert path.read_bytes() == before
    assert sorted(os.listdir(path.parent)) == beside


WRITES = [
    "insert into orders(item) values ('x')", "update orders set amount = 0", "delete from orders",
    "insert or replace into orders(id, item) values (1, 'x')", "with x as (select 1) delete from orders",
    "replace into orders(id, item) values (1, 'x')", "delete from orders returning item",
]  # fmt: skip


@pytest.mark.parametrize("sql", WRITES)
@pytest.mark.parametrize("how", ["ro", "readonly", "readonly in the guest", "narrowed", "query"])
def test_reading_changes_nothing(path: Path, attempt: Attempt, sql: str, how: str) -> None:
    db: Any = Database.open_ambient(path, write=how != "ro")
    method = "query" if how == "query" else "execute"
    if how == "readonly":
        db = readonly(db)
    name = {
        "readonly in the guest": "readonly(db)",
        "narrowed": "db.narrowed({'orders': 'select'})",
    }.get(how, "db")
    if how == "readonly in the guest":
        assert attempt("db.execute('update orders set amount = amount')", {"db": db}) == "1"
    before = path.read_bytes()
    got = attempt(f"{name}.{method}({sql!r})", {"db": db})
    assert got.startswith(("PermissionError", "AttributeError")), got
    assert path.read_bytes() == before


def test_tables_and_verbs(path: Path, attempt: Attempt) -> None:
    caps = {
        "db": Database.open_ambient(
            path, write=True, tables={"ORDERS": "select update", "named": "select"}
        )
    }
    assert (
        attempt("db.tables()", caps) == "{'named': ['item'], 'orders': ['id', 'item', 'amount', 'paid']}"
    )
    assert attempt("db.query('select item from named')", caps) == "[{'item': 'tea'}]"
    assert attempt("db.execute('update orders set amount = 3')", caps) == "1"
    for sql, what in (
        ("select * from customers", "select on 'customers'"), ("select * from leaky", "select on"),
        ("select (select secret from customers) s", "select on 'customers'"),
        ("select * from orders join customers", "select on 'customers'"),
        ("select * from orders union select name, 1, 2, 3 from customers", "select on 'customers'"),
        ("delete from orders", "delete on 'orders'"), ("insert into orders(item) values ('q')", "insert on"),
        ("update customers set secret = ''", "update on 'customers'"),
        ("update orders set item = (select secret from customers)", "select on 'customers'"),
    ):  # fmt: skip
        for method in ("query", "execute"):
            got = attempt(f"db.{method}({sql!r})", caps)
            assert got.startswith("PermissionError") and what in got or method == "query", (sql, got)
            assert got.startswith("PermissionError")
    wide = {"db": Database.open_ambient(path, write=True, tables={"orders": "insert select"})}
    # The trigger would write into a table that is not granted.
    assert "'customers'" in attempt("db.execute(\"insert into orders(item) values ('q')\")", wide)
    with pytest.raises(ValueError, match="wanted verbs"):
        Database.open_ambient(path, tables={"orders": "select drop"})


def test_narrowing_never_widens(path: Path, attempt: Attempt) -> None:
    caps = {"db": Database.open_ambient(path, write=True, tables={"orders": "select"})}
    for source in (
        "db.narrowed({'orders': 'select insert update delete'}).execute('delete from orders')",
        "db.narrowed({'customers': 'select'}).query('select * from customers')",
        "db.narrowed({'sqlite_master': 'select'}).query('select * from sqlite_master')",
        "db.narrowed({'named': 'select'}).narrowed({'orders': 'select'}).query('select * from orders')",
    ):
        assert attempt(source, caps).startswith("PermissionError"), source
    assert attempt("db.narrowed({'orders': 'drop'})", caps).startswith("ValueError")
    assert attempt("db.narrowed({'orders': 'select'}).tables()", caps).startswith("{'orders'")


def test_what_one_may_say_is_not_what_the_next_may_say(path: Path, attempt: Attempt) -> None:
    """A statement that was prepared for one holder must not run for another who may not say it."""
    db = Database.open_ambient(path, write=True)
    caps = {"db": db, "less": db.narrowed({"orders": "select"})}
    assert attempt("db.query('select * from customers')", caps).startswith("[")
    assert attempt("less.query('select * from customers')", caps).startswith("PermissionError")
    assert attempt("db.execute('delete from customers')", caps) == "2"
    assert attempt("less.execute('delete from customers')", caps).startswith("PermissionError")


@pytest.mark.parametrize(
    "value", ["True", "[1]", "{'a': 1}", "object()", "1j", "db", "lambda: 0", "10**30", "'\\udc80'"]
)
def test_parameters_are_plain(path: Path, attempt: Attempt, value: str) -> None:
    got = attempt(f"db.query('select ? x', [{value}])", {"db": Database.open_ambient(path)})
    assert got.startswith(("TypeError", "ValueError")), got


def test_a_parameter_is_never_sql(path: Path, attempt: Attempt) -> None:
    evil = "x'); delete from orders; --"
    caps = {"db": Database.open_ambient(path, write=True), "evil": evil}
    assert attempt("db.query('select ? x', [evil])[0]['x'] == evil", caps) == "True"
    assert attempt("db.query('select count(*) n from orders')", caps) == "[{'n': 1}]"


def test_results_are_bounded(path: Path, attempt: Attempt) -> None:
    caps = {"db": Database.open_ambient(path, max_rows=10, max_bytes=1000)}
    series = (
        "with recursive c(x) as (select 1 union all select x + 1 from c where x < {}) select x from c"
    )
    assert "more than 10 rows" in attempt(f"db.query({series.format(20)!r})", caps)
    assert attempt(f"len(db.query({series.format(9)!r}))", caps) == "9"
    assert "too big" in attempt(
        "db.query(\"select replace(hex(zeroblob(400)), '0', 'abcdef') x\")", caps
    )


def test_times_are_granted_apart(path: Path, attempt: Attempt) -> None:
    got = attempt(
        "db.query(\"select date('now') d\")[0]['d']", {"db": Database.open_ambient(path, times=True)}
    )
    assert (
        abs(
            datetime.date.fromisoformat(got.strip("'")) - datetime.datetime.now(datetime.UTC).date()
        ).days
        <= 1
    )


def test_tables_are_made_where_that_is_granted(attempt: Attempt) -> None:
    caps = {"db": Database.in_memory()}
    source = "db.execute('create table t(x)')\ndb.execute('insert into t values (1)')\ndb.query('select * from t')"
    assert attempt(source, caps) == "[{'x': 1}]"
    assert attempt("db.execute('drop table t')\ndb.tables()", caps) == "{}"
    fixed = {"db": Database.in_memory("create table t(x)", schema=False)}
    assert (
        attempt("db.execute('drop table t')", fixed)
        == "PermissionError: changing the tables was not granted"
    )


def test_a_database_is_opened_by_name_only(path: Path, tmp_path: Path, attempt: Attempt) -> None:
    with pytest.raises(TypeError, match="open_ambient"):
        Database()
    with pytest.raises(FileNotFoundError):
        Database.open_ambient(tmp_path / "nope.db")
    with pytest.raises(FileNotFoundError):
        Database.open_ambient(tmp_path / "nope.db", write=True)
    with pytest.raises(ValueError, match="no file"):
        Database.open_ambient(tmp_path)
    (tmp_path / "text").write_text("no database at all" * 100)
    with pytest.raises(ValueError, match="not a database"):
        Database.open_ambient(tmp_path / "text")
    for options in ({"seconds": 0}, {"max_rows": 0}, {"max_bytes": -5}, {"seconds": float("nan")}):
        with pytest.raises(ValueError, match="Database"):
            Database.open_ambient(path, **options)  # type: ignore[arg-type]
    assert sorted(os.listdir(tmp_path)) == ["shop.db", "text"]
    Database.open_ambient(tmp_path / "new.db", write=True, create=True)
    odd = tmp_path / "a?mode=rwc#x.db"
    path.rename(odd)
    assert attempt("db.execute('delete from orders')", {"db": Database.open_ambient(odd)}).startswith(
        "PermissionError"
    )
    assert attempt("db.open_ambient('x')", {"db": Database.open_ambient(odd)}).startswith(
        "AttributeError"
    )


def test_it_is_taken_back(path: Path) -> None:
    cap, revoke = revocable(Database.open_ambient(path))
    world = Compartment({"db": cap})
    world.exec("n = db.narrowed({'orders': 'select'})\nn.query('select 1 x')")
    revoke()
    with pytest.raises(Exception, match="revoked"):
        world.exec("n.query('select 1 x')")


@pytest.mark.parametrize(
    "sql",
    [
        "insert or replace into orders(id, item) values (1, 'evil')",
        "INSERT OR/**/REPLACE INTO orders(id, item) VALUES (1, 'evil')",
        "replace into orders(id, item) values (1, 'evil')",
        "with x as (select 1) replace into orders(id, item) values (1, 'evil')",
        "update or replace orders set id = 1, item = 'evil' where id = 2",
        "insert into orders(id, item) values (1, 'evil') on conflict do update set item = 'evil'",
    ],
)
def test_rows_are_not_replaced_by_who_may_only_add(path: Path, sql: str) -> None:
    """SQLite's authorizer hears of the insert, and not of the row that goes."""
    verbs = "select insert" if "update or" not in sql else "select insert update"
    db = Database.open_ambient(path, write=True, tables={"orders": verbs, "customers": "insert"})
    db.execute("insert into orders(id, item) values (2, 'cup')")
    with pytest.raises(PermissionError):
        db.execute(sql)
    assert db.query("select item from orders order by id") == [{"item": "tea"}, {"item": "cup"}]
    db.execute("insert into orders(item) values (replace('a', 'a', 'b'))")


REPLACING = """
create table kept(a unique on conflict replace, b);
create table keyed(a integer primary key ON CONFLICT/**/REPLACE, b);
create table many(a, b, unique(a, b) on conflict Replace);
create table plain(a unique, b text default (replace('x', 'y', 'z')));
create table other(a primary key, b);
create trigger spread after insert on plain begin insert or replace into other values (new.a, new.b); end;
insert into kept values (1, 'old'); insert into keyed values (1, 'old'); insert into many values (1, 'old');
insert into other values (1, 'old');
"""


@pytest.mark.parametrize(
    "sql",
    [
        "insert into kept values (1, 'new')",
        "insert into KEPT select 1, 'new'",
        "update kept set a = 1 where a = 2",
        "insert into keyed values (1, 'new')",
        "insert into many values (1, 'old')",
        "insert into plain values (1, 'new')",  # by the host's trigger
    ],
)
def test_a_table_that_replaces_rows_wants_the_verb_delete(sql: str, attempt: Attempt) -> None:
    """SQLite's authorizer hears nothing of what a constraint takes away."""
    tables = ("kept", "keyed", "many", "plain", "other")
    some = dict.fromkeys(tables, "select insert update")
    db = Database.in_memory(REPLACING, tables=some)
    before = {t: db.query(f"select * from {t}") for t in tables}
    for granted in (db, Database.in_memory(REPLACING).narrowed(some)):
        got = attempt(f"db.execute({sql!r})", {"db": granted})
        assert got.startswith("PermissionError: delete on") and "may replace rows" in got, got
    assert {t: db.query(f"select * from {t}") for t in tables} == before
    whole = Database.in_memory(REPLACING, tables=dict.fromkeys(tables, "select insert update delete"))
    assert attempt(f"db.execute({sql!r})", {"db": whole}) in ("0", "1")


def test_what_a_virtual_table_makes_of_an_insert_is_its_own(attempt: Attempt) -> None:
    script = "create virtual table found using fts5(a); insert into found values ('old')"
    try:
        db = Database.in_memory(script, tables={"found": "select insert"})
    except ValueError:
        pytest.skip("this SQLite has no fts5")
    for sql in (
        "insert into found(found, rowid, a) values ('delete', 1, 'old')",
        "insert into found(found) values ('rebuild')",
        "insert into found values ('new')",
    ):
        got = attempt(f"db.execute({sql!r})", {"db": db})
        assert got.startswith("PermissionError: delete on 'found'"), got


def test_a_database_in_memory_is_not_the_hosts_memory() -> None:
    db = Database.in_memory("create table t(v)", max_growth=2**20)
    many = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100)"
    with pytest.raises(ValueError, match="full"):
        db.execute(f"insert into t {many} select zeroblob(100000) from c")
    assert db.query("select count(*) n from t") == [{"n": 0}]
    db.execute("insert into t values (zeroblob(100000))")


def test_a_file_grows_by_as_much_as_was_said(path: Path) -> None:
    before = path.stat().st_size
    db = Database.open_ambient(path, write=True, max_growth=2**16)
    with pytest.raises(ValueError, match="full"):
        for _ in range(100):
            db.execute("insert into orders(item, paid) values (hex(zeroblob(50)) || ?, zeroblob(9999))",
                       [_])  # fmt: skip
    assert path.stat().st_size <= before + 2**16 + 2**14


def test_a_row_of_large_values_is_not_made() -> None:
    """Each within the bound of a whole answer, and hundreds of them in one row: 8 GB."""
    db = Database.in_memory(max_bytes=16 * 2**20)
    with pytest.raises(ValueError, match="too big"):
        db.query("select " + ", ".join(f"zeroblob(16000000) a{i}" for i in range(100)))
    with pytest.raises(ValueError, match="too big"):
        db.query("select length(hex(zeroblob(8000000))) n")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than"):
            db.query("select " + ", ".join(f"zeroblob(1000000) a{i}" for i in range(100)))
        assert tracemalloc.get_traced_memory()[1] < 150 * 2**20
    finally:
        tracemalloc.stop()
    assert (
        len(Database.in_memory(max_value=4_000_000).query("select zeroblob(3000000) b")[0]["b"])
        == 3_000_000
    )
