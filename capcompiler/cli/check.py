"""`capcompiler check`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import asdict

import click

import capcompiler
from capcompiler.cli.imported import Imported, imported, why_refused
from capcompiler.cli.outcome import dump_json, show_violation
from capcompiler.cli.sarif import sarif_log
from capcompiler.cli.sources import Source, Unreadable, find_sources, read_source
from capcompiler.cli.terminal import encodable, harmless, write
from capcompiler.errors import Violation

__all__ = ["check", "write_to"]


@click.command(
    short_help="List what the dialect refuses.",
    epilog="""\b
Examples:
  capcompiler check rules/
  capcompiler check --format sarif --output capcompiler.sarif plugins/ report.py
  git show HEAD:rules.py | capcompiler check -

\b
Exit status:
  0  every file is a program of the dialect; what it imports may still not be there for guests,
     which is said on stderr
  1  there are violations
  2  a file could not be read, or the command is not right
""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How to write the violations; sarif is SARIF 2.1.0, which code hosts display.",
)
@click.option("--output", type=click.Path(), help="Write to this file instead of stdout.")
def check(files: Sequence[str], form: str, output: str | None) -> None:
    """List every place where a FILE is not a program of the dialect, without running it.

    Imports of modules of the library that no guest gets are told of too. What a program asks to be
    granted is what `manifest` says.

    A directory stands for the *.py files in it; - is stdin.
    """
    checked: list[str] = []
    violations: list[Violation] = []
    absent: list[tuple[str, Imported]] = []
    unreadable: list[Unreadable] = []
    for found in find_sources(files):
        source = _read(found)
        if isinstance(source, Unreadable):
            unreadable.append(source)
            continue
        checked.append(source.name)
        wrong = capcompiler.check(source.text, filename=source.name)
        violations += wrong
        if not wrong:
            found_here = imported(ast.parse(source.text), source.text)
            absent += [(source.name, one) for one in found_here if why_refused(one.module)]

    if form == "text":
        _write_text(violations, output)
    elif form == "json":
        write_to(dump_json(_as_json(checked, violations, absent, unreadable)), output)
    else:
        write_to(dump_json(sarif_log(checked, violations, unreadable, absent)), output)
    for name, one in absent:
        write(harmless(one.described(name)), err=True)
    for failure in unreadable:
        write(failure.format_message(), err=True, colour="red")
    write(_summary(checked, violations, absent, unreadable), err=True)
    click.get_current_context().exit(2 if unreadable else 1 if violations else 0)


def _read(found: str | Unreadable) -> Source | Unreadable:
    if isinstance(found, Unreadable):
        return found
    try:
        return read_source(found)
    except Unreadable as failure:
        return failure


def _write_text(violations: Sequence[Violation], output: str | None) -> None:
    if output is None:
        for violation in violations:
            show_violation(violation, err=False)
    else:
        write_to("\n".join(map(str, violations)), output)


def write_to(text: str, output: str | None) -> None:
    if output is None:
        write(text)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(encodable(f"{text}\n" if text else "", "utf-8"))
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise click.BadParameter(
            harmless(f"{output} cannot be written: {reason}"), param_hint="--output"
        ) from None


def _as_json(
    checked: Sequence[str],
    violations: Sequence[Violation],
    absent: Sequence[tuple[str, Imported]],
    unreadable: Sequence[Unreadable],
) -> dict[str, object]:
    return {
        "checked": list(checked),
        "violations": [violation.to_dict() for violation in violations],
        "absent_imports": [
            {"filename": name, "reason": why_refused(one.module), **asdict(one)} for name, one in absent
        ],
        "unreadable": [{"filename": one.name, "reason": one.reason} for one in unreadable],
    }


def _summary(
    checked: Sequence[str],
    violations: Sequence[Violation],
    absent: Sequence[tuple[str, Imported]],
    unreadable: Sequence[Unreadable],
) -> str:
    bad = len({violation.filename for violation in violations})
    text = (
        f"{_count(len(violations), 'violation')} in {bad} of {_count(len(checked), 'file')}"
        if violations
        else f"no violations in {_count(len(checked), 'file')}"
    )
    if absent:
        text += f"; {_count(len(absent), 'import')} that guests do not get"
    return f"{text}; {_count(len(unreadable), 'file')} could not be read" if unreadable else text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
