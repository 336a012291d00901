"""What is known of names and values before a program runs.

Facts are sound or not used: a fact of a local variable of a function holds for every value that its
function ever stores there, since nothing else can store there. No fact is kept of names that are
global, of a class body, or bound by a nested function.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from capcompiler.names import bound_names
from capcompiler.tree import children, walk
from guards.fact import ANY, BITS, BOOL, FLOAT, INEXACT, Fact, of_constant

__all__ = ["Scope", "fact_of", "inside", "module_names", "rebound_in", "scope_of"]

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
#: Of a name of which no store has been looked at yet.
_BOTTOM: Final = Fact(object)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(slots=True)
class Scope:
    """A function. fast: local names that only its own code binds. params: those of them that have a
    value from the start. Both without names that are ever deleted."""

    fast: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()
    env: dict[str, Fact] = field(default_factory=dict)
    #: Names that certainly have a value where the rewriting pass is.
    bound: set[str] = field(default_factory=set)
    #: The first parameter, which `super()` takes for the object; "" where there is none.
    first: str = ""
    #: Whether values may be held in local variables of our own.
    temporaries: bool = True
    #: Of a comprehension: what tells its temporaries from those of others. They are names of its own.
    shared: str = ""
    #: The variables that have a mark, and what it says; see capcompiler.marks.
    marks: Mapping[str, str] = field(default_factory=dict)
    #: Whether it is left and entered again, so that its names change while code inside it runs.
    resumed: bool = False
    #: Bytes of texts, at most, that the places met so far make without telling.
    untold: int = 0


def scope_of(node: Any) -> Scope:
    """What is known of the names of a function or lambda."""
    names: set[str] = set()
    taken: set[str] = set()
    body = node.body if isinstance(node.body, list) else [node.body]
    a = node.args
    every = (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg)
    params = {arg.arg for arg in every if arg is not None}
    for part in body:
        _collect(part, names, taken)
    # `nonlocal __x` in a class C says `_C__x`: names with two underscores in them are left alone.
    fast = frozenset(n for n in (names | params) - taken if "__" not in n)
    return Scope(
        fast=fast,
        params=fast & params,
        env=_settled(fast, params, body),
        bound=set(fast & params),
        first=next((arg.arg for arg in (*a.posonlyargs, *a.args)), ""),
        resumed=any(isinstance(part, _RESUMED) for part in walk(node)),
    )


_RESUMED: Final = (ast.Yield, ast.YieldFrom, ast.AsyncFunctionDef)


def inside(
    outer: Scope | None, targets: set[str], first: set[str], lazy: bool = False, shared: str = ""
) -> Scope:
    """A comprehension's scope: its own targets hide the names of the function around it.

    Its temporaries are names of its own: those of the function would be shared by all that is under way
    of the same comprehension. first: the targets of its first clause, which are bound before
    anything else of it is worked out. lazy: of a generator expression. Between two reads in one of a
    name of a generator around it, the collector may run a callback of the guest's that resumes that
    generator.
    """
    own = frozenset(n for n in targets if "__" not in n)
    if outer is None:
        return Scope(fast=own, bound=set(own & first), shared=shared, resumed=lazy)
    env = {n: f for n, f in outer.env.items() if n not in targets}
    kept = frozenset() if lazy and outer.resumed else outer.fast - targets
    resumed = lazy or outer.resumed
    return Scope(
        kept | own,
        outer.params - targets,
        env,
        (outer.bound - targets) | (own & first),
        shared=shared,
        resumed=resumed,
    )


def _collect(
    node: ast.AST,
    names: set[str],
    taken: set[str],
    nested: bool = False,
    other: bool = False,
    later: bool = False,
) -> None:
    """names: what this scope binds. taken: names that others bind, or that lose their value. nested:
    whether the node is in a scope of its own, other: in one that a `:=` binds names of, later: in a
    generator expression, which binds names of the scope whenever somebody resumes it."""
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        taken.update(node.names)
        return
    if isinstance(node, ast.ExceptHandler) and node.name:
        taken.add(node.name)  # unbound again at the end of the handler
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
        taken.add(node.id)
    if isinstance(node, ast.NamedExpr):
        if not other:
            (taken if later else names).add(node.target.id)
    elif not nested:
        names.update(bound_names(node))
    other = other or isinstance(node, (*_FUNCTIONS, ast.ClassDef))
    inner = nested or other or isinstance(node, _COMPREHENSIONS)
    later = later or isinstance(node, ast.GeneratorExp)
    for child in children(node):
        _collect(child, names, taken, inner, other, later)


def rebound_in(statement: ast.AST) -> frozenset[str]:
    """The names that a `:=` binds while the expressions of a statement are worked out; those of the
    statements inside it are asked for with them."""
    found: set[str] = set()
    left: list[ast.AST] = [statement]
    while left:
        node = left.pop()
        if isinstance(node, ast.NamedExpr):
            found.add(node.target.id)
        left.extend(c for c in children(node) if not isinstance(c, ast.stmt))
    return frozenset(found)


_ROUNDS: Final = 4


def _settled(names: frozenset[str], params: set[str], body: list[Any]) -> dict[str, Fact]:
    """The facts of local names that hold wherever they are read: of all that is ever stored there."""
    stores: dict[str, list[ast.expr | None]] = {n: [] for n in names}
    for n in params & names:
        stores[n].append(None)
    for part in body:
        _stores(part, stores, nested=False)
    env = dict.fromkeys(names, _BOTTOM)
    for attempt in range(_ROUNDS + 3):
        found: dict[str, Fact] = {}
        for name, values in stores.items():
            fact = _BOTTOM
            for value in values:
                fact = joined(fact, ANY if value is None else fact_of(value, env))
            if fact != env[name] and attempt >= _ROUNDS:
                # It grows from round to round: what is counted by so much, or what is added to itself.
                steps = (Fact(int, _COUNTED), Fact(int))[attempt - _ROUNDS :]
                fact = steps[0] if fact.kind is int and steps else ANY
            found[name] = fact
        if found == env:
            break
        env = found
    else:
        return {}
    return {n: f for n, f in env.items() if f is not _BOTTOM and f.kind is not None}


def _stores(node: ast.AST, stores: dict[str, list[ast.expr | None]], nested: bool) -> None:
    def store(name: str, value: ast.expr | None) -> None:
        if name in stores:
            stores[name].append(value)

    told: set[int] = set()
    if isinstance(node, ast.Assign) and not nested:
        for target in node.targets:
            if isinstance(target, ast.Name):
                store(target.id, node.value)
                told.add(id(target))
    elif isinstance(node, ast.AugAssign) and not nested:
        if isinstance(node.target, ast.Name):
            read = ast.Name(node.target.id, ast.Load())
            store(node.target.id, ast.BinOp(read, node.op, node.value))
            told.add(id(node.target))
    elif isinstance(node, ast.NamedExpr):
        store(node.target.id, node.value)
        told.add(id(node.target))
    elif not nested:
        for name in bound_names(node):
            store(name, None)
    inner = nested or isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef))
    for child in children(node):
        if id(child) not in told:
            _stores(child, stores, inner)


def module_names(tree: ast.AST) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The names that a program binds anywhere, those that it binds to classes, and to modules."""
    bound: set[str] = set()
    classes: set[str] = set()
    modules: set[str] = set()
    for node in walk(tree):
        names = bound_names(node)
        bound.update(names)
        if isinstance(node, ast.ClassDef):
            classes.add(node.name)
        elif isinstance(node, ast.alias):
            modules.update(names)
    return frozenset(bound), frozenset(classes), frozenset(modules)


