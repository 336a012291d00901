"""What a guest asks of a capability costs the host no more than the guest pays, and passes its checks in
no dress: one use is one step to the guest, and may be an hour to the host."""

from __future__ import annotations

import random
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NewType, TypeVar

import pytest

from capcompiler import (
    Capability,
    CapError,
    Compartment,
    GuestError,
    LimitExceeded,
    Limits,
    cap_exec,
    register_dataclass,
)
from capcompiler.attenuation.quota import _size
from capcompiler.membrane.arguments import AtMost, matches
from stdlib_caps import Database, Dir, MemoryDir, SeededRandom, quota, revocable
from stdlib_caps._slow import renamed
from stdlib_caps.http import Rule, _checked

if TYPE_CHECKING:
    from nowhere_at_all import Nothing  # type: ignore[import-not-found]


def costs(run: Callable[[], Any], most: float = 8.0) -> Any:
    started = time.process_time()
    result = run()
    assert time.process_time() - started < most
    return result


# Databases

SLOW = {
    "instr": "select instr(zeroblob(999000), :half) x",
    "instr-of-texts": "select instr(:a, :almost) x",
    "replace": "select length(replace(:blob, :half, 'y')) x",
    "replace-of-texts": "select length(replace(:a, :almost, 'y')) x",
    "replace-that-grows": "select length(replace(:a, 'a', :a)) x",
    "ltrim": "select length(ltrim(:a, :set)) x",
    "rtrim": "select length(rtrim(:a, :set)) x",
    "trim": "select length(trim(:a, :set)) x",
    "spaces-between": "select length(trim  \n (:a, :set)) x",
    "capitals": "select length(TrIm(:a, :set)) x",
    "in-a-where": "select x from t where instr(:blob, :half) = x",
    "in-an-order": "select x from t order by instr(:blob, :half)",
    "in-a-cte": "with c(y) as (select instr(:blob, :half)) select y from c",
    "in-a-case": "select case when x = 1 then instr(:blob, :half) else 0 end y from t",
    "json-patch": "select length(json_patch(:old, :new)) x",
}  # fmt: skip
HIDDEN = {
    "quoted": 'select "instr"(:blob, :half) x',
    "bracketed": "select [instr](:blob, :half) x",
    "backquoted": "select `instr`(:blob, :half) x",
    "a-comment-between": "select instr/**/(:blob, :half) x",
    "after-a-string": "select 'it''s', \"instr\"(:blob, :half) x",
}
GIVEN = """
n = 999_000
given = {'a': 'a' * n, 'almost': 'a' * (n // 2) + 'x', 'blob': bytes(n), 'half': bytes(n // 2) + b'x',
         'set': 'b' * 60_000 + 'a', 'old': '{' + ','.join(f'"k{i}":1' for i in range(60_000)) + '}',
         'new': '{' + ','.join(f'"z{i}":1' for i in range(60_000)) + '}'}
given = {k: v for k, v in given.items() if ':' + k in sql}
"""


def asked(sql: str, db: Any, verb: str = "query") -> Any:
    """What the guest gets, or why it does not."""
    try:
        return cap_exec(f"sql = {sql!r}\n{GIVEN}\ndb.{verb}(sql, given)", {"db": db}).value
    except GuestError as error:
        return error.message


@pytest.fixture
def db() -> Any:
    return Database.in_memory("create table t(x); insert into t values (1), ('a b a')", seconds=1.0)


@pytest.mark.parametrize("name", SLOW)
def test_one_call_of_a_function_of_sql_takes_no_minutes(name: str, db: Any) -> None:
    told = costs(lambda: asked(SLOW[name], db))
    assert re.search("values are too long|too big", str(told)) or told in ([{"x": 0}], [{"x": 999_000}])


@pytest.mark.parametrize("name", HIDDEN)
def test_a_function_that_is_written_otherwise_is_not_had(name: str, db: Any) -> None:
    assert "the function instr() written so was not granted" in costs(lambda: asked(HIDDEN[name], db))


