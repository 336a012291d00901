"""Guests that await: suspended, brought back, recorded and told again, in the order of then."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    GuestError,
    LimitExceeded,
    Limits,
    Pending,
    cap_exec,
    cap_exec_async,
    external,
)
from capcompiler.isolation.wire import packed
from capcompiler.membrane.membrane import Use
from capcompiler.recording.record import BEGAN, CAME, LATER, LEFT, USE, Event, Record, RecordError
from capcompiler.recording.replay import Recording, record, record_async, replay
from tests.capcompiler.test_awaiting import LANGUAGE, fails, soon

from .test_suspend import KEY, ended, waiting

TIERS = pytest.mark.parametrize("isolation", ["inline", "process"])


async def gather(*awaitables: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*awaitables))


async def approve(what: str, amount: int = 1) -> Any:
    """Ask a person."""
    raise AssertionError("an external function is never called")


def told_again(done: Recording, **options: Any) -> Any:
    """The same run, with nothing of the host's."""
    assert done.data is not None, done.lost
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(replay(done.data or b"", **options))
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert found, "the replay waits for ever"
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def check_same(done: Recording) -> None:
    again = told_again(done)
    assert again.same and str(again.error) == str(done.error)
    assert (again.names is None) == (done.names is None)
    if done.names is not None:
        assert list(again.names) == list(done.names)


# Told again


@TIERS
@pytest.mark.parametrize("name", LANGUAGE)
def test_the_language_is_told_again(name: str, isolation: Any) -> None:
    source, wanted = LANGUAGE[name]
    done = record(Compartment({"soon": soon, "fails": fails}, isolation=isolation), source)
    assert done.names is not None and done.names["r"] == wanted
    check_same(done)
    again = told_again(done)
    assert again.names["r"] == wanted
    if isolation == "inline":
        assert again.names.usage.steps == done.names.usage.steps


MANY = """
log = []
async def work(n):
    for i in range(3):
        try:
            log.append((n, i, await price(n)))
        except ValueError as error:
            log.append((n, i, str(error)))
        note(n)
    return n
totals = await gather(*[work(n) for n in range(5)], price(9))
print(log, totals)
"""


@TIERS
def test_the_order_in_which_answers_came_is_told_again(isolation: Any) -> None:
    chance = random.Random(7)

    async def price(n: int) -> int:
        await asyncio.sleep(chance.random() / 50)
        if n < 9 and chance.random() < 0.3:
            raise ValueError(f"none of {n}")
        return chance.randrange(100)

    notes: list[int] = []
    caps: dict[str, Any] = {"price": price, "gather": gather, "note": notes.append}
    seen = set()
    for _ in range(3):
        done = record(Compartment(caps, isolation=isolation), MANY)
        assert done.names is not None and done.error is None
        seen.add(done.names.output)
        noted = len(notes)
        again = told_again(done)
        assert again.same and again.output == done.names.output and len(notes) == noted
        assert [u.path for u in again.uses].count("note") == 15
    assert len(seen) == 3


def test_each_answer_is_told_where_it_came() -> None:
    heard: list[Use] = []
    caps: dict[str, Any] = {"soon": soon, "fails": fails, "gather": gather}
    source = "async def f(x): return await soon(x)\nr = await gather(f(1), f(2))\ntry:\n    await fails('x')\nexcept ValueError: pass"
    done = record(Compartment(caps, on_use=heard.append), source)
    again = told_again(done)
    assert [(u.path, u.outcome) for u in heard] == [
        ("soon", "ok"), ("soon", "ok"), ("gather", "ok"), ("fails", "ValueError"),
    ]  # fmt: skip
    assert [(u.path, u.result) for u in again.uses][:3] == [("soon", 1), ("soon", 2), ("gather", [1, 2])]


@TIERS
def test_a_coroutine_that_the_host_gives_up_ends_there_again(isolation: Any) -> None:
    async def at_most(awaitable: Awaitable[Any]) -> str:
        try:
            await asyncio.wait_for(awaitable, 0.02)
        except TimeoutError:
            return "late"
        return "done"

    async def never() -> None:
        await asyncio.sleep(60)

    notes: list[str] = []
    source = (
        "async def f():\n    try:\n        await never()\n    finally:\n        note('given up')\n"
        "async def g():\n    return await soon(3)\n"
        "r = [await at_most(f()), await at_most(g()), await soon(4)]\nprint(r)"
    )
    caps: dict[str, Any] = {"at_most": at_most, "never": never, "soon": soon, "note": notes.append}
    done = record(Compartment(caps, isolation=isolation), source)
    assert done.names is not None and done.names["r"] == ["late", "done", 4] and notes == ["given up"]
    check_same(done)
    assert notes == ["given up"]


