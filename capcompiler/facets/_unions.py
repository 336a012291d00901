"""`typing.Union` from 3.12 on, and `types.UnionType` from 3.14 on, as a class of the guest's own: the
interpreter's makes `ForwardRef`s of the host's `typing` of texts, and those evaluate them."""

from _guard_types import GenericAlias


def _typing():
    import typing

    return typing


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

    __module__ = "typing"

    def __new__(cls, *args, **kwargs):
        raise TypeError("cannot create 'typing.Union' instances")

    def __class_getitem__(cls, args):
        if args == ():
            raise TypeError("Cannot take a Union of no types.")
        args = args if isinstance(args, tuple) else (args,)
        says = "Union[arg, ...]: each arg must be a type."
        members = _flat([_typing()._type_check(arg, says) for arg in args])
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
        return _typing()._collect_type_parameters(self.__args__)

    def __getitem__(self, args):
        return Union[GenericAlias(tuple, self.__args__)[args].__args__]

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
        return " | ".join("None" if a is type(None) else _typing()._type_repr(a) for a in self.__args__)

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass {self!r}")

    def __instancecheck__(self, instance):
        return any(isinstance(instance, a) for a in self.__args__)

    def __subclasscheck__(self, subclass):
        return any(issubclass(subclass, a) for a in self.__args__)
