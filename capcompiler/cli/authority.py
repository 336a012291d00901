"""Kinds of grants that hand over authority: files, the network, time, chance, variables, databases.

Each takes what the person who runs the program named, and nothing more than that.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from capcompiler import Capability

__all__ = ["AUTHORITY"]

_METHODS: Final = re.compile(r"(.*):([A-Za-z]+(?:,[A-Za-z]+)*)", re.DOTALL)


def _refusing(make: Callable[[str], Capability]) -> Callable[[str], Capability]:
    """Errors of the system and of grants as errors of what the user wrote."""

    def made(text: str) -> Capability:
        try:
            return make(text)
        except (OSError, ImportError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ValueError(f"{text}: {reason}") from None

    return made


def _rights(text: str) -> tuple[str, bool]:
    """What is named, and whether it may be changed: it may when `:rw` says so."""
    path, _, rights = text.rpartition(":")
    if rights in ("ro", "rw") and path:
        return path, rights == "rw"
    return text, False


def _dir(text: str) -> Capability:
    from stdlib_caps import Dir
    from stdlib_caps.dir import ImportedByHost

    path, write = _rights(text)
    try:
        return Dir.open_ambient(path, write=write).module()
    except ImportedByHost as error:
        problem = ValueError(
            f"{text}: {path!r} is {error.why}: what a program writes there may run outside of it; "
            f"grant another directory, such as one below it, or this one to read only, as dir:{path}:ro"
        )
    raise problem


def _memory(_text: str) -> Capability:
    from stdlib_caps import MemoryDir

    return MemoryDir().module()


def _http(text: str) -> Capability:
    from stdlib_caps import Http

    found = _METHODS.fullmatch(text)
    # The colon of `https://host` and that of a port are followed by no letter.
    if found:
        return Http.ambient(f"{found[2].upper()} {found[1]}")
    return Http.ambient(text)


def _clock(_text: str) -> Capability:
    from stdlib_caps import Clock

    return Clock.ambient().module()


def _frozen(text: str) -> Capability:
    from stdlib_caps import FrozenClock

    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    zone = datetime.timezone(moment.utcoffset() or datetime.timedelta())
    return FrozenClock(moment.astimezone(zone)).module()


def _chance(_text: str) -> Capability:
    from stdlib_caps import Random

    return Random.ambient().module()


def _seed(text: str) -> Capability:
    from stdlib_caps import SeededRandom

    return SeededRandom(int(text) if re.fullmatch(r"-?\d{1,18}", text) else text).module()


def _env(text: str) -> Capability:
    from stdlib_caps import Env

    names = [name.strip() for name in text.split(",") if name.strip()]
    if any("=" in name for name in names):
        raise ValueError("name the variables, as in env:HOME,LANG")
    return Env.ambient(*names).module()


def _sqlite(text: str) -> Capability:
    from stdlib_caps import Database

    path, write = _rights(text)
    return Database.open_ambient(path, write=write)


def _command(text: str) -> Capability:
    import os
    import shlex

    from stdlib_caps import Command

    line = shlex.split(text)
    if not line:
        raise ValueError("name the program and its arguments")
    return Command.ambient({os.path.basename(line[0]): line})


def _log(_text: str) -> Capability:
    import logging
    import sys

    from stdlib_caps import Log

    logger = logging.Logger("guest")  # not one of the process's own, which others may have set up
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger.addHandler(handler)
    return Log(logger)


#: kind: (what it takes, what it gives, how it is made)
AUTHORITY: Final[dict[str, tuple[str, str, Callable[[str], Any]]]] = {
    "dir": ("PATH[:ro|:rw]", "a directory to read, with :rw to change too, as `open`", _refusing(_dir)),
    "memory": ("", "an empty directory in memory, as `open`", _memory),
    "http": ("URL[:METHODS]", "requests to addresses that begin so", _refusing(_http)),
    "clock": ("", "the clock of this machine, as `time` and `datetime.now`", _clock),
    "frozen": ("MOMENT", "a clock that stands still, as `time` and `datetime.now`", _frozen),
    "chance": ("", "chance of this machine, as `random` and `os.urandom`", _chance),
    "seed": ("N", "chance that is the same in every run, as `random`", _seed),
    "env": ("NAME,...", "variables of the environment, as `os.environ`", _refusing(_env)),
    "sqlite": ("PATH[:ro|:rw]", "a SQLite file to read, with :rw to change too", _refusing(_sqlite)),
    "command": ("LINE", "a program with these arguments, to run", _refusing(_command)),
    "log": ("", "lines on stderr", _log),
}  # fmt: skip
