"""The host's side of a compartment whose guest runs in a worker: the same calls, over a connection.

Stops: a worker that has been taken over, which answers late, twice, out of turn, with lies about what
was spent, or not at all. Whatever it sends that a worker of ours would not send ends it, and the host
gets a `WorkerDied`.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from capcompiler.awaiting import AwaitingTurn, Started, run_awaiting
from capcompiler.compartment import Compartment, Isolation, _check_name, _HostProblem
from capcompiler.errors import CapabilityError, CapError, LimitExceeded
from capcompiler.imports import Imports, numbered, plan_of
from capcompiler.isolation.channel import Gone, Silent, TooLarge
from capcompiler.isolation.code import packed_program
from capcompiler.isolation.door import Door, Packed
from capcompiler.isolation.faults import WorkerDied, from_fault, guest_fault
from capcompiler.isolation.handles import told
from capcompiler.isolation.launch import Worker
from capcompiler.isolation.messages import (
    ANSWER,
    ASK,
    CALL,
    CALL_OBJECT,
    CLOSE,
    END,
    EVAL,
    EXEC,
    FORGET,
    GRANT,
    INIT,
    KEPT_PROGRAMS,
    NAME,
    READ_OBJECT,
    REPLY,
    RESUME,
    START,
    STORE_OBJECT,
    USE,
)
from capcompiler.isolation.wire import WireError, is_itself, pack, packed
from capcompiler.limits import Limits
from capcompiler.membrane.capability import facets_of
from capcompiler.membrane.data import CrossingError
from capcompiler.membrane.exceptions import printable
from capcompiler.membrane.membrane import Use, refused_argument, refused_grant
from capcompiler.namespace import Namespace
from capcompiler.program import Program, module_program, portable_code
from capcompiler.standard import ModuleText, library_text
from capcompiler.tripwire import turns
from guards.decimal_context import Arithmetic
from guards.meter import Meter, Stop
from guards.realm import Realm
from guards.tables.rows import names_known

if TYPE_CHECKING:
    from capcompiler.isolation.pool import Pool

__all__ = ["ProcessCompartment"]

#: How long after its time a turn may go on before its worker is killed: its own clock comes first.
GRACE: Final = 0.03
#: How long a worker that was asked to stop may take, and one that is asked for a name outside a turn.
CANCEL_SECONDS: Final = 1.0
ASIDE_SECONDS: Final = 10.0
#: Bytes of answers that go together in one message, which is far less than one may have.
_TOGETHER: Final = 2**20
#: What a side has let go of that has let go of nothing.
_NOTHING: Final[list[int]] = []


class _EmptyRealm(Realm):
    """The realm of a guest that is elsewhere. Its meter is the host's own view of the turn; all the rest
    is made only where something asks for it, since most of a compartment's time is its beginning."""

    __slots__ = ()

    def __init__(self) -> None:
        self.meter = Meter()
        self.arithmetic = Arithmetic()

    def __getattr__(self, name: str) -> Any:
        # A slot that is not filled.
        if name not in Realm.__slots__:
            raise AttributeError(name)
        super().__init__(self.meter, self.arithmetic)
        return object.__getattribute__(self, name)


