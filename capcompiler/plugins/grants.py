"""What was granted to which plugin, and what a host is asked before it is.

A grant is remembered for the bytes of the plugin that it was given to: one that changes, whatever
version it calls itself, is asked about again.

Stops: a plugin that writes the file of grants (it is the host's, and not in a folder of plugins), and an
update that quietly gets what an earlier version was trusted with.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from capcompiler.plugins.manifest import Ask, Manifest

fcntl: Any
try:
    import fcntl
except ImportError:  # pragma: no cover - on Windows
    fcntl = None

__all__ = ["Grants", "Remembered", "Request", "allow", "same_as_before"]

_FORMAT: Final = 1
_MAX_FILE: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Remembered:
    """One decision: which plugin, by which bytes, and what of the authority was granted."""

    plugin: str
    version: str
    digest: str
    authority: str
    methods: tuple[str, ...]
    granted: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What a host is asked: may this plugin have this?

    before: what was decided last about this authority for another state of the same plugin; None for
    nothing. cap: what would be granted.
    """

    plugin: str
    version: str
    digest: str
    ask: Ask
    manifest: Manifest
    cap: Any
    before: Remembered | None = None

    @property
    def authority(self) -> str:
        return self.ask.authority

    def __str__(self) -> str:
        what = f"{self.authority}({', '.join(self.ask.methods)})" if self.ask.methods else self.authority
        changed = ""
        if (before := self.before) is not None:
            was = "it had it" if before.granted else "it was refused it"
            # The same version may be other bytes.
            when = (
                "before its files changed"
                if before.version == self.version
                else f"as version {before.version}"
            )
            changed = f" ({when}, {was})"
        return f"{self.plugin} {self.version} asks for {what}: {self.ask.why}{changed}"


#: True and False are remembered; None refuses this time; a capability is granted this time, in place of
#: the one that was asked for.
Decide = Callable[[Request], Any]


