"""Records that somebody else wrote: at most they give a guest wrong answers."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Capability, CapabilityError, Compartment, Limits, Pending, external, reach
from capcompiler.isolation.wire import packed
from capcompiler.recording.record import Event, Record, RecordError
from capcompiler.recording.replay import record, replay
from capcompiler.recording.values import Values, packed_error
from stdlib_caps import Dir, FrozenClock

from .test_suspend import KEY, Order, dumped, ended, waiting

SOURCE = """
import time
fs_seen = os_listing()
t = time.time()
x = ask(fs_seen)
"""


def caps() -> dict[str, Any]:
    return {
        "ask": external(),
        "os_listing": lambda: ["a"],
        "clock": clock(),
    }


def clock() -> Any:
    import datetime

    return FrozenClock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)).module()


def test_every_changed_byte_is_noticed() -> None:
    data = dumped(SOURCE, caps())
    Pending.load(data, caps(), key=KEY).close()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises(RecordError):
            Record.from_bytes(bytes(changed), KEY)
    for cut in (0, 7, 8, 39, 40, len(data) - 1):
        with pytest.raises(RecordError):
            Record.from_bytes(data[:cut], KEY)


def test_noise_without_a_key_is_an_error_of_ours_and_nothing_else() -> None:
    """`replay` reads what nobody vouches for."""
    data = dumped(SOURCE, caps())
    chance = random.Random(3)
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(40, len(changed))] = chance.randrange(256)
        try:
            found = Record.from_bytes(bytes(changed), None)
        except RecordError:
            continue
        if found.source == SOURCE:
            small = replace(found, limits=Limits(steps=10_000, seconds=5))
            try:
                replay(small.to_bytes(None))
            except RecordError:
                pass


def edited(data: bytes, **changes: Any) -> bytes:
    """A record changed by somebody who has the key."""
    return replace(Record.from_bytes(data, KEY), **changes).to_bytes(KEY)


def answered(data: bytes, tree: Any, failed: bool = False) -> bytes:
    first, *rest = Record.from_bytes(data, KEY).events
    return edited(data, events=(Event(first.path, first.asked, failed, packed(tree)), *rest))


WRONG = [
    ["cap"], [22, ["cap", 99]], [22, ["cap", -1]], [22, ["cap", "0"]], [22, ["object", 0]],
    [22, ["method", 0, "__init__"]], [22, ["method", 1, "__globals__"]], [22, ["host", 0]],
    [22, ["cap", 3, [["__init__"], [], [], [], [], False]]],
    [22, ["cap", 3, [["__class__"], [], [], [], [], False]]],
    [22, ["cap", 3, [[], ["__dict__"], [], [], [], False]]],
    [22, ["cap", 3, [["a"] * 2000, [], [], [], [], False]]],
    [22, ["cap", 3, [[1], [], [], [], [], False]]], [22, ["cap", 5, [[], [], [], [], [], False]]],
    [99], [2, [0], 1], [5, 0], [22, 7], [4, [0, 1]],
]  # fmt: skip


@pytest.mark.parametrize("tree", WRONG, ids=range(len(WRONG)))
def test_an_answer_that_no_record_of_ours_holds_ends_the_guest(tree: Any) -> None:
    data = answered(dumped(SOURCE, caps()), tree)
    with pytest.raises(RecordError):
        Pending.load(data, caps(), key=KEY)
    with pytest.raises(RecordError):
        replay(data)


@pytest.mark.parametrize(
    "error",
    [["SystemExit", [1]], ["KeyboardInterrupt", []], ["GeneratorExit", []], ["Stop", []], ["object", []],
     ["ValueError", [[0]]], ["ValueError"], ["ValueError", "text"], [1, []], ["ExceptionGroup", ["a"]]],
    ids=str,
)  # fmt: skip
def test_an_error_that_no_guest_is_told_ends_the_guest(error: Any) -> None:
    tree = [
        0,
        error[0],
        *([[0, *error[1]]] if len(error) == 2 and type(error[1]) is list else error[1:]),
    ]
    with pytest.raises(RecordError):
        Pending.load(answered(dumped(SOURCE, caps()), tree, True), caps(), key=KEY)


def test_an_edited_record_hands_the_guest_stand_ins_and_no_authority() -> None:
    """Whoever has the key, or writes a log to be replayed, can tell the guest what they like. A
    capability that they make up offers the names that they chose, and does nothing."""
    offers = [["open", "system", "__call__"], ["secret"], ["secret"], [], ["files"], False]
    fake = [22, ["cap", 2, offers]]
    source = "f = get()\nproblems = []\nask()\n"
    for use in (
        "f()",
        "f.open('/etc/passwd')",
        "f.system('id')",
        "f.secret",
        "import os; os.listdir('/')",
    ):
        source += (
            f"try:\n    {use}\nexcept Exception as error:\n"
            "    problems.append((type(error).__name__, str(error)))\n"
        )
    given = {"ask": external(), "get": lambda: 1}
    data = answered(dumped(source, given), fake)
    back = Pending.load(data, given, key=KEY)
    problems = ended(back.resume())["problems"]
    assert len(problems) == 5 and {kind for kind, _ in problems} == {"PermissionError"}
    assert not reach(back.compartment).outside


def test_what_is_left_of_an_obtained_capability_is_outside_nothing() -> None:
    source = "f = opened()\nx = ask()\ny = [f]\ntry:\n    f.read()\nexcept PermissionError as e:\n    said = str(e)"

    class File(Capability):
        def read(self) -> str:
            return "secret"

    def opened() -> Any:
        return File()

    data = dumped(source, {"ask": external(), "opened": opened})
    back = Pending.load(data, {"ask": external(), "opened": opened}, key=KEY)
    names = ended(back.resume())
    assert "obtain it again" in names["said"]


def test_a_record_holds_no_more_than_its_limits_say() -> None:
    data = edited(dumped("ask()", {"ask": external()}), source="while True:\n    pass")
    with pytest.raises(Exception, match="steps"):
        Pending.load(data, {"ask": external()}, key=KEY, limits=Limits(steps=1000))


# Replaying


@pytest.mark.parametrize(
    "asked",
    [
        {"steps": None},
        {"steps": 10**9},
        {"memory": None},
        {"memory": 2**40},
        {"output": None},
        {"depth": None},
    ],
)
def test_a_stranger_s_record_does_not_choose_its_limits(asked: dict[str, Any]) -> None:
    done = record(Compartment({}), "x = 1")
    assert done.data is not None
    found = Record.from_bytes(done.data, None)
    hostile = replace(found, source="while True: pass", limits=Limits(**asked)).to_bytes(None)
    (name, value), *_ = asked.items()
    with pytest.raises(RecordError, match=rf"asks for {name}={value}, which is more"):
        replay(hostile)
    again = replay(hostile, limits=Limits(steps=1000))
    assert type(again.error).__name__ == "LimitExceeded" and not again.same


def test_a_run_is_told_again_without_its_authority(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    source = """
import os, time
lines = list(open("a.txt"))
listing = os.listdir(".")
try:
    open("b.txt")
