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

from tests.frames.draw import Image, osd, scene

_ENCODERS = {"H264": "libx264", "H265": "libx265"}


class KeyFrame(NamedTuple):
    codec: str
    data: bytes


def photograph(width: int, height: int, seed: int = 0) -> Image:
    """A scene with the texture and clock of a real picture, so that a key frame is as large as a camera's."""
    random = np.random.default_rng(seed)
    image = scene(width, height, seed).astype(np.float64)
    leaves = cv2.resize(random.normal(0, 14, (height // 3, width // 3)), (width, height))
    leaves[: height // 2] *= 0.2
    return osd(np.clip(image + leaves[..., None], 0, 255).astype(np.uint8), seed)


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
