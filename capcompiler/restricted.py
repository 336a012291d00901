"""The functions of RestrictedPython's that hosts call, with this package behind them.

    from capcompiler.restricted import compile_restricted
    code = compile_restricted(source, "<inline>", "exec")
    exec(code, {"__builtins__": safe_builtins, "price": price}, names)

What is given back is a code object, so that a host's `exec` and `eval` go on as they are. It holds none
of the program: all it does is call this module, which runs the program in a compartment, hands in what
the host's dictionary holds, and puts in what the program bound. Guards in the dictionary are not called:
nothing of the host's gets in raw, so there is nothing for them to guard.

Stops: a guest that runs by the host's plain `exec`; a policy or a source of another kind that would be
passed over in silence.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
import warnings
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from types import CodeType, ModuleType
from typing import Any, Final, Literal, NamedTuple

from RestrictedPython.Guards import safe_builtins
from RestrictedPython.transformer import RestrictingNodeTransformer
from RestrictedPython.Utilities import utility_builtins

from capcompiler.compartment import Compartment
from capcompiler.errors import DialectError, GuestError
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.handle import Handle, owner_of
from capcompiler.program import Program, cap_compile

__all__ = [
    "CompileResult",
    "compile_restricted",
    "compile_restricted_eval",
    "compile_restricted_exec",
    "compile_restricted_function",
]

Mode = Literal["exec", "eval"]
#: Where a namespace keeps the compartment of the programs that ran in it.
WORLD: Final = "_capcompiler_world_"
_CHANGING: Final = frozenset({dict, list, set})
_PLACE: Final = 0.5  # a constant of the code that calls us, and where our function is put


class CompileResult(NamedTuple):
    """As RestrictedPython's. errors: one text for each violation."""

    code: CodeType | None
    errors: tuple[str, ...]
    warnings: Sequence[str]
    used_names: Mapping[str, bool]


class _Run:
    """What the code of one program calls."""

    def __init__(
        self, program: Program, limits: Limits | None, imports: Imports | None,
        grant: Callable[[str, Any], Any] | None,
    ) -> None:  # fmt: skip
        self.program = program
        self.limits = limits
        self.imports = imports
        self.grant = grant

    def __call__(self) -> Any:
        caller = sys._getframe(1)
        given: dict[str, Any] = caller.f_globals
        names: Any = caller.f_locals
        del caller  # a frame holds all that its callers hold
        world = _world_of(names, self.limits, self.imports)
        handed = {n: given for n in _hand_in(world, given, self.grant)}
        if names is not given:
            handed |= dict.fromkeys(_hand_in(world, names, self.grant), names)
        problem: BaseException | None = None
        try:
            if self.program.mode == "eval":
                return world.eval(self.program)
            world.exec(self.program)
        except GuestError as error:
            problem = _as_python(error)
        # What was bound before an error is there too, as after Python's own `exec`.
        made = world._namespace(None)
        for name in made:
            names[name] = made[name]
        # What it did to a list or dict of the host's is there too, in the dictionary that had it.
        for name in handed.keys() - set(made):
            handed[name][name] = world._membrane.give(world._globals[name])
        if "_print_" in given or "_print_" in names:
            output = made.output
            names["_print"] = lambda: output
        if problem is not None:
            raise problem
        return None


def _world_of(names: MutableMapping[str, Any], limits: Any, imports: Any) -> Compartment:
    """The compartment of a namespace: programs that run in one see what the others left there."""
    found = names.get(WORLD)
    if isinstance(found, Compartment):
        return found
    made = names[WORLD] = Compartment(limits=limits, imports=imports)
    return made


def _hand_in(
    world: Compartment, names: Mapping[str, Any], grant: Callable[[str, Any], Any] | None
) -> list[str]:
    """Hand in what a host's dictionary holds, and give the names of what a program can change of it.
    Raises `CapabilityError` for an object that is neither data nor a capability, as every grant does."""
    changing: list[str] = []
    allowed = names.get("__builtins__")
    added = _added(vars(allowed) if isinstance(allowed, ModuleType) else allowed or {})
    for name, value in {**added, **names}.items():
        if not isinstance(name, str) or name.startswith("_"):
            continue  # the interpreter's, and RestrictedPython's guards
        if isinstance(value, Handle) and owner_of(value) is world:
            continue  # it came from there
        if isinstance(value, ModuleType):
            _import(world, name, value)
        elif value is utility_builtins.get(name) and Imports.pure().find(name) is not None:
            world.exec(f"import {name}")  # a stand-in of RestrictedPython's for a module
        elif getattr(builtins, name, None) is not value:
            given = value if grant is None else grant(name, value)
            world.grant(name, given)
            if name in names and given is value and type(value) in _CHANGING:
                changing.append(name)
    return changing


def _added(allowed: Any) -> dict[str, Any]:
    """What a host put into `__builtins__` beside Python's own and RestrictedPython's. A builtin under a
    name that is none is an addition of the host's."""
    theirs = [v for n, v in safe_builtins.items() if getattr(builtins, n, None) is not v]
    return {
        name: value for name, value in allowed.items()
        if getattr(builtins, name, None) is not value and not any(value is known for known in theirs)
        and not (hasattr(builtins, name) and any(value is known for known in safe_builtins.values()))
    }  # fmt: skip


