"""Eight programs as users write them: each small, each over data that it is handed."""

from __future__ import annotations

from typing import Any

from .program import Benchmark

__all__ = ["PAGE", "user_programs"]

#: A page of twenty lines, as a program and as a template of Jinja2.
PAGE = """\
def line(product):
    price = f"{product['price']:.2f}"
    note = " (sold out)" if product["stock"] == 0 else ""
    return f"    <li>{product['name'].title()}: {price} EUR{note}</li>"

def page(shop, products):
    out = []
    out.append("<html>")
    out.append(f"<head><title>{shop['name']}</title></head>")
    out.append("<body>")
    out.append(f"  <h1>{shop['name'].upper()}</h1>")
    out.append(f"  <p>{shop['street']}, {shop['town']}</p>")
    out.append("  <ul>")
    for product in products:
        out.append(line(product))
    out.append("  </ul>")
    out.append(f"  <p>{len(products)} products</p>")
    out.append("</body>")
    out.append("</html>")
    return "\\n".join(out)
"""
_JINJA_PAGE = """\
<html>
<head><title>{{ shop.name }}</title></head>
<body>
  <h1>{{ shop.name.upper() }}</h1>
  <p>{{ shop.street }}, {{ shop.town }}</p>
  <ul>
{%- for product in products %}
    <li>{{ product.name.title() }}: {{ "%.2f" % product.price }} EUR
    {%- if product.stock == 0 %} (sold out){% endif %}</li>
{%- endfor %}
  </ul>
  <p>{{ products | length }} products</p>
</body>
</html>"""
SHOP = {"name": "Corner shop", "street": "Long street 1", "town": "Smallville"}
PRODUCTS: list[dict[str, Any]] = [
    {"name": f"product number {i}", "price": i * 1.25, "stock": i % 3} for i in range(10)
]

_RULES = """\
def classify(order):
    reasons = []
    if order["total"] > 500 and order["country"] not in ("DE", "FR", "NL"):
        reasons.append("large order from abroad")
    if order["email"].endswith(".example") or "+" in order["email"]:
        reasons.append("odd address")
    if len(order["items"]) > 8:
        reasons.append("many items")
    if any(item["price"] > 300 for item in order["items"]):
        reasons.append("dear item")
    score = 2 * len(reasons) + (order["attempts"] > 3)
    if score >= 4:
        return "refuse", reasons
    return ("review", reasons) if score >= 2 else ("accept", reasons)

def run(n):
    counts = {"accept": 0, "review": 0, "refuse": 0}
    for _ in range(n):
        for order in ORDERS:
            verdict, reasons = classify(order)
            counts[verdict] += 1
    return counts
"""
ORDERS = [
    {
        "total": i * 13 % 900,
        "country": ["DE", "US", "FR", "BR"][i % 4],
        "email": f"user{i}{'+x' if i % 5 == 0 else ''}@mail.{'example' if i % 7 == 0 else 'org'}",
        "items": [{"price": (i * j) % 400, "name": f"item {j}"} for j in range(i % 12)],
        "attempts": i % 6,
    }
    for i in range(60)
]

_PLUGIN = """\
def on_line(line):
    if line.startswith("#"):
        return
    name, _, value = line.partition("=")
    if not value:
        log(f"no value: {name}")
        return
    store(name.strip(), value.strip())

def run(n):
    for _ in range(n):
        for line in LINES:
            on_line(line)
    return len(LINES)
"""
LINES = [f"key{i} = value {i}" if i % 10 else f"# comment {i}" for i in range(60)] + ["broken"]

_REPORT = """\
def run(n):
    for _ in range(n):
        by_month = {}
        for row in ROWS:
            month = row["day"][:7]
            total, count = by_month.get(month, (0.0, 0))
            by_month[month] = (total + row["amount"] * row["count"], count + row["count"])
        lines = [f"{'month':<10}{'total':>12}{'pieces':>8}{'mean':>10}"]
        for month in sorted(by_month):
            total, count = by_month[month]
            lines.append(f"{month:<10}{total:>12.2f}{count:>8}{total / count:>10.2f}")
        best = max(by_month, key=lambda month: by_month[month][0])
        lines.append(f"best: {best}")
        text = "\\n".join(lines)
    return text
"""
ROWS = [
    {"day": f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}", "amount": i * 0.75, "count": i % 5 + 1}
    for i in range(300)
]