@pytest.mark.parametrize(
    "through", ["db", "readonly(db)", "db.narrowed({'big': 'select', 'v': 'select'})"]
)
def test_a_guest_hides_no_function_in_a_view(through: str, db: Any) -> None:
    source = (
        "n = 600_000\ndb.execute('create table big(a, b)')\n"
        "db.execute('insert into big values (?, ?)', [bytes(n), bytes(n // 2) + b'x'])\n"
        "db.execute('create view v as select instr(a, b) y from big')\n"
        f"held = {through}\nheld.query('select y from v')"
    )
    with pytest.raises(GuestError, match=r"instr\(\) in 'v' was not granted"):
        costs(lambda: cap_exec(source, {"db": db}))


@pytest.mark.parametrize(
    "source",
    ["create index i on t(instr(x, 'a'))", "create table u as select trim(x, 'a') a from t",
     "create table u(a, b as (replace(a, a, a)))", "create table u(a check (instr(a, a)))",
     "/* x */ create index i on t(trim(x))", "-- x\ncreate index i on t(trim(x))",
     "create view u as select \"trim\"(x) y from t; ", "create index i on t(cap_trim(x))",
     "create table u(a check (cap_instr(a, a)))"],
)  # fmt: skip
def test_a_guest_hides_no_function_in_a_table(source: str, db: Any) -> None:
    told = asked(source, db, "execute")
    if "view" in source:  # what is in a view is looked at when it is read
        told = asked("select y from u", db)
    assert re.search(r"(written so|in 'u'|cap_\w+\(\)) was not granted", told)


#: Each is one row, without a loop, in which SQLite looks at no clock.
STRAIGHT = {
    "like": "select " + " + ".join(["(:a like :pattern)"] * 80) + " x",
    "like-with-an-escape": "select " + " + ".join(["(:a like :pattern escape '!')"] * 80) + " x",
    "glob": "select " + " + ".join(["(:a glob :pattern)"] * 80) + " x",
    "like-as-a-function": "select " + ", ".join(f"like(:pattern, :a) x{i}" for i in range(80)),
    "like-in-a-view": "select y from v",
    "many-functions": "select max(" + "), max(".join([", ".join(["json(:old)"] * 60)] * 9) + ")",
}
MATCHED = """
n = 999_000
given = {'a': 'a' * n, 'pattern': ('*' if 'glob' in sql else '%') + 'a' * 980 + last,
         'old': '[' + '1,' * 400_000 + '1]'}
given = {k: v for k, v in given.items() if ':' + k in sql}
"""


@pytest.mark.parametrize("last", ["b", "_b", "?b", "[ab]b"])
@pytest.mark.parametrize("name", STRAIGHT)
def test_matching_takes_no_minutes(name: str, last: str) -> None:
    """A thousandth of this took three seconds, and a statement without a loop was not interrupted."""
    terms = " or ".join(["a like b"] * 80)
    db = Database.in_memory(
        f"create table t(a, b); create view v as select {terms} y from t", seconds=1.0
    )
    db.execute("insert into t values (?, ?)", ["a" * 999_000, "%" + "a" * 980 + last])
    source = f"sql = {STRAIGHT[name]!r}\nlast = {last!r}\n{MATCHED}\ndb.query(sql, given)"
    try:
        rows = costs(lambda: cap_exec(source, {"db": db})).value
        assert set(rows[0].values()) == {0}
    except GuestError as error:
        assert re.search("are too long|took too long|more than 500 functions", error.message)


@pytest.mark.parametrize(("call", "most"), [
    ("json_valid(?1)", 62), ("?1 -> 0", 62), ("?1 ->> '$[0]'", 62), ("json_extract(?1, '$[0]')", 31),
    ("JSON_SET(?1, '$[0]', 1)", 31), ("upper(?1)", 499),
])  # fmt: skip
def test_functions_that_read_json_are_few_in_one_statement(call: str, most: int) -> None:
    """Five hundred of a megabyte took five seconds more than a statement may, and are not interrupted."""
    db = Database.in_memory()

    def asked(count: int) -> str:
        terms = ", ".join([call] * min(count, 60))
        rest = ", ".join(f"{call} x{i}" for i in range(count - min(count, 60)))
        return f"select coalesce({terms}, 0) x{', ' * bool(rest)}{rest}"

    db.query(asked(most), ["[1]"])
    with pytest.raises(ValueError, match="more than 500 functions; one of JSON counts as 8, or 16"):
        db.query(asked(most + 1), ["[1]"])


