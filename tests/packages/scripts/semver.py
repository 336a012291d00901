# packages: semver
from semver import Version

v = Version.parse("1.2.3-pre.2+build.4")
print(v, v.major, v.prerelease, v.bump_minor(), v.bump_prerelease(), v.to_dict())
print(sorted(map(Version.parse, ["1.0.0", "1.0.0-rc.1", "0.9.9", "1.0.0-alpha"])))
print(v.match(">=1.2.3-pre.1"), v.compare("2.0.0"), v < "1.3.0", hash(v) == hash(Version.parse(str(v))))
print(Version.is_valid("1.0"), v.replace(major=2), v.next_version("major"))
try:
    Version.parse("1.x")
except ValueError as error:
    print(error)
