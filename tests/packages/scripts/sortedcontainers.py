# packages: sortedcontainers
from sortedcontainers import SortedDict, SortedKeyList, SortedList, SortedSet

found = SortedList([3, 1, 2] * 500)
found.add(0)
print(len(found), found[:3], found.bisect(2), found.index(3), found.count(1))
table = SortedDict(b=1, a=2)
print(table, table.peekitem(0), list(table.irange("a", "b")), table.popitem())
print(list(SortedSet("hello") & SortedSet("yellow")), SortedSet([2, 1]))
print(list(SortedKeyList("cab", key=lambda c: -ord(c))))
