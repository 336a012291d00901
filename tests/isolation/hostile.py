"""A worker that has been taken over, as a thread of the test: it says what the test wants said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from capcompiler.isolation.channel import Channel
from capcompiler.isolation.messages import INIT, REPLY
from capcompiler.isolation.world import ProcessCompartment

__all__ = ["Peer", "hostile"]


class Peer:
    """The worker's end of the wire."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send(self, message: Any) -> None:
        data = msgspec.msgpack.encode(message)
        self.raw(len(data).to_bytes(4, "little") + data)

    def receive(self) -> list[Any]:
        size = int.from_bytes(self.exactly(4), "little")
        message: list[Any] = msgspec.msgpack.decode(self.exactly(size))
        return message

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def reply(self, serial: int, payload: Any, **said: Any) -> None:
        """A REPLY as one of ours sends it, but for what is said otherwise."""
        parts = {"released": [], "failed": False, "payload": payload, "output": "", "steps": 1,
                 "memory": 0, **said}  # fmt: skip
        self.send([REPLY, serial, parts["released"], parts["failed"], parts["payload"],
                   parts["output"], parts["steps"], parts["memory"]])  # fmt: skip

    def request(self) -> list[Any]:
        """The next request that is not the first one of all, which is not replied to."""
        while True:
            message = self.receive()
            if message[0] != INIT:
                return message
            self.init = message


class _Worker:
    pid = 0

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.on_answer = None
        self.discarded = False
        self.interrupted = 0

    def discard(self) -> None:
        self.discarded = True
        self.channel.close()

    def interrupt(self) -> None:
        self.interrupted += 1

    def died(self) -> str:
        self.discard()
        return "its worker process has ended"


class _Pool:
    def __init__(self, script: Callable[[Peer], None]) -> None:
        self.script = script
        self.worker: _Worker | None = None

    def _take(self, _memory: int | None) -> _Worker:
        ours, theirs = socket.socketpair()

        def run() -> None:
            with theirs:
                try:
                    self.script(Peer(theirs))
                    theirs.settimeout(20)
                    while theirs.recv(1 << 16):
                        pass
                except (EOFError, OSError):
                    return

        threading.Thread(target=run, daemon=True).start()
        self.worker = _Worker(Channel(ours))
        return self.worker

    @staticmethod
    def _dismiss(worker: _Worker) -> None:
        worker.discard()


def hostile(script: Callable[[Peer], None], caps: Any = None, **options: Any) -> ProcessCompartment:
    """A compartment whose worker follows the script."""
    return ProcessCompartment(caps, pool=_Pool(script), **options)  # type: ignore[arg-type]
