"""What a guest in a worker made less of goes to the host, and to others by it, and stays less."""

from __future__ import annotations

from typing import Any

import pytest

from capcompiler import Capability, CapabilityError, CapError, Compartment, GuestError, Limits, cap_exec
from stdlib_caps import MemoryDir


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_what_was_made_less_in_a_worker_stays_less_elsewhere(isolation: Any) -> None:
    files, got = MemoryDir(), list[Any]()
    files.write_text("a", "x")

    def take(cap: Any) -> str:
        got.append(cap)
        text: str = cap.read_text("a")
        return text

    world = Compartment({"files": files, "take": take}, isolation="process")
    src = "less = only(files, 'read_text')\nsaid = [take(less), take(less)]\nlent, revoke = revocable(files)\nless"
    less = world.exec(src).value
    assert world.eval("said") == ["x", "x"] and got[0] is got[1] is less and less.read_text("a") == "x"
    for refused in (lambda: less.write_text("a", "y"), lambda: less._target, lambda: less()):
        with pytest.raises((AttributeError, CapError)):
            refused()
    world.grant("home", less)
    assert world.eval("home is less") is True
    other = Compartment({"less": less}, isolation=isolation)
    assert other.eval("less.read_text('a')") == "x"
    with pytest.raises(CapError):
        other.exec("less.write_text('a', 'z')")
    lent = world.eval("lent")
    assert lent.read_text("a") == "x"
    world.exec("revoke()")
    with pytest.raises(CapabilityError, match="revoked"):
        lent.read_text("a")
    assert files.read_text("a") == "x"


EMPTY = """
r = []
for way in ("d.open('a', 'w')", "d.open('a', 'a')", "d.open('b', 'x')", "d.write_text('a', 'y')", "d.remove('a')"):
    for held in (readonly(files), readonly(logged(files, print)), readonly(only(files, 'open', 'remove'))):
        try: r.append([way, cap_eval(way, {'d': held})])
        except Exception as e: pass
r.append(cap_eval("d.read_text('a')", {'d': readonly(files)}))
try: cap_exec("d.open('a', 'w')", {'d': readonly(files)})
except GuestError as e: r.append(e.message)
"""


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_what_is_for_reading_only_empties_no_file(isolation: Any) -> None:
    """Names do not say what only reads: `open` does, and empties what it opens to write."""
    files = MemoryDir()
    files.write_text("a", "x")
    names = Compartment({"files": files}, isolation=isolation).exec(EMPTY)
    assert names["r"] == ["x", "[Errno 13] the directory was granted for reading: 'a'"]
    assert files.read_text("a") == "x" and not files.exists("b")


