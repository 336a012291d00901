"""`capcompiler stubs`: what a type checker and an editor know of what is granted."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from capcompiler import Capability, expose
from capcompiler.cli.stubs import stub_text
from capcompiler.membrane.arguments import AtMost
from capcompiler.nesting import MAKERS
from stdlib_caps import MemoryDir

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]


class Row(Capability, read=["number"], write=["text"]):
    number: int
    text: str

    def more(self) -> Row:
        """The next one."""
        return self


class Table(Capability, special=["__len__", "__getitem__"]):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, at: int) -> Row:
        return Row()

    def put(
        self, rows: list[dict[str, int]], /, how: Literal["all", "new"] = "all", *more: int,
        top: Annotated[str | None, AtMost(3)] = None, **rest: bytes,
    ) -> tuple[int, ...]:  # fmt: skip
        """Put "rows" in; '''quoted''' \\"""
        return ()

    @staticmethod
    def make(path: Path, then: Callable[[int], int]) -> Any: ...

    async def later(self) -> float:
        return 1.0

    def list(self) -> list[str]:
        return []


def declared(text: str) -> dict[str, Any]:
    """The top-level declarations, by name; and that it is a stub of plain Python."""
    tree = ast.parse(text)
    found: dict[str, Any] = {}
    for node in tree.body:
        assert isinstance(node, (ast.Import, ast.ClassDef, ast.AnnAssign, ast.FunctionDef)), ast.dump(
            node
        )
        if isinstance(node, ast.AnnAssign):
            assert node.value is None
            found[ast.unparse(node.target)] = ast.unparse(node.annotation)
        elif not isinstance(node, ast.Import):
            found[node.name] = node
    return found


def test_what_is_declared() -> None:
    text = stub_text(
        {
            "table": Table(),
            "n": 3,
            "rows": [{"a": 1}],
            "mixed": [1, "a"],
            "pair": (1, "a"),
            "nothing": None,
        }
    )
    found = declared(text)
    assert found["n"] == "_b.int"
    assert found["rows"] == "_b.list[_b.dict[_b.str, _b.int]]"
    assert (found["mixed"], found["pair"]) == ("_b.list[_t.Any]", "_b.tuple[_b.int, _b.str]")
    assert (found["nothing"], found["table"]) == ("None", "Table")
    for line in (
        "    def __getitem__(self, at: _b.int) -> Row: ...",
        "    def put(self, rows: _b.list[_b.dict[_b.str, _b.int]], /, how: _t.Literal['all', 'new'] = ..., "
        "*more: _b.int, top: _b.str | None = ..., **rest: _b.bytes) -> _b.tuple[_b.int, ...]:",
        "    def make(self, path: _t.Any, then: _t.Callable[..., _t.Any]) -> _t.Any: ...",
        "    async def later(self) -> _b.float: ...",
        "    def list(self) -> _b.list[_b.str]: ...",
        "    def more(self) -> Row:",
        "    @_b.property",
        "    def number(self) -> _b.int: ...",
    ):
        assert line in text.splitlines(), line


OFFERS = """
from capcompiler import Capability
class Stock(Capability):
    def __init__(self, rows):
        raise RuntimeError("nothing is made of it")
    def count(self, item: str) -> int:
        return 1
class Held:
    table = {"rate": 7}
def ask(question: str) -> bool:
    return True
"""


def test_what_a_host_of_ones_own_grants(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "its_offers.py").write_text(OFFERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "its_offers", raising=False)
    path = list(sys.path)
    ran = cli(
        "stubs", "--of", "stock=its_offers:Stock", "--of", "ask=its_offers:ask",
        "--of", "table=its_offers:Held.table", "--grant", "n=int:3",
    )  # fmt: skip
    assert (ran.status, sys.path) == (0, path)
    found = declared(ran.out)
    assert (found["table"], found["n"]) == ("_b.dict[_b.str, _b.int]", "_b.int")
    assert "def count(self, item: _b.str) -> _b.int: ..." in ran.out
    assert {"stock", "ask", "Stock"} <= found.keys()


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("stock", "wanted NAME=MODULE:OBJECT"),
        ("stock=os", "wanted NAME=MODULE:OBJECT"),
        ("a b=os:name", "wanted NAME=MODULE:OBJECT"),
        ("class=os:name", "wanted NAME=MODULE:OBJECT"),
        ("stock=os:", "wanted NAME=MODULE:OBJECT"),
        ("stock=no_such_module_here:x", "ModuleNotFoundError"),
        ("stock=os:no_such", "AttributeError"),
        ("stock=:x", "ValueError"),
    ],
)
def test_what_is_no_object_of_a_module(cli: Cli, spec: str, why: str) -> None:
    path = list(sys.path)
    ran = cli("stubs", "--of", spec)
    assert ran.status == 2 and why in ran.err and sys.path == path


def test_mypy_checks_a_plugin_by_it(tmp_path: Path, program: Write, cli: Cli) -> None:
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    (tmp_path / "data").mkdir()
    made = tmp_path / "granted.pyi"
    ran = cli(
        "stubs", "--grant", f"fs=dir:{tmp_path / 'data'}", "--grant", "n=int:3", "--grant", "c=clock",
        "--grant", "w=http:https://example.org", "--output", made,
    )  # fmt: skip
    assert ran.status == 0
    head = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from granted import fs, n\n"
    good = program(
        head + "names: list[str] = fs.list()\nwith fs.open('a') as f:\n    f.close()\n", "good.py"
    )
    bad = program(head + "fs.open(3)\nfs.nope()\nx: str = n\n", "bad.py")
    out, _err, _status = api.run(
        ["--strict", "--no-incremental", "--cache-dir", str(tmp_path / "cache"), str(made), good, bad]
    )
    assert [line.split(": ")[0].rpartition("/")[2] for line in out.splitlines()[:-1]] == [
        "bad.py:4", "bad.py:5", "bad.py:6",
    ], out  # fmt: skip


def test_builtins_are_declared_for_pyright(cli: Cli) -> None:
    found = declared(cli("stubs", "--builtins", "--grant", "expose=int:3").out)
    assert "cap_exec" in found and found["expose"] == "_b.int"
    own = {name for name in MAKERS if not hasattr(builtins, name)}
    assert {"Limits", "Capability", "CapabilityError", "revocable"} < own
    text = stub_text({}, builtins=True)
    assert own == {
        n.name for n in ast.parse(text).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))
    }


def test_pyright_checks_a_plugin_by_them(tmp_path: Path, program: Write, cli: Cli) -> None:
    """By basedpyright, which brings pyright's engine as a package of Python's."""
    if importlib.util.find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed (pip install 'capcompiler[dev]')")
    ran = cli(
        "stubs",
        "--grant",
        "fs=memory",
        "--grant",
        "n=int:3",
        "--builtins",
        "--output",
        tmp_path / "__builtins__.pyi",
    )
    assert ran.status == 0
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    (tmp_path / "plugin.py").write_text(
        """names: list[str] = fs.list()