#: Comparisons that give truth or falsehood whatever the guest's objects say.
_COMPARED: Final = (ast.Is, ast.IsNot, ast.In, ast.NotIn)
_DISPLAYS: Final[dict[type[ast.expr], type]] = {
    ast.JoinedStr: str, ast.List: list, ast.ListComp: list, ast.Tuple: tuple, ast.Dict: dict,
    ast.DictComp: dict, ast.Set: set, ast.SetComp: set,
}  # fmt: skip


def fact_of(node: ast.expr, env: Mapping[str, Fact]) -> Fact:
    """What is known of the value of an expression of the guest's."""
    if isinstance(node, ast.Constant):
        return of_constant(node.value)
    if isinstance(node, ast.Name):
        return env.get(node.id, ANY)
    if isinstance(node, ast.BinOp):
        return combined(node.op, fact_of(node.left, env), fact_of(node.right, env), node.right)
    if isinstance(node, ast.UnaryOp):
        inner = fact_of(node.operand, env)
        if isinstance(node.op, ast.Not):
            return BOOL
        if inner is _BOTTOM:
            return inner
        return (
            inner
            if (inner.kind in (int, float) or inner is INEXACT) and not isinstance(node.op, ast.Invert)
            else ANY
        )
    if isinstance(node, ast.IfExp):
        return joined(fact_of(node.body, env), fact_of(node.orelse, env))
    if isinstance(node, ast.NamedExpr):
        return fact_of(node.value, env)
    if isinstance(node, ast.BoolOp):
        found = _BOTTOM
        for value in node.values:
            found = joined(found, fact_of(value, env))
        return found
    if isinstance(node, ast.Compare) and all(isinstance(op, _COMPARED) for op in node.ops):
        return BOOL
    if type(node) in _DISPLAYS:
        return Fact(_DISPLAYS[type(node)])
    return ANY


