"""`sys` as a facet: what is a fact about the language is there; what is the interpreter's is not.

A module table, streams and lists of the compartment's own stand in for the interpreter's. Frames are
cut down to names and line numbers, since library code asks its caller's name by them.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from guards.charge import DIGITS, FEWEST_DIGITS
from guards.code import facts_of_frame, guest_frames
from guards.harden import harden
from guards.host import host_exact_str, host_name
from guards.modules.table import MODULES, ModuleRow, tamed_in
from guards.sealed import HOST, Sealed, sealed_error
from guards.suggest import suggestion
from guards.tables.rows import TABLE, define
from guards.tamed import enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__ = ["Stream"]

_TAMED: dict[str, Callable[..., Any]] = {}
_IMMORTAL: Final = 0xFFFFFFFF


class Stream(metaclass=Sealed, host=HOST):
    """`sys.stdout` of a guest: text that goes where the guest's `print` goes."""

    __slots__ = ("__realm__",)
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __realm__: Realm

    def __repr__(self) -> str:
        return "<stream>"


def _write(realm: Realm, stream: Any, text: Any, /) -> int:
    if not issubclass(type(text), str):
        raise TypeError(f"write() argument must be str, not {host_name(type(text))}")
    exact = host_exact_str(text)
    realm.meter.charge_bytes(len(exact))
    realm.write(exact)
    return len(exact)


def _writelines(realm: Realm, stream: Any, lines: Any, /) -> None:
    for line in lines:
        realm.meter.charge(1)
        _write(realm, stream, line)


def _fileno(realm: Realm, stream: Any, /) -> int:
    raise OSError("fileno: this stream has no file behind it")


define(
    Stream,
    "__repr__",
    tame={
        "write": _write,
        "writelines": _writelines,
        "flush": lambda realm, stream: None,
        "close": lambda realm, stream: None,
        "isatty": lambda realm, stream: False,
        "writable": lambda realm, stream: True,
        "readable": lambda realm, stream: False,
        "seekable": lambda realm, stream: False,
        "fileno": _fileno,
    },
    reads={
        "encoding": lambda realm, stream: "utf-8",
        "errors": lambda realm, stream: "strict",
        "closed": lambda realm, stream: False,
        "mode": lambda realm, stream: "w",
        "name": lambda realm, stream: "<stdout>",
        "newlines": lambda realm, stream: None,
        "line_buffering": lambda realm, stream: False,
    },
    deny="__realm__ __slots__ __setattr__ __delattr__ __new__ __annotations__",
)


def _stream(realm: Realm) -> Stream:
    found: Stream | None = realm.keep.get("stdout")
    if found is None:
        found = realm.keep["stdout"] = object.__new__(Stream)
        object.__setattr__(found, "__realm__", realm)
    return found


def _depth(depth: Any) -> int:
    if not issubclass(type(depth), int):
        raise TypeError(f"{host_name(type(depth))!r} object cannot be interpreted as an integer")
    return int.__index__(depth)


@tamed_in(_TAMED)
def __getframe(realm: Realm, depth: Any = 0, /) -> Any:
    frames = guest_frames(realm, realm.guest_frame())[max(0, _depth(depth)) :]
    if not frames:
        raise ValueError("call stack is not deep enough")
    return facts_of_frame(realm, frames[0])


@tamed_in(_TAMED)
def __getframemodulename(realm: Realm, depth: Any = 0) -> str | None:
    frames = guest_frames(realm, realm.guest_frame())[max(0, _depth(depth)) :]
    name = frames[0].f_globals.get("__name__") if frames else None
    return name if type(name) is str else None


def _handled(realm: Realm) -> BaseException | None:
    found = sys.exc_info()[1]
    return None if found is realm.wall else found


@tamed_in(_TAMED)
def _exc_info(realm: Realm, /) -> tuple[Any, Any, Any]:
    error = _handled(realm)
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


@tamed_in(_TAMED)
def _exception(realm: Realm, /) -> BaseException | None:
    return _handled(realm)


@tamed_in(_TAMED)
def _exit(realm: Realm, status: Any = None, /) -> None:
    raise SystemExit(status) if status is not None else SystemExit


@tamed_in(_TAMED)
def _intern(realm: Realm, string: Any, /) -> str:
    if type(string) is not str:
        raise TypeError(f"can't intern {host_name(type(string))}")
    # Interned text may stay for the life of the process, so nothing is interned for a guest: equal
    # texts are made one within the compartment.
    realm.meter.charge_bytes(len(string))
    table: dict[str, str] = realm.keep.setdefault("interned", {})
    return table.setdefault(string, string)


@tamed_in(_TAMED)
def _getsizeof(realm: Realm, obj: Any, default: Any = None, /) -> int:
    return sys.getsizeof(obj)


@tamed_in(_TAMED)
def _getrecursionlimit(realm: Realm, /) -> int:
    return realm.meter.depth or sys.getrecursionlimit()


@tamed_in(_TAMED)
def _getrefcount(realm: Realm, obj: Any, /) -> int:
    # How many references others hold to what all share is theirs to know; such an object says what
    # an immortal one says from 3.12 on.
    return sys.getrefcount(obj) - 3 if realm.is_guest_class(type(obj)) else _IMMORTAL


_TAMED["gettrace"] = _TAMED["getprofile"] = lambda realm: None


def _refused(name: str, instead: str) -> Any:
    def tamed(realm: Realm, /, *_args: Any, **_kwargs: Any) -> Any:
        raise PermissionError(f"sys.{name} was not granted: {instead}")

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


