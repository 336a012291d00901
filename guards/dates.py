"""Formats of dates and times: what of them would ask the host for its clock or its time zone.

Stops: `strftime('%s')`, which reads a moment as local time, names of zones that are made as long as a
guest likes, and `%Z` of `strptime`, which knows the names of the host's own zone.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from guards.attribute import read
from guards.host import host_exact_str

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["MOMENTS", "clock_seconds", "conversions", "named_zone", "needs_clock"]

#: Types whose text is made by a format of dates.
MOMENTS: Final = (datetime.date, datetime.time)


def needs_clock(name: str) -> Callable[..., Any]:
    def tamed(realm: Realm, /, *_args: Any, **_kwargs: Any) -> Any:
        raise PermissionError(
            f"{name} was not granted: it reads the clock or the local time zone of the host; "
            "the host hands in the time as data, or a clock as a capability"
        )

    tamed.__name__ = tamed.__qualname__ = name.rpartition(".")[2]
    return tamed


def clock_seconds(realm: Realm, name: str) -> float:
    """Seconds since 1970 as the granted clock tells them; refused where none fills in `time`."""
    clock = realm.granted.get("clock")
    if clock is None:
        needs_clock(name)(realm)
    told = read(realm, clock, "time")()
    if type(told) is not float and type(told) is not int:
        raise TypeError(f"{name}: the clock told no number of seconds")
    return float(told)


def conversions(format: str) -> str:
    """The conversion characters of a format of dates, without flags, widths and modifiers."""
    found, i = "", 0
    while (i := format.find("%", i)) >= 0:
        i += 1
        while i < len(format) and (format[i] in "-_^#+EO:" or format[i].isdigit()):
            i += 1
        found += format[i : i + 1]
        i += 1
    return found


def named_zone(realm: Realm, moment: Any, format: str) -> Any:
    """The moment with its zone's name and offset asked once, and sized."""
    kind = next((k for k in (datetime.datetime, datetime.time) if issubclass(type(moment), k)), None)
    zone = None if kind is None else kind.__dict__["tzinfo"].__get__(moment)
    wanted = conversions(format)
    if "s" in wanted:
        needs_clock("strftime with %s")(realm)
    if kind is None or zone is None or not set("Zz:") & set(wanted):
        return moment
    offset, name = kind.utcoffset(moment), kind.tzname(moment)
    if offset is None:
        return kind.replace(moment, tzinfo=None)
    exact = datetime.timedelta(*[get(offset) for get in _SPAN])
    if name is None:
        return kind.replace(moment, tzinfo=datetime.timezone(exact))
    text = host_exact_str(name)
    realm.meter.charge_bytes(len(text) * len(wanted) * 4)
    return kind.replace(moment, tzinfo=datetime.timezone(exact, text))


_SPAN: Final = [datetime.timedelta.__dict__[n].__get__ for n in ("days", "seconds", "microseconds")]
