"""The dialect, told by example: chunks of text, and beside a refused line the codes it gets.

A chunk ends at a line `---`. `### "CAP120"` at the end of a line says that the line is refused
once for each text in quotes, with a code that starts so. Chunks are padded with empty lines, so
that a line number in a violation is the line in the file. `# option: python=3.12` keeps a chunk
for that version and later ones, `# option: before=3.12` for earlier ones.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capcompiler import DialectError, cap_compile, check, dialect

HERE = Path(__file__).parent
MARKER = re.compile(r'\s*###((?:\s*"[^"]*")+)\s*$')
OPTION = re.compile(r"^# option: (python|before)=(\d+)\.(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Chunk:
    """A program of a file. wanted: (line, start of a code), sorted."""

    name: str
    src: str
    wanted: tuple[tuple[int, str], ...]


def chunks(file: str) -> Iterator[Chunk]:
    """The chunks of a file that are meant for this Python."""
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    start = 0
    for at, line in enumerate([*lines, "---"]):
        if line != "---":
            continue
        body = lines[start:at]
        text = "\n".join(body)
        versions = OPTION.findall(text)
        if all((sys.version_info >= (int(a), int(b))) == (word == "python") for word, a, b in versions):
            wanted = [
                (start + offset + 1, code)
                for offset, part in enumerate(body)
                for marker in MARKER.findall(part)
                for code in re.findall(r'"([^"]*)"', marker)
            ]
            src = "\n" * start + "\n".join(MARKER.sub("", part) for part in body) + "\n"
            yield Chunk(f"{file}:{start + 1}", src, tuple(sorted(wanted)))
        start = at + 1


ACCEPTED = list(chunks("accepted.txt"))
REFUSED = list(chunks("refused.txt"))


@pytest.mark.parametrize("chunk", ACCEPTED, ids=lambda chunk: chunk.name)
def test_ordinary_program_is_accepted(chunk: Chunk) -> None:
    assert [str(v) for v in check(chunk.src)] == []


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("chunk", ACCEPTED, ids=lambda chunk: chunk.name)
def test_ordinary_program_compiles(chunk: Chunk, optimize: bool) -> None:
    cap_compile(chunk.src, optimize=optimize)


@pytest.mark.parametrize("chunk", REFUSED, ids=lambda chunk: chunk.name)
def test_refused_lines_and_no_others_are_reported(chunk: Chunk) -> None:
    found = sorted((v.line, v.code) for v in check(chunk.src))
    assert len(found) == len(chunk.wanted), found
    for (line, code), (wanted_line, start) in zip(found, chunk.wanted, strict=True):
        assert line == wanted_line
        assert code.startswith(start)


@pytest.mark.parametrize("chunk", REFUSED, ids=lambda chunk: chunk.name)
def test_refused_program_raises_all_that_check_reports(chunk: Chunk) -> None:
    with pytest.raises(DialectError) as refused:
        cap_compile(chunk.src)
    assert list(refused.value.violations) == check(chunk.src)


@pytest.mark.parametrize("chunk", REFUSED, ids=lambda chunk: chunk.name)
def test_violations_name_their_place_and_a_remedy(chunk: Chunk) -> None:
    lines = chunk.src.splitlines()
    for violation in check(chunk.src):
        assert re.fullmatch(r"CAP1\d\d", violation.code)
        assert violation.message
        assert violation.replacement or violation.code == "CAP100"  # Python's own complaint
        assert violation.text == lines[violation.line - 1]
        start = (violation.line, violation.column)
        assert start <= (violation.end_line, violation.end_column)
        assert 0 <= violation.column <= len(violation.text)


def test_the_span_of_a_refused_name_is_the_name() -> None:
    (violation,) = check("x = 1\nabc, __builtins__ = 1, 2\n")
    assert (violation.line, violation.column, violation.end_column) == (2, 5, 17)
    assert violation.text[violation.column : violation.end_column] == "__builtins__"


def test_columns_count_characters_and_not_bytes() -> None:
    (violation,) = check("größe = 'ä'; __builtins__\n")
    assert violation.text[violation.column : violation.end_column] == "__builtins__"


def test_check_never_raises_for_bad_source() -> None:
    for src in ("", "\0", "(" * 10_000, "\ud800", "x = ", "\t\n  x\n\ty", "-" * 100_000, "'''"):
        assert isinstance(check(src), list)
    assert check("") == []


def kinds_of_syntax() -> dict[str, str]:
    """For each kind of node that is permitted and occurs in a chunk: the shortest such chunk."""
    found: dict[str, str] = {}
    for chunk in chunks("accepted.txt"):
        for node in ast.walk(ast.parse(chunk.src)):
            name = type(node).__name__
            if type(node) in dialect.PERMITTED and len(chunk.src) < len(
                found.get(name, chunk.src + " ")
            ):
                found[name] = chunk.src
    return found


@pytest.mark.parametrize(
    ("name", "src"), sorted(kinds_of_syntax().items()), ids=lambda x: x if x.isidentifier() else ""
)
def test_syntax_that_no_table_permits_is_refused(
    name: str, src: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kind of node would be that a later Python adds."""
    monkeypatch.setattr(dialect, "PERMITTED", dialect.PERMITTED - {getattr(ast, name)})
    violations = check(f"{src}\n# without {name}")  # a text that was compiled before is compiled
    assert violations
    assert {v.code for v in violations} == {"CAP110"}
    assert all(f"{name} syntax is not part of the dialect" in v.message for v in violations)
