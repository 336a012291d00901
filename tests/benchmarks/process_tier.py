"""What the process tier costs: `python -m tests.benchmarks.process_tier`.

Microseconds, medians and the fastest tenth, each beside the same thing inline in the same run, so that a
busy machine slows both.
"""

from __future__ import annotations

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


class Echo(Capability):
    """Gives back what it gets."""

    def say(self, x: int) -> int:
        return x


def timed(*ways: Callable[[], Any], runs: int = RUNS) -> list[tuple[float, float]]:
    """Median and fastest tenth of each, in microseconds; the ways take turns."""
    taken: list[list[float]] = [[] for _ in ways]
    for i in range(runs + runs // 10):
        for way, row in zip(ways, taken, strict=True):
            start = time.perf_counter()
            way()
            if i >= runs // 10:
                row.append((time.perf_counter() - start) * 1e6)
    return [(statistics.median(row), statistics.quantiles(row, n=10)[0]) for row in taken]


class Bare:
    """The least that a round trip can be: another process that sends back what it gets."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        echo = "import socket\ns = socket.socket(fileno=0)\nwhile d := s.recv(100): s.send(d)"
        self.process = subprocess.Popen([sys.executable, "-I", "-S", "-c", echo], stdin=theirs)
        theirs.close()

    def trip(self) -> None:
        self.ours.send(b"12345678")
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


def measure() -> dict[str, Any]:
    """Every figure, by name."""
    program, call = cap_compile("1 + 1", mode="eval"), cap_compile("e.say(1)", mode="eval")
    calls = cap_compile("[e.say(1) for _ in range(100)][-1]", mode="eval")
    found: dict[str, Any] = {}
    caps = {"e": Echo()}
    with Pool(workers=2, prefork=4) as pool:
        inline, worker = Compartment(caps), pool.compartment(caps)
        found["a run in a world that lasts"] = timed(
            lambda: inline.eval(program), lambda: worker.eval(program)
        )
        found["a run with one capability call"] = timed(
            lambda: inline.eval(call), lambda: worker.eval(call)
        )
        bare = Bare()
        found["a bare round trip between two processes"] = [(0.0, 0.0), timed(bare.trip)[0]]
        bare.close()
        many = timed(lambda: inline.eval(calls), lambda: worker.eval(calls), runs=60)
        found["a capability call out and back"] = [(m / 100, f / 100) for m, f in many]
        assert worker._worker is not None
        found["unshared bytes of a worker that ran"] = unshared(worker._worker.pid)
        idle = pool.compartment()
        idle._started_worker()
        assert idle._worker is not None
        found["unshared bytes of an idle worker"] = unshared(idle._worker.pid)

        def fresh() -> None:
            pool.eval(program)

        def apart() -> None:
            fresh()
            time.sleep(0.01)  # the next one is forked meanwhile, as in a pool that is not full

        found["a fresh compartment and a run"] = timed(
            lambda: Compartment().eval(program), fresh, runs=200
        )
        start = time.perf_counter()
        for _ in range(100):
            apart()
        found["the same, 10 ms apart"] = [
            (0.0, 0.0),
            ((time.perf_counter() - start) / 100 * 1e6 - 1e4, 0.0),
        ]
        worlds = [pool.compartment() for _ in range(2)]

        def share(world: Any) -> None:
            for _ in range(2000):
                world.eval(program)

        start = time.perf_counter()
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(share, worlds))
        found["programs a second, two worlds that last"] = 4000 / (time.perf_counter() - start)
        start = time.perf_counter()
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda _: pool.eval(program), range(600)))
        found["programs a second, each in a fresh worker"] = 600 / (time.perf_counter() - start)
    found["a fresh interpreter instead"] = [(0.0, 0.0), timed(interpreter, runs=5)[0]]
    return found


def main() -> None:
    """Print every figure."""
    print(f"{'':44}{'inline':>18}{'process':>18}   (median, fastest tenth; microseconds)")
    for name, value in measure().items():
        if isinstance(value, list):
            (a, b), (c, d) = value
            print(f"{name:44}{a:10.0f}{b:8.0f}{c:10.0f}{d:8.0f}")
        else:
            print(f"{name:44}{value:36,.0f}")


if __name__ == "__main__":
    main()
