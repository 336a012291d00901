"""`_markup`: the three steps that a template takes for each thing that it puts out, written here for
speed: text made safe for HTML, a name looked up, a method called.

Stops nothing by itself: what is not exact plain data goes to the guest's own functions, and reading
goes by `guards.attribute.read` as every read of a guest's does. Names with an underscore in front are
never looked up here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.call import callable_for_c
from guards.charge import feed
from guards.host import host_exact_str
from guards.modules.table import MODULES, ModuleRow, tamed_in

if TYPE_CHECKING:
    from guards.realm import Realm

try:  # in C; looked up by name, since not every version of the library has it
    _c_escape: Any = getattr(import_module("markupsafe._speedups"), "_escape_inner", None)
except ImportError:
    _c_escape = None

__all__: list[str] = []

_row: Final[dict[str, Any]] = {}
_PLAIN: Final = frozenset({str, int, float, list, tuple, dict, set, frozenset, bytes})
#: Numbers whose text is short.
_SHORT: Final = 2**63
#: Characters of a text that is made safe for nothing.
_FREE: Final = 600
_TOLD: Final = frozenset({str, int, float})
_KEYS: Final = frozenset({str, int})
_TEXT: Final = frozenset({str})
_DICT: Final = frozenset(dir(dict))
#: Names that the environment's own way of reading is asked for: texts that would be filled in, and, as
#: in Jinja2's sandbox, what leads on from suspended code.
_ASKED: Final = frozenset("format format_map gi_frame gi_code cr_frame cr_code ag_frame ag_code".split())
_MISSING: Final = object()


def _entities(text: str) -> str:
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if "'" in text:
        text = text.replace("'", "&#39;")
    if '"' in text:
        text = text.replace('"', "&#34;")
    return text


_safe: Final[Callable[[str], str]] = _entities if _c_escape is None else _c_escape


def _safe_text(realm: Realm, text: str) -> str:
    """An exact text with the characters that HTML gives a meaning written as entities."""
    size = len(text)
    if size > _FREE:
        special = sum(map(text.count, "&<>'\""))
        realm.meter.charge(size >> 8)
        realm.meter.charge_bytes(size + 5 * special)
    return _safe(text)


@tamed_in(_row)
def _escape_inner(realm: Realm, text: Any, /) -> str:
    """markupsafe's function of this name."""
    if type(text) is not str:
        raise TypeError("wanted an exact str")
    return _safe_text(realm, text)


_row["_escape_inner"] = _row.pop("escape_inner")


@tamed_in(_row)
def _concat(realm: Realm, chunks: Any, /) -> Any:
    """The chunks of a template as one text; paid for by their number and their size."""
    parts = list(feed(realm, chunks))
    if not _TEXT.issuperset(map(type, parts)):
        if not all(issubclass(type(part), str) for part in parts):
            raise TypeError("a chunk of a template is no text")
        parts = [host_exact_str(part) for part in parts]
    realm.meter.charge_bytes(sum(map(len, parts)))
    return "".join(parts)


# What these make are methods, bound to the realm: a function of ours would take attributes, since stores
# on plain names have no guard.


def _ours(realm: Realm, function: Any) -> Any:
    return MethodType(function, realm)


@tamed_in(_row)
def _escaping(realm: Realm, other: Any, kind: Any, /) -> Any:
    """A callable that gives the safe text of a value: of plain data, of an instance of exactly `kind`, a
    class of the guest's for text that is safe already, and what `other` gives for anything else."""
    return _writer(realm, callable_for_c(realm, other), _text_class(realm, kind))


def _text_class(realm: Realm, kind: Any) -> Any:
    if not issubclass(type(kind), type) or not realm.is_guest_class(kind) or not issubclass(kind, str):
        raise TypeError("wanted a class of the guest's that derives from str")
    return kind


@tamed_in(_row)
def _showing(realm: Realm, other: Any, /) -> Any:
    """A callable that gives the text of plain data, and what `other` gives for anything else."""
    return _writer(realm, callable_for_c(realm, other), None)


