"""From a camera's key frame to a working picture. Runs in decoder processes only: the one importer of PyAV.

A picture that could not be decoded whole is ``Undecodable``, never a picture with invented parts: FFmpeg's error
concealment is detected, parameter sets must come with the key frame, and every picture gets a decoder of its own, so
that nothing of another camera's picture or parameters can show through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.error import FFmpegError, PatchWelcomeError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from camerahub.frames.picture import LEAST_SIDE, Picture, Plane, from_bgr, working_size

#: More than any camera's slices and parameter sets.
MAX_UNITS = 4096
#: Working chroma pixels with the value of memory never decoded into; fewer are no coding unit.
_HOLES = 4
#: By trial on 112 cut key frames: shows all but those that lost a hundredth or less; a quarter of it does not.
_ONES = b"\xff" * 1024
_START = b"\0\0\0\1"


class Undecodable(Exception):
    """No picture comes of these bytes. The argument is one word on why."""


class Unsupported(Exception):
    """FFmpeg knows this codec but not what the stream does with it."""


class Codecs:
    """Key frames of any codec in ``DECODERS`` to pictures of at most ``max_pixels``. Keeps only the scaler."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._scaler = VideoReformatter()

    def picture(self, codec: str, data: bytes) -> Picture:
        """Decode one key frame. Undecodable, Unsupported; MemoryError where the limits of the process were met."""
        try:
            return DECODERS[codec](self, data)
        except PatchWelcomeError as error:
            raise Unsupported("patch_welcome") from error
        except (FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            raise Undecodable("decoder") from error

    def h264(self, data: bytes) -> Picture:
        """Annex B access unit with SPS, PPS and slices (ITU-T H.264 table 7-1)."""
        kept = _kept(data, lambda first: first & 0x1F, frozenset((7, 8)), frozenset((1, 5)))
        return self._video("h264", {}, kept)

    def h265(self, data: bytes) -> Picture:
        """Annex B access unit with VPS, SPS, PPS and slices (ITU-T H.265 table 7-1).

        FFmpeg's HEVC decoder reads on in silence behind a slice that was cut off. It is told to refuse what it does
        notice ("explode"), and finds ones behind every slice: they bring the arithmetic decoder to its end-of-slice
        bin within a few blocks, and what was not decoded stays a hole. A whole slice never reads so far.
        """
        kept = _kept(
            data, lambda first: first >> 1 & 0x3F, frozenset((32, 33, 34)), frozenset(range(22)), _ONES
        )
        return self._video("hevc", {"err_detect": "explode"}, kept)

    def jpeg(self, data: bytes) -> Picture:
        """A JFIF image. Reduced in the DCT domain as far as an area average remains to be taken."""
        width, height = _jpeg_size(data)
        if width * height > self._max_pixels:
            raise Undecodable("size")
        wanted = working_size(width, height)
        scale = next(
            s for s in (8, 4, 2, 1) if s == 1 or (width // s >= wanted[0] and height // s >= wanted[1])
        )
        try:
            image = cv2.imdecode(
                np.frombuffer(data, np.uint8), _REDUCED[scale] | cv2.IMREAD_IGNORE_ORIENTATION
            )
        except cv2.error as error:
            raise Undecodable("decoder") from error
        if image is None:
            raise Undecodable("decoder")
        return from_bgr(image, width, height)  # type: ignore[arg-type]

    def _video(self, name: str, options: dict[str, str], data: bytes) -> Picture:
        # skip_loop_filter: an area average hides what it would smooth, for a fifth of the time.
        # max_pixels: refused when the parameter sets are read, before memory is taken.
        options = {"skip_loop_filter": "all", "max_pixels": str(self._max_pixels), **options}
        decoder = CodecContext.create(name, "r")
        if not isinstance(decoder, VideoCodecContext):
            raise Unsupported("codec")
        decoder.thread_count = 1
        decoder.options = options
        frames = decoder.decode(av.Packet(data)) or decoder.decode(None)
        if not frames:
            raise Undecodable("empty")
        if frames[0].is_corrupt:
            raise Undecodable("damaged")
        return self.scaled(frames[0])

    def scaled(self, frame: VideoFrame) -> Picture:
        """The working picture of a decoded frame. Undecodable when it is too small, or parts were never written."""
        if frame.width < LEAST_SIDE or frame.height < LEAST_SIDE:
            raise Undecodable("size")
        width, height = working_size(frame.width, frame.height)
        small = self._scaler.reformat(
            frame, width, height, "yuv420p", interpolation="AREA", dst_color_range="JPEG", threads=1
        )
        luma, u, v = (_plane(small, index) for index in range(3))
        holes = cv2.bitwise_or(u, v)
        if holes.size - cv2.countNonZero(holes) >= _HOLES:
            raise Undecodable("damaged")  # never written: Y, Cb and Cr all 0 is no colour
        return Picture(luma, u, v, frame.width, frame.height)


#: Codec -> how its key frame becomes a picture; keys equal ``decode_line.CODECS``.
DECODERS: dict[str, Callable[[Codecs, bytes], Picture]] = {
    "H264": Codecs.h264,
    "H265": Codecs.h265,
    "JPEG": Codecs.jpeg,
}
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def _plane(frame: VideoFrame, index: int) -> Plane:
    plane = frame.planes[index]
    lines = np.frombuffer(memoryview(plane), np.uint8)
    return lines.reshape(plane.height, plane.line_size)[:, : plane.width].copy()


def _units(data: bytes) -> Iterator[memoryview]:
    """The NAL units of a byte stream (H.264 and H.265 annex B), not copied."""
    view, at = memoryview(data), data.find(b"\0\0\1")
    for _ in range(MAX_UNITS):
        if at < 0:
            return
        following = data.find(b"\0\0\1", at + 3)
        yield view[at + 3 : following if following >= 0 else len(data)]
        at = following
    raise Undecodable("units")


def _kept(
    data: bytes,
    kind_of: Callable[[int], int],
    parameters: frozenset[int],
    slices: frozenset[int],
    tail: bytes = b"",
) -> bytes:
    """Parameter sets, then slices and their ``tail``, each with its start code.

    Undecodable when a kind of parameter set is missing.

    Everything else (SEI, delimiters, makers' own) is left out: it moves no pixel, and is where makers go wrong.
    """
    units = [(kind_of(unit[0]), unit) for unit in _units(data) if unit]
    if not parameters <= {kind for kind, _ in units}:
        raise Undecodable("no_parameters")
    sets = sorted((kind, bytes(unit)) for kind, unit in units if kind in parameters)
    parts: list[bytes | memoryview] = []
    for _, parameter_set in sets:
        parts += (_START, parameter_set)
    for kind, unit in units:
        if kind in slices:
            parts += (_START, unit, tail)
    return b"".join(parts)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header (ITU-T T.81 B.2.2). Undecodable when there is none."""
    if not data.startswith(b"\xff\xd8\xff"):
        raise Undecodable("not_jpeg")
    at = 2
    for _ in range(MAX_UNITS):
        header = data[at : at + 9]
        if len(header) < 9 or header[0] != 0xFF:
            break
        if header[1] == 0xFF:  # fill byte
            at += 1
        elif header[1] in (0xC0, 0xC1, 0xC2):
            width, height = int.from_bytes(header[7:9]), int.from_bytes(header[5:7])
            if min(width, height) < LEAST_SIDE:
                raise Undecodable("size")
            return width, height
        else:
            at += 2 + int.from_bytes(header[2:4])
    raise Undecodable("header")
