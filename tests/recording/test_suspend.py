"""Guests that stop for an answer, go on with it here, and in another process."""

from __future__ import annotations

import dataclasses
import datetime
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    DialectError,
    GuestError,
    Imports,
    LimitExceeded,
    Limits,
    Namespace,
    Pending,
    cap_exec,
    external,
    register_dataclass,
)
from capcompiler.recording.record import RecordError
from capcompiler.recording.replay import replay
from stdlib_caps import FrozenClock, MemoryDir, SeededRandom, confirmed, logged, quota

KEY = b"a key that both processes know"
TIERS = pytest.mark.parametrize("isolation", ["inline", "process"])


def ask(question: str, n: int = 1) -> str:
    """Ask somebody."""
    raise AssertionError("an external function is never called")


def waiting(found: Pending | Namespace) -> Pending:
    assert type(found) is Pending, found
    return found


def ended(found: Pending | Namespace) -> Namespace:
    assert type(found) is Namespace, found
    return found


SOURCE = """
notes = [note("begun")]
name = ask("who?")
print("hello", name)
try:
    ask("again", n=2)
except ValueError as error:
    said = str(error)
notes.append(note("after"))
last = ask("end")
"""


class Notes:
    def __init__(self) -> None:
        self.taken: list[str] = []

    def note(self, text: str) -> int:
        self.taken.append(text)
        return len(self.taken)


@TIERS
def test_a_guest_stops_at_each_external_use_and_goes_on_with_the_answer(isolation: Any) -> None:
    notes = Notes()
    with Compartment({"ask": external(ask), "note": notes.note}, isolation=isolation) as world:
        one = waiting(world.start(SOURCE))
        assert (one.name, one.args, one.kwargs) == ("ask", ("who?",), {})
        two = waiting(one.resume("Bob"))
        assert (two.name, two.args, two.kwargs) == ("ask", ("again",), {"n": 2})
        names = ended(waiting(two.fail(ValueError("no"))).resume("fin"))
        assert (names["name"], names["said"], names["last"]) == ("Bob", "no", "fin")
        assert names.output == "hello Bob\n"
        assert world.eval("last") == "fin"
    assert notes.taken == ["begun", "after"]


@TIERS
def test_a_dumped_guest_goes_on_in_another_compartment_and_does_nothing_twice(isolation: Any) -> None:
    notes, told = Notes(), []
    caps = {"ask": external(ask), "note": notes.note}
    with waiting(Compartment(caps, isolation=isolation).start(SOURCE)) as one:
        data = waiting(one.resume("Ann")).dump(key=KEY)
    assert notes.taken == ["begun"]
    elsewhere = {"ask": external(ask), "note": notes.note}
    back = Pending.load(data, elsewhere, key=KEY, isolation=isolation, on_use=told.append)
    assert (back.name, back.args, back.kwargs) == ("ask", ("again",), {"n": 2})
    assert (notes.taken, told) == (["begun"], [])
    again = back.dump(key=KEY)
    names = ended(waiting(back.fail(ValueError("nope"))).resume("fin"))
    assert (names["name"], names["said"], names["notes"]) == ("Ann", "nope", [1, 2])
    assert [(use.path, use.outcome) for use in told] == [("ask", "Told"), ("note", "ok"), ("ask", "ok")]
    # What was loaded can be dumped, and loaded any number of times.
    third = Pending.load(again, elsewhere, key=KEY, isolation=isolation)
    assert ended(waiting(third.fail(ValueError("3"))).resume("z"))["said"] == "3"


def test_a_process_of_its_own_goes_on_even_with_another_hash_seed() -> None:
    source = "seen = sorted({'a', 'b', 'c', 'd'})\nanswer = ask(seen)\nresult = [*seen, answer]"
    one = waiting(Compartment({"ask": external()}).start(source))
    # A guest that shows the order of a set comes to another place there.
    order = waiting(Compartment({"ask": external()}).start("ask(list({str(i) for i in range(40)}))"))
    script = (
        "import sys\nfrom capcompiler import Pending, external\n"
        "from capcompiler.recording.record import RecordError\n"
        "first, second = (bytes.fromhex(line) for line in sys.stdin)\n"
        "print(Pending.load(first, {'ask': external()}).resume('e')['result'])\n"
        "try:\n    Pending.load(second, {'ask': external()})\n"
        "except RecordError as error:\n    print(error)\n"
    )
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=f"{one.dump().hex()}\n{order.dump().hex()}\n", text=True, capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(paths)},
        timeout=120, check=True,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert first == "['a', 'b', 'c', 'd', 'e']"
    assert "PYTHONHASHSEED" in second and "other arguments" in second


