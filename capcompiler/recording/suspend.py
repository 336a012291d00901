"""Guests that stop at a use of a capability which somebody answers later, here or in another process.

The guest runs on a thread of its own, which waits inside the use. What it has been told is recorded, so
that `Pending.dump` gives bytes from which another process brings it back: it runs the program again
from the start, with the same answers and nothing done twice, and waits at the same place.

Stops: answers that carry the host's objects in; bytes that were changed, and would have other programs
run under the grants; a second budget for a guest that suspends itself inside another's turn.
"""

from __future__ import annotations

import contextvars
import threading
import time
import weakref
from collections.abc import Mapping
from inspect import iscoroutinefunction
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from capcompiler.attenuation.policy import Attenuated, Policy, Step, attenuated, capability_of
from capcompiler.awaiting import inside_a_turn
from capcompiler.compartment import Compartment, Isolation
from capcompiler.declared import declared
from capcompiler.errors import CapabilityError
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.arguments import function_of
from capcompiler.membrane.capability import Capability, is_host_function
from capcompiler.membrane.data import Copier, CrossingError
from capcompiler.membrane.exceptions import for_guest, nearest_builtin, rebuilt
from capcompiler.membrane.handle import Handle, owner_of
from capcompiler.membrane.membrane import Use, why_not_granted
from capcompiler.membrane.record import record_of
from capcompiler.membrane.withheld import Told, Withheld
from capcompiler.namespace import Namespace
from capcompiler.program import Program, cap_compile
from capcompiler.recording.record import Record, RecordError, need_wire, secret_of
from capcompiler.recording.recorder import Diverged, Recorder, grants_of, run_program
from capcompiler.recording.values import Values
from capcompiler.tripwire import turns

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pending", "external", "start"]


class _Sessions(threading.local):
    """Of each thread: the guest that runs on it and may be suspended."""

    session: Session | None = None


_here: Final = _Sessions()


class _External(Policy):
    """Suspends the guest at each use, and answers with what the host gives."""

    __slots__ = ()
    deep = False

    def around(self, step: Step) -> Any:
        session = _here.session
        if session is None:
            raise Withheld("it is answered from outside, which only Compartment.start waits for")
        inside = ""
        asked = session.recorder.asked
        if not session.recorder.is_asked(step.owner):
            # A host's function asks. Answered under the name of the guest's own use, a question would be
            # taken for another one; and to go on elsewhere is to call that function a second time.
            inside, asked = f"{'...' if asked is None else asked[0]} > {_name_of(step)}", None
        if step.call is not None and iscoroutinefunction(function_of(step.call)):
            return session.ask_when_awaited(asked, inside, step.args, step.kwargs)
        return session.ask(asked, inside, step.args, step.kwargs)


def _name_of(step: Step) -> str:
    name = "" if step.call is None else getattr(function_of(step.call), "__name__", "")
    return step.path or ("external" if name in ("", _anything.__name__) else name)


def external(what: Any = None) -> Capability:
    """A capability whose uses are answered from outside, where `Compartment.start` runs the guest.

    what: a function of the host's, or a `Capability`, whose names, parameters and annotations hold,
    and which is never called; None for a function that takes anything.
    """
    if what is None:
        what = _anything
    return attenuated(capability_of(declared(what), "external"), _EXTERNAL)


def _anything(*args: Any, **kwargs: Any) -> Any:
    """Answered from outside."""


_EXTERNAL: Final = _External()


def _is_external(cap: Attenuated) -> bool:
    policies = 0
    found: Any = cap
    while isinstance(found, Attenuated) and policies < 100:
        if found._cap_policy is _EXTERNAL:
            return True
        found, policies = found._cap_inner, policies + 1
    return False


Attenuated._cap_external = _is_external  # type: ignore[attr-defined]

#: A use of the guest's: its path from the grant, and its arguments, packed.
_Question: TypeAlias = tuple[str, bytes]


