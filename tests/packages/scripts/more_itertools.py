# packages: more_itertools
import more_itertools as mi

print(list(mi.chunked(range(7), 3)), list(mi.windowed([1, 2, 3, 4], 2)))
print(mi.first([], "none"), mi.one([5]), mi.ilen(iter("abc")), list(mi.flatten([[1], [2, 3]])))
print(list(mi.unique_everseen("ABBA")), mi.all_equal([1, 1]), list(mi.interleave("ab", "cd")))
it = mi.peekable("xyz")
print(it.peek(), next(it), list(it), list(mi.collapse([1, [2, [3]]])))
print(mi.bucket(["a1", "b1", "a2"], key=lambda s: s[0]).__iter__() is not None)
print(list(mi.split_at("a,b,c", lambda c: c == ",")), mi.nth_combination(range(5), 3, 5))
try:
    mi.one([1, 2])
except ValueError as error:
    print(error)
print(list(mi.set_partitions("abc", 2)), mi.consume(range(5)))