#: What does not fit into memory, and goes into temporary files.
SPILLED = {
    "sort-of-large-rows": "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) "
    "select length(x) l from (select printf('%.*c', 900000, 'a') || i x from n order by x) limit 1",
    "sort-of-small-rows": "with recursive n(i) as (select 1 union all select i + 1 from n) "
    "select count(*) from (select i, printf('%.*c', 900, 'a') x from n order by x)",
    "what-was-met": "with recursive n(i, x) as (select 1, '' union "
    "select i + 1, printf('%.*c', 90000, 'b') from n) select count(*) from n",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is open")
@pytest.mark.parametrize("name", SPILLED)
def test_temporary_files_have_a_bound(name: str) -> None:
    """A sort filled 790 MB of disk in five seconds."""
    db = Database.in_memory(seconds=600.0, max_temporary=8 * 2**20)
    with pytest.raises(ValueError, match="max_temporary=8,388,608 bytes into temporary files"):
        db.query(SPILLED[name])
    assert db.query("select 1 x") == [{"x": 1}]


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "1"])
def test_the_bound_of_temporary_files_is_a_whole_number(value: Any) -> None:
    with pytest.raises(ValueError, match="max_temporary: wanted a whole number above 0"):
        Database.in_memory(max_temporary=value)


def test_matching_is_that_of_sqlite() -> None:
    plain, db = sqlite3.connect(":memory:"), Database.in_memory()
    chance = random.Random(7)
    for operator, letters in (("like", "%_aA\u00e9\0"), ("glob", "*?[]^-aA\u00e9\0")):
        for _ in range(1000):
            pattern = "".join(chance.choices(letters, k=chance.randrange(6)))
            texts: list[Any] = ["".join(chance.choices("aA\u00c9\u00e9\0%*_", k=chance.randrange(7)))]
            for text in (*texts, None, 1, 2.5, b"aA"):
                sql = f"select ? {operator} ? r"
                wanted = plain.execute(sql, (text, pattern)).fetchone()
                assert [*db.query(sql, (text, pattern))[0].values()] == [*wanted], (pattern, text)
    plain.close()


def test_matching_is_there_in_tables_and_views_of_the_hosts() -> None:
    db = Database.in_memory(
        "create table t(a check (a like 'x%'), b as (a glob 'X*')); "
        "create index i on t(a) where a like 'xy%'; create view v as select a from t where a like '_B'"
    )
    assert db.execute("insert into t(a) values ('XB'), ('xa')") == 2
    assert db.query("select a from v") == [{"a": "XB"}]
    assert db.query("select b from t") == [{"b": 1}, {"b": 0}]
    with pytest.raises(ValueError, match="CHECK"):
        db.execute("insert into t(a) values ('y')")


def test_a_view_of_the_hosts_may_call_what_it_likes() -> None:
    db = Database.in_memory(
        "create table t(x); insert into t values (' a '); create view v as select trim(x) y from t",
        schema=False,
    )
    assert asked("select y from v", db) == [{"y": "a"}]


def test_functions_of_sql_are_what_they_were(db: Any) -> None:
    sql = (
        "select instr(x, 'b') a, replace(x, 'a', 'zz') b, trim(x, 'a') c, ltrim('  z') d, replace(x, '', 'q') e,"
        " instr(null, 1) f, instr(x'0102', x'02') g, instr(12.5, '.') h, replace(x, null, 1) i,"
        " 'trim(x)' j, /* trim( */ 1 k, instr('', '') l, instr(x, '') m, replace(x, 'a', 5) n,"
        " trim(' x ') o, rtrim(x, 'a ') p, json_patch('{\"a\":1}', '{\"b\":2}') q from t"
    )
    import sqlite3

    plain = sqlite3.connect(":memory:")
    plain.executescript("create table t(x); insert into t values (1), ('a b a')")
    rows = plain.execute(sql)
    names = [c[0] for c in rows.description]
    wanted = [dict(zip(names, row, strict=True)) for row in rows]
    plain.close()
    assert asked(sql, db) == wanted