def test_what_is_not_given_as_data_stays_what_it_was() -> None:
    """Files that a guest opened are gone after a load, and say so; what is granted is there."""
    source = """
with open("a.txt", "w") as file:
    file.write("one")
    name = ask("file name?")
    try:
        file.write("two")
    except PermissionError as error:
        problem = str(error)
with open(name, "w") as file:
    file.write("three")
import random
chance = random.random()
"""

    def caps() -> dict[str, Any]:
        return {"ask": external(ask), "fs": MemoryDir().module(), "chance": SeededRandom(1).module()}

    one = waiting(Compartment(caps()).start(source))
    data = one.dump(key=KEY)
    there = caps()
    with pytest.raises(CapabilityError, match="obtain it again"):
        # `with` ends the file, which is gone too.
        Pending.load(data, there, key=KEY).resume("b.txt")
    assert "problem" not in ended(one.resume("b.txt"))


@TIERS
def test_a_capability_is_external_with_all_its_methods_and_their_annotations(isolation: Any) -> None:
    class Mailer(Capability):
        def send(self, to: str, text: str) -> int:
            raise AssertionError("never called")

    source = """
try:
    mailer.send("a@example.org", 7)
except TypeError as error:
    problem = str(error)
number = mailer.send("a@example.org", text="hi")
"""
    one = waiting(Compartment({"mailer": external(Mailer())}, isolation=isolation).start(source))
    assert (one.name, one.args, one.kwargs) == ("mailer.send", ("a@example.org",), {"text": "hi"})
    with pytest.raises(GuestError, match="it gave str, and promises int"):
        one.resume("five")
    one = waiting(Compartment({"mailer": external(Mailer())}, isolation=isolation).start(source))
    names = ended(one.resume(5))
    assert names["number"] == 5
    assert names["problem"] == "mailer.send: argument 2 (text): got int, wanted str"


def test_answers_may_be_capabilities_and_functions() -> None:
    source = "f = ask('a function')\nx = f(2)\ny = ask('more')"
    one = waiting(Compartment({"ask": external()}).start(source))
    two = waiting(one.resume(lambda n: n * 21))
    data = two.dump(key=KEY)
    assert ended(two.resume(1))["x"] == 42
    # The function itself is gone elsewhere, and what it gave is not.
    assert ended(Pending.load(data, {"ask": external()}, key=KEY).resume(1))["x"] == 42


@pytest.mark.parametrize(
    "value",
    [object(), [sys], {"a": {"b": threading.Lock()}}, (x for x in ()), os.environ, Compartment(), type],
    ids=lambda value: type(value).__name__,
)
def test_an_answer_that_carries_a_foreign_object_is_refused_and_the_guest_still_waits(
    value: Any,
) -> None:
    one = waiting(Compartment({"ask": external()}).start("x = ask()"))
    with pytest.raises(CapabilityError, match=r"answer\['ask'\].*neither data nor a capability"):
        one.resume(value)
    assert ended(one.resume([1]))["x"] == [1]


def test_an_answer_is_no_object_of_another_guest() -> None:
    foreign = cap_exec("class A:\n    pass\na = A()")["a"]
    one = waiting(Compartment({"ask": external()}).start("x = ask()"))
    with pytest.raises(CapabilityError, match="another compartment"):
        one.resume([foreign])
    one.close()


def test_an_answer_is_copied() -> None:
    answer = {"a": [1]}
    one = waiting(Compartment({"ask": external()}).start("x = ask()\ny = ask()\nz = x"))
    two = waiting(one.resume(answer))
    answer["a"].append(2)
    assert ended(two.resume())["z"] == {"a": [1]}


def test_errors_cross_as_builtin_ones() -> None:
    class Own(LookupError):
        pass

    source = "try:\n    ask()\nexcept Exception as error:\n    seen = type(error).__name__, str(error)"
    for error, seen in (
        (Own("gone"), ("LookupError", "gone")),
        (TimeoutError("late"), ("TimeoutError", "late")),
        (CapabilityError("not for you"), ("PermissionError", "not for you")),
        (RecursionError("deep"), ("RuntimeError", "deep")),
        (ValueError(object()), ("ValueError", None)),
    ):
        names = ended(waiting(Compartment({"ask": external()}).start(source)).fail(error))
        assert names["seen"][0] == seen[0]
        assert seen[1] in (names["seen"][1], None)
    one = waiting(Compartment({"ask": external()}).start("ask()"))
    for wrong in (KeyboardInterrupt(), SystemExit(), "text", ValueError):
        with pytest.raises(TypeError):
            one.fail(wrong)  # type: ignore[arg-type]
    with pytest.raises(CapabilityError):
        one.fail(CapabilityError("no"))


