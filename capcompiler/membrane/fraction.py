"""Fractions at the membrane. The module `fractions` is Python, so each compartment has a class of its
own; what crosses is the two numbers.

Stops: a fraction that runs its guest's methods in the host, or that holds what is no number; and one
that fills the host's cache of hashes, see `_uncached`.
"""

from __future__ import annotations

import fractions
from fractions import Fraction
from types import MemberDescriptorType
from typing import Any, Final

from capcompiler.membrane.data import CrossingError
from guards.host import host_dict, host_mro

__all__ = ["FRACTIONS", "FractionClass"]

FRACTIONS: Final = "fractions"
#: Bits of a number, at most: reducing a fraction takes the square of them, in the host's time.
_MAX_BITS: Final = 1 << 18


def _uncached() -> None:
    """Let the host's fractions work out their hashes each time, as they do on 3.11.

    From 3.12 on the module keeps the last 16384 in a dictionary of the whole process. It compares a
    fraction with all in it that hash alike, so a worker that answers with those takes the host a
    millisecond for each, in containers however small, and for as long as the process lives.
    """
    cached: Any = vars(fractions).get("_hash_algorithm")
    if hasattr(cached, "cache_clear"):
        vars(fractions)["_hash_algorithm"] = cached.__wrapped__
        cached.cache_clear()


_uncached()


class FractionClass:
    """The class `Fraction` of one compartment, as its module had made it."""

    __slots__ = ("_denominator", "_kind", "_numerator")

    def __init__(
        self, kind: type, numerator: MemberDescriptorType, denominator: MemberDescriptorType
    ) -> None:
        self._kind = kind
        # The slots themselves: a guest may put what it likes under these names later.
        self._numerator = numerator
        self._denominator = denominator

    @classmethod
    def of(cls, kind: Any) -> FractionClass | None:
        """None where a guest has changed what the module is made from, so that this is no class with
        the two slots."""
        if not issubclass(type(kind), type):
            return None
        names = host_dict(kind)
        slots = names.get("_numerator"), names.get("_denominator")
        if any(type(s) is not MemberDescriptorType or s.__objclass__ is not kind for s in slots):
            return None
        try:
            object.__new__(kind)
        except TypeError:  # abstract, or laid out by what the guest put below it
            return None
        return cls(kind, *slots)

    def made(self, value: Fraction) -> Any:
        """A fraction of the host's, as the guest gets it."""
        made: Any = object.__new__(self._kind)
        self._numerator.__set__(made, int(value.numerator))
        self._denominator.__set__(made, int(value.denominator))
        return made

    def has(self, value: Any) -> bool:
        """Whether a guest's object is a fraction."""
        return any(k is self._kind for k in host_mro(type(value)))

    def taken(self, value: Any, where: str) -> Fraction:
        """A fraction of the guest's, as the host gets it. Raises `CrossingError`."""
        try:
            numbers = self._numerator.__get__(value), self._denominator.__get__(value)
        except AttributeError:
            raise CrossingError(value, where, "it is a fraction without numbers") from None
        if any(not issubclass(type(n), int) for n in numbers):
            raise CrossingError(value, where, "it is a fraction of what are no whole numbers")
        numerator, denominator = (int.__int__(n) for n in numbers)
        if denominator == 0:
            raise CrossingError(value, where, "it is a fraction by zero")
        if max(numerator.bit_length(), denominator.bit_length()) > _MAX_BITS:
            raise CrossingError(value, where, f"it is a fraction of more than {_MAX_BITS:,} bits")
        return Fraction(numerator, denominator)
