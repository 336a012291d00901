"""`test.support.os_helper` needs authority: a test that uses it is skipped."""

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
