"""A loopback RTSP server for measurements: one raw epoll process on every 127.x.y.z address.

OPTIONS gets 200; DESCRIBE gets a Digest challenge, then 200 with a small SDP (the answer is not checked).
`python benchmarks/loopback.py PORT [BLACK_HOLE_PORT]` prints "ready" and serves until stdin closes.
"""

from __future__ import annotations

import select
import socket
import sys

_SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
_SDP += b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
_OPTIONS = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\nServer: farm\r\n\r\n"
)
_ASK = (
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
    b'WWW-Authenticate: Digest realm="farm", nonce="0123456789abcdef0123456789abcdef", qop="auth"\r\n\r\n'
)
_DESCRIBED = (
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: "
    + str(len(_SDP)).encode()
    + b"\r\n\r\n"
    + _SDP
)


def answer(request: bytes) -> bytes:
    """The reply to one whole request."""
    if request.startswith(b"OPTIONS"):
        return _OPTIONS
    return _DESCRIBED if b"uthorization: " in request else _ASK


def listener(port: int, backlog: int) -> socket.socket:
    """A listening socket on every loopback address; port 0 = any."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    sock.bind(("0.0.0.0", port))
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


def black_hole(port: int) -> list[socket.socket]:
    """A full accept backlog: further SYNs are dropped in silence."""
    hole = listener(port, 0)
    fillers = [hole]
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
        fillers.append(filler)
    return fillers


def serve(port: int) -> None:
    """Until stdin closes."""
    front = listener(port, 4096)
    epoll = select.epoll()
    epoll.register(front.fileno(), select.EPOLLIN)
    epoll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
    open_ones: dict[int, socket.socket] = {}
    print("ready", flush=True)
    while True:
        for fd, _ in epoll.poll():
            sock = open_ones.get(fd)
            if sock is not None:
                _exchange(open_ones, fd, sock)
            elif fd == front.fileno():
                _welcome(front, epoll, open_ones)
            else:
                return


def _welcome(front: socket.socket, epoll: select.epoll, open_ones: dict[int, socket.socket]) -> None:
    while True:
        try:
            fd, _ = front._accept()  # type: ignore[attr-defined]
        except BlockingIOError:
            return
        sock = socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
        sock.setblocking(False)
        epoll.register(fd, select.EPOLLIN | select.EPOLLET)
        open_ones[fd] = sock  # type: ignore[assignment]


def _exchange(open_ones: dict[int, socket.socket], fd: int, sock: socket.socket) -> None:
    try:
        data = sock.recv(4096)
        if data:
            sock.send(answer(data))
            return
    except BlockingIOError:
        return
    except OSError:
        pass
    del open_ones[fd]
    sock.close()


if __name__ == "__main__":
    held = black_hole(int(sys.argv[2])) if len(sys.argv) > 2 else []
    serve(int(sys.argv[1]))
