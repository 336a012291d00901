"""`capcompiler manifest`: what a program asks for, from its text."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable

import pytest

from capcompiler import cap_eval, cap_exec
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
        "grant words: any method",
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
    assert data["whole"] == ["words"] and data["own"] == data["unseen"] == []
    assert data["imports"]["socket"] is False and list(data["refused"]) == ["socket"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = 1\nx", {}),
        ("def f(a, *b, c=1, **d): return a, b, c, d, e", {"e": []}),
        ("def f():\n    global g\n    g = 1\ng", {"g": []}),  # nobody has called it
        ("def f():\n    global g\n    g = 1\n", {}),
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


HIDDEN = [
    "fs = readonly(fs)", "fs.a; fs = 1", "try: fs\nexcept NameError: fs = None", "class A: fs = fs",
    "class A:\n  fs = 1\n  def f(self): return fs\nA().f()\nfs = 1", "class A:\n  fs = 1\n  x = [fs for _ in [1]]",
    "class A:\n  fs = 1\n  f = lambda: fs\nfs = 1", "if a: fs = 1\nfs", "for fs in []: pass\nfs", "while a: fs = 1\nfs",
    "def f(): return fs\nf()\nfs = 1", "def f(): return fs\ng = f\nfs = 1\ng()", "f = lambda: fs\nf()\nfs = 1",
    "def f():\n  def g(): return fs\n  return g()\nx = [f]\nfs = 1", "def f(a=fs): pass\nfs = 1", "fs += 1", "fs[0] = 1; fs = 2",
    "def f():\n  global fs\n  fs += 1\nf()\nfs = 1", "def f(): fs = 1\nfs", "(a and (fs := 1)) or fs.x", "a if (fs := 1) else 1\n[fs for x in y]\ndel fs\nfs",
    "{fs: 1, (fs := 2): 3}", "0 < 1 < (fs := 1)\nfs", "[(fs := x) for x in y]\nfs", "x = lambda: (fs := 1)\nfs",
    "try:\n  1 / 0\n  fs = 1\nexcept E: pass\nfs", "try: x\nexcept E as fs: pass\nfs", "try: fs = 1\nfinally: fs",
    "import contextlib\nwith contextlib.suppress(E):\n  1 / 0\n  fs = 1\nfs", "match a:\n  case [fs]: pass\nfs",
    "match a:\n  case fs.x: pass\nfs = 1", "@d\ndef f(): return fs\nfs = 1", "@fs\ndef f(): pass\nfs = 1",
    "class A(B):\n  def f(self): return fs\nfs = 1", "class A(metaclass=M):\n  def f(self): return fs\nfs = 1",
    "class A(fs): pass\nfs = 1", "class A:\n  def f(self): return fs\n  x = f(1)\nfs = 1", "x: fs = 1\nfs = 1",
    "async def f(): return fs\nx = f()\nfs = 1", "class A:\n  class B:\n    def f(self): return fs\n  B().f()\nfs = 1",
    "def f(): h()\ndef h(): fs\nf()\nfs = 1", "import fs.x as y\nfs",
    "def f(): return fs\nclass A:\n  fs = 1\n  f()", "global fs\nfs",
]  # fmt: skip


@pytest.mark.parametrize("source", HIDDEN)
def test_a_name_that_the_program_binds_itself_is_asked_for(source: str) -> None:
    """It is read where it may not be bound yet, and there it is what the host granted."""
    assert "fs" in manifest_of(source, "x.py").names, source


@pytest.mark.parametrize(
    "source",
    ["fs = 1\nfs", "def f(): return fs\nfs = 1\nf()", "def main(): helper()\ndef helper(): return main\nmain()",
     "class A:\n  @property\n  def f(self): return B()\nclass B(Exception): pass\nA()", "if a: fs = 1\nelse: fs = 2\nfs",
     "try: import fs\nexcept ImportError: fs = None\nfs", "try: import fs\nexcept ImportError: raise E\nfs", "if (fs := a) and fs.x: fs",
     "with open('x') as f:\n  fs = f.read()\nfs", "with c.open('x') as f:\n  fs = f.read()\nfs", "[fs for fs in y if fs]", "lambda fs: fs",
     "for fs in y: fs", "match a:\n  case 1: fs = 1\n  case _: fs = 2\nfs", "def f(fs, *a): return [fs for _ in a]\nf(1)",
     "n = 0\ndef f():\n  global n\n  n += 1\nf()", "class A:\n  x = 1\n  y = x\n  def f(self): return A", "x = [(fs := i) + fs for i in y]"],
)  # fmt: skip
def test_names_that_are_bound_are_the_programs_own(source: str) -> None:
    found = manifest_of(source, "x.py")
    assert set(found.names) <= {"a", "c", "y", "E"}, found


def test_what_else_a_program_may_reach_is_said(cli: Cli, program: Write) -> None:
    said = cli(
        "manifest",
        program("""
fs = readonly(fs)
fs.remove('x')
y = mail
log('x')
log.info('x')
input('pw')
breakpoint()
__import__('time').time()
import importlib
importlib.import_module('socket')
eval('x'), globals(), __import__(y)
class A:
    def f(self): return __private
"""),
    ).out.splitlines()  # fmt: skip
    assert said == [
        "grant _A__private: any method",
        "grant breakpoint: ()",
        "grant fs: remove, any method; the program binds it too, perhaps later",
        "grant input: ()",
        "grant log: (), info",
        "grant mail: any method",
        "import importlib",
        "import socket: refused, whatever is granted: it is network access; the host grants a capability for "
        "what is needed",
        "import time",
        "use time.time: --grant NAME=clock",
        "what it reaches by __import__, eval, globals is not seen here",
    ]
    for source, unseen in (
        ("import re\nre.compile('x'), world.exec('y')", []),
        ("import builtins as b\nb.eval('x')", ["eval"]),
        ("from builtins import eval as e", ["eval"]),
        ("import __main__\n__main__.fs", ["__main__"]),
        ("from importlib import import_module as load\nload('x')", ["import_module"]),
        ("from importlib import import_module\nimport_module('json')", []),
        ("def f(g): g.f_globals", ["f_globals"]),
    ):
        assert manifest_of(source, "x.py").unseen == unseen, source


def test_what_guests_have_without_a_grant_is_known() -> None:
    """Each builtin that is refused without a grant is asked for."""
    for name in sorted(n for n in dir(builtins) if n.isidentifier() and not n.startswith("__")):
        source = (
            f"try: {name}('x')\nexcept PermissionError as e: r = str(e)\nexcept Exception as e: r = ''"
        )
        if name in ("True", "False", "None", "exit", "quit", "copyright", "credits", "license"):
            continue
        asked = manifest_of(f"{name}('x')", "x.py")
        refused = "was not granted" in str(cap_exec(f"r = ''\n{source}")["r"])
        assert (name in asked.names or name in asked.filled) == refused, name


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
