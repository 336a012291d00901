"""`__reduce_ex__`, `__reduce__`, `__getstate__`, `__setstate__`: what `copy` copies objects by.

Stops: the raw functions that C code hands out (`iter([]).__reduce__()` gives the real `iter`), and
state that is set without a guard (pit 18). What is given here names classes of U and functions of
the guest's own `copyreg`; what cannot be taken apart so is no more copied than a generator is.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import functools
import operator
import types
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from guards.attribute import attribute_name, read
from guards.call import callable_for_c
from guards.charge import size_of
from guards.host import host_dict, host_lookup, host_mro, host_name
from guards.store import store
from guards.tables.rows import TABLE, Row, State
from guards.zones import shown_zone

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["OWN_REDUCE", "PLAIN_REDUCE", "getstate", "reduce", "reduce_ex", "setstate", "tame_reduction"]

#: Builtin types whose own `__reduce__` gives their class and data, and nothing else.
PLAIN_REDUCE: Final[set[type]] = set()
#: And those whose own gives more: (realm, obj, protocol) -> what a guest is given.
OWN_REDUCE: Final[dict[type, Any]] = {}
#: Builtin types that hold nothing that their class, arguments, items and dictionary do not tell.
_TAKEN_APART: Final = (
    object, list, dict, set, frozenset, tuple, str, bytes, bytearray, int, float, complex, bool,
)  # fmt: skip


#: The exact value behind an instance of a subclass, made without a method of the guest's.
_EXACT: Final[dict[type, Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    bytes: lambda x: bytes(memoryview(x)),
    tuple: lambda x: tuple(tuple.__iter__(x)),
}


def _fields(kind: type, names: str) -> Any:
    """What reads these fields of an instance, past any attribute of a subclass."""
    readers = [kind.__dict__[n].__get__ for n in names.split()]
    return lambda obj: (tuple(r(obj) for r in readers), {})


def _with_fold(kind: type, names: str) -> Any:
    fields, fold = _fields(kind, names), kind.__dict__["fold"].__get__
    return lambda obj: (tuple(map(shown_zone, fields(obj)[0])), {"fold": 1} if fold(obj) else {})


_partial = _fields(functools.partial, "func args keywords")


def _partial_call(obj: Any) -> Any:
    function, args, keywords = _partial(obj)[0]
    return (function, *args), dict(keywords)


_origin: Final[Any] = types.GenericAlias.__dict__["__origin__"].__get__
_alias_args: Final[Any] = types.GenericAlias.__dict__["__args__"].__get__
_is_unpacked: Final[Any] = types.GenericAlias.__dict__["__unpacked__"].__get__
_maxlen: Final[Any] = collections.deque.__dict__["maxlen"].__get__
_TIME: Final = "hour minute second microsecond tzinfo"
#: The arguments that make an equal instance of a builtin class, positional and by keyword.
_ARGUMENTS: Final[dict[type, Any]] = {
    slice: _fields(slice, "start stop step"),
    range: _fields(range, "start stop step"),
    datetime.date: _fields(datetime.date, "year month day"),
    datetime.timedelta: _fields(datetime.timedelta, "days seconds microseconds"),
    datetime.timezone: lambda obj: (datetime.timezone.__getinitargs__(obj), {}),  # type: ignore[attr-defined]
    datetime.time: _with_fold(datetime.time, _TIME),
    decimal.Decimal: lambda obj: ((decimal.Decimal.__str__(obj),), {}),
    collections.OrderedDict: lambda obj: ((), {}),
    collections.defaultdict: _fields(collections.defaultdict, "default_factory"),
    collections.deque: lambda obj: (() if _maxlen(obj) is None else ((), _maxlen(obj)), {}),
    functools.partial: _partial_call,
    types.GenericAlias: lambda obj: ((_origin(obj), _alias_args(obj)), {}),
}
_day, _hours = _ARGUMENTS[datetime.date], _with_fold(datetime.datetime, _TIME)
_ARGUMENTS[datetime.datetime] = lambda obj: (_day(obj)[0] + _hours(obj)[0], _hours(obj)[1])


def _getnewargs(realm: Realm, obj: Any, /) -> tuple[Any, ...]:
    """`__getnewargs__` of numbers, texts and tuples: the exact value."""
    realm.meter.charge_bytes((size_of(obj) or 0) * 8)
    if issubclass(type(obj), complex):
        number = complex.__complex__(obj)
        return number.real, number.imag
    exact = _EXACT[_builtin_base(type(obj))](obj)
    if type(exact) is str:
        return (exact[:1] + exact[1:],)  # a text of its own, as C code has it
    return (exact,)


def _refuse(obj: Any) -> NoReturn:
    raise TypeError(f"cannot pickle {host_name(type(obj))!r} object")


def _copyreg(realm: Realm, name: str) -> Any:
    return callable_for_c(realm, read(realm, realm.importer("copyreg", 0, "", True), name))


def _builtin_base(kind: type) -> type:
    """The builtin class that says how instances are laid out."""
    for k in host_mro(kind):
        if not host_dict(k).get("cap:guest"):
            found: type = k
            return found
    return object


def tame_reduction() -> None:
    """Let guests ask `__reduce__` of every type of U that has it and can be taken apart."""
    for kind in (*_ARGUMENTS, *_TAKEN_APART):
        for name, stand_in in (("__reduce__", reduce), ("__reduce_ex__", reduce_ex)):
            if name in kind.__dict__:
                TABLE[kind][name] = Row(State.TAME, stand_in)
    for kind in _EXACT:
        if "__getnewargs__" in kind.__dict__:
            TABLE[kind]["__getnewargs__"] = Row(State.TAME, _getnewargs)


def _unpacked(realm: Realm, origin: Any, args: Any, /) -> Any:
    """`*origin[*args]` as one alias."""
    made = callable_for_c(realm, types.GenericAlias)(origin, args)
    return next(iter(made))


def _reduce_alias(realm: Realm, alias: Any, *_protocol: Any) -> tuple[Any, ...]:
    if type(alias) is types.GenericAlias and _is_unpacked(alias):
        return MethodType(_unpacked, realm), (_origin(alias), _alias_args(alias))
    return _new_object(realm, alias)


OWN_REDUCE[types.GenericAlias] = _reduce_alias


def reduce_ex(realm: Realm, obj: Any, protocol: Any, /) -> Any:
    """`obj.__reduce_ex__(protocol)`."""
    number = operator.index(protocol)
    definer = host_lookup(type(obj), "__reduce__")[0]
    if definer is not None and realm.is_guest_class(definer):
        return callable_for_c(realm, read(realm, obj, "__reduce__"))()
    _charge_state(realm, obj)
    for kind in host_mro(type(obj)):
        if kind in OWN_REDUCE:
            return OWN_REDUCE[kind](realm, obj, number)
        if kind in PLAIN_REDUCE:
            return (
                kind.__reduce__(obj)
                if kind.__reduce_ex__ is object.__reduce_ex__
                else (kind.__reduce_ex__(obj, number))
            )
    if number < 2:
        return _copyreg(realm, "_reduce_ex")(obj, number)
    return _new_object(realm, obj)


_dict_of_error: Final = BaseException.__dict__["__dict__"].__get__


def _charge_state(realm: Realm, obj: Any) -> None:
    """Charge the dictionary that C code copies to take an error apart."""
    if issubclass(type(obj), BaseException):
        realm.meter.charge(dict.__len__(_dict_of_error(obj)))


def reduce(realm: Realm, obj: Any, /) -> Any:
    """`obj.__reduce__()` where no class of the guest's says otherwise."""
    _charge_state(realm, obj)
    for kind in host_mro(type(obj)):
        if kind in OWN_REDUCE:
            return OWN_REDUCE[kind](realm, obj)
        if kind in PLAIN_REDUCE:
            return kind.__reduce__(obj)
        if kind in _ARGUMENTS or kind in (set, frozenset, bytearray):
            return _new_object(realm, obj)
    if _builtin_base(type(obj)) not in _TAKEN_APART:
        _refuse(obj)
    return _copyreg(realm, "_reduce_ex")(obj, 0)


