"""Classes and callables that C code, or a class of ours, would call past the guard of calls."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

raw = partial(new_case, attack="raw call", pit=6)

# Classes of ours and of the interpreter that a guest gets at by `type(x)`, called to wrap an object of
# the guest's choice: source text that is exec'd as code, a namespace over a guest's dictionary, a class
# seen as the realm, a raw function.
OURS = {
    "code": ("type(compile('1', '', 'eval'))", "('x = 1', 'exec')"),
    "module-namespace": ("type(globals())", "(None, {})"),
    "class-namespace": ("type(object.__dict__)", "(None, type)"),
    "stand-in": ("type(str.format)", "(type)"),
    "cache": ("type(functools.lru_cache(lambda: 0))", "(type, 0, False, tuple)"),
    "function": ("type(lambda: 0)", "(1, {})"),
    "limits": ("type(Limits())", "()"),
    "frame": ("type(__import__('sys')._getframe())", "((), None)"),
    "getter": ("type(type.__dict__['__mro__'])", "(type)"),
}

# Ways for a class to stand where C code calls it.
STORED = {
    "property": "class S: {name} = property(lambda self: {kind})\ns = S()",
    "late-property": "class S: pass\nS.{name} = property(lambda self: {kind})\ns = S()",
    "descriptor": "class D:\n    def __get__(self, o, k): return {kind}\nclass S: {name} = D()\ns = S()",
    "late-descriptor": "class D: pass\nclass S: {name} = D()\n"
    "D.__get__ = lambda self, o, k: {kind}\ns = S()",
    "slot-of-a-base": "class A: __slots__ = ('q',)\n"
    "class S(A): {name} = A.__dict__['q']\ns = S()\ns.q = {kind}",
    "class-property": "class S: {name} = classmethod(property(lambda c: {kind}))\ns = S()",
    "subclass-of-property": "class P(property): pass\nclass S: {name} = P(lambda self: {kind})\ns = S()",
    "namespace-of-type": "S = type('S', (), {{'{name}': property(lambda self: {kind})}})\ns = S()",
}

# What is asked what a subscript means, and gives a class that C code would call with the index.
SUBSCRIPTED = {
    "class": """
class M(type):
    def __getattr__(cls, name): return bytes
class k(metaclass=M): pass""",
    "class-by-every-read": """
class M(type):
    def __getattribute__(cls, name): return bytes
class k(metaclass=M): pass""",
    "alias": """
class T:
    def __getattr__(self, name):
        if name == '__typing_subst__': return bytes
        raise AttributeError(name)
k = list[T()]""",
    "alias-of-the-instance": """
