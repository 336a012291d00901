"""The budget of a compartment: a counter that runs in C, and a stop that cannot be undone.

`Meter.tick` is the `__next__` of an `itertools.chain`: 10 to 25 ns a step (docs/explanation/
budgets.md). The chain draws chunks from the budget, and looks at the clock, the depth and the
memory only between chunks. Outside a turn, and after a stop, the chain holds no chunk and every
tick raises `Stop`, so a finaliser, a suspended generator or a handler that swallowed the first stop
dies at its next step (pits 3, 4, 9 and 15 of the design).
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from threading import get_ident
from types import CodeType, FrameType
from typing import Any, Final

from guards.binding import is_guest_code
from guards.sealed import HOST, Sealed

__all__ = ["Meter", "Stop", "hold_statm", "resident_bytes"]

CHUNK: Final = 4096
_ONES: Final = b"\1" * CHUNK
#: Between two looks at the resident set lie so many steps at most, and fewer where the limit is small or
#: what a step takes is large: a step can make a few thousand bytes that no rule charges for.
_MEMORY_EVERY: Final = CHUNK
_MEMORY_SHIFT: Final = 15  # bytes of the limit for each of them
_FEWEST: Final = 64
#: Bytes of results between two looks, at most; what is smaller is not counted one by one.
_BULK: Final = 1 << 20
_SMALL: Final = 256
#: Bytes that a turn may take before the first look.
_UNSEEN: Final = 1 << 18
#: The first of every so many collections of young containers looks at the resident set.
_COLLECTIONS: Final = 4
_FIRST: Final = 64  # the size of the first chunk of a turn
_FIRST_CHUNKS: Final = 2 * _FIRST  # the size of the chunk after the first
_FIRST_ONES: Final = _ONES[:_FIRST]
#: Where guest calls may nest no deeper than this, the depth is looked at from the first chunk on.
_SHALLOW: Final = 2 * _FIRST
_UNBOUNDED: Final = 1 << 62
#: Steps beyond the budget that the host may take on behalf of a turn, before its code is stopped too.
_GRACE: Final = 100_000
#: Steps that a child draws from its parent beside what it needs, so that a nest of many levels does not
#: go through all of them for each charge.
_AHEAD: Final = 64


class Stop(GeneratorExit, metaclass=Sealed, host=HOST):
    """Raised in guest code when its turn is over. Private: `LimitExceeded` is what a host sees.

    A GeneratorExit, so that a suspended generator that the collector closes outside a turn dies
    without a word at the first step of its `finally`. Sealed, since a guest's `__exit__` that is a
    C function may be handed it.
    """


def resident_bytes() -> int | None:
    """The resident set of this process in bytes, or where the system does not tell, the largest that
    it has been; None where it tells neither."""
    try:
        if _statm is not None:
            return int(os.pread(_statm, 200, 0).split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        pass
    return _resident_anew()


def _resident_anew() -> int | None:
    """Looked at by way of a file that stays open, which takes a tenth of the time."""
    global _own
    descriptor, process, file = _own
    here = os.getpid()
    try:
        # In a child, the parent's would be read. A host that closed every file may have opened others:
        # what is under the number then, a guest may have written.
        if process != here or (descriptor != _NO_FILE and _file_of(descriptor) != file):
            descriptor = os.open("/proc/self/statm", os.O_RDONLY)
            _own = descriptor, here, _file_of(descriptor)
        if descriptor != _NO_FILE:
            return int(os.pread(descriptor, 200, 0).split()[1]) * 4096
    except FileNotFoundError:
        _own = _NO_FILE, here, None
    except (OSError, ValueError, IndexError):
        _own = _NO_FILE, 0, None
    return None if _largest is None else _largest()


def _file_of(descriptor: int) -> tuple[int, int] | None:
    """Which file is open under a number."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


_NO_FILE: Final = -1
#: What is held open in the host's process: its number, the process that opened it, and which file it is.
_own: tuple[int, int, tuple[int, int] | None] = (_NO_FILE, 0, None)
#: Held open in a process that may open nothing later.
_statm: int | None = None


def hold_statm(descriptor: int) -> bool:
    """Hold open under this number what `resident_bytes` reads; False where there is none."""
    global _statm
    try:
        found = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return False
    if found != descriptor:
        os.dup2(found, descriptor)
        os.close(found)
    _statm = descriptor
    return True


