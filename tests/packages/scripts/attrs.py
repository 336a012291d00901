# packages: attr attrs
import attr
import attrs
from attrs import asdict, define, evolve, field, fields, frozen, validators


@define
class Point:
    x: int = field(default=0, validator=validators.instance_of(int))
    y: int = field(default=0, converter=int)


@frozen(order=True)
class Name:
    first: str
    last: str = field(default="x", kw_only=True)
    tags: list = field(factory=list, eq=False, repr=False)


@attr.s(slots=True)
class Old:
    b = attr.ib(default=1, kw_only=True)
    a = attr.ib(default=attr.Factory(lambda self: self.b + 1, takes_self=True))


p = Point(1, "2")
print(p, asdict(p), evolve(p, x=5), p == Point(1, 2), [f.name for f in fields(Point)], Old(b=4))
print(
    Name("a") < Name("b"), hash(Name("a")) == hash(Name("a")), attrs.astuple(Name("q")), Name.__slots__
)
for bad in (lambda: Point("no"), lambda: setattr(Name("a"), "first", 1), lambda: setattr(p, "zz", 1)):
    try:
        bad()
    except (TypeError, AttributeError) as error:
        print(type(error).__name__, str(error)[:60])
print(attrs.has(Point), attr.validate(p), attrs.make_class("C", ["x"])(3))
