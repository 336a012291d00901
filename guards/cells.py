"""Cells as guests see them: what a variable of a closure holds, to read.

The real cell stays inside. Whoever sets it binds a variable that only its own function binds, as the
compiler found, and left guards out for. And real cells that hold one another are taken apart in C
without a look at the stack.
"""

from __future__ import annotations

from types import CellType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from guards.sealed import HOST, Sealed
from guards.tables.rows import define

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["CellView", "view_of_cell"]

_contents: Final = CellType.__dict__["cell_contents"].__get__
_ORDER: Final = {"__eq__": "cap:eq", "__ne__": "cap:ne", "__lt__": "cap:lt", "__le__": "cap:le",
                 "__gt__": "cap:gt", "__ge__": "cap:ge"}  # fmt: skip
_PLAIN: Final = {name: getattr(int, name) for name in _ORDER}


def _not_bound(*_args: object) -> NoReturn:
    raise AttributeError(
        "'cell_contents' of a cell cannot be set or deleted: only its function binds it"
    )


class CellView(metaclass=Sealed, host=HOST):
    """One variable of a closure."""

    __slots__ = ("__cell__", "__realm__", "__weakref__")
    __setattr__ = _not_bound
    __delattr__ = _not_bound
    __cell__: CellType
    __realm__: Realm
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        return _compared(self, other, "__eq__")

    def __ne__(self, other: object) -> Any:
        return _compared(self, other, "__ne__")

    def __lt__(self, other: object) -> Any:
        return _compared(self, other, "__lt__")

    def __le__(self, other: object) -> Any:
        return _compared(self, other, "__le__")

    def __gt__(self, other: object) -> Any:
        return _compared(self, other, "__gt__")

    def __ge__(self, other: object) -> Any:
        return _compared(self, other, "__ge__")

    def __repr__(self) -> str:
        return "<cell>"


for _name, _value in (("__name__", "cell"), ("__qualname__", "cell"), ("__module__", "builtins")):
    type.__setattr__(CellView, _name, _value)


def _compared(self: CellView, other: object, operator: str) -> Any:
    """What C code says of two cells: an empty one comes first, others compare by what they hold."""
    if type(other) is not CellView:
        return NotImplemented
    self.__realm__.meter.charge(1)  # C code compares what is in containers through this
    a, b = _held(self), _held(other)
    if a and b:
        return self.__realm__.guards[_ORDER[operator]](a[0], b[0])
    return _PLAIN[operator](len(a), len(b))


def _held(view: CellView) -> tuple[Any, ...]:
    try:
        return (_contents(view.__cell__),)
    except ValueError:
        return ()


def view_of_cell(realm: Realm, cell: CellType) -> CellView:
    """What a guest holds of a cell: the same object while it is asked for often enough."""
    known: dict[int, CellView] = realm.keep.setdefault("cells", {})
    found = known.get(id(cell))
    if found is None:
        while len(known) >= 256:  # each entry keeps its cell alive
            known.pop(next(iter(known)))
        found = known[id(cell)] = object.__new__(CellView)
        object.__setattr__(found, "__cell__", cell)
        object.__setattr__(found, "__realm__", realm)
    return found


define(
    CellView,
    "__repr__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__",
    reads={"cell_contents": lambda realm, view: _contents(view.__cell__)},
    deny="__cell__ __realm__ __slots__ __setattr__ __delattr__ __new__ __annotations__ __weakref__",
)
