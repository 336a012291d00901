"""The command line: `capcompiler run`, `check`, `explain` and `repl`."""

from __future__ import annotations

from capcompiler.cli.root import main

__all__ = ["main"]
