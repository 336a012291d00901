"""What `unittest.mock` takes from `asyncio` and `pkgutil`, without an event loop and without files."""

import importlib
import inspect


class coroutines:
    """Functions that give awaitables carry a mark."""

    _is_coroutine = object()


def iscoroutinefunction(func):
    """Whether calling it gives something to await."""
    marked = getattr(func, "_is_coroutine", None) is coroutines._is_coroutine
    return inspect.iscoroutinefunction(func) or marked


def resolve_name(name):
    """The object of a dotted name; a colon may stand between the module and what is in it."""
    module, colon, inside = name.partition(":")
    if colon:
        found = importlib.import_module(module)
        parts = inside.split(".") if inside else []
    else:
        first, *parts = name.split(".")
        found = importlib.import_module(first)
        path = first
        while parts:
            path = f"{path}.{parts[0]}"
            try:
                found = importlib.import_module(path)
            except ImportError:
                break
            del parts[0]
    for part in parts:
        found = getattr(found, part)
    return found
