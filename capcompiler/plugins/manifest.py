"""What a plugin says of itself: a table of TOML with its name, version, entry, and what it asks for.

    [plugin]
    name = "spam-filter"
    version = "1.2.0"
    entry = "main.py"

    [authority.mailer]
    why = "to answer what is urgent"
    methods = ["send"]

    [limits]
    steps = 100_000

Stops: names that look like another plugin's, texts that do more than say something on a terminal, and
limits that are no numbers. Nothing here is believed; it is what the plugin asks for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from capcompiler.limits import Limits
from capcompiler.membrane.exceptions import harmless, indented, one_line
from capcompiler.near import did_you_mean

__all__ = ["Ask", "Manifest", "PluginError", "manifest_of", "normal_name"]

#: Bytes of a manifest, at most.
MAX_MANIFEST: Final = 64 * 1024
_MAX_ASKS: Final = 50
_MAX_TEXT: Final = 500
_MAX_DOTS: Final = 100  # in one line of a manifest
_MAX_MESSAGE: Final = 10_000  # characters of what is wrong with a plugin
_MAX_METHODS: Final = 200  # of one thing that is asked for
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}")
_TABLES: Final = ("plugin", "authority", "limits")
_KEYS: Final = ("name", "version", "entry", "description")
_ASKS: Final = ("why", "methods", "optional")


class PluginError(Exception):
    """A plugin that cannot be loaded, and why.

    place, traceback: where in the plugin, such as "main.py:12", and the guest's frames, for one that
    failed as it ran; "" else.
    """

    def __init__(self, plugin: str, message: str, place: str = "", traceback: str = "") -> None:
        # A folder has any name that its file system takes, and a plugin's errors any text.
        if len(message) > _MAX_MESSAGE:
            message = f"{message[:_MAX_MESSAGE]}... ({len(message) - _MAX_MESSAGE:,} more)"
        message = harmless(message)
        where = f"{place}: " if place else ""
        super().__init__(f"{one_line(plugin)}: {where}{indented(message)}")
        self.plugin = plugin
        self.message = message
        self.place = place
        self.traceback = traceback


@dataclass(frozen=True, slots=True)
class Ask:
    """What a plugin asks for: a thing that the host offers by this name, or these methods of it."""

    authority: str
    why: str
    methods: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin says of itself. limits: what it asks for, each None where it says nothing."""

    name: str
    version: str
    entry: str
    description: str
    asks: tuple[Ask, ...]
    limits: dict[str, int | float]


def normal_name(name: str) -> str:
    """A name as it counts: two that a person takes for one are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def manifest_of(data: bytes, where: str) -> Manifest:
    """Read a manifest. Raises `PluginError` that says what is wrong with it."""

    def refuse(message: str) -> PluginError:
        return PluginError(where, message)

    if len(data) > MAX_MANIFEST:
        raise refuse(f"its manifest has more than {MAX_MANIFEST:,} bytes")
    if any(line.count(b".") > _MAX_DOTS for line in data.split(b"\n")):
        # A key `a.a.a...` takes the reader the square of its length: a quarter of a minute for 64 KiB.
        raise refuse(f"its manifest has a line with more than {_MAX_DOTS} dots")
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # also of what is no UTF-8, and of a number of too many digits
        problem = refuse(f"its manifest is no TOML: {error}")
    except RecursionError:
        problem = refuse("its manifest is nested too deeply")
    else:
        return _manifest(table, refuse)
    raise problem


def _manifest(table: dict[str, Any], refuse: Any) -> Manifest:
    unknown = sorted(set(table) - set(_TABLES))
    if unknown:
        meant = did_you_mean(unknown[0], _TABLES)
        raise refuse(
            f"its manifest has {unknown[0][:80]!r}{meant}; wanted the tables {', '.join(_TABLES)}"
        )
    about = table.get("plugin")
    if not isinstance(about, dict):
        raise refuse("its manifest has no table [plugin]")
    _check_keys(about, _KEYS, "[plugin]", refuse)
    name = _text(about, "[plugin]", "name", refuse)
    if not _NAME.fullmatch(name):
        raise refuse(f"[plugin] name: {name!r} is not letters, digits and single marks (. _ -)")
    version = _text(about, "[plugin]", "version", refuse)
    if not _VERSION.fullmatch(version):
        raise refuse(f"[plugin] version: {version!r} is no version")
    return Manifest(
        name,
        version,
        _text(about, "[plugin]", "entry", refuse),
        _text(about, "[plugin]", "description", refuse, ""),
        _asks(table.get("authority", {}), refuse),
        _limits(table.get("limits", {}), refuse),
    )


def _check_keys(table: Iterable[str], known: tuple[str, ...], section: str, refuse: Any) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        meant = did_you_mean(unknown[0], known)
        raise refuse(f"{section} has a key {unknown[0][:80]!r}{meant}; wanted {', '.join(known)}")


def _text(table: dict[str, Any], section: str, key: str, refuse: Any, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise refuse(f"{section} {key}: wanted text" + ("" if key in table else ", and it is not there"))
    # It is shown to a person who decides: no line of it may pass for one of the host's.
    if len(value) > _MAX_TEXT or not value.isprintable():
        raise refuse(f"{section} {key}: wanted at most {_MAX_TEXT} printable characters in one line")
    return value


def _asks(table: Any, refuse: Any) -> tuple[Ask, ...]:
    if not isinstance(table, dict) or len(table) > _MAX_ASKS:
        raise refuse(f"[authority]: wanted at most {_MAX_ASKS} tables [authority.NAME]")
    asks = []
    for name, ask in table.items():
        if not name.isidentifier() or name.startswith("_") or not name.isascii():
            raise refuse(f"[authority.{name!r}]: the name is no public identifier")
        section = f"[authority.{name}]"
        if not isinstance(ask, dict):
            raise refuse(f"{section}: wanted a table with {', '.join(_ASKS)}")
        _check_keys(ask, _ASKS, section, refuse)
        methods = ask.get("methods", [])
        if not isinstance(methods, list) or not all(
            isinstance(m, str) and m.isidentifier() and not m.startswith("_") for m in methods
        ):
            raise refuse(f"{section} methods: wanted a list of names")
        if len(methods) > _MAX_METHODS:
            raise refuse(f"{section} methods: wanted at most {_MAX_METHODS} names")
        if "methods" in ask and not methods:
            raise refuse(f"{section} methods: an empty list asks for nothing")
        optional = ask.get("optional", False)
        if not isinstance(optional, bool):
            raise refuse(f"{section} optional: wanted true or false")
        asks.append(
            Ask(name, _text(ask, section, "why", refuse), tuple(dict.fromkeys(methods)), optional)
        )
    return tuple(asks)


_LIMITS: Final = tuple(f.name for f in fields(Limits))


def _limits(table: Any, refuse: Any) -> dict[str, int | float]:
    if not isinstance(table, dict):
        raise refuse(f"[limits]: wanted a table with {', '.join(_LIMITS)}")
    _check_keys(table, _LIMITS, "[limits]", refuse)
    try:
        Limits(**table)
    except (TypeError, ValueError) as error:
        problem = refuse(f"[limits]: {error}")
    else:
        return dict(table)
    raise problem
