"""The nodes of syntax trees, as classes of the program's own: the interpreter's take attributes and are
everybody's. A tree is made of these, and compiled by way of its text."""

import sys as _sys

from _guard_types import _node_kinds, _syntax_tree

PyCF_ONLY_AST = 0x400
PyCF_TYPE_COMMENTS = 0x1000
PyCF_ALLOW_TOP_LEVEL_AWAIT = 0x2000
PyCF_OPTIMIZED_AST = 0x8000 | PyCF_ONLY_AST
Load = Module = Expression = Interactive = None  # each kind of node is made below
_NEW = _sys.version_info >= (3, 13)


class AST:
    """The base of all nodes."""

    __module__ = "ast"
    _fields = _attributes = __match_args__ = ()

    def __init__(self, *args, **kwargs):
        fields, name = self._fields, type(self).__name__
        if len(args) > len(fields):
            s = "" if len(fields) == 1 else "s"
            raise TypeError(f"{name} constructor takes at most {len(fields)} positional argument{s}")
        for field, value in zip(fields, args):
            setattr(self, field, value)
        for field, value in kwargs.items():
            if field in fields[: len(args)]:
                raise TypeError(f"{name} got multiple values for argument {field!r}")
            if _NEW and field not in fields and field not in self._attributes:
                _warn(
                    f"{name}.__init__ got an unexpected keyword argument {field!r}. Support for "
                    "arbitrary keyword arguments is deprecated and will be removed in Python 3.15."
                )
            setattr(self, field, value)
        if not _NEW:
            return
        for field in fields[len(args) :]:
            if field in kwargs or field in self._optional:
                continue
            if field in self._lists:
                setattr(self, field, [])
            elif field == "ctx":
                self.ctx = Load()
            elif type(self).__module__ == "ast":
                _warn(
                    f"{name}.__init__ missing 1 required positional argument: {field!r}. This will "
                    "become an error in Python 3.15."
                )

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


AST._optional = AST._lists = frozenset()


def _warn(text):
    import warnings

    warnings.warn(text, DeprecationWarning, stacklevel=3)


def _again(kind):
    return kind.__new__(kind)


def _make():
    for name, base, fields, attributes, doc, optional, lists in _node_kinds():
        body = {
            "__module__": "ast", "__doc__": doc, "_fields": fields, "_attributes": attributes,
            "__match_args__": fields, "_optional": frozenset(optional), "_lists": frozenset(lists),
            **dict.fromkeys(optional),
        }  # fmt: skip
        globals()[name] = type(name, (globals()[base],), body)


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
