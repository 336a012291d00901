"""Undefined values of classes of the host's own, and `{% debug %}`."""

from __future__ import annotations

import functools
import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="needs the extra jinja")

from jinja2 import make_logging_undefined
from jinja2.exceptions import SecurityError, TemplateError, UndefinedError
from jinja2.ext import DebugExtension
from jinja2.runtime import ChainableUndefined, DebugUndefined, StrictUndefined, Undefined
from jinja2.sandbox import SandboxedEnvironment, unsafe

from capcompiler import CapError
from capcompiler.jinja import CapEnvironment

SOURCES = [
    "{{ x }}", "{{ x.y }}", "{{ d.y }}", "{{ d['q'] }}", "{% for i in x %}{% else %}none{% endfor %}",
    "{% if x %}a{% else %}b{% endif %}", "{{ x + 1 }}", "{{ 1 - x }}", "{{ x|default('d') }}",
    "{{ f(x) }}", "{{ x == y }}", "{{ x|length }}", "{{ r.z }}", "{{ cycler('a').zz }}", "{{ d.__class__ }}",
    "{{ x|join }}", "{{ x[3] }}", "{{ x is defined }}", "{{ x ~ 'a' }}", "{{ [x] }}", "{{ x|string|upper }}",
    "{{ x|e }}", "{{ x|int }}", "{{ missing.help() }}", "{{ '%s' % x }}", "{{ x.y.z }}", "{{ 3 in x }}",
]  # fmt: skip


