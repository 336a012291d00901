"""Proxies that forward an operator and so hand out what they stand for."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="proxy", pit=13)

# A class that takes whatever an operator hands it and tries to write through it.
EVIL = """
got = []
class Evil:
    def take(self, other):
        try:
            other['evil'] = 'stolen'
            got.append('wrote')
        except Exception:
            pass
        return NotImplemented
    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = take
    __or__ = __ror__ = __ior__ = __and__ = __rand__ = __sub__ = __rsub__ = take
    __xor__ = __rxor__ = __add__ = __radd__ = __contains__ = take
    __hash__ = lambda self: 1
class G:
    x = 1
def attempt(f):
    try:
        f()
    except (TypeError, ValueError, AttributeError):
        pass
"""

#: A class of the guest's before `type` among the bases of a metaclass, and what takes what it is handed.
_BESIDE = """
got = []
class Thief:
    def __ror__(self, o):
        got.append(o)
        return o
    __eq__ = __ror__
class B: pass
class D(B): pass
class E: pass
class S: __slots__ = ("__dict__", "__weakref__")
class M(B, type): pass
class K(metaclass=M): pass
"""

# Operators on the dictionary of a class, and on what can be had from it.
FORWARDS = [
    ("equal", "{d} == Evil()"),
    ("equal-reflected", "Evil() == {d}"),
    ("not-equal", "{d} != Evil()"),
    ("less", "{d} < Evil()"),
    ("or", "{d} | Evil()"),
    ("or-reflected", "Evil() | {d}"),
    ("and", "{d}.keys() & Evil()"),
    ("keys-equal", "{d}.keys() == Evil()"),
    ("items-equal", "{d}.items() == Evil()"),
    ("values-mapping", "{d}.values().mapping == Evil()"),
    ("keys-mapping", "{d}.keys().mapping == Evil()"),
    ("operator-eq", "__import__('operator').eq({d}, Evil())"),
    ("operator-or", "__import__('operator').or_({d}, Evil())"),
    ("operator-ior", "__import__('operator').ior({d}, Evil())"),
    ("list-search", "[Evil()].count({d})"),
    ("list-index", "[{d}].index(Evil())"),
    ("in", "{d} in [Evil()]"),
    ("tuple-equal", "({d},) == (Evil(),)"),
    ("dict-equal", "{{1: {d}}} == {{1: Evil()}}"),
    ("max", "max({d}, Evil())"),
    ("sorted", "sorted([{d}, Evil()])"),
    ("method-eq", "{d}.__eq__(Evil())"),
    ("method-or", "{d}.__or__(Evil())"),
    ("method-ror", "{d}.__ror__(Evil())"),
    ("type-method-or", "type({d}).__or__({d}, Evil())"),
    ("copy", "{d}.copy() == Evil()"),
    ("sum", "sum([{d}], Evil())"),
    ("reduce", "__import__('functools').reduce(lambda a, b: a | b, [{d}, Evil()])"),
]

CASES: list[Case] = [
    *(
        case(
            f"class-dict-{name}",
            EVIL + f"attempt(lambda: {line.format(d='G.__dict__')})\nhasattr(G, 'evil')",
            value=False,
        )
        for name, line in FORWARDS
    ),
    *(
        case(
            f"int-dict-{name}",
            EVIL + f"attempt(lambda: {line.format(d='int.__dict__')})\nhasattr(int, 'evil')",
            value=False,
        )
        for name, line in FORWARDS[:8]
    ),
    *(
        case(
            f"vars-{name}",
            EVIL + f"attempt(lambda: {line.format(d='vars(G)')})\nhasattr(G, 'evil')",
            value=False,
        )
        for name, line in FORWARDS[:8]
    ),
    *(
        case(
            f"type-dict-{name}",
            EVIL + f"attempt(lambda: {line.format(d='type.__dict__')})\nhasattr(type, 'evil')",
            value=False,
        )
        for name, line in (FORWARDS[0], FORWARDS[4])
    ),
    case(
        "class-dict-by-descriptor",
        EVIL
        + """
try:
    type.__dict__['__dict__'].__get__(int) == Evil()
