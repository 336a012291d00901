"""Workers that crash, hang, are killed or stopped: the host goes on, and so does the pool."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from capcompiler import CapabilityError, CapError, GuestError, LimitExceeded, Limits, Pool, cap_compile
from capcompiler.isolation import kernel
from capcompiler.isolation.faults import WorkerDied
from guards.meter import resident_bytes

from .escaped import escaped

pytestmark = pytest.mark.skipif(not kernel.supported(), reason="the tests read /proc")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=2, prefork=1) as made:
        yield made


def alive(pool: Pool) -> None:
    assert pool.eval("6 * 7") == 42


@pytest.mark.parametrize(("source", "about"), [
    ("modules['ctypes'].string_at(0)", "SIGSEGV"),
    ("os['abort']()", "ended"),
    ("os['_exit'](3)", "code 3"),
    ("os['_exit'](0)", "code 0"),
    ("os['close'](3)", "ended"),
    ("os['write'](3, bytes(range(256)) * 100)", "sent"),
    ("os['write'](3, b'x')\nos['_exit'](0)", "ended"),
], ids=lambda s: s[:30])  # fmt: skip
def test_a_crash_is_an_error_and_no_more(pool: Pool, source: str, about: str) -> None:
    world = pool.compartment()
    with pytest.raises(WorkerDied, match=about):
        world.exec(escaped(source))
    with pytest.raises(WorkerDied):
        world.eval("1")
    alive(pool)


@pytest.mark.parametrize("source", [
    "sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "sys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
    "sys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nx == x[0]",
    "sys.setrecursionlimit(10**9)\nclass K:\n    def __getattr__(self, n): return getattr(self, n)\nK().x",
    "x = None\nfor _ in range(10**6): x = (x,)\ndel x",
    "sys.setrecursionlimit(10**9)\nmodules['re'].compile('(' * 10**5 + ')' * 10**5)",
    "sys.setrecursionlimit(10**9)\ncompile('-' * 10**6 + '1', 'x', 'eval')",
    "sys.setrecursionlimit(10**9)\nx = iter([])\nfor _ in range(10**6): x = zip(x)\nlist(x)",
    "x = 1 << (10**10)", "x = 10 ** 10 ** 8", "x = [0] * 10**12", "x = 'a' * 10**11",
    "it = modules['itertools'].tee(iter(int, 1))\nfor x in it[0]: pass",
])  # fmt: skip
def test_what_is_known_to_crash_an_interpreter(pool: Pool, source: str) -> None:
    """Deep recursion through C, exhausted stacks, exhausted memory, huge numbers: in the raw, past every
    guard. Whatever comes of it, it comes of the worker."""
    with pytest.raises((CapError, MemoryError, RecursionError)) as caught:
        pool.exec(escaped(source + "\nraise ValueError"), limits=Limits(seconds=3, memory=128 * 2**20))
    assert isinstance(caught.value, CapError)
    alive(pool)


def test_output_that_is_no_print_goes_nowhere(pool: Pool, capfd: pytest.CaptureFixture[str]) -> None:
    names = pool.exec(escaped("for fd in (1, 2): os['write'](fd, b'x' * 100_000)\ngot = 1"))
    assert names["got"] == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("source", [
    "while True: pass", "sum(range(10**12))", "'a' * 0 in iter(int, 1)",
])  # fmt: skip
def test_seconds_hold_against_what_no_step_counts(pool: Pool, source: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        pool.exec(escaped(source), limits=Limits(seconds=0.2))
    assert caught.value.kind == "seconds" and caught.value.limit == 0.2
    assert caught.value.used >= 0.2
    alive(pool)


def test_a_signal_handler_does_not_outlive_the_time(pool: Pool) -> None:
    """The worker may ignore being asked; it is not asked twice."""
    source = "s = modules['signal']\nfor n in range(1, 32):\n    try: s.signal(n, s.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass"
    with pytest.raises(LimitExceeded):
        pool.exec(escaped(source), limits=Limits(seconds=0.2))
    alive(pool)


def test_memory_is_the_kernels_to_give(pool: Pool) -> None:
    source = "x = []\nwhile True: x.append(bytearray(10**7))"
    with pytest.raises((LimitExceeded, WorkerDied)) as caught:
        pool.exec(escaped(source), limits=Limits(memory=64 * 2**20))
    if isinstance(caught.value, LimitExceeded):
        assert caught.value.kind == "memory" and caught.value.limit == 64 * 2**20
    alive(pool)


def test_memory_of_a_guest_that_is_none_of_a_bad_one(pool: Pool) -> None:
    with pytest.raises(LimitExceeded) as caught:
        pool.exec(
            "x = []\nwhile True: x.append('a' * 10**6)", limits=Limits(memory=32 * 2**20, steps=None)
        )
    assert caught.value.kind == "memory"
    alive(pool)


def test_a_killed_worker_is_told_apart(pool: Pool) -> None:
    world = pool.compartment()
    world.eval("1")
    assert world._worker is not None
    os.kill(world._worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        world.eval("1")
    alive(pool)


def test_a_stopped_worker_ends_with_its_time(pool: Pool) -> None:
    world = pool.compartment(limits=Limits(seconds=0.3))
    world.eval("1")
    assert world._worker is not None
    os.kill(world._worker.pid, signal.SIGSTOP)
    with pytest.raises(LimitExceeded) as caught:
        world.eval("1")
    assert caught.value.kind == "seconds"
    alive(pool)


def test_a_worker_that_dies_in_a_call_of_a_capability(pool: Pool) -> None:
    world = pool.compartment({"kill": lambda: os.kill(world._worker.pid, signal.SIGKILL)})  # type: ignore[union-attr]
    with pytest.raises(WorkerDied):
        world.eval("kill()")
    alive(pool)


def test_a_dead_zygote_is_replaced() -> None:
    with Pool(workers=1, prefork=1) as pool:
        kept = pool.compartment()
        kept.eval("1")
        assert pool._zygote is not None
        pool._zygote.process.kill()
        pool._zygote.process.wait()
        for _ in range(3):
            alive(pool)
        with pytest.raises(WorkerDied):  # it ends with what it was forked from
            kept.eval("1")


def test_a_zygote_is_renewed_and_its_workers_live_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from capcompiler.isolation import pool as pools

    monkeypatch.setattr(pools, "RENEW_AFTER", 5)
    with Pool(workers=1, prefork=0) as pool:
        first = pool._zygote
        kept = pool.compartment()
        kept.exec("x = 1")
        ends = time.monotonic() + 60
        while pool._zygote is first and time.monotonic() < ends:
            alive(pool)
            time.sleep(0.05)
        assert pool._zygote is not first
        assert kept.eval("x") == 1
        hashes = {pool.eval("hash('capability')"), kept.eval("hash('capability')")}
        assert len(hashes) == 2  # each zygote has a seed of its own


def test_cancel_from_another_thread_ends_a_loop(pool: Pool) -> None:
    world = pool.compartment(limits=Limits(steps=None))
    timer = threading.Timer(0.3, world.cancel, ["enough"])
    timer.start()
    with pytest.raises(CapabilityError, match="enough"):
        world.exec("while True: pass")
    timer.join()
    assert world.eval("1 + 1") == 2  # asked, and not killed


def test_cancel_at_any_moment_ends_this_turn_and_nothing_else(pool: Pool) -> None:
    # A worker that was not ready to hear it died of it, and what it held with it; one that heard it
    # between two turns ended the next one.
    for _ in range(4):
        world = pool.compartment({"f": lambda x: x})
        over = threading.Event()

        def cancels(world: Any = world, over: threading.Event = over) -> None:
            while not over.wait(0.001):
                world.cancel("now and then")

        thread = threading.Thread(target=cancels)
        thread.start()
        try:
            for _ in range(40):
                try:
                    assert world.eval("[f(i) for i in range(9)]") == list(range(9))
                except CapabilityError as error:
                    assert "now and then" in str(error)
        finally:
            over.set()
            thread.join()
        assert [world.eval("f(1)") for _ in range(3)] == [1, 1, 1]
        world.close()


def test_cancel_kills_what_does_not_listen(pool: Pool) -> None:
    world = pool.compartment(limits=Limits(steps=None))
    timer = threading.Timer(0.3, world.cancel, ["enough"])
    timer.start()
    with pytest.raises(CapError):
        world.exec(escaped("modules['signal'].signal(10, modules['signal'].SIG_IGN)\nwhile True: pass"))
    timer.join()
    alive(pool)


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_nothing_is_left_behind() -> None:
    """Descriptors, workers and zygotes are what they were, whatever happened between."""
    gc.collect()
    before, mine = len(os.listdir("/proc/self/fd")), set(children(os.getpid()))
    with Pool(workers=2, prefork=2) as pool:
        assert pool._zygote is not None
        zygote = pool._zygote.process.pid
        for i in range(30):
            try:
                if i % 3 == 0:
                    pool.exec(escaped("os['_exit'](1)"))
                elif i % 3 == 1:
                    pool.exec("def f(): pass")["f"]()
                else:
                    pool.eval("1 / 0")
            except (WorkerDied, GuestError):
                pass
        gc.collect()
        ends = time.monotonic() + 20
        while len(children(zygote)) > 2 and time.monotonic() < ends:
            time.sleep(0.05)
        assert len(children(zygote)) <= 2  # those that stand ready
    assert set(children(os.getpid())) <= mine
    assert not Path(f"/proc/{zygote}").exists()
    assert len(os.listdir("/proc/self/fd")) <= before


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children_of(pid: int) -> list[str]:
    """The processes whose parent this one is, those that nobody has waited for too."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(stat.parent.name)
    return found


