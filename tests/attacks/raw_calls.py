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

CASES: list[Case] = [
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
