"""What goes into the decoder pool, what comes out, and what either may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a picture, a child and the queue may take.

    ``wall_s`` + ``wall_per_mib_s`` for each MiB of a picture: seconds of work. ``memory_bytes`` on top of the
    libraries. ``pixels`` of a source. A child is replaced after ``retire_pictures``, above ``retire_rss`` bytes, or at
    half of ``life_cpu_s`` processor seconds. Pictures that brought two children down are remembered for
    ``quarantine_s`` seconds, at most ``quarantine_pictures`` of them. ``start_s`` for a child to become ready.
    """

    wall_s: float = 2.0
    wall_per_mib_s: float = 1.0
    memory_bytes: int = 768 << 20
    picture_bytes: int = 8 << 20
    pixels: int = 8192 * 8192
    queue_pictures: int = 256
    queue_bytes: int = 64 << 20
    retire_pictures: int = 20_000
    retire_rss: int = 512 << 20
    life_cpu_s: int = 2_000
    quarantine_pictures: int = 1_024
    quarantine_s: float = 3_600.0
    start_s: float = 30.0


class Decoded(NamedTuple):
    """What one picture shows. ``reason``: ok, a kind of fault, unjudged, undecodable, codec_unsupported, or blind (our
    fault); ``faults`` all kinds found, most severe first; ``past`` of the camera from now on; ``still`` a JPEG.

    ``width`` x ``height`` of the source (0 when not decoded); ``measures`` of ``frames``; ``cpu_s`` spent by the child;
    ``detail`` one word on why there is no picture.
    """

    reason: str
    width: int
    height: int
    measures: dict[str, float]
    cpu_s: float
    detail: str = ""
    faults: tuple[str, ...] = ()
    past: bytes = b""
    still: bytes = b""


Done = Callable[[Decoded], None]


@dataclass(slots=True, eq=False)
class Job:
    """A picture on its way."""

    codec: str
    data: bytes
    done: Done
    context: bytes = b""
    tries: int = 0
    moves: int = 0
    starved: bool = False
