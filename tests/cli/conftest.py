"""Three ways to run the command: in this process, in another, and in another on a terminal."""

from __future__ import annotations

import inspect
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from capcompiler.cli import main


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


@pytest.fixture
def cli() -> Callable[..., Ran]:
    # click 8.1 keeps stdout and stderr apart when told to, later versions always.
    old = "mix_stderr" in inspect.signature(CliRunner).parameters
    runner = CliRunner(mix_stderr=False) if old else CliRunner()  # type: ignore[call-arg]

    def run(*args: str | Path, stdin: str | bytes = "") -> Ran:
        result = runner.invoke(main, [str(arg) for arg in args], input=stdin)
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """Writes a program into a file and gives the file's path."""

    def write(text: str | bytes, name: str = "guest.py") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def _environment(**changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH", "")]))
    return kept | {"PYTHONPATH": path, "TERM": "xterm"} | changes


@pytest.fixture
def command() -> Callable[..., Ran]:
    """`python -m capcompiler` in a process of its own, its streams being pipes."""

    def run(*args: str | Path, stdin: bytes = b"", **environment: str) -> Ran:
        done = subprocess.run(  # noqa: S603  # the arguments are the tests' own
            [sys.executable, "-m", "capcompiler", *map(str, args)],
            input=stdin,
            capture_output=True,
            env=_environment(**environment),
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


#: The command line with one kind of grant more: a function that says at once that it was called, where
#: what a guest prints is shown when its turn ends.
TELLING = """
import os
from capcompiler.cli import grants
from capcompiler.__main__ import main
grants.KINDS["begun"] = grants.Kind("", "", lambda _: lambda: os.write(1, b"begun\\n") and None)
main(prog_name="capcompiler")
"""


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """The same, under way, its stdin open; it is ended when the test ends."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*args: str | Path, stdout: Any = subprocess.PIPE) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603  # the arguments are the tests' own
            [sys.executable, "-c", TELLING, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=_environment(),
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def on_terminal() -> Callable[..., Ran]:
    """The same with stdin, stdout and stderr on a pseudo-terminal: all that it showed is `out`."""

    def run(*args: str | Path, typed: bytes = b"", **environment: str) -> Ran:
        try:
            ours, theirs = pty.openpty()
        except OSError as error:  # a chroot without /dev/pts
            pytest.skip(f"this machine has no pseudo-terminal: {error}")
        process = subprocess.Popen(  # noqa: S603  # the arguments are the tests' own
            [sys.executable, "-m", "capcompiler", *map(str, args)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=_environment(**environment),
            start_new_session=True,
        )
        os.close(theirs)
        if typed:
            os.write(ours, typed)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # on Linux the end of the other side is an error, EIO
        finally:
            os.close(ours)
        return Ran(process.wait(timeout=60), shown.decode().replace("\r\n", "\n"), "")

    return run
