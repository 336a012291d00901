"""`x.name += v` and `x[i] += v` in module and class bodies, in one expression.

Stops: temporaries that two runs share. There they would be global names, and `v` may enter the same
class body, or the same code, once more: what was read from one object was then stored in another one.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

from guards.attribute import ReadAttribute
from guards.base import Guard, gone
from guards.item import ReadItem
from guards.store import StoreAttribute, StoreItem

__all__ = ["AugmentAttribute", "AugmentItem"]


class AugmentAttribute(Guard):
    """x.name += v becomes `cap:augment`(x, 'name', 'cap:iadd')(v)."""

    key = "cap:augment"
    __slots__ = ()

    def run(self, obj: Any, name: str, operator: str) -> Any:
        realm = self.ref() or gone()
        old = realm.guards[ReadAttribute.key](obj, name)
        return MethodType(_store_attribute, (realm, obj, name, old, operator))


def _store_attribute(state: Any, value: Any, /) -> None:
    realm, obj, name, old, operator = state
    result = realm.guards[operator](old, value)
    setattr(realm.guards[StoreAttribute.key](obj, name), name, result)


class AugmentItem(Guard):
    """x[i] += v becomes `cap:augmentitem`(x, i, 'cap:iadd')(v)."""

    key = "cap:augmentitem"
    __slots__ = ()

    def run(self, obj: Any, key: Any, operator: str) -> Any:
        realm = self.ref() or gone()
        old = realm.guards[ReadItem.key](obj, key)
        return MethodType(_store_item, (realm, obj, key, old, operator))


def _store_item(state: Any, value: Any, /) -> None:
    realm, obj, key, old, operator = state
    result = realm.guards[operator](old, value)
    realm.guards[StoreItem.key](obj, key)[key] = result
