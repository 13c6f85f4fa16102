"""RTP packets put in order (RFC 3550): header, padding, extension; loss, order, duplicates, a changed source.

A payload reader behind it sees every packet at most once, in the order of sequence numbers, and is told of each hole.
No clock: what is late is said by the numbers alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

HEADER_SIZE = 12
#: Behind the expected number by at most this: late or a duplicate (RFC 3550 appendix A.1, MAX_MISORDER).
MAX_LATE = 100
#: Ahead by at most this: packets were lost (MAX_DROPOUT). Anything else is another stream of numbers.
MAX_AHEAD = 3000
#: So many packets of another source or another stream of numbers in a row, and it is taken for the new one.
PROBATION = 3

_HEADER = struct.Struct(">BBHII").unpack_from


@dataclass(slots=True)
class Figures:
    """Counts of one media. They only grow.

    ``packets`` of the media's payload type and ``bytes`` of their payload; ``lost`` sequence numbers that never
    came, ``late`` too late or twice, ``strays`` of another source; ``ignored`` of other payload types, ``garbage``
    no RTP. ``pictures`` begun, ``broken`` key pictures dropped for a hole, ``too_large`` dropped for a bound,
    ``delta_slices`` of pictures that need others, ``parameter_sets`` kept, ``refused_sets`` not kept;
    ``unread`` units of a kind this reader cannot read, ``forbidden`` NAL units with the forbidden bit set;
    ``without_sets`` key pictures whose parameter sets are not known.
    """

    packets: int = 0
    bytes: int = 0
    lost: int = 0
    late: int = 0
    strays: int = 0
    ignored: int = 0
    garbage: int = 0
    pictures: int = 0
    broken: int = 0
    too_large: int = 0
    delta_slices: int = 0
    parameter_sets: int = 0
    refused_sets: int = 0
    unread: int = 0
    forbidden: int = 0
    without_sets: int = 0


class PayloadReader(Protocol):
    """Takes payloads in order and gives key pictures."""

    def payload(self, rtp: bytes, start: int, end: int, timestamp: int, marker: int) -> bytes | None:
        """The payload ``rtp[start:end]`` (at least 1 byte); ``marker`` 0 or 128. A key picture, or None."""

    def hole(self) -> None:
        """Packets are missing here."""

    def finish(self) -> bytes | None:
        """Nothing more will come: what is known to be whole, or None."""


Held = tuple[bytes, int, int, int, int]


def bounds(rtp: bytes) -> tuple[int, int] | None:
    """Where the payload of an RTP packet begins and ends, or None when the packet is none (RFC 3550 section 5.1)."""
    end = len(rtp)
    if end < HEADER_SIZE or rtp[0] >> 6 != 2:
        return None
    first = rtp[0]
    start = HEADER_SIZE + 4 * (first & 15)
    if first & 0x10:
        if start + 4 > end:
            return None
        start += 4 + 4 * (rtp[start + 2] << 8 | rtp[start + 3])
    if first & 0x20:
        padding = rtp[-1]
        if not padding:
            return None
        end -= padding
    return (start, end) if start <= end else None


def extension(rtp: bytes) -> tuple[int, bytes] | None:
    """Profile and data of the header extension (RFC 3550 section 5.3.1), or None."""
    start = HEADER_SIZE + 4 * (rtp[0] & 15) if len(rtp) >= HEADER_SIZE else 0
    if not start or not rtp[0] & 0x10 or start + 4 > len(rtp):
        return None
    size = 4 * (rtp[start + 2] << 8 | rtp[start + 3])
    return rtp[start] << 8 | rtp[start + 1], rtp[start + 4 : start + 4 + size]


class Order:
    """Gives the packets of one payload type to ``reader`` in order.

    ``window`` 0..64: how many numbers a packet may come late and still find its place. Over TCP nothing changes its
    order, so 0 serves there, and a loss is known at the next packet. At most ``window`` + 3 packets are kept.
    """

    def __init__(self, reader: PayloadReader, payload_type: int, figures: Figures, window: int) -> None:
        self._reader = reader
        self._type = payload_type
        self._figures = figures
        self._window = window
        self._source = -1
        self._next = 0
        self._held: dict[int, Held] = {}
        self._candidates: dict[int, Held] = {}
        self._candidate_source = -1

    def packet(self, rtp: bytes) -> bytes | None:
        """One packet; the key picture it completes, or None. Whatever the bytes, nothing is raised."""
        figures, end = self._figures, len(rtp)
        if end <= HEADER_SIZE:
            figures.garbage += 1
            return None
        first, second, number, timestamp, source = _HEADER(rtp)
        start = HEADER_SIZE
        if second & 0x7F != self._type or first >> 6 != 2:
            self._count_foreign(first)
            return None
        if first != 0x80:
            found = bounds(rtp)
            if found is None:
                figures.garbage += 1
                return None
            start, end = found
        figures.packets += 1
        figures.bytes += end - start
        if number == self._next and source == self._source and not self._held:
            self._next = number + 1 & 0xFFFF
            if self._candidates:
                self._candidates.clear()
            return self._reader.payload(rtp, start, end, timestamp, second & 0x80) if end > start else None
        return self._unusual(source, number, (rtp, start, end, timestamp, second & 0x80))

    def finish(self) -> bytes | None:
        """Nothing more will come: give out what is held, then what the reader knows to be whole."""
        return self._drain(-1) or self._reader.finish()

    def _count_foreign(self, first: int) -> None:
        if first >> 6 == 2:
            self._figures.ignored += 1
        else:
            self._figures.garbage += 1

    def _unusual(self, source: int, number: int, packet: Held) -> bytes | None:
        if self._source < 0:
            self._source, self._next = source, number
        ahead = number - self._next & 0xFFFF
        if source != self._source or MAX_AHEAD < ahead < 0x10000 - MAX_LATE:
            return self._candidate(source, number, packet)
        if ahead > MAX_AHEAD or number in self._held:
            self._figures.late += 1
            return None
        self._candidates.clear()
        self._held[number] = packet
        return self._drain(self._window)

    def _drain(self, window: int) -> bytes | None:
        """Give out what follows; jump over a hole when it is further back than ``window``."""
        held, done = self._held, None
        while held:
            packet = held.pop(self._next, None)
            if packet is not None:
                self._next = self._next + 1 & 0xFFFF
                done = self._give(packet) or done
                continue
            distances = [number - self._next & 0xFFFF for number in held]
            if max(distances) <= window:
                break
            self._next = self._next + min(distances) & 0xFFFF
            self._figures.lost += min(distances)
            self._reader.hole()
        return done

    def _give(self, packet: Held) -> bytes | None:
        rtp, start, end, timestamp, marker = packet
        return self._reader.payload(rtp, start, end, timestamp, marker) if end > start else None

    def _candidate(self, source: int, number: int, packet: Held) -> bytes | None:
        """Another source or numbering: kept until it has proven itself, so that its first picture is not lost."""
        self._figures.strays += 1
        waiting = self._candidates
        if waiting:
            away = number - next(iter(waiting)) & 0xFFFF
            near = min(away, 0x10000 - away) <= self._window + PROBATION
            if source != self._candidate_source or not near:
                waiting.clear()
        self._candidate_source = source
        waiting[number] = packet
        return self._restart() if len(waiting) >= PROBATION else None

    def _restart(self) -> bytes | None:
        done = self._drain(-1)
        self._reader.hole()
        self._source = self._candidate_source
        first = next(iter(self._candidates))
        self._next = min(self._candidates, key=lambda number: number - first + 0x8000 & 0xFFFF)
        self._held, self._candidates = self._candidates, {}
        return self._drain(self._window) or done
