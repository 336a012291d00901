"""The courses of a turn that awaits: which coroutine of the guest's went on when, and with what answer.

A guest that awaits runs in stretches, one at a time, and the host's event loop decides in which order
where several of its coroutines are under way, as in a `gather` that was granted. That order is taken
down with the answers. Told again, nothing of the host's is awaited: the loop is conducted, so that
each stretch follows the one before it in the record.

Stops: a record that was edited so that the guest would wait for ever, or go on with an answer to
something that it did not await.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from capcompiler.awaiting import Course
from capcompiler.isolation.wire import WireError, packed, unpacked
from capcompiler.membrane.data import CrossingError
from capcompiler.membrane.handle import AwaitableHandle
from capcompiler.membrane.withheld import Told
from capcompiler.recording.record import BEGAN, CAME, LATER, LEFT, Event, RecordError
from capcompiler.recording.values import is_external_call, packed_error, unpacked_error

if TYPE_CHECKING:
    from capcompiler.membrane.pending import Call
    from capcompiler.recording.recorder import Recorder

__all__ = ["Courses", "Standing"]

_NO_CALL: Final = -1
_MAIN: Final = 0


class Standing:
    """What stands for something to await whose answer is in the record. Nothing waits for it itself."""

    __slots__ = ("path",)
    _cap_closes = True
    _cap_retold = True  # the audit was told of it when it was recorded

    def __init__(self, path: str) -> None:
        self.path = path

    def __await__(self) -> NoReturn:
        from capcompiler.recording.recorder import Diverged  # which needs us

        raise Diverged(f"it awaits {self.path}, and the record ends before that")

    def close(self) -> None:
        """There is nothing to be closed."""


class Courses:
    """All courses of one turn, and the calls that they may await, by number."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._count = 0
        self._open: set[int] = set()
        self._calls: list[Call] = []
        self._numbers: dict[Call, int] = {}
        self._answered: set[int] = set()
        self._waits: dict[Call, _Course] = {}  # the course that waits for a call
        # Told again:
        self._held: dict[int, asyncio.Future[Any]] = {}
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._at_work = 0  # courses that are not held
        self._let_go = False  # one was let go of, and has not gone on yet

    def course(self, obj: Any) -> Course:
        """One more, of a guest's object that the host awaits; at first, of the program."""
        return _Course(self, obj)

    @property
    def begun_yet(self) -> bool:
        """Whether the program has begun."""
        return self._count > 0

    # Calls

    def begun(self, call: Call, path: str, asked: bytes) -> None:
        """A host's function gave something to be awaited."""
        recorder = self._recorder
        self._numbers[call] = len(self._calls)
        self._calls.append(call)
        first = recorder.values.begun(call.awaitable)
        recorder.note(Event(path, asked, False, packed(first), LATER))

    def standing(self, event: Event) -> Any:
        """What stands for what a host's function gave to be awaited, when it is told again."""
        try:
            first = unpacked(event.answer)
        except WireError:
            first = None
        if type(first) is not int or not 0 <= first <= len(self._calls):
            raise self._damaged()
        return self._recorder.values.later[first] if first < len(self._calls) else Standing(event.path)

    @property
    def _unanswered(self) -> dict[int, Call]:
        """Calls that the guest waits for, or may yet await."""
        return {
            number: call for number, call in enumerate(self._calls)
            if number not in self._answered and (call in self._waits or not call.taken)
        }  # fmt: skip

    def under_way(self) -> str:
        """What the host has begun and another process could not go on with, "" for nothing."""
        if self._open - {_MAIN}:
            return "the host awaits a coroutine of the guest's"
        for call in self._unanswered.values():
            if not is_external_call(call.function):
                return f"{call.path} was begun, and has not been answered yet"
        return ""

    def marked(self, events: list[Event]) -> tuple[Event, ...]:
        """The events with those calls marked that have no answer yet."""
        unanswered, made, number = self._unanswered, [], 0
        for event in events:
            if event.kind == LATER:
                made.append(replace(event, failed=number in unanswered))
                number += 1
            else:
                made.append(event)
        return tuple(made)

    # Stretches

    def began(self, course: _Course) -> None:
        recorder = self._recorder
        course.number = self._count
        self._count += 1
        self._open.add(course.number)
        if course.number != _MAIN:
            number = recorder.values.number_of(course.obj)
            if number is None:
                recorder.lose("the host awaits a coroutine of the guest's that it was not handed")
            self._happens(Event("", packed(number), False, b"", BEGAN))
        self._went_on()
        if recorder.past is not None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks[course.number] = task

    def waits(self, course: _Course, call: Call | None) -> Any:
        """What a course waits for: the host's answer, or what the record says that it was."""
        recorder = self._recorder
        course.call, course.waiting = call, True
        if call is not None:
            self._waits[call] = course
        if not recorder.retelling:
            if recorder.past is not None and not recorder.live:
                path = "others" if call is None else call.path
                raise self._diverged(f"it awaits {path}, and the record ends before that")
            return Course.waits(course, call)
        if call is not None:
            call.take()
        held = self._held[course.number] = asyncio.get_running_loop().create_future()
        self._at_work -= 1
        self.conduct()
        return held

    def came(self, call: Call, result: Any, seen: BaseException | None) -> None:
        """In a stretch: a course goes on. seen: the error that its guest sees."""
        course = self._waits.pop(call, None)
        if course is not None:
            self._answered.add(self._number(call))
            self._goes_on(course, call, result, seen)

    def after_others(self, course: _Course) -> None:
        self._goes_on(course, None, None, None)

    def _goes_on(
        self, course: _Course, call: Call | None, result: Any, seen: BaseException | None
    ) -> None:
        recorder, number = self._recorder, course.number
        course.waiting = False
        path, asked = "" if call is None else call.path, packed([number, self._number(call)])
        if recorder.retelling:
            there = recorder.next_event
            if (there.kind, there.asked) != (CAME, asked):
                recorder.diverge("it goes on where it did not")
            recorder.note(there)
        else:
            try:
                answer = recorder.values.answer(result) if seen is None else packed_error(seen)
            except CrossingError:
                recorder.lose(f"what {path} came to has no place in a record")
                answer = packed(None)
            recorder.note(Event(path, asked, seen is not None, answer, CAME))
        self._went_on()

    def left(self, course: _Course) -> None:
        if not course.waiting:
            return
        course.waiting = False
        if course.number == _MAIN:
            self._recorder.lose("the host cancelled the task that it ran in")
            return
        self._waits.pop(course.call, None)  # type: ignore[arg-type]
        self._held.pop(course.number, None)
        self._happens(Event("", packed(course.number), False, b"", LEFT))
        self._went_on()

    def ends(self, course: _Course) -> None:
        self._open.discard(course.number)
        if self._held or self._recorder.retelling:
            self._at_work -= 1
            if course.number != _MAIN:
                self.conduct()

    def _happens(self, event: Event) -> None:
        recorder = self._recorder
        if recorder.retelling and recorder.next_event != event:
            recorder.diverge("the host does something else with its coroutines")
        recorder.note(event)

    def _went_on(self) -> None:
        self._at_work += 1
        self._let_go = False

    def _number(self, call: Call | None) -> int:
        return _NO_CALL if call is None else self._numbers.get(call, _NO_CALL)

    # Conducting

    def conduct(self) -> None:
        """Let the one go on that went on then, where all are held."""
        recorder = self._recorder
        if self._let_go:
            return
        try:
            if recorder.retelling:
                self._let_go = self._lets_go(recorder.next_event)
        except (WireError, RecordError, TypeError, ValueError, IndexError, KeyError):
            raise self._damaged() from None
        if not self._let_go and self._at_work <= 0:
            raise self._diverged("it waits for what the record has no answer to")
        recorder.hush()

    def _lets_go(self, event: Event) -> bool:
        """Whether one could be let go of, to go on as an event says."""
        recorder = self._recorder
        if event.kind == CAME:
            number, _call = unpacked(event.asked)  # whose call that is, is seen when it goes on
            held = self._held.pop(number, None)
            if held is None:
                return False
            if event.failed:
                held.set_exception(Told(unpacked_error(event.answer)))
            else:
                held.set_result(recorder.values.given(event.answer))
            return True
        if event.kind == BEGAN:
            number = unpacked(event.asked)
            handle = recorder.values.handles[number] if number >= 0 else None
            if type(handle) is not AwaitableHandle:
                return False
            task = asyncio.get_running_loop().create_task(self._awaited_again(handle))
            self._tasks[-1 - number] = task  # held, until it has begun
            return True
        if event.kind == LEFT:
            number = unpacked(event.asked)
            # The task of the program is not the host's to cancel here.
            return number != _MAIN and number in self._held and self._tasks[number].cancel()
        return False

    async def _awaited_again(self, handle: AwaitableHandle) -> None:
        """Await a guest's coroutine in the host's place: what it comes to went to the host."""
        from capcompiler.recording.recorder import Diverged  # which needs us

        try:
            await handle
        except Diverged as error:
            self._recorder.end(error)
        except (Exception, asyncio.CancelledError):  # noqa: S110 - went to the host too
            pass

    def _diverged(self, reason: str) -> BaseException:
        from capcompiler.recording.recorder import Diverged  # which needs us

        return Diverged(reason)

    def _damaged(self) -> BaseException:
        return self._diverged("this record is damaged: its order of answers is none")


class _Course(Course):
    """One coroutine of the guest's, in a turn that is recorded."""

    several = False  # a record says in which order each of them goes on

    def __init__(self, courses: Courses, obj: Any) -> None:
        self._courses = courses
        self.obj = obj
        self.number = -1
        self.call: Call | None = None
        self.waiting = False

    def begins(self) -> None:
        self._courses.began(self)

    def waits(self, call: Call | None) -> Any:
        return self._courses.waits(self, call)

    def goes_on(self) -> None:
        self._courses.after_others(self)

    def left(self) -> None:
        self._courses.left(self)

    def ends(self) -> None:
        if self.number >= 0:
            self._courses.ends(self)
