"""Turns that await: guests with `await`, on the event loop that the host runs.

Such a turn is a row of stretches. In a stretch the guest runs as in any turn: on one thread, counted,
with its capabilities. Where it awaits a host's coroutine the turn is suspended: the counter is empty,
capabilities refuse, and whatever of the guest is called meanwhile, by the collector or by another
task, dies at its first step (pits 9 and 15 of the design). The host's coroutine runs as the host's
own code, in the host's task.

What a guest yields to the loop is never handed to it: the loop is the host's, and trusts what it is
given.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from capcompiler.errors import CapabilityError
from capcompiler.membrane.pending import Answer, Call, Pending, call_of
from capcompiler.membrane.untold import tell_here
from guards.host import host_lookup, host_name
from guards.iterate import Awaitable

if TYPE_CHECKING:
    import asyncio

    from capcompiler.compartment import Compartment
    from guards.meter import Meter
    from guards.realm import Realm

__all__ = [
    "AwaitingTurn",
    "Course",
    "Started",
    "awaiting_meter",
    "awakened",
    "inside_a_turn",
    "run_awaiting",
    "runs_for",
    "to_await",
]

#: The turns that the code of this task runs on behalf of, outermost first.
_inside: Final[ContextVar[tuple[AwaitingTurn, ...]]] = ContextVar("capcompiler_turns", default=())


class AwaitingTurn:
    """One turn that awaits, from its first stretch to its last."""

    def __init__(self, compartment: Compartment) -> None:
        self.compartment = compartment
        self.outer = _inside.get()
        self.over = False
        self._gate = threading.Lock()  # one stretch at a time, whatever threads the host uses
        self._waits: dict[asyncio.Timeout, asyncio.AbstractEventLoop] = {}
        self._calls: dict[int, Call] = {}  # by id
        self._most = 16

    # Called by the compartment

    def here(self) -> bool:
        """Whether the code that asks runs on behalf of this turn, such as a host's coroutine that the
        guest awaits."""
        return any(turn is self for turn in _inside.get())

    def stretch(self, run: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """Let the guest run until it awaits, ends or fails: the value, or the problem for the host.

        Both are None after a stop.
        """
        world = self.compartment
        if not self._gate.acquire(timeout=0 if world._thread == threading.get_ident() else 5):
            raise CapabilityError("the compartment is busy: its turn runs on another thread")
        meter = world._realm.meter
        woken = []
        try:
            if self.over or meter.stopped is not None:
                return None, None
            for turn in self.outer:
                # What this guest spends, the guest that the host runs it for spends.
                theirs = turn.compartment._realm.meter
                if turn.over or theirs.stopped is not None:
                    if meter.parent is theirs:
                        meter.parent = None
                elif not theirs.live:
                    theirs.resume()
                    woken.append(theirs)
            return world._stretch(run)
        finally:
            for theirs in reversed(woken):
                theirs.pause()
            self._gate.release()

    def note(self, call: Call) -> None:
        """Note what the guest may await, for the end of the turn."""
        if len(self._calls) > self._most:
            kept = [c for c in self._calls.values() if not (c.taken and c.told)]
            self._calls = {id(c): c for c in kept}
            self._most = 2 * len(kept) + 16
        self._calls[id(call)] = call

    def forgive(self, seconds: float) -> None:
        """Time in which the thread was suspended does not count against the waits under way."""
        for clock in self._waits:
            when = clock.when()
            if when is not None:
                clock.reschedule(when + seconds)

    def wake(self) -> None:
        """Let whatever the turn waits for go: it has been stopped. From any thread."""
        for clock, loop in list(self._waits.items()):
            try:
                loop.call_soon_threadsafe(_expire, clock)
            except RuntimeError:  # the loop was closed
                continue

    # Driving

    async def drive(
        self, start: Callable[[], Any], finish: Callable[[Any], Any], obj: Any = None
    ) -> Any:
        """Run what `start` makes to its end and give what `finish` makes of it, both in the turn.

        start: gives a value, or a `Started` to be awaited. obj: the guest's, where the host awaits it.
        Raises the problem for the host.
        """
        recorder = self.compartment._membrane.recorder
        course = _PLAIN_COURSE if recorder is None else recorder.course(self.compartment, obj)
        try:
            begun = self._checked(self.stretch(partial(_begun, course, start)))
            if type(begun) is not Started:
                return self._checked(self.stretch(partial(finish, begun)))
            value = await self._driven(begun.coroutine, course)
            return self._checked(self.stretch(partial(finish, value)))
        finally:
            course.ends()

    async def _driven(self, coroutine: Any, course: Course) -> Any:
        """The value of a coroutine of the guest's."""
        step: Callable[[], Any] = partial(coroutine.send, None)
        try:
            while True:
                ended, value = self._checked(self.stretch(partial(_stepped, step)))
                if ended:
                    return value
                step = await self._next(coroutine, value, course)
        finally:
            self._closed(coroutine, course)

    def _checked(self, outcome: tuple[Any, BaseException | None]) -> Any:
        result, problem = outcome
        if self.over:
            raise CapabilityError("the turn that this was a part of is over")
        stop = self.compartment._stop_problem()
        if stop is not None:
            raise stop
        if problem is not None:
            raise problem
        return result

    async def _next(self, coroutine: Any, awaited: Any, course: Course) -> Callable[[], Any]:
        """How the guest goes on after what it awaits."""
        import asyncio

        if awaited is None:  # a bare `yield` in an `__await__`: let the others run
            await self._wait(course.waits(None))

            def after_others() -> Any:
                course.goes_on()
                return coroutine.send(None)

            return after_others
        call = call_of(awaited) if type(awaited) is Pending else None
        if call is None or (not call.taken and id(call) not in self._calls):
            kind = host_name(type(awaited))
            return lambda: coroutine.throw(
                RuntimeError(f"only what the host gave can be waited for, not a {kind!r} object")
            )
        if call.taken:
            return lambda: coroutine.throw(RuntimeError("cannot reuse already awaited coroutine"))
        membrane = self.compartment._membrane
        result: Any = None
        problem: BaseException | None = None
        call.awaited = True
        try:
            result = await self._wait(course.waits(call))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                membrane.outlived(call, error)
                raise  # the host's task: it ends, and the turn with it
            problem = error
        except _Woken:
            cancelled = CapabilityError("the turn was cancelled")
            membrane.outlived(call, self.compartment._stop_problem() or cancelled)
            self._checked((None, None))
            raise cancelled from None
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            membrane.ended(call, None, error)
            raise
        except BaseException as error:
            problem = error
        if self.over or self.compartment._realm.meter.stopped is not None:
            membrane.ended(call, result, problem)  # its guest will not see it, and it was done

        def go_on() -> Any:
            value, thrown = membrane.arrived(call, result, problem)
            return coroutine.send(value) if thrown is None else coroutine.throw(thrown)

        return go_on

    async def _wait(self, awaitable: Any) -> Any:
        """Wait for something of the host's, no longer than the turn may last."""
        import asyncio

        meter = self.compartment._realm.meter
        left = None if meter.deadline is None else max(0.0, meter.deadline - time.monotonic())
        clock = asyncio.timeout(left)
        try:
            async with clock:
                self._waits[clock] = asyncio.get_running_loop()
                if meter.stopped is not None:
                    raise _Woken
                return await awaitable
        except TimeoutError:
            if not clock.expired():
                raise  # the host's own
        finally:
            self._waits.pop(clock, None)
            if (
                meter.stopped is None and not self.over
            ):  # what was awaited may take longer than it was given
                meter.check_clock(stop=False)
        raise _Woken

    def _closed(self, coroutine: Any, course: Course) -> None:
        """End what is left of a coroutine: within the turn its `finally` may run, after a stop it dies
        at its first step."""

        def close() -> None:
            course.left()
            coroutine.close()

        if self.compartment._realm.meter.stopped is None and not self.over:
            self.stretch(close)
            return
        try:
            coroutine.close()
        except BaseException:  # noqa: S110 - a guest's last words
            pass

    def settle(self) -> None:
        """Let go of what nobody will await, while the guest can run: it may keep a log of its own."""
        while self._calls:
            self._let_go()
        self.compartment._tell_of_dropped()

    def end(self) -> None:
        """Nothing of this turn goes on."""
        self.over = True
        self._let_go()

    def _let_go(self) -> None:
        calls, self._calls = self._calls, {}
        for call in calls.values():
            # What it does at its end is its own affair, and keeps no other from ending.
            with contextlib.suppress(Exception):
                if call.awaited:
                    continue  # who waits for it, for a coroutine of the guest's, tells of its end
                if not call.taken:
                    call.drop()
                elif isinstance(call.awaitable, Answer):
                    if call.awaitable.begun:
                        continue  # it tells of its end, whoever awaits it
                    call.awaitable.close()  # nobody begins it on behalf of a turn that is over
            self.compartment._membrane.ended(call, None, RuntimeError("never awaited"))


