"""`importlib.metadata` without the host's packages: what is installed there is not this program's to
know, so no distribution is found."""

__all__ = [
    "Distribution", "PackageNotFoundError", "distribution", "distributions", "entry_points", "files",
    "metadata", "packages_distributions", "requires", "version",
]  # fmt: skip


class PackageNotFoundError(ModuleNotFoundError):
    """The package was not found."""

    def __str__(self):
        return f"No package metadata was found for {self.name}"

    @property
    def name(self):
        return self.args[0] if self.args else ""


class Distribution:
    """A distribution package; none is to be had here."""

    @classmethod
    def from_name(cls, name):
        raise PackageNotFoundError(name)

    @classmethod
    def discover(cls, **kwargs):
        return iter(())


class EntryPoints(tuple):
    """The entry points of no distribution."""

    __slots__ = ()

    def select(self, **params):
        return self

    @property
    def names(self):
        return set()

    @property
    def groups(self):
        return set()


def distribution(distribution_name):
    """Raises PackageNotFoundError."""
    return Distribution.from_name(distribution_name)


metadata = version = files = requires = distribution


def distributions(**kwargs):
    """No distributions."""
    return iter(())


def entry_points(**params):
    """No entry points."""
    return EntryPoints()


def packages_distributions():
    """No packages."""
    return {}
