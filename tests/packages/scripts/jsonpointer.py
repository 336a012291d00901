# packages: jsonpointer
from jsonpointer import JsonPointer, JsonPointerException, resolve_pointer, set_pointer

d = {"a": {"b": [1, {"c/d": 2}]}}
print(
    resolve_pointer(d, "/a/b/1/c~1d"),
    set_pointer(d, "/a/b/0", 9, inplace=False),
    JsonPointer.from_parts(["x", "y/z"]).path,
)
try:
    resolve_pointer(d, "/q")
except JsonPointerException as error:
    print(error)
