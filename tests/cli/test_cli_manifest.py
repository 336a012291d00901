"""`capcompiler manifest`: what a program asks for, from its text."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from capcompiler import cap_eval
from capcompiler.cli.filled import kind_that_fills
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


@pytest.mark.parametrize(
    ("source", "filled"),
    [
        ("import time as t\nt.time()", {"time.time": "clock"}),
        ("from time import time as now\nnow()", {"time.time": "clock"}),
        ("import time\nhow = time.strftime", {"time.strftime": "clock"}),
        ("import time\ntime.strftime('%Y')", {"time.strftime": "clock"}),
        ("import time\ntime.strftime('%Y', moment)", {}),
        ("import time\ntime.gmtime(0), time.gmtime(*a)", {"time.gmtime": "clock"}),
        ("from time import ctime\nctime(5)", {}),
        ("import datetime as d\nd.datetime.now()", {"datetime.now": "clock"}),
        ("from datetime import datetime as dt, date\ndt.now(), date.today()",
         {"date.today": "clock", "datetime.now": "clock"}),
        ("from os.path import exists as there\nthere('x')", {"path.exists": "dir:PATH"}),
        ("import os.path as p\np.getsize('x')", {"path.getsize": "dir:PATH"}),
        ("import pathlib\npathlib.Path('x').touch()", {"Path.touch": "dir:PATH:rw"}),
        ("from pathlib import Path as P\n(P('x') / 'y').read_text(), P('x').is_file()",
         {"Path.is_file": "dir:PATH"}),
        ("time.time()", {}),  # a thing that is granted under the name of a module
        ("open('x')", {"open": "dir:PATH"}),
        ("import uuid, random\nuuid.uuid4(), random.SystemRandom()",
         {"random.SystemRandom": "chance", "uuid.uuid4": "chance"}),
    ],
)  # fmt: skip
def test_what_a_grant_fills_in(source: str, filled: dict[str, str]) -> None:
    assert manifest_of(source, "x.py").filled == filled


_TRIED = """
import importlib
owner = importlib.import_module(module)
if of:
    owner = getattr(owner, of)("x")
refused = []
for name in sorted(n for n in dir(owner) if n[0] != "_"):
    for args in ((), ("x",), (0,), ("x", "y"), ("x", 0)):
        try:
            list(getattr(owner, name)(*args))
        except PermissionError as error:
            refused.append((name, str(error)))
        except Exception:
            pass
refused
"""


@pytest.mark.parametrize(
    ("module", "of", "spelled"),
    [
        ("time", "", "time"),
        ("os", "", "os"),
        ("os.path", "", "path"),
        ("pathlib", "Path", "Path"),
        ("uuid", "", "uuid"),
    ],
)
def test_each_use_that_a_grant_would_fill_in_is_known(module: str, of: str, spelled: str) -> None:
    """The refusals of the library itself say which they are."""
    refused = cap_eval(f"cap_exec({_TRIED!r}, {{'module': {module!r}, 'of': {of!r}}}).value")
    fillable = {
        n
        for n, why in refused
        if "grants one" in why or "grants a Clock" in why or "grants a Random" in why
    }
    assert len(fillable) > 1
    assert {n for n in fillable if not kind_that_fills(f"{spelled}.{n}")} == set()
