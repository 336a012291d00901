"""How the repl reads lines: with history, completion and colours where prompt_toolkit is there, with
readline where that is, and plainly everywhere else."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capcompiler.cli.complete import completions
from guards.meter import Stop

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["completer", "history_file", "line_reader", "prompt_session"]


def line_reader(world: Callable[[], Compartment], typed: bool) -> Callable[[str], str]:
    """A function that shows a prompt and gives the line that is typed, as `input` does.

    world: gives the compartment whose names are completed. typed: whether somebody sits at a terminal.
    """
    if not typed:
        return lambda _prompt: input("")
    try:
        session = prompt_session(world)
    except ImportError:
        return _readline(world)
    read: Callable[[str], str] = session.prompt
    return read


def history_file() -> str | None:
    """Where lines are kept for the next time, in a file of the user's alone; None for nowhere."""
    base = os.environ.get("XDG_STATE_HOME", "")
    try:
        folder = (
            Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state"
        ) / "capcompiler"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "history"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except (OSError, RuntimeError):
        return None
    return str(path)


def completer(world: Callable[[], Compartment], before: str) -> tuple[list[str], int]:
    """`completions`, which never fail: somebody is typing."""
    try:
        return completions(world(), before)
    except (Exception, Stop):
        return [], 0


def prompt_session(world: Callable[[], Compartment]) -> Any:
    """A session of prompt_toolkit, whose `prompt` reads a line. Raises ImportError without it."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Names(Completer):  # type: ignore[misc]  # the library is skipped by the type checker
        def get_completions(self, document: Any, _event: Any) -> Iterable[Any]:
            found, length = completer(world, document.text_before_cursor)
            for name in found:
                yield Completion(name, start_position=-length)

    path = history_file()
    history = InMemoryHistory() if path is None else FileHistory(path)
    return PromptSession(history=history, completer=Names(), complete_while_typing=False)


def _readline(world: Callable[[], Compartment]) -> Callable[[str], str]:
    try:
        import readline
    except ImportError:
        return input
    found: list[str] = []

    def complete(text: str, number: int) -> str | None:
        if number == 0:
            before = readline.get_line_buffer()[: readline.get_endidx()]
            names, length = completer(world, before)
            kept = text[: len(text) - length]  # readline gives the whole dotted name
            found[:] = [kept + name for name in names]
        return found[number] if number < len(found) else None

    readline.set_completer_delims(" \t\n()[]{},;=+-*/%<>!&|^~'\"")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
    path = history_file()
    if path is not None:
        with contextlib.suppress(OSError):
            readline.read_history_file(path)
        atexit.register(_kept, readline, path)
    return input


def _kept(readline: Any, path: str) -> None:
    with contextlib.suppress(OSError):
        readline.set_history_length(1000)
        readline.write_history_file(path)
