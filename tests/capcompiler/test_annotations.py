"""Annotations of all kinds: what a method is handed is what it asked for, or the method is not called."""

from __future__ import annotations

import asyncio
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Hashable,
    Iterable,
    Mapping,
    MutableSequence,
    Sequence,
    Set,
)
from typing import Any, Literal, LiteralString, Never, NotRequired, Self, TypedDict, Unpack

import pytest

from capcompiler import Capability, GuestError, cap_exec, cap_exec_async


class Row(TypedDict):
    name: str
    sizes: NotRequired[Sequence[int]]


class Part(TypedDict, total=False):
    row: Row


class Odd(Capability):
    """Each method tells that it was called."""

    def row(self, x: Row) -> str:
        return "called"

    def part(self, x: Part) -> str:
        return "called"

    def rows(self, x: list[Row] | None) -> str:
        return "called"

    def sequence(self, x: Sequence[int]) -> str:
        return "called"

    def mutable(self, x: MutableSequence[int]) -> str:
        return "called"

    def iterable(self, x: Iterable[str]) -> str:
        return "called"

    def collection(self, x: Collection[Sequence[int]]) -> str:
        return "called"

    def mapping(self, x: Mapping[str, Sequence[int]]) -> str:
        return "called"

    def set(self, x: Set[int]) -> str:
        return "called"

    def hashable(self, x: Hashable) -> str:
        return "called"

    def text(self, x: LiteralString) -> str:
        return "called"

    def never(self, x: Never) -> str:
        return "called"

    def itself(self, x: Self) -> str:
        return "called"

    def named(self, **x: Unpack[Row]) -> str:
        return "called"

    def pair(self, *x: Unpack[tuple[int, str]]) -> str:  # noqa: UP044
        return "called"

    def pair_of(self, *x: *tuple[int, str]) -> str:
        return "called"

    def chosen(self, x: Literal["a", 1]) -> str:
        return "called"

    def call(self, x: Callable[[int], int]) -> str:
        return "called"


RIGHT = [
    "row({'name': 'x'})", "row({'name': 'x', 'sizes': [1]})", "part({})", "part({'row': {'name': ''}})",
    "rows([{'name': 'x'}])", "rows(None)", "sequence([1])", "sequence((1, 2))", "sequence(b'ab')", "mutable([])",
    "iterable('abc')", "iterable(['a'])", "iterable({'a': 1})", "iterable(set())", "collection([[1], (2,)])",
    "mapping({'a': [1]})", "mapping({})", "set({1})", "set(frozenset())", "hashable(())",
    "text('x')", "itself(odd)", "named(name='x')", "named(name='x', sizes=(1,))", "pair(1, 'x')",
    "pair_of(1, 'x')", "chosen('a')", "chosen(1)", "call(len)",
]  # fmt: skip
WRONG = [
    "row(5)", "row({})", "row({'name': 1})", "row({'name': 'x', 'sizes': ['x']})", "row({'name': 'x', 'more': 1})",
    "row([('name', 'x')])", "row(odd)", "part({'row': {}})", "part(None)", "rows([{'name': 'x'}, {}])", "rows({})",
    "sequence(['a'])", "sequence('abc')", "sequence({1})", "sequence([True])", "mutable((1,))", "iterable([1])",
    "iterable(b'ab')", "collection([['x']])", "collection(['x'])", "mapping({'a': ['x']})", "mapping({1: [1]})",
    "mapping([])", "set({'a'})", "set([1])", "hashable([])", "text(5)", "never(None)",
    "never(odd)", "itself(5)", "itself(len)", "named(name=1)", "named(other=1, name='x')", "named()", "pair('x', 1)",
    "pair(1)", "pair_of('x', 1)", "pair_of()", "chosen('b')", "chosen(True)", "call(5)",
]  # fmt: skip


@pytest.mark.parametrize("call", RIGHT)
def test_what_was_asked_for_is_taken(call: str) -> None:
    assert cap_exec(f"odd.{call}", {"odd": Odd()}).value == "called"


@pytest.mark.parametrize("call", WRONG)
def test_what_was_not_asked_for_is_refused(call: str) -> None:
    with pytest.raises(GuestError, match=r"TypeError: odd\.\w+: "):
        cap_exec(f"odd.{call}", {"odd": Odd()})


class Later(Capability):
    """Methods that give what is awaited, without `async def`."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def _answered(self) -> Any:
        return self.answer

    def awaitable(self) -> Awaitable[int]:
        return self._answered()

    def coroutine(self) -> Coroutine[Any, Any, int]:
        return self._answered()

    def either(self) -> Awaitable[int] | str:
        return self._answered()

    def future(self) -> asyncio.Future[int]:
        future = asyncio.get_running_loop().create_future()
        future.set_result(self.answer)
        return future


@pytest.mark.parametrize("isolation", ["inline", "process"])
@pytest.mark.parametrize("method", ["awaitable", "coroutine", "either", "future"])
def test_what_comes_later_is_what_was_promised(method: str, isolation: Any) -> None:
    source = f"r = await c.{method}()"
    names = asyncio.run(cap_exec_async(source, {"c": Later(5)}, isolation=isolation))
    assert names["r"] == 5
    with pytest.raises(GuestError, match="it gave list, and promises"):
        asyncio.run(cap_exec_async(source, {"c": Later([])}, isolation=isolation))


class Liar(Capability):
    def row(self) -> Row:
        return {"name": 5}  # type: ignore[typeddict-item]

    def texts(self) -> Sequence[str]:
        return [5]  # type: ignore[list-item]


@pytest.mark.parametrize("method", ["row", "texts"])
def test_what_is_given_is_what_was_promised(method: str) -> None:
    with pytest.raises(GuestError, match="and promises"):
        cap_exec(f"c.{method}()", {"c": Liar()})


def test_an_abstract_container_is_looked_at_once() -> None:
    class Sink(Capability):
        def take(self, x: Sequence[Sequence[Sequence[Sequence[int]]]]) -> int:
            return len(x)

    source = "x = [1] * 300\nfor _ in range(3): x = [x] * 300\nr = s.take(x)"
    assert cap_exec(source, {"s": Sink()})["r"] == 300
