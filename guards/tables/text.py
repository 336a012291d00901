"""U: str, bytes, bytearray and memoryview."""

from __future__ import annotations

import operator
from encodings.aliases import aliases
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.call import CONSTRUCTORS, callable_for_c
from guards.charge import allocatable, charge_add, charge_mod, charge_views, feed, size_of
from guards.convert import steady
from guards.format import format_map_text, format_text
from guards.host import host_exact_str, host_iterable, host_name
from guards.tables.rows import find
from guards.tamed import charge_item, charged, enter
from guards.templates import TEMPLATES, Template

if TYPE_CHECKING:
    from guards.realm import Realm

#: Codecs that are C or a plain table. Others are Python code of the host's (`idna`, `punycode`,
#: `zip`, ...), or belong to whoever registered them (pits 10, 23 and 25).
_OF_C: Final = """
    utf_7 utf_8 utf_8_sig utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be ascii latin_1
    unicode_escape raw_unicode_escape
""".split()
_TABLES: Final = """
    cp037 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
    cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862
    cp863 cp864 cp865 cp866 cp869 cp874 cp875 hp_roman8 iso8859_1 iso8859_10 iso8859_11 iso8859_13
    iso8859_14 iso8859_15 iso8859_16 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7
    iso8859_8 iso8859_9 koi8_r koi8_t koi8_u kz1048 mac_croatian mac_cyrillic mac_farsi mac_greek
    mac_iceland mac_latin2 mac_roman mac_romanian mac_turkish palmos ptcp154 tis_620
""".split()
CODECS: Final = frozenset(
    [*_OF_C, *_TABLES, *(n for n, codec in aliases.items() if codec in {*_OF_C, *_TABLES})]
)
_ERRORS: Final = frozenset(
    "strict ignore replace backslashreplace xmlcharrefreplace namereplace surrogateescape "
    "surrogatepass".split()
)


def check_codec(name: Any) -> None:
    """Refuse a codec that is not one of `CODECS`."""
    if not isinstance(name, str):
        return  # the codec machinery raises its own TypeError
    if type(name) is str and name in CODECS:
        return
    exact = host_exact_str(name).lower().replace("-", "_").replace(" ", "_")
    if exact not in CODECS:
        raise LookupError(f"unknown encoding: {host_exact_str(name)[:60]}")


