"""Classes whose methods and whose instances need no guard of calls.

A call `o.m(x)` needs a guard because `o.m` may be anything: a builtin class that walks its argument
in C, or `type`. It needs none where the class of `o` finds a plain function or a C method under `m`,
and no instance can hold another thing under that name. The first is looked up; the second holds while
no code of the realm stores, deletes or sets an attribute of that name, and the dictionary of no
instance is in the guest's hands. Compiled code asks `type(o) in <set of m>`; the sets are learned
while a turn runs, emptied where a store takes the ground away (pit 27), and empty outside turns, since
the collector does not look into code, whose constants they are.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any, Final

from guards.harden import is_immutable
from guards.host import host_dict, host_lookup, host_mro
from guards.tables.rows import TABLE, State, find

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["PlainCalls"]

#: A set is emptied when it has become this large: it holds its classes.
_MOST: Final = 64
_ASKED: Final = 256


class PlainCalls:
    """What one realm has learned. learned: the sets that hold something, to be emptied by the meter."""

    __slots__ = (
        "argless",
        "asked",
        "bare",
        "changes",
        "changing",
        "classes",
        "closed",
        "derived",
        "foreign",
        "learned",
        "methods",
        "opened",
        "shown",
        "statics",
        "stored",
        "supers",
        "supers_of",
        "tamed",
        "unplain",
    )

    def __init__(self, learned: list[Any]) -> None:
        self.methods: dict[str, set[type]] = {}
        #: By name: the classes of which it can be called as it is found there.
        self.statics: dict[str, set[type]] = {}
        #: What `super` finds of the guest's own: (class of the object, class that it stands in, name).
        self.supers: dict[tuple[Any, Any, str], bool] = {}
        #: Those by name, where the first is the class of the object: what compiled code can tell.
        self.supers_of: dict[str, set[Any]] = {}
        self.classes: set[type] = set()
        #: Classes made of the guest's own and of `object`: C code walks nothing in their instances.
        self.bare: set[type] = set()
        #: Classes of the guest's own and of plain containers: without arguments, those make nothing.
        self.argless: set[type] = set()
        self.stored: set[str] = set()
        self.closed = False
        #: How often what classes inherit has changed, and how many such changes are under way.
        self.changes = self.changing = 0
        self.opened: set[type] = set()
        #: The stand-ins of methods of builtin classes, by class and name; each with what holds it.
        self.tamed: dict[tuple[type, str], tuple[Any, Any]] = {}
        #: The same for classes of the guest's that inherit such a method.
        self.derived: dict[tuple[type, str], tuple[Any, Any]] = {}
        #: What was asked about once in this turn.
        self.asked: set[tuple[type, str]] = set()
        #: What was found not to be plain, and is not looked up once more: to call it with its guard is
        #: right whatever becomes of it.
        self.unplain: set[tuple[type, str]] = set()
        #: Classes of the guest's whose instances say of themselves that they are of those.
        self.shown: set[type] = set()
        #: Classes that are not made of nothing but the guest's own, likewise.
        self.foreign: set[type] = set()
        self.learned = learned

    def of(self, name: str) -> set[type]:
        """The set of classes whose method `name` is plain; the same set each time."""
        found = self.methods.get(name)
        if found is None:
            found = self.methods[name] = set()
        return found

    def of_class(self, name: str) -> set[type]:
        """The set of classes that `name` can be called of; the same set each time."""
        found = self.statics.get(name)
        if found is None:
            found = self.statics[name] = set()
        return found

    def of_super(self, name: str) -> set[Any]:
        """The set of pairs for which `super` finds a plain function under `name`; the same set each
        time."""
        found = self.supers_of.get(name)
        if found is None:
            found = self.supers_of[name] = set()
        return found

    def note_store(self, name: str) -> None:
        """An attribute of this name is stored or deleted on something, from now on."""
        if name not in self.stored:
            self.stored.add(name)
            self.supers.clear()
            self.derived.clear()
            for sets in (self.methods, self.statics, self.supers_of):
                found = sets.get(name)
                if found:
                    found.clear()

    def close(self) -> None:
        """Nobody knows whose dictionary was handed out: any name may be stored from now on."""
        if not self.closed:
            self.closed = True
            self.forget()

    def begin_change(self) -> None:
        """What classes inherit begins to change. Code of the guest's may run until `end_change`, and
        finds now what was there before, now what is to be: nothing is learned meanwhile."""
        self.changing += 1
        self.changes += 1
        self.forget()

    def end_change(self) -> None:
        self.forget()
        self.changing -= 1

    @property
    def learns_nothing(self) -> bool:
        return self.closed or self.changing > 0

    def open(self, kind: type) -> None:
        """The dictionary of an instance was handed out. kind: its class."""
        if kind in TABLE and (kind.__dictoffset__ or _has_none(kind)):
            return  # of a builtin class; none of those whose instances have a dictionary is learned
        if kind in TABLE:
            self.close()  # a proxy gives that of another object
        elif kind not in self.opened:
            self.opened.add(kind)
            self.forget()

    def is_open(self, kind: type) -> bool:
        """Whether anything may be stored on instances of a class of the guest's."""
        return self.learns_nothing or kind in self.opened

    def _holds(self, since: int) -> bool:
        """Whether what was looked up still holds. The collector may have run a callback of the guest's
        meanwhile. since: `changes`, as it was before."""
        return not self.closed and self.changes == since

    def forget(self) -> None:
        """What classes inherit may have changed."""
        for found in self.learned:
            found.clear()

    def _enter(self, found: set[Any], kind: Any) -> None:
        if len(found) >= _MOST:
            found.clear()
        if not found:
            self.learned.append(found)
        found.add(kind)

    def again(self, kind: type, name: str) -> bool:
        """Whether this is asked about once more in this turn: what is called once in a turn, and in the
        next again, is not worth learning each time. name: "" for calls of the class itself."""
        if (kind, name) in self.asked:
            return True
        if len(self.asked) >= _ASKED:
            self.asked.clear()
        if not self.asked:
            self.learned.append(self.asked)
        self.asked.add((kind, name))
        return False

    def note_unplain(self, realm: Realm, kind: type, name: str) -> None:
        """Keep in mind that a method is no plain one, for this turn; not while it may become one."""
        if not realm.meter.live or self.changing:
            return
        if len(self.unplain) >= _ASKED:
            self.unplain.clear()
        if not self.unplain:
            self.learned.append(self.unplain)
        self.unplain.add((kind, name))

    def learn_method(self, realm: Realm, kind: type, name: str) -> bool:
        """Whether `m` is plain on every instance of `kind`, which then is in the set of `m`."""
        since = self.changes
        if kind not in TABLE and (name in self.stored or self.is_open(kind)):
            return False
        if not realm.meter.live:
            return False
        if kind in TABLE:
            if is_c_method(kind, name) is not State.SAFE:
                return False
        elif not _is_own_method(realm, kind, name):
            return False
        self._enter(self.of(name), kind)
        if kind not in TABLE and (name in self.stored or kind in self.opened or not self._holds(since)):
            self.of(name).clear()
            return False
        return True

    def learn_derived(self, realm: Realm, kind: type, name: str) -> Any:
        """The class whose method `m` every instance of a class of the guest's has, by way of what it is
        derived from, where that is tamed; None where an instance may have another."""
        if not realm.meter.live or name in self.stored or self.is_open(kind):
            return None
        if not _is_derived(realm, kind) or host_lookup(kind, "__getattribute__")[0] not in _BASES:
            return None
        definer = host_lookup(kind, name)[0]
        return definer if definer in _BASES and is_c_method(definer, name) is State.TAME else None

    def keep_derived(self, kind: type, name: str, made: tuple[Any, Any], since: int) -> None:
        """Note what `learn_derived` allows, for as long as that holds. since: `changes` before that was
        asked."""
        if len(self.derived) >= _MOST:
            self.derived.clear()
        if not self.derived:
            self.learned.append(self.derived)
        self.derived[kind, name] = made
        if name in self.stored or kind in self.opened or not self._holds(since):
            self.derived.clear()

    def learn_face(self, realm: Realm, kind: type, name: str) -> None:
        """Enter a sealed class of ours of which every instance gives, under any plain name, what may be
        called as it is, or nothing."""
        if realm.meter.live:
            self._enter(self.of(name), kind)

    def learn_static(self, realm: Realm, kind: Any, name: str) -> None:
        """Enter a class of the guest's of which `name` can be called as it is found there."""
        since = self.changes
        if not realm.meter.live or self.learns_nothing or name in self.stored:
            return
        if host_lookup(type, name)[0] is not None or not _is_derived(realm, kind):
            return
        for k in host_mro(kind):
            found = host_dict(k).get(name)
            if found is not None:
                if k in _BASES or not _is_plain(found):
                    return
                break
        else:
            return
        self._enter(self.of_class(name), kind)
        if name in self.stored or not self._holds(since):
            self.of_class(name).clear()

    def learn_super(self, realm: Realm, start: Any, this: Any, name: str, kind: type) -> bool:
        """Whether `super` finds a plain function of the guest's under a name, or `object.__init__`.

        kind: the class of the object, which may say of itself that it is of class `start`.
        """
        since = self.changes
        if not realm.meter.live or self.learns_nothing or name in self.stored or name == "__class__":
            return False
        if not _is_derived(realm, start):
            return False
        mro = host_mro(start)
        if this not in mro:
            return False
        for k in mro[mro.index(this) + 1 :]:
            found = host_dict(k).get(name)
            if found is not None:
                if type(found) is not FunctionType and not (k is object and name == "__init__"):
                    return False
                break
        else:
            return False
        if len(self.supers) >= _MOST:
            self.supers.clear()
        if not self.supers:
            self.learned.append(self.supers)
        self.supers[start, this, name] = True
        if start is kind:
            self._enter(self.of_super(name), (start, this))
        if name in self.stored or not self._holds(since):
            self.supers.clear()
            self.of_super(name).clear()
            return False
        return True

    def learn_bare(self, realm: Realm, kind: type) -> None:
        """Enter a class of the guest's whose instances C code does not look into when it compares or
        hashes them. What is stored on them changes nothing of that; other bases would."""
        since = self.changes
        if not realm.meter.live or self.learns_nothing:
            return
        if all(k is object or realm.is_guest_class(k) for k in host_mro(kind)) and kind is not object:
            self._enter(self.bare, kind)
            if not self._holds(since):
                self.bare.clear()

    def learn_class(self, realm: Realm, kind: type) -> None:
        """Enter a class that is made of the guest's own: it may be called as it is, and the operators of
        its instances are the guest's functions."""
        since = self.changes
        if realm.meter.live and not self.is_open(kind) and type(kind) is type and _is_own(realm, kind):
            self._enter(self.classes, kind)
            if kind in self.opened or not self._holds(since):
                self.classes.clear()

    def is_own(self, realm: Realm, kind: type) -> bool:
        """Whether a class is made of nothing but classes of the guest's; it then is in `classes`, where
        it may be."""
        if kind in self.classes:
            return True
        if kind in self.foreign:
            return False
        if type(kind) is not type or not _is_own(realm, kind):
            if realm.meter.live and not self.changing:
                self._enter(self.foreign, kind)
            return False
        self.learn_class(realm, kind)
        return True

    def learn_shown(self, realm: Realm, kind: type) -> None:
        """Enter a class of the guest's of whose instances `__class__` gives it, and runs no code."""
        since = self.changes
        if not realm.meter.live or self.learns_nothing or "__class__" in self.stored:
            return
        if not realm.is_guest_class(kind) or host_lookup(kind, "__class__")[0] is not object:
            return
        if host_lookup(kind, "__getattribute__")[0] in _BASES:
            self._enter(self.shown, kind)
            if not self._holds(since):
                self.shown.clear()

    def learn_argless(self, realm: Realm, kind: type) -> None:
        """Enter a class that may be called as it is where it is given no arguments."""
        since = self.changes
        if realm.meter.live and not self.learns_nothing and _is_derived(realm, kind):
            self._enter(self.argless, kind)
            if not self._holds(since):
                self.argless.clear()


