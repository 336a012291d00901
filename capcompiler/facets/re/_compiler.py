"""Compiling patterns. Only text is compiled, and not here: the matching engine runs raw code in C, so
the code that it is given is made where no program can change how it is made."""

from _guard_re import compile as _compile
from _guard_types import _refuse

from . import _parser
from ._constants import *
from ._constants import error


def isstring(obj):
    return isinstance(obj, (str, bytes))


def compile(p, flags=0):
    """The pattern of a text."""
    if not isstring(p):
        raise TypeError(
            "a parsed pattern cannot be compiled here, only the text of one (re.Scanner needs this)"
        )
    if flags & SRE_FLAG_DEBUG:
        _refuse("re.DEBUG was not granted: it prints outside of this program")
    if flags & SRE_FLAG_LOCALE and isinstance(p, bytes):
        raise ValueError("re.LOCALE is not supported here: the locale is the host's")
    made, problem, heard = _compile(p, int(flags))
    if heard:
        import builtins
        import warnings

        for category, text in heard:
            warnings.warn(text, getattr(builtins, category), stacklevel=4)
    if problem is not None:
        message, position = problem
        raise error(message, p, position)
    return made
