"""What a regular expression costs: the bound is one, the walk finds what the engine finds, and what is
cheap stays cheap."""

from __future__ import annotations

import random
import re
from re import _compiler  # type: ignore[attr-defined]
from typing import Any

import pytest

from capcompiler import Limits, cap_exec
from guards.patterns import price
from guards.patterns.chars import chars_of
from guards.patterns.code import ENDLESS, UnknownInstruction, decoded, program
from guards.patterns.walk import _STEPS, Walk

PIECES = [
    "a",
    "b",
    "[ab]",
    "[^a]",
    ".",
    "\\w",
    "c?",
    "\\b",
    "a",
    "b",
    "(?i:A)",
    "\\S",
    "(?s:.)",
    "[^\\W_]",
]
TIMES = "* + ? {2} {1,3} *? +? ?? {0,2}? *+ ++ ?+ {2,} {0} {3}?".split()
PLACES = ["(?<=a)", "(?<!b)", "$", "^", "\\Z", "\\B", "(?m:$)", "(?m:^)", "(?!)"]
NESTS = ["(?=%s)", "(?!%s)", "(?>%s)", "(%s)", "(?:%s)?"]


def made(r: random.Random, depth: int = 0) -> str:
    kind = r.random()
    if depth > 3 or kind < 0.35:
        return r.choice(PIECES)
    if kind < 0.6:
        return "".join(made(r, depth + 1) for _ in range(r.randint(1, 3)))
    if kind < 0.8:
        return f"(?:{made(r, depth + 1)}){r.choice(TIMES)}"
    if kind < 0.9:
        return f"(?:{made(r, depth + 1)}|{made(r, depth + 1)})"
    return r.choice(NESTS) % made(r, depth + 1) if kind < 0.95 else r.choice(PLACES)


def known(source: str) -> tuple[Any, price.Priced] | None:
    try:
        parsed = _compiler._parser.parse(source, 0)
        code = [int(x) for x in _compiler._code(parsed, parsed.state.flags)]
        return re.compile(source), price.Priced(code, True)
    except re.error:
        return None


def runs(text: str, code: tuple[int, ...]) -> list[int]:
    found = price._engine(program(code, low=1, high=ENDLESS)).finditer(text)
    return [m.end() - m.start() for m in found]


class TooMuch(Exception):
    pass


def asked(pattern: Any, text: str, how: int) -> Any:
    if how in (price.MATCH, price.FULL):
        found = (pattern.match if how == price.MATCH else pattern.fullmatch)(text)
        return found.end() if found else -1
    if how == price.SEARCH:
        found = pattern.search(text)
        return found.span() if found else None
    return [m.span() for m in pattern.finditer(text)]


def walked(priced: price.Priced, text: str, how: int, walk: Walk) -> Any:
    if how in (price.MATCH, price.FULL):
        return walk.match(priced.program, 0, whole=how == price.FULL)
    if how == price.SEARCH:
        return price._search(priced, walk, 0, False)
    found: list[tuple[int, int]] = []
    at, not_empty = 0, False
    while (span := price._search(priced, walk, at, not_empty)) is not None:
        found.append(span)
        at, not_empty = span[1], span[0] == span[1]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_walk_finds_what_the_engine_finds_within_the_bound(seed: int) -> None:
    r = random.Random(seed)
    compared = 0
    while compared < 2000:
        source = made(r)
        if r.random() < 0.2:
            source = f"({made(r)}){made(r)}{r.choice(['', '(?i:x)?'])}\\1{made(r)}"
        found = known(source)
        if found is None or not found[1].walks:
            continue
        pattern, priced = found
        for _ in range(3):
            text = "".join(r.choice("abcA\n") for _ in range(r.randint(0, 9)))
            for how in (price.MATCH, price.FULL, price.SEARCH, price.EACH):
                total = 0

                def pay(steps: int, _held: int) -> None:
                    nonlocal total
                    total += steps // _STEPS
                    if total > 50_000:
                        raise TooMuch

                walk = Walk(text, len(text), pay, price._FOLDS)
                bound = priced.cost(
                    how,
                    len(text),
                    lambda c, text=text: max(runs(text, c), default=0),
                    lambda c, text=text: sum(runs(text, c)),
                )
                try:
                    got = walked(priced, text, how, walk)
                    walk.settle()
                except TooMuch:
                    assert bound > 25_000, (source, text, how)
                    continue
                compared += 1
                assert got == asked(pattern, text, how), (source, text, how)
                # An instruction of the walk that tries nothing counts there too.
                assert total <= 3 * bound + 20, (source, text, how)


