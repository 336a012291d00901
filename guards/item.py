"""Reading `x[i]`.

Stops: slices that copy without a charge, and keys whose hash walks a nest.
"""

from __future__ import annotations

import ast
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.base import Guard, Row, Site, gone, open_rows
from guards.call import callable_for_c
from guards.depth import check_nesting
from guards.fact import HOLDER, INSTANCE, REAL, TEXT, Fact
from guards.format import text_of
from guards.host import host_iterable, host_lookup, host_name
from guards.tables.rows import TABLE, State, find
from guards.tamed import charge_item

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["PLAIN", "ReadItem", "alias_item", "union_item"]


#: What is looked up by a short number or a text for nothing.
PLAIN: Final = frozenset({list, tuple, dict, str, bytes, bytearray})
_SHORT: Final = 1 << 60

_union_args: Final[Any] = UnionType.__dict__["__args__"].__get__


def union_item(realm: Realm, union: Any, key: Any, /) -> Any:
    """`(list[T] | int)[key]`. From 3.14 on C code asks the host's `typing` what to make of the new
    members, and that makes a `ForwardRef` of a text, which evaluates the text in the host."""
    made = None
    for member in alias_item(realm, GenericAlias(tuple, _union_args(union)), key).__args__:
        made = member if made is None else realm.guards["cap:or"](made, member)
    return made


def class_item(realm: Realm, kind: Any, key: Any) -> Any:
    """`kind[key]` of a class whose metaclass is the guest's: C code asks the metaclass for
    `__class_getitem__`, and would call a class that it gives past the guard of calls."""
    try:
        method = read(realm, kind, "__class_getitem__")
    except AttributeError:
        raise TypeError(f"type {host_name(kind)!r} is not subscriptable") from None
    return callable_for_c(realm, method)(key)


def _asked(realm: Realm, obj: Any, name: str) -> Any:
    """A method that C code asks the object itself for, and not its class; None where there is none."""
    if issubclass(type(obj), type):
        return None
    try:
        return callable_for_c(realm, read(realm, obj, name))
    except AttributeError:
        return None


def _told(obj: Any, name: str) -> tuple[Any, ...]:
    """An attribute of what stands in an alias, where it is a tuple."""
    found = () if issubclass(type(obj), type) else getattr(obj, name, ())
    return found if type(found) is tuple else ()


def _index(parameters: tuple[Any, ...], parameter: Any) -> int:
    return next((i for i, p in enumerate(parameters) if p is parameter), -1)


def alias_item(realm: Realm, alias: Any, key: Any, /) -> Any:
    """`alias[key]` where a parameter of the alias is an object of the guest's.

    C code asks each for `__typing_subst__`, and would call a class that this gives past the guard of
    calls.
    Source: `_Py_subs_parameters` in Objects/genericaliasobject.c, CPython 3.11-3.15.
    """
    if not issubclass(type(alias), GenericAlias):
        raise TypeError("descriptor '__getitem__' requires a 'types.GenericAlias' object")
    check_nesting(realm, key if type(key) is tuple else (key,))
    parameters = _alias_parameters(alias)
    if all(type(p) in TABLE for p in parameters):
        return GenericAlias.__getitem__(alias, key)
    item: Any = []
    for part in key if type(key) is tuple else (key,):
        unpacked = _told(part, "__typing_unpacked_tuple_args__")
        item.extend(unpacked if unpacked and unpacked[-1] is not Ellipsis else (part,))
    item = tuple(item)
    for parameter in parameters:
        prepare = _asked(realm, parameter, "__typing_prepare_subst__")
        if prepare is not None:
            item = prepare(alias, item)
            item = item if type(item) is tuple else (item,)
    if len(item) != len(parameters):
        how = "many" if len(item) > len(parameters) else "few"
        raise TypeError(
            f"Too {how} arguments for {text_of(realm, alias, repr)}; "
            f"actual {len(item)}, expected {len(parameters)}"
        )
    made = _substituted(realm, _alias_args(alias), parameters, item)
    whole: Any = GenericAlias(_alias_origin(alias), tuple(made))
    return next(iter(whole)) if _alias_unpacked(alias) else whole


