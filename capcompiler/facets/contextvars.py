"""`contextvars` of the one program that runs here, apart from those of the host."""

from collections.abc import Mapping

_MISSING = object()
_NO_DEFAULT = object()


class Token:
    """What undoes one `ContextVar.set`."""

    MISSING = _MISSING

    def __init__(self, var, old, context):
        self.var, self.old_value = var, old
        self._context, self._used = context, False

    def __init_subclass__(cls, **kwargs):
        raise TypeError("type 'Token' is not an acceptable base type")

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.var.reset(self)

    __class_getitem__ = classmethod(type(list[int]))


class ContextVar:
    """A value that each context has of its own."""

    def __init__(self, *names, default=_NO_DEFAULT):
        if len(names) != 1:
            raise TypeError(f"ContextVar() takes exactly 1 positional argument ({len(names)} given)")
        (name,) = names
        if not isinstance(name, str):
            raise TypeError("context variable name must be a str")
        self.name, self._default = name, default

    def get(self, default=_NO_DEFAULT, /):
        found = _current._values.get(self, _MISSING)
        if found is not _MISSING:
            return found
        if default is not _NO_DEFAULT:
            return default
        if self._default is not _NO_DEFAULT:
            return self._default
        raise LookupError(self)

    def set(self, value, /):
        token = Token(self, _current._values.get(self, _MISSING), _current)
        _current._values[self] = value
        return token

    def reset(self, token, /):
        if token._used:
            raise RuntimeError(f"{token!r} has already been used once")
        if token.var is not self:
            raise ValueError(f"{token!r} was created by a different ContextVar")
        if token._context is not _current:
            raise ValueError(f"{token!r} was created in a different Context")
        token._used = True
        if token.old_value is _MISSING:
            _current._values.pop(self, None)
        else:
            _current._values[self] = token.old_value

    __class_getitem__ = classmethod(type(list[int]))

    def __repr__(self):
        shown = "" if self._default is _NO_DEFAULT else f" default={self._default!r}"
        return f"<ContextVar name={self.name!r}{shown}>"

    def __init_subclass__(cls, **kwargs):
        raise TypeError("type 'ContextVar' is not an acceptable base type")


class Context(Mapping):
    """The values of all context variables at one place."""

    def __init__(self, *args, **kwargs):
        if args or kwargs:
            raise TypeError("Context() does not accept any arguments")
        self._values, self._entered = {}, False

    def __init_subclass__(cls, **kwargs):
        raise TypeError("type 'Context' is not an acceptable base type")

    def run(self, callable, /, *args, **kwargs):
        global _current
        if self._entered:
            raise RuntimeError(f"cannot enter context: {self} is already entered")
        outer, _current, self._entered = _current, self, True
        try:
            return callable(*args, **kwargs)
        finally:
            _current, self._entered = outer, False

    def copy(self):
        made = Context()
        made._values = dict(self._values)
        return made

    def __getitem__(self, var):
        if not isinstance(var, ContextVar):
            raise TypeError(f"a ContextVar key was expected, got {var!r}")
        return self._values[var]

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)


_current = Context()


def copy_context():
    """A copy of the current context."""
    return _current.copy()
