"""One key picture of H.264 or H.265 put together from NAL units in order, whole or not at all.

What the two codecs share: where a picture ends, what a hole costs, which parameter sets go with it. The packet formats
and the bits that differ are in ``h264`` and ``h265``.

Where a picture ends (H.264 7.4.1.2.3 and 7.4.1.2.4, H.265 7.4.2.4.4): at the first slice of the next picture, at
anything that only stands before a picture (parameter sets, SEI, delimiter), and at the marker of RTP, which needs no
waiting. The marker is believed unless this camera has set it inside a picture or on units that stand before one.
Parameter sets with the picture's own RTP timestamp stand inside it, whatever the codec allows: GStreamer's payloaders
repeat them before every slice of an IDR picture (``config-interval=-1``), and all packets of a picture share one
timestamp (RFC 6184 section 5.1, RFC 7798 section 4.1). The
doubt that remains: a camera that sets it on every slice, sends its parameter sets unmarked and begins with a key
picture of several slices has only the first slice taken; the decoder sees that.

A slice that is not the first of its picture never begins one, so a hole before a picture costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from camerahub.wire.bits import BitsError
from camerahub.wire.rtp import Figures

START = b"\0\0\0\1"
#: What a kept fragment costs beyond its bytes, so that many tiny ones are bounded too.
FRAGMENT_COST = 64
MAX_UNITS = 256
UNKNOWN = -1  # the marker of a unit that is not the last of its packet


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is kept of a peer.

    ``picture`` and ``parameter_set`` in bytes, ``sets`` of each kind; ``window`` packets of reordering;
    ``patience`` pictures without an IDR until an I picture that says nothing of recovery counts as a key picture.
    """

    picture: int = 8 * 1024 * 1024
    parameter_set: int = 64 * 1024
    sets: int = 16
    window: int = 16
    patience: int = 25


DEFAULT = Limits()


class Role(IntEnum):
    """What a NAL unit is to the picture."""

    SLICE = 0
    SET = 1  # a parameter set
    NOTE = 2  # SEI, delimiter: stands before a picture
    WITHIN = 3  # may stand anywhere, not needed


class Kind(IntEnum):
    """What the slices of a picture need."""

    DELTA = 0  # other pictures
    KEY = 1  # nothing, and decoders know it: IDR, IRAP
    INTRA = 2  # nothing, by their slice type only


class Slice(NamedTuple):
    """The beginning of a slice: first of its picture; its kind; its picture parameter set (-1 unread)."""

    first: bool
    kind: Kind
    pps: int


class SetId(NamedTuple):
    """A parameter set: its NAL type, its id, and the id of the one it refers to (-1 none)."""

    kind: int
    number: int
    parent: int


class Grammar:
    """What differs between the codecs. All take the first bytes of a NAL unit, header included."""

    roles: tuple[Role, ...]  # by NAL type
    chain: tuple[int, ...]  # NAL types of parameter sets, from PPS upwards

    def type_of(self, nal: bytes) -> int:
        """The NAL type in the header, an index of ``roles``; ``nal`` has at least 1 byte."""
        raise NotImplementedError

    def slice_of(self, head: bytes) -> Slice:
        """Raises ``BitsError``."""
        raise NotImplementedError

    def set_id(self, nal: bytes) -> SetId:
        """Raises ``BitsError``."""
        raise NotImplementedError

    def recovers(self, nal: bytes) -> bool:
        """An SEI that says: decoding can begin at the next picture and is right from it on."""
        raise NotImplementedError


HEAD = 48  # bytes of a NAL unit that the grammars look at, emulation prevention included
SHORT = 16  # bytes that hold the beginning of every slice header


class ParameterSets:
    """The newest parameter set of each id, within bounds; the oldest goes when there are too many."""

    def __init__(self, grammar: Grammar, figures: Figures, limits: Limits) -> None:
        self._grammar = grammar
        self._figures = figures
        self._limits = limits
        self._kept: dict[int, dict[int, tuple[bytes, int]]] = {kind: {} for kind in grammar.chain}

    def keep(self, nal: bytes) -> None:
        """Keep ``nal`` in the place of an older one with its id; an unreadable or too large one is refused."""
        try:
            kind, number, parent = self._grammar.set_id(nal)
        except BitsError:
            kind = -1
        if kind not in self._kept or len(nal) > self._limits.parameter_set:
            self._figures.refused_sets += 1
            return
        same = self._kept[kind]
        same.pop(number, None)
        if len(same) >= self._limits.sets:
            del same[next(iter(same))]
            self._figures.refused_sets += 1
        same[number] = (nal, parent)
        self._figures.parameter_sets += 1

    def line(self, number: int) -> list[bytes]:
        """PPS ``number`` and all it refers to, from it upwards; empty when a part of it is not known."""
        line = []
        for kind in self._grammar.chain:
            found = self._kept[kind].get(number)
            if found is None:
                return []
            line.append(found[0])
            number = found[1]
        return line


