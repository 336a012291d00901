"""The first capabilities that can be granted: clocks and a log."""

from __future__ import annotations

import datetime
import logging

import pytest

from capcompiler import GuestError, cap_eval, cap_exec
from stdlib_caps import Clock, FrozenClock, Log

MOMENT = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


def test_a_frozen_clock_gives_the_same_moment_each_time() -> None:
    clock = FrozenClock(MOMENT)
    assert cap_eval("(clock.now(), clock.time())", {"clock": clock}) == (MOMENT, MOMENT.timestamp())


def test_a_frozen_clock_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="timezone"):
        FrozenClock(datetime.datetime(2026, 1, 1))


def test_the_clock_of_the_machine_is_made_by_name_only() -> None:
    with pytest.raises(TypeError, match="ambient"):
        Clock()
    before = datetime.datetime.now(datetime.UTC)
    assert cap_eval("clock.now()", {"clock": Clock.ambient()}) >= before


def test_a_guest_cannot_make_a_clock_from_a_clock() -> None:
    with pytest.raises(GuestError, match="ambient"):
        cap_eval("clock.ambient()", {"clock": FrozenClock(MOMENT)})
    with pytest.raises(GuestError, match="ambient"):
        cap_eval("clock.ambient()", {"clock": Clock.ambient()})


def test_a_guest_writes_to_a_log_and_cannot_forge_lines(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        cap_exec(
            r"log.info('one\nERROR two \x1b[2J'); log.error('x' * 10_000); log.debug('no')",
            {"log": Log(logging.getLogger("guest"))},
        )
    first, second = (r.getMessage() for r in caplog.records)
    assert first == r"one\nERROR two \x1b[2J"
    assert len(second) == 4096


def test_a_log_takes_text_only() -> None:
    with pytest.raises(GuestError, match=r"log.info: argument 1 \(text\): got int, wanted str"):
        cap_exec("log.info(5)", {"log": Log(logging.getLogger("guest"))})
