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

__all__ = ["MAX_PREC", "as_guest", "as_host", "new_context"]

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


def as_guest(realm: Realm, run: Callable[[], _T]) -> _T:
    """Run code of a guest in the context of its compartment."""
    host, outer = decimal.getcontext(), realm.host_decimals
    realm.host_decimals = host
    decimal.setcontext(realm.decimals)
    try:
        return run()
    finally:
        decimal.setcontext(host)
        realm.host_decimals = outer


def as_host(realm: Realm, run: Callable[..., _T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _T:
    """Call code of the host, for a guest, in the host's own context."""
    if realm.host_decimals is None:
        return run(*args, **kwargs)
    decimal.setcontext(realm.host_decimals)
    try:
        return run(*args, **kwargs)
    finally:
        decimal.setcontext(realm.decimals)
