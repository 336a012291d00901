"""`__builtins__`: the key that decides what every later function can reach."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="__builtins__", pit=2)

# Ways to put the key into the globals of this very program, or of code made at run time.
# Whatever becomes of them, the guards must stand: the program after them proves it.
STORES = [
    ("item", "globals()['__builtins__'] = evil"),
    ("setitem", "globals().__setitem__('__builtins__', evil)"),
    ("unbound-setitem", "dict.__setitem__(globals(), '__builtins__', evil)"),
    ("update", "globals().update(__builtins__=evil)"),
    ("setdefault", "globals().setdefault('__builtins__', evil)"),
    ("in-place-or", "g = globals(); g |= {'__builtins__': evil}"),
    ("locals", "locals()['__builtins__'] = evil"),
    ("vars", "vars()['__builtins__'] = evil"),
    ("exec", "exec('global x; x = 1', {'__builtins__': evil})"),
    ("pop", "globals().pop('__builtins__')"),
    ("delete", "del globals()['__builtins__']"),
    ("popitem", "while globals(): globals().popitem()"),
]

CASES: list[Case] = [
    *(
        case(
            f"builtins-stored-by-{name}",
            f"""
            def run():
                evil = {{'len': lambda x: 'stolen', 'print': None}}
                try:
                    {line}
                except (KeyError, AttributeError, TypeError, PermissionError, NameError,
                        ValueError):
                    pass
                try:
                    return (i for i in 'a').gi_frame.f_builtins
                except AttributeError:
                    return len('abc')
            run()
            """,
            value=3,
        )
        for name, line in STORES
    ),
    # An object that hashes like the key and says it is equal, where the rule looks for a text.
    *(
        case(
            f"builtins-by-a-lying-key-{name}",
            f"""
            class Key:
                def __init__(self, name): self.name = name
                def __hash__(self): return hash(self.name)
                def __eq__(self, other): return other == self.name
            key = Key('__builtins__')
            import string
            r = 'nothing'
            try:
                r = {line}
            except (KeyError, TypeError, AttributeError):
                pass
            'found' if hasattr(r, 'keys') or r is True else 'nothing'
            """,
            value="nothing",
        )
        for name, line in (
            ("item", "globals()[key]"),
            ("in", "key in globals()"),
            ("get", "globals().get(key)"),
            ("pop", "globals().pop(key)"),
            ("setdefault", "globals().setdefault(key, 1)"),
            ("module", "string.__dict__[key]"),
            ("vars", "vars(string).get(key)"),
            ("locals", "locals()[key]"),
            ("unbound", "type(globals()).__getitem__(globals(), key)"),
            ("operator", "__import__('operator').getitem(globals(), key)"),
            ("exec", "eval('locals()[k]', {'k': key}, globals())"),
        )
    ),
    case(
        "builtins-stored-by-a-lying-key",
        """
        class Key:
            def __hash__(self): return hash('__builtins__')
            def __eq__(self, other): return other == '__builtins__'
        globals()[Key()] = {'len': lambda x: 'stolen'}
        """,
        raises="TypeError",
        about="str",
    ),
    case(
        "builtins-of-a-module-as-locals",
        "exec('leak = locals()', {}, globals())\nleak['__builtins__']",
        raises="KeyError",
    ),
    case(
        "builtins-of-a-module-as-locals-of-a-dict",
        """
        ns = {'__builtins__': 1}
        exec('leak = locals()', {}, ns)
        hasattr(ns['__builtins__'], 'keys') or hasattr(ns['leak'].get('__builtins__'), 'keys')
        """,
        value=False,
    ),
    *(
        case(
            f"builtins-by-the-state-of-a-module-{name}",
            f"""
            import copy, types
            class M(types.ModuleType): pass
            m = M('m')
            m.__dict__
            try:
                r = {line}
            except (TypeError, AttributeError, copy.Error):
                r = None
            'builtins' in repr(r)
            """,
            value=False,
        )
        for name, line in (
            ("getstate", "m.__getstate__()"),
            ("object-getstate", "object.__getstate__(m)"),
            ("reduce-ex", "m.__reduce_ex__(2)"),
            ("reduce", "m.__reduce_ex__(0)"),
            ("copy", "copy.copy(m).__dict__.get('__builtins__')"),
            ("deepcopy", "copy.deepcopy(m).__dict__.get('__builtins__')"),
        )
    ),
    case("builtins-attribute-of-a-load", "__builtins__.__dict__['open']", refused="CAP1"),
    case("builtins-read-from-globals", "globals()['__builtins__']", raises="KeyError"),
    case("builtins-get-from-globals", "globals().get('__builtins__')", value=None),
    case(
        "builtins-not-in-globals",
        "[n for n in globals() if 'builtins' in n]",
        value=[],
    ),
    case(
        "exec-namespace-has-no-builtins",
        """
        ns = {}
        exec('x = 1', ns)
        sorted(ns)
        """,
        value=["x"],
    ),
    case(
        "exec-namespace-builtins-decide-nothing",
        """
        ns = {'__builtins__': {}}
        try:
            exec('def f(): return (i for i in [1]).gi_frame.f_builtins', ns)
            ns['f']()
        except (AttributeError, ValueError, TypeError, NameError, SyntaxError) as e:
            r = type(e).__name__
        r in ('AttributeError', 'ValueError')
        """,
        value=True,
    ),
    case(
        "eval-with-builtins-none",
        """
        try:
            r = eval("(1).__class__.__bases__[0].__subclasses__()", {'__builtins__': None})
        except (AttributeError, ValueError):
            r = 'contained'
        r
        """,
        value="contained",
    ),
    case(
        "import-binding-through-exec",
        "exec('import math as __builtins__')",
        raises="SyntaxError",
        about="__builtins__",
    ),
    case(
        "eval-spells-it",
        "eval('__builtins__')",
        raises="SyntaxError",
        about="__builtins__",
    ),
    case(
        "builtins-module-is-not-the-hosts",
        """
        try:
            import builtins
            builtins.len = lambda x: 'stolen'
        except (ImportError, AttributeError, TypeError, PermissionError):
            builtins = None
        len('abc') in (3, 'stolen'), getattr(builtins, '__loader__', None)
        """,
        value=(True, None),
    ),
    case(
        "real-open-is-not-in-the-builtins-module",
        """
        try:
            from builtins import open
        except ImportError:
            pass
        open('/etc/passwd')
        """,
        raises="PermissionError",
    ),
    case("build-class-is-not-a-name", "__build_class__", refused="CAP1"),
    case("loader-is-not-a-name", "__loader__", raises="NameError", about="__loader__"),
    case("spec-is-not-a-name", "__spec__.loader", raises="NameError", about="__spec__"),
    case("import-name-is-tamed", "__import__('posix')", raises="ModuleNotFoundError", about="posix"),
    *(
        case(
            f"namespace-of-a-module-gives-no-real-builtins-{name}",
            f"""
            import math
            module = {module}
            try:
                exec('f = open', vars(module))
                f = module.f
            except (TypeError, NameError, ValueError, PermissionError, AttributeError):
                f = open
            f('/etc/passwd')
            """,
            raises="PermissionError",
        )
        for name, module in [
            ("granted", "math"),
            ("new", "type(math)('m')"),
        ]
    ),
    *(
        case(
            f"namespace-of-a-module-evaluates-no-real-builtins-{name}",
            f"""
            import math
            module = {module}
            try:
                f = eval('__import__', vars(module))
            except (TypeError, NameError, ValueError, PermissionError, AttributeError):
                f = __import__
            f('posix')
            """,
            raises="ModuleNotFoundError",
            about="posix",
        )
        for name, module in [("granted", "math"), ("new", "type(math)('m')")]
    ),
    case(
        "function-of-a-module-namespace-has-no-real-builtins",
        """
        import math
        exec('def f(): return eval', vars(math))
        math.f()('__builtins__')
        """,
        raises="SyntaxError",
        about="__builtins__",
    ),
    case(
        "lambda-of-an-exec-namespace-has-no-real-builtins",
        """
        ns = {}
        exec('f = lambda: open', ns)
        ns['f']()('/etc/passwd')
        """,
        raises="PermissionError",
    ),
    case(
        "class-of-an-exec-namespace-has-no-real-builtins",
        """
        ns = {}
        exec('class C:\\n    def go(self): return __import__', ns)
        ns['C']().go()('posix')
        """,
        raises="ModuleNotFoundError",
        about="posix",
    ),
]
