"""What a guest may spend, and what it has spent."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

__all__ = ["Limits", "Usage"]

_MOST_BITS: Final = 1000  # of a whole number: a float holds it


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one turn; None means no bound of that kind.

    steps: loop iterations, function entries and the units that builtins charge.
    seconds: wall-clock time, compiling included. memory: bytes.
    output: characters printed. depth: guest calls inside one another.
    Raises TypeError for what is not a number, ValueError for a negative, infinite, NaN or huge one.
    """

    steps: int | None = 10_000_000
    seconds: float | None = None
    memory: int | None = 256 * 2**20
    output: int | None = 2**20
    depth: int | None = 500

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            whole = field.name != "seconds"
            if type(value) is not int and (type(value) is not float or whole):
                wanted = "a whole number" if whole else "a number"
                raise TypeError(
                    f"Limits.{field.name}: wanted {wanted} or None, got {type(value).__name__}"
                )
            if type(value) is int and value.bit_length() > _MOST_BITS:  # no float holds it
                raise ValueError(
                    f"Limits.{field.name}: wanted less, got a number of {value.bit_length():,} bits"
                )
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"Limits.{field.name}: wanted 0 or more, got {value}")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a turn has spent: steps, seconds of wall-clock time, characters of output, and
    the largest amount of bytes that was asked for in one piece or found in use at a check."""

    steps: int = 0
    seconds: float = 0.0
    memory: int = 0
    output: int = 0
