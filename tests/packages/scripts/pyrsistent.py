# packages: pyrsistent
from pyrsistent import PClass, PRecord, field, freeze, m, pmap, pvector, s, thaw, v

a = v(1, 2, 3)
print(
    a.append(4),
    a,
    a.set(0, 9),
    pmap({"x": 1}).set("y", 2) == m(x=1, y=2),
    s(1) | {2},
    thaw(freeze({"a": [1]})),
)
print(
    pvector(range(100))[37],
    a.transform([0], 5),
    freeze({"a": {"b": [1]}}).transform(["a", "b", 0], lambda n: n + 1),
)


class R(PRecord):
    x = field(type=int, mandatory=True)


class C(PClass):
    y = field(invariant=lambda y: (y > 0, "not positive"))


print(R(x=1).set("x", 2), C(y=3).set(y=4))
for bad in (lambda: R(), lambda: C(y=-1)):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__)
