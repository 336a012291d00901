# packages: hashids
from hashids import Hashids

h = Hashids(salt="this is my salt", min_length=8)
print(h.encode(1, 2, 3), h.decode(h.encode(45)), h.encode_hex("deadbeef"), h.decode("xx"))
