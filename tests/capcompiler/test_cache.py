"""The cache on the disk: what it saves, and what it is no use for to an attacker (pits 1 and 19)."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Compartment, Program, cache, cap_compile, cap_exec, program
from guards import binding

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no cache on the disk elsewhere")

TEXT = (
    "'a text'\nimport math\nclass C:\n    def m(self, x: int = 3) -> str: return f'{x!r}{self.y}'\n    y = 5\n"
    "def f(n):\n    return [i * math.pi for i in range(n) if i % 2], {k: v for k, v in {'a': 1}.items()}\n"
    "out = [C().m(), f(9), b'cap:getattr', None, -0.0, 1e300, 2**70, '\\ud800', (1, b'x', frozenset({1})), ...]\n"
) + "# long enough\n" * 20


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own, that no other process has written to."""
    before = {n: v for n, v in vars(cache._Settings).items() if n[0] != "_"}
    cache.set_cache(tmp_path / "cache")
    forget()
    yield tmp_path / "cache"
    for name, value in before.items():
        setattr(cache._Settings, name, value)
    forget()


def forget() -> None:
    """What another process would not have."""
    program._compiled.cache_clear()
    program._module.cache_clear()


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.cap"))


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were compiled."""
    seen: list[str] = []
    real = program._routed

    def counted(text: str, *args: Any, **kwargs: Any) -> Program:
        seen.append(text)
        return real(text, *args, **kwargs)

    monkeypatch.setattr(program, "_routed", counted)
    return seen


@pytest.fixture
def entry(folder: Path) -> Path:
    """The one entry of `TEXT`."""
    cap_compile(TEXT)
    forget()
    (found,) = entries(folder)
    return found


def refused(compiled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`TEXT` is compiled anew, and nothing of what lies in the folder is unmarshalled."""

    def loads(*_args: Any) -> Any:
        raise AssertionError("unmarshalled what is not authenticated")

    with monkeypatch.context() as patch:
        patch.setattr(
            cache, "marshal", type("M", (), {"loads": loads, "dumps": staticmethod(marshal.dumps)})
        )
        cap_compile(TEXT)
    assert compiled == [TEXT]


# What it saves


def test_another_process_does_not_compile_the_same_text(
    folder: Path, compiled: list[str], optimize: bool
) -> None:
    first = cap_compile(TEXT, optimize=optimize)
    forget()
    second = cap_compile(TEXT, optimize=optimize)
    assert compiled == [TEXT] and first is not second
    assert (first.names, first.imports, first.digest) == (second.names, second.imports, second.digest)
    assert first.routed == second.routed
    results = [cap_exec(p) for p in (first, second)]
    assert repr(results[0]["out"]) == repr(results[1]["out"])
    assert results[0].usage.steps == results[1].usage.steps


def test_modules_of_the_library_are_kept(folder: Path, compiled: list[str]) -> None:
    cap_exec("import heapq")
    assert any("def heappush" in text for text in compiled)
    compiled.clear()
    forget()
    assert cap_exec("import heapq\nx = heapq.nsmallest(2, [3, 1, 2])")["x"] == [1, 2]
    assert not any("def heappush" in text for text in compiled)


def test_tracebacks_name_the_program_that_was_read(folder: Path) -> None:
    text = "def f():\n    raise ValueError('no')\n" + "# more\n" * 80
    for _ in range(2):
        forget()
        world = Compartment()
        world.exec(text, filename="mine.py")
        with pytest.raises(Exception, match="no") as caught:
            world.call("f")
        assert "mine.py" in caught.value.traceback and "raise ValueError('no')" in caught.value.traceback


def test_options_and_file_names_have_entries_of_their_own(folder: Path) -> None:
    cap_compile(TEXT)
    cap_compile(TEXT, optimize=False)
    cap_compile(TEXT, filename="other")
    assert len(entries(folder)) == 3


