"""What grants fill in of the library, over the wire: files, time, chance and variables as in any Python."""

from __future__ import annotations

import datetime
import encodings
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capcompiler import CapError, Pool, cap_exec
from stdlib_caps import Clock, Dir, Env, FrozenClock, MemoryDir, SeededRandom, readonly

MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=1, prefork=2) as made:
        yield made


def run(pool: Pool, src: str, **caps: Any) -> Any:
    return pool.exec(src, caps)


FILES = """
import os, pathlib
with open('a.txt', 'w') as f:
    print('one', file=f)
    f.write('two\\n')
with open('a.txt') as f:
    lines = [line.strip() for line in f]
os.makedirs('sub/deep', exist_ok=True)
p = pathlib.Path('sub') / 'b.bin'
p.write_bytes(b'\\x00\\xff')
found = [sorted(os.listdir('.')), os.path.getsize('sub/b.bin'), p.read_bytes(), p.exists(),
         sorted(str(q) for q in pathlib.Path('.').rglob('*'))]
os.rename('a.txt', 'c.txt')
with open('c.txt', 'rb') as f:
    f.seek(4)
    rest = f.read()
refused = []
for path in ('../x', '/etc/passwd', 'sub/../../x', 'no such'):
    try:
        open(path)
    except OSError as e:
        refused.append(type(e).__name__)
"""


@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_a_directory_fills_in_open_os_and_pathlib(pool: Pool, kind: str, tmp_path: Path) -> None:
    root: Any = Dir.open_ambient(tmp_path) if kind == "disk" else MemoryDir()
    names = run(pool, FILES, fs=root.module(), open=root.open_builtin())
    assert names["lines"] == ["one", "two"] and names["rest"] == b"two\n"
    assert names["found"] == [
        ["a.txt", "sub"], 2, b"\x00\xff", True, ["a.txt", "sub", "sub/b.bin", "sub/deep"],
    ]  # fmt: skip
    assert names["refused"][3] == "FileNotFoundError" and len(names["refused"]) == 4
    if kind == "disk":
        assert (tmp_path / "c.txt").read_text() == "one\ntwo\n"


def test_a_directory_for_reading_only_stays_so(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    fs = readonly(Dir.open_ambient(tmp_path))
    src = "r = [fs.read_text('a')]\ntry: fs.write_text('a', 'y')\nexcept Exception as e: r.append(type(e).__name__)"
    assert run(pool, src, fs=fs)["r"][0] == "x"
    assert (tmp_path / "a").read_text() == "x"


def test_a_clock_fills_in_time_and_datetime(pool: Pool) -> None:
    src = (
        "import time, datetime\n"
        "r = [time.time(), datetime.datetime.now(datetime.UTC).isoformat(), time.gmtime().tm_year]\n"
        "m = time.monotonic() <= time.monotonic()\n"
    )
    names = run(pool, src, time=FrozenClock(MOMENT).module())
    assert names["r"] == [MOMENT.timestamp(), MOMENT.isoformat(), 2026]
    assert run(pool, src, time=Clock.ambient().module())["m"] is True
    with pytest.raises(CapError, match="Clock"):
        run(pool, "import time\ntime.time()")


def test_chance_and_variables(pool: Pool) -> None:
    src = "import random\nr = [random.random(), random.randint(1, 10**9)]"
    first, second = (run(pool, src, random=SeededRandom(7).module())["r"] for _ in range(2))
    assert first == second
    env = Env({"HOME": "/home/x"}).module()
    assert run(pool, "import os\nr = os.environ['HOME']", env=env)["r"] == "/home/x"
    with pytest.raises(CapError):
        run(pool, "import os\nos.environ['HOME']")


_CODED = """
told = []
for name in names:
    for text in ("a", b"aa"):
        try:
            told.append((name, text.encode(name) if text == "a" else text.decode(name)))
        except Exception as error:
            told.append((name, type(error).__name__))
told
"""


def test_a_worker_has_the_codecs_that_a_guest_has_inline(pool: Pool) -> None:
    """It can load none: what was not there when it was forked, such as `utf-8-sig`, was not there at all."""
    names = [module.name for module in pkgutil.iter_modules(encodings.__path__)]
    assert {"utf_8_sig", "unicode_escape"} < set(names)
    assert run(pool, _CODED, names=names)["told"] == cap_exec(_CODED, {"names": names})["told"]
