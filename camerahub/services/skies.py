"""Township-wide weather between results and the fold: what it explains is held before it can make anybody faulty.

The rule is ``core.weather``; this joins it to the roster. Owned by the writer thread, like the desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from camerahub.core.health import Answer, Policy, States
from camerahub.core.result import PROBE_KINDS, REASON_CODES, REASONS, Facet, Outcome, Signal
from camerahub.core.weather import KINDS, Weather
from camerahub.services.roster import Roster

I8 = NDArray[np.int64]
_WEATHER = REASON_CODES["weather"]
#: By probe code: whether it speaks of 完好.
_OF_PICTURE = np.zeros(256, np.bool_)
for _kind in PROBE_KINDS.values():
    _OF_PICTURE[_kind.code] = Facet.PICTURE in _kind.facets
#: By reason code: whether the picture itself was judged, whatever came of it.
_JUDGED = np.zeros(256, np.bool_)
for _info in REASONS.values():
    _JUDGED[_info.code] = _info.lit is Signal.UP and _info.picture in (Signal.UP, Signal.DOWN)


class Skies:
    """``policies`` as the desk's; without one of 完好 nothing is ever held. A round is a third of its staleness."""

    def __init__(self, roster: Roster, policies: Sequence[Policy]) -> None:
        self._row = next((r for r, one in enumerate(policies) if one.facet is Facet.PICTURE), -1)
        self._round_us = policies[self._row].stale_us // 3 if self._row >= 0 else 0
        self._endpoint, self.townships = roster.endpoint, roster.townships
        self._weather = Weather.clear(roster.township[roster.camera], len(roster.townships))

    def hold(self, states: States, place: I8, rows: NDArray[np.void], now: int) -> NDArray[np.void]:
        """``rows`` RESULT_DTYPE (N,) of the endpoints at ``place`` (N,), what weather explains said as ``weather``."""
        if self._row < 0:
            return rows
        judged = np.flatnonzero(_OF_PICTURE[rows["probe"]] & _JUDGED[rows["reason"]])
        if not len(judged):
            return rows
        at = place[judged]
        was_up = states.answer[self._row][at] == Answer.UP
        reason, started = rows["reason"][judged], np.minimum(rows["started_at"][judged], now)
        held = judged[self._weather.take(at, reason, started, was_up, now, self._round_us)]
        if len(held):
            rows = rows.copy()
            rows["reason"][held], rows["outcome"][held] = _WEATHER, int(Outcome.UNKNOWN)
        return rows

    def moved(self, roster: Roster, policies: Sequence[Policy]) -> Skies:
        """The same sky over a new roster."""
        new = Skies(roster, policies)
        place, known = roster.find(self._endpoint)
        for name in ("looked_at", "turned_at"):
            getattr(new._weather, name)[place[known]] = getattr(self._weather, name)[known]
        since = dict(zip(self.townships, self._weather.since.tolist(), strict=True))
        new._weather.since[:] = [since.get(township, 0) for township in new.townships]
        return new

    def shift(self, step: int) -> None:
        """The wall clock jumped."""
        for marks in (self._weather.looked_at, self._weather.turned_at, self._weather.since):
            marks[marks > 0] += step

    @property
    def since(self) -> Mapping[str, int]:
        """Township label -> since when it has weather, µs UTC, of those that have."""
        times = zip(self.townships, self._weather.since.tolist(), strict=True)
        return {township: at for township, at in times if at}

    def explains(self, endpoint: int, reason: str) -> bool:
        """Whether a picture of ``endpoint`` (id) with this fault would be put down to the weather of its township."""
        place = int(np.searchsorted(self._endpoint, endpoint))
        if reason not in KINDS or place == len(self._endpoint) or self._endpoint[place] != endpoint:
            return False
        return bool(self._weather.since[self._weather.township[place]])

    def held(self) -> I8:
        """Endpoints whose pictures are held, by township."""
        return self._weather.held()
