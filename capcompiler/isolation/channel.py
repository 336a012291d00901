"""Frames over a socket: four bytes of length, then as many of the message.

Stops: a worker that announces a frame of gigabytes, sends half a frame and falls silent, or sends one
byte a minute. A frame has a bound, and once it has begun it must end within a few seconds.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time
from typing import Any, Final

from capcompiler.isolation.wire import MAX_FRAME, MOST_ARRAYS, WireError, crowded, packed, unpacked

__all__ = ["FRAME_SECONDS", "Channel", "Gone", "Silent", "TooLarge", "WorkerChannel"]

#: How long a frame may take from its first byte to its last.
FRAME_SECONDS: Final = 5.0
#: How long the other side may leave a message lying.
SEND_SECONDS: Final = 30.0
#: Bytes that are read at once: more is memory that the system maps and unmaps for each message.
_CHUNK: Final = 1 << 14
_LARGE: Final = 1 << 18
#: Flags of a call that does not wait.
_NOW: Final = getattr(socket, "MSG_DONTWAIT", 0)
#: Seconds that one call waits for something to read, where there is so much time.
_PATIENCE: Final = 0.1
_PATIENCE_MICROSECONDS: Final = int(_PATIENCE * 1e6)


class Gone(Exception):
    """The other side has closed its end."""


class Silent(Exception):
    """Nothing came in time."""


class TooLarge(Exception):
    """A message of this side's that is larger than a frame; nothing of it was sent."""


class Channel:
    """The host's end of a connection, which waits for nobody longer than it must."""

    __slots__ = ("_began", "_buffer", "_waits", "limit", "sock")

    def __init__(self, sock: socket.socket, limit: int = MAX_FRAME) -> None:
        sock.setblocking(False)
        self.sock = sock
        #: Whether to receive is to wait, for `_PATIENCE` at most: one system call instead of two.
        self._waits = self._made_patient()
        self.limit = limit
        self._buffer = bytearray()
        self._began = 0.0

    def send(self, message: Any, deadline: float | None = None) -> None:
        """Send one message. Raises `Gone`, `TooLarge`, `Silent` where the other side does not take
        it."""
        data = packed(message)
        self._check(data)
        frame = len(data).to_bytes(4, "little") + data
        try:
            sent = self.sock.send(frame, _NOW)
        except BlockingIOError:
            sent = 0
        except OSError:
            raise Gone from None
        if sent < len(frame):
            self._send_rest(memoryview(frame)[sent:], deadline)

    def _send_rest(self, left: memoryview, deadline: float | None) -> None:
        ends = time.monotonic() + SEND_SECONDS
        while left:
            try:
                left = left[self.sock.send(left, _NOW) :]
            except BlockingIOError:
                due = ends if deadline is None else min(ends, deadline)
                self._wait(select.POLLOUT, due)
                if time.monotonic() >= due:
                    raise Silent from None
            except OSError:
                raise Gone from None

    def _check(self, data: bytes) -> None:
        if len(data) <= MOST_ARRAYS and len(data) <= self.limit:
            return
        if len(data) > self.limit:
            raise TooLarge(f"a message of {len(data):,} bytes; at most {self.limit:,} can cross at once")
        if crowded(data):
            raise TooLarge(f"a message of more than {MOST_ARRAYS:,} containers")

    def receive(self, deadline: float | None = None) -> Any:
        """The next message. deadline: of `time.monotonic`. Raises `Gone`, `Silent`, `WireError`."""
        while True:
            if self._buffer:
                message = self.taken()
                if message is not None:
                    return message[0]
                self._buffer += self._more(deadline)
                continue
            data = self._more(deadline)
            if 4 <= len(data) == 4 + int.from_bytes(data[:4], "little") <= 4 + self.limit:
                # All of one message, as most often: its sender waits for an answer.
                return unpacked(memoryview(data)[4:])
            self._began = time.monotonic()
            self._buffer += data

    def taken(self) -> tuple[Any] | None:
        """The next message, if all of it is here."""
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        size = int.from_bytes(buffer[:4], "little")
        if size > self.limit:
            raise WireError(f"a frame of {size:,} bytes; at most {self.limit:,} can cross at once")
        if len(buffer) < 4 + size:
            return None
        with memoryview(buffer) as view:
            message = unpacked(view[4 : 4 + size])
        del buffer[: 4 + size]
        self._began = time.monotonic()
        return (message,)

    def _more(self, deadline: float | None) -> bytes:
        """What has come, or comes within a while. Raises as `receive` does."""
        due = deadline
        if self._buffer:
            ends = self._began + FRAME_SECONDS
            due = ends if due is None else min(due, ends)
        patient = self._waits and (due is None or due - time.monotonic() >= _PATIENCE)
        if not patient:
            self._wait(select.POLLIN, due)
        try:
            size = _LARGE if len(self._buffer) >= _CHUNK else _CHUNK
            data = self.sock.recv(size) if patient else self.sock.recv(size, _NOW)
        except BlockingIOError:
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                raise Silent from None
            if self._buffer and now >= self._began + FRAME_SECONDS:
                raise WireError("a frame that does not end") from None
            return b""
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        return data

    def _wait(self, event: int, due: float | None) -> None:
        wait = None if due is None else max(0.0, (due - time.monotonic()) * 1000)
        poll = select.poll()
        poll.register(self.sock, event)
        poll.poll(wait)

    def _made_patient(self) -> bool:
        if sys.platform != "linux":
            return False
        self.sock.setblocking(True)
        time_of_it = struct.pack("ll", 0, _PATIENCE_MICROSECONDS)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, time_of_it)
        return True

    def close(self) -> None:
        """Close this end."""
        self.sock.close()


class WorkerChannel(Channel):
    """The worker's end: it waits for its host for ever, by two system calls that are left to it."""

    __slots__ = ("_fd", "_held")

    def __init__(self, sock: socket.socket, limit: int = MAX_FRAME) -> None:
        super().__init__(sock, limit)
        self._fd = sock.fileno()
        #: Frames that go with the next one.
        self._held = b""

    def _made_patient(self) -> bool:
        self.sock.setblocking(True)
        return False

    def waiting(self, milliseconds: int = 0) -> bool:
        """Whether something has come, or comes within so many milliseconds."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(self._buffer or poll.poll(milliseconds))

    def hold(self, message: Any) -> None:
        """Send a message together with the next one: the host is not woken for it alone."""
        data = packed(message)
        self._held += len(data).to_bytes(4, "little") + data

    def send(self, message: Any, deadline: float | None = None) -> None:
        data = packed(message)
        self._check(data)
        held, self._held = self._held, b""
        self._write(held + len(data).to_bytes(4, "little") + data)

    def _write(self, frame: bytes) -> None:
        sent = os.write(self._fd, frame)
        while sent < len(frame):
            sent += os.write(self._fd, memoryview(frame)[sent:])

    def _more(self, deadline: float | None) -> bytes:
        data = os.read(self._fd, _LARGE if len(self._buffer) >= _CHUNK else _CHUNK)
        if not data:
            raise Gone
        return data
