"""`capcompiler explain`: the routed program beside the source."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from capcompiler.cli.explain import side_by_side

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]


def test_each_source_line_stands_beside_what_it_became(cli: Cli, program: Write) -> None:
    text = "class A:\n    pass\n\na = A()\na.x = 1\nprint(a.x)\n"
    ran = cli("explain", program(text), "--no-optimize", "--width", "120")
    assert (ran.status, ran.err) == (0, "")
    left = [line.partition(" │")[0].rstrip() for line in ran.out.splitlines()]
    for number, line in enumerate(text.splitlines(), 1):
        assert f"{number}  {line}".rstrip() in left
    assert "cap:" in ran.out


def test_nothing_is_run(cli: Cli) -> None:
    ran = cli("explain", "-", stdin="print('ne' + 'ver')\nwhile True: pass\n")
    assert ran.status == 0
    assert "never" not in ran.out


@pytest.mark.parametrize("option", ["--optimize", "--no-optimize"])
def test_both_levels_can_be_seen(cli: Cli, program: Write, option: str) -> None:
    assert cli("explain", program("for x in [1]: print(x.real)"), option).status == 0


def test_a_dialect_error_is_status_2(cli: Cli, program: Write) -> None:
    ran = cli("explain", program("__builtins__ = 1"))
    assert (ran.status, ran.out) == (2, "")
    assert "CAP" in ran.err


def test_an_empty_program(cli: Cli, program: Write) -> None:
    assert cli("explain", program("")).status == 0


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_and_nothing_is_left_out(width: int) -> None:
    rows = [
        ("if x:", ["if x:"]),
        ("\tvalue = " + "a" * 100, ["    value = " + "b" * 150, "    more()"]),
        ("", []),
        ("名 = '漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字'", ["名 = 1"]),
    ]
    lines = list(side_by_side(rows, width))
    assert all(sum(2 if ord(c) > 0x3000 else 1 for c in line) <= width for line in lines)
    text = "".join(lines)
    assert (text.count("a"), text.count("b"), text.count("漢")) == (102, 150, 11)
    assert [line[0] for line in lines if line[0] != " "] == ["1", "2", "3", "4"]


def test_control_characters_are_shown_as_escapes() -> None:
    assert list(side_by_side([("# \x1b[2J", ["\x07"])], 80)) == ["1  # \\x1b[2J │ \\x07"]


def test_long_lines_take_time_in_proportion() -> None:
    started = time.process_time()
    lines = list(side_by_side([("漢" * 300_000, ["b" * 300_000]), (" " * 1000 + "x", [])], 40))
    assert sum(line.count("漢") for line in lines) == 300_000
    assert sum(line.count("b") for line in lines) == 300_000
    assert time.process_time() - started < 10
