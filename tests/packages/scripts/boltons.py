# packages: boltons
from boltons import iterutils, strutils
from boltons.cacheutils import LRU
from boltons.dictutils import OMD, FrozenDict

print(
    iterutils.chunked(range(7), 3),
    iterutils.windowed("abcd", 2),
    iterutils.bucketize(range(5), lambda x: x % 2),
)
print(
    iterutils.remap({"a": [1, None]}, lambda p, k, v: v is not None), strutils.slugify("First Post! Hi!")
)
print(strutils.camel2under("BasicParse"), strutils.ordinalize(3), strutils.bytes2human(128991))
omd = OMD([("a", 1), ("a", 2)])
print(omd.getlist("a"), omd, FrozenDict(a=1), list(iterutils.frange(1.0, 2.0, 0.5)))
cache = LRU(max_size=1)
cache["x"] = 1
cache["y"] = 2
print(list(cache), iterutils.backoff(1, 10))
