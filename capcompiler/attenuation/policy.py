"""What an attenuator says: a policy, and the capability that keeps to it.

Source of the idea: caretakers and membranes as in E; Mark Miller, "Robust Composition", chapter 9.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from capcompiler.attenuation.seal import Box
from capcompiler.awaiting import awaiting_meter
from capcompiler.errors import CapabilityError, LimitExceeded
from capcompiler.membrane.capability import (
    Capability,
    Exposed,
    HostCallable,
    Identity,
    Interface,
    bounded,
    facets_of,
    interface_of,
    is_host_function,
    maker_of,
    refused_of,
    store_on,
)
from capcompiler.membrane.costs import (
    BYTES_OF_AN_ATTENUATED_METHOD,
    STEPS_OF_A_LEVEL,
    STEPS_OF_A_METHOD,
)
from capcompiler.membrane.data import ATOMS, Copier, CrossingError
from capcompiler.membrane.handle import AwaitableHandle, Handle, owner_of, read_of
from capcompiler.membrane.pending import Answer
from capcompiler.membrane.record import fields_of, record_of
from capcompiler.membrane.untold import note_dropped, tell_here
from capcompiler.membrane.withheld import Withheld
from capcompiler.tripwire import turns
from guards.meter import Meter, Stop

if TYPE_CHECKING:
    from capcompiler.compartment import Compartment

__all__ = [
    "Attenuated",
    "Callback",
    "Policy",
    "Step",
    "attenuated",
    "capability_of",
    "guest_of",
    "is_awaitable",
    "is_beneath",
    "lender_of",
]


#: Attenuators over one another, at most.
MAX_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One use that a policy decides on. path: from what was attenuated, such as "open.read".

    call: what is called beneath, where that is a method. owner: the capability under the policy.
    """

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    go: Callable[[], Any]
    call: Any = None
    owner: Any = None


class Policy:
    """Decides on each use of a capability.

    deep: whether it holds for whatever is obtained through the capability too: what methods give,
    and what they hand to functions of the guest's.
    """

    __slots__ = ()
    deep = True
    #: Whether it decides when something is used, and not by what is offered alone.
    gates = True
    #: Whether it tells somebody of what was used.
    tells = False

    def offered(self, interface: Interface) -> Interface:
        """What is left of an interface: these names, or fewer."""
        return interface

    def around(self, step: Step) -> Any:
        """Carry the use out with `step.go()`, or raise `Withheld`."""
        return step.go()

    def check(self) -> None:
        """Raise `Withheld` where it holds no more. Asked of each policy over a use right before it is
        carried out, since one beneath may have taken its time: a person was asked, a clock looked at."""

    def settled(self, step: Step, result: Any) -> Any:
        """The answer to a use that came later. Raises `Withheld` to keep it back."""
        return result

    def dropped(self, step: Step) -> None:
        """A use that was to be answered later is not awaited by anyone."""

    def told_to(self) -> Compartment | None:
        """The guest whose code runs when it is told of a use; None for none's."""
        return None

    def element(self, step: Step, element: Any) -> Any:
        """One of what a use of `__iter__` gives, as it comes. Raises `Withheld` to keep it back."""
        return element

    def failed(self, step: Step, error: BaseException) -> None:
        """A use that was to be answered later ended in an error."""

    def refuses_all(self) -> bool:
        """Whether it refuses every use from now on."""
        return False

    def over(self, cap: Any, path: str) -> Any:
        """What the guest gets in the place of a capability that it obtained."""
        return attenuated(cap, self, path, derived=True)

    def inward(self, owner: Attenuated, value: Any, path: str) -> Any:
        """An argument as what is used sees it. owner: what it is passed to, under this policy."""
        return owner._cap_passed(value, path) if self.deep else value

    def outward(self, owner: Attenuated, value: Any, path: str) -> Any:
        """A result as whoever used it sees it."""
        return owner._cap_over(value, path) if self.deep else value


class Standing(Policy):
    """A policy that holds or does not, whatever the use: it is asked before a use and again before
    anything of its result is handed out, since it may have ended meanwhile, by another thread or by
    what was called."""

    __slots__ = ()

    def around(self, step: Step) -> Any:
        self.check()
        try:
            result = step.go()
        except Exception:
            self.check()  # what an error says is handed out as well
            raise
        self.check()
        return result

    def failed(self, step: Step, error: BaseException) -> None:
        if isinstance(error, Exception):
            self.check()

    def settled(self, step: Step, result: Any) -> Any:
        self.check()
        return result

    def element(self, step: Step, element: Any) -> Any:
        self.check()
        return element


