"""H.264 over RTP (RFC 6184): single NAL units, STAP-A and FU-A, and the bits of ITU-T H.264 that say what a unit is.

The interleaved mode (STAP-B, MTAP, FU-B) is passed over: no camera that offers it only has been seen.
"""

from __future__ import annotations

from camerahub.wire.bits import Bits, BitsError
from camerahub.wire.picture import (
    FRAGMENT_COST,
    HEAD,
    SHORT,
    UNKNOWN,
    Grammar,
    Kind,
    PictureReader,
    Role,
    SetId,
    Slice,
    split,
)

STAP_A, FU_A = 24, 28
SLICE, IDR, SEI, SPS, PPS = 1, 5, 6, 7, 8
_SLICE_STARTS = 0x80 | SLICE  # FU header of the first fragment
_RECOVERY_POINT = 6  # payload type of an SEI message, annex D.1.8
_MAX_MESSAGES = 32
_INTRA_TYPES = (2, 7)  # slice_type I, table 7-6


def _delta_table() -> bytes:
    """For the byte after the header: 1 = the first slice of a picture, and not of type I.

    first_mb_in_slice 0 is one bit, slice_type 0..9 at most seven (7.3.3, 9.1).
    """
    table = bytearray(256)
    for value in range(0x80, 0x100):
        try:
            table[value] = Bits(bytes((value << 1 & 0xFF,))).exp_golomb() not in _INTRA_TYPES
        except BitsError:
            table[value] = 1
    return bytes(table)


_FIRST_DELTA = _delta_table()


class H264Grammar(Grammar):
    """Sections 7.3 and 7.4 of ITU-T H.264, as far as a key picture needs them."""

    roles = tuple(
        {
            1: Role.SLICE,
            2: Role.SLICE,
            5: Role.SLICE,
            6: Role.NOTE,
            7: Role.SET,
            8: Role.SET,
            9: Role.NOTE,
        }.get(nal_type, Role.WITHIN)
        for nal_type in range(32)
    )
    chain = (PPS, SPS)

    def type_of(self, nal: bytes) -> int:
        """Section 7.3.1."""
        return nal[0] & 31

    def slice_of(self, head: bytes) -> Slice:
        """first_mb_in_slice, slice_type, pic_parameter_set_id of section 7.3.3. Raises ``BitsError``."""
        nal_type = head[0] & 31
        if nal_type != IDR and len(head) > 1 and _FIRST_DELTA[head[1]]:
            return Slice(True, Kind.DELTA, -1)
        bits = Bits(head[1:])
        first = bits.exp_golomb() == 0
        slice_type = bits.exp_golomb()
        if nal_type == IDR:
            return Slice(first, Kind.KEY, bits.exp_golomb())
        if nal_type == 1 and slice_type in _INTRA_TYPES:
            return Slice(first, Kind.INTRA, bits.exp_golomb())
        return Slice(first, Kind.DELTA, -1)

    def set_id(self, nal: bytes) -> SetId:
        """Sections 7.3.2.1 and 7.3.2.2. Raises ``BitsError``."""
        nal_type = nal[0] & 31
        bits = Bits(nal[1:HEAD])
        if nal_type == SPS:
            bits.take(24)  # profile, constraints, level
            return SetId(SPS, _at_most(bits, 31), -1)
        if nal_type == PPS:
            return SetId(PPS, _at_most(bits, 255), _at_most(bits, 31))
        raise BitsError("this is no parameter set")

    def recovers(self, nal: bytes) -> bool:
        """A recovery point SEI with recovery_frame_cnt 0 (D.1.8, D.2.8)."""
        if nal[0] & 31 != SEI:
            return False
        data, at = nal.replace(b"\0\0\3", b"\0\0"), 1
        for _ in range(_MAX_MESSAGES):
            kind, at = _sum(data, at)
            size, at = _sum(data, at)
            if at >= len(data):
                return False
            if kind == _RECOVERY_POINT:
                return bool(data[at] & 0x80)  # ue(v) 0 is one bit
            at += size
        return False


def _at_most(bits: Bits, limit: int) -> int:
    value = bits.exp_golomb()
    if value > limit:
        raise BitsError("an id is out of range")
    return value


def _sum(data: bytes, at: int) -> tuple[int, int]:
    """A number of an SEI message (7.3.2.3.1), and where the next begins."""
    total = 0
    while at < len(data) and data[at] == 255:
        total += 255
        at += 1
    return (total + data[at] if at < len(data) else total), at + 1


class H264Reader(PictureReader):
    """Payloads of RFC 6184 in order; key pictures in Annex B out."""

    def payload(self, rtp: bytes, start: int, end: int, timestamp: int, marker: int) -> bytes | None:
        """See ``rtp.PayloadReader``."""
        first = rtp[start]
        kind = first & 31
        if kind == FU_A and end > start + 2:
            flags = rtp[start + 1]
            if flags & 0xDF == self._open and timestamp == self._unit_timestamp:
                # the way of nearly every packet: the middle of a unit, kept or not
                if self._into:
                    self._room -= end - start + FRAGMENT_COST
                    if self._room < 0:
                        self._overflow()
                    else:
                        self._parts.append(rtp[start + 2 : end])
                return None
            if first < 0x80:
                if (
                    flags & 0xDF == _SLICE_STARTS
                    and end >= start + 2 + SHORT
                    and self._passes(rtp[start + 2])
                ):
                    self._pass_over(timestamp, UNKNOWN)
                    self._open = SLICE
                    return None
                header = bytes((first & 0xE0 | flags & 31,))
                return self._fragment(flags & 31, flags, header, rtp[start + 2 : end], timestamp, marker)
        if first >= 0x80:
            self._forbidden()
        elif kind == SLICE and end > start + 1 and self._passes(rtp[start + 1]):
            self._pass_over(timestamp, marker)
        elif 1 <= kind < STAP_A:
            return self._whole(kind, rtp[start:end], timestamp, marker)
        elif kind == STAP_A:
            return self._bundle(_aggregated(rtp, start + 1, end), timestamp, marker)
        elif not kind and b"\0\0\1" in rtp[start : start + 4]:
            return self._bundle(split(rtp[start:end]), timestamp, marker)
        else:
            self._figures.unread += 1
        return None

    def _passes(self, begin: int) -> bool:
        """Whether a slice whose header is followed by ``begin`` can be passed over."""
        return bool(_FIRST_DELTA[begin]) and self._kind is None and self._open < 0 and not self._stub


def _aggregated(rtp: bytes, at: int, end: int) -> list[bytes]:
    """The units of a STAP-A (RFC 6184 section 5.7.1), up to the first that does not fit."""
    units = []
    while at + 2 < end:
        size = rtp[at] << 8 | rtp[at + 1]
        at += 2
        if not size or at + size > end:
            break
        units.append(rtp[at : at + size])
        at += size
    return units
