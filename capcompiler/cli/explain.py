"""`capcompiler explain`."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence

import click

from capcompiler import cap_compile
from capcompiler.cli.outcome import Status, show_error
from capcompiler.cli.run import optimize_option
from capcompiler.cli.sources import read_source
from capcompiler.cli.terminal import harmless, write
from capcompiler.errors import CapError
from capcompiler.program import explain as explain_program

__all__ = ["explain", "side_by_side"]

_NARROWEST = 40
_WIDE_WHEN_PIPED = 120


@click.command(
    short_help="Show what a program is compiled to.",
    epilog="""\b
Examples:
  capcompiler explain rules.py
  capcompiler explain --no-optimize --width 160 rules.py
""",
)
@click.argument("file", type=click.Path())
@optimize_option
@click.option(
    "--width",
    type=click.IntRange(min=_NARROWEST),
    help="Columns to fill; as wide as the terminal if not given.",
)
def explain(file: str, optimize: bool, width: int | None) -> None:
    """Show what FILE (- is stdin) is compiled to, line by line beside the source.

    Names such as cap:getattr are the guards: no program can spell them. Nothing is run.
    """
    source = read_source(file)
    try:
        program = cap_compile(source.text, filename=source.name, optimize=optimize)
    except CapError as error:
        show_error(error)
        click.get_current_context().exit(Status.USAGE_OR_DIALECT)
    if width is None:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE_WHEN_PIPED
    for line in side_by_side(explain_program(program), max(width, _NARROWEST)):
        write(line)


def side_by_side(rows: Sequence[tuple[str, Sequence[str]]], width: int) -> Iterator[str]:
    """Lines of at most `width` columns: number, source line, and what it became.

    Lines that do not fit go on below in their own column, so that nothing is left out.
    """
    sources = [_printable(source) for source, _ in rows]
    number = len(str(len(rows)))
    room = width - number - len("  ") - len(" │ ")
    left = min(max(map(_columns, sources), default=0), room * 2 // 5)
    right = room - left
    for index, (source, (_, routed)) in enumerate(zip(sources, rows, strict=True), 1):
        one = list(_wrap(source, left))
        other = [part for line in routed for part in _wrap(_printable(line), right)]
        for row in range(max(len(one), len(other), 1)):
            mark = str(index) if row == 0 else ""
            here = one[row] if row < len(one) else ""
            there = other[row] if row < len(other) else ""
            padding = " " * (left - _columns(here))
            yield f"{mark:>{number}}  {here}{padding} │ {there}".rstrip()


def _wrap(text: str, width: int) -> Iterator[str]:
    """`text` in pieces of at most `width` columns, parted at spaces where there are some; pieces
    after the first are indented."""
    indent = " " * min(len(text) - len(text.lstrip()) + 4, width // 2)
    start, before = 0, ""
    while True:
        room = width - len(before)
        end, used = start, 0
        while end < len(text) and (used := used + _columns(text[end])) <= room:
            end += 1
        if end == len(text):
            yield before + text[start:]
            return
        end = max(end, start + 1)
        space = text.rfind(" ", start + room // 2, end + 1)
        if text[start : max(space, start)].strip():
            end = space
        yield before + text[start:end]
        start, before = end + (text[end] == " "), indent


def _columns(text: str) -> int:
    """How many columns of a terminal `text` fills."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _printable(line: str) -> str:
    return harmless(line.expandtabs(8).rstrip("\n"))
