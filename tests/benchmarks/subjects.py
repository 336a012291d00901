"""Who runs the programs: plain `exec`, this package in three ways, and its peers."""

from __future__ import annotations

import builtins
import copy
import operator
import time
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from capcompiler import Compartment, Imports, Limits

from .program import Benchmark

__all__ = ["OURS", "PEERS", "PLAIN", "Subject", "Unfit"]

#: The default limits, but for the steps, which some programs take more of than ten million.
LIMITS = Limits(steps=10**9)
UNCOUNTED = Limits(steps=None, memory=None)


class Unfit(Exception):
    """A subject cannot run a program; says why."""


@dataclass(slots=True)
class Prepared:
    """A program that a subject has set up. run: `run(n)` of it. world: the compartment it is in."""

    run: Callable[[int], Any]
    world: Compartment | None = None
    close: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class Subject:
    """One way to run programs. clock: what its time is taken with, in seconds; a subject whose work
    is done in another process is given the clock on the wall."""

    name: str
    prepare: Callable[[Benchmark], Prepared]
    clock: Callable[[], float] = time.process_time


def _plain(benchmark: Benchmark) -> Prepared:
    module = types.ModuleType("__main__")
    names = module.__dict__
    names.update(copy.deepcopy(dict(benchmark.data)), **benchmark.functions)
    exec(compile(benchmark.text, "<guest>", "exec", dont_inherit=True), names)
    return Prepared(names["run"])


def _ours(limits: Limits, optimize: bool) -> Callable[[Benchmark], Prepared]:
    def prepare(benchmark: Benchmark) -> Prepared:
        imports = Imports.pure()
        if benchmark.package:
            imports += Imports.package(benchmark.package)
        world = Compartment({**benchmark.data, **benchmark.functions}, imports=imports, limits=limits)
        world.exec(benchmark.text, optimize=optimize)
        return Prepared(lambda n: world.call("run", n), world, world.close)

    return prepare


def _restrictedpython(benchmark: Benchmark) -> Prepared:
    """The setup of its documentation, with every import let in."""
    from RestrictedPython import compile_restricted, limited_builtins, safe_builtins, utility_builtins
    from RestrictedPython.Eval import default_guarded_getitem, default_guarded_getiter
    from RestrictedPython.Guards import (
        full_write_guard,
        guarded_iter_unpack_sequence,
        guarded_unpack_sequence,
        safer_getattr,
    )

    def inplace(op: str, x: Any, y: Any) -> Any:
        return _INPLACE[op](x, y)

    def metaclass(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        made = type(name, bases, namespace)
        made._guarded_writes = True  # type: ignore[attr-defined]
        return made

    allowed = {**safe_builtins, **utility_builtins, **limited_builtins}
    for (
        name
    ) in "all any dict enumerate filter frozenset list map max min reversed set sum super".split():
        allowed[name] = getattr(builtins, name)
    # The limited ones are slower and refuse long ranges; hosts replace them.
    allowed.update(range=range, tuple=tuple, object=object, property=property, staticmethod=staticmethod,
                   classmethod=classmethod, iter=iter, next=next, bytes=bytes, bytearray=bytearray,
                   __import__=__import__)  # fmt: skip
    names = {
        "__builtins__": allowed, "__name__": "restricted", "__metaclass__": metaclass,
        "_getattr_": safer_getattr, "_getitem_": default_guarded_getitem,
        "_getiter_": default_guarded_getiter, "_iter_unpack_sequence_": guarded_iter_unpack_sequence,
        "_unpack_sequence_": guarded_unpack_sequence, "_write_": full_write_guard,
        "_inplacevar_": inplace, "_print_": None,
        **copy.deepcopy(dict(benchmark.data)), **benchmark.functions,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile_restricted(benchmark.text, "<guest>", "exec")
    exec(code, names)
    return Prepared(names["run"])  # type: ignore[arg-type]


_INPLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
    "%=": operator.imod, "**=": operator.ipow, "<<=": operator.ilshift, ">>=": operator.irshift,
    "|=": operator.ior, "^=": operator.ixor, "&=": operator.iand, "//=": operator.ifloordiv,
}  # fmt: skip


def _monty(benchmark: Benchmark) -> Prepared:
    import pydantic_monty

    pool = pydantic_monty.Monty()
    pool.__enter__()
    checkout = pool.checkout()
    session = checkout.__enter__()

    def close() -> None:
        checkout.__exit__(None, None, None)
        pool.__exit__(None, None, None)

    outside: Any = dict(benchmark.functions)
    try:
        session.feed_run(benchmark.text, inputs=dict(benchmark.data), external_lookup=outside)
    except BaseException:
        close()
        raise
    return Prepared(lambda n: session.feed_run(f"run({n})", external_lookup=outside), None, close)


def _starlark(benchmark: Benchmark) -> Prepared:
    import starlark

    dialect = starlark.Dialect.extended()
    dialect.enable_f_strings = True
    dialect.enable_top_level_stmt = True
    module = starlark.Module()
    for name, value in benchmark.data.items():
        module[name] = value
    for name, function in benchmark.functions.items():
        module.add_callable(name, function)
    tree = starlark.parse("guest.star", benchmark.text, dialect)
    starlark.eval(module, tree, starlark.Globals.extended_by([]))
    frozen = module.freeze()
    return Prepared(lambda n: frozen.call("run", n))


def _asteval(benchmark: Benchmark) -> Prepared:
    import asteval

    quiet: Any = open("/dev/null", "w")  # noqa: SIM115
    interpreter = asteval.Interpreter(use_numpy=False, writer=quiet, err_writer=quiet)
    interpreter.symtable.update(copy.deepcopy(dict(benchmark.data)), **benchmark.functions)
    interpreter(benchmark.text, show_errors=False, raise_errors=True)
    run = interpreter.symtable["run"]

    def checked(n: int) -> Any:
        found = run(n)
        if interpreter.error:
            raise Unfit(str(interpreter.error[0].msg))
        return found

    return Prepared(checked, None, quiet.close)


def _jinja(benchmark: Benchmark) -> Prepared:
    if not benchmark.page:
        raise Unfit("no template")
    from jinja2.sandbox import SandboxedEnvironment

    template = SandboxedEnvironment(autoescape=False).from_string(benchmark.page)
    data = dict(benchmark.data)

    def run(n: int) -> str:
        found = ""
        for _ in range(n):
            found = template.render(data)
        return found

    return Prepared(run)


PLAIN = Subject("plain exec", _plain)
OURS = (
    Subject("default Limits", _ours(LIMITS, True)),
    Subject("no steps, no memory", _ours(UNCOUNTED, True)),
    Subject("optimize=False", _ours(LIMITS, False)),
)
PEERS = (
    Subject("RestrictedPython", _restrictedpython),
    Subject("pydantic-monty", _monty, time.perf_counter),
    Subject("starlark-pyo3", _starlark),
    Subject("asteval", _asteval),
    Subject("Jinja2 sandbox", _jinja),
)