except FileNotFoundError as error:
    missing = str(error), error.errno, error.filename
try:
    send(1)
except TypeError as error:
    wrong = str(error)
try:
    broken()
except KeyError as error:
    failed = str(error)
print(lines, time.time())
out = [send("x"), send("y")]
out[0]("later")
1 / 0
"""
    calls: list[str] = []

    class Sender(Capability):
        def __call__(self, text: str) -> Any:
            calls.append(text)
            return calls.append

    def broken() -> int:
        return {}["no"]  # type: ignore[no-any-return]

    fs = Dir.open_ambient(str(tmp_path)).module()
    given = {"fs": fs, "clock": clock(), "send": Sender(), "broken": broken, "xs": {"a": [1]}}
    done = record(Compartment(given), source)
    assert done.data is not None and done.error is not None and "division" in str(done.error)
    assert calls == ["x", "y", "later"]
    (tmp_path / "a.txt").unlink()
    again = replay(done.data)
    assert calls == ["x", "y", "later"]
    assert again.same and str(again.error) == str(done.error)
    assert "one" in again.output
    paths = [use.path for use in again.uses]
    assert "fs.open" in paths and paths[-3:] == ["send", "send", "send"]
    assert replay(done.data).uses[0].path == paths[0]


def test_a_replay_that_goes_another_way_says_so() -> None:
    done = record(Compartment({"f": lambda x: x}), "f(1)\nf(2)\nprint('end')")
    assert done.data is not None
    past = Record.from_bytes(done.data, None)
    for source, why in (
        ("f(1)\nf(3)", "other arguments"),
        ("f(1)\nf(2)\nf(3)", "the record ends before that"),
        ("g = f\ng(1)\ndel g\nf(2)\nprint('else')", ""),
        ("f(1)", ""),
    ):
        changed = replace(past, source=source).to_bytes(None)
        if why:
            with pytest.raises(RecordError, match=why):
                replay(changed)
        else:
            assert not replay(changed).same


def test_a_replay_of_a_suspended_guest_ends_where_it_waits() -> None:
    one = waiting(Compartment({"ask": external()}).start("print('a')\nask(1)"))
    found = replay(one.dump(key=KEY))
    assert found.output == "a\n" and "waits for ask" in str(found.error)
    one.close()


def test_errors_are_rebuilt_as_they_were() -> None:
    source = """