def _largest_resident() -> Callable[[], int] | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


_largest: Final = _largest_resident()


class _Tail:
    """What the counter holds when it has no chunk: raises, unless a new turn has begun."""

    __slots__ = ("meter",)

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        meter = self.meter
        try:
            go_on = meter.live and meter.stopped is None
        except BaseException as error:
            meter.interrupt = error
            meter.stop("steps", 0, 0)
            go_on = False
        if go_on:
            raise StopIteration  # the chain goes on to the next chunk
        raise Stop


class _Source:
    """Gives the chain its chunks. Never raises, since a chain forgets a source that raised."""

    __slots__ = ("meter",)

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def __iter__(self) -> Iterator[Iterator[int]]:
        return self

    def __next__(self) -> Iterator[int]:
        meter = self.meter
        try:
            if (
                meter._grow == _FIRST <= meter.left
                and meter.live
                and meter.stopped is None
                and meter.deadline is None
                and meter.parent is None
                and (meter.depth is None or meter.depth >= _SHALLOW)
            ):
                # The first chunk of a turn that begins: there is no clock to look at and nobody else to
                # pay, and each step enters one function at most, so that the depth is looked at in time.
                meter._grow = _FIRST_CHUNKS
                meter._since_memory += _FIRST
                meter.left -= _FIRST
                meter._chunk = bytearray(_FIRST_ONES)
                meter._chunk_iter = iter(meter._chunk)
                return meter._chunk_iter  # type: ignore[no-any-return]
            return meter._refill()
        except RecursionError:
            # The interpreter's own limit was met here first: no wish of the host's.
            limit = sys.getrecursionlimit() if meter.depth is None else meter.depth
            meter.stop("depth", limit, limit + 1)
            return meter._tail
        except BaseException as error:
            # An interrupt of the host's fell in here. The chain would forget its source for good, and
            # every later step would be free.
            meter.interrupt = error
            meter.stop("steps", 0, 0)
            return meter._tail


