"""The invariant itself, asked after each hostile program; what it says is a find.

A guest holds data of its own, instances of U and what was granted; the host's state is as it was, what
the host is told are errors of this package and texts without secrets, nothing of the guest's runs in
the host's time, a turn ends within its budget, and both levels of optimising do the same.
"""

from __future__ import annotations

import copy
import gc
import re
import sys
import time
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any

from capcompiler import CapError, Compartment, DialectError, GuestError, LimitExceeded, Limits, reach
from capcompiler.reaching.walk import trouble
from capcompiler.tripwire import Tripped, arm
from guards.base import is_guard_name
from guards.host import host_method_self
from tests.attacks import hosts
from tests.attacks.worker import strangers

__all__ = ["Judge", "signature"]

LIMITS = Limits(steps=100_000, memory=48 * 2**20, seconds=1.5, output=2**16, depth=150)
#: Seconds of processor time that a turn may take: its own limit, one call of C code, a busy machine.
WALL = 10.0
#: Bytes by which the process may grow over its largest in a program.
GROWTH = 5 * 48 * 2**20
#: A program in so many is looked at by `reach` as well, which follows all that could be asked for.
REACHED = 20
#: Modules with which `reach` is a matter of a second.
FEW = 10
#: Objects of a guest's that are looked at, at most.
MOST = 5_000
#: Only what the library of this package would raise of itself if it were misused.
INTERNAL = frozenset({"SystemError"})
#: What two levels may differ in: addresses, and what is laid out by them.
ADDRESS = re.compile(r"0x[0-9a-f]+|\d{9,}")


def signature(find: str) -> str:
    """What finds of one kind share."""
    return re.sub(r"\d+", "N", ADDRESS.sub("N", find))[:120]


@dataclass
class Judge:
    """Runs programs and says what is wrong after each.

    runs: how many programs. planted: host objects that are put into each guest's globals past the
    membrane, to see that they are found.
    """

    planted: Mapping[str, Any] = field(default_factory=dict)
    runs: int = 0
    refused: int = 0
    state: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arm()
        for line in ("import math, datetime", "'a'.encode('idna')", "b'a'.decode('utf-7')"):
            Compartment().exec(line)
        gc.collect()
        gc.freeze()

    def finds(self, source: str) -> list[str]:
        """What of the invariant does not hold after a program, at either level."""
        self.runs += 1
        state = hosts.snapshot()
        unraisable: list[Any] = []
        hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
        try:
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                state = {**state, "hooks": hosts.hooks(), "warning filters": list(warnings.filters)}
                found, plain = self.level(source, False)
                more, optimized = self.level(source, True)
                found += more
                found += [f"{name}" for name in hosts.differences(state)]
                if plain != optimized and not found and plain is not None and optimized is not None:
                    found += self.differ(source, plain, optimized)
        finally:
            sys.unraisablehook = hook
        found += [f"the host was warned: {w.message}" for w in heard]
        found += [f"an unraisable error reached the host: {u.exc_value!r}" for u in unraisable]
        return found

    def differ(self, source: str, plain: object, optimized: object) -> list[str]:
        """A difference of the two levels, where each does the same when it is asked again."""
        again = [self.level(source, optimize)[1] for optimize in (False, True, False, True)]
        if again[:2] == again[2:] == [plain, optimized]:
            return [f"the levels differ: {plain} or {optimized}"]
        return []

    def level(self, source: str, optimize: bool) -> tuple[list[str], object]:
        found: list[str] = []
        world = Compartment(hosts.caps(), limits=LIMITS)
        world._globals.update(self.planted)
        peak, started = _peak(), time.thread_time()
        told: list[str] = []
        names = None
        try:
            names = world.exec(source, optimize=optimize)
            ended: object = ("ended", ADDRESS.sub("N", names.output), names.usage.steps)
        except Tripped as error:
            found.append(f"the tripwire: {error.event}")
            ended = "tripped"
        except LimitExceeded as error:
            ended = ("stopped", error.kind)
            if error.kind in ("seconds", "memory"):
                ended = None  # the machine's doing
        except DialectError as error:
            self.refused += 1
            ended, told = "refused", [str(error)]
        except GuestError as error:
            ended = ("raised", error.exc_type, ADDRESS.sub("N", error.message))
            told = [error.message, error.traceback, str(error), repr(error.exception)]
            if error.exc_type in INTERNAL:
                found.append(f"an error of C code that was misused: {error.message}")
        except CapError as error:
            ended, told = ("refused", type(error).__name__), [str(error)]
        except SystemExit as error:  # of a host function's own, which is the host's wish
            ended = "exit"
            if error.args != (hosts.SECRET,):
                found.append(f"the host was raised {error!r}")
        except BaseException as error:
            found.append(f"the host was raised {type(error).__name__}: {error}")
            ended = None
        spent = time.thread_time() - started
        if spent > WALL:
            found.append(f"a turn took {spent:.0f} s of processor time")
        if _peak() - peak > GROWTH:
            found.append("the process grew by more than the limit of memory allows")
        told.append(world.output)
        found += [f"a text shows {bad!r}" for bad in hosts.FORBIDDEN_TEXTS for t in told if bad in t]
        found += self.held(world)
        found += self.in_the_hosts_time(world, names)
        if self.runs % REACHED == 1 and not found and len(world._realm.modules) < FEW:
            found += [f"reach: {where}" for where in reach(world).outside[:3]]
        world.close()
        hosts.KEPT.clear()
        hosts.CALLBACKS.clear()
        return found, ended

    def held(self, world: Compartment) -> list[str]:
        """What a guest holds that it should not."""
        realm = world._realm
        found = []
        for value in _holdings(world):
            why = trouble(realm, value)
            if not why and any(value is thing for thing in (hosts.CANARY, hosts.KEPT, hosts.CALLBACKS)):
                why = "a list of the host's"
            if not why and type(value) is str and hosts.SECRET in value:
                why = "the secret"
            if why:
                found.append(f"the guest holds {why}: {type(value).__name__}")
        return found

    def in_the_hosts_time(self, world: Compartment, names: Any) -> list[str]:
        """What the host does with what came out runs nothing of the guest's, and is data or a handle."""
        ran = world._globals.get("ran")
        before = len(ran) if type(ran) is list else 0
        found = []
        out: list[Any] = [*hosts.KEPT, *hosts.CALLBACKS]
        for name in names or ():
            try:
                out.append(names[name])
            except CapError:
                continue
        for value in out:
            raw = set(strangers(value, set())) - {"ellipsis"}
            found += [f"the host sees a raw {kind}" for kind in raw]
            _handled(value, out)
        if type(ran) is list and len(ran) != before:
            found.append("something of the guest's ran in the host's time")
        for value in out[-3:]:
            if callable(value):
                try:
                    value(1)
                except Tripped as error:
                    found.append(f"the tripwire, by a handle: {error.event}")
                except (CapError, TypeError):
                    continue
                except Exception as error:
                    if type(error).__module__ != "builtins":
                        found.append(f"a handle raised {type(error).__name__}")
        return found


