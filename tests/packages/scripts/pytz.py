# packages: pytz
import datetime as dt

import pytz

berlin = pytz.timezone("Europe/Berlin")
print(
    berlin.localize(dt.datetime(2024, 7, 1, 12)).isoformat(),
    berlin.localize(dt.datetime(2024, 1, 1)).tzname(),
)
print(
    pytz.utc.localize(dt.datetime(2024, 3, 31, 1)).astimezone(berlin),
    len(pytz.all_timezones) > 400,
    pytz.country_timezones["de"],
)
try:
    pytz.timezone("No/Where")
except pytz.UnknownTimeZoneError as error:
    print(repr(error))
