"""What is evaluated or asked for late: annotations, bounds and values, hooks of classes, of matches and
of generators. Each must run as the guest's own code, through the guards, in its turn."""

from __future__ import annotations

import sys
from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="metaclass", pit=6)

#: An expression that is denied, and what its error names.
_DENIED = "(i for i in 'a').gi_frame.f_builtins"

CASES: list[Case] = [
    # A namespace for a class body that lies.
    case("prepare-that-answers-every-name",
         "class N(dict):\n    def __missing__(s, k): log.append(k); raise KeyError(k)\nlog = []\n"
         "class M(type):\n    @classmethod\n    def __prepare__(m, n, b): return N()\n"
         f"class C(metaclass=M):\n    x = [y for y in [1]]\n    try: {_DENIED}\n    except AttributeError: pass\n"
         "[n for n in log if ':' in n or n == '__builtins__']", value=[]),
    case("prepare-with-a-getitem-that-hands-out-guards",
         "class N(dict):\n    def __getitem__(s, k): return (lambda *a: (lambda *b: 'stolen')) if k[:3] == 'cap' else dict.__getitem__(s, k)\n"
         "class M(type):\n    @classmethod\n    def __prepare__(m, n, b): return N()\n"
         f"class C(metaclass=M):\n    x = {_DENIED}\n", raises="AttributeError", about="f_builtins"),
    case("prepare-with-builtins", "class M(type):\n    @classmethod\n    def __prepare__(m, n, b): return {'__builtins__': {'len': 5}}\n"
         "class C(metaclass=M):\n    x = len([1])\nC.x, '__builtins__' in vars(C)", value=(1, False)),
    case("prepare-that-is-no-mapping", "class M(type):\n    __prepare__ = classmethod(lambda *a: 5)\nclass C(metaclass=M): pass",
         raises="TypeError"),
    case("prepare-that-is-a-class", "class M(type):\n    __prepare__ = list\nclass C(metaclass=M): pass", raises="TypeError"),
    case("prepare-whose-items-lie",
         "class N(dict):\n    def items(s): return [('__del__', 1), ('cap:guest', 2)]\n    def __iter__(s): return iter(['cap:guest'])\n    def keys(s): return ['cap:guest']\n"
         "class M(type):\n    @classmethod\n    def __prepare__(m, n, b): return N()\nclass C(metaclass=M):\n    y = 1\n"
         "[n for n in vars(C) if n in ('__del__', 'cap:guest')], C.y", value=([], 1)),
    case("prepare-that-is-endless",
         "class N:\n    def __getitem__(s, k): raise KeyError(k)\n    def __setitem__(s, k, v): pass\n    def keys(s): return iter(int, 1)\n"
         "class M(type):\n    @classmethod\n    def __prepare__(m, n, b): return N()\n    def __new__(m, n, b, ns): return type.__new__(m, n, b, dict(ns))\n"
         "class C(metaclass=M): pass", raises="KeyError"),
    # Bases that are no classes.
    *(case(f"mro-entries-gives-{name}", f"class P:\n    def __mro_entries__(s, b): return ({expression},)\nclass C(P()): pass",
           raises="TypeError")
      for name, expression in {
          "a-function": "type(lambda: 0)", "a-generator-type": "type(i for i in ())", "bool": "bool", "a-code-view": "type((lambda: 0).__code__)",
          "a-capability": "type(fn)", "a-number": "5", "a-method": "type(''.join)", "a-view": "type(vars(P))",
          "super": "super", "a-cell-view": "type(globals())"}.items()),
    case("mro-entries-endless", "class P:\n    def __mro_entries__(s, b): return tuple(type('X', (), {}) for i in iter(int, 1))\nclass C(P()): pass",
         stopped=("steps", "memory")),
    case("mro-entries-is-a-class", "class P: pass\nP.__mro_entries__ = list\nclass C(P()): pass", raises="TypeError"),
    case("mro-entries-of-a-function", "def f(): pass\nf.__mro_entries__ = lambda b: (type(f),)\nclass C(f): pass", raises="TypeError"),
    # What is asked of a class when it is made, indexed or tested.
    case("set-name-is-a-class", "class D: pass\nD.__set_name__ = bytes\nclass C:\n    d = D()", raises="TypeError" if sys.version_info >= (3, 12) else "RuntimeError"),
    case("set-name-sees-no-mark",
         "class D:\n    def __set_name__(s, o, n): r.extend(k for k in vars(o) if ':' in k)\nr = []\nclass C:\n    d = D()\nr", value=[]),
    case("class-getitem-is-a-class", "class C:\n    __class_getitem__ = bytes\nC[10**9]", stopped=("steps", "memory")),
    case("class-getitem-of-a-metaclass", "class M(type):\n    __getitem__ = bytes\nclass C(metaclass=M): pass\nC[10**9]",
         stopped=("steps", "memory")),
    case("instancecheck-lies-to-a-match",
         "class M(type):\n    def __instancecheck__(c, o): return True\nclass C(metaclass=M):\n    __match_args__ = ('gi_yieldfrom',)\n"
         "match (i for i in 'a'):\n    case C(x): r = x\n    case _: r = 'no'\nr", value="no"),
    case("subclasscheck-lies-to-an-except",
         "class M(type):\n    def __subclasscheck__(c, o): return True\n    def __instancecheck__(c, o): return True\n"
         "class E(Exception, metaclass=M): pass\ntry:\n    while True: pass\nexcept E:\n    pass\nwhile True: pass", stopped="steps"),
    case("instancecheck-is-a-class", "class M(type):\n    __instancecheck__ = list\nclass C(metaclass=M): pass\nisinstance(iter(int, 1), C)",
         stopped="steps"),
    case("instancecheck-lies-about-a-capability",
         "class M(type):\n    def __instancecheck__(c, o): return True\nclass C(metaclass=M): pass\nisinstance(fn, C), type(fn) is C",
         value=(True, False)),
    case("init-subclass-is-a-class", "class B: pass\nB.__init_subclass__ = list\nclass C(B): pass", value=None),
    case("getattribute-of-a-metaclass-hides-the-mark",
         "class M(type):\n    def __getattribute__(c, n): return object\nclass C(metaclass=M): pass\n"
         f"class D(C):\n    def f(s): return {_DENIED}\nobject.__getattribute__(D(), 'f')()", raises="AttributeError", about="f_builtins"),
    # Generators and coroutines that are driven, closed and thrown into.
    case("athrow-of-a-class-that-is-none", "async def g(): yield 1\ng().athrow(list).send(None)", raises="TypeError"),
    case("athrow-a-stop",
         "async def g():\n    try:\n        yield 1\n    finally:\n        while True: pass\na = g()\n"
         "try: a.asend(None).send(None)\nexcept StopIteration: pass\na.aclose().send(None)", stopped="steps"),
    case("aclose-that-yields", "async def g():\n    try:\n        yield 1\n    finally:\n        yield 2\na = g()\n"
         "try: a.asend(None).send(None)\nexcept StopIteration: pass\na.aclose().send(None)", raises="RuntimeError"),
    case("asyncgen-hooks", "import sys\nsys.set_asyncgen_hooks(firstiter=print)", raises="PermissionError"),
    case("asyncgen-hooks-told", "import sys\nsys.get_asyncgen_hooks()", raises="PermissionError"),
    case("coroutine-wrapped-in-itself", "import types\n@types.coroutine\ndef f(): yield from c\nc = f()\nc.send(None)", raises="ValueError"),
    case("await-that-gives-a-class", "class A: pass\nA.__await__ = list\nasync def f(): await A()\nf().send(None)", raises="TypeError"),
    case("anext-that-gives-a-class",
         "class A:\n    def __aiter__(s): return s\n    __anext__ = list\nasync def f():\n    async for x in A(): pass\nf().send(None)",
         raises="TypeError"),
    case("throw-into-a-generator-of-ours", "it = zip([1])\nit.throw(ValueError)", raises="AttributeError"),
    case("yieldfrom-shows-no-iterator-of-ours",
         "def g():\n    yield from [1, 2]\nx = g()\nnext(x)\ntype(x.gi_yieldfrom).__name__, hasattr(x, 'gi_yieldfrom')", value=("list_iterator", False)),
    # Groups.
    case("group-whose-split-lies-late",
         "class G(ExceptionGroup): pass\ng = G('g', [ValueError()])\ndef kinds():\n    G.split = lambda s, t: (1, 2)\n    return ValueError\n"
         "try:\n    raise g\nexcept* kinds():\n    pass", raises="TypeError"),
    case("group-whose-derive-gives-a-text",
         "class G(ExceptionGroup):\n    def derive(s, e): return 'x'\ntry:\n    raise G('g', [ValueError(), KeyError()])\nexcept* ValueError as e:\n    r = type(e).__name__\n",
         raises="ExceptionGroup"),
    case("group-in-a-finally-hides-no-stop",
         "try:\n    while True: pass\nexcept* Exception:\n    pass\nfinally:\n    try: raise ExceptionGroup('g', [ValueError()])\n    except* ValueError: pass\nwhile True: pass",
         stopped="steps"),
    # Text that is evaluated later.
    case("hints-evaluate-as-the-guest", "import typing\nclass C:\n    x: \"(i for i in 'a').gi_frame.f_builtins\"\ntyping.get_type_hints(C)",
         raises="AttributeError", about="f_builtins"),
    case("hints-in-namespaces-of-the-hosts",
         "import typing\nclass C:\n    x: '__builtins__'\ntyping.get_type_hints(C, globalns={'__builtins__': {}})", raises="SyntaxError"),
    case("hints-of-a-lying-module", "import typing\nclass C:\n    x: 'posix'\nC.__module__ = 'os'\ntyping.get_type_hints(C)", raises="NameError"),
    case("forward-ref-with-a-module", "import typing\ntyping.get_type_hints(type('C', (), {'__annotations__': {'x': typing.ForwardRef('system', module='posix')}}))",
         raises="NameError"),
]  # fmt: skip

