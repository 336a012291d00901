"""Errors: all violations at once with their exact place, and what a host is told of a guest's errors."""

from __future__ import annotations

import json
import pickle
import re
import sys
from typing import Any

import pytest

from capcompiler import (
    CapabilityError,
    CapError,
    Compartment,
    DialectError,
    GuestError,
    Violation,
    cap_compile,
    cap_exec,
    check,
)

# Violations

#: A source in which each line, but for those before `|`, is one violation at the marked span.
SPANS = [
    ("x = __builtins__", 1, 4, 16),
    ("abc, __builtins__ = 1, 2", 1, 5, 17),
    ("größe = 'ä'; __builtins__", 1, 13, 25),
    ("if 1:\n\t__builtins__ = 2", 2, 1, 13),
    ("if 1:\n    f(a,\n      __builtins__)", 3, 6, 18),
    ("'😀😀' + __builtins__", 1, 7, 19),
    ("f(\n\n  __builtins__\n)", 3, 2, 14),
    ("__ｂuiltins__", 1, 0, 12),
]


@pytest.mark.parametrize(("source", "line", "column", "end"), SPANS)
def test_the_span_is_exact(source: str, line: int, column: int, end: int) -> None:
    (v,) = check(source)
    assert (v.line, v.column, v.end_line, v.end_column) == (line, column, line, end)
    assert v.text == source.splitlines()[line - 1]
    assert v.code == "CAP120"
    assert "__builtins__" in v.message
    assert v.replacement


@pytest.mark.parametrize(("source", "line", "column", "end"), SPANS)
def test_the_caret_stands_under_the_span(source: str, line: int, column: int, end: int) -> None:
    (v,) = check(source)
    shown, carets = v.caret().splitlines()
    assert len(shown) == len(v.text) + 4
    assert carets == " " * (4 + column) + "^" * (end - column)


def test_all_violations_are_told_in_order() -> None:
    source = (
        "a = __builtins__\n"
        "def f(__builtins__):\n"
        "    return a + __builtins__ + __builtins__\n"
        "class K:\n"
        "    import __builtins__\n"
        "try: pass\n"
        "except E as __builtins__: pass\n"
    )
    found = check(source, filename="rules.py")
    assert [v.line for v in found] == [1, 2, 3, 3, 5, 7]
    assert all(v.filename == "rules.py" for v in found)
    assert found == sorted(found, key=lambda v: (v.line, v.column))
    with pytest.raises(DialectError) as error:
        cap_compile(source, filename="rules.py")
    assert list(error.value.violations) == found
    text = str(error.value)
    assert text.count("CAP120") == 6
    assert [int(n) for n in re.findall(r"rules\.py:(\d+):", text)] == [1, 2, 3, 3, 5, 7]


def test_a_hundred_violations_are_a_hundred() -> None:
    assert len(check("__builtins__\n" * 100)) == 100


def test_a_dialect_error_is_a_syntax_error_with_the_first_place() -> None:
    with pytest.raises(SyntaxError) as error:
        cap_exec("x = 1\ny = __builtins__\n", filename="f.py")
    assert isinstance(error.value, CapError)
    assert (error.value.filename, error.value.lineno, error.value.offset) == ("f.py", 2, 5)
    assert (error.value.end_lineno, error.value.end_offset) == (2, 17)
    assert error.value.text == "y = __builtins__"


def test_pythons_own_complaint_has_its_place() -> None:
    (v,) = check("x = 1\ny = = 2\n")
    assert (v.code, v.line, v.column) == ("CAP100", 2, 4)
    assert "invalid syntax" in v.message
    assert v.caret().splitlines()[1].index("^") == 4 + 4


def test_a_violation_reads_like_this() -> None:
    (v,) = check("x = __builtins__")
    assert str(v).splitlines()[0].startswith("<guest>:1:5: CAP120 the name `__builtins__` is reserved")
    assert str(v).splitlines()[1:3] == ["    x = __builtins__", "        " + "^" * 12]
    assert str(v).splitlines()[3].startswith("    instead: ")


def test_control_characters_in_a_source_are_not_printed() -> None:
    for v in check("x = '\x1b[31m\x07'; __builtins__ = 2"):
        assert "\x1b" not in str(v)
        assert "\x07" not in str(v)


def test_a_violation_is_plain_data() -> None:
    (v,) = check("x = __builtins__")
    assert Violation(**json.loads(json.dumps(v.to_dict()))) == v
    assert pickle.loads(pickle.dumps(v)) == v  # noqa: S301 - our own bytes
    with pytest.raises(AttributeError):
        v.line = 3  # type: ignore[misc]


