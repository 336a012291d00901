"""Modules of authority for packages that import them at their top and may never use them."""

import sys

from _guard_types import _refuse


def inert(name, why):
    """A module whose names can be asked for and cannot be used."""
    module = type(sys)(name, f"The module {name!r} is not here: {why}.")

    def ask(attribute):
        if attribute[:2] == attribute[-2:] == "__":
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        full = f"{name}.{attribute}"
        if attribute.endswith(("Error", "Exception", "Expired", "Warning")):
            made = type(attribute, (Exception,), {"__module__": name})
        else:
            made = _absent(full, why)
        setattr(module, attribute, made)
        return made

    module.__getattr__ = ask
    return module


def _absent(full, why):
    class Absent:
        """Not granted."""

        def __new__(cls, *args, **kwargs):
            _refuse(f"{full} was not granted: {why}")

    Absent.__name__ = Absent.__qualname__ = full.rpartition(".")[2]
    Absent.__module__ = full.rpartition(".")[0]
    return Absent
