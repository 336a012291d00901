"""`math`: C functions of numbers. They take floats and whole numbers and keep nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from guards.charge import (
    charge_digits,
    charge_int_work,
    charge_mul,
    feed,
)
from guards.host import host_iterable

if TYPE_CHECKING:
    from guards.realm import Realm


from guards.modules.table import MODULES, ModuleRow, index_of, tamed_in

__all__: list[str] = []

_MATH_TAMED: dict[str, Callable[..., Any]] = {}


@tamed_in(_MATH_TAMED)
def _factorial(realm: Realm, n: Any, /) -> int:
    number = index_of(n)
    if number > 500:
        bits = number * number.bit_length()
        realm.meter.charge_bytes(bits >> 3)
        charge_int_work(realm, 1 << min(bits, 1 << 26), 1 << min(bits, 1 << 26))
    elif number > 50:
        realm.meter.charge(number)
    return math.factorial(number)


def _choose(name: str) -> Callable[..., Any]:
    function = getattr(math, name)

    def tamed(realm: Realm, n: Any, k: Any = None, /) -> int:
        number = index_of(n)
        take = number if k is None else index_of(k)
        take = min(take, number - take) if name == "comb" else min(take, number)
        bits = max(take, 1) * number.bit_length()
        if bits > 4096:
            realm.meter.charge_bytes(bits >> 3)
            charge_int_work(realm, 1 << min(bits, 1 << 26), 1 << min(bits, 1 << 26))
        result: int = function(number) if k is None else function(number, index_of(k))
        return result

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


def _many_ints(name: str) -> Callable[..., Any]:
    function = getattr(math, name)

    def tamed(realm: Realm, /, *args: Any) -> int:
        total = 1
        for a in args:
            if issubclass(type(a), int):
                bits = int.bit_length(a)
                if bits > 1024:
                    realm.meter.charge((bits >> 6) ** 2 >> 4)
                total += bits
        realm.meter.charge_bytes(total >> 3)
        if name == "lcm" and total > 4096:
            realm.meter.charge((total >> 6) ** 2 >> 4)
        result: int = function(*args)
        return result

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


@tamed_in(_MATH_TAMED)
def _isqrt(realm: Realm, n: Any, /) -> int:
    number = index_of(n)
    charge_int_work(realm, number, number)
    return math.isqrt(number)


@tamed_in(_MATH_TAMED)
def _prod(realm: Realm, iterable: Any, /, *, start: Any = 1) -> Any:
    total = start
    for x in feed(realm, iterable):
        charge_mul(realm, total, x)
        total = total * x
    return total


def _fed(module: Any, name: str) -> Callable[..., Any]:
    function = getattr(module, name)

    def tamed(realm: Realm, /, *args: Any, **kwargs: Any) -> Any:
        fed = [list(feed(realm, a)) if host_iterable(type(a)) else a for a in args]
        return function(*fed, **kwargs)

    tamed.__name__ = tamed.__qualname__ = name
    return tamed


_MATH_TAMED.update({n: _choose(n) for n in ("comb", "perm")})
_MATH_TAMED.update({n: _many_ints(n) for n in ("gcd", "lcm")})
_MATH_TAMED.update({n: _fed(math, n) for n in ("fsum", "dist", "sumprod") if hasattr(math, n)})


def _rounding(name: str) -> Callable[..., Any]:
    function = getattr(math, name)

    def tamed(realm: Realm, x: Any, /) -> Any:
        if issubclass(type(x), Decimal):
            charge_digits(realm, x)
        return function(x)

    tamed.__name__ = tamed.__qualname__ = name
    tamed.__module__ = "builtins"
    return tamed


_MATH_TAMED.update({n: _rounding(n) for n in ("ceil", "floor", "trunc")})
MODULES["math"] = ModuleRow(
    why="C functions of numbers: no state, nothing kept; those that grow or iterate are charged",
    safe={
        n: getattr(math, n)
        for n in """acos acosh asin asinh atan atan2 atanh cbrt copysign cos cosh degrees e erf
        erfc exp exp2 expm1 fabs fmod frexp fma gamma hypot inf isclose isfinite isinf isnan
        ldexp lgamma log log10 log1p log2 modf nan nextafter pi pow radians remainder sin sinh sqrt
        tan tanh tau ulp""".split()
        if hasattr(math, n)
    },
    tame=_MATH_TAMED,
)
