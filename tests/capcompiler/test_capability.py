"""Capabilities: what of a host object a guest can use, what it sees of it, and what comes of errors."""

from __future__ import annotations

import errno
import functools
import io
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional, Union

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    GuestError,
    cap_eval,
    cap_exec,
    expose,
)

SECRET = "/home/host/secret"


class Mailer(Capability):
    """Sends mail."""

    kind = "smtp"

    def __init__(self) -> None:
        self.password = SECRET
        self.sent: list[tuple[Any, ...]] = []

    def send(self, to: str, text: str = "", *, copies: int = 1) -> int:
        """Sends one."""
        self.sent.append((to, text, copies))
        return len(self.sent)

    def _private(self) -> str:
        return SECRET

    @staticmethod
    def valid(address: str) -> bool:
        return "@" in address

    @classmethod
    def name(cls) -> str:
        return cls.__name__

    @property
    def server(self) -> str:
        return SECRET


class LoudMailer(Mailer):
    def shout(self, to: str) -> int:
        return self.send(to.upper())


def outcome(source: str, caps: dict[str, Any], optimize: bool = True) -> str:
    """Type and text of what the guest could catch."""
    program = (
        f"try:\n    {source}\nexcept BaseException as e:\n    out = type(e).__name__ + ': ' + str(e)\n"
    )
    ns = cap_exec(program, caps, optimize=optimize)
    assert "out" in ns, f"{source} raised nothing"
    text: str = ns["out"]
    return text


# Classes of capabilities


def test_public_methods_of_a_capability_class_can_be_called(optimize: bool) -> None:
    mailer = Mailer()
    ns = cap_exec("a = m.send('x@y')\nb = m.send(to='z', text='t', copies=2)\nc = m.valid('@')\nd = m.name()",
                  {"m": mailer}, optimize=optimize)  # fmt: skip
    assert [ns[n] for n in "abcd"] == [1, 2, True, "Mailer"]
    assert mailer.sent == [("x@y", "", 1), ("z", "t", 2)]


def test_inherited_methods_can_be_called(optimize: bool) -> None:
    mailer = LoudMailer()
    assert cap_eval("m.shout('a') + m.send('b')", {"m": mailer}, optimize=optimize) == 3
    assert mailer.sent[0][0] == "A"


@pytest.mark.parametrize("name", ["_private", "password", "sent", "kind", "server", "__init__", "__dict__",
                                  "__self__", "__func__", "__cap_use__", "__wrapped__", "interface",
                                  "target", "cap", "no_such_name", "send.__self__", "send.__func__",
                                  "send.__globals__", "send.__code__", "send.__closure__", "send.__wrapped__",
                                  "send.__defaults__", "send.send", "__class__.__subclasses__",
                                  "__class__.send", "__reduce__", "__reduce_ex__", "__getstate__"])  # fmt: skip
def test_nothing_else_of_it_is_there(name: str, optimize: bool) -> None:
    if name in ("__init__", "__dict__"):
        text = cap_exec(f"try:\n    out = repr(m.{name})\nexcept AttributeError as e: out = ''",
                        {"m": Mailer()}, optimize=optimize)["out"]  # fmt: skip
        assert SECRET not in text
        assert "Mailer" not in text
        return
    assert outcome(f"m.{name}", {"m": Mailer()}, optimize).startswith("AttributeError")


def test_attributes_of_a_capability_cannot_be_set(optimize: bool) -> None:
    mailer = Mailer()
    for act in ("m.send = 1", "m.new = 1", "del m.send", "m.__class__ = int", "m.__dict__['send'] = 1",
                "setattr(m, 'send', 1)", "object.__setattr__(m, 'x', 1)", "m.send.x = 1", "vars(m)['x'] = 1",
                "type(m).x = 1", "type(m).__call__ = print", "type(m.send).x = 1"):  # fmt: skip
        assert outcome(act, {"m": mailer}, optimize).split(":")[0] in ("AttributeError", "TypeError"), (
            act
        )
    assert cap_eval("m.send('a')", {"m": mailer}) == 1
    assert "x" not in vars(mailer)


# expose


