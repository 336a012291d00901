# packages: construct
from construct import Bytes, Const, GreedyRange, Int8ub, Int16ul, PrefixedArray, Struct, this

f = Struct(
    "magic" / Const(b"AB"), "n" / Int8ub, "data" / Bytes(this.n), "xs" / PrefixedArray(Int8ub, Int16ul)
)
raw = f.build({"n": 3, "data": b"xyz", "xs": [1, 513]})
print(raw, f.parse(raw), GreedyRange(Int8ub).parse(b"\x01\x02"), f.parse(raw).xs[1])
