"""Turning values into text: `str.format`, f-strings, `format`, `repr`, `str`, `%`.

Stops: fields that walk by attribute (`"{0.__globals__}".format`: CVE-2016-10745, CVE-2023-41039,
CVE-2024-56326), and widths that fill memory. Fields are parsed by Python's own parser; every
attribute and item in them goes through the guards.
"""

from __future__ import annotations

import _string  # type: ignore[import-not-found]  # C, and without stubs
from decimal import Decimal
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.base import Guard, gone
from guards.charge import charge_digits, charge_format_spec, charge_text
from guards.dates import MOMENTS, named_zone
from guards.host import host_exact_str, host_method_func, host_method_self, host_name

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["Format", "Join", "format_map_text", "format_text", "formatted", "given_text", "text_of"]

_formatter_parser = _string.formatter_parser
_field_name_split = _string.formatter_field_name_split


def given_text(realm: Realm, obj: Any, convert: Any) -> str:
    """`str(obj)`, `repr(obj)` or `ascii(obj)`, charged: it may be of a subclass of the guest's."""
    charge_text(realm, obj)
    if type(obj) is MethodType and host_method_self(obj) is realm:
        return f"<built-in function {host_method_func(obj).__name__}>"
    text: str = convert(obj)
    return text


def text_of(realm: Realm, obj: Any, convert: Any = str) -> str:
    """The exact text of an object, charged."""
    text = given_text(realm, obj, convert)
    return text if type(text) is str else host_exact_str(text)


def formatted(realm: Realm, obj: Any, conversion: str | None, spec: Any) -> str:
    """What `format` gives; a `__format__` of the guest's may give a text of the guest's own class."""
    if conversion == "r":
        obj = text_of(realm, obj, repr)
    elif conversion == "s":
        obj = text_of(realm, obj, str)
    elif conversion == "a":
        obj = text_of(realm, obj, ascii)
    elif conversion is not None:
        raise ValueError(f"Unknown conversion specifier {conversion!r}")
    if type(spec) is not str:
        if not isinstance(spec, str):
            raise TypeError(f"format() argument 2 must be str, not {host_name(type(spec))}")
        spec = host_exact_str(spec)
    if spec:
        charge_format_spec(realm, spec)
    charge_text(realm, obj)
    if spec and issubclass(type(obj), Decimal):
        charge_digits(realm, obj)
    if spec and issubclass(type(obj), MOMENTS):
        obj = named_zone(realm, obj, spec)
    result: str = format(obj, spec)
    return result


def exact_text(realm: Realm, obj: Any, conversion: str | None, spec: Any) -> str:
    """What stands in the place of one field. A text of the guest's own class would lie about its length
    to what pays for the whole, and be asked for its own `__format__` once more."""
    text = formatted(realm, obj, conversion, spec)
    return text if type(text) is str else host_exact_str(text)


def format_text(realm: Realm, template: Any, /, *args: Any, **kwargs: Any) -> str:
    """`template.format(*args, **kwargs)`."""
    return _vformat(realm, _exact(template), args, kwargs)


def format_map_text(realm: Realm, template: Any, mapping: Any, /) -> str:
    """`template.format_map(mapping)`."""
    return _vformat(realm, _exact(template), None, mapping)


def _exact(template: Any) -> str:
    if not isinstance(template, str):
        raise TypeError(
            f"descriptor 'format' for 'str' objects doesn't apply to a "
            f"{host_name(type(template))!r} object"
        )
    return host_exact_str(template)


class _Numbering:
    """Fields are numbered by hand or by themselves, never both."""

    __slots__ = ("auto", "manual")

    def __init__(self) -> None:
        self.auto = 0
        self.manual = False

    def key(self, first: Any) -> Any:
        if first == "":
            if self.manual:
                raise ValueError(
                    "cannot switch from manual field specification to automatic field numbering"
                )
            self.auto += 1
            return self.auto - 1
        if isinstance(first, int):
            if self.auto:
                raise ValueError(
                    "cannot switch from automatic field numbering to manual field specification"
                )
            self.manual = True
        return first


def _vformat(
    realm: Realm,
    template: str,
    args: Any,
    kwargs: Any,
    depth: int = 2,
    numbering: _Numbering | None = None,
) -> str:
    if depth <= 0:
        raise ValueError("Max string recursion exceeded")
    if numbering is None:
        numbering = _Numbering()
    realm.meter.charge_bytes(len(template))
    parts: list[str] = []
    total = 0
    for literal, field, spec, conversion in _formatter_parser(template):
        if literal:
            parts.append(literal)
        if field is None:
            continue
        realm.meter.charge(1)
        first, rest = _field_name_split(field)
        key = numbering.key(first)
        if args is None:
            if isinstance(key, int) and first == "":
                raise ValueError("Format string contains positional fields")
            obj = kwargs[str(first)] if isinstance(first, int) else kwargs[first]
        elif isinstance(key, int):
            if key >= len(args):
                raise IndexError(f"Replacement index {key} out of range for positional args tuple")
            obj = args[key]
        else:
            obj = kwargs[key]
        for is_attribute, name in rest:
            if is_attribute:
                obj = read(realm, obj, name)
            else:
                obj = obj[name]
        if spec and "{" in spec:  # what has no field is no level
            spec = _vformat(realm, spec, args, kwargs, depth - 1, numbering)
        text = exact_text(realm, obj, conversion, spec or "")
        total += len(text)
        realm.meter.charge_bytes(total)
        parts.append(text)
    return "".join(parts)


class Join(Guard):
    """An f-string of several fields is joined here, its size paid for first."""

    key = "cap:join"
    __slots__ = ()

    def run(self, *parts: str) -> str:
        (self.ref() or gone()).meter.charge_bytes(sum(map(len, parts)))
        return "".join(parts)


_SHORT: Final = 1 << 500


class Format(Guard):
    """f'{x!r:>{n}}' becomes f'{`cap:format`(x, "r", f">{...}")}'."""

    key = "cap:format"
    __slots__ = ()

    def run(self, obj: Any, conversion: str | None = None, spec: str = "") -> str:
        if not spec and conversion is None:
            kind = type(obj)
            if kind is str:
                return obj  # type: ignore[no-any-return]
            if kind is int and -_SHORT < obj < _SHORT:
                return str(obj)
        return exact_text((self.ref() or gone()), obj, conversion, spec)