def capability_of(value: Any, what: str) -> Any:
    """A capability as attenuators take it. Raises TypeError for what is none; what: who asks."""
    if isinstance(value, Capability) or is_host_function(value):
        return value
    if isinstance(value, Handle):
        from capcompiler.membrane.membrane import offered_by  # which needs us

        offered = offered_by(value)
        if offered is not None:
            return offered
    raise TypeError(f"{what}: wanted a capability, got {type(value).__name__}")


class Attenuated(Identity, Capability):
    """A capability under a policy. Hosts use it like the one beneath; guests see its methods only.

    A subclass is made for each set of special methods, so that `callable()` and `with` say the truth.
    """

    _cap_inner: Any
    _cap_policy: Policy
    _cap_path: str
    _cap_made: dict[str, Any]
    _cap_derived: Any
    _cap_depth: int
    _cap_own_facets: tuple[str, ...] = ()

    def _cap_interface(self) -> Interface:
        made: Interface | None = self._cap_made.get("")
        if made is None:
            inner = self._cap_policy.offered(interface_of(self._cap_inner))
            _pay_for_methods(len(inner.methods))
            target = _State(self, inner.target) if inner.read or inner.write else None
            methods: dict[str, Any] = {n: Gated(self, n, m) for n, m in inner.methods.items()}
            made = Interface(methods, inner.read, inner.write, target, inner.reads)
            self._cap_made[""] = made
        return made

    def _cap_readonly(self) -> Capability | None:
        from capcompiler.attenuation.readonly import readonly  # which needs us

        made = attenuated(readonly(self._cap_inner), self._cap_policy, self._cap_path)
        object.__setattr__(made, "_cap_own_facets", self._cap_own_facets)
        return made

    def _cap_refused(self) -> frozenset[str]:
        interface = self._cap_interface()
        names = frozenset(interface.methods) | interface.read | interface.write
        return names if self._cap_policy.refuses_all() else names & refused_of(self._cap_inner)

    def _cap_stands_for(self) -> type:
        """The class that annotations take it for."""
        inner = self._cap_inner
        return inner._cap_stands_for() if isinstance(inner, Attenuated) else type(inner)

    @property
    def _cap_facets(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._cap_own_facets or facets_of(self._cap_inner)

    def _cap_beneath(self) -> tuple[Any, str] | None:
        return _original(self), ""

    def _cap_lent_as(self) -> Iterator[Any]:
        """See `_lent_as`."""
        return _lent_as(self)

    def _cap_use(
        self, name: str, call: Callable[..., Any], args: Any, kwargs: Any, inner: Any = None
    ) -> Any:
        """Carry out a use. inner: what is used beneath, where that is not `call` itself."""
        policy = self._cap_policy
        over = _taken_over(policy)
        tell_here()
        _pay(STEPS_OF_A_LEVEL)
        beneath = call if inner is None else inner
        path = _joined(self._cap_path, name)
        args = tuple([policy.inward(self, a, path) for a in args])
        kwargs = {n: policy.inward(self, a, path) for n, a in kwargs.items()}
        step = Step(
            path, args, kwargs,
            functools.partial(_beneath, beneath, over, functools.partial(call, *args, **kwargs)),
            call, self,
        )  # fmt: skip
        result = policy.around(step)
        if is_awaitable(result):
            return _Later(self, step, result, over, policy.outward)
        if name == "__iter__" and not isinstance(result, (Capability, Handle)):
            # What is iterated over comes after the use is over, and is as much a part of it.
            return (policy.outward(self, policy.element(step, x), path) for x in result)
        return policy.outward(self, result, path)

    def _cap_over(self, value: Any, path: str, *, guests: bool = True) -> Any:
        """A result with the policy over each capability in it. guests: whether a guest gets it, and not
        another function of the host's, which may be handed what is neither data nor a capability."""
        if type(value) in ATOMS:
            return value

        def leaf(v: Any, where: str) -> Any:
            if not guests and not (isinstance(v, (Capability, Handle)) or is_host_function(v)):
                return v
            return self._cap_leaf(v, path, where, copier)

        copier = Copier(leaf, _pay, fields_of)
        return copier.copy(value)

    def _cap_leaf(self, value: Any, path: str, where: str, copier: Copier) -> Any:
        if record_of(value) is not None:
            return value  # the class itself
        if not (isinstance(value, (Capability, Handle)) or is_host_function(value)):
            raise CrossingError(value, where)
        if self._cap_covers(value):
            return value  # home to its guest as its own, to any other under the policy
        if type(value) is Box:
            return value._cap_holding(lambda content: copier.inside(content, where))
        known = self._cap_weak().get(id(value))
        if value is self or (known is not None and _original(known) is value):
            return value if value is self else known
        try:
            inner = capability_of(value, path)
        except TypeError:
            return value  # a guest's object that offers nothing: no more than its identity
        offered = interface_of(inner)
        if not (offered.methods or offered.read or offered.write):
            return value
        made = self._cap_policy.over(value, path)
        if isinstance(made, Attenuated) and _original(made) is value:
            made._cap_made["weak"] = self._cap_weak()
            self._cap_weak()[id(value)] = made
        return made

    def _cap_weak(self) -> WeakValueDictionary[int, Any]:
        """What was obtained so far, by the id of what is beneath: the same each time."""
        found = self._cap_made.get("weak")
        if found is None:
            found = self._cap_made["weak"] = WeakValueDictionary({id(_original(self)): self})
        return found

    def _cap_passed(self, value: Any, path: str) -> Any:
        """An argument, with whatever in it is a guest's lent: what the host hands to that is obtained
        through this capability too, and what it gives to the host is passed through it."""
        if type(value) in ATOMS:
            return value

        def leaf(v: Any, where: str) -> Any:
            return self._cap_lent(v, path, where, copier)

        copier = Copier(leaf, _pay, fields_of)
        return copier.copy(value)

    def _cap_lent(self, value: Any, path: str, where: str, copier: Copier) -> Any:
        if self._cap_covers(value, lent=True):
            return value
        try:
            _depth_over(value)
        except ValueError as error:
            raise Withheld(f"what was passed stands under {error}") from None
        if isinstance(value, (AwaitableHandle, AwaitableCallback)):
            return AwaitableCallback(self, value, path)
        if isinstance(value, Handle) or is_host_function(value):
            # The host's own functions too: one may keep what it is called with, and give it back bare.
            return Callback(self, value, path)
        if type(value) is Box:
            return value._cap_holding(lambda content: copier.inside(content, where))
        if isinstance(value, Capability) and not _is_known_elsewhere(value):
            # The host may hand a part of this one to a method of that one, which keeps it.
            return attenuated(value, Lent(self, path), path, derived=True)
        if is_awaitable(value):
            # The host's own: what it comes to may be a guest's, and is lent as if it had been passed.
            return _Later(self, Step(path, (), {}, _nothing), value, (), Attenuated._cap_passed)
        return value

    def _cap_covers(self, value: Any, *, lent: bool = False) -> bool:
        """Whether each use of a value is one under this policy already. lent: whether what it is called
        with has to be too: what was only obtained takes that as an argument, which is bare."""
        policy = self._cap_policy
        while True:
            if isinstance(value, Gated):
                value = value._owner
            if not isinstance(value, (Attenuated, Callback)):
                return False
            lender = lender_of(value)
            if lender is None:
                if value._cap_policy is policy and not lent:
                    return True
            elif lender._cap_policy is policy and policy.gates:
                return True
            value = value._lent if isinstance(value, Callback) else value._cap_inner

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            interface = self._cap_interface()
            if name in interface.methods:
                return interface.methods[name]
            if name in interface.read:
                return getattr(interface.target, name)
        raise AttributeError(f"this capability offers no {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        interface = self._cap_interface()
        if name not in interface.write:
            raise AttributeError(f"this capability offers no {name!r} to set")
        setattr(interface.target, name, value)

    def __repr__(self) -> str:
        return "<attenuated capability>"


class Gated(HostCallable):
    """One method of an attenuated capability."""

    __slots__ = ("_method", "_name", "_owner")

    def __init__(self, owner: Attenuated, name: str, method: Any) -> None:
        self._owner = owner
        self._name = name
        self._method = method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._owner._cap_use(self._name, self._method, args, kwargs)

    @property
    def _cap_lends(self) -> bool:  # type: ignore[override]
        return isinstance(self._owner._cap_policy, Lent)

    def _cap_origin(self) -> Any:
        return self._method

    def _cap_beneath(self) -> tuple[Any, str] | None:
        return self._owner, self._name


class _State:
    """The attributes of an attenuated capability: reading and setting are uses too."""

    __slots__ = ("_owner", "_target")

    def __init__(self, owner: Attenuated, target: Any) -> None:
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name: str) -> Any:
        target = object.__getattribute__(self, "_target")
        look = read_of if isinstance(target, Handle) else getattr
        return self._owner._cap_use(name, lambda: look(target, name), (), {}, target)

    def __setattr__(self, name: str, value: Any) -> None:
        target = object.__getattribute__(self, "_target")
        self._owner._cap_use(name, lambda v: store_on(target, name, v), (value,), {}, target)


class Callback(HostCallable):
    """A guest's function as a host sees it that was handed it through an attenuated capability.
    When it comes home it is the guest's function again.

    lent: the function, or what stands for it under a capability that is attenuated further out.
    """

    __slots__ = ("_depth", "_lent", "_owner", "_path")
    _cap_lends = True

    def __init__(self, owner: Attenuated, lent: Any, path: str) -> None:
        self._depth = _depth_over(lent)
        self._owner = owner
        self._lent = lent
        self._path = path

    def __eq__(self, other: object) -> bool:
        # What was passed twice is the same to the host, as a handle is: it finds what it is to forget.
        return (
            isinstance(other, Callback)
            and self._owner._cap_policy is other._owner._cap_policy
            and self._lent == other._lent
        )

    def __hash__(self) -> int:
        return hash(self._lent)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        owner, path = self._owner, _joined(self._path, "callback")
        over = _taken_over(owner._cap_policy)
        _pay(STEPS_OF_A_LEVEL)
        guests = guest_of(self) is not None
        inside = tuple([owner._cap_over(a, path, guests=guests) for a in args])
        named = {n: owner._cap_over(a, path, guests=guests) for n, a in kwargs.items()}
        lent = self._lent
        step = Step(
            path, inside, named,
            functools.partial(_beneath, lent, over, functools.partial(lent, *inside, **named)),
        )  # fmt: skip
        result = owner._cap_policy.around(step)
        if is_awaitable(result):  # the host's own, whose answer is that of this use
            return _Later(owner, step, result, over, Attenuated._cap_passed)
        return owner._cap_passed(result, path)

    def _cap_beneath(self) -> tuple[Any, str] | None:
        return self._lent, ""

    def _cap_lent_as(self) -> Iterator[Any]:
        return _lent_as(self)

    def _cap_origin(self) -> Any:
        return self._lent if isinstance(self._lent, HostCallable) else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        lent, owner = self._lent, self._owner
        found = read_of(lent, name) if isinstance(lent, Handle) else getattr(lent, name)
        if not isinstance(found, (Handle, Callback)):  # those are used when they are called
            step = Step(_joined(_joined(self._path, "callback"), name), (), {}, _nothing)
            found = owner._cap_policy.settled(step, found)
        return owner._cap_passed(found, self._path)


class AwaitableCallback(Callback):
    """A guest's coroutine or the like: what it comes to is passed to the host too, as an answer."""

    __slots__ = ()

    def __await__(self) -> Any:
        try:
            result = yield from self._lent.__await__()
        except BaseException as error:
            self._owner._cap_policy.failed(self._step(), error)
            raise
        return self._settled(result)

    def _passed(self, result: Any) -> Any:
        """What it comes to, to the host, where somebody else awaits the guest's own object."""
        lent = self._lent
        return self._settled(lent._passed(result) if isinstance(lent, AwaitableCallback) else result)

    def _settled(self, result: Any) -> Any:
        owner = self._owner
        return owner._cap_passed(owner._cap_policy.settled(self._step(), result), self._path)

    def _step(self) -> Step:
        return Step(_joined(self._path, "callback"), (), {}, _nothing)


class Lent(Policy):
    """That of a capability, the other way round: over what a guest passed to it, for the host to use."""

    __slots__ = ("owner", "path")

    def __init__(self, owner: Attenuated, path: str) -> None:
        self.owner = owner
        self.path = path

    @property
    def tells(self) -> bool:  # type: ignore[override]
        return self.owner._cap_policy.tells

    def around(self, step: Step) -> Any:
        return self.owner._cap_policy.around(step)

    def check(self) -> None:
        self.owner._cap_policy.check()

    def settled(self, step: Step, result: Any) -> Any:
        return self.owner._cap_policy.settled(step, result)

    def dropped(self, step: Step) -> None:
        self.owner._cap_policy.dropped(step)

    def told_to(self) -> Compartment | None:
        return self.owner._cap_policy.told_to()

    def element(self, step: Step, element: Any) -> Any:
        return self.owner._cap_policy.element(step, element)

    def failed(self, step: Step, error: BaseException) -> None:
        self.owner._cap_policy.failed(step, error)

    def inward(self, owner: Attenuated, value: Any, path: str) -> Any:
        return self.owner._cap_over(value, path)

    def outward(self, owner: Attenuated, value: Any, path: str) -> Any:
        return self.owner._cap_passed(value, path)


def is_beneath(used: Any, owner: Attenuated) -> bool:
    """Whether a use of `used`, a method or the state of a capability, comes to `owner` by attenuators
    alone, and no code of the host's."""
    while isinstance(used, (Gated, _State)):
        if object.__getattribute__(used, "_owner") is owner:
            return True
        used = object.__getattribute__(used, "_method" if isinstance(used, Gated) else "_target")
    return False


def lender_of(value: Any) -> Attenuated | None:
    """The capability through which a guest passed this to its host."""
    if isinstance(value, Callback):
        return value._owner
    if isinstance(value, Attenuated) and isinstance(value._cap_policy, Lent):
        return value._cap_policy.owner
    return None


def guest_of(value: Any) -> Compartment | None:
    """Whose object is at the bottom of it, under however many attenuators; None for the host's."""
    while not isinstance(value, Handle):
        if isinstance(value, Callback):
            value = value._lent
        elif isinstance(value, HostCallable):
            return maker_of(value)
        elif isinstance(value, Attenuated):
            value = value._cap_inner
        elif isinstance(value, Exposed):
            value = value._cap_target
        else:
            return None
    return owner_of(value)


def _lent_as(value: Any) -> Iterator[Any]:
    """What comes home as this to who lent it, outermost first: a guest's object, under however many
    policies; another capability only from under those that it was lent through."""
    over: set[int] = set()
    while isinstance(value, (Attenuated, Callback)):
        lender = lender_of(value)
        if lender is not None:
            over.discard(id(lender._cap_policy))
        elif value._cap_derived is None:
            return
        else:
            over.add(id(value._cap_policy))
        value = _original(value)
        if isinstance(value, Handle) or (lender is not None and not over):
            yield value


def _is_known_elsewhere(value: Capability) -> bool:
    """Whether the host knows it by its class, on the other side of a worker's connection, and would not
    know it again under an attenuator of this side. What acts as a function is taken as it acts."""
    return value._cap_remote and "__call__" not in interface_of(value).methods


def _nothing() -> None:
    """It is done already."""


class _Later(Answer):
    """An answer that comes later, kept back or wrapped when it comes.

    over: the policies over the use. crosses: what the answer passes, in one direction.
    """

    __slots__ = ("_crosses", "_over", "_owner", "_step")

    def __init__(
        self, owner: Attenuated, step: Step, awaitable: Any, over: tuple[Policy, ...],
        crosses: Callable[[Attenuated, Any, str], Any],
    ) -> None:  # fmt: skip
        self._owner = owner
        self._step = step
        self._over = over
        self._crosses = crosses
        super().__init__(awaitable)

    def _answer(self) -> Generator[Any, Any, Any]:
        policy, step = self._owner._cap_policy, self._step
        try:
            # A coroutine begins now, which may be long after it was made.
            self._check()
            result = yield from self._awaitable.__await__()
        except BaseException as error:
            policy.failed(step, error)
            raise
        return self._crosses(self._owner, policy.settled(step, result), step.path)

    def _check(self) -> None:
        try:
            for outer in self._over:
                outer.check()
        except BaseException:
            self._let_go()
            raise

    def _dropped(self) -> None:
        # There is nobody left to raise to: what a log fails in is its own affair.
        with contextlib.suppress(Exception):
            self._owner._cap_policy.dropped(self._step)

    def __del__(self) -> None:
        # A use that was carried out, and whose answer its host has thrown away.
        policy = self._owner._cap_policy
        if self._steps is None and policy.tells:
            note_dropped(functools.partial(policy.dropped, self._step), policy.told_to())


class _Over(threading.local):
    """The policies over the use that is about to be made, outermost first: what an attenuator hands to
    the one beneath it, which takes them before anything else."""

    policies: tuple[Policy, ...] = ()


_handed: Final = _Over()


def _taken_over(policy: Policy) -> tuple[Policy, ...]:
    """What was handed down, and this policy."""
    over = _handed.policies
    _handed.policies = ()
    return (*over, policy)


def _beneath(inner: Any, over: tuple[Policy, ...], go: Callable[[], Any]) -> Any:
    """Carry a use out on what is beneath an attenuator. inner: that. over: its policy, and those over
    it, which have let the use pass at the top; where nothing more is beneath, they are asked again."""
    if type(inner) is MethodType:
        inner = inner.__self__
    if isinstance(inner, (Attenuated, Callback, Gated, _State)):
        _handed.policies = over
        try:
            return go()
        finally:
            _handed.policies = ()
    for policy in over[:-1]:
        policy.check()
    return go()


def _original(made: Any) -> Any:
    if isinstance(made, Callback):
        return made._lent
    return made._cap_inner if made._cap_derived is None else made._cap_derived


def _depth_over(value: Any) -> int:
    """How many stand over one another with one more over this. Each use walks through all of them, in
    the host's time: of attenuators that a guest lays, and of those through which it passes the same
    function again and again. Raises ValueError."""
    if isinstance(value, Gated):
        value = value._owner
    beneath: int = 0
    if isinstance(value, Callback):
        beneath = value._depth
    elif isinstance(value, Attenuated):
        beneath = value._cap_depth
    if beneath >= MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} attenuators over one another")
    return beneath + 1


