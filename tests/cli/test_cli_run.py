"""`capcompiler run`: what goes where, and with which exit status."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from capcompiler import CapabilityError, Compartment, GuestError

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]


def as_json(ran: Ran) -> dict[str, Any]:
    data = json.loads(ran.out)
    assert set(data) == {"value", "output", "names", "usage", "error", "shortened"}
    return dict(data)


def test_output_goes_to_stdout_and_the_last_value_after_it(cli: Cli, program: Write) -> None:
    ran = cli("run", program("print('one')\n['two', 3]\n"))
    assert (ran.status, ran.out, ran.err) == (0, "one\n['two', 3]\n", "")


def test_a_last_value_starts_a_line_of_its_own(cli: Cli, program: Write) -> None:
    assert cli("run", program("print('one', end='')\n2")).out == "one\n2\n"


@pytest.mark.parametrize("text", ["", "x = 1\n", "None\n", "# nothing\n"])
def test_nothing_is_shown_where_there_is_nothing(cli: Cli, program: Write, text: str) -> None:
    assert cli("run", program(text)) == Ran(0, "", "")


def test_a_program_comes_from_stdin(cli: Cli) -> None:
    assert cli("run", "-", stdin="6 * 7").out == "42\n"


def test_the_module_and_real_pipes(command: Cli) -> None:
    ran = command("run", "-", stdin="print('é', 6 * 7)\n".encode(), PYTHONIOENCODING="utf-8")
    assert (ran.status, ran.out, ran.err) == (0, "é 42\n", "")


def test_an_uncaught_error_is_status_1_with_its_traceback(cli: Cli, program: Write) -> None:
    path = program("print('before')\ndef f(x):\n    return 1 / x\nf(0)\n")
    ran = cli("run", path)
    assert ran.status == 1
    assert ran.out == "before\n"
    assert "Traceback (most recent call last):" in ran.err
    assert f'File "{path}", line 3, in f\n    return 1 / x' in ran.err
    assert ran.err.endswith("ZeroDivisionError: division by zero\n")
    assert "capcompiler/" not in ran.err.replace(path, "")


def test_a_dialect_error_is_status_2_and_shows_every_violation(cli: Cli, program: Write) -> None:
    path = program("print('never')\n__builtins__ = {}\nx = __builtins__\n__builtins__ = 1\n")
    ran = cli("run", path)
    assert ran.status == 2
    assert ran.out == ""
    assert f"{path}:2:1: CAP" in ran.err
    assert f"{path}:4:1: CAP" in ran.err
    assert "    __builtins__ = {}\n    ^^^^^^^^^^^^" in ran.err
    assert ran.err.endswith("violations; nothing of the program has run\n")


@pytest.mark.parametrize("text", ["x = (\n", "x = = 1\n", "  x\n", "x\0y\n", "return\n"])
def test_what_is_not_python_is_status_2(cli: Cli, program: Write, text: str) -> None:
    ran = cli("run", program(text))
    assert (ran.status, ran.out) == (2, "")
    assert "CAP" in ran.err


def test_a_stopped_program_is_status_3_and_says_which_limit(cli: Cli, program: Write) -> None:
    path = program("print('before')\nwhile True:\n    pass\n")
    ran = cli("run", path, "--limit", "steps=1_000")
    assert ran.status == 3
    assert ran.out == "before\n"
    assert "used up its steps: limit 1,000, used" in ran.err
    assert "--limit steps=2_000" in ran.err
    assert "--limit steps=none" in ran.err


def test_a_stop_cannot_be_caught(cli: Cli, program: Write) -> None:
    path = program("while True:\n    try:\n        1 / 0\n    except BaseException:\n        pass\n")
    assert cli("run", path, "--limit", "steps=1e4").status == 3


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("output=100", "while True:\n    print('x' * 10)\n"),
        ("depth=50", "def f():\n    return f()\nf()\n"),
        ("memory=1MiB", "x = 'a' * 10_000_000\n"),
        ("seconds=0.2", "while True:\n    pass\n"),
    ],
)
def test_each_limit_stops(cli: Cli, program: Write, kind: str, text: str) -> None:
    ran = cli("run", program(text), "--limit", kind, "--limit", "steps=none")
    assert ran.status == 3, ran
    assert f"--limit {kind.partition('=')[0]}=none" in ran.err


def test_refused_authority_is_status_4(
    cli: Cli, program: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> object:
        error = CapabilityError("fs.open: not granted")
        error.output = "before\n"  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(Compartment, "exec", refuse)
    ran = cli("run", program("x = 1"))
    assert (ran.status, ran.out) == (4, "before\n")
    assert "fs.open: not granted" in ran.err
    assert "--grant NAME=SPEC" in ran.err
    data = as_json(cli("run", program("x = 1"), "--json"))
    assert data["error"]["kind"] == "authority"
    assert data["output"] == "before\n"


def test_an_error_of_the_library_is_neither_the_guests_nor_the_users(
    cli: Cli, program: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise AssertionError("a bug")

    monkeypatch.setattr(Compartment, "exec", fail)
    ran = cli("run", program("x = 1"))
    assert ran.status == 70
    assert "AssertionError: a bug" in ran.err
    assert "please report" in ran.err


def test_an_error_without_output_is_still_shown(
    cli: Cli, program: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise GuestError("ValueError", "no")

    monkeypatch.setattr(Compartment, "exec", fail)
    assert cli("run", program("x = 1")) == Ran(1, "", "ValueError: no\n")


@pytest.mark.parametrize("option", ["--optimize", "--no-optimize"])
def test_both_levels_give_the_same(cli: Cli, program: Write, option: str) -> None:
    path = program("class A:\n    n = 0\nfor i in range(9):\n    A.n += i\nA.n\n")
    assert cli("run", option, path).out == "36\n"


def test_json_of_a_run_that_ended(cli: Cli, program: Write) -> None:
    path = program(
        "print('hi')\nn = 1\nt = (1, {'a': b'x'})\n_hidden = 2\n"
        "def f(): pass\nclass A: pass\na = A()\nn + 1\n"
    )
    ran = cli("run", path, "--json")
    data = as_json(ran)
    assert (ran.status, ran.err) == (0, "")
    assert (data["value"], data["output"], data["error"]) == (2, "hi\n", None)
    names = data["names"]
    assert names["t"] == [1, {"a": "b'x'"}]
    assert set(names) == {"n", "t", "f", "A", "a"}
    assert all(isinstance(names[name], str) for name in "fAa")
    assert data["usage"]["steps"] >= 0
    assert set(data["usage"]) == {"steps", "seconds", "memory", "output"}


def test_json_of_each_failure(cli: Cli, program: Write) -> None:
    ran = cli("run", program("print('a')\n[][0]\n"), "--json")
    data = as_json(ran)
    assert (ran.status, ran.err, data["output"]) == (1, "", "a\n")
    assert data["error"]["kind"] == "guest"
    assert data["error"]["type"] == "IndexError"
    assert data["error"]["frames"][0]["line"] == 2

    ran = cli("run", program("__builtins__ = 1\n"), "--json")
    violation = as_json(ran)["error"]["violations"][0]
    assert (ran.status, ran.err) == (2, "")
    assert (violation["line"], violation["column"], violation["end_column"]) == (1, 0, 12)

    ran = cli("run", program("while True: pass\n"), "--json", "--limit", "steps=100")
    error = as_json(ran)["error"]
    assert (ran.status, error["kind"], error["limit_kind"], error["limit"]) == (
        3,
        "limit",
        "steps",
        100,
    )


def test_json_is_valid_whatever_the_guest_makes(cli: Cli, program: Write) -> None:
    path = program(
        "x = ()\nfor _ in range(40):\n    x = (x, x)\nc = []\nc.append(c)\n'a\\ud800\\x1b\\x7f\\u202e'\n"
    )
    ran = cli("run", path, "--json")
    data = as_json(ran)
    assert ran.status == 0
    assert data["shortened"] is True
    assert data["value"] == "a\ud800\x1b\x7f\u202e"
    assert data["names"]["c"] == ["..."]
    assert ran.out.isascii()
    assert "\x7f" not in ran.out


@pytest.mark.parametrize("option", ["--json", "--usage"])
def test_a_value_too_deep_to_leave_the_compartment(cli: Cli, program: Write, option: str) -> None:
    path = program("print('a')\nx = []\nfor _ in range(2000):\n    x = [x]\nx\n")
    ran = cli("run", path, option)
    assert ran.status == 4
    assert ran.out.startswith("a\n") or as_json(ran)["output"] == "a\n"


def test_a_value_of_endless_repr_is_shortened(cli: Cli, program: Write) -> None:
    ran = cli("run", program("x = ()\nfor _ in range(60):\n    x = (x, x)\nx\n"))
    assert ran.status == 0
    assert "..." in ran.out
    assert len(ran.out) < 100_000


def test_an_int_too_long_to_write_is_named(cli: Cli, program: Write) -> None:
    assert cli("run", program("[1 << 100_000]\n")).out == "[<int of 100,001 bits>]\n"


def test_usage_is_said_on_stderr(cli: Cli, program: Write) -> None:
    ran = cli("run", program("for i in range(100): pass\nprint('x')"), "--usage")
    assert ran.out == "x\n"
    assert ran.err.startswith("used: ")
    assert "steps" in ran.err


def test_grants_reach_the_program(cli: Cli, program: Write, tmp_path: Any) -> None:
    table = tmp_path / "orders.csv"
    table.write_text("item,price\nbook,10\npen,2\n")
    path = program("print(sum(int(o['price']) for o in orders) * factor)")
    ran = cli("run", path, "--grant", f"orders=csv:{table}", "--grant", "factor=int:3")
    assert (ran.status, ran.out) == (0, "36\n")


def test_a_program_without_grants_has_none(cli: Cli, program: Write) -> None:
    ran = cli("run", program("print(orders)"))
    assert ran.status == 1
    assert "NameError" in ran.err


@pytest.mark.parametrize("module", ["subprocess", "socket", "ctypes"])
def test_modules_with_authority_are_not_there(cli: Cli, program: Write, module: str) -> None:
    assert cli("run", program(f"import {module}")).status in (1, 4)


def test_files_that_are_no_program(cli: Cli, program: Write, tmp_path: Any) -> None:
    for path, reason in [
        (tmp_path / "nosuch.py", "no such file"),
        (tmp_path, "is a directory"),
        (program(b"x = 1\n\ny = '\xff'\n", "a.py"), "byte 0xff on line 3"),
        (program(b"# coding: nosuch\n", "b.py"), "unknown encoding: nosuch"),
        (program(b"# coding: hex\n41\n", "c.py"), "cannot be decoded"),
        (program(b"\xef\xbb\xbf# coding: latin-1\n", "d.py"), "not Python text"),
    ]:
        ran = cli("run", path)
        assert (ran.status, ran.out) == (2, ""), path
        assert ran.err.startswith(f"Error: {path}: "), ran
        assert reason in ran.err


def test_a_file_too_large_for_a_program(cli: Cli, program: Write) -> None:
    assert "too large" in cli("run", "/dev/zero").err


@pytest.mark.parametrize(
    "raw",
    [
        b"# coding: latin-1\nprint('\xe9')\n",
        b"\xef\xbb\xbfprint('\xc3\xa9')\n",
        b"print('\xc3\xa9')\r\n",
        b"# -*- coding: cp1252 -*-\r\nprint('\xe9')\r",
    ],
)
def test_the_declared_encoding_is_honoured(cli: Cli, program: Write, raw: bytes) -> None:
    assert cli("run", program(raw)) == Ran(0, "é\n", "")


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out.startswith("capcompiler, version ")
    for args in [(), ("run",), ("check",), ("explain",), ("repl",)]:
        ran = cli(*args, "--help")
        assert ran.status == 0
        assert "Examples:" in ran.out


@pytest.mark.parametrize("args", [("run",), ("check",), ("nosuch",), ("run", "--nosuch", "x")])
def test_a_wrong_command_is_status_2(cli: Cli, args: tuple[str, ...]) -> None:
    assert cli(*args).status == 2


@pytest.mark.parametrize("hostile", [False, True])
def test_an_interrupt_stops_whatever_the_program_catches(
    start: Callable[..., Any], program: Write, hostile: bool
) -> None:
    loop = "try:\n        n = 1\n    except BaseException:\n        pass" if hostile else "pass"
    path = program(f"print('started')\ntell()\nwhile True:\n    {loop}\n")
    process = start("run", path, "--limit", "steps=none", "--grant", "tell=begun")
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)  # only what hangs takes so long
    assert (process.returncode, out, err) == (130, b"started\n", b"interrupted\n")
