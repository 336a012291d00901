"""Worlds that last: what stays between turns, who may enter, and how a turn is ended from outside."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import Any

import pytest

from capcompiler import (
    CapabilityError,
    CapError,
    Compartment,
    DialectError,
    GuestError,
    Imports,
    LimitExceeded,
    Limits,
    cap_compile,
    expose,
)


@pytest.fixture
def world() -> Any:
    with Compartment() as made:
        yield made


def in_thread(function: Any, *args: Any) -> tuple[threading.Thread, list[Any]]:
    """Runs a function in a thread; what it gives or raises stands in the list."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(function(*args))
        except BaseException as error:  # noqa: B036 - handed to the test
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, result


# State


def test_names_functions_and_classes_persist(world: Compartment, optimize: bool) -> None:
    world.exec("n = 1\nclass K:\n    total = 0\ndef up(by=1):\n    global n\n    n += by\n    K.total += by\n    return n",
               optimize=optimize)  # fmt: skip
    assert world.call("up") == 2
    assert world.call("up", by=10) == 12
    world.exec("up(); m = n", optimize=optimize)
    assert world.eval("(n, m, K.total)", optimize=optimize) == (13, 13, 12)


def test_imports_persist(world: Compartment, optimize: bool) -> None:
    world.exec("import math", optimize=optimize)
    world.exec("math.mine = 1", optimize=optimize)
    assert world.eval("math.mine + math.floor(1.5)", optimize=optimize) == 2
    assert Compartment().exec("import math\nx = hasattr(math, 'mine')", optimize=optimize)["x"] is False


def test_two_worlds_share_nothing(optimize: bool) -> None:
    program = cap_compile(
        "xs.append(1)\nn = len(xs)\nclass K: pass\ndef f(): pass\nf.mark = 1", optimize=optimize
    )
    shared = [0]
    one, two = Compartment({"xs": shared}), Compartment({"xs": shared})
    assert one.exec(program)["n"] == two.exec(program)["n"] == 2
    assert one.exec(program)["n"] == 3
    assert shared == [0]
    assert one.exec("a = K")["a"] is not two.exec("a = K")["a"]


def test_what_ran_before_an_error_stays(world: Compartment, optimize: bool) -> None:
    with pytest.raises(GuestError):
        world.exec("a = 1\n1 / 0\nb = 2", optimize=optimize)
    assert world.eval("a", optimize=optimize) == 1
    with pytest.raises(GuestError, match="NameError"):
        world.eval("b", optimize=optimize)
    with pytest.raises(DialectError):
        world.exec("a = 5\n__builtins__", optimize=optimize)
    assert world.eval("a", optimize=optimize) == 1


def test_a_namespace_is_of_the_moment(world: Compartment, optimize: bool) -> None:
    before = world.exec("a = 1", optimize=optimize)
    after = world.exec("a = 2\nb = 3", optimize=optimize)
    assert (before["a"], "b" in before) == (1, False)
    assert (after["a"], after["b"]) == (2, 3)


def test_mixed_levels_work_on_one_state(world: Compartment) -> None:
    world.exec("def f(n): return [n * 2 for _ in range(2)]", optimize=False)
    world.exec("def g(n): return f(n) + [n]", optimize=True)
    assert world.eval("g(1)", optimize=False) == world.eval("g(1)", optimize=True) == [2, 2, 1]


def test_output_and_usage_are_of_the_latest_turn(world: Compartment, optimize: bool) -> None:
    assert world.exec("print('one')", optimize=optimize).output == "one\n"
    ns = world.exec("print('two', end='')\nfor i in range(10): pass", optimize=optimize)
    assert ns.output == world.output == "two"
    assert ns.usage == world.usage
    assert ns.usage.steps >= 10
    world.eval("1")
    assert world.output == ""


# grant


def test_grants_can_be_added_and_replaced(world: Compartment, optimize: bool) -> None:
    world.exec("def f(): return tool(1)", optimize=optimize)
    with pytest.raises(GuestError, match="NameError"):
        world.call("f")
    world.grant("tool", lambda n: n + 1)
    assert world.call("f") == 2
    world.grant("tool", lambda n: n + 2)
    assert world.call("f") == 3
    world.grant("data", [1])
    assert world.eval("data", optimize=optimize) == [1]


def test_a_bad_grant_changes_nothing(world: Compartment) -> None:
    world.grant("x", 1)
    for name, value in (("x", object()), ("bad name", 1), ("__x__", 1)):
        with pytest.raises(CapabilityError):
            world.grant(name, value)
    assert world.eval("x") == 1


