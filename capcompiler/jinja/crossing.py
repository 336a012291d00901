"""What a host hands to its templates, made ready for the membrane, and what comes back made the host's.

The membrane copies plain data and knows nothing of Jinja2. Here safe text, undefined values and
functions that want a context become records, and other objects are refused or become views.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timezone
from fractions import Fraction
from inspect import isawaitable
from types import FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from jinja2.exceptions import SecurityError, TemplateError, TemplateRuntimeError, UndefinedError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Undefined
from jinja2.utils import _PassArg
from markupsafe import Markup

from capcompiler.errors import CapabilityError
from capcompiler.jinja.records import (
    AsyncItems,
    ContextValue,
    HostFunction,
    Items,
    Raised,
    Refused,
    SafeText,
    TemplateValue,
    UndefinedValue,
)
from capcompiler.jinja.template import CapTemplate, Macro, TemplateExports
from capcompiler.jinja.undefined import HostUndefined, operations_of
from capcompiler.jinja.undefined import record_of as record_of_undefined
from capcompiler.jinja.view import View
from capcompiler.membrane.capability import Capability, is_host_function
from capcompiler.membrane.data import ATOMS, PLAIN, Rows, are_rows, base_of
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.membrane import with_article
from capcompiler.membrane.record import record_of

if TYPE_CHECKING:
    from capcompiler.jinja.environment import CapEnvironment

__all__ = ["Crossing"]

_JINJA: Final = frozenset({SecurityError, TemplateRuntimeError, UndefinedError})
_NESTS: Final = frozenset({dict, list, tuple})
#: What the membrane takes as data beside plain values and what is made of builtin types.
_ENTER: Final = ATOMS | {Fraction, timezone}
_MADE: Final[tuple[Any, ...]] = (
    "", "é", b"", (), [], {}, {}.values(), {}.items(), set(), range(0), range(2**70), deque(),
)  # fmt: skip
_TABLES: Final[tuple[Any, ...]] = ({}, OrderedDict())
_VIEWS: Final = frozenset(type(view) for d in _TABLES for view in (d.keys(), d.values(), d.items()))
#: Iterators of Python's own, over what the host has put into them. Not any class with `__next__`: a file
#: that is open is one too.
_ITERATORS: Final = frozenset({
    GeneratorType, map, filter, zip, enumerate, reversed,
    *(type(iter(x)) for x in (*_MADE, *_TABLES)),
    *(type(reversed(x)) for x in (*_MADE, *_TABLES) if hasattr(x, "__reversed__")),
    *(kind for kind in vars(itertools).values() if isinstance(kind, type)),
})  # fmt: skip
_KEPT: Final = 1024  # wrapped functions, at most


class Crossing:
    """Between one environment and its world."""

    def __init__(self, environment: CapEnvironment) -> None:
        self.environment = environment
        #: What is asked of the host's class of undefined values, None for one of Jinja2's own.
        self.operations = operations_of(environment.undefined)
        self._undefined: WeakValueDictionary[int, HostUndefined] = WeakValueDictionary()
        self._wrapped: dict[int, tuple[Any, HostFunction | Refused]] = {}

    @staticmethod
    def raised(error: TemplateError) -> Raised:
        """The nearest error that is Jinja2's own: what a host raises on purpose for its templates."""
        return Raised(Crossing.kind_of(type(error)), error.message or "")

    @staticmethod
    def kind_of(error: Any) -> str:
        """The name of the class of Jinja2's that a class of errors is nearest to."""
        kinds = error.__mro__ if isinstance(error, type) else ()
        return next((k for k in kinds if k in _JINJA), TemplateRuntimeError).__name__

    def undefined_of(self, value: Any) -> HostUndefined:
        """What answers for an undefined value of the host's class; the same each time."""
        known = self._undefined.get(id(value))
        if known is None or known._value is not value:
            known = self._undefined[id(value)] = HostUndefined(self, value)
        return known

    # In

    def enter(self, value: Any) -> Any:
        """`value` as the membrane is to take it. The same object where nothing in it needs a record."""
        return value if type(value) in PLAIN else self._enter(value, {})

    def variables(self, given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The variables of a rendering as the membrane is to take them, and whether there are records
        among them."""
        rows = {name: taken for name, value in given.items() if (taken := Rows.of(value)) is not None}
        if not rows:
            entered: dict[str, Any] = self.enter(given)
            return entered, entered is not given
        others = {name: value for name, value in given.items() if name not in rows}
        entered = self.enter(others)
        # In their order, which a template can ask for.
        return {n: rows.get(n) or entered[n] for n in given}, entered is not others

    def _enter(self, value: Any, seen: dict[int, Any]) -> Any:
        kind = type(value)
        if (kind is list or kind is tuple) and PLAIN.issuperset(map(type, value)):
            return value
        if kind is dict and PLAIN.issuperset(map(type, value.values())):
            return value
        if kind is Markup or issubclass(kind, Markup):
            return SafeText(str.__str__(value))
        if id(value) in seen:
            return seen[id(value)]
        if issubclass(kind, dict):
            return self._entries(value, seen)
        if issubclass(kind, (list, tuple, deque)):
            if issubclass(kind, tuple) and hasattr(kind, "_fields") and self._shows:
                return View(self, value)
            return self._elements(value, seen)
        if kind in _ENTER or base_of(kind) is not None or record_of(kind) is not None:
            return value
        if issubclass(kind, Undefined):
            return record_of_undefined(self, value)
        if isinstance(value, (Capability, Handle)):
            return value
        if is_host_function(value):
            return self.function(value)
        if kind in _VIEWS:
            return self._elements(list(value), seen)
        if kind in _ITERATORS:
            return Items(self._next_of(value))
        if kind is Macro:
            return self.function(value)
        if self.environment.is_async and hasattr(kind, "__aiter__"):
            return AsyncItems(self.stepping(value))
        return self._object(value)

    def _entries(self, value: Any, seen: dict[int, Any]) -> Any:
        if PLAIN.issuperset(map(type, dict.values(value))):
            return value
        seen[id(value)] = value
        changed: Any = None
        for key, element in dict.items(value):
            if type(element) in PLAIN:
                continue
            entered = self._enter(element, seen)
            if entered is not element:
                if changed is None:
                    changed = seen[id(value)] = dict(value)
                changed[key] = entered
        return value if changed is None else changed

    def _elements(self, value: Any, seen: dict[int, Any]) -> Any:
        if PLAIN.issuperset(map(type, value)) or are_rows(value):
            return value
        seen[id(value)] = value
        entered = [x if type(x) in PLAIN else self._enter(x, seen) for x in value]
        if all(a is b for a, b in zip(entered, value, strict=True)):
            return value
        made = seen[id(value)] = tuple(entered) if isinstance(value, tuple) else entered
        return made

    @property
    def _shows(self) -> bool:
        return self.environment.objects != "refuse"

    def _object(self, value: Any) -> Any:
        objects = self.environment.objects
        if type(value) is CapTemplate and value.environment is self.environment and objects != "public":
            return TemplateValue(value.source.number)
        if type(value) is TemplateExports and value._template.environment is self.environment:
            return View(self, value)  # what it exports, and nothing else
        if objects == "public":
            return View(self, value)
        if callable(objects):
            made = objects(value)
            return made if made is value else self.enter(made)
        what = with_article(type(value).__name__)
        raise CapabilityError(
            f"{what} is neither data nor a capability; hand in expose(obj, 'method', ...) or data, or "
            f"make the environment with objects='public', as SandboxedEnvironment shows objects"
        )

    def function(self, function: Any) -> HostFunction | Refused:
        """A function of the host's, which gets what the host's functions get and gives what crosses."""
        kept = self._wrapped.get(id(function))
        if kept is not None and kept[0] is function:
            return kept[1]
        if not self.environment.is_safe_callable(function):
            name = getattr(function, "__name__", type(function).__name__)
            made: HostFunction | Refused = Refused(f"{name} is not safely callable", "")
        else:
            passes = _PassArg.from_obj(function)
            made = HostFunction(self._calling(function), "" if passes is None else passes.name)
        if type(function) is not MethodType:  # which is made anew for each read
            if len(self._wrapped) >= _KEPT:
                self._wrapped.clear()
            self._wrapped[id(function)] = (function, made)
        return made

    def _calling(self, function: Callable[..., Any]) -> FunctionType:
        passes = _PassArg.from_obj(function)

        def call(*args: Any, **kwargs: Any) -> Any:
            given = [self.leave(a) for a in args]
            if passes is not None and given:
                given[0] = self._first(passes, args[0])
            try:
                found = function(*given, **{k: self.leave(v) for k, v in kwargs.items()})
                return self._awaited(found) if self._waits(found) else self.enter(found)
            except TemplateError as error:
                return self.raised(error)

        return _standing_for(function, call)

    def _waits(self, value: Any) -> bool:
        return self.environment.is_async and type(value) not in PLAIN and isawaitable(value)

    async def _awaited(self, value: Any) -> Any:
        """What something that the host's function gave to await comes to, as the membrane takes it."""
        try:
            return self.enter(await value)
        except TemplateError as error:
            return self.raised(error)

    def stepping(self, items: Any) -> FunctionType:
        """What gives the elements of an asynchronous iterator, one for each call."""
        iterator = aiter(items)

        async def step() -> Any:
            try:
                return self.enter(await anext(iterator))
            except StopAsyncIteration:
                return Raised("StopAsyncIteration", "")
            except TemplateError as error:
                return self.raised(error)

        return _standing_for(items, step)

    def _next_of(self, items: Any) -> FunctionType:
        """What gives the elements of an iterator, one for each call; none is taken before."""

        def step() -> Any:
            try:
                return self.enter(next(items))
            except StopIteration:
                return Raised("StopIteration", "")
            except TemplateError as error:
                return self.raised(error)

        return _standing_for(items, step)

    def _first(self, passes: _PassArg, value: Any) -> Any:
        """What a function marked by `pass_context` and its like wants first."""
        if passes is _PassArg.environment:
            return self.environment
        if type(value) is not ContextValue:
            raise TypeError("a template called a function that wants its context without one")
        if passes is _PassArg.eval_context:
            found = EvalContext(self.environment, value.name)
            found.autoescape = value.autoescape
            return found
        return self._context(value)

    def _context(self, value: ContextValue) -> Context:
        """The context of a template, with copies of what it has in it."""
        variables = {k: self.leave(v) for k, v in value.vars.items()}
        context = Context(self.environment, {**self.environment.globals, **variables}, value.name, {})
        context.eval_ctx.autoescape = value.autoescape
        return context

    # Out

    def leave(self, value: Any) -> Any:
        """What came from a template, as the host's functions know it."""
        return value if type(value) in PLAIN else self._leave(value, {})

    def _leave(self, value: Any, seen: dict[int, Any]) -> Any:
        """seen: what was made of each container, by its id: shared nests stay shared (pit 22)."""
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind is SafeText:
            return Markup(value.text)  # noqa: S704 - the template said so, as under Jinja2
        if kind is UndefinedValue:
            if type(value.of) is HostUndefined:
                return value.of._value
            return self.environment.undefined(value.hint, name=value.name)
        if kind is ContextValue:  # an extension had it handed on
            return self._context(value)
        if kind is View:
            return value._obj
        if kind is AsyncItems or kind is Items:
            return getattr(value.step, "cap_original", value)
        if kind is FunctionType:
            return getattr(value, "cap_original", value)
        if kind not in _NESTS:
            return value
        made: Any = seen.get(id(value))
        if made is not None:
            return made
        if kind is dict:
            made = seen[id(value)] = {}
            made.update((k, self._leave(v, seen)) for k, v in value.items())
        elif kind is list:
            made = seen[id(value)] = []
            made.extend([self._leave(v, seen) for v in value])
        else:
            made = seen[id(value)] = tuple([self._leave(v, seen) for v in value])
        return made


def _standing_for(original: Any, function: Any) -> FunctionType:
    """`function`, which is `original` again where it comes home."""
    function.cap_original = original
    return function  # type: ignore[no-any-return]
