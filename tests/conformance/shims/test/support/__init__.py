"""`test.support`: the helpers that need no authority."""

import contextlib
import functools
import io
import re
import sys
import unittest

from _shim import Missing, missing_from

_fallback = missing_from("test.support")
verbose = False
failfast = False
use_resources = None
max_memuse = 0
Py_DEBUG = Py_GIL_DISABLED = False
is_jython = is_android = is_emscripten = is_wasi = is_apple = is_apple_mobile = False
MS_WINDOWS = False
has_fork_support = has_subprocess_support = has_socket_support = False
HAVE_DOCSTRINGS = True
MISSING_C_DOCSTRINGS = False
MAX_Py_ssize_t = sys.maxsize
_1M, _1G, _2G, _4G = 1024 * 1024, 1024**3, 2 * 1024**3, 4 * 1024**3
SHORT_TIMEOUT = LONG_TIMEOUT = LOOPBACK_TIMEOUT = INTERNET_TIMEOUT = 30.0
PIPE_MAX_SIZE = 4 * 1024 * 1024
EXCEEDS_RECURSION_LIMIT = 5000
C_RECURSION_LIMIT = 1000
Py_C_RECURSION_LIMIT = 1000
NHASHBITS = sys.hash_info.width
TEST_MODULES_ENABLED = False
SKIP_TESTS = ()
check_sanitizer = lambda **kwargs: False
TESTFN = "@test"


class Error(Exception):
    """Base class for regression test exceptions."""


class TestFailed(Error):
    """Test failed."""


class ResourceDenied(unittest.SkipTest):
    """A resource is not enabled."""


def __getattr__(name):
    return _fallback(name)


def _same(item=None, *args, **kwargs):
    if item is None or isinstance(item, str):
        return lambda item: item
    return item


cpython_only = impl_detail = refcount_test = requires_docstrings = _same
requires_IEEE_754 = requires_specialization = requires_specialization_ft = _same
no_tracing = no_Instrumentation = force_not_colorized = without_optimizer = _same
reset_code_meta = thread_unsafe = skip_if_pgo_task = requires_gil_enabled = _same
suppress_immortalization = skip_on_s390x = skip_if_unlimited_stack_size = _same
force_not_colorized_test_class = skip_emscripten_stack_overflow = _same
skip_wasi_stack_overflow = requires_limited_api = _same


def skip_if_sanitizer(*args, **kwargs):
    return lambda item: item


class suppress_immortalization(contextlib.ContextDecorator):
    """A context and a decorator that does nothing here."""

    def __init__(self, *args):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return False


def check_impl_detail(**guards):
    return guards.get("cpython", not guards)


def is_resource_enabled(resource):
    return False


def requires(resource, msg=None):
    raise ResourceDenied(msg or resource)


def requires_resource(resource):
    return unittest.skip(f"resource {resource!r}")


def bigmemtest(*args, **kwargs):
    return unittest.skip("memory")


bigaddrspacetest = unittest.skip("memory")


def gc_collect():
    pass


@contextlib.contextmanager
def disable_gc():
    yield


@contextlib.contextmanager
def captured_output(name):
    original = getattr(sys, name)
    setattr(sys, name, io.StringIO())
    try:
        yield getattr(sys, name)
    finally:
        setattr(sys, name, original)


def captured_stdout():
    return captured_output("stdout")


def captured_stderr():
    return captured_output("stderr")


def captured_stdin():
    return captured_output("stdin")


@contextlib.contextmanager
def swap_attr(obj, attr, new):
    if hasattr(obj, attr):
        real = getattr(obj, attr)
        setattr(obj, attr, new)
        try:
            yield real
        finally:
            setattr(obj, attr, real)
    else:
        setattr(obj, attr, new)
        try:
            yield
        finally:
            if hasattr(obj, attr):
                delattr(obj, attr)


@contextlib.contextmanager
def swap_item(obj, item, new):
    if item in obj:
        real = obj[item]
        obj[item] = new
        try:
            yield real
        finally:
            obj[item] = real
    else:
        obj[item] = new
        try:
            yield
        finally:
            obj.pop(item, None)


@contextlib.contextmanager
def infinite_recursion(max_depth=None):
    yield


@contextlib.contextmanager
def set_recursion_limit(limit):
    raise unittest.SkipTest("sys.setrecursionlimit")
    yield


def get_recursion_depth():
    return 1


def get_recursion_available():
    return 900


