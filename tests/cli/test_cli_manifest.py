"""`capcompiler manifest`: what a program asks for, from its text."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from capcompiler.cli.manifest import manifest_of

from .conftest import Ran

Cli = Callable[..., Ran]
Write = Callable[..., str]
PROGRAM = """
import json, time, socket, requests
from pathlib import Path
from os import environ
text = fs.open('a').read()
def f(fs):
    return fs.hidden(net.post('x'))
class C:
    y = db.query('z')
Path('x').write_text(json.dumps(text))
print(time.time(), [w for w in words], len(text), cap_exec, only)
global_set = 1
"""


def test_a_manifest_has_names_modules_and_what_is_filled_in(cli: Cli, program: Write) -> None:
    ran = cli("manifest", program(PROGRAM))
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "grant db: query",
        "grant fs: hidden, open",  # also of a local of that name
        "grant net: post",
        "grant words",
        "import json",
        "import os",
        "import pathlib",
        "import requests: must be granted",
        "import socket: refused, whatever is granted: it is network access; the host grants a capability "
        "for what is needed",
        "import time",
        "use Path.write_text: --grant NAME=dir:PATH:rw",
        "use os.environ: --grant NAME=env:NAME",
        "use time.time: --grant NAME=clock",
    ]
    data = json.loads(cli("manifest", program(PROGRAM), "--json").out)
    assert data["names"] == {"db": ["query"], "fs": ["hidden", "open"], "net": ["post"], "words": []}
    assert data["imports"]["socket"] is False and list(data["refused"]) == ["socket"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = 1\nx", {}),
        ("def f(a, *b, c=1, **d): return a, b, c, d, e", {"e": []}),
        ("def f():\n    global g\n    g = 1\ng", {}),
        ("[x for x in xs]", {"xs": []}),
        ("import a.b\na.b.c", {}),
        ("for i in r: i.z", {"r": []}),
        ("try: p.q\nexcept E as e: e.r", {"E": [], "p": ["q"]}),
        ("lambda: k.v.w", {"k": ["v"]}),
        ("with c.d() as t: t.u", {"c": ["d"]}),
        ("(n := m.o)", {"m": ["o"]}),
        ("open('x')", {}),
    ],
)
def test_names_that_are_asked_for(source: str, names: dict[str, list[str]]) -> None:
    assert manifest_of(source, "x.py").names == names


def test_nothing_runs_and_bad_programs_are_told(cli: Cli, program: Write) -> None:
    ran = cli("manifest", program("print('never')"))
    assert (ran.status, ran.out) == (0, "")
    ran = cli("manifest", program("__builtins__ = {}"))
    assert ran.status == 2 and ran.out == "" and "__builtins__" in ran.err
    assert cli("manifest", program("x =")).status == 2
    assert cli("manifest", "no-such-file.py").status == 2
