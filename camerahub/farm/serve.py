"""The farm as a process: opens the doors, forks the servers, carries commands from stdin to them and answers back.

It ends with its parent, with its stdin, or on a signal, and takes its servers along: nothing is left behind.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from camerahub.core.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK, EnvironmentFault
from camerahub.farm.county import County
from camerahub.farm.model import LISTENING, Ports, Spec
from camerahub.farm.pictures import Pictures, Shelf
from camerahub.farm.server import Server, to_line
from camerahub.farm.sockets import Hole, bound, can_bind_to_loopback, listener, raise_file_limit, taken
from camerahub.farm.world import World

_SPARE_FILES = 512
_TICK_S = 0.5
_STOP_S = 2.0


@dataclass
class _Doors:
    """Every socket that must be open before the first server starts; ``serve``: for each server, by door."""

    ports: Ports
    serve: list[dict[str, socket.socket]]
    keep: list[socket.socket | Hole] = field(default_factory=list)


def serve(spec: Spec, write: Callable[[County], None] | None = None) -> int:
    """Serve the county of ``spec`` until told to stop; exit code. ``write`` is called once the ports are known.

    stdout gets one JSON line when everything answers, one for every command on stdin, one at the end.
    Raises EnvironmentFault when a port or the limit on open files is in the way.
    """
    spec = replace(spec, wildcard=spec.wildcard and can_bind_to_loopback())
    if not spec.wildcard:
        spec = replace(spec, processes=1)
    pictures = Pictures(spec.media)
    county = County.build(spec)
    hosts = len({camera.host for camera in county.cameras})
    raise_file_limit(_SPARE_FILES + (0 if spec.wildcard else 4 * hosts))
    doors = _open(spec)
    county = replace(county, ports=doors.ports)
    if write is not None:
        write(county)
    gc.freeze()
    gc.set_threshold(50_000)
    workers = [_fork(county, spec, doors, number, pictures.shelf) for number in range(spec.processes)]
    for sock in (sock for one in doors.serve for sock in one.values()):
        sock.close()
    return _Main(county, workers, pictures).run()


def _open(spec: Spec) -> _Doors:
    if not spec.wildcard:
        return _Doors(_free_ports(spec.ports), [])
    for port in spec.ports:
        if port and taken(port):
            raise EnvironmentFault("farm.port", port=port, why="in use")
    first = {door: listener("", getattr(spec.ports, door)) for door in LISTENING}
    chosen: dict[str, int] = {door: sock.getsockname()[1] for door, sock in first.items()}
    closed, hole = bound("", spec.ports.closed), Hole("", spec.ports.hole)
    others = [{door: listener("", chosen[door]) for door in LISTENING} for _ in range(spec.processes - 1)]
    ports = Ports(closed=closed.getsockname()[1], hole=hole.port, **chosen)
    return _Doors(ports, [first, *others], [closed, hole])


def _free_ports(asked: Ports) -> Ports:
    """Ports that are free on 127.0.0.1 now; each address will bind them for itself."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in asked:
            sock = stack.enter_context(bound("127.0.0.1", port))
            found.append(sock.getsockname()[1])
    return Ports(*found)


@dataclass
class _Worker:
    pid: int
    line: socket.socket
    rest: bytes = b""


def _fork(county: County, spec: Spec, doors: _Doors, number: int, shelf: Shelf) -> _Worker:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return _Worker(pid, ours)
    code = 70
    try:
        ours.close()
        _work(county, spec, doors.serve[number] if doors.serve else {}, number, theirs, shelf)
        code = 0
    except EnvironmentFault as fault:
        theirs.sendall(to_line({"error": fault.key, "zh": fault.text.zh, "en": fault.text.en}))
        code = fault.exit_code
    except BaseException:  # noqa: BLE001  said aloud, then the process ends
        sys.excepthook(*sys.exc_info())
    finally:
        # A forked server never returns into its parent's code.
        os._exit(code)


def _work(
    county: County,
    spec: Spec,
    doors: dict[str, socket.socket],
    number: int,
    line: socket.socket,
    shelf: Shelf,
) -> None:
    for ending in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)
    # Main's end of an earlier server's line was inherited; its end of file must not depend on us.
    _close_inherited({line.fileno(), *shelf.fds, *(sock.fileno() for sock in doors.values())})
    world = World(library=shelf.library, ports=county.ports, idle_s=spec.idle_s)
    server = Server(county.cameras, county.ports, spec, first=number == 0, world=world)
    for door, sock in doors.items():
        server.listen(sock, door)
    if not spec.wildcard:
        server.open_own()
    rest = b""

    def commands() -> None:
        nonlocal rest
        data = line.recv(4096)
        server.running = bool(data)
        *whole, rest = (rest + data).split(b"\n")
        for command in whole:
            line.sendall(to_line(server.command(command.decode())))

    server.watch(line.fileno(), commands)
    line.sendall(to_line({"ready": True}))
    server.run()
    server.close()