@pytest.mark.parametrize(
    "text",
    ["[" * 99_999, "/**/" * 24_000 + "x", "'" * 99_999, '"' * 99_999, "`" * 99_999, "/*" * 49_000,
     "--" * 49_000, "instr " * 16_000, "instr" + " " * 90_000, "-- \n" * 24_000, " " * 99_999],
    ids=lambda t: repr(t[:6]),
)  # fmt: skip
def test_a_hostile_text_is_read_through_once(text: str) -> None:
    assert costs(lambda: renamed(text), 1.0) is not None


# Directories


def test_a_tree_is_no_deeper_than_may_be(tmp_path: Path) -> None:
    """Each use enters each directory on the way."""
    source = "d = files\nfor _ in range(300):\n    d.mkdir('a'); d = d.subdir('a')"
    for files in (MemoryDir(), Dir.open_ambient(tmp_path)):
        with pytest.raises(GuestError, match="more than 200 directories deep"):
            cap_exec(source, {"files": files})
        with pytest.raises(GuestError, match="more than 200 directories deep"):
            cap_exec("files.mkdir('/'.join('b' * 201), parents=True)", {"files": files})


def test_a_pattern_looks_through_each_directory_once() -> None:
    source = "d = files\nfor _ in range(150):\n    d.mkdir('a'); d = d.subdir('a')\nfiles.glob('**/' * 300 + 'z')"
    assert costs(lambda: cap_exec(source, {"files": MemoryDir()}).value, 5.0) == []


def test_patterns_find_what_they_did() -> None:
    files = MemoryDir({p: "" for p in ("a.py", "s/b.py", "s/t/c.py", "s/t/d.txt", ".h/e.py", "s/.f.py")})
    for pattern, found in {
        "**": ["s", "s/t"], "**/**": ["s", "s/t"], "**/*.py": ["a.py", "s/b.py", "s/t/c.py"],
        "**/**/*.py": ["a.py", "s/b.py", "s/t/c.py"], "s/**/c.py": ["s/t/c.py"], "**/t/*": ["s/t/c.py", "s/t/d.txt"],
        "*/.*": ["s/.f.py"], "s/*": ["s/b.py", "s/t"], "s/**": ["s", "s/t"],
    }.items():  # fmt: skip
        assert files.glob(pattern) == found, pattern


def test_a_file_of_many_lines_is_not_given_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stdlib_caps.file.MAX_LINES", 1000)
    files = MemoryDir({"a": "x\n" * 1001, "b": "x\n" * 1000})
    with pytest.raises(GuestError, match="more than 1,000 lines; iterate over them"):
        cap_exec("files.open('a').readlines()", {"files": files})
    assert cap_exec("len(files.open('b').readlines())", {"files": files}).value == 1000


def test_what_is_obtained_is_paid_for_by_what_it_offers() -> None:
    steps = cap_exec("for _ in range(100): files.subdir('.')", {"files": MemoryDir()}).usage.steps
    assert steps > 10_000
    with pytest.raises(LimitExceeded):
        cap_exec("while True: files.subdir('.')", {"files": MemoryDir()}, limits=Limits(steps=100_000))


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_the_path_of_a_use_is_bounded_however_far_it_is_from_the_grant(isolation: Any) -> None:
    paths: list[str] = []
    source = (
        "d = files\nfor _ in range(300): d = d.subdir('.')\nq = revocable(d)[0].subdir('.').exists('x')"
    )
    world = Compartment(
        {"files": MemoryDir()}, on_use=lambda e: paths.append(e.path), isolation=isolation
    )
    world.exec(source)
    assert max(map(len, paths)) < 250 and all(p.startswith("files.subdir") for p in paths)
    assert paths[-1].endswith(".subdir.exists")
    seen: list[str] = []
    held = revocable(MemoryDir())[0]
    from stdlib_caps import logged

    cap_exec(source, {"files": logged(held, lambda use: seen.append(use.path))})
    assert max(map(len, seen)) < 250


@pytest.mark.parametrize(
    "call",
    ["quota(files, calls=big)", "quota(files, bytes=big)", "expiring(files, at=big, clock=clock)",
     "rate_limited(files, big, 1, clock=clock)", "rate_limited(files, 1, big, clock=clock)"],
)  # fmt: skip
def test_what_an_attenuator_is_told_is_paid_for(call: str) -> None:
    source = f"big = [[i] for i in range(10_000)]\nfor _ in range(100):\n    try: {call}\n    except (TypeError, ValueError): pass"
    clock = MemoryDir()
    with pytest.raises(LimitExceeded):
        cap_exec(source.replace("clock=clock", "clock=K()").replace("big =", "class K(Capability):\n    def time(self): return 1\n    monotonic = time\nbig =", 1),
                 {"files": clock}, limits=Limits(steps=500_000))  # fmt: skip


