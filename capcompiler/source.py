"""From text to a syntax tree, within bounds.

Stops: sources that crash or stall the parser (pit 11 of the design): too large, too deep, NUL bytes,
lone surrogates, bad encodings. Whatever is wrong ends in `DialectError`; nothing else is raised.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import secrets
import sys
import threading
import time
import tokenize
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeVar

from capcompiler.errors import DialectError, Violation
from capcompiler.tree import children

__all__ = [
    "MAX_DEPTH",
    "MAX_SOURCE",
    "NOWHERE",
    "compiling",
    "decoded",
    "parsed",
    "refusal",
    "shown_line",
    "source_lines",
    "syntax_refusal",
    "syntax_warnings",
    "warned_error",
]

#: Characters of source, at most.
MAX_SOURCE: Final = 2 * 2**20
#: Levels of syntax inside one another, at most. A chain of `a + b + ...` or of `elif` counts each.
MAX_DEPTH: Final = 400
#: Comprehensions inside one another, at most.
MAX_COMPREHENSIONS: Final = 16
#: Nodes of the syntax tree, at most: what compiling costs grows with them.
MAX_NODES: Final = 400_000

#: What the interpreter is told that the file of a source is: one that is nowhere. It opens the file
#: that it is told of and shows a line of it in its error, so that a guest which called
#: `compile("if 1:\n\n", "/etc/passwd", "exec")` was shown any line of any file of the host's.
NOWHERE: Final = "/dev/null/<source>"

_lock: Final = threading.RLock()
T = TypeVar("T")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
#: Characters of a source line that an error shows, at most.
MAX_SHOWN: Final = 400


def refusal(
    code: str,
    message: str,
    replacement: str,
    *,
    filename: str,
    line: int = 1,
    column: int = 0,
    end_line: int = 0,
    end_column: int = 0,
    text: str = "",
) -> DialectError:
    """A `DialectError` with one violation."""
    return DialectError(
        [
            Violation(
                code=code,
                message=message,
                line=line,
                column=column,
                end_line=end_line or line,
                end_column=end_column or column + 1,
                replacement=replacement,
                filename=filename,
                text=text,
            )
        ]
    )


def decoded(src: str | bytes, filename: str) -> str:
    """The text of a source, with the encoding that its first lines declare (PEP 263)."""
    if isinstance(src, (bytes, bytearray)):
        if len(src) > MAX_SOURCE * 4:
            raise _too_large(len(src), "bytes", filename)
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(src).readline)
            text = bytes(src).decode(encoding)
        except (SyntaxError, UnicodeError, LookupError) as error:
            raise refusal(
                "CAP103",
                f"the source is not text in UTF-8, nor in an encoding that it declares: {error}",
                "save the file as UTF-8",
                filename=filename,
            ) from None
    elif isinstance(src, str):
        text = src if type(src) is str else str.__str__(src)
    else:
        raise refusal(
            "CAP103",
            f"the source is a {type(src).__name__}, not text",
            "pass the program as a str, as bytes or as a Program",
            filename=filename,
        )
    if len(text) > MAX_SOURCE:
        raise _too_large(len(text), "characters", filename)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refusal(
            "CAP103",
            "the source contains a NUL character",
            "remove it; write '\\0' inside a string",
            filename=filename,
            line=line,
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise refusal(
            "CAP103",
            "the source contains a lone surrogate",
            f"write '\\u{ord(text[error.start]):04x}' inside a string",
            filename=filename,
            line=line,
        ) from None
    return text


def _too_large(size: int, unit: str, filename: str) -> DialectError:
    return refusal(
        "CAP101",
        f"the source has {size:,} {unit}; at most {MAX_SOURCE:,} are taken",
        "split it into modules, or hand large data in through `caps`",
        filename=filename,
    )


def syntax_refusal(error: SyntaxError, filename: str, source: str = "") -> DialectError:
    """Python's own complaint about a source, as one of ours."""
    line = error.lineno or 1
    text = shown_line(source, line)
    column = max(0, (error.offset or 1) - 1)
    end_line = getattr(error, "end_lineno", None) or line
    end_column = max(0, (getattr(error, "end_offset", None) or 0) - 1)
    problem = refusal(
        "CAP100",
        error.msg if error.msg == "invalid syntax" else f"invalid syntax: {error.msg}",
        "",
        filename=filename,
        line=line,
        column=min(column, len(text)),
        end_line=end_line,
        end_column=end_column if end_line > line or end_column > column else column + 1,
        text=text,
    )
    problem.said = error
    error.__traceback__ = None
    return problem


