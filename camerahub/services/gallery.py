"""When each endpoint is looked at for its picture: the slow grid, second looks at what goes dark, what the guard held,
and snapshots in place of streams that say nothing of the picture (``core.stand_in``).

Pure, like the fleet it belongs to: slots, ticks, answers. The lines' bandwidth and the media seats are ``looks``.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from camerahub.core.messages import FleetPolicy
from camerahub.core.result import REASONS, ProbeResult, Signal, speaks
from camerahub.core.stand_in import SNAPSHOT, STANDS_IN
from camerahub.core.uplinks import Uplink, UplinkMap
from camerahub.services.flights import PICTURE, TICKS_PER_S, place_of, remember
from camerahub.services.looks import Looks

#: Pictures that were held and now may be taken are spread over so long, seconds.
SOON_S: Final = 5
#: ``core.weather.KINDS``, said again because that needs numpy, which a prober does without; a test compares them.
MAYBE_WEATHER: Final = ("low_contrast", "blur", "underexposed")
_PICTURE: Final = {name: info.picture for name, info in REASONS.items()}


class Gallery(Looks):
    """Whose picture is due. ``interval`` 0: nobody's."""

    def __init__(self, policy: FleetPolicy, random: Random) -> None:
        super().__init__(policy.picture_seats)
        self.interval = round(policy.picture_interval_s * TICKS_PER_S)
        self._policy, self._random = policy, random
        self._dark: dict[int, int] = {}
        self._put_off: dict[int, int] = {}  # slot -> since when its look is owed
        self._locked: dict[int, set[int]] = {}  # key of the guard -> endpoints whose picture it held
        self._beside: set[int] = set()  # slots whose next look is a snapshot
        self._owed: set[int] = set()  # slots whose snapshot the guard held, until their next picture
        self._unproven: set[int] = set()  # slots whose last snapshot nobody could call new or old
        self._refused: set[int] = set()  # logins that a snapshot was refused to

    def lines(self, uplinks: Iterable[Uplink]) -> None:
        """The lines to the cameras: what pictures may take of each."""
        lines = UplinkMap(uplinks)
        self.configure(lines.of, [line.mbps * 1e6 / 8 for line in lines.uplinks])

    def enter(self, slot: int, endpoint: int, host: str, due: int) -> None:
        """``slot`` is looked at from ``due`` on, at its own place in the interval."""
        if self.interval:
            self._dark.pop(slot, None)
            self._put_off.pop(slot, None)
            for slots in (self._beside, self._owed, self._unproven):
                slots.discard(slot)
            self.add(slot, host, due + place_of(endpoint, self._policy.seed, self.interval))

    def begin(self, slot: int) -> str:
        """The probe of the look at ``slot`` that is due now."""
        if slot in self._beside:
            return SNAPSHOT
        self._owed.discard(slot)
        return PICTURE

    def looked(self, slot: int, result: ProbeResult | None, tick: int, login: int = 0) -> None:
        """A look has ended, or was not begun (None): when the next is due.

        ``login``: a number for the login that a snapshot there would use, 0 = no snapshot is to be had.
        """
        facts = result.facts if result is not None else None
        self.over(slot, facts.received if facts is not None else None if result is None else 0)
        self._put_off.pop(slot, None)
        self._beside.discard(slot)
        if slot not in self:
            return
        said = result is not None and speaks(result.probe, result.reason)
        signal = _PICTURE[result.reason] if result is not None and said else Signal.NONE
        dark, again = remember(self._dark.get(slot, 0), signal, self._policy.lit_down_n)
        if dark:
            self._dark[slot] = dark
        else:
            self._dark.pop(slot, None)
        wait = self._second_look(result) if again else self.interval
        if result is not None and (soon := self._snapshot(slot, result, login, again)):
            self._beside.add(slot)
            wait = soon if not again else wait
        jitter = 1 + self._policy.jitter * (self._random.random() - 0.5)
        self.arm(slot, tick + int(min(wait, self.interval) * jitter))

    def _snapshot(self, slot: int, result: ProbeResult, login: int, again: bool) -> int:
        """Ticks until the next look at ``slot`` if that is to be a snapshot, else 0."""
        confirm = round(self._policy.picture_confirm_s * TICKS_PER_S)
        if result.probe == SNAPSHOT:
            if result.reason == "auth":
                self._refused.add(login)
            return confirm if again or self._prove(slot, result) else 0
        stands_in = result.probe == PICTURE and result.reason in STANDS_IN
        if not (stands_in and self._policy.snapshot_s and login) or login in self._refused:
            return 0
        wait = round(self._policy.snapshot_s * TICKS_PER_S)
        # who is full is left alone for a while
        return max(wait, confirm) if result.reason == "busy" else wait

    def _prove(self, slot: int, result: ProbeResult) -> bool:
        """Whether a second snapshot would show that the first was new: once, else the next round tells."""
        before = slot in self._unproven
        self._unproven.discard(slot)
        if before or result.facts is None or not result.facts.shot or result.facts.fresh:
            return False
        if result.reason == "unjudged":
            self._unproven.add(slot)
        return slot in self._unproven

    def missed(self, slot: int, reason: str, tick: int) -> bool:
        """A look that was due is not begun, for ``reason``. Whether that is to be said.

        One that found no seat is due at once again, behind those that are due already, else it never had one; it is
        said when it has been put off for a whole interval, and counted anew.
        """
        if reason != "no_seat" or slot not in self:
            self.looked(slot, None, tick)
            return True
        self.over(slot, None)
        self.arm(slot, tick)
        missed = tick - self._put_off.setdefault(slot, tick) >= self.interval
        if missed:
            del self._put_off[slot]
        return missed

    def _second_look(self, result: ProbeResult | None) -> int:
        """Ticks until it. What weather does to pictures can wait until others have shown whether it is weather."""
        wait = round(self._policy.picture_confirm_s * TICKS_PER_S)
        return (
            max(wait, self.interval // 3) if result is not None and result.reason in MAYBE_WEATHER else wait
        )

    def held(self, key: int, endpoint: int) -> None:
        """The guard held the login of ``key`` when this endpoint was looked at."""
        self._locked.setdefault(key, set()).add(endpoint)

    def owe(self, slot: int, key: int, endpoint: int) -> None:
        """It held a snapshot: that is what is taken once it lets go, for the stream has been asked."""
        self.held(key, endpoint)
        self._owed.add(slot)

    def soon(self, slot: int, due: int) -> None:
        """The guard has let go of the login at ``slot``."""
        if slot in self._owed:
            self._owed.discard(slot)
            self._beside.add(slot)
        self.arm(slot, due)

    def released(self, keys: Iterable[int]) -> list[tuple[int, int]]:
        """These keys may log in: (endpoint, ticks until it should be looked at) of all that were held for them."""
        soon = min(self.interval, SOON_S * TICKS_PER_S)
        return [
            (endpoint, place_of(endpoint, self._policy.seed, soon))
            for key in keys
            for endpoint in self._locked.pop(key, ())
        ]
