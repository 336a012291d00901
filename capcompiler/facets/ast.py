"""`ast` without syntax trees: their classes are the interpreter's, and anybody could change them."""

from _guard_types import _literal, _refuse


def literal_eval(node_or_string):
    """The data that a text of Python literals says."""
    return _literal(node_or_string)


class AST:
    """The base of the nodes of a syntax tree."""


class NodeVisitor:
    """Would walk a syntax tree."""

    def __init__(self, *args, **kwargs):
        _refuse("syntax trees are not granted: compile text, or parse it yourself")


class NodeTransformer(NodeVisitor):
    """Would rewrite a syntax tree."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    _refuse(f"ast.{name} was not granted: no program here is handed syntax trees")
