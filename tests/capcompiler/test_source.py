"""Bad input: whatever text comes, a `DialectError` or the right result, never a crash or a hang."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from capcompiler import (
    Compartment,
    DialectError,
    GuestError,
    LimitExceeded,
    Limits,
    cap_compile,
    cap_eval,
    cap_exec,
    check,
)

DEPTH = 5000
DEEP: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n + "1" + ")" * n,
    "lists": lambda n: "[" * n + "]" * n,
    "dicts": lambda n: "{1:" * n + "1" + "}" * n,
    "sets": lambda n: "{" * n + "1" + "}" * n,
    "tuples": lambda n: "(" * n + "1" + ",)" * n,
    "calls": lambda n: "f(" * n + ")" * n,
    "chained calls": lambda n: "f" + "()" * n,
    "attributes": lambda n: "x" + ".a" * n,
    "items": lambda n: "x" + "[0]" * n,
    "nested items": lambda n: "x[" * n + "0" + "]" * n,
    "minus": lambda n: "-" * n + "1",
    "not": lambda n: "not " * n + "1",
    "invert": lambda n: "~" * n + "1",
    "await": lambda n: "async def f():\n    " + "await " * n + "x",
    "sum": lambda n: "+".join(["1"] * n),
    "power": lambda n: "**".join(["1"] * n),
    "comparisons": lambda n: "<".join(["1"] * n),
    "and": lambda n: " and ".join(["1"] * n),
    "mixed and or": lambda n: "1 and (0 or " * n + "1" + ")" * n,
    "ternary": lambda n: "1 if 0 else " * n + "1",
    "lambda": lambda n: "lambda: " * n + "1",
    "lambda defaults": lambda n: "lambda x=" * n + "1" + ": 1" * n,
    "for clauses": lambda n: "[1" + " for i in x" * n + "]",
    "walrus": lambda n: "(a:=" * n + "1" + ")" * n,
    "f-strings of text": lambda n: "f'{" + "(" * n + "1" + ")" * n + "}'",
    "strings joined": lambda n: "'a' " * n,
    "string concatenation": lambda n: "+".join(["'a'"] * n),
    "slices": lambda n: "x[1:" * n + "]" * n,
    "starred": lambda n: "[*" * n + "x" + "]" * n,
    "yield": lambda n: "def f():\n    " + "(yield " * n + ")" * n,
    "if": lambda n: "".join(" " * i + "if 1:\n" for i in range(n)) + " " * n + "pass",
    "elif": lambda n: "if 1: pass\n" + "elif 1: pass\n" * n,
    "else if": lambda n: (
        "".join(" " * i + "if 1: pass\n" + " " * i + "else:\n" for i in range(n)) + " " * n + "pass"
    ),
    "functions": lambda n: "".join(" " * i + "def f():\n" for i in range(n)) + " " * n + "pass",
    "classes": lambda n: "".join(" " * i + "class K:\n" for i in range(n)) + " " * n + "pass",
    "with": lambda n: "".join(" " * i + "with x:\n" for i in range(n)) + " " * n + "pass",
    "with items": lambda n: "with " + ", ".join(["x"] * n) + ": pass",
    "for": lambda n: "".join(" " * i + "for a in b:\n" for i in range(n)) + " " * n + "pass",
    "while": lambda n: "".join(" " * i + "while 0:\n" for i in range(n)) + " " * n + "pass",
    "try": lambda n: (
        "".join(" " * i + "try:\n" for i in range(n))
        + " " * n
        + "pass\n"
        + "".join(" " * i + "finally: pass\n" for i in reversed(range(n)))
    ),
    "decorators": lambda n: "@f\n" * n + "def g(): pass",
    "assignments": lambda n: "a = " * n + "1",
    "targets": lambda n: "(" * n + "a," + "),"[:-1] * n + " = x",
    "patterns": lambda n: "match x:\n case " + "[" * n + "a" + "]" * n + ": pass",
    "class patterns": lambda n: "match x:\n case " + "K(" * n + ")" * n + ": pass",
    "or patterns": lambda n: "match x:\n case " + " | ".join(map(str, range(n))) + ": pass",
    "annotations": lambda n: "x: " + "a[" * n + "b" + "]" * n,
    "raise from": lambda n: "raise " + "(" * n + "x" + ")" * n + " from x",
    "backslashes": lambda n: "x = \\\n" * n + "1",
    "unclosed": lambda n: "(" * n,
    "only closed": lambda n: ")" * n,
    "unclosed lists": lambda n: "[" * n,
    "mixed brackets": lambda n: "([{" * n,
    "import dots": lambda n: "import " + ".".join(["a"] * n),
    "relative dots": lambda n: "from " + "." * n + " import x",
    "global names": lambda n: "global " + ", ".join(f"a{i}" for i in range(n)),
    "arguments": lambda n: "def f(" + ", ".join(f"a{i}" for i in range(n)) + "): pass",
    "positional": lambda n: "f(" + ", ".join(["1"] * n) + ")",
    "statements": lambda n: "a = 1\n" * n,
    "semicolons": lambda n: "1;" * n,
}
OUTCOMES = (GuestError, LimitExceeded)


@pytest.mark.parametrize("depth", [95, 190, 390, DEPTH])
@pytest.mark.parametrize("name", DEEP)
def test_hundreds_and_thousands_of_levels(name: str, depth: int, optimize: bool) -> None:
    source = DEEP[name](depth)
    started = time.process_time()
    limit = sys.getrecursionlimit()
    found = check(source)
    try:
        cap_exec(
            source, {"x": 1, "f": len}, limits=Limits(steps=100_000, memory=2**26), optimize=optimize
        )
    except DialectError as error:
        assert list(error.violations) == found
        assert found
        assert all(v.code.startswith("CAP") and v.message for v in found)
        str(error)
    except OUTCOMES:
        assert found == []
    else:
        assert found == []
    assert sys.getrecursionlimit() == limit
    assert time.process_time() - started < 20  # not what doubles at each level; a busy machine takes 5


@pytest.mark.parametrize("name", DEEP)
def test_thirty_levels_are_ordinary(name: str, optimize: bool) -> None:
    """What plain Python compiles at a depth that people write, compiles here."""
    source = DEEP[name](18 if name in ("for", "while", "try", "with") else 30)
    try:
        compile(source, "x", "exec")
        ordinary = True
    except SyntaxError:
        ordinary = False
    assert (check(source) == []) is ordinary
    if ordinary:
        cap_compile(source, optimize=optimize)


#: Comprehensions inside one another: CPython 3.12 and 3.13 put them into one function, and their
#: compiler ends the process with a segmentation fault from some twenty levels on.
INLINED = {
    "lists": "'[' * n + '1' + ' for i in x]' * n",
    "sets": "'{' * n + '1' + ' for i in x}' * n",
    "dicts": "'{1: ' * n + '1' + ' for i in x}' * n",
    "conditions": "'[1 for i in x if ' * n + '1' + ']' * n",
    "in a function": "'def f():\\n return ' + '[' * n + '1' + ' for i in x]' * n",
    "in a class": "'class K:\\n y = ' + '[' * n + '1' + ' for i in x]' * n",
    "by turns": "'[{' * n + '1' + ' for i in x} for j in x]' * n",
    "in a loop": "'for a in x:\\n while a:\\n  ' + '[' * n + '1' + ' for i in x]' * n",
    "by the guest's own compile": '\'exec("[" * %d + "1" + " for i in x]" * %d)\' % (n, n)',
}


@pytest.mark.parametrize("name", INLINED)
def test_nested_comprehensions_do_not_crash_the_host(name: str) -> None:
    code = (
        "import contextlib, capcompiler\n"
        "for n in (10, 19, 20, 21, 22, 23, 24, 30, 60, 120, 190, 390, 1000):\n"
        "    with contextlib.suppress(capcompiler.CapError):\n"
        f"        capcompiler.cap_exec({INLINED[name]}, {{'x': []}})\n"
        "print('alive')\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-500:]


def test_a_host_that_is_deep_itself_gets_an_answer(optimize: bool) -> None:
    def deep(n: int) -> Any:
        if n:
            return deep(n - 1)
        return cap_eval("+".join(["1"] * 300), optimize=optimize)

    assert deep(700) == 300


# Size


@pytest.mark.parametrize("unit", ["a = 1\n", "#" * 99 + "\n", "x", "\n", " ", "(", "'", "é", "a,", "1+"])
def test_ten_megabytes_are_refused_in_time(unit: str) -> None:
    source = unit * (10 * 2**20 // len(unit))
    started = time.process_time()
    (violation,) = check(source)
    assert "CAP101" in str(violation)
    assert "10,48" in violation.message or "," in violation.message
    with pytest.raises(DialectError):
        cap_exec(source)
    with pytest.raises(DialectError):
        cap_exec(source.encode())
    assert time.process_time() - started < 2
    assert len(str(violation)) < 1000


@pytest.mark.parametrize("source", ["a = 1\n" * 20_000, "# x\n" * 100_000, "x = '" + "a" * 500_000 + "'",
                                    "x = [" + "1, " * 100_000 + "]"], ids=lambda s: s[:8])  # fmt: skip
def test_large_programs_within_the_bound_run(source: str) -> None:
    started = time.process_time()
    assert check(source) == []
    cap_exec(source)
    assert time.process_time() - started < 10


# Nothing, and nearly nothing


@pytest.mark.parametrize("source", ["", " ", "\n", "\n\n\n", "# only", "\t", "\f", "\r\n", "pass", "'doc'", ";"[:0],
                                    "\ufeff", "\\\n", "   \n\t\n", b"", b"\xef\xbb\xbf", b"# coding: latin-1\n"])  # fmt: skip
def test_nothing_is_a_program(source: str | bytes, optimize: bool) -> None:
    try:
        compile(source, "x", "exec")
    except SyntaxError:
        assert check(source)
        return
    ns = cap_exec(source, optimize=optimize)
    assert len(ns) == 0
    assert ns.output == ""
    assert check(source) == []


# Characters

BAD_TEXT = {
    "NUL": "x = 1\0",
    "NUL in a string": "x = 'a\0b'",
    "NUL in a comment": "# \0\nx = 1",
    "NUL alone": "\0",
    "NUL in bytes": b"x = 1\0\n",
    "surrogate": "x = '\ud800'",
    "surrogate name": "\udcff = 1",
    "surrogate comment": "# \udfff",
    "surrogate pair apart": "x = '\ud83d' '\ude00'",
    "bad utf-8": b"x = '\xff\xfe'",
    "cut utf-8": b"x = '\xc3",
    "overlong": b"x = '\xc0\x80'",
    "utf-16": "x = 1".encode("utf-16"),
    "utf-32": "x = 1".encode("utf-32"),
    "unknown coding": b"# coding: no-such\nx = 1",
    "coding that is no text": b"# coding: zip\nx = 1",
    "hex coding": b"# coding: hex\n78",
    "coding that disagrees": b"\xef\xbb\xbf# coding: latin-1\nx = 1",
    "undefined coding": b"# -*- coding: undefined -*-\nx = 1",
    "rot13": b"# coding: rot13\nk = 1",
    "coding with NUL": b"# coding: \0\nx = 1",
    "ascii that is not": b"# coding: ascii\nx = '\xe9'",
}


@pytest.mark.parametrize("name", BAD_TEXT)
def test_what_is_no_text_is_refused_with_a_place(name: str, optimize: bool) -> None:
    source = BAD_TEXT[name]
    found = check(source)
    assert found
    assert found[0].line >= 1
    assert found[0].message
    str(found[0]).encode()  # can be printed
    for act in (cap_exec, cap_eval, cap_compile):
        with pytest.raises(DialectError) as error:
            act(source, optimize=optimize)  # type: ignore[operator]
        str(error.value).encode()
    assert check(source, filename="näme \ud800") or True


def test_the_line_of_a_nul_is_told() -> None:
    (violation,) = check("a = 1\nb = 2\nc = '\0'\n")
    assert violation.line == 3
    (violation,) = check("a = 1\nb = '\udc80'\n")
    assert violation.line == 2


@pytest.mark.parametrize(("source", "value"), [
    (b"# coding: latin-1\nx = '\xe9'", "é"),
    (b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\nx = '\x80'", "€"),
    ("x = 'é'".encode(), "é"),
    (b"\xef\xbb\xbfx = '\xc3\xa9'", "é"),
    (b"\xef\xbb\xbf# coding: utf-8\nx = 'a'", "a"),
    (b"# vim: set fileencoding=iso-8859-15 :\nx = '\xa4'", "€"),
    (bytearray(b"x = 'a'"), "a"),
    ("# coding: latin-1\nx = 'é'", "é"),
    ("x = '\\0\\ud800'[0]", "\0"),
    ("größe = 'ß'; x = größe", "ß"),
    ("ﬁ = 1; x = str(fi)", "1"),
    ("x = 'a'\r\ny = 1\r\n", "a"),
    ("x = 'a'\ry = 1", "a"),
    ("x = '''a\r\nb'''", "a\nb"),
    ("x = 'a'\f\ny = 1", "a"),
    ("x = (\n'a'\n)", "a"),
])  # fmt: skip
def test_text_in_its_declared_encoding_runs(source: Any, value: str, optimize: bool) -> None:
    assert cap_exec(source, optimize=optimize)["x"] == value
    assert check(source) == []


@pytest.mark.parametrize("source", [
    "if 1:\n\tx = 1\n        y = 2", "if 1:\n        x = 1\n\ty = 2", "if 1:\n  x = 1\n y = 2", "  x = 1", "\tx = 1",
    "if 1:\nx = 1", "def f():\n\treturn 1\n   \tx", "class K:\n    pass\n  pass",
])  # fmt: skip
def test_mixed_tabs_and_wrong_indents_are_refused_as_python_does(source: str) -> None:
    with pytest.raises(SyntaxError):
        compile(source, "x", "exec")
    (violation,) = check(source)
    assert violation.code == "CAP100"


def test_tabs_that_agree_run(optimize: bool) -> None:
    assert cap_exec("if 1:\n\tx = 1\n\tif x:\n\t\ty = 2\n", optimize=optimize)["y"] == 2


# Not text at all


@pytest.mark.parametrize("source", [None, 1, 1.5, True, [], ["x = 1"], {}, object(), memoryview(b"1"), print,
                                    compile("1", "x", "exec"), type, Compartment, ("x",), iter("x = 1")],
                         ids=lambda v: type(v).__name__)  # fmt: skip
def test_what_is_not_text_is_refused(source: Any) -> None:
    (violation,) = check(source)
    assert violation.code == "CAP103"
    assert type(source).__name__ in violation.message
    for act in (cap_exec, cap_eval, cap_compile, Compartment().exec, Compartment().eval):
        with pytest.raises(DialectError):
            act(source)


def test_a_subclass_of_text_is_read_as_the_text_it_is(optimize: bool) -> None:
    class Lies(str):
        def __str__(self) -> str:
            return "y = 2"

        def splitlines(self, *_a: Any) -> Any:
            raise AssertionError

        encode = strip = count = __contains__ = splitlines  # type: ignore[assignment]

    assert cap_exec(Lies("x = 1"), optimize=optimize)["x"] == 1


WRONG = ["x =", "def f(:", "1 +", "'", '"""', "f'{", "f'{}'", "f'{a b}'", "a b", "x = = 1", "if", "for x", "lambda",
         "import", "from x import", "class", "return", "yield 1", "break", "continue", "nonlocal x",
         "def f(a, a): pass", "f(a=1, a=2)", "f(**k, *a)", "1 = x", "f() = 1", "del f()", "x: int: str", "a +== b",
         "*a", "*a = b", "(*a)", *([] if sys.version_info >= (3, 15) else ["{**a for a in b}"]), "print 'x'", "exec 'x'", "0777", "1__0", "0xg", "1_", "1e", "$", "?",
         "a ? b : c", "x++ +", "@", "else:", "except: pass", "try: pass", "with: pass", "async x", "async def f", "match x:",
         "match x:\n case a: pass\n case b: pass", "match x:\n case [a, a]: pass", "def f():\n global x\n nonlocal x",
         "def f():\n x = 1\n global x", "def f(x): global x", "from __future__ import nope", "from __future__ import braces",
         "def f(): from m import *", "'\\x'", "'\\N{no such name}'", "b'é'", "'\\u12'", "None = 1", "True += 1",
         "__debug__ = 1", "f(x for x in y, 1)", "(x for x in y) = 1", "x = yield",
         "def f(**k, a): pass", "def f(a=1, b): pass", "lambda a=1, b: 0", "def f(/): pass", "def f(*): pass", "(a, b): int",
         "with open() as 1: pass", "for 1 in x: pass", "import a as b.c", "a.1", "x[", "x[]", "x[1:2:3:4]", "\\", "\\ x",
         "try: pass\nexcept* E: pass\nexcept F: pass", "while True: pass else", "(a := 1) = 2", "a := 1", "return\n1"]  # fmt: skip


