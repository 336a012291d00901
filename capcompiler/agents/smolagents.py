"""A `PythonExecutor` for smolagents: what a `CodeAgent` writes runs as a guest.

    agent = CodeAgent(tools=[search], model=model, executor=CapExecutor())

Tools are capabilities: the code can call them, with data, and sees nothing else of them. What a tool
gives that is no data, such as an image, reaches the code as a token, which it can hand to other tools
and to `final_answer`.

Stops: code that steps out of smolagents' own local executor by attributes, modules or classes (see
docs/reference/peers.md), `except BaseException` around `final_answer`, and texts that act on the
terminal which an agent prints them on.
"""

from __future__ import annotations

import ast
import keyword
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from capcompiler.extras import needs_extra

try:
    from smolagents.local_python_executor import CodeOutput, InterpreterError, PythonExecutor
except ImportError as error:
    raise ImportError(needs_extra(__name__, "smolagents", error.name or "")) from error

from capcompiler.agents.session import MOST_CODE, shown_in, unfenced
from capcompiler.agents.wording import bounded, for_model
from capcompiler.cli.present import items_of
from capcompiler.compartment import Compartment, Isolation
from capcompiler.declared import declared
from capcompiler.errors import CapError, DialectError, LimitExceeded
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.arguments import checker_of, function_of
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.data import Copier, CrossingError
from capcompiler.membrane.exceptions import harmless, printable
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.membrane import Use
from capcompiler.membrane.record import fields_of
from capcompiler.names import bound_names

__all__ = ["CapExecutor", "Refused", "ShownText", "Token"]

DEFAULT_OUTPUT: Final = 50_000
DEFAULT_SECONDS: Final = 30.0
#: What smolagents' own executor has as builtins beside Python's.
_MATHS: Final = "ceil floor log exp sin cos tan asin acos atan atan2 degrees radians sqrt"
_FINAL: Final = "final_answer"
#: Of a value that an agent prints: sixty levels of `x = (x, x)` are a small object and an endless text.
_MOST_PLACES: Final = 5_000_000


class Refused(InterpreterError):  # type: ignore[misc]  # the library has no types
    """The code did not run to its end. The text is for the model: what was wrong, what to write instead,
    what is granted. error: the `CapError` behind it."""

    def __init__(self, text: str, error: CapError) -> None:
        super().__init__(text)
        self.error = error


class ShownText(str):
    """A text of the code's with something in it that a terminal acts on. It is that text, and equal to
    it; `str` of it, which is what agents print, has escapes in place of what acts."""

    __slots__ = ()

    def __str__(self) -> str:
        return harmless(printable(str.__str__(self)))


class Token(Capability):
    """What a tool gave that is no data: code can hand it on, and nothing else."""

    def __init__(self, value: Any) -> None:
        self._value = value


