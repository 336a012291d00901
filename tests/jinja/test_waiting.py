"""Environments with `enable_async`: the same text as Jinja2's own, one turn for each rendering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="needs the extra jinja")

from jinja2 import DictLoader
from jinja2.exceptions import SecurityError, TemplateNotFound, TemplatesNotFound, UndefinedError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from capcompiler import GuestError, LimitExceeded, Limits
from capcompiler.jinja import CapEnvironment

PAGES = {
    "base": "<{% block head %}{{ double(1) }}{% endblock %}|{% block body scoped %}{% endblock %}>",
    "macros": "{% macro twice(x, n=2) %}[{{ double(x) }}{{ n }}{{ caller(x) if caller }}]{% endmacro %}"
    "{% set exported = double(4) %}",
    "part": "part {{ x }}{{ double(3) }}",
}
TEMPLATES = {
    "call": "{{ double(2) }}{{ double(x=4) + 1 }}{{ double(double(1)) }}",
    "not-awaited": "{{ [1, 2]|sum }}{{ 'a'.upper() }}{{ row.n }}{{ row['n'] }}{{ missing }}",
    "loop": "{% for i in counted(4) if i % 2 %}{{ loop.index }}{{ loop.last }}{{ i }}{% else %}none{% endfor %}",
    "loop-over-a-list": "{% for i in [1, 2] %}{{ double(i) }}{{ loop.nextitem }}{% endfor %}",
    "loop-that-is-empty": "{% for i in counted(0) %}{{ i }}{% else %}none{% endfor %}",
    "recursive": "{% for t in tree recursive %}{{ t.n }}{{ loop(t.c) }}{% endfor %}",
    "filter-of-the-host": "{{ 'a'|later }}{{ ['a', 'b']|map('later')|join('-') }}",
    "test-of-the-host": "{{ 3 is odd_later }}{{ 4 is odd_later }}",
    "filters-with-a-variant": "{{ counted(3)|list }}{{ counted(3)|join(',') }}{{ counted(3)|sum }}"
    "{{ counted(4)|select('odd')|list }}{{ counted(3)|first }}{{ counted(2)|map('string')|list }}",
    "extends": "{% extends 'base' %}{% block head %}{{ super() }}{{ double(5) }}{% endblock %}"
    "{% block body %}{{ self.head() }}{% endblock %}",
    "import": "{% import 'macros' as m %}{{ m.twice(3) }}{{ m.exported }}"
    "{% from 'macros' import twice with context %}{{ twice(1, 7) }}",
    "call-block": "{% from 'macros' import twice %}{% call(v) twice(2) %}<{{ v }}{{ double(v) }}>{% endcall %}",
    "include": "{% include 'part' %}{% include 'part' without context %}{% include ['no', 'part'] %}"
    "{% include 'no' ignore missing %}",
    "set-block": "{% set s %}{{ double(6) }}{% endset %}{{ s }}{% filter upper %}{{ 'q'|later }}{% endfilter %}",
    "safe-text": "{{ safe() }}{{ safe()|escape }}{{ '<' ~ safe() }}",
    "namespace": "{% set ns = namespace(n=0) %}{% for i in counted(4) %}{% set ns.n = ns.n + i %}{% endfor %}"
    "{{ ns.n }}",
}


async def double(x: int) -> int:
    await asyncio.sleep(0)
    return 2 * x


async def counted(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def later(text: str) -> str:
    await asyncio.sleep(0)
    return f"{text}!"


async def odd_later(n: int) -> bool:
    return n % 2 == 1


async def safe() -> Markup:
    return Markup("<b>")


DATA: dict[str, Any] = {
    "x": 1,
    "row": {"n": 3},
    "tree": [{"n": 1, "c": [{"n": 2, "c": []}]}, {"n": 3, "c": []}],
    "counted": counted,
    "safe": safe,
}


def made(kind: type[SandboxedEnvironment], **given: Any) -> Any:
    env = kind(loader=DictLoader(PAGES), enable_async=True, autoescape=True, **given)
    env.globals["double"] = double
    env.filters["later"] = later
    env.tests["odd_later"] = odd_later
    return env


@pytest.fixture(scope="module")
def ours() -> Any:
    return made(CapEnvironment)


@pytest.mark.parametrize("name", TEMPLATES)
def test_text_is_that_of_jinja2(ours: Any, name: str) -> None:
    theirs = made(SandboxedEnvironment).from_string(TEMPLATES[name])
    wanted = asyncio.run(theirs.render_async(DATA))
    assert asyncio.run(ours.from_string(TEMPLATES[name]).render_async(DATA)) == wanted


def test_render_runs_a_loop_of_its_own(ours: Any) -> None:
    assert ours.from_string("{{ double(2) }}").render() == "4"
    assert list(ours.from_string("<{{ double(2) }}>").generate()) == ["<", "4", ">"]
    assert ours.compile_expression("double(x) + 1")(x=2) == 5


def test_renderings_take_turns_and_may_be_nested(ours: Any) -> None:
    page = ours.from_string("{{ double(x) }}{% for i in counted(3) %}{{ i }}{% endfor %}")

    async def inner() -> str:
        return str(await page.render_async(x=5, counted=counted))

    async def main() -> list[str]:
        outer = ours.from_string("<{{ inner() }}{{ inner() }}>").render_async(inner=inner)
        many = (page.render_async(x=n, counted=counted) for n in range(4))
        return await asyncio.gather(outer, *many)

    assert asyncio.run(main()) == ["<1001210012>", "0012", "2012", "4012", "6012"]


def test_a_template_is_had_while_another_is_rendered(ours: Any) -> None:
    async def main() -> tuple[str, str]:
        reached, go = asyncio.Event(), asyncio.Event()

        async def held() -> str:
            reached.set()
            await go.wait()
            return "held"

        task = asyncio.create_task(ours.from_string("{{ held() }}").render_async(held=held))
        await reached.wait()
        second = asyncio.create_task(ours.get_template("part").render_async(x=2))
        go.set()
        return await task, await second

    assert asyncio.run(main()) == ("held", "part 26")


def test_modules_and_macros(ours: Any) -> None:
    async def main() -> tuple[Any, str, Any]:
        module = await ours.get_template("macros").make_module_async()
        return module.exported, str(await module.twice(3)), module.twice.arguments

    assert asyncio.run(main()) == (8, "[62]", ("x", "n"))
    with pytest.raises(RuntimeError, match="make_module_async"):
        _ = ours.get_template("macros").module


def test_without_a_cache_templates_are_held_for_one_rendering() -> None:
    env = made(CapEnvironment, cache_size=0)
    page = env.from_string("{% include 'part' %}{{ double(x) }}")
    for n in range(3):
        assert page.render(x=n) == f"part {n}6{2 * n}"
    assert len(env._worlds.any().held) == 1


async def _pieces(template: Any) -> list[str]:
    return [piece async for piece in template.generate_async()]


def test_pieces(ours: Any) -> None:
    assert "".join(asyncio.run(_pieces(ours.from_string("a{{ double(1) }}b")))) == "a2b"


def test_errors_are_jinja2s_own(ours: Any) -> None:
    async def fails(**_given: Any) -> None:
        raise UndefinedError("on purpose")

    for source, kind in {
        "{{ fails() }}": UndefinedError,
        "{{ nothing.at.all }}": UndefinedError,
        "{% include 'no' %}": TemplateNotFound,
        "{{ double.__globals__ }}{{ double.__globals__() }}": SecurityError,
    }.items():
        with pytest.raises(kind):
            ours.from_string(source).render(fails=fails)
    with pytest.raises(TemplatesNotFound) as error:
        ours.from_string("{% include ['no', 'nor'] %}").render()
    assert error.value.templates == ["no", "nor"]


def test_a_host_s_failure_tells_nothing_of_the_host(ours: Any) -> None:
    class Private(Exception):
        pass

    async def fails() -> None:
        raise Private("/etc/secret")

    with pytest.raises(GuestError) as error:
        ours.from_string("{{ fails() }}").render(fails=fails)
    shown = f"{error.value}{error.value.traceback}"
    assert "secret" not in shown
    assert "Private" not in shown
    assert "test_waiting" not in shown


def test_budgets_hold() -> None:
    env = made(CapEnvironment, limits=Limits(steps=20_000, seconds=5))
    for source in (
        "{% for i in endless() %}{% endfor %}",
        "{% for i in range(99999) %}{{ double(i) }}{% endfor %}",
        "{{ endless()|list }}",
    ):
        with pytest.raises(LimitExceeded):
            env.from_string(source).render(endless=_endless)
    waits = made(CapEnvironment, limits=Limits(seconds=0.05))
    with pytest.raises(LimitExceeded) as error:
        waits.from_string("{{ sleep() }}").render(sleep=lambda: asyncio.sleep(30))
    assert error.value.kind == "seconds"


async def _endless() -> AsyncIterator[int]:
    while True:
        yield 1


def test_what_is_awaited_is_no_object_of_the_host_s(ours: Any) -> None:
    """An object that cannot cross is refused when it is awaited too, and nothing of a coroutine shows."""

    async def gives() -> Any:
        return object()

    with pytest.raises(GuestError, match="neither data nor a capability"):
        ours.from_string("{{ gives() }}").render(gives=gives)
    for source in ("{{ gives.cr_frame }}", "{{ gives().cr_frame }}", "{{ counted(1).ag_frame }}"):
        try:
            shown = ours.from_string(source).render(gives=odd_later, counted=counted)
        except (GuestError, UndefinedError):
            continue
        assert shown == ""


def test_an_environment_that_does_not_await_says_so() -> None:
    page = CapEnvironment().from_string("a")
    with pytest.raises(RuntimeError, match="async mode"):
        asyncio.run(page.render_async())
