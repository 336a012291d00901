"""`--limit KEY=VALUE`: the budget of a turn, in numbers as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction

import click

from capcompiler.cli.terminal import harmless
from capcompiler.limits import Limits, Usage
from capcompiler.near import did_you_mean

__all__ = ["limit_option", "parse_limits", "suggest", "usage_text"]

_NUMBER = re.compile(r"(\d+(?:_\d+)*(?:\.\d+)?(?:e[+-]?\d{1,3})?)([a-z]*)", re.ASCII | re.I)
_SIZES: dict[str, int | Fraction] = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": Fraction(1000) ** power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": Fraction(1024) ** power for power, prefix in enumerate("kmgt", 1)},
}
_COUNTS: dict[str, int | Fraction] = {"": 1}
_UNITS: dict[str, dict[str, int | Fraction]] = {
    "steps": _COUNTS,
    "seconds": {"": 1, "s": 1, "ms": Fraction(1, 1000), "min": 60},
    "memory": _SIZES,
    "output": _SIZES,
    "depth": _COUNTS,
}
_KEYS = [field.name for field in fields(Limits)]
_LARGEST = 2**63 - 1  # what a counter in C holds; a bound above it is none


def parse_limits(texts: Sequence[str]) -> Limits:
    """The limits of `KEY=VALUE` texts over the defaults. Raises ValueError for the user."""
    given: dict[str, int | float | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not of the form KEY=VALUE, as in steps=1e6")
        if key not in _KEYS:
            meant = did_you_mean(key, _KEYS)
            raise ValueError(f"there is no limit {key!r}{meant}; the limits are {', '.join(_KEYS)}")
        if key in given:
            raise ValueError(f"{key} is limited twice")
        given[key] = _amount(key, value)
    return Limits(**given)  # type: ignore[arg-type]  # _amount gives each key its type


def suggest(kind: str, limit: float, used: float) -> str:
    """What to write to raise the limit `kind`, for the message of a program that was stopped.

    used: what it had used or asked for, which can be anything above the limit.
    """
    more = max(limit * 2, used, 0 if limit else 1)
    if more > _LARGEST:
        return f"lift it with --limit {kind}=none, if so much is meant"
    value = f"{int(more):_}" if more == int(more) else f"{more:g}"
    return f"raise it with --limit {kind}={value}, or lift it with --limit {kind}=none"


def usage_text(usage: Usage) -> str:
    """What a turn has spent, on one line."""
    return (
        f"{usage.steps:,} steps, {usage.seconds:.3f} seconds, "
        f"{usage.memory:,} bytes at most at once, {usage.output:,} characters of output"
    )


def _amount(key: str, value: str) -> int | float | None:
    if value.lower() == "none":
        return None
    units = _UNITS.get(key, _COUNTS)
    found = _NUMBER.fullmatch(value)
    unit = units.get(found[2].lower()) if found else None
    if found is None or unit is None:
        examples = {"seconds": "2, 0.5 or 500ms", "steps": "10_000 or 1e6", "depth": "500"}
        raise ValueError(
            f"{key}: {value!r} is not an amount; write it as "
            f"{examples.get(key, '1_000_000 or 64MiB')}, or none for no limit"
        )
    amount = Fraction(found[1].replace("_", "")) * unit
    if amount > _LARGEST:
        raise ValueError(f"{key}: {value} is larger than {_LARGEST:,}; for no limit write none")
    if key == "seconds":
        return float(amount)
    if amount.denominator != 1:
        raise ValueError(f"{key}: {value} is not a whole number")
    return int(amount)


def _parse(context: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> Limits:
    try:
        return parse_limits(texts)
    except ValueError as error:
        raise click.BadParameter(harmless(str(error)), context, parameter) from None


limit_option = click.option(
    "--limit",
    "limits",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_parse,
    help="Set a limit, as in steps=1e6, seconds=2, memory=64MiB, output=10_000, depth=200; "
    "none lifts it. May be repeated.",
)
