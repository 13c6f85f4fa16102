"""The second examiner: a set is what it says, each fault shows and comes again; its scorer by hand-made sums."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.eye import examiner, examiner_pair, examiner_scene, examiner_score
from benchmarks.eye.examiner_camera import Sensor, exposed, labelled, make_text
from benchmarks.eye.examiner_fault import FAULTS
from benchmarks.eye.examiner_scene import Pixels, Source, View
from benchmarks.eye.examiner_score import Truth

SENSOR = Sensor(read=2.0, shot=0.0, colour=0.3, blotch=0.0, quality=85, corners=0.0)


def street(seed: int = 0) -> Pixels:
    """A drawn street: sky, houses with windows, road, marking. Light, busy, coloured."""
    rng = np.random.default_rng(seed)
    pixels = np.full((270, 480, 3), (215, 180, 150), np.uint8)
    pixels[165:] = (95, 100, 100)
    for left in range(0, 480, 60):
        top = int(rng.integers(40, 90))
        pixels[top:165, left : left + 56] = rng.integers(60, 200, 3)
        for x in range(left + 5, left + 52, 14):
            for y in range(top + 6, 158, 18):
                pixels[y : y + 10, x : x + 8] = rng.integers(10, 240, 3)
    cv2.line(pixels, (60, 269), (240, 165), (230, 235, 235), 6)
    return pixels.astype(np.float32)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed, cond in enumerate(("day", "day", "day", "indoor", "plain", "night")):
        cv2.imwrite(str(folder / f"{cond}_{seed}.png"), street(seed))
        (folder / f"{cond}_{seed}.png").rename(folder / f"{cond}_{seed}.jpg")
    return folder


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_set_is_whole_balanced_and_the_same_again(pictures: Path, tmp_path: Path) -> None:
    folder = examiner.Folder(examiner_scene.sources([pictures]), [])
    count = examiner.generate(folder, tmp_path / "one", 5, 8, 1)
    assert count == 8 + len(examiner_score.KINDS)
    items, truths = lines(tmp_path / "one/items.jsonl"), lines(tmp_path / "one/truth.jsonl")
    assert [item["id"] for item in items] == [truth["id"] for truth in truths]
    assert sorted(kind for truth in truths for kind in truth["faults"]) == sorted(examiner_score.KINDS)
    for item, truth in zip(items, truths, strict=True):
        sizes = {cv2.imread(path).shape for path in item["images"]}
        assert len(sizes) == 1
        assert 480 <= sizes.pop()[1] <= 1280
        assert (item["gap_s"] is not None) == (len(item["images"]) == 2)
        if truth["faults"] in (["frozen"], ["scene_change"]):
            assert len(item["images"]) == 2
    examiner.generate(folder, tmp_path / "two", 5, 8, 1)
    for path in (tmp_path / "one/images").iterdir():
        assert path.read_bytes() == (tmp_path / "two/images" / path.name).read_bytes()


@pytest.mark.parametrize(("kind", "how"), [(kind, how) for kind, ways in FAULTS.items() for how in ways])
@pytest.mark.parametrize("severity", [0.0, 1.0])
def test_every_way_of_a_fault_shows(kind: str, how: str, severity: float) -> None:
    rng = np.random.default_rng(3)
    before = exposed(rng, SENSOR, street())
    way = FAULTS[kind][how]
    light = street() if way.stage == "light" else before
    after = examiner.through(rng, np.random.default_rng(4), way, severity, SENSOR, light)
    assert after.shape == before.shape
    assert 0 <= after.min() <= after.max() <= 255
    assert examiner.shows(kind, before, after)


@pytest.mark.parametrize("how", FAULTS["black"])
def test_black_is_black(how: str) -> None:
    dark = examiner.through(
        np.random.default_rng(1), np.random.default_rng(2), FAULTS["black"][how], 0.0, SENSOR, street()
    )
    assert np.percentile(dark, 99) < 32


@pytest.mark.parametrize("cond", examiner_scene.WEATHER)
def test_weather_leaves_a_picture_to_look_at(cond: str) -> None:
    pixels = examiner_scene.WEATHER[cond](np.random.default_rng(2), street())
    assert pixels.shape == street().shape
    seen = examiner_scene.luma(pixels.clip(0, 255))
    assert seen.std() > 8
    assert np.percentile(seen, 95) > 40
    if cond == "ir":
        assert np.ptp(pixels, axis=2).max() == 0


def test_a_quiet_pair_moves_by_noise_and_a_frozen_one_does_not() -> None:
    rng = np.random.default_rng(8)
    view = View(street(), "day", "drawn")
    first, second = examiner_pair.HEALTHY_PAIRS["quiet"](rng, view, [])
    awake = [
        cv2.imdecode(np.frombuffer(data, np.uint8), 1)
        for data in examiner.shot(rng, (first, second), SENSOR, None, 60)
    ]
    moved = np.abs(awake[0].astype(float) - awake[1]).mean()
    assert 0.5 < moved < 4
    for how in examiner_pair.FROZEN:
        hung = examiner_pair.frozen(rng, how, street(), SENSOR, None, 60)
        still = [cv2.imdecode(np.frombuffer(data, np.uint8), 1)[50:-50].astype(float) for data in hung]
        assert np.abs(still[0] - still[1]).mean() < (0.7 * moved if how in ("recoded", "both") else 1e-9)


@pytest.mark.parametrize("how", examiner_pair.SCENE_CHANGES)
def test_a_changed_scene_is_another(how: str, pictures: Path) -> None:
    view = View(street(), "day", "drawn")
    first, second = examiner_pair.SCENE_CHANGES[how](
        np.random.default_rng(6), view, [Source(pictures / "day_1.jpg", "day")]
    )
    assert first.shape == second.shape
    grey = [examiner_scene.luma(pixels) for pixels in (first, second)]
    assert np.corrcoef(grey[0].ravel(), grey[1].ravel())[0, 1] < 0.8


def test_the_clock_runs_and_the_name_stays() -> None:
    text = make_text(np.random.default_rng(1))
    bare = np.full((480, 640, 3), 90, np.float32)
    now, again, later = (labelled(bare, text, second) for second in (0, 0, 61))
    assert (now == again).all()
    changed = np.nonzero((now != later).any(axis=(1, 2)))[0]
    assert changed.size
    assert np.ptp(changed) < 480 * 0.1


def test_parts_share_no_picture(pictures: Path) -> None:
    parts = [{source.path for source in examiner_scene.sources([pictures], part, 2)} for part in range(2)]
    assert parts[0].isdisjoint(parts[1])
    assert len(parts[0] | parts[1]) == 6
    with pytest.raises(ValueError, match="no pictures"):
        examiner_scene.sources([pictures / "nothing"])


def truth(faults: tuple[str, ...], cond: str = "day", pair: bool = False) -> Truth:
    return Truth(faults, cond, pair)


def test_the_score_by_hand() -> None:
    truths = {
        "a": truth(("blur",)),
        "b": truth(("blur",)),
        "c": truth(("black",)),
        "d": truth((), "night"),
        "e": truth((), "fog", pair=True),
        "f": truth(()),
    }
    said = {"a": ["blur"], "b": ["black"], "c": ["black", "blur"], "d": ["black"], "e": []}
    found = examiner_score.score(truths, said)
    assert found.kinds["blur"] == pytest.approx((1 / 2, 1 / 2, 1 / 2, 2))
    assert found.kinds["black"] == pytest.approx((1 / 3, 1.0, 1 / 2, 1))
    assert found.macro_f1 == pytest.approx(0.5)
    assert found.found == pytest.approx(2 / 3)
    assert found.alarms["all"] == (3, 1)
    assert found.alarms["night"] == (1, 1)
    assert found.alarms["ir+fog+rain+snow"] == found.alarms["pairs"] == (1, 0)
    assert "macro F1 0.500" in examiner_score.table(found)
    assert sum(examiner_score.misses(truths, said)["missed"].values()) == 1


def test_perfect_and_empty_answers() -> None:
    truths = {kind: truth((kind,)) for kind in examiner_score.KINDS}
    assert examiner_score.score(truths, {kind: [kind] for kind in truths}).macro_f1 == 1
    assert examiner_score.score(truths, {}).macro_f1 == 0


def test_answers_with_a_strange_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "1", "faults": ["rust"]}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="rust"):
        examiner_score.read_answers(path)
