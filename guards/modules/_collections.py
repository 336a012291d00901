"""`_collections`: C containers of the guest's own objects, and what `namedtuple` reads fields by."""

from __future__ import annotations

import _collections  # type: ignore[import-not-found]
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from guards.attribute import read
from guards.call import callable_for_c
from guards.charge import SCALARS, feed_keys
from guards.host import host_lookup
from guards.modules.table import MODULES, ModuleRow
from guards.tamed import enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}


def _count_elements(realm: Realm, mapping: Any, iterable: Any, /) -> None:
    if type(mapping) is dict or all(
        host_lookup(type(mapping), name)[0] is dict for name in ("get", "__setitem__")
    ):
        fed = feed_keys(realm, iterable)
        if fed is iterable and not dict.__len__(mapping) and SCALARS.issuperset(map(type, iterable)):
            _collections._count_elements(mapping, fed)
            return
        # What is in the mapping is held while it is added to: its own methods may take it away there,
        # and C code goes on with it.
        add = realm.guards["cap:add"]
        for key in fed:
            dict.__setitem__(mapping, key, add(dict.get(mapping, key, 0), 1))
        return
    # C code would call what it finds as `get` past the guard of calls.
    get = callable_for_c(realm, read(realm, mapping, "get"))
    target = realm.guards["cap:itemtarget"](mapping)
    for key in feed_keys(realm, iterable):
        target[key] = realm.guards["cap:add"](get(key, 0), 1)


# No `OrderedDict`: C code goes on in the entries of one while their keys are compared, which may empty
# it (`move_to_end`, and `==` below 3.12.5, gh-119004). Guests have the class that the library writes in
# Python.
enter(_collections._tuplegetter, "__doc__", deny="__set__ __delete__")
MODULES["_collections"] = ModuleRow(
    why="C containers of the guest's own objects; methods that walk or build are charged",
    safe={
        "deque": deque,
        "defaultdict": defaultdict,
        "_deque_iterator": type(iter(deque())),
        "_tuplegetter": _collections._tuplegetter,
    },
    tame={"_count_elements": _count_elements},
)
