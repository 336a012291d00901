"""`CapEnvironment`: templates of Jinja2 that run as guests."""

from __future__ import annotations

import weakref
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Literal, NoReturn

from jinja2 import nodes
from jinja2.environment import Template
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment

from capcompiler.jinja.generator import GuestGenerator
from capcompiler.jinja.template import CapTemplate
from capcompiler.jinja.undefined import operations_of
from capcompiler.jinja.world import Source
from capcompiler.jinja.worlds import Worlds, checked_number
from capcompiler.limits import Limits

__all__ = ["CapEnvironment", "ImmutableCapEnvironment"]

#: Characters of one template, at most: Jinja2 reads it in the host, in no turn.
MAX_SOURCE: Final = 1_000_000
#: Statements of one template times the names in it, at most. Jinja2 copies all names for each branch and
#: writes them all out for each include: time and text grow with the square of the template.
MAX_NAMES: Final = 4_000_000
_LIMITS: Final = Limits()
_SET_UP: Final = Limits(steps=None, memory=None)


#: What Jinja2 calls for a template, and a `CapEnvironment` does not.
_NOT_CALLED: Final = (
    "call call_filter call_test concat context_class getattr getitem handle_exception make_globals "
    "unsafe_undefined wrap_str_format"
).split()


class CapEnvironment(SandboxedEnvironment):
    """An environment whose templates run in a compartment, each rendering with a budget of its own.

    Takes what `SandboxedEnvironment` takes, and:
    limits: the budget of each rendering; `output` counts the characters of the result.
    objects: what becomes of a value that is neither data nor a capability: "refuse" (an error that says
    so), "public" (its public attributes and methods, by `is_safe_attribute` and `is_safe_callable`), or
    a function that gives data or a capability for it.
    worlds: how many renderings may be under way beside each other, on threads or tasks; each has a
    compartment to itself, and more than one are made when they are needed.
    With `enable_async` what the host's functions give is awaited where it can be.
    undefined: where it is a class of the host's own, what it has beyond Jinja2's is called in the host.
    Raises ValueError for what cannot be kept: `bytecode_cache`, a class of undefined values that can be
    awaited; and TypeError where a subclass has a method or class of its own that no template would
    call, since what runs for templates runs in their world.
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
        worlds: int = 4,
        **kwargs: Any,
    ) -> None:
        if limits is not None and not isinstance(limits, Limits):
            raise TypeError(f"limits: wanted Limits or None, got {type(limits).__name__}")
        if objects not in ("refuse", "public") and not callable(objects):
            raise ValueError(f"objects: wanted 'refuse', 'public' or a function, got {objects!r}")
        _check_own(type(self))
        super().__init__(*args, **kwargs)
        if self.bytecode_cache is not None:
            raise ValueError("CapEnvironment: a bytecode_cache holds code that no guard has seen")
        operations_of(self.undefined)
        self.optimized = False  # folding would compute for a template at no cost to it
        self.limits = limits or _LIMITS
        self.objects = objects
        #: What templates may call of extensions: their identifiers, and the names of methods.
        self.extension_methods: set[tuple[str, str]] = set()
        self._most_worlds = checked_number(worlds)
        self._worlds = Worlds(self, self._most_worlds)

    def overlay(self, *args: Any, **kwargs: Any) -> CapEnvironment:
        """An environment that shares the tables of this one, with worlds of its own."""
        made = super().overlay(*args, **kwargs)
        made._worlds, made.optimized = Worlds(made, self._most_worlds), False
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
        return self._ready(self._worlds.source(str.__str__(source), None, None), globals)

    def _ready(self, source: Source, globals: MutableMapping[str, Any] | None) -> CapTemplate:
        if isinstance(source.python, TemplateSyntaxError):
            raise source.python
        if not self.is_async:  # all worlds may be awaiting, and no other turn be had
            with self._worlds.taken() as world:
                world.prepare(source)
        return CapTemplate._of(self, source, globals)

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> CapTemplate:
        return self._ready(self._named(name), globals)

    def _named(self, name: str) -> Source:
        """The template of a name, by the environment's loader. Raises what the loader raises."""
        loader = self.loader
        if loader is None:
            raise TypeError("no loader for this environment specified")
        key = (weakref.ref(loader), name)
        cache: Any = self.cache
        found = None if cache is None else cache.get(key)
        if type(found) is Source and (
            not self.auto_reload or found.uptodate is None or found.uptodate()
        ):
            return found
        text, filename, uptodate = loader.get_source(self, name)
        inside = self._worlds.inside()
        if inside is not None:
            inside.pay_for(text)
        made = self._worlds.source(text, name, filename, uptodate)
        if cache is not None:
            cache[key] = made
        elif inside is not None:
            inside.held.append(made)
        return made

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
        made = self._worlds.source(self._generate(tree, None, None), None, None, python=True)
        template = self._ready(made, None)

        def evaluate(*args: Any, **kwargs: Any) -> Any:
            variables = dict(*args, **kwargs)
            with self._worlds.taken(waits=self.is_async) as world:
                return world.evaluate(template, variables, undefined_to_none)

        return evaluate

    def compile_templates(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("compiled templates run in their world only")


def _check_own(kind: type) -> None:
    """A rule of the host's that is passed over in silence is a hole that it does not know of."""
    for one in kind.__mro__:
        if one is CapEnvironment:
            return
        for name in _NOT_CALLED:
            if name in vars(one):
                raise TypeError(
                    f"{kind.__name__}.{name} would not be called: templates run in a world apart. "
                    f"Say what they may have by `objects=`, by what is handed in, or by the methods "
                    f"is_safe_attribute, is_safe_callable, call_binop and call_unop"
                )


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
