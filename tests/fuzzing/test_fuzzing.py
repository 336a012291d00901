"""The fuzzer's own machinery, a short run of it without coverage, and holes that it must find."""

from __future__ import annotations

import ast
import base64
import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from capcompiler import Compartment
from tests.attacks import hosts
from tests.attacks.worker import strangers
from tests.mutants.table import MUTANTS

from .generator import LONGEST, program
from .oracle import Judge, signature
from .planted import planted, tried

HERE = Path(__file__).parent
SEEDS = [base64.b64decode(line) for line in (HERE / "seeds.txt").read_text().split()]


@pytest.fixture(scope="module", autouse=True)
def thawed() -> Iterator[None]:
    """A judge freezes what there is before it, which other tests of the same process look for."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_bytes_make_programs_of_which_most_parse() -> None:
    parsed = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in SEEDS:
            try:
                ast.parse(program(data))
                parsed += 1
            except SyntaxError:
                continue
    assert parsed >= 0.9 * len(SEEDS)


def test_no_bytes_make_the_smallest_program(judge: Judge) -> None:
    assert judge.finds(program(b"")) == []


def test_the_invariant_holds_after_generated_programs(judge: Judge) -> None:
    """Thirty of them; with CAPCOMPILER_LONG=n n times as many, CAPCOMPILER_SEED=k others."""

    def law(data: bytes) -> None:
        source = program(data)
        assert not judge.finds(source), source

    strategy = st.binary(min_size=40, max_size=LONGEST)
    wrapped = settings(
        max_examples=30 * int(os.environ.get("CAPCOMPILER_LONG", "1")),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(law))
    seed(int(os.environ.get("CAPCOMPILER_SEED", "0")))(wrapped)()


def test_what_a_guest_should_not_hold_is_seen() -> None:
    for thing in (
        hosts.CANARY,
        hosts.Door(),
        hosts.fn,
        os,
        [{"deep": (hosts.HostError,)}],
        hosts.SECRET,
    ):
        assert any("the guest holds" in find for find in Judge({"thing": thing}).finds("1")), thing


def test_what_the_host_gave_may_come_home(judge: Judge) -> None:
    given = "import collections\nran = []\nv = [give_method(), give_function(), give_object()]"
    assert judge.finds(given) == []
    assert strangers(Compartment().exec, set()) == ["method"]


def test_an_event_of_the_tripwire_is_seen() -> None:
    assert "the tripwire: open" in Judge({"hole": open}).finds("hole('/etc/passwd')")


def test_a_change_of_the_hosts_state_is_seen() -> None:
    def change() -> None:
        hosts.fn.changed = 1  # type: ignore[attr-defined]

    try:
        found = Judge({"change": change}).finds("change()")
    finally:
        vars(hosts.fn).pop("changed", None)
    assert "function attributes of the host changed" in found


def test_a_secret_that_is_told_is_seen() -> None:
    assert any("a text shows" in find for find in Judge({"thing": hosts.SECRET}).finds("print(thing)"))


def test_a_difference_of_the_levels_is_seen(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Compartment.exec

    def unlike(self: Compartment, source: str, *, optimize: bool = True, **options: Any) -> Any:
        return run(self, source + f"print({optimize})\n", optimize=optimize, **options)

    monkeypatch.setattr(Compartment, "exec", unlike)
    assert any("levels differ" in find for find in judge.finds("x = 1\n"))


def test_what_runs_in_the_hosts_time_is_seen(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Compartment.exec

    def late(self: Compartment, source: str, **options: Any) -> Any:
        names = run(self, source, **options)
        monkeypatch.setattr(f"{Judge.__module__}._handled", lambda *a: self._globals["ran"].append(1))
        return names

    monkeypatch.setattr(Compartment, "exec", late)
    assert any("host's time" in find for find in judge.finds("ran = []\ndef f(): pass\n"))


def test_finds_of_one_kind_share_a_signature() -> None:
    assert signature("a turn took 12 s at 0x7ffe") == signature("a turn took 9 s at 0x10")


#: A rule taken away, and an input that `python -m tests.fuzzing.planted` found it with.
FOUND = {
    name: base64.b64decode(data)
    for name, data in (line.split() for line in (HERE / "planted.txt").read_text().splitlines())
}


@pytest.mark.parametrize("name", FOUND)
def test_a_planted_hole_is_found(name: str) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    with planted(mutant) as tree:
        assert tried(tree, [FOUND[name]])


def test_without_a_hole_these_inputs_find_nothing(judge: Judge) -> None:
    assert not [name for name, data in FOUND.items() if judge.finds(program(data))]
