"""Names of the contract whose parts are not in this version: each says so when it is used."""

from __future__ import annotations

from typing import Any, NoReturn

from capcompiler.compartment import NotAvailable

__all__ = ["reach"]


def reach(_compartment: Any) -> NoReturn:
    """The set of objects that a guest can get at. Not in this version."""
    raise NotAvailable("reach() is not part of this version")
