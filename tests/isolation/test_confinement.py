"""What the kernel keeps of a worker whose guest has got out of everything else."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capcompiler import Limits, Pool
from capcompiler.isolation import confinement, kernel
from capcompiler.isolation.channel import Channel
from capcompiler.isolation.faults import WorkerDied
from capcompiler.isolation.launch import Worker, Zygote, reported
from capcompiler.isolation.pool import NotConfined
from capcompiler.isolation.wire import packed

from .escaped import escaped

pytestmark = pytest.mark.skipif(not kernel.supported(), reason="confinement is known for Linux only")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=1, prefork=1) as made:
        yield made


def attempt(pool: Pool, source: str) -> Any:
    """What an escaped guest gets from `got = ...`, or the name of the error."""
    text = f"try:\n    {source}\nexcept BaseException as e:\n    got = type(e).__name__"
    return pool.exec(escaped(text))["got"]


def test_the_escape_is_one(pool: Pool) -> None:
    """Otherwise the tests below show nothing."""
    assert attempt(pool, "got = os['getpid']()") not in (os.getpid(), 0)
    assert attempt(pool, "got = 'ctypes' in modules and 'socket' in modules") is True
    with Pool(workers=1, prefork=1, confine="off") as free:
        assert attempt(free, "got = len(os['listdir']('/')) > 0") is True
        assert attempt(free, "modules['socket'].socket(); got = 'open'") == "open"


@pytest.mark.parametrize("source", [
    "got = os['open']('/etc/passwd', 0)", "got = os['open'](os['__file__'], 0)",
    "got = os['open']('/proc/self/environ', 0)", "got = os['open']('/tmp/made', 0o101)",
    "got = os['listdir']('/')", "got = os['stat']('/')[0]", "got = os['readlink']('/proc/self/exe')",
    "got = os['mkdir']('/tmp/made')", "got = os['unlink']('/tmp/made')", "got = os['chdir']('/')",
    "got = modules['io'].open('/etc/hostname').read()", "got = os['getcwd']()",
    "got = os['rename']('/tmp/a', '/tmp/b')", "got = os['memfd_create']('x')", "got = os['pipe']()",
    "got = os['dup'](3)", "got = os['statvfs']('/')[0]",
], ids=lambda s: s[6:40])  # fmt: skip
def test_no_file(pool: Pool, source: str) -> None:
    assert attempt(pool, source) in ("PermissionError", "OSError")


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"])
def test_no_socket(pool: Pool, family: str) -> None:
    source = f"s = modules['socket']; s.socket(s.{family}, s.SOCK_DGRAM); got = 'open'"
    assert attempt(pool, source) == "PermissionError"


@pytest.mark.parametrize("source", [
    "got = os['fork']()", "got = os['posix_spawn']('/bin/true', ['true'], {})",
    "got = os['execv']('/bin/true', ['true'])", "got = os['system']('true') or 'ran'",
    "modules['_thread'].start_new_thread(print, ()); got = 'started'",
    "got = os['kill'](os['getppid'](), 0)", "got = os['kill'](1, 0)", "got = os['kill'](os['getpid'](), 0)",
    "got = os['killpg'](0, 0)", "got = os['setuid'](0)", "got = os['setgroups']([])",
    "got = os['sched_setaffinity'](0, {0})", "got = os['nice'](-1)", "got = os['setsid']()",
], ids=lambda s: s[6:50])  # fmt: skip
def test_no_process_and_no_signal(pool: Pool, source: str) -> None:
    got = attempt(pool, source)
    # `system` says 127 where it could not start a shell.
    assert got in ("PermissionError", "OSError", "RuntimeError", "error", -1, 127 << 8)


@pytest.mark.parametrize(("number", "name"), [
    (101, "ptrace"), (310, "process_vm_readv"), (311, "process_vm_writev"), (272, "unshare"),
    (321, "bpf"), (425, "io_uring_setup"), (298, "perf_event_open"), (304, "open_by_handle_at"),
    (165, "mount"), (161, "chroot"), (56, "clone"), (435, "clone3"), (59, "execve"), (322, "execveat"),
    (41, "socket"), (317, "seccomp"), (157, "prctl"), (302, "prlimit64"), (16, "ioctl"), (257, "openat"),
    (437, "openat2"), (434, "pidfd_open"), (438, "pidfd_getfd"), (448, "process_mrelease"), (250, "keyctl"),
    (0x40000000 | 59, "execve of x32"), (0x40000002, "open of x32"),
])  # fmt: skip
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_system_calls_that_are_not_left(pool: Pool, number: int, name: str) -> None:
    source = (
        f"c = modules['ctypes']; l = c.CDLL(None, use_errno=True);"
        f" got = (l.syscall({number}, 0, 0, 0, 0, 0), c.get_errno())"
    )
    assert attempt(pool, source) == (-1, 1), name


def test_no_code_from_memory(pool: Pool) -> None:
    assert attempt(pool, "m = modules['mmap']; m.mmap(-1, 4096, prot=7); got = 'mapped'") in (
        "PermissionError", "OSError",
    )  # fmt: skip
    source = (
        "c = modules['ctypes']; l = c.CDLL(None, use_errno=True); b = c.create_string_buffer(8192);"
        " got = l.mprotect(c.c_void_p(c.addressof(b) // 4096 * 4096), 4096, 7)"
    )
    assert attempt(pool, source) == -1


def test_an_empty_environment_and_no_descriptors_but_its_own(pool: Pool) -> None:
    """The connection, what tells its memory, and the three that lead nowhere."""
    assert attempt(pool, "got = dict(os['environ'])") in ({}, {"LC_CTYPE": "C.UTF-8"})
    source = """
        found = []
        for n in range(200):
            try:
                os['read'](n, 0)
                found.append(n)
            except OSError:
                pass
        got = found
    """
    names = pool.exec(escaped(source))
    assert names["got"] in ([0, 1, 2, 3, 4], [0, 3, 4], [0, 1, 2, 3])


def test_nothing_of_the_host_is_in_its_memory(pool: Pool) -> None:
    secret = "the host's own " + "secret"
    source = f"got = any({secret[:8]!r} in repr(m)[:10000] for m in modules.values())"
    assert attempt(pool, source) is False
    assert attempt(pool, "got = 'pytest' in modules or 'tests' in ' '.join(modules)") is False


def test_a_group_of_its_own(pool: Pool) -> None:
    world = pool.compartment()
    world.eval("1")
    assert world._worker is not None
    pid = world._worker.pid
    assert os.getpgid(pid) == pid != os.getpgid(0)
    assert os.getsid(pid) != os.getsid(0)
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert "CapEff:\t0000000000000000" in status and "CapPrm:\t0000000000000000" in status


def test_what_one_did_the_next_does_not_see(pool: Pool) -> None:
    pool.exec(
        escaped("modules['json' if 'json' in modules else 'math'].mark = 1\nsys.mark = 1\nint.__doc__")
    )
    assert attempt(pool, "got = hasattr(sys, 'mark')") is False
    assert attempt(pool, "got = any(hasattr(m, 'mark') for m in modules.values())") is False


def test_each_worker_draws_its_own_secret(pool: Pool) -> None:
    """What stands for guards in code: one guest that learns it must not be able to tell another."""
    source = "got = modules['guards.binding']._NONCE"
    from guards import binding

    found = {attempt(pool, source) for _ in range(3)}
    assert len(found) == 3 and binding._NONCE not in found


def test_limits_of_the_kernel(pool: Pool) -> None:
    world = pool.compartment(limits=Limits(memory=64 * 2**20))
    world.eval("1")
    assert world._worker is not None
    limits = Path(f"/proc/{world._worker.pid}/limits").read_text()
    assert "Max core file size        0                    0" in limits
    space = next(line for line in limits.splitlines() if line.startswith("Max address space")).split()
    assert int(space[3]) < 64 * 2**20 + 400 * 2**20


# Reports


def test_the_report_is_data(pool: Pool) -> None:
    found = pool.confinement
    assert found.complete and found.asked == "required"
    assert set(confinement.PROMISES) <= set(found.holds)
    data = found.to_dict()
    assert data["complete"] is True and isinstance(data["holds"], dict)
    assert "files: yes" in str(found)


def test_off_says_that_nothing_holds() -> None:
    with Pool(workers=1, prefork=0, confine="off") as free:
        assert not free.confinement.complete
        assert set(free.confinement.missing) == set(confinement.PROMISES)


def test_required_refuses_where_it_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    from capcompiler.isolation import launch

    real = launch.Zygote.wait

    def without(self: Any) -> Any:
        report = real(self)
        return {**report, "able": {"network": "a worker could make a socket"}}

    monkeypatch.setattr(launch.Zygote, "wait", without)
    with pytest.raises(NotConfined, match="network: a worker could make a socket"):
        Pool(workers=1)
    with Pool(workers=1, confine="best-effort") as tried:
        assert "network" in tried.confinement.missing and "files" in tried.confinement.holds


def test_where_nothing_is_known_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "supported", lambda: False)
    walls = confinement.Walls()
    assert set(walls.missing) == set(confinement.PROMISES) and walls.filter is None
    assert sys.platform in walls.missing["files"]
    walls.enter()  # does nothing


def test_without_msgspec_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from capcompiler.isolation import wire

    monkeypatch.setattr(wire, "msgspec", None)
    with pytest.raises(NotConfined, match="capcompiler\\[process\\]"):
        Pool()


def test_without_proc_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(confinement, "_STATM", str(tmp_path / "statm"))
    why = confinement.unmeasured()
    assert "mount /proc" in why and "No such file" in why
    report = reported("required", {"able": {}, "missing": {"memory": why}})
    assert not report.complete and "memory" not in report.holds and "memory: no, " in str(report)
    monkeypatch.setattr(Zygote, "wait", lambda self: {"able": {}, "missing": {"memory": why}})
    with pytest.raises(NotConfined, match="memory: .*mount /proc"):
        Pool(workers=1, prefork=0)


def test_a_worker_that_cannot_start_says_why() -> None:
    zygote: Any = type("Z", (), {"reap": lambda *_: None, "one_less": lambda *_: None})()
    for said, wanted in (
        ([0, "OSError: no room"], "no room"),
        (["x"], "no worker says"),
        (None, "ended"),
    ):
        ours, theirs = socket.socketpair()
        with theirs:
            if said is not None:
                data = packed(said)
                theirs.sendall(len(data).to_bytes(4, "little") + data)
        with pytest.raises(WorkerDied, match=f"did not start: .*{wanted}"):
            Worker(zygote, Channel(ours)).meet()