#: Classes that look an attribute up as `object` does, whether or not they say so themselves.
_GENERIC: Final = frozenset(
    {object, str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float, complex, range,
     deque, OrderedDict, GeneratorType}
)  # fmt: skip
#: So do those that describe C code, which is what decorators ask for a dictionary (`wraps(dict.keys)`).
_DESCRIBING: Final = frozenset(
    {BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType, ClassMethodDescriptorType,
     MethodWrapperType, GetSetDescriptorType, MemberDescriptorType}
)  # fmt: skip


def _has_none(kind: type) -> bool:
    """Whether reading `__dict__` of an instance of a builtin class gives nothing: it has none, and its
    class looks up what it has itself, where a proxy asks another object."""
    reader = host_lookup(kind, "__getattribute__")[0]
    return (
        (reader in _GENERIC or reader in _DESCRIBING)
        and host_lookup(kind, "__dict__")[0] is None
        and host_lookup(kind, "__getattr__")[0] is None
    )


def is_c_method(kind: Any, name: str) -> State | None:
    """What a guest may do with the C method that a builtin class finds there; None where it is no such
    method. Instances have no dictionary, and nothing can be stored on the class."""
    if kind not in TABLE or not is_immutable(kind) or kind.__dictoffset__:
        return None
    if host_lookup(kind, "__getattribute__")[0] not in _GENERIC:
        return None
    definer, value = host_lookup(kind, name)
    if definer is None or type(value) is not MethodDescriptorType or not is_immutable(definer):
        return None
    row = find(definer, name)
    return None if row.state is State.TAME and row.reads else row.state