class Box:
    def __init__(self) -> None:
        self.items: dict[Any, Any] = {}
        self.label = "l"
        self.size = 3
        self.secret = SECRET

    def get(self, k: Any) -> Any:
        return self.items.get(k)

    def put(self, k: Any, v: Any) -> None:
        self.items[k] = v

    def __getitem__(self, k: Any) -> Any:
        return self.items[k]

    def __setitem__(self, k: Any, v: Any) -> None:
        self.items[k] = v

    def __delitem__(self, k: Any) -> None:
        del self.items[k]

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, k: Any) -> bool:
        return k in self.items

    def __iter__(self) -> Any:
        return iter(self.items)

    def __call__(self, *args: Any) -> str:
        return f"called {args}"

    def __enter__(self) -> str:
        self.items["in"] = True
        return "entered"

    def __exit__(self, *args: Any) -> bool:
        self.items["out"] = [a is None for a in args]
        return False

    def __add__(self, other: Any) -> Any:
        return ("add", other)

    def __radd__(self, other: Any) -> Any:
        return ("radd", other)

    def __eq__(self, other: Any) -> bool:
        return bool(other == 5)

    def __hash__(self) -> int:
        return 1

    def __lt__(self, other: Any) -> bool:
        return True

    def __bool__(self) -> bool:
        return False

    def __int__(self) -> int:
        return 7

    def __str__(self) -> str:
        return "a box"

    def __neg__(self) -> str:
        return "neg"


def test_only_the_named_methods_are_there(optimize: bool) -> None:
    box = Box()
    caps = {"box": expose(box, "put")}
    cap_exec("box.put('a', [1])", caps, optimize=optimize)
    assert box.items == {"a": [1]}
    for name in ("get", "items", "label", "secret", "_x", "__getitem__"):
        assert outcome(f"box.{name}", caps, optimize).startswith("AttributeError")


def test_reading_and_writing_are_apart(optimize: bool) -> None:
    box = Box()
    caps = {"box": expose(box, "get", read=["label", "size"], write=["size", "items"])}
    ns = cap_exec("a = box.label\nbox.size = 9\nb = box.size\nbox.size += 1\nc = box.size\nbox.items = {'k': 1}\n"
                  "d = box.get('k')", caps, optimize=optimize)  # fmt: skip
    assert [ns[n] for n in "abcd"] == ["l", 9, 10, 1]
    assert (box.size, box.items) == (10, {"k": 1})
    for act in ("box.label = 1", "box.items", "box.secret", "box.secret = 1", "box.new = 1", "del box.size",
                "del box.label"):  # fmt: skip
        assert outcome(act, caps, optimize).split(":")[0] in ("AttributeError", "PermissionError"), act
    assert box.secret == SECRET
    assert box.label == "l"


def test_one_name_may_be_given_as_text(optimize: bool) -> None:
    assert cap_eval("b.label", {"b": expose(Box(), read="label")}, optimize=optimize) == "l"


def test_write_only(optimize: bool) -> None:
    box = Box()
    cap_exec("b.label = 'new'", {"b": expose(box, write=["label"])}, optimize=optimize)
    assert box.label == "new"
    assert outcome("b.label", {"b": expose(box, write=["label"])}, optimize).startswith("AttributeError")


SPECIAL = [
    (["__getitem__", "put"], "b.put('a', 1); out = b['a']", 1),
    (["__setitem__", "get"], "b['a'] = [2]; out = b.get('a')", [2]),
    (["__setitem__", "__getitem__"], "b['a'] = 1; b['a'] += 4; out = b['a']", 5),
    (["__delitem__", "put", "__len__"], "b.put('a', 1); del b['a']; out = len(b)", 0),
    (
        ["__contains__", "put"],
        "b.put('a', 1); out = ['a' in b, 'b' in b, 'b' not in b]",
        [True, False, True],
    ),
    (
        ["__iter__", "put"],
        "b.put('a', 1); b.put('b', 2); out = [x for x in b] + list(b)",
        ["a", "b"] * 2,
    ),
    (["__call__"], "out = b(1, 'x')", "called (1, 'x')"),
    (["__enter__", "__exit__"], "with b as x: out = x", "entered"),
    (["__add__"], "out = b + 1", ("add", 1)),
    (["__radd__"], "out = 1 + b", ("radd", 1)),
    (["__eq__"], "out = [b == 5, b == 6, b != 5]", [True, False, False]),
    (["__lt__"], "out = [b < 1, 1 > b]", [True, True]),
    (["__bool__"], "out = bool(b) or not b", True),
    (["__int__"], "out = int(b)", 7),
    (["__str__"], "out = str(b) + f'{b}'", "a boxa box"),
    (["__neg__"], "out = -b", "neg"),
    (["__len__"], "out = [len(b), bool(b)]", [0, False]),
]


