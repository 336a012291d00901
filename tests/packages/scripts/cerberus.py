# packages: cerberus
from cerberus import Validator

v = Validator(
    {
        "name": {"type": "string", "required": True, "regex": "^[a-z]+$"},
        "n": {"type": "integer", "min": 1, "default": 3},
        "l": {"type": "list", "schema": {"type": "string"}},
    }
)
print(
    v.validate({"name": "ab"}), v.document, v.validate({"name": "A", "n": 0, "l": [1], "z": 1}), v.errors
)
print(v.normalized({"name": "x"}))
