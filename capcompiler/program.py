"""Compiled programs: what `cap_compile` gives and everything else runs."""

from __future__ import annotations
import __future__

import ast
import copy
import dataclasses
import functools
import hashlib
import inspect
import itertools
import marshal
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final, Literal

from capcompiler import cache
from capcompiler.errors import DialectError, Violation
from capcompiler.generic import has_type_parameters, plain_names
from capcompiler.lazy import is_lazy, mark_lazy_imports
from capcompiler.names import asked_names, import_names
from capcompiler.route import Router
from capcompiler.source import NOWHERE, compiling, decoded, parsed, quiet, source_lines
from capcompiler.tree import placed, walk
from guards.binding import FILE_MARK, as_names, revived, stored, with_note
from guards.modules import GUEST, LIBRARY
from guards.tables.rows import names_known

__all__ = ["Program", "cap_compile", "check", "explain", "shown_filename"]

Mode = Literal["exec", "eval"]
_serials = itertools.count(1)
_MARK: Final = FILE_MARK
#: Characters of a text that it pays to keep compiled on the disk, at least.
_SHORTEST_KEPT: Final = 400


#: Serial, file name and source lines of a program.
Origin = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A checked and routed program; immutable, so any number of compartments and threads may run it.

    names: what it reads and does not define. imports: the modules it names in import statements.
    digest: SHA-256 of source, mode, file name and options. Pickles as these, never as bytecode,
    and is compiled anew where it is loaded.
    """

    source: str
    mode: Mode
    filename: str
    optimize: bool
    names: frozenset[str]
    imports: frozenset[str]
    digest: str
    code: CodeType = field(repr=False)
    _origin: list[Origin] = field(init=False, repr=False, default_factory=list)

    @property
    def origin(self) -> Origin:
        """Where its code says that it is from, worked out once."""
        if not self._origin:
            code = self.code
            self._origin.append((serial_of(code), shown_filename(code), source_lines(self.source)))
        return self._origin[0]

    @property
    def awaits(self) -> bool:
        """Whether it awaits at its top level, so that only `exec_async` and its like run it."""
        return bool(self.code.co_flags & inspect.CO_COROUTINE)

    @property
    def routed(self) -> str:
        """The program as it runs, with every guard in it."""
        return "\n".join(text for _, text in self._rows())

    def _rows(self) -> list[tuple[int, str]]:
        # Made anew: a tree takes a hundred times the room of its code, and is seldom asked for.
        tree = _tree_of(self.source, self.mode, self.filename, self.optimize, True, GUEST, self.digest)
        return _rows(as_names(tree).body, 0)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (self.source, self.mode, self.filename, self.optimize, self.digest))


def _rebuilt(source: str, mode: Mode, filename: str, optimize: bool, digest: str) -> Program:
    if digest != _digest(source, mode, filename, optimize):
        raise ValueError("a pickled Program does not match its digest")
    return cap_compile(source, mode=mode, filename=filename, optimize=optimize)


def _digest(source: str, mode: str, filename: str, optimize: bool) -> str:
    parts = "\0".join((mode, filename, str(optimize), source))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def cap_compile(
    src: str | bytes | Program,
    *,
    mode: Mode = "exec",
    filename: str = "<guest>",
    optimize: bool = True,
) -> Program:
    """Check and compile a program of the dialect.

    src: text, bytes with a PEP 263 declaration, or a `Program`, which is given back as it is.
    mode: "exec" for statements, "eval" for one expression. Nothing of the program runs.
    Raises `DialectError` with all violations.
    """
    if isinstance(src, Program):
        if src.mode != mode:
            raise ValueError(f"the program was compiled for {src.mode!r}, not {mode!r}")
        return src
    if mode not in ("exec", "eval"):
        raise ValueError(f"mode: wanted 'exec' or 'eval', got {mode!r}")
    if not isinstance(filename, str):
        raise TypeError(f"filename: wanted str, got {type(filename).__name__}")
    return _compiled(
        _text(src, mode, filename), mode, filename, bool(optimize), True, names_known(), True
    )


def child_program(src: str | bytes, mode: Mode, filename: str, optimize: bool) -> Program:
    """`cap_compile` for a guest, whose texts are not kept on the disk: they would fill the host's, and
    how long the next one takes would tell of them."""
    return _compiled(_text(src, mode, filename), mode, filename, optimize, True, names_known(), False)


def _text(src: str | bytes, mode: str, filename: str) -> str:
    text = decoded(src, filename)
    return text.strip(" \t\n\r") if mode == "eval" else text


# known: of the names that need a guard; what was compiled when there were fewer is compiled anew.


@functools.lru_cache(maxsize=256)
def _compiled(
    text: str, mode: Mode, filename: str, optimize: bool, value: bool, known: int, keep: bool
) -> Program:
    if keep and len(text) >= _SHORTEST_KEPT:
        return _kept(text, mode, filename, optimize, value, GUEST)
    return _routed(text, mode, filename, optimize, value, GUEST)


def _kept(
    text: str, mode: Mode, filename: str, optimize: bool, value: bool, asker: int, module: bool = False
) -> Program:
    """`_routed`, or what another process made of the same."""
    key = cache.key_of(text, mode, filename, optimize, value, asker, module)
    if key is None:
        return _routed(text, mode, filename, optimize, value, asker, module)
    found = cache.load(key, _code_name(filename))
    if found is not None:
        names, imports, code = found
        digest = _digest(text, mode, filename, optimize)
        return Program(text, mode, filename, optimize, names, imports, digest, code)
    program = _routed(text, mode, filename, optimize, value, asker, module)
    cache.save(key, (program.names, program.imports, program.code))
    return program


def _code_name(filename: str) -> str:
    """The file name of one program's code: it says which program's."""
    return f"{filename}{_MARK}{next(_serials)}"


def _routed(
    text: str,
    mode: Mode,
    filename: str,
    optimize: bool,
    value: bool,
    asker: int,
    module: bool = False,
) -> Program:
    with quiet():
        return _routed_quietly(text, mode, filename, optimize, value, asker, module)


def _routed_quietly(
    text: str, mode: Mode, filename: str, optimize: bool, value: bool, asker: int, module: bool
) -> Program:
    tree = parsed(text, mode, filename)
    if module and "__builtins__" in text:
        tree = compiling(lambda: _ReadsBuiltins().visit(tree), filename, text)
    if module and asker == LIBRARY and isinstance(tree, ast.Module):
        mark_lazy_imports(tree, filename)
    nodes = walk(tree)
    names, imports = asked_names(nodes), import_names(nodes)
    # What the host runs may await at its top level; a guest's own `exec` refuses it, as Python's does.
    top = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if value else 0
    if any(type(node) in _HIDING or has_type_parameters(node) or is_lazy(node) for node in nodes):
        _check_natively(tree, text, filename, top)
    digest = _digest(text, mode, filename, optimize)
    flags = _future_flags(tree) | top
    scopes = asker != LIBRARY and any(map(has_type_parameters, nodes))
    routed, stores = _routing(tree, nodes, text, filename, optimize, value, asker, digest)
    shown = _code_name(filename)

    def made(flags: int) -> CodeType:
        code: CodeType = compiling(
            lambda: compile(routed, shown, "exec", flags, dont_inherit=True, optimize=0), filename, text
        )
        return code

    code = made(flags)
    if code.co_flags & inspect.CO_COROUTINE and not _awaits_natively(text, filename, mode, flags ^ top):
        code = made(flags ^ top)  # an async generator expression awaits nothing until it is driven
    if scopes:
        code = plain_names(code)
    if stores:
        code = with_note(code, f"cap:stores:{' '.join(sorted(stores))}")
    return Program(
        source=text,
        mode=mode,
        filename=filename,
        optimize=optimize,
        names=names,
        imports=imports,
        digest=digest,
        code=code,
    )


def _routing(
    tree: ast.Module | ast.Expression, nodes: list[ast.AST], text: str, filename: str, optimize: bool,
    value: bool, asker: int, digest: str,
) -> Any:  # fmt: skip
    """The routed tree of a parsed one, which it uses up, and the names of attributes that it stores.

    nodes: all of the tree.
    """
    router = Router(text, filename, optimize=optimize, value=value, asker=asker, serial=f"{digest[:8]}_")
    router.ask_all(nodes)
    routed = compiling(lambda: placed(router.visit(tree)), filename, text)
    if router.violations:
        raise DialectError(_in_order(router.violations))
    return routed, router.stored


def _tree_of(
    text: str, mode: Mode, filename: str, optimize: bool, value: bool, asker: int, digest: str
) -> Any:
    tree = parsed(text, mode, filename)
    return _routing(tree, walk(tree), text, filename, optimize, value, asker, digest)[0]


def module_program(text: str | bytes, filename: str, optimize: bool, asker: int) -> Program:
    """A module that a guest imports. asker: what it counts as when it imports."""
    return _module(_decoded(text, filename), filename, optimize, asker, names_known())


_decoded: Final = functools.lru_cache(maxsize=1024)(decoded)


class _ReadsBuiltins(ast.NodeTransformer):
    """A module's `__builtins__` is the dictionary of the guest's own module `builtins`, to read."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id != "__builtins__" or not isinstance(node.ctx, ast.Load):
            return node
        own = ast.parse("__import__('builtins').__dict__", mode="eval").body
        for part in walk(own):
            ast.copy_location(part, node)
        return own


