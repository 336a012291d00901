"""Grants of authority on the command line, traces of their uses, and dry runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from capcompiler.cli.grants import parse_grant

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("text")
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript("create table t(x); insert into t values (1);")
    connection.close()
    return tmp_path


GRANTS = [
    ("fs=dir:{}/data", "open('a.txt').read()", "text"),
    ("fs=dir:{}/data:ro", "fs.list()", "['a.txt']"),
    ("fs=dir:{}/data:rw", "fs.write_text('b', 'x')", "1"),
    ("fs=memory", "fs.list()", "[]"),
    ("time=frozen:2026-01-01", "__import__('time').strftime('%Y-%m-%d')", "2026-01-01"),
    ("time=frozen:2026-01-01T12:00+02:00", "time.now().hour", "12"),
    ("time=clock", "time.time() > 1e9", "True"),
    ("r=seed:42", "r.randint(5, 5)", "5"),
    ("r=seed:a word", "r.randint(5, 5)", "5"),
    ("r=chance", "len(r.bytes(3))", "3"),
    ("env=env:CAP_ONE,CAP_NOT_SET", "env.names(), __import__('os').environ['CAP_ONE']", "['CAP_ONE'] 1"),
    ("db=sqlite:{}/shop.db", "db.query('select * from t')", "[{{'x': 1}}]"),
    ("db=sqlite:{}/shop.db:rw", "db.execute('delete from t')", "1"),
    ("net=http:https://api.example.com/v1/", "net.rules()", "['GET,HEAD https://api.example.com/v1/']"),
    ("net=http:https://api.example.com/v1/:get,POST", "net.rules()", "['GET,POST https://api.example.com/v1/']"),
    ("net=http:http://localhost:8000/:PUT", "net.rules()", "['PUT http://localhost:8000/']"),
    ("cmd=command:echo 'a  b' c", "cmd.run('echo')['output']", "a  b c\n"),
    ("log=log", "log.info('one')", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("grant", "source", "shown"), GRANTS, ids=[g.partition(":{")[0] for g, _, _ in GRANTS]
)
def test_what_is_granted_can_be_used(
    cli: Cli,
    program: Write,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    grant: str,
    source: str,
    shown: str,
) -> None:
    if "=http" in grant:
        pytest.importorskip("httpx", reason="the extra `http` is not installed")
    monkeypatch.setenv("CAP_ONE", "1")
    ran = cli("run", program(f"print({source}, end='')"), "--grant", grant.format(data))
    assert ran.status == 0, ran.err
    assert ran.out.rstrip("\n") == (shown.format() if shown else "None").rstrip("\n")


BAD = [
    ("fs=dir:{}/nope", "No such file"),
    ("fs=dir:{}/data/a.txt", "Not a directory"),
    (
        "fs=dir:.:rw",
        "fs: .:rw: '.' is the directory that the host works in: what a program writes there may run outside "
        "of it; grant another directory, such as one below it, or this one to read only, as dir:.:ro",
    ),
    ("fs=dir", "write it as fs=dir:PATH[:ro|:rw]"),
    ("fs=memory:x", "write it as fs=memory"),
    ("time=frozen:noon", "isoformat"),
    ("env=env:", "name the variables"),
    ("env=env:A=B", "name the variables"),
    ("db=sqlite:{}/nope.db", "there is no"),
    ("db=sqlite:{}/nope.db:rw", "there is no"),
    ("db=sqlite:{}/data/a.txt", "not a database"),
    ("net=http:ftp://x/", "http"),
    ("net=http:https://x/:EVIL", "methods"),
    ("cmd=command:no-such-program", "there is no program"),
    ("cmd=command:", "name the program"),
    ("cmd=command:echo 'a", "closing quotation"),
]


@pytest.mark.parametrize(("grant", "error"), BAD, ids=[g.partition("{")[0] for g, _ in BAD])
def test_what_cannot_be_granted_is_told(
    cli: Cli, program: Write, data: Path, grant: str, error: str
) -> None:
    if "=http" in grant:
        pytest.importorskip("httpx", reason="the extra `http` is not installed")
    ran = cli("run", program("print('never')"), "--grant", grant.format(data))
    assert (ran.status, ran.out) == (2, "")
    assert error.lower() in " ".join(ran.err.split()).lower()


def test_reading_is_all_unless_more_is_said(cli: Cli, program: Write, data: Path) -> None:
    for grant, source in (
        (f"x=dir:{data}/data", "x.write_text('a.txt', '')"),
        (f"x=dir:{data}/data:ro", "open('a.txt', 'w')"),
        (f"x=sqlite:{data}/shop.db", "x.execute('delete from t')"),
    ):
        ran = cli("run", program(source), "--grant", grant)
        assert (ran.status, ran.out) == (4, "")
    assert (data / "data/a.txt").read_text() == "text"


ADVICE = [
    ("open('a')", [], "--grant NAME=dir:PATH"),
    ("import pathlib\npathlib.Path('a').read_text()", [], "--grant NAME=dir:PATH"),
    ("import os\nos.mkdir('a')", [], "--grant NAME=dir:PATH:rw"),
    ("import time\ntime.time()", [], "--grant NAME=clock"),
    ("import datetime\ndatetime.datetime.now()", [], "--grant NAME=clock"),
    ("import random\nrandom.SystemRandom().random()", [], "--grant NAME=chance"),
    ("fs.write_text('a', '')", ["fs=dir:{}/data"], "grant it for writing too: --grant fs=dir:{}/data:rw"),
    ("open('a', 'w')", ["x=dir:{}/data:ro"], "grant it for writing too: --grant x=dir:{}/data:rw"),
    ("fs.remove('a.txt')", ["fs=dir:{}", "x=dir:{}/data"], "grant it for writing too: --grant NAME=dir:PATH:rw"),
    ("db.execute('delete from t')", ["db=sqlite:{}/shop.db", "x=dir:{}/data"],
     "grant it for writing too: --grant db=sqlite:{}/shop.db:rw"),
    ("input()", [], "hand it what it needs with --grant NAME=SPEC; `capcompiler manifest FILE` says what"),
    ("import os\nos.system('ls')", [],
     "hand it what it needs with --grant NAME=SPEC; `capcompiler manifest FILE` says what"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "grants", "advice"), ADVICE, ids=[s for s, _, _ in ADVICE])
def test_a_refusal_says_what_to_grant(
    cli: Cli, program: Write, data: Path, source: str, grants: list[str], advice: str
) -> None:
    given = [part for grant in grants for part in ("--grant", grant.format(data))]
    ran = cli("run", program(source), *given)
    assert (ran.status, ran.err.splitlines()[-1]) == (4, f"    instead: {advice.format(data)}")


def test_advice_for_requests_and_dry_runs(cli: Cli, program: Write, data: Path) -> None:
    ran = cli("run", program("fs.list()"), "--grant", f"fs=dir:{data}", "--deny-all")
    assert ran.err.endswith("instead: leave out --deny-all, which refuses each use\n")
    pytest.importorskip("httpx", reason="the extra `http` is not installed")
    for spec in ("http:https://a.example/v1/", "http:https://a.example/v1/:GET,HEAD"):
        ran = cli("run", program("net.post('https://a.example/v1/x')"), "--grant", f"net={spec}")
        assert ran.err.endswith("use: --grant net=http:https://a.example/v1/:GET,POST\n"), ran.err


def test_grants_of_a_file(cli: Cli, program: Write, data: Path) -> None:
    toml = program(f'[grants]\nfs = "dir:{data}/data"\nn = "int:5"\n', "grants.toml")
    ran = cli("run", program("print(fs.list(), n, m)"), "--grants", toml, "--grant", "m=int:6")
    assert (ran.status, ran.out) == (0, "['a.txt'] 5 6\n")
    ran = cli("run", program("1"), "--grants", toml, "--grant", "n=int:6")
    assert ran.status == 2 and "n is granted twice" in ran.err
    for text in ("grants = 5", "[grants]\nn = 5", "", "[grants", "[other]\nn = 'int:5'"):
        ran = cli("run", program("print('never')"), "--grants", program(text, "bad.toml"))
        assert (ran.status, ran.out) == (2, ""), text
    assert cli("run", program("1"), "--grants", str(data / "nope.toml")).status == 2


def test_a_trace_says_each_use(cli: Cli, program: Write, data: Path) -> None:
    path = program("x = 1\nfs.list()\ntry:\n    open('nope')\nexcept OSError:\n    pass")
    ran = cli("run", path, "--grant", f"fs=dir:{data}/data", "--trace")
    first, second = ran.err.splitlines()
    assert first.startswith(f"trace: {path}:2: fs.list(): ok (")
    assert second.startswith(f"trace: {path}:4: fs.open('nope', ") and "FileNotFoundError" in second


def test_a_dry_run_does_nothing_and_shows_what_was_asked_for(
    cli: Cli, program: Write, data: Path
) -> None:
    source = "for f in (lambda: fs.write_text('x', ''), lambda: fs.open('a.txt'), lambda: open('a.txt', 'w')):\n    try: f()\n    except PermissionError: pass\nprint(n)"
    ran = cli(
        "run",
        program(source),
        "--grant",
        f"fs=dir:{data}/data:rw",
        "--grant",
        "n=int:5",
        "--deny-all",
        "--trace",
    )
    assert (ran.status, ran.out) == (0, "5\n")
    assert ran.err.count("Withheld") == 3
    assert (data / "data/a.txt").read_text() == "text"
    assert [p.name for p in (data / "data").iterdir()] == ["a.txt"]


def test_a_text_of_a_guest_forges_no_line_of_a_trace(cli: Cli, program: Write, data: Path) -> None:
    ran = cli(
        "run", program(r"fs.exists('a\ntrace: x\x1b[2J')"), "--grant", f"fs=dir:{data}/data", "--trace"
    )
    assert len(ran.err.splitlines()) == 1 and "\x1b" not in ran.err


def test_the_log_goes_to_stderr(cli: Cli, program: Write) -> None:
    name, log = parse_grant("log=log")
    assert name == "log" and type(log).__name__ == "Log"
