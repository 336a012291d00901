"""U: `decimal.Decimal` and the exceptions that its arithmetic raises.

A Decimal can hold an exponent of eighteen digits in a few bytes; whatever writes such a number out as
a whole number or in plain digits is charged for the digits first (pit 23).
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from guards.call import CONSTRUCTORS
from guards.charge import charge_decimal, charge_digits
from guards.harden import harden
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["DECIMAL_CROSSES"]

_SIGNALS: Final = (
    decimal.DecimalException, decimal.Clamped, decimal.DivisionByZero, decimal.FloatOperation,
    decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.Rounded,
    decimal.Subnormal, decimal.Underflow, decimal.ConversionSyntax, decimal.DivisionImpossible,
    decimal.DivisionUndefined, decimal.InvalidContext,
)  # fmt: skip

#: Whether a Decimal may enter a compartment: its exceptions are classes that take attributes, and
#: are shared, unless they could be made immutable.
DECIMAL_CROSSES: Final[bool] = all([harden(kind) for kind in (*_SIGNALS, Decimal)])


def _beside(realm: Realm, number: Any, args: Any, kwargs: Any) -> Any:
    for other in (*args, *kwargs.values()):
        charge_decimal(realm, number, other)
    return args


def _written_out(realm: Realm, number: Any, args: Any, kwargs: Any) -> Any:
    charge_digits(realm, number)
    return args


for _signal in _SIGNALS:
    enter(_signal, deny="__weakref__")

_BINARY: Final = """
    __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__
    __rfloordiv__ __mod__ __rmod__ __divmod__ __rdivmod__ __pow__ __rpow__ __eq__ __ne__ __lt__ __le__
    __gt__ __ge__ compare compare_signal compare_total compare_total_mag copy_sign fma logical_and
    logical_or logical_xor max max_mag min min_mag next_toward quantize remainder_near rotate
    same_quantum scaleb shift
"""
enter(
    Decimal,
    """adjusted canonical conjugate copy_abs copy_negate exp from_float from_number imag is_canonical
    is_finite is_infinite is_nan is_normal is_qnan is_signed is_snan is_subnormal is_zero ln log10 logb
    logical_invert next_minus next_plus normalize number_class radix real sqrt to_eng_string to_integral
    to_integral_exact to_integral_value""",
    cost={
        **dict.fromkeys(_BINARY.split(), _beside),
        **dict.fromkeys(
            "as_integer_ratio __int__ __round__ __floor__ __ceil__ __trunc__".split(), _written_out
        ),
    },
    deny={"as_tuple": "gives a class of the host's Python library"},
)


def _decimal_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if args and issubclass(type(args[0]), (str, int)):
        size = str.__len__(args[0]) if issubclass(type(args[0]), str) else args[0].bit_length() >> 2
        realm.meter.charge_bytes(size)
        if size > 4096:
            realm.meter.charge((size >> 6) ** 2 >> 6)
    return args


CONSTRUCTORS[Decimal] = _decimal_arguments
