"""What `reach` found, as a picture: a tree of paths from the guest's names.

Primordials and plain data are counted, not drawn: every guest has them. What a guest made, the
modules it has, each capability and whatever lies outside are drawn with the paths between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final

from capcompiler.reaching.report import summary, verdict

if TYPE_CHECKING:
    from capcompiler.reaching.walk import Reach, Reached

__all__ = ["as_html", "as_svg"]

_ROW: Final = 22
_COLUMN: Final = 250
_LETTER: Final = 6.6
#: Boxes at most; those that matter most come first, and the picture says how many are left out.
_MOST: Final = 400
_ORDER: Final = ("outside", "capability", "instance", "class", "function", "module")
_COLOURS: Final = {
    "outside": ("#b00020", "#ffffff"), "capability": ("#1b5e20", "#ffffff"),
    "class": ("#e3f2fd", "#0d47a1"), "instance": ("#e8eaf6", "#1a237e"),
    "function": ("#ede7f6", "#311b92"), "module": ("#f1f8e9", "#33691e"),
    "primordial": ("#eeeeee", "#424242"), "data": ("#fff8e1", "#5d4037"),
}  # fmt: skip


@dataclass
class _Node:
    at: int
    children: list[_Node] = field(default_factory=list)
    row: float = 0.0
    column: int = 0


def as_svg(reach: Reach) -> str:
    roots, left_out = _tree(reach)
    rows = _place(roots)
    nodes = list(_all(roots))
    columns = max((n.column for n in nodes), default=0) + 1
    width, height = 40 + columns * _COLUMN + 60, 96 + max(rows, 1) * _ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="ui-monospace, monospace" font-size="11" role="img">',
        f"<title>{escape(verdict(reach))}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="14" fill="#111111">{escape(verdict(reach))}</text>',
        *_legend(),
    ]
    if left_out:
        parts.append(f'<text x="16" y="64" fill="#777777">{left_out:,} more are not drawn</text>')
    parts += [_line(parent, child) for parent in nodes for child in parent.children]
    parts += [_box(node, reach.objects[node.at]) for node in nodes]
    parts.append("</svg>")
    return "\n".join(parts)


def _tree(reach: Reach) -> tuple[list[_Node], int]:
    """The objects to draw and those on the way to them, as trees; how many were left out."""
    wanted = [i for i, o in enumerate(reach.objects) if o.kind in _ORDER]
    wanted.sort(key=lambda i: (_ORDER.index(reach.objects[i].kind), i))
    drawn: set[int] = set()
    left_out = 0
    for at in wanted:
        way: list[int] = []
        up = at
        while up >= 0 and up not in drawn:
            way.append(up)
            up = reach.objects[up].parent
        # What lies outside is drawn, however many they are.
        if reach.objects[at].kind == "outside" or len(drawn) + len(way) <= _MOST:
            drawn.update(way)
        else:
            left_out += 1
    nodes = {i: _Node(i) for i in sorted(drawn)}
    roots: list[_Node] = []
    for i, node in nodes.items():
        parent = reach.objects[i].parent
        (nodes[parent].children if parent in nodes else roots).append(node)
    return roots, left_out


def _place(roots: list[_Node]) -> int:
    """Give each node its column, by its depth, and its row, in the middle of its children's."""
    rows = 0
    todo: list[tuple[_Node, int, bool]] = [(r, 0, False) for r in reversed(roots)]
    while todo:
        node, depth, placed = todo.pop()
        node.column = depth
        if node.children and not placed:
            todo.append((node, depth, True))
            todo += [(c, depth + 1, False) for c in reversed(node.children)]
        elif node.children:
            node.row = (node.children[0].row + node.children[-1].row) / 2
        else:
            node.row = rows
            rows += 1
    return rows


def _all(roots: list[_Node]) -> Iterator[_Node]:
    todo = list(roots)
    while todo:
        node = todo.pop()
        yield node
        todo += node.children


def _legend() -> Iterator[str]:
    x = 16.0
    for kind in _ORDER:
        fill, _ink = _COLOURS[kind]
        yield f'<rect x="{x}" y="36" width="12" height="12" rx="2" fill="{fill}" stroke="#999999"/>'
        yield f'<text x="{x + 17}" y="46" fill="#333333">{kind}</text>'
        x += 34 + len(kind) * _LETTER


def _line(parent: _Node, child: _Node) -> str:
    x1, y1 = 16 + parent.column * _COLUMN + _COLUMN - 30, _y(parent)
    x2, y2 = 16 + child.column * _COLUMN, _y(child)
    middle = (x1 + x2) / 2
    return f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}" fill="none" stroke="#bbbbbb"/>'


def _y(node: _Node) -> float:
    return 86 + node.row * _ROW


def _box(node: _Node, found: Reached) -> str:
    fill, ink = _COLOURS[found.kind]
    x, y, room = 16 + node.column * _COLUMN, _y(node), _COLUMN - 30
    shown = f"{_last(found.path)}: {found.type}"
    most = int((room - 10) / _LETTER)
    if len(shown) > most:
        shown = shown[: most - 1] + "…"
    return (
        f'<g><title>{_safe(str(found))}</title><rect x="{x}" y="{y - 9}" width="{room}" height="18" '
        f'rx="4" fill="{fill}" stroke="#9e9e9e" stroke-width="0.6"/>'
        f'<text x="{x + 5}" y="{y + 4}" fill="{ink}">{_safe(shown)}</text></g>'
    )


def _last(path: str) -> str:
    """The last step of a path."""
    cut = max(path.rfind("."), path.rfind("["))
    return path if cut <= 0 or path[:cut] in ("sys", "sys.modules") else path[cut:]


def _safe(text: str) -> str:
    """Names are the guest's to choose: nothing of them is markup, and nothing controls a terminal."""
    return escape("".join(c if c.isprintable() else "?" for c in text))


def as_html(reach: Reach) -> str:
    counts = "".join(f"<tr><td>{n:,}</td><td>{_safe(w)}</td></tr>" for w, n in summary(reach))
    outside = "".join(
        f"<tr class=bad><td>{_safe(o.path)}</td><td>{_safe(o.type)}</td><td>{_safe(o.why)}</td></tr>"
        for o in reach.outside
    )
    authority = "".join(
        f"<tr><td>{_safe(o.path)}</td><td>{_safe(o.granted)}</td></tr>" for o in reach.capabilities
    )
    made = "".join(
        f"<tr><td>{_safe(o.path)}</td><td>{_safe(o.type)}</td><td>{o.kind}</td></tr>"
        for o in reach.objects
        if o.kind in _ORDER
    )
    title = _safe(verdict(reach))
    outside = _table("path</th><th>type</th><th>why", outside) if outside else "<p>nothing</p>"
    authority = _table("path</th><th>granted as", authority) if authority else "<p>none</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2em; color: #111; }}
table {{ border-collapse: collapse; }} td, th {{ padding: 2px 12px 2px 0; text-align: left; }}
td {{ font-family: ui-monospace, monospace; font-size: 12px; }} .bad td {{ color: #b00020; }}
.picture {{ overflow: auto; border: 1px solid #ddd; max-height: 80vh; }}
</style></head><body>
<h1>{title}</h1>
<table>{counts}</table>
<h2>Outside</h2>
{outside}
<h2>Capabilities</h2>
{authority}
<h2>Picture</h2>
<div class="picture">{as_svg(reach)}</div>
<details><summary>What the guest made, and its modules</summary><table>{made}</table></details>
</body></html>
"""


def _table(heads: str, rows: str) -> str:
    return f"<table><tr><th>{heads}</th></tr>{rows}</table>"
