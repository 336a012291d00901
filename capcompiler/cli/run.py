"""`capcompiler run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from capcompiler import Compartment
from capcompiler.cli.budget import limit_option
from capcompiler.cli.grants import grant_option
from capcompiler.cli.interrupt import interruptible
from capcompiler.cli.outcome import (
    Interrupted,
    dump_json,
    outcome_json,
    show_error,
    show_output,
    show_usage,
    status_of,
)
from capcompiler.cli.present import value_text
from capcompiler.cli.progress import progress
from capcompiler.cli.replay import taping, write_record
from capcompiler.cli.sources import read_source
from capcompiler.cli.terminal import harmless, write
from capcompiler.cli.trace import denied, deny_option, show_use, trace_option
from capcompiler.errors import CapError
from capcompiler.limits import Limits
from capcompiler.membrane.membrane import Use
from capcompiler.namespace import Namespace

if TYPE_CHECKING:
    from capcompiler.recording.replay import Tape

__all__ = ["open_compartment", "optimize_option", "run", "run_source"]

optimize_option = click.option(
    "--optimize/--no-optimize",
    default=True,
    show_default=True,
    help="Leave out the guards that are not needed. The result is the same either way.",
)


@click.command(
    short_help="Run a program with what it is granted.",
    epilog="""\b
Examples:
  capcompiler run rules.py
  capcompiler run report.py --grant orders=csv:orders.csv --limit seconds=2
  capcompiler run sum.py --grant xs=value:[1,2,3] --json
  capcompiler run job.py --grant fs=dir:data --record job.log
  cat orders.csv | capcompiler run report.py --grant orders=csv:-

\b
Exit status:
  0  the program ended
  1  it raised an error that it did not catch
  2  it is not a program of the dialect, or the command is not right; nothing has run
  3  it was stopped by a limit
  4  it was refused authority that it was not granted
""",
)
@click.argument("file", type=click.Path())
@grant_option
@limit_option
@optimize_option
@trace_option
@deny_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, errors included.")
@click.option(
    "--record",
    "log",
    type=click.Path(),
    help="Write what the program is told to this file; see replay.",
)
@click.option("--usage", "with_usage", is_flag=True, help="Say on stderr what the program used.")
def run(
    file: str,
    caps: dict[str, Any],
    limits: Limits,
    optimize: bool,
    trace: bool,
    deny_all: bool,
    as_json: bool,
    log: str | None,
    with_usage: bool,
) -> None:
    """Run the program in FILE (- is stdin) with what it is granted, and nothing else.

    What the program printed goes to stdout, and after it the value of its last expression, if
    that is not None.
    """
    source = read_source(file)
    world = open_compartment(denied(caps) if deny_all else caps, limits, show_use if trace else None)
    failed: CapError | None = None
    value: object = None
    names: Mapping[str, object] = {}
    output, usage = "", None
    tape: Tape | None = None
    with interruptible(world) as interrupt, progress(world):
        try:
            if log is None:
                names = finished = run_source(world, source.text, source.name, optimize)
            else:
                tape = taping(world, source, optimize)
                names = finished = tape.run()
            output, usage = finished.output, finished.usage
            value = finished.value
        except CapError as error:
            failed = error
            output = getattr(error, "output", output)
            usage = getattr(error, "usage", usage)
        except KeyboardInterrupt:
            output = world.output
    if interrupt.came:
        failed = Interrupted()

    if as_json:
        data = outcome_json(value=value, output=output, names=names, usage=usage, error=failed)
        write(dump_json(data))
    else:
        show_output(output)
        if failed is not None:
            show_error(failed)
        elif value is not None:
            write(value_text(value))
    if with_usage:
        show_usage(usage)
    if tape is not None and log is not None:
        write_record(tape, failed, log)
    click.get_current_context().exit(status_of(failed))


def run_source(world: Compartment, text: str, filename: str, optimize: bool) -> Namespace:
    """Run the program, on an event loop where it may await."""
    if "await" in text or "async" in text:
        import asyncio  # half of what starting the command would cost

        return asyncio.run(world.exec_async(text, filename=filename, optimize=optimize))
    return world.exec(text, filename=filename, optimize=optimize)


def open_compartment(
    caps: Mapping[str, Any], limits: Limits, on_use: Callable[[Use], None] | None = None
) -> Compartment:
    """A compartment of what the options say. What cannot be granted is an error of the command."""
    try:
        return Compartment(caps, limits=limits, on_use=on_use)
    except CapError as error:
        raise click.BadParameter(harmless(str(error)), param_hint="'--grant'") from None
