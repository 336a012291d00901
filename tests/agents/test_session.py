"""Sessions for models: what comes back, and in which words."""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Capability, Imports, Limits
from capcompiler.agents import Session
from capcompiler.agents.session import unfenced
from capcompiler.agents.wording import MOST, granted_text
from capcompiler.membrane.capability import refused_of
from stdlib_caps import Database, Dir, MemoryDir, only, readonly, revocable


class Mailer(Capability, read=["size"]):
    size = 3

    def send(self, to: str, text: str = "") -> int:
        """Send a letter."""
        return len(to)


def search(query: str, n: int = 3) -> list[str]:
    """Search the web."""
    return [query] * n


@pytest.fixture
def session() -> Session:
    caps = {"search": search, "xs": [1, 2], "mail": Mailer()}
    return Session(caps, limits=Limits(steps=100_000))


def test_output_and_value_come_back_and_names_stay(session: Session) -> None:
    ran = session.run("x = search('a', n=2)\nprint('hi')\nx")
    assert (ran.ok, ran.text, ran.value) == (True, "hi\n['a', 'a']", ["a", "a"])
    assert session.run("x.append('b')").text == ""
    assert session.run("print(len(x), end='')\n7").text == "3\n7"
    session.reset()
    assert not session.run("x").ok


def test_objects_of_the_code_are_shown_as_it_shows_them(session: Session) -> None:
    code = "class P:\n    def __init__(self, x):\n        self.x = x\n    def __repr__(self):\n        return f'P({self.x})'\n"
    assert session.run(code + "P(1)").text == "P(1)"
    assert session.run("[P(2), {'a': P(3)}]").text == "[P(2), {'a': P(3)}]"
    assert session.run("P").text.startswith("<class '__main__.P'>")
    broken = "class B:\n    def __repr__(self):\n        {}\nB()"
    for body in ("while True: pass", "raise ValueError", "return 3", "return '\\x1b[31m' * 99999"):
        text = session.run(broken.format(body)).text
        assert "B" in text or "31m" in text
        assert "\x1b" not in text and len(text) < 3 * MOST


def test_what_is_granted_is_said_with_parameters(session: Session) -> None:
    said = session.granted()
    for line in (
        "search(query: str, n: int = 3) -> list[str]  # Search the web.",
        "xs: list = <list of 2>",
        "mail.send(to: str, text: str = '') -> int  # Send a letter.",
        "mail.size  # to read",
    ):
        assert line in said.splitlines()
    last = said.splitlines()[-1]
    assert "json" in last and "more that carry no authority" in last and len(last) < 300


def test_modules_are_all_named_where_they_are_few() -> None:
    few = Session(imports=Imports.pure().only("json", "re"))
    assert few.granted() == "modules that can be imported: json, re"
    own = Session(imports=Imports.sources({"helper": ""}) + Imports.pure())
    assert own.granted().startswith("modules that can be imported: helper, collections, csv")


def test_what_would_be_refused_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    for cap in (
        Dir.open_ambient(tmp_path, write=False),
        Dir.open_ambient(tmp_path, write=False).module(),
        only(Dir.open_ambient(tmp_path, write=False), "read_text", "write_text"),
        readonly(MemoryDir()),
        Database.in_memory("create table t (x)", write=False),
    ):
        offered = {line.partition("(")[0] for line in granted_text({"fs": cap}).splitlines()}
        assert offered & {"fs.read_text", "fs.query"}
        assert not offered & {"fs.write_text", "fs.remove", "fs.mkdir", "fs.execute", "fs.execute_all"}
    said = granted_text({"fs": Dir.open_ambient(tmp_path, write=False)})
    assert any(line.startswith("# fs: refused, as it was granted: ") for line in said.splitlines())
    writable = granted_text({"fs": Dir.open_ambient(tmp_path)})
    assert "fs.write_text(path: str" in writable and "refused" not in writable
    cap, revoke = revocable(MemoryDir())
    assert "fs.write_text(" in granted_text({"fs": only(cap, "write_text")})
    revoke()
    assert (
        granted_text({"fs": only(cap, "write_text")}) == "# fs: refused, as it was granted: write_text"
    )


