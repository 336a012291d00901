"""What hostile programs are made of: names, types, modules and texts that have led out of something."""

from __future__ import annotations

import importlib
import types
from functools import cache

from guards.base import is_guard_name
from guards.tables.rows import TABLE

__all__ = [
    "ATOMS", "BASES", "BINARY", "BUILTINS", "CAPABILITIES", "CARRIED", "DUNDERS", "ERRORS", "FORMATS",
    "GRANTED", "MODULES", "TEXTS", "functions_of", "names",
]  # fmt: skip

#: Names behind which frames, code, namespaces, classes and raw functions are.
CARRIED = tuple(
    """
    __class__ __base__ __bases__ __mro__ __subclasses__ __dict__ __globals__ __builtins__ __code__
    __closure__ __defaults__ __kwdefaults__ __func__ __self__ __wrapped__ __objclass__ __get__ __set__
    __getattribute__ __getattr__ __setattr__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __init__
    __new__ __call__ __module__ __init_subclass__ __subclasshook__ __set_name__ __class_getitem__
    __prepare__ __instancecheck__ __traceback__ __context__ __cause__ __notes__ __annotations__
    __type_params__ __origin__ __args__ __loader__ __spec__ __import__ __weakref__ __slots__ __doc__
    gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame
    tb_next f_back f_globals f_locals f_builtins f_code f_trace obj name path args value func keywords
    fget fset fdel gr_frame mro register cache_clear cell_contents co_consts co_code modules _getframe
    send throw close format format_map __format__ __eq__ __ror__ __rmul__ __radd__ __iter__ __next__
    __length_hint__ __index__ __hash__ __enter__ __exit__ __await__ __aiter__ __anext__ __match_args__
    __missing__ __delattr__ __del__ __copy__ __deepcopy__ __fspath__ __buffer__ __release_buffer__
    default_factory maxlen read write open __file__ __name__ __qualname__ exc_type split_ derive
    """.split()
)
#: Methods that the interpreter, C code or a guard calls.
DUNDERS = tuple(
    """
    __eq__ __hash__ __lt__ __ne__ __add__ __radd__ __iadd__ __mul__ __rmul__ __or__ __ror__ __ior__
    __mod__ __rmod__ __getitem__ __setitem__ __delitem__ __contains__ __len__ __length_hint__ __iter__
    __next__ __reversed__ __call__ __get__ __set__ __delete__ __set_name__ __getattr__
    __getattribute__ __setattr__ __delattr__ __dir__ __init__ __new__ __init_subclass__ __del__
    __repr__ __str__ __format__ __bytes__ __bool__ __int__ __float__ __index__ __round__ __enter__
    __exit__ __await__ __aiter__ __anext__ __aenter__ __aexit__ __instancecheck__ __subclasscheck__
    __subclasshook__ __class_getitem__ __prepare__ __mro_entries__ __missing__ __fspath__ __buffer__
    __reduce__ __reduce_ex__ __getstate__ __setstate__ __copy__ __deepcopy__ __sizeof__ __match_args__
    __abs__ __neg__ __pow__ __divmod__ __matmul__ __and__ __rand__ __sub__ __rsub__ __lshift__
    startswith partition split encode keys values items get pop update append copy __class__ __doc__
    __slots__ __module__ __qualname__ __annotations__ __dict__ __weakref__ __bases__ mro __name__
    """.split()
)
BASES = tuple(
    """
    object str int dict list tuple set frozenset bytes float type Exception BaseException
    KeyboardInterrupt StopIteration SystemExit GeneratorExit ValueError AttributeError ExceptionGroup
    property staticmethod classmethod super bytearray complex
    """.split()
)
ERRORS = tuple(
    """
    Exception BaseException ValueError AttributeError NameError KeyError StopIteration TypeError
    ImportError UnicodeDecodeError OSError RecursionError MemoryError KeyboardInterrupt SystemExit
    GeneratorExit ExceptionGroup
    """.split()
)
BUILTINS = tuple(
    """
    getattr hasattr setattr delattr type vars dir repr str len list tuple dict set frozenset sorted
    sum min max map filter zip enumerate iter next reversed any all isinstance issubclass callable
    hash format print exec eval compile globals locals super property staticmethod classmethod object
    int float complex bytes bytearray memoryview range slice divmod pow round abs bool ascii chr ord
    bin hex __import__ __build_class__ open input id aiter anext breakpoint cap_exec cap_eval
    cap_compile expose Capability Limits only readonly revocable quota logged confirmed seal_pair
    """.split()
)
#: Granted by `tests.attacks.hosts.caps`.
CAPABILITIES = tuple(
    """
    call swallow keep keep_callback mutate kind kinds fail fail_with_object fail_with_path
    fail_with_group fail_with_exit fail_with_cause fail_with_key fail_with_subclass refuse give_object
    give_module give_function give_method give_canary fn afn door.ping door.echo files.read_text
    files.write_text files.open db.query clock.now
    """.split()
)
GRANTED = ("door", "data", "files", "db", "clock", "fn", "afn")
MODULES = tuple(
    """
    functools operator collections itertools types copy string re json math enum abc contextlib
    datetime decimal io weakref random inspect dataclasses typing sys os warnings copyreg builtins
    contextvars fractions collections.abc heapq bisect reprlib numbers struct html gc ctypes marshal
    """.split()
)
ATOMS = (
    "None", "0", "1", "-1", "True", "2**70", "10**6", "1.5", "1j", "''", "'a'", "'abc'", "b'ab'", "[]",
    "[1, 2]", "()", "(1, 'a')", "{}", "{'a': 1}", "{1, 2}", "frozenset('ab')", "range(3)", "slice(1)",
    "...", "NotImplemented", "object()", "bytearray(b'ab')", "memoryview(b'ab')", "iter([1, 2])",
    "iter('ab')", "(i for i in 'ab')", "(lambda *a, **k: take(*a))", "map(take, [1, 2])",
    "zip([1], 'a')", "enumerate('ab')", "reversed([1])", "type(take)", "type(type)", "type(iter([]))",
    "type(None)", "type(i for i in ())", "property(take)", "staticmethod(take)", "classmethod(take)",
    "list[int]", "int | str", "[].append", "''.join", "''.format", "{}.get", "len", "print",
    "dict.__or__", "str.format_map", "type.__call__", "object.__new__", "object.__reduce_ex__",
    "float('nan')", "'a' * 1000", "[[]] * 10", "Exception('a', [])", "vars(type('T', (), {}))", "seen",
)  # fmt: skip
BINARY = tuple("+ - * / // % ** << >> & | ^ @ == != < >= in is and or".split())
#: Fields and specs of formats, with a hole for a name each.
FORMATS = (
    "{0.%s}", "{0[%s]}", "{0!r:%s}", "{0.%s.__class__}", "{0.__class__.%s}", "{:{1.%s}}", "{a.%s}",
    "{0:>1000000%.0s}", "{0!s:{0.%s}}", "{.%s}",
)  # fmt: skip
#: Texts of programs, for exec, eval, compile and children.
TEXTS = (
    "1", "x = 1", "lambda: 0", "globals()", "locals()", "__builtins__", "import sys", "f(1)", "seen",
    "(yield)", "[i for i in seen]", "take(__import__('sys').modules)", "class A: pass", "1 / 0",
    "__import__('os')", "'{0.__class__}'.format(take)", "def g(): return g.__globals__", "raise Exception(seen)",
    "while True: pass", "x = [x for x in (1, 2)]; x", "print(vars())", "\\ufeff1", "ｅｖａｌ", "f'{take!r}'",
)  # fmt: skip


@cache
def names() -> tuple[str, ...]:
    """Every name that a type of U or a table knows."""
    kinds = [*TABLE, types.FrameType, types.CodeType, types.TracebackType]
    found = {n for kind in kinds for n in (*TABLE.get(kind, ()), *dir(kind))}
    return tuple(sorted(n for n in found if n.isidentifier() and not is_guard_name(n)))


@cache
def functions_of(module: str) -> tuple[str, ...]:
    """The names that the host's module of a name has: a guest finds some of them."""
    return tuple(sorted(dir(importlib.import_module(module))))