if sys.version_info >= (3, 12):
    CASES += [
        case(f"late-{name}-is-guarded", f"{source}", raises="AttributeError", about="f_builtins")
        for name, source in {
            "value": f"type X = {_DENIED}\nX.__value__",
            "bound": f"def f[T: {_DENIED}](): pass\nf.__type_params__[0].__bound__",
            "constraints": f"def f[T: (int, {_DENIED})](): pass\nf.__type_params__[0].__constraints__",
            "value-in-a-class": f"class C:\n    type X = {_DENIED}\nC.X.__value__",
            "value-by-a-nested-scope": f"class C[T]:\n    def f[U](s):\n        type X[V] = [{_DENIED} for _ in 'a']\n        return X\nC().f().__value__",
            "value-by-isinstance": f"type X = {_DENIED}\nisinstance(1, X.__value__)",
            "bound-by-typing": f"import typing\ndef f[T: {_DENIED}](x: T): pass\ntyping.get_type_hints(f)['x'].__bound__",
        }.items()
    ] + [
        case("late-value-that-never-ends", "type X = [0 for _ in iter(int, 1)]\nX.__value__", stopped="steps"),
        case("late-value-of-itself", "type X = X.__value__\nX.__value__", stopped="depth"),
        case("late-value-keeps-its-names", "x = 1\ntype X = x\nx = 2\nX.__value__", value=2),
        case("late-value-sees-no-namespace-of-ours", "type X = [n for n in dir() if ':' in n]\nX.__value__", value=[]),
    ]  # fmt: skip

