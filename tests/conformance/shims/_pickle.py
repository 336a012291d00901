"""`_pickle` is authority, or the interpreter: a test that uses it is skipped."""

from _shim import missing_from

__getattr__ = missing_from("_pickle")
