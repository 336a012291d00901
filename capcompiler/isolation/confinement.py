"""What a worker gives up before it sees a guest, and what of that holds on this system.

A worker opens nothing: what it may need was read by the process that it is forked from. So no system
call that opens, connects, starts or signals is left to it, and where the kernel has Landlock, a second
wall says the same of files. A trial worker tries each of these things before the pool takes a guest;
what `Confinement` reports was seen, not supposed.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from capcompiler.isolation import kernel

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

__all__ = [
    "ALLOWED",
    "PROMISES",
    "Confinement",
    "Walls",
    "bound_memory",
    "bounded",
    "trial",
    "unmeasured",
]

#: What is left to a worker: to read and write what is open, memory, time, and its end.
ALLOWED: Final = tuple(
    """
    brk clock_gettime close exit exit_group futex getpid getrandom getrusage gettid gettimeofday madvise
    mmap mprotect mremap munmap poll ppoll pread64 read restart_syscall rt_sigaction rt_sigprocmask
    rt_sigreturn sched_yield sigaltstack write
    """.split()
)
#: What a confined worker cannot do, each with what it is that it cannot.
PROMISES: Final = {
    "files": "open, list, make or change a file",
    "network": "make a socket",
    "processes": "start a process or a thread, or another program",
    "signals": "signal or trace another process",
    "code": "run memory that it has written",
    "privileges": "gain rights, or use those of root",
}
#: The descriptor of the rules lies out of the way of those that a worker keeps.
RULES_ABOVE: Final = 64
#: Bytes beyond the limit of memory that the kernel allows: the worker's own check comes first.
SLACK: Final = 48 * 2**20


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds for the workers of a pool, as data.

    asked: "required", "best-effort" or "off". holds: a promise to what keeps it. missing: a promise, or
    a part of the second wall, to why nothing keeps it. complete: whether every promise is kept, and
    memory bounded where the system can.
    """

    asked: str
    system: str
    holds: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return all(name in self.holds for name in PROMISES) and "memory" not in self.missing

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return {**asdict(self), "complete": self.complete}

    def __str__(self) -> str:
        lines = [f"confinement of workers ({self.asked}) on {self.system}:"]
        lines += [f"  {n}: yes, by {how}" for n, how in self.holds.items()]
        lines += [f"  {n}: no, {why}" for n, why in self.missing.items()]
        return "\n".join(lines)


class Walls:
    """What a worker puts itself behind, made ready once in the process that workers are forked from."""

    __slots__ = ("filter", "missing", "rules")

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self.filter: kernel.Filter | None = None
        self.rules: int | None = None
        if not kernel.supported():
            why = f"nothing is known of how to confine a process on {sys.platform}"
            self.missing = dict.fromkeys(PROMISES, why)
            return
        if kernel.filtered():
            self.filter = kernel.Filter(ALLOWED)
        else:
            self.missing = dict.fromkeys(PROMISES, "the kernel has no seccomp filters")
        self.rules = kernel.ruleset(RULES_ABOVE)
        if self.rules is None:
            self.missing["landlock"] = "the kernel has no Landlock; seccomp alone keeps files closed"

    def enter(self) -> None:
        """Put this process behind them, for good. Raises OSError where the kernel will not."""
        if self.filter is None and self.rules is None:
            return
        kernel.no_new_privileges()
        if self.rules is not None:
            kernel.deny_paths(self.rules)
            os.close(self.rules)
        kernel.drop_capabilities()
        if self.filter is not None:
            self.filter.install()


def bounded() -> int:
    """Have the kernel bound what this process may hold of anything but memory to next to nothing. Gives
    the bytes of its address space, by which its host bounds its memory; 0 where that is not known, and
    then nothing but the guest's own meter bounds it (see `unmeasured`)."""
    if resource is None:
        return 0
    for name, most in _BOUNDS.items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (most, most))
    if sys.platform != "linux":
        return 0
    try:
        with open(_STATM, "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def unmeasured() -> str:
    """Why the memory of workers can neither be measured nor bounded here; "" where it can."""
    if sys.platform != "linux":
        return ""
    try:
        with open(_STATM, "rb") as file:
            return "" if file.read().split() else f"{_STATM} is empty"
    except OSError as error:
        return f"{_STATM} cannot be read ({error.strerror}), so memory is not measured: mount /proc"


#: Where the kernel says how much memory a process has.
_STATM: Final = "/proc/self/statm"


def bound_memory(pid: int, has: int, memory: int) -> None:
    """Have the kernel bound the memory of a worker. has: the bytes of its address space. memory: what
    its guest may have beyond them, in bytes."""
    most = min(has + memory + (memory >> 2) + SLACK, 2**62)
    resource.prlimit(pid, resource.RLIMIT_AS, (most, most))


_BOUNDS: Final = (
    {}
    if resource is None
    else {
        name: most
        for name, most in (
            ("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 0), ("RLIMIT_MEMLOCK", 0), ("RLIMIT_MSGQUEUE", 0),
            ("RLIMIT_NOFILE", 16),
        )
        if hasattr(resource, name)
    }
)  # fmt: skip


def _open() -> None:
    os.close(os.open("/", os.O_RDONLY))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _run_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


_ATTEMPTS: Final[dict[str, Callable[[], Any]]] = {
    "files": _open,
    "network": lambda: socket.socket(socket.AF_UNIX).close(),
    "processes": _fork,
    "signals": lambda: os.kill(os.getppid(), 0),
    "code": _run_memory,
    "privileges": lambda: os.setgroups([]),
}


def trial(walls: Walls) -> dict[str, str]:
    """What this process can still do behind the walls, each with why it matters; it tries everything.
    Called in a child of its own."""
    able = {}
    try:
        walls.enter()
    except OSError as error:
        return {name: f"the kernel refuses: {error}" for name in PROMISES}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name, attempt in _ATTEMPTS.items():
        try:
            attempt()
        except OSError:
            continue
        able[name] = f"a worker could {PROMISES[name]}"
    return able
