"""The hub's side of the probers: starts them, shares out the endpoints, takes their results, replaces the dead.

Knows processes only as ``ports.Child`` and results only as batches to be handed on; what they mean is ``ingest``'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import TypeVar

import structlog

from camerahub.core.blindness import Sight
from camerahub.core.messages import (
    Ack,
    Assign,
    Assignment,
    Bye,
    Drain,
    Findings,
    FleetPolicy,
    Learned,
    LoginEnded,
    Message,
    Pause,
    Results,
    Round,
    RoundDone,
    Setup,
    Shots,
    Sighting,
    Stats,
    Still,
    Unassign,
    Uplinks,
)
from camerahub.core.schedule import backoff
from camerahub.core.uplinks import Uplink
from camerahub.services.ports import Child, Clock, Spawner
from camerahub.services.seats import subnet_of
from camerahub.services.tasks import cancel, spawn

_log = structlog.get_logger()
T = TypeVar("T")
#: Endpoints named in one message.
PART = 500
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
#: A prober that says nothing for so long hangs (it reports every second).
SILENT_S = 15.0
#: One that lived so long begins its backoff anew.
STEADY_S = 60.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody looked at what ``worker`` watches, from ``start`` (µs UTC) to ``end`` (None: it still lasts).

    ``uplink``: looked, but saw nothing through that one ("" = did not look at all).
    """

    worker: str
    start: int
    end: int | None
    reason: str
    uplink: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What one prober is to watch, and how that differs from what it watches."""

    share: dict[int, Assignment]
    gone: list[int]
    new: list[Assignment]


@dataclass(slots=True)
class Shards:
    """Which prober watches what. Sticky; a subnet (or a device in several subnets) is never divided."""

    probers: int
    homes: dict[str, int] = field(default_factory=dict)

    def place(self, assignments: Iterable[Assignment]) -> list[dict[int, Assignment]]:
        """The endpoints of each prober. New groups go, largest first, where the least is."""
        groups = _groups(assignments)
        self.homes = {name: home for name, home in self.homes.items() if name in groups}
        shares: list[dict[int, Assignment]] = [{} for _ in range(self.probers)]
        for name, home in self.homes.items():
            shares[home].update(groups[name])
        new = sorted(groups.keys() - self.homes.keys(), key=lambda name: (-len(groups[name]), name))
        for name in new:
            home = min(range(self.probers), key=lambda n: (len(shares[n]), n))
            self.homes[name] = home
            shares[home].update(groups[name])
        return shares


def _groups(assignments: Iterable[Assignment]) -> dict[str, dict[int, Assignment]]:
    every = list(assignments)
    subnets: dict[int, set[str]] = {}
    for a in every:
        if a.device:
            subnets.setdefault(a.device, set()).add(a.subnet or subnet_of(a.target.host))
    groups: dict[str, dict[int, Assignment]] = {}
    for a in every:
        wide = a.device and len(subnets[a.device]) > 1
        name = f"device {a.device}" if wide else a.subnet or subnet_of(a.target.host)
        groups.setdefault(name, {})[a.target.endpoint] = a
    return groups


def _parts(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    source = iter(items)
    while part := tuple(islice(source, PART)):
        yield part


class _Seat:
    """One prober's place: what it should watch, and the process that does, if one lives."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.share: dict[int, Assignment] = {}
        self.child: Child | None = None
        self.rounds: dict[int, Round] = {}
        self.heard_at = 0
        self.gap: Gap | None = None
        self.blind: dict[str, Gap] = {}  # uplink -> its open gap
        self.sights: dict[str, Sight] = {}
        self.failures = 0
        self.restarts = 0

    def send(self, messages: Iterable[Message]) -> None:
        if self.child is not None:
            for message in messages:
                self.child.bus.send(message)


async def _nothing(_rows: bytes) -> None:
    return None


