"""Run files of CPython's own tests as guest code and as plain Python, and compare.

    python -m tests.conformance [--json FILE] [--detail] [NAME ...]

Each file runs twice in a process of its own, with the same small `unittest` and the same stand-ins for
helpers that need authority: once as a guest of this package, once by the interpreter itself. What
counts is the share of the tests that pass under plain Python which pass as a guest too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
#: On the language, then on the pure library.
LANGUAGE = """
grammar scope class generators genexps generator_stop coroutines asyncgen patma exceptions
exception_group except_star exception_variations exception_hierarchy baseexception raise fstring format
super property named_expressions unpack unpack_ex listcomps setcomps dictcomps int long float complex
str unicode string bytes bool list dict set frozenset tuple slice sort iter range enumerate operator builtin
binop augassign compare contains decorators descr descrtut dynamic dynamicclassattribute extcall
flufl funcattrs future genericclass genericalias global hash index int_literal isinstance keyword
keywordonlyarg lambda metaclass opcodes pep646_syntax positional_only_arg pow print richcmp
scope string_literals subclassinit syntax tstring type_aliases type_annotations type_params
typechecks types unary unicode_identifiers userdict userlist userstring utf8source with yield_from
dictviews defaultdict deque ordered_dict strtod numeric_tower bigmem_not eof crossinterp_not
""".split()
LIBRARY = """
abc base64 bisect calendar cmath collections colorsys configparser contextlib contextlib_async copy csv
dataclasses datetime decimal difflib enum fnmatch fractions functools graphlib hashlib heapq hmac html
htmlparser ipaddress itertools json keyword math numbers pprint quopri random re reprlib
shlex statistics stringprep struct textwrap tokenize tomllib typing unicodedata urlparse uuid weakref
weakset zlib string_not memoryio textwrap copyreg getopt optparse argparse queue sched posixpath
genericpath ntpath operator codecs locale gettext linecache traceback warnings inspect string
types zoneinfo context errno pathlib platform abstract_numbers asyncio
""".split()
#: Of the tests of `asyncio`, those of what needs no more than a loop.
ASYNCIO = "locks queues taskgroups timeouts waitfor futures2 context".split()


def test_folder() -> Path:
    import test

    return Path(next(iter(test.__path__)))


def find(name: str) -> list[str]:
    """The modules of a test by its short name; none where this Python has none."""
    folder = test_folder()
    if name == "asyncio":
        there = [n for n in ASYNCIO if (folder / "test_asyncio" / f"test_{n}.py").exists()]
        return [f"test.test_asyncio.test_{n}" for n in there]
    if name == "datetime":
        return ["test.datetimetester"]  # test_datetime only makes the interpreter load it twice
    if (folder / f"test_{name}.py").exists():
        return [f"test.test_{name}"]
    parts = sorted((folder / f"test_{name}").glob("test_*.py"))
    if not parts and (folder / f"test_{name}" / "__init__.py").exists():
        return [f"test.test_{name}"]
    return [f"test.test_{name}.{p.stem}" for p in parts]


def run(module: str, how: str, timeout: float) -> dict[str, str]:
    """Each test of a module with its outcome, in a process of its own."""
    command = [sys.executable, str(HERE / "one.py"), how, module]
    path = os.pathsep.join(filter(None, [str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    try:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout, env=environment,
                check=False, cwd=folder,
            )  # fmt: skip
    except subprocess.TimeoutExpired as stopped:
        text = stopped.stdout or ""
        return parsed(text if isinstance(text, str) else text.decode(), "timeout")
    return parsed(done.stdout, (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])


def parsed(text: str, ended: str) -> dict[str, str]:
    """The outcomes in what a run printed; those of tests that it did not come to are `ended`."""
    wanted: list[str] = []
    found: dict[str, str] = {}
    whole = False
    for line in text.split("\n"):
        if not line.startswith("\x1e"):
            continue
        kind, _, rest = line[1:].partition(" ")
        if kind == "list":
            wanted = json.loads(rest)
        elif kind == "done":
            whole = True
        elif kind == "one":
            name, outcome = json.loads(rest)
            found[name] = outcome
        elif kind == "import":
            found["<import>"] = rest
    if not whole:
        for name in wanted:
            found.setdefault(name, f"error: {ended}")
        if not wanted:
            found.setdefault("<import>", f"error: {ended}")
    return found


def last_line(why: str) -> str:
    """The exception at the end of a traceback, and the line of the test where it came from."""
    if why.startswith('"'):
        why = json.loads(why)
    kind, _, text = why.partition(": ")
    lines = [line.strip() for line in text.strip().split("\n") if line.strip(" ^~")]
    where = [line for line in lines if "test/test_" in line or "test/" in line][-1:]
    return " | ".join([kind, *lines[-1:], *where])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("names", nargs="*", help="files by their short names; all where none is given")
    parser.add_argument("--json", type=Path, help="write every outcome here")
    parser.add_argument("--detail", action="store_true", help="print each test that fails as a guest")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds for one file")
    parser.add_argument("--language", action="store_true", help="only files on the language")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    names = args.names or [*LANGUAGE, *([] if args.language else LIBRARY)]
    modules = [m for n in dict.fromkeys(names) for m in find(n)]

    def both(module: str) -> tuple[str, dict[str, str], dict[str, str]]:
        return module, run(module, "plain", args.timeout), run(module, "guest", args.timeout)

    outcomes = {}
    total_plain = total_guest = total_needs = 0
    print(f"{'file':34} {'plain':>6} {'guest':>6} {'needs':>6} {'share':>7}")
    with ThreadPoolExecutor(args.workers) as pool:
        for module, plain, guest in pool.map(both, modules):
            outcomes[module] = {"plain": plain, "guest": guest}
            passed = [n for n, o in plain.items() if o == "ok"]
            if not passed:
                print(f"{module:34} {0:6}   (nothing passes plain: {plain.get('<import>', '')[:60]})")
                continue
            needs = [n for n in passed if guest.get(n, "").startswith("skip:")]
            good = [n for n in passed if guest.get(n) == "ok"]
            total_plain += len(passed)
            total_guest += len(good)
            total_needs += len(needs)
            share = len(good) / len(passed)
            print(f"{module:34} {len(passed):6} {len(good):6} {len(needs):6} {share:7.1%}", flush=True)
            if args.detail:
                for n in passed:
                    if guest.get(n) != "ok":
                        why = guest.get(n) or guest.get("<import>", "not run")
                        print(f"      {n}: {last_line(why)[:230]}")
    if total_plain:
        share = total_guest / total_plain
        print(f"{'all':34} {total_plain:6} {total_guest:6} {total_needs:6} {share:7.1%}")
    if args.json:
        args.json.write_text(json.dumps(outcomes, indent=1))


if __name__ == "__main__":
    main()
