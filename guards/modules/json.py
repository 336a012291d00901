"""`json`: exact data out, text in.

What goes out is copied to exact builtin data first, so that the real encoder, which is Python code
of the host's, never meets an object of the guest's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.call import callable_for_c
from guards.charge import (
    SCALARS,
    charge_walk,
)
from guards.classes import new_class
from guards.host import host_exact_str, host_name

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow, index_of, tamed_in

__all__: list[str] = []

_JSON_TAMED: dict[str, Callable[..., Any]] = {}
_JSON_DEPTH: Final = 200


def _plain(realm: Realm, obj: Any, default: Any, skip: bool, path: set[int], depth: int) -> Any:
    kind = type(obj)
    if kind in SCALARS and kind is not bytes and kind is not complex:
        return obj
    realm.meter.charge(1)
    if issubclass(kind, str):
        return host_exact_str(obj)
    if issubclass(kind, int):
        return int.__int__(obj)
    if issubclass(kind, float):
        return float.__float__(obj)
    if id(obj) in path:
        raise ValueError("Circular reference detected")
    if depth > _JSON_DEPTH:
        raise RecursionError("maximum recursion depth exceeded while encoding a JSON object")
    path.add(id(obj))
    try:
        if issubclass(kind, (list, tuple)):
            base = list if issubclass(kind, list) else tuple
            items = list(base.__iter__(obj))
            realm.meter.charge(len(items))
            return [_plain(realm, x, default, skip, path, depth + 1) for x in items]
        if issubclass(kind, dict):
            out: dict[Any, Any] = {}
            for k, v in list(dict.items(obj)):
                if k is None or issubclass(type(k), (str, int, float)):
                    key = _plain(realm, k, None, skip, path, depth)
                elif skip:
                    continue
                else:
                    raise TypeError(
                        f"keys must be str, int, float, bool or None, not {host_name(type(k))}"
                    )
                out[_json_key(key)] = _plain(realm, v, default, skip, path, depth + 1)
            return out
        if default is None:
            raise TypeError(f"Object of type {host_name(kind)} is not JSON serializable")
        return _plain(realm, default(obj), default, skip, path, depth + 1)
    finally:
        path.discard(id(obj))


def _json_key(key: Any) -> str:
    if type(key) is str:
        return key
    if key is True:
        return "true"
    if key is False:
        return "false"
    if key is None:
        return "null"
    return float.__repr__(key) if type(key) is float else int.__repr__(key)


@tamed_in(_JSON_TAMED)
def _dumps(
    realm: Realm, obj: Any, *, skipkeys: Any = False, ensure_ascii: Any = True,
    check_circular: Any = True, allow_nan: Any = True, cls: Any = None, indent: Any = None,
    separators: Any = None, default: Any = None, sort_keys: Any = False,
) -> str:  # fmt: skip
    if cls is not None:
        raise TypeError("json.dumps: cls is not supported here; pass default=")
    if default is not None:
        default = callable_for_c(realm, default)
    before = realm.meter.used
    plain = _plain(realm, obj, default, bool(skipkeys), set(), 0)
    nodes = realm.meter.used - before
    if indent is not None:
        width = len(host_exact_str(indent)) if isinstance(indent, str) else max(0, index_of(indent))
        indent = host_exact_str(indent) if isinstance(indent, str) else width
        realm.meter.charge_bytes((nodes + 1) * width * 4)
    if separators is not None:
        first, second = separators
        if not (isinstance(first, str) and isinstance(second, str)):
            raise TypeError("separators must be two strings")
        separators = (host_exact_str(first), host_exact_str(second))
        realm.meter.charge_bytes((nodes + 1) * (len(separators[0]) + len(separators[1])))
    charge_walk(realm, plain)
    return json.dumps(
        plain, ensure_ascii=bool(ensure_ascii), allow_nan=bool(allow_nan), indent=indent,
        separators=separators, sort_keys=bool(sort_keys),
    )  # fmt: skip


@tamed_in(_JSON_TAMED)
def _dump(realm: Realm, obj: Any, fp: Any, **kwargs: Any) -> None:
    callable_for_c(realm, read(realm, fp, "write"))(_dumps(realm, obj, **kwargs))


@tamed_in(_JSON_TAMED)
def _loads(
    realm: Realm, s: Any, *, cls: Any = None, object_hook: Any = None, parse_float: Any = None,
    parse_int: Any = None, parse_constant: Any = None, object_pairs_hook: Any = None,
) -> Any:  # fmt: skip
    if cls is not None:
        raise TypeError("json.loads: cls is not supported here; pass object_hook=")
    kind = type(s)
    if issubclass(kind, str):
        text: Any = host_exact_str(s)
    elif issubclass(kind, (bytes, bytearray)):
        text = bytes(memoryview(s))
    else:
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {host_name(kind)}")
    realm.meter.charge_bytes(len(text) * 8)
    hooks = {
        name: callable_for_c(realm, hook)
        for name, hook in (
            ("object_hook", object_hook),
            ("parse_float", parse_float),
            ("parse_int", parse_int),
            ("parse_constant", parse_constant),
            ("object_pairs_hook", object_pairs_hook),
        )
        if hook is not None
    }
    problem: tuple[Any, ...]
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        # The real class is the host's and takes attributes; the guest gets one of its own.
        problem = (error.msg, error.doc, error.pos, error.lineno, error.colno)
    msg, doc, pos, line, column = problem
    made = _decode_error(realm)(f"{msg}: line {line} column {column} (char {pos})")
    made.__dict__.update(msg=msg, doc=doc, pos=pos, lineno=line, colno=column)
    raise made


@tamed_in(_JSON_TAMED)
def _load(realm: Realm, fp: Any, **kwargs: Any) -> Any:
    return _loads(realm, callable_for_c(realm, read(realm, fp, "read"))(), **kwargs)


def _decode_error(realm: Realm) -> Any:
    module = realm.keep.get("json")
    if module is None:
        module = new_class(realm, type, "JSONDecodeError", (ValueError,), {"__module__": "json"})
        realm.keep["json"] = module
    return module


MODULES["json"] = ModuleRow(
    why="text to exact data and back; hooks are the guest's own and take steps",
    tame=_JSON_TAMED,
    make={"JSONDecodeError": _decode_error},
)
