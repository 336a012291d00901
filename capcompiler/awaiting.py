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
from guards.call import callable_for_c
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
    "Flying",
    "Started",
    "awaiting_meter",
    "awakened",
    "inside_a_turn",
    "run_awaiting",
    "runs_for",
    "to_await",
]

_AT_ONCE: Final = 128  # answers that a guest may wait for in one coroutine
_NOT_TO_WAIT_FOR: Final = "a loop waits for a time, and for what the host gave, each of it once"
_CANCELLED: Final = "the turn was cancelled"
_LONGEST: Final = 86_400.0  # seconds that a guest may wait at once, where the turn may last as long
_HOSTS_WISH: Final = (SystemExit, KeyboardInterrupt, GeneratorExit)
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
        realm = self.compartment._realm
        #: The event loop of the guest's own that the coroutine has asked for, and what serves it.
        loop: list[Any] = []
        driven, flying = coroutine, self._flying(course)
        own = False
        looped = type(coroutine) is not CoroutineType  # a worker's, which has its loop over there
        if not looped and coroutine.cr_frame is not None:
            own = realm.is_guest_frame(coroutine.cr_frame)
        step: Callable[[], Any] = partial(driven.send, None)
        try:
            while True:
                ended, value = self._checked(
                    self.stretch(partial(_in_course, realm, loop, partial(_stepped, step)))
                )
                if ended:
                    return value
                if driven is not coroutine or (looped and type(value) is tuple):
                    step = await flying.next(driven, value)
                elif loop and not own:
                    problem = RuntimeError("an event loop runs coroutines: await this object in one")
                    step = partial(coroutine.throw, problem)
                elif loop:
                    # From here on the loop runs it, and what it has begun beside it.
                    serve = partial(_served, realm, loop, coroutine, value)
                    driven = self._checked(self.stretch(partial(_in_course, realm, loop, serve)))
                    step = partial(driven.send, None)
                else:
                    step = await self._next(driven, value, course)
        except _Woken:
            self._checked((None, None))
            raise CapabilityError(_CANCELLED) from None
        except GeneratorExit:  # who drives it lets go of it, and nothing can be waited for
            flying.cancel()
            raise
        finally:
            try:
                await flying.land()
            finally:
                self._closed(driven, course)
                if driven is not coroutine:
                    self._closed(coroutine, course)

    def _flying(self, course: Course) -> Flying:
        return Flying(self, course)

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
            return await self._others(coroutine, course, None)
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
            membrane.outlived(call, self.compartment._stop_problem() or CapabilityError(_CANCELLED))
            raise
        except _HOSTS_WISH as error:
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

    async def _others(self, coroutine: Any, course: Course, sent: Any) -> Callable[[], Any]:
        """How the guest goes on after the others ran. sent: to it."""
        await self._wait(course.waits(None))

        def after_others() -> Any:
            course.goes_on()
            return coroutine.send(sent)

        return after_others

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


