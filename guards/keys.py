"""Every guard, once: what the compiler may name and what a realm binds into code."""

from __future__ import annotations

from typing import Final

from guards.attribute import ReadAttribute
from guards.base import Guard
from guards.call import Call, CallMethod
from guards.classes import BuildClass
from guards.format import Format, Join
from guards.import_ import ImportFrom, ImportModule, ImportStar
from guards.item import ReadItem
from guards.iterate import Awaitable, Container, Delegate, Iterate, Mapping, Middle, Star
from guards.match import MatchClass, MatchMapping, MatchSequence
from guards.operate import OPERATORS, Compared, Key
from guards.store import StoreAttribute, StoreItem

__all__ = ["GUARDS"]

GUARDS: Final[tuple[type[Guard], ...]] = (
    ReadAttribute,
    StoreAttribute,
    ReadItem,
    StoreItem,
    Call,
    CallMethod,
    BuildClass,
    Iterate,
    Star,
    Delegate,
    Awaitable,
    Mapping,
    Container,
    Middle,
    Format,
    Join,
    ImportModule,
    ImportFrom,
    ImportStar,
    MatchClass,
    MatchMapping,
    MatchSequence,
    Compared,
    Key,
    *OPERATORS,
)
