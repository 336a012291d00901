# packages: toolz tlz
import toolz
from toolz import compose, curry, groupby, itertoolz, merge_with, pipe
from toolz.curried import filter, map

print(pipe(range(10), map(lambda x: x * x), filter(lambda x: x % 2), list))
print(groupby(len, ["cat", "mouse", "dog"]), merge_with(sum, {"a": 1}, {"a": 2, "b": 3}))
add = curry(lambda a, b, c: a + b + c)
print(add(1)(2)(3), add(1, 2)(3), compose(str, abs)(-5))
print(list(toolz.sliding_window(2, [1, 2, 3])), toolz.frequencies("banana"))
print(list(itertoolz.partition_all(2, range(5))), toolz.get_in(["a", 0], {"a": [7]}))
print(toolz.dicttoolz.assoc_in({"a": {}}, ["a", "b"], 1), toolz.memoize(lambda x: x + 1)(4))
