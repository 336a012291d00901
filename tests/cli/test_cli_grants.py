"""`--grant NAME=SPEC`: what each kind gives, and what is refused."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from capcompiler.cli.grants import KINDS, parse_grant

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("str:", ""),
        ("str:a:b=c", "a:b=c"),
        ("int:-1_000", -1000),
        ("float:1e3", 1000.0),
        ("bool:true", True),
        ("bool:false", False),
        ("value:null", None),
        ('value:{"a": [1, 2.5]}', {"a": [1, 2.5]}),
    ],
)
def test_kinds_that_take_a_value(spec: str, wanted: object) -> None:
    name, thing = parse_grant(f"x={spec}")
    assert (name, thing, type(thing)) == ("x", wanted, type(wanted))


@pytest.mark.parametrize(
    ("kind", "raw", "wanted"),
    [
        ("text", b"\xef\xbb\xbfa\r\nb\xc3\xa9\n", "a\nbé\n"),
        ("text", b"", ""),
        ("bytes", b"\xff\r\n\0", b"\xff\r\n\0"),
        ("lines", b"a\r\nb\x0cc\n\nd", ["a", "b\x0cc", "", "d"]),
        ("lines", b"a\n", ["a"]),
        ("lines", b"", []),
        ("json", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("toml", b"a = 1979-05-27\n", {"a": datetime.date(1979, 5, 27)}),
        ("csv", b"", []),
        ("csv", b"a,b\n", []),
        (
            "csv",
            b'\xef\xbb\xbfa,b\r\n1,"x,\r\ny"\r\n\r\n2,\r\n',
            [{"a": "1", "b": "x,\ny"}, {"a": "2", "b": ""}],
        ),
    ],
)
def test_kinds_that_read_a_file(program: Write, kind: str, raw: bytes, wanted: object) -> None:
    assert parse_grant(f"x={kind}:{program(raw, 'data')}") == ("x", wanted)


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        ("text", b"a\nb\xff", "not utf-8 text: byte 0xff on line 2"),
        ("csv", b"a,b\n1\n", "line 2 has 1 fields under 2 headings"),
        ("csv", b"a,b\n1,2,3\n", "line 2 has 3 fields under 2 headings"),
        ("csv", b"a,b,a\n", "'a' stands over two columns"),
        ("csv", b'a\n"1\n', "line 2"),
        ("json", b"{", "not JSON: Expecting"),
        ("json", b"[" * 100_000, "nested too deep"),
        ("json", b"9" * 10_000, "not JSON"),
        ("toml", b"a = ", "not TOML"),
    ],
)
def test_files_that_are_not_of_their_kind(program: Write, kind: str, raw: bytes, reason: str) -> None:
    path = program(raw, "data")
    with pytest.raises((ValueError, click.ClickException), match="data") as caught:
        parse_grant(f"x={kind}:{path}")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "not of the form NAME=SPEC"),
        ("=int:1", "not a name"),
        ("1x=int:1", "not a name"),
        ("a.b=int:1", "not a name"),
        ("cap:getattr=int:1", "not a name"),
        ("class=int:1", "not a name"),
        ("__builtins__=int:1", "Python's own"),
        ("\uff3f\uff3fimport\uff3f\uff3f=int:1", "Python's own"),
        ("x=", "there is no kind ''"),
        ("x=cvs:a", "did you mean 'csv'?"),
        ("x=nosuch:a", "text:PATH"),
        ("x=int", "write it as x=int:N"),
        ("x=int:one", "'one' is not a whole number"),
        ("x=int:" + "9" * 5000, "not a whole number"),
        ("x=float:one", "not a number"),
        ("x=bool:yes", "not true or false"),
        ("x=value:{", "not JSON"),
    ],
)
def test_specs_that_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_grant(text)
    assert reason in str(caught.value)


def test_a_bad_spec_is_status_2_and_lists_the_kinds(cli: Cli, program: Write) -> None:
    ran = cli("run", program("print('never')"), "--grant", "x=nosuch:1")
    assert (ran.status, ran.out) == (2, "")
    for kind, row in KINDS.items():
        assert row.shape(kind) in ran.err


def test_a_file_that_is_not_there_is_status_2(cli: Cli, program: Write, tmp_path: Path) -> None:
    ran = cli("run", program("print('never')"), "--grant", f"x=text:{tmp_path / 'none'}")
    assert (ran.status, ran.out) == (2, "")
    assert "none: no such file" in ran.err


def test_a_name_is_granted_once(cli: Cli, program: Write) -> None:
    ran = cli("run", program("x"), "--grant", "x=int:1", "--grant", "x=int:2")
    assert (ran.status, "x is granted twice" in ran.err) == (2, True)


def test_a_grant_can_come_from_stdin(cli: Cli, program: Write) -> None:
    assert cli("run", program("x"), "--grant", "x=lines:-", stdin="a\nb\n").out == "['a', 'b']\n"


@pytest.mark.parametrize("second", ["run", "grant", "repl"])
def test_stdin_is_read_for_one_thing(cli: Cli, program: Write, second: str) -> None:
    args = {
        "run": ["run", "-", "--grant", "x=text:-"],
        "grant": ["run", program("x"), "--grant", "x=text:-", "--grant", "y=text:-"],
        "repl": ["repl", "--grant", "x=text:-"],
    }[second]
    ran = cli(*args, stdin="1")
    assert (ran.status, "one thing only" in ran.err) == (2, True)
