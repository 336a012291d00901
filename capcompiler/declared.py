"""Functions of the host's whose annotations hold, as those of a `Capability`'s methods do."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from capcompiler.membrane.capability import Capability

__all__ = ["declared"]


def declared(function: Any) -> Any:
    """A capability that can be called as a plain function is, with its arguments and its result checked
    against the annotations, and errors that say what was wrong; anything else as it is."""
    if type(function) is not FunctionType:
        return function
    return type(function.__name__, (Capability,), {"__call__": staticmethod(function)})()
