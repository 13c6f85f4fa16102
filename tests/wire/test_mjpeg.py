"""RFC 2435: the headers written again give the picture that was sent, by two decoders nobody here wrote."""

from __future__ import annotations

import io
import struct

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camerahub.wire.keyframe import KeyFrameReader, Limits
from camerahub.wire.mjpeg import ONVIF_JPEG, jfif_header, size_in_headers, tables_of
from tests.wire.nals import media, pictures, read
from tests.wire.packing import Packet, jpeg_packets, numbered, picture

FACTORS = {0: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, 1: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420}


def scene(width: int = 160, height: int = 96) -> NDArray[np.uint8]:
    """Stripes, ramps and noise from a fixed seed, BGR."""
    dice = np.random.default_rng(7)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    planes = [(x * 255 // width), (y * 255 // height), ((x + y) // 8 % 2) * 200]
    noisy = np.stack(planes, -1) + dice.integers(0, 30, (height, width, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def encoded(image: NDArray[np.uint8], kind: int = 1, quality: int = 75, interval: int = 0) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, FACTORS[kind]]
    ok, data = cv2.imencode(".jpg", image, [*options, cv2.IMWRITE_JPEG_RST_INTERVAL, interval])
    assert ok
    return data.tobytes()


def segments(data: bytes) -> tuple[dict[int, list[bytes]], bytes]:
    """Bodies of the segments by marker, and the scan with its end (ITU-T T.81 annex B)."""
    found: dict[int, list[bytes]] = {}
    at = 2
    while True:
        marker, size = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        found.setdefault(marker, []).append(data[at + 4 : at + 2 + size])
        at += 2 + size
        if marker == 0xDA:
            return found, data[at:]


def tables(data: bytes) -> bytes:
    """The 8 bit quantisation tables of a file, as RFC 2435 sends them."""
    bodies = b"".join(segments(data)[0][0xDB])
    return b"".join(bodies[at + 1 : at + 65] for at in range(0, len(bodies), 65))


def by_opencv(data: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def by_pyav(data: bytes) -> NDArray[np.uint8]:
    """Luma by FFmpeg."""
    with av.open(io.BytesIO(data), format="mjpeg") as container:
        frame = next(container.decode(video=0))
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].copy()


def sent(data: bytes, pixels: tuple[int, int] = (160, 96), **kwargs: int | bytes) -> list[bytes]:
    kwargs.setdefault("tables", tables(data))
    payloads = jpeg_packets(segments(data)[1], width=pixels[0], height=pixels[1], **kwargs)  # type: ignore[arg-type]
    return numbered(picture(payloads, 1))


def test_the_same_picture(subtests: pytest.Subtests) -> None:
    image = scene()
    for kind in (0, 1):
        for quality, q in ((30, 30), (50, 50), (90, 90), (75, 255), (75, 200)):
            for interval in (0, 3):
                with subtests.test(kind=kind, quality=quality, q=q, interval=interval):
                    data = encoded(image, kind, quality, interval)
                    restart = 64 if interval else 0
                    packets = sent(data, kind=kind | restart, q=q, interval=interval, size=700)
                    (rebuilt,) = pictures("JPEG", packets)
                    assert np.array_equal(by_opencv(rebuilt), by_opencv(data))
                    assert np.array_equal(by_pyav(rebuilt), by_pyav(data))


def test_the_luma_is_that_of_the_scene() -> None:
    image = scene()
    (rebuilt,) = pictures("JPEG", sent(encoded(image, 1, 97), q=97))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    assert np.abs(by_pyav(rebuilt).astype(int) - grey).mean() < 2


def test_the_headers_are_those_of_the_standard() -> None:
    """Tables K.3 to K.6 as another implementation writes them, and K.1 and K.2 at Q 50."""
    theirs, _ = segments(encoded(scene(), 1, 50))
    ours, _ = segments(jfif_header(1, 160, 96, tables_of(50), 0))
    assert sorted(ours[0xC4]) == sorted(theirs[0xC4])
    assert [t[1:] for t in ours[0xDB]] == [t[1:] for t in theirs[0xDB]]
    assert ours[0xC0][0][:6] == theirs[0xC0][0][:6]


@pytest.mark.parametrize("q", [1, 25, 49, 51, 99])
def test_tables_by_q(q: int) -> None:
    theirs = tables(encoded(scene(), 1, q))
    assert b"".join(tables_of(q)) == theirs


def test_tables_sent_once_are_remembered_by_q() -> None:
    data = encoded(scene())
    first = picture(jpeg_packets(segments(data)[1], q=130, width=160, height=96, tables=tables(data)), 1)
    again = picture(jpeg_packets(segments(data)[1], q=130, width=160, height=96), 2)
    other = picture(jpeg_packets(segments(data)[1], q=131, width=160, height=96), 3)
    found = pictures("JPEG", numbered([*first, *again, *other]))
    assert len(found) == 2
    assert found[0] == found[1]


def test_one_table_serves_both_and_16_bits_pass() -> None:
    data = encoded(scene(), 1, 60)
    (one,) = pictures("JPEG", sent(data, tables=tables(data)[:64]))
    assert [t[1:] for t in segments(one)[0][0xDB]] == [tables(data)[:64]] * 2
    wide = b"".join(b"\0" + tables(data)[at : at + 1] for at in range(128))
    payloads = jpeg_packets(segments(data)[1], width=160, height=96, tables=wide)
    payloads[0] = payloads[0][:9] + b"\3" + payloads[0][10:]  # precision bits of section 3.1.8
    (rebuilt,) = pictures("JPEG", numbered(picture(payloads, 1)))
    assert np.array_equal(by_opencv(rebuilt), by_opencv(data))


def test_a_camera_that_never_sets_the_marker() -> None:
    data = encoded(scene())
    payloads = jpeg_packets(segments(data)[1], width=160, height=96, tables=tables(data), size=500)
    packets = numbered([Packet(payload, at) for at in range(2) for payload in payloads])
    assert len(pictures("JPEG", packets)) == 1


@pytest.mark.parametrize("missing", [0, 2, -1])
def test_a_hole_drops_the_picture_and_the_next_is_taken(missing: int) -> None:
    data = encoded(scene())
    payloads = jpeg_packets(segments(data)[1], width=160, height=96, tables=tables(data), size=500)
    packets = numbered([*picture(payloads, 1), *picture(payloads, 2)])
    whole = pictures("JPEG", packets)
    assert len(whole) == 2
    del packets[missing % len(payloads)]
    assert pictures("JPEG", packets) == whole[:1]


def test_pictures_too_large_for_rfc_2435_have_their_size_in_the_extension() -> None:
    """ONVIF Streaming Specification 5.1.3: JPEG segments in an extension of profile 0xFFD8."""
    data = encoded(scene(2560, 64), 1, 50)
    head = data[: len(data) - len(segments(data)[1])][2:]
    padded = head + b"\xff" * (-len(head) % 4)
    payloads = jpeg_packets(segments(data)[1], q=50)
    packets = [
        Packet(p, 1, at == len(payloads) - 1, extension=None if at else (ONVIF_JPEG, padded))
        for at, p in enumerate(payloads)
    ]
    (rebuilt,) = pictures("JPEG", numbered(packets))
    assert by_opencv(rebuilt).shape == (64, 2560, 3)
    assert np.array_equal(by_opencv(rebuilt), by_opencv(data))


def test_whole_files_as_the_scan_pass_as_they_are() -> None:
    data = encoded(scene())
    assert pictures("JPEG", numbered(picture(jpeg_packets(data, q=50, width=160, height=96), 1))) == [data]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 2},
        {"kind": 130},
        {"q": 0},
        {"q": 110},
        {"tables": b""},
        {"tables": b"\1" * 60},
        {"pixels": (0, 0)},
    ],
)
def test_what_cannot_be_rebuilt_is_counted(change: dict[str, int]) -> None:
    reader = KeyFrameReader(media("JPEG"))
    data = encoded(scene())
    arguments: dict[str, object] = {"q": 255, **change}
    assert read(reader, sent(data, **arguments)) == []  # type: ignore[arg-type]
    assert reader.figures.unread == 1
    assert reader.reason() == "no_keyframe"


def test_cut_headers_and_too_much() -> None:
    reader = KeyFrameReader(media("JPEG"), Limits(picture=3000))
    stream = [Packet(b"\0\0\0\0\1\x32\1", 1, True), Packet(b"\0\0\0\0\x41\x32\1\1\0", 1, True)]
    large = picture(jpeg_packets(b"\x55" * 4000, q=50, width=160, height=96), 2)
    assert read(reader, numbered([*stream, *large])) == []
    assert (reader.figures.unread, reader.figures.too_large) == (2, 1)


def test_the_size_in_headers_that_are_none() -> None:
    assert size_in_headers(b"") == (0, 0)
    assert size_in_headers(b"\xff\xd8\xff\xe0\0\4ab") == (0, 0)
    assert size_in_headers(b"\xff\xe0\xff\xff" * 100) == (0, 0)
    assert size_in_headers(b"\xff\xe0\0\0" * 100) == (0, 0)
