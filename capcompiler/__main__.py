"""`python -m capcompiler` is the same as the command `capcompiler`."""

from __future__ import annotations

from capcompiler.cli import main

if __name__ == "__main__":
    main(prog_name="capcompiler")
