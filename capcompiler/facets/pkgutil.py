"""`pkgutil` over the files of packages that the host let in."""

from _guard_types import _package_data, _refuse
from _mocked import resolve_name


def get_data(package, resource):
    """A file that an installed package brings along; None where the package has no files."""
    module = __import__(package, None, None, ("",))
    place = getattr(module, "__file__", "").rpartition("/")[0]
    if not place.startswith("site-packages"):
        return None
    parts = resource.split("/")
    if ".." in parts or parts[0] == "":
        raise ValueError(f"{resource!r} is not inside of the package")
    data = _package_data("/".join([place, *parts]))
    if data is None:
        raise FileNotFoundError(2, "No such file or directory", "/".join([place, *parts]))
    return data


def extend_path(path, name):
    """The path as it is: a package stands in one place here."""
    return path


def _refused(name):
    def refused(*args, **kwargs):
        _refuse(f"pkgutil.{name} was not granted: no directory is among the capabilities")

    refused.__name__ = refused.__qualname__ = name
    return refused


iter_modules, walk_packages, find_loader, get_loader, get_importer, iter_importers = map(
    _refused, "iter_modules walk_packages find_loader get_loader get_importer iter_importers".split()
)
