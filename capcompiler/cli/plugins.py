"""`capcompiler plugins`: what plugins say of themselves, and whether they could load."""

from __future__ import annotations

import click

import capcompiler
from capcompiler.cli.outcome import dump_json, show_violation
from capcompiler.cli.terminal import harmless, write
from capcompiler.plugins.manifest import PluginError
from capcompiler.plugins.source import PluginSource, read_plugins

__all__ = ["plugins"]


@click.group(short_help="Look at plugins before they are loaded.")
def plugins() -> None:
    """Look at plugins before they are loaded."""


@plugins.command(
    short_help="Say what plugins ask for, and what is wrong with them.",
    epilog="""\b
Examples:
  capcompiler plugins check plugins/
  capcompiler plugins check plugins/ --json

\b
Exit status:
  0  every plugin could be loaded, if it is granted what it asks for
  1  something is wrong with one of them
  2  the directory could not be read, or the command is not right
""",
)
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(directory: str, as_json: bool) -> None:
    """Read the plugins in the folders of DIRECTORY, without running them: name, version, what each asks
    for and why, and each place where one is not a program of the dialect."""
    try:
        found, wrong = read_plugins(directory)
    except PluginError as error:
        found, wrong = [], [error]
    violations = {s.manifest.name: _violations(s) for s in found}
    if as_json:
        rows = [_as_json(s, violations[s.manifest.name]) for s in found]
        write(
            dump_json(
                {"plugins": rows, "wrong": [{"plugin": e.plugin, "message": e.message} for e in wrong]}
            )
        )
    else:
        for source in found:
            _show(source)
            for violation in violations[source.manifest.name]:
                show_violation(violation, err=True)
        for one in wrong:
            write(harmless(str(one)), err=True, colour="red")
    click.get_current_context().exit(1 if wrong or any(violations.values()) else 0)


def _violations(source: PluginSource) -> list[capcompiler.Violation]:
    name = source.manifest.name
    found = capcompiler.check(source.entry, filename=f"{name}/{source.manifest.entry}")
    for module, text in source.modules.items():
        found += capcompiler.check(text, filename=f"{name}/{module.replace('.', '/')}.py")
    return found


def _show(source: PluginSource) -> None:
    manifest = source.manifest
    write(f"{manifest.name} {manifest.version} sha256:{source.digest[:16]}")
    if manifest.description:
        write(f"  {manifest.description}")
    for ask in manifest.asks:
        methods = f"({', '.join(ask.methods)})" if ask.methods else ""
        write(
            f"  asks for {ask.authority}{methods}{', if it is there' if ask.optional else ''}: {ask.why}"
        )
    for kind, value in manifest.limits.items():
        write(f"  limit {kind}: {value:,}")


def _as_json(source: PluginSource, violations: list[capcompiler.Violation]) -> dict[str, object]:
    manifest = source.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "entry": manifest.entry,
        "digest": source.digest,
        "asks": [
            {"authority": a.authority, "why": a.why, "methods": list(a.methods), "optional": a.optional}
            for a in manifest.asks
        ],
        "limits": manifest.limits,
        "violations": [v.to_dict() for v in violations],
    }
