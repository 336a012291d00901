"""Names of the contract whose parts are not in this version: each says so when it is used."""

from __future__ import annotations

from typing import Any

from capcompiler.compartment import NotAvailable

__all__ = ["Pool"]


class Pool:
    """Worker processes that the kernel confines. Not in this version."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        raise NotAvailable("Pool is not part of this version; run guests with isolation='inline'")
