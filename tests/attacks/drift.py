"""What a newer Python brings: attributes, builtins, modules and syntax nobody has listed."""

from __future__ import annotations

import sys
from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="version drift", pit=12)

CASES: list[Case] = [
    # Attributes that arrived with one version or another; each leads out.
    case(
        "code-qualname-3.11",
        "compile('1', 'x', 'eval').co_qualname",
        value="<module>",
    ),
    case(
        "code-positions-3.11",
        "compile('1', 'x', 'eval').co_positions()",
        raises="AttributeError",
        about="co_positions",
    ),
    case(
        "code-names-hold-no-guard",
        "c = compile('def f(a): return a.b[0]', 'x', 'exec')\nc.co_names",
        raises="AttributeError",
        about="co_names",
    ),
    case(
        "code-exception-table-3.11",
        "compile('1', 'x', 'eval').co_exceptiontable",
        raises="AttributeError",
        about="co_exceptiontable",
    ),
    case(
        "object-getstate-3.11",
        "(lambda: 0).__getstate__()",
        raises="TypeError",
        about="cannot pickle",
    ),
    case(
        "exception-getstate-3.11",
        "ValueError().__getstate__()",
        value=None,
    ),
    case(
        "coroutine-origin-3.7",
        "async def f(): pass\nc = f()\ntry:\n c.cr_origin\nfinally:\n c.close()",
        raises="AttributeError",
        about="cr_origin",
    ),
    case(
        "async-generator-await-3.6",
        "async def f(): yield\ngetattr(f(), 'ag_await')",
        raises="AttributeError",
        about="ag_await",
    ),
    case(
        "generator-suspended-is-data",
        "(i for i in 'a').gi_suspended is False or 'absent'",
        value=True,
    ),
    case(
        "function-annotate-3.14",
        "getattr((lambda: 0), '__annotate__', None)",
        value=None,
    ),
    case(
        "class-annotate-func-3.14",
        "int.__annotate_func__",
        raises="AttributeError",
        about="__annotate_func__",
    ),
    case(
        "module-annotate-3.14",
        "getattr(__import__('math'), '__annotate__', None)",
        value=None,
    ),
    case(
        "frame-generator-3.14",
        "(i for i in 'a').gi_frame.f_generator",
        raises="AttributeError",
        about="f_generator",
    ),
    case(
        "operator-call-3.11",
        "import operator\noperator.call(getattr, lambda: 0, '__globals__')",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "aiter-and-anext-3.10",
        "async def g(): yield 1\naiter(g()).ag_frame.f_builtins",
        raises="AttributeError",
        about="f_builtins",
    ),
    case("exception-add-note-3.11", "e = ValueError()\ne.add_note('n')\ne.__notes__", value=["n"]),
    case(
        "exception-group-derive-3.11",
        "g = ExceptionGroup('g', [ValueError()])\ng.derive.__self__ is g",
        value=True,
    ),
    # From 3.12 on C code asks the host's `typing` what to make of parameters of types; of a text it
    # makes a ForwardRef, which evaluates the text in the host.
    *(
        case(
            f"forward-reference-of-the-host-{name}",
            f"""
            import operator
            def of_the_host(a):
                try:
                    type(a).probe = 1  # a class of the guest's own takes attributes
                except (AttributeError, TypeError):
                    return hasattr(a, 'evaluate') or hasattr(a, '_evaluate')
            def part(made):
                args = getattr(made, '__args__', (made,))
                return [type(a).__name__ for a in args if of_the_host(a)]
            class P:
                def __typing_subst__(self, a): return '1 + 1'
                def __or__(self, other): return list[self] | other
            U = type(int | str)
            r = []
            try:
                space = {{'U': U, 'P': P, 'operator': operator}}
                exec({src!r}, space)
                r = part(space.get('made'))
            except (TypeError, SyntaxError, AttributeError):
                pass
            r
            """,
            value=[],
        )
        for name, src in (
            ("parameter-or-text", "def f[T](): pass\nmade = f.__type_params__[0] | '1 + 1'"),
            ("text-or-parameter", "def f[T](): pass\nmade = '1 + 1' | f.__type_params__[0]"),
            ("list-of-parameter", "def f[T](): pass\nmade = list[f.__type_params__[0]]['1 + 1']"),
            ("generic-class", "class C[T]: pass\nmade = C['1 + 1']"),
            ("alias", "type X[T] = list[T]\nmade = X['1 + 1']"),
            ("alias-or-text", "type X = int\nmade = X | '1 + 1'"),
            ("union-of-text", "made = U['1 + 1', int]"),
            ("union-of-one-text", "made = U['1 + 1']"),
            ("union-by-name", "k = '1 + 1'\nmade = U[k]"),
            ("union-by-operator", "made = operator.getitem(U, ('1 + 1', int))"),
            ("union-by-method", "made = U.__class_getitem__(('1 + 1', int))"),
            ("union-by-key", "made = sorted([('1 + 1', int)], key=U.__class_getitem__)[0]"),
            ("member-that-gives-a-text", "made = (list[P()] | int)['a']"),
            ("member-by-method", "made = (list[P()] | int).__getitem__('a')"),
            ("member-by-key", "made = [*map((list[P()] | int).__getitem__, ['a'])][0]"),
        )
    ),
    # Modules of the interpreter's own.
    *(
        case(
            f"module-{name.strip('_')}",
            f"try:\n    import {name}\n    r = 'imported'\nexcept ImportError:\n    r = 'refused'\nr",
            value="refused",
        )
        for name in (
            "_xxsubinterpreters",
            "_interpreters",
            "_interpchannels",
            "_testinternalcapi",
            "_posixsubprocess",
            "_socket",
            "_ctypes",
            "_remote_debugging",
            "_opcode",
            "_symtable",
            "posix",
            "nt",
            "mmap",
            "fcntl",
            "resource",
            "subprocess",
            "multiprocessing",
            "concurrent.interpreters",
        )
    ),
    # Nothing of the real builtins that the table does not name.
    *(
        case(f"builtin-{name.strip('_')}", name, raises="NameError", about=name)
        for name in (
            "copyright",
            "credits",
            "exit",
            "quit",
            "license",
            "reload",
            "execfile",
            "unicode",
            "__lazy_import__",
        )
    ),
    case("input-has-no-terminal", "input()", raises="PermissionError"),
    case("breakpoint-has-no-debugger", "breakpoint()", raises="PermissionError"),
]

# Syntax of a later version is refused as the syntax of this one, never half understood.
LATER = [
    ((3, 12), "type-statement", "type X = int"),
    ((3, 12), "type-parameters", "def f[T](x: T): pass"),
    ((3, 12), "quotes-in-f-strings", "f'{'a'}'"),
    ((3, 14), "template-strings", "t'{1}'"),
    ((3, 14), "except-without-parentheses", "try: pass\nexcept A, B: pass"),
    ((3, 15), "lazy-import", "lazy import math"),
    ((3, 15), "unpacking-comprehension", "[*x for x in [[1]]]"),
]
CASES += [
    case(f"syntax-{name}", src, refused="CAP1")
    for version, name, src in LATER
    if sys.version_info < version
]
