"""`ast` without syntax trees: their classes are the interpreter's, and anybody could change them."""


class AST:
    """The base of the nodes of a syntax tree."""


class NodeVisitor:
    """Would walk a syntax tree."""

    def __init__(self, *args, **kwargs):
        raise PermissionError("syntax trees are not granted: compile text, or parse it yourself")


class NodeTransformer(NodeVisitor):
    """Would rewrite a syntax tree."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise PermissionError(f"ast.{name} was not granted: no program here is handed syntax trees")
