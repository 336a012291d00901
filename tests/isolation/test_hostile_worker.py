"""A worker that has been taken over wholly: it can name what was granted, and can end itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
import tracemalloc
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    CapError,
    GuestError,
    Imports,
    LimitExceeded,
    Limits,
    expose,
    register_dataclass,
)
from capcompiler.isolation import channel, wire
from capcompiler.isolation.faults import WorkerDied
from capcompiler.isolation.messages import (
    ANSWER,
    ASK,
    CAP,
    DO,
    KIND,
    METHOD,
    OBJECT,
    PENDING,
    READ,
    REPLY,
    USE,
)
from capcompiler.isolation.messages import WRITE as SET
from capcompiler.isolation.wire import (
    AGAIN,
    BIG,
    DECIMAL,
    DICT,
    FRACTION,
    FROZENSET,
    LEAF,
    LIST,
    LONG,
    MAX_FRAME,
    RANGE,
    RECORD,
    REF,
    TUPLE,
)  # fmt: skip
from capcompiler.isolation.wire import (
    SET as SETS,
)

from .hostile import Peer, hostile


class Door(Capability):
    """Counts what reaches it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def knock(self, who: str) -> int:
        self.seen.append(who)
        return len(self.seen)

    def _secret(self) -> str:
        raise AssertionError("never called")


def ends(script: Any, caps: Any = None, **options: Any) -> str:
    """That a script ends its worker, and with what words; the host goes on."""
    world = hostile(script, caps, **options)
    with pytest.raises(WorkerDied) as caught:
        world.eval("1")
    with pytest.raises(CapError):
        world.eval("1")  # it stays closed
    assert world._pool.worker.discarded  # type: ignore[attr-defined]
    return str(caught.value)


def answers(tree: Any) -> Any:
    def script(peer: Peer) -> None:
        peer.reply(peer.request()[1], tree)

    return script


# Frames


@pytest.mark.parametrize("seed", range(12))
def test_garbage(seed: int) -> None:
    noise = random.Random(seed).randbytes(200)

    def script(peer: Peer) -> None:
        peer.request()
        peer.raw(len(noise).to_bytes(4, "little") + noise)

    ends(script)


def test_a_huge_frame_is_not_waited_for() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.raw((MAX_FRAME + 1).to_bytes(4, "little"))

    assert "at most" in ends(script)


def of_parts(part: bytes, size: int) -> bytes:
    """A message of about so many bytes: one array that is full of a part."""
    count = size // len(part)
    each = 2 if part.startswith(b"\xa2") else 1
    return b"\xdd" + (count * each).to_bytes(4, "big") + part * count


PARTS = [b"\x90", b"\x80", b"\x91\x00", b"\xdc\x00\x00", b"\xa2aa\x90", b"\x90\xc4\x00"]


@pytest.mark.parametrize("part", PARTS)
def test_a_frame_of_empty_parts_is_not_made(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte of it would be 72 in memory. The bound is a hundredth of the real one, and so is the frame."""
    monkeypatch.setattr(wire, "MOST_ARRAYS", 20_000)
    data = of_parts(part, 300_000)

    def script(peer: Peer) -> None:
        peer.request()
        peer.raw(len(data).to_bytes(4, "little") + data)

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        assert "too many parts" in ends(script)
        assert tracemalloc.get_traced_memory()[1] - before < 8 * len(data)
    finally:
        tracemalloc.stop()


def test_a_full_frame_of_empty_parts_is_not_made() -> None:
    """2 GB of memory and 27 seconds, if it were."""
    data = of_parts(b"\x90", MAX_FRAME - 100)

    def script(peer: Peer) -> None:
        peer.request()
        peer.raw(len(data).to_bytes(4, "little") + data)

    assert "too many parts" in ends(script)


def test_arrays_are_counted_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands around them, and wherever a stretch of the count ends."""
    monkeypatch.setattr(wire, "_STRETCH", 7)
    chance = random.Random(7)
    leaves = [0, -1, 200, 2**40, 1.5, None, True, "a", "\u0410" * 9, "\x90" * 300, b"\x90" * 40, b""]

    def made(depth: int) -> tuple[Any, int]:
        if depth == 0 or chance.random() < 0.3:
            return chance.choice(leaves), 0
        parts = [made(depth - 1) for _ in range(chance.choice((0, 1, 3, 20)))]
        inner = sum(n for _, n in parts)
        if chance.random() < 0.3:
            return {str(i): x for i, (x, _) in enumerate(parts)}, inner + 1
        return [x for x, _ in parts], inner + 1

    for _ in range(200):
        value, count = made(3)
        assert wire._arrays(msgspec.msgpack.encode(value)) == count


def test_texts_and_numbers_that_look_like_parts_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_ARRAYS", 20_000)
    values = [
        msgspec.msgpack.encode("\u0410" * 100_000), msgspec.msgpack.encode(b"\x90" * 200_000),
        msgspec.msgpack.encode([2**63 + 0x9090909090909090 % 2**62] * 5_000),
        msgspec.msgpack.encode([float.fromhex("0x1.0909090909090p+10"), "\u0410" * 20] * 3_000),
    ]  # fmt: skip
    assert [wire.crowded(v) for v in values] == [False] * 4
    few = msgspec.msgpack.encode([[]] * 19_990 + ["\u0410" * 9_000])
    assert not wire.crowded(few)
    assert wire.crowded(msgspec.msgpack.encode([{}] * 20_001))


def test_a_half_frame_and_then_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "FRAME_SECONDS", 0.3)

    def script(peer: Peer) -> None:
        peer.request()
        peer.raw(b"\x40\0\0\0\x93")

    assert "does not end" in ends(script)


