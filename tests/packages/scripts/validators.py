# packages: validators
import validators

for name, value in (
    ("domain", "example.com"),
    ("url", "http://x.y/z"),
    ("email", "a@b.co"),
    ("ipv4", "1.2.3.4"),
    ("uuid", "x"),
    ("slug", "a-b"),
    ("iban", "DE29100500001061045672"),
):
    print(name, bool(getattr(validators, name)(value)))
