"""`python -m tests.benchmarks.tripwire [PAIRS]`: what the tripwire costs, by what is done.

A wire cannot be taken down, so each round is a pair of processes, one with it and one without, in turn.
Told is the least processor time of all rounds on either side, and the ratio.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from capcompiler import Compartment, Limits, cap_compile, cap_exec
from capcompiler.tripwire import arm

from .user_programs import PAGE, PRODUCTS, SHOP

#: Seconds of processor time for each thing in each process.
LONG = 0.3
COMPUTES = """
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def run():
    seen = {}
    for i in range(2000):
        seen[i % 97] = seen.get(i % 97, 0) + i
    return fib(15), sorted(seen.values())[0], ' '.join(str(i) for i in range(300))
"""
READS = """
class A:
    def __init__(self, n): self.n = n
    def run(self): return [getattr(self, 'n') for _ in range(200)], '{0.n}'.format(self)
"""


def things() -> dict[str, Callable[[], Any]]:
    """What is done, with everything that is done once behind it."""
    limits = Limits(steps=10**12)
    one = cap_compile("1+1")
    world = Compartment({"same": lambda x: x}, limits=limits)
    world.exec(PAGE + COMPUTES + READS + "def calls():\n    for i in range(100): same(i)\n")
    world.exec(
        "def errors():\n    for i in range(50):\n        try: {}[i]\n        except KeyError as e: e.args\n"
    )
    world.exec("def reads(): return A(1).run()")
    imports = cap_compile("import json, re")
    return {
        "a program that computes": lambda: world.call("run"),
        "a page of twenty lines": lambda: world.call("page", SHOP, PRODUCTS),
        "a hundred uses of a capability": lambda: world.call("calls"),
        "fifty errors caught": lambda: world.call("errors"),
        "reads by names at run time": lambda: world.call("reads"),
        "a turn of a Program: 1+1": lambda: cap_exec(one, {}),
        "a turn of a text": lambda: cap_exec("1+1", {}),
        "import json, re": lambda: cap_exec(imports, {}, limits=limits),
    }


def measured() -> dict[str, float]:
    """The least microseconds of each thing in this process."""
    took = {}
    for name, action in things().items():
        action()
        least, until = float("inf"), time.process_time() + LONG
        while time.process_time() < until:
            started = time.process_time_ns()
            action()
            least = min(least, (time.process_time_ns() - started) / 1000)
        took[name] = least
    return took


def in_a_process(armed: bool) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.tripwire", "armed" if armed else "bare"],
        capture_output=True, text=True, check=True, env=dict(os.environ),
    )  # fmt: skip
    took: dict[str, float] = json.loads(done.stdout)
    return took


def compared(pairs: int) -> dict[str, tuple[float, float]]:
    """Microseconds without the wire and with it."""
    sides: tuple[list[dict[str, float]], ...] = ([], [])
    for i in range(pairs):
        for armed in (False, True) if i % 2 else (True, False):
            sides[armed].append(in_a_process(armed))
    return {
        name: (min(took[name] for took in sides[0]), min(took[name] for took in sides[1]))
        for name in sides[0][0]
    }


def main(argument: str) -> None:
    if argument in ("armed", "bare"):
        if argument == "armed":
            arm()
        print(json.dumps(measured()))
        return
    print("| what | without, µs | with, µs | ratio |\n|---|---|---|---|")
    for name, (bare, armed) in compared(int(argument)).items():
        print(f"| {name} | {bare:.1f} | {armed:.1f} | {armed / bare:.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "5")
