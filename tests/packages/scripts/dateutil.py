# packages: dateutil six
import datetime as dt

from dateutil import easter, parser, rrule
from dateutil.relativedelta import FR, relativedelta
from dateutil.tz import UTC, tzoffset, tzstr
from dateutil.utils import within_delta

default = dt.datetime(2003, 9, 25)
for text in (
    "Sep 25 2003",
    "2003-09-25T10:49:41.5-03:00",
    "10h36m28.5s",
    "Thu, 25 Sep 2003 10:49:41 -0300",
    "25/9/03",
    "3rd of May 2001",
    "10pm",
):
    print(parser.parse(text, default=default))
print(parser.isoparse("20240229T1030"), easter.easter(2024))
print(
    default + relativedelta(months=+1, weekday=FR(-1)),
    relativedelta(dt.date(2024, 2, 29), dt.date(2000, 1, 1)),
)
print(list(rrule.rrule(rrule.MONTHLY, count=3, dtstart=default, byweekday=rrule.MO(1))))
print(list(rrule.rrulestr("DTSTART:20240101T000000\nRRULE:FREQ=WEEKLY;COUNT=3;BYDAY=TU")))
print(default.replace(tzinfo=UTC).isoformat(), default.replace(tzinfo=tzoffset("X", -3600)).isoformat())
print(
    default.replace(tzinfo=tzstr("EST5EDT")).utcoffset(), within_delta(default, default, dt.timedelta(1))
)
try:
    parser.parse("nonsense at all")
except parser.ParserError as error:
    print(error)
