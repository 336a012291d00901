"""Every attack is contained, with and without the optimiser, and both agree on what happened."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .case import Case
from .runner import Worker
from .tables import CASES, CRASH_CASES
from .worker import HUNG


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_attack_is_contained_at_both_levels(worker: Worker, case: Case) -> None:
    answer = worker.ask(case)
    for level, failures in zip(("plain", "optimized"), answer["levels"], strict=True):
        assert not failures, "\n".join([level, *failures, "", case.src[:2000]])
    assert not answer["differ"]


#: Guests in worker processes run one attack in thirty, or all with CAPCOMPILER_TIER=process.
IN_WORKERS = CASES if os.environ.get("CAPCOMPILER_TIER") == "process" else CASES[::30]


@pytest.fixture(scope="module")
def process_worker() -> Iterator[Worker]:
    worker = Worker("process")
    yield worker
    worker.close()


@pytest.mark.parametrize("case", IN_WORKERS, ids=lambda case: case.id)
def test_attack_is_contained_in_a_worker_process(process_worker: Worker, case: Case) -> None:
    answer = process_worker.ask(case)
    failures = [f for level in answer["levels"] for f in level]
    assert not failures, "\n".join([*failures, "", case.src[:2000]])
    assert not answer["differ"]


@pytest.mark.parametrize("case", CRASH_CASES, ids=lambda case: case.id)
def test_overrun_of_the_c_stack_ends_in_a_stop_or_with_its_own_process(
    worker: Worker, case: Case
) -> None:
    answer = worker.ask(case)
    if answer["outcomes"] == ["dead", "dead"]:
        assert answer["code"] is not None and answer["code"] < 0, answer["differ"]
        assert HUNG is None or answer["code"] != -HUNG, answer["differ"]
    else:
        stops = [outcome.split(" ", 1)[0] for outcome in answer["outcomes"]]
        assert set(stops) <= {*case.stopped, "RecursionError"}
        assert not answer["differ"]