def test_keys_that_hash_alike_do_not_cross_in_any_dress() -> None:
    class Sink(Capability):
        def take(self, value: Any) -> int:
            return len(value)

    big = 2**61 - 1
    for keys in (
        {Decimal(i * big) for i in range(1100)},
        {(1, (i * big,)) for i in range(1100)},
        {range(i * big, i * big + 2) for i in range(1100)},
        {frozenset({(i * big,)}) for i in range(1100)},
    ):
        with pytest.raises(CapError, match="hash alike"):
            cap_exec("s.take(keys)", {"s": Sink(), "keys": keys})
    few: Any = {Decimal(i * big) for i in range(100)}
    assert cap_exec("s.take(keys)", {"s": Sink(), "keys": few}).value == 100


# Arguments

Name = NewType("Name", str)
Short = Annotated[str, AtMost(5)]
Bound = TypeVar("Bound", bound=int)
Either = TypeVar("Either", str, bytes)


class Strict(Capability):
    def optional(self, x: Annotated[str, AtMost(5)] | None = None) -> None: ...
    def either(self, x: Short | int) -> None: ...
    def listed(self, x: list[Short]) -> None: ...
    def valued(self, x: dict[str, Short]) -> None: ...
    def keyed(self, x: dict[Short, int]) -> None: ...
    def paired(self, x: tuple[int, Short]) -> None: ...
    def many(self, x: tuple[Short, ...]) -> None: ...
    def deep(self, x: list[dict[str, list[Short] | None]]) -> None: ...
    def rest(self, *x: Short | int) -> None: ...
    def named(self, **x: Short) -> None: ...
    def short_list(self, x: Annotated[list[int], AtMost(2)] | None = None) -> None: ...
    def empty(self, x: tuple[()]) -> None: ...
    def new(self, x: Name) -> None: ...
    def news(self, x: list[Name]) -> None: ...
    def bound(self, x: Bound) -> Bound:
        return x

    def chosen(self, x: Either) -> None: ...
    def unknown(self, to: str, of: Nothing = None) -> None: ...
    def gives_unknown(self, to: str) -> Nothing:
        return None

    def lists_unknown(self, of: list[Nothing]) -> None: ...


@pytest.mark.parametrize(
    "call",
    ["optional('x' * 6)", "optional(x='x' * 6)", "either('x' * 6)", "listed(['x', 'x' * 6])", "valued({'a': 'x' * 6})",
     "keyed({'x' * 6: 1})", "paired((1, 'x' * 6))", "many(('x' * 6,))", "deep([{'a': ['x' * 6]}])",
     "rest(1, 'x' * 6)", "named(a='x' * 6)", "short_list([1, 2, 3])", "empty((1,))", "new(5)", "news([5])",
     "bound('x')", "bound(True)", "chosen(5)", "unknown([1])", "unknown('x', 5)", "unknown('x', None)",
     "gives_unknown(5)", "lists_unknown([])"],
)  # fmt: skip
def test_no_dress_of_an_annotation_lets_an_argument_pass(call: str) -> None:
    with pytest.raises(GuestError) as caught:
        cap_exec(f"s.{call}", {"s": Strict()})
    assert caught.value.exc_type == "TypeError" and caught.value.message.startswith("s.")


@pytest.mark.parametrize(
    "call",
    ["optional('x' * 5)", "optional(None)", "either(10**9)", "listed(['x' * 5] * 9)", "deep([{'a': None}, {'b': ['x']}])",
     "rest(1, 'x')", "named(a='x')", "short_list([1, 2])", "empty(())", "new('x')", "news(['x'])", "bound(5)",
     "chosen(b'x')", "unknown('x')", "gives_unknown('x')"],
)  # fmt: skip
def test_what_is_right_passes(call: str) -> None:
    cap_exec(f"s.{call}", {"s": Strict()})


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement is of Python 3.12")
def test_annotations_that_hold_themselves_are_followed_as_far_as_the_value_goes() -> None:
    space: dict[str, Any] = {}
    exec("type Json = dict[str, Json] | list[Json] | str | int | None", space)
    json = space["Json"]
    ring: list[Any] = []
    ring.append(ring)
    assert matches(ring, json) and matches({"a": [1, "x", {"b": None}]}, json)
    assert not matches({"a": [1, {"b": 1.5}]}, json) and not matches([ring, 1.5], json)


