"""The table itself: nothing twice, and every pit of the design covered."""

from __future__ import annotations

from collections import Counter

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
    assert len(CASES) >= 220
