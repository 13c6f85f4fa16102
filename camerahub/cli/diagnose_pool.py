"""Items in, verdicts out, in the same order: all cores, a bounded number under way, and nobody else to blame.

Children decode and judge in chunks. When one is lost (it crashed, hung, or talked nonsense) its chunk is tried again
item by item; only what brings down a child *alone* is to blame. Time is the child's own processor time: a busy machine
gets ``PATIENCE`` times as much before it counts as a hang.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from camerahub.cli.diagnose_child_process import ENTRY, ChildLost, ChildProcess, started
from camerahub.cli.diagnose_items import Item, Problem, unusable
from camerahub.cli.diagnose_line import MOST_SHOWN, MOST_SIDE, LineError, Verdict, checked, container_of
from camerahub.core.errors import CamerahubError, ConfigError, EnvironmentFault
from camerahub.services.tasks import cancel, spawn

_log = structlog.get_logger()
#: Items judged together, and bytes of their files; a clip is always alone.
CHUNK_ITEMS, CHUNK_BYTES = 16, 16 << 20
#: Bytes of one picture, of all pictures of an item, and of one clip.
MOST_BYTES, MOST_ITEM, MOST_CLIP = 32 << 20, 128 << 20, 16 << 30
#: Chunks that may be finished before the oldest one is, for each child.
AHEAD = 4
#: Processor seconds for an item, for each MiB of it, and for a clip; waited for ``PATIENCE`` times as long.
ITEM_S, MIB_S, CLIP_S, PATIENCE = 5.0, 2.0, 90.0, 10.0
#: A child is replaced after so many items.
RETIRE_ITEMS = 20_000
_TICK_S = 1.0


class Manner(NamedTuple):
    """What is asked of every child. ``draws``: pictures of each item whose pixels are wanted, ``side`` pixels long."""

    mode: str = "auto"
    reference: Path | None = None
    mask: Path | None = None
    draws: int = 0
    side: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and what became of it; ``pixels`` BGR of ``verdict.shown``."""

    item: Item
    verdict: Verdict
    problem: Problem | None = None
    pixels: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Load:
    """An item with the bytes of its files, or with its open clip."""

    item: Item
    blobs: list[bytes] = field(default_factory=list)
    clip: int = -1
    clip_size: int = 0
    demuxer: str = ""
    problem: Problem | None = None

    @property
    def size(self) -> int:
        """Bytes to be sent."""
        return sum(map(len, self.blobs))

    @property
    def limit_s(self) -> float:
        """Processor seconds it may take."""
        return CLIP_S if self.demuxer else ITEM_S * len(self.item.files) + MIB_S * self.size / (1 << 20)

    def close(self) -> None:
        """Close the clip."""
        if self.clip >= 0:
            os.close(self.clip)
            self.clip = -1


def load(item: Item) -> Load:
    """Read what ``item`` names; what cannot be read is its ``problem``."""
    loaded = Load(item, problem=item.problem)
    for path in () if item.problem else item.files:
        try:
            _take(loaded, path)
        except OSError as error:
            loaded.problem = unusable(path) or Problem("unreadable", f"{path} ({error.strerror or error})")
        if loaded.problem:
            loaded.blobs.clear()
            loaded.close()
            break
    return loaded


