"""`logged(cap, sink)`: each use is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from capcompiler.attenuation.policy import (
    Callback,
    Policy,
    Step,
    attenuated,
    capability_of,
    guest_of,
    is_awaitable,
)
from capcompiler.attenuation.shown import shown_call, shown_value
from capcompiler.membrane.capability import Capability, interface_of
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.membrane import Use

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = ["logged"]


class _Logged(Policy):
    __slots__ = ("sink",)
    tells = True

    def __init__(self, sink: Any) -> None:
        self.sink = sink

    def around(self, step: Step) -> Any:
        started, clock = time.time(), time.perf_counter()
        try:
            result = step.go()
        except BaseException as error:
            self._tell(step, None, error, started, clock)
            raise
        if not is_awaitable(result):
            self._tell(step, result, None, started, clock)
        return result

    def settled(self, step: Step, result: Any) -> Any:
        self._tell(step, result, None, time.time(), time.perf_counter())
        return result

    def failed(self, step: Step, error: BaseException) -> None:
        self._tell(step, None, error, time.time(), time.perf_counter())

    def dropped(self, step: Step) -> None:
        # Whether it was done cannot be told: a coroutine was not, a future may have been.
        self.failed(step, RuntimeError("never awaited"))

    def told_to(self) -> Compartment | None:
        return guest_of(self.sink)

    def _tell(
        self, step: Step, result: Any, error: BaseException | None, started: float, clock: float
    ) -> None:
        seconds = time.perf_counter() - clock
        use = Use(step.path or "call", step.args, step.kwargs, result, error, started, seconds)
        sink: Any = self.sink
        if isinstance(self.sink, (Handle, Callback, Capability)):
            # Another guest's: it is told in text, and handed nothing that was passed.
            outcome = "ok" if error is None else use.outcome
            line = f"{shown_call(step.path, step.args, step.kwargs)}: {outcome}"
            if error is None and result is not None:
                line += f" {shown_value(result)}"
            (sink.info if _is_log(sink) else sink)(line)
        else:
            sink(use)


def _is_log(sink: Any) -> bool:
    return isinstance(sink, Capability) and "info" in interface_of(sink).methods


def logged(cap: Any, sink: Any) -> Capability:
    """A capability each use of which is told to `sink` when it is over, with those of all that was
    obtained through it. What the sink raises, the use raises.

    sink: a host's function, called with a `Use` as `on_use` is; or a `Log` or a guest's function,
    which gets a line of text, so that it is not handed the capabilities that were passed.
    """
    inner = capability_of(cap, "logged")
    if not (callable(sink) or _is_log(sink)):
        raise TypeError(f"logged: sink: wanted a function or a log, got {type(sink).__name__}")
    return attenuated(inner, _Logged(sink))
