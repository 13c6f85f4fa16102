"""A loopback RTSP server of pictures for measurements: one clip a mount, 25 pictures a second, a key picture first.

``/joined/…`` plays the same clip from any picture on, as a camera does that was playing already.

``python -m benchmarks.loopback_media [NAME …]`` encodes the clips, prints its port and the bytes of key and P pictures
as JSON, and serves until stdin closes. A thread a caller: what it costs is not counted. Packets are cut by the farm's
code, which shares none with the prober.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from camerahub.farm.clips import Clip, Style, Track, packetised
from camerahub.farm.stream import Stream

FPS = 25
NOISE = 4.0  # grey levels: what makes P pictures cost something, as by dusk


class Order(NamedTuple):
    """One mount; ``crf`` the encoder's quality."""

    codec: str
    width: int
    height: int
    frames: int
    crf: int


#: Key pictures and rates as cameras have them at 1 to 8 Mbit/s.
ORDERS = {
    "d1-h264": Order("h264", 704, 576, 50, 24),
    "d1-long": Order("h264", 704, 576, 75, 24),
    "1080p-h264": Order("h264", 1920, 1080, 50, 25),
    "1080p-h265": Order("h265", 1920, 1080, 50, 24),
    "4k-h264": Order("h264", 3840, 2160, 25, 27),
    "4k-h265": Order("h265", 3840, 2160, 25, 26),
}
#: As cameras encode: CABAC, loop filter, one slice, P pictures only.
OPTIONS = {
    "h264": (
        "libx264",
        {
            "preset": "veryfast",
            "tune": "zerolatency",
            "profile": "main",
            "x264-params": "keyint=999:ipratio=1.0:scenecut=0:bframes=0:sliced-threads=0:slices=1:repeat-headers=1",
        },
    ),
    "h265": (
        "libx265",
        {
            "preset": "superfast",
            "tune": "zerolatency",
            "x265-params": "keyint=999:ipratio=1.0:scenecut=0:bframes=0:repeat-headers=1:log-level=none:info=0",
        },
    ),
}


def encoded(name: str, order: Order) -> Clip:
    """A street with houses, trees, things that move, a clock and sensor noise."""
    import av
    import numpy as np

    from camerahub.farm.scenes import LOOKS, planes
    from camerahub.farm.studio import nal_units

    library, options = OPTIONS[order.codec]
    context = av.CodecContext.create(library, "w")
    context.width, context.height, context.pix_fmt = order.width, order.height, "yuv420p"  # type: ignore[attr-defined]
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS, 1)  # type: ignore[attr-defined]
    context.options = {**options, "crf": str(order.crf)}
    packets = []
    for number, picture in enumerate(
        planes(LOOKS["street"]._replace(noise=NOISE), order.width, order.height, order.frames, FPS)
    ):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)  # type: ignore[attr-defined]
    packets += context.encode(None)  # type: ignore[attr-defined]
    units = tuple(tuple(nal_units(bytes(packet))) for packet in packets)
    return Clip(name, order.codec, order.width, order.height, FPS, units)


class FromTheKey(random.Random):
    """Draws the beginning of the loop."""

    def random(self) -> float:
        return 0.0


def requests(sock: socket.socket) -> Iterator[tuple[str, str, int]]:
    """(method, path, CSeq) of each request; none has a body."""
    kept = b""
    while True:
        while b"\r\n\r\n" not in kept:
            data = sock.recv(4096)
            if not data:
                return
            kept += data
            if kept[:1] == b"$":  # a receiver report
                kept = kept[4 + int.from_bytes(kept[2:4], "big") :]
        head, _, kept = kept.partition(b"\r\n\r\n")
        method, url, *_ = head.decode().split()
        number = re.search(rb"(?i)cseq: *(\d+)", head)
        yield method, url.partition("//")[2].partition("/")[2].strip("/"), int(number[1]) if number else 0


def serve(sock: socket.socket, tracks: dict[str, Track]) -> None:
    """One caller, to its end."""
    with sock, contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked = requests(sock)
        for method, path, number in asked:
            joined = path.startswith("joined/")
            track = tracks.get(path.removeprefix("joined/").partition("/")[0])
            sock.sendall(answer(method, number, track, path))
            if method == "TEARDOWN" or track is None:
                return
            if method == "PLAY":
                play(sock, track, random.Random() if joined else FromTheKey(1))
                with contextlib.suppress(StopIteration):
                    sock.sendall(answer("TEARDOWN", next(asked)[2], track, path))
                return


def answer(method: str, number: int, track: Track | None, path: str) -> bytes:
    if track is None:
        return f"RTSP/1.0 404 Not Found\r\nCSeq: {number}\r\n\r\n".encode()
    more = {
        "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
        "SETUP": "Session: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
        "PLAY": "Session: 7\r\n",
        "TEARDOWN": "Session: 7\r\n",
    }.get(method, "")
    body = ""
    if method == "DESCRIBE":
        body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n"
        body += f"m=video 0 RTP/AVP {track.payload_type}\r\n"
        body += f"{track.sdp}a=control:track1\r\n"
        more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}\r\n{body}".encode()


def play(sock: socket.socket, track: Track, rng: random.Random) -> None:
    """Until the caller says something or goes away."""
    stream = Stream(lambda: track, (0, -1), rng, time.monotonic(), time.monotonic)
    while True:
        wait = max(0.0, stream.due - time.monotonic())
        if select.select([sock], [], [], wait)[0]:
            if sock.recv(1, socket.MSG_PEEK) != b"$":
                return
            sock.recv(4096)
        now = time.monotonic()
        if stream.due <= now:
            sock.sendall(stream.take(now))


def main() -> None:
    """Encode, then serve until stdin closes."""
    wanted = sys.argv[1:] or ORDERS
    clips = {name: encoded(name, ORDERS[name]) for name in wanted}
    tracks = {name: packetised(clip, Style(in_band=True, aggregate=False)) for name, clip in clips.items()}
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    keys = {name: sum(map(len, clip.units[0])) for name, clip in clips.items()}
    deltas = {
        name: sum(map(len, sum(clip.units[1:], ()))) // (len(clip.units) - 1) for name, clip in clips.items()
    }
    print(json.dumps({"port": listener.getsockname()[1], "keys": keys, "deltas": deltas}), flush=True)

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], tracks), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
