"""H.265 over RTP (RFC 7798): single NAL units, AP and FU, with and without decoding order numbers.

Numbers (DONL, DOND) are stepped over, not sorted by: a key picture is sent in its own order. PACI is passed over.
"""

from __future__ import annotations

from camerahub.wire.bits import Bits, BitsError
from camerahub.wire.picture import FRAGMENT_COST, Grammar, Kind, Limits, PictureReader, Role, SetId, Slice
from camerahub.wire.rtp import Figures

AP, FU = 48, 49
VPS, SPS, PPS, DELIMITER, PREFIX_SEI = 32, 33, 34, 35, 39
_IRAP = range(16, 22)  # BLA_W_LP .. CRA_NUT, table 7-1
_UPPER = 63
_SPS_HEAD = 192  # seven sub-layers of profile and level before the id, emulation prevention included


def _role(nal_type: int) -> Role:
    if nal_type < 10 or nal_type in _IRAP:
        return Role.SLICE
    if nal_type in (VPS, SPS, PPS):
        return Role.SET
    return Role.NOTE if nal_type in (DELIMITER, PREFIX_SEI) else Role.WITHIN


class H265Grammar(Grammar):
    """Sections 7.3 and 7.4 of ITU-T H.265, as far as a key picture needs them."""

    roles = tuple(_role(nal_type) for nal_type in range(64))
    chain = (PPS, SPS, VPS)

    def type_of(self, nal: bytes) -> int:
        """Section 7.3.1.2; units of upper layers (nuh_layer_id above 0) count as a type nobody needs."""
        return nal[0] >> 1 & 63 if len(nal) > 1 and not nal[0] & 1 and nal[1] < 8 else _UPPER

    def slice_of(self, head: bytes) -> Slice:
        """first_slice_segment_in_pic_flag and slice_pic_parameter_set_id of 7.3.6.1. Raises ``BitsError``."""
        if len(head) < 3:
            raise BitsError("the header is cut")
        first = head[2] >= 0x80
        if head[0] >> 1 & 63 not in _IRAP:
            return Slice(first, Kind.DELTA, -1)
        bits = Bits(head[2:])
        bits.take(2)  # with no_output_of_prior_pics_flag
        return Slice(first, Kind.KEY, bits.exp_golomb())

    def set_id(self, nal: bytes) -> SetId:
        """Sections 7.3.2.1 to 7.3.2.3. Raises ``BitsError``."""
        nal_type = self.type_of(nal)
        bits = Bits(nal[2:_SPS_HEAD])
        if nal_type == VPS:
            return SetId(VPS, bits.take(4), -1)
        if nal_type == SPS:
            vps = bits.take(4)
            _skip_profiles(bits)
            return SetId(SPS, _at_most(bits, 15), vps)
        if nal_type == PPS:
            return SetId(PPS, _at_most(bits, 63), _at_most(bits, 15))
        raise BitsError("this is no parameter set")

    def recovers(self, nal: bytes) -> bool:
        """Never: an entry of H.265 has a NAL type of its own."""
        return False


def _at_most(bits: Bits, limit: int) -> int:
    value = bits.exp_golomb()
    if value > limit:
        raise BitsError("an id is out of range")
    return value


def _skip_profiles(bits: Bits) -> None:
    """sps_max_sub_layers_minus1 up to the end of profile_tier_level (7.3.3)."""
    layers = bits.take(3)
    bits.take(1 + 88 + 8)
    if layers:
        present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        bits.take(2 * (8 - layers))
        for profile, level in present:
            bits.take(88 * profile + 8 * level)


class H265Reader(PictureReader):
    """Payloads of RFC 7798 in order; key pictures in Annex B out. ``donl`` = sprop-max-don-diff above 0."""

    def __init__(self, figures: Figures, limits: Limits, known: tuple[bytes, ...], donl: bool) -> None:
        super().__init__(H265Grammar(), figures, limits, known)
        self._donl = 2 if donl else 0

    def payload(self, rtp: bytes, start: int, end: int, timestamp: int, marker: int) -> bytes | None:
        """See ``rtp.PayloadReader``."""
        first = rtp[start]
        kind = first >> 1 & 63
        if kind == FU and end > start + 3:
            flags = rtp[start + 2]
            if flags == self._open and timestamp == self._unit_timestamp:
                # the way of nearly every packet: the middle of a unit, kept or not
                if self._into:
                    self._room -= end - start + FRAGMENT_COST
                    if self._room < 0:
                        self._overflow()
                    else:
                        self._parts.append(rtp[start + 3 : end])
                return None
            if first < 0x80:
                return self._odd_fragment(rtp, start, end, timestamp, marker)
        if first >= 0x80:
            self._forbidden()
        elif end < start + 3 or kind > AP:
            self._figures.unread += 1
        elif kind == AP:
            return self._bundle(self._aggregated(rtp, start + 2, end), timestamp, marker)
        else:
            return self._single(rtp[start:end], timestamp, marker)
        return None

    def _odd_fragment(self, rtp: bytes, start: int, end: int, timestamp: int, marker: int) -> bytes | None:
        """The first or last fragment of a unit, or one out of place (RFC 7798 section 4.4.3)."""
        flags, at = rtp[start + 2], start + 3
        if flags & 0x80:
            at += self._donl
        header = bytes((rtp[start] & 0x81 | (flags & 63) << 1, rtp[start + 1]))
        return self._fragment(self._grammar.type_of(header), flags, header, rtp[at:end], timestamp, marker)

    def _single(self, nal: bytes, timestamp: int, marker: int) -> bytes | None:
        if self._donl:
            nal = nal[:2] + nal[4:]
        return self._whole(self._grammar.type_of(nal), nal, timestamp, marker)

    def _aggregated(self, rtp: bytes, at: int, end: int) -> list[bytes]:
        """The units of an AP (RFC 7798 section 4.4.2), up to the first that does not fit."""
        units: list[bytes] = []
        while True:
            if self._donl:
                at += 1 if units else 2
            size = rtp[at] << 8 | rtp[at + 1] if at + 2 < end else 0
            at += 2
            if size < 2 or at + size > end:
                return units
            units.append(rtp[at : at + size])
            at += size
