"""The host's side of processes: the zygote that it starts, and the workers that it has forked.

Only what this process started is ever signalled: a worker is named by a descriptor of its own, which
the kernel never gives to another process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from capcompiler.isolation.channel import Channel, Gone, Silent
from capcompiler.isolation.confinement import PROMISES, Confinement, bound_memory
from capcompiler.isolation.faults import WorkerDied
from capcompiler.isolation.wire import WireError
from capcompiler.isolation.zygote import AT_ONCE, ENDED, FORK, REAP, REQUEST, WAIT

__all__ = ["Worker", "Zygote"]

START_SECONDS: Final = 60.0
HELLO_SECONDS: Final = 20.0
#: Packages that a worker imports, besides the standard library.
_NEEDED: Final = ("capcompiler", "guards", "RestrictedPython", "asttokens", "msgspec")


class Zygote:
    """One process that workers are forked from. Raises `WorkerDied` where it does not start."""

    def __init__(self, confine: str) -> None:
        self.confine = confine
        self._lock = threading.RLock()  # a finaliser may come in between
        self._living = 0
        self._retired = False
        self._owner = os.getpid()
        self.forks = 0
        ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()
        settings = {
            "path": _paths(), "control": theirs.fileno(), "confine": confine, "most": _most_files(),
        }  # fmt: skip
        self.control = ours
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", "-S", "-E", "-X", "utf8", str(Path(__file__).with_name("zygote.py")),
             json.dumps(settings)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
            pass_fds=[theirs.fileno()], env={}, cwd="/", start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self.report: dict[str, Any] | None = None

    def wait(self) -> dict[str, Any]:
        """Wait until it can fork, and give what it says of confinement."""
        with self._lock:
            if self.report is None:
                self.report = self._read_report()
            return self.report

    def _read_report(self) -> dict[str, Any]:
        data = b""
        ends = time.monotonic() + START_SECONDS
        while not data.endswith(b"\n"):
            self.control.settimeout(max(0.01, ends - time.monotonic()))
            try:
                more = self.control.recv(65536)
            except TimeoutError:
                more = b""
            if not more:
                self._errors.seek(0)
                said = self._errors.read()[-2000:].decode(errors="replace").strip()
                self.stop()
                raise WorkerDied(f"the process that workers are forked from did not start: {said}")
            data += more
        self.control.settimeout(None)
        self._errors.close()
        found: dict[str, Any] = json.loads(data)
        return found

    def fork(self, *, hurry: bool = False) -> Worker:
        """A fresh worker. It need not be there yet: what is sent to it waits. hurry: whether somebody
        waits for it, so that it is not made warm first."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                with self._lock:
                    socket.send_fds(
                        self.control, [REQUEST.pack(FORK, AT_ONCE if hurry else 0)], [theirs.fileno()]
                    )
                    self.forks += 1
                    self._living += 1
            except OSError:
                ours.close()
                raise WorkerDied("the process that workers are forked from has ended") from None
        return Worker(self, Channel(ours))

    def retire(self) -> None:
        """End it when its last worker has ended."""
        with self._lock:
            self._retired = True
            if self._living > 0:
                return
        self.stop()

    def one_less(self) -> None:
        """A worker has ended."""
        with self._lock:
            self._living -= 1
            if not self._retired or self._living > 0:
                return
        self.stop()

    def reap(self, pid: int) -> None:
        """Let a worker that has ended or is ending be forgotten."""
        with contextlib.suppress(OSError), self._lock:
            self.control.sendall(REQUEST.pack(REAP, pid))

    def ended(self, pid: int) -> int | None:
        """How a worker that is ending ends: its code, negative for a signal."""
        with contextlib.suppress(OSError), self._lock:
            self.control.sendall(REQUEST.pack(WAIT, pid))
            self.control.settimeout(5)
            try:
                data = self.control.recv(ENDED.size, socket.MSG_WAITALL)
            finally:
                self.control.settimeout(None)
            if len(data) == ENDED.size:
                return int(ENDED.unpack(data)[1])
        return None

    def stop(self) -> None:
        """End it, and with it every worker that is left."""
        self.control.close()
        self._errors.close()
        if os.getpid() != self._owner:
            return  # a child of the host's: the process is its parent's
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Worker:
    """One worker, from its fork to its end."""

    __slots__ = (
        "_ended",
        "_has",
        "_lock",
        "_meeting",
        "_pidfd",
        "channel",
        "on_answer",
        "on_end",
        "pid",
        "zygote",
    )

    def __init__(self, zygote: Zygote, channel: Channel) -> None:
        self.zygote = zygote
        self.channel = channel
        self.pid = 0
        self.on_end: Callable[[Worker], None] | None = None
        #: Called once, after its guest's first turn.
        self.on_answer: Callable[[], None] | None = None
        #: Bytes of its address space as it began, by which its memory is bounded; 0 for none known.
        self._has = 0
        self._pidfd = -1
        self._ended = False
        self._lock = threading.RLock()
        #: Held while it is waited for.
        self._meeting = threading.Lock()

    def meet(self) -> None:
        """Wait until it is there, behind its walls. Raises `WorkerDied`."""
        with self._meeting:
            if self.pid:
                return
            try:
                pid, has = self.channel.receive(time.monotonic() + HELLO_SECONDS)
                if pid == 0:
                    raise OSError(has)
                if hasattr(os, "pidfd_open"):
                    # Nobody else has this number: its parent waits for it when we say so.
                    self._pidfd = os.pidfd_open(pid)
                self._has = int(has)
                self.pid = pid
                return
            except Silent:
                why = f"it said nothing for {HELLO_SECONDS:.0f} seconds"
            except Gone:
                why = "it ended before it had begun"
            except (WireError, ValueError, TypeError):
                why = "it said what no worker says"
            except OSError as error:
                why = f"the system refuses: {error}"
        raise self._unfit(why)

    def bound(self, memory: int | None) -> None:
        """Have the kernel bound the bytes that its guest may have."""
        if memory is None or not self._has:
            return
        try:
            bound_memory(self.pid, self._has, memory)
            return
        except OSError as error:
            why = f"the system refuses: {error}"
        raise self._unfit(why)

    def _unfit(self, why: str) -> WorkerDied:
        self.discard()
        return WorkerDied(f"a worker process did not start: {why}")

    def interrupt(self) -> None:
        """Ask it to end the turn under way."""
        self._signal(signal.SIGUSR1)

    def _signal(self, number: int) -> None:
        with self._lock:
            if self._ended or not self.pid:
                return
            with contextlib.suppress(OSError):
                if self._pidfd >= 0:
                    signal.pidfd_send_signal(self._pidfd, number)
                else:
                    os.kill(self.pid, number)

    def discard(self) -> None:
        """End it at once, and let it be forgotten."""
        if self._finish():
            self.zygote.reap(self.pid)
            self.zygote.one_less()

    def died(self) -> str:
        """End it, and say how it had ended of itself."""
        with self._lock:
            if self._pidfd >= 0 and not self._ended:
                select.select([self._pidfd], [], [], 0.2)  # it may be on its way out
        if not self._finish():
            return "its worker process has ended"
        code = self.zygote.ended(self.pid)
        self.zygote.one_less()
        if code is None:
            return "its worker process has ended"
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return f"its worker process was ended by {name}"
        return f"its worker process ended with code {code}"

    def _finish(self) -> bool:
        """Kill it, once. Whether it had a number, by which it can be waited for."""
        self._signal(signal.SIGKILL)
        with self._lock:
            if self._ended:
                return False
            self._ended = True
            if self.on_end is not None:
                self.on_end(self)
            self.channel.close()
            if self._pidfd >= 0:
                os.close(self._pidfd)
            return bool(self.pid)