class T: pass
t = T()
t.__typing_subst__ = bytes
k = list[t]""",
}
INDEXED = {
    "by-a-constant": "len(k[400000000])",
    "by-a-name": "def f(k, n): return k[n]\nf(k, 400000000)",
    "by-a-name-in-place": "def f(k, n): k[n] += 1\nf(k, 400000000)",
    "by-a-constant-in-a-function": "def f(k): return k[400000000]\nf(k)",
    "in-a-comprehension": "def f(k, n): return [k[n] for _ in 'a']\nf(k, 400000000)",
}

CASES: list[Case] = [
    *(
        raw(f"index-of-{what}-{how}", f"{source}\n{indexed}", stopped="memory")
        for what, source in SUBSCRIPTED.items()
        for how, indexed in INDEXED.items()
    ),
    *(
        raw(
            f"an-instance-of-a-class-of-ours-{name}-{how}",
            f"import functools\nkind = {kind}\n{call}",
            raises="TypeError",
        )
        for name, (kind, arguments) in OURS.items()
        for how, call in {
            "called": f"kind{arguments}",
            "by-map": "list(map(kind, [1], [{}]))",
            "by-property": "class S: __call__ = property(lambda self: kind)\nS()('x', 'exec')",
        }.items()
    ),
    *(
        raw(
            f"the-new-of-a-class-of-ours-{name}",
            f"import functools\nkind = {kind}\nkind.__new__",
            raises="AttributeError",
        )
        for name, (kind, _) in OURS.items()
        if name != "stand-in"
    ),
    raw(
        "the-new-of-a-class-of-c-that-a-stand-in-says-it-is-of",
        "kind = type(str.format)\nkind.__new__(kind)",
        raises="TypeError",
        about="is not safe",
    ),
    *(
        raw(
            f"bytes-past-the-guard-{how}",
            source.format(name="__getitem__", kind="bytes") + "\nlen(s[3 * 10**8])",
            stopped="memory",
        )
        for how, source in STORED.items()
        if how != "class-property"  # gone from 3.13 on
    ),
    *(
        raw(
            f"type-past-the-guard-{how}",
            source.format(name="__call__", kind="type")
            + "\nM = s('M', (type,), {'__hash__': lambda c: hash(str), '__eq__': lambda c, o: True})",
            raises="TypeError",
            about="compare by identity",
        )
        for how, source in STORED.items()
        if how != "class-property"
    ),
    raw(
        "an-alias-under-a-special-name",
        """
        import itertools
        class S: __call__ = list[int]
        class Endless:
            def __iter__(self): return itertools.repeat(1)
        S()(Endless())
        """,
        stopped="steps",
    ),
    *(
        raw(
            f"a-class-given-to-a-property-later-{name}",
            f"""
            import itertools
            class Endless:
                def __iter__(self): return itertools.repeat(1)
            Endless.p = property(None).{name}(list)
            Endless().p
            """,
            stopped="steps",
        )
        for name in ("getter",)
    ),
    *(
        raw(
            f"a-slot-under-a-special-name-{name.strip('_')}-{len(spelled)}",
            f"class A: __slots__ = {spelled.format(name)}\n",
            raises="TypeError",
            about="__slots__ cannot hold",
        )
        for name in ("__del__", "__iter__", "__getitem__")
        for spelled in ("('{}',)", "'{}'")
        if not (name != "__del__" and spelled == "'{}'")
    ),
    raw(
        "a-lying-metaclass-past-the-guard",
        """
        class P: __call__ = property(lambda self: type)
        P()('M', (type,), {'mro': lambda c: [c, object]})
        """,
        raises="TypeError",
        about="compare by identity",
    ),
]
CASES += [
    raw(
        f"what-a-delegate-calls-{name}",
        f"""
        import itertools
        class E(Exception):
            def __iter__(self): return itertools.repeat(1)
        class I:
            def __iter__(self): return self
            def __next__(self): return 1
        class A:
            def __await__(self): return i
        i = I()
        i.throw = list
        {body}
        """,
        stopped="steps",
    )
    for name, body in {
        "yield-from": "def g(): yield from i\n        x = g(); next(x); x.throw(E())",
        "await": "async def g(): await A()\n        x = g(); x.send(None); x.throw(E())",
    }.items()
]

ENDLESS = """
import itertools
class Endless:
    def __iter__(self): return itertools.repeat(1)
    def __len__(self): return 2
    def __getitem__(self, i): return 1
class Bad(Exception):
    def __iter__(self): return itertools.repeat(1)
class Meta(type):
    def __getattr__(cls, name): return list
class Told(type):
    def __getattribute__(cls, name):
        return list if name in ('__dir__', '__class_getitem__') else type.__getattribute__(cls, name)
