"""`shutil` is authority, or the interpreter: a test that uses it is skipped."""

from _shim import missing_from

__getattr__ = missing_from("shutil")


def get_terminal_size(fallback=(80, 24)):
    """A terminal of the usual size."""
    import os

    columns = int(os.environ.get("COLUMNS", 0) or 0)
    return os.terminal_size((columns or fallback[0], fallback[1]))


def rmtree(path, ignore_errors=False):
    """There is nothing to remove."""
