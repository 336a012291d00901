"""A template that lives in the world of its environment, and what it exports."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2.environment import Template
from jinja2.nodes import EvalContext

from capcompiler.membrane.handle import Handle

if TYPE_CHECKING:
    from capcompiler.jinja.environment import CapEnvironment
    from capcompiler.jinja.world import Source

__all__ = ["CapTemplate", "TemplateExports"]


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
        raises itself, and `GuestError` for anything else that went wrong in the template."""
        return self.environment._world_of().render(self, dict(*args, **kwargs))

    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        """The rendered text, in one piece: a turn does not wait for whoever reads."""
        yield self.render(*args, **kwargs)

    def make_module(  # type: ignore[override]
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Any = None
    ) -> TemplateExports:
        body, exported = self.environment._world_of().module(
            self, {**(vars or {}), **(locals or {})}, shared
        )
        return TemplateExports(self, body, exported)

    @property
    def module(self) -> TemplateExports:  # type: ignore[override]
        return self.make_module()

    def new_context(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("the context of a template is in its world; hand in the values to render")

    def _no_async(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise RuntimeError("CapEnvironment has no async mode")

    render_async = generate_async = make_module_async = _no_async


class TemplateExports:
    """What a template exports: its variables and macros. As text, what it renders."""

    def __init__(self, template: CapTemplate, body: str, exported: dict[str, Any]) -> None:
        self.__name__ = template.name
        self._body = body
        for name, value in exported.items():
            if name[:1] != "_":
                found = _Macro(template, value) if isinstance(value, Handle) else value
                setattr(self, name, found)

    def __html__(self) -> str:
        from markupsafe import Markup

        return Markup(self._body)  # noqa: S704 - as Jinja2's own module is

    def __str__(self) -> str:
        return self._body

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__name__!r}>"


class _Macro:
    """A macro of a template, for the host to call: a turn with a fresh budget."""

    def __init__(self, template: CapTemplate, handle: Handle) -> None:
        self._template = template
        self._handle = handle

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        autoescape = None
        if args and isinstance(args[0], EvalContext):
            autoescape, args = bool(args[0].autoescape), args[1:]
        world = self._template.environment._world_of()
        return world.call_macro(self._handle, args, kwargs, autoescape)