def _is_own(realm: Realm, kind: type) -> bool:
    """Whether a class is made of nothing but classes of the guest's."""
    return all(k is object or (type(k) is type and realm.is_guest_class(k)) for k in host_mro(kind))


#: Builtin classes that guests derive from, and no code of which sets attributes of instances by names
#: that it is given.
_BASES: Final = frozenset({object, list, dict, set, frozenset, tuple, str, bytes, int, float})


def _is_derived(realm: Realm, kind: Any) -> bool:
    """Whether a class is made of classes of the guest's and of `_BASES`."""
    return type(kind) is type and all(
        k in _BASES or (type(k) is type and realm.is_guest_class(k)) for k in host_mro(kind)
    )


def _is_plain(value: Any) -> bool:
    """Whether what a class holds gives a function of the guest's, or one bound to the class."""
    if type(value) in (classmethod, staticmethod):
        value = value.__func__
    return type(value) is FunctionType


def _is_own_method(realm: Realm, kind: Any, name: str) -> bool:
    # C code that sets attributes of instances by names that it is given does so for classes of its
    # own (`SimpleNamespace(m=list)`), so none of those may be among the bases.
    if not _is_derived(realm, kind):
        return False
    if host_lookup(kind, "__getattribute__")[0] not in _BASES:
        return False
    for k in host_mro(kind):
        found = host_dict(k).get(name)
        if found is not None:
            if k in _BASES:
                return is_c_method(k, name) is State.SAFE
            return type(found) is FunctionType
    return False
