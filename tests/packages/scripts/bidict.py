# packages: bidict typing_extensions
from bidict import ValueDuplicationError, bidict, frozenbidict

b = bidict(one=1, two=2)
print(b.inverse[1], b, list(b.inverse.items()), frozenbidict(b) == b)
b.forceput("three", 1)
print(b, b.pop("two"), b.inv)
try:
    b["x"] = 1
except ValueDuplicationError as error:
    print(type(error).__name__, error)
