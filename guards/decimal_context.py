"""The context that decimal arithmetic runs in: each compartment's own while it runs, the host's else.

Stops: a guest that sees, by its flags, what the host computed; a host whose flags a guest sets, or
whose traps and precision decide what a guest's arithmetic does (pits 10 and 25).
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["MAX_PREC", "UNMET", "Arithmetic", "as_guest", "as_host", "new_context"]

#: Digits of precision, at most; `decimal.MAX_PREC` of a guest. Work grows with its square and more.
MAX_PREC: Final = 100_000

_T = TypeVar("_T")


def new_context() -> decimal.Context:
    """What `decimal.DefaultContext` is in a fresh interpreter, whatever the host made of its own."""
    return decimal.Context(
        prec=28,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=-999999,
        Emax=999999,
        capitals=1,
        clamp=0,
        flags=[],
        traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
    )


class Arithmetic:
    """What decimal arithmetic of one compartment runs in.

    Switching costs more than a call of a capability may, so nothing is switched before the guest comes
    by a Decimal: by its module `decimal`, or across the membrane. There is no third way, since no C code
    of U makes one out of anything else.
    own: the compartment's context; None as long as it has met no Decimal.
    host: while the guest runs, what was set around it, or `UNMET` where nothing was switched; None
    while the host runs that has switched nothing.
    """

    __slots__ = ("host", "own")

    def __init__(self) -> None:
        self.own: decimal.Context | None = None
        self.host: decimal.Context | None = None

    @property
    def context(self) -> decimal.Context:
        """The compartment's context."""
        if self.own is None:
            self.own = new_context()
        return self.own

    def meet(self) -> None:
        """The guest comes by a Decimal: from here on its code runs in the compartment's context."""
        own = self.context
        if self.host is UNMET:
            self.host = decimal.getcontext()
            decimal.setcontext(own)

    def leave(self) -> None:
        """The host runs for the guest, which has met no Decimal. Paired with `go_on`."""
        self.host = None

    def go_on(self) -> None:
        """The guest goes on after `leave`. The host may have granted a Decimal meanwhile."""
        self.host = UNMET
        if self.own is not None:
            self.meet()


#: Never set as a context: stands for one that was left as it was.
UNMET: Final = decimal.Context()


def as_guest(realm: Realm, run: Callable[[], _T]) -> _T:
    """Run code of a guest in the context of its compartment."""
    arithmetic = realm.arithmetic
    outer = arithmetic.host
    if arithmetic.own is None:
        arithmetic.host = UNMET
        try:
            return run()
        finally:
            if arithmetic.host is not UNMET and arithmetic.host is not None:
                decimal.setcontext(arithmetic.host)
            arithmetic.host = outer
            if outer is UNMET:
                arithmetic.go_on()
    host = arithmetic.host = decimal.getcontext()
    decimal.setcontext(arithmetic.own)
    try:
        return run()
    finally:
        decimal.setcontext(host)
        arithmetic.host = outer


def as_host(realm: Realm, run: Callable[..., _T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _T:
    """Call code of the host, for a guest, in the host's own context."""
    arithmetic = realm.arithmetic
    host = arithmetic.host
    if host is None:
        return run(*args, **kwargs)
    if host is UNMET:
        arithmetic.leave()
        try:
            return run(*args, **kwargs)
        finally:
            arithmetic.go_on()
    decimal.setcontext(host)
    try:
        return run(*args, **kwargs)
    finally:
        decimal.setcontext(arithmetic.context)
