"""Every program that RestrictedPython's documented setup runs gives the same result here.

The setup is that of its documentation (docs/usage: "Necessary setup", "Implementing a policy"):
`compile_restricted`, a builtins dictionary made of `safe_builtins`, `limited_builtins` and
`utility_builtins`, extended with the builtins that hosts add, and the guards that the package ships.
"""

from __future__ import annotations

import builtins
import operator
import random
import string
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume
from properties.outcome import DATA, Outcome, each, guest, parts, plain
from properties.strategies import expressions, programs
from RestrictedPython import (
    compile_restricted,
    compile_restricted_eval,
    compile_restricted_function,
    limited_builtins,
    safe_builtins,
    utility_builtins,
)
from RestrictedPython.Eval import (
    RestrictionCapableEval,
    default_guarded_getitem,
    default_guarded_getiter,
)
from RestrictedPython.Guards import (
    full_write_guard,
    guarded_iter_unpack_sequence,
    guarded_unpack_sequence,
    safer_getattr,
    safer_getattr_raise,
)
from RestrictedPython.PrintCollector import PrintCollector

from capcompiler import Compartment, DialectError, GuestError, cap_compile, cap_eval, cap_exec

#: Builtins that no predefined set has, and that hosts add (AccessControl.ZopeGuards adds them all).
ADDED = """
all any dict enumerate filter frozenset list map max min reversed set sorted sum tuple zip
""".split()

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
    "%=": operator.imod, "**=": operator.ipow, "<<=": operator.ilshift, ">>=": operator.irshift,
    "|=": operator.ior, "^=": operator.ixor, "&=": operator.iand, "//=": operator.ifloordiv,
    "@=": operator.imatmul,
}  # fmt: skip


