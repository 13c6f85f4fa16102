"""What a camera and its device are at run time, and what they count of their callers.

What may be asked of a camera is counted here, so that a test can prove that a prober was gentle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from camerahub.farm.dialogue import PUBLIC, answer, server_header
from camerahub.farm.kinds import KINDS, Kind
from camerahub.farm.makers import MAKERS
from camerahub.farm.model import Camera
from camerahub.farm.world import World

BAD_LOGINS = 3
LOCKED_S = 1800.0
_NVR_SLOTS = 4
#: A whole OPTIONS and nothing else, as liveness probes send it by the thousand.
_QUICK = re.compile(rb"OPTIONS \S+ RTSP/1\.0\r\nCSeq: (\d{1,10})\r\n(?:User-Agent: [^\r\n]*\r\n)?\r\n")


class Seat:
    """One channel at run time: its camera, its kind of the moment and its counts."""

    __slots__ = (
        "bad_logins", "camera", "conversations", "device", "kind", "logins", "onvif_calls", "open", "peak", "plays",
        "requests", "sessions_left", "snapshots", "teardowns",
    )  # fmt: skip

    def __init__(self, camera: Camera, device: Device) -> None:
        self.camera, self.device, self.kind = camera, device, KINDS[camera.kind]
        self.conversations = self.requests = self.logins = self.bad_logins = 0
        self.plays = self.teardowns = self.sessions_left = self.onvif_calls = self.snapshots = 0
        self.open = self.peak = 0

    def counts(self) -> dict[str, int | str]:
        """What its callers did to it. ``peak``: conversations at one time with its device, ``camera_peak``: with it."""
        device = self.device
        return {
            "code": self.camera.code,
            "kind": next(name for name, kind in KINDS.items() if kind is self.kind),
            "conversations": self.conversations,
            "requests": self.requests,
            "logins": self.logins,
            "bad_logins": self.bad_logins,
            "plays": self.plays,
            "teardowns": self.teardowns,
            "sessions_left": self.sessions_left,
            "onvif_calls": self.onvif_calls,
            "snapshots": self.snapshots,
            "camera_peak": device.peak if device.only is self else self.peak,
            "device_conversations": device.conversations,
            "peak": device.peak,
            "sessions_peak": device.sessions_peak,
            "locks": device.locks,
            "locked_logins": device.locked_logins,
        }

    def named(self) -> None:
        """A conversation with an NVR turned to this channel."""
        self.conversations += 1
        self.open += 1
        self.peak = max(self.peak, self.open)


class Device:
    """One address at run time: a camera of its own or an NVR with channels by path.

    ``sessions``: slots taken. Three bad logins in a row, over all channels and protocols, lock the callers out for
    half an hour; ``locks`` counts how often, ``locked_logins`` what was tried meanwhile.
    """

    __slots__ = (
        "_bad", "_locked_until", "_options", "conversations", "door", "host", "kind", "locked_logins", "locks", "only",
        "open", "paths", "peak", "port", "sessions", "sessions_peak", "slots", "world",
    )  # fmt: skip

    def __init__(self, host: str, port: str, world: World, door: str = "serve") -> None:
        self.host, self.port, self.world, self.door = host, port, world, door
        self.kind: Kind = KINDS["healthy"]
        self.paths: dict[str, Seat] = {}
        self.only: Seat | None = None
        self.conversations = self.open = self.peak = 0
        self.sessions = self.sessions_peak = self.slots = self.locks = self.locked_logins = self._bad = 0
        self._locked_until = float("-inf")
        self._options = b""

    def add(self, camera: Camera) -> Seat:
        """A further channel; a kind of whole devices becomes the kind of this one."""
        seat = Seat(camera, self)
        self.only = seat if not self.paths else None
        self.paths[camera.path] = self.paths[camera.sub_path] = seat
        self.slots = MAKERS[camera.maker].slots * (_NVR_SLOTS if camera.device else 1)
        if seat.kind.whole_device:
            self.kind = seat.kind
        if not self._options and not MAKERS[camera.maker].options_login:
            self._options = answer(200, "?", *server_header(camera), f"Public: {PUBLIC}").partition(b"?")[2]
        return seat

    def quick(self, data: bytes) -> bytes | None:
        """The answer to a plain OPTIONS on a lone camera in good health, None for anything else: the hot road.

        Must say and count the same as a ``Talk``.
        """
        seat = self.only
        if seat is None or not self._options or not self.kind.plain_options:
            return None
        found = _QUICK.fullmatch(data)
        if found is None:
            return None
        seat.requests += 1
        return b"RTSP/1.0 200 OK\r\nCSeq: " + found[1] + self._options

    @property
    def seats(self) -> list[Seat]:
        """Its channels in order."""
        return list(dict.fromkeys(self.paths.values()))

    @property
    def first(self) -> Seat:
        """The channel that speaks for the device."""
        return next(iter(self.paths.values()))

    def channel(self, number: int) -> Seat | None:
        """Channel ``number`` from 1."""
        seats = self.seats
        return seats[number - 1] if 1 <= number <= len(seats) else None

    @property
    def locked(self) -> bool:
        """Whether everything with credentials is refused now."""
        return self.world.clock.now() < self._locked_until

    def logged_in(self, good: bool) -> None:
        """A login was checked. The last bad one that is borne locks the door."""
        self._bad = 0 if good else self._bad + 1
        if self._bad >= BAD_LOGINS:
            self._bad = 0
            self.locks += 1
            self._locked_until = self.world.clock.now() + LOCKED_S

    def become(self, seat: Seat, kind: Kind) -> None:
        """Break or heal: a kind of whole devices befalls every channel, another one ends what the device had."""
        if kind.whole_device:
            self.kind = kind
            for other in self.paths.values():
                other.kind = kind
            return
        if self.kind.whole_device:
            for other in self.paths.values():
                other.kind = KINDS["healthy"]
        self.kind = KINDS["healthy"]
        seat.kind = kind

    def find(self, path: str) -> Seat | None:
        """The channel of a path, with or without a track behind it."""
        return (
            self.paths.get(path)
            or self.paths.get(path.rstrip("/"))
            or self.paths.get(path.rpartition("/")[0])
        )

    def opened(self) -> None:
        """Somebody connected."""
        self.conversations += 1
        self.open += 1
        if self.open > self.peak:
            self.peak = self.open
        if self.only is not None:
            self.only.conversations += 1


def devices(
    cameras: Iterable[Camera], world: World | None = None
) -> tuple[dict[str, Device], dict[str, Seat]]:
    """Devices by address and seats by camera code; cameras without an address have neither."""
    world = world or World()
    by_host: dict[str, Device] = {}
    seats: dict[str, Seat] = {}
    for camera in cameras:
        if camera.host:
            device = by_host.get(camera.address)
            if device is None:
                device = by_host[camera.address] = Device(
                    camera.host, KINDS[camera.kind].port, world, camera.door
                )
            seats[camera.code] = device.add(camera)
    return by_host, seats