class Counter(Capability, reads="count", special=["__len__"]):
    def count(self) -> int: return n
    def __len__(self) -> int: return n
try:
    cap_exec("x = 1", {"fs": readonly(fs), "c": Counter()}, limits=Limits(steps=10))
except (CapabilityError, LimitExceeded):
    pass
fs.read_text(3)
fs.nope()
text: str = n
missing
"""
    )
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "plugin.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    said = json.loads(done.stdout)["generalDiagnostics"]
    assert sorted((e["range"]["start"]["line"], e["rule"]) for e in said if e["severity"] == "error") == [
        (8, "reportArgumentType"), (9, "reportAttributeAccessIssue"), (10, "reportAssignmentType"),
        (11, "reportUndefinedVariable"),
    ], said  # fmt: skip


def test_names_of_grants_and_methods_do_not_change_what_types_mean() -> None:
    found = declared(stub_text({"int": 3, "Any": "a", "list": [1], "Int": Table(), "_t": 1, "_b": 2}))
    assert found["int"] == "_b.int" and found["Any"] == "_b.str"
    assert "_t" not in found and "_b" not in found
    # A class that is made for a grant takes no name that is granted.
    assert found["Int"] == "Int2"


class _Evil(Capability):
    def f(self, x: int = 0) -> None:
        """\"\"\"\nimport os\nos.system('id')\n\"\"\" '''"""


@pytest.mark.parametrize("what", ["doc", "signature", "names", "class", "hint", "literal"])
def test_no_text_of_the_hosts_objects_becomes_more_than_a_declaration(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = "x: int = __import__('os').system('id') #"
    caps: dict[str, Any] = {"evil": _Evil()}
    if what == "signature":
        parameter = inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        object.__setattr__(parameter, "_name", payload)
        monkeypatch.setattr(_Evil.f, "__signature__", inspect.Signature([parameter]), raising=False)
    elif what == "names":
        caps = {payload: 1, "class": 2, "a\nb": 3, "evil": expose({"a": 1}, "keys")}
    elif what == "class":
        caps = {"evil": type(payload, (Capability,), {"f": lambda self: 1, payload: lambda self: 2})()}
    elif what == "hint":

        class Odd:
            pass

        Odd.__name__ = Odd.__qualname__ = payload

        def f(self: Any, x: Any) -> Any: ...

        f.__annotations__ = {"x": Odd, "return": payload}
        caps = {"evil": type("E", (Capability,), {"f": f})()}
    elif what == "literal":

        def g(self: Any, x: Any) -> Any: ...

        g.__annotations__ = {"x": Literal["']\nimport os\n#"]}
        caps = {"evil": type("E", (Capability,), {"f": g})()}
    text = stub_text(caps)
    found = declared(text)
    assert "evil" in found
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.Call)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert all(alias.asname for alias in node.names)


def test_data_that_holds_itself_has_a_type_all_the_same() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    assert declared(stub_text({"loop": loop}))["loop"].startswith("_b.list[")


def test_every_capability_of_the_library_has_a_stub() -> None:
    found = declared(stub_text({"fs": MemoryDir(), "open": MemoryDir().open_builtin()}))
    assert found["fs"] == "Fs" and found["open"] == "Open"


def test_the_hook_runs_a_command_that_is_there(cli: Cli, program: Write) -> None:
    """.pre-commit-hooks.yaml: what it says is run with the names of the files that changed."""
    text = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text()
    entry = next(line for line in text.splitlines() if line.strip().startswith("entry:"))
    name, *words = entry.partition(":")[2].split()
    assert (name, words) == ("capcompiler", ["check"])
    assert cli(*words, program("x = 1"), program("__builtins__ = 1", "b.py")).status == 1
    assert cli(*words, program("x = 1")).status == 0


@pytest.mark.parametrize("name", ["_b", "_t", "_datetime"])
def test_a_method_named_as_what_the_stub_names_types_by_changes_no_type(name: str) -> None:
    class Odd:
        def put(self, x: int) -> int:
            return x

    setattr(Odd, name, Odd.put)
    text = stub_text({"odd": expose(Odd(), name, "put")})
    assert f"def {name}" not in text and "def put(self, x: _b.int) -> _b.int" in text
