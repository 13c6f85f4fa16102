"""The socket loop of the county: one epoll set, thousands of cameras, no knowledge of RTSP.

What a camera does is decided in talk.py; here it is done: send, wait, close, reset, flood, and pictures when they are
due. Bounded per conversation: one request of memory, an idle limit, a cap on what is flooded, one picture that waits.
"""

from __future__ import annotations

import _socket
import errno
import heapq
import itertools
import json
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, cast

from camerahub.core.texts import text
from camerahub.farm.kinds import KINDS, Do
from camerahub.farm.model import LISTENING, Camera, Ports, Spec
from camerahub.farm.onvif import OnvifTalk
from camerahub.farm.seats import Device, devices
from camerahub.farm.sockets import LOOPBACK, Hole, listener
from camerahub.farm.stream import Stream
from camerahub.farm.talk import Talk
from camerahub.farm.tls import TlsTalk
from camerahub.farm.world import World

_READ = 16 * 1024
_BATCH = 512
_ACCEPTS = 256
_FLOOD_CAP = 8 << 20
_UNSENT_CAP = 4 << 20
_SEND_BUFFER = 128 << 10
_SHED = 64
_RESET = struct.pack("ii", 1, 0)
_IN = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_OUT = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP
_GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Conversation(Protocol):
    """What a camera says on one connection; see ``Talk``."""

    @property
    def stream(self) -> Stream | None:
        """What plays now."""

    def received(self, data: bytes) -> Do:
        """What the camera does on ``data``."""

    def closed(self) -> None:
        """The connection is gone."""


class _Line:
    """One open conversation. ``unsent``: the rest of a picture that a slow reader has not taken yet."""

    __slots__ = ("device", "fd", "flood", "flooded", "last", "sock", "stream", "talk", "unsent")

    def __init__(self, sock: _socket.socket, fd: int, device: Device, now: float) -> None:
        self.sock, self.fd, self.device, self.last = sock, fd, device, now
        self.talk: Conversation | None = None
        self.stream: Stream | None = None
        self.flood = self.unsent = b""
        self.flooded = 0


class _Door(NamedTuple):
    """A listening socket, who stands behind it by address, and how they talk."""

    sock: socket.socket
    devices: dict[str, Device]
    talk: Callable[[Device, int], Conversation] | None


