"""What takes down the answers to a guest's uses, and gives them again.

It stands in the membrane, between the arguments, which have crossed, and the host's function. As long
as there are answers in the record, they are given and nothing is done; after the last one, uses go to
the host and are taken down.

Stops: a guest that does something else the second time, because its record was edited or it saw what
does not stay the same, and so gets answers to questions that it did not ask.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

from capcompiler.attenuation.policy import is_beneath
from capcompiler.membrane.data import CrossingError
from capcompiler.membrane.membrane import MustAwait, is_awaitable
from capcompiler.membrane.withheld import Told
from capcompiler.recording.record import (
    LATER,
    USE,
    Event,
    Record,
    RecordError,
    hash_seed,
    platform,
    version,
)
from capcompiler.recording.values import Values, is_external_call, packed_error, unpacked_error

if TYPE_CHECKING:
    from capcompiler.attenuation.policy import Attenuated
    from capcompiler.awaiting import Course
    from capcompiler.compartment import Compartment
    from capcompiler.membrane.membrane import Membrane, Use
    from capcompiler.membrane.pending import Call
    from capcompiler.namespace import Namespace
    from capcompiler.program import Program
    from capcompiler.recording.courses import Courses

__all__ = ["Diverged", "Recorder"]


class Diverged(SystemExit):
    """The guest does something else than its record says. The host's wish to end: no guest sees it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Recorder:
    """The record of one turn of one compartment, as it grows.

    past: the record whose answers are given first. live: whether uses that it has no answer for go to
    the host. asked: path and packed arguments of the use that is being answered.
    """

    def __init__(self, past: Record | None = None, *, live: bool = True) -> None:
        self.past = past
        self.live = live
        self.values = Values()
        self.events: list[Event] = []
        self.modules: list[tuple[str, str]] = []
        self.asked: tuple[str, bytes] | None = None
        self._used: Any = None  # what is used beneath the one that is asked
        self.grants = b""
        self.waited = 0.0  # seconds in which the turn was suspended; told by who suspends it
        self.world: Compartment | None = None
        self._courses: Courses | None = None
        self._begun: tuple[str, bytes] | None = None  # a use whose answer is to be awaited
        self._starting = False
        self._inside = False
        self._quiet = False

    @property
    def lost(self) -> str:
        """Why the guest cannot be brought back by this record, "" when it can."""
        return self.values.lost

    def attach(self, world: Compartment) -> None:
        """Take down the next turn of a compartment."""
        if world._membrane.recorder is not None:
            raise RecordError("the compartment is suspended, or recorded already")
        if world._has_run:
            self.values.lost = "the compartment has run something before"
        self.world = world
        self._starting = True
        self.grants = self.values.adopt(grants_of(world))
        world._membrane.recorder = self

    def detach(self) -> None:
        if self.world is not None:
            self.world._membrane.recorder = None
            self.world = None

    # Called by the compartment and its membrane

    def entered(self, world: Compartment) -> None:
        """A turn begins, or goes on inside a host's function."""
        if world is self.world:
            if self._starting:
                self._starting = False
                return
        elif not self._inside:
            return  # a child that the guest runs
        self.lose("a host's function called the guest while the guest used it")

    def lose(self, why: str) -> None:
        """The guest cannot be brought back, if it could until now."""
        self.values.lost = self.lost or why

    def imported(self, world: Compartment, filename: str, text: str | bytes) -> None:
        """A module, or data of a package, was read."""
        if filename.startswith(("lib/", "facet/", "<")):
            return  # of this Python, or of this package
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
        found = (filename, sha256(data).hexdigest())
        past = self.past
        if past is not None and len(self.modules) < len(past.modules):
            there = past.modules[len(self.modules)]
            if there != found:
                self.diverge(f"it imports {filename}, which was another file then")
        self.modules.append(found)

    def around(
        self, membrane: Membrane, path: str, perform: Callable[..., Any], function: Any
    ) -> Callable[..., Any]:
        """What is called in the place of a host's function."""
        if self._inside or self.world is None or membrane.made_in_family(function):
            return perform  # once the turn is over, a child that is left of it is not recorded
        return partial(self._use, membrane, path, perform, function)

    def _use(
        self, membrane: Membrane, path: str, perform: Callable[..., Any], function: Any, /,
        *args: Any, **kwargs: Any,
    ) -> Any:  # fmt: skip
        asked = self.values.asked(args, kwargs)
        self.asked, self._used = (path, asked), function
        if function is None and isinstance(perform, partial):  # an attribute, of this
            self._used = perform.args[0]
        if self.retelling:
            event = self.next_event
            if event.kind == LATER and event.failed and self.live and is_external_call(function):
                self._same(event, path, asked)
                self._begun = (path, asked)
                return perform(*args, **kwargs)  # which asks nobody until it is awaited
            return self._replayed(event, path, asked)
        self._quiet = False
        if not self.live:
            raise Diverged(f"it uses {path}, and the record ends before that")
        self.comes_to(path, asked)
        self._inside, waited = True, self.waited
        try:
            result = perform(*args, **kwargs)
        except Exception as error:
            seen = membrane._mapped(error, path, function, (*args, *kwargs.values()))
            self._note(path, asked, True, packed_error(seen))
            raise
        finally:
            self._inside = False
            self.forgive(membrane.compartment, self.waited - waited)
        if is_awaitable(result):
            return self._to_await(membrane, path, asked, function, result)
        try:
            answer = self.values.answer(result)
        except CrossingError as error:
            seen = membrane._mapped(error, path, function, ())
            self._note(path, asked, True, packed_error(seen))
            raise Told(seen) from None
        self._note(path, asked, False, answer)
        return result

    def _to_await(self, membrane: Membrane, path: str, asked: bytes, function: Any, result: Any) -> Any:
        if membrane.compartment._awaiting is None:  # the membrane refuses it
            seen = membrane._mapped(MustAwait(), path, function, ())
            self._note(path, asked, True, packed_error(seen))
        else:
            self._begun = (path, asked)
        return result

    def is_asked(self, owner: Attenuated) -> bool:
        """Whether a use of this is what the guest asks, and not what a host's code does then."""
        return self.asked is not None and is_beneath(self._used, owner)

    def comes_to(self, path: str, asked: bytes) -> None:
        """The guest does something new: at first, what the record says that it waits for."""
        past = self.past
        if past is not None and len(self.events) == len(past.events) and past.waiting != (path, asked):
            raise self._other("" if past.waiting is None else past.waiting[0], path)

    def _note(self, path: str, asked: bytes, failed: bool, answer: bytes) -> None:
        self.note(Event(path, asked, failed, answer))
        self.asked = None

    def note(self, event: Event) -> None:
        self.events.append(event)

    @property
    def retelling(self) -> bool:
        """Whether there are answers left in the record."""
        return self.past is not None and len(self.events) < len(self.past.events)

    @property
    def next_event(self) -> Event:
        """What comes next in the record."""
        past = self.past
        assert past is not None  # noqa: S101 - who asks has seen that there is one
        return past.events[len(self.events)]

    def forgive(self, world: Compartment, seconds: float) -> None:
        """Time in which the turn was suspended does not count."""
        meter = world._realm.meter if seconds else None
        while meter is not None:
            if meter.deadline is not None:
                meter.deadline += seconds
            meter = meter.parent

    def _same(self, event: Event, path: str, asked: bytes) -> None:
        if event.kind not in (USE, LATER):
            raise Diverged(f"it uses {path}, where it awaited something")
        if (event.path, event.asked) != (path, asked):
            raise self._other(event.path, path)

    def _replayed(self, event: Event, path: str, asked: bytes) -> Any:
        self._quiet = True
        self._same(event, path, asked)
        if event.kind == LATER:
            self._begun = (path, asked)
            return self.courses.standing(event)
        self.events.append(event)
        try:
            answer: Any = (unpacked_error if event.failed else self.values.given)(event.answer)
        except RecordError as error:
            raise Diverged(str(error)) from None
        if event.failed:
            raise Told(answer)
        return answer

    def _other(self, there: str, here: str) -> Diverged:
        what = f"it uses {here}" if there != here else f"it calls {here} with other arguments"
        then = f", where it used {there}" if there != here else ""
        reason = f"{what}{then}"
        if self.past is not None and self.past.seed != hash_seed():
            reason += (
                "; the record is of a process with another hash seed, on which the order of sets "
                "depends: run both with the same PYTHONHASHSEED, or let the guest sort"
            )
        return Diverged(reason)

    def diverge(self, reason: str) -> NoReturn:
        """End the turn: its guest does something else. In a stretch of it."""
        world = self.world
        assert world is not None  # noqa: S101 - a turn of it is under way
        self.end(Diverged(reason))
        meter = world._realm.meter
        raise meter.stop("steps", 0, meter.used)

    def end(self, diverged: Diverged) -> None:
        """End the turn, whatever it waits for, in this where it has not been stopped already."""
        world = self.world
        if world is None:
            return
        meter = world._realm.meter
        if meter.stopped is None:
            world._host_exit = diverged
            meter.stop("steps", 0, meter.used)
        if world._awaiting is not None:
            world._awaiting.wake()

    # Turns that await

    @property
    def courses(self) -> Courses:
        """What goes on in a turn that awaits."""
        if self._courses is None:
            from capcompiler.recording.courses import Courses  # it needs an event loop's module

            self._courses = Courses(self)
        return self._courses

    def course(self, world: Compartment, obj: Any) -> Course:
        """What notes one coroutine of the guest's, which the host awaits as `obj`, or the program."""
        if world is not self.world or (obj is None and self.courses.begun_yet):
            self.lose("a host's coroutine called the guest while the guest awaited it")
        return self.courses.course(obj)

    def later(self, call: Call) -> None:
        """A use gave something to be awaited."""
        if self._begun is not None:
            (path, asked), self._begun = self._begun, None
            self.courses.begun(call, path, asked)

    def came(self, call: Call, result: Any, seen: BaseException | None) -> None:
        """The answer to a call, in a stretch of the turn. seen: the error that the guest sees."""
        self._quiet = self.retelling
        self.courses.came(call, result, seen)

    def hush(self) -> None:
        """What happens next is told again."""
        self._quiet = True

    def under_way(self) -> str:
        """Why the guest cannot be brought back from where it waits now, "" when it can."""
        return self.lost or ("" if self._courses is None else self._courses.under_way())

    def telling(self, on_use: Callable[[Use], None] | None) -> Callable[[Use], None] | None:
        """`on_use` for what really happens, and not for what is only answered again."""
        if on_use is None:
            return None

        def told(event: Use) -> None:
            if not self._quiet:
                on_use(event)

        return told

    # The record

    def record(
        self, program: Program, waiting: tuple[str, bytes] | None = None,
        ending: tuple[str, str] | None = None, *, limits: Any,
    ) -> Record:  # fmt: skip
        """The record as it stands."""
        courses = self._courses
        events = tuple(self.events) if courses is None else courses.marked(self.events)
        return Record(
            version(), platform(), hash_seed(), program.source, program.filename, program.optimize,
            limits, self.grants, events, tuple(self.modules), waiting, ending,
        )  # fmt: skip


def run_program(world: Compartment, program: Program) -> Namespace:
    """`exec`, on an event loop of its own for a program that awaits. Not while another one runs here."""
    if not program.awaits:
        return world.exec(program)
    import asyncio

    return asyncio.run(world.exec_async(program))


def grants_of(world: Compartment) -> dict[str, Any]:
    """What a compartment was granted: copied data, and the host's own capabilities."""
    from capcompiler.isolation.world import ProcessCompartment

    if isinstance(world, ProcessCompartment):
        return {name: world._door.from_guest(tree) for name, tree in world._first.items()}
    return {name: world._membrane.to_host(value) for name, value in world._granted.items()}
