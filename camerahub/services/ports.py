"""What the services ask of the world outside, as protocols: adapters fit them without knowing them.

``app`` joins the two. Nothing here imports an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from camerahub.core.eyes import Lesson
from camerahub.core.messages import FleetPolicy, Message
from camerahub.core.result import ProbeResult, Target

if TYPE_CHECKING:  # it brings numpy, which a prober does without
    from camerahub.core.commit import Commit


class Clock(Protocol):
    """The only source of time in the services."""

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    def wall_us(self) -> int:
        """µs since 1970 UTC; may jump."""
        ...

    def cpu(self) -> float:
        """Processor seconds this process has used."""
        ...


class Prober(Protocol):
    """Dials cameras. ``done`` is called exactly once a start, never from within ``start``, and never raises."""

    @property
    def in_flight(self) -> int:
        """Conversations that are open now."""
        ...

    def start(
        self, target: Target, probe: str, deadline_s: float, done: Callable[[ProbeResult], None]
    ) -> None:
        """Begin one attempt of at most ``deadline_s`` seconds."""
        ...

    @property
    def decoding_s(self) -> float:
        """Processor seconds spent on pictures so far, outside this process."""
        ...

    @property
    def decoding(self) -> int:
        """Pictures that wait for a decoder or are with one."""
        ...

    def configure(self, policy: FleetPolicy) -> None:
        """Which pictures are decoded, and which kept as evidence."""
        ...

    def teach(self, lessons: Iterable[Lesson]) -> None:
        """What judging the pictures of these endpoints needs."""
        ...

    def forget(self, endpoints: Iterable[int]) -> None:
        """Their pictures are judged here no longer."""
        ...

    def hurry(self) -> None:
        """End conversations about media now, in order: as ``blind``, with the last word they owe the camera."""
        ...

    async def aclose(self) -> None:
        """Give up what is in flight, without results, and free everything."""
        ...


class BusEnd(Protocol):
    """One end of a two-way line of messages, in order, without loss while both ends live."""

    def send(self, message: Message) -> None:
        """Queue ``message``. Dropped silently when the peer is gone: ``receive`` tells of that."""
        ...

    async def drain(self) -> None:
        """Wait until the peer keeps up with what was sent."""
        ...

    async def receive(self) -> Message | None:
        """The next message; None when the peer is gone."""
        ...

    async def aclose(self) -> None:
        """Close this end after what was sent has left (bounded by the peer's patience)."""
        ...


class Child(Protocol):
    """A prober process as the supervisor sees it."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def bus(self) -> BusEnd:
        """The hub's end of the line to it."""
        ...

    async def wait(self) -> int:
        """Its exit status, once it has ended; negative = killed by that signal."""
        ...

    def terminate(self) -> None:
        """Ask it to end (SIGTERM); nothing when it has ended."""
        ...

    def kill(self) -> None:
        """End it (SIGKILL); nothing when it has ended."""
        ...


class Spawner(Protocol):
    """Starts one prober process with its line: ``bus.local.spawn_child`` bound to an argv by ``app``."""

    async def __call__(self, worker: str) -> Child:
        """The running child. OSError when it cannot be started."""
        ...


class Store(Protocol):
    """Where results become facts: ``registry.store.Store``. Synchronous; called from one writer thread only."""

    def commit(self, commit: Commit, /) -> bool:
        """One transaction; False when the watermark says that it was applied already."""
        ...

    def open_gap(self, worker: str, scope: str, start: int, reason: str) -> int:
        """Nobody looks from ``start`` (µs UTC) on; the id of the gap."""
        ...

    def close_gap(self, gap: int, end: int) -> None:
        """Somebody looks again from ``end`` on."""
        ...

    def heartbeat(self, now: int) -> None:
        """The hub lives at ``now``: after a crash the gap begins here."""
        ...

    def checkpoint(self, now: int) -> None:
        """Fold the log of evidence into the days."""
        ...
