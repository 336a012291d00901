"""Renderings beside each other in one environment, and such as are read piece by piece."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="needs the extra jinja")

from jinja2 import DictLoader
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from capcompiler import CapabilityError, LimitExceeded, Limits
from capcompiler.jinja import CapEnvironment

LOADER = DictLoader(
    {
        "part": "part {{ n }};",
        "macros": "{% macro f(x) %}m{{ x }}{% endmacro %}",
        "counts": "{% set ns = namespace(rows=[]) %}{% macro add(x) %}{{ ns.rows.append(x) }}"
        "{{ ns.rows }}{% endmacro %}",
    }
)
LOOP = "<ul>{% for x in range(n) %}<li>{{ x }}{{ tick(x) }}{% endfor %}{% include 'part' %}"


def _nothing(_x: Any = None) -> str:
    return ""


def _on_threads(*runs: Callable[[], Any]) -> list[Any]:
    found: dict[int, Any] = {}

    def run(n: int) -> None:
        try:
            found[n] = runs[n]()
        except BaseException as error:
            found[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(runs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [found.get(n, "never ended") for n in range(len(runs))]


# Threads


def test_one_that_waits_in_a_host_s_function_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    env = CapEnvironment(loader=LOADER)
    reached, go = threading.Event(), threading.Event()

    def wait() -> str:
        reached.set()
        return "waited" if go.wait(30) else "nobody came"

    def second() -> str:
        assert reached.wait(30)
        env.filters["who"] = lambda x: f"new {x}"  # told to each world before its next turn
        found = env.from_string("{{ 1|who }}").render()
        go.set()
        return str(found)

    page = env.from_string("{{ wait() }}")
    assert _on_threads(lambda: page.render(wait=wait), second) == ["waited", "new 1"]
    assert len(env._worlds.all) == 2
    assert env.from_string("{{ 2|who }}").render() == "new 2"


def test_a_host_s_function_may_render_on_another_thread() -> None:
    env = CapEnvironment()
    inner = env.from_string("inner {{ x }}")

    def on_another(x: int) -> Any:
        return _on_threads(lambda: inner.render(x=x))[0]

    assert env.from_string("{{ go(3) }}").render(go=on_another) == "inner 3"


def test_no_more_worlds_are_made_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capcompiler.jinja.worlds._PATIENCE", 0.2)
    env = CapEnvironment(worlds=1)
    inner = env.from_string("inner")

    def on_another() -> str:
        return type(_on_threads(inner.render)[0]).__name__

    assert env.from_string("{{ go() }}").render(go=on_another) == CapabilityError.__name__
    assert len(env._worlds.all) == 1
    for worlds in (0, -1, True, 2.0, None):
        with pytest.raises((TypeError, ValueError), match="worlds: wanted"):
            CapEnvironment(worlds=worlds)  # type: ignore[arg-type]


def test_threads_get_their_own_text() -> None:
    env = CapEnvironment(loader=LOADER)
    page = env.from_string(LOOP + "{% import 'macros' as m %}{{ m.f(name) }}")

    def many(name: str) -> set[str]:
        return {page.render(n=20, name=name, tick=_nothing)[-2:] for _ in range(10)}

    assert _on_threads(*[lambda n=n: many(str(n)) for n in range(6)]) == [{f"m{n}"} for n in range(6)]


def test_a_macro_is_called_where_it_is() -> None:
    env = CapEnvironment(loader=LOADER)
    reached, go = threading.Event(), threading.Event()
    first = env.get_template("macros").module

    def wait() -> str:
        reached.set()
        go.wait(30)
        return ""

    def second() -> str:
        reached.wait(30)
        module = env.get_template("macros").module  # of another world
        go.set()
        return f"{module.f(1)} {first.f(2)}"  # type: ignore[attr-defined]

    assert _on_threads(lambda: env.from_string("{{ w() }}").render(w=wait), second) == ["", "m1 m2"]


def test_an_environment_is_not_kept_by_its_templates() -> None:
    import gc
    import weakref

    gone = []
    for _ in range(3):
        env = CapEnvironment(loader=LOADER)
        page = env.get_template("part")
        assert page.render(n=1) == "part 1;"
        gone.append(weakref.ref(env))
        del env, page
    gc.collect()
    # The first compartment of a process that compiles a module of the library may be kept by that.
    assert [ref() for ref in gone[1:]] == [None, None]


# Tasks


def test_tasks_wait_beside_each_other() -> None:
    env = CapEnvironment(loader=LOADER, enable_async=True, worlds=3)
    page = env.from_string("{{ meet(x) }}{% include 'part' %}")

    async def main() -> list[str]:
        met, all_there = [], asyncio.Event()

        async def meet(x: int) -> int:
            met.append(x)
            if len(met) == 3:
                all_there.set()
            await asyncio.wait_for(all_there.wait(), 30)
            return x

        tasks = (page.render_async(x=x, n=x, meet=meet) for x in range(5))
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [f"{x}part {x};" for x in range(5)]
    assert len(env._worlds.all) == 3


# Piece by piece


@pytest.mark.parametrize("source", [LOOP, "{% extends 'part' %}", "", "{{ n }}", LOOP * 30])
def test_the_pieces_are_those_of_jinja2(source: str) -> None:
    pieces = []
    for cls in (SandboxedEnvironment, CapEnvironment):
        template = cls(loader=LOADER).from_string(source)
        pieces.append(list(template.generate(n=4, tick=_nothing)))
        assert "".join(template.stream(n=4, tick=_nothing)) == template.render(n=4, tick=_nothing)
    assert pieces[0] == pieces[1]


def test_a_piece_is_given_before_the_next_is_made() -> None:
    seen: list[int] = []
    stream = CapEnvironment(loader=LOADER).from_string(LOOP).generate(n=500, tick=seen.append)
    assert next(stream) == "<ul>" and seen == []
    for _ in range(10):
        next(stream)
    assert 0 < len(seen) < 100
    assert "499" in "".join(stream) and len(seen) == 500


def test_streams_and_renderings_come_between_each_other() -> None:
    env = CapEnvironment(loader=LOADER)
    env.globals["given"] = {"rows": []}
    source = (
        "{% for x in range(40) %}{% import 'counts' as c %}{{ c.add(x) }}"
        "{{ given.rows.append(n) }}{{ given.rows|unique|list }}{% endfor %}"
    )
    page = env.from_string(source)
    wanted = {n: SandboxedEnvironment(loader=LOADER) for n in (1, 2)}
    texts = {}
    for n, theirs in wanted.items():
        theirs.globals["given"] = {"rows": []}
        texts[n] = theirs.from_string(source).render(n=n)
    one, two, found = page.generate(n=1), page.generate(n=2), {1: "", 2: ""}
    for first, second in zip(one, two, strict=True):
        found[1] += first
        found[2] += second
        if len(found[1]) % 7 == 0:
            page.render(n=3)
    assert found == texts


def test_a_stream_inside_a_rendering_shares_nothing_with_it() -> None:
    env = CapEnvironment(loader=LOADER)
    env.globals["given"] = {"rows": []}
    inner = env.from_string(
        "{% import 'counts' as c %}{{ c.add('i') }}{{ given.rows.append('i') }}"
        "{% import 'counts' as d %}{{ d.add('j') }}{{ given.rows }};"
    )
    outer = env.from_string(
        "{% import 'counts' as c %}{{ c.add('o') }}{{ given.rows.append('o') }}{{ read() }}"
        "{% import 'counts' as d %}{{ d.add('p') }}{{ given.rows }}"
    )
    begun = inner.generate()
    head = next(begun)

    def read() -> str:
        return next(begun) + next(inner.generate())

    assert outer.render(read=read) == "None['o']None" + "None" + "None['i']" + "None['p']['o']"
    assert head == "None['i']"


def test_all_pieces_share_one_budget() -> None:
    source = "{% for x in range(n) %}{{ x }};{% endfor %}"
    for limits, kind in ((Limits(steps=3000), "steps"), (Limits(output=500), "output")):
        page = CapEnvironment(limits=limits).from_string(source)
        read = ""
        with pytest.raises(LimitExceeded) as stop:
            for piece in page.generate(n=90_000):
                read += piece
        assert stop.value.kind == kind and stop.value.limit in (3000, 500)
        assert 0 < len(read) < 20_000
        assert page.render(n=2) == "0;1;"


def test_seconds_are_those_of_the_turns() -> None:
    import time

    env = CapEnvironment(limits=Limits(seconds=0.5))
    page = env.from_string("{% for x in range(99) %}{{ wait(s) }};{% endfor %}")
    page.render(wait=_nothing)
    with pytest.raises(LimitExceeded) as stop:
        for _ in page.generate(s=0.1, wait=time.sleep):
            pass
    assert stop.value.kind == "seconds"
    stream = page.generate(s=0, wait=_nothing)
    next(stream)
    time.sleep(0.6)  # who reads may take any time
    assert len(list(stream)) > 100


def test_a_stream_inside_a_rendering_spends_its_budget() -> None:
    env = CapEnvironment(limits=Limits(steps=3000))
    inner = env.from_string("{% for x in range(n) %}{{ x }};{% endfor %}")

    def go(n: int) -> str:
        return "".join(inner.generate(n=n))

    assert env.from_string("{{ go(3) }}").render(go=go) == "0;1;2;"
    with pytest.raises(LimitExceeded):
        env.from_string("{{ go(n) }}").render(go=go, n=9000)


def test_a_stream_that_nobody_reads_to_its_end_is_dropped() -> None:
    env = CapEnvironment()
    page = env.from_string("{% for x in range(9) %}{{ x }}{{ 1 // (5 - x) }}{% endfor %}")
    for _ in range(3):
        stream = page.generate()
        next(stream)
        stream.close()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        list(page.generate())
    env.from_string("").render()
    assert env._worlds.any().compartment.eval("len(streams)") == 0


def test_pieces_that_are_awaited() -> None:
    env = CapEnvironment(loader=LOADER, enable_async=True)
    page = env.from_string("{% for x in range(n) %}{{ slow(x) }};{% endfor %}")

    async def main() -> tuple[list[str], str]:
        asked: list[int] = []

        async def slow(x: int) -> int:
            asked.append(x)
            await asyncio.sleep(0.01)
            return x

        stream = page.generate_async(n=4, slow=slow)
        assert await anext(stream) == "0" and asked == [0]
        between = await page.render_async(n=1, slow=slow)
        rest = [piece async for piece in stream]
        left = page.generate_async(n=4, slow=slow)
        await anext(left)
        await left.aclose()
        return rest, between

    assert asyncio.run(main()) == ([";", "1", ";", "2", ";", "3", ";"], "0;")


def test_a_rendering_that_is_cancelled_leaves_the_others() -> None:
    env = CapEnvironment(enable_async=True)
    page = env.from_string("{% set rows = [] %}{{ rows.append(1) }}{{ hang() }}{{ rows }}")

    async def main() -> str:
        reached = asyncio.Event()

        async def hang() -> None:
            reached.set()
            await asyncio.sleep(60)

        async def read(**given: Any) -> list[str]:
            return [piece async for piece in page.generate_async(**given)]

        for run in (page.render_async, read):
            reached.clear()
            task = asyncio.ensure_future(run(hang=hang))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return await page.render_async(hang=_nothing)

    assert asyncio.run(main()) == "None[1]"
    assert all(world.users == 0 for world in env._worlds.all)


# Hosts' own classes


@pytest.mark.parametrize("name", ["getattr", "getitem", "call", "call_filter", "wrap_str_format"])
def test_a_method_that_would_not_be_called_is_refused(name: str) -> None:
    own = type("Strict", (CapEnvironment,), {name: lambda *_args, **_named: None})
    with pytest.raises(TypeError, match=rf"Strict\.{name} would not be called"):
        own()


def test_a_context_of_the_host_s_is_refused_also_from_a_mixin() -> None:
    class Mixin:
        context_class = Context

    class Both(Mixin, CapEnvironment):
        pass

    with pytest.raises(TypeError, match=r"Both\.context_class would not be called"):
        Both()


@pytest.mark.parametrize("kind", [list, tuple])
def test_globals_that_share_parts_are_walked_once(kind: Any) -> None:
    """Each rendering has lists and dicts of its own, and walked these along every path."""
    shared = kind([1])
    for _ in range(60):
        shared = kind([shared, shared])
    environment = CapEnvironment()
    environment.globals["shared"] = shared
    template = environment.from_string("{{ shared | length }} {{ shared[0] is sameas shared[1] }}")
    assert template.render() == "2 True"


def test_globals_may_hold_themselves() -> None:
    """And a rendering changes none but its own."""
    looped: list[Any] = [1]
    looped.append(looped)
    environment = CapEnvironment()
    environment.globals["looped"] = looped
    source = "{{ looped[1] is sameas looped }} {% set _ = looped.append(2) %}{{ looped | length }}"
    template = environment.from_string(source)
    assert [template.render() for _ in range(2)] == ["True 3", "True 3"]
    assert len(looped) == 2