class Stream:
    """Where a logger writes."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.logger = logging.Logger("templates")
        self.logger.addHandler(logging.StreamHandler(self.text))

    def taken(self) -> str:
        found = self.text.getvalue()
        self.text.seek(0)
        self.text.truncate()
        return found


class Named(Undefined):
    """Tells by which name it was asked for, and keeps all that were made."""

    made: list[Any] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made.append(self._undefined_name)

    @property
    def _undefined_message(self) -> str:
        return f"nothing is called {self._undefined_name} in {type(self._undefined_obj).__name__}"

    def __str__(self) -> str:
        return f"<{self._undefined_name}>"

    def __iter__(self) -> Iterator[Any]:
        yield from (self._undefined_name, 1)

    def __getitem__(self, key: Any) -> Any:
        return self

    def __add__(self, other: Any) -> Any:
        return (self._undefined_name, other) if isinstance(other, int) else NotImplemented

    def __len__(self) -> int:
        return 3

    def __contains__(self, value: Any) -> bool:
        return value == 3


class Near(StrictUndefined):
    """Says what there is in place of it."""

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> Any:
        raise UndefinedError(f"{self._undefined_name}: there is {sorted(self._undefined_obj)}")

    __str__ = _fail_with_undefined_error

    def help(self) -> str:
        return "help"


class Silent(ChainableUndefined):
    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return f"{self._undefined_name}.{name}"

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        return f"called with {args} {kwargs}"

    def __html__(self) -> str:
        return "<i>"


STREAM = Stream()
KINDS: list[Any] = [
    *(
        make_logging_undefined(STREAM.logger, base)
        for base in (Undefined, DebugUndefined, StrictUndefined, ChainableUndefined)
    ),
    Named, Near, Silent,
]  # fmt: skip


@functools.cache
def environments(kind: Any, autoescape: bool) -> list[Any]:
    return [cls(undefined=kind, autoescape=autoescape) for cls in (SandboxedEnvironment, CapEnvironment)]


def seen(value: Any) -> str:
    return f"{type(value).__name__} {value._undefined_name} {value._undefined_hint}"


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("autoescape", [False, True], ids=["plain", "escaped"])
def test_a_class_of_the_hosts_does_what_it_does_under_the_sandbox(kind: int, autoescape: bool) -> None:
    given: dict[str, Any] = {"d": {"a": 1, "b": [2]}, "f": seen, "r": [1, "a"]}
    for source in SOURCES:
        results = []
        for env in environments(KINDS[kind], autoescape):
            Named.made.clear()
            template = env.from_string(source)
            STREAM.taken()
            try:
                text = template.render(**given)
            except TemplateError as error:
                text = f"{type(error).__name__}: {error}"
            except (TypeError, CapError):
                text = "TypeError"
            # Before it calls a value the sandbox asks it for attributes, `unsafe_callable` and another.
            said = STREAM.taken() if "()" not in source else ""
            results.append((text, said, list(Named.made)))
        assert results[0] == results[1], source


def test_a_value_that_comes_back_is_the_hosts_own_again() -> None:
    found: list[Any] = []

    def keep(value: Any) -> Any:
        found.append(value)
        return value

    env = environments(Named, False)[1]
    Named.made.clear()
    assert env.from_string("{{ keep(keep(x))['y'] }}{{ keep([x])[0] }}").render(keep=keep) == "<x><x>"
    assert type(found[0]) is Named and found[0] is found[1] and Named.made == ["x", "x"]
    assert type(env.compile_expression("x", undefined_to_none=False)()) is Named


class Wide(Undefined):
    """With more than a template may have."""

    secret = 7
    _hidden = 8

    def open(self) -> str:
        return "opened"

    @unsafe
    def destroy(self) -> str:
        raise AssertionError("a template called it")

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)


def test_a_template_has_what_the_sandbox_lets_it_have_and_no_more() -> None:
    for env in environments(Wide, False):
        assert env.from_string("{{ x.secret }} {{ x.open() }}").render() == "7 opened"
        for source in (
            "{{ x._hidden }}", "{{ x['_hidden'] }}", "{{ x|attr('_hidden') }}", "{{ x.__class__ }}",
            "{{ x._undefined_of }}", "{{ x._undefined_answered }}", "{{ x.destroy() }}",
            "{{ x._undefined_of.do('destroy', [], {}) }}", "{{ x.open.__self__ }}", "{{ x.open.__globals__ }}",
        ):  # fmt: skip
            try:
                assert env.from_string(source).render() == "", source
            except (SecurityError, UndefinedError):
                pass


def test_only_what_the_class_has_of_its_own_is_asked_of_the_host() -> None:
    """Also by a template that has written Python into its text."""
    env = environments(Wide, False)[1]
    with env._worlds.taken() as world:
        call = world.compartment.eval
        for name in (
            "__init__",
            "__class__",
            "_hidden",
            "__reduce__",
            "__dict__",
            "__subclasshook__",
            "",
        ):
            with pytest.raises(CapError):
                call(f"environment.undefined(name='x')._undefined_of.do({name!r}, [], {{}})")
        for name in ("_hidden", "__class__", "__dict__", "destroy"):
            text = f"environment.undefined(name='x')._undefined_of.do('__getattr__', [{name!r}], {{}})"
            with pytest.raises(CapError):
                call(f"inside({text})[0]()")
        for asked in ("{}", "{'error': 7, 'has_obj': 1}", "7"):
            with pytest.raises(CapError):
                call(f"host.undefined({asked})")


def test_a_class_whose_values_can_be_awaited_is_refused_with_the_reason() -> None:
    class Awaited(Undefined):
        def __await__(self) -> Any:
            yield

    with pytest.raises(ValueError, match="Awaited has a method __await__"):
        CapEnvironment(undefined=Awaited)
    assert CapEnvironment(undefined=type("U", (Undefined,), {})).from_string("a{{ x }}").render() == "a"


def test_an_environment_that_awaits_has_them_too() -> None:
    import asyncio

    class Several(Named):
        async def __aiter__(self) -> Any:
            yield "a"
            yield self

    env = CapEnvironment(undefined=Several, enable_async=True)
    page = env.from_string("{{ x }}{% for i in x %}{{ i }}{% endfor %}")
    assert asyncio.run(page.render_async()) == "<x>a<x>"


class Secret:
    def __repr__(self) -> str:
        raise AssertionError("a template saw what no template may see")


def test_debug_shows_what_the_template_has_and_nothing_of_the_host() -> None:
    env = CapEnvironment(extensions=["jinja2.ext.debug"], objects="public")
    env.globals["answer"] = 42
    page = env.from_string("{% set mine = 'here' %}{% debug %}")
    text = page.render(given=[1, [2, [3, [4]]]], secret=Secret(), call=lambda: 1)
    for part in ("'given': [1, [...]]", "'mine': 'here'", "'answer': 42", "'call': <function of the host>",
                 "'filters': ['abs'", "'tests': ['!='", "'cycler': <cycler of Jinja2>"):  # fmt: skip
        assert part in text, text
    assert " at 0x" not in text and "Secret" not in text and "lambda" not in text
    plain: Any = SandboxedEnvironment(extensions=["jinja2.ext.debug"])
    assert plain.from_string("{% debug %}").render().partition("'filters'")[2] == (
        CapEnvironment(extensions=["jinja2.ext.debug"])
        .from_string("{% debug %}").render().partition("'filters'")[2]
    )  # fmt: skip


class Mine(DebugExtension):
    tags = {"mine"}

    def parse(self, parser: Any) -> Any:
        parser.stream.current.value  # noqa: B018
        line = next(parser.stream).lineno
        from jinja2 import nodes

        return nodes.Output(
            [self.call_method("_names", [nodes.ContextReference()], lineno=line)], lineno=line
        )

    def _names(self, context: Any) -> str:
        return f"{context['a']} {context.get('b')} {sorted(context.get_exported())} {context.name}"


def test_an_extension_that_reads_the_context_gets_one() -> None:
    env = CapEnvironment(extensions=[Mine])
    assert env.from_string("{% mine %}").render(a=[1]) == "[1] None [] None"