class OutOfTime(BaseException):
    """Compiling took longer than the turn that it is for has left. Private to the package."""


_time: Final = threading.local()


@contextmanager
def within(deadline: float | None) -> Iterator[None]:
    """Let compiling on this thread end in `OutOfTime` at a moment of `time.monotonic`."""
    before = getattr(_time, "deadline", None)
    _time.deadline = deadline if before is None or deadline is None else min(before, deadline)
    if deadline is None:
        _time.deadline = before
    try:
        yield
    finally:
        _time.deadline = before


def check_deadline() -> None:
    """Raise `OutOfTime` when the deadline of `within` has passed."""
    deadline = getattr(_time, "deadline", None)
    if deadline is not None and time.monotonic() >= deadline:
        raise OutOfTime


@functools.lru_cache(maxsize=1024)
def source_lines(text: str) -> tuple[str, ...]:
    """The lines of a source as Python counts them; `str.splitlines` parts at more characters."""
    return tuple(_LINE_END.split(text))


def shown_line(text: str, line: int) -> str:
    """One line of a source, cut to what an error shows; "" when there is none. line: 1-based."""
    lines = source_lines(text)
    return lines[line - 1][:MAX_SHOWN] if 0 < line <= len(lines) else ""


def parsed(text: str, mode: str, filename: str) -> ast.Module | ast.Expression:
    """The syntax tree of `text`, no deeper than `MAX_DEPTH`. mode: "exec" or "eval"."""
    tree = compiling(
        lambda: ast.parse(text, NOWHERE, "eval" if mode == "eval" else "exec"), filename, text
    )
    depth, node, nodes = _depth(tree, filename)
    _check_comprehensions(tree, nodes, filename)
    _check_finally(tree, nodes, filename)
    if depth > MAX_DEPTH:
        raise _too_deep(filename, getattr(node, "lineno", 1), f"{depth:,} levels")
    assert isinstance(tree, (ast.Module, ast.Expression))  # noqa: S101 - for the type checker
    return tree


_COMPREHENSIONS: Final = frozenset({ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})


def _check_comprehensions(tree: ast.AST, nodes: list[ast.AST], filename: str) -> None:
    """Refuse comprehensions nested so deeply that the compilers of CPython 3.12 and 3.13, which
    write them into one function, overrun their stack."""
    if not any(type(node) in _COMPREHENSIONS for node in nodes):
        return
    stack: list[tuple[ast.AST, int]] = [(tree, 0)]
    while stack:
        node, level = stack.pop()
        if type(node) in _COMPREHENSIONS:
            level += 1
            if level > MAX_COMPREHENSIONS:
                line = getattr(node, "lineno", 1)
                raise _too_deep(filename, line, f"{level} comprehensions", MAX_COMPREHENSIONS)
        stack.extend((child, level) for child in children(node))


_EXITS: Final = (ast.Return, ast.Break, ast.Continue)
_OWN_CODE: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


_LEFT_LATE: Final = frozenset({ast.Try, ast.TryStar, ast.With, ast.AsyncWith})


def _check_finally(tree: ast.AST, nodes: list[ast.AST], filename: str) -> None:
    """Refuse what CPython's compiler would write out too often: it copies the body of a `finally` to
    each place where its `try` is left, so that nineteen of them inside one another are 2 GB."""
    if not any(type(node) in _LEFT_LATE for node in nodes):
        return
    weights: dict[int, int] = {}
    exits: dict[int, int] = {}
    for node in reversed(nodes):  # what is inside first
        inside = children(node)
        weight = 1 + sum(weights[id(c)] for c in inside)
        out = isinstance(node, _EXITS) + sum(
            exits[id(c)] for c in inside if not isinstance(c, _OWN_CODE)
        )
        if isinstance(node, (ast.Try, ast.TryStar)) and node.finalbody:
            copied = sum(weights[id(s)] for s in node.finalbody)
            left = out - sum(exits[id(s)] for s in node.finalbody)
            weight += copied * (1 + left)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            weight += 4 * out
        weights[id(node)], exits[id(node)] = weight, out
    if weights[id(tree)] > 2 * MAX_NODES:
        raise _too_deep(filename, 1, "`finally` blocks inside one another, each copied to every exit")


