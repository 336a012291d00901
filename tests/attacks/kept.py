"""What functions and generators keep: cells, frames as facts, and what is awaited."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="kept", pit=8)

_SECRET = "def keep(secret):\n    def f(): return secret\n    return f\nf = keep('s3cret')\n"
_CELL = _SECRET + "c = f.__closure__[0]\n"
_GENERATOR = "def inner():\n    yield 1\ndef outer():\n    yield from inner()\ng = outer()\nnext(g)\n"

#: Ways to a closure that are not its own text: what is there is absent for each.
_OTHERS = {
    "getattr": "getattr(f, '__closure__')",
    "attrgetter": "import operator\noperator.attrgetter('__closure__')(f)",
    "attrgetter-called-by-its-own-text": "import operator\ndef use(tool): return tool(f)\nuse(operator.attrgetter('__closure__'))",
    "map": "list(map(getattr, [f], ['__closure__']))",
    "reduce": "import functools\nfunctools.reduce(getattr, [f, '__closure__'])",
    "format": "'{0.__closure__}'.format(f)",
    "object-getattribute": "object.__getattribute__(f, '__closure__')",
    "getattribute-of-its-type": "type(f).__getattribute__(f, '__closure__')",
    "exec": "exec('f.__closure__')",
    "exec-in-a-dictionary": "exec('f.__closure__', {'f': f})",
    "eval-in-globals": "eval('f.__closure__', globals())",
    "compiled-under-its-file-name": "eval(compile('f.__closure__', '<guest>', 'eval'))",
    "exec-in-a-library": "import contextlib\nexec('def take(f): return f.__closure__', vars(contextlib))\ncontextlib.take(f)",
    "library-takes-it": "import inspect\ninspect.getclosurevars(f)",
    "closure-of-the-library": "import contextlib\ncontextlib.contextmanager(f).__closure__",
    "closure-of-the-library-by-its-globals":
        "import contextlib\nexec('def take(f): return f.__closure__', vars(contextlib))\n"
        "contextlib.take(contextlib.contextmanager(f))",
    "the-same-text-among-other-globals":
        "text = 'def keep(x): return lambda: x\\ndef take(f): return f.__closure__'\na, b = {}, {}\n"
        "exec(text, a)\nexec(text, b)\nb['take'](a['keep'](5))",
    "builtin": "print.__closure__",
    "capability": "fn.__closure__",
    "stand-in": "str.format.__closure__",
    "class-of-functions": "type(f).__closure__",
    "store": "f.__closure__ = ()",
    "delete": "del f.__closure__",
}  # fmt: skip

#: Ways to bind the variable behind a cell: each is refused.
_BINDS = {
    "store": "c.cell_contents = []",
    "delete": "del c.cell_contents",
    "setattr": "setattr(c, 'cell_contents', [])",
    "object-setattr": "object.__setattr__(c, 'cell_contents', [])",
    "augmented": "c.cell_contents += 'x'",
    "loop": "for c.cell_contents in [[]]: pass",
    "with": "import contextlib\nwith contextlib.nullcontext([]) as c.cell_contents: pass",
    "unpacking": "c.cell_contents, x = [], 1",
    "comprehension": "[0 for c.cell_contents in [[]]]",
    "descriptor": "vars(type(c))['cell_contents'].__set__(c, [])",
    "of-a-class-body":
        "class M(type):\n    def __new__(m, n, b, ns):\n        ns['__classcell__'].cell_contents = int\n"
        "class C(metaclass=M):\n    def f(s): return super()",
    "of-a-class-body-by-object-setattr":
        "class M(type):\n    def __new__(m, n, b, ns):\n        object.__setattr__(ns['__classcell__'], 'cell_contents', int)\n"
        "class C(metaclass=M):\n    def f(s): return super()",
}  # fmt: skip

#: What facts about a frame or about code do not lead to.
_NOWHERE = {
    f"{kind}-{name}": f"{make}{what}.{name}"
    for kind, make, what in (
        ("frame", _GENERATOR, "g.gi_frame"),
        ("code", _GENERATOR, "g.gi_code"),
        ("code-of-the-frame", _GENERATOR, "g.gi_frame.f_code"),
        ("coroutine-frame", "async def co(): pass\nk = co()\nf = k.cr_frame\nk.close()\n", "f"),
        ("async-frame", "async def ag(): yield\n", "ag().ag_frame"),
    )
    for name in "f_builtins f_trace f_generator co_consts co_code __facts__ __outer__ __code__ replace".split()
}

#: What waits in a generator is shown to its own text only.
_WAITING = {
    "getattr": "getattr(g, 'gi_yieldfrom')",
    "attrgetter": "import operator\noperator.attrgetter('gi_yieldfrom')(g)",
    "exec": "exec('g.gi_yieldfrom')",
    "exec-in-globals": "exec('g.gi_yieldfrom', globals())",
    "of-the-library": "import difflib\ng = difflib.ndiff(['a'], ['b'])\nnext(g)\ng.gi_yieldfrom",
    "of-the-library-by-its-globals":
        "import difflib\nexec('def take(g): return g.gi_yieldfrom', vars(difflib))\n"
        "g = difflib.ndiff(['a'], ['b'])\nnext(g)\ndifflib.take(g)",
    "descriptor": "vars(type(g))['gi_yieldfrom'].__get__(g)",
}  # fmt: skip

#: From 3.12 on an iterator of a range goes forward only.
_GOES_BACK: dict[str, Any] = (
    {"value": None} if sys.version_info >= (3, 12) else {"stopped": ("steps", "memory")}
)

CASES: list[Case] = [
    *(case(f"closure-by-{n}", _SECRET + src, raises="AttributeError") for n, src in _OTHERS.items()),
    *(
        case(f"cell-is-not-bound-by-{n}", _CELL + src, raises="AttributeError")
        for n, src in _BINDS.items()
        if n not in ("descriptor",)
    ),
    case("cell-is-not-bound-by-descriptor", _CELL + _BINDS["descriptor"], raises="KeyError"),
    *(
        case(f"facts-of-a-{n.replace('_', '-')}", src, raises="AttributeError")
        for n, src in _NOWHERE.items()
    ),
    *(
        case(
            f"waiting-by-{n}",
            _GENERATOR + src,
            raises="KeyError" if n == "descriptor" else "AttributeError",
        )
        for n, src in _WAITING.items()
    ),
    case(
        "closure-of-its-own-text", _SECRET + "[c.cell_contents for c in f.__closure__]", value=["s3cret"]
    ),
    case(
        "closure-shows-no-temporary",
        """
        def make(xs, k, n):
            def f():
                nonlocal k
                while k:
                    xs[k] = xs[k] * k - n
                    k -= 1
                return [x * k for x in xs if (y := x + k)], lambda: (xs, k)
            return f
        f = make([1, 2, 3], 2, 5)
        names, cells = f.__code__.co_freevars, f.__closure__
        inner = f()[1]
        [len(names) == len(cells), sorted(type(c.cell_contents).__name__ for c in (*cells, *inner.__closure__)),
         [n for n in names if ':' in n]]
        """,
        value=[True, ["int", "int", "int", "list", "list"], []],
    ),
    case(
        "closure-of-a-method-shows-its-class-alone",
        """
        class C:
            hidden: 'int' = 1
            def f(self, x: hidden): return super(), __class__
        [c.cell_contents is C for c in C.f.__closure__], [c.cell_contents is C for c in C().f.__closure__]
        """,
        value=([True], [True]),
    ),
    case(
        "closure-of-annotations-shows-no-namespace",
        """
        class C:
            x: int = 1
            def f(self, y: x): pass
        found = [getattr(k, '__annotate__', None) for k in (C, C.f)]
        seen = [c.cell_contents for a in found if a is not None and type(a) is type(C.f) for c in a.__closure__ or ()]
        [s for s in seen if isinstance(s, dict)]
        """,
        value=[],
    ),
    *(
        case(f"cell-has-no-{name.strip('_')}", f"{_CELL}c.{name}", raises="AttributeError", about=name)
        for name in ("__cell__", "__realm__", "__slots__", "__dict__", "__weakref__")
    ),
    *(
        case(f"cell-is-not-made-by-{name}", f"{_CELL}{src}", raises="TypeError")
        for name, src in {
            "its-class": "type(c)(5)",
            "new": "type(c).__new__(type(c))",
            "object-new": "object.__new__(type(c))",
            "deriving": "class S(type(c)): pass",
            "comparing-a-false-one": "class F:\n    __class__ = type(c)\n    __cell__ = c\ntype(c).__lt__(F(), c)",
        }.items()
        if name != "new"
    ),
    case("cell-is-not-made-by-new", f"{_CELL}type(c).__new__(type(c))", raises="AttributeError"),
    case("cell-of-its-class-is-not-stored-on", f"{_CELL}type(c).x = 1", raises="AttributeError"),
    case(
        "cells-of-shared-nests-are-compared-for-steps",
        """
        def cell(x): return (lambda: x).__closure__[0]
        a = b = ()
        for i in range(80): a, b = (a, a), (b, b)
        cell(a) == cell(b)
        """,
        pit=22,
        stopped="steps",
    ),
    case(
        "cells-of-shared-nests-in-a-list",
        """
        def cell(x): return (lambda: x).__closure__[0]
        a = b = ()
        for i in range(80): a, b = (a, a), (b, b)
        [cell(a)] == [cell(b)]
        """,
        pit=22,
        stopped="steps",
    ),
    case(
        "cells-inside-cells-are-taken-apart",
        """
        def cell(x): return (lambda: x).__closure__[0]
        c = None
        for i in range(200_000): c = cell(c)
        c = None
        """,
        pit=22,
        steps=2_000_000,
        value=None,
    ),
    case(
        "cells-inside-cells-are-compared",
        """
        def cell(x): return (lambda: x).__closure__[0]
        a = b = None
        for i in range(50_000): a, b = cell(a), cell(b)
        a == b
        """,
        pit=22,
        steps=2_000_000,
        stopped="depth",
    ),
    case(
        "cell-that-is-sorted-asks-the-guests-own",
        """
        class K:
            def __lt__(s, o): return (lambda: 0).__globals__
        def cell(x): return (lambda: x).__closure__[0]
        cell(K()) < cell(K())
        """,
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "frame-of-a-generator-shows-texts-alone",
        _GENERATOR
        + "f = g.gi_frame\nf.f_locals, sorted(f.f_globals), f.f_back, f.f_lineno, f.f_lasti, f is g.gi_frame",
        value=({}, ["__name__", "__package__"], None, 4, -1, True),
    ),
    case(
        "frame-of-a-running-generator-shows-no-host",
        """
        def gen():
            f = g.gi_frame
            while f is not None:
                yield f.f_code.co_name, f.f_locals, sorted(f.f_globals)
                f = f.f_back
        g = gen()
        call(list, g)
        """,
        value=[("gen", {}, ["__name__", "__package__"]), ("<module>", {}, ["__name__", "__package__"])],
    ),
    case(
        "frame-by-its-descriptor",
        _GENERATOR + "vars(type(g))['gi_frame'].__get__(g)",
        raises="KeyError",
    ),
    case("frame-that-is-cleared-goes-on", _GENERATOR + "g.gi_frame.clear()\nlist(g)", value=[]),
    case(
        "frame-of-what-is-over",
        _GENERATOR + "g.close()\ng.gi_frame, g.gi_code.co_name",
        value=(None, "outer"),
    ),
    case("code-of-a-generator-runs-nothing", _GENERATOR + "exec(g.gi_code)", raises="TypeError"),
    case("code-of-a-generator-is-not-stored", _GENERATOR + "g.gi_code = None", raises="AttributeError"),
    case(
        "frame-is-not-stored-on", _GENERATOR + "g.gi_frame.f_locals = {'a': 1}", raises="AttributeError"
    ),
    case(
        "waiting-in-its-own-text",
        _GENERATOR + "g.gi_yieldfrom.gi_code.co_name, next(g, 'end'), g.gi_yieldfrom",
        value=("inner", "end", None),
    ),
    case(
        "waiting-iterator-is-the-guests",
        """
        class I:
            def __iter__(s): return s
            def __next__(s): return 1
        def gen(x): yield from x
        r = []
        for x in (I(), [1, 2], iter([1, 2]), zip([1]), {1: 2}):
            g = gen(x)
            next(g)
            r.append(type(g.gi_yieldfrom).__name__)
        r
        """,
        value=["I", "list_iterator", "list_iterator", "zip", "dict_keyiterator"],
    ),
    case(
        "waiting-iterator-takes-steps",
        "def gen(): yield from iter(int, 1)\ng = gen()\nnext(g)\nfor x in g.gi_yieldfrom: pass",
        stopped="steps",
    ),
    case(
        "awaited-in-its-own-text",
        """
        class A:
            def __await__(self): yield
        async def inner(): await A()
        async def outer(): await inner()
        c = outer()
        r = [c.cr_await]
        c.send(None)
        r += [c.cr_await.cr_code.co_name, c.cr_await.cr_await.gi_code.co_name, hasattr(c, 'cr_await')]
        c.close()
        [*r, c.cr_await]
        """,
        pit=14,
        value=[None, "inner", "__await__", False, None],
    ),
    case(
        "range-iterator-that-goes-back-takes-steps",
        "it = iter(range(9))\nfor x in it: it.__setstate__(0)",
        pit=5,
        **_GOES_BACK,
    ),
    case(
        "range-iterator-that-goes-back-under-c-code",
        "it = iter(range(9))\ndef back():\n    while True:\n        it.__setstate__(0)\n        yield 1\nlist(zip(it, back())) and None",
        pit=5,
        **_GOES_BACK,
    ),
    case(
        "sequence-iterator-that-goes-back-takes-steps",
        "class S:\n    def __getitem__(s, i): return i\nit = iter(S())\nfor x in it: it.__setstate__(0)",
        pit=5,
        stopped="steps",
    ),
    case("list-iterator-does-not-go-back", "iter([1]).__setstate__(0)", raises="AttributeError", pit=18),
    case(
        "shift-past-the-end-of-a-number",
        "import sys\nr = []\nfor n in (sys.maxsize, sys.maxsize * 30 + 29, sys.maxsize * 30 - 1, 1 << 70):\n"
        "    for a in (1, -1, 1 << 300):\n        try:\n            a << n\n        except (OverflowError, MemoryError) as e:\n"
        "            r.append(type(e).__name__)\nset(r) <= {'OverflowError', 'MemoryError'}, len(r)",
        pit=23,
        value=(True, 12),
    ),
    case(
        "unawaited-name-runs-no-method",
        """
        import warnings
        ran = []
        class S(str):
            def __format__(s, spec): ran.append(1); return 'x'
            def __str__(s): ran.append(2); return 'x'
            def __hash__(s): ran.append(3); return 0
            def __eq__(s, o): ran.append(4); return True
        async def co(): pass
        async def ag(): yield
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter('always')
            c = co()
            c.__qualname__ = S('lie')
            del c
            a = ag()
            a.__qualname__ = S('lie')
            a.asend(None).close()
        ran, [str(w.message) for w in heard]
        """,
        pit=7,
        value=([], ["coroutine 'lie' was never awaited"]),
    ),
    case(
        "unawaited-coroutines-wait-in-a-bounded-row",
        """
        import warnings
        async def co(): pass
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter('always')
            made = [co() for _ in range(3000)]
            made.clear()
        len(heard) <= 100
        """,
        pit=9,
        steps=2_000_000,
        value=True,
    ),
    case(
        "unawaited-coroutine-with-filters-that-raise",
        "import warnings\nwarnings.simplefilter('error')\nasync def co(): pass\nco()\n[].append(1)\nlen([1])",
        pit=9,
        value=1,
    ),
    case(
        "codec-of-the-guest-gives-exact-text",
        """
        import codecs
        class S(str): pass
        codecs.register(lambda n: codecs.CodecInfo(lambda t, e: (b'x', 1), lambda d, e: (S('x'), 1), name=n) if n == 'mine' else None)
        r = []
        for make in (lambda: str(b'x', 'mine'), lambda: bytes('x', 'mine'), lambda: str(b'x', S('mine')), lambda: bytearray('x', 'mine')):
            try:
                r.append(type(make()).__name__)
            except TypeError:
                r.append('refused')
        r
        """,
        pit=7,
        value=["refused", "bytes", "refused", "bytearray"],
    ),
]
