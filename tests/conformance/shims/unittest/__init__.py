"""A small `unittest` that runs as guest code and as plain Python alike: assertions, skips and nothing
that needs a file, a thread or a process."""

import re
import sys
import warnings


class SkipTest(Exception):
    """The test cannot run here."""


class _Outcome(Exception):
    pass


def skip(reason):
    """Marks a test or a class of tests as skipped."""

    def mark(item):
        try:
            item.__unittest_skip__ = True
            item.__unittest_skip_why__ = reason
        except (AttributeError, TypeError):
            pass
        return item

    if callable(reason) and not isinstance(reason, str):
        item, reason = reason, ""
        return mark(item)
    return mark


def skipIf(condition, reason):
    return skip(reason) if condition else (lambda item: item)


def skipUnless(condition, reason):
    return skipIf(not condition, reason)


def expectedFailure(item):
    item.__unittest_expecting_failure__ = True
    return item


class _Raises:
    def __init__(self, case, expected, regex=None, msg=None):
        self.case, self.expected, self.regex, self.msg = case, expected, regex, msg
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            raise self.case.failureException(f"{self.expected} not raised")
        if not issubclass(kind, self.expected):
            return False
        self.exception = error.with_traceback(None)
        if self.regex is not None and not re.search(self.regex, str(error)):
            raise self.case.failureException(f"{self.regex!r} does not match {str(error)!r}")
        return True


class _Warns:
    def __init__(self, case, expected, regex=None, msg=None):
        self.case, self.expected, self.regex = case, expected, regex

    def __enter__(self):
        for module in list(sys.modules.values()):
            if getattr(module, "__warningregistry__", None):
                module.__warningregistry__ = {}
        self._catch = warnings.catch_warnings(record=True)
        self.warnings = self._catch.__enter__()
        warnings.simplefilter("always", self.expected if isinstance(self.expected, type) else Warning)
        return self

    def __exit__(self, kind, error, traceback):
        self._catch.__exit__(kind, error, traceback)
        if kind is not None:
            return
        first = None
        for found in self.warnings:
            if not isinstance(found.message, self.expected):
                continue
            first = first or found.message
            if self.regex is not None and not re.search(self.regex, str(found.message)):
                continue
            self.warning, self.filename, self.lineno = found.message, found.filename, found.lineno
            return
        if first is not None:
            raise self.case.failureException(f"{self.regex!r} does not match {str(first)!r}")
        raise self.case.failureException(f"{self.expected} not triggered")


class _SubTest:
    def __init__(self, case):
        self.case = case

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None and issubclass(kind, SkipTest):
            self.case._subskips += 1
            return True
        return False


