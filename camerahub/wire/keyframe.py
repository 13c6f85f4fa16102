"""The first whole key picture of a media, out of its RTP packets: what a `media` probe waits for.

A picture with a hole never leaves the reader; the next one is awaited. Whatever a camera sends, nothing is raised and
what is kept is bounded by ``Limits``. No socket, no clock, no decoder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from camerahub.wire.h264 import H264Grammar, H264Reader
from camerahub.wire.h265 import H265Reader
from camerahub.wire.mjpeg import MjpegReader
from camerahub.wire.picture import DEFAULT, Limits
from camerahub.wire.rtp import Figures, Order, PayloadReader
from camerahub.wire.sdp import Media

__all__ = ["CODECS", "DEFAULT", "Figures", "KeyFrame", "KeyFrameReader", "Limits", "Unsupported"]


class KeyFrame(NamedTuple):
    """One whole picture that needs no other.

    ``codec`` "H264", "H265" or "JPEG"; ``data`` Annex B with the parameter sets first and all slices of one picture,
    or one JPEG file; ``packets`` of the media and ``bytes`` of RTP payload seen until then; ``intact`` always True.
    """

    codec: str
    data: bytes
    packets: int
    bytes: int
    intact: bool = True


class Unsupported(Exception):
    """No key picture can be had of this media. ``reason``: codec_unsupported, encrypted or no_media."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _h264(media: Media, figures: Figures, limits: Limits) -> PayloadReader:
    return H264Reader(H264Grammar(), figures, limits, media.parameter_sets())


def _h265(media: Media, figures: Figures, limits: Limits) -> PayloadReader:
    difference = media.fmtp.get("sprop-max-don-diff", "0")
    return H265Reader(figures, limits, media.parameter_sets(), donl=difference.strip("0 ") != "")


def _jpeg(media: Media, figures: Figures, limits: Limits) -> PayloadReader:
    return MjpegReader(figures, limits)


class Codec(NamedTuple):
    """One encoding name of rtpmap: what it is called here, and who reads it."""

    name: str
    make: Callable[[Media, Figures, Limits], PayloadReader]


#: By encoding name. Everything else (SVAC, PS, MP4V-ES, H261, H263, VP8 …) is codec_unsupported.
CODECS: dict[str, Codec] = {
    "H264": Codec("H264", _h264),
    "H265": Codec("H265", _h265),
    "HEVC": Codec("H265", _h265),
    "JPEG": Codec("JPEG", _jpeg),
}


class KeyFrameReader:
    """Give it the RTP packets of one media; it gives key pictures.

    Packets of other payload types (audio, retransmission) are passed over. Raises ``Unsupported``.
    """

    def __init__(self, media: Media, limits: Limits = DEFAULT) -> None:
        if media.kind != "video" or not media.payload_types:
            raise Unsupported("no_media")
        if media.encrypted:
            raise Unsupported("encrypted")
        codec = CODECS.get(media.codec)
        if codec is None:
            raise Unsupported("codec_unsupported")
        #: What has been seen so far; see ``Figures``.
        self.figures = Figures()
        self.codec = codec.name
        reader = codec.make(media, self.figures, limits)
        payload_type = media.payload_type if media.payload_type >= 0 else media.payload_types[0]
        self._order = Order(reader, payload_type, self.figures, limits.window)

    def packet(self, rtp: bytes) -> KeyFrame | None:
        """One RTP packet; the key picture it completes (of several, the last), or None."""
        data = self._order.packet(rtp)
        return None if data is None else self._key_frame(data)

    def finish(self) -> KeyFrame | None:
        """Nothing more will come: a picture that waited only for a word more, or None."""
        data = self._order.finish()
        return None if data is None else self._key_frame(data)

    def reason(self) -> str:
        """Why no key picture has come: no_media, no_keyframe, undecodable or codec_unsupported.

        Key pictures whose parameter sets never come arrive, and nobody can decode them.
        Parameter sets alone are no media. Units that break the grammar in every packet (the forbidden bit is always
        set in SVAC, whatever the description calls it) or are all of a kind not read are another codec.
        """
        figures = self.figures
        if figures.without_sets:
            return "undecodable"
        if figures.pictures:
            return "no_keyframe"
        strange = figures.forbidden + figures.unread
        if strange >= MIN_STRANGE and 2 * strange > figures.packets:
            return "codec_unsupported"
        return "no_media" if not figures.delta_slices and not figures.too_large else "no_keyframe"

    def _key_frame(self, data: bytes) -> KeyFrame:
        return KeyFrame(self.codec, data, self.figures.packets, self.figures.bytes)


#: Fewer strange packets say nothing of the codec.
MIN_STRANGE = 8
