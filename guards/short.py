"""Calls of builtin classes and their methods that charge nothing and do little, told by a test of their
operands: where it holds, compiled code calls them as they are.

Each row says no more than what the stand-in of that method would do: test `guards.short` against the
cost functions in `guards.tables` (tests/guards/test_short.py does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from guards.fact import BOOL, FLOAT, NONE, SMALL, Fact

__all__ = ["FREE_WHEN_SHORT", "SHORT", "SHORT_NUMBERS", "SMALL_OF", "TELL", "Short"]

#: Methods of texts that are charged for by the length of the text alone, from 256 characters on.
FREE_WHEN_SHORT: Final = frozenset(
    """
    capitalize casefold lower upper swapcase title removeprefix removesuffix partition isalnum isalpha
    isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper count
    find index split splitlines
    """.split()
)

#: Those of them that tell something of a text, and make none.
TELL: Final = frozenset(n for n in FREE_WHEN_SHORT if n.startswith("is")) | {"count", "find", "index"}


@dataclass(frozen=True, slots=True)
class Short:
    """One way in which a method does little. kind: the exact class of the receiver. below: elements that
    it has fewer of; 0 for any number. least, most: positional arguments. constants: so many first
    arguments are literals that `fits` takes. key: its first argument is hashed."""

    kind: type
    below: int = 0
    least: int = 0
    most: int = 0
    any_arguments: bool = False
    constants: int = 0
    key: bool = False

    def fits(self, value: Any) -> bool:
        """Whether a literal is one that C code looks for without a charge: a short text, or a number."""
        return type(value) is str and len(value) <= 15


_KEY: Final = {"key": True, "least": 1}
#: By name: each row is tried for itself.
SHORT: Final[dict[str, tuple[Short, ...]]] = {
    **{name: (Short(str, 256, any_arguments=True),) for name in sorted(FREE_WHEN_SHORT)},
    **{
        name: (Short(str, 256), Short(str, 256, 1, 1, constants=1))
        for name in ("strip", "lstrip", "rstrip")
    },
    "startswith": (Short(str, 0, 1, 1, constants=1),),
    "endswith": (Short(str, 0, 1, 1, constants=1),),
    "replace": (Short(str, 256, 2, 2, constants=2),),
    "pop": (Short(list, 0, 0, 0), Short(list, 1024, 1, 1), Short(dict, 0, 1, 2, key=True)),
    "insert": (Short(list, 1024, 2, 2),),
    "get": (Short(dict, 0, 1, 2, key=True),),
    "setdefault": (Short(dict, 0, 1, 2, key=True),),
    "add": (Short(set, 0, 1, 1, key=True),),
    "discard": (Short(set, 0, 1, 1, key=True),),
    "remove": (Short(set, 0, 1, 1, key=True),),
}
#: Builtins that do little with floats and small whole numbers; how many of them, at least and at most.
SHORT_NUMBERS: Final[dict[str, tuple[int, int]]] = {"abs": (1, 1), "max": (2, 3), "min": (2, 3)}
#: What these classes make of such an argument is small, and charged for by no rule.
SMALL_OF: Final[dict[str, tuple[Fact, ...]]] = {
    "str": (SMALL, FLOAT, BOOL, NONE),
    "int": (FLOAT, SMALL, BOOL),
    "float": (FLOAT, SMALL, BOOL),
}
