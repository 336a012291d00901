# packages: jsonpatch jsonpointer
import jsonpatch

p = jsonpatch.make_patch({"a": [1, 2], "b": 1}, {"a": [1, 3], "c": 2})
print(
    sorted(map(str, p.patch)),
    jsonpatch.apply_patch(
        {"a": 1}, [{"op": "add", "path": "/b", "value": 2}, {"op": "move", "from": "/a", "path": "/z"}]
    ),
)
