"""`capcompiler.restricted` beside RestrictedPython: the same host code, the same programs, the same results."""

from __future__ import annotations

import ast
import builtins
import datetime
import random
import string
import subprocess
import types
import warnings
from typing import Any

import pytest
import RestrictedPython
from RestrictedPython import (
    RestrictingNodeTransformer,
    limited_builtins,
    safe_builtins,
    utility_builtins,
)
from RestrictedPython.Guards import full_write_guard
from RestrictedPython.PrintCollector import PrintCollector

from capcompiler import Capability, CapabilityError, GuestError, LimitExceeded, Limits, expose
from capcompiler import restricted as ours
from tests.test_restrictedpython_parity import DOCUMENTED, EXPRESSIONS, plain, setup

EITHER = pytest.mark.parametrize("module", [RestrictedPython, ours], ids=["theirs", "ours"])


def run(module: Any, source: str, one: bool = False) -> tuple[Any, str, str]:
    """What a host makes of a program: its names, what it printed, the class of what it raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        code = module.compile_restricted(source, "<guest>", "exec")
    given = setup(_print_=PrintCollector)
    names: dict[str, Any] = given if one else {}
    before = set(names)
    error = ""
    try:
        exec(code, given, names)
    except Exception as problem:
        error = type(problem).__name__
    printed = names["_print"]() if "_print" in names else ""
    public = {n: v for n, v in names.items() if n not in before and not n.startswith("_")}
    # Functions and classes stay what they are on each side; data is compared.
    return {n: plain(v) for n, v in public.items() if type(v) in DATA}, printed, error


DATA = (int, float, str, bytes, bool, list, tuple, dict, set, frozenset, complex, type(None))
#: With separate globals and locals, as documented, functions do not see the program's top-level names in
#: RestrictedPython; the programs that need it are run with one dictionary below.
ONE_NAMESPACE = ("global", "classes", "a function of the policy page", "docstrings")


@pytest.mark.parametrize("name", [n for n in DOCUMENTED if n not in ONE_NAMESPACE])
def test_a_documented_program_gives_the_same(name: str) -> None:
    assert run(ours, DOCUMENTED[name]) == run(RestrictedPython, DOCUMENTED[name])


@pytest.mark.parametrize("name", ONE_NAMESPACE)
def test_a_program_in_one_dictionary_gives_the_same(name: str) -> None:
    found = []
    for module in (RestrictedPython, ours):
        names = setup(_print_=PrintCollector)
        before = set(names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            code = module.compile_restricted(DOCUMENTED[name], "<guest>", "exec")
        exec(code, names)
        new = {n: v for n, v in names.items() if n not in before and n[:1] != "_"}
        found.append({n: v for n, v in new.items() if type(v) in DATA})
    assert found[0] == found[1] and found[0]


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_an_expression_has_the_same_value(source: str) -> None:
    values = [
        eval(m.compile_restricted(source, "<e>", "eval"), setup()) for m in (RestrictedPython, ours)
    ]
    assert values[0] == values[1]


@EITHER
def test_functions_of_a_program_are_called_by_the_host(module: Any) -> None:
    code = module.compile_restricted("def double(x):\n    return x * 2\n", "<inline>", "exec")
    names: dict[str, Any] = {}
    exec(code, {"__builtins__": safe_builtins}, names)
    assert names["double"](21) == 42
    exec(module.compile_restricted("r = double(4)\n", "<inline>", "exec"), {**setup(), **names}, names)
    assert names["r"] == 8


@EITHER
def test_what_the_host_puts_into_the_builtins(module: Any) -> None:
    allowed = {**safe_builtins, **limited_builtins, **utility_builtins}
    given = {**setup(), "__builtins__": allowed}
    source = "r = [math.sqrt(x) for x in range(3)]\nd = string.digits\nt = same_type(1, 2)\no = reorder(['a'], with_=['a'])\n"
    names: dict[str, Any] = {}
    exec(module.compile_restricted(source, "<inline>", "exec"), given, names)
    assert (names["r"][1], names["d"], names["t"], names["o"]) == (
        1.0,
        string.digits,
        True,
        [("a", "a")],
    )
    with pytest.raises(ValueError):
        exec(module.compile_restricted("range(10**6)", "<inline>", "exec"), given, {})


@EITHER
def test_an_error_of_the_program_is_an_error_of_its_kind(module: Any) -> None:
    for source, kind in (
        ("1 / 0", ZeroDivisionError),
        ("{}['a']", KeyError),
        ("raise ValueError('x')", ValueError),
    ):
        with pytest.raises(kind):
            exec(module.compile_restricted(source, "<inline>", "exec"), setup(), {})


@EITHER
def test_results_of_compiling(module: Any) -> None:
    good = module.compile_restricted_exec("a = b + c\n")
    assert isinstance(good.code, types.CodeType) and good.errors == ()
    assert {"b", "c"} <= set(good.used_names)
    bad = module.compile_restricted_exec("a = \n")
    assert bad.code is None and len(bad.errors) == 1
    with pytest.raises(SyntaxError):
        module.compile_restricted("a = \n")
    value = module.compile_restricted_eval("a * 2")
    assert eval(value.code, {**setup(), "a": 4}) == 8
    tree = module.compile_restricted_exec(ast.parse("x = 1 + 1"))
    names: dict[str, Any] = {}
    exec(tree.code, setup(), names)
    assert names["x"] == 2
    with pytest.raises(TypeError):
        module.compile_restricted("1", policy=dict)


@EITHER
def test_a_function_of_parameters_and_a_body(module: Any) -> None:
    body = "total = 0\nfor x in xs:\n    total = total + x * rate\nreturn total"
    result = module.compile_restricted_function("xs, start=0", body, "f", globalize=["rate"])
    names = setup({"rate": 3})
    exec(result.code, names)
    assert names["f"]([1, 2]) == 9
    assert module.compile_restricted_function("x", "return x +", "f").errors
    assert module.compile_restricted_function("xs", "return printed", "f").code is not None


def test_generated_programs_give_the_same() -> None:
    chance = random.Random(11)
    for _ in range(40):
        lines = ["xs = [1, 2, 3]", "n = 7"]
        for _ in range(5):
            a, b = chance.choice(["n", "len(xs)", "xs[0]", "3"]), chance.choice(["2", "n", "max(xs)"])
            op = chance.choice(["+", "-", "*", "//", "%", "<", "=="])
            lines.append(chance.choice([f"n = {a} {op} {b}", f"xs.append({a} {op} {b})", f"print({a} {op} {b})",
                                        f"xs = [x {op} {b} for x in xs]", f"if {a} < {b}:\n    n = {b}"]))  # fmt: skip
        source = "\n".join(lines) + "\n"
        assert run(ours, source, True) == run(RestrictedPython, source, True), source


# What is new, and what is refused


def test_the_program_never_runs_by_the_hosts_exec() -> None:
    code = ours.compile_restricted("secret_name = [x for x in 'abc']", "<inline>", "exec")
    assert "secret_name" not in code.co_names and b"secret_name" not in code.co_code
    assert not any(isinstance(c, types.CodeType) for c in code.co_consts)
    with pytest.raises(ValueError):
        __import__("marshal").dumps(code)


@pytest.mark.parametrize(
    "source",
    ["__import__('os').system('true')", "open('/etc/passwd')", "().__class__.__base__.__subclasses__()",
     "price.__globals__", "import os\nos.listdir('/')", "(g for g in 'a').gi_frame.f_back.f_globals"],
)  # fmt: skip
def test_a_hostile_program_reaches_nothing(source: str) -> None:
    with pytest.raises((PermissionError, AttributeError, ImportError)):
        exec(ours.compile_restricted(source, "<inline>", "exec"), {"price": lambda: 1}, {})


def test_a_program_cannot_end_the_host_and_has_a_budget() -> None:
    with pytest.raises(GuestError):
        exec(ours.compile_restricted("raise SystemExit(1)"), {}, {})
    with pytest.raises(GuestError):
        exec(ours.compile_restricted("raise KeyboardInterrupt"), {}, {})
    code = ours.compile_restricted("while True: pass", limits=Limits(steps=1000))
    with pytest.raises(LimitExceeded):
        exec(code, {}, {})


def test_an_object_of_the_hosts_is_granted_and_never_handed_in_raw() -> None:
    class Order:
        total = 3
        secret = "s"

        def pay(self) -> str:
            return "paid"

    code = ours.compile_restricted("r = order.pay()\nt = order.total")
    with pytest.raises(CapabilityError, match="order"):
        exec(code, {"order": Order()}, {})

    def grant(name: str, value: Any) -> Any:
        return expose(value, "pay", read="total") if isinstance(value, Order) else value

    names: dict[str, Any] = {}
    exec(
        ours.compile_restricted("r = order.pay()\nt = order.total", grant=grant),
        {"order": Order()},
        names,
    )
    assert (names["r"], names["t"]) == ("paid", 3)
    with pytest.raises(AttributeError):
        exec(ours.compile_restricted("order.secret", grant=grant), {"order": Order()}, {})

    class Till(Capability):
        def open(self, amount: int) -> int:
            return amount

    exec(ours.compile_restricted("r = till.open(3)"), {"till": Till()}, names)
    assert names["r"] == 3
    with pytest.raises(CapabilityError):
        exec(ours.compile_restricted("1"), {"subprocess": subprocess}, {})


def test_what_a_program_binds_stays_in_its_namespace() -> None:
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    for names in (one, two):
        exec(ours.compile_restricted("class C:\n    n = 1\nc = C()\ndata = [1]"), {}, names)
    exec(ours.compile_restricted("C.n = 2\nr = c.n"), {}, one)
    exec(ours.compile_restricted("r = c.n"), {}, two)
    assert (one["r"], two["r"]) == (2, 1)
    one["data"].append(2)
    exec(ours.compile_restricted("r = len(data)"), {}, one)
    assert one["r"] == 2


def test_a_policy_and_flags_are_not_passed_over() -> None:
    class Mine(RestrictingNodeTransformer):
        pass

    for options in ({"policy": Mine}, {"policy": None}, {"flags": 1}, {"mode": "single"}):
        with pytest.raises(TypeError):
            ours.compile_restricted("1", **options)  # type: ignore[arg-type]


def test_the_builtins_of_the_host_are_no_grant() -> None:
    with pytest.raises((PermissionError, NameError)):
        exec(ours.compile_restricted("open('x', 'w')"), {"__builtins__": builtins}, {})
    with pytest.raises((PermissionError, NameError)):
        exec(ours.compile_restricted("open('x', 'w')"), {"open": open}, {})


@EITHER
def test_what_a_program_changes_is_in_the_dictionary_afterwards(module: Any) -> None:
    code = module.compile_restricted("output['n'] = 1\nxs.append(2)\nseen.add(3)")
    given = setup(output={}, xs=[1], kept=[0])
    names: dict[str, Any] = {"seen": set()}
    exec(code, given, names)
    assert (given["output"], given["xs"], names["seen"], given["kept"]) == ({"n": 1}, [1, 2], {3}, [0])
    assert "output" not in names
    failing = module.compile_restricted("output['m'] = 2\nnot_there")
    with pytest.raises(NameError):
        exec(failing, given, names)
    assert given["output"] == {"n": 1, "m": 2}


@EITHER
def test_a_builtin_by_another_name_is_the_hosts_addition(module: Any) -> None:
    code = module.compile_restricted("n = size([1, 2])")
    names: dict[str, Any] = {}
    exec(code, {"__builtins__": {**safe_builtins, "size": len}}, names)
    assert names["n"] == 2


def test_a_guard_by_another_name_is_no_grant() -> None:
    code = ours.compile_restricted("read(thing, 'go')")
    with pytest.raises(NameError):
        exec(code, {"__builtins__": {**safe_builtins, "read": safe_builtins["_getattr_"]}}, {})


# A host in the shape of Home Assistant's `python_script`

SCRIPT = """
name = data.get("name", "world")
logger.info("Hello %s", name)
total = 0
for n in range(4):
    total = total + n