@functools.lru_cache(maxsize=4096)
def _module(source: str, filename: str, optimize: bool, asker: int, known: int) -> Program:
    make = _kept if len(source) >= _SHORTEST_KEPT else _routed
    return make(source, "exec", filename, optimize, False, asker, module=True)


def guest_program(text: str | bytes, filename: str, mode: str, optimize: bool) -> Program:
    """What a guest's own `compile`, `exec` and `eval` compile; a trailing value is not kept."""
    kind: Mode = "eval" if mode == "eval" else "exec"
    return _compiled(_text(text, kind, filename), kind, filename, optimize, False, names_known(), False)


_HIDING: Final = frozenset({ast.Match, ast.ImportFrom, ast.Starred})
#: Fields of f-strings, and from 3.14 on of t-strings.
_FIELDS: Final = (ast.FormattedValue, getattr(ast, "Interpolation", ast.FormattedValue))


def _check_natively(tree: ast.Module | ast.Expression, text: str, filename: str, flags: int) -> None:
    """Let Python's own compiler complain about what routing would hide: unreachable or ambiguous
    patterns, stars in fields, and star and lazy imports inside functions, become other syntax."""
    for node in walk(tree):
        if (
            isinstance(node, ast.Match)
            or has_type_parameters(node)
            or is_lazy(node)
            or (isinstance(node, _FIELDS) and isinstance(node.value, ast.Starred))
            or (
                isinstance(node, ast.ImportFrom)
                and (node.names[0].name == "*" or node.module == "__future__")
            )
        ):
            kind = "eval" if isinstance(tree, ast.Expression) else "exec"
            native = functools.partial(compile, text, NOWHERE, kind, flags, dont_inherit=True)
            compiling(native, filename, text)
            return


