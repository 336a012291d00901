"""The nodes of syntax trees, as classes of the program's own: the interpreter's take attributes and are
everybody's. A tree is made of these, and compiled by way of its text."""

import sys as _sys

from _guard_types import _node_kinds, _syntax_tree

PyCF_ONLY_AST = 0x400
PyCF_TYPE_COMMENTS = 0x1000
PyCF_ALLOW_TOP_LEVEL_AWAIT = 0x2000
PyCF_OPTIMIZED_AST = 0x8000 | PyCF_ONLY_AST
Load = Module = Expression = Interactive = expr_context = None  # each kind of node is made below
_NEW = _sys.version_info >= (3, 13)
_STRICT = _sys.version_info >= (3, 15)
_List, _Choice = type(list[int]), type(int | str)


class AST:
    """The base of all nodes."""

    __module__ = "ast"
    _fields = _attributes = __match_args__ = ()

    def __init__(self, *args, **kwargs):
        fields, name = self._fields, _told(type(self))
        if _STRICT and type(self) in _abstract:
            _warn(
                f"Instantiating abstract AST node class {name} is deprecated. This will become an error "
                "in Python 3.20"
            )
        if len(args) > len(fields):
            s = "" if len(fields) == 1 else "s"
            raise TypeError(
                f"{type(self).__name__} constructor takes at most {len(fields)} positional argument{s}"
            )
        for field, value in zip(fields, args):
            setattr(self, field, value)
        for field, value in kwargs.items():
            if field in fields[: len(args)]:
                raise TypeError(f"{name} got multiple values for argument {field!r}")
            if _NEW and field not in fields and field not in self._attributes:
                _wrong(
                    f"{name}.__init__ got an unexpected keyword argument {field!r}",
                    ". Support for arbitrary keyword arguments is deprecated and will be removed in "
                    "Python 3.15.",
                )
            setattr(self, field, value)
        types = getattr(type(self), "_field_types", None) if _NEW else None
        if types is not None:
            missing = []
            for field in fields[len(args) :]:
                if field not in kwargs and _missing(self, name, field, types):
                    missing.append(field)
                    if not _STRICT:
                        _warn(_lacks(name, [field]) + _LATER)
            if missing and _STRICT:
                raise TypeError(_lacks(name, missing))

    def __reduce_ex__(self, protocol):
        return _again, (type(self),), dict(vars(self))

    def __replace__(self, /, **changes):
        made = _again(type(self))
        vars(made).update(vars(self))
        for name, value in changes.items():
            if name not in self._fields and name not in self._attributes:
                raise TypeError(
                    f"{type(self).__name__}.__replace__ got an unexpected keyword argument {name!r}."
                )
            setattr(made, name, value)
        return made


def _told(kind):
    """What errors call a class of nodes."""
    if not _STRICT:
        return "ast.AST" if kind is AST else kind.__name__
    if kind.__module__ in ("__main__", "builtins"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _missing(node, name, field, types):
    """Give a node a field that it was made without; True for one that somebody has to give."""
    kind = types.get(field)
    if kind is None:
        _wrong(f"Field {field!r} is missing from {name}._field_types", _LATER)
    elif type(kind) is _List:
        setattr(node, field, [])
    elif kind is expr_context:
        setattr(node, field, Load())
    else:
        return type(kind) is not _Choice
    return False


def _lacks(name, fields):
    *most, last = map(repr, fields)
    named = f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}" if most else last
    s = "s" if most else ""
    return f"{name}.__init__ missing {len(fields)} required positional argument{s}: {named}"


_abstract = set()
_LATER = ". This will become an error in Python 3.15."


def _wrong(text, later):
    """An error from 3.15 on, and a warning that says what comes later before."""
    if _STRICT:
        raise TypeError(text)
    _warn(text + later)


def _warn(text):
    import warnings

    warnings.warn(text, DeprecationWarning, stacklevel=4)


def _again(kind):
    return kind.__new__(kind)


def _make():
    kinds = _node_kinds()
    for name, base, fields, attributes, doc, optional, _ in kinds:
        body = {
            "__module__": "ast", "__doc__": doc, "_fields": fields, "_attributes": attributes,
            "__match_args__": fields, **dict.fromkeys(optional),
        }  # fmt: skip
        globals()[name] = type(name, (globals()[base],), body)
        _abstract.add(globals()[base])
    known = {"str": str, "int": int, "object": object, **globals()}
    for name, _, _, _, _, _, types in kinds:
        if types:
            globals()[name]._field_types = {n: _type(known[kind], how) for n, kind, how in types}


def _type(kind, how):
    return list[kind] if how == "list" else kind | None if how == "optional" else kind


_make()


def _parse(source, filename, mode, flags):
    """What `compile` gives with `PyCF_ONLY_AST`."""
    return _syntax_tree(source, filename, mode, globals())


def _text(tree, mode):
    """The text that `compile` takes in place of a tree."""
    from _ast_whole import unparse

    wanted = {"exec": Module, "eval": Expression, "single": Interactive}[mode]
    if not isinstance(tree, wanted):
        raise TypeError(f"expected {wanted.__name__} node, got {type(tree).__name__}")
    return unparse(tree)
