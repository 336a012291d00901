# packages: tomli_w
import datetime as dt

import tomli_w

print(
    tomli_w.dumps(
        {
            "a": 1,
            "b": {"c": [1.5, True], "d": [{"x": "y\n"}]},
            "t": dt.date(2024, 1, 2),
            "s": '\u00e9"\\',
        }
    )
)
