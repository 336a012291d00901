"""`capcompiler check`: every violation of every file, for people, programs and code hosts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]

GOOD = "x = 1\n"
BAD = "ok = 1\nif ok:\n    é = 1; __builtins__ = {}\n__builtins__ = 2\n"


def test_clean_files_are_status_0(cli: Cli, program: Write) -> None:
    ran = cli("check", program(GOOD, "a.py"), program("", "b.py"))
    assert ran == Ran(0, "", "no violations in 2 files\n")


def test_violations_are_status_1_and_all_shown(cli: Cli, program: Write) -> None:
    bad, also = program(BAD, "bad.py"), program("x = = 2\n", "also.py")
    ran = cli("check", bad, program(GOOD, "good.py"), also)
    assert ran.status == 1
    assert f"{bad}:3:12: CAP" in ran.out
    assert f"{bad}:4:1: CAP" in ran.out
    assert f"{also}:1:" in ran.out
    assert "        é = 1; __builtins__ = {}\n               ^^^^^^^^^^^^" in ran.out
    assert ran.err == "3 violations in 2 of 3 files\n"


def test_imports_that_guests_do_not_get_are_told_of(cli: Cli, program: Write) -> None:
    path = program("import json, http.client\nimport helper\ndef f():\n    from socket import socket\n")
    ran = cli("check", path)
    assert (ran.status, ran.out) == (0, "")
    first, second, last = ran.err.splitlines()
    assert first.startswith(
        f"{path}:1:1: imports http.client, which guests do not get: it is network access"
    )
    assert second.startswith(f"{path}:4:5: imports socket, which")
    assert last == "no violations in 1 file; 2 imports that guests do not get"
    data = json.loads(cli("check", path, "--format", "json").out)
    assert [(i["module"], i["line"]) for i in data["absent_imports"]] == [
        ("http.client", 1),
        ("socket", 4),
    ]


def test_nothing_is_run(cli: Cli, program: Write) -> None:
    ran = cli("check", program("print('never')\nwhile True: pass\n"))
    assert (ran.status, ran.out) == (0, "")


def test_directories_are_walked_for_python_files(
    cli: Cli, program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["p/b.py", "p/sub/a.py", "p/__pycache__/c.py", "p/.hidden/d.py", "p/e.txt"]:
        program(BAD, name)
    monkeypatch.chdir(tmp_path)
    ran = cli("check", "p", "p/b.py", "--format", "json")
    data = json.loads(ran.out)
    assert data["checked"] == ["p/b.py", "p/sub/a.py"]
    assert {v["filename"] for v in data["violations"]} == {"p/b.py", "p/sub/a.py"}


def test_an_unreadable_file_is_status_2_and_the_others_are_checked(
    cli: Cli, program: Write, tmp_path: Path
) -> None:
    missing, binary = tmp_path / "missing.py", program(b"\xff\xfe\0", "binary.py")
    ran = cli("check", missing, program(BAD, "bad.py"), binary)
    assert ran.status == 2
    assert "CAP" in ran.out
    assert f"{missing}: no such file" in ran.err
    assert f"{binary}: not Python text" in ran.err
    assert "2 files could not be read" in ran.err
    assert len(json.loads(cli("check", missing, "--format", "json").out)["unreadable"]) == 1


def test_stdin_is_checked(cli: Cli) -> None:
    ran = cli("check", "-", stdin=BAD)
    assert ran.status == 1
    assert "<stdin>:3:12: CAP" in ran.out


def test_json_has_the_fields_of_a_violation(cli: Cli, program: Write) -> None:
    path = program(BAD)
    first = json.loads(cli("check", path, "--format", "json").out)["violations"][0]
    assert first["filename"] == path
    assert (first["line"], first["column"]) == (3, 11)
    assert (first["end_line"], first["end_column"]) == (3, 23)
    assert first["text"] == "    é = 1; __builtins__ = {}"
    assert first["code"].startswith("CAP")
    assert first["message"]
    assert first["replacement"]


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_output_goes_into_a_file(cli: Cli, program: Write, tmp_path: Path, form: str) -> None:
    path, report = program(BAD), tmp_path / "report"
    ran = cli("check", path, "--format", form, "--output", report)
    assert (ran.status, ran.out) == (1, "")
    assert report.read_text() == cli("check", path, "--format", form).out


def test_an_output_file_that_cannot_be_written_is_status_2(
    cli: Cli, program: Write, tmp_path: Path
) -> None:
    ran = cli("check", program(GOOD), "--output", tmp_path / "no" / "where")
    assert ran.status == 2
    assert "cannot be written" in ran.err


def sarif(ran: Ran) -> dict[str, Any]:
    log = json.loads(ran.out)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    return dict(run)


def test_sarif_regions_are_exact(
    cli: Cli, program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(BAD, "rules/bad one.py")
    monkeypatch.chdir(tmp_path)
    run = sarif(cli("check", "rules", "--format", "sarif"))
    assert run["columnKind"] == "unicodeCodePoints"
    first, second = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "rules/bad%20one.py", "index": 0}
    assert place["region"] == {
        "startLine": 3,
        "startColumn": 12,
        "endLine": 3,
        "endColumn": 24,
        "snippet": {"text": "__builtins__"},
    }
    assert second["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    assert run["artifacts"] == [{"location": {"uri": "rules/bad%20one.py"}}]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_rules_and_results_agree(cli: Cli, program: Write) -> None:
    run = sarif(cli("check", program(BAD, "a.py"), program("x = (\n", "b.py"), "--format", "sarif"))
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == 2
    for rule in rules:
        assert rule["shortDescription"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == "error"
        assert result["message"]["text"]
        for location in result["locations"]:
            region = location["physicalLocation"]["region"]
            start = (region["startLine"], region["startColumn"])
            assert (1, 1) <= start <= (region["endLine"], region["endColumn"])


def test_sarif_of_clean_and_of_unreadable_files(cli: Cli, program: Write, tmp_path: Path) -> None:
    run = sarif(cli("check", program(GOOD), "--format", "sarif"))
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    run = sarif(cli("check", tmp_path / "missing.py", "--format", "sarif"))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "no such file"


def test_sarif_names_a_file_elsewhere_by_a_whole_uri(
    cli: Cli, program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(GOOD, "other/x.py")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run = sarif(cli("check", "../other/x.py", "--format", "sarif"))
    assert run["artifacts"][0]["location"]["uri"] == f"file://{tmp_path}/other/x.py"
    monkeypatch.chdir(tmp_path)
    run = sarif(cli("check", tmp_path / "other" / "x.py", "--format", "sarif"))
    assert run["artifacts"][0]["location"]["uri"] == "other/x.py"


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_odd_file_names_do_no_harm(command: Cli, tmp_path: Path, form: str) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"a\xff\x1b[31m.py"), "w") as file:
        file.write("__builtins__ = 1\n")
    ran = command("check", tmp_path, "--format", form)
    assert ran.status == 1
    if form != "text":
        json.loads(ran.out)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000 + " = = 1\n",
        "(" * 10_000,
        "x = 1\n" + "if x:\n" * 2,
        "\0",
        "a\x0cb = = 1\n",
        "'\\ud800' = 1\n",
        "\u2028__builtins__ = 1\n",
        "__builtins__ \\\n= 1\n",
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_bad_source_always_ends_in_a_report(cli: Cli, program: Write, text: str, form: str) -> None:
    ran = cli("check", program(text), "--format", form)
    assert ran.status == 1
    assert ran.out


def test_no_message_of_a_sarif_log_holds_a_link_of_the_checked_file() -> None:
    """Viewers show `[text](target)` in a message as a link."""
    from capcompiler.cli.sarif import sarif_log
    from capcompiler.errors import Violation

    said = "see [the fix](https://evil.example) \u202eltr \x1b]0;x\x07 and [a] (b)"
    log: Any = sarif_log(["a.py"], [Violation("CAP100", said, 1, 0, 1, 1, said, "a.py", "x")], [])
    text = log["runs"][0]["results"][0]["message"]["text"]
    assert "\\[the fix](" in text and " [the fix](" not in text
    assert "\u202e" not in text and "\x1b" not in text and "[a] (b)" in text


def test_a_sarif_log_tells_of_imports_that_no_guest_gets(cli: Cli, program: Write) -> None:
    text = "x = 'é'; import socket\ntry:\n    import _ctypes\nexcept ImportError:\n    pass\n"
    ran = cli("check", program(text, "a.py"), program(BAD, "b.py"), "--format", "sarif")
    run = sarif(ran)
    rules = run["tool"]["driver"]["rules"]
    found = [r for r in run["results"] if r["ruleId"] == "absent-import"]
    assert [r["level"] for r in found] == ["warning", "note"]
    assert "imports socket, which guests do not get" in found[0]["message"]["text"]
    region = found[0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 10}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    run = sarif(cli("check", program(text, "a.py"), "--format", "sarif"))
    assert run["results"][0]["ruleIndex"] == 0 and len(run["tool"]["driver"]["rules"]) == 1
