"""What is written where a guard says that it may be left out, or be called only if a test fails.

Every operand is evaluated once and in Python's order, and a test runs no code of the guest's. What a
test has looked at must be what is used: a local variable that only its own function binds, a constant,
or a temporary. A global name is not: between two reads of it the collector may run a callback of
the guest's that binds it anew (pit 27).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import Any, Final

from capcompiler.dialect import Dialect
from capcompiler.facts import Scope, fact_of
from guards.attribute import ReadAttribute
from guards.base import PREFIX, Guard, Plan, Row, Site
from guards.binding import stand_in
from guards.fact import HOLDER, TESTED_BITS, Fact, satisfied

__all__ = [
    "Read", "Specialiser", "all_of", "any_row", "copies", "either_of", "is_kind", "size", "type_of",
]  # fmt: skip

Read = Callable[[], ast.expr]
_TESTED: Final = (1 << TESTED_BITS) - 1
#: How large an operand may be that is written in both branches of a test.
_TWICE: Final = 5
_LARGEST: Final = 40
_NOT_TWICE: Final = (
    ast.Lambda, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


class Specialiser(Dialect):
    """The part of the router that asks guards what they need at a site, and writes that."""

    def __init__(self, source: str, filename: str, optimize: bool) -> None:
        super().__init__(source, filename)
        self.optimize = optimize
        #: Of the function being visited; None in module and class bodies.
        self.scope: Scope | None = None
        self.stored: set[str] = set()  # names of attributes that the program stores or deletes
        self.bound: frozenset[str] = frozenset()  # names that it binds anywhere,
        self.classes: frozenset[str] = frozenset()  # to classes,
        self.modules: frozenset[str] = frozenset()  # and by imports
        self.held = 0  # temporaries of the statement being visited
        self.keeps: list[str] = []  # those of them that are let go of at its end
        self.barred = 0  # iterables of comprehensions around the node: Python allows no `:=` there
        self.lets: list[ast.comprehension] = []  # temporaries of the part of a comprehension around it
        self._open = self._strict = False

    def visit(self, node: ast.AST) -> Any:
        if getattr(node, "routed", False):
            return node
        outer, self._open, self._strict = self._open, self._strict, False
        routed = super().visit(node)
        self._open = outer
        return routed

    def first(self, node: ast.expr, root: bool = False) -> ast.expr:
        """Visit what is worked out before all else of the node being visited, or with temporaries for
        all that is. root: of a part of a comprehension."""
        self._strict = root or self._open
        routed: ast.expr = self.visit(node)
        self._strict = False
        return routed

    def with_lets(self, node: ast.expr, visit: Any) -> tuple[list[ast.comprehension], ast.expr]:
        """A part of a comprehension, and the clauses that take temporaries of it first: `for t in [x]`
        is an assignment to the compiler, and each run of the comprehension has its own."""
        outer, self.lets = self.lets, []
        routed = visit(node)
        lets, self.lets = self.lets, outer
        return lets, routed

    # Asking

    def ask(self, guard: type[Guard], *args: ast.expr, at: ast.AST) -> ast.Call:
        """A call of a guard, with the location of what it stands for."""
        call = ast.Call(stand_in(guard.key), list(args), [])
        return ast.copy_location(call, at)

    def planned(self, guard: type[Guard], name: str = "", *operands: ast.expr) -> bool:
        """Whether the guard is kept at this site."""
        return not self.optimize or guard.plan(self.site(name, *operands)) is not Plan.OMIT

    def fact(self, node: ast.expr) -> Fact:
        """What is known of the value of an expression of the guest's."""
        return fact_of(node, {} if self.scope is None else self.scope.env)

    def kind_test(self, read: Read, need: Fact) -> ast.expr:
        """A test that a value is what `need` says. read: gives nodes that read it."""
        fact = self.fact(read())
        if satisfied(fact, need):
            return ast.Constant(True)
        return any_row([(need,)], (read,), Site("", (read(),), (fact,)))

    def site(self, name: str, *operands: ast.expr) -> Site:
        env = {} if self.scope is None else self.scope.env
        return Site(name, operands, tuple(fact_of(n, env) for n in operands))

    # Operands

    def still(self, node: ast.expr) -> bool:
        """Whether a node reads the same value each time: nothing between two reads can change it."""
        if isinstance(node, ast.Constant):
            return True
        if not isinstance(node, ast.Name) or self.scope is None:
            return False
        return node.id in self.scope.fast or self.is_held(node)

    def certain(self, node: ast.expr) -> bool:
        """Whether reading a node that is `still` cannot fail."""
        return isinstance(node, ast.Constant) or (
            isinstance(node, ast.Name)
            and self.scope is not None
            and (node.id in self.scope.bound or self.is_held(node))
        )

    def is_held(self, node: ast.Name) -> bool:
        """Whether a name is a temporary of the function, which nothing else of the program binds."""
        return node.id.startswith(PREFIX)

    def hold(self, kept: bool = False) -> tuple[Callable[[ast.expr], ast.expr], Read]:
        """A temporary of the function: what takes a value into it, and what reads it. kept: whether what
        is held may be more than a number; it is let go of at the end of the statement."""
        self.held += 1
        name = f"cap:h{self.held}"
        if self.scope is not None and self.scope.shared:
            return self._let(f"cap:h{self.scope.shared}{self.held}")
        if kept:
            self.keeps.append(name)
        return (
            lambda value: ast.copy_location(ast.NamedExpr(ast.Name(name, ast.Store()), value), value),
            lambda: _ours(name),
        )

    def _let(self, name: str) -> tuple[Callable[[ast.expr], ast.expr], Read]:
        def take(value: ast.expr) -> ast.expr:
            target = ast.Name(name, ast.Store())
            self.lets.append(ast.comprehension(target, ast.List([value], ast.Load()), [], 0))
            ast.copy_location(target, value)
            ast.copy_location(self.lets[-1].iter, value)
            return ast.copy_location(ast.Name(name, ast.Load()), value)

        return take, lambda: _ours(name)

    @property
    def may_hold(self) -> bool:
        if not self.optimize or self.scope is None or not self.scope.temporaries or self.barred:
            return False
        return self._open or not self.scope.shared

    # Tests

    def operation(
        self, guard: type[Guard], left: ast.expr, right: ast.expr, make: Any, at: ast.AST
    ) -> ast.expr | None:
        """`make(left, right)` without its guard where a test allows it, else with the guard; None where
        no such test can be written, and nothing has been visited."""
        if not self.optimize or self.scope is None:
            return None
        site = self.site("", left, right)
        if guard.plan(site) is not Plan.INLINE:
            return None
        rows = guard.tests(site)
        if len(rows) > 1 and rows[0][0] is not None:
            rows = [row for row in rows if row[0] is not None]  # a float on the right only is seldom
        if any(fact.kind is int for fact in site.facts):
            rows.sort(key=lambda row: all(need is None or need.kind is not int for need in row))
        if size(left) + size(right) > _LARGEST:
            return None
        one, two = self.still(left), self.still(right)
        if one and two:
            reads = copies(left), copies(right)
            return self.either(guard, any_row(rows, reads, site), reads, make, at)
        first: list[ast.expr] = []
        if self.may_hold:
            if one and self.certain(left):
                reads = copies(left), self.held_value(right, first)
            elif two:
                reads = self.held_value(left, first), copies(right)
            else:
                reads = self.held_value(left, first), self.held_value(right, first)
            test = all_of([*first, any_row(rows, reads, site)])
            return self.either(guard, test, reads, make, at)
        tested = [any(row[i] is not None for row in rows) for i in (0, 1)]
        if two and self.certain(right) and not tested[0] and size(left) <= _TWICE:
            reads = copies(self.first(left)), copies(right)
        elif one and not tested[1] and size(right) <= _TWICE:
            reads = copies(left), copies(self.visit(right))
        else:
            return None
        return self.either(guard, any_row(rows, reads, site), reads, make, at)

    def held_value(self, node: ast.expr, first: list[ast.expr]) -> Read:
        """What reads the value of a node; a test added to `first`, which always holds, works it out."""
        take, again = self.hold()
        value = take(self.first(node))
        if not isinstance(value, ast.Name):
            first.append(ast.Compare(value, [ast.IsNot()], [stand_in("cap:Stop")]))
        return again

    def either(
        self, guard: type[Guard], test: ast.expr, reads: tuple[Read, ...], make: Any, at: ast.AST
    ) -> ast.expr:
        fast = ast.copy_location(make(*[read() for read in reads]), at)
        slow = self.ask(guard, *[read() for read in reads], at=at)
        return ast.copy_location(ast.IfExp(test, fast, slow), at)

    def unary(self, guard: type[Guard], operand: ast.expr, make: Any, at: ast.AST) -> ast.expr | None:
        """As `operation`, of one operand."""
        site = self.site("", operand)
        if not self.optimize or self.scope is None or guard.plan(site) is not Plan.INLINE:
            return None
        first: list[ast.expr] = []
        if self.still(operand):
            read = copies(operand)
        elif self.may_hold and size(operand) <= _LARGEST:
            read = self.held_value(operand, first)
        else:
            return None
        test = all_of([*first, any_row(guard.tests(site), (read,), site)])
        return self.either(guard, test, (read,), make, at)

    def attribute(self, node: ast.Attribute, name: str) -> ast.expr | None:
        """A read of an attribute that some builtin class guards, raw on instances of the guest's own
        classes; None where no such test can be written, and nothing has been visited."""
        if not self.optimize or self.scope is None or name != node.attr:
            return None
        if name.startswith("__") and name != "__class__":
            return None
        owner = node.value
        if self.still(owner):
            first, again = copy.deepcopy(owner), copies(owner)
        elif self.may_hold and size(owner) <= _LARGEST:
            take, again = self.hold(kept=True)
            first = take(self.first(owner))
        else:
            return None
        test = ast.Compare(type_of(first), [ast.In()], [stand_in("cap:classes")])
        fast = ast.copy_location(ast.Attribute(again(), node.attr, ast.Load()), node)
        slow = self.ask(ReadAttribute, again(), ast.Constant(name), at=node)
        return ast.copy_location(ast.IfExp(test, fast, slow), node)

    def item_target(self, guard: type[Guard], node: ast.Subscript) -> ast.expr | None:
        """The container of a store to an item, without its guard where a test of the index allows it;
        None where no test can be written, and nothing has been visited."""
        if not self.optimize or self.scope is None or not self.still(node.slice):
            return None
        if not self.certain(node.slice) or size(node.value) > 2 * _TWICE:
            return None
        site = self.site("", node.value, node.slice)
        value = self.visit(node.value)
        test = any_row(guard.tests(site), (copies(value), copies(node.slice)), site)
        slow = self.ask(guard, copy.deepcopy(value), copy.deepcopy(node.slice), at=node.value)
        return ast.copy_location(ast.IfExp(test, value, slow), node.value)

    def planned_attribute(self, node: ast.Attribute) -> bool:
        return self.planned(ReadAttribute, node.attr, node.value)


