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
from stdlib_caps.command import Arg, Command
from stdlib_caps.database import Database
from stdlib_caps.dir import Dir
from stdlib_caps.env import Env
from stdlib_caps.http import Http, Rule
from stdlib_caps.log import Log
from stdlib_caps.memory_dir import MemoryDir
from stdlib_caps.random import Random, SeededRandom

__all__ = [
    "Arg",
    "Clock",
    "Command",
    "Database",
    "Dir",
    "Env",
    "FrozenClock",
    "Http",
    "Log",
    "MemoryDir",
    "Random",
    "Request",
    "Rule",
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