def _awaits_natively(text: str, filename: str, mode: Mode, flags: int) -> bool:
    """Whether Python refuses a program that has no event loop."""
    try:
        compiling(lambda: compile(text, NOWHERE, mode, flags, dont_inherit=True), filename, text)
    except DialectError:
        return True
    return False


def _future_flags(tree: ast.Module | ast.Expression) -> int:
    """The compiler's flags for the `__future__` imports of a program."""
    flags = 0
    for node in tree.body if isinstance(tree, ast.Module) else ():
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level:
            for alias in node.names:
                feature = getattr(__future__, alias.name, None)
                flags |= getattr(feature, "compiler_flag", 0)
    return flags


def _in_order(violations: list[Violation]) -> list[Violation]:
    unique = dict.fromkeys(violations)
    return sorted(unique, key=lambda v: (v.line, v.column, v.code))


def check(src: str | bytes | Program, *, filename: str = "<guest>") -> list[Violation]:
    """Every violation of a source, in order of place; empty when it is a program of the dialect.

    Never raises for bad source, and runs nothing.
    """
    try:
        cap_compile(src, filename=filename)
    except DialectError as error:
        return list(error.violations)
    return []


def refuse_awaits(program: Program) -> None:
    """Raise `DialectError` for a program that only an event loop can run."""
    if not program.awaits:
        return
    text, filename = program.source, program.filename
    try:
        compiling(lambda: compile(text, NOWHERE, program.mode, dont_inherit=True), filename, text)
    except DialectError as error:
        found = error.violations[0]
    raise DialectError(
        [
            dataclasses.replace(
                found,
                message="`await` at the top level needs an event loop",
                replacement="run the program with exec_async, eval_async or cap_exec_async",
            )
        ]
    )


