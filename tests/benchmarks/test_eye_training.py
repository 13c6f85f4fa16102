"""The items that teach the eye: the same whoever makes them; bare views are bare, seeded and within range."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.eye import bare, learn, training
from benchmarks.eye.image import clipped, cloud, grey
from camerahub.frames import forest
from camerahub.frames.verdict import FOREST


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four drawn photos of two sources."""
    folder = tmp_path_factory.mktemp("photos")
    with (folder / "manifest.csv").open("w", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["file", "role", "source", "scene", "cond", "group"])
        for n in range(4):
            random = np.random.default_rng(n)
            photo = np.stack([255 * cloud(random, 400, 640, 8, 5) for _ in range(3)], axis=2)
            cv2.imwrite(str(folder / f"{n}.png"), clipped(photo))
            table.writerow([f"{n}.png", "healthy", f"made:{'ab'[n % 2]}", "clouds", "day", ""])
    return folder


def _made(folder: Path, out: Path, part: str) -> dict[str, tuple[str, bytes]]:
    arguments = ["--seed", "3", "--per-kind", "1", "--healthy", "4", "--frames", str(folder)]
    assert training.main([*arguments, "--part", part, "--out", str(out)]) == 0
    rows = [json.loads(line) for line in (out / "truth.jsonl").read_text("utf-8").splitlines()]
    return {
        row["id"]: (json.dumps(row), (out / "images" / f"{row['id']}-0.jpg").read_bytes()) for row in rows
    }


def test_two_halves_are_the_whole(folder: Path, tmp_path: Path) -> None:
    whole = _made(folder, tmp_path / "all", "0/1")
    first, second = (_made(folder, tmp_path / f"part{n}", f"{n}/2") for n in range(2))
    assert first | second == whole
    assert not first.keys() & second.keys()
    kinds = [(json.loads(row)["faults"] or ["healthy"])[0] for row, _ in whole.values()]
    assert kinds.count("healthy") == 4
    assert kinds.count("occlusion") == 3


def test_a_later_start_goes_on_where_the_earlier_one_ends(folder: Path, tmp_path: Path) -> None:
    arguments = ["--seed", "3", "--per-kind", "1", "--healthy", "4", "--frames", str(folder)]
    for name, more in (
        ("both", ["--until", "6"]),
        ("one", ["--until", "3"]),
        ("two", ["--since", "3", "--until", "6"]),
    ):
        assert training.main([*arguments, *more, "--out", str(tmp_path / name)]) == 0
    both, one, two = ((tmp_path / name / "truth.jsonl").read_text("utf-8") for name in ("both", "one", "two"))
    assert one + two == both


def test_what_is_learned_can_be_learned_again(folder: Path, tmp_path: Path) -> None:
    _made(folder, tmp_path / "items", "0/1")
    written = []
    for name in ("once.npz", "again.npz"):
        out = tmp_path / name
        assert learn.main(["--items", str(tmp_path / "items"), "--rounds", "3", "--out", str(out)]) == 0
        (tmp_path / "items" / "measures.npz").unlink()
        written.append(out.read_bytes())
    assert written[0] == written[1]
    assert forest.loaded(tmp_path / "once.npz").kinds == FOREST.kinds


@pytest.mark.parametrize("name", sorted(bare.SURFACES))
def test_a_drawn_surface_is_seeded_bounded_and_neither_black_nor_burnt(name: str) -> None:
    once, twice = (bare.SURFACES[name](288, 352, np.random.default_rng(n)) for n in (1, 1))
    assert np.array_equal(once, twice)
    assert once.shape == (288, 352, 3)
    assert 0 <= once.min() <= once.max() <= 255
    assert 20 < grey(once).mean() < 245


def test_the_barest_window_misses_what_there_is_to_see() -> None:
    picture = np.full((600, 900, 3), 120, np.uint8)
    picture[:, :300] = np.random.default_rng(0).integers(0, 255, (600, 300, 3))
    found = bare.window(picture, 352, 288, np.random.default_rng(2))
    assert found is not None
    assert found.shape == (288, 352, 3)
    assert found[:, 60:].std() < 1
    assert bare.window(picture[:300], 352, 288, np.random.default_rng(2)) is None