def check_syntax_error(testcase, statement, errtext="", *, lineno=None, offset=None):
    with testcase.assertRaisesRegex(SyntaxError, errtext) as cm:
        compile(statement, "<test string>", "exec")
    err = cm.exception
    testcase.assertIsNotNone(err.lineno)
    if lineno is not None:
        testcase.assertEqual(err.lineno, lineno)
    testcase.assertIsNotNone(err.offset)
    if offset is not None:
        testcase.assertEqual(err.offset, offset)


def check_free_after_iterating(test, iter, cls, args=()):
    raise unittest.SkipTest("finalisers")


def check_disallow_instantiation(testcase, tp, *args, **kwds):
    testcase.assertRaisesRegex(TypeError, "cannot create", tp, *args, **kwds)


def check_sizeof(test, o, size):
    raise unittest.SkipTest("sizes of objects")


def sortdict(d):
    return "{" + ", ".join(["%r: %r" % item for item in sorted(d.items())]) + "}"


def run_in_subinterp(code):
    raise unittest.SkipTest("interpreters")


def run_unittest(*classes):
    pass


run_doctest = run_code = Missing("test.support.run_doctest")


def run_with_locale(*args):
    return unittest.skip("locale")


run_with_locales = run_with_locale


def run_with_tz(tz):
    return unittest.skip("time zones")


@contextlib.contextmanager
def adjust_int_max_str_digits(max_digits):
    raise unittest.SkipTest("sys.set_int_max_str_digits")
    yield


def iter_builtin_types():
    import builtins

    for value in vars(builtins).copy().values():
        if isinstance(value, type):
            yield value


def python_is_optimized():
    return True


def requires_subprocess():
    return unittest.skip("subprocess")


def requires_fork():
    return unittest.skip("fork")


def requires_working_socket(*, module=False):
    if module:
        return None  # those of its tests that use sockets say so when they do
    return unittest.skip("sockets")


def requires_zlib(reason="requires zlib"):
    return lambda item: item


def anticipate_failure(condition):
    return unittest.expectedFailure if condition else (lambda f: f)


def requires_mac_ver(*version):
    return lambda item: item


def skip_unless_bind_unix_socket(item):
    return unittest.skip("sockets")(item)


@contextlib.contextmanager
def patch_list(orig):
    saved = orig[:]
    try:
        yield
    finally:
        orig[:] = saved


@contextlib.contextmanager
def catch_unraisable_exception():
    raise unittest.SkipTest("sys.unraisablehook")
    yield


class _AlwaysEq:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


class _NeverEq:
    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True

    def __hash__(self):
        return 1


ALWAYS_EQ, NEVER_EQ = _AlwaysEq(), _NeverEq()


@functools.total_ordering
class _Largest:
    def __eq__(self, other):
        return isinstance(other, _Largest)

    def __lt__(self, other):
        return False


@functools.total_ordering
class _Smallest:
    def __eq__(self, other):
        return isinstance(other, _Smallest)

    def __gt__(self, other):
        return False


LARGEST, SMALLEST = _Largest(), _Smallest()


def detect_api_mismatch(ref_api, other_api, *, ignore=()):
    missing = set(dir(ref_api)) - set(dir(other_api)) - set(ignore)
    return {m for m in missing if not m.startswith("_") or m.endswith("__")}


def check__all__(test_case, module, name_of_module=None, extra=(), not_exported=()):
    raise unittest.SkipTest("names of modules")


def maybe_get_event_loop_policy():
    return None


def set_memlimit(limit):
    pass


def calcobjsize(fmt):
    return 0


calcvobjsize = calcobjsize


class Matcher:
    """Matches dictionaries."""


def missing_compiler_executable(names=()):
    return None


def late_deletion(obj):
    pass


def linked_to_musl():
    return False


class EqualToForwardRef:
    """Equal to a forward reference with the same text."""

    def __init__(self, arg, *, module=None, owner=None, is_class=False):
        self.arg = arg

    def __eq__(self, other):
        return getattr(other, "__forward_arg__", None) == self.arg


def subTests(arg_names, arg_values, /, *, _do_cleanups=False):
    """Run a test with each of several values of some of its parameters."""
    names = arg_names.replace(",", " ").split() if isinstance(arg_names, str) else arg_names
    single = isinstance(arg_names, str) and len(names) == 1
    each = [dict(zip(names, (v,) if single else v)) for v in arg_values]

    def decorator(test):
        @functools.wraps(test)
        def wrapper(self, /, *args, **kwargs):
            for given in each:
                with self.subTest(**given):
                    test(self, *args, **kwargs, **given)
                if _do_cleanups:
                    self.doCleanups()

        return wrapper

    return decorator
