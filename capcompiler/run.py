"""`cap_exec`, `cap_eval` and their like that await: one program, one compartment, one turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from capcompiler.compartment import Compartment, Isolation
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.namespace import Namespace
from capcompiler.program import Program

__all__ = ["cap_eval", "cap_eval_async", "cap_exec", "cap_exec_async"]


def cap_exec(
    src: str | bytes | Program,
    caps: Mapping[str, Any] | None = None,
    *,
    imports: Imports | None = None,
    limits: Limits | None = None,
    isolation: Isolation = "inline",
    filename: str = "<guest>",
    optimize: bool = True,
) -> Namespace:
    """Run a program that can reach what `caps` holds, what it makes itself, and nothing else.

    Raises DialectError before anything runs; GuestError for what the guest left uncaught,
    CapabilityError where that was a refused use of authority; LimitExceeded for a spent budget.
    """
    world = Compartment(caps, imports=imports, limits=limits, isolation=isolation)
    world._once = True
    return world.exec(src, filename=filename, optimize=optimize)


def cap_eval(
    src: str | bytes | Program,
    caps: Mapping[str, Any] | None = None,
    *,
    imports: Imports | None = None,
    limits: Limits | None = None,
    isolation: Isolation = "inline",
    filename: str = "<guest>",
    optimize: bool = True,
) -> Any:
    """The value of one expression, under the same rules as `cap_exec`."""
    world = Compartment(caps, imports=imports, limits=limits, isolation=isolation)
    world._once = True
    return world.eval(src, filename=filename, optimize=optimize)


async def cap_exec_async(
    src: str | bytes | Program,
    caps: Mapping[str, Any] | None = None,
    *,
    imports: Imports | None = None,
    limits: Limits | None = None,
    isolation: Isolation = "inline",
    filename: str = "<guest>",
    optimize: bool = True,
) -> Namespace:
    """`cap_exec` for a program that may await, at its top level too, on the running event loop.

    Coroutine functions among `caps` can be awaited by the guest. `Limits.seconds` counts the time that
    is spent waiting. Cancelling the task ends the turn. Raises what `cap_exec` raises.
    """
    world = Compartment(caps, imports=imports, limits=limits, isolation=isolation)
    world._once = True
    return await world.exec_async(src, filename=filename, optimize=optimize)


async def cap_eval_async(
    src: str | bytes | Program,
    caps: Mapping[str, Any] | None = None,
    *,
    imports: Imports | None = None,
    limits: Limits | None = None,
    isolation: Isolation = "inline",
    filename: str = "<guest>",
    optimize: bool = True,
) -> Any:
    """The value of one expression, which may await, under the same rules as `cap_exec_async`."""
    world = Compartment(caps, imports=imports, limits=limits, isolation=isolation)
    world._once = True
    return await world.eval_async(src, filename=filename, optimize=optimize)
