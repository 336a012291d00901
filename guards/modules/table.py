"""What a row of the audited table of modules says, and how a compartment gets its module from one.

Rows are of C modules and of tiny ones; a module without a row is not there. Each compartment gets
module objects of its own, which hold just the names of the row. What is Python code in the real
module runs as guest code instead, unless it stands here because it was written anew.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from guards.harden import harden
from guards.host import host_module_dict
from guards.tamed import enter

if TYPE_CHECKING:
    from guards.realm import Realm

__all__ = [
    "GUEST",
    "LIBRARY",
    "MODULES",
    "PACKAGE",
    "REFUSED",
    "GuestModule",
    "ModuleRow",
    "build_module",
    "index_of",
    "module_dict",
    "new_module",
    "refusal_of",
    "tamed_in",
]


#: Who asks for a module: a program of the guest's, the standard library, or an installed package that
#: the host let in by name. The library may import all of itself; a package that imports a module of
#: authority at its top, as real ones do, is handed an inert one.
GUEST: Final = 0
LIBRARY: Final = 1
PACKAGE: Final = 2


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One module. safe: names handed out as they are. tame: name to function(realm, ...).

    make: name to function(realm) that makes the value anew for each compartment.
    arrives: told before a compartment gets the module.
    why: the reason why the safe names are safe.
    """

    why: str
    safe: dict[str, Any] = field(default_factory=dict)
    tame: dict[str, Callable[..., Any]] = field(default_factory=dict)
    make: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    arrives: Callable[[Any], None] | None = None


class GuestModule(ModuleType):
    """A module of one compartment: a namespace that belongs to the guest.

    `types.ModuleType` in a guest is this class, so it is not sealed: guests make and extend it.
    """

    def __repr__(self) -> str:
        own = host_module_dict(self)
        name, file = own.get("__name__"), own.get("__file__")
        if type(name) is not str:
            return "<module>"
        return f"<module {name!r} from {file!r}>" if type(file) is str else f"<module {name!r}>"


# No guest may store on the class: all compartments share it.
if not harden(GuestModule):
    raise ImportError("guards: GuestModule could not be made immutable")
enter(GuestModule, subclass=True)
MODULES: Final[dict[str, ModuleRow]] = {}

#: Modules that are authority or raw interpreter and nothing else, and what to use instead.
REFUSED: Final = {
    **dict.fromkeys("socket ssl urllib.request http.client ftplib smtplib".split(),
                    "it is network access; the host grants a capability for what is needed"),
    **dict.fromkeys("subprocess multiprocessing signal pty fcntl resource".split(),
                    "it is control over processes; the host grants a capability for what is needed"),
    **dict.fromkeys("ctypes _ctypes gc marshal pickle shelve code codeop mmap".split(),
                    "it reaches into the interpreter"),
    **dict.fromkeys("secrets atexit tempfile shutil".split(),
                    "it is authority over the host's machine"),
}  # fmt: skip


def refusal_of(name: str) -> str:
    return f"the module {name!r} cannot be imported: {REFUSED[name]}"


def new_module(realm: Realm, name: str, doc: str | None = None) -> Any:
    """An empty module of a compartment, whose functions will have the compartment's builtins."""
    make: Any = ModuleType.__new__
    module = make(GuestModule, name)
    ModuleType.__init__(module, name, doc)
    own = module_dict(module)
    for machinery in ("__loader__", "__spec__"):
        own.pop(machinery, None)
    own["__package__"] = name.rpartition(".")[0]
    own["__builtins__"] = realm.builtins
    return module


def module_dict(module: Any) -> dict[str, Any]:
    """The raw namespace of a module, guards' key and all."""
    own: dict[str, Any] = host_module_dict(module)
    return own


def build_module(realm: Realm, name: str) -> Any:
    """A fresh module of the table for one compartment."""
    row = MODULES[name]
    if row.arrives is not None:
        row.arrives(realm)
    module = new_module(realm, name)
    own = module_dict(module)
    own.update(row.safe)
    for key, function in row.tame.items():
        own[key] = MethodType(function, realm)
    for key, make in row.make.items():
        own[key] = make(realm)
    realm.keep[name] = module
    return module


def tamed_in(row: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    def enter_function(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__.removeprefix("_")
        function.__name__ = function.__qualname__ = name
        function.__module__ = "builtins"
        row[name] = function
        return function

    return enter_function


def index_of(value: Any) -> int:
    return operator.index(value)
