"""`--grant NAME=SPEC`: what a program is handed, named by the person who runs it.

A SPEC is a kind and what the kind takes, `csv:orders.csv`. The kinds below hand over data; those of
`authority` hand over capabilities. To add one, add a row to `KINDS`.
"""

from __future__ import annotations

import csv
import io
import json
import keyword
import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from capcompiler.cli.advice import remember_specs
from capcompiler.cli.authority import AUTHORITY
from capcompiler.cli.sources import read_bytes, read_text
from capcompiler.cli.terminal import harmless
from capcompiler.near import did_you_mean

__all__ = ["KINDS", "Kind", "grant_option", "parse_grant"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of grant.

    takes: what follows the colon, for messages and help; "" when the kind takes nothing.
    make: from what follows the colon to what is granted; raises ValueError with a text for the
    user, who knows NAME and SPEC already, or a click error.
    """

    takes: str
    gives: str
    make: Callable[[str], object]

    def shape(self, name: str) -> str:
        return f"{name}:{self.takes}" if self.takes else name


def _csv(path: str) -> list[dict[str, str]]:
    rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = next(rows, [])
        if repeated := sorted({name for name in header if header.count(name) > 1}):
            raise ValueError(f"{path}: the heading {repeated[0]!r} stands over two columns")
        table = []
        for row in rows:
            if not row:
                continue  # a blank line
            if len(row) != len(header):
                raise ValueError(
                    f"{path}: line {rows.line_num} has {len(row)} fields under {len(header)} headings"
                )
            table.append(dict(zip(header, row, strict=True)))
    except csv.Error as error:
        raise ValueError(f"{path}: line {rows.line_num}: {error}") from None
    return table


def _lines(path: str) -> list[str]:
    # Not splitlines(): that also splits at form feeds and U+2028, which editors do not.
    lines = read_text(path).split("\n")
    return lines if lines[-1] else lines[:-1]


def _json(text: str, where: str = "") -> object:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(f"{where}not usable as JSON: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"{where}not JSON: {error}") from None


def _toml(path: str) -> object:
    try:
        return tomllib.loads(read_text(path))
    except RecursionError:
        raise ValueError(f"{path}: not usable as TOML: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is not true or false")
    return text == "true"


KINDS: dict[str, Kind] = {
    "text": Kind("PATH", "the file's text (UTF-8)", read_text),
    "lines": Kind("PATH", "its lines, as a list of text", _lines),
    "bytes": Kind("PATH", "its bytes", read_bytes),
    "csv": Kind("PATH", "its rows, as a list of dicts of text by heading", _csv),
    "json": Kind("PATH", "what it says in JSON", lambda path: _json(read_text(path), f"{path}: ")),
    "toml": Kind("PATH", "what it says in TOML, as a dict", _toml),
    "str": Kind("TEXT", "the text itself", str),
    "int": Kind("N", "a whole number", _int),
    "float": Kind("X", "a number", _float),
    "bool": Kind("true|false", "a truth value", _bool),
    "value": Kind("JSON", "any value that JSON can say", _json),
    **{name: Kind(*row) for name, row in AUTHORITY.items()},
}


def parse_grant(text: str) -> tuple[str, object]:
    """The name and the thing that `NAME=KIND:...` grants. Raises ValueError, or a click error."""
    name, equals, spec = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form NAME=SPEC, as in orders=csv:orders.csv")
    # Python reads names in this form: under any other the guest could not spell it.
    name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is not a name that a program can use")
    if name.startswith("__") and name.endswith("__"):
        raise ValueError(f"{name!r}: names with two underscores at both ends are Python's own")
    kind_name, _, rest = spec.partition(":")
    kind = KINDS.get(kind_name)
    if kind is None:
        raise ValueError(_unknown(name, kind_name))
    if (":" in spec) != bool(kind.takes):
        raise ValueError(f"{name}: write it as {name}={kind.shape(kind_name)}")
    try:
        return name, kind.make(rest)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _unknown(name: str, kind: str) -> str:
    known = ", ".join(row.shape(known) for known, row in KINDS.items())
    return f"{name}: there is no kind {kind!r}{did_you_mean(kind, KINDS)}; the kinds are {known}"


def _entries(path: str) -> list[str]:
    """The grants of a TOML file: a table `grants` of names to SPECs, as `NAME=SPEC`."""
    table = _toml(path)
    found = table.get("grants") if isinstance(table, dict) else None
    if not isinstance(found, dict) or not all(isinstance(spec, str) for spec in found.values()):
        raise ValueError(f'{path}: wanted a table [grants] with lines such as fs = "dir:./data:ro"')
    return [f"{name}={spec}" for name, spec in found.items()]


def _collect(
    context: click.Context, parameter: click.Parameter, texts: Sequence[str]
) -> dict[str, object]:
    caps: dict[str, object] = dict(context.meta.get(_FROM_FILES, {}))
    files = parameter.name == "grant_files"
    try:
        for text in [e for path in texts for e in _entries(path)] if files else texts:
            name, thing = parse_grant(text)
            if name in caps:
                raise ValueError(f"{name} is granted twice")
            caps[name] = thing
            remember_specs(context, {name: text.partition("=")[2]})
    except ValueError as error:
        raise click.BadParameter(harmless(str(error)), context, parameter) from None
    if files:
        context.meta[_FROM_FILES] = caps
    return caps


_FROM_FILES = "capcompiler.grants"  # key in a click context's `meta`

_file_option = click.option(
    "--grants",
    "grant_files",
    metavar="FILE",
    multiple=True,
    is_eager=True,  # read before --grant, which adds to it
    expose_value=False,
    callback=_collect,
    help='Grant what the table [grants] of a TOML file says: lines of NAME = "SPEC".',
)
_option = click.option(
    "--grant",
    "caps",
    metavar="NAME=SPEC",
    multiple=True,
    callback=_collect,
    help="Hand the program a thing under a name. May be repeated. Kinds of SPEC: "
    + ", ".join(row.shape(name) for name, row in KINDS.items())
    + ". A PATH of - is stdin.",
)


def grant_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a command is told what to grant; it gets them as `caps`."""
    return _file_option(_option(command))
