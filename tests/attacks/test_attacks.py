"""Every attack is contained, with and without the optimiser, and both agree on what happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .case import Case
from .runner import Worker
from .tables import CASES


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_attack_is_contained(worker: Worker, case: Case, optimize: bool) -> None:
    failures = worker.ask(case)["levels"][optimize]
    assert not failures, "\n".join([*failures, "", case.src[:2000]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_both_levels_agree(worker: Worker, case: Case) -> None:
    assert not worker.ask(case)["differ"]
