"""Errors that cross: rebuilt from data on both sides.

Stops: exceptions that carry host objects, paths and texts to a guest (pits 8 and 21), and guest
exceptions whose methods would run in the host's time.
"""

from __future__ import annotations

import contextlib
import opcode
import re
from collections.abc import Mapping
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, Final

from capcompiler.errors import CapabilityError, CapError, GuestError, GuestFrame, one_line
from capcompiler.membrane.arguments import ArgumentError, function_of
from capcompiler.membrane.reference import Reference, use_of
from capcompiler.membrane.withheld import Told, Withheld
from capcompiler.program import serial_of, shown_filename
from guards.binding import is_guest_code
from guards.code import position_at
from guards.format import text_of
from guards.host import host_mro, host_name
from guards.meter import Stop
from guards.tables.errors import EXCEPTIONS, GuestInterrupt

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = ["describe", "for_guest", "guest_frames", "nearest_builtin", "one_line", "rebuilt"]

#: Read and set past what a class of the guest's may define under these names.
host_traceback: Final[Any] = BaseException.__dict__["__traceback__"].__get__
_set_traceback: Final[Any] = BaseException.__dict__["__traceback__"].__set__
MAX_TEXT: Final = 10_000
MAX_FRAMES: Final = 100
_PLAIN: Final = frozenset({str, int, float, bool, bytes, type(None)})
#: Bytes of code before an instruction, and characters of a line, whose place is looked up.
_FARTHEST: Final = 20_000
_RAISE: Final = opcode.opmap["RAISE_VARARGS"]


def nearest_builtin(kind: type) -> type[BaseException]:
    """The first builtin exception in the order of a class."""
    for k in host_mro(kind):
        if k is GuestInterrupt or k is KeyboardInterrupt:
            return KeyboardInterrupt
        found = EXCEPTIONS.get(host_name(k))
        if found is not None and found is k:
            return found
    return Exception


def rebuilt(kind: type[BaseException], args: tuple[Any, ...], text: str) -> BaseException:
    """An exception of a builtin class from plain data; from its text where the data does not fit."""
    if not all(type(a) in _PLAIN for a in args):
        args = (text,)
    if issubclass(kind, BaseExceptionGroup):
        kind = Exception
    for data in (args, (text,)):
        with contextlib.suppress(Exception):  # classes that want arguments of their own
            return kind(*data)
    return Exception(f"{kind.__name__}: {text}")


def describe(realm: Realm, error: BaseException, sources: Mapping[str, tuple[str, ...]]) -> GuestError:
    """The `GuestError` of an exception that a guest left uncaught. Built inside the turn: asking an
    exception for its text runs the guest's own `__str__`."""
    kind = type(error)
    name = one_line(host_name(kind))
    try:
        message = text_of(realm, error)
    except Stop:
        raise
    except BaseException:  # whatever the guest's __str__ raised
        message = "<the exception's text could not be made>"
    message = _clean(message)
    base = nearest_builtin(kind)
    args = BaseException.__dict__["args"].__get__(error)
    ungranted = _ungranted(error, message)
    if ungranted:
        message, args = ungranted, (ungranted,)
    frames = guest_frames(realm, host_traceback(error), sources)
    plain = tuple(_cleaned(a) for a in args) if type(args) is tuple and len(args) <= 100 else ()
    data = rebuilt(base, plain, message)
    if base is PermissionError and realm_refusal(error):
        return CapabilityError(message, frames, data)
    return GuestError(_clean(name, 200), message, frames, data)


_obj: Final[Any] = AttributeError.__dict__["obj"].__get__


def _ungranted(error: BaseException, message: str) -> str:
    """What a host is told of an attribute that a capability does not offer, in place of what Python says
    of our class; "" for other errors. Not said where the guest reads it: a `__getattr__` would make each
    use of a capability a tenth slower."""
    of = _obj(error) if type(error) is AttributeError else None
    if not isinstance(of, Reference):
        return ""
    found = _ABSENT.fullmatch(message)
    return "" if found is None else _clean(f"{use_of(of).path}: no attribute '{found[1]}' is granted")


