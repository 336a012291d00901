"""What was measured, as a table, as JSON and as a plot."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from .latency import Latency
from .measure import Measured, geometric_mean
from .subjects import OURS, PEERS

__all__ = ["Report"]

_SUBJECTS = [s.name for s in (*OURS, *PEERS)]


@dataclass(slots=True)
class Report:
    """Everything of one run."""

    rows: list[Measured] = field(default_factory=list)
    latency: list[Latency] = field(default_factory=list)
    idle_kib: float | None = None
    imports: dict[str, float] = field(default_factory=dict)

    def add(self, row: Measured) -> None:
        self.rows.append(row)

    def faults(self) -> list[str]:
        """What differs from plain `exec`, or between the levels of ours."""
        own = {s.name for s in OURS}
        found = []
        for row in self.rows:
            found += [f"{row.name}: {s}: {why}" for s, why in row.unfit.items() if s in own]
            found += [f"{row.name}: {s}: {why}" for s, why in row.wrong.items() if s in own]
            if not row.same_steps:
                found.append(f"{row.name}: steps differ: {row.steps}")
        return found

    def summary(self) -> dict[str, dict[str, Any]]:
        """By subject: how many programs it runs rightly, the geometric mean of its ratios, the largest."""
        found = {}
        for name in _SUBJECTS:
            fit = {r.name: r.ratios[name] for r in self.rows if name in r.ratios and name not in r.wrong}
            if not fit:
                continue
            worst = max(fit, key=lambda n: fit[n])
            found[name] = {
                "programs": len(fit), "of": len(self.rows), "geometric_mean": geometric_mean(fit.values()),
                "largest": fit[worst], "largest_of": worst,
            }  # fmt: skip
        return found

    def line(self, row: Measured) -> str:
        cells = [f"{row.name:<26}{row.plain_ms:>9.2f}"]
        for name in _SUBJECTS:
            cells.append(f"{_cell(row, name):>12}")
        return "".join(cells)

    def text(self) -> str:
        """The tables in Markdown."""
        out = []
        if self.rows:
            shown = [n for n in _SUBJECTS if any(n in r.ratios for r in self.rows)]
            shown = shown or [s.name for s in OURS]  # checked, and not timed
            out += [
                f"| program | plain exec, ms | {' | '.join(shown)} |",
                "|---|---" + "|---" * len(shown) + "|",
            ]
            for row in self.rows:
                cells = " | ".join(_cell(row, n) for n in shown)
                out.append(f"| {row.name} | {row.plain_ms:.2f} | {cells} |")
            out += ["", "| | programs | geometric mean | largest |", "|---|---|---|---|"]
            for name, s in self.summary().items():
                out.append(
                    f"| {name} | {s['programs']} of {s['of']} | {s['geometric_mean']:.2f} | "
                    f"{s['largest']:.2f} ({s['largest_of']}) |"
                )
        if self.latency:
            out += ["", "| | who | microseconds | least | target |", "|---|---|---|---|---|"]
            for row in sorted(self.latency, key=lambda x: x.what):
                target = "" if row.target is None else f"{row.target:g}"
                out.append(
                    f"| {row.what} | {row.who} | {row.microseconds:.2f} | {row.least:.2f} | {target} |"
                )
        if self.idle_kib is not None:
            out += ["", f"An idle compartment holds {self.idle_kib:.1f} KiB."]
        out += [f"`{text}` takes {ms:.2f} ms in a new compartment." for text, ms in self.imports.items()]
        out += [f"DIFFERS {fault}" for fault in self.faults()]
        return "\n".join(out)

    def json(self) -> str:
        """Everything, for programs to read."""
        return json.dumps(
            {
                "python": platform.python_version(),
                "machine": platform.machine(),
                "programs": [asdict(r) for r in self.rows],
                "summary": self.summary(),
                "latency_us": [asdict(x) for x in self.latency],
                "idle_kib": self.idle_kib,
                "import_ms": self.imports,
                "faults": self.faults(),
            },
            indent=1,
        )

    def svg(self) -> str:
        """One row of dots for each program, on a logarithmic scale of ratios to plain `exec`."""
        return _svg(self.rows)


def _cell(row: Measured, name: str) -> str:
    if name in row.wrong:
        return "wrong"
    if row.checked and name in {s.name for s in OURS} - row.unfit.keys():
        return "same"
    return f"{row.ratios[name]:.2f}" if name in row.ratios else "-"


_COLOURS = {
    "default Limits": "#0b6e4f", "no steps, no memory": "#5fb49c", "optimize=False": "#b9b9b9",
    "RestrictedPython": "#c8553d", "pydantic-monty": "#7b4fa3", "starlark-pyo3": "#e09f3e",
    "asteval": "#335c8e", "Jinja2 sandbox": "#a63a50",
}  # fmt: skip
_LEFT, _WIDTH, _ROW = 190, 620, 16


def _svg(rows: list[Measured]) -> str:
    import math

    largest = max([r for row in rows for r in row.ratios.values()], default=10.0)
    decades = max(1.0, math.ceil(math.log10(max(largest, 1.01))))
    low = math.log10(0.5)

    def place(ratio: float) -> float:
        return _LEFT + (math.log10(max(ratio, 0.5)) - low) / (decades - low) * _WIDTH

    height = len(rows) * _ROW + 70
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 20} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="100%" height="{height}" fill="white"/>',
    ]
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        if tick <= 10**decades:
            x = place(tick)
            out.append(f'<line x1="{x:.1f}" y1="40" x2="{x:.1f}" y2="{height - 24}" '
                       f'stroke="{"#888" if tick == 1 else "#ddd"}"/>')  # fmt: skip
            out.append(f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle">{tick:g}</text>')
    x = 10.0
    for name, colour in _COLOURS.items():
        if any(name in row.ratios for row in rows):
            out.append(f'<circle cx="{x:.0f}" cy="16" r="4" fill="{colour}"/>')
            out.append(f'<text x="{x + 7:.0f}" y="20">{name}</text>')
            x += 24 + 6.2 * len(name)
    for i, row in enumerate(rows):
        y = 52 + i * _ROW
        out.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{row.name}</text>')
        for name, colour in reversed(_COLOURS.items()):
            if name in row.ratios and name not in row.wrong:
                out.append(
                    f'<circle cx="{place(row.ratios[name]):.1f}" cy="{y}" r="3.5" fill="{colour}"/>'
                )
    out.append("</svg>")
    return "\n".join(out) + "\n"
