"""A snapshot in place of a stream: when it may stand in, what it may say, what is known of whether it is new.

The rule in one line: the camera answers, its media road says nothing of the picture, and no login is in question. A
snapshot then speaks of 完好 alone, and only one that has been seen to change. No numpy: a prober imports it.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

#: The probe of it.
SNAPSHOT: Final = "snapshot"

#: What the stream said -> why a snapshot may be taken in its place. A test derives the keys from ``REASONS``.
STANDS_IN: Final[dict[str, str]] = {
    "transport": "only UDP: the picture is there and does not reach us over TCP",
    "busy": "all sessions taken: a snapshot takes none",
    "encrypted": "the stream is not ours to read; what the camera itself shows of its picture is",
    "codec_unsupported": "SVAC and others: cameras that send them give JPEG on request",
}
#: Why not for the others. ``not_found``, ``no_media``, ``no_keyframe``, ``undecodable``: 点亮 is down by them, and what
#: is not lit is not intact. ``auth``, ``locked``: never a second road for a login that is in question. ``timeout`` and
#: the like: who does not answer shows nothing. ``unjudged``, ``weather``: a picture came. Others: nobody was dialled.

#: What is known of a picture's age. Codes are stored: append, never renumber.
FRESHNESS: Final = ("", "fresh", "stale")
#: Of an answer that is not proven new -> the reason it is not judged.
NOT_JUDGED: Final[dict[str, str]] = {"": "unjudged", "stale": "stale"}

#: endpoint, began at (µs UTC), Date of the answer (s), freshness code, refused (our login, by it), address, SHA-256.
#: ``core.batch.SHOT_DTYPE`` without numpy.
SHOT_ROW: Final = struct.Struct("<qqqBBI32s")
_LAST: Final = struct.Struct("<qqI32s")
LAST_BYTES: Final = _LAST.size


def mark_of(address: str) -> int:
    """A number for the address a snapshot came from, CRC-32: another address, another past."""
    return zlib.crc32(address.encode())


class LastShot(NamedTuple):
    """The last snapshot of an endpoint: when (our clock, s UTC), its Date (s, 0 = none), address mark, SHA-256."""

    at: int
    date: int
    address: int
    digest: bytes

    def pack(self) -> bytes:
        """LAST_BYTES bytes; ``unpack`` reads them back."""
        return _LAST.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> LastShot:
        """struct.error for another length."""
        return cls(*_LAST.unpack(data))
