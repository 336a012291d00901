"""Dataclasses that the host registers: data with names, copied field by field.

Stops: a guest's object that runs its code in the host, an instance that passes its class's own checks
(`__post_init__` runs on what a guest filled in), and a class of the host's in a guest's hands: the
guest has a class of its own compartment, with the same fields and no method of the host's.
"""

from __future__ import annotations

import dataclasses
import keyword
import types
import typing
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from capcompiler.membrane.arguments import AtMost, matches, wanted
from capcompiler.membrane.data import CrossingError
from guards.host import host_dict, host_name

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "GuestRecord",
    "Record",
    "enter_record",
    "fields_of",
    "record_of",
    "register_dataclass",
    "registered",
]

_MAX_FIELDS: Final = 200
_DEFAULTS: Final = frozenset({type(None), bool, int, float, str, bytes})
_K = TypeVar("_K", bound=type)


class Record:
    """A registered class, as it was when it was registered."""

    __slots__ = ("kind", "names", "source", "values", "wants")

    def __init__(
        self, kind: type, fields: tuple[dataclasses.Field[Any], ...], hints: dict[str, Any]
    ) -> None:
        self.kind = kind
        self.names = tuple(f.name for f in fields)
        self.wants = {f.name: _simple(hints.get(f.name, Any)) for f in fields}
        self.source, self.values = _guest_source(kind, fields)

    def read(self, value: Any, where: str) -> list[Any]:
        """The fields of an instance of the host's."""
        found = []
        for name in self.names:
            try:
                found.append(object.__getattribute__(value, name))
            except AttributeError:
                raise CrossingError(value, where, f"its field {name} has no value") from None
        return found

    def put(self, made: Any, values: list[Any], _value: Any, _where: str) -> None:
        """Fill the host's own copy of an instance of the host's."""
        for name, field in zip(self.names, values, strict=True):
            object.__setattr__(made, name, field)

    def fill(self, made: Any, values: list[Any], value: Any, where: str) -> None:
        """Make what a guest sent an instance of the host's. Raises `CrossingError`.

        The fields are put in past the class's `__setattr__` and `__init__`, which is the generated one,
        so that cycles hold; then `__post_init__` is called, as `__init__` would.
        """
        for name, field in zip(self.names, values, strict=True):
            if not matches(field, self.wants[name]):
                got = host_name(type(field))
                reason = f"its field {name} is of type {got}, wanted {wanted(self.wants[name])}"
                raise CrossingError(value, where, reason)
            object.__setattr__(made, name, field)
        check = getattr(self.kind, "__post_init__", None)
        if check is None:
            return
        reason = "its class refuses what is in its fields"
        try:
            check(made)
        except (ValueError, TypeError) as error:
            if type(error) in (ValueError, TypeError):  # raised on purpose, and for the guest to read
                reason = f"{reason}: {str(error)[:500]}"
        except Exception:  # noqa: S110 - of anything else the guest learns that it was refused
            pass
        else:
            return
        raise CrossingError(value, where, reason)


_records: dict[type, Record] = {}


def record_of(kind: Any) -> Record | None:
    """What was registered for exactly this class. A class is met here by identity: its metaclass is
    `type`."""
    return _records.get(kind) if type(kind) is type else None


def fields_of(kind: Any) -> Any:
    """How a `Copier` between hosts copies a class: what is in the fields of a registered one."""
    record = record_of(kind)
    return None if record is None else (record.names, record.read, kind, record.put)


def enter_record(record: Record) -> None:
    """Enter a class that is registered elsewhere, in the process that a worker's guest came from."""
    _records[record.kind] = record


def registered() -> list[Record]:
    """What was registered in this process."""
    return list(_records.values())


def register_dataclass(kind: _K) -> _K:
    """Let instances of exactly this dataclass cross as data, in the whole process and for good.

    A decorator, or a call. Gives the class back. Raises TypeError for a class whose instances are more
    than their fields: one with `__init__`, `__new__` or a metaclass of its own, on a builtin base, or
    with fields that `__init__` does not take or that are `InitVar`.
    """
    if kind not in _records:
        fields = _checked(kind)
        try:
            hints = typing.get_type_hints(kind, localns={kind.__name__: kind})
        except Exception as error:
            raise TypeError(f"{kind.__name__}: its annotations cannot be evaluated: {error}") from None
        _records[kind] = Record(kind, fields, hints)
    return kind


