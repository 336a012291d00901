"""What crosses between a host and its templates beside plain data: records, copied by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capcompiler.membrane.record import register_dataclass

__all__ = [
    "RECORDS",
    "AsyncItems",
    "ContextValue",
    "HostFunction",
    "Items",
    "Raised",
    "Refused",
    "SafeText",
    "TemplateValue",
    "UndefinedValue",
]


@register_dataclass
@dataclass(frozen=True)
class SafeText:
    """`markupsafe.Markup`: text that autoescaping leaves alone."""

    text: str


@register_dataclass
@dataclass(frozen=True)
class HostFunction:
    """A function of the host's. passes: "context", "eval_context" or "environment", where it wants that
    first; "" for nothing."""

    call: Any
    passes: str


@register_dataclass
@dataclass(frozen=True)
class AsyncItems:
    """An asynchronous iterator of the host's. step: gives something to await for each element."""

    step: Any


@register_dataclass
@dataclass(frozen=True)
class Items:
    """An iterator of the host's. step: gives the next element."""

    step: Any


@register_dataclass
@dataclass(frozen=True)
class UndefinedValue:
    """A value that is not there, by the name that it was asked for. of: what answers for it, where the
    environment's class of undefined values is the host's own."""

    hint: str | None
    name: str | None
    of: Any = None


@register_dataclass
@dataclass(frozen=True)
class Refused:
    """An attribute that templates may not have, and why."""

    why: str
    name: str


@register_dataclass
@dataclass(frozen=True)
class ContextValue:
    """What a function marked by `pass_context` or `pass_eval_context` is to get."""

    vars: dict[str, Any]
    name: str | None
    autoescape: bool


@register_dataclass
@dataclass(frozen=True)
class Raised:
    """An error of Jinja2's own, by the name of its class, that a function of the host's raised."""

    kind: str
    message: str


@register_dataclass
@dataclass(frozen=True)
class TemplateValue:
    """A template of the same environment, which another is to extend, include or import."""

    number: int


RECORDS = (
    AsyncItems, Items, Raised, SafeText, HostFunction, TemplateValue, UndefinedValue, Refused,
    ContextValue,
)  # fmt: skip
