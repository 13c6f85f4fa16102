"""The clips of the county: drawn, encoded and handed over once, in a process of its own at farm start.

``python -m camerahub.farm.studio FD`` writes a library (see clips.py) to an open file. The servers map that file: all
cameras of all of them share one copy, and none of them ever loads an encoder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple

import av
import cv2
import numpy as np

from camerahub.farm.clips import Clip, write_library
from camerahub.farm.scenes import FAULTY, FPS, LOOKS, Picture, planes


class Order(NamedTuple):
    """One clip to make: a loop of ``gops`` groups of ``frames`` pictures, so that no two key pictures that follow each
    other are the same, as they are not of a real camera."""

    name: str
    look: str
    codec: str
    width: int
    height: int
    frames: int
    crf: int = 26
    slices: int = 1
    fps: int = FPS
    gops: int = 3


D1 = (704, 576)
#: Of a scene there are so many snapshots, as of any picture that shows something: one is not to look frozen.
SNAPS = 3
SEVERAL = ("street", "square", "night")
ORDERS: tuple[Order, ...] = (
    Order("main-h265", "square", "h265", 1920, 1080, 24, 30, fps=12, gops=2),
    Order("main-h264", "street", "h264", 1920, 1080, 50, gops=2),
    Order("main-night", "night", "h264", 1920, 1080, 24, 28, fps=12, gops=2),
    Order("sub-h265", "square", "h265", *D1, 50, 30),
    Order("sub-h264", "street", "h264", *D1, 75),
    Order("sub-night", "night", "h264", *D1, 50, 28),
    Order("sub-slices", "square", "h264", 640, 360, 100, 26, 4),
    Order("sub-mjpeg", "street", "mjpeg", *D1, 25, 45, gops=1),
    Order("black", "black", "h264", *D1, 50),
    Order("card-blue", "card_blue", "h264", *D1, 50),
    Order("card-grey", "card_grey", "h264", *D1, 50),
    Order("card-bars", "card_bars", "h264", *D1, 50),
    *(Order(look.replace("_", "-"), look, "h264", *D1, 12, 28, fps=12) for look in FAULTY),
    *(
        Order(
            f"snap-{look.replace('_', '-')}", look, "mjpeg", *D1, 1, 70, gops=SNAPS if look in SEVERAL else 1
        )
        for look in ("street", "square", "night", "black", "card_blue", "card_grey", "card_bars", *FAULTY)
    ),
)


def make(order: Order) -> Clip:
    """The clip of ``order``: access units as NAL units (JPEG: one file), the first one a key picture."""
    size = (order.width, order.height)
    pictures = planes(LOOKS[order.look], *size, order.frames * order.gops, order.fps, order.frames)
    units = list(_jpegs(order, pictures) if order.codec == "mjpeg" else _encoded(order, pictures))
    return Clip(order.name, order.codec, order.width, order.height, order.fps, tuple(units))


def make_all() -> list[Clip]:
    """Every clip. The encoders work outside the interpreter's lock, two at a time."""
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(make, ORDERS))


def _jpegs(order: Order, pictures: Iterator[Picture]) -> Iterator[tuple[bytes, ...]]:
    """Baseline JPEG with the standard Huffman tables and 4:2:0, as RFC 2435 wants it (``crf`` is the quality)."""
    for picture in pictures:
        bgr = cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420)
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, order.crf])
        yield (data.tobytes(),)


def _encoded(order: Order, pictures: Iterator[Picture]) -> Iterator[tuple[bytes, ...]]:
    context = av.CodecContext.create("libx264" if order.codec == "h264" else "libx265", "w")
    context.width, context.height, context.pix_fmt = order.width, order.height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, order.fps), Fraction(order.fps, 1)
    context.options = _options(order)
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
        frame.pts = number
        for packet in context.encode(frame):
            yield tuple(nal_units(bytes(packet)))
    for packet in context.encode(None):
        yield tuple(nal_units(bytes(packet)))


def _options(order: Order) -> dict[str, str]:
    keyint = order.frames
    if order.codec == "h264":
        more = f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:threads=1:sliced-threads=0"
        more += f":slices={order.slices}:repeat-headers=1:aud=0"
        return {"preset": "ultrafast", "tune": "zerolatency", "crf": str(order.crf), "x264-params": more}
    more = f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:pools=none:frame-threads=1:repeat-headers=1"
    more += ":log-level=none:info=0"
    return {"preset": "ultrafast", "tune": "zerolatency", "crf": str(order.crf), "x265-params": more}


def nal_units(data: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B byte stream, without start codes."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        unit = data[at + 3 : end if end >= 0 else len(data)]
        # The zero before a start code of four bytes belongs to that start code.
        yield unit.rstrip(b"\0") if end >= 0 else unit
        at = end


def main() -> int:
    """Write the library to the file descriptor named on the command line."""
    write_library(int(sys.argv[1]), make_all())
    return 0


if __name__ == "__main__":
    sys.exit(main())