def _ordered(lines: dict[int, list[bytes]]) -> list[bytes]:
    """Parameter sets by PPS, without repeats, in the order a decoder wants: VPS, SPS, PPS."""
    levels = [
        list(dict.fromkeys(level)) for level in zip(*(lines[pps] for pps in sorted(lines)), strict=True)
    ]
    return [nal for level in reversed(levels) for nal in level]


class PictureReader:
    """Takes NAL units, whole or in fragments, and gives whole key pictures in Annex B."""

    def __init__(self, grammar: Grammar, figures: Figures, limits: Limits, known: tuple[bytes, ...]) -> None:
        self._grammar = grammar
        self._figures = figures
        self._limits = limits
        self._sets = ParameterSets(grammar, figures, limits)
        # the picture
        self._kind: Kind | None = None  # of the picture being kept; None = it is passed over
        self._timestamp = -1
        # by PPS, as they were when its slices began: a set that comes behind them is of the next picture
        self._used: dict[int, list[bytes]] = {}
        self._lead: list[bytes] = []  # the SEI that makes an I picture a key picture
        self._recovery = b""
        self._since_key = 0
        # the unit
        self._parts: list[bytes] = []
        self._room = 0
        self._aside: tuple[list[bytes], int] | None = (
            None  # parts and room of a picture interrupted by a side unit
        )
        self._into = False  # whether the open unit is kept
        self._open = -1  # type of the unit that comes in fragments; -1 none
        self._unit_timestamp = -1
        self._stub = b""  # a beginning too short to tell what it is of
        self._stub_type = -1
        self._role = Role.WITHIN
        # the marker
        self._marked = False  # the last slice of this picture had it
        self._unmarked = False  # a slice of this picture had not
        self._marker_early = False  # was seen inside a picture
        self._marker_right = False  # ended a picture of several slices, and only that
        self._marker_on_sets = False  # was seen on units that stand before a picture
        for nal in known:
            for part in split(nal):
                self._sets.keep(part)

    def hole(self) -> None:
        """Packets are missing: a picture being kept cannot be whole any more."""
        if self._kind is not None:
            self._figures.broken += 1
        self._forget()
        self._open, self._stub = -1, b""
        self._marked = False
        self._recovery = b""

    def finish(self) -> bytes | None:
        """What a marker has ended and nothing has contradicted."""
        return self._end() if self._marked and self._kind is not None else None

    def _forget(self) -> None:
        self._kind = self._aside = None
        self._into = False
        self._parts = []

    def _spoil(self) -> None:
        """The picture being kept contradicts itself, or what it is made of does."""
        self._open, self._stub = -1, b""
        if self._kind is not None:
            self._figures.broken += 1
            self._forget()

    def _fragment(
        self, nal_type: int, flags: int, header: bytes, data: bytes, timestamp: int, marker: int
    ) -> bytes | None:
        """A fragment of a unit: ``flags`` 0x80 the first, 0x40 the last; ``header`` of the NAL unit rebuilt."""
        done = None
        if (
            self._stub
            and not flags & 0x80
            and nal_type == self._stub_type
            and timestamp == self._unit_timestamp
        ):
            flags, data, self._stub = flags | 0x80, self._stub + data, b""
        if flags & 0x80:
            if len(data) < SHORT and not flags & 0x40:
                self._keep_stub(nal_type, data, timestamp)
                return None
            done = self._begin(nal_type, header + data[:HEAD], timestamp)
            self._open = nal_type
            data = START + header + data
        elif self._open != nal_type or timestamp != self._unit_timestamp:
            self._spoil()
            return None
        if self._into:
            self._add(data)
        return (self._close(marker) if flags & 0x40 else None) or done

    def _keep_stub(self, nal_type: int, data: bytes, timestamp: int) -> None:
        """A first fragment too short to say what the unit is: looked at together with the next."""
        if self._open >= 0 or self._stub:
            self._spoil()
        self._stub, self._stub_type, self._unit_timestamp = data, nal_type, timestamp
        self._into = False

    def _forbidden(self) -> None:
        """A unit with the forbidden bit: damaged, or of another grammar under this name (SVAC sets it always)."""
        self._figures.forbidden += 1
        self.hole()

    def _whole(self, nal_type: int, nal: bytes, timestamp: int, marker: int) -> bytes | None:
        """One whole NAL unit."""
        done = self._begin(nal_type, nal[:HEAD], timestamp)
        if self._into:
            self._add(START + nal)
        return self._close(marker) or done

    def _pass_over(self, timestamp: int, marker: int) -> None:
        """The first slice of a picture that needs others, while nothing is kept or open: nearly every unit is one.

        Does what ``_begin`` and ``_close`` come to then. ``marker`` of a whole slice, UNKNOWN before its end.
        """
        figures = self._figures
        figures.delta_slices += 1
        figures.pictures += 1
        self._role, self._into = Role.SLICE, False
        self._unit_timestamp = self._timestamp = timestamp
        self._since_key += 1
        self._recovery = b""
        self._marked, self._unmarked = marker > 0, not marker

    def _begin(self, nal_type: int, head: bytes, timestamp: int) -> bytes | None:
        """A unit begins; a picture that this ends, or None."""
        if self._open >= 0 or self._stub:
            self._spoil()
        self._unit_timestamp = timestamp
        self._role = role = self._grammar.roles[nal_type]
        if role is Role.SLICE:
            return self._begin_slice(head, timestamp)
        self._into = False
        if role is Role.WITHIN:
            return None
        done = None
        if self._kind is not None and timestamp == self._timestamp:
            self._aside = self._parts, self._room
        else:
            done = self._end()
            self._room = self._limits.picture  # whole pictures are known to hide behind a parameter set
        self._into, self._parts = True, []
        return done

    def _resume(self) -> None:
        """A side unit is over: back to the picture it stood in, if any."""
        self._parts, self._room = self._aside or ([], self._room)
        self._aside, self._into = None, False

    def _begin_slice(self, head: bytes, timestamp: int) -> bytes | None:
        try:
            first, kind, pps = self._grammar.slice_of(head)
        except BitsError:
            first, kind, pps = False, Kind.DELTA, -1
        if kind is Kind.DELTA:
            self._figures.delta_slices += 1
        if first:
            done = self._end()
            self._begin_picture(kind, pps, timestamp)
            return done
        if self._marked and timestamp == self._timestamp:
            self._marker_early, self._marked = True, False
        if self._kind is Kind.INTRA and kind is Kind.DELTA:
            self._forget()
        if self._kind is not None:
            self._continue_picture(kind, pps, timestamp)
        self._into = self._kind is not None
        return None

    def _continue_picture(self, kind: Kind, pps: int, timestamp: int) -> None:
        line = self._sets.line(pps)
        fits = kind is self._kind and timestamp == self._timestamp and line
        if not fits or self._used.setdefault(pps, line) != line or len(self._used) > self._limits.sets:
            self._spoil()

    def _begin_picture(self, kind: Kind, pps: int, timestamp: int) -> None:
        self._figures.pictures += 1
        self._timestamp = timestamp
        self._marked = self._unmarked = False
        wanted = kind is Kind.KEY or (kind is Kind.INTRA and self._is_entry())
        line = self._sets.line(pps) if wanted else []
        if wanted and not line:
            self._figures.without_sets += 1
            wanted = False
        self._since_key = 0 if kind is Kind.KEY else self._since_key + 1
        self._lead = [self._recovery] if kind is Kind.INTRA and self._recovery else []
        self._recovery = b""
        self._into = wanted
        self._kind = kind if wanted else None
        self._used = {pps: line}
        self._room = self._limits.picture
        self._parts = []

    def _is_entry(self) -> bool:
        return bool(self._recovery) or self._since_key >= self._limits.patience

    def _add(self, part: bytes) -> None:
        """Keep a part of the open unit; too much of anything lets go of all of it."""
        self._room -= len(part) + FRAGMENT_COST
        if self._room < 0:
            self._overflow()
        else:
            self._parts.append(part)

    def _overflow(self) -> None:
        self._figures.too_large += 1
        self._forget()

    def _close(self, marker: int) -> bytes | None:
        """The open unit is whole; the picture that this or its marker ends, or None."""
        role = self._role
        self._open = -1
        if role is Role.SET or role is Role.NOTE:
            return self._close_side(marker)
        if marker <= 0:
            self._unmarked |= role is Role.SLICE and marker != UNKNOWN
            return None
        self._marker_right |= self._unmarked and role is Role.SLICE
        self._marked = True
        if self._marker_early or (self._marker_on_sets and not self._marker_right):
            return None
        return self._end(marked=True)

    def _close_side(self, marker: int) -> bytes | None:
        """A parameter set or SEI is whole. Some cameras put a picture behind it, in one unit, with start codes."""
        units, timestamp = split(b"".join(self._parts)), self._unit_timestamp
        self._resume()
        if self._role is Role.SET and units:
            self._sets.keep(units[0])
        elif units and len(units[0]) <= self._limits.parameter_set and self._grammar.recovers(units[0]):
            self._recovery = units[0]
        self._marker_on_sets |= marker > 0 and len(units) == 1
        return self._bundle(units[1:], timestamp, marker)

    def _bundle(self, units: list[bytes], timestamp: int, marker: int) -> bytes | None:
        """Units that came in one, behind start codes."""
        done = None
        for index, nal in enumerate(units):
            last = marker if index == len(units) - 1 else UNKNOWN
            done = self._whole(self._grammar.type_of(nal), nal, timestamp, last) or done
        return done

    def _end(self, marked: bool = False) -> bytes | None:
        """The picture is over: its bytes when it was kept."""
        if self._aside is not None:
            self._resume()
        kind, parts, lead = self._kind, self._parts, self._lead
        if not marked:
            self._marked = False
        if kind is None:
            return None
        before = [START + nal for nal in (*_ordered(self._used), *lead)]
        self._kind, self._parts, self._into = None, [], False
        return b"".join(before + parts)


def split(data: bytes) -> list[bytes]:
    """The NAL units in ``data``, at most 256: with start codes in front and between (annex B of both), or one bare."""
    parts = data.split(b"\0\0\1", MAX_UNITS)[:MAX_UNITS]
    return [nal for nal in (part.rstrip(b"\0") for part in parts) if nal]
