"""`CapEnvironment` stands where `SandboxedEnvironment` stood: the same result for the same template, and a
budget, a membrane and a world that templates cannot change beside it."""

from __future__ import annotations

import functools
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="needs the extra jinja")

from jinja2 import (
    DictLoader,
    Environment,
    Undefined,
    nodes,
    pass_context,
    pass_environment,
    pass_eval_context,
)
from jinja2.exceptions import (
    SecurityError,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.ext import Extension
from jinja2.runtime import ChainableUndefined, DebugUndefined, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from capcompiler import Capability, CapabilityError, GuestError, LimitExceeded, Limits, expose, reach
from capcompiler.jinja import CapEnvironment, CapTemplate
from tests.benchmarks.templates import PAGES as PAGES_OF_THE_BENCHMARK
from tests.benchmarks.templates import TEMPLATES as TEMPLATES_OF_THE_BENCHMARK

PAGES = {
    "base.html": "<h1>{% block title %}base{% endblock %}</h1>{% block body %}{% endblock %}"
    "{% for i in range(2) %}{% block row scoped %}{{ i }}{% endblock %}{% endfor %}",
    "page.html": "{% extends 'base.html' %}{% block title %}{{ super() }}: {{ title }}{% endblock %}"
    "{% block body %}{% include 'part.html' %}{% import 'macros.html' as m %}{{ m.b(title) }}{% endblock %}"
    "{% block row %}<{{ i * 2 }}>{% endblock %}",
    "part.html": "[{{ title }}{% include ['none.html', 'leaf.html'] %}]{% include 'no' ignore missing %}",
    "leaf.html": "leaf of {{ self._name }}{{ title|upper }}",
    "macros.html": "{% macro b(x, n=2) %}<b>{{ x }}{{ n }}{{ varargs }}{{ kwargs|length }}</b>"
    "{% if caller %}{{ caller(n) }}{% endif %}{% endmacro %}{% set count = [1, 2] %}",
    "from.html": "{% from 'macros.html' import b, count with context %}{{ b('x', 3, 4, k=1) }}{{ count }}"
    "{% call(y) b('q') %}<{{ y }}>{% endcall %}",
    "broken.html": "{% for x in %}",
    "outer.html": "{% include 'broken.html' %}",
}
DATA: dict[str, Any] = {
    "title": "Tea & <cake>",
    "rows": [{"name": "a<b", "n": 3, "tags": ["x", "y&z"]}, {"name": "c", "n": 1.5, "tags": []}],
    "text": "the quick brown fox " * 3,
    "none": None,
    "safe": Markup("<i>ok</i>"),
    "nested": {"deep": [{"html": Markup("<u>u</u>")}, (Markup("<s>"), "<s>")]},
    "add": lambda a, b=1: a + b,
    "shout": lambda x: Markup("<b>%s</b>") % x,
}
TEMPLATES = [
    "{{ title }} {{ title|e }} {{ title|safe }} {{ safe }} {{ safe ~ title }} {{ nested.deep[0].html }}",
    "{{ nested.deep[1][0] }}{{ nested['deep'][1][1] }} {{ shout(title) }} {{ shout(safe) }} {{ add(2) }} {{ add(1, b=4) }}",
    "{% for r in rows %}{{ loop.index }}/{{ loop.length }} {{ r.name }} {{ r['n'] }} {{ r.tags|join(', ') }}"
    "{% if not loop.last %};{% endif %}{{ loop.cycle('o', 'e') }}{% else %}none{% endfor %}",
    "{% for r in rows recursive %}{{ r.n }}{% if depth is undefined and loop.depth < 2 %}{{ loop(rows) }}{% endif %}{% endfor %}",
    "{% set ns = namespace(n=0, s='') %}{% for r in rows %}{% set ns.n = ns.n + r.n %}{% endfor %}{{ ns.n }}{{ ns.q }}",
    "{% set x %}<b>{{ title }}</b>{% endset %}{{ x }}{{ x|length }}{% set a, b = 1, 2 %}{{ a + b }}",
    "{% macro f(a, b='d', c=none) %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ f(1) }}{{ f(1, c=2) }}{{ f(b=title, a=0) }}",
    "{% macro g() %}({{ caller('i') }}){% endmacro %}{% call(z) g() %}{{ z }}{{ title }}{% endcall %}",
    "{{ rows|map(attribute='name')|list }} {{ rows|selectattr('n', 'gt', 2)|map(attribute='name')|first }}",
    "{{ rows|sort(attribute='n')|map(attribute='n')|join('<') }} {{ rows|sum(attribute='n') }} {{ [3, 1, 2]|sort }}",
    "{% for k, v in rows|groupby('n') %}{{ k }}:{{ v|length }} {% endfor %}{{ rows|batch(1)|list|length }}",
    "{{ text|truncate(20) }}|{{ text|wordwrap(10) }}|{{ text|title }}|{{ text|wordcount }}|{{ text|center(80) }}",
    "{{ {'a': 1, 'b': [1, 2]}|tojson }} {{ title|tojson }} {{ {'a': title, 'b': none}|xmlattr }} {{ title|urlencode }}",
    "{{ missing }}{{ missing|default('d') }}{{ missing is defined }}{{ none is none }}{{ 3 is odd }}{{ 'a' in 'abc' }}",
    "{{ '%s-%d' % (title, 3) }} {{ '%s'|format(title) }} {{ 'a{}b{x}'.format(1, x=title) }} {{ 'x' * 3 }}",
    "{{ 1 if missing else 2 }}{{ 1 if missing }}{{ 7 // 2 }} {{ 2 ** 8 }} {{ -3|abs }} {{ 3.7|round }} {{ '3'|int + 1 }}",
    "{% filter upper %}a{{ title }}{% endfilter %}{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{% raw %}{{ x }}{% endraw %}",
    "{% autoescape false %}{{ title }}{% endautoescape %}{% autoescape true %}{{ title }}{% endautoescape %}",
    "{% autoescape none is none %}{{ title }}{{ safe }}{% endautoescape %}{{ title }}",
    "{{ [1, 2, 3, 4][1:3] }}{{ 'abcdef'[::2] }}{{ rows[0]['tags'][-1] }}{{ rows[9] }}{{ rows.0 }}",
    "{{ dict(a=1).a }}{{ cycler('a', 'b').next() }}{% set j = joiner('|') %}{{ j() }}{{ j() }}",
    "{{ title.upper().split('&')|list }} {{ 'a,b'.split(',') }} {{ title.replace('<', '[') }} {{ rows|length }}",
    "{{ 'http://a.example/?x=1&y=2 <b>'|urlize }} {{ '<p>a</p>'|striptags }} {{ text|indent(2) }} {{ 1024|filesizeformat }}",
    "{{ [1, [2, 3]]|string }} {{ rows|first|dictsort }} {{ ('a', 1)|last }} {{ range(5)|list }} {{ rows|random|length > 0 }}",
    "{% for r in rows %}{{ r.name }}{{ r.n }}{{ r.tags }}{{ r.lost }}{{ r.a is defined }}{% endfor %}{{ none.x }}"
    "{{ nested.deep[0].html }}{{ nested.deep[0].html.upper() }}{{ title.x }}{{ (rows|first).name }}{{ safe.x }}",
    "{% autoescape none is none %}{{ rows[0].name }}{{ nested.deep[0].html }}{% endautoescape %}{{ rows[0].name }}",
    "{{ loop is undefined }}{{ true }}{{ 1e3 }}{{ 'é' }}{{ 10000000000000000000000 }}{{ 0.1 + 0.2 }}",
]  # fmt: skip


@functools.cache
def pair(autoescape: bool) -> tuple[SandboxedEnvironment, CapEnvironment]:
    loader = DictLoader(PAGES)
    return (
        SandboxedEnvironment(autoescape=autoescape, loader=loader),
        CapEnvironment(autoescape=autoescape, loader=loader),
    )


@pytest.mark.parametrize("autoescape", [True, False])
@pytest.mark.parametrize("source", TEMPLATES)
def test_a_template_gives_what_it_gives_under_the_sandbox(source: str, autoescape: bool) -> None:
    theirs, ours = pair(autoescape)
    wanted = theirs.from_string(source).render(DATA)
    template = ours.from_string(source)
    assert template.render(DATA) == wanted
    assert template.render(**DATA) == wanted
    assert "".join(template.generate(DATA)) == wanted


@pytest.mark.parametrize("autoescape", [True, False])
def test_one_row_of_a_table_may_hold_safe_text(autoescape: bool) -> None:
    rows: list[Any] = [{"x": f"<{n}>"} for n in range(9)]
    rows[5] = {"x": Markup("<b>"), "ys": [Markup("<i>"), "<i>"]}
    rows += [rows[0], {"x": "a", 1: 2}]
    source = "{% for r in rows %}{{ r.x }}{% for y in r.ys %}{{ y }}{% endfor %}{{ r[1] }}{% endfor %}"
    theirs, ours = pair(autoescape)
    assert ours.from_string(source).render(rows=rows) == theirs.from_string(source).render(rows=rows)


@pytest.mark.parametrize("marked", [False, True])
def test_rows_that_are_shared_stay_shared_and_are_never_the_hosts(marked: bool) -> None:
    row = {"x": "<1>"}
    rows: list[Any] = [row, {"x": Markup("<2>") if marked else "<2>"}]
    source = (
        "{{ rows.append({'x': 3}) }}{{ row.update(x=4) }}{{ first.append(row) }}"
        "{{ again|length }}{% for r in rows %}{{ r.x }}{% endfor %}{{ first[0] is sameas row }}"
        "{{ rows is sameas again }}{{ rows[0] is sameas row }}{{ rows[0] is sameas first[0] }}"
    )
    given = {"row": row, "rows": rows, "first": [row, {"x": 5}], "again": rows}
    kept = repr(given)
    text = CapEnvironment(autoescape=True).from_string(source).render(given)
    assert repr(given) == kept
    assert text == SandboxedEnvironment(autoescape=True).from_string(source).render(given)
    assert repr(given) != kept


@pytest.mark.parametrize("autoescape", [True, False])
@pytest.mark.parametrize("name", ["page.html", "part.html", "macros.html", "from.html"])
def test_inheritance_includes_and_imports_go_by_the_loader(name: str, autoescape: bool) -> None:
    theirs, ours = pair(autoescape)
    assert ours.get_template(name).render(DATA) == theirs.get_template(name).render(DATA)


@pytest.mark.parametrize(
    "source",
    ["{{ x.y }}", "{{ x() }}", "{{ x + 1 }}", "{{ 1|x }}", "{% include 'nowhere' %}", "{% if %}", "{{ 1 is x }}",
     "{% import 'nowhere' as n %}", "{{ m.b.c }}", "{% extends 'nowhere' %}", "{{ none.a.b }}"],
)  # fmt: skip
def test_an_error_of_jinjas_is_the_same_error(source: str) -> None:
    theirs, ours = pair(False)
    with pytest.raises(Exception) as wanted:  # noqa: PT011 - the class is what is compared
        theirs.from_string(source).render()
    with pytest.raises(type(wanted.value)) as got:
        ours.from_string(source).render()
    assert str(got.value).splitlines()[0] == str(wanted.value).splitlines()[0]


@pytest.mark.parametrize("undefined", [Undefined, ChainableUndefined, DebugUndefined, StrictUndefined])
@pytest.mark.parametrize(
    "source", ["{{ x }}", "{{ x.y }}", "{{ x.y.z }}", "{{ x is defined }}", "{{ {}.a }}"]
)
@pytest.mark.parametrize("autoescape", [False, True], ids=["plain", "escaped"])
def test_the_kinds_of_undefined_values(undefined: Any, source: str, autoescape: bool) -> None:
    results = []
    for env in (
        SandboxedEnvironment(undefined=undefined, autoescape=autoescape),
        _of_kind(undefined, autoescape),
    ):
        try:
            results.append(env.from_string(source).render())
        except UndefinedError as error:
            results.append(f"{error}".splitlines()[0])
    assert results[0] == results[1]


@functools.cache
def _of_kind(undefined: Any, autoescape: bool) -> CapEnvironment:
    return CapEnvironment(undefined=undefined, autoescape=autoescape)


NUMBERS = {
    "n": Decimal("1.25"), "ns": [Decimal("1"), Decimal("2.50")], "f": Fraction(1, 3), "rows": [{"c": Decimal("9.99")}],
    "t": datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))), "z": UTC, "d": timedelta(3),
    "deep": {"a": (Decimal("3"), [Fraction(1, 2)])},
}  # fmt: skip


