"""What importers are made of: specifications of modules, and the endings of files."""

SOURCE_SUFFIXES = [".py"]
BYTECODE_SUFFIXES = DEBUG_BYTECODE_SUFFIXES = OPTIMIZED_BYTECODE_SUFFIXES = [".pyc"]
EXTENSION_SUFFIXES = [".so"]


def all_suffixes():
    """Every ending that a module's file may have."""
    return SOURCE_SUFFIXES + BYTECODE_SUFFIXES + EXTENSION_SUFFIXES


class ModuleSpec:
    """What an importer says of a module."""

    def __init__(self, name, loader, *, origin=None, loader_state=None, is_package=None):
        self.name, self.loader, self.origin, self.loader_state = name, loader, origin, loader_state
        self.submodule_search_locations = [] if is_package else None
        self.has_location, self.cached = False, None

    @property
    def parent(self):
        if self.submodule_search_locations is None:
            return self.name.rpartition(".")[0]
        return self.name

    def __repr__(self):
        return f"ModuleSpec(name={self.name!r}, loader={self.loader!r})"


class SourceFileLoader:
    """Would load a module from a file."""


class SourcelessFileLoader(SourceFileLoader):
    """Would load a module from bytecode."""


class ExtensionFileLoader(SourceFileLoader):
    """Would load a module from compiled code."""


class BuiltinImporter(SourceFileLoader):
    """Would load a module that is built in."""


class FrozenImporter(SourceFileLoader):
    """Would load a module that is frozen."""


class PathFinder(SourceFileLoader):
    """Would look for a module on a path."""


class FileFinder(SourceFileLoader):
    """Would look for a module in a directory."""


class NamespaceLoader(SourceFileLoader):
    """Would load a namespace package."""
