"""`io` without files: streams of text and bytes in memory, and the classes that streams derive from."""

import abc
from builtins import open as _open

from _guard_io import BytesIO, StringIO, UnsupportedOperation
from _guard_types import _granted, _package_data, _refuse

__all__ = """BlockingIOError open open_code IOBase RawIOBase FileIO BytesIO StringIO BufferedIOBase
BufferedReader BufferedWriter BufferedRWPair BufferedRandom TextIOBase TextIOWrapper
UnsupportedOperation SEEK_SET SEEK_CUR SEEK_END DEFAULT_BUFFER_SIZE IncrementalNewlineDecoder""".split()

DEFAULT_BUFFER_SIZE = 8192
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
BlockingIOError = BlockingIOError


class IOBase(abc.ABC):
    """What every stream is."""

    __closed = False

    def _unsupported(self, name):
        raise UnsupportedOperation(f"{type(self).__name__}.{name}() not supported")

    def seek(self, pos, whence=0):
        self._unsupported("seek")

    def tell(self):
        return self.seek(0, 1)

    def truncate(self, pos=None):
        self._unsupported("truncate")

    def flush(self):
        self._checkClosed()

    def close(self):
        if not self.__closed:
            try:
                self.flush()
            finally:
                self.__closed = True

    def seekable(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return False

    def _checkSeekable(self, msg=None):
        if not self.seekable():
            raise UnsupportedOperation("File or stream is not seekable." if msg is None else msg)

    def _checkReadable(self, msg=None):
        if not self.readable():
            raise UnsupportedOperation("File or stream is not readable." if msg is None else msg)

    def _checkWritable(self, msg=None):
        if not self.writable():
            raise UnsupportedOperation("File or stream is not writable." if msg is None else msg)

    @property
    def closed(self):
        return self.__closed

    def _checkClosed(self, msg=None):
        if self.closed:
            raise ValueError("I/O operation on closed file." if msg is None else msg)

    def __enter__(self):
        self._checkClosed()
        return self

    def __exit__(self, *args):
        self.close()

    def fileno(self):
        self._unsupported("fileno")

    def isatty(self):
        self._checkClosed()
        return False

    def readline(self, size=-1):
        if size is None:
            size = -1
        found = bytearray()
        while size < 0 or len(found) < size:
            b = self.read(1)
            if not b:
                break
            found += b
            if found.endswith(b"\n"):
                break
        return bytes(found)

    def __iter__(self):
        self._checkClosed()
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def readlines(self, hint=None):
        if hint is None or hint <= 0:
            return list(self)
        n, lines = 0, []
        for line in self:
            lines.append(line)
            n += len(line)
            if n >= hint:
                break
        return lines

    def writelines(self, lines):
        self._checkClosed()
        for line in lines:
            self.write(line)


class RawIOBase(IOBase):
    """Streams of bytes without a buffer."""

    def read(self, size=-1):
        if size is None:
            size = -1
        if size < 0:
            return self.readall()
        b = bytearray(size.__index__())
        n = self.readinto(b)
        if n is None:
            return None
        del b[n:]
        return bytes(b)

    def readall(self):
        found = bytearray()
        while data := self.read(DEFAULT_BUFFER_SIZE):
            found += data
        return bytes(found) if found else data

    def readinto(self, b):
        self._unsupported("readinto")

    def write(self, b):
        self._unsupported("write")


class BufferedIOBase(IOBase):
    """Streams of bytes with a buffer."""

    def read(self, size=-1):
        self._unsupported("read")

    def read1(self, size=-1):
        self._unsupported("read1")

    def readinto(self, b):
        data = self.read(len(b))
        b[: len(data)] = data
        return len(data)

    readinto1 = readinto

    def write(self, b):
        self._unsupported("write")

    def detach(self):
        self._unsupported("detach")


class TextIOBase(IOBase):
    """Streams of text."""

    def read(self, size=-1):
        self._unsupported("read")

    def write(self, s):
        self._unsupported("write")

    def readline(self):
        self._unsupported("readline")

    def detach(self):
        self._unsupported("detach")

    @property
    def encoding(self):
        return None

    @property
    def newlines(self):
        return None

    @property
    def errors(self):
        return None


class TextIOWrapper(TextIOBase):
    """A stream of text over one of bytes."""

    def __init__(self, buffer, encoding=None, errors=None, newline=None, line_buffering=False,
                 write_through=False):  # fmt: skip
        if newline not in (None, "", "\n", "\r", "\r\n"):
            raise ValueError(f"illegal newline value: {newline!r}")
        self._buffer = buffer
        self._encoding = "utf-8" if encoding in (None, "locale") else encoding
        self._errors = errors or "strict"
        self._newline = newline
        self._line_buffering = line_buffering
        "".encode(self._encoding)
        self._pending = None

    @property
    def buffer(self):
        return self._buffer

    @property
    def encoding(self):
        return self._encoding

    @property
    def errors(self):
        return self._errors

    @property
    def line_buffering(self):
        return self._line_buffering

    @property
    def closed(self):
        return self._buffer.closed

    @property
    def name(self):
        return self._buffer.name

    def readable(self):
        return self._buffer.readable()

    def writable(self):
        return self._buffer.writable()

    def seekable(self):
        return self._buffer.seekable()

    def flush(self):
        self._buffer.flush()

    def close(self):
        self._buffer.close()

    def write(self, s):
        if not isinstance(s, str):
            raise TypeError(f"can't write {type(s).__name__} to text stream")
        text = s.replace("\n", self._newline) if self._newline in ("\r", "\r\n") else s
        self._buffer.write(text.encode(self._encoding, self._errors))
        return len(s)

    def _text(self):
        if self._pending is None:
            text = self._buffer.read().decode(self._encoding, self._errors)
            if self._newline is None:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            self._pending = StringIO(text, newline="" if self._newline is None else self._newline)
        return self._pending

    def read(self, size=-1):
        return self._text().read(size)

    def readline(self, size=-1):
        return self._text().readline(size)

    def seek(self, pos, whence=0):
        if pos or whence:
            raise UnsupportedOperation("only seek(0) is supported")
        self._pending = None
        return self._buffer.seek(0)

    def tell(self):
        return self._buffer.tell()

    def detach(self):
        buffer, self._buffer = self._buffer, None
        return buffer


def _files(name):
    def refused(*args, **kwargs):
        _refuse(
            f"io.{name} was not granted: no directory is among the capabilities; the host grants one"
        )

    refused.__name__ = refused.__qualname__ = name
    return refused


def _file_class(name, base):
    """A class that other classes may derive from, and that makes no instance."""
    return type(name, (base,), {"__module__": "io", "__new__": _files(name)})


_refused_open, open_code = _files("open"), _files("open_code")
FileIO = _file_class("FileIO", RawIOBase)


def open(
    file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None
):
    """A file of a granted directory, or one that an installed package brings along, to read."""
    if hasattr(type(file), "__fspath__"):
        file = file.__fspath__()
    data = _package_data(file) if isinstance(file, str) and mode in ("r", "rt", "rb") else None
    if data is None:
        if _granted("open") is not None:
            return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        return _refused_open(file)
    return _stream(data, mode, encoding, errors, newline)


def _stream(data, mode, encoding, errors, newline):
    stream = BytesIO(data)
    return stream if mode == "rb" else TextIOWrapper(stream, encoding, errors, newline)


BufferedReader, BufferedWriter, BufferedRandom, BufferedRWPair = (
    _file_class(name, BufferedIOBase)
    for name in "BufferedReader BufferedWriter BufferedRandom BufferedRWPair".split()
)
del _file_class
BufferedIOBase.register(BytesIO)
TextIOBase.register(StringIO)


class IncrementalNewlineDecoder:
    """Makes newlines of every kind of line end."""

    def __init__(self, decoder, translate, errors="strict"):
        self.decoder, self.translate, self.errors = decoder, translate, errors

    def decode(self, data, final=False):
        text = data if self.decoder is None else self.decoder.decode(data, final)
        return text.replace("\r\n", "\n").replace("\r", "\n") if self.translate else text


def text_encoding(encoding, stacklevel=2, /):
    """The encoding to use where none was named."""
    return "utf-8" if encoding is None else encoding