def _checked(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    if type(kind) is not type:
        raise TypeError(f"register_dataclass: wanted a class whose metaclass is type, got {kind!r}")
    name = kind.__name__
    own = vars(kind)
    if "__dataclass_fields__" not in own:
        raise TypeError(f"{name} is no dataclass: decorate the class itself, and register it then")
    parameters = own["__dataclass_params__"]
    if (
        not parameters.init
        or not _generated(own.get("__init__"))
        or any(
            b is not object and "__dataclass_fields__" not in vars(b) and not _bare(b)
            for b in kind.__mro__
        )
    ):
        raise TypeError(f"{name}: an __init__ or a base of its own is not registered")
    defined = {n for b in kind.__mro__ if b is not object for n in vars(b)}
    if defined & {"__new__", "__getattribute__", "__getattr__"}:
        raise TypeError(
            f"{name}: a __new__, __getattribute__ or __getattr__ of its own is not registered"
        )
    if "__setattr__" in defined and not parameters.frozen:
        raise TypeError(f"{name}: a __setattr__ of its own would be passed by")
    try:
        object.__new__(kind)
    except TypeError:
        raise TypeError(f"{name}: a class on a builtin base is not registered") from None
    if any(str(f._field_type) == "_FIELD_INITVAR" for f in own["__dataclass_fields__"].values()):
        raise TypeError(f"{name}: an InitVar is gone when an instance crosses")
    fields = dataclasses.fields(kind)
    for field in fields:
        if not field.init:
            raise TypeError(
                f"{name}.{field.name}: a field that __init__ does not take is not registered"
            )
        if field.name.startswith("__") or not field.name.isidentifier() or keyword.iskeyword(field.name):
            raise TypeError(f"{name}.{field.name}: not a name for a field that crosses")
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
        raise TypeError(f"{name}: not a name for a class that crosses")
    if len(fields) > _MAX_FIELDS:
        raise TypeError(f"{name}: {len(fields)} fields; at most {_MAX_FIELDS} cross")
    return fields


def _generated(function: Any) -> bool:
    """Whether `dataclasses` wrote this function: it leaves one that the class has of its own."""
    return type(function) is types.FunctionType and function.__code__.co_filename == "<string>"


def _bare(base: type) -> bool:
    """Whether a base adds methods only."""
    return base is typing.Generic or (base.__module__ != "builtins" and "__init__" not in vars(base))


def _simple(hint: Any) -> Any:
    """What of an annotation is checked: classes, unions and literals. The elements of containers are
    not: a list of lists of shared lists is exponentially longer to check than to send."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        kind, *notes = typing.get_args(hint)
        sizes = tuple(n for n in notes if type(n) is AtMost)
        return typing.Annotated[(_simple(kind), *sizes)] if sizes else _simple(kind)
    if origin is typing.Union or origin is types.UnionType:
        return typing.Union[tuple(_simple(h) for h in typing.get_args(hint))]  # noqa: UP007
    if origin is None or origin is typing.Literal:
        return hint
    return origin if isinstance(origin, type) else Any


def _guest_source(kind: Any, fields: tuple[dataclasses.Field[Any], ...]) -> tuple[str, dict[str, Any]]:
    """The source of the class that a compartment has, and the default values that it names."""
    parameters = vars(kind)["__dataclass_params__"]
    places, by_name = ["self"], list[str]()
    values: dict[str, Any] = {}
    for i, field in enumerate(fields):
        text = field.name
        crosses = type(field.default) in _DEFAULTS
        if crosses:
            values[f"default_{i}_of_record"] = field.default
            text += f"=default_{i}_of_record"
        if field.kw_only or by_name or (not crosses and any("=" in p for p in places)):
            by_name.append(text)
        else:
            places.append(text)
    arguments = ", ".join([*places, *(["*", *by_name] if by_name else [])])
    names = [f.name for f in fields]
    compared = [f.name for f in fields if f.compare]
    shown = ", ".join(f"{f.name}={{self.{f.name}!r}}" for f in fields if f.repr)
    put = "object.__setattr__(self, {0!r}, {0})" if parameters.frozen else "self.{0} = {0}"

    def row(obj: str) -> str:
        return "(" + "".join(f"{obj}.{n}, " for n in compared) + ")"

    lines = [
        f"class {kind.__name__}:",
        f"    __slots__ = {tuple(names)!r}",
        f"    __match_args__ = {tuple(f.name for f in fields if not f.kw_only)!r}",
        f"    def __init__({arguments}):",
        *(f"        {put.format(n)}" for n in names),
        "        return None",
    ]
    if parameters.repr:
        lines += [
            "    def __repr__(self):",
            "        if id(self) in inside_of_records: return '...'",
            "        inside_of_records.append(id(self))",
            f"        try: return f'{kind.__name__}({shown})'",
            "        finally: inside_of_records.pop()",
        ]
    if parameters.eq:
        lines += [
            "    def __eq__(self, other):",
            "        if type(other) is not type(self): return NotImplemented",
            f"        return {row('self')} == {row('other')}",
        ]
    if parameters.frozen:
        lines += [
            "    def __setattr__(self, name, value):",
            "        raise AttributeError(f'cannot assign to field {name!r}')",
            "    def __delattr__(self, name):",
            "        raise AttributeError(f'cannot delete field {name!r}')",
        ]
        if parameters.eq:
            lines += ["    def __hash__(self):", f"        return hash({row('self')})"]
    return "\n".join(["inside_of_records = []", *lines, ""]), values


class GuestRecord:
    """The class of one compartment that stands for a registered one."""

    __slots__ = ("_slots", "kind", "record")

    def __init__(self, realm: Realm, record: Record) -> None:
        """In a turn: the class statement is a guest's code. Raises `CrossingError` where the guest has
        changed what it is made by."""
        self.record = record
        space: dict[str, Any] = {
            "__name__": "capcompiler",
            "__builtins__": realm.builtins,
            **record.values,
        }
        exec(realm.ready(realm.compile_guest(record.source, "<capcompiler>", "exec")), space)  # noqa: S102
        kind = space.get(record.kind.__name__)
        slots = [host_dict(kind).get(n) for n in record.names] if type(kind) is type else [None]
        # The slots themselves: a guest may put what it likes under these names later.
        if (
            type(kind) is not type
            or not realm.is_guest_class(kind)
            or any(type(s) is not MemberDescriptorType or s.__objclass__ is not kind for s in slots)
        ):
            raise CrossingError(record.kind, "", "the guest has changed what classes are made by")
        self.kind: Any = kind
        self._slots: Any = slots

    def read(self, value: Any, where: str) -> list[Any]:
        """The fields of an instance of the guest's, past anything that the guest wrote."""
        try:
            return [slot.__get__(value) for slot in self._slots]
        except AttributeError:
            raise CrossingError(value, where, "a field of it has no value") from None

    def fill(self, made: Any, values: list[Any], value: Any, where: str) -> None:
        for slot, field in zip(self._slots, values, strict=True):
            slot.__set__(made, field)
