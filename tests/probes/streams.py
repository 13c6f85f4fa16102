"""Key frames made from a seed with the encoders in PyAV's wheel: what a camera sends after DESCRIBE, SETUP, PLAY."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from camerahub.farm.scenes import LOOKS, planes
from tests.frames.draw import Image, osd

_ENCODERS = {"H264": "libx264", "H265": "libx265"}


class KeyFrame(NamedTuple):
    codec: str
    data: bytes


def photograph(width: int, height: int, seed: int = 0) -> Image:
    """A street of the virtual county with leaves and a clock: healthy, and its key frame as large as a camera's."""
    random = np.random.default_rng(seed)
    drawn = next(planes(LOOKS["street"], width, height, 1, 25))
    leaves = cv2.resize(random.normal(0, 8, (height // 3, width // 3)), (width, height))
    image = cv2.cvtColor(drawn, cv2.COLOR_YUV2BGR_I420) + leaves[..., None]
    return osd(np.clip(image, 0, 255).astype(np.uint8), seed)


def encode(codec: str, image: Image, quality: int = 28, slices: int = 1, **options: str) -> bytes:
    """One key frame, Annex B with its parameter sets, or a JFIF image (``quality`` is then 100 - that)."""
    if codec == "JPEG":
        return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100 - quality])[1].tobytes()
    encoder = CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.height, encoder.width = image.shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", Fraction(1, 25), 1
    x265 = "log-level=none:repeat-headers=1:pools=none:frame-threads=1:info=0"
    extra = {"x265-params": x265} if codec == "H265" else {"slices": str(slices)}
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": str(quality), **extra, **options}
    with av.logging.Capture():
        packets = encoder.encode(VideoFrame.from_ndarray(image, format="bgr24")) + encoder.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def key_frame(codec: str, image: Image, **options: str) -> KeyFrame:
    return KeyFrame(codec, encode(codec, image, **options))  # type: ignore[arg-type]