def test_one_answer_is_all() -> None:
    one = waiting(Compartment({"ask": external()}).start("x = ask()\ny = ask()"))
    two = waiting(one.resume(1))
    for again in (lambda: one.resume(2), lambda: one.fail(ValueError())):
        with pytest.raises(CapabilityError, match="answered already"):
            again()
    with pytest.raises(RecordError, match="answered"):
        one.dump(key=KEY)
    assert ended(two.resume(2))["y"] == 2


def test_who_drops_a_pending_guest_ends_it_whatever_it_catches() -> None:
    source = """
while True:
    try:
        ask()
    except BaseException:
        pass
    finally:
        note("still here")
"""
    notes = Notes()
    before = threading.active_count()
    one: Any = Compartment({"ask": external(), "note": notes.note}).start(source)
    session = one._session
    assert threading.active_count() == before + 1
    del one
    gc.collect()
    what, problem = session._to_host.get(timeout=60)
    assert what == "failed" and type(problem) is CapabilityError
    assert notes.taken == []
    closed = waiting(Compartment({"ask": external(), "note": notes.note}).start(source))
    closed.close()
    with pytest.raises(CapabilityError):
        closed.resume()


@TIERS
def test_a_process_ends_quietly_while_a_guest_waits(isolation: str) -> None:
    script = (
        "from capcompiler import Compartment, external\n"
        f"kept = Compartment({{'ask': external()}}, isolation={isolation!r}).start('ask()\\nask()')\n"
        "kept = kept.resume(1)\nprint(kept)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "<Pending ask>\n", "")


def test_where_no_thread_can_be_started_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    world = Compartment({"ask": external()})
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            world.start("ask()")
    assert ended(waiting(world.start("x = ask()")).resume(1))["x"] == 1


def test_what_is_left_of_a_turn_is_not_recorded_in_later_ones() -> None:
    calls: list[int] = []
    source = "f = cap_exec('def f(x):\\n    return note(x)', {'note': note})['f']\nask()"
    with Compartment({"ask": external(), "note": calls.append}) as world:
        one: Any = world.start(source)
        recorder = one._session.recorder
        ended(one.resume())
        before = len(recorder.events)
        world.call("f", 1)
        assert calls == [1] and len(recorder.events) == before


def test_a_compartment_is_busy_while_its_guest_waits() -> None:
    with Compartment({"ask": external()}) as world:
        world.exec("def f():\n    return 1")
        one = waiting(world.start("x = ask()"))
        for use in (lambda: world.eval("1"), lambda: world.call("f"), lambda: world.start("2")):
            with pytest.raises((CapabilityError, RecordError)):
                use()
        with pytest.raises(RecordError, match="run something before"):
            one.dump(key=KEY)
        assert ended(one.resume(1))["x"] == 1
        assert world.call("f") == 1


def test_a_guest_is_not_suspended_inside_a_turn() -> None:
    """On a thread of its own it would spend no budget of the guest that it is run for."""
    tried: list[str] = []

    def host() -> None:
        try:
            Compartment({"ask": external()}).start("while True: pass")
        except CapabilityError as error:
            tried.append(str(error))

    cap_exec("host()", {"host": host})
    waiting(Compartment({"host": host, "ask": external()}).start("host()\nask()")).close()
    assert tried == ["start: a guest cannot be suspended inside a turn"] * 2


def test_outside_start_an_external_use_is_refused() -> None:
    with pytest.raises(CapabilityError, match=r"ask: it is answered from outside"):
        cap_exec("ask()", {"ask": external()})


def test_limits_hold_over_answers_and_waiting_does_not_count() -> None:
    with pytest.raises(LimitExceeded) as stopped:
        waiting(
            Compartment({"ask": external()}, limits=Limits(steps=1000)).start(
                "ask()\nfor i in range(990):\n    pass\nask()\nfor i in range(100): pass"
            )
        ).resume().resume()  # type: ignore[union-attr]
    assert stopped.value.kind == "steps"
    world = Compartment({"ask": external()}, limits=Limits(seconds=3600))
    one = waiting(world.start("ask()\nask()"))
    due = world._realm.meter.deadline
    two = waiting(one.resume())
    moved = world._realm.meter.deadline
    assert due is not None and moved is not None and moved > due
    two.close()


def test_a_child_asks_under_the_path_of_the_grant() -> None:
    source = "cap_exec('''x = q.send(1)''', {'q': mailer})"
    one = waiting(Compartment({"mailer": external(Notes_())}).start(source))
    assert one.name == "mailer.send"
    data = one.dump(key=KEY)
    assert isinstance(one.resume(1), Namespace)
    back = Pending.load(data, {"mailer": external(Notes_())}, key=KEY)
    assert (back.name, back.args) == ("mailer.send", (1,))
    back.close()


class Notes_(Capability):
    def send(self, n: int) -> Any: ...


def test_bad_programs_do_not_begin() -> None:
    with pytest.raises(DialectError):
        Compartment({"ask": external()}).start("__builtins__ = 1")


# Loading


def dumped(source: str, caps: dict[str, Any], **options: Any) -> bytes:
    with waiting(Compartment(caps, **options).start(source)) as one:
        return one.dump(key=KEY)


def test_loading_refuses_other_programs_versions_and_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Capability):
        def send(self, n: int) -> None: ...
        def more(self) -> None: ...

    caps: dict[str, Any] = {"ask": external(), "xs": [1, 2], "box": Notes_()}
    data = dumped("x = ask(xs)", caps)
    Pending.load(data, caps, key=KEY, src="x = ask(xs)").close()
    Pending.load(data, dict(reversed(caps.items())), key=KEY).close()
    with pytest.raises(RecordError, match="another program"):
        Pending.load(data, caps, key=KEY, src="x = ask(xs) ")
    for other, why in (
        ({"ask": external(), "xs": [1, 2]}, "box is missing"),
        (caps | {"more": 1}, "more was not granted"),
        (caps | {"xs": [1, 2, 3]}, "another value"),
        (caps | {"box": Other()}, "offers something else"),
        (caps | {"ask": lambda *a: 1}, "offers something else"),
        (caps | {"box": external(Notes_())}, "offers something else"),
        ({}, "ask, box, xs is missing"),
    ):
        with pytest.raises(RecordError, match=f"other grants: .*{why}"):
            Pending.load(data, other, key=KEY)
    with pytest.raises(RecordError, match="another key"):
        Pending.load(data, caps, key=b"another key of the host's")
    with pytest.raises(RecordError, match="another key"):
        Pending.load(data, caps)
    with monkeypatch.context() as patched:
        patched.setattr("capcompiler.__version__", "9.9.9")
        with pytest.raises(RecordError, match=r"9\.9\.9"):
            Pending.load(data, caps, key=KEY)
    monkeypatch.setattr("capcompiler.recording.record.platform", lambda: "cpython 2.7")
    with pytest.raises(RecordError, match="Python"):
        Pending.load(data, caps, key=KEY)


