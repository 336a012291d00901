"""What the process tier costs: `python -m tests.benchmarks.process_tier [--one-core]`.

Microseconds, medians, the fastest tenth and the least, each beside the same thing inline and by
pydantic-monty where that is installed, in the same run and taking turns, so that a busy machine slows all
of them. On a machine that others use too, the least is what the code costs.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from capcompiler import Capability, Compartment, Pool, cap_compile

__all__ = ["main", "measure"]

RUNS = 400
#: Rounds of what is told as programs a second: the median and the best of them.
ROUNDS = 5
#: Microseconds: the median, the fastest tenth and the least.
Taken = tuple[float, float, float]


#: Where there is nothing to measure inline.
NONE = (0.0, 0.0, 0.0)
#: What stays the same while this package changes: by it, runs at different times are compared.
BARE = "a bare round trip between two processes"


class Echo(Capability):
    """Gives back what it gets."""

    def say(self, x: int) -> int:
        return x


def of(row: list[float]) -> Taken:
    """What is told of some times."""
    return statistics.median(row), statistics.quantiles(row, n=10)[0], min(row)


def timed(*ways: Callable[[], Any], runs: int = RUNS) -> list[Taken]:
    """What each takes; the ways take turns."""
    taken: list[list[float]] = [[] for _ in ways]
    for i in range(runs + runs // 10):
        for way, row in zip(ways, taken, strict=True):
            start = time.perf_counter()
            way()
            if i >= runs // 10:
                row.append((time.perf_counter() - start) * 1e6)
    return [of(row) for row in taken]


def rate(run: Callable[[], Any], programs: int) -> tuple[float, float]:
    """Programs a second, where one run runs so many: the median and the best of some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        found.append(programs / (time.perf_counter() - start))
    return statistics.median(found), max(found)


class Monty:
    """The same things done by pydantic-monty, which runs its programs in a process of its own too."""

    def __init__(self) -> None:
        import pydantic_monty

        self.pool: Any = pydantic_monty.Monty()
        self.pool.__enter__()
        self._say = {"say": lambda x: x}
        self._checkout: Any = None
        self.begin()

    def begin(self) -> None:
        """Take a new session: one may make a thousand calls out."""
        if self._checkout is not None:
            self._checkout.__exit__(None, None, None)
        self.left = 1000
        self._checkout = self.pool.checkout()
        self.session = self._checkout.__enter__()
        self.session.feed_run("def run(n):\n    for i in range(n): say(i)\n", external_lookup=self._say)

    def run(self) -> None:
        self.session.feed_run("1 + 1")

    def call(self) -> None:
        self.calling(1, "say(1)")

    def calls(self) -> None:
        self.calling(100, "run(100)")

    def calling(self, times: int, source: str) -> None:
        if self.left <= times:
            self.begin()
        self.left -= times
        self.session.feed_run(source, external_lookup=self._say)

    def fresh(self) -> None:
        """A session of its own, in the process that the sessions before it ran in."""
        with self.pool.checkout() as session:
            session.feed_run("1 + 1")

    def process(self) -> None:
        """What a worker of ours is to each guest: a process that no other one was in."""
        import pydantic_monty

        with pydantic_monty.Monty() as pool, pool.checkout() as session:
            session.feed_run("1 + 1")

    def close(self) -> None:
        self._checkout.__exit__(None, None, None)
        self.pool.__exit__(None, None, None)


def monty() -> Monty | None:
    try:
        return Monty()
    except ImportError:
        return None


class Bare:
    """The least that a round trip can be: another process that sends back what it gets. And the least that
    a fresh process can be: a fork of that small one, which ends at once and is waited for."""

    ECHO = """if True:
        import os, socket
        s = socket.socket(fileno=0)
        while d := s.recv(100):
            if d == b"fork":
                if not (pid := os.fork()):
                    os._exit(0)
                os.waitpid(pid, 0)
            s.send(d)
    """

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.process = subprocess.Popen([sys.executable, "-I", "-S", "-c", self.ECHO], stdin=theirs)
        theirs.close()

    def trip(self) -> None:
        self.ours.send(b"12345678")
        self.ours.recv(100)

    def fork(self) -> None:
        self.ours.send(b"fork")
        self.ours.recv(100)

    def close(self) -> None:
        self.ours.close()
        self.process.wait()