def _writer(realm: Realm, slow: Any, marked: Any, name: str | None = None, find: Any = None,
            missing: Any = None) -> Any:  # fmt: skip
    """What gives the text of a value, safe text unless `marked` is None. name: of what is put out of the
    value in place of the value itself; `find` and `missing` are those of `naming` for it."""
    in_dict = name is not None and _is_plain(name) and name not in _DICT

    def write(_: Any, value: Any, /) -> Any:
        if name is not None:
            if in_dict and type(value) is dict:
                found = value.get(name, _MISSING)
                value = missing(value, name) if found is _MISSING else found
            else:
                value = find(None, value)
        kind = type(value)
        if kind is str:
            if marked is None:
                return value
            return _safe(value) if len(value) <= _FREE else _safe_text(realm, value)
        if kind is marked:
            return str.__str__(value)
        if kind is float or (kind is int and -_SHORT < value < _SHORT):
            return str(value)
        return slow(value)

    write.__name__ = "shown" if marked is None else "escaped"
    return _ours(realm, write)


@tamed_in(_row)
def _reading(realm: Realm, other: Any, absent: Any, /) -> Any:
    """A callable that gives what a name stands for: in a plain dict its item, or what `absent` gives for
    one that is not there; of an object its attribute; and what `other` gives for anything else."""
    slow, missing = callable_for_c(realm, other), callable_for_c(realm, absent)

    def attribute(_: Any, obj: Any, name: Any, /) -> Any:
        kind = type(obj)
        if type(name) is str and _is_plain(name):
            if kind is dict:
                if name not in _DICT:
                    found = obj.get(name, _MISSING)
                    return missing(obj, name) if found is _MISSING else found
            elif kind not in _PLAIN and not issubclass(kind, type):  # of classes, `mro` is refused
                try:
                    return read(realm, obj, name)
                except AttributeError:
                    pass
        return slow(obj, name)

    return _ours(realm, attribute)


@tamed_in(_row)
def _naming(realm: Realm, other: Any, absent: Any, /) -> Any:
    """A callable that gives, for a name, what `reading` makes for all names."""
    slow, missing = callable_for_c(realm, other), callable_for_c(realm, absent)

    def naming(_: Any, name: Any, /) -> Any:
        if type(name) is not str:
            raise TypeError("wanted an exact str")
        realm.meter.charge(1)
        return _ours(realm, _finder(realm, name, slow, missing))

    return _ours(realm, naming)


@tamed_in(_row)
def _putting(realm: Realm, other: Any, absent: Any, text: Any, kind: Any, /) -> Any:
    """A callable that gives, for a name, what puts out what `naming` finds under it: by `escaping` of
    `text` and `kind`, or by `showing` where that is None."""
    slow, missing = callable_for_c(realm, other), callable_for_c(realm, absent)
    told, marked = callable_for_c(realm, text), None if kind is None else _text_class(realm, kind)

    def putting(_: Any, name: Any, /) -> Any:
        if type(name) is not str:
            raise TypeError("wanted an exact str")
        realm.meter.charge(1)
        return _writer(realm, told, marked, name, _finder(realm, name, slow, missing), missing)

    return _ours(realm, putting)


def _is_plain(name: str) -> bool:
    return name[:1] != "_" and name not in _ASKED


def _finder(realm: Realm, name: str, slow: Any, missing: Any) -> Any:
    plain = _is_plain(name)
    in_dict = plain and name not in _DICT

    def attribute(_: Any, obj: Any, /) -> Any:
        kind = type(obj)
        if kind is dict:
            if in_dict:
                found = obj.get(name, _MISSING)
                return missing(obj, name) if found is _MISSING else found
        elif plain and kind not in _PLAIN and not issubclass(kind, type):  # as in `reading`
            try:
                return read(realm, obj, name)
            except AttributeError:
                pass
        return slow(obj, name)

    return attribute


