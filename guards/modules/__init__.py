"""The audited table of modules, filled: one file per module."""

from guards.modules import (  # noqa: F401 - each enters its rows
    _abc,
    _builtins,
    _collections,
    _datetime,
    _decimal,
    _functools,
    _io,
    _itertools,
    _json,
    _markup,
    _math,
    _operator,
    _pure_c,
    _re,
    _string,
    _sys,
    _time,
    _tokenize,
    _types,
    _weakref,
)
from guards.modules.table import (
    GUEST,
    LIBRARY,
    MODULES,
    PACKAGE,
    REFUSED,
    ModuleRow,
    build_module,
    module_dict,
    new_module,
    refusal_of,
)
from guards.reduce import tame_reduction

__all__ = [
    "GUEST",
    "LIBRARY",
    "MODULES",
    "PACKAGE",
    "REFUSED",
    "ModuleRow",
    "build_module",
    "module_dict",
    "new_module",
    "refusal_of",
]

tame_reduction()