class TestCase:
    """One test: a method of a subclass whose name starts with `test`."""

    failureException = AssertionError
    longMessage = True
    maxDiff = None
    _classSetupFailed = False

    def __init__(self, methodName="runTest"):
        self._testMethodName = methodName
        self._cleanups = []
        self._subskips = 0

    def __init_subclass__(cls, *args, **kwargs):
        super().__init_subclass__(*args, **kwargs)

    def setUp(self):
        pass

    def tearDown(self):
        pass

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    @classmethod
    def addClassCleanup(cls, function, /, *args, **kwargs):
        pass

    @classmethod
    def enterClassContext(cls, cm):
        return cm.__enter__()

    def id(self):
        return f"{type(self).__module__}.{type(self).__qualname__}.{self._testMethodName}"

    def shortDescription(self):
        return None

    def addCleanup(self, function, /, *args, **kwargs):
        self._cleanups.append((function, args, kwargs))

    def enterContext(self, cm):
        result = cm.__enter__()
        self.addCleanup(cm.__exit__, None, None, None)
        return result

    def doCleanups(self):
        while self._cleanups:
            function, args, kwargs = self._cleanups.pop()
            function(*args, **kwargs)

    def addTypeEqualityFunc(self, typeobj, function):
        pass

    def subTest(self, msg=None, **params):
        return _SubTest(self)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def fail(self, msg=None):
        raise self.failureException(msg)

    def _check(self, condition, msg, standard):
        if not condition:
            raise self.failureException(f"{standard()} : {msg}" if msg else standard())

    def assertTrue(self, expr, msg=None):
        self._check(expr, msg, lambda: f"{expr!r} is not true")

    def assertFalse(self, expr, msg=None):
        self._check(not expr, msg, lambda: f"{expr!r} is not false")

    def assertEqual(self, first, second, msg=None):
        self._check(first == second, msg, lambda: f"{first!r} != {second!r}")

    assertListEqual = assertTupleEqual = assertSetEqual = assertDictEqual = assertEqual
    assertMultiLineEqual = assertEquals = assertEqual

    def assertSequenceEqual(self, first, second, msg=None, seq_type=None):
        if seq_type is not None:
            self.assertIsInstance(first, seq_type)
            self.assertIsInstance(second, seq_type)
        if first == second:
            return
        self.assertEqual(len(first), len(second), msg)
        for a, b in zip(first, second):
            self.assertEqual(a, b, msg)

    def assertNotEqual(self, first, second, msg=None):
        self._check(first != second, msg, lambda: f"{first!r} == {second!r}")

    def assertIs(self, first, second, msg=None):
        self._check(first is second, msg, lambda: f"{first!r} is not {second!r}")

    def assertIsNot(self, first, second, msg=None):
        self._check(first is not second, msg, lambda: f"{first!r} is {second!r}")

    def assertIsNone(self, obj, msg=None):
        self._check(obj is None, msg, lambda: f"{obj!r} is not None")

    def assertIsNotNone(self, obj, msg=None):
        self._check(obj is not None, msg, lambda: "unexpectedly None")

    def assertIn(self, member, container, msg=None):
        self._check(member in container, msg, lambda: f"{member!r} not found in {container!r}")

    def assertNotIn(self, member, container, msg=None):
        self._check(member not in container, msg, lambda: f"{member!r} found in {container!r}")

    def assertIsInstance(self, obj, cls, msg=None):
        self._check(isinstance(obj, cls), msg, lambda: f"{obj!r} is not an instance of {cls!r}")

    def assertNotIsInstance(self, obj, cls, msg=None):
        self._check(not isinstance(obj, cls), msg, lambda: f"{obj!r} is an instance of {cls!r}")

    def assertIsSubclass(self, cls, superclass, msg=None):
        self._check(issubclass(cls, superclass), msg, lambda: f"{cls!r} is not a subclass")

    def assertNotIsSubclass(self, cls, superclass, msg=None):
        self._check(not issubclass(cls, superclass), msg, lambda: f"{cls!r} is a subclass")

    def assertHasAttr(self, obj, name, msg=None):
        self._check(hasattr(obj, name), msg, lambda: f"{obj!r} has no attribute {name!r}")

    def assertNotHasAttr(self, obj, name, msg=None):
        self._check(not hasattr(obj, name), msg, lambda: f"{obj!r} has attribute {name!r}")

    def assertStartsWith(self, s, prefix, msg=None):
        self._check(s.startswith(prefix), msg, lambda: f"{s!r} does not start with {prefix!r}")

    def assertNotStartsWith(self, s, prefix, msg=None):
        self._check(not s.startswith(prefix), msg, lambda: f"{s!r} starts with {prefix!r}")

    def assertEndsWith(self, s, suffix, msg=None):
        self._check(s.endswith(suffix), msg, lambda: f"{s!r} does not end with {suffix!r}")

    def assertNotEndsWith(self, s, suffix, msg=None):
        self._check(not s.endswith(suffix), msg, lambda: f"{s!r} ends with {suffix!r}")

    def assertLess(self, a, b, msg=None):
        self._check(a < b, msg, lambda: f"{a!r} not less than {b!r}")

    def assertLessEqual(self, a, b, msg=None):
        self._check(a <= b, msg, lambda: f"{a!r} not less than or equal to {b!r}")

    def assertGreater(self, a, b, msg=None):
        self._check(a > b, msg, lambda: f"{a!r} not greater than {b!r}")

    def assertGreaterEqual(self, a, b, msg=None):
        self._check(a >= b, msg, lambda: f"{a!r} not greater than or equal to {b!r}")

    def assertAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        if first == second:
            return
        difference = abs(first - second)
        if delta is not None:
            self._check(difference <= delta, msg, lambda: f"{first!r} != {second!r}")
        else:
            self._check(round(difference, 7 if places is None else places) == 0, msg,
                        lambda: f"{first!r} != {second!r}")  # fmt: skip

    def assertNotAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        if delta is not None:
            self._check(first != second and abs(first - second) > delta, msg, lambda: "almost equal")
        else:
            self._check(first != second and round(abs(first - second), 7 if places is None else places),
                        msg, lambda: "almost equal")  # fmt: skip

    def assertCountEqual(self, first, second, msg=None):
        rest = list(second)
        for x in first:
            self._check(x in rest, msg, lambda: f"{x!r} is too many")
            rest.remove(x)
        self._check(not rest, msg, lambda: f"{rest!r} are missing")

    def assertRegex(self, text, expected, msg=None):
        self._check(re.search(expected, text), msg, lambda: f"{expected!r} not found in {text!r}")

    def assertNotRegex(self, text, unexpected, msg=None):
        self._check(not re.search(unexpected, text), msg, lambda: f"{unexpected!r} matches {text!r}")

    def assertRaises(self, expected, *args, **kwargs):
        context = _Raises(self, expected)
        if not args:
            return context
        function, *args = args
        with context:
            function(*args, **kwargs)

    def assertRaisesRegex(self, expected, regex, *args, **kwargs):
        context = _Raises(self, expected, regex)
        if not args:
            return context
        function, *args = args
        with context:
            function(*args, **kwargs)

    def assertWarns(self, expected, *args, **kwargs):
        context = _Warns(self, expected)
        if not args:
            return context
        function, *args = args
        with context:
            function(*args, **kwargs)

    def assertWarnsRegex(self, expected, regex, *args, **kwargs):
        context = _Warns(self, expected, regex)
        if not args:
            return context
        function, *args = args
        with context:
            function(*args, **kwargs)

    def assertLogs(self, logger=None, level=None):
        raise SkipTest("assertLogs")

    assertNoLogs = assertLogs
    assertRaisesRegexp = assertRaisesRegex
    failUnless = assert_ = assertTrue


