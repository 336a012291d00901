"""Calls of builtin classes that count what they walk, written out: `list(range(n))`, `enumerate(xs)`.

The guard of such a call hands C code an iterator that takes a step for each element. Where the name
still stands for the builtin and the argument is a plain container, or a generator expression that
stands there, compiled code makes that iterator itself. Each form takes the steps that the guard does.
"""

from __future__ import annotations

import ast
from typing import Any, Final

from capcompiler.calling import Calls, is_own
from capcompiler.facts import fact_of
from capcompiler.specialise import Read, all_of, copies, is_kind, type_of
from capcompiler.tree import copied, walk
from guards.base import Guard
from guards.binding import stand_in
from guards.fact import BITS, BOOL, FLOAT, INEXACT, Fact

__all__ = ["Making"]

#: Elements of a `range` whose list is charged for by no byte, and of what is copied faster one by one.
_SHORT_RANGE: Final = 512
_SHORT: Final = 64
#: Nodes of an argument that is written twice.
_LARGEST: Final = 120
_ARGUMENTS: Final = {
    "list": (1, 1),
    "tuple": (1, 1),
    "enumerate": (1, 1),
    "reversed": (1, 1),
    "zip": (2, 3),
    "any": (1, 1),
    "all": (1, 1),
    "sum": (1, 1),
}
_ORDERED: Final = frozenset({"list", "tuple"})
#: Builtins of the realm's own that do no more with a generator than take its elements, each for a step;
#: one adds them up, and charges nothing for numbers that are known to be small.
_TAKING: Final = frozenset({"any", "all"})
_ADDING: Final = "sum"


