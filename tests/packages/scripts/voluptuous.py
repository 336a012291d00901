# packages: voluptuous
from voluptuous import All, Any, Coerce, Invalid, Length, Optional, Range, Required, Schema

s = Schema(
    {
        Required("q"): All(str, Length(min=1)),
        Optional("n", default=5): All(Coerce(int), Range(1, 20)),
        "x": Any(None, [int]),
    }
)
print(s({"q": "a", "n": "7"}), s({"q": "b", "x": [1]}))
for bad in ({"q": ""}, {"n": 1}, {"q": "a", "n": 30}, {"q": "a", "x": ["y"]}):
    try:
        s(bad)
    except Invalid as error:
        print(error)
