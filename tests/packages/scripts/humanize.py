# packages: humanize
import datetime as dt

import humanize

print(
    humanize.intcomma(1234567.891), humanize.intword(1.2e9), humanize.ordinal(103), humanize.apnumber(5)
)
print(
    humanize.naturalsize(3_000_000),
    humanize.naturalsize(3000, binary=True),
    humanize.fractional(0.3),
    humanize.scientific(500),
)
print(humanize.naturaldelta(dt.timedelta(days=400)))
now = dt.datetime(2024, 1, 2)
print(
    humanize.naturaltime(now - dt.timedelta(hours=3), when=now),
    humanize.metric(1500, "V"),
    humanize.clamp(0.0001, floor=0.01),
)
print(
    humanize.natural_list(["a", "b", "c"]),
    humanize.naturaldelta(dt.timedelta(microseconds=5), minimum_unit="microseconds"),
)
