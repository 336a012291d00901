"""`CapEnvironment`: templates of Jinja2 that run as guests."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Literal, NoReturn

from jinja2 import nodes
from jinja2.environment import Template
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment

from capcompiler.jinja.generator import GuestGenerator
from capcompiler.jinja.template import CapTemplate
from capcompiler.jinja.world import _UNDEFINED, Source, World
from capcompiler.limits import Limits

__all__ = ["CapEnvironment", "ImmutableCapEnvironment"]

#: Characters of one template, at most: Jinja2 reads it in the host, in no turn.
MAX_SOURCE: Final = 1_000_000
#: Statements of one template times the names in it, at most. Jinja2 copies all names for each branch and
#: writes them all out for each include: time and text grow with the square of the template.
MAX_NAMES: Final = 4_000_000
_LIMITS: Final = Limits()
_SET_UP: Final = Limits(steps=None, memory=None)


class CapEnvironment(SandboxedEnvironment):
    """An environment whose templates run in a compartment, each rendering with a budget of its own.

    Takes what `SandboxedEnvironment` takes, and:
    limits: the budget of each rendering; `output` counts the characters of the result.
    objects: what becomes of a value that is neither data nor a capability: "refuse" (an error that says
    so), "public" (its public attributes and methods, by `is_safe_attribute` and `is_safe_callable`), or
    a function that gives data or a capability for it.
    With `enable_async` what the host's functions give is awaited where it can be. The renderings of one
    environment take turns, so that one waits while another awaits; `overlay()` makes an environment
    beside which it need not.
    Raises ValueError for what cannot be kept: `bytecode_cache`, a class of undefined values of the
    host's own.
    """

    code_generator_class = GuestGenerator
    template_class: Any = CapTemplate
    #: Whether methods that change lists, dicts and sets are refused.
    immutable = False
    set_up_limits = _SET_UP

    def __init__(
        self,
        *args: Any,
        limits: Limits | None = None,
        objects: Literal["refuse", "public"] | Callable[[Any], Any] = "refuse",
        **kwargs: Any,
    ) -> None:
        if limits is not None and not isinstance(limits, Limits):
            raise TypeError(f"limits: wanted Limits or None, got {type(limits).__name__}")
        if objects not in ("refuse", "public") and not callable(objects):
            raise ValueError(f"objects: wanted 'refuse', 'public' or a function, got {objects!r}")
        super().__init__(*args, **kwargs)
        if self.bytecode_cache is not None:
            raise ValueError("CapEnvironment: a bytecode_cache holds code that no guard has seen")
        if self.undefined not in _UNDEFINED:
            raise ValueError(
                f"CapEnvironment: undefined={self.undefined.__name__} is the host's code; use one of "
                + ", ".join(_UNDEFINED.values())
            )
        self.optimized = False  # folding would compute for a template at no cost to it
        self.limits = limits or _LIMITS
        self.objects = objects
        #: What templates may call of extensions: their identifiers, and the names of methods.
        self.extension_methods: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._world: World | None = None

    def _world_of(self) -> World:
        world = self._world
        if world is None:
            with self._lock:
                world = self._world
                if world is None:
                    world = self._world = World(self)
        return world

    def overlay(self, *args: Any, **kwargs: Any) -> CapEnvironment:
        """An environment that shares the tables of this one, with a world of its own."""
        made = super().overlay(*args, **kwargs)
        made._world, made._lock, made.optimized = None, threading.Lock(), False
        return made

    # From text

    def _python_of(self, source: str, name: str | None, filename: str | None) -> str:
        """The Python text of a template. Raises TemplateSyntaxError, whatever went wrong."""
        if len(source) > MAX_SOURCE:
            raise TemplateSyntaxError(f"the template has more than {MAX_SOURCE:,} characters", 1, name)
        try:
            tree = self._parse(source, name, filename)
            if _names_to_copy(tree) > MAX_NAMES:
                raise TemplateSyntaxError("the template has too many statements and names", 1, name)
            return self._generate(tree, name, filename)
        except TemplateSyntaxError as error:
            error.source = source
            raise
        except RecursionError:
            problem = "the template is nested too deeply"
        except Exception as error:  # such as a number with too many digits
            problem = f"the template cannot be read: {type(error).__name__}: {error}"
        raise TemplateSyntaxError(problem, 1, name, filename)

    def compile(self, source: Any, name: Any = None, filename: Any = None, raw: bool = False,
                defer_init: bool = False) -> Any:  # fmt: skip
        """The Python text of a template, with `raw=True`; there is no code that the host may run."""
        if not raw:
            raise TypeError(
                "compiled templates run in their world only; compile(..., raw=True) shows text"
            )
        if isinstance(source, nodes.Template):
            return self._generate(source, name, filename)
        return self._python_of(source, name, filename)

    def from_string(
        self, source: Any, globals: MutableMapping[str, Any] | None = None, template_class: Any = None
    ) -> CapTemplate:
        if template_class not in (None, CapTemplate):
            raise TypeError("from_string: the template_class of a CapEnvironment is CapTemplate")
        if not isinstance(source, str):
            raise TypeError(f"from_string: wanted text, got {type(source).__name__}")
        world = self._world_of()
        made = world.source(str.__str__(source), None, None)
        return self._ready(made, globals)

    def _ready(self, source: Source, globals: MutableMapping[str, Any] | None) -> CapTemplate:
        self._world_of().prepare(source)
        return CapTemplate._of(self, source, globals)

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> CapTemplate:
        return self._ready(self._world_of().named(name), globals)

    def get_template(
        self, name: Any, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> CapTemplate:
        if isinstance(name, CapTemplate):
            return name
        if isinstance(name, Template):
            raise TypeError("get_template: a template of another environment's")
        if isinstance(name, Undefined):
            raise TemplateNotFound(None, "no template's name was given")
        return self._load_template(name if parent is None else self.join_path(name, parent), globals)

    def compile_expression(self, source: str, undefined_to_none: bool = True) -> Callable[..., Any]:  # type: ignore[override]
        """A function of the variables that gives the value of one expression, copied out."""
        from jinja2.parser import Parser

        try:
            parser = Parser(self, source, state="variable")
            expr = parser.parse_expression()
            if not parser.stream.eos:
                raise TemplateSyntaxError("chunk after expression", parser.stream.current.lineno)
            expr.set_environment(self)
        except RecursionError:
            raise TemplateSyntaxError("the expression is nested too deeply", 1) from None
        body = [nodes.Assign(nodes.Name("result", "store"), expr, lineno=1)]
        tree = nodes.Template(body, lineno=1)
        world = self._world_of()
        made = world.source(self._generate(tree, None, None), None, None, python=True)
        template = self._ready(made, None)

        def evaluate(*args: Any, **kwargs: Any) -> Any:
            return world.evaluate(template, dict(*args, **kwargs), undefined_to_none)

        return evaluate

    def compile_templates(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("compiled templates run in their world only")


def _names_to_copy(tree: nodes.Template) -> int:
    names: set[str] = set()
    statements = imported = 0
    for node in tree.find_all((nodes.Stmt, nodes.Name)):
        if isinstance(node, nodes.Name):
            names.add(node.name)
            continue
        statements += not isinstance(node, nodes.Output)
        imported += len(node.names) if isinstance(node, nodes.FromImport) else 0
    return statements * (len(names) + imported)


class ImmutableCapEnvironment(CapEnvironment):
    """Refuses the methods that change lists, dicts and sets too, as `ImmutableSandboxedEnvironment`."""

    immutable = True
