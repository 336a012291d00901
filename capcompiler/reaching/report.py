"""What `reach` found, as text and as data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from capcompiler.reaching.walk import Kind, Reach, Reached

__all__ = ["as_dict", "as_text", "summary", "verdict"]

_PLURAL: Final[dict[Kind, str]] = {
    "capability": "capabilities", "class": "classes of the guest", "data": "pieces of data",
    "function": "functions of the guest", "instance": "instances of the guest's classes",
    "module": "modules", "primordial": "primordials of U", "outside": "outside U",
}  # fmt: skip


def summary(reach: Reach) -> list[tuple[str, int]]:
    """How many objects of each kind, in a fixed order."""
    counts = Counter(o.kind for o in reach.objects)
    return [(words, counts[kind]) for kind, words in _PLURAL.items() if counts[kind]]


def verdict(reach: Reach) -> str:
    """One sentence."""
    what = f"{len(reach.objects):,} objects can be reached"
    if not reach.whole:
        what += ", and more: the walk ended at its bound"
    if reach.outside:
        return f"{what}; {len(reach.outside):,} of them should not be"
    return f"{what}; nothing lies outside U, and nothing is shared with the host"


def as_text(reach: Reach) -> str:
    lines = [verdict(reach)]
    lines += [f"  {count:>9,}  {words}" for words, count in summary(reach)]
    if reach.capabilities:
        lines.append("capabilities:")
        lines += [f"  {o.path}  (granted as {o.granted})" for o in reach.capabilities]
    if reach.outside:
        lines.append("outside:")
        lines += [f"  {o}" for o in reach.outside]
    return "\n".join(lines)


def as_dict(reach: Reach) -> dict[str, Any]:
    return {
        "objects": len(reach.objects),
        "whole": reach.whole,
        "seconds": round(reach.seconds, 3),
        "kinds": {o: n for o, n in sorted(Counter(o.kind for o in reach.objects).items())},
        "capabilities": [{"path": o.path, "granted": o.granted} for o in reach.capabilities],
        "outside": [_one(o) for o in reach.outside],
    }


def _one(found: Reached) -> dict[str, Any]:
    return {"path": found.path, "type": found.type, "why": found.why}
