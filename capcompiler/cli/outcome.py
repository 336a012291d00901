"""How a run ended: its exit status, what stderr says, and what JSON says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import IntEnum

from capcompiler.cli.advice import advice_for
from capcompiler.cli.budget import suggest, usage_text
from capcompiler.cli.present import JsonWriter, value_text
from capcompiler.cli.terminal import harmless, write
from capcompiler.errors import (
    CapabilityError,
    CapError,
    DialectError,
    GuestError,
    LimitExceeded,
    Violation,
)
from capcompiler.limits import Usage

__all__ = [
    "Interrupted",
    "Status",
    "dump_json",
    "error_json",
    "outcome_json",
    "show_error",
    "show_output",
    "show_usage",
    "show_violation",
    "status_of",
]


class Status(IntEnum):
    """Exit statuses of `capcompiler run`."""

    OK = 0
    GUEST_ERROR = 1
    USAGE_OR_DIALECT = 2
    LIMIT_EXCEEDED = 3
    REFUSED_AUTHORITY = 4
    INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
    IO_ERROR = 74  # EX_IOERR
    INTERRUPTED = 130  # 128 + SIGINT, as shells have it
    BROKEN_PIPE = 141  # 128 + SIGPIPE


class Interrupted(CapError):
    """The user pressed Ctrl-C."""

    def __init__(self) -> None:
        super().__init__("interrupted")


def status_of(error: CapError | None) -> Status:
    match error:
        case None:
            return Status.OK
        case Interrupted():
            return Status.INTERRUPTED
        case LimitExceeded():
            return Status.LIMIT_EXCEEDED
        case CapabilityError():  # before its base GuestError
            return Status.REFUSED_AUTHORITY
        case GuestError():
            return Status.GUEST_ERROR
        case _:
            return Status.USAGE_OR_DIALECT


def show_output(output: str) -> None:
    """What the guest printed, on a line of its own: what follows starts a new one."""
    if output:
        write(output, end="" if output.endswith("\n") else "\n")


def show_violation(violation: Violation, *, err: bool) -> None:
    place, *rest = str(violation).split("\n")
    write(place, err=err, colour="red")
    for line in rest:
        write(line, err=err)


def show_error(error: CapError) -> None:
    """What went wrong and what to do, on stderr."""
    match error:
        case DialectError(violations=violations):
            for violation in violations:
                show_violation(violation, err=True)
            count = "1 violation" if len(violations) == 1 else f"{len(violations)} violations"
            write(f"{count}; nothing of the program has run", err=True)
        case LimitExceeded(kind=kind, limit=limit, used=used):
            write(str(error), err=True, colour="red")
            write(f"    instead: {suggest(kind, limit, used)}", err=True)
        case CapabilityError():
            _show_traceback(error)
            write(f"    instead: {harmless(advice_for(error.message))}", err=True)
        case GuestError():
            _show_traceback(error)
        case _:
            write(str(error), err=True, colour="red")


def _show_traceback(error: GuestError) -> None:
    said = str(error)
    if error.frames:
        write("Traceback (most recent call last):", err=True)
    for frame in error.frames:
        write(str(frame), err=True)
        caret = frame.caret()
        if caret:
            write(f"    {caret}", err=True, colour="red")
    write(said, err=True, colour="red")


def show_usage(usage: Usage | None) -> None:
    if usage is not None:
        write(f"used: {usage_text(usage)}", err=True)


def error_json(error: CapError | None) -> dict[str, object] | None:
    """What went wrong, as data: `kind` says which of the errors it is."""
    match error:
        case None:
            return None
        case DialectError(violations=violations):
            return {"kind": "dialect", "violations": [v.to_dict() for v in violations]}
        case LimitExceeded():
            return {
                "kind": "limit",
                "message": str(error),
                "limit_kind": error.kind,
                "limit": error.limit,
                "used": error.used,
            }
        case GuestError():
            return {
                "kind": "authority" if isinstance(error, CapabilityError) else "guest",
                "type": error.exc_type,
                "message": error.message,
                "frames": [asdict(frame) for frame in error.frames],
                "traceback": error.traceback,
            }
        case Interrupted():
            return {"kind": "interrupted", "message": str(error)}
        case _:
            return {"kind": "refused", "message": str(error)}


def outcome_json(
    *,
    value: object = None,
    output: str,
    names: Mapping[str, object],
    usage: Usage | None,
    error: CapError | None = None,
) -> dict[str, object]:
    """A run as one JSON object; the same keys however it ended."""
    writer = JsonWriter()
    return {
        "value": writer.convert(value),
        "output": output,
        "names": {name: writer.convert(_get(names, name)) for name in names},
        "usage": None if usage is None else asdict(usage),
        "error": error_json(error),
        "shortened": writer.shortened,
    }


def dump_json(data: object) -> str:
    """JSON in ASCII, so that nothing in it acts on a terminal or fails to be written."""
    return json.dumps(data, indent=2, allow_nan=False).replace("\x7f", "\\u007f")


def _get(names: Mapping[str, object], name: str) -> object:
    try:
        return names[name]
    except CapError as error:  # what may not leave the compartment
        return f"<{value_text(str(error))}>"
