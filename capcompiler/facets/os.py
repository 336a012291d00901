"""`os` without an operating system: paths as text, and what granted capabilities fill in (files of a
directory, named variables, randomness). The rest refuses, and names the grant."""

import abc
import sys
from _collections_abc import MutableMapping, _check_methods

from _guard_types import _granted, _refuse

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
    """The program's own environment: empty, unless the host granted names in it. What is set here
    stays here."""

    def __init__(self):
        self._own, self._granted = {}, None

    @property
    def _data(self):
        granted = _granted("env")
        if granted is not None and granted is not self._granted:
            self._granted = granted
            for name in granted.names():
                self._own.setdefault(name, granted.get(name))
        return self._own

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


def _directory(name):
    """The granted directory, which is the root of all paths."""
    found = _granted("files")
    if found is None:
        _refuse(
            f"os.{name} was not granted: no directory is among the capabilities; the host grants one "
            "as a Dir"
        )
    return found


def _no_files(name):
    """Refuse where no directory is granted; False where one is."""
    _directory(name)
    return False


def _inside(at):
    """A path as the directory takes it: the directory is the root, and `..` of the root is itself."""
    return path.normpath("/" + fsdecode(at)).lstrip("/")


class stat_result(tuple):
    """What `os.stat` gives: kind and size, and times where the directory tells them."""

    n_fields, n_sequence_fields, n_unnamed_fields = 10, 10, 0
    st_mode, st_ino, st_dev, st_nlink, st_uid, st_gid, st_size, st_atime, st_mtime, st_ctime = (
        property(lambda self, i=i: self[i]) for i in range(10)
    )
    st_mtime_ns = st_atime_ns = st_ctime_ns = property(lambda self: int(self[8] * 1_000_000_000))

    def __repr__(self):
        return f"os.stat_result(st_mode={self[0]}, st_size={self[6]})"


_MODES = {"file": 0o100644, "dir": 0o040755, "link": 0o120777, "other": 0o010644}


def lstat(path, *, dir_fd=None):
    """What stands at a path."""
    told = _directory("stat").stat(_inside(path))
    times = (told.get("modified", 0.0),) * 3
    return stat_result((_MODES[told["kind"]], 0, 0, 1, 0, 0, told["size"], *times))


def stat(path, *, dir_fd=None, follow_symlinks=True):
    """What stands at a path. Links are not followed: one is an error, unless it is what is asked of."""
    found = lstat(path)
    if follow_symlinks and found.st_mode == _MODES["link"]:
        raise OSError(40, "a symbolic link, and links are not followed", fsdecode(path))
    return found


def access(path, mode, **kwargs):
    """Whether something is there; whether it can be used, trying it tells."""
    return _directory("access").exists(_inside(path))


class DirEntry:
    """A name in a directory, and what stands there."""

    __slots__ = ("_kind", "name", "path")

    def __init__(self, name, at, kind):
        self.name, self.path, self._kind = name, at, kind

    def is_dir(self, *, follow_symlinks=True):
        return self._kind == "dir"

    def is_file(self, *, follow_symlinks=True):
        return self._kind == "file"

    def is_symlink(self):
        return self._kind == "link"

    def is_junction(self):
        return False

    def stat(self, *, follow_symlinks=True):
        return lstat(self.path)

    def inode(self):
        return 0

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"


class _Entries:
    """An iterator of entries that can be closed."""

    def __init__(self, entries):
        self._entries = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def close(self):
        self._entries = iter(())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def listdir(path="."):
    """The names in a directory."""
    return _directory("listdir").list(_inside(path))


def scandir(path="."):
    """The entries of a directory."""
    directory, inside = _directory("scandir"), _inside(path)
    top = fsdecode(path)
    entries = []
    for name in directory.list(inside):
        at = f"{inside}/{name}" if inside else name
        shown = name if top == "." else f"{top}{'' if top.endswith('/') else '/'}{name}"
        entries.append(DirEntry(name, shown, directory.stat(at)["kind"]))
    return _Entries(entries)


def walk(top, topdown=True, onerror=None, followlinks=False):
    """Each directory from `top` down, with the names of the directories and of all else in it."""
    _directory("walk")
    return _walk(fsdecode(top), topdown, onerror, followlinks)


def _walk(top, topdown, onerror, followlinks):
    try:
        entries = list(scandir(top))
    except OSError as error:
        if onerror is not None:
            onerror(error)
        return
    folders = [e.name for e in entries if e.is_dir()]
    others = [e.name for e in entries if not e.is_dir()]
    if topdown:
        yield top, folders, others
    for name in folders:
        yield from _walk(path.join(top, name), topdown, onerror, followlinks)
    if not topdown:
        yield top, folders, others


