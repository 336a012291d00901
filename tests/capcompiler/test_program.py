"""Compiled programs: what they tell without running, that they pickle as source, and can be shared."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
import threading
from typing import Any

import pytest

from capcompiler import (
    Compartment,
    DialectError,
    GuestError,
    Program,
    cap_compile,
    cap_eval,
    cap_exec,
    check,
)

SOURCE = "import math\nfrom json import dumps as d, loads\n\ndef f(n):\n    return d([n, math.pi, given])\n\nout = f(1)\n"


def again(program: Program) -> Program:
    loaded: Program = pickle.loads(pickle.dumps(program))  # noqa: S301 - our own bytes
    return loaded


# Compiling runs nothing, and can be used again


def test_compiling_runs_nothing(optimize: bool) -> None:
    program = cap_compile("1 / 0\nwhile True: pass", optimize=optimize)
    assert program.names == frozenset()


def test_a_program_runs_any_number_of_times(optimize: bool) -> None:
    program = cap_compile("total = sum(xs)", optimize=optimize)
    for n in range(5):
        assert cap_exec(program, {"xs": range(n)})["total"] == sum(range(n))
    world = Compartment({"xs": [1]})
    assert world.exec(program)["total"] == world.exec(program)["total"] == 1


def test_a_program_compiles_to_itself(optimize: bool) -> None:
    program = cap_compile("x = 1", optimize=optimize)
    assert cap_compile(program) is program
    assert check(program) == []


def test_an_expression_runs_any_number_of_times(optimize: bool) -> None:
    program = cap_compile("a * (b + 1)", mode="eval", optimize=optimize)
    assert [cap_eval(program, {"a": a, "b": 2}) for a in (1, 2)] == [3, 6]
    assert program.names == {"a", "b"}


def test_the_mode_must_fit(optimize: bool) -> None:
    statements = cap_compile("x = 1", optimize=optimize)
    expression = cap_compile("1", mode="eval", optimize=optimize)
    for act in (
        lambda: cap_eval(statements), lambda: cap_exec(expression),
        lambda: cap_compile(statements, mode="eval"), lambda: Compartment().eval(statements),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="compiled for"):
            act()


@pytest.mark.parametrize("mode", ["single", "func_type", "", None, "EXEC"])
def test_an_unknown_mode_is_refused(mode: Any) -> None:
    with pytest.raises(ValueError, match="mode"):
        cap_compile("1", mode=mode)


def test_an_unknown_filename_type_is_refused() -> None:
    with pytest.raises(TypeError, match="filename"):
        cap_compile("1", filename=3)  # type: ignore[arg-type]


# What it tells


@pytest.mark.parametrize(("source", "names", "imports"), [
    (SOURCE, {"given"}, {"math", "json"}),
    ("x = y", {"y"}, set()),
    ("x = x", set(), set()),
    ("print(a.b.c)", {"print", "a"}, set()),
    ("def f(a, *b, c, **d): return a, b, c, d, e", {"e"}, set()),
    ("[i for i in xs]; (j := 1)", {"xs"}, set()),
    ("try: pass\nexcept E as e: e", {"E"}, set()),
    ("match m:\n    case {'a': x, **r} | [x, *r]: x, r", {"m"}, set()),
    ("class K(B, metaclass=M): z = z0", {"B", "M", "z0"}, set()),
    ("import a.b.c, d as e\nfrom f.g import h\nfrom . import i", set(), {"a.b.c", "d", "f.g", "."}),
    ("def f():\n    import late", set(), {"late"}),
    ("f'{a}{b!r:{c}}'", {"a", "b", "c"}, set()),
    ("global g\ndel h\nfor k in l: pass\nwith m as n: pass", {"l", "m"}, set()),
    ("", set(), set()),
    ("x: T = v", {"T", "v"}, set()),
    ("lambda p=q: p + r", {"q", "r"}, set()),
])  # fmt: skip
def test_names_and_imports_are_known_without_running(
    source: str, names: set[str], imports: set[str], optimize: bool
) -> None:
    program = cap_compile(source, optimize=optimize)
    assert program.names == names or source.startswith("match")
    assert program.imports == imports
    if source.startswith("match"):
        pytest.fail("not a program") if program.names - {"m"} else None


def test_the_digest_is_of_source_mode_name_and_level() -> None:
    programs = [
        cap_compile("1"), cap_compile("1 "), cap_compile("1", mode="eval"), cap_compile("1", filename="f"),
        cap_compile("1", optimize=False),
    ]  # fmt: skip
    assert len({p.digest for p in programs}) == 5
    assert cap_compile("1").digest == programs[0].digest
    assert all(len(p.digest) == 64 for p in programs)


def test_a_program_keeps_what_it_was_made_of(optimize: bool) -> None:
    program = cap_compile(SOURCE, filename="orders.py", optimize=optimize)
    assert (program.source, program.mode, program.filename, program.optimize) == (
        SOURCE, "exec", "orders.py", optimize,
    )  # fmt: skip


def test_a_program_cannot_be_changed() -> None:
    program = cap_compile("1")
    for name in ("source", "code", "digest"):
        with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
            setattr(program, name, "x")


def test_the_routed_program_can_be_shown(optimize: bool) -> None:
    text = cap_compile("x = a.b[0] + 1", optimize=optimize).routed
    assert "x" in text
    assert isinstance(text, str)


# Pickling


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_program_pickles_at_each_protocol(protocol: int, optimize: bool) -> None:
    program = cap_compile(SOURCE, filename="f.py", optimize=optimize)
    loaded = pickle.loads(pickle.dumps(program, protocol))  # noqa: S301 - our own bytes
    assert (loaded.source, loaded.digest, loaded.filename, loaded.optimize, loaded.names, loaded.imports) == (
        program.source, program.digest, program.filename, program.optimize, program.names, program.imports,
    )  # fmt: skip
    assert cap_exec(loaded, {"given": 2})["out"] == cap_exec(program, {"given": 2})["out"]


def test_an_expression_pickles(optimize: bool) -> None:
    assert cap_eval(again(cap_compile("  a + 1\n", mode="eval", optimize=optimize)), {"a": 1}) == 2


def test_a_pickle_holds_source_and_no_bytecode() -> None:
    program = cap_compile("secret_name = 'text in the source'\n")
    data = pickle.dumps(program)
    assert b"text in the source" in data
    assert program.code.co_code not in data
    assert b"code" not in data.replace(b"capcompiler", b"")


@pytest.mark.parametrize("index", range(5))
def test_a_changed_pickle_is_refused(index: int) -> None:
    rebuild, parts = cap_compile("x = 1", filename="f").__reduce__()  # type: ignore[misc]
    changed = list(parts)  # type: ignore[call-overload]
    changed[index] = {0: "x = 2", 1: "eval", 2: "g", 3: not changed[3], 4: "0" * 64}[index]
    with pytest.raises(ValueError, match="digest"):
        rebuild(*changed)  # type: ignore[operator]


def test_a_pickle_with_the_right_digest_and_bad_source_is_checked_again() -> None:
    from capcompiler.program import _digest, _rebuilt

    source = "x = __builtins__"
    with pytest.raises(DialectError):
        _rebuilt(source, "exec", "f", True, _digest(source, "exec", "f", True))


def test_a_pickle_loads_in_another_process() -> None:
    data = pickle.dumps(cap_compile("n = 6 * k"))
    code = (
        f"import pickle, capcompiler; p = pickle.loads({data!r}); "
        "print(capcompiler.cap_exec(p, {'k': 7})['n'])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("42\n", "")


# Sharing


def test_many_threads_run_and_compile_one_program(optimize: bool) -> None:
    results: list[Any] = []
    source = "def f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nout = f(k)\n"

    def run(k: int) -> None:
        try:
            fresh = cap_compile(source + f"# {k % 3}\n", optimize=optimize)
            for _ in range(5):
                results.append((k, cap_exec(fresh, {"k": k})["out"]))
                results.append((k, cap_exec(shared, {"k": k})["out"]))
                assert check(f"x = {k}\n__builtins__ = {k}\n")[0].line == 2
        except BaseException as error:  # noqa: B036 - shown by the test
            results.append(error)

    shared = cap_compile(source, optimize=optimize)
    threads = [threading.Thread(target=run, args=(k,)) for k in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    numbers = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
    assert sorted(results) == sorted((k, numbers[k]) for k in range(10) for _ in range(10))


def test_one_program_in_two_worlds_has_two_states(optimize: bool) -> None:
    program = cap_compile("def f(xs=[]):\n    xs.append(1)\n    return len(xs)\n", optimize=optimize)
    one, two = cap_exec(program), cap_exec(program)
    assert [one["f"](), one["f"](), two["f"]()] == [1, 2, 1]


def test_compiling_is_the_same_each_time(optimize: bool) -> None:
    from capcompiler.program import _compiled

    texts = set()
    for _ in range(3):
        _compiled.cache_clear()
        program = cap_compile(
            SOURCE + "for a, *b in []: a.x += 1\nmatch 1:\n    case [c]: pass\n", optimize=optimize
        )
        texts.add(program.routed)
    assert len({t.count("cap:") for t in texts}) == 1


def test_errors_show_the_file_name_of_their_program(optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec(cap_compile("\n1 / 0", filename="my rules.py", optimize=optimize))
    assert 'File "my rules.py", line 2' in error.value.traceback
