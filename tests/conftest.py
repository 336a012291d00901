"""Fixtures that every room shares."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator

import pytest


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
