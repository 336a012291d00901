"""The documentation as a site: it builds without a warning, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="needs the extra docs")
pytest.importorskip("material", reason="needs the extra docs")
pytest.importorskip("mkdocstrings", reason="needs the extra docs")

ROOT = Path(__file__).resolve().parent.parent


class Loaded(HTMLParser):
    """What a page loads when it is opened, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.loads.append(said.get("src") or "")
        elif tag == "link" and said.get("rel") in ("stylesheet", "preload", "modulepreload"):
            self.loads.append(said.get("href") or "")
        elif tag == "a":
            self.links.append(said.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(  # noqa: S603 - a command of our own
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(made)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "WARNING" not in said and "ERROR" not in said, said
    return made


def pages(site: Path) -> dict[str, Loaded]:
    found = {}
    for path in site.rglob("*.html"):
        page = Loaded()
        page.feed(path.read_text(encoding="utf-8"))
        found[path.relative_to(site).as_posix()] = page
    return found


def test_every_page_is_there_and_leads_to_pages_that_are(site: Path) -> None:
    found = pages(site)
    for source in (ROOT / "docs").rglob("*.md"):
        name = source.relative_to(ROOT / "docs").as_posix()
        built = name.removesuffix("README.md") + "index.html" if name.endswith("README.md") else ""
        assert (built or name.removesuffix(".md") + ".html") in found, name
    assert {"index.html", "security.html", "changelog.html"} <= set(found)
    for name, page in found.items():
        if name == "404.html":
            continue
        for link in page.links:
            path = link.partition("#")[0].partition("?")[0]
            if path and "://" not in path and not path.startswith("mailto:"):
                assert (site / name).parent.joinpath(path).exists(), (name, link)


def test_every_public_name_is_in_the_reference() -> None:
    import capcompiler
    import stdlib_caps
    from capcompiler import attenuation

    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    given = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    for module in (capcompiler, attenuation, stdlib_caps):
        for name in module.__all__:
            where = getattr(module, name).__module__
            known = (where, f"{where}.{name}", f"{module.__name__}.{name}")
            assert any(g in known or where.startswith(f"{g}.") for g in given), name


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for name, page in pages(site).items():
        for target in page.loads:
            assert "://" not in target and not target.startswith("//"), (name, target)


def test_the_reference_has_the_docstrings(site: Path) -> None:
    text = (site / "reference" / "api.html").read_text(encoding="utf-8")
    assert ":::" not in text
    for name in (
        "cap_exec",
        "Compartment",
        "Pending",
        "resume",
        "CapExecutor",
        "python_tool",
        "revocable",
    ):
        assert name in text
    assert "Raises DialectError before anything runs" in text
