"""The most that a match can cost: an upper bound of what the backtracking engine tries.

A node is tried, and each way in which it can match calls what follows. A call is dead where the next
character cannot begin what follows, and live otherwise; only live ones multiply. `a*b` has one live way
whatever it is given, `(a*)*b` as many as there are divisions of the text into runs.

Works on the nodes of `code`. Costs are in things that the engine tries, some 10 ns each, and end at
`HUGE`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from guards.patterns.chars import EVERY, NONE, Chars
from guards.patterns.code import (
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
)

__all__ = ["HUGE", "MATCHED", "OVER", "UNKNOWN", "Bound", "first_of", "least_width", "nested"]

HUGE: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Follow:
    """What comes after a node.

    chars: what the next character may be. end: whether there need be none. free: whether any may
    come, for all that is known. certain: whether it matches anyhow, so that nothing is tried again.
    dead: what a call costs where the next character is none of these.
    """

    chars: Chars = NONE
    end: bool = False
    free: bool = False
    certain: bool = False
    dead: int = 1

    def or_(self, other: Follow) -> Follow:
        return Follow(
            self.chars | other.chars,
            self.end or other.end,
            self.free or other.free,
            self.certain or other.certain,
            _cap(self.dead + other.dead),
        )


#: The pattern is over: it has matched, or (as `fullmatch` asks) only where the text is over too.
MATCHED: Final = Follow(certain=True)
OVER: Final = Follow(end=True)
#: Nothing is known of what follows: the match may be refused though all of it was there.
UNKNOWN: Final = Follow(free=True)


def _cap(n: int) -> int:
    return n if n < HUGE else HUGE


class Bound:
    """One question: what may a match cost in a text?

    size: characters of the text. chars: the set that an instruction lets through. longest: how many
    characters of its set stand in a row anywhere in the text, at most.
    """

    __slots__ = ("_begun", "_known", "chars", "longest", "loops", "size")

    def __init__(
        self,
        size: int,
        chars: Callable[[tuple[int, ...]], Chars],
        longest: Callable[[tuple[int, ...]], int],
    ) -> None:
        self.size = size
        self.chars = chars
        self.longest = longest
        # What was worked out already: a nest is asked for from each level above it.
        self._known: dict[tuple[int, Follow], tuple[int, int]] = {}
        self._begun: dict[tuple[int, Follow], Follow] = {}
        #: What a round of a loop begins with, where that alone tells whether there is another round;
        #: None where it does not.
        self.loops: dict[int, Chars | None] = {}

    def cost(self, nodes: Sequence, end: Follow) -> int:
        """What one attempt at one place costs at most."""
        return self._sequence(nodes, end)[1]

    # What a sequence begins with

    def begins(self, nodes: Sequence, follow: Follow) -> Follow:
        for node in reversed(nodes):
            follow = self._begins(node, follow)
        return follow

    def _begins(self, node: Node, rest: Follow) -> Follow:
        match node:
            case One(code):
                return Follow(self.chars(code))
            case Mark():
                return rest
            case At():
                return _uncertain(rest)
            case Some(code, low):
                first = Follow(self.chars(code))
                return first if low else first.or_(rest)
        key = id(node), rest
        found = self._begun.get(key)
        if found is None:
            found = self._begun[key] = self._begins_nest(node, rest)
        return found

    def _begins_nest(self, node: Node, rest: Follow) -> Follow:
        match node:
            case Branch(ways):
                found = Follow(dead=0)
                for way in ways:
                    found = found.or_(self.begins(way, rest))
                return replace(found, dead=found.dead + 1)
            case Many(body, low, _, _):
                return self._begins_many(body, low, rest)
            case Look(body, _, _):
                work = self.cost(body, MATCHED)
                return replace(_uncertain(rest), dead=_cap(rest.dead + work + 1))
            case Atomic(body):
                return self.begins(body, rest)
            case Back():
                return Follow(EVERY, True, True, False, _cap(rest.dead + self.size))
            case Given(_, yes, no):
                one, two = self.begins(yes, rest), self.begins(no, rest)
                return replace(one.or_(two), certain=one.certain and two.certain)
        raise TypeError(type(node).__name__)

    def _begins_many(self, body: Sequence, low: int, rest: Follow) -> Follow:
        if least_width(body):
            first = self.begins(body, UNKNOWN)
            return first if low else first.or_(rest)
        # A body that may be empty is tried, is over, and is tried again up to `low` times.
        first = self.begins(body, rest)
        dead = HUGE if low > 1 else _cap((first.dead + 1) * (first.dead + rest.dead + 2))
        return replace(first.or_(rest), dead=dead)

    # What it costs

    def _sequence(self, nodes: Sequence, end: Follow) -> tuple[int, int]:
        """The live ways in which a sequence can match, and what finding them all costs."""
        key = id(nodes), end
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._in_order(nodes, end)
        return known

    def _in_order(self, nodes: Sequence, end: Follow) -> tuple[int, int]:
        follows = [end]
        for node in reversed(nodes):
            follows.append(self._begins(node, follows[-1]))
        follows.reverse()
        ways = work = 1
        for node, follow in zip(nodes, follows[1:], strict=True):
            more, cost = self._node(node, follow)
            work = _cap(work + ways * cost)
            ways = _cap(ways * more)
        return ways, work

    def _node(self, node: Node, follow: Follow) -> tuple[int, int]:
        match node:
            case One() | Mark() | At():
                return 1, 1
            case Some(code, low, high, how):
                return self._some(code, low, high, how, follow)
            case Branch(ways):
                return self._branch(ways, follow)
            case Many():
                return self._many(node, follow)
            case Look(body, _, _) | Atomic(body):
                return 1, _cap(self.cost(body, MATCHED) + follow.dead)
            case Back():
                return 1, self.size + 1
            case Given(_, yes, no):
                one, two = self._sequence(yes, follow), self._sequence(no, follow)
                return _cap(one[0] + two[0]), _cap(one[1] + two[1] + 1)
        raise TypeError(type(node).__name__)

    def _some(
        self, code: tuple[int, ...], low: int, high: int, how: int, follow: Follow
    ) -> tuple[int, int]:
        most = min(self.longest(code), high)
        if how == POSSESSIVE or follow.certain:
            return 1, most + 2
        work = _cap(2 * most + 2 + (most + 1) * follow.dead)
        if not follow.free and not follow.chars.meets(self.chars(code)):
            return 1, work  # only where the run is over can anything follow
        return max(1, most - low + 1), work

    def _branch(self, ways: tuple[Sequence, ...], follow: Follow) -> tuple[int, int]:
        each, work, taken, alone = [], 2, Follow(), True
        for way in ways:
            first = self.begins(way, follow)
            met = first.chars.meets(taken.chars) or (first.end and taken.end)
            if first.free or first.certain or met:
                alone = False
            taken = taken.or_(first)
            more, cost = self._sequence(way, follow)
            each.append(more)
            work = _cap(work + cost + 1)
        if not each:
            return 1, 1
        return (max(each) if alone else _cap(sum(each))), work

    def _many(self, node: Many, follow: Follow) -> tuple[int, int]:
        body, low, high = node.body, node.low, node.high
        width = least_width(body)
        times = min(high, self.size // width + 1) if width else min(high, low + self.size + 2)
        if node.how == POSSESSIVE:
            return 1, _cap((times + 1) * (self.cost(body, MATCHED) + 2))
        again = self.begins(body, UNKNOWN) if width else self.begins(body, follow)
        after = again.or_(follow)
        if low > 1:
            after = replace(after, certain=False)
        ways, work = self._sequence(body, after)
        work = _cap(work + follow.dead + again.dead + 2)
        sure = bool(width) and not (follow.free or follow.certain or again.free or after.certain)
        sure = sure and ways == 1 and not follow.chars.meets(again.chars) and _is_plain(body)
        known = self.loops.get(id(node), again.chars)
        self.loops[id(node)] = known if sure else None
        if ways > 1:
            # Each time all over again, in each way.
            total = 1
            for _ in range(times):
                total = total * ways + 1
                if total >= HUGE:
                    return HUGE, HUGE
            return total, _cap(total * work)
        total = _cap((times + 1) * work)
        if follow.certain:
            return 1, total
        if width and not follow.free and not follow.chars.meets(again.chars) and not again.free:
            return 1, total
        return times - min(low, times) + 1, total


def _uncertain(follow: Follow) -> Follow:
    """What follows behind a condition: all may be there, and the match fail."""
    if follow.certain:
        return replace(follow, certain=False, free=True)
    return follow


def _is_plain(nodes: Sequence) -> bool:
    """Whether a sequence that has one way takes only time for what it matches: it neither looks
    elsewhere nor tries far ahead in vain."""
    for node in nodes:
        match node:
            case One() | Mark() | Some():
                continue
            case Many(body):
                if not _is_plain(body):
                    return False
            case Branch(ways):
                if not all(map(_is_plain, ways)):
                    return False
            case _:
                return False
    return True


def least_width(nodes: Sequence) -> int:
    """Characters that a sequence takes at least."""
    return min(sum(map(_least, nodes)), HUGE)


def _least(node: Node) -> int:
    match node:
        case One():
            return 1
        case Some(_, low, _, _):
            return low
        case Many(body, low, _, _):
            return min(low * least_width(body), HUGE) if low else 0
        case Branch(ways):
            return min(map(least_width, ways), default=1)
        case Atomic(body):
            return least_width(body)
        case Given(_, yes, no):
            return min(least_width(yes), least_width(no))
    return 0


def nested(nodes: Sequence) -> int:
    """How deep sequences stand in one another."""
    deepest = 0
    for node in nodes:
        inner: tuple[Sequence, ...] = ()
        match node:
            case Many(body) | Look(body) | Atomic(body):
                inner = (body,)
            case Branch(ways):
                inner = ways
            case Given(_, yes, no):
                inner = (yes, no)
        for sequence in inner:
            deepest = max(deepest, 1 + nested(sequence))
    return deepest


def first_of(nodes: Sequence) -> One | At | None:
    """The one character or the place that every match begins with, where there is one."""
    for node in nodes:
        if isinstance(node, Mark):
            continue
        if isinstance(node, (One, At)):
            return node
        return One(node.code) if isinstance(node, Some) and node.low else None
    return None
