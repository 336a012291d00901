"""Guest text on the user's terminal: escapes do not act, surrogates do not crash (pit 21)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from capcompiler.cli.terminal import encodable, harmless

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]

HOSTILE = "print('a\\x1b[31mb\\x9b2Jc\\rd\\x07\\ud800\\u202e\\tok')\n"


@pytest.mark.parametrize("code", [*range(32), *range(0x7F, 0xA0), 0xD800, 0xDFFF, 0x202E, 0x2066])
def test_what_a_terminal_acts_on_is_escaped(code: int) -> None:
    shown = harmless(f"a{chr(code)}b")
    if chr(code) in "\n\t":
        assert shown == f"a{chr(code)}b"
    else:
        assert shown.startswith("a\\")
        assert shown.isprintable()


@pytest.mark.parametrize("text", ["", "plain", "é漢🙂\xa0", "שלום", "a\n\tb"])
def test_ordinary_text_stays(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("encoding", "wanted"),
    [("utf-8", "é\\ud800"), ("ascii", "\\xe9\\ud800"), ("latin-1", "é\\ud800"), (None, "é\\ud800")],
)
def test_what_has_no_bytes_is_escaped(encoding: str | None, wanted: str) -> None:
    assert encodable("é\ud800", encoding) == wanted


def test_output_on_a_terminal_is_harmless(on_terminal: Cli, program: Write) -> None:
    ran = on_terminal("run", program(HOSTILE), PYTHONIOENCODING="utf-8")
    assert ran.status == 0
    assert "a\\x1b[31mb\\x9b2Jc\\rd\\x07\\ud800\\u202e" in ran.out
    assert "\x1b" not in ran.out


def test_errors_on_a_terminal_are_harmless(on_terminal: Cli, program: Write) -> None:
    ran = on_terminal("run", program("raise ValueError('\\x1b[2J\\ud800')  # \x1b[2J\n"))
    assert ran.status == 1
    assert "\\x1b[2J" in ran.out
    assert "\x1b[2J" not in ran.out
    ran = on_terminal("check", program("__builtins__ = '\x1b[2J'\n"))
    assert ran.status == 1
    assert "\x1b[2J" not in ran.out


def test_output_into_a_pipe_is_what_the_host_reads(command: Cli, program: Write) -> None:
    ran = command("run", program(HOSTILE), PYTHONIOENCODING="utf-8")
    assert ran == Ran(0, "a\\x1b[31mb\\x9b2Jc\rd\\x07\\ud800\u202e\tok\n", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_no_encoding_of_a_pipe_makes_it_crash(command: Cli, program: Write, encoding: str) -> None:
    path = program("print('\\u6f22\\ud800')\nraise ValueError('\\u6f22\\ud800')\n")
    ran = command("run", path, PYTHONIOENCODING=encoding)
    assert ran.status == 1
    assert "\\ud800" in ran.out
    assert "\\ud800" in ran.err


def test_colours_are_for_terminals_that_want_them(
    on_terminal: Cli, command: Cli, program: Write
) -> None:
    path = program("1 / 0")
    assert "\x1b[31m" in on_terminal("run", path).out
    assert "\x1b[" not in on_terminal("run", path, NO_COLOR="1").out
    assert "\x1b[" not in on_terminal("run", path, TERM="dumb").out
    assert "\x1b[" not in command("run", path).err


def test_output_that_cannot_be_written_is_no_error_of_the_guest(start: Cli, program: Write) -> None:
    path = program("print('x' * 100)")
    with open("/dev/full", "wb") as full:
        process: Any = start("run", path, stdout=full)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (
        74,
        b"capcompiler: input or output failed: No space left on device\n",
    )
    reader, writer = os.pipe()
    os.close(reader)
    process = start("run", path, stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (141, b"")


FORGED = "x\nFORGED"
PLUGIN = '[plugin]\nname = "a"\nversion = "1"\nentry = "main.py"\n'
MARKS = (
    f"from pluggy import HookimplMarker\nhook = HookimplMarker({FORGED!r})\n"
    f"@hook(specname={FORGED!r})\ndef work(): pass\n"
)


@pytest.mark.parametrize(
    ("command", "files"),
    [
        (("check", "c"), {f"c/{FORGED}.py": "__builtins__ = 1"}),
        (("check", "c"), {f"c/{FORGED}.py": "import socket"}),
        (("check", "c"), {f"c/{FORGED}.py": "\udcff"}),
        (("run", f"{FORGED}.py"), {f"{FORGED}.py": "__builtins__ = 1"}),
        (("run", f"{FORGED}.py"), {}),
        (("run", "g.py"), {"g.py": f"raise type({FORGED!r}, (Exception,), {{}})('a')"}),
        (("plugins", "check", "p"), {"p/a/plugin.toml": PLUGIN, "p/a/main.py": MARKS}),
    ],
)
def test_no_name_of_a_file_or_a_mark_writes_a_line_of_its_own(
    cli: Cli,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    files: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(text))
    ran = cli(*command)
    lines = (ran.out + ran.err).split("\n")
    assert any("x\\nFORGED" in line for line in lines)
    assert not any(line.startswith("FORGED") for line in lines)


def test_the_names_of_a_session_stand_on_one_line(cli: Cli) -> None:
    assert "x\\nFORGED" in cli("repl", stdin=f"globals()[{FORGED!r}] = 1\n:names\n").out