def test_short_texts_and_texts_of_guests_are_not_kept(folder: Path) -> None:
    cap_exec("x = 1")
    cap_exec("exec(t); compile(t, 'a', 'exec'); cap_exec(t); cap_compile(t)", {"t": TEXT})
    assert not [e for e in entries(folder) if TEXT.encode()[:10] in e.read_bytes()]
    forget()
    seen = {e.name for e in entries(folder)}
    cap_compile(TEXT)
    assert len({e.name for e in entries(folder)} - seen) == 1


def test_a_text_that_is_refused_leaves_nothing(folder: Path) -> None:
    with pytest.raises(SyntaxError):
        cap_compile(TEXT + "x.__builtins__ = (")
    assert entries(folder) == []


# Guards in entries


def test_an_entry_holds_no_secret_of_its_process(entry: Path) -> None:
    assert binding._NONCE not in entry.read_bytes()


def test_no_constant_of_a_guest_becomes_a_guard(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What stands for a guard in this process, spelt out by a guest that will run in another.
    spelt = binding._NONCE + b"cap:getattr"
    other = b"another process!"
    text = f"def f():\n    return {other + b'cap:call'!r}, None, b'cap:call', (b'cap:iter', ({spelt[1:]!r},))\nx = f()\n"
    text += "# long enough\n" * 40
    cap_compile(text)
    forget()
    assert len(entries(folder)) == 1
    monkeypatch.setattr(binding, "_NONCE", b"a third process!")
    world = Compartment()
    world.exec(text)
    assert world._globals["x"] == (other + b"cap:call", None, b"cap:call", (b"cap:iter", (spelt[1:],)))


def test_code_that_holds_the_secret_elsewhere_is_not_kept() -> None:
    for constant in (
        b"x" + binding._NONCE,
        (binding._NONCE + b"cap:call",),
        frozenset({(binding._NONCE,)}),
    ):
        code = compile("x = 1", "a", "exec")
        code = code.replace(co_consts=(*code.co_consts, constant))
        assert binding.stored(code) is None
        outer = code.replace(co_consts=(code,))
        assert binding.stored(outer) is None


def test_guards_are_the_readers_own(entry: Path) -> None:
    worlds = [Compartment() for _ in range(2)]
    for world in worlds:
        forget()
        world.exec(TEXT)
    codes = [w._globals["f"].__code__ for w in worlds]
    assert codes[0].co_code == codes[1].co_code and codes[0].co_consts != codes[1].co_consts


# Tampering


EVIL = (("x",), (), (compile("import os; os.system('true')", "", "exec"), (), ()))


def damaged(data: bytes) -> dict[str, bytes]:
    head = len(cache._MAGIC)
    evil = marshal.dumps(EVIL)
    flip = lambda at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]  # noqa: E731
    return {
        "magic": flip(0), "code": flip(head), "end of code": flip(head + 31), "payload": flip(head + 32),
        "last byte": flip(len(data) - 1), "cut short": data[:-1], "cut to its head": data[:head],
        "cut to its code": data[: head + 32], "empty": b"", "longer": data + b"\0",
        "other payload": data[: head + 32] + evil, "no code": cache._MAGIC + b"\0" * 32 + evil,
        "raw marshal": evil, "pyc": b"\xa7\r\r\n" + b"\0" * 12 + evil, "zeros": b"\0" * len(data),
    }  # fmt: skip


