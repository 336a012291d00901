"""Jinja2's own tests of its sandbox, on `CapEnvironment`.

Adapted from tests/test_security.py of Jinja 3.1.6, Copyright 2007 Pallets, under the BSD 3-Clause licence:
redistribution and use in source and binary forms, with or without modification, are permitted provided
that the copyright notice, the conditions and the disclaimer of that licence are retained. THIS SOFTWARE IS
PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES ARE
DISCLAIMED. The whole text is in `LICENSE.txt` of Jinja2's distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="needs the extra jinja")

from jinja2.exceptions import SecurityError, TemplateRuntimeError, TemplateSyntaxError
from jinja2.nodes import EvalContext
from jinja2.sandbox import unsafe
from markupsafe import escape

from capcompiler import GuestError
from capcompiler.jinja import CapEnvironment, ImmutableCapEnvironment


class PrivateStuff:
    def bar(self) -> int:
        return 23

    @unsafe
    def foo(self) -> int:
        return 42

    def __repr__(self) -> str:
        return "PrivateStuff"


class PublicStuff:
    def bar(self) -> int:
        return 23

    def _foo(self) -> int:
        return 42

    def __repr__(self) -> str:
        return "PublicStuff"


@pytest.fixture(scope="module")
def env() -> CapEnvironment:
    return CapEnvironment(objects="public")


def test_unsafe(env: CapEnvironment) -> None:
    with pytest.raises(SecurityError):
        env.from_string("{{ foo.foo() }}").render(foo=PrivateStuff())
    assert env.from_string("{{ foo.bar() }}").render(foo=PrivateStuff()) == "23"
    with pytest.raises(SecurityError):
        env.from_string("{{ foo._foo() }}").render(foo=PublicStuff())
    assert env.from_string("{{ foo.bar() }}").render(foo=PublicStuff()) == "23"
    assert env.from_string("{{ foo.__class__ }}").render(foo=42) == ""
    assert env.from_string("{{ foo.func_code }}").render(foo=lambda: None) == ""
    with pytest.raises(SecurityError):
        env.from_string("{{ foo.__class__.__subclasses__() }}").render(foo=42)


def test_immutable_environment() -> None:
    env = ImmutableCapEnvironment()
    for source in ("[].append(23)", "[].clear()", "[1].pop()", "{1:2}.clear()"):
        with pytest.raises(SecurityError):
            env.from_string(f"{{{{ {source} }}}}").render()


def test_restricted(env: CapEnvironment) -> None:
    for source in (
        "{% for item.attribute in seq %}...{% endfor %}",
        "{% for foo, bar.baz in seq %}...{% endfor %}",
    ):
        with pytest.raises(TemplateSyntaxError):
            env.from_string(source)


def test_template_data() -> None:
    env = CapEnvironment(autoescape=True)
    t = env.from_string(
        "{% macro say_hello(name) %}"
        "<p>Hello {{ name }}!</p>{% endmacro %}"
        '{{ say_hello("<blink>foo</blink>") }}'
    )
    escaped_out = "<p>Hello &lt;blink&gt;foo&lt;/blink&gt;!</p>"
    assert t.render() == escaped_out
    assert str(t.module) == escaped_out
    assert escape(t.module) == escaped_out
    module: Any = t.module
    assert module.say_hello("<blink>foo</blink>") == escaped_out
    assert escape(module.say_hello(EvalContext(env), "<blink>foo</blink>")) == escaped_out
    assert escape(module.say_hello("<blink>foo</blink>")) == escaped_out


def test_attr_filter(env: CapEnvironment) -> None:
    with pytest.raises(SecurityError):
        env.from_string('{{ cls|attr("__subclasses__")() }}').render(cls=int)


def disable_op(*_operands: Any) -> Any:
    raise TemplateRuntimeError("that operator so does not work")


@pytest.mark.parametrize(("expr", "ctx", "rv"), [("1 + 2", {}, "3"), ("a + 2", {"a": 2}, "4")])
def test_binary_operator_intercepting(expr: str, ctx: dict[str, Any], rv: str) -> None:
    env = CapEnvironment()
    env.binop_table["+"] = disable_op
    t = env.from_string(f"{{{{ {expr} }}}}")
    assert t.render(ctx) == rv
    env.intercepted_binops = frozenset(["+"])
    t = env.from_string(f"{{{{ {expr} }}}}")
    with pytest.raises(TemplateRuntimeError):
        t.render(ctx)


@pytest.mark.parametrize(("expr", "ctx", "rv"), [("-1", {}, "-1"), ("-a", {"a": 2}, "-2")])
def test_unary_operator_intercepting(expr: str, ctx: dict[str, Any], rv: str) -> None:
    env = CapEnvironment()
    env.unop_table["-"] = disable_op
    t = env.from_string(f"{{{{ {expr} }}}}")
    assert t.render(ctx) == rv
    env.intercepted_unops = frozenset(["-"])
    t = env.from_string(f"{{{{ {expr} }}}}")
    with pytest.raises(TemplateRuntimeError):
        t.render(ctx)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('{{ "a{0.__class__}b".format(42) }}', "ab"),
        ('{{ "a{0.foo}b".format({"foo": 42}) }}', "a42b"),
        ('{{ ("a{0.__class__}b{1}"|safe).format(42, "<foo>") }}', "ab&lt;foo&gt;"),
        ('{{ ("a{0.foo}b{1}"|safe).format({"foo": 42}, "<foo>") }}', "a42b&lt;foo&gt;"),
        ('{{ ("a{}b{}").format("foo", "42")}}', "afoob42"),
        ('{{ ("a{}b{}"|safe).format(42, "<foo>") }}', "a42b&lt;foo&gt;"),
        ('{{ "a{x.__class__}b".format_map({"x":42}) }}', "ab"),
        ('{{ "a{x.foo}b".format_map({"x":{"foo": 42}}) }}', "a42b"),
        ('{{ ("a{x.foo}b{y}"|safe).format_map({"x":{"foo": 42}, "y":"<foo>"}) }}', "a42b&lt;foo&gt;"),
    ],
)
def test_string_format(env: CapEnvironment, source: str, wanted: str) -> None:
    assert env.from_string(source).render() == wanted


def test_indirect_call(env: CapEnvironment) -> None:
    def run(value: Any, arg: Any) -> Any:
        return value.run(arg)

    made = env.overlay()
    made.filters = {**env.filters, "run": run}
    t = made.from_string(
        '{% set ns = namespace(run="{0.__call__.__builtins__[__import__]}".format) %}'
        "{{ ns | run(not_here) }}"
    )
    # The host's filter is handed a thing of the template's that offers it nothing at all.
    with pytest.raises(GuestError):
        t.render()


def test_indirect_format_by_attr(env: CapEnvironment) -> None:
    t = env.from_string('{{ "{0.__call__.__builtins__[__import__]}" | attr("format")(not_here) }}')
    with pytest.raises(SecurityError):
        t.render()


#: Escapes of Jinja2's advisories. Each must be refused, or give nothing of the interpreter's.
ESCAPES: dict[str, str] = {
    # CVE-2016-10745: str.format
    "format": '{{ "{0.__class__.__mro__[1].__subclasses__}".format(x) }}',
    "format-globals": '{{ "{f.__globals__[__builtins__]}".format(f=cycler.__init__) }}',
    "format-self": '{{ "{0._TemplateReference__context.environment}".format(self) }}',
    # CVE-2019-10906: str.format_map
    "format-map": '{{ "{x.__class__.__init__.__globals__}".format_map({"x": cycler}) }}',
    # CVE-2019-8341: from_string of what a stranger wrote
    "classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "classes-item": "{{ ''['__class__']['__mro__'][1]['__subclasses__']() }}",
    "config": "{{ self.__init__.__globals__.__builtins__.open('/etc/passwd').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "joiner": "{{ joiner.__init__.__globals__.os.popen('id').read() }}",
    "namespace": "{{ namespace.__init__.__globals__.os.popen('id').read() }}",
    "undefined": "{{ x.__init__.__globals__ }}",
    "request": "{{ (x|attr('__class__'))|attr('__mro__') }}",
    "import": "{% set a = dict(__class__=1) %}{{ a.__class__.__mro__[1] }}{{ import_module('os') }}",
    "map-attribute": "{{ [1]|map(attribute='__class__')|map(attribute='__mro__')|list }}",
    "sort-attribute": "{{ [1, 2]|sort(attribute='__class__.__mro__')|first|attr('__class__') }}",
    "groupby": "{{ ['a']|groupby('__class__')|map(attribute='grouper')|first }}",
    "generator": "{{ ([1]|map('abs')).gi_frame.f_globals }}",
    "macro": "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "caller": "{% macro m() %}{{ caller._environment.filters }}{% endmacro %}{% call m() %}{% endcall %}",
    "loop": "{% for i in [1] %}{{ loop._iterable }}{{ loop.__class__.__init__.__globals__ }}{% endfor %}",
    "context": "{{ self._TemplateReference__context.environment.globals }}",
    # CVE-2024-56326: the method format, kept and called by something else
    "format-kept": '{% set f = "{0.__init__.__globals__}".format %}{{ [cycler]|map(f)|list }}',
    "format-in-namespace": '{% set ns = namespace(f="{0.__class__.__mro__}".format) %}{{ ns.f(1) }}',
    "format-through-dict": '{{ dict(f="{0.__class__.__mro__}".format).f(1) }}',
    # CVE-2025-27516: the method format, by the filter attr
    "format-by-attr": '{{ ("{0.__class__.__mro__}"|attr("format"))(1) }}',
    "format-by-map": '{{ (["{0.__class__.__mro__}"]|map(attribute="format")|first)(1) }}',
    "format-by-item": '{{ "{0.__class__.__mro__}"["format"](1) }}',
    "format-map-by-attr": '{{ ("{x.__class__.__mro__}"|attr("format_map"))({"x": 1}) }}',
}
TELL_TALE = (
    "<class",
    "<function",
    "<module",
    "<built-in",
    "{'__",
    "uid=",
    "root:",
    "<frame",
    "<Environment",
)


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_is_refused(env: CapEnvironment, name: str) -> None:
    try:
        found = env.from_string(ESCAPES[name]).render()
    except (SecurityError, TemplateRuntimeError, TemplateSyntaxError, GuestError):
        return
    assert not any(sign in found for sign in TELL_TALE), found


@pytest.mark.parametrize(
    ("name", "body"),
    [
        # CVE-2024-56201: Python smuggled into the generated text by a name or a place in it.
        ("a'\nimport os\n'", "{{ 1 if false }}"),
        ('b"\nraise SystemExit(3)\n"', "{% include 'nothing' ignore missing %}{{ 1 }}"),
        ("c\\'; raise SystemExit #", "{{ x.y }}{{ 1 if 0 }}"),
    ],
)
def test_a_name_is_no_way_into_the_text(name: str, body: str) -> None:
    from jinja2 import DictLoader

    env = CapEnvironment(loader=DictLoader({name: body}))
    try:
        env.get_template(name).render()
    except (TemplateRuntimeError, TemplateSyntaxError, GuestError):
        pass


def smuggler(python: str) -> Callable[..., str]:
    """A generator with such an error as CVE-2024-56201 was: the template's own Python goes in."""

    def generate(_node: Any, *_args: Any, **_kwargs: Any) -> str:
        return (
            "from jinja2.runtime import Undefined\nname = None\n"
            f"def root(context, missing=None, environment=environment):\n    yield str({python})\n"
            "blocks = {}\ndebug_info = ''"
        )

    return generate


