"""What `typing` takes from C from 3.12 on, as the guest's own classes.

The interpreter's ask the host's `typing` to make something of what they are given, and give out what
it makes: a `ForwardRef` of the host's evaluates text in the host.
"""

import typing as _typing

_INSIDE = "typing"


@staticmethod  # it stands in classes, and is no method there
def _idfunc(x):
    return x


class NoDefaultType:
    """The type of the NoDefault singleton."""

    __slots__ = ()
    __module__ = _INSIDE
    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = object.__new__(cls)
        return cls._only

    def __repr__(self):
        return "typing.NoDefault"

    def __reduce__(self):
        return "NoDefault"


NoDefault = NoDefaultType()


class _Parameter:
    def __init__(self, name, default):
        self.__name__ = name
        self.__default__ = default

    def has_default(self):
        return self.__default__ is not NoDefault

    def __init_subclass__(cls):
        if cls.__module__ != _INSIDE:
            raise TypeError(f"type 'typing.{cls.__base__.__name__}' is not an acceptable base type")

    def __repr__(self):
        return self.__name__

    def __reduce__(self):
        return self.__name__

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass an instance of {type(self).__name__}")

    def __or__(self, other):
        return _typing.Union[self, other]

    def __ror__(self, other):
        return _typing.Union[other, self]


def _caller():
    import sys

    return sys._getframe(2).f_globals.get("__name__", "__main__")


def _bound(what):
    return None if what is None else _typing._type_check(what, "Bound must be a type.")


class _Variant(_Parameter):
    __module__ = _INSIDE

    def __init__(self, name, bound, covariant, contravariant, infer_variance, default):
        if covariant and contravariant:
            raise ValueError("Bivariant types are not supported.")
        if infer_variance and (covariant or contravariant):
            raise ValueError("Variance cannot be specified with infer_variance.")
        _Parameter.__init__(self, name, default)
        self.__bound__ = _bound(bound)
        self.__covariant__ = bool(covariant)
        self.__contravariant__ = bool(contravariant)
        self.__infer_variance__ = bool(infer_variance)

    def __repr__(self):
        if self.__infer_variance__:
            return self.__name__
        return ("+" if self.__covariant__ else "-" if self.__contravariant__ else "~") + self.__name__


class TypeVar(_Variant):
    """A type variable."""

    __module__ = _INSIDE

    def __init__(
        self,
        name,
        *constraints,
        bound=None,
        default=NoDefault,
        covariant=False,
        contravariant=False,
        infer_variance=False,
    ):
        if constraints and bound is not None:
            raise TypeError("Constraints cannot be combined with bound=...")
        if len(constraints) == 1:
            raise TypeError("A single constraint is not allowed")
        _Variant.__init__(self, name, bound, covariant, contravariant, infer_variance, default)
        says = "TypeVar(name, constraint, ...): constraints must be types."
        self.__constraints__ = tuple(_typing._type_check(c, says) for c in constraints)
        self.__module__ = _caller()

    def __typing_subst__(self, arg):
        return _typing._typevar_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        params = alias.__parameters__
        i = params.index(self)
        if i < len(args):
            return args
        if i == len(args) and self.has_default():
            return (*args, self.__default__)
        raise TypeError(f"Too few arguments for {alias}")


class ParamSpecArgs:
    """The args of a parameter specification, `P.args`."""

    __module__ = _INSIDE

    def __init__(self, origin):
        self.__origin__ = origin

    def __repr__(self):
        return f"{self.__origin__.__name__}.args"

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self.__origin__ == other.__origin__

    def __hash__(self):
        return hash((type(self), self.__origin__))

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass an instance of {type(self).__name__}")


class ParamSpecKwargs(ParamSpecArgs):
    """The kwargs of a parameter specification, `P.kwargs`."""

    __module__ = _INSIDE

    def __repr__(self):
        return f"{self.__origin__.__name__}.kwargs"


