"""Programs of this machine, each under a name and with arguments of a fixed shape. No shell."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from capcompiler import Capability
from capcompiler.membrane.arguments import AtMost

__all__ = ["Arg", "Command"]

MAX_OUTPUT: Final = 2**20


@dataclass(frozen=True, slots=True)
class Arg:
    """A place in a command that the guest fills in.

    pattern: what the whole argument must look like, a regular expression. name: for messages.
    option: whether it may begin with `-`, and so be taken for an option by the program.
    """

    pattern: str
    name: str = "argument"
    option: bool = False
    most: int = 1000

    def __post_init__(self) -> None:
        re.compile(self.pattern)

    @classmethod
    def one_of(cls, *choices: str, name: str = "argument") -> Arg:
        """One of these texts."""
        return cls("|".join(re.escape(c) for c in choices), name, True)

    def problem(self, text: str) -> str:
        """Why a text does not fit here; "" when it does."""
        if len(text) > self.most:
            return f"{self.name}: {self.most:,} characters are the most"
        if "\0" in text or (text.startswith("-") and not self.option):
            return f"{self.name}: it has a NUL or looks like an option"
        if re.fullmatch(self.pattern, text) is None:
            return f"{self.name}: it is not of the shape that was granted"
        return ""


class _Ambient(type):
    """Gives `Command` its constructor without making it a method that a guest could call."""

    def ambient(
        cls, commands: Mapping[str, Sequence[str | Arg]], *, cwd: str | os.PathLike[str] = "/",
        env: Mapping[str, str] | None = None, seconds: float = 10.0, max_output: int = MAX_OUTPUT,
    ) -> Command:  # fmt: skip
        """Programs of this machine, by names that the guest uses.

        commands: each name to a program and its arguments: texts, and an `Arg` for each place that
        the guest fills in. The program is looked for now, and that file is what runs.
        cwd: where it runs. env: all of its environment. seconds: until it is killed, with what it
        started. max_output: bytes that it may print.
        Raises FileNotFoundError for a program that is not there, ValueError for what is no command.

        Ambient authority: runs programs with the rights of this process.
        """
        if not commands:
            raise ValueError("Command: name the programs to grant")
        if type(seconds) not in (int, float) or not 0 < seconds < 86_400:
            raise ValueError("Command: seconds: wanted a number above 0")
        made: Command = object.__new__(Command)
        made._commands = {name: _found(name, line) for name, line in commands.items()}
        made._cwd, made._env = os.fspath(cwd), dict(env or {})
        made._seconds, made._max = float(seconds), max_output
        return made


def _found(name: str, line: Sequence[str | Arg]) -> tuple[str | Arg, ...]:
    if isinstance(line, str) or not line or not isinstance(line[0], str):
        raise ValueError(f"Command: {name!r}: wanted a program and its arguments, as a list")
    for part in line:
        if not isinstance(part, (str, Arg)) or (isinstance(part, str) and "\0" in part):
            raise ValueError(f"Command: {name!r}: arguments are texts or Arg")
    program = shutil.which(line[0])
    if program is None:
        raise FileNotFoundError(f"Command: {name!r}: there is no program {line[0]!r}")
    return (os.path.abspath(program), *line[1:])


#: Looks at who started whom, at most: what is met may have started another meanwhile.
_ROUNDS: Final = 20


def _kill_started(parent: int) -> None:
    """End what a program that still runs has started, and what that did, also where it has a session of
    its own, which takes it out of the group. On Linux, and where each has its parent still: who was left
    behind by one that has ended is nobody's child any more."""
    known: set[int] = set()
    for _ in range(_ROUNDS):
        found = _started(parent) - known
        for number in found:
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGSTOP)  # it starts no more, and stays the parent of its own
        known |= found
        if not found:
            break
    for number in known - {parent}:
        with contextlib.suppress(OSError):
            os.kill(number, signal.SIGKILL)


