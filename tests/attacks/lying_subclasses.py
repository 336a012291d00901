"""Subclasses that lie about themselves to a guard, to a C function or to the host."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="lying subclass", pit=7)

CASES: list[Case] = [
    case(
        "cve-2023-33733-reportlab-attribute-name",
        """
        class Name(str):
            def __init__(self, *a): self.mutated = 0
            def startswith(self, *a): return False
            def __eq__(self, o):
                self.mutated += 1
                return self.mutated > 2 and str.__eq__(self, o)
            def __hash__(self): return hash(str(self))
        def f(): pass
        getattr(f, Name('__globals__'))
        """,
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "cve-2023-33733-class-made-by-type",
        """
        Name = type('Name', (str,), {
            'startswith': lambda s, *a: False,
            '__eq__': lambda s, o: True,
            '__hash__': str.__hash__,
        })
        getattr(object, Name('__subclasses__'))
        """,
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "setattr-lying-name",
        """
        class S(str):
            def __eq__(self, o): return True
            __hash__ = str.__hash__
        def f(): pass
        setattr(f, S('__code__'), 1)
        """,
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "delattr-lying-name",
        """
        class S(str):
            def __eq__(self, o): return True
            __hash__ = str.__hash__
        def f(): pass
        delattr(f, S('__closure__'))
        """,
        raises="AttributeError",
        about="__closure__",
    ),
    case(
        "import-lying-name",
        """
        class S(str):
            def __eq__(self, o): return o == 'math'
            def __hash__(self): return hash('math')
            def partition(self, *a): return ('math', '', '')
            def split(self, *a): return ['math']
        __import__(S('posix'))
        """,
        raises="ModuleNotFoundError",
        about="posix",
    ),
    case(
        "import-fromlist-lying",
        """
        class S(str):
            def __eq__(self, o): return False
            __hash__ = str.__hash__
        __import__('collections', None, None, [S('_sys')])._sys._getframe().f_globals['cap:call']
        """,
        raises="KeyError",
        about="cap:call",
    ),
    case(
        "exec-lying-source",
        """
        class S(str):
            def __contains__(self, o): return False
            def splitlines(self, *a): return []
            def encode(self, *a): return b'1'
        exec(S('x = __builtins__'))
        """,
        raises="SyntaxError",
        about="__builtins__",
    ),
    case(
        "cap-exec-lying-source",
        """
        class S(str):
            def encode(self, *a): return b'1'
            def __str__(self): return '1'
        try:
            cap_exec(S('y = __builtins__'))
            r = 'ran'
        except SyntaxError:
            r = 'refused'
        r
        """,
        value="refused",
    ),
    case("text-crosses-exact", "class S(str): pass\nkind(S('a'))", value="str"),
    case("int-crosses-exact", "class I(int): pass\nkind(I(1))", value="int"),
    case("float-crosses-exact", "class F(float): pass\nkind(F(1))", value="float"),
    case("bytes-crosses-exact", "class B(bytes): pass\nkind(B(b'x'))", value="bytes"),
    case("list-crosses-exact", "class L(list): pass\nkind(L([1]))", value="list"),
    case("dict-crosses-exact", "class D(dict): pass\nkind(D(a=1))", value="dict"),
    case("set-crosses-exact", "class S(set): pass\nkind(S([1]))", value="set"),
    case("tuple-crosses-exact", "class T(tuple): pass\nkind(T([1]))", value="tuple"),
    case("complex-crosses-exact", "class C(complex): pass\nkind(C(1))", value="complex"),
    case(
        "ordereddict-crosses-exact",
        "import collections\nkind(collections.OrderedDict(a=1))",
        value="dict",
    ),
    case(
        "dates-cross-exact",
        "import datetime\nclass D(datetime.date): pass\nkind(D(2020, 1, 1))",
        value="date",
    ),
    case(
        "keys-cross-exact",
        """
        class S(str):
            def __hash__(self): return 1
            def __eq__(self, o): return True
        kinds({S('a'): 1, S('b'): 2})
        """,
        value=["dict", "str", "int"],
    ),
    case(
        "nested-values-cross-exact",
        "class S(str): pass\nkinds([(S('a'), {S('b')})])",
        value=["list", "tuple", "str", "set", "str"],
    ),
    case(
        "items-are-the-real-ones",
        """
        class D(dict):
            def items(self): return [('stolen', 1)]
            def keys(self): return ['stolen']
            def __iter__(self): return iter(['stolen'])
            def __getitem__(self, k): return 'stolen'
            def __len__(self): return 99
        door.echo(D(a=1))
        """,
        value={"a": 1},
    ),
    case(
        "elements-are-the-real-ones",
        """
        class L(list):
            def __iter__(self): return iter(['stolen'])
            def __len__(self): return 10**9
            def __getitem__(self, i): return 'stolen'
        door.echo(L([1, 2]))
        """,
        value=[1, 2],
    ),
    case(
        "text-is-the-real-one",
        """
        class S(str):
            def __str__(self): return 'stolen'
            def __repr__(self): return 'stolen'
            def encode(self, *a): return b'stolen'
        door.echo(S('real'))
        """,
        value="real",
    ),
    case(
        "number-is-the-real-one",
        """
        class I(int):
            def __index__(self): return 99
            def __int__(self): return 99
            def __float__(self): return 99.0
        door.echo(I(1))
        """,
        value=1,
    ),
    case(
        "class-property-lies-to-the-host",
        """
        class L:
            __class__ = str
            def __str__(self): return 'stolen'
        kind(L()) != 'str'
        """,
        value=True,
    ),
    case(
        "class-property-lies-to-a-guard",
        """
        class L:
            __class__ = dict
            def __getattr__(self, n): return 'stolen'
        type(L()).__name__
        """,
        value="L",
    ),
    case(
        "instancecheck-fools-no-data-check",
        """
        class M(type):
            def __instancecheck__(cls, o): return True
            def __subclasscheck__(cls, o): return True
        class Data(metaclass=M): pass
        door.echo([isinstance(fn, Data)])
        """,
        value=[True],
    ),
    case(
        "sandbox-subclass-of-permission-error-is-no-authority",
        """
        class P(PermissionError):
            def __str__(self): return 'granted'
        try:
            open('x')
        except PermissionError as e:
            r = type(e) is P
        r
        """,
        value=False,
    ),
    case(
        "lying-hash-finds-no-denied-key",
        """
        class K(str):
            def __hash__(self): return hash('__builtins__')
            def __eq__(self, o): return o == '__builtins__'
        globals().get(K('x'), 'absent')
        """,
        value="absent",
    ),
    case(
        "lying-key-stores-no-builtins",
        """
        class K(str):
            def __hash__(self): return hash('__builtins__')
            def __eq__(self, o): return o == '__builtins__'
        try:
            globals()[K('x')] = {'len': lambda x: 'stolen'}
        except (KeyError, TypeError):
            pass
        def f(): return len('abc')
        f()
        """,
        value=3,
    ),
    case(
        "keyword-names-that-lie",
        """
        class S(str):
            def __eq__(self, o): return True
            def __hash__(self): return hash('a')
        def f(a=1, **k): return 'alive'
        f(**{S('x'): 1})
        """,
        value="alive",
    ),
    case(
        "slice-that-lies",
        """
        class I:
            def __init__(self, n): self.n = n
            def __index__(self): return self.n
        [1, 2, 3][I(0):I(10**30)]
        """,
        value=[1, 2, 3],
    ),
    case(
        "bool-of-a-lying-bool",
        """
        class B:
            n = 0
            def __bool__(self):
                B.n += 1
                return B.n % 2 == 0
        b = B()
        [bool(b), bool(b), not b]
        """,
        value=[False, True, True],
    ),
    case(
        "exception-class-that-lies-about-its-name",
        """
        class E(Exception): pass
        E.__name__ = 'KeyboardInterrupt'
        raise E('x')
        """,
        raises="KeyboardInterrupt",
    ),
    case(
        "exception-text-that-lies",
        """
        class E(ValueError):
            def __str__(self): raise ValueError('nested')
            def __repr__(self): raise ValueError('nested')
        raise E('x')
        """,
        raises="E",
    ),
    case(
        "type-name-that-is-a-subclass",
        """
        class S(str):
            def __str__(self): return 'stolen'
            def __format__(self, s): return 'stolen'
        class E(Exception): pass
        E.__name__ = S('E')
        raise E('x')
        """,
        raises="E",
    ),
    case(
        "print-separator-that-lies",
        """
        class S(str):
            def __len__(self): return 10**12
            def __str__(self): return 'stolen'
        print(1, 2, sep=S('-'), end=S('.'))
        """,
        out="1-2.",
    ),
    case(
        "range-of-a-lying-index",
        """
        class I:
            def __index__(self): return 10**18
        sum(range(I()))
        """,
        stopped="steps",
    ),
    case(
        "times-of-a-lying-index",
        """
        class I:
            n = 0
            def __index__(self):
                I.n += 1
                return 1 if I.n == 1 else 10**12
        'a' * I()
        """,
        value="a",
    ),
    case(
        "times-of-a-lying-int-subclass",
        """
        class I(int):
            def __index__(self): return 1
            def __gt__(self, o): return False
            def __lt__(self, o): return True
            def __mul__(self, o): return 1
        ('a' * 1) .__mul__(I(10**12))
        """,
        stopped="memory",
    ),
    case(
        "shift-of-a-lying-int-subclass",
        """
        class I(int):
            def __index__(self): return 1
            def __gt__(self, o): return False
            def __lt__(self, o): return True
            def __rlshift__(self, o): return NotImplemented
        1 << I(10**12)
        """,
        stopped="memory",
    ),
    case(
        "power-of-a-lying-int-subclass",
        """
        class I(int):
            def bit_length(self): return 1
            def __abs__(self): return 1
            def __gt__(self, o): return False
        I(10) ** I(10**10)
        """,
        stopped="memory",
    ),
    case(
        "width-from-a-lying-text",
        """
        class S(str):
            def __len__(self): return 1
            def __contains__(self, o): return False
        format(1, S('1000000000'))
        """,
        stopped="memory",
    ),
    case(
        "percent-of-a-lying-text",
        """
        class S(str):
            def __contains__(self, o): return False
            def find(self, *a): return -1
        S('%1000000000d') % 1
        """,
        stopped="memory",
    ),
    case(
        "template-that-lies-to-format",
        """
        class S(str):
            def __contains__(self, o): return False
            def split(self, *a): return ['x']
            def format(self, *a): return super().format(*a)
        def f(): pass
        S('{0.__globals__}').format(f)
        """,
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "list-that-lies-about-its-length-to-sorted",
        """
        class L(list):
            def __len__(self): return 0
            def __iter__(self): return iter(range(10**18))
        sorted(L())
        """,
        stopped=("steps", "memory"),
    ),
    case(
        "length-on-an-instance-is-read-only",
        """
        class L(list): pass
        x = L()
        x.__len__ = lambda: 0
        """,
        raises="AttributeError",
        about="read-only",
    ),
    *(
        case(
            f"length-of-what-format-gives-{way}",
            f"""
            class S(str):
                def __len__(self): return 1
            class O:
                def __format__(self, spec): return big
            big = S('x' * 4_000_000)
            def f(o): return {text}
            f(O())
            """,
            pit=17,
            attack="lying length",
            stopped=("steps", "memory"),
        )
        for way, text in {
            "to-an-f-string": "f'" + "{o}" * 21 + "'",
            "to-an-f-string-with-a-width": "f'" + "{o:3}" * 21 + "'",
            "to-format": "'" + "{0}" * 21 + "'.format(o)",
            "to-format-map": "'" + "{a}" * 21 + "'.format_map({'a': o})",
        }.items()
    ),
    case(
        "text-of-what-format-gives",
        """
        class S(str):
            def __len__(self): return 1
            def __format__(self, spec): return 'asked again'
        class O:
            def __format__(self, spec): return S('once')
        def f(o): return f'{o}', f'{o}{o}', '{}'.format(o), type(format(o)).__name__
        f(O())
        """,
        attack="lying length",
        value=("once", "onceonce", "once", "S"),
    ),
]