class ParamSpec(_Variant):
    """A parameter specification."""

    __module__ = _INSIDE

    def __init__(
        self,
        name,
        *,
        bound=None,
        default=NoDefault,
        covariant=False,
        contravariant=False,
        infer_variance=False,
    ):
        _Variant.__init__(self, name, bound, covariant, contravariant, infer_variance, default)
        self.__module__ = _caller()

    @property
    def args(self):
        return ParamSpecArgs(self)

    @property
    def kwargs(self):
        return ParamSpecKwargs(self)

    def __typing_subst__(self, arg):
        return _typing._paramspec_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        return _typing._paramspec_prepare_subst(self, alias, args)


class TypeVarTuple(_Parameter):
    """A variable number of types."""

    __module__ = _INSIDE

    def __init__(self, name, *, default=NoDefault):
        _Parameter.__init__(self, name, default)
        self.__module__ = _caller()

    def __iter__(self):
        yield _typing.Unpack[self]

    def __typing_subst__(self, arg):
        raise TypeError("Substitution of bare TypeVarTuple is not supported")

    def __typing_prepare_subst__(self, alias, args):
        return _typing._typevartuple_prepare_subst(self, alias, args)


class TypeAliasType:
    """A type alias."""

    __module__ = _INSIDE

    def __init__(self, name, value, *, type_params=()):
        if not isinstance(type_params, tuple):
            raise TypeError("type_params must be a tuple")
        self.__name__ = name
        self.__value__ = value
        self.__type_params__ = type_params
        self.__module__ = _caller()

    @property
    def __parameters__(self):
        out = []
        for parameter in self.__type_params__:
            out.extend(parameter if isinstance(parameter, TypeVarTuple) else (parameter,))
        return tuple(out)

    def __getitem__(self, args):
        if not self.__type_params__:
            raise TypeError("Only generic type aliases are subscriptable")
        return _typing.types.GenericAlias(self, args if isinstance(args, tuple) else (args,))

    def __repr__(self):
        return self.__name__

    def __or__(self, other):
        return _typing.Union[self, other]

    def __ror__(self, other):
        return _typing.Union[other, self]


class Generic:
    """Abstract base class for generic types."""

    __slots__ = ()
    __module__ = _INSIDE
    _is_protocol = False

    @classmethod
    def __class_getitem__(cls, *args, **kwargs):
        return _typing._generic_class_getitem(cls, *args, **kwargs)

    @classmethod
    def __init_subclass__(cls, *args, **kwargs):
        return _typing._generic_init_subclass(cls, *args, **kwargs)


class _UnionType(type):
    def __instancecheck__(cls, instance):
        return type(instance) is _CUnion or type.__instancecheck__(cls, instance)

    def __repr__(cls):
        return "<class 'typing.Union'>"


_CUnion = type(int | str)


def _flat(args):
    out = []
    for arg in args:
        for member in arg.__args__ if isinstance(arg, Union) else (arg,):
            if not any(member is m or member == m for m in out):
                out.append(member)
    return out


def _plain(member):
    return member is None or isinstance(member, (type, _CUnion)) or type(member) is type(list[int])


class Union(metaclass=_UnionType):
    """A union of types, where a member is no type: a text, a type variable, a special form."""

    __module__ = _INSIDE

    def __class_getitem__(cls, args):
        if args == ():
            raise TypeError("Cannot take a Union of no types.")
        args = args if isinstance(args, tuple) else (args,)
        says = "Union[arg, ...]: each arg must be a type."
        members = _flat([_typing._type_check(arg, says) for arg in args])
        if len(members) == 1:
            return members[0]
        if all(map(_plain, members)):
            made = members[0]
            for member in members[1:]:
                made = made | member
            return made
        self = object.__new__(cls)
        self.__dict__["__args__"] = tuple(members)
        return self

    @property
    def __origin__(self):
        return Union

    @property
    def __parameters__(self):
        return _typing._collect_type_parameters(self.__args__)

    def __getitem__(self, args):
        return Union[_typing.types.GenericAlias(tuple, self.__args__)[args].__args__]

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]

    def __eq__(self, other):
        if not isinstance(other, Union):
            return NotImplemented
        return set(self.__args__) == set(other.__args__)

    def __hash__(self):
        return hash(frozenset(self.__args__))

    def __repr__(self):
        return " | ".join("None" if a is type(None) else _typing._type_repr(a) for a in self.__args__)

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass {self!r}")

    def __instancecheck__(self, instance):
        return any(isinstance(instance, a) for a in self.__args__)