class Making(Calls):
    """The part of the router that writes such calls out."""

    def __init__(self, source: str, filename: str, optimize: bool) -> None:
        super().__init__(source, filename, optimize)
        self.written = (
            False  # whether the call being visited is the other way of one that is written out
        )

    def made_in_place(self, call: ast.Call, guard: type[Guard]) -> ast.expr | None:
        """A call without its guard where a test allows it; None where no such test can be written, and
        nothing has been visited. guard: of calls."""
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if not self.optimize or self.scope is None or self.written or name in self.bound:
            return None
        least, most = _ARGUMENTS.get(name, (1, 0))
        if not least <= len(call.args) <= most or not self._is_plain(call):
            return None
        said = len(self.violations)
        argument = call.args[0]
        names = [name]
        if name in _TAKING or name == _ADDING:
            return self._taken_in(name, call, guard)
        if isinstance(argument, ast.GeneratorExp) and name in _ORDERED:
            if sum(1 for _ in walk(argument)) > _LARGEST:
                return None
            again = copied(call)
            fast: ast.expr = self._of(name, self._counted(self.visit(argument)))
        elif name != "zip" and self._is_range(argument):
            names.append("range")
            again = copied(call)
            made = self._of_range(name, argument)
            if made is None:
                return None
            fast = made
        elif name == "reversed":
            return None
        else:
            again = copied(call)
            made = self._of_containers(name, call.args)
            if made is None:
                return None
            fast = made
        del self.violations[said:]  # the other way says the same
        self.written = True
        slow = self.visit(again)
        self.written = False
        # What is called is the constant, as where the call is not written out.
        same = [
            ast.Compare(ast.Name(n, ast.Load()), [ast.Is()], [stand_in(f"cap:raw:{n}")]) for n in names
        ]
        return ast.copy_location(ast.IfExp(all_of(list(same)), fast, slow), call)

    def _taken_in(self, name: str, call: ast.Call, guard: type[Guard]) -> ast.expr | None:
        """`any(c for x in xs)` and the like, where the generator expression stands in the call."""
        argument = call.args[0]
        if not isinstance(argument, ast.GeneratorExp) or not self.may_hold:
            return None
        if name == _ADDING and not _is_small_number(fact_of(argument.elt, {})):
            return None
        if sum(1 for _ in walk(argument)) > _LARGEST:
            return None
        again, said = copied(call), len(self.violations)
        first: list[ast.expr] = []
        found = self.held_value(call.func, first)
        fast = self._of(name, self._counted(self.visit(argument)))
        del self.violations[said:]  # the other way says the same
        self.written = True
        again.args = [self.visit(again.args[0])]
        self.written = False
        again.func = ast.IfExp(is_own(name, found), found(), self.ask(guard, found(), at=call.func))
        ast.copy_location(again.func, call.func)
        return ast.copy_location(ast.IfExp(all_of([*first, is_own(name, found)]), fast, again), call)

    def _is_plain(self, call: ast.Call) -> bool:
        return not call.keywords and not any(isinstance(a, ast.Starred) for a in call.args)

    def _is_range(self, node: ast.expr) -> Any:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "range"
            and "range" not in self.bound
            and self._is_plain(node)
        )

    def _of(self, name: str, *args: ast.expr) -> ast.expr:
        return ast.Call(stand_in(f"cap:raw:{name}"), list(args), [])

    def _counted(self, value: ast.expr) -> ast.expr:
        return ast.Call(stand_in("cap:raw:compress"), [value, stand_in("cap:counter")], [])

    def _of_range(self, name: str, argument: Any) -> ast.expr | None:
        if name == "reversed":  # makes no more than an iterator, and the range carries no other
            if sum(1 for _ in walk(argument)) > _LARGEST:
                return None
            return self._of(name, self._of("range", *[self.visit(a) for a in argument.args]))
        if name not in _ORDERED or len(argument.args) != 1:
            return None
        reads = self._taken(argument.args)
        if reads is None:
            return None
        ((first, again),) = reads
        test = all_of([
            is_kind(type_of(first()), int),
            ast.Compare(again(), [ast.Lt()], [ast.Constant(_SHORT_RANGE)]),
        ])  # fmt: skip
        fast = self._of(name, self._counted(self._of("range", again())))
        slow = ast.Call(stand_in(f"cap:made:{name}"), [self._of("range", again())], [])
        return ast.IfExp(test, fast, slow)

    def _of_containers(self, name: str, args: list[ast.expr]) -> ast.expr | None:
        reads = self._taken(args)
        if reads is None:
            return None
        sources = list(args)
        # All are worked out before any is looked at, since code of the guest's may run on the way.
        tests: list[ast.expr] = [
            ast.Compare(first(), [ast.IsNot()], [stand_in("cap:Stop")])
            for (first, _), source in zip(reads, sources, strict=True)
            if not self.still(source)
        ]
        for _, again in reads:
            tests.append(ast.Compare(type_of(again()), [ast.In()], [stand_in("cap:plain")]))
        if name in _ORDERED:
            length = ast.Call(stand_in("cap:raw:len"), [reads[0][1]()], [])
            tests.append(ast.Compare(length, [ast.Lt()], [ast.Constant(_SHORT)]))
        if name == "tuple":  # which gives a tuple back as it is
            kind = stand_in("cap:raw:tuple")
            tests.append(ast.Compare(type_of(reads[0][1]()), [ast.IsNot()], [kind]))
        fast = self._of(
            name,
            *[self._counted(self.spent(again, source))
              for (_, again), source in zip(reads, sources, strict=True)],
        )  # fmt: skip
        call = ast.Call(stand_in(f"cap:made:{name}"), [again() for _, again in reads], [])
        return ast.IfExp(all_of(tests), fast, self.let_go_after(call))

    def _taken(self, args: list[ast.expr]) -> list[tuple[Read, Read]] | None:
        """What takes the value of each argument, and what reads it again; None where that cannot be
        written, and nothing has been visited."""
        if self.scope is None:
            return None
        if not all(self.still(a) for a in args) and (
            not self.may_hold or self.scope.shared or sum(1 for a in args for _ in walk(a)) > _LARGEST
        ):
            return None
        reads: list[tuple[Read, Read]] = []
        for node in args:
            if self.still(node):
                reads.append((copies(node), copies(node)))
                continue
            take, again = self.hold(kept=True)
            value = take(self.visit(node))
            reads.append((_once(value), again))
        return reads


def _is_small_number(fact: Fact) -> bool:
    """Whether adding up numbers of which this is known is charged for by no rule."""
    return fact in (FLOAT, INEXACT, BOOL) or (fact.kind is int and 0 <= fact.bits <= BITS)


def _once(value: ast.expr) -> Read:
    return lambda: value
