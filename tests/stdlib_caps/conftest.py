"""A use of a capability by a guest, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from capcompiler import CapError, GuestError, cap_exec


@pytest.fixture
def attempt() -> Callable[..., str]:
    """`attempt(expression, caps)`: what a guest gets, or its error as "Type: text"."""

    def run(source: str, caps: dict[str, Any]) -> str:
        try:
            return repr(cap_exec(source, caps).value)
        except GuestError as error:
            return f"{error.exc_type}: {error.message}"
        except CapError as error:
            return f"{type(error).__name__}: {error}"

    return run
