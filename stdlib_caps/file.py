"""An open file, as a directory's `open` gives it."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import threading
import weakref
from typing import Any, Final

from capcompiler import Capability

__all__ = ["ENCODINGS", "File", "OpenFiles", "encoded", "text_layer"]

#: Encodings that files can have. Others are codecs that a host registered, or cost what they like.
ENCODINGS: Final = frozenset(
    """
    utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be ascii latin-1 cp1252
    iso8859-1 iso8859-15
    """.split()
)
_ALIASES: Final = {"utf8": "utf-8", "utf_8": "utf-8", "latin1": "latin-1", "iso-8859-1": "latin-1",
                   "us-ascii": "ascii", "locale": "utf-8", "windows-1252": "cp1252"}  # fmt: skip
_ERRORS: Final = frozenset(
    "strict ignore replace backslashreplace xmlcharrefreplace namereplace surrogateescape".split()
)
#: Those that write several characters for one, of 88 at most: "\\N{...}" of the longest name.
_LONGER: Final = frozenset("backslashreplace xmlcharrefreplace namereplace".split())
_PART: Final = 2**16
_NEWLINES: Final = frozenset({None, "", "\n", "\r", "\r\n"})
MAX_OPEN: Final = 64
#: Lines that are given at once: each is an object, and takes twenty times what it takes in the file.
MAX_LINES: Final = 1_000_000


def encoding_of(encoding: str | None) -> str:
    """The name of an encoding that files can have; UTF-8 where none was named."""
    if encoding is None:
        return "utf-8"
    name = encoding.lower()
    name = _ALIASES.get(name, name.replace("_", "-"))
    if name not in ENCODINGS:
        raise LookupError(f"encoding: {encoding!r} is none of: {', '.join(sorted(ENCODINGS))}")
    return name


def errors_of(errors: str | None) -> str:
    if errors is not None and errors not in _ERRORS:
        raise LookupError(f"errors: {errors!r} is none of: {', '.join(sorted(_ERRORS))}")
    return errors or "strict"


def encoded(text: str, encoding: str | None, errors: str | None, most: int) -> bytes:
    """The bytes of a text. Raises UnicodeError, and OSError where they would be more than `most`: a
    text of a few megabytes is gigabytes under `namereplace`."""
    name, handler = encoding_of(encoding), errors_of(errors)
    if handler not in _LONGER:
        return text.encode(name, handler)
    encoder = codecs.getincrementalencoder(name)(handler)
    found = bytearray()
    for at in range(0, len(text), _PART):
        found += encoder.encode(text[at : at + _PART])
        if len(found) > most:
            raise OSError(errno.EFBIG, f"the file would be larger than {most:,} bytes")
    return bytes(found)


def newline_of(newline: str | None) -> None:
    if newline not in _NEWLINES:
        raise ValueError(f"newline: {newline!r} is no end of a line")


def text_layer(
    stream: Any, encoding: str | None, errors: str | None, newline: str | None
) -> io.TextIOWrapper:
    """A stream of text over one of bytes, which holds nothing back either."""
    newline_of(newline)
    return io.TextIOWrapper(
        stream, encoding_of(encoding), errors_of(errors), newline, write_through=True
    )


class OpenFiles:
    """Counts the files that are open in a tree: descriptors are the host's, and few."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        with self._lock:
            if self._count >= MAX_OPEN:
                raise OSError(errno.EMFILE, f"more than {MAX_OPEN} files are open; close some")
            self._count += 1

    def leave(self) -> None:
        with self._lock:
            self._count -= 1


def _end(stream: Any, files: OpenFiles) -> None:
    """What nobody holds any more is closed. Nothing is written, which no use would have asked for."""
    with contextlib.suppress(OSError, ValueError):
        stream.close()
    files.leave()


