"""Violations as a SARIF log, which code hosts show beside the lines they are about.

Source: SARIF 2.1.0, OASIS Standard, 27 March 2020.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from capcompiler import __version__
from capcompiler.cli.imported import Imported
from capcompiler.cli.sources import Unreadable
from capcompiler.cli.terminal import harmless
from capcompiler.dialect import CODES
from capcompiler.errors import Violation

__all__ = ["sarif_log"]

#: The beginning of `[text](target)`, which viewers show as a link.
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")
_ABSENT = "absent-import"
_ABSENT_RULE: dict[str, object] = {
    "id": _ABSENT,
    "shortDescription": {"text": "an import of a module that no guest gets"},
    "defaultConfiguration": {"level": "warning"},
}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(
    checked: Sequence[str],
    violations: Sequence[Violation],
    unreadable: Sequence[Unreadable],
    absent: Sequence[tuple[str, Imported]] = (),
) -> dict[str, object]:
    """The log of one run of `check`, as data for JSON.

    checked: names of the files that were read. violations: in any order, all about those files.
    absent: imports of modules that no guest gets, which are warnings, and notes where the program can do
    without.
    """
    codes = sorted({violation.code for violation in violations})
    rules = [_rule(code, violations) for code in codes] + ([_ABSENT_RULE] if absent else [])
    failures = [
        {
            "level": "error",
            "message": {"text": _plain(failure.reason)},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(failure.name)}}],
        }
        for failure in unreadable
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "capcompiler",
                        "version": __version__,
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not unreadable,
                        "toolExecutionNotifications": failures,
                    }
                ],
                "artifacts": [{"location": _artifact(name)} for name in checked],
                "results": [
                    *(_result(v, codes, checked) for v in violations),
                    *(_absent_result(name, one, len(codes), checked) for name, one in absent),
                ],
            }
        ],
    }


def _rule(code: str, violations: Sequence[Violation]) -> dict[str, object]:
    said = next(violation.message for violation in violations if violation.code == code)
    return {
        "id": code,
        "shortDescription": {"text": CODES.get(code, said)},
        "defaultConfiguration": {"level": "error"},
    }


def _result(violation: Violation, codes: Sequence[str], checked: Sequence[str]) -> dict[str, object]:
    advice = f"\nInstead: {violation.replacement}" if violation.replacement else ""
    location = _artifact(violation.filename)
    if violation.filename in checked:
        location["index"] = checked.index(violation.filename)
    return {
        "ruleId": violation.code,
        "ruleIndex": codes.index(violation.code),
        "level": "error",
        "message": {"text": _plain(violation.message + advice)},
        "locations": [
            {"physicalLocation": {"artifactLocation": location, "region": _region(violation)}}
        ],
    }


def _absent_result(name: str, one: Imported, rule: int, checked: Sequence[str]) -> dict[str, object]:
    location = _artifact(name)
    if name in checked:
        location["index"] = checked.index(name)
    region = {"startLine": one.line, "startColumn": one.column + 1}
    return {
        "ruleId": _ABSENT,
        "ruleIndex": rule,
        "level": "note" if one.guarded else "warning",
        "message": {"text": _plain(one.said())},
        "locations": [{"physicalLocation": {"artifactLocation": location, "region": region}}],
    }


def _plain(text: str) -> str:
    """A message in which nothing of a checked file's is a link (SARIF 2.1.0, 3.11.6) or turns the
    direction of text round."""
    return _LINK.sub(r"\\[", harmless(text))


def _region(violation: Violation) -> dict[str, object]:
    """The span in SARIF's counting: columns from 1, and the end column is the one after."""
    region: dict[str, object] = {
        "startLine": max(violation.line, 1),
        "startColumn": violation.column + 1,
        "endLine": max(violation.end_line, violation.line, 1),
        "endColumn": violation.end_column + 1,
    }
    if violation.text and violation.line == violation.end_line:
        region["snippet"] = {"text": violation.text[violation.column : violation.end_column]}
    return region


def _artifact(name: str) -> dict[str, object]:
    """Where a file is: a URI relative to the working directory, if the file lies under it."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        full = Path(os.path.abspath(path))
        if not full.is_relative_to(Path.cwd()):
            return {"uri": f"file://{quote(os.fsencode(full.as_posix()))}"}
        path = full.relative_to(Path.cwd())
    return {"uri": quote(os.fsencode(path.as_posix()))}
