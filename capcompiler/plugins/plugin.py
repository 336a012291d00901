"""One plugin that was loaded: its compartment, what it was granted, and how it answers hooks."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, Final, Literal

from capcompiler.attenuation import only, revocable
from capcompiler.compartment import Compartment, Isolation
from capcompiler.errors import CapError, DialectError, GuestError, LimitExceeded
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.capability import Capability, is_host_function
from capcompiler.membrane.exceptions import indented, one_line
from capcompiler.membrane.handle import Handle
from capcompiler.membrane.membrane import RefusedArgument
from capcompiler.membrane.record import record_of
from capcompiler.plugins.guest import LOOK, MODULES
from capcompiler.plugins.manifest import PluginError
from capcompiler.plugins.source import PluginSource
from capcompiler.source import decoded, parsed

__all__ = ["Failure", "Found", "Plugin"]

State = Literal["running", "set aside", "unloaded"]
_MARKS: Final = {
    "hookwrapper": bool,
    "optionalhook": bool,
    "tryfirst": bool,
    "trylast": bool,
    "wrapper": bool,
}
_MAX_HOOKS: Final = 200
_MAX_NAME: Final = 100  # characters of the name of a function, a parameter or a hook
_PATIENCE: Final = 30.0  # seconds that a call waits for one on another thread


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in a plugin.

    kind: "load", "idle" (it is loaded, and marks no function as a hook), "error" (it raised), "limit" (a
    budget ran out), "crash" (its worker is gone), "result" (it gave what no hook takes), "busy" (it is
    at work on another thread, which waits for this one).
    hook: "" where it was loaded. traceback: the guest's frames with their lines, and the error.
    place: the file of the plugin's and the line, such as "main.py:12"; "" where that is not known.
    """

    plugin: str
    version: str
    hook: str
    kind: str
    message: str
    traceback: str = ""
    place: str = ""

    def __str__(self) -> str:
        who = f"{self.plugin} {self.version}" if self.version else self.plugin
        where = f" in {self.hook}" if self.hook else ""
        where += f" at {self.place}" if self.place else ""
        # Lines after the first are set in: else a plugin's error has a line that is another's.
        return f"{one_line(who)}: {self.kind}{where}: {indented(self.message)}"


@dataclass(frozen=True, slots=True)
class Found:
    """A function that a plugin marked: its name, its marks, its parameters, and a handle of it."""

    name: str
    marks: dict[str, Any]
    parameters: tuple[str, ...]
    handle: Handle


class Plugin:
    """A plugin in its world. `state` says how it fares, `granted` what it holds."""

    def __init__(
        self,
        source: PluginSource,
        caps: dict[str, Any],
        *,
        limits: Limits,
        load_limits: Limits,
        imports: Imports,
        isolation: Isolation,
        on_use: Callable[[Any], None] | None,
    ) -> None:
        self.source = source
        self.name = source.manifest.name
        self.version = source.manifest.version
        self.digest = source.digest
        self.state: State = "running"
        self.failures: list[Failure] = []
        self.lock = threading.RLock()
        self._revokers: dict[str, Callable[[], None]] = {}
        self.limits, self.load_limits = limits, load_limits
        held: dict[str, Any] = {}
        asks = {ask.authority: ask for ask in source.manifest.asks}
        for name, cap in caps.items():
            narrowed = only(cap, *asks[name].methods) if asks[name].methods else cap
            held[name], self._revokers[name] = revocable(narrowed)
        about = {"name": self.name, "version": self.version}
        chosen = Imports.sources(MODULES) + imports + Imports.sources(source.modules)
        self.world = Compartment(
            {"plugin": about, **held}, imports=chosen, limits=limits, isolation=isolation, on_use=on_use
        )

    @property
    def granted(self) -> frozenset[str]:
        """What it was granted and still holds."""
        return frozenset(self._revokers)

    def run(self, project: str) -> list[Found]:
        """Run its entry, and find the functions that it marked. Raises `PluginError`."""
        limits, self.world._limits = self.world._limits, self.load_limits
        try:
            self.world.exec(self.source.entry, filename=f"{self.name}/{self.source.manifest.entry}")
            self.world.exec(LOOK, filename="<hooks>")
            known = _parameters(self.source)
            answer = self.world.call("_capcompiler_hooks", project, list(known))
            found = _checked(answer, self.name, known)
            if not found and (others := self._projects()):
                raise PluginError(
                    self.name,
                    f"it marks functions for {others[0]!r} only, and answers no hook of {project!r}: "
                    f"write HookimplMarker({project!r})",
                )
            return found
        except DialectError as error:
            problem = PluginError(self.name, f"it is no program of the dialect: {error}")
        except GuestError as error:
            problem = PluginError(
                self.name, f"it failed as it was loaded: {error}", self._place(error), error.traceback
            )
        except CapError as error:
            problem = PluginError(self.name, f"it was stopped as it was loaded: {error}")
        finally:
            self.world._limits = limits
        raise problem

    def _projects(self) -> list[str]:
        """The projects that its functions are marked for. What it says is for a text, and no more."""
        answer = self.world.call("_capcompiler_projects")
        if type(answer) is not list or not all(type(p) is str for p in answer[:3]):
            return []
        return [p[:80] for p in answer[:3]]

    def _place(self, error: GuestError) -> str:
        """The last line at work that is in a file of the plugin's own."""
        entry = f"{self.name}/{self.source.manifest.entry}"
        own = {entry: self.source.manifest.entry}
        for module in self.source.modules:
            path = f"{module.replace('.', '/')}.py"
            own[path] = path
        # Any other name is that of the library, or one that the plugin chose for a text of its own.
        return next(
            (f"{own[f.filename]}:{f.line}" for f in reversed(error.frames) if f.filename in own), ""
        )

    def ask(self, hook: str, call: Callable[[], Any], only_data: bool) -> Any:
        """What it answers. Raises `Wrong` with what went wrong in it; None once it is set aside."""
        # Two threads may be in two plugins, and each want the other: neither waits for ever.
        if not self.lock.acquire(timeout=_PATIENCE):
            raise Wrong(self.failure(hook, "busy", "it is at work on another thread"))
        try:
            if self.state != "running":
                return None
            try:
                found = call()
            except CapError as error:
                if self.state != "running":
                    return None  # it was taken out meanwhile, in the middle of its turn
                problem = self._what_went_wrong(hook, error)
            else:
                if self.state != "running":
                    return None
                if not only_data or _is_data(found):
                    return found
                problem = self.failure(hook, "result", "it gave a function or a capability, not data")
        finally:
            self.lock.release()
        raise Wrong(problem)

    def _what_went_wrong(self, hook: str, error: CapError) -> Failure:
        if isinstance(error, LimitExceeded):
            return self.failure(hook, "limit", str(error))
        if isinstance(error, RefusedArgument):
            raise error  # the host's own argument, which cannot be handed in
        if isinstance(error, GuestError):
            return self.failure(hook, "error", str(error), error.traceback, self._place(error))
        return self.failure(hook, "crash", str(error))

    def failure(
        self, hook: str, kind: str, message: str, traceback: str = "", place: str = ""
    ) -> Failure:
        return Failure(self.name, self.version, hook, kind, message, traceback, place)

    def revoke(self, authority: str | None = None) -> None:
        """Take back what it was granted, or all of it, also from whatever it obtained through it."""
        for name in [authority] if authority is not None else list(self._revokers):
            take_back = self._revokers.pop(name, None)
            if take_back is None:
                raise KeyError(f"{self.name} was not granted {name}")
            take_back()

    def end(self, state: State) -> None:
        """Let nothing of it run any more, a turn under way included; what it holds is taken back."""
        self.state = state
        for name in list(self._revokers):
            self.revoke(name)
        self.world.close()

    def __repr__(self) -> str:
        return f"<Plugin {self.name} {self.version} ({self.state})>"


