"""Attacks on the short way of a capability call (capcompiler.membrane.quick): it does what the long way
does, which a host that keeps a record always takes."""

from __future__ import annotations

import decimal
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from capcompiler import Capability, Compartment, GuestError, LimitExceeded, Limits, cap_exec, expose
from capcompiler.errors import CapError
from stdlib_caps import revocable

LONG = 16 * 2**20


class Tools(Capability):
    """Methods of every shape that a plan is made for."""

    def nothing(self) -> None: ...
    def whole(self, x: int) -> int:
        return x

    def real(self, x: float, y: float = 1.0) -> float:
        return x * y

    def text(self, x: str) -> str:
        return x

    def either(self, x: int | str) -> object:
        return type(x).__name__

    def lies(self, x: int) -> int:
        return "x" * x  # type: ignore[return-value]

    def anything(self, x: Any, y: Any = None) -> Any:
        return [type(x).__name__, type(y).__name__, x]

    def three(self, x: int, y: int, z: int) -> int:
        return x + y + z

    def fails(self, x: int) -> int:
        raise ValueError(x)

    def breaks(self, x: int) -> int:
        raise OSError(2, "gone", "/secret/path")

    def later(self, x: int) -> Any:
        async def answer() -> int:
            return x

        return answer()

    def itself(self) -> Any:
        return self

    def many(self, n: int) -> str:
        return "é" * n

    def no_data(self, x: int) -> Any:
        return object()


LYING = """
class I(int):
    def __index__(self): return 7
    def __eq__(self, other): return True
    __hash__ = int.__hash__
class S(str):
    def __len__(self): return 0
    def startswith(self, x): return True
class F(float): pass
class K(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
"""
CALLS = """
t.nothing() | t.nothing(1) | t.nothing(x=1) | t.whole(1) | t.whole(True) | t.whole(1.0) | t.whole('1')
t.whole(I(3)) | t.whole(10**30) | t.whole(None) | t.whole() | t.whole(1, 2) | t.whole(x=1) | t.whole(**{K('x'): 2})
t.whole([1]) | t.whole(t) | t.whole(t.whole) | t.whole(lambda: 1) | t.real(1) | t.real(1.5, 2) | t.real(F(2.5))
t.real(1, 2, 3) | t.real('1') | t.real(1, None) | t.text('a') | t.text(S('abc')) | t.text(b'a') | t.text(1)
t.either(1) | t.either('a') | t.either(1.5) | t.lies(0) | t.lies(5000) | t.anything(S('a'), I(1)) | t.anything([S('a')])
t.anything(t.anything) | t.anything((x for x in [])) | t.three(1, 2, 3) | t.three(1, 2) | t.three(1, 2, '3')
t.fails(3) | t.fails('3') | t.breaks(1) | t.later(1) | t.itself() is t | t.many(10) | t.many(1025) | t.many(20000)
t.no_data(1) | f(1) | f('a') | f(1, 2) | f() | f([1, S('a')]) | f(S('a'), I(2)) | f(x=1) | f(10**400) | f(f)
t.text('x' * 100) | t.text('é' * 5000) | f('é' * 5000) | t._private(1) | t.no_such | t.whole.x | t.whole.__call__(1)
t.whole.__self__ | t.whole.__func__ | t.text('\\ud800')
""".replace("\n", "|").split("|")  # fmt: skip


def echo(x: Any, y: Any = 0) -> Any:
    return [type(x).__name__, type(y).__name__]


def outcome(call: str, optimize: bool, told: bool) -> Any:
    """What came of a call, made twice so that nothing is planned any more: also in a handler."""
    seen: list[Any] = []
    world = Compartment({"t": Tools(), "f": echo}, on_use=seen.append if told else None)
    src = f"""{LYING}
found = []
for i in range(2):
    try:
        found.append({call})
    except Exception as e:
        found += [type(e).__name__, str(e), e.__context__, e.__cause__, type(e).__mro__[0].__name__]
try:
    1 / 0
except ZeroDivisionError as outer:
    try:
        found.append({call})
    except Exception as e:
        found += [type(e).__name__, str(e), e.__context__ is outer]
found = [x if type(x) in (int, str, float, bool, list, type(None)) else type(x).__name__ for x in found]
"""
    names = world.exec(src, optimize=optimize)
    return repr(names["found"]), names.usage.steps, type(names["found"][0])


