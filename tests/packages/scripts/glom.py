# packages: glom boltons face attr attrs
from glom import Coalesce, GlomError, Iter, Path, T, glom

data = {"a": {"b": [{"c": 1}, {"c": 2}]}, "n": None}
print(
    glom(data, "a.b.0.c"),
    glom(data, ("a.b", ["c"])),
    glom(data, {"x": "a.b", "y": Coalesce("z", default=3)}),
)
print(
    glom(data, T["a"]["b"][1]),
    glom([1, 2, 3], Iter().map(lambda x: x + 1).all()),
    glom(data, Path("a", "b", 0)),
)
try:
    glom(data, "a.q")
except GlomError as error:
    print(type(error).__name__)