def _import(world: Compartment, name: str, module: ModuleType) -> None:
    """A module of the host's, such as `math` of `utility_builtins`: the guest's own of that name."""
    if Imports.pure().find(module.__name__) is None:
        world.grant(name, module)  # which refuses it, and says so
    world.exec(f"import {module.__name__} as {name}")


def _as_python(error: GuestError) -> BaseException:
    """The exception that the program raised, as the host's own code expects it. What would end the host
    stays an error of the guest's."""
    raised = error.exception
    if isinstance(raised, Exception) and not isinstance(error, DialectError):
        raised.__cause__ = error
        return raised
    return error


def _code_that_calls(run: _Run, filename: str, mode: Mode) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # a number is called, as it reads
        code = compile(f"({_PLACE})()", filename, mode, dont_inherit=True)
    consts = tuple(run if c == _PLACE else c for c in code.co_consts)
    return code.replace(co_consts=consts)


def _compiled(
    source: Any, filename: Any, mode: Mode, flags: int, policy: Any, limits: Limits | None,
    imports: Imports | None, grant: Callable[[str, Any], Any] | None,
) -> CompileResult:  # fmt: skip
    if policy is not RestrictingNodeTransformer:
        raise TypeError(
            "a policy of your own is not run here: say by grants what objects offer, or stay with "
            "RestrictedPython"
        )
    if flags:
        raise TypeError("flags: write the `from __future__ import` into the source")
    if isinstance(source, ast.AST):
        source = ast.unparse(source)
    name = os.fsdecode(filename)
    try:
        program = cap_compile(source, mode=mode, filename=name)
    except DialectError as error:
        return CompileResult(None, tuple(map(str, error.violations)), (), {})
    run = _Run(program, limits, imports, grant)
    return CompileResult(
        _code_that_calls(run, name, mode), (), (), dict.fromkeys(sorted(program.names), True)
    )


def compile_restricted_exec(
    source: Any, filename: Any = "<string>", flags: int = 0, dont_inherit: bool = False,
    policy: Any = RestrictingNodeTransformer, *, limits: Limits | None = None,
    imports: Imports | None = None, grant: Callable[[str, Any], Any] | None = None,
) -> CompileResult:  # fmt: skip
    """Statements. limits, imports: as for a `Compartment`. grant: makes of an object of the host's
    dictionary, by its name, what is handed in: `expose(...)`, data or a capability."""
    return _compiled(source, filename, "exec", flags, policy, limits, imports, grant)


def compile_restricted_eval(
    source: Any, filename: Any = "<string>", flags: int = 0, dont_inherit: bool = False,
    policy: Any = RestrictingNodeTransformer, *, limits: Limits | None = None,
    imports: Imports | None = None, grant: Callable[[str, Any], Any] | None = None,
) -> CompileResult:  # fmt: skip
    """One expression."""
    return _compiled(source, filename, "eval", flags, policy, limits, imports, grant)


def compile_restricted_function(
    p: str, body: Any, name: str, filename: Any = "<string>", globalize: Sequence[str] | None = None,
    flags: int = 0, dont_inherit: bool = False, policy: Any = RestrictingNodeTransformer, *,
    limits: Limits | None = None, imports: Imports | None = None,
    grant: Callable[[str, Any], Any] | None = None,
) -> CompileResult:  # fmt: skip
    """A function `name` of the parameters `p` and the statements `body`."""
    try:
        statements = body.body if isinstance(body, ast.Module) else ast.parse(body).body
        tree = ast.parse(f"def masked({p}): pass")
        function = tree.body[0]
        if len(tree.body) != 1 or not isinstance(function, ast.FunctionDef) or not name.isidentifier():
            raise SyntaxError("the parameters are not those of one function")
    except SyntaxError as error:
        return CompileResult(None, (f"Line {error.lineno}: SyntaxError: {error.msg}",), (), {})
    function.name = name
    function.body = [*([ast.Global(list(globalize))] if globalize else []), *statements]
    text = ast.unparse(ast.fix_missing_locations(tree))
    return _compiled(text, filename, "exec", flags, policy, limits, imports, grant)


def compile_restricted(
    source: Any, filename: Any = "<unknown>", mode: str = "exec", flags: int = 0,
    dont_inherit: bool = False, policy: Any = RestrictingNodeTransformer, *,
    limits: Limits | None = None, imports: Imports | None = None,
    grant: Callable[[str, Any], Any] | None = None,
) -> CodeType:  # fmt: skip
    """Code for the host's `exec` or `eval`. Raises SyntaxError with all violations.

    mode: "exec" or "eval"; there is no "single".
    """
    if mode not in ("exec", "eval"):
        raise TypeError(f"mode: wanted 'exec' or 'eval', got {mode!r}")
    chosen: Mode = "eval" if mode == "eval" else "exec"
    result = _compiled(source, filename, chosen, flags, policy, limits, imports, grant)
    if result.code is None:
        raise SyntaxError(result.errors)
    return result.code