def _started(parent: int) -> set[int]:
    """A process, and those that it has started, and those that these did, as the system tells now."""
    children: dict[int, list[int]] = {}
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return set()
    for number in numbers:
        try:
            with open(f"/proc/{number}/stat", "rb") as f:
                of = int(f.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
        children.setdefault(of, []).append(int(number))
    found = {parent}
    left = [parent]
    while left:
        more = [n for n in children.get(left.pop(), []) if n not in found]
        found.update(more)
        left += more
    return found


class Command(Capability, metaclass=_Ambient):
    """Programs to run, by name. Made by `Command.ambient({...})`."""

    _commands: dict[str, tuple[str | Arg, ...]]
    _cwd: str
    _env: dict[str, str]
    _seconds: float
    _max: int

    def __init__(self) -> None:
        raise TypeError("Command: write Command.ambient({...}), which says what it takes")

    def names(self) -> dict[str, list[str]]:
        """The names of the programs, each with the names of the arguments that it takes."""
        return {
            name: [part.name for part in line if isinstance(part, Arg)]
            for name, line in sorted(self._commands.items())
        }

    def run(
        self, name: str, /, *arguments: str | int, input: Annotated[str | bytes, AtMost(2**20)] = b""
    ) -> dict[str, Any]:
        """Run a program: gives `status`, and what it printed as `output` and `errors`.

        input: what it reads. Raises TimeoutError when it takes too long, and OSError when it prints
        too much; then it has been killed.
        """
        line = self._line(name, arguments)
        data = input.encode() if isinstance(input, str) else input
        status, output, errors = self._ran(line, data)
        return {
            "status": status,
            "output": output.decode("utf-8", "replace"),
            "errors": errors.decode("utf-8", "replace"),
        }

    def _line(self, name: str, arguments: tuple[str | int, ...]) -> list[str]:
        pattern = self._commands.get(name)
        if pattern is None:
            known = ", ".join(sorted(self._commands))
            raise PermissionError(f"the command {name[:50]!r} was not granted; there are: {known}")
        places = [part for part in pattern if isinstance(part, Arg)]
        if len(places) != len(arguments):
            raise TypeError(f"{name}: got {len(arguments)} arguments, wanted {len(places)}")
        given = iter(arguments)
        line = []
        for part in pattern:
            if isinstance(part, Arg):
                text = str(next(given))
                problem = part.problem(text)
                if problem:
                    raise ValueError(f"{name}: {problem}")
                part = text
            line.append(part)
        return line

    def _ran(self, line: list[str], data: bytes) -> tuple[int, bytes, bytes]:
        try:
            process = subprocess.Popen(  # noqa: S603 - a file that the host named, and no shell
                line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                cwd=self._cwd, env=self._env, close_fds=True, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            number, text = error.errno, error.strerror
        else:
            with process:
                try:
                    output, errors = self._talk(process, data)
                except BaseException:
                    _kill_started(process.pid)
                    raise
                finally:
                    # With all that it started. It has not been waited for yet, so the number is
                    # still that of its group and of no other process.
                    with contextlib.suppress(OSError):
                        os.killpg(process.pid, signal.SIGKILL)
            return process.returncode, output, errors
        raise OSError(number or 5, f"the program could not be run: {text}")

    def _talk(self, process: subprocess.Popen[bytes], data: bytes) -> tuple[bytes, bytes]:
        deadline = time.monotonic() + self._seconds
        found: dict[Any, bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
        rest = memoryview(data)
        with selectors.DefaultSelector() as selector:
            for pipe in found:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            source: Any = process.stdin
            if rest:
                os.set_blocking(source.fileno(), False)
                selector.register(source, selectors.EVENT_WRITE)
            else:
                source.close()
            while selector.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"the program took longer than {self._seconds:g} seconds")
                for key, _ in selector.select(min(left, 0.5)):
                    stream: Any = key.fileobj
                    if stream is source:
                        try:
                            rest = rest[os.write(source.fileno(), rest[:65536]) :]
                        except BrokenPipeError:
                            rest = rest[:0]
                        if not rest:
                            selector.unregister(source)
                            with contextlib.suppress(BrokenPipeError):
                                source.close()
                        continue
                    part = os.read(key.fd, 65536)
                    if not part:
                        selector.unregister(stream)
                    found[stream] += part
                    if sum(map(len, found.values())) > self._max:
                        raise OSError(27, f"the program printed more than {self._max:,} bytes")
        while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the program took longer than {self._seconds:g} seconds")
            time.sleep(0.005)
        return bytes(found[process.stdout]), bytes(found[process.stderr])
