"""`_json`: the C scanner and encoder of `json`, over values and hooks of the guest's own."""

from __future__ import annotations

import _json
import sys
from json import JSONDecodeError
from types import MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.call import callable_for_c
from guards.host import host_exact_str, host_method_func, host_name
from guards.modules.table import MODULES, ModuleRow, index_of, tamed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}
_CONTEXT: Final = (
    "strict", "object_hook", "object_pairs_hook", "parse_float", "parse_int", "parse_constant",
    *(("array_hook",) if sys.version_info >= (3, 15) else ()),
)  # fmt: skip


def _text(realm: Realm, text: Any, what: str) -> str:
    if not issubclass(type(text), str):
        raise TypeError(f"{what} must be a string, not {host_name(type(text))}")
    return host_exact_str(text)


def _decoding(realm: Realm, run: Callable[[], Any]) -> Any:
    """Run C code that raises the host's JSONDecodeError; the guest gets that of its own `json`."""
    try:
        return run()
    except JSONDecodeError as error:
        parts = error.msg, error.doc, error.pos
    decoder = realm.importer("json.decoder", 0, "", True)
    raise callable_for_c(realm, read(realm, decoder, "JSONDecodeError"))(*parts)


@tamed_in(_TAMED)
def _scanstring(realm: Realm, string: Any, end: Any, strict: Any = True, /) -> Any:
    text, at = _text(realm, string, "first argument"), index_of(end)
    realm.meter.charge_bytes(max(0, len(text) - max(0, at)))
    return _decoding(realm, lambda: _json.scanstring(text, at, bool(strict)))


def _encoded(name: str) -> Callable[..., Any]:
    function = getattr(_json, name)

    def tamed(realm: Realm, text: Any, /) -> str:
        exact = _text(realm, text, "first argument")
        realm.meter.charge_bytes(len(exact) * 2)
        result: str = function(exact)
        return result

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


_TAMED["encode_basestring"] = _encoded("encode_basestring")
_TAMED["encode_basestring_ascii"] = _encoded("encode_basestring_ascii")
_RAW: Final = {_TAMED[n]: getattr(_json, n) for n in ("encode_basestring", "encode_basestring_ascii")}


def _scan(state: Any, string: Any, at: Any) -> Any:
    realm, scanner = state
    text, start = _text(realm, string, "first argument"), index_of(at)
    left = max(0, len(text) - max(0, start))
    realm.meter.charge_bytes(left * 8)
    realm.meter.charge(left >> 3)
    return _decoding(realm, lambda: scanner(text, start))


@tamed_in(_TAMED)
def _make_scanner(realm: Realm, context: Any, /) -> Any:
    found: dict[str, Any] = {}
    for name in _CONTEXT:
        value = read(realm, context, name)
        if name == "strict":
            value = bool(value)
        elif value is not None and value is not float and value is not int:
            value = callable_for_c(realm, value)
        found[name] = value
    make: Any = _json.make_scanner
    scanner = make(SimpleNamespace(**found))
    return MethodType(_scan, (realm, scanner))


_ATOMS: Final = frozenset({str, int, float, bool, type(None)})
#: Deeper than this the library's own Python encodes, which counts depth and finds circles.
_DEEPEST: Final = 100


def _size_as_text(realm: Realm, obj: Any, around: int) -> int | None:
    """An upper bound of the length of what C would make of `obj`, by every path; None unless all of it
    is of exact builtin types, so that C runs nothing of the guest's (pit 7).

    around: the length of the separators of one element.
    """
    total = 0
    todo: list[tuple[Any, int]] = [(obj, 0)]
    while todo:
        node, depth = todo.pop()
        kind = type(node)
        if kind is str:
            total += _quoted(node)
        elif kind in (list, tuple, dict):
            if depth >= _DEEPEST:
                return None
            realm.meter.charge(1 + len(node))
            total += len(node) * around
            if kind is dict:
                for key, value in node.items():
                    if type(key) not in _ATOMS:
                        return None
                    total += _quoted(key) if type(key) is str else _digits(key)
                    todo.append((value, depth + 1))
            else:
                todo.extend([(value, depth + 1) for value in node])
        elif kind in _ATOMS:
            total += _digits(node)
        else:
            return None
    return total


def _quoted(text: str) -> int:
    return (2 if text.isascii() else 6) * len(text) + 2


def _digits(number: Any) -> int:
    return (number.bit_length() >> 1) + 8 if type(number) is int else 32


def _float_text(allow_nan: bool, number: Any, /) -> str:
    """What `json.encoder` writes for a float."""
    exact = float.__float__(number)
    if exact - exact == 0.0:
        return float.__repr__(exact)
    if not allow_nan:
        raise ValueError(f"Out of range float values are not JSON compliant: {exact!r}")
    return "NaN" if exact != exact else "Infinity" if exact > 0 else "-Infinity"


def _iterencode(state: Any, obj: Any, level: Any, /) -> Any:
    realm, arguments, raw = state
    _, _, _, indent, key_separator, item_separator, _, _, _ = arguments
    if raw is not None and indent is None:
        size = _size_as_text(realm, obj, len(key_separator) + len(item_separator) + 2)
        if size is not None:
            realm.meter.charge_bytes(size)
            make_c: Any = _json.make_encoder
            return make_c(*arguments[:2], raw, *arguments[3:])(obj, index_of(level))
    markers, default, encoder, indent, key, item, sort_keys, skipkeys, allow_nan = arguments
    make = read(realm, realm.importer("json.encoder", 0, "", True), "_make_iterencode")
    encode = callable_for_c(realm, make)(
        markers, default, encoder, indent, MethodType(_float_text, allow_nan), key, item, sort_keys,
        skipkeys, True,
    )  # fmt: skip
    return encode(obj, level)


@tamed_in(_TAMED)
def _make_encoder(
    realm: Realm, markers: Any, default: Any, encoder: Any, indent: Any, key_separator: Any,
    item_separator: Any, sort_keys: Any, skipkeys: Any, allow_nan: Any, /,
) -> Any:  # fmt: skip
    """C encodes what is all of exact builtin types; for the rest there is the library's own Python."""
    if markers is not None and type(markers) is not dict:
        raise TypeError(
            "make_encoder() argument 1 must be dict or None, not " + host_name(type(markers))
        )
    raw = _RAW.get(host_method_func(encoder)) if type(encoder) is MethodType else None
    arguments = (
        markers,
        default,
        encoder,
        indent,
        _text(realm, key_separator, "key_separator"),
        _text(realm, item_separator, "item_separator"),
        bool(sort_keys),
        bool(skipkeys),
        bool(allow_nan),
    )
    return MethodType(_iterencode, (realm, arguments, raw))


MODULES["_json"] = ModuleRow(
    why="text to exact data and back; hooks are the guest's own and take steps",
    tame=_TAMED,
)
