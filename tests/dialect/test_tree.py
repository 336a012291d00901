"""Trees are walked, copied and placed as the `ast` module does it."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap

import pytest

from capcompiler import tree
from capcompiler.tree import children, copied, placed, walk

SOURCES = [
    inspect.getsource(tree),
    inspect.getsource(ast),
    textwrap.dedent("""
        @d(1)
        async def f(a, /, b: int = 1, *c, d=2, **e) -> None:
            global g
            async with x as y, z: pass
            async for i in j: break
            else: continue
            return {**a, 'k': [*b, (yield)], 1: {2, 3}}, lambda q, *r: q if r else ...
        class C(B, metaclass=M):
            x: int = f"{y!r:>{w}}"
            try: raise E from None
            except* (A, B) as e: del a[1:2, ::3], b.c
            finally: assert 1, 2
        match s:
            case [1, *_, {'k': v, **r}] | P(x=1) | None as n if t: pass
        import a.b as c
        from .. import d
        (x := 1) < 2 is not 3 in [i for j in k if l async for m in n]
    """).replace("async for m in n", "for m in n"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_as_the_ast_module_does(number: int) -> None:
    module = ast.parse(SOURCES[number])
    nodes = list(ast.walk(module))
    assert [id(n) for n in walk(module)] == [id(n) for n in nodes]
    assert {id(n) for n in walk(*module.body)} == {id(n) for s in module.body for n in ast.walk(s)}
    for node in nodes:
        assert [id(n) for n in children(node)] == [id(n) for n in ast.iter_child_nodes(node)]
    again = copied(module)
    assert ast.dump(again, include_attributes=True) == ast.dump(module, include_attributes=True)
    shared = {id(n) for n in walk(again)} & {id(n) for n in nodes}
    assert all(not n._fields and not n._attributes for n in nodes if id(n) in shared)


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_nodes_without_a_place_get_that_of_what_they_stand_in(number: int) -> None:
    module = ast.parse(SOURCES[number])
    for at, node in enumerate(walk(module)):
        if node._attributes and at % 3 == 0:
            for name in node._attributes:
                if hasattr(node, name):
                    delattr(node, name)
    ours, theirs = copy.deepcopy(module), copy.deepcopy(module)
    assert ast.dump(placed(ours), include_attributes=True) == ast.dump(
        ast.fix_missing_locations(theirs), include_attributes=True
    )


def test_a_node_that_stands_in_two_places_has_the_first() -> None:
    shared = ast.Name("x", ast.Load())
    module = ast.parse("1\n2\n")
    for statement in module.body:
        statement.value = shared  # type: ignore[attr-defined]
    assert placed(module) is module and shared.lineno == 1


def test_a_copy_keeps_what_was_marked() -> None:
    node = ast.parse("x").body[0].value  # type: ignore[attr-defined]
    node.is_lazy = True
    again = copied([node])
    assert again[0] is not node and again[0].is_lazy is True
