"""`dis` without bytecode: what `inspect` reads of it."""

from collections import namedtuple

from _guard_types import _refuse

COMPILER_FLAG_NAMES = {
    1: "OPTIMIZED", 2: "NEWLOCALS", 4: "VARARGS", 8: "VARKEYWORDS", 16: "NESTED", 32: "GENERATOR",
    64: "NOFREE", 128: "COROUTINE", 256: "ITERABLE_COROUTINE", 512: "ASYNC_GENERATOR",
    0x4000000: "HAS_DOCSTRING", 0x8000000: "METHOD",
}  # fmt: skip


Positions = namedtuple("Positions", "lineno end_lineno col_offset end_col_offset", defaults=(None,) * 4)
Positions.__doc__ = "Where an instruction stands in its source."


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    _refuse(f"dis.{name} was not granted: no program here can read bytecode")
