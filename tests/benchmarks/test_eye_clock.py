"""The simulated day: thirty cameras of drawn scenes in seconds; the footage is what it says it is."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.eye import clock, footage
from benchmarks.eye.clock import STAYS, simulate
from benchmarks.eye.footage import ROUNDS, Scene, exposed, lit, view
from benchmarks.eye.image import Bytes, clipped, cloud
from benchmarks.eye.sources import Photo


def drawn(seed: int) -> Bytes:
    """Daylight over something like a street: walls, windows, a road, all with texture."""
    random = np.random.default_rng(seed)
    out = np.stack([40 + 120 * cloud(random, 480, 800, 6, 7) for _ in range(3)], axis=2) * 0.5
    out += (50 + 90 * cloud(random, 480, 800, 40, 3))[..., None]
    for _ in range(260):
        x, y = int(random.integers(780)), int(random.integers(460))
        w, h = (int(v) for v in random.integers(4, 40, 2))
        tone = float(random.normal(0, 35))
        turn, thick = float(random.integers(180)), 1 + int(random.integers(3))
        cv2.ellipse(out, (x, y), (w, h), turn, 0, 360, (120 + tone,) * 3, thick)
    return clipped(out.astype(np.float32))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures are so small that threads wait for each other longer than they work."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    folder = tmp_path_factory.mktemp("scenes")
    found = []
    for seed in range(3):
        path = Path(folder) / f"{seed}.png"
        cv2.imwrite(str(path), drawn(seed))
        found.append(Photo(path, f"drawn:{seed}", "street", "day"))
    return found


def test_a_day_of_thirty_cameras(photos: list[Photo]) -> None:
    """A ninth of the rounds: hardly a healthy camera is accused, and most of what befalls the others is told."""
    tally = simulate(photos, cameras=30, ill=6, seed=4, scenes=2, past=True, every=9)
    assert (len(tally.unlucky), tally.healthy) == (6, 24 * len(range(0, ROUNDS, 9)))
    assert len({camera for camera, *_ in tally.wrong}) <= 1, tally.wrong
    found = [fate for fate in tally.unlucky if fate.found is not None]
    assert len(found) >= 3, tally.unlucky
    lines = clock.report(tally)
    assert any("cameras falsely faulted" in line for line in lines)


def test_the_same_seed_gives_the_same_day(photos: list[Photo]) -> None:
    once, twice = (simulate(photos[:1], 3, 2, 9, 1, True, every=9) for _ in range(2))
    assert [(fate.kind, fate.way, fate.at, fate.found) for fate in once.unlucky] == [
        (fate.kind, fate.way, fate.at, fate.found) for fate in twice.unlucky
    ]
    assert once.raw == twice.raw


def test_light_goes_through_the_day_and_infrared_has_no_colour(photos: list[Photo]) -> None:
    random = np.random.default_rng(2)
    seen = view(random, photos[0])
    seen.dark, seen.weather, seen.low_sun = "ir", (), False
    names = [lit(seen, at * 24 / ROUNDS) for at in range(ROUNDS)]
    assert (names[0][0], names[48][1], names[-1][0]) == ("ir", "day", "ir")
    assert {"dusk", "day", "ir"} == {name for one, other, _ in names for name in (one, other)}
    assert all(0 <= share <= 1 for *_, share in names)
    scene = Scene(photos[0], drawn(5), 1)
    by_day, by_night = (
        exposed(scene, seen, at, random)[30:-30].astype(int)[40:-60] for at in (ROUNDS // 2, 0)
    )
    assert np.ptp(by_night, axis=2).mean() < 2 < np.ptp(by_day, axis=2).mean()
    assert by_night.mean() < by_day.mean()


def test_a_frozen_camera_repeats_one_exposure_under_a_running_clock(photos: list[Photo]) -> None:
    scene = Scene(photos[0], drawn(5), 1)
    one = clock.One(view(np.random.default_rng(3), photos[0]), np.random.default_rng(3))
    one.misfortune = clock.Misfortune("frozen", "repeat", 10)
    alive = clock.seen_at(one, scene, 9)
    first, second = (clock.seen_at(one, scene, at) for at in (10, 11))
    middle = slice(one.seen.cam.height // 3, 2 * one.seen.cam.height // 3)
    assert np.array_equal(first[middle], second[middle])
    assert not np.array_equal(alive[middle], first[middle])
    assert not np.array_equal(first, second) or one.seen.cam.look is None
    assert not one.misfortune.now(10 + STAYS)


def test_only_what_can_be_shown_in_every_light_is_a_scene() -> None:
    def photo(condition: str, role: str = "healthy", older: Path | None = None) -> Photo:
        return Photo(Path("a"), "s", "street", condition, role, older=older)

    wanted = [photo("day"), photo("plain"), photo("indoor"), photo("day", "clip")]
    others = [photo("night"), photo("ir"), photo("day", "fault:blur"), photo("day", older=Path("b"))]
    assert clock.stills([*wanted, *others]) == wanted


def test_name_and_clock_are_drawn_as_the_camera_draws_them() -> None:
    random = np.random.default_rng(1)
    photo = Photo(Path("a"), "s", "street", "day")
    seen = next(one for one in (view(random, photo) for _ in range(20)) if one.cam.look)
    grey = np.full((seen.cam.height, seen.cam.width, 3), 90, np.uint8)
    shown = footage.named(grey.copy(), seen, 3)
    changed = (shown != grey).any(axis=2).mean()
    assert 0.001 < changed < 0.3
    middle = slice(seen.cam.height // 3, seen.cam.height // 2)
    assert np.array_equal(shown[middle], grey[middle])
