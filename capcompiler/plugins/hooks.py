"""What stands for a plugin's functions in pluggy: functions of the host's, with the same parameters.

pluggy calls them like a native plugin's. What they give was checked, and a plugin in which something
goes wrong answers nothing, so that the others go on.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

from capcompiler.errors import CapabilityError
from capcompiler.membrane.membrane import RefusedArgument
from capcompiler.plugins.plugin import Found, Plugin, Wrong

if TYPE_CHECKING:
    from capcompiler.plugins.host import PluginHost

__all__ = ["Registered", "registered"]

_CALLED: Final = "cap:called"


class Registered:
    """What pluggy knows of a plugin: an object with its functions, and no more."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin  # no function of a plugin's has a name with an underscore in front

    def __repr__(self) -> str:
        return f"<guest plugin {self._plugin.name}>"


def registered(host: PluginHost, plugin: Plugin, found: list[Found], project: str) -> Registered:
    """The object for pluggy's `register`."""
    made = Registered(plugin)
    for one in found:
        make = _wrapper if one.marks["wrapper"] else _answer
        function = _with_parameters(one, make(host, plugin, one))
        setattr(function, f"{project}_impl", dict(one.marks))
        setattr(made, one.name, function)
    return made


def _with_parameters(one: Found, function: Callable[[dict[str, Any]], Any]) -> Any:
    """A function with the parameters of the plugin's, as pluggy finds them in the code of a function.
    It is made of nodes, not of text: all that comes from the plugin is names, which were checked."""
    given = ast.Dict(
        [ast.Constant(p) for p in one.parameters], [ast.Name(p, ast.Load()) for p in one.parameters]
    )
    # A name that no parameter can have.
    body: ast.expr = ast.Call(ast.Name(_CALLED, ast.Load()), [given], [])
    if one.marks["wrapper"]:
        body = ast.YieldFrom(body)
    nothing = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(p) for p in one.parameters],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(nothing, body)))
    made = eval(compile(tree, "<hook>", "eval"), {_CALLED: function})  # noqa: S307 - of our own nodes
    made.__name__ = made.__qualname__ = one.name
    return made


def _answer(host: PluginHost, plugin: Plugin, one: Found) -> Callable[..., Any]:
    def answer(arguments: dict[str, Any]) -> Any:
        # Each plugin is handed a copy of its own: what it does to it is seen by nobody.
        given = {n: host.hand_in(v) for n, v in arguments.items()}
        return _tried(host, plugin, one.name, lambda: one.handle(**given), host.only_data)

    return answer


def _wrapper(host: PluginHost, plugin: Plugin, one: Found) -> Callable[..., Any]:
    def wrap(arguments: dict[str, Any]) -> Generator[None, Any, Any]:
        given = {n: host.hand_in(v) for n, v in arguments.items()}

        # What it gives is handed back to it, and never called or looked at here: it may be anything,
        # such as a capability of the host's, where the plugin has put its own function in the place.
        call = plugin.world.call
        begin = lambda: call("_capcompiler_begin", one.handle, **given)  # noqa: E731
        around = _tried(host, plugin, one.name, begin, False)
        try:
            result = yield
        except BaseException:
            # It is told, so that it can tidy up; what went wrong goes on all the same.
            if around is not None:
                _tried(host, plugin, one.name, lambda: call("_capcompiler_fail", around), True)
            raise
        if around is None:
            return result
        # With something wrong in it, or unloaded meanwhile, the result is as it was without it.
        handed = host.hand_in(result)
        finish = lambda: [call("_capcompiler_finish", around, handed)]  # noqa: E731
        changed = _tried(host, plugin, one.name, finish, host.only_data)
        return result if changed is None else changed[0]

    return wrap


def _tried(host: PluginHost, plugin: Plugin, hook: str, call: Callable[[], Any], only_data: bool) -> Any:
    try:
        return plugin.ask(hook, call, only_data)
    except Wrong as wrong:
        host.report(plugin, wrong.failure)
        return None
    except RefusedArgument as error:
        problem = CapabilityError(
            f"hook {hook!r}, asked of the plugin {plugin.name!r}: {_what(error)}: {error.why}, or give "
            f"PluginHost a function hand_in= that makes data or a capability of it"
        )
    raise problem


def _what(error: RefusedArgument) -> str:
    """Which of the host's values it was."""
    name = f"parameter {error.argument!r}" if type(error.argument) is str else "the result"
    return f"{name}{error.path}"
