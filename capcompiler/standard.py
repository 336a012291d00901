"""The standard library as guests have it: which modules, and where the source of each is.

Pure modules are compiled from the interpreter's own files and run as guest code, so none of them is
trusted. C modules come from the audited table. Modules that mix pure parts with authority are
replaced by facets: files of ours beside this one, which run as guest code too.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from guards.modules import GUEST, LIBRARY, MODULES
from guards.modules._re import ENGINE, RECORDER

__all__ = ["FACETS", "PURE", "Audited", "HostRow", "ModuleText", "Standard"]


@dataclass(frozen=True, slots=True)
class Audited:
    """A module of the audited table."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleText:
    """The source of a module, and what the guest sees as its `__file__`.

    asker: what it counts as when it imports: a program of the guest's, the library, a package.
    """

    text: str | bytes
    filename: str
    package: bool
    asker: int = GUEST


@dataclass(frozen=True, slots=True)
class HostRow:
    """A module that a host vouches for. values: data, and functions that take and give data."""

    name: str
    values: tuple[tuple[str, Any], ...]
    why: str


_LIBRARY: Final = Path(os.__file__).parent
#: The library's files by path, in a process that has read them and may open none any more: their
#: bytes, or None where no guest's module is made of it.
_ahead: dict[str, bytes | None] | None = None
#: Modules of Python that are made of a module of C without a row, and what tells since which version.
_SINCE: Final = {"opcode": "_opcode_metadata"}


def _is_there(name: str) -> bool:
    """Whether this version of Python has the module."""
    base = _LIBRARY.joinpath(*name.split("."))
    paths = base.with_suffix(".py"), base.joinpath("__init__.py")
    if _ahead is not None:
        return any(str(p) in _ahead for p in paths)
    return any(p.is_file() for p in paths)


#: Top-level modules that are Python all through and carry no authority of their own: what they
#: import is subject to this same list. Their submodules come with them.
PURE: Final = frozenset(
    name
    for name in """
    __future__ _collections_abc _compat_pickle _pydecimal _pyio _markupbase _py_abc _pydatetime
    _pylong _strptime _threading_local _weakrefset _py_warnings _colorize abc annotationlib argparse
    base64 bisect calendar cmd codecs collections colorsys configparser contextlib copy copyreg csv
    dataclasses decimal difflib enum fnmatch fractions functools genericpath getopt gettext glob
    graphlib hashlib heapq hmac html inspect ipaddress json keyword locale logging ntpath nturl2path
    numbers opcode operator optparse pathlib posixpath pprint queue quopri random re reprlib sched
    shlex sre_compile sre_constants sre_parse stat statistics string stringprep struct textwrap this
    threading token tokenize tomllib traceback typing unittest uu uuid warnings weakref wsgiref
    zoneinfo
    """.split()
    if not (name in _SINCE and _is_there(_SINCE[name]))
)
#: Of `asyncio`, what needs no more than a loop.
_ASYNCIO: Final = """
    base_futures base_tasks constants coroutines events exceptions format_helpers futures graph locks
    mixins protocols queues runners staggered taskgroups tasks timeouts transports
""".split()
#: Modules of packages whose other modules are authority.
PURE_PARTS: Final = frozenset(
    {
        "urllib",
        "urllib.parse",
        "urllib.error",
        "http",
        "http.cookies",
        "concurrent",
        "concurrent.futures",
        "concurrent.futures._base",
        *map("asyncio.".__add__, _ASYNCIO),
        "encodings.aliases",
        "encodings.idna",
        "encodings.punycode",
    }
)

_FACETS: Final = Path(__file__).parent / "facets"
#: Facets without authority, by dotted name.
FACETS: Final = frozenset(
    ".".join(p.relative_to(_FACETS).with_suffix("").parts).removesuffix(".__init__")
    for p in _FACETS.rglob("*.py")
)


