"""Weather: a township that turns together is held; one camera, or one that was bad before, never is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.result import FAULT_KINDS, REASON_CODES
from camerahub.core.weather import KINDS, LEAST, Weather
from camerahub.services.gallery import MAYBE_WEATHER

ROUND, MINUTE = 900_000_000, 60_000_000
T0 = 1_800_000_000_000_000


class Sky:
    """Two townships: cameras 0..n-1 in the first, n..2n-1 in the second; each is looked at once a round, in turn."""

    def __init__(self, n: int = 40) -> None:
        self.n = n
        self.weather = Weather.clear(np.repeat([0, 1], n), 2)
        self.up = np.ones(2 * n, bool)
        self.now = T0

    def look(self, places: list[int], reason: str) -> list[bool]:
        """One look at each; whether it is held. A fault that is not held counts as known from then on."""
        place = np.array(places)
        self.now += ROUND // (2 * self.n) * len(places)
        held = self.weather.take(
            place,
            np.full(len(places), REASON_CODES[reason], np.uint8),
            np.full(len(places), self.now),
            self.up[place],
            self.now,
            ROUND,
        )
        return held.tolist()

    def settle(self) -> None:
        for _ in range(2):
            self.look(list(range(2 * self.n)), "ok")


def test_a_township_that_turns_together_is_held_and_its_neighbour_is_not() -> None:
    sky = Sky()
    sky.settle()
    held = [held for camera in range(sky.n) for held in sky.look([camera], "low_contrast")]
    assert not any(held[: LEAST - 1])
    assert all(held[sky.n // 2 :])
    assert sky.weather.since[0] > 0
    assert sky.weather.since[1] == 0
    assert sky.weather.held().tolist() == [sky.n, 0]
    assert sky.look([sky.n + 1], "low_contrast") == [False]


def test_it_ends_when_the_sky_clears() -> None:
    sky = Sky()
    sky.settle()
    sky.look(list(range(sky.n)), "underexposed")
    assert sky.weather.since[0] > 0
    for camera in range(sky.n):
        sky.look([camera], "ok")
    assert sky.weather.since.tolist() == [0, 0]
    assert sky.weather.held().tolist() == [0, 0]


def test_faults_that_no_weather_makes_are_never_held() -> None:
    for kind in set(FAULT_KINDS) - set(KINDS):
        sky = Sky(12)
        sky.settle()
        assert not any(sky.look(list(range(12)), kind))
        assert not sky.weather.since.any()


def test_a_camera_that_was_blurred_before_stays_faulty_in_fog() -> None:
    sky = Sky()
    sky.settle()
    sky.up[3] = False
    assert sky.look([3], "blur") == [False]
    assert all(sky.look([c for c in range(sky.n) if c != 3], "blur"))
    assert sky.look([3], "blur") == [False]


def test_a_cold_start_in_fog_calls_nothing_weather() -> None:
    """Nobody was seen intact, so nobody turned: that is said, not guessed."""
    sky = Sky()
    sky.up[:] = False
    assert not any(sky.look(list(range(sky.n)), "low_contrast"))
    assert not sky.weather.since.any()


def test_few_cameras_are_no_weather() -> None:
    sky = Sky(LEAST - 1)
    sky.settle()
    assert not any(sky.look(list(range(LEAST - 1)), "blur"))


def test_dusk_in_a_small_township_is_seen_within_a_round() -> None:
    sky = Sky(8)
    sky.settle()
    held = [held for camera in range(8) for held in sky.look([camera], "underexposed")]
    assert held[-1]


@given(st.lists(st.tuples(st.integers(0, 23), st.sampled_from(["ok", "blur", "frozen"])), max_size=60))
def test_one_by_one_and_held_only_where_there_is_weather(looks: list[tuple[int, str]]) -> None:
    sky = Sky(12)
    sky.settle()
    for camera, reason in looks:
        (held,) = sky.look([camera], reason)
        assert not held or (reason == "blur" and sky.weather.since[camera // 12] > 0)
        assert not held or sky.weather.turned_at[camera] > 0
    assert (sky.weather.held() <= 12).all()


def test_probers_know_the_same_kinds() -> None:
    assert MAYBE_WEATHER == KINDS
