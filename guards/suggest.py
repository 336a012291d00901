"""What the interpreter suggests where a name is not found: "Did you mean: 'blech'?".

Up to 3.11 C code does it when it prints an error that nobody caught, from frames and `dir`; from 3.12
on `traceback` does. Here a guest is told names only: of its own frames, and of what it can see of the
object.
Source: Python/suggestions.c of CPython 3.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from guards.base import is_guard_name
from guards.code import shown_names
from guards.tamed import dir_of
from guards.told import obj_of, shown, was_told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from guards.realm import Realm

__all__ = ["suggestion"]

_MOST_NAMES: Final = 750
_LONGEST: Final = 40
_MOVE, _CASE = 2, 1
_wrong_attribute: Final = AttributeError.__dict__["name"].__get__
_wrong_name: Final = NameError.__dict__["name"].__get__


def suggestion(realm: Realm, error: Any) -> str | None:
    """The name that is likely meant in an AttributeError or NameError of the guest's."""
    if issubclass(type(error), AttributeError):
        wrong, obj = _wrong_attribute(error), obj_of(error)
        obj = shown(obj) if was_told(obj) else obj
        if type(wrong) is not str or not realm.may_hold(type(obj)):
            return None
        try:
            return _nearest(realm, wrong, dir_of(realm, obj))
        except Exception:  # a `__dir__` of the guest's, or a property
            return None
    if not issubclass(type(error), NameError):
        return None
    wrong = _wrong_name(error)
    if type(wrong) is not str:
        return None
    for names in _in_sight(realm, error):
        found = _nearest(realm, wrong, names)
        if found is not None:
            return found
    return None


def _in_sight(realm: Realm, error: Any) -> Iterable[Iterable[Any]]:
    """Names of the frame that an error was raised in: its own, its module's, and of the builtins."""
    last = BaseException.__dict__["__traceback__"].__get__(error)
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not realm.is_guest_frame(last.tb_frame):
        return
    yield shown_names(last.tb_frame.f_code.co_varnames)
    yield list(last.tb_frame.f_globals)
    yield list(realm.makers)
    yield list(realm.builtins)


def _nearest(realm: Realm, wrong: str, names: Iterable[Any]) -> str | None:
    known = [n for n in names if type(n) is str and not is_guard_name(n)]
    realm.meter.charge(len(known))
    if len(known) >= _MOST_NAMES:
        return None
    best, at_most = None, _LONGEST * _MOVE
    for name in known:
        if name == wrong:
            continue  # it is there, and something else was missing
        # No more than every third character may be wrong.
        limit = min((len(name) + len(wrong) + 3) * _MOVE // 6, at_most - 1)
        distance = _distance(realm, wrong, name, limit)
        if distance <= limit:
            best, at_most = name, distance
    return best


def _distance(realm: Realm, a: str, b: str, limit: int) -> int:
    """What it takes to make `b` of `a`, or more than `limit`."""
    if abs(len(a) - len(b)) * _MOVE > limit or max(len(a), len(b)) > _LONGEST:
        return limit + 1
    realm.meter.charge((len(a) * len(b) >> 4) + 1)
    before = [_MOVE * i for i in range(len(a) + 1)]
    for row, of_b in enumerate(b, 1):
        now = [row * _MOVE]
        for i, of_a in enumerate(a):
            changed = before[i] + _change(of_a, of_b)
            now.append(min(changed, before[i + 1] + _MOVE, now[i] + _MOVE))
        if min(now) > limit:
            return limit + 1
        before = now
    return before[-1]


def _change(a: str, b: str) -> int:
    if a == b:
        return 0
    return _CASE if a.lower() == b.lower() else _MOVE
