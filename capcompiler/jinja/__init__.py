"""Jinja2 templates as guests: `CapEnvironment` stands where `SandboxedEnvironment` stood.

It needs the extra `jinja`. `docs/how-to/templates.md` says what of Jinja2 is trusted, and what is not.
"""

try:
    import jinja2  # noqa: F401
except ImportError as error:  # pragma: no cover - the tests have it
    raise ImportError("capcompiler.jinja needs Jinja2: pip install 'capcompiler[jinja]'") from error

from capcompiler.jinja.environment import CapEnvironment, ImmutableCapEnvironment
from capcompiler.jinja.template import CapTemplate

__all__ = ["CapEnvironment", "CapTemplate", "ImmutableCapEnvironment"]
