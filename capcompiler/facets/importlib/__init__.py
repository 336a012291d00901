"""`importlib` over the compartment's own modules."""

from _guard_types import _refuse

from . import abc, machinery, util


def import_module(name, package=None):
    """Import a module by its name, which may be relative to `package`."""
    if name.startswith("."):
        if not package:
            raise TypeError(
                f"the 'package' argument is required to perform a relative import for {name!r}"
            )
        name = util.resolve_name(name, package)
    return __import__(name, None, None, ("",))


def invalidate_caches():
    """Nothing is cached here."""


def reload(module):
    _refuse("importlib.reload was not granted: modules here are made once")


__import__ = __import__