class Standard:
    """The standard library as a source of modules."""

    __slots__ = ()

    def find(self, name: str) -> Audited | ModuleText | None:
        return _found(name)

    def is_there(self, name: str) -> bool:
        """Whether the interpreter has a module of this name, for guests or not."""
        if name in sys.stdlib_module_names:
            return True
        return all(p.isidentifier() for p in name.split(".")) and _is_there(name)

    def names(self) -> frozenset[str]:
        return frozenset(
            n
            for n in (*FACETS, *MODULES, *filter(_is_there, (*PURE, *PURE_PARTS)))
            if "." not in n and n[0] != "_" and n.isidentifier()
        )


@functools.lru_cache(maxsize=2048)
def _found(name: str) -> Audited | ModuleText | None:
    """A module of the standard library; read once in a process, as the interpreter reads its own."""
    parts = name.split(".")
    if not all(p.isidentifier() for p in parts):
        return None
    if name in _CHANGES:
        return _types(name) if name == "types" else _changed(name)
    if name in _TWINS:
        return _read(_LIBRARY, [_TWINS[name]], "lib")
    if name in _BEHIND_FACETS:
        return _read(_LIBRARY, [_BEHIND_FACETS[name]], "lib")
    if name in FACETS:
        return _read(_FACETS, parts, "facet")
    if name in MODULES:
        return Audited(name)
    if parts[0] in PURE or name in PURE_PARTS:
        return _read(_LIBRARY, parts, "lib")
    return None


@functools.lru_cache(maxsize=64)
def _as_it_is(name: str) -> ModuleText | None:
    return _read(_LIBRARY, name.split("."), "lib")


class Engine:
    """What compiles patterns: the real `re._compiler` over the raw engine, and nothing else."""

    __slots__ = ()

    def find(self, name: str) -> Audited | ModuleText | None:
        if name == "_sre":
            return Audited(ENGINE)
        if name == "warnings":
            return Audited(RECORDER)
        if name == "unicodedata" and name in MODULES:
            return Audited(name)
        if name == "re":
            return ModuleText("", "lib/re/__init__.py", True, LIBRARY)  # no more than its parts
        if name.startswith("re."):
            return _as_it_is(name)
        return None

    def names(self) -> frozenset[str]:
        return frozenset({"re"})


