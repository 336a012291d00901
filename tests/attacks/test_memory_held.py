"""How far beyond its limit of memory a guest comes that means to: by small pieces, none of which any rule
charges for, and by as many of them in one step as a program's text has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from capcompiler import Compartment, LimitExceeded, Limits

_MANY = 200
#: A round of each makes something that is kept: of 4 KiB at most each time that it is written.
ROUNDS = {
    "bytes": "b'x' * 4000",
    "bytearray": "bytearray(4000)",
    "a list": "[0] * 500",
    "a list unpacked": "[*numbers]",
    "a display": "[" + "{0}," * _MANY + "]",
    "a display of lists": "[" + "[]," * _MANY + "]",
    "functions": "[" + "lambda: 0," * _MANY + "]",
    "texts put together": "text + text",
    "many texts put together": "[" + "text + text," * _MANY + "]",
    "many texts of a format": "[" + "f'{text}{text}'," * _MANY + "]",
    "many texts of a percent": "[" + "'%s!' % text," * _MANY + "]",
    "many slices": "[" + "text[1:]," * _MANY + "]",
    "many bytes": "[" + "data + data," * _MANY + "]",
    "many numbers": "[" + "number + number," * _MANY + "]",
    "a suspended generator": "started(text + text)",
}
#: The first is not looked for until the second is over.
_PROGRAM = """
def held():
    numbers = [0] * 500
    text, data, number = '\\U0001f600' * 250, b'x' * 2000, 1 << 30000
    def started(x):
        def generator(y):
            yield y
        made = generator(x)
        next(made)
        return made
    kept, y = [], 0
    for i in range(20_000):
        y += i
    for i in range(10**6):
        kept.append({round})
held()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is in use")
@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("limit", [4, 32])
@pytest.mark.parametrize("made", ROUNDS.values(), ids=ROUNDS)
def test_small_pieces_are_found_soon(made: str, limit: int, optimize: bool) -> None:
    with Compartment(limits=Limits(steps=None, memory=limit * 2**20)) as world:
        with pytest.raises(LimitExceeded) as stopped:
            world.exec(_PROGRAM.replace("{round}", made), optimize=optimize)
    assert stopped.value.kind == "memory"
    assert stopped.value.used <= (limit + 6) * 2**20


#: In a process of its own: what an earlier test let go of would be given out anew, and what is in use
#: would not grow.
_ONE_STEP = """
from capcompiler import Compartment, LimitExceeded, Limits
program = "x = b'x' * 10\\nkept = [" + "x * 400," * 20_000 + "]"
with Compartment(limits=Limits(memory=4 * 2**20)) as world:
    try:
        world.exec(program)
    except LimitExceeded as stopped:
        print(stopped.kind, stopped.used)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is in use")
def test_what_one_step_makes_is_found_without_another_step() -> None:
    done = subprocess.run([sys.executable, "-c", _ONE_STEP], capture_output=True, text=True, timeout=120)
    kind, used = done.stdout.split()
    assert kind == "memory"
    assert int(used) <= 10 * 2**20


_BY_THE_HOST = """
from capcompiler import Compartment, Limits
def make():
    made = [[] for _ in range(2_000_000)]
    return len(made)
with Compartment({"make": make}, limits=Limits(memory=64 * 2**20)) as world:
    world.exec("kept = [[] for i in range(3000)]\\nfor i in range(3): made = make()")
    print(world.eval("made"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is in use")
def test_what_a_hosts_function_makes_and_lets_go_of_stops_no_guest() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BY_THE_HOST], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["2000000"], done.stderr
