"""What a host gets of a guest that has run: a read-only mapping, converted when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from capcompiler import Compartment, Namespace, Usage, cap_exec

SOURCE = "a = 1\nb = [a]\n_private = 2\n__very = 3\ndef f(): return a\nclass K: pass\nprint('out')\nf()"


@pytest.fixture
def ns(optimize: bool) -> Namespace:
    return cap_exec(SOURCE, {"given": 1}, optimize=optimize)


def test_it_is_a_mapping_of_the_public_names(ns: Namespace) -> None:
    assert isinstance(ns, Mapping)
    assert list(ns) == ["a", "b", "f", "K"]
    assert len(ns) == 4
    assert "a" in ns
    for name in (
        "_private",
        "__very",
        "given",
        "__name__",
        "__builtins__",
        "cap:getattr",
        "print",
        "missing",
        3,
        None,
    ):
        assert name not in ns
        with pytest.raises(KeyError):
            ns[name]  # type: ignore[index]
    assert ns.get("a") == 1
    assert ns.get("missing", 5) == 5
    assert [*ns.keys()] == [*ns]
    assert dict(list(ns.items())[:2]) == {"a": 1, "b": [1]}


@pytest.mark.parametrize("act", [
    lambda ns: ns.__setitem__("a", 1), lambda ns: ns.__delitem__("a"), lambda ns: ns.update(a=1),
    lambda ns: ns.pop("a"), lambda ns: ns.clear(), lambda ns: setattr(ns, "new", 1), lambda ns: setattr(ns, "value", 1),
])  # fmt: skip
def test_it_is_read_only(ns: Namespace, act: Any) -> None:
    with pytest.raises((AttributeError, TypeError)):
        act(ns)
    assert ns["a"] == 1


def test_values_are_converted_once(ns: Namespace) -> None:
    assert ns["b"] is ns["b"]
    assert ns["f"] is ns["f"]


def test_output_usage_and_value(ns: Namespace) -> None:
    assert ns.output == "out\n"
    assert isinstance(ns.usage, Usage)
    assert ns.value == 1
    assert repr(ns) == "<Namespace a, b, f, K>"
    assert repr(cap_exec("")) == "<Namespace (empty)>"


def test_a_name_that_the_guest_binds_over_a_grant_is_its_own(optimize: bool) -> None:
    ns = cap_exec("x = x + 1\ny = y", {"x": 1, "y": 2}, optimize=optimize)
    assert ns["x"] == 2
    assert "y" not in ns


def test_a_value_that_cannot_be_told_is_a_handle(optimize: bool) -> None:
    ns = cap_exec("import math\nx = iter([])\ny = object()\nz = math\nw = type", optimize=optimize)
    for name in ns:
        assert "guest" in repr(ns[name])


def test_reading_names_runs_no_guest_code(optimize: bool) -> None:
    seen: list[str] = []
    source = (
        "class K:\n"
        + "".join(f"    def {n}(self, *a): say('{n}')\n" for n in (
            "__eq__", "__hash__", "__repr__", "__str__", "__len__", "__iter__", "__bool__", "__getattr__",
            "__getattribute__", "__reduce__", "__del__", "__class_getitem__", "__format__", "__dir__"))
        + "k = K()\nks = [k, k]\nkd = {1: k}\nk"
    )  # fmt: skip
    world = Compartment({"say": seen.append})
    ns = world.exec(source, optimize=optimize)
    seen.clear()
    for name in ns:
        repr(ns[name]), str(ns[name]), bool(ns[name]), ns[name] == ns[name]
    repr(ns), ns.value, list(ns.items()), ns == ns, hash(ns["k"]), dir(ns["k"]), f"{ns['k']}"  # noqa: PLR0124
    del ns
    assert seen == []


def test_guard_names_never_show(optimize: bool) -> None:
    ns = cap_exec("x = [i for i in range(3)]\nfor a, *b in [(1, 2)]: pass\nmatch x:\n    case [p, *q]: pass\n"
                  "d = {}\nd['a'] = 1\nd['a'] += 1\nx = y = (1, *b)\n(u, *v), w = [1, 2], 3\n", optimize=optimize)  # fmt: skip
    assert all(":" not in n for n in ns)
    assert set(ns) == set("x i a b p q d y u v w".split()) - {"i"}


@pytest.mark.parametrize("source", ["globals()", "locals()", "vars()", "dir()", "list(globals())", "globals().keys()",
                                    "[*globals().items()]", "globals().copy()", "dict(globals())"])  # fmt: skip
def test_the_guest_sees_its_names_without_guards(source: str, optimize: bool) -> None:
    world = Compartment({"given": 1})
    world.exec("x = 1\nfor a, *b in [(1, 2)]: pass\nmatch x:\n    case 1: pass", optimize=optimize)
    names = world.eval(f"[str(n) for n in {source}]", optimize=optimize)
    assert not any("cap:" in n or "__builtins__" in n for n in names)
    assert any("x" in n for n in names)
    assert any("given" in n for n in names)
