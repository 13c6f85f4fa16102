"""The list of the second examiner's pictures, and how pictures come out of files that hold more than one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmarks.eye import examiner_pictures
from benchmarks.eye.examiner import FAULTY, HEALTHY


def test_the_list_names_licence_condition_and_place_of_every_picture() -> None:
    rows = examiner_pictures.listed()
    assert len({row["file"] for row in rows}) == len(rows)
    for row in rows:
        assert row["registry"] in ("debian", "pypi")
        assert row["licence"]
        assert row["member"]
        assert row["cond"] in {*HEALTHY, *FAULTY, "pair"}


def test_the_largest_jpeg_of_a_theme_is_taken(tmp_path: Path) -> None:
    encoded = [
        cv2.imencode(".jpg", np.full((size, size, 3), size, np.uint8))[1].tobytes() for size in (20, 90, 40)
    ]
    path = tmp_path / "theme.edj"
    path.write_bytes(b"head" + b"between".join(encoded))
    pixels = examiner_pictures.read(path, 0)
    assert pixels is not None
    assert pixels.shape == (90, 90, 3)
    (tmp_path / "empty.edj").write_bytes(b"nothing here")
    assert examiner_pictures.read(tmp_path / "empty.edj", 0) is None


def test_a_cut_out_landscape_gets_a_sky() -> None:
    cut_out = np.zeros((80, 100, 4), np.uint8)
    cut_out[40:] = (20, 60, 30, 255)
    pixels = examiner_pictures.opaque(cut_out)
    assert pixels.shape == (60, 100, 3)  # a quarter of the height is left above the land
    assert pixels[0].min() > 180
    assert (pixels[-1] == (20, 60, 30)).all()
    assert (
        examiner_pictures.opaque(np.full((4, 4), 514, np.uint16)).tolist() == np.full((4, 4, 3), 2).tolist()
    )
