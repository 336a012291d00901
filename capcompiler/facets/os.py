"""`os` without an operating system: paths as text, and refusals that name the grant."""

import abc
import sys
from _collections_abc import MutableMapping, _check_methods

from _guard_types import _refuse

name = "posix"
linesep = "\n"
error = OSError

import posixpath as path

sys.modules["os.path"] = path
from posixpath import altsep, curdir, defpath, devnull, extsep, pardir, pathsep, sep

supports_bytes_environ = True
supports_dir_fd = supports_effective_ids = supports_fd = supports_follow_symlinks = frozenset()
F_OK, R_OK, W_OK, X_OK = 0, 4, 2, 1
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND = 0, 1, 2, 64, 128, 512, 1024
EX_OK = 0


class PathLike(abc.ABC):
    """What has a path: a class with `__fspath__`."""

    __slots__ = ()

    @abc.abstractmethod
    def __fspath__(self):
        """The path as text."""
        raise NotImplementedError

    @classmethod
    def __subclasshook__(cls, subclass):
        if cls is PathLike:
            return _check_methods(subclass, "__fspath__")
        return NotImplemented

    __class_getitem__ = classmethod(type(list[int]))


def fspath(path):
    """The path as str or bytes."""
    if isinstance(path, (str, bytes)):
        return path
    kind = type(path)
    try:
        found = kind.__fspath__(path)
    except AttributeError:
        if hasattr(kind, "__fspath__"):
            raise
        raise TypeError(f"expected str, bytes or os.PathLike object, not {kind.__name__}") from None
    if isinstance(found, (str, bytes)):
        return found
    raise TypeError(
        f"expected {kind.__name__}.__fspath__() to return str or bytes, not {type(found).__name__}"
    )


def fsencode(filename):
    """The path as bytes."""
    filename = fspath(filename)
    return filename.encode("utf-8", "surrogateescape") if isinstance(filename, str) else filename


def fsdecode(filename):
    """The path as text."""
    filename = fspath(filename)
    return filename.decode("utf-8", "surrogateescape") if isinstance(filename, bytes) else filename


class _Environ(MutableMapping):
    """The program's own environment: empty, unless the host granted names in it."""

    def __init__(self):
        self._data = {}

    def __getitem__(self, key):
        return self._data[self._text(key)]

    def __setitem__(self, key, value):
        self._data[self._text(key)] = self._text(value)

    def __delitem__(self, key):
        del self._data[self._text(key)]

    def __iter__(self):
        return iter(list(self._data))

    def __len__(self):
        return len(self._data)

    def __repr__(self):
        return f"environ({self._data!r})"

    def copy(self):
        return dict(self._data)

    @staticmethod
    def _text(value):
        if not isinstance(value, str):
            raise TypeError(f"str expected, not {type(value).__name__}")
        return value


environ = _Environ()


def getenv(key, default=None):
    """A name of the environment."""
    return environ.get(key, default)


def putenv(key, value):
    environ[key] = value


def unsetenv(key):
    environ.pop(key, None)


class terminal_size(tuple):
    """Columns and lines."""

    columns = property(lambda self: self[0])
    lines = property(lambda self: self[1])


def get_terminal_size(fd=1):
    raise OSError("there is no terminal")


def cpu_count():
    return None


def register_at_fork(*, before=None, after_in_child=None, after_in_parent=None):
    """Nothing here is ever forked."""


def getcwd():
    """There is no working directory; paths that are not absolute are taken from the root."""
    return "/"


def getcwdb():
    return b"/"


def getpid():
    return 1


def _absent(names, grant):
    def one(name):
        def refused(*args, **kwargs):
            _refuse(f"os.{name} was not granted: {grant}")

        refused.__name__ = refused.__qualname__ = name
        globals()[name] = refused

    for name in names.split():
        one(name)


_absent(
    """
    access chdir chmod chown close dup dup2 fdopen fstat fsync ftruncate lchown link
    listdir lseek lstat makedirs mkdir mkfifo open pipe read readlink remove removedirs rename renames
    replace rmdir scandir stat symlink truncate umask unlink utime walk fwalk write statvfs sync
    """,
    "no directory is among the capabilities; the host grants one as a Dir",
)
_absent(
    """
    abort execv execve execvp execl execlp fork forkpty kill killpg nice popen posix_spawn spawnl
    spawnv startfile system wait waitpid _exit setsid
    """,
    "control over processes is not granted; the host grants a Command",
)
_absent("urandom getrandom", "randomness from the host is not granted; the host grants a Random")
_absent("times", "no clock is granted; the host grants a Clock")
_absent(
    """
    getuid geteuid getgid getegid getgroups getlogin getppid getpgid uname getloadavg sysconf
    ttyname isatty setuid setgid
    """,
    "facts about the host are not granted; the host hands them in as data",
)


class stat_result(tuple):
    """What `os.stat` would give."""


class DirEntry:
    """What `os.scandir` would give."""


del _absent
