"""The tables of docs/reference/conformance.md, from what runs wrote:

python -m tests.conformance.page 3.11=outcomes-3.11.json 3.13=outcomes-3.13.json ...
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

from tests.conformance.reasons import RULES, reason_of, rule_of

Outcomes = dict[str, dict[str, dict[str, str]]]


def each(outcomes: Outcomes) -> list[tuple[str, str, str]]:
    """(file, test, outcome as a guest) of every test that passes under plain Python."""
    return [
        (
            module.rpartition(".")[2],
            name,
            ran["guest"].get(name) or ran["guest"].get("<import>", "not run"),
        )
        for module, ran in outcomes.items()
        for name, plain in ran["plain"].items()
        if plain == "ok"
    ]


def share(good: int, of: int) -> str:
    return f"{good:,} / {of:,} ({good / of:.1%})" if of else "–"


def main() -> None:
    runs: dict[str, list[tuple[str, str, str]]] = {}
    for argument in sys.argv[1:]:
        version, _, path = argument.partition("=")
        runs[version] = each(json.loads(Path(path).read_text()))
    heads = " | ".join(runs)
    print(f"| | {heads} |\n|---|{'---|' * len(runs)}")
    whole, apart = [], []
    for tests in runs.values():
        good = sum(outcome == "ok" for _, _, outcome in tests)
        raw = sum(outcome != "ok" and (rule_of(outcome) or RULES[-1]).raw for _, _, outcome in tests)
        whole.append(share(good, len(tests)))
        apart.append(share(good, len(tests) - raw))
    print(f"| passed / passed under plain Python | {' | '.join(whole)} |")
    print(f"| the same without those of the raw interpreter | {' | '.join(apart)} |\n")

    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    places: dict[str, set[str]] = defaultdict(set)
    others: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for version, tests in runs.items():
        for file, name, outcome in tests:
            if outcome == "ok":
                continue
            rule = rule_of(outcome)
            if rule is None:
                others[file, name][version] = outcome
            else:
                counts[rule.what][version] += 1
                places[rule.what].add(file.removeprefix("test_"))
    print(
        f"| what the tests ask for | {heads} | where | why it is not there |\n|---|{'---|' * len(runs)}---|---|"
    )
    for rule in RULES:
        if rule.what in counts:
            numbers = " | ".join(str(counts[rule.what].get(v, 0)) for v in runs)
            raw = " (raw interpreter)" if rule.raw else ""
            print(
                f"| {rule.what}{raw} | {numbers} | {', '.join(sorted(places[rule.what]))} | {rule.why} |"
            )
    print(f"\n| other tests | {heads} | what happens | why |\n|---|{'---|' * len(runs)}---|---|")
    for (file, name), found in sorted(others.items()):
        marks = " | ".join("fails" if v in found else "" for v in runs)
        text = re.sub(r"0x[0-9a-f]+", "0x", next(iter(found.values()))).split("\n")[0]
        text = text.removeprefix("error: ").replace("|", "\\|").replace("`", "'")[:110]
        print(f"| `{file}`: `{name}` | {marks} | `{text}` | {reason_of(file, name)} |")

    files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for version, tests in runs.items():
        for file, _, outcome in tests:
            files[file][version].append(outcome)
    print(f"\n| file | {heads} |\n|---|{'---|' * len(runs)}")
    for file, by_version in files.items():
        cells = [
            f"{sum(o == 'ok' for o in by_version[v])} / {len(by_version[v])}" if v in by_version else "–"
            for v in runs
        ]
        print(f"| `{file}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
