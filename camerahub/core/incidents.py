"""Incidents: one for each cause, however many cameras it takes with it, from the first camera down to the last one up.

Cameras that go down wait a little for those that go down of the same cause, then ``suspects.explain`` says what they
share. Later ones join an incident that is open; a wider cause that shows itself late takes in young incidents that it
explains. When the first camera of a shared cause comes back, the others are looked at again before anything is said:
those that stay down are split off with causes of their own. A cause that comes back soon is the same incident, so a
flapping line is one. Arrays over places of cameras; who stores, probes and tells is the caller's business. Times are
int64 µs UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from camerahub.core.suspects import LEAST_SHARE, Shared, Suspect, explain

I8 = NDArray[np.int64]
Bools = NDArray[np.bool_]

_S: Final = 1_000_000
#: Cameras that went down wait so long for others, from the first on; less when nobody has followed for ``QUIET``.
#: A round of a minute, and its confirmations, are over by then.
WINDOW: Final = 75 * _S
QUIET: Final = 20 * _S
#: An incident so young may turn out to be part of a wider cause.
YOUNG: Final = 600 * _S
#: From the first camera back until those still down are taken for causes of their own; they are looked at meanwhile.
RECHECK: Final = 90 * _S
#: A cause that fails again so soon after it ended is the same incident.
AGAIN: Final = 600 * _S


class Change(StrEnum):
    """What has become of an incident."""

    OPENED = "opened"
    JOINED = "joined"
    ABSORBED = "absorbed"
    RECOVERING = "recovering"
    STAYED = "stayed"
    CLOSED = "closed"
    REOPENED = "reopened"


class Event(NamedTuple):
    """``change`` of incident ``number``, and the cameras it is about: those that joined, are to be looked at again
    (recovering), were down (absorbed). ``other``: the incident that took it in, or the one it was split off from, 0 =
    none.
    """

    change: Change
    number: int
    at: int
    cameras: I8
    other: int = 0


@dataclass(slots=True)
class Incident:
    """``kind``, ``column`` and ``group`` of its suspect; ``cameras`` (n,) that are down of it, ascending.

    ``due`` when its recovery is judged, 0 = nobody has come back · ``closed_at`` 0 = open.
    """

    number: int
    kind: str
    column: int
    group: int
    opened_at: int
    cameras: I8
    due: int = 0
    closed_at: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """What is blamed; of a single camera the camera."""
        return self.column, self.group


@dataclass(slots=True)
class Incidents:
    """C cameras and what they share. ``owner`` (C,) number of the open incident of each, 0 = none."""

    shared: Sequence[Shared]
    owner: I8
    open: dict[int, Incident] = field(default_factory=dict)
    ended: dict[tuple[int, int], Incident] = field(default_factory=dict)
    last: int = 0
    _waiting: set[int] = field(default_factory=set)
    _first: int = 0
    _newest: int = 0

    @classmethod
    def none(cls, shared: Sequence[Shared], cameras: int) -> Incidents:
        """Nothing is down."""
        return cls(shared, np.zeros(cameras, np.int64))

    def down(self, cameras: I8, at: int) -> None:
        """These (n,) went down at ``at``. One that is down of an incident already is left where it is."""
        fresh = [camera for camera in cameras.tolist() if not self.owner[camera]]
        if fresh and not self._waiting:
            self._first = at
        if fresh:
            self._newest = at
            self._waiting.update(fresh)

    def up(self, cameras: I8, at: int) -> list[Event]:
        """These (n,) came back, or need not count any longer. One that only waited leaves no trace."""
        self._waiting.difference_update(cameras.tolist())
        owners = self.owner[cameras]
        self.owner[cameras] = 0
        events: list[Event] = []
        for number in np.unique(owners[owners > 0]).tolist():
            incident = self.open[number]
            incident.cameras = incident.cameras[self.owner[incident.cameras] == number]
            events += self._came_back(incident, at)
        return events

    def _came_back(self, incident: Incident, at: int) -> Iterable[Event]:
        if not len(incident.cameras):
            return [self._close(incident, at)]
        if incident.due:
            return []
        incident.due = at + RECHECK
        return [Event(Change.RECOVERING, incident.number, at, incident.cameras)]

    def _close(self, incident: Incident, at: int, other: int = 0) -> Event:
        self.owner[incident.cameras] = 0
        del self.open[incident.number]
        incident.closed_at, incident.due = at, 0
        if not other:
            self.ended[incident.key] = incident
        return Event(
            Change.ABSORBED if other else Change.CLOSED, incident.number, at, incident.cameras, other
        )

    @property
    def _settles_at(self) -> int:
        return min(self._first + WINDOW, self._newest + QUIET)

    def wake_at(self) -> int:
        """When ``tick`` has something to do, 0 = not before the next camera."""
        times = [incident.due for incident in self.open.values() if incident.due]
        if self._waiting:
            times.append(self._settles_at)
        return min(times, default=0)

    def tick(self, now: int, judged: Bools) -> list[Event]:
        """What is due: waiting cameras are explained, recoveries judged. ``judged`` (C,) as ``suspects.explain``."""
        self.ended = {key: one for key, one in self.ended.items() if one.closed_at + AGAIN > now}
        events = [
            event
            for incident in [one for one in self.open.values() if 0 < one.due <= now]
            for event in self._recovered(incident, now, judged)
        ]
        if self._waiting and now >= self._settles_at:
            events += self._settle(now, judged)
        return events

    def _recovered(self, incident: Incident, now: int, judged: Bools) -> Iterable[Event]:
        """Most are still down: it was no recovery. Else what is left has causes of its own."""
        left = incident.cameras
        causes = explain(self.shared, _flags(left, len(self.owner)), judged)
        if self._is_still(incident, causes, judged):
            incident.due = 0
            return [Event(Change.STAYED, incident.number, now, left)]
        closed = self._close(incident, now)
        return [closed, *(self._open(found, now, incident.number) for found in causes)]

    def _is_still(self, incident: Incident, causes: Sequence[Suspect], judged: Bools) -> bool:
        """Whether the same thing is blamed again, and most of its cameras are down."""
        if incident.column < 0 or not any((one.column, one.group) == incident.key for one in causes):
            return False
        mine = self.shared[incident.column].group == incident.group
        known = int((mine & (judged | _flags(incident.cameras, len(mine)))).sum())
        return len(incident.cameras) >= LEAST_SHARE * known

    def _settle(self, now: int, judged: Bools) -> list[Event]:
        """Explain those that waited, together with what may be of the same cause: young incidents and shared ones."""
        fresh = np.array(sorted(self._waiting), np.int64)
        self._waiting.clear()
        others = [one.cameras for one in self.open.values() if one.column >= 0 or one.opened_at + YOUNG > now]
        failing = _flags(np.concatenate([fresh, *others]), len(self.owner))
        by_key = {one.key: one for one in self.open.values()}
        events: list[Event] = []
        for found in explain(self.shared, failing, judged):
            if self.owner[found.cameras].all():
                continue  # without newcomers it is a second opinion on what is open
            known = by_key.get((found.column, found.group))
            is_open = (
                known is not None and not known.closed_at
            )  # another cause may have taken it in meanwhile
            events += self._blame(found, known if is_open else None, now)
        return events

    def _blame(self, found: Suspect, known: Incident | None, now: int) -> list[Event]:
        owners = np.unique(self.owner[found.cameras])
        event = self._open(found, now) if known is None else self._join(known, found, now)
        parts = [self.open[number] for number in owners.tolist() if number not in (0, event.number)]
        return [
            event,
            *(self._take_in(one, event.number, now) for one in parts if self._is_part(one, found, now)),
        ]

    def _is_part(self, part: Incident, found: Suspect, now: int) -> bool:
        return part.opened_at + YOUNG > now and bool(np.isin(part.cameras, found.cameras).all())

    def _take_in(self, part: Incident, number: int, now: int) -> Event:
        told = self._close(part, now, number)
        self._add(self.open[number], told.cameras)
        return told

    def _add(self, incident: Incident, cameras: I8) -> None:
        incident.cameras = np.union1d(incident.cameras, cameras)
        self.owner[cameras] = incident.number

    def _join(self, known: Incident, found: Suspect, now: int) -> Event:
        fresh = found.cameras[self.owner[found.cameras] == 0]
        self._add(known, fresh)
        return Event(Change.JOINED, known.number, now, fresh)

    def _open(self, found: Suspect, now: int, other: int = 0) -> Event:
        """A new incident, or the one of the same thing that ended just now."""
        free = found.cameras[self.owner[found.cameras] == 0]
        before = self.ended.pop((found.column, found.group), None) if not other else None
        if before is None:
            self.last += 1
            before = Incident(self.last, found.kind, found.column, found.group, now, free)
        change = Change.REOPENED if before.closed_at else Change.OPENED
        before.cameras, before.closed_at = free, 0
        self.open[before.number] = before
        self.owner[free] = before.number
        return Event(change, before.number, now, free, other)


def _flags(cameras: I8, size: int) -> Bools:
    flags = np.zeros(size, np.bool_)
    flags[cameras] = True
    return flags
