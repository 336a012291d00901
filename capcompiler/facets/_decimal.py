"""The arithmetic of `decimal` by C, with contexts of this program's own."""

import collections as _collections
import contextvars as _contextvars
import numbers as _numbers

from _guard_decimal import *
from _guard_decimal import _call, _new, _read, _register, _signal, _signals, _use, _write

__version__ = "1.70"
__libmpdec_version__ = "2.5.1"
HAVE_THREADS = True
HAVE_CONTEXTVAR = True

DecimalTuple = _collections.namedtuple("DecimalTuple", "sign digits exponent", module="decimal")
_numbers.Number.register(Decimal)

_SIGNALS = (
    Clamped, InvalidOperation, DivisionByZero, Inexact, Rounded, Subnormal, Overflow, Underflow,
    FloatOperation,
)  # fmt: skip


class SignalDict(_collections.abc.MutableMapping):
    """The flags or the traps of a context: one for each signal, set or not."""

    __slots__ = ("_handle", "_which")
    __module__ = "decimal"

    def __init__(self, handle, which):
        self._handle, self._which = handle, which

    def __getitem__(self, kind):
        if kind not in _SIGNALS:
            raise KeyError("invalid error flag")
        return kind in _signals(self._handle, self._which)

    def __setitem__(self, kind, on):
        _signal(self._handle, self._which, kind, bool(on))

    def __delitem__(self, kind):
        raise ValueError("signal keys cannot be deleted")

    def __iter__(self):
        return iter(_SIGNALS)

    def __len__(self):
        return len(_SIGNALS)

    def __eq__(self, other):
        if not isinstance(other, (SignalDict, dict)):
            return NotImplemented
        return dict(self) == dict(other)

    __hash__ = None

    def __repr__(self):
        return "{" + ", ".join(f"{kind!r}:{self[kind]!r}" for kind in _SIGNALS) + "}"

    def copy(self):
        return dict(self)


def _names(kinds):
    return "[" + ", ".join(kind.__name__ for kind in kinds) + "]"


class Context:
    """How decimal arithmetic rounds, how precise it is, and what it signals."""

    __slots__ = ("_handle", "__weakref__")
    __module__ = "decimal"

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        object.__setattr__(self, "_handle", _new())
        return self

    def __init__(
        self, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None,
        traps=None,
    ):  # fmt: skip
        settings = {"prec": prec, "rounding": rounding, "Emin": Emin, "Emax": Emax}
        for name, value in {**settings, "capitals": capitals, "clamp": clamp}.items():
            if value is not None:
                setattr(self, name, value)
        if flags is not None:
            self.flags = flags
        if traps is not None:
            self.traps = traps

    def __getattribute__(self, name):
        if name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp"):
            return _read(object.__getattribute__(self, "_handle"), name)
        return object.__getattribute__(self, name)

    def __setattr__(self, name, value):
        if name in ("flags", "traps"):
            self._set_signals(name, value)
        else:
            _write(self._handle, name, value)

    def __delattr__(self, name):
        raise AttributeError("context attributes cannot be deleted")

    def _set_signals(self, which, kinds):
        if isinstance(kinds, (dict, SignalDict)):
            if len(kinds) != len(_SIGNALS) or any(kind not in kinds for kind in _SIGNALS):
                raise KeyError("invalid error flag") if isinstance(kinds, dict) else TypeError(which)
            kinds = [kind for kind in _SIGNALS if kinds[kind]]
        elif not isinstance(kinds, list):
            raise TypeError("argument must be a signal dict")
        for kind in kinds:
            if kind not in _SIGNALS:
                raise TypeError("values for signals must be in the list of signals")
        for kind in _SIGNALS:
            _signal(self._handle, which, kind, kind in kinds)

    flags = property(lambda self: SignalDict(self._handle, "flags"))
    traps = property(lambda self: SignalDict(self._handle, "traps"))

    def copy(self):
        """A context with the same settings, flags and traps."""
        new = Context()
        for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp"):
            setattr(new, name, getattr(self, name))
        for which in ("flags", "traps"):
            new._set_signals(which, _signals(self._handle, which))
        return new

    __copy__ = copy

    def __reduce__(self):
        flags, traps = (_signals(self._handle, which) for which in ("flags", "traps"))
        return Context, (
            self.prec, self.rounding, self.Emin, self.Emax, self.capitals, self.clamp, flags, traps,
        )  # fmt: skip

    def __repr__(self):
        return (
            f"Context(prec={self.prec}, rounding={self.rounding}, Emin={self.Emin}, Emax={self.Emax}, "
            f"capitals={self.capitals}, clamp={self.clamp}, "
            f"flags={_names(_signals(self._handle, 'flags'))}, "
            f"traps={_names(_signals(self._handle, 'traps'))})"
        )


def _method(name):
    def method(self, /, *args, **kwargs):
        return _call(self._handle, name, *args, **kwargs)

    method.__name__, method.__qualname__ = name, f"Context.{name}"
    setattr(Context, name, method)


for _name in """
    Etiny Etop abs add canonical compare compare_signal compare_total compare_total_mag copy_abs
    copy_decimal copy_negate copy_sign divide divide_int divmod fma is_canonical is_finite is_infinite
    is_nan is_normal is_qnan is_signed is_snan is_subnormal is_zero logb logical_and logical_invert
    logical_or logical_xor max max_mag min min_mag minus multiply next_minus next_plus next_toward
    normalize number_class plus quantize radix remainder remainder_near rotate same_quantum scaleb
    shift subtract to_eng_string to_integral to_integral_exact to_integral_value to_sci_string
    clear_flags clear_traps create_decimal create_decimal_from_float exp ln log10 power sqrt
""".split():
    _method(_name)
del _name

DefaultContext = Context()
BasicContext = Context(
    prec=9, rounding=ROUND_HALF_UP,
    traps=[DivisionByZero, Overflow, InvalidOperation, Clamped, Underflow],
)  # fmt: skip
ExtendedContext = Context(prec=9, rounding=ROUND_HALF_EVEN, flags=[], traps=[])
_register(Context, DecimalTuple)
_current = Context()
_use(_current._handle)


def getcontext():
    """The context that arithmetic of this program runs in."""
    return _current


def setcontext(context, /):
    """Let arithmetic of this program run in another context."""
    global _current
    if not isinstance(context, Context):
        raise TypeError("optional argument must be a context")
    if context in (DefaultContext, BasicContext, ExtendedContext):
        context = context.copy()
        context.clear_flags()
    _use(context._handle)
    _current = context


class _ContextManager:
    def __init__(self, context, settings):
        self._new = context.copy()
        for name, value in settings.items():
            if name not in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"):
                raise TypeError(f"{name!r} is an invalid keyword argument for this function")
            if value is not None:
                setattr(self._new, name, value)

    def __enter__(self):
        self._saved = getcontext()
        setcontext(self._new)
        return self._new

    def __exit__(self, kind, error, traceback):
        setcontext(self._saved)


def localcontext(ctx=None, **kwargs):
    """A `with` block in which arithmetic runs in a copy of a context."""
    if ctx is None:
        ctx = getcontext()
    elif not isinstance(ctx, Context):
        raise TypeError("optional argument must be a context")
    return _ContextManager(ctx, kwargs)


def __getattr__(name):
    # From 3.15 on `decimal` imports it, and is `_pydecimal` where it is not there.
    raise AttributeError(f"module 'decimal' has no attribute {name!r}")
