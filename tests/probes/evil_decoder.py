"""A decoder process that does on magic bytes what a decoder that met its exploit, or its bug, would do."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import sys
import threading
import time

import numpy as np

from camerahub.frames.picture import Picture
from camerahub.probes.decode_line import Answer, pack_answer
from camerahub.probes.decoder_child import Look, main

TRIES = "forbidden"


def forbidden() -> dict[str, float]:
    """1.0 for each thing that succeeded though it must not."""
    libc = ctypes.CDLL(None, use_errno=True)

    def connect() -> None:
        if libc.connect(int(sys.argv[1]), bytes(16), 16) != 0:
            raise OSError(ctypes.get_errno(), "connect")

    def signal_parent() -> None:
        os.kill(os.getppid(), 0)

    def executable_memory() -> None:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()

    def trace() -> None:
        if libc.ptrace(16, os.getppid(), 0, 0) != 0:
            raise PermissionError

    tries = {
        "socket": lambda: socket.socket().close(),
        "unix_socket": lambda: socket.socketpair(),
        "connect": connect,
        "read_file": lambda: os.close(os.open("/etc/hostname", os.O_RDONLY)),
        "write_file": lambda: os.close(os.open("camerahub-evil", os.O_CREAT | os.O_WRONLY)),
        "fork": lambda: os.waitpid(os.fork(), 0),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "kill": signal_parent,
        "exec_memory": executable_memory,
        "ptrace": trace,
        "unlink": lambda: os.unlink("/nonexistent-camerahub"),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            attempt()  # type: ignore[no-untyped-call]
            found[name] = 1.0
        except PermissionError:
            found[name] = 0.0
        except OSError:
            found[name] = 0.5  # got further than it should, and failed there
    return found


def asleep() -> None:
    """For ever; the clock's own sleep is forbidden."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


class Late:
    """The pixels of a picture that a decoder made nothing of, and that crash who touches them, or never end."""

    def __init__(self, word: str) -> None:
        self._word = word

    @property
    def shape(self) -> tuple[int, int]:
        if self._word == "late crash":
            ctypes.string_at(0)
        while True:
            pass


def picture(word: str) -> Picture:
    planes = [np.full(size, 90, np.uint8) for size in ((180, 320), (90, 160), (90, 160))]
    seen = Picture(*planes, 320, 180)
    if word.startswith("late"):
        object.__setattr__(seen, "luma", Late(word))
    return seen


def hook(look: Look) -> Look:
    def evil(codec: str, data: bytes) -> Picture | Answer:
        word = data[:16].rstrip(b"\0").decode("latin-1")
        if word == "crash":
            ctypes.string_at(0)
        elif word == "hang":
            while True:
                pass
        elif word == "sleep":
            asleep()
        elif word == "eat":
            kept = [bytearray(16 << 20) for _ in range(10_000)]
            return Answer("ok", len(kept))
        elif word == "exit":
            os._exit(3)
        elif word == "garbage":
            os.write(int(sys.argv[1]), b"\xff" * 64)
            asleep()
        elif word == "unasked":
            os.write(int(sys.argv[1]), pack_answer(Answer("ok", 1, 1)) * 2)
        elif word == "bug":
            raise KeyError("ours")
        elif word == TRIES:
            return Answer("ok", 1, 1, forbidden())
        elif word == "busy":  # what is sent meanwhile has arrived afterwards
            until = time.thread_time() + 0.05
            while time.thread_time() < until:
                pass
            return Answer("ok", len(data), os.getpid())
        elif word == "seen" or word.startswith("late"):
            return picture(word)
        elif word == "echo":
            return Answer("ok", len(data), os.getpid())
        return look(codec, data)

    return evil


if __name__ == "__main__":
    main(sys.argv[1:], hook)
