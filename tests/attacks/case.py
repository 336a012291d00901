"""The shape of an attack: a hostile source, and the one claim that proves it was contained."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["MISSING", "PITS", "Case", "case"]

# The pits of the design, by number: each has five cases or more (test_table.py counts them).
PITS = {
    1: "names of guards",
    2: "__builtins__ in a guest's globals",
    3: "catching the stop",
    4: "the counter",
    5: "C loops without a step",
    6: "attribute names that arrive at run time",
    7: "lying subclasses",
    8: "objects that carry others",
    9: "code that runs later",
    10: "shared mutable things",
    11: "the compiler itself",
    12: "version drift",
    13: "proxies that unwrap themselves",
    14: "awaiting by hand",
    15: "outside a turn nothing runs",
    16: "work hidden in one step",
    17: "sizes that lie",
    18: "reduce",
    19: "files and modules of the host",
    20: "one rule kept twice",
    21: "messages",
    22: "shared nests",
    23: "small arguments, endless work",
    24: "names looked up in sys.modules",
    25: "interpreter-wide state in C",
    26: "operators are accesses too",
    27: "rebinding against elision",
}


class Missing:
    """The absence of an expected value, since None is a value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Case:
    """One attack.

    pit: its number in PITS. attack: the family in a word or two.
    Exactly one of these is given:
      raises: what `GuestError.exc_type` is; `about` must then be part of the message.
      refused: what the code of some violation of the `DialectError` starts with.
      stopped: the possible kinds of the `LimitExceeded`.
      value: what `ns.value` equals, types included.
      out: what the guest printed.
    first: a source that another guest runs before, whatever comes of it.
    steps, memory, seconds, output, depth: the limits. No row has a limit of `seconds` unless it asks
    for one or names that stop: what else it claims must not depend on how busy the machine is.
    wall: seconds of processor time that a run may take before it counts as a hang; what waits is
    ended by the test that asks.
    """

    id: str
    src: str
    pit: int
    attack: str
    raises: str = ""
    about: str = ""
    refused: str = ""
    stopped: frozenset[str] = frozenset()
    value: object = MISSING
    out: str | None = None
    first: str = ""
    steps: int | None = 100_000
    memory: int | None = 64 * 2**20
    seconds: float | None = None
    output: int | None = 2**20
    depth: int | None = 500
    wall: float = 20.0


def case(
    id: str,
    src: str,
    *,
    pit: int,
    attack: str,
    raises: str = "",
    about: str = "",
    refused: str = "",
    stopped: str | Iterable[str] = (),
    value: object = MISSING,
    out: str | None = None,
    first: str = "",
    **limits: object,
) -> Case:
    """A case, with its source dedented. Raises ValueError unless it makes exactly one claim."""
    kinds = frozenset([stopped] if isinstance(stopped, str) else stopped) - {""}
    claims = [bool(raises), bool(refused), bool(kinds), value is not MISSING, out is not None]
    if sum(claims) != 1:
        raise ValueError(f"{id}: wanted exactly one claim, got {sum(claims)}")
    if about and not raises:
        raise ValueError(f"{id}: about= belongs to raises=")
    if "seconds" in kinds and limits.get("seconds") is None:
        raise ValueError(f"{id}: a row that names the stop of the clock sets its limit")
    if pit not in PITS:
        raise ValueError(f"{id}: no pit {pit}")
    return Case(
        id=id,
        src=textwrap.dedent(src).lstrip("\n"),
        pit=pit,
        attack=attack,
        raises=raises,
        about=about,
        refused=refused,
        stopped=kinds,
        value=value,
        out=out,
        first=textwrap.dedent(first).lstrip("\n"),
        **limits,  # type: ignore[arg-type]
    )
