# packages: packaging
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

print(sorted(map(Version, "1.0 1.0rc1 1.0.dev2 1.0.post1 2!0.1".split())))
r = Requirement('name[a,b]>=1,<2; python_version > "3.8"')
print(r, sorted(r.extras), r.specifier, r.marker)
print("1.5" in SpecifierSet(">=1,!=1.4.*"), canonicalize_name("A_b.C"))
print(Marker('os_name == "x" or extra == "y"').evaluate({"os_name": "x", "extra": ""}))
print(parse_wheel_filename("a_b-1.0-py3-none-any.whl")[:3])
for kind, text in ((Version, "x"), (Requirement, "@@")):
    try:
        kind(text)
    except (InvalidVersion, InvalidRequirement) as error:
        print(type(error).__name__, error)
