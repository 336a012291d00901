"""The process that workers are forked from: small, single-threaded, started by exec, and without guests.

It has imported this package, read what guests' modules are made of and made one compartment; a fork of
it is a fresh worker in a fraction of a millisecond, where a fresh interpreter takes two hundred. It was
started with an empty environment and no descriptor but its control socket, and holds nothing of the
host's. It runs no guest and reads nothing that a worker wrote.

The control socket carries one byte and a number a message: b"f" with a descriptor, fork a worker that
serves it, and 1 where it is needed at once; b"r" and a process, wait for it and say nothing; b"w" and a
process, say how it ended.
"""

from __future__ import annotations

import array
import gc
import json
import os
import signal
import socket
import struct
import sys
from typing import Any, Final

FORK: Final = b"f"
AT_ONCE: Final = 1
REAP: Final = b"r"
WAIT: Final = b"w"
REQUEST: Final = struct.Struct("<ci")
ENDED: Final = struct.Struct("<ii")
#: A worker ends in this where it could not start, or failed in what is not the guest's.
_REAP_SECONDS: Final = 0.05
FAILED: Final = 70
#: How long a worker that nobody waits for leaves the processors to others before it makes itself warm.
_MOMENT_MILLISECONDS: Final = 50


def main() -> None:
    """Serve forks until the host closes its end; then every worker that is left is killed."""
    settings = json.loads(sys.argv[1])
    sys.path += [p for p in settings["path"] if p not in sys.path]
    control = socket.socket(fileno=settings["control"])
    workers: set[int] = set()
    ending: set[int] = set()
    warmed = warm(settings["confine"])
    control.sendall(json.dumps(warmed.report).encode() + b"\n")
    os.dup2(os.open(os.devnull, os.O_RDWR), 2)
    while True:
        # The end of a worker takes the kernel a while, and nobody is to wait for that.
        control.settimeout(_REAP_SECONDS if ending else None)
        ending = {pid for pid in ending if os.waitpid(pid, os.WNOHANG)[0] == 0}
        try:
            data, fds, *_ = control.recvmsg(REQUEST.size, socket.CMSG_SPACE(4))
        except TimeoutError:
            continue
        if len(data) < REQUEST.size:
            break
        kind, number = REQUEST.unpack(data)
        if kind == FORK:
            (held,) = array.array("i", fds[0][2]) if fds else (-1,)
            if held < 0:
                continue
            try:
                pid = os.fork()
            except OSError:
                os.close(held)  # the host sees its end close
                continue
            if pid == 0:
                control.detach()
                work(held, settings, warmed, number == AT_ONCE)
            workers.add(pid)
            os.close(held)
        elif number in workers:
            workers.discard(number)
            if kind == REAP:
                ending.add(number)
                continue
            _, status = os.waitpid(number, 0)
            control.sendall(ENDED.pack(number, os.waitstatus_to_exitcode(status)))
    for pid in workers:
        os.kill(pid, signal.SIGKILL)


class Warmed:
    """What is ready before the first fork."""

    def __init__(self, walls: Any, world: Any, report: dict[str, Any]) -> None:
        from capcompiler.isolation import worker

        self.walls = walls
        self.world = world
        self.report = report
        self._scratch = worker.blank()
        self._requests = worker.rehearsed()

    def run(self) -> None:
        """Serve a host that is none, in a world that is not the guest's: every step of a request for a
        program that was compiled elsewhere."""
        from capcompiler.isolation import worker

        worker.rehearse(self._scratch, self._requests)

    def compile(self) -> None:
        """Compile and run a little."""
        self._scratch.exec("def g(x):\n    return [x]\nprint(g(1))")


