"""Fixtures that every room shares."""

from __future__ import annotations

import faulthandler
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from capcompiler import Compartment


def pytest_configure(config: pytest.Config) -> None:
    """Compiled programs are kept for the processes of one run, and nothing of the user's is read."""
    if "CAPCOMPILER_CACHE" not in os.environ:
        made = os.environ["CAPCOMPILER_CACHE"] = tempfile.mkdtemp(prefix="capcompiler-tests-")
        config.add_cleanup(lambda: shutil.rmtree(made, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at every object of the process goes first, while there are few."""
    items.sort(key=lambda item: "reach" not in item.nodeid or "attacks" in item.path.parts)


@pytest.fixture(params=[False, True], ids=["plain", "optimized"])
def optimize(request: pytest.FixtureRequest) -> bool:
    """Every program runs at both levels and must do the same."""
    return bool(request.param)


@pytest.fixture(autouse=True)
def no_hang(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ends the run with a traceback when a behaviour test hangs; other rooms keep their own time."""
    if request.node.path.parent.name not in ("capcompiler", "guards"):
        yield
        return
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


#: What holds of guests wherever they run: these files run in both tiers.
BOTH_TIERS = frozenset(
    {
        "test_awaiting",
        "test_capability",
        "test_compartment",
        "test_contract",
        "test_errors",
        "test_fraction",
        "test_limits",
        "test_membrane",
        "test_namespace",
        "test_record",
    }
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in BOTH_TIERS and "tier" in metafunc.fixturenames:
        chosen = os.environ.get("CAPCOMPILER_TIER", "inline process").split()
        metafunc.parametrize("tier", chosen, indirect=True)


@pytest.fixture(autouse=True)
def tier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the guests of a test run that does not say it: "inline", or in a worker of the default
    pool."""
    where = str(getattr(request, "param", "inline"))
    if where == "process":
        new = Compartment.__new__

        def in_a_worker(cls: Any, *args: Any, isolation: Any = "inline", **options: Any) -> Any:
            wanted = "process" if isolation == "inline" and type(isolation) is str else isolation
            return new(cls, *args, isolation=wanted, **options)

        monkeypatch.setattr(Compartment, "__new__", in_a_worker)
    return where