@TIERS
def test_coroutines_that_only_let_others_run_keep_their_order(isolation: Any) -> None:
    source = """
class Turn:
    def __await__(self):
        yield
log = []
async def f(n, turns):
    for i in range(turns):
        await Turn()
        log.append((n, i))
    return await soon(n)
r = await gather(f(1, 4), f(2, 2), f(3, 3))
print(log, r)
"""
    done = record(Compartment({"gather": gather, "soon": soon}, isolation=isolation), source)
    assert done.names is not None
    check_same(done)
    assert told_again(done).output == done.names.output


def test_what_is_given_twice_is_one_thing_to_await() -> None:
    async def main() -> Recording:
        shared = asyncio.ensure_future(soon(5))

        async def first(*given: Awaitable[Any]) -> int:
            return len({id(g) for g in given})

        caps: dict[str, Any] = {"begin": lambda: shared, "first": first}
        source = "a, b = begin(), begin()\nn = await first(a, b)\nr = await begin(), await begin(), n"
        return await record_async(Compartment(caps), source)

    done = asyncio.run(main())
    assert done.names is not None and done.names["r"] == (5, 5, 1)
    assert told_again(done).names["r"] == (5, 5, 1)


def test_what_was_obtained_by_awaiting_is_a_stand_in_when_told_again() -> None:
    class File(Capability):
        async def read(self) -> str:
            return "text"

    class Files(Capability):
        async def open(self, name: str) -> File:
            return File()

    source = "f = await fs.open('a')\nr = await f.read()\nprint(r)"
    done = record(Compartment({"fs": Files()}), source)
    assert done.names is not None and done.names["r"] == "text"
    check_same(done)
    assert [u.path for u in told_again(done).uses] == ["fs.open", "fs.open.read"]


def test_errors_are_told_again_and_results_are_checked_then_only() -> None:
    async def wrong() -> int:
        return "text"  # type: ignore[return-value]

    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def foreign() -> object:
        return object()

    class Held(Capability):
        async def wrong(self) -> int:
            return "text"  # type: ignore[return-value]

    source = """
seen = []
for f in (wrong, cancelled, foreign, held.wrong):
    try:
        await f()
    except BaseException as error:
        seen.append((type(error).__name__, str(error)))
print(seen)
"""
    caps = {"wrong": wrong, "cancelled": cancelled, "foreign": foreign, "held": Held()}
    done = record(Compartment(caps), source)
    plain = asyncio.run(cap_exec_async(source, caps))
    assert done.names is not None and done.names.output == plain.output
    assert told_again(done).output == plain.output


def test_where_nothing_awaits_a_coroutine_function_is_refused_as_without_a_record() -> None:
    source = "try:\n    soon(1)\nexcept TypeError as error:\n    r = str(error)\nprint(r)"
    done = record(Compartment({"soon": soon}), source)
    assert done.names is not None and "must be awaited" in done.names["r"]
    check_same(done)


def test_a_run_that_was_stopped_while_it_waited_is_told_up_to_there() -> None:
    async def never() -> None:
        await asyncio.sleep(60)

    source = "print('a')\nx = await soon(1)\nprint('b')\nawait never()\nprint('c')"
    world = Compartment({"soon": soon, "never": never}, limits=Limits(seconds=0.1))
    done = record(world, source)
    assert type(done.error) is LimitExceeded
    again = told_again(done)
    assert again.same and again.output == "a\nb\n" and "stopped: LimitExceeded" in str(again.error)

    world = Compartment({"soon": soon, "never": never})
    threading.Timer(0.1, world.cancel, ["enough"]).start()
    done = record(world, source)
    assert type(done.error) is CapabilityError
    assert "stopped: CapabilityError" in str(told_again(done).error)


def test_a_limit_that_is_met_among_others_is_met_again() -> None:
    source = (
        "async def f(n):\n    await soon(n)\n    while n: pass\n"
        "print('a')\nawait gather(f(0), f(1), f(0))"
    )
    caps: dict[str, Any] = {"soon": soon, "gather": gather}
    done = record(Compartment(caps, limits=Limits(steps=1000)), source)
    assert type(done.error) is LimitExceeded
    again = told_again(done)
    assert again.same and type(again.error) is LimitExceeded and again.output == "a\n"


