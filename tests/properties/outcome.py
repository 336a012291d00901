"""What came of a program, in a form in which two ways of running it can be compared."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from capcompiler import GuestError, Limits, Program, cap_exec

__all__ = ["DATA", "Outcome", "each", "guest", "native", "parts", "plain"]

#: Types that cross as data.
DATA = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range)
LONG = int(os.environ.get("CAPCOMPILER_LONG", "1"))
SEED = int(os.environ.get("CAPCOMPILER_SEED", "0"))
#: Programs in one part of a property; a part ends well before the watchdog of the tests does.
PART = 30


def parts(count: int) -> Any:
    """Runs a property in parts, each on programs of its own: `count` programs, the same on each run.

    With CAPCOMPILER_LONG=n in the environment, n times as many; CAPCOMPILER_SEED=k gives others.
    """
    wanted = max(1, count // PART) * LONG
    return pytest.mark.parametrize("part", range(SEED * 1_000_000, SEED * 1_000_000 + wanted))


def each(strategy: SearchStrategy[str], part: int, law: Callable[[str], None]) -> None:
    """Try a law on the programs of one part.

    With CAPCOMPILER_SHRINK in the environment a failing program is made smaller, which may take
    minutes: the watchdog of the tests is called off.
    """
    phases = [Phase.generate]
    if os.environ.get("CAPCOMPILER_SHRINK"):
        phases.append(Phase.shrink)
        faulthandler.cancel_dump_traceback_later()
    wrapped = settings(
        max_examples=PART,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(law))
    seed(part)(wrapped)()


@dataclass(frozen=True)
class Outcome:
    """names: public top-level names to data, or to None for what is no data. error: type, text."""

    names: Any
    output: str
    error: tuple[str, str] | None = None
    steps: int | None = None

    def but_steps(self) -> Outcome:
        return Outcome(self.names, self.output, self.error)


def plain(value: Any, above: tuple[int, ...] = ()) -> Any:
    """A value that tells types apart that are equal (`1 == True == 1.0`), as nested tuples."""
    kind = type(value)
    if kind is float or kind is complex:
        return kind.__name__, repr(value)
    if id(value) in above:
        return "cycle", len(above) - above.index(id(value))
    inside = (*above, id(value))
    if kind in (list, tuple):
        return kind.__name__, *(plain(v, inside) for v in value)
    if kind is dict:
        return "dict", *((plain(k, inside), plain(v, inside)) for k, v in value.items())
    if kind in (set, frozenset):
        return kind.__name__, frozenset(plain(v, inside) for v in value)
    if kind in DATA:
        return kind.__name__, value
    return "no data"


def public(names: Mapping[str, Any]) -> dict[str, Any]:
    return {n: plain(names[n]) for n in names if not n.startswith("_")}


def native(source: str, extra: Mapping[str, Any] | None = None) -> Outcome:
    """What plain CPython makes of a program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, "<guest>", "exec", dont_inherit=True)
    names: dict[str, Any] = {"__name__": "__main__", **(extra or {})}
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), warnings.catch_warnings():
            # As the interpreter has it by itself: pytest makes errors of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            exec(code, names)  # noqa: S102 - the programs come from our own grammar
    except Exception as error:
        return Outcome(None, output.getvalue(), (type(error).__name__, str(error)))
    return Outcome(public({n: v for n, v in names.items() if n not in (extra or {})}),
                   output.getvalue())  # fmt: skip


def guest(source: str | Program, extra: Mapping[str, Any] | None = None, **options: Any) -> Outcome:
    """What a program does as a guest."""
    try:
        names = cap_exec(source, extra, limits=Limits(steps=5_000_000), **options)
    except GuestError as error:
        # What was printed and spent before the error stands on the error.
        return Outcome(None, error.output, (error.exc_type, error.message), error.usage.steps)
    return Outcome(public(names), names.output, None, names.usage.steps)