seen = []
for i in range(4):
    try:
        f(i)
    except Exception as error:
        seen.append((type(error).__name__, str(error), error.args))
print(seen)
"""

    def f(i: int) -> None:
        if i == 0:
            raise OSError(2, "No such file", "/host/path")
        if i == 1:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")
        if i == 2:
            raise StopIteration(7)
        raise PermissionError("no")

    done = record(Compartment({"f": f}), source)
    assert done.data is not None and done.names is not None
    assert "/host" not in done.names.output
    again = replay(done.data)
    assert again.same and again.output == done.names.output


def test_a_refusal_that_is_told_again_is_still_one() -> None:
    def f() -> None:
        raise CapabilityError("not today")

    done = record(Compartment({"f": f}), "f()")
    assert type(done.error) is CapabilityError and done.data is not None
    assert type(replay(done.data).error) is CapabilityError


def test_errors_are_packed_by_the_name_of_a_builtin_class() -> None:
    from capcompiler.recording.values import unpacked_error

    assert type(unpacked_error(packed_error(ValueError("a", 1)))) is ValueError
    assert unpacked_error(packed_error(ValueError("a", 1))).args == ("a", 1)


def test_an_edited_record_makes_no_instance_that_its_class_refuses() -> None:
    """Nor one of a class that nobody registered, nor of one that is no dataclass."""
    name = f"{Order.__module__}:{Order.__qualname__}"
    given = {"ask": external(), "get": lambda: 1}
    data = dumped("x = get()\nask()", given)
    assert (
        ended(Pending.load(answered(data, [23, name, "a", [0], 1]), given, key=KEY).resume())["x"].what
        == "a"
    )
    for tree in (
        [23, name, "a", [0], -1], [23, name, "a", [0]], [23, name, 7, [0], 1], [23, "os:system", 1],
        [23, "builtins:object"], [23, 0], [23, name, "a", [0], 1, 2], [22, ["kind", "subprocess:Popen"]],
        [23, "capcompiler.limits:Limits", 1, 1, 1, 1, 1], [22, ["kind", ["x"]]],
    ):  # fmt: skip
        with pytest.raises(RecordError):
            Pending.load(answered(data, tree), given, key=KEY)


def test_the_short_form_of_arguments_is_the_long_one() -> None:
    from capcompiler.isolation.wire import pack

    for args in (
        (),
        (1,),
        (1, "a", None),
        (2**63 - 1, -(2**63)),
        (1.5, True),
        ("a" * 199,),
        (float("nan"),),
    ):
        assert Values().asked(args, {}) == packed(pack([args, {}], lambda _value: None))
        for value in args:
            assert Values().answer(value) == packed(pack(value, lambda _value: None))
    for value in (2**63, "é", "a" * 200, b"a", (1,), [1], {"a": 1}, 2j):
        assert repr(Values().given(Values().answer(value))) == repr(value)
