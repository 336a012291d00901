"""Programs: those that are named, with arguments of the shape that was granted, in bounds."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Compartment
from stdlib_caps import Arg, Command, confirmed, revocable

Attempt = Callable[..., str]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")
ECHO = "import sys; print(sys.argv[1:])"


FORK = """
import subprocess, sys
later = "import time; time.sleep(1.5); open('late', 'w')"
quiet = subprocess.DEVNULL
subprocess.Popen([sys.executable, "-c", later], stdin=quiet, stdout=quiet, stderr=quiet)
"""


@pytest.fixture
def caps(tmp_path: Path) -> dict[str, Any]:
    python = sys.executable
    commands = {
        "show": [python, "-c", ECHO, "fixed", Arg(r"[a-z ;$`|&><*-]*", "word"), Arg(r"[0-9]+", "number")],
        "pick": [python, "-c", ECHO, Arg.one_of("--all", "--none", name="which")],
        "copy": [python, "-c", "import sys; sys.stdout.write(sys.stdin.read())"],
        "env": [python, "-c", "import os; print(sorted(os.environ), os.getcwd())"],
        "fail": [python, "-c", "import sys; sys.stderr.write('bad'); sys.exit(3)"],
        "hang": [python, "-c", "import time; time.sleep(100)"],
        "shout": [python, "-c", "while True: print('x' * 1000)"],
        "fork": [python, str(tmp_path / "fork.py")],
        "bytes": [python, "-c", "import sys; sys.stdout.buffer.write(b'\\xff\\x00')"],
    }  # fmt: skip
    return {"cmd": Command.ambient(commands, cwd=tmp_path, env={"ONE": "1"}, seconds=10)}


def test_a_program_runs(caps: dict[str, Any], attempt: Attempt, tmp_path: Path) -> None:
    assert attempt("cmd.run('show', 'hi', 5)", caps) == (
        "{'status': 0, 'output': \"['fixed', 'hi', '5']\\n\", 'errors': ''}"
    )
    assert attempt("cmd.run('pick', '--all')['status']", caps) == "0"
    assert attempt("cmd.run('copy', input='däta' * 9000)['output'] == 'däta' * 9000", caps) == "True"
    assert attempt("cmd.run('fail')", caps) == "{'status': 3, 'output': '', 'errors': 'bad'}"
    assert attempt("cmd.run('bytes')['output']", caps) == "'\ufffd\\x00'"
    assert attempt("cmd.names()['show']", caps) == "['word', 'number']"
    seen = attempt("cmd.run('env')['output']", caps)
    assert str(tmp_path) in seen and "ONE" in seen and "PATH" not in seen and "HOME" not in seen


def test_no_shell_reads_the_arguments(caps: dict[str, Any], attempt: Attempt, tmp_path: Path) -> None:
    got = attempt("cmd.run('show', '; touch evil | `touch evil` $$ > evil', 1)['output']", caps)
    assert "; touch evil | `touch evil` $$ > evil" in got
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            "cmd.run('rm', '-rf')",
            "PermissionError: the command 'rm' was not granted; there are: bytes, copy",
        ),
        ("cmd.run('/bin/sh')", "PermissionError"),
        ("cmd.run('')", "PermissionError"),
        ("cmd.run('show')", "TypeError: show: got 0 arguments, wanted 2"),
        ("cmd.run('show', 'a', 1, 2)", "TypeError: show: got 3 arguments, wanted 2"),
        ("cmd.run('show', 'A', 1)", "ValueError: show: word: it is not of the shape"),
        ("cmd.run('show', 'a\\n', 1)", "ValueError: show: word"),
        ("cmd.run('show', '-c', 1)", "ValueError: show: word: it has a NUL or looks like an option"),
        ("cmd.run('show', 'a\\0', 1)", "ValueError: show: word"),
        ("cmd.run('show', 'a' * 1001, 1)", "ValueError: show: word: 1,000 characters are the most"),
        ("cmd.run('show', 'a', -1)", "ValueError: show: number"),
        ("cmd.run('show', 'a', '1 2')", "ValueError: show: number"),
        (
            "cmd.run('show', ['a'], 1)",
            "TypeError: cmd.run: argument 2 (arguments): got list, wanted str or int",
        ),
        ("cmd.run('pick', '--evil')", "ValueError: pick: which"),
        ("cmd.run(b'show')", "TypeError: cmd.run: argument 1 (name): got bytes, wanted str"),
        (
            "cmd.run('copy', input='x' * 2**21)",
            "TypeError: cmd.run: argument 3 (input): it is 2,097,152 long",
        ),
        ("cmd.run('copy', env={'A': 'b'})", "TypeError"),
        ("cmd.ambient({'x': ['ls']})", "AttributeError"),
        ("cmd._commands", "AttributeError"),
    ],
)
def test_what_was_not_granted_does_not_run(
    caps: dict[str, Any], attempt: Attempt, source: str, error: str
) -> None:
    assert attempt(source, caps).startswith(error)


def test_lying_texts_are_made_exact_first(caps: dict[str, Any], attempt: Attempt) -> None:
    source = (
        "class S(str):\n    def __eq__(self, other): return True\n    def __hash__(self): return hash('show')\n"
        "    def startswith(self, *a): return False\n    def __str__(self): return 'fine'\ncmd.run(S('rm'), 'a', 1)"
    )
    assert attempt(source, caps).startswith("PermissionError: the command 'rm'")
    assert attempt(source.replace("S('rm'), 'a'", "'show', S('-c')"), caps).startswith(
        "ValueError: show: word"
    )


def test_a_program_that_hangs_or_shouts_is_killed() -> None:
    python = sys.executable
    slow = Command.ambient({"hang": [python, "-c", "import time; time.sleep(100)"]}, seconds=0.3)
    with pytest.raises(Exception, match="took longer than 0.3 seconds"):
        Compartment({"cmd": slow}).exec("cmd.run('hang')")
    closed = "import os, time; os.close(1); os.close(2); time.sleep(100)"
    with pytest.raises(Exception, match="took longer than"):
        Compartment({"cmd": Command.ambient({"x": [python, "-c", closed]}, seconds=0.5)}).exec(
            "cmd.run('x')"
        )
    loud = Command.ambient({"shout": [python, "-c", "while True: print('x' * 1000)"]}, max_output=10_000)
    with pytest.raises(Exception, match="printed more than 10,000 bytes"):
        Compartment({"cmd": loud}).exec("cmd.run('shout')")


def test_what_a_program_started_ends_with_it(
    caps: dict[str, Any], attempt: Attempt, tmp_path: Path
) -> None:
    (tmp_path / "fork.py").write_text(FORK)
    assert attempt("cmd.run('fork')", caps) == "{'status': 0, 'output': '', 'errors': ''}"
    time.sleep(2)
    assert not (tmp_path / "late").exists()


#: A program whose child is in a session of its own, and has a child in another.
SESSIONS = """
import subprocess, sys, time
inner = "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"
outer = "import os, subprocess, sys, time; print(os.getpid(), flush=True); "
outer += f"subprocess.Popen([sys.executable, '-c', {inner!r}], start_new_session=True); time.sleep(1000)"
line = [sys.executable, "-c", outer]
started = subprocess.Popen(line, stdout=subprocess.PIPE, start_new_session=True)
numbers = [started.stdout.readline(), started.stdout.readline()]
with open("numbers", "wb") as f:
    f.write(b"".join(numbers))
