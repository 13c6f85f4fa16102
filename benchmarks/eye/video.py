"""Pictures through real video codecs, whole or with bytes lost on the way."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags

from benchmarks.eye.image import Bytes, Random

#: Our name -> encoder, decoder.
CODECS = {"h264": ("libx264", "h264"), "h265": ("libx265", "hevc")}


def through_video(
    pictures: list[Bytes], codec: str, quality: int, key_every: int = 1, bit_rate: int = 0
) -> list[Bytes]:
    """The pictures encoded as one video and decoded. ``key_every`` 1: each is a key frame, as a probe gets them."""
    return decoded(encoded(pictures, codec, quality, key_every, bit_rate), codec)


def encoded(
    pictures: list[Bytes], codec: str, quality: int, key_every: int = 1, bit_rate: int = 0, slices: int = 1
) -> list[bytes]:
    """One packet a picture, in order; ``quality`` is the quantiser of them all unless ``bit_rate`` (bits a second)."""
    height, width = (side // 2 * 2 for side in pictures[0].shape[:2])
    encoder = av.CodecContext.create(CODECS[codec][0], "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25, 1)
    encoder.gop_size = key_every
    encoder.thread_count = 1
    options = {"preset": "veryfast", "tune": "zerolatency"}
    if codec == "h265":
        options["x265-params"] = f"log-level=none:pools=none:frame-threads=1:keyint={key_every}"
    elif slices > 1:
        options["x264-params"] = f"slices={slices}:sliced-threads=0"
    if bit_rate:
        encoder.bit_rate = bit_rate
    elif codec == "h265":
        options["x265-params"] += f":qp={quality}"
    else:
        options["qp"] = str(quality)
    encoder.options = options
    packets: list[bytes] = []
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="bgr24")
        frame.pts = index
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets + [bytes(packet) for packet in encoder.encode(None)]


def decoded(packets: list[bytes], codec: str) -> list[Bytes]:
    """What a decoder shows, broken pictures included; may be fewer than packets when they are damaged."""
    decoder = av.CodecContext.create(CODECS[codec][1], "r")
    decoder.thread_count = 1
    decoder.flags |= Flags.output_corrupt
    decoder.options = {"flags2": "+showall"}
    out: list[Bytes] = []
    for packet in [*packets, None]:
        try:
            frames = decoder.decode(None if packet is None else av.Packet(packet))
        except av.FFmpegError:
            continue
        out += [frame.to_ndarray(format="bgr24") for frame in frames]
    return out


def damaged(packet: bytes, random: Random, share: float) -> bytes:
    """``packet`` with runs of its bytes overwritten or lost, or its end cut; the head (parameter sets) is kept."""
    data = bytearray(packet)
    head = min(len(data) // 3, 80)
    body = len(data) - head
    if body < 40:
        return bytes(data)
    if random.random() < 0.4:
        return bytes(data[: head + int(body * (1 - share))])
    for _ in range(int(random.integers(1, 5))):
        start = head + int(random.integers(max(8, len(data) - head - 8)))
        long = int(random.integers(4, 60))
        if random.random() < 0.5:
            long = max(0, min(long, len(data) - start))
            data[start : start + long] = random.bytes(long)
        else:
            del data[start : start + long]
    return bytes(data)
