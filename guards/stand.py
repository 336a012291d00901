"""Calling the stand-in of a builtin class's method straight, where the class of the receiver is known or
told by a test: `xs.extend(ys)` becomes `cap:do:extend`(xs, ys).

The method is not looked up on the object. That is the same, since nothing can be stored on instances of
these classes nor on the classes: what `xs.extend` gives is this stand-in, whatever runs while the
arguments are worked out.
"""

from __future__ import annotations

import functools
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from guards.base import gone
from guards.host import host_lookup, host_mro
from guards.plain import is_c_method
from guards.tables.rows import TABLE, State, find, is_dunder
from guards.tamed import PARTS

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["stand_ins", "standing"]

_KINDS: Final = (
    str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float, deque, OrderedDict,
    defaultdict,
)  # fmt: skip


@functools.cache
def _every() -> Mapping[str, Mapping[type, Any]]:
    found: dict[str, dict[type, Any]] = {}
    for kind in _KINDS:
        for name in (n for k in host_mro(kind) for n in TABLE[k]):
            if not is_dunder(name) and is_c_method(kind, name) is State.TAME:
                definer = host_lookup(kind, name)[0] or kind
                found.setdefault(name, {})[kind] = find(definer, name).tamed
    return found


def stand_ins(name: str) -> Mapping[type, Any]:
    """By exact class, the stand-in of its method of that name: (realm, receiver, arguments)."""
    return _every().get(name, {})


def standing(realm: Realm, name: str) -> Any:
    """What calls the method of that name of a receiver of one of the classes of `stand_ins`."""
    found, ref = stand_ins(name), weakref.ref(realm)  # weak, as a guard's is
    parts = {kind: PARTS[tamed] for kind, tamed in found.items() if tamed in PARTS}

    def call(obj: Any, /, *args: Any) -> Any:
        kind = type(obj)
        if kind in parts:
            cost, raw = parts[kind]
            return raw(obj, *cost(ref() or gone(), obj, args, {}))
        return found[kind](ref() or gone(), obj, *args)

    return call