def test_a_frame_a_byte_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "FRAME_SECONDS", 0.3)

    def script(peer: Peer) -> None:
        peer.request()
        for _ in range(100):
            peer.raw(b"\x40")
            time.sleep(0.02)

    ends(script)


def test_a_half_frame_and_then_the_end() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.raw(b"\x40\0\0\0\x93")
        peer.sock.close()

    assert "has ended" in ends(script)


def test_silence_ends_with_the_time_of_the_turn() -> None:
    world = hostile(lambda peer: peer.request(), limits=Limits(seconds=0.2))
    started = time.monotonic()
    with pytest.raises(LimitExceeded) as caught:
        world.eval("1")
    assert caught.value.kind == "seconds" and caught.value.limit == 0.2
    assert time.monotonic() - started < 5


# Messages


def test_the_first_request_fails_once() -> None:
    """Its reply ends the compartment, whatever else was said before it."""
    fault = [LIST, "cap", "no"]

    def late(peer: Peer) -> None:
        peer.reply(peer.request()[1], 1)
        peer.request()
        peer.reply(peer.init[1], fault, failed=True)

    world = hostile(late)
    assert world.eval("1") == 1
    with pytest.raises(WorkerDied, match="out of turn"):
        world.eval("1")

    def early(peer: Peer) -> None:
        serial = peer.request()[1]
        peer.reply(peer.init[1], fault, failed=True)
        peer.reply(serial, 1)

    world = hostile(early)
    with pytest.raises(CapError, match="no"):
        world.eval("1")
    with pytest.raises(WorkerDied, match="a grant was refused"):
        world.eval("1")


@pytest.mark.parametrize("message", [
    None, 1, "x", [], [REPLY], {}, [REPLY, 2, []], [REPLY, 2, [], False], [99, 2, [], 1],
    [REPLY, 77, [], False, 1, "", 0, 0], [REPLY, "2", [], False, 1, "", 0, 0],
    [ANSWER, 2, [], 0, 1, 0], [REPLY, 2, [], 1, 1, "", 0, 0], [REPLY, 2, [], None, 1, "", 0, 0],
    [REPLY, 2, [], False, 1, 5, 0, 0], [REPLY, 2, [], False, 1, "", "many", 0],
    [REPLY, 2, [], False, 1, "", 0.5, 0], [REPLY, 2, [], False, 1, "", 0, None],
    [REPLY, 2, [], False, 1, "", True, 0],
    # The first request of all is replied to only where it fails, and no later one is.
    [REPLY, 1, [], False, None, "", 0, 0], [REPLY, 1, [], True, None, "", 0, 0], [REPLY, 0, [], True],
    [USE, 1, []], [USE, 1, [], 0, 1], [USE, 1, [], DO, 1, "knock", None, None, 5],
    [ASK, 1, [], "code", [LIST]], [ASK, 1, [], "module", [LIST, 0, "os"]],
    [ASK, 1, [], "data", [LIST, -1, "x"]], [ASK, 1, [], "names", [LIST, "x"]],
    [ASK, 1, [], "everything", [LIST, 0]], [ASK, "x", [], "code", [LIST, "lib/os.py", True, 5]],
], ids=repr)  # fmt: skip
def test_messages_out_of_form_or_out_of_turn(message: Any) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(message)

    ends(script, {"door": Door()})


