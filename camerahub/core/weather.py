"""Fog, rain and dusk: when half a township's cameras turn dim or pale together, nothing is wrong with them.

A picture that was intact and now lacks contrast, sharpness or light is held, not called a fault, while its township has
weather: so many others that were looked at lately turned likewise. Cameras that were faulty before stay so. Arrays over
places of endpoints and townships; ids, names and time sources are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import REASON_CODES

I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]
Bools = NDArray[np.bool_]

#: What weather and dusk do to pictures.
KINDS = ("low_contrast", "blur", "underexposed")
_LIKE = np.zeros(256, np.bool_)
_LIKE[[REASON_CODES[kind] for kind in KINDS]] = True
#: Weather begins where at least so many cameras, and this share of those looked at lately, have turned; it ends when
#: less than the smaller share is left. Lately: within a quarter of a round, or, in small townships, within a round.
LEAST, BEGINS, ENDS = 6, 0.5, 0.25
#: A gap of this scope and a township code after it: its pictures were not judged for faults that weather makes.
WEATHER_SCOPE = "weather:"
#: One that turned is counted for so many rounds.
ROUNDS = 2


@dataclass(slots=True)
class Weather:
    """T townships and E endpoints, times int64 µs UTC, 0 = never.

    ``township`` (E,) place of each endpoint's · ``looked_at`` (E,) its last judged picture · ``turned_at`` (E,) when it
    turned, having been intact; 0 = it has not · ``since`` (T,) since when there is weather, 0 = there is none.
    """

    township: I8
    looked_at: I8
    turned_at: I8
    since: I8

    @classmethod
    def clear(cls, township: I8, townships: int) -> Weather:
        """Nothing known: no weather anywhere."""
        size = len(township)
        return cls(
            township, np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(townships, np.int64)
        )

    def take(self, place: I8, reason: U1, started: I8, was_up: Bools, now: int, round_us: int) -> Bools:
        """Take judged pictures in, (N,) each: place of the endpoint, reason, start, whether it was intact before.

        Returns which are held (N,). ``now`` µs UTC; ``round_us`` between two pictures of one camera.
        """
        like = _LIKE[reason]
        self.looked_at[place] = started
        turned = np.where(like & was_up & (self.turned_at[place] == 0), started, self.turned_at[place])
        self.turned_at[place] = np.where(like, turned, 0)
        if like.any() or self.since.any():
            self._judge(now, round_us)
        held: Bools = like & (self.turned_at[place] > 0) & (self.since[self.township[place]] > 0)
        return held

    def _judge(self, now: int, round_us: int) -> None:
        lately = [self._count(now, window, round_us) for window in (round_us // 4, round_us)]
        begins = np.zeros(len(self.since), np.bool_)
        for looked, turned in lately:
            begins |= (turned >= LEAST) & (turned >= BEGINS * looked)
        looked, turned = lately[1]
        ends = turned < np.maximum(1, ENDS * looked)
        self.since[begins & (self.since == 0)] = now
        self.since[ends & ~begins] = 0

    def _count(self, now: int, window: int, round_us: int) -> tuple[I8, I8]:
        """(looked at, of those turned) within ``window`` µs, by township."""
        recent = self.looked_at > now - window
        turned = recent & (self.turned_at > now - ROUNDS * round_us)
        size = len(self.since)
        counts = (np.bincount(self.township[which], minlength=size) for which in (recent, turned))
        looked, changed = (count.astype(np.int64) for count in counts)
        return looked, changed

    def held(self) -> I8:
        """Endpoints whose pictures are held now, by township (T,)."""
        which = (self.turned_at > 0) & (self.since[self.township] > 0)
        return np.bincount(self.township[which], minlength=len(self.since)).astype(np.int64)