@pytest.mark.parametrize(
    "source",
    ["{{ n }} {{ n + 1 }} {{ n * 2 }} {{ n|round(1) }} {{ '%.2f'|format(n) }}", "{{ ns|sum }} {{ ns|max }}",
     "{{ f }} {{ f + 1 }} {{ deep.a[1][0] }} {{ deep.a[0] }}", "{{ rows|sum(attribute='c') }} {{ rows[0].c }}",
     "{{ t }} {{ t.isoformat() }} {{ d.days }} {{ z }}", "{{ given(n) }} {{ given(f) }} {{ given([t]) }}"],
)  # fmt: skip
def test_what_the_membrane_takes_as_data_a_template_takes(source: str) -> None:
    theirs, ours = pair(True)
    wanted = theirs.from_string(source).render(NUMBERS, given=lambda x: x)
    assert ours.from_string(source).render(NUMBERS, given=lambda x: x) == wanted
    assert ours.from_string(source, globals=NUMBERS).render(given=lambda x: x) == wanted


@pytest.mark.parametrize(
    "source",
    ["{% extends t %}{% block title %}own{% endblock %}", "{% include t %}", "{% include ['none', t] %}",
     "{% import m as x %}{{ x.b(1) }}{{ x.count }}", "{% from m import b with context %}{{ b(2) }}",
     "{% include ts.a %}"],
)  # fmt: skip
def test_a_template_that_is_handed_in(source: str) -> None:
    results = []
    for env in pair(True):
        named = {"t": env.get_template("base.html"), "m": env.get_template("macros.html")}
        results.append(env.from_string(source).render(named, ts={"a": named["t"]}))
    assert results[0] == results[1]


