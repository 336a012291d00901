"""`mailbox` is files: what is asked of two of its classes without one."""

from types import GenericAlias


class Mailbox:
    """A group of messages."""

    __class_getitem__ = classmethod(GenericAlias)


class _PartialFile:
    """A part of a file."""

    __class_getitem__ = classmethod(GenericAlias)
