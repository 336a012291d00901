"""Pools over an executor: what travels with a program, what does not, and what comes back."""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    DialectError,
    GuestError,
    Imports,
    LimitExceeded,
    Limits,
    Pool,
)
from stdlib_caps import Clock, FrozenClock, MemoryDir, SeededRandom

NOON = FrozenClock(datetime.datetime(2025, 1, 2, 12, tzinfo=datetime.UTC))


class Pickling(Executor):
    """An executor that sends everything through `pickle`, as one on other machines does."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(2)

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        data = pickle.dumps((function, args, kwargs))

        def run() -> Any:
            f, a, k = pickle.loads(data)
            return pickle.loads(pickle.dumps(f(*a, **k)))

        return self.threads.submit(run)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    executor = Pickling()
    with Pool(workers=1, prefork=0, executor=executor) as made:
        yield made
    executor.threads.shutdown()


def test_a_program_goes_with_its_data(pool: Pool) -> None:
    ns = pool.submit("print(n)\ny = [n, (n,)]\nn + 1", {"n": 4}).result(60)
    assert (ns["y"], ns.value, ns.output) == ([4, (4,)], 5, "4\n")
    assert list(ns) == ["y"]


def test_a_capability_that_can_be_rebuilt_goes_too(pool: Pool) -> None:
    assert pool.submit("h = [clock.now().hour for clock in clocks]", {"clocks": [NOON]}).result(60)[
        "h"
    ] == [12]


def test_files_in_memory_and_seeded_numbers_go_too(pool: Pool) -> None:
    held = MemoryDir({"a.txt": "text"})
    caps = {"fs": held, "dice": SeededRandom(7)}
    ns = pool.submit(
        "x = fs.open('a.txt').read()\nfs.open('b', 'w').write('1')\nn = dice.random()", caps
    ).result(60)
    assert ns["x"] == "text" and ns["n"] == SeededRandom(7).random()
    with pytest.raises(FileNotFoundError):
        held.open("b")  # it was a copy


class Mailer(Capability):
    pass


class Later(FrozenClock):
    """A subclass may hold anything: it has to say so itself."""


@pytest.mark.parametrize("cap", [
    Mailer(), len, lambda: 1, [Mailer()], Clock.ambient(), Later(datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)),
], ids=lambda c: type(c).__name__)  # fmt: skip
def test_others_are_refused_by_name(pool: Pool, cap: Any) -> None:
    with pytest.raises(CapabilityError, match=r"caps\['c'\].* cannot travel"):
        pool.submit("1", {"c": cap})


def test_modules_of_text_go_and_directories_do_not(pool: Pool, tmp_path: Any) -> None:
    mine = Imports.sources({"mine": "x = 5"}) + Imports.pure()
    assert pool.submit("import mine\ny = mine.x", imports=mine).result(60)["y"] == 5
    for other in (
        Imports.directory(tmp_path) + Imports.pure(),
        Imports.none(),
        Imports.pure().without("math"),
    ):
        with pytest.raises(CapabilityError, match="imports"):
            pool.submit("1", imports=other)


def test_errors_come_back(pool: Pool) -> None:
    with pytest.raises(GuestError) as caught:
        pool.submit("print('a')\n1 / 0").result(60)
    assert caught.value.exc_type == "ZeroDivisionError"
    assert caught.value.output == "a\n"  # type: ignore[attr-defined]
    with pytest.raises(LimitExceeded):
        pool.submit("while True: pass", limits=Limits(steps=10)).result(60)
    with pytest.raises(DialectError):
        pool.submit("x = ")


def test_what_is_no_data_stays(pool: Pool) -> None:
    ns = pool.submit("def f(): pass\nx = 1").result(60)
    assert ns["x"] == 1 and set(ns) == {"f", "x"}
    with pytest.raises(CapabilityError, match="stayed"):
        ns["f"]


#: Dask gives a worker up that is slow to connect, to answer or to say that it is there, and one that has
#: much memory: on a busy machine it took workers for lost that only waited for a processor.
PATIENT = {
    "distributed.comm.timeouts.connect": "1h", "distributed.comm.timeouts.tcp": "1h",
    "distributed.scheduler.worker-ttl": None, "distributed.deploy.lost-worker-timeout": "1h",
}  # fmt: skip


def test_a_thousand_programs_through_dask() -> None:
    distributed = pytest.importorskip("distributed", reason="dask's distributed is not installed")
    import dask

    with (
        dask.config.set(PATIENT),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, memory_limit=0
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        with Pool(workers=1, prefork=0, executor=client.get_executor()) as pool:
            futures = [
                pool.submit("y = x * x\nh = clock.now().hour", {"x": i, "clock": NOON})
                for i in range(1000)
            ]
            done = [f.result(1800) for f in futures]  # more than it ever took: a hang must end, too
    assert [(ns["y"], ns["h"]) for ns in done] == [(i * i, 12) for i in range(1000)]
