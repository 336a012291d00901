"""What a host gets of a guest that has run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from capcompiler.limits import Usage

if TYPE_CHECKING:
    from capcompiler.membrane.membrane import Membrane

__all__ = ["Namespace"]


class Namespace(Mapping[str, Any]):
    """The guest's public top-level names, to read; converted when asked for.

    Names that start with an underscore and names that the host itself granted are left out.
    output: what the guest printed. usage: what the turn spent. value: the value of a trailing
    expression statement, else None.
    """

    __slots__ = ("_cache", "_membrane", "_raw", "_raw_value", "_usage", "output")

    def __init__(
        self,
        membrane: Membrane,
        raw: dict[str, Any],
        value: Any,
        output: str,
        usage: Usage | tuple[int, float, int, int],
    ) -> None:
        self._membrane = membrane
        self._raw = raw
        self._raw_value = value
        self._cache: dict[str, Any] = {}
        self.output = output
        self._usage = usage

    def __getitem__(self, name: str) -> Any:
        if type(name) is not str or name not in self._raw:
            raise KeyError(name)
        if name not in self._cache:
            self._cache[name] = self._membrane.give(self._raw[name])
        return self._cache[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._raw))

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, name: object) -> bool:
        return type(name) is str and name in self._raw

    @property
    def usage(self) -> Usage:
        usage = self._usage
        if isinstance(usage, tuple):  # most hosts never ask for it
            usage = self._usage = Usage(*usage)
        return usage

    @property
    def value(self) -> Any:
        if "" not in self._cache:
            self._cache[""] = self._membrane.give(self._raw_value)
        return self._cache[""]

    def __repr__(self) -> str:
        return f"<Namespace {', '.join(self._raw) or '(empty)'}>"
