"""From the bytes of a file to working pictures. Runs in the caged children of `diagnose` only.

What a file is, is seen from its first bytes, never from its name; the demuxer of a clip is named, so that no playlist
or other container that opens further files is ever tried. A clip becomes pictures of the last seconds in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from camerahub.cli.diagnose_items import MOST_PICTURES
from camerahub.frames.picture import LEAST_SIDE, Picture, Plane, from_bgr, working_size
from camerahub.probes.decoder_codecs import Codecs, Undecodable, Unsupported

#: Of a longer clip the end, seconds: a verdict is about the newest picture.
SPAN_S = 12.0
#: Between two pictures of a clip, seconds, at most and at least.
STEP_S, LEAST_STEP_S = 0.5, 0.04
#: Pictures taken of a clip, and of a clip that is too short for steps of half a second.
FEW = 6
#: Frames decoded of one clip: 12 s of 60 a second, and a group of pictures before them.
MOST_FRAMES = 1500
#: Assumed where a clip does not say when its frames are shown.
USUAL_FPS = 25.0


class Unusable(Exception):
    """No picture to judge: ``problem`` under ``diagnose.problem`` of the catalogue, ``detail`` one word more."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem, detail)
        self.problem, self.detail = problem, detail


class Source(Protocol):
    """A clip, read bit by bit."""

    def read(self, size: int = -1) -> bytes: ...
    def seek(self, offset: int, whence: int = 0) -> int: ...
    def tell(self) -> int: ...


class Taken(NamedTuple):
    """A picture of a clip and when it is shown, seconds."""

    at: float
    picture: Picture


class Reader:
    """Files to pictures; sources of at most ``max_pixels``."""

    def __init__(self, max_pixels: int) -> None:
        self._codecs, self._max_pixels = Codecs(max_pixels), max_pixels

    def picture(self, data: bytes) -> Picture:
        """One still picture. Unusable when there is none."""
        if data[:2] == b"\xff\xd8":
            return self._guarded(lambda: self._codecs.picture("JPEG", data))
        for begins, size_of in _STILLS.items():
            if data.startswith(begins):
                return self._guarded(partial(self._still, data, size_of))
        raise Unusable("not_picture")

    def _guarded(self, decode: Callable[[], Picture]) -> Picture:
        try:
            return decode()
        except Undecodable as error:
            raise Unusable("size" if str(error) == "size" else "damaged", str(error)) from error
        except Unsupported as error:
            raise Unusable("codec", str(error)) from error
        except MemoryError as error:
            raise Unusable("memory") from error

    def _still(self, data: bytes, size_of: Callable[[bytes], tuple[int, int]]) -> Picture:
        self._fits(*size_of(data))
        try:
            image = cv2.imdecode(
                np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
            )
        except cv2.error as error:
            raise Undecodable("decoder") from error
        if image is None:
            raise Undecodable("decoder")
        height, width = image.shape[:2]
        self._fits(width, height)
        return from_bgr(image, width, height)  # type: ignore[arg-type]

    def _fits(self, width: int, height: int) -> None:
        if min(width, height) < LEAST_SIDE or width * height > self._max_pixels:
            raise Undecodable("size")

    def clip(self, source: Source, demuxer: str) -> tuple[list[Picture], float | None]:
        """Pictures of the last ``SPAN_S`` seconds, the newest last, and the seconds between the last two."""
        try:
            with av.open(
                source, format=demuxer, mode="r", buffer_size=1 << 18, metadata_errors="ignore"
            ) as clip:
                taken = self._sampled(clip)
        except (FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise Unusable("memory") from error
            raise Unusable("damaged", "container") from error
        if not taken:
            raise Unusable("damaged", "empty")
        last = taken[-1].picture
        alike = [t for t in taken if _size(t.picture) == _size(last)]
        gap_s = alike[-1].at - alike[-2].at if len(alike) > 1 else None
        return [t.picture for t in alike], gap_s

    def _sampled(self, clip: InputContainer) -> list[Taken]:
        if not clip.streams.video:
            raise Unusable("no_pictures")
        stream = clip.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"max_pixels": str(self._max_pixels)}
        length_s = (clip.duration or 0) / av.time_base
        if length_s > SPAN_S:
            _skip_to(clip, length_s - SPAN_S)
        step_s = min(STEP_S, max(LEAST_STEP_S, length_s / FEW)) if length_s else LEAST_STEP_S * 5
        taken: deque[Taken] = deque(maxlen=MOST_PICTURES)
        next_at = None
        for at, frame in _frames(clip, stream):
            if next_at is not None and at < next_at - 1e-3:
                continue
            with suppress(Undecodable):  # the next one may be whole
                taken.append(Taken(at, self._codecs.scaled(frame)))
                next_at = at + step_s if next_at is None else max(next_at + step_s, at + step_s / 2)
        return list(taken)


