"""Straight pieces of arithmetic, written twice: for operands of the types that are expected, with few
guards or none, and for all others. A test of the names at their head says which is run.

What is tested are local variables that only their own function binds, so what is found holds until the
piece itself stores there.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final

from capcompiler.facts import Scope, combined, fact_of, joined
from capcompiler.making import Making
from capcompiler.marks import pruned
from capcompiler.specialise import all_of
from capcompiler.tree import copied, walk
from guards.base import Guard, Plan, Site
from guards.fact import ANY, FLOAT, GROUPS, HOLDER, SMALL, Fact
from guards.item import ReadItem
from guards.operate import BINARY, COMPARE, INPLACE, UNARY

__all__ = ["Versions"]

#: What may stand in such a piece: statements that bind names by assignment only, and expressions that
#: bind none and run nothing later.
_STATEMENTS: Final = (
    ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.If, ast.Pass, ast.Break, ast.Continue,
    ast.Assert, ast.Raise,
)  # fmt: skip
_NOT_IN_ONE: Final = (
    ast.Lambda, ast.NamedExpr, ast.GeneratorExp, ast.Yield, ast.YieldFrom, ast.Await,
)  # fmt: skip
_OF_INTEGERS: Final = (
    ast.FloorDiv, ast.Mod, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift
)  # fmt: skip
#: Nodes of a piece, at most; tests saved, at least; names tested, at most.
_LARGEST: Final = 600
_WORTH: Final = 3
_MOST: Final = 12

#: What it takes to note a mark, in tests.
_NOTED: Final = 1.5

Env = dict[str, Fact]


class Versions(Making):
    """The part of the router that writes pieces of arithmetic twice."""

    def __init__(self, source: str, filename: str, optimize: bool) -> None:
        super().__init__(source, filename, optimize)
        self.flowing = False  # whether the facts in the scope are those of this very place

    def block(self, statements: Any) -> list[ast.stmt]:
        raise NotImplementedError

    def versions(
        self,
        statements: list[ast.stmt],
        stored: Sequence[str] = (),
        at: ast.AST | None = None,
        outside: Container[str] | None = None,
    ) -> list[ast.stmt]:
        """A routed block, in two versions where that is worth it. stored: variables that were stored to
        before it, by what stands at `at`, whose marks are noted at its head. outside: variables that
        have a value before and after it; all of them where it is None."""
        scope = self.scope
        begin = self.marks_of(stored, at) if at is not None else []
        if not self.optimize or scope is None or self.flowing or not _is_piece(statements):
            return [*begin, *self.block(statements)]
        chosen = _chosen(statements, scope, stored)
        if not chosen:
            return [*begin, *self.block(statements)]
        test = all_of([self.kind_test(_reader(name), fact) for name, fact in chosen.items()])
        env, said = scope.env, len(self.violations)
        scope.env, self.flowing = {**env, **chosen}, True
        known = self.marks_of(stored, at, known=scope.env) if at is not None else []
        fast = pruned(
            [*known, *self.block(copied(statements))],
            scope.bound if outside is None else outside,
        )
        scope.env, self.flowing = env, False
        del self.violations[said:]  # the other version says the same
        slow = [*begin, *self.block(statements)]
        return [ast.copy_location(ast.If(test, fast, slow), statements[0])]

    def flow(self, statement: ast.stmt) -> None:
        """Note what a statement of a piece, not visited yet, will have stored."""
        if (
            self.scope is not None
            and self.flowing
            and isinstance(statement, (ast.Assign, ast.AugAssign))
        ):
            _store(statement, self.scope.env, self.scope.fast)

    def branches(self, node: ast.If) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """The routed branches of an `if`, with the facts after it in the scope."""
        scope = self.scope
        if scope is None or not self.flowing:
            return self.block(node.body), self.block(node.orelse)
        before = scope.env
        scope.env = dict(before)
        body = self.block(node.body)
        one, scope.env = scope.env, dict(before)
        orelse = self.block(node.orelse)
        scope.env = _both(one, scope.env)
        return body, orelse


def _reader(name: str) -> Any:
    return lambda: ast.Name(name, ast.Load())


def _is_piece(statements: list[ast.stmt]) -> bool:
    nodes = 0
    for statement in statements:
        for node in walk(statement):
            nodes += 1
            if isinstance(node, _NOT_IN_ONE) or (
                isinstance(node, ast.stmt) and not isinstance(node, _STATEMENTS)
            ):
                return False
    return nodes <= _LARGEST


def _both(a: Mapping[str, Fact], b: Mapping[str, Fact]) -> Env:
    """What holds after either of two ways."""
    found = {n: joined(a[n], b[n]) for n in a.keys() & b.keys()}
    return {n: f for n, f in found.items() if f.kind is not None}


def _store(statement: ast.Assign | ast.AugAssign, env: Env, fast: frozenset[str]) -> None:
    """Change facts as an assignment will. fast: the names of which there are facts: what is stored in
    another, such as a global one, anybody may change."""
    if isinstance(statement, ast.AugAssign):
        if isinstance(statement.target, ast.Name) and statement.target.id in fast:
            name = statement.target.id
            left, right = env.get(name, ANY), fact_of(statement.value, env)
            env[name] = combined(statement.op, left, right, statement.value)
        return
    value = fact_of(statement.value, env)
    for target in statement.targets:
        if isinstance(target, ast.Name):
            if target.id in fast:
                env[target.id] = value
            continue
        for part in walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id in fast:
                env[part.id] = ANY


# Which names are tested


def _chosen(statements: list[ast.stmt], scope: Scope, stored: Sequence[str]) -> Env:
    """The names to test, and what for; none where little would be saved. stored: names whose marks are
    noted at the head, which is done where they are tested."""
    guess = _guessed(statements, scope)
    if not guess:
        return {}

    def work(known: Env) -> float:
        return _work(statements, {**scope.env, **known}, scope.fast)

    def cost(name: str) -> float:
        asked = _cost(guess[name])
        return asked - _NOTED if name in stored and name in scope.marks else asked

    for name in list(guess):
        without = {n: f for n, f in guess.items() if n != name}
        if work(without) - work(guess) < cost(name):
            guess = without
    saved = work({}) - work(guess) - sum(map(cost, guess))
    return guess if guess and saved >= _WORTH and len(guess) <= _MOST else {}


def _cost(fact: Fact) -> int:
    return 1 if fact is FLOAT else 2  # a set of classes takes as long as two comparisons


def _guessed(statements: list[ast.stmt], scope: Scope) -> Env:
    """Names that are operands before the piece stores to them, and what they may be."""
    guess: Env = {}
    whole: set[str] = set()
    stored: set[str] = set()
    for statement in statements:
        for left, right, op in _operations(statement):
            for node, other in ((left, right), (right, left)):
                if not isinstance(node, ast.Name) or node.id in stored:
                    continue
                known = scope.env.get(node.id, ANY)
                if node.id not in scope.fast or node.id not in scope.bound or known.kind is not None:
                    continue
                guess.setdefault(node.id, FLOAT)
                if _is_whole(other, op):
                    whole.add(node.id)
        for part in walk(statement):
            if isinstance(part, ast.BinOp) and isinstance(part.op, _OF_INTEGERS):
                whole.update(_operand_names(part))
            elif isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name):
                name, known = part.value.id, scope.env.get(part.value.id, ANY)
                if name in scope.fast & scope.bound - stored and known.kind is None:
                    guess.setdefault(name, HOLDER)
                if isinstance(part.slice, ast.BinOp):
                    whole.update(_operand_names(part.slice))
        stored.update(
            part.id for part in walk(statement)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        )  # fmt: skip
    if not guess:
        return guess
    # Names that meet whole numbers in one place are whole numbers, and so is what they meet.
    grown = True
    while grown:
        grown = False
        for statement in statements:
            for left, right, op in _operations(statement):
                names = {n.id for n in (left, right) if isinstance(n, ast.Name)}
                if names & whole and not names <= whole and not isinstance(op, (ast.Mult, ast.Div)):
                    whole |= names
                    grown = True
    return {n: f if f is HOLDER else SMALL if n in whole else FLOAT for n, f in guess.items()}


def _operand_names(node: ast.expr) -> Iterator[str]:
    """The names that are operands of a formula."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.BinOp):
        yield from _operand_names(node.left)
        yield from _operand_names(node.right)
    elif isinstance(node, ast.UnaryOp):
        yield from _operand_names(node.operand)


