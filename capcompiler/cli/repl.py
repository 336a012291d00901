"""`capcompiler repl`: a compartment that one types into."""

from __future__ import annotations

import ast
import codeop
import sys
import warnings
from dataclasses import fields, replace
from typing import Any

import click

from capcompiler import Compartment, __version__
from capcompiler.cli.budget import limit_option, parse_limits, usage_text
from capcompiler.cli.editor import line_reader
from capcompiler.cli.grants import grant_option
from capcompiler.cli.interrupt import interruptible
from capcompiler.cli.outcome import Interrupted, show_error, show_output
from capcompiler.cli.present import value_text
from capcompiler.cli.progress import progress
from capcompiler.cli.run import open_compartment
from capcompiler.cli.sources import take_stdin
from capcompiler.cli.terminal import write
from capcompiler.errors import CapError, one_line
from capcompiler.limits import Limits, Usage
from capcompiler.reaching import reach

__all__ = ["Session", "is_complete", "repl"]

_HELP = """\
Type Python; a block ends with an empty line. Each entry has a fresh budget. Tab completes.
:names   the names that the program has, and those it was granted
:caps    what was granted, with methods and parameters
:reach   all that the program can get at now, and what of it should not be there
:limits  the budget of each entry; `:limits steps=1e6 seconds=2` sets it
:usage   what the last entry used, and all entries together
:help    this text
:quit    end (so does the end of input)"""


@click.command(
    short_help="Type into a compartment.",
    epilog="""\b
Examples:
  capcompiler repl
  capcompiler repl --grant orders=csv:orders.csv --limit steps=1e5
""",
)
@grant_option
@limit_option
def repl(caps: dict[str, Any], limits: Limits) -> None:
    """Type programs into one compartment and see what they do.

    State lasts from entry to entry; an error ends the entry, not the compartment.
    """
    take_stdin()
    typed = sys.stdin.isatty()
    if typed:
        write(f"capcompiler {__version__}; :help for help, :quit to end")
    with open_compartment(caps, limits) as compartment:
        session = Session(compartment, caps)
        read = line_reader(lambda: compartment, typed)
        while not session.ended:
            try:
                line = read(session.prompt)
            except EOFError:
                session.finish()
                if typed:
                    write("")
            except KeyboardInterrupt:
                session.drop()
                write("\ndropped")
            except UnicodeDecodeError:
                raise click.ClickException("stdin is not text in the terminal's encoding") from None
            else:
                session.feed(line)


def is_complete(text: str) -> bool:
    """Whether `text` can be run as it is, or be refused as it is; runs nothing.

    Text that is wrong is complete: the compiler then says what is wrong with it.
    """
    compiler = codeop.CommandCompiler()
    compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compiler(text, "<entry>", "single") is not None
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
            return True


class Session:
    """What has been typed and not run yet, and the compartment that it will run in."""

    def __init__(self, compartment: Compartment, caps: dict[str, Any]) -> None:
        self.ended = False
        self._compartment = compartment
        self._granted = sorted(caps)
        self._caps = caps
        self._names: list[str] = []
        self._lines: list[str] = []
        self._entries = 0
        self._last = Usage()
        self._total = Usage()

    @property
    def prompt(self) -> str:
        return "... " if self._lines else ">>> "

    def feed(self, line: str) -> None:
        """Take one line, without its line end: run what is complete, obey what is a command."""
        if not self._lines and line.strip().startswith(":"):
            self._obey(line.strip())
            return
        if not self._lines and not line.strip():
            return
        self._lines.append(line)
        if is_complete("\n".join(self._lines)):
            self._run()

    def drop(self) -> None:
        """Forget the lines that have not run."""
        self._lines.clear()

    def finish(self) -> None:
        """Run what is left, and end."""
        if any(line.strip() for line in self._lines):
            self._run()
        self.ended = True

    def _run(self) -> None:
        text = "\n".join(self._lines) + "\n"
        self._lines.clear()
        self._entries += 1
        with interruptible(self._compartment) as interrupt, progress(self._compartment):
            try:
                done = self._compartment.exec(text, filename=f"<entry {self._entries}>")
            except CapError as error:
                self._spent(getattr(error, "usage", None))
                show_output(getattr(error, "output", ""))
                show_error(Interrupted() if interrupt.came else error)
            except KeyboardInterrupt:
                show_error(Interrupted())
            else:
                self._spent(done.usage)
                self._names = list(done)
                show_output(done.output)
                if done.value is not None:
                    write(value_text(done.value))

    def _reach(self) -> None:
        with interruptible(self._compartment) as interrupt:
            try:
                write(str(reach(self._compartment)))
            except CapError as error:
                show_error(Interrupted() if interrupt.came else error)
            except KeyboardInterrupt:
                show_error(Interrupted())

    def _limit(self, texts: list[str]) -> None:
        """Set some limits of the entries to come, and keep the others."""
        try:
            given = parse_limits(texts)
        except ValueError as error:
            write(str(error), err=True)
            return
        changed = {text.partition("=")[0]: getattr(given, text.partition("=")[0]) for text in texts}
        self._compartment._limits = replace(self._compartment._limits, **changed)
        write(_limits_text(self._compartment._limits))

    def _spent(self, usage: Usage | None) -> None:
        if usage is None:
            return
        self._last, total = usage, self._total
        self._total = Usage(
            steps=total.steps + usage.steps,
            seconds=total.seconds + usage.seconds,
            memory=max(total.memory, usage.memory),
            output=total.output + usage.output,
        )

    def _obey(self, command: str) -> None:
        match command:
            case ":quit" | ":q":
                self.ended = True
            case ":help":
                write(_HELP)
            case ":names":
                write(f"names: {', '.join(map(one_line, self._names)) or 'none yet'}")
                write(f"granted: {', '.join(self._granted) or 'nothing'}")
            case ":usage":
                write(f"last entry: {usage_text(self._last)}")
                write(f"all entries: {usage_text(self._total)}")
            case ":caps":
                from capcompiler.agents.wording import granted_text  # which needs a part of the cli

                write(granted_text(self._caps) if self._caps else "granted: nothing")
            case ":reach":
                self._reach()
            case ":limits":
                write(_limits_text(self._compartment._limits))
            case _ if command.startswith(":limits "):
                self._limit(command.split()[1:])
            case _:
                write(f"there is no command {command}; :help lists them", err=True)


def _limits_text(limits: Limits) -> str:
    """The limits as `--limit` takes them, on one line."""
    return "limits: " + " ".join(
        f"{field.name}={'none' if value is None else f'{value:_}'}"
        for field in fields(limits)
        for value in [getattr(limits, field.name)]
    )
