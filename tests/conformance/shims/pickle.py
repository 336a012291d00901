"""`pickle`: reaches any class by name, so no program is granted it."""

from _shim import missing_from

__getattr__ = missing_from("pickle")
HIGHEST_PROTOCOL = -1
DEFAULT_PROTOCOL = 4


class PickleError(Exception):
    pass


class PicklingError(PickleError):
    pass


class UnpicklingError(PickleError):
    pass
