"""The short ways of guards, for what they meet most: what a guest gets by them is what CPython gives, and
each level of optimisation takes as many steps as the other."""

from __future__ import annotations

from typing import Any

import pytest

from capcompiler import Compartment, LimitExceeded, Limits, cap_exec

PROGRAMS = {
    "tuples-as-keys": """
from collections import Counter, OrderedDict, defaultdict
class Own(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, [value])
class Plain(dict): pass
found = []
for kind in (dict, Counter, OrderedDict, lambda: defaultdict(int), Own, Plain):
    d = kind()
    for key in ((b"a", b"b"), ("a",), (1, "b"), (1.0, 2.0**61), (None, True), ((1, 2), 3), int, type(None)):
        d[key] = 1
        try:
            d[key] += 1
        except TypeError as error:
            found.append(str(error))
        found.append((d[key], key in d, d.get(key), (b"x", b"y") in d))
out = found
""",
    "classes-as-keys": """
class Meta(type): pass
class A: pass
class B(metaclass=Meta): pass
d = {int: 1, A: 2}
s = {str, A}
out = [d.get(int), d.get(A), d.get(B), d.setdefault(B, 5), d.pop(B), A in s, B in s, s.discard(A), len(s)]
""",
    "slices-of-ranges": """
class At:
    def __index__(self): return 3
r = range(10)
out = [r[:4], r[2:], r[::-1], r[At():], r[1:At()], list(r[3:1]), range(10**30)[5:][0]]
try:
    r["a":]
except TypeError as error:
    out.append(str(error))
""",
    "decimals": """
from decimal import Decimal as D
a, b = D("1.5"), D(7)
out = [str(x) for x in (a + b, a - b, a * b, a / b, a // b, a % b, a + 8, a * 2, b // 2, b % 4, a - 1, 8 + a)]
out += [a < b, a == b, a > 1, a == D("1.50"), a != 1, b == 7, (a, 1) < (b, 0), (1, a) == (1, a)]
a += 1; b -= a; a *= 2; b /= 4; a //= 2; b %= 3
out += [str(a), str(b)]
try:
    a + "b"
except TypeError as error:
    out.append(str(error))
""",
    "tuples-compared": """
class X:
    def __init__(self, v): self.v = v
    def __eq__(self, o): return "eq"
    def __lt__(self, o): return o == 2
out = [(1, 2) == (1, 2), (1, "a") < (1, "b"), (X(1),) == (2,), (X(1),) < (2,), (1,) != (1.0,), ((1,),) == ((1,),)]
""",
    "kinds": """
class Liar:
    __class__ = int
class Sub(int): pass
values = [1, True, "a", 1.5, None, b"", [], (), {}, set(), Liar(), Sub(2), Liar, int]
out = []
for v in values:
    t = type(v)
    out.append((t.__name__, isinstance(v, (int, str)), isinstance(v, (list, (tuple, dict))), t is int))
    out.append((issubclass(t, (int, str)), issubclass(t, int), issubclass(t, (list, (tuple, int)))))
for wrong in ((int, 1), 1, (int, "a")):
    for ask in (lambda: isinstance([], wrong), lambda: issubclass(list, wrong), lambda: issubclass(1, int)):
        try:
            out.append(ask())
        except TypeError as error:
            out.append(str(error))
""",
    "shifts-and-rounding": """
class I(int): pass
values = [0, 1, -5, True, 2**40, 2**200, I(3)]
out = [v << n for v in values for n in (0, 1, 30, 900, 1023, 1024, I(2), False)]
for wrong in (-1, 1.5, "a"):
    n = wrong
    try:
        1 << n
    except (ValueError, TypeError) as error:
        out.append(str(error))
x = 1
for n in range(40): x <<= n % 5
out.append(x)
big = 3**400
out += [big * big, big + big, big + 1, big // 7, big - big, -big * 2, (big * big) // big == big]
out += [round(2.675, 2), round(2.5), round(1234.5, -2), round(7, -1), round(1e300, 5), round(2.5, True)]
for wrong in ((2.5, 1.0), ("a",)):
    try:
        round(*wrong)
    except TypeError as error:
        out.append(str(error))
""",
    "grown-in-place": """
class R:
    def __radd__(self, other): return "radd"
    def __iter__(self): return iter([1])
l, b, t, y = [1], bytearray(b"a"), (1,), b"a"
l += [2]; l += (3,); l += b"x"; b += b"b"; b += bytearray(b"c"); t += (2,); y += b"b"
out = [l, b, t, y]
l += R()
out.append(l)
for add in ("b += [1]", "t += [1]", "y += 'a'", "y += [1]"):
    try:
        exec(add, {"b": b, "t": t, "y": y})
    except TypeError as error:
        out.append(str(error))
same = m = [1]
m += [2]
out.append(same)
""",
    "formats-by-name": """
class V:
    def __str__(self):
        d["b"] = "changed"
        return "v"
d = {"a": 1, "b": "x" * 10, "c": None, "": 0, "(a)": 3, "v": V(), "f": 1.25}
out = ["%(a)s %(b)10s %%(c) %(c)r %()d" % d, "%((a))s" % d, "%(v)s %(b)s" % d, "%(f).1f" % d, "%(a)05d" % d]
for template, values in (("%(z)s", d), ("%(a", d), ("%(a)s %s", d), ("%(a)s", [1])):
    try:
        out.append(template % values)
    except (KeyError, ValueError, TypeError) as error:
        out.append(repr(error))
""",
    "sorted-by-keys": """
rows = [{"n": i % 7, "t": (i % 3, str(i)), "nest": [[i]] * 5} for i in range(50)]
out = [sorted(rows, key=lambda r: r["t"]), max(rows, key=lambda r: r["n"]), sorted(rows, key=lambda r: "k", reverse=True)]
rows.sort(key=lambda r: (r["n"], r["t"]))
out.append(rows)
rows.sort(key=None) if not rows else None
""",
    "what-objects-say-they-are": """
class A(int): pass
class B(int): pass
class Liar(A):
    __class__ = property(lambda self: str)
def told(x): return [x.__class__ for _ in range(3)]
a, liar = A(1), Liar(2)
out = [told(a) == [A] * 3, told(liar) == [str] * 3, isinstance(liar, str)]
class M(type):
    @property
    def __class__(cls): return "meta"
class N(metaclass=M): pass
out += told(N) + [told(N()) == [N] * 3]
class P: pass
class Q: pass
p = P()
out += [told(p) == [P] * 3]
put = setattr
put(p, "__class__", Q)
out += [told(p) == [Q] * 3, told(P()) == [P] * 3]
Q.__getattribute__ = lambda self, name: ("own", name)
out += told(p)
class R: pass
class S(R): pass
s = S()
out += [told(s) == [S] * 3]
class T:
    def __getattribute__(self, name): return "from the base"
S.__bases__ = (T,)
out += told(s)
""",
    "what-classes-hold": """
class I(int):
    def __repr__(self): return "own"
out = []
for kind in (int, tuple, I, list, bool, str):
    for _ in range(2):
        out.append([kind.__repr__ is int.__repr__, kind.__repr__(kind()), getattr(kind, "__repr__", None) is kind.__repr__])
I.__repr__ = int.__repr__
out.append(I.__repr__(I(3)))
out.append([object.__getattribute__(I(4), "real"), int.__add__(3, 4), str.join("-", "abc"), dict.get({1: 2}, 1)])
""",
    "methods-that-are-not-plain": """
class A:
    def __init__(self, given): self.m = given
    def m(self, x): return "class", x
    def n(self, x): return "n", x
    @property
    def p(self): return list
    __dunder = lambda self, x: ("private", x)
    def private(self, x): return self.__dunder(x)
out = []
for given in (list, tuple, len, str.upper, lambda x: x * 2):
    for _ in range(3):
        a = A(given)
        out.append([a.m("ab"), a.n(1), a.p("ab"), a.private(2)])
        a.n = given
        out.append(a.n("xy"))
        del a.n
        out.append(a.n("xy"))
    A.n = lambda self, x: ("later", x)
    out.append(a.n(3))
import os.path, math
out += [os.path.basename("a/b"), os.path.basename("c/d"), math.floor(2.5), math.floor(3.5)]
class L(list):
    def pop(self, at=-1): return "own", super().pop(at)
l = L([1, 2, 3, 4])
out += [l.pop(0), l.pop(0), l.pop(0), l]
del L.pop
out += [l.pop(0), l]
""",
}