_ABSENT: Final = re.compile(r"'\w*Reference' object has no attribute '(\w{1,200})'")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _clean(text: str, limit: int = MAX_TEXT) -> str:
    """A bounded text without lone surrogates or control characters: what a host prints must not fail,
    nor steer its terminal (pit 21)."""
    if len(text) > limit:
        text = text[:limit] + "..."
    return harmless(text)


def _cleaned(value: Any) -> Any:
    """An argument of an exception, its text made fit to print; of other data, no more than fits."""
    if type(value) is str:
        return _clean(value)
    if type(value) is bytes:
        return value[:MAX_TEXT]
    if type(value) is int and value.bit_length() > MAX_TEXT:
        return _clean(hex(value >> (value.bit_length() - 64)))
    return value


def printable(text: str) -> str:
    """A text with lone surrogates and control characters written out; tab, line feed and carriage
    return stay."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return _CONTROLS.sub(lambda m: f"\\x{ord(m.group()):02x}", text)


# C0 without tab and newline, DEL, C1, the marks that turn the direction of text round (they make a line
# read as what it is not), the separators that end a line where nobody looks for it, and lone surrogates.
_ACTED_ON: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


def harmless(text: str) -> str:
    """`text` with each character that a terminal acts on written as its escape, as in `\\x1b`."""
    # Not by a codec: a worker behind its walls can load none.
    return _ACTED_ON.sub(lambda found: ascii(found[0])[1:-1], text)


def indented(text: str) -> str:
    """A text whose later lines cannot be taken for lines of whoever shows it."""
    return harmless(text).replace("\n", "\n    ")


def guest_frames(
    realm: Realm, traceback: TracebackType | None, sources: Mapping[str, tuple[str, ...]]
) -> list[GuestFrame]:
    """The frames of guest code in a traceback, outermost first, at most `MAX_FRAMES`."""
    found: list[TracebackType] = []
    while traceback is not None:
        if realm.is_guest_frame(traceback.tb_frame):
            found.append(traceback)
        traceback = traceback.tb_next
    if len(found) > MAX_FRAMES:
        half = MAX_FRAMES // 2
        found = found[:half] + found[-half:]
    frames: list[GuestFrame] = []
    for one in found:
        code = one.tb_frame.f_code
        lines = sources.get(serial_of(code), ())
        line = one.tb_lineno or 0
        written = lines[line - 1] if 0 < line <= len(lines) else ""
        source = _clean(written.strip(), 400)
        begin, end = _span(code, one.tb_lasti, line, written)
        if not 0 <= begin < end <= len(source) or source != written.strip():
            begin = end = 0
        shown = one_line(shown_filename(code))
        frames.append(GuestFrame(shown, line, _clean(code.co_qualname, 200), source, begin, end))
    return frames


def _span(code: CodeType, at: int, line: int, written: str) -> tuple[int, int]:
    """What of a line without its margins an instruction is of, in characters; (0, 0) if not known.

    Bounded: a guest chooses how large its functions and lines are, and this is the host's time.
    """
    if not 0 <= at <= _FARTHEST or len(written) > _FARTHEST:
        return (0, 0)
    first, last, begin, end = position_at(code, at)
    if first != line or last is None or begin is None or end is None:
        return (0, 0)
    raw = written.encode("utf-8", "surrogatepass")
    margin = len(written) - len(written.lstrip())
    column = len(raw[:begin].decode("utf-8", "replace")) - margin
    if last != line:
        return (column, len(written.strip()))
    return (column, len(raw[:end].decode("utf-8", "replace")) - margin)


def refusal(message: str) -> PermissionError:
    """The `PermissionError` that a guest sees when a use of authority is refused."""
    return PermissionError(message)


def realm_refusal(error: BaseException) -> bool:
    """Whether an uncaught `PermissionError` is a refusal, and not one that the guest raised."""
    return type(error) is PermissionError and _raised_by_trusted_code(error)


def _raised_by_trusted_code(error: BaseException) -> bool:
    tb = host_traceback(error)
    if tb is None:
        return False
    while tb.tb_next is not None:
        tb = tb.tb_next
    return not is_guest_code(tb.tb_frame.f_code)


def for_guest(
    error: BaseException, path: str, function: Any, args: tuple[Any, ...] = ()
) -> BaseException:
    """What a guest sees of an exception that came out of a host function.

    args: what the function was called with.

    A builtin exception that the function itself raised on purpose crosses with its text. Anything
    else, such as a KeyError out of the host's own dictionaries, crosses as its nearest builtin type
    with a text that names the capability only.
    """
    if type(error) is Told:
        return error.seen
    if isinstance(error, GuestError) and not isinstance(error, CapabilityError):
        # The function called back into the guest, and the guest's own error came through.
        inner = error.exception
        kind = nearest_builtin(type(inner)) if inner is not None else Exception
        if kind is KeyboardInterrupt:
            kind = GuestInterrupt  # the interpreter's own would be taken for the wish of the host's
        return rebuilt(kind, (error.message,), error.message)
    if type(error) is ArgumentError:
        return TypeError(str(error))
    if isinstance(error, Withheld):
        return refusal(f"{path}: {error.message}")
    if isinstance(error, CapabilityError):
        return refusal(error.message)
    if isinstance(error, CapError):
        return RuntimeError(f"{path}: {type(error).__name__}")
    kind = nearest_builtin(type(error))
    if issubclass(kind, (SystemExit, KeyboardInterrupt, GeneratorExit, BaseExceptionGroup)):
        kind = RuntimeError
    if issubclass(kind, RecursionError) and _on_purpose(error, function):
        kind = RuntimeError  # the guest's own ends its turn; the host's is an error like any other
    if isinstance(error, OSError):
        # Paths of the host are not the guest's to know; number and text of the error are.
        number, text, name = error.errno, error.strerror, error.filename
        if type(number) is int and type(text) is str:
            # A path that the guest named, it may be told.
            told = type(name) is str and (raised_in_stdlib_caps(error) or _is_among(name, args))
            return OSError(number, text, name) if told else OSError(number, text)
        if not _on_purpose(error, function):
            return rebuilt(kind, (f"{path} failed",), "")
    plain = all(type(a) in _PLAIN for a in error.args)
    if type(error) in (kind, RecursionError) and plain and _on_purpose(error, function):
        return rebuilt(kind, error.args, str(error))
    return rebuilt(kind, (f"{path} failed",), f"{path} failed")


def _is_among(name: str, args: tuple[Any, ...]) -> bool:
    return any(type(a) is str and a == name for a in args)


def _on_purpose(error: BaseException, function: Any) -> bool:
    """Whether a `raise` statement of the granted function's own module raised this; what the
    capabilities of `stdlib_caps` raise is written for guests, in whichever of its modules."""
    if raised_in_stdlib_caps(error):
        return True
    code = _code_of(function)
    raised_in = _last_frame(error)
    if code is None or raised_in is None or raised_in.f_code.co_filename != code.co_filename:
        return False
    return raised_by_statement(error)


def raised_in_stdlib_caps(error: BaseException) -> bool:
    """Whether a `raise` statement of `stdlib_caps` raised this."""
    frame = _last_frame(error)
    name = None if frame is None else frame.f_globals.get("__name__")
    return type(name) is str and name.startswith("stdlib_caps.") and raised_by_statement(error)


def _last_frame(error: BaseException) -> FrameType | None:
    tb = host_traceback(error)
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return None if tb is None else tb.tb_frame


def raised_by_guest(realm: Realm, error: BaseException) -> bool:
    """Whether a `raise` statement in guest code raised this."""
    tb = host_traceback(error)
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return tb is not None and realm.is_guest_frame(tb.tb_frame) and raised_by_statement(error)


def raised_by_statement(error: BaseException) -> bool:
    """Whether a `raise` statement raised this, and not the interpreter or C code."""
    tb = host_traceback(error)
    if tb is None:
        return False
    while tb.tb_next is not None:
        tb = tb.tb_next
    return int(tb.tb_frame.f_code.co_code[tb.tb_lasti]) == _RAISE


def forget_traceback(error: BaseException) -> None:
    """Let go of the frames that an exception holds."""
    _set_traceback(error, None)


def _code_of(function: Any) -> Any:
    function = function_of(function)
    if isinstance(function, FunctionType):
        return function.__code__
    if isinstance(function, BuiltinFunctionType):
        return None
    return getattr(getattr(function, "func", None), "__code__", None)
