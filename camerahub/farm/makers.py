"""Makers by their habits: stream paths, server name, whether OPTIONS already asks for a login."""

from __future__ import annotations

from typing import NamedTuple

from camerahub.farm.clips import Style


class Maker(NamedTuple):
    """``main`` and ``sub`` are path templates with ``{n}``, the channel from 1.

    ``locked``: status of everything with credentials while a caller is locked out. ``slots``: sessions a camera has;
    an NVR has four times as many. ``style``: how it packetises.
    """

    vendor: str
    main: str
    sub: str
    server: str
    realm: str
    options_login: bool
    models: tuple[str, ...]
    nvr: str
    locked: int
    slots: int
    style: Style


MAKERS: dict[str, Maker] = {
    "hikvision": Maker(
        "海康威视",
        "/Streaming/Channels/{n}01",
        "/Streaming/Channels/{n}02",
        "",
        "IP Camera(C0001)",
        False,
        ("DS-2CD3T25", "DS-2CD3T46", "DS-2DC4223"),
        "DS-8632N",
        401,
        6,
        Style(in_band=True, aggregate=False),
    ),
    "dahua": Maker(
        "大华",
        "/cam/realmonitor?channel={n}&subtype=0",
        "/cam/realmonitor?channel={n}&subtype=1",
        "Rtsp Server/3.0",
        "Login to 0000000000000000",
        False,
        ("IPC-HFW2433", "IPC-HFW4243", "SD-59C230"),
        "NVR4232",
        403,
        10,
        Style(in_band=False, aggregate=False),
    ),
    "uniview": Maker(
        "宇视",
        "/unicast/c{n}/s0/live",
        "/unicast/c{n}/s1/live",
        "Uniview RTSP Server",
        "00000000",
        True,
        ("IPC-B202", "IPC-S252", "HIC6622"),
        "NVR-B200",
        401,
        4,
        Style(in_band=True, aggregate=True),
    ),
}


class Scheme(NamedTuple):
    """How a camera asks for a login: digest algorithms (empty string = not named), qop, Basic, one stale nonce."""

    digests: tuple[str, ...]
    qop: bool
    basic: bool
    stale: bool = False


SCHEMES: dict[str, Scheme] = {
    "md5_old": Scheme(("",), False, False),
    "md5": Scheme(("MD5",), True, False),
    "md5_basic": Scheme(("",), False, True),
    "sha256": Scheme(("SHA-256",), True, False),
    "several": Scheme(("SHA-256", "MD5"), True, True),
    "basic": Scheme((), False, True),
    "stale": Scheme(("MD5",), True, False, True),
    "open": Scheme((), False, False),
}
#: How often each is drawn.
SCHEME_WEIGHTS: dict[str, int] = {
    "md5_old": 30,
    "md5": 30,
    "md5_basic": 12,
    "sha256": 6,
    "several": 6,
    "basic": 5,
    "stale": 5,
    "open": 6,
}
