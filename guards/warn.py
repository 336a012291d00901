"""Warnings that C code gives go to the host's filters, where no guest sees them: these are said anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards.attribute import read
from guards.call import callable_for_c

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["warn"]


def warn(realm: Realm, category: type[Warning], text: str) -> None:
    """Tell the guest's `warnings`; where it is not loaded, nobody is there to be told.

    Raises what the guest's filters make of it.
    """
    module = realm.modules.get("warnings")
    if module is not None:
        callable_for_c(realm, read(realm, module, "warn"))(text, category)
