"""Names that library code looks up in modules by a class's `__module__`, or evaluates."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="names in modules", pit=24)

CASES: list[Case] = [
    case(
        "singledispatch-evaluates-annotations",
        """
        try:
            from functools import singledispatch
        except ImportError:
            singledispatch = None
        def f(x): return 'plain'
        log = []
        try:
            f = singledispatch(f)
            @f.register
            def g(x: "log.append((i for i in 'a').gi_frame.f_builtins)"): return 'stolen'
        except Exception:
            pass
        log, f(1)
        """,
        value=([], "plain"),
    ),
    case(
        "singledispatch-evaluates-builtins",
        """
        try:
            from functools import singledispatch
        except ImportError:
            singledispatch = None
        def f(x): return 'plain'
        r = 'refused'
        try:
            f = singledispatch(f)
            @f.register
            def g(x: "__builtins__['__import__']('os')"): return 'stolen'
            r = 'registered'
        except Exception:
            pass
        r
        """,
        value="refused",
    ),
    case(
        "class-module-set-to-os",
        """
        class C: pass
        C.__module__ = 'os'
        repr(C)
        """,
        value="<class 'os.C'>",
    ),
    case(
        "class-module-in-the-body",
        """
        class C:
            __module__ = 'sys'
            __qualname__ = 'modules'
        C.__module__, C.__qualname__
        """,
        value=("sys", "modules"),
    ),
    case(
        "class-module-by-type",
        "C = type('path', (), {'__module__': 'os'})\nC.__module__",
        value="os",
    ),
    case(
        "function-module-set-to-sys",
        "def f(): pass\nf.__module__ = 'sys'\nf.__module__",
        value="sys",
    ),
    case(
        "namedtuple-module-argument",
        """
        try:
            from collections import namedtuple
            found = hasattr(namedtuple('environ', 'x', module='os'), 'copy')
        except ImportError:
            found = False
        found
        """,
        value=False,
    ),
    case(
        "dataclass-field-type-as-text",
        """
        log = []
        try:
            import dataclasses
            C = dataclasses.make_dataclass('C', [('x', 'log.append(1)')], module='os')
            C.__dataclass_fields__
        except (ImportError, TypeError, AttributeError):
            pass
        log
        """,
        value=[],
    ),
    case(
        "dataclass-evil-field-name",
        """
        log = []
        try:
            import dataclasses
            dataclasses.make_dataclass('C', ['x=log.append(1)'])
        except (ImportError, TypeError, ValueError, SyntaxError):
            pass
        log
        """,
        value=[],
    ),
    case(
        "typing-get-type-hints-in-a-host-module",
        """
        r = 'contained'
        try:
            import typing
            class C:
                __module__ = 'os'
                x: 'environ'
            if typing.get_type_hints(C).get('x') != {}:
                r = 'stolen'
        except (ImportError, NameError, TypeError, SyntaxError, AttributeError):
            pass
        r
        """,
        value="contained",
    ),
    case(
        "typing-forward-reference-module",
        """
        r = 'contained'
        try:
            import typing
            f = typing.ForwardRef('environ', module='os')
            if f._evaluate(None, None, recursive_guard=frozenset()) != {}:
                r = 'stolen'
        except (ImportError, NameError, TypeError, SyntaxError, AttributeError):
            pass
        r
        """,
        value="contained",
    ),
    case(
        "enum-global-by-module",
        """
        r = 'contained'
        try:
            import enum
            enum.IntEnum._convert_('E', 'os', lambda n: n == 'O_RDONLY')
            r = 'converted'
        except (ImportError, KeyError, AttributeError, TypeError, PermissionError):
            pass
        r
        """,
        value="contained",
    ),
    case(
        "copyreg-finds-by-module",
        """
        r = 'contained'
        try:
            import pickle
            r = pickle.loads(b"cos\\nsystem\\n(S'true'\\ntR.")
        except (ImportError, AttributeError, PermissionError):
            pass
        r
        """,
        value="contained",
    ),
    case(
        "modules-table-is-the-compartments",
        """
        try:
            import sys
            names = [n for n in ('attacks.hosts', 'pytest', '_pytest', 'capcompiler', 'posix',
                                 '__main__x', 'guards') if n in sys.modules]
        except ImportError:
            names = []
        names
        """,
        value=[],
    ),
    case(
        "module-name-of-a-builtin-function",
        "len.__module__ in ('builtins', None)",
        value=True,
    ),
    case(
        "module-of-a-class-is-text-not-a-module",
        "type(int.__module__).__name__",
        value="str",
    ),
    case(
        "own-name-set-to-a-host-module",
        """
        __name__ = 'os'
        class C: pass
        def f(): pass
        C.__module__, f.__module__
        """,
        value=("os", "os"),
    ),
    case(
        "warnings-registry",
        "__warningregistry__",
        raises="NameError",
        about="__warningregistry__",
    ),
]
