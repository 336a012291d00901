"""U: `object`, `type`, functions, methods, descriptors, modules, and what running code makes."""

from __future__ import annotations

import builtins
import sys
import types
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    ClassMethodDescriptorType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    TracebackType,
    UnionType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

from guards.attribute import LATE
from guards.binding import is_guest_code
from guards.call import (
    CONSTRUCTORS,
    callable_for_c,
    construct,
    dict_of_wrapper,
    forget_annotations,
    wrapped_by,
)
from guards.classes import make_type, new_class, type_of
from guards.code import code_of_function, facts_of_code, frame_facts, frame_of_generator
from guards.headroom import note_generator
from guards.host import (
    MethodOfHeapType,
    host_dict,
    host_method_func,
    host_module_dict,
    host_name,
)
from guards.item import alias_item, union_item
from guards.kept import SUSPENDED
from guards.protocol import SlotDescribed
from guards.reduce import PLAIN_REDUCE, getstate, reduce, reduce_ex
from guards.sealed import Sealed
from guards.tables.rows import TABLE, Row, State, define
from guards.tamed import ClassNamespace, class_namespace, enter, namespace_of
from guards.warn import warn

if TYPE_CHECKING:
    from guards.realm import Realm


def _raw_dict(realm: Realm, obj: Any) -> Any:
    return object.__getattribute__(obj, "__dict__")


def _class_dict(realm: Realm, kind: Any) -> ClassNamespace:
    return class_namespace(realm, kind)


def _module_dict(realm: Realm, module: Any) -> Any:
    if type(module) in LATE:
        LATE[type(module)](module, None)
    return namespace_of(realm, host_module_dict(module))


def _own_annotations(name: str) -> Any:
    def read_annotations(realm: Realm, kind: Any) -> Any:
        # The interpreter makes the dictionary when it is first asked for, and keeps it in the class:
        # on a class that all compartments share it would be a channel between them.
        if not realm.is_guest_class(kind):
            raise AttributeError(f"type object {host_name(kind)!r} has no attribute {name!r}")
        return type.__getattribute__(kind, name)

    return read_annotations


def _wrapped_annotations(name: str) -> Any:
    def read_annotations(realm: Realm, wrapper: Any) -> Any:
        # From 3.14 on they are asked of what is wrapped, each time: for a function of ours, the
        # dictionary that all compartments would share.
        forget_annotations(realm, wrapper)
        own = dict_of_wrapper(wrapper)
        if name in own:
            return own[name]
        inner = wrapped_by(wrapper)
        if not realm.is_guest_function(inner):
            raise AttributeError(f"{host_name(type(wrapper))!r} object has no attribute {name!r}")
        return getattr(inner, name)

    return read_annotations


def _type_new(realm: Realm, meta: Any, /, *args: Any, **kwargs: Any) -> Any:
    if len(args) == 1 and not kwargs and meta is type:
        return type_of(realm, args[0])
    if len(args) != 3:
        raise TypeError("type.__new__() takes exactly 3 arguments")
    return new_class(realm, meta, *args, **kwargs)


def _type_call(realm: Realm, kind: Any, /, *args: Any, **kwargs: Any) -> Any:
    if not issubclass(type(kind), type):
        raise TypeError("descriptor '__call__' requires a 'type' object")
    if kind is type:
        return make_type(realm, type, *args, **kwargs)
    return construct(realm, kind, *args, **kwargs)


def _bases(realm: Realm, kind: Any) -> Any:
    return type.__dict__["__bases__"].__get__(kind)


def _mro(realm: Realm, kind: Any) -> Any:
    return type.__dict__["__mro__"].__get__(kind)


def _subclasses(realm: Realm, kind: Any) -> Any:
    """`C.__subclasses__` of a class of the guest's own, whose subclasses are its own too."""
    if not realm.is_guest_class(kind):
        raise AttributeError(f"type object {host_name(kind)!r} has no attribute '__subclasses__'")
    return MethodType(_list_subclasses, (realm, kind))


def _list_subclasses(state: Any, /) -> list[type]:
    realm, kind = state
    found = type.__subclasses__(kind)
    realm.meter.charge(len(found))
    return [k for k in found if realm.is_guest_class(k)]