def test_an_unknown_syntax_is_refused_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import ast

    from capcompiler import dialect
    from capcompiler.program import _compiled

    monkeypatch.setattr(dialect, "PERMITTED", dialect.PERMITTED - {ast.Assert, ast.Await})
    _compiled.cache_clear()
    found = check("x = 1\nassert x, 'y'\nasync def f():\n    return await x\n")
    _compiled.cache_clear()
    assert [(v.code, v.line) for v in found] == [("CAP110", 2), ("CAP110", 4)]
    assert "Assert" in found[0].message
    assert found[0].text[found[0].column : found[0].end_column] == "assert x, 'y'"
    assert found[1].text[found[1].column : found[1].end_column] == "await x"


# Guest errors


DEEP = """\
import json

class Own(ValueError):
    def __str__(self):
        return 'own text'

def inner(n):
    if n == 2:
        return 1 / 0
    raise Own('arg', n, [n])

def outer(n):
    x = [inner(y)
         for y in (n,)]
    return x
"""


@pytest.fixture
def world(optimize: bool) -> Compartment:
    made = Compartment()
    made.exec(DEEP, filename="deep.py", optimize=optimize)
    return made


def test_a_traceback_shows_the_guests_lines(world: Compartment, optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        world.exec("a = 1\nouter(2)", filename="main.py", optimize=optimize)
    lines = error.value.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1:5] == [
        '  File "main.py", line 2, in <module>', "    outer(2)",
        '  File "deep.py", line 13, in outer', "    x = [inner(y)",
    ]  # fmt: skip
    assert lines[-3:] == [
        '  File "deep.py", line 9, in inner', "    return 1 / 0", "ZeroDivisionError: division by zero",
    ]  # fmt: skip
    assert error.value.exc_type == "ZeroDivisionError"
    assert error.value.message == "division by zero"
    assert isinstance(error.value.exception, ZeroDivisionError)
    assert str(error.value) == "ZeroDivisionError: division by zero"


def test_no_host_path_or_frame_is_in_it(world: Compartment, optimize: bool) -> None:
    def host() -> None:
        world.call("outer", 2)

    world.grant("host", host)
    for source in ("host()", "outer(2)", "sorted([2, 1], key=outer)", "[].nothing", "json.dumps(json)", "len()",
                   "import nothing", "max(map(outer, [2]))", "exec('1 / 0')", "str.format('{0.x}', 1)"):  # fmt: skip
        with pytest.raises(GuestError) as error:
            world.exec(source, optimize=optimize)
        text = error.value.traceback + str(error.value.frames)
        shown = text.replace("1 / 0", "").replace("1/0", "")
        for name in ("lib/json/", "facet/_plain_json"):  # what modules of the library are called
            shown = shown.replace(name, "")
        for hidden in (
            "capcompiler",
            "guards",
            "/",
            "site-packages",
            "test_errors",
            "cap:",
            "_realm",
            "\x1f",
        ):
            assert hidden not in shown, (
                source,
                hidden,
            )
        assert error.value.__cause__ is None
        assert error.value.__traceback__ is not None
        library = ("lib/json/encoder.py", "facet/_plain_json.py")
        names = {f.name for f in error.value.frames if f.filename not in library} - {"dumps"}
        assert names <= {"<module>", "outer", "inner", "<listcomp>", "outer.<locals>.<listcomp>"}, names