class Meter:
    """The budget of one compartment, filled anew for each turn.

    live: whether a turn is under way. runs_on: the thread that it runs on, where nothing stopped it and
    no parent pays for it; else 0. stopped: (kind, limit, used) once a budget ran out; it stays
    until the next turn. iterator: the counter itself; `next` of it is one step.
    """

    __slots__ = (
        "_ahead",
        "_base",
        "_base_depth",
        "_bulk",
        "_bulky",
        "_chunk",
        "_chunk_iter",
        "_entries",
        "_every",
        "_grow",
        "_looked",
        "_measured",
        "_memory_base",
        "_ones",
        "_since_memory",
        "_start",
        "_tail",
        "_unlooked",
        "_usual",
        "deadline",
        "depth",
        "inherited",
        "interrupt",
        "iterator",
        "kept",
        "learned",
        "left",
        "live",
        "memory",
        "overdrawn",
        "parent",
        "payer",
        "peak",
        "runs_on",
        "seconds",
        "started",
        "steps",
        "stopped",
        "tick",
    )

    def __init__(self) -> None:
        self.live = False
        self.runs_on = 0
        self.stopped: tuple[str, float, float] | None = None
        self.left = 0
        self.steps: int | None = 0
        self._start = 0
        self._chunk = bytearray()
        self._chunk_iter: Any = iter(self._chunk)
        self._tail = _Tail(self)
        self.iterator: Iterator[int] = itertools.chain.from_iterable(_Source(self))
        self.tick = self.iterator.__next__
        self.parent: Meter | None = None
        #: Of a guest in a worker, the turn that it runs for, which pays for it when it is over.
        self.payer: Meter | None = None
        self.depth: int | None = None
        self.deadline: float | None = None
        self.seconds: float | None = None
        self.inherited = False  # the deadline is the parent's
        self.memory: int | None = None
        self.started = 0.0
        self.peak = 0
        self.overdrawn = 0
        self.interrupt: BaseException | None = None
        self._base: FrameType | None = None
        self._base_depth = -1
        self._memory_base: int | None = None
        self._ones = _FIRST_ONES
        self._bulk = 0
        #: Bytes of results, and steps, between two looks at the memory, for the limit that there was
        #: when they were worked out, and what was found at the last.
        self._measured: int | None = None
        self._bulky = _BULK
        self._every = self._usual = _MEMORY_EVERY
        self._looked = 0
        if _after_collection not in gc.callbacks:
            gc.callbacks.append(_after_collection)
        self._entries = 0
        self._ahead = 0  # drawn from the parent, and not spent
        self._since_memory = 0
        self._unlooked = 0  # charged since the clock was looked at, where there is one
        self._grow = _FIRST
        #: What holds only while a turn runs; emptied at its end.
        self.learned: list[set[Any]] = []
        #: What C code may be at work in, although nobody holds it any more.
        self.kept: list[Any] = []

    # A turn

    def begin(
        self,
        *,
        steps: int | None,
        seconds: float | None,
        memory: int | None,
        depth: int | None,
        base: FrameType | None,
        parent: Meter | None = None,
        spent: float = 0.0,
        paused: bool = False,
    ) -> None:
        """Fill the budget and let the counter run. base: the host frame that the turn starts in.

        spent: seconds of the turn that have passed already, in compiling. paused: whether it runs from
        `resume` on only.
        """
        self.steps = steps
        self.left = self._start = _UNBOUNDED if steps is None else steps
        self.seconds = seconds
        self.started = time.monotonic() - spent
        self.deadline = None if seconds is None else self.started + seconds
        self.inherited = False
        if parent is not None:
            # What the parent may not take, no child may take for it.
            due = parent.deadline
            if due is not None and (self.deadline is None or due < self.deadline):
                self.deadline, self.seconds, self.inherited = due, parent.seconds, True
            if parent.memory is not None:
                memory = parent.memory if memory is None else min(memory, parent.memory)
        self.memory = memory
        if memory != self._measured:
            self._measured = memory
            self._bulky = _BULK if memory is None else min(memory >> 3, _BULK)
            self._usual = _MEMORY_EVERY if memory is None else _steps_unseen(memory)
        self._every = self._usual
        self.depth = depth
        self.parent = parent
        self.peak = 0
        self.overdrawn = 0
        self.stopped = None
        self.interrupt = None
        self._base = base
        self._base_depth = -1
        self._memory_base = None
        self._bulk = 0
        self._ahead = 0
        self._since_memory = 0
        self._grow = _FIRST
        self.runs_on = 0
        self.live = not paused
        if memory is not None and not paused:
            _watched.add(self)

    def pause(self) -> None:
        """Suspend the turn: until `resume` every tick raises, and what is left is kept."""
        unused: int = self._chunk_iter.__length_hint__()
        self.left += unused
        if self.parent is not None:
            self.parent.refund(unused + self._ahead)
            self._ahead = 0
        self.live = False
        if self.memory is not None:
            _watched.discard(self)
        self.runs_on = 0
        self._chunk.clear()
        self._base = None

    def resume(self, base: FrameType | None = None) -> None:
        """Let a turn run, or go on. base: the host frame that it runs in."""
        self._base = base
        self._base_depth = -1
        self.live = True
        if self.parent is None and self.stopped is None:
            self.runs_on = get_ident()
        if self.memory is not None:
            _watched.add(self)

    def end(self) -> None:
        """Take back what is left; from here on every tick raises."""
        if self.live:
            self.pause()
        self.parent = None
        if self.learned:
            for found in self.learned:
                found.clear()
            self.learned.clear()
        if self.kept:
            self.kept.clear()

    @property
    def used(self) -> int:
        """The steps spent in this turn so far."""
        return self._start - self.left - (self._in_chunk() if self.live else 0)

    def _in_chunk(self) -> int:
        hint: int = self._chunk_iter.__length_hint__()
        return hint

    # Stopping

    def stop(self, kind: str, limit: float, used: float) -> Stop:
        """Empty the budget for good and give the exception to raise. The first stop counts."""
        if self.stopped is None:
            self.stopped = (kind, limit, used)
        self.runs_on = 0
        self._chunk.clear()
        if kind == "steps":
            self.left = 0
        return Stop()

    def stopped_outside(self) -> bool:
        """Whether a turn that this one runs for, however far out, has been stopped."""
        outer = self.parent or self.payer
        while outer is not None and outer.stopped is None:
            outer = outer.parent or outer.payer
        return outer is not None

    def go_on(self, left: int) -> None:
        """Take a stop for steps back, with so many left: it was that of another guest."""
        self.stopped = None
        self.left = left
        self.overdrawn = 0
        if self.live and self.parent is None:
            self.runs_on = get_ident()

    def stop_all(self, kind: str, limit: float, used: float) -> Stop:
        """`stop`, of every turn around this one as well."""
        outer = self.parent
        while outer is not None:
            outer.stop(kind, limit, used)
            outer = outer.parent
        return self.stop(kind, limit, used)

    def check(self) -> None:
        """Raise `Stop` unless a turn is under way that has not been stopped."""
        if not self.live or self.stopped is not None:
            raise Stop

    # Spending

    def charge(self, units: int) -> None:
        """Take `units` steps; raises `Stop` with the budget empty when fewer are left.

        units: 0 or more, computed by trusted code, never a guest's own object.
        """
        if not self.live or self.stopped is not None:
            raise Stop
        if type(units) is not int:  # one of the guest's could give its budget whatever it likes
            raise TypeError("steps are whole numbers")
        if units <= 0:
            return
        if self.parent is not None:
            if units <= self._ahead:
                self._ahead -= units
            else:
                self._charge_parent(units)
        if units > self.left and units - self.left > self._in_chunk():
            raise self.stop("steps", self._start, self._start)
        self._take(units)
        if self.deadline is not None:
            # Of many small ones too: a walk over a nest is one step of the counter's, which looks at the
            # clock between two chunks, and takes as many charges as the budget has.
            self._unlooked += units
            if self._unlooked > CHUNK:
                self._unlooked = 0
                self.check_clock()

    def owe(self, units: int) -> None:
        """Charge for work that code of the host's does on behalf of a turn, which may be suspended, as
        while a guest awaits. What is beyond the budget ends the turn, once the host's code has come to
        its end: it is not interrupted in the midst of what it does. Raises `Stop` when it is `_GRACE`
        steps beyond.
        """
        if self.parent is not None:
            try:
                self.parent.owe(units)
            except Stop:
                kind, limit, used = self.parent.stopped or ("steps", self._start, self.used)
                raise self.stop(kind, limit, used) from None
        taken = 0
        if self.stopped is None:
            taken = min(units, self.available)
            self._take(taken)
            if taken < units:
                self.stop("steps", self._start, self._start)
            elif units > CHUNK:
                self.check_clock(stop=False)
        self.overdrawn += units - taken
        if self.overdrawn > _GRACE:
            raise Stop

    def _take(self, units: int) -> None:
        """Take steps that are there, and were paid for further out."""
        need = max(0, units - self.left)
        self.left -= units - need
        if need:
            next(itertools.islice(self._chunk_iter, need, need), None)

    def _charge_parent(self, units: int) -> None:
        parent = self.parent
        if parent is None:
            return
        need = units - self._ahead
        ahead = max(0, min(_AHEAD, self._outer_available() - units))
        try:
            parent.charge(need + ahead)
            self._ahead = ahead
        except Stop:
            kind, limit, used = parent.stopped or ("steps", self._start, self.used)
            raise self.stop(kind, limit, used) from None

    def refund(self, units: int) -> None:
        """Give back steps that a nested turn had drawn and not used."""
        if self.live and self.stopped is None:
            self.left += units
            if self.parent is not None:
                self.parent.refund(units)

    def charge_bytes(self, size: int) -> None:
        """Refuse or charge a result of `size` bytes before it is made: one step per KiB."""
        if type(size) is not int:
            raise TypeError("sizes are whole numbers")
        if size < 4096:
            if size >= _SMALL and self.live:
                self._bulk += size
                if self._bulk > self._bulky:
                    self.weigh(0)
            return
        if not self.live or self.stopped is not None:
            raise Stop
        self.weigh(size)
        self.charge(size >> 10)

    def charge_parts(self, count: int, steps: int, size: int) -> None:
        """Charge small things that are made together: `count` of them, of so many steps and bytes each.
        Their bytes are no steps, but are looked at with those of others."""
        self.charge(count * steps)
        self.weigh(count * size)

    def weigh(self, size: int) -> None:
        """Refuse what is larger than the limit of memory, and look at the whole now and then."""
        memory = self.memory
        if memory is None:
            return
        if size > memory:
            raise self.stop("memory", memory, size)
        if size > self.peak:
            self.peak = size
        self._bulk += size
        if self._memory_base is None and self._bulk > _UNSEEN:
            self._memory_base = resident_bytes()
        if self._bulk > self._bulky:
            self._bulk = size
            self._check_memory(size)
        if self.parent is not None:
            self._note_in_parent(size)

    def charge_growth(self, total: int, added: int) -> None:
        """Refuse or charge an object that grows in place by `added` bytes to `total`.

        What it holds already was paid for; that it is copied now and then as it grows is paid for with
        what is added, of which it takes eight times as much over time.
        """
        if total >= 4096:
            if not self.live or self.stopped is not None:
                raise Stop
            if self.memory is not None:
                if total > self.memory:
                    raise self.stop("memory", self.memory, total)
                self.peak = max(self.peak, total)
        self.charge_bytes(added)
        self.charge(added >> 7)

    def _note_in_parent(self, size: int) -> None:
        """What children hold is held by the whole family: parents look at the sum too."""
        parent = self.parent
        while parent is not None and parent.memory is not None:
            parent._bulk += size
            if parent._memory_base is None and parent._bulk > _UNSEEN:
                parent._memory_base = resident_bytes()
            if parent._bulk > parent._bulky:
                parent._bulk = size
                try:
                    parent._check_memory(size)
                except Stop:
                    raise self.stop(*(parent.stopped or ("memory", parent.memory, size))) from None
            parent = parent.parent

    def _check_memory(self, wanted: int = 0) -> None:
        now = None if self.memory is None else resident_bytes()
        if now is not None:
            self.look(now, wanted)

    def look(self, now: int, wanted: int = 0) -> None:
        """Raise the stop where the process has grown beyond the limit. now: its resident set."""
        if self.memory is None:
            return
        if self._memory_base is None:
            self._memory_base = self._looked = now
            return
        grown = max(0, now - self._memory_base) + wanted
        if grown > self.peak:
            self.peak = grown
        if grown > self.memory:
            raise self.stop("memory", self.memory, grown)
        # What grew as fast as this until the next look is to be found before it is far beyond.
        more = now - self._looked
        self._looked = now
        fast = more << 2 > self.memory - grown
        self._every = _FEWEST if fast else self._usual

    def check_clock(self, *, stop: bool = True) -> None:
        """Stop the turn when its seconds have passed. stop: whether to raise the stop here."""
        if self.deadline is not None and self.seconds is not None:
            now = time.monotonic()
            if now >= self.deadline:
                problem = self.stop("seconds", self.seconds, round(now - self.started, 3))
                if self.inherited and self.parent is not None:
                    self.parent.check_clock(stop=False)
                if stop:
                    raise problem

    # Between two chunks

    def _refill(self) -> Iterator[int]:
        if not self.live or self.stopped is not None:
            return self._tail
        try:
            size = min(self._grow, self.left, self._every)
            # With a time to keep, the clock is looked at more often: one step may be long.
            self._grow = min(self._grow * 2, CHUNK if self.deadline is None else CHUNK >> 3)
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self.check_clock()
            self._since_memory += size
            # The first steps of a turn go without: a look costs more than a short turn takes. What is
            # large is looked at by itself.
            first = self._memory_base is None and self._since_memory > _FIRST + _FIRST_CHUNKS
            if self._since_memory >= self._every or first:
                self._since_memory = 0
                self._check_memory()
                if self.parent is not None:
                    self._note_in_parent(0)
            depth = self.depth
            if depth is None or self.parent is not None or self._base_depth < 0:
                size = min(size, self._room())
            else:
                # What `_room` does first, without its calls: this is a tenth of the time of many turns.
                quick = depth >> 3
                try:
                    sys._getframe(self._base_depth + quick + 2)
                except ValueError:
                    if size > depth - quick:
                        size = depth - quick
                else:
                    size = min(size, self._room())
            if size <= 0:
                raise self.stop("steps", self._start, self._start)
            if self.parent is not None:
                size = min(size, max(1, self._outer_available()))
                self._charge_parent(size)
        except Stop:
            return self._tail
        self.left -= size
        if len(self._ones) != size:
            self._ones = _ONES[:size]
        self._chunk = bytearray(self._ones)
        if self.stopped is not None:  # meanwhile, by a collection or another thread
            self._chunk.clear()
        self._chunk_iter = iter(self._chunk)
        return self._chunk_iter  # type: ignore[no-any-return]

    def _outer_available(self) -> int:
        """The steps that every turn around this one has left, beside what was drawn from it."""
        left = _UNBOUNDED
        outer = self.parent
        while outer is not None:
            left = min(left, outer.available)
            outer = outer.parent
        return left + self._ahead

    @property
    def most(self) -> int:
        """The steps that this turn can take: what is left of it, and of those around it."""
        available = self.left + self._in_chunk()
        return available if self.parent is None else min(available, self._outer_available())

    @property
    def available(self) -> int:
        """The steps that are left in this turn."""
        return self.left + self._in_chunk()

    def entered(self, source: Any) -> Any:
        """Look at the depth now and then as code is entered that takes no step; gives `source`."""
        self._entries += 1
        if not self._entries & _ENTRIES and self.live and self.stopped is None:
            self._room()
        return source

    def _room(self) -> int:
        """How many more steps can be taken before guest calls could nest deeper than this turn, or one
        that it is nested in, may.

        Each step enters at most one function, so the depth need not be looked at before then.
        Frames of trusted code on the stack make the quick count too high, never too low.
        """
        room = _UNBOUNDED
        deep: list[Meter] = []
        turn: Meter | None = self
        while turn is not None:
            if turn.depth is not None:
                if turn._base_depth < 0:
                    turn._base_depth = _frames_from(turn._base)
                quick = turn.depth >> 3
                if _deeper_than(turn._base_depth + quick):
                    deep.append(turn)
                else:
                    room = min(room, turn.depth - quick)
            turn = turn.parent
        for turn, depth in zip(deep, _guest_depths(deep), strict=True):
            limit = turn.depth or 0
            if depth > limit:
                turn.stop("depth", limit, depth)
                raise self.stop("depth", limit, depth)
            room = min(room, limit - depth + 1)
        return room