class P: pass
p = P()
def g(): yield
"""

#: Where C code, or a guard, calls what it finds on the object itself or asks of a metaclass, and where
#: C code makes a sequence of an element before it looks at its length.
CASES += [
    raw(f"endless-in-{name}", f"{ENDLESS}\n{src}", stopped="steps", pit=pit)
    for pit, name, src in (
        (5, "the-send-of-a-delegate",
         "class I:\n    def __iter__(self): return self\n    def __next__(self): return 1\n"
         "    send = list\ndef h(): yield from I()\nx = h(); next(x); x.send(Endless())"),
        (6, "a-prepare-of-an-instance",
         "p.__prepare__ = itertools.zip_longest\nq = P(); q.__prepare__ = lambda n, b: list(b[0])\n"
         "class E(type):\n    def __iter__(c): return itertools.repeat(1)\n"
         "class B(metaclass=E): pass\nclass X(B, metaclass=q): pass"),
        (22, "mro-entries-of-an-instance",
         "n = ()\nfor i in range(60): n = (n, n)\np.__mro_entries__ = set\nclass X(n, p): pass"),
        (22, "mro-entries-that-are-asked-twice",
         "n = ()\nfor i in range(60): n = (n, n)\nclass Q:\n    def __getattr__(self, name):\n"
         "        global asked\n        asked += 1\n"
         "        if asked < 3: raise AttributeError\n        return set\nasked = 0\n"
         "for i in range(5):\n    try:\n        class X(n, Q(), metaclass=lambda *a: None): pass\n"
         "    except TypeError: pass"),
        (6, "a-substitution-of-an-instance", "p.__typing_subst__ = list\nlist[p][Endless()]"),
        (6, "a-substitution-by-getattr",
         "class Q:\n    def __getattr__(self, name):\n        return list if name == "
         "'__typing_subst__' else object.__getattribute__(self, name)\nlist[Q()][Endless()]"),
        (6, "a-substitution-in-an-alias-of-aliases",
         "p.__typing_subst__ = list\ndict[str, list[p]][Endless()]"),
        (6, "a-substitution-in-a-union", "p.__typing_subst__ = list\n(list[p] | int)[Endless()]"),
        (6, "a-substitution-by-the-method",
         "p.__typing_subst__ = list\nimport types\ntypes.GenericAlias.__getitem__(list[p], Endless())"),
        (6, "a-substitution-by-super",
         "import types\nclass G(types.GenericAlias):\n"
         "    def __getitem__(self, key): return super().__getitem__(key)\n"
         "p.__typing_subst__ = list\nG(list, (p,))[Endless()]"),
        (6, "the-items-of-a-class", "class A(metaclass=Meta): pass\nA[Endless()]"),
        (6, "the-items-of-a-class-by-operator",
         "import operator\nclass A(metaclass=Told): pass\noperator.getitem(A, Endless())"),
        (6, "dir-by-a-metaclass",
         "class A(Endless, metaclass=Told):\n    def __dir__(self): return []\ndir(A())"),
        (5, "a-thrown-group", "x = g(); next(x); x.throw(ExceptionGroup, ('m', Endless()))"),
        (5, "a-group-thrown-into-a-coroutine",
         "async def c(): pass\nc().throw(ExceptionGroup, ('m', Endless()))"),
        (6, "the-get-of-a-counter",
         "import collections\nclass C(collections.Counter): get = itertools.product\nC([Endless()])"),
        (6, "the-get-of-a-mapping-pattern",
         "class N: s = Endless()\nclass D(dict): get = itertools.product\n"
         "match D(a=1):\n    case {N.s: v}: pass"),
        (5, "a-pair-of-a-dict", "dict([Endless()])"),
        (5, "a-pair-of-an-update", "{}.update([Endless()])"),
        (5, "a-pair-in-place", "d = {}\nd |= [Endless()]"),
        (5, "a-pair-of-a-dict-beside-good-ones", "dict([(1, 2), Endless()])"),
        (5, "a-pair-that-comes-while-keys-are-hashed",
         "class H:\n    def __hash__(self):\n        pairs.append(Endless())\n        return 1\n"
         "pairs = [(H(), 1)]\ndict(pairs)\npairs2 = ((H(), 1) for _ in range(1))\n"
         "dict(pairs2)\ndict(pairs)"),
        (5, "the-arguments-of-starmap", "list(itertools.starmap(lambda *a: 0, [Endless()]))"),
        (5, "a-moment", "import time\ntime.struct_time(Endless())"),
        (26, "the-keys-of-an-instance-in-a-display",
         "p.keys = lambda: Endless()\nP.__getitem__ = lambda self, key: 1\n{**p}"),
        (26, "the-keys-of-an-instance-in-a-call",
         "p.keys = lambda: Endless()\nP.__getitem__ = lambda self, key: 1\n"
         "def f(**k): pass\nwhile True:\n    try: f(**p)\n    except TypeError: pass"),
        (26, "the-keys-of-an-instance-in-place",
         "p.keys = lambda: Endless()\nP.__getitem__ = lambda self, key: 1\nd = {}\nd |= p"),
        (22, "the-hash-of-a-cached-method",
         "import functools\nclass A:\n    @functools.lru_cache\n    def f(self, x): pass\n"
         "n = ()\nfor i in range(60): n = (n, n)\nlist(map(A().f, [n]))"),
        (22, "the-hash-of-a-cached-function-called-by-its-method",
         "import functools\n@functools.lru_cache\ndef f(x): pass\n"
         "n = ()\nfor i in range(60): n = (n, n)\nf.__call__(n)"),
        (22, "the-hash-of-a-cached-function-that-was-bound",
         "import functools\n@functools.lru_cache\ndef f(s, x): pass\n"
         "n = ()\nfor i in range(60): n = (n, n)\nsorted([n], key=f.__get__(1))"),
    )
]  # fmt: skip
CASES += [
    raw(
        f"an-abstract-class-that-tells-its-own-story-{name}",
        f"""{ENDLESS}