def test_a_template_of_another_environment_is_refused() -> None:
    theirs, ours = pair(True)
    for other in (theirs, CapEnvironment(loader=DictLoader(PAGES)), ours.overlay()):
        with pytest.raises(CapabilityError):
            ours.from_string("{% include t %}").render(t=other.get_template("base.html"))


def test_what_an_object_is_in_html() -> None:
    class Shown:
        def __html__(self) -> str:
            return "<b>"

        def __str__(self) -> str:
            return "<s>"

    source = "{{ h }}{{ h|e }}{{ [h, '<']|join }}{{ 'x'|safe ~ h }}{{ [h]|join('<') }}{{ h|string }}{{ h|forceescape }}"
    for autoescape in (True, False):
        results = [
            env.from_string(source).render(h=Shown())
            for env in (
                SandboxedEnvironment(autoescape=autoescape),
                CapEnvironment(autoescape=autoescape, objects="public"),
            )
        ]
        assert results[0] == results[1]


def test_options_of_syntax() -> None:
    options: dict[str, Any] = {
        "block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "${",
        "variable_end_string": "}", "trim_blocks": True, "lstrip_blocks": True, "line_statement_prefix": "#",
        "keep_trailing_newline": True, "extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        "finalize": lambda x: "-" if x is None else x, "autoescape": lambda name: name is None,
    }  # fmt: skip
    source = "${ {'a': xs[1]}.a }<% for x in xs %>\n# if x is none\n${ x }\n# endif\n<% if x == 2 %><% break %><% endif %>\n${ x }<% do xs|length %>\n<% endfor %>\n"
    results = [
        cls(**options).from_string(source).render(xs=["<", None, 2, 3])
        for cls in (SandboxedEnvironment, CapEnvironment)
    ]
    assert results[0] == results[1]


def test_what_the_host_adds() -> None:
    @pass_environment
    def which(env: Environment, x: Any) -> str:
        return f"{type(env).__bases__[-1].__name__[:3]}{x}"

    @pass_context
    def names(context: Any) -> str:
        return f"{context['a']}{context.get('nothing')}{context.resolve('here')}"

    @pass_eval_context
    def mode(eval_ctx: Any, x: str) -> Any:
        return Markup(f"<{x}>") if eval_ctx.autoescape else x

    results = []
    for env in (SandboxedEnvironment(autoescape=True), CapEnvironment(autoescape=True)):
        env.filters.update(double=lambda x: x * 2, which=which, mode=mode)
        env.tests["big"] = lambda x: x > 10
        env.globals.update(names=names, site={"name": "<s>"}, here=7, bold=lambda x: Markup("<b>") + x)
        t = env.from_string(
            "{{ 21|double }}{{ 'm'|mode }}{{ 11 is big }}{{ names() }}{{ site.name }}{{ bold('<') }}{{ extra }}"
            "{{ [1, 2]|map('double')|list }}{{ [5, 50]|select('big')|list }}{{ missing|d('x')|double }}",
            globals={"extra": "<e>"},
        )
        results.append(t.render(a="A"))
    assert results[0] == results[1]


def test_an_undefined_value_and_safe_text_are_what_they_are_in_a_hosts_function() -> None:
    env = CapEnvironment(autoescape=True)
    seen: list[Any] = []
    env.filters["see"] = lambda *values: seen.extend(values) or ""
    env.from_string("{{ nothing|see(title, 'a'|safe, [1, 'b'|safe], {'k': nothing}) }}").render(
        title="t"
    )
    assert isinstance(seen[0], Undefined) and seen[0]._undefined_name == "nothing"
    assert type(seen[1]) is str and type(seen[2]) is Markup and type(seen[3][1]) is Markup
    assert isinstance(seen[4]["k"], Undefined)


def test_capabilities_and_objects() -> None:
    class Shop(Capability):
        def price(self, item: str) -> int:
            return {"tea": 3}[item]

    class User:
        name = "Ann <a>"
        _secret = "s"

        def __init__(self) -> None:
            self.friends = [self]

        def greet(self, other: str) -> str:
            return f"{self.name} greets {other}"

        def __getitem__(self, key: str) -> str:
            return f"item {key}"

        def __iter__(self) -> Any:
            return iter([self, 1])

        def __html__(self) -> str:
            return "<user>"

    env = pair(True)[1]
    assert env.from_string("{{ shop.price('tea') }}{{ shop.till }}").render(shop=Shop()) == "3"
    user = User()
    exposed = expose(user, "greet", read="name")
    assert env.from_string("{{ u.name }}{{ u.greet('x') }}{{ u._secret }}").render(u=exposed) == (
        "Ann &lt;a&gt;Ann &lt;a&gt; greets x"
    )
    with pytest.raises(CapabilityError, match="User is neither data nor a capability"):
        env.from_string("{{ u }}").render(u=[{"a": user}])
    source = (
        "{{ u }}{{ u.name }}{{ u.friends[0].greet('x') }}{{ u['k'] }}{{ u.k }}"
        "{% for x in u %}{{ x.name }}{% endfor %}{{ u.friends|map(attribute='name')|list }}"
    )
    public = CapEnvironment(autoescape=True, objects="public")
    wanted = SandboxedEnvironment(autoescape=True).from_string(source).render(u=user)
    assert public.from_string(source).render(u=user) == wanted
    own = CapEnvironment(objects=lambda value: {"name": value.name})
    assert own.from_string("{{ u.name }}{{ u.friends }}").render(u=user) == "Ann <a>"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "depth"),
        ("{{ 'x' * 10**12 }}", "memory"),
        ("{{ 'x'|center(10**12) }}", "memory"),
        ("{{ 10 ** (10 ** 10) }}", "memory"),
        ("{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "memory"),
        ("{{ 'x' * 200000 }}", "output"),
        ("{% for i in range(2000) %}{{ 'x' * 100 }}{% endfor %}", "output"),
        ("{{ ('a' * 5000 ~ '!')|urlize|length if 0 else ('(a+)+$' * 9)|replace('a', 'b' * 10**9) }}", "memory"),
        ("{% include 'self' %}", "depth"),
        ("{{ lipsum(n=10**6)|length }}", "steps"),
        ("{{ range(10**9)|list }}", ""),
        ("{{ [1, 2]|batch(10**9, 0)|list|length }}", "memory steps"),
        ("{{ '%1000000000000d' % 1 }}", "memory"),
        ("{{ 'a'|indent(10**10) }}", "memory"),
    ],
)  # fmt: skip
def test_a_rendering_has_a_budget(source: str, kind: str) -> None:
    env = _bounded()
    if not kind:
        with pytest.raises(GuestError, match="Range too big"):
            env.from_string(source).render()
        return
    with pytest.raises(LimitExceeded) as stop:
        env.from_string(source).render()
    assert stop.value.kind in kind.split()
    assert env.from_string("{{ 1 + 1 }}").render() == "2"


