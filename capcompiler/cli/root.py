"""The group of commands, and what holds for all of them."""

from __future__ import annotations

import traceback
from typing import Any

import click

from capcompiler.cli.check import check
from capcompiler.cli.explain import explain
from capcompiler.cli.outcome import Status
from capcompiler.cli.repl import repl
from capcompiler.cli.run import run
from capcompiler.cli.terminal import write
from capcompiler.cli.version import version

__all__ = ["main"]


class _Group(click.Group):
    """Keeps the exit statuses apart: an error of this program is not an error of a guest's."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            write("stopped", err=True)
            ctx.exit(Status.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort, OSError):
            raise
        except Exception:
            write(traceback.format_exc(), err=True, end="")
            write("capcompiler: this is an error in capcompiler itself, please report it", err=True)
            ctx.exit(Status.INTERNAL_ERROR)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  capcompiler run report.py --grant orders=csv:orders.csv
  capcompiler check plugins/
  capcompiler COMMAND --help
""",
)
@click.version_option(version(), prog_name="capcompiler")
def main() -> None:
    """Run Python that reaches what it is handed, and nothing else."""


for _command in (run, check, explain, repl):
    main.add_command(_command)