def _substituted(realm: Realm, arguments: Any, parameters: Any, item: Any) -> list[Any]:
    made: list[Any] = []
    for argument in arguments:
        realm.meter.charge(1)
        if type(argument) in (tuple, list):
            made.append(type(argument)(_substituted(realm, argument, parameters, item)))
            continue
        spread = not issubclass(type(argument), type) and (
            getattr(argument, "__typing_is_unpacked_typevartuple__", False) is True
        )
        substitute = _asked(realm, argument, "__typing_subst__")
        at = _index(parameters, argument)
        if substitute is not None and at >= 0:
            argument = substitute(item[at])
        elif inner := _told(argument, "__parameters__"):
            chosen: list[Any] = []
            for parameter in inner:
                at = _index(parameters, parameter)
                value = parameter if at < 0 else item[at]
                if at >= 0 and type(value) is tuple and host_iterable(type(parameter)):
                    chosen.extend(value)
                else:
                    chosen.append(value)
            argument = realm.guards["cap:getitem"](argument, tuple(chosen))
        if spread and type(argument) is tuple:
            made.extend(argument)
        else:
            made.append(argument)
    return made


_alias_args: Final[Any] = GenericAlias.__dict__["__args__"].__get__
_alias_origin: Final[Any] = GenericAlias.__dict__["__origin__"].__get__
_alias_parameters: Final[Any] = GenericAlias.__dict__["__parameters__"].__get__
_alias_unpacked: Final[Any] = GenericAlias.__dict__["__unpacked__"].__get__


class ReadItem(Guard):
    """a[i] becomes `cap:getitem`(a, i)."""

    key = "cap:getitem"
    # A class, an alias and a union ask objects of the guest's what to do with any key at all, and call
    # what those give past the guard of calls: `K[10**9]` was `bytes(10**9)`. From 3.14 on a text makes
    # a `ForwardRef` of the host's there.
    # What a class of the guest's own does with a key is guarded there.
    free = ((HOLDER, Fact(int, 60)), (HOLDER, TEXT), (INSTANCE, None))
    known = ((HOLDER, REAL),)
    __slots__ = ()

    def run(self, obj: Any, key: Any) -> Any:
        kind = type(obj)
        if kind in PLAIN and ((type(key) is int and -_SHORT < key < _SHORT) or type(key) is str):
            return obj[key]
        if type(key) is slice and (
            kind is range or (kind in PLAIN and len(obj) < (64 if kind is str else 512))
        ):
            return obj[key]
        realm = self.ref() or gone()
        if kind not in TABLE and realm.plain.is_own(realm, kind):
            return obj[key]
        charge_item(realm, obj, key)
        if type(obj) in PLAIN:
            return obj[key]
        if issubclass(type(obj), (type, GenericAlias, UnionType)):
            check_nesting(realm, key if type(key) is tuple else (key,))
            if issubclass(type(obj), UnionType):
                return union_item(realm, obj, key)
            if issubclass(type(obj), GenericAlias) and host_lookup(type(obj), "__getitem__")[0] in TABLE:
                return alias_item(realm, obj, key)
            if issubclass(type(obj), type):
                if realm.is_guest_class(type(obj)) and host_lookup(type(obj), "__getitem__")[0] is None:
                    return class_item(realm, obj, key)
                definer = host_lookup(obj, "__class_getitem__")[0]
                if definer in TABLE and find(definer, "__class_getitem__").state is State.DENY:
                    raise TypeError(f"type {host_name(obj)!r} is not subscriptable")
        return obj[key]

    @classmethod
    def tests(cls, site: Site) -> list[Row]:
        if _is_small_key(site.operands[1]):
            return open_rows(((HOLDER, None), (INSTANCE, None)), site)
        return super().tests(site)


def _is_small_key(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return (
        isinstance(node, ast.Constant)
        and (type(node.value) is not int or node.value.bit_length() <= 60)
        and (type(node.value) is not bytes or len(node.value) < 4096)
    )