@functools.cache
def _bounded() -> CapEnvironment:
    return CapEnvironment(
        limits=Limits(steps=300_000, output=100_000, memory=2**26, depth=100),
        loader=DictLoader({"self": "{% include 'self' %}"}),
    )


@pytest.mark.parametrize(
    "source",
    ["{{ 'x'|center(10**13) }}", "{{ 9 ** 9 ** 9 }}", "{% autoescape 'x'|center(10**13) %}{% endautoescape %}",
     "{% macro m(a='x' * 10**13) %}{% endmacro %}", "{{ ['a' * 10**13]|join }}"],
)  # fmt: skip
def test_nothing_is_computed_while_a_template_is_read(source: str) -> None:
    text = pair(False)[1].compile(source, raw=True)
    assert len(text) < 3000
    pair(False)[1].from_string(source)


@pytest.mark.parametrize("source", ["{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "9" * 5000 + " }}",
                                    "{% if 1 %}" * 3000, "x" * 1_000_001])  # fmt: skip
def test_a_template_that_cannot_be_read_is_an_error_of_syntax(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        pair(False)[1].from_string(source)


def test_an_error_in_an_included_template_says_which() -> None:
    with pytest.raises(TemplateSyntaxError) as error:
        pair(False)[1].get_template("outer.html").render()
    assert error.value.name == "broken.html" and error.value.lineno == 1


def test_an_error_names_the_line_of_the_template() -> None:
    with pytest.raises(GuestError) as error:
        pair(False)[1].from_string("a\nb\n{{ 1 // n }}\n").render(n=0)
    assert error.value.exc_type == "ZeroDivisionError"
    assert "line 3" in "".join(error.value.__notes__)


@pytest.mark.parametrize("newstyle", [True, False])
def test_translations(newstyle: bool) -> None:
    source = (
        "{% trans user='<a>' %}hello {{ user }}{% endtrans %} {% trans n=3 %}one{% pluralize %}{{ n }} many"
        "{% endtrans %} {{ _('x') }} {{ gettext('<y>') }}"
    )
    results = []
    for cls in (SandboxedEnvironment, CapEnvironment):
        env: Any = cls(extensions=["jinja2.ext.i18n"], autoescape=True)
        env.install_gettext_callables(
            lambda s: s.replace("hello", "hallo"), lambda s, p, n: s if n == 1 else p, newstyle=newstyle
        )
        results.append(env.from_string(source).render())
    assert results[0] == results[1]


class Loud(Extension):
    tags = {"loud"}

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endloud",), drop_needle=True)
        call = self.call_method("_loud", [nodes.Const(2)])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _loud(self, times: int, caller: Any) -> Any:
        return caller().upper() * times

    def secret(self) -> str:
        return "secret"


def test_an_extension_of_the_hosts_is_called_by_what_it_put_into_a_template() -> None:
    for cls in (SandboxedEnvironment, CapEnvironment):
        env: Any = cls(extensions=[Loud])
        assert env.from_string("{% loud %}hi{{ x }}{% endloud %}").render(x="y") == "HIYHIY"
    world = env._worlds.any()
    for name in ("secret", "parse", "__init__"):
        with pytest.raises(GuestError):
            world.compartment.call("extension", Loud.identifier, name)


@pytest.mark.parametrize("name", TEMPLATES_OF_THE_BENCHMARK)
def test_the_templates_of_the_benchmark_give_the_same(name: str) -> None:
    source, values = TEMPLATES_OF_THE_BENCHMARK[name]
    loader = DictLoader(PAGES_OF_THE_BENCHMARK)
    found = [cls(autoescape=True, loader=loader).from_string(source).render(values)
             for cls in (SandboxedEnvironment, CapEnvironment)]  # fmt: skip
    assert found[0] == found[1]


# One rendering and the next


def test_a_rendering_leaves_nothing_for_the_next() -> None:
    loader = DictLoader(
        {"lib": "{% set bag = [] %}", "t": "{% import 'lib' as l %}{{ l.bag.append(x) }}{{ l.bag }}"}
    )
    env = CapEnvironment(loader=loader)
    env.globals["shared"] = {"seen": []}
    env.globals["deep"] = [[]]
    t = env.get_template("t")
    assert t.render(x="first") == "None['first']"
    assert t.render(x="second") == "None['second']"
    leak = env.from_string("{{ shared.seen.append(x) }}{{ deep[0].append(x) }}{{ shared }}{{ deep }}")
    assert leak.render(x=1) == "NoneNone{'seen': [1]}[[1]]"
    assert leak.render(x=2) == "NoneNone{'seen': [2]}[[2]]"
    assert env.globals["shared"] == {"seen": []}
    handed = {"xs": [1]}
    assert env.from_string("{{ xs.append(2) }}{{ xs }}").render(handed) == "None[1, 2]"
    assert handed == {"xs": [1]}
    given = env.from_string("{{ g.append(1) }}{{ g }}", globals={"g": []})
    assert [given.render(), given.render()] == ["None[1]", "None[1]"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ cycler.next.__setattr__('x', 1) }}",
        "{{ cycler.__dict__.update(x=1) }}",
        "{% set cycler.x = 1 %}",
        "{% set ns = namespace() %}{% set ns.__class__ = cycler %}{{ ns.__class__ }}{{ ns.next() }}",
        "{{ range.__self__.x }}",
        "{{ self.__init__.__globals__.update(x=1) }}",
        "{% set x = lipsum.__globals__ %}{{ x.update(y=1) }}",
        "{{ (namespace|attr('__init__')).__globals__.clear() }}",
        "{{ environment.filters.clear() }}",
        "{{ host.load(1) }}",
        "{{ attribute(1, '__class__').mro() }}",
        "{{ cycler.mro() }}{{ dict.mro() }}",
        "{{ dict.__setitem__({}, 1, 2) }}",
    ],
)
def test_a_template_cannot_change_the_world_of_the_others(source: str) -> None:
    env = pair(False)[1]
    with pytest.raises((TemplateError, GuestError)):
        shown = env.from_string(source).render()
        assert "<class" not in shown
        raise TemplateError
    assert (
        env.from_string("{{ cycler('a').next() }}{{ namespace(a=1).a }}{{ 'x'|upper }}").render()
        == "a1X"
    )


