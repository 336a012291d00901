"""Recording a run, and running it again without any authority.

Stops: a log that somebody else wrote. Whatever it says, the program in it runs as a guest that was
granted data and stand-ins, within limits that it does not choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from capcompiler.compartment import Compartment
from capcompiler.errors import CapError, one_line
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.membrane import Use
from capcompiler.namespace import Namespace
from capcompiler.program import Program, cap_compile
from capcompiler.recording.record import Record, RecordError, need_wire
from capcompiler.recording.recorder import Diverged, Recorder, run_program
from capcompiler.recording.values import Values

__all__ = ["Recording", "Replayed", "Tape", "record", "record_async", "replay"]

_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that was recorded. names: None where it ended in an error. error: what it ended in.
    data: the record as bytes; None where the run cannot be told again, and `lost` says why."""

    names: Namespace | None
    error: CapError | None
    data: bytes | None
    lost: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a run did when it was run again. uses: what it asked and was told, in order.

    output, error: as then, if `same`; a run can be cut short by its budget of seconds at any place.
    """

    names: Namespace | None
    error: CapError | None
    output: str
    uses: tuple[Use, ...]
    same: bool


class _Ended(RecordError):
    """A record is told to its end, and the guest was not at its own. kind: of what ended it."""

    def __init__(self, kind: str, path: str) -> None:
        why = f"the guest waits for {path}" if path else f"the guest was stopped: {kind}"
        super().__init__(f"here {one_line(why, 100)}")
        self.kind = kind


class Tape:
    """A program that is to run once in a compartment, and what it is told meanwhile.

    Raises `DialectError`, and `RecordError` where the compartment has run something before.
    """

    def __init__(self, world: Compartment, src: str | bytes | Program, filename: str, optimize: bool):
        need_wire()
        self.program = cap_compile(src, filename=filename, optimize=optimize)
        if world._has_run:
            raise RecordError("the compartment has run something before")
        self._world = world
        self._recorder = Recorder()
        self._recorder.attach(world)

    def run(self) -> Namespace:
        """`exec`, once, on an event loop of its own for a program that awaits. Raises what that
        raises."""
        try:
            return run_program(self._world, self.program)
        finally:
            self._recorder.detach()

    async def run_async(self) -> Namespace:
        """`exec_async`, once, on the event loop that is running."""
        try:
            return await self._world.exec_async(self.program)
        finally:
            self._recorder.detach()

    def end(self, error: BaseException | None) -> tuple[bytes | None, str]:
        """The record as bytes, or why there is none."""
        if self._recorder.lost:
            return None, self._recorder.lost
        ending = (self._world.output, "" if error is None else type(error).__name__)
        made = self._recorder.record(self.program, ending=ending, limits=self._world._limits)
        return made.to_bytes(None), ""


def record(
    world: Compartment, src: str | bytes | Program, *, filename: str = "<guest>", optimize: bool = True
) -> Recording:
    """Run a program in a compartment that has run nothing yet, as `exec` does, and record it.

    A program that awaits runs on an event loop of its own. Errors of the guest are given, not raised.
    Raises `DialectError`, and `RecordError` for a program that awaits where a loop runs already.
    """
    program = cap_compile(src, filename=filename, optimize=optimize)
    if program.awaits and _on_a_loop():
        raise RecordError("the program awaits, and an event loop runs here: await record_async(...)")
    tape = Tape(world, program, filename, optimize)
    names: Namespace | None = None
    error: CapError | None = None
    try:
        names = tape.run()
    except CapError as problem:
        error = problem
    return Recording(names, error, *tape.end(error))


async def record_async(
    world: Compartment, src: str | bytes | Program, *, filename: str = "<guest>", optimize: bool = True
) -> Recording:
    """`record` on the event loop that is running, as `exec_async` is to `exec`."""
    tape = Tape(world, src, filename, optimize)
    names: Namespace | None = None
    error: CapError | None = None
    try:
        names = await tape.run_async()
    except CapError as problem:
        error = problem
    return Recording(names, error, *tape.end(error))


def _on_a_loop() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _beyond(asked: Limits) -> dict[str, int | float | None]:
    """What of a record's limits is more than a stranger's program gets where nobody says anything."""
    found = {}
    for field in fields(Limits):
        most, value = getattr(_LIMITS, field.name), getattr(asked, field.name)
        if most is not None and (value is None or value > most):
            found[field.name] = value
    return found


def replay(
    data: bytes, *, imports: Imports | None = None, limits: Limits | None = None,
    on_use: Callable[[Use], None] | None = None,
) -> Replayed:  # fmt: skip
    """Run a record again, with the answers that are in it and no authority.

    data: of `record`, or of `Pending.dump` (then up to where it waits). on_use: told of each use too.
    limits: None for those of the record, which must be no more than `Limits()` gives.
    Raises `RecordError` for a record of another version, one that asks for more than it may have, or
    where the guest does something else.
    """
    past = Record.from_bytes(data, None)
    past.check_here()
    if limits is None and (more := _beyond(past.limits)):
        said = ", ".join(f"{name}={value!r}" for name, value in more.items())
        options = " ".join(f"--limit {n}={str(v).lower()}" for n, v in more.items())
        raise RecordError(
            f"the record asks for {said}, which is more than a replay gives by itself: it says so, and "
            f"anybody may have written it. To let it have that, give limits=Limits({said}), or on the "
            f"command line {options}"
        )
    given = Values().granted(past.grants)
    uses: list[Use] = []

    def told(use: Use) -> None:
        uses.append(use)
        if on_use is not None:
            on_use(use)

    recorder = Recorder(past, live=False)
    try:
        program = cap_compile(past.source, filename=past.filename, optimize=past.optimize)
        world = Compartment(
            given, imports=imports, limits=past.limits if limits is None else limits, on_use=told
        )
    except CapError as problem:
        raise RecordError(f"this record is damaged: {problem}") from None
    if program.awaits and _on_a_loop():
        raise RecordError("the program awaits: await asyncio.to_thread(replay, data) on an event loop")
    recorder.attach(world)
    names: Namespace | None = None
    error: CapError | None = None
    try:
        names = run_program(world, program)
    except CapError as problem:
        error = problem
    except Diverged as diverged:
        # Where all was told, the turn was ended from outside: by its host, or its time.
        whole = len(recorder.events) == len(past.events)
        if not whole or (past.waiting is None and not (past.ending and past.ending[1])):
            raise RecordError(
                f"the guest does something else than its record says: {diverged.reason}"
            ) from None
        stopped = "" if past.ending is None else past.ending[1]
        error = _Ended(stopped, past.waiting[0] if past.waiting else "")
    finally:
        recorder.detach()
    kind = error.kind if type(error) is _Ended else "" if error is None else type(error).__name__
    ending = (world.output, kind)
    same = len(recorder.events) == len(past.events) and past.ending in (None, ending)
    return Replayed(names, error, world.output, tuple(uses), same)
