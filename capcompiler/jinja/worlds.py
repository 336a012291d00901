"""The worlds of one environment: as many as its renderings need to go on beside each other.

A compartment takes one turn at a time. A rendering that waits, in a host's function on another thread or
for what a host's coroutine gives, keeps its world; the next one goes on in another.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from jinja2 import exceptions

from capcompiler.errors import CapabilityError
from capcompiler.jinja.world import Source, World

if TYPE_CHECKING:
    from capcompiler.jinja.environment import CapEnvironment

__all__ = ["Worlds"]

_SOON: Final = (
    0.005  # seconds after which a thread looks whether those that it waits for wait themselves
)
_PATIENCE: Final = 30.0  # and that it waits where there may be no more


class Worlds:
    """What the templates of one environment run in. most: worlds, at most."""

    def __init__(self, environment: CapEnvironment, most: int) -> None:
        self._environment = weakref.ref(environment)
        self._most = most
        self._free = threading.Condition()
        self._making = 0
        self.all: list[World] = []
        self._told: list[deque[int]] = []  # `gone` of each world
        self.sources: weakref.WeakValueDictionary[int, Source] = weakref.WeakValueDictionary()

    # Templates, which all of them know

    def source(
        self, text: str, name: str | None, filename: str | None,
        uptodate: Callable[[], bool] | None = None, *, python: bool = False,
    ) -> Source:  # fmt: skip
        """Translate a template, and keep what came of it as long as somebody has it. python: whether
        `text` is what came of it."""
        made_of: str | exceptions.TemplateSyntaxError = text
        if not python:
            try:
                made_of = self._of()._python_of(text, name, filename)
            except exceptions.TemplateSyntaxError as error:
                made_of = error
        made = Source(made_of, name, filename, uptodate)
        self.sources[made.number] = made
        weakref.finalize(made, _forget, self._told, made.number).atexit = False
        return made

    def _of(self) -> CapEnvironment:
        environment = self._environment()
        if environment is None:
            raise PermissionError("the templates' environment is gone")
        return environment

    # Worlds

    def inside(self) -> World | None:
        """The world that who asks runs on behalf of: a function of the host's renders."""
        return next((w for w in self.all if w.runs_here()), None)

    def any(self) -> World:
        """One of them, to look at."""
        with self.taken(waits=True) as world:
            return world

    @contextmanager
    def taken(self, which: World | None = None, *, waits: bool = False) -> Iterator[World]:
        """A world to run something in, by itself. which: that one and no other. waits: whether who asks
        can wait for the turns of others on its event loop; it gets the world that has least to do.

        Raises `CapabilityError` where none becomes free in time."""
        inside = self.inside()
        if inside is not None and which in (None, inside):
            yield inside
            return
        world = self._take(which, waits)
        try:
            yield world
        finally:
            with self._free:
                world.users -= 1
                self._free.notify_all()

    def _take(self, which: World | None, waits: bool) -> World:
        started = time.monotonic()
        with self._free:
            while True:
                found = self._found(which, waits)
                if found is not None:
                    found.users += 1
                    return found
                waited = time.monotonic() - started
                more = which is None and len(self.all) + self._making < self._most
                if more and (waits or not self.all or self._all_wait(waited)):
                    self._making += 1
                    break
                if waited >= _PATIENCE:
                    raise CapabilityError(
                        "the environment is busy: all its worlds are at work on other threads; "
                        "CapEnvironment(worlds=...) says how many it may have"
                    )
                self._free.wait(_SOON if more else _PATIENCE - waited)
        made = None
        try:
            made = World(self._of(), self.sources)
            made.users = 1
            return made
        finally:
            with self._free:
                self._making -= 1
                if made is not None:
                    self.all.append(made)
                    self._told.append(made.gone)
                self._free.notify_all()

    def _all_wait(self, waited: float) -> bool:
        """Whether all worlds are in functions of the host's, which may take any time. Templates that
        work share the interpreter, and are no faster in more worlds."""
        return waited >= _SOON and all(w.compartment._in_host for w in self.all)

    def _found(self, which: World | None, waits: bool) -> World | None:
        if which is not None:
            return which if waits or not which.users else None
        idle = next((w for w in self.all if not w.users), None)
        if idle is None and waits and len(self.all) >= self._most:
            return min(self.all, key=lambda w: w.users)
        return idle


def _forget(told: list[deque[int]], number: int) -> None:
    """A template is gone; each world is told before its next turn. Runs when the collector does, and
    holds no world: a template would keep its environment."""
    for gone in list(told):
        gone.append(number)


def checked_number(worlds: Any) -> int:
    """The parameter of an environment. Raises TypeError or ValueError."""
    if type(worlds) is not int:
        raise TypeError(f"worlds: wanted a whole number, got {type(worlds).__name__}")
    if worlds < 1:
        raise ValueError("worlds: wanted 1 or more")
    return worlds