def _handled(value: Any, others: list[Any]) -> None:
    """What a careless host does with what it got."""
    try:
        repr(value)
        str(value)
        bool(value)
        value == others[0]  # noqa: B015
        if type(value) not in (list, dict, set, bytearray, tuple):
            hash(value)
            copy.copy(value)
    except (CapError, TypeError, RecursionError):
        pass


def _holdings(world: Compartment) -> Iterator[Any]:
    """What a guest has in its names, in what it made, and in what its functions and errors keep."""
    realm = world._realm
    todo = deque(v for n, v in list(world._globals.items()) if not is_guard_name(n))
    seen: set[int] = set()
    kept = []
    while todo and len(seen) < MOST:
        value = todo.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        kept.append(value)  # else its number may become another's
        yield value
        kind = type(value)
        for base in (dict, list, tuple, set, frozenset, deque):
            if issubclass(kind, base):
                todo.extend(list(base.__iter__(value)))  # type: ignore[arg-type]
                if base is dict:
                    todo.extend(list(dict.values(value)))
                break
        if issubclass(kind, BaseException):
            error = BaseException
            todo.extend(error.__dict__[n].__get__(value) for n in ("args", "__cause__", "__context__"))
        if realm.is_guest_class(kind) and not issubclass(kind, type):
            try:
                todo.extend(dict.values(object.__getattribute__(value, "__dict__")))
            except (AttributeError, TypeError):
                pass
        if kind is FunctionType and realm.is_guest_function(value):
            todo.extend(value.__defaults__ or ())
            for cell in value.__closure__ or ():
                try:
                    todo.append(cell.cell_contents)
                except ValueError:
                    continue
        if kind is MethodType and realm.is_guest_class(type(host_method_self(value))):
            todo.append(host_method_self(value))


def _peak() -> int:
    from tests.attacks.worker import peak_bytes

    return peak_bytes()
