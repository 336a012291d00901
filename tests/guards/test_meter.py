"""The budget: what each step costs, where the line is, and that a stop stays."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Compartment, LimitExceeded, Limits
from guards import meter as meters
from guards.meter import CHUNK, Meter, Stop


def begun(meter: Meter, steps: int | None = 1000, **options: Any) -> Meter:
    given = {"seconds": None, "memory": None, "depth": None, "base": sys._getframe(1), **options}
    meter.begin(steps=steps, **given)
    return meter


@pytest.fixture
def meter() -> Meter:
    return Meter()


def ticks(meter: Meter) -> int:
    """How many ticks the meter gives before it stops."""
    count = 0
    while True:
        try:
            meter.tick()
        except Stop:
            return count
        count += 1


# Counting


@pytest.mark.parametrize("steps", [0, 1, 2, 63, 64, 65, 127, 1000, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_exactly_as_many_ticks_as_steps(meter: Meter, steps: int) -> None:
    begun(meter, steps)
    assert ticks(meter) == steps
    assert meter.used == steps
    assert meter.stopped == ("steps", steps, steps)


def test_used_is_exact_at_every_tick(meter: Meter) -> None:
    begun(meter, 3 * CHUNK)
    assert meter.used == 0
    for n in range(1, 3 * CHUNK):
        meter.tick()
        assert meter.used == n
        assert meter.available == 3 * CHUNK - n


def test_without_a_limit_steps_are_counted_all_the_same(meter: Meter) -> None:
    begun(meter, None)
    for _ in range(10_000):
        meter.tick()
    meter.charge(10**15)
    assert meter.used == 10_000 + 10**15
    assert meter.stopped is None


def test_a_tick_is_one_and_true(meter: Meter) -> None:
    """`tick() and value` is the value: a lambda's body stands behind its tick."""
    assert begun(meter).tick() == 1


def test_the_counter_pairs_with_the_elements_of_an_iterable(meter: Meter) -> None:
    begun(meter, 100)
    assert list(itertools.compress(range(60), meter.iterator)) == list(range(60))
    assert 60 <= meter.used <= 61


def test_bulk_charges_and_ticks_add_up(meter: Meter) -> None:
    begun(meter, 1000)
    for n in range(10):
        meter.tick()
        meter.charge(n)
    assert meter.used == 10 + 45
    assert ticks(meter) == 1000 - 55


@pytest.mark.parametrize("drawn", [0, 1, 10, 70])
def test_a_charge_can_take_all_that_is_left_and_no_more(meter: Meter, drawn: int) -> None:
    begun(meter, 1000)
    for _ in range(drawn):
        meter.tick()
    meter.charge(1000 - drawn)
    assert meter.used == 1000
    assert meter.stopped is None
    with pytest.raises(Stop):
        meter.charge(1)


@pytest.mark.parametrize("drawn", [0, 1, 10, 70])
def test_a_charge_beyond_what_is_left_stops(meter: Meter, drawn: int) -> None:
    begun(meter, 1000)
    for _ in range(drawn):
        meter.tick()
    with pytest.raises(Stop):
        meter.charge(1001 - drawn)
    assert meter.stopped is not None
    assert meter.stopped[0] == "steps"
    assert meter.left == 0


@pytest.mark.parametrize("units", [0, -1, -(10**30)])
def test_a_charge_of_nothing_costs_and_gives_nothing(meter: Meter, units: int) -> None:
    begun(meter, 100).charge(units)
    assert meter.used == 0
    assert ticks(meter) == 100


def test_a_charge_larger_than_a_machine_word_stops(meter: Meter) -> None:
    begun(meter, None)
    with pytest.raises(Stop):
        meter.charge(1 << 200)


def test_small_results_are_free_and_large_ones_cost_a_step_for_each_kib(meter: Meter) -> None:
    begun(meter, 10_000)
    meter.charge_bytes(4095)
    assert meter.used == 0
    meter.charge_bytes(1 << 20)
    assert meter.used == 1024


# The stop


def _tick(meter: Meter) -> None:
    meter.tick()