@pytest.mark.parametrize("fault", [
    None, 5, [LIST], [LIST, "limit", "lives", 1, 1], [LIST, "limit", "steps", "1", 1],
    [LIST, "limit", "steps", -1, 1], [LIST, "limit", "steps", float("nan"), 1],
    [LIST, "host", [LIST, "SystemExit", [TUPLE, 1]]], [LIST, "host", [LIST, "KeyboardInterrupt", [TUPLE]]],
    [LIST, "host", [LIST, "Pool", [TUPLE]]], [LIST, "host", [LIST, "ValueError", [TUPLE, [LIST]]]],
    [LIST, "guest", 5, "x", [LIST], None], [LIST, "guest", "x", None, [LIST], None],
    [LIST, "guest", "x", "x", [LIST, [LIST, "f", "1", "n", "s", 0, 1]], None],
    [LIST, "guest", "x", "x", [LIST, *[[LIST, "f", 1, "n", "s", 0, 1]] * 101], None],
    [LIST, "guest", "x", "x", [LIST, [LIST, "f", 1, "n", "s", 1, 0]], None],
    [LIST, "guest", "x", "x", [LIST, [LIST, "f", 1, "n", "s", 0, 2]], None],
    [LIST, "guest", "x", "x", [LIST, [LIST, "f", 1, "n", "s", -1, 1]], None],
    [LIST, "dialect", [LIST]], [LIST, "dialect", [LIST, [LIST, 1, 2]]], [LIST, "no such", 1],
], ids=repr)  # fmt: skip
def test_lies_about_errors(fault: Any) -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.request()[1], fault, failed=True)

    ends(script)


def test_errors_are_clean_whatever_they_say() -> None:
    fault = [LIST, "guest", "E\x1b[2J", "x" * 50_000 + "\x1b", [LIST, [LIST, "\x07", 1, "n", "s", 0, 1]],
             [LIST, "KeyboardInterrupt", [TUPLE, "\x1b"]]]  # fmt: skip

    def script(peer: Peer) -> None:
        peer.reply(peer.request()[1], fault, failed=True, output="\x1b[2J")

    world = hostile(script)
    with pytest.raises(GuestError) as caught:
        world.eval("1")
    error = caught.value
    text = f"{error}{error.traceback}{error.exception!r}{world.output}"
    assert "\x1b" not in text and "\x07" not in text and len(error.message) < 20_000
    assert type(error.exception) is KeyboardInterrupt


def test_lies_about_what_was_spent() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.request()[1], 1, steps=10**18, memory=-5)
        peer.reply(peer.request()[1], 1, steps=-(10**18))
        peer.reply(peer.request()[1], 1, output="x" * 11)

    world = hostile(script, limits=Limits(steps=100, output=10))
    assert world.eval("1") == 1
    assert (world.usage.steps, world.usage.memory, world.usage.output) == (100, 0, 0)
    world.eval("1")
    assert world.usage.steps == 0
    with pytest.raises(WorkerDied):
        world.eval("1")


# Values


def bomb(depth: int) -> Any:
    tree: Any = [TUPLE, 1]
    for _ in range(depth):
        tree = [LIST, tree]
    return tree


def doubled(levels: int) -> Any:
    """Tuples of which each holds the one before twice."""
    rows: list[Any] = [LIST, [TUPLE, 1, 2]]
    for number in range(levels):
        rows.append([TUPLE, [REF, number + 1], [REF, number + 1]])
    return rows


@pytest.mark.parametrize("tree", [
    [], [None], ["x"], [99], [-1], [True], {"a": 1}, [LIST, {}], bomb(300), [REF, 0],
    [REF, -1], [REF, "0"], [LIST, [REF, 5]], [AGAIN, 0], [AGAIN, -1, 1], [DICT, 1], [DICT, [LIST], 1],
    [SETS, [LIST]], [FROZENSET, [DICT]], [SETS, *[i * (2**61 - 1) for i in range(4)] * 500],
    [DICT, *[x for i in range(2000) for x in ([BIG, (i * (2**61 - 1)).to_bytes(12, "little")], 0)]],
    [BIG, "x"], [BIG], [DECIMAL, "1_0"], [DECIMAL, "x"], [DECIMAL, 5], [DECIMAL, "1E9999999999999999999999"],
    [FRACTION, 1, 0], [FRACTION, 1, -2], [FRACTION, 1.5, 2], [LONG, 5], [LONG, [LIST]],
    [LEAF], [LEAF, None], [LEAF, [CAP, 1]], [LEAF, [CAP, "1"]], [LEAF, [METHOD, 1, "x"]],
    [LEAF, [PENDING, 1]], [LEAF, [77, 1]], [LEAF, [OBJECT, 1]], [LEAF, [OBJECT, "1", "f", "f", False, None]],
    [LEAF, [OBJECT, 1, 5, "f", False, None]], [LEAF, [OBJECT, 1, "f", "f", 0, None]],
    *([LEAF, [OBJECT, 1, "f", "f", False, offered]] for offered in (
        "call", ["call"], [["call"], [], []], [["__class__"], [], [], []], [[5], [], [], []],
        [[], ["__len__"], [], []], [[], [], ["__dict__"], []], [[], [], [], ["__class__"]], [[], "call", [], []],
        [["call"], [], [], [], []], [["call"] * 1001, [], [], []],
    )),
])  # fmt: skip
def test_values_that_are_none(tree: Any) -> None:
    ends(answers(tree))