def test_a_host_that_calls_the_guest_meanwhile_is_not_recorded() -> None:
    async def each(function: Callable[[int], int]) -> list[int]:
        await asyncio.sleep(0)
        return [function(i) for i in range(2)]

    done = record(Compartment({"each": each}), "r = await each(lambda x: x + 1)")
    assert done.names is not None and done.names["r"] == [1, 2]
    assert done.data is None and "called the guest" in done.lost


def test_a_loop_that_runs_is_the_one_that_a_recorded_guest_runs_on() -> None:
    async def main() -> Recording:
        loop = asyncio.get_running_loop()

        async def here(x: int) -> int:
            assert asyncio.get_running_loop() is loop
            return x

        with pytest.raises(RecordError, match="record_async"):
            record(Compartment({"here": here}), "await here(1)")
        done = await record_async(Compartment({"here": here}), "r = await here(1)")
        assert done.data is not None
        with pytest.raises(RecordError, match="to_thread"):
            replay(done.data)
        return done

    check_same(asyncio.run(main()))


# Stopping for an answer

ORDERS = """
log = []
async def one(n):
    return await soon(n)
log.append(await gather(one(1), one(2)))
if await approve("ink", 90):
    log.append(order("ink"))
try:
    await approve("paper")
except ValueError as error:
    log.append(str(error))
log.append(await gather(one(3), soon(4)))
last = await approve("end")
"""


def given(orders: list[str]) -> dict[str, Any]:
    def order(what: str) -> int:
        orders.append(what)
        return len(orders)

    return {"approve": external(approve), "soon": soon, "gather": gather, "order": order}


LOG = [[1, 2], 1, "too much", [3, 4]]


@TIERS
def test_a_guest_stops_where_it_awaits_an_answer_and_goes_on(isolation: Any) -> None:
    orders: list[str] = []
    one = waiting(Compartment(given(orders), isolation=isolation).start(ORDERS))
    assert (one.name, one.args) == ("approve", ("ink", 90)) and orders == []
    two = waiting(one.resume(True))
    assert two.args == ("paper",) and orders == ["ink"]
    three = waiting(two.fail(ValueError("too much")))
    names = ended(three.resume("yes"))
    assert names["log"] == LOG and names["last"] == "yes"


@TIERS
def test_a_dumped_guest_goes_on_elsewhere_and_does_nothing_twice(isolation: Any) -> None:
    orders: list[str] = []
    heard: list[Use] = []
    found: Any = Compartment(given(orders), isolation=isolation).start(ORDERS)
    for answer in (True, ValueError("too much"), "yes"):
        data = waiting(found).dump(key=KEY)
        found.close()
        back = Pending.load(
            data, given(orders), key=KEY, src=ORDERS, isolation=isolation, on_use=heard.append
        )
        found = back.fail(answer) if isinstance(answer, Exception) else back.resume(answer)
    assert ended(found)["log"] == LOG and orders == ["ink"]
    # What was closed where it waited is told as a question that nobody answered.
    assert [u.path for u in heard if u.outcome == "Withheld"] == ["approve", "approve"]
    paths = [u.path for u in heard if u.outcome != "Withheld"]
    assert paths == ["approve", "order", "approve", "soon", "soon", "gather", "approve"] or (
        sorted(paths) == sorted(["approve", "order", "approve", "soon", "gather", "approve"])
    )


def test_a_process_of_its_own_goes_on() -> None:
    one = waiting(Compartment(given([])).start(ORDERS))
    two = waiting(one.resume(True))
    program = """
import sys
from capcompiler import Pending
from tests.recording.test_awaits import KEY, given
one = Pending.load(sys.stdin.buffer.read(), given([]), key=KEY)
print(one.args, one.fail(ValueError("too much")).resume("yes")["log"])
"""
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], input=two.dump(key=KEY), capture_output=True, env=environment
    )
    assert done.stdout.decode() == f"('paper',) {LOG}\n", done.stderr.decode()[-2000:]
    two.close()


def test_a_dump_is_refused_while_the_host_is_at_something() -> None:
    source = "r = await gather(approve('a'), approve('b'))\nlast = await approve('c')"
    one = waiting(Compartment(given([])).start(source))
    assert one.args == ("a",)
    with pytest.raises(RecordError, match="gather was begun"):
        one.dump(key=KEY)
    two = waiting(one.resume(1))
    assert two.args == ("b",)
    three = waiting(two.resume(2))
    back = Pending.load(three.dump(key=KEY), given([]), key=KEY)
    assert ended(back.resume(3))["r"] == [1, 2]
    assert ended(three.resume(3))["r"] == [1, 2]

    source = "async def f(): return await approve('a')\nr = await gather(f())"
    one = waiting(Compartment(given([])).start(source))
    with pytest.raises(RecordError, match="awaits a coroutine of the guest's"):
        one.dump(key=KEY)
    assert ended(one.resume(1))["r"] == [1]

    one = waiting(Compartment(given([])).start("p = soon(1)\nq = await approve('a')\nr = await p"))
    with pytest.raises(RecordError, match="soon was begun, and has not been answered"):
        one.dump(key=KEY)
    assert ended(one.resume(1))["r"] == 1


