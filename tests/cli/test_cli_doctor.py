"""`capcompiler doctor`: what holds of confinement here, and whether that is all."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from capcompiler.cli import main
from capcompiler.isolation import kernel


@pytest.mark.skipif(not kernel.supported(), reason="confinement is known for Linux only")
def test_it_says_what_holds() -> None:
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 0
    assert "files: yes, by seccomp" in done.output


@pytest.mark.skipif(not kernel.supported(), reason="confinement is known for Linux only")
def test_it_says_it_as_data() -> None:
    done = CliRunner().invoke(main, ["doctor", "--json"])
    found = json.loads(done.output)
    assert found["confinement"]["complete"] is True
    assert found["confinement"]["missing"] == {} or "landlock" in found["confinement"]["missing"]


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from capcompiler.isolation import wire

    monkeypatch.setattr(wire, "msgspec", None)
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 1
    assert (
        "a worker process needs the extra `process` (msgspec is not installed): pip inst" in done.output
    )
    assert "pip install 'capcompiler[process]'" in done.output
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.output)["confinement"] is None