if sys.version_info >= (3, 14):
    CASES += [
        case("late-annotation-is-guarded", f"def f(x: {_DENIED}): pass\nf.__annotate__(1)", raises="AttributeError", about="f_builtins"),
        case("late-annotate-of-a-class-is-guarded", f"class C:\n    x: {_DENIED}\nC.__annotate__(1)", raises="AttributeError", about="f_builtins"),
        case("late-forward-reference-is-guarded",
             "import annotationlib\nannotationlib.ForwardRef(\"(i for i in 'a').gi_frame.f_builtins\").evaluate()", raises="AttributeError", about="f_builtins"),
        case("late-forward-reference-in-namespaces-of-the-hosts",
             "import annotationlib\nannotationlib.ForwardRef('open').evaluate(globals={'__builtins__': {'open': 5}}) is open", value=True),
        case("late-annotate-is-a-class", "def f(): pass\nf.__annotate__ = list\nf.__annotations__", raises="TypeError"),
        case("late-annotate-gives-no-dictionary", "def f(): pass\nf.__annotate__ = lambda format: 5\nf.__annotations__", raises="TypeError"),
        case("late-annotate-of-the-library-is-not-set", "import json\njson.dumps.__annotate__ = lambda f: {}\njson.dumps.__annotations__", value={}),
        case("late-call-of-a-class-as-annotate", "import annotationlib\nannotationlib.call_annotate_function(bytes, 10**9)", stopped=("steps", "memory")),
        case("late-names-that-are-lacking-leave-no-trace",
             "import annotationlib\ndef f(x: Nothing): pass\nannotationlib.get_annotations(f, format=annotationlib.Format.FORWARDREF)\n'Nothing' in globals()", value=False),
        case("late-template-of-a-denied-name", f"t'{{{_DENIED}}}'", raises="AttributeError", about="f_builtins"),
        case("late-template-text-is-not-run", "from string.templatelib import Interpolation\nInterpolation(1, \"__import__('os')\").value", value=1),
    ]  # fmt: skip

