"""Values over the wire come out as they went in: types, sharing, cycles, and nothing but data."""

from __future__ import annotations

import datetime
import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capcompiler.isolation.handles import Table, told
from capcompiler.isolation.wire import WireError, pack, packed, unpack, unpacked


def over(value: Any) -> Any:
    def refuse(leaf: Any) -> Any:
        raise AssertionError(leaf)

    return unpack(unpacked(packed(pack(value, refuse))), refuse)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.characters(categories=["Cs"]), st.decimals(allow_nan=False), st.dates(), st.times(), st.datetimes(),
    st.timedeltas(), st.fractions(), st.complex_numbers(allow_nan=False), st.just(...),
    st.datetimes(timezones=st.just(datetime.UTC)), st.integers(2**62, 2**200), st.text(min_size=300),
)  # fmt: skip
keys = st.one_of(
    st.integers(), st.text(), st.tuples(st.integers(), st.text()), st.frozensets(st.integers())
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4), st.sets(keys, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


def typed(value: Any) -> Any:
    kind = type(value)
    if kind in (list, tuple):
        return kind, [typed(v) for v in value]
    if kind is dict:
        return kind, [(typed(k), typed(v)) for k, v in value.items()]
    return kind, repr(value) if kind in (float, complex, Decimal) else value


@settings(max_examples=200, deadline=None)
@given(values)
def test_what_goes_over_is_what_comes_out(value: Any) -> None:
    assert typed(over(value)) == typed(value)


def test_sharing_and_cycles() -> None:
    inner: list[Any] = [1]
    inner.append(inner)
    pair = ([],)
    pair[0].append(pair)
    text, number = "x" * 1000, Fraction(1, 3)
    out = over([inner, inner, pair, {"a": inner}, text, text, number, number, bytearray(b"1")])
    assert out[0] is out[1] is out[0][1] is out[3]["a"]
    assert out[2][0][0] is out[2]
    assert out[4] is out[5] and out[6] is out[7]
    assert len(packed(pack([text] * 1000, repr))) < 10_000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_fail(data: bytes) -> None:
    try:
        unpack(unpacked(data), lambda leaf: None)
    except WireError:
        pass


def test_a_table_counts_what_goes_over() -> None:
    table, thing = Table(), object()
    number = table.send(thing)
    assert table.send(thing) == number and table.get(number) is thing
    table.release([number, 1])
    assert table.get(number) is thing
    table.release([number, 1])
    with pytest.raises(WireError):
        table.get(number)
    assert table.send(thing) != number  # never used twice


def test_what_is_let_go_of_is_told_once() -> None:
    from collections import deque

    released: Any = deque()
    threads = [
        threading.Thread(target=lambda: [released.append((1, 1)) for _ in range(1000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    total = len(told(released))
    for thread in threads:
        thread.join()
    assert total + len(told(released)) == 8000
