"""The socket loop: many short conversations on one epoll set, nested in the running event loop.

It exists because asyncio's transports cost three times as much per probe, and because late loops, not cameras, make
false deaths. The only place that sees an ``OSError`` of a dialled camera. It must not know any protocol: a
``Conversation`` is asked for bytes, given bytes, and ends with a ``Verdict``.

Rules:

* Deadlines count from the dial and cover everything. A conversation that we served late (our loop did not run, the
  core was taken away) gets exactly that lateness back; before anything expires, all events that wait in the kernel
  are handled; and the socket is read once more.
* At most ``max_in_flight`` sockets are open; further starts wait in order, and their clock starts when dialled.
* A bug in a conversation is told to the loop's exception handler and ends as ``blind``: never a camera's fault.
"""

from __future__ import annotations

import asyncio
import errno
import heapq
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from camerahub.core.errors import EnvironmentFault
from camerahub.core.result import REASONS, Outcome, ProbeResult, Target


class Verdict(NamedTuple):
    """How a conversation ended: a reason of ``REASONS``, the highest stage proven, the last status seen."""

    reason: str
    stage: int
    status: int = 0


class Linger(NamedTuple):
    """The verdict is known; a last word (TEARDOWN) is sent, and its answer waited for, ``seconds`` at most."""

    data: bytes
    verdict: Verdict
    seconds: float


class Redial(NamedTuple):
    """The camera closed where the dialogue may go on over a new connection (after a 401): dial once more, within the
    same deadline. ``first`` is asked again for what to send."""


Answer = bytes | Verdict | Linger | None


class Conversation(Protocol):
    """What a probe says to a camera. ``stage`` and ``status``: proven so far, for a timeout or a reset.

    ``read_size``: bytes asked of the socket at once; ``max_received``: bytes after which a camera is cut off.
    One that may log in also has ``flags``: SENT once a credential has gone out, UNSENT before.
    """

    @property
    def probe(self) -> str: ...
    @property
    def stage(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def read_size(self) -> int: ...
    @property
    def max_received(self) -> int: ...

    def first(self) -> Answer:
        """Called when the connection stands: what to send, or the end, or None to listen."""

    def received(self, data: bytes) -> Answer:
        """Called with every piece that arrives: what to send, or the end, or None to wait for more."""

    def closed(self) -> Verdict | Redial:
        """Called when the camera closed its side."""

    def expired(self) -> Verdict | Linger:
        """Called when the deadline has passed."""


class Brief:
    """What short conversations have in common: small answers, and a deadline that is simply a timeout."""

    __slots__ = ()
    read_size = 4096
    max_received = 512 * 1024
    stage = 0
    status = 0

    def expired(self) -> Verdict:
        return Verdict("timeout", self.stage, self.status)


Done = Callable[[ProbeResult], None]

TICK_S = 0.05
"""Longest time the epoll set is left unread while something is in flight; lateness is what exceeds it."""
BATCH = 512

_OUTCOMES: dict[str, Outcome] = {name: info.outcome for name, info in REASONS.items()}

# What connect() says before any packet left, against what the network or the peer answered later.
_NO_SEAT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN)
_LOCAL: dict[int, str] = dict.fromkeys(_NO_SEAT, "no_seat") | {
    errno.ECONNREFUSED: "refused",  # loopback answers at once
    errno.ECONNRESET: "reset",
}
_PEER: dict[int, str] = dict.fromkeys((errno.ENOBUFS, errno.ENOMEM), "no_seat") | {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.EPIPE: "reset",
    errno.ENOTCONN: "reset",
    errno.ETIMEDOUT: "timeout",
}

_IN = 0x001
_OUT = 0x004
_ERR = 0x008
_ENDED = 0x008 | 0x010 | 0x2000  # ERR | HUP | RDHUP
_READ = _IN | _ENDED
_IN_PROGRESS = errno.EINPROGRESS
_INET, _INET6 = int(socket.AF_INET), int(socket.AF_INET6)
_Socket, _inet_pton = socket.SocketType, socket.inet_pton
_STREAM = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0) | getattr(socket, "SOCK_CLOEXEC", 0)


def _now_us() -> int:
    return time.time_ns() // 1000


