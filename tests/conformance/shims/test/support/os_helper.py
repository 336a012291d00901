"""`test.support.os_helper` needs authority: a test that uses it is skipped."""

import os

from _shim import missing_from

__getattr__ = missing_from("os_helper")
TESTFN = TESTFN_ASCII = "@test"
TESTFN_UNICODE = TESTFN_NONASCII = TESTFN_UNENCODABLE = TESTFN_UNDECODABLE = None
SAVEDCWD = "/"


class FakePath:
    """A path for testing."""

    def __init__(self, path):
        self.path = path

    def __repr__(self):
        return f"<FakePath {self.path!r}>"

    def __fspath__(self):
        if isinstance(self.path, BaseException) or (
            isinstance(self.path, type) and issubclass(self.path, BaseException)
        ):
            raise self.path
        return self.path


class EnvironmentVarGuard:
    """Changes variables of the environment that this program sees, for a while."""

    def __init__(self):
        self._changed = {}

    def __getitem__(self, name):
        return os.environ[name]

    def __setitem__(self, name, value):
        self._changed.setdefault(name, os.environ.get(name))
        os.environ[name] = value

    def __delitem__(self, name):
        self._changed.setdefault(name, os.environ.get(name))
        os.environ.pop(name, None)

    def set(self, name, value):
        self[name] = value

    def unset(self, *names):
        for name in names:
            del self[name]

    def keys(self):
        return os.environ.keys()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        for name, value in self._changed.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