def _close_inherited(keep: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd not in keep:
            with contextlib.suppress(OSError):
                os.close(fd)


class _Main:
    """The process in front: stdin, signals, parent; it dials nobody and serves nobody."""

    def __init__(self, county: County, workers: list[_Worker], pictures: Pictures) -> None:
        self.county, self.workers, self.pictures = county, workers, pictures
        self.parent = os.getppid()
        self.stop_code: int | None = None
        self.woken: socket.socket
        self.rest = b""

    def run(self) -> int:
        """Until stopped; exit code."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop(EXIT_OK))
        for number, code in ((signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGHUP, EXIT_OK)):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_, code=code: self._stop(code))
        self.woken, bell = socket.socketpair()
        bell.setblocking(False)
        signal.set_wakeup_fd(bell.fileno())
        with contextlib.suppress(BrokenPipeError):
            for worker in self.workers:
                self._must_be_ready(_reply(worker))
            self.pictures.wait()
            _say(self._ready())
            for _ in self._ticks():
                pass
        code = self._end()
        signal.set_wakeup_fd(-1)
        bell.close()
        self.woken.close()
        return code

    def _stop(self, code: int) -> None:
        self.stop_code = code

    def _must_be_ready(self, said: object) -> None:
        if said != {"ready": True}:
            self._end()
            raise EnvironmentFault("farm.start", why=said["zh"] if isinstance(said, dict) else "?")

    def _ready(self) -> dict[str, object]:
        return {
            "ready": True,
            "pid": os.getpid(),
            "workers": [worker.pid for worker in self.workers],
            "ports": self.county.ports._asdict(),
            "cameras": len(self.county.cameras),
            "wildcard": self.county.spec.wildcard,
        }

    def _ticks(self) -> Iterator[None]:
        """Wait for stdin, a worker's death, a signal or the parent's death, until one of them ends it."""
        stdin = _watched_stdin()
        servers = [worker.line.fileno() for worker in self.workers]
        fds = [self.woken.fileno(), self.pictures.bell, *servers, *([] if stdin is None else [stdin])]
        while self.stop_code is None and os.getppid() == self.parent:
            ready, _, _ = select.select(fds, [], [], _TICK_S)
            if stdin is not None and stdin in ready:
                self._commands(os.read(stdin, 65536))
            if self.pictures.bell in ready:
                self.pictures.wanted()
            if any(fd in servers for fd in ready):
                self.stop_code = EXIT_BUG
            yield

    def _commands(self, data: bytes) -> None:
        if not data:
            self.stop_code = EXIT_OK
            return
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            if line.strip() == b"stop":
                self.stop_code = EXIT_OK
                return
            if line.strip():
                _say(self._ask(line))

    def _ask(self, line: bytes) -> object:
        for worker in self.workers:
            worker.line.sendall(line + b"\n")
        return merge([_reply(worker) for worker in self.workers])

    def _end(self) -> int:
        """Stop every server, by hand if need be; the last line says what they cost."""
        with contextlib.suppress(OSError, ValueError, BrokenPipeError):
            if self.stop_code is not None:
                last = self._ask(b"stats")
                _say({"stopped": True} | last if isinstance(last, dict) else {"stopped": True})
        self.pictures.close()
        for worker in self.workers:
            worker.line.close()
        for worker in self.workers:
            _wait_or_kill(worker.pid)
        return self.stop_code or EXIT_OK


def _wait_or_kill(pid: int) -> None:
    fd = os.pidfd_open(pid)
    if not select.select([fd], [], [], _STOP_S)[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(fd)
    os.waitpid(pid, 0)


def _watched_stdin() -> int | None:
    """stdin, if its end means something: /dev/null and files are no lifeline."""
    try:
        fd = sys.stdin.fileno()
        mode = os.fstat(fd).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    return fd if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd) else None


def _reply(worker: _Worker) -> object:
    while b"\n" not in worker.rest:
        data = worker.line.recv(1 << 20)
        if not data:
            raise OSError("a farm server died")
        worker.rest += data
    line, _, worker.rest = worker.rest.partition(b"\n")
    return json.loads(line)


def merge(answers: list[object]) -> object:
    """The answers of several servers as one: numbers add up (so ``peak`` is an upper bound), words are the first's."""
    first = answers[0]
    if isinstance(first, dict):
        return {key: merge([a[key] for a in answers if isinstance(a, dict)]) for key in first}
    if isinstance(first, list):
        return [merge(list(row)) for row in zip(*(a for a in answers if isinstance(a, list)), strict=True)]
    if isinstance(first, int | float) and not isinstance(first, bool):
        return round(sum(a for a in answers if isinstance(a, int | float)), 3)
    return first


def _say(answer: object) -> None:
    sys.stdout.buffer.write(to_line(answer))
    sys.stdout.buffer.flush()
