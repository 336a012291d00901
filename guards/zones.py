"""Time zones of a guest's own, as moments hold them.

Stops: a zone that C code asks past the guard of calls (`class Z(tzinfo): utcoffset = list`). The C code
of moments looks `utcoffset`, `dst`, `tzname` and `fromutc` up on the zone itself, on its class, in its
dictionary or by its `__getattr__`, and calls what it finds with the moment. So a moment holds a zone of
ours in place of the guest's, and shows the guest its own.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from guards.attribute import read
from guards.call import callable_for_c
from guards.sealed import HOST, Sealed, sealed_error

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["Zone", "asked", "shown_zone", "zone_for"]


def asked(realm: Realm, zone: Any, name: str, moment: Any) -> Any:
    """What the guest's zone answers about a moment."""
    return callable_for_c(realm, read(realm, shown_zone(zone), name))(moment)


class Zone(datetime.tzinfo, metaclass=Sealed, host=HOST):
    """A zone of the guest's as C code sees it: the same one for the same zone while a moment has it."""

    __slots__ = ("__inner__", "__realm__", "__weakref__")
    __setattr__ = sealed_error
    __delattr__ = sealed_error
    __inner__: Any
    __realm__: Realm

    def utcoffset(self, moment: Any, /) -> Any:
        return asked(self.__realm__, self, "utcoffset", moment)

    def dst(self, moment: Any, /) -> Any:
        return asked(self.__realm__, self, "dst", moment)

    def tzname(self, moment: Any, /) -> Any:
        return asked(self.__realm__, self, "tzname", moment)

    def fromutc(self, moment: Any, /) -> Any:
        return asked(self.__realm__, self, "fromutc", moment)

    def __repr__(self) -> str:
        return repr(self.__inner__)


_inner: Final = Zone.__dict__["__inner__"]
_realm: Final = Zone.__dict__["__realm__"]
#: The zones of a realm that moments hold, by the identity of the guest's; kept under this key.
_ZONES: Final = "cap:zones"


def zone_for(realm: Realm, zone: Any) -> Any:
    """What a moment may hold for a zone: none and the fixed ones of C stand as they are, as does what
    is no zone and what C code will refuse."""
    kind = type(zone)
    if zone is None or kind is datetime.timezone or kind is Zone:
        return zone
    if not issubclass(kind, datetime.tzinfo):
        return zone
    known = realm.keep.setdefault(_ZONES, WeakValueDictionary())
    found = known.get(id(zone))
    if found is None:
        found = datetime.tzinfo.__new__(Zone)
        _inner.__set__(found, zone)
        _realm.__set__(found, realm)
        known[id(zone)] = found
    return found


def shown_zone(zone: Any) -> Any:
    """The guest's own zone behind what a moment holds."""
    return _inner.__get__(zone) if type(zone) is Zone else zone
