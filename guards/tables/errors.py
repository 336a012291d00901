"""U: the builtin exceptions, warnings among them."""

from __future__ import annotations

import builtins
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Final

from guards.call import callable_for_c, constructor
from guards.reduce import OWN_REDUCE, PLAIN_REDUCE, reduce, setstate
from guards.store import checked_place
from guards.tables.rows import TABLE, Row, State
from guards.tamed import enter
from guards.told import obj_of, path_of, shown, told, was_told

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["EXCEPTIONS", "GuestInterrupt"]


def _raw_dict(realm: Realm, obj: Any) -> Any:
    return object.__getattribute__(obj, "__dict__")


def _context(realm: Realm, error: Any) -> Any:
    """What was being handled when `error` was raised; nothing from beyond the wall of the turn."""
    found = error.__context__
    return None if found is realm.wall else found


def _obj(realm: Realm, error: Any) -> Any:
    """`AttributeError.obj`: what the guest said it is, or what is the guest's own, else None: it may be
    no object of the guest's where trusted code raised it (pit 8)."""
    found = obj_of(error)
    if was_told(found):
        return shown(found)
    kind = type(found)
    if kind is object or realm.is_guest_class(kind) or realm.is_guest_function(found):
        return found
    return found if issubclass(kind, type) and realm.is_guest_class(found) else None


def _path(realm: Realm, error: Any) -> Any:
    """`ImportError.path`: what the guest said it is, else None: it may be a path of the host's."""
    return shown(path_of(error))


@constructor(ImportError)
def _import_error(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if "path" in kwargs:
        kwargs["path"] = told(kwargs["path"])
    return args


@constructor(AttributeError)
def _attribute_error(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if "obj" in kwargs:
        kwargs["obj"] = told(kwargs["obj"])
    return args


@constructor(UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError)
def _unicode_error(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    at = 1 if issubclass(kind, UnicodeTranslateError) else 2
    return tuple(checked_place("start", x) if i == at else x for i, x in enumerate(args))


def _reduce_import_error(realm: Realm, error: Any, /, *_protocol: Any) -> Any:
    reduced = ImportError.__reduce__(error)
    for state in reduced[2:]:
        if type(state) is dict and "path" in state:
            state["path"] = shown(state["path"])
    return reduced


#: Attributes beyond those of every exception.
_OWN: Final[dict[type, str]] = {
    BaseException: "args with_traceback add_note __cause__ __suppress_context__ __traceback__ __notes__",
    BaseExceptionGroup: "message exceptions split subgroup derive",
    OSError: "errno strerror filename filename2 characters_written",
    StopIteration: "value",
    SystemExit: "code",
    SyntaxError: "msg filename lineno offset text end_lineno end_offset print_file_and_line "
    "_metadata",  # from 3.14 on: line, column and text, for who suggests a keyword
    UnicodeEncodeError: "encoding object start end reason",
    UnicodeDecodeError: "encoding object start end reason",
    UnicodeTranslateError: "encoding object start end reason",
    ImportError: "name msg name_from",
    NameError: "name",
    AttributeError: "name",
}

#: What a guest finds as `KeyboardInterrupt`. The interpreter's own is the wish of whoever sits at the
#: host's terminal: it passes every handler of a guest and ends the host's program, so no guest may
#: raise it (an interrupt that a guest had raised itself looked like a real one once its traceback
#: was taken off).
GuestInterrupt: Final = type(
    "KeyboardInterrupt",
    (BaseException,),
    {"__module__": "builtins", "__doc__": "Program interrupted by user.", "__slots__": ()},
)

#: Every builtin exception class as a guest has it, by name.
EXCEPTIONS: Final[dict[str, type[BaseException]]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
} | {"KeyboardInterrupt": GuestInterrupt}

_GROUPED: Final = ("split", "subgroup")


def _condition(realm: Realm, group: Any, args: Any, kwargs: Any) -> Any:
    # From 3.13 on any callable but a class is called for each exception, `list[int]` too.
    return tuple(callable_for_c(realm, a) if issubclass(type(a), GenericAlias) else a for a in args)


_kinds: list[type] = [BaseException, *EXCEPTIONS.values()]
for _kind in dict.fromkeys(_kinds):
    _reads: dict[str, Any] = {"__dict__": _raw_dict} if "__dict__" in _kind.__dict__ else {}
    if _kind is BaseException:
        _reads["__context__"] = _context
    if _kind is ImportError:
        _reads["path"] = _path
    if _kind is AttributeError:
        _reads["obj"] = _obj
    _hidden = " ".join(n for n in ("__weakref__", "__slots__") if n in _kind.__dict__)
    enter(
        _kind,
        " ".join(n for n in _OWN.get(_kind, "").split() if n not in _GROUPED),
        cost={n: _condition for n in _GROUPED if n in _kind.__dict__},
        reads=_reads,
        deny=_hidden,
        subclass=True,
    )
    if "__setstate__" in _kind.__dict__:
        TABLE[_kind]["__setstate__"] = Row(State.TAME, setstate)
    if "__reduce__" in _kind.__dict__:
        TABLE[_kind]["__reduce__"] = Row(State.TAME, reduce)
        PLAIN_REDUCE.add(_kind)
OWN_REDUCE[ImportError] = _reduce_import_error
