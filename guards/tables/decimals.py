"""U: `decimal.Decimal` and the exceptions that its arithmetic raises.

A Decimal can hold an exponent of eighteen digits in a few bytes; whatever writes such a number out as
a whole number or in plain digits is charged for the digits first (pit 23).
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from guards.call import CONSTRUCTORS, callable_for_c
from guards.charge import charge_decimal, charge_digits, charge_walk
from guards.harden import harden
from guards.host import host_name
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["CONTEXT_CLASS", "DECIMAL_CROSSES", "SIGNALS", "TUPLE_CLASS", "charge_arguments",
           "charge_decimals", "charge_digits_of"]  # fmt: skip

#: Keys of what a realm keeps: the facet's class of contexts with its slot, and its DecimalTuple.
CONTEXT_CLASS: Final = "decimal context"
TUPLE_CLASS: Final = "decimal tuple"
#: What a context has a flag and a trap for.
SIGNALS: Final = (
    decimal.Clamped, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Inexact,
    decimal.Rounded, decimal.Subnormal, decimal.Overflow, decimal.Underflow, decimal.FloatOperation,
)  # fmt: skip

_SIGNALS: Final = (
    decimal.DecimalException, decimal.Clamped, decimal.DivisionByZero, decimal.FloatOperation,
    decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.Rounded,
    decimal.Subnormal, decimal.Underflow, decimal.ConversionSyntax, decimal.DivisionImpossible,
    decimal.DivisionUndefined, decimal.InvalidContext,
)  # fmt: skip

#: Whether a Decimal may enter a compartment: its exceptions are classes that take attributes, and
#: are shared, unless they could be made immutable.
DECIMAL_CROSSES: Final[bool] = all([harden(kind) for kind in (*_SIGNALS, Decimal)])


def charge_decimals(realm: Realm, a: Any, b: Any, digits: int | None = None) -> None:
    """Two operands: whole numbers are made Decimals first, and long coefficients take their time.
    digits: those of the context that is given; None for the compartment's own."""
    charge_decimal(realm, a, b, digits, divides=True)


def charge_digits_of(realm: Realm, name: str, digits: int) -> None:
    """A function that is computed to so many digits. Measured on libmpdec 2.5: `sqrt` grows a little
    slower than the square of the digits, the others a little faster."""
    if name == "sqrt":
        realm.meter.charge(digits * digits >> 10)
    else:
        realm.meter.charge((digits * digits >> 4) + (digits**3 >> 14))


def _with_contexts(realm: Realm, args: Any, kwargs: Any) -> Any:
    """The arguments with the contexts behind the guest's own `Context` objects."""
    found = realm.keep.get(CONTEXT_CLASS)
    if found is None:
        return args
    kind, slot = found

    def real(value: Any) -> Any:
        if not issubclass(type(value), kind):
            return value
        handle = slot.__get__(value)
        return handle.__context__ if host_name(type(handle)) == "ContextHandle" else value

    for name, value in kwargs.items():
        kwargs[name] = real(value)
    return tuple([real(a) for a in args])


def _beside(realm: Realm, number: Any, args: Any, kwargs: Any) -> Any:
    args = _with_contexts(realm, args, kwargs)
    digits = _digits_given(args, kwargs)
    charge_decimals(realm, number, number, digits)
    for other in (*args, *kwargs.values()):
        charge_decimals(realm, number, other, digits)
    return args


def _digits_given(args: Any, kwargs: Any) -> int | None:
    """The precision of a context among arguments."""
    given = [c for c in (*args, *kwargs.values()) if type(c) is decimal.Context]
    return given[0].prec if given else None


def _computed(name: str) -> Any:
    def cost(realm: Realm, number: Any, args: Any, kwargs: Any) -> Any:
        args = _beside(realm, number, args, kwargs)
        digits = _digits_given(args, kwargs)
        charge_digits_of(realm, name, realm.arithmetic.context.prec if digits is None else digits)
        return args

    return cost


def _as_tuple(realm: Realm, number: Any, /) -> Any:
    if not issubclass(type(number), Decimal):
        raise TypeError("descriptor 'as_tuple' needs a Decimal")
    charge_decimals(realm, number, number)
    realm.meter.charge_bytes(Decimal.__sizeof__(number) * 20)
    if TUPLE_CLASS not in realm.keep:
        realm.importer("_decimal", 0, "", True)
    sign, digits, exponent = Decimal.as_tuple(number)
    return callable_for_c(realm, realm.keep[TUPLE_CLASS])(sign, digits, exponent)


def _written_out(realm: Realm, number: Any, args: Any, kwargs: Any) -> Any:
    charge_digits(realm, number)
    return args


for _signal in _SIGNALS:
    enter(_signal, deny="__weakref__")

_BINARY: Final = """
    __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__
    __rfloordiv__ __mod__ __rmod__ __divmod__ __rdivmod__ __eq__ __ne__ __lt__ __le__
    __gt__ __ge__ compare compare_signal compare_total compare_total_mag copy_sign fma logical_and
    logical_or logical_xor max max_mag min min_mag next_toward quantize remainder_near rotate
    same_quantum scaleb shift
"""
_UNARY: Final = """
    adjusted canonical conjugate copy_abs copy_negate is_canonical is_finite is_infinite is_nan
    is_normal is_qnan is_signed is_snan is_subnormal is_zero logb logical_invert next_minus next_plus
    normalize number_class radix to_eng_string to_integral to_integral_exact to_integral_value
"""
enter(
    Decimal,
    "from_float from_number imag real __copy__ __deepcopy__",
    subclass=True,
    cost={
        **dict.fromkeys((_BINARY + _UNARY).split(), _beside),
        **{n: _computed(n) for n in "exp ln log10 sqrt __pow__ __rpow__".split()},
        **dict.fromkeys(
            "as_integer_ratio __int__ __round__ __floor__ __ceil__ __trunc__".split(), _written_out
        ),
    },
    tame={"as_tuple": _as_tuple},
)


def charge_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    """What `Decimal(...)` is given: a text, a whole number or a tuple of digits."""
    args = _with_contexts(realm, args, kwargs)
    if args and type(args[0]) is Decimal:
        charge_decimals(realm, args[0], args[0])
    elif args and issubclass(type(args[0]), (tuple, list)):
        charge_walk(realm, args[0])
    elif args and issubclass(type(args[0]), (str, int)):
        size = str.__len__(args[0]) if issubclass(type(args[0]), str) else args[0].bit_length() >> 2
        realm.meter.charge_bytes(size)
        if size > 4096:
            realm.meter.charge((size >> 6) ** 2 >> 6)
    return args


CONSTRUCTORS[Decimal] = charge_arguments
