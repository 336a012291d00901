"""Compiled patterns read back into nodes: the numbers that `re._compiler` gives to the C engine.

Source: Lib/re/_compiler.py and Modules/_sre/sre_lib.h, CPython 3.11-3.15. An instruction that is not
known here has no node, and the pattern is refused.
"""

from __future__ import annotations

import re._constants as sre  # type: ignore[import-not-found]
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "At", "Atomic", "Back", "Branch", "Given", "Look", "Many", "Mark", "Node", "One", "Sequence",
    "Some", "UnknownInstruction", "decoded", "loop", "program",
]  # fmt: skip

GREEDY: Final = 0
LAZY: Final = 1
POSSESSIVE: Final = 2
#: As many as there are.
ENDLESS: Final = int(sre.MAXREPEAT)


@dataclass(frozen=True, slots=True)
class One:
    """One character of a set. code: the instruction that tests it."""

    code: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class At:
    """A place: the beginning, the end, the border of a word. kind: which."""

    code: tuple[int, ...]
    kind: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One end of a group: twice its number, less two, and one more for where it closes."""

    number: int


@dataclass(frozen=True, slots=True)
class Some:
    """Characters of one set, `low` to `high` of them."""

    code: tuple[int, ...]
    low: int
    high: int
    how: int


@dataclass(frozen=True, slots=True)
class Many:
    """A sequence, repeated `low` to `high` times. code: the instructions of the sequence."""

    body: Sequence
    low: int
    high: int
    how: int
    code: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One of several sequences, tried in order."""

    ways: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A sequence that must be, or must not be, there; `back`: so many characters before."""

    body: Sequence
    back: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class Atomic:
    """A sequence whose first match is the only one."""

    body: Sequence


@dataclass(frozen=True, slots=True)
class Back:
    """What a group matched, again. fold: "", "ascii" or "unicode", for how letters compare."""

    group: int
    fold: str


@dataclass(frozen=True, slots=True)
class Given:
    """One sequence where a group has matched, another where it has not."""

    group: int
    yes: Sequence
    no: Sequence


Node = One | At | Mark | Some | Many | Branch | Look | Atomic | Back | Given
Sequence = tuple[Node, ...]


class UnknownInstruction(Exception):
    """A pattern with an instruction that nobody has looked at."""


_NAMES: Final = {int(op): str(op) for op in sre.OPCODES}
_LITERALS: Final = frozenset(
    """LITERAL NOT_LITERAL LITERAL_IGNORE NOT_LITERAL_IGNORE LITERAL_UNI_IGNORE
    NOT_LITERAL_UNI_IGNORE""".split()
)
_SETS: Final = frozenset({"IN", "IN_IGNORE", "IN_UNI_IGNORE"})
_SOMES: Final = {"REPEAT_ONE": GREEDY, "MIN_REPEAT_ONE": LAZY, "POSSESSIVE_REPEAT_ONE": POSSESSIVE}
_BACKS: Final = {
    "GROUPREF": "", "GROUPREF_IGNORE": "ascii", "GROUPREF_UNI_IGNORE": "unicode",
}  # fmt: skip
_ENDS: Final = frozenset({"SUCCESS", "JUMP", "MAX_UNTIL", "MIN_UNTIL"})
_SUCCESS: Final = int(sre.SUCCESS)


def decoded(code: list[int]) -> Sequence:
    """The nodes of a whole pattern. Raises UnknownInstruction."""
    return _Reader(code).sequence(0)[0]


class _Reader:
    def __init__(self, code: list[int]) -> None:
        self.code = code

    def sequence(self, at: int) -> tuple[Sequence, int]:
        """The nodes from there to what ends them, and where that is."""
        code = self.code
        nodes: list[Node] = []
        while True:
            name = _NAMES.get(code[at], "")
            if name in _ENDS:
                return tuple(nodes), at
            if name == "INFO":
                at += code[at + 1] + 1
                continue
            node, at = self.node(name, at)
            nodes.append(node)

    def node(self, name: str, at: int) -> tuple[Node, int]:
        code = self.code
        if name in _LITERALS:
            return One(tuple(code[at : at + 2])), at + 2
        if name in ("ANY", "ANY_ALL"):
            return One((code[at],)), at + 1
        if name in _SETS:
            end = at + 1 + code[at + 1]
            return One(tuple(code[at:end])), end
        if name == "AT":
            return At(tuple(code[at : at + 2]), code[at + 1]), at + 2
        if name == "FAILURE":
            return Branch(()), at + 1
        if name == "MARK":
            return Mark(code[at + 1]), at + 2
        if name in _SOMES:
            end = at + 1 + code[at + 1]
            return Some(tuple(code[at + 4 : end - 1]), code[at + 2], code[at + 3], _SOMES[name]), end
        if name in ("REPEAT", "POSSESSIVE_REPEAT"):
            body, end = self.sequence(at + 4)
            how = POSSESSIVE
            if name == "REPEAT":
                how = LAZY if _NAMES[code[end]] == "MIN_UNTIL" else GREEDY
            inner = tuple(code[at + 4 : end])
            return Many(body, code[at + 2], code[at + 3], how, inner), at + 2 + code[at + 1]
        if name == "BRANCH":
            return self.branch(at)
        if name in ("ASSERT", "ASSERT_NOT"):
            body, _ = self.sequence(at + 3)
            return Look(body, code[at + 2], name == "ASSERT"), at + 1 + code[at + 1]
        if name == "ATOMIC_GROUP":
            return Atomic(self.sequence(at + 2)[0]), at + 1 + code[at + 1]
        if name in _BACKS:
            return Back(code[at + 1], _BACKS[name]), at + 2
        if name == "GROUPREF_EXISTS":
            return self.given(at)
        raise UnknownInstruction(name or str(code[at]))

    def branch(self, at: int) -> tuple[Node, int]:
        code, ways = self.code, []
        at += 1
        end = at + 1
        while code[at]:
            way, stop = self.sequence(at + 1)
            ways.append(way)
            if _NAMES[code[stop]] == "JUMP":
                end = stop + 1 + code[stop + 1]
            at += code[at]
        return Branch(tuple(ways)), max(end, at + 1)

    def given(self, at: int) -> tuple[Node, int]:
        code = self.code
        group, target = code[at + 1], at + 1 + code[at + 2]
        # Without another way nothing ends the first: it goes on with what follows.
        yes: list[Node] = []
        here = at + 3
        while here < target:
            name = _NAMES.get(code[here], "")
            if name == "JUMP":
                end = here + 1 + code[here + 1]
                no: list[Node] = []
                here = target
                while here < end:
                    node, here = self.node(_NAMES.get(code[here], ""), here)
                    no.append(node)
                return Given(group, tuple(yes), tuple(no)), end
            node, here = self.node(name, here)
            yes.append(node)
        return Given(group, tuple(yes), ()), target


def loop(node: Many) -> list[int]:
    """The engine's own instructions for a repetition that gives nothing back."""
    code = node.code
    head = [int(sre.POSSESSIVE_REPEAT), len(code) + 3, node.low, node.high]
    return [*head, *code, _SUCCESS, _SUCCESS]


def program(code: tuple[int, ...], *, low: int = 1, high: int = 1) -> Any:
    """The engine's own instructions for `low` to `high` characters that pass one test."""
    if (low, high) == (1, 1):
        return [*code, _SUCCESS]
    return [int(sre.REPEAT_ONE), len(code) + 4, low, high, *code, _SUCCESS, _SUCCESS]
