"""From the first camera down to the last one up: one incident a cause, whatever the order and the lateness."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from camerahub.core.incidents import AGAIN, QUIET, RECHECK, WINDOW, YOUNG, Change, Event, Incidents
from camerahub.core.suspects import Shared
from tests.core.test_suspects import County, county

I8 = NDArray[np.int64]
Bools = NDArray[np.bool_]
S = 1_000_000


class Centre:
    """Incidents beside the truth of who is down, on a clock of its own."""

    def __init__(self, place: County) -> None:
        self.place = place
        self.down = np.zeros(place.size, np.bool_)
        self.incidents = Incidents.none(place.shared, place.size)
        self.now = 1_000 * S
        self.events: list[Event] = []

    def fall(self, cameras: I8 | list[int], seconds: float = 0.0) -> None:
        """These go down, spread over ``seconds``."""
        cameras = np.sort(np.asarray(cameras, np.int64))
        parts = [part for part in np.array_split(cameras, max(1, int(seconds))) if len(part)]
        for part in parts:
            self.down[part] = True
            self.incidents.down(part, self.now)
            if seconds:
                self.wait(1)

    def rise(self, cameras: I8 | list[int]) -> None:
        cameras = np.asarray(cameras, np.int64)
        self.down[cameras] = False
        self.events += self.incidents.up(cameras, self.now)

    def wait(self, seconds: float) -> None:
        """Time passes, and the incidents are woken when they asked for it."""
        until = self.now + int(seconds * S)
        while 0 < (wake := self.incidents.wake_at()) <= until:
            self.now = max(self.now, wake)
            self.events += self.incidents.tick(self.now, self.judged())
        self.now = until

    def judged(self) -> Bools:
        return ~self.down

    def changes(self) -> Counter[str]:
        return Counter(event.change.value for event in self.events)

    def kinds(self) -> Counter[str]:
        return Counter(one.kind for one in self.incidents.open.values())

    def of(self, kind: str, group: int) -> I8:
        return np.flatnonzero(self.place.of(kind, group))


def test_one_camera_is_one_incident_from_down_to_up() -> None:
    centre = Centre(county(400))
    centre.fall([5])
    centre.wait(QUIET / S + 1)
    assert centre.kinds() == {"camera": 1}
    centre.rise([5])
    assert not centre.incidents.open
    assert [event.change for event in centre.events] == [Change.OPENED, Change.CLOSED]


def test_who_comes_back_before_anything_was_said_leaves_no_trace() -> None:
    centre = Centre(county(400))
    centre.fall([5, 9])
    centre.rise([5, 9])
    centre.wait(1000)
    assert centre.events == []


def test_a_switch_whose_cameras_go_one_after_the_other_is_one_incident_within_two_minutes() -> None:
    centre = Centre(county(4000))
    centre.fall(centre.of("switch", 3), seconds=65)
    centre.wait(55)
    assert centre.kinds() == {"switch": 1}
    assert centre.changes() == {"opened": 1}


def test_cameras_that_come_after_the_window_join_their_switch() -> None:
    centre = Centre(county(4000))
    cameras = centre.of("switch", 3)
    centre.fall(cameras[:80])
    centre.wait(200)
    centre.fall(cameras[80:85])
    centre.wait(5000)
    centre.fall(cameras[85:])
    centre.wait(200)
    assert centre.kinds() == {"switch": 1}
    assert centre.changes() == {"opened": 1, "joined": 2}


def test_a_wider_cause_that_shows_itself_late_takes_in_the_poles() -> None:
    centre = Centre(county(4000))
    cameras = centre.of("switch", 3)
    centre.fall(cameras[:20])
    centre.wait(100)
    assert set(centre.kinds()) == {"onu"}
    centre.fall(cameras[20:])
    centre.wait(100)
    assert centre.kinds() == {"switch": 1}
    assert centre.changes()["absorbed"] == 2
    assert len(next(iter(centre.incidents.open.values())).cameras) == 100


def test_old_incidents_are_not_taken_in_by_what_happens_today() -> None:
    centre = Centre(county(4000))
    centre.fall([600])
    centre.wait(YOUNG / S + 100)
    centre.fall([n for n in centre.of("switch", 6).tolist() if n != 600])
    centre.wait(100)
    assert centre.kinds() == {"camera": 1, "switch": 1}


def test_a_recovery_is_told_once_and_those_that_stay_down_have_causes_of_their_own() -> None:
    centre = Centre(county(26_000))
    switch = Shared("switch", np.where(np.arange(26_000) < 2000, 0, centre.place.shared[3].group))
    centre = Centre(County((*centre.place.shared[:3], switch, *centre.place.shared[4:])))
    centre.fall(np.arange(2000), seconds=60)
    centre.wait(60)
    assert centre.kinds() == {"switch": 1}
    left = np.arange(0, 2000, 40)
    centre.rise(np.setdiff1d(np.arange(2000), left)[:10])
    assert centre.changes()["recovering"] == 1
    assert len(centre.events[-1].cameras) == 1990, "they are to be looked at again"
    centre.rise(np.setdiff1d(np.arange(2000), left)[10:])
    centre.wait(RECHECK / S + 1)
    assert centre.kinds() == {"camera": 50}
    assert centre.changes() == {"opened": 51, "recovering": 1, "closed": 1}
    assert {event.other for event in centre.events[-50:]} == {1}


def test_one_camera_that_comes_back_is_no_recovery_of_its_switch() -> None:
    centre = Centre(county(4000))
    centre.fall(centre.of("switch", 3))
    centre.wait(100)
    centre.rise([305])
    centre.wait(RECHECK / S + 1)
    assert centre.kinds() == {"switch": 1}
    assert centre.changes() == {"opened": 1, "recovering": 1, "stayed": 1}


def test_a_flapping_line_is_one_incident() -> None:
    centre = Centre(county(4000))
    cameras = centre.of("switch", 3)
    for _ in range(6):
        centre.fall(cameras, seconds=40)
        centre.wait(100)
        centre.rise(cameras)
        centre.wait(120)
    assert centre.incidents.last == 1
    assert centre.changes() == {"opened": 1, "closed": 6, "reopened": 5}


def test_a_cause_that_fails_again_much_later_is_another_incident() -> None:
    centre = Centre(county(400))
    for _ in range(2):
        centre.fall([5])
        centre.wait(100)
        centre.rise([5])
        centre.wait(AGAIN / S + 100)
    assert centre.incidents.last == 2


def test_nobody_waits_longer_than_the_window() -> None:
    centre = Centre(county(4000))
    centre.fall(np.arange(0, 3000, 20), seconds=150)
    assert min(event.at for event in centre.events) <= 1_000 * S + WINDOW


def test_a_pole_that_was_taken_in_may_fail_again_with_its_other_cameras() -> None:
    """Its first half is the switch's by then; what is left of it is an incident of its own, not the one that ended."""
    pole = np.array([0, 0, 0, 0, *range(1, 11)], np.int64)
    switch = np.array([0, 0, 1, 1, *[0] * 8, 2, 2], np.int64)
    centre = Centre(County((Shared("pole", pole), Shared("switch", switch))))
    judged = ~np.isin(np.arange(14), [2, 3])  # nobody could look at these two yet
    centre.incidents.down(np.array([0, 1]), centre.now)
    (first,) = centre.incidents.tick(centre.now + QUIET, judged)
    centre.incidents.down(np.arange(2, 12), centre.now + WINDOW)
    events = centre.incidents.tick(centre.now + WINDOW + QUIET, np.ones(14, np.bool_))
    assert Counter(event.change for event in events) == {Change.OPENED: 2, Change.ABSORBED: 1}
    held = {one.kind: one.cameras.tolist() for one in centre.incidents.open.values()}
    assert held == {"switch": [0, 1, *range(4, 12)], "pole": [2, 3]}
    assert first.number not in centre.incidents.open


