"""Marks of local variables: what a test found when a value was stored, kept for where it is used.

`a + b` in a loop asks of both operands whether they are numbers. Where a local variable is used more
often than it is stored to, the question is asked where it is stored to, and the answer kept in a
variable of the router's own. A mark that is true says that the value is a float or a small whole number,
or a plain container; one that is false says nothing, and then the site asks as ever.

A mark must speak of the value that its variable holds. So each store is followed by that of the mark at
once, with nothing evaluated between; a variable that is bound in another way, or beside a target
that evaluates something (`x, o[x] = v`), has none; and no function has any that can go on after an
exception, which may fall between the two.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from capcompiler.facts import Scope
from capcompiler.names import bound_names
from capcompiler.tree import children, walk
from guards.base import PREFIX
from guards.fact import FLOAT, HOLDER, Fact
from guards.operate import BINARY, COMPARE, INPLACE

__all__ = [
    "HOLDS", "MARKED", "NUMBER", "is_counted", "mark_name", "marked_names", "plain_targets", "pruned",
]  # fmt: skip

_MARK: Final = f"{PREFIX}m:"
NUMBER: Final = "number"
HOLDS: Final = "holder"
#: What a value is, one or the other, where its mark is true. A whole number is tested for 30 bits, and
#: counted by less than 2**12 at a time, so it would take 2**47 rounds to have more than this.
MARKED: Final[Mapping[str, tuple[Fact, ...]]] = {
    NUMBER: (FLOAT, Fact(int, 60)),
    HOLDS: (HOLDER,),
}
_COUNTED_BY: Final = 1 << 12
#: How much oftener a variable is used than stored to.
_WORTH: Final = 2
#: What a round of a loop counts for, as often as loops stand around it.
_ROUND: Final = 6
_DEEPEST: Final = 4
_GOES_ON: Final = (ast.Try, ast.With, ast.AsyncWith, getattr(ast, "TryStar", ast.Try))
_OTHERS: Final = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


def mark_name(name: str) -> str:
    return _MARK + name


def plain_targets(targets: list[ast.expr]) -> list[str] | None:
    """The names that targets bind, where storing to them evaluates nothing; None where it may."""
    names: list[str] = []
    for target in targets:
        if isinstance(target, ast.Name):
            names.append(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            inner = plain_targets(target.elts)
            if inner is None:
                return None
            names.extend(inner)
        else:
            return None
    return names


def _bindings(node: Any) -> list[ast.expr] | None:
    if isinstance(node, ast.Assign):
        return node.targets
    if isinstance(node, (ast.AugAssign, ast.For)) or (
        isinstance(node, ast.AnnAssign) and node.value is not None
    ):
        return [node.target]
    return None


def pruned(statements: list[ast.stmt], kept: Container[str] = ()) -> list[ast.stmt]:
    """Routed statements without the notes of marks that nothing in them asks. kept: variables whose
    marks may be asked elsewhere."""
    asked = {
        part.id for part in walk(*statements)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id.startswith(_MARK)
    }  # fmt: skip
    drop = _Drop(asked, kept)
    return [left for statement in statements if (left := drop.visit(statement)) is not None]


class _Drop(ast.NodeTransformer):
    def __init__(self, asked: set[str], kept: Container[str]) -> None:
        self.asked = asked
        self.kept = kept

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id.startswith(_MARK) and target.id not in self.asked:
            return node if target.id.removeprefix(_MARK) in self.kept else None
        return node


def marked_names(body: list[ast.stmt], scope: Scope) -> dict[str, str]:
    """The variables of a function that get a mark, and what it says. body: not visited yet."""
    if any(isinstance(part, _GOES_ON) for part in walk(*body)):
        return {}
    uses: dict[str, dict[str, int]] = {}
    stores: dict[str, int] = dict.fromkeys(scope.params, 1)
    barred: set[str] = set()
    stored: set[int] = set()
    for statement in body:
        _look(statement, 0, uses, stores, barred, stored)
    found: dict[str, str] = {}
    for name, said in uses.items():
        known = scope.env.get(name)
        if name not in scope.fast or name in barred or (known is not None and known.kind is not None):
            continue
        kind = max(said, key=lambda k: said[k])
        if said[kind] >= _WORTH * stores.get(name, 0) and sum(said.values()) < 2 * said[kind]:
            found[name] = kind
    return found


def _look(
    node: ast.AST,
    depth: int,
    uses: dict[str, dict[str, int]],
    stores: dict[str, int],
    barred: set[str],
    stored: set[int],
) -> None:
    """uses: by name, how often it is taken for what. stores: how often it is stored to. barred: names
    that get no mark. stored: the targets that a mark can follow."""
    if isinstance(node, _OTHERS):
        for part in walk(node):
            if isinstance(part, ast.NamedExpr):
                barred.add(part.target.id)
        barred.update(bound_names(node))
        return
    weight = _ROUND ** min(depth, _DEEPEST)
    for name, kind in _used(node):
        said = uses.setdefault(name, {})
        said[kind] = said.get(kind, 0) + weight
    targets = _bindings(node)
    if targets is not None:
        names = plain_targets(targets)
        if names is not None:
            stored.update(id(part) for t in targets for part in walk(t))
        if names is None:
            barred.update(n for t in targets for part in walk(t) for n in bound_names(part))
        elif not is_counted(node):
            inside = weight * _ROUND if isinstance(node, ast.For) else weight
            for name in names:
                stores[name] = stores.get(name, 0) + inside
    elif id(node) not in stored:
        barred.update(bound_names(node))
    looped = isinstance(node, (ast.For, ast.While, ast.AsyncFor))
    outside = (
        {id(getattr(node, "iter", None)), *map(id, getattr(node, "orelse", []))} if looped else set()
    )
    for child in children(node):
        inner = depth + 1 if looped and id(child) not in outside else depth
        _look(child, inner, uses, stores, barred, stored)


def is_counted(node: ast.AST) -> bool:
    """Whether an assignment adds little to a number, so that its mark stays what it is."""
    target: ast.expr
    if isinstance(node, ast.AugAssign):
        op, by, target = node.op, node.value, node.target
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and len(node.targets) == 1:
        op, by, target = node.value.op, node.value.right, node.targets[0]
        left = node.value.left
        if not (isinstance(left, ast.Name) and isinstance(target, ast.Name) and left.id == target.id):
            return False
    else:
        return False
    return (
        isinstance(target, ast.Name)
        and isinstance(op, (ast.Add, ast.Sub))
        and isinstance(by, ast.Constant)
        and type(by.value) is int
        and 0 <= by.value < _COUNTED_BY
    )


def _used(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that are operands of a node itself, and what they are taken for."""
    numbers: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY and not isinstance(node.op, ast.Pow):
        numbers = [node.left, node.right]
        if isinstance(node.left, ast.Constant) and isinstance(node.left.value, (str, bytes)):
            numbers = []
    elif isinstance(node, ast.Compare) and any(type(op) in COMPARE for op in node.ops):
        numbers = [node.left, *node.comparators]
        if any(isinstance(n, ast.Constant) and not isinstance(n.value, (int, float)) for n in numbers):
            numbers = []
    elif isinstance(node, ast.AugAssign) and type(node.op) in INPLACE:
        numbers = [node.value, *([node.target] if isinstance(node.target, ast.Name) else [])]
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
        numbers = [node.operand]
    elif isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple)):
        if isinstance(node.value, ast.Name):
            yield node.value.id, HOLDS
        numbers = [node.slice]
    for operand in numbers:
        if isinstance(operand, ast.Name):
            yield operand.id, NUMBER