def _take(loaded: Load, path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        loaded.demuxer = container_of(os.pread(fd, 16, 0)) or ""
        size = os.fstat(fd).st_size
        if not loaded.demuxer:
            data = _whole(fd, MOST_BYTES + 1)
            loaded.blobs.append(data)
            large = len(data) > MOST_BYTES or loaded.size > MOST_ITEM
            name = "too_large" if large else "" if data else "empty_file"
        else:
            name = "mixed" if len(loaded.item.files) > 1 else "too_large" if size > MOST_CLIP else ""
            loaded.clip_size, loaded.clip = size, os.dup(fd)
        loaded.problem = Problem(name, str(path)) if name else None
    finally:
        os.close(fd)


def _whole(fd: int, most: int) -> bytes:
    with open(fd, "rb", closefd=False, buffering=0) as file:
        return file.read(most) or b""


class Pool:
    """Judges ``items``; ``each`` hears of every one, in their order."""

    def __init__(
        self,
        items: Sequence[Item],
        manner: Manner,
        each: Callable[[Judged], None],
        *,
        children: int,
        entry: Sequence[str] = ENTRY,
    ) -> None:
        self._items, self._manner, self._each, self._entry = items, manner, each, tuple(entry)
        self._children = max(1, min(children, len(items)))
        self._next = self._told = 0
        self._done: dict[int, Judged] = {}
        self._moved = asyncio.Event()
        self._error: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False
        self.bugs = 0

    async def run(self) -> bool:
        """Judge all; True when it was stopped before. EnvironmentFault when no child can be started."""
        helps = _helps(self._manner)
        self._tasks = [spawn(self._work(helps), f"diagnose-{n}", self._failed) for n in range(self._children)]
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            await cancel(*self._tasks)
        if self._error is not None:
            raise self._error
        return self._stopped

    def stop(self) -> None:
        """Give up what is under way."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()

    def _failed(self, error: BaseException) -> None:
        self._error = self._error or error
        for task in self._tasks:
            task.cancel()

    # --- one task a child -------------------------------------------------------------------------------------

    async def _work(self, helps: list[bytes]) -> None:
        hand = Hand(self._manner, helps, self._entry)
        chunk: list[tuple[int, Load]] = []
        try:
            while chunk := self._chunk():
                await self._judge(hand, chunk)
                await self._room()
        except (CamerahubError, OSError) as error:  # OSError: nobody reads our answers any more
            self._failed(error)
        finally:
            for _, loaded in chunk:
                loaded.close()
            hand.close()
            self.bugs += hand.bugs

    def _chunk(self) -> list[tuple[int, Load]]:
        """The next items, read."""
        chunk: list[tuple[int, Load]] = []
        size = 0
        while self._next < len(self._items) and len(chunk) < self._fair() and size < CHUNK_BYTES:
            loaded = load(self._items[self._next])
            chunk.append((self._next, loaded))
            self._next += 1
            size += loaded.size
            if loaded.demuxer:
                break
        return chunk

    def _fair(self) -> int:
        """Items of a chunk: fewer when few are left, so that every child has some."""
        return max(1, min(CHUNK_ITEMS, (len(self._items) - self._next) // (2 * self._children)))

    async def _room(self) -> None:
        """Wait while the oldest chunk is far behind: what is finished and cannot be told yet is bounded."""
        while self._next - self._told > AHEAD * CHUNK_ITEMS * self._children and self._told < self._next:
            self._moved.clear()
            await self._moved.wait()

    async def _judge(self, hand: Hand, chunk: list[tuple[int, Load]]) -> None:
        sound = [(at, loaded) for at, loaded in chunk if loaded.problem is None]
        for at, loaded in chunk:
            if loaded.problem is not None:
                self._finish(
                    at, Judged(loaded.item, Verdict("unknown", problem=loaded.problem.name), loaded.problem)
                )
        tries = deque([(sound, 1)] if sound else [])
        while tries:
            some, once = tries.popleft()
            try:
                answers = await hand.judge([loaded for _, loaded in some])
            except ChildLost:
                hand.close()
                if once:
                    tries.extendleft(([one], 0) for one in reversed(some))
                    continue
                answers = [Answered(Verdict("unknown", problem="poison"))]
            for (at, loaded), answered in zip(some, answers, strict=True):
                loaded.close()
                self._finish(at, _judged(loaded.item, answered))

    def _finish(self, at: int, judged: Judged) -> None:
        self._done[at] = judged
        while self._told in self._done:
            self._each(self._done.pop(self._told))
            self._told += 1
        self._moved.set()


class Answered(NamedTuple):
    """A checked verdict and the pixels that came with it."""

    verdict: Verdict
    pixels: tuple[bytes, ...] = ()


class Hand:
    """A child that is there when it is needed: started, ordered, replaced."""

    def __init__(self, manner: Manner, helps: list[bytes], entry: Sequence[str]) -> None:
        self._manner, self._helps, self._entry = manner, helps, entry
        self._child: ChildProcess | None = None
        self.bugs = 0

    async def judge(self, loads: list[Load]) -> list[Answered]:
        """The verdict of each. ChildLost when the child did not live to say it."""
        child = await self._ready()
        child.taken += len(loads)
        limit_s = sum(loaded.limit_s for loaded in loads)
        talk = spawn(_talk(child, loads), "diagnose-talk")
        try:
            said = await _watched(talk, child, limit_s)
        finally:
            await cancel(talk)
        if said is None:
            raise ChildLost
        answers, bugs = said
        for bug in bugs:
            _log.error("diagnose_bug", traceback=str(bug))
        self.bugs += len(bugs)
        if child.taken >= RETIRE_ITEMS:
            self.close()
        return answers

    async def _ready(self) -> ChildProcess:
        if self._child is None:
            try:
                self._child = await started(self._entry)
                await self._begin(self._child)
            except (OSError, ChildLost) as error:
                problem = getattr(error, "strerror", None) or type(error).__name__
                raise EnvironmentFault("diagnose.no_child", problem=problem) from error
        return self._child

    async def _begin(self, child: ChildProcess) -> None:
        manner = self._manner
        order = {
            "mode": manner.mode,
            "draws": min(manner.draws, MOST_SHOWN),
            "side": min(manner.side, MOST_SIDE),
            "reference": manner.reference is not None,
            "mask": manner.mask is not None,
        }
        await child.send(order, self._helps)
        answer = await child.hear()
        if "refused" in answer:
            which, name, detail = answer["refused"]
            path = manner.reference if which == "reference" else manner.mask
            raise ConfigError(f"diagnose.problem.{name}", what=f"{path} ({detail})" if detail else path)

    def close(self) -> None:
        """End the child; the next one is started when it is needed."""
        if self._child is not None:
            self._child.close()
            self._child = None


Said = tuple[list[Answered], list[Any]]


async def _watched(talk: asyncio.Task[Said | None], child: ChildProcess, limit_s: float) -> Said | None:
    """What comes of ``talk``; None when the child used up its processor time, or many times as much went by."""
    loop = asyncio.get_running_loop()
    began, cpu_s = loop.time(), child.cpu_s()
    while not talk.done():
        await asyncio.wait([talk], timeout=_TICK_S)
        used, passed = child.cpu_s() - cpu_s, loop.time() - began
        if not talk.done() and (used > limit_s or passed > PATIENCE * limit_s):
            return None
    return talk.result()


async def _talk(child: ChildProcess, loads: list[Load]) -> Said | None:
    """One chunk: verdicts and bugs, None when the child was lost."""
    try:
        return await _exchange(child, loads)
    except ChildLost:
        return None


async def _exchange(child: ChildProcess, loads: list[Load]) -> Said:
    order = {
        "items": [[len(loaded.blobs), loaded.clip_size, loaded.item.gap_s] for loaded in loads],
        "demuxers": [loaded.demuxer for loaded in loads],
    }
    await child.send(order, [blob for loaded in loads for blob in loaded.blobs])
    message = await child.hear()
    while "read" in message:
        await child.send_raw(_part(loads, message["read"]))
        message = await child.hear()
    try:
        verdicts = [checked(fields) for fields in message["items"]]
        bugs = list(message["bugs"])
    except (LineError, KeyError, TypeError):
        raise ChildLost from None
    if len(verdicts) != len(loads):
        raise ChildLost
    answers = []
    for verdict in verdicts:
        pixels = [await child.hear_raw(height * width * 3) for height, width in verdict.shown]
        answers.append(Answered(verdict, tuple(pixels)))
    return answers, bugs


def _part(loads: list[Load], asked: Any) -> bytes:
    """What a child asked for of its clip. ChildLost for anything it may not ask for."""
    try:
        item, offset, size = (int(number) for number in asked)
        loaded = loads[item]
    except (TypeError, ValueError, IndexError):
        raise ChildLost from None
    if loaded.clip < 0 or not 0 <= offset <= loaded.clip_size or not 0 <= size <= 1 << 20:
        raise ChildLost
    try:
        return os.pread(loaded.clip, size, offset)
    except OSError:
        return b""  # the disk fails: for the decoder the clip ends here


def _judged(item: Item, answered: Answered) -> Judged:
    verdict = answered.verdict
    if not verdict.problem:
        return Judged(item, verdict, None, answered.pixels)
    what = item.name if not verdict.detail else f"{item.name} ({verdict.detail})"
    return Judged(item, verdict, Problem(verdict.problem, what))


def _helps(manner: Manner) -> list[bytes]:
    """The bytes of reference and mask. ConfigError when they cannot be read."""
    helps = []
    for path in (manner.reference, manner.mask):
        if path is None:
            continue
        loaded = load(Item("path", str(path), (path,), problem=unusable(path)))
        loaded.close()
        problem = loaded.problem or (Problem("not_picture", str(path)) if loaded.demuxer else None)
        if problem:
            raise ConfigError(f"diagnose.problem.{problem.name}", what=problem.what)
        helps += loaded.blobs
    return helps


def children_allowed() -> int:
    """One for each processor this process may use."""
    return len(os.sched_getaffinity(0))
