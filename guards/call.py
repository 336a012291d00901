"""Calling f(...).

Stops: constructors that build or loop in C without a step (`list(map(l.append, l))`, `bytes(10**10)`)
and classes made without the checks of a class statement (`type(name, bases, dict)`).
The guard looks at the callable and gives it back, or its stand-in; the call itself is made by the
guest's own code, so that no frame of ours stands between (zero-argument `super` needs that).
`callable_for_c` is asked for every callable that C code is handed to call later (`map`, `sorted`'s
key, special methods of classes), so that no constructor is ever called past its guard.
"""

from __future__ import annotations

import collections
import functools
import itertools
import operator
import sys
import weakref
from collections.abc import Callable
from decimal import Decimal
from types import (
    BuiltinFunctionType,
    FunctionType,
    GenericAlias,
    MethodType,
    SimpleNamespace,
)
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import SHOWN_AS, TamedFunction, is_plain_name, read
from guards.base import Guard, gone
from guards.charge import (
    SCALARS,
    allocatable,
    charge_digits,
    charge_element,
    charge_int_work,
    charge_text,
    check_digits_of_text,
    feed,
    feed_keys,
    feed_pairs,
    is_view,
    merged,
    size_of,
)
from guards.classes import type_of
from guards.convert import exact_number
from guards.depth import CARRIERS, check_nesting
from guards.host import (
    MethodOfHeapType,
    host_iterable,
    host_lookup,
    host_method_func,
    host_method_self,
    host_mro,
    host_name,
    host_super_class,
    host_super_self,
    host_super_this,
)
from guards.named import priced
from guards.plain import is_c_method
from guards.short import FREE_WHEN_SHORT, TELL
from guards.tables.rows import TABLE, State, find, is_dunder

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "BOUND",
    "CALLABLES",
    "COMMON",
    "CONSTRUCTORS",
    "MADE_FAST",
    "Call",
    "CallMethod",
    "CallSuper",
    "callable_for_c",
    "construct",
    "enter_callable",
    "enter_face",
    "maker",
    "prepare_arguments",
    "shown_callable",
    "typer",
]

#: Types of what is called as it is.
_RAW: Final = {FunctionType, MethodType, BuiltinFunctionType, MethodOfHeapType, TamedFunction}
#: Those of them that compiled code looks for beside functions. A method may be one of a cached function.
CALLABLES: Final = {BuiltinFunctionType, MethodOfHeapType, TamedFunction}
#: Types of what compiled code looks for in a method: what is bound twice is a stand-in.
BOUND: Final = frozenset({FunctionType, MethodType})
#: Sealed classes of ours without methods, of whose instances whatever has a name can be called as it is.
_FACES: Final[set[type]] = set()


def enter_callable(kind: type) -> None:
    """Let the instances of a sealed class of ours be called as they are."""
    _RAW.add(kind)
    CALLABLES.add(kind)


def enter_face(kind: type) -> None:
    """Note a sealed class of ours whose instances hold under plain names only what was entered by
    `enter_callable`, where no guest can put anything else."""
    _FACES.add(kind)


_SMALL: Final = 1 << 500
#: (realm, class, args, kwargs) -> args: charges for making an instance, and gives the arguments to
#: use. Entries are classes whose `__new__` or `__init__` does work that grows with an argument.
CONSTRUCTORS: Final[dict[type, Any]] = {}


Prepare = Callable[[Any, type, Any, Any], Any]


def constructor(*kinds: type) -> Callable[[Prepare], Prepare]:
    def enter(function: Prepare) -> Prepare:
        for kind in kinds:
            CONSTRUCTORS[kind] = function
        return function

    return enter


