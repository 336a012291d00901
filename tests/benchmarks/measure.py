"""Measuring programs: every subject in the same rounds, one after the other, against plain `exec`.

A ratio is taken within a round, where the machine was equally busy for both; what is told is the median
of the rounds. The results of all subjects are compared, and the steps of ours at both levels.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import signal
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .program import Benchmark
from .subjects import PLAIN, Prepared, Subject

__all__ = ["Measured", "geometric_mean", "measure"]

#: Seconds of plain `exec` that one timing takes, at least; a short program is run several times.
SHORTEST = 0.02
SHORTEST_QUICK = 0.002


@dataclass(slots=True)
class Measured:
    """What came of one program. plain_ms: one run of plain `exec`. ratios: by subject, to plain `exec`.

    steps: at both levels of ours. wrong: subjects whose result is another. unfit: subjects that
    cannot run it, and why.
    """

    name: str
    group: str
    plain_ms: float
    ratios: dict[str, float] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    checked: bool = False  # and not timed

    @property
    def same_steps(self) -> bool:
        """Whether every way of ours that counts took the same number."""
        return len(set(self.steps.values())) <= 1


def measure(
    benchmark: Benchmark,
    subjects: Sequence[Subject],
    *,
    rounds: int,
    quick: bool,
    patience: float = 600.0,
) -> Measured:
    """Run one program by plain `exec` and by each subject; once, untimed, where there are no rounds.

    patience: seconds that the first run of a subject may take.
    """
    n = benchmark.quick if quick else benchmark.size
    plain = PLAIN.prepare(benchmark)
    wanted = copy.deepcopy(plain.run(n))  # a later run may change what it gave
    took = _once(plain, n, time.process_time)
    measured = Measured(benchmark.name, benchmark.group, took * 1000)
    ready: list[tuple[Subject, Prepared]] = []
    try:
        for subject in subjects:
            try:
                with _patience(patience):
                    prepared = subject.prepare(benchmark)
                    ready.append((subject, prepared))
                    result = prepared.run(n)
            except Exception as error:
                measured.unfit[subject.name] = _said(error)
                if ready and ready[-1][0] is subject:
                    ready.pop()[1].close()
                continue
            if not _same(result, wanted):
                measured.wrong[subject.name] = f"{_short(result)} is not {_short(wanted)}"
            if (
                prepared.world is not None
                and prepared.world.usage.steps
                and "no steps" not in subject.name
            ):
                measured.steps[subject.name] = prepared.world.usage.steps
        shortest = SHORTEST_QUICK if quick else SHORTEST
        if rounds == 0:
            measured.checked = True
            return measured
        repeat = max(1, round(shortest / max(took, 1e-6)))
        seen: dict[str, list[float]] = {subject.name: [] for subject, _ in ready}
        times: list[float] = []
        gc.collect()
        for _ in range(rounds):
            clocks = {subject.clock for subject, _ in ready} | {PLAIN.clock}
            base = {clock: _timed(plain, n, repeat, clock) for clock in clocks}
            times.append(base[PLAIN.clock] / repeat)
            for subject, prepared in ready:
                if subject.name in measured.unfit:
                    continue
                try:
                    took = _timed(prepared, n, repeat, subject.clock)
                except Exception as error:  # a limit of its own, over many runs
                    measured.unfit[subject.name] = _said(error)
                    continue
                seen[subject.name].append(took / base[subject.clock])
        measured.plain_ms = statistics.median(times) * 1000
        measured.ratios = {
            name: statistics.median(ratios)
            for name, ratios in seen.items()
            if ratios and name not in measured.unfit
        }
    finally:
        for _, prepared in ready:
            prepared.close()
    return measured


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what does not end: there is a peer that `while 1` with a `break` hangs."""

    def stop(_signal: int, _frame: Any) -> None:
        raise TimeoutError(f"it did not end within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _once(prepared: Prepared, n: int, clock: Any) -> float:
    return _timed(prepared, n, 1, clock)


def _timed(prepared: Prepared, n: int, repeat: int, clock: Any) -> float:
    run = prepared.run
    started: float = clock()
    for _ in range(repeat):
        run(n)
    took: float = clock() - started
    return max(took, 1e-9)


def _same(result: Any, wanted: Any) -> bool:
    if result == wanted:
        return True
    return repr(_plain_data(result)) == repr(_plain_data(wanted))


def _plain_data(value: Any) -> Any:
    """Sequences that a peer hands over as lists are the same as tuples; floats agree to 12 digits."""
    if isinstance(value, (list, tuple)):
        return [_plain_data(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain_data(v) for k, v in value.items()}
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:200]


def _short(value: Any) -> str:
    return repr(value)[:80]


def geometric_mean(values: Iterable[float]) -> float | None:
    """None where there is nothing to take it of."""
    found = list(values)
    return statistics.geometric_mean(found) if found else None
