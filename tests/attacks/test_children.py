"""What stands between a guest and its children, and the host behind both."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from capcompiler import Capability, Compartment, GuestError, LimitExceeded, cap_exec, expose
from stdlib_caps import MemoryDir


class Mailer(Capability):
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, text: str) -> int:
        self.sent.append(text)
        return len(self.sent)


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("slot", ["_Handle__obj", "_Handle__compartment"])
@pytest.mark.parametrize("how", ["expose(f, '{}')", "expose(f, '__call__', read='{}')"])
def test_no_guest_exposes_the_slots_of_a_handle(how: str, slot: str, optimize: bool) -> None:
    # The slot gave the guest's own function, which was then called as a host's: with raw handles, and
    # from those with the compartment itself.
    src = f"""
def f(x):
    global got
    got = x
r = {how.format(slot)}
took = []
for cap in (r, cap_exec('r', {{'r': r}}).value):
    try:
        inner = cap.{slot}
        inner(f)
    except AttributeError:
        took.append('nothing')
    try:
        cap_exec('r.{slot}(1)', {{'r': cap}})
    except CapError:
        took.append('nothing')
"""
    names = cap_exec(src, optimize=optimize)
    assert "got" not in names
    assert names["took"] == ["nothing"] * 4


def test_a_host_object_does_not_come_to_the_functions_of_a_guest() -> None:
    src = """
def f(x):
    x.sent.append('forged')
expose(f, '_Handle__obj')._Handle__obj(mailer)
"""
    mailer = Mailer()
    with pytest.raises(GuestError, match="AttributeError"):
        cap_exec(src, {"mailer": mailer})
    assert mailer.sent == []


@pytest.mark.parametrize(
    "use",
    [
        "cap_exec('m.send(\"x\")', {'m': mailer})",
        "cap_exec('innocent(\"x\")', {'innocent': mailer.send})",
        "cap_exec('cap_exec(\"n.send(1 * str(1))\", {\"n\": m})', {'m': mailer})",
        "cap_eval('m.send(\"x\")', {'m': mailer})",
    ],
)
def test_an_audit_sees_what_children_do_and_the_path_from_the_hosts_grant(use: str) -> None:
    seen: list[Any] = []
    mailer = Mailer()
    Compartment({"mailer": mailer}, on_use=seen.append).exec(use)
    assert len(mailer.sent) == 1
    assert [event.path for event in seen] == ["mailer.send"]


def test_what_a_guest_makes_for_its_children_does_not_pass_for_the_hosts() -> None:
    seen: list[Any] = []
    src = """
class Fake(Capability):
    def send(self, text): return 0
cap_exec("mailer.send('x')", {'mailer': Fake()})
cap_exec("mailer('x')", {'mailer': lambda text: 0})
"""
    Compartment({"mailer": Mailer()}, on_use=seen.append).exec(src)
    assert seen == []


class Secret:
    pass


@pytest.mark.parametrize("wish", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize(
    "child",
    [
        "cap_exec('leave()', {'leave': leave})",
        "cap_exec('f()', {'f': lambda: leave()})",
        "cap_exec('cap_exec(\"leave()\", {\"leave\": leave})', {'leave': leave})",
    ],
)
def test_no_guest_catches_the_hosts_wish_to_end_in_a_child(wish: Any, child: str) -> None:
    # A parent caught the SystemExit itself, with the object in it.
    def leave() -> None:
        raise wish(Secret())

    after: list[int] = []
    src = f"""
while True:
    try:
        {child}
    except BaseException as error:
        got = error.args
        after()
"""
    compartment = Compartment({"leave": leave, "after": lambda: after.append(1)})
    with pytest.raises(wish) as caught:
        compartment.exec(src)
    assert type(caught.value.args[0]) is Secret
    assert after == []
    assert "got" not in compartment._globals


def test_an_audit_that_fails_in_a_child_ends_the_parent() -> None:
    def on_use(event: Any) -> None:
        raise ValueError(Secret())

    compartment = Compartment({"exit": sys.getrecursionlimit}, on_use=on_use)
    with pytest.raises(ValueError) as caught:
        compartment.exec(
            "try: cap_exec('exit()', {'exit': exit})\nexcept BaseException as e: got = e.args"
        )
    assert type(caught.value.args[0]) is Secret
    assert "got" not in compartment._globals


def test_a_refusal_in_a_child_is_still_an_error_for_its_parent() -> None:
    names = cap_exec("try: cap_exec('open(\"x\")')\nexcept CapabilityError as e: got = type(e).__name__")
    assert names["got"] == "CapabilityError"


LEDGER = """
class Ledger(Capability, reads=("balance",), read="name", write=("note",), special="__len__"):
    def __init__(self): self.name, self.note, self.n, self.secret = "n", "", 0, 1
    def add(self, x): self.n += x
    def balance(self): return self.n
    def __len__(self): return self.n
