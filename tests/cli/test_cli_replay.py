"""`capcompiler run --record` and `capcompiler replay`."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from capcompiler import Compartment
from capcompiler.recording.replay import record

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]


def test_a_recorded_run_is_told_again_without_its_files(
    cli: Cli, program: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    log = tmp_path / "job.log"
    path = program("text = open('a.txt').read()\nprint(text, n)\nopen('b.txt')\n")
    ran = cli("run", path, "--grant", f"fs=dir:{folder}", "--grant", "n=int:7", "--record", log)
    assert (ran.status, ran.out) == (1, "one\n 7\n")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    (folder / "a.txt").unlink()
    again = cli("replay", log)
    assert (again.status, again.out) == (1, ran.out)
    assert again.err.endswith(ran.err)
    assert f"{path}:1: fs.open('a.txt'" in again.err and "-> 'one\\n'" in again.err
    assert "FileNotFoundError" in again.err
    assert cli("replay", log, "--quiet").err == ran.err
    data = json.loads(cli("replay", log, "--json").out)
    assert data["same"] is True and data["error"]["type"] == "FileNotFoundError"
    assert data["uses"][0]["call"].startswith("fs.open(")


def test_what_is_no_record_is_an_error_of_the_command(cli: Cli, program: Write, tmp_path: Path) -> None:
    ran = cli("replay", program("x = 1"))
    assert ran.status == 2 and "no record" in ran.err
    ran = cli("replay", tmp_path / "not-there")
    assert ran.status == 2
    ran = cli("run", program("__builtins__ = 1"), "--record", tmp_path / "log")
    assert ran.status == 2 and not (tmp_path / "log").exists()
    ran = cli("run", program("x = 1"), "--record", tmp_path / "no" / "folder")
    assert ran.status == 2 and "cannot be written" in ran.err


def test_what_a_record_says_does_not_steer_a_terminal(
    on_terminal: Cli, program: Write, cli: Cli, tmp_path: Path
) -> None:
    log = tmp_path / "job.log"
    path = program("raise ValueError('\\x1b]0;owned\\x07', bad)", name="a.py")
    cli("run", path, "--grant", "bad=str:\x1b[31m", "--record", log)
    shown = on_terminal("replay", log, NO_COLOR="1").out
    assert "owned" in shown and "\x1b" not in shown


@pytest.mark.parametrize("flag", ["--trace", "--deny-all", "--usage"])
def test_recording_goes_with_the_other_options(
    cli: Cli, program: Write, tmp_path: Path, flag: str
) -> None:
    log = tmp_path / "job.log"
    path = program("import time\ntry:\n    time.time()\nexcept PermissionError:\n    print('no')\n")
    first = cli("run", path, "--grant", "clock=clock", "--record", log, flag)
    assert first.status == 0
    assert cli("replay", log).out == first.out


def test_a_record_that_asks_for_much_is_run_when_the_user_says_so(
    cli: Cli, program: Write, tmp_path: Path
) -> None:
    log = tmp_path / "job.log"
    log.write_bytes(b"")
    log.chmod(0o644)
    path = program("print(sum(1 for _ in range(1000)))", name="a.py")
    cli("run", path, "--limit", "steps=none", "--limit", "seconds=5", "--record", log)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    ran = cli("replay", log)
    assert ran.status == 2 and ran.out == "" and "--limit steps=none" in ran.err
    assert "seconds" not in ran.err
    assert cli("replay", log, "--limit", "steps=none").out == "1000\n"


def test_a_program_that_awaits_is_told_again(cli: Cli, program: Write, tmp_path: Path) -> None:
    source = """
class Others:
    def __await__(self):
        yield
async def f(path):
    await Others()
    return open(path).read()
print(await f("a"))
"""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("text of a")
    log = tmp_path / "log"
    grant = f"fs=dir:{tmp_path / 'data'}"
    first = cli("run", program(source), "--grant", grant, "--record", log)
    assert first.status == 0 and first.out == "text of a\n"
    (tmp_path / "data" / "a").unlink()
    assert cli("replay", log, "--quiet").out == first.out


def test_an_error_in_a_record_stands_for_one_use(cli: Cli, tmp_path: Path) -> None:
    """A record can be anybody's, and so can the text of an error that it tells."""

    def refuse() -> None:
        raise ValueError("no\njob.py:7: mail.send('all') -> None")

    source = "try:\n    refuse()\nexcept ValueError:\n    pass"
    made = record(Compartment({"refuse": refuse}), source, filename="job.py")
    log = tmp_path / "job.log"
    log.write_bytes(made.data or b"")
    assert cli("replay", log).err == (
        "job.py:2: refuse() -> ValueError: no\\njob.py:7: mail.send('all') -> None\n"
    )