Move = tuple[bool, list[int], int]
MOVES = st.lists(
    st.tuples(st.booleans(), st.lists(st.integers(0, 59), min_size=1, max_size=25), st.integers(0, 120)),
    max_size=25,
)


@settings(max_examples=60)
@given(MOVES)
def test_whoever_is_down_is_of_exactly_one_open_incident_once_it_is_quiet(moves: list[Move]) -> None:
    centre = Centre(county(60))
    for falls, cameras, seconds in moves:
        if falls:
            centre.fall([n for n in sorted(set(cameras)) if not centre.down[n]])
        else:
            centre.rise([n for n in sorted(set(cameras)) if centre.down[n]])
        centre.wait(seconds)
    centre.wait(400)
    held = [n for one in centre.incidents.open.values() for n in one.cameras.tolist()]
    assert sorted(held) == np.flatnonzero(centre.down).tolist()
    assert all(centre.incidents.owner[one.cameras].tolist() == [one.number] * len(one.cameras)
               for one in centre.incidents.open.values())  # fmt: skip
    assert not any(centre.incidents.owner[~centre.down])
    assert centre.incidents.wake_at() == 0


@settings(max_examples=60)
@given(MOVES)
def test_what_is_told_adds_up_to_what_is_open(moves: list[Move]) -> None:
    """Somebody who hears the events alone knows which incidents are open."""
    centre = Centre(county(60))
    for falls, cameras, seconds in moves:
        chosen = [n for n in sorted(set(cameras)) if bool(centre.down[n]) is not falls]
        (centre.fall if falls else centre.rise)(chosen)
        centre.wait(seconds)
    centre.wait(400)
    known: set[int] = set()
    for event in centre.events:
        if event.change in (Change.OPENED, Change.REOPENED):
            assert event.number not in known
            known.add(event.number)
        elif event.change in (Change.CLOSED, Change.ABSORBED):
            known.remove(event.number)
        else:
            assert event.number in known
    assert known == set(centre.incidents.open)
