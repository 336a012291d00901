"""What a guard is: one object with a face for run time and a face for compile time."""

from __future__ import annotations

import ast
import enum
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from guards.fact import Fact, of_node, satisfied
from guards.meter import Stop

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["PREFIX", "Guard", "Plan", "Row", "Site", "gone", "is_guard_name", "open_rows"]

#: What the names of guards, temporaries and marks start with. No identifier contains a colon, so no
#: source can spell one (pit 1).
PREFIX = "cap:"


def is_guard_name(name: object) -> bool:
    """Whether `name`, an exact str, is a key that guest code may never see, read or store."""
    return type(name) is str and (name.startswith(PREFIX) or name == "__builtins__")


def gone() -> NoReturn:
    """What a guard does whose realm is no more: code that the collector finalises with its world stops,
    as it does outside a turn."""
    raise Stop


class Plan(enum.Enum):
    """What the compiler does at one site."""

    OMIT = "leave the guard out"
    INLINE = "call it only where a test of the operands fails"
    CALL = "keep the call"


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of one access when it is compiled.

    name: the attribute's or operator's name, "" when there is none.
    operands: the guest's own nodes, unrouted, in the order in which they are evaluated.
    facts: what is known of each operand; what is not given is what the literal says.
    """

    name: str = ""
    operands: tuple[ast.expr, ...] = ()
    facts: tuple[Fact, ...] = ()

    def known(self) -> tuple[Fact, ...]:
        return self.facts or tuple(of_node(n) for n in self.operands)


#: One way in which the operands of a guard may be such that it does nothing.
Row = tuple[Fact | None, ...]


def open_rows(rows: tuple[Row, ...], site: Site) -> list[Row]:
    """The rows that may hold at a site, with None for each operand of which nothing is left to test.
    No row is among them that holds only where another does."""
    left: list[Row] = []
    for row in rows:
        verdicts = [satisfied(f, n) for f, n in zip(site.known(), row, strict=True)]
        if False not in verdicts:
            left.append(tuple(None if v else n for v, n in zip(verdicts, row, strict=True)))
    return [
        row for i, row in enumerate(left)
        if not any(_weaker(other, row) and (i > j or not _weaker(row, other))
                   for j, other in enumerate(left) if i != j)
    ]  # fmt: skip


def _weaker(a: Row, b: Row) -> bool:
    """Whether row `a` holds wherever `b` does."""
    return all(
        x is None or (y is not None and x.kind is y.kind and (x.bits < 0 or 0 <= y.bits <= x.bits))
        for x, y in zip(a, b, strict=True)
    )


class Guard:
    """One kind of access. Subclasses set `key` and define `run`; `plan` defaults to the safe side.

    A subclass whose `run` is replaced (a guard of the host's own) must replace `plan` too: the
    default keeps every call.
    """

    key: ClassVar[str]
    #: Operands for which `run` charges nothing and does what the plain operation does. Rows of `free`
    #: are worth a test at run time, those of `known` hold only where the compiler knows it already.
    free: ClassVar[tuple[Row, ...]] = ()
    known: ClassVar[tuple[Row, ...]] = ()
    __slots__ = ("ref",)

    def __init__(self, realm: Realm) -> None:
        # Weak: the collector does not look into code objects, whose constants guards are, and a world
        # that nobody holds would never go away. Its builtins, which each function holds, keep it.
        self.ref = weakref.ref(realm)

    run: Any

    @classmethod
    def plan(cls, site: Site) -> Plan:
        """What may be done at compile time; never more than `run` would allow."""
        rows = [*open_rows(cls.known, site), *cls.tests(site)]
        if any(not any(row) for row in rows):
            return Plan.OMIT
        return Plan.INLINE if cls.tests(site) else Plan.CALL

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        """What is left to be tested, of each row of `free` that may hold: None where nothing is."""
        return open_rows(cls.free, site)
