# packages: ordered_set
from ordered_set import OrderedSet

a = OrderedSet("abracadabra")
print(
    a,
    a & OrderedSet("bc"),
    a | "z",
    a - "ab",
    a.index("c"),
    a[1:3],
    a == OrderedSet("abrcd"),
    a ^ {"a", "q"},
)
