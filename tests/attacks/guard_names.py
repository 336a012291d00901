"""Naming the guards: spelling, storing, supplying or shadowing what the compiler calls."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="guard names", pit=1)

# The names of guards in RestrictedPython's own setup: ordinary names here, so defining one
# changes nothing.
OLD_NAMES = [
    ("_getattr_", "lambda o, n: 'stolen'", "'a'.upper()", "A"),
    ("_getitem_", "lambda o, i: 'stolen'", "[7][0]", 7),
    ("_getiter_", "lambda o: ['stolen']", "[x for x in (1, 2)]", [1, 2]),
    ("_iter_unpack_sequence_", "lambda *a: ['stolen']", "[a + b for a, b in [(1, 2)]]", [3]),
    ("_unpack_sequence_", "lambda *a: ['stolen']", "(lambda t: [*t])((1, 2))", [1, 2]),
    ("_write_", "lambda o: {}", "(lambda d: (d.__setitem__(1, 2), d)[1])({})", {1: 2}),
    ("_print_", "lambda *a: a", "print('')", None),
    ("_inplacevar_", "lambda op, x, y: 'stolen'", "sum([1, 2])", 3),
    ("_apply_", "lambda f, *a, **k: 'stolen'", "max(*[1, 2])", 2),
    ("__metaclass__", "lambda *a: 'stolen'", "type(type('C', (), {})).__name__", "type"),
]

# Ways to write a key into the namespace that guest code runs in. None may reach a guard.
STORES = [
    ("item", "globals()['cap:getattr'] = evil"),
    ("setitem", "globals().__setitem__('cap:getattr', evil)"),
    ("unbound-setitem", "dict.__setitem__(globals(), 'cap:getattr', evil)"),
    ("update", "globals().update({'cap:getattr': evil})"),
    ("unbound-update", "dict.update(globals(), {'cap:getattr': evil})"),
    ("update-by-keyword", "globals().update(**{'cap:getattr': evil})"),
    ("setdefault", "globals().setdefault('cap:getattr', evil)"),
    ("in-place-or", "g = globals(); g |= {'cap:getattr': evil}"),
    ("unbound-in-place-or", "dict.__ior__(globals(), {'cap:getattr': evil})"),
    ("locals", "locals()['cap:getattr'] = evil"),
    ("vars", "vars()['cap:getattr'] = evil"),
    ("init", "globals().__init__({'cap:getattr': evil})"),
    ("operator-setitem", "import operator; operator.setitem(globals(), 'cap:getattr', evil)"),
    ("exec-globals", "exec(\"globals()['cap:getattr'] = evil\")"),
]

CASES: list[Case] = [
    *(
        case(
            f"store-a-guard-by-{name}",
            f"""
            calls = []
            def evil(*a, **k):
                calls.append(a)
                return evil
            try:
                {line}
            except Exception:
                pass
            def use(o):
                return o.upper(), o[0], [c for c in o]
            (use('ab'), calls)
            """,
            value=(("AB", "a", ["a", "b"]), []),
        )
        for name, line in STORES
    ),
    *(
        case(
            f"restrictedpython-name-{name.strip('_')}",
            f"{name} = {evil}\n{use}",
            value=value,
        )
        for name, evil, use, value in OLD_NAMES
    ),
    case("read-a-guard-from-globals", "globals()['cap:getattr']", raises="KeyError"),
    case(
        "read-a-guard-from-builtins-module",
        """
        try:
            import builtins
            names = dir(builtins)
        except ImportError:
            names = []
        [n for n in names if not n.isidentifier()]
        """,
        value=[],
    ),
    case(
        "no-guard-among-names",
        "[n for n in [*globals(), *dir(), *vars(), *locals()] if not n.isidentifier()]",
        value=[],
    ),
    case(
        "getattr-of-builtins-module-by-guard-name",
        """
        try:
            import builtins
        except ImportError:
            builtins = None
        getattr(builtins, 'cap:getattr', 'absent')
        """,
        value="absent",
    ),
    case(
        "names-for-annotations-are-no-guards-and-stand-for-nothing-that-is-there",
        """
        import _guard_types
        x = 1
        def evil(*a): return 'stolen'
        def annotate(n): return n.__class__ is int, x, other
        given = {'cap:getattr': evil, 'cap:call': evil, '__builtins__': {}, 'x': 2, 'other': 3}
        _guard_types._with_names(annotate, given), x, 'other' in globals()
        """,
        value=((True, 1, 3), 1, False),
    ),
    case(
        "class-body-supplies-guards-by-prepare",
        """
        calls = []
        def evil(*a, **k):
            calls.append(a)
            return evil
        class Names(dict):
            def __missing__(self, key):
                if ':' in key:
                    return evil
                raise KeyError(key)
        class M(type):
            @classmethod
            def __prepare__(m, name, bases):
                return Names()
        class C(metaclass=M):
            x = 'a'.upper()
            y = [1, 2][0]
            z = [i for i in (1, 2)]
        (C.x, C.y, C.z, calls)
        """,
        value=("A", 1, [1, 2], []),
    ),
    case(
        "class-body-is-never-asked-for-a-guard",
        """
        asked = []
        class Names(dict):
            def __getitem__(self, key):
                asked.append(key)
                return dict.__getitem__(self, key)
        class M(type):
            @classmethod
            def __prepare__(m, name, bases):
                return Names()
        class C(metaclass=M):
            a = 'a'.upper()
            b = {'k': 1}['k']
            a += 'x'
            def f(self): return self.a
            for i in (1, 2): pass
            import math
        [n for n in asked if not n.isidentifier()]
        """,
        value=[],
    ),
    case(
        "class-body-is-never-told-a-guard",
        """
        told = []
        class Names(dict):
            def __setitem__(self, key, value):
                told.append(key)
                dict.__setitem__(self, key, value)
        class M(type):
            @classmethod
            def __prepare__(m, name, bases):
                return Names()
        class C(metaclass=M):
            a = 'a'.upper()
            for a in (1, 2): pass
            with_ = [b for b in (1, 2)]
        [n for n in told if not n.isidentifier()]
        """,
        value=[],
    ),
    case(
        "prepared-dictionary-with-a-guard-in-it",
        """
        class M(type):
            @classmethod
            def __prepare__(m, name, bases):
                return {'cap:getattr': lambda o, n: 'stolen'}
        class C(metaclass=M):
            x = 'a'.upper()
        C.x
        """,
        value="A",
    ),
    case(
        "type-call-with-a-guard-in-the-namespace",
        """
        C = type('C', (), {'cap:getattr': lambda o, n: 'stolen', 'f': lambda s: 'a'.upper()})
        C().f()
        """,
        value="A",
    ),
    case(
        "exec-with-a-guard-in-its-namespace",
        """
        calls = []
        def evil(*a, **k):
            calls.append(a)
            return evil
        ns = {'cap:getattr': evil, 'cap:getitem': evil, 'cap:call': evil}
        try:
            exec("r = 'a'.upper()", ns)
        except Exception:
            pass
        calls
        """,
        value=[],
    ),
    case(
        "exec-with-a-mapping-that-answers-everything",
        """
        asked = []
        class L(dict):
            def __missing__(self, key):
                asked.append(key)
                raise KeyError(key)
        try:
            exec("r = 'a'.upper(); q = [1][0]", {}, L())
        except Exception:
            pass
        [n for n in asked if not n.isidentifier()]
        """,
        value=[],
    ),
    case(
        "eval-with-a-guard-in-its-locals",
        """
        calls = []
        def evil(*a, **k):
            calls.append(a)
            return evil
        try:
            eval("'a'.upper()", {}, {'cap:getattr': evil})
        except Exception:
            pass
        calls
        """,
        value=[],
    ),
    case(
        "keyword-argument-named-as-a-guard",
        """
        def f(**k):
            return 'a'.upper(), sorted(k)
        f(**{'cap:getattr': lambda o, n: 'stolen'})
        """,
        value=("A", ["cap:getattr"]),
    ),
    case(
        "instance-attribute-named-as-a-guard",
        """
        class C: pass
        setattr(C(), 'cap:getattr', 1)
        """,
        raises="AttributeError",
        about="cap:getattr",
    ),
    case(
        "module-attribute-named-as-a-guard",
        """
        import math
        try:
            setattr(math, 'cap:getattr', lambda o, n: 'stolen')
        except Exception:
            pass
        'a'.upper()
        """,
        value="A",
    ),
    case(
        "function-globals-by-update-wrapper",
        """
        import functools
        got = []
        class W:
            def __setattr__(self, name, value):
                got.append(name)
        try:
            functools.update_wrapper(W(), lambda: 0, assigned=('__globals__', '__closure__'))
        except AttributeError:
            pass
        got
        """,
        value=["__wrapped__"],
    ),
    case(
        "deleting-a-guard-from-globals",
        "del globals()['cap:getattr']",
        raises="KeyError",
    ),
    case(
        "clearing-globals-frees-nothing",
        """
        def f():
            for n in list(globals()): globals().pop(n)
            return (i for i in 'a').gi_frame.f_builtins
        f()
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "exec-with-a-mapping-is-never-told-a-guard",
        """
told = []
class L(dict):
    def __setitem__(self, key, value):
        told.append(key)
        dict.__setitem__(self, key, value)
    def __getitem__(self, key):
        told.append(key)
        return dict.__getitem__(self, key)
    def __delitem__(self, key):
        told.append(key)
        dict.__delitem__(self, key)
src = '''
x = [1, 2]
match x:
    case [a, *b] if a: pass
    case {'k': v, **rest}: pass
    case str(s) | int(s): pass
for i in x: i += 1
while x: x.pop()
try: 1 / 0
except ZeroDivisionError as e: pass
y = f'{x!r:>{i}}'
a, (c, *d) = 1, (2, 3)
from math import *
import math
del c
(lambda: 0)()
z = 1 < i < 5
w = eval('1')
class C: pass
'''
exec(src, {}, L())
[n for n in told if not n.isidentifier()]
""",
        value=[],
    ),
    case(
        "match-in-a-class-body-is-never-told-a-guard",
        """
        told = []
        class Names(dict):
            def __setitem__(self, key, value):
                told.append(key)
                dict.__setitem__(self, key, value)
            def __getitem__(self, key):
                told.append(key)
                return dict.__getitem__(self, key)
        class M(type):
            @classmethod
            def __prepare__(m, name, bases): return Names()
        class C(metaclass=M):
            x = [1, 2]
            match x:
                case [a, *b] if a: pass
                case {'k': v, **rest}: pass
            while x: x.pop()
            try: 1 / 0
            except ZeroDivisionError as e: pass
            y = f'{x!r}'
            a, (c, *d) = 1, (2, 3)
            from math import pi
            z = 1 < c < 5
            a += 1
        [n for n in told if not n.isidentifier()]
        """,
        value=[],
    ),
    case(
        "eval-leaves-no-value-behind",
        "eval('5')\n[n for n in [*globals(), *dir()] if not n.isidentifier()]",
        value=[],
    ),
    case(
        "eval-inside-eval-keeps-values-apart",
        'eval(\'[eval("1"), (lambda: eval("2"))(), [eval("3") for _ in "a"]]\')',
        value=[1, 2, [3]],
    ),
    case(
        "locals-of-a-function-hide-temporaries",
        """
        def f(x):
            match x:
                case [a, *b]: pass
            for i in x: pass
            with W() as w: pass
            y = 1 < len(x) < 5
            return sorted(locals())
        class W:
            def __enter__(self): return 1
            def __exit__(self, *a): pass
        f([1, 2])
        """,
        value=["a", "b", "i", "w", "x", "y"],
    ),
    case(
        "locals-of-a-class-body-hide-temporaries",
        """
        class C:
            x = [1, 2]
            match x:
                case [a, *b]: pass
            names = sorted(n for n in locals() if not n.startswith('__'))
        C.names
        """,
        value=["a", "b", "x"],
    ),
]
