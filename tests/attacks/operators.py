"""Operators, statements and conversions, each of which is an access to an object too."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="operator", pit=26)

# What Python asks of an object without naming an attribute: a capability answers none of it.
ON_CAPABILITY = [
    ("add", "door + 1"),
    ("add-reflected", "1 + door"),
    ("subtract", "door - door"),
    ("times", "door * 2"),
    ("matrix", "door @ door"),
    ("divide", "door / 2"),
    ("floor-divide", "door // 2"),
    ("remainder", "door % 2"),
    ("power", "door ** 2"),
    ("shift", "door << 2"),
    ("and", "door & 1"),
    ("or", "door | 1"),
    ("xor", "door ^ 1"),
    ("negate", "-door"),
    ("invert", "~door"),
    ("less", "door < door"),
    ("greater-equal", "door >= 1"),
    ("in-place-add", "x = door\nx += 1"),
    ("index", "door[0]"),
    ("slice", "door[1:2]"),
    ("store-index", "door[0] = 1"),
    ("delete-index", "del door[0]"),
    ("contains", "1 in door"),
    ("iterate", "for x in door: pass"),
    ("star", "[*door]"),
    ("double-star", "{**door}"),
    ("call-star", "print(*door)"),
    ("unpack", "a, b = door"),
    ("call", "door()"),
    ("with", "with door: pass"),
    ("length", "len(door)"),
    ("int", "int(door)"),
    ("float", "float(door)"),
    ("index-protocol", "[1][door]"),
    ("bytes", "bytes(door)"),
    ("abs", "abs(door)"),
    ("round", "round(door)"),
    ("reversed", "reversed(door)"),
    ("next", "next(door)"),
    ("iter", "iter(door)"),
    ("divmod", "divmod(door, 1)"),
    ("sum", "sum([door])"),
    ("sorted", "sorted([door, door])"),
    ("memoryview", "memoryview(door)"),
    ("format-with-a-spec", "format(door, '>30')"),
    ("raise", "raise door"),
    ("except", "try:\n 1 / 0\nexcept door: pass"),
    ("decorate", "@door\ndef f(): pass"),
    ("base-class", "class C(door): pass"),
    ("metaclass", "class C(metaclass=door): pass"),
    ("isinstance", "isinstance(1, door)"),
    ("yield-from", "def g(): yield from door\nnext(g())"),
    ("await", "async def f(): await door\nf().send(None)"),
    ("async-for", "async def f():\n async for x in door: pass\nf().send(None)"),
    ("async-with", "async def f():\n async with door: pass\nf().send(None)"),
    ("math", "import math\nmath.floor(door)"),
    ("join", "''.join([door])"),
    ("exec", "exec(door)"),
    ("match-class", "match 1:\n case door(): pass"),
]

CASES: list[Case] = [
    *(case(f"capability-{name}", src, raises="TypeError") for name, src in ON_CAPABILITY),
    case(
        "capability-equals-itself-only",
        "door == door, door == 1, door != door",
        value=(True, False, False),
    ),
    case("capability-is-true", "bool(door), not door", value=(True, False)),
    case("capability-hash-is-stable", "hash(door) == hash(door), len({door, door})", value=(True, 1)),
    case(
        "capability-match-sequence",
        "match door:\n case [*_]: r = 1\n case {}: r = 2\n case _: r = 3\nr",
        value=3,
    ),
    case(
        "capability-write-is-checked",
        "door.label = 'x'\ndoor.label",
        raises="AttributeError",
        about="label",
    ),
    case("capability-read-only", "door.name += 'x'", raises="AttributeError", about="name"),
    case("capability-delete", "del door.name", raises="AttributeError"),
    # Reflected operators receive what the left side is; never more than the guest holds.
    case(
        "reflected-operators-see-the-capability-only",
        """
        seen = []
        class R:
            def see(self, o):
                seen.append(o is door)
                return 'r'
            __radd__ = __rsub__ = __rmul__ = __rmatmul__ = __rtruediv__ = see
            __rfloordiv__ = __rmod__ = __rpow__ = __rlshift__ = __rrshift__ = see
            __rand__ = __ror__ = __rxor__ = __rdivmod__ = see
        r = R()
        door + r; door - r; door * r; door @ r; door / r; door // r; door % r
        door ** r; door << r; door >> r; door & r; door | r; door ^ r; divmod(door, r)
        all(seen), len(seen)
        """,
        value=(True, 14),
    ),
    case(
        "in-place-store-of-a-denied-name",
        "f = lambda: 0\nf.__globals__ |= {'x': 1}",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "in-place-store-on-a-class-dict",
        "class C: pass\nC.__dict__ |= {'x': 1}",
        raises="TypeError",
    ),
    case(
        "store-code",
        "f = lambda: 0\ng = lambda: 1\nf.__code__ = g.__code__",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "store-globals",
        "f = lambda: 0\nf.__globals__ = {}",
        raises="AttributeError",
        about="__globals__",
    ),
    case("store-class-of-a-function", "f = lambda: 0\nf.__class__ = int", raises="AttributeError"),
    case("store-class-of-a-module", "import math\nmath.__class__ = int", raises="AttributeError"),
    case("store-traceback", "ValueError().__traceback__ = object()", raises="TypeError"),
    case("store-dict-of-a-function", "f = lambda: 0\nf.__dict__ = {'a': 1}\nf.a", value=1),
    case("store-bases-outside", "class C: pass\nC.__bases__ = (int,)", raises="TypeError"),
    case(
        "delete-builtins-of-a-function",
        "f = lambda: 0\ndel f.__builtins__",
        raises="AttributeError",
        about="__builtins__",
    ),
    case(
        "special-methods-are-not-the-hosts",
        """
        class C:
            def __getattribute__(self, n): return (i for i in 'a')
        C().anything.gi_frame.f_builtins
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "descriptor-gets-no-more-than-its-object",
        """
        got = []
        class D:
            def __get__(self, o, c):
                got.append((o is None, c.__name__))
                return 1
        class C: d = D()
        C.d; C().d
        got
        """,
        value=[(True, "C"), (False, "C")],
    ),
    case(
        "percent-calls-guest-text-guarded",
        """
        class S:
            def __str__(self): return (i for i in 'a').gi_frame.f_builtins
        '%s' % S()
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "percent-mapping-is-an-item-not-an-attribute",
        """
        class M:
            def __getitem__(self, k): return k.upper()
        '%(gi_yieldfrom)s' % M()
        """,
        value="GI_YIELDFROM",
    ),
    case(
        "format-method-of-a-guest-runs-guarded",
        """
        class F:
            def __format__(self, spec): return (i for i in 'a').gi_frame.f_builtins
        f'{F():x}'
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "iteration-hands-out-no-raw-iterator",
        "iter([1]).__reduce__",
        raises="AttributeError",
        about="__reduce__",
    ),
    case(
        "unpacking-runs-guest-code-guarded",
        """
        class I:
            def __iter__(self): return (i for i in 'a').gi_frame.f_builtins
        a, = I()
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "subscript-of-a-class-runs-guarded",
        """
        class C:
            def __class_getitem__(cls, k): return (i for i in 'a').gi_frame.f_builtins
        C[1]
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "missing-method-of-a-dict-runs-guarded",
        """
        class D(dict):
            def __missing__(self, k): return (i for i in 'a').gi_frame.f_builtins
        D()['x']
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "conversion-returns-what-it-should",
        """
        class S(str): pass
        class C:
            def __str__(self): return S('x')
        type(str(C())).__name__
        """,
        value="S",
    ),
    case(
        "mod-of-bytes-runs-guarded",
        """
        class B:
            def __bytes__(self): return (i for i in 'a').gi_frame.f_builtins
        b'%b' % B()
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
]
