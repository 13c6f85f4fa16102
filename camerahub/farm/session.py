"""One RTSP session from the camera's side: SETUP, PLAY, TEARDOWN, and the slot it takes (RFC 2326 section 10)."""

from __future__ import annotations

import random
from typing import NamedTuple

from camerahub.farm.clips import Track
from camerahub.farm.dialogue import Request, has_sound, session_of, transport
from camerahub.farm.seats import Seat
from camerahub.farm.stream import Stream
from camerahub.farm.world import track_of


class Said(NamedTuple):
    """A status and the header lines that belong to it."""

    status: int
    headers: tuple[str, ...] = ()


class Sessions:
    """What one conversation has set up: one session at the most, of one channel."""

    __slots__ = (
        "_channels",
        "_rng",
        "_sets_told",
        "_sub",
        "channel",
        "described_seat",
        "described_sub",
        "name",
        "stream",
    )

    def __init__(self, serial: int) -> None:
        self._rng = random.Random(serial)
        self._channels = [-1, -1]
        self._sets_told = self._sub = False
        self.channel: Seat | None = None
        self.described_seat: Seat | None = None
        self.described_sub = False
        self.name = ""
        self.stream: Stream | None = None

    def described(self, seat: Seat, sub: bool, sets_told: bool) -> None:
        """What the last DESCRIBE was of, and whether it could name the parameter sets."""
        self.described_seat, self.described_sub, self._sets_told = seat, sub, sets_told

    def answer(self, request: Request, seat: Seat, sub: bool) -> Said:
        """What the camera says to a request about sessions, after the login."""
        named = session_of(request)
        if named is not None and (named != self.name or self.channel is None):
            return Said(454)
        if request.method == "SETUP":
            return self._setup(request, seat, sub)
        if request.method in ("GET_PARAMETER", "SET_PARAMETER"):
            return Said(200, self._line() if self.channel is not None else ())
        if self.channel is None:
            return Said(455)
        deed = {"PLAY": self._play, "PAUSE": self._pause, "TEARDOWN": self._teardown}[request.method]
        return deed(request, self.channel)

    def closed(self) -> None:
        """The conversation ended; a session still there was left behind."""
        if self.channel is not None:
            self.channel.sessions_left += 1
            self._release(self.channel)

    def _line(self, more: str = "") -> tuple[str, ...]:
        return (f"Session: {self.name}{more}",)

    def _setup(self, request: Request, seat: Seat, sub: bool) -> Said:
        status = seat.kind.setup(seat.camera)
        if status != 200:
            return Said(status)
        if self.channel not in (None, seat):
            return Said(459)
        sound = has_sound(seat.camera) and request.path.rstrip("/").endswith("trackID=2")
        granted = transport(request, 2 if sound else 0, seat.kind.udp)
        if granted is None:
            return Said(461)
        if self.channel is None and not self._take(seat, sub):
            return Said(453)
        self._channels[sound] = granted.channel
        lines = self._line(f";timeout={max(1, int(seat.device.world.idle_s))}")
        return Said(200, (*lines, f"Transport: {granted.granted.format(ssrc=self._rng.getrandbits(32))}"))

    def _take(self, seat: Seat, sub: bool) -> bool:
        device = seat.device
        if device.sessions >= device.slots:
            return False
        device.sessions += 1
        device.sessions_peak = max(device.sessions_peak, device.sessions)
        self.channel, self._sub, self.name = seat, sub, f"{self._rng.randrange(1 << 31):d}"
        return True

    def _release(self, seat: Seat) -> None:
        seat.device.sessions -= 1
        self.channel = self.stream = None
        self._channels = [-1, -1]

    def _play(self, request: Request, seat: Seat) -> Said:
        status = seat.kind.play(seat.camera)
        if status != 200:
            return Said(status, self._line())
        if self.stream is not None:
            return Said(200, self._line())
        seat.plays += 1
        if self._channels[0] < 0 or seat.kind.spoilt == "silent":
            return Said(200, self._line())
        self.stream = self._started(seat)
        sequence, stamp = self.stream.start
        info = f"RTP-Info: url={request.uri.rstrip('/')}/trackID=1;seq={sequence};rtptime={stamp}"
        return Said(200, (*self._line(), "Range: npt=0-", info))

    def _started(self, seat: Seat) -> Stream:
        world, kind, sub, in_band = seat.device.world, seat.kind, self._sub, not self._sets_told

        def track() -> Track | None:
            library = world.library(True)
            since = world.clock.now() - world.began
            return None if library is None else track_of(library, seat.camera, kind, sub, in_band, since)

        return Stream(
            track,
            (self._channels[0], self._channels[1]),
            self._rng,
            world.clock.now(),
            lambda: world.time_of(seat.camera, kind),
            keys=kind.spoilt != "no_key",
            turn=seat.plays,
        )

    def _pause(self, request: Request, seat: Seat) -> Said:
        self.stream = None
        return Said(200, self._line())

    def _teardown(self, request: Request, seat: Seat) -> Said:
        seat.teardowns += 1
        line = self._line()
        self._release(seat)
        return Said(200, line)
