"""`capcompiler reach`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
Write = Callable[..., str]


def test_it_says_what_can_be_reached(cli: Cli, program: Write) -> None:
    ran = cli("reach", program("class K:\n    pass\nk = K()"), "--grant", "xs=value:[1]")
    assert ran.status == 0, ran.err
    assert "nothing lies outside U" in ran.out
    assert "instances of the guest's classes" in ran.out


@pytest.mark.parametrize("form, starts", [("svg", "<svg "), ("html", "<!doctype html>")])
def test_pictures_go_to_a_file(cli: Cli, program: Write, tmp_path: Path, form: str, starts: str) -> None:
    out = tmp_path / "out"
    ran = cli("reach", program("x = 1"), "--format", form, "--output", out)
    assert ran.status == 0 and ran.out == ""
    assert out.read_text().startswith(starts)


def test_json(cli: Cli, program: Write) -> None:
    data = json.loads(cli("reach", program("x = 1"), "--format", "json").out)
    assert data["outside"] == [] and data["whole"] and data["objects"] > 1000


@pytest.mark.parametrize(
    "text, status",
    [("1 / 0", 1), ("x = (", 2), ("while True: pass", 3)],
    ids=["raises", "syntax", "steps"],
)
def test_a_program_that_fails_is_told_as_by_run(
    cli: Cli, program: Write, text: str, status: int
) -> None:
    ran = cli("reach", program(text), "--limit", "steps=1e5")
    assert ran.status == status
    assert ran.out == "" and ran.err
