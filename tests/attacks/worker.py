"""The process that the attacks run in, so that a hang or a crash is the failure of one case.

Reads the id of a case a line, writes a line of JSON: what failed at each level, and what differs.
"""

from __future__ import annotations

import faulthandler
import gc
import io
import json
import os
import signal
import sys
import time
import warnings
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any

from capcompiler import (
    CapabilityError,
    CapError,
    DialectError,
    GuestError,
    LimitExceeded,
    Limits,
    cap_exec,
)
from capcompiler.tripwire import arm

from .case import MISSING, Case
from .hosts import CALLBACKS, FORBIDDEN_TEXTS, KEPT, Door, caps, differences, hooks, snapshot

__all__ = ["HUNG", "main"]

#: The signal by which a worker ends that has worked for too long, where there is one.
HUNG: signal.Signals | None = getattr(signal, "SIGPROF", None)

TIER: Any = os.environ.get("CAPCOMPILER_TIER", "inline")  # where the guests run
#: What is measured by the clock waits for two processes there.
SLOWER = 4 if TIER == "process" else 1
ADDRESS_SPACE = 3 * 2**29  # bytes; a guest that allocates what it should be refused hits this
GRANTED_FUNCTIONS = {id(value) for value in caps().values() if isinstance(value, FunctionType)}
DATA = (type(None), bool, int, float, complex, str, bytes, bytearray)


@dataclass
class Outcome:
    """What a run came to. `key` is what both levels must agree on."""

    kind: str
    key: tuple[object, ...]
    value: object = None
    output: str | None = None
    codes: tuple[str, ...] = ()
    texts: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {short(self.key)}"


def short(value: object) -> str:
    text = ascii(value)
    return text if len(text) < 600 else text[:600] + "..."


def is_handle(value: object) -> bool:
    """Whether `value` is of a type of the package, as handles and capabilities are."""
    return type(value).__module__.split(".")[0] in ("capcompiler", "guards", "stdlib_caps")


def strangers(value: object, seen: set[int]) -> list[str]:
    """The types in `value` that are neither data of an exact type, nor handles, nor the host's own
    functions come home."""
    if id(value) in seen or id(value) in GRANTED_FUNCTIONS:
        return []
    seen.add(id(value))
    if type(value) in (list, tuple, set, frozenset):
        return [name for item in value for name in strangers(item, seen)]  # type: ignore[attr-defined]
    if type(value) is dict:
        return [name for pair in value.items() for item in pair for name in strangers(item, seen)]
    if type(value) in DATA or type(value).__module__ in ("datetime", "decimal", "fractions"):
        return []
    if type(value) is range or is_handle(value):
        return []
    if type(value) is MethodType and value.__func__ is Door.ping and type(value.__self__) is Door:
        return []  # what `give_method` gave
    return [type(value).__qualname__]


def same(wanted: object, got: object) -> bool:
    """Equality of data, exact types included."""
    if type(wanted) is not type(got):
        return False
    if isinstance(wanted, (list, tuple)):
        return len(wanted) == len(got) and all(map(same, wanted, got))  # type: ignore[arg-type]
    if isinstance(wanted, dict):
        return same(list(wanted.items()), list(got.items()))  # type: ignore[attr-defined]
    return wanted == got


def plain(value: object) -> object:
    """A form of `value` that two runs share: handles by their type."""
    if is_handle(value):
        return type(value).__name__
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(item) for item in value]
    return value


def run(case: Case, src: str, optimize: bool) -> Outcome:
    """Runs `src` under the limits of `case` and describes what came of it."""
    limits = Limits(
        steps=case.steps,
        memory=case.memory,
        seconds=None if case.seconds is None else case.seconds * SLOWER,
        output=case.output,
        depth=case.depth,
    )
    start = time.process_time()
    try:
        ns = cap_exec(src, caps(), limits=limits, optimize=optimize, isolation=TIER)
    except DialectError as error:
        codes = tuple(v.code for v in error.violations)
        outcome = Outcome("refused", ("refused", codes), codes=codes, texts=[str(error)])
    except LimitExceeded as error:
        outcome = Outcome(error.kind, ("stopped", error.kind, error.limit), texts=[str(error)])
    except GuestError as error:
        message = error.message
        outcome = Outcome(
            error.exc_type,
            ("raised", error.exc_type, message),
            texts=[message, error.traceback, str(error)],
        )
        if len(message) > 100_000:
            outcome.failures.append(f"a message of {len(message)} characters")
        if error.exc_type == "PermissionError" and type(error) is not CapabilityError:
            outcome.failures.append("a refused use of authority that is no CapabilityError")
        if type(error.exception).__module__ != "builtins":
            outcome.failures.append(f"an exception of type {type(error.exception)}")
    else:
        names = {}
        for name in ns:
            try:
                names[name] = ns[name]
            except CapError:
                names[name] = None  # refused in words of the contract
        outcome = Outcome("value", (), value=ns.value, output=ns.output, texts=[ns.output])
        if case.pit != 22:
            outcome.key = ("value", plain(ns.value), ns.output, ns.usage.steps)
            outcome.texts.append(repr(plain(ns.value)))
        else:
            outcome.key = ("value", ns.usage.steps)
        found = strangers([ns.value, names], set())
        outcome.failures += [f"a host sees a raw {name}" for name in found]
        if any(not isinstance(name, str) or name.startswith("_") for name in names):
            outcome.failures.append("a name in the namespace that is not public")
        del names, ns
    outcome.seconds = time.process_time() - start
    return outcome


