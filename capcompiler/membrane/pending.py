"""What a guest holds of a call that it may await: something to await once, and nothing else."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import CoroutineType
from typing import Any, Final

from capcompiler.membrane.withheld import Withheld
from guards.sealed import HOST, Sealed, sealed_error
from guards.tables.rows import define

__all__ = ["Answer", "Call", "Pending", "call_of", "is_awaited", "make_pending"]


#: What may stand over one answer, at most: as many attenuators as there can be, and some that it passed.
MOST_LAYERS: Final = 200


class Answer(Coroutine[Any, Any, Any]):
    """An answer of the host's that comes later, with something over it that sees it come. It can be
    awaited once, and is a coroutine for a host that makes a task of it."""

    __slots__ = ("__weakref__", "_awaitable", "_layers", "_steps")
    _cap_closes = True  # what is never awaited is closed; see `Call.drop`

    def __init_subclass__(cls) -> None:
        cls.__name__ = "awaitable"  # what errors call it

    def __init__(self, awaitable: Any) -> None:
        self._steps: Generator[Any, Any, Any] | None = None
        #: Each is driven, and closed, through those beneath: too many of them end in C.
        self._layers: int = awaitable._layers + 1 if isinstance(awaitable, Answer) else 1
        if self._layers > MOST_LAYERS:
            raise Withheld(f"an answer was handed on more than {MOST_LAYERS} times")
        self._awaitable = awaitable

    def _answer(self) -> Generator[Any, Any, Any]:
        """Await what is beneath, and give what is to be had of it."""
        raise NotImplementedError

    def _dropped(self) -> None:
        """Nobody has awaited it."""

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._steps is not None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        self._steps = self._answer()
        return self._steps

    @property
    def begun(self) -> bool:
        return self._steps is not None

    def send(self, value: Any) -> Any:
        steps = self._steps or self.__await__()
        if steps.gi_frame is None:  # type: ignore[attr-defined]
            raise RuntimeError("cannot reuse already awaited coroutine")
        return steps.send(value)

    def throw(self, *error: Any) -> Any:
        if self._steps is None:  # as a task that is cancelled before it begins
            self.close()
        return (self._steps or self.__await__()).throw(*error)

    def close(self) -> None:
        if self._steps is not None:
            self._steps.close()
            return
        self._steps = self._answer()
        self._let_go()
        self._dropped()

    def _let_go(self) -> None:
        """It is not to begin: a coroutine that has not ends without a warning."""
        close = getattr(self._awaitable, "close", None)
        if close is not None:
            close()


class Call:
    """One use of a capability that the host answers later.

    path, function, args, kwargs: as `Membrane.use` has them. started: seconds since the epoch.
    clock: of `time.perf_counter`, when it was begun. taken: whether somebody awaits it, or will.
    awaited: whether the guest waits for it, or has. told: whether the host's audit knows how it ended,
    or does not ask.
    """

    __slots__ = (
        "args", "awaitable", "awaited", "clock", "function", "kwargs", "path", "started", "taken",
        "told",
    )  # fmt: skip

    def __init__(
        self, awaitable: Any, path: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any],
        started: float, clock: float, told: bool,
    ) -> None:  # fmt: skip
        self.awaitable = awaitable
        self.path = path
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.started = started
        self.clock = clock
        self.taken = self.awaited = False
        self.told = told

    def take(self) -> Any:
        """The host's awaitable, for the one that awaits it."""
        self.taken = True
        return self.awaitable

    def drop(self) -> None:
        """Nobody will await it: a coroutine that has not begun ends without a warning."""
        if not self.taken:
            self.taken = True
            if type(self.awaitable) is CoroutineType or hasattr(self.awaitable, "_cap_closes"):
                self.awaitable.close()


class Pending(metaclass=Sealed, host=HOST):
    """A guest's side of a `Call`."""

    __slots__ = ("__call__of__", "__weakref__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __call__of__: Call

    def __new__(cls, *_args: object, **_kwargs: object) -> Pending:
        raise TypeError("what is awaited cannot be made; a capability gives it")

    def __await__(self) -> Generator[Any, Any, Any]:
        # What drives the turn knows it by its identity. A guest that drives it by hand only talks to
        # itself.
        return (yield self)

    def __repr__(self) -> str:
        return "<awaitable>"


for _name, _value in (("__name__", "awaitable"), ("__qualname__", "awaitable")):
    type.__setattr__(Pending, _name, _value)
_set_call: Final = Pending.__dict__["__call__of__"].__set__
call_of: Final = Pending.__dict__["__call__of__"].__get__


def is_awaited(pending: Pending) -> bool:
    """Whether somebody awaits it, or will, or nobody can any more."""
    return call_of(pending).taken  # type: ignore[no-any-return]


def make_pending(call: Call) -> Pending:
    """What a guest gets that makes a call which the host answers later."""
    made: Pending = object.__new__(Pending)
    _set_call(made, call)
    return made


define(
    Pending,
    "__await__ __repr__",
    deny="__call__of__ __setattr__ __delattr__ __new__ __slots__ __annotations__ __weakref__",
)