def test_nothing_of_the_host_is_in_reach_of_a_world_of_templates() -> None:
    env = CapEnvironment(autoescape=True, objects="public")
    env.globals["site"] = expose(env, "join_path")
    source = "{% macro m() %}{{ x }}{{ site }}{% endmacro %}{{ m() }}{{ x|upper }}"
    assert env.from_string(source).render(x="a") == "a&lt;capability&gt;A"
    assert reach(env._worlds.any().compartment).outside == ()


def test_templates_of_two_environments_share_nothing() -> None:
    one, two = CapEnvironment(), CapEnvironment()
    t = one.from_string("{{ x }}")
    with pytest.raises(TypeError):
        two.get_template(t) if not isinstance(t, CapTemplate) else two.get_template(
            Environment().from_string("x")
        )
    assert t.render(x=1) == "1"


# Where a template comes from


def test_a_changed_template_is_loaded_anew_and_a_lost_one_is_missed() -> None:
    pages = {"a": "1{% include 'b' ignore missing %}", "b": "2"}
    env = CapEnvironment(loader=DictLoader(pages))
    assert env.get_template("a").render() == "12"
    pages["b"] = "3"
    assert env.get_template("a").render() == "13"
    del pages["b"]
    assert env.get_template("a").render() == "1"
    pages["a"] = "x"
    assert env.get_template("a").render() == "x"
    with pytest.raises(TemplateNotFound):
        env.get_template("c")
    assert env.select_template(["c", "a"]).render() == "x"
    assert CapEnvironment(loader=DictLoader(pages), cache_size=0).get_template("a").render() == "x"


