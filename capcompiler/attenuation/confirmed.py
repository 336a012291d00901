"""`confirmed(cap, ask)`: each use is asked for first. A powerbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from capcompiler.attenuation.policy import Callback, Policy, Step, attenuated, capability_of
from capcompiler.attenuation.shown import shown_call
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.withheld import Withheld

__all__ = ["Request", "confirmed"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a guest wants to do: `str(request)` is one line for a person to read.

    path: from the capability, such as "open.write". args, kwargs: exact data and capabilities.
    """

    path: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return shown_call(self.path, self.args, self.kwargs)


class _Confirmed(Policy):
    __slots__ = ("ask",)

    def __init__(self, ask: Any) -> None:
        self.ask = ask

    def around(self, step: Step) -> Any:
        request: Any = Request(step.path, step.args, step.kwargs)
        if isinstance(self.ask, (Handle, Callback, Capability)):
            request = str(request)  # another guest's: it is handed nothing that was passed
        # Only `True` is a yes: an answer that is merely true may be a mistake, or a coroutine.
        if self.ask(request) is not True:
            raise Withheld("it was not confirmed")
        return step.go()


def confirmed(cap: Any, ask: Any) -> Capability:
    """A capability each use of which happens if `ask` says True, with those of all that was obtained
    through it.

    ask: a function of a `Request`; a guest's function gets the request as one line of text.
    """
    inner = capability_of(cap, "confirmed")
    if not callable(ask):
        raise TypeError(f"confirmed: ask: wanted a function, got {type(ask).__name__}")
    return attenuated(inner, _Confirmed(ask))
