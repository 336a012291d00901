# packages: stringcase
import stringcase

for f in (
    "camelcase",
    "snakecase",
    "spinalcase",
    "titlecase",
    "pascalcase",
    "constcase",
    "dotcase",
    "alphanumcase",
):
    print(f, getattr(stringcase, f)("foo_bar-baz Qux"))
