"""U: list, tuple, dict, set, frozenset, the C parts of `collections`, their views and iterators."""

from __future__ import annotations

import itertools
import sys
from collections import OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final, cast

from guards.call import CONSTRUCTORS, callable_for_c, check_makes, mapping_or_pairs
from guards.charge import DICTS, SCALARS, charge_keys, charge_walk, feed, feed_keys, size_of
from guards.store import charge_key, charge_moves
from guards.tamed import Cost, enter

if TYPE_CHECKING:
    from guards.realm import Realm


def _take_all(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    if len(args) == 1 and type(args[0]) is list and len(args[0]) < 512:
        realm.meter.charge(len(args[0]))
        return args
    fed = []
    for a in args:
        size = size_of(a)
        if size is not None:
            realm.meter.charge_bytes(size * 8)
        fed.append(feed(realm, a))
    return tuple(fed)


def _take_keys(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    return tuple(feed_keys(realm, a) for a in args)


def _take_views(realm: Realm, view: Any, args: Any, kwargs: Any) -> Any:
    charge_keys(realm, view)
    return _take_keys(realm, view, args, kwargs)


def _update(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    if len(args) == 1 and type(args[0]) is dict and len(args[0]) < 256:
        realm.meter.charge(len(args[0]))
        return args
    return (mapping_or_pairs(realm, args[0]),) if len(args) == 1 else args


def _fromkeys(realm: Realm, cls: Any, args: Any, kwargs: Any) -> Any:
    return (feed_keys(realm, args[0]), *args[1:]) if args else args


def _scan(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    for a in args[:1]:
        charge_scan(realm, obj, a)
    return args


_SHORT: Final = frozenset({bool, float, type(None)})


def charge_scan(realm: Realm, obj: Any, item: Any) -> None:
    """Charge for comparing an object with each element of a sequence."""
    size = size_of(obj) or 0
    if type(item) in _SHORT and size < 16:
        return
    realm.meter.charge((size >> 4) + size * (charge_walk(realm, item) >> 12))
    if type(item) not in SCALARS:
        charge_walk(realm, obj)


def _reverse(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge((size_of(obj) or 0) >> 8)
    return args


def _shift(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    charge_moves(realm, obj)
    return args


def _pop(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    return _shift(realm, obj, args, kwargs) if args else args


def _copy(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes((size_of(obj) or 0) * 16)
    return args


def _sort(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    keyed = kwargs.get("key") is not None
    charge_sort(realm, obj, keyed)
    if keyed:
        from guards.builtins import paid_key

        kwargs["key"] = paid_key(realm, kwargs["key"])
    return args


def charge_sort(realm: Realm, items: Any, keyed: bool = False) -> None:
    """Charge for sorting: n log n comparisons in C, and a walk of what is compared. keyed: that is what
    a function makes of the items, which is paid for where it is made."""
    size = size_of(items) or 0
    realm.meter.charge(size + (size * size.bit_length() >> 4))
    if keyed:
        return
    long = charge_walk(realm, items) >> 12
    if long:
        realm.meter.charge(long * size.bit_length())


def _key(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    if args:
        charge_key(realm, args[0])
    return args


def _deque_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    return (feed(realm, args[0]), *args[1:]) if args else args


def _default_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if args:
        check_makes(realm, args[0])
    return (*args[:1], *_update(realm, None, args[1:2], {}), *args[2:])


CONSTRUCTORS[deque] = _deque_arguments
CONSTRUCTORS[defaultdict] = _default_arguments
CONSTRUCTORS[OrderedDict] = CONSTRUCTORS[dict]

enter(
    list,
    "append clear",
    cost={
        "reverse": _reverse,
        "extend": _take_all,
        "index": _scan,
        "count": _scan,
        "remove": _scan,
        "insert": _shift,
        "__delitem__": _shift,
        "pop": _pop,
        "copy": _copy,
        "sort": _sort,
    },
    container=True,
    subclass=True,
)
enter(tuple, cost={"index": _scan, "count": _scan}, container=True, subclass=True)


def _beside(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    # What is no dictionary is NotImplemented, as the C code says.
    return _update(realm, obj, args, kwargs) if args and issubclass(type(args[0]), dict) else args


def _update_in_place(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    return args if args and args[0] is None else _update(realm, obj, args, kwargs)


#: From 3.14 on, `setdefault` finds no value, and crashes, where the dictionary of an instance shares its
#: names with others, lacks this one, and is asked by a key that is no exact text and equals one.
_SHARES_NAMES: Final = sys.version_info >= (3, 14)


def _default_key(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    args = _key(realm, obj, args, kwargs)
    if _SHARES_NAMES and args and type(obj) is dict and realm.is_guest_class(type(args[0])):
        other = object()  # a key that is no text ends the sharing
        obj[other] = None
        obj.pop(other, None)
    return args


def _copy_ordered(realm: Realm, obj: Any, /) -> Any:
    """`OrderedDict.copy`. C code walks the keys of a class of the guest's while it calls methods of that
    class, which may take away the key where it stands."""
    if not issubclass(type(obj), OrderedDict):
        raise TypeError("descriptor 'copy' requires a 'collections.OrderedDict' object")
    size: int = OrderedDict.__len__(obj)
    realm.meter.charge_bytes(size * 16)
    if type(obj) is OrderedDict:
        return OrderedDict.copy(obj)
    realm.meter.charge(size)
    made = callable_for_c(realm, type(obj))()
    item, target = realm.guards["cap:getitem"], realm.guards["cap:itemtarget"]
    for key in list(OrderedDict.keys(obj)):
        try:
            target(made, key)[key] = item(obj, key)
        except KeyError:
            if OrderedDict.__len__(obj) == size:
                raise
        if OrderedDict.__len__(obj) != size:
            raise RuntimeError("OrderedDict mutated during iteration")
    return made


_DICT: dict[str, Cost] = {
    "update": _update,
    "fromkeys": _fromkeys,
    "copy": _copy,
    "get": _key,
    "setdefault": _default_key,
    "pop": _key,
    "__or__": _beside,
    "__ior__": _update_in_place,
    "__ror__": _beside,
    "__delitem__": _key,
    "move_to_end": _key,
}
enter(dict, "clear items keys popitem values", cost=_DICT, container=True, subclass=True)
for _frozen in DICTS[1:]:
    CONSTRUCTORS[_frozen] = CONSTRUCTORS[dict]
    enter(_frozen, "items keys values", cost=_DICT, container=True, subclass=True)
enter(
    OrderedDict,
    "clear items keys popitem values __reversed__",
    cost={n: pay for n, pay in _DICT.items() if n != "copy"},
    tame={"copy": _copy_ordered},
    reads={"__dict__": lambda realm, obj: object.__getattribute__(obj, "__dict__")},
    container=True,
    subclass=True,
)
enter(
    defaultdict,
    "default_factory __missing__",
    cost={**_DICT, "copy": _copy, "__copy__": _copy},
    container=True,
    subclass=True,
)
_SET: dict[str, Cost] = {
    **dict.fromkeys(
        """update union intersection intersection_update difference difference_update isdisjoint
        issubset issuperset symmetric_difference symmetric_difference_update""".split(),
        _take_keys,
    ),
    **dict.fromkeys("add discard remove".split(), _key),
    "copy": _copy,
}
enter(set, "clear pop", cost=_SET, container=True, subclass=True)
enter(frozenset, cost=_SET, container=True, subclass=True)
enter(
    deque,
    "append appendleft pop popleft clear maxlen",
    cost={
        "reverse": _reverse,
        "extend": _take_all,
        "extendleft": _take_all,
        "index": _scan,
        "count": _scan,
        "remove": _scan,
        "insert": _shift,
        "__delitem__": _shift,
        "rotate": _shift,
        "copy": _copy,
        "__copy__": _copy,
    },
    container=True,
    subclass=True,
)

_d: dict[Any, Any] = {}
_o: OrderedDict[Any, Any] = OrderedDict()
for _source in (_d, _o):
    for _view in (_source.keys(), _source.items(), _source.values()):
        enter(
            type(_view),
            cost=dict.fromkeys(
                "isdisjoint __or__ __ror__ __and__ __rand__ __sub__ __rsub__ __xor__ __rxor__".split(),
                _take_views,
            ),
            deny="mapping",
            container=True,
        )
        enter(type(iter(_view)))
        enter(type(reversed(_view)))
_iterator: Any
for _iterator in (
    iter([]), reversed([]), iter(()), iter(""), iter("é"), iter(b""), iter(bytearray()), iter(set()),
    iter(deque()), reversed(deque()), iter(memoryview(b"")), reversed(""), itertools.compress((), ()),
    iter(int, 1), iter(cast(Any, list[int])),
):  # fmt: skip
    enter(type(_iterator))


class _Old:
    def __getitem__(self, i: int) -> int:
        raise IndexError


# Where these go on from is a number, and each element that is taken costs a step, however often.
for _iterator in (iter(range(0)), iter(range(1 << 70, (1 << 70) + 1)), iter(_Old())):
    enter(type(_iterator), "__setstate__")
for _kind in (enumerate, zip, map, filter, reversed):
    enter(_kind, subclass=True)
