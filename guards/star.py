"""`except*`: the group that is taken apart is one whose `split` is the interpreter's own.

Stops: CVE-2025-22153. To match, C code calls whatever `split` the group has, and takes what it gives
for a pair of exceptions: on CPython 3.11.7 a text in its place ends the process, and up to 3.15 at
least a pair of whole numbers becomes what is handled and what is raised again. A guest can put its
own there in a class, by `derive`, by `__getattribute__`, in the instance's dictionary, and in the
very expression that names what to catch; so it is looked at twice: where the group enters, and
after that expression, with no code of the guest's between the look and the match.
Source: _PyEval_ExceptionGroupMatch in Python/ceval.c, CPython 3.11-3.15.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from guards.base import Guard, gone
from guards.host import host_lookup, host_name

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["GUARDS", "PlainGroup", "StarType"]

_ASKED: Final = ("split", "derive", "__getattribute__")
#: Who defines them for a group that is the interpreter's: of the last, `object` from 3.14 on.
_OWNERS: Final = [host_lookup(BaseExceptionGroup, name)[0] for name in _ASKED]
_TEXTS: Final = frozenset({str})
_EXACT: Final = (BaseExceptionGroup, ExceptionGroup)
#: What a group that is made anew takes over; read past whatever the guest's class says.
_CARRIED: Final = {
    name: BaseException.__dict__[name].__get__
    for name in ("__cause__", "__context__", "__suppress_context__", "__traceback__")
}
#: Past a property that the guest's class may have under the name.
_get_dict: Final[Any] = BaseException.__dict__["__dict__"].__get__
_parts: Final = BaseExceptionGroup.__dict__["exceptions"].__get__
_message: Final = BaseExceptionGroup.__dict__["message"].__get__


def _is_plain(realm: Realm, group: BaseExceptionGroup) -> bool:
    """Whether taking it apart runs no code but the interpreter's. Takes off an exact group what its
    own dictionary has in the place of a method.

    The dictionary may be of a class of the guest's, whose methods are not asked; and a key that is no
    exact text may be unlike a name when it is compared here, and like it when C code compares it.
    """
    kind = type(group)
    own = _get_dict(group)
    realm.meter.charge(dict.__len__(own) >> 4)
    if not _TEXTS.issuperset(map(type, dict.__iter__(own))):
        return False
    if kind in _EXACT:
        for name in _ASKED:
            dict.pop(own, name, None)
        return True
    owners = [host_lookup(kind, name)[0] for name in _ASKED]
    return owners == _OWNERS and dict.keys(own).isdisjoint(_ASKED)


def _raised() -> BaseException | None:
    return sys.exc_info()[1]


class PlainGroup(Guard):
    """`except cap:Group: cap:plaingroup(); raise` around the body of a `try` with `except*`: a group
    that would be taken apart by the guest's own methods is raised again as an exact one."""

    key = "cap:plaingroup"
    __slots__ = ()

    def run(self) -> None:
        group = _raised()
        if not isinstance(group, BaseExceptionGroup) or _is_plain(self.ref() or gone(), group):
            return
        kind = ExceptionGroup if issubclass(type(group), ExceptionGroup) else BaseExceptionGroup
        exact: Any = kind(_message(group), [*_parts(group)])
        for name, get in _CARRIED.items():
            setattr(exact, name, get(group))
        notes = dict.get(_get_dict(group), "__notes__")
        if type(notes) is list:
            exact.__notes__ = notes
        raise exact


class StarType(Guard):
    """except* T becomes except* `cap:startype`(T): the last that is asked before the match."""

    key = "cap:startype"
    __slots__ = ()

    def run(self, kinds: Any) -> Any:
        group = _raised()
        if isinstance(group, BaseExceptionGroup) and not _is_plain(self.ref() or gone(), group):
            raise TypeError(f"{host_name(type(group))}.split must be the one of BaseExceptionGroup")
        return kinds


GUARDS = (PlainGroup, StarType)
