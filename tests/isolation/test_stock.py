"""Workers that stand ready: what made one warm is not seen by its guest, and nobody waits for the next."""

from __future__ import annotations

import errno
import gc
import os
import threading
import time
import warnings
import weakref

import pytest

from capcompiler import GuestError, Pool
from capcompiler.isolation import worker
from capcompiler.isolation.launch import Zygote


def test_a_rehearsal_leaves_nothing_for_the_guest() -> None:
    """What an earlier program left would be told to the next one; here there was one, though ours."""
    scratch, guest, other = worker.blank(), worker.blank(), worker.blank()
    requests = worker.rehearsed()
    for _ in range(2):
        worker.rehearse(scratch, requests)
    assert worker.World.host is None
    assert scratch.output == "[1]\n"  # it did run
    seen = "print(sorted(globals()))\nf = [id]\n1 / 0"
    with pytest.raises(GuestError) as first:
        guest.exec(seen)
    worker.rehearse(scratch, requests)
    with pytest.raises(GuestError) as second:
        other.exec(seen)
    assert guest.output == other.output == "['__doc__', '__name__', '__package__']\n"
    assert str(first.value) == str(second.value) and "<warm>" not in str(first.value)
    assert guest.usage.steps == other.usage.steps


def test_warm_and_cold_workers_are_alike() -> None:
    """Output, steps and names are the same whether a worker served a request before its guest came."""
    source = "import sys\nprint(sorted(globals()), sorted(sys.modules))\nx = sum(range(9))"
    with Pool(workers=1, prefork=0) as cold, Pool(workers=1, prefork=1) as warm:
        _until_idle(warm)
        found = [pool.exec(source) for pool in (cold, warm)]
        assert [ns["x"] for ns in found] == [36, 36] and set(found[0]) == set(found[1])
    assert found[0].output == found[1].output
    assert found[0].usage.steps == found[1].usage.steps


def _until_idle(pool: Pool) -> None:
    """Wait until the one spare worker sleeps over its connection, as it does when it is warm."""
    assert pool._zygote is not None
    (pid,) = _children(pool._zygote.process.pid)
    last, same = -1, 0
    for _ in range(2000):
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        now = int(fields[11]) + int(fields[12]) + int(fields[7])
        same = same + 1 if now == last and fields[0] == "S" else 0
        if same > 20:
            return
        last = now
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    for _ in range(2000):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            found = [int(p) for p in file.read().split()]
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("no worker was forked")


def test_what_refilling_fails_in_is_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def none_left(self: Zygote, *, hurry: bool = False) -> None:
        tried.set()
        raise OSError(errno.EMFILE, "too many open files")

    with Pool(workers=1, prefork=1) as pool:
        with monkeypatch.context() as patch:
            patch.setattr(Zygote, "fork", none_left)
            assert pool.eval("6 * 7") == 42
            assert tried.wait(20)
            with pytest.raises(OSError, match="open files"):
                pool.eval("1")
        tried.clear()
        again = pool._refill

        def refill() -> None:
            again()
            tried.set()

        monkeypatch.setattr(pool, "_refill", refill)
        assert pool.eval("6 * 7") == 42
        assert tried.wait(20)  # by the same thread, which is still there
        assert len(pool._ready) == 1


def test_a_thread_that_is_behind_leaves_the_end_of_workers_to_those_who_used_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However fast programs are run, and whatever keeps the pool's own thread, few workers stand by whose
    guests are done."""
    with Pool(workers=1, prefork=1) as pool:
        held, kept = threading.Event(), threading.Event()
        assert pool.eval("1") == 1

        def refill() -> None:
            kept.set()
            held.wait(60)

        with monkeypatch.context() as patch:
            patch.setattr(pool, "_refill", refill)
            try:
                pool.eval("1")
                assert kept.wait(20)
                for _ in range(6):
                    pool.eval("1")
                assert len(pool._leaving) == len(pool._taken) == 2
            finally:
                held.set()
        for _ in range(2000):
            if not pool._taken:
                break
            time.sleep(0.01)
        assert not pool._taken and not pool._leaving


def test_a_pool_that_is_let_go_is_let_go_by_its_thread() -> None:
    pool = Pool(workers=1, prefork=1)
    zygote = pool._zygote
    assert zygote is not None and pool.eval("1") == 1
    (thread,) = [t for t in threading.enumerate() if t.name == "capcompiler-refill" and _serves(t, pool)]
    gone = weakref.ref(pool)
    del pool
    for _ in range(500):
        gc.collect()
        if gone() is None:
            break
        time.sleep(0.01)
    assert gone() is None
    thread.join(20)
    assert not thread.is_alive() and zygote.process.poll() is not None


def _serves(thread: threading.Thread, pool: Pool) -> bool:
    return bool(thread._args[1] is pool._errands)  # type: ignore[attr-defined]


def test_a_child_of_the_host_lets_go_of_a_pool_whose_lock_was_held() -> None:
    with Pool(workers=1, prefork=1) as pool:
        held, over = threading.Event(), threading.Event()

        def hold() -> None:
            with pool._lock:
                held.set()
                over.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        try:
            assert held.wait(20)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads: on purpose
                pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    pool.close()
                    code = 0
                finally:
                    os._exit(code)
            for _ in range(2000):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    break
                time.sleep(0.01)
            else:
                os.kill(pid, 9)
                os.waitpid(pid, 0)
                raise AssertionError("it waits for a thread that is not there")
            assert os.waitstatus_to_exitcode(status) == 0
        finally:
            over.set()
            thread.join()
        assert pool.eval("6 * 7") == 42  # and the pool of this process is none the worse
