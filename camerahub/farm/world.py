"""What all cameras of a county share at run time: the time and the pictures; and which camera shows which of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from camerahub.farm.clips import Library, Style, Track
from camerahub.farm.clock import Clock
from camerahub.farm.kinds import Kind
from camerahub.farm.makers import MAKERS
from camerahub.farm.model import ANY_PORTS, Camera, Ports


def no_library(wanted: bool) -> Library | None:
    """A county without pictures: PLAY is answered and nothing follows."""
    return None


@dataclass
class World:
    """``library(wanted)`` gives the clips, None while there are none; ``wanted`` says that somebody waits for them."""

    clock: Clock = field(default_factory=Clock)
    library: Callable[[bool], Library | None] = no_library
    ports: Ports = ANY_PORTS
    idle_s: float = 60.0

    def __post_init__(self) -> None:
        self.started, self.began = self.clock.wall(), self.clock.now()

    def time_of(self, camera: Camera, kind: Kind) -> float:
        """What the clock of ``camera`` shows, seconds since 1970."""
        wall = self.clock.wall()
        return wall - self.started if kind.skew is None else wall + kind.skew(camera)


#: So long after the start a camera that is turned away looks elsewhere: a few rounds of a demonstration.
TURNED_S = 60.0


def scene_of(camera: Camera) -> str:
    """What stands before the camera, the same on both streams: square, night or street."""
    if camera.variant % 3 == 0:
        return "square"
    return "night" if camera.variant % 5 == 0 else "street"


_MAIN = {"square": "main-h265", "night": "main-night", "street": "main-h264"}
_SUB = {"square": ("sub-h265", "sub-slices"), "night": ("sub-night",), "street": ("sub-h264",)}


def clip_of(camera: Camera, kind: Kind, sub: bool, since: float = 0.0) -> str:
    """The name of the clip behind the main or sub-stream, ``since`` seconds after the county was switched on.

    Without key pictures it can be no JPEG.
    """
    if kind.clip is not None:
        return kind.later if kind.later and since >= TURNED_S else kind.clip(camera)
    scene, number = scene_of(camera), camera.variant // 3
    if not sub:
        return _MAIN[scene]
    if scene == "street" and number % 6 == 1 and not kind.spoilt:
        return "sub-mjpeg"
    return _SUB[scene][number % len(_SUB[scene])]


def snapshot_of(camera: Camera, kind: Kind) -> str:
    """The name of the JPEG of one picture that its snapshot address gives."""
    return f"snap-{scene_of(camera) if kind.clip is None else kind.clip(camera)}"


def codec_of(clip: str) -> str:
    """h264, h265 or mjpeg, known before anything is encoded."""
    tail = clip.rpartition("-")[2]
    return tail if tail in ("h265", "mjpeg") else "h264"


def track_of(
    library: Library, camera: Camera, kind: Kind, sub: bool, in_band: bool, since: float = 0.0
) -> Track:
    """The clip as the camera's maker packetises it; ``in_band``: parameter sets must be in the stream."""
    style = MAKERS[camera.maker].style
    if in_band:
        style = Style(True, style.aggregate)
    spoilt = kind.spoilt if kind.spoilt in ("damaged", "scrambled") else ""
    return library.track(clip_of(camera, kind, sub, since), style, spoilt)