def number_from(first: int) -> None:
    """Number programs from here on from `first`: those of another process may come beside them."""
    global _serials
    _serials = itertools.count(first)


@functools.lru_cache(maxsize=1024)
def portable_code(program: Program) -> bytes | None:
    """The code of a program for a worker of this interpreter, which `loaded_code` reads; without this
    process's secret. None for code that no other process may read."""
    kept = stored(program.code)
    return None if kept is None else marshal.dumps((program.code.co_filename, kept))


def loaded_code(data: bytes) -> CodeType:
    """Code from the process that started this one, which is trusted: bytecode from nobody else is."""
    filename, kept = marshal.loads(data)  # noqa: S302
    return revived(kept, filename)


def forget_compiled() -> None:
    """Drop every compiled program that is kept for its text."""
    _compiled.cache_clear()
    _module.cache_clear()


def shown_filename(code: CodeType) -> str:
    """The file name of a routed code object, as the host gave it."""
    return code.co_filename.partition(_MARK)[0]


def serial_of(code: CodeType) -> str:
    """Which program a routed code object belongs to."""
    return code.co_filename.partition(_MARK)[2]


def explain(program: Program) -> list[tuple[str, list[str]]]:
    """The routed program beside its source: one row per source line, with what came of it."""
    lines = source_lines(program.source)
    rows: list[list[str]] = [[] for _ in lines]
    for line, text in program._rows():
        rows[max(0, min(line - 1, len(lines) - 1))].append(text)
    return list(zip(lines, rows, strict=True))


def _rows(body: list[ast.stmt], indent: int) -> list[tuple[int, str]]:
    out: list[tuple[int, str]] = []
    pad = "    " * indent
    for node in body:
        if isinstance(node, ast.Global) and all(":" in n for n in node.names):
            continue
        for decorator in getattr(node, "decorator_list", []):
            out.append((decorator.lineno, f"{pad}@{ast.unparse(decorator)}"))
        blocks = [
            (name, value)
            for name, value in ast.iter_fields(node)
            if name in ("body", "orelse", "finalbody", "handlers") and isinstance(value, list)
        ]
        if not blocks:
            out.extend((node.lineno, pad + text) for text in ast.unparse(node).splitlines())
            continue
        out.append((node.lineno, pad + _header(node)))
        for name, value in blocks:
            if name == "handlers":
                for handler in value:
                    head = _header(handler)
                    if isinstance(node, ast.TryStar):
                        head = head.replace("except", "except*", 1)
                    out.append((handler.lineno, pad + head))
                    out.extend(_rows(handler.body, indent + 1))
            elif value:
                if name != "body":
                    out.append((value[0].lineno, f"{pad}{_WORDS[name]}:"))
                out.extend(_rows(value, indent + 1))
    return out


_WORDS: Final = {"orelse": "else", "finalbody": "finally"}


def _header(node: ast.AST) -> str:
    shallow = copy.copy(node)
    for name in ("orelse", "finalbody", "handlers", "decorator_list"):
        if hasattr(shallow, name):
            setattr(shallow, name, [])
    if isinstance(shallow, (ast.Try, ast.TryStar)):
        return "try:"
    shallow.body = [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(placed(shallow)).rsplit("\n", 1)[0].strip()
