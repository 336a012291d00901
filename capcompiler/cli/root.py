"""The group of commands, and what holds for all of them."""

from __future__ import annotations

import contextlib
import sys
import traceback
from typing import Any

import click

from capcompiler import __version__
from capcompiler.cli.check import check
from capcompiler.cli.doctor import doctor
from capcompiler.cli.explain import explain
from capcompiler.cli.manifest import manifest
from capcompiler.cli.mcp import mcp
from capcompiler.cli.outcome import Status
from capcompiler.cli.plugins import plugins
from capcompiler.cli.reach import reach
from capcompiler.cli.repl import repl
from capcompiler.cli.replay import replay
from capcompiler.cli.run import run
from capcompiler.cli.stubs import stubs
from capcompiler.cli.terminal import write

__all__ = ["main"]


class _Group(click.Group):
    """Keeps the exit statuses apart: an error of this program is not an error of a guest's."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            write("stopped", err=True)
            ctx.exit(Status.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:  # reading what the user names has errors of its own
            with contextlib.suppress(OSError):
                sys.stdout.close()  # else it is flushed once more at the end, and fails again
            if isinstance(error, BrokenPipeError):  # the reader has seen enough, as in `| head`
                ctx.exit(Status.BROKEN_PIPE)
            print(f"capcompiler: input or output failed: {error.strerror}", file=sys.stderr)
            ctx.exit(Status.IO_ERROR)
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
@click.version_option(__version__, prog_name="capcompiler")
def main() -> None:
    """Run Python that reaches what it is handed, and nothing else."""


for _command in (run, check, explain, manifest, plugins, reach, repl, replay, stubs, mcp, doctor):
    main.add_command(_command)