def test_a_template_that_nobody_has_any_more_is_forgotten() -> None:
    env = CapEnvironment()
    for n in range(30):
        assert env.from_string(f"{{{{ {n} }}}}").render() == str(n)
    world = env._worlds.any()
    for change in world._changes():
        world.compartment.call(*change)
    assert len(world._sources) <= 1
    assert world.compartment.eval("len(environment.templates)") <= 2


def test_compiled_code_never_runs_in_the_host() -> None:
    env = pair(False)[1]
    code = Environment().compile("{{ 1 }}")
    with pytest.raises(TypeError):
        CapTemplate.from_code(env, code, {})
    with pytest.raises(TypeError):
        env.compile("{{ 1 }}")
    with pytest.raises(TypeError):
        env.compile_templates("somewhere")
    with pytest.raises(TypeError):
        env.from_string("x").new_context()
    with pytest.raises(ValueError):
        CapEnvironment(bytecode_cache=object())
    with pytest.raises(TypeError):
        CapEnvironment(limits=3)  # type: ignore[arg-type]


def test_expressions() -> None:
    env = pair(False)[1]
    assert env.compile_expression("a * 2 + b|length")(a=2, b="xyz") == 7
    assert env.compile_expression("nothing")() is None
    assert env.compile_expression("[a, {'k': a}]")({"a": 1}) == [1, {"k": 1}]
    with pytest.raises(SecurityError):
        env.compile_expression("a.__class__.__mro__")(a=1)


