"""The names and signatures that hosts are promised, and clear words for what is not there yet."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest

import capcompiler
from capcompiler import (
    Capability,
    CapabilityError,
    CapError,
    Compartment,
    DialectError,
    GuestError,
    Imports,
    LimitExceeded,
    Limits,
    Namespace,
    Program,
    Usage,
    Violation,
    cap_compile,
    cap_eval,
    cap_exec,
    check,
    expose,
)

NAMES = """cap_exec cap_eval cap_compile check reach Compartment Program Namespace Limits Usage Pool
Imports cap_exec_async cap_eval_async Capability expose CapError DialectError Violation GuestError
LimitExceeded CapabilityError""".split()


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_can_be_imported(name: str) -> None:
    assert getattr(capcompiler, name)
    assert name in capcompiler.__all__


def test_nothing_else_is_promised() -> None:
    assert sorted(capcompiler.__all__) == sorted([*NAMES, "Pending", "external", "register_dataclass"])


def parameters(function: Any) -> list[tuple[str, str, Any]]:
    return [
        (p.name, p.kind.name, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.name != "self"
    ]


P, K = "POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY"
NONE = inspect.Parameter.empty
RUN = [
    ("src", P, NONE), ("caps", P, None), ("imports", K, None), ("limits", K, None),
    ("isolation", K, "inline"), ("filename", K, "<guest>"), ("optimize", K, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (cap_exec, RUN),
        (cap_eval, RUN),
        (
            cap_compile,
            [("src", P, NONE), ("mode", K, "exec"), ("filename", K, "<guest>"), ("optimize", K, True)],
        ),
        (check, [("src", P, NONE), ("filename", K, "<guest>")]),
        (
            Compartment.__init__,
            [("caps", P, None), ("imports", K, None), ("limits", K, None),
             ("isolation", K, "inline"), ("on_use", K, None)],
        ),
        (
            Limits.__init__,
            [("steps", P, 10_000_000), ("seconds", P, None), ("memory", P, 256 * 2**20),
             ("output", P, 2**20), ("depth", P, 500)],
        ),
    ],
    ids=["cap_exec", "cap_eval", "cap_compile", "check", "Compartment", "Limits"],
)  # fmt: skip
def test_signatures_are_as_promised(function: Any, wanted: list[Any]) -> None:
    assert parameters(function) == wanted


def test_compartments_have_their_methods() -> None:
    for name in ("exec", "eval", "call", "grant", "close", "cancel", "__enter__", "__exit__"):
        assert callable(getattr(Compartment, name))


def test_expose_takes_methods_and_what_can_be_read_and_written() -> None:
    given = inspect.signature(expose).parameters
    assert given["methods"].kind is inspect.Parameter.VAR_POSITIONAL
    assert given["read"].default == given["write"].default == ()


def test_every_error_is_a_cap_error() -> None:
    for error in (DialectError, GuestError, LimitExceeded, CapabilityError):
        assert issubclass(error, CapError)
    assert issubclass(DialectError, SyntaxError)
    assert not issubclass(LimitExceeded, GuestError)


def test_the_first_program_of_the_issue() -> None:
    ns = cap_exec("total = sum(x*x for x in xs)", {"xs": [1, 2, 3]})
    assert ns["total"] == 14
    assert isinstance(ns, Namespace)
    assert isinstance(ns.usage, Usage)
    assert isinstance(cap_compile("1"), Program)
    assert isinstance(check("x = ")[0], Violation)


def run(source: str = "1", **options: Any) -> Any:
    return cap_exec(source, **options)


@pytest.mark.parametrize("value", ["Process", "", None, 1, "inline "])
def test_an_isolation_that_nobody_knows_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="isolation"):
        cap_exec("1", isolation=value)


@pytest.mark.parametrize("options", [
    {"limits": 5}, {"limits": {"steps": 5}}, {"limits": Limits}, {"imports": ["math"]},
    {"imports": "math"}, {"filename": 3}, {"filename": None},
])  # fmt: skip
def test_options_of_the_wrong_type_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        cap_exec("1", **options)


@pytest.mark.parametrize("caps", [[], "x", 5, [("a", 1)], object()])
def test_caps_are_a_mapping(caps: Any) -> None:
    with pytest.raises(CapabilityError, match="caps: wanted a mapping"):
        cap_exec("1", caps)


@pytest.mark.parametrize("name", ["1x", "", "a b", "a.b", "class", "None", "cap:getattr", "__builtins__",
                                  "__name__", "__import__", "x\0", "ｅｖａｌ", "\ud800"])  # fmt: skip
def test_a_name_that_no_program_can_write_is_refused(name: str) -> None:
    with pytest.raises(CapabilityError) as error:
        cap_exec("1", {name: 1})
    str(error.value).encode(errors="strict") if name != "\ud800" else repr(error.value)


@pytest.mark.parametrize("name", [1, None, b"x", ("x",)])
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    with pytest.raises(CapabilityError, match="names are str"):
        cap_exec("1", {name: 1})


def test_a_bad_grant_stops_the_program_before_it_starts(optimize: bool) -> None:
    seen: list[int] = []
    with pytest.raises(CapabilityError):
        cap_exec("say(1)", {"say": seen.append, "bad": object()}, optimize=optimize)
    assert seen == []


def test_names_of_any_script_can_be_granted(optimize: bool) -> None:
    assert cap_eval("größe + 値", {"größe": 1, "値": 2}, optimize=optimize) == 3


def test_single_underscores_are_ordinary(optimize: bool) -> None:
    assert cap_eval("_x + __y", {"_x": 1, "__y": 2}, optimize=optimize) == 3


def test_builtins_can_be_granted_anew(optimize: bool) -> None:
    assert cap_eval("open('x')", {"open": lambda name: name * 2}, optimize=optimize) == "xx"


# Imports


def test_imports_can_be_narrowed(optimize: bool) -> None:
    pure = Imports.pure()
    run("import math", imports=pure, optimize=optimize)
    run("import math", imports=pure.only("math"), optimize=optimize)
    run("import math", imports=Imports.none() + pure.only("math"), optimize=optimize)
    for narrowed in (Imports.none(), pure.without("math"), pure.only("json")):
        with pytest.raises(GuestError, match="math") as error:
            run("import math", imports=narrowed, optimize=optimize)
        assert error.value.exc_type in ("ImportError", "ModuleNotFoundError")


def test_only_names_that_are_there_can_be_kept() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Imports.pure().only("nonsense")


@pytest.mark.parametrize("module", ["socket", "ctypes", "subprocess", "gc", "no_such_module",
                                    "capcompiler", "guards", "builtins.x"])  # fmt: skip
def test_a_module_that_carries_authority_or_is_unknown_is_an_import_error(
    module: str, optimize: bool
) -> None:
    source = f"try:\n    import {module}\nexcept ImportError as e:\n    text = str(e)\n"
    assert module.partition(".")[0] in run(source, optimize=optimize)["text"]


def test_the_package_does_not_pull_in_the_world() -> None:
    """Importing it starts no threads and imports no network module."""
    code = (
        "import sys, threading, capcompiler; "
        "assert threading.active_count() == 1; "
        "print([m for m in ('socket', 'asyncio', 'multiprocessing') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("value", [Limits(), Usage(1, 2.0, 3, 4), cap_compile("x = 1"), *check("x = ")])
def test_values_of_the_contract_pickle(value: Any) -> None:
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    assert again == value or again.digest == value.digest


def test_the_worlds_own_names(optimize: bool) -> None:
    ns = cap_exec("a = 1\n_b = 2\n__c = 3\nfor i in (1,): pass\ndel i\nimport math\n5", {"given": 1},
                  optimize=optimize)  # fmt: skip
    assert [n for n in ns if n != "math"] == ["a"]
    assert ns.value == 5


def test_a_capability_class_can_be_granted(optimize: bool) -> None:
    class Counter(Capability):
        def up(self, n: int) -> int:
            return n + 1

    assert cap_eval("c.up(1)", {"c": Counter()}, optimize=optimize) == 2
