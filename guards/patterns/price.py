"""Paying for a match before the engine, which nobody can stop, begins it.

Three ways, from quick to slow. Where `bound` says that a match cannot cost much, the guest pays the
bound. Where it can, the text is looked at for how long the runs in it are, and the bound is worked out
again. Where that is too much still, `walk` matches first, with a step for each thing it tries.
Tests: tests/attacks/patterns.py, tests/guards/test_patterns.py.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import re._constants as sre  # type: ignore[import-not-found]
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from guards.patterns.bound import (
    HUGE,
    MATCHED,
    OVER,
    UNKNOWN,
    Bound,
    first_of,
    least_width,
    nested,
)
from guards.patterns.chars import Chars, chars_of
from guards.patterns.code import ENDLESS, At, Many, One, Sequence, decoded, program
from guards.patterns.walk import Walk, walkable, written

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["EACH", "FULL", "MATCH", "SEARCH", "entered", "pay"]

#: What is asked of a pattern: a match at one place, of the whole, at the first place, at all places.
MATCH: Final = 0
FULL: Final = 1
SEARCH: Final = 2
EACH: Final = 3

#: Things that the engine tries for one step: some 10 ns each.
_SHIFT: Final = 7
#: What may be tried without a look at the text, and without a walk: the second as often as so many
#: times for each character too.
_LITTLE: Final = 1 << 16
_MUCH: Final = 1 << 24
_EACH: Final = 1 << 9
#: Things tried in a second, with room to spare.
_PER_SECOND: Final = 50_000_000
#: Characters of a text whose runs are not looked at.
_SHORT: Final = 1 << 10
#: Texts whose runs are remembered, in one compartment.
_TEXTS: Final = 4
_FOLDS: Final = {"ascii": _sre.ascii_tolower, "unicode": _sre.unicode_tolower}


_AT_START: Final = (int(sre.AT_BEGINNING), int(sre.AT_BEGINNING_STRING))
_AT_LINE: Final = int(sre.AT_BEGINNING_LINE)
_LINE_END: Final = (int(sre.LITERAL), 10)


def _engine(code: Any, groups: int = 0) -> Any:
    return _sre.compile(None, 0, code, groups, {}, (None,) * (groups + 1) if groups else ())


class Priced:
    """What is known of one compiled pattern."""

    __slots__ = (
        "_chars",
        "_program",
        "_table",
        "fee",
        "first",
        "loops",
        "nodes",
        "of_text",
        "walks",
        "width",
    )  # fmt: skip

    def __init__(self, code: list[int], of_text: bool) -> None:
        self.nodes: Sequence = decoded(code)
        self.of_text = of_text
        self.fee = len(code) * (1 + nested(self.nodes)) >> 1
        self.width = least_width(self.nodes)
        self.first: One | At | None = first_of(self.nodes)
        self.walks = walkable(self.nodes)
        self.loops = any(_has_loop(n) for n in self.nodes)
        self._chars: dict[tuple[int, ...], Chars] = {}
        self._program: Any = None
        self._table: dict[tuple[int, int], int] = {}

    def chars(self, code: tuple[int, ...]) -> Chars:
        found = self._chars.get(code)
        if found is None:
            found = self._chars[code] = chars_of(code, _engine, text=self.of_text)
        return found

    @property
    def program(self) -> Any:
        if self._program is None:
            sure = Bound(HUGE, self.chars, lambda code: HUGE)
            sure.cost(self.nodes, UNKNOWN)
            self._program = written(self.nodes, _engine, sure.loops)
        return self._program

    def quick(self, how: int, size: int) -> int:
        """What it may cost in any text of that size."""
        key = how, size.bit_length()
        found = self._table.get(key)
        if found is None:
            most = (1 << size.bit_length()) - 1
            found = self._table[key] = self.cost(how, most, lambda code: most, lambda code: most)
        return found

    def cost(self, how: int, size: int, longest: Any, count: Any) -> int:
        """What it may cost in a text of that size. longest: characters of a set in a row; count: in
        all."""
        bound = Bound(size, self.chars, longest)
        end = OVER if how == FULL else MATCHED
        if how == EACH and not self.width:
            end = UNKNOWN  # the same place twice: nothing is no match then
        once = bound.cost(self.nodes, end)
        if how in (MATCH, FULL):
            return once
        starts = size + 1
        if isinstance(self.first, One):
            starts = min(starts, count(self.first.code))
        elif self.first is not None and self.first.kind in _AT_START:
            starts = 1
        elif self.first is not None and self.first.kind == _AT_LINE:
            starts = min(starts, 1 + count(_LINE_END))
        # A place where no match can begin is passed over at once.
        total = starts * once + (size + 1) * bound.begins(self.nodes, end).dead
        return min(HUGE, total * 2 if how == EACH else total)


def _has_loop(node: Any) -> bool:
    if isinstance(node, Many):
        return True
    inner = [getattr(node, n, ()) for n in ("body", "yes", "no")] + list(getattr(node, "ways", ()))
    return any(_has_loop(n) for nodes in inner for n in nodes)


_priced: Final[dict[int, tuple[weakref.ref[Any], Priced]]] = {}


def entered(pattern: Any, code: list[int], of_text: bool) -> int:
    """Take note of a pattern that was compiled just now; the steps that its price takes to find."""
    priced = Priced(code, of_text)
    ident = id(pattern)
    _priced[ident] = weakref.ref(pattern, lambda _ref: _priced.pop(ident, None)), priced
    return priced.fee


def _of(pattern: Any) -> Priced:
    found = _priced.get(id(pattern))
    if found is None or found[0]() is not pattern:
        raise PermissionError("a pattern that was not compiled here cannot be used")
    return found[1]


def pay(
    realm: Realm, pattern: Any, subject: Any, size: int, how: int,
    start: int = 0, stop: int | None = None, limit: int = 0,
) -> None:  # fmt: skip
    """Pay for what a pattern is about to do. subject: exact text, or bytes that nobody changes.

    start, stop: what part of it counts. limit: matches that are asked for, or 0 for all.
    """
    priced = _of(pattern)
    stop = size if stop is None else min(max(stop, 0), size)
    start = min(max(start, 0), stop)
    part = stop - start
    meter = realm.meter
    cost = priced.quick(how, part)
    if cost > _LITTLE or part > _SHORT:
        cost = _looked_at(realm, priced, subject, part, how)
    much = max(_MUCH, part * _EACH)
    if meter.seconds is not None:
        much = min(much, int(meter.seconds * _PER_SECOND))
    if cost <= much or not priced.walks:
        meter.charge(cost >> _SHIFT)
        if cost > much and meter.seconds is not None and cost > meter.seconds * _PER_SECOND:
            raise meter.stop("seconds", meter.seconds, meter.seconds)
    else:
        _walk(realm, priced, subject, how, start, stop, limit)
    if priced.loops:
        # The engine keeps each turn of a loop, to come back to it.
        meter.charge_bytes(min(cost, part) * _TURN)


#: Bytes that the engine keeps for a turn of a loop.
_TURN: Final = 256


def _looked_at(realm: Realm, priced: Priced, subject: Any, size: int, how: int) -> int:
    """The bound again, from the runs that there are in the text."""
    if how in (SEARCH, EACH) and size < 64:
        return priced.quick(how, size)
    texts = realm.keep.setdefault("priced", {})
    known = texts.get(id(subject))
    if known is None or known[0] is not subject:
        while len(texts) >= _TEXTS:
            texts.pop(next(iter(texts)))
        known = texts[id(subject)] = (subject, {}, {})
    _, runs, costs = known
    # Sizes that are nearly alike count alike, so that a lexer asks once. What is known is paid for
    # again: what a program takes does not depend on what ran before.
    grain = 1 << max(0, size.bit_length() - 4)
    size = (size + grain - 1) // grain * grain
    key = priced, how, size
    found: int | None = costs.get(key)
    if found is not None:
        return found

    def measured(code: tuple[int, ...]) -> tuple[int, int]:
        had = runs.get(code)
        if had is None:
            realm.meter.charge(len(subject) >> 4)
            longest = count = 0
            for run in _engine(program(code, low=1, high=ENDLESS)).finditer(subject):
                begin, end = run.span()
                count += end - begin
                longest = max(longest, end - begin)
            had = runs[code] = longest, count
        return had  # type: ignore[no-any-return]

    found = priced.cost(how, size, lambda c: measured(c)[0], lambda c: measured(c)[1])
    if len(costs) < 1000:
        costs[key] = found
    return found


def _walk(
    realm: Realm, priced: Priced, subject: Any, how: int, start: int, stop: int, limit: int
) -> None:
    meter = realm.meter

    def take(steps: int, held: int) -> None:
        meter.charge(steps)
        meter.check_clock()
        meter.charge_bytes(held)

    walk = Walk(subject, stop, take, _FOLDS)
    if how in (MATCH, FULL):
        walk.match(priced.program, start, whole=how == FULL)
    elif how == SEARCH:
        _search(priced, walk, start, False)
    else:
        found, not_empty = 0, False
        while not limit or found < limit:
            span = _search(priced, walk, start, not_empty)
            if span is None:
                break
            found += 1
            not_empty = span[0] == span[1]
            start = span[1]
    walk.settle()


def _search(priced: Priced, walk: Walk, start: int, not_empty: bool) -> tuple[int, int] | None:
    """The first match from there on. not_empty: whether one of nothing, just there, is none."""
    for at in _starts(priced, walk, start):
        walk.marks.clear()
        end = walk.match(priced.program, at, not_empty=not_empty and at == start)
        if end >= 0:
            return at, end
    return None


def _starts(priced: Priced, walk: Walk, start: int) -> Iterator[int]:
    if not isinstance(priced.first, One):
        yield from range(start, walk.end + 1)
        return
    find = _engine(program(priced.first.code)).search
    while True:
        found = find(walk.text, start, walk.end)
        at = walk.end if found is None else found.start()
        walk.tried += at - start >> 4
        if found is None:
            return
        yield at
        start = at + 1
