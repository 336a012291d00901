"""Third-party packages as guests: what a script prints there is what it prints under plain Python.

A script names what it imports beside the standard library in its first line. Where the host has not
installed it (`pip install --group packages`), the test is skipped and says so.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import tomllib
import warnings
from pathlib import Path

import pytest

from capcompiler import CapError, Imports, Limits, cap_exec

HERE = Path(__file__).parent
SCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("scripts/*.py"))}
#: What a script needs that guests are not given, by its name; docs/reference/packages.md has them all.
LACKING = {
    "commonmark": "nest of containers",
    "glom": "__builtins__",
    "html5lib": "http.client",
    "inflect": "decode_source",
    "markdown": "xml.etree.ElementTree",
    "ply": "Can't build lexer",
    "voluptuous": "__slots__ cannot hold '__hash__'",
    "xmltodict": "xml.sax.saxutils",
}
LIMITS = Limits(steps=100_000_000, memory=2**30, depth=None)


def packages_of(source: str) -> list[str]:
    head = source.partition("\n")[0]
    assert head.startswith("# packages: ")
    return head.removeprefix("# packages: ").split()


def natively(source: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<plain>", "exec"), {"__name__": "__main__"})  # noqa: S102
    return out.getvalue()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_prints_what_it_prints_under_plain_python(name: str) -> None:
    source = SCRIPTS[name]
    imports = Imports.pure()
    for package in packages_of(source):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed (pip install --group packages)")
        imports += Imports.package(package)
    if name in LACKING:
        with pytest.raises(CapError, match=re.escape(LACKING[name])):
            cap_exec(source, imports=imports, limits=LIMITS)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = natively(source)
    ran = cap_exec(source, imports=imports, limits=LIMITS)
    assert ran.output == expected != ""


def test_the_named_twenty_are_there() -> None:
    named = """sortedcontainers toolz more_itertools tabulate jmespath mistune inflection semver webcolors
    wcwidth dateutil pyparsing lark attrs packaging idna tomli isodate textdistance humanize""".split()
    assert set(named) <= set(SCRIPTS)
    assert len(SCRIPTS) >= 50


def test_the_group_in_the_project_has_what_the_scripts_need() -> None:
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())
    group = {
        re.split("[<>=]", n)[0].lower().replace("-", "_")
        for n in project["dependency-groups"]["packages"]
    }
    # What is installed under another name than it is imported by, or comes with another.
    other = {
        "attr": "attrs", "bs4": "beautifulsoup4", "dateutil": "python_dateutil", "slugify":
        "python_slugify", "stdnum": "python_stdnum", "markdown_it": "markdown_it_py", "tlz": "toolz",
        "six": "python_dateutil", "mdurl": "markdown_it_py", "text_unidecode": "python_slugify",
        "webencodings": "html5lib", "face": "glom", "jaraco": "inflect", "typeguard": "inflect",
    }  # fmt: skip
    needed = {p for source in SCRIPTS.values() for p in packages_of(source)}
    assert {other.get(p, p) for p in needed} <= group | {"regex", "typing_extensions"}
