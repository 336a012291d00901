"""`--limit KEY=VALUE`: numbers as people write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from capcompiler import Limits
from capcompiler.cli.budget import parse_limits, suggest

from .conftest import Ran


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("steps=1e6", Limits(steps=1_000_000)),
        ("steps=10_000", Limits(steps=10_000)),
        ("steps=0", Limits(steps=0)),
        ("steps=1.5e3", Limits(steps=1500)),
        ("steps=none", Limits(steps=None)),
        ("memory=64MiB", Limits(memory=64 * 2**20)),
        ("memory=1.5kib", Limits(memory=1536)),
        ("memory=2GB", Limits(memory=2_000_000_000)),
        ("memory=100B", Limits(memory=100)),
        ("memory=NONE", Limits(memory=None)),
        ("output=1MB", Limits(output=1_000_000)),
        ("seconds=0.5", Limits(seconds=0.5)),
        ("seconds=250ms", Limits(seconds=0.25)),
        ("seconds=2s", Limits(seconds=2.0)),
        ("seconds=1min", Limits(seconds=60.0)),
        ("depth=50", Limits(depth=50)),
    ],
)
def test_amounts(text: str, wanted: Limits) -> None:
    assert parse_limits([text]) == wanted


def test_without_options_the_defaults_hold() -> None:
    assert parse_limits([]) == Limits()


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["steps"], "not of the form KEY=VALUE"),
        (["stps=1"], "did you mean 'steps'?"),
        (["cpu=1"], "the limits are steps, seconds, memory, output, depth"),
        (["steps="], "not an amount"),
        (["steps=-1"], "not an amount"),
        (["steps=inf"], "not an amount"),
        (["steps=nan"], "not an amount"),
        (["steps=0x10"], "not an amount"),
        (["steps=1__0"], "not an amount"),
        (["steps=_1"], "not an amount"),
        (["steps=1MiB"], "not an amount"),
        (["steps=\u0661"], "not an amount"),
        (["depth=true"], "not an amount"),
        (["steps=1.5"], "not a whole number"),
        (["steps=1e-3"], "not a whole number"),
        (["memory=0.3B"], "not a whole number"),
        (["steps=1e999"], "for no limit write none"),
        (["memory=10000000TiB"], "for no limit write none"),
        (["steps=1e9999999999"], "not an amount"),
        (["memory=1parsec"], "64MiB"),
        (["steps=1", "steps=2"], "steps is limited twice"),
    ],
)
def test_amounts_that_are_refused(texts: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_limits(texts)
    assert reason in str(caught.value)


def test_a_bad_limit_is_status_2(cli: Callable[..., Ran], program: Callable[..., str]) -> None:
    ran = cli("run", program("print('never')"), "--limit", "steps=many")
    assert (ran.status, ran.out) == (2, "")
    assert "steps: 'many' is not an amount" in ran.err


@pytest.mark.parametrize(
    ("kind", "limit", "used", "wanted"),
    [
        ("steps", 1000, 1001, "steps=2_000"),
        ("steps", 0, 1, "steps=1"),
        ("seconds", 0.25, 0.26, "seconds=0.5"),
        ("memory", 2**20, 10**9, "memory=1_000_000_000"),
        ("memory", 2**20, 10**30, "memory=none"),
        ("output", 0, 0, "output=1"),
    ],
)
def test_the_advice_can_be_given_back(kind: str, limit: float, used: float, wanted: str) -> None:
    assert f"--limit {wanted}," in suggest(kind, limit, used)
    parse_limits([wanted])
