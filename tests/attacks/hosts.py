"""The host that the attacks run against: what it grants, and what no guest may ever touch."""

from __future__ import annotations

import builtins
import collections
import collections.abc
import csv
import datetime
import decimal
import functools
import itertools
import json
import json.decoder
import json.encoder
import locale
import math
import operator
import os
import random
import string
import sys
import threading
import types
import warnings
from collections.abc import Callable, Mapping

from capcompiler import expose
from stdlib_caps import Database, FrozenClock, MemoryDir

__all__ = [
    "CALLBACKS",
    "CANARY",
    "FORBIDDEN_TEXTS",
    "KEPT",
    "SECRET",
    "Door",
    "caps",
    "differences",
    "snapshot",
]

CANARY = ["alive"]
SECRET = "s3cret-of-the-host"  # noqa: S105  # nothing to guard: the attacks look for it
KEPT: list[object] = []
CALLBACKS: list[Callable[..., object]] = []

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What no message, output or value that comes from a guest may contain.
FORBIDDEN_TEXTS = (
    SECRET,
    ROOT + os.sep,
    os.path.dirname(os.__file__) + os.sep,
    "site-packages",
    "hosts.py",
)


class HostError(RuntimeError):
    """An error of the host's own, which carries what a guest must not see."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.secret = SECRET
        self.door = Door()
        self.add_note(SECRET)


class HostLookupError(LookupError):
    """A host's own kind of a builtin error."""


class Door:
    """A host object, of which the guest gets a part."""

    def __init__(self) -> None:
        self.name = "front"
        self.label = ""
        self.secret = SECRET

    def ping(self) -> str:
        return "pong"

    def echo(self, value: object) -> object:
        return value

    def steal(self) -> str:
        return SECRET

    def __repr__(self) -> str:
        return f"Door({SECRET})"


def fn(*args: object, **kwargs: object) -> None:
    """A host function that does nothing. Its attributes are not the guest's."""


fn.secret = SECRET  # type: ignore[attr-defined]


async def afn() -> int:
    """A host coroutine function."""
    return 1


def kind(value: object) -> str:
    return type(value).__name__


def kinds(value: object) -> list[str]:
    """The exact types met in a walk of `value`, outermost first."""
    found = [type(value).__name__]
    if isinstance(value, dict):
        for key, item in value.items():
            found += kinds(key) + kinds(item)
            break
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            found += kinds(item)
    return found


def call(function: Callable[..., object], *args: object) -> object:
    return function(*args)


def swallow(function: Callable[..., object]) -> None:
    try:
        function()
    except BaseException:  # noqa: S110  # the careless host of pit 3
        pass


def keep(value: object) -> None:
    KEPT.append(value)


def keep_callback(function: Callable[..., object]) -> None:
    CALLBACKS.append(function)


def mutate(value: list[object]) -> None:
    value.append("from the host")


def fail() -> None:
    raise HostError(SECRET)


def fail_with_object() -> None:
    raise HostError(Door())


def fail_with_path() -> None:
    with open(os.path.join(ROOT, SECRET)):
        pass


def fail_with_group() -> None:
    raise ExceptionGroup(SECRET, [HostError(SECRET)])


def fail_with_exit() -> None:
    raise SystemExit(SECRET)


def fail_with_cause() -> None:
    try:
        fail()
    except HostError as error:
        raise ValueError("clean") from error


def fail_with_key() -> None:
    table: dict[object, object] = {}
    table[Door()]


def fail_with_subclass() -> None:
    raise HostLookupError(SECRET)


def refuse(text: str) -> None:
    raise ValueError(text)


def give_object() -> object:
    return Door()


def give_module() -> object:
    return os


def give_function() -> Callable[..., object]:
    return refuse


def give_method() -> Callable[..., object]:
    return Door().ping


def give_canary() -> list[str]:
    return CANARY


