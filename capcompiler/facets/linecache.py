"""`linecache` without files: the lines of the programs that run in this compartment."""

from _guard_types import _source_of

__all__ = ["getline", "clearcache", "checkcache", "lazycache"]

cache = {}


def clearcache():
    """Forget the lines that were stored here."""
    cache.clear()


def getline(filename, lineno, module_globals=None):
    """One line of a program of this compartment, with its line feed, or ''."""
    lines = getlines(filename, module_globals)
    return lines[lineno - 1] if 1 <= lineno <= len(lines) else ""


def getlines(filename, module_globals=None):
    """The lines of a program of this compartment, or []."""
    entry = cache.get(filename)
    return updatecache(filename, module_globals) if entry is None else entry[2]


def updatecache(filename, module_globals=None):
    """Look up the lines of a program again."""
    cache.pop(filename, None)
    return [f"{line}\n" for line in _source_of(filename)]


def checkcache(filename=None):
    """Programs do not change under their name, and what was stored here stays."""


def lazycache(filename, module_globals):
    """No loader of files is granted, so there is nothing to load later."""
    return False


def _register_code(code, string, name):
    cache[name] = (len(string), None, [f"{line}\n" for line in string.splitlines()], name)
