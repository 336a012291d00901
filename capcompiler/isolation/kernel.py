"""The system calls that give rights up, and nothing else of this package calls the kernel past Python.

By ctypes, since no library does it at the price of a run: pyseccomp 0.1.2 needs libseccomp and takes
450 microseconds a worker to load the same filter; sandlock 0.9 confines the process that calls it by
Landlock alone and refuses a seccomp policy there, and starts commands otherwise; landlock has a
prerelease only; bubblewrap starts commands. Here a filter is assembled once and installed in 20.

Source: seccomp(2), landlock(7), prctl(2), capabilities(7); include/uapi/linux of Linux 6.12. Linux on
x86-64 and arm64 only; elsewhere `supported()` says so.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import os
import platform
import struct
import sys
from collections.abc import Iterable
from typing import Final

__all__ = [
    "Filter",
    "deny_paths",
    "die_with_parent",
    "drop_capabilities",
    "filtered",
    "landlock_version",
    "no_new_privileges",
    "ruleset",
    "supported",
]

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_MODE_FILTER: Final = 2
_SIGKILL: Final = 9
_CAPABILITY_VERSION_3: Final = 0x20080522
_LANDLOCK_CREATE: Final = 444
_LANDLOCK_RESTRICT: Final = 446

#: Numbers of system calls: on x86-64, on arm64. None: the machine has no such call.
_NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {
    "brk": (12, 214),
    "capset": (126, 91),
    "clock_gettime": (228, 113),
    "close": (3, 57),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "futex": (202, 98),
    "getpid": (39, 172),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "madvise": (28, 233),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "poll": (7, None),
    "ppoll": (271, 73),
    "pread64": (17, 67),
    "read": (0, 63),
    "restart_syscall": (219, 128),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "sigaltstack": (131, 132),
    "write": (1, 64),
}
_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_machine: Final = _MACHINES.get(platform.machine())


def supported() -> bool:
    """Whether this is a system whose calls are known here."""
    return sys.platform == "linux" and _machine is not None and struct.calcsize("P") == 8


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@functools.cache
def _padded(args: tuple[int, ...]) -> list[ctypes.c_ulong]:
    """Four arguments of `prctl`; the same each time, so that a worker need not make them."""
    return [ctypes.c_ulong(a) for a in (*args, 0, 0, 0, 0)[:4]]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(what: str, option: int, *args: int) -> None:
    _checked(_library().prctl(option, *_padded(args)), what)


def no_new_privileges() -> None:
    """From here on, no program that this process could start has more rights than it."""
    _prctl("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it ends."""
    _prctl("pdeathsig", _PR_SET_PDEATHSIG, _SIGKILL)


def drop_capabilities() -> None:
    """Give up what a process of root may do beyond others."""
    assert _machine is not None  # noqa: S101 - `supported` was asked
    number = _NUMBERS["capset"][_machine[0]]
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_library().syscall(number, header, bytes(24)), "capset")


# Landlock: no file by any path


def landlock_version() -> int:
    """The version of Landlock that the kernel has, or 0."""
    if not supported():
        return 0
    return max(0, int(_library().syscall(_LANDLOCK_CREATE, None, 0, 1)))


#: What each version of Landlock can refuse on files, as the highest bit of it.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}


def ruleset(above: int) -> int | None:
    """A descriptor, of the number `above` or a higher one, of the rule that nothing may be done to any
    file, nor over TCP; None without Landlock."""
    version = landlock_version()
    if version == 0:
        return None
    files = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    network = 3 if version >= 4 else 0
    scoped = 3 if version >= 6 else 0  # no signals out of here, no abstract sockets
    attr = struct.pack("QQQ", files, network, scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    found = _checked(_library().syscall(_LANDLOCK_CREATE, attr, size, 0), "landlock_create_ruleset")
    kept = fcntl.fcntl(found, fcntl.F_DUPFD_CLOEXEC, above)
    os.close(found)
    return int(kept)


def deny_paths(rules: int) -> None:
    """Put this process under a `ruleset`."""
    _checked(_library().syscall(_LANDLOCK_RESTRICT, rules, 0), "landlock_restrict_self")


# Seccomp: no system call but these


class Filter:
    """A program for the kernel that lets some system calls through, fit to be installed many times."""

    __slots__ = ("_bytes", "_holder", "_program", "size")

    def __init__(self, allowed: Iterable[str]) -> None:
        assert _machine is not None  # noqa: S101 - `supported` was asked
        column, architecture = _machine
        numbers = sorted(n for name in allowed if (n := _NUMBERS[name][column]) is not None)
        maps = {_NUMBERS[n][column] for n in ("mmap", "mprotect")}
        code = [
            (_LOAD, 0, 0, 4),
            (_EQUAL, 1, 0, architecture),
            (_RETURN, 0, 0, _KILL),
            (_LOAD, 0, 0, 0),
        ]
        tail = [
            (_RETURN, 0, 0, _EPERM),
            (_RETURN, 0, 0, _ALLOW),
            # What is mapped cannot be run: no memory that is written becomes code.
            (_LOAD, 0, 0, 32),  # the third argument: read, write, execute
            (_BITS, 0, 1, 4),
            (_RETURN, 0, 0, _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
        for i, number in enumerate(numbers):
            rest = len(numbers) - i - 1
            code.append((_EQUAL, rest + (2 if number in maps else 1), 0, number))
        program = code + tail
        self._bytes = b"".join(struct.pack("HBBI", *row) for row in program)
        self._program = ctypes.create_string_buffer(self._bytes, len(self._bytes))
        self.size = len(program)
        fprog = struct.pack("HxxxxxxP", self.size, ctypes.addressof(self._program))
        self._holder = ctypes.create_string_buffer(fprog, len(fprog))

    def install(self) -> None:
        """Let this process make no other system call, for good. Needs `no_new_privileges`."""
        _prctl("seccomp", _PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(self._holder))


_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_BITS: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 0x00050000 | errno.EPERM
_KILL: Final = 0x80000000


def filtered() -> bool:
    """Whether the kernel has seccomp filters."""
    if not supported():
        return False
    try:
        _prctl("seccomp", _PR_SET_SECCOMP, _MODE_FILTER, 0)
    except OSError as error:
        return error.errno == errno.EFAULT  # it looked for the program
    return True
