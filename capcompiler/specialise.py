"""What is written where a guard says that it may be left out, or be called only if a test fails.

Every operand is evaluated once and in Python's order, and a test runs no code of the guest's. What a
test has looked at must be what is used: a local variable that only its own function binds, a constant,
or a temporary. A global name is not: between two reads of it the collector may run a callback of
the guest's that binds it anew (pit 27).
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from capcompiler.dialect import Dialect
from capcompiler.facts import Scope, fact_of
from capcompiler.marks import HOLDS, MARKED, NUMBER, is_counted, mark_name, plain_targets
from capcompiler.tree import copied, walk
from guards.attribute import ReadAttribute
from guards.base import PREFIX, Guard, Plan, Row, Site
from guards.binding import stand_in
from guards.fact import ANY, FLOAT, GROUPS, HOLDER, INEXACT, KEY, SMALL, TESTED_BITS, Fact, satisfied
from guards.item import ReadItem
from guards.operate import BINARY, INPLACE
from guards.store import StoreItem

__all__ = [
    "Read", "Specialiser", "all_of", "any_row", "copies", "either_of", "is_kind",
    "is_plain_index", "size", "type_of",
]  # fmt: skip

Read = Callable[[], ast.expr]
_TESTED: Final = (1 << TESTED_BITS) - 1
_HELD: Final = f"{PREFIX}h"
_WIDE: Final = (1 << 60) - 1
_WIDEST: Final = (1 << 130) - 1
#: How large an operand may be that is written in both branches of a test.
_TWICE: Final = 5
_LARGEST: Final = 40
#: Elements and characters that are copied for nothing.
_SHORT: Final = 512
#: Bytes of texts that one passage of a function's code makes without telling, about.
_UNTOLD: Final = 1 << 14
_MAKERS: Final[frozenset[type[Guard]]] = frozenset({BINARY[ast.Add], BINARY[ast.Mod], INPLACE[ast.Add]})
#: Values of a format, at most, that are looked at in place.
_FILLED: Final = 8
_SLICED: Final = frozenset({list, tuple, str})
_NOT_IN_CLAUSES: Final = (ast.NamedExpr, ast.Await, ast.Lambda)
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
        #: The class in whose body the node stands, in a function or not.
        self.private: str | None = None
        self.stored: set[str] = set()  # names of attributes that the program stores or deletes
        self.bound: frozenset[str] = frozenset()  # names that it binds anywhere,
        self.classes: frozenset[str] = frozenset()  # to classes,
        self.modules: frozenset[str] = frozenset()  # and by imports
        self.rebound: frozenset[str] = frozenset()  # names that a `:=` of the statement binds
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
        # Python takes none of these where a clause iterates; a lambda has temporaries in it.
        barred = any(isinstance(part, _NOT_IN_CLAUSES) for part in walk(node))
        self.barred += barred
        routed = visit(node)
        self.barred -= barred
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
        if _is_literal(node):
            return True
        if not isinstance(node, ast.Name) or self.scope is None:
            return False
        if node.id in self.rebound:
            return False  # `x + (x := 1)`: what is on the left was read before
        return node.id in self.scope.fast or self.is_held(node)

    def certain(self, node: ast.expr) -> bool:
        """Whether reading a node that is `still` cannot fail."""
        return _is_literal(node) or (
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

    def crowded(self, size: int = 4096) -> bool:
        """Whether the function has several places already that make a text without telling: each may
        take thousands of bytes, and a step goes through all of them. size: of this one's, at most."""
        if self.scope is None:
            return False
        self.scope.untold += size
        return self.scope.untold > _UNTOLD

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
        if any(map(_makes_text, rows)) and guard in _MAKERS and self.crowded():
            rows = [row for row in rows if not _makes_text(row)]
            if not rows:
                return None
        # A float on the right only is seldom, so it is looked for last.
        rows.sort(key=lambda row: row[0] is None and row[1] is FLOAT)
        if any(fact.kind is int for fact in site.facts):
            rows.sort(key=lambda row: all(need is None or need.kind is not int for need in row))
        one, two = self.still(left), self.still(right)
        if one and two:
            reads = copies(left), copies(right)
            return self.either(guard, self.tested(guard, rows, reads, site), reads, make, at)
        first: list[ast.expr] = []
        if self.may_hold:
            of_item = guard is ReadItem and not one
            if one and self.certain(left):
                a = copies(left)
            else:
                a = self.held_value(left, first, kept=of_item)
            beside_float = (
                not (two or self.scope.shared or self.mark_of(left))
                and rows[0][0] is FLOAT
                and rows[0][1] is None
                and size(right) <= _TWICE
            )
            if first and rows[0][0] is not None and (two or beside_float):
                # The first test takes the left operand, too: nothing is worked out before it.
                a = _with_first(first.pop().left, a)  # type: ignore[attr-defined]
            if of_item:
                given = make
                make = lambda x, y: given(self.spent(lambda: x, left), y)  # noqa: E731
            if two:
                reads = a, copies(right)
                test = all_of([*first, self.tested(guard, rows, reads, site)])
                return self.either(guard, test, reads, make, at)
            if beside_float:
                # Beside a float the right operand is used as it comes.
                test = all_of([*first, any_row(rows[:1], (a, a), site)])
                value = self.first(right)
                fast = ast.copy_location(make(a(), copied(value)), at)
                later: list[ast.expr] = []
                b = self.held_routed(value, later)
                rest = rows[1:]
                slow = self.either(
                    guard, all_of([*later, any_row(rest, (a, b), site)]), (a, b), make, at
                )
                return ast.copy_location(ast.IfExp(test, fast, slow), at)
            key = guard is ReadItem and self.fact(right).kind is not int
            reads = a, self.held_value(right, first, kept=key)
            test = all_of([*first, self.tested(guard, rows, reads, site)])
            return self.either(guard, test, reads, make, at)
        tested = [any(row[i] is not None for row in rows) for i in (0, 1)]
        if two and self.certain(right) and not tested[0] and size(left) <= _TWICE:
            reads = copies(self.first(left)), copies(right)
        elif one and not tested[1] and size(right) <= _TWICE:
            reads = copies(left), copies(self.visit(right))
        else:
            return None
        return self.either(guard, any_row(rows, reads, site), reads, make, at)

    def held_value(self, node: ast.expr, first: list[ast.expr], kept: bool = False) -> Read:
        """What reads the value of a node; a test added to `first`, which always holds, works it out."""
        return self.held_routed(self.first(node), first, kept)

    def held_routed(self, node: ast.expr, first: list[ast.expr], kept: bool = False) -> Read:
        """`held_value` of a node that was visited."""
        take, again = self.hold(kept)
        value = take(node)
        if not isinstance(value, ast.Name):
            first.append(ast.Compare(value, [ast.IsNot()], [stand_in("cap:Stop")]))
        return again

    def mark_of(self, node: ast.expr) -> str:
        """What the mark of a variable says of it, "" where it has none."""
        scope = self.scope
        if scope is None or not isinstance(node, ast.Name) or node.id not in scope.bound:
            return ""
        return scope.marks.get(node.id, "")

    def tested(
        self, guard: type[Guard], rows: Sequence[Row], reads: tuple[Read, ...], site: Site
    ) -> ast.expr:
        """A test that one of the rows holds; the marks of variables are asked first. reads: the first
        node of each may take the value that the others read."""
        marked = self.marked(guard, reads, site)
        rest = any_row(rows, reads, site)
        return rest if marked is None else either_of([marked, rest])

    def marked(self, guard: type[Guard], reads: tuple[Read, ...], site: Site) -> ast.expr | None:
        """A test of marks, and of what has none, that tells enough of the operands to do without the
        guard; None where it would not."""
        marks = [self.mark_of(node) for node in site.operands]
        if not any(marks):
            return None
        known: list[tuple[Fact, ...]] = []
        asked: list[tuple[int, str]] = []
        for at, (mark, fact) in enumerate(zip(marks, site.known(), strict=True)):
            if fact.kind is not None:
                known.append((fact,))
                continue
            if not mark:
                mark = HOLDS if guard in (ReadItem, StoreItem) and at == 0 else NUMBER
                asked.append((at, mark))
            known.append(MARKED[mark])
        for facts in itertools.product(*known):
            if guard.plan(Site(site.name, site.operands, facts)) is not Plan.OMIT:
                return None
        tests = [is_marked(mark, reads[at]) for at, mark in asked]
        noted = [
            _ours(mark_name(node.id))
            for node, mark, fact in zip(site.operands, marks, site.known(), strict=True)
            if mark and fact.kind is None and isinstance(node, ast.Name)
        ]
        # A value that is taken by its test must be taken whatever the marks say.
        operands = [site.operands[at] for at, _ in asked]
        plain = all(self.still(node) and self.certain(node) for node in operands)
        return all_of([*noted, *tests] if plain else [*tests, *noted])

    def marks_after(self, statement: ast.stmt) -> list[ast.stmt]:
        """What notes the marks of the variables that a statement, not visited yet, stores to."""
        if self.scope is None or not self.scope.marks or is_counted(statement):
            return []
        if isinstance(statement, ast.Assign):
            names = plain_targets(statement.targets)
            value = statement.value if all(isinstance(t, ast.Name) for t in statement.targets) else None
        elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
            names = plain_targets([statement.target])
            value = statement.value if isinstance(statement, ast.AnnAssign) else None
        else:
            return []
        return self.marks_of(names or [], statement, value)

    def marks_of(
        self,
        names: Sequence[str],
        at: ast.AST,
        value: ast.expr | None = None,
        known: Mapping[str, Fact] | None = None,
    ) -> list[ast.stmt]:
        """What notes the marks of variables just stored to. value: what was stored, not visited yet.
        known: what is known of them after the store; what was known before it says nothing here."""
        if self.scope is None:
            return []
        out: list[ast.stmt] = []
        for name in dict.fromkeys(names):
            mark = self.scope.marks.get(name)
            if mark is None:
                continue
            test: ast.expr = is_marked(mark, copies(_ours(name)))
            fact = ANY if value is None else self.fact(value)
            if known is not None:
                fact = known.get(name, ANY)
            if fact.kind is not None and fact is not INEXACT:
                told = [satisfied(fact, need) for need in MARKED[mark]]
                if any(told) or None not in told:
                    test = ast.Constant(any(told))
            elif value is not None and self.mark_of(value) == mark:
                test = _ours(mark_name(value.id))  # type: ignore[attr-defined]
            target = ast.Name(mark_name(name), ast.Store())
            out.append(ast.copy_location(ast.Assign([target], test), at))
        return out

    def either(
        self, guard: type[Guard], test: ast.expr, reads: tuple[Read, ...], make: Any, at: ast.AST
    ) -> ast.expr:
        fast = ast.copy_location(make(*[read() for read in reads]), at)
        slow = self.let_go_after(self.ask(guard, *[read() for read in reads], at=at))
        return ast.copy_location(ast.IfExp(test, fast, slow), at)

    def let_go_after(self, call: ast.Call) -> ast.expr:
        """A call of a guard, after which the temporaries that it was given are emptied: what is no
        number would live on in them, and a weak reference would tell."""
        if self.scope is None or self.scope.shared:
            return call
        held = [a.id for a in call.args if isinstance(a, ast.Name) and a.id.startswith(_HELD)]
        return _then_emptied(call, held) if held else call

    def spent(self, read: Read, source: ast.expr) -> ast.expr:
        """The last read of a temporary; what nothing else holds is let go of there. source: what it was
        taken from: a name, or an attribute or an item of one, is held by the program, more or less. The
        collector
        may run here: what was tested must hold whatever code of the guest's does."""
        value = read()
        inner = source
        while isinstance(inner, (ast.Attribute, ast.Subscript)):
            inner = inner.value
        if (
            not isinstance(value, ast.Name)
            or not value.id.startswith(_HELD)
            or isinstance(inner, ast.Name)
        ):
            return value
        return value if self.scope is None or self.scope.shared else _then_emptied(value, [value.id])

    def unary(self, guard: type[Guard], operand: ast.expr, make: Any, at: ast.AST) -> ast.expr | None:
        """As `operation`, of one operand."""
        site = self.site("", operand)
        if not self.optimize or self.scope is None or guard.plan(site) is not Plan.INLINE:
            return None
        first: list[ast.expr] = []
        again = read = copies(operand)
        if not self.still(operand):
            if not self.may_hold:
                return None
            again = read = self.held_value(operand, first)
            if first:  # the first test takes the operand, too
                read = _with_first(first.pop().left, again)  # type: ignore[attr-defined]
        test = self.tested(guard, guard.tests(site), (read,), site)
        return self.either(guard, test, (again,), make, at)

    def attribute(self, node: ast.Attribute, name: str) -> ast.expr | None:
        """A read of an attribute that some builtin class guards, raw on instances of the guest's own
        classes; None where no such test can be written, and nothing has been visited."""
        if not self.optimize or self.scope is None or name != node.attr:
            return None
        if name.startswith("__") and name != "__class__":
            return None
        owner = node.value
        if self.still(owner):
            first, again = copied(owner), copies(owner)
        elif self.may_hold:
            take, again = self.hold(kept=True)
            first = take(self.first(owner))
        else:
            return None
        test: ast.expr = ast.Compare(type_of(first), [ast.In()], [stand_in("cap:classes")])
        if isinstance(owner, ast.Name) and owner.id in self.modules and name != "__class__":
            test = ast.Compare(type_of(first), [ast.Is()], [stand_in("cap:raw:module")])
        fast = ast.copy_location(ast.Attribute(again(), node.attr, ast.Load()), node)
        slow = self.ask(ReadAttribute, again(), ast.Constant(name), at=node)
        return ast.copy_location(ast.IfExp(test, fast, slow), node)

    def item_target(self, guard: type[Guard], node: ast.Subscript) -> bool:
        """Whether the container and the index of a store were made to do without the guard where a test
        of the index allows it; if not, nothing has been visited."""
        if not self.optimize or self.scope is None:
            return False
        site = self.site("", node.value, node.slice)
        owner, key = node.value, node.slice
        first: list[ast.expr] = []
        if self.still(key) and self.certain(key):
            if size(owner) <= 2 * _TWICE and not self.still(owner):
                value = self.visit(owner)
                owners: Read = copies(value)
            elif self.still(owner):
                owners = copies(owner)
            elif self.may_hold:
                owners = self.held_value(owner, first, kept=True)
            else:
                return False
            keys: Read = copies(key)
        elif self.may_hold and is_plain_index(key):
            if self.still(owner) and self.certain(owner):
                owners = copies(owner)
            else:
                owners = self.held_value(owner, first, kept=True)
            keys = self.held_value(key, first, kept=self.fact(key).kind is not int)
        else:
            return False
        rows = guard.tests(site)
        test = all_of([*first, self.tested(guard, rows, (owners, keys), site)])
        slow = self.ask(guard, owners(), keys(), at=owner)
        node.value = ast.copy_location(ast.IfExp(test, owners(), slow), owner)
        node.slice = ast.copy_location(keys(), key)
        return True

    def sliced(self, guard: type[Guard], node: ast.Subscript, parts: ast.Slice) -> ast.expr | None:
        """A slice of something short, without its guard; None where no test can be written, and nothing
        has been visited. What is tested is taken after the bounds were worked out."""
        bounds = [b for b in (parts.lower, parts.upper, parts.step) if b is not None]
        plain = all(map(self.still, (node.value, *bounds)))
        if not self.optimize or self.scope is None or not (plain or self.may_hold):
            return None
        known = self.fact(node.value).kind
        crowded = known is not list and known is not tuple and self.crowded()
        if crowded and known is not None:
            return None
        first: list[ast.expr] = []
        if self.still(node.value) and (plain or self.certain(node.value)):
            owner = copies(node.value)
        else:
            owner = self.held_value(node.value, first, kept=True)
        reads = {
            id(b): copies(b) if self.still(b) else self.held_value(b, first, kept=True) for b in bounds
        }
        if known not in _SLICED:
            ways = [is_kind(type_of(owner()), list)]
            if crowded:  # the collector counts what is made of a tuple, and tells
                ways.append(is_kind(type_of(owner()), tuple))
            else:
                ways.append(ast.Compare(type_of(owner()), [ast.In()], [stand_in("cap:plain")]))
            first.append(either_of(ways))
        length = ast.Call(stand_in("cap:raw:len"), [owner()], [])
        first.append(ast.Compare(length, [ast.Lt()], [ast.Constant(_SHORT)]))

        def bound(part: ast.expr | None) -> ast.expr | None:
            return None if part is None else reads[id(part)]()

        lower, upper, step = map(bound, (parts.lower, parts.upper, parts.step))
        fast = ast.Subscript(owner(), ast.Slice(lower, upper, step), ast.Load())
        again = [bound(part) or ast.Constant(None) for part in (parts.lower, parts.upper, parts.step)]
        made = ast.copy_location(ast.Call(stand_in("cap:slice"), again, []), parts)
        slow = self.ask(guard, owner(), made, at=node)
        return ast.copy_location(ast.IfExp(all_of(first), ast.copy_location(fast, node), slow), node)

    def text(self, guard: type[Guard], part: ast.FormattedValue, *args: ast.expr) -> ast.expr | None:
        """The text of a field of an f-string; None where no test can be written, and nothing has been
        visited. args: the conversion and the specification for the guard."""
        spec = ""
        if part.format_spec is not None:
            values = getattr(part.format_spec, "values", [])
            if len(values) != 1 or not isinstance(values[0], ast.Constant):
                return None
            spec = str(values[0].value)
        if not self.optimize or self.scope is None or part.conversion != -1 or not _is_small_spec(spec):
            return None
        first: list[ast.expr] = []
        if self.still(part.value):
            read = copies(part.value)
        elif self.may_hold:
            read = self.held_value(part.value, first, kept=True)
        else:
            return None
        number = either_of([self.kind_test(read, fact) for fact in (SMALL, FLOAT)])
        if part.format_spec is None:
            shown: ast.expr = ast.Call(stand_in("cap:raw:str"), [read()], [])
        else:
            shown = ast.JoinedStr([ast.FormattedValue(read(), -1, part.format_spec)])
            number = all_of([*first, number])
        slow = self.ask(guard, read(), *args, at=part.value)
        ast.copy_location(shown, part.value)
        made = ast.copy_location(ast.IfExp(number, shown, slow), part.value)
        if part.format_spec is None:
            test = all_of([*first, is_kind(type_of(read()), str)])
            made = ast.copy_location(ast.IfExp(test, read(), made), part.value)
        return made

    def filled_in(
        self,
        guard: type[Guard],
        template: ast.expr,
        values: ast.Tuple,
        needs: Sequence[Fact],
        at: ast.expr,
    ) -> ast.expr | None:
        """`'%s %d' % (x, y)`, without its guard where each value is short; None where no such test can
        be written, and nothing has been visited."""
        parts = values.elts
        if not parts or len(parts) > _FILLED or any(isinstance(part, ast.Starred) for part in parts):
            return None
        if not self.may_hold or (self.scope is not None and self.scope.shared) or self.crowded():
            return None
        first: list[ast.expr] = []
        reads: list[Read] = [
            copies(part)
            if self.still(part) and self.certain(part)
            else self.held_value(part, first, kept=True)
            for part in parts
        ]
        tests = [either_of([self.kind_test(read, need) for need in needs]) for read in reads]

        def filled() -> ast.expr:
            return ast.copy_location(ast.Tuple([read() for read in reads], ast.Load()), values)

        fast = ast.copy_location(ast.BinOp(template, ast.Mod(), filled()), at)
        slow = self.ask(guard, copied(template), filled(), at=at)
        return ast.copy_location(ast.IfExp(all_of([*first, *tests]), fast, slow), at)

    def joined(self, guard: type[Guard], parts: list[ast.expr], at: ast.expr) -> ast.expr | None:
        """An f-string of several texts, without its guard where they are short together; None where no
        test can be written. parts: routed."""
        if not self.may_hold or (self.scope is not None and self.scope.shared):
            return None
        literal = sum(
            len(p.value) for p in parts if isinstance(p, ast.Constant) and type(p.value) is str
        )
        total: ast.expr | None = None
        reads: list[Read] = []
        for part in parts:
            if isinstance(part, ast.Constant):
                reads.append(copies(part))
                continue
            take, again = self.hold(kept=True)
            reads.append(again)
            length = ast.Call(stand_in("cap:raw:len"), [take(part)], [])
            total = length if total is None else ast.BinOp(total, ast.Add(), length)
        if total is None or literal > _SHORT or self.crowded():
            return None
        test = ast.Compare(total, [ast.Lt()], [ast.Constant(4096 - literal)])
        fast = ast.JoinedStr(
            [r if isinstance(r, ast.Constant) else ast.FormattedValue(r, -1, None)
             for r in (read() for read in reads)]
        )  # fmt: skip
        slow = self.ask(guard, *[read() for read in reads], at=at)
        return ast.copy_location(ast.IfExp(test, ast.copy_location(fast, at), slow), at)

    def planned_attribute(self, node: ast.Attribute) -> bool:
        return self.planned(ReadAttribute, node.attr, node.value)


