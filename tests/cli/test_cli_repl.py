"""`capcompiler repl`: entries, blocks, errors, commands."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from capcompiler.cli.repl import is_complete

from .conftest import Ran

Cli = Callable[..., Ran]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = 1", True),
        ("x = (1,", False),
        ("'''a", False),
        ("def f():", False),
        ("def f():\n    return 1", False),
        ("def f():\n    return 1\n", True),
        ("if x:\n    pass\nelse:", False),
        ("x = = 1", True),
        ("await f()", True),
        ("async with f() as g:", False),
        ("x = \\", False),
        ("@d", False),
        ("'\\d'", True),
        ("(" * 100_000, True),
        ("\0", True),
        ("\ud800", True),
    ],
)
def test_completeness(text: str, wanted: bool) -> None:
    assert is_complete(text) is wanted


def test_completeness_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert is_complete("print('run')")
    assert is_complete("import antigravity")
    assert "antigravity" not in sys.modules
    assert capsys.readouterr().out == ""


def test_values_output_and_state(cli: Cli) -> None:
    ran = cli("repl", stdin="x = 20\nx + 1\nprint('a')\nNone\n'b'\n")
    assert (ran.status, ran.out, ran.err) == (0, "21\na\n'b'\n", "")


def test_blocks_end_with_an_empty_line(cli: Cli) -> None:
    ran = cli("repl", stdin="def f(n):\n    return n + 1\n\nclass A:\n    x = f(1)\n\nA.x, f(4)\n")
    assert (ran.out, ran.err) == ("(2, 5)\n", "")


def test_a_block_at_the_end_of_input_is_run(cli: Cli) -> None:
    assert cli("repl", stdin="for i in range(2):\n    print(i)").out == "0\n1\n"


def test_errors_are_shown_and_state_is_kept(cli: Cli) -> None:
    ran = cli(
        "repl",
        "--limit",
        "steps=10_000",
        stdin="x = 1\nprint('a'); 1 / 0\nx = = 2\n__builtins__ = 1\nwhile True: x += 1\n\nx > 1\n",
    )
    assert ran.status == 0
    assert ran.out == "a\nTrue\n"
    assert 'File "<entry 2>", line 1' in ran.err
    assert "ZeroDivisionError" in ran.err
    assert "<entry 3>:1:" in ran.err
    assert "<entry 4>:1:1: CAP" in ran.err
    assert "used up its steps" in ran.err


def test_a_traceback_shows_the_source_of_the_entry_it_is_in(cli: Cli) -> None:
    ran = cli("repl", stdin="def f():\n    return [][0]\n\nf()\n")
    assert 'File "<entry 1>", line 2, in f\n    return [][0]' in ran.err
    assert 'File "<entry 2>", line 1' in ran.err


def test_each_entry_has_a_fresh_budget(cli: Cli) -> None:
    entry = "for i in range(600): pass\n\n"
    ran = cli("repl", "--limit", "steps=1000", stdin=entry * 4 + "'fine'\n")
    assert (ran.out, ran.err) == ("'fine'\n", "")


def test_grants_reach_the_entries(cli: Cli) -> None:
    assert cli("repl", "--grant", "xs=value:[1, 2]", stdin="sum(xs)\n").out == "3\n"


def test_commands(cli: Cli) -> None:
    ran = cli(
        "repl",
        "--grant",
        "n=int:3",
        stdin=":names\na = 1\n_b = 2\nfor i in range(9): pass\n\n:names\n:usage\n:help\n"
        ":nosuch\n:quit\nprint('never')\n",
    )
    assert ran.status == 0
    assert "names: none yet\ngranted: n\n" in ran.out
    assert "names: a, i\ngranted: n\n" in ran.out
    assert "last entry: " in ran.out
    assert "all entries: " in ran.out
    assert ":quit" in ran.out
    assert "never" not in ran.out
    assert "there is no command :nosuch" in ran.err


def test_stdin_that_is_not_text(command: Cli) -> None:
    ran = command("repl", stdin=b"1\n\xff\n", PYTHONIOENCODING="utf-8:strict")
    assert ran.status == 1
    assert "not text" in ran.err


def test_on_a_terminal_there_are_prompts(on_terminal: Cli) -> None:
    ran = on_terminal("repl", typed=b"6 * 7\nif True:\n  'in' + 'ner'\n\n:quit\n")
    assert ran.status == 0
    assert ">>> " in ran.out
    assert "... " in ran.out
    assert "42" in ran.out


def test_an_interrupt_ends_the_entry_and_keeps_the_state(start: Callable[..., Any]) -> None:
    process = start("repl", "--limit", "steps=none", "--grant", "tell=begun")
    process.stdin.write(b"x = 0\nwhile True:\n    if x == 2: tell()\n    x += 1\n\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(b"x > 1\n", timeout=600)  # only what hangs takes so long
    assert (process.returncode, out, err) == (0, b"True\n", b"interrupted\n")