def _codec(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    if not args and not kwargs:
        realm.meter.charge_bytes((size_of(text) or 0) * 4)
        return args
    check_codec(args[0] if args else kwargs.get("encoding", "utf-8"))
    errors = args[1] if len(args) > 1 else kwargs.get("errors", "strict")
    if isinstance(errors, str) and host_exact_str(errors) not in _ERRORS:
        raise LookupError(f"unknown error handler name {host_exact_str(errors)[:60]!r}")
    # namereplace writes up to 90 characters for one
    realm.meter.charge_bytes((size_of(text) or 0) * (4 if errors == "strict" else 90))
    return args


def _copy(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes((size_of(text) or 0) * 3)
    return args


def _operands(realm: Realm, first: Any, args: Any, kwargs: Any) -> Any:
    for a in (first, *args):
        realm.meter.charge(size_of(a) or 0)
    return args


def _search(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge((size_of(text) or 0) >> 8)
    return args


def _search_back(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    # From the right, C code may look at the whole of what it seeks at each place.
    size, sought = size_of(text) or 0, (size_of(args[0]) or 0) if args else 0
    realm.meter.charge((size >> 8) + (size * sought >> 9 if sought > 16 else 0))
    return args


def _strip(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    size, sought = size_of(text) or 0, (size_of(args[0]) or 0) if args else 0
    realm.meter.charge(size * sought >> 9 if sought > 16 else 0)
    return _copy(realm, text, args, kwargs)


def _starts(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    if args and issubclass(type(args[0]), tuple):
        tried = list(tuple.__iter__(args[0]))
        realm.meter.charge(len(tried) >> 4)
        size = size_of(text) or 0
        realm.meter.charge(sum(min(size, size_of(x) or 0) for x in tried) >> 12)
    elif args:
        realm.meter.charge(min(size_of(text) or 0, size_of(args[0]) or 0) >> 12)
    return args


def _parts(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    # Each part is an object of some 50 bytes beside its characters.
    realm.meter.charge_bytes((size_of(text) or 0) * 8)
    return args


_TEXT: Final = frozenset({str})


def _join(realm: Realm, separator: Any, args: Any, kwargs: Any) -> Any:
    if len(args) != 1:
        return args
    parts = args[0]
    if type(parts) not in (list, tuple):
        parts = list(feed(realm, parts))
    else:
        realm.meter.charge(len(parts))
        if type(separator) is str and {*map(type, parts)} <= _TEXT:
            realm.meter.charge_bytes(len(separator) * len(parts) + sum(map(len, parts)))
            return args
    total = (size_of(separator) or 0) * len(parts)
    total += sum(size_of(part) or 0 for part in list(parts))
    realm.meter.charge_bytes(total)
    return (parts,)


def _replace(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    if len(args) >= 2 and size_of(args[0]) is not None and size_of(args[1]) is not None:
        old, new = size_of(args[0]) or 0, size_of(args[1]) or 0
        size = size_of(text) or 0
        realm.meter.charge(size >> 8)
        growth = new - old
        if growth > 0:
            count = size + 1
            if old:
                kind = str if issubclass(type(text), str) else type(text)
                count = kind.count(text, args[0]) if issubclass(type(args[0]), (str, bytes)) else size
            limit = args[2] if len(args) > 2 else kwargs.get("count", -1)
            if type(limit) is int and limit >= 0:
                count = min(count, limit)
            size += count * growth
        realm.meter.charge_bytes(size)
    return args


def _width(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    if args:
        width = operator.index(args[0])
        realm.meter.charge_bytes(allocatable(max(0, width)))
        return (width, *args[1:])
    return args


def _expandtabs(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    size = args[0] if args else kwargs.get("tabsize", 8)
    if issubclass(type(size), int):
        realm.meter.charge_bytes((size_of(text) or 0) * max(1, int.__index__(size)))
    return args


def _translate(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge(size_of(text) or 0)
    if len(args) == 1 and type(args[0]) in (dict, list, tuple) and issubclass(type(text), str):
        values = args[0].values() if type(args[0]) is dict else args[0]
        realm.meter.charge(len(args[0]))
        longest = max((size_of(v) or 0 for v in values), default=1)
        realm.meter.charge_bytes((size_of(text) or 0) * max(1, longest))
    elif len(args) == 1 and issubclass(type(text), str) and type(args[0]) is not str:
        # A table with a `__getitem__` of the guest's own: asked once for each character, and the
        # answers kept, so that what it gives can be sized before the text is made.
        answers: dict[int, Any] = {}
        for c in set(host_exact_str(text)):
            try:
                answers[ord(c)] = args[0][ord(c)]
            except LookupError:
                continue
        return _translate(realm, text, (answers,), kwargs) and (answers,)
    return args


def _unmoved(cost: Any) -> Any:
    """`cost` for a method of bytes that may move: C code asks its arguments what they are once it has
    looked where the bytes are, and goes on there although they are gone."""

    def priced(realm: Realm, data: Any, args: Any, kwargs: Any) -> Any:
        for name in kwargs:
            kwargs[name] = steady(realm, kwargs[name])
        return cost(realm, data, tuple([steady(realm, a) for a in args]), kwargs)

    return priced


def _hex(realm: Realm, data: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes((size_of(data) or 0) * 3)
    return args


def _from_hex(realm: Realm, cls: Any, args: Any, kwargs: Any) -> Any:
    for a in args:
        realm.meter.charge_bytes(size_of(a) or 0)
    return args


def _extend(realm: Realm, data: Any, args: Any, kwargs: Any) -> Any:
    # What cannot be iterated is left to C code, which says what cannot be done with it.
    # Bytes are paid for by what the whole grows by.
    return tuple(
        feed(realm, a) if host_iterable(type(a)) and not issubclass(type(a), _BYTES) else a for a in args
    )


_BYTES: Final = (bytes, bytearray, memoryview)


def _memory(realm: Realm, view: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes(view.nbytes * 8)
    return args


def _reverse(realm: Realm, data: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge((size_of(data) or 0) >> 10)
    return args


#: Which characters a method makes of those of a text is looked up one by one, in some 10 ns each, but
#: for the three that have a way of their own for ASCII.
def _cased(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    size = size_of(text) or 0
    realm.meter.charge(size >> (6 if issubclass(type(text), _BYTES) else 3))
    return _copy(realm, text, args, kwargs)


def _cased_at_once(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    if issubclass(type(text), str) and not str.isascii(text):
        return _cased(realm, text, args, kwargs)
    return _copy(realm, text, args, kwargs)


def _each(realm: Realm, text: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge((size_of(text) or 0) >> 5)  # 1 to 2 ns for each character
    return args


_COPIES: dict[str, Any] = {
    **dict.fromkeys("removeprefix removesuffix partition".split(), _copy),
    **dict.fromkeys("capitalize swapcase title".split(), _cased),
    **dict.fromkeys("casefold lower upper".split(), _cased_at_once),
}
_COMMON: dict[str, Any] = {
    **_COPIES,
    "maketrans": _operands,
    **dict.fromkeys(
        """isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable
        isspace istitle isupper""".split(),
        _each,
    ),
    **dict.fromkeys("count find index __contains__".split(), _search),
    **dict.fromkeys("rfind rindex".split(), _search_back),
    "rpartition": lambda realm, a, args, kwargs: _copy(realm, a, _search_back(realm, a, args, {}), {}),
    "rsplit": lambda realm, a, args, kwargs: _parts(realm, a, _search_back(realm, a, args, {}), {}),
    **dict.fromkeys("strip lstrip rstrip".split(), _strip),
    **dict.fromkeys("startswith endswith".split(), _starts),
    **dict.fromkeys("split splitlines".split(), _parts),
    **dict.fromkeys("center ljust rjust zfill".split(), _width),
    "join": _join,
    "replace": _replace,
    "expandtabs": _expandtabs,
    "translate": _translate,
    "__add__": lambda realm, a, args, kwargs: _concatenate(realm, a, args),
    "__getitem__": lambda realm, a, args, kwargs: _item(realm, a, args),
}


def _concatenate(realm: Realm, a: Any, args: Any) -> Any:
    for b in args:
        charge_add(realm, a, b)
    return args


def _item(realm: Realm, a: Any, args: Any) -> Any:
    for key in args:
        charge_item(realm, a, key)
    return args


#: Codecs that are Python code, which runs as the guest's own.
_PYTHON_CODECS: Final = {"punycode": "encodings.punycode", "idna": "encodings.idna"}


def _registered(realm: Realm, encoding: str) -> Any:
    """What the program itself registered under the name of a codec that is not known otherwise."""
    try:
        check_codec(encoding)
    except LookupError:
        found = callable_for_c(realm, read(realm, realm.modules["_codecs"], "_registered"))(encoding)
        return tuple(tuple.__iter__(found)) if issubclass(type(found), tuple) else None
    return None


def by_guests_codec(realm: Realm, kind: type, name: str, args: Any, kwargs: Any) -> Any:
    """What `str(data, encoding)` and `bytes(text, encoding)` make by a codec that the program itself
    registered, in a tuple, the keywords used up; None where the codec is one of C code's.

    Raises LookupError for a codec that is not one of `CODECS` and that nobody registered.
    """
    encoding = args[1] if len(args) > 1 else kwargs.get("encoding", "utf-8")
    if len(args) + len(kwargs) > 3 or not isinstance(encoding, str):
        return None  # C code says what is wrong
    exact = host_exact_str(encoding)
    if "_codecs" not in realm.modules or _registered(realm, exact) is None:
        check_codec(encoding)
        return None
    errors = args[2] if len(args) > 2 else kwargs.get("errors", "strict")
    kwargs.clear()
    return (find(kind, name).tamed(realm, args[0], exact, errors),)


def _coded(kind: type, name: str) -> Any:
    plain = charged(kind, name, _codec)

    def tamed(realm: Realm, text: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs:
            return plain(realm, text)
        encoding = args[0] if args else kwargs.get("encoding", "")
        found = _PYTHON_CODECS.get(encoding) if type(encoding) is str else None
        own = None
        if found is None and type(encoding) is str and "_codecs" in realm.modules:
            own = _registered(realm, encoding)
        if (found is None and own is None) or not issubclass(type(text), kind):
            return plain(realm, text, *args, **kwargs)
        errors = args[1] if len(args) > 1 else kwargs.get("errors", "strict")
        exact = str.__str__(text) if kind is str else bytes(memoryview(text))
        if own is None:
            codec = callable_for_c(
                realm, read(realm, realm.importer(str(found), 0, "", True), "Codec")
            )()
            convert = read(realm, codec, name)
        else:
            convert = own[0 if name == "encode" else 1]
        made = callable_for_c(realm, convert)(exact, errors)[0]
        if type(made) is not (bytes if kind is str else str):
            raise TypeError(f"{encoding!r} {name} returned {host_name(type(made))!r}")
        return made

    tamed.__name__, tamed.__qualname__ = name, f"{host_name(kind)}.{name}"
    return tamed


enter(
    str,
    cost=_COMMON,
    tame={"encode": _coded(str, "encode"), "format": format_text, "format_map": format_map_text},
    subclass=True,
)
enter(
    bytes,
    tame={"decode": _coded(bytes, "decode")},
    cost={**_COMMON, "hex": _hex, "fromhex": _from_hex},
    subclass=True,
)


def _formatted(realm: Realm, data: Any, values: Any, /) -> Any:
    if not issubclass(type(data), bytearray):
        raise TypeError("descriptor '__mod__' requires a 'bytearray' object")
    charge_mod(realm, data, values)
    return bytearray.__mod__(bytearray(memoryview(data)), values)  # see `unmoved`


def _formatted_by(realm: Realm, values: Any, data: Any, /) -> Any:
    return _formatted(realm, data, values) if issubclass(type(data), bytearray) else NotImplemented


enter(
    bytearray,
    "append clear pop __alloc__",
    cost={
        **_COMMON,
        **{n: _unmoved(_COMMON[n]) for n in "count find index rfind rindex __contains__".split()},
        "take_bytes": _copy,  # of 3.15
        "hex": _unmoved(_hex),
        "fromhex": _from_hex,
        "extend": _extend,
        "copy": _copy,
        "insert": _copy,
        "remove": _copy,
        "resize": _width,
        "reverse": _reverse,
    },
    tame={
        "decode": _coded(bytearray, "decode"),
        "__iadd__": charged(bytearray, "__iadd__", _extend),
        "__mod__": _formatted,
        "__rmod__": _formatted_by,
    },
    deny="__setitem__ __delitem__",
    subclass=True,
)


def _compared(realm: Realm, view: Any, args: Any, kwargs: Any) -> Any:
    if args:
        charge_views(realm, view, args[0])
    return args


enter(
    memoryview,
    "c_contiguous contiguous f_contiguous format itemsize nbytes ndim readonly release shape "
    "strides suboffsets toreadonly cast __enter__ __exit__",
    cost={"tobytes": _memory, "tolist": _memory, "hex": _unmoved(_memory), "count": _memory,
          "index": _memory, "__eq__": _compared, "__ne__": _compared},
    deny="obj _from_flags",
)  # fmt: skip


def _joined(realm: Realm, template: Any, args: Any, kwargs: Any) -> Any:
    for a in args:
        charge_add(realm, template, a)
    return args


def _template(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    realm.meter.charge(len(args))
    realm.meter.charge_bytes(sum((size_of(a) or 0) * 4 for a in args if issubclass(type(a), str)))
    return tuple(host_exact_str(a) if issubclass(type(a), str) else a for a in args)


if Template is not None:
    # Template strings of 3.14: what is in them is of U, and nothing of them can be changed.
    CONSTRUCTORS[Template] = _template
    enter(Template, "strings interpolations values", cost={"__add__": _joined}, container=True)
    enter(TEMPLATES[1], "value expression conversion format_spec __match_args__", container=True)
    enter(type(iter(Template())))
