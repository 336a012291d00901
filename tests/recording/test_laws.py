"""A law: whatever a program does, told again it does the same, and asks for the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from capcompiler import CapError, Compartment, DialectError, Limits, Pending, external
from capcompiler.recording.replay import record, replay

from .test_suspend import KEY

TEXT = (Path(__file__).parents[1] / "properties" / "programs.txt").read_text(encoding="utf-8")
#: Programs of all kinds, each `print` of theirs a use of a capability.
PROGRAMS = [
    re.sub(r"\bprint\(", "show(", program.partition("\n")[2])
    for program in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]
]
LIMITS = Limits(steps=200_000, depth=200)


def show(*args: Any, **kwargs: Any) -> Any:
    """Gives back what it can, so that answers are of all kinds too."""
    if not args:
        raise LookupError("nothing to show", len(kwargs))
    return args[0] if len(args) == 1 else list(args)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_told_again_does_the_same(number: int) -> None:
    source = PROGRAMS[number]
    try:
        done = record(Compartment({"show": show}, limits=LIMITS), source)
    except DialectError:
        pytest.skip("it awaits, or is no program of the dialect")
    if done.data is None:
        assert "dataclass" not in done.lost
        return
    again = replay(done.data)
    assert again.same and str(again.error) == str(done.error)
    if done.names is not None and again.names is not None:
        assert list(again.names) == list(done.names)
        assert again.names.usage.steps == done.names.usage.steps


@pytest.mark.parametrize("number", range(0, len(PROGRAMS), 6))
def test_a_program_that_was_brought_back_at_each_stop_does_the_same(number: int) -> None:
    """The same, where each use is answered in another compartment than the one before."""
    source, answers = PROGRAMS[number], 0
    plain: list[Any] = []

    def ended(run: Any) -> Any:
        try:
            return run()
        except CapError as error:
            return type(error).__name__, str(error)

    def noting(*args: Any, **_kwargs: Any) -> None:
        plain.append(len(args))

    try:
        expected = ended(lambda: Compartment({"show": noting}, limits=LIMITS).exec(source))
        found = ended(lambda: Compartment({"show": external()}, limits=LIMITS).start(source))
    except DialectError:
        pytest.skip("it awaits, or is no program of the dialect")
    while type(found) is Pending and answers < 20:
        data = found.dump(key=KEY)
        found.close()
        back = Pending.load(data, {"show": external()}, key=KEY)
        assert len(back.args) == plain[answers]
        answers += 1
        found = ended(back.resume)
    if type(found) is Pending:
        found.close()
    elif type(expected) is tuple:
        assert found == expected
    else:
        assert list(found) == list(expected) and answers == len(plain)
