"""A template that lives in the world of its environment, and what it exports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jinja2.environment import Template
from jinja2.nodes import EvalContext

from capcompiler.membrane.handle import Handle

if TYPE_CHECKING:
    from capcompiler.jinja.environment import CapEnvironment
    from capcompiler.jinja.world import Source, World

__all__ = ["CapTemplate", "Macro", "TemplateExports"]


class CapTemplate(Template):
    """What `CapEnvironment` gives for a template. Each rendering is a turn with a fresh budget."""

    environment: CapEnvironment
    source: Source

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("a CapTemplate is made by CapEnvironment.from_string or .get_template")

    @classmethod
    def _of(
        cls, environment: CapEnvironment, source: Source, given: MutableMapping[str, Any] | None
    ) -> CapTemplate:
        made: CapTemplate = object.__new__(cls)
        made.environment, made.source = environment, source
        made.name, made.filename = source.name, source.filename
        made.globals = dict(given or {})
        made.blocks = {}
        made._debug_info, made._module, made._uptodate = source.debug_info, None, source.uptodate
        return made

    @classmethod
    def from_code(cls, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("compiled code would run past the guards; hand in the template's text")

    from_module_dict = _from_namespace = from_code

    def render(self, *args: Any, **kwargs: Any) -> str:
        """The rendered text. Raises `LimitExceeded` for a spent budget, Jinja2's own errors for what it
        raises itself, and `GuestError` for anything else that went wrong in the template.

        In an environment that awaits, an event loop of its own is run for it."""
        if self.environment.is_async:
            return asyncio.run(self.render_async(*args, **kwargs))
        variables = dict(*args, **kwargs)
        with self.environment._worlds.taken() as world:
            return world.render(self, variables)

    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """The rendered text, on the running event loop. Raises what `render` raises."""
        self._check_awaits()
        variables = dict(*args, **kwargs)
        with self.environment._worlds.taken(waits=True) as world:
            return await world.render_async(self, variables)

    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        """The rendered text piece by piece, as it is read. What is read next, while reading is quick, is
        made in the same turn; other templates may be rendered between turns. All turns together have
        the budget of one rendering. Raises what `render` raises.

        In an environment that awaits all of it is made first, on an event loop of its own."""
        if self.environment.is_async:
            yield from asyncio.run(self._pieces(dict(*args, **kwargs)))
            return
        variables, worlds = dict(*args, **kwargs), self.environment._worlds
        with worlds.taken() as world:
            stream = world.stream(self, variables)
        with stream:
            while not stream.over:
                with worlds.taken(world):
                    pieces = stream.pull()
                yield from pieces

    async def generate_async(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, object]:
        """As `generate`, on the running event loop."""
        self._check_awaits()
        variables, worlds = dict(*args, **kwargs), self.environment._worlds
        with worlds.taken(waits=True) as world:
            stream = await world.stream_async(self, variables)
        with stream:
            while not stream.over:
                with worlds.taken(world, waits=True):
                    pieces = await stream.pull_async()
                for piece in pieces:
                    yield piece

    async def _pieces(self, variables: dict[str, Any]) -> list[str]:
        return [piece async for piece in self.generate_async(variables)]

    def make_module(  # type: ignore[override]
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Any = None
    ) -> TemplateExports:
        if self.environment.is_async:
            raise RuntimeError("the environment awaits: use make_module_async")
        with self.environment._worlds.taken() as world:
            body, exported = world.module(self, {**(vars or {}), **(locals or {})}, shared)
        return TemplateExports(self, body, exported, world)

    async def make_module_async(  # type: ignore[override]
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Any = None
    ) -> TemplateExports:
        self._check_awaits()
        with self.environment._worlds.taken(waits=True) as world:
            of = {**(vars or {}), **(locals or {})}, shared
            body, exported = await world.module_async(self, *of)
        return TemplateExports(self, body, exported, world)

    @property
    def module(self) -> TemplateExports:  # type: ignore[override]
        return self.make_module()

    def _check_awaits(self) -> None:
        if not self.environment.is_async:
            raise RuntimeError("the environment was not created with async mode enabled")

    def new_context(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("the context of a template is in its world; hand in the values to render")


class TemplateExports:
    """What a template exports: its variables and macros. As text, what it renders."""

    def __init__(self, template: CapTemplate, body: str, exported: dict[str, Any], world: World) -> None:
        self.__name__ = template.name
        self._body = body
        self._template = template  # no name that a template exports has an underscore in front
        for name, value in exported.items():
            if name[:1] != "_":
                found = Macro(template, value, world) if isinstance(value, Handle) else value
                setattr(self, name, found)

    def __html__(self) -> str:
        from markupsafe import Markup

        return Markup(self._body)  # noqa: S704 - as Jinja2's own module is

    def __str__(self) -> str:
        return self._body

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__name__!r}>"


#: What a host may read of a macro, as of Jinja2's own.
_OF_MACROS: Final = frozenset({"name", "arguments", "catch_kwargs", "catch_varargs", "caller"})


class Macro:
    """A macro of a template, for the host to call: a turn with a fresh budget. In an environment that
    awaits it gives something to await."""

    def __init__(self, template: CapTemplate, handle: Handle, world: World) -> None:
        self._template = template
        self._handle = handle
        self._world = world  # where the macro is

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_MACROS:
            raise AttributeError(name)
        return getattr(self._handle, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        autoescape = None
        if args and isinstance(args[0], EvalContext):
            autoescape, args = bool(args[0].autoescape), args[1:]
        environment = self._template.environment
        if environment.is_async:
            return self._awaited(args, kwargs, autoescape)
        with environment._worlds.taken(self._world) as world:
            return world.call_macro(self._handle, args, kwargs, autoescape)

    async def _awaited(self, args: Any, kwargs: dict[str, Any], autoescape: bool | None) -> Any:
        with self._template.environment._worlds.taken(self._world, waits=True) as world:
            return await world.call_macro_async(self._handle, args, kwargs, autoescape)
