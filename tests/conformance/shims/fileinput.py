"""`fileinput` is files: what is asked of a class of its without one."""

from types import GenericAlias


class FileInput:
    """Would read files."""

    __class_getitem__ = classmethod(GenericAlias)
