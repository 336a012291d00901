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
#: How long `listen` waits otherwise.
_MOMENT: Final = 0.2
#: Bytes of a message, at most, that no bound needs to be looked at for: there is none so low.
_SURE: Final = 4096


class Gone(Exception):
    """The other side has closed its end."""


class Silent(Exception):
    """Nothing came in time."""


class TooLarge(Exception):
    """A message of this side's that is larger than a frame; nothing of it was sent."""


class Channel:
    """The host's end of a connection, which waits for nobody longer than it must."""

    __slots__ = ("_began", "_buffer", "_held", "_waits", "limit", "sock")

    def __init__(self, sock: socket.socket, limit: int = MAX_FRAME) -> None:
        sock.setblocking(False)
        self.sock = sock
        #: Whether to receive is to wait, for `_PATIENCE` at most: one system call instead of two.
        self._waits = self._made_patient()
        self.limit = limit
        self._buffer = bytearray()
        self._began = 0.0
        #: Frames that go with the next one.
        self._held = b""

    def hold(self, message: Any) -> None:
        """Send a message together with the next one: the other side is not woken for it alone."""
        data = packed(message)
        self._check(data)
        self._held += len(data).to_bytes(4, "little") + data

    def send(self, message: Any, deadline: float | None = None) -> None:
        """Send one message. Raises `Gone`, `TooLarge`, `Silent` where the other side does not take
        it."""
        data = packed(message)
        size = len(data)
        if size > _SURE:
            self._check(data)
        frame = size.to_bytes(4, "little") + data
        if self._held:
            frame, self._held = self._held + frame, b""
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

    def listen(self, due: float | None) -> Any:
        """The next message. Raises as `receive` does: `Silent` before `due` too, after a moment in which
        the caller's own wishes may have changed."""
        if not self._buffer and self._waits and (due is None or due - time.monotonic() >= _PATIENCE):
            # As `receive` has it, where nothing is begun and there is no hurry: one system call.
            try:
                data = self.sock.recv(_CHUNK)
            except BlockingIOError:
                raise Silent from None
            except OSError:
                raise Gone from None
            if 4 <= len(data) == 4 + int.from_bytes(data[:4], "little") <= _SURE:
                return unpacked(data[4:])
            if not data:
                raise Gone
            self._began = time.monotonic()
            self._buffer += data
        end = time.monotonic() + _MOMENT
        return self.receive(end if due is None or due > end else due)

    def waiting(self, milliseconds: int = 0) -> bool:
        """Whether something has come, or comes within so many milliseconds."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(self._buffer or poll.poll(milliseconds))

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

    __slots__ = ("_fd",)

    def __init__(self, sock: socket.socket, limit: int = MAX_FRAME) -> None:
        super().__init__(sock, limit)
        self._fd = sock.fileno()

    def _made_patient(self) -> bool:
        self.sock.setblocking(True)
        return False

    def send(self, message: Any, deadline: float | None = None) -> None:
        data = packed(message)
        size = len(data)
        if size > _SURE:
            self._check(data)
        self._write(size.to_bytes(4, "little") + data)

    def receive(self, deadline: float | None = None) -> Any:
        if not self._buffer:
            data = os.read(self._fd, _CHUNK)
            if not data:
                raise Gone
            if len(data) >= 4 and len(data) == 4 + int.from_bytes(data[:4], "little"):
                return unpacked(data[4:])
            self._buffer += data
        return super().receive(deadline)

    def _write(self, frame: bytes) -> None:
        sent = os.write(self._fd, frame)
        while sent < len(frame):
            sent += os.write(self._fd, memoryview(frame)[sent:])

    def _more(self, deadline: float | None) -> bytes:
        data = os.read(self._fd, _LARGE if len(self._buffer) >= _CHUNK else _CHUNK)
        if not data:
            raise Gone
        return data