def test_a_granted_name_is_not_among_the_guests_own(optimize: bool) -> None:
    with Compartment({"tool": len, "n": 5}) as world:
        ns = world.exec("a = tool('ab')", optimize=optimize)
        assert list(ns) == ["a"]
        assert sorted(world.exec("n = 6", optimize=optimize)) == ["a", "n"]


def test_a_module_can_be_granted(optimize: bool) -> None:
    with Compartment({"clock": expose(Clock(), "now")}, imports=Imports.none()) as world:
        assert (
            world.exec(
                "import clock\nfrom clock import now\na = clock.now() + now()", optimize=optimize
            )["a"]
            == 6
        )


class Clock:
    def now(self) -> int:
        return 3


# call


def test_call_takes_arguments_and_converts(world: Compartment, optimize: bool) -> None:
    world.exec("def f(*a, name=None, **k): return a, name, k\nclass K:\n    def __init__(self, n): self.n = n\nx = 5",
               optimize=optimize)  # fmt: skip
    assert world.call("f", 1, [2], name="n", extra=3) == ((1, [2]), "n", {"extra": 3})
    assert world.call("K", 4).n == 4
    with pytest.raises(GuestError, match=r"TypeError.*int"):
        world.call("x")
    with pytest.raises(CapabilityError, match="object"):
        world.call("f", object())


@pytest.mark.parametrize("name", ["missing", "cap:getattr", "__builtins__", "", "a.b", None, 3])
def test_call_finds_top_level_names_only(world: Compartment, name: Any) -> None:
    with pytest.raises(CapabilityError, match="no top-level name"):
        world.call(name)


def test_a_wrong_call_is_the_guests_error(world: Compartment, optimize: bool) -> None:
    world.exec("def f(a): pass", optimize=optimize)
    with pytest.raises(GuestError, match="TypeError"):
        world.call("f")


# eval


@pytest.mark.parametrize(
    "source", ["x = 1", "import math", "1; 2", "", "pass", "return 1", "(", "# only", "\n"]
)
def test_eval_takes_one_expression(world: Compartment, source: str) -> None:
    with pytest.raises(DialectError):
        world.eval(source)


@pytest.mark.parametrize("source", ["1+1", " 1+1", "\n1+1\n", "(1\n+1)", "1+1 # two", "\t1+1"])
def test_eval_takes_space_around_it(world: Compartment, source: str, optimize: bool) -> None:
    assert world.eval(source, optimize=optimize) == 2


def test_walrus_binds_at_top_level(world: Compartment, optimize: bool) -> None:
    assert world.eval("(seen := 5) + 1", optimize=optimize) == 6
    assert world.eval("seen", optimize=optimize) == 5


@pytest.mark.parametrize(("source", "value"), [
    ("1\n2", 2), ("x = 5", None), ("x = 5\nx", 5), ("'doc'", "doc"), ("5;", 5), ("5; x = 1", None), ("", None),
    ("None", None), ("def f(): return 3\nf()", 3), ("if 1: 5", None), ("[y for y in (1, 2)]", [1, 2]),
    ("x = y = 2; (x, y)", (2, 2)), ("...", ...), ("'a' 'b'", "ab"), ("f'{1 + 1}'", "2"),
])  # fmt: skip
def test_the_value_of_a_trailing_expression(
    world: Compartment, source: str, value: Any, optimize: bool
) -> None:
    assert world.exec(source, optimize=optimize).value == value


# close


def test_after_close_everything_is_refused(optimize: bool) -> None:
    world = Compartment()
    ns = world.exec("def f(): return 1\nclass K:\n    n = 1\nx = [1]", optimize=optimize)
    f, kept = ns["f"], ns["K"]
    world.close()
    world.close()
    for act in (
        lambda: world.exec("1"), lambda: world.eval("1"), lambda: world.call("f"), f, lambda: kept.n, kept,
    ):  # fmt: skip
        with pytest.raises(CapabilityError, match="closed"):
            act()
    assert ns["x"] == [1]
    assert "closed" in repr(world)


def test_the_context_manager_closes(optimize: bool) -> None:
    with pytest.raises(ZeroDivisionError), Compartment() as world:
        assert world.eval("1", optimize=optimize) == 1
        1 / 0  # noqa: B018
    with pytest.raises(CapabilityError, match="closed"):
        world.eval("1")


def test_closing_from_inside_ends_the_turn(optimize: bool) -> None:
    world = Compartment()
    world.grant("close", world.close)
    seen: list[int] = []
    world.grant("say", seen.append)
    with pytest.raises(CapError, match="closed"):
        world.exec(
            "try:\n    close()\nexcept BaseException: say(1)\nsay(2)\nwhile True: pass",
            optimize=optimize,
        )
    assert seen == []


