"""Time, chance and variables: as capabilities, and filled in where the library looks for them."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable

import pytest

from capcompiler import Compartment, Imports, cap_exec
from stdlib_caps import Clock, Env, FrozenClock, Random, SeededRandom, only, readonly, revocable

Attempt = Callable[..., str]
MOMENT = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)

TIMES = [
    ("time.time()", MOMENT.timestamp()),
    ("time.time_ns()", int(MOMENT.timestamp() * 1_000_000_000)),
    ("time.monotonic()", MOMENT.timestamp()),
    ("time.perf_counter_ns()", int(MOMENT.timestamp() * 1_000_000_000)),
    ("time.strftime('%Y-%m-%d %H')", "2026-01-01 12"),
    ("time.gmtime().tm_hour", 12),
    ("time.localtime()[0]", 2026),
    ("time.ctime()[-4:]", "2026"),
    ("datetime.datetime.now()", datetime.datetime(2026, 1, 1, 12)),
    ("datetime.datetime.now(datetime.UTC)", MOMENT),
    ("datetime.datetime.now(tz=datetime.timezone(datetime.timedelta(hours=2))).hour", 14),
    ("datetime.datetime.utcnow()", datetime.datetime(2026, 1, 1, 12)),
    ("datetime.datetime.today().day", 1),
    ("datetime.date.today()", datetime.date(2026, 1, 1)),
]


@pytest.mark.parametrize(("source", "value"), TIMES, ids=[s for s, _ in TIMES])
def test_a_clock_fills_in_time_and_now(source: str, value: object) -> None:
    names = cap_exec(f"import datetime, time\nr = {source}", {"time": FrozenClock(MOMENT).module()})
    assert names["r"] == value


@pytest.mark.parametrize("source", [s for s, _ in TIMES])
def test_a_clock_that_fills_nothing_in_leaves_the_library_without(source: str, attempt: Attempt) -> None:
    got = attempt(f"import datetime, time as t\n{source.replace('time.', 't.', 1) if source[0] == 't' else source}",
                  {"clock": FrozenClock(MOMENT)})  # fmt: skip
    assert "was not granted" in got


def test_subclasses_of_dates_are_made_by_the_guest_itself(attempt: Attempt) -> None:
    source = "import datetime\nclass D(datetime.datetime): pass\nclass E(datetime.date): pass\ntype(D.now()).__name__, type(E.today()).__name__"
    assert attempt(source, {"time": FrozenClock(MOMENT).module()}) == "('D', 'E')"


def test_the_machines_clock_tells_the_time() -> None:
    names = cap_exec(
        "import time\na = time.time()\nb = time.monotonic()", {"time": Clock.ambient().module()}
    )
    assert abs(names["a"] - time.time()) < 60
    assert abs(names["b"] - time.monotonic()) < 60


def test_waiting_is_granted_apart(attempt: Attempt) -> None:
    assert "0 seconds are the most" in attempt(
        "import time\ntime.sleep(1)", {"time": Clock.ambient().module()}
    )
    patient = Clock.ambient(longest_sleep=0.01).module()
    assert attempt("import time\ntime.sleep(0.001)", {"time": patient}) == "None"
    assert "0.01 seconds are the most" in attempt("import time\ntime.sleep(5)", {"time": patient})
    assert "ValueError" in attempt("import time\ntime.sleep(-1)", {"time": patient})
    assert "time.sleep was not granted" in attempt(
        "import time\ntime.sleep(1)", {"time": FrozenClock(MOMENT).module()}
    )
    with pytest.raises(ValueError, match="longest_sleep"):
        Clock.ambient(longest_sleep=-1)


def test_a_lying_clock_is_found_out(attempt: Attempt) -> None:
    from capcompiler import Capability
    from capcompiler.filling import filling

    class Liar(Capability):
        def time(self) -> object:
            return "noon"

    assert "told no number" in attempt(
        "import datetime\ndatetime.date.today()", {"time": filling(Liar(), "clock")}
    )
    with pytest.raises(ValueError, match="filling"):
        filling(Liar(), "clocks")


def test_uses_of_the_library_are_uses_of_the_capability() -> None:
    seen: list[str] = []
    world = Compartment({"time": FrozenClock(MOMENT).module()}, on_use=lambda use: seen.append(use.path))
    world.exec("import time, datetime\ntime.time()\ndatetime.date.today()")
    assert seen == ["time.time", "time.time"]


def test_what_is_filled_in_can_be_taken_back(attempt: Attempt) -> None:
    cap, revoke = revocable(FrozenClock(MOMENT).module())
    world = Compartment({"time": cap})
    world.exec("import time, datetime\ntime.time()")
    revoke()
    for source in ("time.time()", "datetime.date.today()"):
        with pytest.raises(Exception, match="revoked"):
            world.eval(source)
    assert (
        attempt("import time\ntime.time()", {"time": readonly(FrozenClock(MOMENT).module())})
        == "1767268800.0"
    )
    narrow = only(FrozenClock(MOMENT).module(), "now")
    assert attempt("import time\ntime.time()", {"time": narrow}).startswith("AttributeError")


def test_where_no_module_may_be_imported_the_grant_is_the_module() -> None:
    world = Compartment({"time": FrozenClock(MOMENT).module()}, imports=Imports.none())
    assert world.exec("import time\nt = time.time()")["t"] == MOMENT.timestamp()


# Chance


def test_chance_does_what_its_names_say() -> None:
    source = "a = r.random(), r.uniform(2, 3), r.randint(5, 5), r.choice('x'), r.sample([1, 2], 2), r.shuffled((1, 2, 3)), r.bytes(4)"
    for cap in (Random.ambient(), SeededRandom(5)):
        low, between, five, one, both, three, four = cap_exec(source, {"r": cap})["a"]
        assert 0 <= low < 1 and 2 <= between <= 3 and five == 5 and one == "x"
        assert sorted(both) == [1, 2] and sorted(three) == [1, 2, 3] and len(four) == 4


@pytest.mark.parametrize(
    ("source", "error"),
    [("r.randint(2, 1)", "ValueError"), ("r.choice([])", "IndexError"), ("r.sample([1], 2)", "ValueError"),
     ("r.bytes(10**9)", "ValueError"), ("r.bytes(-1)", "ValueError"), ("r.randint('1', 2)", "TypeError"),
     ("r.sample([1], -1)", "ValueError"), ("r.randint(0, 1 << 10**7)", "ValueError")],
)  # fmt: skip
def test_chance_refuses_what_cannot_be(source: str, error: str, attempt: Attempt) -> None:
    assert attempt(source, {"r": SeededRandom(1)}).startswith(error)


def test_a_seed_gives_the_same_each_time() -> None:
    source = "import random, os\na = r.random(), random.random(), random.Random().randint(0, 9**9), os.urandom(5), random.SystemRandom"
    source = source.replace(", random.SystemRandom", "")
    runs = [cap_exec(source, {"r": SeededRandom("s").module()})["a"] for _ in range(2)]
    assert runs[0] == runs[1]
    assert cap_exec(source, {"r": SeededRandom("t").module()})["a"] != runs[0]
    for seed in (1.5, None, [1]):
        with pytest.raises(TypeError, match="seed"):
            SeededRandom(seed)  # type: ignore[arg-type]


def test_chance_of_the_machine_differs_and_is_made_by_name(attempt: Attempt) -> None:
    source = "import random\na = random.random(), random.Random().getrandbits(200)"
    runs = [cap_exec(source, {"r": Random.ambient().module()})["a"] for _ in range(2)]
    assert runs[0][0] != runs[1][0] and runs[0][1] != runs[1][1]
    with pytest.raises(TypeError, match="ambient"):
        Random()
    with pytest.raises(TypeError, match="from a seed"):
        SeededRandom.ambient()
    assert attempt("r.ambient()", {"r": SeededRandom(1)}).startswith("AttributeError")


def test_a_seed_of_the_guests_own_does_not_ask(attempt: Attempt) -> None:
    seen: list[str] = []
    world = Compartment({"r": SeededRandom(1).module()}, on_use=lambda use: seen.append(use.path))
    world.exec("import random\nseen = random.Random(5).random()")
    assert seen in ([], ["r.bytes"])  # the module's own generator draws one seed when it is imported


# Variables


def test_variables_are_those_that_were_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAP_ONE", "1")
    monkeypatch.setenv("CAP_SECRET", "s")
    cap = Env.ambient("CAP_ONE", "CAP_NOT_SET")
    names = cap_exec(
        "import os\na = env.names(), env.get('CAP_ONE'), env.get('CAP_SECRET'), env.get('X', 'd')\n"
        "b = dict(os.environ), os.getenv('CAP_ONE'), os.path.expandvars('$CAP_ONE/$CAP_SECRET')\n"
        "os.environ['CAP_ONE'] = '2'\nos.environ['NEW'] = 'n'\nc = os.environ['CAP_ONE'], env.get('CAP_ONE')",
        {"env": cap.module()},
    )
    assert names["a"] == (["CAP_ONE"], "1", None, "d")
    assert names["b"] == ({"CAP_ONE": "1"}, "1", "1/$CAP_SECRET")
    assert names["c"] == ("2", "1")
    assert os.environ["CAP_ONE"] == "1" and "NEW" not in os.environ
    assert cap_exec("import os\nr = dict(os.environ)", {"env": cap})["r"] == {}


def test_variables_are_named_by_the_host(attempt: Attempt) -> None:
    with pytest.raises(ValueError, match="name the variables"):
        Env.ambient()
    with pytest.raises(TypeError, match="names are str"):
        Env.ambient(5)  # type: ignore[arg-type]
    for bad in ({"A": 1}, {1: "A"}, {"A=B": "x"}, {"": "x"}, {"A": "x\0y"}):
        with pytest.raises((TypeError, ValueError), match="Env"):
            Env(bad)  # type: ignore[arg-type]
    assert attempt("env.ambient('PATH')", {"env": Env({})}).startswith("AttributeError")
    assert attempt("env._variables", {"env": Env({})}).startswith("AttributeError")
    assert "got int, wanted str" in attempt("env.get(5)", {"env": Env({})})


def test_a_later_grant_fills_in_too() -> None:
    world = Compartment()
    world.exec("import os")
    world.grant("env", Env({"A": "1"}).module())
    assert world.eval("os.environ['A']") == "1"
