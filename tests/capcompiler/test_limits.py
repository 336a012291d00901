"""What a guest may spend: what a `Limits` takes, each kind of stop, and what a turn has used."""

from __future__ import annotations

import math
import pickle
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from capcompiler import (
    CapError,
    Compartment,
    GuestError,
    LimitExceeded,
    Limits,
    Usage,
    cap_eval,
    cap_exec,
)
from capcompiler.errors import CapabilityError

FIELDS = ["steps", "seconds", "memory", "output", "depth"]


# What a Limits takes


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, 0, 1, 10**30])
def test_whole_numbers_and_none_are_taken(field: str, value: Any) -> None:
    assert getattr(Limits(**{field: value}), field) == value


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [True, False, "5", b"5", [], (5,), 1j, Decimal(5), Fraction(5), object(),
                                   type("I", (int,), {})(5), type("F", (float,), {})(5.0)])  # fmt: skip
def test_what_is_no_number_is_refused(field: str, value: Any) -> None:
    with pytest.raises(TypeError, match=rf"Limits\.{field}: wanted .*got {type(value).__name__}"):
        Limits(**{field: value})


@pytest.mark.parametrize("field", FIELDS)
def test_negative_numbers_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=rf"Limits\.{field}: wanted 0 or more"):
        Limits(**{field: -1})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.5])
def test_seconds_are_finite(value: float) -> None:
    with pytest.raises(ValueError, match=r"Limits\.seconds"):
        Limits(seconds=value)


@pytest.mark.parametrize("field", [f for f in FIELDS if f != "seconds"])
def test_only_seconds_may_be_broken(field: str) -> None:
    assert Limits(seconds=0.25).seconds == 0.25
    for value in (1.5, 5.0, math.nan, math.inf):
        with pytest.raises(TypeError, match=f"{field}.*whole number"):
            Limits(**{field: value})


def test_limits_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Limits().steps = 5  # type: ignore[misc]


# Each kind of stop

STOPS: dict[str, tuple[str, Limits, float]] = {
    "steps": ("while True: pass", Limits(steps=1000), 1000),
    "steps in C": ("sum(range(10**9))", Limits(steps=1000), 1000),
    "steps of a comprehension": ("[x for x in range(10**9)]", Limits(steps=1000), 1000),
    "seconds": ("while True: pass", Limits(steps=None, seconds=0.05), 0.05),
    "memory": ("'a' * 10**9", Limits(memory=10**6), 10**6),
    "memory of a number": ("1 << 10**10", Limits(memory=10**6), 10**6),
    "output": ("while True: print('x' * 99)", Limits(output=1000), 1000),
    "output in one": ("print('x' * 1001)", Limits(output=1000), 1000),
    "depth": ("def f(): f()\nf()", Limits(depth=20), 20),
}


@pytest.mark.parametrize("name", STOPS)
def test_each_kind_of_stop(name: str, optimize: bool) -> None:
    source, limits, limit = STOPS[name]
    started = time.process_time()
    with pytest.raises(LimitExceeded) as stop:
        cap_exec(source, limits=limits, optimize=optimize)
    assert stop.value.kind == name.partition(" ")[0]
    assert stop.value.limit == limit
    assert stop.value.used >= limit
    assert stop.value.kind in str(stop.value)
    assert time.process_time() - started < 5