@register_dataclass
@dataclass(frozen=True)
class Ticket:
    """A class of the host's whose hash and check tell that they ran."""

    number: int
    near: Any = None

    def __post_init__(self) -> None:
        HASHED.append("checked")
        if self.number < 0:
            raise ValueError("less than 0")

    def __hash__(self) -> int:
        HASHED.append("hashed")
        return 1


HASHED: list[str] = []


@pytest.mark.parametrize("tree", [
    [RECORD], [RECORD, 0], [RECORD, 0, 1], [RECORD, 0, 1, 2, 3], [RECORD, 1, 1, 2], [RECORD, -1, 1, 2],
    [RECORD, "0", 1, 2], [RECORD, None, 1, 2], [RECORD, True, 1, 2], [RECORD, 0, [REF, 5], 2],
    [LEAF, [KIND, 1]], [LEAF, [KIND, -1]], [LEAF, [KIND, "0"]], [LEAF, [KIND, True]],
    [SETS, [RECORD, 0, 1, 2]], [DICT, [RECORD, 0, 1, 2], 1], [SETS, [TUPLE, [TUPLE, [RECORD, 0, 1, 2]]]],
    [FROZENSET, [FROZENSET, [RECORD, 0, 1, 2]]], [LIST, [RECORD, 0, 1, 2], [SETS, [REF, 1]]],
    [LIST, [TUPLE, [RECORD, 0, 1, 2]], [DICT, [REF, 2], 1]],
])  # fmt: skip
def test_instances_of_registered_classes_that_are_none(tree: Any) -> None:
    HASHED.clear()
    ends(answers(tree), {"Ticket": Ticket})
    assert "hashed" not in HASHED


@pytest.mark.parametrize("fields", [
    [-1, None], ["1", None], [None, None], [True, None], [[LIST], 1], [1.0, None], [[RECORD, 0, 1, 2], 1],
])  # fmt: skip
def test_an_instance_that_its_class_refuses_is_refused(fields: Any) -> None:
    world = hostile(answers([RECORD, 0, *fields]), {"Ticket": Ticket})
    with pytest.raises(CapabilityError, match="cannot be copied out"):
        world.eval("1")


def test_an_instance_that_its_class_takes_is_exact() -> None:
    HASHED.clear()
    found = hostile(answers([RECORD, 0, 5, [LIST, [REF, 0]]]), {"Ticket": Ticket}).eval("1")
    assert type(found) is Ticket and found.near[0] is found and HASHED == ["checked"]


@pytest.mark.parametrize("levels", [1000, 100_000, 10_000_000])
def test_a_nest_that_no_recursion_survives(levels: int) -> None:
    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        head = msgspec.msgpack.encode([REPLY, serial, [], False, 0, "", 0, 0])
        at = head.index(b"\xc2") + 1
        body = head[:at] + b"\x92\x00" * levels + b"\x90" + head[at + 1 :]
        peer.raw(len(body).to_bytes(4, "little") + body)

    ends(script)


def test_a_shared_nest_as_a_key_is_not_hashed() -> None:
    rows = doubled(60)
    ends(answers([LIST, *rows[1:], [SETS, [REF, 61]]]))


def test_a_shared_nest_is_data_like_any_other() -> None:
    made = hostile(answers(doubled(60))).eval("1")
    assert made[1] == (made[0], made[0]) and made[60][0] is made[60][1]


def big(number: int) -> list[Any]:
    return [BIG, number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)]


#: Numbers that hash alike, in every dress that a key can have.
ALIKE: dict[str, Any] = {
    "decimals": lambda n: [DECIMAL, str(n)],
    "fractions": lambda n: [FRACTION, big(n), 1],
    "parts-of-fractions": lambda n: [FRACTION, big(n), 3],
    "ranges": lambda n: [RANGE, big(n), big(n + 2), 1],
    "tuples": lambda n: [TUPLE, big(n)],
    "tuples-in-tuples": lambda n: [TUPLE, [TUPLE, [TUPLE, big(n)]]],
    "tuples-of-decimals": lambda n: [TUPLE, 1, [DECIMAL, str(n)]],
    "tuples-of-fractions": lambda n: [TUPLE, [FRACTION, big(n), 1]],
    "tuples-of-ranges": lambda n: [TUPLE, [RANGE, big(n), big(n + 2), 1]],
    "long-tuples": lambda n: [TUPLE, *[0] * 200, big(n)],
    "frozensets": lambda n: [FROZENSET, big(n)],
    "frozensets-of-tuples": lambda n: [FROZENSET, [TUPLE, [FROZENSET, big(n)]]],
}