def test_questions_that_were_begun_and_not_awaited_are_brought_back() -> None:
    source = "p, q = approve('a'), approve('b')\nx = await approve('c')\nr = [x, await q, await p]"
    one = waiting(Compartment(given([])).start(source))
    back = Pending.load(one.dump(key=KEY), given([]), key=KEY)
    one.close()
    assert back.args == ("c",)
    two = waiting(back.resume(1))
    assert two.args == ("b",)
    again = Pending.load(two.dump(key=KEY), given([]), key=KEY)
    three = waiting(again.resume(2))
    assert three.args == ("a",) and ended(three.resume(3))["r"] == [1, 2, 3]
    two.close()


def test_plain_and_awaited_questions_go_together_and_under_attenuators() -> None:
    from capcompiler.attenuation import logged

    lines: list[str] = []

    class Desk(Capability):
        async def pay(self, amount: int) -> str: ...  # type: ignore[empty-body]
        def ask(self, what: str) -> str: ...  # type: ignore[empty-body]

    caps = {"desk": logged(external(Desk()), lambda *event: lines.append(str(event)))}
    source = "r = [desk.ask('x'), await desk.pay(3)]\ntry:\n    await desk.pay('x')\nexcept TypeError:\n    r.append('type')"
    one = waiting(Compartment(caps).start(source))
    assert (one.name, one.args) == ("desk.ask", ("x",))
    two = waiting(one.resume("y"))
    assert (two.name, two.args) == ("desk.pay", (3,))
    back = Pending.load(two.dump(key=KEY), caps, key=KEY)
    assert ended(back.resume("paid"))["r"] == ["y", "paid", "type"]
    with pytest.raises(GuestError, match="TypeError"):
        two.resume(5)


def test_waiting_for_an_answer_does_not_count() -> None:
    import time

    source = "r = [await approve('a'), *await gather(approve('b'), approve('c'))]\nr += [await soon(1)]"
    found: Any = Compartment(given([]), limits=Limits(seconds=0.5)).start(source)
    for answer in range(3):
        time.sleep(0.4)
        found = waiting(found).resume(answer)
    assert ended(found)["r"] == [0, 1, 2, 1]


def test_who_drops_a_guest_that_awaits_ends_it() -> None:
    import gc

    notes: list[str] = []
    source = "try:\n    await approve('a')\nfinally:\n    note('still there')"
    world = Compartment({"approve": external(approve), "note": notes.append})
    one = waiting(world.start(source))
    one.close()
    two: Any = waiting(Compartment({"approve": external(approve), "note": notes.append}).start(source))
    del two
    gc.collect()
    for _ in range(100):
        if not [t for t in threading.enumerate() if t.name == "capcompiler guest"]:
            break
        threading.Event().wait(0.05)
    assert notes == [] and not [t for t in threading.enumerate() if t.name == "capcompiler guest"]


def test_a_guest_is_not_suspended_inside_a_turn_that_awaits() -> None:
    """On a thread of its own it would have a budget of its own."""
    found: list[str] = []

    async def begin() -> None:
        try:
            Compartment({"approve": external(approve)}).start("approve('a')")
        except CapabilityError as error:
            found.append(str(error))
        await asyncio.sleep(0)
        try:
            Compartment({"approve": external(approve)}).start("await approve('a')")
        except CapabilityError as error:
            found.append(str(error))

    asyncio.run(cap_exec_async("await begin()", {"begin": begin}))
    assert len(found) == 2 and "inside a turn" in found[0]


# Records that somebody else wrote


