"""What to write on the command line where a use of authority was refused."""

from __future__ import annotations

import re
from typing import Final

import click

__all__ = ["advice_for", "remember_specs"]

_SPECS: Final = "capcompiler.specs"  # key in a click context's `meta`: the SPECs of grants by name
_GENERAL: Final = "hand it what it needs with --grant NAME=SPEC; `capcompiler manifest FILE` says what"
_USE: Final = re.compile(r"(\w+(?:\.\w+)*) was not granted: ")
_VERB: Final = re.compile(r"([A-Z]{1,20}) https?://\S{1,500} was not granted; ")


def remember_specs(context: click.Context, specs: dict[str, str]) -> None:
    """Keep what was granted as it was written, for advice on it."""
    context.meta.setdefault(_SPECS, {}).update(specs)


def advice_for(message: str) -> str:
    """What to write so that a use is not refused that was refused with this text."""
    from capcompiler.cli.filled import kind_that_fills
    from stdlib_caps.database import NO_CHANGES
    from stdlib_caps.dir import NO_WRITES

    if NO_WRITES in message:
        return f"grant it for writing too: {_one_of('dir', 'PATH', ':rw')}"
    if message == f"{NO_CHANGES} was not granted":
        return f"grant it for writing too: {_one_of('sqlite', 'PATH', ':rw')}"
    if (found := _VERB.match(message)) is not None:
        return f"name the methods that it may use: {_one_of('http', 'URL', ':GET,' + found[1])}"
    if message.endswith("it was not confirmed"):
        return "leave out --deny-all, which refuses each use"
    if (found := _USE.match(message)) is not None and (kind := kind_that_fills(found[1])):
        return f"--grant NAME={kind}"
    return _GENERAL


def _one_of(kind: str, takes: str, rights: str) -> str:
    """A grant of this kind with more rights: the one that there is, or its form where there are more."""
    context = click.get_current_context(silent=True)
    specs: dict[str, str] = {} if context is None else context.meta.get(_SPECS, {})
    of = {n: s.partition(":")[2] for n, s in specs.items() if s.partition(":")[0] == kind}
    lesser = {n: path for n, path in of.items() if not path.endswith(":rw")}
    if len(lesser) != 1:
        return f"--grant NAME={kind}:{takes}{rights}"
    ((name, path),) = lesser.items()
    if kind == "http":
        path = re.sub(r":[A-Za-z]+(?:,[A-Za-z]+)*$", "", path)
    return f"--grant {name}={kind}:{path.removesuffix(':ro')}{rights}"