def metaclass(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    """Classes whose instances the program may write to, as the package's own tests make them."""
    made = type(name, bases, namespace)
    made._guarded_writes = True  # type: ignore[attr-defined]
    return made


class Printed:
    """A `_print_` factory whose handlers all collect in one place."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def __call__(self, getattr_: Any = None) -> PrintCollector:
        collector = PrintCollector(getattr_)  # type: ignore[no-untyped-call]
        collector.txt = self.parts
        return collector


def setup(extra: dict[str, Any] | None = None, **guards: Any) -> dict[str, Any]:
    """The globals of the documented setup."""
    allowed = {**safe_builtins, **{n: getattr(builtins, n) for n in ADDED}}
    return {
        "__builtins__": allowed,
        "__metaclass__": metaclass,
        "__name__": "restricted",
        "_getattr_": safer_getattr_raise,
        "_getitem_": default_guarded_getitem,
        "_getiter_": default_guarded_getiter,
        "_iter_unpack_sequence_": guarded_iter_unpack_sequence,
        "_unpack_sequence_": guarded_unpack_sequence,
        "_write_": full_write_guard,
        "_inplacevar_": lambda op, x, y: OPERATORS[op](x, y),
        "_apply_": lambda f, *args, **kwargs: f(*args, **kwargs),
        **guards,
        **(extra or {}),
    }


def restricted(source: str, extra: dict[str, Any] | None = None, **guards: Any) -> Outcome:
    """What RestrictedPython makes of a program. Raises SyntaxError where its policy refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile_restricted(source, "<guest>", "exec")
    printed = Printed()
    names = setup(extra, _print_=printed, **guards)
    given_names = set(names)
    try:
        exec(code, names)  # noqa: S102 - the programs are our own
    except Exception as error:
        return Outcome(None, "".join(printed.parts), (type(error).__name__, ""))
    public = {n: plain(v) for n, v in names.items() if n not in given_names and n[:1] != "_"}
    return Outcome(public, "".join(printed.parts))


def without_text(outcome: Outcome) -> Outcome:
    """An outcome without the error's text, which RestrictedPython's guards word in their own way."""
    error = outcome.error and (outcome.error[0], "")
    return Outcome(outcome.names, outcome.output, error)


# The documented examples


DOCUMENTED = {
    "README: an unproblematic example": (
        "def example():\n    return 'Hello World!'\nresult = example()\n"
    ),
    "basic usage": "def do_something():\n    pass\nresult = do_something()\n",
    "print": 'print("Hello World!")\n',
    "a function of the policy page": (
        "class X:\n    def __init__(self): self.foo = 1\n    def get(self, i): return [4][i]\n"
        "def f(x):\n    x.foo = x.foo + x.get(0)\n    print(x.foo)\n    return x.foo\nresult = f(X())\n"
    ),
    "iteration": (
        "result = []\nfor a, (b, c) in [(1, (2, 3)), (4, (5, 6))]:\n    result.append(a + b * c)\n"
    ),
    "comprehensions": (
        "l = [x * x for x in range(5) if x % 2]\nd = {k: v for k, v in zip('ab', [1, 2])}\n"
        "s = {x for x in (1, 1, 2)}\ng = sum(a + b for a, b in [(1, 2), (3, 4)])\n"
    ),
    "unpacking": "a, (b, *c) = 1, (2, 3, 4)\n(d, e), f = 'xy', 'z'\n",
    "unpacking parameters": (
        "f = lambda a, b=2, *c, d=3, **e: (a, b, c, d, len(e))\nresult = f(1, d=4, z=1)\n"
    ),
    "calls with stars": (
        "def f(*a, **k):\n    return a, sorted(k)\n"
        "result = f(*[1, 2], **{'x': 1, 'y': 2})\n"
    ),
    "in place": (
        "a = 1\na += 2\na -= 1\na *= 7\na **= 2\na //= 3\na %= 50\na <<= 2\na >>= 1\na |= 1\na ^= 3\n"
        "a &= 127\nb = 6\nb /= 4\nc = [1]\nd = c\nc += (2,)\n"
    ),
    "items": (
        "d = {'a': [1, 2]}\nd['b'] = d['a'][0]\ndel d['a'][0]\nd['a'][0:1] = [7, 8]\n"
        "x = d['a'][::-1]\n"
    ),
    "writing where it is not allowed": "x = 'abc'\nx[0] = 'd'\n",
    "classes": (
        "class Base:\n    shared = 3\n    def __init__(self, n): self.n = n\n"
        "    def double(self): return self.n * 2\n"
        "    def __eq__(self, other): return self.n == other.n\n"
        "    def __lt__(self, other): return self.n < other.n\n"
        "    def __contains__(self, item): return item == self.n\n"
        "class Derived(Base):\n    def double(self): return Base.double(self) + self.shared\n"
        "a = Derived(4).double()\nb = Derived(1) == Base(1)\nc = 5 in Base(5)\n"
        "d = [k.n for k in sorted([Base(3), Derived(1), Base(2)])]\n"
        "o = Base(1)\no.n = 9\no.new = 1\ndel o.new\ne = (o.n, o.double())\n"
    ),
    "missing attribute": "class K:\n    pass\nK().nothing\n",
    "try": (
        "r = []\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    r.append('zero')\nelse:\n"
        "    r.append('else')\n"
        "finally:\n    r.append('finally')\n"
        "try:\n    raise ValueError('x')\nexcept (KeyError, ValueError) as e:\n    r.append(str(e))\n"
    ),
    "assert": "assert 1 == 2, 'no'\n",
    "while, break, continue": (
        "n = 0\nout = []\nwhile True:\n    n = n + 1\n    if n % 2:\n        continue\n"
        "    if n > 6:\n        break\n"
        "    out.append(n)\nelse:\n    out.append('never')\n"
    ),
    "global": "n = 1\ndef f():\n    global n\n    n = n + 1\nf()\nf()\n",
    "closures": "def f(a):\n    def g(b):\n        return a + b\n    return g\nresult = f(1)(2)\n",
    "generators": "def g(n):\n    for i in range(n):\n        yield i\nresult = list(g(3))\n",
    "strings": (
        "name = 'x'\nf = f'{name!r:>5}|{1 + 1:03d}'\np = '%s=%d' % (name, 3)\n"
        "u = 'Straße'.upper().split('S')\n"
    ),
    "conditional": (
        "x = 5\nr = 'big' if x > 3 and not x == 4 or x < 0 else 'small'\n"
        "q = 1 < x <= 5 != 6\n"
    ),
    "lambda": "f = lambda x: x + 1\nr = f(1)\ng = (lambda *a: len(a))(1, 2)\n",
    "walrus": "if (n := 3) > 2:\n    r = n\n",
    "bool and bit operators": (
        "r = (1 | 6, 7 & 3, 5 ^ 1, ~4, 1 << 5, 32 >> 2, not 1, 2 ** 10, 7 // 2, -7 % 3)\n"
    ),
    "builtins": (
        "r = [abs(-1), bool(''), callable(len), chr(65), complex(1, 2), divmod(7, 3),"
        " float('1.5'), hex(255),"
        " int('7'), isinstance(1, int), issubclass(bool, int), len('ab'), oct(8), ord('A'), pow(2, 5),"
        " list(range(3)), repr('a'), round(2.567, 2), str(1), 'abc'[slice(1, 2)], max(1, 2),"
        " min([3, 4]),"
        " sorted([2, 1]), sum([1, 2]), any([0, 1]), all([]), list(zip('ab', 'cd')), hash(7)]\n"
    ),
    "an undefined name": "def f():\n    return nothing\nf()\n",
    "reading a key that is not there": "{'a': 1}['b']\n",
    "deleting": "a = 1\ndel a\nb = [1, 2]\ndel b[0]\n",
    "slices of anything": "r = ('abcdef'[1:5:2], [1, 2, 3][-2:], (1, 2)[::-1], range(9)[2:4])\n",
    "docstrings": "'module'\ndef f():\n    'function'\n    return 1\nr = f()\n",
    "annotated parameters": "def f(a: int, b: str = 'x') -> int:\n    return a\nr = f(1)\n",
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTED)
@pytest.mark.parametrize("optimize", [True, False])
def test_documented_programs_give_the_same_result(name: str, optimize: bool) -> None:
    source = DOCUMENTED[name]
    expected = restricted(source)
    assert without_text(guest(source, optimize=optimize)) == expected
    if expected.names and name == "builtins":
        assert len(expected.names["r"]) > 20


@pytest.mark.parametrize("getattr_", [getattr, safer_getattr])
def test_other_attribute_guards_of_the_documentation_agree_on_what_is_there(getattr_: Any) -> None:
    source = DOCUMENTED["classes"]
    assert restricted(source, _getattr_=getattr_) == without_text(guest(source))


EXPRESSIONS = (
    "2 + 2",
    "[x for x in range(4)]",
    "{'a': 1}['a']",
    "(lambda x, y: x * y)(6, 7)",
    "'a' if 1 > 2 else 'b'",
    "'-'.join(['a', 'b']).upper()",
    "f'{1 + 1}'",
    "not (1 in (1, 2)) or 3",
)


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_documented_expressions_have_the_same_value(source: str) -> None:
    result = compile_restricted_eval(source)
    assert not result.errors
    assert cap_eval(source) == eval(result.code, setup())  # noqa: S307 - our own text


def test_restriction_capable_eval_and_its_mapping() -> None:
    expression = RestrictionCapableEval("a * 2 + b['x'][0]")
    mapping = {"a": 4, "b": {"x": [1]}}
    assert cap_eval("a * 2 + b['x'][0]", mapping) == expression.eval(mapping) == 9
    assert sorted(cap_compile("a * 2 + b['x'][0]", mode="eval").names) == sorted(expression.used or ())


def test_what_print_collected_is_the_output() -> None:
    source = 'print("Hello World!")\nprint(1, [2], sep="-", end="!")\n'
    names = setup(_print_=PrintCollector)
    exec(compile_restricted(source + "result = printed\n", "<guest>", "exec"), names)  # noqa: S102
    assert cap_exec(source).output == names["result"] == "Hello World!\n1-[2]!"


@pytest.mark.parametrize(
    "source",
    ["import os\nos.listdir('/')\n", "open('/etc/passwd')\n", "__import__('subprocess').run('true')\n"],
)
def test_what_the_documentation_calls_problematic_is_refused(source: str) -> None:
    with pytest.raises(GuestError) as refusal:
        cap_exec(source)
    assert refusal.value.exc_type in ("ImportError", "ModuleNotFoundError", "PermissionError")


def test_eval_and_globals_are_the_guests_own() -> None:
    """RestrictedPython has neither. Here they see what the guest holds, and no guard."""
    names = cap_exec("a = eval('1 + 1')\nb = sorted(n for n in globals() if n[:2] != '__')\n")
    assert names["a"] == 2
    assert set(names["b"]) <= {"a", "b", "n"}
    assert not any(":" in name for name in names["b"])


def test_a_function_of_parameters_and_body_is_a_def() -> None:
    """`compile_restricted_function` of the API page, with a global name injected."""
    body = "total = 0\nfor x in xs:\n    total = total + x * rate\nreturn total"
    result = compile_restricted_function("xs, start=0", body, "f", globalize=["rate"])
    assert not result.errors
    names = setup({"rate": 3})
    exec(result.code, names)  # noqa: S102
    indented = "\n    ".join(body.splitlines())
    guests = cap_exec(f"def f(xs, start=0):\n    {indented}\n", {"rate": 3})
    assert guests["f"]([1, 2]) == names["f"]([1, 2]) == 9


# Limited and utility builtins


def test_limited_builtins_are_granted_as_host_functions() -> None:
    grants = {name: limited_builtins[name] for name in ("range", "list", "tuple")}
    for source in (
        "r = [i for i in range(2, 9, 3)]\nl = list((1, 2))\nt = tuple([3, 4])\n",
        "range(10 ** 6)\n",
        "list('abc')\n",
        "tuple('abc')\n",
    ):
        expected = restricted(source, grants)
        assert without_text(guest(source, grants)) == expected


UTILITY = {
    "math": "import math\nr = (math.sqrt(2), math.floor(2.5), round(math.pi, 5), math.gcd(12, 18))\n",
    "string": "import string\nr = (string.ascii_letters, string.digits, string.hexdigits)\n",
    "set": "r = (set([1, 2]) | {3}, frozenset([1]) & {1})\n",
    "same_type": "r = (same_type(1, 2), same_type(1, 'a'), same_type([], [], []))\n",
    "test": "r = (test(0, 1, 2), test('', 'a', 5, 'b'), test(0, 1))\n",
    "reorder": "r = reorder(['a', ('b', 2), 'c'], with_=['c', 'b'], without=['a'])\n",
}


@pytest.mark.parametrize("name", UTILITY)
def test_utility_builtins_have_their_counterpart(name: str) -> None:
    """Modules are imported here; the functions are granted as they are."""
    source = UTILITY[name]
    body = source.split("\n", 1)[1] if source.startswith("import") else source
    functions = {n: utility_builtins[n] for n in ("same_type", "test", "reorder")}
    expected = restricted(body, {**functions, "math": utility_builtins["math"], "string": string,
                                 "set": set, "frozenset": frozenset})  # fmt: skip
    got = guest(source, functions)
    assert expected.names and got.names
    assert got.names["r"] == expected.names["r"]


def test_random_of_the_host_is_granted_by_its_functions() -> None:
    source = "r = [randrange(100) for _ in range(3)]\ns = choice('abc')\n".replace(" _ ", " i ")
    outcomes = []
    for run in (restricted, guest):
        host_random = random.Random(1)  # noqa: S311 - a test
        outcomes.append(run(source, {"randrange": host_random.randrange, "choice": host_random.choice}))
    assert outcomes[0] == outcomes[1].but_steps()


# Names that a policy hands in


def test_objects_of_the_host_are_granted_by_expose() -> None:
    class Document:
        title = "T"

        def body(self, n: int) -> str:
            return "b" * n

    from capcompiler import expose

    document = Document()
    source = "r = (document.title, document.body(3))\n"
    expected = restricted(source, {"document": document})
    exposed = expose(document, "body", read=("title",))
    assert guest(source, {"document": exposed}).but_steps() == expected


def test_names_that_restrictedpython_refuses_are_ordinary_here() -> None:
    source = (
        "class K:\n    def __init__(self): self._n = 1\n    def __repr__(self): return 'K!'\n"
        "k = K()\nk._n += 2\nr = (k._n, repr(k), 'a{}'.format(1))\n"
    )
    with pytest.raises(SyntaxError):
        restricted(source)
    assert cap_exec(source)["r"] == (3, "K!", "a1")


def test_state_that_is_kept_between_programs() -> None:
    """`exec` in one dictionary again and again is a `Compartment`."""
    names = setup()
    world = Compartment()
    for source in ("n = 1\ndef f():\n    return n\n", "n = n + 1\n", "r = f()\n"):
        exec(compile_restricted(source, "<guest>", "exec"), names)  # noqa: S102
        result = world.exec(source)
    assert result["r"] == names["r"] == 2


# Generated programs


@parts(300)
def test_generated_programs_give_the_same_result(part: int) -> None:
    def law(source: str) -> None:
        try:
            expected = restricted(source)
        except SyntaxError:
            # What RestrictedPython refuses is no part of this law.
            assume(False)
            return
        assert without_text(guest(source)) == expected

    each(programs(restricted=True), part, law)


@parts(150)
def test_generated_expressions_give_the_same_value(part: int) -> None:
    def law(source: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = compile_restricted_eval(source)
        assume(not result.errors)
        value, error = None, ""
        try:
            value = eval(result.code, setup())  # noqa: S307 - from our own grammar
        except Exception as problem:
            error = type(problem).__name__
        got, got_error = None, ""
        try:
            got = cap_eval(source)
        except GuestError as problem:
            got_error = problem.exc_type
        assert (plain(got), got_error) == (plain(value), error)
        assert error or type(value) in DATA

    each(expressions(), part, law)


def test_bad_source_is_a_syntax_error_in_both() -> None:
    for source in ("def\n", "x = = 1\n", "return 1\n", "f(**a, *b)\n"):
        with pytest.raises(SyntaxError):
            restricted(source)
        with pytest.raises(DialectError):
            cap_exec(source)
