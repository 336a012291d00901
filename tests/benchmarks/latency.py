"""Latency: what one call costs, in microseconds, and what an idle compartment holds, in KiB.

Every row is taken in the same rounds, one after the other. Told are the median of the rounds and the least,
which is what a row costs while nothing else has the processor.
"""

from __future__ import annotations

import gc
import itertools
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from capcompiler import Compartment, Limits, cap_compile, cap_exec

from .process_tier import Echo, monty
from .program import Benchmark
from .subjects import Prepared
from .user_programs import PAGE, PRODUCTS, SHOP, user_programs

__all__ = ["Latency", "idle_kib", "import_times", "measure_latency"]


@dataclass(frozen=True, slots=True)
class Latency:
    """One thing that was done, by whom, and how long it took: the median and the least of the rounds.

    target: what it may take."""

    what: str
    who: str
    microseconds: float
    target: float | None = None
    least: float = 0.0


Action = Callable[[], Any]


def _actions(stack: ExitStack) -> Iterator[tuple[str, str, float | None, Action, int]]:
    """What is done, by whom, the target, how, and how many of it one call of that does."""
    yield "1+1 from text", "plain exec", None, lambda: exec("1+1", {}), 1
    fresh = itertools.count()
    yield "1+1 from text", "capcompiler", 120, lambda: cap_exec("1+1", {}), 1
    yield ("1+1 from text, new each time", "capcompiler", None,
           lambda: cap_exec(f"1+1 #{next(fresh)}", {}), 1)  # fmt: skip
    program = cap_compile("1+1")
    yield "1+1 from a Program", "capcompiler", 15, lambda: cap_exec(program, {}), 1
    yield "make a compartment", "capcompiler", 25, Compartment, 1
    world = Compartment(limits=Limits(steps=10**9))
    world.exec("def nothing(): pass\n\ndef same(x): return x\n" + PAGE)
    yield "call a trivial function", "capcompiler", 4, lambda: world.call("nothing"), 1
    yield "call a function with an argument", "capcompiler", None, lambda: world.call("same", 1), 1
    template = next(p for p in user_programs() if p.page)
    yield ("a page of twenty lines", "capcompiler", None,
           lambda: world.call("page", SHOP, PRODUCTS), 1)  # fmt: skip
    for name, prepare in _peer_pages().items():
        try:
            prepared = prepare(template)
        except ImportError:
            continue
        stack.callback(prepared.close)
        yield "a page of twenty lines", name, None, _one(prepared), 1
    caller = Compartment({"same": _same, "echo": Echo()}, limits=Limits(steps=10**9))
    caller.exec(
        "def run(n):\n    for i in range(n): same(i)\ndef say(n):\n    for i in range(n): echo.say(i)\n"
    )
    echo = Echo()
    # So many in one turn that the turn, which has a row of its own, is no part of them.
    yield ("a checked method of a capability", "plain Python", None,
           lambda: [echo.say(i) for i in range(2000)], 2000)  # fmt: skip
    yield "a capability call out", "capcompiler", 1, lambda: caller.call("run", 2000), 2000
    yield "a checked method of a capability", "capcompiler", 1, lambda: caller.call("say", 2000), 2000
    yield from _peers(stack)


def _same(x: Any) -> Any:
    return x


def _one(prepared: Prepared) -> Action:
    return lambda: prepared.run(1)


def _peer_pages() -> dict[str, Callable[[Benchmark], Prepared]]:
    from .subjects import PEERS, PLAIN

    chosen = {s.name: s.prepare for s in PEERS if s.name in ("Jinja2 sandbox", "RestrictedPython")}
    return {PLAIN.name: PLAIN.prepare, **chosen}


def _peers(stack: ExitStack) -> Iterator[tuple[str, str, float | None, Action, int]]:
    text = "1+1"
    try:
        from RestrictedPython import compile_restricted, safe_globals
    except ImportError:
        pass
    else:
        yield (text + " from text", "RestrictedPython", None,
               lambda: exec(compile_restricted(text, "<guest>", "exec"), dict(safe_globals)), 1)  # fmt: skip
    try:
        import asteval
    except ImportError:
        pass
    else:
        yield (text + " from text", "asteval", None,
               lambda: asteval.Interpreter(use_numpy=False)(text), 1)  # fmt: skip
        kept = asteval.Interpreter(use_numpy=False)
        yield "1+1 in a world that is there", "asteval", None, lambda: kept(text), 1
    try:
        import starlark
    except ImportError:
        pass
    else:
        world = starlark.Globals.standard()
        yield (text + " from text", "starlark-pyo3", None,
               lambda: starlark.eval(starlark.Module(), starlark.parse("a", text), world), 1)  # fmt: skip
    peer = monty()
    if peer is None:
        return
    stack.callback(peer.close)
    yield text + " from text", "pydantic-monty", None, peer.fresh, 1
    yield "1+1 in a world that is there", "pydantic-monty", None, peer.run, 1
    yield ("a capability call out", "pydantic-monty", None,
           lambda: peer.calling(10, "run(10)"), 10)  # fmt: skip
    yield "call a trivial function", "pydantic-monty", None, lambda: peer.calling(0, "run(0)"), 1


def measure_latency(*, rounds: int, seconds: float) -> list[Latency]:
    """All rows. seconds: what one row takes in one round, about."""
    with ExitStack() as stack:
        actions = list(_actions(stack))
        world = Compartment()
        actions.insert(7, ("1+1 in a world that is there", "capcompiler", None,
                           lambda: world.eval("1+1"), 1))  # fmt: skip
        counts = []
        for _, _, _, action, _ in actions:
            action()
            started = time.perf_counter()
            for _ in range(10):
                action()
            counts.append(max(1, round(seconds / max((time.perf_counter() - started) / 10, 1e-7))))
        seen: list[list[float]] = [[] for _ in actions]
        for _ in range(rounds):
            for (_, who, _, action, each), count, times in zip(actions, counts, seen, strict=True):
                gc.collect()
                # Work that is done in another process is given the clock on the wall.
                clock = time.perf_counter if who == "pydantic-monty" else time.process_time
                started = clock()
                for _ in range(count):
                    action()
                times.append((clock() - started) / count / each * 1e6)
        return [
            Latency(what, who, statistics.median(times), target, min(times))
            for (what, who, target, _, _), times in zip(actions, seen, strict=True)
        ]


def idle_kib() -> float:
    """What one compartment that has run nothing holds, in KiB, over a hundred of them."""
    kept = [Compartment()]
    gc.collect()
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        kept.extend(Compartment() for _ in range(100))
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / 100 / 1024
    finally:
        tracemalloc.stop()


def import_times(rounds: int) -> dict[str, float]:
    """Milliseconds of an import in a new compartment, once its code is there; medians."""
    found = {}
    several = "import collections, dataclasses, enum, typing, re"
    asked = "collections.deque, dataclasses.field, enum.Enum, typing.Any, re.match"
    for text in ("import json", "import json; json.loads", several, f"{several}; {asked}"):
        program = cap_compile(text)
        times = []
        for _ in range(rounds + 1):
            world = Compartment(limits=Limits(steps=None))
            started = time.process_time()
            world.exec(program)
            times.append((time.process_time() - started) * 1000)
        found[text] = statistics.median(times[1:])
    return found