class Flying:
    """The answers that an event loop of the guest's waits for at once, in one coroutine of a turn.

    A guest without a clock that moves cannot wait for a time, nor learn whether an answer has come by
    now: by running until it has, a program would have a clock. It waits for the next answer, and is
    given one at a time, in the order in which they come.
    """

    def __init__(self, turn: AwaitingTurn, course: Course) -> None:
        self._turn = turn
        self._course = course
        self._tasks: dict[Call, Any] = {}
        self._came: list[Call] = []  # in the order in which they did

    async def next(self, coroutine: Any, asked: Any) -> Callable[[], Any]:
        """How the loop goes on, once one of the answers has come or the time is over.

        asked: by the guest, so anything: (seconds or None, an awaitable of the host's, ...). It is sent
        ((which, value, error or None), ...) of those that have come.
        """
        import asyncio

        turn, tasks = self._turn, self._tasks
        calls = self._calls(asked)
        if calls is None:
            return partial(coroutine.throw, RuntimeError(_NOT_TO_WAIT_FOR))
        seconds = asked[0]
        if not self._course.several and calls:
            calls, seconds = calls[:1], None
        wanted = set(calls)
        await self._let_go([call for call in tasks if call not in wanted])
        if not calls:
            if seconds:
                await turn._wait(asyncio.sleep(seconds))
            return await turn._others(coroutine, self._course, ())
        for call in calls:
            if call not in tasks:
                call.awaited = True
                task = asyncio.ensure_future(_answered(self._course.waits(call)))
                tasks[call] = task
                task.add_done_callback(partial(self._has_come, call))
        if seconds is not None and not self._tells_time():
            await turn._wait(asyncio.sleep(0))  # the others run, and nothing is told
            return self._goes_on(coroutine, [], len(calls))
        if not self._came:
            await turn._wait(
                asyncio.wait(tasks.values(), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            )
        done = self._came if self._tells_time() else self._came[:1]
        self._came = self._came[len(done) :]
        came = [(calls.index(call), call, *_outcome(tasks.pop(call))) for call in done]
        return self._goes_on(coroutine, came, len(calls))

    def _tells_time(self) -> bool:
        return self._turn.compartment._tells_time()

    def _has_come(self, call: Call, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(call) is task:
            self._came.append(call)

    def _goes_on(
        self, coroutine: Any, came: list[tuple[int, Call, Any, BaseException | None]], asked: int
    ) -> Callable[[], Any]:
        """How the loop goes on with answers: (which, call, result, error). asked: for how many it
        waited."""
        turn = self._turn
        membrane, meter = turn.compartment._membrane, turn.compartment._realm.meter
        wishes = [p for _, _, _, p in came if isinstance(p, _HOSTS_WISH)]
        if turn.over or meter.stopped is not None or wishes:
            for _, call, result, problem in came:  # its guest will not see it, and it was done
                membrane.ended(call, result, problem)
        if wishes:
            raise wishes[0]
        # All of them are looked at each time, however few have come. Of a worker's it is counted there.
        looked_at = asked >> 3 if type(coroutine) is CoroutineType else 0

        def go_on() -> Any:
            rest, answers = came[::-1], []
            try:
                meter.charge(looked_at)
                while rest:
                    i, call, result, problem = rest.pop()
                    answers.append((i, *membrane.arrived(call, result, problem)))
            finally:
                # One that stopped the guest would keep those after it from the host's audit.
                for _, call, result, problem in rest:
                    membrane.ended(call, result, problem)
            return coroutine.send(tuple(answers))

        return go_on

    def _calls(self, asked: Any) -> list[Call] | None:
        """The calls that are asked for, or None where the guest asks for anything else.

        A time is for who was granted a clock: by what comes within it, whoever has none could tell how
        long the host takes.
        """
        if type(asked) is not tuple or not 0 < len(asked) <= _AT_ONCE:
            return None
        seconds, *awaited = asked
        if seconds is None:
            if not awaited:
                return None
        elif type(seconds) not in (int, float) or not 0 <= seconds < _LONGEST:
            return None
        elif seconds and not self._tells_time():
            return None
        calls: dict[Call, None] = {}
        for obj in awaited:
            call = call_of(obj) if type(obj) is Pending else None
            if call is None or call in calls:
                return None
            if call not in self._tasks and (call.taken or id(call) not in self._turn._calls):
                return None
            calls[call] = None
        return list(calls)

    def cancel(self) -> None:
        """Let nothing of it go on, and wait for none of it."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        self._tell(tasks, GeneratorExit())

    async def land(self) -> None:
        """The coroutine is over, and nobody waits for these any more."""
        await self._let_go(list(self._tasks))

    async def _let_go(self, calls: list[Call]) -> None:
        import asyncio

        if not calls:
            return
        tasks = {call: self._tasks.pop(call) for call in calls}
        self._came = [call for call in self._came if call not in tasks]
        wish: BaseException | None = None
        try:
            while wish is None or not all([task.done() for task in tasks.values()]):
                for task in tasks.values():
                    task.cancel()
                try:
                    await asyncio.wait(tasks.values())
                    break
                except asyncio.CancelledError as error:
                    wish = error  # of the host, and its coroutines hear of it, as of the first
        finally:
            self._tell(tasks, wish or GeneratorExit())
        if wish is not None:
            raise wish

    def _tell(self, tasks: dict[Call, Any], end: BaseException) -> None:
        """Tell the host's audit of calls that nobody waits for. end: of those that go on."""
        membrane = self._turn.compartment._membrane
        for call, task in tasks.items():
            result, problem = _outcome(task) if task.done() else (None, end)
            if not task.done() or _is_cancelled(problem):
                membrane.outlived(call, problem or end)
            else:
                membrane.ended(call, result, problem)


class Course:
    """One coroutine of a guest's, from first stretch to last. What records a turn has its own.

    several: whether it may wait for several answers at once, which come in any order.
    """

    several = True

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


def _in_course(realm: Realm, loop: list[Any], run: Callable[[], Any]) -> Any:
    """Run something of a coroutine's, in a stretch. loop: of the guest's own, filled in where the
    coroutine asks for one; see `guards.modules._types._take_course`."""
    outer = realm.keep.get("course")
    realm.keep["course"] = loop
    try:
        return run()
    finally:
        if outer is None:
            del realm.keep["course"]
        else:
            realm.keep["course"] = outer


def _stepped(step: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return False, step()
    except StopIteration as stop:
        return True, stop.value


def _served(realm: Realm, loop: list[Any], coroutine: Any, awaited: Any) -> Any:
    """What an event loop of the guest's makes of a coroutine that waits: one that runs both."""
    made = callable_for_c(realm, loop[1])(coroutine, awaited)
    # What drives a coroutine of the host's own would be in the hands of the guest.
    frame = made.cr_frame if type(made) is CoroutineType else None
    if frame is None or not realm.is_guest_frame(frame):
        raise TypeError("an event loop serves its program by a coroutine")
    return made


async def _answered(awaitable: Any) -> tuple[Any, BaseException | None]:
    """An answer, or its error: a task that raised it would have the loop say so if nobody asked for it,
    and what ends the program would end the loop, and not the task that runs the guest."""
    import asyncio

    try:
        return await awaitable, None
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return None, error


def _outcome(task: asyncio.Task[Any]) -> tuple[Any, BaseException | None]:
    """The result of a task that is done, or its error."""
    try:
        outcome: tuple[Any, BaseException | None] = task.result()
    except BaseException as error:
        return None, error
    return outcome


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
