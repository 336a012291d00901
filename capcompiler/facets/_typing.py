"""What `typing` takes from C from 3.12 on, as the guest's own classes.

The interpreter's ask the host's `typing` to make something of what they are given, and give out what
it makes: a `ForwardRef` of the host's evaluates text in the host.
"""

import sys as _sys
import typing as _typing

from _unions import Union

_QUALIFIED = _sys.version_info >= (3, 15)  # whether aliases know where they were defined
_INSIDE = "typing"


class _Fixed(type):
    """Of classes that C code would make: nothing can be stored on them."""

    def __setattr__(cls, name, value):
        where = f"{cls.__module__}.{cls.__name__}"
        raise TypeError(f"cannot set {name!r} attribute of immutable type {where!r}")

    def __delattr__(cls, name):
        cls.__setattr__(name, None)


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


class _Late:
    """A value that is made when it is first asked for, by what a program's syntax says."""

    def __init__(self, evaluate):
        self.evaluate = evaluate


class _ConstEvaluator(metaclass=_Fixed):
    """Gives a value that was there from the beginning, as what evaluates a late one gives it."""

    __module__ = "_typing"
    __slots__ = ("_value",)

    def __new__(cls):
        raise TypeError("cannot create '_typing._ConstEvaluator' instances")

    def __call__(self, format=1, /):
        if format != 4:
            return self._value
        from annotationlib import type_repr

        if type(self._value) is tuple:
            return f"({', '.join(map(type_repr, self._value))})"
        return type_repr(self._value)

    def __repr__(self):
        return f"<constevaluator {self._value!r}>"


def _Constant(value):
    made = object.__new__(_ConstEvaluator)
    made._value = value
    return made


def _asked(obj, name):
    """The value of an attribute, evaluated once."""
    found = obj.__dict__[name]
    if type(found) is _Late:
        found = obj.__dict__[name] = found.evaluate()
    return found


def _evaluator(obj, name):
    found = obj.__dict__["_evaluate" + name]
    return found.evaluate if type(found) is _Late else found


def _keep(obj, name, value):
    obj.__dict__[name] = value
    nothing = value is None or value is NoDefault or value == ()
    obj.__dict__["_evaluate" + name] = (
        value if type(value) is _Late else None if nothing else _Constant(value)
    )


class _Parameter:
    def __init__(self, name, default):
        self.__name__ = name
        _keep(self, "_default", default)

    @property
    def __default__(self):
        return _asked(self, "_default")

    @property
    def evaluate_default(self):
        return _evaluator(self, "_default")

    def has_default(self):
        return self.evaluate_default is not None

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
    if what is None or type(what) is _Late:
        return what
    return _typing._type_check(what, "Bound must be a type.")


class _Variant(_Parameter):
    __module__ = _INSIDE

    def __init__(self, name, bound, covariant, contravariant, infer_variance, default):
        if covariant and contravariant:
            raise ValueError("Bivariant types are not supported.")
        if infer_variance and (covariant or contravariant):
            raise ValueError("Variance cannot be specified with infer_variance.")
        _Parameter.__init__(self, name, default)
        _keep(self, "_bound", _bound(bound))
        self.__covariant__ = bool(covariant)
        self.__contravariant__ = bool(contravariant)
        self.__infer_variance__ = bool(infer_variance)

    @property
    def __bound__(self):
        return _asked(self, "_bound")

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
        _keep(self, "_constraints", tuple(_typing._type_check(c, says) for c in constraints))
        self.__module__ = _caller()

    @property
    def __constraints__(self):
        return _asked(self, "_constraints")

    @property
    def evaluate_bound(self):
        return _evaluator(self, "_bound")

    @property
    def evaluate_constraints(self):
        return _evaluator(self, "_constraints")

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


def _check_parameters(type_params):
    if not isinstance(type_params, tuple):
        raise TypeError("type_params must be a tuple")
    if _sys.version_info < (3, 14):
        return
    defaults = False
    for parameter in type_params:
        if not isinstance(parameter, _Parameter):
            raise TypeError(f"Expected a type param, got {parameter!r}")
        if parameter.has_default():
            defaults = True
        elif defaults:
            says = f"non-default type parameter {parameter!r} follows default type parameter"
            raise TypeError(says)


class TypeAliasType(metaclass=_Fixed):
    """A type alias."""

    __module__ = _INSIDE

    def __init__(self, name, value, *, type_params=(), qualname=None):
        if not isinstance(name, str):
            raise TypeError(f"typealias() argument 'name' must be str, not {type(name).__name__}")
        _check_parameters(type_params)
        if not (qualname is None or _QUALIFIED and isinstance(qualname, str)):
            raise TypeError("typealias() argument 'qualname' must be str")
        self.__dict__.update(__name__=name, __type_params__=type_params, __module__=_caller())
        _keep(self, "_value", value)
        if self.__dict__["_evaluate_value"] is None:
            self.__dict__["_evaluate_value"] = _Constant(value)
        if _QUALIFIED:
            self.__dict__["__qualname__"] = name if qualname is None else qualname

    def __setattr__(self, name, value):
        if name == "__module__" and _QUALIFIED:
            self.__dict__[name] = value
            return
        if name in self.__dict__ or hasattr(type(self), name):
            raise AttributeError("readonly attribute")
        raise AttributeError(f"'typing.TypeAliasType' object has no attribute {name!r}")

    def __delattr__(self, name):
        self.__setattr__(name, None)

    def __init_subclass__(cls):
        raise TypeError("type 'typing.TypeAliasType' is not an acceptable base type")

    @property
    def __value__(self):
        return _asked(self, "_value")

    @property
    def evaluate_value(self):
        return _evaluator(self, "_value")

    def __iter__(self):
        yield _typing.Unpack[self]

    def __reduce__(self):
        return self.__name__

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
        return self.__qualname__ if _QUALIFIED else self.__name__

    def __or__(self, other):
        return _typing.Union[self, other]

    def __ror__(self, other):
        return _typing.Union[other, self]


def _parameter(kind, name, bound, default, module):
    """What `T: bound = default` makes in a list of type parameters. bound, default: what evaluates
    them, or None."""
    default = NoDefault if default is None else _Late(default)
    if kind == "TypeVarTuple":
        made = TypeVarTuple(name, default=default)
    elif kind == "ParamSpec":
        made = ParamSpec(name, default=default, infer_variance=True)
    elif kind == "constraints":
        made = TypeVar(name, default=default, infer_variance=True)
        _keep(made, "_constraints", _Late(bound))
    else:
        bound = None if bound is None else _Late(bound)
        made = TypeVar(name, bound=bound, default=default, infer_variance=True)
    made.__module__ = module
    return made


def _alias(name, evaluate, type_params, module, qualname):
    """What a `type` statement makes."""
    made = TypeAliasType(name, _Late(evaluate), type_params=type_params)
    made.__dict__["__module__"] = module
    if _QUALIFIED:
        made.__dict__["__qualname__"] = qualname
    return made


def _generic_base(type_params):
    """The base of a class with type parameters: `Generic[T, *Ts]`."""
    return Generic[tuple(_typing.Unpack[p] if isinstance(p, TypeVarTuple) else p for p in type_params)]


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
