"""The table itself: nothing twice, and every pit of the design covered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from .case import PITS
from .tables import CASES


def test_ids_are_unique() -> None:
    twice = [name for name, count in Counter(case.id for case in CASES).items() if count > 1]
    assert not twice


def test_no_source_is_attacked_twice_with_the_same_claim() -> None:
    seen = Counter((c.src, c.first, c.raises, c.about, repr(c.value), c.stopped) for c in CASES)
    assert not [key[0] for key, count in seen.items() if count > 1]


@pytest.mark.parametrize("pit", PITS, ids=lambda pit: f"{pit}-{PITS[pit].replace(' ', '-')}")
def test_each_pit_has_five_attacks_or_more(pit: int) -> None:
    assert sum(case.pit == pit for case in CASES) >= 5


def test_the_table_is_as_large_as_promised() -> None:
    assert len(CASES) >= 400


#: Known ways out of others, by project; those without a number are named in the ids of rows.
ADVISORIES = {
    "RestrictedPython": "CVE-2023-37271 CVE-2023-41039 CVE-2024-47532 CVE-2025-22153",
    "asteval": "CVE-2025-24359 GHSA-vp47-9734-prjw",
    "smolagents": "CVE-2025-5120 CVE-2025-9959",
    "Jinja2's sandbox": "CVE-2016-10745 CVE-2019-10906 CVE-2024-56201 CVE-2024-56326 CVE-2025-27516",
    "simpleeval": "CVE-2026-32640",
    "pysandbox": "pysandbox-",
    "Tav's challenge": "tav-challenge-",
}


@pytest.mark.parametrize("project", ADVISORIES)
def test_known_ways_out_of_others_are_attacks_here(project: str) -> None:
    rooms = Path(__file__).parent, Path(__file__).parent.parent / "jinja"
    texts = [
        path.read_text().lower()
        for room in rooms
        for path in room.glob("*.py")
        if path != Path(__file__)
    ]
    assert not [n for n in ADVISORIES[project].split() if not any(n.lower() in text for text in texts)]