@pytest.mark.parametrize("form", ALIKE)
@pytest.mark.parametrize("tag", [SETS, FROZENSET, DICT])
def test_keys_that_hash_alike_are_refused_in_every_dress(form: str, tag: int) -> None:
    """Thirty thousand of them take a set minutes, or hours, in the host's time."""
    keys = [ALIKE[form](i * (2**61 - 1)) for i in range(30_000)]
    started = time.process_time()
    ends(answers([tag, *([x for k in keys for x in (k, 0)] if tag == DICT else keys)]))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("form", ["tuples", "decimals", "fractions"])
def test_containers_of_few_keys_that_hash_alike_are_bounded_in_all(form: str) -> None:
    rows = [[SETS, *[ALIKE[form](i * (2**61 - 1)) for i in range(r, r + 900)]] for r in range(60)]
    started = time.process_time()
    ends(answers([LIST, *rows]))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("form", ["fractions", "tuples-of-fractions"])
def test_keys_that_hash_alike_in_small_containers_fill_no_cache_of_the_host(form: str) -> None:
    """Each container is too small to be looked at; a cache of hashes would compare its keys with all
    that came before, in answers to come as well."""
    rows = [
        [SETS, *[ALIKE[form](i * (2**61 - 1)) for i in range(r, r + 16)]] for r in range(0, 20_000, 16)
    ]
    started = time.process_time()
    assert len(hostile(answers([LIST, *rows])).eval("1")) == 1250
    assert time.process_time() - started < 10


def test_keys_that_share_a_large_part_are_bounded_in_all() -> None:
    """Each of them is hashed by walking all of it."""
    rows = doubled(14)[1:]
    started = time.process_time()
    ends(answers([LIST, *rows, [SETS, *[[TUPLE, [REF, 14], i] for i in range(5000)]]]))
    assert time.process_time() - started < 10


def test_a_few_keys_that_hash_alike_are_data() -> None:
    tree = [LIST, *[[SETS, *[[DECIMAL, str(i * (2**61 - 1))] for i in range(50)]]] * 3]
    assert [len(s) for s in hostile(answers(tree)).eval("1")] == [50, 50, 50]


def test_only_exact_types_come_out() -> None:
    tree = [LIST, 1, True, 1.5, "x", b"x", [TUPLE, None], [DICT, "a", 1], [SETS, 1]]
    assert [type(x) for x in hostile(answers(tree)).eval("1")] == [
        int, bool, float, str, bytes, tuple, dict, set
    ]  # fmt: skip


# Handles


def number_of(peer: Peer, name: str) -> int:
    """The number that a grant had in the first request of all."""
    grants = dict((n, tree) for n, tree in peer.init[5])
    leaf: list[Any] = grants[name][1]
    return int(leaf[1])


def using(*uses: Any, then: Any = 1) -> Any:
    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        for i, use in enumerate(uses):
            number = number_of(peer, "door")
            parts = [number if p is NUMBER else p for p in use]
            peer.send([USE, i + 1, [], *parts])
            answer = peer.receive()
            assert answer[0] == ANSWER
            HEARD.append(answer[3:])
        peer.reply(serial, then)

    return script


NUMBER = object()
HEARD: list[Any] = []
NO_KWARGS = [DICT]


def test_what_was_granted_can_be_named_and_is_checked() -> None:
    door = Door()
    seen: list[str] = []
    HEARD.clear()
    script = using(
        [DO, NUMBER, "knock", [TUPLE, "me"], NO_KWARGS, 50],
        [DO, NUMBER, "knock", [TUPLE, 5], NO_KWARGS, 50],
    )
    assert hostile(script, {"door": door}, on_use=lambda e: seen.append(e.outcome)).eval("1") == 1
    assert door.seen == ["me"] and seen == ["ok", "ArgumentError"]
    assert HEARD[0][:2] == [0, 1] and HEARD[1][0] == 1 and "wanted str" in repr(HEARD[1][1])


@pytest.mark.parametrize("use", [
    [DO, NUMBER, "_secret", [TUPLE], NO_KWARGS, 5], [DO, NUMBER, "__init__", [TUPLE], NO_KWARGS, 5],
    [DO, NUMBER, "seen", [TUPLE], NO_KWARGS, 5], [DO, NUMBER, "__class__", [TUPLE], NO_KWARGS, 5],
    [READ, NUMBER, "seen", [TUPLE], NO_KWARGS, 5], [READ, NUMBER, "knock", [TUPLE], NO_KWARGS, 5],
    [SET, NUMBER, "seen", [TUPLE, 1], NO_KWARGS, 5], [9, NUMBER, "knock", [TUPLE], NO_KWARGS, 5],
    [DO, 0, "knock", [TUPLE, "x"], NO_KWARGS, 5], [DO, 2, "knock", [TUPLE, "x"], NO_KWARGS, 5],
    [DO, 10**9, "knock", [TUPLE, "x"], NO_KWARGS, 5], [DO, -1, "knock", [TUPLE, "x"], NO_KWARGS, 5],
    [DO, True, "knock", [TUPLE, "x"], NO_KWARGS, 5], [DO, 1.0, "knock", [TUPLE, "x"], NO_KWARGS, 5],
    [DO, NUMBER, ["knock"], [TUPLE, "x"], NO_KWARGS, 5], [DO, NUMBER, "knock", [LIST, "x"], NO_KWARGS, 5],
    [DO, NUMBER, "knock", [TUPLE, "x"], [DICT, 1, 2], 5], [DO, NUMBER, "knock", [TUPLE, "x"], NO_KWARGS, "5"],
    [DO, NUMBER, "knock", [TUPLE, [LEAF, [CAP, 999]]], NO_KWARGS, 5],
    [DO, NUMBER, "knock", [TUPLE, [LEAF, [METHOD, 1, "_secret"]]], NO_KWARGS, 5],
], ids=lambda u: repr([x for x in u if x is not NUMBER])[:60])  # fmt: skip
def test_what_was_not_granted_cannot(use: Any) -> None:
    door = Door()
    ends(using(use), {"door": door})
    assert door.seen == []


