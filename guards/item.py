"""Reading `x[i]`.

Stops: slices that copy without a charge, and keys whose hash walks a nest.
"""

from __future__ import annotations

import ast
import sys
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Any, Final

from guards.base import Guard, Plan, Site, gone
from guards.depth import check_nesting
from guards.fact import TEXT, Fact
from guards.host import host_lookup, host_name
from guards.tables.rows import TABLE, State, find
from guards.tamed import charge_item

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["ReadItem", "union_item"]


#: From 3.14 on a text is more than a key: `type(int | str)["..."]` makes a `ForwardRef` of the host's.
_TEXTS_ARE_KEYS: Final = sys.version_info < (3, 14)
#: What is looked up by a short number or a text for nothing.
_PLAIN: Final = frozenset({list, tuple, dict, str, bytes, bytearray})
_SHORT: Final = 1 << 60

_union_args: Final[Any] = UnionType.__dict__["__args__"].__get__


def union_item(realm: Realm, union: Any, key: Any, /) -> Any:
    """`(list[T] | int)[key]`. From 3.14 on C code asks the host's `typing` what to make of the new
    members, and that makes a `ForwardRef` of a text, which evaluates the text in the host."""
    made = None
    for member in GenericAlias(tuple, _union_args(union))[key].__args__:
        made = member if made is None else realm.guards["cap:or"](made, member)
    return made


class ReadItem(Guard):
    """a[i] becomes `cap:getitem`(a, i)."""

    key = "cap:getitem"
    free = ((None, Fact(int, 60)), (None, TEXT) if _TEXTS_ARE_KEYS else (Fact(dict), TEXT))
    __slots__ = ()

    def run(self, obj: Any, key: Any) -> Any:
        if type(obj) in _PLAIN and ((type(key) is int and -_SHORT < key < _SHORT) or type(key) is str):
            return obj[key]
        realm = self.ref() or gone()
        charge_item(realm, obj, key)
        if issubclass(type(obj), (type, GenericAlias, UnionType)):
            check_nesting(realm, key if type(key) is tuple else (key,))
            if issubclass(type(obj), UnionType):
                return union_item(realm, obj, key)
            if issubclass(type(obj), type):
                definer = host_lookup(obj, "__class_getitem__")[0]
                if definer in TABLE and find(definer, "__class_getitem__").state is State.DENY:
                    raise TypeError(f"type {host_name(obj)!r} is not subscriptable")
        return obj[key]

    @classmethod
    def plan(cls, site: Site) -> Plan:
        if _is_small_key(site.operands[1]):
            return Plan.OMIT
        return super().plan(site)


def _is_small_key(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return (
        isinstance(node, ast.Constant)
        and (type(node.value) is not int or node.value.bit_length() <= 60)
        and (type(node.value) is not bytes or len(node.value) < 4096)
        and (type(node.value) is not str or _TEXTS_ARE_KEYS)
    )