def _ours(name: str) -> ast.expr:
    node = ast.Name(name, ast.Load())
    node.routed = True  # type: ignore[attr-defined]  # no name of the program's
    return node


def copies(node: ast.expr) -> Read:
    return lambda: copy.deepcopy(node)


def any_row(rows: Sequence[Row], reads: tuple[Read, ...], site: Site) -> ast.expr:
    """A test that one of the rows holds. reads: give nodes that read the operands."""
    ways = []
    for row in rows:
        tests: list[ast.expr] = []
        for need, read, fact in zip(row, reads, site.known(), strict=True):
            if need is not None and need.kind is not None:
                if need is HOLDER:
                    tests.append(ast.Compare(type_of(read()), [ast.In()], [stand_in("cap:holders")]))
                elif fact.kind is not need.kind:
                    tests.append(is_kind(type_of(read()), need.kind))
                if need.kind is int and need.bits >= 0:
                    tests.extend(_within(read))
        ways.append(all_of(tests))
    return either_of(ways)


def type_of(value: ast.expr) -> ast.expr:
    return ast.Call(stand_in("cap:raw:type"), [value], [])


def is_kind(kind: ast.expr, wanted: type) -> ast.expr:
    return ast.Compare(kind, [ast.Is()], [stand_in(f"cap:raw:{wanted.__name__}")])


def _within(read: Read) -> list[ast.expr]:
    """Tests that a whole number is small."""
    return [
        ast.Compare(read(), [ast.Lt()], [ast.Constant(_TESTED)]),
        ast.Compare(read(), [ast.Gt()], [ast.Constant(-_TESTED)]),
    ]


def all_of(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def either_of(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)


def size(node: ast.AST) -> int:
    """How large an expression is; beyond all bounds where it binds names or makes functions."""
    size = 0
    for part in ast.walk(node):
        if isinstance(part, _NOT_TWICE):
            return _LARGEST + 1
        size += isinstance(part, ast.expr)
    return size
