"""`--trace`: each use of a capability, as it happens, on stderr; `--deny-all`: none of them happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from capcompiler.attenuation import confirmed
from capcompiler.attenuation.shown import shown_call
from capcompiler.cli.terminal import write
from capcompiler.membrane.capability import Capability, facets_of, is_host_function
from capcompiler.membrane.membrane import Use

__all__ = ["denied", "deny_option", "show_use", "trace_option"]

trace_option = click.option(
    "--trace", is_flag=True, help="Say on stderr each use of what was granted, as it happens."
)
deny_option = click.option(
    "--deny-all",
    is_flag=True,
    help="Refuse each use of a capability: with --trace, a dry run that shows what is asked for.",
)


def show_use(use: Use) -> None:
    """One line for one use: where, what, how it ended, how long it took."""
    where = f"{use.filename}:{use.line}: " if use.line else ""
    call = shown_call(use.path, use.args, use.kwargs)
    write(f"trace: {where}{call}: {use.outcome} ({use.seconds * 1000:.1f} ms)", err=True)


def denied(caps: Mapping[str, Any]) -> dict[str, Any]:
    """The same grants, with every use of a capability refused."""
    return {
        name: _denied(cap) if isinstance(cap, Capability) or is_host_function(cap) else cap
        for name, cap in caps.items()
    }


def _denied(cap: Any) -> Any:
    made = confirmed(cap, lambda request: False)
    assert facets_of(made) == facets_of(cap)  # noqa: S101 - what is filled in is refused too
    return made