@tamed_in(_row)
def _taking(realm: Realm, other: Any, /) -> Any:
    """A callable that gives an item of plain data, and what `other` gives for anything else."""
    slow = callable_for_c(realm, other)

    def item(_: Any, obj: Any, key: Any, /) -> Any:
        kind = type(obj)
        if kind is dict:
            if type(key) in _KEYS and (found := obj.get(key, _MISSING)) is not _MISSING:
                return found
        elif (kind is list or kind is tuple) and type(key) is int and -len(obj) <= key < len(obj):
            return obj[key]
        return slow(obj, key)

    return _ours(realm, item)


@tamed_in(_row)
def _calling(realm: Realm, other: Any, /) -> Any:
    """A callable that calls a method of plain data, and `other` for anything else."""
    slow = callable_for_c(realm, other)

    def method(_: Any, context: Any, obj: Any, name: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(obj) in _PLAIN and type(name) is str and name[:1] != "_" and name not in _ASKED:
            try:
                found = read(realm, obj, name)
            except AttributeError:
                return slow(context, obj, name, *args, **kwargs)
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return found(*args, **kwargs)
        return slow(context, obj, name, *args, **kwargs)

    return _ours(realm, method)


@tamed_in(_row)
def _invoking(realm: Realm, other: Any, kind: Any, quick: Any, /) -> Any:
    """A callable that calls what a template calls: by `quick` where it is exactly of `kind`, a class of
    the guest's, and by `other` else."""
    slow, fast = callable_for_c(realm, other), callable_for_c(realm, quick)

    def call(_: Any, context: Any, f: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(f) is kind:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return fast(f, context, args, kwargs)
        return slow(context, f, *args, **kwargs)

    return _ours(realm, call)


def _mark(state: Any, text: Any, /) -> Any:
    realm, kind, slow = state
    if type(text) is not str:
        return text if type(text) is kind else slow(text)
    realm.meter.charge_bytes(len(text))
    return str.__new__(kind, text)


def _escape(state: Any, text: Any, /) -> Any:
    realm, kind, slow = state
    if type(text) is not str:
        return text if type(text) is kind else slow(text)
    return str.__new__(kind, _safe_text(realm, text))


def _tilde(state: Any, parts: Any, /) -> Any:
    realm, kind, slow = state
    if type(parts) is not tuple or not _TOLD.issuperset({*map(type, parts)} - {kind}):
        return slow(parts)
    realm.meter.charge(len(parts))
    escape = any(type(part) is kind for part in parts)
    texts = []
    for part in parts:
        if type(part) is str:
            texts.append(_safe_text(realm, part) if escape else part)
        elif type(part) is kind:
            texts.append(str.__str__(part))
        elif type(part) is int and not -_SHORT < part < _SHORT:
            return slow(parts)
        else:
            texts.append(str(part))
    realm.meter.charge_bytes(sum(map(len, texts)))
    text = "".join(texts)
    return str.__new__(kind, text) if escape else text


def _marker(quick: Any) -> Any:
    def make(realm: Realm, kind: Any, other: Any, /) -> Any:
        """A callable on texts and on instances of `kind`, a class of the guest's on str for text that is
        safe; for anything else `other`."""
        return MethodType(quick, (realm, _text_class(realm, kind), callable_for_c(realm, other)))

    return make


@tamed_in(_row)
def _join(realm: Realm, parts: Any, between: Any, /) -> Any:
    """The texts of plain data with a text between them; None for other parts, such as safe text, which
    has the others made safe."""
    if (type(parts) is not list and type(parts) is not tuple) or type(between) is not str:
        return None
    texts = []
    realm.meter.charge(len(parts))
    for part in parts:
        if type(part) is str:
            texts.append(part)
        elif type(part) is int and -_SHORT < part < _SHORT:
            texts.append(str(part))
        else:
            return None
    realm.meter.charge_bytes(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


for _name, _quick in (("marking", _mark), ("escape", _escape), ("tilde", _tilde)):
    _row[_name] = _marker(_quick)
    _row[_name].__name__ = _row[_name].__qualname__ = _name

MODULES["_markup"] = ModuleRow(why="text to text; it reads and calls by the guards", tame=_row)
