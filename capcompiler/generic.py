"""Type parameters and `type` statements, rewritten to objects of the guest's own `typing`.

The interpreter would make them itself, of classes whose C code asks the host's `typing` what to make
of their operands: `(T | "text").__args__[1]` was an object of the host's that evaluates text there.
So nothing of the syntax is left. What Python calls an annotation scope becomes a function:

    @deco                               @deco
    def f[T: B](x: T = d): ...          @cap:generic(d)
                                        def f(cap:scope, cap:d0):
                                            T = cap:typeparameter('TypeVar', 'T', lambda: B, None)
                                            def f(x: T = cap:d0): ...
                                            return cap:parameterised(f, (T,))

A decorator calls the function at once and gives what it returns, so decorators and defaults are
evaluated when and where they would be. In a class body, `cap:scope` is the namespace, and names in
the header are looked up there first. Source: PEP 695, PEP 696; CPython 3.12-3.15.
"""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any, Final

from capcompiler.names import mangled
from capcompiler.tree import walk
from guards.binding import stand_in
from guards.generic import (
    AliasType,
    ClassName,
    Evaluated,
    Generic,
    GenericBase,
    Parameter,
    Parameterised,
)

__all__ = [
    "SCOPE",
    "alias",
    "class_parameters",
    "generic_base",
    "given",
    "has_type_parameters",
    "in_header",
    "mangled_parameters",
    "parameter",
    "parameterised",
    "plain_names",
    "scope_of",
]

#: The first parameter of each function that stands for an annotation scope.
SCOPE: Final = "cap:scope"
_PARAMETERS: Final = "cap:parameters"
_LOCALS: Final = "cap:locals"
_FORMAT: Final = "cap:format"


def has_type_parameters(node: Any) -> bool:
    """Whether a definition has type parameters, or is a `type` statement."""
    return bool(getattr(node, "type_params", None)) or type(node).__name__ == "TypeAlias"


def _ask(key: str, *args: ast.expr) -> ast.Call:
    return ast.Call(stand_in(key), list(args), [])


