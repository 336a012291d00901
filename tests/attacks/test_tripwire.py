"""The tripwire ends a turn in which a guest does what no guard lets it do.

Each test plants a hole in the guards: it hands the guest something raw.
"""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capcompiler import CapError, Compartment, GuestError, expose
from capcompiler.tripwire import Tripped, arm

arm()  # for the rest of the run: no other test should notice


def planted(**raw: Any) -> Compartment:
    world = Compartment({"cap": expose(os, "getcwd")})
    world._globals.update(raw)
    return world


HOLES: dict[str, tuple[Any, str, str]] = {
    "open": (open, "hole('/etc/passwd')", "open"),
    "import": (__import__, "hole('this')", "import"),
    "listdir": (os.listdir, "hole('/')", "os.listdir"),
    "remove": (os.remove, "hole('/nonexistent')", "os.remove"),
    "socket": (socket.getaddrinfo, "hole('localhost', 1)", "socket.getaddrinfo"),
    "system": (os.system, "hole('true')", "os.system"),
    "spawn": (subprocess.run, "hole(['true'])", "subprocess.Popen"),
    "compile": (compile, "hole('1', 'f', 'eval')", "compile"),
    "exec": (exec, "hole('1')", "compile"),
    "frame": (sys._getframe, "hole()", "sys._getframe"),
    "trace": (sys.settrace, "hole(None)", "sys.settrace"),
    "objects": (gc.get_objects, "hole()", "gc.get_objects"),
    "ctypes": (
        ctypes.string_at,
        "hole(0)",
        "ctypes.string_at" if sys.version_info < (3, 14) else "ctypes.call_function",
    ),
    "database": (sqlite3.connect, "hole(':memory:')", "sqlite3.connect"),
    "tempfile": (tempfile.mkstemp, "hole()", "tempfile.mkstemp"),
    "host method": (Path("/etc/passwd").read_text, "hole()", "open"),
    "key": (open, "sorted(['/etc/passwd'], key=hole)", "open"),
    "map": (open, "list(map(hole, ['/etc/passwd']))", "open"),
    "generator": (open, "next(hole('/etc/passwd') for _ in 'a')", "open"),
    "code": (getattr, "hole(lambda: 0, '__code__')", "object.__getattr__"),
    "class": (open, "class K:\n    def __init__(self): hole('/etc/passwd')\nK()", "open"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLES)
def test_a_planted_hole_ends_the_turn(name: str, optimize: bool) -> None:
    hole, source, event = HOLES[name]
    world = planted(hole=hole)
    with pytest.raises(Tripped) as caught:
        world.exec(f"after = 0\n{source}\nafter = 1", optimize=optimize)
    assert caught.value.event == event
    assert isinstance(caught.value, CapError)
    assert world.exec("0")["after"] == 0


def test_a_guest_cannot_swallow_it(optimize: bool) -> None:
    world = planted(hole=open)
    source = """
after = 0
def swallow():
    while True:
        try:
            hole('/etc/passwd')
        except BaseException:
            pass
        finally:
            continue
swallow()
after = 1
"""
    with pytest.raises(Tripped):
        world.exec(source, optimize=optimize)
    assert world.exec("0")["after"] == 0


def test_what_a_capability_does_is_the_hosts_own(tmp_path: Path, optimize: bool) -> None:
    def read(name: str) -> str:
        subprocess.run(["true"], check=True)
        return (tmp_path / name).read_text()

    (tmp_path / "a").write_text("text")
    world = Compartment({"read": read})
    assert world.exec("import json, datetime\nx = read('a')", optimize=optimize)["x"] == "text"


def test_what_trusted_code_does_for_a_guest_sets_nothing_off(optimize: bool) -> None:
    source = """
import collections, dataclasses, enum, re, typing, datetime, decimal, json, inspect, abc, functools
@dataclasses.dataclass
class A:
    x: int = 1
exec('y = 2')
z = eval('y + 1')
code = compile('3', 'f', 'eval')
w = eval(code)
moment = datetime.datetime.strptime('2020-01-02', '%Y-%m-%d')
signature = str(inspect.signature(A))
N = collections.namedtuple('N', 'a b')
class E(enum.Enum):
    A = 1
child = cap_exec('import json\\nq = json.dumps([1])')['q']
names = sorted(globals())
def g():
    yield locals()
l = next(g())
"""
    names = Compartment().exec(source, optimize=optimize)
    assert (names["y"], names["z"], names["w"], names["child"]) == (2, 3, 3, "[1]")


def test_threads_of_the_host_are_left_alone() -> None:
    done: list[str] = []
    world = Compartment({"wait": (lambda: (thread.start(), thread.join())[1])})
    thread = threading.Thread(target=lambda: done.append(Path("/proc/self/statm").read_text()))
    world.exec("wait()")
    assert done


def test_the_host_is_left_alone_outside_turns() -> None:
    world = planted(hole=open)
    with pytest.raises(Tripped):
        world.exec("hole('/etc/passwd')")
    with open("/proc/self/statm") as f:
        assert f.read()
    with pytest.raises(GuestError):
        world.exec("1 / 0")


def test_a_handle_called_by_the_host_is_watched_too() -> None:
    world = planted(hole=open)
    names = world.exec("def f(): return hole('/etc/passwd')")
    call: Callable[[], Any] = names["f"]
    with pytest.raises(Tripped):
        call()
