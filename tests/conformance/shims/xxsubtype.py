"""`xxsubtype` is a C extension for tests of the interpreter."""

from _shim import missing_from

__getattr__ = missing_from("xxsubtype")
