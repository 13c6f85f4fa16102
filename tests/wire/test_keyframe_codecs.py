"""Streams of real encoders: what the reader gives decodes to the picture that was encoded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camerahub.wire.keyframe import KeyFrameReader
from tests.wire.nals import media, pictures, read
from tests.wire.packing import Packet, ap_265, fu_265, fu_a, numbered, picture, stap_a, units

WIDTH, HEIGHT = 320, 192
ENCODERS: dict[str, Any] = {"H264": "libx264", "H265": "libx265"}
PARAMETERS = {"H264": "x264-params", "H265": "x265-params"}
QUIET = {"H264": "", "H265": ":log-level=none:pools=1:frame-threads=1"}


def scenes(count: int) -> list[NDArray[np.uint8]]:
    """A noisy pattern that moves, RGB."""
    dice = np.random.default_rng(3)
    base = np.kron(dice.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3)), np.ones((8, 8, 1)))
    return [
        np.clip(np.roll(base, 2 * at, 1) + dice.integers(0, 20, base.shape), 0, 255).astype(np.uint8)
        for at in range(count)
    ]


def encode(codec: str, count: int = 6, parameters: str = "") -> list[bytes]:
    """Access units in decoding order."""
    context = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base = Fraction(1, 25)
    context.thread_count = 1
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "24",
        PARAMETERS[codec]: (parameters or "keyint=3") + QUIET[codec],
    }
    packets = []
    for at, scene in enumerate(scenes(count)):
        frame = av.VideoFrame.from_ndarray(scene, format="rgb24").reformat(format="yuv420p")
        frame.pts = at
        packets += context.encode(frame)
    packets += context.encode(None)
    return [bytes(packet) for packet in packets]


def decode(codec: str, data: Sequence[bytes]) -> list[NDArray[np.uint8]]:
    """All pictures, planes as they are; a damaged one is an error."""
    context = av.CodecContext.create(codec.replace("H265", "hevc").lower(), "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    frames = [frame for one in data for frame in context.decode(av.Packet(one))] + context.decode(None)
    assert not any(frame.is_corrupt for frame in frames)
    return [frame.to_ndarray() for frame in frames]


def described(stream: Sequence[bytes]) -> tuple[bytes, ...]:
    """The short units at the beginning: what a camera puts into its description, and an SEI that is none of it."""
    return tuple(nal for nal in units(stream[0]) if len(nal) < 200)


def packed(codec: str, access_units: Sequence[bytes]) -> list[bytes]:
    """Parameter sets and SEI together, slices in fragments when they are long."""
    packets: list[Packet] = []
    for at, unit in enumerate(access_units):
        nals = units(unit)
        vcl = [n for n in nals if (n[0] & 31 in (1, 5) if codec == "H264" else n[0] >> 1 & 63 < 32)]
        before = [n for n in nals if n not in vcl]
        payloads = [(stap_a if codec == "H264" else ap_265)(before)] if len(before) > 1 else before
        for nal in vcl:
            fragments = (fu_a if codec == "H264" else fu_265)(nal, (900,)) if len(nal) > 900 else [nal]
            payloads += fragments
        packets += picture(payloads, 3600 * at)
    return numbered(packets, 65500)


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("slices", [1, 4])
def test_the_picture_is_the_one_that_was_encoded(codec: str, slices: int) -> None:
    stream = encode(codec, 6, f"keyint=3:slices={slices}")
    found = pictures(codec, packed(codec, stream))
    assert len(found) == 2
    whole = decode(codec, stream)
    for at, one in enumerate(found):
        (alone,) = decode(codec, [one])
        assert np.array_equal(alone, whole[3 * at])


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_with_loss_what_comes_is_still_whole(codec: str) -> None:
    sent = packed(codec, encode(codec, 9, "keyint=3:slices=2"))
    whole = {one: decode(codec, [one])[0].tobytes() for one in pictures(codec, sent)}
    for missing in range(0, len(sent), 5):
        for one in pictures(codec, sent[:missing] + sent[missing + 1 :]):
            assert decode(codec, [one])[0].tobytes() == whole[one]


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_open_gop_joined_in_the_middle(codec: str) -> None:
    """Recovery point and I slices in H.264, CRA in H.265: the picture stands alone."""
    stream = encode(codec, 9, "keyint=3:min-keyint=1:open-gop=1:bframes=1:scenecut=0:rc-lookahead=5")
    found = pictures(codec, packed(codec, stream[1:]), known=described(stream))
    whole = [one.tobytes() for one in decode(codec, stream)]
    entries = [units(one)[-1][0] for one in found]
    assert entries
    assert all(entry & 31 == 1 if codec == "H264" else entry >> 1 & 63 == 21 for entry in entries)
    for one in found:
        (alone,) = decode(codec, [one])
        assert alone.tobytes() in whole


def test_intra_refresh_has_no_key_picture_after_its_first() -> None:
    stream = encode("H264", 40, "keyint=250:intra-refresh=1")
    reader = KeyFrameReader(media("H264", described(stream)))
    assert read(reader, packed("H264", stream[1:])) == []
    assert reader.reason() == "no_keyframe"
    assert reader.figures.delta_slices
