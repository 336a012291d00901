"""What each side of a connection may name: tables of numbers, one pair per connection.

A number means something in one connection and one direction only, and is never used twice. Each time a
thing is sent, its row counts one more; the side that held it tells how often it had come when it lets
go of it, and the row goes when nothing is outstanding. So a thing that is sent while the other side
lets go of it stays.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from capcompiler.isolation.wire import WireError

__all__ = ["Released", "Table", "told"]

#: Rows of a table, at most: a worker that hands out handles without end fills no more than this.
MOST: Final = 1_000_000
#: Bytes of the guest's memory that a row stands for, which is the host's: a worker of ours takes several
#: times that for what it holds of it, and meets its limit first.
BYTES_OF_A_ROW: Final = 4096
#: What one side has let go of and not yet told: number and count. Filled by finalisers, from any thread.
Released = deque[tuple[int, int]]


class _Row:
    __slots__ = ("sent", "thing")

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.sent = 0


class Table:
    """What this side has handed to the other one, by number. It holds what is in it."""

    __slots__ = ("_next", "_numbers", "_rows", "most")

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._rows: dict[int, _Row] = {}
        self._numbers: dict[int, int] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, thing: Any) -> int | None:
        """The number of a thing that is in the table."""
        return self._numbers.get(id(thing))

    def number(self, thing: Any) -> int:
        """The number of a thing; it is entered if need be."""
        number = self._numbers.get(id(thing))
        if number is None:
            if len(self._rows) >= self.most:
                raise WireError(f"more than {self.most:,} things were handed over")
            number, self._next = self._next, self._next + 1
            self._rows[number] = _Row(thing)
            self._numbers[id(thing)] = number
        return number

    def send(self, thing: Any) -> int:
        """The number of a thing that goes over now."""
        number = self.number(thing)
        self._rows[number].sent += 1
        return number

    def get(self, number: Any) -> Any:
        """The thing of a number that the other side names. Raises `WireError`."""
        row = self._rows.get(number) if type(number) is int else None
        if row is None:
            raise WireError("a handle that was not given, or was given back")
        return row.thing

    def release(self, told: Any) -> None:
        """What the other side has let go of: a flat list of numbers and counts. Raises `WireError`."""
        if type(told) is list and not told:
            return
        if type(told) is not list or len(told) % 2:
            raise WireError("handles given back in no form")
        for number, count in zip(told[::2], told[1::2], strict=True):
            row = self._rows.get(number) if type(number) is int else None
            if row is None or type(count) is not int or not 0 < count <= row.sent:
                raise WireError("a handle was given back that was not given")
            row.sent -= count
            if not row.sent:
                del self._rows[number]
                del self._numbers[id(row.thing)]


def told(released: Released) -> list[int]:
    """What is to be told to the other side, as `Table.release` reads it."""
    out: list[int] = []
    while released:
        try:
            out += released.popleft()
        except IndexError:  # another thread was quicker
            break
    return out