def _makes_text(row: Row) -> bool:
    return any(need is not None and need.kind is str for need in row)


def is_marked(mark: str, read: Read) -> ast.expr:
    """The test that a mark keeps the answer of. read: its first node may take the value."""
    if mark == HOLDS:
        most = is_kind(type_of(read()), list)
        held = ast.Compare(type_of(read()), [ast.In()], [stand_in(GROUPS[HOLDER][1])])
        return either_of([most, held])
    small = all_of([is_kind(type_of(read()), int), *_within(read, SMALL)])
    return either_of([small, is_kind(type_of(read()), float)])


def is_plain_index(node: ast.expr) -> bool:
    """Whether an index is an expression of its own, without slices or stars in it."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return not any(isinstance(part, (ast.Slice, ast.Starred)) for part in parts)


def _ours(name: str) -> ast.expr:
    node = ast.Name(name, ast.Load())
    node.routed = True  # type: ignore[attr-defined]  # no name of the program's
    return node


def _then_emptied(value: ast.expr, held: list[str]) -> ast.expr:
    empty = [ast.NamedExpr(ast.Name(n, ast.Store()), ast.Constant(None)) for n in dict.fromkeys(held)]
    both = ast.Tuple([value, *empty], ast.Load())
    return ast.copy_location(ast.Subscript(both, ast.Constant(0), ast.Load()), value)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
        return isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return isinstance(node, ast.Constant)


def _with_first(first: ast.expr, again: Read) -> Read:
    """Gives a node that takes a value into a temporary, and then nodes that read it."""
    nodes = [first]
    return lambda: nodes.pop() if nodes else again()


def _is_small_spec(spec: str) -> bool:
    """Whether a format specification can ask for few characters only."""
    return len(spec) < 8 and all(len(digits) < 4 for digits in re.findall(r"\d+", spec))


def copies(node: ast.expr) -> Read:
    return lambda: copied(node)


def any_row(rows: Sequence[Row], reads: tuple[Read, ...], site: Site) -> ast.expr:
    """A test that one of the rows holds. reads: give nodes that read the operands."""
    ways = []
    for row in rows:
        tests: list[ast.expr] = []
        for need, read, fact in zip(row, reads, site.known(), strict=True):
            if need is not None and need.kind is not None:
                if need in GROUPS:
                    group = stand_in(GROUPS[need][1])
                    tests.append(ast.Compare(type_of(read()), [ast.In()], [group]))
                elif fact.kind is not need.kind:
                    tests.append(is_kind(type_of(read()), need.kind))
                if need.kind is int and need.bits >= 0:
                    tests.extend(_within(read, need))
                elif need.kind in (str, list, tuple) and need.bits >= 0:
                    length = ast.Call(stand_in("cap:raw:len"), [read()], [])
                    tests.append(ast.Compare(length, [ast.LtE()], [ast.Constant(need.bits)]))
        ways.append(all_of(tests))
    return either_of(ways)


def type_of(value: ast.expr) -> ast.expr:
    return ast.Call(stand_in("cap:raw:type"), [value], [])


def is_kind(kind: ast.expr, wanted: type) -> ast.expr:
    return ast.Compare(kind, [ast.Is()], [stand_in(f"cap:raw:{wanted.__name__}")])


def _within(read: Read, need: Fact) -> list[ast.expr]:
    """Tests that a whole number is small. A mask or a hash is larger than what the interpreter compares
    fast; where it may be one, that is looked at last: a call of the guard takes twenty times as long."""

    def within(bound: int) -> list[ast.expr]:
        return [
            ast.Compare(read(), [ast.Lt()], [ast.Constant(bound)]),
            ast.Compare(read(), [ast.Gt()], [ast.Constant(-bound)]),
        ]

    if need is KEY:
        return within(_WIDE)
    if need.bits <= KEY.bits:
        return within(_TESTED)
    return [either_of([all_of(within(_TESTED)), all_of(within(_WIDEST))])]


def all_of(tests: list[ast.expr]) -> ast.expr:
    if not tests:
        return ast.Constant(True)
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def either_of(tests: list[ast.expr]) -> ast.expr:
    if not tests:
        return ast.Constant(False)
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)


def size(node: ast.AST) -> int:
    """How large an expression is; beyond all bounds where it binds names or makes functions."""
    size = 0
    for part in walk(node):
        if isinstance(part, _NOT_TWICE):
            return _LARGEST + 1
        size += isinstance(part, ast.expr)
    return size