@pytest.mark.parametrize("how", damaged(b"capcache1\n" + b"m" * 32 + b"payload"))
def test_a_damaged_entry_is_not_read(
    entry: Path, how: str, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry.write_bytes(damaged(entry.read_bytes())[how])
    refused(compiled, monkeypatch)
    forget()
    compiled.clear()
    cap_compile(TEXT)
    assert compiled == []  # it was replaced by a good one


def test_an_entry_does_not_stand_for_another(
    folder: Path, entry: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cap_compile(TEXT + "# other\n")
    forget()
    (other,) = set(entries(folder)) - {entry}
    entry.write_bytes(other.read_bytes())
    compiled.clear()
    refused(compiled, monkeypatch)


def test_an_entry_under_another_key_is_not_read(
    folder: Path, entry: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = marshal.dumps(EVIL)
    mac = cache._code(b"k" * 32, entry.stem, payload)
    entry.write_bytes(cache._MAGIC + mac + payload)
    refused(compiled, monkeypatch)


@pytest.mark.parametrize("secret", [b"", b"short", b"x" * 33, b"x" * 100])
def test_a_bad_key_file_turns_the_cache_off(
    folder: Path, entry: Path, secret: bytes, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "key").write_bytes(secret)
    refused(compiled, monkeypatch)
    assert (folder / "key").read_bytes() == secret


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666])
@pytest.mark.parametrize("which", ["key", "entry"])
def test_a_file_that_others_can_read_or_write_is_not_read(
    folder: Path,
    entry: Path,
    which: str,
    mode: int,
    compiled: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (entry if which == "entry" else folder / "key").chmod(mode)
    refused(compiled, monkeypatch)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o705, 0o777, 0o1777, 0o720, 0o701])
