# packages: intervaltree sortedcontainers
from intervaltree import Interval, IntervalTree

t = IntervalTree([Interval(1, 5, "a"), Interval(3, 7, "b"), Interval(10, 12)])
print(sorted(t[4]), sorted(t.overlap(5, 11)), t.begin(), t.end())
t.chop(2, 4)
print(sorted(t), len(t))
t.merge_overlaps()
print(sorted(t), t.overlaps_point(11))
