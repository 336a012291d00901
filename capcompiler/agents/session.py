"""One compartment that a model's pieces of code run in, one after another.

Stops: code that is huge, that prints or gives what is huge, or what acts on a terminal; a worker that
has died and takes the conversation with it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from capcompiler.agents.wording import bounded, for_model, granted_text
from capcompiler.cli.present import value_text
from capcompiler.compartment import Compartment, Isolation
from capcompiler.declared import declared
from capcompiler.errors import CapError
from capcompiler.imports import Imports
from capcompiler.limits import Limits, Usage
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.data import Copier
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.membrane import Use
from capcompiler.membrane.record import fields_of

__all__ = ["MOST_CODE", "Ran", "Session", "Stop", "shown_in", "unfenced"]

#: Characters of one piece of code, at most. No model writes as much in one answer.
MOST_CODE: Final = 200_000
_FENCED: Final = re.compile(r"\s*```(?:python|py)?[ \t]*\n(.*?)\n?```\s*", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one piece of code.

    text: for the model: what was printed and the value of the last expression, or what went wrong,
    what to write instead, and what is granted. value: of the last expression. error: None if it ran.
    """

    text: str
    value: Any = None
    output: str = ""
    error: CapError | None = None
    usage: Usage | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


class Stop:
    """The wish that one run of code ends, from any thread; given to `Session.run`.

    It holds for that run alone: not for one before it, for which this one may wait.
    """

    def __init__(self) -> None:
        self._reason: str | None = None
        self._world: Compartment | None = None
        self._lock = threading.Lock()  # the next run in the same world is not to be stopped

    @property
    def runs(self) -> bool:
        """Whether the code is under way."""
        return self._world is not None

    def set(self, reason: str = "cancelled") -> None:
        """Stop the code, or let it not begin. Where it still `runs`, between two turns, say so again."""
        with self._lock:
            self._reason = reason
            if self._world is not None:
                self._world.cancel(reason)

    def begun(self, world: Compartment) -> str | None:
        """The code is about to run; the reason why it may not."""
        with self._lock:
            self._world = world if self._reason is None else None
            return self._reason

    def ended(self) -> None:
        with self._lock:
            self._world = None


class Session:
    """Runs pieces of code in a world that lasts, for a model; from any thread, one at a time.

    caps, imports, limits, isolation, on_use: as of `Compartment`. filename: in errors.
    """

    def __init__(
        self, caps: Mapping[str, Any] | None = None, *, imports: Imports | None = None,
        limits: Limits | None = None, isolation: Isolation = "inline",
        on_use: Callable[[Use], None] | None = None, filename: str = "<code>",
    ) -> None:  # fmt: skip
        # Annotations of functions hold, so that an error says which argument was wrong.
        self.caps = {name: declared(cap) for name, cap in (caps or {}).items()}
        self.imports = imports if imports is not None else Imports.pure()
        self._limits = limits
        self._isolation: Isolation = isolation
        self._on_use = on_use
        self._filename = filename
        self._lock = threading.Lock()
        self.compartment = self._make()

    def _make(self) -> Compartment:
        return Compartment(
            self.caps, imports=self.imports, limits=self._limits, isolation=self._isolation,
            on_use=self._on_use,
        )  # fmt: skip

    @property
    def modules(self) -> list[str]:
        """What can be imported, without what only the library itself asks for."""
        return sorted(n for n in self.imports.names if not n.startswith("_"))

    def granted(self) -> str:
        """What the code can use, for the model to read."""
        return granted_text(self.caps, self.modules)

    def run(self, code: str, *, stop: Stop | None = None) -> Ran:
        """Run a piece of code; what it raises comes back as words. Raises TypeError for no text.

        stop: what ends it from another thread; `run_stoppable` of `capcompiler.agents.stopping` does
        that where a task is cancelled that waits for it.
        """
        if not isinstance(code, str):
            raise TypeError(f"code: wanted str, got {type(code).__name__}")
        code = str.__str__(code)
        if len(code) > MOST_CODE:
            error = CapError(f"code of {len(code):,} characters; at most {MOST_CODE:,} are taken")
            return Ran(str(error), error=error)
        stop = Stop() if stop is None else stop
        with self._lock:
            reason = stop.begun(self.compartment)
            if reason is not None:
                refused = CapError(f"the code was not run: {reason}")
                return Ran(str(refused), error=refused)
            try:
                return self._run(unfenced(code))
            finally:
                stop.ended()

    def reset(self) -> None:
        """Forget all names: a new world, with the same grants."""
        with self._lock:
            self.compartment.close()
            self.compartment = self._make()

    def close(self) -> None:
        self.compartment.close()

    def _run(self, code: str) -> Ran:
        world = self.compartment
        try:
            names = world.exec(code, filename=self._filename)
            value = names.value
        except CapError as error:
            output = getattr(error, "output", "")
            said = for_model(error, self.caps, self.modules)
            if type(error).__name__ == "WorkerDied":
                self.compartment = self._make()
                said += "\nAll names are gone: begin anew."
            printed = f"printed before that:\n{bounded(output)}\n" if output else ""
            return Ran(printed + said, None, output, error, getattr(error, "usage", None))
        shown = "" if value is None else bounded(shown_in(world, value))
        output = bounded(names.output)
        text = output + ("\n" if output and shown and not output.endswith("\n") else "") + shown
        return Ran(text, value, names.output, None, names.usage)


def shown_in(world: Compartment, value: Any) -> str:
    """A value as the guest that it came out of shows it: `repr` runs as its code, in a turn. Data is
    shown by the host, in bounded work."""
    handles = False

    def leaf(inner: Any, _where: str) -> Any:
        nonlocal handles
        handles = handles or isinstance(inner, Handle)
        # Not what was granted: under another name its uses would be told as others.
        return inner if isinstance(inner, Handle) else _ONLY_SHOWN

    copied = Copier(leaf, _free, fields_of).copy(value)
    if not handles:
        return value_text(value)
    try:
        world.grant("_shown", copied)
        text = world.eval("repr(_shown)")
    except CapError:
        return value_text(value)
    return text if type(text) is str else value_text(value)


class _OnlyShown(Capability):
    """What stands for a capability that is only shown."""


_ONLY_SHOWN: Final = _OnlyShown()


def _free(_count: int) -> None:
    """Looking is the host's own work."""


def unfenced(code: str) -> str:
    """The code inside a Markdown fence, where that is all there is; its line numbers are its own."""
    found = _FENCED.fullmatch(code)
    return code if found is None else found[1]
