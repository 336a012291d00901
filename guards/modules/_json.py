"""`_json`: the C scanner and encoder of `json`, over values and hooks of the guest's own."""

from __future__ import annotations

import _json
from json import JSONDecodeError
from types import MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.call import callable_for_c
from guards.charge import charge_walk
from guards.host import host_exact_str, host_method_func, host_name
from guards.modules.table import MODULES, ModuleRow, index_of, tamed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__: list[str] = []

_TAMED: dict[str, Callable[..., Any]] = {}
_CONTEXT: Final = (
    "strict", "object_hook", "object_pairs_hook", "parse_float", "parse_int", "parse_constant",
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
    realm.meter.charge_bytes(max(0, len(text) - max(0, start)) * 8)
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


def _iterencode(state: Any, obj: Any, level: Any) -> Any:
    realm, encoder = state
    charge_walk(realm, obj)
    chunks = encoder(obj, index_of(level))
    realm.meter.charge_bytes(sum(map(len, chunks)))
    return chunks


@tamed_in(_TAMED)
def _make_encoder(
    realm: Realm, markers: Any, default: Any, encoder: Any, indent: Any, key_separator: Any,
    item_separator: Any, sort_keys: Any, skipkeys: Any, allow_nan: Any, /,
) -> Any:  # fmt: skip
    if markers is not None and type(markers) is not dict:
        raise TypeError("make_encoder() argument 1 must be dict or None")
    raw = _RAW.get(host_method_func(encoder)) if type(encoder) is MethodType else None
    if indent is not None and not issubclass(type(indent), (str, int)):
        raise TypeError("indent must be None, a string or a number")
    made = _json.make_encoder(
        markers,
        callable_for_c(realm, default),
        raw or callable_for_c(realm, encoder),
        indent,
        _text(realm, key_separator, "key_separator"),
        _text(realm, item_separator, "item_separator"),
        bool(sort_keys),
        bool(skipkeys),
        bool(allow_nan),
    )
    return MethodType(_iterencode, (realm, made))


MODULES["_json"] = ModuleRow(
    why="text to exact data and back; hooks are the guest's own and take steps",
    tame=_TAMED,
)
