"""Type parameters, generic classes and `type` statements, of the compartment's own `typing`.

Stops: type parameters of the interpreter's, whose operators and subscripts ask the host's `typing`,
which answers with objects that evaluate text in the host. Where the guest's `typing` is, its module
`_typing` is a facet: each class here is guest code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards.attribute import read
from guards.base import Guard, gone
from guards.call import callable_for_c

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["GUARDS", "AliasType", "ClassName", "Evaluated", "Generic", "GenericBase",
           "Parameter", "Parameterised"]  # fmt: skip


def _from_facet(realm: Realm, name: str) -> Any:
    from guards.modules import LIBRARY

    realm.importer("typing", 0, "", LIBRARY)
    return read(realm, realm.importer("_typing", 0, "", LIBRARY), name)


class Generic(Guard):
    """A decorator that calls the function that stands for an annotation scope, once, at once.

    namespace: of the class body around it, or None; it is never shown to the guest.
    """

    key = "cap:generic"
    __slots__ = ()

    def run(self, namespace: Any, *defaults: Any) -> Any:
        return lambda scope: scope(namespace, *defaults)


class Evaluated(Guard):
    """The head of what evaluates a bound, a default or a value: says so if it is asked for another
    format than the value, as the interpreter's own do from 3.14 on."""

    key = "cap:evaluated"
    __slots__ = ()

    def run(self, wanted: Any) -> bool:
        if type(wanted) is not int and not issubclass(type(wanted), int):
            raise TypeError("format must be an integer")
        if int.__index__(wanted) > 2:
            raise NotImplementedError
        return True


class Parameter(Guard):
    """`T: bound = default`, both evaluated when they are first asked for."""

    key = "cap:typeparameter"
    __slots__ = ()

    def run(self, kind: str, name: str, bound: Any, default: Any) -> Any:
        realm = self.ref() or gone()
        frame = realm.guest_frame()
        module = frame.f_globals.get("__name__") if frame is not None else None
        return _from_facet(realm, "_parameter")(kind, name, bound, default, module)


class Parameterised(Guard):
    """Gives a function its `__type_params__`."""

    key = "cap:parameterised"
    __slots__ = ()

    def run(self, function: Any, parameters: tuple[Any, ...]) -> Any:
        function.__type_params__ = parameters
        return function


class GenericBase(Guard):
    """The base that a class with type parameters has beside those it names."""

    key = "cap:genericbase"
    __slots__ = ()

    def run(self, parameters: tuple[Any, ...]) -> Any:
        return _from_facet(self.ref() or gone(), "_generic_base")(parameters)


class AliasType(Guard):
    """What a `type` statement makes; its value is evaluated when it is first asked for."""

    key = "cap:typealias"
    __slots__ = ()

    def run(self, name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
        realm = self.ref() or gone()
        frame = realm.guest_frame()
        if frame is None:
            gone()
        module, qualified = frame.f_globals.get("__name__"), frame.f_code.co_qualname
        return _from_facet(realm, "_alias")(name, value, parameters, module, qualified)


class ClassName(Guard):
    """A name in a header in a class body: of the class's namespace, else as anywhere.

    namespace: the raw one, so what a guest's `__prepare__` gave is asked as the interpreter asks it.
    """

    key = "cap:classname"
    __slots__ = ()

    def run(self, namespace: Any, name: str, outside: Any) -> Any:
        if type(namespace) is dict:
            found = namespace.get(name, self)
            return outside() if found is self else found
        realm = self.ref() or gone()
        try:
            return callable_for_c(realm, read(realm, namespace, "__getitem__"))(name)
        except KeyError:
            return outside()


GUARDS = (Generic, Evaluated, Parameter, Parameterised, GenericBase, AliasType, ClassName)
