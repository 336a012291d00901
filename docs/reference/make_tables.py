"""Writes tables.md from the tables themselves: `python docs/reference/make_tables.py`."""

from __future__ import annotations

import re
from pathlib import Path

import capcompiler  # noqa: F401 - fills the tables
from guards.modules import MODULES, REFUSED
from guards.tables.rows import DENIED_EVERYWHERE, SUBCLASSABLE, TABLE, Row, State

HEAD = """# The tables

This page is generated from the code, on Python 3.11, by `python docs/reference/make_tables.py`.
Other versions of Python have a few names more or less.

## Modules

What `import` finds with [`Imports.pure()`](contract.md#imports).
A name that is not listed is not there.

"""

REFUSED_HEAD = """
These cannot be imported, and say why:

"""

TYPES_HEAD = """
## Types

The closed world U: the types whose instances a guest can hold, beside the classes that it makes itself.
For each, an attribute is one of three.

- *Safe*: the raw attribute is handed out.
- *Tamed*: a stand-in is handed out, which checks or charges first.
- *Denied*: it looks absent.

What a type has and no row names is denied too.

These names are denied on every type that has them:

"""

ROWS_HEAD = """
Special methods that only compute are safe on every type that has them, and are left out below.
A type in bold can be derived from.

"""


def names(found: list[str]) -> str:
    return " ".join(f"`{n}`" for n in sorted(found)) or "none"


def shown(kind: type) -> str:
    module = "" if kind.__module__ == "builtins" else kind.__module__ + "."
    text = f"`{module}{kind.__qualname__}`"
    return f"**{text}**" if kind in SUBCLASSABLE else text


def of_state(rows: dict[str, Row], state: State) -> list[str]:
    plain = lambda n: n[:2] == "__" and n[-2:] == "__"  # noqa: E731
    if state is State.SAFE:
        return [n for n, row in rows.items() if row.state is state and not plain(n)]
    return [n for n, row in rows.items() if row.state is state and n not in DENIED_EVERYWHERE]


def page() -> str:
    """The text of tables.md."""
    parts = [HEAD]
    parts.append("| module | why | safe | tamed or written anew |\n|---|---|---|---|\n")
    for name, module in sorted(MODULES.items()):
        tamed = [*module.tame, *module.make]
        parts.append(f"| `{name}` | {module.why} | {names(list(module.safe))} | {names(tamed)} |\n")
    parts.append(REFUSED_HEAD)
    reasons: dict[str, list[str]] = {}
    for name, reason in REFUSED.items():
        reasons.setdefault(reason, []).append(name)
    parts.append("| modules | why |\n|---|---|\n")
    for reason, found in reasons.items():
        parts.append(f"| {names(found)} | {reason} |\n")
    parts.append(TYPES_HEAD)
    parts.append("| name | why |\n|---|---|\n")
    for name, reason in sorted(DENIED_EVERYWHERE.items()):
        parts.append(f"| `{name}` | {reason} |\n")
    parts.append(ROWS_HEAD)
    groups: dict[tuple[str, ...], list[type]] = {}
    for kind, rows in TABLE.items():
        if kind.__module__.partition(".")[0] in ("capcompiler", "guards", "abc"):
            continue
        key = tuple(names(of_state(rows, state)) for state in State)
        groups.setdefault(key, []).append(kind)
    parts.append("| types | safe | tamed | denied |\n|---|---|---|---|\n")
    lines = []
    for key, kinds in groups.items():
        lines.append(f"| {' '.join(sorted(shown(k) for k in kinds))} | {' | '.join(key)} |\n")
    parts += sorted(lines, key=str.lower)
    # Reasons in the code point to notes on attacks that are not on this page.
    return re.sub(r" ?\(pits? [^)]*\)", "", "".join(parts))


if __name__ == "__main__":
    Path(__file__).with_name("tables.md").write_text(page(), encoding="utf-8")
