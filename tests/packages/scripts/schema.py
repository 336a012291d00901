# packages: schema
from schema import And, Optional, Or, Regex, Schema, SchemaError, Use

s = Schema(
    [
        {
            "name": And(str, len),
            "age": And(Use(int), lambda n: 18 <= n <= 99),
            Optional("sex"): And(str, Use(str.lower), lambda x: x in ("f", "m")),
        }
    ]
)
print(
    s.validate([{"name": "Sue", "age": "28", "sex": "F"}, {"name": "Sam", "age": 42}]),
    Schema(Or(int, None)).is_valid("x"),
)
try:
    Schema({"a": Regex("^x+$")}).validate({"a": "y"})
except SchemaError as error:
    print(error.code)