def test_an_overlay_has_a_world_of_its_own() -> None:
    env = CapEnvironment(autoescape=False)
    made = env.overlay(autoescape=True)
    assert [e.from_string("{{ x }}").render(x="<") for e in (env, made)] == ["<", "&lt;"]


def test_a_function_of_the_hosts_may_render_inside_a_turn() -> None:
    env = CapEnvironment(autoescape=True)
    inner = env.from_string("<i>{{ x }}</i>")
    env.globals["part"] = lambda x: Markup(inner.render(x=x))
    assert env.from_string("{{ part('<') }}{{ part(2) }}").render() == "<i>&lt;</i><i>2</i>"


def test_an_error_of_the_hosts_says_nothing_of_the_host() -> None:
    def fails() -> None:
        raise RuntimeWarning("/home/secret")

    with pytest.raises(GuestError) as error:
        pair(False)[1].from_string("{{ fails() }}").render(fails=fails)
    assert "secret" not in str(error.value) or error.value.exc_type == "RuntimeWarning"


def some() -> Iterator[Any]:
    yield from (1, "<b>", Markup("<i>"), {"a": [1]}, None)


ROWS = {"a": 1, "b": "<"}


@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize(
    ("source", "make"),
    [
        ("{% for x in g %}{{ loop.index }}{{ loop.last }}{{ x }}{% endfor %}{{ g|list }}", some),
        ("{{ g|first }}{{ g|join('-') }}{{ g is iterable }}{{ g is sequence }}{{ g is mapping }}", some),
        ("{% set a, b = g %}{{ a }}{{ b }}{{ f(g)|list }}{{ d.g|list }}", lambda: iter("<>")),
        ("{% for k, v in g %}{{ k }}={{ v }}{% endfor %}{{ g|length }}", ROWS.items),
        ("{{ 'a' in g }}{{ g|list }}", ROWS.keys),
        ("{{ g|list }}", OrderedDict(ROWS).values),
        ("{{ g|sum }}", lambda: map(int, "123")),
        ("{{ g|list }}", lambda: zip("ab", enumerate(reversed([1, 2])))),
        ("{% for k, g in g %}{{ k }}{{ g|list }}{% endfor %}", lambda: itertools.groupby([1, 1, 2])),
    ],
)  # fmt: skip
def test_iterators_and_views_are_gone_through_as_in_the_sandbox(
    autoescape: bool, source: str, make: Callable[[], Any]
) -> None:
    shown = [
        env.from_string(source).render(g=make(), f=lambda g: g, d={"g": make()})
        for env in pair(autoescape)
    ]
    assert shown[0] == shown[1]


