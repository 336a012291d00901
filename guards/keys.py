"""Every guard, once: what the compiler may name and what a realm binds into code."""

from __future__ import annotations

from typing import Final

from guards.attribute import ReadAttribute
from guards.augment import AugmentAttribute, AugmentItem
from guards.base import Guard, is_guard_name
from guards.call import Call, CallMethod, CallSuper
from guards.classes import BuildClass
from guards.format import Format, Join
from guards.generic import GUARDS as GENERIC
from guards.import_ import ImportFrom, ImportModule, ImportStar
from guards.item import ReadItem
from guards.iterate import (
    Awaitable,
    Container,
    Contains,
    Delegate,
    Iterate,
    Keywords,
    Mapping,
    Middle,
    Source,
    Star,
    StarKeys,
)
from guards.lazy import GUARDS as LAZY
from guards.match import MatchClass, MatchMapping, MatchSequence
from guards.operate import OPERATORS, Compared, Key
from guards.star import GUARDS as STAR
from guards.store import StoreAt, StoreAttribute, StoreItem

__all__ = ["BY_KEY", "GUARDS"]

GUARDS: Final[tuple[type[Guard], ...]] = (
    ReadAttribute,
    StoreAttribute,
    ReadItem,
    StoreItem,
    StoreAt,
    AugmentAttribute,
    AugmentItem,
    Call,
    CallMethod,
    CallSuper,
    BuildClass,
    Iterate,
    Source,
    Star,
    StarKeys,
    Delegate,
    Awaitable,
    Keywords,
    Mapping,
    Container,
    Contains,
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
    *GENERIC,
    *LAZY,
    *STAR,
    *OPERATORS,
)

#: Those that are bound into code, by the key of their stand-in.
BY_KEY: Final = {guard.key: guard for guard in GUARDS if is_guard_name(guard.key)}