_TRANSFORMATION = """\
def flatten(record, prefix=""):
    out = {}
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, dict):
            out.update(flatten(value, name + "."))
        elif isinstance(value, list):
            out[name] = ",".join([str(v) for v in value])
        else:
            out[name] = value
    return out

def run(n):
    for _ in range(n):
        rows = [flatten(r) for r in RECORDS]
        rows = [{k.lower(): v for k, v in r.items() if v is not None} for r in rows if r["active"]]
        rows.sort(key=lambda r: (r["address.town"], r["name"]))
    return rows
"""
RECORDS = [
    {
        "name": f"Person {i * 7 % 50}",
        "active": i % 4 != 0,
        "tags": ["a", "b", i],
        "address": {
            "Town": f"town {i % 9}",
            "town": f"town {i % 9}",
            "geo": {"lat": i * 0.5, "lon": None},
        },
    }
    for i in range(80)
]

_TOOLS = """\
def run(n):
    found = []
    for _ in range(n):
        cities = list_cities()
        warm = []
        for city in cities:
            weather = get_weather(city)
            if weather["temperature"] > 15:
                warm.append((weather["temperature"], city))
        warm.sort(reverse=True)
        found = [f"{city}: {temperature}" for temperature, city in warm[:3]]
    return found
"""
CITIES = ["Paris", "Oslo", "Rome", "Lima", "Cairo", "Quito", "Delhi", "Perth"]


def _list_cities() -> list[str]:
    return CITIES


def _get_weather(city: str) -> dict[str, Any]:
    return {"city": city, "temperature": len(city) * 7 % 30, "wind": [1, 2, 3]}


_FORMULA = """\
def price(base, quantity, discount, tax, distance):
    net = base * quantity * (1 - discount)
    shipping = 4.9 if distance < 100 else 4.9 + 0.02 * (distance - 100)
    if net > 250:
        shipping = 0.0
    return round((net + shipping) * (1 + tax), 2)

def run(n):
    total = 0.0
    for i in range(n):
        total += price(BASE + i % 7, i % 9 + 1, 0.05 * (i % 3), 0.19, 30 + i % 300)
    return round(total, 2)
"""

_WORD_COUNT = """\
def run(n):
    for _ in range(n):
        counts = {}
        for line in TEXT.splitlines():
            for word in line.lower().split():
                word = word.strip(".,;:!?")
                if word:
                    counts[word] = counts.get(word, 0) + 1
        top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:20]
    return top
"""
_WORDS = "the quick brown fox, jumps over; the lazy dog. A man! walks his dog: in the park?".split()
TEXT = "\n".join(" ".join(_WORDS[(i * j) % len(_WORDS)] for j in range(1, 12)) for i in range(1, 60))


def user_programs() -> list[Benchmark]:
    """The eight of them."""
    group = "as users write them"
    return [
        Benchmark("template", group,
                  PAGE + "\ndef run(n):\n    for _ in range(n):\n        found = page(shop, products)\n"
                  "    return found\n", 100, 10, {"shop": SHOP, "products": PRODUCTS}, page=_JINJA_PAGE),
        Benchmark("rules", group, _RULES, 20, 2, {"ORDERS": ORDERS}),
        Benchmark("plugin with callbacks", group, _PLUGIN, 20, 2, {"LINES": LINES},
                  {"log": _ignore, "store": _store}),
        Benchmark("report", group, _REPORT, 10, 1, {"ROWS": ROWS}),
        Benchmark("transformation", group, _TRANSFORMATION, 10, 1, {"RECORDS": RECORDS}),
        Benchmark("tool calls", group, _TOOLS, 40, 4, {},
                  {"list_cities": _list_cities, "get_weather": _get_weather}),
        Benchmark("formula", group, _FORMULA, 4000, 200, {"BASE": 12.5}),
        Benchmark("word count", group, _WORD_COUNT, 10, 1, {"TEXT": TEXT}),
    ]  # fmt: skip


def _ignore(_text: str) -> None: ...


def _store(_name: str, _value: str) -> None: ...