class Course:
    """One coroutine of a guest's, from first stretch to last. What records a turn has its own."""

    def begins(self) -> None:
        """In its first stretch."""

    def waits(self, call: Call | None) -> Any:
        """What to wait for: the answer to a call, or for the others to run."""
        import asyncio

        return asyncio.sleep(0) if call is None else call.take()

    def goes_on(self) -> None:
        """In a stretch: after the others ran."""

    def left(self) -> None:
        """In its last stretch, where it is ended before its end."""

    def ends(self) -> None:
        """There is no further stretch of it."""


_PLAIN_COURSE: Final = Course()


class _Woken(Exception):
    """The wait was ended because the turn was."""


class Started:
    """A coroutine that a stretch made, to be driven."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Any) -> None:
        self.coroutine = coroutine


def _begun(course: Course, start: Callable[[], Any]) -> Any:
    course.begins()
    return start()


def _stepped(step: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return False, step()
    except StopIteration as stop:
        return True, stop.value


def _expire(clock: asyncio.Timeout) -> None:
    try:
        clock.reschedule(0)
    except RuntimeError:  # it has ended meanwhile
        pass


def to_await(realm: Realm, obj: Any) -> Any:
    """A guest's value, made ready to be driven where it is awaitable."""
    if type(obj) is CoroutineType:
        return Started(obj)
    if host_lookup(type(obj), "__await__")[0] is not None:
        return Started(_awaited(Awaitable(realm), obj))
    return obj


