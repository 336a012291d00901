"""A plugin's files, read once: what was read is what is asked about, compiled and run.

Stops: an `entry` that leads out of the plugin's folder, symbolic links on the way, devices and pipes
that never end, folders of any size, and a file that is changed between the question and the answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from capcompiler.plugins.manifest import MAX_MANIFEST, Manifest, PluginError, manifest_of, normal_name

__all__ = ["MANIFEST", "PluginSource", "read_plugin", "read_plugins"]

MANIFEST: Final = "plugin.toml"
_MAX_FILE: Final = 1_000_000  # bytes of one module
_MAX_FILES: Final = 200
_MAX_ENTRIES: Final = 10_000  # of any kind, in all its folders
_MAX_DEPTH: Final = 5  # folders inside one another
_MAX_TOTAL: Final = 4_000_000
_MAX_PLUGINS: Final = 1000
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer would not open
    | getattr(os, "O_CLOEXEC", 0)
)
_FOLDER: Final = _FLAGS | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True)
class PluginSource:
    """One plugin as it was read. modules: its texts by dotted name, without the entry's.

    digest: SHA-256 of the manifest and all texts. Whatever was granted was granted to these bytes.
    """

    manifest: Manifest
    folder: str
    entry: bytes
    modules: dict[str, str]
    digest: str


def read_plugin(folder: str | os.PathLike[str]) -> PluginSource:
    """Read a plugin's folder: its manifest, its entry and its other modules. Nothing of it runs.

    Raises `PluginError` for what cannot be loaded, OSError for what cannot be read.
    """
    path = os.fspath(folder)
    shown = Path(path).name
    with _opened(path, shown) as root:
        files: dict[str, bytes] = {}
        total = 0
        for name in _listed(root, shown):
            files[name] = _read(root, name, shown)
            total += len(files[name])
            if total > _MAX_TOTAL:
                raise PluginError(shown, f"its files have more than {_MAX_TOTAL:,} bytes")
    data = files.pop(MANIFEST, None)
    if data is None:
        raise PluginError(shown, f"it has no {MANIFEST}")
    manifest = manifest_of(data, shown)
    if normal_name(manifest.name) != normal_name(shown):
        # Else a plugin could load, and be asked about, under the name of another.
        raise PluginError(shown, f"it calls itself {manifest.name!r}; wanted the name of its folder")
    _check_entry(manifest.entry, shown)
    entry = files.get(manifest.entry)
    if entry is None:
        raise PluginError(shown, f"its entry {manifest.entry!r} is not a file in its folder")
    modules = {}
    for path_of, text in files.items():
        if path_of != manifest.entry:
            modules[_module_name(path_of, shown)] = _decoded(text, path_of, shown)
    return PluginSource(manifest, path, entry, modules, _digest(data, files))


def read_plugins(
    directory: str | os.PathLike[str],
) -> tuple[list[PluginSource], list[PluginError]]:
    """The plugins in the folders of a directory, in order of name, and what is wrong with others."""
    found: list[PluginSource] = []
    wrong: list[PluginError] = []
    names: dict[str, str] = {}
    root = os.fspath(directory)
    entries = sorted(e.name for e in os.scandir(root) if not e.name.startswith("."))
    if len(entries) > _MAX_PLUGINS:
        raise PluginError(Path(root).name, f"the directory has more than {_MAX_PLUGINS:,} entries")
    if MANIFEST in entries:
        shown = Path(os.path.abspath(root)).name
        wrong.append(
            PluginError(
                shown,
                f"the directory itself has a {MANIFEST}, and only the folders in it are looked at: load "
                f"one plugin with load(), or name the directory above",
            )
        )
    for name in entries:
        path = os.path.join(root, name)
        if not os.path.isdir(path) and not os.path.islink(path):
            continue
        try:
            source = read_plugin(path)
            normal = normal_name(source.manifest.name)
            if normal in names:
                raise PluginError(name, f"its name is taken for that of {names[normal]}")
        except PluginError as error:
            wrong.append(error)
        except OSError as error:
            wrong.append(PluginError(name, f"it cannot be read: {error.strerror}"))
        else:
            names[normal] = name
            found.append(source)
    return found, wrong


def _check_entry(entry: str, shown: str) -> None:
    parts = entry.split("/")
    if (
        entry.startswith("/")
        or "\\" in entry
        or ":" in entry
        or any(part in ("", ".", "..") for part in parts)
        or not entry.endswith(".py")
    ):
        raise PluginError(shown, f"its entry {entry!r} is no path of a .py file in its folder")


@contextlib.contextmanager
def _opened(path: str, shown: str) -> Iterator[int]:
    try:
        descriptor = os.open(path, _FOLDER)
    except OSError as error:
        # Of a symbolic link the system says that it is no directory, or that it is a loop.
        problem = PluginError(shown, f"it is no folder of its own: {error.strerror}")
    else:
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        return
    raise problem


def _listed(root: int, shown: str) -> list[str]:
    """What `_files` finds, in order, and no more of it than a plugin may have in all its folders."""
    found = list(itertools.islice(_files(root, shown, itertools.count(1)), _MAX_FILES + 1))
    if len(found) > _MAX_FILES:
        raise PluginError(shown, f"it has more than {_MAX_FILES} files")
    return sorted(found)


def _files(
    root: int, shown: str, seen: Iterator[int], prefix: str = "", depth: int = 0
) -> Iterator[str]:
    """The manifest and the modules in a folder, by their paths in it; links are refused. seen: counts
    what lies in all folders, files of other kinds too."""
    if depth > _MAX_DEPTH:
        raise PluginError(shown, f"its folders are more than {_MAX_DEPTH} levels deep")
    with os.scandir(root) as entries:
        listed = []
        for entry in entries:
            listed.append(entry)
            if next(seen) > _MAX_ENTRIES:
                raise PluginError(shown, f"there are more than {_MAX_ENTRIES:,} entries in its folders")
    listed.sort(key=lambda e: e.name)
    for entry in listed:
        name = entry.name
        if name.startswith(".") or name == "__pycache__":
            continue
        if entry.is_symlink():
            raise PluginError(shown, f"{prefix}{name} is a symbolic link")
        if entry.is_dir(follow_symlinks=False):
            if name.isidentifier():
                inner = os.open(name, _FOLDER, dir_fd=root)
                try:
                    yield from _files(inner, shown, seen, f"{prefix}{name}/", depth + 1)
                finally:
                    os.close(inner)
        elif (not prefix and name == MANIFEST) or name.endswith(".py"):
            yield prefix + name


def _read(root: int, path: str, shown: str) -> bytes:
    """A regular file, by folders opened one in the other, so that no link is followed on the way."""
    *folders, name = path.split("/")
    at, opened = root, []
    try:
        for folder in folders:
            at = os.open(folder, _FOLDER, dir_fd=at)
            opened.append(at)
        descriptor = os.open(name, _FLAGS, dir_fd=at)
        opened.append(descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PluginError(shown, f"{path} is no regular file")
        limit = MAX_MANIFEST if path == MANIFEST else _MAX_FILE
        data = b""
        while chunk := os.read(descriptor, limit + 1 - len(data)):
            data += chunk
            if len(data) > limit:
                raise PluginError(shown, f"{path} has more than {limit:,} bytes")
        return data
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _module_name(path: str, shown: str) -> str:
    """The name of the module that a file is. Raises `PluginError` for one that is none: `a.b.py` would
    stand in the place of `a/b.py`, and a name that is no text has no place in a digest."""
    parts = path.removesuffix(".py").split("/")
    if not all(part.isidentifier() for part in parts):
        raise PluginError(shown, f"its file {path!r} has no name that a module can have")
    return ".".join(parts)


def _decoded(text: bytes, path: str, shown: str) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        problem = PluginError(shown, f"{path} is no UTF-8")
    raise problem


def _digest(manifest: bytes, files: dict[str, bytes]) -> str:
    found = hashlib.sha256()
    for name, data in [(MANIFEST, manifest), *sorted(files.items())]:
        # Lengths too, so that no two plugins give the same bytes.
        found.update(f"{len(name.encode())}:{name}:{len(data)}:".encode())
        found.update(data)
    return found.hexdigest()
