"""One file of CPython's tests, in a process of its own: `python one.py plain|guest test.test_x`.

Prints a line per test that begins with a record separator, so that what tests print is not mistaken.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SHIMS = HERE / "shims"
#: Steps and seconds of one test.
STEPS = 300_000_000
SECONDS = 120.0


def say(kind: str, value: Any) -> None:
    sys.__stdout__.write(f"\x1e{kind} {json.dumps(value)}\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def shims() -> dict[str, str]:
    """The stand-ins, as modules by name."""
    found = {}
    for path in sorted(SHIMS.rglob("*.py")):
        name = ".".join(path.relative_to(SHIMS).with_suffix("").parts)
        found[name] = path.read_text()
    return found


def each(tests: list[tuple[str, str]], run: Callable[[str, str], str]) -> None:
    say("list", [f"{c}.{m}" for c, m in tests])
    for case, method in tests:
        try:
            outcome = run(case, method)
        except BaseException as error:
            outcome = f"error: {type(error).__name__}: {str(error)[:300]}"
        say("one", [f"{case}.{method}", outcome])
    say("done", len(tests))


def plain(module: str) -> None:
    import asyncio  # noqa: F401 - with the real `select` and `socket`, which have stand-ins below
    import importlib
    import importlib.util
    import types

    folder = Path(next(iter(__import__("test").__path__)))
    for name in [n for n in sys.modules if n == "test" or n.startswith(("test.", "unittest"))]:
        del sys.modules[name]
    texts = shims()
    sys.path.insert(0, str(SHIMS))
    package = types.ModuleType("test")
    package.__path__ = [str(SHIMS / "test"), str(folder)]
    sys.modules["test"] = package
    for name in (n.removesuffix(".__init__") for n in texts):
        if name.startswith("test.support"):
            importlib.import_module(name)
        elif "." not in name:
            # By its file: the interpreter finds its own builtin modules before any path.
            sys.modules.pop(name, None)
            spec = importlib.util.spec_from_file_location(name, SHIMS / f"{name}.py")
            if (SHIMS / f"{name}.py").exists():
                sys.modules[name] = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(sys.modules[name])
            else:
                importlib.import_module(name)
    import unittest

    tested = importlib.import_module(module)
    run: Any = unittest
    each(run.list_tests(tested), lambda case, method: run.run_one(tested, case, method))


def data_of_tests(folder: Path, module: str) -> dict[str, bytes]:
    """The small files of text that tests read, and the file that they stand in, by the name under which
    they ask for them."""
    base = folder.parent.joinpath(*module.split("."))
    own = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    found = [
        own,
        *folder.glob("*.txt"),
        *folder.glob("mathdata/*.txt"),
        *folder.glob("floating_points.txt"),
    ]
    if own.parent != folder:
        found += [p for p in (own.parent / "data").rglob("*") if p.is_file()]
    small = [p for p in found if p.stat().st_size < 2_000_000]
    return {p.relative_to(folder.parent).as_posix(): p.read_bytes() for p in small}


def guest(module: str) -> None:
    import test

    from capcompiler import Compartment, Imports, Limits
    from stdlib_caps import Clock, MemoryDir

    folder = Path(next(iter(test.__path__)))
    # What a host that wants files and the time of day there would grant.
    granted = {
        "fs": MemoryDir(data_of_tests(folder, module)).module(),
        "clock": Clock.ambient(longest_sleep=10).module(),
    }
    # Some tests of the language name the C of `datetime`, which the library here has to itself.
    texts = {**shims(), "_datetime": "from datetime import *\n"}
    imports = Imports.sources(texts) + Imports.directory(folder.parent).only("test") + Imports.pure()
    limits = Limits(steps=STEPS, seconds=SECONDS, memory=1 << 30, output=1 << 24, depth=None)
    world = Compartment(granted, imports=imports, limits=limits)
    world.exec(
        # What a granted source of randomness and facts handed in would be: tests ask for them at import.
        "import os, types\nos.urandom = lambda n: __import__('random').randbytes(n)\n"
        "os.uname = lambda: types.SimpleNamespace(machine='', sysname='', release='', version='', nodename='')\n"
        f"import unittest\nimport importlib\ntested = importlib.import_module({module!r})\n"
        "def list_tests(): return unittest.list_tests(tested)\n"
        "def run_one(case, method): return unittest.run_one(tested, case, method)\n"
    )
    each(world.call("list_tests"), lambda case, method: str(world.call("run_one", case, method)))


def main() -> None:
    how, module = sys.argv[1:3]
    sys.path.pop(0)  # this folder
    try:
        {"plain": plain, "guest": guest}[how](module)
    except BaseException as error:
        text = getattr(error, "traceback", "") or f"{type(error).__name__}: {error}"
        say("import", f"error: {text[-600:]}")


if __name__ == "__main__":
    main()