def is_awaitable(result: Any) -> bool:
    """Whether a method gave something that answers later."""
    return isinstance(result, Awaitable) and not isinstance(result, (Handle, Capability, HostCallable))


def _pay(count: int) -> None:
    """Charge the turn under way on this thread for elements that are copied: each attenuator copies
    them again, and a guest may lay a hundred over one another. Raises `LimitExceeded` far beyond the
    budget, and no sooner, since whoever uses the capability may be the host."""
    meter = turns.meter
    if meter is None or not meter.live:
        meter = awaiting_meter()  # the host's coroutine runs while the guest waits for it
        if meter is None:
            return
    try:
        meter.owe(count)
    except Stop:
        raise _stopped(meter) from None


def _pay_for_methods(count: int) -> None:
    _pay((1 + count) * STEPS_OF_A_METHOD)
    meter = turns.meter
    if meter is not None and meter.live and meter.stopped is None:
        with contextlib.suppress(Stop):  # the turn ends once the host's code has come to its end
            meter.weigh((1 + count) * BYTES_OF_AN_ATTENUATED_METHOD)


def _stopped(meter: Meter) -> Exception:
    stopped = meter.stopped
    return CapabilityError("the guest was stopped") if stopped is None else LimitExceeded(*stopped)


def _joined(path: str, name: str) -> str:
    if name == "__call__":
        return path
    return bounded(f"{path}.{name}" if path else name)