except (KeyError, AttributeError):
    pass
hasattr(int, 'evil')
""",
        value=False,
    ),
    case(
        "class-dict-by-getattribute",
        EVIL + "type.__getattribute__(G, '__dict__') == Evil()\nhasattr(G, 'evil')",
        value=False,
    ),
    case(
        "class-dict-by-attrgetter",
        EVIL + "import operator\noperator.attrgetter('__dict__')(G) == Evil()\nhasattr(G, 'evil')",
        value=False,
    ),
    case(
        "class-dict-by-match",
        EVIL
        + """
match G:
    case object(__dict__=d):
        d == Evil()
hasattr(G, 'evil')
""",
        value=False,
    ),
    case(
        "class-dict-by-format",
        EVIL + "'{0.__dict__}'.format(G)\nG.__dict__ == Evil()\nhasattr(G, 'evil')",
        value=False,
    ),
    case(
        "class-dict-in-place-or",
        EVIL
        + """
d = G.__dict__
try:
    d |= {'evil': 1}
except TypeError:
    pass
hasattr(G, 'evil')
""",
        value=False,
    ),
    case("class-dict-store", "class G: pass\nG.__dict__['evil'] = 1", raises="TypeError"),
    case("class-dict-delete", "class G: x = 1\ndel G.__dict__['x']", raises="TypeError"),
    case(
        "class-dict-update",
        "class G: pass\nG.__dict__.update(evil=1)",
        raises="AttributeError",
        about="update",
    ),
    case(
        "class-dict-unbound-dict-methods",
        "class G: pass\ndict.__setitem__(G.__dict__, 'evil', 1)",
        raises="TypeError",
    ),
    case(
        "class-dict-reduce-ex",
        "class G: pass\nG.__dict__.__reduce_ex__(2)",
        raises="TypeError",
        about="cannot pickle",
    ),
    case(
        "capability-equality-forwards-nothing",
        """
        got = []
        class Evil:
            def __eq__(self, o):
                got.append(o is door)
                return True
            __hash__ = None
        r = door == Evil()
        got
        """,
        value=[True],
    ),
    case(
        "capability-method-equality-forwards-nothing",
        """
        got = []
        class Evil:
            def __eq__(self, o):
                got.append(hasattr(o, '__self__') or hasattr(o, '__wrapped__'))
                return True
            __hash__ = None
        door.ping == Evil()
        got
        """,
        value=[False],
    ),
    case(
        "builtin-function-equality-forwards-nothing",
        """
        got = []
        class Evil:
            def __eq__(self, o):
                got.append(hasattr(o, '__self__'))
                return True
            __hash__ = None
        print == Evil()
        got
        """,
        value=[False],
    ),
    case(
        "instance-dict-is-the-guests-own",
        "class C: pass\nc = C()\nc.__dict__['x'] = 5\nc.x",
        value=5,
    ),
    case(
        "module-dict-writes-no-host-module",
        """
        import math
        try:
            vars(math)['pi'] = 3
        except (TypeError, AttributeError):
            pass
        'alive'
        """,
        value="alive",
    ),
    case(
        "module-dict-forwards-nothing-of-the-next-guest",
        "import math\nhasattr(math, 'evil')",
        first=EVIL + "import math\nattempt(lambda: vars(math) == Evil())\nmath.evil = 1",
        value=False,
    ),
    # What the interpreter puts into a class of the guest's under `__dict__` and `__weakref__` is a raw
    # descriptor. Before `type` or a module among the bases, it gives the real namespace; on 3.15, that
    # of any class at all.
    *(
        case(
            f"dict-descriptor-of-a-class-beside-type-{name}",
            _BESIDE + f"x = {how}\nx | Thief()\n"
            "[type(x).__name__, [n for o in got for n in o if n[:4] == 'cap:'], hasattr(x, '__setitem__')]",
            value=["ClassNamespace", [], False],
        )
        for name, how in (
            ("read", "K.__dict__"),
            ("vars", "vars(K)"),
            ("type-getattribute", "type.__getattribute__(K, '__dict__')"),
            ("super", "super(M, K).__dict__"),
            ("get", "vars(B)['__dict__'].__get__(K)"),
            ("get-from-items", "dict(vars(B).items())['__dict__'].__get__(K, M)"),
            ("get-from-copy", "vars(B).copy()['__dict__'].__get__(K)"),
            ("get-from-super", "super(D, D).__dict__.__get__(K)"),
            ("pattern", "None\nmatch K:\n    case object(__dict__=x): pass"),
            ("attrgetter", "__import__('operator').attrgetter('__dict__')(K)"),
            ("weak", "__import__('weakref').proxy(K).__dict__"),
        )
    ),
    case(
        "dict-descriptor-of-a-metaclass-hides-no-equality",
        _BESIDE + "class N(type, metaclass=M): pass\ntry:\n    vars(N) | Thief()\n"
        "    got[0]['__eq__'] = lambda a, b: True\nexcept Exception: pass\n"
        "class O(N): pass\nclass P(metaclass=O): pass\nP == str",
        value=False,
    ),
    *(
        case(
            f"dict-descriptor-of-a-class-beside-a-module-{name}",
            "import types\nclass B: pass\nclass M(B, types.ModuleType): pass\nm = M('m')\nm.a = 1\n"
            "exec('def f(): return len', vars(m))\n"
            f"x = {how}\n[type(x).__name__, '__builtins__' in x, x['a']]",
            value=["ModuleNamespace", False, 1],
        )
        for name, how in (
            ("read", "m.__dict__"),
            ("object-getattribute", "object.__getattribute__(m, '__dict__')"),
            ("super", "super(M, m).__dict__"),
            ("get", "vars(B)['__dict__'].__get__(m)"),
        )
    ),
    *(
        case(
            f"descriptor-of-one-class-takes-no-{name}",
            # From 3.15 on it takes any object, and gives of a class or module what its `__dict__` gives.
            _BESIDE + f"import sys\nd = {which}\nx = None\ntry: x = d.__get__({what})\n"
            "except (TypeError, AttributeError): pass\nx | Thief() if hasattr(x, 'keys') else None\n"
            "type(x).__name__ in ('NoneType', 'ClassNamespace', 'ModuleNamespace') and "
            "[n for o in got for n in o if n[:4] == 'cap:' or n == '__builtins__'] == []",
            value=True,
        )
        for which in (
            "vars(B)['__dict__']",
            "vars(B)['__weakref__']",
            "B.__weakref__",
            "vars(S)['__dict__']",
        )
        for name, what in (
            (f"builtin-class-{which}", "int, type"),
            (f"module-{which}", "sys"),
            (f"function-{which}", "lambda: 0"),
            (f"builtin-function-{which}", "len"),
            (f"other-class-{which}", "E, type"),
        )
    ),
    case(
        "descriptor-of-a-class-whose-metaclass-lies-takes-nothing",
        "class L(type):\n    def __subclasscheck__(c, k): return True\n    def __instancecheck__(c, k): return True\n"
        "class B(metaclass=L): pass\nr = []\nd = vars(B)['__dict__']\n"
        "for f in (lambda: d.__get__(int) | {}, lambda: d.__set__(int, {}), lambda: d.__delete__(int),\n"
        "          lambda: vars(B)['__weakref__'].__get__(int)):\n"
        "    try: r.append(f())\n    except (TypeError, AttributeError): r.append('no')\nr",
        value=["no"] * 4,
    ),
    case(
        "descriptor-by-super-of-what-lies-about-its-class",
        "class B: pass\nclass M(type): __class__ = property(lambda s: B)\nclass K(metaclass=M): pass\n"
        "super(B, K).__dict__",
        raises="AttributeError",
    ),
    case(
        "descriptor-by-super-of-what-lies-about-its-class-below",
        "class B: pass\nclass C(B): pass\nclass M(type): __class__ = property(lambda s: C)\n"
        "class K(metaclass=M): pass\nsuper(C, K).__dict__",
        raises="TypeError",
    ),
    case(
        "descriptor-replaced-after-it-was-taken",
        "class B:\n    pass\nd = vars(B)['__weakref__']\nB.__weakref__ = property(lambda s: 1)\nd.__get__(B())",
        raises="AttributeError",
    ),
    # A property called `__dict__`, or a dictionary of the guest's class, stands before what is there.
    *(
        case(
            f"module-with-a-dict-property-{name}",
            "import types\ngot = []\nclass Evil(dict):\n"
            "    def __setitem__(s, k, v): got.append(k)\n"
            "class B: pass\nclass M(types.ModuleType, B):\n    __dict__ = property(lambda s: Evil())\n"
            f"m = M('m')\ntry: {how}\nexcept (AttributeError, TypeError): pass\ngot",
            value=[],
        )
        for name, how in (
            ("super", "super(M, m).__dict__"),
            ("get", "vars(B)['__dict__'].__get__(m)"),
            ("getattribute", "types.ModuleType.__getattribute__(m, '__dict__')"),
            ("exec", "exec('x = 1', vars(m))"),
            ("dir", "types.ModuleType.__dir__(m)"),
        )
    ),
    *(
        case(
            f"star-of-a-module-without-an-end-{name}",
            "import sys, itertools\nclass M:\n    __dict__ = property(lambda s: itertools.repeat('_a'))\n"
            f"{how}\nfrom m import *",
            stopped=["steps"],
        )
        for name, how in (
            ("object", "sys.modules['m'] = M()"),
            ("module", "class N(M, type(sys)): pass\nsys.modules['m'] = N('m')"),
        )
    ),
    *(
        case(
            f"group-that-hides-its-split-{name}",
            "class G(ExceptionGroup):" + body + "\ng = G('g', [ValueError(1)])\n" + set_up + "\n"
            "try:\n    try: raise g\n    except* ValueError as e: r = type(e.exceptions[0]).__name__\n"
            "except BaseException as e: r = type(e).__name__\nr",
            value="ValueError",
            pit=7,
        )
        for name, body, set_up in (
            (
                "dict-of-its-own-class",
                " pass",
                "class D(dict):\n    def keys(s): return {}.keys()\n    def pop(s, *a): pass\n"
                "g.__dict__ = D(split=lambda t: (7, 8))",
            ),
            (
                "dict-property",
                "\n    pass",
                "vars(g)['split'] = lambda t: (7, 8)\nG.__dict__\n"
                "setattr(G, '__dict__', property(lambda s: {})) if 0 else None",
            ),
            (
                "dict-property-of-the-class",
                "\n    def __init__(s, *a): s.split = lambda t: (7, 8)\n    __dict__ = property(lambda s: {})",
                "",
            ),
            (
                "key-that-lies",
                " pass",
                "class S(str):\n    n = 0\n    def __hash__(s): return hash('split')\n"
                "    def __eq__(s, o): S.n += 1; return S.n > 1\n"
                "vars(g)[S('other')] = lambda t: (7, 8)",
            ),
            (
                "key-that-lies-later",
                " pass",
                "class S(str):\n    n = 0\n    def __hash__(s): return hash('split')\n"
                "    def __eq__(s, o): S.n += 1; return S.n > 2\n"
                "vars(g)[S('other')] = lambda t: (7, 8)",
            ),
        )
    ),
    case(
        "exact-group-with-a-key-that-lies",
        "class S(str):\n    n = 0\n    def __hash__(s): return hash('split')\n"
        "    def __eq__(s, o): S.n += 1; return S.n > 1\n"
        "g = ExceptionGroup('g', [ValueError(1)])\nvars(g)[S('other')] = lambda t: (7, 8)\n"
        "try:\n    try: raise g\n    except* ValueError as e: r = type(e.exceptions[0]).__name__\n"
        "except BaseException as e: r = type(e).__name__\nr",
        value="ValueError",
        pit=7,
    ),
    case(
        "wrapper-that-hides-its-annotations",
        "class S(staticmethod): __dict__ = property(lambda s: {})\nclass T(staticmethod): pass\n"
        "s = S(print)\ns.__class__ = T\nsorted(n for n in s.__dict__ if 'anno' in n)",
        value=[],
        pit=10,
    ),
]
