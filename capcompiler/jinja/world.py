"""The compartment that the templates of one environment run in, from the host's side."""

from __future__ import annotations

import asyncio
import itertools
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

import jinja2
from jinja2 import exceptions
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.tests import TESTS as DEFAULT_TESTS

from capcompiler.awaiting import runs_for
from capcompiler.compartment import Compartment
from capcompiler.errors import GuestError
from capcompiler.imports import Imports
from capcompiler.jinja.crossing import Crossing
from capcompiler.jinja.records import RECORDS, HostFunction
from capcompiler.jinja.undefined import base_of, made
from capcompiler.limits import Usage
from capcompiler.membrane.capability import Capability
from capcompiler.membrane.data import PLAIN
from capcompiler.program import Program, cap_compile

if TYPE_CHECKING:
    from capcompiler.jinja.environment import CapEnvironment
    from capcompiler.jinja.template import CapTemplate

__all__ = ["Source", "Stream", "World"]

_HERE: Final = Path(__file__).parent / "guest"
_TRANSLATING: Final = 4  # steps for each character of a template that a template asks for
_MOST_PIECES: Final = 64  # of one turn of a stream
_QUICK: Final = 0.002  # seconds that the pieces of a turn took, where the next may have more of them
_numbers: Final = itertools.count(1)


class Source:
    """The Python text of one template. python: that, or what Jinja2 says is wrong with the template."""

    __slots__ = ("__weakref__", "debug_info", "filename", "name", "number", "python", "uptodate")

    def __init__(
        self, python: str | exceptions.TemplateSyntaxError, name: str | None, filename: str | None,
        uptodate: Callable[[], bool] | None,
    ) -> None:  # fmt: skip
        self.number = next(_numbers)
        self.python = python
        self.name = name
        self.filename = filename
        self.uptodate = uptodate
        self.debug_info = ""
        if isinstance(python, str):
            last = python.rpartition("\ndebug_info = ")[2]
            self.debug_info = last.strip()[1:-1]


def _imports() -> Imports:
    texts = {"jinja2.__init__": "", "jinja2.nodes": (_HERE / "nodes.py").read_text("utf-8")}
    return (
        Imports.sources(texts)
        + Imports.pure()
        + Imports.package("jinja2")
        + Imports.package("markupsafe").without("markupsafe._speedups")
    )


def _program() -> Program:
    return cap_compile((_HERE / "world.py").read_text("utf-8"), filename="templates")


class _Host(Capability):
    """What the templates' world asks of the host: templates by name, and whether to escape."""

    def __init__(self, world: World) -> None:
        self._world = weakref.ref(world)

    def version(self, name: str, parent: str | None) -> int | None:
        return self._of().version(name, parent)

    def load(self, number: int) -> Any:
        return self._of().text_of(number)

    def missing(self, names: list[str]) -> None:
        self._of()._missing = names

    def extension(self, identifier: str, name: str) -> Any:
        world = self._of()
        if (identifier, name) not in world.environment.extension_methods:
            raise PermissionError("no extension has put this into a template")
        return world.crossing.enter(getattr(world.environment.extensions[identifier], name))

    def undefined(self, asked: dict[str, Any]) -> Any:
        return made(self._of().crossing, asked)

    def autoescape(self, name: str | None) -> bool:
        decide: Any = self._of().environment.autoescape
        return bool(decide(name))

    def _of(self) -> World:
        world = self._world()
        if world is None:
            raise PermissionError("the templates' environment is gone")
        return world