def test_which_clock_tells_the_time_is_a_part_of_the_grants() -> None:
    """Of two grants that fill in the same part of the library, the later one does."""
    first = FrozenClock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)).module()
    second = FrozenClock(datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)).module()
    caps = {"b": first, "a": second, "ask": external()}
    data = dumped("import time\nask()\nyear = time.localtime(time.time()).tm_year", caps)
    assert ended(Pending.load(data, caps, key=KEY).resume())["year"] == 2027
    with pytest.raises(RecordError, match="another order"):
        Pending.load(data, {"a": second, "b": first, "ask": external()}, key=KEY)
    assert replay(data).output == ""


def test_loading_refuses_other_modules_of_the_hosts() -> None:
    source = "import helper\nx = ask(helper.n)"
    imports = Imports.sources({"helper": "n = 1\n"})
    data = dumped(source, {"ask": external()}, imports=imports)
    Pending.load(data, {"ask": external()}, key=KEY, imports=imports).close()
    other = Imports.sources({"helper": "n = 1  # changed\n"})
    with pytest.raises(RecordError, match="helper"):
        Pending.load(data, {"ask": external()}, key=KEY, imports=other)


def test_a_guest_that_the_host_called_back_is_not_dumped() -> None:
    """The host's function is not called again, and so would not call the guest."""

    def each(function: Callable[[int], int]) -> list[int]:
        return [function(i) for i in range(2)]

    source = "seen = []\ndef f(i):\n    seen.append(i)\n    return i\neach(f)\nask()"
    one = waiting(Compartment({"ask": external(), "each": each}).start(source))
    with pytest.raises(RecordError, match="called the guest"):
        one.dump(key=KEY)
    assert ended(one.resume())["seen"] == [0, 1]


@register_dataclass
@dataclasses.dataclass
class Order:
    what: str
    parts: list[Any]
    amount: int = 1

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("a negative amount")


