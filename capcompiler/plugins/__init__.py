"""Plugins as guests: beside native ones, on the same hooks, with the authority that was granted to each.

`PluginHost` works on a `PluginManager` of pluggy's (extra `plugins`). See `docs/how-to/plugins.md`.
"""

from capcompiler.plugins.grants import Grants, Request, allow, same_as_before
from capcompiler.plugins.host import Offer, PluginHost
from capcompiler.plugins.manifest import Ask, Manifest, PluginError
from capcompiler.plugins.plugin import Failure, Plugin
from capcompiler.plugins.source import PluginSource, read_plugin, read_plugins

__all__ = [
    "Ask",
    "Failure",
    "Grants",
    "Manifest",
    "Offer",
    "Plugin",
    "PluginError",
    "PluginHost",
    "PluginSource",
    "Request",
    "allow",
    "read_plugin",
    "read_plugins",
    "same_as_before",
]
