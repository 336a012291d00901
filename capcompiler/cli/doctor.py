"""`capcompiler doctor`."""

from __future__ import annotations

import platform

import click

from capcompiler import CapError, Pool, __version__
from capcompiler.cli.outcome import dump_json
from capcompiler.cli.terminal import write

__all__ = ["doctor"]


@click.command(
    short_help="Say how worker processes are confined here.",
    epilog="""\b
Examples:
  capcompiler doctor
  capcompiler doctor --json

\b
Exit status:
  0  worker processes are confined in every way that is promised
  1  they are not, or cannot be started; it says what is missing
""",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def doctor(as_json: bool) -> None:
    """Start a worker process, let it try what it must not be able to do, and say what holds."""
    about = {"capcompiler": __version__, "python": platform.python_version()}
    try:
        with Pool(workers=1, confine="best-effort", prefork=0) as pool:
            found = pool.confinement
    except CapError as error:
        if as_json:
            write(dump_json({**about, "confinement": None, "error": str(error)}))
        else:
            write(f"worker processes: no, {error}")
        raise click.exceptions.Exit(1) from None
    if as_json:
        write(dump_json({**about, "confinement": found.to_dict()}))
    else:
        write("\n".join([f"capcompiler {about['capcompiler']}, Python {about['python']}", str(found)]))
    if not found.complete:
        raise click.exceptions.Exit(1)