def test_reading_and_writing_are_what_expose_says() -> None:
    door = Door()
    shown = expose(door, "knock", read=["seen"])
    HEARD.clear()
    hostile(using([READ, NUMBER, "seen", [TUPLE], NO_KWARGS, 5]), {"door": shown}).eval("1")
    assert HEARD[0][:2] == [0, [LIST]]
    ends(using([SET, NUMBER, "seen", [TUPLE, 1], NO_KWARGS, 5]), {"door": shown})
    assert door.seen == []


def test_a_handle_of_another_connection_means_nothing_here() -> None:
    mine, other = Door(), Door()
    script = using([DO, 3, "knock", [TUPLE, "x"], NO_KWARGS, 5])
    rich = hostile(answers(1), {"a": other, "b": other.knock, "c": Door()})
    rich.eval("1")
    ends(script, {"door": mine})
    assert mine.seen == other.seen == []


def test_a_handle_that_was_given_back_is_gone() -> None:
    door = Door()

    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        number = number_of(peer, "door")
        peer.send([ASK, 1, [number, 1], "code", [LIST, "x", True, 1]])
        peer.receive()
        peer.send([USE, 2, [], DO, number, "knock", [TUPLE, "x"], NO_KWARGS, 5])
        peer.reply(serial, 1)

    ends(script, {"door": door})
    assert door.seen == []


@pytest.mark.parametrize(
    "back", [[1], [1, 0], [1, 2], [1, -1], [5, 1], ["1", 1], "x", None, [1, 1, 1, 1]]
)
def test_handles_are_not_given_back_more_than_they_came(back: Any) -> None:
    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        peer.reply(serial, 1, released=back)
        peer.reply(peer.request()[1], 1)
        peer.reply(peer.request()[1], 1)

    world = hostile(script, {"door": Door()})
    with pytest.raises(WorkerDied):
        for _ in range(3):
            world.eval("1")


def test_capabilities_that_are_obtained_without_end_take_no_more_than_the_guests_memory() -> None:
    """A worker of ours pays for what it holds of each. One that was taken over holds nothing."""

    class Well(Capability):
        def part(self) -> Well:
            return Well()

    outcomes: list[int] = []

    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        number = number_of(peer, "well")
        for i in range(3000):
            peer.send([USE, i + 1, [], DO, number, "part", [TUPLE], NO_KWARGS, 5])
            outcomes.append(peer.receive()[3])
        peer.reply(serial, 1)

    world = hostile(script, {"well": Well()}, limits=Limits(memory=4 * 2**20, steps=None))
    assert world.eval("1") == 1
    assert outcomes[:100] == [0] * 100 and set(outcomes[1500:]) == {1}
    assert len(world._door.exports) < 1500


def test_a_use_outside_a_turn_reaches_nothing() -> None:
    door = Door()
    heard: list[Any] = []

    def script(peer: Peer) -> None:
        peer.reply(peer.request()[1], [1, [LIST, "x"], None, None, True])
        serial = peer.request()[1]
        peer.send([USE, 1, [], DO, number_of(peer, "door"), "knock", [TUPLE, "x"], NO_KWARGS, 5])
        heard.append(peer.receive()[3])
        peer.reply(serial, 7)

    names = hostile(script, {"door": door}).exec("x = 7")
    assert names["x"] == 7  # asked for after the turn
    assert door.seen == [] and heard == [2]  # STOPPED


def test_more_steps_than_were_given_are_not_believed() -> None:
    """A host function that runs another guest charges this one: what it says is left cannot be more
    than there was."""
    from capcompiler import Compartment

    def run() -> int:
        return int(Compartment(limits=Limits(steps=None)).eval("sum(1 for i in range(100_000))"))

    script = using([DO, NUMBER, "__call__", [TUPLE], NO_KWARGS, 10**12])
    with pytest.raises(LimitExceeded) as caught:
        hostile(script, {"door": run}, limits=Limits(steps=1000)).eval("1")
    assert caught.value.kind == "steps"


