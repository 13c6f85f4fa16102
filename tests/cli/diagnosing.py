"""Files that ``diagnose`` is given, made in the test: pictures of every kind, clips, and what only looks like them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from camerahub.cli.main import run
from tests.frames.draw import BLUES, Image, noisy, osd, scene

Lines = list[dict[str, Any]]


def daylight(seed: int = 0, width: int = 320, height: int = 240) -> Image:
    return osd(scene(width, height, seed), seed)


def black(width: int = 320, height: int = 240) -> Image:
    return osd(noisy(np.full((height, width, 3), 4, np.uint8), 1.0, 1))


def blue(width: int = 320, height: int = 240) -> Image:
    return np.full((height, width, 3), BLUES[1], np.uint8)


def save(path: Path, image: Image) -> Path:
    """The picture in the format its ending names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


def clip(path: Path, images: list[Image], codec: str, fps: int = 10, sound: bool = False) -> Path:
    """A clip of ``images``, ``fps`` of them a second, in the container its ending names."""
    with av.open(path, "w") as container, av.logging.Capture():
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.time_base = Fraction(1, fps)
        audio = container.add_stream("aac", rate=8000) if sound else None
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 8000), np.float32), format="fltp", layout="mono"
            )
            silence.sample_rate = 8000
            container.mux(audio.encode(silence))
            container.mux(audio.encode(None))
    return path


def judged(
    capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0
) -> tuple[Lines, dict[str, Any]]:
    """The lines and the summary of one ``diagnose --json``, which must end with ``code``."""
    capsys.readouterr()
    ended = run(["diagnose", *map(str, words), "--json"])
    heard = capsys.readouterr()
    assert ended == code, heard.err
    *lines, last = [json.loads(line, parse_constant=pytest.fail) for line in heard.out.splitlines()]
    assert list(last) == ["summary"]
    return lines, last["summary"]
