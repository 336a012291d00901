"""What turns these pages into a site: its order, the pages that stand outside this folder, and links.

A page is read in the repository too, where a link may lead to a file of the code. On the site there is
no code, so such a link becomes its text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
#: Pages that stand outside, by what they are called on the site.
OUTSIDE = {"README.md": "index.md", "SECURITY.md": "security.md", "CHANGELOG.md": "changelog.md"}
#: The order of the site; within a folder pages are in the order of their titles.
SECTIONS = {
    "Tutorial": "tutorial",
    "How to": "how-to",
    "Reference": "reference",
    "Explanation": "explanation",
    "Examples": "examples",
    "Contributing": "contributing",
}
_LINK = re.compile(r"(?<!!)\[([^\]\n]*(?:\[[^\]\n]*\][^\]\n]*)*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^(`{3,}|~{3,}).*?^\2[ \t]*$)", re.DOTALL | re.MULTILINE)


def on_config(config: Any) -> Any:
    """The order of the pages, from what is in the folders."""
    docs = Path(config["docs_dir"])
    nav: list[Any] = [{"capcompiler": "index.md"}, {"Threat model": "threat-model.md"}]
    for title, folder in SECTIONS.items():
        pages = sorted((docs / folder).rglob("*.md"), key=_title)
        nav.append({title: [p.relative_to(docs).as_posix() for p in pages]})
    nav += [{"Security": "security.md"}, {"Changes": "changelog.md"}]
    config["nav"] = nav
    return config


def _title(page: Path) -> str:
    first = page.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").lower()


def on_files(files: Any, config: Any) -> Any:
    for source, name in OUTSIDE.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links of a page as they are on the site; what is in a fence stays."""
    source = {v: k for k, v in OUTSIDE.items()}.get(page.file.src_uri)
    here = source if source is not None else f"docs/{page.file.src_uri}"
    known = {f.src_uri for f in files}
    # Every second part, and every third of a match, is a fence or its marks.
    parts = _FENCE.split(markdown)
    made = []
    for number, part in enumerate(parts):
        kind = number % 3
        if kind == 0:
            made.append(_LINK.sub(lambda m: _linked(m, here, page.file.src_uri, known), part))
        elif kind == 1:
            made.append(part)
    return "".join(made)


def _linked(found: re.Match[str], here: str, there: str, known: set[str]) -> str:
    """A link as it is on the site. here: the page in the repository; there: on the site."""
    text, target = found[1], found[2]
    if target.startswith(("#", "http://", "https://", "mailto:")):
        return found[0]
    path, hash_, anchor = target.partition("#")
    full = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
    full = OUTSIDE.get(full, full)
    name = full.removeprefix("docs/")
    if name not in known:
        return text
    relative = posixpath.relpath(name, posixpath.dirname(there) or ".")
    return f"[{text}]({relative}{hash_}{anchor})"
