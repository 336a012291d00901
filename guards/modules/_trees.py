"""Syntax trees: the interpreter's own is read once, and copied into nodes of the guest's classes.

Stops: the classes in the real `_ast`, which take attributes and are shared by all; and trees that were
made by hand reaching the interpreter's compiler, which trusts what stands in them (pit 11).
"""

from __future__ import annotations

import ast
import warnings
from types import EllipsisType, GenericAlias, UnionType
from typing import TYPE_CHECKING, Any, Final

from guards.host import host_dict, host_mro
from guards.tamed import ModuleNamespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.realm import Realm

__all__ = ["node_kinds", "syntax_tree"]

_DATA: Final = frozenset({str, int, float, complex, bytes, bool, type(None), EllipsisType})
_MODES: Final = ("exec", "eval", "single")


def _kinds() -> list[type[ast.AST]]:
    """Every class of nodes of this Python, each after its base."""
    found: list[type[ast.AST]] = []
    waiting = [ast.AST]
    while waiting:
        kind = waiting.pop(0)
        for inner in type.__subclasses__(kind):
            if inner.__module__ in ("ast", "_ast") and _named(inner.__name__) is inner:
                found.append(inner)
                waiting.append(inner)
    return found


def _named(name: str) -> Any:
    with warnings.catch_warnings():  # 3.12 and 3.13 warn of the old ones, which are not the host's
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(ast, name, None)


#: Those of which a tree is never made: they are there for old programs, and compare by metaclasses.
_OLD: Final = frozenset("Num Str Bytes NameConstant Ellipsis Index ExtSlice Suite AugLoad AugStore "
                        "Param slice".split())  # fmt: skip
#: How a field's type is told.
_HOW: Final = {GenericAlias: "list", UnionType: "optional"}


def _row(kind: type[ast.AST]) -> tuple[Any, ...]:
    fields = kind._fields
    optional = tuple(n for n in (*fields, *kind._attributes) if kind.__dict__.get(n, 0) is None)
    return (kind.__name__, kind.__bases__[0].__name__, fields, kind._attributes, kind.__doc__, optional,
            tuple(_types(kind)))  # fmt: skip


def _types(kind: type[ast.AST]) -> Iterator[tuple[str, str, str]]:
    """Each field with its type's name, and whether it is a list of them or may be None; from 3.13 on."""
    for field, value in kind.__dict__.get("_field_types", {}).items():
        how = _HOW.get(type(value), "")
        yield field, (value.__args__[0] if how else value).__name__, how


_ROWS: Final = tuple(_row(kind) for kind in _kinds() if kind.__name__ not in _OLD)


def node_kinds(realm: Realm, /) -> tuple[Any, ...]:
    """(name, base, fields, attributes, doc, optional fields, types of fields) of each kind."""
    realm.meter.charge(len(_ROWS))
    return _ROWS


def syntax_tree(realm: Realm, source: Any, filename: Any, mode: Any, kinds: Any, /) -> Any:
    """The tree of a text in nodes of these classes. kinds: the namespace that has them by name."""
    if type(mode) is not str or mode not in _MODES:
        raise ValueError("compile() mode must be 'exec', 'eval' or 'single'")
    if type(source) is not str or type(filename) is not str or type(kinds) is not ModuleNamespace:
        raise TypeError("texts and a namespace of this program were expected")
    namespace = kinds.__raw__
    single = mode == "single"
    tree = realm.syntax(source, filename, "exec" if single else mode)
    if single:
        tree = ast.Interactive(tree.body)
    made: list[Any] = []
    # Filled without recursion, which would be as deep as the source.
    waiting: list[tuple[Any, Any]] = [(tree, made.append)]
    count = 0
    while waiting:
        node, put = waiting.pop()
        count += 1
        if count & 255 == 0:
            realm.meter.charge(256)
            realm.meter.charge_bytes(256 * 400)
        if type(node) is list:
            items: list[Any] = [None] * len(node)
            put(items)
            waiting.extend((x, _into(items, i)) for i, x in enumerate(node))
        elif type(node) in _DATA:
            put(node)
        elif type(node) is tuple or type(node) is frozenset:
            put(node)  # constants of constants, which no parser makes
        else:
            copy, own = _new_node(realm, namespace, type(node).__name__)
            put(copy)
            for name in (*node._fields, *node._attributes):
                if name in vars(node):
                    realm.plain.note_store(name)
                    waiting.append((vars(node)[name], _under(own, name)))
    realm.meter.charge(count & 255)
    return made[0]


def _into(items: list[Any], at: int) -> Any:
    return lambda value: items.__setitem__(at, value)


def _under(own: dict[str, Any], name: str) -> Any:
    return lambda value: own.__setitem__(name, value)


def _new_node(realm: Realm, namespace: dict[str, Any], name: str) -> tuple[Any, dict[str, Any]]:
    """An instance of the guest's class of that name, made without any code of its."""
    kind: Any = namespace.get(name)
    if not issubclass(type(kind), type) or not realm.is_guest_class(kind):
        raise TypeError(f"the class of nodes {name!r} is not one of this program's")
    if any(k is not object and not realm.is_guest_class(k) for k in host_mro(kind)):
        raise TypeError(f"the class of nodes {name!r} cannot be made empty")
    copy = object.__new__(kind)
    if any("__dict__" in host_dict(k) for k in host_mro(kind)):
        own = object.__getattribute__(copy, "__dict__")
        if type(own) is dict:
            return copy, own
    raise TypeError(f"the class of nodes {name!r} takes no attributes")