class Sub(Ledger, reads=["more"]):
    def more(self): return "more"
l = Sub()
"""


def test_a_guests_capability_says_what_more_it_offers(optimize: bool) -> None:
    src = LEDGER + (
        "r = cap_exec('l.add(3); l.note = \"hi\"; r = [l.balance(), l.name, len(l), l.more()]', {'l': l})['r']\n"
        "def tried(code):\n"
        "    try: return cap_eval(code, {'l': readonly(l)})\n"
        "    except GuestError as e: return e.exc_type\n"
        "q = [tried(c) for c in ('l.balance()', 'l.more()', 'l.name', 'len(l)', 'l.add(1)', 'l.secret')]\n"
        "s = l.note\n"
    )
    names = cap_exec(src, optimize=optimize)
    assert names["r"] == [3, "n", 3, "more"] and names["s"] == "hi"
    assert names["q"] == [3, "more", "n", 3, "AttributeError", "AttributeError"]


def test_nothing_more_is_offered_than_may_be_and_nothing_is_had_of_what_says_so() -> None:
    src = (
        LEDGER
        + """
r = []
for kw in ({"read": "__class__"}, {"special": "__init__"}, {"special": "__getattribute__"}, {"reads": 5},
           {"unknown": 1}, {"read": "a-b"}, {"read": ["x", 5]}, {"write": "cap:offers"}):
    try: r.append(type("X", (Capability,), {}, **kw))
    except (TypeError, ValueError): pass
class Lies(str):
    def split(self): return ["__class__"]
for f in (lambda: vars(Sub)["cap:offers"], lambda: setattr(Sub, "cap:offers", 1), lambda: getattr(Sub, "cap:offers"),
          lambda: type("X", (Capability,), {"cap:offers": 1}).__dict__["cap:offers"],
          lambda: type("X", (), {}, read="a"), lambda: type("X", (Capability,), {}, read=Lies("__dict__"))):
    try: r.append(f())
    except (TypeError, AttributeError, KeyError, ValueError): pass
r += [k for k in (*vars(Sub), *vars(Capability), *dir(Sub)) if ":" in k]
"""
    )
    assert cap_exec(src)["r"] == []


_GOES_DOWN = "cap_exec(src, {'src': src, 'fs': %s, 'left': left - 1}) if left else fs.read_text('a')"


def _usage_of_a_nest(levels: int, handed: str) -> int:
    world = Compartment({"fs": MemoryDir({"a": "text"}), "src": _GOES_DOWN % handed, "left": levels})
    world.exec(_GOES_DOWN % handed)
    return world.usage.steps


@pytest.mark.parametrize("handed", ["fs", "readonly(fs)", "revocable(fs)[0]", "quota(fs, calls=9)"])
def test_deeper_nests_cost_no_more_than_linear(handed: str) -> None:
    steps = [_usage_of_a_nest(levels, handed) for levels in (1, 2, 11, 12, 41, 42)]
    each = {steps[1] - steps[0], steps[3] - steps[2], steps[5] - steps[4]}
    assert max(each) <= min(each) + 2, steps  # a level's number has a digit more


def test_a_nest_has_fifty_levels_and_no_guest_survives_one_more() -> None:
    assert _usage_of_a_nest(50, "fs") > 0
    caught = f"try:\n    {_GOES_DOWN % 'fs'}\nexcept BaseException:\n    told.append(1)\nfinally:\n    told.append(2)"
    told: list[int] = []
    with pytest.raises(LimitExceeded, match="limit 50, used 51") as caught_error:
        cap_exec(
            caught,
            {
                "fs": MemoryDir({"a": ""}),
                "src": _GOES_DOWN % "fs",
                "left": 60,
                "told": expose(told, "append"),
            },
        )
    assert caught_error.value.kind == "depth"
    assert told == []