#: Those in use: which sets there are is a guest's choice, and what nobody holds goes with it.
_classes: Final[WeakValueDictionary[frozenset[str], type[Attenuated]]] = WeakValueDictionary()
_classes[frozenset()] = Attenuated


def _special(name: str) -> Callable[..., Any]:
    def method(self: Attenuated, *args: Any, **kwargs: Any) -> Any:
        return self._cap_interface().methods[name](*args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def attenuated(cap: Any, policy: Policy, path: str = "", *, derived: bool = False) -> Attenuated:
    """`cap` under a policy. derived: obtained through one under it, not made by an attenuator."""
    inner = capability_of(cap, "attenuated")
    depth = _depth_over(inner)
    offered = policy.offered(interface_of(inner)).methods
    special = frozenset(n for n in offered if n.startswith("__"))
    kind = _classes.get(special)
    if kind is None:
        namespace: dict[str, Any] = {n: _special(n) for n in special}
        if "__eq__" in special:
            namespace["__hash__"] = object.__hash__
        kind = _classes[special] = type("Attenuated", (Attenuated,), namespace)
    made: Attenuated = object.__new__(kind)
    for name, value in (
        ("_cap_inner", inner), ("_cap_policy", policy), ("_cap_path", path), ("_cap_made", {}),
        ("_cap_derived", cap if derived else None), ("_cap_depth", depth),
    ):  # fmt: skip
        object.__setattr__(made, name, value)
    return made
