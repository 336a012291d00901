"""The host of plugins: loads them, grants them what it decides, and goes on without those that fail."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from capcompiler.compartment import Isolation
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.capability import Capability, interface_of, is_host_function
from capcompiler.membrane.membrane import with_article
from capcompiler.near import did_you_mean
from capcompiler.plugins.grants import Decide, Grants, Remembered, Request
from capcompiler.plugins.hooks import Registered, registered
from capcompiler.plugins.manifest import Ask, PluginError, normal_name
from capcompiler.plugins.plugin import Failure, Found, Plugin
from capcompiler.plugins.source import PluginSource, read_plugin, read_plugins

__all__ = ["Offer", "PluginHost"]

_LIMITS: Final = Limits(steps=1_000_000, seconds=5.0)
_LOAD_LIMITS: Final = Limits(seconds=60.0)


class Offer:
    """Something that each plugin gets its own of: `make(request)` gives the capability."""

    def __init__(self, make: Callable[[Request], Any]) -> None:
        self.make = make


class PluginHost:
    """Guest plugins on the hooks of a `pluggy.PluginManager`, beside native ones.

    manager: with its hook specifications added. offers: what can be granted, by the names that manifests
    ask for: capabilities, host functions, or an `Offer`. decide: asked for each thing that no remembered
    grant covers; see `Request`. Without it nothing is granted that is not remembered.
    remember: a file of the host's own, or None to remember while this object lives.
    hooks: the hooks that guests may answer; None for all. wrappers: those that they may wrap, seeing and
    changing what others answer.
    limits: of each call, at most; a manifest may ask for less. load_limits: of loading, with what a
    plugin imports. isolation: as for a `Compartment`.
    patience: how often a plugin may fail before it is set aside. It is set aside at once when a budget
    ran out or its worker is gone. only_data: whether answers are data, with nothing in them to call.
    hand_in: makes data or a capability of an argument that is neither. on_failure: told of each failure.
    """

    def __init__(
        self,
        manager: Any,
        offers: Mapping[str, Any] | None = None,
        decide: Decide | None = None,
        *,
        remember: str | os.PathLike[str] | Grants | None = None,
        hooks: Collection[str] | None = None,
        wrappers: Collection[str] = (),
        limits: Limits = _LIMITS,
        load_limits: Limits = _LOAD_LIMITS,
        imports: Imports | None = None,
        isolation: Isolation = "inline",
        patience: int = 1,
        only_data: bool = True,
        hand_in: Callable[[Any], Any] | None = None,
        on_failure: Callable[[Failure], None] | None = None,
        on_use: Callable[[str, Any], None] | None = None,
    ) -> None:
        if not all(hasattr(manager, n) for n in ("project_name", "register", "hook", "check_pending")):
            raise TypeError(
                f"manager: wanted a pluggy.PluginManager, got {with_article(type(manager).__name__)}"
            )
        self.manager = manager
        self.offers = dict(offers or {})
        for name, offer in self.offers.items():
            if not isinstance(offer, (Offer, Capability)) and not is_host_function(offer):
                raise TypeError(f"offers[{name!r}]: wanted a capability, a host function or an Offer")
        self.decide: Decide | None = decide
        self.grants = remember if isinstance(remember, Grants) else Grants(remember)
        self.hooks = None if hooks is None else frozenset(hooks)
        self.wrappers = frozenset(wrappers)
        self.limits = limits
        self.load_limits = load_limits
        self.imports = imports or Imports.pure()
        self.isolation = isolation
        self.patience = patience
        self.only_data = only_data
        self.hand_in: Callable[[Any], Any] = hand_in or (lambda value: value)
        self.on_failure = on_failure
        self.on_use = on_use
        self.plugins: dict[str, Plugin] = {}
        self.failures: list[Failure] = []
        self._registered: dict[str, Registered] = {}
        self._directories: list[str] = []
        self._folders: list[str] = []
        #: Digests of plugins that could not be loaded, so that they are not tried again unchanged.
        self._refused: dict[str, str] = {}
        self._lock = threading.RLock()
        self._watching: threading.Event | None = None

    # Loading

    def load_directory(self, directory: str | os.PathLike[str]) -> list[Plugin]:
        """Load the plugins in the folders of a directory. What cannot be loaded is reported, and the
        others go on. `reload` looks at the directory again."""
        path = os.path.abspath(os.fspath(directory))
        self._check_place(path)
        with self._lock:
            if path not in self._directories:
                self._directories.append(path)
            found, wrong = read_plugins(path)
            for error in wrong:
                folder = os.path.join(path, error.plugin)
                self._refused.pop(folder, None)
                self._told_once(folder, error)
            return [p for s in found if (p := self._try(s)) is not None]

    def load(self, folder: str | os.PathLike[str]) -> Plugin:
        """Load one plugin from its folder. Raises `PluginError`."""
        path = os.path.abspath(os.fspath(folder))
        self._check_place(os.path.dirname(path))
        with self._lock:
            plugin = self._load(read_plugin(path))
            if path not in self._folders:
                self._folders.append(path)
            return plugin

    def _check_place(self, directory: str) -> None:
        """A plugin that is written where the grants are, or the grants where plugins are, would be a
        plugin that grants itself."""
        kept = self.grants.path
        if (
            kept is not None
            and Path(os.path.realpath(directory)) in Path(os.path.realpath(kept)).parents
        ):
            raise ValueError(f"the file of grants is in the directory of plugins: {kept}")

    def _try(self, source: PluginSource) -> Plugin | None:
        try:
            return self._load(source)
        except PluginError as error:
            self._refused[source.folder] = source.digest
            self._tell(_load_failure(error, source.manifest.version))
            return None

    def _load(self, source: PluginSource) -> Plugin:
        name = source.manifest.name
        known = next((p for n, p in self.plugins.items() if normal_name(n) == normal_name(name)), None)
        if known is not None and known.source.folder != source.folder:
            raise PluginError(name, f"its name is that of a plugin in {known.source.folder}")
        natives = {
            normal_name(n) for n, p in self.manager.list_name_plugin() if not isinstance(p, Registered)
        }
        if normal_name(name) in natives:
            raise PluginError(name, "its name is that of a native plugin")
        caps = {
            a.authority: cap
            for a in source.manifest.asks
            if (cap := self._granted(source, a)) is not None
        }
        told = self.on_use
        plugin = Plugin(
            source,
            caps,
            limits=_lesser(self.limits, source.manifest.limits),
            load_limits=self.load_limits,
            imports=self.imports,
            isolation=self.isolation,
            on_use=None if told is None else lambda use: told(name, use),
        )
        try:
            project = self.manager.project_name
            found = plugin.run(project)
            made = registered(self, plugin, [one for one in found if self._has_hook(name, one)], project)
        except PluginError:
            plugin.end("unloaded")
            raise
        if known is not None:
            # The new one ran to its end: only now does the old one go.
            self.unload(known.name)
        self._register(plugin, made)
        self._refused.pop(source.folder, None)
        if not found:
            self._tell(
                plugin.failure(
                    "", "idle", f"it marks no function as a hook: {project!r} will ask it nothing"
                )
            )
        return plugin

    def _register(self, plugin: Plugin, made: Registered) -> None:
        """Let pluggy know of it. Raises `PluginError` for what pluggy will not have."""
        name = plugin.name
        # It counts from here on: a historic hook asks it as it is registered, and it may be set aside.
        self.plugins[name] = plugin
        try:
            self.manager.register(made, name=name)
        except Exception as error:  # pluggy's own checks of what it was given
            problem = PluginError(name, str(error))
        else:
            if plugin.state == "running":
                self._registered[name] = made
            else:
                self.manager.unregister(made)
            return
        if self.manager.get_plugin(name) is made:
            self.manager.unregister(made)
        plugin.end("unloaded")
        self.plugins.pop(name, None)
        raise problem

    def _has_hook(self, plugin: str, one: Found) -> bool:
        """Whether there is a hook for a function; where there may be none, it is left out: pluggy would
        keep it, and blame whoever declares that hook later for what the guest's function is like.
        Raises `PluginError` for a function that no hook takes."""
        hook = one.marks["specname"] or one.name
        if one.marks["hookwrapper"]:
            raise PluginError(plugin, f"{one.name}: write a wrapper with wrapper=True")
        caller = vars(self.manager.hook).get(hook)
        spec = None if caller is None else caller.spec
        if spec is None:
            if one.marks["optionalhook"]:
                return False
            hooks = [
                n for n, c in vars(self.manager.hook).items() if getattr(c, "spec", None) is not None
            ]
            raise PluginError(
                plugin, f"{one.name}: there is no hook {hook!r}{did_you_mean(hook, hooks)}"
            )
        if self.hooks is not None and hook not in self.hooks:
            raise PluginError(plugin, f"{one.name}: the hook {hook!r} is not for guests")
        if odd := [p for p in one.parameters if p not in spec.argnames]:
            meant = did_you_mean(odd[0], spec.argnames)
            raise PluginError(
                plugin,
                f"{one.name}: the hook has no parameter {', '.join(map(repr, odd))}{meant}; it has "
                f"{', '.join(spec.argnames) or 'none'}",
            )
        if one.marks["wrapper"] and caller.is_historic():
            raise PluginError(plugin, f"{one.name}: a historic hook has no wrappers")
        if one.marks["wrapper"] and hook not in self.wrappers:
            raise PluginError(plugin, f"{one.name}: guests may not wrap the hook {hook!r}")
        return True

    # Granting

    def _granted(self, source: PluginSource, ask: Ask) -> Any:
        """What a plugin is granted for one ask; None for nothing. Raises `PluginError`."""
        manifest, name = source.manifest, source.manifest.name
        offer = self.offers.get(ask.authority)
        if offer is None:
            if ask.optional:
                return None
            meant = did_you_mean(ask.authority, self.offers)
            raise PluginError(name, f"it asks for {ask.authority!r}{meant}, which is not offered here")
        known = self.grants.find(name, source.digest, ask)
        before = self.grants.before(name, ask.authority)
        request = Request(name, manifest.version, source.digest, ask, manifest, None, before)
        cap = offer.make(request) if isinstance(offer, Offer) else offer
        # Before anybody is asked: a question is about what can be granted, and so is what is remembered.
        self._check_there(name, ask, cap)
        answer: Any = known.granted if known is not None else None
        if known is None:
            answer = None
            if self.decide is not None:
                answer = self.decide(
                    Request(name, manifest.version, source.digest, ask, manifest, cap, before)
                )
            if answer is True or answer is False:
                self.grants.keep(
                    Remembered(
                        name, manifest.version, source.digest, ask.authority, ask.methods, bool(answer)
                    )
                )
        if answer is True:
            return cap
        if isinstance(answer, Capability) or is_host_function(answer):
            self._check_there(name, ask, answer)
            return answer
        if answer is not None and answer is not False:
            raise TypeError(
                f"decide: wanted True, False, None or a capability, got {type(answer).__name__}"
            )
        if ask.optional:
            return None
        why = f"it was not granted {ask.authority!r}, without which it does not load"
        if known is None and self.decide is None:
            why += "; nothing decides: give PluginHost decide=, or in remember= a grant of before"
        raise PluginError(name, why)

    @staticmethod
    def _check_there(plugin: str, ask: Ask, cap: Any) -> None:
        offered = interface_of(cap)
        there = {*offered.methods, *offered.read}
        missing = [m for m in ask.methods if m not in there]
        if missing:
            meant = did_you_mean(missing[0], there)
            raise PluginError(
                plugin, f"it asks for {ask.authority}.{missing[0]}{meant}, which is not offered"
            )

    def revoke(self, plugin: str, authority: str | None = None) -> None:
        """Take back what a running plugin was granted, also from whatever it obtained through it, and
        forget the decision: when it is loaded again it is asked about again."""
        with self._lock:
            found = self.plugins.get(plugin)
            if found is not None and (authority is None or authority in found.granted):
                found.revoke(authority)
            self.grants.forget(plugin, authority)

    # While they run

    def report(self, plugin: Plugin, failure: Failure) -> None:
        """Take note of a failure, and set the plugin aside where it is one too many."""
        if failure.kind == "busy":
            self._tell(failure)
            return
        plugin.failures.append(failure)
        if failure.kind in ("limit", "crash") or len(plugin.failures) >= self.patience:
            with self._lock:
                if self.plugins.get(plugin.name) is plugin:
                    self.set_aside(plugin.name)
        self._tell(failure)

    def set_aside(self, name: str) -> None:
        """Go on without a plugin. `reload` brings it back when it has changed."""
        self._end(name, "set aside")

    def unload(self, name: str) -> None:
        """Take a plugin out, with all that it holds."""
        self._end(name, "unloaded")

    def _end(self, name: str, state: Any) -> None:
        with self._lock:
            plugin = self.plugins.get(name)
            if plugin is None:
                loaded = ", ".join(sorted(self.plugins)) or "none"
                raise KeyError(f"no plugin is called {name!r}; loaded are: {loaded}")
            made = self._registered.pop(name, None)
            if made is not None and self.manager.get_plugin(name) is made:
                self.manager.unregister(made)
            # Not under the plugin's lock: its turn may be waiting for this one.
            plugin.end(state)
            if state == "unloaded":
                del self.plugins[name]

    def _tell(self, failure: Failure) -> None:
        self.failures.append(failure)
        del self.failures[:-1000]
        if self.on_failure is not None:
            self.on_failure(failure)

    # Reloading

    def reload(self) -> list[str]:
        """Load what is new or has changed, and unload what is gone. Gives the names of all of these.

        A plugin whose new files cannot be loaded is reported, and goes on as it was."""
        changed: list[str] = []
        with self._lock:
            sources: list[PluginSource] = []
            there: set[str] = set()
            for directory in self._directories:
                found, wrong = read_plugins(directory)
                sources += found
                for error in wrong:
                    # A file that is being written is no reason to unload what ran until now.
                    there.add(os.path.join(directory, error.plugin))
                    self._told_once(os.path.join(directory, error.plugin), error)
            for folder in self._folders:
                try:
                    sources.append(read_plugin(folder))
                except PluginError as error:
                    if os.path.isdir(folder):
                        there.add(folder)
                    self._told_once(folder, error)
                except OSError:
                    there.discard(folder)
            there |= {s.folder for s in sources}
            for name, plugin in list(self.plugins.items()):
                if plugin.source.folder not in there:
                    self.unload(name)
                    changed.append(name)
            for source in sources:
                name = source.manifest.name
                running = self.plugins.get(name)
                if running is not None and running.digest == source.digest:
                    continue
                if self._refused.get(source.folder) == source.digest:
                    continue
                if self._try(source) is not None:
                    changed.append(name)
        return changed

    def _told_once(self, folder: str, error: PluginError) -> None:
        if self._refused.get(folder) != error.message:
            self._refused[folder] = error.message
            self._tell(_load_failure(error))

    def watch(self, seconds: float = 1.0) -> Callable[[], None]:
        """Reload in the background, every so many seconds. Gives what stops it."""
        if self._watching is not None:
            raise RuntimeError("the plugins are being watched already")
        ended = self._watching = threading.Event()

        def look() -> None:
            while not ended.wait(seconds):
                try:
                    self.reload()
                except Exception as error:  # the next look may find it mended
                    self._tell(
                        Failure("", "", "", "load", f"reloading failed: {type(error).__name__}: {error}")
                    )

        thread = threading.Thread(target=look, name="plugins", daemon=True)
        thread.start()

        def stop() -> None:
            ended.set()
            thread.join()
            self._watching = None

        return stop

    def close(self) -> None:
        """Unload every plugin."""
        with self._lock:
            for name in list(self.plugins):
                self.unload(name)

    def __enter__(self) -> PluginHost:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _load_failure(error: PluginError, version: str = "") -> Failure:
    return Failure(error.plugin, version, "", "load", error.message, error.traceback, error.place)


def _lesser(most: Limits, asked: Mapping[str, int | float]) -> Limits:
    """What a manifest asks for, where it is less than what the host allows."""
    values: dict[str, Any] = {}
    for field in fields(Limits):
        allowed, wanted = getattr(most, field.name), asked.get(field.name)
        values[field.name] = (
            allowed if wanted is None or (allowed is not None and wanted > allowed) else wanted
        )
    return Limits(**values)
