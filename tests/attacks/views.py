"""Code and frames of the guest's own are views: what they tell is numbers, names and lines."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="reflection", pit=8)

#: A function with a default, a cell and a guarded access, whose code is asked for below.
_F = "def f(a, b=open, *, c=1):\n    def g(): return a.format(b)\n    return g\nc = f.__code__\n"
_FRAME = "def raising():\n    secret = open\n    1 / 0\ntry:\n    raising()\nexcept ZeroDivisionError as e:\n    t = e.__traceback__\n"

#: What a real code object has that tells of guards, hands out objects or makes new code.
_CODE_NAMES = (
    "co_code co_consts co_names co_lnotab co_lines co_linetable co_exceptiontable _co_code_adaptive "
    "co_branches co_stacksize replace __replace__ _varname_from_oparg __code__ __mode__ __slots__ "
).split()
_FRAME_NAMES = (
    "f_builtins f_trace f_trace_lines f_trace_opcodes f_generator __facts__ __outer__ __slots__"
).split()

CASES: list[Case] = [
    # What a guest says of an import error is told from what others do; the wrapper is never handed out.
    case(
        "path-of-an-import-error-is-what-was-given",
        "import copy\nk = []\ne = ImportError('x', path=k)\n"
        "e.path is k, e.__reduce__()[1:], vars(e), copy.copy(e).path is k, ImportError('x').path",
        value=(True, (("x",), {"path": []}), {}, True, None),
    ),
    case(
        "path-of-an-import-error-passes-a-setattr-as-it-is",
        "r = []\nclass E(ImportError):\n"
        "    def __setattr__(s, n, v):\n        r.append(type(v).__name__)\n        super().__setattr__(n, v)\n"
        "e = E('x', path=1)\ne.path = 'p'\nsetattr(e, 'path', e.path + 'q')\nr, e.path",
        value=(["str", "str"], "pq"),
    ),
    case(
        "path-of-an-import-error-passes-a-property-as-it-is",
        "r = []\nclass E(ImportError):\n    path = property(lambda s: 7, lambda s, v: r.append(type(v).__name__))\n"
        "e = E('x', path='p')\ne.path = 1.5\nr, e.path, hasattr(super(E, e), 'path')",
        value=(["float"], 7, True),
    ),
    case("path-of-an-import-error-has-no-descriptor", "ImportError.path", raises="AttributeError"),
    case(
        "path-of-an-import-that-failed-is-none",
        "try: import nothing_like_this\nexcept ImportError as e: r = e.path\nr",
        value=None,
    ),
    # Conversions that are done by rules of C, outside of C.
    case(
        "conversion-calls-no-class-past-its-guard",
        "r = []\nclass K:\n    __int__ = __float__ = __complex__ = __index__ = bytearray\n"
        "for f in (int, float, complex, __import__('operator').index):\n"
        "    try: f(K())\n    except TypeError as e: r.append('bytearray' in str(e))\nr",
        value=[True] * 4,
    ),
    case(
        "conversion-of-a-liar-is-exact",
        "class I(int):\n    def __add__(s, o): return 'add'\n    def __index__(s): return 7\n    __int__ = __index__\n"
        "class F(float):\n    def __pos__(s): return 'pos'\n"
        "class K:\n    def __int__(s): return I(3)\n    __index__ = __int__\n    def __float__(s): return F(1.5)\n"
        "[(x, type(x) in (int, float)) for x in (int(K()), float(K()), __import__('operator').index(K()))]",
        value=[(3, True), (1.5, True), (3, True)],
    ),
    case(
        "conversion-of-a-lie-about-its-class",
        "class K:\n    __class__ = int\n    def __int__(s): return K()\nint(K())",
        raises="TypeError",
        about="__int__ returned non-int",
    ),
    # Suggestions: names only, and paid for.
    case(
        "suggestion-from-an-endless-dir",
        "import sys\nclass K:\n    def __dir__(s): return iter(lambda: 'xyx', 1)\n"
        "try: K().xyz\nexcept AttributeError as e: sys.excepthook(type(e), e, None)",
        stopped="steps",
    ),
    case(
        "suggestion-names-no-guard",
        "import sys, io\nclass K: pass\ntry: K().cap\nexcept AttributeError as x:\n    e = x\n    e.name = 'cap:gues'\n"
        "sys.stderr = io.StringIO()\nsys.excepthook(type(e), e, None)\n'cap:guest' in sys.stderr.getvalue()",
        value=False,
    ),
    # What a class says of itself, by its descriptor.
    case(
        "class-name-set-by-its-descriptor",
        "vars(type)['__name__'].__set__(int, 'x')",
        raises="TypeError",
    ),
    case(
        "class-doc-set-by-its-descriptor", "vars(type)['__doc__'].__set__(int, 'x')", raises="TypeError"
    ),
    case(
        "descriptor-of-a-class-takes-no-other",
        "vars(type)['__name__'].__get__(7)",
        raises="TypeError",
    ),
    case(
        "method-of-a-class-takes-no-other-class",
        "class K: pass\nvars(dict)['fromkeys'].__get__(None, K)([1])",
        raises="TypeError",
    ),
    case(
        "method-of-a-class-is-charged-by-its-descriptor",
        "vars(dict)['fromkeys'].__get__(None, dict)(range(10**12))",
        stopped="steps",
    ),
    *(case(f"code-view-has-no-{n}", f"{_F}hasattr(c, {n!r})", value=False) for n in _CODE_NAMES),
    *(
        case(f"frame-view-has-no-{n}", f"{_FRAME}hasattr(t.tb_frame, {n!r})", value=False)
        for n in _FRAME_NAMES
    ),
    case(
        "code-view-names-no-guard",
        f"{_F}[n for k in ('co_varnames', 'co_cellvars', 'co_freevars') for n in getattr(c, k) if ':' in n]",
        value=[],
    ),
    case("code-view-file-has-no-serial", f"{_F}c.co_filename", value="<guest>"),
    case("code-view-runs-nothing", f"{_F}exec(c)", raises="TypeError"),
    case("code-view-evaluates-nothing", f"{_F}eval(c, {{'open': print}})", raises="TypeError"),
    case("code-view-of-a-frame-runs-nothing", f"{_FRAME}exec(t.tb_frame.f_code)", raises="TypeError"),
    case(
        "code-of-a-library-function-runs-in-no-globals-of-the-guests",
        "import json, sys\nr = []\nfor m in list(sys.modules.values()):\n"
        "    for n, v in list(vars(m).items()):\n"
        "        if hasattr(v, '__code__'):\n"
        "            try:\n                exec(v.__code__, {'open': r.append})\n"
        "            except TypeError:\n                continue\n"
        "            r.append(n)\nr",
        value=[],
    ),
    case(
        "code-of-what-a-frame-tells-of-runs-nothing",
        "import sys, functools\nr = []\ndef look(*a):\n    f = sys._getframe()\n    while f is not None:\n"
        "        try:\n            exec(f.f_code, {})\n            r.append(f.f_code.co_name)\n"
        "        except TypeError:\n            pass\n        f = f.f_back\n    return 0\n"
        "functools.reduce(look, [1, 2, 3])\nsorted([1, 2], key=functools.cmp_to_key(look))\nr",
        value=[],
    ),
    case("code-view-set", "def f(): pass\nf.__code__ = (lambda: 1).__code__", raises="AttributeError"),
    case(
        "code-view-set-by-setattr",
        "def f(): pass\nsetattr(f, '__code__', (lambda: 1).__code__)",
        raises="AttributeError",
    ),
    case(
        "code-view-set-by-object",
        "def f(): pass\nobject.__setattr__(f, '__code__', f.__code__)",
        raises="AttributeError",
    ),
    case("code-view-deleted", "def f(): pass\ndel f.__code__", raises="AttributeError"),
    case("code-view-takes-no-attribute", f"{_F}c.co_name = 'x'", raises="AttributeError"),
    case(
        "code-view-takes-no-attribute-by-object",
        f"{_F}object.__setattr__(c, 'co_name', 'x')",
        raises="AttributeError",
    ),
    case("code-view-makes-no-other", f"{_F}type(c)()", raises="TypeError"),
    case("code-view-is-no-base", f"{_F}type('K', (type(c),), {{}})", raises="TypeError"),
    case("code-view-new-by-object", f"{_F}object.__new__(type(c))", raises="TypeError"),
    case("code-view-makes-no-function", f"{_F}type(f)(c, {{}})", raises="TypeError"),
    case(
        "code-view-by-match",
        f"{_F}match c:\n case object(co_consts=x): r = x\n case _: r = None\nr",
        value=None,
    ),
    case("code-view-by-format", f"{_F}'{{0.co_consts}}'.format(c)", raises="AttributeError"),
    case(
        "code-view-by-attrgetter",
        f"import operator\n{_F}operator.attrgetter('co_consts')(c)",
        raises="AttributeError",
    ),
    case("code-view-copied", f"import copy\n{_F}copy.copy(c) is c", value=True),
    case("code-of-a-granted-function", "fn.__code__", raises="AttributeError", about="__code__"),
    case("code-of-a-builtin-of-ours", "print.__code__", raises="AttributeError", about="__code__"),
    case("code-of-a-method-of-ours", "'{}'.format.__func__.__code__", raises="AttributeError"),
    case("code-of-a-bound-builtin", "(1).__add__.__code__", raises="AttributeError", about="__code__"),
    case(
        "code-by-the-descriptor",
        "type(lambda: 0).__dict__['__code__'].__get__(print)",
        raises="KeyError",
    ),
    case(
        "frame-view-globals-are-three-texts",
        f"{_FRAME}t.tb_frame.f_globals",
        value={"__name__": "__main__", "__package__": ""},
    ),
    case(
        "frame-view-globals-are-a-copy",
        f"{_FRAME}t.tb_frame.f_globals['open'] = 5\n'open' in globals()",
        value=False,
    ),
    case("frame-view-locals-are-empty", f"{_FRAME}t.tb_next.tb_frame.f_locals", value={}),
    case("frame-view-of-a-traceback-has-no-caller", f"{_FRAME}t.tb_next.tb_frame.f_back", value=None),
    case("frame-view-cleared", f"{_FRAME}t.tb_frame.clear()\nraising.__name__", value="raising"),
    case("frame-view-takes-no-line", f"{_FRAME}t.tb_frame.f_lineno = 1", raises="AttributeError"),
    case("frame-view-makes-no-other", f"{_FRAME}type(t.tb_frame)()", raises="TypeError"),
    case(
        "frame-view-makes-no-traceback", f"{_FRAME}type(t)(None, t.tb_frame, 1, 1)", raises="TypeError"
    ),
    case(
        "frame-of-a-capability-is-not-there",
        "r = []\ntry:\n    fn(object())\nexcept Exception as e:\n    t = e.__traceback__\n"
        "    while t is not None:\n        r.append(t.tb_frame.f_code.co_filename)\n        t = t.tb_next\n"
        "set(r) <= {'<guest>'}",
        value=True,
    ),
    case(
        "frames-of-ours-are-passed-over",
        "import sys\nclass K:\n    def __getattr__(self, n):\n        f, r = sys._getframe(), []\n"
        "        while f is not None:\n            r.append(f.f_code.co_filename)\n            f = f.f_back\n"
        "        return r\nset('{0.x}'.format(K()).strip('[]').split(', '))",
        value={"'<guest>'"},
    ),
    # What an error was about, where that is not the guest's own.
    case(
        "error-is-about-no-module",
        "import math\ntry:\n    math.nothing\nexcept AttributeError as e:\n    r = e.obj\nr",
        value=None,
    ),
    case(
        "error-is-about-no-capability",
        "try:\n    fn.nothing\nexcept AttributeError as e:\n    r = e.obj\nr",
        value=None,
    ),
    case(
        "error-is-about-no-class-of-u",
        "try:\n    int.nothing\nexcept AttributeError as e:\n    r = e.obj\nr",
        value=None,
    ),
    case(
        "error-is-about-no-state-of-a-library",
        "import re, functools\nr = set()\nfor f in (lambda: re.compile('a').nothing, lambda: functools.partial(len).nothing,\n"
        "          lambda: print.nothing, lambda: (lambda: 0).__globals__, lambda: type(lambda: 0).nothing):\n"
        "    try:\n        f()\n    except AttributeError as e:\n        r.add(type(e.obj).__name__)\nr",
        value={"NoneType"},
    ),
    case(
        "error-is-about-the-guests-own",
        "class K: pass\nk = K()\ntry:\n    k.nothing\nexcept AttributeError as e:\n    r = e.obj is k\nr",
        value=True,
    ),
    case(
        "error-is-about-what-the-guest-says",
        "k = object()\nAttributeError('x', name='n', obj=k).obj is k, AttributeError('x', obj=fn).obj is fn",
        value=(True, True),
    ),
    # Mixins beside a metaclass.
    *(
        case(
            f"metaclass-takes-{name.strip('_')}-from-beside-{how}",
            source.replace("NAME", name),
            attack="metaclass",
            raises="TypeError",
        )
        for name in ("__eq__", "__hash__", "mro")
        for how, source in {
            "a-mixin": "class X:\n    def NAME(*a): return 1\nclass M(X, type): pass",
            "behind-a-mixin": "class X:\n    def NAME(*a): return 1\nclass Y(X): pass\nclass M(type, Y): pass",
            "a-mixin-later": "class X: pass\nclass M(X, type): pass\nX.NAME = lambda *a: 1",
            "behind-a-mixin-later": "class X: pass\nclass Y(X): pass\nclass M(Y, type): pass\nX.NAME = lambda *a: 1",
            "a-mixin-by-type": "class X: pass\nclass M(X, type): pass\ntype.__setattr__(X, 'NAME', 1)",
            "a-mixin-by-bases": "class E:\n    def NAME(*a): return 1\nclass X: pass\nclass M(X, type): pass\nX.__bases__ = (E,)",
            "a-base-of-a-mixin": "class E:\n    def NAME(*a): return 1\nclass B: pass\nclass X(B): pass\n"
            "class M(X, type): pass\nX.__bases__ = (E,)",
            "new-class": "import types\nclass X:\n    def NAME(*a): return 1\ntypes.new_class('M', (X, type))",
            "mro-entries": "class X:\n    def NAME(*a): return 1\nclass P:\n    def __mro_entries__(self, b): return (X,)\n"
            "class M(P(), type): pass",
        }.items()
    ),
    case("metaclass-beside-a-list", "class M(list, type): pass", attack="metaclass", raises="TypeError"),
    case(
        "metaclass-beside-an-error",
        "class M(Exception, type): pass",
        attack="metaclass",
        raises="TypeError",
    ),
    case(
        "metaclass-by-a-mixin-cannot-pass-for-str",
        "class X:\n    def __instancecheck__(c, o): return True\n    def __subclasscheck__(c, o): return True\n"
        "class M(X, type): pass\nclass K(metaclass=M): pass\n"
        "isinstance('x', K), '{0.__class__}'.format(K()), K == str, hash(K) == hash(str)",
        attack="metaclass",
        value=(True, "<class '__main__.K'>", False, False),
    ),
    # Settings that are the guest's own now.
    case("digits-below-the-least", "import sys\nsys.set_int_max_str_digits(10)", raises="ValueError"),
    case("digits-beyond-c", "import sys\nsys.set_int_max_str_digits(10**30)", raises="OverflowError"),
    case(
        "digits-raised-do-not-raise-the-interpreters",
        "import sys\nsys.set_int_max_str_digits(0)\nlen(str(10**5000))",
        raises="ValueError",
    ),
    case(
        "digits-of-a-lie",
        "import sys\nclass I(int):\n    def __index__(self): return 0\n"
        "sys.set_int_max_str_digits(I(700))\nsys.get_int_max_str_digits()",
        value=700,
    ),
    case(
        "breakpoint-hook-of-the-guests-is-guarded",
        "import sys\nsys.breakpointhook = list\nlist_of = breakpoint(iter([1, 2]))\nlist_of",
        value=[1, 2],
    ),
    # Targets of a comprehension, where no temporary of ours can be.
    case(
        "comprehension-target-item-runs-guarded",
        "r = []\n[0 for r[(i for i in 'a').gi_frame.f_builtins] in [1]]",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "comprehension-target-stores-guarded",
        "f = lambda: 0\n[0 for f.__code__ in [1]]",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "comprehension-target-is-not-held",
        "class L(list):\n    def __setitem__(self, k, v):\n        import sys\n        r.append(sys._getframe(1).f_code.co_name)\n"
        "r, n = [], [0]\ndef at():\n    n[0] += 1\n    return n[0]\nl = L()\n[0 for l[at()] in 'ab']\nset(r) <= {'<listcomp>', '<module>'}",
        value=True,
    ),
    case(
        "comprehension-target-slice-is-charged",
        "x = []\ndef at(): return 0\n[0 for x[at():] in [range(10**9)]]",
        stopped=("steps", "memory"),
    ),
    # A sequence that is matched but not looked into.
    case(
        "match-star-of-a-lying-length",
        "import collections.abc\nclass S(collections.abc.Sequence):\n    def __len__(self): return 10**9\n    def __getitem__(self, i): return i\n"
        "match S():\n    case [a, *_, b]: r = a, b\nr",
        value=(0, 10**9 - 1),
    ),
    case(
        "match-star-that-is-named-is-charged",
        "match range(10**9):\n    case [a, *rest]: r = a\nr",
        stopped=("steps", "memory"),
    ),
    # Source in other encodings.
    case(
        "source-in-an-encoding-of-python-code",
        "compile(b'# coding: idna\\nx', 'f', 'exec')",
        raises="SyntaxError",
    ),
    case(
        "source-in-a-registered-encoding",
        "import codecs\ncodecs.register(lambda n: codecs.lookup('utf-8') if n == 'evil' else None)\n"
        "compile(b'# coding: evil\\nx', 'f', 'exec')",
        raises="SyntaxError",
    ),
    case("source-in-rot13", "compile(b'# coding: rot13\\nx', 'f', 'exec')", raises="SyntaxError"),
    case(
        "source-in-a-declared-encoding-is-guarded",
        "exec(b'# coding: ascii\\n(i for i in \"a\").gi_frame.f_builtins')",
        raises="AttributeError",
        about="f_builtins",
    ),
    # What is new on faces that are like Python's: each leads to what the guest had already.
    case(
        "object-of-an-attribute-error-is-what-was-given",
        "import copy\nk = []\ne = AttributeError('x', name='n', obj=k)\nf = AttributeError('x')\nf.obj = e\n"
        "e.obj is k, f.obj is e, vars(e), copy.copy(e).obj, 'Told' in repr((e, e.args, e.__reduce__()))",
        value=(True, True, {}, None, False),
    ),
    case(
        "object-of-an-attribute-error-of-trusted-code-is-none",
        "r = []\nfor f in (lambda: [].__globals__, lambda: print.__wrapped__, lambda: len.__self__, lambda: open.a,\n"
        "          lambda: ''.join.__func__, lambda: vars(int).a, lambda: globals().a, lambda: str.format.__tamed__):\n"
        "    try: f()\n    except AttributeError as e: r.append(e.obj)\nset(r)",
        value={None},
    ),
    case(
        "object-of-an-attribute-error-has-no-descriptor", "AttributeError.obj", raises="AttributeError"
    ),
    case(
        "object-of-an-attribute-error-passes-a-setattr-as-it-is",
        "r = []\nclass E(AttributeError):\n"
        "    def __setattr__(s, n, v):\n        r.append(type(v).__name__)\n        super().__setattr__(n, v)\n"
        "e = E('x', obj=1)\ne.obj = 'p'\nsetattr(e, 'obj', e.obj + 'q')\nr, e.obj",
        value=(["str", "str"], "pq"),
    ),
    case(
        "namespace-compared-is-a-copy",
        "class E:\n    def __eq__(s, o):\n        o['len'] = 5\n        return sorted(n for n in o if n[:2] == '__' or ':' in n)\n"
        "r = globals() == E()\nr, 'len' in globals(), len('ab')",
        value=(["__doc__", "__name__", "__package__"], False, 2),
    ),
    case(
        "mapping-proxy-hides-its-mapping",
        "import types\np = types.MappingProxyType({})\n"
        "[hasattr(p, '_mapping'), '_mapping' in vars(type(p)), hasattr(p, '__setitem__'), [n for n in dir(p) if n[:2] == '_m']]",
        value=[False, False, False, []],
    ),
    case(
        "unpacked-alias-reduces-to-what-leads-nowhere",
        "f, a = (*tuple[int],)[0].__reduce__()\n[hasattr(f, n) for n in ('__self__', '__func__', '__globals__')], a == (tuple, (int,))",
        value=([False] * 3, True),
    ),
    case(
        "unpacked-alias-nests-no-deeper-than-others",
        "f = (*tuple[int],)[0].__reduce__()[0]\nx = int\nfor i in range(10_000): x = f(x, (x,))",
        stopped=["depth"],
    ),
    case(
        "right-operand-of-an-extension-is-a-class-that-is-paid-for",
        "class K: __radd__ = set\nwhile True:\n    xs = list(range(100_000))\n    xs += K()",
        stopped=["steps"],
        steps=10_000_000,
    ),
    case(
        "containment-of-a-derived-container-is-charged",
        "class D(tuple): pass\nd = D(['a' * 5000] * 3000)\nb = 'a' * 4999 + 'b'\n"
        "while True: tuple.__contains__(d, b)",
        stopped=["steps"],
    ),
    case(
        "containment-takes-no-false-self",
        "class L(type):\n    def __instancecheck__(c, o): return True\nclass F(metaclass=L):\n    __class__ = dict\n"
        "dict.__contains__(F(), 1)",
        raises="TypeError",
    ),
    case(
        "dictionary-of-an-exception-hides-no-split",
        "class D(dict):\n    def pop(s, *a): pass\n    def keys(s): return {}.keys()\n"
        "g = ExceptionGroup('g', [ValueError(1)])\ng.__dict__ = D(split=lambda t: (7, 8))\n"
        "try:\n    try: raise g\n    except* ValueError as e: r = type(e.exceptions[0]).__name__\n"
        "except BaseException as e: r = type(e).__name__\nr",
        value="ValueError",
    ),
]
