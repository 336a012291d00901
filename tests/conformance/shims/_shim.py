"""What stands for helpers that need authority: a test that uses one is skipped."""

import unittest


class Missing:
    """Skips whoever calls it; as a decorator it skips what it decorates."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and (isinstance(args[0], type) or type(args[0]) is _function):
            return unittest.skip(self._name)(args[0])
        if self._name.rpartition(".")[2].startswith(("requires", "skip", "run_with", "bigmem", "no_")):
            return self
        if self._name.startswith("unittest.mock"):
            return self
        raise unittest.SkipTest(self._name)

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Missing(f"{self._name}.{name}")

    def __enter__(self):
        raise unittest.SkipTest(self._name)

    def __exit__(self, *details):
        return False

    def __iter__(self):
        return iter(())

    def __lt__(self, other):
        return False

    __le__ = __gt__ = __ge__ = __lt__


_function = type(lambda: None)


def missing_from(module):
    """A module `__getattr__` for helpers that are not here."""

    def __getattr__(name):
        if name.startswith("__") or (
            module == "test.support" and name.endswith(("_helper", "testcase", "isolation"))
        ):
            raise AttributeError(name)  # a module: the import goes on to find it
        return Missing(f"{module}.{name}")

    return __getattr__
