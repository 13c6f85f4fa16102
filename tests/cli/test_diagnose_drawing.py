"""What ``--picture`` draws: a sheet of one item, a wall of many, and the cells that show why."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from camerahub.cli import diagnose_pen as pen
from camerahub.cli.diagnose_drawing import MOST_TILES, Drawing, images
from camerahub.cli.diagnose_items import Item, Problem
from camerahub.cli.diagnose_line import Finding, Verdict
from camerahub.cli.diagnose_pool import Judged
from camerahub.cli.diagnose_sheet import sheet
from camerahub.cli.diagnose_where import COLUMNS, KINDS, ROWS, marked
from camerahub.cli.main import run
from camerahub.core.texts import CATALOGUE, Text
from tests.cli.diagnosing import black, daylight, save
from tests.frames.draw import Image, noisy

Heard = pytest.CaptureFixture[str]
ALL_KINDS = [key.removeprefix("diagnose.kind.") for key in CATALOGUE if key.startswith("diagnose.kind.")]


@cache
def street(seed: int, width: int, height: int) -> bytes:
    return daylight(seed, width, height).tobytes()


def item(
    *found: tuple[str, float], pictures: int = 1, verdict: str = "fault", size: tuple[int, int] = (360, 640)
) -> Judged:
    height, width = size
    pixels = tuple(street(n, width, height) for n in range(pictures))
    findings = tuple(Finding(kind, severity, "fault") for kind, severity in found)
    measures = {f"measure_{n}": None if n == 3 else random.random() for n in range(20)}
    return Judged(
        Item("id", "镇东路口 01"),
        Verdict(
            verdict,
            "night",
            findings,
            measures,
            pictures,
            gap_s=900.0 if pictures > 1 else None,
            width=1280,
            height=720,
            shown=(size,) * pictures,
        ),
        pixels=pixels,
    )


def coloured(canvas: Image, colour: pen.Colour) -> int:
    return int(np.count_nonzero((canvas == colour).all(axis=2)))


def test_one_item_is_a_sheet_and_many_are_a_wall(tmp_path: Path, capsys: Heard) -> None:
    path = save(tmp_path / "a.jpg", black(1280, 960))
    (tmp_path / "text.jpg").write_text("text")
    out = tmp_path / "out.png"
    assert run(["diagnose", str(path), "--picture", str(out), "--json"]) == 0
    one = cv2.imread(str(out))
    assert one.shape[1] == 1280
    assert coloured(one, pen.RED) > 1000
    assert run(["diagnose", str(tmp_path), str(path), "--picture", str(out), "--json"]) == 3
    many = cv2.imread(str(out))
    assert coloured(many, pen.RED) > 2000
    assert coloured(many, pen.GREY) > 1000
    assert str(out) in capsys.readouterr().err


def test_a_drawing_that_cannot_be_written_is_told_after_the_summary(tmp_path: Path, capsys: Heard) -> None:
    path = save(tmp_path / "a.jpg", black())
    (tmp_path / "dangling.png").symlink_to(tmp_path / "no" / "x.png")
    (tmp_path / "full.png").symlink_to("/dev/full")
    for name, code in (("dangling.png", 2), ("full.png", 4)):
        assert run(["diagnose", str(path), "--picture", str(tmp_path / name), "--json"]) == code
        heard = capsys.readouterr()
        assert '"summary"' in heard.out
        assert name in heard.err


@pytest.mark.parametrize("chinese", [True, False])
def test_every_kind_can_be_drawn(chinese: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pen.knows_chinese()
    if not chinese:
        monkeypatch.setattr(pen, "knows_chinese", lambda: False)
        monkeypatch.delattr(cv2, "FontFace")
    assert len(ALL_KINDS) == 14
    for kind in ALL_KINDS if chinese else ALL_KINDS[:2]:
        judged = item((kind, 0.9), ("blur", 0.6), pictures=3)
        canvas = sheet(judged, images(judged))
        assert coloured(canvas, pen.RED) > 1000, kind


def test_sheets_of_what_is_fine_and_of_what_is_unknown() -> None:
    fine = item(verdict="ok")
    assert coloured(sheet(fine, images(fine)), pen.GREEN) > 1000
    unknown = Judged(Item("path", "x"), Verdict("unknown", problem="damaged"), Problem("damaged", "x" * 500))
    assert coloured(sheet(unknown, []), pen.GREY) > 1000


def test_a_wall_is_bounded_and_shows_faults_first() -> None:
    drawing = Drawing(Path("unused.png"), 1000)
    faults = 0
    for n in range(2 * MOST_TILES):
        faulty = n % 10 == 9
        faults += faulty
        found = (("black", 0.9),) if faulty else ()
        drawing.take(item(*found, verdict="fault" if faulty else "ok", size=(36, 64)))
    kept = drawing.tiles()
    assert len(kept) == MOST_TILES
    assert sum(tile.verdict == "fault" for tile in kept) == faults
    assert [tile.order for tile in kept] == sorted(tile.order for tile in kept)


def test_words_are_fitted_and_wrapped() -> None:
    long = "/data/某县/" + "目录/" * 60 + "摄像机.jpg"
    fitted = pen.fitted(long, 14, 200)
    assert pen.width(fitted, 14) <= 200
    assert fitted.endswith("摄像机.jpg")
    lines = pen.wrapped("one two three four five six seven eight nine ten", 14, 120, 9)
    assert " ".join(lines) == "one two three four five six seven eight nine ten"
    assert all(pen.width(line, 14) <= 120 for line in lines)
    assert len(pen.wrapped("字" * 300, 14, 100, 3)) == 3
    assert pen.said(Text("黑屏", "black")) == "黑屏"


def test_cells_lie_where_the_fault_is() -> None:
    image = noisy(daylight(0, 640, 360), 3.0, 1)
    covered = image.copy()
    covered[120:280, 200:440] = 40
    cells = marked("occlusion", covered, None)
    assert cells is not None
    assert cells[4, 6:10].all()
    assert not cells[:, 13:].any()
    white = image.copy()
    white[:, 320:] = 255
    cells = marked("overexposed", white, None)
    assert cells is not None
    assert cells[:, 8:].all()
    assert cells[:, :8].mean() < 0.5
    changed = image.copy()
    changed[:40] = 255 - changed[:40]
    cells = marked("scene_change", changed, image)
    assert cells is not None
    assert cells[0].mean() > 0.5
    assert not cells[2:].any()
    cells = marked("frozen", changed, image)
    assert cells is not None
    assert cells[2:].all()


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("image", [black(640, 360), np.zeros((40, 30, 3), np.uint8), daylight(2, 360, 640)])
def test_cells_of_anything_are_cells_or_nothing(kind: str, image: Image) -> None:
    for earlier in (None, image, daylight(1, 64, 48)):
        cells = marked(kind, image, earlier)
        assert cells is None or (cells.shape == (ROWS, COLUMNS) and cells.dtype == np.bool_)


def test_kinds_of_the_whole_picture_have_no_cells() -> None:
    assert {kind for kind in ALL_KINDS if kind not in KINDS} == {"no_signal", "black", "shake"}
    assert marked("black", black(), None) is None
    assert {
        key.removeprefix("diagnose.where.") for key in CATALOGUE if key.startswith("diagnose.where.")
    } == KINDS
