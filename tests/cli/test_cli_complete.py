"""Completion in the repl: it finds names, and runs nothing of the guest's."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from capcompiler import Capability, Compartment, expose
from capcompiler.cli.complete import completions
from capcompiler.cli.editor import completer, history_file, line_reader, prompt_session
from capcompiler.cli.progress import line, progress

from .conftest import Ran

Cli = Callable[..., Ran]


class Mailer(Capability, read=["size"]):
    size = 3

    def send(self, to: str) -> None: ...
    def _secret(self) -> None: ...


@pytest.fixture
def world() -> Compartment:
    made = Compartment(
        {"mailer": Mailer(), "table": expose({"a": 1}, "keys", "__getitem__"), "numbers": [1]}
    )
    made.exec(
        "import json, os.path\n"
        "class Account:\n    kind = 'a'\n    def __init__(self):\n        self.owner = Account.kind\n"
        "    def close(self): pass\n    _hidden = 1\n"
        "account = Account()\naccount.inner = account\nnumber = 5\n"
    )
    return made


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("num", ["number", "numbers"]),
        ("x = acc", ["account"]),
        ("acc", ["account"]),
        ("ret", ["return"]),
        ("mailer.", ["send", "size"]),
        ("mailer.s", ["send", "size"]),
        ("f(mailer.se", ["send"]),
        ("table.", ["keys"]),
        ("mailer.send.", []),
        ("account.", ["close", "inner", "kind", "owner"]),
        ("account . inner . o", ["owner"]),
        ("account._h", ["_hidden"]),
        ("Account.k", ["kind"]),
        ("json.dum", ["dump", "dumps"]),
        ("os.path.joi", ["join"]),
        ("numbers.app", ["append"]),
        ("account.kind.upp", ["upper"]),
        ("numbers.__", []),
        ("unknown.", []),
        ("f().", []),
        ("numbers[0].", []),
        ("'acc", []),
        ("# acc", []),
        ("'a' + acc", ["account"]),
        ("", []),
        (":li", [":limits"]),
        (":c", [":caps"]),
        ("a." * 100, []),
        ("x" * 20_000, []),
    ],
)
def test_names_that_fit(world: Compartment, before: str, wanted: list[str]) -> None:
    found, length = completions(world, before)
    assert found == wanted
    assert length <= len(before)


HOSTILE = {
    "getattr": "class A:\n    def __getattr__(self, n):\n        ran(n)\n    def __getattribute__(self, n):\n        ran(n)\na = A()",
    "dir": "class A:\n    def __dir__(self):\n        ran('dir')\n        return ['x']\na = A()",
    "property": "class A:\n    @property\n    def x(self):\n        ran('x')\na = A()\nb = a",
    "dict": "class A:\n    @property\n    def __dict__(self):\n        ran('d')\n        return {'x': 1}\na = A()",
    "metaclass": "class M(type):\n    def __dir__(cls):\n        ran('m')\n    def __getattribute__(cls, n):\n        ran(n)\n        return super().__getattribute__(n)\nclass A(metaclass=M): pass\nseen = 1\na = A",
    "descriptor": "class D:\n    def __get__(self, o, k):\n        ran('get')\n        return self\nclass A:\n    x = D()\na = A()",
    "key": "class K(str):\n    def __hash__(self):\n        return hash('x')\n    def __eq__(self, o):\n        ran('eq')\n        return True\n    def startswith(self, *a):\n        ran('s')\na = type('A', (), {})()\ntry:\n    a.__dict__[K('x')] = 1\nexcept Exception:\n    pass\ntry:\n    globals()[K('x')] = 1\nexcept Exception:\n    pass",
    "module-getattr": "import types\na = types.ModuleType('m')\na.__getattr__ = lambda n: ran(n)\na.__dir__ = lambda: ran('d')",
    "slots": "class A:\n    __slots__ = ('x', '__dict__')\na = A()\na.x = 1\na.y = 2",
    "false-class": "class A:\n    __class__ = property(lambda s: ran('c'))\na = A()",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_completing_runs_nothing_of_the_guests(name: str) -> None:
    ran: list[Any] = []
    world = Compartment({"ran": ran.append})
    world.exec(HOSTILE[name])
    ran.clear()
    before = world.usage
    for text in ("a", "a.", "a.x", "a.x.", "a.x.y.", "a.y.", "A.", "A.x.", "b.x.", "x"):
        found, _ = completions(world, text)
        assert all(type(n) is str and n.isidentifier() for n in found)
    assert ran == [] and world.usage == before


def test_no_name_acts_on_the_terminal() -> None:
    world = Compartment()
    world.exec(
        "class A: pass\na = A()\n"
        "for n in ('\\x1b]0;x\\x07', 'a\\nb', 'ok', 'b\\u202e', 'a b', ''):\n"
        "    setattr(a, n, 1)\n    setattr(A, n, 1)\n    globals()['g' + n] = 1\n"
        "globals()['g' * 1000] = 1\n"
    )
    assert completions(world, "a.") == (["ok"], 0)
    assert completions(world, "g")[0] == ["getattr", "global", "globals", "gok", "g"][0:0] + sorted(
        {"getattr", "global", "globals", "gok", "g"}
    )


def test_completion_never_fails() -> None:
    def broken() -> Compartment:
        raise RuntimeError("gone")

    assert completer(broken, "a.") == ([], 0)


def test_history_is_the_users_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = history_file()
    assert path is not None and (tmp_path / "capcompiler" / "history").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert history_file() is None


def test_commands_say_what_is_granted_what_is_reached_and_what_is_left(cli: Cli) -> None:
    ran = cli(
        "repl", "--grant", "n=int:7", "--grant", "fs=memory",
        stdin=":caps\n:limits\n:limits steps=1000 seconds=2\n:limits nothing=1\nx = 1\n:reach\n"
        "while True: pass\n\n:names\n:limits steps=none\n",
    )  # fmt: skip
    assert ran.status == 0
    assert "n: int = 7" in ran.out and "fs.open(path: str" in ran.out
    assert "limits: steps=10_000_000 seconds=none" in ran.out
    assert "limits: steps=1_000 seconds=2.0 memory=268_435_456" in ran.out
    assert "there is no limit 'nothing'" in ran.err and "limit 1,000" in ran.err
    assert "steps=none seconds=2.0" in ran.out
    assert "outside" in ran.out


def test_prompt_toolkit_has_the_names_and_keeps_a_history(
    world: Compartment, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    pytest.importorskip("prompt_toolkit", reason="needs the extra repl")
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        session = prompt_session(lambda: world)
        found = list(session.completer.get_completions(Document("mailer.se"), None))
        assert [(c.text, c.start_position) for c in found] == [("send", -2)]
        typed.send_text("number * 6\n")
        assert session.prompt(">>> ") == "number * 6"
    assert "number * 6" in (tmp_path / "capcompiler" / "history").read_text()


def test_readline_completes_where_there_is_no_prompt_toolkit(
    world: Compartment, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    readline = pytest.importorskip("readline", reason="this Python has no readline")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    kept: list[Any] = []
    monkeypatch.setattr("atexit.register", lambda *given: kept.append(given))
    before = readline.get_completer(), readline.get_completer_delims()
    try:
        assert line_reader(lambda: world, True) is input
        monkeypatch.setattr(readline, "get_line_buffer", lambda: "f(mailer.s")
        monkeypatch.setattr(readline, "get_endidx", lambda: 10)
        complete = readline.get_completer()
        found = [complete("mailer.s", 0), complete("mailer.s", 1), complete("mailer.s", 2)]
        assert found == ["mailer.send", "mailer.size", None]
    finally:
        readline.set_completer(before[0])
        readline.set_completer_delims(before[1])
    assert len(kept) == 1


# The line of a long run


def test_the_line_of_a_long_run_has_numbers_only() -> None:
    world = Compartment()
    said: list[str] = []
    inner = Compartment({"look": lambda: said.append(line(inner, 3.4))})
    inner.exec("for i in range(1000): pass\nlook()")
    assert said[0].startswith("running: 1,0") and "of 10,000,000 (0 %) steps, 3 s" in said[0]
    assert line(world, 0).startswith("running: 0")


def test_nothing_is_shown_where_nobody_looks() -> None:
    out = io.StringIO()
    with progress(Compartment(), out):
        pass
    assert out.getvalue() == ""


def test_what_was_shown_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("capcompiler.cli.progress._FIRST", 0.001)
    monkeypatch.setattr("capcompiler.cli.progress._EVERY", 0.001)
    out = Terminal()
    with progress(Compartment(), out):
        while "running" not in out.getvalue():
            pass
    assert out.getvalue().endswith("\r\x1b[K")