# Quotas


@register_dataclass
@dataclass
class Note:
    text: Any


@pytest.mark.parametrize(
    "value",
    [
        "256 ** 1000",
        "-256 ** 1000",
        "Note('x' * 1000)",
        "[Note([Note('x' * 1000)])]",
        "{'x' * 1000: 1}",
        "range(256 ** 1000)",
    ],
)
def test_a_quota_counts_in_every_dress(value: str) -> None:
    class Both(Capability):
        def take(self, value: Any) -> int:
            return 1

        def call(self, f: Any) -> int:
            f()
            return 1

    for use in (f"s.take({value})", f"s.call(lambda: {value})"):
        with pytest.raises(GuestError, match="quota of bytes"):
            cap_exec(use, {"s": quota(Both(), bytes=100), "Note": Note})
    assert cap_exec("s.take([1, 2**63, 1.5, None, True])", {"s": quota(Both(), bytes=0)}).value == 1


def test_the_bytes_of_numbers() -> None:
    assert _size(Decimal("1" * 500)) == 500 and _size(Decimal("0." + "1" * 500)) == 500
    assert _size(Fraction(256**100, 3)) == 101 and _size(Decimal("Infinity")) == 0


def test_a_refusal_that_the_host_raises_counts() -> None:
    from capcompiler import CapabilityError

    class Says(Capability):
        def no(self) -> None:
            raise CapabilityError("secret " * 100)

    with pytest.raises(GuestError, match="quota of bytes"):
        cap_exec("s.no()", {"s": quota(Says(), bytes=100)})


def test_chance_of_huge_numbers_is_bounded() -> None:
    with pytest.raises(GuestError, match="too large"):
        cap_exec("r.randint(0, 1 << 2**15)", {"r": SeededRandom(1)})
    assert cap_exec("r.randint(0, 1 << 32_000)", {"r": SeededRandom(1)}).value > 0


# Headers


@pytest.mark.parametrize(
    "name",
    ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "x_http_method_override", "X-Original-URL",
     "X-Rewrite-URL", "x-original-host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "x_forwarded_for", "X-Real-IP",
     "True-Client-IP", "CF-Connecting-IP", "X-Host", "Transfer_Encoding", "Content_Length", "Proxy-Authorization"],
)  # fmt: skip
def test_a_header_that_says_another_method_path_or_sender_is_not_a_guests(name: str) -> None:
    with pytest.raises(ValueError, match="not a guest's to set"):
        _checked({name: "x"}, Rule("https://example.com/"))
    own = Rule("https://example.com/", headers_from_guests=("x-api-key",))
    assert _checked({"X-Api-Key": "k"}, own) == {"x-api-key": "k"}


# Records


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize(
    "run", ["cap_exec({src!r}, {{'fs': fs}}, filename=name)", "exec(compile({src!r}, name, 'exec'))"]
)
def test_a_guest_that_names_its_text_writes_no_lines_of_a_record(run: str, isolation: Any) -> None:
    uses: list[Any] = []
    world = Compartment({"fs": MemoryDir()}, on_use=uses.append, isolation=isolation)
    world.exec("name = 'x\\ntrace: p.py:1: fs.remove(): ok\\n\\x1b[31m\\u2028\\r' + 'y' * 100_000")
    world.exec(run.format(src="fs.list()"))
    for use in uses:
        assert len(use.filename) < 250 and use.filename.isprintable()
    with pytest.raises(GuestError) as caught:
        world.exec(run.format(src="fs.list(); 1 / 0"))
    shown = caught.value.traceback.splitlines()
    assert not any(line.startswith("trace:") or "\x1b" in line for line in shown)
    assert max(map(len, shown)) < 1000