def test_an_error_of_the_guests_own_class(world: Compartment, optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        world.exec("outer(3)", optimize=optimize)
    assert error.value.exc_type == "Own"
    assert error.value.message == "own text"
    assert type(error.value.exception) is ValueError


@pytest.mark.parametrize(("source", "kind", "args"), [
    ("raise ValueError('a', 1, 2.5, None, b'x', True)", ValueError, ("a", 1, 2.5, None, b"x", True)),
    ("raise KeyError('k')", KeyError, ("k",)),
    ("{}['k']", KeyError, ("k",)),
    ("raise ValueError", ValueError, ()),
    ("raise OSError(2, 'gone')", FileNotFoundError, (2, "gone")),
    ("raise StopIteration(3)", StopIteration, (3,)),
    ("raise SystemExit(3)", SystemExit, (3,)),
    ("raise KeyboardInterrupt", KeyboardInterrupt, ()),
    ("raise GeneratorExit", GeneratorExit, ()),
    ("raise ValueError([1])", ValueError, ("[1]",)),
    ("raise BaseException('b')", BaseException, ("b",)),
    ("class E(Exception): pass\nraise E('x')", Exception, ("x",)),
    ("class E(KeyError): pass\nraise E('x')", KeyError, ("x",)),
    ("class E(BaseException): pass\nraise E('x')", BaseException, ("x",)),
    ("assert 0, 'why'", AssertionError, ("why",)),
    ("x", NameError, ("name 'x' is not defined",)),
    ("b'\\xff'.decode()", UnicodeDecodeError, None),
    ("int('x')", ValueError, ("invalid literal for int() with base 10: 'x'",)),
    ("raise UnicodeEncodeError('utf-8', 'a', 0, 1, 'r')", UnicodeEncodeError, ("utf-8", "a", 0, 1, "r")),
])  # fmt: skip
def test_a_builtin_exception_is_rebuilt_from_data(
    source: str, kind: type[BaseException], args: Any, optimize: bool
) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec(source, optimize=optimize)
    rebuilt = error.value.exception
    assert type(rebuilt) is kind
    assert args is None or rebuilt.args == args
    assert rebuilt.__cause__ is rebuilt.__context__ is None
    assert rebuilt.__traceback__ is None


@pytest.mark.parametrize("source", [
    "raise SystemExit(1)", "exit()", "quit()", "raise KeyboardInterrupt", "raise GeneratorExit",
    "class E(SystemExit): pass\nraise E", "raise BaseExceptionGroup('g', [SystemExit()])",
])  # fmt: skip
def test_no_guest_ends_its_host(source: str, optimize: bool) -> None:
    with pytest.raises(GuestError):
        cap_exec(source, optimize=optimize)


ODD_TEXTS = {
    "raises": "class E(Exception):\n    def __str__(self): raise KeyError('inner')\nraise E",
    "is no text": "class E(Exception):\n    def __str__(self): return 5\nraise E",
    "is a subclass": "class S(str):\n    def __str__(self): return 'lies'\nclass E(Exception):\n"
    "    def __str__(self): return S('text')\nraise E",
    "is long": "raise ValueError('x' * 10**6)",
    "has surrogates": "raise ValueError('\\ud800\\udfff')",
    "has controls": "raise ValueError('\\x1b[31m\\x00')",
    "turns its direction": "raise ValueError('a\\u202eb\\u2028c')",
    "is of a deep nest": "x = []\nfor _ in range(150): x = [x]\nraise ValueError(x)",
    "is of a cycle": "x = []\nx.append(x)\nraise ValueError(x)",
    "is of itself": "e = ValueError()\ne.args = (e,)\nraise e",
    "caused by itself": "e = ValueError('x')\ntry:\n    raise e from e\nexcept ValueError as f: raise f from f",
    "chain of a thousand": "e = None\nfor i in range(1000):\n    n = ValueError(i)\n    n.__context__ = e\n    e = n\nraise e",
    "group": "raise ExceptionGroup('g', [ValueError(1), ExceptionGroup('h', [TypeError(2)])])",
    "deep group": "e = ValueError(1)\nfor _ in range(200): e = ExceptionGroup('g', [e])\nraise e",
    "long class name": "raise type('E' * 100_000, (Exception,), {})",
    "odd class name": "raise type('a\\x1b b', (Exception,), {})",
    "lying name": "class M(type):\n    __name__ = 'Lies'\nclass E(Exception, metaclass=M): pass\nraise E",
    "deep recursion": "def f(): f()\ntry:\n    f()\nexcept RecursionError: pass\nraise ValueError",
    "args that lie": "class E(Exception):\n    args = property(lambda s: 1 / 0)\nraise E('x')",
    "class that lies": "class E(Exception):\n    __class__ = property(lambda s: 1 / 0)\nraise E('x')",
    "notes": "e = ValueError('x')\ne.add_note('n' * 10**5)\ne.__notes__ = 5\nraise e",
}


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_errors_with_odd_texts_are_bounded_data(name: str, optimize: bool) -> None:
    from capcompiler import LimitExceeded

    with pytest.raises((GuestError, LimitExceeded)) as error:
        cap_exec(ODD_TEXTS[name], optimize=optimize)
    text = str(error.value)
    text.encode()
    assert len(text) < 11_000
    if isinstance(error.value, GuestError):
        error.value.traceback.encode()
        assert len(error.value.traceback) < 50_000
        assert type(error.value.exc_type) is str
        assert type(error.value.message) is str
        again = pickle.loads(pickle.dumps(error.value))  # noqa: S301 - our own bytes
        assert str(again) == text


def test_a_text_that_asks_the_guest_is_asked_inside_the_turn(optimize: bool) -> None:
    seen: list[int] = []
    source = (
        "class E(Exception):\n    def __str__(self):\n        say(1)\n        return 'told'\nraise E"
    )
    with pytest.raises(GuestError, match="told") as error:
        cap_exec(source, {"say": seen.append}, optimize=optimize)
    assert seen == [1]
    str(error.value), repr(error.value), error.value.traceback
    assert seen == [1]


def test_long_tracebacks_keep_both_ends(optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec("def f(n):\n    return f(n - 1) if n else 1 / 0\nf(300)", optimize=optimize)
    assert len(error.value.frames) <= 100
    assert error.value.frames[0].name == "<module>"
    assert error.value.frames[-1].name == "f"


def test_a_multi_line_statement_shows_the_line_of_the_error(optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec("x = (1 +\n     2 /\n     0)\n", optimize=optimize)
    assert error.value.frames[-1].line in (1, 2)
    assert error.value.frames[-1].source in ("x = (1 +", "2 /")


@pytest.mark.parametrize(("source", "line"), [
    ("\n\nf()", 3), ("class K:\n    x = 1\n    y = z", 3), ("@d\ndef f(): pass", 1), ("[\n1,\nx]", 3),
    ("a = 1\na.b.c += 1", 2), ("for i in 5: pass", 1), ("x = {\n  'a': 1,\n  'b': y}", 3),
    ("with 5 as x:\n    pass", 1), ("match 1:\n    case x if 1 / 0:\n        pass", 2), ("import a", 1),
    ("f'''\n{x}'''", 2 if sys.version_info >= (3, 12) else 2), ("(a, b) = 5", 1), ("del x", 1),
    ("if 0:\n    pass\nelif x:\n    pass", 3), ("try:\n    pass\nfinally:\n    x", 4), ("assert (\n 0)", 1),
])  # fmt: skip
def test_the_line_is_the_lines_own(source: str, line: int, optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec(source, optimize=optimize)
    native = None
    try:
        exec(compile(source, "x", "exec"), {})  # noqa: S102 - ours
    except Exception as problem:
        native = problem.__traceback__.tb_next.tb_lineno  # type: ignore[union-attr]
    assert error.value.frames[-1].line in (line, native)


def test_source_of_tracebacks_comes_from_the_program_never_from_disk(optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec("1 / 0", filename=__file__, optimize=optimize)
    assert "1 / 0" in error.value.traceback
    with pytest.raises(GuestError) as error:
        cap_exec(
            "exec(compile('\\n' * 20 + '1 / 0', name, 'exec'))", {"name": __file__}, optimize=optimize
        )
    assert "import" not in error.value.traceback.replace(__file__, "")


def test_errors_pickle() -> None:
    def raised(source: str) -> CapError:
        with pytest.raises(CapError) as error:
            cap_exec(source)
        return error.value

    for source in ("1 / 0", "x = __builtins__", "open('x')", "class E(KeyError): pass\nraise E('k', [1])",
                   "raise ExceptionGroup('g', [ValueError()])", "x = = 1"):  # fmt: skip
        error = raised(source)
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert type(again) is type(error)
        assert str(again) == str(error)
        if isinstance(error, GuestError):
            assert (again.exc_type, again.message, again.frames, again.traceback) == (
                error.exc_type, error.message, error.frames, error.traceback,
            )  # fmt: skip
            assert repr(again.exception) == repr(error.exception)
        if isinstance(error, DialectError):
            assert again.violations == error.violations
            assert again.lineno == error.lineno


def test_a_capability_error_is_a_guest_error_with_frames(optimize: bool) -> None:
    with pytest.raises(CapabilityError) as error:
        cap_exec("\ndef f():\n    return open('x')\nf()", optimize=optimize)
    assert error.value.exc_type == "PermissionError"
    assert isinstance(error.value.exception, PermissionError)
    assert [f.line for f in error.value.frames] == [4, 3]
    assert "open" in error.value.message


@pytest.mark.parametrize("source", ["open('x')", "input()", "breakpoint()", "import datetime; datetime.date.today()",
                                    "import datetime; datetime.datetime.now()"])  # fmt: skip
def test_missing_authority_says_which_grant_would_supply_it(source: str, optimize: bool) -> None:
    with pytest.raises(CapabilityError, match="not granted") as error:
        cap_exec(source, optimize=optimize)
    assert "host" in error.value.message or "print" in error.value.message


def test_a_guest_error_holds_no_object_of_the_guest(optimize: bool) -> None:
    import gc

    from capcompiler.membrane.handle import Handle

    with pytest.raises(GuestError) as error:
        cap_exec("class Own(Exception): pass\nmarker = Own('x')\nraise marker", optimize=optimize)
    shown = [error.value]
    for _ in range(6):
        shown = [r for o in shown for r in gc.get_referents(o) if type(r) in (tuple, dict, list)] + [
            r for o in shown for r in gc.get_referents(o) if isinstance(r, BaseException)
        ]
        assert not any(type(o).__name__ == "Own" or isinstance(o, Handle) for o in shown)
