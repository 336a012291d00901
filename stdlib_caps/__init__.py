"""What can be granted: capabilities over things that programs need.

Every constructor that takes ambient authority says so by name, as `cap-std` does.
"""

from stdlib_caps.clock import Clock, FrozenClock
from stdlib_caps.log import Log

__all__ = ["Clock", "FrozenClock", "Log"]
