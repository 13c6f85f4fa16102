"""The generator: every way is seeded, seen, in its place; items on disk tell the truth and no more."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.eye import baselines, camera, light, make_items, osd, pairs, sources, video
from benchmarks.eye.camera import Camera, Faults
from benchmarks.eye.faults import FAULTS, visible
from benchmarks.eye.image import Image, clipped, cloud, floats, grey
from benchmarks.eye.sources import Photo

WIDTH, HEIGHT = 352, 288
WAYS = [(kind, way) for kind, ways in FAULTS.items() for way in ways]


def scene(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """Daylight: coloured, textured, blocks with edges."""
    random = np.random.default_rng(seed)
    out = np.stack([30 + 200 * cloud(random, height, width, 5, 5) for _ in range(3)], axis=2)
    for _ in range(160):
        x, y = int(random.integers(width - 20)), int(random.integers(height - 20))
        out[y : y + int(random.integers(3, 30)), x : x + int(random.integers(3, 30))] = random.integers(
            10, 245, 3
        )
    return out.astype(np.float32)


def cam(codec: str = "jpeg", quality: int = 85, noise: float = 1.5) -> Camera:
    return Camera(
        WIDTH, HEIGHT, 0.3, 0.1, noise, 0.2, osd.style(np.random.default_rng(3)), True, codec, quality
    )


@pytest.mark.parametrize(("kind", "way"), WAYS, ids=[f"{kind}-{way.name}" for kind, way in WAYS])
def test_every_way_is_seeded_bounded_and_visible_when_plain(kind: str, way) -> None:
    before = scene()
    once, twice = (way.make(before.copy(), 0.6, np.random.default_rng(5)) for _ in range(2))
    if way.name != "real":  # a decoder conceals with whatever its buffers hold
        assert np.array_equal(once, twice)
    assert once.shape == before.shape
    assert np.isfinite(once).all()
    pictures = (
        make_items.with_fault(scene(n), cam(), np.random.default_rng(n), kind, way, 0.6, False)
        for n in range(6)
    )
    assert any(picture is not None for picture in pictures)


@pytest.mark.parametrize("kind", ["blur", "low_contrast", "colour_cast", "occlusion"])
def test_nothing_done_is_not_visible(kind: str) -> None:
    picture = floats(clipped(scene()))
    assert not visible(kind, picture, picture)


@pytest.mark.parametrize("way", ["gaussian", "disc", "double"])
def test_a_more_severe_blur_keeps_less_detail(way: str) -> None:
    make = next(w.make for w in FAULTS["blur"] if w.name == way)
    left = [
        float(np.abs(np.diff(grey(make(scene(), s, np.random.default_rng(2))), axis=1)).mean())
        for s in (0.0, 0.5, 1.0)
    ]
    assert left[0] > left[1] > left[2]


def test_the_clock_is_sharp_on_a_blurred_picture() -> None:
    make = FAULTS["blur"][0].make
    faults = Faults(optics=lambda image: make(image, 1.0, np.random.default_rng(0)))
    seen = camera.seen(scene(), cam(noise=0), np.random.default_rng(1), faults)
    named = camera.sent(seen, cam(), 0, faults)
    assert np.array_equal(named[120:160], seen[120:160])
    ink = np.abs(named - seen).max(axis=2) > 60
    assert 20 < ink.sum() < 0.2 * ink.size
    step = np.abs(np.diff(grey(named), axis=1))
    assert step[ink[:, 1:]].max() > 4 * np.abs(np.diff(grey(seen), axis=1)).max()


def test_the_clock_runs_and_the_name_stays() -> None:
    look, blank = osd.style(np.random.default_rng(8)), np.full((HEIGHT, WIDTH, 3), 90, np.float32)
    first, second = osd.drawn(blank, look, 0), osd.drawn(blank, look, 61)
    changed = np.abs(first - second).max(axis=(1, 2)) > 0
    half = slice(0, HEIGHT // 2) if look.clock_at[1] < 0.5 else slice(HEIGHT // 2, HEIGHT)
    other = slice(HEIGHT // 2, HEIGHT) if half.start == 0 else slice(0, HEIGHT // 2)
    assert changed[half].any()
    assert not changed[other].any()


def test_frozen_is_one_exposure_and_a_quiet_scene_is_two() -> None:
    quiet = cam(noise=2.0)
    first = camera.seen(scene(), quiet, np.random.default_rng(1))
    again = camera.seen(scene(), quiet, np.random.default_rng(2))
    assert np.abs(first - again).mean() > 0.8
    ways = set()
    for seed in range(14):
        way, files = pairs.frozen(first, quiet, 300, np.random.default_rng(seed))
        older, newer = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in files)
        middle = np.abs(older[100:180].astype(int) - newer[100:180]).mean()
        assert middle == 0 if way in ("repeat", "clock_too") else middle < 8
        ways.add(way)
    assert {"repeat", "recoded", "video", "stream"} <= ways


def test_the_same_scene_twice_is_alike_and_another_is_not() -> None:
    assert pairs.alike(scene(1), scene(1) * 0.7)
    assert not pairs.alike(scene(1), scene(2))
    assert pairs.textured(scene(1))
    assert not pairs.textured(np.full((HEIGHT, WIDTH, 3), 120, np.float32))


@pytest.mark.parametrize("name", sorted(light.CONDITIONS))
def test_made_light_and_weather(name: str) -> None:
    made = light.CONDITIONS[name](scene(), np.random.default_rng(4))
    assert made.shape == (HEIGHT, WIDTH, 3)
    assert np.isfinite(made).all()
    if name == "ir":
        assert np.ptp(made, axis=2).max() == 0
    if name in ("night", "ir", "dusk"):
        assert made.mean() < 0.8 * scene().mean()


def test_damaged_streams_never_raise() -> None:
    random = np.random.default_rng(0)
    pictures = [clipped(np.roll(scene(), 3 * n, 1)) for n in range(3)]
    for codec in video.CODECS:
        packets = video.encoded(pictures, codec, 28, 50)
        assert len(video.decoded(packets, codec)) == 3
        for share in (0.1, 0.5, 0.95):
            broken = [video.damaged(packet, random, share) for packet in packets]
            assert len(video.decoded(broken, codec)) <= 3


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten drawn photos of two sources, and a real pair."""
    folder = tmp_path_factory.mktemp("photos")
    with (folder / "manifest.csv").open("w", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["file", "role", "source", "scene", "cond", "group"])
        for n in range(10):
            cv2.imwrite(str(folder / f"{n}.png"), clipped(scene(n, 480, 300)))
            table.writerow([f"{n}.png", "healthy", f"made:{'ab'[n % 2]}", "blocks", "day", ""])
    (folder / "pairs.csv").write_text(
        "file_a,file_b,source,scene,cond\n0.png,2.png,made:a,blocks,day\n", "utf-8"
    )
    return folder


