# packages: shortuuid
import uuid

import shortuuid

u = uuid.uuid5(uuid.NAMESPACE_DNS, "example.com")
print(
    shortuuid.encode(u),
    shortuuid.decode(shortuuid.encode(u)) == u,
    shortuuid.uuid(name="http://x.y"),
    shortuuid.ShortUUID(alphabet="01").encode(u)[:9],
)