@pytest.mark.parametrize(("names", "source", "wanted"), SPECIAL, ids=[s[0][0] for s in SPECIAL])
def test_special_methods_give_syntax(names: list[str], source: str, wanted: Any, optimize: bool) -> None:
    assert cap_exec(source, {"b": expose(Box(), *names)}, optimize=optimize)["out"] == wanted


def test_an_exposed_context_manager_sees_the_end(optimize: bool) -> None:
    box = Box()
    caps = {"b": expose(box, "__enter__", "__exit__")}
    cap_exec("with b: pass", caps, optimize=optimize)
    assert box.items["out"] == [True, True, True]
    assert outcome("with b: 1 / 0", caps, optimize).startswith("ZeroDivisionError")


@pytest.mark.parametrize("name", ["__init__", "__dict__", "__class__", "__reduce__", "__getattr__", "__del__",
                                  "__hash__", "__getattribute__", "a b", "", "1", "class", "x.y",
                                  "cap:x"])  # fmt: skip
def test_expose_refuses_what_is_no_name_to_grant(name: str) -> None:
    for options in ({"read": [name]}, {"write": [name]}):
        with pytest.raises(ValueError, match="is not a name that can be granted"):
            expose(Box(), **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is not a name that can be granted"):
        expose(Box(), name)


def test_expose_refuses_what_is_not_there_or_no_method() -> None:
    with pytest.raises(AttributeError, match="missing"):
        expose(Box(), "missing")
    with pytest.raises(AttributeError, match="missing"):
        expose(Box(), read=["missing"])
    with pytest.raises(ValueError, match="read='label'"):
        expose(Box(), "label")
    with pytest.raises(ValueError, match="name the methods"):
        expose(object())
    with pytest.raises(TypeError):
        expose(Box(), 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got list; write them one after another"):
        expose(Box(), ["put"])  # type: ignore[arg-type]


def test_exposing_a_callable_alone_grants_calling(optimize: bool) -> None:
    assert cap_eval("f(3)", {"f": expose(lambda n: n + 1)}, optimize=optimize) == 4
    assert cap_eval("f('3')", {"f": expose(int)}, optimize=optimize) == 3
    assert cap_eval("f(3)", {"f": functools.partial(pow, 2)}, optimize=optimize) == 8


# Annotations


class Checked(Capability):
    def take(self, n: int, s: str = "") -> str:
        return f"{n}{s}"

    def number(self, x: float) -> float:
        return x

    def maybe(self, x: Optional[int] = None, y: int | None = None) -> Any:  # noqa: UP045
        return x, y

    def either(self, x: Union[int, str]) -> Any:  # noqa: UP007
        return x

    def ints(self, xs: list[int]) -> int:
        return sum(xs)

    def table(self, d: dict[str, list[int]]) -> int:
        return len(d)

    def pair(self, p: tuple[int, str]) -> Any:
        return p

    def many(self, p: tuple[int, ...]) -> Any:
        return p

    def mode(self, m: Literal["r", "w", 1]) -> Any:
        return m

    def flag(self, b: bool) -> Any:
        return b

    def data(self, b: bytes, s: set[str]) -> Any:
        return b, s

    def later(self, n: "int") -> Any:  # noqa: UP037
        return n

    def noted(self, n: Annotated[int, "units"]) -> Any:
        return n

    def free(self, x: Any, y: object, z) -> Any:  # type: ignore[no-untyped-def]
        return x, y, z

    def spread(self, *args: int, **kwargs: str) -> Any:
        return list(args), kwargs

    def back(self, f: Callable[[int], int]) -> Any:
        return f(1)

    def nothing(self, x: None) -> Any:
        return x

    def only(self, a: int, /, b: int, *, c: int) -> int:
        return a + b + c


GOOD = [
    "take(1)", "take(1, 'a')", "take(n=1, s='a')", "number(1.5)", "number(2)", "maybe()", "maybe(1, None)",
    "maybe(None, y=2)", "either(1)", "either('a')", "ints([1, 2])", "ints([])", "table({'a': [1]})",
    "pair((1, 'a'))", "many((1, 2, 3))", "many(())", "mode('r')", "mode(1)", "flag(True)",
    "data(b'', {'a'})", "later(1)", "noted(1)", "free(1, [], None)", "spread(1, 2, a='x')",
    "back(lambda n: n + 1)", "nothing(None)", "only(1, 2, c=3)", "only(1, b=2, c=3)",
]  # fmt: skip


@pytest.mark.parametrize("call", GOOD)
def test_arguments_of_the_annotated_types_pass(call: str, optimize: bool) -> None:
    cap_eval(f"c.{call}", {"c": Checked()}, optimize=optimize)


BAD = [
    ("take('x')", "take", "1", "n", "str", "int"),
    ("take(1.0)", "take", "1", "n", "float", "int"),
    ("take(True)", "take", "1", "n", "bool", "int"),
    ("take(None)", "take", "1", "n", "NoneType", "int"),
    ("take(1, 2)", "take", "2", "s", "int", "str"),
    ("take(1, s=[])", "take", "2", "s", "list", "str"),
    ("number('1')", "number", "1", "x", "str", "float"),
    ("number(True)", "number", "1", "x", "bool", "float"),
    ("maybe('a')", "maybe", "1", "x", "str", "int or None"),
    ("maybe(y=1.5)", "maybe", "2", "y", "float", "int or None"),
    ("either([])", "either", "1", "x", "list", "int or str"),
    ("ints([1, 'a'])", "ints", "1", "xs", "list", "list[int]"),
    ("ints((1, 2))", "ints", "1", "xs", "tuple", "list[int]"),
    ("table({'a': ['x']})", "table", "1", "d", "dict", "dict[str, list[int]]"),
    ("table({1: []})", "table", "1", "d", "dict", "dict[str, list[int]]"),
    ("pair((1, 2))", "pair", "1", "p", "tuple", "tuple[int, str]"),
    ("pair((1,))", "pair", "1", "p", "tuple", "tuple[int, str]"),
    ("many((1, 'a'))", "many", "1", "p", "tuple", "tuple[int, ...]"),
    ("mode('x')", "mode", "1", "m", "str", "Literal"),
    ("mode(True)", "mode", "1", "m", "bool", "Literal"),
    ("flag(1)", "flag", "1", "b", "int", "bool"),
    ("data('', set())", "data", "1", "b", "str", "bytes"),
    ("later('x')", "later", "1", "n", "str", "int"),
    ("noted('x')", "noted", "1", "n", "str", "int"),
    ("spread(1, 'a')", "spread", "1", "args", "str", "int"),
    ("spread(a=1)", "spread", "2", "kwargs", "int", "str"),
    ("back(1)", "back", "1", "f", "int", "Callable"),
    ("nothing(1)", "nothing", "1", "x", "int", "None"),
    ("only(1, 2, c='3')", "only", "3", "c", "str", "int"),
]


@pytest.mark.parametrize(("call", "method", "position", "name", "got", "wanted"), BAD, ids=lambda v: v)
def test_arguments_of_other_types_are_refused_by_name(
    call: str, method: str, position: str, name: str, got: str, wanted: str, optimize: bool
) -> None:
    text = outcome(f"c.{call}", {"c": Checked()}, optimize)
    assert text.startswith(f"TypeError: c.{method}: ")
    assert f"({name})" in text
    assert f"got {got}, wanted" in text
    assert wanted in text.partition("wanted")[2]
    if name not in ("args", "kwargs"):
        assert f"argument {position} " in text


@pytest.mark.parametrize("call", ["take()", "take(1, 2, 3)", "take(1, x=2)", "only(1, 2, 3)", "only(a=1, b=2, c=3)",
                                  "take(1, n=2)"])  # fmt: skip
def test_the_wrong_number_of_arguments_is_a_type_error_that_names_the_method(
    call: str, optimize: bool
) -> None:
    text = outcome(f"c.{call}", {"c": Checked()}, optimize)
    assert text.startswith(f"TypeError: c.{call.partition('(')[0]}: ")
    assert "Checked" not in text


def test_a_refused_argument_never_reaches_the_method(optimize: bool) -> None:
    mailer = Mailer()
    outcome("m.send(1)", {"m": mailer}, optimize)
    outcome("m.send('a', copies='b')", {"m": mailer}, optimize)
    assert mailer.sent == []


def test_a_lying_subclass_is_checked_as_what_it_is(optimize: bool) -> None:
    source = "class S(str):\n    __class__ = int\nout = c.take(1, S('x'))"
    assert cap_exec(source, {"c": Checked()}, optimize=optimize)["out"] == "1x"
    source = "class I(int):\n    def __str__(self): return 'evil'\nout = c.take(I(5))"
    assert cap_exec(source, {"c": Checked()}, optimize=optimize)["out"] == "5"


# Blandness


BLAND = [
    ("c == c", True), ("c != c", False), ("c == 1", False), ("c == d", False), ("c is c", True),
    ("hash(c) == hash(c)", True), ("bool(c)", True), ("repr(c)", "<capability>"), ("str(c)", "<capability>"),
    ("f'{c}'", "<capability>"), ("f'{c!r}'", "<capability>"), ("'%s' % c", "<capability>"),
    ("'{}'.format(c)", "<capability>"), ("ascii(c)", "<capability>"), ("repr(c.take)", "<capability>"),
    ("repr([c])", "[<capability>]"), ("dir(c) == [] or 'take' in dir(c)", True), ("{c: 1}[c]", 1),
    ("c in [c]", True), ("isinstance(c, int)", False), ("isinstance(c, type(d))", True),
    ("callable(c)", False), ("callable(c.take)", True), ("type(c) is type(d)", True),
    ("type(c).__name__ in ('Reference', 'capability')", True), ("getattr(c, '__doc__', None) is None", True),
]  # fmt: skip
NOT_BLAND = [
    "c < d", "c <= c", "c > 1", "c + 1", "1 + c", "c * 2", "c @ c", "-c", "~c", "c | d", "c[0]", "c[0] = 1",
    "del c[0]", "len(c)", "iter(c)", "next(c)", "reversed(c)", "list(c)", "1 in c", "[*c]", "{**c}", "a, b = c",
    "for x in c: pass", "c()", "int(c)", "float(c)", "complex(c)", "round(c)", "abs(c)", "divmod(c, 1)", "[0][c]",
    "bytes(c)", "f'{c:>10}'", "format(c, 'd')", "print(*c)", "c += 1", "raise c", "with c: pass",
    "class X(c): pass", "class X(type(c)): pass", "type(c)()", "type(c)(1)", "type('X', (type(c),), {})",
    "type(c).take", "type(c.take)()", "sorted([c, d])", "max(c, d)", "sum([c])", "import copy; copy.copy(c)",
    "c.__reduce_ex__(2)", "c.__getstate__()", "c.__call__", "vars(c).update(x=1)",
    "import json; json.dumps(c)", "object.__getattribute__(c, 'target')", "super(type(c), c).target",
    "object.__new__(type(c))", "type(c).__init__(c, 1) or 1 / 0", "c.__class__ = int", "type(type(c))('X', (), {})",
    "type.__call__(type(c))", "type(c).__mro__[0].__subclasses__()", "type(c).__dict__['__cap_use__']",
]  # fmt: skip


@pytest.mark.parametrize(("source", "wanted"), BLAND, ids=lambda v: v if type(v) is str else "")
def test_capabilities_are_bland(source: str, wanted: Any, optimize: bool) -> None:
    assert cap_eval(source, {"c": Checked(), "d": Mailer()}, optimize=optimize) == wanted


@pytest.mark.parametrize("source", NOT_BLAND)
def test_capabilities_take_no_syntax_that_was_not_exposed(source: str, optimize: bool) -> None:
    if ";" in source or ":" in source and source.split()[0] in ("for", "with", "class", "import"):
        source = f"exec({source!r})"
    text = outcome(source, {"c": Checked(), "d": Mailer()}, optimize)
    assert re.match(r"(TypeError|AttributeError|PermissionError|ImportError|ModuleNotFoundError|ZeroDivisionError"
                    r"|KeyError|Error: un.shallow.copyable)", text)  # fmt: skip
    assert "Checked" not in text
    assert "Mailer" not in text


def test_vars_and_dir_give_nothing_of_the_host(optimize: bool) -> None:
    for source in (
        "vars(c)",
        "c.__dict__",
        "dir(c)",
        "dir(type(c))",
        "vars(type(c))",
        "c.__class__.__dict__",
    ):
        out = cap_exec(f"try: out = [str(n) for n in {source}]\nexcept Exception: out = []",
                       {"c": Mailer()}, optimize=optimize)["out"]  # fmt: skip
        for hidden in ("password", "_private", "__cap_use__", "server", "kind"):
            assert hidden not in out


# Host errors


class Own(Exception):
    pass


class OwnKey(KeyError):
    pass


def lookup() -> None:
    {}[SECRET]


def on_purpose() -> None:
    raise ValueError("wrong colour", 3)


def key_on_purpose() -> None:
    raise KeyError("wanted")


def permission() -> None:
    raise PermissionError("not yours")


def own() -> None:
    raise Own(SECRET)


def own_key() -> None:
    raise OwnKey(SECRET)


def deep() -> None:
    int("x" + SECRET)


def opens() -> None:
    open(SECRET + "/none").close()


def os_on_purpose() -> None:
    raise FileNotFoundError(errno.ENOENT, "no such thing", SECRET)


def leaves() -> None:
    raise SystemExit(3)


def group() -> None:
    raise ExceptionGroup(SECRET, [ValueError(SECRET)])


def chained() -> None:
    try:
        raise Own(SECRET)
    except Own as error:
        raise ValueError("outer") from error


def asserts() -> None:
    assert not SECRET, SECRET


def stops() -> None:
    raise StopIteration(SECRET)


class Text(str):
    pass


def subclassed() -> None:
    raise ValueError(Text("text"))


CROSSING = [
    (on_purpose, "ValueError", "('wrong colour', 3)"),
    (key_on_purpose, "KeyError", "'wanted'"),
    (permission, "PermissionError", "not yours"),
    (lookup, "KeyError", None),
    (own, "Exception", None),
    (own_key, "KeyError", None),
    (deep, "ValueError", None),
    (opens, "FileNotFoundError", None),
    (os_on_purpose, "FileNotFoundError", None),
    (group, "RuntimeError", None),
    (chained, "ValueError", "outer"),
]


@pytest.mark.parametrize(
    ("function", "kind", "text"), CROSSING, ids=lambda v: getattr(v, "__name__", "")
)
def test_errors_of_the_host_cross_as_type_and_text_and_no_more(
    function: Callable[[], None], kind: str, text: str | None, optimize: bool
) -> None:
    source = (
        "try:\n    f()\nexcept Exception as e:\n"
        "    out = [type(e).__name__, str(e), repr(e), repr(e.args), repr(e.__cause__), repr(e.__context__),"
        " str(vars(e)), str(dir(e)), str(getattr(e, 'filename', None))]\n"
        "    tb = e.__traceback__\n    n = 0\n    while tb is not None:\n        n += 1\n        tb = tb.tb_next\n"
    )
    ns = cap_exec(source, {"f": function}, optimize=optimize)
    out = ns["out"]
    assert out[0] == kind
    if text is not None:
        assert out[1] == text
    else:
        assert SECRET not in "".join(out)
        assert "Own" not in "".join(out)
    assert out[4:6] == ["None", "None"]
    assert "secret" not in "".join(out[2:])
    assert ns["n"] == 1  # the guest's own frame only


@pytest.mark.parametrize("function", [own, lookup, deep], ids=lambda f: f.__name__)
def test_the_text_of_an_accident_names_the_capability(function: Any, optimize: bool) -> None:
    caps = {"tool": expose(type("T", (), {"do": staticmethod(function)})(), "do"), "f": function}
    assert "tool.do" in outcome("tool.do()", caps, optimize)
    assert outcome("f()", caps, optimize).partition(": ")[2].strip("'").startswith("f ")


def test_uncaught_it_reaches_the_host_as_a_guest_error_without_the_hosts_story(optimize: bool) -> None:
    for function in (own, lookup, opens):
        with pytest.raises(GuestError) as error:
            cap_exec("f()", {"f": function}, optimize=optimize)
        assert SECRET not in str(error.value) + error.value.traceback
        assert __file__ not in error.value.traceback
        assert error.value.__cause__ is None


def test_a_use_that_no_line_of_the_program_makes_is_told_with_the_librarys_or_with_none(
    tier: str,
) -> None:
    told: list[Any] = []
    world = Compartment({"say": lambda x: x}, on_use=told.append)
    names = world.exec(
        "import functools\nf = functools.partial(say, 1)\ng = functools.singledispatch(say)"
    )
    names["f"](), names["g"](2)
    assert (told[0].filename, told[0].line) == ("", 0)
    if tier == "inline":
        assert told[1].filename == "lib/functools.py" and told[1].line > 0


def test_the_whole_story_goes_to_on_use(optimize: bool) -> None:
    events: list[Any] = []
    world = Compartment({"f": own}, on_use=events.append)
    with pytest.raises(GuestError):
        world.exec("f()", optimize=optimize)
    (event,) = events
    assert type(event.error) is Own
    assert event.outcome == "Own"
    assert SECRET in str(event.error)
    assert event.path == "f"


@pytest.mark.parametrize("wish", [SystemExit, KeyboardInterrupt])
def test_a_wish_of_the_host_to_end_is_not_the_guests_to_catch(
    wish: type[BaseException], optimize: bool
) -> None:
    seen: list[int] = []

    def leave() -> None:
        raise wish

    with pytest.raises(wish):
        cap_exec("try:\n    leave()\nexcept BaseException: say(1)\nsay(2)", {"leave": leave, "say": seen.append},
                 optimize=optimize)  # fmt: skip
    assert seen == []


def test_a_stop_iteration_of_the_host_ends_no_generator_silently(optimize: bool) -> None:
    assert outcome("f()", {"f": stops}, optimize).split(":")[0] in ("StopIteration", "RuntimeError")


# Results


@pytest.mark.parametrize("result", [object(), Box(), io.StringIO(), type, re, (i for i in ()),
                                    [1, Box()], {"k": Own("x")}])  # fmt: skip
def test_a_result_that_is_neither_data_nor_capability_is_refused(result: Any, optimize: bool) -> None:
    text = outcome("f()", {"f": lambda: result}, optimize)
    assert text.startswith("TypeError: f ")
    assert "neither data nor a capability" in text
    assert "Box" not in text
    assert "0x" not in text


def test_capabilities_can_be_results_and_arguments(optimize: bool) -> None:
    class Door(Capability):
        def __init__(self, n: int) -> None:
            self.n = n

        def open(self) -> Door:
            return Door(self.n + 1)

        def same(self, other: Door) -> bool:
            return isinstance(other, Door) and other.n == self.n

        def number(self) -> int:
            return self.n

    caps = {"door": Door(1), "make": lambda n: expose(Door(n), "number")}
    assert cap_eval("door.open().open().number()", caps, optimize=optimize) == 3
    assert cap_eval("door.same(door), door.open().same(door)", caps, optimize=optimize) == (True, False)
    assert cap_eval("make(8).number()", caps, optimize=optimize) == 8


def test_a_data_result_is_copied(optimize: bool) -> None:
    mine = [1]
    cap_exec("f().append(2)", {"f": lambda: mine}, optimize=optimize)
    assert mine == [1]


def test_guest_functions_reach_the_host_as_handles(optimize: bool) -> None:
    def apply(f: Any, xs: list[int]) -> list[int]:
        return [f(x) for x in xs]

    assert cap_eval("apply(lambda x: x * 2, [1, 2])", {"apply": apply}, optimize=optimize) == [2, 4]


def test_a_host_that_sorts_by_a_guest_key(optimize: bool) -> None:
    caps = {"order": lambda xs, key: sorted(xs, key=key)}
    assert cap_eval("order([3, 1, 2], lambda x: -x)", caps, optimize=optimize) == [3, 2, 1]


def test_a_guests_error_passes_through_the_host_as_its_own(optimize: bool) -> None:
    source = "def bad(): raise KeyError('mine')\ntry:\n    call(bad)\nexcept KeyError as e:\n    out = e.args\n"
    out = cap_exec(source, {"call": lambda f: f()}, optimize=optimize)["out"]
    assert "mine" in str(out)


def test_a_host_may_catch_a_guests_error(optimize: bool) -> None:
    def call(f: Any) -> str:
        try:
            f()
        except GuestError as error:
            return error.exc_type
        return "none"

    assert cap_eval("call(lambda: 1 / 0)", {"call": call}, optimize=optimize) == "ZeroDivisionError"


def test_refusals_are_permission_errors_inside_and_capability_errors_outside(optimize: bool) -> None:
    assert outcome("open('x')", {}, optimize).startswith("PermissionError")
    with pytest.raises(CapabilityError):
        cap_exec("open('x')", optimize=optimize)
    with pytest.raises(GuestError) as error:
        cap_exec("raise PermissionError('mine')", optimize=optimize)
    assert not isinstance(error.value, CapabilityError)


def test_help_tells_what_is_granted(optimize: bool) -> None:
    text = cap_exec("help(m)", {"m": Mailer()}, optimize=optimize).output
    assert "m.send" in text
    for hidden in ("password", "_private", "server", "Mailer", SECRET):
        assert hidden not in text


def test_a_nest_of_shared_lists_is_looked_at_once(optimize: bool) -> None:
    class Sink(Capability):
        def take(self, rows: list[list[list[list[list[int]]]]]) -> int:
            return len(rows)

        def pair(self, rows: dict[str, list[tuple[int, ...]]]) -> int:
            return len(rows)

    source = """
x = [1] * 300
for _ in range(4):
    x = [x] * 300
r = s.take(x)
"""
    world = Compartment({"s": Sink()})
    assert world.exec(source, optimize=optimize)["r"] == 300
    with pytest.raises(GuestError, match="wanted"):
        world.exec("x[0][0][0][0][0] = 'no'\ns.take(x)", optimize=optimize)
    assert world.eval("s.pair({'a': [(1, 2)]})") == 1
    with pytest.raises(GuestError, match="wanted"):
        world.eval("s.pair({'a': [(1, 'b')]})")


def test_names_of_classes_have_their_article() -> None:
    from capcompiler.membrane.membrane import with_article

    kinds = "Item int object Umbrella uninstaller Box User UTC unit Euro One _x".split()
    assert " ".join(map(with_article, kinds)) == (
        "an Item an int an object an Umbrella an uninstaller a Box a User a UTC a unit a Euro a One a _x"
    )


def test_an_argument_that_cannot_be_handed_in_is_named() -> None:
    world = Compartment()
    f = world.exec("def f(*args, **kwargs): pass")["f"]
    with pytest.raises(CapabilityError, match=r"^argument 2\[0\]: an object is neither data nor a cap"):
        f(1, [object()])
    with pytest.raises(CapabilityError, match=r"^argument 'key'\['a'\]: an object is neither data"):
        world.call("f", 1, key={"a": object()})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("shop.take()", "shop: no attribute 'take' is granted"),
        ("getattr(shop, 'take')", "shop: no attribute 'take' is granted"),
        ("shop.give.more", "shop.give: no attribute 'more' is granted"),
        ("only(shop, 'give').keep", "shop: no attribute 'keep' is granted"),
        (
            "cap_exec('inner.take()', {'inner': shop})",
            "AttributeError: shop: no attribute 'take' is granted",
        ),
        ("'text'.take", "'str' object has no attribute 'take'"),
        ("raise AttributeError('as the guest says it', obj=shop)", "as the guest says it"),
    ],
)
def test_what_is_not_offered_is_said_to_be_no_grant(source: str, said: str) -> None:
    class Shop:
        def give(self) -> int:
            return 1

        def keep(self) -> int:
            return 2

    with pytest.raises(GuestError) as raised:
        cap_exec(source, {"shop": expose(Shop(), "give", "keep")})
    assert raised.value.message == said