class Wrong(Exception):
    """Something went wrong in a plugin; its host decides what becomes of it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def _parameters(source: PluginSource) -> dict[str, list[str]]:
    """The parameters of the functions that a plugin's texts define at their top, by name. Where there
    are two of a name, a plugin that is asked with the wrong ones has itself to blame."""
    found: dict[str, list[str]] = {}
    name = source.manifest.name
    texts: list[str | bytes] = [*source.modules.values(), source.entry]
    for text in texts:
        try:
            tree: Any = parsed(decoded(text, name), "exec", name)
        except SyntaxError:
            continue  # what is wrong with it is said when it is compiled
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                args = node.args
                found[node.name] = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return found


def _checked(answer: Any, plugin: str, known: dict[str, list[str]]) -> list[Found]:
    """What a plugin says of the functions that it marked: no more than data, and not believed."""
    if type(answer) is not list or len(answer) > _MAX_HOOKS:
        raise PluginError(plugin, "it answers in the place of what looks for its hooks")
    found = []
    for row in answer:
        if type(row) is not tuple or len(row) != 4:
            raise PluginError(plugin, "it answers in the place of what looks for its hooks")
        name, marks, parameters, handle = row
        if parameters is None and type(name) is str:
            parameters = known.get(name)
        if (
            not _is_name(name)
            or name.startswith("_")
            or type(marks) is not dict
            or type(parameters) is not list
            or not all(map(_is_name, parameters))
            or len(set(parameters)) != len(parameters)
            or not isinstance(handle, Handle)
        ):
            raise PluginError(
                plugin, f"what it marked as {str(name)[:80]!r} is no function of a public name"
            )
        exact: dict[str, Any] = {}
        for mark, kind in _MARKS.items():
            value = marks.get(mark, False)
            if type(value) is not kind:
                raise PluginError(plugin, f"{name}: {mark}: wanted True or False")
            exact[mark] = value
        specname = marks.get("specname")
        if specname is not None and not (
            # Of pluggy's own objects, a name such as `__class__` is another thing than a hook.
            _is_name(specname) and not specname.startswith("_")
        ):
            raise PluginError(plugin, f"{name}: specname: wanted the name of a hook")
        exact["specname"] = specname
        found.append(Found(name, exact, tuple(parameters), handle))
    return found


def _is_name(name: Any) -> bool:
    return type(name) is str and len(name) <= _MAX_NAME and name.isidentifier() and not iskeyword(name)


def _is_data(value: Any) -> bool:
    """Whether there is nothing in a result that could be called."""
    rest, seen = [value], set[int]()
    while rest:
        at = rest.pop()
        if isinstance(at, (Handle, Capability, type)) or is_host_function(at):
            return False
        if (record := record_of(type(at))) is not None:
            inner = record.read(at, "")
        elif type(at) is dict:
            inner = [*at, *at.values()]
        elif type(at) in (list, tuple, set, frozenset):
            inner = [*at]
        else:
            continue
        if id(at) not in seen:
            seen.add(id(at))
            rest += inner
    return True
