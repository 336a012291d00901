"""Which syntax is a program of the dialect: a policy on RestrictedPython, default-deny.

A node of a kind that stands in no table here is refused and named, so syntax of a Python yet to come
is refused until somebody has looked at it (pit 12). What is permitted is rewritten by `route`.
"""

from __future__ import annotations

import ast
from typing import Any, ClassVar, Final

from asttokens import ASTText
from RestrictedPython.transformer import RestrictingNodeTransformer

from capcompiler.errors import Violation
from capcompiler.names import RESERVED_NAMES, used_names
from capcompiler.source import check_deadline, shown_line, source_lines
from capcompiler.tree import children

__all__ = ["CODES", "PERMITTED", "Dialect"]

#: Every code and what it stands for.
CODES: Final = {
    "CAP100": "the text is not Python",
    "CAP101": "the source is too large",
    "CAP102": "the source is nested too deeply",
    "CAP103": "the source is not text",
    "CAP110": "this kind of syntax is not part of the dialect",
    "CAP120": "this name is reserved",
    "CAP121": "this name is no identifier",
}


def _kinds(names: str) -> frozenset[type[ast.AST]]:
    """The node classes of these names that this Python has."""
    return frozenset(getattr(ast, n) for n in names.split() if hasattr(ast, n))


#: Syntax that carries no authority of its own; accesses in it are routed through guards.
PERMITTED: Final = _kinds(
    # programs, blocks and statements
    """
    Module Expression Expr Assign AugAssign AnnAssign Delete Pass Break Continue Return Raise Assert
    If For AsyncFor While With AsyncWith withitem Try TryStar ExceptHandler Global Nonlocal
    FunctionDef AsyncFunctionDef ClassDef Import ImportFrom alias
    Match match_case MatchValue MatchSingleton MatchSequence MatchMapping MatchClass MatchStar
    MatchAs MatchOr TypeAlias TypeVar ParamSpec TypeVarTuple
    """
    # expressions
    """
    BoolOp NamedExpr BinOp UnaryOp Lambda IfExp Dict Set ListComp SetComp DictComp GeneratorExp
    comprehension Await Yield YieldFrom Compare Call FormattedValue JoinedStr Constant Attribute
    Subscript Starred Name List Tuple Slice arguments arg keyword TemplateStr Interpolation
    """
    # operators and contexts
    """
    Load Store Del And Or Add Sub Mult MatMult Div Mod Pow LShift RShift BitOr BitXor BitAnd
    FloorDiv Invert Not UAdd USub Eq NotEq Lt LtE Gt GtE Is IsNot In NotIn
    """
)


class Dialect(RestrictingNodeTransformer):
    """Visits every node once; refuses what is not permitted and records it as a violation."""

    def __init__(self, source: str, filename: str) -> None:
        super().__init__()
        self.source = source
        self.filename = filename
        self.violations: list[Violation] = []
        self.admitted = 0
        self._spans: ASTText | None = None
        self._tree: ast.AST | None = None
        self._refused: set[int] = set()

    def ask_all(self, nodes: list[ast.AST]) -> None:
        """Refuse every node of a kind that is not permitted, such as an operator that a later Python
        adds: what rewrites a node looks at some of its parts itself, and does not ask about each.

        nodes: all of a tree.
        """
        if PERMITTED.issuperset(map(type, nodes)):
            return
        for above in nodes:
            for node in children(above):
                if type(node) not in PERMITTED:
                    self.not_allowed(node, node if hasattr(node, "lineno") else above)
                    self._refused.add(id(node))

    def visit(self, node: ast.AST) -> Any:
        if not self.admit(node):
            return node
        # RestrictedPython's own methods refuse or rewrite for guards of another kind; only those
        # of our subclasses are asked.
        visitor = self.rewriters.get(type(node).__name__)
        return self.contents(node) if visitor is None else visitor(self, node)

    def admit(self, node: ast.AST) -> bool:
        """Whether a node is of a permitted kind; records what is wrong with it and its names."""
        self.admitted += 1
        if self.admitted & 511 == 0:
            check_deadline()
        kind = type(node)
        if kind not in PERMITTED:
            if id(node) not in self._refused:
                self.not_allowed(node)
            return False
        for name in used_names(node):
            if name in RESERVED_NAMES:
                self.refuse(
                    node,
                    "CAP120",
                    f"the name `{name}` is reserved: {RESERVED_NAMES[name]}",
                    "hand names in through `caps`" if name == "__builtins__" else "use another name",
                )
            elif not all(part.isidentifier() for part in name.split(".")) and name != "*":
                self.refuse(node, "CAP121", f"{name!r} is not an identifier", "use a plain identifier")
        return True

    rewriters: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.rewriters = {
            name.removeprefix("visit_"): value
            for k in reversed(_between(cls))
            for name, value in vars(k).items()
            if name.startswith("visit_")
        }

    def contents(self, node: ast.AST) -> ast.AST:
        """Visit the children of a node that stays as it is."""
        return ast.NodeTransformer.generic_visit(self, node)

    def not_allowed(self, node: ast.AST, at: ast.AST | None = None) -> None:
        kind = type(node).__name__
        self.refuse(
            node if at is None else at,
            "CAP110",
            f"{kind} syntax is not part of the dialect",
            "write it with the statements of docs/reference/dialect.md",
        )

    def error(self, node: ast.AST, info: str) -> None:
        self.refuse(node, "CAP110", info, "")

    def refuse(self, node: ast.AST, code: str, message: str, replacement: str) -> None:
        """Record a violation with the exact span of `node`."""
        line, column, end_line, end_column = self._span(node)
        self.violations.append(
            Violation(
                code=code,
                message=message,
                line=line,
                column=column,
                end_line=end_line,
                end_column=end_column,
                replacement=replacement,
                filename=self.filename,
                text=shown_line(self.source, line),
            )
        )

    def _span(self, node: ast.AST) -> tuple[int, int, int, int]:
        """1-based lines and 0-based columns in characters, the end exclusive."""
        if self._spans is None:
            # Its own parse: the tree that is being visited is rewritten under way.
            self._spans = ASTText(self.source, filename=self.filename)
        try:
            (line, column), (end_line, end_column) = self._spans.get_text_positions(node, padded=False)
        except Exception:  # a node kind that asttokens does not know yet
            line = end_line = 0
            column = end_column = 0
        if line == 0 or (line, column) == (end_line, end_column):
            line = getattr(node, "lineno", 1)
            column = getattr(node, "col_offset", 0)
            end_line = getattr(node, "end_lineno", None) or line
            end_column = getattr(node, "end_col_offset", None) or column + 1
            lines = source_lines(self.source)
            if 0 < line <= len(lines):
                column = len(lines[line - 1].encode()[:column].decode(errors="replace"))
            if 0 < end_line <= len(lines):
                end_column = len(lines[end_line - 1].encode()[:end_column].decode(errors="replace"))
        return line, column, end_line, end_column


def _between(kind: type) -> list[type]:
    """The classes from `kind` down to, and without, RestrictedPython's own."""
    found = []
    for k in kind.__mro__:
        if k is RestrictingNodeTransformer:
            break
        found.append(k)
    return found