class Supervisor:
    """N probers and their endpoints. ``on_batch`` is awaited batch by batch in each prober's order and returns once
    the batch is committed (batches of different probers may be under way at once); what it raises ends that prober,
    which is started anew. ``on_gap`` hears a gap when it opens (``end`` None) and when it closes; ``on_login`` what
    probers tell of logins; ``on_end`` the end of each prober's life ("drained": it had told everything); ``on_watch``
    which endpoints a prober has just been told to watch; ``on_picture`` what is to be kept of pictures.
    """

    def __init__(
        self,
        *,
        spawner: Spawner,
        probers: int,
        probe: str,
        policy: FleetPolicy,
        clock: Clock,
        on_batch: Callable[[Results], Awaitable[object]],
        on_gap: Callable[[Gap], Awaitable[object]],
        on_findings: Callable[[bytes], Awaitable[object]] = _nothing,
        on_shots: Callable[[bytes], Awaitable[object]] = _nothing,
        uplinks: Iterable[Uplink] = (),
        on_login: Callable[[str, LoginEnded], object] = lambda _worker, _said: None,
        on_end: Callable[[str, str], object] = lambda _worker, _reason: None,
        on_watch: Callable[[str, Sequence[int]], object] = lambda _worker, _endpoints: None,
        on_picture: Callable[[Learned | Still], object] = lambda _told: None,
    ) -> None:
        self._on_watch, self._on_picture = on_watch, on_picture
        self._on_login, self._on_end = on_login, on_end
        self._spawner, self._clock, self._on_batch, self._on_gap = spawner, clock, on_batch, on_gap
        self._on_findings, self._on_shots = on_findings, on_shots
        self._probe, self._policy, self._uplinks = probe, policy, tuple(uplinks)
        self._shards = Shards(probers)
        self._seats = [_Seat(f"prober-{n}") for n in range(probers)]
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._paused: set[int] = set()
        self._paused_all = False
        self._part_ids = count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        #: Latest figures by worker; names in ``services.flights.STATS``, and ``restarts``.
        self.stats: dict[str, dict[str, float]] = {}

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start all probers; those that cannot be started are tried again with backoff."""
        for seat in self._seats:
            self._tasks.append(spawn(self._keep(seat), seat.worker))

    async def stop(self, bound_s: float) -> None:
        """Let all probers drain, hand on their last results, then end by pid what still lives after ``bound_s``."""
        self._stopping.set()
        for seat in self._seats:
            seat.send([Drain()])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=bound_s)
        for seat in self._seats:
            if seat.child is not None:
                _log.warning("prober_killed", worker=seat.worker, pid=seat.child.pid)
                seat.child.kill()
                self._on_end(seat.worker, "killed")
        await cancel(*self._tasks)
        for future in self._waiting.values():
            future.cancel()

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each prober that lives."""
        return {seat.worker: seat.child.pid for seat in self._seats if seat.child is not None}

    @property
    def sights(self) -> dict[tuple[str, str], Sight]:
        """What is seen, by (worker, uplink), of the probers that live."""
        return {(seat.worker, uplink): sight for seat in self._seats for uplink, sight in seat.sights.items()}

    @property
    def watched(self) -> int:
        """Endpoints assigned, over all probers."""
        return sum(len(seat.share) for seat in self._seats)

    # --- commands ---------------------------------------------------------------------------------------------

    def assign(self, assignments: Iterable[Assignment]) -> None:
        """Watch exactly these from now on; only what differs is told to the probers."""
        self.follow(self.plan(assignments))

    def plan(self, assignments: Iterable[Assignment]) -> list[Change]:
        """What ``follow`` has to do so that exactly these are watched. Half a second for 100,000: meant for a thread;
        one plan at a time, each followed before the next is made.
        """
        return [
            Change(
                share,
                sorted(seat.share.keys() - share.keys()),
                [a for endpoint, a in share.items() if seat.share.get(endpoint) != a],
            )
            for seat, share in zip(self._seats, self._shards.place(assignments), strict=True)
        ]

    def follow(self, plan: Iterable[Change]) -> None:
        """Tell the probers what ``plan`` found."""
        for seat, change in zip(self._seats, plan, strict=True):
            seat.share = change.share
            seat.send(Unassign(part) for part in _parts(change.gone))
            seat.send(Assign(part) for part in _parts(change.new))
            self._on_watch(seat.worker, [a.target.endpoint for a in change.new])
            fresh = [a.target.endpoint for a in change.new if a.target.endpoint in self._paused]
            seat.send(Pause(True, part) for part in _parts(fresh))

    def pause(self, paused: bool, endpoints: Iterable[int] | None = None) -> None:
        """Stop or resume dialling these (None: everything; resuming everything resumes each)."""
        if endpoints is None:
            self._paused_all = paused
            self._paused.clear()
            for seat in self._seats:
                seat.send([Pause(paused)])
            return
        chosen = list(endpoints)
        (self._paused.update if paused else self._paused.difference_update)(chosen)
        for seat in self._seats:
            here = [endpoint for endpoint in chosen if endpoint in seat.share]
            seat.send(Pause(paused, part) for part in _parts(here))

    def home_of(self, endpoint: int) -> str:
        """The prober that watches this endpoint, "" = none."""
        return next((seat.worker for seat in self._seats if endpoint in seat.share), "")

    def tell(self, worker: str, messages: Iterable[Message]) -> bool:
        """Send to one prober. False: it does not live now."""
        seat = self._living(worker)
        if seat is not None:
            seat.send(messages)
        return seat is not None

    async def teach(self, worker: str, message: Message) -> bool:
        """As ``tell``, and wait until the prober keeps up with what it was sent."""
        seat = self._living(worker)
        if seat is None or seat.child is None:
            return False
        seat.send((message,))
        await seat.child.bus.drain()
        return True

    def _living(self, worker: str) -> _Seat | None:
        return next((seat for seat in self._seats if seat.worker == worker and seat.child is not None), None)

    async def round(self, probe: str, endpoints: Iterable[int] | None = None) -> int:
        """Look now at these (None: all). Returns how many were asked for, once every result is committed.

        A prober that dies meanwhile is asked again. Cancelled when the supervisor stops.
        """
        chosen = None if endpoints is None else set(endpoints)
        futures = []
        asked = 0
        for seat in self._seats:
            here = list(seat.share) if chosen is None else [e for e in seat.share if e in chosen]
            asked += len(here)
            futures += [self._ask(seat, probe, part) for part in _parts(here)]
        await asyncio.gather(*futures)
        return asked

    def _ask(self, seat: _Seat, probe: str, part: tuple[int, ...]) -> asyncio.Future[None]:
        message = Round(next(self._part_ids), probe, part)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        seat.rounds[message.round] = message
        self._waiting[message.round] = future
        seat.send([message])
        return future

    # --- one prober -------------------------------------------------------------------------------------------

    async def _keep(self, seat: _Seat) -> None:
        """Keep one prober alive until the supervisor stops."""
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            reason = await self._live(seat)
            await self._lost_sight(seat)
            self._on_end(seat.worker, reason)
            if self._stopping.is_set():
                return
            await self._open_gap(seat, reason)
            seat.failures = 0 if self._clock.monotonic() - began > STEADY_S else seat.failures
            seat.failures += 1
            pause_s = backoff(seat.failures, BACKOFF_S)
            seat.restarts += 1
            _log.warning("prober_lost", worker=seat.worker, reason=reason, again_in_s=pause_s)
            await self._pause(pause_s)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _live(self, seat: _Seat) -> str:
        """One life of a prober, from its start to its end; why it ended."""
        try:
            child = await self._spawner(seat.worker)
        except OSError as error:
            return f"start: {error.strerror or type(error).__name__}"
        seat.child = child
        try:
            self._brief(seat)
            reason = await self._serve(seat, child)
            # It has said bye or closed its line: it has a moment to go by itself.
            await self._gone(child)
            return reason
        finally:
            seat.child = None
            child.kill()
            await child.wait()
            await child.bus.aclose()

    async def _gone(self, child: Child) -> None:
        try:
            async with asyncio.timeout(2.0):
                await child.wait()
        except TimeoutError:
            child.kill()

    def _brief(self, seat: _Seat) -> None:
        seat.send([Setup(seat.worker, self._probe, self._policy), Uplinks(self._uplinks)])
        if self._paused_all:
            seat.send([Pause(True)])
        seat.send(Assign(part) for part in _parts(list(seat.share.values())))
        self._on_watch(seat.worker, list(seat.share))
        seat.send(Pause(True, part) for part in _parts(sorted(self._paused & seat.share.keys())))
        seat.send(list(seat.rounds.values()))
        if self._stopping.is_set():
            seat.send([Drain()])

    async def _serve(self, seat: _Seat, child: Child) -> str:
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    message = await child.bus.receive()
            except TimeoutError:
                return "silent"
            if message is None:
                return "ended"
            seat.heard_at = self._clock.wall_us()
            await self._close_gap(seat)
            if isinstance(message, Bye):
                return "drained"
            try:
                await self._take(seat, child, message)
            except Exception as error:  # noqa: BLE001 - logged, and the end of this prober's life
                _log.exception("batch_refused", worker=seat.worker)
                return f"commit: {type(error).__name__}"

    async def _take(self, seat: _Seat, child: Child, message: Message) -> None:
        match message:
            case Results(seq=seq):
                await self._on_batch(message)
                child.bus.send(Ack(seq))
            case RoundDone(round_id):
                seat.rounds.pop(round_id, None)
                future = self._waiting.pop(round_id, None)
                if future is not None and not future.done():
                    future.set_result(None)
            case Findings(rows=rows):
                await self._on_findings(rows)
            case Shots(rows=rows):
                await self._on_shots(rows)
            case Sighting():
                await self._sighted(seat, message)
            case Learned() | Still():
                self._on_picture(message)
            case LoginEnded():
                self._on_login(seat.worker, message)
            case Stats(_, values):
                self.stats[seat.worker] = values | {"restarts": seat.restarts}
            case _:
                _log.warning("bus_unexpected", kind=type(message).__name__)

    async def _sighted(self, seat: _Seat, told: Sighting) -> None:
        """A blind uplink is a gap of its own, until it is blind no longer or its prober is gone."""
        seat.sights[told.uplink] = Sight(told.sight)
        if told.sight == Sight.BLIND:
            gap = seat.blind.setdefault(
                told.uplink, Gap(seat.worker, told.at, None, told.reason, told.uplink)
            )
            await self._on_gap(gap)
        elif (open_gap := seat.blind.pop(told.uplink, None)) is not None:
            await self._on_gap(replace(open_gap, end=max(told.at, open_gap.start)))

    async def _lost_sight(self, seat: _Seat) -> None:
        seat.sights.clear()
        while seat.blind:
            await self._on_gap(replace(seat.blind.popitem()[1], end=seat.heard_at))

    async def _open_gap(self, seat: _Seat, reason: str) -> None:
        if seat.gap is None:
            seat.gap = Gap(seat.worker, seat.heard_at or self._clock.wall_us(), None, reason)
            await self._on_gap(seat.gap)

    async def _close_gap(self, seat: _Seat) -> None:
        if seat.gap is not None:
            gap, seat.gap = seat.gap, None
            await self._on_gap(replace(gap, end=seat.heard_at))
