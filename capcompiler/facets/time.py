"""`time` without a clock: calendars and texts of moments that are handed in."""

from _guard_time import gmtime as _gmtime
from _guard_time import strftime as _strftime
from _guard_time import struct_time
from _guard_types import _refuse

timezone = altzone = daylight = 0
tzname = ("UTC", "UTC")
_STRUCT_TM_ITEMS = 11
CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID = 0, 1, 2, 3


class _Function:
    """A function that is no method when it stands in a class, as functions of C are none."""

    __slots__ = ("__name__", "__qualname__", "_call")

    def __init__(self, call):
        self._call, self.__name__ = call, call.__name__
        self.__qualname__ = call.__name__

    def __call__(self, *args, **kwargs):
        return self._call(*args, **kwargs)

    def __repr__(self):
        return f"<built-in function {self.__name__}>"


def _clock(name):
    def refused(*args, **kwargs):
        _refuse(f"time.{name} was not granted: it reads the clock of the host; the host grants a Clock")

    refused.__name__ = name
    return _Function(refused)


time, time_ns, monotonic, monotonic_ns = map(_clock, "time time_ns monotonic monotonic_ns".split())
perf_counter, perf_counter_ns = map(_clock, "perf_counter perf_counter_ns".split())
process_time, process_time_ns = map(_clock, "process_time process_time_ns".split())
thread_time, thread_time_ns = map(_clock, "thread_time thread_time_ns".split())
clock_gettime, get_clock_info, sleep = map(_clock, "clock_gettime get_clock_info sleep".split())
_now = _clock("gmtime without seconds")
del _clock


@_Function
def gmtime(secs=None):
    """Seconds since 1970 as a date and time of UTC."""
    return _now() if secs is None else _gmtime(secs)


#: The local time zone is UTC here; that of the host is not granted.
localtime = gmtime


@_Function
def mktime(t):
    """A date and time as seconds since 1970."""
    import calendar

    return float(calendar.timegm(t))


@_Function
def ctime(secs=None):
    """Seconds since 1970 as text of fixed form."""
    return asctime(_now() if secs is None else _gmtime(secs))


@_Function
def strftime(format, t=None):
    """A date and time as text."""
    return _now() if t is None else _strftime(format, t)


@_Function
def asctime(t=None):
    """A date and time as text of fixed form."""
    if t is None:
        _now()
    if not -(1 << 31) + 1900 <= t[0] < 1 << 31:
        raise OverflowError("year out of range")
    days = "Mon Tue Wed Thu Fri Sat Sun".split()
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return f"{days[t[6]]} {months[t[1] - 1]} {t[2]:2} {t[3]:02}:{t[4]:02}:{t[5]:02} {t[0]}"


def strptime(string, format="%a %b %d %H:%M:%S %Y"):
    """The date and time that a text says."""
    import _strptime

    return _strptime._strptime_time(string, format)


def tzset():
    """The local time zone is UTC here, whatever the environment says."""