_ASKS_CODE: Final = (
    (r"getattr\((\w+), '__code__', None\)", r"_facts_of(\1, None)"),
    (r"\w+\.__code__ = \w+\.replace\(\s*co_flags=[^)]*\)", "_awaitable(func)"),
    (r"\b(\w+(?:\.\w+)*)\.__code__(?! =)", r"_facts_of(\1)"),
    (r"\Z", "\nfrom _guard_types import _awaitable, _facts_of\n"),
)
_ASKS_GLOBALS: Final = (
    (r"""getattr\((\w+), (['"])__globals__\2, (None|\{\})\)""", r"_globals_of(\1, \3)"),
    (r"""hasattr\((\w+), (['"])__globals__\2\)""", r"_globals_of(\1) is not None"),
    (r"\bunwrap\.__globals__", "_globals_of(unwrap)"),
    (r"\Z", "\nfrom _guard_types import _globals_of\n"),
)
_ASKS_FRAME: Final = (
    (r"_get_code_position\(tb\.tb_frame\.f_code, tb\.tb_lasti\)", "_position_of(tb)"),
    (r"\b(\w+)\.tb_frame\b", r"_frame_of(\1)"),
    (r"\Z", "\nfrom _guard_types import _frame_of, _position_of\n"),
)
#: What `asyncio` imports and hardly uses.
_APART: Final = (
    (r"^import threading$", "from . import _apart as threading"),
    (r"^import concurrent\.futures$", "from ._apart import concurrent"),
    (r"^import (traceback|linecache)$", r"from ._apart import \1"),
    (r"^from typing import final, Optional, Type$", "from ._apart import final, Optional, Type"),
)
#: What is changed in the source of modules that would reach for what no guest is given: pattern and
#: replacement. Each keeps the number of lines before it.
_CHANGES: Final = {
    # What waits to be said is said to the filters under which it came up.
    **dict.fromkeys(
        ("warnings", "_py_warnings"),
        (
            (
                r"(def __exit__\(self, \*exc_info\):\n +if )not self\._entered:",
                r"\1_say_waiting() or not self._entered:",
            ),
            (r"\Z", "\nfrom _guard_types import _say_waiting\n"),
        ),
    ),
    # They ask functions for their code; here they are given facts about how they are called.
    "types": _ASKS_CODE,
    # Builtin functions are methods of something here: what tells them from a guest's is said anew.
    "inspect": (
        (r"^_NonUserDefinedCallables = \(", r"_NonUserDefinedCallables = (_Standin, "),
        (r"return isinstance\(object, types\.MethodType\)$", r"\g<0> and hasattr(object, '__func__')"),
        (
            r"return isinstance\(object, types\.BuiltinFunctionType\)$",
            "return isinstance(object, (types.BuiltinFunctionType, _BuiltinStandin))",
        ),
        (
            r"if isinstance\(obj, types\.MethodType\):$",
            "if isinstance(obj, types.MethodType) and hasattr(obj, '__func__'):",
        ),
        # What reads the dictionaries of classes is a stand-in that says the same of itself.
        (
            r"type\(class_dict\) is types\.GetSetDescriptorType",
            "type(class_dict).__name__ == 'getset_descriptor'",
        ),
        (r"^import types$", "import types; from _type_objects import _Standin, _BuiltinStandin"),
        # Up to 3.12 it derives a class from one of `ast`, which takes long to make and is seldom used.
        (r"^class _ClassFinder\(ast\.NodeVisitor\):$", "class _ClassFinder:"),
        (
            r"= _ClassFinder\(qualname\)$",
            "= type('_ClassFinder', (_ClassFinder, ast.NodeVisitor), {})(qualname)",
        ),
        # The text that a builtin says of its arguments is read by defining such a function.
        (r"module = ast\.parse\(program\)", "return _signature_by_text(cls, obj, s, skip_bound_arg)"),
        (
            r"\Z",
            "\ndef _signature_by_text(cls, obj, s, skip_bound_arg):\n"
            "    names = {'sys': sys}\n"
            "    try:\n        exec(f\"def f{s.replace('$', '')}: pass\", names)\n"
            "    except NameError:\n"
            "        raise ValueError(f'{obj!r} builtin has invalid signature') from None\n"
            "    found = list(signature(names['f']).parameters.values())\n"
            "    if '$module' in s or ('$' in s and skip_bound_arg and hasattr(obj, '__self__')):\n"
            "        del found[0]\n"
            "    elif '$' in s:\n"
            "        found[0] = found[0].replace(kind=Parameter.POSITIONAL_ONLY)\n"
            "    return cls(found)\n",
        ),
        # A generator says whether it has ended; its frame is nobody's.
        (r"\b(\w+)\.(?:gi|cr|ag)_frame is None", r"_is_over(\1)"),
        (r"\Z", "\nfrom _guard_types import _is_over\n"),
        *_ASKS_CODE,
        *_ASKS_GLOBALS,
    ),
    "typing": (
        # Metaclasses here have no `__eq__`; this one is of a name that 3.14 is about to drop.
        (r"^class _UnionGenericAliasMeta\(type\):$", "class _UnionGenericAliasMeta:"),
        (r"\(metaclass=_UnionGenericAliasMeta\)", ""),
        # All that 3.11 takes from C is this, and it says what to do without.
        (r"^    from _typing import _idfunc$", "    raise ImportError"),
        *_ASKS_CODE,
        *_ASKS_GLOBALS,
    ),
    # No function is made anew around other globals: names that are not there are an error.
    "annotationlib": (
        (
            r"\Z",
            "\nfrom _guard_types import _with_names\n"
            "def call_annotate_function(annotate, format, *, owner=None, _is_evaluate=False):\n"
            "    try:\n        return annotate(format)\n"
            "    except NotImplementedError:\n        missing = {}\n"
            "    while True:\n"
            "        try:\n"
            "            found = _with_names(annotate, missing)\n"
            "            break\n"
            "        except NameError as e:\n"
            "            if format == Format.VALUE or not e.name or e.name in missing: raise\n"
            "            of = None if format == Format.STRING else owner\n"
            "            missing[e.name] = ForwardRef(e.name, owner=of)\n"
            "    if format != Format.STRING:\n        return found\n"
            "    def text(value):\n"
            "        return value.__forward_arg__ if type(value) is ForwardRef else type_repr(value)\n"
            "    if not _is_evaluate:\n"
            "        return {n: v if isinstance(v, str) else text(v) for n, v in found.items()}\n"
            "    if type(found) is not tuple:\n        return text(found)\n"
            "    return f\"({', '.join(map(text, found))})\"  # constraints\n",
        ),
        *_ASKS_GLOBALS,
    ),
    # What takes two descriptors off the class that a slotted one replaces; here they are not copied.
    "dataclasses": (
        (r"^( *)sys\._clear_type_descriptors\(cls\)$", r"\1pass"),
        (
            r"^    cls_dict = dict\(cls\.__dict__\)$",
            r"\g<0>; [cls_dict.pop(n, None) for n in ('__dict__', '__weakref__')]",
        ),
        # Functions that call `super()` say which class by a cell, which is not for guests.
        (
            r"\Z",
            "\nfrom _guard_types import _renew_class_cell as _update_func_cell_for__class__\n",
        ),
    ),
    # Where a newer version says that nothing is there, and finds nothing, what is lacking is said.
    **dict.fromkeys(
        ("pathlib", "pathlib._local"),
        (
            (
                r"return os\.path\.(l?exists|isdir|isfile|ismount|islink)\(self\)$",
                r"return os._no_files('stat') or os.path.\1(self)",
            ),
            (r"^( *)sys\.audit\(.pathlib\.Path\.r?glob., self, pattern\)$", r"\1os.scandir(self)"),
        ),
    ),
    # Data of exact builtin types goes through C at once; what makes decoders and encoders of the
    # program's own, and patterns and enumerations with them, is loaded when it is asked for.
    "json": (
        (r"^(?:lazy )?from \.(?:decoder|encoder) import .*$", ""),
        (r"^(?:lazy )?import codecs$", ""),
        (r"^(_default_\w+) = JSON(?:En|De)coder\(", r"\1 = dict("),
        (r"^( +)cls = (JSON\w+)$", r"\1cls = __getattr__('\2')"),
        (r"raise JSONDecodeError\(", "raise __getattr__('JSONDecodeError')("),
        (r"\bcodecs\.BOM", "__getattr__('codecs').BOM"),
        (
            r"\Z",
            "\nfrom _plain_json import *\n_default_encoder, _default_decoder = _plain(__getattr__)\n",
        ),
    ),
    # The width of the host's terminal.
    "argparse": (
        (r"^( *)import shutil$", r"\1pass"),
        (r"shutil\.get_terminal_size\(\)\.columns", "80"),
    ),
    # Builtin functions are methods of something here; they are no more copied than elsewhere.
    "copy": (
        (r"return type\(x\)\(x\.__func__, .*$", r"\g<0> if hasattr(x, '__func__') else x"),
        (
            r"\Z",
            "\nif '_copy_dispatch' in globals():\n    _copy_dispatch[type(len)] = lambda x: x\n"
            "else:\n    _copy_atomic_types = _copy_atomic_types | {type(len)}\n",
        ),
    ),
    # Of OpenSSL it takes the one function that is worked out at once and paid for.
    # Bytes in memory are taken whole, and files are read, since nothing here lends or fills a buffer.
    "hashlib": (
        (r"^( *)from _hashlib import pbkdf2_hmac$", r"\1from _guard_hash import pbkdf2_hmac"),
        (
            r'hasattr\(fileobj, "getbuffer"\)',
            'isinstance(getattr(fileobj, "getvalue", str)(), bytes)',
        ),
        (r"fileobj\.getbuffer\(\)", "fileobj.getvalue()"),
        (
            r'hasattr\(fileobj, "readinto"\)',
            r'(\g<0> or (getattr(fileobj, "readable", bool)()'
            r' and isinstance(getattr(fileobj, "read", str)(0), bytes)))',
        ),
        (
            r"size = fileobj\.readinto\(buf\)",
            r"\g<0> if hasattr(fileobj, 'readinto') else len(view := fileobj.read(_bufsize))",
        ),
    ),
    # Of the event loop it takes a mark and a question; of `pkgutil` what finds an object by its name.
    "unittest.mock": (
        (r"^import asyncio$", "import _mocked as asyncio"),
        (r"^from asyncio import iscoroutinefunction$", "from _mocked import iscoroutinefunction"),
        (r"^import pkgutil$", "import _mocked as pkgutil"),
        (r"^( *)import _io$", r"\1import io as _io"),
        # What stands for the code of a coroutine function has flags, which are the facts here.
        (r"NonCallableMock\(spec_set=(?:CodeType|_CODE_ATTRS)\)", "NonCallableMock()"),
    ),
    # The loop that runs is the program's own, or that of the coroutine which the host runs.
    "asyncio.events": (
        (r"^import (?:os|signal|socket|subprocess)$", ""),
        (r"\bsocket\.AF_UNSPEC\b", "0"),
        (r"\bsocket\.AI_PASSIVE\b", "1"),
        (r"\bsubprocess\.PIPE\b", "-1"),
        (
            r"from \.(?:unix_events)? import (_?DefaultEventLoopPolicy)$",
            r"from ._loop import Policy as \1",
        ),
        (r"^if hasattr\(os, 'fork'\):$", "if False:"),
        (
            r"\Z",
            # A turn that is stopped says nothing of its end: what ran in it runs no more.
            "\nfrom _guard_types import _kept_for_turn\n"
            "_running = _kept_for_turn()\n"
            "def _get_running_loop():\n    return _running[-1] if _running else _loop.loop_of_turn()\n"
            "def _set_running_loop(loop):\n    _running[:] = () if loop is None else (loop,)\n"
            "_py__get_running_loop, _py__set_running_loop = _get_running_loop, _set_running_loop\n"
            "from . import _loop\n",
        ),
        *_APART,
    ),
    # Signals are the host's.
    "asyncio.runners": (
        (r"^import signal$", ""),
        (r"\bthreading\.current_thread\(\) is threading\.main_thread\(\)", "False"),
        *_APART,
    ),
    # A task may wait for what the host answers later, and goes on with the answer.
    "asyncio.tasks": (
        (r"\bcoro\.send\(None\)$", "coro.send(events._loop.came_for(self))"),
        (
            r"^( *)blocking = getattr\(result, '_asyncio_future_blocking', None\)$",
            r"\1result = events._loop.waits_for(self, result)\n\g<0>",
        ),
        *_APART,
    ),
    # A variable of the environment says whether it debugs.
    "asyncio.coroutines": (
        (r"^import os$", ""),
        (r"\Z", "\ndef _is_debug_mode():\n    return False\n"),
        *_APART,
    ),
    "asyncio.futures": ((r"^import logging$", ""), (r"\blogging\.DEBUG - 1\b", "9"), *_APART),
    **dict.fromkeys(
        map("asyncio.".__add__, "base_tasks format_helpers mixins timeouts".split()), _APART
    ),
    # It times tests by a clock, and waits for Ctrl-C, which is the host's.
    "unittest.case": ((r"^import time$", "import _undated as time"),),
    "unittest.runner": ((r"^import time$", "import _undated as time"),),
    "unittest.result": (
        (
            r"return '__unittest' in tb\.tb_frame\.f_globals$",
            "return getattr(_frame_of(tb), 'f_globals', {}).get('__name__', '').startswith('unittest.')",
        ),
        *_ASKS_FRAME,
    ),
    "unittest.signals": ((r"^import signal$", "signal = None"),),
    # What it registers for the end of the process waits for an end that is the host's.
    "weakref": ((r"^( +)import atexit\n +atexit\.register\(self\._exitfunc\)$", r"\1pass\n"),),
    # It imports `os`, which takes names from it; elsewhere `os` is there before everything.
    "genericpath": ((r"^import os$", ""), (r"\Z", "\nimport os\n")),
    # The C of Decimal knows the host's `numbers.Rational` only; so the comparison is made here.
    "fractions": (
        (r'^        """a == b"""$', '        """a == b"""; b = _exact(b)'),
        (
            r"^        # convert other to a Rational instance where reasonable\.$",
            "        other = _exact(other)",
        ),
        (
            r"\Z",
            "\n\ndef _exact(x):\n    if not hasattr(x, 'as_tuple'):\n        return x\n"
            "    return Fraction(x) if x.is_finite() else float(x)\n",
        ),
    ),
    # A `__new__` of C has no `__self__` here; what is not from a class statement says so by its flags.
    "copyreg": ((r"isinstance\(new, _new_type\) and new\.__self__ is base", "False"),),
    # It takes frames apart; here it is given facts about them.
    "traceback": (
        # Where in a line the carets go: no tree, so under the whole piece.
        (r"\bast\.parse\(.*\)$", "_no_tree()"),
        (r"\Z", "\ndef _no_tree():\n    raise SyntaxError\n"),
        *_ASKS_FRAME,
    ),
    # It dates its records (without a clock, at the beginning of 1970), looks at frames for who called
    # (nobody it may name), and waits for the end of the process (which is the host's).
    "logging": (
        (r"(?<=^import sys, os,) time,(.*)$", r"\1; import _undated as time"),
        (r"os\.path\.normcase\(addLevelName\.__code__\.co_filename\)", "None"),
        (r"^import atexit\natexit\.register\(shutdown\)$", "\n"),
        *_ASKS_FRAME,
    ),
}


