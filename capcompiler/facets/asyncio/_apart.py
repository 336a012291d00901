"""What `asyncio` takes from other modules, without what it does not need of them: threads, executors,
and the making of texts for people, which is loaded when somebody asks for one."""

import importlib
import types
from _thread import _local as local

from _guard_types import _refuse

# Of `threading`


class Lock:
    """There is one thread, and nothing within it waits. A lock of `_thread` would be held for good where
    a turn is stopped that holds it."""

    def __enter__(self):
        return True

    def __exit__(self, *details):
        pass


class _Thread:
    name = "MainThread"


_thread = _Thread()


def current_thread():
    return _thread


main_thread = current_thread


# Of `concurrent.futures`


class _Future:
    def __init__(self):
        _refuse("threads were not granted: a compartment runs one turn at a time")


class _CancelledError(Exception):
    """Nothing raises it."""


class _InvalidStateError(Exception):
    """Nothing raises it."""


concurrent = types.SimpleNamespace(
    futures=types.SimpleNamespace(
        FIRST_COMPLETED="FIRST_COMPLETED",
        FIRST_EXCEPTION="FIRST_EXCEPTION",
        ALL_COMPLETED="ALL_COMPLETED",
        Future=_Future,
        CancelledError=_CancelledError,
        InvalidStateError=_InvalidStateError,
    )
)


# Of `typing`


class _Form:
    """What stands in an annotation that nobody reads."""

    def __getitem__(self, item):
        return self


Optional = Type = _Form()


def final(kind):
    return kind


# Of whole modules


class _Later:
    """A module that is imported when it is used."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        return getattr(importlib.import_module(self._name), name)


traceback, linecache = _Later("traceback"), _Later("linecache")
