# packages: pyasn1
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1.type import namedtype, univ


class Record(univ.Sequence):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("id", univ.Integer()),
        namedtype.OptionalNamedType("name", univ.OctetString()),
    )


r = Record()
r["id"], r["name"] = 300, b"abc"
raw = encode(r)
print(
    raw.hex(),
    decode(raw, asn1Spec=Record())[0].prettyPrint(),
    decode(encode(univ.ObjectIdentifier("1.2.840")))[0],
)