SPEND: dict[str, Callable[[Meter], None]] = {
    "tick": _tick,
    "charge": lambda m: m.charge(1),
    "charge nothing": lambda m: m.charge(0),
    "bytes": lambda m: m.charge_bytes(1 << 20),
    "check": lambda m: m.check(),
    "iterate": lambda m: list(itertools.compress("a", m.iterator)) and None,  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("how", SPEND)
@pytest.mark.parametrize("kind", ["steps", "seconds", "memory", "output", "depth"])
def test_after_a_stop_every_way_to_spend_stops_again(meter: Meter, how: str, kind: str) -> None:
    begun(meter, 1000)
    meter.tick()
    meter.stop(kind, 5, 6)
    for _ in range(3):
        with pytest.raises(Stop):
            SPEND[how](meter)
    assert meter.stopped == (kind, 5, 6)


@pytest.mark.parametrize("how", SPEND)
def test_before_and_after_a_turn_nothing_can_be_spent(meter: Meter, how: str) -> None:
    with pytest.raises(Stop):
        SPEND[how](meter)
    begun(meter)
    meter.tick()
    meter.end()
    for _ in range(3):
        with pytest.raises(Stop):
            SPEND[how](meter)


def test_the_first_stop_counts(meter: Meter) -> None:
    begun(meter).stop("memory", 1, 2)
    meter.stop("steps", 3, 4)
    assert meter.stopped == ("memory", 1, 2)


def test_a_new_turn_is_full_again_after_a_stop(meter: Meter) -> None:
    for _ in range(3):
        begun(meter, 500)
        assert ticks(meter) == 500
        meter.end()
    begun(meter, 500)
    meter.tick()
    assert meter.stopped is None


def test_a_stop_is_no_exception_that_a_program_catches() -> None:
    assert not issubclass(Stop, Exception)


# Wall clock and memory


def test_the_clock_is_looked_at_between_chunks(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(meters.time, "monotonic", lambda: now[0])
    begun(meter, None, seconds=2.0)
    for _ in range(3 * CHUNK):
        meter.tick()
    now[0] = 101.9
    for _ in range(3 * CHUNK):
        meter.tick()
    now[0] = 102.0
    assert ticks(meter) < CHUNK
    assert meter.stopped == ("seconds", 2.0, 2.0)


def test_a_bulk_charge_looks_at_the_clock(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(meters.time, "monotonic", lambda: now[0])
    begun(meter, None, seconds=2.0)
    now[0] = 103.0
    with pytest.raises(Stop):
        meter.charge(CHUNK + 1)
    assert meter.stopped == ("seconds", 2.0, 3.0)


def test_seconds_spent_before_the_turn_count(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters.time, "monotonic", lambda: 100.0)
    begun(meter, None, seconds=2.0, spent=2.0)
    assert ticks(meter) == 0
    assert meter.stopped == ("seconds", 2.0, 2.0)


def test_a_result_larger_than_the_memory_is_refused_before_it_is_made(meter: Meter) -> None:
    begun(meter, None, memory=1 << 20)
    meter.charge_bytes(1 << 20)
    with pytest.raises(Stop):
        meter.charge_bytes((1 << 20) + 1)
    assert meter.stopped == ("memory", 1 << 20, (1 << 20) + 1)


def test_many_results_that_are_kept_are_found_in_the_resident_set(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = [10 << 20]
    monkeypatch.setattr(meters, "resident_bytes", lambda: resident[0])
    begun(meter, None, memory=64 << 20)
    with pytest.raises(Stop):
        for _ in range(1000):
            resident[0] += 1 << 20
            meter.charge_bytes(1 << 20)
    assert meter.stopped is not None
    assert meter.stopped[0] == "memory"
    assert 64 << 20 < meter.stopped[2] < 80 << 20


# Turns inside turns


@pytest.fixture
def nested() -> Iterator[tuple[Meter, Meter]]:
    outer, inner = begun(Meter(), 1000), Meter()
    yield outer, inner
    inner.end()


def test_a_nested_turn_spends_its_parents_budget(nested: tuple[Meter, Meter]) -> None:
    outer, inner = nested
    begun(inner, 300, parent=outer)
    for _ in range(50):
        inner.tick()
    inner.charge(20)
    assert inner.used == 70
    inner.end()
    assert outer.used == 70
    assert ticks(outer) == 930


def test_a_nested_turn_that_stops_has_cost_its_parent_all_of_it(nested: tuple[Meter, Meter]) -> None:
    outer, inner = nested
    begun(inner, 300, parent=outer)
    assert ticks(inner) == 300
    inner.end()
    assert outer.used == 300
    assert outer.stopped is None


def test_a_nested_turn_cannot_spend_more_than_its_parent_has(nested: tuple[Meter, Meter]) -> None:
    outer, inner = nested
    begun(inner, 5000, parent=outer)
    assert ticks(inner) == 1000
    assert inner.stopped is not None
    assert outer.stopped is not None
    inner.end()
    with pytest.raises(Stop):
        outer.tick()


def test_what_a_nested_turn_drew_and_did_not_use_comes_back(nested: tuple[Meter, Meter]) -> None:
    outer, inner = nested
    for _ in range(5):
        begun(inner, None, parent=outer)
        inner.tick()
        inner.end()
    assert outer.used == 5


def test_three_turns_inside_one_another() -> None:
    first = begun(Meter(), 100)
    second = begun(Meter(), None, parent=first)
    third = begun(Meter(), None, parent=second)
    for _ in range(10):
        third.tick()
    third.end()
    second.tick()
    second.end()
    first.tick()
    assert first.used == 12
    assert ticks(begun(Meter(), None, parent=begun(Meter(), 7, parent=first))) == 7


# Depth, exact, at both levels

NEST = """
def down(n):
    return n if n == 0 else 0 * down(n - 1)
"""
DEEP: dict[str, tuple[str, str]] = {
    "function": (NEST, "down({})"),
    "lambda": ("down = lambda n: n if n == 0 else 0 * down(n - 1)\n", "down({})"),
    "method": (
        "class K:\n    def down(self, n):\n        return n if n == 0 else 0 * self.down(n - 1)\n",
        "K().down({})",
    ),
    "property": (
        "class K:\n    def __init__(self, n): self.n = n\n    @property\n    def down(self):\n"
        "        return self.n if self.n == 0 else 0 * K(self.n - 1).down\n",
        "K({}).down",
    ),
    "operator": (
        "class K:\n    def __init__(self, n): self.n = n\n    def __neg__(self):\n"
        "        return self.n if self.n == 0 else 0 * -K(self.n - 1)\n",
        "-K({})",
    ),
    "comprehension between": (
        "def down(n):\n    return [n if n == 0 else 0 * down(n - 1) for _ in (1,)][0]\n",
        "down({})",
    ),
    "through C": (
        "def down(n):\n    return n if n == 0 else 0 * max(map(down, [n - 1]))\n",
        "down({})",
    ),
    "generators": (
        "def down(n):\n    if n:\n        yield from down(n - 1)\n    yield 0\n",
        "max(down({}))",
    ),
}


@pytest.mark.parametrize("limit", [1, 2, 9, 50, 90])
@pytest.mark.parametrize("name", DEEP)
def test_as_many_calls_inside_one_another_as_the_limit_says(
    name: str, limit: int, optimize: bool
) -> None:
    define, call = DEEP[name]
    # down(n) is n + 1 calls inside one another
    world = Compartment(limits=Limits(depth=limit))
    world.exec(define, optimize=optimize)
    assert world.eval(call.format(limit - 1), optimize=optimize) == 0
    with pytest.raises(LimitExceeded) as stop:
        world.eval(call.format(limit), optimize=optimize)
    assert (stop.value.kind, stop.value.limit) == ("depth", limit)
    assert stop.value.used == limit + 1


def test_depth_is_exact_when_the_calls_come_late(optimize: bool) -> None:
    source = NEST + "for i in range(20000):\n    down(i % 10)\ndown({})\n"
    limits = Limits(depth=30)
    Compartment(limits=limits).exec(source.format(29), optimize=optimize)
    with pytest.raises(LimitExceeded, match="depth"):
        Compartment(limits=limits).exec(source.format(30), optimize=optimize)


def test_depth_counts_from_where_the_turn_began(optimize: bool) -> None:
    """The host may itself be deep in calls."""
    world = Compartment(limits=Limits(depth=20))
    world.exec(NEST, optimize=optimize)

    def host(n: int) -> Any:
        return host(n - 1) if n else world.eval("down(19)", optimize=optimize)

    assert host(100) == 0


def test_a_generator_can_be_taken_up_in_a_later_turn(optimize: bool) -> None:
    world = Compartment(limits=Limits(steps=1000))
    world.exec("def g():\n    n = 0\n    while True:\n        n += 1\n        yield n\nit = g()\n",
               optimize=optimize)  # fmt: skip
    for n in range(1, 6):
        assert world.eval("next(it)", optimize=optimize) == n
        assert 0 < world.usage.steps < 10
    with pytest.raises(LimitExceeded):
        world.exec("for x in it: pass", optimize=optimize)
    # It was stopped inside the loop of another turn; the generator itself may live on or be over.
    assert world.eval("1 + 1", optimize=optimize) == 2


def test_a_suspended_generator_runs_nothing_between_turns(optimize: bool) -> None:
    seen: list[str] = []
    world = Compartment({"say": seen.append})
    world.exec("def g():\n    try:\n        yield 1\n    finally:\n        say('ran')\nit = g()\nnext(it)\n",
               optimize=optimize)  # fmt: skip
    generator = world._globals.pop("it")
    del generator
    assert seen == []


def test_many_small_charges_look_at_the_clock_too(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk over a nest charges a little at a time in one step of the guest's, and took as long as its
    steps lasted."""
    monkeypatch.setattr(meters.time, "monotonic", lambda: 0.0)
    begun(meter, None, seconds=2.0)
    monkeypatch.setattr(meters.time, "monotonic", lambda: 3.0)
    with pytest.raises(Stop):
        for _ in range(CHUNK // 100 + 2):
            meter.charge(100)
    assert meter.stopped == ("seconds", 2.0, 3.0)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system tells of no resident set")
def test_another_file_under_the_same_number_says_nothing_of_the_memory(tmp_path: Path) -> None:
    """A host closes every file as it goes into the background; what it opens next may be the guest's."""
    before = meters.resident_bytes()
    lie = tmp_path / "lie"
    lie.write_text("5 1 7 7 0 7 0\n")
    number = meters._own[0]
    os.close(number)
    taken = [os.open(lie, os.O_RDONLY)]
    while taken[-1] < number:
        taken.append(os.open(lie, os.O_RDONLY))
    try:
        after = meters.resident_bytes()
        assert before is not None and after is not None and after > before >> 1
        assert meters._own[0] not in taken
    finally:
        for descriptor in taken:
            os.close(descriptor)
    again = meters.resident_bytes()
    assert again is not None and again > before >> 1
