"""`capcompiler plugins`: what plugins say of themselves, and whether they could load."""

from __future__ import annotations

import click

import capcompiler
from capcompiler.cli.imported import imported, why_refused
from capcompiler.cli.outcome import dump_json, show_violation
from capcompiler.cli.terminal import harmless, write
from capcompiler.errors import one_line
from capcompiler.plugins.manifest import PluginError
from capcompiler.plugins.marked import hooks_in, trees_of
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
    for and why, which hooks it is marked for, its imports of modules that no guest gets, and each place
    where it is not a program of the dialect."""
    try:
        found, wrong = read_plugins(directory)
    except PluginError as error:
        found, wrong = [], [error]
    violations = {s.manifest.name: _violations(s) for s in found}
    absent = {s.manifest.name: _absent(s) for s in found}
    if as_json:
        rows = [_as_json(s, violations[s.manifest.name], absent[s.manifest.name]) for s in found]
        write(
            dump_json(
                {"plugins": rows, "wrong": [{"plugin": e.plugin, "message": e.message} for e in wrong]}
            )
        )
    else:
        for source in found:
            _show(source)
            for told in absent[source.manifest.name]:
                write(harmless(told), err=True)
            for violation in violations[source.manifest.name]:
                show_violation(violation, err=True)
        for one in wrong:
            write(harmless(str(one)), err=True, colour="red")
    failed = wrong or any(violations.values()) or any(absent.values())
    click.get_current_context().exit(1 if failed else 0)


def _violations(source: PluginSource) -> list[capcompiler.Violation]:
    name = source.manifest.name
    found = capcompiler.check(source.entry, filename=f"{name}/{source.manifest.entry}")
    for module, text in source.modules.items():
        found += capcompiler.check(text, filename=f"{name}/{module.replace('.', '/')}.py")
    return found


def _absent(source: PluginSource) -> list[str]:
    """Its imports of modules that no guest gets, without those that it can do without."""
    own = {"pluggy", *(module.partition(".")[0] for module in source.modules)}
    return [
        one.described(f"{source.manifest.name}/{path}")
        for path, tree, text in trees_of(source)
        for one in imported(tree, text)
        if not one.guarded and one.module.partition(".")[0] not in own and why_refused(one.module)
    ]


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
    hooks = hooks_in(source)
    for project, names in (hooks or {}).items():
        of = f"hooks of {one_line(project)}" if project else "hooks"
        write(f"  answers {of}: {', '.join(map(one_line, names))}")
    if hooks == {}:
        write("  answers no hook: nothing in it is marked with a HookimplMarker")
    for kind, value in manifest.limits.items():
        write(f"  limit {kind}: {value:,}")


def _as_json(
    source: PluginSource, violations: list[capcompiler.Violation], absent: list[str]
) -> dict[str, object]:
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
        "hooks": hooks_in(source),
        "absent_imports": absent,
        "limits": manifest.limits,
        "violations": [v.to_dict() for v in violations],
    }