def edits(events: tuple[Event, ...]) -> list[tuple[Event, ...]]:
    """Records of another order, with answers to others, and with numbers that are none."""
    made = []
    for i, event in enumerate(events):
        made.append(events[:i] + events[i + 1 :])
        made.append((*events[: i + 1], event, *events[i + 1 :]))
        if i:
            made.append((*events[: i - 1], events[i], events[i - 1], *events[i + 1 :]))
        for kind in (USE, LATER, CAME, BEGAN, LEFT):
            made.append((*events[:i], replace(event, kind=kind), *events[i + 1 :]))
        for tree in (-1, 0, 1, 99, None, "a", [0, -1], [0, 0], [1, 1], [9, 9], [None, None], [[], {}]):
            try:
                made.append((*events[:i], replace(event, asked=packed(tree)), *events[i + 1 :]))
                made.append((*events[:i], replace(event, answer=packed(tree)), *events[i + 1 :]))
            except Exception:  # noqa: S112 - no tree
                continue
        made.append((*events[:i], replace(event, failed=not event.failed), *events[i + 1 :]))
    return made


def test_no_record_makes_a_replay_wait_for_ever_or_do_anything() -> None:
    async def at_most(awaitable: Awaitable[Any]) -> str:
        try:
            await asyncio.wait_for(awaitable, 0.01)
        except TimeoutError:
            return "late"
        return "done"

    async def never() -> None:
        await asyncio.sleep(60)

    source = (
        "async def f(n):\n    for i in range(2):\n        await soon(n)\n    return n\n"
        "async def g():\n    await never()\n"
        "r = await gather(f(1), f(2), soon(3))\ns = await at_most(g())\nprint(r, s)"
    )
    caps: dict[str, Any] = {"soon": soon, "gather": gather, "at_most": at_most, "never": never}
    done = record(Compartment(caps), source)
    assert done.data is not None and {e.kind for e in Record.from_bytes(done.data, None).events} == {
        LATER, CAME, BEGAN, LEFT,
    }  # fmt: skip
    past = Record.from_bytes(done.data, None)
    refused = 0
    for events in edits(past.events):
        changed = replace(done, data=replace(past, events=events).to_bytes(None))
        try:
            again = told_again(changed)
        except RecordError:
            refused += 1
        else:
            # The host may have done things in another order, or not have waited for all: that is a
            # record too. One with an answer to what nobody awaited is not.
            came = {e.asked for e in events if e.kind == CAME}
            assert not again.same or came <= {e.asked for e in past.events if e.kind == CAME}
    assert refused > 50


# Loops of the guest's own

#: What a guest does beside itself with `answer`, whose answers come in another order than they are asked.
BESIDE = {
    "gather": "r = await asyncio.gather(*[answer(i) for i in range(3)])\nprint(r)",
    "tasks": (
        "async def f(name):\n    for i in range(3): print(name, await answer(i))\n"
        "async with asyncio.TaskGroup() as g:\n    g.create_task(f('a')); g.create_task(f('b'))"
    ),
    "sleeps": "t = asyncio.create_task(answer(0))\nawait asyncio.sleep(1)\nprint(await t)",
    "lets go": (
        "t = asyncio.create_task(answer(0))\nawait asyncio.sleep(0)\nt.cancel()\n"
        "try:\n    await t\nexcept asyncio.CancelledError:\n    print('cancelled', await answer(1))"
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_program_with_a_loop_of_its_own_is_told_again(name: str) -> None:
    async def answer(i: int) -> int:
        await asyncio.sleep((3 - i) / 100)
        return i

    async def main() -> Recording:
        world = Compartment({"answer": answer}, limits=Limits(seconds=300))
        return await record_async(world, "import asyncio\n" + BESIDE[name])

    cap_exec("import asyncio, inspect; inspect.isawaitable")  # compiled, since a replay has its seconds
    done = asyncio.run(main())
    assert done.error is None
    check_same(done)


def test_questions_of_tasks_are_asked_one_at_a_time_and_brought_back() -> None:
    async def price(item: str) -> int:
        await asyncio.sleep(0)
        return len(item)

    caps = {"approve": external(approve), "price": price}
    source = (
        "import asyncio\nasync def one(x): return await approve(x), await price(x)\n"
        "async with asyncio.TaskGroup() as group:\n"
        "    made = [group.create_task(one(x)) for x in ('tea', 'coffee')]\n"
        "r = [t.result() for t in made]"
    )
    first = Compartment(caps, limits=Limits(seconds=300)).start(source)
    assert isinstance(first, Pending)
    assert first.args == ("tea",)
    again = Pending.load(first.dump(key=KEY), caps, key=KEY)
    for pending, said in ((first, True), (again, False)):
        second = pending.resume(said)
        assert isinstance(second, Pending)
        assert second.args == ("coffee",)
        names = second.resume(not said)
        assert not isinstance(names, Pending)
        assert names["r"] == [(said, 3), (not said, 6)]
