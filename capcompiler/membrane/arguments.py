"""What a capability's method takes and gives, by its annotations: checked on the way in and out.

Stops: confused deputies. A host's method sees arguments of the types that it names, exact and of
bounded size, or it is not called (pit 7); what it gives is what it promised.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MethodType
from typing import Any, Final

if sys.version_info >= (3, 14):
    import annotationlib

__all__ = [
    "DEFAULT_SIZE",
    "ArgumentError",
    "AtMost",
    "Checker",
    "checker_of",
    "function_of",
    "matches",
    "wanted",
]

#: Characters of a text, bytes, or elements of a container that one argument may have, where its
#: annotation names no other bound.
DEFAULT_SIZE: Final = 16 * 2**20


class ArgumentError(TypeError):
    """A wrong call of a capability: its text is ours, and is for the guest to read."""


@dataclass(frozen=True, slots=True)
class AtMost:
    """In an annotation, `Annotated[str, AtMost(80)]`: characters, bytes or elements at most."""

    size: int


def function_of(method: Any) -> Any:
    """The function behind what is called, under whatever stands between."""
    for _ in range(300):
        origin = getattr(type(method), "_cap_origin", None)
        if origin is not None:
            inner = origin(method)
            if inner is None:
                break
            method = inner
        elif type(method) is MethodType:
            method = method.__func__
        else:
            break
    return method


class Checker:
    """The annotations of one function.

    skipped: parameters that binding fills in, `self` or none.
    """

    __slots__ = (
        "_kinds", "_least", "_most", "given", "hints", "known", "parameters", "plain", "signature",
        "skipped",
    )  # fmt: skip

    def __init__(self, signature: inspect.Signature, hints: dict[str, Any], skipped: int) -> None:
        self.signature = signature
        self.given = _answered(hints.get("return", Any))
        #: Types of arguments that were right before and have no size.
        self.known: set[tuple[type, ...]] = set()
        #: Exact types of results that need no further look.
        self.plain: frozenset[type] = _plain(self.given)
        self.hints = {n: h for n, h in hints.items() if n in signature.parameters}
        self.parameters = list(signature.parameters.values())
        self.skipped = skipped
        self._kinds: tuple[frozenset[type] | None, ...] = ()
        self._least, self._most = 1, 0  # nothing passes quickly
        self._quickly()

    def _quickly(self) -> None:
        """Work out what calls by position alone are right at a glance."""
        plain = self.parameters[self.skipped :]
        kinds: list[frozenset[type] | None] = []
        least = 0
        for parameter in plain:
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty:
                break
            if parameter.kind not in (
                parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD
            ):  # fmt: skip
                return
            hint = self.hints.get(parameter.name, Any)
            if hint is not Any and hint is not object:
                exact = _exact(hint)
                if not exact:
                    break  # from here on, look closely
                kinds.append(exact)
            else:
                kinds.append(None)
            if parameter.default is parameter.empty:
                least = len(kinds)
        required = sum(
            p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            for p in plain
        )
        if required <= len(kinds):
            self._kinds, self._least, self._most = tuple(kinds), max(least, required), len(kinds)

    @property
    def glance(self) -> tuple[int, tuple[frozenset[type] | None, ...]]:
        """What a call by position is right with at a glance: how many arguments at least, and the exact
        types of each of those that it may have, where None is any."""
        return self._least, self._kinds if self._most else ()

    def fits(self, args: tuple[Any, ...]) -> bool:
        """Whether a call by position is right at a glance; if not, `check` looks closely."""
        count = len(args)
        if count < self._least or count > self._most:
            return False
        sized = False
        for value, kinds in zip(args, self._kinds, strict=False):
            kind = type(value)
            if kinds is not None and kind not in kinds:
                return False
            if kind in _SIZED:
                sized = True
                if len(value) > DEFAULT_SIZE:
                    return False
        if not sized and len(self.known) < 64:
            self.known.add(tuple(map(type, args)))
        return True

    def check(self, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise `ArgumentError` when an argument is not of the annotated type or too large.

        The text names the method, the argument, the type that came and the type that was wanted.
        """
        if not kwargs and self.fits(args):
            return
        problem = self._problem(path, args, kwargs)
        if problem:
            raise ArgumentError(problem)

    def _problem(self, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        try:
            bound = self.signature.bind(*((None,) * self.skipped), *args, **kwargs)
        except TypeError as error:
            return f"{path}: {error}"
        for position, parameter in enumerate(self.parameters[self.skipped :], 1):
            hint = self.hints.get(parameter.name, Any)
            if parameter.name not in bound.arguments and not _is_unpacked(hint):
                continue
            nothing: Any = {} if parameter.kind is parameter.VAR_KEYWORD else ()
            value = bound.arguments.get(parameter.name, nothing)
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) and _is_unpacked(
                hint
            ):
                # All of them as one tuple, or as one typed dict.
                values = [value]
                hint = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Unpack else hint
            elif parameter.kind is parameter.VAR_POSITIONAL:
                values = list(value)
            elif parameter.kind is parameter.VAR_KEYWORD:
                values = list(value.values())
            else:
                values = [value]
            where = f"{path}: argument {position} ({parameter.name})"
            for v in values:
                if not _matches(v, hint, set(), sized=False):
                    return f"{where}: got {_name(v)}, wanted {wanted(hint)}"
                size, most = _size(v), _bound(v, hint)
                if size > most:
                    return f"{where}: it is {size:,} long, and {most:,} is the most"
                if not matches(v, hint):
                    return f"{where}: a part of it is longer than may be, wanted {wanted(hint)}"
        return ""

    def check_result(self, path: str, value: Any) -> None:
        """Raise `ArgumentError` when a method gives what its annotation does not promise."""
        if self.given is not Any and not matches(value, self.given):
            raise ArgumentError(f"{path}: it gave {_name(value)}, and promises {wanted(self.given)}")

    def described(self) -> str:
        """The parameters and the result in words, for `help`: no value of the host's but plain ones."""
        shown: list[str] = []
        marks = {"star": False}
        for parameter in self.parameters[self.skipped :]:
            text = parameter.name
            if parameter.kind is parameter.VAR_POSITIONAL:
                text, marks["star"] = f"*{text}", True
            elif parameter.kind is parameter.VAR_KEYWORD:
                text = f"**{text}"
            elif parameter.kind is parameter.KEYWORD_ONLY and not marks["star"]:
                shown.append("*")
                marks["star"] = True
            hint = self.hints.get(parameter.name, Any)
            if hint is not Any:
                text += f": {wanted(hint)}"
            if parameter.default is not parameter.empty:
                plain = type(parameter.default) in _SHOWN
                text += f" = {parameter.default!r}" if plain else " = ..."
            shown.append(text)
        given = "" if self.given is Any else f" -> {wanted(self.given)}"
        return f"({', '.join(shown)}){given}"


