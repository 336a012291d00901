"""Workers kept ready: `Pool`, and the one that `isolation="process"` uses."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

from capcompiler.errors import CapError
from capcompiler.extras import needs_extra
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.namespace import Namespace
from capcompiler.program import Program

if TYPE_CHECKING:
    from capcompiler.isolation.confinement import Confinement
    from capcompiler.isolation.launch import Worker, Zygote
    from capcompiler.isolation.world import ProcessCompartment
    from capcompiler.membrane.membrane import Use

__all__ = ["NotConfined", "Pool", "default_pool"]

Confine = Literal["required", "best-effort", "off"]
#: A zygote is replaced after so many forks: its workers share its hash seed and its addresses.
RENEW_AFTER: Final = 1000
_RETRIES: Final = 3


class NotConfined(CapError):
    """This system cannot confine workers as `confine="required"` asks."""


class Pool:
    """Worker processes that the kernel confines, kept ready to run guests.

    workers: how many programs `submit` runs at once. confine: "required" refuses a system that does not
    keep every promise of `confinement`; "best-effort" takes what there is; "off" takes none of it.
    prefork: fresh workers that stand ready; None for as many as `workers`. executor: where `submit`
    runs its programs, instead of threads of this process.
    Raises `NotConfined`, and CapError where a worker cannot be started at all.
    """

    def __init__(
        self,
        workers: int = 2,
        confine: Confine = "required",
        prefork: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._zygote: Zygote | None = None
        self._next: Zygote | None = None
        self._closed = True
        for name, number in (("workers", workers), ("prefork", prefork)):
            if number is not None and (type(number) is not int or number < (name == "workers")):
                raise ValueError(f"Pool: {name} is a whole number, not {number!r}")
        if confine not in ("required", "best-effort", "off"):
            raise ValueError(f"confine: wanted 'required', 'best-effort' or 'off', got {confine!r}")
        _check_system()
        from capcompiler.isolation.launch import reported

        self._workers = workers
        self._confine = confine
        self._prefork = workers if prefork is None else prefork
        self._executor = executor
        self._threads: ThreadPoolExecutor | None = None
        self._ready: deque[Worker] = deque()
        self._taken: set[Worker] = set()
        self._lock = threading.RLock()
        #: What its thread is told: to go on, or that it is to end. Filled by finalisers too.
        self._errands: SimpleQueue[bool] = SimpleQueue()
        #: Workers that it is to end, and whether it is to have others forked.
        self._leaving: deque[Worker] = deque()
        self._wanting = False
        self._runs_errands = False
        self._owner = os.getpid()
        self._closed = False
        _open_pools.add(self)
        self._zygote = self._new_zygote()
        self._confinement = reported(confine, self._zygote.wait())
        if confine == "required" and not self._confinement.complete:
            self.close()
            lacking = "; ".join(f"{n}: {why}" for n, why in self._confinement.missing.items())
            raise NotConfined(
                f"workers cannot be confined here ({lacking}); Pool(confine='best-effort') runs them "
                f"with what there is"
            )
        self._refill()

    @property
    def confinement(self) -> Confinement:
        """What holds for its workers, as a trial worker found it."""
        return self._confinement

    def exec(
        self, src: str | bytes | Program, caps: Mapping[str, Any] | None = None, *,
        imports: Imports | None = None, limits: Limits | None = None, filename: str = "<guest>",
        optimize: bool = True, on_use: Callable[[Use], None] | None = None,
    ) -> Namespace:  # fmt: skip
        """`cap_exec` in a fresh worker of this pool."""
        world = self.compartment(caps, imports=imports, limits=limits, on_use=on_use)
        world._once = True
        return world.exec(src, filename=filename, optimize=optimize)

    def eval(
        self, src: str | bytes | Program, caps: Mapping[str, Any] | None = None, *,
        imports: Imports | None = None, limits: Limits | None = None, filename: str = "<guest>",
        optimize: bool = True, on_use: Callable[[Use], None] | None = None,
    ) -> Any:  # fmt: skip
        """`cap_eval` in a fresh worker of this pool."""
        world = self.compartment(caps, imports=imports, limits=limits, on_use=on_use)
        world._once = True
        return world.eval(src, filename=filename, optimize=optimize)

    def compartment(
        self, caps: Mapping[str, Any] | None = None, *, imports: Imports | None = None,
        limits: Limits | None = None, on_use: Callable[[Use], None] | None = None,
    ) -> ProcessCompartment:  # fmt: skip
        """A `Compartment` in a worker of this pool, which is its own until it is closed."""
        from capcompiler.isolation.world import ProcessCompartment

        return ProcessCompartment(caps, imports=imports, limits=limits, on_use=on_use, pool=self)

    def submit(
        self, src: str | bytes | Program, caps: Mapping[str, Any] | None = None, *,
        imports: Imports | None = None, limits: Limits | None = None, filename: str = "<guest>",
        optimize: bool = True,
    ) -> Future[Namespace]:  # fmt: skip
        """`exec` at the next opportunity; gives its future.

        With an executor, where that runs it: what was granted must be able to go there, or
        `CapabilityError` is raised, and what comes back is data.
        """
        options: dict[str, Any] = {
            "imports": imports, "limits": limits, "filename": filename, "optimize": optimize
        }  # fmt: skip
        with self._lock:
            self._check_open()
            if self._executor is not None:
                from capcompiler.isolation import travel

                job = travel.job_of(src, caps, confine=self._confine, **options)
                return travel.send(self._executor, job)
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="capcompiler")
        return self._threads.submit(self.exec, src, caps, **options)

    def close(self) -> None:
        """End every worker, and what runs in them."""
        # In a child of the host's, a thread that is not there may have held the lock when it was forked.
        with self._lock if os.getpid() == self._owner else contextlib.nullcontext():
            if self._closed:
                return
            self._closed = True
            ready, zygotes = [*self._ready, *self._taken], [self._zygote, self._next]
            self._ready.clear()
            self._zygote = self._next = None
        self._errands.put(_END)
        for worker in ready:
            worker.discard()
        for zygote in zygotes:
            if zygote is not None:
                zygote.stop()
        if self._threads is not None and os.getpid() == self._owner:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._closed:
            self.close()

    def __repr__(self) -> str:
        return f"<Pool of {self._workers}{' (closed)' if self._closed else ''}>"

    # Workers

    def _take(self, memory: int | None) -> Worker:
        """A fresh worker behind its walls."""
        from capcompiler.isolation.faults import WorkerDied

        problem: CapError | None = None
        for _ in range(_RETRIES):
            worker = self._fresh()
            try:
                worker.meet()
                worker.bound(memory)
                self._taken.add(worker)
                worker.on_end = self._taken.discard
                worker.on_answer = self._make_good
                return worker
            except WorkerDied as error:
                problem = error
        raise problem or CapError("no worker")

    def _fresh(self) -> Worker:
        with self._lock:
            self._check_open()
            while self._ready:
                worker = self._ready.popleft()
                if worker.zygote.process.poll() is not None:
                    worker.discard()  # it ends with what it was forked from, if it has not yet
                    continue
                return worker
            return self._fork(hurry=True)

    def _fork(self, *, hurry: bool = False) -> Worker:
        from capcompiler.isolation.faults import WorkerDied

        self._renew()
        zygote = self._zygote
        assert zygote is not None  # noqa: S101 - the pool is open
        try:
            return zygote.fork(hurry=hurry)
        except WorkerDied:
            zygote.stop()
            zygote = self._zygote = self._new_zygote()
            zygote.wait()
            return zygote.fork(hurry=hurry)

    def _make_good(self) -> None:
        """Have another worker forked: one that was taken has answered. Before that, the fork would have
        kept the processors from it; and its caller does not wait for it now."""
        if not self._runs_errands:
            with self._lock, contextlib.suppress(RuntimeError):  # the interpreter is ending
                self._start_errands()
        self._wanting = True
        self._errands.put(_GO_ON)

    def _dismiss(self, worker: Worker) -> None:
        """End a worker that has served its guest. The caller does not wait until the kernel has done so,
        unless some are waited for already: each holds memory, a descriptor and a number."""
        if self._runs_errands and not self._closed and len(self._leaving) < _MOST_LEAVING:
            self._leaving.append(worker)
            self._errands.put(_GO_ON)
            if not self._closed:
                return
        worker.discard()

    def _send_off(self) -> None:
        leaving = self._leaving
        while leaving:
            leaving.popleft().discard()

    def _start_errands(self) -> None:
        if not self._runs_errands:
            threading.Thread(
                target=_run_errands, args=(weakref.ref(self), self._errands), daemon=True,
                name="capcompiler-refill",
            ).start()  # fmt: skip
            self._runs_errands = True

    def _refill(self) -> None:
        with self._lock:
            while not self._closed and len(self._ready) < self._prefork:
                self._ready.append(self._fork())

    def _meet(self) -> None:
        """Hear what the workers of the stock say as they begin, before somebody waits for it. One that
        is slow is left to whoever takes it: workers that are to end do not wait for it."""
        for worker in [*self._ready]:
            if worker.channel.waiting(_BEGIN_MILLISECONDS):
                worker.meet()

    def _renew(self) -> None:
        """Make a new zygote in time, and let the old one go when the new one is there."""
        zygote, coming = self._zygote, self._next
        if zygote is None or zygote.forks < RENEW_AFTER:
            return
        if coming is None:
            self._next = self._new_zygote()
        elif select.select([coming.control], [], [], 0)[0]:
            coming.wait()
            self._zygote, self._next = coming, None
            zygote.retire()

    def _new_zygote(self) -> Zygote:
        from capcompiler.isolation.launch import Zygote

        return Zygote(self._confine)

    def _check_open(self) -> None:
        if self._closed:
            raise CapError("the pool is closed")
        if os.getpid() != self._owner:
            raise CapError("the pool belongs to the process that this one was forked from")


_GO_ON: Final = True
_END: Final = False
#: How long a pool's thread waits for a worker to begin.
_BEGIN_MILLISECONDS: Final = 50
#: Workers that a pool's thread may be behind with.
_MOST_LEAVING: Final = 2


def _run_errands(pool_of: weakref.ref[Pool], errands: SimpleQueue[bool]) -> None:
    """End workers and refill a pool whenever it is told to, until it is closed. It is held only
    meanwhile."""
    while errands.get():
        pool = pool_of()
        if pool is None:
            return
        pool._send_off()
        if pool._wanting:
            pool._wanting = False
            # What fails is said by the next one to be taken; a descriptor may be closed meanwhile.
            with contextlib.suppress(CapError, OSError, ValueError):
                pool._refill()
                pool._send_off()
                pool._meet()
        del pool


def _check_system() -> None:
    from capcompiler.isolation import wire

    if os.name != "posix":
        raise NotConfined("worker processes need a POSIX system; use isolation='inline'")
    if not wire.available():
        raise NotConfined(needs_extra("a worker process", "process", "msgspec"))


_open_pools: Final[weakref.WeakSet[Pool]] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for pool in list(_open_pools):
        pool.close()


_default: Pool | None = None
_making: Final = threading.Lock()


def default_pool() -> Pool:
    """The pool that `isolation="process"` uses, made when it is first wanted."""
    global _default
    with _making:
        if _default is None or _default._closed or _default._owner != os.getpid():
            _default = Pool()
        return _default
