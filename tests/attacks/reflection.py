"""Walking out by reflection: frames, code, globals, the tree of all classes."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="reflection")

# What leads out of the closed world, with an expression that has it and the name that must
# look absent. Each is asked for by a plain attribute access.
ABSENT = [
    ("generator-frame-cve-2023-37271", "(i for i in 'a').gi_frame.f_builtins", "f_builtins"),
    ("generator-code", "(i for i in 'a').gi_code.co_code", "co_code"),
    ("generator-yieldfrom", "getattr((i for i in 'a'), 'gi_yieldfrom')", "gi_yieldfrom"),
    ("function-globals", "(lambda: 0).__globals__", "__globals__"),
    ("function-code", "(lambda: 0).__code__.co_code", "co_code"),
    ("function-closure", "getattr((lambda x: lambda: x)(1), '__closure__')", "__closure__"),
    ("function-builtins", "(lambda: 0).__builtins__", "__builtins__"),
    ("builtin-self", "print.__self__", "__self__"),
    ("builtin-len-self", "len.__self__", "__self__"),
    ("builtin-type-self", "type(len).__self__", "__self__"),
    ("module-function-self", "__import__('math').sqrt.__self__", "__self__"),
    ("object-subclasses", "object.__subclasses__()", "__subclasses__"),
    ("tuple-base-subclasses", "().__class__.__base__.__subclasses__()", "__subclasses__"),
    ("mro-subclasses", "''.__class__.__mro__[-1].__subclasses__()", "__subclasses__"),
    ("type-subclasses-unbound", "type.__subclasses__(object)", "__subclasses__"),
    (
        "init-globals",
        "type('C', (), {'__init__': lambda s: None}).__init__.__globals__",
        "__globals__",
    ),
    ("slot-wrapper-of-function", "type(lambda: 0).__globals__", "__globals__"),
    ("code-of-function-type", "type(lambda: 0).__code__", "__code__"),
    ("frame-of-generator-type", "type(i for i in ()).gi_frame", "gi_frame"),
    ("lambda-globals-of-guard-free-map", "map(lambda x: x, []).__reduce__", "__reduce__"),
    (
        "method-func-globals",
        "type('C', (), {'m': lambda s: s})().m.__func__.__globals__",
        "__globals__",
    ),
    (
        "staticmethod-wrapped-globals",
        "staticmethod(lambda: 0).__wrapped__.__globals__",
        "__globals__",
    ),
    ("property-getter-globals", "property(lambda s: 0).fget.__globals__", "__globals__"),
    ("class-cell-contents", "exec('f.__closure__', {'f': (lambda x: lambda: x)(1)})", "__closure__"),
]

# Modules that no compartment has, and that the host's own `sys.modules` holds.
OUTSIDE = "{'posix', '_imp', 'gc', 'ctypes', '_io', 'threading', 'capcompiler', 'marshal', 'pickle'}"

CASES: list[Case] = [
    *(
        case(name, expression, pit=8, raises="AttributeError", about=attr)
        for name, expression, attr in ABSENT
    ),
    case(
        "coroutine-frame",
        """
        async def f(): pass
        c = f()
        try:
            c.cr_frame.f_builtins
        finally:
            c.close()
        """,
        pit=8,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "coroutine-code",
        """
        async def f(): pass
        c = f()
        try:
            c.cr_code.co_consts
        finally:
            c.close()
        """,
        pit=8,
        raises="AttributeError",
        about="co_consts",
    ),
    case(
        "async-generator-frame",
        """
        async def f(): yield 1
        f().ag_frame.f_builtins
        """,
        pit=8,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "cve-2023-37271-walk-from-a-running-generator",
        """
        def gen():
            yield g.gi_frame.f_back.f_builtins
        g = gen()
        for found in g:
            pass
        found
        """,
        pit=8,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "cve-2023-37271-comprehension",
        """
        g = None
        g = (g.gi_frame.f_back.f_builtins for _ in [1])
        [x for x in g][0]
        """,
        pit=8,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "tav-challenge-traceback-frame",
        """
        try:
            1 / 0
        except ZeroDivisionError as e:
            e.__traceback__.tb_frame.f_back.f_globals
        """,
        pit=8,
        raises="AttributeError",
    ),
    case(
        "tav-challenge-closure-of-a-capability",
        "fn.__closure__[0].cell_contents",
        pit=8,
        raises="AttributeError",
        about="__closure__",
    ),
    case(
        "tav-challenge-subclasses-to-file",
        "[c for c in object.__subclasses__() if c.__name__ == 'FileIO'][0]('/etc/passwd')",
        pit=8,
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "pysandbox-builtins-through-a-frame",
        """
        try:
            raise ValueError
        except ValueError as e:
            t = getattr(e, '__traceback__', None)
        getattr(t.tb_frame, 'f_builtins', 'nothing')
        """,
        pit=8,
        value="nothing",
    ),
    case(
        "cve-2025-5120-module-through-a-module",
        f"{OUTSIDE} & set(__import__('collections')._collections_abc.sys.modules)",
        pit=24,
        value=set(),
    ),
    case(
        "cve-2025-5120-module-under-a-private-name",
        f"{OUTSIDE} & set(__import__('collections')._sys.modules)",
        pit=24,
        value=set(),
    ),
    case(
        "module-loader-and-spec-lead-nowhere",
        """
        import math
        [getattr(math, n, None) for n in ('__loader__', '__spec__', '__builtins__', '__file__')]
        """,
        pit=24,
        value=[None, None, None, None],
    ),
    case(
        "cve-2025-9959-dunder-from-a-string",
        """
        name = '_' + '_subclasses_' + '_'
        getattr(object, name)()
        """,
        pit=6,
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "cve-2026-32640-module-reached-through-a-value",
        """
        import json
        found = [n for n in dir(json) if type(getattr(json, n)).__name__ == 'module'
                 and n not in ('decoder', 'encoder', 'scanner')]
        found
        """,
        pit=24,
        value=[],
    ),
    case(
        "cve-2024-3098-class-tree-by-comprehension",
        "[c for c in ().__class__.__bases__[0].__subclasses__() if 'wrap' in c.__name__]",
        pit=8,
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "function-type-makes-no-function",
        """
        def f(): pass
        type(f)(compile('1', 'x', 'eval'), {})
        """,
        pit=8,
        raises="TypeError",
    ),
    case(
        "code-type-makes-no-code",
        """
        c = compile('1', 'x', 'eval')
        type(c)(0, 0, 0, 0, 0, 0, b'', (), (), (), '', '', '', 0, b'', b'')
        """,
        pit=8,
        raises="TypeError",
    ),
    case(
        "code-replace",
        "compile('1', 'x', 'eval').replace",
        pit=8,
        raises="AttributeError",
        about="replace",
    ),
    case(
        "code-constants",
        "compile('1', 'x', 'eval').co_consts",
        pit=8,
        raises="AttributeError",
        about="co_consts",
    ),
    case(
        "module-type-by-type",
        """
        import math
        try:
            m = type(math)('os')
        except TypeError:
            m = None
        hasattr(m, 'environ') or hasattr(m, 'open')
        """,
        pit=8,
        value=False,
    ),
    case(
        "generator-type-makes-no-generator",
        "type(i for i in ())()",
        pit=8,
        raises="TypeError",
    ),
    case(
        "cell-type-by-closure-search",
        """
        def outer():
            x = 1
            def inner(): return x
            return inner
        sorted(n for n in dir(outer()) if n in ('__closure__', '__globals__', '__builtins__'))
        """,
        pit=8,
        value=[],
    ),
    case(
        "dir-lists-no-denied-name-of-a-class",
        "[n for n in dir(type) if n in ('__subclasses__', '__prepare__x', '__code__')]",
        pit=8,
        value=[],
    ),
    case(
        "metaclass-subclasses-by-super",
        """
        class M(type):
            def all(cls):
                return super().__subclasses__()
        class C(metaclass=M): pass
        C.all()
        """,
        pit=8,
        value=[],
    ),
    case(
        "type-of-type-call-with-metaclass-getattribute",
        "type.__getattribute__(object, '__subclasses__')()",
        pit=8,
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "object-getattribute-on-function",
        "object.__getattribute__(lambda: 0, '__globals__')",
        pit=6,
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "object-getattribute-bound-to-function",
        "(lambda: 0).__getattribute__('__globals__')",
        pit=6,
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "super-subclass-forwards-a-raw-descriptor",
        """
        class S(super): pass
        class M(type): pass
        len(S(M, M).__subclasses__(object)) > 5
        """,
        pit=8,
        raises="TypeError",
        about="base type",
    ),
    case(
        "super-subclass-forwards-reduce",
        """
        class S(super): pass
        class C(list): pass
        S(C, C()).__reduce_ex__(2)
        """,
        pit=18,
        raises="TypeError",
        about="base type",
    ),
    case(
        "super-subclass-by-type",
        """
        S = type('S', (super,), {})
        class M(type): pass
        len(getattr(S(M, M), '__subclasses__')(object)) > 5
        """,
        pit=8,
        raises="TypeError",
        about="base type",
    ),
    case(
        "super-of-a-metaclass-forwards-a-raw-descriptor",
        """
        class M(type): pass
        len(super(M, M).__subclasses__(object)) > 5
        """,
        pit=8,
        raises="TypeError",
    ),
    case(
        "super-of-a-subclass-of-property",
        """
        class P(property):
            def go(self): return super().__reduce_ex__(2)
        P().go()
        """,
        pit=8,
        raises="TypeError",
        about="cannot pickle",
    ),
    case(
        "getattribute-of-super-on-an-instance-of-it",
        """
        class M(type): pass
        super.__getattribute__(super(M, M), '__subclasses__')()
        """,
        pit=6,
        value=[],
    ),
    case(
        "metaclass-called-directly-skips-no-check",
        """
        log = []
        class M(type): pass
        C = M('C', (), {'__del__': lambda self: log.append('ran')})
        C()
        log
        """,
        pit=9,
        value=[],
    ),
    case(
        "metaclass-called-by-map-skips-no-check",
        """
        log = []
        class M(type): pass
        (C,) = map(M, ['C'], [()], [{'__del__': lambda self: log.append('ran')}])
        C()
        log
        """,
        pit=9,
        value=[],
    ),
    case(
        "metaclass-of-a-metaclass-skips-no-check",
        """
        log = []
        class MM(type): pass
        class M(type, metaclass=MM): pass
        C = MM.__call__(M, 'C', (), {'__del__': lambda self: log.append('ran')})
        C()
        log
        """,
        pit=9,
        value=[],
    ),
    case(
        "type-call-unbound-skips-no-check",
        """
        log = []
        class M(type): pass
        C = type.__call__(M, 'C', (), {'__del__': lambda self: log.append('ran')})
        C()
        log
        """,
        pit=9,
        value=[],
    ),
    case(
        "mro-entries-bring-no-foreign-base",
        """
        class B:
            def __mro_entries__(self, bases): return (type(door),)
        class C(B()): pass
        """,
        pit=8,
        raises="TypeError",
    ),
    case(
        "mro-method-brings-no-foreign-class",
        """
        class M(type):
            def mro(cls): return [cls, type(door), object]
        class C(metaclass=M): pass
        """,
        pit=8,
        raises="TypeError",
    ),
    case(
        "mro-method-takes-in-a-builtin",
        """
        class M(type):
            def mro(cls): return [cls, type(i for i in ()), object]
        class C(metaclass=M): pass
        C().gi_frame.f_builtins
        """,
        pit=8,
        raises="TypeError",
    ),
]