def _is_unpacked(hint: Any) -> bool:
    """Whether it is written `Unpack[...]`, or `*tuple[...]`."""
    return typing.get_origin(hint) is typing.Unpack or getattr(hint, "__unpacked__", False) is True


def _answered(hint: Any) -> Any:
    """What is promised in the end: of something that answers later, its answer."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(map(_answered, arguments))]  # noqa: UP007
    kind = origin or hint
    if isinstance(kind, type) and issubclass(kind, Awaitable):
        return arguments[-1] if arguments else Any
    return hint


def _plain(given: Any) -> frozenset[type]:
    return _SHOWN if given is Any else _exact(given)


def _exact(hint: Any) -> frozenset[type]:
    """The exact types that an annotation names: a plain class, or a union of them; none for others."""
    nothing: frozenset[type] = frozenset()
    if isinstance(hint, type):
        return _EXACT.get(hint, nothing)
    if hint is None:
        return _EXACT[type(None)]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        parts = [_exact(h) for h in typing.get_args(hint)]
        return nothing.union(*parts) if all(parts) else nothing
    return nothing


_EXACT: Final[dict[type, frozenset[type]]] = {
    **{k: frozenset({k}) for k in (str, bytes, int, bool)},
    type(None): frozenset({type(None)}),
    float: frozenset({float, int}),
}
_SHOWN: Final[frozenset[type]] = frozenset({str, bytes, int, float, bool, type(None)})


def checker_of(method: Any) -> Checker | None:
    """What checks the calls of a method; None where its annotations cannot be read."""
    function = function_of(method)
    try:
        bound = _bound_method(method)
        if type(bound) is not MethodType:
            return _checker(function, False, None)
        owner = bound.__self__
        return _checker(function, True, owner if isinstance(owner, type) else type(owner))
    except TypeError:  # not hashable
        return None


def _bound_method(method: Any) -> Any:
    for _ in range(300):
        origin = getattr(type(method), "_cap_origin", None)
        inner = None if origin is None else origin(method)
        if inner is None:
            break
        method = inner
    return method


@functools.lru_cache(maxsize=1024)
def _checker(function: Any, bound: bool, owner: type | None) -> Checker | None:
    try:
        signature = _signature(function)
    except Exception:  # a function of C code, which has none
        return None
    hints = _hints(function, owner)
    if owner is not None:
        hints = {n: owner if h is typing.Self else h for n, h in hints.items()}
    return Checker(signature, hints, int(bound))


class _Unknown:
    """An annotation that cannot be evaluated, such as a name imported for type checkers alone. Nothing
    is what it asks for: one of them does not leave the other parameters unchecked."""

    def __repr__(self) -> str:
        return "what its annotation says, which cannot be evaluated"


_UNKNOWN: Final = _Unknown()


def _signature(function: Any) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _hints(function: Any, owner: type | None) -> dict[str, Any]:
    """The annotations of a function, evaluated. owner: the class that it is a method of, which may be
    named in them though no module holds it."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        hints: dict[str, Any] = {}
    known = {k.__name__: k for k in reversed(owner.__mro__)} if owner is not None else {}
    for name, said in _annotations(function).items():
        alone = types.SimpleNamespace(__annotations__={name: said})
        try:
            hints |= typing.get_type_hints(
                alone, getattr(function, "__globals__", {}), known, include_extras=True
            )
        except Exception:
            # What the host's own method gives is not a guest's to choose.
            hints[name] = Any if name == "return" else _UNKNOWN
    return hints