def caps() -> dict[str, object]:
    """What every attack is handed, made anew for each run."""
    return {
        "door": expose(Door(), "ping", "echo", read=("name",), write=("label",)),
        "data": {"xs": [1, 2, 3]},
        "files": MemoryDir({"a.txt": "inside", "sub/b.txt": "below"}),
        "db": Database.in_memory("create table t(x); insert into t values (1)"),
        "clock": FrozenClock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
        **{
            function.__name__: function
            for function in (
                fn,
                kind,
                kinds,
                call,
                swallow,
                keep,
                keep_callback,
                mutate,
                fail,
                fail_with_object,
                fail_with_path,
                fail_with_group,
                fail_with_exit,
                fail_with_cause,
                fail_with_key,
                fail_with_subclass,
                refuse,
                give_object,
                give_module,
                give_function,
                give_method,
                give_canary,
                afn,
            )
        },
    }


WATCHED_TYPES = (
    object,
    type,
    int,
    bool,
    float,
    complex,
    str,
    bytes,
    bytearray,
    list,
    tuple,
    dict,
    set,
    frozenset,
    range,
    slice,
    property,
    classmethod,
    staticmethod,
    super,
    BaseException,
    Exception,
    ValueError,
    PermissionError,
    types.FunctionType,
    types.GeneratorType,
    types.ModuleType,
    collections.Counter,
    collections.OrderedDict,
    collections.UserDict,
    collections.deque,
    collections.defaultdict,
    collections.abc.Mapping,
    datetime.date,
    datetime.datetime,
    decimal.Decimal,
    functools.partial,
    functools.singledispatchmethod,
    json.JSONEncoder,
    json.JSONDecoder,
    string.Template,
    string.Formatter,
    random.Random,
    threading.Thread,
    Door,
)
WATCHED_MODULES = (
    builtins,
    collections,
    datetime,
    functools,
    itertools,
    json,
    json.decoder,
    json.encoder,
    math,
    operator,
    os,
    random,
    string,
    types,
)


def snapshot() -> Mapping[str, object]:
    """Everything of the host that a guest must leave as it is, by name."""
    state: dict[str, object] = {
        "canary": list(CANARY),
        "kept": list(KEPT),
        "environment": dict(os.environ),
        "working directory": os.getcwd(),
        "files beside": sorted(os.listdir()),
        "modules": {name: id(module) for name, module in list(sys.modules.items())},
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "digits limit": sys.get_int_max_str_digits(),
        "trace": sys.gettrace(),
        "profile": sys.getprofile(),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "hooks": hooks(),
        "path": (list(sys.path), list(map(id, sys.meta_path)), list(map(id, sys.path_hooks))),
        "async generator hooks": tuple(sys.get_asyncgen_hooks()),
        "warning filters": list(warnings.filters),
        "decimal context": repr(decimal.getcontext()),
        "csv": (csv.field_size_limit(), csv.list_dialects()),
        "locale": locale.setlocale(locale.LC_ALL),
        "random": hash(random.getstate()),
        "threads": threading.active_count(),
        "function attributes": dict(vars(fn)),
    }
    for kind_ in WATCHED_TYPES:
        state[f"type {kind_.__qualname__}"] = _identities(vars(kind_))
    for module in WATCHED_MODULES:
        state[f"module {module.__name__}"] = _identities(vars(module))
    return state


def hooks() -> tuple[object, ...]:
    return sys.excepthook, sys.displayhook, sys.unraisablehook, sys.breakpointhook


def _identities(names: Mapping[str, object]) -> tuple[object, ...]:
    """What a namespace holds, in its order and by identity: all cases ask this, of many namespaces."""
    return tuple(names), tuple(map(id, names.values()))


def differences(before: Mapping[str, object]) -> list[str]:
    """The names of what has changed since `before`."""
    after = snapshot()
    return [f"{name} of the host changed" for name in before if before[name] != after[name]]