class Session:
    """One guest that runs on a thread of its own, and its host, which waits for what it asks."""

    def __init__(self, world: Compartment, program: Program, recorder: Recorder) -> None:
        self.world = world
        self.program = program
        self.recorder = recorder
        self.over = False
        self._to_host: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._to_guest: SimpleQueue[Callable[[], Any]] = SimpleQueue()

    def begin(self) -> Pending | Namespace:
        """Run the guest to its first question, or to its end."""
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=lambda: context.run(self._run), name="capcompiler guest", daemon=True
        )
        try:
            thread.start()
        except BaseException:  # this process may have no more of them
            self.recorder.detach()
            raise
        return self.wait()

    def _run(self) -> None:
        _here.session = self
        try:
            outcome: tuple[str, Any] = ("ended", run_program(self.world, self.program))
        except BaseException as error:
            outcome = ("failed", error)
        finally:
            _here.session = None
            self.over = True
            self.recorder.detach()
        self._to_host.put(outcome)

    def ask(
        self, asked: _Question | None, inside: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """On the guest's thread: hand a question out, and wait for its answer. asked: the guest's use;
        inside: who asks instead of the guest."""
        started = time.monotonic()
        self._to_host.put(("asked", (asked, inside, args, kwargs)))
        answer = self._to_guest.get()
        self.recorder.waited += time.monotonic() - started
        return answer()

    async def ask_when_awaited(
        self, asked: _Question | None, inside: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A question of a coroutine function's, once the guest, or who was handed it, awaits it. The
        event loop of the guest's thread stands still meanwhile."""
        recorder, turn = self.recorder, self.world._awaiting
        if asked is not None:
            recorder.comes_to(*asked)
        recorder.asked, waited = asked, recorder.waited
        try:
            return self.ask(asked, inside, args, kwargs)
        finally:
            recorder.asked = None
            recorder.forgive(self.world, recorder.waited - waited)
            if turn is not None:
                turn.forgive(recorder.waited - waited)

    def wait(self) -> Pending | Namespace:
        """On the host's thread: what the guest asks next, or how it ended."""
        try:
            what, value = self._to_host.get()
        except BaseException:
            self.abandon("the host was interrupted")
            raise
        if what == "asked":
            return Pending(self, *value)
        if what == "ended":
            names: Namespace = value
            return names
        if isinstance(value, Diverged):
            raise RecordError(f"the guest does something else than its record says: {value.reason}")
        raise value

    def answer(self, give: Callable[[], Any]) -> Pending | Namespace:
        self._to_guest.put(give)
        return self.wait()

    def abandon(self, reason: str = "nobody answers it any more") -> None:
        """End the guest, from any thread."""
        if not self.over:
            self.world.cancel(reason)
            self._to_guest.put(_nothing)


def _nothing() -> NoReturn:
    raise Withheld("the turn is over")


class Pending:
    """A guest that waits for the answer to one use of an `external` capability.

    name: the path from the grant, such as "ask" or "mailer.send"; "mailer.send > ask" where a host's
    function, which the guest used as mailer.send, uses the external one. args, kwargs: copied data,
    capabilities and handles, as a host's function gets them. output: what the guest printed so far.
    A pending guest that is dropped, or closed, ends there.
    """

    def __init__(
        self, session: Session, asked: _Question | None, inside: str, args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:  # fmt: skip
        self.name: str = inside if asked is None else asked[0]
        self.args = args
        self.kwargs = kwargs
        self.output: str = session.world.output
        self._asked = asked
        self._inside = inside
        self._session = session
        self._answered = False
        self._once = threading.Lock()  # held for good by whoever answers first
        self._drop = weakref.finalize(self, session.abandon)
        self._drop.atexit = False

    @property
    def compartment(self) -> Compartment:
        """Where the guest runs. It takes no other turn while the guest waits."""
        return self._session.world

    def resume(self, value: Any = None) -> Pending | Namespace:
        """Answer, and let the guest go on: its next question, or its names at the end.

        value: data, which is copied, a capability, or a host function. Raises `CapabilityError` for
        anything else, and then the guest still waits; else what `Compartment.start` raises.
        """
        copied = self._checked(value)
        return self._answer(lambda: copied)

    def fail(self, error: BaseException) -> Pending | Namespace:
        """Answer with an error, which the guest sees as the nearest builtin one with its text."""
        if not isinstance(error, Exception):
            raise TypeError(f"fail: wanted an Exception, got {type(error).__name__}")
        seen = _seen(error, self.name)

        def give() -> NoReturn:
            raise Told(seen)

        return self._answer(give)

    def _checked(self, value: Any) -> Any:
        world = self._session.world

        def leaf(found: Any, where: str) -> Any:
            if isinstance(found, Handle) and owner_of(found) is not world:
                raise CrossingError(found, where, "it is a guest's object of another compartment")
            if isinstance(found, (Capability, Handle)) or is_host_function(found):
                return found
            if record_of(found) is not None:  # a registered class itself
                return found
            raise CrossingError(found, where)

        try:
            return Copier(leaf, _free, _fields).copy(value)
        except CrossingError as error:
            problem = CapabilityError(f"answer[{self.name!r}]{error.path}: {why_not_granted(error)}")
        raise problem

    def _answer(self, give: Callable[[], Any]) -> Pending | Namespace:
        self._take()
        return self._session.answer(give)

    def _take(self) -> None:
        if not self._once.acquire(False):
            raise CapabilityError(f"{self.name}: it has been answered already")
        self._answered = True
        self._drop.detach()

    def close(self) -> None:
        """End the guest here. What was dumped can be loaded all the same."""
        if self._once.acquire(False):
            self._answered = True
            self._drop()

    def __enter__(self) -> Pending:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Pending {self.name}{' (answered)' if self._answered else ''}>"

    def dump(self, *, key: bytes | None = None) -> bytes:
        """The guest as bytes, for `load` in another process; the guest here goes on waiting.

        key: 16 bytes or more that both processes know; None for a key that this user alone reads, in
        the folder that compiled programs are kept in. The bytes hold the program, data that was granted,
        and all that the guest was told; they are authenticated, and not encrypted.
        Raises `RecordError` where the guest cannot be brought back.
        """
        session = self._session
        if self._answered:
            raise RecordError(f"{self.name}: it has been answered, and there is nothing to go on with")
        if self._inside:
            raise RecordError(
                f"the guest cannot be brought back elsewhere: a host's function asks ({self.name}), and "
                f"would be called again"
            )
        if why := session.recorder.under_way():
            raise RecordError(f"the guest cannot be brought back elsewhere: {why}")
        record = session.recorder.record(
            session.program, self._asked, limits=session.world._limits
        )  # fmt: skip
        return record.to_bytes(secret_of(key))

    @classmethod
    def load(
        cls, data: bytes, caps: Mapping[str, Any] | None = None, *,
        src: str | bytes | Program | None = None, key: bytes | None = None,
        imports: Imports | None = None, limits: Limits | None = None, isolation: Isolation = "inline",
        on_use: Callable[[Use], None] | None = None,
    ) -> Pending:  # fmt: skip
        """The guest that `dump` gave the bytes of, in a compartment of its own, where it waited.

        caps: the same names, with equal data and capabilities that offer the same; a capability that
        the guest had got through another one is gone. src: when given, the program that it must be.
        limits: None for those that it had. Nothing that it did before is done or told to `on_use` again.
        Raises `RecordError` for bytes that were changed, for another program, version of Python or of
        this library, or other grants, and where the guest does not come to the same place.
        """
        record = Record.from_bytes(data, secret_of(key))
        record.check_here()
        if record.waiting is None:
            raise RecordError("this is the record of a run, which waits for nothing; see replay")
        if src is not None:
            text = cap_compile(src, filename=record.filename, optimize=record.optimize).source
            if text != record.source:
                raise RecordError("the record is of another program than src")
        recorder = Recorder(record)
        world = Compartment(
            caps, imports=imports, limits=record.limits if limits is None else limits,
            isolation=isolation, on_use=recorder.telling(on_use),
        )  # fmt: skip
        _check_grants(record, world)
        program = cap_compile(record.source, filename=record.filename, optimize=record.optimize)
        recorder.attach(world)
        found = Session(world, program, recorder).begin()
        if isinstance(found, Pending):
            return found
        raise RecordError("the guest ended before it came to where it waited")


def _check_grants(record: Record, world: Compartment) -> None:
    """Raise `RecordError` unless a compartment was granted what the record says."""
    now = Values().adopt(grants_of(world))
    if now == record.grants:
        return
    names = Values().granted(record.grants)
    here = grants_of(world)
    missing = ", ".join(sorted(n[:60] for n in names.keys() - here.keys()))
    more = ", ".join(sorted(here.keys() - names.keys()))
    reason = (
        f"{missing} is missing" if missing else f"{more} was not granted then" if more
        else "a grant is of another value, offers something else, or comes in another order"
    )  # fmt: skip
    raise RecordError(f"the guest had other grants: {reason}")


def _seen(error: Exception, path: str) -> BaseException:
    """What a guest sees of an error that the host answers with."""
    if isinstance(error, CapabilityError):
        return for_guest(error, path, None)
    kind = nearest_builtin(type(error))
    if not issubclass(kind, Exception) or issubclass(kind, (RecursionError, BaseExceptionGroup)):
        kind = RuntimeError
    return rebuilt(kind, error.args, str(error))


def _fields(kind: Any) -> Any:
    """How an instance of a registered dataclass is copied: into another one of it."""
    record = record_of(kind)
    return None if record is None else (record.names, record.read, record.kind, record.fill)


def _free(_count: int) -> None:
    """Answers are the host's own work."""


def start(
    world: Compartment, src: str | bytes | Program, filename: str, optimize: bool
) -> Pending | Namespace:
    """See `Compartment.start`."""
    need_wire()
    if turns.meter is not None or inside_a_turn() or _here.session is not None:
        # On a thread of its own it would have a budget of its own.
        raise CapabilityError("start: a guest cannot be suspended inside a turn")
    world._check_open()
    program = cap_compile(src, filename=filename, optimize=optimize)
    recorder = Recorder()
    recorder.attach(world)
    return Session(world, program, recorder).begin()
