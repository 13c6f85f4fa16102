"""What a prober asks to know that it can see, and the bad results that wait for the answer.

It dials the references of each uplink that has cameras here, through the same ``Prober`` as the cameras: the same
sockets, loop and route. What follows from their answers is ``core.blindness``'. No numpy: a prober stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from camerahub.core.blindness import DOUBTFUL, LOCAL, Eye, News, Ruling, Sight, SightRules, Turn, answered
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import Outcome, ProbeResult, Target
from camerahub.core.uplinks import Uplink, UplinkMap
from camerahub.services.ports import Clock, Prober

_log = structlog.get_logger()
#: A result may be handed on so much later than it was measured, seconds: its attempt counts as begun as much earlier.
SLACK_S = 0.1


class Owner(Protocol):
    """Whom the references serve: ``services.worker.Worker``."""

    def settled(self, results: list[ProbeResult]) -> None:
        """These have waited long enough, or a check is over and there were none."""
        ...

    def sighted(self, uplink: str, news: News, seeing_again: Callable[[str], bool] | None) -> None:
        """News of one uplink; ``seeing_again`` says which hosts are to be looked at anew, if it was blind."""
        ...

    def failed(self, error: BaseException) -> None:
        """A bug: better to end than to go on."""
        ...


class Waiting(NamedTuple):
    """A held result; ``mark`` counts all that were ever held."""

    mark: int
    result: ProbeResult


class _Check:
    """One check of one uplink under way."""

    __slots__ = ("answers", "eye", "left", "place", "reason")

    def __init__(self, place: int, eye: Eye[Waiting], left: int) -> None:
        self.place, self.eye, self.left = place, eye, left
        self.answers = 0
        self.reason = "references"


def doubted(result: ProbeResult) -> ProbeResult:
    """The same attempt, saying nothing of the camera."""
    return result._replace(outcome=Outcome.UNKNOWN, reason="blind")


class References:
    """The eyes of one prober. ``turn`` it ten times a second; ask ``rule`` what a result that is not good is worth."""

    def __init__(self, prober: Prober, clock: Clock, policy: FleetPolicy, owner: Owner) -> None:
        self._prober, self._clock, self._owner = prober, clock, owner
        self._rules = SightRules(
            check_s=policy.reference_s,
            confirm_s=min(1.0, policy.reference_s),
            deadline_s=policy.reference_deadline_s,
        )
        self._map = UplinkMap()
        self._eyes: dict[int, Eye[Waiting]] = {}
        self._beaten = clock.monotonic()
        self.mark = 0
        #: Whether results that left this machine must be shown to ``rule``, too.
        self.wary = False
        self.asked_total = self.doubted_total = 0

    # --- who is watched through what --------------------------------------------------------------------------

    def configure(self, uplinks: Iterable[Uplink]) -> None:
        """The lines there are; what was known of others is forgotten."""
        self._map = UplinkMap(uplinks)
        self._eyes.clear()

    def watch(self, hosts: Iterable[str], now: float) -> None:
        """Cameras with these addresses are watched here: their uplinks are checked from now on."""
        for place in {self._map.of(host) for host in hosts}:
            if place not in self._eyes:
                uplink = self._map.uplinks[place]
                self._eyes[place] = Eye(self._rules, bool(uplink.references), now)
                self._owner.sighted(uplink.name, News(Sight.UNKNOWN, Sight.UNKNOWN, now, ""), None)
                if uplink.references:
                    self._check(place, now)

    def forget(self, endpoints: Iterable[int]) -> None:
        """These were changed or are watched no longer: what is held of them is of an address that was."""
        if self.held:
            gone = frozenset(endpoints)
            for eye in self._eyes.values():
                eye.forget(lambda waiting: waiting.result.endpoint in gone)

    @property
    def held(self) -> int:
        """Results that wait."""
        return sum(eye.held for eye in self._eyes.values())

    @property
    def checked(self) -> bool:
        """Whether every line that has references was checked once."""
        return not any(eye.references and eye.checks == 0 for eye in self._eyes.values())

    @property
    def blind(self) -> int:
        """Uplinks through which nothing is seen."""
        return sum(eye.sight is Sight.BLIND for eye in self._eyes.values())

    # --- results that are not good ----------------------------------------------------------------------------

    def rule(self, host: str, result: ProbeResult, now: float) -> Ruling:
        """What ``result``, which has just ended, is worth. HOLD: give it to ``hold``."""
        self._beat(now)
        place = self._map.of(host)
        eye = self._eyes[place]
        if result.reason in LOCAL:
            self._tell(place, eye.stayed(now, result.reason), now)
            self.wary = True
            return Ruling.BLIND if eye.sight is Sight.BLIND else Ruling.PASS
        if eye.wary:
            self._tell(place, eye.got_out(now), now)
            self.wary = any(eye.wary for eye in self._eyes.values())
        if result.reason not in DOUBTFUL:
            return Ruling.PASS
        return eye.rule(now - result.duration_s - SLACK_S)

    def doubt(self, result: ProbeResult) -> ProbeResult:
        """What a result ruled BLIND is handed on as."""
        self.doubted_total += 1
        return doubted(result)

    def hold(self, host: str, result: ProbeResult, now: float) -> None:
        """Keep ``result`` until the references of its uplink have answered."""
        self.mark += 1
        eye = self._eyes[self._map.of(host)]
        dropped = eye.hold(now - result.duration_s - SLACK_S, now, Waiting(self.mark, result))
        if dropped:
            self._hand_on([], dropped)

    def is_settled(self, mark: int) -> bool:
        """Whether everything held when ``self.mark`` was ``mark`` has gone on."""
        return all((first := eye.oldest) is None or first.mark > mark for eye in self._eyes.values())

    def hurry(self, now: float) -> None:
        """Somebody waits for what is held."""
        for eye in self._eyes.values():
            if eye.held:
                eye.hurry(now)

    def give_up(self) -> None:
        """Nobody will ask any more: what is held is not believed."""
        self._hand_on([], [waiting for eye in self._eyes.values() for waiting in eye.give_up()])

    def _hand_on(self, believed: list[Waiting], unbelieved: list[Waiting]) -> None:
        self.doubted_total += len(unbelieved)
        self._owner.settled([w.result for w in believed] + [doubted(w.result) for w in unbelieved])

    # --- checks -----------------------------------------------------------------------------------------------

    def turn(self, now: float) -> None:
        """Begin the checks that are due; notice when this loop stood still."""
        self._beat(now)
        for place, eye in self._eyes.items():
            if eye.due <= now:
                self._check(place, now)

    def _beat(self, now: float) -> None:
        before, self._beaten = self._beaten, now
        if now - before > self._rules.stall_s:
            _log.warning("prober_stood_still", seconds=round(now - before, 1))
            for place, eye in list(self._eyes.items()):
                self._follow(place, eye.stalled(before, now), now)

    def _check(self, place: int, now: float) -> None:
        references = self._map.uplinks[place].references
        eye = self._eyes[place]
        eye.asked(now)
        self.asked_total += 1
        check = _Check(place, eye, len(references))
        for n, one in enumerate(references):
            host = f"[{one.host}]" if ":" in one.host else one.host
            url = f"rtsp://{host}:{one.port}/" if one.probe == "options" else ""
            target = Target(-1 - n, one.host, one.port, url)
            self._prober.start(target, one.probe, self._rules.deadline_s, partial(self._answered, check))

    def _answered(self, check: _Check, result: ProbeResult) -> None:
        try:
            self._count(check, result.reason)
        except Exception as error:
            self._owner.failed(error)
            raise

    def _count(self, check: _Check, reason: str) -> None:
        check.left -= 1
        if answered(reason):
            check.answers += 1
        else:
            check.reason = LOCAL.get(reason, check.reason)
        if check.left:
            return
        now = self._clock.monotonic()
        self._beat(now)
        if self._eyes.get(check.place) is check.eye:  # else the lines are others by now
            saw = check.answers >= self._map.uplinks[check.place].need
            self._follow(check.place, check.eye.told(saw, now, check.reason), now)

    def _follow(self, place: int, turn: Turn[Waiting], now: float) -> None:
        self._hand_on(turn.believed, turn.doubted)
        self._tell(place, turn.news, now)

    def _tell(self, place: int, news: list[News], now: float) -> None:
        """The owner hears each of ``news``; what was not seen through a blind uplink is looked at anew."""
        for one in news:
            again = partial(self._belongs, place) if one.was is Sight.BLIND else None
            self._owner.sighted(self._map.uplinks[place].name, one, again)

    def _belongs(self, place: int, host: str) -> bool:
        return self._map.of(host) == place
