"""`datetime`: C types. What asks the clock or the local time zone needs a granted clock."""

from __future__ import annotations

import _strptime  # type: ignore[import-not-found]  # noqa: F401 - the host imports it, not a guest's turn
import datetime
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from guards.call import CONSTRUCTORS
from guards.charge import charge_strftime, settled
from guards.dates import clock_seconds, conversions, named_zone, needs_clock
from guards.harden import harden
from guards.host import host_exact_str, host_name
from guards.tamed import enter
from guards.zones import Zone, asked, shown_zone, zone_for

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow

__all__: list[str] = []


#: Where a clock fills in `time`, the local time zone is UTC; that of the host is not granted.
_UTC: Final = datetime.UTC


def _now(name: str) -> Callable[..., Any]:
    """`now` and its kin: a moment of the granted clock, in UTC where no zone is given."""

    def tamed(realm: Realm, cls: Any, tz: Any = None) -> Any:
        seconds = clock_seconds(realm, name)
        if tz is not None:
            return cls.fromtimestamp(seconds, tz)
        return cls.fromtimestamp(seconds, _UTC).replace(tzinfo=None)

    tamed.__name__ = tamed.__qualname__ = name.rpartition(".")[2]
    return tamed


def _today(realm: Realm, cls: Any) -> Any:
    moment = datetime.datetime.fromtimestamp(clock_seconds(realm, "date.today"), _UTC)
    return cls(moment.year, moment.month, moment.day)


def _from_timestamp(realm: Realm, cls: Any, timestamp: Any, tz: Any = None) -> Any:
    if tz is None:
        needs_clock("datetime.fromtimestamp without tz")(realm)
    kind = cls if issubclass(type(cls), type) else type(cls)
    return _from_stamp(None, kind)(timestamp, zone_for(realm, tz))


def _as_zone(realm: Realm, moment: Any, tz: Any = None) -> Any:
    # Computed here: a zone that gives no offset would be taken for the host's.
    # Of the builtin class throughout: a method of a subclass would be called past its guard.
    offset = _utcoffset(moment)
    if tz is None or offset is None:
        needs_clock("datetime.astimezone of or to local time")(realm)
    if not issubclass(type(tz), datetime.tzinfo):
        raise TypeError(f"tz argument must be an instance of tzinfo, not {host_name(type(tz))}")
    utc = _subtract(_replace(moment, tzinfo=None), offset)
    moved = _replace(utc, tzinfo=zone_for(realm, tz))
    return tz.fromutc(moved) if type(tz) is datetime.timezone else asked(realm, tz, "fromutc", moved)


def _timestamp(realm: Realm, moment: Any) -> float:
    if _utcoffset(moment) is None:
        needs_clock("datetime.timestamp of local time")(realm)
    seconds: float = datetime.datetime.timestamp(moment)
    return seconds


def _format_time(kind: Any) -> Callable[..., Any]:
    def strftime(realm: Realm, moment: Any, format: Any, /) -> str:
        if not isinstance(format, str):
            raise TypeError("strftime() argument 1 must be str")
        text = host_exact_str(format)
        charge_strftime(realm, text)
        result: str = kind.strftime(named_zone(realm, moment, text), text)
        return result

    return strftime


def _parse_time(realm: Realm, cls: Any, text: Any, format: Any, /) -> Any:
    if not isinstance(text, str) or not isinstance(format, str):
        raise TypeError("strptime() arguments must be str")
    text, format = host_exact_str(text), host_exact_str(format)
    if len(text) > 200 or len(format) > 100:
        raise ValueError("strptime(): the text is longer than 200, or the format than 100")
    # The parser is Python code of the standard library that builds a pattern: it gets exact text
    # of bounded length, and pays for trying.
    realm.meter.charge(len(text) * len(format))
    if "Z" in conversions(format):
        needs_clock("datetime.strptime with %Z, the host's names of time zones,")(realm)
    problem: str
    try:
        return cls.strptime(text, format)
    except ValueError as error:
        problem = str(error)
    except Exception:  # `re.error`, a class of the library's that takes attributes
        problem = f"bad format {format!r}"
    raise ValueError(problem)


_utcoffset: Final[Any] = datetime.datetime.utcoffset
_replace: Final[Any] = datetime.datetime.replace
_subtract: Final[Any] = datetime.datetime.__sub__
_from_stamp: Final[Any] = datetime.datetime.__dict__["fromtimestamp"].__get__


