# packages: cachetools
from cachetools import FIFOCache, LFUCache, LRUCache, RRCache, cached, keys

c = LRUCache(maxsize=2)
c["a"] = 1
c["b"] = 2
c["a"]
c["c"] = 3
print(sorted(c), c.currsize, c.get("b"), FIFOCache(1), LFUCache(3).maxsize)


@cached(cache={}, key=lambda x: keys.hashkey(x % 2))
def f(x):
    print("called", x)
    return x


print(f(1), f(3), f(2), RRCache(2, choice=min).choice is min)