class Server:
    """Serves a county's cameras. ``first``: the one process of the farm that opens listeners for single cameras."""

    def __init__(
        self,
        cameras: tuple[Camera, ...],
        ports: Ports,
        spec: Spec,
        first: bool = True,
        world: World | None = None,
    ) -> None:
        self.devices, self.seats = devices(cameras, world)
        self.behind = {
            door: {
                d.host: d for d in self.devices.values() if d.door == ("serve" if door == "onvif" else door)
            }
            for door in LISTENING
        }
        self.ports, self.idle_s, self.wildcard, self.first = ports, spec.idle_s, spec.wildcard, first
        self.epoll = select.epoll()
        self.lines: dict[int, _Line] = {}
        self.listeners: dict[int, _Door] = {}
        self.own: dict[tuple[str, str], socket.socket | Hole] = {}
        self.extra: dict[int, Callable[[], None]] = {}
        self.later: list[tuple[float, int, _Line, Do]] = []
        self.media: list[tuple[float, int, _Line, Stream]] = []
        self.serial = itertools.count(1)
        self.frames = self.dropped = 0
        self.accepted = self.answered = self.shed = self.foreign = 0
        self.running = True
        self.now = time.monotonic()
        self._next_sweep = self.now + 1

    def listen(self, sock: socket.socket, door: str = "serve") -> None:
        """Serve whoever connects to ``sock``, as those behind ``door`` do."""
        talk = OnvifTalk if door == "onvif" else None
        self.listeners[sock.fileno()] = _Door(sock, self.behind[door], talk)
        self.epoll.register(sock.fileno(), select.EPOLLIN)

    def watch(self, fd: int, ready: Callable[[], None]) -> None:
        """Call ``ready`` when ``fd`` can be read: the control line."""
        self.extra[fd] = ready
        self.epoll.register(fd, select.EPOLLIN)

    def open_own(self) -> None:
        """Without a wildcard: a listener, or a hole, for every address."""
        for device in self.devices.values():
            self._open_door(device, device.port)
            if device.port == device.door == "serve":
                self._open_own(device, "onvif")

    def run(self) -> None:
        """Serve until ``running`` is false."""
        while self.running:
            events = self.epoll.poll(self._wait(), _BATCH)
            self.now = time.monotonic()
            doors = []
            for fd, event in events:
                line = self.lines.get(fd)
                if line is not None:
                    self._serve(line, event)
                elif fd in self.listeners:
                    doors.append(self.listeners[fd])
                elif fd in self.extra:
                    self.extra[fd]()
            # Last: a number given back above may be given out again, and no event of this batch may find it.
            for door in doors:
                self._accept(door)
            self._timers()

    def close(self) -> None:
        """Hang up on everybody and close every door."""
        for line in list(self.lines.values()):
            self._hang_up(line)
        for behind in self.listeners.values():
            behind.sock.close()
        for door in self.own.values():
            door.close()
        self.epoll.close()

    def _wait(self) -> float:
        due = self._next_sweep
        if self.later:
            due = min(due, self.later[0][0])
        if self.media:
            due = min(due, self.media[0][0])
        return max(0.0, due - time.monotonic())

    def _timers(self) -> None:
        if self.media and self.media[0][0] <= self.now:
            self._pictures()
        while self.later and self.later[0][0] <= self.now:
            _, _, line, do = heapq.heappop(self.later)
            if self.lines.get(line.fd) is line:
                self._do(line, do)
        if self.now >= self._next_sweep:
            self._next_sweep = self.now + 1
            oldest = self.now - self.idle_s
            for line in [line for line in self.lines.values() if line.last < oldest]:
                self._hang_up(line)

    def _pictures(self) -> None:
        """Send what is due to everybody who has taken the picture before; for the others it is lost."""
        now, media = self.now, self.media
        while media and media[0][0] <= now:
            _, serial, line, stream = media[0]
            if line.stream is not stream or self.lines.get(line.fd) is not line:
                heapq.heappop(media)
                continue
            if line.unsent:
                stream.skip(now)
                self.dropped += 1
            elif data := stream.take(now):
                self.frames += 1
                self._send_picture(line, data)
            heapq.heapreplace(media, (stream.due, serial, line, stream))

    def _send_picture(self, line: _Line, data: bytes | bytearray) -> None:
        if isinstance(line.talk, TlsTalk):
            data = line.talk.seal(data)
        try:
            sent = line.sock.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._hang_up(line)
            return
        if sent < len(data):
            line.unsent = bytes(data[sent:])
            self.epoll.modify(line.fd, _OUT | select.EPOLLET)

    def _flush(self, line: _Line) -> None:
        """A slow reader has room again."""
        try:
            sent = line.sock.send(line.unsent, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return
        except OSError:
            self._hang_up(line)
            return
        line.unsent = line.unsent[sent:]
        if not line.unsent:
            self.epoll.modify(line.fd, _IN)

    def _accept(self, behind: _Door) -> None:
        # socket.socket's own accept and __init__ cost 3 µs of Python a conversation; what they are made of does not.
        accept = cast(Any, behind.sock)._accept
        for _ in range(_ACCEPTS):
            try:
                fd, _ = accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _NO_FILES:
                    raise
                self._shed_oldest()
                return
            self._welcome(_socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd), fd, behind)

    def _shed_oldest(self) -> None:
        """Out of files: the oldest conversations go, so that the farm never stands still."""
        for line in list(itertools.islice(self.lines.values(), _SHED)):
            self.shed += 1
            self._hang_up(line)

    def _welcome(self, sock: _socket.socket, fd: int, behind: _Door) -> None:
        host: str = sock.getsockname()[0]
        device = behind.devices.get(host)
        if device is None or not host.startswith(LOOPBACK):
            self.foreign += 1
            _reset(sock)
            return
        self.accepted += 1
        if device.open:
            self._see_off(device)
        device.opened()
        line = self.lines[fd] = _Line(sock, fd, device, self.now)
        if behind.talk is not None:
            line.talk = behind.talk(device, next(self.serial))
        elif device.kind.tls:
            line.talk = TlsTalk(Talk(device, next(self.serial)))
        if device.kind.accept is not None:
            self._do(line, device.kind.accept)
        else:
            self.epoll.register(fd, _IN)

    def _see_off(self, device: Device) -> None:
        """A caller who hung up before the next one came is not counted beside them, whatever epoll told first."""
        lines = {line.fd: line for line in self.lines.values() if line.device is device}
        asked = select.poll()
        for fd in lines:
            asked.register(fd, select.POLLRDHUP)
        for fd, _ in asked.poll(0):
            self._hang_up(lines[fd])

    def _serve(self, line: _Line, event: int) -> None:
        line.last = self.now
        if line.flood:
            self._flood(line, event)
            return
        if line.unsent and event & select.EPOLLOUT:
            self._flush(line)
        try:
            data = line.sock.recv(_READ, socket.MSG_DONTWAIT)
            while data:
                self._received(line, data)
                if len(data) < _READ or line.fd not in self.lines:
                    break
                data = line.sock.recv(_READ, socket.MSG_DONTWAIT)
        except BlockingIOError:
            data = b"-"
        except OSError:
            data = b""
        if not data or event & _GONE:
            self._hang_up(line)

    def _received(self, line: _Line, data: bytes) -> None:
        if line.talk is None:
            quick = line.device.quick(data)
            if quick is not None:
                self._send(line, quick)
                return
            line.talk = Talk(line.device, next(self.serial))
        talk = line.talk
        do = talk.received(data)
        if do.data or do.then != "keep":
            self._do(line, do)
        stream = talk.stream
        if stream is not line.stream:
            line.stream = stream
            if stream is not None:
                # Two or three key pictures: what a camera keeps for a slow reader, not what this kernel would.
                line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
                heapq.heappush(self.media, (stream.due, next(self.serial), line, stream))

    def _do(self, line: _Line, do: Do) -> None:
        if do.after_s:
            due = self.now + do.after_s
            heapq.heappush(self.later, (due, next(self.serial), line, do._replace(after_s=0.0)))
            return
        if do.then == "flood":
            line.flood = do.data
            self.epoll.modify(line.fd, _OUT)
            return
        if do.data and not self._send(line, do.data):
            return
        if do.then == "close":
            self._hang_up(line)
        elif do.then == "reset":
            self._hang_up(line, reset=True)

    def _send(self, line: _Line, data: bytes) -> bool:
        """Answers are small: a peer whose buffer cannot take one is gone or hostile, and is hung up on.

        Between pictures they wait their turn.
        """
        if line.unsent:
            line.unsent += data
            if len(line.unsent) > _UNSENT_CAP:
                self._hang_up(line)
            return line.fd in self.lines
        try:
            whole = line.sock.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) == len(data)
        except OSError:
            whole = False
        self.answered += whole
        if not whole:
            self._hang_up(line)
        return whole

    def _flood(self, line: _Line, event: int) -> None:
        try:
            line.flooded += line.sock.send(line.flood, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            pass
        except OSError:
            event |= _GONE
        if event & _GONE or line.flooded > _FLOOD_CAP:
            self._hang_up(line)

    def _hang_up(self, line: _Line, reset: bool = False) -> None:
        if self.lines.get(line.fd) is not line:
            return
        del self.lines[line.fd]
        line.device.open -= 1
        if line.talk is not None:
            line.talk.closed()
        line.stream = None
        if reset:
            _reset(line.sock)
        else:
            line.sock.close()

    def stats(self) -> dict[str, int | float]:
        """Counts since the start, and the CPU seconds of this process."""
        seats = self.seats.values()
        return {
            "accepted": self.accepted,
            "answered": self.answered,
            "requests": sum(seat.requests for seat in seats),
            "logins": sum(seat.logins for seat in seats),
            "bad_logins": sum(seat.bad_logins for seat in seats),
            "plays": sum(seat.plays for seat in seats),
            "teardowns": sum(seat.teardowns for seat in seats),
            "sessions_left": sum(seat.sessions_left for seat in seats),
            "onvif_calls": sum(seat.onvif_calls for seat in seats),
            "snapshots": sum(seat.snapshots for seat in seats),
            "sessions": sum(device.sessions for device in self.devices.values()),
            "locks": sum(device.locks for device in self.devices.values()),
            "locked_logins": sum(device.locked_logins for device in self.devices.values()),
            "frames": self.frames,
            "dropped": self.dropped,
            "peak": max((device.peak for device in self.devices.values()), default=0),
            "open": len(self.lines),
            "foreign": self.foreign,
            "shed": self.shed,
            "cpu_s": round(time.process_time(), 3),
        }

    def command(self, line: str) -> object:
        """The answer to one control line; an unknown one is answered with both languages."""
        words = line.split()
        if words == ["stats"]:
            return self.stats()
        if words == ["cameras"]:
            return [seat.counts() for seat in self.seats.values()]
        if len(words) == 2 and words[0] == "camera":
            seat = self.seats.get(words[1])
            return seat.counts() if seat else _error("farm.unknown_camera", code=words[1])
        if len(words) == 3 and words[0] == "set":
            return self._set(words[1], words[2])
        return _error("farm.unknown_command")

    def _set(self, code: str, name: str) -> object:
        seat, kind = self.seats.get(code), KINDS.get(name)
        if seat is None:
            return _error("farm.unknown_camera", code=code)
        if kind is None:
            return _error("farm.unknown_kind", kind=name, kinds=", ".join(KINDS))
        device = seat.device
        if kind.port == "closed" and self.wildcard and device.port != "closed":
            return _error("farm.cannot_refuse")
        device.become(seat, kind)
        if self.first:
            self._reopen(device, kind.port)
        return seat.counts()

    def _reopen(self, device: Device, wanted: str) -> None:
        door = self.own.pop((device.host, device.door), None)
        if isinstance(door, socket.socket):
            self.listeners.pop(door.fileno())
        if door is not None:
            door.close()
        if not self.wildcard or wanted != device.port:
            self._open_door(device, wanted)

    def _open_door(self, device: Device, wanted: str) -> None:
        """A listener of its own at the address in the register: it wins over the one for all."""
        if wanted == "hole":
            port: int = getattr(self.ports, device.door if device.port == "serve" else device.port)
            self.own[device.host, device.door] = Hole(device.host, port)
        elif wanted == "serve":
            self._open_own(device, device.door)

    def _open_own(self, device: Device, door: str) -> None:
        port: int = getattr(self.ports, door if device.port == "serve" else device.port)
        sock = self.own[device.host, door] = listener(device.host, port)
        self.listen(sock, door)


def _reset(sock: _socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()


def _error(key: str, **fields: object) -> dict[str, str]:
    said = text(key, **fields)
    return {"error": key, "zh": said.zh, "en": said.en}


def to_line(answer: object) -> bytes:
    """One JSON line."""
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"
