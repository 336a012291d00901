"""The builtins of a guest: the real ones where they are harmless, stand-ins where they are not.

Every function here takes the realm first; a guest gets it bound to its own. A bound method cannot be
given attributes, so nothing here is shared between compartments that one of them could change.
"""

from __future__ import annotations
import __future__

import builtins
import functools
import itertools
import posixpath
import re
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, UnionType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import attribute_name, is_plain_name, read
from guards.base import PREFIX, is_guard_name
from guards.call import BOUND, CALLABLES, COMMON, callable_for_c, maker, typer
from guards.charge import (
    SCALARS,
    charge_add,
    charge_digits,
    charge_floordiv,
    charge_linear,
    charge_pow,
    charge_walk,
    feed,
    feed_keys,
)
from guards.code import FACTS, GuestCode, guest_code
from guards.depth import ASKED_ANEW, check_nesting
from guards.fact import HASHED, HOLDERS
from guards.format import formatted, given_text, text_of
from guards.headroom import note_generator
from guards.host import host_exact_str, host_lookup, host_module_dict, host_mro, host_name
from guards.item import PLAIN
from guards.meter import Stop
from guards.modules.table import GuestModule
from guards.sealed import HOST, Sealed
from guards.short import SHORT_NUMBERS
from guards.stand import stand_ins, standing
from guards.store import charge_key, delete, store
from guards.tables.containers import charge_sort
from guards.tables.errors import EXCEPTIONS
from guards.tables.rows import TABLE
from guards.tables.text import check_codec
from guards.tamed import ModuleNamespace, dir_of, namespace_of
from guards.warn import warn

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "RAW_BUILTINS",
    "TAMED_BUILTINS",
    "UNCATCHABLE",
    "VALUE",
    "builtin",
    "install",
    "refused",
    "tamed_makers",
]

#: Builtins that a guest holds as they are: they only compute, on any argument, in time that the
#: sizes of their arguments bound. Classes among them are called through their stand-ins.
RAW_BUILTINS: Final[dict[str, Any]] = {
    name: getattr(builtins, name)
    for name in """
    frozendict sentinel
    None True False Ellipsis NotImplemented __debug__
    aiter callable chr id len next ord
    bool bytearray bytes classmethod complex dict enumerate filter float frozenset int list map
    memoryview object property range reversed set slice staticmethod str super tuple type zip
    """.split()
    if hasattr(builtins, name)  # the first two are of 3.15
} | EXCEPTIONS

#: name -> function(realm, ...)
TAMED_BUILTINS: Final[dict[str, Callable[..., Any]]] = {}
_MISSING: Final = object()
#: Where compiled expressions leave their value: a key of the real globals that is popped at once.
VALUE: Final = "cap:value"


