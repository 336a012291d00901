"""`capcompiler plugins check`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from capcompiler.cli import main

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "docs/examples/plugin_host/plugins"


def test_it_says_what_each_plugin_asks_for_and_what_is_wrong() -> None:
    done = CliRunner().invoke(main, ["plugins", "check", str(EXAMPLE)])
    assert done.exit_code == 1
    assert "spam-filter 1.2.0 sha256:" in done.stdout
    assert "  asks for store(get, put): to remember who sent spam" in done.stdout
    assert "  asks for disk, if it is there: to store gifts" in done.stdout
    assert "  limit steps: 50,000" in done.stdout
    assert "look-alike: it calls itself 'spam_filter'" in done.stderr


def test_as_json(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "plugin.toml").write_text('[plugin]\nname = "p"\nversion = "1"\nentry = "main.py"')
    (folder / "main.py").write_text("x = 1")
    assert CliRunner().invoke(main, ["plugins", "check", str(tmp_path)]).exit_code == 0
    (folder / "other.py").write_text("__builtins__ = 1")
    done = CliRunner().invoke(main, ["plugins", "check", str(tmp_path), "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 1 and found["wrong"] == []
    assert found["plugins"][0]["violations"][0]["filename"] == "p/other.py"
    assert len(found["plugins"][0]["digest"]) == 64


def test_what_a_manifest_says_does_nothing_on_a_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "p\x1b[2J"
    folder.mkdir()
    (folder / "plugin.toml").write_text("nothing")
    done = CliRunner().invoke(main, ["plugins", "check", str(tmp_path)])
    assert done.exit_code == 1 and "\x1b" not in done.output


def test_a_directory_that_is_not_there() -> None:
    assert CliRunner().invoke(main, ["plugins", "check", "nowhere"]).exit_code == 2
