"""`unittest.mock` is a library of its own: a test that uses it is skipped."""

from _shim import missing_from

__getattr__ = missing_from("unittest.mock")
