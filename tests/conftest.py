"""Fixtures that every room shares."""

from __future__ import annotations

import faulthandler
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Compiled programs are kept for the processes of one run, and nothing of the user's is read."""
    if "CAPCOMPILER_CACHE" not in os.environ:
        made = os.environ["CAPCOMPILER_CACHE"] = tempfile.mkdtemp(prefix="capcompiler-tests-")
        config.add_cleanup(lambda: shutil.rmtree(made, ignore_errors=True))


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
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