def _is_whole(node: ast.expr, op: Any) -> bool:
    if isinstance(op, (ast.Pow, ast.Div)):
        return False
    return isinstance(node, ast.Constant) and type(node.value) is int


def _operations(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr, Any]]:
    for node in walk(statement):
        if isinstance(node, ast.BinOp):
            yield node.left, node.right, node.op
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
            yield node.left, node.comparators[0], node.ops[0]
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield ast.Name(node.target.id, ast.Load()), node.value, node.op
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
            yield node.slice, ast.Constant(0), ast.Add()


def _work(statements: list[ast.stmt], env: Env, fast: frozenset[str]) -> int:
    """What the guards of a piece take, in tests; env is changed as the piece would."""
    total = 0
    for statement in statements:
        if isinstance(statement, ast.If):
            total += _work_of(statement.test, env)
            one, two = dict(env), dict(env)
            total += _work(statement.body, one, fast) + _work(statement.orelse, two, fast)
            env.clear()
            env.update(_both(one, two))
            continue
        total += _work_of(statement, env)
        if isinstance(statement, (ast.Assign, ast.AugAssign)):
            _store(statement, env, fast)
    return total


def _work_of(whole: ast.AST, env: Env) -> int:
    total = 0
    for node in walk(whole):
        guard: type[Guard] | None = None
        operands: tuple[ast.expr, ...] = ()
        if isinstance(node, ast.BinOp):
            guard, operands = BINARY.get(type(node.op)), (node.left, node.right)
        elif isinstance(node, ast.UnaryOp):
            guard, operands = UNARY.get(type(node.op)), (node.operand,)
        elif isinstance(node, ast.AugAssign):
            target: Any = node.target
            if isinstance(target, ast.Name):
                target = ast.Name(target.id, ast.Load())
            guard, operands = INPLACE.get(type(node.op)), (target, node.value)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            guard, operands = COMPARE.get(type(node.ops[0])), (node.left, node.comparators[0])
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple)):
            guard, operands = ReadItem, (node.value, node.slice)
        if guard is None:
            continue
        site = Site("", operands, tuple(fact_of(n, env) for n in operands))
        if guard.plan(site) is Plan.INLINE:
            total += min(_needs(row) for row in guard.tests(site))
        elif guard.plan(site) is Plan.CALL:
            total += 8
    return total


def _needs(row: tuple[Fact | None, ...]) -> int:
    return sum(
        0 if need is None else 1 + (need in GROUPS or (need.kind is int and need.bits >= 0))
        for need in row
    )
