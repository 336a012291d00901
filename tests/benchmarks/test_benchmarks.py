"""The harness itself: what it compares and how it tells. No time decides a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from . import __main__ as command
from .measure import Measured, measure
from .program import Benchmark
from .report import Report
from .subjects import OURS, PEERS, PLAIN, Prepared, Subject

_SUM = Benchmark(
    "sum", "test", "def run(n):\n    t = 0\n    for i in range(n): t += STEP * i\n    return t\n",
    200, 50, {"STEP": 2},
)  # fmt: skip
_CALLS = Benchmark(
    "calls", "test", "def run(n):\n    return [twice(i) for i in range(n)]\n",
    100, 20, {}, {"twice": lambda x: 2 * x},
)  # fmt: skip


@pytest.mark.parametrize("benchmark_", [_SUM, _CALLS], ids=lambda b: b.name)
def test_every_way_of_ours_runs_and_agrees(benchmark_: Benchmark) -> None:
    row = measure(benchmark_, OURS, rounds=1, quick=True)
    assert row.unfit == {} and row.wrong == {}
    assert set(row.ratios) == {s.name for s in OURS} and all(r > 0 for r in row.ratios.values())
    assert row.same_steps and set(row.steps) == {"default Limits", "optimize=False"}
    assert min(row.steps.values()) >= benchmark_.quick


def test_a_subject_with_another_result_is_named() -> None:
    liar = Subject("liar", lambda b: Prepared(lambda n: "no"))
    row = measure(_SUM, [liar], rounds=1, quick=True)
    assert row.wrong == {"liar": "'no' is not 2450"}


def test_a_subject_that_cannot_run_says_why() -> None:
    def prepare(benchmark: Benchmark) -> Any:
        raise SyntaxError("no classes here")

    row = measure(_SUM, [Subject("small", prepare)], rounds=1, quick=True)
    assert row.unfit == {"small": "SyntaxError: no classes here"} and "small" not in row.ratios


def test_plain_exec_is_its_own_measure() -> None:
    assert PLAIN.prepare(_SUM).run(3) == 6


@pytest.mark.parametrize("subject", PEERS, ids=lambda s: s.name)
def test_peers_that_are_installed_run_a_small_program(subject: Subject) -> None:
    row = measure(_SUM, [subject], rounds=1, quick=True)
    assert row.wrong == {}
    if row.unfit:
        # Jinja2 runs templates; a peer of the extra `bench` may not be installed.
        assert "ModuleNotFoundError" in row.unfit[subject.name] or subject.name == "Jinja2 sandbox"


def test_differences_between_levels_and_faults_of_ours_fail_the_run() -> None:
    report = Report()
    report.add(
        Measured("a", "test", 1.0, {"default Limits": 1.0}, {"default Limits": 5, "optimize=False": 6})
    )
    report.add(Measured("b", "test", 1.0, unfit={"default Limits": "GuestError: x", "asteval": "y"}))
    assert report.faults() == [
        "a: steps differ: {'default Limits': 5, 'optimize=False': 6}",
        "b: default Limits: GuestError: x",
    ]


def test_the_command_prints_a_table_and_writes_json_and_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "pyperformance_programs", lambda: [_SUM])
    monkeypatch.setattr(command, "user_programs", lambda: [_CALLS])
    out, plot = tmp_path / "out.json", tmp_path / "plot.svg"
    arguments = ["--quick", "--no-peers", "--no-latency", "--rounds", "1"]
    assert command.main([*arguments, "--json", str(out), "--plot", str(plot)]) == 0
    told = json.loads(out.read_text())
    assert [p["name"] for p in told["programs"]] == ["calls", "sum"]
    assert told["faults"] == [] and told["summary"]["default Limits"]["programs"] == 2
    text = capsys.readouterr().out
    assert "| sum |" in text and "| default Limits | 2 of 2 |" in text
    assert plot.read_text().startswith("<svg") and ">sum</text>" in plot.read_text()


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "pyperformance_programs", lambda: [_SUM])
    with pytest.raises(SystemExit, match="no program is called nothing"):
        command.main(["nothing"])


def test_a_subject_that_gives_up_under_way_is_unfit_and_the_others_are_measured() -> None:
    left = [2450]

    def run(n: int) -> int:
        return left.pop()

    row = measure(_SUM, [Subject("tired", lambda b: Prepared(run)), OURS[0]], rounds=1, quick=True)
    assert "IndexError" in row.unfit["tired"] and set(row.ratios) == {OURS[0].name}


def test_what_a_later_run_changes_is_compared_as_it_was() -> None:
    text = "kept = [0]\ndef run(n):\n    kept[0] += n\n    return kept\n"
    row = measure(Benchmark("state", "test", text, 3, 2), OURS, rounds=0, quick=True)
    assert row.wrong == {} and row.checked