def test_items_are_seeded_and_tell_only_what_a_judge_may_know(folder: Path, tmp_path: Path) -> None:
    kinds = ["black", "blur", "stripes", "no_signal", "frozen", "scene_change"]
    common = ["--per-kind", "1", "--healthy", "2", "--pairs", "2", "--split", "all", "--frames", str(folder)]
    common += ["--kinds", ",".join([*kinds, "healthy", "healthy_pair"])]
    for name, seed in (("x", "4"), ("y", "4"), ("z", "5")):
        assert make_items.main([*common, "--seed", seed, "--out", str(tmp_path / name)]) == 0
    files = {name: sorted((tmp_path / name / "images").iterdir()) for name in "xyz"}
    data = {name: [path.read_bytes() for path in paths] for name, paths in files.items()}
    assert data["x"] == data["y"]
    assert data["x"] != data["z"]
    items = [json.loads(line) for line in (tmp_path / "x" / "items.jsonl").read_text("utf-8").splitlines()]
    truth = [json.loads(line) for line in (tmp_path / "x" / "truth.jsonl").read_text("utf-8").splitlines()]
    assert [item["id"] for item in items] == [fact["id"] for fact in truth]
    assert {key for item in items for key in item} == {"id", "images", "gap_s"}
    assert sorted(kind for fact in truth for kind in fact["faults"]) == sorted(kinds)
    for item, fact in zip(items, truth, strict=True):
        assert fact["pair"] == (len(item["images"]) > 1) == ("gap_s" in item)
        assert not any(kind in json.dumps(item) for kind in make_items.KINDS)
    sizes = {cv2.imread(str(path)).shape for path in files["x"]}
    assert all(352 <= width <= 1280 for _, width, _ in sizes)


def test_no_source_is_on_both_sides() -> None:
    names = [f"github:somebody/{n}" for n in range(60)]
    for held in range(sources.FOLDS):
        sides = {name: sources.split(name, held) for name in names}
        assert set(sides.values()) == {"dev", "held"}
    assert all(
        sum(sources.split(name, held) == "held" for held in range(sources.FOLDS)) == 1 for name in names
    )


def test_the_manifest_names_version_licence_and_hash_of_every_picture() -> None:
    packages = sources.packages()
    assert packages
    for package in packages:
        assert package["kind"] in ("debian", "pypi")
        assert package["version"]
        assert package["licence"]
        assert all(len(file["sha256"]) == 64 and file["condition"] for file in package["files"])


def test_without_pictures_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMERAHUB_FRAMES", raising=False)
    monkeypatch.delenv("CAMERAHUB_EYE_CACHE", raising=False)
    with pytest.raises(SystemExit, match="CAMERAHUB_FRAMES"):
        sources.everything()


def test_the_recipe_knows_black_and_blur(tmp_path: Path) -> None:
    pictures = {"black": np.zeros((90, 160, 3), np.uint8), "blur": np.full((90, 160, 3), 120, np.uint8)}
    for kind, picture in pictures.items():
        cv2.imwrite(str(tmp_path / f"{kind}.png"), picture)
        assert baselines.opencv_recipe([tmp_path / f"{kind}.png"]) == [kind]
    cv2.imwrite(str(tmp_path / "ok.png"), clipped(scene()))
    assert baselines.opencv_recipe([tmp_path / "ok.png"]) == []
    assert baselines.opencv_more([tmp_path / "ok.png"] * 2) == ["frozen"]


def test_a_photo_knows_its_fold() -> None:
    photo = Photo(Path("x.jpg"), "github:isfinne/YOLOP", "street", "night")
    assert photo.fold == sources.fold("github:isfinne/YOLOP") == 0


def test_sequences_of_shake_and_of_a_light_wind(folder: Path, tmp_path: Path) -> None:
    arguments = ["--per-kind", "0", "--sequences", "1", "--split", "all", "--frames", str(folder)]
    assert make_items.main([*arguments, "--seed", "2", "--out", str(tmp_path)]) == 0
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()]
    assert sorted(map(tuple, (fact["faults"] for fact in truth))) == [(), ("shake",)]
    assert len(list((tmp_path / "images").iterdir())) == 12
