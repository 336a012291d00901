# packages: isodate
import datetime as dt

import isodate

print(
    isodate.parse_date("2024-W05-3"),
    isodate.parse_datetime("20240131T101112,5+0130"),
    isodate.parse_time("10:20Z"),
)
d = isodate.parse_duration("P1Y2M10DT2H30M")
print(d, repr(d), isodate.duration_isoformat(d), dt.date(2024, 1, 31) + isodate.parse_duration("P1M"))
print(
    isodate.duration_isoformat(dt.timedelta(hours=5, seconds=3)),
    isodate.date_isoformat(dt.date(2024, 5, 6)),
)
print(
    isodate.strftime(dt.datetime(2024, 1, 2, 3, 4, 5), "%Y-%m-%dT%H:%M:%S"),
    d.totimedelta(start=dt.datetime(2024, 1, 1)),
)
for bad in ("2024-13-01", "PX", "25:00"):
    try:
        isodate.parse_date(bad) if "-" in bad else isodate.parse_duration(bad)
    except (ValueError, isodate.ISO8601Error) as error:
        print(type(error).__name__, error)
