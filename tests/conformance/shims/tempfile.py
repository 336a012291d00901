"""`tempfile` is authority, or the interpreter: a test that uses it is skipped."""

from _shim import missing_from

__getattr__ = missing_from("tempfile")


def mkdtemp(*args, **kwargs):
    """The name of a folder that nobody makes: what writes to it says that it cannot."""
    return "@folder"
