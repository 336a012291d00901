"""`_markup`: what templates do most, in trusted code. It must give what the guest's own code would give, charge
for it, and believe no class of the guest's."""

from __future__ import annotations

import random
from typing import Any

import pytest

pytest.importorskip("markupsafe", reason="needs the extra jinja")

from markupsafe import escape

from capcompiler import Compartment, GuestError, Imports, LimitExceeded, Limits, cap_exec, reach

HEAD = """
import _markup
class Marked(str):
    pass
class Liar(str):
    def __str__(self): return "<script>"
    def replace(self, *a): return "<script>"
    def __len__(self): return 10**12
class Getter:
    def __init__(self): self.x = 'x'
    def __getattr__(self, name):
        if name == 'lost': raise AttributeError(name)
        return 'got ' + name
other = lambda value, *rest, **named: ('other', value if type(value) in (str, int) else type(value).__name__)
escaped = _markup.escaping(other, Marked)
shown = _markup.showing(other)
attribute = _markup.reading(other, lambda obj, name: ('absent', name))
naming = _markup.naming(other, lambda obj, name: ('absent', name))
named = lambda obj, name: naming(name)(obj)
putting = _markup.putting(other, lambda obj, name: ('absent', name), other, Marked)
plainly = _markup.putting(other, lambda obj, name: ('absent', name), other, None)
put = lambda obj, name: (putting(name)(obj), plainly(name)(obj))
item = _markup.taking(other)
method = _markup.calling(lambda context, obj, name, *args, **kwargs: ('other', name, args, kwargs))
mark = _markup.marking(Marked, other)
tilde = _markup.tilde(Marked, other)
"""


def value(expression: str, optimize: bool, **limits: Any) -> Any:
    return cap_exec(f"{HEAD}\nr = {expression}", limits=Limits(**limits), optimize=optimize)["r"]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("escaped('a<b>&\"\\'')", "a&lt;b&gt;&amp;&#34;&#39;"),
        ("escaped(Marked('<b>'))", "<b>"),
        ("type(escaped(Marked('<b>'))) is str", True),
        ("escaped(Liar('<b>'))", ("other", "Liar")),
        ("[escaped(3), escaped(1.5), shown('<')]", ["3", "1.5", "<"]),
        ("[escaped(True), escaped(None), escaped(2**63)]", [("other", "bool"), ("other", "NoneType"), ("other", 2**63)]),
        ("[attribute({'a': 1}, 'a'), attribute({}, 'a')]", [1, ("absent", "a")]),
        ("[attribute({'_a': 1}, '_a'), attribute('x', 'format'), attribute({'items': 1}, 'items')]",
         [("other", "dict"), ("other", "x"), ("other", "dict")]),
        ("[attribute(Getter(), n) for n in ('x', 'y', 'lost', '__class__', '_x')]",
         ["x", "got y", *[("other", "Getter")] * 3]),
        ("[named({'a': 1}, 'a'), named({}, 'a')]", [1, ("absent", "a")]),
        ("[named({'_a': 1}, '_a'), named('x', 'format'), named({'items': 1}, 'items')]",
         [("other", "dict"), ("other", "x"), ("other", "dict")]),
        ("[named(Getter(), n) for n in ('x', 'y', 'lost', '__class__', '_x')]",
         ["x", "got y", *[("other", "Getter")] * 3]),
        ("[put({'a': v}, 'a') for v in ('<', 3, 1.5, 2**63, None, Liar('x'))]",
         [("&lt;", "<"), ("3", "3"), ("1.5", "1.5"), *[(("other", v),) * 2 for v in (2**63, "NoneType", "Liar")]]),
        ("[put({'a': Marked('<')}, 'a'), put({}, 'a'), put('x', 'format'), put({'items': 1}, 'items')]",
         [("<", ("other", "Marked")), *[(("other", "tuple"),) * 2] * 3]),
        ("[put(Getter(), n) for n in ('x', 'y', 'lost', '__class__', '_x')]",
         [("x", "x"), ("got y", "got y"), *[(("other", "tuple"),) * 2] * 3]),
        ("[item([1, 2], 1), item((1,), -1), item({'a': 1}, 'a'), item({1: 2}, 1)]", [2, 1, 1, 2]),
        ("[item([1], 5), item([1], True), item({}, 'a'), item({'a': 1}, Liar('a'))]",
         [("other", "list"), ("other", "list"), ("other", "dict"), ("other", "dict")]),
        ("[method(0, 'a', 'upper'), method(0, {'a': 1}, 'get', 'a', _loop_vars=1)]", ["A", 1]),
        ("[method(0, 'a', n)[:2] for n in ('format', '__class__', 'nothing')]",
         [("other", "format"), ("other", "__class__"), ("other", "nothing")]),
        ("[type(mark('a')) is Marked, mark(3)]", [True, ("other", 3)]),
        ("[tilde(('a', 1, '<')), tilde((Marked('<b>'), '<', 2)), tilde((Liar('x'),))]",
         ["a1<", "<b>&lt;2", ("other", "tuple")]),
        ("[_markup.join(['a', 1], '<'), _markup.join(['a', None], ''), _markup.join(iter('ab'), '')]",
         ["a<1", None, None]),
        ("[_markup.concat(c for c in 'abc'), _markup.concat([Liar('x'), 'y'])]", ["abc", "xy"]),
    ],
)  # fmt: skip
def test_it_gives_what_it_should(expression: str, wanted: Any, optimize: bool) -> None:
    assert value(expression, optimize) == wanted


