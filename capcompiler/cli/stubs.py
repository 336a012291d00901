"""`capcompiler stubs`: what a guest is granted, as a stub for type checkers and editors.

Stops: text of annotations, names and docstrings that would be more than a declaration. Nothing is
written that was not built here from classes and identifiers; what has no such form is `Any`.
"""

from __future__ import annotations

import builtins as _python
import functools
import importlib
import inspect
import itertools
import keyword
import sys
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import click

from capcompiler.cli.check import write_to
from capcompiler.cli.grants import grant_option
from capcompiler.membrane.arguments import Checker, checker_of, function_of
from capcompiler.membrane.capability import Capability, interface_of, is_host_function

__all__ = ["stub_text", "stubs"]

_HEAD: Final = """\
# What a guest is granted, by `capcompiler stubs`. Not to be edited; make it anew.
import builtins as _b
import datetime as _datetime
import decimal as _decimal
import fractions as _fractions
import typing as _t
"""
_ANYTHING: Final = "(*args: _t.Any, **kwargs: _t.Any) -> _t.Any: ..."
#: How a guest's own builtins are declared that are no functions of anything.
_DECLARED: Final = {
    "Capability": """\
class Capability:
    def __init_subclass__(
        cls, *, special: _t.Any = ..., read: _t.Any = ..., write: _t.Any = ..., reads: _t.Any = ...
    ) -> None: ...""",
    "Limits": """\
def Limits(
    steps: _b.int | None = ..., *, memory: _b.int | None = ..., output: _b.int | None = ...,
    depth: _b.int | None = ...,
) -> _t.Any: ...""",
}
_CLASSES: Final[tuple[type, ...]] = (
    bool, int, float, complex, str, bytes, bytearray, range, object, list, tuple, dict, set, frozenset,
)  # fmt: skip
_PLAIN: Final[dict[Any, str]] = {
    **{k: f"_b.{k.__name__}" for k in _CLASSES},
    **{k: f"_datetime.{k.__name__}" for k in (date, time, datetime, timedelta, timezone)},
    Decimal: "_decimal.Decimal",
    Fraction: "_fractions.Fraction",
    type(None): "None",
    None: "None",
}
#: What the head binds: everything is named through these, so that neither a grant nor a method that is
#: named `list` or `Any` changes what a type means.
_TAKEN: Final = frozenset("_b _datetime _decimal _fractions _t".split())
_DEEPEST: Final = 4
_MOST_CLASSES: Final = 200


@click.command(
    short_help="Write stubs of what is granted, for type checkers and editors.",
    epilog="""\b
Examples:
  capcompiler stubs --grant fs=dir:data --output typings/granted.pyi
  capcompiler stubs --grants grants.toml --builtins --output __builtins__.pyi
  capcompiler stubs --of stock=shop.offers:Stock --output typings/granted.pyi

\b
In the plugin, where it is checked as a module of its own (MYPYPATH=typings mypy main.py):
  from typing import TYPE_CHECKING
  if TYPE_CHECKING:
      from granted import fs
""",
)
@grant_option
@click.option(
    "--of",
    "own",
    multiple=True,
    metavar="NAME=MODULE:OBJECT",
    help="What a host of yours grants: a class of capabilities, a capability, a function or data. The "
    "module is imported, from this directory too, and runs as any of yours does.",
)
@click.option("--builtins", is_flag=True, help="As names that are there without an import (pyright).")
@click.option("--output", type=click.Path(), help="Write to this file instead of stdout.")
def stubs(caps: dict[str, Any], own: tuple[str, ...], builtins: bool, output: str | None) -> None:
    """Write a stub (.pyi) that declares what a guest is granted: names, methods, parameters, types.

    mypy reads it as a module that the plugin imports while it is checked; pyright takes a file
    __builtins__.pyi beside the plugin, with --builtins.
    """
    caps = {**caps, **dict(map(_own, own))}
    write_to(stub_text(caps, builtins=builtins).rstrip("\n"), output)


def _own(spec: str) -> tuple[str, Any]:
    """A name, and what a host of the user's grants under it."""
    name, equals, place = spec.partition("=")
    module, colon, attribute = place.partition(":")
    if not (equals and colon and _is_name(name) and attribute):
        raise click.BadParameter(f"wanted NAME=MODULE:OBJECT, got {spec!r}", param_hint="--of")
    sys.path.insert(0, "")
    try:
        found = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    except Exception as error:
        text = f"{place}: {type(error).__name__}: {error}"
        raise click.BadParameter(text, param_hint="--of") from error
    finally:
        sys.path.remove("")
    if isinstance(found, type) and issubclass(found, Capability):
        return name, found.__new__(found)  # what it declares is asked, and nothing is made of it
    return name, found