class File(
    Capability,
    special="__enter__ __exit__ __iter__ __next__",
    read="name mode closed encoding",
    reads="read readline readlines seek tell close readable writable seekable "
    "__enter__ __exit__ __iter__ __next__ name mode closed encoding",
):
    """An open file, of text or of bytes. What it gives at once has a bound, and so has a line.

    Closed when nobody holds it any more; `with` closes it for certain, and tells of trouble.
    """

    def __init__(self, stream: Any, name: str, mode: str, most: int, files: OpenFiles) -> None:
        self._stream = stream
        self._name = name
        self._mode = mode
        self._most = most
        self._text = isinstance(stream, io.TextIOWrapper)
        self._done = weakref.finalize(self, _end, stream, files)
        self._files = files

    @property
    def name(self) -> str:
        """The path as it was named."""
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def closed(self) -> bool:
        return not self._done.alive

    @property
    def encoding(self) -> str | None:
        return self._stream.encoding if self._text else None

    def read(self, size: int | None = -1) -> str | bytes:
        """The rest, or so many characters or bytes of it."""
        if size is None or size < 0:
            data = self._call("read", self._most + 1)
            if len(data) > self._most:
                raise OSError(
                    errno.EFBIG, f"the rest is longer than {self._most:,}; read it in parts", self._name
                )
        else:
            if size > self._most:
                raise OSError(errno.EFBIG, f"size: {self._most:,} is the most at once", self._name)
            data = self._call("read", size)
        return data  # type: ignore[no-any-return]

    def readline(self, size: int | None = -1) -> str | bytes:
        """The next line with its end; empty at the end of the file."""
        bounded = size is not None and 0 <= size <= self._most
        line = self._call("readline", size if bounded else self._most + 1)
        if len(line) > self._most:
            raise OSError(errno.EFBIG, f"a line is longer than {self._most:,}", self._name)
        return line  # type: ignore[no-any-return]

    def readlines(self, hint: int | None = -1) -> list[str] | list[bytes]:
        """The rest as lines; with a hint, lines until they have so many characters."""
        lines: list[Any] = []
        size = 0
        while line := self.readline():
            lines.append(line)
            size += len(line)
            if len(lines) > MAX_LINES:
                raise OSError(
                    errno.EFBIG,
                    f"there are more than {MAX_LINES:,} lines; iterate over them",
                    self._name,
                )
            if size > self._most:
                raise OSError(
                    errno.EFBIG, f"the rest is longer than {self._most:,}; read it in parts", self._name
                )
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def write(self, data: str | bytes | bytearray) -> int:
        """Write text or bytes into the file before it returns; gives how many characters or bytes."""
        if isinstance(data, str) is not self._text:
            wanted = "str" if self._text else "bytes"
            raise TypeError(f"write: got {type(data).__name__}, wanted {wanted}: the mode says so")
        if self._text and self._stream.errors in _LONGER:
            # In parts, so that the bound of the file is met before the whole is made.
            text: Any = data
            for at in range(0, len(text), _PART):
                self._call("write", text[at : at + _PART])
            return len(text)
        return self._call("write", data)  # type: ignore[no-any-return]

    def writelines(self, lines: list[str] | list[bytes] | tuple[str, ...] | tuple[bytes, ...]) -> None:
        """Write each of these."""
        for line in lines:
            self.write(line)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, from the beginning, from here (1) or from the end (2)."""
        if whence not in (0, 1, 2) or abs(offset) > 2**62:
            raise ValueError("seek: the place cannot be")
        return self._call("seek", offset, whence)  # type: ignore[no-any-return]

    def tell(self) -> int:
        """Where it is."""
        return self._call("tell")  # type: ignore[no-any-return]

    def truncate(self, size: int | None = None) -> int:
        """Cut it off, here or at a size."""
        if size is not None and not 0 <= size <= 2**62:
            raise ValueError("truncate: the size cannot be")
        return self._call("truncate", size)  # type: ignore[no-any-return]

    def flush(self) -> None:
        """As of Python's files: there is never anything held back."""
        self._call("flush")

    def readable(self) -> bool:
        """Whether it can be read."""
        return bool(self._call("readable"))

    def writable(self) -> bool:
        """Whether it can be written."""
        return bool(self._call("writable"))

    def seekable(self) -> bool:
        """Whether places in it can be gone to."""
        return bool(self._call("seekable"))

    def close(self) -> None:
        """Let go of it. Twice is once."""
        if self._done.detach() is not None:
            try:
                self._named(self._stream.close)
            finally:
                self._files.leave()

    def __enter__(self) -> File:
        self._check()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __iter__(self) -> File:
        self._check()
        return self

    def __next__(self) -> str | bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def _check(self) -> None:
        if not self._done.alive:
            raise ValueError("I/O operation on closed file.")

    def _call(self, method: str, *args: Any) -> Any:
        self._check()
        return self._named(getattr(self._stream, method), *args)

    def _named(self, function: Any, *args: Any) -> Any:
        """Call it; errors of the system carry the name that the guest used and no other."""
        try:
            return function(*args)
        except io.UnsupportedOperation as error:
            problem: Exception = OSError(errno.EBADF, str(error), self._name)
        except UnicodeError as error:
            problem = ValueError(f"{self._name}: {error}"[:300])
        except OSError as error:
            problem = OSError(error.errno or errno.EIO, error.strerror or "failed", self._name)
        raise problem
