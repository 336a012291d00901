# packages: funcy
from funcy import (
    cached_property,
    chunks,
    compact,
    distinct,
    join,
    lmap,
    merge,
    partition,
    project,
    rcompose,
    silent,
    walk,
    where,
    zipdict,
)

print(merge({"a": 1}, {"b": 2}), join([[1], [2]]), lmap(r"\d+", ["a1", "b22"]), walk(str.upper, {"a"}))
print(
    list(distinct([1, 2, 1])),
    list(chunks(2, range(5))),
    list(partition(2, range(5))),
    project({"a": 1, "b": 2}, ["a"]),
)
print(
    silent(int)("x"),
    rcompose(abs, str)(-1),
    zipdict("ab", [1, 2]),
    compact([0, 1]),
    list(where([{"a": 1}], a=1)),
)


class A:
    @cached_property
    def x(self):
        print("made")
        return 5


a = A()
print(a.x + a.x)
