"""What a decoder process takes from itself before it touches a camera's picture.

A decoder is a large C library fed by strangers: it is assumed to be taken over one day. Afterwards it can compute,
read and write the one socket it was born with, and end; it cannot open a file, make a socket, start a program or a
thread, map executable memory, signal anybody, or outlive its parent. None of it needs root.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterator

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SECCOMP_MODE_FILTER = 2
_LOAD, _EQUAL, _AND_JUMP, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, JMP|JEQ|K, JMP|JSET|K, RET|K
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # SECCOMP_RET_*; 1 = EPERM
_NR, _ARCH, _ARG2 = 0, 4, 32  # offsets in struct seccomp_data, little-endian low word
_PROT_EXEC = 4
#: Descriptor numbers stay below this: nothing new can be opened.
_FILES = 16
NICE = 5
_NOBODY = 65534

#: Machine -> (audit architecture, mmap and mprotect, everything else a decoding process needs).
#: read write close fstat lseek pread64 munmap mremap brk madvise futex rt_sigaction rt_sigprocmask rt_sigreturn
#: sigaltstack sendto recvfrom getrusage clock_gettime clock_getres getpid gettid exit exit_group getrandom
#: sched_yield restart_syscall
_MACHINES: dict[str, tuple[int, tuple[int, ...], tuple[int, ...]]] = {
    "x86_64": (
        0xC000003E,
        (9, 10),
        (
            0,
            1,
            3,
            5,
            8,
            17,
            11,
            25,
            12,
            28,
            202,
            13,
            14,
            15,
            131,
            44,
            45,
            98,
            228,
            229,
            39,
            186,
            60,
            231,
            318,
            24,
            219,
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (222, 226),
        (
            *(63, 64, 57, 80, 62, 67, 215, 216, 214, 233, 98, 134, 135, 139, 132, 206, 207, 165, 113, 114),
            *(172, 178, 93, 94, 278, 124, 128),
        ),
    ),
}


def tie_to_parent(parent: int) -> None:
    """End with the parent process ``parent``; at once when it has already ended."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def lock(*, memory: int, cpu_s: int, parent: int) -> str:
    """Give up everything but computing. Returns ``seccomp``, or ``limits`` where the kernel or machine has no seccomp.

    ``memory`` bytes beyond what is already mapped; ``cpu_s`` processor seconds for the rest of this process.
    """
    _become_nobody()
    tie_to_parent(parent)  # a change of user forgets it
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_DATA, _mapped() + memory),
        (resource.RLIMIT_AS, _mapped() + memory),
    ):
        _lower(kind, value)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return "seccomp" if _filter_calls() else "limits"


def _become_nobody() -> None:
    """Only a hub that runs as root starts its decoders as root; where it may not change users it stays as it is."""
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        except OSError:
            return


def _mapped() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _prctl(option: int, argument: int, pointer: int = 0) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(
        libc.prctl(
            option, ctypes.c_ulong(argument), ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0)
        )
        == 0
    )


def _program(machine: str) -> bytes:
    """The filter (Linux Documentation/userspace-api/seccomp_filter.rst) as struct sock_filter[]."""
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(*_MACHINES[machine]))


def _steps(arch: int, maps: tuple[int, ...], calls: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    yield _LOAD, 0, 0, _ARCH
    yield _EQUAL, 1, 0, arch
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NR
    for number in calls:
        yield _EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _ALLOW
    for number in maps:
        yield _EQUAL, 0, 4, number
        yield _LOAD, 0, 0, _ARG2
        yield _AND_JUMP, 0, 1, _PROT_EXEC
        yield _RETURN, 0, 0, _REFUSE
        yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _filter_calls() -> bool:
    machine = platform.machine()
    if machine not in _MACHINES or sys.byteorder != "little":
        return False
    code = ctypes.create_string_buffer(_program(machine))
    program = _Program(len(code.raw) // 8, ctypes.cast(code, ctypes.c_void_p))
    return _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))
