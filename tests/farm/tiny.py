"""Clips of a few bytes that a reader of key pictures takes: for counties in which nobody decodes."""

from __future__ import annotations

from camerahub.farm.clips import Clip, Library
from tests.wire import nals

NAMES = (
    "main-h264",
    "main-h265",
    "main-night",
    "sub-h264",
    "sub-h265",
    "sub-night",
    "sub-slices",
    "sub-mjpeg",
)
KEY = (nals.sps(), nals.pps(), nals.slice_264(body=b"\x55" * 900))
DELTA = (nals.slice_264(slice_type=nals.P, nal_type=1),)


def library(fps: int = 5, pictures: int = 10) -> Library:
    """Every clip of a scene is the same H.264 stream: one key picture and ``pictures`` - 1 others."""
    clip = Clip("", "h264", 704, 576, fps, (KEY, *[DELTA] * (pictures - 1)))
    return Library([clip._replace(name=name) for name in NAMES])
