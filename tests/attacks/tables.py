"""All attacks, in one table."""

from __future__ import annotations

from . import (
    awaiting,
    builtins_key,
    c_loops,
    capabilities,
    carriers,
    children,
    compiler,
    drift,
    elision,
    false_selves,
    files,
    guard_names,
    hidden_work,
    kept,
    late,
    late_names,
    later,
    lengths,
    library,
    lying_keys,
    lying_subclasses,
    memory,
    messages,
    names_in_modules,
    nests,
    one_rule,
    operators,
    patterns,
    plain_methods,
    proxies,
    raw_calls,
    reduce,
    reflection,
    shared_state,
    specialised,
    stop,
    trees,
    versions,
    views,
)
from .case import Case, case
from .crashes import CRASHES

__all__ = ["CASES", "CRASH_CASES"]

CASES: list[Case] = [
    *reflection.CASES,
    *guard_names.CASES,
    *builtins_key.CASES,
    *one_rule.CASES,
    *compiler.CASES,
    *drift.CASES,
    *late.CASES,
    *late_names.CASES,
    *lying_subclasses.CASES,
    *lying_keys.CASES,
    *false_selves.CASES,
    *carriers.CASES,
    *capabilities.CASES,
    *children.CASES,
    *proxies.CASES,
    *operators.CASES,
    *patterns.CASES,
    *reduce.CASES,
    *messages.CASES,
    *files.CASES,
    *names_in_modules.CASES,
    *shared_state.CASES,
    *later.CASES,
    *awaiting.CASES,
    *stop.CASES,
    *elision.CASES,
    *c_loops.CASES,
    *hidden_work.CASES,
    *kept.CASES,
    *nests.CASES,
    *plain_methods.CASES,
    *specialised.CASES,
    *raw_calls.CASES,
    *lengths.CASES,
    *library.CASES,
    *memory.CASES,
    *versions.CASES,
    *trees.CASES,
    *views.CASES,
]

# Outside the table: what is claimed of these is weaker (see crashes.py).
CRASH_CASES: list[Case] = [
    case(
        f"crash-{name}",
        src,
        pit=5,
        attack="C stack",
        stopped=("steps", "memory", "depth"),
        steps=200_000,
    )
    for name, src in CRASHES.items()
]
