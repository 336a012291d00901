"""`importlib.resources` over the files that an installed package brings along; no others are granted."""

import io

from _guard_types import _package_data, _refuse


class _File:
    """A file of a package, or a place where files of it are: which of them, only reading it tells."""

    __slots__ = ("_path",)

    def __init__(self, path):
        self._path = path

    @property
    def name(self):
        return self._path.rpartition("/")[2]

    def joinpath(self, *descendants):
        return _File("/".join([self._path, *(p for d in descendants for p in d.split("/") if p)]))

    __truediv__ = joinpath

    def is_file(self):
        return _package_data(self._path) is not None

    def open(self, mode="r", *args, **kwargs):
        if _package_data(self._path) is None:
            _lacking("Traversable.open", self._path)
        return io.open(self._path, mode, *args, **kwargs)

    def read_bytes(self):
        with self.open("rb") as stream:
            return stream.read()

    def read_text(self, encoding=None, errors=None):
        with self.open(encoding=encoding, errors=errors) as stream:
            return stream.read()

    def iterdir(self):
        _lacking("Traversable.iterdir", self._path)

    is_dir = iterdir

    def __str__(self):
        return self._path

    def __repr__(self):
        return f"<file {self._path!r} of a package>"


def _lacking(name, path):
    _refuse(
        f"importlib.resources.{name} was not granted: no directory is among the capabilities, and "
        f"{path!r} is no file of a package that the host let in"
    )


def files(anchor):
    """Where the files of a package are."""
    try:
        module = __import__(anchor, None, None, ("",)) if isinstance(anchor, str) else anchor
    except ImportError:
        _lacking("files", anchor)
    place = getattr(module, "__file__", "").rpartition("/")[0]
    if not place.startswith("site-packages"):
        _lacking("files", place)
    return _File(place)


def _of(anchor, names):
    return files(anchor).joinpath(*names)


def open_binary(anchor, *names):
    return _of(anchor, names).open("rb")


def open_text(anchor, *names, encoding="utf-8", errors="strict"):
    return _of(anchor, names).open("r", encoding=encoding, errors=errors)


def read_binary(anchor, *names):
    return _of(anchor, names).read_bytes()


def read_text(anchor, *names, encoding="utf-8", errors="strict"):
    return _of(anchor, names).read_text(encoding, errors)


def is_resource(anchor, *names):
    return _of(anchor, names).is_file()


def _refused(name):
    def refused(*args, **kwargs):
        _refuse(f"importlib.resources.{name} was not granted: no directory is among the capabilities")

    refused.__name__ = refused.__qualname__ = name
    return refused


as_file, contents, path = map(_refused, "as_file contents path".split())