@contextlib.contextmanager
def awakened() -> Iterator[Meter | None]:
    """Let the suspended turns that the code of this task runs on behalf of go on paying: for a guest
    that a host's coroutine runs by a plain call. Gives the budget that pays."""
    meters = [t.compartment._realm.meter for t in _inside.get() if not t.over]
    woken = [m for m in meters if not m.live and m.stopped is None]
    for meter in woken:
        meter.resume()
    try:
        yield meters[-1] if meters else None
    finally:
        for meter in reversed(woken):
            meter.pause()


def awaiting_meter() -> Meter | None:
    """The budget of the turn that the code of this task runs on behalf of, where one is suspended."""
    turn = next((t for t in reversed(_inside.get()) if not t.over), None)
    return None if turn is None else turn.compartment._realm.meter


def runs_for(world: Compartment) -> bool:
    """Whether the code that asks runs on behalf of a turn of this compartment that awaits."""
    return _turn_of(world) is not None


def inside_a_turn() -> bool:
    """Whether the code that asks runs on behalf of a turn that awaits."""
    return any(not turn.over for turn in _inside.get())


def _turn_of(world: Compartment) -> AwaitingTurn | None:
    """The turn of a compartment that the code that asks runs on behalf of."""
    return next((t for t in _inside.get() if t.compartment is world and not t.over), None)


def _is_cancelled(problem: BaseException | None) -> bool:
    from asyncio import CancelledError

    return isinstance(problem, CancelledError)


async def _awaited(guard: Awaitable, obj: Any) -> Any:
    return await guard.run(obj)


async def _acquire(world: Compartment) -> None:
    """Wait for the turn of another task or thread."""
    import asyncio

    loop = asyncio.get_running_loop()
    while not world._lock.acquire(blocking=False):
        waiting: asyncio.Future[None] = loop.create_future()
        world._queue.append(partial(_wake, loop, waiting))
        # The turn may have ended just before: nobody would wake us.
        await asyncio.wait({waiting}, timeout=0.05)


def _wake(loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[None]) -> None:
    """From any thread: the compartment is free."""

    def wake() -> None:
        if not waiting.done():
            waiting.set_result(None)

    try:
        loop.call_soon_threadsafe(wake)
    except RuntimeError:  # the loop was closed
        return


async def run_awaiting(
    world: Compartment, start: Callable[[], Any], finish: Callable[[Any], Any], spent: float = 0.0,
    obj: Any = None,
) -> Any:  # fmt: skip
    """Run something of the guest as a turn that awaits, or in the one that this task runs for. obj: what
    of the guest's is awaited, where it is that."""
    own = _turn_of(world)
    if own is not None:
        return await own.drive(start, finish, obj)
    if world._thread == threading.get_ident():
        raise CapabilityError("the compartment is inside a turn that does not await")
    world._check_open()
    await _acquire(world)
    if world._membrane.recorder is not None:
        world._membrane.recorder.entered(world)
    turn = AwaitingTurn(world)
    token = _inside.set((*turn.outer, turn))
    result: Any = None
    problem: BaseException | None = None
    parent = turn.outer[-1].compartment._realm.meter if turn.outer else None
    world._begin(spent, turn, parent)
    try:
        result = await turn.drive(start, finish)
    except BaseException as error:
        problem = error
    finally:
        try:
            turn.settle()
            turn.end()
        finally:  # or the compartment would be locked for good
            _inside.reset(token)
            ended = world._end()
    tell_here()
    # A cancelled task is the host's wish, and comes first.
    problem = problem if _is_cancelled(problem) else ended or problem
    if problem is not None:
        world._annotate(problem)
        raise problem
    return result