print("x" * 100_000, flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell who started what")
def test_what_left_the_session_of_a_program_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "sessions.py").write_text(SESSIONS)
    line = {"start": [sys.executable, "sessions.py"]}
    cmd = Command.ambient(line, cwd=tmp_path, max_output=10_000, seconds=100)
    with pytest.raises(Exception, match="printed more than"):
        Compartment({"cmd": cmd}).exec("cmd.run('start')")
    numbers = [int(n) for n in (tmp_path / "numbers").read_text().split()]
    assert len(numbers) == 2
    for number in numbers:
        for _ in range(500):
            try:
                state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                break
            if state in "ZX":
                break
            time.sleep(0.02)
        else:
            os.kill(number, signal.SIGKILL)
            raise AssertionError("it runs on")


def test_hosts_name_programs_that_are_there() -> None:
    with pytest.raises(TypeError, match="ambient"):
        Command()
    for commands in (
        {},
        {"x": "ls -l"},
        {"x": []},
        {"x": [Arg("x")]},
        {"x": ["ls", 5]},
        {"x": ["ls", "a\0"]},
    ):
        with pytest.raises(ValueError, match="Command"):
            Command.ambient(commands)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match="no program 'no-such-program'"):
        Command.ambient({"x": ["no-such-program"]})
    with pytest.raises(Exception):
        Arg("(")


def test_the_file_that_was_found_is_what_runs(
    tmp_path: Path, attempt: Attempt, monkeypatch: Any
) -> None:
    real = shutil.which("true")
    assert real
    caps = {"cmd": Command.ambient({"true": ["true"]})}
    (tmp_path / "true").write_text("#!/bin/sh\nexit 7\n")
    (tmp_path / "true").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert attempt("cmd.run('true')['status']", caps) == "0"


def test_less_of_it(caps: dict[str, Any], attempt: Attempt) -> None:
    asked: list[str] = []
    cap = confirmed(caps["cmd"], lambda request: asked.append(str(request)) or False)
    assert attempt("cmd.run('show', 'a', 1)", {"cmd": cap}).endswith("it was not confirmed")
    assert asked == ["run('show', 'a', 1)"]
    gone, revoke = revocable(caps["cmd"])
    revoke()
    assert "revoked" in attempt("cmd.run('show', 'a', 1)", {"cmd": gone})
