"""How a guest calls a method of the host's that takes and gives small plain data: as `Membrane.use` has
it, without what that would find in order.

A plan is worked out once for each method, from its annotations. A call of which everything that it asks
holds, by exact types and a few reads, is made straight; any other goes the whole way, and a result or an
exception that is not as planned goes the rest of it. Nothing is decided here: whatever is left out is
shown to be what `use` would have done.

- The charge: a step is there and no parent pays for it, so `Meter.charge(1)` would take it and go on.
- The thread, the stop and the turn are looked at as there, before and after.
- The arguments: of exact types that cross as they are and that the annotations name; no longer than they
  may be.
- The exception that is being handled: there is none, so no wall is needed (see guards.shield).
- The context of decimals: the guest has met no Decimal, so the host's own is set; as it is, too, where
  the guest is in another process.
- The record: nobody keeps one, and nobody answers from one.
- The result: of an exact type that crosses as it is, is promised, and is charged nothing for.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import exception
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from capcompiler.membrane.arguments import DEFAULT_SIZE, Checker
from capcompiler.membrane.data import PLAIN
from guards.decimal_context import UNMET

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment
    from capcompiler.membrane.membrane import Membrane

__all__ = ["Invoke", "quick_use"]

#: What a call of a reference does: called with the arguments, as a tuple and a dict.
Invoke = Callable[[tuple[Any, ...], dict[str, Any]], Any]
_SIZED: Final = frozenset({str, bytes})
_ANY: Final = PLAIN - _SIZED
#: Bytes of a result that nothing is charged for.
_FREE_BYTES: Final = 4096
#: Characters, each of four bytes at most.
_FREE_LENGTH: Final = _FREE_BYTES >> 2


def quick_use(
    membrane: Membrane, path: str, perform: Callable[..., Any], method: Any, checker: Checker | None,
    compartment: Compartment, switched: Any = UNMET,
) -> Invoke:  # fmt: skip
    """What `Membrane.use` does for a method, by the short way where there is one.

    compartment: the membrane's, or a proxy of it. switched: what its `Arithmetic.host` is where the
    host's own context of decimals is set.
    """
    use = membrane.use
    meter = compartment._realm.meter
    arithmetic = compartment._realm.arithmetic
    least, most, kinds = _taken(checker)
    first, first_sized = kinds[0]
    second, second_sized = kinds[1]
    given = _ANY if checker is None else _ANY & checker.plain
    given_sized = _SIZED if checker is None else _SIZED & checker.plain

    def invoke(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        count = len(args)
        if (
            kwargs
            or not least <= count <= most
            or meter.left <= 0
            or (thread := meter.runs_on) != get_ident()
            or membrane.on_use is not None
            or membrane.recorder is not None
            or arithmetic.host is not switched
            or exception() is not None
        ):
            return use(path, perform, method, args, kwargs)
        if count:
            a = args[0]
            kind = type(a)
            if kind not in first and not (kind in first_sized and len(a) <= DEFAULT_SIZE):
                return use(path, perform, method, args, kwargs)
            if count > 1:
                b = args[1]
                kind = type(b)
                if kind not in second and not (kind in second_sized and len(b) <= DEFAULT_SIZE):
                    return use(path, perform, method, args, kwargs)
        meter.left -= 1
        problem: BaseException | None = None
        compartment._in_host = 1
        try:
            arithmetic.host = None
            try:
                # a call with so many arguments written out is cheaper than `method(*args)`
                result = method(a) if count == 1 else method(a, b) if count else method()
            finally:
                arithmetic.host = switched
                if arithmetic.own is not None:
                    arithmetic.meet()
            kind = type(result)
            if kind not in given and not (kind in given_sized and len(result) <= _FREE_LENGTH):
                result = membrane.taken(result, path, method, args, {}, checker)
        except BaseException as error:
            problem = error
        finally:
            compartment._in_host = 0
        if problem is None:
            if meter.runs_on != thread:
                meter.check()
            return result
        raise membrane.failed(problem, path, method, args) from None

    return invoke


def _taken(
    checker: Checker | None,
) -> tuple[int, int, list[tuple[frozenset[type], frozenset[type]]]]:
    """How many arguments by position the short way takes, and of which exact types: those without and
    those with a size."""
    nothing: frozenset[type] = frozenset()
    if checker is None:  # it checks for itself, and bounds no sizes
        return 0, 2, [(PLAIN, nothing), (PLAIN, nothing)]
    least, kinds = checker.glance
    rows = [(_ANY, _SIZED) if k is None else (k - _SIZED, k & _SIZED) for k in kinds[:2]]
    return least, len(rows), [*rows, (nothing, nothing), (nothing, nothing)]
