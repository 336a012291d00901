"""An object-capability dialect of Python: code reaches what it was handed, and nothing else."""

from capcompiler.compartment import Compartment
from capcompiler.errors import (
    CapabilityError,
    CapError,
    DialectError,
    GuestError,
    LimitExceeded,
    Violation,
)
from capcompiler.imports import Imports
from capcompiler.isolation.pool import Pool
from capcompiler.limits import Limits, Usage
from capcompiler.membrane.capability import Capability, expose
from capcompiler.membrane.record import register_dataclass
from capcompiler.namespace import Namespace
from capcompiler.program import Program, cap_compile, check
from capcompiler.reaching import reach
from capcompiler.run import cap_eval, cap_eval_async, cap_exec, cap_exec_async

__all__ = [
    "CapError",
    "Capability",
    "CapabilityError",
    "Compartment",
    "DialectError",
    "GuestError",
    "Imports",
    "LimitExceeded",
    "Limits",
    "Namespace",
    "Pool",
    "Program",
    "Usage",
    "Violation",
    "cap_compile",
    "cap_eval",
    "cap_eval_async",
    "cap_exec",
    "cap_exec_async",
    "check",
    "expose",
    "reach",
    "register_dataclass",
]

__version__ = "0.1.0"