_TAMED.update(
    {
        name: _refused(name, why)
        for names, why in {
            "setrecursionlimit": "the host sets Limits(depth=...)",
            "set_coroutine_origin_tracking_depth": "it is a setting of the whole thread",
            "settrace setprofile _current_frames "
            "_current_exceptions addaudithook set_asyncgen_hooks get_asyncgen_hooks "
            "setswitchinterval setdlopenflags activate_stack_trampoline": "it reaches into the "
            "interpreter, and nothing grants it",
        }.items()
        for name in names.split()
    }
)


@tamed_in(_TAMED)
def _get_int_max_str_digits(realm: Realm, /) -> int:
    found: int = realm.keep.get(DIGITS, sys.get_int_max_str_digits())
    return found


@tamed_in(_TAMED)
def _set_int_max_str_digits(realm: Realm, maxdigits: Any) -> None:
    # The interpreter's own limit is every thread's. The guest's holds for its own numbers, beside it.
    limit = _depth(maxdigits)
    if not -(1 << 31) <= limit < 1 << 31:
        raise OverflowError("Python int too large to convert to C int")
    if limit and limit < FEWEST_DIGITS:
        raise ValueError(f"maxdigits must be 0 or larger than {FEWEST_DIGITS}")
    realm.keep[DIGITS] = limit


@tamed_in(_TAMED)
def _breakpointhook(realm: Realm, /, *_args: Any, **_kwargs: Any) -> Any:
    raise PermissionError("breakpoint was not granted: there is no debugger; print what you want to see")


_TAMED["__breakpointhook__"] = _TAMED["breakpointhook"]


def _excepthook(realm: Realm, kind: Any, error: Any, traceback: Any, /) -> None:
    from guards.attribute import read
    from guards.call import callable_for_c
    from guards.modules.table import LIBRARY

    module = realm.importer("traceback", 0, "", LIBRARY)
    if _SUGGESTS:
        callable_for_c(realm, read(realm, module, "print_exception"))(kind, error, traceback)
        return
    make = callable_for_c(realm, read(realm, module, "TracebackException"))
    told = make(kind, error, traceback, compact=True)
    _add_suggestions(realm, error, told)
    callable_for_c(realm, read(realm, told, "print"))()


#: Whether `traceback` makes the suggestions that before were C code's.
_SUGGESTS: Final = sys.version_info >= (3, 12)


def _add_suggestions(realm: Realm, error: Any, told: Any) -> None:
    """Say what is likely meant by a name that was not found, of an error and of those it came from."""
    from guards.attribute import read
    from guards.store import store

    waiting = [(error, told)]
    while waiting:
        error, told = waiting.pop()
        found = suggestion(realm, error)
        text = read(realm, told, "_str")
        if found is not None and type(text) is str:
            store(realm, told, "_str", f"{text}. Did you mean: {found!r}?")
        for name in ("__cause__", "__context__"):
            inner = read(realm, told, name)
            if inner is not None:
                waiting.append((read(realm, error, name), inner))


def _displayhook(realm: Realm, value: Any, /) -> None:
    from guards.format import text_of

    if value is not None:
        realm.write(text_of(realm, value, repr) + "\n")


_TAMED["excepthook"] = _TAMED["__excepthook__"] = _excepthook
_TAMED["displayhook"] = _TAMED["__displayhook__"] = _displayhook
_TAMED["unraisablehook"] = lambda realm, unraisable: None
_TAMED["audit"] = lambda realm, event, *args: None
_TAMED["is_finalizing"] = lambda realm: False
_TAMED["getdefaultencoding"] = lambda realm: "utf-8"
_TAMED["getfilesystemencoding"] = lambda realm: "utf-8"
_TAMED["getfilesystemencodeerrors"] = lambda realm: "surrogateescape"
_TAMED["get_coroutine_origin_tracking_depth"] = lambda realm: 0
_TAMED["_is_gil_enabled"] = lambda realm: True

_FACTS: Final = """
    version_info hexversion maxsize maxunicode byteorder float_info int_info hash_info flags platform
    api_version float_repr_style copyright abiflags stdlib_module_names
""".split()
for _kind in {type(getattr(sys, n)) for n in _FACTS} | {type(sys.thread_info)}:
    if _kind not in TABLE:
        if not harden(_kind):
            raise ImportError(f"guards: {host_name(_kind)} could not be made immutable")
        enter(
            _kind,
            " ".join(n for n in _kind.__dict__ if n[0] != "_") + " __match_args__",
            deny="__replace__ __new__",
        )


def _implementation(realm: Realm) -> SimpleNamespace:
    real = sys.implementation
    return SimpleNamespace(
        name=real.name, cache_tag=None, version=real.version, hexversion=real.hexversion
    )


def _fresh(make: Callable[[], Any]) -> Callable[[Realm], Any]:
    return lambda realm: make()


MODULES["sys"] = ModuleRow(
    why="facts about the language, and tables of the compartment's own",
    safe={
        **{n: getattr(sys, n) for n in _FACTS if hasattr(sys, n)},
        "version": sys.version.split()[0],
        "_git": ("CPython", "", ""),
        "executable": "",
        "prefix": "",
        "exec_prefix": "",
        "base_prefix": "",
        "base_exec_prefix": "",
        "platlibdir": "lib",
        "pycache_prefix": None,
        "builtin_module_names": (),
        "dont_write_bytecode": True,
        "ps1": ">>> ",
        "ps2": "... ",
        "stdin": None,
        "__stdin__": None,
    },
    tame=_TAMED,
    make={
        "implementation": _implementation,
        "modules": lambda realm: realm.modules,
        "argv": _fresh(lambda: [""]),
        "path": _fresh(lambda: [""]),
        **{n: _fresh(list) for n in ("meta_path", "path_hooks", "warnoptions")},
        **{n: _fresh(dict) for n in ("path_importer_cache", "_xoptions")},
        **{n: _stream for n in ("stdout", "stderr", "__stdout__", "__stderr__")},
    },
)
