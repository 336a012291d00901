"""The guest's side of a connection: an ordinary compartment whose capabilities lie across the wire.

The compartment here is the one that runs inline too, with the same membrane, budget and guards. What
differs: a capability is a stand-in that asks the host, the host's modules are asked for, and compiled
library code is taken from the host, which keeps it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import CodeType, CoroutineType
from typing import Any, Final
from weakref import WeakValueDictionary

from capcompiler import program as programs
from capcompiler.attenuation.policy import AwaitableCallback
from capcompiler.awaiting import (
    _NOT_TO_WAIT_FOR,
    AwaitingTurn,
    Course,
    Flying,
    Started,
    _inside,
    to_await,
)
from capcompiler.compartment import Compartment
from capcompiler.errors import CapabilityError, LimitExceeded
from capcompiler.imports import Imports, from_plan
from capcompiler.isolation.channel import Gone, TooLarge, WorkerChannel
from capcompiler.isolation.code import packed_program
from capcompiler.isolation.faults import fault_of, from_guest
from capcompiler.isolation.handles import Released, Table, told
from capcompiler.isolation.messages import (
    ANSWER,
    ASK,
    CALL,
    CALL_OBJECT,
    CAP,
    CLOSE,
    DO,
    END,
    EVAL,
    EXEC,
    FORGET,
    GIVEN,
    GRANT,
    INIT,
    KEPT_PROGRAMS,
    KIND,
    LATER,
    METHOD,
    NAME,
    OBJECT,
    PENDING,
    READ,
    READ_OBJECT,
    REPLY,
    RESUME,
    START,
    STOPPED,
    STORE_OBJECT,
    USE,
    WRITE,
)
from capcompiler.isolation.wire import MAX_FRAME, WireError, pack, packed, unpack, unpacked
from capcompiler.limits import Limits
from capcompiler.membrane.arguments import Checker
from capcompiler.membrane.capability import (
    EXPOSABLE,
    Capability,
    Exposed,
    HostCallable,
    Interface,
    interface_of,
)
from capcompiler.membrane.exceptions import raised_by_guest
from capcompiler.membrane.handle import AwaitableHandle, Handle, described, object_of, owner_of
from capcompiler.membrane.membrane import Membrane
from capcompiler.membrane.pending import Answer, Call, make_pending
from capcompiler.membrane.quick import Invoke
from capcompiler.membrane.record import Record, enter_record, record_of
from capcompiler.membrane.reference import Reference, use_of
from capcompiler.membrane.unoffered import declare
from capcompiler.nesting import offered_by
from capcompiler.program import Program
from capcompiler.source import decoded, source_lines
from capcompiler.standard import ModuleText
from capcompiler.tripwire import turns
from guards.builtins import VALUE
from guards.modules import LIBRARY
from guards.tables.rows import names_known

__all__ = ["World", "blank", "hear_early", "rehearse", "rehearsed", "serve"]


class _Mapped(Exception):
    """What a capability raises in the guest, as the host has made it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class _Token:
    """What a drive yields while it waits for the host: an answer's number, None to let others run, or
    seconds and the numbers of several."""

    __slots__ = ("call",)

    def __init__(self, call: int | list[Any] | None) -> None:
        self.call = call

    def __await__(self) -> Any:
        return (yield self)