def _skip_to(clip: InputContainer, at_s: float) -> None:
    """To the key frame before ``at_s`` where the clip has an index; else it is read from its beginning."""
    try:
        clip.seek(int(at_s * av.time_base))
    except FFmpegError:
        clip.seek(0)


def _frames(clip: InputContainer, stream: VideoStream) -> Iterator[tuple[float, VideoFrame]]:
    """Whole frames and when they are shown. A clip that was cut off ends where it was cut."""
    decoded = clip.decode(stream)
    for count in range(MOST_FRAMES):
        try:
            frame = next(decoded, None)
        except (FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            return
        if frame is None:
            return
        if not frame.is_corrupt:
            yield count / USUAL_FPS if frame.time is None else float(frame.time), frame


def _size(picture: Picture) -> tuple[int, int]:
    return picture.source_width, picture.source_height


def mask_of(data: bytes) -> Plane:
    """A mask file as uint8 (H, W), 0 where nothing is judged, 255 elsewhere. Unusable when it is no picture."""
    if not any(data.startswith(begins) for begins in (b"\xff\xd8", *_STILLS)):
        raise Unusable("not_picture")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or min(image.shape[:2]) < LEAST_SIDE:
        raise Unusable("damaged")
    return cv2.threshold(image, 127, 255, cv2.THRESH_BINARY)[1]  # type: ignore[return-value]


def mask_for(mask: Plane, picture: Picture) -> Plane:
    """``mask`` at the working size of ``picture``: what holds one ignored pixel is ignored."""
    width, height = working_size(picture.source_width, picture.source_height)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.threshold(small, 254, 255, cv2.THRESH_BINARY)[1]  # type: ignore[return-value]


def _png_size(data: bytes) -> tuple[int, int]:
    """Width and height of the IHDR chunk (ISO/IEC 15948 11.2.2)."""
    if data[12:16] != b"IHDR" or len(data) < 24:
        raise Undecodable("header")
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _bmp_size(data: bytes) -> tuple[int, int]:
    """BITMAPINFOHEADER and its successors: signed 32 bit, rows upwards or, when negative, downwards."""
    if len(data) < 26:
        raise Undecodable("header")
    if int.from_bytes(data[14:18], "little") == 12:  # BITMAPCOREHEADER
        return int.from_bytes(data[18:20], "little"), int.from_bytes(data[20:22], "little")
    return abs(int.from_bytes(data[18:22], "little", signed=True)), abs(
        int.from_bytes(data[22:26], "little", signed=True)
    )


def _webp_size(data: bytes) -> tuple[int, int]:
    """VP8, VP8L and VP8X (RFC 9649 2.5 to 2.7)."""
    if len(data) < 30 or data[8:12] != b"WEBP":
        raise Unusable("not_picture")
    kind = data[12:16]
    if kind == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise Undecodable("header")


#: First bytes of a still picture -> its size, read before memory is taken.
_STILLS: dict[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"\x89PNG\r\n\x1a\n": _png_size,
    b"BM": _bmp_size,
    b"RIFF": _webp_size,
}
