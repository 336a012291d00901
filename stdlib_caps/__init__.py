"""What can be granted: capabilities over things that programs need, and ways to grant less of them.

Every constructor that takes ambient authority says so by name, as `cap-std` does.
"""

from capcompiler.attenuation import (
    Request,
    confirmed,
    expiring,
    logged,
    only,
    quota,
    rate_limited,
    readonly,
    revocable,
    seal_pair,
)
from stdlib_caps.clock import Clock, FrozenClock
from stdlib_caps.dir import Dir
from stdlib_caps.env import Env
from stdlib_caps.log import Log
from stdlib_caps.memory_dir import MemoryDir
from stdlib_caps.random import Random, SeededRandom

__all__ = [
    "Clock",
    "Dir",
    "Env",
    "FrozenClock",
    "Log",
    "MemoryDir",
    "Random",
    "Request",
    "SeededRandom",
    "confirmed",
    "expiring",
    "logged",
    "only",
    "quota",
    "rate_limited",
    "readonly",
    "revocable",
    "seal_pair",
]