class World:
    """A compartment of one environment. Templates share it, and nothing that can change.

    sources: the templates of the environment, by their numbers. users: who have taken it. gone: numbers
    of templates that nobody has any more. held: what was loaded in this turn, where there is no cache.
    """

    def __init__(
        self, environment: CapEnvironment, sources: weakref.WeakValueDictionary[int, Source]
    ) -> None:
        self.environment = environment
        self.crossing = Crossing(environment)
        self.users = 0
        self.gone: deque[int] = deque()
        self.ended: deque[int] = deque()  # numbers of streams that nobody reads any more
        self.held: list[Source] = []
        self._sources = sources
        self._failed: exceptions.TemplateSyntaxError | None = None
        self._missing: list[str] = []  # the names that the last choice of templates was among
        self._equipped: tuple[Any, ...] = ()
        self._finalize: Any = None
        self._globals: list[tuple[str, Any]] = []
        self._lasting = False
        autoescape = environment.autoescape
        settings = {
            "undefined": base_of(environment.undefined).__name__,
            "operations": self.crossing.operations,
            "autoescape": None if callable(autoescape) else bool(autoescape),
            "newline": environment.newline_sequence,
            "immutable": environment.immutable,
            "output": environment.limits.output,
            "async": environment.is_async,
        }
        caps: dict[str, Any] = {"host": _Host(self), "settings": settings}
        caps.update({kind.__name__: kind for kind in RECORDS})
        self.compartment = Compartment(caps, imports=_imports(), limits=environment.limits)
        # What it costs to set up is the same for all; the budget is for the templates.
        limits, self.compartment._limits = self.compartment._limits, environment.set_up_limits
        try:
            self.compartment.exec(_program())
        finally:
            self.compartment._limits = limits

    # Templates

    def pay_for(self, text: str) -> None:
        """A template asks for a file: it may do so by many names, and have it read anew for each."""
        meter = self.compartment._realm.meter
        if meter.live:
            meter.charge(_TRANSLATING * len(text))
            meter.charge_bytes(16 * len(text))

    def version(self, name: str, parent: str | None) -> int | None:
        """Which template has this name now; None where the loader has none. Asked by templates."""
        if parent is not None:
            name = self.environment.join_path(name, parent)
        try:
            return self.environment._named(name).number
        except exceptions.TemplateNotFound:
            return None

    def text_of(self, number: int) -> Any:
        source = self._sources.get(number)
        if source is None:
            raise PermissionError("there is no such template")
        if isinstance(source.python, str):
            return [source.python, source.filename or "<template>"]
        self._failed = error = source.python
        return {
            "message": error.message,
            "lineno": error.lineno,
            "name": error.name,
            "filename": error.filename,
        }

    # Rendering

    def render(self, template: CapTemplate, variables: dict[str, Any]) -> str:
        return _text(self._call("render", template, *self._handed(template, variables)))

    async def render_async(self, template: CapTemplate, variables: dict[str, Any]) -> str:
        return _text(
            await self._call_async("render_async", template, *self._handed(template, variables))
        )

    def _handed(self, template: CapTemplate, variables: dict[str, Any]) -> tuple[Any, ...]:
        """Whether it is inside another rendering, which template is meant, what it is handed, whether
        there are records in that, its globals."""
        entered, marked = self.crossing.variables(variables)
        given = self.crossing.enter(template.globals) if template.globals else None
        return self.runs_here(), template.source.number, entered, marked, given

    def runs_here(self) -> bool:
        """Whether who asks runs on behalf of a turn of this world: a function of the host's renders."""
        return self.compartment._thread == get_ident() or runs_for(self.compartment)

    def stream(self, template: CapTemplate, variables: dict[str, Any]) -> Stream:
        made = Stream(self, template)
        made._call("open_stream", *self._handed(template, variables))
        return made

    async def stream_async(self, template: CapTemplate, variables: dict[str, Any]) -> Stream:
        made = Stream(self, template)
        await made._call_async("open_stream", *self._handed(template, variables))
        return made

    def module(
        self, template: CapTemplate, variables: dict[str, Any], shared: bool
    ) -> tuple[str, dict[str, Any]]:
        return self._exports(self._call("module", template, shared, *self._handed(template, variables)))

    async def module_async(
        self, template: CapTemplate, variables: dict[str, Any], shared: bool
    ) -> tuple[str, dict[str, Any]]:
        of = self._handed(template, variables)
        return self._exports(await self._call_async("module_async", template, shared, *of))

    def _exports(self, found: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        body, exported = found
        return body, {k: self.crossing.leave(v) for k, v in exported.items()}

    def call_macro(self, macro: Any, args: Any, kwargs: dict[str, Any], autoescape: bool | None) -> Any:
        given = self._given(args, kwargs)
        return self.crossing.leave(
            self._call("call_macro", None, self.runs_here(), macro, *given, autoescape)
        )

    async def call_macro_async(
        self, macro: Any, args: Any, kwargs: dict[str, Any], autoescape: bool | None
    ) -> Any:
        given = self._given(args, kwargs)
        of = self.runs_here(), macro, *given, autoescape
        found = await self._call_async("call_macro_async", None, *of)
        return self.crossing.leave(found)

    def _given(self, args: Any, kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        enter = self.crossing.enter
        return [enter(a) for a in args], {k: enter(v) for k, v in kwargs.items()}

    def evaluate(self, template: CapTemplate, variables: dict[str, Any], to_none: bool) -> Any:
        of = self._handed(template, variables)
        if self.environment.is_async:
            return asyncio.run(self._evaluate_async(template, of, to_none))
        return self.crossing.leave(self._call("evaluate", template, to_none, *of))

    async def _evaluate_async(self, template: CapTemplate, of: tuple[Any, ...], to_none: bool) -> Any:
        return self.crossing.leave(await self._call_async("evaluate_async", template, to_none, *of))

    def prepare(self, source: Source) -> None:
        """Compile a template before it is rendered, so that what is wrong with it shows."""
        self._call("prepare", None, source.number)

    def _call(
        self, name: str, template: CapTemplate | None, *args: Any, spent: Usage | None = None
    ) -> Any:
        for change in self._changes():
            self.compartment.call(*change)
        try:
            if spent is not None:
                return self.compartment._go_on(spent, name, *args)
            return self.compartment.call(name, *args)
        except GuestError as error:
            problem = self._as_jinja(error, template)
        raise problem

    async def _call_async(
        self, name: str, template: CapTemplate | None, *args: Any, spent: Usage | None = None
    ) -> Any:
        for change in self._changes():
            await self.compartment.call_async(*change)
        try:
            if spent is not None:
                return await self.compartment._go_on_async(spent, name, *args)
            return await self.compartment.call_async(name, *args)
        except GuestError as error:
            problem = self._as_jinja(error, template)
        raise problem

    def _as_jinja(self, error: GuestError, template: CapTemplate | None) -> BaseException:
        """Jinja2's own errors as the host knows them; any other as it is, with the template's line."""
        kind = (
            getattr(exceptions, error.exc_type, None) if error.exc_type in exceptions_of_jinja else None
        )
        where = self._line_of(error, template)
        problem: BaseException
        if kind is exceptions.TemplateSyntaxError:
            failed, self._failed = self._failed, None
            problem = failed or exceptions.TemplateSyntaxError(error.message, 1)
        elif kind is exceptions.TemplatesNotFound:
            names, self._missing = self._missing, []
            problem = exceptions.TemplatesNotFound(names, error.message)
        elif kind is exceptions.TemplateNotFound:
            problem = exceptions.TemplateNotFound(error.message)
        elif kind is not None:
            problem = kind(error.message)
        else:
            problem = error
        if where:
            problem.add_note(where)
        problem.__cause__ = None if problem is error else error
        return problem

    @staticmethod
    def _line_of(error: GuestError, template: CapTemplate | None) -> str:
        if template is None:
            return ""
        shown = template.source.filename or "<template>"
        for frame in reversed(error.frames):
            if frame.filename == shown:
                line = template.get_corresponding_lineno(frame.line)
                return f"in template {template.name or shown!r}, line {line}"
        return ""

    # What the environment offers

    def _changes(self) -> Iterator[tuple[Any, ...]]:
        """The calls that tell the world what the host has changed of the environment since the last
        time."""
        if self.runs_here():
            return  # nothing is changed under a template
        if self.compartment._awaiting is None:  # else one is under way, which may still ask for them
            self.held.clear()
        if self.gone or self.ended:
            yield "forget", _emptied(self.gone), _emptied(self.ended)
        environment = self.environment
        tables = (
            environment.filters, environment.tests, environment.policies, environment.binop_table,
            environment.unop_table,
        )  # fmt: skip
        if tables != self._equipped or environment.finalize is not self._finalize:
            enter = self.crossing.function
            yield (
                "equip",
                {n: self._named_or(f, DEFAULT_FILTERS) for n, f in environment.filters.items()},
                {n: self._named_or(f, DEFAULT_TESTS) for n, f in environment.tests.items()},
                {n: self.crossing.enter(v) for n, v in environment.policies.items() if _crosses(v)},
                {op: self._operator("call_binop", op, f) for op, f in environment.binop_table.items()},
                {op: self._operator("call_unop", op, f) for op, f in environment.unop_table.items()},
                None if environment.finalize is None else enter(environment.finalize),
            )
            self._equipped, self._finalize = tuple([dict(t) for t in tables]), environment.finalize
        given = list(environment.globals.items())
        if not self._lasting or not _same(given, self._globals):
            default = self._defaults()
            own = {n: v for n, v in given if default.get(n) is not v}
            # What a template can change in a global is gone at the next rendering.
            self._lasting = all(type(v) in PLAIN or callable(v) for v in own.values())
            left = [n for n, v in given if default.get(n) is v]
            yield "equip_globals", self.crossing.enter(own), left, self._lasting
            self._globals = given

    def _defaults(self) -> dict[str, Any]:
        from jinja2.sandbox import safe_range

        return {**DEFAULT_NAMESPACE, "range": safe_range}

    def _named_or(self, function: Any, defaults: dict[str, Any]) -> Any:
        for name, own in defaults.items():
            if own is function:
                return name
        return self.crossing.function(function)

    def _operator(self, method: str, operator: str, function: Any) -> HostFunction:
        """An operator that the host intercepts, by its table or by a method of its own."""
        environment = self.environment
        own: Any = getattr(type(environment), method)
        if own is not getattr(jinja2.sandbox.SandboxedEnvironment, method):
            bound = getattr(environment, method)

            def operate(*operands: Any) -> Any:
                return bound(None, operator, *operands)

            function = operate
        return HostFunction(self.crossing._calling(function), "")


class Stream:
    """A rendering that is read piece by piece, in turns that share one budget. over: whether all of it
    was read. As a context manager, it is dropped at the end."""

    def __init__(self, world: World, template: CapTemplate) -> None:
        self._world = world
        self._template = template
        self._number = next(_numbers)
        self._spent = Usage()
        self._many = 1  # pieces of one turn
        self.over = False

    def pull(self) -> list[str]:
        """The next pieces."""
        started = time.monotonic()
        return self._pulled(self._call("pull", self._world.runs_here(), self._many), started)

    async def pull_async(self) -> list[str]:
        started = time.monotonic()
        of = self._world.runs_here(), self._many
        return self._pulled(await self._call_async("pull_async", *of), started)

    def _pulled(self, pieces: Any, started: float) -> list[str]:
        self.over = len(pieces) < self._many
        # What is slow is given as it comes; what is quick, in fewer turns.
        quick = time.monotonic() - started < _QUICK
        self._many = min(self._many * 2, _MOST_PIECES) if quick else 1
        return [_text(piece) for piece in pieces]

    def _call(self, name: str, *args: Any) -> Any:
        inside = self._world.runs_here()
        try:
            return self._world._call(
                name, self._template, self._number, *args, spent=None if inside else self._spent
            )
        finally:
            self._note(inside)

    async def _call_async(self, name: str, *args: Any) -> Any:
        inside = self._world.runs_here()
        try:
            return await self._world._call_async(
                name, self._template, self._number, *args, spent=None if inside else self._spent
            )
        finally:
            self._note(inside)

    def _note(self, inside: bool) -> None:
        if not inside:  # else it is the turn around it that pays
            self._spent = self._world.compartment.usage

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_error: object) -> None:
        # In no turn: who reads may be the collector.
        self._world.ended.append(self._number)


def _emptied(numbers: deque[int]) -> list[int]:
    return [numbers.popleft() for _ in range(len(numbers))]


def _text(found: Any) -> str:
    if type(found) is not str:
        raise TypeError("a template gave no text")
    return found


exceptions_of_jinja: Final = frozenset(
    name for name, kind in vars(exceptions).items()
    if isinstance(kind, type) and issubclass(kind, exceptions.TemplateError)
)  # fmt: skip


def _same(now: list[tuple[str, Any]], before: list[tuple[str, Any]]) -> bool:
    """Whether two lists hold the same objects under the same names; none of them is compared."""
    if len(now) != len(before):
        return False
    for (name, value), (known, kept) in zip(now, before, strict=True):
        if value is not kept or name != known:
            return False
    return True


def _crosses(value: Any) -> bool:
    return type(value) in PLAIN or type(value) in (dict, list, tuple) or callable(value)
