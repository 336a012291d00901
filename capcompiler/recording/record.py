"""A record as bytes: msgpack of what the membrane lets across, with a code over it. Never pickle.

Stops: bytes that somebody else wrote. A record that is to be gone on with is authenticated by a key,
since it says which program gets the grants; and whatever it holds, its answers are data, exceptions of
builtin classes, and stand-ins that do nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
from dataclasses import dataclass
from typing import Any, Final

from capcompiler.cache import user_secret
from capcompiler.errors import CapError
from capcompiler.extras import needs_extra
from capcompiler.isolation.wire import WireError, available, packed, unpacked
from capcompiler.limits import Limits

__all__ = ["BEGAN", "CAME", "LATER", "LEFT", "USE", "Event", "Record", "RecordError", "hash_seed",
           "platform", "version"]  # fmt: skip

#: What an event is: a use that was answered at once, one whose answer is awaited, the answer to what a
#: coroutine of the guest's awaited, and the host beginning one of these, or ending it before its end.
USE, LATER, CAME, BEGAN, LEFT = range(5)

_MAGIC: Final = b"caprec2\n"
_CODE: Final = 32
#: Bytes of a record that is read, at most.
MAX_RECORD: Final = 256 * 2**20
_MOST_EVENTS: Final = 1_000_000


class RecordError(CapError):
    """A record that cannot be made, read, gone on with, or that says something else than the guest."""


@dataclass(frozen=True, slots=True)
class Event:
    """One use of a capability. asked: its arguments, packed. failed: whether the answer is an error.
    answer: packed too.

    LATER: failed says that the guest has no answer yet and may get one; answer is the number of the
    call, or of one before it that gave the same thing to await.
    CAME: asked is the numbers of the guest's coroutine and of the call, -1 for none. BEGAN: asked is
    the number of the guest's object that the host awaits. LEFT: the number of the coroutine.
    """

    path: str
    asked: bytes
    failed: bool
    answer: bytes
    kind: int = USE


@dataclass(frozen=True, slots=True)
class Record:
    """What one turn of a fresh compartment was given, and what it was told.

    grants: packed. waiting: path and packed arguments of the use that has no answer yet.
    modules: file names and digests of the host's own modules that were imported, in order.
    ending: what was printed and the name of the class of the error, of a turn that has ended.
    """

    version: str
    platform: str
    seed: str
    source: str
    filename: str
    optimize: bool
    limits: Limits
    grants: bytes
    events: tuple[Event, ...]
    modules: tuple[tuple[str, str], ...] = ()
    waiting: tuple[str, bytes] | None = None
    ending: tuple[str, str] | None = None

    def to_bytes(self, secret: bytes | None) -> bytes:
        """secret: of whoever may read this to go on with it; None for a record to look at only."""
        limits = self.limits
        payload = packed([
            self.version, self.platform, self.seed, _surrogates(self.source), self.filename,
            self.optimize,
            [limits.steps, limits.seconds, limits.memory, limits.output, limits.depth],
            self.grants,
            [[e.path, e.asked, e.failed, e.answer, e.kind] for e in self.events],
            [list(m) for m in self.modules],
            None if self.waiting is None else list(self.waiting),
            None if self.ending is None else list(self.ending),
        ])  # fmt: skip
        return _MAGIC + _code(secret, payload) + payload

    @classmethod
    def from_bytes(cls, data: bytes, secret: bytes | None) -> Record:
        """The record in some bytes. secret: None to look at it only. Raises `RecordError`."""
        need_wire()
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"a record: wanted bytes, got {type(data).__name__}")
        raw = bytes(data)
        if len(raw) > MAX_RECORD:
            raise RecordError(f"a record of {len(raw):,} bytes; at most {MAX_RECORD:,} are read")
        if raw[: len(_MAGIC)] != _MAGIC:
            raise RecordError("this is no record of a guest, or one of another version of its form")
        code, payload = raw[len(_MAGIC) : len(_MAGIC) + _CODE], raw[len(_MAGIC) + _CODE :]
        if secret is not None and not hmac.compare_digest(code, _code(secret, payload)):
            raise RecordError(
                "this record was changed, or was written under another key; give the key that it was "
                "dumped with as key=..."
            )
        try:
            return cls._from_tree(unpacked(payload))
        except (WireError, TypeError, ValueError):
            raise RecordError("this record is damaged") from None

    @classmethod
    def _from_tree(cls, tree: Any) -> Record:
        (version, platform, seed, source, filename, optimize, limits, grants, events, modules, waiting,
         ending) = _of(list, tree)  # fmt: skip
        made = Limits(*_of(list, limits))
        if len(_of(list, events)) > _MOST_EVENTS:
            raise ValueError
        return cls(
            _of(str, version), _of(str, platform), _of(str, seed),
            _of(bytes, source).decode("utf-8", "surrogatepass"), _of(str, filename),
            _of(bool, optimize), made, _of(bytes, grants),
            tuple([
                Event(_of(str, path), _of(bytes, asked), _of(bool, failed), _of(bytes, answer), _kind(n))
                for path, asked, failed, answer, n in events
            ]),
            tuple([(_of(str, name), _of(str, digest)) for name, digest in _of(list, modules)]),
            _pair(waiting, bytes), _pair(ending, str),
        )  # fmt: skip

    def check_here(self) -> None:
        """Raise `RecordError` unless a guest runs here as it ran there."""
        for what, there, here in (
            ("capcompiler", self.version, version()), ("Python", self.platform, platform()),
        ):  # fmt: skip
            if there != here:
                raise RecordError(
                    f"the guest was recorded with {what} {there[:60]!r}, and this is {what} {here!r}: "
                    f"it may not do the same here"
                )


def need_wire() -> None:
    """Raise `RecordError` where the library is missing that encodes."""
    if not available():
        raise RecordError(needs_extra("a record", "process", "msgspec"))


def secret_of(key: bytes | None) -> bytes:
    """What a record is authenticated with: a key of the host's, or one that its user alone reads.
    Raises `RecordError` where there is none."""
    if key is not None:
        if not isinstance(key, (bytes, bytearray)):
            raise TypeError(f"key: wanted bytes, got {type(key).__name__}")
        if len(key) < 16:
            raise ValueError("key: wanted 16 bytes or more, as of secrets.token_bytes(32)")
        return bytes(key)
    found = user_secret()
    if found is None:
        raise RecordError(
            "there is no place for a key of this user's (see capcompiler.cache); give one as key=..., "
            "as of secrets.token_bytes(32)"
        )
    return found


def _code(secret: bytes | None, payload: bytes) -> bytes:
    if secret is None:
        return hashlib.sha256(_MAGIC + payload).digest()
    return hmac.digest(secret, _MAGIC + payload, "sha256")


def _surrogates(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ValueError
    return value


def _kind(value: Any) -> int:
    if type(value) is not int or not USE <= value <= LEFT:
        raise ValueError
    return value


def _pair(value: Any, kind: type) -> Any:
    if value is None:
        return None
    first, second = _of(list, value)
    return _of(str, first), _of(kind, second)


def version() -> str:
    from capcompiler import __version__

    return __version__


def platform() -> str:
    """What Python this is, as far as a guest can tell."""
    return f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))} {sys.byteorder}"


def hash_seed() -> str:
    """Of which hash seed this process is, in a form that does not tell the seed."""
    return hashlib.sha256(b"%d" % hash("capcompiler: a text to be hashed")).hexdigest()[:16]