def builtin(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a stand-in under its own name, less one trailing underscore."""
    name = function.__name__.removesuffix("_")
    function.__name__ = function.__qualname__ = name
    function.__module__ = "builtins"
    TAMED_BUILTINS[name] = function
    return function


def refused(what: str, grant: str) -> PermissionError:
    """The error of something that needs authority that was not granted."""
    return PermissionError(f"{what} was not granted: {grant}")


# Attributes


@builtin
def getattr_(realm: Realm, obj: Any, name: Any, default: Any = _MISSING, /) -> Any:
    if type(name) is str and is_plain_name(name) and not is_guard_name(name):
        return getattr(obj, name) if default is _MISSING else getattr(obj, name, default)
    exact = attribute_name(name)
    try:
        return read(realm, obj, exact)
    except AttributeError:
        if default is _MISSING:
            raise
    return default


@builtin
def anext_(realm: Realm, iterator: Any, /, *default: Any) -> Any:
    note_generator(iterator)
    return anext(iterator, *default)


@builtin
def hasattr_(realm: Realm, obj: Any, name: Any, /) -> bool:
    if type(name) is str and is_plain_name(name) and not is_guard_name(name):
        return hasattr(obj, name)
    exact = attribute_name(name)
    try:
        read(realm, obj, exact)
    except AttributeError:
        return False
    return True


@builtin
def setattr_(realm: Realm, obj: Any, name: Any, value: Any, /) -> None:
    store(realm, obj, attribute_name(name), value)


@builtin
def delattr_(realm: Realm, obj: Any, name: Any, /) -> None:
    delete(realm, obj, attribute_name(name))


# Namespaces


def _locals(realm: Realm) -> Any:
    frame = realm.guest_frame()
    if frame is None:
        raise RuntimeError("no guest code is running")
    if frame.f_code.co_flags & 1:  # a function: a snapshot, without temporaries of ours
        return {n: v for n, v in frame.f_locals.items() if not is_guard_name(n)}
    found = frame.f_locals
    if found is frame.f_globals:
        return namespace_of(realm, found)
    view = realm.views.get(id(found))  # `exec` with a module's namespace as locals
    # Else a class body: the namespace is of the guest's own.
    return found if view is None or view.__raw__ is not found else view


@builtin
def locals_(realm: Realm, /) -> Any:
    return _locals(realm)


@builtin
def globals_(realm: Realm, /) -> Any:
    frame = realm.guest_frame()
    if frame is None:
        raise RuntimeError("no guest code is running")
    return namespace_of(realm, frame.f_globals)


@builtin
def vars_(realm: Realm, obj: Any = _MISSING, /) -> Any:
    if obj is _MISSING:
        return _locals(realm)
    try:
        return read(realm, obj, "__dict__")
    except AttributeError:
        pass
    raise TypeError("vars() argument must have __dict__ attribute")


def _names_here(realm: Realm, names: Any) -> list[str]:
    kind = type(names)
    if kind is not dict and kind not in TABLE:
        # A mapping of the guest's, as `exec` takes them for locals.
        names = list(feed(realm, callable_for_c(realm, read(realm, names, "keys"))()))
        charge_sort(realm, names)
        names.sort()
        return names  # type: ignore[no-any-return]
    realm.meter.charge((len(names) >> 1) + 1)
    return sorted(n for n in names if isinstance(n, str))


@builtin
def dir_(realm: Realm, obj: Any = _MISSING, /) -> list[str]:
    if obj is _MISSING:
        return _names_here(realm, _locals(realm))
    return dir_of(realm, obj)


# Running code


@builtin
def compile_(
    realm: Realm,
    source: Any,
    filename: Any,
    mode: Any,
    flags: int = 0,
    dont_inherit: bool = False,
    optimize: int = -1,
    *,
    module: Any = None,
    _feature_version: int = -1,
) -> Any:
    name = _file_name(realm, filename)
    if not isinstance(mode, str):
        raise TypeError(f"compile() argument 'mode' must be str, not {host_name(type(mode))}")
    mode = host_exact_str(mode)
    if type(flags) is int and flags & _ONLY_TREE and not flags & ~_TREE_FLAGS:
        return _tree_of(realm, source, name, mode, flags)
    if type(flags) is not int or flags & ~_WITHOUT_EFFECT:
        raise ValueError(
            "compile(): unrecognised flags: of flags only those of syntax trees are known, of "
            "`from __future__` that the source has anyway, and of `await` at the top level"
        )
    if type(optimize) is not int or not -1 <= optimize <= 2:
        raise ValueError("compile(): invalid optimize value")
    if mode not in ("exec", "eval", "single"):
        raise ValueError("compile() mode must be 'exec', 'eval' or 'single'")
    if _is_tree(realm, source):
        # The interpreter's own nodes are everybody's; what is compiled is the text of the guest's.
        unparsed = read(realm, realm.importer("_ast", 0, "", LIBRARY), "_text")
        source = callable_for_c(realm, unparsed)(source, mode)
    text = _source(realm, source)
    if flags & _BARRY and "barry_as_FLUFL" not in text:
        raise ValueError("compile(): write `from __future__ import barry_as_FLUFL` into the source")
    return guest_code(realm.compile_guest(text, name, mode), mode)


def _file_name(realm: Realm, path: Any) -> str:
    """The text of what names a file: text, bytes, or an object of the guest's that gives one of them."""
    kind = type(path)
    definer = host_lookup(kind, "__fspath__")[0]
    if definer is not None and realm.is_guest_class(definer):
        path = callable_for_c(realm, read(realm, kind, "__fspath__"))(path)
    if isinstance(path, str):
        return host_exact_str(path)
    if issubclass(type(path), bytes):
        return bytes(memoryview(path)).decode("utf-8", "surrogateescape")
    raise TypeError(f"expected str, bytes or os.PathLike object, not {host_name(kind)}")


LIBRARY: Final = 1  # who asks: see guards.modules.table, which imports this module
_ONLY_TREE: Final = 0x400
#: With comments of types, and as the optimiser leaves it.
_TREE_FLAGS: Final = _ONLY_TREE | 0x1000 | 0x8000
_BARRY: Final = __future__.barry_as_FLUFL.compiler_flag
#: Flags that change nothing here. `await` at the top level stays refused where a source has one:
#: what is compiled here is run by `exec`, which has no event loop.
_WITHOUT_EFFECT: Final = (
    0x10
    | __future__.division.compiler_flag
    | __future__.absolute_import.compiler_flag
    | __future__.with_statement.compiler_flag
    | __future__.print_function.compiler_flag
    | __future__.unicode_literals.compiler_flag
    | __future__.generator_stop.compiler_flag
    | _BARRY
    | 0x2000
)


def _is_tree(realm: Realm, source: Any) -> bool:
    """Whether an object is a node of a syntax tree of this guest's."""
    module = realm.modules.get("_ast")
    if module is None or not realm.is_guest_class(type(source)):
        return False
    base = host_module_dict(module).get("AST")
    return issubclass(type(base), type) and base in host_mro(type(source))


def _tree_of(realm: Realm, source: Any, filename: str, mode: str, flags: int) -> Any:
    if _is_tree(realm, source):
        return source
    module = realm.importer("_ast", 0, "", LIBRARY)
    text = _source(realm, source)
    return callable_for_c(realm, read(realm, module, "_parse"))(text, filename, mode, flags)


_COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK: Final = re.compile(rb"^[ \t\f]*(?:#.*)?\r?$")


def _source(realm: Realm, source: Any) -> str:
    if isinstance(source, str):
        return host_exact_str(source)
    if issubclass(type(source), (bytes, bytearray, memoryview)):
        view = memoryview(source)
        realm.meter.charge_bytes(view.nbytes * 4)
        return _decoded(bytes(view))
    raise TypeError("compile() arg 1 must be a string, bytes or AST object")


def _decoded(data: bytes) -> str:
    """Source text, in the encoding that it declares where that is one of the audited: any other may be
    Python code of the host's."""
    marked = data.startswith(BOM_UTF8)
    encoding = ""
    lines = data.removeprefix(BOM_UTF8).split(b"\n", 2)[:2]
    for number, line in enumerate(lines, 1):
        declared = _COOKIE.match(line)
        if declared:
            encoding = declared.group(1).decode("ascii", "replace")
            if marked and encoding.lower().replace("_", "-") != "utf-8":
                raise _misplaced_mark(encoding, number, line)
            break
        if not _BLANK.match(line):
            break
    try:
        check_codec(encoding or "utf-8")
        if encoding.lower().replace("_", "-") in ("", "utf-8", "utf8"):
            return data.removeprefix(BOM_UTF8).decode()
        return data.decode(encoding)
    except LookupError:
        problem = SyntaxError(f"unknown encoding: {encoding[:40]}")
    except UnicodeDecodeError as error:
        problem = _undecoded(data.removeprefix(BOM_UTF8) if _SAYS_WHERE else data, error, not encoding)
    raise problem


#: From 3.14 on the interpreter says where a source is not what it declares.
_SAYS_WHERE: Final = sys.version_info >= (3, 14)


def _misplaced_mark(encoding: str, number: int, line: bytes) -> SyntaxError:
    """A source that begins with the mark of UTF-8 and declares another encoding."""
    place: Any = (number, 0, line.decode("utf-8", "replace"), number, len(line))
    return SyntaxError(
        f"encoding problem: {encoding[:40]} with BOM",
        ("<string>", *(place if _SAYS_WHERE else (0, -1, None))),
    )


def _undecoded(data: bytes, error: UnicodeDecodeError, silent: bool) -> SyntaxError:
    """A source that is not what it declares. silent: it declares nothing."""
    number = data.count(b"\n", 0, error.start) + 1
    line = data.split(b"\n")[number - 1]
    at = data.rfind(b"\n", 0, error.start) + 1
    offset = len(data[at : error.start].decode("utf-8", "replace")) + 1
    if sys.version_info < (3, 13):
        offset = len(line)  # as the interpreter says
    place: Any = ("<string>", number, offset, line.decode("utf-8", "replace"))
    if _SAYS_WHERE and silent:
        return SyntaxError(
            f"Non-UTF-8 code starting with '\\x{data[error.start]:02x}' on line {number}, but no "
            "encoding declared; see https://peps.python.org/pep-0263/ for details",
            (*place, number, offset),
        )
    return SyntaxError(
        f"(unicode error) {error.encoding!r} codec can't decode byte "
        f"0x{data[error.start]:02x} in position {error.start - at}: {error.reason}",
        place,
    )


@builtin
def exec_(realm: Realm, source: Any, /, globals: Any = None, locals: Any = None) -> None:
    _run(realm, source, "exec", globals, locals)


@builtin
def eval_(realm: Realm, source: Any, /, globals: Any = None, locals: Any = None) -> Any:
    if isinstance(source, str):
        source = host_exact_str(source).lstrip(" \t")
    return _run(realm, source, "eval", globals, locals)


def _run(realm: Realm, source: Any, mode: str, globals: Any, locals: Any) -> Any:
    if type(source) is GuestCode:
        if source.__mode__ == FACTS:
            raise TypeError(f"{mode}(): code of a function cannot be run by itself; call the function")
        code = source.__code__
        mode = "eval" if source.__mode__ == "eval" else "exec"
    else:
        code = realm.compile_guest(_source(realm, source), "<string>", mode)
    realm.meter.tick()  # a step of its own: code that runs code is a loop like any other
    if globals is None:
        frame = realm.guest_frame()
        if frame is None:
            raise RuntimeError("no guest code is running")
        real = frame.f_globals
        if locals is None:
            locals = _locals(realm)
    elif type(globals) is ModuleNamespace:
        real = globals.__raw__
        if locals is None:
            locals = globals
    elif issubclass(type(globals), dict):
        return _run_in_copy(realm, code, mode, globals, locals)
    else:
        raise TypeError(f"globals must be a dict, not {host_name(type(globals))}")
    return _execute(realm, code, mode, real, _mapping(locals))


def _execute(realm: Realm, code: Any, mode: str, real: dict[str, Any], locals: Any) -> Any:
    # A namespace without builtins of its own would be given those of the frame that runs this, which
    # are the host's.
    real["__builtins__"] = realm.builtins
    if locals is real:
        builtins.exec(realm.ready(code), real)  # noqa: S102 - routed code, in the guest's own namespace
    else:
        builtins.exec(realm.ready(code), real, locals)  # noqa: S102
    return real.pop(VALUE, None) if mode == "eval" else None


def _mapping(locals: Any) -> Any:
    return locals.__raw__ if type(locals) is ModuleNamespace else locals


def _run_in_copy(realm: Realm, code: Any, mode: str, globals: Any, locals: Any) -> Any:
    """Run with a dictionary of the guest's as globals.

    The guest holds that dictionary, so the real one, where the interpreter looks for guards and for
    `__builtins__`, is a copy that nobody holds; names are carried over before and after (pits 1, 2).
    """
    own: dict[str, Any] = realm.exec_globals(globals)
    before: set[str] = set()
    for name, value in list(dict.items(globals)):
        if isinstance(name, str) and not is_guard_name(exact := host_exact_str(name)):
            own[exact] = value
            before.add(exact)
    for name in [n for n in own if n not in before and not is_guard_name(n)]:
        del own[name]
    own["__builtins__"] = realm.builtins
    try:
        if locals is None or locals is globals:
            return _execute(realm, code, mode, own, own)
        return _execute(realm, code, mode, own, _mapping(locals))
    finally:
        for name, value in own.items():
            if not is_guard_name(name):
                dict.__setitem__(globals, name, value)
        for name in before:
            if name not in own:
                dict.pop(globals, name, None)


class _Silent(metaclass=Sealed, host=HOST):
    """What C code gets that imports `warnings` to show one: nothing of a guest's is shown on the host.
    From 3.14 on it asks the `__import__` of the code that gave rise to the warning."""

    @staticmethod
    def WarningMessage(*_args: Any, **_kwargs: Any) -> None: ...

    @staticmethod
    def _showwarnmsg(_message: Any) -> None: ...


_ASKED_BY_C: Final = frozenset({"warnings", "_py_warnings"})


_NO_PACKAGE: Final = (
    "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__"
)


@builtin
def __import___(
    realm: Realm, name: Any, globals: Any = None, locals: Any = None, fromlist: Any = (),
    level: Any = 0,
) -> Any:  # fmt: skip
    exact = attribute_name(name)
    if exact in _ASKED_BY_C and type(fromlist) is list:
        return _Silent
    if type(level) is int and level > 0 and issubclass(type(globals), dict):
        if dict.get(globals, "__package__") is None and dict.get(globals, "__spec__") is None:
            warn(realm, ImportWarning, _NO_PACKAGE)
    module = realm.importer(exact, level if type(level) is int else 0, "")
    if fromlist:
        return module
    return module if level else realm.importer(exact.partition(".")[0], 0, "")


# Iterating


@builtin
def all_(realm: Realm, iterable: Any, /) -> bool:
    return all(feed(realm, iterable))


@builtin
def any_(realm: Realm, iterable: Any, /) -> bool:
    return any(feed(realm, iterable))


_NUMBERS: Final = frozenset({int, float, bool, complex})
_SEQUENCES: Final = (str, bytes, bytearray, list, tuple)


_SMALL: Final = 1 << 500


def _has_long(items: Any) -> bool:
    """Whether a whole number so long that a sum of many is work is among plain numbers."""
    return any(type(x) is int and x.bit_length() > 4096 for x in items)


def _not_sequence(total: Any, x: Any) -> None:
    # A sum that began with numbers and goes on with sequences can only be a guest operator's doing,
    # and would join them in C without a charge.
    if issubclass(type(x), _SEQUENCES):
        kinds = f"{host_name(type(total))!r} and {host_name(type(x))!r}"
        raise TypeError(f"unsupported operand type(s) for +: {kinds}")


def _plain_numbers(items: Any, later: list[Any]) -> Any:
    """The numbers that `items` begins with, up to the first one that has to be paid for, which is put
    into `later`."""
    for x in items:
        if type(x) not in _NUMBERS or (type(x) is int and not -_SMALL < x < _SMALL):
            later.append(x)
            return
        yield x


@builtin
def sum_(realm: Realm, iterable: Any, /, start: Any = 0) -> Any:
    if issubclass(type(start), (str, bytes, bytearray)):
        return sum((), start)  # raises Python's own TypeError
    items = feed(realm, iterable)
    if type(start) in _NUMBERS:
        if type(items) in (list, tuple, set, frozenset):
            kinds = set(map(type, items))
            if _NUMBERS.issuperset(kinds) and (int not in kinds or not _has_long(items)):
                return sum(items, start)
        if type(start) is not int or -_SMALL < start < _SMALL:
            # C code adds what costs next to nothing, as it alone keeps what rounding loses.
            rest: Any = iter(items)
            later: list[Any] = []
            start = sum(_plain_numbers(rest, later), start)
            items = itertools.chain(later, rest)
        total = start
        for x in items:
            _not_sequence(total, x)
            charge_add(realm, total, x)
            total = total + x
        return total
    total = start
    for x in items:
        charge_add(realm, total, x)
        total = total + x
    return total


def _paid_key(state: Any, element: Any) -> Any:
    """A sort key, paid for as what it is compared as."""
    realm, function = state
    key = function(element)
    kind = type(key)
    if kind is str or kind is bytes:
        if len(key) > 4096:
            realm.meter.charge(len(key) >> _COMPARED_OFTEN)
    elif kind not in SCALARS:
        size = charge_walk(realm, key)
        if size > 4096:
            realm.meter.charge(size >> _COMPARED_OFTEN)
    return key


#: A key is compared with several others, each time up to where they differ: 4 KiB in a step, by eight.
_COMPARED_OFTEN: Final = 9


def paid_key(realm: Realm, function: Any) -> Any:
    """A key function for C code that sorts."""
    return MethodType(_paid_key, (realm, callable_for_c(realm, function)))


def _extreme(realm: Realm, which: Any, args: Any, kwargs: Any) -> Any:
    if kwargs.get("key") is not None:
        kwargs["key"] = paid_key(realm, kwargs["key"])
    if len(args) == 1:
        if kwargs.get("key") is not None:
            import itertools

            # the key function may make the list grow while C code walks it
            return which(itertools.compress(args[0], realm.meter.iterator), **kwargs)
        return which(feed_keys(realm, args[0]), **kwargs)
    if len(args) > 8:  # fewer stand in the text of the call
        realm.meter.charge(len(args))
    for a in args:
        if type(a) is not float and not (type(a) is int and -_SMALL < a < _SMALL):
            charge_walk(realm, a)
    return which(*args, **kwargs)


@builtin
def max_(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
    return _extreme(realm, max, args, kwargs)


@builtin
def min_(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
    return _extreme(realm, min, args, kwargs)


@builtin
def sorted_(realm: Realm, iterable: Any, /, *, key: Any = None, reverse: Any = False) -> list[Any]:
    items = list(feed(realm, iterable))
    charge_sort(realm, items, key is not None)
    if key is not None:
        key = paid_key(realm, key)
    items.sort(key=key, reverse=reverse)
    return items


# Numbers


@builtin
def pow_(realm: Realm, base: Any, exp: Any, mod: Any = None) -> Any:
    charge_pow(realm, base, exp, mod)
    return pow(base, exp, mod)


@builtin
def divmod_(realm: Realm, a: Any, b: Any, /) -> Any:
    charge_floordiv(realm, a, b)
    return divmod(a, b)


@builtin
def round_(realm: Realm, number: Any, ndigits: Any = None) -> Any:
    if type(number) is float and type(ndigits) is int:
        return round(number, ndigits)
    if issubclass(type(ndigits), int) and issubclass(type(number), int):
        digits = -int.__index__(ndigits)
        if digits > 1000:
            realm.meter.charge_bytes(digits)
            realm.meter.charge((digits >> 4) ** 2 >> 6)
    if issubclass(type(number), Decimal):
        charge_digits(realm, number)
    return round(number) if ndigits is None else round(number, ndigits)


def _linear(name: str, *, digits: bool) -> None:
    function = getattr(builtins, name)

    def tamed(realm: Realm, number: Any, /) -> Any:
        charge_linear(realm, number)
        if digits and issubclass(type(number), int):
            realm.meter.charge(int.bit_length(number) >> 6)
        return function(number)

    tamed.__name__ = name
    builtin(tamed)


for _name in ("abs", "bin", "hex", "oct"):
    _linear(_name, digits=_name != "abs")


_END: Final = object()


def _unless_equal(realm: Realm, function: Any, sentinel: Any) -> Any:
    """What a function gives, or `_END` for what equals the sentinel. Compared here, where both are held:
    C code lets go of them when it is asked again meanwhile, and goes on with them."""
    found = function()
    if sentinel is found:
        return _END
    charge_walk(realm, sentinel)
    charge_walk(realm, found)
    return _END if sentinel == found else found


def _called(function: Any) -> Any:
    return function()


def _called_once(state: list[Any]) -> Any:
    """Call a function that an iterator asks, which C code takes to be there still when it answers: not
    where it was asked once more meanwhile, and came to its end."""
    function, busy = state
    if busy:
        raise ValueError("iterator already executing")
    state[1] = True
    try:
        return function()
    finally:
        state[1] = False


@builtin
def iter_(realm: Realm, obj: Any, /, *sentinel: Any) -> Any:
    if sentinel:
        check_nesting(realm, (obj, *sentinel))
        function = callable_for_c(realm, obj)
        if ASKED_ANEW and callable(function):
            function = functools.partial(_called_once, [function, False])
        if len(sentinel) == 1 and type(sentinel[0]) not in SCALARS and callable(function):
            return iter(functools.partial(_unless_equal, realm, function, sentinel[0]), _END)
        if not ASKED_ANEW and type(function) is not FunctionType and callable(function):
            function = functools.partial(_called, function)  # held while it runs, as a function is
        return iter(function, *sentinel)
    return iter(obj)


@builtin
def hash_(realm: Realm, obj: Any, /) -> int:
    charge_key(realm, obj)
    return hash(obj)


# Types


def _are_classes(kinds: Any) -> bool:
    """Whether every class that is named is one, so that C code asks nothing else for its bases."""
    if type(kinds) is tuple:
        return all(_are_classes(k) for k in kinds)
    return issubclass(type(kinds), type) or type(kinds) is UnionType


def _are_few(kinds: tuple[Any, ...]) -> bool:
    """Whether a few classes are named, none of which has a say of its own in what its instances are."""
    return len(kinds) <= 8 and _CLASSES.issuperset(map(type, kinds))


_CLASSES: Final = frozenset({type})


def _classes(realm: Realm, kinds: Any) -> Any:
    if issubclass(type(kinds), tuple):
        charge_walk(realm, kinds)  # a nest of tuples is walked along every path (pit 22)
        return tuple(tuple.__iter__(kinds))
    return kinds


@builtin
def isinstance_(realm: Realm, obj: Any, kinds: Any, /) -> bool:
    if type(kinds) is type or (type(kinds) is tuple and _are_few(kinds)):
        return isinstance(obj, kinds)
    kinds = _classes(realm, kinds)
    if _are_classes(kinds):
        return isinstance(obj, kinds)
    if type(kinds) is tuple:
        return any(isinstance_(realm, obj, k) for k in kinds)
    if _asks_itself(kinds, "__instancecheck__"):
        return isinstance(obj, kinds)
    _bases_of(realm, kinds, "isinstance() arg 2 must be a type, a tuple of types, or a union")
    return _derives(realm, getattr_(realm, obj, "__class__", None), kinds)


@builtin
def issubclass_(realm: Realm, kind: Any, kinds: Any, /) -> bool:
    if type(kind) is type and (type(kinds) is type or (type(kinds) is tuple and _are_few(kinds))):
        return issubclass(kind, kinds)
    kinds = _classes(realm, kinds)
    if issubclass(type(kind), type) and _are_classes(kinds):
        return issubclass(kind, kinds)
    if type(kinds) is tuple:
        return any(issubclass_(realm, kind, k) for k in kinds)
    if (issubclass(type(kinds), type) and type(kinds) is not type) or _asks_itself(
        kinds, "__subclasscheck__"
    ):
        if host_lookup(type(kinds), "__subclasscheck__")[0] is not type:
            return issubclass(kind, kinds)
    _bases_of(realm, kind, "issubclass() arg 1 must be a class")
    if type(kinds) is UnionType:
        return any(issubclass_(realm, kind, k) for k in kinds.__args__)
    _bases_of(realm, kinds, "issubclass() arg 2 must be a class, a tuple of classes, or a union")
    return _derives(realm, kind, kinds)


def _asks_itself(kinds: Any, name: str) -> bool:
    return host_lookup(type(kinds), name)[0] is not None


def _bases_of(realm: Realm, obj: Any, complaint: str) -> Any:
    """The `__bases__` of what passes for a class: a tuple, whatever made it."""
    bases = getattr_(realm, obj, "__bases__", None)
    if type(bases) is not tuple:
        raise TypeError(complaint)
    return bases


def _derives(realm: Realm, derived: Any, kind: Any) -> bool:
    """Whether an object with `__bases__` goes back to another; C code would go round a ring of such
    objects for ever."""
    way = [iter([derived])]
    while way:
        for x in way[-1]:
            realm.meter.charge(1)
            if x is kind:
                return True
            bases = getattr_(realm, x, "__bases__", None)
            if type(bases) is tuple and bases:
                way.append(iter(bases))
                if len(way) > 1000:
                    raise RecursionError("maximum recursion depth exceeded")
                break
        else:
            way.pop()
    return False


# Text


@builtin
def repr_(realm: Realm, obj: Any, /) -> str:
    return given_text(realm, obj, repr)


@builtin
def ascii_(realm: Realm, obj: Any, /) -> str:
    return given_text(realm, obj, ascii)


@builtin
def format_(realm: Realm, value: Any, format_spec: Any = "", /) -> str:
    return formatted(realm, value, None, format_spec)


@builtin
def print_(
    realm: Realm, /, *args: Any, sep: Any = None, end: Any = None, file: Any = None,
    flush: Any = False,
) -> None:  # fmt: skip
    for name, value in (("sep", sep), ("end", end)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be None or a string, not {host_name(type(value))}")
    separator = " " if sep is None else host_exact_str(sep)
    ending = "\n" if end is None else host_exact_str(end)
    realm.meter.charge_bytes(len(separator) * len(args) + len(ending))
    parts = []
    total = 0
    for a in args:
        text = text_of(realm, a)
        total += len(text)
        realm.meter.charge_bytes(total)
        parts.append(text)
    text = separator.join(parts) + ending
    if file is None:
        module = realm.keep.get("sys")
        if module is not None:
            own = host_module_dict(module).get("stdout")
            if own is not realm.keep["stdout"]:
                file = own
                if file is None:
                    return
    if file is None:
        realm.write(text)
    else:
        callable_for_c(realm, read(realm, file, "write"))(text)
        if flush:
            callable_for_c(realm, read(realm, file, "flush"))()


# Authority


@builtin
def open_(
    realm: Realm, file: Any, mode: Any = "r", buffering: Any = -1, encoding: Any = None,
    errors: Any = None, newline: Any = None, closefd: Any = True, opener: Any = None,
) -> Any:  # fmt: skip
    # A file that an installed package brings along can be read; nothing else is a file here.
    if type(mode) is str and mode in ("r", "rt", "rb"):
        path = _path_text(realm, file)
        data = None if path is None else realm.package_data(path)
        if data is not None:
            from guards.modules.table import LIBRARY

            make = read(realm, realm.importer("io", 0, "", LIBRARY), "_stream")
            return callable_for_c(realm, make)(data, mode, encoding, errors, newline)
    granted = realm.granted.get("open")
    if granted is not None:
        path = _path_text(realm, file)
        if path is None:
            raise TypeError(f"open: the path is text, not {host_name(type(file))}")
        if not closefd or opener is not None:
            raise ValueError("open: closefd and opener are for descriptors, which are not here")
        callable_itself = host_lookup(type(granted), "__call__")[0] is not None
        find = granted if callable_itself else read(realm, granted, "open")
        path = _from_root(path)
        return callable_for_c(realm, find)(path, mode, buffering, encoding, errors, newline)
    raise refused("open", "no directory is among the capabilities; the host grants one as `fs`")


def _from_root(path: str) -> str:
    """A path as capabilities over directories take it: the directory is the root, and `..` of it."""
    if not path or len(path) > 4096:  # refused there
        return path
    return posixpath.normpath("/" + path).lstrip("/")


def _path_text(realm: Realm, file: Any) -> str | None:
    """The exact text of a path that is text, or an object of the guest's that has one."""
    definer = host_lookup(type(file), "__fspath__")[0]
    if definer is not None and realm.is_guest_class(definer):
        file = callable_for_c(realm, read(realm, type(file), "__fspath__"))(file)
    return host_exact_str(file) if issubclass(type(file), str) else None


@builtin
def input_(realm: Realm, prompt: Any = "", /) -> str:
    raise refused("input", "there is no terminal; the host hands in what is needed as `caps`")


@builtin
def breakpoint_(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
    try:
        hook = read(realm, realm.importer("sys", 0, ""), "breakpointhook")
    except AttributeError:
        raise RuntimeError("lost sys.breakpointhook") from None
    except ImportError:
        raise refused("breakpoint", "there is no debugger; print what you want to see") from None
    return callable_for_c(realm, hook)(*args, **kwargs)


@builtin
def help_(realm: Realm, obj: Any = None, /) -> None:
    describe = host_lookup(type(obj), "__cap_help__")[1]
    if describe is not None:
        realm.write(describe(obj) + "\n")
        return
    doc = getattr_(realm, obj, "__doc__", None)
    realm.write((doc if isinstance(doc, str) else "no help for this object") + "\n")


#: What passes every handler of a guest. A real Ctrl-C is the host's wish, not the guest's to catch;
#: where a depth is set, so is the interpreter's own RecursionError, which then ends the turn too.
UNCATCHABLE: Final = (Stop, KeyboardInterrupt)


#: Builtins that C code looks up by itself, in the dictionary of the frame that it runs under.
_ASKED_BY_NAME: Final = ("__build_class__", "__import__", "getattr", "iter")
_PLAIN: Final = {**RAW_BUILTINS, "__name__": "builtins"}


def tamed_makers() -> dict[str, Callable[[Realm], Any]]:
    """How a realm makes each of its own builtins, once code that names it is to run. Complete when
    `guards.keys` is imported."""
    from guards.keys import GUARDS

    made: dict[str, Callable[[Realm], Any]] = {
        name: partial(MethodType, function) for name, function in TAMED_BUILTINS.items()
    }
    # The interpreter itself looks `__build_class__` up among the builtins.
    made.update((g.key, partial(_run_of, g)) for g in GUARDS if not is_guard_name(g.key))
    return made


def _run_of(guard: Any, realm: Realm) -> Any:
    return guard(realm).run


class _Guards(dict[str, Any]):
    """The guards of one realm, each made when code with its stand-in is bound. Trusted code only."""

    __slots__ = ("kinds", "realm")
    kinds: Mapping[str, Any]
    realm: Realm

    def __missing__(self, key: str) -> Any:
        kind = self.kinds.get(key)
        made = self[key] = _named(self.realm, key) if kind is None else kind(self.realm).run
        return made


#: What tests of types and of callables compare with; guests hold these anyway.
_RAW: Final = {
    **RAW_BUILTINS,
    "NoneType": type(None),
    "compress": itertools.compress,
    "getattr": getattr,
    "hasattr": hasattr,
    "isinstance": isinstance,
    "any": any,
    "all": all,
    "sum": sum,
    **{name: getattr(builtins, name) for name in SHORT_NUMBERS},
    "module": GuestModule,
    "function": FunctionType,
    "method": MethodType,
    "builtin_function_or_method": BuiltinFunctionType,
}


def _named(realm: Realm, key: str) -> Any:
    """What a stand-in with a name behind its second colon stands for."""
    kind, _, name = key.removeprefix(PREFIX).partition(":")
    if kind == "raw":
        return _RAW[name]
    if kind == "method":
        return realm.plain.of(name)
    if kind == "static":
        return realm.plain.of_class(name)
    if kind == "supers":
        return realm.plain.of_super(name)
    if kind == "made":
        return typer(realm) if name == "type" else maker(realm, _RAW[name])
    if kind == "stands":
        return frozenset(stand_ins(name))
    if kind == "do":
        return standing(realm, name)
    if kind == "own":
        return id(realm.builtin(name))  # which lives as long as the realm does
    if kind == "stores":
        for stored in name.split():
            realm.plain.note_store(stored)
        return None
    raise KeyError(key)


#: Stand-ins for what is the same in every realm.
_SAME: Final[dict[str, Any]] = {
    "cap:slice": slice,
    "cap:Group": BaseExceptionGroup,
    "cap:locals": locals,  # of a class body, for the guard of its headers only
    "cap:holders": HOLDERS,
    "cap:plain": PLAIN,
    "cap:common": COMMON,
    "cap:hashed": HASHED,
    "cap:callables": CALLABLES,
    "cap:bound": BOUND,
}


@functools.cache
def _kinds() -> Mapping[str, Any]:
    from guards.keys import BY_KEY  # which needs us; an import statement costs as much as all the rest

    return BY_KEY


def install(realm: Realm, depth: int | None, makers: Mapping[str, Callable[[Realm], Any]]) -> None:
    """Fill the builtins and the guards of a realm whose turns may be `depth` calls deep.

    makers: how builtins are made that are the realm's own; shared by all realms, and not changed.
    """
    realm.makers = makers
    own = realm.builtins
    own.update(_PLAIN)
    for name in _ASKED_BY_NAME:
        own[name] = makers[name](realm)
    guards = realm.guards = _Guards(_SAME)
    guards.kinds = _kinds()
    guards.realm = realm
    guards["cap:tick"] = realm.meter.tick
    guards["cap:Stop"] = UNCATCHABLE if depth is None else (*UNCATCHABLE, RecursionError)
    guards["cap:counter"] = realm.meter.iterator
    guards["cap:classes"] = realm.plain.classes
    guards["cap:bare"] = realm.plain.bare
    guards["cap:argless"] = realm.plain.argless
