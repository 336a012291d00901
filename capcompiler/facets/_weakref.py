"""`_weakref`: the real `ref`, and a proxy that is the guest's own class.

The interpreter's proxy hands every attribute and operator on to what it stands for, past the guards.
"""

from _guard_weakref import ReferenceType, _remove_dead_weakref, getweakrefcount, getweakrefs, ref


def _target(proxy):
    found = object.__getattribute__(proxy, "_ref")()
    if found is None:
        raise ReferenceError("weakly-referenced object no longer exists")
    return found


class ProxyType:
    """Stands for an object that it does not keep alive."""

    __slots__ = ("_ref", "__weakref__")
    __module__ = "weakref"
    __qualname__ = "ProxyType"
    __hash__ = None

    def __init__(self, obj, callback=None):
        told = None if callback is None else (lambda _, own=ref(self): callback(own()))
        object.__setattr__(self, "_ref", ref(obj, told))

    def __getattribute__(self, name):
        return getattr(_target(self), name)

    def __setattr__(self, name, value):
        setattr(_target(self), name, value)

    def __delattr__(self, name):
        delattr(_target(self), name)

    def __repr__(self):
        return f"<weakproxy to {type(_target(self)).__name__}>"

    def __str__(self):
        return str(_target(self))

    def __bool__(self):
        return bool(_target(self))


class CallableProxyType(ProxyType):
    """Stands for a callable object."""

    __slots__ = ()

    def __call__(self, /, *args, **kwargs):
        return _target(self)(*args, **kwargs)


def _forward_all():
    import operator

    def one(function):
        return lambda self: function(_target(self))

    def two(function):
        return lambda self, other: function(
            _target(self), _target(other) if issubclass(type(other), ProxyType) else other
        )

    def swapped(function):
        return lambda self, other: function(other, _target(self))

    for name in "lt le eq ne gt ge".split():
        setattr(ProxyType, f"__{name}__", two(getattr(operator, name)))
    for name in "add sub mul truediv floordiv mod pow lshift rshift matmul".split():
        setattr(ProxyType, f"__{name}__", two(getattr(operator, name)))
        setattr(ProxyType, f"__r{name}__", swapped(getattr(operator, name)))
        setattr(ProxyType, f"__i{name}__", two(getattr(operator, f"i{name}")))
    for name, function in {"and": "and_", "or": "or_", "xor": "xor"}.items():
        setattr(ProxyType, f"__{name}__", two(getattr(operator, function)))
        setattr(ProxyType, f"__r{name}__", swapped(getattr(operator, function)))
        setattr(ProxyType, f"__i{name}__", two(getattr(operator, "i" + name)))
    setattr(ProxyType, "__divmod__", two(divmod))
    setattr(ProxyType, "__rdivmod__", swapped(divmod))
    for name, function in {
        "neg": operator.neg,
        "pos": operator.pos,
        "abs": abs,
        "invert": operator.invert,
        "int": int,
        "float": float,
        "index": operator.index,
        "len": len,
        "iter": iter,
        "next": next,
        "reversed": reversed,
        "bytes": bytes,
    }.items():
        setattr(ProxyType, f"__{name}__", one(function))
    ProxyType.__contains__ = lambda self, item: item in _target(self)
    ProxyType.__getitem__ = lambda self, key: _target(self)[key]

    def setitem(self, key, value):
        _target(self)[key] = value

    def delitem(self, key):
        del _target(self)[key]

    ProxyType.__setitem__, ProxyType.__delitem__ = setitem, delitem


_forward_all()
del _forward_all


#: Proxies without a callback, by what they stand for: there is one of each, while it is used.
_proxies = {}


def proxy(obj, callback=None, /):
    """A proxy of `obj`."""
    kind = CallableProxyType if callable(obj) else ProxyType
    if callback is not None:
        return kind(obj, callback)
    known = _proxies.get(id(obj))
    found = None if known is None else known()
    if found is None or object.__getattribute__(found, "_ref")() is not obj:
        found = kind(obj)
        ident = id(obj)

        def forget(reference):
            if _proxies.get(ident) is reference:
                del _proxies[ident]

        _proxies[ident] = ref(found, forget)
    return found
