"""NAL units made by hand from ITU-T H.264 and H.265, and descriptions of a media that carries them."""

from __future__ import annotations

import base64

from camerahub.wire.keyframe import KeyFrame, KeyFrameReader
from camerahub.wire.picture import DEFAULT, Limits
from camerahub.wire.sdp import Media, parse_sdp

P, B, I = 5, 6, 7  # slice_type of H.264, all slices of the picture alike  # noqa: E741


def ue(value: int) -> str:
    """Exp-Golomb code (H.264 section 9.1) as bits."""
    binary = f"{value + 1:b}"
    return "0" * (len(binary) - 1) + binary


def packed(bits: str) -> bytes:
    """Bits and a stop bit, to whole bytes, emulation prevention included (7.4.1)."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    raw = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    out = bytearray()
    for byte in raw:
        if byte <= 3 and out.endswith(b"\0\0"):
            out.append(3)
        out.append(byte)
    return bytes(out)


def sps(number: int = 0, tail: bytes = b"\x11") -> bytes:
    """H.264 7.3.2.1."""
    return b"\x67\x42\xc0\x1e" + packed(ue(number)) + tail


def pps(number: int = 0, parent: int = 0, tail: bytes = b"\x12") -> bytes:
    """H.264 7.3.2.2."""
    return b"\x68" + packed(ue(number) + ue(parent)) + tail


def slice_264(
    first_mb: int = 0, slice_type: int = I, nal_type: int = 5, body: bytes = b"\x55" * 9, parent: int = 0
) -> bytes:
    """H.264 7.3.3; ``body`` without zeros stands for the coded data."""
    return bytes((0x60 | nal_type,)) + packed(ue(first_mb) + ue(slice_type) + ue(parent)) + body


def recovery(frames: int = 0) -> bytes:
    """SEI recovery point, H.264 D.1.8, behind another message."""
    message = packed(ue(frames) + "0000")
    return b"\x06\x05\x02ab\x06" + bytes((len(message),)) + message + b"\x80"


def header_265(nal_type: int, layer: int = 0) -> bytes:
    """H.265 7.3.1.2."""
    return bytes((nal_type << 1 | layer >> 5, (layer & 31) << 3 | 1))


def vps_265(number: int = 0) -> bytes:
    """H.265 7.3.2.1."""
    return header_265(32) + packed(f"{number:04b}" + "11" + "0" * 6 + "000" + "1")


def sps_265(number: int = 0, vps: int = 0, layers: int = 0) -> bytes:
    """H.265 7.3.2.2 with profile_tier_level of 7.3.3; each sub-layer has a profile and a level."""
    levels = "0" * 88 + "01011101"
    if layers:
        levels += "11" * layers + "00" * (8 - layers) + ("01" * 48) * layers
    return header_265(33) + packed(f"{vps:04b}{layers:03b}1" + levels + ue(number)) + b"\x21"


def pps_265(number: int = 0, parent: int = 0) -> bytes:
    """H.265 7.3.2.3."""
    return header_265(34) + packed(ue(number) + ue(parent)) + b"\x22"


def slice_265(
    first: bool = True, nal_type: int = 19, body: bytes = b"\x66" * 9, parent: int = 0, layer: int = 0
) -> bytes:
    """H.265 7.3.6.1."""
    irap = "0" if 16 <= nal_type <= 23 else ""
    address = "" if first else "0101"
    return header_265(nal_type, layer) + packed(f"{int(first)}{irap}{ue(parent)}{address}") + body


def media(codec: str, known: tuple[bytes, ...] = (), fmtp: str = "", payload_type: int = 96) -> Media:
    """A media of ``codec`` with parameter sets in its description."""
    sets = ",".join(base64.b64encode(nal).decode() for nal in known)
    parameters = f"sprop-parameter-sets={sets};{fmtp}"
    lines = [
        "v=0",
        f"m=video 0 RTP/AVP {payload_type} 97",
        f"a=rtpmap:{payload_type} {codec}/90000",
        "a=rtpmap:97 rtx/90000",
        f"a=fmtp:{payload_type} {parameters}",
    ]
    return parse_sdp("\n".join(lines).encode(), "rtsp://10.1.2.3/a").medias[0]


def read(reader: KeyFrameReader, packets: list[bytes]) -> list[KeyFrame]:
    """All key pictures, what comes out at the end included."""
    found = [reader.packet(packet) for packet in packets] + [reader.finish()]
    return [one for one in found if one is not None]


def pictures(
    codec: str, packets: list[bytes], known: tuple[bytes, ...] = (), fmtp: str = "", limits: Limits = DEFAULT
) -> list[bytes]:
    """The bytes of all key pictures in ``packets``."""
    return [one.data for one in read(KeyFrameReader(media(codec, known, fmtp), limits), packets)]