def mkdir(path, mode=0o777, *, dir_fd=None):
    """Make a directory."""
    _directory("mkdir").mkdir(_inside(path))


def makedirs(name, mode=0o777, exist_ok=False):
    """Make a directory and those on the way to it."""
    _directory("makedirs").mkdir(_inside(name), True, exist_ok)


def remove(path, *, dir_fd=None):
    """Take a file away."""
    _directory("remove").remove(_inside(path))


def unlink(path, *, dir_fd=None):
    """Take a file away."""
    _directory("unlink").remove(_inside(path))


def rmdir(path, *, dir_fd=None):
    """Take an empty directory away."""
    _directory("rmdir").rmdir(_inside(path))


def rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
    """Give a file or directory another name."""
    _directory("rename").rename(_inside(src), _inside(dst))


def replace(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
    """Give a file or directory another name, in the place of a file that is there."""
    _directory("replace").rename(_inside(src), _inside(dst))


def truncate(path, length):
    """Cut a file off."""
    with _directory("truncate").open(_inside(path), "r+b") as file:
        file.truncate(length)


def removedirs(name):
    """Take an empty directory away, and those above it for as long as they are empty."""
    rmdir(name)
    above = path.dirname(fsdecode(name).rstrip("/"))
    while above.strip("/"):
        try:
            rmdir(above)
        except OSError:
            break
        above = path.dirname(above)


def renames(old, new):
    """Rename, with the directories that the new name needs made and those that are left empty gone."""
    head, tail = path.split(fsdecode(new))
    if head and tail and not path.exists(head):
        makedirs(head)
    rename(old, new)
    head, tail = path.split(fsdecode(old))
    if head and tail:
        try:
            removedirs(head)
        except OSError:
            pass


#: Files by number. The numbers are this program's own, and name nothing of the host's.
_NUMBERED = {}


def open(path, flags, mode=0o777, *, dir_fd=None):
    """A number for a file of the granted directory, as `read`, `write` and `close` take it."""
    directory, at = _directory("open"), _inside(path)
    changes, creates = flags & (O_WRONLY | O_RDWR), flags & O_CREAT
    if creates and flags & O_EXCL:
        opened = directory.open(at, "x+b")
    elif changes and flags & O_APPEND:
        if not creates:
            directory.stat(at)
        opened = directory.open(at, "a+b")
    else:
        if creates and not directory.exists(at):
            directory.open(at, "xb").close()
        opened = directory.open(at, "r+b" if changes else "rb")
        if changes and flags & O_TRUNC:
            opened.truncate(0)
    number = next(n for n in range(3, len(_NUMBERED) + 4) if n not in _NUMBERED)
    _NUMBERED[number] = opened, bool(changes), flags & 3 != O_WRONLY
    return number


def _numbered(fd, right=None):
    if fd not in _NUMBERED or (right is not None and not _NUMBERED[fd][right]):
        raise OSError(9, "Bad file descriptor")
    return _NUMBERED[fd][0]


def read(fd, length, /):
    """Bytes of a file by its number."""
    return _numbered(fd, 2).read(length)


def write(fd, data, /):
    """Put bytes into a file by its number; gives how many."""
    file = _numbered(fd, 1)
    written = file.write(bytes(data))
    file.flush()
    return written


def lseek(fd, position, whence, /):
    """Go to a place in a file; gives where that is."""
    return _numbered(fd).seek(position, whence)


def ftruncate(fd, length, /):
    """Cut a file off."""
    _numbered(fd, 1).truncate(length)


def fsync(fd):
    """Everything that was written is there."""
    _numbered(fd).flush()


def close(fd):
    """End the use of a file by its number."""
    _numbered(fd).close()
    del _NUMBERED[fd]


def urandom(size, /):
    """Random bytes of the capability that was granted."""
    granted = _granted("random")
    if granted is None:
        _refuse(
            "os.urandom was not granted: randomness from the host is not granted; "
            "the host grants a Random"
        )
    return granted.bytes(size)


def getrandom(size, flags=0):
    """Random bytes of the capability that was granted."""
    return urandom(size)


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
    chdir chmod chown dup dup2 fdopen fstat lchown link mkfifo pipe readlink symlink umask utime fwalk
    statvfs sync
    """,
    "a directory that the host grants as a Dir does not do that",
)
_absent(
    """
    abort execv execve execvp execl execlp fork forkpty kill killpg nice popen posix_spawn spawnl
    spawnv startfile system wait waitpid _exit setsid
    """,
    "control over processes is not granted; the host grants a Command",
)
_absent(
    """
    getuid geteuid getgid getegid getgroups getlogin getppid getpgid uname getloadavg sysconf
    ttyname isatty setuid setgid times
    """,
    "facts about the host are not granted; the host hands them in as data",
)


del _absent
