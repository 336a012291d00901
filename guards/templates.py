"""What template strings of 3.14 are made of: `string.templatelib.Template` and `Interpolation`.

Where this Python has none, `Template` is None and `TEMPLATES` is empty.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final

__all__ = ["TEMPLATES", "Template", "template_size"]


def _types() -> tuple[Any, ...]:
    if sys.version_info < (3, 14):
        return ()
    module = importlib.import_module("string.templatelib")
    return module.Template, module.Interpolation


TEMPLATES: Final[tuple[Any, ...]] = _types()
Template: Final[Any] = TEMPLATES[0] if TEMPLATES else None


def template_size(template: Any) -> int:
    """Bytes that a concatenation copies of a template: its parts, and the text at its ends."""
    strings = template.strings
    return 16 * len(strings) + 4 * (len(strings[0]) + len(strings[-1]))
