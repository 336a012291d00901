"""`importlib.resources`: no data of packages is granted."""

from _guard_types import _refuse


def files(package=None):
    _refuse("importlib.resources.files was not granted: no directory is among the capabilities")


def _refused(name):
    def refused(*args, **kwargs):
        _refuse(f"importlib.resources.{name} was not granted: no directory is among the capabilities")

    refused.__name__ = refused.__qualname__ = name
    return refused


as_file, contents, is_resource, open_binary, open_text, path, read_binary, read_text = map(
    _refused, "as_file contents is_resource open_binary open_text path read_binary read_text".split()
)
