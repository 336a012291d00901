"""What can be typed next in the repl, found without running anything of the guest's.

Stops: completion that reads attributes, and so runs a guest's `__getattr__`, `__dir__`, properties and
keys with methods of their own, in the host's time; names that act on the terminal that shows them.
Only what stands in dictionaries is looked at, by raw operations, and only exact texts that are
identifiers are shown.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from types import GetSetDescriptorType
from typing import TYPE_CHECKING, Any, Final

from capcompiler.importer import Importer
from capcompiler.membrane.reference import Reference, use_of
from guards.host import host_dict, host_lookup, host_mro, host_shared_slot
from guards.modules.table import GuestModule, module_dict
from guards.tables.rows import TABLE, State, find

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["completions"]

_ASKED: Final = re.compile(r"((?:[^\W\d]\w*\s*\.\s*)*)([^\W\d]\w*)?$")
_COMMANDS: Final = (":caps", ":help", ":limits", ":names", ":quit", ":reach", ":reset", ":usage")
_MOST: Final = 200
_DEEPEST: Final = 8


def completions(world: Compartment, before: str) -> tuple[list[str], int]:
    """The names that may stand where the cursor is, sorted, and how many characters of `before`, the
    line up to the cursor, each of them takes the place of."""
    if before.lstrip().startswith(":"):
        typed = before.lstrip()
        return [c for c in _COMMANDS if c.startswith(typed)], len(typed)
    if len(before) > 10_000 or _in_text(before):
        return [], 0
    found = _ASKED.search(before)
    if found is None:
        return [], 0
    path = [part.strip() for part in found[1].split(".")[:-1]]
    prefix = found[2] or ""
    if not path and (not prefix or before[: found.start()].rstrip().endswith(".")):
        return [], 0  # of what comes out of a call nothing is known
    names = _of_path(world, path) if path else _top(world)
    private = prefix.startswith("_")
    chosen = {
        n for n in names
        if str.startswith(n, prefix) and (private or not n.startswith("_")) and _shown(n)
    }  # fmt: skip
    return sorted(chosen)[:_MOST], len(prefix)


def _shown(name: str) -> bool:
    return name.isidentifier() and name.isprintable() and len(name) <= 100


def _in_text(before: str) -> bool:
    """Whether the cursor is inside a string or a comment of its line."""
    quote = ""
    at = 0
    while at < len(before):
        c = before[at]
        if quote:
            if c == "\\":
                at += 1
            elif c == quote:
                quote = ""
        elif c in "'\"":
            quote = c
        elif c == "#":
            return True
        at += 1
    return bool(quote)


def _top(world: Compartment) -> Iterator[str]:
    yield from _keys(world._globals)
    yield from _keys(world._realm.builtins)
    yield from keyword.kwlist


def _keys(found: Any) -> Iterator[str]:
    """The keys of an exact dictionary that are exact texts; none of them is hashed or compared."""
    if type(found) is dict:
        yield from [key for key in list(found) if type(key) is str]


def _value(found: Any, name: str) -> tuple[bool, Any]:
    if type(found) is dict:
        for key, value in list(found.items()):
            if type(key) is str and key == name:
                return True, value
    return False, None


def _of_path(world: Compartment, path: list[str]) -> Iterator[str]:
    """The attributes of what a dotted name leads to, by what stands there."""
    if len(path) > _DEEPEST:
        return iter(())
    known, value = _value(world._globals, path[0])
    if not known:
        known, value = _value(world._realm.builtins, path[0])
    for name in path[1:]:
        if known:
            known, value = _attribute(value, name)
    return _attributes(value) if known else iter(())


def _attribute(value: Any, name: str) -> tuple[bool, Any]:
    kind = type(value)
    if issubclass(kind, GuestModule):
        return _value(module_dict(value), name)
    if issubclass(kind, Reference):
        return _value(_own(value), name)  # its methods; its attributes are uses
    own, found = _value(_own(value), name)
    if own:
        return True, found
    for k in host_mro(value) if issubclass(kind, type) else host_mro(kind):
        inside, found = _value(host_dict(k).copy(), name)
        if inside:
            # What has `__get__` gives something else, and may be the guest's.
            return host_lookup(type(found), "__get__")[0] is None, found
    return False, None


def _attributes(value: Any) -> Iterator[str]:
    kind = type(value)
    if issubclass(kind, GuestModule):
        yield from _keys(module_dict(value))
        yield from Importer.names_to_come(value)
    elif issubclass(kind, Reference):
        interface = use_of(value).interface
        yield from [n for n in (*interface.methods, *interface.read, *interface.write) if n[:2] != "__"]
    else:
        yield from _keys(_own(value))
        for k in host_mro(value) if issubclass(kind, type) else host_mro(kind):
            builtin = k in TABLE
            for name in _keys(host_dict(k).copy()):
                if not builtin or _offered(k, name):
                    yield name


def _offered(kind: type, name: str) -> bool:
    """Whether a guest may read this name of a builtin type."""
    return not name.startswith("_") and find(kind, name).state is not State.DENY


def _own(value: Any) -> Any:
    """An instance's own dictionary, by the slot that CPython made for it; None where there is none."""
    kind = type(value)
    if issubclass(kind, type):
        return None
    for k in host_mro(kind):
        inside, slot = _value(host_dict(k).copy(), "__dict__")
        if inside:
            made = type(slot) is GetSetDescriptorType and slot.__objclass__ is k
            if k is not type and (made or host_shared_slot(slot)):
                try:
                    return slot.__get__(value)
                except AttributeError:  # the shared one, in a class without
                    return None
            return None
    return None
