# packages: dateutil six
import datetime as dt

from dateutil import easter, rrule
from dateutil.relativedelta import FR, relativedelta
from dateutil.tz import UTC, tzoffset, tzrange
from dateutil.utils import within_delta

default = dt.datetime(2003, 9, 25)
print(easter.easter(2024), rrule.rrule(rrule.DAILY, dtstart=default)[400])
print(
    default + relativedelta(months=+1, weekday=FR(-1)),
    relativedelta(dt.date(2024, 2, 29), dt.date(2000, 1, 1)),
)
print(list(rrule.rrule(rrule.MONTHLY, count=3, dtstart=default, byweekday=rrule.MO(1))))
print(default.replace(tzinfo=UTC).isoformat(), default.replace(tzinfo=tzoffset("X", -3600)).isoformat())
print(
    default.replace(tzinfo=tzrange("EST", -18000, "EDT")).utcoffset(),
    within_delta(default, default, dt.timedelta(1)),
)