def _zoned(place: int) -> Any:
    """(realm, obj, args, kwargs) -> args: with the zone, by keyword or at a place, one that C code may
    ask."""

    def prepare(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("tzinfo") is not None:
            kwargs["tzinfo"] = zone_for(realm, kwargs["tzinfo"])
        if len(args) > place:
            return (*args[:place], zone_for(realm, args[place]), *args[place + 1 :])
        return args

    return prepare


def _from_utc(realm: Realm, zone: Any, moment: Any, /) -> Any:
    return datetime.tzinfo.fromutc(zone_for(realm, zone), moment)


CONSTRUCTORS[datetime.datetime] = _zoned(7)
CONSTRUCTORS[datetime.time] = _zoned(4)
#: What a guest sees of the zone that a moment holds.
_SHOWN_ZONE: Final = {
    kind: {"tzinfo": lambda realm, moment, get=kind.__dict__["tzinfo"].__get__: shown_zone(get(moment))}
    for kind in (datetime.datetime, datetime.time)
}
_COMMON_TIME = "isoformat replace utcoffset dst tzname min max resolution fromisoformat "
enter(
    datetime.date,
    _COMMON_TIME + "year month day ctime isocalendar isoweekday weekday toordinal fromordinal "
    "fromisocalendar",
    tame={
        "today": _today,
        "fromtimestamp": needs_clock("date.fromtimestamp"),
        "strftime": _format_time(datetime.date),
        "timetuple": lambda realm, moment: datetime.date.timetuple(moment),
        **({"strptime": _parse_time} if hasattr(datetime.date, "strptime") else {}),  # 3.14
    },
    deny="__replace__",
    subclass=True,
)
enter(
    datetime.datetime,
    _COMMON_TIME + "hour minute second microsecond fold date time timetz utcfromtimestamp ctime",
    cost={"replace": _zoned(7), "combine": _zoned(2)},
    reads=_SHOWN_ZONE[datetime.datetime],
    tame={
        "now": _now("datetime.now"),
        "timetuple": lambda realm, moment: datetime.datetime.timetuple(moment),
        "utctimetuple": lambda realm, moment: datetime.datetime.utctimetuple(moment),
        "utcnow": lambda realm, cls: _now("datetime.utcnow")(realm, cls),
        "today": lambda realm, cls: _now("datetime.today")(realm, cls),
        "fromtimestamp": _from_timestamp,
        "astimezone": _as_zone,
        "timestamp": _timestamp,
        "strptime": _parse_time,
    },
    deny="__replace__",
    subclass=True,
)
enter(
    datetime.time,
    _COMMON_TIME + "hour minute second microsecond fold",
    cost={"replace": _zoned(4)},
    reads=_SHOWN_ZONE[datetime.time],
    tame={"strftime": _format_time(datetime.time), "strptime": _parse_time},
    deny="__replace__",
    subclass=True,
)
enter(datetime.timedelta, "days seconds microseconds total_seconds min max resolution",
      subclass=True)  # fmt: skip
enter(datetime.tzinfo, "utcoffset dst tzname", tame={"fromutc": _from_utc}, subclass=True)
enter(
    Zone,
    tame={
        name: lambda realm, zone, moment, /, name=name: asked(realm, zone, name, moment)
        for name in ("utcoffset", "dst", "tzname", "fromutc")
    },
    deny="__inner__ __realm__ __slots__ __weakref__",
)
enter(datetime.timezone, "utcoffset dst tzname fromutc utc min max", deny="__getinitargs__")
# C code makes this class as a class statement would; a guest could store on it.
if not harden(time.struct_time):
    raise ImportError("guards: time.struct_time could not be made immutable")
CONSTRUCTORS[time.struct_time] = lambda realm, kind, args, kwargs: (
    (settled(realm, args[0]), *args[1:]) if args else args
)
enter(
    time.struct_time,
    "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst tm_zone tm_gmtoff "
    "n_fields n_sequence_fields n_unnamed_fields __match_args__",
    deny="__replace__",
)
enter(type(datetime.date(2000, 1, 1).isocalendar()), "week weekday year")
MODULES["datetime"] = ModuleRow(
    why="C types for moments; what reads the clock or the local zone is refused",
    safe={
        n: getattr(datetime, n)
        for n in "date datetime time timedelta timezone tzinfo MINYEAR MAXYEAR UTC".split()
    },
)
