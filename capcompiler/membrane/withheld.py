"""The refusal of a policy."""

from __future__ import annotations

from capcompiler.errors import CapabilityError

__all__ = ["Withheld"]


class Withheld(CapabilityError):
    """A use that an attenuator refused. Where it reaches a guest, its text names the path."""
