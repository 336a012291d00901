"""Names of the contract whose parts are not in this version: each says so when it is used."""

from __future__ import annotations

from typing import Any, NoReturn

from capcompiler.compartment import NotAvailable

__all__ = ["Pool", "cap_eval_async", "cap_exec_async", "reach"]


class Pool:
    """Worker processes that the kernel confines. Not in this version."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        raise NotAvailable("Pool is not part of this version; run guests with isolation='inline'")


def reach(_compartment: Any) -> NoReturn:
    """The set of objects that a guest can get at. Not in this version."""
    raise NotAvailable("reach() is not part of this version")


async def cap_exec_async(*_args: Any, **_kwargs: Any) -> NoReturn:
    """`cap_exec` for guests with `await`. Not in this version."""
    raise NotAvailable("cap_exec_async is not part of this version; use cap_exec")


async def cap_eval_async(*_args: Any, **_kwargs: Any) -> NoReturn:
    """`cap_eval` for guests with `await`. Not in this version."""
    raise NotAvailable("cap_eval_async is not part of this version; use cap_eval")
