"""A playing session: which packets are due when. Bytes out, time in; the socket loop and the virtual line both pull.

One frame is one copy of prepared packets with sequence number, timestamp and source patched in.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from camerahub.farm.clips import CLOCK_RATE, Track

_PATCH = struct.Struct(">HII")
_INTERLEAVED = struct.Struct(">cBHBBHII")
_REPORT = struct.Struct(">cBHBBHIQIII")
_REPORT_S = 5.0
#: While the library is not there yet, ask again so often.
_PATIENCE_S = 0.05
_LATE_S = 1.0
_SILENCE = b"\xd5" * 320
_NTP_1970 = 2_208_988_800
_FPS = 25


class Stream:
    """The packets of one session on interleaved channels.

    ``track`` gives the clip as soon as there is one. The first picture is any one of the group, drawn by ``rng``, that
    ends with the key picture ``turn``. ``keys`` False: key pictures are never sent.
    """

    __slots__ = (
        "_audio", "_index", "_key_wanted", "_keys", "_next_report", "_octets", "_packets", "_phase", "_sequence",
        "_source", "_stamp", "_track", "_turn", "_video", "_wall", "due", "ssrc",
    )  # fmt: skip

    def __init__(
        self,
        source: Callable[[], Track | None],
        channels: tuple[int, int],
        rng: random.Random,
        now: float,
        wall: Callable[[], float],
        keys: bool = True,
        turn: int = 0,
    ) -> None:
        self._source, self._wall, self._keys = source, wall, keys
        self._video, self._audio = channels
        self._track: Track | None = None
        self._phase, self._turn = rng.random(), turn
        self._index = self._packets = self._octets = 0
        self._key_wanted = False
        self._sequence, self._stamp, self.ssrc = rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(32)
        self.due, self._next_report = now, now

    @property
    def start(self) -> tuple[int, int]:
        """Sequence number and timestamp of the next packet, for RTP-Info (RFC 2326 section 12.33)."""
        return self._sequence, self._stamp

    def take(self, now: float) -> bytes | bytearray:
        """The packets due now, which may be none; moves ``due`` on."""
        track = self._track or self._find()
        if track is None:
            self.due = now + _PATIENCE_S
            return b""
        frame = track.frames[self._index]
        stamp = self._pass(now, track)
        if (self._key_wanted and not frame.key) or (frame.key and not self._keys):
            return b""
        self._key_wanted = False
        out, sequence, video, ssrc = bytearray(frame.data), self._sequence, self._video, self.ssrc
        for at in frame.starts:
            _PATCH.pack_into(out, at + 6, sequence, stamp, ssrc)
            sequence = (sequence + 1) & 0xFFFF
        if video:
            for at in frame.starts:
                out[at + 1] = video
        self._sequence = sequence
        self._packets += len(frame.starts)
        self._octets += len(out) - 16 * len(frame.starts)
        return self._extras(out, now, stamp) if self._audio >= 0 or now >= self._next_report else out

    def skip(self, now: float) -> None:
        """A picture is due and nobody can take it: it is lost whole, and so is what builds on it."""
        if self._track is None:
            self.due = now + _PATIENCE_S
        else:
            self._key_wanted = True
            self._pass(now, self._track)

    def _find(self) -> Track | None:
        track = self._track = self._source()
        if track is not None:
            self._index = track.before_key(self._turn, self._phase)
        return track

    def _pass(self, now: float, track: Track) -> int:
        stamp = self._stamp
        self._stamp = (stamp + CLOCK_RATE // track.fps) & 0xFFFFFFFF
        self._index = (self._index + 1) % len(track.frames)
        self.due += 1 / track.fps
        if self.due < now - _LATE_S:
            self.due = now
        return stamp

    def _extras(self, out: bytearray, now: float, stamp: int) -> bytearray:
        if now >= self._next_report:
            self._next_report = now + _REPORT_S
            out = self._report(stamp) + out
        if self._audio >= 0:
            number = self._index_of_sound(stamp)
            head = _INTERLEAVED.pack(
                b"$", self._audio, 332, 0x80, 8, number & 0xFFFF, number * 320 & 0xFFFFFFFF, self.ssrc ^ 1
            )
            out += head + _SILENCE
        return out

    def _index_of_sound(self, stamp: int) -> int:
        return stamp // (CLOCK_RATE // _FPS)

    def _report(self, stamp: int) -> bytearray:
        """Sender report and CNAME, one compound packet (RFC 3550 sections 6.1, 6.4.1, 6.5.1)."""
        ntp = int((self._wall() + _NTP_1970) * (1 << 32)) & (1 << 64) - 1
        report = _REPORT.pack(
            b"$", self._video + 1, 28 + 20, 0x80, 200, 6, self.ssrc, ntp, stamp, self._packets, self._octets
        )
        return bytearray(
            report + struct.pack(">BBHI", 0x81, 202, 4, self.ssrc) + b"\x01\x06camera" + bytes(4)
        )