def test_runs_under_random_kills_lose_no_result() -> None:
    """Nor leave a process, a descriptor or memory behind. CAPCOMPILER_LONG=20 runs 10,000."""
    gc.collect()
    open_before, resident = descriptors(), resident_bytes() or 0
    runs = 500 * int(os.environ.get("CAPCOMPILER_LONG", "1"))
    program = cap_compile("x * 2", mode="eval")
    chance = random.Random(7)
    done: list[int] = []
    with Pool(workers=2, prefork=2) as pool:
        stop = threading.Event()

        def kill() -> None:
            while not stop.wait(0.05):
                victims = list(pool._taken)
                if victims and chance.random() < 0.5:
                    chance.choice(victims)._signal(signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()

        def one(i: int) -> int:
            while True:
                try:
                    return int(pool.eval(program, {"x": i}))
                except WorkerDied:
                    continue

        try:
            with ThreadPoolExecutor(4) as threads:
                done = list(threads.map(one, range(runs)))
        finally:
            stop.set()
            killer.join()
        assert done == [2 * i for i in range(runs)]
        ends = time.monotonic() + 20
        while pool._taken and time.monotonic() < ends:
            time.sleep(0.05)  # the last ones are ended by the pool's own thread
        assert len(pool._taken) == 0
        gc.collect()
        zygote = pool._zygote
        assert zygote is not None
        ends = time.monotonic() + 20
        while len(children_of(zygote.process.pid)) > 2 and time.monotonic() < ends:
            time.sleep(0.1)  # the last ones are on their way out
        assert len(children_of(zygote.process.pid)) <= 2  # those that stand ready
    gc.collect()
    assert descriptors() <= open_before
    assert (resident_bytes() or 0) - resident < 32 * 2**20


def test_futures(pool: Pool) -> None:
    futures: list[Any] = [pool.submit("y = x * x", {"x": i}) for i in range(8)]
    assert [f.result(60)["y"] for f in futures] == [i * i for i in range(8)]
    bad = pool.submit("1 / 0")
    with pytest.raises(GuestError):
        bad.result(60)


def test_a_closed_pool_says_so() -> None:
    pool = Pool(workers=1, prefork=1)
    world = pool.compartment()
    world.eval("1")
    pool.close()
    pool.close()
    for use in (lambda: pool.eval("1"), lambda: pool.submit("1"), lambda: world.eval("1")):
        with pytest.raises(CapError):
            use()


@pytest.mark.parametrize("options", [
    {"workers": 0}, {"workers": -1}, {"workers": 1.5}, {"workers": True}, {"prefork": -1},
    {"prefork": "2"}, {"confine": "yes"}, {"confine": None},
])  # fmt: skip
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Pool(**options)
