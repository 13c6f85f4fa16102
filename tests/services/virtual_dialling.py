"""A prober of a virtual county: the real fleet, gate, guard and conversations, the farm's cameras, no socket.

What a hub and its prober would send each other is handed over directly; only the socket loop is played, by ``_pump``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from camerahub.core.guard import Guard
from camerahub.core.guard_rows import GuardPolicy, Key, Live
from camerahub.core.messages import Assignment, FleetPolicy, LoginEnded, Permits
from camerahub.core.result import REASONS, ProbeResult, Target
from camerahub.farm.model import Camera
from camerahub.farm.virtual import VirtualCounty, VirtualLine
from camerahub.probes.engine import Answer, Conversation, Linger, Redial, Verdict
from camerahub.probes.table import PROBES
from camerahub.services.fleet import Fleet
from camerahub.services.flights import Flight, is_media
from camerahub.services.gate import Gate

#: The hub's turn when nothing is told (half a second in a real one), and how often what arrives is read while somebody
#: talks; seconds.
TURN_S, READ_S = 2.0, 0.1


@dataclass(slots=True, eq=False)
class Dial:
    """One conversation; ``ending``: its verdict stands and it waits for the answer to its last word."""

    flight: Flight
    conversation: Conversation
    line: VirtualLine | None
    began: float
    deadline: float
    ending: Verdict | None = None
    redialled: bool = False


@dataclass(slots=True)
class Counts:
    """What the prober did."""

    dials: int = 0
    redials: int = 0
    results: dict[str, dict[str, int]] = field(default_factory=dict)


class VirtualHub:
    """Watches ``cameras`` of ``virtual``; endpoint n is the n-th of them, from 1. ``run`` lets time pass."""

    def __init__(
        self, virtual: VirtualCounty, cameras: Sequence[Camera], policy: FleetPolicy, seed: int = 0
    ) -> None:
        self.virtual, self.policy = virtual, policy
        self.guard = Guard(GuardPolicy(), seed)
        self.guard.load([], self.wall_us, clean=True)
        self._told: deque[LoginEnded] = deque()
        self.gate = Gate(self._told.append)
        self.fleet = Fleet(policy, "options", virtual.clock.now(), self.gate)
        self.counts = Counts()
        self._heard = self._round = 0
        self._trials: dict[int, tuple[int, int]] = {}  # round -> key, permit
        self._dials: list[Dial] = []
        self._turn_at = virtual.clock.now()
        self.number: dict[tuple[str, str], int] = {}
        self.endpoint: dict[int, int] = {}
        self.watch(cameras)

    @property
    def wall_us(self) -> int:
        return round(self.virtual.clock.wall() * 1e6)

    def watch(self, cameras: Sequence[Camera]) -> None:
        """Exactly these, in the same order as ever, with the passwords that the register has of them now."""
        county, fresh, live = self.virtual.county, [], {}
        assignments = []
        for n, camera in enumerate(cameras, 1):
            name = (camera.host, f"{camera.username}/{camera.password}")
            key = self.number.setdefault(name, len(self.number) + 1)
            if key not in self.endpoint:
                self.endpoint[key] = n
                fresh.append(Key(key, camera.host, camera.username, name[1], self.wall_us))
            live[key] = Live(key, camera.host.rpartition(".")[0], camera.maker)
            target = Target(
                n,
                camera.host,
                county.port(camera),
                county.url(camera),
                camera.username,
                camera.password,
                county.url(camera, camera.sub_path),
            )
            assignments.append(Assignment(target, key=key))
        self.guard.watch(live.values(), self.wall_us, fresh)
        self.fleet.assign(assignments, self.virtual.clock.now())

    # --- time -------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        clock = self.virtual.clock
        end = clock.now() + seconds
        while (now := clock.now()) < end:
            if now >= self._turn_at or self._told:
                self._turn()
            wake = self._step(now)
            if self._dials:
                wake = min(wake, now + READ_S)
            self.virtual.advance(max(0.001, min(wake, self._turn_at, end) - now))
            for dial in list(self._dials):
                self._pump(dial)

    def _step(self, now: float) -> float:
        step = self.fleet.step(now, self.wall_us)
        for result in step.unseen:
            self._count(result)
        for flight in step.starts:
            self._dial(flight, now)
        self._end_trials()
        return now if self.fleet.eager else min(step.wake_at, self.fleet.next_due())

    # --- the hub ----------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """As ``services.guarding``: hear, decide, permit; without a permit out or a login due there is no hurry."""
        while self._told:
            said = self._told.popleft()
            self._heard = said.seq
            self.guard.answer(said.key, said.permit, said.reason, said.sent, self.wall_us)
        decision = self.guard.tick(self.wall_us)
        self.guard.take_changed()
        if decision.everything or decision.withdraw:
            self.gate.withdraw(None if decision.everything else decision.withdraw)
        standing = tuple(grant.number for grant in decision.grants if not grant.permit)
        once = tuple((grant.number, grant.permit) for grant in decision.grants if grant.permit)
        if standing or once:
            self.gate.permit(Permits(self._heard, standing, once))
            self.fleet.permitted(standing, self.virtual.clock.now())
        for number, permit in once:
            self._round += 1
            self._trials[self._round] = number, permit
            self.fleet.ask(self._round, "rtsp", [self.endpoint[number]])
        self._turn_at = self.virtual.clock.now() + TURN_S

    def _end_trials(self) -> None:
        for round_id in self.fleet.rounds_done:
            number, permit = self._trials.pop(round_id)
            if self.guard.keys[number].permit == permit and not self._told:
                self.gate.withdraw([number])
        self.fleet.rounds_done.clear()

    def proven(self) -> set[tuple[str, str]]:
        """Address and version of the logins that were found good."""
        return {name for name, number in self.number.items() if self.guard.keys[number].proven_at}

    def to_fix(self) -> set[tuple[str, str]]:
        """Address and version in the table of devices to fix."""
        return {(fix.address, self.guard.keys[fix.number].version) for fix in self.guard.to_fix()}

    # --- the socket loop --------------------------------------------------------------------------------------

    def _dial(self, flight: Flight, now: float) -> None:
        self.counts.dials += 1
        deadline = self.policy.picture_deadline_s if is_media(flight.probe) else self.policy.deadline_s
        conversation = PROBES[flight.probe].conversation(flight.target)
        line = self.virtual.dial(flight.target.host, flight.target.port)
        dial = Dial(flight, conversation, None, now, now + deadline)
        self._dials.append(dial)
        if isinstance(line, VirtualLine):
            self._open(dial, line)
        elif line == "refused":
            self._end(dial, Verdict("refused", 0))

    def _open(self, dial: Dial, line: VirtualLine) -> None:
        dial.line = line
        self._act(dial, dial.conversation.first())
        self._pump(dial)

    def _pump(self, dial: Dial) -> None:
        """Everything that has come, then the end of the line, then the deadline."""
        while dial in self._dials and dial.line is not None and (data := dial.line.receive()):
            self._act(dial, dial.conversation.received(data))
        if dial in self._dials and dial.line is not None and dial.line.ended:
            self._hung_up(dial, dial.line.ended)
        if dial in self._dials and self.virtual.clock.now() >= dial.deadline:
            said = dial.ending or dial.conversation.expired()
            if isinstance(said, Verdict) and dial.line is not None:
                said = said._replace(stage=max(1, said.stage))
            self._act(dial, said)

    def _hung_up(self, dial: Dial, how: str) -> None:
        conversation = dial.conversation
        said: Verdict | Redial = Verdict("reset", max(1, conversation.stage), conversation.status)
        if dial.ending is not None:
            said = dial.ending
        elif how == "closed":
            said = conversation.closed()
        if isinstance(said, Verdict):
            self._end(dial, said)
            return
        assert not dial.redialled
        dial.redialled = True
        self.counts.redials += 1
        line = self.virtual.dial(dial.flight.target.host, dial.flight.target.port)
        assert isinstance(line, VirtualLine)
        self._open(dial, line)

    def _act(self, dial: Dial, answer: Answer) -> None:
        if isinstance(answer, Verdict):
            self._end(dial, dial.ending or answer)
        elif isinstance(answer, Linger):
            dial.ending = answer.verdict
            dial.deadline = self.virtual.clock.now() + answer.seconds
            self._send(dial, answer.data)
        elif answer:
            self._send(dial, answer)

    def _send(self, dial: Dial, data: bytes) -> None:
        assert dial.line is not None
        dial.line.send(data)

    def _end(self, dial: Dial, verdict: Verdict) -> None:
        self._dials.remove(dial)
        if dial.line is not None:
            dial.line.close()
        conversation, now = dial.conversation, self.virtual.clock.now()
        result = ProbeResult(
            dial.flight.target.endpoint,
            conversation.probe,
            REASONS[verdict.reason].outcome,
            verdict.reason,
            verdict.stage,
            self.wall_us,
            now - dial.began,
            verdict.status,
            getattr(conversation, "flags", 0),
            getattr(conversation, "facts", None),
        )
        result = dial.flight.told(result)
        if self.fleet.finished(dial.flight, result, now):
            self._count(result)
        self._end_trials()

    def _count(self, result: ProbeResult) -> None:
        of_probe = self.counts.results.setdefault(result.probe, {})
        of_probe[result.reason] = of_probe.get(result.reason, 0) + 1