@pytest.mark.parametrize("call", [c.strip() for c in CALLS if c.strip()])
def test_the_short_way_does_what_the_long_way_does(call: str, optimize: bool) -> None:
    assert outcome(call, optimize, told=False) == outcome(call, optimize, told=True)


@pytest.mark.parametrize("size", [LONG, LONG + 1])
def test_an_argument_may_be_as_long_as_by_the_long_way(size: int) -> None:
    src = f"s = 'x' * {size}\ntry: r = len(t.text(s))\nexcept TypeError as e: r = str(e)"
    found = [cap_exec(src, {"t": Tools()})["r"], Compartment({"t": Tools()}, on_use=id).exec(src)["r"]]
    assert found[0] == found[1]
    assert (found[0] == size) == (size == LONG)


def test_calls_alone_spend_the_budget(optimize: bool) -> None:
    for src in ("while True: f(1)", "[f(x) for x in iter(int, 1)]", "list(map(f, iter(int, 1)))"):
        with pytest.raises(LimitExceeded) as caught:
            cap_exec(src, {"f": echo}, limits=Limits(steps=10_000), optimize=optimize)
        assert caught.value.kind == "steps"


def test_the_last_step_buys_a_call_and_the_next_one_is_refused() -> None:
    made: list[int] = []
    world = Compartment({"f": made.append})
    world.exec("def run(n):\n    f(n); f(n); f(n); f(n)")
    world.call("run", 1)
    enough = world.usage.steps
    for steps in range(1, enough):
        made.clear()
        world._limits = Limits(steps=steps)
        with pytest.raises(LimitExceeded):
            world.call("run", 1)
        assert len(made) <= steps


def test_a_child_pays_from_its_parent_for_what_it_calls() -> None:
    src = "try:\n    cap_exec('while True: f(1)', {'f': f}, limits=Limits(steps=None))\nexcept CapError: pass"
    with pytest.raises(LimitExceeded):
        cap_exec(src, {"f": echo}, limits=Limits(steps=5_000))


def test_what_is_revoked_within_a_call_is_refused_at_the_next() -> None:
    revokers: list[Callable[[], None]] = []

    def cut(x: int) -> int:
        revokers[0]()
        return x

    cap, revoke = revocable(expose(cut))
    revokers.append(revoke)
    with pytest.raises(CapError):
        cap_exec("f(1)\nf(2)", {"f": cap})
    held, revoke = revocable(Tools())
    revokers[0] = revoke
    src = "r = [t.whole(1)]\ncut(1)\ntry: t.whole(2)\nexcept Exception as e: r.append(type(e).__name__)"
    assert cap_exec(src, {"t": held, "cut": cut})["r"] == [1, "PermissionError"]


@pytest.mark.parametrize("arguments", ["1", "x=1"], ids=["short", "whole"])
def test_a_turn_that_was_stopped_within_a_call_gets_nothing_of_it(arguments: str) -> None:
    world = Compartment({"f": lambda x: world.cancel("enough") or x, "g": echo})
    with pytest.raises(CapError, match="enough"):
        world.exec(f"try:\n    r = f({arguments})\nexcept BaseException: pass\nfinally: r = 2")
    assert "r" not in world.exec("")