def _annotations(function: Any) -> dict[str, Any]:
    """The annotations as they are written: a newer Python evaluates them when asked, all or none."""
    if sys.version_info >= (3, 14):
        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    return getattr(function, "__annotations__", {})


def _name(value: Any) -> str:
    return _stands_for(value).__name__


def _stands_for(value: Any) -> type:
    """The class of a value; of a capability under attenuation, that of the capability."""
    kind = type(value)
    stands: type = kind._cap_stands_for(value) if hasattr(kind, "_cap_stands_for") else kind
    return stands


def _size(value: Any) -> int:
    return len(value) if type(value) in _SIZED else 0


_SIZED: Final = frozenset({str, bytes, bytearray, list, tuple, dict, set, frozenset})


def _bound(value: Any, hint: Any) -> int:
    """How long a value may be that is of the annotated type."""
    hint = _meant(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        sizes = [x.size for x in arguments[1:] if type(x) is AtMost]
        return min(sizes) if sizes else _bound(value, arguments[0])
    if origin in (typing.Union, types.UnionType):
        fits = [h for h in arguments if _matches(value, h, set(), sized=False)]
        return max((_bound(value, h) for h in fits), default=DEFAULT_SIZE)
    return DEFAULT_SIZE


def _meant(hint: Any) -> Any:
    """What a name of a type stands for: a `NewType`, a `type` statement, a variable with a bound."""
    for _ in range(100):
        if isinstance(hint, typing.TypeVar):
            if hint.__constraints__:
                return typing.Union[hint.__constraints__]  # noqa: UP007
            hint = Any if hint.__bound__ is None else hint.__bound__
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        elif typing.get_origin(hint) in _MARKS:
            (hint,) = typing.get_args(hint)
        elif hint is typing.LiteralString:
            hint = str
        else:
            break
    return hint


#: What says something of a name, and nothing of a value. `ReadOnly` is of 3.13.
_MARKS: Final = frozenset(
    getattr(typing, name) for name in ("Final", "ClassVar", "Required", "NotRequired", "ReadOnly")
    if hasattr(typing, name)
)  # fmt: skip


def matches(value: Any, hint: Any) -> bool:
    """Whether a crossed value, exact data or a handle, is what an annotation asks for.

    Annotations beyond classes, unions, literals, typed dicts and containers are not enforced: those of
    protocols that cannot be asked for, and of what callables take and give.
    """
    return _matches(value, hint, set())


def _matches(value: Any, hint: Any, right: set[tuple[int, int]], *, sized: bool = True) -> bool:
    """right: containers and annotations that were looked at and fit, or are looked at, by identity.
    Without it a list of shared lists of shared lists is looked at once for every path, in the host's
    time (pit 22), and one that holds itself for ever. sized: whether `AtMost` counts."""
    hint = _meant(hint)
    if hint is Any or isinstance(hint, str):
        return True
    if hint is _UNKNOWN or hint is typing.Never or hint is typing.NoReturn:
        return False
    if hint is None or hint is type(None):
        return value is None
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is typing.Union or origin is types.UnionType:
        return any(_matches(value, h, right, sized=sized) for h in arguments)
    if origin is typing.Annotated:
        if sized and any(type(a) is AtMost and _size(value) > a.size for a in arguments[1:]):
            return False
        return _matches(value, arguments[0], right, sized=sized)
    if origin is typing.Literal:
        return any(type(value) is type(a) and value == a for a in arguments)
    if hint is Callable or origin is Callable or hint is typing.Callable:
        return callable(value)
    kind: Any = origin or hint
    if not isinstance(kind, type):
        return True
    if typing.is_typeddict(kind):
        return _matches_fields(value, hint, right, sized)
    if kind is float:
        return type(value) in (float, int)
    if kind is int:
        return type(value) is int
    if kind is object:
        return True
    try:
        fits = isinstance(value, kind) or issubclass(_stands_for(value), kind)
    except TypeError:
        return True
    if not fits:
        return False
    if not arguments:
        # `tuple[()]` is the empty one; a bare `typing.Tuple` is any.
        return origin is not tuple or hint is typing.Tuple or not len(value)  # noqa: UP006
    if kind not in (list, set, frozenset, tuple, dict):
        return _matches_abstract(value, kind, hint, right, sized)
    known = (id(value), id(hint))
    if known in right:
        return True
    right.add(known)
    members: Any = value

    def fit(part: Any, asked: Any) -> bool:
        return _matches(part, asked, right, sized=sized)

    if kind is dict:
        fits = len(arguments) != 2 or all(
            fit(k, arguments[0]) and fit(v, arguments[1]) for k, v in members.items()
        )
    elif kind is not tuple or (len(arguments) == 2 and arguments[1] is Ellipsis):
        fits = all(fit(v, arguments[0]) for v in members)
    else:
        fits = len(members) == len(arguments) and all(map(fit, members, arguments))
    if not fits:
        right.discard(known)
    return fits


def _matches_fields(value: Any, hint: Any, right: set[tuple[int, int]], sized: bool) -> bool:
    """Whether a value is a dict of just the fields of a typed dict."""
    fields, needed = _fields_of(typing.get_origin(hint) or hint)
    if type(value) is not dict or not needed <= value.keys():
        return False
    known = (id(value), id(hint))
    if known in right:
        return True
    right.add(known)
    fits = all(n in fields and _matches(v, fields[n], right, sized=sized) for n, v in value.items())
    if not fits:
        right.discard(known)
    return fits


@functools.lru_cache(maxsize=1024)
def _fields_of(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The fields of a typed dict, and those that must be there."""
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except Exception:  # names that are there for type checkers alone
        hints = dict.fromkeys((*kind.__required_keys__, *kind.__optional_keys__), _UNKNOWN)
    # Where annotations are text, the class itself has not seen these.
    marked = {n: typing.get_origin(h) for n, h in hints.items()}
    spared = {n for n, mark in marked.items() if mark is typing.NotRequired}
    return hints, frozenset(kind.__required_keys__ - spared)


def _matches_abstract(
    value: Any, kind: type, hint: Any, right: set[tuple[int, int]], sized: bool
) -> bool:
    """Whether what is in a container is as an abstract class of containers names it."""
    arguments = typing.get_args(hint)
    known = (id(value), id(hint))
    if known in right:
        return True
    right.add(known)
    fits = True
    if issubclass(kind, Mapping):
        if type(value) is dict and len(arguments) == 2:
            key, part = arguments
            fits = all(
                _matches(k, key, right, sized=sized) and _matches(v, part, right, sized=sized)
                for k, v in value.items()
            )
    elif issubclass(kind, Iterable) and type(value) in _SIZED and len(arguments) == 1:
        # Each character is a text, and each byte a number.
        some = value[:1] if type(value) in (str, bytes, bytearray) else value
        fits = all(_matches(v, arguments[0], right, sized=sized) for v in some)
    if not fits:
        right.discard(known)
    return fits


def wanted(hint: Any) -> str:
    """An annotation in words."""
    if hint is None or hint is type(None):
        return "None"
    if isinstance(hint, typing.NewType):
        return str(hint.__name__)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(wanted(h) for h in typing.get_args(hint))
    if origin is typing.Annotated:
        return wanted(typing.get_args(hint)[0])
    if isinstance(hint, type) and origin is None:
        return hint.__name__
    return str(hint).replace("typing.", "")
