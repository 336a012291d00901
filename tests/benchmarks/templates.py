"""Templates beside Jinja2's `SandboxedEnvironment`: `python -m tests.benchmarks.templates`.

Both render each template in turn, many times; the figures are the least processor time of each, so that
what else the machine does counts little. The first two templates are those of Jinja2's own benchmarks
(`bigtable`, and a page with macros and inheritance of its `bench.py`), written anew.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

from jinja2 import DictLoader
from jinja2.sandbox import SandboxedEnvironment

from capcompiler.jinja import CapEnvironment
from tests.benchmarks.user_programs import _JINJA_PAGE, PRODUCTS, SHOP

PAGES: Final = {
    "layout": "<html><head><title>{{ title }}</title></head><body>{% block nav %}{% for u, t in nav %}"
    "<a href='{{ u }}'>{{ t }}</a>{% endfor %}{% endblock %}{% block body %}{% endblock %}</body></html>",
    "forms": "{% macro field(name, value='', type='text') %}<input type='{{ type }}' name='{{ name }}'"
    " value='{{ value }}'>{% endmacro %}",
    "bench": "{% extends 'layout' %}{% from 'forms' import field %}{% block body %}<h1>{{ title }}</h1><ul>"
    "{% for a in articles if a.published %}<li>{{ a.user }}: {{ a.title }} <em>{{ a.n }}</em> {{ a.body }}</li>"
    "{% endfor %}</ul><form>{{ field('name') }}{{ field('pass', type='password') }}</form>{% endblock %}",
}
ARTICLES: Final = [
    {
        "title": f"Article {n}",
        "user": f"user {n % 7}",
        "n": n,
        "published": n % 9 != 0,
        "body": "text " * 20,
    }
    for n in range(100)
]
TEMPLATES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "bigtable": (
        "<table>{% for row in table %}<tr>{% for col in row.values() %}<td>{{ col }}</td>{% endfor %}</tr>"
        "{% endfor %}</table>",
        {"table": [dict(zip("abcdefghij", range(1, 11), strict=True)) for _ in range(1000)]},
    ),
    "bench": (
        PAGES["bench"],
        {
            "title": "News",
            "articles": ARTICLES,
            "nav": [(f"/{t}", t) for t in ("index", "news", "help")],
        },
    ),
    "orders": (
        "{% for o in orders %}<tr><td>{{ loop.index }}</td><td>{{ o.item|upper }}</td><td>{{ o['cents'] / 100 }}"
        "</td><td>{{ 'paid' if o.paid else 'open' }}</td></tr>{% endfor %}{{ orders|sum(attribute='cents') }}",
        {"orders": [{"item": f"tea <{n}>", "cents": 100 + n, "paid": n % 3 == 0} for n in range(300)]},
    ),
    "page": (_JINJA_PAGE, {"shop": SHOP, "products": PRODUCTS}),
    "hello": ("Hello {{ name }}!", {"name": "World"}),
}


def measured(rounds: int = 40) -> dict[str, tuple[float, float]]:
    """Seconds of the processor for one rendering, there and here, by template."""
    loader = DictLoader(PAGES)
    environments = [
        cls(autoescape=True, loader=loader) for cls in (SandboxedEnvironment, CapEnvironment)
    ]
    found = {}
    for name, (source, values) in TEMPLATES.items():
        theirs, ours = [env.from_string(source) for env in environments]
        if theirs.render(values) != ours.render(values):
            raise AssertionError(f"{name}: the two differ")
        best = [float("inf")] * 2
        for _ in range(rounds):
            for i, template in enumerate((theirs, ours)):
                best[i] = min(best[i], _spent(lambda t=template: t.render(values)))  # type: ignore[misc]
        found[name] = (best[0], best[1])
    return found


def _spent(run: Callable[[], Any]) -> float:
    started = time.thread_time()
    run()
    return time.thread_time() - started


def main() -> None:
    ratios = []
    for name, (theirs, ours) in measured().items():
        ratios.append(ours / theirs)
        print(f"{name:10} {theirs * 1e6:8.0f} us  {ours * 1e6:8.0f} us  {ours / theirs:5.2f}")
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
