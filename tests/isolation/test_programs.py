"""Programs that a worker was sent are run again by number: it is always the same program that runs."""

from __future__ import annotations

import pytest

from capcompiler import Compartment, GuestError, cap_compile
from capcompiler.isolation.messages import KEPT_PROGRAMS


def test_a_number_names_the_program_that_it_was_given_to() -> None:
    """Whatever failed on the way, in whatever order, and however many there were."""
    good = [cap_compile(f"{i}", mode="eval") for i in range(KEPT_PROGRAMS + 8)]
    bad = [cap_compile(f"[][{i}]", mode="eval") for i in range(KEPT_PROGRAMS + 3)]
    with Compartment(isolation="process") as world:
        assert world.eval(good[0]) == 0
        for program in bad:  # each is sent, fails, and is sent anew
            with pytest.raises(GuestError):
                world.eval(program)
        assert [world.eval(p) for p in good[:3]] == [0, 1, 2]
        for _ in range(2):
            assert [world.eval(p) for p in good] == list(range(len(good)))
            assert [world.eval(p) for p in reversed(good)] == list(range(len(good)))[::-1]
        with pytest.raises(ValueError, match="compiled for"):
            world.exec(good[1])
        assert len(world._programs) <= KEPT_PROGRAMS  # type: ignore[attr-defined]


def test_a_program_that_is_under_way_can_be_run_within_itself() -> None:
    program = cap_compile("f(n) if n else 'end'", mode="eval")
    seen: list[int] = []

    def again(n: int) -> object:
        seen.append(n)
        world.exec(f"n = {n - 1}")
        return world.eval(program)

    world = Compartment({"f": again}, isolation="process")
    world.exec("n = 3")
    assert world.eval(program) == "end" and seen == [3, 2, 1]
    world.close()
