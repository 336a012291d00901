"""Matching with a step for each thing that is tried: the engine over again, slow and metered.

It is asked whether a match is cheap enough for the real engine, where `bound` cannot say so: it tries
what that one would try, in the same order, and the guest pays for each. What it finds is thrown away;
the real engine then finds it again in a fraction of the time. Sets and places are tested by the engine
itself, one character at a time.
Source: Modules/_sre/sre_lib.h, CPython 3.11-3.15.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from guards.patterns.bound import nested
from guards.patterns.chars import Chars
from guards.patterns.code import (
    ENDLESS,
    LAZY,
    POSSESSIVE,
    At,
    Atomic,
    Back,
    Branch,
    Given,
    Look,
    Many,
    Mark,
    Node,
    One,
    Sequence,
    Some,
    loop,
    program,
)

__all__ = ["Walk", "walkable", "written"]

# Instructions
(_ONE, _AT, _SET, _TRY, _GO, _SOME, _ENTER, _UNTIL, _MORE, _LOOK, _ATOMIC, _TIMES, _BACK, _GIVEN,
 _DONE, _FAIL, _LOOP) = range(17)  # fmt: skip
#: Things tried between two payments, and the steps that each takes.
_EVERY: Final = 512
_STEPS: Final = 4

Program = list[tuple[Any, ...]]


def written(nodes: Sequence, compile: Callable[..., Any], loops: dict[int, Chars | None]) -> Program:
    """The nodes as instructions for a `Walk`. loops: see `Bound`; the engine itself goes round those
    where the next character alone tells whether there is another round."""
    out: Program = []
    _Writer(compile, loops).sequence(nodes, out)
    out.append((_DONE,))
    return out


class _Writer:
    def __init__(self, compile: Callable[..., Any], sure: dict[int, Chars | None]) -> None:
        self.compile = compile
        self.sure = sure
        self.loops = 0
        self.known: dict[Any, Any] = {}

    def tester(self, code: tuple[int, ...]) -> Any:
        found = self.known.get(code)
        if found is None:
            found = self.known[code] = self.compile(program(code)).match
        return found

    def apart(self, nodes: Sequence) -> Program:
        return written(nodes, self.compile, self.sure)

    def sequence(self, nodes: Sequence, out: Program) -> None:
        for node in nodes:
            self.node(node, out)

    def node(self, node: Node, out: Program) -> None:
        match node:
            case One(code):
                out.append((_ONE, self.tester(code)))
            case At(code, _):
                out.append((_AT, self.tester(code)))
            case Mark(number):
                out.append((_SET, number))
            case Some(code, low, high, how):
                run = self.compile(program(code, low=0, high=ENDLESS)).match
                out.append((_SOME, run, low, high, how))
            case Many(body, low, high, how):
                begins = self.sure.get(id(node))
                if begins is not None:
                    run = self.compile(loop(node), _groups(body)).match
                    out.append((_LOOP, run, begins.low, nested(body) + len(body)))
                else:
                    self.many(body, low, high, how, out)
            case Branch(ways):
                self.branch(ways, out)
            case Look(body, back, wanted):
                out.append((_LOOK, self.apart(body), back, wanted))
            case Atomic(body):
                out.append((_ATOMIC, self.apart(body)))
            case Back(group, fold):
                out.append((_BACK, group, fold))
            case Given(group, yes, no):
                at = len(out)
                out.append(())
                self.sequence(yes, out)
                over = len(out)
                out.append(())
                out[at] = (_GIVEN, group, len(out))
                self.sequence(no, out)
                out[over] = (_GO, len(out))

    def many(self, body: Sequence, low: int, high: int, how: int, out: Program) -> None:
        if how == POSSESSIVE:
            out.append((_TIMES, self.apart(body), low, high))
            return
        turn = self.loops
        self.loops += 1
        out.append((_ENTER, turn))
        until = len(out)
        out.append(())
        if how == LAZY:
            out.append((_MORE, turn))
        self.sequence(body, out)
        out.append((_GO, until))
        out[until] = (_UNTIL, turn, low, high, how, len(out))

    def branch(self, ways: tuple[Sequence, ...], out: Program) -> None:
        ends = []
        for n, way in enumerate(ways):
            at = len(out)
            if n + 1 < len(ways):
                out.append(())
            self.sequence(way, out)
            ends.append(len(out))
            out.append(())
            if n + 1 < len(ways):
                out[at] = (_TRY, len(out))
        for at in ends:
            out[at] = (_GO, len(out))
        if not ways:
            out.append((_FAIL,))


def _groups(nodes: Sequence) -> int:
    """The number of the last group in there."""
    last = 0
    for node in nodes:
        match node:
            case Mark(number):
                last = max(last, (number >> 1) + 1)
            case Many(body):
                last = max(last, _groups(body))
            case Branch(ways):
                last = max(last, *map(_groups, ways)) if ways else last
    return last


def walkable(nodes: Sequence, closed: frozenset[int] = frozenset(), looped: bool = False) -> bool:
    """Whether a walk finds what the engine finds. The engine does not put back all that a group had
    matched when it tries another way, so what asks for a group is walked only where the group stands
    before it in the same line, or in one around it, that is gone through once: then each way there
    sets it anew. closed: the groups of which that is known."""
    for node in nodes:
        inner: tuple[Sequence, ...] = ()
        match node:
            case Mark(number):
                if number & 1 and not looped:
                    closed |= {number >> 1}
            case Back(group):
                if group not in closed:
                    return False
            case Given(group, yes, no):
                if group not in closed:
                    return False
                inner = yes, no
            case Many(body):
                if not walkable(body, closed, True):
                    return False
            case Look(body) | Atomic(body):
                inner = (body,)
            case Branch(ways):
                inner = ways
        if not all(walkable(way, closed, looped) for way in inner):
            return False
    return True


class Walk:
    """One walk over one text. pay: takes steps, and raises where there are none left.

    text: exact text or bytes; `end`: where it ends for the pattern.
    """

    __slots__ = ("end", "folds", "marks", "pay", "text", "tried")

    def __init__(self, text: Any, end: int, pay: Callable[[int, int], None], folds: Any) -> None:
        self.text = text
        self.end = end
        self.pay = pay
        self.folds = folds
        self.tried = 0
        self.marks: dict[int, int] = {}

    def settle(self, held: int = 0) -> None:
        """Pay for what was tried since the last time. held: ways that are kept to be tried."""
        tried, self.tried = self.tried, 0
        self.pay(tried * _STEPS, held * 120)

    def match(self, program: Program, at: int, *, whole: bool = False, not_empty: bool = False) -> int:
        """Where a match that begins there ends, or -1."""
        text, end = self.text, self.end
        ways: list[tuple[int, int, dict[int, Any], int, int]] = []
        loops: dict[int, Any] = {}
        here, start = 0, at
        while True:
            self.tried += 1
            if self.tried >= _EVERY:
                self.settle(len(ways))
            op = program[here]
            kind = op[0]
            here += 1
            good = True
            if kind == _ONE:
                good = at < end and op[1](text, at, end) is not None
                at += 1
            elif kind == _SOME:
                _, run, low, high, how = op
                most = run(text, at, end).end() - at
                self.tried += most >> 4
                most = min(most, high)
                if most < low:
                    good = False
                elif how == LAZY:
                    if most > low:
                        ways.append((here, at + low + 1, loops, at + most, 1))
                    at += low
                else:
                    if most > low and how != POSSESSIVE:
                        ways.append((here, at + most - 1, loops, at + low, -1))
                    at += most
            elif kind == _LOOP:
                _, run, begins, each = op
                found = run(text, at, end)
                good = found is not None
                if good:
                    self.tried += (found.end() - at) * each >> 4
                    at = found.end()
                if at < end:
                    # Where another round could begin, it was tried, as far as to the end.
                    code = text[at] if type(text) is bytes else ord(text[at])
                    if not good or code > 255 or begins >> code & 1:
                        self.tried += end - at >> 4
            elif kind == _GO:
                here = op[1]
            elif kind == _TRY:
                ways.append((op[1], at, loops, 0, 0))
            elif kind == _SET:
                self.marks[op[1]] = at
            elif kind == _ENTER:
                loops = {**loops, op[1]: (0, None)}
            elif kind == _UNTIL:
                _, loop_, low, high, how, out = op
                count, last = loops[loop_]
                if count < low:
                    loops = {**loops, loop_: (count + 1, last)}
                    here += how == LAZY
                elif (count < high or high == ENDLESS) and at != last:
                    if how == LAZY:
                        ways.append((here, at, loops, 0, 0))
                        here = out
                    else:
                        ways.append((out, at, loops, 0, 0))
                        loops = {**loops, loop_: (count + 1, at)}
                else:
                    here = out
            elif kind == _MORE:
                loops = {**loops, op[1]: (loops[op[1]][0] + 1, at)}
            elif kind == _AT:
                good = op[1](text, at, end) is not None
            elif kind == _LOOK:
                _, inner, back, wanted = op
                there = self.match(inner, at - back) >= 0 if at >= back else False
                good = there is wanted
            elif kind == _ATOMIC:
                at = self.match(op[1], at)
                good = at >= 0
            elif kind == _TIMES:
                at = self.times(op[1], at, op[2], op[3])
                good = at >= 0
            elif kind == _BACK:
                at = self.again(at, op[1], op[2])
                good = at >= 0
            elif kind == _GIVEN:
                if 2 * op[1] + 1 not in self.marks:
                    here = op[2]
            elif kind == _DONE:
                if not ((whole and at != end) or (not_empty and at == start)):
                    return at
                good = False
            else:
                good = False
            if good:
                continue
            if not ways:
                return -1
            here, at, loops, other, turn = ways.pop()
            if turn and at != other:
                ways.append((here, at + turn, loops, other, turn))

    def times(self, body: Program, at: int, low: int, high: int) -> int:
        """Where a repetition that gives nothing back ends, or -1."""
        count = 0
        while count < high or high == ENDLESS:
            self.tried += 1
            found = self.match(body, at)
            if found < 0 or (found == at and count >= low):
                break
            count += 1
            at = found
        return at if count >= low else -1

    def again(self, at: int, group: int, fold: str) -> int:
        """Where what a group matched stands again from there on: its end, or -1."""
        start, stop = self.marks.get(2 * group, -1), self.marks.get(2 * group + 1, -1)
        if not 0 <= start <= stop or at + stop - start > self.end:
            return -1
        self.tried += (stop - start) >> 4
        one, two = self.text[start:stop], self.text[at : at + stop - start]
        if fold:
            lower = self.folds[fold]
            one, two = ([lower(c if type(c) is int else ord(c)) for c in x] for x in (one, two))
        return at + stop - start if one == two else -1