def _set_descriptor(realm: Realm, descriptor: Any, obj: Any, value: Any, /) -> None:
    if not realm.is_guest_class(descriptor.__objclass__):
        raise AttributeError(f"{host_name(type(descriptor))!r} object has no attribute '__set__'")
    type(descriptor).__set__(descriptor, obj, value)


def _delete_descriptor(realm: Realm, descriptor: Any, obj: Any, /) -> None:
    if not realm.is_guest_class(descriptor.__objclass__):
        raise AttributeError(f"{host_name(type(descriptor))!r} object has no attribute '__delete__'")
    type(descriptor).__delete__(descriptor, obj)


def _next_traceback(realm: Realm, tb: Any) -> Any:
    found = tb.tb_next
    while found is not None and not realm.is_guest_frame(found.tb_frame):
        found = found.tb_next
    return found


def _function_code(realm: Realm, function: Any) -> Any:
    if not realm.is_guest_function(function):
        raise AttributeError("'function' object has no attribute '__code__'")
    return code_of_function(realm, function)


def _raised_in(realm: Realm, tb: Any) -> Any:
    frame = tb.tb_frame
    if not realm.is_guest_frame(frame):
        raise AttributeError("'traceback' object has no attribute 'tb_frame'")
    return frame_facts(realm, frame, frame.f_lineno, None)


def _frame_of(realm: Realm, generator: Any) -> Any:
    """Facts about where a generator stands; None once it is over."""
    prefix = SUSPENDED[type(generator)]
    frame = getattr(generator, f"{prefix}_frame")
    if frame is None:
        return None
    if not realm.is_guest_frame(frame):
        raise AttributeError(f"{host_name(type(generator))!r} object has no attribute '{prefix}_frame'")
    return frame_of_generator(realm, generator, frame, getattr(generator, f"{prefix}_running"))


def _code_of(realm: Realm, generator: Any) -> Any:
    prefix = SUSPENDED[type(generator)]
    code = getattr(generator, f"{prefix}_code")
    if not is_guest_code(code):
        raise AttributeError(f"{host_name(type(generator))!r} object has no attribute '{prefix}_code'")
    return facts_of_code(realm, code)


def _alias_call(realm: Realm, alias: Any, /, *args: Any, **kwargs: Any) -> Any:
    return callable_for_c(realm, alias.__origin__)(*args, **kwargs)


def _method_arguments(realm: Realm, kind: type, args: Any, kwargs: Any) -> Any:
    if not args:
        return args
    inner, levels = args[0], 0
    while type(inner) is MethodType:
        # Each level copies its arguments once more when the whole is called.
        inner, levels = host_method_func(inner), levels + 1
        if levels > 8:
            raise TypeError("bound methods are nested too deeply")
    return (callable_for_c(realm, args[0]), *args[1:])


def _where_from(kind: type) -> str:
    found = host_dict(kind).get("__module__")  # a metaclass's own `__getattribute__` is not asked
    return found if type(found) is str else "builtins"


def _replaced(realm: Realm, obj: Any, /, **changes: Any) -> Any:
    """`copy.replace` of a namespace (from 3.13 on): one of the same class, made without arguments."""
    kind = type(obj)
    if not issubclass(kind, types.SimpleNamespace):
        wrong = host_name(kind)
        raise TypeError(f"descriptor '__replace__' requires a 'types.SimpleNamespace', not {wrong!r}")
    made = callable_for_c(realm, kind)()
    if not issubclass(type(made), types.SimpleNamespace):
        raise TypeError(
            f"expect types.SimpleNamespace type, but {_where_from(kind)}.{host_name(kind)}() "
            f"returned {host_name(type(made))!r} object"
        )
    held = _raw_dict(realm, obj)
    realm.meter.charge(len(held) + len(changes))
    realm.meter.charge_bytes(64 * (len(held) + len(changes)))
    _raw_dict(realm, made).update(held, **changes)
    return made


