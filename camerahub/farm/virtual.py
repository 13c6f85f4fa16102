"""The county without sockets and without waiting: a manual clock, direct calls, the same cameras and the same counts.

    county = VirtualCounty(County.make(cameras=5000))
    line = county.dial(camera.host, county.county.port(camera))     # or a reason why not
    line.send(request); answer = line.receive(); county.advance(0.5); line.close()

What a camera says after a while arrives when time has passed; so do pictures. For hours of virtual time in seconds.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import replace

from camerahub.farm.clips import Library
from camerahub.farm.clock import ManualClock
from camerahub.farm.county import DEFAULT_PORTS, County
from camerahub.farm.kinds import KINDS, Do
from camerahub.farm.model import LISTENING
from camerahub.farm.onvif import OnvifTalk
from camerahub.farm.seats import Device, Seat, devices
from camerahub.farm.stream import Stream
from camerahub.farm.talk import Talk
from camerahub.farm.world import World

#: What a reader may leave lying on the line; pictures beyond it are lost whole, as on a socket.
ROOM = 4 << 20
_FLOOD = 64 << 10


class VirtualLine:
    """One open conversation. ``ended``: empty, ``closed`` or ``reset``: what the camera did to it."""

    def __init__(self, county: VirtualCounty, device: Device, talk: Talk | OnvifTalk) -> None:
        self._county, self._device, self._talk = county, device, talk
        self._inbox = bytearray()
        self._open = True
        self.stream: Stream | None = None
        self.ended = ""
        self.last = county.clock.now()
        device.opened()

    def send(self, data: bytes) -> None:
        """Say ``data`` to the camera. Nothing happens on a line that has ended."""
        if not self._open or self.ended:
            return
        self.last = self._county.clock.now()
        self.do(self._talk.received(data))
        stream = self._talk.stream
        if stream is not self.stream:
            self.stream = stream
            if stream is not None:
                self._county.later(stream.due, self._play)

    def receive(self) -> bytes:
        """Everything that has come by now."""
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def close(self) -> None:
        """Hang up. Twice is the same as once."""
        if self._open:
            self._open = False
            self.stream = None
            self._talk.closed()
            self._device.open -= 1
            self._county.lines.pop(self, None)

    def do(self, do: Do) -> None:
        """What the camera does, now or when its time has come."""
        if do.after_s:
            self._county.later(
                self._county.clock.now() + do.after_s, lambda: self.do(do._replace(after_s=0.0))
            )
        elif self._open and not self.ended:
            self._inbox += do.data * (_FLOOD // max(1, len(do.data)) + 1) if do.then == "flood" else do.data
            if do.then in ("close", "reset"):
                self.hung_up("closed" if do.then == "close" else "reset")

    def hung_up(self, how: str) -> None:
        """The camera's side ends it."""
        self.close()
        self.ended = how

    def _play(self) -> None:
        stream, now = self.stream, self._county.clock.now()
        if stream is None:
            return
        if len(self._inbox) > ROOM:
            stream.skip(now)
        else:
            self._inbox += stream.take(now)
        self._county.later(stream.due, self._play)


class VirtualCounty:
    """The cameras of ``county`` on a clock that moves by ``advance``. ``library``: the clips, if any are wanted."""

    def __init__(
        self,
        county: County,
        library: Library | None = None,
        clock: ManualClock | None = None,
        idle_s: float = 60.0,
    ) -> None:
        # A county that was never served has no ports of its own.
        county = county if all(county.ports) else replace(county, ports=DEFAULT_PORTS)
        self.county, self.clock = county, clock or ManualClock()
        self.world = World(self.clock, lambda wanted: library, county.ports, idle_s)
        self.devices, self.seats = devices(county.cameras, self.world)
        self.lines: dict[VirtualLine, None] = {}
        self._serial = itertools.count(1)
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._behind = {
            (device.host, getattr(county.ports, device.door)): device for device in self.devices.values()
        }
        self._ports = {getattr(county.ports, door): door for door in LISTENING}

    def dial(self, host: str, port: int) -> VirtualLine | str:
        """A line, or ``refused`` or ``timeout``. Of rtsps it is the inside: TLS itself is not played."""
        door = self._ports.get(port)
        device = self._behind.get((host, self.county.ports.serve if door == "onvif" else port))
        if device is None or door is None:
            return "timeout" if port == self.county.ports.hole else "refused"
        if device.kind.port != "serve":
            return "timeout" if device.kind.port == "hole" else "refused"
        make = OnvifTalk if door == "onvif" else Talk
        line = VirtualLine(self, device, make(device, next(self._serial)))
        self.lines[line] = None
        if device.kind.accept is not None:
            line.do(device.kind.accept)
        return line

    def later(self, due: float, deed: Callable[[], None]) -> None:
        """Have ``deed`` done when the clock shows ``due``."""
        heapq.heappush(self._later, (due, next(self._serial), deed))

    def advance(self, seconds: float) -> None:
        """Let time pass: everything that falls due happens in order, each at its own time."""
        end = self.clock.now() + seconds
        while self._later and self._later[0][0] <= end:
            due, _, deed = heapq.heappop(self._later)
            self.clock.advance(due - self.clock.now())
            deed()
        self.clock.advance(end - self.clock.now())
        for line in [line for line in self.lines if line.last < end - self.world.idle_s]:
            line.hung_up("closed")

    def set(self, code: str, kind: str) -> None:
        """Break or heal one camera, as the control line does. Raises KeyError for an unknown code or kind."""
        seat = self.seats[code]
        seat.device.become(seat, KINDS[kind])

    def cameras(self) -> dict[str, dict[str, int | str]]:
        """code -> what was asked of that camera, the same counts as those of a served county."""
        return {code: seat.counts() for code, seat in self.seats.items()}

    def seat(self, code: str) -> Seat:
        """One camera at run time."""
        return self.seats[code]
