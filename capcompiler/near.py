"""The near name that a wrong one may have meant, as texts of errors say it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What `name` may have meant among the known ones, to stand after it; "" for nothing near."""
    near = difflib.get_close_matches(name[:80], sorted(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