#: What a guest's capability gives when another iterates over it.
ITERATED = {
    "a-list": "    def __iter__(self): return [1, [2]]",
    "a-tuple": "    def __iter__(self): return (1, [2])",
    "an-iterator": "    def __iter__(self): return iter([1, [2]])",
    "a-generator": "    def __iter__(self):\n        yield 1\n        yield [2]",
    "one-of-the-library": "    def __iter__(self): return filter(None, (0, 1, [], [2]))",
    "one-of-its-own": "    def __iter__(self): return J()\n"
    "class J:\n    given = 0\n    def __iter__(self): return self\n    def __next__(self):\n"
    "        self.given += 1\n        if self.given == 3: raise StopIteration\n"
    "        return 1 if self.given == 1 else [2]",
    "a-capability": "    def __iter__(self): return J()\n"
    "class J(Capability, special='__iter__ __next__'):\n    given = 0\n    def __iter__(self): return self\n"
    "    def __next__(self):\n        self.given += 1\n        if self.given == 3: raise StopIteration\n"
    "        return 1 if self.given == 1 else [2]",
}  # fmt: skip
USES = "[x for x in k], list(k), 1 in k"


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("over", ["k", "quota(k, calls=99)", "logged(k, print)", "revocable(k)[0]"])
@pytest.mark.parametrize("name", ITERATED)
def test_a_guests_capability_is_iterated_over_by_others(name: str, over: str, isolation: Any) -> None:
    """What gave an iterator failed, and only a list went through."""
    source = f"class K(Capability, special='__iter__'):\n{ITERATED[name]}\nk = K()\nk = {over}"
    wanted = ([1, [2]], [1, [2]], True)
    child = f"{source}\ncap_eval({USES!r}, {{'k': k}})"
    assert cap_exec(child, isolation=isolation).value == wanted
    with Compartment(isolation=isolation) as world:
        k = world.exec(source)["k"]
        for elsewhere in ("inline", "process"):
            assert Compartment({"k": k}, isolation=elsewhere).eval(USES) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_an_iterator_of_a_guests_is_under_the_policy_and_paid_for(isolation: Any) -> None:
    source = """
class K(Capability, special="__iter__"):
    def __iter__(self):
        yield P()
class P(Capability):
    def read(self): return "x"
lent, revoke = revocable(K())
child = cap_exec("p, = k; use = lambda: p.read()", {"k": lent})
assert child["use"]() == "x"
revoke()
child["use"]()
"""
    with pytest.raises(CapabilityError, match="revoked"):
        cap_exec(source, isolation=isolation)
    counting = """
import itertools
class K(Capability, special="__iter__"):
    def __iter__(self): return itertools.repeat("x" * 1000)
cap_exec("list(k)", {"k": quota(K(), bytes=5000)}, limits=Limits(steps=100_000))
"""
    with pytest.raises(CapError):
        cap_exec(counting, isolation=isolation, limits=Limits(steps=200_000))


@pytest.mark.parametrize(
    "over", ["k", "quota(k, calls=99)", "only(k, 'name', '__len__', '__getitem__')"]
)
@pytest.mark.parametrize("elsewhere", ["inline", "process"])
@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_all_that_a_guests_class_offers_goes_to_others(
    isolation: Any, elsewhere: Any, over: str
) -> None:
    """From a worker nothing but its methods went on, and none of the special ones could be called."""
    source = f"""
class K(Capability, special="__len__ __getitem__ __enter__ __exit__", read="name", write="name", reads="m"):
    name = "n"
    def __len__(self): return 3
    def __getitem__(self, i): return i * 2
    def __enter__(self): return 7
    def __exit__(self, *a): pass
    def m(self): return 5
    def hidden(self): return self.name
k = K()
k = {over}
"""
    with Compartment(isolation=isolation) as world:
        k = world.exec(source)["k"]
        with Compartment({"k": k}, isolation=elsewhere) as other:
            assert other.eval("len(k), k[4], k.name") == (3, 8, "n")
            other.exec("k.name = 'new'")
            assert other.eval("k.name") == "new" and world.eval("k.name") == "new"
            for refused in (
                "k.given",
                "k.__dict__",
                "k.other",
                "readonly(k).name = 1",
                "readonly(k).hidden()",
            ):
                with pytest.raises((GuestError, CapabilityError)):
                    other.exec(refused)
            if not over.startswith("only"):
                other.exec("with k as x: assert x == 7\nassert readonly(k).m() == 5")


HELD = [
    "c",
    "readonly(c)",
    "quota(c, calls=9)",
    "quota(logged(c, print), calls=9)",
    "c.read",
    "c.part()",
]


@pytest.mark.parametrize("over", HELD)
def test_help_is_the_same_in_a_worker(over: str) -> None:
    """There it told of methods without their parameters."""

    class Shelf(Capability, reads="read part"):
        def read(self, name: str, most: int | None = None, *, secret: Any = object()) -> str:
            """Read a text. Of the shelf."""
            return name

        def write(self, name: str, *lines: str) -> None:
            "Write lines."

        def part(self) -> Any:
            return Shelf()

    told = [
        cap_exec(f"x = {over}\nhelp(x)", {"c": Shelf()}, isolation=isolation).output
        for isolation in ("inline", "process")
    ]
    assert told[0] == told[1]
    assert "(name: str, most: int or None = None, *, secret = ...) -> str\n      Read a text" in told[0]
    assert ("lines" in told[0]) is not (over in ("readonly(c)", "c.read"))