#: Modules of C that do what a module of Python does, and are that module here.
_BEHIND_FACETS: Final = {"_ast_whole": "ast", "_ast_unparse": "_ast_unparse"}  # the last: 3.14
_TWINS: Final = {"_bisect": "bisect", "_heapq": "heapq"}


def _changed(name: str) -> ModuleText | None:
    found = _read(_LIBRARY, name.split("."), "lib")
    if found is None:
        return None
    text = found.text if isinstance(found.text, str) else found.text.decode()
    for pattern, replacement in _CHANGES[name]:
        text = re.sub(pattern, replacement, text, count=0, flags=re.MULTILINE)
    return replace(found, text=text)


def _types(name: str) -> ModuleText | None:
    """`types`, which finds its classes by taking frames, code and cells apart: up to 3.13 always, since
    then where a program would not have it load `_types`."""
    found = _changed(name)
    if found is None:
        return None
    text = str(found.text)
    first = "except ImportError:" if "from _types import *" in text else "import sys\n"
    start = text.index(first)
    end = text.index("\n", text.index("del sys,"))
    taken = f"{'except ImportError: ' if first[0] == 'e' else ''}from _type_objects import *"
    lines = "\n" * text[start:end].count("\n")
    return replace(found, text=f"{text[:start]}{taken}{lines}{text[end:]}")