def test_an_element_is_taken_when_it_is_asked_for_and_paid_for() -> None:
    taken: list[int] = []
    endless = (taken.append(i) or i for i in itertools.count())
    env = CapEnvironment(limits=Limits(steps=20_000))
    assert env.from_string("{{ g|first }}{{ g|first }}").render(g=endless) == "01"
    assert taken == [0, 1]
    with pytest.raises(LimitExceeded):
        env.from_string("{{ g|list|length }}").render(g=endless)
    assert len(taken) < 20_000


def test_of_an_iterator_nothing_but_its_elements_is_there() -> None:
    """And no object of the host's is among these; an open file is no iterator of Python's own."""
    env = pair(False)[1]
    for source in ("{{ g.send(1) }}", "{{ g.gi_frame.f_back }}", "{{ g.throw(1) }}", "{{ g.close() }}"):
        with pytest.raises((UndefinedError, SecurityError)):
            env.from_string(source).render(g=some())
    with pytest.raises(CapabilityError, match="object is neither data nor a capability"):
        env.from_string("{{ g|list }}").render(g=(object() for _ in "a"))
    with open(__file__) as file, pytest.raises(CapabilityError, match="TextIOWrapper is neither"):
        env.from_string("{{ g|list }}").render(g=file)

    def fails() -> Iterator[int]:
        yield 1
        raise KeyError("secret")

    with pytest.raises(GuestError) as error:
        env.from_string("{{ g|list }}").render(g=fails())
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("autoescape", [False, True])
def test_a_module_is_handed_to_another_template(autoescape: bool) -> None:
    macros = "{% macro hi(n) %}<b>{{ n }}</b>{% endmacro %}{% set v = [1, 2] %}{% set _p = 3 %}body"
    source = "{{ m.hi('<') }}{{ m.v }}{{ m }}{{ m._p }}{{ m.nope }}{{ m._template }}{{ m.__class__ }}"
    shown = [
        env.from_string(source).render(m=env.from_string(macros).module) for env in pair(autoescape)
    ]
    assert shown[0] == shown[1]
    loop = "{% macro w() %}{% for i in range(9000) %}{% endfor %}{% endmacro %}"
    env = CapEnvironment(limits=Limits(steps=20_000))
    with pytest.raises(LimitExceeded):
        env.from_string("{% for i in range(100) %}{{ m.w() }}{% endfor %}").render(
            m=env.from_string(loop).module
        )
    with pytest.raises(CapabilityError, match="TemplateExports is neither data"):
        pair(False)[1].from_string("{{ m }}").render(m=env.from_string("a").module)
