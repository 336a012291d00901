"""A line on the terminal while a program runs long: how many steps it has used, and for how long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from capcompiler import Compartment

__all__ = ["line", "progress"]

_FIRST = 1.0  # seconds before anything is shown
_EVERY = 0.25


def line(world: Compartment, seconds: float) -> str:
    """What is shown: numbers only, nothing of the guest's."""
    meter = world._realm.meter
    used, limit = max(0, meter.used), meter.steps
    share = "" if not limit else f" of {limit:,} ({min(100, used * 100 // limit)} %)"
    return f"running: {used:,}{share} steps, {seconds:.0f} s; Ctrl-C stops it"


@contextmanager
def progress(world: Compartment, stream: TextIO | None = None) -> Iterator[None]:
    """Show a line on stderr while this lasts, where that is a terminal, and take it away at the end."""
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield
        return
    over = threading.Event()
    started = time.monotonic()

    def show() -> None:
        shown = False
        wait = _FIRST
        while not over.wait(wait):
            wait = _EVERY
            try:
                out.write(f"\r\x1b[K{line(world, time.monotonic() - started)}")
                out.flush()
            except (OSError, ValueError):
                return
            shown = True
        if shown:
            out.write("\r\x1b[K")
            out.flush()

    thread = threading.Thread(target=show, name="capcompiler progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1)
