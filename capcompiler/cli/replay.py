"""`capcompiler run --record LOG`, and `capcompiler replay LOG`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from capcompiler.attenuation.shown import shown_call, shown_value
from capcompiler.cli.budget import limit_option
from capcompiler.cli.outcome import dump_json, outcome_json, show_error, show_output, status_of
from capcompiler.cli.present import value_text
from capcompiler.cli.sources import Source, read_bytes
from capcompiler.cli.terminal import harmless, write
from capcompiler.errors import CapError, one_line
from capcompiler.limits import Limits
from capcompiler.membrane.membrane import Use

if TYPE_CHECKING:
    from capcompiler import Compartment
    from capcompiler.recording.replay import Tape

__all__ = ["replay", "taping", "write_record"]


def taping(world: Compartment, source: Source, optimize: bool) -> Tape:
    """The program, ready to run and be recorded."""
    from capcompiler.recording.replay import Tape  # what it needs is not loaded for other commands

    return Tape(world, source.text, source.name, optimize)


def write_record(tape: Tape, error: CapError | None, path: str) -> None:
    """Write the record to a file that its owner alone reads: what was granted is in it."""
    data, lost = tape.end(error)
    if data is None:
        write(f"no record was written: {lost}", err=True)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            if hasattr(os, "fchmod"):  # a file that was there keeps who may read it
                os.fchmod(descriptor, 0o600)
            file.write(data)
    except OSError as failed:
        reason = failed.strerror or "unknown reason"
        raise click.BadParameter(
            harmless(f"{path} cannot be written: {reason}"), param_hint="--record"
        ) from None


@click.command(
    short_help="Run a recorded program again, without what it was granted.",
    epilog="""\b
Examples:
  capcompiler run job.py --grant fs=dir:data --record job.log
  capcompiler replay job.log
  capcompiler replay job.log --quiet --json

\b
Exit status: as of run; 2 also for a record that cannot be read or told again.
""",
)
@click.argument("log", type=click.Path())
@click.option("--quiet", is_flag=True, help="Do not list the uses.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the uses in it.")
@limit_option
def replay(log: str, quiet: bool, as_json: bool, limits: Limits) -> None:
    """Run the program in LOG again, with the answers that it got when it was recorded.

    No file, network or clock is touched: there is nothing but the record. Each use of what was granted
    is listed on stderr, with its answer. It has the limits that it had then, if those are no more than
    the usual ones.
    """
    from capcompiler.recording.record import RecordError
    from capcompiler.recording.replay import replay as run_again

    try:
        given = click.get_current_context().get_parameter_source("limits")
        said = given is not click.core.ParameterSource.DEFAULT
        done = run_again(read_bytes(log), limits=limits if said else None)
    except RecordError as error:
        raise click.UsageError(harmless(str(error))) from None
    if as_json:
        names: Any = {} if done.names is None else done.names
        value = None if done.names is None else done.names.value
        usage = None if done.names is None else done.names.usage
        data = outcome_json(value=value, output=done.output, names=names, usage=usage, error=done.error)
        data["uses"] = [_as_json(use) for use in done.uses]
        data["same"] = done.same
        write(dump_json(data))
    else:
        if not quiet:
            for use in done.uses:
                _show(use)
        show_output(done.output)
        if done.error is not None:
            show_error(done.error)
        elif done.names is not None and done.names.value is not None:
            write(value_text(done.names.value))
        if not done.same:
            write("this is not how the record says that it ended", err=True, colour="red")
    click.get_current_context().exit(status_of(done.error))


def _show(use: Use) -> None:
    where = f"{use.filename}:{use.line}: " if use.line else ""
    # On one line: the text of an error is whatever the record says, and could be another use.
    answer = (
        shown_value(use.result) if use.error is None else one_line(f"{_kind(use)}: {use.error}", 500)
    )
    write(f"{where}{shown_call(use.path, use.args, use.kwargs)} -> {answer}", err=True)


def _kind(use: Use) -> str:
    seen = getattr(use.error, "seen", use.error)
    return type(seen).__name__


def _as_json(use: Use) -> dict[str, object]:
    return {
        "filename": use.filename,
        "line": use.line,
        "call": shown_call(use.path, use.args, use.kwargs),
        "answer": shown_value(use.result) if use.error is None else None,
        "error": None if use.error is None else f"{_kind(use)}: {str(use.error)[:500]}",
    }
