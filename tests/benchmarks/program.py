"""What a measured program is: one text for every subject, with a function `run(n)` at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Benchmark"]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A program. text: Python that defines `run(n)`. size, quick: what `n` is, in full and in short.

    data: names that the program is handed. functions: host functions that it calls. package: an
    installed package that it imports. page: what it is as a template of Jinja2, if it is one.
    """

    name: str
    group: str
    text: str
    size: int
    quick: int
    data: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    package: str = ""
    page: str = ""
