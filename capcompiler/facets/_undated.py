"""`time` for what dates its records whether or not anybody reads the date: without a clock it is 0."""

import time as _time
from time import asctime, strftime, struct_time


def _dated(name, default):
    read = getattr(_time, name)

    def moment():
        try:
            return read()
        except PermissionError:
            return default

    return _time._Function(moment)


time, time_ns, monotonic, perf_counter = (
    _dated("time", 0.0), _dated("time_ns", 0), _dated("monotonic", 0.0), _dated("perf_counter", 0.0),
)  # fmt: skip


@_time._Function
def gmtime(secs=None):
    """Seconds since 1970 as a date and time of UTC."""
    return _time.gmtime(time() if secs is None else secs)


localtime = gmtime