class RemoteAwaitable:
    """The host's answer to come, as the guest's side knows it."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __await__(self) -> Any:
        return _Token(self.number).__await__()


class _OnItsWay(HostCallable):
    """What gives an answer that passes this side on its way to the host: nothing of it comes home."""

    __slots__ = ()
    _cap_lends = True


_ON_ITS_WAY: Final = _OnItsWay()


class RemoteTarget:
    """A capability of the host's: its number. Reading and setting attributes asks the host."""

    __slots__ = ("__weakref__", "_host", "_methods", "_number", "_read", "_received", "_released")

    def __init__(self, host: Host, number: int, methods: list[str], read: list[str]) -> None:
        object.__setattr__(self, "_host", host)
        object.__setattr__(self, "_methods", frozenset(methods))
        object.__setattr__(self, "_read", frozenset(read))
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_received", 1)
        object.__setattr__(self, "_released", host.released)

    def __getattribute__(self, name: str) -> Any:
        own = object.__getattribute__
        if name in own(self, "_methods"):
            return RemoteMethod(self, name)
        if name in own(self, "_read"):
            return own(self, "_host").use(READ, number_of(self), name, (), {})
        return own(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        host = object.__getattribute__(self, "_host")
        host.use(WRITE, number_of(self), name, (value,), {})

    def __del__(self) -> None:
        read = object.__getattribute__
        read(self, "_released").append((read(self, "_number"), read(self, "_received")))


def number_of(target: RemoteTarget) -> int:
    number: int = object.__getattribute__(target, "_number")
    return number


class RemoteMethod(HostCallable):
    """One method of a capability of the host's."""

    __slots__ = ("_name", "_number", "_target", "_use")

    def __init__(self, target: RemoteTarget, name: str) -> None:
        self._target = target
        self._name = name
        self._number = number_of(target)
        host: Host = object.__getattribute__(target, "_host")
        self._use = host.use

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._use(DO, self._number, self._name, args, kwargs)

    def _cap_described(self) -> tuple[str, str]:
        host: Host = object.__getattribute__(self._target, "_host")
        parameters, meaning = host.ask("described", number_of(self._target), self._name)
        return parameters, meaning


class RemoteCapability(Exposed):
    """A capability of the host's, as the membrane on this side takes it.

    reads: what of it changes nothing. facets: what of the library it fills in.
    """

    def __init__(
        self, target: RemoteTarget, methods: list[str], read: list[str], write: list[str],
        reads: list[str], facets: list[str],
    ) -> None:  # fmt: skip
        super().__init__(target, frozenset(methods), frozenset(read), frozenset(write))
        self._cap_remote = True
        declare(EXPOSABLE.intersection(methods))
        self._reads = frozenset(reads)
        self._cap_facets = tuple(facets)

    def _cap_interface(self) -> Interface:
        return dataclasses.replace(super()._cap_interface(), reads=self._reads)

    def _cap_readonly(self) -> Capability | None:
        # Names alone do not say it: a directory's `open` reads, and empties what it opens to write.
        host: Host = object.__getattribute__(self._cap_target, "_host")
        less: Capability | None = host.ask("readonly", number_of(self._cap_target))  # type: ignore[arg-type]
        return less


class RemoteRecord(Record):
    """A dataclass that the host has registered. Its class here has the fields and nothing else; what
    checks an instance is the host's, where it arrives."""

    __slots__ = ("number",)

    def __init__(
        self, number: int, name: str, names: list[str], source: str, values: dict[str, Any]
    ) -> None:
        self.number = number
        self.kind = type(name, (), {"__slots__": tuple(names)})
        self.names = tuple(names)
        self.source, self.values = source, values
        enter_record(self)

    def fill(self, made: Any, values: list[Any], value: Any, where: str) -> None:
        for name, field in zip(self.names, values, strict=True):
            object.__setattr__(made, name, field)


class WorkerMembrane(Membrane):
    """The membrane of a guest in a worker: errors of capabilities come mapped from the host."""

    __slots__ = ()

    def use_of(
        self, path: str, perform: Callable[..., Any], method: Any, checker: Checker | None
    ) -> Invoke:
        if World.host is None or not World.host.told:
            return super().use_of(path, perform, method, checker)
        return partial(self.use, path, perform, method)

    def use(
        self, path: str, perform: Callable[..., Any], function: Any,
        args: tuple[Any, ...], kwargs: dict[str, Any],
    ) -> Any:  # fmt: skip
        if World.host is not None and World.host.told:
            World.host.place = self._where()
        return super().use(path, perform, function, args, kwargs)

    def _mapped(
        self, problem: BaseException, path: str, function: Any, args: tuple[Any, ...]
    ) -> BaseException:
        if type(problem) is _Mapped:
            return problem.error
        return super()._mapped(problem, path, function, args)


class WorkerTurn(AwaitingTurn):
    """A turn that awaits, driven by messages instead of an event loop."""

    async def _wait(self, awaitable: Any) -> Any:
        if type(awaitable) is CoroutineType:
            awaitable.close()  # `asyncio.sleep(0)`: the host's loop does that
            return await _Token(None)
        return await awaitable  # an answer of the host's, under whatever attenuators

    def _flying(self, course: Course) -> Flying:
        return _WorkerFlying(self, course)


class CancelledError(BaseException):
    """As that of `asyncio`, which a worker does not load."""


class _WorkerFlying(Flying):
    """As in the host; the host waits, and each answer passes what is over it on this side."""

    async def next(self, coroutine: Any, asked: Any) -> Callable[[], Any]:
        calls = self._calls(asked)
        if calls is None:
            return partial(coroutine.throw, RuntimeError(_NOT_TO_WAIT_FOR))
        tasks = self._tasks
        await self._let_go([call for call in tasks if call not in calls])
        came: list[tuple[int, Call, Any, BaseException | None]] = []
        for i, call in enumerate(calls):
            if call not in tasks:
                call.awaited = True
                steps = self._course.waits(call).__await__()
                self._advance(i, call, steps, partial(steps.send, None), came)
        if not came:
            numbers = [tasks[call][1] for call in calls]
            for i, failed, value in await _Token([asked[0], numbers]):
                call = calls[i]
                steps = tasks[call][0]
                step = partial(steps.throw if failed else steps.send, value)
                self._advance(i, call, steps, step, came)
        return self._goes_on(coroutine, came, len(calls))

    def _advance(
        self, i: int, call: Call, steps: Any, step: Callable[[], Any],
        came: list[tuple[int, Call, Any, BaseException | None]],
    ) -> None:  # fmt: skip
        """Let an answer go on, to its end or to what of the host's it waits for next."""
        self._tasks.pop(call, None)
        try:
            self._tasks[call] = steps, step().call
        except StopIteration as ended:
            came.append((i, call, ended.value, None))
        except BaseException as error:
            came.append((i, call, None, error))

    def cancel(self) -> None:
        for steps, _ in self._tasks.values():
            steps.close()
        self._tasks.clear()

    async def _let_go(self, calls: list[Call]) -> None:
        for call in calls:
            steps, _ = self._tasks.pop(call)
            # What is over it, such as a log of the guest's, sees what it would see in the host.
            with contextlib.suppress(BaseException):
                steps.throw(CancelledError())
            steps.close()
            self._turn.compartment._membrane.outlived(call, GeneratorExit())


class World(Compartment):
    """The guest's compartment in a worker."""

    host: Host | None = None

    def _make_membrane(self, on_use: Any) -> Membrane:
        return WorkerMembrane(self, on_use)

    def _begin(self, spent: float, turn: AwaitingTurn | None, parent: Any) -> None:
        super()._begin(spent, turn, parent)
        host = self.host
        if host is not None and host.wished and self is host.world and not host.beginning:
            host.wished = False
            self._realm.meter.stop("steps", 0, 0)

    def _compile_module(self, text: str | bytes, filename: str, asker: int) -> CodeType:
        if asker != LIBRARY or self.host is None:
            return super()._compile_module(text, filename, asker)
        code = self.host.library_code(filename, self._optimize, text)
        if code is None:
            return super()._compile_module(text, filename, asker)
        lines = source_lines(decoded(text, filename))
        self._sources[programs.serial_of(code)] = self._lines[programs.shown_filename(code)] = lines
        return code

    def _attempt(self, run: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        def bounded() -> Any:
            try:
                return run()
            except MemoryError as error:
                limit = self._limits.memory
                if limit is None or raised_by_guest(self._realm, error):
                    raise
                meter = self._realm.meter
                # The kernel gave no more.
                raise meter.stop("memory", limit, max(limit, meter.peak)) from None

        return super()._attempt(bounded)


def blank() -> World:
    """A compartment of default limits, made ahead of time: making one is what takes longest."""
    return World()


class Drive:
    """Something of the guest's that awaits, on its way."""

    __slots__ = ("finish", "steps", "whole")

    def __init__(self, steps: Any, finish: Callable[[Any], Any], whole: bool) -> None:
        self.steps = steps
        self.finish = finish
        self.whole = whole  # whether the turn ends with it


class Host:
    """The host, as its worker sees it: serves its requests and asks it for things."""

    def __init__(self, channel: WorkerChannel, world: World | None) -> None:
        self.channel = channel
        self.ready = world
        self.world: World | None = None
        self.limits = Limits()
        self.kept = Table()
        self.released: Released = deque()
        self.given_back: Any = []
        self.targets: WeakValueDictionary[int, RemoteTarget] = WeakValueDictionary()
        self.capabilities: WeakValueDictionary[int, RemoteCapability] = WeakValueDictionary()
        self.drives: dict[int, Drive] = {}
        self.turn: WorkerTurn | None = None
        self.serial = 0
        #: Whether the first grants are being made, and the requests that came meanwhile.
        self.beginning = False
        self.waiting: deque[list[Any]] = deque()
        self.codes: dict[tuple[str, bool, int], Any] = {}
        self.programs: dict[int, Program] = {}
        self.records: dict[int, RemoteRecord] = {}
        self.token: Any = None
        #: Whether the host wants to know the places of uses, and that of the latest.
        self.told = False
        self.place: tuple[str, int] = ("", 0)
        #: Whether the host wants the turn to end that its worker has not come to yet.
        self.wished = False
        self.operations: dict[int, Callable[..., Any]] = {
            INIT: self.init, EXEC: self.exec, EVAL: self.eval, CALL: self.call,
            CALL_OBJECT: self.call_object, READ_OBJECT: self.read_object,
            STORE_OBJECT: self.store_object, GRANT: self.grant, NAME: self.name, START: self.start,
            RESUME: self.resume, CLOSE: self.close, END: self.end, FORGET: self.forget,
        }  # fmt: skip

    # Serving

    def serve(self) -> None:
        """Serve the host until it closes its end."""
        while True:
            self.handle(self.waiting.popleft() if self.waiting else self.channel.receive())

    def handle(self, message: list[Any]) -> None:
        """Carry out one request and answer it."""
        kind, serial, given_back, *parts = message
        self.let_go(given_back)
        failed = False
        try:
            payload = self.operations[kind](*parts)
        except (Gone, WireError):
            raise
        except BaseException as error:
            limit = self.limits.memory
            if isinstance(error, MemoryError) and limit is not None:
                error = LimitExceeded("memory", limit, limit)  # the kernel gave no more
            failed, payload = True, self.out(fault_of(error))
        if failed or kind != INIT:
            self.reply(serial, failed, payload)

    def let_go(self, given_back: Any) -> None:
        """Note what the host has let go of. It counts from the next message on: what came with this one
        may name it once more."""
        if self.given_back:
            self.kept.release(self.given_back)
        self.given_back = given_back

    def reply(self, serial: int, failed: bool, payload: Any) -> None:
        world = self.world
        output, used = ("", (0, 0.0, 0, 0)) if world is None else (world.output, world._used)
        steps, memory = used[0], used[2]
        if steps > _MOST_SENT or memory > _MOST_SENT:
            steps, memory = _sent(steps), _sent(memory)
        try:
            released = told(self.released) if self.released else _NOTHING
            self.channel.send([REPLY, serial, released, failed, payload, output, steps, memory])
        except TooLarge as error:
            problem = CapabilityError(f"the guest's value cannot be copied out: {error}")
            self.channel.send([REPLY, serial, [], True, self.out(fault_of(problem)), "", steps, memory])

    def cancelled(self, *_signal: object) -> None:
        """The host wants the turn to end. Called between two instructions of whatever runs."""
        world = self.world
        if world is not None and world._realm.meter.live:
            world._realm.meter.stop("steps", 0, 0)
        else:
            self.wished = True

    def forget(self) -> None:
        """The turn is over that the host wanted to end: the next one is another."""
        self.wished = False

    # Asking

    def use(
        self, operation: int, number: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Let the host carry out one use of a capability. Called by the membrane, in a turn."""
        # That of the guest that asks: it may be a child, called from outside, with no turn around it.
        meter = turns.meter
        assert meter is not None  # noqa: S101 - a guest runs
        left = meter.most
        message = [USE, 0, _NOTHING, operation, number, name, pack(args, self._leaf, self._fields_of),
                   self.out(kwargs) if kwargs else _NO_KEYWORDS,
                   left if left < _MOST_SENT else _MOST_SENT]  # fmt: skip
        if self.told:
            message.append(list(self.place))
        try:
            answer = self.request(message)
        except TooLarge as error:
            raise _Mapped(ValueError(f"a value cannot cross: {error}")) from None
        outcome, tree, spent = answer
        meter.charge(spent)
        if outcome == GIVEN:
            return tree if type(tree) in _SIMPLE else self.into(tree)
        if outcome == LATER:
            return RemoteAwaitable(tree)
        if outcome == STOPPED:
            raise meter.stop_all("steps", 0, meter.used)
        raise _Mapped(from_guest(self.into(tree)))

    def ask(self, what: str, *parts: Any) -> Any:
        """Something that the host knows and no guest may be kept from: modules."""
        return self.into(self.request([ASK, 0, _NOTHING, what, self.out(parts)])[0])

    def request(self, message: list[Any]) -> list[Any]:
        """Ask the host, and serve it until it answers: the parts of that. message: without a serial, and
        without what has been let go of."""
        self.serial = serial = self.serial + 1
        message[1] = serial
        if self.released:
            message[2] = told(self.released)
        channel = self.channel
        channel.send(message)
        while True:
            message = channel.receive()
            if message[0] == ANSWER and message[1] == serial:
                if message[2] or self.given_back:
                    self.let_go(message[2])
                return message[3:]
            if self.beginning:
                # The host sends its first request behind the grants; it is no call back into a turn.
                self.waiting.append(message)
            else:
                self.handle(message)

    def library_code(self, filename: str, optimize: bool, text: str | bytes) -> CodeType | None:
        """Compiled library code, from the host."""
        # By size too: the library's own engine has an empty module of the name of a full one.
        key = (filename, optimize, len(text))
        if key not in self.codes:
            data, known = self.ask("code", filename, optimize, len(text)) or (None, 0)
            # From the host, which compiled it from the interpreter's own files.
            usable = known == names_known()
            self.codes[key] = programs.loaded_code(data) if data is not None and usable else None
        code: CodeType | None = self.codes[key]
        return code

    # Values

    def out(self, value: Any) -> Any:
        """The tree of a value that the membrane has let out."""
        return pack(value, self._leaf, self._fields_of)

    def _fields_of(self, value: Any) -> Any:
        record = record_of(type(value))
        if type(record) is not RemoteRecord:
            return None
        return record.number, record.read(value, "")

    def record(self, number: int) -> RemoteRecord:
        """A dataclass that the host has registered, by its number."""
        found = self.records.get(number)
        if found is None:
            found = self.records[number] = RemoteRecord(number, *self.ask("record", number))
        return found

    def _kind(self, number: int) -> Any:
        record = self.record(number)
        return record.kind, len(record.names), lambda made, fields: record.fill(made, fields, made, "")

    def _leaf(self, value: Any) -> Any:
        if type(value) is RemoteCapability:
            return [CAP, number_of(value._cap_target)]  # type: ignore[arg-type]
        if type(value) is RemoteMethod:
            return [METHOD, number_of(value._target), value._name]
        if type(value) is RemoteAwaitable:
            return [PENDING, value.number]
        record = record_of(value)
        if type(record) is RemoteRecord:
            return [KIND, record.number]
        if isinstance(value, Answer):
            value = self.awaited_here(value)
        if isinstance(value, Handle):
            what, name = described(value)
            offered = offered_by(value)
            awaitable = type(value) is AwaitableHandle
            return [OBJECT, self.kept.send(value), what, name, awaitable, _offers(offered)]
        if isinstance(value, (Capability, HostCallable)):
            # One that was made less of here: to the host, an object of the guest's with these methods.
            membrane = self.here._membrane
            held = membrane.handle(membrane.reference(value, "attenuated"))
            awaitable = isinstance(value, AwaitableCallback)
            return [OBJECT, self.kept.send(held), "capability", "", awaitable, _offers(value)]
        raise WireError(f"a {type(value).__name__} is no value")

    def awaited_here(self, answer: Answer) -> Handle:
        """What the host awaits an answer of its own by, where there is a policy of this side over it."""
        assert self.turn is not None  # noqa: S101 - no other turn is given what answers later
        call = Call(answer, "answer", _ON_ITS_WAY, (), {}, 0.0, 0.0, True)
        self.turn.note(call)
        return self.here._membrane.handle(make_pending(call))

    def into(self, tree: Any) -> Any:
        """The value of a tree from the host."""
        return unpack(tree, self._known, self._kind)

    def _known(self, leaf: Any) -> Any:
        if leaf[0] == OBJECT:
            held = self.kept.get(leaf[1])
            own = object_of(held)
            # What was made less of here comes home as it is: a policy over it is not to be seen past.
            return use_of(own).home if issubclass(type(own), Reference) else held
        if leaf[0] == KIND:
            return self.record(leaf[1]).kind
        _, number, methods, read, write, reads, facets = leaf
        target = self.targets.get(number)
        if target is None:
            target = self.targets[number] = RemoteTarget(self, number, methods, read)
        else:
            received = object.__getattribute__(target, "_received")
            object.__setattr__(target, "_received", received + 1)
        cap = self.capabilities.get(number)
        if cap is None:
            cap = RemoteCapability(target, methods, read, write, reads, facets)
            self.capabilities[number] = cap
        return cap

    # Requests

    def init(self, limits: list[Any], imports: Any, grants: Any, told: bool) -> None:
        self.told = told
        wanted = Limits(*self.into(limits))
        found = self._imports(imports)
        world = self.ready
        if world is None or wanted.depth != world._limits.depth:
            world = World(limits=wanted, imports=found)
        else:
            world._limits = wanted
            if found is not None:
                world._imports = world._importer.imports = found
        self.limits = wanted
        World.host = self  # the guest's own children ask the same host
        self.world, self.ready = world, None
        self.beginning = True
        try:
            for name, tree in grants:
                world.grant(name, self.into(tree))
        finally:
            self.beginning = False

    def _imports(self, plan: Any) -> Imports | None:
        if plan is None:
            return None
        return from_plan(self.into(plan), lambda number: RemoteSource(self, number))

    def program(self, tree: Any) -> Any:
        """The program of a request: text, what the host has compiled, or the number of that."""
        if type(tree) is int:
            return self.programs[tree]
        if type(tree) is not dict:
            return self.into(tree)
        ((number, data),) = tree.items()
        source, mode, filename, optimize, names, imports, digest, code, known = self.into(unpacked(data))
        if code is None or known != names_known():
            # Compiled where other names need a guard than here.
            made = programs.cap_compile(source, mode=mode, filename=filename, optimize=optimize)
        else:
            loaded = programs.loaded_code(code)
            made = Program(source, mode, filename, optimize, names, imports, digest, loaded)
        if number:
            self.programs[number] = made
            while next(iter(self.programs)) <= number - KEPT_PROGRAMS:
                del self.programs[next(iter(self.programs))]
        return made

    @property
    def here(self) -> World:
        world = self.world
        if world is None:
            raise WireError("a request before the first")
        return world

    def limited(self, budget: Any) -> World:
        """The compartment, with what this turn may spend where that is less than its limits say."""
        world = self.here
        if not world._realm.meter.live and self.turn is None:
            world._limits = self.limits
            if budget is not None:
                steps, seconds = self.into(budget)
                world._limits = replace(self.limits, steps=steps, seconds=seconds)
        return world

    def exec(self, program: Any, filename: Any, optimize: bool, once: bool, budget: Any) -> Any:
        world = self.limited(budget)
        names = world.exec(self.program(program), filename=self.into(filename), optimize=optimize)
        return self.namespace(names, once)

    def namespace(self, names: Any, once: bool) -> Any:
        """What the host gets of a namespace: all of it where it is data and wanted at once."""
        raw = {**names._raw}
        if once:
            try:
                data = [self.data(v) for v in raw.values()]
                return [0, self.out(list(raw)), data, self.data(names._raw_value), True]
            except _NoData:
                pass
        # A value that is the same however late it is asked for goes along.
        value = names._raw_value
        now = type(value) in _SIMPLE
        return [self.kept.send(names), self.out(list(raw)), None, self.out(value) if now else None, now]

    def arguments(self, args: list[Any], kwargs: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple([self.into(a) for a in args]), {self.into(k): self.into(v) for k, v in kwargs}

    def data(self, value: Any) -> Any:
        """The tree of a value that is data, or `_NoData`: as are instances of registered dataclasses,
        which run code of the host's as they arrive, and so go over when they are asked for."""
        if type(value) in _SIMPLE:
            return self.out(value)
        try:
            return pack(self.here._membrane.to_host(value), _refuse)
        except Exception:
            raise _NoData from None

    def eval(self, program: Any, filename: Any, optimize: bool, budget: Any) -> Any:
        world = self.limited(budget)
        name = filename if type(filename) is str else self.into(filename)
        return self.out(world.eval(self.program(program), filename=name, optimize=optimize))

    def call(self, name: Any, args: Any, kwargs: Any, budget: Any) -> Any:
        world = self.limited(budget)
        given, named = self.arguments(args, kwargs)
        return self.out(world.call(self.into(name), *given, **named))

    def call_object(self, number: int, args: Any, kwargs: Any, budget: Any) -> Any:
        self.limited(budget)
        given, named = self.arguments(args, kwargs)
        return self.out(self.kept.get(number)(*given, **named))

    def read_object(self, number: int, name: Any, budget: Any) -> Any:
        self.limited(budget)
        handle, wanted = self.kept.get(number), self.into(name)
        if type(handle) is not Handle and type(handle) is not AwaitableHandle:
            return self.out(getattr(handle, wanted))
        owner, obj = owner_of(handle), object_of(handle)
        if wanted == "__iter__":
            return self.out(owner._iterate_object(obj))
        return self.out(owner._read_object(obj, wanted))

    def store_object(self, number: int, name: Any, value: Any, budget: Any) -> None:
        self.limited(budget)
        handle = self.kept.get(number)
        owner_of(handle)._store_object(object_of(handle), self.into(name), self.into(value))

    def grant(self, name: Any, value: Any) -> None:
        self.here.grant(self.into(name), self.into(value))

    def name(self, number: int, name: Any) -> Any:
        names = self.kept.get(number)
        wanted = self.into(name)
        return self.out(names.value if wanted == "" else names[wanted])

    # Turns that await

    def start(self, number: int, first: bool, kind: str, parts: Any, budget: Any) -> Any:
        world = self.limited(budget)
        spent = 0.0
        start: Callable[[], Any]
        finish: Callable[[Any], Any] = partial(self._finish, kind, None)
        if kind in ("exec", "eval"):
            tree, filename, optimize = parts
            program, spent = world._compiled(
                self.program(tree), "exec" if kind == "exec" else "eval", self.into(filename), optimize,
                awaits=True,
            )  # fmt: skip
            start = partial(self._begin_program, world, program)
        elif kind == "call":
            call = world._calling(world._named(self.into(parts[0])), *self.arguments(*parts[1:]))
            start = partial(_called, world, call)
        else:
            obj = object_of(self.kept.get(parts[0]))
            lent = use_of(obj).cap if issubclass(type(obj), Reference) else None
            if isinstance(lent, AwaitableCallback):
                own = next((o for o in lent._cap_lent_as() if isinstance(o, Handle)), None)
                obj = None if own is None else object_of(own)
                finish = partial(self._finish, kind, lent)
            start = partial(to_await, world._realm, obj)
        if first or self.turn is None:
            self.turn = WorkerTurn(world)
            self.token = _inside.set((self.turn,))
            world._lock.acquire()
            world._begin(spent, self.turn, None)
        handed = world._handed if kind == "await" else lambda value: value
        drive = self.drives[number] = Drive(self.turn.drive(start, handed), finish, first)
        return self.step(number, drive, partial(drive.steps.send, None))

    @staticmethod
    def _begin_program(world: World, program: Program) -> Any:
        world._remember(program)
        # As `Compartment._run_awaiting` has it.
        made = eval(world._realm.ready(program.code), world._globals)  # noqa: S307
        return None if made is None else Started(made)

    def _finish(self, kind: str, lent: AwaitableCallback | None, value: Any) -> Any:
        world = self.here
        if kind == "exec":
            return self.namespace(world._namespace(world._globals.pop(VALUE, None)), False)
        if kind == "eval":
            value = world._globals.pop(VALUE, None)
        given = value if kind == "await" else world._membrane.give(value)
        return self.out(given if lent is None else lent._passed(given))

    def step(self, number: int, drive: Drive, go_on: Callable[[], Any]) -> Any:
        """How far a drive comes: [True, what it waits for, steps that are left], or [False, its
        result]."""
        try:
            waits_for = go_on()
        except StopIteration as ended:
            del self.drives[number]
            self.settle(drive)
            return [False, drive.finish(ended.value)]
        except BaseException:
            self.drives.pop(number, None)
            self.settle(drive)
            raise
        return [True, waits_for.call, _sent(self.here._realm.meter.left)]

    def settle(self, drive: Drive) -> None:
        """At the end of a turn, as long as its guest can run and ask the host."""
        if drive.whole and self.turn is not None:
            self.turn.settle()

    def resume(self, number: int, thrown: bool | None, value: Any, spent: int) -> Any:
        drive = self.drives[number]
        # What ran meanwhile on this guest's behalf; it was no more than there was.
        meter = self.here._realm.meter
        meter.left = max(0, meter.left - spent)
        if thrown is None:
            answers = [
                (i, failed, _Mapped(from_guest(self.into(v))) if failed else self.into(v))
                for i, failed, v in value
            ]
            return self.step(number, drive, partial(drive.steps.send, answers))
        if thrown:
            problem = _Mapped(from_guest(self.into(value)))
            return self.step(number, drive, partial(drive.steps.throw, problem))
        return self.step(number, drive, partial(drive.steps.send, self.into(value)))

    def close(self, number: int, stopped: bool) -> None:
        drive = self.drives.pop(number, None)
        if stopped:
            self.here._realm.meter.stop("steps", 0, 0)
        if drive is not None:
            drive.steps.close()

    def end(self) -> None:
        turn, self.turn = self.turn, None
        if turn is None:
            return
        turn.end()
        _inside.reset(self.token)
        problem = self.here._end()
        if problem is not None:
            raise problem


def _offers(cap: Any) -> list[list[str]] | None:
    """What a capability of this side offers another guest, as the host is told; None for nothing."""
    if cap is None:
        return None
    interface = interface_of(cap)
    offers = (interface.methods, interface.read, interface.write, interface.reads)
    return [*map(sorted, offers)]


def _called(world: World, call: Callable[[], Any]) -> Any:
    return to_await(world._realm, call())


class RemoteSource:
    """A source of modules that the host has."""

    __slots__ = ("host", "known", "number")

    def __init__(self, host: Host, number: int) -> None:
        self.host = host
        self.number = number
        self.known: dict[str, Any] = {}

    def find(self, name: str) -> ModuleText | None:
        if name not in self.known:
            self.known[name] = self.host.ask("module", self.number, name)
        found = self.known[name]
        if found is None:
            return None
        if type(found) is str:
            raise ImportError(found, name=name)
        text, filename, package, asker = found
        return ModuleText(text, filename, package, asker)

    def data(self, path: str) -> bytes | None:
        found: bytes | None = self.host.ask("data", self.number, path)
        return found

    def names(self) -> frozenset[str]:
        found: frozenset[str] = self.host.ask("names", self.number)
        return found


class _NoData(Exception):
    """A value that is not data all through."""


_SIMPLE: Final = frozenset({type(None), bool, int, float, str, bytes})


def _refuse(_value: Any) -> Any:
    raise _NoData


#: What has been let go of, and the tree of keywords, where there are none.
_NOTHING: Final[list[int]] = []
_NO_KEYWORDS: Final = pack({}, _refuse)


#: Steps and bytes, at most, as they are told.
_MOST_SENT: Final = 2**62


def _sent(number: int) -> int:
    return min(number, _MOST_SENT)


class _Early:
    """Whether the host wanted a turn to end before this worker served it."""

    heard = False


_early: Final = _Early()


def hear_early() -> None:
    """Take the wish to end a turn from now on, and keep it until somebody serves the host."""

    def heard(*_signal: object) -> None:
        _early.heard = True

    signal.signal(signal.SIGUSR1, heard)


def serve(channel: WorkerChannel, world: World | None) -> None:
    """Serve one host, until it goes."""
    host = Host(channel, world)
    signal.signal(signal.SIGUSR1, host.cancelled)
    if _early.heard:
        host.wished = True
    try:
        host.serve()
    except Gone:
        return


class _NoChannel(WorkerChannel):
    """A connection to nobody: what is sent is made and dropped."""

    __slots__ = ()

    def __init__(self) -> None:
        self.limit = MAX_FRAME
        self._buffer = bytearray()
        self._held = b""

    def _write(self, frame: bytes) -> None:
        """Nowhere."""


def rehearsed() -> bytes:
    """The requests of a host that runs a little program in a fresh compartment, as frames."""
    program = programs.cap_compile("def f(x):\n    return [x]\nprint(f(1))", filename="<warm>")
    limits = Limits()
    given = [limits.steps, limits.seconds, limits.memory, limits.output, limits.depth]
    frames = bytearray()
    for message in (
        [INIT, 1, [], pack(given, _refuse), None, [], False],
        [EXEC, 2, [], {1: packed_program(program)}, "<warm>", True, True, None],
    ):
        data = packed(message)
        frames += len(data).to_bytes(4, "little") + data
    return bytes(frames)


def rehearse(world: World, requests: bytes) -> None:
    """Carry out `rehearsed` requests in a world that no guest is given, and forget them."""
    channel = _NoChannel()
    host = Host(channel, world)
    channel._buffer += requests
    while (message := channel.taken()) is not None:
        host.handle(message[0])
    World.host = None