if hass.states.get("sun") == "up":
    hass.services.call("light", "turn_off", {"entity_id": "light.hall"})
output["greeting"] = f"hello {name}"
output["total"] = total
output["day"] = datetime.date(2025, 1, 2).isoformat()
output["most"] = max(sorted([3, 1, 2]))
"""


class _States:
    def get(self, entity_id: str) -> str:
        return "up"


class _Services:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def call(self, domain: str, service: str, data: dict[str, Any]) -> None:
        self.calls.append((domain, service, data["entity_id"]))


class _Hass:
    def __init__(self) -> None:
        self.states, self.services, self.secret = _States(), _Services(), "s"


class _Logger:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str, *args: Any) -> None:
        self.lines.append(text % args)


def _execute(module: Any, hass: _Hass, logger: _Logger, source: str, **options: Any) -> Any:
    """What such a host does; the only difference is the module, and for ours `grant=`."""
    compiled = module.compile_restricted_exec(source, filename="hello.py", **options)
    assert not compiled.errors

    def protected_getattr(obj: Any, name: str, default: Any = None) -> Any:
        if obj is hass and name not in ("states", "services"):
            raise PermissionError(f"not allowed to access {name}")
        return getattr(obj, name, default)

    added = {
        "datetime": datetime, "sorted": sorted, "min": min, "max": max, "sum": sum, "any": any,
        "all": all, "enumerate": enumerate,
    }  # fmt: skip
    names: dict[str, Any] = {
        "__builtins__": {**safe_builtins, **utility_builtins, **limited_builtins, **added},
        "_getattr_": protected_getattr,
        "_write_": full_write_guard,
        "_getiter_": iter,
        "_getitem_": lambda obj, key: obj[key],
        "hass": hass,
        "data": {"name": "Ann"},
        "logger": logger,
        "output": {},
    }
    exec(compiled.code, names)
    return names["output"]


def _granted(name: str, value: Any) -> Any:
    if isinstance(value, _Hass):
        shown = {"states": expose(value.states, "get"), "services": expose(value.services, "call")}
        return expose(types.SimpleNamespace(**shown), read=("states", "services"))
    return expose(value, "info") if isinstance(value, _Logger) else value


def test_a_host_like_home_assistants_changes_one_import_and_says_what_it_grants() -> None:
    seen = []
    for module, options in ((RestrictedPython, {}), (ours, {"grant": _granted})):
        hass, logger = _Hass(), _Logger()
        output = _execute(module, hass, logger, SCRIPT, **options)
        seen.append((output, logger.lines, hass.services.calls))
    assert seen[0] == seen[1]
    assert seen[0][1:] == (["Hello Ann"], [("light", "turn_off", "light.hall")])
    assert seen[0][0]["total"] == 6
    for hostile in ("hass.secret", "hass.states.get.__globals__", "while True: pass"):
        with pytest.raises((AttributeError, LimitExceeded)):
            _execute(ours, _Hass(), _Logger(), hostile, grant=_granted, limits=Limits(steps=1000))
