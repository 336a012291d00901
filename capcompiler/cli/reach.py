"""`capcompiler reach`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from capcompiler.cli.budget import limit_option
from capcompiler.cli.check import write_to
from capcompiler.cli.grants import grant_option
from capcompiler.cli.interrupt import interruptible
from capcompiler.cli.outcome import Interrupted, dump_json, show_error, status_of
from capcompiler.cli.run import open_compartment, optimize_option, run_source
from capcompiler.cli.sources import read_source
from capcompiler.cli.terminal import harmless
from capcompiler.errors import CapError
from capcompiler.limits import Limits
from capcompiler.reaching import Reach
from capcompiler.reaching import reach as reach_of

__all__ = ["reach"]


@click.command(
    short_help="Show all that a program can get at.",
    epilog="""\b
Examples:
  capcompiler reach rules.py --grant states=json:states.json
  capcompiler reach plugin.py --format html --output reach.html

\b
Exit status:
  0  nothing outside was found
  1  the program failed, or something was found that no guest should have
  2  it is not a program of the dialect, or the command is not right; nothing has run
  3  it was stopped by a limit
  4  it was refused authority that it was not granted
""",
)
@click.argument("file", type=click.Path())
@grant_option
@limit_option
@optimize_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "svg", "html"]),
    default="text",
    show_default=True,
    help="How to show it; html is a page with the picture and all paths.",
)
@click.option("--output", type=click.Path(), help="Write to this file instead of stdout.")
def reach(
    file: str, caps: dict[str, Any], limits: Limits, optimize: bool, form: str, output: str | None
) -> None:
    """Run the program in FILE (- is stdin), then follow every path from its names.

    What is shown is the set of objects that it can get at, its capabilities among them, and whatever
    lies outside what guests may have, with the path that leads there. Such a find is an error in
    capcompiler: please report it.
    """
    source = read_source(file)
    world = open_compartment(caps, limits)
    failed: CapError | None = None
    found: Reach | None = None
    with interruptible(world) as interrupt:
        try:
            run_source(world, source.text, source.name, optimize)
            found = reach_of(world)
        except CapError as error:
            failed = error
    if interrupt.came:
        failed = Interrupted()
    if failed is not None or found is None:
        if failed is not None:
            show_error(failed)
        click.get_current_context().exit(status_of(failed))
    write_to(_FORMS[form](found), output)
    click.get_current_context().exit(1 if found.outside else 0)


_FORMS: Mapping[str, Any] = {
    "text": lambda found: "\n".join(harmless(line) for line in str(found).splitlines()),
    "json": lambda found: dump_json(found.to_dict()),
    "svg": Reach.to_svg,
    "html": Reach.to_html,
}