def _steps_unseen(memory: int) -> int:
    return min(_MEMORY_EVERY, max(_FEWEST, memory >> _MEMORY_SHIFT))


#: The turns that run and have a limit of memory.
_watched: Final[set[Meter]] = set()
_collections: Final = itertools.count()


#: Where our own code is, which makes things on behalf of guests.
_ROOMS: Final = tuple(
    os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), room, "")
    for room in ("guards", "capcompiler")
)


def _is_of_guests(code: CodeType) -> bool:
    return is_guest_code(code) or code.co_filename.startswith(_ROOMS)


def _after_collection(phase: str, _told: Any) -> None:
    """Look at the memory after so many containers were made that the collector, on whichever thread,
    looked through them: one step can make as many as a program's text has displays."""
    if phase == "stop" and _watched and not next(_collections) % _COLLECTIONS:
        frame = sys._getframe().f_back
        if frame is None or not _is_of_guests(frame.f_code):
            return  # what a host's function makes meanwhile may be gone when it returns
        now = resident_bytes()
        for meter in _watched.copy():
            if now is not None and meter.live and meter.stopped is None:
                try:
                    meter.look(now)
                except Stop:
                    pass  # the next step raises it


#: Comprehensions are frames on 3.11 and not on 3.12: they count as a call on neither. Generator
#: expressions are, but for those that the optimiser makes loops of: as many as this count as none.
_NO_CALLS: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_FREE_EXPRESSIONS: Final = 500
#: Between two looks at the depth, so many may be entered (one less than a power of two).
_ENTRIES: Final = 63


def _guest_depths(turns: list[Meter]) -> list[int]:
    """How deep guest calls are nested above where each of these turns begins: in one walk of the stack,
    since a nest of guests asks for each of its levels."""
    found = {id(turn._base): -1 for turn in turns}
    wanted = len(found)
    count = lazy = 0
    outermost = ""
    frame: FrameType | None = sys._getframe(1) if turns else None
    while frame is not None:
        if id(frame) in found:
            found[id(frame)] = count - (outermost == "<module>")
            wanted -= 1
            if not wanted:
                break
        if is_guest_code(frame.f_code):
            name = frame.f_code.co_name
            if name == "<genexpr>":
                lazy += 1
                count += lazy > _FREE_EXPRESSIONS
            elif name not in _NO_CALLS:
                count += 1
                outermost = name
        frame = frame.f_back
    total = count - (outermost == "<module>")  # where the base is not on this stack
    return [total if (depth := found[id(turn._base)]) < 0 else depth for turn in turns]


def _frames_from(frame: FrameType | None) -> int:
    count = 0
    while frame is not None:
        count += 1
        frame = frame.f_back
    return count


def _deeper_than(depth: int) -> bool:
    try:
        sys._getframe(depth + 4)
    except ValueError:
        return False
    return True