def _too_deep(filename: str, line: int, how: str, most: int = MAX_DEPTH) -> DialectError:
    return refusal(
        "CAP102",
        f"the source is nested too deeply ({how}; at most {most} are taken)",
        "split the expression, or use a loop or a table",
        filename=filename,
        line=line,
    )


def _depth(tree: ast.AST, filename: str) -> tuple[int, ast.AST, list[ast.AST]]:
    """How deep a tree is, a node of its deepest level, and all its nodes, none before what it is in."""
    deepest: tuple[int, ast.AST] = (0, tree)
    level: list[ast.AST] = [tree]
    depth = 0
    nodes: list[ast.AST] = []
    while level:
        depth += 1
        nodes += level
        if len(nodes) > MAX_NODES:
            raise refusal(
                "CAP101",
                f"the source has more than {MAX_NODES:,} syntax nodes",
                "split it into modules, or hand large data in through `caps`",
                filename=filename,
            )
        check_deadline()
        deepest = (depth, level[0])
        level = [child for node in level for child in children(node)]
    return *deepest, nodes


def compiling(step: Callable[[], T], filename: str, text: str) -> T:
    """Run a step of the parser or compiler; every way it can fail becomes a `DialectError`."""
    try:
        with quiet(), _deep_stack():
            return step()
    except DialectError:
        raise
    except SyntaxError as error:
        problem = syntax_refusal(error, filename, text)
    except (RecursionError, MemoryError) as error:
        problem = _too_deep(filename, 1, "more than the parser takes")
        if type(error) is MemoryError:  # the parser's own limit
            problem.said = error
    except (ValueError, OverflowError, TypeError) as error:
        problem = refusal("CAP100", f"invalid syntax: {error}", "", filename=filename)
    raise problem


class _Quiet(threading.local):
    inside = False


_quieted: Final = _Quiet()


@contextmanager
def quiet() -> Iterator[None]:
    """Syntax warnings are about the guest's text; they are not the host's to see or to raise. Around
    several steps it saves setting the filters, which all threads share, for each of them."""
    if _quieted.inside:
        yield
        return
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _quieted.inside = True
        try:
            yield
        finally:
            _quieted.inside = False


def syntax_warnings(text: str, mode: str) -> list[tuple[type[Warning], str, int]]:
    """What Python warns of in a source that it compiles: class, text and line of each warning."""
    kind = "eval" if mode == "eval" else "exec"
    with _lock, warnings.catch_warnings(record=True) as found, _deep_stack():
        warnings.simplefilter("always")
        try:
            compile(text, NOWHERE, kind, dont_inherit=True)
        except Exception:  # noqa: S110 - it is refused in Python's words elsewhere
            pass
    return [(w.category, str(w.message), w.lineno) for w in found]


def warned_error(text: str, mode: str, category: type[Warning]) -> SyntaxError | None:
    """The error that Python makes of a source where warnings of a class are errors.

    Filters are every thread's: this one is of a file name that no other source has, or a guest could
    make errors of what the host's own code is warned of meanwhile.
    """
    kind = "eval" if mode == "eval" else "exec"
    alone = f"<warned {secrets.token_hex(8)}>"
    with _lock, warnings.catch_warnings(), _deep_stack():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", category=category, module=alone)
        try:
            compile(text, alone, kind, dont_inherit=True)
        except SyntaxError as error:
            return error
        except Exception:
            return None
    return None


@contextmanager
def _deep_stack() -> Iterator[None]:
    """Room for passes that recurse along the tree, whose depth `parsed` bounds.

    The limit of the interpreter is raised for the time of a pass, never lowered below what it was.
    """
    depth = 0
    # A name that held on to this frame would keep all those beneath it, and what their variables hold,
    # until the collector runs.
    walker: FrameType | None = sys._getframe()
    while walker is not None:
        depth += 1
        walker = walker.f_back
    old = sys.getrecursionlimit()
    wanted = depth + MAX_DEPTH * 6 + 200
    if wanted > old:
        sys.setrecursionlimit(wanted)
    try:
        yield
    finally:
        if wanted > old and sys.getrecursionlimit() == wanted:
            sys.setrecursionlimit(old)