class ProcessCompartment(Compartment):
    """A compartment in a worker process of `pool`; everything else is as in `Compartment`."""

    isolation = "process"

    def __init__(
        self,
        caps: Mapping[str, Any] | None = None,
        *,
        imports: Imports | None = None,
        limits: Limits | None = None,
        isolation: Isolation = "process",
        on_use: Callable[[Use], None] | None = None,
        pool: Pool | None = None,
    ) -> None:
        self._begin_unused(limits, imports)
        if pool is None:
            from capcompiler.isolation.pool import default_pool

            pool = default_pool()
        self._pool = pool
        self._realm = _EmptyRealm()
        self._door = self._membrane = Door(self, on_use)
        self._plan: list[Any] | None = None
        self._sources_of: list[Any] = []
        if imports is not None:
            self._plan, _ = plan_of(imports)
            self._sources_of = numbered(imports)
        self._first: dict[str, Any] = {}
        self._given_back: Any = []
        #: By identity: the programs that its worker has, and their numbers; the newest last.
        self._programs: dict[int, tuple[int, Program]] = {}
        self._numbered = 0
        self._lazies: weakref.WeakSet[_Lazily] = weakref.WeakSet()
        self._worker: Worker | None = None
        self._dead: str | None = None
        self._serial = self._drives = self._starting = 0
        self._told = (0, 0)  # steps and bytes, as the worker says
        self._outer: AwaitingTurn | None = None
        self._left = 0
        self._cancelled = 0.0
        self._interrupted = False  # whether its worker may still end a turn that was cancelled
        self._aside_ends = 0.0
        self._closes: float | None = None
        self._filename = "<guest>"
        self._grant_all(caps)

    # The host's side

    def grant(self, name: str, cap: Any) -> None:
        """Give the guest one more name. Raises `CapabilityError` as the constructor does."""
        _check_name(name)
        try:
            tree = self._door.to_guest(cap, name)
        except CrossingError as error:
            problem = refused_grant(name, error)
        else:
            self._note_clock(cap, facets_of(cap))
            if self._worker is None:
                self._first[name] = tree
            else:
                self._beside(lambda: self._exchange(GRANT, self._out(name), tree))
            return
        raise problem

    def exec(self, src: str | bytes | Program, *, filename: str = "<guest>",
             optimize: bool = True) -> Namespace:  # fmt: skip
        """Run statements in this world. Gives the names that are there afterwards."""
        program = self._program(src, "exec", filename)
        once = self._once
        payload = self._turn(lambda: self._run_there(
            EXEC, program, self._out(filename), bool(optimize), once, self._budget()
        ))  # fmt: skip
        return self._names(payload)

    def eval(self, src: str | bytes | Program, *, filename: str = "<guest>",
             optimize: bool = True) -> Any:  # fmt: skip
        """The value of one expression in this world."""
        program = self._program(src, "eval", filename)
        return self._turn(lambda: self._value(
            self._run_there(EVAL, program, self._out(filename), bool(optimize), self._budget())
        ))  # fmt: skip

    def _run_there(self, kind: int, program: Any, *parts: Any) -> Any:
        """Run a program; one that its worker was sent before goes as its number."""
        if type(program) is not Program:
            return self._exchange(kind, program, *parts)
        known, _ = self._programs.get(id(program), (0, None))
        if known and known > self._numbered - KEPT_PROGRAMS:
            return self._exchange(kind, known, *parts)
        self._numbered += 1
        self._programs.pop(id(program), None)
        self._programs[id(program)] = self._numbered, program
        if len(self._programs) > KEPT_PROGRAMS:
            del self._programs[next(iter(self._programs))]
        try:
            return self._exchange(kind, {self._numbered: packed_program(program)}, *parts)
        except BaseException:
            self._programs.pop(id(program), None)  # it may not have come so far
            raise

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the guest by its top-level name, with a fresh budget."""
        if type(name) is not str:
            raise CapabilityError(f"the guest has no top-level name {name!r}")
        return self._turn(lambda: self._value(
            self._exchange(CALL, self._out(name), *self._arguments(args, kwargs), self._budget())
        ))  # fmt: skip

    async def exec_async(self, src: str | bytes | Program, *, filename: str = "<guest>",
                         optimize: bool = True) -> Namespace:  # fmt: skip
        """`exec` for statements that may await, at their top level too, on the running event loop."""
        parts = [self._tree_of(src, "exec", filename), self._out(filename), bool(optimize)]
        return self._names(await self._driven("exec", lambda: parts))

    async def eval_async(self, src: str | bytes | Program, *, filename: str = "<guest>",
                         optimize: bool = True) -> Any:  # fmt: skip
        """The value of one expression that may await."""
        parts = [self._tree_of(src, "eval", filename), self._out(filename), bool(optimize)]
        return self._value(await self._driven("eval", lambda: parts))

    async def call_async(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the guest, and wait for what it gives where that is awaitable."""
        if type(name) is not str:
            raise CapabilityError(f"the guest has no top-level name {name!r}")

        def parts() -> list[Any]:
            return [self._out(name), *self._arguments(args, kwargs)]

        return self._value(await self._driven("call", parts))

    def cancel(self, reason: str = "cancelled") -> None:
        """Stop the turn under way, from any thread or task; it ends in `CapabilityError`."""
        with self._ending:
            if self._realm.meter.live or self._awaiting is not None:
                self._cancelled = time.monotonic()
                super().cancel(reason)
                worker = self._worker
                if worker is not None and self._thread is not None:
                    self._interrupted = True
                    worker.interrupt()

    def close(self) -> None:
        """End this world: every later use of it, or of a handle from it, is refused."""
        if not self._closed and self._worker is not None and self._thread is None:
            # All of it in the time of one question: a worker could take that long for each name.
            self._closes = time.monotonic() + ASIDE_SECONDS
            for names in list(self._lazies):
                names.fill()
        super().close()
        if self._thread is None and self._awaiting is None:
            self._let_go()

    # What handles ask for

    def _call_object(self, obj: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._turn(lambda: self._value(
            self._exchange(CALL_OBJECT, obj.number, *self._arguments(args, kwargs), self._budget())
        ))  # fmt: skip

    def _read_object(self, obj: Any, name: str) -> Any:
        return self._turn(lambda: self._value(
            self._exchange(READ_OBJECT, obj.number, self._out(name), self._budget())
        ))  # fmt: skip

    def _iterate_object(self, obj: Any) -> Any:
        return self._read_object(obj, "__iter__")  # its worker does the rest

    def _store_object(self, obj: Any, name: str, value: Any) -> None:
        def run() -> None:
            (tree,) = self._arguments((value,), {})[0]
            self._exchange(STORE_OBJECT, obj.number, self._out(name), tree, self._budget())

        self._turn(run)

    async def _await_object(self, obj: Any) -> Any:
        return self._value(await self._driven("await", lambda: [obj.number], obj))

    # Values

    def _out(self, value: Any) -> Any:
        return value if is_itself(value) else pack(value, _no_leaf)

    def _value(self, tree: Any) -> Any:
        if is_itself(tree):
            return tree
        return self._guarded(lambda: self._door.from_guest(tree))

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        given: list[Any] = []
        named: list[Any] = []
        at: int | str = 1
        try:
            for a in args:
                at = len(given) + 1
                given.append(self._door.to_guest(a, "argument"))
            for at, v in kwargs.items():
                named.append([self._out(at), self._door.to_guest(v, at)])
        except CrossingError as error:
            problem = refused_argument(at, error)
        else:
            return [given, named]
        raise _HostProblem(problem)

    def _program(self, src: Any, mode: str, filename: Any) -> Any:
        """A program as it is asked for: the tree of a text, which is compiled in the worker, or a
        `Program`, which is compiled already."""
        if not isinstance(filename, str):
            raise TypeError(f"filename: wanted str, got {type(filename).__name__}")
        self._filename = filename
        if isinstance(src, Program):
            if src.mode != mode:
                raise ValueError(f"the program was compiled for {src.mode!r}, not {mode!r}")
            return src
        if isinstance(src, str):
            return self._out(str.__str__(src))
        if isinstance(src, (bytes, bytearray)):
            return self._out(bytes(src))
        raise TypeError(f"src: wanted text, bytes or a Program, got {type(src).__name__}")

    def _tree_of(self, src: Any, mode: str, filename: Any) -> Any:
        program = self._program(src, mode, filename)
        return {0: packed_program(program)} if type(program) is Program else program

    def _names(self, payload: Any) -> Namespace:
        def read() -> Namespace:
            number, listed, data, value, now = payload
            names = self._door.from_guest(listed)
            if type(names) is not list or any(type(n) is not str or n.startswith("_") for n in names):
                raise WireError("names that are none")
            if len(set(names)) < len(names):
                raise WireError("two of one name")
            lazily = _Lazily(self, number, names)
            raw: dict[str, Any]
            if data is not None:
                raw = {n: _Ready(self._door.from_guest(t)) for n, t in zip(names, data, strict=True)}
            else:
                raw = {n: n for n in names}
                self._lazies.add(lazily)
            last: Any = _Ready(self._door.from_guest(value)) if now is True else ""
            if data is not None and self._once and not len(self._door.exports):
                self._let_go(soon=True)
            return Namespace(lazily, raw, last, self.output, self.usage)  # type: ignore[arg-type]

        names: Namespace = self._guarded(read)
        return names

    def _guarded(self, read: Callable[[], Any]) -> Any:
        """Read something that the worker sent; one that sends what it should not is ended."""
        problem: BaseException
        try:
            return read()
        except CrossingError as error:  # a class of the host's own refuses what is in an instance
            problem = _refused_out(error)
        except (WireError, ValueError, TypeError, IndexError) as error:
            problem = self._broken(error)
        raise problem

    # The connection

    def _started_worker(self) -> Worker:
        if self._dead is not None:
            raise WorkerDied(f"the compartment is gone: {self._dead}")
        worker = self._worker
        if worker is None:
            limits = self._limits
            worker = self._worker = self._pool._take(limits.memory)
            weakref.finalize(self, self._pool._dismiss, worker).atexit = False
            first, self._first = self._first, {}
            self._serial += 1
            given = [limits.steps, limits.seconds, limits.memory, limits.output, limits.depth]
            plan = None if self._plan is None else self._out([list(row) for row in self._plan])
            told = self._door.on_use is not None
            worker.channel.hold(
                [INIT, self._serial, [], self._out(given), plan, list(first.items()), told]
            )
            self._starting = self._serial
        return worker

    def _exchange(self, kind: int, *parts: Any) -> Any:
        """Send a request and serve the worker until it replies. Raises what the guest's turn raises."""
        payload: Any = None
        worker: Worker | None = None
        ends = time.monotonic() + ASIDE_SECONDS
        self._aside_ends = ends if self._closes is None else self._closes
        try:
            worker = self._started_worker()
            if self._interrupted and not self._cancelled:
                self._forgotten(worker)
            self._serial += 1
            serial = self._serial
            released = self._door.released
            worker.channel.send([kind, serial, told(released) if released else _NOTHING, *parts])
            payload, problem = self._reply(worker, serial)
        except (WireError, CrossingError, ValueError, TypeError, IndexError, KeyError) as error:
            payload, problem = None, self._broken(error)
        except Gone:
            payload, problem = None, self._gone()
        except Silent:
            payload, problem = None, self._silent()
        except TooLarge as error:
            payload, problem = None, CapabilityError(f"a value cannot cross: {error}")
        except (KeyboardInterrupt, SystemExit):
            self._lost("the host was interrupted")
            raise
        if worker is not None and worker.on_answer is not None:
            answered, worker.on_answer = worker.on_answer, None
            answered()
        if problem is None:
            return payload
        if isinstance(problem, LimitExceeded):
            self._realm.meter.stop(*self._exact(problem))
        raise problem

    def _exact(self, stop: LimitExceeded) -> tuple[str, float, float]:
        """A stop with the limit that the host had set, whatever the worker says it was."""
        meter, limits = self._realm.meter, self._limits
        known = {"steps": meter.steps, "seconds": meter.seconds, "memory": limits.memory,
                 "output": limits.output}.get(stop.kind)  # fmt: skip
        stop.limit = stop.limit if known is None else known
        return stop.kind, stop.limit, stop.used

    def _forgotten(self, worker: Worker) -> None:
        """Let a worker forget the end of a turn before this one: it may have heard of it too late."""
        self._interrupted = False
        self._serial += 1
        worker.channel.send([FORGET, self._serial, told(self._door.released)])
        _, problem = self._reply(worker, self._serial)
        if problem is not None:
            raise WireError("an error where there was nothing to do")

    def _due(self) -> float | None:
        """When the worker must have spoken."""
        meter = self._realm.meter
        if self._cancelled and meter.stopped is not None:
            return self._cancelled + CANCEL_SECONDS
        if self._turns_now:
            return None if meter.deadline is None else meter.deadline + GRACE
        return self._aside_ends

    @property
    def _turns_now(self) -> bool:
        return self._realm.meter.live or self._awaiting is not None

    def _received(self, worker: Worker) -> list[Any]:
        meter = self._realm.meter
        while True:
            if meter.payer is not None and not self._cancelled and meter.stopped_outside():
                self.cancel("the turn that it ran for was stopped")
            if meter.live and not self._cancelled:
                due = None if meter.deadline is None else meter.deadline + GRACE
            else:
                due = self._due()
            try:
                # For a moment at a time: `cancel` from another thread moves the time.
                message = worker.channel.listen(due)
            except Silent:
                if due is not None and time.monotonic() >= due:
                    raise
                continue
            # One that always has something more to say is not listened to for longer than a silent one.
            if due is not None and time.monotonic() >= due + GRACE:
                raise Silent
            if type(message) is not list or len(message) < 3:
                raise WireError("a message of no form")
            # What came with the message before this one has been read by now, and may have named what
            # its worker was letting go of.
            if self._given_back != _NOTHING:
                self._door.exports.release(self._given_back)
            self._given_back = message[2]
            return message

    def _reply(self, worker: Worker, serial: int) -> tuple[Any, BaseException | None]:
        door = self._door
        while True:
            kind, number, _, *parts = self._received(worker)
            if kind == REPLY:
                return self._replied(number, serial, parts)
            if kind == USE:
                answer = door.answer(parts)
            elif kind == ASK:
                answer = [self._asked(*parts)]
            else:
                raise WireError("a message out of turn")
            if type(number) is not int:
                raise WireError("a message without a serial")
            message = [ANSWER, number, told(door.released) if door.released else _NOTHING, *answer]
            try:
                worker.channel.send(message)
            except TooLarge as error:
                problem = guest_fault(ValueError(f"a value cannot cross: {error}"))
                worker.channel.send([ANSWER, number, [], 1, self._out(problem), 0])

    def _replied(self, number: Any, serial: int, parts: list[Any]) -> tuple[Any, BaseException | None]:
        starting, self._starting = self._starting, 0
        if number == serial:
            return self._taken(*parts)
        if not starting or number != starting:
            raise WireError("a message out of turn")
        # The first request of all is replied to only where it fails.
        _, problem = self._taken(*parts)
        if problem is None:
            raise WireError("a reply that nobody waits for")
        self._lost("a grant was refused")
        return None, problem

    def _taken(
        self, failed: Any, payload: Any, output: Any, steps: Any, memory: Any
    ) -> tuple[Any, BaseException | None]:
        """The payload of a reply, or its error. What it says of the turn is noted, as far as it can
        be true."""
        if type(output) is not str or type(steps) is not int or type(memory) is not int:
            raise WireError("a reply of no form")
        limit = self._limits.output
        if limit is not None and len(output) > limit:
            raise WireError("more output than there may be")
        self._output = [printable(output)] if output else []
        self._told = (steps, memory)
        if failed is False:
            return payload, None
        return None, from_fault(self._door.from_guest(payload), self._filename)

    def _asked(self, what: Any, tree: Any) -> Any:
        """The tree of what a worker asks for."""
        parts = self._door.from_guest(tree)
        if what == "readonly":
            return self._door.narrowed(*parts)
        if what == "described":
            return self._out([*self._door.described(*parts)])
        return self._out(self._known_to_all(what, parts))

    def _known_to_all(self, what: Any, parts: Any) -> Any:
        """What a worker asks of modules, which is for every guest to know that may import them, and of
        classes that it was given."""
        if what == "code":
            filename, optimize, size = parts
            found = library_text(filename) if type(filename) is str else None
            if found is None or len(found.text) != size or type(optimize) is not bool:
                return None
            program = module_program(found.text, found.filename, optimize, found.asker)
            return [portable_code(program), names_known()]
        number, *rest = parts
        if what == "record":
            return self._described(number)
        if type(number) is not int or not 0 <= number < len(self._sources_of):
            raise WireError("a source of modules that is not there")
        entry = self._sources_of[number]
        source: Any = entry.source
        if what == "names":
            return frozenset(n for n in source.names() if entry.allows(n))
        (name,) = rest
        if type(name) is not str:
            raise WireError("a module without a name")
        recorder = self._membrane.recorder
        if what == "data":
            found = entry.data(name)
            if recorder is not None and found is not None:
                recorder.imported(self, name, found)
            return found
        if what != "module":
            raise WireError("a question of no kind")
        if not entry.allows(name):
            return None  # no worker of ours asks: it has the same list of what was left out
        try:
            module: ModuleText | None = source.find(name)
        except ImportError as error:
            return str(error)
        if module is None:
            return None
        if recorder is not None:
            recorder.imported(self, module.filename, module.text)
        return [module.text, module.filename, module.package, module.asker]

    def _described(self, number: Any) -> Any:
        """What a worker makes its own class for a registered dataclass from."""
        records = self._door.records
        if type(number) is not int or not 0 <= number < len(records):
            raise WireError("a class that was not given")
        record = records[number]
        return [record.kind.__name__, list(record.names), record.source, record.values]

    # The end of a worker

    def _broken(self, error: BaseException) -> BaseException:
        return self._lost(f"its worker process sent {error}" if isinstance(error, WireError)
                          else "its worker process sent what it should not")  # fmt: skip

    def _gone(self) -> BaseException:
        worker = self._worker
        return self._lost("its worker process has ended" if worker is None else worker.died())

    def _silent(self) -> BaseException:
        """The time of a turn is over, and its worker did not say so."""
        meter = self._realm.meter
        self._lost("its worker process was killed when its time was over")
        if (
            not self._turns_now
            or meter.stopped is not None
            or meter.seconds is None
            or meter.deadline is None
        ):
            return WorkerDied("the worker process did not answer and was killed")
        return meter.stop("seconds", meter.seconds, round(time.monotonic() - meter.started, 3))

    def _lost(self, why: str) -> BaseException:
        self._dead = why
        self._let_go()
        return WorkerDied(f"the compartment is gone: {why}")

    def _let_go(self, *, soon: bool = False) -> None:
        """End the worker. soon: whether it need not have ended when this is over."""
        worker, self._worker = self._worker, None
        if worker is not None:
            if self._dead is None:
                self._dead = "it was closed"
            if soon:
                self._pool._dismiss(worker)
            else:
                worker.discard()

    # Turns

    def _beside(self, run: Callable[[], Any]) -> Any:
        """Use the connection outside a turn, or within the one that this thread is in."""
        self._check_open()
        if self._thread == threading.get_ident() or self._awaiting is not None:
            return run()
        self._acquire()
        try:
            return run()
        finally:
            self._lock.release()

    def _budget(self) -> Any:
        """What this turn may spend, where that is less than the limits say."""
        meter, limits = self._realm.meter, self._limits
        if meter.deadline is None and meter.steps == limits.steps:
            return None
        seconds = None if meter.deadline is None else max(0.0, meter.deadline - time.monotonic())
        return self._out([meter.steps, seconds])

    def _begin(self, spent: float, turn: AwaitingTurn | None, parent: Meter | None) -> None:
        meter, limits = self._realm.meter, self._limits
        self._awaiting = turn
        self._host_exit = None
        self._cancelled = 0.0
        self._output, self._told = [], (0, 0)
        if parent is None:
            parent = turns.meter
        payer = parent if parent is not None and (parent.live or turn is not None) else None
        steps = limits.steps
        if payer is not None and payer.steps is not None:
            steps = payer.available if steps is None else min(steps, payer.available)
        meter.payer = payer
        self._outer = turn.outer[-1] if turn is not None and turn.outer else None
        meter.begin(
            steps=steps, seconds=limits.seconds, memory=None, depth=None, base=None, spent=spent,
            paused=True,
        )  # fmt: skip
        if payer is not None and payer.deadline is not None:
            if meter.deadline is None or payer.deadline < meter.deadline:
                meter.deadline, meter.seconds = payer.deadline, payer.seconds

    def _stretch(self, run: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        self._has_run = True
        meter = self._realm.meter
        outer: Meter | None = turns.meter
        self._thread = threading.get_ident()
        turns.meter = meter
        meter.resume(None)
        try:
            return self._attempt(run)
        finally:
            meter.pause()
            turns.meter = outer
            self._thread = None
            self._in_host = 0

    def _attempt(self, run: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        try:
            return run(), None
        except Stop:
            return None, None if self._realm.meter.stopped else CapError("the guest was stopped")
        except _HostProblem as error:
            return None, error.problem
        except BaseException as error:
            return None, error

    def _end(self, *, told: bool = True) -> BaseException | None:
        if self._awaiting is not None and self._worker is not None and self._drives:
            self._end_awaiting()
        meter = self._realm.meter
        with self._ending:
            wish = self._wish = self._host_exit or meter.interrupt
            problem = None
            if wish is not None or meter.stopped is not None:
                problem = self._stop_problem()
            steps, memory = self._told
            given = meter.steps
            used = max(0, steps if given is None else min(steps, given))
            meter.end()
            payer, meter.payer = meter.payer, None
            if payer is not None and not (self._outer is not None and self._outer.over):
                problem = self._paid(payer, used) or problem
            self._awaiting = self._host_exit = None
        seconds = time.monotonic() - meter.started
        self._used = (used, seconds, max(0, memory), len(self.output))
        if self._closed:
            self._let_go()
        self._lock.release()
        if self._queue:
            for wake in [self._queue.popleft() for _ in range(len(self._queue))]:
                wake()
        return problem

    def _paid(self, payer: Meter, used: int) -> BaseException | None:
        """Charge the guest on whose behalf this turn ran; what stops it in turn."""
        stopped = self._realm.meter.stopped
        over = (
            stopped is not None
            and stopped[0] == "steps"
            and self._realm.meter.steps != self._limits.steps
        )
        paused = not payer.live
        if paused:
            payer.resume()
        try:
            payer.charge(payer.available + 1 if over else used)
            if stopped is not None and stopped[0] == "seconds":
                payer.check_clock()
        except Stop:
            if payer.stopped is not None:
                return LimitExceeded(*payer.stopped)
        finally:
            if paused:
                payer.pause()
        return None

    # Turns that await

    async def _driven(self, kind: str, parts: Callable[[], list[Any]], obj: Any = None) -> Any:
        first = self._awaiting is None

        def start() -> Any:
            self._drives += 1
            number = self._drives
            reply = self._exchange(START, number, first, kind, parts(), self._budget())
            waits, what = self._pair(reply)
            if waits:
                return Started(_RemoteCoroutine(self, number, reply))
            return what

        return await run_awaiting(self, start, lambda value: value, obj=obj)

    def _pair(self, reply: Any) -> tuple[bool, Any]:
        if type(reply) is not list or len(reply) < 2 or type(reply[0]) is not bool:
            raise self._broken(WireError("a reply of no form"))
        waits, what, *left = reply
        if waits:
            if len(left) != 1 or type(left[0]) is not int:
                raise self._broken(WireError("a reply of no form"))
            meter = self._realm.meter
            meter.left = self._left = max(0, min(left[0], meter.available))
        return waits, what

    def _meanwhile(self, answers: int) -> int:
        """Steps that others spent since the guest began to wait; each of its own answers costs one over
        there."""
        return max(0, self._left - self._realm.meter.available - answers)

    def _waited_for(self, what: Any) -> Any:
        """What a guest waits for: a call of its that the host answers later, or nothing; or else so many
        seconds and several calls."""
        if what is None:
            return None
        calls = self._door._calls
        if type(what) is not list:
            return self._guarded(lambda: calls.get(what))
        if len(what) != 2 or type(what[1]) is not list:
            raise self._broken(WireError("a reply of no form"))
        return (what[0], *self._guarded(lambda: [calls.get(number) for number in what[1]]))

    def _end_awaiting(self) -> None:
        meter = self._realm.meter
        meter.resume(None)
        self._thread = threading.get_ident()
        try:
            self._exchange(END)
        except (CapError, Stop):
            pass  # the turn has ended in what it ended in
        finally:
            self._thread = None
            meter.pause()


class _RemoteCoroutine:
    """A guest's coroutine in a worker, driven as one of the host's own is."""

    def __init__(self, world: ProcessCompartment, number: int, reply: Any) -> None:
        self.world = world
        self.number = number
        self.first: Any = reply
        self.awaited = 0  # answers that it waits for, each of which costs a step over there
        self.several = False
        self.numbers: list[Any] = []  # of the answers that it waits for, where it waits for several

    def send(self, value: Any) -> Any:
        if self.first is not None:
            reply, self.first = self.first, None
        elif self.several:
            return self._answered([(i, e is not None, self._tree(v, e)) for i, v, e in value])
        else:
            spent = self.world._meanwhile(self.awaited)
            reply = self.world._exchange(RESUME, self.number, False, self._tree(value, None), spent)
        return self._stepped(reply)

    def _answered(self, answers: list[tuple[int, bool, Any]]) -> Any:
        """Go on with answers, and with no more at once than can cross together."""
        world, numbers = self.world, self.numbers
        spent = world._meanwhile(len(answers))
        while True:
            few = _together(answers)
            asked = self._stepped(world._exchange(RESUME, self.number, None, few, spent))
            places = {number: i for i, number in enumerate(self.numbers)}
            rest = answers[len(few) :]
            # Those that it waits for no longer are let go of, as they would be where they are made.
            answers = [(places[numbers[i]], f, t) for i, f, t in rest if numbers[i] in places]
            if not answers:
                return asked
            numbers, spent = self.numbers, 0

    def throw(self, problem: BaseException) -> Any:
        spent = self.world._meanwhile(self.awaited)
        return self._stepped(
            self.world._exchange(RESUME, self.number, True, self._fault(problem), spent)
        )

    def _fault(self, problem: BaseException) -> Any:
        return self.world._out(guest_fault(problem))

    def _tree(self, value: Any, problem: BaseException | None) -> Any:
        if problem is not None:
            return self._fault(problem)
        return value.tree if type(value) is Packed else value

    def _stepped(self, reply: Any) -> Any:
        waits, what = self.world._pair(reply)
        if waits:
            self.several = type(what) is list
            self.awaited = 0 if what is None or self.several else 1
            asked = self.world._waited_for(what)
            self.numbers = what[1] if self.several else []
            return asked
        self.number = 0
        raise StopIteration(what)

    def close(self) -> None:
        if self.number and self.world._worker is not None:
            number, self.number = self.number, 0
            self.world._exchange(CLOSE, number, self.world._realm.meter.stopped is not None)


def _together(answers: list[tuple[int, bool, Any]]) -> list[tuple[int, bool, Any]]:
    """The first of these answers: one, or as many as surely cross in one message."""
    size = 0
    for count, (_, _, tree) in enumerate(answers if len(answers) > 1 else ()):
        size += len(packed(tree))
        if count and size > _TOGETHER:
            return answers[:count]
    return answers


class _Ready:
    """A value of a namespace that has come."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Lazily:
    """Where a namespace asks for its values: its worker, as long as it is wanted."""

    __slots__ = ("__weakref__", "kept", "names", "number", "world")

    def __init__(self, world: ProcessCompartment, number: Any, names: list[str]) -> None:
        if type(number) is not int:
            raise WireError("a namespace without a number")
        self.world = world
        self.number = number
        self.names = names
        #: What was fetched when the compartment was closed: values, or why there is none.
        self.kept: dict[str, Any] = {}

    def fill(self) -> None:
        """Fetch everything: the compartment is about to be closed."""
        for name in ("", *self.names):
            try:
                self.kept[name] = self.give(name)
            except CapError as error:
                self.kept[name] = error

    def give(self, raw: Any) -> Any:
        if type(raw) is _Ready:
            return raw.value
        if raw in self.kept:
            found = self.kept[raw]
            if isinstance(found, CapError):
                raise found
            return found
        world = self.world
        ask = partial(world._exchange, NAME, self.number, world._out(raw))
        return world._beside(lambda: world._value(ask()))

    def __del__(self) -> None:
        if self.number:
            self.world._door.released.append((self.number, 1))


def _refused_out(error: CrossingError) -> CapabilityError:
    return CapabilityError(f"the guest's value cannot be copied out: {error.reason}")


def _no_leaf(value: Any) -> Any:
    raise TypeError(f"a {type(value).__name__} is no data")
