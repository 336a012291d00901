"""Warnings, caught and counted."""

import contextlib
import functools
import re
import sys
import warnings

from _shim import missing_from

__getattr__ = missing_from("warnings_helper")


class WarningsRecorder:
    def __init__(self, warnings_list):
        self._warnings = warnings_list
        self._last = 0

    def __getattr__(self, name):
        if len(self._warnings) > self._last:
            return getattr(self._warnings[-1], name)
        if name in ("message", "category", "filename", "lineno", "file", "line", "source"):
            return None
        raise AttributeError(name)

    @property
    def warnings(self):
        return self._warnings[self._last :]

    def reset(self):
        self._last = len(self._warnings)


@contextlib.contextmanager
def check_warnings(*filters, **kwargs):
    quiet = kwargs.get("quiet")
    if not filters:
        filters = (("", Warning),)
        if quiet is None:
            quiet = True
    frame = sys._getframe(2)
    registry = frame.f_globals.get("__warningregistry__")
    if registry:
        registry.clear()
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        yield WarningsRecorder(w)
    reraise = list(w)
    missing = []
    for msg, cat in filters:
        seen = False
        for found in reraise[:]:
            if re.match(msg, str(found.message), re.I) and issubclass(found.category, cat):
                seen = True
                reraise.remove(found)
        if not seen and not quiet:
            missing.append((msg, cat.__name__))
    if reraise:
        raise AssertionError(f"unhandled warning {reraise[0]}")
    if missing:
        raise AssertionError(f"filter {missing[0]!r} did not catch any warning")


@contextlib.contextmanager
def check_no_warnings(testcase, message="", category=Warning, force_gc=False):
    with warnings.catch_warnings(record=True) as warns:
        warnings.filterwarnings("always", message=message, category=category)
        yield
    testcase.assertEqual(warns, [])


def check_no_resource_warning(testcase):
    return check_no_warnings(testcase, category=ResourceWarning, force_gc=True)


def check_syntax_warning(testcase, statement, errtext="", *, lineno=1, offset=None):
    import unittest

    raise unittest.SkipTest("warnings of the compiler")


def ignore_warnings(*, category=Warning):
    def decorator(test):
        @functools.wraps(test)
        def wrapper(self, *args, **kwargs):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", category=category)
                return test(self, *args, **kwargs)

        return wrapper

    return decorator


@contextlib.contextmanager
def save_restore_warnings_filters():
    yield


class ignore_fork_in_thread_deprecation_warnings(contextlib.ContextDecorator):
    """Nothing here forks."""

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return False