class CapExecutor(PythonExecutor):  # type: ignore[misc]
    """Runs the code of an agent as a guest that is granted its tools and variables.

    additional_authorized_imports: modules beside `Imports.pure()`; each must be a pure Python package
    that is installed, or be offered by `imports`. caps: more that is granted, by name.
    additional_functions: the host's functions, granted like tools. timeout_seconds: of one run of code.
    limits: other bounds, in place of that; isolation, on_use: as of `Compartment`.
    Raises `InterpreterError` for a module that cannot be offered.
    """

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        max_print_outputs_length: int | None = None,
        additional_functions: Mapping[str, Callable[..., Any]] | None = None,
        timeout_seconds: float | None = DEFAULT_SECONDS,
        *,
        caps: Mapping[str, Any] | None = None,
        imports: Imports | None = None,
        limits: Limits | None = None,
        isolation: Isolation = "inline",
        on_use: Callable[[Use], None] | None = None,
    ) -> None:
        self.imports = _with(imports if imports is not None else Imports.pure(), caps or {},
                             additional_authorized_imports)  # fmt: skip
        self.max_print_outputs_length = max_print_outputs_length or DEFAULT_OUTPUT
        seconds = None if timeout_seconds is None else float(timeout_seconds)
        self.caps: dict[str, Any] = {}
        self.state: dict[str, Any] = {"_print_outputs": "", "__name__": "__main__"}
        self._answer: tuple[Any] | None = None
        self._tools: dict[str, Any] = {}
        self.compartment = Compartment(
            imports=self.imports, limits=limits if limits is not None else Limits(seconds=seconds),
            isolation=isolation, on_use=on_use,
        )  # fmt: skip
        self.compartment.exec(f"from math import {', '.join(_MATHS.split())}")
        for name, cap in (caps or {}).items():
            self._grant(name, declared(cap))
        self.send_tools(dict(additional_functions or {}))

    # What an agent calls

    def send_tools(self, tools: Mapping[str, Any]) -> None:
        """Grant tools and agents, by their names."""
        for name, tool in tools.items():
            if self._tools.get(name) is not tool:
                self._grant(name, _Tool(tool, self._final if name == _FINAL else None))
                self._tools[name] = tool

    def send_variables(self, variables: Mapping[str, Any]) -> None:
        """Grant data. What is no data becomes a token, which code can hand to tools. Names that code
        cannot write are left out of its world."""
        for name, value in variables.items():
            if name.startswith("_"):
                continue
            self.state[name] = value
            if not name.isidentifier() or keyword.iskeyword(name):
                continue
            given = _outward(value)
            self.compartment.grant(name, given)

    def __call__(self, code_action: str) -> CodeOutput:
        """Run a piece of code. Raises `Refused`, whose text is for the model."""
        code = unfenced(code_action)
        self.state["_print_outputs"] = ""
        self._answer = None
        try:
            self._check(code)
            names = self.compartment.exec(_with_value(code), filename="<code>")
            value = names.value
        except CapError as error:
            self._printed(getattr(error, "output", ""))
            if self._answer is not None:
                return CodeOutput(_shown(self._answer[0]), self.state["_print_outputs"], True)
            raise Refused(_said(error, self.caps, self.imports), error) from None
        self._printed(names.output)
        # An agent shows its text to the model, and does nothing else with it.
        if _is_for_print(value):
            value = _inward(value)
        else:
            value = bounded(shown_in(self.compartment, value), self.max_print_outputs_length)
        return CodeOutput(_shown(value), self.state["_print_outputs"], False)

    def cleanup(self) -> None:
        """End the world that the code ran in."""
        self.compartment.close()

    # Inside

    def _grant(self, name: str, cap: Any) -> None:
        self.compartment.grant(name, cap)
        self.caps[name] = cap

    def _printed(self, output: str) -> None:
        self.state["_print_outputs"] = bounded(output, self.max_print_outputs_length)

    def _final(self, answer: Any) -> None:
        """The agent is done: the code ends here, whatever it catches."""
        if _places(answer) > _MOST_PLACES:
            raise ValueError(
                f"{_FINAL}: the text of this answer has no end, since parts of it are shared; give less"
            )
        self._answer = (answer,)
        self.compartment.cancel("the final answer was given")

    def _check(self, code: str) -> None:
        if len(code) > MOST_CODE:
            raise CapError(f"code of {len(code):,} characters; at most {MOST_CODE:,} are taken")
        for name, line in _bound(code):
            if name in self._tools:
                raise CapError(
                    f"line {line}: Cannot assign to name '{name}': doing this would erase the existing "
                    f"tool! Use another name."
                )


class _Tool(Capability):
    """A tool as code may call it."""

    def __init__(self, tool: Any, final: Callable[[Any], None] | None) -> None:
        self._tool = tool
        self._final = final

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inward = [_inward(a) for a in args]
        try:
            result = self._tool(*inward, **{n: _inward(a) for n, a in kwargs.items()})
        except Exception as error:
            # A tool's errors are written for the model to read.
            raise _nearest(error)(str(error)[:2000]) from None
        if self._final is not None:
            self._final(result)
            return None
        return _outward(result)

    def _cap_described(self) -> str:
        """How it is called, and what it is for, in the errors that a model reads."""
        said = getattr(self._tool, "description", None) or function_of(self._tool).__doc__
        text = " ".join(said.split())[:200] if isinstance(said, str) else ""
        return _described(self._tool) + (f"  # {text}" if text else "")


def _nearest(error: Exception) -> type[Exception]:
    from capcompiler.membrane.exceptions import nearest_builtin

    kind = nearest_builtin(type(error))
    fits = issubclass(kind, Exception) and kind in (
        ValueError, TypeError, KeyError, IndexError, LookupError, RuntimeError, OSError, TimeoutError,
        ConnectionError, FileNotFoundError, PermissionError, ArithmeticError, AssertionError,
        NotImplementedError,
    )  # fmt: skip
    return kind if fits else RuntimeError  # type: ignore[return-value]


def _described(tool: Any) -> str:
    """How a tool is called, by what smolagents knows of it."""
    inputs = getattr(tool, "inputs", None)
    if not isinstance(inputs, dict):
        checker = checker_of(tool)
        return "(...)" if checker is None else checker.described()
    shown = ", ".join(
        f"{n}: {i.get('type', 'any')}" if isinstance(i, dict) else str(n) for n, i in inputs.items()
    )
    return f"({shown}) -> {getattr(tool, 'output_type', 'any')}"


def _outward(value: Any) -> Any:
    """A host's value for the code: data is copied, all else becomes a token."""

    def leaf(found: Any, where: str) -> Any:
        if isinstance(found, (Capability, Handle)):
            return found
        return Token(found)

    return Copier(leaf, _free).copy(value)


def _inward(value: Any) -> Any:
    """What code hands to a tool: tokens are what they stand for."""

    def leaf(found: Any, where: str) -> Any:
        return found._value if type(found) is Token else found

    try:
        return Copier(leaf, _free).copy(value)
    except CrossingError:
        return value


