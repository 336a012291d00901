"""`capcompiler mcp`."""

from __future__ import annotations

from typing import Any

import click

from capcompiler.cli.budget import limit_option
from capcompiler.cli.grants import grant_option
from capcompiler.cli.terminal import harmless
from capcompiler.cli.trace import show_use, trace_option
from capcompiler.errors import CapError
from capcompiler.limits import Limits

__all__ = ["mcp"]


@click.command(
    short_help="Serve run_python to a model, by MCP.",
    epilog="""\b
Examples:
  capcompiler mcp --grant fs=dir:./data --limit seconds=10
  capcompiler mcp --grants grants.toml --isolation inline

\b
In the settings of a client:
  {"command": "capcompiler", "args": ["mcp", "--grant", "fs=dir:./data"]}
""",
)
@grant_option
@limit_option
@trace_option
@click.option(
    "--isolation",
    type=click.Choice(["process", "inline"]),
    default="process",
    show_default=True,
    help="Where code runs: in a worker that the kernel confines, or in the server itself.",
)
def mcp(caps: dict[str, Any], limits: Limits, trace: bool, isolation: Any) -> None:
    """Run an MCP server on stdin and stdout, with a tool that runs Python under these grants.

    A grant cannot read stdin. Needs the extra `mcp`.
    """
    try:
        from capcompiler.agents.mcp import server
    except ImportError as error:
        raise click.ClickException(str(error)) from None
    from capcompiler.agents import Session
    from capcompiler.cli.sources import take_stdin

    take_stdin()
    try:
        session = Session(caps, limits=limits, isolation=isolation, on_use=show_use if trace else None)
        session.run("None")  # a machine that cannot confine a worker says so now
    except CapError as error:
        raise click.ClickException(harmless(str(error))) from None
    try:
        server(session).run("stdio")
    finally:
        session.close()
