"""What a guest in a worker made less of goes to the host, and to others by it, and stays less."""

from __future__ import annotations

from typing import Any

import pytest

from capcompiler import CapabilityError, CapError, Compartment
from stdlib_caps import MemoryDir


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_what_was_made_less_in_a_worker_stays_less_elsewhere(isolation: Any) -> None:
    files, got = MemoryDir(), list[Any]()
    files.write_text("a", "x")

    def take(cap: Any) -> str:
        got.append(cap)
        text: str = cap.read_text("a")
        return text

    world = Compartment({"files": files, "take": take}, isolation="process")
    src = "less = only(files, 'read_text')\nsaid = [take(less), take(less)]\nlent, revoke = revocable(files)\nless"
    less = world.exec(src).value
    assert world.eval("said") == ["x", "x"] and got[0] is got[1] is less and less.read_text("a") == "x"
    for refused in (lambda: less.write_text("a", "y"), lambda: less._target, lambda: less()):
        with pytest.raises((AttributeError, CapError)):
            refused()
    world.grant("home", less)
    assert world.eval("home is less") is True
    other = Compartment({"less": less}, isolation=isolation)
    assert other.eval("less.read_text('a')") == "x"
    with pytest.raises(CapError):
        other.exec("less.write_text('a', 'z')")
    lent = world.eval("lent")
    assert lent.read_text("a") == "x"
    world.exec("revoke()")
    with pytest.raises(CapabilityError, match="revoked"):
        lent.read_text("a")
    assert files.read_text("a") == "x"


EMPTY = """
r = []
for way in ("d.open('a', 'w')", "d.open('a', 'a')", "d.open('b', 'x')", "d.write_text('a', 'y')", "d.remove('a')"):
    for held in (readonly(files), readonly(logged(files, print)), readonly(only(files, 'open', 'remove'))):
        try: r.append([way, cap_eval(way, {'d': held})])
        except Exception as e: pass
r.append(cap_eval("d.read_text('a')", {'d': readonly(files)}))
try: cap_exec("d.open('a', 'w')", {'d': readonly(files)})
except GuestError as e: r.append(e.message)
"""


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_what_is_for_reading_only_empties_no_file(isolation: Any) -> None:
    """Names do not say what only reads: `open` does, and empties what it opens to write."""
    files = MemoryDir()
    files.write_text("a", "x")
    names = Compartment({"files": files}, isolation=isolation).exec(EMPTY)
    assert names["r"] == ["x", "[Errno 13] the directory was granted for reading: 'a'"]
    assert files.read_text("a") == "x" and not files.exists("b")