@TIERS
def test_registered_dataclasses_are_recorded_field_by_field(isolation: Any) -> None:
    made: list[Order] = []

    def order(given: Order) -> Order:
        made.append(given)
        return Order(given.what.upper(), [given], 2)

    source = """
first = order(Order("ink", [kind]))
answer = ask(first, kind)
total = first.amount + answer.amount, answer.parts[0] is answer.parts[1], first.parts[0].what
"""
    caps = {"Order": Order, "kind": Order("k", []), "order": order, "ask": external()}
    one = waiting(Compartment(caps, isolation=isolation).start(source))
    assert one.args == (Order("INK", [Order("ink", [Order("k", [])])], 2), Order("k", []))
    data = one.dump(key=KEY)
    one.close()
    back = Pending.load(data, caps, key=KEY, isolation=isolation)
    assert len(made) == 1 and back.args == one.args
    shared = Order("s", [])
    assert ended(back.resume(Order("b", [shared, shared], 5)))["total"] == (7, True, "ink")
    with pytest.raises(RecordError, match="another value"):
        Pending.load(data, caps | {"kind": Order("k", [], 9)}, key=KEY)


def test_keys_are_checked_and_without_one_the_users_own_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    one = waiting(Compartment({"ask": external()}).start("ask()"))
    with pytest.raises(ValueError, match="16 bytes"):
        one.dump(key=b"short")
    with pytest.raises(TypeError):
        one.dump(key="a text of more than 16 characters")  # type: ignore[arg-type]
    Pending.load(one.dump(), {"ask": external()}).close()
    monkeypatch.setenv("CAPCOMPILER_CACHE", "off")
    with pytest.raises(RecordError, match="give one as key"):
        one.dump()


async def approve(what: str) -> str:
    """Ask somebody."""
    raise AssertionError("an external function is never called")


class Desk(Capability):
    """A host's capability that asks by external functions itself, once it has done something."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ask, self.approve = external(ask), external(approve)

    def send(self, to: str) -> str:
        self.done.append(to)
        return str(self.ask(f"send to {to}?"))

    def call(self, f: Any) -> Any:
        self.done.append("call")
        return f("of another")

    async def sends(self, to: str) -> str:
        self.done.append(to)
        return str(await self.approve(f"send to {to}?"))

    def gives(self, to: str) -> Any:
        self.done.append(to)
        return self.approve(f"send to {to}?")


#: A use in which the host's code asks, and what it is called.
ASKS_INSIDE = {
    "a-method": ("desk.send('bob')", "desk.send > ask"),
    "a-function-of-the-guests": ("desk.call(ask)", "desk.call > ask"),
    "under-an-attenuator": ("desk.call(quota(ask, calls=9))", "desk.call > ask"),
    "a-callback": ("desk.call(lambda x: ask(x))", "desk.call > ask"),
    "a-question-of-a-policy": ("asked('x')", "asked > ask"),
    "a-coroutine": ("await desk.sends('bob')", "desk.sends > approve"),
    "what-is-awaited": ("await desk.gives('bob')", "desk.gives > approve"),
}


@TIERS
@pytest.mark.parametrize("name", ASKS_INSIDE)
def test_what_a_hosts_function_asks_is_not_taken_for_the_guests_own_use(
    name: str, isolation: Any
) -> None:
    source, called = ASKS_INSIDE[name]
    desk = Desk()
    caps = {"desk": desk, "ask": external(ask), "asked": confirmed(external(ask), desk.ask)}
    found = waiting(Compartment(caps, isolation=isolation).start(f"{source}\nask('direct')"))
    assert found.name == called
    with pytest.raises(RecordError, match="would be called again"):
        found.dump(key=KEY)
    while found.name != "ask":
        found = waiting(found.resume(True if found.name == "asked > ask" else "yes"))
    assert found.args == ("direct",)
    assert len(desk.done) <= 1
    ended(found.resume("yes"))


@TIERS
@pytest.mark.parametrize("over", ["nothing", "a-log", "a-quota", "a-guests-quota"])
def test_an_external_use_has_its_own_name_under_attenuators(over: str, isolation: Any) -> None:
    cap: Any = external(ask)
    cap = logged(cap, lambda use: None) if over == "a-log" else cap
    cap = quota(cap, calls=9) if over == "a-quota" else cap
    source = "ask = quota(ask, calls=9)\n" if over == "a-guests-quota" else ""
    found = waiting(Compartment({"ask": cap}, isolation=isolation).start(f"{source}x = ask('who?')"))
    assert (found.name, found.args) == ("ask", ("who?",))
    back = Pending.load(found.dump(key=KEY), {"ask": cap}, key=KEY, isolation=isolation)
    assert ended(back.resume("me"))["x"] == "me"
