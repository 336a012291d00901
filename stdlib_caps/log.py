"""A log that a guest can write to and not read."""

from __future__ import annotations

import logging

from capcompiler import Capability

__all__ = ["Log"]

MAX_LINE = 4096


class Log(Capability):
    """Lines of a guest in a logger of the host's. Each is cut to 4,096 characters, and characters that
    would steer a terminal or forge further lines are escaped."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, text: str) -> None:
        """Write a line that helps to find errors."""
        self._write(logging.DEBUG, text)

    def info(self, text: str) -> None:
        """Write a line on what was done."""
        self._write(logging.INFO, text)

    def warning(self, text: str) -> None:
        """Write a line on what may be wrong."""
        self._write(logging.WARNING, text)

    def error(self, text: str) -> None:
        """Write a line on what failed."""
        self._write(logging.ERROR, text)

    def _write(self, level: int, text: str) -> None:
        line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:MAX_LINE])
        self._logger.log(level, "%s", line)
