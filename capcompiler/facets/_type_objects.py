"""The type objects of `types`, made once in a compartment: the guest's own `mappingproxy` among them,
since the real one hands the mapping behind it to whoever stands on the other side of an operator."""

import sys as _sys

from _guard_types import *
from _guard_types import ClassNamespace as _ClassNamespace


class _ProxyType(type):
    def __instancecheck__(cls, instance):
        return type.__instancecheck__(cls, instance) or type(instance) is _ClassNamespace


class mappingproxy(metaclass=_ProxyType):
    """A read-only view of a mapping."""

    __slots__ = ("_mapping", "__weakref__")
    __module__ = "builtins"

    def __new__(cls, mapping):
        if isinstance(mapping, (list, tuple)) or not hasattr(type(mapping), "__getitem__"):
            raise TypeError(f"mappingproxy() argument must be a mapping, not {type(mapping).__name__}")
        self = object.__new__(cls)
        _hold(self, mapping)
        return self

    def __setattr__(self, name, value):
        raise AttributeError(f"'mappingproxy' object has no attribute {name!r}")

    def __delattr__(self, name):
        raise AttributeError(f"'mappingproxy' object has no attribute {name!r}")

    def __init_subclass__(cls, **kwargs):
        raise TypeError("type 'mappingproxy' is not an acceptable base type")

    def __getitem__(self, key):
        return _held(self)[key]

    def __iter__(self):
        return iter(_held(self))

    def __reversed__(self):
        return reversed(_held(self))

    def __len__(self):
        return len(_held(self))

    def __contains__(self, key):
        return key in _held(self)

    def __eq__(self, other):
        if type(other) is mappingproxy:
            other = _held(other)
        return _held(self) == other

    def __hash__(self):
        return hash(_held(self))

    def __or__(self, other):
        if type(other) is mappingproxy:
            other = _held(other)
        return _held(self) | other

    def __ror__(self, other):
        return other | _held(self)

    def __ior__(self, other):
        raise TypeError("'|=' is not supported by mappingproxy; use '|' instead")

    def __repr__(self):
        return f"mappingproxy({_held(self)!r})"

    def __str__(self):
        return str(_held(self))

    def get(self, key, default=None, /):
        return _held(self).get(key, default)

    def keys(self):
        return _held(self).keys()

    def values(self):
        return _held(self).values()

    def items(self):
        return _held(self).items()

    def copy(self):
        return _held(self).copy()

    __class_getitem__ = classmethod(GenericAlias)

    def __dir__(self):
        return sorted({*dir(object()), *_OF_MAPPINGS})


#: What a mapping proxy has that is not every object's.
_OF_MAPPINGS = """__class_getitem__ __contains__ __getitem__ __ior__ __iter__ __len__ __or__ __reversed__
__ror__ copy get items keys values""".split()
#: The mapping is to be had in here only, and read by its methods.
_slot = mappingproxy.__dict__["_mapping"]
_held, _hold = _slot.__get__, _slot.__set__
del mappingproxy._mapping


MappingProxyType = mappingproxy


if _sys.version_info >= (3, 15):

    class LazyImportType:
        """What a name is that was imported lazily and not used yet; here such a name is not there."""

        __module__ = "builtins"


if _sys.version_info >= (3, 13):

    class CapsuleType:
        """What carries pointers of C; no guest holds one."""

        __module__ = "builtins"

        def __new__(cls):
            raise TypeError("cannot create 'PyCapsule' instances")


class _StandinType(type):
    def __instancecheck__(cls, instance):
        if type(instance) is MethodType:
            return not hasattr(instance, "__func__")
        return cls is _Standin and type(instance) is type(str.format)


class _Standin(metaclass=_StandinType):
    """What a builtin function or method is here that this package has tamed."""


class _BuiltinStandin(metaclass=_StandinType):
    """What a builtin function is here that this package has tamed."""


if _sys.version_info >= (3, 14):
    from _unions import Union as UnionType


__all__ = [n for n in globals() if n[0] != "_" and n not in ("ClassNamespace", "mappingproxy")]
