"""A stream of bytes that reads ahead, and never holds back what is written.

Stops: effects outside of the use that was allowed. A buffer of Python's own is written out when it is
full, closed or dropped: by then the directory may be revoked, and what stands in the file the host's.
"""

from __future__ import annotations

import errno
import io
from typing import Any

__all__ = ["Through"]


class Through(io.BufferedIOBase):
    """Over a raw stream. What `write` is handed is in the file, or an error says that it is not."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._ahead: io.BufferedReader | None = None

    def _reader(self) -> io.BufferedReader:
        if self._ahead is None:
            self._ahead = io.BufferedReader(self._raw)
        return self._ahead

    def _settle(self) -> None:
        """Go to the place that was read up to, and forget what was read beyond it, which may change."""
        if self._ahead is not None:
            at = self._ahead.tell()
            self._ahead.detach()
            self._ahead = None
            self._raw.seek(at)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._reader().read(size)

    def read1(self, size: int = -1, /) -> bytes:
        return self._reader().read1(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._reader().readline(size)

    def write(self, data: Any, /) -> int:
        self._settle()
        with memoryview(data).cast("B") as whole:
            done = 0
            while done < len(whole):
                written = self._raw.write(whole[done:])
                if not written:
                    raise OSError(errno.EIO, "nothing more could be written")
                done += written
            return done

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return (self._ahead or self._raw).seek(offset, whence)

    def tell(self) -> int:
        return (self._ahead or self._raw).tell()

    def truncate(self, size: int | None = None, /) -> int:
        self._settle()
        return self._raw.truncate(size)

    def readable(self) -> bool:
        return self._raw.readable()

    def writable(self) -> bool:
        return self._raw.writable()

    def seekable(self) -> bool:
        return self._raw.seekable()

    def close(self) -> None:
        self._raw.close()

    @property
    def closed(self) -> bool:
        return self._raw.closed
