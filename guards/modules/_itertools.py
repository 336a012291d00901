"""`itertools`: C iterators. What they iterate is counted, so whoever drains them takes steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.call import CONSTRUCTORS, callable_for_c
from guards.charge import (
    SCALARS,
    feed,
    feed_kept,
    feed_keys,
    feed_once,
    settled,
)
from guards.depth import ASKED_ANEW, check_nesting
from guards.tables.rows import TABLE
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow, index_of

__all__: list[str] = []


#: Elements of one tuple that an iterator of C makes at each step, at most.
_WIDEST: Final = 4096


def check_width(count: int) -> None:
    """Refuse an iterator each of whose elements is a tuple so wide that a step is no step."""
    if count > _WIDEST:
        raise OverflowError(f"itertools: an element of {count:,} parts; at most {_WIDEST:,} are taken")


def _counted(
    *positions: int, function: int | None = None, feed: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """A constructor whose arguments at these positions are iterated and one of which is called.
    feed: gives what is iterated in place of one of them."""

    def prepare(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
        out = list(args)
        check_width(len(out))
        for i in positions or range(len(out)):
            if i < len(out) and out[i] is not None and i != function:
                if feed is not None:
                    out[i] = feed(realm, out[i])
                else:
                    out[i] = itertools.compress(out[i], realm.meter.iterator)
        if function is not None and function < len(out) and out[function] is not None:
            out[function] = callable_for_c(realm, out[function])
        return tuple(out)

    return prepare


def _accumulate(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    function = args[1] if len(args) > 1 else kwargs.pop("func", None)
    function = realm.guards["cap:add"] if function is None else callable_for_c(realm, function)
    return (itertools.compress(args[0], realm.meter.iterator), function) if args else args


def _combined(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    repeat = kwargs.get("repeat", args[1] if len(args) > 1 and kind is not itertools.product else 1)
    pools = args if kind is itertools.product else args[:1]
    fed = [list(feed(realm, a)) for a in pools]
    times = abs(int.__index__(repeat)) if issubclass(type(repeat), int) else 1
    check_width(times * max(1, len(fed)))
    realm.meter.charge_bytes(max(times, 1) * 16 * max(1, len(fed)))
    return (*fed, *(() if kind is itertools.product else args[1:]))


def _starmap(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) != 2:
        return args
    rows = itertools.compress(args[1], realm.meter.iterator)
    return (callable_for_c(realm, args[0]), map(MethodType(settled, realm), rows))


def _endless(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    for x in (*args, *kwargs.values()):
        if issubclass(type(x), int) and int.bit_length(x) > 4096 and kind is itertools.count:
            raise OverflowError("itertools.count: the number is too large; add it to a smaller count")
    return args


for _kind, _prepare in {
    itertools.accumulate: _accumulate,
    itertools.chain: _counted(feed=feed_kept),
    itertools.combinations: _combined,
    itertools.combinations_with_replacement: _combined,
    itertools.permutations: _combined,
    itertools.product: _combined,
    itertools.compress: _counted(),
    itertools.cycle: _counted(feed=feed_kept),
    itertools.dropwhile: _counted(1, function=0),
    itertools.takewhile: _counted(1, function=0),
    itertools.filterfalse: _counted(1, function=0),
    itertools.starmap: _starmap,
    itertools.groupby: _counted(0, function=1),
    itertools.islice: _counted(0, feed=feed_once),
    itertools.pairwise: _counted(0, feed=feed_once if ASKED_ANEW else feed_kept),
    itertools.zip_longest: _counted(feed=feed_once),
    itertools.count: _endless,
    itertools.repeat: _endless,
}.items():
    CONSTRUCTORS[_kind] = _prepare


def _batched(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) < 2:
        return args
    number = index_of(args[1])
    realm.meter.charge_bytes(max(0, number) * 8)  # each batch is made whole before it is filled
    return (feed_once(realm, args[0]), number, *args[2:])


if hasattr(itertools, "batched"):
    CONSTRUCTORS[itertools.batched] = _batched


def _groupby_key(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    from guards.builtins import paid_key

    key = args[1] if len(args) > 1 else kwargs.pop("key", None)
    if not args:
        return args
    if key is None:
        return (feed_keys(realm, args[0]), MethodType(_kept_key, realm))
    return (
        itertools.compress(args[0], realm.meter.iterator),
        MethodType(_kept_key_of, (realm, paid_key(realm, key))),
    )


def _kept_key(realm: Realm, key: Any) -> Any:
    """A key, kept until the turn is over where code of the guest's may run as C code compares it with
    another: that code may ask the groups for more, which lets go of the keys."""
    if type(key) not in SCALARS:
        realm.meter.kept.append(key)
    return key


def _kept_key_of(state: Any, element: Any) -> Any:
    realm, key = state
    return _kept_key(realm, key(element))


CONSTRUCTORS[itertools.groupby] = _groupby_key


def _from_iterable(realm: Realm, cls: Any, iterables: Any, /) -> Any:
    # the outer and each inner iterable are counted
    return itertools.chain.from_iterable(feed_kept(realm, map(MethodType(feed_kept, realm), iterables)))


def _tee(realm: Realm, iterable: Any, n: Any = 2, /) -> Any:
    number = index_of(n)
    realm.meter.charge_bytes(max(0, number) * 64)
    check_nesting(realm, (iterable,))
    return itertools.tee(itertools.compress(iterable, realm.meter.iterator), number)


_ITERTOOLS = [
    n
    for n in """accumulate batched chain combinations combinations_with_replacement compress count
    cycle dropwhile filterfalse groupby islice pairwise permutations product repeat starmap
    takewhile zip_longest""".split()
    if hasattr(itertools, n)
]
for _name in _ITERTOOLS:
    _kind = getattr(itertools, _name)
    if _kind not in TABLE:
        enter(_kind, tame={"from_iterable": _from_iterable}, subclass=True)
for _kind in (type(itertools.tee(())[0]), type(next(itertools.groupby([1]))[1])):
    enter(_kind, deny="__copy__ __new__")
MODULES["itertools"] = ModuleRow(
    why="C iterators over what they are given; every input is counted, so no consumer runs free",
    safe={n: getattr(itertools, n) for n in _ITERTOOLS},
    tame={"tee": _tee},
)