@pytest.mark.parametrize("wish", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_wish_of_the_hosts_ends_the_turn(wish: type[BaseException]) -> None:
    def end(x: int) -> int:
        raise wish

    with pytest.raises(wish):
        cap_exec("try:\n    f(1)\nexcept BaseException: pass", {"f": end})


def test_a_call_that_calls_back_spends_the_same_turn() -> None:
    world = Compartment({"f": lambda x: world.call("back", x), "g": echo}, limits=Limits(steps=3_000))
    world.exec("def back(x):\n    for i in range(x): g(i)\n    return x\n")
    assert world.eval("f(10)") == 10
    with pytest.raises(LimitExceeded):
        world.eval("f(5000)")
    with pytest.raises(LimitExceeded) as caught:
        Compartment.exec(world, "def back(x): return f(x)\nf(1)")
    assert caught.value.kind in ("depth", "steps")


def test_a_reference_is_refused_on_another_thread_and_outside_a_turn() -> None:
    seen: list[BaseException] = []
    called: list[int] = []

    def elsewhere(x: int) -> int:
        def use() -> None:
            try:
                world._globals["g"](1)
            except BaseException as error:
                seen.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        return x

    world = Compartment({"f": elsewhere, "g": called.append})
    world.exec("g(0)\nf(1)")
    with pytest.raises(BaseException) as caught:
        world._globals["g"](2)
    assert called == [0] and len(seen) == 1
    assert "outside its turn" in str(seen[0]) and type(caught.value).__name__ == "Stop"


def test_an_error_of_the_hosts_brings_nothing_along(optimize: bool) -> None:
    def fails(x: int) -> int:
        try:
            raise OSError("of the host")
        except OSError:
            raise LookupError("again")  # noqa: B904

    src = "try: f(1)\nexcept LookupError as e: r = [str(e), e.__context__, e.__cause__, e.__traceback__.tb_next]"
    assert cap_exec(src, {"f": fails}, optimize=optimize)["r"] == ["again", None, None, None]
    with pytest.raises(GuestError) as caught:
        cap_exec("f(1)", {"f": fails}, optimize=optimize)
    assert [f.filename for f in caught.value.frames] == ["<guest>"]


def test_no_guest_changes_what_a_method_of_a_capability_is(optimize: bool) -> None:
    src = """
r = []
for change in (lambda: setattr(t, 'whole', list), lambda: t.__dict__.update(whole=list),
               lambda: vars(t), lambda: object.__setattr__(t, 'whole', list),
               lambda: setattr(type(t), 'whole', list), lambda: setattr(t.whole, '__call__', list),
               lambda: setattr(t.whole, '__cap_use__', 1), lambda: t.whole.__cap_use__, lambda: delattr(t, 'whole'),
               lambda: type(t.whole)(), lambda: type(t.whole).__call__.__globals__):
    try:
        r.append(change())
    except (AttributeError, TypeError):
        pass
r = [r, t.whole(4)]
"""
    assert cap_exec(src, {"t": Tools()}, optimize=optimize)["r"] == [[], 4]


FACES = """
def f(o):
    try: return o.whole(1)
    except Exception as e: return type(e).__name__ + str(e)
class G:
    def whole(self, x): return "g"
h = type("H", (), {})()
h.whole = list
r = [f(o) for o in (a, b, G(), a, h, b, G(), a, "x", a.whole)]
h.whole = str
G.whole = lambda self, x: x + 1
r += [f(o) for o in (a, b, G(), h, a)]
"""


def test_a_method_of_a_capability_is_called_as_it_is_and_nothing_else_is(optimize: bool) -> None:
    """Whatever else has a method of the name, in whatever order the call meets it."""
    gone = "AttributeError'{}' object has no attribute 'whole'"
    bare, part = gone.format("Reference"), gone.format("CallableReference")
    shut = "TypeError'int' object is not iterable"
    names = cap_exec(FACES, {"a": Tools(), "b": expose(Tools(), "text")}, optimize=optimize)
    assert names["r"] == [
        1, bare, "g", 1, shut, bare, "g", 1, gone.format("str"), part, 1, bare, 2, "1", 1,
    ]  # fmt: skip


# Decimals: nothing is switched before the guest comes by one.

THIRD = "str(x / 3)"
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "imported": ("from decimal import Decimal\nx = Decimal(1)", {}),
    "granted": ("x = d", {"d": Decimal(1)}),
    "granted in a list": ("x = d[0]['a'][0]", {"d": [{"a": (Decimal(1),)}]}),
    "granted as a key": ("x = next(iter(d))", {"d": {Decimal(1): 1}}),
    "given": ("x = give()", {"give": lambda: Decimal(1)}),
    "given in a set": ("x = give().pop()", {"give": lambda: {Decimal(1)}}),
    "given by a checked method": ("x = t.anything(1)", {"t": expose(Decimal(1), "copy_abs")}),
    "read": ("x = t.x", {"t": expose(type("T", (), {"x": Decimal(1)})(), read="x")}),
    "of statistics": ("import statistics, fractions\nfrom decimal import Decimal\nx = Decimal(1)", {}),
    "from a child": ("x = cap_eval('d', {'d': give()})", {"give": lambda: Decimal(1)}),
    "of a child that imports": ("x = cap_exec('from decimal import Decimal\\nx = Decimal(1)')['x']", {}),
    "iterated": ("x = list(t)[0]", {"t": expose([Decimal(1)], "__iter__")}),
}