def _thrown(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    """A Ctrl-C that a guest throws is known by the object, since nothing else tells it from a real
    one, which ends the host's program."""
    note_generator(obj)
    if len(args) > 1 and sys.version_info >= (3, 12):
        name = "athrow" if issubclass(type(obj), AsyncGeneratorType) else "throw"
        warn(
            realm,
            DeprecationWarning,
            f"the (type, exc, tb) signature of {name}() is deprecated, "
            "use the single-arg signature instead.",
        )
    if args and issubclass(type(args[0]), type) and issubclass(args[0], BaseException):
        # C code would make the exception past the guard of calls.
        args = (_exception_of(realm, *args[:2]), *([None] * len(args[1:2])), *args[2:])
    if 1 < len(args) <= 3 and not kwargs:
        # By one argument: of more, C code tells the host's filters, which may be errors.
        args = (_carrying(*args),)
    if args and issubclass(type(args[0]), KeyboardInterrupt) and len(realm.thrown) < 1000:
        realm.thrown.append(args[0])
    return args


def _carrying(error: Any, value: Any, tb: Any = None) -> Any:
    """What `throw(error, value, tb)` throws, once `error` is an instance."""
    if not issubclass(type(error), BaseException):
        return error  # C code says what is wrong with it
    if value is not None:
        raise TypeError("instance exception may not have a separate value")
    if tb is None:
        return error
    if type(tb) is not TracebackType:
        raise TypeError("throw() third argument must be a traceback object")
    return BaseException.with_traceback(error, tb)


def _exception_of(realm: Realm, kind: Any, value: Any = None) -> Any:
    """What `throw(kind, value)` throws."""
    if issubclass(type(value), kind):
        return value
    make = callable_for_c(realm, kind)
    if value is None:
        return make()
    return make(*value) if type(value) is tuple else make(value)


def _stepped(realm: Realm, generator: Any, args: Any, kwargs: Any) -> Any:
    note_generator(generator)
    return args


def _bound_to(realm: Realm, method: Any) -> Any:
    """What a method of C is bound to, where that is of U: the module behind `math.sin` is not."""
    found = method.__self__
    kind = type(found)
    if issubclass(kind, type):
        of_guest = found in TABLE or realm.is_guest_class(found)
    else:
        of_guest = realm.may_hold(kind) and not issubclass(kind, (ModuleType, type(None)))
    if not of_guest:
        raise AttributeError(f"{host_name(type(method))!r} object has no attribute '__self__'")
    return found


def _called_later(realm: Realm, obj: Any, args: Any, kwargs: Any) -> Any:
    return tuple(callable_for_c(realm, a) for a in args)


CONSTRUCTORS[MethodType] = _method_arguments
_kind: type
_DESCRIBED = "__name__ __qualname__ __doc__ __objclass__ __text_signature__ __get__ __call__"

enter(object, "__eq__ __ne__ __init__", subclass=True)
TABLE[object].update(
    {
        "__reduce_ex__": Row(State.TAME, reduce_ex),
        "__reduce__": Row(State.TAME, reduce),
        "__getstate__": Row(State.TAME, getstate),
    }
)
enter(
    type,
    "__name__ __qualname__ __module__ __doc__ __base__ "
    "__text_signature__ __abstractmethods__ __basicsize__ __itemsize__ __flags__ "
    "__instancecheck__ __subclasscheck__ __prepare__ __type_params__ __or__ __ror__ mro __call__",
    tame={"__new__": _type_new, "__call__": _type_call},
    reads={
        "__dict__": _class_dict,
        "__bases__": _bases,
        "__mro__": _mro,
        "__subclasses__": _subclasses,
        "__annotations__": _own_annotations("__annotations__"),
        "__annotate__": _own_annotations("__annotate__"),
    },
    subclass=True,
)
enter(
    FunctionType,
    "__annotations__ __annotate__ __defaults__ __kwdefaults__ __type_params__ __call__ __name__ "
    "__qualname__ __doc__ __module__",
    reads={"__dict__": _raw_dict, "__code__": _function_code},
    deny="__new__ __globals__ __closure__ __builtins__",
)
enter(MethodType, "__call__ __doc__", deny="__self__ __func__")
for _kind in dict.fromkeys((BuiltinFunctionType, MethodOfHeapType)):
    enter(_kind, "__call__ __doc__ __name__ __qualname__ __module__", reads={"__self__": _bound_to})
enter(MethodWrapperType, _DESCRIBED, reads={"__self__": _bound_to})
enter(WrapperDescriptorType, _DESCRIBED)
enter(MethodDescriptorType, _DESCRIBED)
enter(ClassMethodDescriptorType, _DESCRIBED)
for _kind in (GetSetDescriptorType, MemberDescriptorType):
    enter(
        _kind,
        _DESCRIBED,
        tame={"__set__": _set_descriptor, "__delete__": _delete_descriptor},
    )
enter(
    property,
    "__set__ __delete__ __set_name__ __isabstractmethod__ fget fset fdel __name__",
    cost=dict.fromkeys(("getter", "setter", "deleter"), _called_later),
    subclass=True,
)
for _kind in (classmethod, staticmethod):
    enter(
        _kind,
        "__func__ __wrapped__ __isabstractmethod__ __call__",
        reads={
            "__dict__": _raw_dict,
            **{n: _wrapped_annotations(n) for n in ("__annotations__", "__annotate__")},
        },
        subclass=True,
    )
enter(super, "__self__ __self_class__ __thisclass__")
enter(
    GeneratorType,
    "send close gi_running gi_suspended gi_state",
    cost={"throw": _thrown},
    reads={"gi_frame": _frame_of, "gi_code": _code_of},
    deny={"gi_yieldfrom": "what other code waits for", "__del__": "finalisers"},
)
enter(
    CoroutineType,
    "send close cr_running cr_suspended cr_state",
    cost={"throw": _thrown},
    reads={"cr_frame": _frame_of, "cr_code": _code_of},
    deny={
        "cr_await": "what other code waits for",
        "cr_origin": "frames of the host's",
        "__del__": "finalisers",
    },
)
enter(
    AsyncGeneratorType,
    "ag_running ag_suspended ag_state",
    cost={"athrow": _thrown, **dict.fromkeys(("asend", "aclose", "__anext__"), _stepped)},
    reads={"ag_frame": _frame_of, "ag_code": _code_of},
    deny={"ag_await": "what other code waits for", "__del__": "finalisers"},
)
enter(
    GenericAlias,
    "__args__ __origin__ __parameters__ __mro_entries__ __unpacked__ "
    "__typing_unpacked_tuple_args__ __instancecheck__ __subclasscheck__",
    tame={"__call__": _alias_call, "__getitem__": alias_item},
    subclass=True,
)
enter(UnionType, "__args__ __parameters__ __origin__ __mro_entries__ __instancecheck__ "
      "__subclasscheck__ __name__ __qualname__",
      tame={"__getitem__": union_item},
      deny={"__class_getitem__": "3.14 makes a ForwardRef of text, which evaluates it"})  # fmt: skip
enter(CellType, "cell_contents", deny="__new__")
enter(
    TracebackType,
    "tb_lineno",
    # The instruction's number tells how a program was compiled, which no guest is to know.
    reads={"tb_next": _next_traceback, "tb_frame": _raised_in, "tb_lasti": lambda realm, tb: -1},
    deny="__new__",
)
enter(
    ModuleType,
    "__annotations__ __annotate__",
    reads={"__dict__": _module_dict},
    subclass=True,
)
if hasattr(builtins, "sentinel"):
    enter(builtins.sentinel)
enter(type(None), subclass=False)
for _kind in (type(NotImplemented), type(Ellipsis)):
    enter(_kind)
    TABLE[_kind]["__reduce__"] = Row(State.TAME, reduce)
    PLAIN_REDUCE.add(_kind)  # it gives its name
define(Sealed, "__doc__", deny="__new__ __init__ __setattr__ __delattr__ __module__")


async def _agen() -> Any:
    yield


async def _coro() -> None: ...


def _made_by_code() -> list[type]:
    """Types that only running code makes: awaitables of async generators and coroutines."""
    agen = _agen()
    coro = _coro()
    found = [type(agen.asend(None)), type(agen.athrow(ValueError)), type(coro.__await__())]
    coro.close()
    return found


import warnings as _warnings  # noqa: E402 - the warning of the throwaway coroutine is not the user's

with _warnings.catch_warnings():
    _warnings.simplefilter("ignore")
    for _kind in _made_by_code():
        enter(_kind, "send close", cost={"throw": _thrown})

CONSTRUCTORS[types.SimpleNamespace] = CONSTRUCTORS[dict]  # from 3.13 on it takes what `dict` takes
if hasattr(types, "SimpleNamespace"):
    enter(
        types.SimpleNamespace,
        tame={"__replace__": _replaced} if hasattr(types.SimpleNamespace, "__replace__") else {},
        reads={"__dict__": _raw_dict},
        subclass=True,
    )
define(
    SlotDescribed,
    "__repr__",
    deny="__set__ __delete__ __realm__ __slots__ __setattr__ __delattr__ __new__ __annotations__",
)
