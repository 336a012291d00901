"""Compartments: worlds of guest code that last, one turn at a time.

A turn is one call from outside: it fills the budget, runs, and empties it again. Between turns the
counter is empty and capabilities refuse, so nothing of the guest can run (pit 15 of the design).
"""

from __future__ import annotations

import ast
import keyword
import sys
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping
from threading import get_ident
from types import CodeType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar

import guards.tables  # noqa: F401 - fills the tables of U
from capcompiler.awaiting import (
    AwaitingTurn,
    Started,
    awaiting_meter,
    awakened,
    run_awaiting,
    to_await,
)
from capcompiler.errors import CapabilityError, CapError, DialectError, LimitExceeded
from capcompiler.importer import Importer
from capcompiler.imports import ENGINE_IMPORTS, Imports
from capcompiler.limits import Limits, Usage
from capcompiler.membrane.capability import EXPOSABLE, facets_of, interface_of, refused_of
from capcompiler.membrane.data import PLAIN, CrossingError
from capcompiler.membrane.exceptions import describe, forget_traceback, printable, raised_by_guest
from capcompiler.membrane.membrane import Membrane, Use, refused_argument, refused_grant
from capcompiler.membrane.pending import Pending as AnsweredLater
from capcompiler.membrane.pending import is_awaited
from capcompiler.membrane.reference import Reference, use_of
from capcompiler.membrane.untold import tell_guest, tell_here, tells_guest
from capcompiler.namespace import Namespace
from capcompiler.nesting import MAKERS, Nesting, offered_by
from capcompiler.program import (
    Program,
    cap_compile,
    guest_program,
    module_program,
    refuse_awaits,
    serial_of,
)
from capcompiler.source import OutOfTime, decoded, parsed, syntax_warnings, warned_error, within
from capcompiler.tripwire import turns
from guards.attribute import read
from guards.base import PREFIX, is_guard_name
from guards.builtins import VALUE, install, tamed_makers
from guards.call import callable_for_c
from guards.decimal_context import as_guest
from guards.headroom import enter_headroom, leave_headroom
from guards.meter import Meter, Stop
from guards.modules import module_dict, new_module
from guards.realm import Realm
from guards.shield import shielded
from guards.store import store

if TYPE_CHECKING:
    from capcompiler.recording.suspend import Pending

__all__ = ["Compartment"]

Isolation = Literal["inline", "process"]
#: What a compartment has that is told nothing else; none of them can change.
_LIMITS: Final = Limits()
_IMPORTS: Final = Imports.pure()
#: The builtins of library code that no guest may change.
TAMED: Final = tamed_makers()
_T = TypeVar("_T")
_MISSING: Final = object()
#: What has all its elements already, and crosses as it is.
_ALL_THERE: Final = frozenset({list, tuple, dict, set, frozenset, str, bytes})


def _in_pythons_words(error: SyntaxError, filename: str, of_file: bool) -> BaseException:
    """What a guest is told of a source that it cannot have compiled."""
    said = error.said if isinstance(error, DialectError) else None
    if isinstance(said, MemoryError):
        return MemoryError(str(said))
    first = getattr(error, "violations", (None,))[0]
    message = str(getattr(first, "message", "invalid syntax"))
    kind = SyntaxError if said is None else type(said)
    problem = kind(message.removeprefix("invalid syntax: ") or "invalid syntax")
    problem.filename, problem.lineno = filename, error.lineno
    for name in ("offset", "text", "end_lineno", "end_offset", "_metadata"):
        if hasattr(problem, name):  # the last one is of 3.14
            setattr(problem, name, getattr(error if of_file or said is None else said, name))
    return problem


