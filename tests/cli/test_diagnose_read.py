"""From bytes to pictures, without a child: every format, cut anywhere; what is taken of a clip."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.cli.diagnose_line import container_of
from camerahub.cli.diagnose_read import Reader, Unusable, mask_for, mask_of
from camerahub.frames.picture import from_bgr
from tests.cli.diagnosing import clip, daylight

PIXELS = 4096 * 4096
READER = Reader(PIXELS)
IMAGE = daylight(3, 200, 160)
ENCODED = {
    ending: cv2.imencode(ending, IMAGE, options)[1].tobytes()
    for ending, options in (
        (".jpg", []),
        (".png", []),
        (".bmp", []),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 90]),
    )
}
ENCODED[".webp, lossless"] = cv2.imencode(".webp", IMAGE, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
ENCODED[".webp, alpha"] = cv2.imencode(".webp", np.dstack([IMAGE, IMAGE[..., :1]]))[1].tobytes()
ENCODED[".png, 16 bit"] = cv2.imencode(".png", IMAGE.astype(np.uint16) * 257)[1].tobytes()
ENCODED[".png, grey"] = cv2.imencode(".png", IMAGE[..., 0])[1].tobytes()


@pytest.mark.parametrize("name", ENCODED)
def test_every_format_gives_the_same_picture(name: str) -> None:
    picture = READER.picture(ENCODED[name])
    assert (picture.source_width, picture.source_height) == (200, 160)
    expected = cv2.cvtColor(IMAGE[..., 0], cv2.COLOR_GRAY2BGR) if "grey" in name else IMAGE
    off = cv2.absdiff(picture.luma, from_bgr(expected, 200, 160).luma)  # type: ignore[arg-type]
    assert off.mean() < 4.0


@given(st.sampled_from(sorted(ENCODED)), st.floats(0, 0.995))
@settings(max_examples=80, deadline=None)
def test_whatever_is_cut_off_is_no_picture(name: str, share: float) -> None:
    data = ENCODED[name]
    with pytest.raises(Unusable):
        READER.picture(data[: int(len(data) * share)])


@given(st.sampled_from(sorted(ENCODED)), st.integers(0, 400), st.binary(min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_what_is_overwritten_is_a_picture_or_unusable(name: str, at: int, junk: bytes) -> None:
    data = bytearray(ENCODED[name])
    data[at : at + len(junk)] = junk
    with suppress(Unusable):  # nothing else may be raised
        picture = READER.picture(bytes(data))
        assert picture.source_width * picture.source_height <= PIXELS


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.mp4", "libx264", "mp4"),
        ("a.avi", "mpeg4", "avi"),
        ("a.mkv", "libx264", "matroska"),
        ("b.avi", "mjpeg", "avi"),
    ],
)
def test_a_clip_is_half_seconds_of_its_end(tmp_path: Path, name: str, codec: str, container: str) -> None:
    path = clip(
        tmp_path / name, [daylight(n // 10, 96, 64) for n in range(200)], codec, sound=name.endswith("mkv")
    )
    data = path.read_bytes()
    assert container_of(data[:16]) == container
    pictures, gap_s = READER.clip(io.BytesIO(data), container)
    assert 23 <= len(pictures) <= 26  # 20 s at 10 a second: the last 12
    assert gap_s == pytest.approx(0.5, abs=0.01)
    newest = from_bgr(daylight(19, 96, 64), 96, 64).luma
    assert cv2.absdiff(pictures[-1].luma, newest).mean() < 12.0


def test_a_short_clip_still_gives_some(tmp_path: Path) -> None:
    data = clip(tmp_path / "a.mp4", [daylight(0, 96, 64)] * 10, "libx264", fps=25).read_bytes()
    pictures, gap_s = READER.clip(io.BytesIO(data), "mp4")
    assert 4 <= len(pictures) <= 7
    assert gap_s == pytest.approx(0.08, abs=0.02)


def test_a_clip_that_was_cut_off_gives_what_there_is_or_nothing(tmp_path: Path) -> None:
    data = clip(tmp_path / "a.avi", [daylight(0, 96, 64)] * 40, "mjpeg").read_bytes()
    pictures, _ = READER.clip(io.BytesIO(data[: len(data) // 2]), "avi")
    assert 1 <= len(pictures) < 8
    for cut in (12, 40, 200):
        with pytest.raises(Unusable):
            READER.clip(io.BytesIO(data[:cut]), "avi")


def test_black_of_a_mask_spreads_when_it_is_made_small() -> None:
    mask = np.full((720, 1280), 255, np.uint8)
    mask[100, 101] = 0
    picture = from_bgr(daylight(0, 1280, 720), 1280, 720)
    small = mask_for(mask_of(cv2.imencode(".png", mask)[1].tobytes()), picture)
    assert small.shape == picture.luma.shape
    assert set(np.unique(small)) == {0, 255}
    assert np.argwhere(small == 0).tolist() == [[50, 50]]
