"""`quota(cap, calls=, bytes=)`: so much and no more."""

from __future__ import annotations

import datetime
import threading
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from capcompiler.attenuation.policy import Policy, Step, attenuated, capability_of, is_awaitable
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.data import base_of, reduced
from capcompiler.membrane.record import record_of
from capcompiler.membrane.withheld import Withheld

__all__ = ["quota"]


class _Quota(Policy):
    __slots__ = ("bytes", "calls", "lock")

    def __init__(self, calls: int | None, size: int | None) -> None:
        self.calls = calls
        self.bytes = size
        self.lock = threading.Lock()

    def around(self, step: Step) -> Any:
        size = 0 if self.bytes is None else _size((step.args, step.kwargs))
        with self.lock:
            if self.calls is not None and self.calls <= 0:
                raise Withheld("its number of uses is used up")
            self._pay(size)
            if self.calls is not None:
                self.calls -= 1
        try:
            result = step.go()
        except Exception as error:
            self.failed(step, error)
            raise
        return result if is_awaitable(result) else self.settled(step, result)

    def settled(self, step: Step, result: Any) -> Any:
        if self.bytes is not None:
            size = _size(result)
            with self.lock:
                if size > self.bytes:
                    self.bytes = 0  # what it read is not handed out, and is read all the same
                    raise Withheld("its quota of bytes is used up")
                self.bytes -= size
        return result

    def failed(self, step: Step, error: BaseException) -> None:
        # What an error says is read too; the refusal of an attenuator says nothing.
        if not isinstance(error, Withheld):
            self.settled(step, error.args)

    def element(self, step: Step, element: Any) -> Any:
        return self.settled(step, element)

    def _pay(self, size: int) -> None:
        if self.bytes is not None:
            if size > self.bytes:
                raise Withheld("its quota of bytes is used up")
            self.bytes -= size


def quota(cap: Any, *, calls: int | None = None, bytes: int | None = None) -> Capability:
    """A capability that can be used `calls` times, and that takes and gives `bytes` bytes, together
    with all that was obtained through it.

    bytes: of texts (in UTF-8), bytes and numbers of more than 64 bits, in arguments, results and errors,
    however deep in containers and registered dataclasses. A use whose arguments are too large is refused
    before anything happens.
    """
    inner = capability_of(cap, "quota")
    if calls is None and bytes is None:
        raise TypeError("quota: say calls= or bytes=, or both")
    for name, value in (("calls", calls), ("bytes", bytes)):
        if value is not None and (type(value) is not int or value < 0):
            raise ValueError(f"quota: {name}: wanted a whole number from 0 on")
    return attenuated(inner, _Quota(calls, bytes))


_CONTAINERS: Final = (list, tuple, set, frozenset, deque)
_SMALL_BITS: Final = 64
_SMALL_DIGITS: Final = 19
_SHORT: Final = 64


def _size(value: Any) -> int:
    """The bytes in data; each part counts once, and a short text wherever it stands. What is no data
    counts nothing. What the host gives may be of a subclass, and counts as what it crosses as."""
    total = 0
    # By identity, and held, so that no other part comes to have the place of one that was made here.
    seen: dict[int, Any] = {}
    rest = [value]
    while rest:
        part = rest.pop()
        # Before it is read: a guest may have put the same large text into a list a million times.
        if id(part) in seen:
            continue
        x = reduced(part)
        kind: Any = base_of(type(x)) or type(x)
        if not _is_short(kind, x):
            seen[id(part)] = part
        if kind is str:
            total += len(x.encode("utf-8", "surrogatepass")) if not x.isascii() else len(x)
        elif kind in (bytes, bytearray):
            total += len(x)
        elif kind is int:
            total += (x.bit_length() + 7) // 8 if x.bit_length() > _SMALL_BITS else 0
        elif kind is Decimal:
            digits = len(x.as_tuple().digits)
            total += digits if digits > _SMALL_DIGITS else 0
        elif issubclass(kind, Fraction):
            rest += (x.numerator, x.denominator)
        elif kind is datetime.datetime or kind is datetime.time:
            rest.append(x.tzinfo)
        elif kind is datetime.timezone:
            rest += x.__getinitargs__()  # the name that it was given, if any
        elif kind is range:
            rest += (x.start, x.stop, x.step)
        elif kind is dict:
            rest += dict.keys(x)
            rest += dict.values(x)
        elif kind in _CONTAINERS:
            rest += kind.__iter__(x)
        elif (record := record_of(kind)) is not None:
            rest += record.read(x, "")
    return total


def _is_short(kind: type, x: Any) -> bool:
    if kind is int:
        return x.bit_length() <= _SMALL_BITS  # type: ignore[no-any-return]
    return kind in (str, bytes, bytearray) and len(x) <= _SHORT
