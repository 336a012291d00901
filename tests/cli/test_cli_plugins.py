"""`capcompiler plugins check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from capcompiler.cli import main
from capcompiler.plugins.marked import hooks_in
from capcompiler.plugins.source import read_plugin

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


HEAD = '[plugin]\nname = "p"\nversion = "1"\nentry = "main.py"\n'


@pytest.mark.parametrize(
    ("text", "told", "hooks"),
    [
        ("from pluggy import HookimplMarker\nm = HookimplMarker('shop')\n@m\ndef price(item): pass\n"
         "@m(specname='other')\ndef x(): pass", "  answers hooks of shop: price, other", {"shop": ["price", "other"]}),
        ("import pluggy\nm = pluggy.HookimplMarker(NAME)\n@m\ndef price(): pass", "  answers hooks: price",
         {"": ["price"]}),
        ("from marks import m\n@m\ndef price(): pass", "  answers hooks of shop: price", {"shop": ["price"]}),
        ("def price(item): pass", "  answers no hook: nothing in it is marked with a HookimplMarker", {}),
        ("from pluggy import HookimplMarker\nm = HookimplMarker('shop')\ndef price(item): pass",
         "  answers no hook: nothing in it is marked with a HookimplMarker", {}),
        ("import pluggy\nm = pluggy.HookimplMarker('\\x1b[2J')\n@m\ndef price(): pass",
         "  answers hooks of \\x1b[2J: price", {"\x1b[2J": ["price"]}),
        ("from marks import m as n\n@n\ndef price(item): pass", None, None),
        ("def price(item): pass\nprice.shop_impl = {}", None, None),
        ("import marks\nprice = marks.m(lambda item: 1)", None, None),
        ("def price(", None, None),
    ],
)  # fmt: skip
def test_it_says_which_hooks_the_texts_show(
    tmp_path: Path, text: str, told: str | None, hooks: dict[str, list[str]] | None
) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "plugin.toml").write_text(HEAD)
    (folder / "main.py").write_text(text)
    if "marks" in text:
        (folder / "marks.py").write_text("import pluggy\nm = pluggy.HookimplMarker('shop')")
    assert hooks_in(read_plugin(folder)) == hooks
    lines = CliRunner().invoke(main, ["plugins", "check", str(tmp_path)]).stdout.splitlines()
    assert [line for line in lines if "answers" in line] == ([told] if told else [])


def test_imports_that_no_guest_gets_are_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "plugin.toml").write_text(HEAD)
    (folder / "main.py").write_text("import json, tempfile, requests, pluggy\nfrom . import x\n")
    (folder / "tempfile.py").write_text("try:\n    import socket\nexcept ImportError:\n    pass")
    assert CliRunner().invoke(main, ["plugins", "check", str(tmp_path)]).exit_code == 0
    (folder / "tempfile.py").write_text("def f():\n    import socket")
    done = CliRunner().invoke(main, ["plugins", "check", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr.startswith(
        "p/tempfile.py:2:5: imports socket, which guests do not get: it is network"
    )
    found = json.loads(CliRunner().invoke(main, ["plugins", "check", str(tmp_path), "--json"]).stdout)
    assert found["plugins"][0]["absent_imports"] == [done.stderr.strip()]


def test_the_folder_of_one_plugin_is_no_directory_of_plugins(tmp_path: Path) -> None:
    (tmp_path / "plugin.toml").write_text(HEAD)
    done = CliRunner().invoke(main, ["plugins", "check", str(tmp_path)])
    assert done.exit_code == 1 and "the directory itself has a plugin.toml" in done.stderr