def stub_text(caps: Mapping[str, Any], *, builtins: bool = False) -> str:
    """The stub of what a guest is granted under these names.

    builtins: whether the builtins of guests that no other Python has are declared too.
    """
    writer = _Writer(frozenset(caps))
    named = [name for name in caps if _is_name(name) and name not in _TAKEN]
    declared = [f"{name}: {writer.of(name, caps[name])}" for name in named]
    extra = _of_guests(frozenset(caps).union(writer.names)) if builtins else []
    return "\n".join([_HEAD, *writer.classes, *declared, *extra, ""])


def _of_guests(taken: frozenset[str]) -> list[str]:
    """What declares the builtins of guests that no other Python has, but for names that are taken."""
    from capcompiler.nesting import ERRORS, MAKERS

    own = [n for n in MAKERS if not hasattr(_python, n) and not n.startswith("_") and n not in taken]
    errors = {kind.__name__ for kind in ERRORS}
    return [
        f"class {n}(_b.Exception): ..." if n in errors else _DECLARED.get(n, f"def {n}{_ANYTHING}")
        for n in own
    ]


def _is_name(name: object) -> bool:
    return type(name) is str and name.isidentifier() and not keyword.iskeyword(name)


class _Writer:
    """The classes of one stub, in the order in which they were met."""

    def __init__(self, names: frozenset[str]) -> None:
        self.classes: list[str] = []
        self.names: set[str] = set(names | _TAKEN)
        self._known: dict[Any, str] = {}

    def of(self, name: str, value: Any) -> str:
        """The type of a granted value."""
        if not (isinstance(value, Capability) or is_host_function(value)):
            return self._data(value, 0)
        interface = interface_of(value)
        return self._class(
            name.title().replace("_", ""), id(value),
            {n: checker_of(m) for n, m in interface.methods.items()},
            {n: function_of(m) for n, m in interface.methods.items()},
            interface.read, interface.write, _state_hints(type(value)),
        )  # fmt: skip

    def _data(self, value: Any, depth: int) -> str:
        kind = type(value)
        if kind in (list, set, frozenset) and depth < _DEEPEST:
            return f"_b.{kind.__name__}[{self._all(value, depth)}]"
        if kind is dict and depth < _DEEPEST:
            return f"_b.dict[{self._all(value, depth)}, {self._all(value.values(), depth)}]"
        if kind is tuple and depth < _DEEPEST and len(value) <= 20:
            return f"_b.tuple[{', '.join(self._data(x, depth + 1) for x in value) or '()'}]"
        if isinstance(value, Capability) or is_host_function(value):
            return "_t.Any"
        return self.hint(kind, 0)

    def _all(self, values: Any, depth: int) -> str:
        """The one type of some values, looked at as far as is quick."""
        kinds = {self._data(x, depth + 1) for x in itertools.islice(values, 20)}
        return kinds.pop() if len(kinds) == 1 else "_t.Any"

    def _class(
        self, wanted: str, key: Any, methods: Mapping[str, Checker | None], functions: Mapping[str, Any],
        read: frozenset[str], write: frozenset[str], state: Mapping[str, Any],
    ) -> str:  # fmt: skip
        known = self._known.get(key)
        if known is not None:
            return known
        if len(self._known) >= _MOST_CLASSES:
            return "_t.Any"
        name = self._free(wanted)
        self._known[key] = name
        lines = [f"class {name}:"]
        place = len(self.classes)
        for method in sorted(methods):
            if _is_name(method) and method not in _TAKEN:  # its class would mean another thing by it
                lines += self._method(method, methods[method], functions.get(method))
        for attribute in sorted(read | write):
            if not _is_name(attribute) or attribute in _TAKEN:
                continue
            kind = self.hint(state.get(attribute, Any), 0)
            if attribute in write and attribute in read:
                lines.append(f"    {attribute}: {kind}")
                continue
            lines += ["    @_b.property", f"    def {attribute}(self) -> {kind}: ..."]
            if attribute in write:
                setter = f"    def {attribute}(self, value: {kind}) -> None: ..."
                lines += [f"    @{attribute}.setter", setter]
        if len(lines) == 1:
            lines.append("    ...")
        self.classes.insert(place, "\n".join(lines) + "\n")
        return name

    def _free(self, wanted: str) -> str:
        name = wanted if _is_name(wanted) else "Granted"
        number = 2
        while name in self.names:
            name = f"{wanted if _is_name(wanted) else 'Granted'}{number}"
            number += 1
        self.names.add(name)
        return name

    def _method(self, name: str, checker: Checker | None, function: Any) -> list[str]:
        if checker is None:
            return [f"    def {name}(self, *args: _t.Any, **kwargs: _t.Any) -> _t.Any: ..."]
        parameters = checker.parameters[checker.skipped :]
        text = self._parameters(parameters, checker.hints)
        given = self.hint(checker.given, 0)
        if inspect.iscoroutinefunction(function):
            head = f"    async def {name}({text}) -> {given}:"
        else:
            head = f"    def {name}({text}) -> {given}:"
        doc = getattr(function, "__doc__", None)
        if not isinstance(doc, str) or not doc.strip():
            return [f"{head} ..."]
        # `ascii` of a text is a literal of it, whatever is in it.
        return [head, f"        {' '.join(doc.split())[:500]!a}"]

    def _parameters(self, parameters: list[inspect.Parameter], hints: Mapping[str, Any]) -> str:
        shown = ["self"]
        slash = star = False
        for parameter in parameters:
            if not _is_name(parameter.name):
                return "self, *args: _t.Any, **kwargs: _t.Any"
            kind = self.hint(hints.get(parameter.name, Any), 0)
            if slash and parameter.kind is not parameter.POSITIONAL_ONLY:
                shown.append("/")
                slash = False
            if parameter.kind is parameter.POSITIONAL_ONLY:
                slash = True
            if parameter.kind is parameter.VAR_POSITIONAL:
                star = True
                shown.append(f"*{parameter.name}: {kind}")
                continue
            if parameter.kind is parameter.VAR_KEYWORD:
                shown.append(f"**{parameter.name}: {kind}")
                continue
            if parameter.kind is parameter.KEYWORD_ONLY and not star:
                shown.append("*")
                star = True
            default = "" if parameter.default is parameter.empty else " = ..."
            shown.append(f"{parameter.name}: {kind}{default}")
        return ", ".join([*shown, *(["/"] if slash else [])])

    def hint(self, hint: Any, depth: int) -> str:
        """An annotation, from what it is made of; `Any` for what the stub has no name for."""
        if depth > _DEEPEST:
            return "_t.Any"
        try:
            if hint in _PLAIN:
                return _PLAIN[hint]
        except TypeError:  # not hashable
            return "_t.Any"
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self.hint(arguments[0], depth + 1)
        if origin in (typing.Union, types.UnionType):
            return " | ".join(dict.fromkeys(self.hint(a, depth + 1) for a in arguments))
        if origin is typing.Literal:
            plain = all(type(a) in (str, int, bool, bytes, type(None)) for a in arguments)
            return f"_t.Literal[{', '.join(map(ascii, arguments))}]" if plain else "_t.Any"
        if origin is Callable or hint in (Callable, typing.Callable):
            return "_t.Callable[..., _t.Any]"
        if origin in (list, set, frozenset, dict, tuple):
            inner = ["..." if a is ... else self.hint(a, depth + 1) for a in arguments]
            return f"_b.{origin.__name__}[{', '.join(inner)}]"
        if not isinstance(hint, type):
            return "_t.Any"
        if issubclass(hint, Capability) and hint is not Capability:
            return self._of_class(hint)
        return "_t.Any"

    def _of_class(self, kind: type[Capability]) -> str:
        from capcompiler.membrane.capability import _public_methods

        special, read, write, _reads = kind._cap_offers
        methods: dict[str, Checker | None] = {}
        functions: dict[str, Any] = {}
        for name in (*_public_methods(kind), *special):  # type: ignore[arg-type]
            found = inspect.getattr_static(kind, name, None)
            bound = isinstance(found, (staticmethod, classmethod))
            function = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
            checker = checker_of(function)
            if checker is not None and (not bound or isinstance(found, classmethod)):
                checker = Checker(checker.signature, dict(checker.hints) | {"return": checker.given}, 1)
            methods[name], functions[name] = checker, function
        return self._class(kind.__name__, kind, methods, functions, read, write, _state_hints(kind))


def _state_hints(kind: type) -> dict[str, Any]:
    """The annotated types of attributes and properties of a class."""
    found: dict[str, Any] = {}
    try:
        found.update(typing.get_type_hints(kind))
    except Exception:  # noqa: S110 - annotations that cannot be evaluated say nothing
        pass
    for k in kind.__mro__:
        for name, value in vars(k).items():
            if isinstance(value, property) and name not in found and value.fget is not None:
                try:
                    found[name] = typing.get_type_hints(value.fget).get("return", Any)
                except Exception:  # noqa: S112 - as above
                    continue
    return found