class Compartment:
    """A world of guest code that lasts: names, classes and functions stay from turn to turn.

    caps: names to data (copied), capabilities, or host functions. imports: what `import` finds.
    limits: the budget of each turn. on_use: called with a `Use` after each use of a capability.
    Raises `CapabilityError` for a grant that is neither data nor a capability or has a bad name.
    """

    #: Where the guest's objects are.
    isolation: ClassVar[Isolation] = "inline"

    def __new__(cls, *_args: Any, isolation: Isolation = "inline", **_options: Any) -> Compartment:
        _check_isolation(isolation)
        if cls is Compartment and isolation == "process":
            from capcompiler.isolation.world import ProcessCompartment  # it derives from this class

            return object.__new__(ProcessCompartment)
        return object.__new__(cls)

    def __init__(
        self,
        caps: Mapping[str, Any] | None = None,
        *,
        imports: Imports | None = None,
        limits: Limits | None = None,
        isolation: Isolation = "inline",
        on_use: Callable[[Use], None] | None = None,
    ) -> None:
        self._begin_unused(limits, imports)
        self._realm = Realm()
        self._realm.write = self._write
        self._realm.compile_guest = self._compile_guest
        self._realm.literal = self._literal
        self._realm.syntax = self._syntax
        self._realm.package_data = self._package_data
        install(self._realm, self._limits.depth, MAKERS)
        self._realm.nesting = Nesting(self)
        self._membrane = self._make_membrane(on_use)
        self._importer = Importer(self._realm, self._imports, self._compile_module)
        self._importer.to_guest = self._membrane.to_guest
        self._realm.keep["run again"] = self._importer.run_again
        self._realm.keep["answers later"] = AnsweredLater
        self._realm.keep["is awaited"] = is_awaited
        self._realm.importer = self._importer.load
        self._realm.make_engine = self._make_engine
        # The library looks a program's classes and functions up as those of `sys.modules['__main__']`.
        self._main = self._realm.modules["__main__"] = new_module(self._realm, "__main__")
        self._globals: dict[str, Any] = module_dict(self._main)
        self._granted: dict[str, Any] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        #: Serials of the programs that the guest compiled itself, under names of its own.
        self._made: set[str] = set()
        self._lines: dict[str, tuple[str, ...]] = {}
        self._realm.lines_of = lambda filename: list(self._lines.get(filename, ()))
        self._grant_all(caps)

    def _begin_unused(self, limits: Limits | None, imports: Imports | None) -> None:
        """What every compartment has, wherever its guest runs."""
        self._check_options(limits, imports)
        self._limits = limits if limits is not None else _LIMITS
        self._imports = imports if imports is not None else _IMPORTS
        self._optimize = True
        self._level = 0  # how many guests stand between this one and the host
        self._lock = threading.Lock()
        #: Held where a turn is cancelled and where it ends, so that no other one is cancelled for it. A
        #: host may cancel in a signal handler, on the thread that holds it.
        self._ending = threading.RLock()
        self._queue: deque[Callable[[], None]] = deque()  # wakes the tasks that wait for this lock
        self._thread: int | None = None
        self._in_host = 0
        self._closed = self._has_run = False
        self._awaiting: AwaitingTurn | None = None
        self._host_exit: BaseException | None = None
        self._wish: BaseException | None = None  # what the host ended the latest turn with
        self._output: list[str] = []
        self._printed = 0
        self._used: tuple[int, float, int, int] = (0, 0.0, 0, 0)
        self._once = False  # one turn, and nobody keeps the world but for what came out of it
        self._clock: Any = None  # what was granted that fills in the clock of the library

    @staticmethod
    def _check_options(limits: Limits | None, imports: Imports | None) -> None:
        if limits is not None and not isinstance(limits, Limits):
            raise TypeError(f"limits: wanted Limits or None, got {type(limits).__name__}")
        if imports is not None and not isinstance(imports, Imports):
            raise TypeError(f"imports: wanted Imports or None, got {type(imports).__name__}")

    def _grant_all(self, caps: Mapping[str, Any] | None) -> None:
        if caps is None:
            return
        if not isinstance(caps, Mapping):
            raise CapabilityError(f"caps: wanted a mapping, got {type(caps).__name__}")
        for name, cap in caps.items():
            self.grant(name, cap)

    def _make_membrane(self, on_use: Callable[[Use], None] | None) -> Membrane:
        return Membrane(self, on_use)

    # The host's side

    def grant(self, name: str, cap: Any) -> None:
        """Give the guest one more name. Raises `CapabilityError` as the constructor does."""
        _check_name(name)
        try:
            value = self._membrane.to_guest(cap, name)
        except CrossingError as error:
            problem = refused_grant(name, error)
        else:
            self._granted[name] = value
            filled = facets_of(cap)
            for facet in filled:
                self._realm.granted[facet] = value
            self._note_clock(cap, filled)
            # `open` of the builtins is filled in, and takes paths that are objects of the guest's.
            if not (name == "open" and "open" in filled):
                self._globals[name] = value
            self._importer.granted = self._granted
            return
        raise problem

    def exec(self, src: str | bytes | Program, *, filename: str = "<guest>",
             optimize: bool = True) -> Namespace:  # fmt: skip
        """Run statements in this world. Gives the names that are there afterwards.

        Raises DialectError, GuestError, LimitExceeded; then the names bound so far stay.
        """
        program, spent = self._compiled(src, "exec", filename, optimize)
        value = self._turn(lambda: self._run(program), spent)
        return self._namespace(value)

    def eval(self, src: str | bytes | Program, *, filename: str = "<guest>",
             optimize: bool = True) -> Any:  # fmt: skip
        """The value of one expression in this world."""
        program, spent = self._compiled(src, "eval", filename, optimize)
        return self._membrane.give(self._turn(lambda: self._run(program), spent))

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the guest by its top-level name, with a fresh budget."""
        found = self._globals.get(name) if type(name) is str else None
        if type(found) is not FunctionType or name.startswith(PREFIX):
            found = self._named(name)
        value = self._turn(self._calling(found, args, kwargs))
        return value if type(value) in PLAIN else self._membrane.give(value)

    def _named(self, name: str) -> Any:
        found = self._globals.get(name, _MISSING) if type(name) is str else _MISSING
        if found is _MISSING or is_guard_name(name):
            raise CapabilityError(f"the guest has no top-level name {name!r}")
        return found

    def start(self, src: str | bytes | Program, *, filename: str = "<guest>",
              optimize: bool = True) -> Pending | Namespace:  # fmt: skip
        """`exec` that stops at each use of a capability that `external` made, and gives a `Pending`.

        Its `resume` and `fail` go on, and give the next one, or at the end the `Namespace`. The guest
        runs on a thread of its own, a program that awaits on an event loop there, and so do the host's
        functions that it calls. Raises what `exec` raises, and `CapabilityError` inside a turn.
        """
        from capcompiler.recording.suspend import start

        return start(self, src, filename, optimize)

    async def exec_async(self, src: str | bytes | Program, *, filename: str = "<guest>",
                         optimize: bool = True) -> Namespace:  # fmt: skip
        """`exec` for statements that may await, at their top level too, on the running event loop.

        Until it is done the compartment takes no other turn. Raises what `exec` raises.
        """
        program, spent = self._compiled(src, "exec", filename, optimize, awaits=True)
        value = await self._run_awaiting(program, spent)
        return self._namespace(value)

    async def eval_async(self, src: str | bytes | Program, *, filename: str = "<guest>",
                         optimize: bool = True) -> Any:  # fmt: skip
        """The value of one expression that may await."""
        program, spent = self._compiled(src, "eval", filename, optimize, awaits=True)
        return self._membrane.give(await self._run_awaiting(program, spent))

    async def call_async(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the guest, and wait for what it gives where that is awaitable."""
        call = self._calling(self._named(name), args, kwargs)
        realm = self._realm
        return self._membrane.give(
            await run_awaiting(self, lambda: to_await(realm, call()), lambda value: value)
        )

    def _go_on(self, spent: Usage, name: str, /, *args: Any) -> Any:
        """`call`, as one more piece of a turn that has spent this much in pieces before. A turn around
        it, of another compartment's, pays for those again."""
        value = self._turn(self._after(spent, self._calling(self._named(name), args, {})), spent.seconds)
        return self._membrane.give(value)

    async def _go_on_async(self, spent: Usage, name: str, /, *args: Any) -> Any:
        call, realm = self._after(spent, self._calling(self._named(name), args, {})), self._realm
        value = await run_awaiting(
            self, lambda: to_await(realm, call()), lambda value: value, spent.seconds
        )
        return self._membrane.give(value)

    def _after(self, spent: Usage, call: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            self._realm.meter.charge(spent.steps)
            return call()

        return run

    def cancel(self, reason: str = "cancelled") -> None:
        """Stop the turn under way, from any thread or task; it ends in `CapabilityError`."""
        meter = self._realm.meter
        with self._ending:
            turn = self._awaiting
            if meter.live or turn is not None:
                self._host_exit = CapabilityError(f"the turn was cancelled: {reason}")
                meter.stop("steps", 0, 0)
                if turn is not None:
                    turn.wake()

    def close(self) -> None:
        """End this world: every later use of it, or of a handle from it, is refused."""
        self._closed = True
        if self._realm.meter.live or self._awaiting is not None:
            self.cancel("the compartment was closed")

    def __enter__(self) -> Compartment:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Compartment{' (closed)' if self._closed else ''}>"

    @property
    def output(self) -> str:
        """What the guest printed in its latest turn."""
        return "".join(self._output)

    # Running

    def _compiled(
        self, src: str | bytes | Program, mode: Literal["exec", "eval"], filename: str,
        optimize: bool, awaits: bool = False,
    ) -> tuple[Program, float]:  # fmt: skip
        if type(src) is Program and src.mode == mode:
            if not awaits:
                refuse_awaits(src)
            self._optimize = src.optimize
            return src, 0.0
        started = time.monotonic()
        seconds = self._limits.seconds
        try:
            with within(None if seconds is None else started + seconds):
                program = cap_compile(src, mode=mode, filename=filename, optimize=optimize)
                if not awaits:
                    refuse_awaits(program)
        except OutOfTime:
            spent = time.monotonic() - started
        else:
            self._optimize = program.optimize
            return program, time.monotonic() - started
        raise LimitExceeded("seconds", seconds or 0, round(spent, 3))

    def _run(self, program: Program) -> Any:
        self._remember(program)
        real = self._globals
        # The compiled code is a guest's, in a namespace of its own; see guards.realm.
        exec(self._realm.ready(program.code), real)  # noqa: S102
        return real.pop(VALUE, None)

    async def _run_awaiting(self, program: Program, spent: float) -> Any:
        real = self._globals

        def start() -> Any:
            self._remember(program)
            # As above; where the program awaits at its top level this gives a coroutine.
            made = eval(self._realm.ready(program.code), real)  # noqa: S307
            return None if made is None else Started(made)

        return await run_awaiting(self, start, lambda _none: real.pop(VALUE, None), spent)

    def _remember(self, program: Program) -> None:
        serial, filename, lines = program.origin
        self._sources[serial] = self._lines[filename] = lines

    def _compile_guest(self, text: str | bytes, filename: str, mode: str) -> CodeType:
        """`exec`, `eval` and `compile` of the guest. Bad source is its own SyntaxError."""
        self._realm.meter.charge(1 + len(text))
        program, problem = None, None
        try:
            program = self._read_source(
                lambda: guest_program(text, filename, mode, self._optimize), filename
            )
        except SyntaxError as error:
            problem = error
        if "warnings" in self._realm.modules:  # else there is nobody to be warned
            self._warn_of_syntax(text, filename, mode)
        if program is None:
            raise problem  # type: ignore[misc]  # one of the two is there
        self._made.add(serial_of(program.code))
        self._remember(program)
        return program.code

    def _warn_of_syntax(self, source: str | bytes, filename: str, mode: str) -> None:
        """Tell the guest's `warnings` what Python warns of; what makes it an error is a SyntaxError."""
        realm = self._realm
        try:
            text = decoded(source, filename)
        except DialectError:
            return
        for category, message, line in syntax_warnings(text, mode):
            warn = callable_for_c(realm, read(realm, realm.modules["warnings"], "warn_explicit"))
            try:
                warn(message, category, filename, line)
                continue
            except category:
                said = warned_error(text, mode, category)
            problem = SyntaxError(message if said is None else said.msg)
            problem.filename, problem.lineno, problem.offset = filename, line, 1
            if said is not None:
                problem.lineno, problem.offset, problem.text = said.lineno, said.offset, said.text
                problem.end_lineno, problem.end_offset = said.end_lineno, said.end_offset
            raise problem

    def _compile_module(self, text: str | bytes, filename: str, asker: int) -> CodeType:
        """The code of a module that is imported. Bad source is the guest's SyntaxError."""
        if self._membrane.recorder is not None:
            self._membrane.recorder.imported(self, filename, text)
        return self._compiled_inside(
            lambda: module_program(text, filename, self._optimize, asker), filename, of_file=True
        )

    def _package_data(self, path: str) -> bytes | None:
        """A file that an installed package brings along."""
        found = self._imports.data(path)
        if found is not None:
            self._realm.meter.charge_bytes(len(found))
            if self._membrane.recorder is not None:
                self._membrane.recorder.imported(self, path, found)
        return found

    def _make_engine(self) -> Realm:
        """A realm for library code that no guest may change; it spends this one's budget."""
        inner = Realm(self._realm.meter, self._realm.arithmetic)
        install(inner, self._limits.depth, TAMED)
        inner.importer = Importer(inner, ENGINE_IMPORTS, self._compile_module).load
        return inner

    def _compiled_inside(
        self, make: Callable[[], Program], filename: str, of_file: bool = False
    ) -> CodeType:
        program = self._read_source(make, filename, of_file)
        self._remember(program)
        return program.code

    def _literal(self, text: str) -> Any:
        """The data that a text of Python literals says. Bad source is the guest's SyntaxError."""
        self._realm.meter.charge_bytes(64 * len(text))
        tree = self._read_source(lambda: parsed(text, "eval", "<unknown>"), "<unknown>")
        try:
            return ast.literal_eval(tree)
        except ValueError as error:
            problem = ValueError(str(error).partition(":")[0])
        raise problem

    def _syntax(self, text: str, filename: str, mode: str) -> ast.AST:
        """The tree of a text. Bad source is the guest's SyntaxError."""
        self._realm.meter.charge(1 + len(text))
        self._realm.meter.charge_bytes(64 * len(text))
        return self._read_source(lambda: parsed(decoded(text, filename), mode, filename), filename)

    def _read_source(self, make: Callable[[], _T], filename: str, of_file: bool = False) -> _T:
        """of_file: whether an error shows the line, as it does where Python finds the file."""
        meter = self._realm.meter
        problem: BaseException | None = None
        try:
            with within(meter.deadline):
                return make()
        except OutOfTime:
            meter.check_clock()
            raise
        except SyntaxError as error:
            problem = _in_pythons_words(error, filename, of_file)
        raise problem

    def _call_object(self, obj: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a guest's object with what a host passes. Used by handles."""
        call = self._calling(obj, args, kwargs)
        return self._turn(lambda: self._handed(call()))

    def _handed(self, value: Any) -> Any:
        """What the guest gives to whoever called it by a handle, copied in the turn, which pays: a guest
        that hands out a callback decides how much it gives, and how often."""
        if type(value) in PLAIN:
            return value
        try:
            return self._membrane.give(value, self._realm.meter.charge)
        except CapabilityError as error:
            problem = error
        raise _HostProblem(problem)

    def _calling(self, obj: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
        realm = self._realm

        def run() -> Any:
            guest_args, guest_kwargs = args, kwargs
            if kwargs or (args and not PLAIN.issuperset(map(type, args))):
                guest_args, guest_kwargs = self._arguments_in(args, kwargs)
            function = obj if type(obj) is FunctionType else callable_for_c(realm, obj)
            return function(*guest_args, **guest_kwargs)

        return run

    def _arguments_in(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments of the host's as the guest has them, which pays for them."""
        to_guest, charge = self._membrane.to_guest, self._realm.meter.charge
        given: list[Any] = []
        named: dict[str, Any] = {}
        at: int | str = 1
        try:
            for a in args:
                at = len(given) + 1
                given.append(to_guest(a, "argument", charge))
            for at, v in kwargs.items():
                named[at] = to_guest(v, at, charge)
        except CrossingError as error:
            problem = refused_argument(at, error)
        else:
            return tuple(given), named
        raise _HostProblem(problem)

    async def _await_object(self, obj: Any) -> Any:
        """Await a guest's coroutine. Used by handles."""
        realm = self._realm
        return await run_awaiting(self, lambda: to_await(realm, obj), self._handed, obj=obj)

    def _read_object(self, obj: Any, name: str) -> Any:
        """Read a public attribute of a guest's object. Used by handles."""

        def run() -> Any:
            if issubclass(type(obj), Reference) and name in EXPOSABLE:
                # A special method of a capability that this guest has made less of.
                return use_of(obj).interface.methods[name]
            try:
                value = read(self._realm, obj, name)
            except AttributeError as error:
                problem = AttributeError(*[a for a in error.args if type(a) is str])
                raise _HostProblem(problem) from None
            return self._handed(value)

        return self._turn(run)

    def _iterate_object(self, obj: Any) -> Any:
        """What a guest's object gives that is iterated over by another: its elements at once, which its
        guest pays for, or a capability that gives them one by one."""

        def run() -> Any:
            if issubclass(type(obj), Reference):
                given = use_of(obj).call("__iter__", (), {})
            else:
                given = callable_for_c(self._realm, read(self._realm, obj, "__iter__"))()
            if type(given) not in _ALL_THERE:
                offered = offered_by(self._membrane.handle(given))
                if offered is None or "__next__" not in interface_of(offered).methods:
                    given = self._membrane.elements(given)
            return self._handed(given)

        return self._turn(run)

    def _store_object(self, obj: Any, name: str, value: Any) -> None:
        """Set an attribute of a guest's object that the guest itself exposed for writing."""

        def run() -> None:
            inside = self._membrane.to_guest(value, name, self._realm.meter.charge)
            store(self._realm, obj, name, inside)

        self._turn(run)

    def _turn(self, run: Callable[[], Any], spent: float = 0.0) -> Any:
        """Run something of the guest under the budget of a turn."""
        if self._membrane.recorder is not None:
            self._membrane.recorder.entered(self)
        if self._closed:
            self._check_open()
        if self._thread == get_ident():
            return self._nested(run)
        turn = self._awaiting
        if turn is not None and turn.here():
            # A host's coroutine that the guest awaits calls back: the same turn and budget.
            result, problem = turn.stretch(run)
            problem = self._stop_problem() or problem
            if problem is not None:
                raise problem
            return result
        if not self._lock.acquire(False):
            self._acquire()
        if turns.meter is None and awaiting_meter() is not None:
            with awakened() as payer:
                result, problem = self._own_turn(run, spent, payer)
        else:
            result, problem = self._own_turn(run, spent, None)
        if problem is None:
            return result
        self._annotate(problem)
        raise problem

    def _own_turn(
        self, run: Callable[[], Any], spent: float, payer: Meter | None
    ) -> tuple[Any, BaseException | None]:
        """A turn from its begin to its end. The lock is held, and given back. payer: the budget of a
        guest that it runs for, where that is not the turn under way on this thread."""
        self._begin(spent, None, payer)
        result, problem = None, None
        try:
            result, problem = self._stretch(run)
            self._tell_of_dropped()
        finally:
            ended = self._end()
        if turns.meter is None:
            tell_here()
        return result, ended or problem

    def _tell_of_dropped(self) -> None:
        """Let a log of the guest's own know, in this turn, of answers that nobody waited for."""
        if tells_guest(self) and self._realm.meter.stopped is None:
            self._stretch(lambda: tell_guest(self))

    def _in_turn(self, run: Callable[[], _T]) -> _T:
        """Run trusted code of the library's in a turn: the one under way, or one for itself, which has
        no limits as long as no guest has run that could have changed what it calls."""
        if self._realm.meter.live:
            return run()
        if self._has_run:
            found: _T = self._turn(run)
            return found
        return self._aside(run, _LIMITS.depth)

    def _aside(self, run: Callable[[], _T], depth: int | None = None) -> _T:
        """Run trusted code of the library's in a turn of its own, which has no limits but that of depth
        and leaves no trace: limits, output and usage stay those of the guest."""
        self._check_open()
        if self._thread == get_ident() or self._awaiting is not None:
            raise CapabilityError("the compartment is busy: it is inside a turn")
        if not self._lock.acquire(False):
            self._acquire()
        kept = self._limits, self._has_run, self._output, self._printed
        self._limits = Limits(steps=None, seconds=None, memory=None, output=None, depth=depth)
        self._begin(0.0, None, None)
        result: Any = None
        problem: BaseException | None = None
        try:
            result, problem = self._stretch(run)
        finally:
            self._limits, self._has_run, self._output, self._printed = kept
            ended = self._end(told=False)
        problem = ended or problem
        if problem is not None:
            raise problem
        found: _T = result
        return found

    def _note_clock(self, cap: Any, filled: tuple[str, ...]) -> None:
        if "clock" in filled:
            self._clock = cap

    def _tells_time(self) -> bool:
        """Whether the guest has a clock that moves, as things stand."""
        clock, name = self._clock, "monotonic"
        if clock is None or name not in interface_of(clock).methods:
            return False
        return name not in refused_of(clock)

    def _check_open(self) -> None:
        if self._closed:
            raise CapabilityError("the compartment is closed")

    def _begin(self, spent: float, turn: AwaitingTurn | None, parent: Meter | None) -> None:
        """Fill the budget of a turn. The lock is held. turn: the one that awaits."""
        realm = self._realm
        meter = realm.meter
        limits = self._limits
        self._awaiting = turn
        self._host_exit = None
        if realm.thrown:
            realm.thrown.clear()
        if realm.hashes:
            realm.hashes.clear()
        realm.keyed = 0
        kept = realm.keep.get("kept for turn")
        if kept:
            kept.clear()
        self._output = []
        self._printed = 0
        if parent is None:
            parent = turns.meter
        meter.begin(
            steps=limits.steps,
            seconds=limits.seconds,
            spent=spent,
            memory=limits.memory,
            depth=limits.depth,
            base=None,
            parent=parent if parent is not None and (parent.live or turn is not None) else None,
            paused=True,
        )
        if limits.seconds is not None and spent >= limits.seconds:
            meter.stop("seconds", limits.seconds, round(spent, 3))

    def _stretch(self, run: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """Let the guest run on this thread: the whole of a turn, or as far as it awaits."""
        self._has_run = True
        meter = self._realm.meter
        outer: Meter | None = turns.meter
        # The hooks of an event loop would take up the guest's generators, and close them in its time.
        begun, closed = sys.get_asyncgen_hooks()
        hooked = begun is not None or closed is not None
        enter_headroom(self._limits.depth or 0)
        if hooked:
            sys.set_asyncgen_hooks(None, None)
        self._thread = get_ident()
        turns.meter = meter
        try:
            meter.resume(sys._getframe())
            return self._attempt(run)
        finally:
            meter.pause()
            turns.meter = outer
            self._thread = None
            self._in_host = 0
            if hooked:
                sys.set_asyncgen_hooks(begun, closed)
            leave_headroom()

    def _stop_problem(self) -> BaseException | None:
        """What ended the turn from outside: the host, or a budget. Whatever became of the exception on
        the way, a stopped turn ends in this."""
        meter = self._realm.meter
        wish = self._host_exit or meter.interrupt
        if wish is not None:
            return wish
        return None if meter.stopped is None else LimitExceeded(*meter.stopped)

    def _end(self, *, told: bool = True) -> BaseException | None:
        """End the turn, and give the lock back. told: whether it counts as the latest one."""
        meter = self._realm.meter
        problem = None
        with self._ending:
            wish = self._wish = self._host_exit or meter.interrupt
            if wish is not None or meter.stopped is not None:
                problem = self._stop_problem()
            meter.end()
            self._awaiting = self._host_exit = None
        if told:
            self._used = (meter.used, time.monotonic() - meter.started, meter.peak, self._printed)
        self._lock.release()
        if self._queue:
            for wake in [self._queue.popleft() for _ in range(len(self._queue))]:
                wake()
        return problem

    @property
    def usage(self) -> Usage:
        """What the latest turn spent."""
        return Usage(*self._used)

    def _nested(self, run: Callable[[], Any]) -> Any:
        """A host function called back into the guest: the same turn, budget and depth."""
        in_host, self._in_host = self._in_host, 0
        try:
            self._realm.meter.check()
            result, problem = self._attempt(run)
        except Stop:
            result, problem = None, None
        finally:
            self._in_host = in_host
        stopped = self._realm.meter.stopped
        if stopped is not None:
            problem = LimitExceeded(*stopped)
        if problem is not None:
            raise problem
        return result

    def _attempt(self, run: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        try:
            if sys.exception() is None:
                return as_guest(self._realm, run), None
            return shielded(self._realm.wall, lambda: as_guest(self._realm, run)), None
        except Stop:
            return None, None if self._realm.meter.stopped else CapError("the guest was stopped")
        except OutOfTime:
            self._realm.meter.check_clock(stop=False)
            return None, None if self._realm.meter.stopped else CapError("the guest was stopped")
        except _HostProblem as error:
            return None, error.problem
        except KeyboardInterrupt as error:
            # A real Ctrl-C is the host's own. A guest's class, an instance with something in it, and
            # one that the guest raised or threw into a generator are not.
            if (
                type(error) is KeyboardInterrupt
                and not raised_by_guest(self._realm, error)
                and not any(e is error for e in self._realm.thrown)
            ):
                self._host_exit = error
                return None, None
            caught: BaseException = error
        except RecursionError as error:
            depth = self._limits.depth
            if depth is not None and not raised_by_guest(self._realm, error):
                # The interpreter's own limit was met first: through C code, or through the host.
                self._realm.meter.stop("depth", depth, depth + 1)
                return None, None
            caught = error
        except BaseException as error:
            caught = error
        try:
            problem: BaseException | None = shielded(
                self._realm.wall, lambda: describe(self._realm, caught, self._sources)
            )
        except Stop:
            problem = None
        forget_traceback(caught)
        return None, problem

    def _annotate(self, problem: BaseException) -> None:
        """What the guest printed and spent before it failed, for the host."""
        if isinstance(problem, CapError):
            problem.output = self.output  # type: ignore[attr-defined]
            problem.usage = self.usage  # type: ignore[attr-defined]

    def _acquire(self) -> None:
        """Wait for the turn of another thread; refuse when that turn waits in a host function,
        which may be waiting for us."""
        while not self._lock.acquire(timeout=0.02):
            if self._in_host:
                raise CapabilityError(
                    "the compartment is busy: its turn is inside a host function on another thread"
                )
            if self._awaiting is not None:
                raise CapabilityError(
                    "the compartment is busy: its turn awaits; use exec_async, eval_async or call_async"
                )

    def _namespace(self, value: Any) -> Namespace:
        granted = self._granted
        public = {
            name: v
            for name, v in self._globals.items()
            if not name.startswith(("_", PREFIX)) and not (name in granted and granted[name] is v)
        }
        return Namespace(self._membrane, public, value, self.output, self._used)

    def _write(self, text: str) -> None:
        meter = self._realm.meter
        meter.check()
        limit = self._limits.output
        if limit is not None and len(text) > limit - self._printed + 1:
            text = text[: limit - self._printed + 1]  # what is written out is longer, never shorter
        if not text.isprintable():
            text = printable(text)
        size = self._printed + len(text)
        if limit is not None and size > limit:
            self._output.append(text[: limit - self._printed])
            self._printed = limit
            raise meter.stop("output", limit, size)
        self._printed = size
        self._output.append(text)


class _HostProblem(Exception):
    """A mistake of the host's, found inside a turn: raised to it as it is."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem


def _check_isolation(isolation: object) -> None:
    if isolation not in ("inline", "process") or type(isolation) is not str:
        raise ValueError(f"isolation: wanted 'inline' or 'process', got {isolation!r}")


def _check_name(name: object) -> None:
    """Refuse a name that a guest could not write, or that is the interpreter's."""
    if type(name) is not str:
        raise CapabilityError(f"caps: names are str, got {type(name).__name__}")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CapabilityError(f"caps[{name[:80]!r}]: the name is not an identifier")
    if name.startswith("__") and name.endswith("__"):
        raise CapabilityError(f"caps[{name!r}]: names with two underscores at both ends are taken")
    if unicodedata.normalize("NFKC", name) != name:
        raise CapabilityError(f"caps[{name!r}]: Python reads this name as another (NFKC)")
