"""Compiled programs on the disk, so that another process need not compile the same text again.

Code objects are written by `marshal`, and whoever chooses the bytes that are read back runs what they
like, outside every guard. So nothing is unmarshalled that was not written by the same user with the
same secret: the folder belongs to the user alone, files are opened by its descriptor and without
following links, and each entry carries a code (HMAC-SHA-256) under a key that only the user reads. The
code covers the entry's name, which says the text and everything else that the result depends on. What
is missing, foreign, old, cut short or changed counts as not there, and is compiled anew.

Stand-ins for guards hold a secret of their process (`guards.binding`). An entry holds none: it says in
which places of a code object they stand. So no constant of a program, whatever its value, is taken for
a guard when the entry is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import marshal
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Final

from guards.binding import revived, stored
from guards.tables.rows import fingerprint, names_known

__all__ = ["Entry", "key_of", "load", "save", "set_cache", "user_secret"]

#: Names, imports and code of a program. The code has the file name `filename` of whoever asks.
Entry = tuple[frozenset[str], frozenset[str], CodeType]

VARIABLE: Final = "CAPCOMPILER_CACHE"
_OFF: Final = frozenset({"0", "off", "no", "none", "false"})
_MAGIC: Final = b"capcache1\n"
_MAC: Final = 32
_KEY_FILE: Final = "key"
_SUFFIX: Final = ".cap"
_TEMPORARY: Final = ".tmp"
_LARGEST: Final = 16 * 2**20  # bytes of one entry
_SWEEP_EVERY: Final = 64  # entries written between two looks at the size of the whole
_DIRECTORY: Final = getattr(os, "O_DIRECTORY", 0)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: Final = getattr(os, "O_NONBLOCK", 0)
_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)
#: Whether the system tells who owns a file and opens files by a folder's descriptor.
_ABLE: Final = (
    os.open in os.supports_dir_fd and hasattr(os, "geteuid") and bool(_NOFOLLOW and _DIRECTORY)
)
#: Sources changed after this moment are not those that run.
_IMPORTED: Final = time.time()


class _Settings:
    """What a host has said; none of it, and the environment decides."""

    folder: Path | None = None
    off = False
    chosen = False
    max_bytes = 64 * 2**20
    written = 0
    lock = threading.Lock()


def set_cache(folder: str | os.PathLike[str] | None, *, max_bytes: int = 64 * 2**20) -> None:
    """Where compiled programs are kept on the disk for other processes; None for nowhere.

    folder: made if it is not there, for its owner alone; one that others can write or read is not used.
    max_bytes: what is kept, at most; the oldest entries go first. Without this call the environment
    variable CAPCOMPILER_CACHE says it (a folder, or `off`), and else it is the user's cache folder.
    No guest may be granted this folder: whoever writes there as this user can replace what runs.
    Raises ValueError for a negative max_bytes.
    """
    if max_bytes < 0:
        raise ValueError(f"max_bytes: wanted 0 or more, got {max_bytes}")
    _Settings.folder = None if folder is None else Path(folder)
    _Settings.off = folder is None
    _Settings.chosen = True
    _Settings.max_bytes = max_bytes


def cache_folder() -> Path | None:
    """The folder that entries are kept in; None when there is to be none."""
    if not _ABLE or _Settings.off:
        return None
    if _Settings.chosen:
        return _Settings.folder
    said = "" if sys.flags.ignore_environment else os.environ.get(VARIABLE, "")
    if said.lower() in _OFF:
        return None
    if said:
        return Path(said)
    if os.geteuid() != os.getuid():
        return None  # the environment is another user's
    base = "" if sys.flags.ignore_environment else os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "capcompiler"
    except RuntimeError:  # no home
        return None


# What a result depends on, beside the text


class _World:
    digest: bytes | None = None
    names = -1


def _world() -> bytes | None:
    """A digest of interpreter, sources and tables; None where it cannot be had."""
    known = names_known()
    if _World.names != known:
        _World.names = known
        sources = _sources()
        _World.digest = None
        if sources is not None:
            parts = (sys.version, sys.implementation.cache_tag, sys.byteorder, repr(sys.flags.optimize))
            _World.digest = hashlib.sha256(
                "\0".join(map(str, parts)).encode() + sources + fingerprint()
            ).digest()
    return _World.digest


def _sources() -> bytes | None:
    """A digest of every source that has a say in what is compiled."""
    import RestrictedPython

    import capcompiler
    import guards

    total = hashlib.sha256()
    roots = (Path(__file__).parent, Path(guards.__file__).parent, Path(RestrictedPython.__file__).parent)
    try:
        total.update(f"{capcompiler.__version__}\0".encode())
        for root in roots:
            for path in sorted(root.rglob("*.py")):
                if path.stat().st_mtime > _IMPORTED:
                    return None  # what is in the file is not what runs
                content = path.read_bytes()
                total.update(f"{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    except OSError:
        return None
    return total.digest()


def key_of(*parts: object) -> str | None:
    """The name of an entry for a text and how it is compiled; None where nothing is to be kept."""
    if cache_folder() is None:
        return None
    world = _world()
    if world is None:
        return None
    total = hashlib.sha256(world)
    for part in parts:
        data = repr(part).encode("utf-8", "surrogatepass")
        total.update(f"{len(data)}\0".encode() + data)
    return total.hexdigest()


# The folder and its files


@contextlib.contextmanager
def _opened(make: bool) -> Iterator[int | None]:
    """A descriptor of the folder, if it is the user's own and nobody else's."""
    path = cache_folder()
    if path is None:
        yield None
        return
    if make:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.mkdir(mode=0o700)
    try:
        folder = os.open(path, os.O_RDONLY | _DIRECTORY | _NOFOLLOW | _CLOEXEC)
    except OSError:
        yield None
        return
    try:
        about = os.fstat(folder)
        private = about.st_uid == os.geteuid() and not about.st_mode & 0o077
        yield folder if private else None
    finally:
        os.close(folder)


def _read(folder: int, name: str, most: int) -> bytes | None:
    """The content of a plain file of the user's in the folder; None for anything else of that name."""
    try:
        # Not blocking: something that is no plain file may wait for a writer for ever.
        file = os.open(name, os.O_RDONLY | _NOFOLLOW | _NONBLOCK | _CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if (
            not stat.S_ISREG(about.st_mode)
            or about.st_uid != os.geteuid()
            or about.st_mode & 0o077
            or about.st_size > most
        ):
            return None
        parts = []
        left = most + 1
        while left and (part := os.read(file, min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
        return None if not left else b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(file)


def _write(folder: int, name: str, data: bytes, *, replace: bool) -> None:
    """Put a whole file in place at once, so that nobody sees a part of it; or nothing at all."""
    temporary = f"{secrets.token_hex(8)}{_TEMPORARY}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _CLOEXEC
    try:
        file = os.open(temporary, flags, 0o600, dir_fd=folder)
        try:
            os.fchmod(file, 0o600)
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
        finally:
            os.close(file)
        if replace:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return
        # Of several processes the first one wins, and the others take what it wrote.
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        os.unlink(temporary, dir_fd=folder)


def _secret(folder: int, make: bool) -> bytes | None:
    """The key that entries are authenticated with."""
    found = _read(folder, _KEY_FILE, 64)
    if found is None and make:
        _write(folder, _KEY_FILE, secrets.token_bytes(32), replace=False)
        found = _read(folder, _KEY_FILE, 64)
    return found if found is not None and len(found) == 32 else None


def user_secret() -> bytes | None:
    """A key that this user alone reads, for records that are to be gone on with in another process;
    None where there is no folder for it. Whoever uses it begins what is authenticated with a magic of
    its own, so that nothing of one kind passes for another."""
    with _opened(make=True) as folder:
        return None if folder is None else _secret(folder, make=True)


def _code(secret: bytes, key: str, payload: bytes) -> bytes:
    return hmac.digest(secret, _MAGIC + key.encode() + b"\0" + payload, "sha256")


# Entries


def load(key: str, filename: str) -> Entry | None:
    """What was kept under a key, with `filename` as the file name of its code."""
    with _opened(make=False) as folder:
        if folder is None:
            return None
        data = _read(folder, key + _SUFFIX, _LARGEST)
        if data is None or not data.startswith(_MAGIC):
            return None
        secret = _secret(folder, make=False)
    if secret is None:
        return None
    payload = data[len(_MAGIC) + _MAC :]
    if not hmac.compare_digest(data[len(_MAGIC) : len(_MAGIC) + _MAC], _code(secret, key, payload)):
        return None
    try:
        names, imports, code = marshal.loads(payload)  # noqa: S302 - written by us, see above
        return frozenset(names), frozenset(imports), revived(code, filename)
    except (ValueError, TypeError, EOFError):
        return None  # of an interpreter that says it is this one, and is not


def save(key: str, entry: Entry) -> None:
    """Keep an entry for later processes; without a word where that cannot be."""
    names, imports, code = entry
    kept = stored(code)
    if kept is None:
        return
    payload = marshal.dumps((tuple(sorted(names)), tuple(sorted(imports)), kept))
    if len(payload) > _LARGEST - 1024:
        return
    with _opened(make=True) as folder:
        if folder is None:
            return
        secret = _secret(folder, make=True)
        if secret is None:
            return
        with _Settings.lock:
            _Settings.written += 1
            sweep = _Settings.written % _SWEEP_EVERY == 1
        if sweep:
            _sweep(folder)
        _write(folder, key + _SUFFIX, _MAGIC + _code(secret, key, payload) + payload, replace=True)


def _sweep(folder: int) -> None:
    """Remove the oldest entries until a quarter of what may be kept is free, and what was left half
    written."""
    found: list[tuple[float, int, str]] = []
    now = time.time()
    with contextlib.suppress(OSError), os.scandir(folder) as listing:
        for item in listing:
            with contextlib.suppress(OSError):
                about = item.stat(follow_symlinks=False)
                if item.name.endswith(_TEMPORARY) and about.st_mtime < now - 3600:
                    os.unlink(item.name, dir_fd=folder)
                elif item.name.endswith(_SUFFIX):
                    found.append((about.st_mtime, about.st_size, item.name))
    total = sum(size for _, size, _ in found)
    if total <= _Settings.max_bytes:
        return
    for _, size, name in sorted(found):
        if total <= _Settings.max_bytes * 3 // 4:
            return
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
        total -= size