@pytest.mark.parametrize(
    "python",
    [
        "__import__('os').system('true')",
        "open('/etc/passwd').read()",
        "().__class__.__base__.__subclasses__()",
        "root.__globals__",
        "[c for c in environment.__class__.__mro__[1].__subclasses__() if c.__name__ == 'Popen'][0]",
        "host._world",
        "(g for g in [1]).gi_frame.f_back.f_globals",
    ],
)
def test_what_the_generated_text_says_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    env = CapEnvironment()
    monkeypatch.setattr(env, "_generate", smuggler(python))
    with pytest.raises(GuestError):
        env.from_string("x").render()


@pytest.mark.parametrize(
    "source",
    [
        "{{ joiner.mro }}",
        "{{ joiner.mro|string|length }}",
        "{{ ['<', '&']|join|length }}",
        "{{ ['<']|join|upper }}",
        "{{ ['<']|join('&')|safe }}",
        "{{ ['<'|safe, '>']|join('&') }}",
        "{{ [1, '<']|join('<'|safe) }}",
    ],
)
def test_the_quick_ways_do_what_jinja2_does(source: str) -> None:
    from jinja2.sandbox import SandboxedEnvironment

    wanted = SandboxedEnvironment(autoescape=True).from_string(source).render()
    assert CapEnvironment(autoescape=True).from_string(source).render() == wanted
