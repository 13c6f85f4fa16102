"""What the virtual county pays for pictures: CPU of one server while many callers play at one time.

python -m benchmarks.farm_media [--n 200] [--seconds 10]

Every caller plays a sub-stream (704x576, 25 pictures a second) of a camera of its own and throws away what comes.
"""

from __future__ import annotations

import argparse
import re
import select
import socket
import time

from camerahub.farm.handle import Farm, start_county
from camerahub.farm.model import Camera


def play(farm: Farm, camera: Camera) -> socket.socket:
    """A conversation with an open camera, playing."""
    sock = socket.create_connection((camera.host, farm.county.port(camera)), 10)
    url, session = farm.county.url(camera, camera.sub_path), b""
    for method, more in (("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"), ("PLAY", "")):
        track = "/trackID=1" if method == "SETUP" else ""
        head = f"{method} {url}{track} RTSP/1.0\r\nCSeq: 1\r\n{session.decode()}{more}\r\n"
        sock.sendall(head.encode())
        answer = sock.recv(4096)
        assert answer.startswith(b"RTSP/1.0 200"), answer
        session = b"Session: " + re.search(rb"Session: (\d+)", answer)[1] + b"\r\n"  # type: ignore[index]
    sock.setblocking(False)
    return sock


def drain(socks: list[socket.socket], seconds: float) -> int:
    """Read everything for so long; bytes."""
    epoll, by_fd, total = select.epoll(), {s.fileno(): s for s in socks}, 0
    for fd in by_fd:
        epoll.register(fd, select.EPOLLIN)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for fd, _ in epoll.poll(0.2):
            total += len(by_fd[fd].recv(1 << 18))
        time.sleep(0.01)  # gather, so that the reader does not take the core of the farm
    epoll.close()
    return total


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--n", type=int, default=200)
    words.add_argument("--seconds", type=float, default=10.0)
    args = words.parse_args()
    with start_county(cameras=args.n * 40, townships=2, mix={"healthy": 1}, media=True) as farm:
        free = [c for c in farm.county.cameras if c.scheme == "open" and c.variant % 3][: args.n]
        socks = [play(farm, camera) for camera in free]
        drain(socks, 1.0)
        before, began = farm.stats(), time.monotonic()
        total = drain(socks, args.seconds)
        after, wall = farm.stats(), time.monotonic() - began
        for sock in socks:
            sock.close()
    cpu, frames = after["cpu_s"] - before["cpu_s"], after["frames"] - before["frames"]
    print(f"{len(socks)} playing, {frames / wall:.0f} pictures/s, {total * 8 / wall / 1e6:.0f} Mbit/s")
    cost = f"{cpu / wall:.1%} of a core, {cpu / frames * 1e6:.0f} µs a picture"
    print(f"dropped {after['dropped'] - before['dropped']}, CPU {cost}")


if __name__ == "__main__":
    main()