def _own(realm: Realm, obj: Any, name: str) -> Any:
    """A method that a class of the guest's defines, bound; None where none does."""
    definer = host_lookup(type(obj), name)[0]
    if definer is None or not realm.is_guest_class(definer):
        return None
    return callable_for_c(realm, read(realm, obj, name))


def _new_object(realm: Realm, obj: Any) -> tuple[Any, ...]:
    kind = type(obj)
    base = _builtin_base(kind)
    known = _ARGUMENTS.get(base)
    if known is None and base not in _TAKEN_APART:
        _refuse(obj)
    if base in (set, frozenset):
        realm.meter.charge(base.__len__(obj))
        return kind, (list(base.__iter__(obj)),), _state(realm, obj)
    if base is bytearray:
        return kind, (bytes(memoryview(obj)),), _state(realm, obj)
    keywords: Any = None
    extended = _own(realm, obj, "__getnewargs_ex__")
    plain = _own(realm, obj, "__getnewargs__")
    if extended is not None:
        arguments, keywords = extended()
    elif plain is not None:
        arguments = plain()
    elif known is not None:
        arguments, keywords = known(obj)
    elif base in _EXACT:
        arguments = (_EXACT[base](obj),)
    else:
        arguments = ()
    if type(arguments) is not tuple:
        raise TypeError(f"__getnewargs__ should return a tuple, not {host_name(type(arguments))!r}")
    items = iter(obj) if issubclass(kind, (list, collections.deque)) else None
    pairs = iter(read(realm, obj, "items")()) if issubclass(kind, dict) else None
    required = not arguments and not keywords and base in _TAKEN_APART and base not in (list, dict)
    made: tuple[Any, ...]
    if known is not None and extended is plain is None and not keywords:
        # Made by a call, as the C code of these types says.
        own = None if base.__module__ == "datetime" else _state(realm, obj)
        made = (kind, arguments, own, items, pairs)
        while made[-1] is None:
            made = made[:-1]
        return made
    if keywords:
        maker = _copyreg(realm, "__newobj_ex__")
        made = (kind, arguments, keywords)
    else:
        maker = _copyreg(realm, "__newobj__")
        made = (kind, *arguments)
    own_state = _own(realm, obj, "__getstate__")
    state = own_state() if own_state is not None else _state(realm, obj, required)
    return maker, made, state, items, pairs


def _state(realm: Realm, obj: Any, required: bool = False) -> Any:
    if issubclass(type(obj), (type, ModuleType)):
        # The dictionary of a module is what code runs in, and that of a class has our mark in it.
        _refuse(obj)
    realm.plain.close()
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        own = None
    slots = {}
    for name in _copyreg(realm, "_slotnames")(type(obj)):
        try:
            slots[name] = read(realm, obj, attribute_name(name))
        except AttributeError:
            continue
    state = own or None
    return (state, slots) if slots else state


def getstate(realm: Realm, obj: Any, /) -> Any:
    """`object.__getstate__(obj)`."""
    if not realm.is_guest_class(type(obj)):
        if type(obj) is object:
            return None
        if not issubclass(type(obj), BaseException):
            _refuse(obj)
    return _state(realm, obj)


def setstate(realm: Realm, obj: Any, state: Any, /) -> None:
    """`BaseException.__setstate__`: each attribute through the guard of stores."""
    if state is None:
        return
    if not issubclass(type(state), dict):
        raise TypeError("state is not a dictionary")
    for name, value in list(dict.items(state)):
        realm.meter.charge(1)
        store(realm, obj, attribute_name(name), value)
