"""`_guard_io`: streams in memory. Writing and reading are charged by size, growth before it happens."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from guards.call import CONSTRUCTORS
from guards.charge import size_of
from guards.harden import harden
from guards.host import host_name
from guards.modules.table import MODULES, ModuleRow, index_of
from guards.tables.rows import PLAIN_DUNDERS, TABLE
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__: list[str] = []

_length = {io.StringIO: io.StringIO.tell, io.BytesIO: io.BytesIO.tell}


def _made(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    realm.meter.charge_bytes((size_of(args[0]) or 0) * 4 if args else 0)
    return args


def _written(kind: Any) -> Any:
    def cost(realm: Realm, stream: Any, args: Any, kwargs: Any) -> Any:
        # A position far beyond the end is filled up to by the next write (pit 23).
        here = 0 if kind.closed.__get__(stream) else kind.tell(stream)
        realm.meter.charge_bytes((here + (size_of(args[0]) or 0 if args else 0)) * 4)
        return args

    return cost


def _whole(kind: Any) -> Any:
    def cost(realm: Realm, stream: Any, args: Any, kwargs: Any) -> Any:
        if not kind.closed.__get__(stream):
            realm.meter.charge_bytes(_size(kind, stream))
        return args

    return cost


def _size(kind: Any, stream: Any) -> int:
    here: int = kind.tell(stream)
    end: int = kind.seek(stream, 0, 2)
    kind.seek(stream, here)
    return end


def _lines(kind: Any) -> Any:
    def writelines(realm: Realm, stream: Any, lines: Any, /) -> None:
        cost = _written(kind)
        for line in lines:
            realm.meter.charge(1)
            cost(realm, stream, (line,), {})
            kind.write(stream, line)

    return writelines


def _kind_of(stream: Any) -> Any:
    for kind in _length:
        if issubclass(type(stream), kind):
            return kind
    raise TypeError(f"{host_name(type(stream))!r} object is not a stream in memory")


def _every_line(realm: Realm, stream: Any, hint: Any = -1, /) -> list[Any]:
    """`readlines` of the class above, which would iterate whatever it is given."""
    kind = _kind_of(stream)
    enough = 0 if hint is None else index_of(hint)
    _whole(kind)(realm, stream, (), {})
    lines, total = [], 0
    while line := kind.readline(stream):
        realm.meter.charge(1)
        lines.append(line)
        total += len(line)
        if 0 < enough <= total:
            break
    return lines


def _write_lines(realm: Realm, stream: Any, lines: Any, /) -> None:
    _lines(_kind_of(stream))(realm, stream, lines)


_INHERITED = {"readlines": _every_line, "writelines": _write_lines}
_FACE = (
    "tell truncate seek readable writable seekable close closed isatty flush fileno read read1 write "
    "newlines encoding errors readline line_buffering"
)


def _shown(kind: type) -> str:
    return " ".join(n for n in _FACE.split() if n in kind.__dict__)


def _hidden(kind: type, safe: str) -> str:
    return " ".join(n for n in kind.__dict__ if n not in safe.split() and n not in PLAIN_DUNDERS)


for _kind in (io.StringIO, io.BytesIO):
    CONSTRUCTORS[_kind] = _made
    for _base in _kind.__mro__[1:-1]:
        if _base not in TABLE:
            enter(
                _base,
                _shown(_base),
                tame=_INHERITED,
                deny=_hidden(_base, f"{_shown(_base)} {' '.join(_INHERITED)}"),
            )
    _costs = {
        "write": _written(_kind),
        "getvalue": _whole(_kind),
        "read": _whole(_kind),
        "readlines": _whole(_kind),
        "truncate": _whole(_kind),
    }
    _safe = " ".join(n for n in _shown(_kind).split() if n not in _costs)
    enter(
        _kind,
        _safe,
        cost=_costs,
        tame={"writelines": _lines(_kind)},
        reads={"__dict__": lambda realm, obj: object.__getattribute__(obj, "__dict__")},
        deny=_hidden(_kind, f"{_safe} {' '.join(_costs)} writelines __init__ __new__ __dict__"),
        subclass=True,
    )
_unsupported = io.UnsupportedOperation
if not harden(_unsupported):
    raise ImportError("guards: io.UnsupportedOperation could not be made immutable")
enter(_unsupported, deny="__weakref__ __dict__", subclass=True)
MODULES["_guard_io"] = ModuleRow(
    why="streams in memory of the guest's own",
    safe={"StringIO": io.StringIO, "BytesIO": io.BytesIO, "UnsupportedOperation": _unsupported},
)
