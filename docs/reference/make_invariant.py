"""Writes the table of invariant.md from the mutants that check it: `python docs/reference/make_invariant.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutants.table import MUTANTS  # noqa: E402

PAGE = Path(__file__).with_name("invariant.md")
START, END = "<!-- rules -->\n", "<!-- end of rules -->\n"


def table() -> str:
    lines = ["| rule | enforced in | fails without it |", "|---|---|---|"]
    for m in MUTANTS:
        place = f"[`{m.path}`](../../{m.path})"
        tests = ", ".join(f"`{t}`" for t in m.tests)
        lines.append(f"| {m.rule} | {place} | `{m.name}`: {tests} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    return before + START + "\n" + table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
