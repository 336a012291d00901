"""Imports, of what there is to import."""

import contextlib
import importlib
import sys
import unittest

from _shim import missing_from

__getattr__ = missing_from("import_helper")


def import_module(name, deprecated=False, *, required_on=()):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise unittest.SkipTest(str(error))


def import_fresh_module(name, fresh=(), blocked=(), deprecated=False):
    saved = {
        n: m for n, m in list(sys.modules.items())
        if n == name or n in fresh or n in blocked or n.startswith(name + ".")
    }  # fmt: skip
    for n in saved:
        del sys.modules[n]
    for n in blocked:
        sys.modules[n] = None
    try:
        for n in fresh:
            try:
                __import__(n)
            except ImportError:
                return None
        try:
            return importlib.import_module(name)
        except ImportError:
            return None
    finally:
        for n in (name, *fresh, *blocked):
            sys.modules.pop(n, None)
        sys.modules.update(saved)


@contextlib.contextmanager
def isolated_modules():
    yield


class CleanImport:
    def __init__(self, *names, usefrozen=False):
        raise unittest.SkipTest("CleanImport")


def ensure_lazy_imports(*args, **kwargs):
    raise unittest.SkipTest("lazy imports")
