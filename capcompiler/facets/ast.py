"""`ast`: what few ask for is loaded when it is asked for, since `inspect` and others import it."""

from _guard_types import _literal


def literal_eval(node_or_string):
    """The data that a text of Python literals says, or an expression that was parsed."""
    if isinstance(node_or_string, str):
        return _literal(node_or_string)
    return __getattr__("_whole").literal_eval(node_or_string)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    import _ast_whole

    found = globals()
    found["_whole"] = _ast_whole
    for shown, value in vars(_ast_whole).items():
        if not shown.startswith("__"):
            found.setdefault(shown, value)
    if name not in found:
        raise AttributeError(f"module 'ast' has no attribute {name!r}")
    return found[name]
