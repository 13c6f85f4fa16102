"""The main coroutine of a prober process: line to the hub on one side, cameras on the other, the fleet between.

The fleet decides, this does: it starts what the fleet says, packs results into batches and counts them. It ends when
the hub says so, when the hub is gone, or when asked by a signal. No numpy: a prober stays small.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import struct
from collections import deque
from collections.abc import Callable
from functools import partial

import structlog

from camerahub.core.blindness import News, Ruling, Sight
from camerahub.core.messages import (
    Ack,
    Assign,
    Bye,
    Drain,
    Findings,
    FleetPolicy,
    Learned,
    Message,
    Pause,
    Permits,
    Results,
    Round,
    RoundDone,
    Setup,
    Shots,
    Sighting,
    Stats,
    Still,
    Teach,
    Unassign,
    Uplinks,
    Withdraw,
)
from camerahub.core.result import MediaFacts, ProbeResult
from camerahub.core.stand_in import SNAPSHOT
from camerahub.services.fleet import Fleet
from camerahub.services.flights import PICTURE, Flight, is_media
from camerahub.services.gate import Gate
from camerahub.services.ports import BusEnd, Clock, Prober
from camerahub.services.references import References
from camerahub.services.tasks import cancel, spawn

_log = structlog.get_logger()
#: One row of ``core.batch.RESULT_DTYPE``, without numpy.
ROW = struct.Struct("<qqIHBBBBH")
#: One row of ``core.batch.FACTS_DTYPE``, likewise.
FACTS_ROW = struct.Struct("<qqBBIIIHHH")
STATS_S = 1.0
LAG_S = 0.1
#: Due endpoints are started together this often, seconds: waking for each of them would cost more than its probe. A few
#: starts at once stay far below what would make answer times untrue.
GRAIN_S = 0.05
#: Seconds beyond the probes' own deadline that a drain may take.
DRAIN_EXTRA_S = 1.0


class Outbox:
    """Results on their way: rows, then batches with a number each, kept until the hub has committed them."""

    def __init__(self, worker: str, epoch: int, policy: FleetPolicy, send: Callable[[Message], None]) -> None:
        self.seq = 0
        self._worker, self._epoch, self._send = worker, epoch, send
        self._limit, self._size = policy.unacked_batches, policy.batch_size
        self._rows = bytearray()
        self._facts = bytearray()
        self._shots = bytearray()
        self.unacked: deque[Results] = deque()

    def add(self, result: ProbeResult) -> None:
        """One more result; a full batch leaves at once."""
        self._rows += ROW.pack(*result.row())
        if result.facts is not None:
            if result.probe != SNAPSHOT:  # of the stream only
                self._facts += FACTS_ROW.pack(*result.facts.row(result.endpoint, result.started_at))
            self._shots += result.facts.shot
            if result.facts.past or result.facts.still:
                self._show(result, result.facts)
        if len(self._rows) >= self._size * ROW.size:
            self.flush()

    def _show(self, result: ProbeResult, facts: MediaFacts) -> None:
        """What is to be kept of a picture."""
        if facts.past:
            self._send(Learned(self._worker, result.endpoint, result.started_at, facts.past))
        if facts.still:
            self._send(Still(self._worker, result.endpoint, result.started_at, result.reason, facts.still))

    def flush(self) -> None:
        """Send what there is."""
        if not self._rows:
            return
        self.seq += 1
        batch = Results(self._worker, self._epoch, self.seq, bytes(self._rows))
        self._rows.clear()
        self.unacked.append(batch)
        self._send(batch)
        if self._facts:
            self._send(Findings(self._worker, bytes(self._facts)))
            self._facts.clear()
        if self._shots:
            self._send(Shots(self._worker, bytes(self._shots)))
            self._shots.clear()

    def ack(self, seq: int) -> None:
        """Everything up to ``seq`` is committed."""
        while self.unacked and self.unacked[0].seq <= seq:
            self.unacked.popleft()

    @property
    def full(self) -> bool:
        """Whether so much is under way that nothing should be added."""
        return len(self.unacked) >= self._limit


class Worker:
    """One prober process at work; ``run`` once."""

    def __init__(self, bus: BusEnd, prober: Prober, clock: Clock, setup: Setup) -> None:
        self._bus, self._prober, self._clock, self._setup = bus, prober, clock, setup
        self._policy = setup.policy
        prober.configure(setup.policy)
        self._gate = Gate(bus.send)
        self._fleet = Fleet(setup.policy, setup.probe, clock.monotonic(), self._gate)
        self.epoch = clock.wall_us()
        self._outbox = Outbox(setup.worker, self.epoch, setup.policy, bus.send)
        self._sight = References(prober, clock, setup.policy, self)
        self._owed_rounds: deque[tuple[int, int]] = deque()  # what they wait for, round
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._landed = asyncio.Event()
        self._error: BaseException | None = None
        self._hub_gone = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._lag = 0.0
        self._held = 0

    async def run(self) -> None:
        """Work until told to stop; then begin nothing more, send what is left and say bye."""
        tasks = [
            spawn(self._listen(), "listen", self.failed),
            spawn(self._report(), "report", self.failed),
            spawn(self._flush_often(), "flush", self.failed),
            spawn(self._watch_lag(), "lag", self.failed),
        ]
        _log.info("prober_started", worker=self._setup.worker, probe=self._setup.probe)
        try:
            await self._stop.wait()
            await self._drain()
        finally:
            self._disarm()
            await cancel(*tasks)
            await self._prober.aclose()
            _log.info("prober_stopped", worker=self._setup.worker, hub_gone=self._hub_gone)
        if self._error is not None:
            raise self._error

    def request_drain(self) -> None:
        """Begin to end; safe to call more than once."""
        self._fleet.drain()
        self._stop.set()

    def failed(self, error: BaseException) -> None:
        """A part has died: better to end and be started anew than to go on without it."""
        self._error = self._error or error
        self.request_drain()

    async def _drain(self) -> None:
        self._fleet.drain()
        self._disarm()
        self._prober.hurry()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._policy.deadline_s + DRAIN_EXTRA_S):
                while (self._fleet.in_flight or self._sight.held) and not self._hub_gone:
                    self._sight.hurry(self._clock.monotonic())
                    self._landed.clear()
                    await self._landed.wait()
        if self._hub_gone:
            return
        self._sight.give_up()
        self._gate.abandon()
        self._outbox.flush()
        self._send_stats()
        self._bus.send(Bye(self.epoch, self._outbox.seq))
        await self._bus.drain()

    # --- the hub's side ---------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while (message := await self._bus.receive()) is not None:
            self._obey(message)
        self._hub_gone = True
        self._landed.set()
        self.request_drain()

    def _obey(self, message: Message) -> None:
        now = self._clock.monotonic()
        match message:
            case Uplinks(uplinks):
                self._sight.configure(uplinks)
                self._fleet.configure(uplinks)
            case Assign(assignments):
                self._sight.watch((a.target.host for a in assignments), now)
                self._sight.forget(a.target.endpoint for a in assignments)
                self._fleet.assign(assignments, now)
            case Unassign(endpoints):
                self._sight.forget(endpoints)
                self._fleet.unassign(endpoints)
                self._prober.forget(endpoints)
            case Teach(lessons):
                self._prober.teach(lessons)
                return
            case Ack(seq):
                self._outbox.ack(seq)
                if not self._fleet.held:
                    return
            case Round(round_id, probe, endpoints):
                self._fleet.ask(round_id, probe, endpoints)
            case Pause(paused, endpoints):
                self._fleet.pause(paused, endpoints)
                _log.info("prober_paused" if paused else "prober_resumed", everything=endpoints is None)
            case Permits():
                self._gate.permit(message)
                self._fleet.permitted(message.standing, now)
            case Withdraw(keys):
                self._gate.withdraw(keys)
                return
            case Drain():
                self.request_drain()
            case _:
                _log.warning("bus_unexpected", kind=type(message).__name__)
        self._step()

    async def _report(self) -> None:
        while True:
            self._send_stats()
            await asyncio.sleep(STATS_S)
            # A hub that reads nothing for hours, its disk full, must not fill our memory with old figures.
            await self._bus.drain()

    def _send_stats(self) -> None:
        values = self._fleet.stats() | {
            "unacked_batches": len(self._outbox.unacked),
            "unacked_batches_limit": self._policy.unacked_batches,
            "held_total": self._held,
            "results_held": self._sight.held,
            "results_doubted_total": self._sight.doubted_total,
            "references_asked_total": self._sight.asked_total,
            "uplinks_blind": self._sight.blind,
            "loop_lag_s": self._lag,
            "cpu_s": self._clock.cpu(),
            "decoding_cpu_s": self._prober.decoding_s,
            "pictures_decoding": self._prober.decoding,
        }
        self._lag = 0.0
        self._bus.send(Stats(self._setup.worker, values))

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(self._policy.batch_s)
            self._outbox.flush()

    async def _watch_lag(self) -> None:
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(LAG_S)
            now = self._clock.monotonic()
            self._lag = max(self._lag, now - before - LAG_S)
            self._sight.turn(now)

    # --- the cameras' side ------------------------------------------------------------------------------------

    def _step(self) -> None:
        """Ask the fleet what to do, do it, and come back when it says."""
        self._hold()
        now = self._clock.monotonic()
        step = self._fleet.step(now, self._clock.wall_us())
        for result in step.unseen:
            self._outbox.add(result)
        for flight in step.starts:
            policy = self._policy
            deadline_s = policy.picture_deadline_s if is_media(flight.probe) else policy.deadline_s
            self._prober.start(flight.target, flight.probe, deadline_s, partial(self._ended, flight))
        if self._fleet.rounds_done:
            self._tell_rounds()
        self._arm(step.wake_at, now)

    def _hold(self) -> None:
        held = self._outbox.full
        if held and not self._fleet.held:
            self._held += 1
        self._fleet.held = held

    def _ended(self, flight: Flight, result: ProbeResult) -> None:
        try:
            self._land(flight, result)
        except Exception as error:
            self.failed(error)
            raise

    def _land(self, flight: Flight, result: ProbeResult) -> None:
        now = self._clock.monotonic()
        if result.outcome or self._sight.wary:
            self._weigh(flight, result, now)
        elif self._fleet.finished(flight, result, now):
            self._outbox.add(result)
        if self._stop.is_set():
            self._landed.set()
            return
        if self._fleet.rounds_done:
            self._tell_rounds()
        wake_at = now if self._fleet.eager else self._fleet.next_due()
        if wake_at < self._timer_at:
            self._arm(wake_at, now)

    def _weigh(self, flight: Flight, result: ProbeResult, now: float) -> None:
        """A result that is not good, or one that ends a doubt: it counts, waits, or says nothing of the camera."""
        result = flight.told(result)
        ruling = self._sight.rule(flight.target.host, result, now)
        if ruling is Ruling.BLIND:
            result = self._sight.doubt(result)
        if not self._fleet.finished(flight, result, now):
            return
        for one in (result, result._replace(probe=PICTURE)) if flight.echo else (result,):
            if ruling is Ruling.HOLD:
                self._sight.hold(flight.target.host, one, now)
            else:
                self._outbox.add(one)

    def _tell_rounds(self) -> None:
        """A round is over when what is held of it has gone on, too."""
        self._owed_rounds += [(self._sight.mark, round_id) for round_id in self._fleet.rounds_done]
        self._fleet.rounds_done.clear()
        self._outbox.flush()
        while self._owed_rounds and self._sight.is_settled(self._owed_rounds[0][0]):
            self._bus.send(RoundDone(self._owed_rounds.popleft()[1], self.epoch, self._outbox.seq))
        if self._owed_rounds:
            self._sight.hurry(self._clock.monotonic())

    def settled(self, results: list[ProbeResult]) -> None:
        """These were held back until now (``references.Owner``)."""
        for result in results:
            self._outbox.add(result)
        if self._owed_rounds:
            self._tell_rounds()
        if self._stop.is_set():
            self._landed.set()

    def sighted(self, uplink: str, news: News, seeing_again: Callable[[str], bool] | None) -> None:
        """What is seen through ``uplink`` is another (``references.Owner``)."""
        now = self._clock.monotonic()
        at = self._clock.wall_us() - round((now - news.at) * 1e6)
        self._bus.send(Sighting(self._setup.worker, uplink, int(news.sight), at, news.reason))
        if news.was is not news.sight:
            level = "warning" if Sight.BLIND in (news.was, news.sight) else "info"
            sight = news.sight.name.lower()
            getattr(_log, level)("prober_sight", uplink=uplink, sight=sight, reason=news.reason)
        if seeing_again is not None:
            self._fleet.look_again(seeing_again, now)
            self._arm(self._fleet.next_due(), now)

    def _arm(self, wake_at: float, now: float) -> None:
        self._disarm()
        if wake_at != math.inf and not self._stop.is_set():
            if wake_at > now:
                wake_at = math.ceil(wake_at / GRAIN_S) * GRAIN_S
            self._timer_at = wake_at
            self._timer = self._loop.call_later(max(0.0, wake_at - now), self._wake)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = math.inf

    def _wake(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        try:
            self._step()
        except Exception as error:
            self.failed(error)
            raise


async def run_worker(bus: BusEnd, prober: Prober, clock: Clock, signals: bool = True) -> None:
    """The life of a prober: its first word must be ``Setup``; SIGTERM and SIGINT drain it (``signals``)."""
    first = await bus.receive()
    if not isinstance(first, Setup):
        await prober.aclose()
        await bus.aclose()
        return
    worker = Worker(bus, prober, clock, first)
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT) if signals else ()
    for number in numbers:
        loop.add_signal_handler(number, worker.request_drain)
    try:
        await worker.run()
    finally:
        await bus.aclose()
        for number in numbers:
            loop.remove_signal_handler(number)