#: Ways in which a guest tries to live on.
SURVIVORS = {
    "except": "try:\n    {}\nexcept BaseException:\n    ran(1)",
    "bare except": "try:\n    {}\nexcept:\n    ran(1)",
    "except star": "try:\n    {}\nexcept* BaseException:\n    ran(1)",
    "except GeneratorExit": "try:\n    {}\nexcept GeneratorExit:\n    ran(1)",
    "finally": "try:\n    {}\nfinally:\n    ran(1)",
    "return in finally": "def f():\n    try:\n        {}\n    finally:\n        return ran(1)\nf()",
    "exit": (
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a):\n        ran(1)\n"
        "        return True\nwith C():\n    {}\nran(2)"
    ),
    "loop": "for _ in range(9):\n    try:\n        {}\n    except BaseException:\n        continue\nran(1)",
    "generator": (
        "def g():\n    try:\n        yield 1\n        {}\n    finally:\n        ran(1)\n"
        "it = g()\nnext(it)\nnext(it, None)\nran(2)"
    ),
    "hasattr": ("class C:\n    @property\n    def x(self):\n        {}\nhasattr(C(), 'x')\nran(1)"),
    "sorted key": "def key(x):\n    {}\ntry:\n    sorted([1, 2], key=key)\nexcept BaseException:\n    ran(1)",
}
SPENDERS = {
    "steps": ("sum(range(10**12))", Limits(steps=5000)),
    "memory": ("'a' * 10**10", Limits(memory=10**6)),
    "output": ("print('x' * 2000)", Limits(output=1000)),
}


@pytest.mark.parametrize("spender", SPENDERS)
@pytest.mark.parametrize("way", SURVIVORS)
def test_no_guest_outlives_the_stop(way: str, spender: str, optimize: bool) -> None:
    seen: list[int] = []
    spend, limits = SPENDERS[spender]
    with pytest.raises(LimitExceeded) as stop:
        cap_exec(SURVIVORS[way].format(spend), {"ran": seen.append}, limits=limits, optimize=optimize)
    assert stop.value.kind == spender
    assert seen == []


def test_the_compartment_lives_on_with_a_fresh_budget(optimize: bool) -> None:
    world = Compartment(limits=Limits(steps=1000))
    world.exec("x = 1")
    for _ in range(3):
        with pytest.raises(LimitExceeded):
            world.exec("x += 1\nwhile True: pass", optimize=optimize)
    assert world.eval("x", optimize=optimize) == 4


def test_output_up_to_the_limit_is_kept(optimize: bool) -> None:
    with pytest.raises(LimitExceeded) as stop:
        cap_exec("for i in range(99): print(i)", limits=Limits(output=10), optimize=optimize)
    assert stop.value.output == "0\n1\n2\n3\n4\n"  # type: ignore[attr-defined]
    assert (
        cap_exec("print('x' * 9)", limits=Limits(output=10), optimize=optimize).output == "x" * 9 + "\n"
    )


