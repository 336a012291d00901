"""The attenuators as a guest has them: builtins, over what it holds.

They carry no authority. One that looks at a clock takes a clock that the guest holds: without that
rule `expiring(cap, seconds=0.001)` would be a clock for everyone (invariant B).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from capcompiler.attenuation.confirmed import confirmed
from capcompiler.attenuation.expiring import expiring
from capcompiler.attenuation.logged import logged
from capcompiler.attenuation.only import only
from capcompiler.attenuation.policy import capability_of
from capcompiler.attenuation.quota import quota
from capcompiler.attenuation.rate_limited import rate_limited
from capcompiler.attenuation.readonly import readonly
from capcompiler.attenuation.revocable import revocable
from capcompiler.attenuation.seal import seal_pair
from capcompiler.membrane.capability import interface_of
from capcompiler.membrane.costs import (
    BYTES_OF_AN_ATTENUATOR,
    BYTES_OF_MAKING_A_METHOD,
    STEPS_OF_AN_ATTENUATOR,
    STEPS_OF_MAKING_A_METHOD,
)
from capcompiler.membrane.data import CrossingError
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.reference import Reference, use_of
from guards.attribute import read
from guards.host import host_exact_str, host_name

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment
    from guards.realm import Realm

__all__ = ["ATTENUATORS"]


class _GuestClock:
    """A guest's clock: each look at it is a use of the capability, in the guest's turn."""

    def __init__(self, time: Handle | None, monotonic: Handle | None) -> None:
        if time is not None:
            self.time = time
        if monotonic is not None:
            self.monotonic = monotonic


class Attenuators:
    """The attenuators of one compartment."""

    __slots__ = ("compartment",)

    def __init__(self, compartment: Compartment) -> None:
        self.compartment = compartment

    def __repr__(self) -> str:
        return "capcompiler"

    def only(self, cap: Any, /, *names: Any) -> Any:
        """A capability with these methods and attributes of `cap`, and no others."""
        exact = tuple([_text("only", n) for n in names])
        return self._shown(only(self._taken(cap, "only"), *exact), cap)

    def readonly(self, cap: Any, /) -> Any:
        """A capability with what of `cap` changes nothing."""
        return self._shown(readonly(self._taken(cap, "readonly")), cap)

    def revocable(self, cap: Any, /) -> Any:
        """A capability, and a function that takes it back with all that was obtained from it."""
        made, revoke = revocable(self._taken(cap, "revocable"))
        return self._shown(made, cap), self.compartment._membrane.reference(revoke, "revoke")

    def expiring(self, cap: Any, /, *, seconds: Any = None, at: Any = None, clock: Any = None) -> Any:
        """A capability until a moment of `clock`."""
        inner = self._taken(cap, "expiring")
        told = self._clock(clock, "expiring")
        made = expiring(inner, seconds=_data(self, seconds), at=_data(self, at), clock=told)
        return self._shown(made, cap)

    def rate_limited(self, cap: Any, /, calls: Any, per: Any, *, clock: Any = None) -> Any:
        """A capability that can be used `calls` times in any `per` seconds of `clock`."""
        inner = self._taken(cap, "rate_limited")
        told = self._clock(clock, "rate_limited")
        made = rate_limited(inner, _data(self, calls), _data(self, per), clock=told)
        return self._shown(made, cap)

    def quota(self, cap: Any, /, *, calls: Any = None, bytes: Any = None) -> Any:
        """A capability for so many calls, and so many bytes in and out."""
        made = quota(self._taken(cap, "quota"), calls=_data(self, calls), bytes=_data(self, bytes))
        return self._shown(made, cap)

    def logged(self, cap: Any, /, sink: Any) -> Any:
        """A capability each use of which is told to `sink`, a function of one line of text."""
        inner = self._taken(cap, "logged")
        return self._shown(logged(inner, self._function(sink, "logged", "info")), cap)

    def confirmed(self, cap: Any, /, ask: Any) -> Any:
        """A capability each use of which happens if `ask`, called with a line of text, gives True."""
        inner = self._taken(cap, "confirmed")
        return self._shown(confirmed(inner, self._function(ask, "confirmed", "")), cap)

    def seal_pair(self, name: Any = "", /) -> Any:
        """A function that seals a value in a box, and the one that takes it out again."""
        membrane = self.compartment._membrane
        seal, unseal = seal_pair(_text("seal_pair", name))
        return membrane.reference(seal, "seal"), membrane.reference(unseal, "unseal")

    # Parts

    def _taken(self, cap: Any, what: str) -> Any:
        """What stands behind a guest's capability, or its own object as its children would see it."""
        try:
            value = self.compartment._membrane.to_host(cap, self.compartment._realm.meter.charge)
            return capability_of(value, what)
        except (CrossingError, TypeError):
            problem = TypeError(f"{what}: wanted a capability, got {host_name(type(cap))}")
        raise problem

    def _shown(self, made: Any, cap: Any) -> Any:
        # Making it, in the host, takes time and room by what it offers.
        meter, size = self.compartment._realm.meter, len(interface_of(made).methods)
        meter.charge(STEPS_OF_AN_ATTENUATOR + STEPS_OF_MAKING_A_METHOD * size)
        meter.charge_bytes(BYTES_OF_AN_ATTENUATOR + BYTES_OF_MAKING_A_METHOD * size)
        path = use_of(cap).path if issubclass(type(cap), Reference) else host_name(type(cap))
        return self.compartment._membrane.reference(made, path)

    def _function(self, function: Any, what: str, method: str) -> Handle:
        """A function of the guest's, called as the guest would call it: with checked arguments, in a
        turn, and seen by `on_use` where it is a capability of the host's."""
        if method and issubclass(type(function), Reference):
            found = getattr(function, method, None)
            function = function if found is None else found
        if not callable(function):
            raise TypeError(f"{what}: wanted a function, got {host_name(type(function))}")
        return self.compartment._membrane.handle(function)

    def _clock(self, clock: Any, what: str) -> _GuestClock:
        if clock is None:
            raise PermissionError(
                f"{what} was not granted: it looks at a clock; pass one that you hold as clock="
            )
        membrane, realm = self.compartment._membrane, self.compartment._realm

        def method(name: str) -> Handle | None:
            try:
                return membrane.handle(read(realm, clock, name))
            except AttributeError:
                return None

        return _GuestClock(method("time"), method("monotonic"))


def _data(attenuators: Attenuators, value: Any) -> Any:
    try:
        compartment = attenuators.compartment
        return compartment._membrane.to_host(value, compartment._realm.meter.charge)
    except CrossingError:
        return value


def _text(what: str, value: Any) -> str:
    if not issubclass(type(value), str):
        raise TypeError(f"{what}: names are str, got {host_name(type(value))}")
    return host_exact_str(value)


def _maker(name: str, function: Any) -> Callable[[Realm], Any]:
    function.__name__ = function.__qualname__ = name
    function.__module__ = "builtins"
    return lambda realm: MethodType(function, Attenuators(realm.nesting.compartment))


#: How a compartment makes these builtins.
ATTENUATORS: Final[Mapping[str, Callable[[Realm], Any]]] = {
    name: _maker(name, function)
    for name, function in vars(Attenuators).items()
    if not name.startswith("_") and name != "compartment"
}
