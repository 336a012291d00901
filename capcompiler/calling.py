"""What is written where a program calls something: the guards of calls, left out or tested for in place.

A builtin's name is looked up anew at each call, since a program may put something else in its place;
what is found is compared with the builtin itself, and then the constant is called.
"""

from __future__ import annotations

import ast
import builtins
from types import BuiltinFunctionType
from typing import Any, Final

from capcompiler.specialise import (
    Read,
    Specialiser,
    all_of,
    copies,
    either_of,
    is_kind,
    size,
    type_of,
)
from capcompiler.tree import copied
from guards.attribute import is_plain_name
from guards.base import Guard, is_guard_name
from guards.binding import stand_in
from guards.builtins import RAW_BUILTINS, TAMED_BUILTINS
from guards.call import MADE_FAST, CallSuper, is_raw_class
from guards.fact import FLOAT, GROUPS, KEY, SMALL, satisfied
from guards.plain import is_c_method
from guards.short import SHORT, SHORT_NUMBERS, SMALL_OF, TELL, Short
from guards.stand import stand_ins
from guards.tables.rows import State

__all__ = ["Calls", "is_own"]

#: Builtins that a guest holds as they are, and that may be called as they are.
RAW_FUNCTIONS: Final = frozenset(
    name
    for name, value in RAW_BUILTINS.items()
    if type(value) is BuiltinFunctionType or (isinstance(value, type) and is_raw_class(value))
)
#: How large the arguments of a call may be that is written out for several kinds of receivers.
_WRITTEN_TWICE: Final = 6
BUILTIN: Final = BuiltinFunctionType.__name__
_MADE: Final = frozenset(k.__name__ for k in MADE_FAST) & frozenset(RAW_BUILTINS)


def _has_one_argument(call: ast.Call) -> bool:
    return len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)


def _names_plain(call: ast.Call) -> bool:
    """Whether the second argument is the name of an attribute that needs no guard on any class."""
    if call.keywords or len(call.args) < 2 or any(isinstance(a, ast.Starred) for a in call.args):
        return False
    name = getattr(call.args[1], "value", None) if isinstance(call.args[1], ast.Constant) else None
    return type(name) is str and is_plain_name(name) and not is_guard_name(name)


def is_own(name: str, found: Read) -> ast.expr:
    """A test that what was found is the realm's own builtin of that name."""
    identity = ast.Call(stand_in("cap:raw:id"), [found()], [])
    return ast.Compare(identity, [ast.Eq()], [stand_in(f"cap:own:{name}")])