def test_a_world_that_nobody_holds_goes_away(optimize: bool) -> None:
    world = Compartment({"tool": len})
    world.exec("def f(): return f\nclass K:\n    me = None\nK.me = K", optimize=optimize)
    gone = weakref.ref(world)
    del world
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("module", ["re", "typing", "dataclasses", "random", "decimal", "fractions", "json", "csv",
                                    "unittest.mock", "string", "logging", "ast", "functools"])  # fmt: skip
def test_no_module_holds_a_world(module: str) -> None:
    # A pattern that nobody has compiled before is compiled in a realm of its own, which was never ended.
    world = Compartment()
    world.exec(f"import {module}, re\nre.compile('never before in {module} a+')")
    gone = [weakref.ref(world), weakref.ref(world._realm)]
    del world
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_code_that_calls_builtins_holds_no_world(optimize: bool) -> None:
    world = Compartment()
    world.exec(
        "class A:\n    def m(self): return 1\nclass B(A):\n    def m(self): return super().m()\n"
        "    @staticmethod\n    def s(): return 1\n"
        "def f(x): return list(x), isinstance(x, list), sorted(x), print(x), str(x[0]), B().m(), B.s()\n"
        "f([1])\ndef keep(): return keep, f\n",
        optimize=optimize,
    )
    realms = [weakref.ref(world), weakref.ref(world._realm)]
    del world
    gc.collect()
    assert [gone() for gone in realms] == [None, None]


# cancel


def spins(world: Compartment, optimize: bool) -> tuple[threading.Thread, list[Any]]:
    started = threading.Event()
    world.grant("started", started.set)
    thread, result = in_thread(
        lambda: world.exec("started()\nwhile True:\n    try:\n        while True: pass\n"
                           "    except BaseException: pass", optimize=optimize)
    )  # fmt: skip
    assert started.wait(5)
    return thread, result


def test_cancel_stops_a_turn_from_another_thread(optimize: bool) -> None:
    world = Compartment(limits=Limits(steps=None))
    thread, result = spins(world, optimize)
    world.cancel("enough")
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(result[0], CapError)
    assert "enough" in str(result[0])
    assert world.eval("1 + 1", optimize=optimize) == 2


def test_close_stops_a_turn_from_another_thread(optimize: bool) -> None:
    world = Compartment(limits=Limits(steps=None))
    thread, result = spins(world, optimize)
    world.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(result[0], CapError)
    assert "closed" in str(result[0])


def test_cancel_without_a_turn_does_nothing(world: Compartment, optimize: bool) -> None:
    world.cancel("nothing to stop")
    assert world.eval("1", optimize=optimize) == 1


def test_cancel_reaches_a_turn_inside_a_host_function(optimize: bool) -> None:
    world = Compartment()
    inside, go = threading.Event(), threading.Event()
    seen: list[int] = []

    def wait() -> None:
        inside.set()
        go.wait(5)

    world.grant("wait", wait)
    world.grant("say", seen.append)
    thread, result = in_thread(lambda: world.exec("wait()\nsay(1)", optimize=optimize))
    assert inside.wait(5)
    world.cancel("now")
    go.set()
    thread.join(5)
    assert isinstance(result[0], CapError)
    assert seen == []


# Re-entrance and threads


def test_the_host_may_call_back_into_the_same_world(optimize: bool) -> None:
    world = Compartment()
    world.grant("again", lambda n: world.eval(f"fact({n})", optimize=optimize))
    world.grant("through", lambda n: world.call("fact", n))
    world.exec(
        "def fact(n): return 1 if n < 2 else n * (again if n % 2 else through)(n - 1)", optimize=optimize
    )
    assert world.call("fact", 10) == 3628800
    assert world.usage.steps > 10


def test_output_goes_on_through_a_call_back(optimize: bool) -> None:
    world = Compartment()
    world.grant("more", lambda: world.eval("print('inner')", optimize=optimize))
    assert world.exec("print('a')\nmore()\nprint('b')", optimize=optimize).output == "a\ninner\nb\n"


def test_an_error_in_a_call_back_can_be_caught_by_the_guest(optimize: bool) -> None:
    world = Compartment()
    world.grant("again", lambda: world.eval("1 / 0", optimize=optimize))
    ns = world.exec(
        "try:\n    again()\nexcept ZeroDivisionError as e:\n    out = str(e)\n", optimize=optimize
    )
    assert ns["out"] == "division by zero"