import abc
class F:
    def items(self): return Endless()
class M(abc.ABCMeta):
    def __getattribute__(cls, name):
        return {gives} if name == '{asked}' else super().__getattribute__(name)
class A(metaclass=M): pass
class B(metaclass=M): pass
issubclass(B, A)
""",
        raises="TypeError",
        about="in a way of its own",
    )
    for name, asked, gives in (
        ("namespace", "__dict__", "F()"),
        ("hook", "__subclasshook__", "list"),
        ("check", "__subclasscheck__", "list"),
    )
]
CASES += [
    raw(
        f"bytes-of-what-is-no-bytes-{name}",
        f"import zlib, itertools\nzlib.decompress({given})",
        raises="TypeError",
        about="bytes-like",
    )
    for name, given in (("size", "10**12"), ("endless", "itertools.repeat(1)"))
]
CASES += [
    raw(
        "a-namespace-of-pairs",
        "import types, itertools\n"
        "try: types.SimpleNamespace(itertools.repeat(('a', 1)))\n"
        "except TypeError: [0 for _ in itertools.repeat(1)]  # up to 3.12 it takes no pairs",
        stopped="steps",
    ),
    raw(
        "a-condition-of-a-group",
        f"{ENDLESS}\n"
        "try: ExceptionGroup('m', [Bad()]).subgroup(list[int])\n"
        "except TypeError: list(Endless())  # up to 3.12 it takes functions and classes",
        stopped="steps",
    ),
]

#: Ways for a class to be what C code finds as a method of a zone.
ZONES = {
    "class": "class Z(Plain): {name} = list\nz = Z()",
    "late": "class Z(Plain): pass\nZ.{name} = list\nz = Z()",
    "instance": "class Z(Plain): pass\nz = Z()\nz.{name} = list",
    "dictionary": "class Z(Plain): pass\nz = Z()\nvars(z)['{name}'] = list",
    "slot": "class A: __slots__ = ('{name}',)\nclass Z(A, tzinfo): pass\nz = Z()\nz.{name} = list",
    "property": "class Z(Plain): {name} = property(lambda self: list)\nz = Z()",
    "getattribute": "class Z(Plain):\n    def __getattribute__(self, name): return list\nz = Z()",
    "late-base": "class Z(Plain): pass\nclass B(Plain): {name} = list\nz = Z()\nZ.__bases__ = (B,)",
    "late-class": "class Z(Plain): pass\nclass Y(Plain): {name} = list\nz = Z()\nz.__class__ = Y",
    # A static method, since partial objects bind from 3.14 on.
    "partial": "import functools\nclass Z(Plain): {name} = staticmethod(functools.partial(list))\nz = Z()",
    "alias": "class Z(Plain): {name} = list[int]\nz = Z()",
}
AWARE = """
import itertools, operator
from datetime import *
class D(datetime):
    def __iter__(self): return itertools.repeat(None)
class T(time):
    def __iter__(self): return itertools.repeat(None)
class Plain(tzinfo):
    def utcoffset(self, moment): return timedelta(0)
    def dst(self, moment): return timedelta(0)
    def tzname(self, moment): return 'z'
