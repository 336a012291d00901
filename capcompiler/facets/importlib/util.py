"""Helpers of importers that need no file."""

import sys as _sys

from _guard_types import _refuse, _run_again

from .machinery import ModuleSpec


def resolve_name(name, package):
    """The absolute name of a module."""
    if not name.startswith("."):
        return name
    if not package:
        raise ImportError(f"no package specified for {name!r} (required for relative module names)")
    level = len(name) - len(name.lstrip("."))
    parts = package.rsplit(".", level - 1)
    if len(parts) < level:
        raise ImportError("attempted relative import beyond top-level package")
    return f"{parts[0]}.{name[level:]}" if name[level:] else parts[0]


def find_spec(name, package=None):
    """The specification of a module that can be imported; None where there is none."""
    full = resolve_name(name, package) if name.startswith(".") else name
    try:
        module = __import__(full, None, None, ("",))
    except ImportError:
        return None
    spec = getattr(module, "__spec__", None)
    if spec is not None and getattr(spec, "loader", None) is None:
        spec.loader = _Again(full)
    return spec


class _Again:
    """Runs the text of a module that was imported already in a module of its own."""

    def __init__(self, name):
        self._name = name

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _run_again(module, self._name)


def module_from_spec(spec):
    """An empty module, which `spec.loader.exec_module` fills."""
    module = spec.loader.create_module(spec)
    if module is None:
        module = type(_sys)(spec.name)
        module.__package__ = spec.parent
    return module


def spec_from_file_location(name, *args, **kwargs):
    _refuse(
        "importlib.util.spec_from_file_location was not granted: no directory is among the capabilities"
    )


def spec_from_loader(name, loader, *, origin=None, is_package=None):
    """What a finder of the program's own says of a module."""
    if is_package is None:
        is_package = hasattr(loader, "is_package") and loader.is_package(name)
    return ModuleSpec(name, loader, origin=origin, is_package=is_package)


def cache_from_source(path, debug_override=None, *, optimization=None):
    raise NotImplementedError("nothing is cached beside a module here")