def test_a_worker_that_calls_without_end_ends_with_the_time() -> None:
    door = Door()

    def script(peer: Peer) -> None:
        peer.request()
        number = number_of(peer, "door")
        for i in range(10**6):
            peer.send([USE, i, [], DO, number, "knock", [TUPLE, "x"], NO_KWARGS, 5])
            peer.receive()

    world = hostile(script, {"door": door}, limits=Limits(seconds=0.3, steps=None))
    with pytest.raises(CapError):
        world.eval("1")


def test_modules_that_were_left_out_are_not_told() -> None:
    """A worker of ours does not ask for them; one that was taken over does."""
    texts = {"shown": "x = 1", "hidden": "key = 's3cret'", "pack.part": "", "pack.hidden": "key = 1"}
    answers: list[Any] = []

    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        asked = ["shown", "hidden", "pack.part", "pack.hidden"]
        for parts in [["names", [LIST, 0]], *[["module", [LIST, 0, name]] for name in asked]]:
            peer.send([ASK, 7, [], *parts])
            answers.append(peer.receive()[3])
        peer.reply(serial, 1)

    left = Imports.sources(texts).without("hidden", "pack.hidden")
    assert hostile(script, imports=left).eval("1") == 1
    names, *found = answers
    assert sorted(names[1:]) == ["pack", "shown"]
    assert [None if f is None else f[1] for f in found] == ["x = 1", None, "", None]


def question(serial: int) -> list[Any]:
    return [ASK, serial, [], "code", [LIST, "no_such_file", True, 3]]


def drain(peer: Peer) -> None:
    with contextlib.suppress(OSError):
        while peer.sock.recv(1 << 16):
            pass


def pipelined(peer: Peer) -> None:
    """Ask on without waiting for answers, so that there is always a message to be read."""
    asked = msgspec.msgpack.encode(question(0))
    many = (len(asked).to_bytes(4, "little") + asked) * 500
    threading.Thread(target=drain, args=(peer,), daemon=True).start()
    with contextlib.suppress(OSError):
        for _ in range(2000):
            peer.raw(many)


def test_a_flood_of_questions_ends_with_the_time_of_the_turn() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        pipelined(peer)

    with pytest.raises(LimitExceeded) as caught:
        hostile(script, limits=Limits(seconds=0.3)).eval("1")
    assert caught.value.kind == "seconds"
    assert caught.value.used < 3


@pytest.mark.parametrize("asks", [True, False])
def test_a_name_outside_a_turn_is_waited_for_once(monkeypatch: pytest.MonkeyPatch, asks: bool) -> None:
    """However much is said meanwhile; and it ends in an error that `except Exception` catches."""
    monkeypatch.setattr("capcompiler.isolation.world.ASIDE_SECONDS", 0.3)
    asked: list[int] = []

    def script(peer: Peer) -> None:
        peer.reply(peer.request()[1], [5, [LIST, "x"], None, None, False])
        peer.receive()
        for i in range(10**6 if asks else 0):
            asked.append(i)
            peer.send(question(i))
            peer.receive()
            time.sleep(0.02)

    names = hostile(script, limits=Limits(seconds=0.2)).exec("1")
    with pytest.raises(WorkerDied):
        names["x"]
    assert len(asked) < 200


def test_closing_waits_for_all_names_as_long_as_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capcompiler.isolation.world.ASIDE_SECONDS", 0.5)
    told: list[int] = []

    def script(peer: Peer) -> None:
        listed = [LIST, *[f"n{i}" for i in range(200)]]
        peer.reply(peer.request()[1], [5, listed, None, None, False])
        while True:
            message = peer.receive()
            time.sleep(0.1)
            told.append(1)
            peer.reply(message[1], 1)

    world = hostile(script)
    names = world.exec("1")
    world.close()
    assert len(told) < 20
    with pytest.raises(CapError):
        names["n199"]


def test_one_hostile_worker_is_nobody_elses_trouble() -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        ends(answers([99]))
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 25  # the threads' ends close by themselves


@pytest.mark.parametrize(
    "names", [["__class__"], ["_hidden"], ["a", "a"], ["", ""], [5], "ab", [None], [["a"]]]
)
def test_names_that_no_guest_has(names: Any) -> None:
    def script(peer: Peer) -> None:
        listed = [LIST, *names] if type(names) is list else names
        peer.reply(peer.request()[1], [0, listed, [1] * len(names), None, True])

    world = hostile(script)
    with pytest.raises(WorkerDied):
        world.exec("1")


