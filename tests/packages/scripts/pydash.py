# packages: pydash typing_extensions
import pydash

print(
    pydash.flatten_deep([1, [2, [3]]]),
    pydash.get({"a": [{"b": 1}]}, "a.0.b"),
    pydash.set_({}, "x.y", 2),
    pydash.chunk([1, 2, 3], 2),
)
print(
    pydash.camel_case("a b-c"),
    pydash.snake_case("FooBar"),
    pydash.chain([1, 2, 3]).map(lambda x: x * 2).filter(lambda x: x > 2).value(),
)
print(
    pydash.group_by([1.2, 1.5, 2], int),
    pydash.merge({"a": {"b": 1}}, {"a": {"c": 2}}),
    pydash.deburr("d\u00e9j\u00e0"),
    pydash.truncate("hello world", 8),
)