def joined(a: Fact, b: Fact) -> Fact:
    """What is known of a value that is one or the other."""
    if a is _BOTTOM or b is _BOTTOM:
        return b if a is _BOTTOM else a
    if {a, b} == {FLOAT, INEXACT}:
        return INEXACT
    if a.kind is None or a.kind is not b.kind:
        return ANY
    return Fact(a.kind, -1 if a.bits < 0 or b.bits < 0 else max(a.bits, b.bits))


def combined(op: ast.operator, a: Fact, b: Fact, right: ast.expr | None = None) -> Fact:
    """The result of an operator on two values, where both are numbers."""
    if a is _BOTTOM or b is _BOTTOM:
        return _BOTTOM
    if a in (FLOAT, INEXACT) or b in (FLOAT, INEXACT):
        numbers = all(x in (FLOAT, INEXACT) or x.kind is int for x in (a, b))
        if not numbers or isinstance(op, _BITWISE):
            return ANY
        # A float to a power may be complex, and one that is divided by an integer stays one.
        return INEXACT if INEXACT in (a, b) or isinstance(op, ast.Pow) else FLOAT
    if a.kind is not int or b.kind is not int:
        return ANY
    if isinstance(op, ast.Div):
        return FLOAT
    if a.bits < 0 or b.bits < 0:
        return Fact(int) if isinstance(op, (*_INTEGER, *_BITWISE[:3])) else ANY
    bits = -1
    if isinstance(op, (ast.Add, ast.Sub)):
        bits = max(a.bits, b.bits) + 1
    elif isinstance(op, ast.Mult):
        bits = a.bits + b.bits
    elif isinstance(op, ast.FloorDiv):
        bits = a.bits + 1
    elif isinstance(op, ast.Mod):
        bits = b.bits
    elif isinstance(op, _BITWISE[:3]):
        bits = max(a.bits, b.bits) + 1
    elif isinstance(op, ast.RShift):
        bits = max(a.bits, 1)
    elif isinstance(op, (ast.LShift, ast.Pow)) and isinstance(right, ast.Constant):
        value = right.value
        if type(value) is int and 0 <= value <= BITS:
            bits = a.bits + value if isinstance(op, ast.LShift) else a.bits * value + 1
    if isinstance(op, (ast.Add, ast.Sub)) and bits > _COUNTED and min(a.bits, b.bits) <= _COUNTED_BY:
        bits = max(a.bits, b.bits)
    if bits < 0 or bits > BITS:
        return Fact(int) if isinstance(op, (*_INTEGER, *_BITWISE[:3])) else ANY
    return Fact(int, bits)


#: What is added to so small numbers, again and again, has so many bits at most: it would take more than
#: 2**64 additions to have one more, each of which is carried out. (`BITS` leaves room for a few more.)
_COUNTED_BY: Final = 60
_COUNTED: Final = 130
_INTEGER: Final = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_BITWISE: Final = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