def test_calls_within_calls_end_where_the_hosts_stack_does() -> None:
    """A worker that was taken over answers each call of its host's with another one."""
    deep: list[int] = []

    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        number = number_of(peer, "call")
        function = [LEAF, [OBJECT, 5, "function", "f", False, [["__call__"], [], [], []]]]
        for i in range(5000):
            peer.send([USE, i + 1, [], DO, number, "__call__", [TUPLE, function], NO_KWARGS, 10**6])
            if peer.receive()[0] == ANSWER:
                break
            deep.append(i)
        peer.reply(serial, 1)

    assert "gone" in ends(script, {"call": lambda f: f()}) and 10 < len(deep) < 4000


# What a guest waits for at once: [seconds or none, the numbers of calls]

REFUSED = "refused"
#: What the worker says that it waits for, given the numbers of three calls; what it hears.
ASKS: dict[str, tuple[Any, Any]] = {
    # Without a clock one answer comes at a time, and says nothing of the others.
    "all": (lambda calls: [None, calls], [[0, False, 0]]),
    "a-time-without-a-clock": (lambda calls: [0.01, calls], REFUSED),
    "no-number": (lambda calls: [float("nan"), calls], REFUSED),
    "for-ever": (lambda calls: [float("inf"), calls], REFUSED),
    "too-long": (lambda calls: [10**18, calls], REFUSED),
    "before-now": (lambda calls: [-1, calls], REFUSED),
    "a-truth": (lambda calls: [True, calls], REFUSED),
    "a-text": (lambda calls: ["1", calls], REFUSED),
    "a-list-for-a-time": (lambda calls: [[1], calls], REFUSED),
    "nothing-for-no-time": (lambda calls: [None, []], REFUSED),
    "one-of-them-twice": (lambda calls: [None, [calls[0], calls[1], calls[0]]], REFUSED),
    "many-times-over": (lambda calls: [None, calls * 1000], REFUSED),
    "a-number-of-nothing": (lambda calls: [None, [99]], None),
    "a-truth-for-a-number": (lambda calls: [None, [True]], None),
    "half-a-number": (lambda calls: [None, [calls[0] + 0.0]], None),
    "a-list-for-a-number": (lambda calls: [None, [calls]], None),
    "no-list": (lambda calls: [None, "x"], None),
    "too-short": (lambda calls: [None], None),
    "too-long-a-list": (lambda calls: [None, calls, 1], None),
    "empty": (lambda calls: [], None),
    "a-map": (lambda calls: {"a": 1}, None),
}


@pytest.mark.parametrize("name", ASKS)
def test_what_a_worker_waits_for(name: str) -> None:
    """It hears of its own calls, once, or is refused, or ends; the host's coroutines end in any case."""
    what, wanted = ASKS[name]
    heard: list[Any] = []
    uses: list[Any] = []

    async def answer(value: int) -> int:
        await asyncio.sleep(0)
        return value

    def script(peer: Peer) -> None:
        serial, calls = peer.request()[1], []
        for i in range(3):
            peer.send(
                [USE, i + 1, [], DO, number_of(peer, "answer"), "__call__", [TUPLE, i], NO_KWARGS, 500]
            )
            calls.append(peer.receive()[4])
        peer.reply(serial, [True, what(calls), 500])
        resumed = peer.request()
        thrown, value = resumed[4:6]
        heard.append(REFUSED if thrown else value)
        peer.reply(resumed[1], [False, [1, [LIST], None, None, True], 0])
        peer.reply(peer.request()[1], None)

    async def main() -> None:
        troubles: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: troubles.append(what))
        world = hostile(script, {"answer": answer}, on_use=uses.append, limits=Limits(seconds=20))
        if wanted is None:
            with pytest.raises(WorkerDied):
                await world.exec_async("1")
        else:
            await world.exec_async("1")
        assert len(asyncio.all_tasks()) == 1
        assert not troubles

    asyncio.run(main())
    assert heard == ([] if wanted is None else [wanted])
    assert len(uses) == 3


def test_a_call_that_came_is_not_waited_for_again() -> None:
    heard: list[Any] = []

    async def answer(value: int) -> int:
        await asyncio.sleep(0)
        return value

    def script(peer: Peer) -> None:
        serial = peer.request()[1]
        peer.send([USE, 1, [], DO, number_of(peer, "answer"), "__call__", [TUPLE, 7], NO_KWARGS, 500])
        call = peer.receive()[4]
        for ask in ([None, [call]], [None, [call]], call, [0, [call]]):
            peer.reply(serial, [True, ask, 500])
            _, serial, _, _, thrown, value, _ = peer.request()
            heard.append(REFUSED if thrown else value)
        peer.reply(serial, [False, [1, [LIST], None, None, True], 0])
        peer.reply(peer.request()[1], None)

    world = hostile(script, {"answer": answer}, limits=Limits(seconds=20))
    asyncio.run(world.exec_async("1"))
    assert heard == [[[0, False, 7]], REFUSED, REFUSED, REFUSED]