@pytest.mark.parametrize(
    "expression",
    ["_markup.concat([1])", "_markup._escape_inner(Liar('a'))", "_markup.marking(int, other)",
     "_markup.marking(str, other)", "_markup.marking(3, other)", "_markup.escaping(other, Getter)",
     "_markup.reading()", "naming(Liar('a'))", "naming(3)", "naming('a').__globals__", "naming('a').__closure__",
     "setattr(naming('a'), 'x', 1)", "_markup.invoking(3, 4, 5)", "_markup.tilde(type(print), other)",
     "_markup.escaping.__func__.__globals__"],
)  # fmt: skip
def test_what_it_does_not_take(expression: str, optimize: bool) -> None:
    with pytest.raises(GuestError):
        value(f"{expression}\nr()", optimize)


@pytest.mark.parametrize(
    "expression",
    [
        *[f"escaped.{n}" for n in ("__globals__", "__closure__", "__code__", "__get__", "__builtins__", "__dict__",
                                   "__defaults__", "__kwdefaults__", "__self__", "__func__", "__call__.__self__")],
        "getattr(escaped, '__globals__')", "'{0.__globals__}'.format(escaped)",
        "__import__('operator').attrgetter('__closure__')(escaped)", "vars(escaped)",
        "__import__('inspect').getclosurevars(escaped)", "__import__('inspect').getsource(escaped)",
        "[g for f in [escaped] for g in [f.__globals__]]", "setattr(escaped, 'x', 1)",
        "setattr(escaped, '__code__', (lambda: 0).__code__)", "setattr(escaped, '__defaults__', ())",
        "delattr(escaped, '__name__')", "type(escaped)(escaped.__code__, {})",
        "__import__('copy').deepcopy(escaped).__globals__", "__import__('functools').partial(escaped).func.__globals__",
        "type('C', (), {'m': escaped})().m.__func__.__globals__", "escaped.__reduce__()[1]",
    ],
)  # fmt: skip
def test_a_function_of_ours_shows_its_name_and_no_more(expression: str, optimize: bool) -> None:
    with pytest.raises(GuestError):
        value(f"{expression}\nr()", optimize)


def test_what_a_guest_reaches_through_it() -> None:
    world = Compartment(imports=Imports.pure().only("_markup"))
    world.exec(HEAD)
    found = reach(world)
    assert found.outside == ()
    shown = world.eval("[f.__name__ for f in (escaped, attribute, item, method)]")
    assert shown == ["escaped", "attribute", "item", "method"]


def test_each_compartment_has_its_own() -> None:
    worlds = [Compartment() for _ in range(2)]
    for world in worlds:
        world.exec(HEAD)
    assert len({id(w._globals["escaped"]) for w in worlds}) == 2


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("escaped('<' * 2_000_000)", "memory"),
        ("_markup.concat(['x' * 1000] * 100_000)", "memory"),
        ("_markup.concat(iter(str, 1))", "memory steps"),
        ("_markup.join(['x' * 1000] * 20_000 * 5, '<')", "memory"),
        ("tilde(('x' * 3_000_000, 'y' * 3_000_000))", "memory"),
        ("[escaped('a' * 500_000) for _ in range(1000)]", "memory steps"),
        ("method(0, 'x', 'center', 10**10)", "memory"),
        ("method(0, [1], 'extend', iter(int, 1))", "memory steps"),
    ],
)
def test_it_is_paid_for(expression: str, kind: str, optimize: bool) -> None:
    with pytest.raises(LimitExceeded) as stop:
        value(expression, optimize, steps=1_000_000, memory=5_000_000)
    assert stop.value.kind in kind.split()


def test_text_is_escaped_as_markupsafe_does() -> None:
    chance = random.Random(3)
    texts = ["".join(chance.choices("ab&<>'\"\\ñ\u2028;", k=chance.randrange(900))) for _ in range(60)]
    found = cap_exec("import _markup\nr = [_markup._escape_inner(t) for t in texts]", {"texts": texts})[
        "r"
    ]
    assert found == [str(escape(t)) for t in texts]