def test_errors_carry_output_and_usage(optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec("print('so far')\n1 / 0", optimize=optimize)
    assert error.value.output == "so far\n"  # type: ignore[attr-defined]
    assert error.value.usage.steps >= 0  # type: ignore[attr-defined]


# Counting

PROGRAMS = {
    "empty": "",
    "loop": "for i in range(1000): pass",
    "while": "n = 0\nwhile n < 1000: n += 1",
    "calls": "def f(x): return x\nfor i in range(100): f(i)",
    "recursion": "def f(n): return n and f(n - 1)\nf(50)",
    "comprehensions": "[x for x in range(50)]; {x for x in range(50)}; {x: x for x in range(50)}",
    "generator": "sum(x for x in range(100) if x % 2)",
    "builtins": "sorted(range(100)); max([1, 2, 3]); list(map(str, range(50))); ''.join(['a'] * 99)",
    "classes": "class K:\n    def __init__(self, n): self.n = n\n    def __add__(self, o): return K(self.n + o.n)\n"
    "k = K(0)\nfor i in range(20): k = k + K(i)",
    "text": "s = ''\nfor i in range(100): s += f'{i:>5}|{i!r}'\ns.replace('1', '22').split('|')",
    "large": "x = [0] * 10**6\ny = 'a' * 10**6\nz = 3 ** 10000\nlen(x + x)",
    "match": "for i in range(50):\n    match [i, i]:\n        case [0, _]: pass\n        case [a, b] if a > 9: pass",
    "exceptions": "for i in range(50):\n    try:\n        if i % 2: raise ValueError(i)\n    except ValueError: pass\n"
    "    finally: pass",
    "unpacking": "a, *b = range(100)\n[*b, *b]; {**{1: 2}}; print(*b)",
    "imports": "import math, json\njson.dumps([1, 2, {'a': [3] * 50}]); math.factorial(600)",
    "async": "async def f(n): return n\nasync def g():\n    for i in range(9): await f(i)\ntry: g().send(None)\n"
    "except StopIteration: pass",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_steps_at_both_levels_and_each_time(name: str) -> None:
    counts = {cap_exec(PROGRAMS[name], optimize=o).usage.steps for o in (True, False) for _ in range(3)}
    assert len(counts) == 1, counts


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_budget_is_exact(name: str, optimize: bool) -> None:
    needed = cap_exec(PROGRAMS[name], optimize=optimize).usage.steps
    cap_exec(PROGRAMS[name], limits=Limits(steps=needed), optimize=optimize)
    if needed:
        with pytest.raises(LimitExceeded, match="steps"):
            cap_exec(PROGRAMS[name], limits=Limits(steps=needed - 1), optimize=optimize)


@pytest.mark.parametrize(("source", "least", "most"), [
    ("", 0, 0),
    ("x = 1 + 1", 0, 0),
    ("for i in range(1000): pass", 1000, 1001),
    ("n = 0\nwhile n < 1000: n += 1", 1000, 1001),
    ("def f(): pass\nf(); f(); f()", 3, 3),
    ("[0 for i in range(1000)]", 1000, 1001),
    ("sum(range(1000))", 1000, 1001),
])  # fmt: skip
def test_steps_are_loop_turns_and_function_entries(
    source: str, least: int, most: int, optimize: bool
) -> None:
    assert least <= cap_exec(source, optimize=optimize).usage.steps <= most


def test_usage_tells_what_was_spent(optimize: bool) -> None:
    usage = cap_exec(
        "print('x' * 5)\ny = 'a' * 10**6\nfor i in range(99): pass", optimize=optimize
    ).usage
    assert isinstance(usage, Usage)
    assert usage.output == 6
    assert usage.memory >= 10**6
    assert usage.steps >= 99 + 10**6 // 1024
    assert 0 < usage.seconds < 5


def test_compiling_counts_against_seconds(optimize: bool) -> None:
    with pytest.raises(LimitExceeded, match="seconds"):
        cap_exec(f"# {optimize}\n" + "x = [f(a, b) for a in c]\n" * 2000, limits=Limits(seconds=0.001),
                 optimize=optimize)  # fmt: skip


def test_zero_seconds_run_nothing(optimize: bool) -> None:
    seen: list[int] = []
    with pytest.raises(LimitExceeded, match="seconds"):
        cap_exec("say(1)", {"say": seen.append}, limits=Limits(seconds=0), optimize=optimize)
    assert seen == []


def test_a_use_of_a_capability_costs_a_step(optimize: bool) -> None:
    seen: list[int] = []
    with pytest.raises(LimitExceeded):
        cap_exec("say(1)\nsay(2)\nsay(3)\nsay(4)", {"say": seen.append}, limits=Limits(steps=2),
                 optimize=optimize)  # fmt: skip
    assert seen == [1, 2]


def test_data_that_crosses_is_charged(optimize: bool) -> None:
    with pytest.raises(LimitExceeded, match="steps"):
        cap_exec("get()", {"get": lambda: [0] * 10_000}, limits=Limits(steps=5000), optimize=optimize)
    with pytest.raises(LimitExceeded, match="steps"):
        cap_exec("take(xs)", {"take": lambda xs: None, "xs": [0] * 10_000}, limits=Limits(steps=5000),
                 optimize=optimize)  # fmt: skip


# One turn, one budget


def test_a_host_function_that_calls_back_spends_the_same_budget(optimize: bool) -> None:
    calls: list[int] = []

    def twice(f: Any) -> Any:
        calls.append(1)
        return f(), f()

    source = "def work():\n    for i in range(100): pass\ntwice(work)\ntwice(work)"
    ns = cap_exec(source, {"twice": twice}, optimize=optimize)
    assert 400 <= ns.usage.steps <= 420
    with pytest.raises(LimitExceeded) as stop:
        cap_exec(source, {"twice": twice}, limits=Limits(steps=350), optimize=optimize)
    assert stop.value.limit == 350
    assert len(calls) == 4


def test_depth_goes_on_through_the_host(optimize: bool) -> None:
    source = "def f(n):\n    return call(f, n - 1) if n else 0\nf({})"
    caps = {"call": lambda f, *a: f(*a)}
    assert cap_exec(source.format(29), caps, limits=Limits(depth=30), optimize=optimize).value == 0
    with pytest.raises(LimitExceeded, match="depth"):
        cap_exec(source.format(30), caps, limits=Limits(depth=30), optimize=optimize)


def test_a_host_that_swallows_the_stop_revives_nobody(optimize: bool) -> None:
    seen: list[Any] = []

    def swallow(f: Any) -> str:
        try:
            f()
        except BaseException as error:  # noqa: B036 - this host swallows everything
            seen.append(type(error).__name__)
        return "fine"

    source = "def spin():\n    while True: pass\nx = swallow(spin)\nsay('lived')"
    with pytest.raises(LimitExceeded) as stop:
        cap_exec(source, {"swallow": swallow, "say": seen.append}, limits=Limits(steps=1000),
                 optimize=optimize)  # fmt: skip
    assert stop.value.kind == "steps"
    assert seen == ["LimitExceeded"]


def test_a_call_from_outside_has_a_fresh_budget(optimize: bool) -> None:
    ns = cap_exec("def work():\n    for i in range(100): pass\n    return 'done'", limits=Limits(steps=150),
                  optimize=optimize)  # fmt: skip
    for _ in range(5):
        assert ns["work"]() == "done"


def test_a_compartment_inside_a_turn_of_another_spends_the_outer_budget(optimize: bool) -> None:
    inner = Compartment(limits=Limits(steps=None))
    inner.exec("def work(n):\n    for i in range(n): pass")
    source = "run('work', 100)\nrun('work', 100)"
    ns = cap_exec(source, {"run": inner.call}, optimize=optimize)
    assert ns.usage.steps >= 200
    with pytest.raises(LimitExceeded, match="steps"):
        cap_exec(source, {"run": inner.call}, limits=Limits(steps=150), optimize=optimize)


def test_a_parent_is_charged_for_a_child_that_failed(optimize: bool) -> None:
    def child() -> None:
        cap_exec("for i in range(100): pass\n1 / 0")

    source = "for _ in range(3):\n    try:\n        child()\n    except Exception: pass"
    assert cap_exec(source, {"child": child}, optimize=optimize).usage.steps >= 300


def test_limit_exceeded_is_data() -> None:
    with pytest.raises(LimitExceeded) as stop:
        cap_eval("[x for x in range(10**9)]", limits=Limits(steps=50))
    again = pickle.loads(pickle.dumps(stop.value))  # noqa: S301 - our own bytes
    assert (again.kind, again.limit, again.used) == ("steps", 50, 50)
    assert str(again) == str(stop.value)
    assert isinstance(again, CapError)
    assert not isinstance(again, CapabilityError)


@pytest.mark.parametrize("kind", ["bytearray", "list", "collections.deque"])
def test_growing_in_place_is_paid_by_what_is_added(kind: str, optimize: bool) -> None:
    # What is there already is not copied each time: ten times the pieces are ten times the steps.
    text = f"import collections\nx = {kind}()\nfor i in range(n):\n    x += bytes(16)\nlen(x)"
    empty = cap_exec(text, {"n": 0}, optimize=optimize).usage.steps
    few, many = (
        cap_exec(text, {"n": n}, optimize=optimize).usage.steps - empty for n in (2_000, 20_000)
    )
    assert 9 * few < many < 11 * few


@pytest.mark.parametrize("kind", ["bytearray", "list"])
def test_growing_in_place_is_refused_when_the_whole_is_too_large(kind: str, optimize: bool) -> None:
    text = f"x = {kind}(bytes(30_000))\nwhile True:\n    x += bytes(4000)"
    with pytest.raises(LimitExceeded) as stop:
        cap_exec(text, limits=Limits(memory=2**20), optimize=optimize)
    assert stop.value.kind == "memory"
    with pytest.raises(LimitExceeded) as stop:
        cap_exec("x = [1]\nwhile True: x += x", limits=Limits(memory=2**20), optimize=optimize)
    assert stop.value.kind == "memory"


@pytest.mark.parametrize("kind", ["bytes", "list", "bytearray", "tuple", "str"])
def test_a_slice_is_paid_by_what_it_takes(kind: str, optimize: bool) -> None:
    made = f"x = {kind}(bytes(n))\n"
    for n in (1000, 100_000):
        text = made + "for i in range(1000):\n    x[i:i + 5]"
        taken = cap_exec(text, {"n": n}, optimize=optimize).usage.steps
        assert taken - cap_exec(made, {"n": n}, optimize=optimize).usage.steps == 1000
    for bounds in (":", "1:", ":-1", "::2", "::-1", "i:", "I(0):", ":I(n)"):
        text = f"class I(int):\n    pass\nx = {kind}(bytes(n))\ni = 2\nx[{bounds}]"
        whole = cap_exec(text, {"n": 100_000}, optimize=optimize).usage.steps
        none = cap_exec(text.replace(f"x[{bounds}]", ""), {"n": 100_000}, optimize=optimize).usage.steps
        assert whole - none >= 350, bounds


def test_a_bound_of_a_slice_that_changes_its_mind_pays_for_everything(optimize: bool) -> None:
    text = "class I:\n    n = 0\n    def __index__(self):\n        self.n += 50_000\n        return self.n\n"
    text += "x = list(range(100_000))\ny = len(x[0:I()])"
    result = cap_exec(text, optimize=optimize)
    assert result["y"] == 50_000
    assert (
        result.usage.steps - cap_exec(text.replace("x[0:I()]", "x"), optimize=optimize).usage.steps > 700
    )


_SOURCES_OF_WORK = """
import collections, datetime, json, math, operator, types
moment, big = datetime.datetime(2026, 1, 1), 3**20_000
json.dumps([]), json.loads('[]')
module = types.ModuleType('m')
def tree(n):
    c = ()
    for i in range(n):
        c = (c, c)
    return c
other = tree(14)
def cells(n):
    def cell(x):
        def f(): return x
        return f.__closure__
    c = cell(1)
    for i in range(n):
        c = cell((c, c))
    return c
def error(kind):
    e = kind('a', name='b')
    e.__dict__ = dict.fromkeys(range(50_000))
    return e
class Queue(collections.deque): pass
class Place:
    def __index__(self): return 100_000
queue = collections.deque([0]) * 200_000
queue_of_guests, middle, place = Queue(queue), 100_000, Place()
def read_in_loops(q):
    for i in range(10): q[middle]
def stored_in_loops(q):
    for i in range(10): q[middle] = 1
def added_in_loops(q):
    for i in range(10): q[middle] += 1
"""


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize(
    ("source", "least"),
    [
        ("repr([0] * 50_000)", 100_000),
        ("str((0,) * 50_000)", 100_000),
        ("f'{[0] * 50_000}'", 100_000),
        ("'{}'.format([0] * 50_000)", 100_000),
        ("'%s' % ([0] * 50_000,)", 100_000),
        ("repr([0.5] * 10_000)", 80_000),
        ("repr(set(range(10_000)))", 20_000),
        ("repr([(i, i) for i in range(5_000)])", 30_000),
        ("repr(['a' * 100] * 1_000)", 5_000),
        ("repr(['a' * 100_000])", 3_000),
        ("[0] * 50_000 == [0] * 50_000", 25_000),
        ("[(i, i) for i in range(5_000)] < [(i, i) for i in range(5_000)]", 20_000),
        ("set(range(10_000)) == set(range(10_000))", 25_000),
        ("bin(big)", 450),
        ("float('1' * 4_000)", 500),
        ("math.factorial(500)", 500),
        ("'%.1000f' % .1", 250),
        ("f'{.1:.1000f}'", 250),
        ("moment.strftime('%Y' * 1_000)", 16_000),
        ("json.dumps([0] * 50_000)", 50_000),
        ("json.loads('[' + '1,' * 50_000 + '1]')", 12_500),
        ("bytearray().extend([1] * 50_000)", 50_000),
        ("(1, tree(14)) in collections.OrderedDict({1: tree(14)}).items()", 16_000),
        ("tree(14) in collections.OrderedDict({1: 2}).keys()", 8_000),
        ("list(iter(lambda: other, tree(14)))", 16_000),
        ("cells(12)[0] == cells(12)[0]", 4_000),
        ("vars(module).__or__(dict.fromkeys(range(50_000)))", 25_000),
        ("error(ImportError).__reduce__()", 50_000),
        ("error(AttributeError).__reduce_ex__(4)", 50_000),
        ("queue[middle]", 90),
        ("queue[-middle]", 90),
        ("queue[place]", 90),
        ("queue_of_guests[middle]", 90),
        ("queue.__getitem__(middle)", 90),
        ("queue.__setitem__(middle, 1)", 90),
        ("queue_of_guests.__setitem__(place, 1)", 90),
        ("operator.getitem(queue, middle)", 90),
        ("operator.itemgetter(middle)(queue)", 90),
        ("operator.setitem(queue, middle, 1)", 90),
        ("list(map(queue.__getitem__, [middle] * 10))", 900),
        ("queue[middle] = 1", 90),
        ("queue[place] = 1", 90),
        ("queue_of_guests[middle] = 1", 90),
        ("queue[middle], queue[middle] = 1, 2", 180),
        ("exec('queue[middle] += 1')", 180),
        ("[0 for queue[middle] in [1, 2]]", 180),
        ("read_in_loops(queue)", 900),
        ("stored_in_loops(queue)", 900),
        ("added_in_loops(queue)", 1_800),
        ("added_in_loops(queue_of_guests)", 1_800),
        ("exec('del queue[middle]')", 3_000),
        ("queue.rotate(middle)", 3_000),
        ("queue.insert(middle, 1)", 3_000),
        ("('aB' * 50_000).swapcase()", 12_000),
        ("('\u00e4' * 50_000).upper()", 6_000),
        ("('aB' * 50_000).isalnum()", 3_000),
    ],
)
def test_work_in_one_call_is_paid_for(source: str, least: int, optimize: bool) -> None:
    """As a step is some 50 ns of work: each of these took 4 to 30 microseconds a step (pit 16)."""
    world = Compartment()
    world.exec(_SOURCES_OF_WORK)
    world.exec("x = " + source, optimize=optimize)
    assert least <= world.usage.steps <= 8 * least + 2_000


def test_generator_expressions_in_one_another_end_at_a_depth(optimize: bool) -> None:
    # Fifty thousand of them ended the process.
    source = "it = iter([1])\nfor i in range({}): it = (x for x in it)\nr = next(it)"
    assert cap_exec(source.format(900), optimize=optimize)["r"] == 1
    for use in ("next(it)", "sum(it)", "list(map(abs, it))", "next(x for x in map(abs, it))"):
        with pytest.raises(LimitExceeded, match="depth"):
            cap_exec(source.format(3_000).replace("next(it)", use), optimize=optimize)
    with pytest.raises(LimitExceeded, match="depth"):
        cap_exec(source.format(60_000), optimize=optimize)


def test_a_closure_that_is_shown_is_paid_for() -> None:
    names = [f"a{i}" for i in range(500)]
    bound = "".join(f"    {name} = 1\n" for name in names)
    source = f"def f():\n{bound}    def g(): return {', '.join(names)}\n    return g\ng = f()\n"
    plain = cap_exec(source).usage.steps
    assert cap_exec(source + "for i in range(100): g.__closure__").usage.steps >= plain + 100 * 500


@pytest.mark.parametrize(
    "source",
    [
        "repr([1, 2, 3])",
        "str({'a': 1.5})",
        "f'{(1, 2)}'",
        "[1, 2] == [1, 2]",
        "'%.3f' % .1",
        "float('1.5')",
        "bin(5)",
    ],
)
def test_small_work_is_free(source: str) -> None:
    assert cap_exec("x = " + source).usage.steps == 0
