"""What a guard is: one object with a face for run time and a face for compile time."""

from __future__ import annotations

import ast
import enum
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from guards.meter import Stop

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["PREFIX", "Guard", "Plan", "Site", "gone", "is_guard_name"]

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
    CALL = "keep the call"


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of one access when it is compiled.

    name: the attribute's or operator's name, "" when there is none.
    operands: the guest's own nodes, unrouted, in the order in which they are evaluated.
    """

    name: str = ""
    operands: tuple[ast.expr, ...] = ()


class Guard:
    """One kind of access. Subclasses set `key` and define `run`; `plan` defaults to the safe side.

    A subclass whose `run` is replaced (a guard of the host's own) must replace `plan` too: the
    default keeps every call.
    """

    key: ClassVar[str]
    __slots__ = ("ref",)

    def __init__(self, realm: Realm) -> None:
        # Weak: the collector does not look into code objects, whose constants guards are, and a world
        # that nobody holds would never go away. Its builtins, which each function holds, keep it.
        self.ref = weakref.ref(realm)

    run: Any

    @classmethod
    def plan(cls, site: Site) -> Plan:
        """What may be done at compile time; never more than `run` would allow."""
        return Plan.CALL