@constructor(set, frozenset)
def _set(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    return (feed_keys(realm, args[0]),) if len(args) == 1 else args


@constructor(list, tuple)
def _sequence(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) == 1:
        source = args[0]
        if (type(source) is list or type(source) is tuple) and len(source) < 512:
            realm.meter.charge(len(source))
            return args
        size = size_of(source)
        if size:
            realm.meter.charge_bytes(size * 8)
        return (feed(realm, source),)
    return args


def mapping_or_pairs(realm: Realm, source: Any) -> Any:
    """What `dict(source)` and `d.update(source)` may be given in place of `source`."""
    if issubclass(type(source), dict) or hasattr(source, "keys") or is_view(type(source)):
        return merged(realm, source)
    return feed_pairs(realm, source)


@constructor(dict)
def _dict(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) == 1:
        return (mapping_or_pairs(realm, args[0]),)
    return args


@constructor(str)
def _str(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if 0 < len(args) <= 3:  # C code says what is wrong with more
        first = args[0]
        if len(args) == 1 and not kwargs and type(first) is int and -_SMALL < first < _SMALL:
            return args
        charge_text(realm, args[0])
        if len(args) > 1 or kwargs:
            from guards.tables.text import by_guests_codec

            for kind in (bytes, bytearray):
                if issubclass(type(first), kind):
                    return by_guests_codec(realm, kind, "decode", args, kwargs) or args
            if not issubclass(type(first), (str, int)):  # which C code does not decode
                by_guests_codec(realm, bytes, "decode", args, kwargs)
    return args


@constructor(bytes, bytearray)
def _bytes(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if not args:
        return args
    source = args[0]
    if issubclass(type(source), int):
        realm.meter.charge_bytes(allocatable(max(0, int.__index__(source))))
    elif issubclass(type(source), str):
        from guards.tables.text import by_guests_codec

        realm.meter.charge_bytes(str.__len__(source) * 4)
        if len(args) > 1 or "encoding" in kwargs:
            return by_guests_codec(realm, str, "encode", args, kwargs) or args
    elif issubclass(type(source), (bytes, bytearray, memoryview)):
        realm.meter.charge_bytes(size_of(source) or 0)
    elif len(args) == 1 and host_lookup(type(source), "__bytes__")[0] is None:
        if host_lookup(type(source), "__index__")[0] is not None:
            number = operator.index(source)
            realm.meter.charge_bytes(allocatable(max(0, number)))
            return (number,)
        return (feed(realm, source),)
    return args


@constructor(int)
def _int(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) == 1 and type(args[0]) not in TABLE and not kwargs:
        args = (exact_number(realm, int, args[0]),)
    if args and issubclass(type(args[0]), (str, bytes, bytearray)):
        digits = size_of(args[0]) or 0
        if digits > 1000:
            charge_int_work(realm, 1 << (digits * 4), 1 << (digits * 4))
        base = args[1] if len(args) > 1 else kwargs.get("base", 10)
        if not (type(base) is int and base & (base - 1) == 0):  # those of powers of two are copied
            check_digits_of_text(realm, args[0])
    elif args and issubclass(type(args[0]), Decimal):
        charge_digits(realm, args[0])
    return args


@constructor(float)
def _float(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) == 1 and type(args[0]) not in TABLE:
        args = (exact_number(realm, float, args[0]),)
    if args and issubclass(type(args[0]), (str, bytes, bytearray)):
        _charge_reading(realm, args[0])
    return args


@constructor(complex)
def _complex(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if args and type(args[0]) not in TABLE:
        args = (exact_number(realm, complex, args[0]), *args[1:])
    if args and issubclass(type(args[0]), str):
        _charge_reading(realm, args[0])
    return args


#: Characters of a number that are read for nothing.
_SHORT_NUMBER: Final = 64


def _charge_reading(realm: Realm, text: Any) -> None:
    """A number that is read from a text, character by character."""
    size = size_of(text) or 0
    realm.meter.charge_bytes(size)
    if size > _SHORT_NUMBER:
        realm.meter.charge(size >> 3)


@constructor(enumerate)
def _enumerate(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if not args:
        return args
    fed = itertools.compress(args[0], realm.meter.iterator)
    if len(args) == 1:
        return (fed,)
    start = operator.index(args[1])
    if int.bit_length(start) > 4096:  # each step would copy it
        raise OverflowError("enumerate: the number is too large; add it to a smaller one")
    return (fed, start, *args[2:])


_WIDEST: Final = 4096


@constructor(zip)
def _zip(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    _check_width(len(args))
    counter = realm.meter.iterator
    return [itertools.compress(a, counter) for a in args]


def _check_width(count: int) -> None:
    if count > _WIDEST:
        raise OverflowError(f"{count:,} iterables at once; at most {_WIDEST:,} are taken")


@constructor(map)
def _map(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    _check_width(len(args))
    if len(args) < 2:
        return args
    return (
        callable_for_c(realm, args[0]),
        *(itertools.compress(a, realm.meter.iterator) for a in args[1:]),
    )


@constructor(filter)
def _filter(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if len(args) != 2:
        return args
    function = args[0]
    return (
        None if function is None else callable_for_c(realm, function),
        itertools.compress(args[1], realm.meter.iterator),
    )


@constructor(BaseExceptionGroup, ExceptionGroup, SyntaxError)
def _second_iterable(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    # Their second argument is made into a tuple in C, whatever it gives.
    if len(args) < 2 or (len(args) > 2 and issubclass(kind, SyntaxError)):
        return args
    size = size_of(args[1])
    if size is not None:
        realm.meter.charge_bytes(size * 8)
        return args
    if not host_iterable(type(args[1])):
        return args
    if issubclass(kind, BaseExceptionGroup) and host_lookup(type(args[1]), "__getitem__")[0] is None:
        return args  # no sequence: the C code says so
    return (args[0], list(feed(realm, args[1])), *args[2:])


@constructor(property, classmethod, staticmethod)
def _descriptor(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    for name in list(kwargs):
        kwargs[name] = callable_for_c(realm, kwargs[name])
    return tuple(callable_for_c(realm, a) for a in args)


#: Builtin classes whose `__new__` makes them empty, and whose `__init__` does the work.
_FILLED_BY_INIT: Final = frozenset(
    {list, dict, set, bytearray, property, classmethod, staticmethod,
     collections.deque, collections.defaultdict, collections.OrderedDict}
)  # fmt: skip


#: Builtin classes of whose arguments some are wrapped, see guards.told, or must be what they say.
_WRAPPED: Final[tuple[type, ...]] = (
    ImportError, AttributeError, UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError
)  # fmt: skip


#: What makes an instance of a class derived from a builtin one that is not to be met before `__init__`
#: has filled it: C code takes for filled what it finds there, and ends the process.
MADE_EMPTY: Final[dict[type, Callable[..., Any]]] = {}


def _empty_staticmethod(kind: Any, *args: Any, **_kwargs: Any) -> Any:
    made: Any = staticmethod.__new__(kind, *(args[:1] or (None,)))
    if sys.version_info < (3, 15):  # from then on it is filled by now
        staticmethod.__init__(made, None)  # type: ignore[arg-type]  # to call that is a TypeError
    return made


def _empty_super(kind: Any, *_args: Any, **_kwargs: Any) -> Any:
    made: Any = super.__new__(kind)
    super.__init__(made, object)  # which stands before no class, and is bound to nothing
    return made


MADE_EMPTY[staticmethod] = _empty_staticmethod
MADE_EMPTY[super] = _empty_super


def _made_by_hand(realm: Realm, kind: type) -> Any:
    """What makes an empty `kind`, where its `__init__` is the guest's own and its `__new__` is not; None
    elsewhere. The guest's `__init__` may use the object, or leave it as it is."""
    for k in host_mro(kind):
        if k in MADE_EMPTY:
            definer = host_lookup(kind, "__init__")[0]
            if definer is None or not realm.is_guest_class(definer):
                return None
            definer = host_lookup(kind, "__new__")[0]
            return None if definer is None or realm.is_guest_class(definer) else MADE_EMPTY[k]
    return None


def _initialised(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    """An object, once the `__init__` of the guest's class has been called on it."""
    function = host_lookup(type(made), "__init__")[1]
    if hasattr(type(function), "__get__"):
        function = type(function).__get__(function, made, type(made))
    if callable_for_c(realm, function)(*args, **kwargs) is not None:
        raise TypeError("__init__() should return None")
    return made


def prepare_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    """The arguments to make a `kind` from, charged by the builtin class behind it."""
    for k in host_mro(kind):
        prepare = CONSTRUCTORS.get(k)
        if prepare is not None:
            if k in CARRIERS:
                check_nesting(realm, (*args, *kwargs.values()))
            if kind is not k and k in _FILLED_BY_INIT:
                definer = host_lookup(kind, "__init__")[0]
                if definer is not None and realm.is_guest_class(definer):
                    # `__new__` takes no notice of arguments; those of the guest's own `__init__` are
                    # its own, and what it hands on to the builtin one is guarded there.
                    return args
            if k in _WRAPPED and _made_by_guest(realm, kind):
                return args  # what stands in for an argument goes to C code only
            return priced(k, functools.partial(prepare, realm, kind), args, kwargs)
    return args


def _made_by_guest(realm: Realm, kind: type) -> bool:
    """Whether code of the guest's is handed the arguments that an instance is made from."""
    definers = [host_lookup(kind, name)[0] for name in ("__new__", "__init__")]
    return any(k is not None and realm.is_guest_class(k) for k in definers)


def _as_they_are(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    return args


for _carrier in (slice, GenericAlias, reversed):
    CONSTRUCTORS[_carrier] = _as_they_are


#: Builtin classes that compiled code makes instances of by `maker` where it calls them by their names.
MADE_FAST: Final[frozenset[Any]] = frozenset(
    {list, tuple, set, frozenset, dict, str, bytes, bytearray, int, float, enumerate, zip, map, filter,
     reversed}
)  # fmt: skip


def maker(realm: Realm, kind: Any) -> Any:
    """`construct` of one builtin class for one realm, which it does not hold: what compiled code holds
    the collector does not look into."""
    prepare, carrier, ref = CONSTRUCTORS[kind], kind in CARRIERS, weakref.ref(realm)

    def made(*args: Any, **kwargs: Any) -> Any:
        own = ref() or gone()
        if carrier:
            check_nesting(own, (*args, *kwargs.values()) if kwargs else args)
        if kwargs:
            args = priced(kind, functools.partial(prepare, own, kind), args, kwargs)
            return kind(*args, **kwargs)
        return kind(*prepare(own, kind, args, kwargs))

    return made


#: Classes that `type` tells of their instances, in every realm.
COMMON: Final[frozenset[Any]] = frozenset({*SCALARS, list, tuple, dict, set, frozenset, bytearray})


def typer(realm: Realm) -> Any:
    """`type(x)` for one realm, likewise."""
    ref = weakref.ref(realm)

    def typed(obj: Any, /) -> type:
        kind = type(obj)
        if kind in TABLE:
            return kind if kind not in SHOWN_AS else SHOWN_AS[kind](obj)
        own = ref() or gone()
        if kind in own.plain.bare:
            return kind
        own.plain.learn_bare(own, kind)
        return type_of(own, obj)

    return typed


#: What these classes make of such an argument is small, and charged for by no rule below.
_SCALARS_OF: Final[dict[Any, frozenset[type]]] = {
    str: frozenset({int, float, bool, type(None)}),
    int: frozenset({int, float, bool}),
    float: frozenset({int, float, bool}),
}


def construct(realm: Realm, kind: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Make an instance of a class, charged."""
    if len(args) == 1 and not kwargs:
        first = args[0]
        if kind is type:
            return type_of(realm, first)
        if type(first) in _SCALARS_OF.get(kind, ()) and (
            type(first) is not int or -_SMALL < first < _SMALL
        ):
            return kind(first)
        if (kind is list or kind is tuple) and (type(first) is list or type(first) is tuple):
            size = len(first)
            realm.meter.charge(size)
            realm.meter.charge_bytes(size * 8)
            return kind(first)
    if not (_may_be_called(realm, kind) if kind in TABLE else realm.is_guest_class(kind)):
        _refuse(kind)  # `type.__call__(kind)` comes here straight
    if kind is type:
        from guards.classes import make_type

        return make_type(realm, type, *args, **kwargs)
    if issubclass(kind, type) and host_lookup(kind, "__new__")[0] is type:
        # What `type.__call__` does, with the checks of a class statement in place of `type.__new__`.
        from guards.classes import new_class

        if len(args) != 3:
            raise TypeError(f"type.__new__() takes exactly 3 arguments ({len(args)} given)")
        made = new_class(realm, kind, *args, **kwargs)
        if issubclass(type(made), kind):
            _type_of_init(realm, made)(*args, **kwargs)
        return made
    empty = None if kind in TABLE else _made_by_hand(realm, kind)
    if empty is not None:
        return _initialised(realm, empty(kind), args, kwargs)
    args = prepare_arguments(realm, kind, args, kwargs)
    # An empty dictionary of keywords is none to Python, and one too many to some classes of C.
    call = kind if type(kind) is type else functools.partial(_type_call, kind)
    made = call(*args, **kwargs) if kwargs else call(*args)
    if issubclass(kind, (classmethod, staticmethod)):
        forget_annotations(realm, made)
    return made


_dict_of: Final = {k: k.__dict__["__dict__"].__get__ for k in (classmethod, staticmethod)}


def dict_of_wrapper(wrapper: Any) -> Any:
    """The dictionary of a `classmethod` or `staticmethod`, whatever a subclass says. It may itself be of
    a class of the guest's."""
    return next(get(wrapper) for kind, get in _dict_of.items() if issubclass(type(wrapper), kind))


_wrapped_by: Final = {k: k.__dict__["__func__"].__get__ for k in (classmethod, staticmethod)}


def forget_annotations(realm: Realm, wrapper: Any) -> None:
    """Take the annotations of a function of ours off what wraps it: the same dictionary would be in
    the hands of every guest that wraps that function."""
    if issubclass(type(wrapper), (classmethod, staticmethod)):
        if not realm.is_guest_function(wrapped_by(wrapper)):
            own = dict_of_wrapper(wrapper)
            for name in ("__annotations__", "__annotate__"):
                dict.pop(own, name, None)


def wrapped_by(wrapper: Any) -> Any:
    """The function in a `classmethod` or `staticmethod`, whatever a subclass says."""
    return next(get(wrapper) for kind, get in _wrapped_by.items() if issubclass(type(wrapper), kind))


_CALLED: Final[dict[type, list[Any]]] = {
    property: [property.__dict__[n].__get__ for n in ("fget", "fset", "fdel")],
    **{k: [get] for k, get in _wrapped_by.items()},
    collections.defaultdict: [collections.defaultdict.__dict__["default_factory"].__get__],
}


def keep_called(realm: Realm, obj: Any) -> None:
    """Keep what an object has C code call until the turn is over, before it is given something else to
    call: it is called without being held, and a generator that is at work would be freed."""
    for kind, getters in _CALLED.items():
        if issubclass(type(obj), kind):
            found = [x for x in [get(obj) for get in getters] if x is not None]
            if found:
                realm.meter.kept.append(found)


_type_call: Final = type.__call__


def _type_of_init(realm: Realm, made: Any) -> Any:
    """The `__init__` of a metaclass, bound to a class that was just made."""
    definer, function = host_lookup(type(made), "__init__")
    if definer is not None and realm.is_guest_class(definer) and hasattr(type(function), "__get__"):
        return function.__get__(made, type(made))
    return _nothing


def _nothing(*_args: Any, **_kwargs: Any) -> None: ...


def _needs_standin(realm: Realm, kind: Any) -> bool:
    """Whether calling this class raw would reach a constructor of the table unguarded."""
    if kind is type:
        return True
    if host_lookup(type(kind), "__call__")[0] is not type:
        return False  # the metaclass's own; what it calls in turn is guarded
    if issubclass(kind, type) and host_lookup(kind, "__new__")[0] is type:
        return True
    heavy = None
    for k in host_mro(kind):
        if k in CONSTRUCTORS:
            heavy = k
            break
    if heavy is None:
        return False
    if heavy is kind:
        return True
    # A guest's class that overrides both ways in calls the builtin one through a guarded `super`.
    for name in ("__new__", "__init__"):
        definer = host_lookup(kind, name)[0]
        if definer is heavy:
            return True
    return False


def _may_be_called(realm: Realm, kind: Any) -> bool:
    """Whether a builtin class makes instances for guests: not where its `__new__` is denied to them.
    What the name is denied to must not be had by calling the class."""
    definer = host_lookup(kind, "__new__")[0]
    if definer is None or makes_empty(kind, definer):
        return False
    return find(definer, "__new__").state is not State.DENY


def makes_empty(kind: Any, definer: Any) -> bool:
    """Whether a class of U would be made by `object.__new__`, which knows nothing of what its C code
    needs to find in an instance: an empty reader of `_csv` crashes Python 3.11.2 at its first row."""
    return definer is object and kind is not object and kind in TABLE


def is_raw_class(kind: Any) -> bool:
    """Whether the guard of calls gives a builtin class back as it is, in every realm."""
    realm: Any = None
    return kind in TABLE and _may_be_called(realm, kind) and not _needs_standin(realm, kind)


def _refuse(kind: Any, /, *_args: Any, **_kwargs: Any) -> Any:
    raise TypeError(f"cannot create {host_name(kind)!r} instances")


def check_makes(realm: Realm, factory: Any) -> None:
    """Refuse a class that makes no instances for guests, where C code will call just what it is given.

    Raises TypeError, as the call would.
    """
    called = callable_for_c(realm, factory)
    if type(called) is MethodType and host_method_func(called) is _refuse:
        called()


def callable_for_c(realm: Realm, f: Any) -> Any:
    """What C code may be handed to call in place of `f`."""
    kind = type(f)
    if kind in _RAW:
        return _bound_cache(realm, f) if kind is MethodType else f
    if issubclass(kind, type):
        if f in TABLE:
            found = realm._standins.get(f)
            if found is None:
                if not _may_be_called(realm, f):
                    found = realm._standins[f] = MethodType(_refuse, f)
                    return found
                if not _needs_standin(realm, f):
                    realm._standins[f] = f
                    return f
                found = realm._standins[f] = MethodType(MethodType(construct, realm), f)
            return found
        if not realm.is_guest_class(f):
            return MethodType(_refuse, f)
        if _needs_standin(realm, f):
            return MethodType(MethodType(construct, realm), f)
        return f
    if issubclass(kind, GenericAlias):
        return callable_for_c(realm, f.__origin__)
    if kind is _CACHE:
        return MethodType(MethodType(_call_cached, realm), f)
    return f


def _bound_cache(realm: Realm, method: Any) -> Any:
    """A bound method, with what a cached function pays in place of the function."""
    inner = host_method_func(method)
    if type(inner) is not _CACHE:
        return method
    return MethodType(MethodType(MethodType(_call_cached, realm), inner), host_method_self(method))


def shown_callable(realm: Realm, f: Any) -> Any:
    """What a guest handed in that C code calls as `f`: the way back from `callable_for_c`."""
    if type(f) is not MethodType:
        return f
    function = host_method_func(f)
    if function is _refuse:
        return host_method_self(f) if host_method_self(f) in TABLE else f
    if type(function) is MethodType and host_method_self(function) is realm:
        if host_method_func(function) in (construct, _call_cached):
            return host_method_self(f)
    return f


_CACHE: Final = type(functools.lru_cache(lambda: None))


def _call_cached(realm: Realm, cached: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call a cached function: C code hashes its arguments."""
    charge_element(realm, args[0] if len(args) == 1 and not kwargs else (*args, *kwargs.values()))
    return cached(*args, **kwargs)


class Call(Guard):
    """f(x) becomes `cap:call`(f)(x)."""

    key = "cap:call"
    __slots__ = ("waiting",)

    def __init__(self, realm: Realm) -> None:
        super().__init__(realm)
        self.waiting = realm.waiting

    def run(self, f: Any) -> Any:
        if self.waiting:
            (self.ref() or gone()).told()
        kind = type(f)
        if kind in _RAW:
            if kind is MethodType and type(host_method_func(f)) is _CACHE:
                return _bound_cache((self.ref() or gone()), f)
            return f
        realm = self.ref() or gone()
        if kind is type:
            found = realm._standins.get(f)
            if found is not None:
                return found
            if f not in TABLE and realm.plain.again(f, ""):
                realm.plain.learn_class(realm, f)
                realm.plain.learn_argless(realm, f)
        return callable_for_c(realm, f)


class CallMethod(Guard):
    """o.m(x) becomes `cap:receiver`(o, 'm').m(x): the object itself, where what it gives under the name
    may be called as it is, else something that has the guarded method under that name, and that is used
    up at once."""

    key = "cap:receiver"
    __slots__ = ("call",)

    def __init__(self, realm: Realm) -> None:
        super().__init__(realm)
        self.call = Call(realm).run

    def run(self, obj: Any, name: str) -> Any:
        realm = self.ref() or gone()
        if realm.waiting:
            realm.told()
        kind = type(obj)
        plain = realm.plain
        asked = (kind, name)
        if asked in plain.unplain:
            if name.startswith("__"):  # no name of a slot
                return self.held(realm, obj, name)
            return _holder(name)(self.called(realm, obj, name))
        tamed = plain.tamed.get(asked) or plain.derived.get(asked)
        if tamed is not None:
            return tamed[0](MethodType(tamed[1], obj))
        if kind is str and len(obj) < (256 if name in TELL else 64) and name in FREE_WHEN_SHORT:
            return obj
        if kind is type and obj not in TABLE:
            realm.plain.learn_static(realm, obj, name)
        if kind in _FACES and not is_dunder(name):
            realm.plain.learn_face(realm, kind, name)
            return obj
        if kind not in TABLE and not plain.again(kind, name):
            return self.held(realm, obj, name)
        if plain.learn_method(realm, kind, name):
            if kind in TABLE:
                return obj  # one of the guest's could be given another method before this one is read
        elif kind in TABLE:
            if is_c_method(kind, name) is State.TAME:
                stand_in = realm.bound(find(host_lookup(kind, name)[0] or kind, name))
                plain.tamed[kind, name] = (_holder(name), stand_in)
            elif kind is not type:
                plain.note_unplain(realm, kind, name)
        else:
            since = plain.changes
            definer = plain.learn_derived(realm, kind, name)
            if definer is not None:
                made = _holder(name), realm.bound(find(definer, name))
                plain.keep_derived(kind, name, made, since)
            elif kind is not type:
                plain.note_unplain(realm, kind, name)
        return self.held(realm, obj, name)

    def called(self, realm: Realm, obj: Any, name: str) -> Any:
        """What an object gives under a name, as it may be called."""
        return self.call(getattr(obj, name) if is_plain_name(name) else read(realm, obj, name))

    def held(self, realm: Realm, obj: Any, name: str) -> Any:
        return SimpleNamespace(**{name: self.called(realm, obj, name)})


@functools.lru_cache(maxsize=1024)
def _holder(name: str) -> Any:
    """A class whose instances hold a method under a name: a fifth of what a namespace costs. No guest
    holds one: the call uses it up."""

    def __init__(self: Any, method: Any) -> None:
        put(self, method)

    made = type("method", (), {"__slots__": (name,), "__init__": __init__})
    put = made.__dict__[name].__set__
    return made


class CallSuper(Guard):
    """super().m(x) becomes `cap:super`(super(), 'm')(x), as long as `super` is the builtin."""

    key = "cap:super"
    __slots__ = ("call",)

    def __init__(self, realm: Realm) -> None:
        super().__init__(realm)
        self.call = Call(realm).run

    def run(self, obj: Any, name: str) -> Any:
        realm = self.ref() or gone()
        if type(obj) is super:
            found = realm.plain.supers.get((host_super_class(obj), host_super_this(obj), name))
            if found is not None:
                return getattr(obj, name)
            start, this = host_super_class(obj), host_super_this(obj)
            if realm.plain.learn_super(realm, start, this, name, type(host_super_self(obj))):
                return getattr(obj, name)
        return self.call(read(realm, obj, name))
