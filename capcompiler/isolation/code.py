"""Programs that were compiled in one process, on their way to another: their text, what is known of
them, and their code without the secret of the process that made it.

Between a host and its own workers only, in that direction: bytecode of a worker's is read by nobody.
"""

from __future__ import annotations

from typing import Any, Final

from capcompiler.isolation.wire import pack, packed
from capcompiler.program import Program, portable_code
from guards.tables.rows import names_known

__all__ = ["packed_program"]

#: Programs whose bytes are kept, at most: one that is run again in a fresh worker goes as it did before.
_KEPT: Final = 64
_packed: Final[dict[int, tuple[Program, int, bytes]]] = {}


def packed_program(program: Program) -> bytes:
    """What `World` makes a program from that was compiled elsewhere. The same bytes for the same program
    as long as the same names are known."""
    known = names_known()
    # By identity: an entry holds its program.
    found = _packed.get(id(program))
    if found is not None and found[0] is program and found[1] == known:
        return found[2]
    data = packed(pack(
        [program.source, program.mode, program.filename, program.optimize, program.names,
         program.imports, program.digest, portable_code(program), known],
        _no_leaf,
    ))  # fmt: skip
    while len(_packed) >= _KEPT:
        try:
            del _packed[next(iter(_packed))]
        except (KeyError, StopIteration, RuntimeError):  # another thread was quicker
            continue
    if len(data) <= _LARGEST:
        _packed[id(program)] = program, known, data
    return data


#: Bytes of a program that are kept, at most.
_LARGEST: Final = 1 << 18


def _no_leaf(value: Any) -> Any:
    raise TypeError(f"a {type(value).__name__} is no part of a program")
