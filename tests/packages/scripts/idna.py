# packages: idna
import idna

for name in ("ドメイン.テスト", "königsgäßchen.de", "example.com", "faß.de"):
    encoded = idna.encode(name)
    print(name, encoded, idna.decode(encoded), idna.encode(name, uts46=True, transitional=False))
for bad in ("-bad-", "a" * 64, "x\u0301\u200d", "☃.net\u2260"):
    try:
        print(idna.encode(bad))
    except idna.IDNAError as error:
        print(type(error).__name__, error)
print(idna.alabel("ü"), idna.ulabel("xn--tda"), idna.uts46_remap("Ａbc"))
