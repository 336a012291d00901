"""Ctrl-C while a guest runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from capcompiler import Compartment

__all__ = ["Interrupt", "interruptible"]


class Interrupt:
    """Whether the user has interrupted."""

    def __init__(self) -> None:
        self.came = False


@contextmanager
def interruptible(compartment: Compartment) -> Iterator[Interrupt]:
    """Let Ctrl-C stop the turn of `compartment`, whatever the guest catches.

    Without this a guest's `except BaseException` swallows the KeyboardInterrupt. A second Ctrl-C
    is Python's own, for a guest that is inside one long operation of C code.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # only the main thread gets signals
        return

    def stop(number: int, frame: FrameType | None) -> None:
        interrupt.came = True
        signal.signal(signal.SIGINT, before)
        compartment.cancel("interrupted by the user")
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
