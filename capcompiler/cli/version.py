"""The version of the installed package."""

from __future__ import annotations

from importlib import metadata

__all__ = ["version"]


def version() -> str:
    """As the package's metadata has it, or "0+unknown" for a checkout that is not installed."""
    try:
        return metadata.version("capcompiler")
    except metadata.PackageNotFoundError:
        return "0+unknown"