def warm(confine: str) -> Warmed:
    """Import and make whatever a worker will need: it can open nothing any more."""
    import asyncio  # noqa: F401 - turns that await name its errors
    import encodings.idna
    import encodings.punycode
    import encodings.utf_16
    import encodings.utf_32  # noqa: F401 - codecs that guests may name
    import time

    from capcompiler import cache, program, standard
    from capcompiler.isolation import confinement, worker

    for name in standard_codecs():
        try:
            "a".encode(name)
        except (LookupError, UnicodeError):
            continue
    cache.set_cache(None)  # a worker writes nothing, and reads no file
    standard.read_ahead()
    # The host sends programs that it has numbered.
    program.number_from(2**40)
    time.localtime()
    worker.blank().exec("import math, itertools\nf'{1:>3}'\n1 / 1")
    walls = confinement.Walls() if confine != "off" else None
    able = tried(walls) if walls is not None and walls.filter is not None else {}
    missing = {} if walls is None else dict(walls.missing)
    if unmeasured := confinement.unmeasured():
        missing["memory"] = unmeasured
    report = {"able": able, "missing": missing, "pid": os.getpid()}
    warmed = Warmed(walls, worker.blank(), report)
    program.forget_compiled()
    gc.collect()
    gc.freeze()
    return warmed


def standard_codecs() -> list[str]:
    """The names of the codecs of text, those without aliases too, such as `utf_8_sig`."""
    import encodings
    import pkgutil
    from encodings.aliases import aliases

    modules = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    return sorted({*aliases.values(), *modules} - {"mbcs", "oem", "aliases", "undefined"})


def tried(walls: Any) -> dict[str, str]:
    """What a trial worker could do that it should not."""
    from capcompiler.isolation import confinement

    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, json.dumps(confinement.trial(walls)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    if not data:
        return dict.fromkeys(confinement.PROMISES, "the trial worker died")
    found: dict[str, str] = json.loads(data)
    return found


def work(held: int, settings: dict[str, Any], warmed: Warmed, hurry: bool) -> None:
    """Be a worker. hurry: whether somebody waits for it. Never returns."""
    from capcompiler.isolation import worker

    code = FAILED
    try:
        line, world = _started(held, settings, warmed, hurry)
        worker.serve(line, world)
        code = 0
    finally:
        os._exit(code)


def _started(held: int, settings: dict[str, Any], warmed: Warmed, hurry: bool) -> tuple[Any, Any]:
    """Be a worker that is ready for a guest: its connection and its world. Its host hears why not."""
    try:
        line = _confined(held, settings, warmed)
    except OSError as error:
        from capcompiler.isolation.wire import packed

        said = packed([0, f"{type(error).__name__}: {error}"[:500]])
        os.write(3, len(said).to_bytes(4, "little") + said)
        raise
    from capcompiler.isolation import worker

    # What a run touches is copied from the zygote's memory, a page at a time: now, as long as nobody
    # waits. The guest gets a world that was made here, none of which is to be copied any more, and what
    # only a text needs, which is to be compiled here, comes last.
    # Where fresh workers are wanted one after the other, that only keeps the processors from them: so a
    # worker first looks whether it is wanted as it is.
    world = warmed.world
    if hurry or line.waiting(_MOMENT_MILLISECONDS):
        return line, world
    warmed.run()
    if line.waiting():
        return line, world
    world = worker.blank()
    if not line.waiting():
        warmed.compile()
    return line, world


def _confined(held: int, settings: dict[str, Any], warmed: Warmed) -> Any:
    """Go behind the walls, and give the connection to the host once it was told so."""
    from capcompiler.isolation import channel, confinement, kernel, worker
    from guards import binding, meter

    os.dup2(held, 3)  # where the host hears of what fails from here on
    if kernel.supported():
        kernel.die_with_parent()
    os.setpgid(0, 0)
    statm = meter.hold_statm(4)
    walls = warmed.walls
    kept = 5 if statm else 4
    if walls is not None and walls.rules is not None:
        walls.rules, kept = os.dup2(walls.rules, kept), kept + 1
    os.closerange(kept, settings["most"])
    binding.draw_anew()
    line = channel.WorkerChannel(socket.socket(fileno=3))
    pages = confinement.bounded()
    if walls is not None:
        try:
            walls.enter()
        except OSError as error:
            if settings["confine"] == "required":
                raise OSError(error.errno, f"it cannot be confined: {error.strerror}") from None
    worker.hear_early()
    line.send([os.getpid(), pages])  # from here on the host knows whom to interrupt
    return line


if __name__ == "__main__":
    main()
