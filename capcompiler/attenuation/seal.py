"""`seal_pair()`: a box that anyone may carry, and one may open.

Source: James Morris, "Protection in Programming Languages" (1973); sealers and unsealers in E.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from capcompiler.membrane.capability import Capability, Identity
from capcompiler.membrane.data import Copier, CrossingError
from capcompiler.membrane.record import fields_of
from capcompiler.membrane.withheld import Withheld

__all__ = ["Box", "Sealer", "Unsealer", "seal_pair"]


class Box(Identity, Capability):
    """Something sealed. It offers nothing."""

    def __init__(self, content: Any, pair: object, weight: int) -> None:
        self._cap_content = content
        self._cap_pair = pair
        self._cap_weight = weight

    def _cap_holding(self, changed: Callable[[Any], Any]) -> Box:
        """A box of the same pair, for its content as a policy lets it through."""
        content = changed(self._cap_content)
        return self if content is self._cap_content else Box(content, self._cap_pair, self._cap_weight)

    def __repr__(self) -> str:
        return "<sealed box>"


def _weight_of(content: Any) -> int:
    """Elements of what is sealed: attenuators copy it where the box crosses, and who passes it pays."""
    counts = [1]

    def leaf(value: Any, _where: str) -> Any:
        counts.append(value._cap_weight if type(value) is Box else 0)
        return value

    try:
        Copier(leaf, counts.append, fields_of).copy(content)
    except (CrossingError, RecursionError):  # it does not cross
        pass
    return sum(counts)


class Sealer(Identity, Capability):
    """Calling it puts a value into a box of its pair."""

    def __init__(self, pair: object, name: str) -> None:
        self._pair = pair
        self._name = name

    def __call__(self, value: Any) -> Box:
        """A box with the value in it."""
        return Box(value, self._pair, _weight_of(value))

    def __repr__(self) -> str:
        return f"<sealer {self._name!r}>" if self._name else "<sealer>"


class Unsealer(Identity, Capability):
    """Calling it takes the value out of a box of its pair."""

    def __init__(self, pair: object, name: str) -> None:
        self._pair = pair
        self._name = name

    def __call__(self, box: Box) -> Any:
        """The value in a box of this pair."""
        if type(box) is not Box or box._cap_pair is not self._pair:
            raise Withheld("the box was sealed by another")
        return box._cap_content

    def __repr__(self) -> str:
        return f"<unsealer {self._name!r}>" if self._name else "<unsealer>"


def seal_pair(name: str = "") -> tuple[Sealer, Unsealer]:
    """A sealer and its unsealer: what the one put into a box only the other takes out.

    name: shown to the host; it tells pairs apart in a debugger and means nothing.
    """
    if type(name) is not str:
        raise TypeError(f"seal_pair: name: wanted str, got {type(name).__name__}")
    pair = object()
    return Sealer(pair, name), Unsealer(pair, name)
