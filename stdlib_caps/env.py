"""Named variables of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

from capcompiler import Capability
from capcompiler.filling import filling

__all__ = ["Env"]


class _Ambient(type):
    """Gives `Env` its constructor without making it a method that a guest could call."""

    def ambient(cls, *names: str) -> Env:
        """These variables of this process, as they are now; those that are not set are not there.

        Raises ValueError where none is named: secrets stand in an environment.

        Ambient authority: reads the environment of this process.
        """
        if not names:
            raise ValueError("Env: name the variables to grant")
        for name in names:
            if type(name) is not str:
                raise TypeError(f"Env: names are str, got {type(name).__name__}")
        return Env({name: os.environ[name] for name in names if name in os.environ})


class Env(Capability, metaclass=_Ambient, reads="get names module"):
    """Variables, to be read. They are copied: neither side sees what the other sets."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables: dict[str, str] = {}
        for name, value in variables.items():
            if type(name) is not str or type(value) is not str:
                raise TypeError("Env: names and values are str")
            if not name or "=" in name or "\0" in name + value:
                raise ValueError(f"Env: {name!r} is no name of a variable, or its value holds a NUL")
            self._variables[name] = value

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a variable."""
        return self._variables.get(name, default)

    def names(self) -> list[str]:
        """The names that are set, in their order."""
        return sorted(self._variables)

    def module(self) -> Capability:
        """These variables, with `os.environ` filled in for who is granted them."""
        return filling(self, "env")
