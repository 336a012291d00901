"""Records of uses: lines of JSON, and spans."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from capcompiler import Compartment
from capcompiler.integrations.audit import json_lines, spans
from stdlib_caps import MemoryDir, logged

SOURCE = "fs.write_text('a', 'x' * 1000)\ntry: fs.open('b')\nexcept OSError: pass"


def test_uses_as_lines_of_json() -> None:
    stream = io.StringIO()
    Compartment({"fs": MemoryDir()}, on_use=json_lines(stream)).exec(SOURCE, filename="p.py")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["path"], first["outcome"], first["filename"], first["line"]) == (
        "fs.write_text",
        "ok",
        "p.py",
        1,
    )
    assert first["args"][0] == "'a'" and len(first["args"][1]) < 300
    assert (second["path"], second["outcome"], second["line"]) == ("fs.open", "FileNotFoundError", 2)


def test_what_a_guest_passes_forges_no_line() -> None:
    stream = io.StringIO()
    world = Compartment({"fs": logged(MemoryDir(), json_lines(stream))})
    world.exec(r"fs.exists('a\n{\"path\": \"forged\"}\ud800')")
    assert [json.loads(line)["path"] for line in stream.getvalue().splitlines()] == ["exists"]


def test_arguments_that_are_left_out_are_counted() -> None:
    stream = io.StringIO()
    Compartment({"f": lambda *a, **k: None}, on_use=json_lines(stream)).exec(
        "f(*range(5000), **{'1) f(': 1})\nf(['rm'], **{'1) f(': 1})"
    )
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert len(first["args"]) + int(first["kwargs"]["..."][5:10].replace(",", "")) == 5001
    assert (second["args"], second["kwargs"]) == (["['rm']"], {"'1) f('": "1"})


class Tracer:
    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []

    def start_span(self, name: str, start_time: int) -> Any:
        span: dict[str, Any] = {"name": name, "start": start_time}
        self.spans.append(span)

        class Span:
            def set_attribute(self, key: str, value: Any) -> None:
                span[key] = value

            def end(self, end_time: int) -> None:
                span["end"] = end_time

        return Span()


def test_uses_as_spans() -> None:
    tracer = Tracer()
    Compartment({"fs": MemoryDir()}, on_use=spans(tracer)).exec(SOURCE, filename="p.py")
    first, second = tracer.spans
    assert first["name"] == "capability fs.write_text" and first["capability.outcome"] == "ok"
    assert first["end"] >= first["start"] > 10**18 and first["code.lineno"] == 1
    assert second["error.type"] == "FileNotFoundError"


def test_uses_as_spans_of_opentelemetry_itself() -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("request"):
        Compartment({"fs": MemoryDir()}, on_use=spans(tracer)).exec(SOURCE, filename="p.py")
    first, second, request = exporter.get_finished_spans()
    assert [first.name, second.name] == ["capability fs.write_text", "capability fs.open"]
    assert first.attributes == {
        "capability.path": "fs.write_text", "capability.outcome": "ok", "code.filepath": "p.py",
        "code.lineno": 1,
    }  # fmt: skip
    assert second.attributes["error.type"] == "FileNotFoundError"
    assert first.parent.span_id == second.parent.span_id == request.context.span_id
    assert request.start_time <= first.start_time <= first.end_time <= request.end_time
    provider.shutdown()