class Grants:
    """The decisions of a host, in a file of its own, or in memory alone.

    Several hosts, in several processes, may share a file: what one of them takes back, no other brings
    back or goes on granting to what it loads.
    Raises ValueError for a file that is no record of grants: a damaged one grants nothing.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else os.path.abspath(os.fspath(path))
        self._lock = threading.RLock()
        self._rows: dict[tuple[str, str], list[Remembered]] = {}
        self._seen: tuple[int, ...] | None = None  # which state of the file the rows are of
        self._look()

    def find(self, plugin: str, digest: str, ask: Ask) -> Remembered | None:
        """What was decided about exactly this plugin and what it asks for."""
        with self._lock:
            self._look()
            for row in reversed(self._rows.get((plugin, ask.authority), [])):
                if row.digest == digest and row.methods == ask.methods:
                    return row
        return None

    def before(self, plugin: str, authority: str) -> Remembered | None:
        """What was decided last about this authority, for any state of the plugin."""
        with self._lock:
            self._look()
            rows = self._rows.get((plugin, authority))
            return rows[-1] if rows else None

    def keep(self, row: Remembered) -> None:
        """Remember a decision in place of an earlier one about the same."""
        with self._lock, self._alone():
            rows = self._rows.setdefault((row.plugin, row.authority), [])
            rows[:] = [r for r in rows if (r.digest, r.methods) != (row.digest, row.methods)]
            rows.append(row)
            del rows[:-20]
            self._save()

    def forget(self, plugin: str, authority: str | None = None) -> None:
        """Remember nothing any more of a plugin, or of one authority: it is asked about again."""
        with self._lock, self._alone():
            for key in [k for k in self._rows if k[0] == plugin and authority in (None, k[1])]:
                del self._rows[key]
            self._save()

    def all(self) -> list[Remembered]:
        with self._lock:
            self._look()
            return self._all()

    def _all(self) -> list[Remembered]:
        return [row for key in sorted(self._rows) for row in self._rows[key]]

    def _look(self) -> None:
        """Read the file, where it is another one than the last time."""
        if self.path is None or (now := _state_of(self.path)) == self._seen:
            return
        rows: dict[tuple[str, str], list[Remembered]] = {}
        for row in _rows_of(self.path) if now is not None else ():
            rows.setdefault((row.plugin, row.authority), []).append(row)
        self._rows, self._seen = rows, now

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process changes the file, and with what the others wrote into it: a change is
        made to what is there, not to what was there when this process began."""
        if self.path is None:
            yield
            return
        with _locked(os.path.dirname(self.path)):
            self._look()
            yield

    def _save(self) -> None:
        if self.path is None:
            return
        text = json.dumps({"format": _FORMAT, "grants": [_as_json(r) for r in self._all()]}, indent=1)
        # A new file in its place: one that is cut short by a crash would grant, or refuse, other things.
        descriptor, made = tempfile.mkstemp(dir=os.path.dirname(self.path), prefix=".grants-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(made, self.path)
            self._seen = _state_of(self.path)
        except BaseException:
            self._seen = ()  # the rows are not those of the file
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise


def _state_of(path: str) -> tuple[int, ...] | None:
    """What tells one state of a file from another; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Hold a folder against other processes that ask for the same, where the system has such locks."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _as_json(row: Remembered) -> dict[str, Any]:
    return {
        "plugin": row.plugin,
        "version": row.version,
        "digest": row.digest,
        "authority": row.authority,
        "methods": list(row.methods),
        "granted": row.granted,
    }


def _rows_of(path: str) -> list[Remembered]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.loads(file.read(_MAX_FILE))
        if found["format"] != _FORMAT:
            raise ValueError(f"format {found['format']!r}")
        return [_row(entry) for entry in found["grants"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problem = ValueError(f"{path}: this is no record of grants: {type(error).__name__}: {error}")
    raise problem


def _row(entry: Any) -> Remembered:
    texts = [entry[key] for key in ("plugin", "version", "digest", "authority")]
    methods, granted = entry["methods"], entry["granted"]
    if not all(type(t) is str for t in [*texts, *methods]) or type(granted) is not bool:
        raise ValueError("an entry is not as it was written")
    plugin, version, digest, authority = texts
    return Remembered(plugin, version, digest, authority, tuple(methods), granted)


def allow(table: Mapping[str, Collection[str] | Mapping[str, Collection[str]]]) -> Decide:
    """A policy from a table of plugins' names to the authorities that each may have.

    `{"expander": ["glossary"]}` allows all methods to a manifest that lists none of them, and
    `{"expander": {"glossary": ["lookup"]}}` what asks for these at most.
    Raises TypeError for a text in the place of a list.
    """
    known: dict[str, dict[str, frozenset[str] | None]] = {}
    for name, authorities in table.items():
        _check_list(authorities, f"allow: {name!r}")
        rows: dict[str, frozenset[str] | None] = {}
        known[name] = rows
        for authority in authorities:
            rows[authority] = None
            if isinstance(authorities, Mapping):
                _check_list(authorities[authority], f"allow: {name!r}: {authority!r}")
                rows[authority] = frozenset(authorities[authority])

    def decide(request: Request) -> bool:
        allowed = known.get(request.plugin, {})
        if request.authority not in allowed:
            return False
        methods = allowed[request.authority]
        # A manifest without methods asks for all of them.
        return methods is None or (bool(request.ask.methods) and methods.issuperset(request.ask.methods))

    return decide


def _check_list(value: object, where: str) -> None:
    """A text is a collection of its letters: `"box"` would allow `b`, `o` and `x`."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Collection):
        raise TypeError(f"{where}: wanted a list of names, got {type(value).__name__}")


def same_as_before(request: Request) -> bool | None:
    """A policy for updates: what the plugin had before, it keeps, if it asks for no more of it."""
    before = request.before
    if before is None or not before.granted:
        return None
    if not before.methods or (request.ask.methods and set(request.ask.methods) <= set(before.methods)):
        return True
    return None