def _ran(source: str, optimize: bool) -> tuple[Any, int]:
    world = Compartment(limits=Limits(steps=10**7))
    world.exec(source, optimize=optimize)
    used = world.usage.steps
    return world.eval("repr(out)"), used


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_short_ways_are_those_of_python(name: str) -> None:
    plain: dict[str, Any] = {}
    exec(PROGRAMS[name], plain)
    told = {optimize: _ran(PROGRAMS[name], optimize) for optimize in (True, False)}
    assert told[True][0] == repr(plain["out"])
    assert told[True] == told[False]


FLOODS = {
    "floats-that-share-a-hash": "(1.0, 2.0**61, 2.0**122, 2.0**183)",
    "numbers-and-floats": "(1, 2.0**61, 2.0**122, 2.0**183)",
    "minus-one-and-two": "(-1, -2, -1.0, -2.0)",
}


@pytest.mark.parametrize("values", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("store", ["d[k] = 0", "d.setdefault(k)", "k in d or s.add(k)", "c[k] += 1"])
def test_short_tuples_of_one_hash_pay_for_one_another(values: str, store: str) -> None:
    source = (
        "import itertools\nfrom collections import Counter\nd, s, c = {}, set(), Counter()\n"
        f"for k in itertools.product({values}, repeat=7): {store}"
    )
    with pytest.raises(LimitExceeded):
        cap_exec(source, {}, limits=Limits(steps=3_000_000))
