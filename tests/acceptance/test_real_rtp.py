"""FFmpeg's RTP sender: packets nobody here wrote, read to the picture FFmpeg itself decodes from the same file."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camerahub.wire.keyframe import KeyFrame, KeyFrameReader
from camerahub.wire.sdp import parse_sdp

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

ENCODERS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-x264-params", "slices=3"],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=5:log-level=none"],
    "mjpeg": ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", "3"],
}


def ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60)


def clip(folder: Path, codec: str) -> Path:
    """Ten pictures of a test card, 640x352."""
    path = folder / "clip.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x352:r=25", "-frames:v", "10", *ENCODERS[codec], str(path))
    return path


def sent(path: Path, size: int) -> tuple[bytes, list[bytes]]:
    """The description and the packets of FFmpeg sending the file."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        target = f"rtp://127.0.0.1:{receiver.getsockname()[1]}?pkt_size={size}"
        done = ffmpeg("-re", "-i", str(path), "-c", "copy", "-an", "-f", "rtp", "-sdp_file", "pipe:1", target)
        receiver.setblocking(False)
        packets = []
        while True:
            try:
                packets.append(receiver.recv(65536))
            except BlockingIOError:
                break
    return done.stdout, packets


def pictures(data: bytes, codec: str) -> NDArray[np.uint8]:
    """Luma of the one picture in ``data``."""
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, av.VideoCodecContext)
    (frame,) = context.decode(av.Packet(data)) + context.decode(None)
    return luma(frame)


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    rows = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
    return rows[: frame.height, : frame.width].copy()


@pytest.mark.parametrize("size", [300, 1472])
@pytest.mark.parametrize("codec", list(ENCODERS))
def test_key_pictures_of_ffmpeg(codec: str, size: int, tmp_path: Path) -> None:
    path = clip(tmp_path, codec)
    description, packets = sent(path, size)
    media = parse_sdp(description.split(b"SDP:\n")[-1], "rtsp://127.0.0.1/").medias[0]
    reader = KeyFrameReader(media)
    found: list[KeyFrame] = [one for one in map(reader.packet, packets) if one is not None]
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    expected = [luma(frame) for frame in frames if codec == "mjpeg" or frame.key_frame]
    assert reader.figures.lost == 0
    assert len(found) == len(expected)
    for one, whole in zip(found, expected, strict=True):
        assert np.array_equal(pictures(one.data, codec), whole)
