"""What went wrong, said to whoever wrote the code so that the next try can be right.

Three things are in each text: what was refused and where, what to write instead, and what is granted.
Nothing in it is longer than a bound or acts on a terminal, whatever the guest put into its errors.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from capcompiler.attenuation.shown import shown_value
from capcompiler.errors import CapabilityError, CapError, DialectError, GuestError, LimitExceeded
from capcompiler.membrane.arguments import checker_of, function_of
from capcompiler.membrane.capability import (
    Capability,
    facets_of,
    interface_of,
    is_host_function,
    refused_of,
)
from capcompiler.membrane.exceptions import harmless, printable

__all__ = ["MOST", "bounded", "for_model", "granted_text"]

#: Characters of one text, at most.
MOST: Final = 8_000
_MOST_VIOLATIONS: Final = 10
_MOST_FRAMES: Final = 6
_NAME: Final = re.compile(r"name '([^']{1,80})' is not defined")
_MODULE: Final = re.compile(r"'([A-Za-z0-9_.]{1,80})'")
_KNOWN: Final = (
    "abs all any bool dict enumerate filter float int isinstance len list map max min open print range "
    "reversed round set sorted str sum tuple zip"
).split()
_MOST_MODULES: Final = 20
_ASKED_FOR: Final = (
    "collections csv dataclasses datetime decimal enum functools itertools json math random re "
    "statistics string textwrap typing"
).split()
_FILLED: Final = {
    "clock": "time and datetime.now tell the time of it",
    "open": "open() opens files of it",
    "files": "os and pathlib work on it",
    "env": "os.environ has its variables",
    "random": "random draws from it",
}
_LIMITS: Final = {
    "steps": "It took too many steps (turns of loops, calls, elements walked). Write a loop that ends "
    "sooner, or do less in one go.",
    "seconds": "It took too long. Do less in one go.",
    "memory": "It asked for too much memory. Work on smaller pieces.",
    "output": "It printed too much. Print a summary only.",
    "depth": "Its calls went too deep. Use a loop in place of recursion, or end the recursion sooner.",
}


def bounded(text: str, most: int = MOST) -> str:
    """A text cut in its middle where it is too long, without what a terminal acts on."""
    text = harmless(printable(text.replace("\r\n", "\n")))
    if len(text) <= most:
        return text
    half = most // 2
    return (
        f"{text[:half]}\n... {len(text) - 2 * half:,} characters are left out here ...\n{text[-half:]}"
    )


def granted_text(caps: Mapping[str, Any], modules: Iterable[str] = ()) -> str:
    """What a guest was granted, one line for each name and method, with parameters."""
    lines: list[str] = []
    for name in caps:
        lines += _lines_of(name, caps[name])
    found = {m.partition(".")[0] for m in modules}
    if found:
        lines.append(f"modules that can be imported: {_some(found)}")
    return bounded("\n".join(lines)) if lines else "nothing but the language and its pure modules"


def _some(modules: set[str]) -> str:
    """Modules by name where they are few, and else those that are asked for most: the description of a
    tool is paid for with each message, and an import of another says which there are."""
    if len(modules) <= _MOST_MODULES:
        return ", ".join(sorted(modules))
    own = sorted(modules - sys.stdlib_module_names)[:_MOST_MODULES]
    named = [*own, *(m for m in _ASKED_FOR if m in modules)]
    return f"{', '.join(named)}, and {len(modules - {*named}):,} more that carry no authority"


def _lines_of(name: str, cap: Any) -> list[str]:
    if not (isinstance(cap, Capability) or is_host_function(cap)):
        return [f"{name}: {type(cap).__name__} = {shown_value(cap, nested=0)}"]
    interface = interface_of(cap)
    lines = []
    refused = refused_of(cap)
    for method in sorted(interface.methods.keys() - refused):
        if method.startswith("__") and method != "__call__":
            continue
        function = interface.methods[method]
        checker = checker_of(function)
        path = name if method == "__call__" else f"{name}.{method}"
        doc = function_of(function).__doc__ if checker is not None else None
        said = f"  # {' '.join(doc.split())[:200]}" if isinstance(doc, str) and doc.strip() else ""
        own = getattr(type(cap), "_cap_described", None) if method == "__call__" else None
        if own is not None:
            lines.append(f"{path}{own(cap)}")
            continue
        lines.append(f"{path}{'(...)' if checker is None else checker.described()}{said}")
    lines += [f"{name}.{n}  # to read" for n in sorted(interface.read - refused)]
    lines += [f"{name}.{n} = ...  # to set" for n in sorted(interface.write - refused)]
    if withheld := sorted(n for n in refused if not n.startswith("_")):
        lines.append(f"# {name}: refused, as it was granted: {', '.join(withheld)}")
    lines += [f"# {name}: {_FILLED[f]}" for f in facets_of(cap) if f in _FILLED]
    return lines or [f"{name}  # offers nothing but itself"]


def for_model(error: CapError, caps: Mapping[str, Any], modules: Iterable[str] = ()) -> str:
    """What went wrong, what to write instead, and what is granted."""
    match error:
        case DialectError():
            parts = ["The code was not run: it is not a program of this dialect of Python."]
            parts += [_violation(v) for v in error.violations[:_MOST_VIOLATIONS]]
            if len(error.violations) > _MOST_VIOLATIONS:
                parts.append(f"... and {len(error.violations) - _MOST_VIOLATIONS:,} more of these")
            return bounded("\n".join(parts))
        case LimitExceeded():
            said = _LIMITS.get(error.kind, "Do less in one go.")
            return bounded(
                f"The code was stopped: {error}.\n{said}\nNames that it had bound so far are kept."
            )
        case CapabilityError():
            return bounded(
                f"{_where(error)}PermissionError: {error.message}\n"
                f"This was not granted, and no code can get it. What is granted:\n"
                f"{granted_text(caps)}\nWrite code that works with these alone."
            )
        case GuestError():
            hint = _hint(error, caps, modules)
            last = f"{error.exc_type}: {error.message}" if error.message else error.exc_type
            return bounded(f"{_where(error)}{last}{hint}")
        case _:
            return bounded(f"The code was not run to its end: {error}")


def _violation(violation: Any) -> str:
    instead = f"\n    write instead: {violation.replacement}" if violation.replacement else ""
    return f"line {violation.line}: {violation.message}\n{violation.caret()}{instead}"


def _where(error: GuestError) -> str:
    own = [f for f in error.frames if f.filename == error.frames[0].filename]  # not the library's
    frames = own[-_MOST_FRAMES:]
    return "".join(
        f"line {f.line}, in {f.name}: {f.source}\n"
        if f.name != "<module>"
        else f"line {f.line}: {f.source}\n"
        for f in frames
    )


def _hint(error: GuestError, caps: Mapping[str, Any], modules: Iterable[str]) -> str:
    if error.exc_type in ("NameError", "UnboundLocalError"):
        found = _NAME.search(error.message)
        if found is None:
            return ""
        near = difflib.get_close_matches(found[1], [*caps, *_KNOWN], n=3)
        meant = f"\nDid you mean {' or '.join(near)}?" if near else ""
        return f"{meant}\nDefine it first, or use what is granted:\n{granted_text(caps)}"
    if error.exc_type in ("ImportError", "ModuleNotFoundError"):
        known = sorted(modules)
        found = _MODULE.search(error.message)
        near = difflib.get_close_matches(found[1], known, n=3) if found else []
        meant = f"\nDid you mean {' or '.join(near)}?" if near else ""
        tops = sorted({m.partition(".")[0] for m in known if not m.startswith("_")})
        return f"{meant}\nOnly these modules can be imported: {', '.join(tops)}"
    if error.exc_type == "AttributeError" and (
        "'Reference' object" in error.message or error.message.endswith("is granted")
    ):
        return f"\nA capability offers what is granted of it, and nothing else:\n{granted_text(caps)}"
    if error.exc_type == "TypeError" and any(error.message.startswith(name) for name in caps):
        return f"\nWhat is granted is called like this:\n{granted_text(caps)}"
    return ""