class Calls(Specialiser):
    """The part of the router that asks for guards of calls."""

    def callee(self, call: ast.Call, guard: type[Guard], method: type[Guard]) -> ast.expr:
        """What stands where a callable is called: the callable itself if that may be called as it is,
        else what its guard gives. call: not visited yet."""
        node = call.func
        if not self.optimize or self.scope is None:
            return self.ask(guard, self.visit(node), at=node)
        if isinstance(node, ast.Name):
            return self.called_name(call, node, guard)
        if isinstance(node, ast.Attribute):
            if self.is_super(node.value):
                self.admit(node)
                made = self.found_by_super(node)
                if made is not None:
                    return made
                owner = self.visit(node.value)
                return self.ask(CallSuper, owner, ast.Constant(self.in_class_name(node.attr)), at=node)
            if not node.attr.startswith("__"):
                return self.called_method(call, node, guard, method)
        if not self.may_hold:
            return self.ask(guard, self.visit(node), at=node)
        take, again = self.hold(kept=True)
        reads = [take(self.first(node))]
        test = self.called_as_it_is(lambda: reads.pop() if reads else again(), again, "", call)
        return ast.copy_location(ast.IfExp(test, again(), self.ask(guard, again(), at=node)), node)

    def in_class_name(self, attribute: str) -> str:
        """An attribute's name as it is in code."""
        raise NotImplementedError

    def is_super(self, node: ast.expr) -> bool:
        """Whether an expression calls what the name `super` stands for, unless that is rebound."""
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "super"
            and "super" not in self.bound
        )

    def found_by_super(self, node: ast.Attribute) -> ast.expr | None:
        """`super().m` or `super(C, self).m` where it is called, without its guard where `super` is the
        builtin and is known to find a function of the guest's there; None where no such test can be
        written, and nothing has been visited."""
        asked: Any = node.value
        scope, name = self.scope, self.in_class_name(node.attr)
        if scope is None or scope.shared or not self.may_hold:
            return None
        if asked.keywords or len(asked.args) not in (0, 2):
            return None
        if asked.args:
            of, obj = asked.args
            if not (isinstance(of, ast.Name) and isinstance(obj, ast.Name)):
                return None
        elif not (scope.first and self.private is not None) or "__class__" in self.bound:
            return None
        else:
            of, obj = ast.Name("__class__", ast.Load()), ast.Name(scope.first, ast.Load())
        if not (self.still(obj) and self.certain(obj)):
            return None
        again = copied(asked)
        first: list[ast.expr] = []
        this: Read = copies(of)
        if asked.args:
            this = self.held_value(of, first, kept=True)
            asked.args[0] = this()
        made = ast.copy_location(ast.Call(stand_in("cap:raw:super"), asked.args, []), asked)
        found = self.held_routed(made, first, kept=True)
        # What is made here is made before the test: the collector may run a callback of the guest's
        # that stores another method.
        pair = ast.Tuple([type_of(copied(obj)), this()], ast.Load())
        known = ast.Compare(pair, [ast.In()], [stand_in(f"cap:supers:{name}")])
        fast = ast.copy_location(ast.Attribute(found(), node.attr, ast.Load()), node)
        slow = self.ask(CallSuper, found(), ast.Constant(name), at=node)
        here = ast.copy_location(ast.IfExp(all_of([*first, known]), fast, slow), node)
        other = self.ask(CallSuper, self.visit(again), ast.Constant(name), at=node)
        same = ast.Compare(ast.Name("super", ast.Load()), [ast.Is()], [stand_in("cap:raw:super")])
        return ast.copy_location(ast.IfExp(same, here, other), node)

    # Names

    def called_name(self, call: ast.Call, node: ast.Name, guard: type[Guard]) -> ast.expr:
        name = node.id
        if name not in self.bound:
            found = self.called_builtin(call, node, guard)
            if found is not None:
                return found
        routed = self.visit(node)
        slow = self.ask(guard, copied(routed), at=node)
        if self.still(node):
            test = self.called_as_it_is(copies(routed), copies(routed), name, call)
            return ast.copy_location(ast.IfExp(test, routed, slow), node)
        if not self.may_hold or (name not in self.bound and name in dir(builtins)):
            return slow
        take, again = self.hold()
        first = take(routed)
        reads = [first]
        test = self.called_as_it_is(lambda: reads.pop() if reads else again(), again, name, call)
        return ast.copy_location(ast.IfExp(test, again(), self.ask(guard, again(), at=node)), node)

    def called_as_it_is(self, first: Read, again: Read, name: str, call: ast.Call) -> ast.expr:
        if name in self.classes:
            known = "cap:classes" if call.args or call.keywords else "cap:argless"
            return all_of(
                [
                    is_kind(type_of(first()), type),
                    ast.Compare(again(), [ast.In()], [stand_in(known)]),
                ]
            )
        # Of a bound method it is the function in it that says whether that may be called.
        bound = all_of(
            [
                ast.Compare(type_of(again()), [ast.Is()], [stand_in("cap:raw:method")]),
                ast.Compare(
                    type_of(ast.Attribute(again(), "__func__", ast.Load())),
                    [ast.In()],
                    [stand_in("cap:bound")],
                ),
            ]
        )
        return either_of(
            [
                ast.Compare(type_of(first()), [ast.Is()], [stand_in("cap:raw:function")]),
                ast.Compare(type_of(again()), [ast.In()], [stand_in("cap:callables")]),
                ast.Compare(type_of(again()), [ast.In()], [stand_in("cap:classes")]),
                bound,
            ]
        )

    def called_builtin(self, call: ast.Call, node: ast.Name, guard: type[Guard]) -> ast.expr | None:
        """A builtin's own name, which the program binds nowhere that is seen; None for other names."""
        name = node.id
        if name in RAW_FUNCTIONS:
            own, made = f"cap:raw:{name}", None
        elif name in _MADE or (name == "type" and _has_one_argument(call)):
            own, made = f"cap:raw:{name}", f"cap:made:{name}"
        elif name in TAMED_BUILTINS:
            return self.called_stand_in(call, node, guard)
        else:
            return None
        routed = self.visit(node)
        slow = self.ask(guard, copied(routed), at=node)
        # What is called is the constant: code that runs while arguments are worked out may rebind
        # the name, and nothing runs between this test and that read of a constant.
        same = ast.Compare(routed, [ast.Is()], [stand_in(own)])
        fast = stand_in(made or own)
        short = self.short_builtin(call, name)
        if short is not None:
            fast = ast.IfExp(short, stand_in(f"cap:raw:{name}"), fast)
        return ast.copy_location(ast.IfExp(same, fast, slow), node)

    def called_stand_in(self, call: ast.Call, node: ast.Name, guard: type[Guard]) -> ast.expr | None:
        """A builtin of the realm's own. What is found is told by its identity: code that held the
        builtin itself would hold the realm, past the collector."""
        if not self.may_hold:
            return None
        first: list[ast.expr] = []
        found = self.held_value(node, first)
        same = is_own(node.id, found)
        if node.id in ("getattr", "hasattr") and _names_plain(call):
            raw_name = stand_in(f"cap:raw:{node.id}")
            slow = self.ask(guard, found(), at=node)
            return ast.copy_location(ast.IfExp(all_of([*first, same]), raw_name, slow), node)
        if node.id == "isinstance":
            test = self.one_class(call, first)
        else:
            test = self.few_numbers(call, node.id)
        slow = self.ask(guard, found(), at=node)
        if test is None:
            return ast.copy_location(ast.IfExp(all_of([*first, same]), found(), slow), node)
        raw = all_of([*first, copied(same), test])
        rest = ast.copy_location(ast.IfExp(same, found(), slow), node)
        return ast.copy_location(ast.IfExp(raw, stand_in(f"cap:raw:{node.id}"), rest), node)

    def few_numbers(self, call: ast.Call, name: str) -> ast.expr | None:
        """A test that all arguments are floats or small whole numbers; None if there is no such."""
        least, most = SHORT_NUMBERS.get(name, (1, 0))
        if call.keywords or not least <= len(call.args) <= most:
            return None
        tests: list[ast.expr] = []
        for arg in call.args:
            if isinstance(arg, ast.Starred) or not (self.still(arg) and self.certain(arg)):
                return None
            if not any(satisfied(self.fact(arg), fact) for fact in (FLOAT, SMALL)):
                tests.append(either_of([self.kind_test(copies(arg), fact) for fact in (FLOAT, SMALL)]))
        return all_of(tests)

    def short_builtin(self, call: ast.Call, name: str) -> ast.expr | None:
        """A test that the raw builtin may be called with these arguments; None if there is no such."""
        args = call.args
        if call.keywords or any(isinstance(a, ast.Starred) for a in args):
            return None
        if name in SMALL_OF and len(args) == 1 and self.still(args[0]) and self.certain(args[0]):
            read = copies(args[0])
            return either_of([self.kind_test(read, fact) for fact in SMALL_OF[name]])
        if name == "type" and len(args) == 1 and self.still(args[0]) and self.certain(args[0]):
            return ast.Compare(type_of(copied(args[0])), [ast.In()], [stand_in("cap:common")])
        return None

    def one_class(self, call: ast.Call, first: list[ast.expr]) -> ast.expr | None:
        """A test that the second argument of `isinstance` is one class; None if there is no such. A test
        added to `first`, which always holds, works the argument out."""
        args = call.args
        if call.keywords or len(args) != 2 or isinstance(args[1], ast.Starred):
            return None
        if not (self.still(args[0]) and self.certain(args[0]) and isinstance(args[1], ast.Name)):
            return None
        if self.still(args[1]):
            return is_kind(type_of(copied(args[1])), type) if self.certain(args[1]) else None
        again = self.held_value(args[1], first)
        args[1] = again()
        return is_kind(type_of(again()), type)

    # Methods

    def called_method(
        self, call: ast.Call, node: ast.Attribute, guard: type[Guard], method: type[Guard]
    ) -> ast.expr:
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in self.modules:
            return self.called_in_module(node, guard)
        kind = self.fact(owner).kind
        if kind is not None and self.still(owner) and is_c_method(kind, node.attr) is State.SAFE:
            self.admit(node)
            return node
        if not self.still(owner) and not self.may_hold:
            return self.ask(guard, self.visit(node), at=node)
        self.admit(node)
        if self.still(owner):
            again = copies(owner)
            first_node = again()
        else:
            take, again = self.hold(kept=True)
            first_node = take(self.first(owner))
        reads = [first_node]

        def read() -> ast.expr:
            return reads.pop() if reads else again()

        if isinstance(owner, ast.Name) and (owner.id in self.classes or owner.id == "cls"):
            test = all_of(
                [
                    is_kind(type_of(read()), type),
                    ast.Compare(read(), [ast.In()], [stand_in(f"cap:static:{node.attr}")]),
                ]
            )
        else:
            short = [
                t for s in SHORT.get(node.attr, ()) if (t := self.short_method(call, owner, s, read))
            ]
            known = stand_in(f"cap:method:{node.attr}")
            test = either_of([*short, ast.Compare(type_of(read()), [ast.In()], [known])])
        slow = self.ask(method, again(), ast.Constant(node.attr), at=owner)
        # Nothing is made between this test and that read of the method, or the collector could run a
        # callback of the guest's that stores another one.
        receiver = ast.copy_location(ast.IfExp(test, again(), slow), owner)
        return ast.copy_location(ast.Attribute(receiver, node.attr, ast.Load()), node)

    def stood(self, call: ast.Call, method: type[Guard]) -> ast.expr | None:
        """A call of a method that builtin classes have a stand-in for, which is called straight where
        the receiver is of such a class; None for other calls, and nothing has been visited. What is
        called does not change while arguments are worked out: nothing can be stored on such a receiver.
        """
        node = call.func
        if not self.optimize or self.scope is None or not isinstance(node, ast.Attribute):
            return None
        kinds = {} if node.attr.startswith("__") else stand_ins(node.attr)
        if not kinds or call.keywords or any(isinstance(a, ast.Starred) for a in call.args):
            return None
        owner = node.value
        fact = self.fact(owner)
        known = None if fact in GROUPS else fact.kind
        if self.is_super(owner) or (known is not None and known not in kinds):
            return None
        if isinstance(owner, ast.Name) and (
            owner.id in self.modules or owner.id in self.classes or owner.id == "cls"
        ):
            return None
        small = sum(map(size, call.args)) <= _WRITTEN_TWICE
        do = f"cap:do:{node.attr}"
        if known is not None and not (small and node.attr in SHORT):
            self.admit(node)
            args = [self.first(owner), *map(self.visit, call.args)]
            return ast.copy_location(ast.Call(stand_in(do), args, []), call)
        if not small or not (self.still(owner) or self.may_hold):
            return None
        self.admit(node)
        again = copies(owner)
        reads: list[ast.expr] = [again()]
        if not self.still(owner):
            take, again = self.hold(kept=True)
            reads = [take(self.first(owner))]

        def read() -> ast.expr:
            return reads.pop() if reads else again()

        shorts = (self.short_method(call, owner, short, read) for short in SHORT.get(node.attr, ()))
        ways = [test for test in shorts if test is not None]
        if known is None:
            ways.append(ast.Compare(type_of(read()), [ast.In()], [stand_in(f"cap:method:{node.attr}")]))
        routed = [self.visit(a) for a in call.args]

        def called(function: ast.expr, *first: ast.expr) -> ast.expr:
            made = ast.Call(function, [*first, *copied(routed)], [])
            return ast.copy_location(made, call)

        def found(receiver: ast.expr) -> ast.expr:
            return called(ast.copy_location(ast.Attribute(receiver, node.attr, ast.Load()), node))

        slow = called(stand_in(do), read())
        if known is None:
            stands = ast.Compare(type_of(again()), [ast.In()], [stand_in(f"cap:stands:{node.attr}")])
            other = found(self.ask(method, again(), ast.Constant(node.attr), at=owner))
            slow = ast.copy_location(ast.IfExp(stands, slow, other), call)
        return (
            ast.copy_location(ast.IfExp(either_of(ways), found(again()), slow), call) if ways else slow
        )

    def short_method(
        self, call: ast.Call, receiver: ast.expr, short: Short, read: Read
    ) -> ast.expr | None:
        """A test that a method of a builtin class does little with its receiver and these arguments;
        None if there is no such. read: gives nodes that read the receiver."""
        args = call.args
        if call.keywords and not short.any_arguments:
            return None
        if any(isinstance(a, ast.Starred) for a in args) and not short.any_arguments:
            return None
        if not short.any_arguments and not short.least <= len(args) <= short.most:
            return None
        constant = args[: short.constants]
        if not all(isinstance(a, ast.Constant) and short.fits(a.value) for a in constant):
            return None
        fact = self.fact(receiver)
        known = None if fact in GROUPS else fact.kind
        if known is not None and known is not short.kind:
            return None
        method = getattr(call.func, "attr", "")
        if short.kind is str and short.below and method not in TELL and self.crowded(4 * short.below):
            return None
        of_key: list[ast.expr] = []
        if short.key and args:
            key = args[0]
            if not (self.still(key) and self.certain(key)):
                return None
            fact = self.fact(key)
            if fact.kind is not str and not (fact.kind is int and 0 <= fact.bits <= 60):
                ways = [is_kind(type_of(copied(key)), str)]
                if fact.kind is None or fact.kind is int:
                    ways.append(self.kind_test(copies(key), KEY))
                if fact.kind is None:  # a class that is no metaclass's: hashed by where it is
                    ways.append(is_kind(type_of(copied(key)), type))
                of_key.append(either_of(ways))
        # From here on a test is given: the first node that reads the receiver works it out.
        tests: list[ast.expr] = []
        if known is None or not self.still(receiver):
            tests.append(is_kind(type_of(read()), short.kind))
        if short.below:
            length = ast.Call(stand_in("cap:raw:len"), [read()], [])
            tests.append(ast.Compare(length, [ast.Lt()], [ast.Constant(short.below)]))
        tests.extend(of_key)
        return all_of(tests) if tests else ast.Constant(True)

    def called_in_module(self, node: ast.Attribute, guard: type[Guard]) -> ast.expr:
        if not self.may_hold:
            return self.ask(guard, self.visit(node), at=node)
        take, again = self.hold()
        first = take(self.first(node))
        test = either_of(
            [
                ast.Compare(type_of(first), [ast.Is()], [stand_in(f"cap:raw:{BUILTIN}")]),
                ast.Compare(type_of(again()), [ast.Is()], [stand_in("cap:raw:function")]),
            ]
        )
        return ast.copy_location(ast.IfExp(test, again(), self.ask(guard, again(), at=node)), node)
