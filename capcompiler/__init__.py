"""An object-capability dialect of Python: code reaches what it was handed, and nothing else."""

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from capcompiler.recording.suspend import Pending, external

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
    "Pending",
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
    "external",
    "reach",
    "register_dataclass",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Suspending takes a quarter of the time that all else here takes to import.
    if name in ("Pending", "external"):
        from capcompiler.recording import suspend

        return getattr(suspend, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
