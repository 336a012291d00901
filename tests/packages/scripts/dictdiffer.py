# packages: dictdiffer
from dictdiffer import diff, patch, revert, swap

a, b = {"x": [1, 2], "y": {"z": 1}}, {"x": [1, 3, 4], "w": 2}
d = list(diff(a, b))
print(d, patch(d, a) == b, revert(d, b) == a, list(swap(d)))
