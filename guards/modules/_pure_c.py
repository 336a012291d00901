"""C modules whose functions take text, bytes and numbers and give the same: `binascii`, `unicodedata`,
`_struct`, `cmath`, `zlib`, hashes, `_csv`, `_random`, `_bisect` and `_heapq`.

Each function pays by the sizes of its arguments; those that make more than they take are bounded
before they act.
"""

from __future__ import annotations

import binascii
import cmath
import hashlib
import importlib
import struct
import sys
import unicodedata
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from guards.call import CONSTRUCTORS, MADE_EMPTY, callable_for_c
from guards.charge import charge_walk, feed, size_of
from guards.harden import harden
from guards.host import host_exact_str, host_lookup, host_name
from guards.modules.table import MODULES, ModuleRow, index_of
from guards.named import NAMES, priced
from guards.store import charge_key
from guards.tables.rows import TABLE
from guards.tamed import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from guards.realm import Realm

__all__: list[str] = []


def _sealed_class(kind: type) -> type:
    """An exception class of a C module, which takes attributes until it is hardened."""
    if not harden(kind):
        raise ImportError(f"guards: {host_name(kind)} could not be made immutable")
    if kind not in TABLE:
        enter(kind, deny="__weakref__ __dict__", subclass=True)
    return kind


def _sized(function: Any, factor: int = 4) -> Callable[..., Any]:
    """A function that makes at most `factor` bytes for each element that it is given."""

    def tamed(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
        total = sum(size_of(a) or 0 for a in (*args, *kwargs.values()))
        realm.meter.charge_bytes(total * factor)
        return function(*args, **kwargs)

    tamed.__name__ = tamed.__qualname__ = function.__name__
    return tamed


#: Alphabets by their names, from 3.15 on.
_ALPHABETS: Final[dict[str, bytes]] = {
    n: v for n, v in vars(binascii).items() if n.endswith("_ALPHABET") and type(v) is bytes
}
_TEXTS: Final = {text: text for text in _ALPHABETS.values()}


def _decoding(name: str) -> Callable[..., Any]:
    """A function that reads text in an alphabet, which must be one of the module's own.

    C code keeps what it makes of each in a dictionary of the whole process, under the object that it
    was handed: a guest's class of bytes would be compared there in the turns of others, with what they
    hand in, and nothing is ever taken out.
    """
    sized = _sized(getattr(binascii, name))

    def tamed(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
        if "alphabet" in kwargs:
            asked = kwargs["alphabet"]
            known = _TEXTS.get(asked) if type(asked) is bytes else None
            if known is None:
                raise PermissionError(
                    f"binascii.{name} reads the alphabets of binascii only: Python would keep any other "
                    "for the whole process; bytes.translate the text into one of those first"
                )
            kwargs["alphabet"] = known
        return sized(realm, *args, **kwargs)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


def _there(names: str) -> list[str]:
    return [n for n in names.split() if hasattr(binascii, n)]


MODULES["binascii"] = ModuleRow(
    why="bytes to text and back",
    safe={
        "Error": _sealed_class(binascii.Error),
        "Incomplete": _sealed_class(binascii.Incomplete),
        **_ALPHABETS,
    },
    tame={
        n: _sized(getattr(binascii, n))
        for n in _there(
            """a2b_ascii85 a2b_hex a2b_qp a2b_uu b2a_ascii85 b2a_base32 b2a_base64 b2a_base85 b2a_hex
            b2a_qp b2a_uu crc32 crc_hqx hexlify unhexlify"""
        )
    }
    | {n: _decoding(n) for n in _there("a2b_base32 a2b_base64 a2b_base85")},
)

# unicodedata


def _normalize(realm: Realm, form: Any, text: Any, /) -> str:
    if type(form) is not str or not issubclass(type(text), str):
        raise TypeError("normalize() arguments must be str")
    exact = host_exact_str(text)
    # Long runs of combining marks are sorted by insertion: quadratic in the longest run.
    run = longest = 0
    if not exact.isascii():
        for c in exact:
            run = run + 1 if unicodedata.combining(c) else 0
            longest = max(longest, run)
    realm.meter.charge_bytes(len(exact) * 72)
    realm.meter.charge((len(exact) >> 2) + (longest * longest >> 5))
    normalize: Any = unicodedata.normalize
    return str(normalize(form, exact))


def _is_normalized(realm: Realm, form: Any, text: Any, /) -> bool:
    return bool(_normalize(realm, form, text) == text)


_UCD = type(unicodedata.ucd_3_2_0)
_CHARACTER = """
    bidirectional category combining decimal decomposition digit east_asian_width lookup mirrored
    name numeric
"""
enter(
    _UCD,
    _CHARACTER + " unidata_version",
    tame={"normalize": lambda realm, ucd, form, text, /: _normalize(realm, form, text)},
    deny="is_normalized",
)
MODULES["unicodedata"] = ModuleRow(
    why="facts about characters",
    safe={
        **{n: getattr(unicodedata, n) for n in (*_CHARACTER.split(), "unidata_version", "ucd_3_2_0")},
        "UCD": _UCD,
    },
    tame={"normalize": _normalize, "is_normalized": _is_normalized},
)

# struct


def _format_of(format: Any) -> Any:
    if issubclass(type(format), str):
        return host_exact_str(format)
    if issubclass(type(format), (bytes, bytearray)):
        return bytes(format)
    raise TypeError("Struct() argument 1 must be a str or bytes object, not " + host_name(type(format)))


def _calcsize(realm: Realm, format: Any, /) -> int:
    text = _format_of(format)
    realm.meter.charge_bytes(len(text))
    return struct.calcsize(text)


def _packed(name: str) -> Callable[..., Any]:
    function = getattr(struct, name)

    def tamed(realm: Realm, format: Any, /, *args: Any, **kwargs: Any) -> Any:
        text = _format_of(format)
        # Values weigh more than their bytes: `1000000x` makes nothing, `1000000b` a tuple.
        realm.meter.charge_bytes(struct.calcsize(text) * (1 if name == "pack" else 8) + len(text))
        return function(text, *args, **kwargs)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


def _struct_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if args:
        text = _format_of(args[0])
        realm.meter.charge_bytes(len(text) * 32)
        return (text, *args[1:])
    if "format" in kwargs:
        kwargs["format"] = _format_of(kwargs["format"])
    return args


def _by_size(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes(_struct_size(made) * 8)  # whatever a class of the guest's calls its size
    return args


def _at_place(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    # What is asked for its number while C code packs could fill the Struct that it packs by: more
    # values would be read than were handed in.
    if len(args) > 1 and host_lookup(type(args[1]), "__index__")[0] is not None:
        args = (args[0], index_of(args[1]), *args[2:])
    return _by_size(realm, made, args, kwargs)


def _empty_struct(kind: Any, *args: Any, **kwargs: Any) -> Any:
    """One without fields, which what asks for its format does not crash on (3.13)."""
    made = struct.Struct.__new__(kind, *(args or (kwargs.get("format", ""),)))
    if sys.version_info < (3, 14):
        struct.Struct.__init__(made, "")
    return made


def _struct_init(realm: Realm, made: Any, /, *args: Any, **kwargs: Any) -> None:
    """Once: its iterators, and packing while it asks a number what it is, go on with the codes and the
    size that they began with, and read and write what lies beyond where another format takes more."""
    if not issubclass(type(made), struct.Struct):
        raise TypeError("descriptor '__init__' requires a '_struct.Struct' object")
    args = priced(struct.Struct, partial(_struct_arguments, realm, type(made)), args, kwargs)
    # With what has no fields nobody goes on; what was never filled says no format (3.14).
    if _struct_size(made) >= 0 and _struct_format(made):
        if (*args, *kwargs.values()) == (_struct_format(made),):
            return
        raise TypeError("a Struct keeps its format: make another")
    struct.Struct.__init__(made, *args, **kwargs)


_struct_size: Final = struct.Struct.__dict__["size"].__get__
_struct_format: Final = struct.Struct.__dict__["format"].__get__
CONSTRUCTORS[struct.Struct] = _struct_arguments
MADE_EMPTY[struct.Struct] = _empty_struct
enter(
    struct.Struct,
    "format size",
    tame={"__init__": _struct_init},
    cost={
        **{n: _by_size for n in ("pack", "unpack", "unpack_from", "iter_unpack")},
        "pack_into": _at_place,
    },
    deny="__sizeof__",
    subclass=True,
)
enter(type(struct.iter_unpack("b", b"")))
MODULES["_struct"] = ModuleRow(
    why="numbers to bytes and back",
    safe={"Struct": struct.Struct, "error": _sealed_class(struct.error)},
    tame={
        "calcsize": _calcsize,
        "_clearcache": lambda realm: None,
        **{n: _packed(n) for n in ("pack", "pack_into", "unpack", "unpack_from", "iter_unpack")},
    },
)
MODULES["cmath"] = ModuleRow(
    why="C functions of numbers",
    safe={n: v for n, v in vars(cmath).items() if not n.startswith("_")},
)

# zlib


def _decompress(realm: Realm, data: Any, /, wbits: Any = 15, bufsize: Any = 16384) -> bytes:
    made = zlib.decompressobj(index_of(wbits))
    found = bytearray()
    if not issubclass(type(data), (bytes, bytearray, memoryview)):
        # `bytes` takes a number for a size, and an iterable for bytes.
        raise TypeError(f"a bytes-like object is required, not {host_name(type(data))!r}")
    rest = bytes(memoryview(data))
    while rest and not made.eof:
        # Drawn out piece by piece, so that a bomb is met by the budget and not by the allocator.
        found += made.decompress(rest, 1 << 16)
        rest = made.unconsumed_tail
        realm.meter.charge_bytes(len(found) * 2)
        realm.meter.charge(8)
    found += made.flush()
    if not made.eof:
        raise zlib.error("Error -5 while decompressing data: incomplete or truncated stream")
    return bytes(found)


_COMPRESS: Final[Any] = type(zlib.compressobj())
_DECOMPRESS: Final[Any] = type(zlib.decompressobj())


def _fed(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    size = size_of(args[0]) or 0 if args else 0
    realm.meter.charge_bytes(size * 2)
    realm.meter.charge(16 + (size >> 5))
    return args


def _inflate(realm: Realm, made: Any, data: Any, /, max_length: Any = 0) -> bytes:
    """Drawn out piece by piece, as above; what a limit leaves over stays with the object."""
    if type(made) is not _DECOMPRESS:
        raise TypeError("descriptor 'decompress' requires a 'zlib.Decompress' object")
    most = index_of(max_length)
    if most < 0:
        raise ValueError("max_length must be non-negative")
    realm.meter.charge((size_of(data) or 0) >> 5)
    found = bytearray()
    rest = data
    while True:
        piece = min(1 << 16, most - len(found)) if most else 1 << 16
        more = _DECOMPRESS.decompress(made, rest, piece)
        found += more
        rest = made.unconsumed_tail
        realm.meter.charge_bytes(len(found) * 2)
        realm.meter.charge(8)
        if made.eof or len(more) < piece or (most and len(found) >= most):
            return bytes(found)


def _inflate_rest(realm: Realm, made: Any, length: Any = 16384, /) -> bytes:
    if type(made) is not _DECOMPRESS:
        raise TypeError("descriptor 'flush' requires a 'zlib.Decompress' object")
    if index_of(length) <= 0:
        raise ValueError("length must be greater than zero")
    found = _inflate(realm, made, made.unconsumed_tail)
    return bytes(found + _DECOMPRESS.flush(made))


def _compressobj(
    realm: Realm, level: Any = -1, method: Any = zlib.DEFLATED, wbits: Any = zlib.MAX_WBITS,
    memLevel: Any = zlib.DEF_MEM_LEVEL, strategy: Any = zlib.Z_DEFAULT_STRATEGY, zdict: Any = None,
) -> Any:  # fmt: skip
    realm.meter.charge_bytes(1 << 18)  # what zlib keeps of its own
    make: Any = zlib.compressobj
    numbers = [index_of(n) for n in (level, method, wbits, memLevel, strategy)]
    return make(*numbers) if zdict is None else make(*numbers, zdict)


def _decompressobj(realm: Realm, wbits: Any = zlib.MAX_WBITS, zdict: Any = b"") -> Any:
    realm.meter.charge_bytes(1 << 16)
    if issubclass(type(zdict), (bytes, bytearray, memoryview)):
        zdict = bytes(memoryview(zdict))  # it is kept: nobody is to change it meanwhile
    return zlib.decompressobj(index_of(wbits), zdict)


def _copied(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes(1 << 18)
    realm.meter.charge(256)
    return args


for _kind in (_COMPRESS, _DECOMPRESS):
    if not harden(_kind):
        raise ImportError(f"guards: {host_name(_kind)} could not be made immutable")
enter(
    _COMPRESS,
    cost={
        "compress": _fed,
        "flush": _fed,
        **dict.fromkeys(("copy", "__copy__", "__deepcopy__"), _copied),
    },
    deny="__new__",
)
enter(
    _DECOMPRESS,
    "unused_data unconsumed_tail eof",
    cost=dict.fromkeys(("copy", "__copy__", "__deepcopy__"), _copied),
    tame={"decompress": _inflate, "flush": _inflate_rest},
    deny="__new__",
)


def _compress(realm: Realm, data: Any, /, level: Any = -1, wbits: Any = 15) -> bytes:
    realm.meter.charge_bytes((size_of(data) or 0) * 2)
    realm.meter.charge((size_of(data) or 0) >> 5)
    return zlib.compress(data, index_of(level), index_of(wbits))


MODULES["zlib"] = ModuleRow(
    why="bytes to bytes, grown within the budget",
    safe={
        **{n: getattr(zlib, n) for n in vars(zlib) if n.startswith("Z_") or n in (
            "DEFLATED", "DEF_BUF_SIZE", "DEF_MEM_LEVEL", "MAX_WBITS", "ZLIB_VERSION",
            "ZLIB_RUNTIME_VERSION")},
        "error": _sealed_class(zlib.error),
    },
    tame={
        "decompress": _decompress,
        "compress": _compress,
        "compressobj": _compressobj,
        "decompressobj": _decompressobj,
        "crc32": _sized(zlib.crc32, 1),
        "adler32": _sized(zlib.adler32, 1),
    },
)  # fmt: skip

# hashes


def _hash_input(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    for a in args:
        realm.meter.charge((size_of(a) or 0) >> 4)
    return args


def _output(realm: Realm, made: Any, args: Any, kwargs: Any) -> Any:
    if args:
        realm.meter.charge_bytes(max(0, index_of(args[0])) * 4)
        realm.meter.charge(max(0, index_of(args[0])) >> 4)
    return args


def _hash_maker(function: Any) -> Callable[..., Any]:
    def tamed(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
        for a in (*args, *kwargs.values()):
            realm.meter.charge((size_of(a) or 0) >> 4)
        return function(*args, **kwargs)

    tamed.__name__ = tamed.__qualname__ = function.__name__
    return tamed


_DIGESTS: Final = ("digest", "hexdigest")


def _digest_names(kind: type) -> str:
    own = " ".join(n for n in kind.__dict__ if n.isupper() or (n[0] == "_" and n[1] != "_"))
    fixed = "" if "shake" in kind.__name__ else " ".join(_DIGESTS)
    return f"copy name block_size digest_size {own} {fixed}"


_HASHES: Final = {
    "_md5": "md5",
    "_sha1": "sha1",
    "_sha256": "sha256 sha224",
    "_sha512": "sha512 sha384",
    "_sha2": "sha256 sha224 sha512 sha384",
    "_sha3": "sha3_224 sha3_256 sha3_384 sha3_512 shake_128 shake_256",
    "_blake2": "blake2b blake2s",
}
for _name, _functions in _HASHES.items():
    try:
        _module = importlib.import_module(_name)
    except ImportError:
        continue
    _makers = {n: getattr(_module, n) for n in _functions.split()}
    for _maker in _makers.values():
        _kind = type(_maker())
        if _kind not in TABLE:
            enter(
                _kind,
                _digest_names(_kind),
                cost={
                    "update": _hash_input,
                    **(dict.fromkeys(_DIGESTS, _output) if "shake" in _kind.__name__ else {}),
                },
                deny="__new__",
            )
    MODULES[_name] = ModuleRow(
        why="bytes to digests",
        tame={n: _hash_maker(f) for n, f in _makers.items()},
    )

#: Units of work at once, at most, whatever the budget: nothing looks at the clock meanwhile.
_LONGEST: Final = 1 << 24


def _pbkdf2_hmac(
    realm: Realm, hash_name: Any, password: Any, salt: Any, iterations: Any, dklen: Any = None
) -> bytes:
    if not issubclass(type(hash_name), str):
        raise TypeError(
            f"pbkdf2_hmac() argument 'hash_name' must be str, not {host_name(type(hash_name))}"
        )
    name = host_exact_str(hash_name)
    if name not in hashlib.algorithms_guaranteed or name.startswith("shake"):
        raise ValueError(f"unsupported hash type {name}")
    made = hashlib.new(name)
    rounds = index_of(iterations)
    size = made.digest_size if dklen is None else index_of(dklen)
    realm.meter.charge_bytes(max(0, size))
    for given in (password, salt):
        # Not what has a `__buffer__` of the guest's, whose size is not known before.
        if not issubclass(type(given), (bytes, bytearray, memoryview)):
            raise TypeError(f"a bytes-like object is required, not {host_name(type(given))!r}")
        realm.meter.charge((size_of(given) or 0) >> 4)
    # Each round hashes two blocks, for each piece of the key that one digest fills.
    work = max(1, rounds) * (max(0, size) // made.digest_size + 1) * (made.block_size >> 3)
    realm.meter.charge(work)
    if work > _LONGEST:
        raise OverflowError(f"{rounds:,} iterations are more than are worked out at once here")
    return hashlib.pbkdf2_hmac(name, password, salt, rounds, size)


if hasattr(hashlib, "pbkdf2_hmac"):
    MODULES["_guard_hash"] = ModuleRow(
        why="a key from a password, paid for by its iterations before it is made",
        tame={"pbkdf2_hmac": _pbkdf2_hmac},
    )

# csv

import _csv  # noqa: E402


def _reader(realm: Realm, lines: Any, /, dialect: Any = None, **options: Any) -> Any:
    from itertools import compress

    def once() -> Iterator[Any]:
        # Lines that ask the reader for its next row: the C code loses its own row over it, and the
        # process with it (fixed in 3.13). A generator refuses to be entered twice.
        yield from compress(lines, realm.meter.iterator)

    return _csv.reader(once(), *(() if dialect is None else (_dialect(realm, dialect),)), **options)


def _writer(realm: Realm, target: Any, /, dialect: Any = None, **options: Any) -> Any:
    from guards.attribute import read

    class Target:
        __slots__ = ()
        write = staticmethod(callable_for_c(realm, read(realm, target, "write")))

    return _csv.writer(Target(), *(() if dialect is None else (_dialect(realm, dialect),)), **options)


_FIELDS: Final = (
    "delimiter doublequote escapechar lineterminator quotechar quoting skipinitialspace strict"
)


def _dialect(realm: Realm, dialect: Any) -> Any:
    """A dialect as exact data. Names are those of the compartment's own: the registry of the C module
    is the interpreter's (pit 25)."""
    from guards.attribute import read

    if issubclass(type(dialect), str):
        dialect = _get_dialect(realm, dialect)
    if type(dialect) is _csv.Dialect:
        return dialect
    found = {}
    for name in _FIELDS.split():
        try:
            found[name] = read(realm, dialect, name)
        except AttributeError:
            continue
    return _csv.Dialect(None, **found)


def _dialects(realm: Realm) -> dict[str, Any]:
    found: dict[str, Any] = realm.keep.setdefault("csv", {})
    return found


def _register_dialect(realm: Realm, name: Any, /, dialect: Any = None, **options: Any) -> None:
    if not issubclass(type(name), str):
        raise TypeError("dialect name must be a string")
    base = None if dialect is None else _dialect(realm, dialect)
    _dialects(realm)[host_exact_str(name)] = _csv.Dialect(base, **options)


def _unregister_dialect(realm: Realm, name: Any, /) -> None:
    if _dialects(realm).pop(name if type(name) is str else "", None) is None:
        raise _csv.Error("unknown dialect")


def _get_dialect(realm: Realm, name: Any, /) -> Any:
    found = _dialects(realm).get(host_exact_str(name) if issubclass(type(name), str) else "")
    if found is None:
        raise _csv.Error("unknown dialect")
    return found


def _field_size_limit(realm: Realm, limit: Any = None, /) -> int:
    if limit is not None:
        raise PermissionError("csv.field_size_limit cannot be set: it is the interpreter's")
    return _csv.field_size_limit()


def _dialect_made(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    return (_dialect(realm, args[0]), *args[1:]) if args and args[0] is not None else args


def _row(realm: Realm, writer: Any, args: Any, kwargs: Any) -> Any:
    if not args:
        return args
    row = list(feed(realm, args[0]))
    charge_walk(realm, row)
    realm.meter.charge_bytes(sum((size_of(x) or 0) * 2 + 8 for x in row))
    return (row,)


def _rows(realm: Realm, writer: Any, rows: Any, /) -> None:
    for row in rows:
        realm.meter.charge(1)
        writer.writerow(_row(realm, writer, (row,), {})[0])


CONSTRUCTORS[_csv.Dialect] = _dialect_made
NAMES[_csv.Dialect] = ("dialect", *_FIELDS.split())
enter(_csv.Dialect, _FIELDS)
enter(_csv.Reader if hasattr(_csv, "Reader") else type(_csv.reader([])), "dialect line_num")
enter(
    type(_csv.writer(type("T", (), {"write": print})())),
    "dialect",
    cost={"writerow": _row},
    tame={"writerows": _rows},
)
MODULES["_csv"] = ModuleRow(
    why="rows of text; dialects are the compartment's own",
    safe={
        **{n: getattr(_csv, n) for n in vars(_csv) if n.startswith("QUOTE_")},
        "__version__": "1.0",
        "Dialect": _csv.Dialect,
        "Error": _sealed_class(_csv.Error),
        "Reader": type(_csv.reader([])),
        "Writer": type(_csv.writer(type("T", (), {"write": print})())),
    },
    tame={
        "reader": _reader,
        "writer": _writer,
        "register_dialect": _register_dialect,
        "unregister_dialect": _unregister_dialect,
        "get_dialect": _get_dialect,
        "list_dialects": lambda realm: list(_dialects(realm)),
        "field_size_limit": _field_size_limit,
    },
)

# random: from a generator of the compartment, seeded alike in every run

import _random  # noqa: E402

if not harden(_random.Random):
    raise ImportError("guards: _random.Random could not be made immutable")


def _seed_of(realm: Realm, seed: Any) -> Any:
    if seed is None:
        granted = realm.granted.get("random")
        if granted is not None:
            from guards.attribute import read

            drawn = read(realm, granted, "bytes")(32)
            if type(drawn) is bytes:
                return int.from_bytes(drawn, "big")
        count = realm.keep["seeds"] = realm.keep.get("seeds", 0) + 1
        return count
    if issubclass(type(seed), int):
        realm.meter.charge(int.bit_length(seed) >> 8)
    else:
        charge_key(realm, seed)  # it is hashed
    return seed


def _random_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    # The class itself would draw its seed from the operating system.
    return (_seed_of(realm, args[0] if args else None),)


def _seed(realm: Realm, generator: Any, seed: Any = None, /) -> None:
    _random.Random.seed(generator, _seed_of(realm, seed))


def _bits(realm: Realm, generator: Any, args: Any, kwargs: Any) -> Any:
    if args:
        realm.meter.charge_bytes(max(0, index_of(args[0])) >> 3)
    return args


def _state(realm: Realm, generator: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge(8)
    realm.meter.charge_bytes(1 << 15)  # 625 numbers
    return args


CONSTRUCTORS[_random.Random] = _random_arguments
enter(
    _random.Random,
    "random",
    cost={"getrandbits": _bits, "getstate": _state, "setstate": _state},
    tame={"seed": _seed},
    subclass=True,
)
MODULES["_random"] = ModuleRow(
    why="a generator of numbers that gives the same in every run", safe={"Random": _random.Random}
)
