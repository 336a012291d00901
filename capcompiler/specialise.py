"""What is written where a guard says that it may be left out, or be called only if a test fails.

Every operand is evaluated once and in Python's order, and a test runs no code of the guest's. What a
test has looked at must be what is used: a local variable that only its own function binds, a constant,
or a temporary. A global name is not: between two reads of it the collector may run a callback of
the guest's that binds it anew (pit 27).
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType
from typing import Any, Final

from capcompiler.dialect import Dialect
from capcompiler.facts import Scope, fact_of
from guards.attribute import ReadAttribute
from guards.base import PREFIX, Guard, Plan, Row, Site
from guards.binding import stand_in
from guards.builtins import RAW_BUILTINS
from guards.call import is_raw_class
from guards.fact import HOLDER, TESTED_BITS

__all__ = ["Specialiser"]

Read = Callable[[], ast.expr]
#: Builtins that a guest holds as they are, and that may be called as they are.
RAW_FUNCTIONS: Final = frozenset(
    name
    for name, value in RAW_BUILTINS.items()
    if type(value) is BuiltinFunctionType or (isinstance(value, type) and is_raw_class(value))
)
_TESTED: Final = (1 << TESTED_BITS) - 1
_RAW: Final[dict[type, str]] = {kind: f"cap:raw:{kind.__name__}" for kind in (float, int, str, type)}
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
        self.keeps: set[str] = set()  # and those of them that may keep an object alive after it
        self.barred = 0  # iterables of comprehensions around the node: Python allows no `:=` there

    def visit(self, node: ast.AST) -> Any:
        if getattr(node, "routed", False):
            return node
        return super().visit(node)

    # Asking

    def ask(self, guard: type[Guard], *args: ast.expr, at: ast.AST) -> ast.Call:
        """A call of a guard, with the location of what it stands for."""
        call = ast.Call(stand_in(guard.key), list(args), [])
        return ast.copy_location(call, at)

    def planned(self, guard: type[Guard], name: str = "", *operands: ast.expr) -> bool:
        """Whether the guard is kept at this site."""
        return not self.optimize or guard.plan(self.site(name, *operands)) is not Plan.OMIT

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
        return node.id.startswith(PREFIX) and self.scope is not None and not self.scope.shared

    def hold(self) -> tuple[Callable[[ast.expr], ast.expr], Read]:
        """A temporary of the function: what takes a value into it, and what reads it."""
        self.held += 1
        name = f"cap:h{self.held}"
        if self.scope is not None and self.scope.shared:
            name = f"cap:{self.scope.shared}h{self.held}"
        self.keeps.add(name)
        return (
            lambda value: ast.copy_location(ast.NamedExpr(ast.Name(name, ast.Store()), value), value),
            lambda: ast.Name(name, ast.Load()),
        )

    @property
    def may_hold(self) -> bool:
        return self.optimize and self.scope is not None and self.scope.temporaries and not self.barred

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
        if _size(left) + _size(right) > _LARGEST:
            return None
        one, two = self.still(left), self.still(right)
        if one and two:
            reads = _copies(left), _copies(right)
            return self.either(guard, _any_row(rows, reads, site), reads, make, at)
        first: list[ast.expr] = []
        if self.may_hold:
            if one and self.certain(left):
                reads = _copies(left), self.held_value(right, first)
            elif two:
                reads = self.held_value(left, first), _copies(right)
            elif self.scope.shared:
                return None  # what works out the second may run the same comprehension once more
            else:
                reads = self.held_value(left, first), self.held_value(right, first)
            test = _all([*first, _any_row(rows, reads, site)])
            return self.either(guard, test, reads, make, at)
        tested = [any(row[i] is not None for row in rows) for i in (0, 1)]
        if two and self.certain(right) and not tested[0] and _size(left) <= _TWICE:
            reads = _copies(self.visit(left)), _copies(right)
        elif one and not tested[1] and _size(right) <= _TWICE:
            reads = _copies(left), _copies(self.visit(right))
        else:
            return None
        return self.either(guard, _any_row(rows, reads, site), reads, make, at)

    def held_value(self, node: ast.expr, first: list[ast.expr]) -> Read:
        """What reads the value of a node; a test added to `first`, which always holds, works it out."""
        take, again = self.hold()
        value = take(self.visit(node))
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
            read = _copies(operand)
        elif self.may_hold and _size(operand) <= _LARGEST:
            read = self.held_value(operand, first)
        else:
            return None
        test = _all([*first, _any_row(guard.tests(site), (read,), site)])
        return self.either(guard, test, (read,), make, at)

    # Calls

    def callee(self, node: ast.expr, guard: type[Guard], method: type[Guard]) -> ast.expr:
        """What stands where a callable is called: the callable itself if that may be called as it is,
        else what its guard gives. node: not visited yet."""
        if not self.optimize or self.scope is None:
            return self.ask(guard, self.visit(node), at=node)
        if isinstance(node, ast.Name):
            return self.called_name(node, guard)
        if isinstance(node, ast.Attribute) and not node.attr.startswith("__") and self.may_hold:
            return self.called_method(node, guard, method)
        return self.ask(guard, self.visit(node), at=node)

    def called_name(self, node: ast.Name, guard: type[Guard]) -> ast.expr:
        name = node.id
        routed = self.visit(node)
        slow = self.ask(guard, copy.deepcopy(routed), at=node)
        if name in RAW_FUNCTIONS and name not in self.bound:
            # Nothing runs between the two reads of the name, so both give the same.
            same = ast.Compare(copy.deepcopy(routed), [ast.Is()], [stand_in(f"cap:raw:{name}")])
            return ast.copy_location(ast.IfExp(same, routed, slow), node)
        if self.still(node):
            test = self.called_as_it_is(_copies(routed), _copies(routed), name)
            return ast.copy_location(ast.IfExp(test, routed, slow), node)
        if not self.may_hold or (name not in self.bound and name in dir(builtins)):
            return slow
        take, again = self.hold()
        test = self.called_as_it_is(_once(take(routed), again), again, name)
        return ast.copy_location(ast.IfExp(test, again(), self.ask(guard, again(), at=node)), node)

    def called_as_it_is(self, first: Read, again: Read, name: str) -> ast.expr:
        if name in self.classes:
            return _all(
                [
                    _is(_type_of(first()), type),
                    ast.Compare(again(), [ast.In()], [stand_in("cap:classes")]),
                ]
            )
        return ast.Compare(_type_of(first()), [ast.Is()], [stand_in("cap:raw:function")])

    def called_method(self, node: ast.Attribute, guard: type[Guard], method: type[Guard]) -> ast.expr:
        owner = node.value
        if isinstance(owner, ast.Name) and (owner.id in self.classes or owner.id in self.modules):
            if owner.id in self.classes or self.planned_attribute(node):
                return self.ask(guard, self.visit(node), at=node)
            take, again = self.hold()
            first = take(self.visit(node))
            test = ast.Compare(
                _type_of(first), [ast.Is()], [stand_in("cap:raw:builtin_function_or_method")]
            )
            return ast.copy_location(ast.IfExp(test, again(), self.ask(guard, again(), at=node)), node)
        self.admit(node)
        known = stand_in(f"cap:method:{node.attr}")
        if self.still(owner):
            first_read = again = _copies(owner)
            first_node = first_read()
        else:
            take, again = self.hold()
            first_node = take(self.visit(owner))
        test = ast.Compare(_type_of(first_node), [ast.In()], [known])
        slow = self.ask(method, again(), ast.Constant(node.attr), at=owner)
        receiver = ast.copy_location(ast.IfExp(test, again(), slow), owner)
        return ast.copy_location(ast.Attribute(receiver, node.attr, ast.Load()), node)

    def attribute(self, node: ast.Attribute, name: str) -> ast.expr | None:
        """A read of an attribute that some builtin class guards, raw on instances of the guest's own
        classes; None where no such test can be written, and nothing has been visited."""
        if name != node.attr or name.startswith("__") or not self.optimize or self.scope is None:
            return None
        owner = node.value
        if self.still(owner):
            first, again = copy.deepcopy(owner), _copies(owner)
        elif self.may_hold and _size(owner) <= _LARGEST:
            take, again = self.hold()
            first = take(self.visit(owner))
        else:
            return None
        test = ast.Compare(_type_of(first), [ast.In()], [stand_in("cap:classes")])
        fast = ast.copy_location(ast.Attribute(again(), node.attr, ast.Load()), node)
        slow = self.ask(ReadAttribute, again(), ast.Constant(name), at=node)
        return ast.copy_location(ast.IfExp(test, fast, slow), node)

    def item_target(self, guard: type[Guard], node: ast.Subscript) -> ast.expr | None:
        """The container of a store to an item, without its guard where a test of the index allows it;
        None where no test can be written, and nothing has been visited."""
        if not self.optimize or self.scope is None or not self.still(node.slice):
            return None
        if not self.certain(node.slice) or _size(node.value) > 2 * _TWICE:
            return None
        site = self.site("", node.value, node.slice)
        value = self.visit(node.value)
        test = _any_row(guard.tests(site), (_copies(value), _copies(node.slice)), site)
        slow = self.ask(guard, copy.deepcopy(value), copy.deepcopy(node.slice), at=node.value)
        return ast.copy_location(ast.IfExp(test, value, slow), node.value)

    def planned_attribute(self, node: ast.Attribute) -> bool:
        return self.planned(ReadAttribute, node.attr, node.value)


def _copies(node: ast.expr) -> Read:
    return lambda: copy.deepcopy(node)


def _once(first: ast.expr, again: Read) -> Read:
    """Gives a node that takes a value into a temporary, and then nodes that read it."""
    nodes = [first]
    return lambda: nodes.pop() if nodes else again()


def _any_row(rows: Sequence[Row], reads: tuple[Read, ...], site: Site) -> ast.expr:
    """A test that one of the rows holds. reads: give nodes that read the operands."""
    ways = []
    for row in rows:
        tests: list[ast.expr] = []
        for need, read, fact in zip(row, reads, site.known(), strict=True):
            if need is not None and need.kind is not None:
                if need is HOLDER:
                    tests.append(ast.Compare(_type_of(read()), [ast.In()], [stand_in("cap:holders")]))
                elif fact.kind is not need.kind:
                    tests.append(_is(_type_of(read()), need.kind))
                if need.kind is int and need.bits >= 0:
                    tests.extend(_within(read))
        ways.append(_all(tests))
    return _either(ways)


def _type_of(value: ast.expr) -> ast.expr:
    return ast.Call(stand_in("cap:raw:type"), [value], [])


def _is(kind: ast.expr, wanted: type) -> ast.expr:
    return ast.Compare(kind, [ast.Is()], [stand_in(_RAW[wanted])])


def _within(read: Read) -> list[ast.expr]:
    """Tests that a whole number is small."""
    return [
        ast.Compare(read(), [ast.Lt()], [ast.Constant(_TESTED)]),
        ast.Compare(read(), [ast.Gt()], [ast.Constant(-_TESTED)]),
    ]


def _all(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def _either(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)


def _size(node: ast.AST) -> int:
    """How large an expression is; beyond all bounds where it binds names or makes functions."""
    size = 0
    for part in ast.walk(node):
        if isinstance(part, _NOT_TWICE):
            return _LARGEST + 1
        size += isinstance(part, ast.expr)
    return size
