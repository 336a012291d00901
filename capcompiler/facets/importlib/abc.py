"""The classes that importers derive from. No importer of a program's own is ever asked."""

import abc


class Finder(metaclass=abc.ABCMeta):
    """Finds modules."""


class MetaPathFinder(Finder):
    """Finds modules by name."""


class PathEntryFinder(Finder):
    """Finds modules in a place."""


class Loader(metaclass=abc.ABCMeta):
    """Makes modules."""


class ResourceLoader(Loader):
    """Makes modules and reads files beside them."""


class InspectLoader(Loader):
    """Makes modules whose source can be asked for."""


class ExecutionLoader(InspectLoader):
    """Makes modules that can be run."""


class SourceLoader(ResourceLoader, ExecutionLoader):
    """Makes modules from source."""


class Traversable(metaclass=abc.ABCMeta):
    """A place with files in it."""
