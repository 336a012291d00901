"""What to install where a part of the package needs more than the package itself."""

from __future__ import annotations

__all__ = ["needs_extra"]


def needs_extra(what: str, extra: str, missing: str = "") -> str:
    """The text of an error: `what` needs an extra. missing: the package that is not there, if known."""
    gone = f" ({missing} is not installed)" if missing else ""
    return (
        f"{what} needs the extra `{extra}`{gone}: pip install 'capcompiler[{extra}]', or in a checkout "
        f"python -m pip install -e '.[{extra}]'"
    )
