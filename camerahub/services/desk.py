"""What the writer thread works on: working states, and the register they are committed to.

Nothing here is asynchronous and nothing here waits. ``prepare`` folds results into the working states and says what
must be stored; ``settle`` stores it. A preparation whose transaction failed is settled again as it is, never folded
twice. What is shown outside comes from ``picture``, taken after a settled commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from camerahub.core.commit import FLIP_DTYPE, Commit, correction_rows, flip_rows, state_rows
from camerahub.core.errors import EnvironmentFault
from camerahub.core.health import RULE, Answer, Flips, Policy, States, expire, fold
from camerahub.core.result import Facet
from camerahub.core.roads import Cameras, answers
from camerahub.core.weather import WEATHER_SCOPE
from camerahub.services.figures import Rounds, Tally, tally_of
from camerahub.services.roster import AreaLike, Roster, Snapshot, roster_of
from camerahub.services.skies import Skies

U1 = NDArray[np.uint8]

#: Under this name the hub commits what it finds by itself: staleness, changes of the roster.
HUB = "hub"


class Book(Protocol):
    """The register as the desk needs it: ``registry.store.Store`` fits."""

    def commit(self, batch: Commit, /) -> bool: ...
    def load(self, policies: Sequence[Policy], /) -> Snapshot: ...
    def start(self, now: int, /) -> int | None: ...
    def heartbeat(self, now: int, /) -> None: ...
    def checkpoint(self, now: int, /) -> int: ...
    def open_gap(self, worker: str, scope: str, start: int, reason: str, /) -> int: ...
    def close_gap(self, gap: int, end: int, /) -> None: ...
    def keep_facts(self, rows: NDArray[np.void], /) -> None: ...
    def exempt_at(self, ids: NDArray[np.int64], now: int, /) -> tuple[NDArray[np.bool_], int]: ...
    def keep_shots(self, rows: NDArray[np.void], /) -> None: ...


class Prepared(NamedTuple):
    """A commit ready to be stored, and what to count once it is. ``taken`` the results that were known and new."""

    commit: Commit
    taken: NDArray[np.void]
    late: NDArray[np.uint8]
    strangers: int


class Picture(NamedTuple):
    """What the world may see after a commit."""

    tally: Tally
    rounds: Rounds
    places: tuple[tuple[str, str, str], ...]


class Desk:
    """Owned by one thread. Times: ``now`` µs UTC on the steady line, ``monotonic`` seconds."""

    def __init__(
        self,
        book: Book,
        areas: Callable[[], Sequence[AreaLike]],
        policies: Sequence[Policy],
        probes: Sequence[str],
    ) -> None:
        self._book, self._areas = book, areas
        self._policies, self._probes = tuple(policies), tuple(probes)
        self._facets = tuple(policy.facet.name.lower() for policy in policies)
        self.roster: Roster
        self.states: States
        self.cameras: Cameras
        self.rounds: Rounds
        self.skies: Skies
        self.watching_since = 0
        self._gaps: dict[tuple[str, str], int] = {}  # worker, scope -> its open gap
        self._renew_at = 0  # when exemptions begin or end next
        self._epoch = self._seq = 0

    # -- the roster

    def open(self, now: int, monotonic: float) -> tuple[dict[str, tuple[int, int]], Prepared | None]:
        """Start: the gap since the last hub is written, states are as that hub left them, the watch begins anew.

        Returns the watermarks of the workers, and a commit when derived answers no longer fit the roster.
        """
        self._book.start(now)
        snapshot = self._book.load(self._policies)
        self._epoch = max(now, snapshot.watermarks.get(HUB, (0, 0))[0] + 1)
        self.watching_since = now
        self._take_roster(snapshot, self._roster(snapshot, now))
        seconds = np.where(self.states.observed_at > 0, (now - self.states.observed_at) / 1e6, 0.0)
        newest = monotonic - np.maximum(seconds, 0.0).min(axis=0, initial=np.inf)
        looked = np.broadcast_to(newest, (len(self._probes), len(self.states))).copy()
        self.rounds = Rounds(self.roster, self._probes, looked)
        self.skies = Skies(self.roster, self._policies)
        return snapshot.watermarks, self._mend(snapshot, now)

    def reload(self, now: int, monotonic: float, *, keep: bool = True) -> Prepared | None:
        """The register changed: same states for the endpoints that stay; a commit when answers change by it.

        ``keep`` False: believe the register's states, not ours.
        """
        snapshot = self._book.load(self._policies)
        roster = self._roster(snapshot, now)
        before, kept = self.roster, self.states
        looked = self.rounds.kept(roster, monotonic)
        self._take_roster(snapshot, roster)
        place, known = roster.find(before.endpoint)
        known &= keep
        for new, old in zip(_columns(self.states), _columns(kept), strict=True):
            new[:, place[known]] = old[:, known]
        self.cameras = _derive(self.states, roster, snapshot)
        self.rounds = Rounds(roster, self._probes, looked)
        self.skies = self.skies.moved(roster, self._policies)
        return self._mend(snapshot, now)

    def renew(self, now: int) -> bool:
        """Exemptions that began or ended by themselves since are taken; False: none did. EnvironmentFault: not now."""
        if now < self._renew_at:
            return False
        exempt, self._renew_at = self._book.exempt_at(self.roster.camera_ids, now)
        self.roster = replace(self.roster, exempt=exempt)
        return True

    def _roster(self, snapshot: Snapshot, now: int) -> Roster:
        exempt, self._renew_at = self._book.exempt_at(snapshot.camera_ids, now)
        return roster_of(snapshot, self._areas(), exempt)

    def _take_roster(self, snapshot: Snapshot, roster: Roster) -> None:
        self.roster, self.states = roster, snapshot.states
        self.cameras = _derive(snapshot.states, roster, snapshot)

    def _mend(self, snapshot: Snapshot, now: int) -> Prepared | None:
        """Flips of cameras whose stored answer is not the one their endpoints give (roads came or went)."""
        flips = _differences(self.states, self.roster, self.cameras, snapshot.camera_answer, now)
        return self._own(now, camera_flips=flips) if len(flips) else None

    # -- results

    def prepare(
        self, worker: str, epoch: int, seq: int, rows: NDArray[np.void], now: int, monotonic: float
    ) -> Prepared:
        """Fold a batch, RESULT_DTYPE (N,), into the working states."""
        place, known = self.roster.find(rows["endpoint"])
        place, taken = place[known], rows[known]
        taken = self.skies.hold(self.states, place, taken, now)
        folded = fold(self.states, place, taken, now)
        self.rounds.take(place, taken, monotonic)
        commit = Commit(
            worker,
            epoch,
            seq,
            now,
            results=taken,
            states=state_rows(self.states, folded.changed, self.roster.endpoint),
            flips=self._flips(folded.flips),
            camera_flips=self._camera_flips(folded.flips, now),
            corrections=correction_rows(taken[folded.late], self._cameras_of(place[folded.late])),
            rule=RULE,
        )
        late = taken["probe"][folded.late]
        return Prepared(commit, taken, late, int(len(rows) - len(taken)))

    def expire(self, now: int) -> Prepared | None:
        """What nobody looked at for too long becomes unknown; None when nothing does."""
        expired = expire(self.states, now, self.watching_since)
        if not len(expired.changed.index):
            return None
        return self._own(
            now,
            states=state_rows(self.states, expired.changed, self.roster.endpoint),
            flips=self._flips(expired.flips),
            camera_flips=self._camera_flips(expired.flips, now),
        )

    def _cameras_of(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        return self.roster.camera_ids[self.roster.camera[place]]

    def _flips(self, flips: Flips) -> NDArray[np.void]:
        roster = self.roster
        return flip_rows(flips, roster.camera_ids[roster.camera], roster.endpoint)

    def _camera_flips(self, flips: Flips, now: int) -> NDArray[np.void]:
        return flip_rows(
            self.cameras.apply(self.states, self.roster.roads, flips, now), self.roster.camera_ids
        )

    def _own(self, now: int, **rows: NDArray[np.void]) -> Prepared:
        self._seq += 1
        commit = Commit(HUB, self._epoch, self._seq, now, rule=RULE, **rows)
        return Prepared(commit, commit.results, np.zeros(0, np.uint8), 0)

    # -- the register

    def settle(self, prepared: Prepared) -> bool:
        """Store it in one transaction. False: the register has it already. EnvironmentFault: not now."""
        stored = self._book.commit(prepared.commit)
        with contextlib.suppress(EnvironmentFault):  # told with the next commit
            self._tell_weather(prepared.commit.now)
        return stored

    def _tell_weather(self, now: int) -> None:
        """Weather is a gap in judging: open while it lasts, kept for whoever asks why."""
        for township, since in self.skies.since.items():
            if (HUB, WEATHER_SCOPE + township) not in self._gaps:
                self.gap(HUB, since, None, "weather", WEATHER_SCOPE + township)
        for worker, scope in list(self._gaps):
            if scope.startswith(WEATHER_SCOPE) and scope.removeprefix(WEATHER_SCOPE) not in self.skies.since:
                self.gap(worker, now, now, "weather", scope)

    def heartbeat(self, now: int) -> None:
        """Say in the register that the hub lives."""
        self._book.heartbeat(now)

    def checkpoint(self, now: int) -> int:
        """Fold the log of evidence into the days; the results folded."""
        return self._book.checkpoint(now)

    def find(self, rows: NDArray[np.void]) -> None:
        """Keep facts of media, FACTS_DTYPE (N,); the newest of an endpoint counts, strangers are passed over."""
        _, known = self.roster.find(rows["endpoint_id"])
        self._book.keep_facts(rows[known])

    def keep_shots(self, rows: NDArray[np.void]) -> None:
        """Keep what snapshots told of their age, SHOT_DTYPE (N,); strangers are passed over."""
        _, known = self.roster.find(rows["endpoint_id"])
        self._book.keep_shots(rows[known])

    def write_gap(self, start: int, end: int, reason: str) -> None:
        """Nobody looked from ``start`` to ``end``; staleness does not count that time."""
        self.watching_since = max(self.watching_since, end)
        self._book.close_gap(self._book.open_gap(HUB, "all", start, reason), end)

    def gap(self, worker: str, start: int, end: int | None, reason: str, scope: str = "") -> None:
        """A worker does not look (at ``scope``) from ``start`` on (``end`` None), or did not until ``end``."""
        key = (worker, scope)
        if key not in self._gaps:
            self._gaps[key] = self._book.open_gap(worker, scope, start, reason)
        if end is not None:
            self._book.close_gap(self._gaps[key], end)
            del self._gaps[key]

    def shift(self, step: int) -> None:
        """The wall clock jumped by ``step`` µs: move the marks with it, so that nothing is late or stale by it."""
        for marks in (self.states.observed_at, self.states.seen_at):
            marks[marks > 0] += step
        self.watching_since += step
        self._renew_at = 0  # windows are of the wall clock
        self.skies.shift(step)

    def picture(self) -> Picture:
        """Counts of the working states, which are the committed ones after ``settle``."""
        tally = tally_of(self.roster, self._facets, self.cameras.answer, *self._faulty(), self.skies.held())
        return Picture(tally, self.rounds, self.roster.places)

    def _faulty(self) -> tuple[NDArray[np.int64], U1]:
        """Cameras (D,) whose picture is down, and why (D,)."""
        if "picture" not in self._facets:
            return np.zeros(0, np.int64), np.zeros(0, np.uint8)
        row = self._facets.index("picture")
        places = np.flatnonzero(self.cameras.answer[row] == Answer.DOWN)
        return places, answers(self.states, Facet.PICTURE, self.roster.roads, places).reason


def _columns(states: States) -> tuple[NDArray[np.generic], ...]:
    return (states.word, states.since, states.observed_at, states.seen_at)


def _derive(states: States, roster: Roster, snapshot: Snapshot) -> Cameras:
    cameras = Cameras.of(states, roster.roads)
    stored = snapshot.camera_since
    np.copyto(cameras.since, stored, where=stored > 0)
    return cameras


def _differences(states: States, roster: Roster, cameras: Cameras, stored: U1, now: int) -> NDArray[np.void]:
    """FLIP_DTYPE rows for every camera whose ``stored`` answer (F, C) is not the derived one."""
    found = []
    for row, policy in enumerate(states.policies):
        differ = np.flatnonzero(stored[row] != cameras.answer[row])
        rows = np.zeros(len(differ), FLIP_DTYPE)
        rows["at"], rows["camera"], rows["facet"] = now, roster.camera_ids[differ], int(policy.facet)
        rows["old"], rows["new"] = stored[row, differ], cameras.answer[row, differ]
        rows["reason"] = answers(states, policy.facet, roster.roads, differ).reason
        cameras.since[row, differ] = now
        found.append(rows)
    return np.concatenate(found)
