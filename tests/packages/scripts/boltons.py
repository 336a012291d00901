# packages: boltons
from boltons.dictutils import OMD, FrozenDict, OneToOne
from boltons.queueutils import HeapPriorityQueue
from boltons.setutils import IndexedSet
from boltons.strutils import bytes2human, camel2under, ordinalize, slugify

print(camel2under("BasicParse"), ordinalize(3), bytes2human(128991), slugify("First Post! Hi!"))
omd = OMD([("a", 1), ("a", 2)])
print(omd.getlist("a"), omd, FrozenDict(a=1), OneToOne({"x": 1}).inv)
queue = HeapPriorityQueue()
queue.add("low", priority=1)
queue.add("high", priority=9)
print(queue.pop(), len(queue), IndexedSet("abracadabra")[2:])
