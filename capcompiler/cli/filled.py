"""What of builtins and the library a grant fills in, and where a program uses it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from typing import Final

from capcompiler.cli.imported import named_module

__all__ = ["filled_in", "kind_that_fills"]

_READS: Final = "dir:PATH"
_CHANGES: Final = "dir:PATH:rw"
_CLOCKS: Final = """
    time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns
    thread_time thread_time_ns clock_gettime sleep
"""
_OS_CHANGES: Final = """
    mkdir makedirs rmdir removedirs remove unlink rename renames replace truncate ftruncate write
"""
_PATH_READS: Final = """
    read_text read_bytes open exists iterdir glob rglob walk stat lstat samefile is_file is_dir
    is_symlink is_mount is_socket is_fifo is_block_device is_char_device resolve
"""
_PATH_CHANGES: Final = """
    write_text write_bytes touch mkdir rmdir unlink rename replace copy copy_into move move_into
"""
_OF_PATHS: Final = """
    exists lexists isfile isdir islink ismount getsize getmtime getatime getctime samefile
"""
#: Each use to the kind of SPEC that fills it in.
_FILLED: Final = {
    "open": _READS,
    "builtins.open": _READS,
    "io.open": _READS,
    **{f"time.{n}": "clock" for n in _CLOCKS.split()},
    **{f"time.{n}": "clock" for n in "gmtime localtime ctime asctime strftime".split()},
    **{f"datetime.{n}": "clock" for n in "now utcnow today".split()},
    "date.today": "clock",
    **{f"uuid.{n}": "clock" for n in "uuid1 uuid6 uuid7".split()},
    **{f"os.{n}": "env:NAME" for n in "environ getenv".split()},
    **{f"os.{n}": _READS for n in "listdir scandir walk stat lstat access open read lseek".split()},
    **{f"os.{n}": _CHANGES for n in _OS_CHANGES.split()},
    **{f"path.{n}": _READS for n in _OF_PATHS.split()},
    **{f"Path.{n}": _READS for n in _PATH_READS.split()},
    **{f"Path.{n}": _CHANGES for n in _PATH_CHANGES.split()},
    **{f"glob.{n}": _READS for n in "glob iglob".split()},
    **{f"os.{n}": "chance" for n in "urandom getrandom".split()},
    "random.SystemRandom": "chance",
    **{f"uuid.{n}": "chance" for n in "uuid4 main".split()},
}  # fmt: skip
#: With so many arguments they work on what they are handed, and read no clock.
_ENOUGH: Final = {"time.gmtime": 1, "time.localtime": 1, "time.ctime": 1, "time.asctime": 1,
                  "time.strftime": 2}  # fmt: skip


def kind_that_fills(use: str) -> str:
    """The kind of grant that fills in a part of builtins or the library, such as `time.time`; "" for
    none."""
    return _FILLED.get(use, "")


def filled_in(tree: ast.AST, granted: Set[str]) -> dict[str, str]:
    """What a program uses of the library that a grant fills in, each with the kind of grant.

    granted: names that a host hands in under their own name, and that are not the library's.
    An object that stands in a variable is not followed: of `p = Path("x")`, `p.exists()` is not seen.
    """
    full = _bindings(tree)
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = {}
    for node, dotted in _uses(tree, full, granted):
        use = ".".join(dotted.split(".")[-2:])
        if use in _FILLED and not _is_enough(calls.get(id(node)), _ENOUGH.get(use)):
            found[use] = _FILLED[use]
    return dict(sorted(found.items()))


def _bindings(tree: ast.AST) -> dict[str, str]:
    """The names that import statements bind, to what they stand for."""
    full: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                full[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return full


def _uses(tree: ast.AST, full: dict[str, str], granted: Set[str]) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if (owner := _dotted(node.value, full, granted)) is not None:
                yield node, f"{owner}.{node.attr}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in full:
            yield node, full[node.id]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # What is imported may be handed on under any name.
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node, name) for name in names if name not in _ENOUGH)


def _dotted(node: ast.expr, full: dict[str, str], granted: Set[str]) -> str | None:
    """The name of what an expression gives, with that of a class for its instances; None for what has
    none and for what was granted."""
    while isinstance(node, ast.Call):
        if module := named_module(node):
            return module
        node = node.func
    if isinstance(node, ast.Name):
        return None if node.id in granted else full.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, full, granted) or ''}.{node.attr}"
    return None


def _is_enough(call: ast.Call | None, enough: int | None) -> bool:
    if call is None or enough is None or call.keywords:
        return False
    return len(call.args) >= enough and not any(isinstance(a, ast.Starred) for a in call.args)