@pytest.mark.parametrize("way", WAYS)
def test_however_a_guest_comes_by_a_decimal_it_is_in_a_context_of_its_own(way: str) -> None:
    src, caps = WAYS[way]
    src = src.replace("t.anything(1)", "t.copy_abs()")
    seen: list[Any] = []

    def look(_x: int = 0) -> str:
        seen.append([decimal.getcontext().prec, decimal.getcontext().flags[decimal.Inexact]])
        return str(Decimal(1) / 7)

    with decimal.localcontext() as host:
        host.prec = 5
        host.clear_flags()
        mine = decimal.getcontext()
        world = Compartment({**caps, "look": look})
        names = world.exec(f"look()\n{src}\ny = {THIRD}\nz = look(1)\n" + f"w = {THIRD}")
        assert names["y"] == names["w"] == "0." + "3" * 28  # whatever the host's precision is
        assert names["z"] == "0.14286" and decimal.getcontext() is mine
        assert [s[0] for s in seen] == [5, 5] and seen[0][1] is False
        host.clear_flags()
        world.exec(f"y = {THIRD}")
        assert not host.flags[decimal.Inexact] and decimal.getcontext() is mine


def test_a_decimal_that_is_granted_within_a_call_does_not_reach_the_rest_of_it() -> None:
    def give(x: int) -> str:
        world.grant("d", Decimal(1))
        return str(Decimal(1) / 7)

    with decimal.localcontext() as host:
        host.prec = 5
        world = Compartment({"give": give})
        assert world.exec("r = give(1)\nq = str(d / 3)\ns = give(2)\n")["r"] == "0.14286"
        assert world.exec("q = str(d / 3)")["q"] == "0." + "3" * 28
        assert decimal.getcontext() is not world._realm.arithmetic.own and host.prec == 5


def test_a_callback_that_imports_leaves_both_sides_their_own() -> None:
    def back(x: int) -> str:
        world.call("other", x)
        return str(Decimal(1) / 7)

    with decimal.localcontext() as host:
        host.prec = 5
        world = Compartment({"back": back})
        src = (
            "def other(x):\n    import decimal\n    decimal.getcontext().prec = 2\n"
            "r = back(1)\nimport decimal\nq = str(decimal.Decimal(1) / 3)\n"
        )
        names = world.exec(src)
        assert names["r"] == "0.14286" and names["q"] == "0.33" and decimal.getcontext().prec == 5


def test_a_parents_context_is_not_that_of_what_its_child_calls_of_the_hosts() -> None:
    src = (
        "import decimal\ndecimal.getcontext().prec = 1\n"
        "r = cap_exec('r = f(1)', {'f': f})['r']\nq = str(decimal.Decimal(1) / 3)\n"
    )
    with decimal.localcontext() as host:
        host.prec = 5
        names = cap_exec(src, {"f": lambda x: str(Decimal(1) / 7)})
        assert names["r"] == "0.14286" and names["q"] == "0.3"