def test_what_is_said_to_be_refused_is(tmp_path: Path) -> None:
    """Each method of a directory that is not offered refuses; what it takes is text and bytes."""
    fs = Dir.open_ambient(tmp_path, write=False)
    (tmp_path / "a").write_text("")
    for name in refused_of(fs):
        method = getattr(fs, name)
        count = sum(
            p.default is p.empty for p in inspect.signature(method).parameters.values() if p.kind < 3
        )
        with pytest.raises(PermissionError, match="granted for reading"):
            method(*["a", b"" if "bytes" in name else "b"][:count])
    assert len(refused_of(fs)) >= 5 and (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("serach('a')", ["line 1: serach('a')", "Did you mean search?", "search(query: str"]),
        ("import requests", ["No module named 'requests'", "Only these modules", "json"]),
        ("import jsn", ["Did you mean json?"]),
        ("open('/etc/passwd')", ["open was not granted", "no code can get it", "mail.send(to: str"]),
        ("import os\nos.system('ls')", ["line 2: os.system('ls')", "no code can get it"]),
        ("mail.sent", ["no attribute 'sent'", "mail.send(to: str"]),
        ("mail.send(3)", ["argument 1 (to): got int, wanted str", "mail.send(to: str"]),
        ("search(3)", ["argument 1 (query): got int, wanted str"]),
        ("search('a', 1, 2)", ["too many positional arguments"]),
        ("__builtins__ = 1\nx = 2", ["was not run", "line 1", "^^^", "write instead: "]),
        ("def f(:", ["was not run", "line 1"]),
        ("while True:\n    pass", ["stopped", "Write a loop that ends sooner"]),
        (
            "def f():\n    return 1 / 0\nf()",
            ["line 3: f()", "line 2, in f: return 1 / 0", "division by zero"],
        ),
        ("await search('a')", ["was not run"]),
    ],
)
def test_what_went_wrong_is_said_so_that_it_can_be_mended(
    session: Session, code: str, words: list[str]
) -> None:
    ran = session.run(code)
    assert not ran.ok
    for word in words:
        assert word in ran.text
    assert "facet" not in ran.text and "capcompiler" not in ran.text


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('\\x1b]0;owned\\x07' * 10_000)",
        "class E(Exception):\n    def __str__(self):\n        return '\\x9b31m' * 9000\nraise E",
        "print('\\x1b[2J' * 5000)\n'\\x1b[2J' * 5000",
        "type('\\x1b[31m' * 9000, (Exception,), {})\nraise type('\\x1b[31m' * 9000, (Exception,), {})('a')",
        "x = (1,)\nfor i in range(60):\n    x = (x, x)\nx",
        "x = []\nx.append(x)\nx * 100",
        "'a' * 10_000_000",
        "{i: 'b' * 100 for i in range(1000)}",
    ],
)
def test_no_text_is_huge_or_acts_on_a_terminal(session: Session, code: str) -> None:
    text = session.run(code).text
    assert len(text) < 3 * MOST and "\x1b" not in text and "\x9b" not in text


def test_code_is_text_of_a_bounded_size(session: Session) -> None:
    assert "at most 200,000" in session.run("#" * 300_000).text
    for wrong in (b"1", 3, None, ["x"]):
        with pytest.raises(TypeError, match="wanted str"):
            session.run(wrong)  # type: ignore[arg-type]

    class Lying(str):
        __slots__ = ()

        def __len__(self) -> int:
            return 1

    assert "at most" in session.run(Lying("#" * 300_000)).text


def test_a_markdown_fence_around_code_is_taken_off() -> None:
    assert unfenced("```python\nx = 1\n```") == "x = 1"
    assert unfenced("\n```py\nx = 1\ny\n```\n") == "x = 1\ny"
    assert unfenced("x = '```'") == "x = '```'"


def test_threads_take_turns(session: Session) -> None:
    def add() -> None:
        for _ in range(20):
            assert session.run("n = n + 1").ok

    session.run("n = 0")
    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.run("n").value == 60


def test_a_worker_that_died_is_replaced_and_the_model_is_told() -> None:
    session = Session({"xs": [1]}, isolation="process")
    assert session.run("y = xs[0]\ny").value == 1
    worker = session.compartment._worker  # type: ignore[attr-defined]
    worker.discard()
    ran = session.run("y")
    assert not ran.ok and "All names are gone" in ran.text
    assert session.run("xs").value == [1]
    session.close()


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [("smolagents", "smolagents", "smolagents"), ("pydantic_ai", "pydantic_ai", "pydantic-ai"),
     ("mcp", "mcp", "mcp")],
)  # fmt: skip
def test_without_its_library_a_module_says_which_extra_it_needs(
    module: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"capcompiler.agents.{module}", raising=False)
    with pytest.raises(ImportError) as error:
        importlib.import_module(f"capcompiler.agents.{module}")
    assert f"capcompiler.agents.{module} needs the extra `{extra}` ({library}" in str(error.value)
    assert f"pip install 'capcompiler[{extra}]'" in str(error.value)


def test_no_text_for_a_model_steers_a_terminal(session: Session) -> None:
    evil = "a\\r\\x1b[31m\\u202e\\u2028b\\r\\nc"
    for code in (f"print('{evil}')", f"raise ValueError('{evil}')"):
        text = session.run(code).text
        assert not set(text) & set("\r\x1b\u202e\u2028"), code
        assert "\nc" in text


class Telling(Capability):
    def __init__(self, password: str) -> None:
        self.password = password

    def __repr__(self) -> str:
        return f"Telling({self.password})"

    def send(self, to: str) -> int:
        return len(to)


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_what_is_granted_is_shown_to_a_model_as_the_code_sees_it(isolation: Any) -> None:
    session = Session({"mailer": Telling("secret")}, isolation=isolation)
    for code in (
        "mailer",
        "mailer.send",
        "[mailer, {1: mailer.send}]",
        "print([mailer])",
        "mailer, lambda: 1",
    ):
        done = session.run(code)
        assert "<capability>" in done.text and "secret" not in done.text and "Telling" not in done.text
        assert session.run("'_shown' in globals() and hasattr(_shown, 'send')").text == "False"
