"""Every example runs, prints what plain CPython makes of the same programs, and every block of code in
README.md and docs/ is true."""

from __future__ import annotations

import contextlib
import csv
import doctest
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from capcompiler import GuestError, LimitExceeded, cap_exec, check

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
NAMES = ("monthly_report", "plugin", "plugin_host", "home_automation", "formula", "nested")
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md")])


def expected(name: str) -> str:
    return (EXAMPLES / name / "expected.txt").read_text(encoding="utf-8")


def text_of(name: str, file: str) -> str:
    return (EXAMPLES / name / file).read_text(encoding="utf-8")


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(  # noqa: S603 - commands of our own
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def host_of(name: str) -> ModuleType:
    """The host script of an example, as a module of its own."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / name / "host.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def natively(source: str, names: Mapping[str, Any], filename: str = "guest") -> dict[str, Any]:
    """Run a guest's text under plain CPython: the oracle."""
    namespace = {"__name__": "__main__", **names}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)  # noqa: S102
    return namespace


@contextlib.contextmanager
def printed() -> Iterator[io.StringIO]:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        yield output


# The scripts as a reader runs them


@pytest.mark.parametrize("name", NAMES)
def test_the_host_script_prints_what_is_expected(name: str, tmp_path: Path) -> None:
    done = run(sys.executable, "-W", "error", str(EXAMPLES / name / "host.py"), cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout == expected(name)
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_guests_of_an_example_are_programs_of_the_dialect(name: str) -> None:
    guests = [p for p in (EXAMPLES / name).rglob("*.py") if p.name not in ("host.py", "make_orders.py")]
    assert guests or name == "formula"
    for guest in guests:
        assert check(guest.read_text(encoding="utf-8"), filename=guest.name) == []


# The monthly report


def orders() -> list[dict[str, str]]:
    with open(EXAMPLES / "monthly_report/orders.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report_is_what_plain_python_prints() -> None:
    with printed() as output:
        native = natively(text_of("monthly_report", "report.py"), {"orders": orders()})
    assert output.getvalue() == expected("monthly_report")
    for optimize in (True, False):
        report = cap_exec(
            text_of("monthly_report", "report.py"), {"orders": orders()}, optimize=optimize
        )
        assert report.output == expected("monthly_report")
        assert report["totals"] == native["totals"]


def test_the_report_adds_up() -> None:
    """The total again, by other arithmetic."""
    from fractions import Fraction

    total = Fraction()
    for row in orders():
        if row["status"] == "shipped":
            amount = Fraction(row["unit_price"]) * int(row["quantity"]) * 100
            total += amount - (amount * int(row["discount_percent"]) / 100).__floor__()
    assert f"{int(total) / 100:,.2f}" == expected("monthly_report").split()[-1]


def test_the_orders_are_many_and_the_same_each_time(tmp_path: Path) -> None:
    assert len(orders()) >= 200
    script = tmp_path / "make_orders.py"
    script.write_text(text_of("monthly_report", "make_orders.py"), encoding="utf-8")
    assert run(sys.executable, str(script), cwd=tmp_path).returncode == 0
    again = (tmp_path / "orders.csv").read_text(encoding="utf-8")
    assert again == text_of("monthly_report", "orders.csv")


# The plugin


def test_the_plugin_does_what_it_does_under_plain_python() -> None:
    host = host_of("plugin")
    with printed() as output:
        host.run_plugin(natively)
    friendly, _, hostile = expected("plugin").partition("HOSTILE PLUGIN\n")
    assert output.getvalue() == friendly
    assert "GOT OUT" not in hostile
    assert hostile.count("refused") == text_of("plugin", "hostile.py").count("\nattempt(")
    assert hostile.count("stopped: ") == 3
    assert hostile.endswith("mails sent by it: 0\n")


def test_the_hostile_plugin_gets_out_under_plain_python() -> None:
    """Without the compartment most of its ways lead out, so that being refused means something."""
    source = text_of("plugin", "hostile.py").replace("import os", "import posixpath as os")
    source = source.replace('os.system("true")', "os.join").replace("import ctypes", "import json")
    source = source.replace("ctypes.string_at(0)", "json.dumps")
    source = source.replace("/etc/passwd", __file__.replace("\\", "/"))
    host = host_of("plugin")
    with pytest.warns(ResourceWarning) if sys.flags.dev_mode else contextlib.nullcontext():
        names = natively(
            source.replace("lambda: open(", "lambda: __import__('pathlib').Path("),
            {"register": lambda handler: None, "mailer": host.Mailer()},
        )
    assert sum("GOT OUT" in line for line in names["attempts"]) >= 10


@pytest.mark.parametrize("optimize", [True, False])
def test_the_hostile_plugin_is_contained_at_each_level(optimize: bool) -> None:
    host = host_of("plugin")
    mailer, handlers = host.Mailer(), []
    names = cap_exec(
        text_of("plugin", "hostile.py"),
        {"register": handlers.append, "mailer": mailer},
        limits=host.Limits(steps=50_000),
        optimize=optimize,
    )
    assert all(line.endswith(": refused") for line in names["attempts"])
    for handler, kind in zip(handlers, ("steps", "memory", "depth"), strict=True):
        with pytest.raises(LimitExceeded) as stop:
            handler({"id": 1})
        assert stop.value.kind == kind
    assert mailer.sent == []


# The home


def test_the_rules_do_what_they_do_under_plain_python() -> None:
    host = host_of("home_automation")
    host.expose = lambda obj, *methods, **attributes: obj
    hass, logger, data = host.read_home()
    names = natively(
        text_of("home_automation", "rules.py"), {"hass": hass, "logger": logger, "data": data}
    )
    with printed() as output:
        host.show(hass, logger, names["report"])
    assert output.getvalue() == expected("home_automation")


# The spreadsheet

#: What the cells of the formulas that want too much show.
REFUSED = {
    "classes": "#AttributeError",
    "endless": "#LIMIT steps",
    "huge": "#LIMIT memory",
    "secret": "#PermissionError",
}


def test_the_sheet_shows_what_plain_python_computes() -> None:
    host = host_of("formula")
    refused = {f["formula"]: REFUSED[f["column"]] for f in host.read("formulas.csv")
               if f["column"] in REFUSED}  # fmt: skip
    assert len(refused) == len(REFUSED)

    def evaluate(formula: str, cells: dict[str, Any]) -> Any:
        if formula in refused:
            return refused[formula]
        try:
            return eval(formula, {**cells, "vat": host.vat})  # noqa: S307 - the example's own
        except Exception as error:
            return f"#{type(error).__name__}"

    with printed() as output:
        host.sheet(lambda formula: formula, evaluate)
    assert output.getvalue() + "not a formula: DialectError\n" == expected("formula")


# README and docs


FENCE = re.compile(r"^```(\S*)[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
WITH_PYTHON = [
    p for p in PAGES if any(m[1] in ("python", "pycon") for m in FENCE.finditer(p.read_text("utf-8")))
]

#: Libraries that pages run, and that not every Python has: an extra may not be installed.
NEEDED = {
    "come-from-smolagents.md": "smolagents",
    "run-code-of-models.md": "smolagents",
    "moving-over-from-sandboxedenvironment.md": "jinja2",
    "templates.md": "jinja2",
}


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_python_of_a_page_is_true(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks run in their order and share their names. `python guest` is a guest's program."""
    if page.name in NEEDED:
        pytest.importorskip(NEEDED[page.name], reason=f"{page.name} runs {NEEDED[page.name]}")
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in FENCE.finditer(text):
        language, rest, body = block.groups()
        line = text.count("\n", 0, block.start()) + 1
        if language == "python" and rest.startswith("guest"):
            assert check(body) == [], f"{page.name}:{line}"
        elif language == "python":
            # The lines of the block keep their numbers in tracebacks.
            code = compile("\n" * line + body, str(page), "exec", dont_inherit=True)
            with printed():
                exec(code, names)  # noqa: S102 - our own documentation
        elif language == "pycon":
            example = doctest.DocTestParser().get_doctest(body, names, page.name, str(page), line)
            runner = doctest.DocTestRunner(verbose=False)
            report: list[str] = []
            runner.run(example, out=report.append, clear_globs=False)
            assert runner.failures == 0, "".join(report)
            names.update(example.globs)


def shell_lines(page: Path) -> list[str]:
    lines = []
    for block in FENCE.finditer(page.read_text(encoding="utf-8")):
        if block[1] == "sh":
            lines += block[3].replace("\\\n", " ").splitlines()
    return lines


COMMANDS = sorted(
    {
        line
        for page in PAGES
        if page.name != "cli.md"
        for line in shell_lines(page)
        if line.startswith(("capcompiler ", "python docs/"))
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_docs_runs(command: str) -> None:
    assert "|" not in command
    words = shlex.split(command)
    assert words[0] in ("capcompiler", "python")
    head = ["-m", "capcompiler"] if words[0] == "capcompiler" else []
    done = run(sys.executable, *head, *words[1:])
    assert (done.returncode, done.stderr) == (0, "")
    if "monthly_report" in command and words[1] == "run":
        assert done.stdout == expected("monthly_report")


def test_the_readme_has_its_two_commands() -> None:
    lines = shell_lines(ROOT / "README.md")
    assert (
        "capcompiler run docs/examples/monthly_report/report.py"
        " --grant orders=csv:docs/examples/monthly_report/orders.csv"
    ) in [" ".join(line.split()) for line in lines]
    assert "python -m pip install -e '.[test]'" in lines
    assert "python -m pytest -n auto" in lines


@pytest.mark.skipif(os.name != "posix", reason="the block is for a shell")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "tea: [150]\ncup: []\n"),
        ('open("/etc/passwd")', "error in price at main.py:8: open was not granted"),
        ("stock.take(item)", "stock: no attribute 'take' is granted"),
        ("while True: pass", "limit in price"),
    ],
)
def test_the_plugin_host_of_the_readme(line: str, said: str, tmp_path: Path) -> None:
    """The block to the letter, but for what pip installs; and what its text says to try."""
    pytest.importorskip("pluggy", reason="needs the extra plugins")
    readme = (ROOT / "README.md").read_text("utf-8")
    block = next(b[3] for b in FENCE.finditer(readme) if b[1] == "sh" and "shop/host.py" in b[3])
    install, rest = block.split("\n", 1)
    assert install == "python -m pip install -e '.[plugins]'"
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "python"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    lines = rest.replace("def price(item, cents):\n", f"def price(item, cents):\n    {line}\n", 1)
    done = run("sh", "-ec", f"PATH={tmp_path}/bin:$PATH\n{lines if line else rest}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    if not line:
        assert f"```text\n{done.stdout}```" in readme
    assert said in done.stdout


def test_the_extras_that_pages_install_are_there() -> None:
    there = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"pip install (?:-e )?'(?:\.|capcompiler)\[([a-z-]+)\]'", text))
    assert {"test", "plugins", "process", "jinja", "mcp"} <= named <= {*there["optional-dependencies"]}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), target


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower().strip()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_is_finished_and_has_a_sentence_a_line(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert not re.search(r"\b(todo|to do|tbd|fixme|coming soon)\b", text, re.IGNORECASE)
    for line in text.splitlines():
        if line.startswith("|"):
            continue
        plain = re.sub(r"`[^`]*`", "x", line)
        assert not re.search(r"[a-z)x][.!?] [A-Z][a-z]", plain.removesuffix(".")), line


# Reference pages that follow the code


def test_each_code_has_its_section() -> None:
    from capcompiler.dialect import CODES

    text = (DOCS / "reference/errors.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (CAP\d{3})\b", text, re.MULTILINE)
    assert sections == sorted(CODES)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the page is made on Python 3.11")
def test_the_tables_page_is_what_the_code_says() -> None:
    spec = importlib.util.spec_from_file_location("make_tables", DOCS / "reference/make_tables.py")
    assert spec and spec.loader
    make_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_tables)
    assert make_tables.page() == (DOCS / "reference/tables.md").read_text(encoding="utf-8")


def test_an_error_of_a_guest_names_its_own_line() -> None:
    source = text_of("monthly_report", "report.py")
    with pytest.raises(GuestError) as error:
        cap_exec(source, {"orders": [{"date": "2025-01-01", "status": "shipped"}]}, filename="r.py")
    frame = error.value.frames[-1]
    assert frame.filename == "r.py"
    assert source.splitlines()[frame.line - 1].strip() == frame.source.strip()


def test_each_reserved_name_is_in_the_docs() -> None:
    from capcompiler.names import RESERVED_NAMES

    for page in ("dialect.md", "errors.md"):
        text = (DOCS / "reference" / page).read_text(encoding="utf-8")
        assert [n for n in RESERVED_NAMES if f"`{n}`" not in text] == []


def test_the_builtins_that_are_missing_are_the_ones_that_the_docs_name() -> None:
    import builtins

    from capcompiler import CapError, cap_eval

    missing = []
    for name in dir(builtins):
        if name in ("_", "__doc__", "__loader__", "__name__", "__package__", "__spec__"):
            continue
        try:
            cap_eval(name)
        except CapError:
            missing.append(name)
    text = (DOCS / "reference/dialect.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("All of Python's builtins"))
    # Python's own test runners and shells add some of them, and `site` the rest.
    assert set(missing) <= set(re.findall(r"`(\w+)`", line))
