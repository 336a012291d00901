"""Writing to the user's streams, so that no guest text can drive the user's terminal.

On a terminal, characters that it would act on are written as escapes; elsewhere text goes out as
it is. Neither ever fails on a character that the stream cannot encode.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click

from capcompiler.membrane.exceptions import harmless

__all__ = ["coloured", "encodable", "harmless", "write"]


def encodable(text: str, encoding: str | None) -> str:
    """`text` with what `encoding` has no bytes for (lone surrogates, always) as escapes."""
    codec = encoding or "utf-8"
    return text.encode(codec, "backslashreplace").decode(codec)


def coloured(stream: TextIO) -> bool:
    """Whether to write colours: on a terminal that has them, without NO_COLOR (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(text: str, *, err: bool = False, end: str = "\n", colour: str | None = None) -> None:
    """Write `text` and `end` to stdout, or to stderr.

    Not `click.echo`: that strips what looks like an ANSI sequence from a guest's output when it
    goes into a file, and lets it through to a terminal.
    """
    stream = sys.stderr if err else sys.stdout
    if err:
        sys.stdout.flush()  # the two in order, where both are the same terminal or log
    shown = encodable(harmless(text) if stream.isatty() else text, stream.encoding)
    if colour and coloured(stream):
        shown = click.style(shown, fg=colour)
    stream.write(shown + end)
    stream.flush()
