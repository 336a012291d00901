"""`_guard_re` and `_sre`: regular expressions.

The engine runs code of its own, which `re._compiler` makes. A guest could change that module, so the
module that makes what the engine runs is another copy, in a realm of its own that shares nothing with
the guest but its budget. Text goes in; a pattern, which nobody can change, comes out.
The engine backtracks in C, where nobody can stop it; guards.patterns says what that may cost before.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import re
import sys
import threading
from collections import OrderedDict
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.call import callable_for_c
from guards.charge import feed, size_of
from guards.host import host_exact_str, host_lookup, host_name
from guards.modules.table import MODULES, ModuleRow, index_of, module_dict, tamed_in
from guards.patterns.price import EACH, FULL, MATCH, SEARCH, entered, pay
from guards.tamed import enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.realm import Realm

__all__ = ["ENGINE"]

#: The name of the row that holds the raw engine. It is no identifier, so no import can spell it.
ENGINE: Final = "cap:sre"
#: The name of the row that stands for `warnings` there, and keeps what was warned of.
RECORDER: Final = "cap:recorder"
_CACHE_SIZE: Final = 2048
_cache: OrderedDict[Any, Any] = OrderedDict()
_lock: Final = threading.Lock()
_CASES: Final = ("unicode_iscased", "unicode_tolower", "ascii_iscased", "ascii_tolower")
_CONSTANTS: Final = {n: getattr(_sre, n) for n in ("MAGIC", "CODESIZE", "MAXREPEAT", "MAXGROUPS")}
_FUNCTIONS: Final = {n: getattr(_sre, n) for n in _CASES}


def _warn(realm: Realm, message: Any, category: Any = UserWarning, *_args: Any, **_kwargs: Any) -> None:
    realm.keep["heard"].append((host_name(category), str(message)))


def _compile_raw(realm: Realm, text: Any, flags: int, code: list[int], *groups: Any) -> Any:
    made = _sre.compile(text, flags, code, *groups)
    realm.meter.charge(entered(made, list(map(int, code)), type(text) is str))
    return made


MODULES[ENGINE] = ModuleRow(
    why="the raw engine, for the copy of re._compiler that no guest can reach",
    safe={**_CONSTANTS, **_FUNCTIONS},
    tame={"compile": _compile_raw},
)
MODULES[RECORDER] = ModuleRow(why="keeps what the pattern parser warns of", tame={"warn": _warn})


def _engine(realm: Realm) -> Any:
    """The realm that compiles patterns for this one, and its `re._compiler.compile`."""
    found = realm.keep.get("engine")
    if found is None:
        inner = realm.make_engine()
        # What loading takes is not the guest's to pay: it depends on what ran before.
        before = realm.meter.used
        compiler = inner.importer("re._compiler", 0, "", True)
        errors = inner.importer("re._constants", 0, "", True)
        realm.meter.refund(realm.meter.used - before)
        found = (inner, module_dict(compiler)["compile"], module_dict(errors)["error"])
        realm.keep["engine"] = found
    return found


def _compiled(realm: Realm, text: Any, flags: int) -> tuple[Any, Any, Any]:
    key = (type(text), text, flags)
    with _lock:
        known = _cache.get(key)
        if known is not None:
            _cache.move_to_end(key)
    if known is not None:
        realm.meter.charge(known[0])
        return known[1]  # type: ignore[no-any-return]
    inner, compile, error = _engine(realm)
    heard: list[Any] = []
    inner.keep["heard"] = heard
    before = realm.meter.used
    made: Any = None
    problem: Any = None
    failed: Any = None
    try:
        made = compile(text, flags)
    except error as e:
        problem = (str(e.msg), e.pos)
    except (OverflowError, RecursionError, ValueError, TypeError, RuntimeError) as e:
        failed = (type(e), str(e))
    if failed is not None:
        raise failed[0](failed[1])
    outcome = (made, problem, tuple(heard))
    if len(text) < 10_000:
        with _lock:
            _cache[key] = (realm.meter.used - before, outcome)
            while len(_cache) > _CACHE_SIZE:
                _cache.popitem(last=False)
    return outcome


_TAMED: dict[str, Callable[..., Any]] = {}


@tamed_in(_TAMED)
def _compile(realm: Realm, pattern: Any, flags: Any, /) -> Any:
    if issubclass(type(pattern), str):
        text: Any = host_exact_str(pattern)
    elif issubclass(type(pattern), bytes):
        text = bytes(memoryview(pattern))
    else:
        raise TypeError("first argument must be string or compiled pattern")
    realm.meter.charge(len(text))
    number = index_of(flags) & ~(re.DEBUG.value | re.LOCALE.value)
    return _compiled(realm, text, number)


MODULES["_guard_re"] = ModuleRow(why="text to patterns, which are immutable", tame=_TAMED)


# Patterns and matches

_PATTERN: Final = type(re.compile(""))
_MATCH: Final[Any] = type(re.match("", ""))
_SCANNER: Final = type(re.compile("").scanner(""))  # type: ignore[attr-defined]


def _priced(
    realm: Realm, pattern: Any, subject: Any, how: int,
    start: int = 0, stop: int | None = None, limit: int = 0, *, keep: bool = False,
) -> Any:  # fmt: skip
    """The text to match in, with what the match may cost paid for. keep: whether the guest's code
    runs before the match is over; what it could change meanwhile is a copy."""
    kind = type(subject)
    size = size_of(subject)
    if size is None:
        return subject  # refused by the engine
    text: Any = subject
    if kind is not str and kind is not bytes:
        if issubclass(kind, str):
            text = host_exact_str(subject)
            realm.meter.charge(len(text) >> 5)
        else:
            text = bytes(memoryview(subject))
            realm.meter.charge_bytes(len(text))
            if not keep:
                subject = text
    if type(pattern.pattern) is type(text):
        pay(realm, pattern, text, len(text), how, start, stop, limit)
    return subject


def _matcher(name: str, how: int) -> Any:
    raw = getattr(_PATTERN, name)
    later = how == EACH

    def tamed(realm: Realm, pattern: Any, string: Any, pos: Any = 0, endpos: Any = sys.maxsize) -> Any:
        if type(pattern) is not _PATTERN:
            raise TypeError(f"descriptor {name!r} requires a 're.Pattern' object")
        start, stop = _place(pos), _place(endpos)
        return raw(
            pattern, _priced(realm, pattern, string, how, start, stop, keep=not later), start, stop
        )

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


def _place(value: Any) -> int:
    return min(max(index_of(value), -sys.maxsize), sys.maxsize)


def _findall(realm: Realm, pattern: Any, string: Any, pos: Any = 0, endpos: Any = sys.maxsize) -> Any:
    if type(pattern) is not _PATTERN:
        raise TypeError("descriptor 'findall' requires a 're.Pattern' object")
    start, stop = _place(pos), _place(endpos)
    realm.meter.charge_bytes((size_of(string) or 0) * 8)
    return _PATTERN.findall(
        pattern, _priced(realm, pattern, string, EACH, start, stop, keep=True), start, stop
    )


def _split(realm: Realm, pattern: Any, string: Any, maxsplit: Any = 0) -> Any:
    if type(pattern) is not _PATTERN:
        raise TypeError("descriptor 'split' requires a 're.Pattern' object")
    most = _place(maxsplit)
    realm.meter.charge_bytes((size_of(string) or 0) * 8)
    if most >= 0:
        string = _priced(realm, pattern, string, EACH, limit=most, keep=True)
    return _PATTERN.split(pattern, string, most)


#: A substitution whose result cannot be longer than this runs without looking at each match.
_SMALL: Final = 1 << 20


def _template(realm: Realm, pattern: Any, text: Any) -> Any:
    """A template such as `\\\\1-\\\\2` as pieces of text and numbers of groups, read by the guest's own
    `re._parser`."""
    parser = realm.importer("re._parser", 0, "", True)
    found = callable_for_c(realm, read(realm, parser, "parse_template"))(text, pattern)
    exact = str if type(text) is str or issubclass(type(text), str) else bytes
    if type(found) is tuple:  # up to 3.11: (group places, literals)
        groups, literals = found
        pieces = list(feed(realm, literals))
        for place, group in feed(realm, groups):
            pieces[index_of(place)] = index_of(group)
    else:
        pieces = list(feed(realm, found))
    out: list[Any] = []
    for piece in pieces:
        if issubclass(type(piece), exact):
            out.append(exact(piece))
        elif issubclass(type(piece), int):
            out.append(int.__index__(piece))
        elif piece is not None:
            raise TypeError("a template is text and numbers of groups")
    return exact(), out


def _expand(state: Any, match: Any) -> Any:
    realm, empty, pieces, made = state
    parts = []
    for piece in pieces:
        if type(piece) is int:
            piece = _MATCH.group(match, piece)
            if piece is None:
                continue
        parts.append(piece)
    total = sum(map(len, parts))
    made[0] += total
    realm.meter.charge_bytes(made[0])
    return empty.join(parts)


def _replacement(realm: Realm, pattern: Any, repl: Any, size: int) -> Any:
    if not issubclass(type(repl), (str, bytes)):
        if issubclass(type(repl), (bytearray, memoryview)):
            repl = bytes(repl)
        elif host_lookup(type(repl), "__call__")[0] is None:
            # The library would hash it, to look whether it knows this template.
            name = host_name(type(repl))
            raise TypeError(f"decoding to str: need a bytes-like object, {name} found")
        else:
            return callable_for_c(realm, repl)
    text = host_exact_str(repl) if issubclass(type(repl), str) else bytes(memoryview(repl))
    slash: Any = "\\" if type(text) is str else b"\\"
    if slash not in text:
        if (size + 1) * len(text) <= _SMALL:
            return text
        return MethodType(_expand, (realm, text[:0], [text], [0]))
    empty, pieces = _template(realm, pattern, text)
    return MethodType(_expand, (realm, empty, pieces, [0]))


def _substitute(name: str) -> Any:
    raw = getattr(_PATTERN, name)

    def tamed(realm: Realm, pattern: Any, repl: Any, string: Any, count: Any = 0) -> Any:
        if type(pattern) is not _PATTERN:
            raise TypeError(f"descriptor {name!r} requires a 're.Pattern' object")
        size = size_of(string) or 0
        realm.meter.charge_bytes(size * 8)
        replacement = _replacement(realm, pattern, repl, size)
        most = _place(count)
        string = _priced(realm, pattern, string, EACH, limit=max(most, 0))
        return raw(pattern, replacement, string, most)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


def _expand_match(realm: Realm, match: Any, template: Any, /) -> Any:
    if not issubclass(type(template), (str, bytes)):
        raise TypeError("expected a string or bytes")
    empty, pieces = _template(realm, match.re, template)
    realm.meter.charge_bytes(len(template) * (len(match.string) + 1) if len(template) > 64 else 0)
    return _expand((realm, empty, pieces, [0]), match)


def _groupindex(realm: Realm, pattern: Any) -> Any:
    proxy = read(realm, realm.importer("_type_objects", 0, "", True), "MappingProxyType")
    return callable_for_c(realm, proxy)(dict(pattern.groupindex))


def _groups(realm: Realm, match: Any, args: Any, kwargs: Any) -> Any:
    realm.meter.charge(match.re.groups >> 2)
    return args


enter(
    _PATTERN,
    "pattern flags groups __copy__ __deepcopy__",
    tame={
        **{n: _matcher(n, MATCH) for n in ("match", "prefixmatch") if hasattr(_PATTERN, n)},
        "fullmatch": _matcher("fullmatch", FULL),
        "search": _matcher("search", SEARCH),
        "finditer": _matcher("finditer", EACH),
        "scanner": _matcher("scanner", EACH),
        "findall": _findall,
        "split": _split,
        "sub": _substitute("sub"),
        "subn": _substitute("subn"),
    },
    reads={"groupindex": _groupindex},
    deny="__new__",
)
enter(
    _MATCH,
    "string re pos endpos lastindex lastgroup regs group start end span __copy__ __deepcopy__",
    cost={"groups": _groups, "groupdict": _groups},
    tame={"expand": _expand_match},
    deny="__new__",
)
enter(_SCANNER, "match prefixmatch search pattern", deny="__new__")


def _template_312(realm: Realm, pattern: Any, template: Any, /) -> Any:
    raise PermissionError("_sre.template is not granted: Pattern.sub and Match.expand read templates")


MODULES["_sre"] = ModuleRow(
    why="facts about characters; the engine itself is behind `re`",
    safe={**_CONSTANTS, **_FUNCTIONS},
    tame={"template": _template_312},
)