def test_a_folder_that_others_can_enter_is_not_used(
    folder: Path, entry: Path, mode: int, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.chmod(mode)
    refused(compiled, monkeypatch)
    assert len(entries(folder)) == 1


def test_a_folder_of_somebody_else_is_not_used(
    folder: Path, entry: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    refused(compiled, monkeypatch)


def test_links_are_not_followed(
    folder: Path, entry: Path, tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    for path in (entry, folder / "key"):
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
        refused(compiled, monkeypatch)
        compiled.clear()
        forget()
        path.unlink()
        elsewhere.rename(path)
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    refused(compiled, monkeypatch)


@pytest.mark.parametrize("which", ["key", "entry"])
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_plain_file_is_not_read_and_waited_for(
    folder: Path,
    entry: Path,
    which: str,
    kind: str,
    compiled: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = entry if which == "entry" else folder / "key"
    path.unlink()
    os.mkfifo(path, 0o600) if kind == "pipe" else path.mkdir(0o700)
    refused(compiled, monkeypatch)


def test_an_entry_that_is_too_large_is_not_read(
    entry: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_LARGEST", entry.stat().st_size - 1)
    refused(compiled, monkeypatch)


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        cache.set_cache(place)
        forget()
        assert "range" in cap_compile(TEXT).names


def test_what_is_made_is_the_users_alone(folder: Path, entry: Path) -> None:
    before = os.umask(0)
    try:
        cap_compile(TEXT + "# umask\n")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}


# What an entry depends on


@pytest.mark.parametrize("what", ["version", "tables", "sources"])
def test_another_interpreter_table_or_source_has_other_entries(
    entry: Path, what: str, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache._World, "names", -1)
    if what == "version":
        monkeypatch.setattr(cache.sys, "version", "3.99")
    elif what == "tables":
        monkeypatch.setattr(cache, "fingerprint", lambda: b"other")
    else:
        monkeypatch.setattr(cache, "_sources", lambda: b"other")
    refused(compiled, monkeypatch)
    monkeypatch.undo()
    cache._World.names = -1


def test_nothing_is_kept_when_the_sources_are_newer_than_what_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache._World, "names", -1)
    monkeypatch.setattr(cache, "_IMPORTED", 1000.0)
    cap_compile(TEXT)
    assert not folder.exists()
    cache._World.names = -1


def test_a_program_is_compiled_anew_when_more_names_need_a_guard(
    folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cap_compile("x = y.something_new")
    monkeypatch.setattr(program, "names_known", lambda: 10**6)
    cap_compile("x = y.something_new")
    assert len(compiled) == 2


def test_the_fingerprint_tells_tables_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from guards.tables import rows

    before = rows.fingerprint()
    assert rows.fingerprint() == before
    monkeypatch.setitem(rows._OWNERS, "a_name_of_the_hosts", [int])
    assert rows.fingerprint() != before and rows.names_known() == len(rows._OWNERS)
    monkeypatch.undo()
    monkeypatch.setitem(rows.TABLE, int, {**rows.TABLE[int], "real": rows.Row(rows.State.DENY)})
    assert rows.fingerprint() != before


# Size, and turning it off


def test_the_oldest_entries_go_when_there_are_too_many(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_SWEEP_EVERY", 1)
    monkeypatch.setattr(cache._Settings, "written", 0)
    for i in range(4):
        cap_compile(TEXT + f"# {i}\n")
        for age, path in enumerate(
            sorted(entries(folder), key=lambda p: p.stat().st_mtime, reverse=True)
        ):
            os.utime(path, (time.time() - 100 * age,) * 2)
    size = max(p.stat().st_size for p in entries(folder))
    (folder / "left.tmp").write_bytes(b"half")
    os.utime(folder / "left.tmp", (1, 1))
    newest = max(entries(folder), key=lambda p: p.stat().st_mtime)
    cache.set_cache(folder, max_bytes=size * 2)
    monkeypatch.setattr(cache, "_SWEEP_EVERY", 2)
    monkeypatch.setattr(cache._Settings, "written", 0)
    cap_compile(TEXT + "# one more\n")
    left = entries(folder)
    assert sum(p.stat().st_size for p in left) <= 3 * size and newest in left
    assert not (folder / "left.tmp").exists()


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        cache.set_cache(None, max_bytes=-1)


def test_the_api_turns_it_off(folder: Path) -> None:
    cache.set_cache(None)
    cap_compile(TEXT)
    assert not folder.exists()


def where(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Path | None:
    monkeypatch.setattr(cache._Settings, "chosen", False)
    monkeypatch.setattr(cache._Settings, "off", False)
    for name in (cache.VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return cache.cache_folder()


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for off in ("off", "0", "no", "OFF", "none", "false"):
        assert where(monkeypatch, CAPCOMPILER_CACHE=off) is None
    assert where(monkeypatch, CAPCOMPILER_CACHE=str(tmp_path)) == tmp_path
    assert where(monkeypatch, XDG_CACHE_HOME=str(tmp_path)) == tmp_path / "capcompiler"
    home = where(monkeypatch, HOME=str(tmp_path), XDG_CACHE_HOME="relative")
    assert home == tmp_path / ".cache" / "capcompiler"
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    assert where(monkeypatch) is None


def test_the_environment_is_ignored_where_the_interpreter_ignores_it(tmp_path: Path) -> None:
    text = "from capcompiler import cache; print(cache.cache_folder())"
    run = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path[:0] = sys.argv[1:]; " + text, *sys.path],
        env={**os.environ, "CAPCOMPILER_CACHE": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == str(tmp_path)
    run = subprocess.run(
        [sys.executable, "-E", "-c", "import sys; sys.path[:0] = sys.argv[1:]; " + text, *sys.path],
        env={**os.environ, "CAPCOMPILER_CACHE": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() != str(tmp_path)


# Many at once


def test_many_writers_and_readers_of_one_entry_see_whole_ones(folder: Path) -> None:
    made = program._routed(TEXT, "exec", "<guest>", True, True, 0)
    kept = (made.names, made.imports, made.code)
    key = cache.key_of("many")
    assert key is not None
    wrong: list[object] = []

    def work() -> None:
        for _ in range(30):
            cache.save(key, kept)
            found = cache.load(key, "x")
            if found is None or found[2].co_code != made.code.co_code:
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(p.name for p in folder.iterdir()) == sorted([f"{key}.cap", "key"])


def test_processes_that_begin_together_share_one_key(folder: Path) -> None:
    text = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from capcompiler import cache, cap_compile\ncache.set_cache(sys.argv[1])\n"
        f"cap_compile({TEXT!r})\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", text, str(folder), *sys.path]) for _ in range(3)]
    assert [p.wait(timeout=100) for p in running] == [0, 0, 0]
    assert sorted(p.suffix for p in folder.iterdir()) == ["", ".cap"]
    (entry,) = entries(folder)
    assert cache.load(entry.stem, "x") is not None