def _read(root: Path, parts: list[str], shown: str) -> ModuleText | None:
    base = root.joinpath(*parts)
    for path, package in ((base / "__init__.py", True), (base.with_suffix(".py"), False)):
        try:
            text = path.read_bytes() if _ahead is None else _ahead.get(str(path))
        except OSError:
            continue
        if text is None:
            continue
        return ModuleText(text, f"{shown}/{path.relative_to(root).as_posix()}", package, LIBRARY)
    return None


def read_ahead() -> None:
    """Read whatever guests' modules are made of, for a process that will be allowed to open nothing."""
    global _ahead
    found: dict[str, bytes | None] = dict.fromkeys(
        str(p) for p in _LIBRARY.rglob("*.py") if "site-packages" not in p.parts
    )
    wanted = {p for p in found if _is_read(Path(p).relative_to(_LIBRARY))}
    for path in (*map(Path, wanted), *_FACETS.rglob("*.py")):
        found[str(path)] = path.read_bytes()
    _ahead = found


def library_text(filename: str) -> ModuleText | None:
    """The module of the library that a guest sees under this `__file__`."""
    shown, _, rest = filename.partition("/")
    name = rest.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    found = Standard().find(name) if shown in ("lib", "facet") else None
    return found if type(found) is ModuleText and found.filename == filename else None


def _is_read(path: Path) -> bool:
    parts = path.with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return parts[0] in PURE or name in PURE_PARTS or name in _CHANGES or name in _BEHIND_FACETS.values()
