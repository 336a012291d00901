"""Records of uses of authority: lines of JSON, and spans of OpenTelemetry.

Each gives a function for `on_use` of a compartment, or for `logged`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TextIO

from capcompiler.attenuation.shown import shown_arguments
from capcompiler.membrane.membrane import Use

__all__ = ["json_lines", "spans"]


def json_lines(stream: TextIO) -> Callable[[Use], None]:
    """A function that writes each use as one line of JSON.

    Arguments are shown in short, saying how much is left out, and errors by their class: what a guest
    passes may be large or secret.
    """

    def record(use: Use) -> None:
        args, kwargs = shown_arguments(use.args, use.kwargs)
        line = {
            "time": use.started,
            "path": use.path,
            "args": args,
            "kwargs": kwargs,
            "outcome": use.outcome,
            "seconds": use.seconds,
            "filename": use.filename,
            "line": use.line,
        }
        stream.write(json.dumps(line) + "\n")

    return record


def spans(tracer: Any) -> Callable[[Use], None]:
    """A function that makes a span of each use. tracer: an OpenTelemetry `Tracer`, of the package
    `opentelemetry-api`, which this one does not need otherwise."""

    def record(use: Use) -> None:
        start = int(use.started * 1_000_000_000)
        span = tracer.start_span(f"capability {use.path}", start_time=start)
        span.set_attribute("capability.path", use.path)
        span.set_attribute("capability.outcome", use.outcome)
        span.set_attribute("code.filepath", use.filename)
        span.set_attribute("code.lineno", use.line)
        if use.error is not None:
            span.set_attribute("error.type", use.outcome)
        span.end(start + int(use.seconds * 1_000_000_000))

    return record