def _thunk(body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def _evaluator(body: ast.expr) -> ast.Lambda:
    """What gives the value of `body` when it is asked, for the format of annotations that is wanted."""
    where = ast.arguments([ast.arg(_FORMAT)], [], None, [], [], None, [ast.Constant(1)])
    asked = _ask(Evaluated.key, ast.Name(_FORMAT, ast.Load()))
    return ast.Lambda(where, ast.BoolOp(ast.And(), [asked, body]))


class _ClassNames(ast.NodeTransformer):
    """Names in a header as a class body sees them: the namespace of the class first."""

    def __init__(self, private: str | None, own: frozenset[str]) -> None:
        self.private, self.own = private, own

    def visit_Name(self, node: ast.Name) -> Any:
        if not isinstance(node.ctx, ast.Load) or node.id in self.own or ":" in node.id:
            return node
        name = ast.Constant(mangled(self.private, node.id))
        found = _ask(ClassName.key, ast.Name(SCOPE, ast.Load()), name, _thunk(node))
        return _placed(found, node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node  # a scope of its own, that does not see the class

    def visit_GeneratorExp(self, node: Any) -> Any:
        node.generators[0].iter = self.visit(node.generators[0].iter)
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp


def _placed(new: Any, old: ast.AST) -> Any:
    """`new` and what it is made of, at the place of `old` where it has none."""
    for part in walk(new):
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, old)
    return new


class _Mangled(ast.NodeTransformer):
    """Private type parameters of a class (`class C[__T]`) are known by the name that the class gives
    them, in its bases too."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node


def mangled_parameters(node: Any, names: list[str]) -> Any:
    """A header in which type parameters have the names that they have in code."""
    private = {n[n.index("__", 1) :]: n for n in names if n[:1] == "_" and "__" in n[1:]}
    return node if node is None or not private else _Mangled(private).visit(node)


def given(number: int) -> ast.expr:
    """The default value that was evaluated outside the scope."""
    return ast.Name(f"cap:d{number}", ast.Load())


def in_header(node: Any, private: str | None, own: frozenset[str]) -> Any:
    """A routed expression of a header in a class body. own: the type parameters."""
    return None if node is None else _ClassNames(private, own).visit(node)


def scope_of(
    node: Any,
    parameters: list[ast.stmt],
    names: list[str],
    inner: list[ast.stmt],
    defaults: list[ast.expr],
    in_class: bool,
) -> ast.FunctionDef:
    """The function that stands for the annotation scope of `node`, decorated so that it is called at
    once. parameters: statements that make the type parameters, called `names`. inner: the statement
    that it makes, and the one that returns it. defaults: what is evaluated outside the scope."""
    where = [ast.arg(SCOPE), *(ast.arg(f"cap:d{i}") for i in range(len(defaults)))]
    known = ast.Tuple([ast.Name(n, ast.Load()) for n in names], ast.Load())
    hold = ast.Assign([ast.Name(_PARAMETERS, ast.Store())], known)
    namespace: ast.expr = _ask(_LOCALS) if in_class else ast.Constant(None)
    call_now = _ask(Generic.key, namespace, *defaults)
    definition: Any = ast.FunctionDef  # its type parameters are not in the types of 3.11
    function = definition(
        name=node.name.id if isinstance(node.name, ast.Name) else node.name,
        args=ast.arguments([], where, None, [], [], None, []),
        body=[*parameters, hold, *inner],
        decorator_list=[*getattr(node, "decorator_list", []), call_now],
        returns=None,
        type_params=[],
    )
    placed: ast.FunctionDef = _placed(function, node)
    return placed


def parameter(node: Any, name: str, bound: ast.expr | None, default: ast.expr | None) -> ast.stmt:
    """The statement that makes one type parameter."""
    kind = type(node).__name__
    if kind == "TypeVar" and isinstance(node.bound, ast.Tuple):
        kind = "constraints"
    thunks = [ast.Constant(None) if part is None else _evaluator(part) for part in (bound, default)]
    made = _ask(Parameter.key, ast.Constant(kind), ast.Constant(node.name), *thunks)
    statement: ast.stmt = _placed(ast.Assign([ast.Name(name, ast.Store())], made), node)
    return statement


def parameterised(name: str, node: ast.AST) -> ast.stmt:
    """Return the function `name` with its type parameters."""
    known = ast.Name(_PARAMETERS, ast.Load())
    made = _ask(Parameterised.key, ast.Name(name, ast.Load()), known)
    statement: ast.stmt = _placed(ast.Return(made), node)
    return statement


def generic_base(node: ast.AST) -> ast.expr:
    """The base `Generic[T, ...]` that a class with type parameters has."""
    base: ast.expr = _placed(_ask(GenericBase.key, ast.Name(_PARAMETERS, ast.Load())), node)
    return base


def class_parameters(node: ast.AST) -> ast.stmt:
    """`__type_params__` in the namespace of a class."""
    # In a function, since in the class body the name would be looked up in the guest's namespace.
    value = ast.Call(_thunk(ast.Name(_PARAMETERS, ast.Load())), [], [])
    statement: ast.stmt = _placed(ast.Assign([ast.Name("__type_params__", ast.Store())], value), node)
    return statement


def alias(name: str, value: ast.expr, node: ast.AST) -> ast.stmt:
    """Return the alias that a `type` statement makes."""
    known = ast.Name(_PARAMETERS, ast.Load())
    made = _ask(AliasType.key, ast.Constant(name), _evaluator(value), known)
    statement: ast.stmt = _placed(ast.Return(made), node)
    return statement


def plain_names(code: CodeType, before: str = "", after: str = "") -> CodeType:
    """`code` with the names that Python gives: an annotation scope is no part of a qualified name.

    before, after: how qualified names inside begin, and how they should.
    """
    scope = code.co_varnames[:1] == (SCOPE,)
    own = code.co_qualname
    if before and own.startswith(before):
        own = after + own[len(before) :]
    if scope:
        # f.<locals>.f is f
        outer = f"{code.co_qualname}.<locals>."
        inner = own.rpartition(".")[0]
        inner = f"{inner}." if inner else ""
    else:
        outer, inner = before, after
    consts: list[Any] = []
    for constant in code.co_consts:
        if type(constant) is CodeType:
            constant = plain_names(constant, outer, inner)
        elif type(constant) is str and before and constant == code.co_qualname:
            constant = own  # `__qualname__` in a class body
        consts.append(constant)
    if own == code.co_qualname and all(a is b for a, b in zip(consts, code.co_consts, strict=True)):
        return code
    name = f"<generic parameters of {code.co_name}>" if scope else code.co_name
    return code.replace(co_consts=tuple(consts), co_qualname=own, co_name=name)
