"""Attacks of templates: on the host's time, on other renderings, and what is told of the host."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="needs the extra jinja")

from jinja2 import DebugUndefined, DictLoader, FileSystemLoader
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from jinja2.sandbox import unsafe

from capcompiler import LimitExceeded, Limits
from capcompiler.jinja import CapEnvironment
from capcompiler.jinja.crossing import Crossing

#: Changes what it imports, and says what it finds there.
PAGES = {
    "shared": "{% set items = [] %}",
    "writes": "{% import 'shared' as s %}{% set _ = s.items.append('left') %}",
    "reads": "{% import 'shared' as s %}{{ s.items }}",
    "macros": "{% macro look() %}{% import 'shared' as s %}{{ s.items }}{% endmacro %}",
    "secret": "{{ secret }}",
    "writes-global": "{{ config.rows.append('left') or wait() }}",
    "reads-global": "{{ config.rows }}",
}


class Box:
    """A host's object that takes anything, as a view of it does."""

    def __init__(self) -> None:
        self.got: Any = None

    def __add__(self, other: Any) -> str:
        self.got = other
        return "got"


@pytest.fixture
def env() -> CapEnvironment:
    return CapEnvironment(loader=DictLoader(PAGES))


def test_a_shared_nest_is_handed_to_the_host_as_it_is() -> None:
    """Sixty levels of `[x, x]` are sixty lists, not 2**60 (pit 22); what holds itself does so again."""
    box = Box()
    source = (
        "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
    )
    env = CapEnvironment(objects="public")
    assert env.from_string(source + "{{ box + ns.x }}").render(box=box) == "got"
    assert box.got[0] is box.got[1]
    source = "{% set x = [] %}{% set _ = x.append({'x': x}) %}{{ box + x }}"
    assert env.from_string(source).render(box=box) == "got"
    assert box.got[0]["x"] is box.got
    pair = (1, [2])
    assert Crossing(env).leave([pair, pair, {"k": pair}]) == [(1, [2]), (1, [2]), {"k": (1, [2])}]


@pytest.mark.parametrize("at", ["lipsum", "cycler", "namespace", "joiner", "range", "given"])
def test_what_every_rendering_has_is_not_changed_by_one(env: CapEnvironment, at: str) -> None:
    """`cycler.reset(other)` sets an attribute of whatever it is handed."""
    env.globals["given"] = len
    with pytest.raises(UndefinedError):
        env.from_string(f"{{{{ cycler.reset({at}) }}}}").render()
    assert env.from_string(f"{{{{ {at}.pos is defined }}}}").render() == "False"
    assert env.from_string("{{ namespace().pos is defined }}").render() == "False"


def test_a_macro_that_the_host_calls_sees_no_other_rendering(env: CapEnvironment) -> None:
    macros = env.get_template("macros").module
    env.get_template("writes").render()
    assert macros.look() == "[]"


def test_a_rendering_inside_another_leaves_it_no_module(env: CapEnvironment) -> None:
    env.globals["inner"] = lambda name: env.get_template(name).render()
    assert (
        env.from_string("{{ inner('writes') }}{% import 'shared' as s %}{{ s.items }}").render() == "[]"
    )
    source = "{% import 'shared' as s %}{% set _ = s.items.append(1) %}{{ inner('reads') }}"
    assert env.from_string(source).render() == "[]"


def test_renderings_that_wait_inside_another_share_no_module() -> None:
    env = CapEnvironment(loader=DictLoader(PAGES), enable_async=True)
    page = env.from_string(
        "{% import 'shared' as s %}{% set _ = s.items.append(n) %}{{ wait() }}"
        "{% import 'shared' as t %}{{ t.items }}"
    )

    async def wait() -> str:
        await asyncio.sleep(0)
        return ""

    async def both() -> str:
        made = (page.render_async(n=n, wait=wait) for n in (1, 2))
        return "".join(await asyncio.gather(*made))

    found = env.from_string("{{ both() }}").render(both=both)
    assert found == "[][]"  # not "[2][2]": what one imported is no other's


def test_globals_of_a_template_are_those_of_one_rendering(env: CapEnvironment) -> None:
    assert env.get_template("secret", globals={"secret": "S"}).render() == "S"
    assert env.get_template("secret").render() == ""
    assert env.from_string("{% include 'secret' %}").render() == ""


def test_globals_that_can_change_are_each_rendering_s_own(env: CapEnvironment) -> None:
    """Also where a second rendering comes between what the host tells the world and the rendering, and
    inside another."""
    env.globals.update(config={"rows": []}, wait=lambda: "")
    writes, reads = env.get_template("writes-global"), env.get_template("reads-global")
    world = env._worlds.any()
    for change in world._changes():
        world.compartment.call(*change)
    again = world._changes
    world._changes = lambda: iter(())  # type: ignore[method-assign]  # as if another thread had told it
    writes.render()
    assert reads.render() == "[]"
    world._changes = again  # type: ignore[method-assign]
    env.globals["wait"] = reads.render
    assert writes.render() == "[]"
    env.globals["wait"] = lambda: ""
    nested = env.from_string("{{ inner() }}{% import 'reads-global' as r %}{{ r }}")
    assert nested.render(inner=writes.render) == "[]"


def test_a_function_that_is_refused_is_told_by_its_name() -> None:
    @unsafe
    def danger() -> None: ...

    page = CapEnvironment(undefined=DebugUndefined).from_string("{{ danger }}")
    found = page.render(danger=danger)
    assert "danger" in found
    assert not re.search("0x[0-9a-f]+", found)


@pytest.mark.parametrize(
    "piece",
    ["{{% if a %}}{{% set x{n}=1 %}}{{% endif %}}", "{{% set x{n}=1 %}}{{% include 'p' %}}"],
    ids=["branches", "includes"],
)
def test_a_template_whose_text_would_grow_with_its_square_is_refused(piece: str) -> None:
    """Jinja2 copies all names for each branch, and writes them all out for each include."""
    source = "".join(piece.format(n=n) for n in range(20_000))
    env = CapEnvironment()
    with pytest.raises(TemplateSyntaxError, match="too many statements"):
        env.from_string(source)


def test_templates_that_a_template_asks_for_are_paid_for(tmp_path: Path) -> None:
    """A loader that knows one file by many names has the host read it again for each."""
    (tmp_path / "part").write_text("{#" + "x" * 50_000 + "#}")
    env = CapEnvironment(loader=FileSystemLoader(tmp_path), limits=Limits(steps=2_000_000))
    page = env.from_string("{% for i in range(99) %}{% include '/' * i ~ 'part' %}{% endfor %}")
    with pytest.raises(LimitExceeded):
        page.render()