@pytest.mark.parametrize("source", ["a", "é", "[a-f0-9]", "[^a-f]", "\\w", "\\W", "\\s", "[\\d_]", "(?i:k)",
                                    "(?i:[k-z])", "(?i:ß)", "[\u0100-\u0120]", "[^\u0100]", ".", "(?a:\\w)",
                                    "(?a:\\W)", "[\\w\\s]", "[^\\w\\s]", "[^\\W\\d]", "(?i:[^s])"])  # fmt: skip
def test_a_set_holds_at_least_the_characters_that_it_lets_through(source: str) -> None:
    parsed = _compiler._parser.parse(source, 0)
    nodes = decoded([int(x) for x in _compiler._code(parsed, parsed.state.flags)])
    (node,) = nodes
    chars = chars_of(node.code, price._engine, text=True)  # type: ignore[union-attr]
    whole = re.compile(source)
    step = 1 if source in ("\\w", "(?i:k)") else 7
    for c in [*range(256), *range(256, 0x11000, step), *range(0x1D7CE, 0x1D800)]:
        one = chr(c)
        if whole.fullmatch(one) is None:
            assert c > 255 or not chars.low >> c & 1
        elif c < 256:
            assert chars.low >> c & 1
        else:
            way = one.isalnum() or one == "_"
            assert chars.beyond >> (way | one.isdecimal() << 1 | one.isspace() << 2) & 1, hex(c)


def test_an_unknown_instruction_is_refused() -> None:
    with pytest.raises(UnknownInstruction):
        decoded([999, 1])


CHEAP = [
    ("words", "re.findall(r'\\w+', t)"),
    ("mails", "re.findall(r'[\\w.]+@[\\w.]+', t)"),
    ("lines", "re.findall(r'(?m)^(.*?): (.*)$', t)"),
    ("ends-of-lines", "re.sub(r'(?m)[ ]+$', '', t)"),
    ("quoted", "re.findall(r'\"(?:[^\"\\\\]|\\\\.)*\"', t)"),
    ("numbers", "re.findall(r'[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?', t)"),
    ("tags", "re.findall(r'<(/?)(\\w+)((?:\\s+\\w+=\"[^\"]*\")*)\\s*>', t)"),
    ("list", "re.findall(r'(?:\\w+, )*\\w+', t)"),
]  # fmt: skip


@pytest.mark.parametrize("name, source", CHEAP, ids=[n for n, _ in CHEAP])
def test_ordinary_patterns_cost_little(name: str, source: str) -> None:
    text = 'name: some text, more \\"words\\" <b x="y"> and 12.5e7 me@example.com  \n' * 1500
    ns = cap_exec(f"import re\nlen({source})", {"t": text}, limits=Limits(steps=2_000_000))
    assert ns.value == len(eval(source, {"re": re, "t": text}))


def test_a_lexer_pays_for_its_tokens_and_not_for_the_text_each_time() -> None:
    source = """
import re
token = re.compile(r'\\s+|\\w+|[^\\w\\s]')
at = n = 0
while at < len(t):
    at = token.match(t, at).end()
    n += 1
n"""
    text = "some words, and more. " * 5000
    ns = cap_exec(source, {"t": text}, limits=Limits(steps=1_000_000))
    assert ns.value == 10 * 5000
    assert ns.usage.steps < 10 * ns.value


def test_what_backtracks_much_and_ends_is_walked_and_found() -> None:
    source = "import re\nre.match('(?:a+b?)*c', 'a' * 14).group() if 0 else re.search('(?:a+b?)+c|d', t).span()"
    assert cap_exec(source, {"t": "a" * 13 + "d"}).value == (13, 14)


def test_steps_are_the_same_cold_and_warm_and_at_both_levels() -> None:
    source = "import re\nre.findall('(?:x+y?)+z', t), re.sub(r'(\\w)\\1', '-', t), re.search('a{2}', t)"
    spent = {
        cap_exec(source, {"t": "xxyxxxyyyaab" * 3}, optimize=optimize).usage.steps
        for optimize in (True, False, True)
    }
    assert len(spent) == 1
