"""Which global names a program may read before it has bound them: those that it may take from its host.

Stops: a program that hides what it asks for by binding the name itself, before, after or perhaps. What
cannot be told from the text counts as asked for.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["asked_for", "bound_by"]

_KNOWN: Final = frozenset(dir(builtins))
#: Decorators that call nothing of what they are put over.
_QUIET: Final = frozenset({"property", "staticmethod", "classmethod"})
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Bound = frozenset[str]


def asked_for(tree: ast.Module) -> set[str]:
    """The names, in the order in which the program runs: a function from where its name is first read,
    a class body at once; names that one branch binds and another does not are not bound."""
    walk = _Walk(bound_by(tree))
    try:
        walk.program(tree)
    except RecursionError:  # nested so deep that the order is not followed
        return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return walk.names


def bound_by(tree: ast.AST) -> Bound:
    """Names that a program binds somewhere."""
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, _DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= _imported(node)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
    return frozenset(found)


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {a.asname or a.name.partition(".")[0] for a in node.names if a.name != "*"}


def _stored(*nodes: ast.AST | None) -> Bound:
    return frozenset(
        n.id
        for node in nodes
        if node is not None
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )


def _join(*ways: Bound | None) -> Bound | None:
    """What is bound whichever way was taken; None for a way that leads nowhere."""
    real = [way for way in ways if way is not None]
    return frozenset.intersection(*real) if real else None


def _reads_of(definition: Any, klass: str) -> set[str]:
    """The global names that a function reads, or one within it. klass: the class that it stands in."""
    body: list[Any] = [definition]
    if klass:
        within: Any = ast.parse("class K: pass").body[0]  # which tells of private names
        within.name, within.body = klass, body
        body = [within]
    try:
        text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
        rest = symtable.symtable(text, "", "exec").get_children()
    except (RecursionError, SyntaxError, ValueError):  # what cannot be written again, as some f-strings
        return {n.id for n in ast.walk(definition) if isinstance(n, ast.Name)}
    if klass:
        rest = [child for table in rest for child in table.get_children()]
    # The tables do not tell that `x += 1` reads.
    stated = {name for n in ast.walk(definition) if isinstance(n, ast.Global) for name in n.names}
    changed = {n.target for n in ast.walk(definition) if isinstance(n, ast.AugAssign)}
    read = {t.id for t in changed if isinstance(t, ast.Name)} & stated
    while rest:
        at = rest.pop()
        rest += at.get_children()
        read |= {s.get_name() for s in at.get_symbols() if s.is_global() and s.is_referenced()}
    return read


class _Walk:
    """One walk over a program. names: what may be read unbound."""

    def __init__(self, own: Bound) -> None:
        self.names = set[str]()
        self._own = own
        #: What the functions and classes of a name read when they are called.
        self._bodies: dict[str, set[str]] = {}
        #: In a class body: its name, and what functions and comprehensions in it see as bound.
        self._klass = ""
        self._outer: Bound | None = None
        self._methods = set[str]()

    def program(self, tree: ast.Module) -> None:
        bound: Bound = frozenset()
        for statement in tree.body:
            after = self._statement(statement, bound)
            if after is None:
                break
            bound = after
        for name in list(self._bodies):  # the host may call them now
            self._read(name, bound | {name})

    def _read(self, name: str, bound: Bound) -> None:
        if self._klass and name.startswith("__") and not name.endswith("__"):
            name = f"_{self._klass.lstrip('_')}{name}"
        if name not in bound:
            self.names.add(name)
        inside = self._inside(bound)
        seen = {name}
        rest = list(self._bodies.get(name, ()))
        while rest:
            at = rest.pop()
            if at not in inside:
                self.names.add(at)
            if at not in seen:
                seen.add(at)
                rest += self._bodies.get(at, ())

    # Statements: each gives what is bound after it, None where nothing comes after it

    def _block(self, body: Iterable[ast.stmt], bound: Bound) -> Bound | None:
        for statement in body:
            after = self._statement(statement, bound)
            if after is None:
                return None
            bound = after
        return bound

    def _statement(self, node: ast.stmt, bound: Bound) -> Bound | None:
        kind = type(node).__name__.removeprefix("Async").removesuffix("Star").lower()
        method = getattr(self, f"_{kind}", None)
        if method is not None:
            return method(node, bound)  # type: ignore[no-any-return]
        return self._all(ast.iter_child_nodes(node), bound)

    def _assign(self, node: ast.Assign, bound: Bound) -> Bound:
        return self._all([node.value, *node.targets], bound) | _stored(*node.targets)

    def _annassign(self, node: ast.AnnAssign, bound: Bound) -> Bound:
        after = self._all([node.value, node.target, node.annotation], bound)
        return after | _stored(node.target) if node.value is not None else after

    def _augassign(self, node: ast.AugAssign, bound: Bound) -> Bound:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id, bound)
        return self._all([node.target, node.value], bound) | _stored(node.target)

    def _typealias(self, node: Any, bound: Bound) -> Bound:
        self._all([*node.type_params, node.value], bound | _parameters(node))
        return bound | {node.name.id}

    def _delete(self, node: ast.Delete, bound: Bound) -> Bound:
        return self._all(node.targets, bound) - {t.id for t in node.targets if isinstance(t, ast.Name)}

    def _import(self, node: ast.Import, bound: Bound) -> Bound:
        return bound | _imported(node)

    def _importfrom(self, node: ast.ImportFrom, bound: Bound) -> Bound:
        return bound | _imported(node)

    def _raise(self, node: ast.Raise, bound: Bound) -> None:
        self._all([node.exc, node.cause], bound)

    def _break(self, node: ast.Break, bound: Bound) -> None: ...

    def _continue(self, node: ast.Continue, bound: Bound) -> None: ...

    def _assert(self, node: ast.Assert, bound: Bound) -> Bound:
        after = self._all([node.test], bound)
        self._all([node.msg], after)
        return after

    def _if(self, node: ast.If, bound: Bound) -> Bound | None:
        bound = self._all([node.test], bound)
        return _join(self._block(node.body, bound), self._block(node.orelse, bound))

    def _while(self, node: ast.While, bound: Bound) -> Bound:
        bound = self._all([node.test], bound)
        self._block(node.body, bound)
        self._block(node.orelse, bound)
        return bound

    def _for(self, node: ast.For, bound: Bound) -> Bound:
        bound = self._all([node.iter], bound)
        self._block(node.body, self._all([node.target], bound) | _stored(node.target))
        self._block(node.orelse, bound)
        return bound

    def _with(self, node: ast.With, bound: Bound) -> Bound | None:
        for item in node.items:
            bound = self._all([item.context_expr, item.optional_vars], bound)
            bound |= _stored(item.optional_vars)
        after = self._block(node.body, bound)
        # One of the program's own may swallow an error, and with it the rest of the body.
        return after if all(self._is_hosts(i.context_expr) for i in node.items) else bound

    def _is_hosts(self, node: ast.AST) -> bool:
        while isinstance(node, (ast.Call, ast.Attribute)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if not isinstance(node, ast.Name) or node.id in self._own:
            return False
        return node.id == "open" or node.id not in _KNOWN

    def _try(self, node: ast.Try, bound: Bound) -> Bound | None:
        tried = self._block(node.body, bound)
        ways = [None if tried is None else self._block(node.orelse, tried)]
        for handler in node.handlers:
            self._all([handler.type], bound)
            name = {handler.name} if handler.name else set[str]()
            after = self._block(handler.body, bound | name)
            ways.append(None if after is None else after - name)
        last = self._block(node.finalbody, bound)
        way = _join(*ways)
        return None if last is None or way is None else way | last

    def _match(self, node: ast.Match, bound: Bound) -> Bound | None:
        bound = self._all([node.subject], bound)
        ways: list[Bound | None] = []
        whole = False
        for case in node.cases:
            inside = bound | bound_by(case.pattern)
            self._all([n for n in ast.walk(case.pattern) if isinstance(n, ast.expr)], bound)
            inside = self._all([case.guard], inside)
            ways.append(self._block(case.body, inside))
            pattern = case.pattern
            whole = case.guard is None and isinstance(pattern, ast.MatchAs) and pattern.pattern is None
        return _join(*ways, *(() if whole else (bound,)))

    def _functiondef(self, node: ast.FunctionDef, bound: Bound) -> Bound:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        defaults = [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults]
        bound = self._all(defaults, bound)
        annotations = [*(a.annotation for a in every), node.returns]
        self._all(annotations, bound | _parameters(node))
        reads = _reads_of(node, self._klass)
        self._methods |= reads
        self._bodies.setdefault(node.name, set()).update(reads)
        if not self._is_quiet(node.decorator_list):
            self._read(node.name, bound | {node.name})
        return bound | {node.name}

    def _classdef(self, node: ast.ClassDef, bound: Bound) -> Bound:
        bound = self._all([*node.decorator_list], bound)
        self._all([*node.bases, *(k.value for k in node.keywords)], bound | _parameters(node))
        before = self._klass, self._outer, self._methods
        self._klass, self._methods = node.name, set()
        self._outer = bound if before[1] is None else before[1]
        self._block(node.body, bound | _parameters(node))
        reads = self._methods
        self._klass, self._outer, self._methods = before[0], before[1], before[2] | reads
        self._bodies.setdefault(node.name, set()).update(reads)
        quiet = self._is_quiet(node.decorator_list) and not node.keywords
        # A class that it is derived from may call its methods as soon as it is made.
        if not (quiet and all(self._is_plain(base) for base in node.bases)):
            self._read(node.name, bound | {node.name})
        return bound | {node.name}

    def _is_plain(self, base: ast.expr) -> bool:
        return isinstance(base, ast.Name) and base.id in _KNOWN - self._own

    def _is_quiet(self, decorators: list[ast.expr]) -> bool:
        return all(
            (isinstance(d, ast.Name) and d.id in _QUIET - self._own)
            or (isinstance(d, ast.Attribute) and d.attr in ("setter", "getter", "deleter"))
            for d in decorators
        )

    # Expressions, in the order in which they are worked out

    def _all(self, nodes: Iterable[ast.AST | None], bound: Bound) -> Bound:
        for node in nodes:
            if node is not None:
                bound = self._expression(node, bound)
        return bound

    def _expression(self, node: ast.AST, bound: Bound) -> Bound:
        match node:
            case ast.Name():
                if isinstance(node.ctx, ast.Load):
                    self._read(node.id, bound)
                return bound
            case ast.NamedExpr():
                return self._expression(node.value, bound) | _stored(node.target)
            case ast.BoolOp():
                first = self._expression(node.values[0], bound)
                self._all(node.values[1:], first)
                return first
            case ast.IfExp():
                bound = self._expression(node.test, bound)
                return self._expression(node.body, bound) & self._expression(node.orelse, bound)
            case ast.Compare():
                first = self._all([node.left, node.comparators[0]], bound)
                self._all(node.comparators[1:], first)
                return first
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                return self._all((part for pair in pairs for part in pair), bound)
            case ast.Lambda():
                bound = self._all([*node.args.defaults, *node.args.kw_defaults], bound)
                given = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
                self._expression(node.body, self._inside(bound) | given | _stored(node.body))
                return bound
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node, bound)
        return self._all(ast.iter_child_nodes(node), bound)

    def _comprehension(self, node: Any, bound: Bound) -> Bound:
        bound = self._expression(node.generators[0].iter, bound)
        inside = self._inside(bound)
        for i, generator in enumerate(node.generators):
            if i:
                inside = self._expression(generator.iter, inside)
            inside = self._all([generator.target], inside) | _stored(generator.target)
            inside = self._all(generator.ifs, inside)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._all(results, inside)
        return bound

    def _inside(self, bound: Bound) -> Bound:
        """What is bound in a scope of its own, to which names of a class body are not there."""
        return bound if self._outer is None else self._outer


def _parameters(node: Any) -> Bound:
    """The type parameters of a definition."""
    return frozenset(p.name for p in getattr(node, "type_params", ()))