@pytest.mark.parametrize("source", WRONG)
def test_what_python_refuses_is_refused_with_a_place(source: str, optimize: bool) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "x", "exec")
    found = check(source)
    assert found
    assert all(v.line >= 1 and v.column >= 0 and v.message and v.code.startswith("CAP1") for v in found)
    with pytest.raises(DialectError) as error:
        cap_exec(source, optimize=optimize)
    assert error.value.lineno == found[0].line
    assert list(error.value.violations) == found


@pytest.mark.parametrize(
    "source", ["'\\d'", "1 is 1", "assert (1, 'x')", "(1)(2) if 0 else 0", "0x1for x in []" + "; x"]
)
def test_warnings_of_the_compiler_are_not_the_hosts(source: str, optimize: bool) -> None:
    """Warnings are errors in this suite."""
    import contextlib

    with contextlib.suppress(DialectError, GuestError):
        cap_exec(source, optimize=optimize)
    check(source)


def test_bad_source_runs_nothing(optimize: bool) -> None:
    seen: list[int] = []
    for source in ("say(1)\nx = = 1", "say(1)\n__builtins__", "say(1)\n" + "(" * 5000):
        with pytest.raises(DialectError):
            cap_exec(source, {"say": seen.append}, optimize=optimize)
    assert seen == []


@pytest.mark.parametrize(
    "source", ["x = = 1", "(" * 3000, "x = '\0'", "__builtins__", "-" * 3000 + "1", "return"]
)
@pytest.mark.parametrize("call", ["exec", "eval", "compile"])
def test_a_guests_own_bad_source_is_its_own_syntax_error(source: str, call: str, optimize: bool) -> None:
    extra = ", '<x>', 'exec'" if call == "compile" else ""
    program = f"try:\n    {call}(source{extra})\nexcept (SyntaxError, ValueError, MemoryError, RecursionError) as e:\n    out = str(e)\n"
    out = cap_exec(program, {"source": source}, optimize=optimize)["out"]
    assert "/" not in out.replace("</", "")
    assert len(out) < 500


def test_compiling_keeps_nothing_of_who_asked() -> None:
    """A frame in a cycle keeps all those beneath it until the collector runs."""
    gc.collect()
    gc.disable()
    try:
        for n in range(3):
            cap_compile(f"kept_nothing = {n}")
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [x for x in gc.garbage if isinstance(x, FrameType)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
