"""Chance as a capability; a guest's own `random` is the same in every run."""

from __future__ import annotations

import random
from typing import Annotated, Any, Final

from capcompiler import Capability
from capcompiler.filling import filling
from capcompiler.membrane.arguments import AtMost

__all__ = ["Random", "SeededRandom"]

MAX_BYTES: Final = 2**20
#: Of a number: unlike bytes, nobody pays for its length.
MAX_BITS: Final = 2**15
_READS = "random uniform randint choice sample shuffled bytes module"


class _Ambient(type):
    """Gives `Random` its constructor without making it a method that a guest could call."""

    def ambient(cls) -> Random:
        """Numbers that nobody can foretell.

        Ambient authority: draws on the randomness of the operating system.
        """
        if cls is not Random:
            raise TypeError(f"{cls.__name__}: it is made from a seed")
        made: Random = object.__new__(Random)
        made._source = random.SystemRandom()
        return made


class Random(Capability, metaclass=_Ambient, reads=_READS):
    """Chance. Made by `Random.ambient()`, or as a `SeededRandom`."""

    _source: random.Random

    def __init__(self) -> None:
        raise TypeError("Random: write Random.ambient(), which says what it takes")

    def random(self) -> float:
        """A number from 0 up to and without 1."""
        return self._source.random()

    def uniform(self, low: float, high: float) -> float:
        """A number between two others."""
        return self._source.uniform(low, high)

    def randint(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both among them."""
        if high < low:
            raise ValueError("randint: high is less than low")
        if (high - low).bit_length() > MAX_BITS:
            raise ValueError("randint: the numbers are too large")
        return self._source.randint(low, high)

    def choice(self, values: list[Any] | tuple[Any, ...] | str) -> Any:
        """One of them."""
        if not values:
            raise IndexError("choice: there is nothing to choose from")
        return self._source.choice(values)

    def sample(self, values: list[Any] | tuple[Any, ...], count: int) -> list[Any]:
        """So many of them, each at most once, in any order."""
        if not 0 <= count <= len(values):
            raise ValueError("sample: there are not so many")
        return self._source.sample(values, count)

    def shuffled(self, values: Annotated[list[Any] | tuple[Any, ...], AtMost(1_000_000)]) -> list[Any]:
        """All of them, in any order."""
        return self._source.sample(values, len(values))

    def bytes(self, count: int) -> bytes:
        """So many random bytes."""
        if not 0 <= count <= MAX_BYTES:
            raise ValueError(f"bytes: {MAX_BYTES:,} are the most at once")
        return self._source.randbytes(count)

    def module(self) -> Capability:
        """This chance, with `random` and `os.urandom` filled in for who is granted it."""
        return filling(self, "random")


class SeededRandom(Random):
    """Numbers that follow from a seed: the same in every run. No secret may be made of them."""

    __cap_travels__ = True

    def __init__(self, seed: int | str | bytes) -> None:
        if type(seed) not in (int, str, bytes):
            raise TypeError(f"SeededRandom: seed: wanted int, str or bytes, got {type(seed).__name__}")
        self._source = random.Random(seed)  # noqa: S311 - it is meant to be foretold