"""
#: Ways to a moment with the zone, and what asks it.
HOLDS = {
    "made": "D(2020, 1, 1, tzinfo=z)",
    "made-by-place": "D(2020, 1, 1, 0, 0, 0, 0, z)",
    "by-new": "datetime.__new__(D, 2020, 1, 1, tzinfo=z)",
    "by-map": "next(map(D, [2020], [1], [1], [0], [0], [0], [0], [z]))",
    "replaced": "D(2020, 1, 1).replace(tzinfo=z)",
    "replaced-by-place": "D.replace(D(2020, 1, 1), 2020, 1, 1, 0, 0, 0, 0, z)",
    "combined": "D.combine(date(2020, 1, 1), time(0), z)",
    "combined-with-its-time": "D.combine(date(2020, 1, 1), time(0, tzinfo=z))",
    "moved": "D(2020, 1, 1, tzinfo=z) + timedelta(1)",
}
ASKS = {
    "utcoffset": ("utcoffset", "d.utcoffset()"),
    "equal": ("utcoffset", "d == D(2020, 1, 1, tzinfo=timezone.utc)"),
    "less": ("utcoffset", "d < D(2020, 1, 1, tzinfo=timezone.utc)"),
    "hash": ("utcoffset", "hash(d)"),
    "key": ("utcoffset", "{d: 1}"),
    "difference": ("utcoffset", "d - D(2020, 1, 1, tzinfo=timezone.utc)"),
    "text": ("utcoffset", "str(d)"),
    "iso": ("utcoffset", "d.isoformat()"),
    "format": ("utcoffset", "format(d, '%z')"),
    "name-in-a-format": ("tzname", "d.strftime('%Z')"),
    "stamp": ("utcoffset", "d.timestamp()"),
    "utc-tuple": ("utcoffset", "d.utctimetuple()"),
    "tuple": ("dst", "d.timetuple()"),
    "dst": ("dst", "d.dst()"),
    "tzname": ("tzname", "d.tzname()"),
    "as-zone": ("utcoffset", "d.astimezone(timezone.utc)"),
    "to-zone": ("fromutc", "D(2020, 1, 1, tzinfo=timezone.utc).astimezone(z)"),
    "from-stamp": ("fromutc", "D.fromtimestamp(0, z)"),
    "from-utc": ("dst", "tzinfo.fromutc(z, d)"),
    "sorted": ("utcoffset", "sorted([d, D(2020, 1, 1, tzinfo=timezone.utc)])"),
}
CASES += [
    raw(
        f"a-zone-{how}-{asks}",
        f"{AWARE}{way.format(name=name)}\nd = {HOLDS['made']}\n{does}",
        stopped="steps",
    )
    for how, way in ZONES.items()
    for asks, (name, does) in ASKS.items()
    if how in ("class", "instance") or asks in ("utcoffset", "hash", "to-zone")
]
CASES += [
    raw(
        f"a-zone-held-{holds}",
        f"{AWARE}{ZONES['class'].format(name='utcoffset')}\nd = {held}\nd.utcoffset()",
        stopped="steps",
    )
    for holds, held in HOLDS.items()
    if holds != "made"  # which is what is asked in all the ways above
]
CASES += [
    raw(
        "a-zone-of-a-time",
        AWARE + "class Z(Plain):\n    def utcoffset(self, moment): return [*d]\n"
        "d = T(tzinfo=Z())\nd == time(tzinfo=timezone.utc)",
        stopped="steps",
    ),
    raw(
        "the-zone-of-ours-is-not-shown",
        AWARE + "z = Plain()\nd = D(2020, 1, 1, tzinfo=z)\nt = d.timetz()\n"
        "import copy\n[d.tzinfo is z, t.tzinfo is z, getattr(d, 'tzinfo') is z, "
        "operator.attrgetter('tzinfo')(d) is z, "
        "copy.copy(d).tzinfo is z, d.replace(day=2).tzinfo is z]",
        value=[True] * 6,
    ),
    raw(
        "a-zone-of-ours-as-it-comes-to-new",
        AWARE + "seen = []\nclass N(datetime):\n"
        "    def __new__(cls, *args, **kwargs):\n"
        "        seen.extend(x for x in (*args, *kwargs.values()) if isinstance(x, tzinfo))\n"
        "        return super().__new__(cls, *args, **kwargs)\n"
        "d = N(2020, 1, 1, tzinfo=Plain()) + timedelta(1)\n"
        "[n for x in seen for n in ('__inner__', '__realm__', '__dict__') if hasattr(x, n) and n != '__dict__']",
        value=[],
    ),
]

# A class that stands itself under a special name, whose slot C code calls it by.
CASES += [
    raw(
        "class-under-call-makes-a-class",
        "class C: __call__ = type\nX = C()('X', (), {})\n"
        "class Y(X): pass\n[type(X).__name__, [k.__name__ for k in Y.__mro__]]",
        value=["type", ["Y", "X", "object"]],
    ),
    raw("class-under-call-with-a-host-base", "class C: __call__ = type\nC()('X', (type(print),), {})",
        raises="TypeError"),
    raw("class-under-add-makes-bytes", "class C: __add__ = bytes\nC() + 10**9", stopped="memory"),
    raw("class-under-getattr-makes-a-list", "class C: __getattribute__ = list\nC().abc", value=["a", "b", "c"]),
]  # fmt: skip

# Classes of C code that would be made by `object.__new__`: what their methods need is not in the instance.
# An empty reader of Python 3.11.2 brings the interpreter down at its first row.
EMPTY = {
    "reader": ("csv.reader([])", "next(made)"),
    "writer": ("csv.writer(io.StringIO())", "made.writerow([1])"),
    "iterator-of-a-list": ("iter([])", "next(made)"),
    "pattern": ("re.compile('')", "made.match('')"),
    "match": ("re.match('', '')", "made.group()"),
    "scanner": ("re.compile('').scanner('')", "made.match()"),
    "hash": ("hashlib.sha256()", "made.digest()"),
    "compressor": ("zlib.compressobj()", "made.compress(b'')"),
    "generator": ("(x for x in '')", "next(made)"),
    "union": ("int | str", "made.__args__"),
}
MADE = {
    "called": "kind()",
    "by-type": "type.__call__(kind)",
    "by-new": "kind.__new__(kind)",
    "by-object": "object.__new__(kind)",
    "by-a-callback": "next(iter(kind, 0))",
    "by-default": "collections.defaultdict(kind)[0]",
    "by-reduce": "copyreg.__newobj__(kind)",
    "by-reconstruction": "copyreg._reconstructor(kind, object, None)",
}
CASES += [
    raw(
        f"an-empty-{name}-{way}",
        f"import collections, copyreg, csv, hashlib, io, re, zlib\nkind = type({sample})\nmade = {made}\n{used}",
        raises="TypeError",
    )
    for name, (sample, used) in EMPTY.items()
    for way, made in MADE.items()
]

# The same kept as what a `defaultdict` makes for a key that is missing, which C code calls as it is.
FACTORIES = {
    "alias": "made = collections.defaultdict(types.GenericAlias(kind, (int,)))[0]",
    "init": "d = collections.defaultdict()\nd.__init__(kind)\nmade = d[0]",
    "subclass": "class D(collections.defaultdict): pass\nmade = D(kind)[0]",
    "super": "class D(collections.defaultdict):\n    def __init__(self): super().__init__(kind)\nmade = D()[0]",
    "store": "d = collections.defaultdict()\nd.default_factory = kind\nmade = d[0]",
    "store-of-a-subclass": "class D(collections.defaultdict): pass\nd = D()\nd.default_factory = kind\nmade = d[0]",
    "setattr": "d = collections.defaultdict()\nsetattr(d, 'default_factory', kind)\nmade = d[0]",
    "setattr-of-object": "d = collections.defaultdict()\n"
    "object.__setattr__(d, 'default_factory', kind)\nmade = d[0]",
    "augmented": "class X:\n    def __call__(self): return 1\n    def __iadd__(self, other): return kind\n"
    "d = collections.defaultdict(X())\nd.default_factory += 1\nmade = d[0]",
    "loop": "d = collections.defaultdict()\nfor d.default_factory in [kind]: pass\nmade = d[0]",
    "comprehension": "d = collections.defaultdict()\n[0 for d.default_factory in [kind]]\nmade = d[0]",
    "unpacking": "d = collections.defaultdict()\nd.default_factory, _ = kind, 1\nmade = d[0]",
    "copy": "import copy\nclass P:\n    def __reduce_ex__(self, n):\n"
    "        return (collections.defaultdict, (), (None, {'default_factory': kind}))\nmade = copy.copy(P())[0]",
}
CASES += [
    raw(
        f"an-empty-reader-by-a-factory-{way}",
        f"import collections, csv, types\nkind = type(csv.reader([]))\n{source}\nnext(made)",
        raises="TypeError",
        about="cannot create",
    )
    for way, source in FACTORIES.items()
]
CASES += [
    raw(
        "a-factory-of-something-else",
        "import collections\nclass F: pass\nf = F()\nf.default_factory = 1\nd = collections.defaultdict(list)\n"
        "d[0]\nd.default_factory = int\nd[1]\n[d, f.default_factory, d.default_factory is int]",
        value=[{0: [], 1: 0}, 1, True],
    )
]