def judge(case: Case, outcome: Outcome) -> list[str]:
    """What the outcome says against the claim of the case."""
    if case.raises:
        if outcome.key[:2] != ("raised", case.raises):
            return [f"wanted {case.raises}, got {outcome}"]
        if case.about not in str(outcome.key[2]):
            return [f"wanted a message about {case.about!r}, got {outcome}"]
    elif case.refused:
        if not any(code.startswith(case.refused) for code in outcome.codes):
            return [f"wanted a refusal with {case.refused}, got {outcome}"]
    elif case.stopped:
        if outcome.key[0] != "stopped" or outcome.kind not in case.stopped:
            return [f"wanted the stop of {sorted(case.stopped)}, got {outcome}"]
    elif case.out is not None:
        if outcome.kind != "value" or outcome.output != case.out:
            return [f"wanted the output {case.out!r}, got {outcome} {short(outcome.output)}"]
    elif case.value is not MISSING and (outcome.kind != "value" or not same(case.value, outcome.value)):
        return [f"wanted the value {short(case.value)}, got {outcome}"]
    return []


def attempt(case: Case, optimize: bool) -> Outcome:
    """One level of one case: the claim, then everything that must hold for any guest."""
    before = snapshot()
    unraisable: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
    before = {**before, "hooks": hooks()}
    peak = peak_bytes()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        before = {**before, "warning filters": list(warnings.filters)}
        if case.first:
            try:
                cap_exec(case.first, caps(), optimize=optimize, isolation=TIER)
            except CapError:
                pass
        outcome = run(case, case.src, optimize)
        gc.collect()
        gc.freeze()  # what is left is the package's own caches, which no later collection need look at
        outcome.failures += differences(before)
        outcome.failures += [f"the host was warned: {w.message}" for w in heard]
    outcome.failures += [
        f"an unraisable error reached the host: {short(u.exc_value)}"  # type: ignore[attr-defined]
        for u in unraisable
    ]
    unraisable.clear()
    sys.unraisablehook = hook
    KEPT.clear()
    CALLBACKS.clear()
    for text in outcome.texts:
        for bad in FORBIDDEN_TEXTS:
            if bad in text:
                outcome.failures.append(f"the outcome shows {bad!r}: {short(text)}")
    if outcome.seconds > case.wall:
        outcome.failures.append(f"took {outcome.seconds:.1f} s of processor time, at most {case.wall} s")
    grown = peak_bytes() - peak
    if case.memory is not None and grown > 5 * case.memory:
        outcome.failures.append(f"the process grew by {grown:,} bytes")
    outcome.failures = judge(case, outcome) + outcome.failures
    return outcome


def peak_bytes() -> int:
    """The most memory that this process has had, in bytes; 0 where that is not to be known."""
    try:
        import resource
    except ImportError:
        return 0
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def watch(seconds: float) -> None:
    """Ends this process, with a traceback, after so much processor time; 0 calls it off.

    Where there is no timer of processor time the clock must do, with room for a busy machine.
    """
    if HUNG is not None:
        if seconds:
            faulthandler.register(HUNG, chain=True)  # then its default, which ends us
        signal.setitimer(signal.ITIMER_PROF, seconds)
    elif seconds:
        faulthandler.dump_traceback_later(10 * seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


def agree(case: Case, plainly: Outcome, optimized: Outcome) -> bool:
    """Whether both levels came to the same. Which of two limits is met first may be the machine's doing
    where one of them is the resident set or the clock, and then the case names both."""
    if plainly.key == optimized.key:
        return True
    stops = [o.kind for o in (plainly, optimized) if o.key[0] == "stopped"]
    return (
        len(stops) == 2 and bool({"memory", "seconds"} & set(stops)) and case.stopped.issuperset(stops)
    )


def main() -> None:
    """Serves cases until the input ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    lines = iter(sys.stdin.readline, "")
    sys.stdout = host_stdout = io.StringIO()
    limit_memory()
    arm()  # a case that sets the wire off has got past the guards, whatever it was told
    from .tables import CASES, CRASH_CASES

    cases = {case.id: case for case in (*CASES, *CRASH_CASES)}
    # What the first guest makes the host load is not the doing of a case.
    modules = "math itertools operator functools collections string json datetime sys os".split()
    for line in [
        *(f"import {module}" for module in modules),
        "'a'.encode('idna')",
        "b'a'.decode('utf-7')",
        "1 / 0",
    ]:
        for optimize in (False, True):
            try:
                cap_exec(line, caps(), optimize=optimize, isolation=TIER)
            except CapError:
                pass
    gc.collect()
    gc.freeze()
    for line in lines:
        case = cases[line.strip()]
        outcomes = []
        for optimize in (False, True):
            watch(case.wall + 4)
            outcome = attempt(case, optimize)
            watch(0)
            if host_stdout.tell():
                outcome.failures.append(f"the host's stdout got {short(host_stdout.getvalue())}")
                host_stdout.seek(0)
                host_stdout.truncate()
            outcomes.append(outcome)
        plainly, optimized = outcomes
        answer = {
            "levels": [plainly.failures, optimized.failures],
            "outcomes": [str(plainly), str(optimized)],
            "seconds": [plainly.seconds, optimized.seconds],
            "differ": "" if agree(case, plainly, optimized) else f"{plainly} or {optimized}",
        }
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


if __name__ == "__main__":
    main()
