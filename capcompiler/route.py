"""From the dialect to plain Python: every access becomes a call of its guard.

One visitor, one method per kind of node that changes. Whether a guard may be left out at a site is
asked of the guard (`plan`) by `specialise`, never decided here; with `optimize=False` every guard stays.
Guards are constants of the compiled code (`guards.binding`). Temporaries are no identifiers, so no
program can spell, bind or shadow them; module and class bodies declare them global, so that no
namespace of the guest's is shown them (pit 1).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from typing import Any, Final

from capcompiler import generic
from capcompiler.facts import inside, module_names, rebound_in, scope_of
from capcompiler.lazy import is_lazy, mark_lazy_names
from capcompiler.marks import marked_names, plain_targets, pruned
from capcompiler.names import bound_names, mangled
from capcompiler.specialise import (
    Read,
    all_of,
    copies,
    either_of,
    is_kind,
    is_plain_index,
    size,
    type_of,
)
from capcompiler.tree import copied, walk
from capcompiler.versions import Versions
from guards.attribute import ReadAttribute
from guards.augment import AugmentAttribute, AugmentItem
from guards.base import Guard
from guards.binding import stand_in
from guards.builtins import VALUE
from guards.call import Call, CallMethod
from guards.fact import KEY, TEXT
from guards.format import Format, Join
from guards.import_ import ImportFrom, ImportModule, ImportStar
from guards.item import ReadItem
from guards.iterate import (
    Awaitable,
    Container,
    Contains,
    Delegate,
    Iterate,
    Keywords,
    Mapping,
    Middle,
    Source,
    Star,
    StarKeys,
)
from guards.lazy import LazyImport, LazyName
from guards.match import MatchClass, MatchMapping, MatchSequence
from guards.modules import GUEST, LIBRARY, PACKAGE
from guards.operate import (
    BINARY,
    COMPARE,
    INPLACE,
    SHORT_VALUES,
    UNARY,
    Compared,
    Key,
    Modulo,
    is_short_template,
)
from guards.star import PlainGroup, StarType
from guards.store import SHORT_SLICE, StoreAt, StoreAttribute, StoreItem

__all__ = ["Router"]

_TICK: Final = "cap:tick"
_SIMPLE: Final = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Assert)
_STOP: Final = "cap:Stop"
#: How large the condition of a loop may be that is written twice.
_LARGEST_TEST: Final = 30
_SLICE: Final = "cap:slice"
_CONVERSIONS: Final = {-1: None, 115: "s", 114: "r", 97: "a"}


class Router(Versions):
    """Rewrites a tree in place. `violations` says what was refused; then the tree is of no use."""

    def __init__(
        self,
        source: str,
        filename: str,
        *,
        optimize: bool,
        value: bool,
        serial: str = "",
        asker: int = GUEST,
    ) -> None:
        super().__init__(source, filename, optimize)
        self.value = value
        self.serial = serial
        self.asker = asker
        self._trying = 0
        self.hidden: set[str] = set()  # names of ours in the module or class body being visited
        self.temporaries = 0
        self.comprehensions = 0
        self.lazy_annotations = False
        self.in_class = False  # whether a statement stands in a class body, not in a function

    # Small pieces

    def temporary(self) -> str:
        # In a module or class body it is declared global: a namespace of the guest's own would be
        # shown the name otherwise.
        self.temporaries += 1
        name = f"cap:t{self.serial}{self.temporaries}"
        self.hidden.add(name)
        return name

    def tick(self, at: ast.AST) -> ast.stmt:
        if self.optimize and self.scope is not None:
            # A loop that is left at once asks the counter without a call. The counter never ends.
            once = ast.For(ast.Name("cap:one", ast.Store()), stand_in("cap:counter"), [ast.Break()], [])
            return ast.copy_location(once, at)
        call = ast.Call(stand_in(_TICK), [], [])
        return ast.copy_location(ast.Expr(ast.copy_location(call, at)), at)

    def in_class_name(self, attribute: str) -> str:
        return mangled(self.private, attribute)

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        scope = self.scope
        before = set() if scope is None else set(scope.bound)
        rebound = self.rebound
        for statement in statements:
            self.rebound = rebound_in(statement)
            self.held = 0
            self.keeps = []
            told = copied(statement) if self.flowing else statement
            marks = self.marks_after(statement)
            routed = self.visit(statement)
            self.flow(told)
            out.extend(routed if isinstance(routed, list) else [routed])
            out.extend(marks)
            if self.keeps and isinstance(statement, _SIMPLE):
                out.append(self.let_go(statement))
            if scope is not None and isinstance(statement, (ast.Assign, ast.AugAssign)):
                scope.bound |= self.targets_of([statement]) & scope.fast
        self.rebound = rebound
        if scope is not None:
            scope.bound = before
        return out

    def let_go(self, at: ast.AST) -> ast.stmt:
        """What empties the temporaries of a statement: an object that they kept would live on, and a
        weak reference to it would tell."""
        names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in self.keeps]
        self.keeps = []
        return ast.copy_location(ast.Assign(names, ast.Constant(None)), at)

    def fed(self, node: ast.expr, guard: type[Guard] = Star) -> ast.Starred | ast.expr:
        """An element of a call or display; a starred one is counted."""
        if isinstance(node, ast.Starred):
            value = self.visit(node.value)
            node.value = self.ask(guard, value, at=node.value)
            return node
        routed: ast.expr = self.visit(node)
        return routed

    # Programs and scopes

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.lazy_annotations = any(
            isinstance(s, ast.ImportFrom)
            and s.module == "__future__"
            and any(a.name == "annotations" for a in s.names)
            for s in node.body
        )
        self.bound, self.classes, self.modules = module_names(node)
        if self.asker != GUEST:
            mark_lazy_names(node)
        body = self.block(node.body)
        if self.value and body and isinstance(body[-1], ast.Expr):
            last = body[-1]
            assign = ast.Assign([ast.Name(VALUE, ast.Store())], last.value)
            body[-1] = ast.copy_location(assign, last)
            self.hidden.add(VALUE)
        node.body = self.declared(body)
        return node

    def visit_Expression(self, node: ast.Expression) -> ast.Module:
        # An expression reads names through its locals first, and those may be a mapping of the
        # guest's; as a statement of a module the name of the value can be declared global.
        self.rebound = rebound_in(node.body)
        assign = ast.Assign([ast.Name(VALUE, ast.Store())], self.visit(node.body))
        self.hidden.add(VALUE)
        ast.copy_location(assign, node.body)
        return ast.Module(self.declared([assign]), [])

    def declared(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """`body` with our own names in it declared global, after the docstring."""
        if not self.hidden or not body:
            return body
        at = 0
        first = body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            at = 1
        where = body[min(at, len(body) - 1)]
        declaration = ast.copy_location(ast.Global(sorted(self.hidden)), where)
        return [*body[:at], declaration, *body[at:]]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        self.without_type_parameters(node)
        if generic.has_type_parameters(node):
            return self.generic_class(node)
        node.decorator_list = self.decorators(node.decorator_list)
        node.bases = [self.fed(b) for b in node.bases]
        for keyword in node.keywords:
            self.visit(keyword)
        node.body = self.class_body(node)
        return node

    def class_body(self, node: ast.ClassDef, *first: ast.stmt) -> list[ast.stmt]:
        """The routed body of a class, with `first` at its head."""
        outer = self.private, self.hidden, self.in_class
        self.private, self.hidden, self.in_class = node.name, set(), True
        outer_scope, self.scope = self.scope, None
        body = self.block(node.body)
        self.scope = outer_scope
        at = int(isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant))
        body = self.declared([*body[:at], *first, *body[at:]])
        self.private, self.hidden, self.in_class = outer[0], self.hidden | outer[1], outer[2]
        return body

    def without_type_parameters(self, node: Any) -> None:
        """The library's own are for type checkers; what they annotate would not find them."""
        if self.asker != LIBRARY or not getattr(node, "type_params", None):
            return
        node.type_params = []
        for part in walk(node):
            if isinstance(part, ast.arg):
                part.annotation = None
            elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                part.returns = None

    def decorators(self, nodes: list[ast.expr]) -> list[ast.expr]:
        return [self.ask(Call, self.visit(d), at=d) for d in nodes]

    def visit_FunctionDef(self, node: Any) -> Any:
        self.without_type_parameters(node)
        if generic.has_type_parameters(node):
            return self.generic_function(node)
        node.decorator_list = self.decorators(node.decorator_list)
        self.visit(node.args)
        if node.returns is not None:
            node.returns = self.annotation(node.returns)
        node.body = self.function_body(node)
        return node

    def function_body(self, node: Any) -> list[ast.stmt]:
        outer, self.in_class = self.in_class, False
        outer_scope, self.scope = self.scope, scope_of(node)
        if self.optimize:
            self.scope.marks = marked_names(node.body, self.scope)
        flowing, self.flowing = self.flowing, False
        at = 0
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            at = 1
        head = node.body[min(at, len(node.body) - 1)]
        first = self.block(node.body[:at])
        body = [*first, *self.versions(node.body[at:], sorted(self.scope.params), copy.copy(head), ())]
        if self.scope.marks:
            body = pruned(body)
        self.in_class, self.flowing = outer, flowing
        body = [*body[:at], self.tick(body[min(at, len(body) - 1)]), *body[at:]]
        self.scope = outer_scope
        return body

    visit_AsyncFunctionDef = visit_FunctionDef

    # Type parameters

    def generic_function(self, node: Any) -> ast.stmt:
        """A function with type parameters, in a function that stands for its annotation scope."""
        node.decorator_list = self.decorators(node.decorator_list)
        outside = [self.visit(d) for d in node.args.defaults]
        here = len(outside)
        outside += [self.visit(d) for d in node.args.kw_defaults if d is not None]
        names, parameters = self.parameters(node, self.private)
        defaults, kw_defaults = node.args.defaults, node.args.kw_defaults
        node.args.defaults, node.args.kw_defaults = [], [None] * len(kw_defaults)
        self.visit(node.args)
        if node.returns is not None:
            node.returns = self.annotation(node.returns)
        if not self.lazy_annotations:
            for part in node.args.posonlyargs + node.args.args + node.args.kwonlyargs:
                part.annotation = self.header(part.annotation, names)
            for part in filter(None, (node.args.vararg, node.args.kwarg)):
                part.annotation = self.header(part.annotation, names)
            node.returns = self.header(node.returns, names)
        node.args.defaults = [_located(generic.given(i), d) for i, d in enumerate(defaults)]
        numbers = iter(range(here, len(outside)))
        node.args.kw_defaults = [
            None if d is None else _located(generic.given(next(numbers)), d) for d in kw_defaults
        ]
        node.body = self.function_body(node)
        inner = [node, generic.parameterised(node.name, node)]
        scope = generic.scope_of(node, parameters, names, inner, outside, self.in_class)
        node.decorator_list, node.type_params = [], []
        return scope

    def generic_class(self, node: Any) -> ast.stmt:
        """A class with type parameters, in a function that stands for its annotation scope."""
        node.decorator_list = self.decorators(node.decorator_list)
        names, parameters = self.parameters(node, node.name)
        bases = [self.header(self.fed(b), names) for b in node.bases]
        node.bases = [*bases, generic.generic_base(node)]
        for keyword in node.keywords:
            self.visit(keyword)
            keyword.value = self.header(keyword.value, names)
        node.body = self.class_body(node, generic.class_parameters(node))
        name = ast.Name(node.name, ast.Load())
        inner = [node, _located(ast.Return(_located(name, node)), node)]
        scope = generic.scope_of(node, parameters, names, inner, [], self.in_class)
        node.decorator_list, node.type_params = [], []
        return scope

    def visit_TypeAlias(self, node: Any) -> ast.stmt:
        self.admit(node.name)
        if self.asker == LIBRARY:  # for type checkers
            name = ast.copy_location(ast.Name(node.name.id, ast.Store()), node)
            return ast.copy_location(ast.Assign([name], ast.Constant(None)), node)
        names, parameters = self.parameters(node, self.private)
        value = self.header(self.visit(node.value), names)
        inner = [generic.alias(node.name.id, value, node)]
        return generic.scope_of(node, parameters, names, inner, [], self.in_class)

    def parameters(self, node: Any, private: str | None) -> tuple[list[str], list[ast.stmt]]:
        """The names of the type parameters, as they are in code, and the statements that make them."""
        names = [mangled(private, p.name) for p in node.type_params]
        out: list[ast.stmt] = []
        for name, p in zip(names, node.type_params, strict=True):
            self.admit(p)
            parts: list[ast.expr | None] = []
            for part in (getattr(p, "bound", None), getattr(p, "default_value", None)):
                if isinstance(part, ast.Starred):
                    one = ast.Tuple([self.fed(part)], ast.Load())
                    part = ast.Subscript(one, ast.Constant(0), ast.Load())
                    parts.append(self.header(_located(part, p), names))
                else:
                    parts.append(None if part is None else self.header(self.visit(part), names))
            out.append(generic.parameter(p, name, *parts))
        return names, out

    def header(self, node: Any, names: list[str]) -> Any:
        """A routed expression of a header: in a class body, names are looked up in the class first."""
        renamed = generic.mangled_parameters(node, names)
        return generic.in_header(renamed, self.private, frozenset(names)) if self.in_class else renamed

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        self.visit(node.args)
        outer, self.scope = self.scope, scope_of(node)
        # What a comprehension holds stands in a clause that iterates: there Python takes no `:=`, not in
        # a lambda either.
        barred = outer is not None and bool(outer.shared)
        self.barred += barred
        # Its temporaries are its own, and go when it returns.
        keeps, self.keeps = self.keeps, []
        body = self.visit(node.body)
        self.keeps = keeps
        self.barred -= barred
        self.scope = outer
        # The counter gives 1, so the whole is the body's value.
        tick = ast.Call(stand_in(_TICK), [], [])
        node.body = ast.copy_location(ast.BoolOp(ast.And(), [tick, body]), node.body)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        if node.annotation is not None:
            node.annotation = self.annotation(node.annotation)
        return node

    def annotation(self, node: ast.expr) -> ast.expr:
        if self.lazy_annotations:
            # Never evaluated: the compiler turns it back into text, which shows what was written.
            # A routed copy is thrown away; the visit is for its violations.
            self.visit(copied(node))
            return node
        if isinstance(node, ast.Starred):
            node.value = self.ask(Iterate, self.visit(node.value), at=node.value)
            return node
        # From 3.14 on an annotation is a scope of its own, where Python takes no `:=`.
        self.barred += 1
        routed: ast.expr = self.visit(node)
        self.barred -= 1
        return routed

    # Attributes, items, calls

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = mangled(self.private, node.attr)
        original = node.value
        if isinstance(node.ctx, ast.Load) and self.planned(ReadAttribute, name, original):
            made = self.attribute(node, name)
            if made is not None:
                return made
        value = self.visit(node.value)
        node.value = value
        if not isinstance(node.ctx, ast.Load):
            self.stored.add(name)
        if isinstance(node.ctx, ast.Load):
            if not self.planned(ReadAttribute, name, original):
                return node
            return self.ask(ReadAttribute, value, ast.Constant(name), at=node)
        if self.planned(StoreAttribute, name, original):
            node.value = self.ask(StoreAttribute, value, ast.Constant(name), at=value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            made: ast.expr | None
            if isinstance(node.slice, ast.Slice):
                self.admit(node.slice)
                made = self.sliced(ReadItem, node, node.slice)
                if made is not None:
                    return made
            elif is_plain_index(node.slice):
                made = self.operation(
                    ReadItem, node.value, node.slice, lambda a, b: ast.Subscript(a, b, ast.Load()), node
                )
                if made is not None:
                    return made
            kept = self.planned(ReadItem, "", node.value, node.slice)
            node.value = self.visit(node.value)
            node.slice = self.index(node.slice) if kept else self.visit(node.slice)
            return self.ask(ReadItem, node.value, node.slice, at=node) if kept else node
        if isinstance(node.ctx, ast.Del):
            node.value = self.ask(StoreItem, self.visit(node.value), at=node.value)
            node.slice = self.index(node.slice)
            return node
        kept = self.planned(StoreItem, "", node.value, node.slice)
        if kept and self.item_target(StoreItem, node):
            return node
        if kept and self.scope is None:
            # A temporary would be a global name here. Between the guard's look at it and its use the
            # collector may run code of the guest's that enters the same class body once more.
            node.value = self.ask(StoreItem, self.visit(node.value), at=node.value)
            node.slice = self.index(node.slice)
            return node
        value = self.visit(node.value)
        if not kept:
            node.value, node.slice = value, self.visit(node.slice)
            return node
        if self.still(node.slice):
            key = copied(node.slice)
        elif self.barred:
            # `for x[f()] in xs` of a comprehension: Python takes a temporary for its variable.
            slot = self.ask(StoreAt, value, self.index(node.slice), at=value)
            return ast.copy_location(ast.Attribute(slot, "value", ast.Store()), node)
        else:
            name = self.temporary()
            key = ast.NamedExpr(ast.Name(name, ast.Store()), self.index(node.slice))
            node.slice = ast.copy_location(ast.Name(name, ast.Load()), node.slice)
        node.value = self.ask(StoreItem, value, ast.copy_location(key, node.slice), at=value)
        return node

    def index(self, node: ast.expr) -> ast.expr:
        """An index as an expression of its own, since a guard takes it as an argument."""
        if isinstance(node, ast.Slice):
            parts = [
                ast.Constant(None) if p is None else self.visit(p)
                for p in (node.lower, node.upper, node.step)
            ]
            return ast.copy_location(ast.Call(stand_in(_SLICE), parts, []), node)
        if isinstance(node, ast.Tuple):
            node.elts = [self.fed(e) if isinstance(e, ast.Starred) else self.index(e) for e in node.elts]
            return node
        routed: ast.expr = self.visit(node)
        return routed

    def visit_Call(self, node: ast.Call) -> ast.expr:
        made = self.stood(node, CallMethod)
        if made is None:
            made = self.made_in_place(node, Call)
        if made is not None:
            return made
        node.func = self.callee(node, Call, CallMethod)
        node.args = [self.fed(a) for a in node.args]
        for keyword in node.keywords:
            self.visit(keyword)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        node.value = self.visit(node.value)
        if node.arg is None:
            node.value = self.ask(Keywords, node.value, at=node.value)
        return node

    # Displays

    def visit_List(self, node: Any) -> Any:
        if isinstance(node.ctx, ast.Load):
            node.elts = [self.fed(e) for e in node.elts]
        else:
            node.elts = [self.visit(e) for e in node.elts]
        return node

    visit_Tuple = visit_List

    def visit_Set(self, node: ast.Set) -> ast.Set:
        node.elts = [
            self.fed(e, StarKeys) if isinstance(e, ast.Starred) else self.key(e) for e in node.elts
        ]
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.Dict:
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        for k, v in zip(node.keys, node.values, strict=True):
            if k is None:
                keys.append(None)
                values.append(self.ask(Mapping, self.visit(v), at=v))
            else:
                keys.append(self.key(k))
                values.append(self.visit(v))
        node.keys, node.values = keys, values
        return node

    def key(self, node: ast.expr) -> ast.expr:
        kept = self.planned(Key, "", node)
        if kept and self.optimize and self.scope is not None and (self.still(node) or self.may_hold):
            first: list[ast.expr] = []
            read = copies(node) if self.still(node) else self.held_value(node, first, kept=True)
            small = either_of([self.kind_test(read, fact) for fact in (TEXT, KEY)])
            slow = self.ask(Key, read(), at=node)
            return ast.copy_location(ast.IfExp(all_of([*first, small]), read(), slow), node)
        routed: ast.expr = self.visit(node)
        return self.ask(Key, routed, at=node) if kept else routed

    # Operators

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        guard = BINARY.get(type(node.op))
        if guard is Modulo and is_short_template(node.left) and isinstance(node.right, ast.Tuple):
            made = self.filled_in(guard, node.left, node.right, SHORT_VALUES, node)
            if made is not None:
                return made
        if guard is not None:
            made = self.operation(
                guard, node.left, node.right, lambda a, b: ast.BinOp(a, node.op, b), node
            )
            if made is not None:
                return made
        kept = guard is not None and self.planned(guard, "", node.left, node.right)
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        if guard is None or not kept:
            return node
        return self.ask(guard, node.left, node.right, at=node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        guard = UNARY.get(type(node.op))
        if guard is not None:
            made = self.unary(guard, node.operand, lambda a: ast.UnaryOp(node.op, a), node)
            if made is not None:
                return made
        kept = guard is not None and self.planned(guard, "", node.operand)
        node.operand = self.visit(node.operand)
        if guard is None or not kept:
            return node
        return self.ask(guard, node.operand, at=node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left = node.left
        guard = COMPARE.get(type(node.ops[0]))
        if guard is not None and len(node.ops) == 1:
            made = self.operation(
                guard, left, node.comparators[0], lambda a, b: ast.Compare(a, node.ops, [b]), node
            )
            if made is not None:
                return made
            kept = self.planned(guard, "", left, node.comparators[0])
            node.left = self.visit(left)
            node.comparators = [self.visit(node.comparators[0])]
            if not kept:
                return node
            return self.ask(guard, node.left, node.comparators[0], at=node)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            right = node.comparators[0]
            made = self.operation(
                Contains, left, right, lambda a, b: ast.Compare(a, [ast.In()], [b]), node
            )
            if made is None and not self.planned(Contains, "", left, right):
                node.left, node.comparators = self.visit(left), [self.visit(right)]
                return node
            found = made or self.ask(Contains, self.visit(left), self.visit(right), at=node)
            if isinstance(node.ops[0], ast.In):
                return found
            return ast.copy_location(ast.UnaryOp(ast.Not(), found), node)
        comparators: list[ast.expr] = []
        last = len(node.ops)
        # The operators before and after each operand.
        beside = zip([None, *node.ops], [*node.ops, None], strict=True)
        for i, ((before, after), operand) in enumerate(
            zip(beside, (left, *node.comparators), strict=True)
        ):
            compared = any(isinstance(op, tuple(COMPARE)) for op in (before, after))
            # `Container` looks at what it is asked for, `Middle` never sees it.
            compared = compared or (isinstance(after, (ast.In, ast.NotIn)) and i + 1 < last)
            compared = compared and self.planned(Compared, "", operand)
            made = self.unary(Compared, operand, lambda x: x, operand) if compared else None
            routed = self.visit(operand) if made is None else made
            if compared and made is None:
                routed = self.ask(Compared, routed, at=operand)
            if isinstance(before, (ast.In, ast.NotIn)):
                routed = self.ask(Container if i == last else Middle, routed, at=operand)
            comparators.append(routed)
        node.left = comparators.pop(0)
        node.comparators = comparators
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        guard = INPLACE.get(type(node.op))
        target = node.target
        if guard is not None and isinstance(target, ast.Name):
            made = self.operation(
                guard, ast.copy_location(ast.Name(target.id, ast.Load()), target), node.value,
                lambda a, b: ast.BinOp(a, node.op, b), node,
            )  # fmt: skip
            if made is not None:
                return ast.copy_location(ast.Assign([self.visit(target)], made), node)
        kept = guard is not None and self.planned(guard, "", target, node.value)
        if guard is None or not kept:
            node.target = self.visit(target)
            node.value = self.visit(node.value)
            return node
        if self.scope is None and not isinstance(target, ast.Name):
            return self.augmented(target, guard, node)
        before: list[ast.stmt] = []
        load, store = self.twice(target, before)
        load.routed = True  # type: ignore[attr-defined]
        result = self.operation(guard, load, node.value, lambda a, b: ast.BinOp(a, node.op, b), node)
        if result is None:
            result = self.ask(guard, load, self.visit(node.value), at=node)
        assign = ast.copy_location(ast.Assign([store], result), node)
        return [*before, assign]

    def augmented(self, target: Any, guard: type[Guard], node: ast.AugAssign) -> ast.Expr:
        """An augmented target of a module or class body, where no temporary is a run's own."""
        self.admit(target)
        operator = ast.Constant(guard.key)
        if isinstance(target, ast.Attribute):
            name = mangled(self.private, target.attr)
            self.stored.add(name)
            held = self.ask(
                AugmentAttribute, self.visit(target.value), ast.Constant(name), operator, at=target
            )
        else:
            owner = self.visit(target.value)
            held = self.ask(AugmentItem, owner, self.index(target.slice), operator, at=target)
        call = ast.copy_location(ast.Call(held, [self.visit(node.value)], []), node)
        return ast.copy_location(ast.Expr(call), node)

    def twice(self, target: Any, before: list[ast.stmt]) -> tuple[ast.expr, ast.expr]:
        """A target of a function as a load and a store, its parts evaluated once, in order."""
        self.admit(target)
        if isinstance(target, ast.Name):
            return (
                ast.copy_location(ast.Name(target.id, ast.Load()), target),
                target,
            )
        obj = self.once(target.value, before)
        if isinstance(target, ast.Attribute):
            name = mangled(self.private, target.attr)
            self.stored.add(name)
            load: ast.expr = ast.Attribute(obj(), target.attr, ast.Load())
            if self.planned(ReadAttribute, name):
                read = self.attribute(ast.Attribute(obj(), target.attr, ast.Load()), name)
                load = read or self.ask(ReadAttribute, obj(), ast.Constant(name), at=target)
            owner = obj()
            if self.planned(StoreAttribute, name):
                owner = self.ask(StoreAttribute, owner, ast.Constant(name), at=target)
            return (
                ast.copy_location(load, target),
                ast.copy_location(ast.Attribute(owner, target.attr, ast.Store()), target),
            )
        key = self.once(target.slice, before, index=True)
        load = ast.Subscript(obj(), key(), ast.Load())
        if self.planned(ReadItem, "", load.value, target.slice):
            made = self.operation(
                ReadItem, obj(), key(), lambda a, b: ast.Subscript(a, b, ast.Load()), target
            )
            load = self.ask(ReadItem, obj(), key(), at=target) if made is None else made
        store = ast.copy_location(ast.Subscript(obj(), key(), ast.Store()), target)
        if self.planned(StoreItem, "", store.value, target.slice):
            if not self.item_target(StoreItem, store):
                store.value = self.ask(StoreItem, obj(), key(), at=target)
        return ast.copy_location(load, target), store

    def once(self, node: ast.expr, before: list[ast.stmt], index: bool = False) -> Any:
        """Gives nodes that read the value of `node`, which is evaluated once, in `before`."""
        if self.still(node):
            return lambda: copied(node)
        name = self.temporary()
        self.keeps.append(name)
        value = self.index(node) if index else self.visit(node)
        assign = ast.Assign([ast.Name(name, ast.Store())], value)
        before.append(ast.copy_location(assign, node))

        def again() -> ast.expr:
            held = ast.copy_location(ast.Name(name, ast.Load()), node)
            held.routed = True  # type: ignore[attr-defined]  # a name of ours, not of the program's
            return held

        return again

    # Loops

    def visit_For(self, node: ast.For) -> ast.For:
        names = self.targets_of([node])
        stored, at = plain_targets([node.target]) or [], copy.copy(node.target)
        node.iter = self.counted(node.iter)
        node.target, unpack = self.target(node.target)
        scope = self.scope
        before = set() if scope is None else scope.bound
        if scope is not None:
            scope.bound = before | (names & scope.fast)
        node.body = [*unpack, *self.versions(node.body, stored, at, before)]
        if scope is not None:
            scope.bound = before
        node.orelse = self.block(node.orelse)
        return node

    def counted(self, node: ast.expr) -> ast.expr:
        """What a loop goes over, a step for each element."""
        routed = self.visit(node)
        if not self.optimize:
            return self.ask(Iterate, routed, at=node)
        call = ast.Call(stand_in("cap:raw:compress"), [routed, stand_in("cap:counter")], [])
        return ast.copy_location(call, node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AsyncFor:
        node.iter = self.visit(node.iter)
        node.target, unpack = self.target(node.target)
        node.body = [self.tick(node.iter), *unpack, *self.block(node.body)]
        node.orelse = self.block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        made = self.while_counted(node)
        if made is not None:
            return made
        node.test = self.visit(node.test)
        node.body = [self.tick(node.test), *self.versions(node.body)]
        node.orelse = self.block(node.orelse)
        return node

    def while_counted(self, node: ast.While) -> ast.stmt | None:
        """`while c: B` as `if c: for _ in counter: B, and break if not c`, which takes a step for each
        round without starting a loop for it; None where that would not do the same. The counter never
        ends, and where it stops it raises."""
        if not self.optimize or self.scope is None or node.orelse or _continues(node.body):
            return None
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        if not endless and size(node.test) > _LARGEST_TEST:
            return None
        again, keeps = copied(node.test), self.keeps
        self.keeps = []
        test = self.visit(node.test)
        after = [self.let_go(node.test)] if self.keeps else []
        self.keeps = keeps
        body = self.versions(node.body)
        if not endless:
            self.keeps, said = [], len(self.violations)
            ended: ast.expr = ast.UnaryOp(ast.Not(), self.visit(again))
            left = [self.let_go(again)] if self.keeps else []
            del self.violations[said:]  # as the first time
            self.keeps = keeps
            leave = ast.If(ended, [*copied(left), ast.Break()], left)
            body = [*body, ast.copy_location(leave, again)]
        once = ast.Name("cap:one", ast.Store())
        loop = ast.copy_location(ast.For(once, stand_in("cap:counter"), [*after, *body], []), node)
        if endless:
            return loop
        return ast.copy_location(ast.If(test, [loop], after), node)

    def target(self, node: ast.expr) -> tuple[ast.expr, list[ast.stmt]]:
        """A loop's or `with`'s target; one with a star in it is unpacked by a statement."""
        if not _has_star(node):
            return self.visit(node), []
        name = self.temporary()
        assign = ast.Assign([node], ast.copy_location(ast.Name(name, ast.Load()), node))
        ast.copy_location(assign, node)
        return (
            ast.copy_location(ast.Name(name, ast.Store()), node),
            self.unpacked(assign, ast.Name(name, ast.Load())),
        )

    def comprehension(self, node: Any, visit: Any) -> None:
        """Route the clauses of a comprehension, then what it gives, by `visit`."""
        outer = self.scope
        lazy = isinstance(node, ast.GeneratorExp)
        self.comprehensions += 1
        shared = f"{self.comprehensions}_"
        targets, first = self.targets_of(node.generators), self.targets_of(node.generators[:1])
        generators: list[ast.comprehension] = []
        for at, clause in enumerate(node.generators):
            if at == 1:
                self.scope = inside(outer, targets, first, lazy, shared)
            self.barred += 1
            if clause.is_async:
                iterable = self.visit(clause.iter)
            elif lazy and at == 0:
                iterable = self.ask(Source, self.visit(clause.iter), at=clause.iter)
            else:
                iterable = self.counted(clause.iter)
            self.barred -= 1
            if at == 0:
                self.scope = inside(outer, targets, first, lazy, shared)
            ifs: list[ast.expr] = []
            if clause.is_async:
                ifs.append(ast.copy_location(ast.Call(stand_in(_TICK), [], []), clause.iter))
            if _has_star(clause.target):
                # for a, *b in xs  ->  for t in xs for a, *b in (counted t,)
                name = self.temporary()
                one = ast.Tuple(
                    [self.ask(Iterate, ast.Name(name, ast.Load()), at=clause.target)], ast.Load()
                )
                inner = ast.comprehension(
                    self.aimed(clause.target), ast.copy_location(one, clause.target), ifs, 0
                )
                temporary = ast.copy_location(ast.Name(name, ast.Store()), clause.target)
                generators.append(ast.comprehension(temporary, iterable, [], clause.is_async))
                generators.append(inner)
            else:
                target = self.aimed(clause.target)
                generators.append(ast.comprehension(target, iterable, ifs, clause.is_async))
            for condition in clause.ifs:
                lets, routed = self.with_lets(condition, lambda part: self.first(part, root=True))
                generators.extend(lets)
                generators[-1].ifs.append(routed)
        lets, _ = self.with_lets(node, lambda _: visit())
        generators.extend(lets)
        node.generators = generators
        self.scope = outer

    def aimed(self, target: ast.expr) -> Any:
        """The target of a comprehension's clause, where no temporary can be."""
        self.barred += 1
        routed = self.visit(target)
        self.barred -= 1
        return routed

    def targets_of(self, stores: Sequence[Any]) -> set[str]:
        """The names that clauses, loops or assignments bind."""
        return {
            name for store in stores for target in getattr(store, "targets", None) or [store.target]
            for part in walk(target)
            for name in bound_names(part)
        }  # fmt: skip

    def visit_ListComp(self, node: Any) -> Any:
        def visit() -> None:
            if isinstance(node.elt, ast.Starred):
                node.elt = self.fed(node.elt)  # of 3.15 (PEP 798)
            else:
                node.elt = self.first(node.elt, root=True)

        self.comprehension(node, visit)
        return node

    visit_GeneratorExp = visit_ListComp

    def visit_SetComp(self, node: ast.SetComp) -> ast.SetComp:
        def visit() -> None:
            starred = isinstance(node.elt, ast.Starred)
            node.elt = self.fed(node.elt, StarKeys) if starred else self.key(node.elt)

        self.comprehension(node, visit)
        return node

    def visit_DictComp(self, node: ast.DictComp) -> ast.DictComp:
        def visit() -> None:
            if node.value is None:  # {**d for d in ds}
                node.key = self.ask(Mapping, self.visit(node.key), at=node.key)
                return
            node.key = self.key(node.key)
            node.value = self.visit(node.value)

        self.comprehension(node, visit)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.YieldFrom:
        node.value = self.ask(Delegate, self.visit(node.value), at=node.value)
        return node

    def visit_Await(self, node: ast.Await) -> ast.Await:
        node.value = self.ask(Awaitable, self.visit(node.value), at=node.value)
        return node

    # Assignment

    def visit_Assign(self, node: ast.Assign) -> Any:
        if any(_has_star(t) for t in node.targets):
            value = self.visit(node.value)
            if len(node.targets) == 1:
                node.value = value
                return self.unpacked(node, value)
            name = self.temporary()
            hold = ast.Assign([ast.Name(name, ast.Store())], value)
            out: list[ast.stmt] = [ast.copy_location(hold, node)]
            for t in node.targets:
                read = ast.copy_location(ast.Name(name, ast.Load()), node)
                single = ast.copy_location(ast.Assign([t], read), node)
                out.extend(self.unpacked(single, read) if _has_star(t) else [self.store(single)])
            return out
        made = self.slice_stored(node)
        if made is not None:
            return made
        node.value = self.visit(node.value)
        return self.store(node)

    def slice_stored(self, node: ast.Assign) -> list[ast.stmt] | None:
        """x[i:j] = v, without a guard where x and v are short lists; None for other assignments. Value,
        container and bounds are worked out in this order, as Python does."""
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Subscript) or not self.may_hold:
            return None
        parts = target.slice
        if not isinstance(parts, ast.Slice):
            return None
        self.admit(target)
        self.admit(parts)
        out: list[ast.stmt] = []

        def taken(part: ast.expr | None) -> Read:
            if part is None:
                return lambda: ast.Constant(None)
            if self.still(part):
                return copies(part)
            take, again = self.hold(kept=True)
            held = take(self.visit(part))
            name = held.target.id  # type: ignore[attr-defined]
            assign = ast.Assign([ast.Name(name, ast.Store())], held.value)  # type: ignore[attr-defined]
            out.append(ast.copy_location(assign, part))
            return again

        value, owner = taken(node.value), taken(target.value)
        bounds = [taken(part) for part in (parts.lower, parts.upper, parts.step)]
        length = ast.BinOp(
            ast.Call(stand_in("cap:raw:len"), [owner()], []),
            ast.Add(),
            ast.Call(stand_in("cap:raw:len"), [value()], []),
        )
        test = all_of([
            is_kind(type_of(owner()), list),
            is_kind(type_of(value()), list),
            ast.Compare(length, [ast.Lt()], [ast.Constant(SHORT_SLICE)]),
        ])  # fmt: skip
        lower, upper, step = (
            None if part is None else read()
            for part, read in zip((parts.lower, parts.upper, parts.step), bounds, strict=True)
        )
        fast = ast.Assign([ast.Subscript(owner(), ast.Slice(lower, upper, step), ast.Store())], value())
        take, key = self.hold(kept=True)
        made = ast.Call(stand_in(_SLICE), [read() for read in bounds], [])
        stand = self.ask(StoreItem, owner(), take(ast.copy_location(made, parts)), at=target)
        slow = ast.Assign([ast.Subscript(stand, key(), ast.Store())], value())
        out.append(ast.If(test, [ast.copy_location(fast, node)], [ast.copy_location(slow, node)]))
        ast.copy_location(out[-1], node)
        return out

    def store(self, node: ast.Assign) -> ast.Assign:
        node.targets = [self.visit(t) for t in node.targets]
        return node

    def unpacked(self, node: ast.Assign, value: ast.expr) -> list[ast.stmt]:
        """Assignment to a target with a star in it: the source is counted, and inner tuples with
        stars are unpacked by assignments of their own."""
        inner: list[ast.stmt] = []
        target = self.flattened(node.targets[0], inner)
        node.targets = [target]
        node.value = self.ask(Star, value, at=value if hasattr(value, "lineno") else node)
        return [node, *inner]

    def flattened(self, node: Any, later: list[ast.stmt]) -> ast.expr:
        """The target with every element taken into a temporary where one of them has stars inside;
        then each is stored, or unpacked on, in the order in which Python would."""
        if not any(not isinstance(e, ast.Starred) and _has_star(e) for e in node.elts):
            node.elts = [self.visit(e) for e in node.elts]
            whole: ast.expr = node
            return whole
        elements: list[ast.expr] = []
        for element in node.elts:
            starred = isinstance(element, ast.Starred)
            inner = element.value if starred else element
            name = self.temporary()
            held: ast.expr = ast.copy_location(ast.Name(name, ast.Store()), element)
            if starred:
                held = ast.copy_location(ast.Starred(held, ast.Store()), element)
            elements.append(held)
            read = ast.copy_location(ast.Name(name, ast.Load()), element)
            assign = ast.copy_location(ast.Assign([inner], read), element)
            if _has_star(inner):
                later.extend(self.unpacked(assign, read))
            else:
                later.append(self.store(assign))
        node.elts = elements
        result: ast.expr = node
        return result

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        if node.value is not None:
            node.value = self.visit(node.value)
        node.target = self.visit(node.target)
        node.annotation = self.annotation(node.annotation)
        return node

    def visit_With(self, node: Any) -> Any:
        unpack: list[ast.stmt] = []
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
            if item.optional_vars is not None:
                item.optional_vars, more = self.target(item.optional_vars)
                unpack.extend(more)
        node.body = [*unpack, *self.block(node.body)]
        return node

    visit_AsyncWith = visit_With

    # Exceptions

    def visit_Try(self, node: ast.Try) -> ast.Try:
        self._trying += 1
        node.body = self.block(node.body)
        self._trying -= 1
        handlers = [self.visit(h) for h in node.handlers]
        if handlers:
            # The stop passes every handler of the guest (pit 3).
            stop = ast.ExceptHandler(stand_in(_STOP), None, [ast.Raise(None, None)])
            handlers.insert(0, _located(stop, node.handlers[0]))
        node.handlers = handlers
        node.orelse = self.block(node.orelse)
        node.finalbody = self.final(node.finalbody)
        return node

    def visit_TryStar(self, node: Any) -> Any:
        body = self.block(node.body)
        # A group that the guest's own methods would take apart does not come to the match.
        check = [ast.Expr(ast.Call(stand_in(PlainGroup.key), [], [])), ast.Raise(None, None)]
        plain = ast.ExceptHandler(stand_in("cap:Group"), None, check)
        node.body = [_located(ast.Try(body, [_located(plain, node.handlers[0])], [], []), body[0])]
        node.handlers = [self.visit(h) for h in node.handlers]
        for handler in node.handlers:
            handler.type = self.ask(StarType, handler.type, at=handler.type)
        # The interpreter hands a naked stop to `except*` in a group of its own; the step at the head
        # of the handler stops again before the guest sees it.
        node.orelse = self.block(node.orelse)
        node.finalbody = self.final(node.finalbody)
        return node

    def final(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [self.tick(body[0]), *self.block(body)] if body else []

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.type is not None:
            node.type = self.ask(Compared, self.visit(node.type), at=node.type)
        # A step: a generator that is closed outside a turn comes here first, and no further.
        node.body = [self.tick(node), *self.block(node.body)]
        return node

    # Blocks that only hold blocks

    def visit_If(self, node: ast.If) -> ast.If:
        node.test = self.visit(node.test)
        after = [self.let_go(node.test)] if self.keeps else []
        body, orelse = self.branches(node)
        node.body = [*copied(after), *body]
        node.orelse = [*after, *orelse]
        return node

    # Text

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        fields = 0
        for part in node.values:
            fields += isinstance(part, ast.FormattedValue)
            if isinstance(part, ast.FormattedValue):
                made = self.text(Format, part, *self.format_arguments(part))
                if made is not None:
                    part.value, part.format_spec = made, None
                    continue
                args: list[ast.expr] = [self.visit(part.value)]
                args.extend(self.format_arguments(part))
                if part.format_spec is not None:
                    args[-1] = self.visit(part.format_spec)
                part.value = self.ask(Format, *args, at=part.value)
                part.conversion = -1
                part.format_spec = None
        if fields < 2:
            return node
        parts = [p.value if isinstance(p, ast.FormattedValue) else p for p in node.values]
        joined = self.joined(Join, parts, node)
        return self.ask(Join, *parts, at=node) if joined is None else joined

    def format_arguments(self, part: ast.FormattedValue) -> list[ast.expr]:
        """What the guard of a field is told beside the value: conversion and specification."""
        conversion = _CONVERSIONS.get(part.conversion)
        if part.format_spec is not None:
            return [ast.Constant(conversion), copied(part.format_spec)]
        return [] if conversion is None else [ast.Constant(conversion)]

    # Imports

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not is_lazy(node):
            return node
        asked = self.ask(LazyName, ast.Constant(node.id), at=node)
        return ast.copy_location(ast.BoolOp(ast.And(), [asked, node]), node)

    def lazily(self, node: ast.Import | ast.ImportFrom, package: ast.expr) -> list[ast.stmt]:
        """A lazy import of the library or of a package: nothing is imported yet."""
        out: list[ast.stmt] = []
        for alias in node.names:
            named = isinstance(node, ast.ImportFrom)
            call = self.ask(
                LazyImport,
                ast.Constant(alias.asname or alias.name.partition(".")[0]),
                ast.Constant(node.module or "" if isinstance(node, ast.ImportFrom) else alias.name),
                ast.Constant(alias.name if named else None),
                ast.Constant(alias.asname is not None),
                ast.Constant(node.level if isinstance(node, ast.ImportFrom) else 0),
                package,
                ast.Constant(self.asker),
                at=node,
            )
            out.append(_located(ast.Expr(call), node))
        return out

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for alias in node.names:
            self.visit(alias)
        if is_lazy(node) and self.asker != GUEST:
            return self.lazily(node, ast.Constant(""))
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            call = self.ask(
                ImportModule,
                ast.Constant(alias.name),
                ast.Constant(alias.asname is not None),
                *self.who_asks(),
                at=node,
            )
            out.append(_located(ast.Assign([ast.Name(bound, ast.Store())], call), node))
        return out

    def who_asks(self) -> list[ast.expr]:
        """The argument that says who asks; no source of a guest can write it."""
        # A package that catches the ImportError of what it asks for is asking whether it is there.
        if self.asker == GUEST or (self.asker == PACKAGE and self._trying):
            return []
        return [ast.Constant(self.asker)]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        for alias in node.names:
            self.visit(alias)
        if node.module == "__future__" and not node.level:
            # Told to the compiler by its flags; nothing of it is imported when the program runs.
            return _located(ast.Pass(), node)
        package: ast.expr = ast.Constant("")
        if node.level:
            package = ast.Name("__package__", ast.Load())
        if is_lazy(node) and self.asker != GUEST:
            return self.lazily(node, package)
        if node.names[0].name == "*":
            call = self.ask(
                ImportStar, ast.Constant(node.module or ""), ast.Constant(node.level), package,
                *self.who_asks(), at=node,
            )  # fmt: skip
            return _located(ast.Expr(call), node)
        names: list[ast.expr] = [ast.Constant(mangled(self.private, alias.name)) for alias in node.names]
        call = self.ask(
            ImportFrom,
            ast.Constant(node.module or ""),
            ast.Tuple(names, ast.Load()),
            ast.Constant(node.level),
            package,
            *self.who_asks(),
            at=node,
        )
        targets: list[ast.expr] = [ast.Name(a.asname or a.name, ast.Store()) for a in node.names]
        return _located(ast.Assign([ast.Tuple(targets, ast.Store())], call), node)

    # match, as an if-chain

    def visit_Match(self, node: Any) -> list[ast.stmt]:
        subject = self.temporary()
        hold = ast.Assign([ast.Name(subject, ast.Store())], self.visit(node.subject))
        chain: list[ast.stmt] = []
        for case in reversed(node.cases):
            captures: dict[str, str] = {}
            test = self.pattern(case.pattern, subject, captures)
            tests: list[ast.expr] = [test]
            if captures:
                # Names are bound once the whole pattern has matched. A list of one or more
                # elements is true, so the bindings stand in the test, before the case's guard.
                tests.append(
                    ast.List(
                        [
                            ast.NamedExpr(ast.Name(n, ast.Store()), ast.Name(t, ast.Load()))
                            for n, t in captures.items()
                        ],
                        ast.Load(),
                    )
                )
            if case.guard is not None:
                tests.append(self.visit(case.guard))
            whole = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
            branch = ast.If(whole, self.block(case.body), chain)
            chain = [_located(branch, case.pattern)]
        return [_located(hold, node), *chain]

    def pattern(self, node: Any, subject: str, captures: dict[str, str]) -> ast.expr:
        """A test of the value in the temporary `subject`; captures: name to temporary."""
        if not hasattr(node, "admitted"):
            self.admit(node)
        it = ast.Name(subject, ast.Load())
        if isinstance(node, ast.MatchValue):
            left: ast.expr = it
            if isinstance(node.value, ast.Attribute):  # no literal: it may be a view, which walks both
                left = self.ask(Compared, it, at=node)
            return ast.Compare(left, [ast.Eq()], [self.ask(Compared, self.visit(node.value), at=node)])
        if isinstance(node, ast.MatchSingleton):
            return ast.Compare(it, [ast.Is()], [ast.Constant(node.value)])
        if isinstance(node, ast.MatchAs):
            tests: list[ast.expr] = []
            if node.pattern is not None:
                tests.append(self.pattern(node.pattern, subject, captures))
            if node.name is not None:
                held = captures.setdefault(node.name, self.temporary())
                bind = ast.NamedExpr(ast.Name(held, ast.Store()), it)
                tests.append(ast.List([bind], ast.Load()))
            return _all(tests)
        if isinstance(node, ast.MatchOr):
            return ast.BoolOp(ast.Or(), [self.pattern(p, subject, captures) for p in node.patterns])
        parts: list[ast.pattern]
        if isinstance(node, ast.MatchSequence):
            parts = list(node.patterns)
            star = next((i for i, p in enumerate(parts) if isinstance(p, ast.MatchStar)), -1)
            starred = node.patterns[star] if star >= 0 else None
            if isinstance(starred, ast.MatchStar) and starred.name is None:
                star = -2 if len(parts) == 1 else -3 - star  # nothing of it is looked into
            call = self.ask(MatchSequence, it, ast.Constant(len(parts)), ast.Constant(star), at=node)
        elif isinstance(node, ast.MatchMapping):
            parts = list(node.patterns)
            keys: list[ast.expr] = [self.visit(k) for k in node.keys]
            if node.rest is not None:
                rest = ast.MatchAs(None, node.rest)
                rest.admitted = True  # type: ignore[attr-defined]  # as part of its mapping
                parts.append(rest)
            call = self.ask(
                MatchMapping,
                it,
                ast.Tuple(keys, ast.Load()),
                ast.Constant(node.rest is not None),
                at=node,
            )
        else:
            parts = [*node.patterns, *node.kwd_patterns]
            call = self.ask(
                MatchClass,
                it,
                self.visit(node.cls),
                ast.Constant(len(node.patterns)),
                ast.Tuple([ast.Constant(a) for a in node.kwd_attrs], ast.Load()),
                at=node,
            )
        found = self.temporary()
        tests = [
            ast.Compare(
                ast.NamedExpr(ast.Name(found, ast.Store()), call),
                [ast.IsNot()],
                [ast.Constant(None)],
            )
        ]
        for i, part in enumerate(parts):
            if isinstance(part, ast.MatchStar):
                self.admit(part)
                part = ast.MatchAs(None, part.name)
                part.admitted = True  # type: ignore[attr-defined]  # as the node it stands for
            if isinstance(part, ast.MatchAs) and part.pattern is None and part.name is None:
                continue
            element = self.temporary()
            value = ast.Subscript(ast.Name(found, ast.Load()), ast.Constant(i), ast.Load())
            tests.append(ast.List([ast.NamedExpr(ast.Name(element, ast.Store()), value)], ast.Load()))
            tests.append(self.pattern(part, element, captures))
        return _all(tests)


def _continues(body: Sequence[ast.stmt]) -> bool:
    """Whether a loop with this body is begun anew from the middle of it."""
    for statement in body:
        if isinstance(statement, ast.Continue):
            return True
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        looped = isinstance(statement, (ast.For, ast.AsyncFor, ast.While))
        for field in ("body", "orelse", "finalbody"):
            if not (looped and field == "body") and _continues(getattr(statement, field, [])):
                return True
        for part in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
            if _continues(part.body):
                return True
    return False


def _all(tests: list[ast.expr]) -> ast.expr:
    if not tests:
        return ast.Constant(True)
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def _located(new: Any, old: ast.AST) -> Any:
    return ast.copy_location(new, old)


def _has_star(node: ast.expr) -> bool:
    """Whether an assignment target takes a number of elements that it does not say."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return any(isinstance(e, ast.Starred) or _has_star(e) for e in node.elts)
    return False
