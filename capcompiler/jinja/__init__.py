"""Jinja2 templates as guests: `CapEnvironment` stands where `SandboxedEnvironment` stood.

It needs the extra `jinja`. `docs/how-to/templates.md` says what of Jinja2 is trusted, and what is not.
"""

from capcompiler.extras import needs_extra

try:
    import jinja2  # noqa: F401
except ImportError as error:  # pragma: no cover - the tests have it
    raise ImportError(needs_extra("capcompiler.jinja", "jinja", "Jinja2")) from error

from capcompiler.jinja.environment import CapEnvironment, ImmutableCapEnvironment
from capcompiler.jinja.template import CapTemplate

__all__ = ["CapEnvironment", "CapTemplate", "ImmutableCapEnvironment"]