def unshared(pid: int) -> int:
    """Bytes that a process shares with no other."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1]) * 1024
    return total


def interpreter() -> None:
    """Start what a worker would be without a zygote: an interpreter that imports the package."""
    path = [p for p in sys.path if p]
    code = f"import sys; sys.path[:] = {path!r}; import capcompiler.isolation.worker as w; w.blank()"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, env={})


def measure(one_core: bool = False) -> dict[str, Any]:
    """Every figure, by name. one_core: only round trips, with both ends on the same core, where one end
    always waits for the other."""
    if one_core:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    program, call = cap_compile("1 + 1", mode="eval"), cap_compile("e.say(1)", mode="eval")
    calls = cap_compile("[e.say(1) for _ in range(100)][-1]", mode="eval")
    found: dict[str, Any] = {}
    caps = {"e": Echo()}
    peer = None if one_core else monty()

    def row(name: str, *ways: Callable[[], Any], runs: int = RUNS, each: int = 1) -> None:
        found[name] = [(m / each, f / each, l / each) for m, f, l in timed(*ways, runs=runs)]

    with Pool(workers=2, prefork=4) as pool:
        inline, worker = Compartment(caps), pool.compartment(caps)
        row("a run in a world that lasts", lambda: inline.eval(program), lambda: worker.eval(program),
            *([peer.run] if peer else []))  # fmt: skip
        row("a run with one capability call", lambda: inline.eval(call), lambda: worker.eval(call),
            *([peer.call] if peer else []))  # fmt: skip
        bare = Bare()
        found[BARE] = [NONE, timed(bare.trip)[0]]
        row("a capability call out and back", lambda: inline.eval(calls), lambda: worker.eval(calls),
            *([peer.calls] if peer else []), runs=60, each=100)  # fmt: skip
        if one_core:
            bare.close()
            return found
        assert worker._worker is not None
        found["unshared bytes of a worker that ran"] = unshared(worker._worker.pid)
        idle = pool.compartment()
        idle._started_worker()
        assert idle._worker is not None
        found["unshared bytes of an idle worker"] = unshared(idle._worker.pid)

        def fresh() -> None:
            pool.eval(program)

        row("a fresh compartment and a run", lambda: Compartment().eval(program), fresh,
            *([peer.fresh] if peer else []), runs=200)  # fmt: skip
        taken: dict[Callable[[], None], list[float]] = {fresh: []}
        if peer:
            taken[peer.process] = []
        for _ in range(60):
            for way, times in taken.items():
                time.sleep(0.15)  # the stock is made good meanwhile, as in a pool that is not full
                start = time.perf_counter()
                way()
                times.append((time.perf_counter() - start) * 1e6)
        found["the same in a process of its own, from the stock"] = [NONE, *map(of, taken.values())]
        found["a bare fork and wait"] = [NONE, timed(bare.fork, runs=100)[0]]
        bare.close()
        worlds = [pool.compartment() for _ in range(2)]

        def share(world: Any) -> None:
            for _ in range(2000):
                world.eval(program)

        with ThreadPoolExecutor(2) as threads:
            found["programs a second, two worlds that last"] = rate(
                lambda: list(threads.map(share, worlds)), 4000
            )
            found["programs a second, each in a fresh worker"] = rate(
                lambda: list(threads.map(lambda _: pool.eval(program), range(120))), 120
            )
    if peer is not None:
        peer.close()
    found["a fresh interpreter instead"] = [NONE, timed(interpreter, runs=5)[0]]
    return found


def main() -> None:
    """Print every figure."""
    print(f"{'':50}{'inline':>28}{'process':>28}{'pydantic-monty':>28}"
          "   (median, fastest tenth, least; microseconds)")  # fmt: skip
    found = measure(one_core="--one-core" in sys.argv)
    bare = found[BARE][1][0]
    for name, value in found.items():
        if isinstance(value, list):
            row = "".join(f"{m:10.1f}{f:9.1f}{l:9.1f}" for m, f, l in value)
            print(f"{name:50}{row}{'':{28 * (3 - len(value))}}   {value[1][0] / bare:.1f} x bare")
        elif isinstance(value, tuple):
            print(f"{name:50}{'':28}{value[0]:10,.0f}{value[1]:18,.0f}   (median, best)")
        else:
            print(f"{name:50}{'':28}{value:28,.0f}")


if __name__ == "__main__":
    main()