def _is_for_print(value: Any) -> bool:
    """Whether `str` of a value, which is what an agent prints, is bounded work and says no more than its
    data, and what a tool gave."""
    own = True

    def leaf(found: Any, where: str) -> Any:
        nonlocal own
        own = own and type(found) is Token
        return None

    copied = Copier(leaf, _free, fields_of).copy(value)
    return own and _places(copied) <= _MOST_PLACES


def _places(value: Any) -> int:
    """How many places the text of a value has: of shared parts, each time that they are in it."""
    known: dict[int, int] = {}

    def places(found: Any) -> int:
        items = items_of(found)
        if items is None:
            return 1
        if (count := known.get(id(found))) is None:
            known[id(found)] = 1  # where it is in itself, `repr` writes dots
            count = known[id(found)] = 1 + sum(map(places, items))
        return count

    return places(value)


def _shown(value: Any) -> Any:
    """A value as an agent may print it: of other data `repr` is printed, which escapes by itself."""
    if type(value) is not str or harmless(printable(value)) == value:
        return value
    return ShownText(value)


def _free(_count: int) -> None:
    """The membrane is paid when it copies for the code."""


def _with(imports: Imports, caps: Mapping[str, Any], wanted: Iterable[str]) -> Imports:
    """The imports with the modules that were authorised."""
    wanted = list(wanted)
    known = imports.names if wanted else frozenset[str]()
    for module in wanted:
        if module == "*":
            continue  # what is pure is there already; no star brings authority
        top = module.removesuffix(".*").partition(".")[0]
        if top in known or top in caps:
            continue
        try:
            imports = Imports.package(top) + imports
        except ImportError:
            raise InterpreterError(
                f"{module} cannot be offered to code that is not trusted: it is not installed, or is no "
                f"package of pure Python. Grant what is needed of it as a function: "
                f"CapExecutor(caps={{{top!r}: expose(module, 'name', ...)}}), or as a tool"
            ) from None
    return imports


def _said(error: CapError, caps: Mapping[str, Any], imports: Imports) -> str:
    if isinstance(error, (DialectError, LimitExceeded)) or type(error) is not CapError:
        modules = [n for n in imports.names if not n.startswith("_")]
        return for_model(error, caps, modules)
    return str(error)


def _parsed(code: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # the compiler says what is wrong


def _bound(code: str) -> Iterable[tuple[str, int]]:
    """Names that the code binds at its top level, with their lines."""
    tree = _parsed(code)
    if tree is None:
        return
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        for name in bound_names(node):
            yield name, getattr(node, "lineno", 1)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)


def _with_value(code: str) -> str:
    """The code, ending in the value that it gave last, where it ends in an assignment to names or in a
    definition: that is what an agent is shown."""
    tree = _parsed(code)
    shown = _value_of(tree.body[-1]) if tree is not None and tree.body else ""
    return f"{code}\n{shown}" if shown else code


def _value_of(last: ast.stmt) -> str:
    """An expression for the value that a statement gave, which runs no code of the guest's."""
    if isinstance(last, ast.Assign):
        return _target(last.targets[-1])
    if isinstance(last, (ast.AugAssign, ast.AnnAssign)):
        return _target(last.target) if last.value is not None else ""
    if isinstance(last, (ast.FunctionDef, ast.ClassDef)):
        return last.name
    if isinstance(last, (ast.If, ast.For, ast.While, ast.With)):
        # Whichever branch was taken, if it was: where all of them end in the same name.
        names = {name for body in _bodies(last) for name in [_name_of(body[-1])]}
        if len(names) == 1 and (name := names.pop()):
            return f"globals().get({name!r})"
    return ""


def _bodies(node: ast.If | ast.For | ast.While | ast.With) -> list[list[ast.stmt]]:
    found = [node.body]
    rest = getattr(node, "orelse", [])
    if len(rest) == 1 and isinstance(rest[0], ast.If):
        found += _bodies(rest[0])
    elif rest:
        found.append(rest)
    return found


def _name_of(last: ast.stmt) -> str:
    """The one name that a statement sets or shows, "" where there is none."""
    if isinstance(last, ast.Expr):
        return _target(last.value) if isinstance(last.value, ast.Name) else ""
    if isinstance(last, (ast.If, ast.For, ast.While, ast.With)):
        names = {_name_of(body[-1]) for body in _bodies(last)}
        return names.pop() if len(names) == 1 else ""
    found = _value_of(last)
    return found if found.isidentifier() else ""


def _target(node: ast.expr) -> str:
    """An assignment's target, as an expression that runs no code of the guest's."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, (ast.Tuple, ast.List)):
        parts = [_target(e) for e in node.elts]
        return f"({', '.join(parts)},)" if all(parts) else ""
    return ""
