"""Programs that run elsewhere, by any `concurrent.futures.Executor`: Dask's, Ray's, a process pool's.

A program goes with what it was granted, so only what can be rebuilt there may go: data, and capabilities
whose class says so by `__cap_travels__ = True` and which hold no authority of this machine. What comes
back is data. These messages pass between hosts that trust one another, and are the executor's to pickle;
nothing of it comes from a guest but data and text.

Stops: a capability over this machine's files that becomes one over another machine's.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Final

from capcompiler.errors import CapabilityError, CapError
from capcompiler.imports import Imports, plan_of
from capcompiler.limits import Limits, Usage
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.data import Copier, CrossingError
from capcompiler.namespace import Namespace
from capcompiler.program import Program, cap_compile

__all__ = ["Job", "Outcome", "send"]


@dataclass(frozen=True, slots=True)
class Job:
    """One program with what it is granted. Pickles."""

    program: Program
    caps: dict[str, Any]
    limits: Limits
    texts: dict[str, str] | None
    confine: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: names to data, or to why there is none; or an error. Pickles."""

    names: dict[str, Any]
    lost: frozenset[str]
    value: Any
    output: str
    usage: Usage
    error: CapError | None


def job_of(
    src: str | bytes | Program, caps: Mapping[str, Any] | None, imports: Imports | None,
    limits: Limits | None, filename: str, optimize: bool, confine: str,
) -> Job:  # fmt: skip
    """The job of a call. Raises `CapabilityError` for what cannot travel."""
    program = cap_compile(src, filename=filename, optimize=optimize)
    granted = {name: _travelling(name, cap) for name, cap in (caps or {}).items()}
    return Job(program, granted, limits or Limits(), _texts(imports), confine)


def _travelling(name: str, cap: Any) -> Any:
    def leaf(value: Any, where: str) -> Any:
        if isinstance(value, Capability) and vars(type(value)).get("__cap_travels__") is True:
            return value
        raise CrossingError(value, where)

    try:
        return Copier(leaf, _free).copy(cap)
    except CrossingError as error:
        kind, where = type(error.value).__name__, error.path
    raise CapabilityError(
        f"caps[{name!r}]{where}: a {kind} cannot travel with a program to where an executor runs it; "
        f"only data can, and capabilities whose class says __cap_travels__ = True. "
        f"A pool without an executor runs programs beside their capabilities"
    )


def _texts(imports: Imports | None) -> dict[str, str] | None:
    """Modules of the host's own text; None for `Imports.pure()` alone."""
    if imports is None or imports == Imports.pure():
        return None
    rows, sources = plan_of(imports)
    whole = all(chosen is None and not removed for _, chosen, removed in rows)
    texts: dict[str, str] = {}
    for source in reversed(sources):
        held = getattr(source, "texts", None)
        if held is None:
            whole = False
            break
        texts.update(held)
    if not whole or not rows or rows[-1][0] is not None:
        raise CapabilityError(
            "imports: to where an executor runs programs, only Imports.sources(...) + Imports.pure() "
            "travels; directories and packages are this machine's"
        )
    return texts


def _free(_count: int) -> None:
    """The host's own work."""


_pools: Final[dict[str, Any]] = {}
_making: Final = threading.Lock()


def run_there(job: Job) -> Outcome:
    """Run a job where it has come to, in a worker of that machine's."""
    from capcompiler.isolation.pool import Pool

    with _making:
        pool = _pools.get(job.confine)
        if pool is None or pool._closed:
            pool = _pools[job.confine] = Pool(confine=job.confine)  # type: ignore[arg-type]
    imports = None if job.texts is None else Imports.sources(job.texts) + Imports.pure()
    try:
        names = pool.exec(job.program, job.caps, imports=imports, limits=job.limits)
    except CapError as error:
        output = getattr(error, "output", "")
        return Outcome({}, frozenset(), None, output, getattr(error, "usage", Usage()), error)
    found: dict[str, Any] = {}
    lost: set[str] = set()
    for name in names:
        try:
            found[name] = Copier(_no_leaf, _free).copy(names[name])
        except (CrossingError, CapError):
            lost.add(name)
    try:
        value = Copier(_no_leaf, _free).copy(names.value)
    except (CrossingError, CapError):
        value, lost = None, {*lost, ""}
    return Outcome(found, frozenset(lost), value, names.output, names.usage, None)


def _no_leaf(value: Any, where: str) -> Any:
    raise CrossingError(value, where)


class _Arrived:
    """Gives the values of a namespace that has come back."""

    __slots__ = ("outcome",)

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def give(self, name: Any) -> Any:
        if name in self.outcome.lost:
            raise CapabilityError(f"{name or 'the value'} is no data, and stayed where the program ran")
        return self.outcome.value if name == "" else self.outcome.names[name]


def send(executor: Executor, job: Job) -> Future[Namespace]:
    """Have an executor run a job; gives the future of its namespace."""
    result: Future[Namespace] = Future()
    there = executor.submit(run_there, job)

    def arrived(future: Any) -> None:
        if not result.set_running_or_notify_cancel():
            return
        try:
            outcome: Outcome = future.result()
        except BaseException as error:
            result.set_exception(error)
            return
        if outcome.error is not None:
            outcome.error.output = outcome.output  # type: ignore[attr-defined]
            outcome.error.usage = outcome.usage  # type: ignore[attr-defined]
            result.set_exception(outcome.error)
            return
        raw = {n: n for n in (*outcome.names, *sorted(n for n in outcome.lost if n))}
        given: Any = _Arrived(outcome)
        result.set_result(Namespace(given, raw, "", outcome.output, outcome.usage))

    there.add_done_callback(arrived)
    return result
