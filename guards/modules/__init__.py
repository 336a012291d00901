"""The audited table of modules, filled: one file per module."""

import guards.modules.collections
import guards.modules.datetime
import guards.modules.functools
import guards.modules.itertools
import guards.modules.json
import guards.modules.math
import guards.modules.operator
import guards.modules.string  # noqa: F401 - each enters its rows
from guards.modules.table import (
    MODULES,
    REFUSED,
    ModuleRow,
    build_module,
    module_dict,
    new_module,
    refusal_of,
)

__all__ = [
    "MODULES",
    "REFUSED",
    "ModuleRow",
    "build_module",
    "module_dict",
    "new_module",
    "refusal_of",
]