class IsolatedAsyncioTestCase(TestCase):
    """Tests that are coroutines, on one loop for each."""

    loop_factory = None

    def __init__(self, methodName="runTest"):
        super().__init__(methodName)
        self._runner = None

    async def asyncSetUp(self):
        pass

    async def asyncTearDown(self):
        pass

    def addAsyncCleanup(self, function, /, *args, **kwargs):
        self.addCleanup(lambda: self._run(function(*args, **kwargs)))

    async def enterAsyncContext(self, cm):
        result = await cm.__aenter__()
        self.addAsyncCleanup(cm.__aexit__, None, None, None)
        return result

    def _run(self, coroutine):
        import asyncio
        import contextvars

        if self._runner is None:
            self._runner = asyncio.Runner(loop_factory=self.loop_factory)
            self._context = contextvars.copy_context()
        return self._runner.run(coroutine, context=self._context)

    def _call(self, function):
        self._run(self.asyncSetUp())
        try:
            found = function()
            if hasattr(found, "__await__"):
                self._run(found)
        finally:
            self._run(self.asyncTearDown())

    def doCleanups(self):
        super().doCleanups()
        if self._runner is not None:
            self._runner.close()


class FunctionTestCase(TestCase):
    """A function as a test."""


class TestSuite(list):
    """Tests in a row; nobody runs it here."""

    def __init__(self, tests=()):
        super().__init__(tests)

    addTest = list.append


class TestLoader:
    """Would find tests."""

    def loadTestsFromTestCase(self, case):
        return TestSuite()

    loadTestsFromModule = loadTestsFromTestCase


defaultTestLoader = TestLoader()


def makeSuite(*args, **kwargs):
    return TestSuite()


def main(*args, **kwargs):
    """Tests are run one by one, by `run_one`."""


def _cases(module):
    """The classes of tests of a module, by name."""
    return {
        name: value
        for name, value in vars(module).copy().items()
        if isinstance(value, type)
        and issubclass(value, TestCase)
        and value is not TestCase
        and value.__name__ not in ("IsolatedAsyncioTestCase", "FunctionTestCase")
    }


def list_tests(module):
    """(class, method) of every test."""
    found = []
    for name, case in _cases(module).items():
        found += [(name, m) for m in dir(case) if m.startswith("test") and callable(getattr(case, m))]
    return found


_ready = {}


def _short(error):
    try:
        return str(error)[:300]
    except Exception:
        return "?"


def run_one(module, name, method):
    """Run one test. Gives "ok", "skip: why" or "error: type: text"."""
    case = _cases(module)[name]
    function = getattr(case, method)
    for item in (case, function):
        if getattr(item, "__unittest_skip__", False):
            return "skip: " + str(getattr(item, "__unittest_skip_why__", ""))
    try:
        if case not in _ready:
            setup = getattr(module, "setUpModule", None)
            if setup is not None and module not in _ready:
                _ready[module] = True
                setup()
            _ready[case] = True
            case.setUpClass()
        test = case(method)
        try:
            test.setUp()
            try:
                if isinstance(test, IsolatedAsyncioTestCase):
                    test._call(getattr(test, method))
                    result = None
                else:
                    result = getattr(test, method)()
                if result is not None and hasattr(result, "close"):
                    result.close()
                    raise SkipTest("a coroutine")
            finally:
                test.tearDown()
        finally:
            test.doCleanups()
    except SkipTest as error:
        return "skip: " + _short(error)
    except PermissionError as error:
        if "not granted" in _short(error):
            return "skip: " + _short(error)
        return f"error: PermissionError: {_short(error)}"
    except BaseException as error:
        if getattr(function, "__unittest_expecting_failure__", False):
            return "ok"
        return f"error: {type(error).__name__}: {_short(error)}"
    return "ok"


# `unittest.case` is where some look for what is here.
case = sys.modules[__name__]
