"""`time` for what dates its records whether or not anybody reads the date: without a clock it is 0."""

import time as _time
from time import asctime, strftime, struct_time

try:
    _clock = __import__("time")  # asked as the guest asks: it has the one that was granted
except ImportError:
    _clock = _time


def _dated(name, default):
    def moment():
        try:
            return getattr(_clock, name)()
        except PermissionError:
            return default
        except AttributeError:
            # A clock that was granted may tell the time in seconds only.
            return int(time() * 1e9) if name == "time_ns" else default

    moment.__name__ = name

    return _time._Function(moment)


time, time_ns, monotonic, perf_counter = (
    _dated("time", 0.0), _dated("time_ns", 0), _dated("monotonic", 0.0), _dated("perf_counter", 0.0),
)  # fmt: skip


@_time._Function
def gmtime(secs=None):
    """Seconds since 1970 as a date and time of UTC."""
    return _time.gmtime(time() if secs is None else secs)


localtime = gmtime