def _paths() -> list[str]:
    """Where a worker finds what it imports: the directories of those packages and no other."""
    found: dict[str, None] = {}
    for name in _NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            found[str(Path(spec.origin).resolve().parent.parent)] = None
    return list(found)


def _most_files() -> int:
    most = os.sysconf("SC_OPEN_MAX")
    return most if 0 < most < 1 << 20 else 1 << 20


def reported(confine: str, report: dict[str, Any]) -> Confinement:
    """What a zygote's report says holds."""
    missing: dict[str, str] = dict(report["missing"])
    missing.update(report["able"])
    holds = {
        "environment": "starting with an empty one",
        "descriptors": "closing all but its own connection",
        "group": "a session and a process group of its own",
    }
    if sys.platform == "linux":
        if "memory" not in missing:
            holds["memory"] = "RLIMIT_AS"
        holds["end"] = "the kernel's signal when its parent ends"
    if confine == "off":
        missing = dict.fromkeys(PROMISES, "confine='off'")
    else:
        walls = "seccomp" if "landlock" in missing else "seccomp, and Landlock for files"
        for name in PROMISES:
            if name not in missing:
                holds[name] = walls if name == "files" else "seccomp"
    system = " ".join(os.uname()[i] for i in (0, 2, 4)) if hasattr(os, "uname") else sys.platform
    return Confinement(confine, system, holds, missing)