class _Dial:
    """One conversation on its socket; ``sock`` is None once it has ended."""

    __slots__ = (
        "connected",
        "conversation",
        "credit",
        "deadline",
        "done",
        "ending",
        "fd",
        "left",
        "pending",
        "queued",
        "redialled",
        "size",
        "sock",
        "started",
        "started_at",
        "target",
    )

    def __init__(
        self,
        target: Target,
        conversation: Conversation,
        done: Done,
        started_at: int,
        started: float,
        deadline: float,
    ) -> None:
        self.target = target
        self.conversation = conversation
        self.done = done
        self.started_at = started_at
        self.started = started
        self.deadline = deadline
        self.sock: socket.SocketType | None = None
        self.fd = -1
        self.connected = False
        self.pending = b""
        self.credit = 0.0
        self.left = conversation.max_received
        self.size = conversation.read_size
        self.ending: Verdict | None = None
        self.redialled = False
        self.queued = True  # its deadline is the one of its queue; False: it stands in the heap of the others


class Engine:
    """Dials targets and reports one ``ProbeResult`` each through ``done``, from the loop, never inside ``start``."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        max_in_flight: int,
        monotonic: Callable[[], float] = time.monotonic,
        now_us: Callable[[], int] = _now_us,
    ) -> None:
        if not hasattr(select, "epoll"):
            raise EnvironmentFault("probe.no_epoll")
        self._loop = loop
        self._limit = max_in_flight
        self._monotonic = monotonic
        self._now_us = now_us
        self._epoll = select.epoll(64)
        self._dials: dict[int, _Dial] = {}
        self._failing: set[_Dial] = set()
        self._waiting: deque[tuple[Target, Conversation, float, Done]] = deque()
        self._queues: dict[float, deque[_Dial]] = {}
        self._extended: list[tuple[float, int, _Dial]] = []
        self._extensions = 0
        self._timer: asyncio.TimerHandle | None = None
        self._drained = self._now = monotonic()
        self._closed = False
        loop.add_reader(self._epoll.fileno(), self._ready)

    @property
    def in_flight(self) -> int:
        """Conversations dialled and not yet reported."""
        return len(self._dials) + len(self._failing)

    @property
    def waiting(self) -> int:
        """Starts that wait for a free place."""
        return len(self._waiting)

    @property
    def max_lateness_s(self) -> float:
        """Lateness of the loop at this moment: time since the epoll set was last read empty, above a tick."""
        return max(0.0, self._monotonic() - self._drained - TICK_S) if self._dials else 0.0

    def start(self, target: Target, conversation: Conversation, deadline_s: float, done: Done) -> None:
        """Dial now, or as soon as one of the ``max_in_flight`` places is free. ``target.host`` is an IP address."""
        if self._closed:
            raise RuntimeError("the engine is closed")
        if len(self._dials) + len(self._failing) >= self._limit:
            self._waiting.append((target, conversation, deadline_s, done))
            return
        self._dial(target, conversation, deadline_s, done)

    def hurry(self) -> None:
        """Cut short every conversation that keeps a session at its camera (``cut_short``): nobody will look on."""
        self._now = self._monotonic()
        for dial in list(self._dials.values()):
            cut_short = getattr(dial.conversation, "cut_short", None)
            if cut_short is not None and dial.connected and dial.ending is None and dial.sock is not None:
                answer = cut_short()
                if answer is not None:
                    self._act(dial, answer)

    async def aclose(self) -> None:
        """Close every socket at once. What is under way or waiting ends without a result: nobody looked to the end."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._epoll.fileno())
        for dial in self._dials.values():
            if dial.sock is not None:
                dial.sock.close()
                dial.sock = None
        self._dials.clear()
        self._failing.clear()
        self._waiting.clear()
        self._queues.clear()
        self._extended.clear()
        self._epoll.close()

    # -- starting -----------------------------------------------------------------------------------------------------

    def _dial(self, target: Target, conversation: Conversation, deadline_s: float, done: Done) -> None:
        started = self._monotonic()
        dial = _Dial(target, conversation, done, self._now_us(), started, started + deadline_s)
        if not self._dials:
            self._drained = started
        if not self._connect(dial):
            return
        queue = self._queues.get(deadline_s)
        if queue is None:
            queue = self._queues[deadline_s] = deque()
        queue.append(dial)
        if self._timer is None:
            self._timer = self._loop.call_later(min(TICK_S, deadline_s), self._tick)

    def _connect(self, dial: _Dial) -> bool:
        """Send a SYN; False when that ended the dial."""
        target = dial.target
        host = target.host
        family = _INET6 if ":" in host else _INET
        try:
            _inet_pton(family, host)  # a name would make connect() block on DNS
        except OSError:
            self._fail(dial, "no_address")
            return False
        try:
            sock = dial.sock = _Socket(family, _STREAM)
        except OSError as error:
            self._fail(dial, _LOCAL.get(error.errno or 0, "no_route"))
            return False
        try:
            error_code = sock.connect_ex((host, target.port))
        except (OSError, OverflowError):  # a port out of range, an address the family does not take
            self._fail(dial, "no_address")
            return False
        if error_code != _IN_PROGRESS and error_code:
            self._fail(dial, _LOCAL.get(error_code, "no_route"))
            return False
        fd = dial.fd = sock.fileno()
        try:
            self._epoll.register(fd, 0x80002005)  # IN | OUT | RDHUP | ET
        except OSError:
            self._fail(dial, "no_seat")
            return False
        self._dials[fd] = dial
        return True

    def _fail(self, dial: _Dial, reason: str) -> None:
        """End a dial that never got out. From the loop: callers start the next one on each result; no recursion."""
        if dial.sock is not None:
            dial.sock.close()
            dial.sock = None
        self._failing.add(dial)
        self._loop.call_soon(self._failed, dial, reason)

    def _failed(self, dial: _Dial, reason: str) -> None:
        if dial in self._failing:
            self._failing.discard(dial)
            self._now = self._monotonic()
            self._report(dial, reason, 0, 0)

    # -- events -------------------------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        """Handle up to one batch of events; True when more may be waiting."""
        events = self._epoll.poll(0, BATCH)
        now = self._now = self._monotonic()
        dials = self._dials
        for fd, mask in events:
            dial = dials.get(fd)
            if dial is not None:
                try:
                    if dial.connected and not dial.pending:
                        self._read(dial, mask)
                    else:
                        self._event(dial, mask)
                except Exception as error:  # noqa: BLE001 - reported by _bug; the other sockets of the batch must be served
                    self._bug(dial, error)
            if self._closed:
                return False
        if len(events) < BATCH:
            self._drained = now
            return False
        return True

    def _event(self, dial: _Dial, mask: int) -> None:
        if not dial.connected:
            if mask & _ERR and self._refused(dial):
                return
            if not mask & _OUT:
                return
            dial.connected = True
            answer = dial.conversation.first()
            if answer is not None:
                self._act(dial, answer)
                if dial.sock is None:
                    return
        elif dial.pending and mask & _OUT:
            self._send(dial, dial.pending)
            if dial.sock is None:
                return
        self._read(dial, mask)

    def _refused(self, dial: _Dial) -> bool:
        assert dial.sock is not None  # noqa: S101 - only dials with a socket get events
        code = dial.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._end(dial, _PEER.get(code, "unreachable"), 0, 0)
        return code != 0

    def _act(self, dial: _Dial, answer: bytes | Verdict | Linger) -> None:
        if isinstance(answer, Verdict):
            self._end(dial, *answer)
            return
        if isinstance(answer, Linger):
            self._linger(dial, answer)
            return
        late = self._monotonic() - self._drained - TICK_S
        if late > 0.0:
            dial.credit += late
        self._send(dial, dial.pending + answer if dial.pending else answer)

    def _linger(self, dial: _Dial, last: Linger) -> None:
        """Say the last word and wait a moment for its answer; the verdict stands already."""
        dial.ending = last.verdict
        dial.deadline = self._monotonic() + last.seconds
        self._extend(dial)
        self._send(dial, dial.pending + last.data)

    def _extend(self, dial: _Dial) -> None:
        dial.queued = False
        self._extensions += 1
        heapq.heappush(self._extended, (dial.deadline, self._extensions, dial))

    def _send(self, dial: _Dial, data: bytes) -> None:
        try:
            sent = dial.sock.send(data)  # type: ignore[union-attr]
        except BlockingIOError:
            sent = 0
        except OSError as error:
            # The camera may have answered before it closed: what arrived counts more than what could not be sent.
            self._read(dial, _READ | _ENDED)
            if dial.sock is not None:
                self._broken(dial, error)
            return
        if sent < len(data):
            dial.pending = data[sent:]
        elif dial.pending:
            dial.pending = b""

    def _read(self, dial: _Dial, mask: int) -> None:
        """Read until the socket is empty, the conversation ends, or the camera has sent more than anybody needs."""
        if not mask & _READ:
            return
        conversation, size = dial.conversation, dial.size
        while (sock := dial.sock) is not None:
            try:
                data = sock.recv(size)
            except BlockingIOError:
                return
            except OSError as error:
                self._broken(dial, error)
                return
            if not data:
                self._hung_up(dial)
                return
            dial.left -= len(data)
            answer = conversation.received(data)
            if answer is not None:
                self._act(dial, answer)
            elif dial.left < 0:
                self._end(dial, *(dial.ending or self._too_much(conversation)))
            if len(data) < size and not mask & _ENDED:
                return  # epoll(7): a short read has emptied a stream socket

    @staticmethod
    def _too_much(conversation: Conversation) -> Verdict:
        return Verdict("protocol", max(1, conversation.stage), conversation.status)

    def _hung_up(self, dial: _Dial) -> None:
        """The camera closed: what it says then, or once more over a new connection."""
        answer = dial.ending or dial.conversation.closed()
        if isinstance(answer, Verdict):
            self._end(dial, *answer)
        elif dial.redialled:
            self._end(dial, "reset", dial.conversation.stage, dial.conversation.status)
        else:
            self._redial(dial)

    def _redial(self, dial: _Dial) -> None:
        del self._dials[dial.fd]
        dial.sock.close()  # type: ignore[union-attr]
        dial.sock, dial.connected, dial.pending, dial.redialled = None, False, b"", True
        self._connect(dial)

    def _broken(self, dial: _Dial, error: OSError) -> None:
        if dial.ending is not None:
            self._end(dial, *dial.ending)
            return
        conversation = dial.conversation
        reason = _PEER.get(error.errno or 0, "unreachable")
        self._end(dial, reason, max(int(dial.connected), conversation.stage), conversation.status)

    # -- ending -------------------------------------------------------------------------------------------------------

    def _end(self, dial: _Dial, reason: str, stage: int, status: int) -> None:
        del self._dials[dial.fd]
        dial.sock.close()  # type: ignore[union-attr]
        dial.sock = None
        self._report(dial, reason, stage, status)

    def _report(self, dial: _Dial, reason: str, stage: int, status: int) -> None:
        conversation = dial.conversation
        result = ProbeResult(
            dial.target.endpoint,
            conversation.probe,
            _OUTCOMES[reason],
            reason,
            stage,
            dial.started_at,
            self._now - dial.started,
            status,
            getattr(conversation, "flags", 0),  # what a conversation that never logs in need not have
        )
        try:
            dial.done(result)
        except Exception as error:  # noqa: BLE001 - handed to the loop's handler; other conversations go on
            self._loop.call_exception_handler(
                {"message": "a probe's done callback failed", "exception": error}
            )
        if self._waiting and not self._closed and len(self._dials) + len(self._failing) < self._limit:
            self._dial(*self._waiting.popleft())

    def _bug(self, dial: _Dial, error: Exception) -> None:
        name = type(dial.conversation).__name__
        self._loop.call_exception_handler({"message": f"bug in conversation {name}", "exception": error})
        if dial.sock is not None:
            self._end(dial, "blind", 0, 0)

    # -- deadlines ----------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Serve what waits, then expire what was already due before we looked."""
        self._timer = None
        before = self._monotonic()
        for _ in range(self._limit // BATCH + 1):
            if not self._ready():
                break
        if self._closed:
            return
        self._now = self._monotonic()
        upcoming = self._expire_queues(before)
        if self._extended:
            upcoming = min(upcoming, self._expire_extended(before))
        if self._dials and not self._closed and self._timer is None:
            delay = min(TICK_S, max(0.0005, upcoming - self._monotonic()))
            self._timer = self._loop.call_later(delay, self._tick)

    def _expire_queues(self, before: float) -> float:
        """End what is due in every queue; the earliest deadline that is left."""
        upcoming = before + TICK_S
        for timeout, queue in list(self._queues.items()):
            while queue:
                dial = queue[0]
                mine = dial.sock is not None and dial.queued
                if mine and dial.deadline > before:
                    upcoming = min(upcoming, dial.deadline)
                    break
                queue.popleft()
                if mine:
                    self._expire(dial)
                if self._closed:
                    return upcoming
            if not queue and self._queues.get(timeout) is queue:
                del self._queues[timeout]
        return upcoming

    def _expire_extended(self, before: float) -> float:
        while self._extended and (self._extended[0][0] <= before or self._extended[0][2].sock is None):
            deadline, _, dial = heapq.heappop(self._extended)
            if dial.sock is not None and deadline == dial.deadline:
                self._expire(dial)
        return self._extended[0][0] if self._extended else before + TICK_S

    def _expire(self, dial: _Dial) -> None:
        """Give back the time we took ourselves; else read once more; only then believe it."""
        if dial.credit > 0.0:
            dial.deadline += dial.credit
            dial.credit = 0.0
            self._extend(dial)
            return
        try:
            if dial.connected:
                self._read(dial, _READ | _ENDED)
            if dial.sock is not None:
                self._out_of_time(dial)
        except Exception as error:  # noqa: BLE001 - as in _ready
            self._bug(dial, error)

    def _out_of_time(self, dial: _Dial) -> None:
        """The verdict that stands already, or what the conversation makes of it; a last word is still sent."""
        answer = dial.ending or dial.conversation.expired()
        if isinstance(answer, Linger):
            self._linger(dial, answer)
        else:
            self._end(dial, answer.reason, max(int(dial.connected), answer.stage), answer.status)
