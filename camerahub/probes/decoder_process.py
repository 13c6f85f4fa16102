"""One decoder process as its prober holds it: the socket, the pictures it was given, and how it ends.

Non-blocking throughout. It decides nothing about pictures: the pool (``decode.py``) does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from camerahub.probes.decode_job import DecodeLimits, Job
from camerahub.probes.decode_line import CODECS, PICTURE, PROGRESS, Answer, LineError, take_answer

_READ = 1 << 16
_SEND_BUFFER = 1 << 20
#: So many pictures lie with a child: what has arrived it judges together (``decoder_eye.BATCH`` at most), and the next
#: ones already lie in the socket.
DEPTH = 10
#: All libraries that would start threads of their own are told not to; OpenCV refuses what is too large by itself.
#: Memory of a picture is kept for the next one: giving it back costs more page faults than copying.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}
_INHERITED = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "TZ")


class DecoderProcess:
    """``heard`` is called with each answer, ``ended`` once when it has ended, both from the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        entry: Sequence[str],
        limits: DecodeLimits,
        heard: Callable[[DecoderProcess, Answer], None],
        ended: Callable[[DecoderProcess, str], None],
    ) -> None:
        self._loop, self._heard, self._ended = loop, heard, ended
        self._inbox = bytearray()
        self._outbox: deque[memoryview] = deque()
        self.jobs: deque[Job] = deque()
        #: Those that may be what ended it; known once it has ended.
        self.suspected: list[Job] = []
        self.ready = self.retiring = self.alone = self.gone = False
        self.taken = 0
        self.cpu_s = 0.0
        self.timer: asyncio.TimerHandle | None = None
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            try:
                self._page = page()
                self._process = started(entry, theirs.fileno(), limits, self._page)
            except OSError:
                ours.close()
                raise
        self._sock = ours
        self._pidfd = os.pidfd_open(self.pid)
        self._over: asyncio.Future[None] = loop.create_future()
        loop.add_reader(ours.fileno(), self.read)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def fresh(self) -> bool:
        """It has never been given a picture."""
        return not self.taken

    @property
    def has_room(self) -> bool:
        """It can be given one more picture."""
        most = 1 if self.alone else DEPTH
        return self.ready and not self.retiring and not self.gone and len(self.jobs) < most

    def give(self, job: Job) -> None:
        """One more picture to look at."""
        self.jobs.append(job)
        self.taken += 1
        idle = not self._outbox
        head = PICTURE.pack(len(job.data), CODECS[job.codec], len(job.context)) + job.context
        self._outbox += (memoryview(head), memoryview(job.data))
        if idle:
            self._write()

    @property
    def answered(self) -> int:
        """Pictures it has answered."""
        return self.taken - len(self.jobs)

    @property
    def progress(self) -> tuple[int, int]:
        """By its own word: pictures it has given to a decoder since its start, and those that came back from it."""
        begun, whole = PROGRESS.unpack(os.pread(self._page, PROGRESS.size, 0))
        return begun, whole

    def _under_work(self) -> list[Job]:
        """The picture under its decoder, else those it is judging; the first one where it says what cannot be.

        Only pictures that have left completely can be to blame.
        """
        begun, whole = self.progress
        first = max(begun - 1 - self.answered, 0) if begun > whole else 0
        jobs = list(islice(self.jobs, first, max(begun - self.answered, 0))) or list(islice(self.jobs, 1))
        sent = len(self.jobs) - (len(self._outbox) + 1) // 2
        return [job for job in jobs if job in islice(self.jobs, sent)]

    def end(self, why: str) -> None:
        """Kill it and tell ``ended``; nothing when it is gone already."""
        if self.gone:
            return
        self.suspected = self._under_work()
        self.close()
        self._ended(self, why)

    def close(self) -> None:
        """Kill it, by its own pid, without telling anybody. Reaped from the loop."""
        self.gone = True
        if self.timer is not None:
            self.timer.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        os.close(self._page)
        self._process.kill()
        self._loop.add_reader(self._pidfd, self._reap)

    @property
    def is_reaped(self) -> bool:
        """The kernel has nothing left of it."""
        return self._over.done()

    async def reaped(self) -> None:
        """Wait until the kernel has nothing left of it. Only after ``close``."""
        await self._over

    def _reap(self) -> None:
        if self._process.poll() is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._over.set_result(None)

    def read(self) -> None:
        """Take what has arrived. Also called before a picture is given up as too slow: it may just have been late."""
        while not self.gone:
            try:
                data = self._sock.recv(_READ)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.end("died")
                return
            self._inbox += data
            self._hear()

    def _hear(self) -> None:
        try:
            while not self.gone and (answer := take_answer(self._inbox)) is not None:
                self._heard(self, answer)
        except LineError:
            self.end("garbled")

    def _write(self) -> None:
        while self._outbox:
            try:
                sent = self._sock.sendmsg(list(islice(self._outbox, 4)))
            except BlockingIOError:
                self._loop.add_writer(self._sock.fileno(), self._write)
                return
            except OSError:
                return  # its end is read next
            self._sent(sent)
        self._loop.remove_writer(self._sock.fileno())

    def _sent(self, count: int) -> None:
        while count:
            first = self._outbox[0]
            if count < len(first):
                self._outbox[0] = first[count:]
                return
            count -= len(first)
            self._outbox.popleft()

    def usage(self) -> tuple[float, bool]:
        """Processor seconds used by the kernel's account; whether it wants the processor (or waits for the disk)."""
        return usage_of(self.pid)


def usage_of(pid: int) -> tuple[float, bool]:
    """Processor seconds a process has used, by the kernel; whether it wants the processor (or waits for the disk)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), fields[0] in (b"R", b"D")
    return 0.0, False


def page() -> int:
    """A file in memory that a child writes its progress to, and its prober reads."""
    fd = os.memfd_create("progress")
    os.ftruncate(fd, PROGRESS.size)
    return fd


def started(entry: Sequence[str], fd: int, limits: DecodeLimits, *shared: int) -> subprocess.Popen[bytes]:
    """A child that inherits ``fd``, what is ``shared``, and little else; its arguments are those of its ``main``."""
    numbers = (fd, os.getpid(), limits.memory_bytes, limits.life_cpu_s, limits.pixels, *shared)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment = inherited | _ENVIRONMENT | {"OPENCV_IO_MAX_IMAGE_PIXELS": str(limits.pixels)}
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, *entry, *map(str, numbers)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(fd, *shared),
        env=environment,
        close_fds=True,
    )