def test_bad_source_in_a_call_back_is_an_error_of_the_host_function(optimize: bool) -> None:
    world = Compartment()
    world.grant("again", lambda: world.eval("(", optimize=optimize))
    ns = world.exec(
        "try:\n    again()\nexcept Exception as e:\n    out = type(e).__name__\n", optimize=optimize
    )
    assert ns["out"] in ("RuntimeError", "SyntaxError")


def test_threads_take_turns(optimize: bool) -> None:
    world = Compartment()
    world.exec(
        "n = 0\ndef up():\n    global n\n    m = n\n    for i in range(200): pass\n    n = m + 1",
        optimize=optimize,
    )
    threads = [in_thread(lambda: [world.call("up") for _ in range(20)]) for _ in range(5)]
    for thread, result in threads:
        thread.join(20)
        assert result == [[None] * 20]
    assert world.eval("n", optimize=optimize) == 100


def test_a_world_whose_turn_waits_in_the_host_refuses_other_threads(optimize: bool) -> None:
    """Waiting could be for ever: the host function may wait for that very thread."""
    world = Compartment()

    def fork() -> str:
        thread, result = in_thread(lambda: world.eval("1", optimize=optimize))
        thread.join(5)
        assert not thread.is_alive()
        return f"{type(result[0]).__name__}: {result[0]}"

    world.grant("fork", fork)
    assert "busy" in world.eval("fork()", optimize=optimize)
    assert world.eval("2", optimize=optimize) == 2


def test_a_capability_is_used_on_the_thread_of_the_turn_only(optimize: bool) -> None:
    world = Compartment({"tool": len})
    ns = world.exec("def f(): return tool('abc')", optimize=optimize)
    thread, result = in_thread(ns["f"])
    thread.join(5)
    assert result == [3]  # a turn of its own, on its own thread


def test_many_worlds_in_many_threads(optimize: bool) -> None:
    program = cap_compile("n = sum(i * k for i in range(500))", optimize=optimize)

    def run(k: int) -> int:
        total: int = Compartment({"k": k}).exec(program)["n"]
        return total

    runs = [in_thread(run, k) for k in range(12)]
    for k, (thread, result) in enumerate(runs):
        thread.join(20)
        assert result == [124750 * k]


# on_use


def test_every_use_of_a_capability_is_told(optimize: bool) -> None:
    events: list[Any] = []

    class Files:
        label = "l"

        def open(self, name: str, mode: str = "r") -> str:
            return name + mode

        def fail(self) -> None:
            raise OSError("disk")

    caps = {
        "fs": expose(Files(), "open", "fail", read=["label"], write=["label"]),
        "f": len,
        "data": [1],
    }
    before = time.time()
    with Compartment(caps, on_use=events.append) as world:
        source = (
            "fs.open('a', mode='w')\nf(data)\nx = fs.label\nfs.label = 'new'\n"
            "try:\n    fs.fail()\nexcept OSError: pass\nopener = fs.open\nopener('b')"
        )
        world.exec(source, optimize=optimize)
    assert [(e.path, e.args, e.kwargs, e.outcome) for e in events] == [
        ("fs.open", ("a",), {"mode": "w"}, "ok"),
        ("f", ([1],), {}, "ok"),
        ("fs.label", (), {}, "ok"),
        ("fs.label", ("new",), {}, "ok"),
        ("fs.fail", (), {}, "OSError"),
        ("fs.open", ("b",), {}, "ok"),
    ]
    assert [e.result for e in events] == ["aw", 1, "l", None, None, "br"]
    assert all(before - 1 <= e.started <= time.time() + 1 and 0 <= e.seconds < 5 for e in events)
    assert [type(e.error) for e in events] == [type(None)] * 4 + [OSError, type(None)]


def test_a_capability_that_came_as_a_result_has_a_path_from_its_grant(optimize: bool) -> None:
    events: list[Any] = []
    caps = {"make": lambda: expose(Clock(), "now")}
    with Compartment(caps, on_use=events.append) as world:
        world.exec("make().now()", optimize=optimize)
    assert events[0].path == "make"
    assert events[1].path.startswith("make")
    assert events[1].path.endswith(".now")


def test_a_refused_argument_is_told_too(optimize: bool) -> None:
    events: list[Any] = []
    with Compartment({"f": lambda n: n}, on_use=events.append) as world, pytest.raises(GuestError):
        world.exec("f(1, 2)", optimize=optimize)
    assert [e.outcome for e in events] == ["TypeError"]


def test_a_stop_ends_the_turn_even_when_the_last_use_raised(optimize: bool) -> None:
    with Compartment({"f": len}, limits=Limits(steps=3)) as world, pytest.raises(LimitExceeded):
        world.exec("while True:\n    try: f(1)\n    except BaseException: pass", optimize=optimize)