# Modules of the library whose texts have not run: what waits in them is not for guests.
CASES += [
    case("late-module-shows-no-keys", "import re\n[n for n in (*re.__dict__, *dir(re), *vars(re)) if ':' in n]", value=[]),
    case("late-module-by-the-key-of-its-text", "import re\nf = getattr(re, 'cap:arrival', 0), getattr(re, 'cap:realm', 0)\nf", value=(0, 0)),
    case("late-module-past-its-class", "import re\nobject.__getattribute__(re, 'cap:arrival')", raises="AttributeError"),
    case("late-module-key-is-not-stored", "import re\nsetattr(re, 'cap:arrival', print)", raises="AttributeError"),
    case("late-module-key-by-its-names", "import re\nvars(re)['cap:arrival'] = print", raises="KeyError"),
    case("late-module-class", "import re, types\ntype(re) is types.ModuleType, type(re).__mro__ == types.ModuleType.__mro__", value=(True, True)),
    case("late-module-class-is-not-set", "import re, enum\nre.__class__ = type(enum)", raises="AttributeError"),
    case("late-module-builtins", "import re\nre.__builtins__", raises="AttributeError"),
    case("late-module-builtins-by-name", "import re\ngetattr(re, '__builtins__')", raises="AttributeError"),
    case("late-module-text-takes-no-other-module-of-the-guest's",
         "import re, sys, types\nm = types.ModuleType('enum')\nsys.modules['enum'] = m\ntry: re.compile\nexcept Exception as e: r = type(e).__name__\nr", value="AttributeError"),
    case("late-module-stop-is-not-caught", "import enum\ntry: [0 for i in range(10**7 - 100)] and enum.Enum\nexcept BaseException: pass\nwhile True: pass", stopped="steps"),
]  # fmt: skip

if sys.version_info >= (3, 15):
    CASES += [
        case(
            "lazy-import-in-a-function", "def f():\n    import posix\nf()", raises="ModuleNotFoundError"
        ),
        case("lazy-import-by-exec", "exec('lazy import ctypes\\nctypes.CDLL')", raises="ImportError"),
        case(
            "lazy-modules-name",
            "__lazy_modules__ = ['json', 'ctypes']\nimport json\ntype(json).__name__",
            value="GuestModule",
        ),
        case(
            "lazy-object-by-globals",
            "lazy import json\ntype(globals()['json']).__name__",
            value="GuestModule",
        ),
    ]
