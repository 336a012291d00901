"""`ast` without syntax trees: their classes are the interpreter's, and anybody could change them."""

from _guard_types import _literal, _refuse


def literal_eval(node_or_string):
    """The data that a text of Python literals says."""
    return _literal(node_or_string)


class AST:
    """The base of the nodes of a syntax tree."""

    _fields = ()

    def __init__(self, *args, **fields):
        self.__dict__.update(fields)


class NodeVisitor:
    """Would walk a syntax tree."""

    def __init__(self, *args, **kwargs):
        _refuse("syntax trees are not granted: compile text, or parse it yourself")


class NodeTransformer(NodeVisitor):
    """Would rewrite a syntax tree."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    if name[0].isupper():
        # A kind of node: it can be named and asked about, and nothing here takes one.
        kind = globals()[name] = type(name, (AST,), {"__module__": "ast"})
        return kind
    _refuse(f"ast.{name} was not granted: no program here is handed syntax trees")
