"""`time` without a clock: calendars and texts of moments that are handed in."""

from _guard_time import gmtime as _gmtime
from _guard_time import strftime as _strftime
from _guard_time import struct_time
from _guard_types import _granted, _refuse

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


def _told(name, method):
    """What the granted clock tells; a refusal where there is none."""
    clock = _granted("clock")
    if clock is None:
        _refuse(f"time.{name} was not granted: it reads the clock of the host; the host grants a Clock")
    return getattr(clock, method if hasattr(clock, method) else "time")


def _clock(name, method, make=float):
    def read():
        return make(_told(name, method)())

    read.__name__ = name
    return _Function(read)


def _nanoseconds(seconds):
    return int(seconds * 1_000_000_000)


time, time_ns = _clock("time", "time"), _clock("time_ns", "time", _nanoseconds)
monotonic, monotonic_ns = (
    _clock("monotonic", "monotonic"), _clock("monotonic_ns", "monotonic", _nanoseconds),
)  # fmt: skip
perf_counter, perf_counter_ns = (
    _clock("perf_counter", "monotonic"), _clock("perf_counter_ns", "monotonic", _nanoseconds),
)  # fmt: skip
process_time, process_time_ns = (
    _clock("process_time", "monotonic"), _clock("process_time_ns", "monotonic", _nanoseconds),
)  # fmt: skip
thread_time, thread_time_ns = (
    _clock("thread_time", "monotonic"), _clock("thread_time_ns", "monotonic", _nanoseconds),
)  # fmt: skip


@_Function
def clock_gettime(clk_id):
    """Seconds of the granted clock."""
    return float(_told("clock_gettime", "time" if clk_id == CLOCK_REALTIME else "monotonic")())


@_Function
def get_clock_info(name):
    _refuse("time.get_clock_info was not granted: it tells of the clock of the host")


@_Function
def sleep(secs):
    """Wait, where the clock that was granted lets its holder wait."""
    clock = _granted("clock")
    if clock is None or not hasattr(clock, "sleep"):
        _refuse("time.sleep was not granted: it makes the host wait; the host grants a Clock that can")
    if secs < 0:
        raise ValueError("sleep length must be non-negative")
    clock.sleep(secs)


def _now(name):
    return _gmtime(float(_told(name, "time")()))


@_Function
def gmtime(secs=None):
    """Seconds since 1970 as a date and time of UTC."""
    return _now("gmtime") if secs is None else _gmtime(secs)


#: The local time zone is UTC here; that of the host is not granted.
@_Function
def localtime(secs=None):
    """Seconds since 1970 as a date and time of UTC."""
    return _now("localtime") if secs is None else _gmtime(secs)


@_Function
def mktime(t):
    """A date and time as seconds since 1970."""
    import calendar

    return float(calendar.timegm(t))


@_Function
def ctime(secs=None):
    """Seconds since 1970 as text of fixed form."""
    return asctime(_now("ctime") if secs is None else _gmtime(secs))


@_Function
def strftime(format, t=None):
    """A date and time as text."""
    return _strftime(format, _now("strftime") if t is None else t)


@_Function
def asctime(t=None):
    """A date and time as text of fixed form."""
    if t is None:
        t = _now("asctime")
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
